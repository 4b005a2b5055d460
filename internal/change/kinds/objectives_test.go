package kinds_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/change/kinds"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// office drives a whole portal as HR, with the kinds beside it.
type office struct {
	*handlertest.Portal
	t     *testing.T
	kinds map[string]change.Kind
}

func newOffice(t *testing.T) office {
	t.Helper()
	p := handlertest.New(t, handlertest.Options{Timing: change.Timing{Call: time.Second, Lease: time.Second + time.Second/2, Settle: 3 * time.Second, Poll: 50 * time.Millisecond}})
	all, _ := kinds.All(p.App.Directory, kinds.Settings{Policy: change.NewPolicies(nil, access.DefaultPolicy()), Lookups: p.App.Lookups, Changes: p.App.Store.Changes()})
	by := map[string]change.Kind{}
	for _, k := range all {
		by[k.Name()] = k
	}
	return office{p, t, by}
}

// as is somebody with what they hold.
func (o office) as(v handlertest.Viewpoint) (access.Actor, change.Person) {
	o.t.Helper()
	u := o.User(v.Email)
	p := change.Person{Kind: access.ByPerson, Issuer: "https://signin.example", Subject: v.Email, User: u.ID, Name: u.Name, Email: u.Email, Groups: v.Groups}
	return o.App.Actors.Actor(p), p
}

// ask submits as somebody.
func (o office) ask(v handlertest.Viewpoint, recipe string, fields any) (change.Change, error) {
	o.t.Helper()
	a, me := o.as(v)
	return o.App.Changes.Submit(o.t.Context(), a, me, change.Input{Recipe: recipe, Fields: change.Fields(fields), Reason: "because"})
}

// do submits as HR and waits for the end.
func (o office) do(recipe string, fields any) (change.Change, []change.Row) {
	o.t.Helper()
	c, err := o.ask(handlertest.HR, recipe, fields)
	if err != nil {
		o.t.Fatalf("%s: %v", recipe, err)
	}
	c = o.WaitFor(c.ID)
	return c, o.rows(c.ID)
}

func (o office) rows(c id.Change) []change.Row {
	o.t.Helper()
	rows, _, err := o.App.Store.Changes().Rows(o.t.Context(), c, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		o.t.Fatal(err)
	}
	return rows
}

func (o office) owned(u id.User) directory.Owned {
	o.t.Helper()
	owned, err := o.App.Lookups.FreshOwned(o.t.Context(), u)
	if err != nil {
		o.t.Fatal(err)
	}
	return owned
}

// busy are active people who own an objective of which they own a key result too, without the locked ones of the
// emulator's account.
func (o office) busy(n int) []id.User {
	o.t.Helper()
	locked := map[id.Objective]bool{}
	var out []id.User
	for _, u := range o.App.Directory.Current().Users() {
		if len(out) == n {
			return out
		}
		if u.Status != directory.Active || strings.HasPrefix(u.Email, "zhen.muller@") {
			continue
		}
		owned := o.owned(u.ID)
		if mine := own(&owned, u.ID); len(mine) > 0 && !locked[mine[0]] {
			out = append(out, u.ID)
		}
	}
	o.t.Fatalf("only %d people own something", len(out))
	return nil
}

// own are the objectives that the person owns.
func own(owned *directory.Owned, u id.User) []id.Objective {
	var out []id.Objective
	for _, x := range owned.Objectives {
		if x.OwnedBy(u) {
			out = append(out, x.ID)
		}
	}
	return out
}

func (o office) fault(f emulator.Fault) {
	o.t.Helper()
	if _, err := o.Emulator.AddFault(f); err != nil {
		o.t.Fatal(err)
	}
}

func TestHandOverObjectives(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	people := o.busy(3)
	from, to, third := people[0], people[1], people[2]
	before := o.owned(from)
	mine := own(&before, from)

	c, rows := o.do(change.HandOverObjectives, change.HandOver{From: from, To: to, Objectives: mine})
	if c.State != change.Finished || len(rows) != len(mine) {
		t.Fatalf("%s: %s %v, %d rows", c.Title, c.State, c.Counts, len(rows))
	}
	to1, _ := o.App.Directory.Current().User(to)
	from1, _ := o.App.Directory.Current().User(from)
	if rows[0].Before != from1.Name || rows[0].After != to1.Name {
		t.Errorf("plan: %q -> %q", rows[0].Before, rows[0].After)
	}
	after := o.owned(from)
	if len(own(&after, from)) != 0 {
		t.Errorf("still owned: %v", own(&after, from))
	}
	// Nothing but the owner has changed.
	for i, x := range after.Objectives {
		if was := before.Objectives[i]; x.ID != was.ID || x.Name != was.Name || x.Description != was.Description || x.Session != was.Session {
			t.Errorf("objective %+v, was %+v", x, was)
		}
	}
	if diff := cmp.Diff(before.KeyResults, after.KeyResults); diff != "" {
		t.Errorf("key results (-before +after):\n%s", diff)
	}

	// Doing it again is nothing to do; a row that was decided on earlier is held once somebody else has the objective.
	c, rows = o.do(change.HandOverObjectives, change.HandOver{From: from, To: to, Objectives: mine})
	if c.State != change.Finished || rows[0].State != change.Nothing {
		t.Errorf("again: %s, %s", c.State, rows[0].State)
	}
	first, rows := o.do(change.HandOverObjectives, change.HandOver{From: from, To: third, Objectives: mine[:1]})
	if first.State != change.Finished {
		t.Fatalf("to a third: %s", first.State)
	}
	old := rows[0]
	a, _ := o.as(handlertest.HR)
	look := func(row change.Row) change.Finding {
		t.Helper()
		f, err := o.kinds[row.Kind].Look(t.Context(), a, []change.Row{row})
		if err != nil {
			t.Fatal(err)
		}
		return f[0]
	}
	if f := look(old); f.State != change.Done {
		t.Errorf("a row that is so: %+v", f)
	}
	back, back1 := o.do(change.UndoChange, change.Undo{Change: first.ID})
	if back.State != change.Finished || back1[0].After != to1.Name {
		t.Errorf("undo: %s, %q", back.State, back1[0].After)
	}
	if f := look(old); !f.Go {
		t.Errorf("after the undo it can be done again: %+v", f)
	}
	fourth := o.busy(4)[3]
	o.do(change.HandOverObjectives, change.HandOver{From: from, To: fourth, Objectives: mine[:1]})
	if f := look(old); f.State != change.Held || !strings.Contains(f.Reason, "now belongs to") {
		t.Errorf("somebody else has it now: %+v", f)
	}
}

func TestHandOverRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	people := o.busy(2)
	owned := o.owned(people[0])
	mine := own(&owned, people[0])
	gone := slices.IndexFunc(o.App.Directory.Current().Users(), func(u *directory.User) bool { return u.Status == directory.Inactive })
	inactive := o.App.Directory.Current().Users()[gone].ID
	for _, tc := range []struct {
		name string
		as   handlertest.Viewpoint
		in   change.HandOver
		want fault.Kind
		text string
	}{
		{"nobody chosen", handlertest.HR, change.HandOver{From: people[0], Objectives: mine}, fault.Invalid, "Choose who takes over"},
		{"to oneself", handlertest.HR, change.HandOver{From: people[0], To: people[0], Objectives: mine}, fault.Invalid, "somebody else"},
		{"to somebody deactivated", handlertest.HR, change.HandOver{From: people[0], To: inactive, Objectives: mine}, fault.Invalid, "deactivated"},
		{"to somebody unknown", handlertest.HR, change.HandOver{From: people[0], To: "nobody", Objectives: mine}, fault.Invalid, "no such user"},
		{"nothing chosen", handlertest.HR, change.HandOver{From: people[0], To: people[1]}, fault.Invalid, "at least one objective"},
		{"an objective out of sight", handlertest.HR, change.HandOver{From: people[0], To: people[1], Objectives: []id.Objective{"x"}}, fault.Invalid, "Nothing of this can be done"},
		{"from somebody unknown", handlertest.HR, change.HandOver{From: "nobody", To: people[1], Objectives: mine}, fault.NotFound, "no such person"},
		{"a lead, of somebody foreign", handlertest.Lead, change.HandOver{From: people[0], To: people[1], Objectives: mine}, fault.NotFound, "no such person"},
		{"an employee, of oneself", handlertest.Employee, change.HandOver{From: o.User(handlertest.Employee.Email).ID, To: people[1], Objectives: mine}, fault.Forbidden, "Only HR"},
	} {
		_, err := o.ask(tc.as, change.HandOverObjectives, tc.in)
		if fault.KindOf(err) != tc.want || !strings.Contains(fault.Message(err), tc.text) {
			t.Errorf("%s: %q, %q", tc.name, fault.KindOf(err), fault.Message(err))
		}
	}
	if n := o.Emulator.Counts().Effects[36]; n != 0 {
		t.Errorf("%d objectives were changed", n)
	}
}

// TestFailuresOfObjectives: each answer of Gtmhub has its outcome and its sentence.
func TestFailuresOfObjectives(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	people := o.busy(2)
	owned := o.owned(people[0])
	mine := own(&owned, people[0])[:1]
	inputs := map[int]change.Input{
		36: {Recipe: change.HandOverObjectives, Fields: change.Fields(change.HandOver{From: people[0], To: people[1], Objectives: mine})},
		37: {Recipe: change.SetConfidence, Fields: change.Fields(change.Confidence{User: people[0], Objective: mine[0], Percent: 40, Reason: "late"})},
	}
	a, me := o.as(handlertest.HR)
	for _, tc := range []struct {
		status int
		row    change.RowState
		state  change.State
		words  string
	}{
		{http.StatusPaymentRequired, change.Queued, change.Paused, "subscription"},
		{http.StatusForbidden, change.RefusedRow, change.Problems, "any more"},
		{http.StatusNotFound, change.RefusedRow, change.Problems, "any more"},
		{http.StatusConflict, change.RefusedRow, change.Problems, "conflicts"},
		{http.StatusLocked, change.RefusedRow, change.Problems, "locked"},
		{http.StatusTooManyRequests, change.Queued, change.Running, "pause"},
	} {
		for _, op := range []int{36, 37} {
			if op == 37 && tc.status == http.StatusTooManyRequests {
				continue // the pause is for all calls, so this one would not be made
			}
			in := inputs[op]
			o.Emulator.ClearFaults()
			o.fault(emulator.Fault{Operation: op, Effect: emulator.EffectStatus, Status: tc.status, RetryAfter: "30"})
			c, err := o.App.Changes.Preview(t.Context(), a, me, in)
			if err != nil || c.Verdict.Outcome != access.Direct {
				t.Fatalf("%d: %+v, %v", op, c.Verdict, err)
			}
			made, err := o.App.Changes.Submit(t.Context(), a, me, in)
			if err != nil {
				t.Fatalf("%d answered with %d: %v", op, tc.status, err)
			}
			// A busy machine may not have got there while the page waited.
			for deadline, tick := time.After(time.Minute), time.Tick(50*time.Millisecond); !strings.Contains(o.rows(made.ID)[0].Reason, tc.words); {
				select {
				case <-tick:
					continue
				case <-deadline:
				}
				break
			}
			ch, err := o.App.Store.Changes().Change(t.Context(), made.ID)
			row := o.rows(made.ID)[0]
			if err != nil || row.State != tc.row || ch.State != tc.state || !strings.Contains(row.Reason, tc.words) {
				t.Errorf("%d answered with %d: row %s, %q; change %s, %v", op, tc.status, row.State, row.Reason, ch.State, err)
			}
			if !ch.State.Ended() {
				if err := o.App.Changes.Cancel(t.Context(), a, ch.ID); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if e := o.Emulator.Counts().Effects; e[36]+e[37] != 0 {
		t.Errorf("something was changed: %v", e)
	}
}

// TestLostCallsOfObjectives cuts the connection before and after the effect: it is done once, and the page says so.
func TestLostCallsOfObjectives(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	people := o.busy(4)
	for i, after := range []bool{false, true} {
		o.Emulator.ClearFaults()
		for _, op := range []int{36, 37} {
			o.fault(emulator.Fault{Operation: op, Effect: emulator.EffectDrop, After: after, Count: 1})
		}
		from, to := people[2*i], people[2*i+1]
		owned := o.owned(from)
		mine := own(&owned, from)[:1]
		c, rows := o.do(change.HandOverObjectives, change.HandOver{From: from, To: to, Objectives: mine})
		owned = o.owned(from)
		x, _ := owned.Objective(mine[0])
		if c.State != change.Finished || rows[0].State != change.Done || !slices.Equal(x.Owners, []string{string(to)}) {
			t.Errorf("after %v: %s, row %s %q, owners %v", after, c.State, rows[0].State, rows[0].Reason, x.Owners)
		}
		c, rows = o.do(change.SetConfidence, change.Confidence{User: from, Objective: mine[0], Percent: 80, Reason: "on track"})
		if c.State != change.Finished || rows[0].State != change.Done {
			t.Errorf("confidence, after %v: %s, row %s %q", after, c.State, rows[0].State, rows[0].Reason)
		}
	}
	if n := o.Emulator.Counts().Effects[36]; n != 2 {
		t.Errorf("%d effects for two objectives", n)
	}
}

func TestAnnouncementKinds(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	texts := func() map[string]int {
		t.Helper()
		all, err := o.App.Lookups.StoredAnnouncements(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]int{}
		for _, a := range all {
			out[a.Text]++
		}
		return out
	}
	before := texts()
	me := o.User(handlertest.HR.Email).ID
	// The connection is cut before and after the effect of each call: it is done once all the same.
	for _, after := range []bool{false, true} {
		o.Emulator.ClearFaults()
		for _, op := range []int{35, 38, 39} {
			o.fault(emulator.Fault{Operation: op, Effect: emulator.EffectDrop, After: after, Count: 1})
		}
		c, rows := o.do(change.WriteAnnouncement, change.Announcement{Text: "Lunch is at one."})
		if c.State != change.Finished || rows[0].Result == "" || rows[0].User != me || texts()["Lunch is at one."] != 1 {
			t.Fatalf("write, cut after %v: %s, %s %q, %v", after, c.State, rows[0].State, rows[0].Reason, texts())
		}
		made := id.Announcement(rows[0].Result)
		c, _ = o.do(change.EditAnnouncement, change.Announcement{ID: made, Text: "Lunch is at two."})
		if c.State != change.Finished || texts()["Lunch is at two."] != 1 {
			t.Errorf("edit: %s, %v", c.State, texts())
		}
		undo, _ := o.do(change.UndoChange, change.Undo{Change: c.ID})
		if undo.State != change.Finished || texts()["Lunch is at one."] != 1 {
			t.Errorf("undo of an edit: %s, %v", undo.State, texts())
		}
		c, rows = o.do(change.RemoveAnnouncement, change.Announcement{ID: made})
		if diff := cmp.Diff(before, texts()); c.State != change.Finished || diff != "" {
			t.Errorf("remove: %s (-want +got):\n%s", c.State, diff)
		}
		hr, _ := o.as(handlertest.HR)
		if f, err := o.kinds[rows[0].Kind].Look(t.Context(), hr, rows); err != nil || f[0].State != change.Done {
			t.Errorf("a row that is done: %+v, %v", f, err)
		}
	}
	if e := o.Emulator.Counts().Effects; e[35] != 2 || e[38] != 4 || e[39] != 2 {
		t.Errorf("effects %v, want two posts, four edits and two removals", e)
	}

	// What somebody else changed after the decision is held.
	all, err := o.App.Lookups.StoredAnnouncements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, who := o.as(handlertest.HR)
	for _, recipe := range []string{change.EditAnnouncement, change.RemoveAnnouncement} {
		p, err := o.App.Changes.Preview(t.Context(), a, who, change.Input{Recipe: recipe, Fields: change.Fields(change.Announcement{ID: all[0].ID, Text: "Mine"})})
		if err != nil {
			t.Fatal(err)
		}
		o.do(change.EditAnnouncement, change.Announcement{ID: all[0].ID, Text: "Theirs " + recipe})
		if f, err := o.kinds[p.Rows[0].Kind].Look(t.Context(), a, p.Rows); err != nil || f[0].State != change.Held {
			t.Errorf("%s: %+v, %v", recipe, f, err)
		}
	}
	if _, err := o.ask(handlertest.Lead, change.WriteAnnouncement, change.Announcement{Text: "x"}); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a lead: %v", err)
	}
	if _, err := o.ask(handlertest.HR, change.WriteAnnouncement, change.Announcement{Text: strings.Repeat("ä", 5001)}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a book: %v", err)
	}
}

func TestSetConfidence(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	u := o.busy(1)[0]
	owned := o.owned(u)
	mine := own(&owned, u)[0]
	for _, tc := range []struct {
		name string
		in   change.Confidence
		text string
	}{
		{"too low", change.Confidence{User: u, Objective: mine, Percent: -1, Reason: "x"}, "0 to 100"},
		{"too high", change.Confidence{User: u, Objective: mine, Percent: 101, Reason: "x"}, "0 to 100"},
		{"no reason", change.Confidence{User: u, Objective: mine, Percent: 50, Reason: " "}, "Say why"},
		{"a novel", change.Confidence{User: u, Objective: mine, Percent: 50, Reason: strings.Repeat("ä", 501)}, "at most 500"},
		{"out of sight", change.Confidence{User: u, Objective: "x", Percent: 50, Reason: "x"}, "no key result"},
	} {
		if _, err := o.ask(handlertest.HR, change.SetConfidence, tc.in); !strings.Contains(fault.Message(err), tc.text) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	c, rows := o.do(change.SetConfidence, change.Confidence{User: u, Objective: mine, Percent: 70, Reason: "One supplier is late."})
	if c.State != change.Finished || rows[0].After != "70 %: One supplier is late." || o.Emulator.Counts().Effects[37] != 1 {
		t.Errorf("%s, %q, effects %v", c.State, rows[0].After, o.Emulator.Counts().Effects)
	}
	if _, err := o.ask(handlertest.HR, change.UndoChange, change.Undo{Change: c.ID}); !strings.Contains(fault.Message(err), "Nothing of this can be done") {
		t.Errorf("undo of a confidence: %v", err)
	}
}
