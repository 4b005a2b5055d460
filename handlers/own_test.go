package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/route"
)

// ownThings goes through what Gtmhub ties to the caller, as HR in a browser whose provider gives tokens that Gtmhub takes.
func ownThings(t *testing.T, p *handlertest.Portal, b browser, tokens []string) {
	t.Helper()
	me := func(query string) *htmltest.Doc {
		t.Helper()
		return htmltest.Parse(t, strings.NewReader(b.open(http.MethodGet, p.URL+route.Me+query, nil, "").Body))
	}
	page := me("")
	if got := page.MustOne(`[data-testid="me-settings"]`).Text(); !strings.Contains(got, "light") {
		t.Errorf("settings: %s", got)
	}
	if got := page.MustOne(`[data-testid="me-rules"]`).Text(); !strings.Contains(got, "needs at least 8 characters") {
		t.Errorf("rules: %s", got)
	}
	if len(me("?edit=settings").Find(`[data-testid="edit-theme"]`)) != 1 {
		t.Error("there is no form of the settings")
	}
	hr := p.User(handlertest.HR.Email).ID
	settings := func() string {
		t.Helper()
		mine, err := p.App.Lookups.Personal(t.Context(), hr)
		if err != nil {
			t.Fatal(err)
		}
		return mine.Settings.Theme + map[bool]string{true: " scrollbars"}[mine.Settings.UseScrollbars]
	}
	save := func(f url.Values) *handlertest.Page {
		t.Helper()
		return b.open(http.MethodPost, p.URL+route.MeAct("settings"), f, p.URL)
	}
	if got := save(url.Values{"was-theme": {"light"}, "theme": {"dark"}, "scrollbars": {"on"}}); got.Status != http.StatusOK || settings() != "dark scrollbars" {
		t.Errorf("saved: %d, %s", got.Status, settings())
	}
	// A newer value is shown, not overwritten; one that is no choice comes back with the form.
	if got := save(url.Values{"was-theme": {"light"}, "theme": {"other"}, "scrollbars": {"on"}, "was-scrollbars": {"on"}}); got.Status != http.StatusConflict || !strings.Contains(got.Body, `data-testid="newer"`) || settings() != "dark scrollbars" {
		t.Errorf("with an old form: %d, %s", got.Status, settings())
	}
	if got := save(url.Values{"was-theme": {"dark"}, "theme": {"other"}, "scrollbars": {"on"}, "was-scrollbars": {"on"}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a theme that there is not: %d", got.Status)
	}
	// What Gtmhub says about this person is said to this person, and pauses nothing.
	for _, tt := range []struct {
		status int
		want   string
	}{
		{http.StatusUnauthorized, "sign out, sign in again"}, {http.StatusPaymentRequired, "subscription does not allow these settings"}, {http.StatusForbidden, "did not let you change"},
		{http.StatusConflict, "conflict with what is there"}, {http.StatusLocked, "has locked your settings"},
	} {
		fault, err := p.Emulator.AddFault(emulator.Fault{Operation: 14, Effect: emulator.EffectStatus, Status: tt.status})
		if err != nil {
			t.Fatal(err)
		}
		got := save(url.Values{"was-theme": {"dark"}, "theme": {"light"}, "scrollbars": {"on"}, "was-scrollbars": {"on"}})
		if p.Emulator.RemoveFault(fault); !strings.Contains(got.Body, tt.want) || settings() != "dark scrollbars" {
			t.Errorf("%d: %d, %s, want %q in %s", tt.status, got.Status, settings(), tt.want, got.Body)
		}
	}

	// One's own reaction: the page offers it, and the account loses just that one.
	list := b.open(http.MethodGet, p.URL+route.Announcements, nil, "")
	forms := htmltest.Parse(t, strings.NewReader(list.Body)).Find(`[data-testid="announcement"] form`)
	if len(forms) == 0 || strings.Contains(list.Body, "reaction-why") {
		t.Fatalf("%d announcements whose reaction can be taken back", len(forms))
	}
	if got := b.open(http.MethodPost, p.URL+forms[0].Attr("action"), nil, p.URL); got.Status != http.StatusOK || !strings.Contains(got.Body, "Your reaction is taken back") || p.Emulator.Counts().Calls[40] != 1 {
		t.Errorf("reaction: %d, %d calls", got.Status, p.Emulator.Counts().Calls[40])
	}

	// Somebody else's settings, and one's own without the token at hand, are left alone.
	a := p.App.Actors.Actor(change.Person{Kind: access.ByPerson, User: hr})
	c, err := p.App.Changes.Submit(t.Context(), a, change.Person{Kind: access.ByPerson, User: hr}, change.Input{Recipe: change.OwnSettings,
		Fields: change.Fields(change.Personal{Was: change.PersonalSettings{Theme: "dark", UseScrollbars: true}, To: change.PersonalSettings{Theme: "light", UseScrollbars: true}})})
	if err != nil {
		t.Fatal(err)
	}
	if c = p.WaitFor(c.ID); c.Main()[change.RefusedRow] != 1 || settings() != "dark scrollbars" {
		t.Errorf("without a token: %s %v, %s", c.State, c.Main(), settings())
	}

	// The token is on no page, in no entry of the trail, and not to be read in the session's row.
	sess, err := p.App.Store.Auth().Sessions(t.Context(), "", 10)
	if err != nil || len(tokens) == 0 {
		t.Fatal(len(tokens), err)
	}
	texts := []string{list.Body, b.open(http.MethodGet, p.URL+"/audit/export.jsonl", nil, "").Body, b.open(http.MethodGet, p.URL+route.Me, nil, "").Body, b.open(http.MethodGet, p.URL+route.Change(c.ID), nil, "").Body}
	for _, s := range sess {
		texts = append(texts, string(s.Tokens))
	}
	for _, token := range tokens {
		for _, text := range texts {
			if strings.Contains(text, token) {
				t.Error("the person's token is to be read")
			}
		}
	}
}
