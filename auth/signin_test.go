package auth_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/authtest"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL})
	b := p.browser(t)
	got := b.signIn(t, "?return=/teams%3Fq=a")
	if got.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", got.StatusCode, p.lastError())
	}
	if got.Request.URL.RequestURI() != "/teams?q=a" {
		t.Errorf("returned to %s", got.Request.URL.RequestURI())
	}
	s, _ := b.session(t)
	want := auth.Session{
		Provider: "test", Issuer: op.URL, Subject: "sub-anna", Email: "anna@example.com", EmailVerified: true,
		Name: "Anna Ahrens", Groups: []string{"portal-hr"}, User: "anna",
		CreatedAt: c.Now(), LastSeenAt: c.Now(), ExpiresAt: c.Now().Add(12 * time.Hour), AuthTime: c.Now(),
		SessionID: "sid-1", CheckedAt: c.Now(), UserAgent: "Go-http-client/2.0",
	}
	if diff := cmp.Diff(want, s, cmpopts.IgnoreFields(auth.Session{}, "Hash", "UserAgent", "Tokens")); diff != "" {
		t.Error(diff)
	}
	if secret := b.cookie(t, "__Host-portal"); len(secret) != 64 || auth.HashOf(secret) != s.Hash {
		t.Error("the stored hash is not that of the cookie's secret")
	}
	if diff := cmp.Diff([]auth.EventKind{auth.Linked, auth.SignedIn}, p.recorded()); diff != "" {
		t.Error(diff)
	}
	if own := b.get(t, p.URL+"/own-token"); own.body != "" {
		t.Error("the token of a provider that is not Gtmhub's was taken for the person's own")
	}
	for _, secret := range []string{b.cookie(t, "__Host-portal"), "access-", authtest.ClientSecret, "anna@example.com", b.callback(t).Query().Get("code")} {
		if strings.Contains(p.logged(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestSignInWorks(t *testing.T) {
	t.Parallel()
	second, ec := authtest.NewRSAKey("second"), authtest.NewECKey("ec")
	bare := authtest.NewRSAKey("")
	for _, tc := range []struct {
		name    string
		script  authtest.Script
		prepare func(*authtest.Provider)
		config  func(*auth.ProviderConfig)
		fresh   bool
		check   func(*testing.T, auth.Session)
	}{
		{name: "ES256", prepare: func(p *authtest.Provider) { p.SetKeys(ec, ec) }},
		{name: "single key without kid", prepare: func(p *authtest.Provider) { p.SetKeys(bare, bare) }},
		{name: "several keys, token without kid", prepare: func(p *authtest.Provider) { p.SetKeys(second.WithID(""), authtest.NewRSAKey("first"), second) }},
		{name: "keys rotated before", prepare: func(p *authtest.Provider) { p.SetKeys(second, authtest.NewRSAKey("first"), second) }},
		{name: "claims only in userinfo", script: claims(map[string]any{"email": nil, "email_verified": nil, "name": nil, "groups": nil})},
		{name: "email_verified as text", script: claims(map[string]any{"email_verified": "true"})},
		{name: "verified only in userinfo", script: claims(map[string]any{"email_verified": nil})},
		{name: "userinfo speaks of another address", script: authtest.Script{
			Claims:   func(c map[string]any) { delete(c, "email_verified") },
			UserInfo: func(b map[string]any) { b["email"] = "other@example.com" },
		}, check: func(t *testing.T, s auth.Session) {
			if s.EmailVerified || s.User != "" || s.Email != "anna@example.com" {
				t.Errorf("verified %v, user %q, address %q", s.EmailVerified, s.User, s.Email)
			}
		}},
		{name: "one group as text", script: claims(map[string]any{"groups": "portal-hr"})},
		{name: "two audiences with azp", script: claims(map[string]any{"aud": []string{"other", authtest.ClientID}, "azp": authtest.ClientID})},
		{name: "iat five minutes ago", prepare: func(*authtest.Provider) {}, script: authtest.Script{Claims: func(c map[string]any) { c["iat"] = c["iat"].(int64) - 300 }}},
		{name: "announced iss", script: authtest.Script{
			Discovery: func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true },
		}},
		{name: "client secret in the body", script: authtest.Script{Discovery: func(d map[string]any) {
			d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
		}}},
		{name: "no auth_time", script: claims(map[string]any{"auth_time": nil}), check: func(t *testing.T, s auth.Session) {
			if !s.AuthTime.IsZero() || auth.RequireFresh(&s, s.CreatedAt, auth.FreshWithin) {
				t.Error("a sign-in of unknown age counts as fresh")
			}
		}},
		{name: "fresh", fresh: true, check: mustBeFresh},
		{name: "fresh by fallback", fresh: true, script: claims(map[string]any{"auth_time": nil}),
			config: func(c *auth.ProviderConfig) { c.FreshFallback = true }, check: mustBeFresh},
	} {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			op := authtest.NewProvider(t, c.Now)
			if tc.name == "announced iss" {
				tc.script.Callback = func(q url.Values) { q.Set("iss", op.URL) }
			}
			op.SetScript(tc.script)
			if tc.prepare != nil {
				tc.prepare(op)
			}
			p := newPortal(t, c, setup{issuer: op.URL, config: tc.config})
			b := p.browser(t)
			query := ""
			if tc.fresh {
				query = "?fresh=1"
			}
			if got := b.signIn(t, query); got.StatusCode != http.StatusOK {
				t.Fatalf("status %d, %v", got.StatusCode, p.lastError())
			}
			if asked := b.visits[0].Query(); tc.fresh != (asked.Get("max_age") == "0" && asked.Get("prompt") == "login") {
				t.Errorf("the provider was asked %v", asked)
			}
			wantAuth := "basic"
			if tc.name == "client secret in the body" {
				wantAuth = "post"
			}
			if got := op.ClientAuth(); got != wantAuth {
				t.Errorf("the client proved itself by %q, want %q", got, wantAuth)
			}
			s, ok := b.session(t)
			if !ok {
				t.Fatal("no session")
			}
			if tc.check != nil {
				tc.check(t, s)
				return
			}
			if s.Subject != "sub-anna" || !s.EmailVerified || s.User != "anna" || s.Name != "Anna Ahrens" || !cmp.Equal(s.Groups, []string{"portal-hr"}) {
				t.Errorf("session %+v", s)
			}
		})
	}
}

func mustBeFresh(t *testing.T, s auth.Session) {
	t.Helper()
	if !auth.RequireFresh(&s, s.CreatedAt, auth.FreshWithin) || auth.RequireFresh(&s, s.CreatedAt.Add(15*time.Minute+time.Second), auth.FreshWithin) {
		t.Errorf("signed in at %s, created at %s", s.AuthTime, s.CreatedAt)
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL})
	b := p.browser(t)
	mustSignIn := func(want int) {
		t.Helper()
		if got := b.signIn(t, ""); got.StatusCode != want {
			t.Fatalf("status %d, want %d, %v", got.StatusCode, want, p.lastError())
		}
	}
	mustSignIn(http.StatusOK)
	first, second := authtest.NewRSAKey("first"), authtest.NewRSAKey("second")
	op.SetKeys(second, first, second)
	mustSignIn(http.StatusForbidden) // keys were fetched less than a minute ago
	if n := op.Calls("/keys"); n != 1 {
		t.Errorf("keys were fetched %d times within a minute", n)
	}
	c.Add(time.Minute)
	mustSignIn(http.StatusOK)
	mustSignIn(http.StatusOK)
	op.SetKeys(first, first, second)
	mustSignIn(http.StatusOK) // the old key is known still
	if n := op.Calls("/keys"); n != 2 {
		t.Errorf("keys were fetched %d times", n)
	}
	if n := op.Calls("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("discovery was read %d times", n)
	}
}

func TestProviderDown(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/keys", "/userinfo"} {
		t.Run(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "_"), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			op := authtest.NewProvider(t, c.Now)
			op.SetScript(authtest.Script{
				Claims: func(c map[string]any) { delete(c, "groups") },
				Status: map[string]int{path: http.StatusBadGateway},
			})
			p := newPortal(t, c, setup{issuer: op.URL})
			b := p.browser(t)
			got := b.signIn(t, "")
			if got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(got.body, "does not answer") {
				t.Errorf("status %d, %q, %v", got.StatusCode, got.body, p.lastError())
			}
			if n, _, _, _ := p.rows.Counts(); n != 0 {
				t.Errorf("%d sessions", n)
			}
			b.signIn(t, "")
			if n := op.Calls("/.well-known/openid-configuration"); n != 1 {
				t.Errorf("a provider that is down was asked %d times", n)
			}
			op.SetScript(authtest.Script{})
			c.Add(5 * time.Second)
			if got := b.signIn(t, ""); got.StatusCode != http.StatusOK {
				t.Errorf("after recovery: status %d, %v", got.StatusCode, p.lastError())
			}
			// Running sessions go on when it is down again.
			op.SetScript(authtest.Script{Status: map[string]int{path: http.StatusBadGateway}})
			if _, ok := b.session(t); !ok {
				t.Error("the running session ended")
			}
		})
	}
}

func TestLinking(t *testing.T) {
	t.Parallel()
	two := users{"anna@example.com": {"anna"}, "bert@example.com": {"bert"}, "twin@example.com": {"twin1", "twin2"}, "kate@example.com": {"kate"}}
	for _, tc := range []struct {
		name   string
		person map[string]any
		config func(*auth.ProviderConfig)
		want   string
	}{
		{"verified", nil, nil, "anna"},
		{"capital letters", map[string]any{"email": "Anna@Example.com"}, nil, "anna"},
		{"not verified", map[string]any{"email_verified": false}, nil, ""},
		{"not said", map[string]any{"email_verified": nil}, nil, ""},
		{"not said, but trusted", map[string]any{"email_verified": nil}, func(c *auth.ProviderConfig) { c.TrustUnverifiedEmail = true }, "anna"},
		{"trusted, but said not to be verified", map[string]any{"email_verified": false}, func(c *auth.ProviderConfig) { c.TrustUnverifiedEmail = true }, ""},
		{"no address", map[string]any{"email": nil}, nil, ""},
		{"unknown address", map[string]any{"email": "new@example.com"}, nil, ""},
		{"address of two users", map[string]any{"email": "twin@example.com"}, nil, ""},
		{"letters that fold to ASCII", map[string]any{"email": "\u212aate@example.com"}, nil, ""},
		{"allowed domain", nil, func(c *auth.ProviderConfig) { c.AllowedDomains = []string{"EXAMPLE.com"} }, "anna"},
		{"other domain", nil, func(c *auth.ProviderConfig) { c.AllowedDomains = []string{"ample.com"} }, ""},
	} {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			op := authtest.NewProvider(t, c.Now)
			op.SetPerson(tc.person)
			p := newPortal(t, c, setup{issuer: op.URL, users: two, config: tc.config})
			b := p.browser(t)
			if got := b.signIn(t, ""); got.StatusCode != http.StatusOK {
				t.Fatalf("status %d, %v", got.StatusCode, p.lastError())
			}
			s, _ := b.session(t)
			_, _, links, _ := p.rows.Counts()
			if string(s.User) != tc.want || links != len(tc.want)/len("anna") {
				t.Errorf("linked to %q with %d links, want %q", s.User, links, tc.want)
			}
		})
	}
}

func TestLinkIsNeverDerivedAgain(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL, users: users{"anna@example.com": {"anna"}, "boss@example.com": {"boss"}}})
	if got := p.browser(t).signIn(t, ""); got.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", got.StatusCode, p.lastError())
	}
	// She takes over an address: she stays who she was.
	op.SetPerson(map[string]any{"email": "boss@example.com"})
	b := p.browser(t)
	b.signIn(t, "")
	if s, _ := b.session(t); s.User != "anna" {
		t.Errorf("signed in as %q", s.User)
	}
	// Somebody else shows up with the address that made the link.
	op.SetPerson(map[string]any{"sub": "sub-mallory", "email": "ANNA@example.com"})
	other := p.browser(t)
	got := other.signIn(t, "")
	if got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, "linked to already") {
		t.Errorf("status %d, %q", got.StatusCode, got.body)
	}
	if _, ok := other.session(t); ok {
		t.Error("the second subject got a session")
	}
	want := []auth.EventKind{auth.Linked, auth.SignedIn, auth.SignedIn, auth.Refused}
	if diff := cmp.Diff(want, p.recorded()); diff != "" {
		t.Error(diff)
	}
	if _, _, links, _ := p.rows.Counts(); links != 1 {
		t.Errorf("%d links", links)
	}
}

func TestAllowDecides(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL, users: users{}})
	p.allow = func(person auth.Person, user id.User) error {
		if user == "" && len(person.Groups) == 0 {
			return fault.New(fault.Forbidden, "You are no user of this account.")
		}
		return nil
	}
	hr := p.browser(t)
	if got := hr.signIn(t, ""); got.StatusCode != http.StatusOK {
		t.Errorf("a person with a portal role: status %d, %v", got.StatusCode, p.lastError())
	}
	op.SetPerson(map[string]any{"sub": "sub-nobody", "groups": []string{}})
	nobody := p.browser(t)
	got := nobody.signIn(t, "")
	if got.StatusCode != http.StatusForbidden || got.body != "You are no user of this account." {
		t.Errorf("status %d, %q", got.StatusCode, got.body)
	}
	if diff := cmp.Diff([]auth.EventKind{auth.SignedIn, auth.Refused}, p.recorded()); diff != "" {
		t.Error(diff)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL})
	request := func(method, target string, header http.Header) page {
		b := p.browser(t)
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		r, err := http.NewRequestWithContext(t.Context(), method, p.URL+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		return b.do(t, r)
	}
	if got := request(http.MethodGet, "/signin/other", http.Header{}); got.StatusCode != http.StatusNotFound {
		t.Errorf("unknown provider: status %d", got.StatusCode)
	}
	for _, header := range []http.Header{{"Sec-Purpose": {"prefetch"}}, {"Purpose": {"prefetch"}}} {
		if got := request(http.MethodGet, "/signin/test", header); got.StatusCode != http.StatusForbidden {
			t.Errorf("prefetch: status %d", got.StatusCode)
		}
	}
	if got := request(http.MethodHead, "/signin/test", http.Header{}); got.StatusCode != http.StatusForbidden {
		t.Errorf("HEAD: status %d", got.StatusCode)
	}
	if _, logins, _, _ := p.rows.Counts(); logins != 0 {
		t.Errorf("%d sign-ins were started", logins)
	}
	got := request(http.MethodGet, "/signin/test?return=//evil.example", http.Header{})
	cookie := got.Header.Get("Set-Cookie")
	for _, part := range []string{"__Host-portal-signin=", "Path=/", "Max-Age=600", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %q", cookie, part)
		}
	}
	if strings.Contains(cookie, "Domain") {
		t.Errorf("cookie %q has a domain", cookie)
	}
}

func TestReturnPathIsLocal(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL})
	for asked, want := range map[string]string{
		"//evil.example": "/", "https://evil.example/": "/", "/\\evil.example": "/", "/signin": "/", "/signin/test?x=1": "/",
		"/callback?code=1": "/", "/signout": "/", "/signing": "/signing", "/users?q=1": "/users?q=1",
	} {
		b := p.browser(t)
		got := b.signIn(t, "?return="+url.QueryEscape(asked))
		if !strings.HasPrefix(got.Request.URL.String(), p.URL+"/") || got.Request.URL.RequestURI() != want {
			t.Errorf("return %q led to %s", asked, got.Request.URL)
		}
	}
}

func TestSignInPage(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL, second: &auth.ProviderConfig{ID: "two", Name: "Two", Issuer: "https://two.example", ClientID: "x"}})
	b := p.browser(t)
	read := func(query string) auth.SignInPage {
		t.Helper()
		var got auth.SignInPage
		if err := json.Unmarshal([]byte(b.get(t, p.URL+"/signin"+query).body), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := auth.SignInPage{Links: []auth.SignInLink{
		{ID: "test", Name: "Test", URL: "/signin/test?return=%2Fteams"},
		{ID: "two", Name: "Two", URL: "/signin/two?return=%2Fteams"},
	}, Return: "/teams"}
	if diff := cmp.Diff(want, read("?return=/teams&fresh=1")); diff != "" {
		t.Error(diff)
	}
	b.signIn(t, "")
	want = auth.SignInPage{Fresh: true, Links: []auth.SignInLink{{ID: "test", Name: "Test", URL: "/signin/test?fresh=1"}}}
	if diff := cmp.Diff(want, read("?return=//evil.example&fresh=1")); diff != "" {
		t.Error(diff)
	}
}

func TestNewProvidersRefuses(t *testing.T) {
	t.Parallel()
	good := auth.ProviderConfig{ID: "a", Name: "A", Issuer: "https://a.example", ClientID: "portal", ClientSecret: "hush-hush"}
	change := func(f func(*auth.ProviderConfig)) []auth.ProviderConfig {
		c := good
		f(&c)
		return []auth.ProviderConfig{c}
	}
	for _, tc := range []struct {
		name    string
		configs []auth.ProviderConfig
		want    string
	}{
		{"none", nil, "No sign-in provider"},
		{"the same id twice", []auth.ProviderConfig{good, good}, "Two providers"},
		{"bad id", change(func(c *auth.ProviderConfig) { c.ID = "A/b" }), "the id must be"},
		{"no name", change(func(c *auth.ProviderConfig) { c.Name = "" }), "the name is missing"},
		{"no client", change(func(c *auth.ProviderConfig) { c.ClientID = "" }), "the client id is missing"},
		{"plain http", change(func(c *auth.ProviderConfig) { c.Issuer = "http://a.example" }), "must start with https"},
		{"plain http elsewhere than loopback", change(func(c *auth.ProviderConfig) {
			c.Issuer, c.AllowPlainHTTP = "http://a.example", true
		}), "must start with https"},
		{"user name in the issuer", change(func(c *auth.ProviderConfig) { c.Issuer = "https://u@a.example" }), "user name"},
		{"query in the issuer", change(func(c *auth.ProviderConfig) { c.Issuer = "https://a.example?x" }), "query"},
		{"no issuer", change(func(c *auth.ProviderConfig) { c.Issuer = "a.example" }), "no absolute address"},
	} {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			_, err := auth.NewProviders(t.Context(), tc.configs, "https://portal.example/callback", nil, time.Now)
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hush-hush") {
				t.Error("the error shows the secret")
			}
		})
	}
	if _, err := auth.NewProviders(t.Context(), []auth.ProviderConfig{good}, "/callback", nil, time.Now); !errors.Is(err, fault.Invalid) {
		t.Errorf("relative callback: %v", err)
	}
}
