package handlers_test

import (
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/devidp"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/route"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 <script>"

func end(c *handlertest.Client, path string, h auth.Hash) *handlertest.Page {
	return c.Post(path, url.Values{"session": {string(h)}})
}

// TestOwnSessions sees and ends one's own sessions, and never anybody else's.
func TestOwnSessions(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	here := p.As(handlertest.Employee)
	one, two := here.Again(firefox), here.Again("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1")
	lead := p.As(handlertest.Lead)
	doc := here.Get(route.MySessions).Doc()
	rows := doc.Find(`[data-testid="session"]`)
	if len(rows) != 3 {
		t.Fatalf("%d sessions, want 3", len(rows))
	}
	text := doc.MustOne(`[data-testid="session-table"]`).Text()
	for _, want := range []string{"Firefox on Linux", "Safari on iPhone", "this one"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
	if strings.Contains(text, "script") || doc.Count(`[data-testid="this-session"]`) != 1 || doc.Count(`[data-testid="end-session"]`) != 2 {
		t.Errorf("the list: %s", text)
	}
	if got := end(here, route.MySessionsEnd, lead.Session.Hash); got.Status != http.StatusNotFound {
		t.Errorf("ending somebody else's session: %d", got.Status)
	}
	if got := end(here, route.MySessionsEnd, "nonsense"); got.Status != http.StatusNotFound {
		t.Errorf("ending nothing: %d", got.Status)
	}
	if got := end(here, route.MySessionsEnd, one.Session.Hash); got.Status != http.StatusSeeOther || got.Location() != route.MySessions {
		t.Errorf("ending one: %d %s", got.Status, got.Location())
	}
	if got := one.Get(route.Home); got.Status != http.StatusSeeOther {
		t.Errorf("the ended session answers %d", got.Status)
	}
	if got := here.Post(route.MySessionsEndOthers, nil); got.Status != http.StatusSeeOther {
		t.Errorf("ending all others: %d", got.Status)
	}
	for who, c := range map[string]*handlertest.Client{"here": here, "the lead": lead} {
		if got := c.Get(route.Me); got.Status != http.StatusOK {
			t.Errorf("%s: %d", who, got.Status)
		}
	}
	if got := two.Get(route.Home); got.Status != http.StatusSeeOther {
		t.Errorf("the other session answers %d", got.Status)
	}
	if doc := here.Get(route.MySessions).Doc(); doc.Count(`[data-testid="end-others"]`) != 0 {
		t.Error("there is no other session to end, but a button for it")
	}
}

// TestOperatorEndsSessions finds somebody by address and ends the session; the trail says who did it.
func TestOperatorEndsSessions(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	operator, lead, hr := p.As(handlertest.Operator), p.As(handlertest.Lead), p.As(handlertest.HR)
	if operator.Get(route.Home).Doc().Count(`[data-testid="nav-sessions"]`) != 1 || hr.Get(route.Home).Doc().Count(`[data-testid="nav-sessions"]`) != 0 {
		t.Error("the navigation leads operators, and nobody else, to the sessions")
	}
	find := func(q string) []string {
		return ids(operator.Get(route.OperatorSessions+"?q="+url.QueryEscape(q)).Doc(), "session", "data-session")
	}
	if got := find(""); len(got) != 3 {
		t.Errorf("%d sessions, want 3", len(got))
	}
	if got := find(strings.ToUpper(handlertest.Lead.Email)); len(got) != 1 || got[0] != string(lead.Session.Hash) {
		t.Errorf("found %v", got)
	}
	if got := operator.Get(route.OperatorSessions + "?q=nobody%25"); got.Doc().Count(`[data-testid="sessions-empty"]`) != 1 {
		t.Error("nobody is found, and the page does not say so")
	}
	if got := end(hr, route.OperatorSessionsEnd, lead.Session.Hash); got.Status != http.StatusForbidden {
		t.Errorf("HR ends a session: %d", got.Status)
	}
	if got := end(operator, route.OperatorSessionsEnd, lead.Session.Hash); got.Status != http.StatusSeeOther {
		t.Errorf("the operator ends a session: %d", got.Status)
	}
	if got := lead.Get(route.Home); got.Status != http.StatusSeeOther {
		t.Errorf("the ended session answers %d", got.Status)
	}
	if got := end(operator, route.OperatorSessionsEnd, lead.Session.Hash); got.Status != http.StatusNotFound {
		t.Errorf("ending it again: %d", got.Status)
	}
	entries, err := p.App.Store.Audit().Entries(t.Context(), audit.Filter{Event: audit.SessionEnded, Limit: 10})
	if err != nil || len(entries) != 1 || entries[0].Who.Subject != handlertest.Operator.Email || entries[0].User != lead.Session.User {
		t.Errorf("the trail: %+v, %v", entries, err)
	}
	if text := hr.Get(route.Audit).Body; !strings.Contains(text, "ended the session of") {
		t.Error("the audit page does not tell")
	}
}

// TestDeactivatedPeopleLoseTheirSessions, those who click and those who do not.
func TestDeactivatedPeopleLoseTheirSessions(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	employee, lead, hr := p.As(handlertest.Employee), p.As(handlertest.Lead), p.As(handlertest.HR)
	other := employee.Again(firefox)
	body := `["` + string(employee.Session.User) + `","` + string(lead.Session.User) + `"]`
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/results/api/v1/users/deactivate", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer service-token")
	r.Header.Set("gtmhub-accountId", p.Emulator.AccountID())
	r.Header.Set("Content-Type", "application/json")
	done := httptest.NewRecorder()
	if p.Emulator.ServeHTTP(done, r); done.Code >= 300 {
		t.Fatalf("deactivate: %d %s", done.Code, done.Body)
	}
	if err := p.App.Directory.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := employee.Get(route.Home); got.Status != http.StatusForbidden || !strings.Contains(got.Body, "deactivated") {
		t.Errorf("the click that finds out: %d", got.Status)
	}
	for _, c := range []*handlertest.Client{employee, other} {
		if got := c.Get(route.Home); got.Status != http.StatusSeeOther {
			t.Errorf("the next click: %d", got.Status)
		}
	}
	if err := p.App.EndDeactivated(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := p.App.Store.Auth().Sessions(t.Context(), "", 10)
	if err != nil || len(left) != 1 || left[0].Hash != hr.Session.Hash {
		t.Errorf("%d sessions are left, %v", len(left), err)
	}
	entries, err := p.App.Store.Audit().Entries(t.Context(), audit.Filter{Event: audit.SessionEnded, Limit: 10})
	if err != nil || len(entries) != 2 {
		t.Errorf("%d ends in the trail, want one for each person; %v", len(entries), err)
	}
}

// browser is a person with cookies at the portal and at the local provider.
type browser struct {
	*http.Client
	t *testing.T
}

var loginID = regexp.MustCompile(`name="id" value="([A-Z0-9]+)"`)

func (b browser) open(method, address string, form url.Values, origin string) *handlertest.Page {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
	}
	res, err := b.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	return handlertest.ReadPage(b.t, res)
}

// TestLocalProvider goes the whole way with a real provider: sign-in, groups that are lost during a session, a fresh
// sign-in where one is needed, and signing out everywhere, in two browsers.
func TestLocalProvider(t *testing.T) {
	t.Parallel()
	idp := httptest.NewServer(nil)
	t.Cleanup(idp.Close)
	var mu sync.Mutex
	var p *handlertest.Portal
	var tokens []string
	groups := []string{"portal-hr", "portal-operator"}
	p = handlertest.New(t, handlertest.Options{Provider: func(origin string) auth.ProviderConfig {
		handler, err := devidp.New(devidp.Options{Issuer: idp.URL, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
			Clients: []devidp.Client{{ID: "portal", Secret: "secret", RedirectURIs: []string{origin + route.Callback},
				PostLogoutRedirectURIs: []string{origin + route.SignedOut}, BackChannelLogoutURI: origin + route.BackChannelLogout}},
			People: func() []devidp.Person {
				mu.Lock()
				defer mu.Unlock()
				return []devidp.Person{{ID: "hr", Email: handlertest.HR.Email, Name: "Zhen Muller", Groups: groups}}
			},
			OnToken: func(token string, _ devidp.Person) {
				mu.Lock()
				defer mu.Unlock()
				tokens = append(tokens, token)
				if err := p.Emulator.RegisterToken(token, string(p.User(handlertest.HR.Email).ID)); err != nil {
					t.Error(err)
				}
			}})
		if err != nil {
			t.Fatal(err)
		}
		idp.Config.Handler = handler
		return auth.ProviderConfig{ID: "main", Name: "Sign-in", Issuer: idp.URL, ClientID: "portal", ClientSecret: "secret", AllowPlainHTTP: true, GtmhubTokens: true, Scopes: []string{"profile", "email", "offline_access"}}
	}})
	newBrowser := func() browser {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		return browser{&http.Client{Jar: jar, Timeout: 30 * time.Second}, t}
	}
	signIn := func(b browser, query string) *handlertest.Page {
		t.Helper()
		login := b.open(http.MethodGet, p.URL+"/signin/main"+query, nil, "")
		id := loginID.FindStringSubmatch(login.Body)
		if id == nil {
			t.Fatalf("no login page: %d %s", login.Status, login.Body)
		}
		return b.open(http.MethodPost, idp.URL+"/login", url.Values{"id": {id[1]}, "person": {"hr"}}, idp.URL)
	}
	b := newBrowser()
	if got := signIn(b, "?return=/users"); got.Status != http.StatusOK || htmltest.Parse(t, strings.NewReader(got.Body)).MustOne(`[data-testid="page-title"]`).Text() == "" {
		t.Fatalf("signed in: %d", got.Status)
	}
	other := newBrowser()
	signIn(other, "")
	mu.Lock()
	issued := slices.Clone(tokens)
	mu.Unlock()
	ownThings(t, p, b, issued)

	// A fresh sign-in is good for deciding at once.
	if got := b.open(http.MethodGet, p.URL+route.Confirmed, nil, ""); got.Status != http.StatusOK || !strings.Contains(got.Body, `data-testid="confirmed"`) {
		t.Errorf("just signed in: %d", got.Status)
	}
	if got := signIn(b, "?fresh=1&return="+url.QueryEscape(route.Confirmed)); !strings.Contains(got.Body, `data-testid="confirmed"`) {
		t.Errorf("after a fresh sign-in: %d", got.Status)
	}

	// A lost group is refused on the next write.
	mu.Lock()
	groups = []string{"portal-hr"}
	mu.Unlock()
	if got := b.open(http.MethodGet, p.URL+route.OperatorSessions, nil, ""); got.Status != http.StatusOK {
		t.Errorf("reading goes on for some minutes: %d", got.Status)
	}
	sessions, err := p.App.Store.Auth().Sessions(t.Context(), "", 10)
	if err != nil || len(sessions) != 2 {
		t.Fatalf("%d sessions, %v", len(sessions), err)
	}
	if got := b.open(http.MethodPost, p.URL+route.OperatorSessionsEnd, url.Values{"session": {string(sessions[0].Hash)}}, p.URL); got.Status != http.StatusForbidden {
		t.Errorf("the next write: %d", got.Status)
	}
	if got := b.open(http.MethodGet, p.URL+route.OperatorSessions, nil, ""); got.Status != http.StatusForbidden {
		t.Errorf("and then reading: %d", got.Status)
	}

	// Signing out at the provider ends everything: it tells the portal over the back channel.
	me := func(b browser) bool {
		return strings.Contains(b.open(http.MethodGet, p.URL+route.Me, nil, "").Body, `data-testid="me"`)
	}
	out := b.open(http.MethodPost, p.URL+route.SignOut, nil, p.URL)
	if me(b) || !me(other) {
		t.Error("signing out at the portal ends the session in this browser, and only that")
	}
	link := htmltest.Parse(t, strings.NewReader(out.Body)).MustOne(`[data-testid="signout-provider"]`).Attr("href")
	if got := b.open(http.MethodGet, link, nil, ""); got.Status != http.StatusOK || !strings.Contains(got.Body, `data-testid="signed-out-everywhere"`) {
		t.Errorf("back from the provider: %d %s", got.Status, got.Body)
	}
	if me(other) {
		t.Error("the session in the other browser lives on")
	}
}
