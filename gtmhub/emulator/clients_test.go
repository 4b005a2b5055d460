package emulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// The calls here are made as public clients of the real API make them: their headers, their queries, and what they
// read of the answer. The emulator must serve them without a violation.
func TestPublicClients(t *testing.T) {
	t.Parallel()
	emu, err := emulator.New(emulator.Options{Account: small(t), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, emu)
	call := func(t *testing.T, method, path, body string, header map[string]string) answer {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			req.Header[name] = []string{value} // the spelling stays as it is
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{t, res.StatusCode, res.Header, string(text)}
	}
	t.Run("avatar uploader: operation 1, items with email and id", func(t *testing.T) {
		got := into[page[object]](call(t, "GET", "/api/v1/accounts/users", "", map[string]string{
			"Authorization": "Bearer " + token, "gtmhub-accountId": accountID,
		}).want(200))
		for _, u := range got.Items {
			if _, ok := u["email"].(string); !ok || u["id"] == "" {
				t.Errorf("user %v", u)
			}
		}
	})
	t.Run("migration script: operation 2 without fields", func(t *testing.T) {
		got := into[page[object]](call(t, "GET", "/api/v2/users", "", map[string]string{
			"authorization": "Bearer " + token, "gtmhub-accountid": accountID, "content-type": "application/json",
		}).want(200))
		for _, u := range got.Items {
			if u["email"] == "" || u["subscriptionType"] != "regular" {
				t.Errorf("user %v", u)
			}
		}
	})
	t.Run("importer: operation 6 with the least fields", func(t *testing.T) {
		got := into[object](call(t, "POST", "/results/api/v1/users", `{"email":"im@small.example","firstName":"I","lastName":"M","language":"english"}`, map[string]string{
			"Authorization": "Bearer " + token, "Gtmhub-Accountid": accountID, "Content-Type": "application/json",
		}).want(201))
		if got["id"] == "" || got["email"] != "im@small.example" {
			t.Errorf("created %v", got)
		}
	})
	t.Run("exporter: operation 4", func(t *testing.T) {
		got := into[object](call(t, "GET", "/api/v1/users/"+mia, "", map[string]string{
			"Authorization": "Bearer " + token, "gtmhub-accountId": accountID, "Accept": "application/json",
		}).want(200))
		equal(t, "name", got["name"], any("Mia Lee"))
	})
	t.Run("command line: spaces as plus, no content type", func(t *testing.T) {
		got := into[page[object]](call(t, "GET", `/api/v2/teams?filter=%7Bname:+%7B$in:+%5B%22Top%22,+%22marketing%22%5D%7D%7D&fields=name,members&limit=10`, "", map[string]string{
			"Authorization": "Bearer " + token, "Gtmhub-Accountid": accountID,
		}).want(200))
		equal(t, "totalCount", got.TotalCount, 1)
	})
	t.Run("documents: content type on GET and DELETE, internal header", func(t *testing.T) {
		call(t, "DELETE", "/api/v1/teams/"+topTeam+"/members/"+mia, "", map[string]string{
			"Content-Type": "application/json", "Accept": "application/json", "Authorization": "Bearer " + token,
			"gtmhub-accountId": accountID, "gtmhub-additional-params": "",
		}).want(204)
	})
	t.Run("exporter: a wrong account is told in words", func(t *testing.T) {
		got := call(t, "GET", "/api/v2/users", "", map[string]string{"Authorization": "Bearer " + token}).want(403)
		equal(t, "error", into[object](got)["error"], any("empty or invalid account id"))
		got = call(t, "GET", "/api/v2/users", "", map[string]string{"Authorization": "Bearer x", "gtmhub-accountId": accountID}).want(401)
		equal(t, "error", into[object](got)["error"], any("signature is invalid"))
	})
	if v := emu.Violations(); len(v) > 0 {
		t.Errorf("violations %+v", v)
	}
}
