package storetest

import (
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

func word(c change.Change, by int, approve bool) change.Decision {
	return change.Decision{Version: c.Version, Hash: c.Hash, By: person(by), Approve: approve, Reason: "because"}
}

func ask(t *testing.T, s *store.Store, c change.Change, by int) (change.Change, error) {
	t.Helper()
	return s.Changes().Return(t.Context(), c.ID, word(c, by, false), 2*time.Hour, entry(by, audit.Returned))
}

func testReturn(t *testing.T, s *store.Store) {
	all := rows(0, 2)
	c := create(t, s, head(change.Waiting, all), all)
	_, err := s.Changes().Answer(t.Context(), c.ID, person(1), "too early", time.Hour)
	wantKind(t, "answer before a question", err, fault.Conflict)
	stale := c
	stale.Hash = "another"
	_, err = ask(t, s, stale, 2)
	wantKind(t, "question about another list", err, fault.Conflict)
	got, err := ask(t, s, c, 2)
	ok(t, "return", err)
	equal(t, "state", got.State, change.Returned)
	if left := got.Lapses.Sub(got.Talk[0].At); left < 2*time.Hour-time.Minute || left > 2*time.Hour+time.Minute {
		t.Errorf("lapses %v after the question, want 2 hours", left)
	}
	equal(t, "question", []any{got.Talk[0].Question, got.Talk[0].Text, got.Talk[0].By, got.Talk[0].Version}, []any{true, "because", person(2), 1})
	_, err = s.Changes().Decide(t.Context(), c.ID, word(c, 3, true))
	wantKind(t, "approve while it waits for an answer", err, fault.Conflict)
	_, err = ask(t, s, c, 3)
	wantKind(t, "second question", err, fault.Conflict)
	list, n, err := s.Changes().Changes(t.Context(), change.Filter{DecidedBy: ptr(person(2))})
	ok(t, "list", err)
	equal(t, "changes of whoever asked", []int{n, list[0].Number}, []int{1, c.Number})
	got, err = s.Changes().Answer(t.Context(), c.ID, person(1), "the answer", time.Hour, entry(1, audit.Answered))
	ok(t, "answer", err)
	equal(t, "state and hash", []any{got.State, got.Version, got.Hash}, []any{change.Waiting, 1, c.Hash})
	equal(t, "answer", []any{got.Talk[1].Question, got.Talk[1].Text}, []any{false, "the answer"})
	_, err = s.Changes().Decide(t.Context(), c.ID, word(c, 3, true))
	ok(t, "approve after the answer", err)
	equal(t, "state", reload(t, s, c.ID).State, change.Approved)
	equal(t, "counts", mainCounts(t, s, c.ID), change.Counts{change.Queued: 2})
	sound(t, s, 2)

	late, err := s.Changes().Create(t.Context(), head(change.Waiting, all[:0]), nil, nil, -time.Second)
	ok(t, "create", err)
	_, err = ask(t, s, late, 2)
	wantKind(t, "question after the time", err, fault.Conflict)
}

func ptr[T any](v T) *T { return &v }

// revise makes the next version with the rows as they are in the store, queued again, in place of those that stand.
func revise(t *testing.T, s *store.Store, c change.Change, keep bool, to change.State, edit func(*change.Revision), which ...int) (change.Change, error) {
	t.Helper()
	all, _, err := s.Changes().Rows(t.Context(), c.ID, change.RowFilter{Step: change.AllSteps})
	ok(t, "rows", err)
	r := change.Revision{From: c.Version, State: c.State, By: person(1), To: to, Deciders: 1, Rule: "r", RuleSentence: "R.", People: len(which), Note: "corrected", Keep: keep}
	for _, i := range which {
		row := all[i]
		row.State, row.Reason, row.Detail = change.Queued, "", "corrected"
		r.Rows = append(r.Rows, row)
	}
	r.Hash = change.Hash(c.Version+1, r.Rows)
	if edit != nil {
		edit(&r)
	}
	return s.Changes().Revise(t.Context(), c.ID, r, time.Hour, entry(1, audit.Edited))
}

func testReviseWaiting(t *testing.T, s *store.Store) {
	all := rows(0, 3)
	all = append(all, row(1, 1, func(r *change.Row) { r.Parent = all[0].ID }), row(1, 2, func(r *change.Row) { r.Parent = all[1].ID }))
	c := head(change.Waiting, all)
	c.Deciders = 2
	c = create(t, s, c, all)
	d := word(c, 2, true)
	d.Rejected = []id.Row{all[2].ID}
	c, err := s.Changes().Decide(t.Context(), c.ID, d)
	ok(t, "first vote", err)
	extra := row(1, 3, func(r *change.Row) { r.Parent = all[0].ID })
	v2, err := revise(t, s, c, true, change.Waiting, func(r *change.Revision) {
		r.Rows, r.Drop, r.Deciders = append(r.Rows, extra), []id.Row{all[3].ID}, 2
	}, 0)
	ok(t, "revise", err)
	equal(t, "version, state", []any{v2.Version, v2.State, len(v2.Versions), v2.Versions[1].By, v2.Versions[1].Note}, []any{2, change.Waiting, 2, person(1), "corrected"})
	equal(t, "states", states(t, s, c.ID), []change.RowState{change.Queued, change.Queued, change.RejectedRow, change.Queued, change.Queued})
	got := stored(t, s, c.ID)
	for what, want := range map[id.Row]int{all[0].ID: 2, all[1].ID: 2, all[2].ID: 1, all[4].ID: 2, extra.ID: 2} {
		equal(t, "version of "+got[what].Subject, got[what].Version, want)
	}
	equal(t, "corrected", got[all[0].ID].Detail, "corrected")
	mine, n, err := s.Changes().Rows(t.Context(), c.ID, change.RowFilter{Step: change.AllSteps, Version: 2})
	ok(t, "rows of version 2", err)
	equal(t, "rows of version 2", []int{n, len(mine)}, []int{4, 4})
	_, err = s.Changes().Decide(t.Context(), c.ID, word(c, 3, true))
	wantKind(t, "vote on the version before", err, fault.Conflict)
	_, err = s.Changes().Decide(t.Context(), c.ID, word(v2, 3, true))
	ok(t, "vote", err)
	equal(t, "the vote on version 1 does not count", reload(t, s, c.ID).State, change.Waiting)
	_, err = s.Changes().Decide(t.Context(), c.ID, word(v2, 2, true))
	ok(t, "the first person votes again", err)
	equal(t, "state", reload(t, s, c.ID).State, change.Approved)
	_, err = revise(t, s, v2, true, change.Waiting, nil, 0)
	wantKind(t, "revise an approved one", err, fault.Conflict)
}

func testReviseEnded(t *testing.T, s *store.Store) {
	all := rows(0, 4)
	all[3].State = change.Blocked
	child := row(1, 1, func(r *change.Row) { r.Parent = all[1].ID })
	all = append(all, child)
	c := create(t, s, head(change.Running, all), all)
	got := claim(t, s, 10)
	settle(t, s, got[0], change.Done, "")
	settle(t, s, got[1], change.RefusedRow, "refused")
	settle(t, s, got[2], change.RefusedRow, "refused")
	done, err := s.Changes().Finish(t.Context(), c.ID)
	ok(t, "finish", err)
	equal(t, "finished", done, true)
	c = reload(t, s, c.ID)
	equal(t, "to retry", c.Retryable, 2)
	_, err = revise(t, s, c, false, change.Waiting, nil, 0)
	wantKind(t, "revise a row that is done", err, fault.Conflict)
	equal(t, "nothing has moved", reload(t, s, c.ID), c)
	v2, err := revise(t, s, c, false, change.Waiting, func(r *change.Revision) {
		r.Rows = append(r.Rows, row(1, 2, func(k *change.Row) { k.Parent = all[1].ID }))
		r.Drop = []id.Row{child.ID}
	}, 1, 3)
	ok(t, "revise", err)
	equal(t, "state", []any{v2.State, v2.Version, v2.Retryable, v2.Started.IsZero(), v2.Ended.IsZero()}, []any{change.Waiting, 2, 0, true, true})
	equal(t, "sums", mainCounts(t, s, c.ID), change.Counts{change.Done: 1, change.Queued: 2, change.RefusedRow: 1})
	equal(t, "epoch goes on", stored(t, s, c.ID)[all[1].ID].Epoch, 1)
	n, err := s.Changes().Settle(t.Context(), []change.Outcome{{Row: all[1].ID, Epoch: 1, State: change.Done}})
	ok(t, "settle by an old claim", err)
	equal(t, "rows settled by an old claim", n, 0)
	equal(t, "claimed before the decision", len(claim(t, s, 10)), 0)
	_, err = s.Changes().Decide(t.Context(), c.ID, word(v2, 2, true))
	ok(t, "approve", err)
	ok(t, "run", s.Changes().Move(t.Context(), c.ID, []change.State{change.Approved}, change.Running, ""))
	for _, r := range claim(t, s, 10) {
		settle(t, s, r, change.RefusedRow, "again")
	}
	done, err = s.Changes().Finish(t.Context(), c.ID)
	ok(t, "finish", err)
	equal(t, "finished", done, true)
	equal(t, "to retry", reload(t, s, c.ID).Retryable, 2)
	k, err := s.Changes().Retry(t.Context(), c.ID)
	ok(t, "retry", err)
	equal(t, "retried: the rows of version 2 and what hung on them", k, 3)
	equal(t, "the one of version 1 stays", stored(t, s, c.ID)[all[2].ID].State, change.RefusedRow)
}

func testGivenUp(t *testing.T, s *store.Store) {
	for _, tc := range []struct {
		name string
		end  func(change.Change) error
	}{
		{"withdrawn", func(c change.Change) error {
			return s.Changes().Move(t.Context(), c.ID, []change.State{change.Waiting}, change.Withdrawn, "Withdrawn.")
		}},
		{"rejected", func(c change.Change) error {
			_, err := s.Changes().Decide(t.Context(), c.ID, word(c, 2, false))
			return err
		}},
	} {
		for done, want := range map[bool]change.State{true: change.Finished, false: change.State(tc.name)} {
			all := rows(0, 2)
			all[1].State = change.Blocked
			all[0].State = change.Nothing
			if done {
				all[0].State = change.Done
			}
			c := create(t, s, head(change.Finished, all), all)
			c, err := revise(t, s, c, false, change.Waiting, nil, 1)
			ok(t, tc.name, err)
			ok(t, tc.name, tc.end(c))
			c = reload(t, s, c.ID)
			equal(t, tc.name+": state", c.State, want)
			equal(t, tc.name+": ended", c.Ended.IsZero(), false)
			equal(t, tc.name+": sum", c.Main().Total(), 2)
		}
	}
}

func testDecideEdit(t *testing.T, s *store.Store) {
	for range 10 {
		all := rows(0, 3)
		c := create(t, s, head(change.Waiting, all), all)
		errs := together(2, func(i int) error {
			if i == 0 {
				_, err := s.Changes().Decide(t.Context(), c.ID, word(c, 2, true), entry(2, audit.Approved))
				return err
			}
			_, err := revise(t, s, c, true, change.Waiting, nil, 1)
			return err
		})
		equal(t, "one wins", tally(errs), map[fault.Kind]int{"": 1, fault.Conflict: 1})
		got := reload(t, s, c.ID)
		if approved := errs[0] == nil; approved != (got.State == change.Approved) || approved != (got.Version == 1) {
			t.Errorf("approved: %v; state %s, version %d", approved, got.State, got.Version)
		}
	}
}
