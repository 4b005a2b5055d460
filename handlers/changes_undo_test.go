package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

func TestUndo(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	lead, hr := p.As(handlertest.Lead), p.As(handlertest.HR)
	team, who := p.Team("Website Maintainers"), p.User(handlertest.Employee.Email)
	before := upstreamMembers(t, p, team.ID)

	// From the result line, with one click.
	got := post(t, p, lead, route.TeamMembers(team.ID), url.Values{"user": {string(who.ID)}})
	form := lead.Get(got.Location()).Doc().MustOne(".toast-undo").Attr("action")
	got = post(t, p, lead, form, nil)
	if got.Location() != route.Team(team.ID) {
		t.Errorf("undone, then to %s, want the team", got.Location())
	}
	if diff := cmp.Diff(before, upstreamMembers(t, p, team.ID)); diff != "" {
		t.Errorf("members after the undo (-want +got):\n%s", diff)
	}
	// Twice is refused, with the way to the first.
	twice := lead.Post(form, nil)
	doc := twice.Doc()
	alert := doc.MustOne(`[data-testid="too-late"]`)
	if twice.Status != http.StatusConflict || !strings.Contains(alert.Text(), "undone already, by #2") {
		t.Errorf("undo twice: status %d, %q", twice.Status, alert.Text())
	}
	second := doc.MustOne(`[data-testid="undone-by"]`).Attr("href")
	undo := lead.Get(second).Doc()
	htmltest.CheckPage(t, undo)
	if of := undo.MustOne(`[data-testid="undo-of"]`); of.Text() != "#1" || undo.Count(`[data-testid="undo-link"]`) != 1 {
		t.Errorf("the undo leads to %q", of.Text())
	}

	// Over the page: what it showed is what is done.
	page := lead.Get(second + "/undo").Doc()
	htmltest.CheckPage(t, page)
	if rows := page.Count(`[data-testid="undo-row"]`); rows != 1 || page.MustOne(`[data-testid="undo-word"]`).Text() != "is taken back" {
		t.Errorf("%d rows", rows)
	}
	shown := url.Values{"shown": {page.MustOne(`input[name="shown"]`).Attr("value")}}
	added := hr.Post(route.TeamMembers(team.ID), url.Values{"user": {string(who.ID)}})
	if added.Status != http.StatusSeeOther {
		t.Fatalf("status %d", added.Status)
	}
	stale := lead.Post(second+"/undo", shown)
	if stale.Status != http.StatusConflict || !strings.Contains(stale.Doc().MustOne(`[data-testid="too-late"]`).Text(), "has changed") {
		t.Errorf("a plan that is not true any more: status %d", stale.Status)
	}
	if got := stale.Doc().Count(`[data-testid="undo-submit"]`); got != 0 {
		t.Error("there is a button, but nothing to do")
	}

	for _, tc := range []struct {
		name string
		as   handlertest.Viewpoint
		path string
		want int
	}{
		{"a foreign request", handlertest.LeadWithSub, second, http.StatusNotFound},
		{"an auditor sees, but does not undo", handlertest.Auditor, second, http.StatusForbidden},
		{"no such request", handlertest.HR, route.Change(id.NewChange()), http.StatusNotFound},
		{"no id", handlertest.HR, route.Change("x"), http.StatusNotFound},
	} {
		c := p.As(tc.as)
		if a, b := c.Get(tc.path+"/undo").Status, c.Post(tc.path+"/undo", nil).Status; a != tc.want || b != tc.want {
			t.Errorf("%s: GET %d, POST %d, want %d", tc.name, a, b, tc.want)
		}
	}
	if text := p.As(handlertest.Auditor).Get(second).Doc(); text.Count(`[data-testid="undo-link"]`) != 0 {
		t.Error("the auditor is offered the undo")
	}
}

func TestUndoSaysWhatStays(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	c := submit(t, p, hr, invitation(p, 1))
	p.WaitFor(c.ID)
	written := effects(p)
	doc := hr.Get(route.ChangeAct(c.ID, "undo")).Doc()
	htmltest.CheckPage(t, doc)
	if got := doc.MustOne(`[data-testid="undo-stays"]`).Text(); !strings.Contains(got, "1 of 2 rows cannot be taken back") {
		t.Errorf("what stays: %q", got)
	}
	if first := doc.Find(`[data-testid="undo-row"]`)[0].Text(); !strings.Contains(first, "cannot be called back") {
		t.Errorf("first row %q, want what stays", first)
	}
	if effects(p) != written {
		t.Error("looking at it wrote something")
	}
	defer func() { // an undo that waits for a decision has undone nothing
		ask := change.Change{ID: id.NewChange(), Kind: change.UndoChange, Title: "Undo", Requester: c.Requester, State: change.Waiting, Version: 1, Deciders: 1, UndoOf: change.Link{ID: c.ID}}
		if _, err := p.App.Store.Changes().Create(t.Context(), ask, nil, nil, time.Hour); err != nil {
			t.Fatal(err)
		}
		page := hr.Get(route.ChangeAct(c.ID, "undo"))
		got := page.Doc().MustOne(`[data-testid="too-late"]`)
		if page.Status != http.StatusConflict || !strings.Contains(got.Text(), "Undoing waits for a decision") || got.MustOne("a").Attr("href") != route.Change(ask.ID) {
			t.Errorf("an undo that waits: %d %q", page.Status, got.Text())
		}
	}()
	// Not all of it can be taken back, so one click shows the page first.
	if got := hr.Post(route.ChangeAct(c.ID, "undo"), nil); got.Location() != route.ChangeAct(c.ID, "undo") {
		t.Errorf("one click: %d to %s", got.Status, got.Location())
	}
}
