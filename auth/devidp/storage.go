package devidp

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	loginLives   = 10 * time.Minute
	accessLives  = 12 * time.Hour // as long as the longest session of the portal
	refreshLives = 24 * time.Hour
	maxLogins    = 1000 // sign-ins under way at once
)

var (
	_ op.Storage                   = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest = (*storage)(nil)

	errNoToken = errors.New("no such token")
	errNoLogin = errors.New("no such sign-in")
)

// storage keeps sign-ins that are under way in memory and tokens in the state file.
type storage struct {
	o    Options
	base string
	key  *ecdsa.PrivateKey

	mu     sync.Mutex
	saved  *state
	logins map[string]login  // by id
	codes  map[string]string // code to id of the login
}

func openStorage(o Options, base string) (*storage, error) {
	saved, key, err := readState(o.StateFile)
	if err != nil {
		return nil, err
	}
	saved.prune(o.Now())
	if err := saved.write(o.StateFile); err != nil {
		return nil, err
	}
	return &storage{o: o, base: base, key: key, saved: saved, logins: map[string]login{}, codes: map[string]string{}}, nil
}

// login is one sign-in; it implements op.AuthRequest. It is a value: a copy that was handed out never changes.
type login struct {
	id       string
	request  *oidc.AuthRequest
	started  time.Time
	subject  string // "" until a person was chosen
	sid      string // the session that this sign-in starts
	authTime time.Time
}

func (l login) GetID() string                      { return l.id }
func (l login) GetACR() string                     { return "" }
func (l login) GetAMR() []string                   { return nil }
func (l login) GetAudience() []string              { return []string{l.request.ClientID} }
func (l login) GetAuthTime() time.Time             { return l.authTime }
func (l login) GetClientID() string                { return l.request.ClientID }
func (l login) GetNonce() string                   { return l.request.Nonce }
func (l login) GetRedirectURI() string             { return l.request.RedirectURI }
func (l login) GetResponseType() oidc.ResponseType { return l.request.ResponseType }
func (l login) GetResponseMode() oidc.ResponseMode { return l.request.ResponseMode }
func (l login) GetScopes() []string                { return l.request.Scopes }
func (l login) GetState() string                   { return l.request.State }
func (l login) sessionID() string                  { return l.sid }
func (l login) GetSubject() string                 { return l.subject }
func (l login) Done() bool                         { return l.subject != "" }
func (l login) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: l.request.CodeChallenge, Method: l.request.CodeChallengeMethod}
}

// person finds somebody by id, among the featured people first.
func (s *storage) person(id string) (Person, bool) {
	for _, f := range s.o.Featured {
		if f.ID == id {
			return f.Person, true
		}
	}
	if s.o.People != nil {
		for _, p := range s.o.People() {
			if p.ID == id {
				return p, true
			}
		}
	}
	return Person{}, false
}

// search finds at most limit people whose name or address holds q.
func (s *storage) search(q string, limit int) []Person {
	q = strings.ToLower(strings.TrimSpace(q))
	if q == "" || s.o.People == nil {
		return nil
	}
	var found []Person
	for _, p := range s.o.People() {
		if len(found) == limit {
			break
		}
		if strings.Contains(strings.ToLower(p.Name), q) || strings.Contains(strings.ToLower(p.Email), q) {
			found = append(found, p)
		}
	}
	return found
}

// choose makes the person who sits at the browser the one with this id.
func (s *storage) choose(loginID, personID string) error {
	if _, ok := s.person(personID); !ok {
		return errors.New("no such person")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.login(loginID)
	if err != nil {
		return err
	}
	l.subject, l.authTime = personID, s.o.Now().UTC()
	s.logins[loginID] = l
	return nil
}

// login returns a living sign-in; the caller holds the lock.
func (s *storage) login(id string) (login, error) {
	l, ok := s.logins[id]
	if !ok || s.o.Now().Sub(l.started) > loginLives {
		return login{}, errNoLogin
	}
	return l, nil
}

// CreateAuthRequest implements op.AuthStorage.
func (s *storage) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if slices.Contains(r.Prompt, oidc.PromptNone) {
		return nil, oidc.ErrLoginRequired() // this provider keeps no sessions of its own
	}
	if r.CodeChallenge == "" || r.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE with S256 is required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetOldLogins()
	if len(s.logins) >= maxLogins {
		return nil, oidc.ErrServerError().WithDescription("too many sign-ins at once")
	}
	l := login{id: rand.Text(), sid: rand.Text(), request: r, started: s.o.Now()}
	s.logins[l.id] = l
	return l, nil
}

func (s *storage) forgetOldLogins() {
	for id := range s.logins {
		if _, err := s.login(id); err != nil {
			s.forgetLogin(id)
		}
	}
}

func (s *storage) forgetLogin(id string) {
	delete(s.logins, id)
	for code, of := range s.codes {
		if of == id {
			delete(s.codes, code)
		}
	}
}

// AuthRequestByID implements op.AuthStorage.
func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login(id)
}

// AuthRequestByCode implements op.AuthStorage.
func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.codes[code]
	if !ok {
		return nil, errNoLogin
	}
	return s.login(id)
}

// SaveAuthCode implements op.AuthStorage.
func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

// DeleteAuthRequest implements op.AuthStorage; it makes a code work once.
func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLogin(id)
	return nil
}

// CreateAccessToken implements op.AuthStorage.
func (s *storage) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, expires := s.addAccess(r)
	return id, expires, s.saved.write(s.o.StateFile)
}

// addAccess adds an access token, without the token itself yet; the caller holds the lock.
func (s *storage) addAccess(r op.TokenRequest) (string, time.Time) {
	s.saved.prune(s.o.Now())
	id, expires := rand.Text(), s.o.Now().UTC().Add(accessLives)
	s.saved.Access[id] = &accessToken{Client: clientOf(r), Subject: r.GetSubject(), Scopes: r.GetScopes(), Expires: expires}
	return id, expires
}

func clientOf(r op.TokenRequest) string {
	if with, ok := r.(interface{ GetClientID() string }); ok {
		return with.GetClientID()
	}
	return ""
}

// CreateAccessAndRefreshTokens implements op.AuthStorage. A refresh token works once and is replaced by the next.
func (s *storage) CreateAccessAndRefreshTokens(_ context.Context, r op.TokenRequest, current string) (string, string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	authTime := time.Time{}
	if with, ok := r.(interface{ GetAuthTime() time.Time }); ok {
		authTime = with.GetAuthTime()
	}
	if current != "" {
		old, ok := s.saved.Refresh[current]
		if !ok {
			return "", "", time.Time{}, errNoToken
		}
		delete(s.saved.Access, old.Access)
		delete(s.saved.Refresh, current)
	}
	id, expires := s.addAccess(r)
	next := rand.Text()
	s.saved.Refresh[next] = &refreshToken{
		Access: id, Client: clientOf(r), Subject: r.GetSubject(), Scopes: r.GetScopes(),
		AuthTime: authTime, Expires: s.o.Now().UTC().Add(refreshLives), Session: sessionOf(r),
	}
	return id, next, expires, s.saved.write(s.o.StateFile)
}

// sessionOf is the session that a sign-in or a refresh token belongs to.
func sessionOf(r any) string {
	if with, ok := r.(interface{ sessionID() string }); ok {
		return with.sessionID()
	}
	return ""
}

// tokenIssued is told of everything that the library encrypts; access tokens are "id:subject".
func (s *storage) tokenIssued(plain, token string) {
	id, _, _ := strings.Cut(plain, ":")
	s.mu.Lock()
	t, ok := s.saved.Access[id]
	subject := ""
	if ok {
		t.Token, subject = token, t.Subject
		if err := s.saved.write(s.o.StateFile); err != nil {
			s.o.Logger.Error("keep token", "error", err)
		}
	}
	s.mu.Unlock()
	if ok {
		s.announce(token, subject)
	}
}

func (s *storage) announce(token, subject string) {
	if s.o.OnToken == nil {
		return
	}
	if p, ok := s.person(subject); ok {
		s.o.OnToken(token, p)
	}
}

// announceTokens announces the tokens of before the restart.
func (s *storage) announceTokens() {
	for _, t := range s.saved.Access {
		if t.Token != "" {
			s.announce(t.Token, t.Subject)
		}
	}
}

// refreshRequest shows a refresh token to the library.
type refreshRequest struct {
	refreshToken
	scopes []string
}

func (r *refreshRequest) GetAMR() []string             { return nil }
func (r *refreshRequest) GetAudience() []string        { return []string{r.Client} }
func (r *refreshRequest) GetAuthTime() time.Time       { return r.AuthTime }
func (r *refreshRequest) GetClientID() string          { return r.Client }
func (r *refreshRequest) GetScopes() []string          { return r.scopes }
func (r *refreshRequest) GetSubject() string           { return r.Subject }
func (r *refreshRequest) sessionID() string            { return r.Session }
func (r *refreshRequest) SetCurrentScopes(sc []string) { r.scopes = sc }

// TokenRequestByRefreshToken implements op.AuthStorage.
func (s *storage) TokenRequestByRefreshToken(_ context.Context, token string) (op.RefreshTokenRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.saved.Refresh[token]
	if !ok || !s.o.Now().Before(t.Expires) {
		return nil, op.ErrInvalidRefreshToken
	}
	return &refreshRequest{refreshToken: *t, scopes: t.Scopes}, nil
}

// TerminateSession implements op.AuthStorage.
func (s *storage) TerminateSession(_ context.Context, subject, clientID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.saved.Access {
		if t.Subject == subject && t.Client == clientID {
			delete(s.saved.Access, id)
		}
	}
	for token, t := range s.saved.Refresh {
		if t.Subject == subject && t.Client == clientID {
			delete(s.saved.Refresh, token)
		}
	}
	return s.saved.write(s.o.StateFile)
}

// GetRefreshTokenInfo implements op.AuthStorage.
func (s *storage) GetRefreshTokenInfo(_ context.Context, clientID, token string) (string, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.saved.Refresh[token]
	if !ok || t.Client != clientID {
		return "", "", op.ErrInvalidRefreshToken
	}
	return t.Subject, token, nil
}

// RevokeToken implements op.AuthStorage; a token that is gone already is no error.
func (s *storage) RevokeToken(_ context.Context, token, _, clientID string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.saved.Access[token]; ok && t.Client == clientID {
		delete(s.saved.Access, token)
	}
	if t, ok := s.saved.Refresh[token]; ok && t.Client == clientID {
		delete(s.saved.Access, t.Access)
		delete(s.saved.Refresh, token)
	}
	if err := s.saved.write(s.o.StateFile); err != nil {
		return oidc.ErrServerError().WithParent(err)
	}
	return nil
}

// signingKey implements op.SigningKey.
type signingKey struct {
	id  string
	key *ecdsa.PrivateKey
}

func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) ID() string                                  { return k.id }

// publicKey implements op.Key.
type publicKey struct{ signingKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.key.PublicKey }

// SigningKey implements op.AuthStorage.
func (s *storage) SigningKey(context.Context) (op.SigningKey, error) {
	return signingKey{id: s.saved.KeyID, key: s.key}, nil
}

// SignatureAlgorithms implements op.AuthStorage.
func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

// KeySet implements op.AuthStorage.
func (s *storage) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{publicKey{signingKey{id: s.saved.KeyID, key: s.key}}}, nil
}

// GetClientByClientID implements op.OPStorage.
func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	for _, c := range s.o.Clients {
		if c.ID == id {
			return client{Client: c, base: s.base}, nil
		}
	}
	return nil, errors.New("no such client")
}

// AuthorizeClientIDSecret implements op.OPStorage.
func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	for _, c := range s.o.Clients {
		if c.ID == id && c.Secret != "" && subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) == 1 {
			return nil
		}
	}
	return errors.New("unknown client or wrong secret")
}

// SetUserinfoFromScopes implements op.OPStorage; the library asks that SetUserinfoFromRequest is used instead.
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

// SetUserinfoFromRequest puts the claims into the ID token.
func (s *storage) SetUserinfoFromRequest(_ context.Context, info *oidc.UserInfo, r op.IDTokenRequest, scopes []string) error {
	if sid := sessionOf(r); sid != "" {
		info.AppendClaims("sid", sid)
	}
	return s.setClaims(info, r.GetSubject(), scopes)
}

// SetUserinfoFromToken implements op.OPStorage: the userinfo endpoint.
func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, tokenID, subject, _ string) error {
	t, err := s.access(tokenID, subject)
	if err != nil {
		return err
	}
	return s.setClaims(info, t.Subject, t.Scopes)
}

func (s *storage) access(id, subject string) (accessToken, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.saved.Access[id]
	if !ok || t.Subject != subject || !s.o.Now().Before(t.Expires) {
		return accessToken{}, errNoToken
	}
	return *t, nil
}

func (s *storage) setClaims(info *oidc.UserInfo, subject string, scopes []string) error {
	p, ok := s.person(subject)
	if !ok {
		return fmt.Errorf("person %s is gone", subject)
	}
	info.Subject = p.ID
	if slices.Contains(scopes, oidc.ScopeEmail) {
		info.Email, info.EmailVerified = p.Email, true
	}
	if slices.Contains(scopes, oidc.ScopeProfile) {
		info.Name = p.Name
	}
	groups := p.Groups
	if groups == nil {
		groups = []string{} // "no groups" is said, not left open
	}
	info.AppendClaims("groups", groups)
	return nil
}

// SetIntrospectionFromToken implements op.OPStorage.
func (s *storage) SetIntrospectionFromToken(_ context.Context, answer *oidc.IntrospectionResponse, tokenID, subject, clientID string) error {
	t, err := s.access(tokenID, subject)
	if err != nil {
		return err
	}
	if t.Client != clientID {
		return errNoToken
	}
	answer.Subject, answer.ClientID, answer.Scope = t.Subject, t.Client, t.Scopes
	return nil
}

// GetPrivateClaimsFromScopes implements op.OPStorage: access tokens here are opaque and carry no claims.
func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

// GetKeyByIDAndClientID implements op.OPStorage: the key of a client that signs.
func (s *storage) GetKeyByIDAndClientID(_ context.Context, keyID, clientID string) (*jose.JSONWebKey, error) {
	for _, c := range s.o.Clients {
		if c.ID == clientID && c.Key != nil && c.Key.KeyID == keyID {
			return c.Key, nil
		}
	}
	return nil, errors.New("no such key")
}

// ValidateJWTProfileScopes implements op.OPStorage: that grant is not offered.
func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errors.New("grant is not offered")
}

// Health implements op.Storage.
func (s *storage) Health(context.Context) error { return nil }
