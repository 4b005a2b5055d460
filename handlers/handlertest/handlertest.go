// Package handlertest runs the whole portal for tests: real router, real SQLite, the emulator of Gtmhub, and a signed-in
// browser for each viewpoint. Only tests import it. Start at [New] and [Portal.As].
package handlertest

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/app"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/notify"
)

// Viewpoint is a person of the built-in account with what they hold in the portal.
type Viewpoint struct {
	// Name is for messages of tests.
	Name   string
	Email  string
	Groups []string
}

// The viewpoints. Each is another person.
var (
	Anonymous = Viewpoint{Name: "anonymous"}
	Employee  = Viewpoint{Name: "employee", Email: "catarina.singh@northwind.example"}
	// Lead leads "Website Maintainers" and "Website Milestone Maintainers", no admin, no sub-teams.
	Lead = Viewpoint{Name: "lead", Email: "irina.kobayashi@northwind.example"}
	// LeadWithSub leads "SIG Autoscaling", which has teams below it, and eleven others.
	LeadWithSub = Viewpoint{Name: "lead with sub-teams", Email: "rahul.agarwal@northwind.example"}
	HR          = Viewpoint{Name: "HR", Email: "zhen.muller@northwind.example", Groups: []string{"portal-hr"}}
	HRApprover  = Viewpoint{Name: "HR approver", Email: "chen.achieng@northwind.example", Groups: []string{"portal-hr", "portal-approver"}}
	// Approver is no HR and leads nothing.
	Approver = Viewpoint{Name: "approver", Email: "erik.muller@northwind.example", Groups: []string{"portal-approver"}}
	Auditor  = Viewpoint{Name: "auditor", Groups: []string{"portal-auditor"}, Email: "auditor@elsewhere.example"}
	Operator = Viewpoint{Name: "operator", Groups: []string{"portal-operator"}, Email: "operator@elsewhere.example"}
)

// Viewpoints lists all, for sweeps.
func Viewpoints() []Viewpoint {
	return []Viewpoint{Anonymous, Employee, Lead, LeadWithSub, HR, HRApprover, Approver, Auditor, Operator}
}

// Options change the portal of a test. The zero value is the built-in account, SQLite, a runner in the background.
type Options struct {
	// DatabaseURL is another database than a fresh SQLite file.
	DatabaseURL string
	// Account is another account than the built-in one.
	Account *emulator.Account
	// Manual leaves the runner to the test, which calls App.Runner.Step.
	Manual bool
	// Timing replaces short waits.
	Timing change.Timing
	// NotLoaded leaves the directory empty.
	NotLoaded bool
	// Mail and Webhook send notifications; App.Notices makes and sends none before a test calls Derive and Send.
	Mail, Webhook notify.Transport
	// Provider, if set, is another sign-in than the one that nobody can reach; it is given the address of the portal.
	Provider func(origin string) auth.ProviderConfig
	// Calls is how many calls a run makes at once; 0 means 6.
	Calls int
	// Readings of the emulator.
	Readings emulator.Readings
}

// Portal is a portal under test.
type Portal struct {
	App      *app.App
	Emulator *emulator.Emulator
	// URL is the address of the portal, which is also its origin.
	URL string
	t   *testing.T
}

const issuer = "https://signin.example"

// New starts a portal; it ends with the test.
func New(t *testing.T, options ...Options) *Portal {
	t.Helper()
	var o Options
	if len(options) > 0 {
		o = options[0]
	}
	if o.Timing == (change.Timing{}) {
		o.Timing = change.Timing{Call: 2 * time.Second, Lease: 3 * time.Second, Settle: 6 * time.Second, Poll: 100 * time.Millisecond}
	}
	log := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	em, err := emulator.New(emulator.Options{Account: o.Account, Token: "service-token", StrictToken: true, Seed: 1, Readings: o.Readings})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { em.Close() })
	api := httptest.NewServer(em)
	t.Cleanup(api.Close)
	server := httptest.NewUnstartedServer(nil)
	origin, err := url.Parse("http://" + server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if o.DatabaseURL == "" {
		o.DatabaseURL = filepath.Join(t.TempDir(), "portal.db")
	}
	provider := auth.ProviderConfig{ID: "main", Name: "Sign-in", Issuer: issuer, ClientID: "portal", ClientSecret: "secret"}
	if o.Provider != nil {
		provider = o.Provider(origin.String())
	}
	a, err := app.New(t.Context(), app.Options{
		DatabaseURL: o.DatabaseURL,
		Gtmhub:      gtmhub.Options{BaseURL: api.URL + "/results/api", AccountID: em.AccountID(), Token: gtmhub.StaticToken("service-token"), RatePerSecond: 2000, MaxInFlight: min(16, max(12, o.Calls+4)), MaxBackground: max(8, o.Calls), CallTimeout: o.Timing.Call},
		Providers:   []auth.ProviderConfig{provider},
		Origin:      origin,
		Grants: actor.Grants{HR: []string{"group:portal-hr"}, Approvers: []string{"group:portal-approver"}, Auditors: []string{"group:portal-auditor"},
			Operators: []string{"group:portal-operator"}},
		AdminRoles: []string{"Admin", "Account Admin"}, ViewOnlyRoles: []string{"Viewer"}, Timing: o.Timing, Inline: 20 * time.Second, RunCalls: cmp.Or(o.Calls, 6), Joiners: joiners.Options{Domains: []string{"northwind.example"}},
		Mail: o.Mail, Webhook: o.Webhook,
		NightlyAt: 2 * time.Hour, Insecure: true, Version: "test", Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !o.NotLoaded {
		if err := a.Directory.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	server.Config.Handler = a.Handler
	server.Start()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if !o.Manual {
			a.Runner.Run(ctx)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-done
		server.Close()
		if err := a.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return &Portal{App: a, Emulator: em, URL: server.URL, t: t}
}

// testWriter sends log lines to the test's own log.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Helper()
	defer func() { _ = recover() }() // a line after the end of the test is nobody's concern
	w.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// User returns the user with an address as the directory has it.
func (p *Portal) User(email string) directory.User {
	p.t.Helper()
	users := p.App.Directory.Current().UsersByEmail(email)
	if len(users) != 1 {
		p.t.Fatalf("%d users have the address %s", len(users), email)
	}
	return *users[0]
}

// Team returns the team of a name as the directory has it.
func (p *Portal) Team(name string) directory.Team {
	p.t.Helper()
	teams := p.App.Directory.Current().TeamsByName(name)
	if len(teams) != 1 {
		p.t.Fatalf("%d teams have the name %s", len(teams), name)
	}
	return *teams[0]
}

// Client is the browser of one person. It keeps cookies and does not follow redirects.
type Client struct {
	portal  *Portal
	http    *http.Client
	cookies []*http.Cookie
	// HTMX makes it ask as htmx does.
	HTMX bool
	// NoOrigin leaves unsafe requests without an origin, unless they have one of their own.
	NoOrigin bool
	// Session is the person's session; nil for Anonymous.
	Session *auth.Session
}

// As signs a person in, without a provider: the session is put into the store, as package auth would do it.
func (p *Portal) As(v Viewpoint) *Client {
	p.t.Helper()
	c := &Client{portal: p, http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 30 * time.Second}}
	if v.Name == Anonymous.Name {
		return c
	}
	now := time.Now().UTC()
	secret := string(auth.HashOf(v.Email)) // any 64 hex digits will do as the cookie's value
	sess := auth.Session{Hash: auth.HashOf(secret), Provider: "main", Issuer: issuer, Subject: v.Email, Email: v.Email, EmailVerified: true, Name: v.Name, Groups: v.Groups,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour), AuthTime: now}
	if users := p.App.Directory.Current().UsersByEmail(v.Email); len(users) == 1 {
		sess.User, sess.Name = users[0].ID, users[0].Name
	}
	rows := p.App.Store.Auth()
	if err := rows.CreateSession(p.t.Context(), sess, auth.HashOf(secret), 5); err != nil {
		p.t.Fatal(err)
	}
	c.Session = &sess
	c.cookies = []*http.Cookie{{Name: p.App.Sessions.CookieName(), Value: secret}}
	return c
}

// Age moves the moment of the person's last sign-in back, as time would; zero takes it away, as a provider does that does
// not say it.
func (c *Client) Age(by time.Duration) {
	c.portal.t.Helper()
	sess := *c.Session
	if sess.AuthTime = time.Now().UTC().Add(-by); by == 0 {
		sess.AuthTime = time.Time{}
	}
	if err := c.portal.App.Store.Auth().CreateSession(c.portal.t.Context(), sess, sess.Hash, 5); err != nil {
		c.portal.t.Fatal(err)
	}
}

// Again signs the same person in in another browser.
func (c *Client) Again(browser string) *Client {
	c.portal.t.Helper()
	other := *c
	sess := *c.Session
	secret := string(auth.HashOf(string(sess.Hash) + browser))
	sess.Hash, sess.UserAgent, sess.CreatedAt = auth.HashOf(secret), browser, sess.CreatedAt.Add(time.Second)
	if err := c.portal.App.Store.Auth().CreateSession(c.portal.t.Context(), sess, "", 5); err != nil {
		c.portal.t.Fatal(err)
	}
	other.Session = &sess
	other.cookies = []*http.Cookie{{Name: c.portal.App.Sessions.CookieName(), Value: secret}}
	return &other
}

// Page is an answer.
type Page struct {
	Status int
	Header http.Header
	Body   string
	t      *testing.T
}

// Doc parses the answer.
func (p *Page) Doc() *htmltest.Doc {
	p.t.Helper()
	return htmltest.Parse(p.t, strings.NewReader(p.Body))
}

// Location is where the answer leads to: the redirect of a browser, or that of htmx.
func (p *Page) Location() string {
	if l := p.Header.Get("HX-Redirect"); l != "" {
		return l
	}
	return p.Header.Get("Location")
}

// Do sends a request with the person's cookies. Unsafe methods carry the portal's own origin unless the request has one.
func (c *Client) Do(r *http.Request) *Page {
	c.portal.t.Helper()
	for _, k := range c.cookies {
		r.AddCookie(k)
	}
	if !c.NoOrigin && r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Set("Origin", c.portal.URL)
	}
	if c.HTMX {
		r.Header.Set("HX-Request", "true")
	}
	res, err := c.http.Do(r)
	if err != nil {
		c.portal.t.Fatal(err)
	}
	defer res.Body.Close()
	return ReadPage(c.portal.t, res)
}

// ReadPage reads an answer.
func ReadPage(t *testing.T, res *http.Response) *Page {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &Page{Status: res.StatusCode, Header: res.Header, Body: string(b), t: t}
}

// Get asks for a page.
func (c *Client) Get(path string) *Page {
	c.portal.t.Helper()
	return c.Do(c.request(http.MethodGet, path, nil, ""))
}

// Head asks for a page without its body.
func (c *Client) Head(path string) *Page {
	c.portal.t.Helper()
	return c.Do(c.request(http.MethodHead, path, nil, ""))
}

// Post sends a form.
func (c *Client) Post(path string, form url.Values) *Page {
	c.portal.t.Helper()
	return c.Do(c.request(http.MethodPost, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded"))
}

// Upload sends a form with one file.
func (c *Client) Upload(path, field, name string, content []byte, form url.Values) *Page {
	c.portal.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for k, vs := range form {
		for _, v := range vs {
			if err := m.WriteField(k, v); err != nil {
				c.portal.t.Fatal(err)
			}
		}
	}
	w, err := m.CreateFormFile(field, name)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = m.Close()
	}
	if err != nil {
		c.portal.t.Fatal(err)
	}
	return c.Do(c.request(http.MethodPost, path, &body, m.FormDataContentType()))
}

func (c *Client) request(method, path string, body io.Reader, contentType string) *http.Request {
	c.portal.t.Helper()
	r, err := http.NewRequestWithContext(c.portal.t.Context(), method, c.portal.URL+path, body)
	if err != nil {
		c.portal.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// WaitFor returns the change once it has ended; the test fails after five minutes, which is for slow machines only.
func (p *Portal) WaitFor(c id.Change) change.Change {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ch, err := p.App.Store.Changes().Change(ctx, c)
		if err == nil && ch.State.Ended() {
			return ch
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("change %s has not ended: %s, %v, %v", c, ch.State, ch.Counts, err)
		case <-tick.C:
		}
	}
}
