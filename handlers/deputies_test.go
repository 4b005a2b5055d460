package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestDeputies: what is given works at once, goes no further, cannot be passed on, and ends.
func TestDeputies(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	lead, holder := p.As(handlertest.Lead), p.As(handlertest.Employee)
	team, second := p.Team("Website Maintainers"), p.Team("Website Milestone Maintainers")
	foreign := p.Team("SIG Autoscaling")
	me, them := p.User(handlertest.Employee.Email), p.User(handlertest.Approver.Email)
	tomorrow := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	give := func(c *handlertest.Client, user id.User, until string, acts []string, teams ...id.Team) *handlertest.Page {
		v := url.Values{"user": {string(user)}, "until": {until}, "act": acts}
		for _, t := range teams {
			v.Add("team", string(t))
		}
		return c.Post(route.Deputies, v)
	}
	adds := []string{string(access.AddMember), string(access.DecideMembers)}
	if got := holder.Get(route.Team(team.ID)); got.Status != http.StatusNotFound {
		t.Fatalf("before: %d", got.Status)
	}
	// The page finds the person and offers the lead's teams only.
	pick := lead.Get(route.DeputyNew + "?q=catarina.singh").Doc()
	doc := lead.Get(pick.MustOne(`[data-testid="choose"]`).Attr("href")).Doc()
	if doc.Count(`input[name="team"]`) != 2 || doc.Count(`input[name="act"]`) != len(access.LeadActs()) {
		t.Error("the choices of the form")
	}
	for name, tc := range map[string]struct {
		got  *handlertest.Page
		want int
		says string
	}{
		"no team":                {give(lead, me.ID, tomorrow, adds), 422, "at least one team"},
		"no act":                 {give(lead, me.ID, tomorrow, nil, team.ID), 422, "at least one thing"},
		"an act that is not for": {give(lead, me.ID, tomorrow, []string{string(access.SetManager)}, team.ID), 422, "cannot be given"},
		"no day":                 {give(lead, me.ID, "soon", adds, team.ID), 422, "last day"},
		"a day that has passed":  {give(lead, me.ID, "2020-01-01", adds, team.ID), 422, "passed"},
		"too long":               {give(lead, me.ID, time.Now().AddDate(1, 0, 0).Format(time.DateOnly), adds, team.ID), 422, "180 days"},
		"oneself":                {give(lead, p.User(handlertest.Lead.Email).ID, tomorrow, adds, team.ID), 422, "your own"},
		"a foreign team":         {give(lead, me.ID, tomorrow, adds, team.ID, foreign.ID), 404, ""},
		"nobody":                 {give(lead, "ffffffffffffffffffffffff", tomorrow, adds, team.ID), 404, ""},
		"an employee gives":      {give(holder, them.ID, tomorrow, adds, team.ID), 403, ""},
	} {
		if tc.got.Status != tc.want || !strings.Contains(tc.got.Body, tc.says) {
			t.Errorf("%s: %d", name, tc.got.Status)
		}
	}
	if got := give(lead, me.ID, tomorrow, adds, team.ID); got.Status != http.StatusSeeOther {
		t.Fatalf("given: %d", got.Status)
	}
	for who, c := range map[string]*handlertest.Client{"the lead": lead, "the holder": holder, "HR": p.As(handlertest.HR)} {
		if body := c.Get(route.Deputies).Body; !strings.Contains(body, me.Name) || !strings.Contains(body, "add members") || !strings.Contains(body, team.Name) {
			t.Errorf("%s does not see it", who)
		}
	}
	for who, c := range map[string]*handlertest.Client{"the lead": lead, "the holder": holder} {
		if line := c.Get(route.Home).Doc().MustOne(`[data-testid="home-deputy"]`).Text(); !strings.Contains(line, team.Name) || !strings.Contains(line, "until ") {
			t.Errorf("home of %s: %s", who, line)
		}
	}
	if p.As(handlertest.LeadWithSub).Get(route.Home).Doc().Count(`[data-testid="home-deputies"]`) != 0 {
		t.Error("another lead sees it at home")
	}
	if body := p.As(handlertest.LeadWithSub).Get(route.Deputies).Body; strings.Contains(body, me.Name) || strings.Contains(body, team.Name) {
		t.Error("another lead sees it")
	}

	// What was given works; what was not does not.
	page := holder.Get(route.Team(team.ID))
	if page.Status != http.StatusOK || page.Doc().Count(`[data-testid="add-member"]`) != 1 || page.Doc().Count(`[data-testid="edit-about"]`) != 0 || page.Doc().Count(`[data-testid="act-move"]`) != 0 {
		t.Errorf("the deputy's page: %d", page.Status)
	}
	if got := holder.Get(route.Team(second.ID)); got.Status != http.StatusNotFound {
		t.Errorf("the lead's other team: %d", got.Status)
	}
	post(t, p, holder, route.TeamMembers(team.ID), url.Values{"user": {string(them.ID)}})
	if !slices.Contains(upstreamMembers(t, p, team.ID), them.ID) {
		t.Error("the deputy's addition did nothing")
	}
	wish := ask(t, p, p.As(handlertest.LeadWithSub), route.TeamSelf(team.ID, "join"))
	if !strings.Contains(holder.Get(route.Changes+"?box=waiting").Body, wish.Title) {
		t.Error("the deputy's inbox lacks the wish")
	}
	if got := decide(holder, wish); got.Status != http.StatusSeeOther {
		t.Errorf("the deputy's decision: %d", got.Status)
	}
	p.WaitFor(wish.ID)
	written := effects(p)
	for name, tc := range map[string]struct {
		path string
		form url.Values
		want []int
	}{
		"removing":           {route.TeamMemberRemove(team.ID, them.ID), url.Values{}, []int{403}},
		"renaming":           {route.TeamEdit(team.ID), url.Values{"name": {"Mine"}}, []int{403}},
		"becoming manager":   {route.TeamAct(team.ID, "manager"), url.Values{"user": {string(me.ID)}, "reason": {"x"}}, []int{403, 422}},
		"passing it on":      {route.Deputies, url.Values{"user": {string(them.ID)}, "until": {tomorrow}, "act": adds, "team": {string(team.ID)}}, []int{403}},
		"extending it":       {route.Deputies, url.Values{"user": {string(me.ID)}, "until": {time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}, "act": adds, "team": {string(team.ID)}}, []int{403, 422}},
		"the lead's other":   {route.TeamMembers(second.ID), url.Values{"user": {string(them.ID)}}, []int{404}},
		"ending for another": {route.DeputyEnd(id.NewDeputy()), url.Values{}, []int{404}},
	} {
		if got := holder.Post(tc.path, tc.form); !slices.Contains(tc.want, got.Status) {
			t.Errorf("%s: %d, want %v", name, got.Status, tc.want)
		}
	}
	if n := effects(p) - written; n != 0 {
		t.Errorf("%d writes", n)
	}

	// Others cannot end it; the giver can, and it is over at once.
	list, err := p.App.Store.Deputies().InForce(t.Context(), me.ID)
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	if got := p.As(handlertest.LeadWithSub).Post(route.DeputyEnd(list[0].ID), nil); got.Status != http.StatusNotFound {
		t.Errorf("somebody else ends it: %d", got.Status)
	}
	if got := lead.Post(route.DeputyEnd(list[0].ID), nil); got.Status != http.StatusSeeOther {
		t.Errorf("the giver ends it: %d", got.Status)
	}
	if got := lead.Post(route.DeputyEnd(list[0].ID), nil); got.Status != http.StatusConflict {
		t.Errorf("twice: %d", got.Status)
	}
	if got := holder.Post(route.TeamMembers(team.ID), url.Values{"user": {string(me.ID)}}); got.Status == http.StatusSeeOther {
		t.Errorf("an ex-deputy adds: %d", got.Status)
	}
	if got := holder.Get(route.Team(team.ID)); got.Status != http.StatusNotFound {
		t.Errorf("the page of an ex-deputy: %d", got.Status)
	}
	entries, err := p.App.Store.Audit().Entries(t.Context(), audit.Filter{Teams: []id.Team{team.ID}, Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[audit.Event]int{}
	for _, e := range entries {
		seen[e.Event]++
	}
	if seen[audit.DeputyGiven] != 1 || seen[audit.DeputyEnded] != 1 {
		t.Errorf("audit: %v", seen)
	}

	// It ends by itself, and with the lead who gave it.
	if err := p.App.Store.Deputies().Add(t.Context(), deputy.Deputy{ID: id.NewDeputy(), Holder: me.ID, HolderName: me.Name, Teams: []id.Team{team.ID}, Acts: []access.Act{access.AddMember},
		By: p.User(handlertest.Lead.Email).ID, ByName: "Irina", Until: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if got := holder.Get(route.Team(team.ID)); got.Status != http.StatusOK {
		t.Errorf("given again: %d", got.Status)
	}
	if err := upstream(t, p).Teams.SetManager(t.Context(), gtmhub.ID(team.ID), gtmhub.ID(them.ID)); err != nil {
		t.Fatal(err)
	}
	if got := holder.Post(route.TeamMembers(team.ID), url.Values{"user": {string(p.User(handlertest.HR.Email).ID)}}); got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
		t.Errorf("a deputy of an ex-lead adds: %d", got.Status)
	}
}
