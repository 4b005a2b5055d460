package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gorilla/sessions"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// logoutEvent is the member of "events" that makes a token a logout token (OpenID Connect Back-Channel Logout 1.0,
// section 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

const (
	signOutPath   = "/signout"
	signedOutPath = "/signed-out"
	// logoutReturn is how long somebody may take at the provider to sign out there.
	logoutReturn = 10 * time.Minute
)

// logoutClaims are the claims of a logout token beyond those that go-oidc reads.
type logoutClaims struct {
	Exp    *json.Number               `json:"exp"`
	Iat    *json.Number               `json:"iat"`
	Jti    string                     `json:"jti"`
	Sid    string                     `json:"sid"`
	Nonce  *json.RawMessage           `json:"nonce"`
	Events map[string]json.RawMessage `json:"events"`
}

// BackChannelLogout handles POST /backchannel-logout, which providers call when a person signs out there or is shut out:
// the sessions that the token means end at once. It takes no cookie; the token's signature is the proof. The answer is 200,
// or 400 when the token is refused.
func (h *Handler) BackChannelLogout(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	refuse := func(err error) error {
		if fault.KindOf(err) == fault.Unavailable {
			return err
		}
		h.o.Logger.WarnContext(r.Context(), "back-channel logout refused", "err", err)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, err = w.Write([]byte(`{"error":"invalid_request"}`))
		return err
	}
	if err := r.ParseForm(); err != nil {
		return refuse(err)
	}
	raw := r.PostForm["logout_token"]
	if len(raw) != 1 {
		return refuse(errors.New("not one logout_token"))
	}
	p := h.o.Providers.byIssuer(unverifiedIssuer(raw[0]))
	if p == nil {
		return refuse(errors.New("the issuer is not one of the providers"))
	}
	token, c, err := p.logoutToken(r.Context(), raw[0])
	if err != nil {
		return refuse(err)
	}
	rows := h.o.Sessions.o.Rows
	// The token is used up first: a repeat must find nothing to do even if ending the sessions fails, and the provider
	// is told of the failure.
	err = rows.UseLogoutToken(r.Context(), p.Issuer, string(HashOf(c.Jti)), token.Expiry.Add(clockSkew).UTC())
	if errors.Is(err, fault.Conflict) {
		return refuse(errors.New("the logout token was used before"))
	}
	if err != nil {
		return fmt.Errorf("back-channel logout: %w", err)
	}
	n, err := rows.DeleteSessionsAt(r.Context(), p.Issuer, token.Subject, c.Sid)
	if err != nil {
		return fmt.Errorf("back-channel logout: %w", err)
	}
	if n > 0 {
		if err := h.recordEnd(r.Context(), Session{Issuer: p.Issuer, Subject: token.Subject}, "The sign-in service signed the person out."); err != nil {
			return err
		}
	}
	h.o.Logger.InfoContext(r.Context(), "back-channel logout", "provider", p.ID, "sessions", n)
	w.WriteHeader(http.StatusOK)
	return nil
}

// unverifiedIssuer reads who a token says it is from, only to choose whose keys must prove it.
func unverifiedIssuer(raw string) string {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var c struct {
		Iss string `json:"iss"`
	}
	if json.Unmarshal(payload, &c) != nil {
		return ""
	}
	return c.Iss
}

// logoutToken verifies a logout token as OpenID Connect Back-Channel Logout 1.0, section 2.6, wants it.
func (p *provider) logoutToken(ctx context.Context, raw string) (*oidc.IDToken, logoutClaims, error) {
	var c logoutClaims
	meta, err := p.discover(ctx)
	if err != nil {
		return nil, c, err
	}
	token, err := p.verify(oidc.ClientContext(ctx, p.client), meta, raw)
	if err != nil {
		return nil, c, err
	}
	if err := token.Claims(&c); err != nil {
		return nil, c, unsafe("the claims cannot be read")
	}
	now := p.now()
	event, isLogout := c.Events[logoutEvent]
	switch {
	case token.Issuer != p.Issuer:
		return nil, c, unsafe("another issuer")
	case c.Exp == nil:
		return nil, c, unsafe("exp is missing")
	case c.Iat == nil || token.IssuedAt.Before(now.Add(-clockSkew)) || token.IssuedAt.After(now.Add(clockSkew)):
		return nil, c, unsafe("iat is missing or more than five minutes away")
	case c.Nonce != nil:
		return nil, c, unsafe("a logout token has no nonce: this is an ID token")
	case !isLogout || !strings.HasPrefix(strings.TrimSpace(string(event)), "{"):
		return nil, c, unsafe("events does not name a logout")
	case c.Jti == "" || len(c.Jti) > maxSubject:
		return nil, c, unsafe("jti is missing or too long")
	case token.Subject == "" && c.Sid == "":
		return nil, c, unsafe("neither sub nor sid")
	case len(token.Subject) > maxSubject || len(c.Sid) > maxSubject:
		return nil, c, unsafe("sub or sid is too long")
	}
	return token, c, nil
}

// signOutURL is the provider's own sign-out page, as far as discovery has told it already (OpenID Connect RP-Initiated
// Logout 1.0, section 2). back is where the provider sends the person afterwards.
func (p *provider) signOutURL(idToken, back, state string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.meta == nil || p.meta.endSession == "" {
		return ""
	}
	u, err := url.Parse(p.meta.endSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.ClientID)
	if idToken != "" {
		q.Set("id_token_hint", idToken)
		q.Set("post_logout_redirect_uri", back)
		q.Set("state", state)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func (h *Handler) logoutCookie() string { return cookieName("portal-signout", h.o.Sessions.o.Insecure) }

// providerSignOut is the link to the provider's sign-out for a session that has just ended; state comes back with the
// person and is compared with a cookie, so that the page after it does not claim what did not happen.
func (h *Handler) providerSignOut(w http.ResponseWriter, r *http.Request, p *provider, sess *Session) string {
	kept := tokens{}
	if secret, ok := secretCookie(r, h.o.Sessions.CookieName()); ok {
		var err error
		if kept, err = openTokens(sess.Tokens, secret); err != nil {
			h.o.Logger.WarnContext(r.Context(), "open tokens", "err", err)
		}
	}
	state := newSecret()
	address := p.signOutURL(kept.IDToken, h.o.Providers.signedOutURL, state)
	if address != "" && kept.IDToken != "" {
		options := h.o.Sessions.options()
		options.MaxAge = int(logoutReturn / time.Second)
		http.SetCookie(w, sessions.NewCookie(h.logoutCookie(), state, options))
	}
	return address
}

// SignedOut handles GET /signed-out, where a provider sends people after they have signed out there.
func (h *Handler) SignedOut(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	state, ok := secretCookie(r, h.logoutCookie())
	page := SignedOutPage{Everywhere: ok && state == r.URL.Query().Get("state")}
	if _, signedIn := FromContext(r.Context()); signedIn && !page.Everywhere {
		http.Redirect(w, r, "/", http.StatusSeeOther) // an address that somebody typed or was sent
		return nil
	}
	return h.o.SignedOutPage(w, r, page)
}
