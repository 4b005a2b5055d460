package auth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/authtest"
	"github.com/gtmhub-portal/portal/internal/id"
)

// write makes an unsafe request and returns the session that its handler saw; false if nobody was signed in.
func (b *browser) write(t *testing.T) (auth.Session, bool) {
	t.Helper()
	got := b.post(t, "/write", nil)
	if got.StatusCode != http.StatusOK {
		return auth.Session{}, false
	}
	var s auth.Session
	if err := json.Unmarshal([]byte(got.body), &s); err != nil {
		t.Fatal(err)
	}
	return s, true
}

func (b *browser) post(t *testing.T, path string, form url.Values) page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.portal.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(t, r)
}

// TestGroupsFollowTheProvider changes somebody's groups while they are signed in, for each way in which providers tell.
func TestGroupsFollowTheProvider(t *testing.T) {
	t.Parallel()
	noGroups := func(c map[string]any) { delete(c, "groups") }
	for _, tc := range []struct {
		name   string
		script authtest.Script
		config func(*auth.ProviderConfig)
		// after is what the next write sees when the groups have become "other", and gone what it sees when the provider
		// leaves the claim out from then on.
		after, gone []string
	}{
		{name: "userinfo", after: []string{"other"}},
		{name: "userinfo is where the groups come from", script: authtest.Script{Claims: noGroups}, after: []string{"other"}},
		{name: "refresh token", script: authtest.Script{Refresh: true}, after: []string{"other"}},
		{name: "refresh token without an ID token", script: authtest.Script{Refresh: true, Refreshed: func(b map[string]any) { delete(b, "id_token") }},
			after: []string{"other"}},
		{name: "userinfo leaves groups out", script: authtest.Script{UserInfo: noGroups}, after: []string{"portal-hr"}, gone: []string{"portal-hr"}},
		{name: "another claim", script: authtest.Script{Claims: func(c map[string]any) { c["roles"], c["groups"] = c["groups"], "no matter" }, UserInfo: func(c map[string]any) { c["roles"] = c["groups"] }},
			config: func(c *auth.ProviderConfig) { c.GroupsClaim = "roles" }, after: []string{"other"}, gone: nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			op := authtest.NewProvider(t, c.Now)
			op.SetScript(tc.script)
			p := newPortal(t, c, setup{issuer: op.URL, config: tc.config})
			b := p.browser(t)
			b.signIn(t, "")
			if s, ok := b.session(t); !ok || !cmp.Equal(s.Groups, []string{"portal-hr"}) {
				t.Fatalf("groups %v, %v", s.Groups, p.lastError())
			}
			op.SetPerson(map[string]any{"groups": []string{"other"}})
			if s, _ := b.session(t); !cmp.Equal(s.Groups, []string{"portal-hr"}) {
				t.Errorf("a page that comes soon asked the provider: %v", s.Groups)
			}
			if s, ok := b.write(t); !ok || !cmp.Equal(s.Groups, tc.after) {
				t.Errorf("the next write sees %v, want %v; %v", s.Groups, tc.after, p.logged())
			}
			if s, ok := b.session(t); !ok || !cmp.Equal(s.Groups, tc.after) {
				t.Errorf("the page after it sees %v", s.Groups)
			}
			op.SetPerson(map[string]any{"groups": nil})
			if s, ok := b.write(t); !ok || !cmp.Equal(s.Groups, tc.gone) {
				t.Errorf("without the claim the next write sees %v, want %v", s.Groups, tc.gone)
			}
			op.SetPerson(map[string]any{"groups": []string{"again"}})
			c.Add(auth.FollowEvery)
			want := []string{"again"}
			if tc.after[0] == "portal-hr" {
				want = tc.after
			}
			if s, ok := b.session(t); !ok || !cmp.Equal(s.Groups, want) {
				t.Errorf("minutes later a page sees %v, want %v", s.Groups, want)
			}
		})
	}
}

// TestSessionsEndAtTheProvider: a refused refresh token ends the session, everything else leaves it alone.
func TestSessionsEndAtTheProvider(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(op *authtest.Provider)
		lives  bool
	}{
		{name: "shut out", change: func(op *authtest.Provider) { op.EndRefresh() }},
		{name: "the provider is down", change: func(op *authtest.Provider) {
			op.SetScript(authtest.Script{Status: map[string]int{"/token": http.StatusBadGateway}})
		}, lives: true},
		{name: "the client is refused", change: func(op *authtest.Provider) {
			op.SetScript(authtest.Script{Status: map[string]int{"/token": http.StatusUnauthorized}})
		}, lives: true},
		{name: "another person", change: func(op *authtest.Provider) {
			op.SetPerson(map[string]any{"sub": "sub-eve", "groups": []string{"portal-operator"}})
		}, lives: true},
		{name: "a forged ID token", change: func(op *authtest.Provider) {
			op.SetPerson(map[string]any{"groups": []string{"portal-operator"}})
			op.SetScript(authtest.Script{Sign: authtest.NewRSAKey("foreign").WithID("first").Sign})
		}, lives: true},
		{name: "an ID token for somebody else's client", change: func(op *authtest.Provider) {
			op.SetPerson(map[string]any{"groups": []string{"portal-operator"}})
			op.SetScript(authtest.Script{Claims: func(c map[string]any) { c["aud"] = "other" }})
		}, lives: true},
		{name: "an old ID token", change: func(op *authtest.Provider) {
			op.SetPerson(map[string]any{"groups": []string{"portal-operator"}})
			op.SetScript(authtest.Script{Claims: func(c map[string]any) { c["iat"] = c["iat"].(int64) - 3600 }})
		}, lives: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			op := authtest.NewProvider(t, c.Now)
			op.SetScript(authtest.Script{Refresh: true})
			p := newPortal(t, c, setup{issuer: op.URL})
			b := p.browser(t)
			b.signIn(t, "")
			tc.change(op)
			s, ok := b.write(t)
			if ok != tc.lives || ok && !cmp.Equal(s.Groups, []string{"portal-hr"}) {
				t.Errorf("the next write: signed in %t with %v, want %t", ok, s.Groups, tc.lives)
			}
			if _, ok := b.session(t); ok != tc.lives {
				t.Errorf("afterwards signed in: %t", ok)
			}
			if ended := slices.Contains(p.recorded(), auth.Ended); ended == tc.lives {
				t.Errorf("recorded %v", p.recorded())
			}
			if strings.Contains(p.logged(), "refresh-") || strings.Contains(p.logged(), "access-") {
				t.Error("a token is in the log")
			}
		})
	}
}

// TestRefreshTokensWorkOnce sends many writes at once: they share one refresh token and must not burn it.
func TestRefreshTokensWorkOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	op.SetScript(authtest.Script{Refresh: true})
	p := newPortal(t, c, setup{issuer: op.URL})
	b := p.browser(t)
	b.signIn(t, "")
	done := make(chan bool)
	for range 12 {
		go func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/write", nil)
			if err != nil {
				done <- false
				return
			}
			resp, err := b.Do(r)
			if err == nil {
				resp.Body.Close()
			}
			done <- err == nil && resp.StatusCode == http.StatusOK
		}()
	}
	for range 12 {
		if !<-done {
			t.Error("a write lost its session")
		}
	}
	if _, ok := b.session(t); !ok {
		t.Error("the session has ended")
	}
}

// TestTokensAreSealed: what the database keeps of the provider cannot be read there.
func TestTokensAreSealed(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	op.SetScript(authtest.Script{Refresh: true})
	p := newPortal(t, c, setup{issuer: op.URL})
	b := p.browser(t)
	b.signIn(t, "")
	s, _ := b.session(t)
	if len(s.Tokens) == 0 {
		t.Fatal("nothing was kept")
	}
	for _, plain := range []string{"refresh-", "access-", "eyJ", authtest.ClientSecret} {
		if strings.Contains(string(s.Tokens), plain) {
			t.Errorf("%q can be read", plain)
		}
	}
	// Swapped between two sessions they open nothing.
	other := p.browser(t)
	other.signIn(t, "")
	theirs, _ := other.session(t)
	theirs.Tokens = s.Tokens
	if err := p.rows.SaveFollowed(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	calls := op.Calls("/token")
	if _, ok := other.write(t); !ok || op.Calls("/token") != calls {
		t.Errorf("signed in %t, %d calls with foreign tokens", ok, op.Calls("/token")-calls)
	}
}

// TestEndUsers ends the sessions of deactivated people, all of theirs and nobody else's.
func TestEndUsers(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL, users: users{"anna@example.com": {"anna"}, "bert@example.com": {"bert"}}})
	one, two := p.browser(t), p.browser(t)
	one.signIn(t, "")
	two.signIn(t, "")
	op.SetPerson(map[string]any{"sub": "sub-bert", "email": "bert@example.com"})
	bert := p.browser(t)
	bert.signIn(t, "")
	if err := p.handler.EndUsers(t.Context(), func(u id.User) bool { return u == "anna" }, "Deactivated."); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*browser{one, two} {
		if _, ok := b.session(t); ok {
			t.Error("a session of Anna's lives")
		}
	}
	if _, ok := bert.session(t); !ok {
		t.Error("Bert's session has ended")
	}
	if n := len(slices.DeleteFunc(p.recorded(), func(k auth.EventKind) bool { return k != auth.Ended })); n != 1 {
		t.Errorf("%d ends recorded", n)
	}
	c.Add(time.Second)
}
