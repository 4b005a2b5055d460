package auth_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/authtest"
	"github.com/gtmhub-portal/portal/auth/devidp"
)

var loginID = regexp.MustCompile(`name="id" value="([A-Z0-9]+)"`)

// choose posts the login page's form for one person.
func (b *browser) choose(t *testing.T, login page, personID string) page {
	t.Helper()
	id := loginID.FindStringSubmatch(login.body)
	if login.StatusCode != http.StatusOK || id == nil {
		t.Fatalf("no login page: status %d, %v", login.StatusCode, b.portal.lastError())
	}
	address := *login.Request.URL
	address.RawQuery = ""
	form := url.Values{"id": {id[1]}, "person": {personID}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address.String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(t, r)
}

// TestTrainingSignIn goes the whole way with the local provider of the demo: link, login page, choice, session, fresh
// sign-in, sign-out.
func TestTrainingSignIn(t *testing.T) {
	t.Parallel()
	c := newClock()
	idp := httptest.NewServer(nil)
	t.Cleanup(idp.Close)
	p := newPortal(t, c, setup{issuer: idp.URL, config: func(c *auth.ProviderConfig) { c.GtmhubTokens = true }})
	var tokens sync.Map // access token to person
	handler, err := devidp.New(devidp.Options{
		Issuer:  idp.URL,
		Clients: []devidp.Client{{ID: authtest.ClientID, Secret: authtest.ClientSecret, RedirectURIs: []string{p.URL + "/callback"}}},
		Featured: []devidp.Featured{{
			Person: devidp.Person{ID: "anna", Email: "anna@example.com", Name: "Anna Ahrens", Groups: []string{"portal-hr", "portal-approver"}},
			Title:  "HR staff", Hint: "Sees everybody.",
		}},
		People: func() []devidp.Person {
			return []devidp.Person{{ID: "bert", Email: "bert@example.com", Name: "Bert Brandt"}}
		},
		OnToken: func(token string, person devidp.Person) { tokens.Store(token, person.ID) },
		Logger:  slog.New(slog.DiscardHandler),
		Now:     time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	idp.Config.Handler = handler

	b := p.browser(t)
	got := b.choose(t, b.signIn(t, "?return=/teams"), "anna")
	if got.StatusCode != http.StatusOK || got.Request.URL.Path != "/teams" {
		t.Fatalf("status %d at %s, %v", got.StatusCode, got.Request.URL, p.lastError())
	}
	s, _ := b.session(t)
	if s.Subject != "anna" || s.User != "anna" || !s.EmailVerified || s.Name != "Anna Ahrens" ||
		!cmp.Equal(s.Groups, []string{"portal-hr", "portal-approver"}) || s.AuthTime.IsZero() {
		t.Errorf("session %+v", s)
	}
	own := b.get(t, p.URL+"/own-token").body
	if person, _ := tokens.Load(own); person != "anna" {
		t.Error("the person's own token is not that which was announced")
	}
	if strings.Contains(string(s.Tokens), own) || strings.Contains(p.logged(), own) {
		t.Error("the token is to be read in the session's row or in the log")
	}
	if got := p.browser(t).get(t, p.URL+"/own-token").body; got != "" {
		t.Error("somebody who is not signed in got a token")
	}
	fresh := b.choose(t, b.signIn(t, "?fresh=1"), "anna")
	if again, ok := b.session(t); fresh.StatusCode != http.StatusOK || !ok || again.Hash == s.Hash || !auth.RequireFresh(&again, c.Now(), time.Minute) {
		t.Errorf("fresh sign-in: status %d, %v", fresh.StatusCode, p.lastError())
	}
	other := b.choose(t, b.signIn(t, "?fresh=1"), "bert")
	if other.StatusCode != http.StatusForbidden {
		t.Errorf("fresh sign-in as somebody else: status %d", other.StatusCode)
	}
	bert := p.browser(t)
	if got := bert.choose(t, bert.signIn(t, ""), "bert"); got.StatusCode != http.StatusOK {
		t.Errorf("status %d, %v", got.StatusCode, p.lastError())
	}
	if s, _ := bert.session(t); s.Subject != "bert" || len(s.Groups) != 0 {
		t.Errorf("session %+v", s)
	}
	if kinds := p.recorded(); !slices.Contains(kinds, auth.Refused) {
		t.Errorf("recorded %v", kinds)
	}
}
