package change_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// TestHeld drifts some values after the submission: they are not touched before a person has said so, and the change goes
// on waiting for that.
func TestHeld(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	c := e.submit(map[id.User]string{"u1": "new 1", "u2": "new 2", "u3": "new 3", "u4": "new 4"})
	e.set("u2", "other 2")
	e.set("u3", "other 3")
	e.set("u4", "new 4")
	e.steps()
	ch := e.change(c.ID)
	want := change.Counts{change.Done: 1, change.Nothing: 1, change.Held: 2}
	if diff := cmp.Diff(want, ch.Main()); diff != "" || ch.State != change.Running || ch.Held() != 2 {
		t.Fatalf("%s, %d held, rows (-want +got):\n%s", ch.State, ch.Held(), diff)
	}
	held := e.rows(c.ID, change.Held.Word())
	for _, row := range held {
		if row.Before != "" || row.Now == "" || row.Reason == "" {
			t.Errorf("%s: decided %q, now %q, reason %q", row.Subject, row.Before, row.Now, row.Reason)
		}
	}
	// Somebody who may not steer may not release either; who does not see it does not find it.
	for _, tc := range []struct {
		name string
		who  access.Actor
		want fault.Kind
	}{
		{"auditor", access.Actor{Kind: access.ByPerson, Subject: "a", Auditor: true}, fault.Forbidden},
		{"employee", access.Actor{Kind: access.ByPerson, Subject: "b"}, fault.NotFound},
	} {
		for act, f := range map[string]func() (int, error){
			"release": func() (int, error) { return e.changes.Release(t.Context(), tc.who, c.ID, held) },
			"drop":    func() (int, error) { return e.changes.Drop(t.Context(), tc.who, c.ID, held) },
		} {
			if n, err := f(); n != 0 || fault.KindOf(err) != tc.want {
				t.Errorf("%s: %s: %d rows, %v, want %s", tc.name, act, n, err, tc.want)
			}
		}
	}
	// It drifts once more before the released row runs: held again, with the newer value.
	if n, err := e.changes.Release(t.Context(), e.hr, c.ID, held[:1]); n != 1 || err != nil {
		t.Fatalf("release: %d, %v", n, err)
	}
	e.set("u2", "third 2")
	e.steps()
	if ch = e.change(c.ID); e.get("u2") != "third 2" || ch.Held() != 2 {
		t.Errorf("u2 is %q, %d held", e.get("u2"), ch.Held())
	}
	if n, err := e.changes.Release(t.Context(), e.hr, c.ID, held[:1]); n != 0 || err != nil {
		t.Errorf("releasing what the page showed before: %d, %v", n, err)
	}
	if n, err := e.changes.Release(t.Context(), e.hr, c.ID, e.rows(c.ID, change.Held.Word())[:1]); n != 1 || err != nil {
		t.Fatalf("release: %d, %v", n, err)
	}
	e.steps()
	if e.get("u2") != "new 2" {
		t.Errorf("the released row left %q", e.get("u2"))
	}
	if ch := e.change(c.ID); ch.State != change.Running {
		t.Errorf("with one row held it is %s", ch.State)
	}
	if n, err := e.changes.Drop(t.Context(), e.hr, c.ID, e.rows(c.ID, change.Held.Word())); n != 1 || err != nil {
		t.Fatalf("drop: %d, %v", n, err)
	}
	e.steps()
	ch = e.change(c.ID)
	want = change.Counts{change.Done: 2, change.Nothing: 1, change.CancelledRow: 1}
	if diff := cmp.Diff(want, ch.Main()); diff != "" || ch.State != change.Finished || e.get("u3") != "other 3" {
		t.Errorf("%s, u3 is %q, rows (-want +got):\n%s", ch.State, e.get("u3"), diff)
	}
	if r, err := e.store.Audit().Verify(t.Context()); err != nil || r.Broken != 0 {
		t.Errorf("audit trail broken at %d (%s): %v", r.Broken, r.Why, err)
	}
}

// TestSteeringInAllStates presses each pair of buttons in each state: nothing but "not possible any more" may come of it,
// the same again is no mistake, no row is lost, and there is always a way to an end.
func TestSteeringInAllStates(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	acts := map[string]func(c id.Change) error{
		"pause":    func(c id.Change) error { return e.changes.Pause(t.Context(), e.hr, c) },
		"resume":   func(c id.Change) error { return e.changes.Resume(t.Context(), e.hr, c) },
		"cancel":   func(c id.Change) error { return e.changes.Cancel(t.Context(), e.hr, c) },
		"retry":    func(c id.Change) error { _, err := e.changes.Retry(t.Context(), e.hr, c); return err },
		"start":    func(c id.Change) error { return e.changes.StartNow(t.Context(), e.hr, c) },
		"withdraw": func(c id.Change) error { return e.changes.Withdraw(t.Context(), e.hr, c) },
		"release": func(c id.Change) error {
			_, err := e.changes.Release(t.Context(), e.hr, c, e.rows(c, "held"))
			return err
		},
		"drop": func(c id.Change) error { _, err := e.changes.Drop(t.Context(), e.hr, c, e.rows(c, "held")); return err },
	}
	in := func(state change.State) change.Change {
		t.Helper()
		c := change.Change{ID: id.NewChange(), Kind: "labels", Title: "Set labels", Requester: e.me, State: state, Version: 1}
		rows := []change.Row{}
		states := []change.RowState{change.Queued, change.Done}
		if !state.Ended() && state != change.Waiting && state != change.Returned && state != change.Approved && state != change.Scheduled {
			states = append(states, change.Held, change.RefusedRow)
		}
		if state == change.Problems {
			states = []change.RowState{change.Done, change.RefusedRow, change.Attention}
		} else if state.Ended() {
			states = []change.RowState{change.Done, change.CancelledRow}
		}
		for i, s := range states {
			rows = append(rows, change.Row{ID: id.NewRow(), Pos: i + 1, Kind: string(access.AddMember), Subject: "u1", User: "u1", After: "x", Action: change.Update, State: s})
		}
		c.Hash = change.Hash(1, rows)
		c, err := e.store.Changes().Create(t.Context(), c, rows, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, state := range change.States() {
		for first, do := range acts {
			for second, then := range acts {
				c := in(state)
				total := c.Main().Total()
				errs := []error{do(c.ID), then(c.ID)}
				for i, err := range errs {
					if k := fault.KindOf(err); err != nil && k != fault.Conflict {
						t.Errorf("%s, %s then %s: act %d: %v", state, first, second, i+1, err)
					}
				}
				if first == second && errs[0] == nil && errs[1] != nil && first != "withdraw" {
					t.Errorf("%s: %s twice: %v", state, first, errs[1])
				}
				got := e.change(c.ID)
				if got.Main().Total() != total {
					t.Errorf("%s, %s then %s: %d rows became %d", state, first, second, total, got.Main().Total())
				}
				if got.State.Ended() && got.Main()[change.Queued]+got.Main()[change.Held] > 0 {
					t.Errorf("%s, %s then %s: %s with rows that wait: %v", state, first, second, got.State, got.Main())
				}
				if got.State.Ended() {
					continue
				}
				if got.State == change.Waiting || got.State == change.Returned {
					err := e.changes.Withdraw(t.Context(), e.hr, c.ID)
					if err != nil {
						t.Errorf("%s, %s then %s: no way out of %s: %v", state, first, second, got.State, err)
					}
				} else if err := e.changes.Cancel(t.Context(), e.hr, c.ID); err != nil {
					t.Errorf("%s, %s then %s: no way out of %s: %v", state, first, second, got.State, err)
				}
				if got = e.change(c.ID); !got.State.Ended() {
					t.Errorf("%s, %s then %s: %s at the end", state, first, second, got.State)
				}
			}
		}
	}
}
