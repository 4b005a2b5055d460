package devidp

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Person is somebody whom one can choose to be.
type Person struct {
	// ID becomes the claim "sub"; it is not empty, never changes and holds no colon.
	ID    string
	Email string
	Name  string
	// Groups becomes the claim "groups", such as "portal-hr".
	Groups []string
}

// Featured is a person with a big button of their own.
type Featured struct {
	Person
	// Title is the part that the person plays, such as "Team lead". The button's data-testid is "signin-as-" and the
	// title in lower case with hyphens.
	Title string
	// Hint says in a sentence what one can try out as this person.
	Hint string
}

// Client is a program that may ask people to sign in.
type Client struct {
	ID string
	// Secret is sent with HTTP basic authentication; empty for a public client.
	Secret string
	// Key is the public key of a client that proves itself with signed statements (private_key_jwt) instead of a secret.
	Key *jose.JSONWebKey
	// RedirectURIs and PostLogoutRedirectURIs, where people go after signing in and out, are compared exactly.
	RedirectURIs, PostLogoutRedirectURIs []string
	// BackChannelLogoutURI is told when a person signs out here; empty tells nobody.
	BackChannelLogoutURI string
}

// Options says what a provider works with.
type Options struct {
	// Issuer is the address under which the handler is reached, such as "http://127.0.0.1:8091", with or without a
	// path. Its host must be a loopback address or "localhost".
	Issuer string
	// StateFile keeps keys and tokens; it is created with access for its owner only. Empty keeps them in memory.
	StateFile string
	Clients   []Client
	// People returns everybody who can be searched for. It is called for each search and each token, so it should be
	// quick; nil means nobody beyond Featured.
	People   func() []Person
	Featured []Featured
	// OnToken is told of each access token, also of those from the state file when the provider starts; it may be
	// nil. The demo registers them with the emulator.
	OnToken func(token string, p Person)
	Logger  *slog.Logger
	// Now is the clock for the lifetime of what is stored; tokens carry the system's time.
	Now func() time.Time
}

// New makes the provider. The handler serves the paths of the issuer; requests for another host are refused.
func New(o Options) (http.Handler, error) {
	issuer, err := url.Parse(o.Issuer)
	if err != nil || issuer.Scheme != "http" || issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "" {
		return nil, fmt.Errorf("issuer %q: want an http address without query", o.Issuer)
	}
	if !loopback(issuer.Hostname()) {
		return nil, fmt.Errorf("issuer %q is not on a loopback address: anybody who reaches this provider can be anybody", o.Issuer)
	}
	if o.Logger == nil || o.Now == nil {
		return nil, errors.New("incomplete options: Logger and Now are required")
	}
	o.Issuer = strings.TrimSuffix(o.Issuer, "/")
	base := strings.TrimSuffix(issuer.Path, "/")
	st, err := openStorage(o, base)
	if err != nil {
		return nil, err
	}
	crypto := tokenCrypto{Crypto: op.NewAES256GCMCrypto(st.saved.cryptoKey(), "training"), issued: st.tokenIssued}
	provider, err := op.NewProvider(
		&op.Config{
			CryptoKey:               st.saved.cryptoKey(),
			CodeMethodS256:          true,
			GrantTypeRefreshToken:   true,
			AuthMethodPrivateKeyJWT: true,

			BackChannelLogoutSupported:        true,
			BackChannelLogoutSessionSupported: true,
			DefaultLogoutRedirectURI:          o.Issuer + "/signed-out",
			SupportedScopes:                   []string{"openid", "profile", "email", "offline_access"},
			SupportedClaims:                   []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "email", "email_verified", "name", "groups"},
		},
		st,
		op.StaticIssuer(o.Issuer),
		op.WithAllowInsecure(),
		op.WithCrypto(crypto),
		op.WithCORSOptions(nil),
	)
	if err != nil {
		return nil, fmt.Errorf("set up provider: %w", err)
	}
	st.announceTokens()
	pages := &pages{storage: st, base: base, issuer: o.Issuer, policy: contentPolicy(o.Clients)}
	mux := http.NewServeMux()
	mux.Handle("GET /login", pages.handle(pages.choose))
	mux.Handle("POST /login", http.NewCrossOriginProtection().Handler(pages.handle(pages.chosen)))
	mux.Handle("GET /signed-out", pages.handle(pages.signedOut))
	mux.HandleFunc("GET /assets/style.css", pages.style)
	mux.Handle("/", provider)
	return onlyHost(issuer.Host, http.StripPrefix(base, http.MaxBytesHandler(mux, 64<<10))), nil
}

// onlyHost refuses requests that came by another name, so that a hostile web page cannot reach the provider by
// pointing a name of its own at the loopback address.
func onlyHost(host string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.EqualFold(withPort(r.Host), withPort(host)) {
			http.Error(w, "This provider answers under its own address only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err != nil {
		return host + ":80"
	}
	return host
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// tokenCrypto tells of each access token at the only place where its final form is known.
type tokenCrypto struct {
	op.Crypto
	issued func(plain, token string)
}

// Encrypt implements op.Crypto.
func (c tokenCrypto) Encrypt(plain string) (string, error) {
	token, err := c.Crypto.Encrypt(plain)
	if err == nil {
		c.issued(plain, token)
	}
	return token, err
}
