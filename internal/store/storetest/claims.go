package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

func testClaimOrder(t *testing.T, s *store.Store) {
	named := func(step, pos int, kind, group, subject string) change.Row {
		return row(step, pos, func(r *change.Row) { r.Kind, r.Group, r.Subject = kind, group, subject })
	}
	early := []change.Row{named(0, 1, "k", "b", "third"), named(0, 2, "k", "a", "first"), named(0, 3, "k", "a", "second"), named(1, 1, "k", "", "fourth"),
		named(1, 2, "other", "", "fifth")}
	paused := []change.Row{named(0, 1, "k", "", "never")}
	late := []change.Row{named(0, 1, "k", "", "sixth")}
	approved := create(t, s, head(change.Approved, late), late)
	create(t, s, head(change.Running, early), early)
	create(t, s, head(change.Paused, paused), paused)
	equal(t, "three", subjects(claim(t, s, 3)), []string{"first", "second", "third"})
	ok(t, "start", s.Changes().Move(t.Context(), approved.ID, []change.State{change.Approved}, change.Running, ""))
	only, err := s.Changes().Claim(t.Context(), "a", time.Minute, 5, approved.ID)
	ok(t, "claim", err)
	equal(t, "only that change", subjects(only), []string{"sixth"})
	got := claim(t, s, 5)
	equal(t, "only one kind", subjects(got), []string{"fourth"})
	r := got[0]
	if r.State != change.Checking || r.Owner != "a" || r.Epoch != 1 || r.LeaseUntil.Sub(r.Updated) != time.Minute {
		t.Errorf("claimed row: %+v", r)
	}
	equal(t, "the other kind", subjects(claim(t, s, 5)), []string{"fifth"})
	equal(t, "nothing left", len(claim(t, s, 5)), 0)

	wait, err := s.Changes().Settle(t.Context(), []change.Outcome{{Row: r.ID, Epoch: 1, State: change.Queued, Wait: time.Hour}})
	ok(t, "settle", err)
	equal(t, "settled", wait, 1)
	equal(t, "before its time", len(claim(t, s, 5)), 0)
}

func testClaimAfterParent(t *testing.T, s *store.Store) {
	made, found, planned := row(0, 1), row(0, 2), row(0, 3, func(r *change.Row) { r.State = change.Nothing })
	below := func(pos int, parent change.Row, user id.User) change.Row {
		return row(1, pos, func(r *change.Row) { r.Parent, r.User = parent.ID, user })
	}
	all := []change.Row{made, found, planned, below(1, made, ""), below(2, found, "known"), below(3, planned, "u3")}
	c := create(t, s, head(change.Running, all), all)
	got := claim(t, s, 10)
	equal(t, "first step", subjects(got), []string{"Subject 0.1", "Subject 0.2"})
	equal(t, "below a row that has nothing to do", subjects(claim(t, s, 10)), []string{"Subject 1.3"})
	n, err := s.Changes().Settle(t.Context(), []change.Outcome{
		{Row: got[0].ID, Epoch: got[0].Epoch, State: change.Done, Result: "new"},
		{Row: got[1].ID, Epoch: got[1].Epoch, State: change.Nothing, Result: "old"},
	})
	ok(t, "settle", err)
	equal(t, "settled", n, 2)
	var users []id.User
	for _, r := range claim(t, s, 10) {
		users = append(users, r.User)
	}
	equal(t, "users from the rows above, known ones kept", users, []id.User{"new", "known"})
	read, _, err := s.Changes().Rows(t.Context(), c.ID, change.RowFilter{Step: change.AllSteps})
	ok(t, "read rows", err)
	equal(t, "the decision still covers the rows", change.Hash(1, read), c.Hash)
}

func testClaims(t *testing.T, s *store.Store) {
	const n = 500
	all := rows(0, n)
	c := create(t, s, head(change.Running, all), all)
	var mu sync.Mutex
	times := map[id.Row]int{}
	errs := together(8, func(i int) error {
		for {
			got, err := s.Changes().Claim(t.Context(), fmt.Sprint("worker ", i), time.Hour, 7, "")
			if err != nil {
				return err
			}
			mu.Lock()
			for _, r := range got {
				times[r.ID]++
			}
			claimed := len(times)
			mu.Unlock()
			// A claim may come back empty while the others hold what it looked at.
			if claimed == n {
				return nil
			}
		}
	})
	equal(t, "errors", tally(errs), map[fault.Kind]int{"": 8})
	for r, k := range times {
		if k != 1 {
			t.Errorf("row %s was claimed %d times", r, k)
		}
	}
	equal(t, "counts", mainCounts(t, s, c.ID), change.Counts{change.Checking: n})
}

func locked(lock, group string) func(*change.Row) {
	return func(r *change.Row) { r.Lock, r.Group = lock, group }
}

func testLocks(t *testing.T, s *store.Store) {
	all := []change.Row{row(0, 1, locked("L", "a")), row(0, 2, locked("L", "b")), row(0, 3, locked("M", "c"))}
	c := create(t, s, head(change.Running, all), all)
	other := []change.Row{row(0, 1, locked("L", "a"))}
	create(t, s, head(change.Running, other), other)
	free := func(what string, want ...string) []change.Row {
		t.Helper()
		got := claim(t, s, 10)
		equal(t, what, subjects(got), want)
		return got
	}
	got := free("one of the lock, and the other lock", "Subject 0.1", "Subject 0.3")
	free("while it is held")
	ok(t, "intend", s.Changes().Intend(t.Context(), got[:1], 0))
	settle(t, s, got[0], change.Unknown, "No answer.")
	free("while its outcome is unknown")
	looked, err := s.Changes().ClaimUnknown(t.Context(), "a", time.Minute, 10)
	ok(t, "claim unknown", err)
	equal(t, "unknown", subjects(looked), []string{"Subject 0.1"})
	settle(t, s, looked[0], change.Attention, "Look at it.")
	got = free("the next of the lock", "Subject 0.2")
	equal(t, "of the first change", got[0].Change, c.ID)
	settle(t, s, got[0], change.Done, "")
	got = free("another change", "Subject 0.1")
	if got[0].Change == c.ID {
		t.Error("the row is of the first change")
	}
	// A claim that runs out gives its lock back, too.
	settle(t, s, got[0], change.Queued, "")
	_, err = s.Changes().Claim(t.Context(), "dead", -time.Second, 10, "")
	ok(t, "claim", err)
	n, err := s.Changes().Expire(t.Context(), 0)
	ok(t, "expire", err)
	equal(t, "expired", n, 1)
	free("after its holder died", "Subject 0.1")
}

func testLockShared(t *testing.T, s *store.Store) {
	all := []change.Row{row(0, 1, locked("L", "g")), row(0, 2, locked("L", "g")), row(0, 3, locked("L", "h"))}
	create(t, s, head(change.Running, all), all)
	got := claim(t, s, 10)
	equal(t, "the group together", subjects(got), []string{"Subject 0.1", "Subject 0.2"})
	settle(t, s, got[0], change.Done, "")
	equal(t, "while one of the group is in flight", len(claim(t, s, 10)), 0)
	settle(t, s, got[1], change.RefusedRow, "No.")
	equal(t, "the next group", subjects(claim(t, s, 10)), []string{"Subject 0.3"})
}

func testLocksRace(t *testing.T, s *store.Store) {
	const n, locks = 60, 3
	var all []change.Row
	for i := range n {
		// Two rows to a group, which settle in different transactions: the lock must go with the last of them.
		all = append(all, row(0, i+1, locked(fmt.Sprint("L", i/2%locks), fmt.Sprintf("g%02d", i/2))))
	}
	c := create(t, s, head(change.Running, all), all)
	var mu sync.Mutex
	holder := map[string]string{} // of each lock, the group
	flight := map[string]int{}
	settled := 0
	errs := together(8, func(i int) error {
		for {
			mu.Lock()
			done := settled == n
			mu.Unlock()
			if done {
				return nil
			}
			got, err := s.Changes().Claim(t.Context(), fmt.Sprint("worker ", i), time.Hour, 4, "")
			if err != nil {
				return err
			}
			mu.Lock()
			for _, r := range got {
				if flight[r.Lock] > 0 && holder[r.Lock] != r.Group {
					mu.Unlock()
					return errNotAlone
				}
				holder[r.Lock] = r.Group
				flight[r.Lock]++
			}
			mu.Unlock()
			for _, err := range together(len(got), func(k int) error {
				r := got[k]
				mu.Lock() // before the lock is given back
				flight[r.Lock]--
				settled++
				mu.Unlock()
				_, err := s.Changes().Settle(t.Context(), []change.Outcome{{Row: r.ID, Epoch: r.Epoch, State: change.Done}})
				return err
			}) {
				if err != nil {
					return err
				}
			}
		}
	})
	equal(t, "errors", tally(errs), map[fault.Kind]int{"": 8})
	equal(t, "counts", mainCounts(t, s, c.ID), change.Counts{change.Done: n})
}

func testExpire(t *testing.T, s *store.Store) {
	all := rows(0, 3)
	c := create(t, s, head(change.Running, all), all)
	st := s.Changes()
	alive := claim(t, s, 1)[0]
	dead, err := st.Claim(t.Context(), "dead", 10*time.Millisecond, 2, "")
	ok(t, "claim", err)
	// The lease is over when the database says so; asking until then needs no clock of ours.
	var n int
	for n == 0 {
		_ = st.Intend(t.Context(), dead[:1], 0) // as long as it lasts
		more, err := st.Expire(t.Context(), time.Hour)
		ok(t, "expire", err)
		n += more
	}
	equal(t, "expired", n, 2)
	after := stored(t, s, c.ID)
	equal(t, "alive", after[alive.ID].State, change.Checking)
	equal(t, "checking goes back", after[dead[1].ID].State, change.Queued)
	got := after[dead[0].ID]
	if got.State == change.Unknown { // the intent was stored in time
		if wait := got.NotBefore.Sub(got.Updated); wait != time.Hour {
			t.Errorf("looked up after %v, want an hour", wait)
		}
	}
	n, err = st.Expire(t.Context(), time.Hour)
	ok(t, "expire", err)
	equal(t, "nothing more to expire", n, 0)

	// Looking up has leases of its own; those in the past are over from the start.
	for _, r := range claim(t, s, 10) {
		settle(t, s, r, change.Done, "")
	}
	more := rows(0, 1)
	c = create(t, s, head(change.Running, more), more)
	r := claim(t, s, 1)[0]
	ok(t, "intend", st.Intend(t.Context(), []change.Row{r}, 0))
	settle(t, s, r, change.Unknown, "")
	look := func(lease time.Duration) []change.Row {
		t.Helper()
		got, err := st.ClaimUnknown(t.Context(), "b", lease, 10)
		ok(t, "claim unknown", err)
		return slices.DeleteFunc(got, func(x change.Row) bool { return x.Change != c.ID })
	}
	first := look(-time.Second)
	equal(t, "looked up", len(first), 1)
	second := look(time.Minute)
	equal(t, "looked up again after the first died", len(second), 1)
	equal(t, "epochs", []int{first[0].Epoch, second[0].Epoch}, []int{2, 3})
	equal(t, "state", second[0].State, change.Unknown)
	equal(t, "while it is looked up", len(look(time.Minute)), 0)
	n, err = st.Settle(t.Context(), []change.Outcome{{Row: r.ID, Epoch: 2, State: change.Done}})
	ok(t, "settle", err)
	equal(t, "by the one that died", n, 0)
	_, err = st.Settle(t.Context(), []change.Outcome{{Row: r.ID, Epoch: 3, State: change.Unknown, Wait: time.Hour}})
	ok(t, "settle", err)
	equal(t, "before its time", len(look(time.Minute)), 0)
}

func testLostClaim(t *testing.T, s *store.Store) {
	all := []change.Row{row(0, 1, locked("L", "")), row(0, 2)}
	all = append(all, row(1, 1, func(r *change.Row) { r.Parent = all[0].ID }))
	c := create(t, s, head(change.Running, all), all)
	st := s.Changes()
	old, err := st.Claim(t.Context(), "old", -time.Second, 1, "")
	ok(t, "claim", err)
	_, err = st.Expire(t.Context(), 0)
	ok(t, "expire", err)
	late := entry(1, audit.Outcome)
	late.Row = old[0].ID
	nothingWritten := func(what string, epoch int) {
		t.Helper()
		before := stored(t, s, c.ID)
		n, err := st.Settle(t.Context(), []change.Outcome{{Row: old[0].ID, Epoch: epoch, State: change.RefusedRow, Result: "x"}}, late, entry(1, audit.Outcome))
		ok(t, what, err)
		equal(t, what+": settled", n, 0)
		old := old[0]
		old.Epoch = epoch
		wantKind(t, what+": intend", st.Intend(t.Context(), []change.Row{old}, 0, late), fault.Conflict)
		equal(t, what+": rows", stored(t, s, c.ID), before)
		sound(t, s, 0)
	}
	nothingWritten("after it ran out", 1)
	current := claim(t, s, 2)
	equal(t, "claimed by another", len(current), 2)
	nothingWritten("claimed by another", 1)
	nothingWritten("an epoch to come", 3)
	equal(t, "the lock is still held", len(claim(t, s, 5)), 0)

	// Of two outcomes, one lost: the other is written, with its entries.
	mine := entry(1, audit.Outcome)
	mine.Row = current[1].ID
	n, err := st.Settle(t.Context(), []change.Outcome{
		{Row: old[0].ID, Epoch: 1, State: change.RefusedRow},
		{Row: current[1].ID, Epoch: 1, State: change.Done},
		{Row: "nosuch", Epoch: 1, State: change.Done},
	}, late, mine)
	ok(t, "settle", err)
	equal(t, "settled", n, 1)
	entries := trail(t.Context(), t, s, audit.Filter{})
	if len(entries) != 1 || entries[0].Row != current[1].ID || entries[0].Change != c.ID {
		t.Errorf("entries %v, want the one about the row that was written", entries)
	}
	n, err = st.Settle(t.Context(), []change.Outcome{{Row: current[1].ID, Epoch: 1, State: change.RefusedRow}})
	ok(t, "settle again", err)
	equal(t, "settled again", n, 0)
}

func testIntend(t *testing.T, s *store.Store) {
	all := rows(0, 2)
	c := create(t, s, head(change.Running, all), all)
	st := s.Changes()
	got := claim(t, s, 2)
	wantKind(t, "too little time", st.Intend(t.Context(), got, 2*time.Minute, entry(1, audit.Intent)), fault.Conflict)
	stolen := slices.Clone(got)
	stolen[1].Owner = "b"
	wantKind(t, "one of another owner", st.Intend(t.Context(), stolen, 0, entry(1, audit.Intent)), fault.Conflict)
	ok(t, "pause", st.Move(t.Context(), c.ID, []change.State{change.Running}, change.Paused, ""))
	wantKind(t, "paused", st.Intend(t.Context(), got, 0, entry(1, audit.Intent)), fault.Conflict)
	ok(t, "resume", st.Move(t.Context(), c.ID, []change.State{change.Paused}, change.Running, ""))
	equal(t, "nothing was changed", states(t, s, c.ID), []change.RowState{change.Checking, change.Checking})
	sound(t, s, 0)
	ok(t, "in time", st.Intend(t.Context(), got, time.Second, entry(1, audit.Intent)))
	wantKind(t, "again", st.Intend(t.Context(), got, 0, entry(1, audit.Intent)), fault.Conflict)
	for _, r := range stored(t, s, c.ID) {
		if r.State != change.InIntent || r.Attempt != 1 || r.IntentAt.IsZero() {
			t.Errorf("row %+v", r)
		}
	}
	sound(t, s, 1)
	ok(t, "no rows", st.Intend(t.Context(), nil, 0))
}

func testSettle(t *testing.T, s *store.Store) {
	st := s.Changes()
	for _, tc := range []struct {
		name        string
		intend      bool
		o           change.Outcome
		wantAttempt int
		wantResult  string
	}{
		{"done", true, change.Outcome{State: change.Done, Reason: "Invited.", Result: "u1"}, 1, "u1"},
		{"done without a result", true, change.Outcome{State: change.Done}, 1, ""},
		{"definitely not done", true, change.Outcome{State: change.Queued, Wait: time.Minute, KeepAttempt: true}, 0, ""},
		{"given back before the intent", false, change.Outcome{State: change.Queued, KeepAttempt: true}, 0, ""},
		{"unknown", true, change.Outcome{State: change.Unknown, Reason: "No answer.", Wait: 2 * time.Minute}, 1, ""},
		{"held", false, change.Outcome{State: change.Held, Reason: "Changed since the decision."}, 0, ""},
	} {
		all := rows(0, 1)
		c := create(t, s, head(change.Running, all), all)
		got, err := st.Claim(t.Context(), "a", time.Minute, 1, c.ID)
		ok(t, tc.name, err)
		if tc.intend {
			ok(t, tc.name, st.Intend(t.Context(), got, 0))
		}
		tc.o.Row, tc.o.Epoch = got[0].ID, got[0].Epoch
		n, err := st.Settle(t.Context(), []change.Outcome{tc.o})
		ok(t, tc.name, err)
		equal(t, tc.name+": settled", n, 1)
		r := stored(t, s, c.ID)[got[0].ID]
		equal(t, tc.name, []any{r.State, r.Reason, r.Result, r.Attempt, r.Owner, r.Epoch, r.LeaseUntil.IsZero()},
			[]any{tc.o.State, tc.o.Reason, tc.wantResult, tc.wantAttempt, "", 1, true})
		if tc.o.Wait > 0 {
			equal(t, tc.name+": wait", r.NotBefore.Sub(r.Updated), tc.o.Wait)
		} else if !r.NotBefore.IsZero() {
			t.Errorf("%s: waits until %v", tc.name, r.NotBefore)
		}
	}
	// The result of an earlier look is kept when a later outcome has none.
	all := rows(0, 1)
	c := create(t, s, head(change.Running, all), all)
	got, err := st.Claim(t.Context(), "a", time.Minute, 1, c.ID)
	ok(t, "claim", err)
	r := got[0]
	for _, result := range []string{"u7", ""} {
		_, err := st.Settle(t.Context(), []change.Outcome{{Row: r.ID, Epoch: r.Epoch, State: change.Unknown, Result: result}})
		ok(t, "settle", err)
	}
	equal(t, "result", stored(t, s, c.ID)[r.ID].Result, "u7")
	n, err := st.Settle(t.Context(), nil)
	ok(t, "nothing to settle", err)
	equal(t, "settled", n, 0)
}

func testDependents(t *testing.T, s *store.Store) {
	below := func(step, pos int, parent change.Row) change.Row {
		return row(step, pos, func(r *change.Row) { r.Parent = parent.ID })
	}
	refused, attention, done := row(0, 1), row(0, 2), row(0, 3)
	child, grandchild := below(1, 1, refused), change.Row{}
	grandchild = below(2, 1, child)
	all := []change.Row{refused, attention, done, child, below(1, 2, attention), below(1, 3, done), grandchild}
	c := create(t, s, head(change.Running, all), all)
	st := s.Changes()
	got := claim(t, s, 3)
	settle(t, s, got[0], change.RefusedRow, "Not a valid address.")
	settle(t, s, got[1], change.Attention, "Two people found.")
	settle(t, s, got[2], change.Done, "")
	last := claim(t, s, 10)
	equal(t, "only below the good one", subjects(last), []string{"Subject 1.3"})
	settle(t, s, last[0], change.Done, "")
	after := stored(t, s, c.ID)
	for _, r := range []change.Row{child, grandchild} {
		equal(t, r.Subject, []any{after[r.ID].State, after[r.ID].Reason},
			[]any{change.CancelledRow, "The step before it did not happen: Not a valid address."})
	}
	finished, err := st.Finish(t.Context(), c.ID)
	ok(t, "finish", err)
	equal(t, "finished", finished, true)
	equal(t, "state", reload(t, s, c.ID).State, change.Problems)

	n, err := st.Retry(t.Context(), c.ID, entry(1, audit.Retried))
	ok(t, "retry", err)
	equal(t, "rows back", n, 5)
	head := reload(t, s, c.ID)
	equal(t, "running again", []any{head.State, head.Ended.IsZero()}, []any{change.Running, true})
	q, d := change.Queued, change.Done
	equal(t, "rows", states(t, s, c.ID), []change.RowState{q, q, d, q, q, d, q})
	got = claim(t, s, 10)
	equal(t, "claimed again", subjects(got), []string{"Subject 0.1", "Subject 0.2"})
	equal(t, "attempts", []int{got[0].Attempt, got[0].Epoch}, []int{0, 2})
	sound(t, s, 1)
	n, err = st.Retry(t.Context(), c.ID)
	ok(t, "retry", err)
	equal(t, "nothing to retry", n, 0)
	_, err = st.Retry(t.Context(), "nosuch")
	wantKind(t, "retry of nothing", err, fault.NotFound)
}

func testBlockedParents(t *testing.T, s *store.Store) {
	blocked := row(0, 1, func(r *change.Row) { r.State, r.Action, r.Note = change.Blocked, change.NotPossible, "No address." })
	child := row(1, 1, func(r *change.Row) { r.Parent = blocked.ID })
	grandchild := row(2, 1, func(r *change.Row) { r.Parent = child.ID })
	free := row(1, 2)
	all := []change.Row{grandchild, child, free, blocked} // in no order
	c := create(t, s, head(change.Running, all), all)
	after := stored(t, s, c.ID)
	for _, r := range []change.Row{child, grandchild} {
		equal(t, r.Subject, []any{after[r.ID].State, after[r.ID].Reason}, []any{change.CancelledRow, "The step before it did not happen: No address."})
	}
	equal(t, "free", subjects(claim(t, s, 10)), []string{free.Subject})
}

// testSums does random things to a few changes, and looks after each whether the books still balance.
func testSums(t *testing.T, s *store.Store) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	st := s.Changes()
	var all []change.Change
	total := map[id.Change]map[int]int{} // rows of each step
	for range 4 {
		var list []change.Row
		per := map[int]int{}
		for i := range 6 + r.IntN(20) {
			list = append(list, row(0, i+1, locked(fmt.Sprint("L", r.IntN(4)), fmt.Sprint("g", r.IntN(3)))))
			per[0]++
			for step := 1; step < 3 && r.IntN(2) == 0; step++ {
				per[step]++
				list = append(list, row(step, per[step], func(x *change.Row) { x.Parent = list[len(list)-1].ID }))
			}
		}
		c := create(t, s, head(change.Running, list), list)
		all, total[c.ID] = append(all, c), per
	}
	pick := func() change.Change { return all[r.IntN(len(all))] }
	var flight []change.Row
	outcomes := []change.RowState{change.Done, change.Nothing, change.RefusedRow, change.Unknown, change.Attention, change.Held, change.Queued, change.Queued}
	operations := []func() error{
		func() error {
			got, err := st.Claim(t.Context(), "a", time.Duration(r.IntN(2))*time.Hour, 1+r.IntN(5), "")
			flight = append(flight, got...)
			return err
		},
		func() error {
			got, err := st.ClaimUnknown(t.Context(), "b", time.Duration(r.IntN(2))*time.Hour, 1+r.IntN(5))
			flight = append(flight, got...)
			return err
		},
		func() error {
			if len(flight) == 0 {
				return nil
			}
			return st.Intend(t.Context(), flight[r.IntN(len(flight)):][:1], 0, entry(1, audit.Intent))
		},
		func() error {
			var list []change.Outcome
			for range min(len(flight), 1+r.IntN(3)) {
				x := flight[r.IntN(len(flight))] // perhaps settled long ago
				list = append(list, change.Outcome{Row: x.ID, Epoch: x.Epoch, State: outcomes[r.IntN(len(outcomes))], Reason: "Because."})
			}
			_, err := st.Settle(t.Context(), list, entry(1, audit.Outcome))
			return err
		},
		func() error { _, err := st.Expire(t.Context(), 0); return err },
		func() error { _, err := st.Retry(t.Context(), pick().ID, entry(1, audit.Retried)); return err },
		func() error { _, err := st.Finish(t.Context(), pick().ID, entry(1, audit.Finished)); return err },
		func() error {
			return st.Move(t.Context(), pick().ID, []change.State{change.Running}, change.Paused, "Wait.", entry(1, audit.Paused))
		},
		func() error {
			return st.Move(t.Context(), pick().ID, []change.State{change.Paused}, change.Running, "", entry(1, audit.Resumed))
		},
		func() error {
			if r.IntN(20) > 0 { // seldom, or nothing else would happen
				return nil
			}
			return st.Move(t.Context(), pick().ID, []change.State{change.Running, change.Paused}, change.Cancelled, "Enough.", entry(1, audit.Cancelled))
		},
	}
	check := func() {
		t.Helper()
		for _, c := range all {
			now := reload(t, s, c.ID)
			got := map[int]int{}
			for _, sc := range now.Counts {
				got[sc.Step] = sc.Rows.Total()
				words := 0
				for _, w := range sc.Rows.ByWord() {
					words += w.Rows
				}
				equal(t, "sum over the words", words, sc.Rows.Total())
				if now.State.Ended() && sc.Rows[change.Queued]+sc.Rows[change.Held] > 0 {
					t.Fatalf("%d rows wait in a change that is %s", sc.Rows[change.Queued]+sc.Rows[change.Held], now.State)
				}
			}
			equal(t, "rows of each step", got, total[c.ID])
		}
	}
	for range 300 {
		if err := operations[r.IntN(len(operations))](); err != nil {
			wantKind(t, "operation", err, fault.Conflict)
		}
		check()
	}
	// Whatever happened, everything can still be brought to its end: no lock and no row is left behind.
	for _, c := range all {
		if err := st.Move(t.Context(), c.ID, []change.State{change.Paused}, change.Running, ""); err != nil {
			wantKind(t, "resume", err, fault.Conflict)
		}
	}
	for range 2000 {
		_, err := st.Expire(t.Context(), 0)
		ok(t, "expire", err)
		got, err := st.Claim(t.Context(), "z", time.Hour, 10, "")
		ok(t, "claim", err)
		unknown, err := st.ClaimUnknown(t.Context(), "z", time.Hour, 10)
		ok(t, "claim unknown", err)
		flight = append(flight, append(got, unknown...)...)
		if len(flight) == 0 {
			break
		}
		for _, x := range flight {
			_, err := st.Settle(t.Context(), []change.Outcome{{Row: x.ID, Epoch: x.Epoch, State: change.Done}})
			ok(t, "settle", err)
		}
		flight = nil
		check()
	}
	for _, c := range all {
		after := stored(t, s, c.ID)
		for _, x := range after {
			if !x.State.Ended() && x.State != change.Held && !heldAbove(after, x) {
				t.Errorf("row %s of change %d (%s) is still %s", x.Subject, c.Number, reload(t, s, c.ID).State, x.State)
			}
		}
	}
	report, err := s.Audit().Verify(t.Context())
	ok(t, "verify", err)
	if report.Broken != 0 || report.Sound == 0 {
		t.Errorf("audit trail: %d sound, broken at %d (%s)", report.Sound, report.Broken, report.Why)
	}
}

// heldAbove says whether a row waits for one that is held.
func heldAbove(all map[id.Row]change.Row, r change.Row) bool {
	for r.Parent != "" {
		r = all[r.Parent]
		if r.State == change.Held {
			return true
		}
	}
	return false
}
