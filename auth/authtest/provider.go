package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Script says where the provider departs from good behaviour. Every function may be nil.
type Script struct {
	// Discovery changes the discovery document.
	Discovery func(doc map[string]any)
	// Callback changes the parameters with which the browser is sent back.
	Callback func(q url.Values)
	// Claims changes the claims of the ID token.
	Claims func(c map[string]any)
	// Sign makes the ID token instead of the current key.
	Sign func(claims map[string]any) string
	// Answer changes the answer of the token endpoint.
	Answer func(body map[string]any)
	// Refresh gives refresh tokens, which work once. Refreshed changes the answer to one, without being given the claims.
	Refresh   bool
	Refreshed func(body map[string]any)
	// UserInfo changes the answer of the userinfo endpoint.
	UserInfo func(body map[string]any)
	// Status makes the path of an endpoint, such as "/token", answer with this status and nothing else.
	Status map[string]int
}

// Provider is an OpenID provider on httptest that signs in its one person without asking, and misbehaves as its
// Script says. It checks PKCE, the client's secret and that each code is used once.
type Provider struct {
	// URL is the issuer.
	URL string

	now    func() time.Time
	server *httptest.Server

	mu        sync.Mutex
	script    Script
	person    map[string]any
	signing   Key
	published []Key
	codes     map[string]url.Values
	refresh   map[string]bool
	clientKey crypto.PublicKey
	calls     map[string]int

	clientAuth string
	noSecret   bool
	assertions map[string]bool // ids of client assertions that were used
}

// The client that the provider knows.
const (
	ClientID     = "portal"
	ClientSecret = "secret of the client" //nolint:gosec // a test's
)

// NewProvider starts a provider that ends with the test. Its person is "sub-anna", anna@example.com, verified, named
// "Anna Ahrens", in the group "portal-hr", with all of it in the ID token.
func NewProvider(t testing.TB, now func() time.Time) *Provider {
	t.Helper()
	key := NewRSAKey("first")
	p := &Provider{
		now: now, signing: key, published: []Key{key},
		codes: map[string]url.Values{}, calls: map[string]int{}, refresh: map[string]bool{}, assertions: map[string]bool{},
		person: map[string]any{
			"sub": "sub-anna", "sid": "sid-1", "email": "anna@example.com", "email_verified": true,
			"name": "Anna Ahrens", "groups": []string{"portal-hr"},
		},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userInfo)
	mux.HandleFunc("GET /keys", p.keys)
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.calls[r.URL.Path]++
		status := p.script.Status[r.URL.Path]
		p.mu.Unlock()
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	p.URL = p.server.URL
	return p
}

// SetScript changes the behaviour from now on.
func (p *Provider) SetScript(s Script) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.script = s
}

// SetPerson changes claims of the person; a nil value removes the claim.
func (p *Provider) SetPerson(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, value := range claims {
		if value == nil {
			delete(p.person, name)
			continue
		}
		p.person[name] = value
	}
}

// SetKeys changes the signing key and the keys that are published.
func (p *Provider) SetKeys(signing Key, published ...Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signing, p.published = signing, published
}

// Calls says how often a path was called.
func (p *Provider) Calls(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// SetClientKey makes the client one that proves itself with this key instead of its secret; nil makes it a public one.
func (p *Provider) SetClientKey(key crypto.PublicKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clientKey, p.noSecret = key, true
}

// EndRefresh makes all refresh tokens invalid, as a provider does for people that it has shut out.
func (p *Provider) EndRefresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.refresh)
}

// ClientAuth says how the client proved itself at the token endpoint last: "basic", "post", "key" or "none".
func (p *Provider) ClientAuth() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clientAuth
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	doc := map[string]any{
		"issuer":                                p.URL,
		"authorization_endpoint":                p.URL + "/authorize",
		"token_endpoint":                        p.URL + "/token",
		"userinfo_endpoint":                     p.URL + "/userinfo",
		"jwks_uri":                              p.URL + "/keys",
		"end_session_endpoint":                  p.URL + "/end",
		"response_types_supported":              []string{"code"},
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic"},
	}
	if change := p.current().Discovery; change != nil {
		change(doc)
	}
	answer(w, http.StatusOK, doc)
}

func (p *Provider) current() Script {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.script
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
		q.Get("code_challenge") == "" || q.Get("nonce") == "" || q.Get("state") == "" {
		http.Error(w, "the request lacks something that must always be there", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	if change := p.current().Callback; change != nil {
		change(back)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	secret, _ = url.QueryUnescape(secret) // RFC 6749, section 2.3.1
	p.mu.Lock()
	p.clientAuth = "basic"
	if !basic {
		id, secret, p.clientAuth = r.PostFormValue("client_id"), r.PostFormValue("client_secret"), "post"
	}
	p.mu.Unlock()
	if !p.knows(id, secret, r) {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	if r.PostFormValue("grant_type") == "refresh_token" {
		p.refreshed(w, r.PostFormValue("refresh_token"))
		return
	}
	code := r.PostFormValue("code")
	p.mu.Lock()
	asked, ok := p.codes[code]
	delete(p.codes, code)
	signing := p.signing
	claims := maps.Clone(p.person)
	p.mu.Unlock()
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) ||
		asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	now := p.now()
	maps.Copy(claims, map[string]any{
		"iss": p.URL, "aud": ClientID, "nonce": asked.Get("nonce"),
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "auth_time": now.Unix(),
	})
	script := p.current()
	if script.Claims != nil {
		script.Claims(claims)
	}
	sign := signing.Sign
	if script.Sign != nil {
		sign = script.Sign
	}
	body := map[string]any{"access_token": "access-" + rand.Text(), "token_type": "Bearer", "expires_in": 3600, "id_token": sign(claims)}
	if script.Refresh {
		token := "refresh-" + rand.Text()
		p.mu.Lock()
		p.refresh[token] = true
		p.mu.Unlock()
		body["refresh_token"] = token
	}
	if script.Answer != nil {
		script.Answer(body)
	}
	answer(w, http.StatusOK, body)
}

// knows says whether the client proved itself.
func (p *Provider) knows(id, secret string, r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id != ClientID {
		return false
	}
	if !p.noSecret {
		return subtle.ConstantTimeCompare([]byte(secret), []byte(ClientSecret)) == 1
	}
	if p.clientKey == nil {
		p.clientAuth = "none"
		return secret == "" && r.PostFormValue("client_assertion") == ""
	}
	p.clientAuth = "key"
	signed, err := jose.ParseSigned(r.PostFormValue("client_assertion"), []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil || secret != "" || r.PostFormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return false
	}
	payload, err := signed.Verify(p.clientKey)
	var c struct {
		Iss, Sub, Aud, Jti string
		Exp                int64
	}
	if err != nil || json.Unmarshal(payload, &c) != nil || p.assertions[c.Jti] {
		return false
	}
	p.assertions[c.Jti] = true
	return c.Iss == ClientID && c.Sub == ClientID && c.Aud == p.URL+"/token" && c.Jti != "" && time.Unix(c.Exp, 0).After(p.now())
}

// refreshed trades a refresh token for the next, with a new ID token.
func (p *Provider) refreshed(w http.ResponseWriter, token string) {
	p.mu.Lock()
	known := p.refresh[token]
	delete(p.refresh, token)
	signing, claims := p.signing, maps.Clone(p.person)
	next := "refresh-" + rand.Text()
	if known {
		p.refresh[next] = true
	}
	p.mu.Unlock()
	if !known {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	now := p.now()
	maps.Copy(claims, map[string]any{"iss": p.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	script := p.current()
	if script.Claims != nil {
		script.Claims(claims)
	}
	sign := signing.Sign
	if script.Sign != nil {
		sign = script.Sign
	}
	body := map[string]any{"access_token": "access-" + rand.Text(), "token_type": "Bearer", "expires_in": 3600, "refresh_token": next, "id_token": sign(claims)}
	if script.Refreshed != nil {
		script.Refreshed(body)
	}
	answer(w, http.StatusOK, body)
}

func (p *Provider) userInfo(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	body := maps.Clone(p.person)
	p.mu.Unlock()
	if change := p.current().UserInfo; change != nil {
		change(body)
	}
	answer(w, http.StatusOK, body)
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set := jose.JSONWebKeySet{}
	for _, k := range p.published {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.private.Public(), KeyID: k.ID, Use: "sig", Algorithm: string(k.alg)})
	}
	answer(w, http.StatusOK, set)
}

// Key signs ID tokens. An empty ID publishes and signs without "kid".
type Key struct {
	ID      string
	alg     jose.SignatureAlgorithm
	private crypto.Signer
}

// rsaKeys spares the tests the making of an RSA key each time.
var rsaKeys = sync.OnceValue(func() map[string]*rsa.PrivateKey {
	keys := map[string]*rsa.PrivateKey{}
	for _, name := range []string{"", "first", "second", "foreign"} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[name] = key
	}
	return keys
})

// NewRSAKey returns the RS256 key of this name: "", "first", "second" or "foreign". The same name is the same key.
func NewRSAKey(name string) Key {
	return Key{ID: name, alg: jose.RS256, private: rsaKeys()[name]}
}

// NewECKey makes an ES256 key.
func NewECKey(id string) Key {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return Key{ID: id, alg: jose.ES256, private: key}
}

// WithID returns the same key under another "kid".
func (k Key) WithID(id string) Key {
	k.ID = id
	return k
}

// WithAlgorithm returns the same key signing with another algorithm.
func (k Key) WithAlgorithm(alg jose.SignatureAlgorithm) Key {
	k.alg = alg
	return k
}

// Public is the key that verifies.
func (k Key) Public() crypto.PublicKey { return k.private.Public() }

// Sign makes a signed token.
func (k Key) Sign(claims map[string]any) string { return k.SignWith(claims, nil) }

// SignWith makes a signed token with more header fields.
func (k Key) SignWith(claims map[string]any, header map[jose.HeaderKey]any) string {
	options := &jose.SignerOptions{ExtraHeaders: header}
	return sign(claims, jose.SigningKey{Algorithm: k.alg, Key: jose.JSONWebKey{Key: k.private, KeyID: k.ID}}, options)
}

// SignEmbedded makes a signed token that carries its own public key in the header ("jwk").
func (k Key) SignEmbedded(claims map[string]any) string {
	return sign(claims, jose.SigningKey{Algorithm: k.alg, Key: k.private}, &jose.SignerOptions{EmbedJWK: true})
}

// SignHMAC makes a token signed with HS256.
func SignHMAC(claims map[string]any, secret []byte) string {
	return sign(claims, jose.SigningKey{Algorithm: jose.HS256, Key: secret}, nil)
}

// SignNone makes a token with the algorithm "none".
func SignNone(claims map[string]any) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode(mustJSON(claims)) + "."
}

func sign(claims map[string]any, key jose.SigningKey, options *jose.SignerOptions) string {
	signer, err := jose.NewSigner(key, options)
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(mustJSON(claims))
	if err != nil {
		panic(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return token
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
