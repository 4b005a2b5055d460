package auth

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/gtmhub-portal/portal/internal/fault"
)

const (
	clockSkew     = 5 * time.Minute // how far the provider's clock may differ from ours
	freshSkew     = time.Minute     // how much older than our request a fresh sign-in may look
	providerCall  = 10 * time.Second
	maxAnswer     = 1 << 20 // bytes of one answer of a provider
	retryAfter    = 5 * time.Second
	keysAtMost    = time.Minute // unknown keys are looked up at most once in this span
	maxSubject    = 255         // OpenID Connect Core 1.0, section 2
	maxEmail      = 254
	maxName       = 200
	maxGroups     = 2000
	maxGroupBytes = 256
)

// The sentences for people. What exactly was wrong is in the cause, for the log.
const (
	sayDown     = "The sign-in service does not answer at the moment. People who are signed in can go on working. Please try again in a few minutes."
	sayUnsafe   = "The sign-in service sent an answer that the portal cannot accept, so you are not signed in. Please start again; if it happens again, tell the operator of the portal."
	sayNotFresh = "The sign-in service did not confirm that you have just signed in again. Please try once more; if it happens again, tell the operator of the portal."
)

// provider is one configured provider, with what discovery told about it.
type provider struct {
	ProviderConfig
	redirectURL string
	client      *http.Client
	now         func() time.Time

	key *clientKey // nil without a private key

	mu        sync.Mutex
	meta      *metadata // nil until discovery succeeded
	failedAt  time.Time
	failure   error
	downUntil time.Time // groups are not asked for before
}

// metadata is what the discovery document says.
type metadata struct {
	oidc        *oidc.Provider
	keys        *keySet
	authStyle   oauth2.AuthStyle
	announceIss bool   // RFC 9207: the callback carries iss
	endSession  string // "" if there is none
}

func newProvider(c ProviderConfig, redirectURL string, client *http.Client, now func() time.Time) *provider {
	p := &provider{ProviderConfig: c, redirectURL: redirectURL, client: client, now: now}
	if c.PrivateKey != "" {
		p.key, _ = parseClientKey(c.PrivateKey) // checked before
	}
	return p
}

// discover reads the discovery document once and keeps it. A failure is remembered for a few seconds, so that a
// provider that is down is not asked again by everybody who waits.
func (p *provider) discover(ctx context.Context) (*metadata, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.meta != nil {
		return p.meta, nil
	}
	if p.failure != nil && p.now().Sub(p.failedAt) < retryAfter {
		return nil, p.failure
	}
	meta, err := p.readDiscovery(ctx)
	if err != nil {
		// Somebody who closed the page must not make the provider look down for the others.
		if ctx.Err() == nil {
			p.failure, p.failedAt = err, p.now()
		}
		return nil, err
	}
	p.meta, p.failure = meta, nil
	return meta, nil
}

func (p *provider) readDiscovery(ctx context.Context) (*metadata, error) {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.Issuer)
	if mismatch, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok {
		return nil, fault.Wrap(mismatch, fault.Forbidden, sayUnsafe)
	}
	if err != nil {
		return nil, fault.Wrap(fmt.Errorf("discover %s: %w", p.Issuer, brief(err)), fault.Unavailable, sayDown)
	}
	var doc struct {
		JWKS        string   `json:"jwks_uri"`
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
		AnnounceIss bool     `json:"authorization_response_iss_parameter_supported"`
		EndSession  string   `json:"end_session_endpoint"`
	}
	if err := found.Claims(&doc); err != nil {
		return nil, fault.Wrap(fmt.Errorf("read discovery of %s: %w", p.Issuer, err), fault.Unavailable, sayDown)
	}
	// The document steers where people and the client secret are sent.
	for _, endpoint := range []string{found.Endpoint().AuthURL, found.Endpoint().TokenURL, doc.JWKS} {
		if err := p.checkEndpoint(endpoint); err != nil {
			return nil, err
		}
	}
	for _, endpoint := range []string{found.UserInfoEndpoint(), doc.EndSession} {
		if endpoint == "" {
			continue
		}
		if err := p.checkEndpoint(endpoint); err != nil {
			return nil, err
		}
	}
	return &metadata{
		oidc:        found,
		keys:        newKeySet(doc.JWKS, p.client, p.now),
		authStyle:   authStyle(doc.AuthMethods, p.ClientSecret),
		announceIss: doc.AnnounceIss,
		endSession:  doc.EndSession,
	}, nil
}

func (p *provider) checkEndpoint(endpoint string) error {
	base, _, _ := strings.Cut(endpoint, "?") // some providers have a fixed query in their endpoints
	if err := checkURL(base, p.AllowPlainHTTP); err != nil {
		return fault.Wrap(fmt.Errorf("endpoint %q of %s: %w", endpoint, p.Issuer, err), fault.Forbidden, sayUnsafe)
	}
	return nil
}

// authStyle chooses how the client proves itself at the token endpoint. It is fixed beforehand because x/oauth2 would
// otherwise try both ways, and a second use of a code makes a good provider revoke the tokens of the first.
func authStyle(methods []string, secret Secret) oauth2.AuthStyle {
	if secret != "" && (len(methods) == 0 || slices.Contains(methods, "client_secret_basic")) {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

func (p *provider) oauth(meta *metadata) *oauth2.Config {
	endpoint := meta.oidc.Endpoint()
	endpoint.AuthStyle = meta.authStyle
	scopes := p.Scopes
	if scopes == nil {
		scopes = []string{"profile", "email"}
	}
	return &oauth2.Config{
		ClientID:     p.ClientID,
		ClientSecret: p.ClientSecret.Reveal(),
		Endpoint:     endpoint,
		RedirectURL:  p.redirectURL,
		Scopes:       slices.Compact(append([]string{oidc.ScopeOpenID}, scopes...)),
	}
}

// authURL is the address at the provider where the person signs in.
func (p *provider) authURL(ctx context.Context, state string, login PreLogin) (string, error) {
	meta, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(login.Nonce), oauth2.S256ChallengeOption(login.Verifier)}
	if login.Fresh {
		options = append(options, oauth2.SetAuthURLParam("max_age", "0"), oauth2.SetAuthURLParam("prompt", "login"))
	}
	return p.oauth(meta).AuthCodeURL(state, options...), nil
}

// checkIssuerParameter checks the iss parameter of the callback (RFC 9207), so that an answer of one provider cannot
// be passed off as another's.
func (p *provider) checkIssuerParameter(ctx context.Context, iss []string) error {
	meta, err := p.discover(ctx)
	if err != nil {
		return err
	}
	if len(iss) == 0 && meta.announceIss {
		return unsafe("callback without the announced iss")
	}
	for _, v := range iss {
		if v != p.Issuer {
			return unsafe("callback with another iss")
		}
	}
	return nil
}

// finish trades the code for tokens and says who the person is.
func (p *provider) finish(ctx context.Context, code string, login PreLogin) (Person, tokens, error) {
	meta, err := p.discover(ctx)
	if err != nil {
		return Person{}, tokens{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(login.Verifier)}
	if p.key != nil {
		assertion, err := p.key.assertion(p.ClientID, meta.oidc.Endpoint().TokenURL, p.now())
		if err != nil {
			return Person{}, tokens{}, err
		}
		options = append(options, oauth2.SetAuthURLParam("client_assertion_type", assertionType), oauth2.SetAuthURLParam("client_assertion", assertion))
	}
	got, err := p.oauth(meta).Exchange(ctx, code, options...)
	if err != nil {
		return Person{}, tokens{}, exchangeError(err)
	}
	raw, ok := got.Extra("id_token").(string)
	if !ok || raw == "" {
		return Person{}, tokens{}, unsafe("token answer without id_token")
	}
	token, err := p.verify(ctx, meta, raw)
	if err != nil {
		return Person{}, tokens{}, err
	}
	c, err := p.checkToken(token, got.AccessToken, login)
	if err != nil {
		return Person{}, tokens{}, err
	}
	kept := tokens{Access: got.AccessToken, Until: got.Expiry.UTC(), Refresh: got.RefreshToken, IDToken: raw}
	if !c.complete() && meta.oidc.UserInfoEndpoint() != "" {
		kept.FromInfo = c.Groups == nil
		if err := p.addUserInfo(ctx, meta, got, token.Subject, &c); err != nil {
			return Person{}, tokens{}, err
		}
		kept.FromInfo = kept.FromInfo && c.Groups != nil
	}
	person, err := p.person(token, c)
	return person, kept, err
}

// verify checks signature, issuer, audience and expiry of a token that the provider signed.
func (p *provider) verify(ctx context.Context, meta *metadata, raw string) (*oidc.IDToken, error) {
	keys := &onceKeySet{keySet: meta.keys}
	verifier := oidc.NewVerifier(p.Issuer, keys, &oidc.Config{
		ClientID: p.ClientID,
		// Fixed here, not taken from discovery: a document that lists weak algorithms must not weaken us.
		SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256},
		Now:                  p.now,
	})
	token, err := verifier.Verify(ctx, raw)
	if keys.down != nil {
		return nil, fault.Wrap(fmt.Errorf("fetch keys: %w", keys.down), fault.Unavailable, sayDown)
	}
	if err != nil {
		return nil, fault.Wrap(fmt.Errorf("verify id token: %w", brief(err)), fault.Forbidden, sayUnsafe)
	}
	return token, nil
}

// exchangeError drops the body of the provider's answer, which may echo what was sent.
func exchangeError(err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case ok && refused.Response != nil && refused.Response.StatusCode >= 500:
		return fault.Wrap(fmt.Errorf("trade the code: status %d", refused.Response.StatusCode), fault.Unavailable, sayDown)
	case ok:
		return unsafe("trade the code: " + safeCode(refused.ErrorCode))
	}
	if _, network := errors.AsType[*url.Error](err); network {
		return fault.Wrap(fmt.Errorf("trade the code: %w", err), fault.Unavailable, sayDown)
	}
	return fault.Wrap(fmt.Errorf("trade the code: %w", err), fault.Forbidden, sayUnsafe)
}

// brief cuts the text of an error that may quote what the provider sent.
func brief(err error) error {
	const most = 200
	if text := err.Error(); len(text) > most {
		return errors.New(text[:most] + "...")
	}
	return err
}

// safeCode passes an OAuth error code on if it looks like one.
func safeCode(code string) string {
	if len(code) > 40 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "unknown error"
	}
	return code
}

func unsafe(reason string) error {
	return fault.Wrap(errors.New(reason), fault.Forbidden, sayUnsafe)
}

// claims are the claims beyond those that go-oidc reads. Pointers tell "absent" from "empty".
type claims struct {
	Exp           *json.Number `json:"exp"`
	Iat           *json.Number `json:"iat"`
	Azp           string       `json:"azp"`
	Sid           string       `json:"sid"`
	AuthTime      *json.Number `json:"auth_time"`
	Email         *string      `json:"email"`
	EmailVerified *loose       `json:"email_verified"`
	Name          *string      `json:"name"`
	Groups        *stringList  `json:"groups"`
}

func (c claims) complete() bool {
	return c.Email != nil && c.EmailVerified != nil && c.Name != nil && c.Groups != nil
}

// loose reads a boolean that some providers send as a string (AWS Cognito does).
type loose bool

func (b *loose) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true", `"true"`:
		*b = true
	case "false", `"false"`:
		*b = false
	default:
		return errors.New("neither true nor false")
	}
	return nil
}

// stringList reads a list of strings, or one string as a list of one.
type stringList []string

func (l *stringList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = stringList{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return errors.New("no list of strings")
	}
	*l = many
	return nil
}

// checkToken makes the checks of a sign-in that go-oidc leaves to its callers.
func (p *provider) checkToken(t *oidc.IDToken, accessToken string, login PreLogin) (claims, error) {
	if subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(login.Nonce)) != 1 {
		return claims{}, unsafe("nonce differs")
	}
	c, err := p.checkClaims(t, accessToken)
	if err != nil || !login.Fresh {
		return c, err
	}
	authTime, _ := c.authTime() // checked before
	return c, p.checkFresh(authTime, t.IssuedAt, login)
}

// checkClaims makes the checks that hold for every ID token, that of a refresh too.
func (p *provider) checkClaims(t *oidc.IDToken, accessToken string) (claims, error) {
	c, err := p.claimsOf(t)
	if err != nil {
		return c, fault.Wrap(fmt.Errorf("read claims: %w", err), fault.Forbidden, sayUnsafe)
	}
	now := p.now()
	switch {
	case t.Issuer != p.Issuer: // go-oidc lets one well-known provider leave out its scheme
		return c, unsafe("another issuer")
	case t.Subject == "" || len(t.Subject) > maxSubject || !printable(t.Subject):
		return c, unsafe("sub is missing or malformed")
	case c.Exp == nil:
		return c, unsafe("exp is missing")
	case c.Iat == nil:
		return c, unsafe("iat is missing")
	case t.IssuedAt.Before(now.Add(-clockSkew)) || t.IssuedAt.After(now.Add(clockSkew)):
		return c, unsafe("iat is more than five minutes away")
	case len(t.Audience) != 1 && c.Azp != p.ClientID:
		return c, unsafe("several audiences and azp is not us")
	case c.Azp != "" && c.Azp != p.ClientID:
		return c, unsafe("azp is not us")
	case len(c.Sid) > maxSubject || !printable(c.Sid):
		return c, unsafe("sid is malformed")
	}
	if t.AccessTokenHash != "" {
		if err := t.VerifyAccessToken(accessToken); err != nil {
			return c, unsafe("at_hash differs")
		}
	}
	authTime, err := c.authTime()
	if err != nil || authTime.After(now.Add(clockSkew)) {
		return c, unsafe("auth_time is malformed or in the future")
	}
	return c, nil
}

// claimsOf reads the claims, with the groups from the claim that the settings name.
func (p *provider) claimsOf(from interface{ Claims(any) error }) (claims, error) {
	var c claims
	if err := from.Claims(&c); err != nil {
		return c, err
	}
	if p.GroupsClaim == "" || p.GroupsClaim == "groups" {
		return c, nil
	}
	var all map[string]json.RawMessage
	if err := from.Claims(&all); err != nil {
		return c, err
	}
	c.Groups = nil
	if raw, ok := all[p.GroupsClaim]; ok && string(raw) != "null" {
		c.Groups = &stringList{}
		return c, json.Unmarshal(raw, c.Groups)
	}
	return c, nil
}

func (p *provider) checkFresh(authTime, issuedAt time.Time, login PreLogin) error {
	notFresh := func(reason string) error {
		return fault.Wrap(errors.New(reason), fault.Forbidden, sayNotFresh)
	}
	switch {
	case !authTime.IsZero() && authTime.Before(login.CreatedAt.Add(-freshSkew)):
		return notFresh("auth_time is before the request for a fresh sign-in")
	case !authTime.IsZero():
		return nil
	case !p.FreshFallback:
		return notFresh("auth_time is missing")
	case p.now().Sub(issuedAt) >= time.Minute:
		return notFresh("auth_time is missing and iat is a minute old")
	default:
		return nil
	}
}

// authTime is zero if the claim is absent.
func (c claims) authTime() (time.Time, error) {
	if c.AuthTime == nil {
		return time.Time{}, nil
	}
	seconds, err := c.AuthTime.Float64()
	if err != nil || seconds <= 0 || seconds > 1<<40 {
		return time.Time{}, errors.New("no time")
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

// addUserInfo fills in the claims that the ID token left out. An address and what is said about it always come from
// the same place, or from two places that name the same address.
func (p *provider) addUserInfo(ctx context.Context, meta *metadata, token *oauth2.Token, subject string, c *claims) error {
	info, err := meta.oidc.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		if _, network := errors.AsType[*url.Error](err); network {
			return fault.Wrap(fmt.Errorf("read userinfo: %w", err), fault.Unavailable, sayDown)
		}
		return unsafe("userinfo cannot be read")
	}
	if info.Subject != subject {
		return unsafe("userinfo is about somebody else")
	}
	more, err := p.claimsOf(info)
	if err != nil {
		return fault.Wrap(fmt.Errorf("read userinfo claims: %w", err), fault.Forbidden, sayUnsafe)
	}
	switch {
	case c.Email == nil:
		c.Email, c.EmailVerified = more.Email, more.EmailVerified
	case c.EmailVerified == nil && more.Email != nil && FoldEmail(*more.Email) == FoldEmail(*c.Email):
		c.EmailVerified = more.EmailVerified
	}
	if c.Name == nil {
		c.Name = more.Name
	}
	if c.Groups == nil {
		c.Groups = more.Groups
	}
	return nil
}

func (p *provider) person(t *oidc.IDToken, c claims) (Person, error) {
	person := Person{Issuer: p.Issuer, Subject: t.Subject, IssuedAt: t.IssuedAt.UTC(), SessionID: c.Sid}
	person.AuthTime, _ = c.authTime() // checked before
	if c.Email != nil {
		email := strings.TrimSpace(*c.Email)
		if len(email) > maxEmail || !printable(email) {
			return Person{}, unsafe("email is malformed")
		}
		person.Email = email
		person.EmailVerified = email != "" &&
			(c.EmailVerified != nil && bool(*c.EmailVerified) || c.EmailVerified == nil && p.TrustUnverifiedEmail)
	}
	if c.Name != nil {
		person.Name = shortName(*c.Name)
	}
	var err error
	person.Groups, err = cleanGroups(c.Groups)
	return person, err
}

// cleanGroups admits group names that can be stored and shown; nil is no groups.
func cleanGroups(claim *stringList) ([]string, error) {
	if claim == nil {
		return nil, nil
	}
	if len(*claim) > maxGroups {
		return nil, unsafe("too many groups")
	}
	var groups []string
	for _, g := range *claim {
		if len(g) > maxGroupBytes || !printable(g) {
			return nil, unsafe("a group name is malformed")
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// mayLink says whether the person's address may make a link: it is verified and in an allowed domain. It must be
// ASCII too, because whoever looks users up may fold letters more freely than we do.
func (p *provider) mayLink(person Person) bool {
	email := person.Email
	if !person.EmailVerified || !isASCII(email) {
		return false
	}
	if len(p.AllowedDomains) == 0 {
		return true
	}
	at := strings.LastIndexByte(email, '@')
	return at >= 0 && slices.ContainsFunc(p.AllowedDomains, func(d string) bool {
		return strings.EqualFold(strings.TrimPrefix(d, "@"), email[at+1:])
	})
}

// FoldEmail is the form in which two addresses are compared: trimmed, and with ASCII letters in lower case. Other
// letters stay: Unicode folding makes different addresses equal (the Kelvin sign becomes "k").
func FoldEmail(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, strings.TrimSpace(s))
}

// isASCII says whether s has ASCII bytes only.
func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// printable says whether s is valid text without control characters.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\uFFFD' }) < 0
}

func shortName(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, s))
	if runes := []rune(s); len(runes) > maxName {
		s = string(runes[:maxName])
	}
	return s
}

// keySet is the provider's keys. go-oidc fetches them whenever a signature does not verify; this one allows that once
// a minute, so that forged tokens cannot make us flood the provider.
type keySet struct {
	remote *oidc.RemoteKeySet
}

var errKeysFresh = errors.New("keys were fetched less than a minute ago")

func newKeySet(address string, client *http.Client, now func() time.Time) *keySet {
	throttled := *client
	throttled.Transport = &throttle{next: client.Transport, now: now}
	return &keySet{remote: oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), &throttled), address)}
}

// onceKeySet is the key set for one sign-in; it keeps the reason why the keys could not be fetched, because go-oidc
// passes only its text on.
type onceKeySet struct {
	*keySet
	down error
}

// VerifySignature implements oidc.KeySet.
func (k *onceKeySet) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.remote.VerifySignature(ctx, jwt)
	if errors.Is(err, errKeysFresh) {
		// Another sign-in may have fetched new keys between our look at the old ones and our attempt to fetch.
		payload, err = k.remote.VerifySignature(ctx, jwt)
	}
	if _, network := errors.AsType[*url.Error](err); network && !errors.Is(err, errKeysFresh) {
		k.down = err
	}
	return payload, err
}

// throttle lets one successful call through per span.
type throttle struct {
	next http.RoundTripper
	now  func() time.Time

	mu   sync.Mutex
	last time.Time
}

// RoundTrip implements http.RoundTripper.
func (t *throttle) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now().Sub(t.last) < keysAtMost {
		return nil, errKeysFresh
	}
	resp, err := t.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusOK {
		t.last = t.now()
	}
	return resp, err
}

// limitClient makes a client that follows no redirect, waits at most ten seconds and reads at most a megabyte.
func limitClient(client *http.Client) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	limited := *client
	if limited.Timeout <= 0 || limited.Timeout > providerCall {
		limited.Timeout = providerCall
	}
	limited.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	limited.Jar = nil
	next := limited.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	limited.Transport = limitTransport{next: next}
	return &limited
}

type limitTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t limitTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if r.Method == http.MethodGet && resp.StatusCode >= 500 {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("status %d", resp.StatusCode) // the same as no answer
	}
	body := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(body, maxAnswer), body}
	if r.Method == http.MethodGet && resp.StatusCode != http.StatusOK {
		// go-oidc puts the body of a refusal into its error, and errors are logged.
		resp.Body = struct {
			io.Reader
			io.Closer
		}{strings.NewReader(""), body}
	}
	return resp, nil
}
