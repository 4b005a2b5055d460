package emulator_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

func TestStrictness(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		method, path string
		body         any
		want         int
	}{
		"unknown path":            {"GET", "/v1/people", nil, 404},
		"unknown version":         {"GET", "/v3/users", nil, 404},
		"other version":           {"GET", "/v2/users/" + ada, nil, 404},
		"v1 list of users":        {"GET", "/v1/users", nil, 405},
		"v1 roles":                {"GET", "/v1/roles", nil, 404},
		"slash at the end":        {"GET", "/v2/users/", nil, 404},
		"double slash":            {"GET", "/v1//users/" + ada, nil, 404},
		"dots":                    {"GET", "/v1/users/%2e%2e", nil, 400},
		"escaped slash in an id":  {"GET", "/v1/users/..%2Fteams%2F" + topTeam, nil, 400},
		"wrong method":            {"PUT", "/v2/users", object{}, 405},
		"HEAD":                    {"HEAD", "/v2/users", nil, 405},
		"id of 25 digits":         {"GET", "/v1/users/" + ada + "f", nil, 400},
		"id in capitals":          {"GET", "/v1/users/" + strings.ToUpper(ada), nil, 400},
		"second id malformed":     {"DELETE", "/v1/users/" + ada + "/roles/x", nil, 400},
		"unknown field":           {"PATCH", "/v1/users/" + mia, object{"phone": "1"}, 400},
		"body is no JSON":         {"POST", "/v1/teams", "name=x", 400},
		"body where none belongs": {"POST", "/v1/users/" + mia + "/send-change-password-email", object{}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			a := start(t, emulator.Options{Account: small(t), Logger: slog.New(slog.NewJSONHandler(&log, nil))})
			got := a.do(row.method, row.path, row.body).want(row.want)
			if v := a.emu.Violations(); len(v) != 1 || v[0].Method != row.method || v[0].Problem == "" {
				t.Errorf("violations %+v", v)
			}
			equal(t, "counted", a.emu.Counts().Violations, 1)
			if strings.Count(log.String(), `"level":"WARN"`) != 1 || strings.Contains(log.String(), token) {
				t.Errorf("log %s", log.String())
			}
			if row.want == 405 && got.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
}

func TestTooLargeBody(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	a.do("POST", "/v1/users", `{"email":"`+strings.Repeat("x", 5<<20)+`"}`).want(413)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	send := func(t *testing.T, emu *emulator.Emulator, header http.Header) int {
		t.Helper()
		a := &api{t: t, emu: emu}
		server := serve(t, emu)
		req, err := http.NewRequestWithContext(t.Context(), "GET", server+"/api/v2/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			a.t.Fatal(err)
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	headers := func(token, account string) http.Header {
		h := http.Header{}
		if token != "" {
			h.Set("Authorization", token)
		}
		if account != "" {
			h.Set("gtmhub-accountId", account)
		}
		return h
	}
	for name, row := range map[string]struct {
		options        emulator.Options
		token, account string
		want           int
	}{
		"right":                        {emulator.Options{Token: token}, "Bearer " + token, accountID, 200},
		"scheme in small letters":      {emulator.Options{Token: token}, "bearer " + token, accountID, 200},
		"no token":                     {emulator.Options{Token: token}, "", accountID, 401},
		"wrong token":                  {emulator.Options{Token: token}, "Bearer x", accountID, 401},
		"wrong scheme":                 {emulator.Options{Token: token}, "Basic " + token, accountID, 401},
		"any token":                    {emulator.Options{}, "Bearer x", accountID, 200},
		"any token, but one":           {emulator.Options{}, "", accountID, 401},
		"strict without a token":       {emulator.Options{StrictToken: true}, "Bearer x", accountID, 401},
		"no account":                   {emulator.Options{}, "Bearer x", "", 403},
		"wrong account":                {emulator.Options{}, "Bearer x", nobody, 403},
		"wrong account, other reading": {emulator.Options{Readings: emulator.Readings{BadAccountStatus: 400}}, "Bearer x", nobody, 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.options.Account = small(t)
			emu, err := emulator.New(row.options)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "status", send(t, emu, headers(row.token, row.account)), row.want)
			equal(t, "violations", len(emu.Violations()), 0)
		})
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	account := small(t)
	account.Roles[1].Permissions = []string{"AccessGoals"}
	account.Roles[2].Permissions = []string{"ManageUserInvitations"}
	a := start(t, emulator.Options{Account: account})
	for token, id := range map[string]string{"lee": lee, "mia": mia} {
		if err := a.emu.RegisterToken(token, id); err != nil {
			t.Fatal(err)
		}
	}
	plain, inviter := a.as("lee"), a.as("mia")
	plain.do("GET", "/v2/users", nil).want(200)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/v1/users", newUser}, {"POST", "/v1/users/activate", []string{ina}}, {"POST", "/v1/users/deactivate", []string{mia}},
		{"POST", "/v1/users/delete", []string{ina}}, {"POST", "/v1/users/invitations", []string{pen}},
		{"POST", "/v1/users/roles", object{"userIds": []string{lee}, "roleIds": []string{adminRole}}}, {"POST", "/v1/users/" + lee + "/roles", object{"roleId": adminRole}},
		{"POST", "/v1/users/" + mia + "/send-change-password-email", nil}, {"PUT", "/v1/users/" + mia, object{"language": "de"}},
		{"PATCH", "/v1/users/" + mia, object{"firstName": "X"}}, {"DELETE", "/v1/accounts/user/" + ina, nil}, {"DELETE", "/v1/users/" + mia + "/roles/" + dataRole, nil},
		{"DELETE", "/v1/users/" + mia + "/roles?ids=" + dataRole, nil}, {"POST", "/v1/teams", object{"name": "X"}}, {"POST", "/v1/teams/activate", []string{topTeam}},
		{"POST", "/v1/teams/deactivate", []string{topTeam}}, {"PUT", "/v1/teams/" + topTeam, object{"name": "X"}}, {"PUT", "/v1/teams/" + topTeam + "/manager", object{"manager": lee}},
		{"PUT", "/v1/teams/" + topTeam + "/members", []string{lee}}, {"PATCH", "/v1/teams/" + topTeam, object{"name": "X"}}, {"DELETE", "/v1/teams/" + topTeam, nil},
		{"DELETE", "/v1/teams/" + topTeam + "/manager", nil}, {"DELETE", "/v1/teams/" + topTeam + "/members/" + mia, nil},
		{"POST", "/v1/announcements", object{"comment": "x"}}, {"PUT", "/v1/goals/" + nobody, object{"name": "x"}},
	} {
		plain.do(c.method, c.path, c.body).want(403)
	}
	// The user's own record needs no permission.
	plain.do("PUT", "/v1/users/"+lee, object{"language": "fr"}).want(200)
	plain.do("PATCH", "/v1/users/"+lee, object{"firstName": "Leo"}).want(200)
	inviter.do("POST", "/v1/users", newUser).want(201)
	inviter.do("POST", "/v1/users/activate", []string{ina}).want(403)
	// A token lives and dies with its user.
	a.do("POST", "/v1/users/deactivate", []string{lee}).want(200)
	plain.do("GET", "/v2/users", nil).want(401)
	a.do("DELETE", "/v1/accounts/user/"+mia, nil).want(200)
	inviter.do("GET", "/v2/users", nil).want(401)
	a.clean()
}
