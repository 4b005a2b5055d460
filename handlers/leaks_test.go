package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestLeaks looks at the account as a lead, a deputy, an employee and somebody who was a lead until a moment ago: no page,
// search, count, file, picture, history or message tells of a team and a person out of their scope.
func TestLeaks(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	foreign := p.Team("API Approvers")
	stranger := p.User("zhen.muller@northwind.example")
	own, second := p.Team("Website Maintainers"), p.Team("Website Milestone Maintainers")
	them := p.User(handlertest.Approver.Email)
	made := submit(t, p, hr, change.Input{Recipe: change.AddMembers, Fields: change.Fields(change.Members{Team: foreign.ID, Users: []id.User{stranger.ID}})})
	p.WaitFor(made.ID)
	if err := p.App.Store.Deputies().Add(t.Context(), deputy.Deputy{ID: id.NewDeputy(), Holder: p.User(handlertest.Approver.Email).ID, HolderName: "holder", Teams: []id.Team{second.ID},
		Acts: []access.Act{access.AddMember}, ByHR: true, ByName: "HR", Until: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	lead, employee := p.As(handlertest.Lead), p.As(handlertest.Employee)
	holder := p.As(handlertest.Viewpoint{Name: "deputy", Email: handlertest.Approver.Email}) // without the group
	exLead := p.As(handlertest.LeadWithSub)
	lost := p.Team("SIG Autoscaling")
	if got := exLead.Get(route.Team(lost.ID)); got.Status != http.StatusOK {
		t.Fatalf("before: %d", got.Status)
	}
	// The right is lost upstream, and the portal has not read it yet: the next write is refused at once.
	client := upstream(t, p)
	if err := client.Teams.SetManager(t.Context(), gtmhub.ID(lost.ID), gtmhub.ID(stranger.ID)); err != nil {
		t.Fatal(err)
	}
	before := effects(p)
	if got := exLead.Post(route.TeamMembers(lost.ID), url.Values{"user": {string(them.ID)}}); got.Status != http.StatusForbidden && got.Status != http.StatusNotFound || effects(p) != before {
		t.Errorf("an ex-lead adds: %d", got.Status)
	}

	q := url.QueryEscape
	for _, who := range []struct {
		name string
		c    *handlertest.Client
		// team and person are out of scope.
		team id.Team
		word string
	}{
		{"lead", lead, foreign.ID, foreign.Name},
		{"deputy", holder, foreign.ID, foreign.Name},
		{"employee", employee, foreign.ID, foreign.Name},
		{"ex-lead", exLead, foreign.ID, foreign.Name},
	} {
		paths := map[string]string{
			"home": route.Home, "users": route.Users + "?status=all&size=100", "search of users": route.Users + "?status=all&q=" + q(stranger.Email), "users of the team": route.Users + "?team=" + string(who.team),
			"tree": route.Teams, "search of teams": route.Teams + "?q=approvers", "part of the tree": route.Teams + "?under=" + string(who.team), "list of teams": route.TeamsList + "?q=approvers",
			"picture": route.TeamPicture, "picture of the team": route.TeamPicture + "?under=" + string(who.team), "drawing": route.TeamSVG, "drawing of the team": route.TeamSVG + "?under=" + string(who.team),
			"export": route.UsersCSV + "?status=all", "export of the team": route.UsersCSV + "?status=all&team=" + string(who.team),
			"requests": route.Changes + "?box=all", "deputies": route.Deputies, "audit": route.Audit, "audit of the team": route.Audit + "?team=" + string(who.team), "audit as a file": route.AuditCSV,
			"team": route.Team(who.team), "person": route.User(stranger.ID), "finder of the team": route.TeamAdd(who.team) + "?q=an", "request": route.Change(made.ID), "return file": route.Change(made.ID) + "/return.csv",
			"act": route.TeamAct(who.team, "move"), "leaving": route.TeamSelf(who.team, "leave"), "new team below": route.TeamNew + "?parent=" + string(who.team), "deputy for it": route.DeputyNew + "?team=" + string(who.team) + "&user=" + string(them.ID),
		}
		// HR sees it there, so the places are the right ones.
		for _, what := range []string{"users of the team", "search of users", "search of teams", "part of the tree", "list of teams", "picture", "drawing", "export", "export of the team", "requests", "audit of the team", "team", "person", "finder of the team", "request", "act"} {
			if who.name != "lead" {
				break
			}
			if body := hr.Get(paths[what]).Body; !strings.Contains(body, who.word) && !strings.Contains(body, stranger.Email) {
				t.Errorf("HR: %s shows neither the team nor the person", what)
			}
		}
		for what, path := range paths {
			got := who.c.Get(path)
			if strings.Contains(got.Body, who.word) || strings.Contains(got.Body, stranger.Email) && !strings.Contains(path, q(stranger.Email)) {
				t.Errorf("%s: %s (%d) tells of what is out of scope", who.name, what, got.Status)
			}
			if got.Status >= http.StatusInternalServerError {
				t.Errorf("%s: %s: %d", who.name, what, got.Status)
			}
		}
		// Escalations, by name. None of them reaches Gtmhub, and none tells the name of the team.
		mine := string(own.ID)
		me := string(who.c.Session.User)
		before := effects(p)
		for what, act := range map[string]struct {
			path string
			form url.Values
		}{
			"makes themself manager of a foreign team": {route.TeamAct(who.team, "manager"), url.Values{"user": {me}, "reason": {"x"}}},
			"makes themself manager of a team":         {route.TeamAct(own.ID, "manager"), url.Values{"user": {me}, "reason": {"x"}}},
			"moves a foreign team below their own":     {route.TeamAct(who.team, "move"), url.Values{"parent": {mine}, "reason": {"x"}}},
			"creates a team below a foreign one":       {route.Teams, url.Values{"name": {"Mine"}, "parent": {string(who.team)}, "reason": {"x"}}},
			"adds to a foreign team":                   {route.TeamMembers(who.team), url.Values{"user": {me}}},
			"adds to foreign teams in bulk":            {route.TeamsTicks, url.Values{"team": {string(who.team)}, "do": {"add-people"}}},
			"removes from a foreign team":              {route.TeamMemberRemove(who.team, stranger.ID), url.Values{}},
			"renames a foreign team":                   {route.TeamEdit(who.team), url.Values{"name": {"Mine"}}},
			"gives themself a role":                    {"/users/" + me + "/act/give-role", url.Values{"role": {string(adminRole(p))}, "reason": {"x"}}},
			"names a deputy for a foreign team":        {route.Deputies, url.Values{"user": {string(them.ID)}, "team": {string(who.team)}, "act": {string(access.AddMember)}, "until": {time.Now().AddDate(0, 0, 2).Format(time.DateOnly)}}},
		} {
			got := who.c.Post(act.path, act.form)
			if strings.Contains(got.Body, who.word) {
				t.Errorf("%s %s: the answer (%d) names the team", who.name, what, got.Status)
			}
		}
		if n := effects(p) - before; n != 0 {
			t.Errorf("%s: %d writes came through", who.name, n)
		}
	}
}

// adminRole is a role above everybody's own.
func adminRole(p *handlertest.Portal) id.Role {
	for _, r := range p.App.Directory.Current().Roles() {
		if r.Name == "Admin" || r.Name == "Account Admin" {
			return r.ID
		}
	}
	return ""
}
