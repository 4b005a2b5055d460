package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// tokens are what the provider gave for a session: to follow the person's groups, and to sign out there.
type tokens struct {
	Access  string    `json:"access,omitempty"`
	Until   time.Time `json:"until,omitzero"` // when Access runs out; zero if it is not known
	Refresh string    `json:"refresh,omitempty"`
	IDToken string    `json:"id,omitempty"`
	// FromInfo says that the groups came from userinfo, so that a userinfo answer without groups means none.
	FromInfo bool `json:"fromInfo,omitempty"`
}

// maxIDToken is the longest ID token that is kept for signing out: it travels in an address.
const maxIDToken = 4096

// seal encrypts the tokens with a key made of the cookie's value. That value is in the person's browser only, so a copy
// of the database opens nothing, and there is no key to set up or to change.
func (t tokens) seal(secret string) ([]byte, error) {
	if t == (tokens{}) {
		return nil, nil
	}
	if len(t.IDToken) > maxIDToken {
		t.IDToken = ""
	}
	plain, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode tokens: %w", err)
	}
	box, err := tokenBox(secret)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return box.Seal(nonce, nonce, plain, nil), nil
}

// openTokens is the reverse of seal.
func openTokens(sealed []byte, secret string) (tokens, error) {
	var t tokens
	if len(sealed) == 0 {
		return t, nil
	}
	box, err := tokenBox(secret)
	if err != nil {
		return t, err
	}
	if len(sealed) < box.NonceSize() {
		return t, errors.New("tokens of the session are cut")
	}
	plain, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], nil)
	if err != nil {
		return t, errors.New("tokens of the session cannot be opened")
	}
	return t, json.Unmarshal(plain, &t)
}

func tokenBox(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "tokens of a portal session", 32)
	if err != nil {
		return nil, fmt.Errorf("key for tokens: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key for tokens: %w", err)
	}
	return cipher.NewGCM(block)
}

// OwnToken is the token with which Gtmhub knows the person who makes the request: that of their provider, where the
// provider's tokens are Gtmhub's too. It is "" where it is not at hand: another sort of provider, nobody signed in, or a
// token that has run out. It is in the session's row, encrypted with the value of the cookie.
func (h *Handler) OwnToken(r *http.Request) Secret {
	sess, ok := FromContext(r.Context())
	if !ok {
		return ""
	}
	p := h.o.Providers.byID(sess.Provider)
	secret, ok := secretCookie(r, h.o.Sessions.CookieName())
	if p == nil || !ok || !p.GtmhubTokens {
		return ""
	}
	t, err := openTokens(sess.Tokens, secret)
	if err != nil || !t.Until.IsZero() && !h.o.Now().Before(t.Until) {
		return ""
	}
	return Secret(t.Access)
}
