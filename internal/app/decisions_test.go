package app_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/internal/store/pgtest"
)

// act is one of the service's methods about one change, done by one person.
type act func(a access.Actor, p change.Person, c change.Change) error

func (j job) word(approve bool, reject ...id.Row) act {
	return func(a access.Actor, p change.Person, c change.Change) error {
		_, err := j.App.Changes.Decide(j.t.Context(), a, p, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: approve, Reason: "because", Reject: reject})
		return err
	}
}

func (j job) sendBack(a access.Actor, p change.Person, c change.Change) error {
	_, err := j.App.Changes.SendBack(j.t.Context(), a, p, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Reason: "Which team?"})
	return err
}

// correct gives the people at the positions (from 1) of the main step another address.
func (j job) correct(edit func(*change.Invitee), which ...int) act {
	return func(a access.Actor, p change.Person, c change.Change) error {
		in := change.Corrections{Version: c.Version, People: map[id.Row]change.Invitee{}, Note: "corrected"}
		_, list, err := j.App.Changes.Correctable(j.t.Context(), a, c.ID)
		if err != nil {
			return err
		}
		for _, who := range list {
			for _, n := range which {
				if who.Main.Pos == n {
					wish := who.Asked
					edit(&wish)
					in.People[who.Main.ID] = wish
				}
			}
		}
		if len(in.People) != len(which) {
			return fmt.Errorf("only %d of %d people can be corrected", len(in.People), len(which))
		}
		_, err = j.App.Changes.Repair(j.t.Context(), a, p, c.ID, in)
		return err
	}
}

// by does an act as one of the people, with the change as it is now.
func (j job) by(v handlertest.Viewpoint, c id.Change, do act) error {
	j.t.Helper()
	a, p := j.person(v)
	return do(a, p, j.now(c))
}

func (j job) must(v handlertest.Viewpoint, c id.Change, do act) {
	j.t.Helper()
	if err := j.by(v, c, do); err != nil {
		j.t.Fatal(err)
	}
}

func (j job) now(c id.Change) change.Change {
	j.t.Helper()
	ch, err := j.App.Store.Changes().Change(j.t.Context(), c)
	if err != nil {
		j.t.Fatal(err)
	}
	return ch
}

func (j job) rows(c id.Change) []change.Row {
	j.t.Helper()
	rows, _, err := j.App.Store.Changes().Rows(j.t.Context(), c, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		j.t.Fatal(err)
	}
	return rows
}

// ask submits n invitations of HR, who wait.
func (j job) ask(n int) change.Change {
	j.t.Helper()
	hr, me := j.person(handlertest.HR)
	c, err := j.App.Changes.Submit(j.t.Context(), hr, me, j.joiners(n))
	if err != nil {
		j.t.Fatal(err)
	}
	return c
}

// steps runs the runner until nothing is left to do.
func (j job) steps() {
	j.t.Helper()
	for range 50 {
		worked, err := j.App.Runner.Step(j.t.Context())
		if err != nil {
			j.t.Fatal(err)
		}
		if !worked {
			return
		}
	}
	j.t.Fatal("the runner finds no end")
}

// raw is a job whose database can be altered behind the portal's back.
type raw struct {
	job
	path string
}

func newRaw(t *testing.T) raw {
	t.Helper()
	path := filepath.Join(t.TempDir(), "portal.db")
	return raw{newJob(t, handlertest.Options{DatabaseURL: path, Manual: true}), path}
}

func (j raw) exec(text string) {
	j.t.Helper()
	db, err := sql.Open("sqlite", "file:"+j.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		j.t.Fatal(err)
	}
	_, err = db.ExecContext(j.t.Context(), text)
	if err := errors.Join(err, db.Close()); err != nil {
		j.t.Fatal(err)
	}
}

func address(email string) func(*change.Invitee) { return func(i *change.Invitee) { i.Email = email } }

// third is HR too, beside requester and approver.
var third = handlertest.Viewpoint{Name: "third in HR", Email: "catarina.singh@northwind.example", Groups: []string{"portal-hr"}}

// TestTwoDeciders wants two people to agree, each once, and nothing to be sent before.
func TestTwoDeciders(t *testing.T) {
	t.Parallel()
	j := newRaw(t)
	c := j.ask(3)
	j.exec(`UPDATE change SET deciders = 2`)
	j.must(handlertest.HRApprover, c.ID, j.word(true))
	j.steps()
	j.once(0)
	if now := j.now(c.ID); now.State != change.Waiting || len(now.Agreed()) != 1 {
		t.Fatalf("after the first approval: %s, %d agreed", now.State, len(now.Agreed()))
	}
	if err := j.by(handlertest.HRApprover, c.ID, j.word(true)); !errors.Is(err, fault.Conflict) {
		t.Errorf("the same person again: %v", err)
	}
	// Who has agreed is shown that somebody else is asked; whoever has not, is asked.
	for _, tc := range []struct {
		who   handlertest.Viewpoint
		forms int
	}{{handlertest.HRApprover, 0}, {handlertest.Approver, 1}} {
		page := j.As(tc.who).Get(route.Change(c.ID)).Doc()
		if n := page.Count(`[data-testid="decide-form"]`); n != tc.forms || page.Count(`[data-testid="why-not"]`) != 1-tc.forms {
			t.Errorf("%s is shown %d forms to decide, want %d", tc.who.Name, n, tc.forms)
		}
	}
	// An edit voids the vote.
	j.must(handlertest.HR, c.ID, j.correct(address("someone.else@northwind.example"), 1))
	j.must(handlertest.Approver, c.ID, j.word(true))
	if now := j.now(c.ID); now.State != change.Waiting || now.Deciders != 2 || len(now.Agreed()) != 1 {
		t.Fatalf("after an edit and one approval: %s, %d of %d agreed", now.State, len(now.Agreed()), now.Deciders)
	}
	j.must(handlertest.HRApprover, c.ID, j.word(true))
	j.steps()
	if now := j.now(c.ID); now.State != change.Finished {
		t.Fatalf("%s (%s), want finished", now.State, now.Note)
	}
	j.once(3)
	if j.Emulator.Counts().Created["someone.else@northwind.example"] != 1 {
		t.Error("the corrected address was not invited")
	}
}

// TestQuestion sends a request back, lets its requester answer, correct and withdraw, and looks at who may do what.
func TestQuestion(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{Manual: true})
	answer := func(a access.Actor, p change.Person, c change.Change) error {
		_, err := j.App.Changes.Answer(t.Context(), a, p, c.ID, "Marketing.")
		return err
	}
	withdraw := func(a access.Actor, _ change.Person, c change.Change) error {
		return j.App.Changes.Withdraw(t.Context(), a, c.ID)
	}
	c := j.ask(3)
	j.must(handlertest.Approver, c.ID, j.sendBack)
	for _, tc := range []struct {
		name string
		who  handlertest.Viewpoint
		do   act
		want fault.Kind
	}{
		{"own answer by somebody else", handlertest.HRApprover, answer, fault.Forbidden},
		{"withdraw by somebody else", handlertest.HRApprover, withdraw, fault.Forbidden},
		{"approve before the answer", handlertest.HRApprover, j.word(true), fault.Conflict},
		{"a second question", handlertest.HRApprover, j.sendBack, fault.Conflict},
		{"a lead looks", handlertest.Lead, answer, fault.NotFound},
		{"whoever asked still sees it", handlertest.Approver, answer, fault.Forbidden},
	} {
		if err := j.by(tc.who, c.ID, tc.do); fault.KindOf(err) != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}
	j.must(handlertest.HR, c.ID, j.correct(address("right.address@northwind.example"), 2))
	if now := j.now(c.ID); now.State != change.Returned || now.Version != 2 {
		t.Fatalf("after a correction: %s, version %d", now.State, now.Version)
	}
	j.must(handlertest.HR, c.ID, answer)
	if err := j.by(handlertest.HR, c.ID, answer); !errors.Is(err, fault.Conflict) {
		t.Errorf("a second answer: %v", err)
	}
	j.must(handlertest.Approver, c.ID, j.word(true))
	j.steps()
	j.once(3)
	now := j.now(c.ID)
	if got := []string{now.Talk[0].Text, now.Talk[1].Text}; now.State != change.Finished || !cmp.Equal(got, []string{"Which team?", "Marketing."}) {
		t.Errorf("%s, talk %v", now.State, got)
	}
	hr, me := j.person(handlertest.HR)
	in := change.Invitations{People: []change.Invitee{{Line: 1, FirstName: "Ann", LastName: "One", Email: "ann1@northwind.example"}, {Line: 2, FirstName: "Ann", LastName: "Two", Email: "ann2@northwind.example"}}}
	other, err := j.App.Changes.Submit(t.Context(), hr, me, change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "new"})
	if err != nil {
		t.Fatal(err)
	}
	j.must(handlertest.Approver, other.ID, j.sendBack)
	j.must(handlertest.HR, other.ID, withdraw)
	if now := j.now(other.ID); now.State != change.Withdrawn || now.Main()[change.CancelledRow] != 2 {
		t.Errorf("withdrawn: %s, %v", now.State, now.Main())
	}
	var events []audit.Event
	entries, err := j.App.Store.Audit().Entries(t.Context(), audit.Filter{Change: c.ID, Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Row == "" {
			events = append([]audit.Event{e.Event}, events...)
		}
	}
	want := []audit.Event{audit.Submitted, audit.Returned, audit.Refused, audit.Refused, audit.Edited, audit.Answered, audit.Approved, audit.Started, audit.Finished}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

// TestEditorDoesNotDecide has a second person in HR correct the request: then they cannot decide on it, in any version.
func TestEditorDoesNotDecide(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{Manual: true})
	c := j.ask(2)
	j.must(handlertest.HRApprover, c.ID, j.correct(address("a.colleague@northwind.example"), 1))
	j.must(handlertest.HR, c.ID, j.correct(address("b.colleague@northwind.example"), 2))
	for _, do := range []act{j.word(true), j.word(false), j.sendBack} {
		if err := j.by(handlertest.HRApprover, c.ID, do); !errors.Is(err, fault.Forbidden) || !strings.Contains(fault.Message(err), "edited") {
			t.Errorf("the editor: %v", err)
		}
	}
	j.must(handlertest.Approver, c.ID, j.word(true))
	j.steps()
	j.once(2)
}

// TestRepair corrects rejected, failed and impossible people in the same request, on both databases, until all are done.
func TestRepair(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(*testing.T) string{
		"SQLite":     func(*testing.T) string { return "" },
		"PostgreSQL": func(t *testing.T) string { return pgtest.URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repair(newJob(t, handlertest.Options{DatabaseURL: url(t), Manual: true}))
		})
	}
}

func repair(j job) {
	t := j.t
	hr, me := j.person(handlertest.HR)
	team := j.Team("Website Maintainers")
	in := change.Invitations{}
	for i := 1; i <= 6; i++ {
		in.People = append(in.People, change.Invitee{Line: i, Email: fmt.Sprintf("repair%d@northwind.example", i), FirstName: "Re", LastName: fmt.Sprint("Pair ", i), Teams: []id.Team{team.ID}})
	}
	in.People[3].Problem, in.People[3].Cells = "The address is not complete.", map[string]string{"email": "repair4@", "firstName": "Re", "lastName": "Pair 4"}
	c, err := j.App.Changes.Submit(t.Context(), hr, me, change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "new"})
	if err != nil {
		t.Fatal(err)
	}
	sums := func(want map[change.RowState]int) {
		t.Helper()
		now := j.now(c.ID)
		if diff := cmp.Diff(change.Counts(want), now.Main()); diff != "" {
			t.Fatalf("version %d, %s (-want +got):\n%s", now.Version, now.State, diff)
		}
	}
	rows := j.rows(c.ID)
	j.must(handlertest.HRApprover, c.ID, j.word(true, rows[1].ID, rows[2].ID)) // rejects 2 and 3
	if _, err := j.Emulator.AddFault(emulator.Fault{Operation: 6, BodyContains: "repair5@", Effect: emulator.EffectStatus, Status: http.StatusBadRequest}); err != nil {
		t.Fatal(err)
	}
	j.steps()
	sums(map[change.RowState]int{change.Done: 2, change.RejectedRow: 2, change.Blocked: 1, change.RefusedRow: 1})

	// A single person is direct for HR, but not after a rejection.
	j.must(handlertest.HR, c.ID, j.correct(func(i *change.Invitee) {
		i.Email, i.Problem, i.Teams = "repair4@northwind.example", "", []id.Team{team.ID}
	}, 4))
	if now := j.now(c.ID); now.Deciders != 0 || now.Version != 2 {
		t.Errorf("one impossible person corrected: %d deciders, version %d, want a direct version 2", now.Deciders, now.Version)
	}
	j.steps()
	sums(map[change.RowState]int{change.Done: 3, change.RejectedRow: 2, change.RefusedRow: 1})
	j.must(handlertest.HR, c.ID, j.correct(address("repair2.new@northwind.example"), 2))
	now := j.now(c.ID)
	if now.State != change.Waiting || now.Deciders != 1 || now.Version != 3 {
		t.Fatalf("a rejected person corrected: %s, %d deciders, version %d", now.State, now.Deciders, now.Version)
	}
	sums(map[change.RowState]int{change.Done: 3, change.Queued: 1, change.RejectedRow: 1, change.RefusedRow: 1})
	if err := j.by(handlertest.HR, c.ID, j.word(true)); !errors.Is(err, fault.Forbidden) {
		t.Errorf("the requester decides on a version: %v", err)
	}
	j.must(handlertest.Approver, c.ID, j.word(false))
	if now = j.now(c.ID); now.State != change.Problems || now.Main()[change.RejectedRow] != 2 || now.Main()[change.Done] != 3 {
		t.Fatalf("version 3 rejected: %s, %v", now.State, now.Main())
	}
	j.must(handlertest.HR, c.ID, j.correct(func(i *change.Invitee) {
		i.FirstName = "Better"
		i.Email = strings.Replace(i.Email, "repair5@", "repair5.new@", 1)
	}, 2, 3, 5))
	j.must(handlertest.Approver, c.ID, j.word(true))
	j.steps()
	sums(map[change.RowState]int{change.Done: 6})
	if now = j.now(c.ID); now.State != change.Finished || now.Version != 4 {
		t.Errorf("at the end: %s, version %d", now.State, now.Version)
	}
	for _, step := range now.Counts {
		if n := step.Rows[change.Done] + step.Rows[change.Nothing]; n != step.Rows.Total() {
			t.Errorf("step %d: %v", step.Step, step.Rows)
		}
	}
	members, err := j.App.Directory.FreshTeam(t.Context(), team.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"repair1", "repair2.new", "repair3", "repair4", "repair5.new", "repair6"} {
		u := j.User(email + "@northwind.example")
		if !strings.Contains(fmt.Sprint(members.Members), string(u.ID)) {
			t.Errorf("%s is not in the team", email)
		}
	}
	if err := j.by(handlertest.HR, c.ID, j.correct(address("x@northwind.example"), 1)); err == nil {
		t.Error("somebody who is done was corrected")
	}
	if r, err := j.App.Store.Audit().Verify(t.Context()); err != nil || r.Broken != 0 {
		t.Errorf("audit trail broken at %d: %v", r.Broken, err)
	}
}

// TestApprovalAttacks is goal G35: each way around a decision is refused, leaves a trace, and sends nothing.
func TestApprovalAttacks(t *testing.T) {
	t.Parallel()
	approve := func(j raw, c change.Change, v handlertest.Viewpoint) error { return j.by(v, c.ID, j.word(true)) }
	for _, tc := range []struct {
		name string
		// attack returns the refusal; the trace has the rule.
		attack func(j raw, c change.Change) error
		want   fault.Kind
		rule   string
	}{
		{"own", func(j raw, c change.Change) error { return approve(j, c, handlertest.HR) }, fault.Forbidden, "decide: own"},
		{"own, by another sign-in", func(j raw, c change.Change) error {
			a, p := j.person(handlertest.HR)
			a.Subject, p.Subject = "another", "another"
			return j.word(true)(a, p, c)
		}, fault.Forbidden, "decide: own"},
		{"edited", func(j raw, c change.Change) error {
			j.must(handlertest.HRApprover, c.ID, j.correct(address("edited@northwind.example"), 1))
			return approve(j, c, handlertest.HRApprover)
		}, fault.Forbidden, "decide: edited"},
		{"without the right", func(j raw, c change.Change) error {
			a, p := j.person(handlertest.HRApprover)
			a.HR, a.Approver, a.Auditor = false, false, true
			return j.word(true)(a, p, c)
		}, fault.Forbidden, "decide: rights"},
		{"stale hash", func(j raw, c change.Change) error {
			j.must(handlertest.HR, c.ID, j.correct(address("edited@northwind.example"), 1))
			a, p := j.person(handlertest.HRApprover)
			return j.word(true)(a, p, c)
		}, fault.Conflict, "decide: stale list"},
		{"hash of another list", func(j raw, c change.Change) error {
			a, p := j.person(handlertest.HRApprover)
			c.Hash = j.ask(2).Hash
			return j.word(true)(a, p, c)
		}, fault.Conflict, "decide: stale list"},
		{"rows of another request", func(j raw, c change.Change) error {
			return j.by(handlertest.HRApprover, c.ID, j.word(true, j.rows(j.ask(2).ID)[0].ID))
		}, fault.Invalid, "decide: foreign rows"},
		{"expired", func(j raw, c change.Change) error {
			j.exec(`UPDATE change SET lapses = 1`)
			return approve(j, c, handlertest.HRApprover)
		}, fault.Conflict, "decide: too late"},
		{"replayed", func(j raw, c change.Change) error {
			j.exec(`UPDATE change SET deciders = 2`)
			j.must(handlertest.HRApprover, c.ID, j.word(true))
			return approve(j, c, handlertest.HRApprover)
		}, fault.Conflict, "decide: too late"},
		{"replayed after the answer to a question", func(j raw, c change.Change) error {
			j.must(handlertest.HRApprover, c.ID, j.sendBack)
			return approve(j, c, handlertest.HRApprover)
		}, fault.Conflict, "decide: too late"},
		{"after withdrawal", func(j raw, c change.Change) error {
			a, _ := j.person(handlertest.HR)
			if err := j.App.Changes.Withdraw(j.t.Context(), a, c.ID); err != nil {
				return err
			}
			return approve(j, c, handlertest.HRApprover)
		}, fault.Conflict, "decide: too late"},
		{"after cancel", func(j raw, c change.Change) error {
			j.must(handlertest.HRApprover, c.ID, j.word(true))
			a, _ := j.person(handlertest.HR)
			if err := j.App.Changes.Cancel(j.t.Context(), a, c.ID); err != nil {
				return err
			}
			return approve(j, c, handlertest.Approver)
		}, fault.Conflict, "decide: too late"},
		{"skipped step: set running in the database", func(j raw, c change.Change) error {
			j.exec(`UPDATE change SET state = 'running', started = 1`)
			j.steps()
			return paused(j, c)
		}, fault.Conflict, "not decided"},
		{"skipped step: one of two", func(j raw, c change.Change) error {
			j.exec(`UPDATE change SET deciders = 2`)
			j.must(handlertest.HRApprover, c.ID, j.word(true))
			j.exec(`UPDATE change SET state = 'approved'`)
			j.steps()
			return paused(j, c)
		}, fault.Conflict, "not decided"},
		{"skipped step: a vote for the version before", func(j raw, c change.Change) error {
			j.exec(`UPDATE change SET deciders = 2`)
			j.must(handlertest.HRApprover, c.ID, j.word(true))
			j.must(handlertest.HR, c.ID, j.correct(address("edited@northwind.example"), 1))
			j.must(handlertest.Approver, c.ID, j.word(true))
			j.exec(`UPDATE change SET state = 'approved'`)
			j.steps()
			return paused(j, c)
		}, fault.Conflict, "not decided"},
		{"row changed in the database before the decision", func(j raw, c change.Change) error {
			j.exec(`UPDATE change_row SET payload = replace(payload, '@', '@evil.') WHERE step = 0 AND pos = 1`)
			return approve(j, c, handlertest.HRApprover)
		}, fault.Conflict, "decide: stale list"},
		{"row changed in the database after the decision", func(j raw, c change.Change) error {
			j.must(handlertest.HRApprover, c.ID, j.word(true))
			j.exec(`UPDATE change_row SET payload = replace(payload, '@', '@evil.') WHERE step = 0 AND pos = 1`)
			j.steps()
			return paused(j, c)
		}, fault.Conflict, "rows differ from the decision"},
		{"row of an old version opened in the database", func(j raw, c change.Change) error {
			rows := j.rows(c.ID)
			j.must(handlertest.HRApprover, c.ID, j.word(true, rows[0].ID))
			j.exec(`UPDATE change_row SET version = 2 WHERE state = 'rejected'; UPDATE change_row SET state = 'queued' WHERE state = 'rejected'`)
			j.steps()
			return paused(j, c)
		}, fault.Conflict, "rows differ from the decision"},
		{"via GET", func(j raw, c change.Change) error {
			p := j.As(handlertest.HRApprover).Get("/changes/" + string(c.ID) + "/decide?" + url.Values{"do": {"approve"}, "version": {"1"}, "hash": {c.Hash}}.Encode())
			if p.Status != http.StatusMethodNotAllowed {
				return fmt.Errorf("status %d", p.Status)
			}
			return fault.New(fault.Conflict, "405")
		}, fault.Conflict, "decide: by link"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			j := newRaw(t)
			c := j.ask(2)
			if err := tc.attack(j, c); fault.KindOf(err) != tc.want {
				t.Errorf("%v, want %s", err, tc.want)
			}
			j.steps()
			j.once(0)
			entries, err := j.App.Store.Audit().Entries(t.Context(), audit.Filter{Limit: 500})
			if err != nil {
				t.Fatal(err)
			}
			traces := 0
			for _, e := range entries {
				if (e.Event == audit.Refused || e.Event == audit.Paused) && e.Result == tc.rule {
					traces++
				}
			}
			if traces == 0 {
				t.Errorf("no trace with the rule %q", tc.rule)
			}
		})
	}
}

// paused is the refusal of a run that halted.
func paused(j raw, c change.Change) error {
	if now := j.now(c.ID); now.State != change.Paused {
		return fmt.Errorf("%s, want paused", now.State)
	}
	return fault.New(fault.Conflict, "paused")
}
