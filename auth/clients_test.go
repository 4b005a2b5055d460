package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/authtest"
)

// keyPair makes a PEM key and its public half.
func keyPair(t *testing.T, kind string) (auth.Secret, crypto.PublicKey) {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "P-256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P-384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "RSA":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return auth.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), key.Public()
}

// TestKindsOfClients signs in, follows groups and publishes keys as each kind of client.
func TestKindsOfClients(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, key, want string
	}{
		{"public client", "", "none"},
		{"private key, ECDSA", "P-256", "key"},
		{"private key, RSA", "RSA", "key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			op := authtest.NewProvider(t, c.Now)
			op.SetScript(authtest.Script{Refresh: true})
			var secret auth.Secret
			if tc.key == "" {
				op.SetClientKey(nil)
			} else {
				var public crypto.PublicKey
				secret, public = keyPair(t, tc.key)
				op.SetClientKey(public)
			}
			p := newPortal(t, c, setup{issuer: op.URL, config: func(o *auth.ProviderConfig) { o.ClientSecret, o.PrivateKey = "", secret }})
			b := p.browser(t)
			if got := b.signIn(t, ""); got.StatusCode != http.StatusOK || op.ClientAuth() != tc.want {
				t.Fatalf("status %d, proved by %q, %v", got.StatusCode, op.ClientAuth(), p.lastError())
			}
			op.SetPerson(map[string]any{"groups": []string{"other"}})
			if s, ok := b.write(t); !ok || !cmp.Equal(s.Groups, []string{"other"}) || op.ClientAuth() != tc.want {
				t.Errorf("after a refresh: %v, proved by %q", s.Groups, op.ClientAuth())
			}
			var set jose.JSONWebKeySet
			body := b.get(t, p.URL+"/client-keys.json").body
			if err := json.Unmarshal([]byte(body), &set); err != nil || (len(set.Keys) == 1) != (tc.key != "") || strings.Contains(body, `"d"`) {
				t.Errorf("published keys %s, %v", body, err)
			}
			for _, k := range set.Keys {
				if !k.IsPublic() || k.KeyID == "" || k.Use != "sig" {
					t.Errorf("published key %+v", k)
				}
			}
		})
	}
}

// TestClientKeysAreChecked at the start, without ever showing the key.
func TestClientKeysAreChecked(t *testing.T) {
	t.Parallel()
	good, _ := keyPair(t, "P-256")
	other, _ := keyPair(t, "P-384")
	for _, tc := range []struct {
		name   string
		config auth.ProviderConfig
		want   string
	}{
		{"no PEM", auth.ProviderConfig{PrivateKey: "MIIBVgIBADANBg"}, "no PEM block"},
		{"no key", auth.ProviderConfig{PrivateKey: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}, "no private key"},
		{"another curve", auth.ProviderConfig{PrivateKey: other}, "P-256"},
		{"key and secret", auth.ProviderConfig{PrivateKey: good, ClientSecret: "s"}, "two proofs"},
	} {
		tc.config.ID, tc.config.Name, tc.config.Issuer, tc.config.ClientID = "x", "X", "https://id.example", "portal"
		_, err := auth.NewProviders(t.Context(), []auth.ProviderConfig{tc.config}, "https://portal.example/callback", nil, newClock().Now)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		} else if strings.Contains(err.Error(), "MIIB") {
			t.Errorf("%s: the key is shown", tc.name)
		}
	}
}

// TestChoosingAProvider among several, by link and by address.
func TestChoosingAProvider(t *testing.T) {
	t.Parallel()
	c := newClock()
	op, second := authtest.NewProvider(t, c.Now), authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL, second: &auth.ProviderConfig{ID: "labs", Name: "Labs", Issuer: second.URL, ClientID: authtest.ClientID, ClientSecret: authtest.ClientSecret,
		AllowPlainHTTP: true, AllowedDomains: []string{"labs.example"}}})
	b := p.browser(t)
	ask := func(got page) (out auth.SignInPage, ids []string) {
		t.Helper()
		if err := json.Unmarshal([]byte(got.body), &out); err != nil {
			t.Fatal(err)
		}
		for _, l := range out.Links {
			ids = append(ids, l.ID)
		}
		return out, ids
	}
	if out, ids := ask(b.get(t, p.URL+"/signin?return=/teams")); !out.ByEmail || !cmp.Equal(ids, []string{"test", "labs"}) || out.Return != "/teams" {
		t.Errorf("page %+v", out)
	}
	for _, tc := range []struct {
		email string
		want  []string
	}{
		{"Ben@LABS.example", []string{"labs"}},
		{"ben@other.example", []string{"test"}},
		{"ben@evil.labs.example", []string{"test"}},
		{"labs.example", []string{"test", "labs"}},
		{"", []string{"test", "labs"}},
	} {
		out, ids := ask(b.post(t, "/signin", url.Values{"email": {tc.email}, "return": {"//evil.example"}}))
		if !cmp.Equal(ids, tc.want) || out.Return != "" || out.Unknown != (len(tc.want) == 2) {
			t.Errorf("%q: %+v", tc.email, out)
		}
		for _, l := range out.Links {
			if strings.Contains(l.URL, "ben") {
				t.Errorf("the address travels on: %s", l.URL)
			}
		}
	}
	// A logout token of one provider ends nothing at the other.
	b.signIn(t, "")
	token := authtest.NewRSAKey("first").Sign(logoutClaims(second, c, nil))
	if got := b.post(t, "/backchannel-logout", url.Values{"logout_token": {token}}); got.StatusCode != http.StatusOK {
		t.Errorf("status %d, %s", got.StatusCode, p.logged())
	}
	if _, ok := b.session(t); !ok {
		t.Error("the session at the first provider has ended")
	}
}
