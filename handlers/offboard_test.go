package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
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
	form := url.Values{"leave": {"on"}, "reason": {"leaves at the end of the month"}}
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
				bad.Set(k, x.Email)
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
