package emulator_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

func TestControl(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t), Seed: 3})
	control := serve(t, a.emu.Control())
	send := func(t *testing.T, method, path, body string, header ...string) answer {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, control+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := client.Do(req)
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
	a.do("POST", "/v1/users", object{"email": "new@small.example", "firstName": `<script>alert("x")</script>`}).want(201)
	a.do("POST", "/v1/users/invitations", []string{pen}).want(204)
	a.do("GET", "/v1/people", nil).want(404)

	t.Run("counts", func(t *testing.T) {
		got := into[emulator.Counts](send(t, "GET", "/counts?format=json", "").want(200))
		if got.Calls[6] != 1 || got.Effects[6] != 1 || got.Created["new@small.example"] != 1 || got.Mails["pen@small.example"] != 1 || got.Violations != 1 {
			t.Errorf("counts %+v", got)
		}
		equal(t, "with Accept", into[emulator.Counts](send(t, "GET", "/counts", "", "Accept", "application/json")), got)
	})
	t.Run("pages", func(t *testing.T) {
		for path, want := range map[string]string{"/": "Small", "/counts": "/api/v1/users/invitations", "/mail": "pen@small.example"} {
			got := send(t, "GET", path, "").want(200)
			if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || !strings.Contains(got.text, want) || strings.Count(got.text, "<h1>") != 1 {
				t.Errorf("%s: %s", path, got.text)
			}
			if strings.Contains(got.text, "<script") || !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s could run a script", path)
			}
		}
	})
	t.Run("mails", func(t *testing.T) {
		got := into[[]emulator.Mail](send(t, "GET", "/mail?format=json", "").want(200))
		if len(got) != 2 || got[0].To != "pen@small.example" || got[1].To != "new@small.example" {
			t.Errorf("not newest first: %+v", got)
		}
		equal(t, "of one", len(into[[]emulator.Mail](send(t, "GET", "/mail?format=json&to=NEW@small.example", ""))), 1)
	})
	t.Run("users", func(t *testing.T) {
		got := into[page[wireUser]](send(t, "GET", "/users?email=ADA@small.example", "").want(200))
		equal(t, "ids", ids(got.Items), []string{ada})
		equal(t, "by id", ids(into[page[wireUser]](send(t, "GET", "/users?id="+mia, "")).Items), []string{mia})
		equal(t, "nobody", into[page[wireUser]](send(t, "GET", "/users?email=x", "")).TotalCount, 0)
	})
	t.Run("violations", func(t *testing.T) {
		if got := into[[]emulator.Violation](send(t, "GET", "/violations", "").want(200)); len(got) != 1 || !strings.HasSuffix(got[0].Path, "/people") {
			t.Errorf("violations %+v", got)
		}
	})
	t.Run("faults", func(t *testing.T) {
		id := into[map[string]int](send(t, "POST", "/faults", `{"operation":2,"effect":"status","status":429,"retryAfter":"3","delay":"1.5s"}`).want(201))["id"]
		equal(t, "Retry-After", a.do("GET", "/v2/users", nil).want(429).header.Get("Retry-After"), "3")
		if got := send(t, "GET", "/faults", "").want(200); !strings.Contains(got.text, `"delay": "1.5s"`) {
			t.Errorf("faults %s", got.text)
		}
		send(t, "DELETE", "/faults/99", "").want(404)
		equal(t, "id", id, 1)
		send(t, "DELETE", "/faults/1", "").want(204)
		a.do("GET", "/v2/users", nil).want(200)
		send(t, "POST", "/faults", `{"effect":"drop"}`).want(201)
		send(t, "DELETE", "/faults", "").want(204)
		a.do("GET", "/v2/users", nil).want(200)
		for _, body := range []string{`{}`, `{"effect":"drop","who":1}`, `x`, `{"effect":"drop","delay":"-1s"}`} {
			send(t, "POST", "/faults", body).want(400)
		}
	})
	t.Run("readings", func(t *testing.T) {
		send(t, "PUT", "/readings", `{"capPage":2}`).want(200)
		send(t, "PUT", "/readings", `{"fieldsRequired":true}`).want(200) // the other one stays
		got := into[emulator.Readings](send(t, "GET", "/readings", "").want(200))
		equal(t, "readings", got, emulator.Readings{CapPage: 2, FieldsRequired: true})
		a.do("GET", "/v2/users", nil).want(400)
		send(t, "PUT", "/readings", `{"bulkBody":"odd"}`).want(400)
		send(t, "PUT", "/readings", `{"odd":1}`).want(400)
		send(t, "PUT", "/readings", `{"capPage":0,"fieldsRequired":false}`).want(200)
	})
	t.Run("settings", func(t *testing.T) {
		send(t, "PUT", "/settings", `{"seats":1}`).want(200)
		a.do("POST", "/v1/users", object{"email": "more@small.example"}).want(402)
		got := send(t, "PUT", "/settings", `{"latency":"1ms"}`).want(200)
		equal(t, "settings", into[object](got), object{"latency": "1ms", "seats": 1.0})
		send(t, "PUT", "/settings", `{"latency":"0s","seats":0}`).want(200)
	})
	t.Run("tokens and sign-in", func(t *testing.T) {
		send(t, "POST", "/tokens", `{"token":"of mia","userId":"`+mia+`"}`).want(204)
		a.as("of mia").do("PUT", "/v1/users/settings", object{"theme": "dark"}).want(200)
		send(t, "POST", "/tokens", `{"token":"","userId":"`+mia+`"}`).want(400)
		send(t, "POST", "/signed-in", `{"userId":"`+pen+`"}`).want(204)
		equal(t, "identities", a.user(pen).Identities.TotalCount, 1)
		send(t, "POST", "/signed-in", `{"userId":"x"}`).want(400)
	})
	t.Run("other sites cannot post", func(t *testing.T) {
		send(t, "POST", "/reset", "", "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site").want(403)
		equal(t, "users", a.users("{}").TotalCount, 6)
	})
	t.Run("reset", func(t *testing.T) {
		send(t, "POST", "/reset", "", "Accept", "application/json").want(204)
		equal(t, "users", a.users("{}").TotalCount, 5)
		send(t, "POST", "/reset", "").want(303)
		equal(t, "violations", a.emu.Counts().Violations, 0)
	})
}
