package kinds_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/change/kinds"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// account drives the services of a whole portal, and Gtmhub beside it.
type account struct {
	*handlertest.Portal
	t      *testing.T
	client *gtmhub.Client
	kinds  map[string]change.Kind
}

func newAccount(t *testing.T, o handlertest.Options) account {
	t.Helper()
	if o.Timing == (change.Timing{}) {
		o.Timing = change.Timing{Call: time.Second, Lease: time.Second + time.Second/2, Settle: 3 * time.Second, Poll: 50 * time.Millisecond}
	}
	p := handlertest.New(t, o)
	server := httptest.NewServer(p.Emulator)
	t.Cleanup(server.Close)
	c, err := gtmhub.New(gtmhub.Options{BaseURL: server.URL + "/results/api", AccountID: p.Emulator.AccountID(), Token: gtmhub.StaticToken("service-token"), RatePerSecond: 1000, MaxInFlight: 4})
	if err != nil {
		t.Fatal(err)
	}
	all, _ := kinds.All(p.App.Directory, kinds.Settings{Policy: change.NewPolicies(nil, access.DefaultPolicy())})
	by := map[string]change.Kind{}
	for _, k := range all {
		by[k.Name()] = k
	}
	return account{p, t, c, by}
}

func (x account) person(v handlertest.Viewpoint) (access.Actor, change.Person) {
	x.t.Helper()
	u := x.User(v.Email)
	p := change.Person{Kind: access.ByPerson, Issuer: "https://signin.example", Subject: v.Email, User: u.ID, Name: u.Name, Email: u.Email, Groups: v.Groups}
	return x.App.Actors.Actor(p), p
}

// submit asks for something and has it approved if somebody must; it answers the change when it has ended.
func (x account) submit(v handlertest.Viewpoint, recipe string, fields any) (change.Change, error) {
	x.t.Helper()
	a, me := x.person(v)
	c, err := x.App.Changes.Submit(x.t.Context(), a, me, change.Input{Recipe: recipe, Fields: change.Fields(fields), Reason: "because"})
	if err != nil || c.State != change.Waiting {
		if err == nil && !c.State.Ended() && c.State != change.Paused {
			c = x.WaitFor(c.ID)
		}
		return c, err
	}
	approver, who := x.person(handlertest.HRApprover)
	if _, err := x.App.Changes.Decide(x.t.Context(), approver, who, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: true}); err != nil {
		x.t.Fatal(err)
	}
	return x.WaitFor(c.ID), nil
}

// must is submit that has to end with this state.
func (x account) must(state change.State, v handlertest.Viewpoint, recipe string, fields any) change.Change {
	x.t.Helper()
	c, err := x.submit(v, recipe, fields)
	if err != nil || c.State != state {
		x.t.Fatalf("%s: %s (%s), %v; want %s; rows %v", recipe, c.State, c.Note, err, state, x.said(c))
	}
	return c
}

func (x account) rows(c change.Change) []change.Row {
	x.t.Helper()
	hr, _ := x.person(handlertest.HR)
	rows, _, err := x.App.Changes.Rows(x.t.Context(), hr, c.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		x.t.Fatal(err)
	}
	return rows
}

// said are states and reasons of the rows.
func (x account) said(c change.Change) []string {
	if c.ID == "" {
		return nil
	}
	var out []string
	for _, r := range x.rows(c) {
		out = append(out, string(r.State)+": "+r.Reason)
	}
	return out
}

// upstream is the team as Gtmhub has it now.
func (x account) upstream(team id.Team) *gtmhub.Team {
	x.t.Helper()
	got, err := x.client.Teams.Get(x.t.Context(), gtmhub.ID(team))
	if err != nil {
		x.t.Fatal(err)
	}
	return got
}

func (x account) create(name string, parent id.Team) id.Team {
	x.t.Helper()
	c := x.must(change.Finished, handlertest.HR, change.CreateTeam, change.TeamNew{Name: name, Parent: parent})
	return id.Team(x.rows(c)[0].Result)
}

// undo plans the way back of the only row of a change and carries it out by the service of the same kind.
func (x account) undo(c change.Change) change.Row {
	x.t.Helper()
	row := x.rows(c)[0]
	inverter, ok := x.kinds[row.Kind].(change.Inverter)
	if !ok {
		x.t.Fatalf("%s cannot be taken back", row.Kind)
	}
	back, err := inverter.Invert(x.t.Context(), row)
	if err != nil {
		x.t.Fatal(err)
	}
	if x.kinds[back.Kind] == nil {
		x.t.Fatalf("%s is taken back by %q, which is no kind", row.Kind, back.Kind)
	}
	return back
}

func ptr[T any](v T) *T { return &v }

func count(x account, operation int) int { return x.Emulator.Counts().Calls[operation] }

// TestTeamLife takes one team through everything, with each act's way back, and compares Gtmhub after each.
func TestTeamLife(t *testing.T) {
	t.Parallel()
	x := newAccount(t, handlertest.Options{})
	top := x.Team("SIG Autoscaling")
	made := x.must(change.Finished, handlertest.HR, change.CreateTeam, change.TeamNew{Name: "  Lighthouse ", Description: "New", Color: "#2b6cb0", Parent: top.ID})
	team := id.Team(x.rows(made)[0].Result)
	got := x.upstream(team)
	if got.Name != "Lighthouse" || got.ParentID != gtmhub.ID(top.ID) || got.Color != "#2b6cb0" || got.Description != "New" {
		t.Fatalf("created %+v", got)
	}
	avatar := got.Avatar

	renamed := x.must(change.Finished, handlertest.HR, change.EditTeam, change.TeamEdit{Team: team, Name: ptr("Lighthouse Crew"), Description: ptr("New")})
	if row := x.rows(renamed)[0]; row.Before != "Lighthouse" || row.After != "Lighthouse Crew" {
		t.Errorf("only what differs is planned: %q to %q", row.Before, row.After)
	}
	if got := x.upstream(team); got.Name != "Lighthouse Crew" || got.Color != "#2b6cb0" || got.Avatar != avatar {
		t.Errorf("renamed %+v", got)
	}
	if back := x.undo(renamed); back.Action != change.Update || back.Before != "Lighthouse Crew" || back.After != "Lighthouse" {
		t.Errorf("the way back: %+v", back)
	}

	person := x.User(handlertest.Employee.Email)
	x.must(change.Finished, handlertest.HR, change.AddMembers, change.Members{Team: team, Users: []id.User{person.ID}})
	whole := x.must(change.Finished, handlertest.HR, change.ReplaceTeam, change.TeamEdit{Team: team, Description: ptr("All at once"), Manager: ptr(person.ID), Parent: ptr(id.Team(""))})
	got = x.upstream(team)
	if got.Description != "All at once" || got.Manager != gtmhub.ID(person.ID) || got.ParentID != "" {
		t.Errorf("changed %+v", got)
	}
	if got.Avatar != avatar || got.Color != "#2b6cb0" || got.Name != "Lighthouse Crew" || !slices.Contains(got.Members, gtmhub.ID(person.ID)) {
		t.Errorf("the full edit lost something: %+v", got)
	}
	if back := x.undo(whole); back.Action != change.Update || !strings.Contains(back.After, "below SIG Autoscaling") || !strings.Contains(back.After, "no manager") {
		t.Errorf("the way back: %+v", back)
	}

	moved := x.must(change.Finished, handlertest.HR, change.MoveTeams, change.TeamMove{Teams: []id.Team{team}, Parent: top.ID})
	if got := x.upstream(team); got.ParentID != gtmhub.ID(top.ID) || got.Color != "#2b6cb0" {
		t.Errorf("moved %+v", got)
	}
	if back := x.undo(moved); back.After != "at the top" || back.Action != change.Update {
		t.Errorf("the way back: %+v", back)
	}

	gone := x.must(change.Finished, handlertest.HR, change.RemoveTeamManager, change.TeamManager{Teams: []id.Team{team}})
	if got := x.upstream(team); got.Manager != "" {
		t.Errorf("the manager is still %s", got.Manager)
	}
	if back := x.undo(gone); back.Kind != string(access.SetManager) || back.User != person.ID || back.Action != change.Update {
		t.Errorf("the way back: %+v", back)
	}
	set := x.must(change.Finished, handlertest.HR, change.SetTeamManager, change.TeamManager{Teams: []id.Team{team}, Manager: person.ID})
	if got := x.upstream(team); got.Manager != gtmhub.ID(person.ID) {
		t.Errorf("the manager is %q", got.Manager)
	}
	if back := x.undo(set); back.Kind != string(access.RemoveManager) || back.Action != change.Update {
		t.Errorf("the way back: %+v", back)
	}

	off := x.must(change.Finished, handlertest.HR, change.DeactivateTeams, change.TeamList{Teams: []id.Team{team}})
	if x.upstream(team).IsActive {
		t.Error("still active")
	}
	if back := x.undo(off); back.Kind != string(access.ActivateTeam) || back.Action != change.Update {
		t.Errorf("the way back: %+v", back)
	}
	x.must(change.Finished, handlertest.HR, change.ActivateTeams, change.TeamList{Teams: []id.Team{team}})
	if !x.upstream(team).IsActive {
		t.Error("still inactive")
	}
	if back := x.undo(made); back.Action != change.NotPossible || !strings.Contains(back.Note, "members") {
		t.Errorf("a team with members is not undone: %+v", back)
	}
	if d := x.undo(off); d.Action != change.NothingToDo {
		t.Errorf("undone already: %+v", d)
	}

	deleted := x.must(change.Finished, handlertest.HR, change.DeleteTeams, change.TeamList{Teams: []id.Team{team}})
	if deleted.Deciders != 1 || deleted.Rule != "deletion" {
		t.Errorf("deleted by rule %q with %d", deleted.Rule, deleted.Deciders)
	}
	if _, err := x.client.Teams.Get(t.Context(), gtmhub.ID(team)); !errors.Is(err, gtmhub.ErrNotFound) {
		t.Errorf("the team is still there: %v", err)
	}
	if _, ok := x.App.Directory.Current().Team(team); ok {
		t.Error("our copy still has the team")
	}
	if _, ok := x.kinds[string(access.DeleteTeam)].(change.Inverter); ok {
		t.Error("a deletion cannot be taken back")
	}
	if back := x.undo(renamed); back.Action != change.NotPossible {
		t.Errorf("nothing can be taken back of a team that is gone: %+v", back)
	}
	if v := x.Emulator.Violations(); len(v) > 0 {
		t.Errorf("the emulator saw violations: %v", v)
	}
}

// TestNoCircle: no way leads to a team below itself, not even by two moves that are right on their own.
func TestNoCircle(t *testing.T) {
	t.Parallel()
	x := newAccount(t, handlertest.Options{})
	a := x.create("Circle A", "")
	b := x.create("Circle B", a)
	c := x.create("Circle C", b)
	for name, parent := range map[string]id.Team{"itself": a, "its child": b, "its grandchild": c} {
		got, err := x.submit(handlertest.HR, change.MoveTeams, change.TeamMove{Teams: []id.Team{a}, Parent: parent})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Message(err), "below itself") {
			t.Errorf("below %s: %s, %v", name, got.State, err)
		}
	}
	got, err := x.submit(handlertest.HR, change.ReplaceTeam, change.TeamEdit{Team: a, Parent: ptr(c)})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("by the full edit: %s, %v", got.State, err)
	}

	// Somebody moves the new parent below the team between the plan and the run.
	d := x.create("Circle D", "")
	hr, me := x.person(handlertest.HR)
	lone := x.create("Circle Lone", "")
	waiting, err := x.App.Changes.Submit(t.Context(), hr, me, change.Input{Recipe: change.DeleteTeams, Fields: change.Fields(change.TeamList{Teams: []id.Team{lone}}), Reason: "tidy"})
	if err != nil || waiting.State != change.Waiting {
		t.Fatal(waiting.State, err)
	}
	x.must(change.Finished, handlertest.HR, change.MoveTeams, change.TeamMove{Teams: []id.Team{d}, Parent: lone})
	approver, who := x.person(handlertest.HRApprover)
	if _, err := x.App.Changes.Decide(t.Context(), approver, who, waiting.ID, change.Word{Version: 1, Hash: waiting.Hash, Approve: true}); err != nil {
		t.Fatal(err)
	}
	if end := x.WaitFor(waiting.ID); end.State != change.Problems || !strings.Contains(x.said(end)[0], "sub-teams") {
		t.Errorf("a team that got a sub-team meanwhile: %s %v", end.State, x.said(end))
	}
	rahul, him := x.person(handlertest.LeadWithSub)
	own := x.leads(rahul)
	ask, err := x.App.Changes.Submit(t.Context(), rahul, him, change.Input{Recipe: change.MoveTeams, Fields: change.Fields(change.TeamMove{Teams: []id.Team{own[0]}, Parent: own[1]}), Reason: "order"})
	if err != nil || ask.State != change.Waiting {
		t.Fatal(ask.State, err)
	}
	up := gtmhub.ID(own[0])
	if err := x.client.Teams.Patch(t.Context(), gtmhub.ID(own[1]), gtmhub.TeamPatch{ParentID: &up}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.App.Changes.Decide(t.Context(), approver, who, ask.ID, change.Word{Version: 1, Hash: ask.Hash, Approve: true}); err != nil {
		t.Fatal(err)
	}
	if end := x.WaitFor(ask.ID); end.State != change.Problems || !strings.Contains(x.said(end)[0], "below itself") {
		t.Errorf("a circle by two moves: %s %v", end.State, x.said(end))
	}
	if x.upstream(own[0]).ParentID == gtmhub.ID(own[1]) {
		t.Error("the circle was made")
	}
}

// leads are two teams that the lead has, neither of which stands below the other.
func (x account) leads(a access.Actor) []id.Team {
	x.t.Helper()
	var out []id.Team
	for _, t := range x.App.Directory.Current().Teams() {
		if a.Leads.Has(t.ID) && !slices.ContainsFunc(out, func(o id.Team) bool { return o == t.Parent }) && len(x.below(t.ID)) == 0 {
			out = append(out, t.ID)
		}
	}
	if len(out) < 2 {
		x.t.Fatalf("%d teams of %s", len(out), a.Name)
	}
	return out[:2]
}

func (x account) below(team id.Team) (out []id.Team) {
	for _, t := range x.App.Directory.Current().Teams() {
		if t.Parent == team {
			out = append(out, t.ID)
		}
	}
	return out
}

// TestTeamFailures has each kind meet each way in which a call fails.
func TestTeamFailures(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("half a minute of waiting for lost answers")
	}
	x := newAccount(t, handlertest.Options{})
	person := x.User(handlertest.Employee.Email)
	acts := []struct {
		name      string
		operation int
		below     string
		fields    func(id.Team) (recipe string, fields any)
		// done says whether Gtmhub shows the effect.
		done func(account, id.Team) bool
	}{
		{"edit", 28, "", func(t id.Team) (string, any) {
			return change.EditTeam, change.TeamEdit{Team: t, Description: ptr("edited")}
		}, func(x account, t id.Team) bool { return x.upstream(t).Description == "edited" }},
		{"full edit", 25, "", func(t id.Team) (string, any) {
			return change.ReplaceTeam, change.TeamEdit{Team: t, Description: ptr("edited")}
		}, func(x account, t id.Team) bool { return x.upstream(t).Description == "edited" }},
		{"set manager", 26, "/manager", func(t id.Team) (string, any) {
			return change.SetTeamManager, change.TeamManager{Teams: []id.Team{t}, Manager: person.ID}
		}, func(x account, t id.Team) bool { return x.upstream(t).Manager == gtmhub.ID(person.ID) }},
		{"deactivate", 24, "", func(t id.Team) (string, any) { return change.DeactivateTeams, change.TeamList{Teams: []id.Team{t}} }, func(x account, t id.Team) bool { return !x.upstream(t).IsActive }},
		{"delete", 29, "", func(t id.Team) (string, any) { return change.DeleteTeams, change.TeamList{Teams: []id.Team{t}} }, func(x account, t id.Team) bool {
			_, err := x.client.Teams.Get(x.t.Context(), gtmhub.ID(t))
			return errors.Is(err, gtmhub.ErrNotFound)
		}},
	}
	for _, act := range acts {
		for _, f := range []struct {
			name     string
			fault    emulator.Fault
			state    change.State
			sentence string
			done     bool
		}{
			{"lost before the effect", emulator.Fault{Effect: emulator.EffectDrop, Count: 1}, change.Finished, "", true},
			{"lost after the effect", emulator.Fault{Effect: emulator.EffectDrop, After: true, Count: 1}, change.Finished, "", true},
			{"402", emulator.Fault{Effect: emulator.EffectStatus, Status: http.StatusPaymentRequired, Count: 1}, change.Paused, "no seat left", false},
			{"403", emulator.Fault{Effect: emulator.EffectStatus, Status: http.StatusForbidden, Count: 1}, change.Paused, "does not permit", false},
			{"409", emulator.Fault{Effect: emulator.EffectStatus, Status: http.StatusConflict, Count: 1}, change.Problems, "", false},
			{"423", emulator.Fault{Effect: emulator.EffectStatus, Status: http.StatusLocked, Count: 1}, change.Problems, "locked", false},
			{"429", emulator.Fault{Effect: emulator.EffectStatus, Status: http.StatusTooManyRequests, RetryAfter: "1", Count: 1}, change.Finished, "", true},
		} {
			t.Run(act.name+" "+f.name, func(t *testing.T) {
				t.Parallel()
				x := x
				x.t = t
				team := x.create("Fault "+act.name+" "+f.name, "")
				f.fault.Operation = act.operation
				if act.operation == 24 {
					f.fault.BodyContains = string(team)
				} else {
					f.fault.Path = "/teams/" + string(team) + act.below
				}
				recipe, fields := act.fields(team)
				if _, err := x.Emulator.AddFault(f.fault); err != nil {
					t.Fatal(err)
				}
				c := x.until(recipe, fields)
				if c.State != f.state {
					t.Errorf("%s (%s) %v, want %s", c.State, c.Note, x.said(c), f.state)
				}
				if all := c.Note + strings.Join(x.said(c), " "); !strings.Contains(all, f.sentence) {
					t.Errorf("%q does not say %q", all, f.sentence)
				}
				if f.state == change.Problems && x.rows(c)[0].Reason == "" {
					t.Error("no reason")
				}
				if got := act.done(x, team); got != f.done {
					t.Errorf("effect %t, want %t", got, f.done)
				}
				if c.State == change.Paused {
					hr, _ := x.person(handlertest.HR)
					if err := x.App.Changes.Resume(t.Context(), hr, c.ID); err != nil {
						t.Fatal(err)
					}
					if c = x.WaitFor(c.ID); c.State != change.Finished || !act.done(x, team) {
						t.Errorf("resumed: %s %v", c.State, x.said(c))
					}
				}
			})
		}
	}
}

// until is submit that also ends when the run pauses.
func (x account) until(recipe string, fields any) change.Change {
	x.t.Helper()
	a, me := x.person(handlertest.HR)
	c, err := x.App.Changes.Submit(x.t.Context(), a, me, change.Input{Recipe: recipe, Fields: change.Fields(fields), Reason: "because"})
	if err != nil {
		x.t.Fatal(err)
	}
	if c.State == change.Waiting {
		approver, who := x.person(handlertest.HRApprover)
		if c, err = x.App.Changes.Decide(x.t.Context(), approver, who, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: true}); err != nil {
			x.t.Fatal(err)
		}
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !c.State.Ended() && c.State != change.Paused {
		select {
		case <-x.t.Context().Done():
			x.t.Fatal("the test ended first")
		case <-tick.C:
		}
		if c, err = x.App.Store.Changes().Change(x.t.Context(), c.ID); err != nil {
			x.t.Fatal(err)
		}
	}
	return c
}

// TestCreatedOnce: a lost answer to operation 22, which takes two teams of one name, makes one team.
func TestCreatedOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("half a minute of waiting for lost answers")
	}
	x := newAccount(t, handlertest.Options{})
	for name, f := range map[string]emulator.Fault{
		"Once before": {Operation: 22, Effect: emulator.EffectDrop, Count: 1},
		"Once after":  {Operation: 22, Effect: emulator.EffectDrop, After: true, Count: 1},
		"Once cut":    {Operation: 22, Effect: emulator.EffectCutJSON, Count: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := x
			x.t = t
			f.BodyContains = name
			if _, err := x.Emulator.AddFault(f); err != nil {
				t.Fatal(err)
			}
			c := x.until(change.CreateTeam, change.TeamNew{Name: name})
			if c.State != change.Finished {
				t.Errorf("%s %v", c.State, x.said(c))
			}
			if err := x.App.Directory.RefreshTeams(t.Context()); err != nil {
				t.Fatal(err)
			}
			if teams := x.App.Directory.Current().TeamsByName(name); len(teams) != 1 || x.rows(c)[0].Result != string(teams[0].ID) {
				t.Errorf("%d teams, result %q", len(teams), x.rows(c)[0].Result)
			}
		})
	}
}

// TestTeamDrift: what somebody else changed since the plan is held and not overwritten.
func TestTeamDrift(t *testing.T) {
	t.Parallel()
	x := newAccount(t, handlertest.Options{})
	team, hold := x.Team("Website Maintainers"), x.User(handlertest.Employee.Email)
	lead, me := x.person(handlertest.Lead)
	ask, err := x.App.Changes.Submit(t.Context(), lead, me, change.Input{Recipe: change.SetTeamManager, Fields: change.Fields(change.TeamManager{Teams: []id.Team{team.ID}, Manager: hold.ID}), Reason: "leaving"})
	if err != nil || ask.State != change.Waiting {
		t.Fatal(ask.State, err)
	}
	if err := x.client.Teams.SetManager(t.Context(), gtmhub.ID(team.ID), gtmhub.ID(x.User(handlertest.Approver.Email).ID)); err != nil {
		t.Fatal(err)
	}
	approver, who := x.person(handlertest.HRApprover)
	if _, err := x.App.Changes.Decide(t.Context(), approver, who, ask.ID, change.Word{Version: 1, Hash: ask.Hash, Approve: true}); err != nil {
		t.Fatal(err)
	}
	x.settled(ask.ID)
	if rows := x.rows(ask); rows[0].State != change.Held || !strings.Contains(rows[0].Reason, "Erik") {
		t.Errorf("%s: %s", rows[0].State, rows[0].Reason)
	}
	// The form was drawn before somebody else renamed the team.
	other := x.create("Drift", "")
	name := gtmhub.TeamPatch{Name: ptr("Drifted")}
	if err := x.client.Teams.Patch(t.Context(), gtmhub.ID(other), name); err != nil {
		t.Fatal(err)
	}
	_, err = x.submit(handlertest.HR, change.EditTeam, change.TeamEdit{Team: other, Name: ptr("Mine"), Was: change.TeamWas{Name: ptr("Drift")}})
	var fe *fault.FieldError
	if !errors.As(err, &fe) || fe.Field != "name" || !strings.Contains(fe.Message, `"Drifted"`) || x.upstream(other).Name != "Drifted" {
		t.Errorf("overwritten, or not said: %v", err)
	}
	// What the person did not touch is not sent, however it has changed.
	x.must(change.Finished, handlertest.HR, change.EditTeam, change.TeamEdit{Team: other, Name: ptr("Drift"), Description: ptr("Mine"), Was: change.TeamWas{Name: ptr("Drift"), Description: ptr("")}})
	if got := x.upstream(other); got.Name != "Drifted" || got.Description != "Mine" {
		t.Errorf("%q %q", got.Name, got.Description)
	}
}

// settled waits until no row of a change is queued or in flight.
func (x account) settled(c id.Change) {
	x.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ch, err := x.App.Store.Changes().Change(x.t.Context(), c)
		if err != nil {
			x.t.Fatal(err)
		}
		if m := ch.Main(); m[change.Queued]+m[change.Checking]+m[change.InIntent] == 0 {
			return
		}
		select {
		case <-x.t.Context().Done():
			x.t.Fatal("the test ended first")
		case <-tick.C:
		}
	}
}

// TestTeamRefusals: what the plan says no to, and that nothing is sent then.
func TestTeamRefusals(t *testing.T) {
	t.Parallel()
	x := newAccount(t, handlertest.Options{})
	team, foreign := x.Team("Website Maintainers"), x.Team("SIG Autoscaling")
	irina := x.User(handlertest.Lead.Email)
	var inactive *directory.User
	for _, u := range x.App.Directory.Current().Users() {
		if u.Status == directory.Inactive {
			inactive = u
		}
	}
	list := []id.Team{team.ID}
	before := x.Emulator.Counts().Effects
	for _, tc := range []struct {
		name   string
		who    handlertest.Viewpoint
		recipe string
		fields any
		kind   fault.Kind
		says   string
	}{
		{"no name", handlertest.HR, change.CreateTeam, change.TeamNew{Name: "  "}, fault.Invalid, "needs a name"},
		{"long name", handlertest.HR, change.CreateTeam, change.TeamNew{Name: strings.Repeat("x", 201)}, fault.Invalid, "at most 200"},
		{"a name that turns the writing", handlertest.HR, change.EditTeam, change.TeamEdit{Team: team.ID, Name: ptr("a\u202eb")}, fault.Invalid, "cannot be seen"},
		{"the name is taken there", handlertest.HR, change.CreateTeam, change.TeamNew{Name: foreign.Name, Parent: foreign.Parent}, fault.Invalid, "already"},
		{"an odd colour", handlertest.HR, change.EditTeam, change.TeamEdit{Team: team.ID, Color: ptr("red;")}, fault.Invalid, "#2b6cb0"},
		{"an odd icon", handlertest.HR, change.EditTeam, change.TeamEdit{Team: team.ID, Avatar: ptr("a b")}, fault.Invalid, "icon"},
		{"a parent that is not there", handlertest.HR, change.MoveTeams, change.TeamMove{Teams: list, Parent: "ffffffffffffffffffffffff"}, fault.Invalid, "does not exist"},
		{"a manager who is not there", handlertest.HR, change.SetTeamManager, change.TeamManager{Teams: list, Manager: "ffffffffffffffffffffffff"}, fault.Invalid, "no such user"},
		{"a manager who is deactivated", handlertest.HR, change.SetTeamManager, change.TeamManager{Teams: list, Manager: inactive.ID}, fault.Invalid, "deactivated"},
		{"a team with sub-teams is deleted", handlertest.HR, change.DeleteTeams, change.TeamList{Teams: []id.Team{foreign.ID}}, fault.Invalid, "sub-teams"},
		{"no team", handlertest.HR, change.DeleteTeams, change.TeamList{}, fault.Invalid, "at least one"},
		{"lead renames a foreign team", handlertest.Lead, change.EditTeam, change.TeamEdit{Team: foreign.ID, Name: ptr("x")}, fault.NotFound, "no such team"},
		{"lead moves a foreign team below their own", handlertest.Lead, change.MoveTeams, change.TeamMove{Teams: []id.Team{foreign.ID}, Parent: team.ID}, fault.NotFound, "no such team"},
		{"lead moves their own and a foreign team", handlertest.Lead, change.MoveTeams, change.TeamMove{Teams: []id.Team{team.ID, foreign.ID}, Parent: x.Team("Website Milestone Maintainers").ID}, fault.NotFound, "no such team"},
		{"lead moves their own team out", handlertest.Lead, change.MoveTeams, change.TeamMove{Teams: list, Parent: foreign.ID}, fault.Invalid, "no such team"},
		{"lead moves their own team to the top", handlertest.Lead, change.MoveTeams, change.TeamMove{Teams: list}, fault.Forbidden, "top of the tree"},
		{"lead creates below a foreign team", handlertest.Lead, change.CreateTeam, change.TeamNew{Name: "n", Parent: foreign.ID}, fault.Invalid, "no such team"},
		{"lead creates a team with themself as manager", handlertest.Lead, change.CreateTeam, change.TeamNew{Name: "n", Parent: team.ID, Manager: irina.ID}, fault.Forbidden, "yourself"},
		{"lead deletes", handlertest.Lead, change.DeleteTeams, change.TeamList{Teams: list}, fault.Forbidden, "Only HR"},
		{"lead changes all at once", handlertest.Lead, change.ReplaceTeam, change.TeamEdit{Team: team.ID, Name: ptr("x")}, fault.Forbidden, "Only HR"},
		{"employee makes themself manager", handlertest.Employee, change.SetTeamManager, change.TeamManager{Teams: []id.Team{x.Team("Release Team").ID}, Manager: x.User(handlertest.Employee.Email).ID}, fault.Forbidden, "Only HR and team leads"},
	} {
		_, err := x.submit(tc.who, tc.recipe, tc.fields)
		if fault.KindOf(err) != tc.kind || !strings.Contains(fault.Message(err), tc.says) {
			t.Errorf("%s: %s %q, want %s with %q", tc.name, fault.KindOf(err), fault.Message(err), tc.kind, tc.says)
		}
	}
	if d := cmp.Diff(before, x.Emulator.Counts().Effects); d != "" {
		t.Errorf("something was sent:\n%s", d)
	}
}

// TestBulk: many teams are switched by one call, and many people come into a team by one.
func TestBulk(t *testing.T) {
	t.Parallel()
	for name, readings := range map[string]emulator.Readings{
		"as usual":  {},
		"otherwise": {ObjectsNotIDs: true, BulkBody: "none", PatchEmptyBody: true, PutKeepsOthers: true, ManagerJoins: true, SubTeamsGo: true, UnsetIsGone: true, MembersAdd: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newAccount(t, handlertest.Options{Readings: readings})
			teams := []id.Team{x.create("Bulk 1", ""), x.create("Bulk 2", ""), x.create("Bulk 3", "")}
			calls := count(x, 24)
			c := x.must(change.Finished, handlertest.HR, change.DeactivateTeams, change.TeamList{Teams: teams})
			if n := count(x, 24) - calls; n != 1 || c.Title != "Deactivate 3 teams" {
				t.Errorf("%d calls for %q", n, c.Title)
			}
			again, err := x.submit(handlertest.HR, change.DeactivateTeams, change.TeamList{Teams: teams})
			if err != nil || again.Main()[change.Nothing] != 3 {
				t.Errorf("again: %v %v", again.Counts, err)
			}
			x.must(change.Finished, handlertest.HR, change.ActivateTeams, change.TeamList{Teams: teams})
			x.must(change.Finished, handlertest.HR, change.MoveTeams, change.TeamMove{Teams: teams[1:], Parent: teams[0]})
			person := x.User(handlertest.Employee.Email).ID
			x.must(change.Finished, handlertest.HR, change.SetTeamManager, change.TeamManager{Teams: teams, Manager: person})
			for i, team := range teams {
				got := x.upstream(team)
				if !got.IsActive || got.Manager != gtmhub.ID(person) || i > 0 && got.ParentID != gtmhub.ID(teams[0]) {
					t.Errorf("%+v", got)
				}
			}
			x.must(change.Finished, handlertest.HR, change.RemoveTeamManager, change.TeamManager{Teams: teams})
			var people []id.User
			for _, u := range x.App.Directory.Current().Users() {
				if u.Status == directory.Active && u.ID != person && len(people) < 120 {
					people = append(people, u.ID)
				}
			}
			calls = count(x, 27)
			added := x.must(change.Finished, handlertest.HR, change.AddMembers, change.Members{Teams: teams, Users: people})
			if n := count(x, 27) - calls; n != len(teams) || added.Title != "Add 120 people to 3 teams" {
				t.Errorf("%d calls for 120 people in %d teams: %s", n, len(teams), added.Title)
			}
			for _, team := range teams {
				if got := len(x.upstream(team).Members); got < len(people) {
					t.Errorf("%d members", got)
				}
			}
			if back := x.undo(added); back.Kind != string(access.RemoveMember) || back.Action != change.Update {
				t.Errorf("the way back: %+v", back)
			}
			x.must(change.Finished, handlertest.HR, change.DeleteTeams, change.TeamList{Teams: teams[1:]})
			x.must(change.Finished, handlertest.HR, change.DeleteTeams, change.TeamList{Teams: teams[:1]})
		})
	}
}
