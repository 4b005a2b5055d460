package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestWhoCanAct: the page names who has a right over a team or a person, with the rule, and nobody else.
func TestWhoCanAct(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	hr := p.As(handlertest.HR)
	for _, v := range []handlertest.Viewpoint{handlertest.HR, handlertest.Approver, handlertest.Lead, handlertest.Auditor} { // these have signed in
		p.As(v)
	}
	team, lead, holder := p.Team("Website Maintainers"), p.User(handlertest.Lead.Email), p.User(handlertest.Employee.Email)
	a, _ := actorOf(p, hr)
	if err := p.App.Store.Deputies().Add(t.Context(), deputy.Deputy{ID: id.NewDeputy(), Holder: holder.ID, HolderName: holder.Name, Teams: []id.Team{team.ID}, Acts: []access.Act{access.EditTeam}, By: lead.ID, Until: time.Now().Add(24 * time.Hour)},
		audit.Entry{Who: audit.WhoIs(a), Event: audit.DeputyGiven}); err != nil {
		t.Fatal(err)
	}
	read := func(path string) map[string]string {
		doc := hr.Get(path).Doc()
		htmltest.CheckPage(t, doc)
		out := map[string]string{}
		for _, card := range doc.Find(`[data-testid="who-person"]`) {
			var acts []string
			for _, row := range card.Find(`[data-testid="who-act"]`) {
				acts = append(acts, row.Text())
			}
			out[strings.TrimSpace(card.MustOne(".person-name").Text())] = strings.Join(acts, "\n")
		}
		return out
	}
	got := read(route.TeamWho(team.ID))
	for name, want := range map[string][]string{
		lead.Name:                               {"Add members", "own team members", "Deactivate", "asks", "lead asks", "requests to join"},
		holder.Name:                             {"Rename and describe", "own team name"},
		p.User(handlertest.HR.Email).Name:       {"hr members", "Delete", "deletion"},
		p.User(handlertest.Approver.Email).Name: {"Decide on requests"},
	} {
		for _, w := range want {
			if !strings.Contains(got[name], w) {
				t.Errorf("team: %s may %q, want %q in it", name, got[name], w)
			}
		}
	}
	if len(got) != 4 || strings.Contains(got[holder.Name], "Add members") || strings.Contains(got[lead.Name], "Delete") {
		t.Errorf("team: %d people, %q", len(got), got)
	}
	member := team.Members[slices.IndexFunc(team.Members, func(u id.User) bool { return u != lead.ID })]
	got = read(route.UserWho(member))
	if !strings.Contains(got[lead.Name], "lead asks deactivation") || strings.Contains(got[lead.Name], "Delete") || !strings.Contains(got[p.User(handlertest.HR.Email).Name], "hr people") || got[holder.Name] != "" {
		t.Errorf("person: %q", got)
	}
	if got := hr.Get(route.Team(team.ID)).Doc().Count(`[data-testid="act-who"]`); got != 1 {
		t.Errorf("%d links from the team", got)
	}
	for _, path := range []string{route.TeamWho("nosuch"), route.UserWho("nosuch")} {
		if got := hr.Get(path); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}
