//go:build interop

package auth_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/auth"
)

// dexPassword is the bcrypt hash of "interop-password".
const dexPassword = "$2b$10$Gtm5ub.Portal.Interop.uMMwB8bybArTysUz/2uoGrIn2xBTAzO"

const dexConfig = `issuer: %[1]s
storage: {type: memory}
web: {http: %[2]s}
oauth2: {skipApprovalScreen: true, responseTypes: [code]}
expiry: {signingKeys: 10s, idTokens: 1h}
logger: {level: error}
staticClients:
- {id: portal, secret: interop-secret, name: Portal, redirectURIs: ["%[3]s/callback"]}
enablePasswordDB: true
staticPasswords:
- {email: anna@example.com, hash: "%[4]s", username: Anna Ahrens, userID: anna-id}
`

// TestInteropDex signs in at a real Dex, whose program PORTAL_DEX names (scripts/interop.sh builds it): discovery, code flow
// with PKCE, refresh, and a change of keys. This Dex has no sign-out page, and its own people have no groups.
func TestInteropDex(t *testing.T) {
	program := os.Getenv("PORTAL_DEX")
	if program == "" {
		t.Fatal("PORTAL_DEX does not name the program; run scripts/interop.sh")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	issuer := "http://" + address + "/dex"
	c := newClock()
	p := newPortal(t, c, setup{issuer: issuer, config: func(o *auth.ProviderConfig) {
		o.ClientID, o.ClientSecret, o.Scopes = "portal", "interop-secret", []string{"profile", "email", "groups", "offline_access"}
	}})
	file := filepath.Join(t.TempDir(), "dex.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, dexConfig, issuer, address, p.URL, dexPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	dex := exec.CommandContext(t.Context(), program, "serve", file)
	var said strings.Builder
	dex.Stdout, dex.Stderr = &said, &said
	if err := dex.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = dex.Process.Kill()
		_ = dex.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	keys := func() string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, issuer+"/keys", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return ""
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		// The newest key comes first; the older ones stay for a while.
		if id := regexp.MustCompile(`"kid":\s*"([^"]+)"`).FindSubmatch(b); id != nil {
			return string(id[1])
		}
		return ""
	}
	first := waitFor(t, "Dex answers", keys, func(k string) bool { return k != "" })

	form := regexp.MustCompile(`action="([^"]+)"`)
	signIn := func(b *browser) page {
		t.Helper()
		login := b.signIn(t, "")
		action := form.FindStringSubmatch(login.body)
		if login.StatusCode != http.StatusOK || action == nil {
			t.Fatalf("no login page: %d %s, %v", login.StatusCode, login.body, p.lastError())
		}
		to, err := login.Request.URL.Parse(strings.ReplaceAll(action[1], "&amp;", "&"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to.String(), strings.NewReader(url.Values{"login": {"anna@example.com"}, "password": {"interop-password"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.do(t, r)
	}
	b := p.browser(t)
	if got := signIn(b); got.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", got.StatusCode, p.lastError())
	}
	s, ok := b.session(t)
	if !ok || s.User != "anna" || !s.EmailVerified || s.Name != "Anna Ahrens" || s.Issuer != issuer || len(s.Tokens) == 0 {
		t.Fatalf("session %+v", s)
	}

	// Each write refreshes; the token of before is used up.
	for range 3 {
		c.Add(4 * time.Second)
		if s, ok := b.write(t); !ok || !s.CheckedAt.Equal(c.Now()) {
			t.Errorf("refresh: signed in %t, checked at %v of %v; %s", ok, s.CheckedAt, c.Now(), p.logged())
		}
	}

	second := waitFor(t, "Dex changes its keys", keys, func(k string) bool { return k != first })
	c.Add(90 * time.Second) // keys are looked up once a minute, by the portal's clock
	again := p.browser(t)
	if got := signIn(again); got.StatusCode != http.StatusOK {
		t.Errorf("after the keys changed from %s to %s: status %d, %v", first, second, got.StatusCode, p.lastError())
	}
	if _, ok := b.write(t); !ok {
		t.Errorf("the first session was lost when the keys changed; %s", p.logged())
	}
	for _, secret := range []string{"interop-secret", "interop-password", b.cookie(t, "__Host-portal")} {
		if strings.Contains(p.logged(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

// waitFor asks until the answer is good, for at most two minutes.
func waitFor(t *testing.T, what string, ask func() string, good func(string) bool) string {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(2 * time.Minute)
	for {
		if got := ask(); good(got) {
			return got
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
