package check_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/internal/check"
	"github.com/gtmhub-portal/portal/internal/config"
)

const (
	canary   = "CANARY"
	adminID  = "5c8a3f0e1b2d4c6f7a8b9c11"
	viewerID = "5c8a3f0e1b2d4c6f7a8b9c12"
	leftID   = "5c8a3f0e1b2d4c6f7a8b9c13"
	account  = "5c8a3f0e1b2d4c6f7a8b9c01"
)

// smallAccount has an administrator, a viewer and somebody who has left.
func smallAccount() *emulator.Account {
	user := func(id, email, role string, active bool) emulator.AccountUser {
		return emulator.AccountUser{ID: id, Email: email, FirstName: "First", LastName: "Last", IsActive: active, RoleIDs: []string{role}, DateCreated: time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC)}
	}
	return &emulator.Account{
		ID: account, Name: "Northwind", Domain: "northwind.example",
		Roles: []emulator.AccountRole{{ID: "5c8a3f0e1b2d4c6f7a8b9c21", Name: "Admin"}, {ID: "5c8a3f0e1b2d4c6f7a8b9c22", Name: "Viewer"}},
		Users: []emulator.AccountUser{
			user(adminID, "ana@northwind.example", "5c8a3f0e1b2d4c6f7a8b9c21", true),
			user(viewerID, "li@northwind.example", "5c8a3f0e1b2d4c6f7a8b9c22", true),
			user(leftID, "left@northwind.example", "5c8a3f0e1b2d4c6f7a8b9c22", false),
		},
	}
}

// token is a JWT with these claims; its signature is the canary.
func token(claims map[string]any) string {
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(b) + "." + canary
}

// provider is an identity provider that has nothing but a discovery document.
func provider(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := "http://" + r.Host
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q}`, base, base+"/a", base+"/t", base+"/k")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// stripped answers as the emulator, without some fields of users.
func stripped(h http.Handler, fields ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		var page map[string]any
		if json.Unmarshal(rec.Body.Bytes(), &page) == nil {
			items, _ := page["items"].([]any)
			for _, item := range items {
				for _, f := range fields {
					delete(item.(map[string]any), f)
				}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(rec.Code)
		_ = json.NewEncoder(w).Encode(page)
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	admin := token(map[string]any{"sub": "auth0|" + adminID, "https://gtmhub.com/app_metadata/accountId": account})
	asIs := func(h http.Handler) http.Handler { return h }
	for _, tt := range []struct {
		name  string
		token string
		env   map[string]string
		wrap  func(http.Handler) http.Handler
		now   func() time.Time
		line  string // name of the line to look at
		state check.State
		text  string // part of text and hint
	}{
		{"administrator", admin, nil, asIs, nil, "rights of the token", check.OK, `roles ["Admin"]`},
		{"viewer", token(map[string]any{"sub": "auth0|" + viewerID}), nil, asIs, nil, "rights of the token", check.Warn, "lack AccessPeople, ManageUsers, ManageUserInvitations, ManagePeople"},
		{"somebody who has left", token(map[string]any{"sub": "auth0|" + leftID}), nil, asIs, nil, "rights of the token", check.Warn, "not active"},
		{"user of another account", token(map[string]any{"sub": "auth0|nobody"}), nil, asIs, nil, "rights of the token", check.Warn, "was not found"},
		{"opaque token", canary + "-opaque", nil, asIs, nil, "rights of the token", check.Warn, "does not say whose"},
		{"opaque token has no claims", canary + "-opaque", nil, asIs, nil, "claims of the token", check.OK, "opaque"},
		{"claim of the newer name", token(map[string]any{"https://quantive.com/app_metadata/accountId": adminID}), nil, asIs, nil, "claims of the token", check.Warn, "another account than PORTAL_GTMHUB_ACCOUNT: " + adminID},
		{"claim that is no id", token(map[string]any{"https://gtmhub.com/app_metadata/accountId": "x y"}), nil, asIs, nil, "claims of the token", check.Warn, "another account than PORTAL_GTMHUB_ACCOUNT."},
		{"claims of odd types", token(map[string]any{"sub": 7}), nil, asIs, nil, "claims of the token", check.OK, "opaque"},
		{"expired", token(map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), nil, asIs, nil, "claims of the token", check.Fail, "has expired"},
		{"expires in a week", token(map[string]any{"exp": time.Now().Add(7 * 24 * time.Hour).Unix()}), nil, asIs, nil, "claims of the token", check.Warn, "expires in 168h"},
		{"expires in a year", token(map[string]any{"exp": time.Now().AddDate(1, 0, 0).Unix()}), nil, asIs, nil, "claims of the token", check.OK, "does not name an account"},
		{"clock is right", admin, nil, asIs, nil, "clock (Gtmhub)", check.OK, "agrees"},
		{"clock is fast", admin, nil, asIs, func() time.Time { return time.Now().Add(10 * time.Minute) }, "clock (Gtmhub)", check.Warn, "is 10m0s away"},
		{"clock is slow", admin, nil, asIs, func() time.Time { return time.Now().Add(-90 * time.Second) }, "clock (sign-in)", check.Warn, "NTP"},
		{"no pending fields", admin, nil, func(h http.Handler) http.Handler { return stripped(h, "clientId", "identities") }, nil, "pending users", check.Warn, "shows identities, clientId"},
		{"fields ignored", admin, nil, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				q := r.URL.Query()
				q.Del("fields")
				r.URL.RawQuery = q.Encode()
				h.ServeHTTP(w, r)
			})
		}, nil, "fields of users", check.Warn, "ignores which fields"},
		{"right of somebody who has left", admin, map[string]string{"PORTAL_AUDITORS": "left@northwind.example,li@northwind.example"}, asIs, nil, "auditors", check.Warn, "kept out: left@northwind.example."},
		{"right of somebody who is no user", admin, map[string]string{"PORTAL_AUDITORS": "auditor@elsewhere.example"}, asIs, nil, "auditors", check.OK, "(from PORTAL_AUDITORS)"},
		{"nothing to try it with", admin, nil, asIs, nil, "operation 21", check.OK, "no record"},
		{"policy needs a person", admin, nil, asIs, nil, "operation 3", check.OK, "a person's own token"},
		{"answer that repeats the token", admin, nil, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprintf(w, `{"error":"no: %s %s"}`, r.Header.Get("Authorization"), canary+"-client-secret")
			})
		}, nil, "token", check.Fail, "lacks the right"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			em, err := emulator.New(emulator.Options{Account: smallAccount()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { em.Close() })
			api := httptest.NewServer(tt.wrap(em))
			t.Cleanup(api.Close)
			lines := run(t, api.URL+"/api", tt.token, tt.env, tt.now)
			found := false
			for _, l := range lines {
				if l.Name != tt.line {
					continue
				}
				found = true
				if l.State != tt.state || !strings.Contains(l.Text+" "+l.Hint, tt.text) {
					t.Errorf("got %+v, want %s with %q", l, tt.state, tt.text)
				}
			}
			if !found {
				t.Errorf("no line %q among %+v", tt.line, lines)
			}
			if n := len(em.Violations()); n > 0 {
				t.Errorf("%d calls broke the documented form: %+v", n, em.Violations())
			}
			if d := cmp.Diff(map[int]int{}, em.Counts().Effects); d != "" {
				t.Errorf("it wrote: %s", d)
			}
		})
	}
}

// run checks an installation and wants no secret and no second line in any line.
func run(t *testing.T, api, token string, env map[string]string, now func() time.Time) []check.Line {
	t.Helper()
	all := map[string]string{
		"PORTAL_DEVELOPMENT": "true", "PORTAL_ORIGIN": "http://127.0.0.1:8080", "PORTAL_DATABASE_URL": filepath.Join(t.TempDir(), "portal.db"),
		"PORTAL_GTMHUB_URL": api, "PORTAL_GTMHUB_ACCOUNT": account, "PORTAL_GTMHUB_TOKEN": token,
		"PORTAL_OIDC_ISSUER": provider(t), "PORTAL_OIDC_CLIENT_ID": "portal", "PORTAL_OIDC_CLIENT_SECRET": canary + "-client-secret",
		"PORTAL_HR": "ana@northwind.example", "PORTAL_APPROVERS": "li@northwind.example",
	}
	for name, value := range env {
		all[name] = value
	}
	c, err := config.Load(func(name string) (string, bool) { v, ok := all[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	var lines []check.Line
	check.Run(t.Context(), check.Options{Config: c, Now: now, Gtmhub: gtmhub.Options{BaseURL: c.Gtmhub.URL, AccountID: c.Gtmhub.Account, Token: gtmhub.StaticToken(token), RatePerSecond: 1000}},
		func(l check.Line) {
			if strings.Contains(fmt.Sprint(l), canary) {
				t.Errorf("a line shows a secret: %+v", l)
			}
			if l.Name == "" || l.Text == "" || strings.Contains(l.Text+l.Hint, "\n") {
				t.Errorf("not one line: %+v", l)
			}
			lines = append(lines, l)
		})
	return lines
}

func TestSettings(t *testing.T) {
	t.Parallel()
	_, err := config.Load(func(string) (string, bool) { return "", false })
	problems, ok := err.(config.Problems)
	if !ok {
		t.Fatal(err)
	}
	lines := check.Settings(problems)
	if len(lines) != len(problems) || len(lines) < 5 {
		t.Fatalf("%d lines for %d problems", len(lines), len(problems))
	}
	for i, l := range lines {
		if l.Name != problems[i].Setting || l.State != check.Fail || l.Text != problems[i].Sentence {
			t.Errorf("line %+v", l)
		}
	}
}
