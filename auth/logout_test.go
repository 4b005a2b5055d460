package auth_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/authtest"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutClaims are those of a good logout token.
func logoutClaims(op *authtest.Provider, c *clock, change map[string]any) map[string]any {
	now := c.Now().Unix()
	claims := map[string]any{"iss": op.URL, "aud": authtest.ClientID, "iat": now, "exp": now + 120, "jti": "jti-1", "sub": "sub-anna", "sid": "sid-1",
		"events": map[string]any{logoutEvent: map[string]any{}}}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// TestBackChannelLogout sends logout tokens, good ones and such that must do nothing.
func TestBackChannelLogout(t *testing.T) {
	t.Parallel()
	first := authtest.NewRSAKey("first")
	for _, tc := range []struct {
		name   string
		change map[string]any
		sign   func(map[string]any) string
		script authtest.Script
		twice  bool
		ends   bool
	}{
		{name: "person and session", ends: true},
		{name: "person alone", change: map[string]any{"sid": nil}, ends: true},
		{name: "session alone", change: map[string]any{"sub": nil}, ends: true},
		{name: "several audiences", change: map[string]any{"aud": []string{authtest.ClientID, "other"}}, ends: true},
		{name: "another session of the person", change: map[string]any{"sid": "sid-2"}},
		{name: "another person", change: map[string]any{"sub": "sub-bert"}},
		{name: "neither person nor session", change: map[string]any{"sub": nil, "sid": nil}},
		{name: "an ID token", change: map[string]any{"nonce": "n"}},
		{name: "an empty nonce", change: map[string]any{"nonce": ""}},
		{name: "no events", change: map[string]any{"events": nil}},
		{name: "another event", change: map[string]any{"events": map[string]any{"http://schemas.openid.net/event/other": map[string]any{}}}},
		{name: "an event that is no object", change: map[string]any{"events": map[string]any{logoutEvent: true}}},
		{name: "events that are a list", change: map[string]any{"events": []string{logoutEvent}}},
		{name: "another audience", change: map[string]any{"aud": "other"}},
		{name: "no audience", change: map[string]any{"aud": nil}},
		{name: "another issuer", change: map[string]any{"iss": "https://elsewhere.example"}},
		{name: "no issuer", change: map[string]any{"iss": nil}},
		{name: "no jti", change: map[string]any{"jti": nil}},
		{name: "endless jti", change: map[string]any{"jti": strings.Repeat("x", 300)}},
		{name: "no iat", change: map[string]any{"iat": nil}},
		{name: "made an hour ago", change: map[string]any{"iat": time.Now().Add(-time.Hour).Unix()}},
		{name: "made in an hour", change: map[string]any{"iat": time.Now().Add(time.Hour).Unix()}},
		{name: "no exp", change: map[string]any{"exp": nil}},
		{name: "run out", change: map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}},
		{name: "foreign key", sign: authtest.NewRSAKey("foreign").WithID("first").Sign},
		{name: "key in the token", sign: authtest.NewRSAKey("foreign").SignEmbedded},
		{name: "not signed", sign: authtest.SignNone},
		{name: "signed with the client's secret", sign: func(c map[string]any) string {
			return authtest.SignHMAC(c, []byte(strings.Repeat(authtest.ClientSecret, 2)))
		}},
		{name: "weak algorithm", sign: first.WithAlgorithm("RS512").Sign},
		{name: "no token", sign: func(map[string]any) string { return "x.y.z" }},
		{name: "nothing", sign: func(map[string]any) string { return "" }},
		{name: "keys cannot be fetched", script: authtest.Script{Status: map[string]int{"/keys": http.StatusBadGateway}}},
		{name: "used before", twice: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			op := authtest.NewProvider(t, c.Now)
			p := newPortal(t, c, setup{issuer: op.URL})
			b := p.browser(t)
			b.signIn(t, "")
			op.SetScript(tc.script)
			if tc.script.Status != nil {
				c.Add(2 * time.Minute) // the keys of the sign-in are known, so another key must be asked for
				tc.sign = authtest.NewRSAKey("second").Sign
			}
			if tc.sign == nil {
				tc.sign = first.Sign
			}
			token := url.Values{"logout_token": {tc.sign(logoutClaims(op, c, tc.change))}}
			provider := p.browser(t) // it has no cookie
			if tc.twice {
				if got := provider.post(t, "/backchannel-logout", token); got.StatusCode != http.StatusOK {
					t.Fatalf("first use: %d, %v", got.StatusCode, p.lastError())
				}
				b.signIn(t, "")
			}
			got := provider.post(t, "/backchannel-logout", token)
			valid := tc.ends || tc.change["sid"] == "sid-2" || tc.change["sub"] == "sub-bert"
			switch {
			case valid && got.StatusCode != http.StatusOK, tc.script.Status != nil && got.StatusCode != http.StatusServiceUnavailable,
				!valid && tc.script.Status == nil && got.StatusCode != http.StatusBadRequest:
				t.Errorf("status %d, %v", got.StatusCode, p.logged())
			}
			if got.Header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be kept")
			}
			if _, ok := b.session(t); ok == tc.ends {
				t.Errorf("signed in: %t, want %t", ok, !tc.ends)
			}
		})
	}
}

// TestSignOutAtTheProvider follows the link on the page after signing out, and the way back.
func TestSignOutAtTheProvider(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL})
	b := p.browser(t)
	b.signIn(t, "")
	var out auth.SignedOutPage
	if err := json.Unmarshal([]byte(b.post(t, "/signout", nil).body), &out); err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(out.ProviderURL)
	if err != nil || !strings.HasPrefix(out.ProviderURL, op.URL+"/end?") || out.Provider != "Test" || out.Everywhere {
		t.Fatalf("page %+v, %v", out, err)
	}
	q := link.Query()
	if q.Get("client_id") != authtest.ClientID || q.Get("post_logout_redirect_uri") != p.URL+"/signed-out" || strings.Count(q.Get("id_token_hint"), ".") != 2 || len(q.Get("state")) != 64 {
		t.Errorf("link %v", q)
	}
	for _, tc := range []struct {
		name, query string
		everywhere  bool
	}{
		{"with the state", "?state=" + q.Get("state"), true},
		{"with another", "?state=" + strings.Repeat("a", 64), false},
		{"without", "", false},
	} {
		var back auth.SignedOutPage
		if err := json.Unmarshal([]byte(b.get(t, p.URL+"/signed-out"+tc.query).body), &back); err != nil || back.Everywhere != tc.everywhere {
			t.Errorf("%s: %+v, %v", tc.name, back, err)
		}
	}
	b.signIn(t, "")
	if got := b.get(t, p.URL+"/signed-out"); got.Request.URL.Path != "/" {
		t.Errorf("somebody who is signed in is told otherwise: %s", got.Request.URL)
	}
}
