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

func testSchedule(t *testing.T, s *store.Store) {
	st := s.Changes()
	plan := func(state change.State, in time.Duration) change.Change {
		all := rows(0, 1)
		c := head(state, all)
		c.Planned = time.Now().Add(in).UTC().Truncate(time.Millisecond)
		out, err := st.Create(t.Context(), c, all, nil, time.Hour)
		ok(t, "create", err)
		equal(t, "planned", out.Planned, c.Planned)
		return out
	}
	start := func(c change.Change) error {
		return st.Move(t.Context(), c.ID, []change.State{change.Scheduled, change.Approved}, change.Running, "")
	}
	later := plan(change.Approved, 24*time.Hour)
	equal(t, "a direct change with a date", later.State, change.Scheduled)
	equal(t, "lapses after its date", later.Lapses, later.Planned.Add(time.Hour))
	wantKind(t, "start before the date", start(later), fault.Conflict)
	ok(t, "start now", st.Move(t.Context(), later.ID, []change.State{change.Scheduled}, change.Approved, ""))
	ok(t, "start", start(later))

	asked := plan(change.Waiting, 24*time.Hour)
	equal(t, "a request with a date", asked.State, change.Waiting)
	got, err := st.Decide(t.Context(), asked.ID, change.Decision{Version: 1, Hash: asked.Hash, By: person(2), Approve: true})
	ok(t, "decide", err)
	equal(t, "decided before the date", got.State, change.Scheduled)
	equal(t, "lapses after its date", got.Lapses, got.Planned.Add(time.Hour))

	passed := plan(change.Waiting, -time.Minute)
	got, err = st.Decide(t.Context(), passed.ID, change.Decision{Version: 1, Hash: passed.Hash, By: person(2), Approve: true})
	ok(t, "decide", err)
	equal(t, "decided after the date", got.State, change.Approved)

	soon := plan(change.Approved, 300*time.Millisecond)
	due := func() []string {
		list, err := st.Due(t.Context())
		ok(t, "due", err)
		var out []string
		for _, c := range list {
			if c.ID == soon.ID || c.ID == asked.ID {
				out = append(out, string(c.State))
			}
		}
		return out
	}
	for tick := time.NewTicker(50 * time.Millisecond); len(due()) == 0; {
		<-tick.C
	}
	equal(t, "due: only the one whose date has come", due(), []string{"scheduled"})
	ok(t, "start on its date", start(soon))
	ok(t, "cancel before the date", st.Move(t.Context(), asked.ID, []change.State{change.Scheduled}, change.Cancelled, "Not needed."))
	equal(t, "its rows", mainCounts(t, s, asked.ID), change.Counts{change.CancelledRow: 1})
}

func testSeats(t *testing.T, s *store.Store) {
	st := s.Changes()
	n, err := st.Seats(t.Context())
	ok(t, "seats", err)
	equal(t, "seats that nobody entered", n, 0)
	for _, n := range []int{1300, 1200} {
		ok(t, "set seats", st.SetSeats(t.Context(), n, entry(1, audit.SettingChanged)))
	}
	n, err = st.Seats(t.Context())
	ok(t, "seats", err)
	equal(t, "seats", n, 1200)
	r, err := st.Reminders(t.Context())
	ok(t, "reminders", err)
	equal(t, "reminders that nobody entered", r, change.Reminders{})
	for _, r := range []change.Reminders{{}, {Days: 7, Most: 3}} {
		ok(t, "set reminders", st.SetReminders(t.Context(), r, entry(1, audit.SettingChanged)))
	}
	r, err = st.Reminders(t.Context())
	ok(t, "reminders", err)
	equal(t, "reminders", r, change.Reminders{Days: 7, Most: 3})
	sound(t, s, 4)
	for _, state := range change.States() {
		all := append(rows(0, 2), row(0, 3, func(r *change.Row) { r.State = change.Done }), row(1, 1))
		create(t, s, head(state, all), all)
	}
	all := rows(0, 5)
	own := create(t, s, head(change.Running, all), all)
	n, err = st.OpenRows(t.Context(), []string{"kind 0", "kind 7"}, own.ID)
	ok(t, "open rows", err)
	equal(t, "open rows of approved, scheduled, running and paused changes", n, 4*2)
}

func testChecklist(t *testing.T, s *store.Store) {
	st := s.Changes()
	all := rows(0, 1)
	c, other := create(t, s, head(change.Running, all), all), create(t, s, head(change.Running, rows(0, 1)), rows(0, 1))
	tick := func(item, by string, done bool) {
		t.Helper()
		ok(t, "tick", st.Tick(t.Context(), c.ID, item, by, done, entry(1, audit.ChecklistDone)))
	}
	tick("b", "Ana", true)
	tick("b", "Ben", true)
	tick("a", "Ben", true)
	tick("c", "Ben", false)
	tick("a", "Ana", false)
	got, err := st.Checklist(t.Context(), c.ID)
	ok(t, "checklist", err)
	if len(got) != 1 || got[0].Item != "b" || got[0].By != "Ana" || got[0].At.IsZero() {
		t.Errorf("checklist: %+v", got)
	}
	got, err = st.Checklist(t.Context(), other.ID)
	ok(t, "checklist", err)
	equal(t, "checklist of another", len(got), 0)
	sound(t, s, 3) // one for each alteration
}

func testDaily(t *testing.T, s *store.Store) {
	begin := func(day string, lease time.Duration) int {
		t.Helper()
		mine := make(chan bool, 8)
		for _, err := range together(8, func(int) error {
			got, err := s.Daily().Begin(t.Context(), "read", day, lease)
			mine <- got
			return err
		}) {
			ok(t, "begin", err)
		}
		n := 0
		for range 8 {
			if <-mine {
				n++
			}
		}
		return n
	}
	equal(t, "one of eight", begin("2026-12-01", time.Hour), 1)
	equal(t, "while it is at work", begin("2026-12-01", time.Hour), 0)
	equal(t, "the next day, though the day before was not finished", begin("2026-12-02", -time.Hour), 8)
	equal(t, "after the lease ran out", begin("2026-12-02", time.Hour), 1)
	ok(t, "end", s.Daily().End(t.Context(), "read", "2026-12-02"))
	equal(t, "done", begin("2026-12-02", -time.Hour), 0)
	equal(t, "a day that has passed", begin("2026-12-01", time.Hour), 0)
	other, err := s.Daily().Begin(t.Context(), "other", "2026-12-01", time.Hour)
	ok(t, "begin other work", err)
	equal(t, "other work", other, true)
}
