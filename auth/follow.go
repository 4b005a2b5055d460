package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/gtmhub-portal/portal/internal/fault"
)

const (
	// FollowEvery is how old a session's groups may be for reading, where the provider tells them during a session.
	// Before anything is written they are asked for each time.
	FollowEvery = 3 * time.Minute
	followCall  = 5 * time.Second
	// A provider that has just failed is not asked again for this long: pages go on with the groups that are known.
	followAgain = 5 * time.Second
)

// errSessionOver means that the provider takes the refresh token no more: the person was signed out or shut out there.
var errSessionOver = errors.New("the provider has ended the session")

// Follow is the middleware that keeps the groups of a session as the provider has them now: by refresh token where there
// is one, else by userinfo, every few minutes and before each write. A session whose refresh token is refused ends. When
// the provider does not answer, the session goes on with the groups that are known; its end after hours does not move.
// It stands behind [Store.Load].
func (h *Handler) Follow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sess, ok := FromContext(r.Context())
		if ok && h.due(r, sess) {
			followed, err := h.follow(r, *sess)
			switch {
			case errors.Is(err, errSessionOver):
				if errEnd := h.endOne(r.Context(), *sess, "The sign-in service has ended the session."); errEnd != nil {
					h.o.Sessions.o.OnError(w, r, errEnd)
					return
				}
				r = r.WithContext(WithSession(r.Context(), nil))
			case err != nil:
				h.o.Logger.WarnContext(r.Context(), "groups could not be looked up; those known go on", "provider", sess.Provider, "err", err)
			default:
				sess.Groups, sess.Tokens, sess.CheckedAt = followed.Groups, followed.Tokens, followed.CheckedAt
			}
		}
		next.ServeHTTP(w, r)
	})
}

// due says whether the provider has to be asked before the request goes on.
func (h *Handler) due(r *http.Request, sess *Session) bool {
	if len(sess.Tokens) == 0 || r.URL.Path == signOutPath {
		return false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true
	}
	return h.o.Now().Sub(sess.CheckedAt) >= FollowEvery
}

// follow asks the provider. Requests of one session that come together share one call: refresh tokens work once.
func (h *Handler) follow(r *http.Request, sess Session) (Session, error) {
	p := h.o.Providers.byID(sess.Provider)
	secret, ok := secretCookie(r, h.o.Sessions.CookieName())
	if p == nil || !ok || p.isDown() {
		return sess, nil
	}
	// The one who asks for all must not end it by closing the page.
	ctx := context.WithoutCancel(r.Context())
	got, err, _ := h.following.Do(string(sess.Hash), func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, followCall)
		defer cancel()
		return h.followOnce(ctx, p, sess.Hash, secret)
	})
	followed, ok := got.(Session)
	if !ok {
		return sess, err
	}
	return followed, err
}

func (h *Handler) followOnce(ctx context.Context, p *provider, hash Hash, secret string) (Session, error) {
	rows := h.o.Sessions.o.Rows
	sess, err := rows.SessionByHash(ctx, hash) // another request may have used the refresh token meanwhile
	if err != nil {
		return sess, fmt.Errorf("read session: %w", err)
	}
	kept, err := openTokens(sess.Tokens, secret)
	if err != nil {
		return sess, err
	}
	next, groups, known, err := p.follow(ctx, kept, sess.Subject)
	if errors.Is(err, errSessionOver) {
		// Another instance may have been faster with the same refresh token; then its answer counts.
		again, errRead := rows.SessionByHash(ctx, hash)
		if errRead == nil && !slices.Equal(again.Tokens, sess.Tokens) {
			return again, nil
		}
		return sess, err
	}
	if err != nil {
		p.failed()
		return sess, err
	}
	if known {
		if !slices.Equal(groups, sess.Groups) {
			h.o.Logger.InfoContext(ctx, "groups changed during a session", "provider", p.ID, "actor_id", string(sess.User))
		}
		sess.Groups = groups
	}
	if sess.Tokens, err = next.seal(secret); err != nil {
		return sess, err
	}
	sess.CheckedAt = h.o.Now().UTC()
	if err := rows.SaveFollowed(ctx, sess); err != nil {
		return sess, fmt.Errorf("save groups: %w", err)
	}
	return sess, nil
}

// follow asks for the groups of a session. known is false where the provider does not tell them.
func (p *provider) follow(ctx context.Context, t tokens, subject string) (_ tokens, groups []string, known bool, err error) {
	meta, err := p.discover(ctx)
	if err != nil {
		return t, nil, false, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	if t.Refresh == "" {
		if t.Access == "" || meta.oidc.UserInfoEndpoint() == "" || (!t.Until.IsZero() && !p.now().Before(t.Until)) {
			return t, nil, false, nil
		}
		var c claims
		if err := p.addUserInfo(ctx, meta, &oauth2.Token{AccessToken: t.Access, TokenType: "Bearer"}, subject, &c); err != nil {
			return t, nil, false, err
		}
		// Once userinfo has told groups, an answer without them means none.
		t.FromInfo = t.FromInfo || c.Groups != nil
		known = t.FromInfo
		if !known && !p.GtmhubTokens {
			t.Access = "" // userinfo does not tell groups here: it need not be asked again
		}
		groups, err = cleanGroups(c.Groups)
		return t, groups, err == nil && known, err
	}
	answer, err := p.refresh(ctx, meta, t.Refresh)
	if err != nil {
		return t, nil, false, err
	}
	var c claims
	if answer.IDToken != "" {
		token, err := p.verify(ctx, meta, answer.IDToken)
		if err != nil {
			return t, nil, false, err
		}
		if token.Subject != subject {
			return t, nil, false, unsafe("the refreshed sign-in is about somebody else")
		}
		if c, err = p.checkClaims(token, answer.AccessToken); err != nil {
			return t, nil, false, err
		}
	}
	fromToken := c.Groups != nil
	if !fromToken && meta.oidc.UserInfoEndpoint() != "" {
		if err := p.addUserInfo(ctx, meta, &oauth2.Token{AccessToken: answer.AccessToken, TokenType: "Bearer"}, subject, &c); err != nil {
			return t, nil, false, err
		}
	}
	next := tokens{Access: answer.AccessToken, Refresh: t.Refresh, IDToken: t.IDToken, FromInfo: t.FromInfo}
	if answer.RefreshToken != "" {
		next.Refresh = answer.RefreshToken
	}
	if answer.ExpiresIn > 0 {
		next.Until = p.now().UTC().Add(time.Duration(answer.ExpiresIn) * time.Second)
	}
	next.FromInfo = next.FromInfo || !fromToken && c.Groups != nil
	groups, err = cleanGroups(c.Groups)
	// A new ID token says what a new sign-in would say: no claim, no groups.
	return next, groups, err == nil && (c.Groups != nil || answer.IDToken != "" || next.FromInfo), err
}

// refreshed is the answer to a refresh token.
type refreshed struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	ExpiresIn    int64  `json:"expires_in"`
	Error        string `json:"error"`
}

// refresh trades a refresh token. x/oauth2 cannot: it has no place for a client assertion there.
func (p *provider) refresh(ctx context.Context, meta *metadata, token string) (refreshed, error) {
	var out refreshed
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	endpoint := meta.oidc.Endpoint().TokenURL
	if meta.authStyle == oauth2.AuthStyleInParams {
		form.Set("client_id", p.ClientID)
		if p.ClientSecret != "" {
			form.Set("client_secret", p.ClientSecret.Reveal())
		}
	}
	if p.key != nil {
		assertion, err := p.key.assertion(p.ClientID, endpoint, p.now())
		if err != nil {
			return out, err
		}
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return out, fmt.Errorf("refresh: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if meta.authStyle == oauth2.AuthStyleInHeader {
		r.SetBasicAuth(url.QueryEscape(p.ClientID), url.QueryEscape(p.ClientSecret.Reveal()))
	}
	resp, err := p.client.Do(r)
	if err != nil {
		return out, fault.Wrap(fmt.Errorf("refresh: %w", err), fault.Unavailable, sayDown)
	}
	defer resp.Body.Close()
	err = json.NewDecoder(resp.Body).Decode(&out)
	switch {
	case resp.StatusCode == http.StatusBadRequest && out.Error == "invalid_grant":
		return out, errSessionOver
	case resp.StatusCode != http.StatusOK:
		return out, fmt.Errorf("refresh: status %d, %s", resp.StatusCode, safeCode(out.Error))
	case err != nil || out.AccessToken == "":
		return out, errors.New("refresh: the answer holds no token")
	}
	return out, nil
}

func (p *provider) failed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.downUntil = p.now().Add(followAgain)
}

func (p *provider) isDown() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now().Before(p.downUntil)
}

// endOne ends a session that the provider or the account has ended, and records it.
func (h *Handler) endOne(ctx context.Context, sess Session, why string) error {
	if err := h.o.Sessions.End(ctx, sess.Hash); err != nil {
		return err
	}
	return h.recordEnd(ctx, sess, why)
}

func (h *Handler) recordEnd(ctx context.Context, sess Session, why string) error {
	person := Person{Issuer: sess.Issuer, Subject: sess.Subject, Name: sess.Name}
	if err := h.o.Record(ctx, Event{Kind: Ended, Person: person, User: sess.User, Reason: why}); err != nil {
		return fmt.Errorf("record the end of a session: %w", err)
	}
	return nil
}
