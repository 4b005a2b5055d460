package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// bulkTeams: several teams are ticked and changed at once, each list of members by one call.
func bulkTeams(t *testing.T, p *handlertest.Portal) {
	hr, lead := p.As(handlertest.HR), p.As(handlertest.Lead)
	names := []string{"Website Maintainers", "Website Milestone Maintainers", "API Approvers"}
	var teams []string
	for _, n := range names {
		teams = append(teams, string(p.Team(n).ID))
	}
	foreign := teams[2]
	doc := hr.Get(route.TeamsList + "?size=25").Doc()
	if doc.Count(`[data-testid="team-row"]`) != 25 || doc.Count(`[data-testid="bulk-bar"]`) != 1 {
		t.Fatal("the list of teams")
	}
	if dataCount(t, hr.Get(route.TeamsList+"?q=website").Doc(), "teams-count") == 0 || hr.Get(route.TeamsList+"?q=nosuchteam").Doc().Count(`[data-testid="teams-empty"]`) != 1 {
		t.Error("the search of the list")
	}
	if doc := p.As(handlertest.Employee).Get(route.TeamsList).Doc(); doc.Count(`[data-testid="team-row"]`) != 3 || doc.Count(`[data-testid="bulk-bar"]`) != 0 {
		t.Error("an employee's list")
	}
	// Ticks are kept, and a tick of a team that is not open to the person is none.
	tick := func(c *handlertest.Client, do string, teams ...string) *handlertest.Page {
		return c.Post(route.TeamsTicks, url.Values{"team": teams, "shown": teams, "do": {do}, "back": {"q=website&size=25&evil=1"}})
	}
	if got := tick(hr, "keep", teams...); got.Location() != route.TeamsList+"?q=website&size=25" {
		t.Errorf("back to %s", got.Location())
	}
	if got := hr.Again("phone").Get(route.TeamsList + "?q=website+maint").Doc(); got.Count(`[data-testid="team-row"] input[checked]`) != 2 || !strings.Contains(got.MustOne(`[data-testid="bulk-bar"]`).Text(), "3 selected") {
		t.Errorf("ticks are not kept over devices and searches: %d, %s", got.Count(`[data-testid="team-row"] input[checked]`), got.MustOne(`[data-testid="bulk-bar"]`).Text())
	}
	if got := tick(lead, "deactivate", teams...); got.Location() != route.TeamsBulk("deactivate") {
		t.Errorf("to the act: %s", got.Location())
	}
	if got := lead.Get(route.TeamsBulk("deactivate")); got.Doc().Count(`[data-testid="plan-row"]`) != 2 || strings.Contains(got.Body, names[2]) || got.Doc().Count(`[data-testid="reason"]`) != 1 {
		t.Error("a lead's plan is not about the lead's two teams, or asks for no reason")
	}
	before := effects(p)
	if got := lead.Post(route.TeamsBulk("deactivate"), url.Values{}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", got.Status)
	}
	if got := lead.Post(route.TeamsBulk("deactivate"), url.Values{"reason": {"merged"}}); !strings.HasPrefix(got.Location(), "/changes/") || effects(p) != before {
		t.Errorf("a lead's wish leads to %s after %d calls", got.Location(), effects(p)-before)
	}
	if got := tick(lead, "move", teams[0]); got.Status != http.StatusSeeOther {
		t.Fatal(got.Status)
	}
	if got := lead.Post(route.TeamsBulk("move"), url.Values{"parent": {foreign}, "reason": {"x"}}); got.Status == http.StatusSeeOther {
		t.Error("a lead moves a team below a foreign one")
	}

	// People come into all ticked teams: chosen one after the other, shown first, one call per team.
	one, two := p.User(handlertest.Approver.Email), p.User(handlertest.HRApprover.Email)
	choose := hr.Get(route.TeamsBulk("add-people") + "?q=" + url.QueryEscape(one.Email)).Doc().MustOne(`[data-testid="choose"]`).Attr("href")
	plan := hr.Get(choose)
	if n := plan.Doc().Count(`[data-testid="plan-row"]`); n != 3 || !strings.Contains(plan.Body, one.Name) {
		t.Fatalf("%d lines", n)
	}
	more := plan.Doc().MustOne(`[data-testid="choose-more"]`).Attr("href")
	choose = hr.Get(more + "&q=" + url.QueryEscape(two.Email)).Doc().MustOne(`[data-testid="choose"]`).Attr("href")
	doc = hr.Get(choose).Doc()
	form := url.Values{}
	for _, in := range doc.Find(`[data-testid="act-form"] input[type="hidden"]`) {
		form.Add(in.Attr("name"), in.Attr("value"))
	}
	before = p.Emulator.Counts().Calls[27]
	if got := hr.Post(route.TeamsBulk("add-people"), form); got.Location() != route.TeamsList {
		t.Fatalf("added: %d to %s", got.Status, got.Location())
	}
	if n := p.Emulator.Counts().Calls[27] - before; n != 3 {
		t.Errorf("%d calls for 2 people in 3 teams, want one per team", n)
	}
	for _, team := range teams {
		if got := upstreamMembers(t, p, id.Team(team)); !slices.Contains(got, one.ID) || !slices.Contains(got, two.ID) {
			t.Errorf("members of %s: %v", team, got)
		}
	}
	if doc := hr.Get(route.TeamsList).Doc(); doc.Count(`[data-testid="team-row"] input[checked]`) != 0 || doc.Count(`[data-toast]`) != 1 {
		t.Error("what is done is still ticked, or nothing is said")
	}
	if got := hr.Get(route.TeamsBulk("add-people")); got.Status != http.StatusOK || !strings.Contains(got.Body, "No team is ticked") {
		t.Error("nothing is ticked, and the page does not say so")
	}

	// Those ticked in the list of users are taken too; then a manager, a parent and the state of all.
	hr.Post(route.UsersSelection, url.Values{"user": {string(one.ID), string(two.ID)}, "do": {"keep"}})
	tick(hr, "keep", teams...)
	if doc := hr.Get(route.TeamsBulk("remove-people")).Doc(); !strings.Contains(doc.MustOne(`[data-id="ticked"]`).Text(), "2 people") {
		t.Error("the people of the other list are not offered")
	}
	for _, tc := range []struct {
		act  string
		form url.Values
		done func(id.Team) bool
	}{
		{"remove-people", url.Values{"user": {"ticked"}}, func(team id.Team) bool { return !slices.Contains(upstreamMembers(t, p, team), one.ID) }},
		{"manager", url.Values{"user": {string(two.ID)}}, func(team id.Team) bool { now, _ := p.App.Directory.Current().Team(team); return now.Manager == two.ID }},
		{"move", url.Values{"parent": {string(p.Team("SIG Autoscaling").ID)}}, func(team id.Team) bool {
			now, _ := p.App.Directory.Current().Team(team)
			return now.Parent == p.Team("SIG Autoscaling").ID
		}},
		{"deactivate", url.Values{}, func(team id.Team) bool { now, _ := p.App.Directory.Current().Team(team); return !now.Active }},
		{"activate", url.Values{}, func(team id.Team) bool { now, _ := p.App.Directory.Current().Team(team); return now.Active }},
	} {
		tick(hr, "keep", teams...)
		if got := hr.Get(route.TeamsBulk(tc.act) + "?" + tc.form.Encode()); got.Doc().Count(`[data-testid="act-submit"]`) != 1 {
			t.Errorf("%s: no button", tc.act)
		}
		if got := hr.Post(route.TeamsBulk(tc.act), tc.form); got.Status != http.StatusSeeOther {
			t.Errorf("%s: %d", tc.act, got.Status)
		}
		for _, team := range teams {
			if !tc.done(id.Team(team)) {
				t.Errorf("%s: not done for %s", tc.act, team)
			}
		}
	}
	if got := hr.Get(route.TeamsBulk("delete")); got.Status != http.StatusNotFound {
		t.Errorf("deletions are one by one: %d", got.Status)
	}
}
