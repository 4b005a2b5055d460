package auth_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/authtest"
	"github.com/gtmhub-portal/portal/internal/fault"
)

// claims makes a script that changes claims of the ID token; nil removes one.
func claims(changes map[string]any) authtest.Script {
	return authtest.Script{Claims: func(c map[string]any) {
		for name, value := range changes {
			if value == nil {
				delete(c, name)
				continue
			}
			c[name] = value
		}
	}}
}

func signedBy(sign func(map[string]any) string) authtest.Script { return authtest.Script{Sign: sign} }

// refusal is one way in which a provider or a browser misbehaves. Each must be refused for the stated reason.
type refusal struct {
	name   string
	script func(*authtest.Provider, *clock) authtest.Script
	config func(*auth.ProviderConfig)
	fresh  bool
	// want is part of the error, so that no case passes for another reason than its own.
	want string
}

func always(s authtest.Script) func(*authtest.Provider, *clock) authtest.Script {
	return func(*authtest.Provider, *clock) authtest.Script { return s }
}

func at(claim string, away time.Duration) func(*authtest.Provider, *clock) authtest.Script {
	return func(_ *authtest.Provider, c *clock) authtest.Script {
		return claims(map[string]any{claim: c.Now().Add(away).Unix()})
	}
}

func refusals() []refusal {
	foreign := authtest.NewRSAKey("foreign")
	first := authtest.NewRSAKey("first")
	der, err := x509.MarshalPKIXPublicKey(first.Public())
	if err != nil {
		panic(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	tamper := func(token string) string {
		parts := strings.Split(token, ".")
		parts[2] = strings.Map(func(r rune) rune {
			if r == 'A' {
				return 'B'
			}
			return r
		}, "A"+parts[2][1:])
		return strings.Join(parts, ".")
	}
	return []refusal{
		// Claims of the ID token.
		{name: "issuer of another provider", script: always(claims(map[string]any{"iss": "https://other.example"})), want: "different provider"},
		{name: "issuer with a slash more", script: func(p *authtest.Provider, _ *clock) authtest.Script {
			return claims(map[string]any{"iss": p.URL + "/"})
		}, want: "different provider"},
		{name: "no issuer", script: always(claims(map[string]any{"iss": nil})), want: "different provider"},
		{name: "no subject", script: always(claims(map[string]any{"sub": nil})), want: "sub is missing"},
		{name: "empty subject", script: always(claims(map[string]any{"sub": ""})), want: "sub is missing"},
		{name: "subject too long", script: always(claims(map[string]any{"sub": strings.Repeat("s", 256)})), want: "sub is missing or malformed"},
		{name: "subject with a control character", script: always(claims(map[string]any{"sub": "a\x00b"})), want: "malformed"},
		{name: "subject that is a number", script: always(claims(map[string]any{"sub": 7})), want: "unmarshal"},
		{name: "audience of another client", script: always(claims(map[string]any{"aud": "other"})), want: "expected audience"},
		{name: "no audience", script: always(claims(map[string]any{"aud": nil})), want: "expected audience"},
		{name: "two audiences without azp", script: always(claims(map[string]any{"aud": []string{"portal", "other"}})), want: "azp is not us"},
		{name: "two audiences with azp of another", script: always(claims(map[string]any{"aud": []string{"portal", "other"}, "azp": "other"})), want: "azp is not us"},
		{name: "one audience with azp of another", script: always(claims(map[string]any{"azp": "other"})), want: "azp is not us"},
		{name: "no iat", script: always(claims(map[string]any{"iat": nil})), want: "iat is missing"},
		{name: "iat six minutes ago", script: at("iat", -6*time.Minute), want: "iat is more"},
		{name: "iat in six minutes", script: at("iat", 6*time.Minute), want: "iat is more"},
		{name: "no exp", script: always(claims(map[string]any{"exp": nil})), want: "expired"},
		{name: "expired", script: at("exp", -time.Second), want: "expired"},
		{name: "not yet valid", script: at("nbf", 6*time.Minute), want: "nbf"},
		{name: "other nonce", script: always(claims(map[string]any{"nonce": "other"})), want: "nonce differs"},
		{name: "no nonce", script: always(claims(map[string]any{"nonce": nil})), want: "nonce differs"},
		{name: "auth_time in the future", script: at("auth_time", 6*time.Minute), want: "auth_time"},
		{name: "auth_time that is no time", script: always(claims(map[string]any{"auth_time": -1})), want: "auth_time"},
		{name: "email with a line break", script: always(claims(map[string]any{"email": "a@example.com\nx"})), want: "email is malformed"},
		{name: "email_verified that is neither", script: always(claims(map[string]any{"email_verified": "perhaps"})), want: "read claims"},
		{name: "groups that are no list", script: always(claims(map[string]any{"groups": map[string]any{"portal-hr": true}})), want: "read claims"},
		{name: "group with a control character", script: always(claims(map[string]any{"groups": []string{"portal-hr\n"}})), want: "group name"},
		{name: "too many groups", script: always(claims(map[string]any{"groups": strings.Split(strings.Repeat("g,", 3000), ",")})), want: "too many groups"},

		// The signature of the ID token.
		{name: "algorithm none", script: always(signedBy(authtest.SignNone)), want: "verify id token"},
		{name: "changed RS256 signature", script: always(signedBy(func(c map[string]any) string { return tamper(first.Sign(c)) })), want: "verify signature"},
		{name: "RS256 by a foreign key under the right kid", script: always(signedBy(foreign.WithID("first").Sign)), want: "verify signature"},
		{name: "ES256 by a foreign key under the right kid", script: always(signedBy(authtest.NewECKey("first").Sign)), want: "verify signature"},
		{name: "unknown kid", script: always(signedBy(foreign.Sign)), want: "verify signature"},
		{name: "foreign key without kid", script: always(signedBy(foreign.WithID("").Sign)), want: "verify signature"},
		{name: "HS256 with the client secret", script: always(signedBy(func(c map[string]any) string {
			return authtest.SignHMAC(c, []byte(authtest.ClientSecret+strings.Repeat("\x00", 16)))
		})), want: "malformed jwt"},
		{name: "HS256 with the public key", script: always(signedBy(func(c map[string]any) string { return authtest.SignHMAC(c, publicPEM) })), want: "malformed jwt"},
		{name: "RS512, which discovery may list", script: always(signedBy(first.WithAlgorithm(jose.RS512).Sign)), want: "malformed jwt"},
		{name: "PS256", script: always(signedBy(first.WithAlgorithm(jose.PS256).Sign)), want: "malformed jwt"},
		{name: "foreign key in the header", script: always(signedBy(foreign.SignEmbedded)), want: "verify signature"},
		{name: "critical header that nobody knows", script: always(signedBy(func(c map[string]any) string {
			return first.SignWith(c, map[jose.HeaderKey]any{"crit": []string{"x"}, "x": 1})
		})), want: "verify id token"},

		// The answers of the endpoints.
		{name: "no ID token", script: always(authtest.Script{Answer: func(b map[string]any) { delete(b, "id_token") }}), want: "without id_token"},
		{name: "ID token that is no token", script: always(authtest.Script{Answer: func(b map[string]any) { b["id_token"] = "a.b" }}), want: "malformed jwt"},
		{name: "ID token that is a number", script: always(authtest.Script{Answer: func(b map[string]any) { b["id_token"] = 7 }}), want: "without id_token"},
		{name: "no access token", script: always(authtest.Script{Answer: func(b map[string]any) { delete(b, "access_token") }}), want: "missing access_token"},
		{name: "at_hash of another access token", script: always(claims(map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"})), want: "at_hash"},
		{name: "token endpoint redirects", script: always(authtest.Script{Status: map[string]int{"/token": http.StatusTemporaryRedirect}}), want: "trade the code"},
		{name: "token endpoint refuses the code", script: always(authtest.Script{Status: map[string]int{"/token": http.StatusBadRequest}}), want: "trade the code"},
		{name: "userinfo about somebody else", script: always(authtest.Script{
			Claims: func(c map[string]any) { delete(c, "email") }, UserInfo: func(b map[string]any) { b["sub"] = "sub-bert" },
		}), want: "somebody else"},
		{name: "userinfo without subject", script: always(authtest.Script{
			Claims: func(c map[string]any) { delete(c, "email") }, UserInfo: func(b map[string]any) { delete(b, "sub") },
		}), want: "somebody else"},
		{name: "userinfo refuses the token", script: always(authtest.Script{
			Claims: func(c map[string]any) { delete(c, "email") }, Status: map[string]int{"/userinfo": http.StatusUnauthorized},
		}), want: "userinfo cannot be read"},
		{name: "userinfo with odd claims", script: always(authtest.Script{
			Claims: func(c map[string]any) { delete(c, "groups") }, UserInfo: func(b map[string]any) { b["groups"] = 7 },
		}), want: "read userinfo claims"},
		{name: "discovery names another issuer", script: always(authtest.Script{Discovery: func(d map[string]any) { d["issuer"] = "https://other.example" }}), want: "did not match"},
		{name: "discovery sends the secret over plain HTTP", script: always(authtest.Script{Discovery: func(d map[string]any) { d["token_endpoint"] = "http://other.example/token" }}), want: "must start with https"},
		{name: "discovery without keys", script: always(authtest.Script{Discovery: func(d map[string]any) { delete(d, "jwks_uri") }}), want: "no absolute address"},
		{name: "discovery with a script for an address", script: always(authtest.Script{Discovery: func(d map[string]any) { d["end_session_endpoint"] = "javascript:alert(1)" }}), want: "no absolute address"},
		{name: "key endpoint refuses", script: always(authtest.Script{Status: map[string]int{"/keys": http.StatusNotFound}}), want: "verify signature"},

		// The callback.
		{name: "iss of another provider", script: always(authtest.Script{Callback: func(q url.Values) { q.Set("iss", "https://other.example") }}), want: "another iss"},
		{name: "announced iss is missing", script: always(authtest.Script{Discovery: func(d map[string]any) {
			d["authorization_response_iss_parameter_supported"] = true
		}}), want: "without the announced iss"},
		{name: "no state", script: always(authtest.Script{Callback: func(q url.Values) { q.Del("state") }}), want: "not complete"},
		{name: "other state", script: always(authtest.Script{Callback: func(q url.Values) { q.Set("state", "other") }}), want: "used already"},
		{name: "two states", script: always(authtest.Script{Callback: func(q url.Values) { q.Add("state", "other") }}), want: "not complete"},
		{name: "two codes", script: always(authtest.Script{Callback: func(q url.Values) { q.Add("code", "other") }}), want: "not complete"},
		{name: "no code", script: always(authtest.Script{Callback: func(q url.Values) { q.Del("code") }}), want: "not complete"},
		{name: "code and error at once", script: always(authtest.Script{Callback: func(q url.Values) { q.Set("error", "access_denied") }}), want: "not complete"},
		{name: "endless code", script: always(authtest.Script{Callback: func(q url.Values) { q.Set("code", strings.Repeat("c", 5000)) }}), want: "not complete"},
		{name: "code of nobody", script: always(authtest.Script{Callback: func(q url.Values) { q.Set("code", "guessed") }}), want: "invalid_grant"},
		{name: "the person cancelled", script: always(authtest.Script{Callback: func(q url.Values) {
			q.Del("code")
			q.Set("error", "access_denied")
		}}), want: "access_denied"},
		{name: "error with a text for the log", script: always(authtest.Script{Callback: func(q url.Values) {
			q.Del("code")
			q.Set("error", "x\nlevel=ERROR forged")
		}}), want: "unknown error"},

		// A fresh sign-in.
		{name: "fresh, but signed in an hour ago", fresh: true, script: at("auth_time", -time.Hour), want: "before the request"},
		{name: "fresh, but signed in two minutes before", fresh: true, script: at("auth_time", -2*time.Minute), want: "before the request"},
		{name: "fresh, but the provider does not say when", fresh: true, script: always(claims(map[string]any{"auth_time": nil})), want: "auth_time is missing"},
		{name: "fresh by fallback, but the token is a minute old", fresh: true,
			config: func(c *auth.ProviderConfig) { c.FreshFallback = true },
			script: func(_ *authtest.Provider, c *clock) authtest.Script {
				return claims(map[string]any{"auth_time": nil, "iat": c.Now().Add(-time.Minute).Unix()})
			}, want: "iat is a minute old"},
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	cases := refusals()
	if len(cases) < 28 {
		t.Fatalf("only %d cases", len(cases))
	}
	for _, tc := range cases {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			c := newClock()
			op := authtest.NewProvider(t, c.Now)
			op.SetScript(tc.script(op, c))
			p := newPortal(t, c, setup{issuer: op.URL, config: tc.config})
			b := p.browser(t)
			query := ""
			if tc.fresh {
				query = "?fresh=1"
			}
			got := b.signIn(t, query)
			assertRefused(t, p, b, got, tc.want)

			// The same sign-in without the fault works: it was refused for its fault and for nothing else.
			op.SetScript(authtest.Script{})
			if strings.HasPrefix(tc.name, "discovery") || strings.HasPrefix(tc.name, "announced") {
				c.Add(time.Minute) // the failure is remembered for a moment
			}
			if tc.name == "announced iss is missing" {
				return // discovery was read and is kept
			}
			if got := b.signIn(t, query); got.StatusCode != http.StatusOK {
				t.Errorf("without the fault: status %d, %v", got.StatusCode, p.lastError())
			}
		})
	}
}

func assertRefused(t *testing.T, p *portal, b *browser, got page, want string) {
	t.Helper()
	if got.StatusCode < 400 || got.StatusCode >= 500 {
		t.Errorf("status %d, want 4xx", got.StatusCode)
	}
	err := p.lastError()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
	if got.body == "" || got.body != fault.Message(err) {
		t.Errorf("the person reads %q", got.body)
	}
	if n, _, _, _ := p.rows.Counts(); n != 0 {
		t.Errorf("%d sessions were stored", n)
	}
	if v := b.cookie(t, p.store.CookieName()); v != "" {
		t.Error("the browser got a session cookie")
	}
}

func TestKeyAddressInTheHeaderIsNeverFetched(t *testing.T) {
	t.Parallel()
	var fetched atomic.Bool
	hostile := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Store(true) }))
	t.Cleanup(hostile.Close)
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	op.SetScript(signedBy(func(claims map[string]any) string {
		return authtest.NewRSAKey("foreign").SignWith(claims, map[jose.HeaderKey]any{"jku": hostile.URL})
	}))
	p := newPortal(t, c, setup{issuer: op.URL})
	b := p.browser(t)
	assertRefused(t, p, b, b.signIn(t, ""), "verify signature")
	if fetched.Load() {
		t.Error("the address in the header was fetched")
	}
}

func TestCallbackIsForOneUseByOneBrowser(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (*portal, *browser, *clock) {
		c := newClock()
		op := authtest.NewProvider(t, c.Now)
		p := newPortal(t, c, setup{issuer: op.URL})
		return p, p.browser(t), c
	}
	// stopAtCallback makes the browser keep the address of the callback instead of going there.
	stopAtCallback := func(b *browser) {
		b.before = func(r *http.Request) error {
			if r.URL.Path == "/callback" {
				return http.ErrUseLastResponse
			}
			return nil
		}
	}

	t.Run("used_twice", func(t *testing.T) {
		t.Parallel()
		p, b, _ := start(t)
		if got := b.signIn(t, ""); got.StatusCode != http.StatusOK {
			t.Fatalf("status %d, %v", got.StatusCode, p.lastError())
		}
		again := b.get(t, b.callback(t).String())
		if again.StatusCode != http.StatusConflict || !strings.Contains(again.body, "used already") {
			t.Errorf("status %d, %q", again.StatusCode, again.body)
		}
	})
	t.Run("other_browser", func(t *testing.T) {
		t.Parallel()
		p, attacker, _ := start(t)
		stopAtCallback(attacker)
		attacker.signIn(t, "")
		victim := p.browser(t)
		got := victim.get(t, attacker.callback(t).String())
		assertRefused(t, p, victim, got, "another browser")
		// The state is burnt by the attempt, for the browser that started, too.
		attacker.before = nil
		got = attacker.get(t, attacker.callback(t).String())
		assertRefused(t, p, attacker, got, "used already")
	})
	t.Run("other_browser_with_a_sign-in_of_its_own", func(t *testing.T) {
		t.Parallel()
		p, attacker, _ := start(t)
		stopAtCallback(attacker)
		attacker.signIn(t, "")
		victim := p.browser(t)
		stopAtCallback(victim)
		victim.signIn(t, "")
		got := victim.get(t, attacker.callback(t).String())
		assertRefused(t, p, victim, got, "another browser")
	})
	t.Run("code_of_another_sign-in", func(t *testing.T) {
		t.Parallel()
		p, attacker, _ := start(t)
		stopAtCallback(attacker)
		attacker.signIn(t, "")
		stolen := attacker.callback(t).Query().Get("code")
		victim := p.browser(t)
		victim.before = func(r *http.Request) error {
			if r.URL.Path == "/callback" {
				q := r.URL.Query()
				q.Set("code", stolen)
				r.URL.RawQuery = q.Encode()
			}
			return nil
		}
		assertRefused(t, p, victim, victim.signIn(t, ""), "invalid_grant")
	})
	t.Run("after_ten_minutes", func(t *testing.T) {
		t.Parallel()
		p, b, c := start(t)
		stopAtCallback(b)
		b.signIn(t, "")
		c.Add(10 * time.Minute)
		assertRefused(t, p, b, b.get(t, b.callback(t).String()), "ten minutes")
	})
	t.Run("prefetched", func(t *testing.T) {
		t.Parallel()
		p, b, _ := start(t)
		stopAtCallback(b)
		b.signIn(t, "")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.callback(t).String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Purpose", "prefetch;prerender")
		if got := b.do(t, r); got.StatusCode != http.StatusForbidden {
			t.Errorf("status %d", got.StatusCode)
		}
		// The look ahead used nothing up.
		if got := b.get(t, b.callback(t).String()); got.StatusCode >= 400 {
			t.Errorf("status %d, %v", got.StatusCode, p.lastError())
		}
	})
	t.Run("two_tabs", func(t *testing.T) {
		t.Parallel()
		p, b, _ := start(t)
		stopAtCallback(b)
		b.signIn(t, "?return=/first")
		first := b.callback(t).String()
		b.visits = nil
		b.signIn(t, "?return=/second")
		second := b.callback(t).String()
		b.before = nil
		for address, want := range map[string]string{first: "/first", second: "/second"} {
			if got := b.get(t, address); got.StatusCode != http.StatusOK || got.Request.URL.Path != want {
				t.Errorf("status %d at %s, %v", got.StatusCode, got.Request.URL.Path, p.lastError())
			}
		}
	})
}

func TestFreshSignInMustBeTheSamePerson(t *testing.T) {
	t.Parallel()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL})
	b := p.browser(t)
	if got := b.signIn(t, ""); got.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", got.StatusCode, p.lastError())
	}
	op.SetPerson(map[string]any{"sub": "sub-bert", "email": "bert@example.com"})
	got := b.signIn(t, "?fresh=1")
	if got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, "somebody else") {
		t.Errorf("status %d, %q", got.StatusCode, got.body)
	}
	if s, ok := b.session(t); !ok || s.Subject != "sub-anna" {
		t.Errorf("the session of before is gone or changed: %v %v", s.Subject, ok)
	}
}
