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

func testUndoLinks(t *testing.T, s *store.Store) {
	first := create(t, s, head(change.Finished, nil), nil)
	undo := func(of id.Change, state change.State) (change.Change, error) {
		c := head(state, nil)
		c.UndoOf.ID = of
		return s.Changes().Create(t.Context(), c, nil, nil, time.Hour)
	}
	withdrawn, err := undo(first.ID, change.Withdrawn)
	ok(t, "an undo that came to nothing", err)
	equal(t, "undone by nothing", reload(t, s, first.ID).UndoneBy, change.Link{})
	equal(t, "still says of what", withdrawn.UndoOf, change.Link{ID: first.ID, Number: first.Number})

	second, err := undo(first.ID, change.Waiting)
	ok(t, "undo", err)
	equal(t, "undone by", reload(t, s, first.ID).UndoneBy, change.Link{ID: second.ID, Number: second.Number})
	_, err = undo(first.ID, change.Approved)
	wantKind(t, "undo twice", err, fault.Conflict)
	for _, err := range together(8, func(int) error {
		_, err := undo(second.ID, change.Approved)
		return err
	}) {
		if err != nil {
			wantKind(t, "undo under a race", err, fault.Conflict)
		}
	}
	all, _, err := s.Changes().Changes(t.Context(), change.Filter{})
	ok(t, "list", err)
	equal(t, "one undo of the undo won", len(all), 4)
	equal(t, "its links in the list", []change.Link{all[0].UndoOf, all[1].UndoneBy, all[1].UndoOf, all[3].UndoneBy},
		[]change.Link{{ID: second.ID, Number: second.Number}, {ID: all[0].ID, Number: all[0].Number}, {ID: first.ID, Number: first.Number}, {ID: second.ID, Number: second.Number}})
}

func testHeld(t *testing.T, s *store.Store) {
	above := rows(0, 3)
	all := append(above, row(1, 1, func(r *change.Row) { r.Parent = above[1].ID }))
	c := create(t, s, head(change.Running, all), all)
	var held []change.Row
	for _, r := range claim(t, s, 3) {
		_, err := s.Changes().Settle(t.Context(), []change.Outcome{{Row: r.ID, Epoch: r.Epoch, State: change.Held, Reason: "Drifted.", Now: "other"}})
		ok(t, "hold", err)
		held = append(held, r)
	}
	equal(t, "the value that was met", stored(t, s, c.ID)[held[0].ID].Now, "other")
	done, err := s.Changes().Finish(t.Context(), c.ID)
	ok(t, "finish", err)
	equal(t, "finished with held rows", done, false)

	act := func(e audit.Event, rows ...change.Row) []audit.Entry {
		var out []audit.Entry
		for _, r := range rows {
			x := entry(1, e)
			x.Row = r.ID
			out = append(out, x)
		}
		return out
	}
	stale := held[0]
	stale.Epoch--
	n, err := s.Changes().Release(t.Context(), c.ID, []change.Row{stale}, act(audit.Released, stale)...)
	ok(t, "release what has moved on", err)
	equal(t, "released", n, 0)
	other := create(t, s, head(change.Running, nil), nil)
	n, err = s.Changes().Release(t.Context(), other.ID, held[:1], act(audit.Released, held[0])...)
	ok(t, "release a row of another change", err)
	equal(t, "released", n, 0)
	n, err = s.Changes().Release(t.Context(), c.ID, held[:1], act(audit.Released, held[0])...)
	ok(t, "release", err)
	equal(t, "released", n, 1)
	n, err = s.Changes().Drop(t.Context(), c.ID, held, "Dropped.", act(audit.Dropped, held...)...)
	ok(t, "drop all", err)
	equal(t, "dropped: not the one that was released", n, 2)
	equal(t, "states", states(t, s, c.ID), []change.RowState{change.Queued, change.CancelledRow, change.CancelledRow, change.CancelledRow})
	n, err = s.Changes().Drop(t.Context(), c.ID, held, "Dropped.", act(audit.Dropped, held...)...)
	ok(t, "drop again", err)
	equal(t, "dropped", n, 0)

	again := claim(t, s, 5)
	if len(again) != 1 || !again[0].Released || again[0].Now != "other" {
		t.Fatalf("claimed %+v, want the released row with its base", again)
	}
	if again[0].Drifted("other") || !again[0].Drifted("third") {
		t.Error("the base of a released row is the value that it met")
	}
	_, err = s.Changes().Settle(t.Context(), []change.Outcome{{Row: again[0].ID, Epoch: again[0].Epoch, State: change.Held, Now: "third"}})
	ok(t, "hold again", err)
	if got := stored(t, s, c.ID)[again[0].ID]; got.Released || got.Now != "third" || !got.Drifted("other") {
		t.Errorf("held again: %+v", got)
	}
	n, err = s.Changes().Drop(t.Context(), c.ID, again, "Dropped.", act(audit.Dropped, again...)...)
	ok(t, "drop the last", err)
	equal(t, "dropped", n, 1)
	done, err = s.Changes().Finish(t.Context(), c.ID)
	ok(t, "finish", err)
	equal(t, "finished", done, true)
	events := map[audit.Event]int{}
	for _, e := range trail(t.Context(), t, s, audit.Filter{Change: c.ID}) {
		events[e.Event]++
	}
	equal(t, "entries: one for each row that was moved", events, map[audit.Event]int{audit.Released: 1, audit.Dropped: 3})
}
