package devidp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// state is what outlives a restart.
type state struct {
	KeyID string `json:"keyId"`
	// Key is the signing key, PKCS #8.
	Key []byte `json:"key"`
	// Crypto is the key that access tokens are encrypted with.
	Crypto  []byte                   `json:"crypto"`
	Access  map[string]*accessToken  `json:"access"`  // by id
	Refresh map[string]*refreshToken `json:"refresh"` // by the token itself
}

type accessToken struct {
	// Token is what the client holds; it stands here so that it can be announced again after a restart.
	Token   string    `json:"token"`
	Client  string    `json:"client"`
	Subject string    `json:"subject"`
	Scopes  []string  `json:"scopes"`
	Expires time.Time `json:"expires"`
}

type refreshToken struct {
	// Access is the id of the access token that was issued together with it.
	Access   string    `json:"access"`
	Client   string    `json:"client"`
	Subject  string    `json:"subject"`
	Scopes   []string  `json:"scopes"`
	AuthTime time.Time `json:"authTime"`
	Expires  time.Time `json:"expires"`
	// Session is the "sid" of the sign-in that it comes from.
	Session string `json:"session,omitempty"`
}

func (s *state) cryptoKey() [32]byte { return [32]byte(s.Crypto) }

// readState reads the file, or makes new keys if there is none. An unreadable file is an error: new keys would sign
// everybody out without a word.
func readState(file string) (*state, *ecdsa.PrivateKey, error) {
	s, err := parseState(file)
	if errors.Is(err, fs.ErrNotExist) {
		s, err = newState()
	}
	if err != nil {
		return nil, nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(s.Key)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || len(s.Crypto) != 32 || s.KeyID == "" {
		return nil, nil, fmt.Errorf("state file %s of the training sign-in is damaged; delete it to start anew", file)
	}
	if s.Access == nil {
		s.Access = map[string]*accessToken{}
	}
	if s.Refresh == nil {
		s.Refresh = map[string]*refreshToken{}
	}
	return s, key, nil
}

func parseState(file string) (*state, error) {
	if file == "" {
		return nil, fs.ErrNotExist
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read state of the training sign-in: %w", err)
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("state file %s of the training sign-in is damaged; delete it to start anew: %w", file, err)
	}
	return &s, nil
}

func newState() (*state, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode signing key: %w", err)
	}
	crypto := make([]byte, 32)
	_, _ = rand.Read(crypto) // never fails
	return &state{KeyID: rand.Text(), Key: der, Crypto: crypto}, nil
}

// write replaces the file as a whole, so that a crash leaves the old or the new one.
func (s *state) write(file string) error {
	if file == "" {
		return nil
	}
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode state of the training sign-in: %w", err)
	}
	next, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write state of the training sign-in: %w", err)
	}
	_, err = next.Write(data)
	if err = errors.Join(err, next.Close()); err == nil {
		err = os.Rename(next.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write state of the training sign-in: %w", errors.Join(err, os.Remove(next.Name())))
	}
	return nil
}

// prune forgets what has run out.
func (s *state) prune(now time.Time) {
	for id, t := range s.Access {
		if !now.Before(t.Expires) {
			delete(s.Access, id)
		}
	}
	for token, t := range s.Refresh {
		if !now.Before(t.Expires) {
			delete(s.Refresh, token)
		}
	}
}
