package auth_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/authtest"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// clock is a clock that tests move by hand. It starts now, because cookie jars look at the system's.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now().UTC().Truncate(time.Second)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// users is a directory of address to users.
type users map[string][]id.User

func (u users) UserByEmail(email string) []id.User { return u[strings.ToLower(email)] }

// portal is the handlers of package auth behind a real server with TLS, as in production.
type portal struct {
	URL     string
	server  *httptest.Server
	store   *auth.Store
	handler *auth.Handler
	rows    *authtest.Memory
	clock   *clock

	mu     sync.Mutex
	errs   []error
	events []auth.Event
	allow  func(auth.Person, id.User) error
	log    *strings.Builder
}

type setup struct {
	config func(*auth.ProviderConfig)
	users  users
	issuer string
	second *auth.ProviderConfig
}

func newPortal(t *testing.T, c *clock, s setup) *portal {
	t.Helper()
	p := &portal{rows: authtest.NewMemory(), clock: c, log: &strings.Builder{}}
	mux := http.NewServeMux()
	p.server = httptest.NewUnstartedServer(nil)
	p.server.StartTLS()
	t.Cleanup(p.server.Close)
	p.URL = p.server.URL
	logger := slog.New(slog.NewJSONHandler(&lockedWriter{w: p.log, mu: &p.mu}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p.store = auth.NewStore(auth.StoreOptions{Rows: p.rows, Now: c.Now, OnError: p.fail, Logger: logger})
	config := auth.ProviderConfig{
		ID: "test", Name: "Test", Issuer: s.issuer, ClientID: authtest.ClientID,
		ClientSecret: authtest.ClientSecret, AllowPlainHTTP: true,
	}
	if s.config != nil {
		s.config(&config)
	}
	configs := []auth.ProviderConfig{config}
	if s.second != nil {
		configs = append(configs, *s.second)
	}
	providers, err := auth.NewProviders(t.Context(), configs, p.URL+"/callback", nil, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	if s.users == nil {
		s.users = users{"anna@example.com": {"anna"}}
	}
	h := auth.NewHandler(auth.HandlerOptions{
		Providers: providers, Sessions: p.store, PreLogins: p.rows, Identities: p.rows, Users: s.users,
		Allow: func(person auth.Person, user id.User) error {
			if p.allow != nil {
				return p.allow(person, user)
			}
			return nil
		},
		Record: func(_ context.Context, e auth.Event) error {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.events = append(p.events, e)
			return nil
		},
		SignInPage: func(w http.ResponseWriter, _ *http.Request, page auth.SignInPage) error {
			return json.NewEncoder(w).Encode(page)
		},
		SignedOutPage: func(w http.ResponseWriter, _ *http.Request, page auth.SignedOutPage) error {
			return json.NewEncoder(w).Encode(page)
		},
		Logger: logger, Now: c.Now,
	})
	handle := func(pattern string, f func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := f(w, r); err != nil {
				p.fail(w, r, err)
			}
		})
	}
	handle("GET /signin", h.SignIn)
	handle("GET /signin/{provider}", h.Start)
	handle("GET /callback", h.Callback)
	handle("POST /signout", h.SignOut)
	handle("GET /own-token", func(w http.ResponseWriter, r *http.Request) error {
		_, err := io.WriteString(w, h.OwnToken(r).Reveal())
		return err
	})
	handle("POST /signin", h.SignInByEmail)
	handle("GET /signed-out", h.SignedOut)
	handle("POST /backchannel-logout", h.BackChannelLogout)
	handle("GET /client-keys.json", h.ClientKeys)
	handle("POST /write", func(w http.ResponseWriter, r *http.Request) error {
		sess, ok := auth.FromContext(r.Context())
		if !ok {
			return fault.New(fault.Forbidden, "nobody is signed in")
		}
		return json.NewEncoder(w).Encode(sess)
	})
	p.handler = h
	handle("GET /", func(w http.ResponseWriter, r *http.Request) error {
		sess, ok := auth.FromContext(r.Context())
		if !ok {
			return fault.New(fault.Forbidden, "nobody is signed in")
		}
		return json.NewEncoder(w).Encode(sess)
	})
	p.server.Config.Handler = p.store.Load(h.Follow(mux))
	return p
}

type lockedWriter struct {
	w  io.Writer
	mu *sync.Mutex
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (p *portal) fail(w http.ResponseWriter, _ *http.Request, err error) {
	p.mu.Lock()
	p.errs = append(p.errs, err)
	p.mu.Unlock()
	w.WriteHeader(fault.KindOf(err).Status())
	_, _ = io.WriteString(w, fault.Message(err))
}

// lastError is the last error that a handler returned.
func (p *portal) lastError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.errs) == 0 {
		return nil
	}
	return p.errs[len(p.errs)-1]
}

func (p *portal) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

func (p *portal) recorded() []auth.EventKind {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kinds []auth.EventKind
	for _, e := range p.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// browser is one browser with its own cookies. It remembers the addresses that it was redirected to.
type browser struct {
	*http.Client
	portal *portal
	visits []*url.URL
	// before may change a request that follows a redirect, as a hostile network or person would.
	before func(*http.Request) error
}

func (p *portal) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{portal: p, Client: &http.Client{Jar: jar, Transport: p.server.Client().Transport}}
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		b.visits = append(b.visits, r.URL)
		if b.before != nil {
			return b.before(r)
		}
		return nil
	}
	return b
}

type page struct {
	*http.Response
	body string
}

func (b *browser) get(t *testing.T, address string) page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.do(t, r)
}

func (b *browser) do(t *testing.T, r *http.Request) page {
	t.Helper()
	resp, err := b.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{resp, string(body)}
}

// signIn follows the link to the provider "test" with these parameters, through to the end.
func (b *browser) signIn(t *testing.T, query string) page {
	t.Helper()
	return b.get(t, b.portal.URL+"/signin/test"+query)
}

// session reads the session that the browser has, if any.
func (b *browser) session(t *testing.T) (auth.Session, bool) {
	t.Helper()
	got := b.get(t, b.portal.URL+"/me")
	if got.StatusCode != http.StatusOK {
		return auth.Session{}, false
	}
	var s auth.Session
	if err := json.Unmarshal([]byte(got.body), &s); err != nil {
		t.Fatal(err)
	}
	return s, true
}

// cookie returns the value of a cookie of the portal.
func (b *browser) cookie(t *testing.T, name string) string {
	t.Helper()
	u, err := url.Parse(b.portal.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) callback(t *testing.T) *url.URL {
	t.Helper()
	for _, u := range b.visits {
		if u.Path == "/callback" {
			return u
		}
	}
	t.Fatal("the browser was never sent to the callback")
	return nil
}
