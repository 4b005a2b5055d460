package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// ask sends a wish that must become a request, and returns the request.
func ask(t *testing.T, p *handlertest.Portal, c *handlertest.Client, path string) change.Change {
	t.Helper()
	got := c.Post(path, url.Values{"reason": {"I work with them"}})
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location(), route.Changes+"/") {
		t.Fatalf("POST %s: %d %s", path, got.Status, got.Location())
	}
	ch, err := p.App.Store.Changes().Change(t.Context(), id.Change(strings.TrimPrefix(got.Location(), route.Changes+"/")))
	if err != nil || ch.State != change.Waiting {
		t.Fatalf("%s, %v", ch.State, err)
	}
	return ch
}

func decide(c *handlertest.Client, ch change.Change) *handlertest.Page {
	return c.Post(route.ChangeAct(ch.ID, "decide"), url.Values{"version": {"1"}, "hash": {ch.Hash}, "do": {"approve"}})
}

// TestJoinAndLeave: anybody asks, the team's lead decides, and nobody else's lead sees it.
func TestJoinAndLeave(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	employee, lead, other := p.As(handlertest.Employee), p.As(handlertest.Lead), p.As(handlertest.LeadWithSub)
	team, me := p.Team("Website Maintainers"), p.User(handlertest.Employee.Email)
	// The finder shows names, and only to who knows some letters.
	if doc := employee.Get(route.TeamJoin).Doc(); doc.Count(`[data-testid="choice"]`) != 0 {
		t.Error("a list of all teams")
	}
	found := employee.Get(route.TeamJoin + "?q=website+maint")
	if n := found.Doc().Count(`[data-testid="choice"]`); n != 2 {
		t.Errorf("%d teams found", n)
	}
	page := employee.Get(found.Doc().MustOne(`[data-id="` + string(team.ID) + `"] [data-testid="choose"]`).Attr("href"))
	for _, secret := range []string{"Irina", team.Description, handlertest.Lead.Email} {
		if strings.Contains(found.Body, secret) || strings.Contains(page.Body, secret) {
			t.Errorf("somebody who wants to join reads %q", secret)
		}
	}
	if text := page.Doc().MustOne(`[data-testid="act-verdict"]`).Text(); !strings.Contains(text, "manager, or HR, decides") {
		t.Errorf("who decides: %q", text)
	}
	join := route.TeamSelf(team.ID, "join")
	if got := employee.Post(join, url.Values{"reason": {""}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("no reason: %d", got.Status)
	}
	if got := employee.Get(route.Team(team.ID)); got.Status != http.StatusNotFound {
		t.Errorf("the page of a team that one is not in: %d", got.Status)
	}
	wish := ask(t, p, employee, join)

	// The lead has it in the inbox; another lead has not, and cannot decide it.
	inbox := lead.Get(route.Changes + "?box=waiting")
	if !strings.Contains(inbox.Body, wish.Title) || !strings.Contains(lead.Get(route.Home).Body, wish.Title) {
		t.Error("the lead does not see the wish")
	}
	if got := other.Get(route.Change(wish.ID)); got.Status != http.StatusNotFound {
		t.Errorf("another lead's look: %d", got.Status)
	}
	if body := other.Get(route.Changes + "?box=waiting").Body; strings.Contains(body, wish.Title) {
		t.Error("another lead's inbox has the wish")
	}
	if got := decide(other, wish); got.Status == http.StatusSeeOther {
		t.Errorf("another lead decides: %d", got.Status)
	}
	if got := decide(employee, wish); got.Status != http.StatusForbidden {
		t.Errorf("their own decision: %d", got.Status)
	}
	// A lead does not see what is for HR: an invitation of somebody else.
	foreign := submit(t, p, p.As(handlertest.HR), invitation(p, 2))
	if body := lead.Get(route.Changes + "?box=waiting").Body; strings.Contains(body, foreign.Title) {
		t.Error("a lead's inbox has a request that is not theirs")
	}
	if got := decide(lead, foreign); got.Status == http.StatusSeeOther {
		t.Errorf("a lead decides what is not theirs: %d", got.Status)
	}
	if got := decide(lead, wish); got.Status != http.StatusSeeOther {
		t.Fatalf("the lead's decision: %d %s", got.Status, got.Doc().Text())
	}
	if end := p.WaitFor(wish.ID); end.State != change.Finished || !slices.Contains(upstreamMembers(t, p, team.ID), me.ID) {
		t.Errorf("joined: %s", end.State)
	}

	// Leaving, decided by somebody who lost the team a moment ago.
	if doc := employee.Get(route.Team(team.ID)).Doc(); doc.Count(`[data-testid="act-leave"]`) != 1 || doc.Count(`[data-testid="act-move"]`) != 0 {
		t.Error("the buttons of a member")
	}
	leave := ask(t, p, employee, route.TeamSelf(team.ID, "leave"))
	if err := upstream(t, p).Teams.SetManager(t.Context(), gtmhub.ID(team.ID), gtmhub.ID(p.User(handlertest.Approver.Email).ID)); err != nil {
		t.Fatal(err)
	}
	if got := decide(lead, leave); got.Status != http.StatusForbidden {
		t.Errorf("an ex-lead decides: %d", got.Status)
	}
	if got := decide(p.As(handlertest.HR), leave); got.Status != http.StatusSeeOther {
		t.Errorf("HR decides: %d", got.Status)
	}
	if end := p.WaitFor(leave.ID); end.State != change.Finished || slices.Contains(upstreamMembers(t, p, team.ID), me.ID) {
		t.Errorf("left: %s", end.State)
	}
	for name, path := range map[string]string{"a team that is not there": route.TeamSelf(id.Team("ffffffffffffffffffffffff"), "join"), "leaving a foreign team": route.TeamSelf(p.Team("SIG Autoscaling").ID, "leave")} {
		if got := employee.Post(path, url.Values{"reason": {"x"}}); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
}
