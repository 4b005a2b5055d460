package devidp_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/gtmhub-portal/portal/auth/devidp"
)

const redirect = "http://127.0.0.1:9/callback" // never called: the tests read the redirect

// idp is a running provider whose handler can be replaced, as a restart does.
type idp struct {
	*httptest.Server
	options devidp.Options
	mu      sync.Mutex
	tokens  map[string]devidp.Person
}

func start(t *testing.T, path string, change func(*devidp.Options)) *idp {
	t.Helper()
	p := &idp{Server: httptest.NewServer(nil), tokens: map[string]devidp.Person{}}
	t.Cleanup(p.Close)
	p.options = devidp.Options{
		Issuer:  p.URL + path,
		Clients: []devidp.Client{{ID: "portal", Secret: "s3cret", RedirectURIs: []string{redirect}}},
		Featured: []devidp.Featured{
			{Person: devidp.Person{ID: "anna", Email: "anna@example.com", Name: "Anna Ahrens", Groups: []string{"portal-hr"}}, Title: "HR staff", Hint: "Sees everybody."},
		},
		People: func() []devidp.Person {
			all := []devidp.Person{{ID: "bert", Email: "bert@example.com", Name: "Bert <b>Brandt</b>"}}
			for range 25 {
				all = append(all, devidp.Person{ID: "many", Email: "many@example.com", Name: "Many"})
			}
			return all
		},
		OnToken: func(token string, person devidp.Person) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.tokens[token] = person
		},
		Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	if change != nil {
		change(&p.options)
	}
	p.restart(t)
	return p
}

func (p *idp) restart(t *testing.T) {
	t.Helper()
	h, err := devidp.New(p.options)
	if err != nil {
		t.Fatal(err)
	}
	p.Config.Handler = h
}

func (p *idp) announced(token string) devidp.Person {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens[token]
}

func noRedirect(t *testing.T) *http.Client {
	t.Helper()
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// visit follows redirects inside the provider and returns the last answer and its body.
func (p *idp) visit(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(next.URL.String(), p.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func post(t *testing.T, address string, form url.Values) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// party is a relying party made of the libraries that the portal uses.
type party struct {
	oidc     *oidc.Provider
	config   oauth2.Config
	verifier string
}

func (p *idp) party(t *testing.T, scopes ...string) *party {
	t.Helper()
	found, err := oidc.NewProvider(t.Context(), p.options.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := found.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	return &party{oidc: found, verifier: oauth2.GenerateVerifier(), config: oauth2.Config{
		ClientID: "portal", ClientSecret: "s3cret", Endpoint: endpoint, RedirectURL: redirect,
		Scopes: append([]string{"openid", "profile", "email"}, scopes...),
	}}
}

var loginID = regexp.MustCompile(`name="id" value="([A-Z0-9]+)"`)

// code signs in as a person and returns the code.
func (p *idp) code(t *testing.T, rp *party, person string) string {
	t.Helper()
	page, body := p.visit(t, get(t, rp.config.AuthCodeURL("the-state", oidc.Nonce("the-nonce"), oauth2.S256ChallengeOption(rp.verifier))))
	id := loginID.FindStringSubmatch(body)
	if page.StatusCode != http.StatusOK || id == nil {
		t.Fatalf("no login page: status %d, %s", page.StatusCode, body)
	}
	resp, body := p.visit(t, post(t, p.options.Issuer+"/login", url.Values{"id": {id[1]}, "person": {person}}))
	back, err := resp.Location()
	if err != nil || !strings.HasPrefix(back.String(), redirect) || back.Query().Get("state") != "the-state" {
		t.Fatalf("status %d, back to %v, %s", resp.StatusCode, back, body)
	}
	return back.Query().Get("code")
}

func (rp *party) exchange(t *testing.T, code string) (*oauth2.Token, error) {
	t.Helper()
	return rp.config.Exchange(t.Context(), code, oauth2.VerifierOption(rp.verifier))
}

type claims struct {
	Sub           string   `json:"sub"`
	Email         string   `json:"email"`
	EmailVerified bool     `json:"email_verified"`
	Name          string   `json:"name"`
	Groups        []string `json:"groups"`
	Nonce         string   `json:"nonce"`
	AuthTime      int64    `json:"auth_time"`
}

func (rp *party) idToken(t *testing.T, token *oauth2.Token) claims {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	verified, err := rp.oidc.Verifier(&oidc.Config{ClientID: "portal"}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := verified.VerifyAccessToken(token.AccessToken); err != nil {
		t.Error(err)
	}
	var c claims
	if err := verified.Claims(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCodeFlow(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/idp"} {
		t.Run("path_"+strings.TrimPrefix(path, "/"), func(t *testing.T) {
			t.Parallel()
			p := start(t, path, nil)
			rp := p.party(t)
			code := p.code(t, rp, "anna")
			token, err := rp.exchange(t, code)
			if err != nil {
				t.Fatal(err)
			}
			got := rp.idToken(t, token)
			if age := time.Since(time.Unix(got.AuthTime, 0)); age < 0 || age > time.Minute {
				t.Errorf("auth_time %d", got.AuthTime)
			}
			got.AuthTime = 0
			want := claims{Sub: "anna", Email: "anna@example.com", EmailVerified: true, Name: "Anna Ahrens", Groups: []string{"portal-hr"}, Nonce: "the-nonce"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			info, err := rp.oidc.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
			if err != nil {
				t.Fatal(err)
			}
			var fromInfo claims
			if err := info.Claims(&fromInfo); err != nil {
				t.Fatal(err)
			}
			want.Nonce = ""
			if diff := cmp.Diff(want, fromInfo); diff != "" {
				t.Error(diff)
			}
			if p.announced(token.AccessToken).ID != "anna" {
				t.Error("the access token was not announced")
			}
			if _, err := rp.exchange(t, code); err == nil {
				t.Error("the code worked twice")
			}
		})
	}
}

func TestPKCE(t *testing.T) {
	t.Parallel()
	p := start(t, "", nil)
	rp := p.party(t)
	resp, body := p.visit(t, get(t, rp.config.AuthCodeURL("s")))
	if back, err := resp.Location(); err != nil || back.Query().Get("error") != "invalid_request" {
		t.Errorf("without a challenge: status %d, %v, %s", resp.StatusCode, back, body)
	}
	code := p.code(t, rp, "anna")
	rp.verifier = oauth2.GenerateVerifier()
	if _, err := rp.exchange(t, code); err == nil {
		t.Error("a foreign verifier was accepted")
	}
	code = p.code(t, rp, "anna")
	rp.config.ClientSecret = "wrong"
	if _, err := rp.exchange(t, code); err == nil {
		t.Error("a wrong secret was accepted")
	}
}

func TestRestartAndRefresh(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "idp.json")
	p := start(t, "", func(o *devidp.Options) { o.StateFile = file })
	rp := p.party(t, "offline_access")
	token, err := rp.exchange(t, p.code(t, rp, "anna"))
	if err != nil {
		t.Fatal(err)
	}
	if token.RefreshToken == "" {
		t.Fatal("no refresh token")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("state file: %v, %v", info.Mode(), err)
	}

	p.mu.Lock()
	clear(p.tokens)
	p.mu.Unlock()
	p.restart(t)
	if p.announced(token.AccessToken).ID != "anna" {
		t.Error("the token of before the restart was not announced again")
	}
	rp.idToken(t, token) // keys are the same
	if _, err := rp.oidc.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err != nil {
		t.Errorf("access token after a restart: %v", err)
	}
	expired := &oauth2.Token{RefreshToken: token.RefreshToken, Expiry: time.Unix(1, 0)}
	next, err := rp.config.TokenSource(t.Context(), expired).Token()
	if err != nil {
		t.Fatalf("refresh after a restart: %v", err)
	}
	if got := rp.idToken(t, next); got.Sub != "anna" || !cmp.Equal(got.Groups, []string{"portal-hr"}) {
		t.Errorf("claims after a refresh: %+v", got)
	}
	if next.RefreshToken == token.RefreshToken {
		t.Error("the refresh token was not replaced")
	}
	if _, err := rp.config.TokenSource(t.Context(), expired).Token(); err == nil {
		t.Error("the refresh token worked twice")
	}
	if _, err := rp.oidc.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
		t.Error("the old access token outlived the refresh")
	}
}

func TestLoginPage(t *testing.T) {
	t.Parallel()
	p := start(t, "", nil)
	rp := p.party(t)
	page, body := p.visit(t, get(t, rp.config.AuthCodeURL("s", oauth2.S256ChallengeOption(rp.verifier))))
	for _, want := range []string{
		"<h1>Training sign-in: choose who you want to be</h1>", `data-testid="signin-as-hr-staff"`, `data-testid="signin-search"`,
		`<label for="q">`, "Sees everybody.", `href="/assets/style.css"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(body, "<script") || strings.Contains(body, "style=") {
		t.Error("the page has a script or inline style")
	}
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'self';") || !strings.HasSuffix(policy, "form-action 'self' http://127.0.0.1:9") {
		t.Errorf("policy %q", policy)
	}
	search := func(q string) string {
		address := *page.Request.URL
		values := address.Query()
		values.Set("q", q)
		address.RawQuery = values.Encode()
		_, body := p.visit(t, get(t, address.String()))
		return body
	}
	if got := search(" BRANDT "); strings.Count(got, `data-testid="signin-person"`) != 1 || !strings.Contains(got, "Bert &lt;b&gt;Brandt") {
		t.Errorf("search by name: %s", got)
	}
	if got := search("many@"); strings.Count(got, `data-testid="signin-person"`) != 20 || !strings.Contains(got, "There are more") {
		t.Error("a search with many results is not cut")
	}
	if got := search(`"><script>`); !strings.Contains(got, "Nobody found") || strings.Contains(got, "<script>") {
		t.Error("a search without result")
	}
	if resp, body := p.visit(t, get(t, p.URL+"/assets/style.css")); resp.Header.Get("Content-Type") != "text/css; charset=utf-8" || body == "" {
		t.Error("no style sheet")
	}
	if resp, _ := p.visit(t, get(t, p.URL+"/login?id=other")); resp.StatusCode != http.StatusGone {
		t.Errorf("unknown sign-in: status %d", resp.StatusCode)
	}
	id := loginID.FindStringSubmatch(body)[1]
	if resp, _ := p.visit(t, post(t, p.URL+"/login", url.Values{"id": {id}, "person": {"nobody"}})); resp.StatusCode != http.StatusGone {
		t.Errorf("unknown person: status %d", resp.StatusCode)
	}
	crossSite := post(t, p.URL+"/login", url.Values{"id": {id}, "person": {"anna"}})
	crossSite.Header.Set("Sec-Fetch-Site", "cross-site")
	if resp, _ := p.visit(t, crossSite); resp.StatusCode != http.StatusForbidden {
		t.Errorf("cross-site choice: status %d", resp.StatusCode)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	p := start(t, "", nil)
	rp := p.party(t)
	for _, tc := range []struct {
		name   string
		change func(url.Values)
	}{
		{"unknown client", func(q url.Values) { q.Set("client_id", "other") }},
		{"unknown redirect", func(q url.Values) { q.Set("redirect_uri", "http://evil.example/callback") }},
	} {
		address, err := url.Parse(rp.config.AuthCodeURL("s", oauth2.S256ChallengeOption(rp.verifier)))
		if err != nil {
			t.Fatal(err)
		}
		q := address.Query()
		tc.change(q)
		address.RawQuery = q.Encode()
		if resp, _ := p.visit(t, get(t, address.String())); resp.StatusCode < 400 || resp.StatusCode >= 500 {
			t.Errorf("%s: status %d", tc.name, resp.StatusCode)
		}
	}
	foreignName := get(t, p.URL+"/.well-known/openid-configuration")
	foreignName.Host = "evil.example"
	resp, err := noRedirect(t).Do(foreignName)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host name: status %d", resp.StatusCode)
	}
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	p := start(t, "", nil)
	rp := p.party(t)
	token, err := rp.exchange(t, p.code(t, rp, "anna"))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	resp, body := p.visit(t, get(t, p.URL+"/end_session?id_token_hint="+raw))
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, "You are signed out") {
		t.Errorf("status %d, %s", resp.StatusCode, body)
	}
	if _, err := rp.oidc.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
		t.Error("the access token outlived the sign-out")
	}
	if resp, _ := p.visit(t, get(t, p.URL+"/end_session?client_id=portal")); resp.StatusCode != http.StatusOK {
		t.Errorf("without a hint: status %d", resp.StatusCode)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	p := start(t, "", nil)
	rp := p.party(t, "offline_access")
	token, err := rp.exchange(t, p.code(t, rp, "anna"))
	if err != nil {
		t.Fatal(err)
	}
	r := post(t, p.URL+"/revoke", url.Values{"token": {token.RefreshToken}, "token_type_hint": {"refresh_token"}})
	r.SetBasicAuth("portal", "s3cret")
	if resp, body := p.visit(t, r); resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %s", resp.StatusCode, body)
	}
	expired := &oauth2.Token{RefreshToken: token.RefreshToken, Expiry: time.Unix(1, 0)}
	if _, err := rp.config.TokenSource(t.Context(), expired).Token(); err == nil {
		t.Error("a revoked refresh token works")
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	away := time.Duration(0)
	p := start(t, "", func(o *devidp.Options) {
		o.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(away)
		}
	})
	rp := p.party(t)
	page, _ := p.visit(t, get(t, rp.config.AuthCodeURL("s", oauth2.S256ChallengeOption(rp.verifier))))
	token, err := rp.exchange(t, p.code(t, rp, "anna"))
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	away = 13 * time.Hour
	mu.Unlock()
	if resp, _ := p.visit(t, page.Request.Clone(context.Background())); resp.StatusCode != http.StatusGone {
		t.Errorf("a sign-in of yesterday: status %d", resp.StatusCode)
	}
	if _, err := rp.oidc.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
		t.Error("the access token never ends")
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	damaged := filepath.Join(dir, "damaged.json")
	empty := filepath.Join(dir, "empty.json")
	if err := errors.Join(os.WriteFile(damaged, []byte("{"), 0o600), os.WriteFile(empty, []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	good := devidp.Options{Issuer: "http://127.0.0.1:1", Logger: slog.New(slog.DiscardHandler), Now: time.Now}
	for _, tc := range []struct {
		name   string
		change func(*devidp.Options)
		want   string
	}{
		{"public name", func(o *devidp.Options) { o.Issuer = "http://idp.example" }, "loopback"},
		{"public address", func(o *devidp.Options) { o.Issuer = "http://192.0.2.1:80" }, "loopback"},
		{"every address", func(o *devidp.Options) { o.Issuer = "http://0.0.0.0:80" }, "loopback"},
		{"name that only looks local", func(o *devidp.Options) { o.Issuer = "http://localhost.evil.example" }, "loopback"},
		{"query", func(o *devidp.Options) { o.Issuer = "http://127.0.0.1/?a" }, "without query"},
		{"no clock", func(o *devidp.Options) { o.Now = nil }, "incomplete"},
		{"damaged state", func(o *devidp.Options) { o.StateFile = damaged }, "damaged"},
		{"empty state", func(o *devidp.Options) { o.StateFile = empty }, "damaged"},
		{"no folder for the state", func(o *devidp.Options) { o.StateFile = filepath.Join(dir, "none", "x.json") }, "write state"},
	} {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			o := good
			tc.change(&o)
			if _, err := devidp.New(o); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	for _, issuer := range []string{"http://127.0.0.1:8091", "http://localhost:8091/idp", "http://[::1]:8091"} {
		o := good
		o.Issuer = issuer
		if _, err := devidp.New(o); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}
