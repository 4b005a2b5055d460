package auth_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/authtest"
	"github.com/gtmhub-portal/portal/internal/fault"
)

// signedIn is a portal with one browser that is signed in.
func signedIn(t *testing.T) (*portal, *browser, *clock, *authtest.Provider) {
	t.Helper()
	c := newClock()
	op := authtest.NewProvider(t, c.Now)
	p := newPortal(t, c, setup{issuer: op.URL})
	b := p.browser(t)
	if got := b.signIn(t, ""); got.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", got.StatusCode, p.lastError())
	}
	return p, b, c, op
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		insecure bool
		want     string
	}{
		{"production", false, "__Host-portal=SECRET; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax"},
		{"insecure_demo", true, "portal=SECRET; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			store := newStore(authtest.NewMemory(), newClock(), tc.insecure)
			r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
			gs, err := store.Get(r, store.CookieName())
			if err != nil {
				t.Fatal(err)
			}
			gs.Values["session"] = &auth.Session{Issuer: "i", Subject: "s"}
			if err := gs.Save(r, w); err != nil {
				t.Fatal(err)
			}
			name, rest, _ := strings.Cut(w.Header().Get("Set-Cookie"), "=")
			secret, attributes, _ := strings.Cut(rest, ";")
			parts := []string{name + "=SECRET"}
			for _, a := range strings.Split(attributes, ";") {
				if a = strings.TrimSpace(a); !strings.HasPrefix(a, "Expires=") {
					parts = append(parts, a)
				}
			}
			if got := strings.Join(parts, "; "); got != tc.want {
				t.Errorf("cookie %q, want %q", got, tc.want)
			}
			if len(secret) != 64 {
				t.Errorf("secret of %d digits, want 64 (256 bits)", len(secret))
			}
		})
	}
}

func newStore(rows auth.SessionRows, c *clock, insecure bool) *auth.Store {
	return auth.NewStore(auth.StoreOptions{
		Rows: rows, Now: c.Now, Insecure: insecure, Logger: slog.New(slog.DiscardHandler),
		OnError: func(w http.ResponseWriter, _ *http.Request, err error) { w.WriteHeader(fault.KindOf(err).Status()) },
	})
}

func TestLimitsAsShipped(t *testing.T) {
	t.Parallel()
	got := []any{auth.Idle, auth.Absolute, auth.PerPerson, auth.TouchEvery, auth.FreshWithin}
	want := []any{30 * time.Minute, 12 * time.Hour, 5, time.Minute, 15 * time.Minute}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	t.Run("idle", func(t *testing.T) {
		t.Parallel()
		_, b, c, _ := signedIn(t)
		for range 3 {
			c.Add(29 * time.Minute)
			if _, ok := b.session(t); !ok {
				t.Fatal("ended while in use")
			}
		}
		c.Add(30 * time.Minute)
		if _, ok := b.session(t); ok {
			t.Error("alive after 30 idle minutes")
		}
	})
	t.Run("absolute", func(t *testing.T) {
		t.Parallel()
		_, b, c, _ := signedIn(t)
		for range 12*3 - 1 {
			c.Add(20 * time.Minute)
			if _, ok := b.session(t); !ok {
				t.Fatal("ended while in use")
			}
		}
		c.Add(20 * time.Minute)
		if _, ok := b.session(t); ok {
			t.Error("alive after 12 hours")
		}
	})
	t.Run("by_another", func(t *testing.T) {
		t.Parallel()
		p, b, _, op := signedIn(t)
		n, err := p.store.EndPerson(t.Context(), op.URL, "sub-anna")
		if n != 1 || err != nil {
			t.Fatalf("ended %d, %v", n, err)
		}
		if _, ok := b.session(t); ok {
			t.Error("alive after it was ended")
		}
	})
	t.Run("swept", func(t *testing.T) {
		t.Parallel()
		p, b, c, _ := signedIn(t)
		b.get(t, p.URL+"/signin/test") // leaves a used-up sign-in and a new session
		if err := p.store.Sweep(t.Context(), p.rows); err != nil {
			t.Fatal(err)
		}
		if n, _, _, _ := p.rows.Counts(); n != 1 {
			t.Fatalf("%d sessions after a sweep that is too early", n)
		}
		c.Add(30 * time.Minute)
		if err := p.store.Sweep(t.Context(), p.rows); err != nil {
			t.Fatal(err)
		}
		if n, logins, _, _ := p.rows.Counts(); n != 0 || logins != 0 {
			t.Errorf("%d sessions and %d sign-ins are left", n, logins)
		}
	})
}

// TestOwnLimits wants the settings of the operator to count, and nothing above 12 hours.
func TestOwnLimits(t *testing.T) {
	t.Parallel()
	p, b, c, _ := signedIn(t)
	short := auth.NewStore(auth.StoreOptions{Rows: p.rows, Now: c.Now, Idle: 5 * time.Minute, Max: time.Hour, OnError: p.fail, Logger: slog.New(slog.DiscardHandler)})
	alive := func(s *auth.Store) bool {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: s.CookieName(), Value: b.cookie(t, s.CookieName())})
		gs, err := s.New(r, s.CookieName())
		if err != nil {
			t.Fatal(err)
		}
		return !gs.IsNew
	}
	if !alive(short) {
		t.Error("ended at once")
	}
	c.Add(5 * time.Minute)
	if alive(short) {
		t.Error("alive after 5 idle minutes although the setting says 5 minutes")
	}
	if !alive(p.store) {
		t.Error("the default of 30 minutes ended after 5")
	}
}

func TestTouchAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	p, b, c, _ := signedIn(t)
	_, _, _, before := p.rows.Counts()
	for range 10 {
		b.session(t)
		c.Add(10 * time.Second)
	}
	if _, _, _, after := p.rows.Counts(); after-before != 1 {
		t.Errorf("touched %d times in 90 seconds", after-before)
	}
}

func TestFiveSessionsAPerson(t *testing.T) {
	t.Parallel()
	p, first, c, _ := signedIn(t)
	var others []*browser
	for range 5 {
		c.Add(time.Second)
		b := p.browser(t)
		b.signIn(t, "")
		others = append(others, b)
	}
	if _, ok := first.session(t); ok {
		t.Error("the oldest of six is alive")
	}
	for i, b := range others {
		if _, ok := b.session(t); !ok {
			t.Errorf("session %d of the five newest ended", i)
		}
	}
}

func TestNewIDAtSignIn(t *testing.T) {
	t.Parallel()
	p, b, _, _ := signedIn(t)
	before := b.cookie(t, "__Host-portal")
	b.signIn(t, "?fresh=1")
	if after := b.cookie(t, "__Host-portal"); after == before {
		t.Error("the id was carried over the sign-in")
	}
	if n, _, _, _ := p.rows.Counts(); n != 1 {
		t.Errorf("%d sessions, want the new one only", n)
	}
	// A cookie that somebody planted is not taken over.
	planted := strings.Repeat("a", 64)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-portal", Value: planted})
	w := httptest.NewRecorder()
	gs, err := p.store.Get(r, "__Host-portal")
	if err != nil {
		t.Fatal(err)
	}
	gs.Values["session"] = &auth.Session{Issuer: "i", Subject: "s"}
	if err := gs.Save(r, w); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(w.Header().Get("Set-Cookie"), planted) {
		t.Error("the planted secret became a session")
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	post := func(t *testing.T, p *portal, b *browser, htmx bool) page {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/signout", nil)
		if err != nil {
			t.Fatal(err)
		}
		if htmx {
			r.Header.Set("HX-Request", "true")
		}
		return b.do(t, r)
	}
	t.Run("page", func(t *testing.T) {
		t.Parallel()
		p, b, _, op := signedIn(t)
		secret := b.cookie(t, "__Host-portal")
		got := post(t, p, b, false)
		if got.StatusCode != http.StatusOK || !strings.Contains(got.body, op.URL+"/end?client_id=portal") {
			t.Errorf("status %d, %s", got.StatusCode, got.body)
		}
		if v := got.Header.Get("Clear-Site-Data"); v != `"cache", "storage"` {
			t.Errorf("Clear-Site-Data %q", v)
		}
		if b.cookie(t, "__Host-portal") != "" {
			t.Error("the cookie is left")
		}
		// A copy of the cookie is worth nothing.
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "__Host-portal", Value: secret})
		if gs, err := p.store.Get(r, "__Host-portal"); err != nil || !gs.IsNew {
			t.Errorf("the copied cookie opens a session: %v", err)
		}
		if kinds := p.recorded(); kinds[len(kinds)-1] != auth.SignedOut {
			t.Errorf("recorded %v", kinds)
		}
	})
	t.Run("htmx", func(t *testing.T) {
		t.Parallel()
		p, b, _, _ := signedIn(t)
		got := post(t, p, b, true)
		if got.StatusCode != http.StatusNoContent || got.Header.Get("HX-Redirect") != "/signin" {
			t.Errorf("status %d, HX-Redirect %q", got.StatusCode, got.Header.Get("HX-Redirect"))
		}
	})
	t.Run("nobody", func(t *testing.T) {
		t.Parallel()
		p := newPortal(t, newClock(), setup{issuer: "https://unused.example"})
		if got := post(t, p, p.browser(t), false); got.StatusCode != http.StatusOK {
			t.Errorf("status %d", got.StatusCode)
		}
	})
}

func TestEndedSessionNeverComesBack(t *testing.T) {
	t.Parallel()
	p, b, _, _ := signedIn(t)
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.AddCookie(&http.Cookie{Name: "__Host-portal", Value: b.cookie(t, "__Host-portal")})
	gs, err := p.store.Get(r, "__Host-portal") // a slow request has read its session ...
	if err != nil || gs.IsNew {
		t.Fatalf("no session, %v", err)
	}
	if err := p.store.End(t.Context(), auth.Hash(gs.ID)); err != nil { // ... the person signs out meanwhile ...
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := gs.Save(r, w); !errors.Is(err, fault.NotFound) { // ... and the slow request saves.
		t.Errorf("saving an ended session: %v", err)
	}
	if err := p.store.AddFlash(w, r, auth.Flash{Kind: "success", Text: "Saved."}); err != nil {
		t.Errorf("a lost message is no error: %v", err)
	}
	if n, _, _, _ := p.rows.Counts(); n != 0 || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("%d sessions, cookie %q", n, w.Header().Get("Set-Cookie"))
	}
}

func TestFlashes(t *testing.T) {
	t.Parallel()
	p, b, _, _ := signedIn(t)
	request := func() *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "__Host-portal", Value: b.cookie(t, "__Host-portal")})
		return r
	}
	for i := range 7 {
		if err := p.store.AddFlash(httptest.NewRecorder(), request(), auth.Flash{Kind: "success", Text: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := p.store.TakeFlashes(httptest.NewRecorder(), request())
	if err != nil {
		t.Fatal(err)
	}
	var want []auth.Flash
	for i := 2; i < 7; i++ {
		want = append(want, auth.Flash{Kind: "success", Text: fmt.Sprint(i)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if again, err := p.store.TakeFlashes(httptest.NewRecorder(), request()); len(again) != 0 || err != nil {
		t.Errorf("shown twice: %v, %v", again, err)
	}
	anonymous := httptest.NewRequest(http.MethodGet, "/", nil)
	if err := p.store.AddFlash(httptest.NewRecorder(), anonymous, auth.Flash{Text: "x"}); !errors.Is(err, fault.Forbidden) {
		t.Errorf("a message for nobody: %v", err)
	}
}

func TestOwnSessions(t *testing.T) {
	t.Parallel()
	p, b, c, op := signedIn(t)
	c.Add(time.Minute)
	second := p.browser(t)
	second.signIn(t, "")
	c.Add(time.Minute)
	op.SetPerson(map[string]any{"sub": "sub-bert", "email": "bert@example.com"})
	bert := p.browser(t)
	bert.signIn(t, "")
	mine, _ := b.session(t)
	other, _ := second.session(t)
	his, _ := bert.session(t)

	own, err := p.store.Own(t.Context(), &mine)
	if err != nil || len(own) != 2 || own[0].Hash != other.Hash {
		t.Errorf("own sessions %v, %v", own, err)
	}
	all, err := p.store.All(t.Context(), "EXAMPLE.com", 10)
	if err != nil || len(all) != 3 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
	if err := p.store.EndOwn(t.Context(), &mine, his.Hash); !errors.Is(err, fault.NotFound) {
		t.Errorf("ending somebody else's session: %v", err)
	}
	if err := p.store.EndOwn(t.Context(), &mine, other.Hash); err != nil {
		t.Error(err)
	}
	if _, ok := second.session(t); ok {
		t.Error("the session that was ended lives")
	}
	if _, ok := bert.session(t); !ok {
		t.Error("the other person's session ended")
	}
}

func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	p, b, _, _ := signedIn(t)
	p.rows.SetDown(fault.New(fault.Unavailable, "The database does not answer."))
	for _, path := range []string{"/", "/signin", "/signin/test", "/callback?state=a&code=b"} {
		if got := b.get(t, p.URL+path); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d; a database that is down must not look like a sign-out", path, got.StatusCode)
		}
	}
	fresh := p.browser(t)
	if got := fresh.signIn(t, ""); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("sign-in: status %d", got.StatusCode)
	}
	p.rows.SetDown(nil)
	if _, ok := b.session(t); !ok {
		t.Error("the session did not survive")
	}
}

func FuzzSessionCookie(f *testing.F) {
	f.Add("__Host-portal=" + strings.Repeat("a", 64))
	f.Add("__Host-portal=; __Host-portal=\x00")
	f.Fuzz(func(t *testing.T, header string) {
		rows := authtest.NewMemory()
		store := newStore(rows, newClock(), false)
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		gs, err := store.Get(r, store.CookieName())
		if err != nil || !gs.IsNew {
			t.Fatalf("cookie %q opened a session or failed: %v", header, err)
		}
	})
}

func TestSecretIsNeverShown(t *testing.T) {
	t.Parallel()
	secret := auth.Secret("hush-hush")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "in", struct{ S auth.Secret }{secret})
	shown := fmt.Sprintf("%v %+v %#v %s %q %x", secret, secret, secret, secret, secret, secret) + log.String()
	if strings.Contains(shown, "hush") || strings.Contains(shown, fmt.Sprintf("%x", "hush")) {
		t.Error(shown)
	}
	if secret.Reveal() != "hush-hush" {
		t.Error("the secret is lost")
	}
}
