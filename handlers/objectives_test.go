package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// ownerOf finds an active person for whom want says yes.
func ownerOf(t *testing.T, p *handlertest.Portal, want func(u *directory.User, o directory.Owned) bool) (*directory.User, directory.Owned) {
	t.Helper()
	for _, u := range p.App.Directory.Current().Users() {
		if u.Status != directory.Active {
			continue
		}
		o, err := p.App.Lookups.FreshOwned(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if want(u, o) {
			return u, o
		}
	}
	t.Fatal("the account has nobody like that")
	return nil, directory.Owned{}
}

// ownsOne says whether somebody owns an objective of theirs; nobody of the viewpoints is taken.
func ownsOne(u *directory.User, o directory.Owned) bool {
	return !slices.ContainsFunc(handlertest.Viewpoints(), func(v handlertest.Viewpoint) bool { return v.Email == u.Email }) &&
		slices.ContainsFunc(o.Objectives, func(x directory.Objective) bool { return x.OwnedBy(u.ID) && !x.Private })
}

func TestKeyResultsTab(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	u, owned := ownerOf(t, p, ownsOne)
	tab := route.User(u.ID) + "?tab=results"
	doc := hr.Get(tab).Doc()
	if got := dataCount(t, doc, "user-results"); got != len(owned.KeyResults) || doc.Count(`[data-testid="key-result"]`) != got || doc.Count(`[data-testid="objective"]`) != len(owned.Objectives) {
		t.Errorf("%d key results, want %d of %d objectives", got, len(owned.KeyResults), len(owned.Objectives))
	}
	if doc.Count(`[data-testid="hand-over"]`) != 1 || doc.Count(`[data-testid="set-confidence"]`) != len(owned.Objectives) {
		t.Error("HR lacks the buttons")
	}
	if auditor := p.As(handlertest.Auditor).Get(tab).Doc(); auditor.Count(`[data-testid="hand-over"]`)+auditor.Count(`[data-testid="set-confidence"]`) != 0 || auditor.Count(`[data-testid="objective"]`) == 0 {
		t.Error("an auditor reads, and changes nothing")
	}
	// Nothing is asked of Gtmhub before the tab is opened.
	before := p.Emulator.Counts().Calls[34]
	hr.Get(route.User(u.ID))
	if got := p.Emulator.Counts().Calls[34]; got != before {
		t.Errorf("%d calls for the overview", got-before)
	}

	file := hr.Get(route.UserPage(u.ID, "key-results.csv"))
	if lines := strings.Count(file.Body, "\r\n"); file.Status != http.StatusOK || lines != len(owned.KeyResults)+1 || !strings.Contains(file.Body, owned.KeyResults[0].Name) {
		t.Errorf("file: %d, %d lines", file.Status, lines)
	}

	// Private key results are for HR and the person.
	secret, all := ownerOf(t, p, func(u *directory.User, o directory.Owned) bool {
		return slices.ContainsFunc(o.KeyResults, func(k directory.KeyResult) bool { return k.Private })
	})
	tab = route.User(secret.ID) + "?tab=results"
	if got := dataCount(t, hr.Get(tab).Doc(), "user-results"); got != len(all.KeyResults) {
		t.Errorf("HR sees %d of %d", got, len(all.KeyResults))
	}
	seen := p.As(handlertest.Auditor).Get(tab).Doc()
	if got := dataCount(t, seen, "user-results"); got != len(all.Public().KeyResults) || seen.Count(`[data-testid="results-note"]`) != 1 {
		t.Errorf("an auditor sees %d, want %d and a note", got, len(all.Public().KeyResults))
	}
	if body := p.As(handlertest.Auditor).Get(route.UserPage(secret.ID, "key-results.csv")).Body; strings.Count(body, "\r\n") != len(all.Public().KeyResults)+1 {
		t.Error("the file says more than the page")
	}
	if got := p.As(handlertest.Employee).Get(route.UserPage(u.ID, "key-results.csv")); got.Status != http.StatusNotFound {
		t.Errorf("an employee gets the file of a stranger: %d", got.Status)
	}
}

func TestKeyResultsWhenGtmhubDoesNotAnswer(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	u := p.User(handlertest.Lead.Email)
	for _, tc := range []struct {
		status int
		words  string
		again  int
	}{
		{http.StatusForbidden, "may not serve it any more", 0},
		{http.StatusServiceUnavailable, "does not answer at the moment", 1},
	} {
		p.Emulator.ClearFaults()
		if _, err := p.Emulator.AddFault(emulator.Fault{Operation: 34, Effect: emulator.EffectStatus, Status: tc.status}); err != nil {
			t.Fatal(err)
		}
		got := hr.Get(route.User(u.ID) + "?tab=results")
		alert := got.Doc().MustOne(`[data-testid="results-problem"]`)
		if got.Status != http.StatusOK || !strings.Contains(alert.Text(), tc.words) || strings.Count(alert.Text(), "Try again") < tc.again {
			t.Errorf("%d: %q", tc.status, alert.Text())
		}
	}
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	u, owned := ownerOf(t, p, ownsOne)
	i := slices.IndexFunc(owned.Objectives, func(x directory.Objective) bool { return x.OwnedBy(u.ID) })
	o := owned.Objectives[i]
	path := route.UserPage(u.ID, "handover")
	doc := hr.Get(path).Doc()
	if doc.Count(`input[name="objective"][checked]`) == 0 {
		t.Error("what the person owns is not ticked")
	}
	for _, tc := range []struct {
		name string
		form url.Values
		want string
	}{
		{"nothing filled in", url.Values{}, "at least one objective"},
		{"nobody", url.Values{"objective": {string(o.ID)}}, "Write a name"},
		{"an unknown name", url.Values{"objective": {string(o.ID)}, "to": {"Nobody Whatsoever"}}, "Nobody who is active"},
		{"a few letters", url.Values{"objective": {string(o.ID)}, "to": {"agarwal"}}, "Choose who is meant"},
		{"the person", url.Values{"objective": {string(o.ID)}, "to": {u.Email}}, "somebody else"},
	} {
		got := hr.Post(path, tc.form)
		if doc := got.Doc(); got.Status != http.StatusUnprocessableEntity || !strings.Contains(doc.MustOne(`[data-testid="error-summary"]`).Text(), tc.want) {
			t.Errorf("%s: %d", tc.name, got.Status)
		}
	}
	// Letters that match several people lead to a choice.
	to := p.User("rahul.agarwal@northwind.example")
	doc = hr.Post(path, url.Values{"objective": {string(o.ID)}, "to": {"agarwal"}}).Doc()
	if doc.Count(`input[name="to-chosen"][value="`+string(to.ID)+`"]`) != 1 || doc.Count(`input[name="objective"][value="`+string(o.ID)+`"][checked]`) != 1 {
		t.Error("no choice, or the tick is lost")
	}
	got := post(t, p, hr, path, url.Values{"objective": {string(o.ID)}, "to": {"agarwal"}, "to-chosen": {string(to.ID)}})
	if got.Location() != route.User(u.ID)+"?tab=results" {
		t.Errorf("leads to %s", got.Location())
	}
	now, err := p.App.Lookups.FreshOwned(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if x, _ := now.Objective(o.ID); !x.OwnedBy(to.ID) || x.OwnedBy(u.ID) {
		t.Errorf("owners %v", x.Owners)
	}
	if text := hr.Get(got.Location()).Doc().MustOne(`[data-testid="objective-owner"][data-id="` + string(o.ID) + `"]`).Text(); !strings.Contains(text, to.Name) {
		t.Errorf("the page says %q", text)
	}

	confidence := route.UserObjective(u.ID, o.ID, "confidence")
	for _, form := range []url.Values{{"percent": {"x"}, "why": {"a"}}, {"percent": {"101"}, "why": {"a"}}, {"percent": {"50"}}} {
		if got := hr.Post(confidence, form); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", form, got.Status)
		}
	}
	post(t, p, hr, confidence, url.Values{"percent": {"35"}, "why": {"A supplier is late."}})
	if n := p.Emulator.Counts().Effects[37]; n != 1 {
		t.Errorf("%d effects", n)
	}
	if got := hr.Get(route.UserObjective(u.ID, id.Objective("0000000000000000000000ff"), "confidence")); got.Status != http.StatusNotFound {
		t.Errorf("an objective out of sight: %d", got.Status)
	}
}
