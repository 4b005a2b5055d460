package devidp

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"
)

var _ op.CanTerminateSessionFromRequest = (*storage)(nil)

// logoutCall is how long a client may take to hear of a sign-out.
const logoutCall = 5 * time.Second

// TerminateSessionFromRequest ends what a person has at a client, tells the client over the back channel, and says where
// the browser goes next.
func (s *storage) TerminateSessionFromRequest(ctx context.Context, r *op.EndSessionRequest) (string, error) {
	if r.UserID == "" {
		return r.RedirectURI, nil // somebody without a hint: there is nothing to end
	}
	if err := s.TerminateSession(ctx, r.UserID, r.ClientID); err != nil {
		return "", err
	}
	for _, c := range s.o.Clients {
		if c.ID == r.ClientID && c.BackChannelLogoutURI != "" {
			if err := s.tellLogout(ctx, c, r.UserID); err != nil {
				s.o.Logger.Warn("tell a client of a sign-out", "client", c.ID, "error", err)
			}
		}
	}
	return r.RedirectURI, nil
}

// tellLogout sends a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.5) about a person, not about one
// session: this provider ends all that a person has at a client.
func (s *storage) tellLogout(ctx context.Context, c Client, subject string) error {
	now := s.o.Now()
	claims := map[string]any{
		"iss": s.o.Issuer, "aud": c.ID, "sub": subject, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": rand.Text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.key, KeyID: s.saved.KeyID}}, (&jose.SignerOptions{}).WithType("logout+jwt"))
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, logoutCall)
	defer cancel()
	form := url.Values{"logout_token": {token}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BackChannelLogoutURI, bytes.NewReader([]byte(form)))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}
