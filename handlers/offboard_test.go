package handlers_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// left counts the active teams whose manager is the user, as Gtmhub has them.
func left(t *testing.T, c *gtmhub.Client, u id.User) int {
	t.Helper()
	n := 0
	for team, err := range c.Teams.All(t.Context(), gtmhub.TeamListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if team.IsActive && team.Manager == gtmhub.ID(u) {
			n++
		}
	}
	return n
}

// TestOffboarding offboards somebody who manages twelve teams: afterwards no active team has an inactive manager.
func TestOffboarding(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	c := upstream(t, p)
	u := p.User(handlertest.LeadWithSub.Email)
	led := left(t, c, u.ID)
	path := route.Offboard(u.ID)
	if hr.Get(route.User(u.ID)).Doc().Count(`[data-testid="offboard-link"]`) != 1 {
		t.Error("no way from the person to the offboarding")
	}
	doc := hr.Get(path).Doc()
	if got := doc.Count(`[data-testid="offboard-team"]`); led == 0 || got != led {
		t.Fatalf("%d teams on the page, %d in Gtmhub", got, led)
	}
	form := url.Values{"leave": {"on"}, "reason": {"leaves at the end of the month"}, "request": {doc.MustOne(`[data-testid="offboard"] input[name="request"]`).Attr("value")}}
	empty := 0
	for _, in := range doc.Find(`[data-testid="offboard-team"] input[name^="manager-"]`) {
		form.Set(in.Attr("name"), in.Attr("value"))
		if in.Attr("value") == "" {
			empty++
		}
	}
	if empty > 0 {
		if got := hr.Post(path, form); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d teams without a successor: %d", empty, got.Status)
		}
	}
	// A successor who has no access is none.
	for _, x := range p.App.Directory.Current().Users() {
		if x.Status == directory.Inactive {
			bad := url.Values{}
			for k := range form {
				if k != "request" {
					bad.Set(k, x.Email)
				}
			}
			if got := hr.Post(path, bad); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "is deactivated") {
				t.Errorf("a deactivated successor: %d", got.Status)
			}
			break
		}
	}
	if n := effects(p); n != 0 {
		t.Fatalf("%d writes before anything was accepted", n)
	}

	for k, v := range form {
		if strings.HasPrefix(k, "manager-") && v[0] == "" {
			form.Set(k, handlertest.HR.Email)
		}
	}
	got := post(t, p, hr, path, form)
	ch, err := p.App.Store.Changes().Change(t.Context(), id.Change(strings.TrimPrefix(got.Location(), route.Changes+"/")))
	if err != nil || ch.State != change.Finished {
		t.Fatalf("%s: %s %v, %v", ch.Title, ch.State, ch.Counts, err)
	}
	if again := hr.Post(path, form); again.Status != http.StatusSeeOther || again.Location() != got.Location() {
		t.Errorf("a second click: %d to %q, want %q", again.Status, again.Location(), got.Location())
	}
	if _, n, err := p.App.Store.Changes().Changes(t.Context(), change.Filter{}); err != nil || n != 1 {
		t.Errorf("%d requests, %v", n, err)
	}
	if n := left(t, c, u.ID); n != 0 {
		t.Errorf("%d active teams are left with somebody who has gone", n)
	}
	now, err := c.Users.Get(t.Context(), gtmhub.ID(u.ID))
	if err != nil || now.IsActive {
		t.Errorf("the person is still active: %v", err)
	}
	if after := p.User(u.Email); len(after.Teams) != 0 {
		t.Errorf("still in %d teams", len(after.Teams))
	}
	// The checklist is kept: what the portal did, and what people tick.
	checklist := route.ChangeAct(ch.ID, "checklist")
	if hr.Get(route.Change(ch.ID)).Doc().Count(`[data-testid="checklist-link"][href="`+checklist+`"]`) != 1 {
		t.Error("no way from the request to its checklist")
	}
	items := func(c *handlertest.Client) (done, open int) {
		t.Helper()
		doc := c.Get(checklist).Doc()
		htmltest.CheckPage(t, doc)
		if doc.Count(`[data-testid="checklist-row"]`) == 0 {
			t.Error("the checklist does not show what the portal did")
		}
		return doc.Count(`[data-testid="checklist-open"]`), doc.Count(`[data-testid="checklist-done"]`)
	}
	if done, open := items(hr); done != 0 || open != len(change.ChecklistItems()) {
		t.Errorf("at first: %d done, %d open", done, open)
	}
	tick := func(c *handlertest.Client, form url.Values) {
		t.Helper()
		if got := c.Post(checklist, form); got.Status != http.StatusSeeOther || got.Location() != checklist {
			t.Errorf("tick: %d to %s", got.Status, got.Location())
		}
	}
	for range 2 {
		tick(hr, url.Values{"item": {change.HandKeyResults}})
	}
	second := p.As(handlertest.HRApprover)
	tick(second, url.Values{"item": {change.TellTeams}})
	tick(second, url.Values{"item": {change.TellTeams}, "open": {"yes"}})
	if done, open := items(second); done != 1 || open != len(change.ChecklistItems())-1 {
		t.Errorf("after one was ticked: %d done, %d open", done, open)
	}
	if got := second.Get(checklist).Body; !strings.Contains(got, "Done by "+p.User(handlertest.HR.Email).Name+" on ") {
		t.Error("the checklist does not say who did it")
	}
	if got := hr.Post(checklist, url.Values{"item": {"something else"}}); got.Status != http.StatusUnprocessableEntity && got.Status != http.StatusBadRequest {
		t.Errorf("an item that there is not: %d", got.Status)
	}
	if got := hr.Get("/audit").Body; strings.Count(got, "ticked on the checklist of") != 2 || strings.Count(got, "opened again on the checklist of") != 1 {
		t.Error("the trail does not tell of the checklist")
	}
	// The deactivation came last.
	rows, _, err := p.App.Store.Changes().Rows(t.Context(), ch.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		t.Fatal(err)
	}
	last := rows[len(rows)-1]
	if last.User != u.ID || last.Kind != "deactivate user" || last.Parent == "" {
		t.Errorf("last row: %+v", last)
	}
}

// TestOffboardingStopsBeforeTheDeactivation: a new manager whom Gtmhub refuses keeps the leaver active.
func TestOffboardingStopsBeforeTheDeactivation(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	c := upstream(t, p)
	u := p.User(handlertest.Lead.Email)
	led := left(t, c, u.ID)
	form := url.Values{}
	for _, in := range hr.Get(route.Offboard(u.ID)).Doc().Find(`input[name^="manager-"]`) {
		form.Set(in.Attr("name"), handlertest.HRApprover.Email)
	}
	if _, err := p.Emulator.AddFault(emulator.Fault{Operation: 26, Effect: emulator.EffectStatus, Status: http.StatusLocked, Nth: 2}); err != nil {
		t.Fatal(err)
	}
	got := post(t, p, hr, route.Offboard(u.ID), form)
	ch, err := p.App.Store.Changes().Change(t.Context(), id.Change(strings.TrimPrefix(got.Location(), route.Changes+"/")))
	if err != nil || ch.State != change.Problems {
		t.Fatalf("%s %v, %v", ch.State, ch.Counts, err)
	}
	now, err := c.Users.Get(t.Context(), gtmhub.ID(u.ID))
	if err != nil || !now.IsActive || left(t, c, u.ID) != led-1 {
		t.Errorf("active %v, %d of %d teams left, %v", now.IsActive, left(t, c, u.ID), led, err)
	}

	if got := p.As(handlertest.HR).Get(route.Offboard(p.User(handlertest.HR.Email).ID)); got.Doc().Count(`[data-testid="offboard-refused"]`) != 1 {
		t.Error("one may offboard oneself")
	}
}

// managerless are the active teams whose manager is deactivated, as Gtmhub has them.
func managerless(t *testing.T, p *handlertest.Portal, c *gtmhub.Client) map[gtmhub.ID]gtmhub.ID {
	t.Helper()
	inactive := map[gtmhub.ID]bool{}
	for u, err := range c.Users.All(t.Context(), gtmhub.UserListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		inactive[u.ID] = !u.IsActive
	}
	out := map[gtmhub.ID]gtmhub.ID{}
	for team, err := range c.Teams.All(t.Context(), gtmhub.TeamListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if team.IsActive && inactive[team.Manager] {
			out[team.ID] = team.Manager
		}
	}
	return out
}

// proposed is the form of a leaver as the page proposes it, with HR where it proposes nobody.
func proposed(t *testing.T, hr *handlertest.Client, u id.User) url.Values {
	t.Helper()
	form := url.Values{"leave": {"on"}, "reason": {"leaves"}}
	for _, in := range hr.Get(route.Offboard(u)).Doc().Find(`[data-testid="offboard-team"] input[name^="manager-"]`) {
		form.Set(in.Attr("name"), cmp.Or(in.Attr("value"), handlertest.HR.Email))
	}
	return form
}

// TestOffboardingLeavesNoTeamBehind offboards managers of each sort, the hard ones among them: the manager of the team
// above is the leaver too, or is deactivated, or there is no team above. Then one on a date, who is given another team
// meanwhile, and who is deputy of somebody.
func TestOffboardingLeavesNoTeamBehind(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr, c := p.As(handlertest.HR), upstream(t, p)
	snap := p.App.Directory.Current()
	sorts := map[string][]id.User{}
	taken := map[id.User]bool{p.User(handlertest.HR.Email).ID: true, p.User(handlertest.Lead.Email).ID: true}
	for _, team := range snap.Teams() {
		m, ok := snap.User(team.Manager)
		if !ok || !team.Active || m.Status != directory.Active || taken[m.ID] {
			continue
		}
		sort := "no team above"
		if above, ok := snap.Team(team.Parent); ok {
			boss, known := snap.User(above.Manager)
			switch {
			case known && boss.ID == m.ID:
				sort = "manages the team above too"
			case !known || boss.Status == directory.Inactive:
				sort = "nobody manages the team above"
			default:
				sort = "somebody manages the team above"
			}
		}
		if len(sorts[sort]) < 2 {
			sorts[sort], taken[m.ID] = append(sorts[sort], m.ID), true
		}
	}
	for _, want := range []string{"manages the team above too", "somebody manages the team above", "no team above"} {
		if len(sorts[want]) == 0 {
			t.Errorf("the account has no manager of the sort %q", want)
		}
	}
	before := managerless(t, p, c)
	for sort, leavers := range sorts {
		for _, u := range leavers {
			got := hr.Post(route.Offboard(u), proposed(t, hr, u))
			ch, err := p.App.Store.Changes().Change(t.Context(), id.Change(strings.TrimPrefix(got.Location(), route.Changes+"/")))
			if err != nil {
				t.Fatalf("%s: %d, %v", sort, got.Status, err)
			}
			if ch.State == change.Waiting { // an administrator of the account
				decideAs(t, p, handlertest.HRApprover, ch)
			}
			if ch = p.WaitFor(ch.ID); ch.State != change.Finished {
				t.Errorf("%s: %s %v", sort, ch.State, ch.Counts)
			}
		}
	}
	for team, manager := range managerless(t, p, c) {
		if before[team] != manager {
			t.Errorf("the active team %s has an inactive manager", team)
		}
	}

	u, until := p.User(handlertest.Lead.Email), time.Now().AddDate(0, 0, 10)
	other := snap.Teams()[0]
	deputies := p.App.Store.Deputies()
	for _, d := range []deputy.Deputy{
		{ID: id.NewDeputy(), Holder: u.ID, HolderName: u.Name, Teams: []id.Team{other.ID}, Acts: []access.Act{access.AddMember}, ByHR: true, ByName: "HR", Until: until},
		{ID: id.NewDeputy(), Holder: p.User(handlertest.Employee.Email).ID, HolderName: "Somebody", Teams: u.Manages, Acts: []access.Act{access.AddMember}, By: u.ID, ByName: u.Name, Until: until},
	} {
		if err := deputies.Add(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if got := hr.Get(route.Offboard(u.ID)).Doc().Count(`[data-testid="offboard-deputy"]`); got != 2 {
		t.Errorf("%d deputies on the page, want 2", got)
	}
	form := proposed(t, hr, u.ID)
	form.Set("sendOn", "2020-01-01")
	if got := hr.Post(route.Offboard(u.ID), form); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "has passed") {
		t.Errorf("a date that has passed: %d", got.Status)
	}
	form.Set("sendOn", time.Now().AddDate(0, 0, 3).Format(time.DateOnly))
	got := hr.Post(route.Offboard(u.ID), form)
	ch := id.Change(strings.TrimPrefix(got.Location(), route.Changes+"/"))
	state := func() change.Change {
		t.Helper()
		now, err := p.App.Store.Changes().Change(t.Context(), ch)
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	if now := state(); now.State != change.Scheduled || left(t, c, u.ID) == 0 {
		t.Fatalf("%d, %s: want it to wait for its date", got.Status, now.State)
	}
	// Somebody makes the leaver the manager of another team before the date.
	if err := c.Teams.SetManager(t.Context(), gtmhub.ID(other.ID), gtmhub.ID(u.ID)); err != nil {
		t.Fatal(err)
	}
	hr.Post(route.ChangeAct(ch, "start"), nil)
	if now := p.WaitFor(ch); now.State != change.Problems || left(t, c, u.ID) != 1 {
		t.Errorf("%s %v, %d teams", now.State, now.Counts, left(t, c, u.ID))
	}
	if person, err := c.Users.Get(t.Context(), gtmhub.ID(u.ID)); err != nil || !person.IsActive {
		t.Errorf("deactivated although the new team has no other manager: %v", err)
	}
	// The team gets a manager, and the rest is tried again.
	if err := c.Teams.SetManager(t.Context(), gtmhub.ID(other.ID), gtmhub.ID(p.User(handlertest.HR.Email).ID)); err != nil {
		t.Fatal(err)
	}
	hr.Post(route.ChangeAct(ch, "retry"), nil)
	if now := p.WaitFor(ch); now.State != change.Finished || left(t, c, u.ID) != 0 {
		t.Errorf("%s %v, %d teams", now.State, now.Counts, left(t, c, u.ID))
	}
	if err := p.App.EndDeactivated(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, d := range []id.User{u.ID, p.User(handlertest.Employee.Email).ID} {
		if left, err := deputies.InForce(t.Context(), d); err != nil || len(left) != 0 {
			t.Errorf("%d deputies left, %v", len(left), err)
		}
	}
}
