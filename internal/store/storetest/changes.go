package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

func testCreate(t *testing.T, s *store.Store) {
	first := row(0, 1, func(r *change.Row) {
		r.Line, r.Detail, r.Payload, r.Team = 1, "ana@northwind.example", []byte(`{"email":"ana@northwind.example"}`), "t1"
		r.Group, r.Lock, r.Before, r.After, r.Note = "g", "email:ana@northwind.example", "", "invited", "new"
		r.Flags = []string{"outside address"}
	})
	second := row(1, 1, func(r *change.Row) { r.Parent = first.ID })
	already := row(0, 2, func(r *change.Row) { r.State, r.Action = change.Nothing, change.NothingToDo })
	all := []change.Row{first, already, second}
	c := head(change.Waiting, all)
	c.Reason, c.Rule, c.RuleSentence, c.SourceName = "New hires", "invite", "HR decides.", "joiners.csv"
	c.Requester.Email, c.Requester.Groups = "hr@northwind.example", []string{"hr"}

	got, err := s.Changes().Create(t.Context(), c, all, &change.Source{Data: []byte("name,email\n"), Format: []byte(`{"separator":44}`)}, time.Hour, entry(1, audit.Submitted))
	ok(t, "create", err)
	if got.Lapses.Sub(got.Created) != time.Hour || got.Created.IsZero() || got.Created.Location() != time.UTC {
		t.Errorf("created %v, lapses %v; want UTC and an hour between", got.Created, got.Lapses)
	}
	want := c
	want.Number = 1
	want.Counts = []change.StepCount{
		{Step: 0, Kind: "kind 0", Rows: change.Counts{change.Queued: 1, change.Nothing: 1}},
		{Step: 1, Kind: "kind 1", Rows: change.Counts{change.Queued: 1}},
	}
	want.Versions = []change.Version{{Number: 1, By: c.Requester, Rows: 2, Deciders: 1, At: got.Created}}
	equal(t, "created change", got, want, cmpopts.IgnoreFields(change.Change{}, "Created", "Lapses"))
	equal(t, "read change", reload(t, s, c.ID), got)

	read, _, err := s.Changes().Rows(t.Context(), c.ID, change.RowFilter{Step: change.AllSteps})
	ok(t, "read rows", err)
	for i := range all {
		all[i].Change, all[i].Version, all[i].Updated = c.ID, 1, got.Created
	}
	equal(t, "rows", read, all)
	equal(t, "hash of the rows as stored", change.Hash(1, read), c.Hash)

	source, err := s.Changes().Source(t.Context(), c.ID)
	ok(t, "source", err)
	equal(t, "source", source, change.Source{Name: "joiners.csv", Data: []byte("name,email\n"), Format: []byte(`{"separator":44}`)})
	entries := trail(t.Context(), t, s, audit.Filter{Change: c.ID})
	if len(entries) != 1 || entries[0].Event != audit.Submitted {
		t.Errorf("entries of the change: %v, want one that it was submitted", entries)
	}

	direct := create(t, s, head(change.Running, nil), nil)
	if direct.Number != 2 || !direct.Lapses.IsZero() || direct.Started.IsZero() {
		t.Errorf("direct change: number %d, lapses %v, started %v", direct.Number, direct.Lapses, direct.Started)
	}
	_, err = s.Changes().Source(t.Context(), direct.ID)
	wantKind(t, "source of a change without one", err, fault.NotFound)
	_, err = s.Changes().Change(t.Context(), "nosuch")
	wantKind(t, "unknown change", err, fault.NotFound)
	_, err = s.Changes().Create(t.Context(), c, nil, nil, time.Hour, entry(1, audit.Submitted))
	wantKind(t, "same change again", err, fault.Conflict)
	sound(t, s, 1)
}

func testNumbers(t *testing.T, s *store.Store) {
	const each = 5
	numbers := make(chan int, 8*each)
	for _, err := range together(8, func(int) error {
		for range each {
			r := rows(0, 3)
			c, err := s.Changes().Create(t.Context(), head(change.Running, r), r, nil, 0, entry(1, audit.Submitted))
			if err != nil {
				return err
			}
			numbers <- c.Number
		}
		return nil
	}) {
		ok(t, "create", err)
	}
	close(numbers)
	var got, want []int
	for n := range numbers {
		got = append(got, n)
		want = append(want, len(got))
	}
	slices.Sort(got)
	equal(t, "numbers", got, want)
	sound(t, s, 8*each)
}

func testManyRows(t *testing.T, s *store.Store) {
	const n = 5000
	all := rows(0, n)
	begin := time.Now()
	c := create(t, s, head(change.Running, all), all)
	t.Logf("creating %d rows took %v", n, time.Since(begin))
	equal(t, "total", c.Main().Total(), n)
	begin = time.Now()
	got := claim(t, s, 100)
	t.Logf("claiming %d rows took %v", len(got), time.Since(begin))
	equal(t, "first claimed", subjects(got[:2]), []string{"Subject 0.1", "Subject 0.2"})
	equal(t, "claimed", len(got), 100)
}

func testListChanges(t *testing.T, s *store.Store) {
	add := func(title string, by int, state change.State, r ...change.Row) change.Change {
		c := head(state, r)
		c.Title, c.Requester = title, person(by)
		return create(t, s, c, r)
	}
	about := func(u id.User, team id.Team) change.Row {
		return row(0, 1, func(r *change.Row) { r.User, r.Team = u, team })
	}
	add("one", 1, change.Waiting, about("u1", "t1"))
	decided := add("two", 2, change.Waiting, about("u2", "t1"), row(0, 2))
	edited := add("three", 1, change.Running, row(0, 1))
	_, err := s.Changes().Revise(t.Context(), edited.ID, change.Revision{From: 1, State: change.Running, By: person(3), To: change.Running, Keep: true, Hash: edited.Hash}, time.Hour)
	ok(t, "edit", err)
	robot := head(change.Finished, nil)
	robot.Title, robot.Requester = "four", change.Person{Kind: access.BySchedule, Name: "clean up"}
	create(t, s, robot, nil)
	_, err = s.Changes().Decide(t.Context(), decided.ID, change.Decision{Version: 1, Hash: decided.Hash, By: person(3), Approve: true})
	ok(t, "decide", err)
	made := claim(t, s, 1)[0]
	_, err = s.Changes().Settle(t.Context(), []change.Outcome{{Row: made.ID, Epoch: made.Epoch, State: change.Done, Result: "u9"}})
	ok(t, "settle", err)

	one, two, three := person(1), person(2), person(3)
	otherSignIn := change.Person{Kind: access.ByPerson, Issuer: "https://other.example", Subject: "x", User: one.User}
	threeAgain := otherSignIn
	threeAgain.User = three.User
	for _, tc := range []struct {
		name  string
		f     change.Filter
		want  []string
		total int
	}{
		{"all, newest first", change.Filter{}, []string{"four", "three", "two", "one"}, 4},
		{"first page", change.Filter{Size: 3, Page: 1}, []string{"four", "three", "two"}, 4},
		{"last page", change.Filter{Size: 3, Page: 2}, []string{"one"}, 4},
		{"by state", change.Filter{States: []change.State{change.Waiting, change.Approved}}, []string{"two", "one"}, 2},
		{"mine", change.Filter{RequestedBy: &one}, []string{"three", "one"}, 2},
		{"mine by another sign-in", change.Filter{RequestedBy: &otherSignIn}, []string{"three", "one"}, 2},
		{"by a schedule", change.Filter{RequestedBy: &robot.Requester}, []string{"four"}, 1},
		{"not mine", change.Filter{NotRequestedBy: &two}, []string{"four", "three", "one"}, 3},
		{"not edited by me", change.Filter{NotEditedBy: &three}, []string{"four", "two", "one"}, 3},
		{"not edited by me under another sign-in", change.Filter{NotEditedBy: &threeAgain}, []string{"four", "two", "one"}, 3},
		{"the first version is no edit", change.Filter{NotEditedBy: &two}, []string{"four", "three", "two", "one"}, 4},
		{"decided by me", change.Filter{DecidedBy: &three}, []string{"two"}, 1},
		{"decided by nobody", change.Filter{DecidedBy: &one}, nil, 0},
		{"about a team", change.Filter{Team: "t1"}, []string{"two", "one"}, 2},
		{"about a user", change.Filter{User: "u2"}, []string{"two"}, 1},
		{"made a user", change.Filter{User: "u9"}, []string{"three"}, 1},
		{"all together", change.Filter{Team: "t1", NotRequestedBy: &one, States: []change.State{change.Approved}}, []string{"two"}, 1},
	} {
		got, total, err := s.Changes().Changes(t.Context(), tc.f)
		ok(t, tc.name, err)
		var titles []string
		for _, c := range got {
			titles = append(titles, c.Title)
			equal(t, tc.name+": as read alone", c, reload(t, s, c.ID))
		}
		equal(t, tc.name, titles, tc.want)
		equal(t, tc.name+": total", total, tc.total)
	}
}

func testListRows(t *testing.T, s *store.Store) {
	all := []change.Row{
		row(0, 1, func(r *change.Row) { r.Subject, r.Detail = "Ana Ferrari", "ana@northwind.example" }),
		row(0, 2, func(r *change.Row) { r.Subject, r.State, r.Note = "Jörg ÄCKER", change.Blocked, "No address." }),
		row(0, 3, func(r *change.Row) { r.Subject, r.Flags = "100% Ana_B", []string{"outside address"} }),
		row(1, 1, func(r *change.Row) { r.Subject = "Ana Ferrari" }),
	}
	c := create(t, s, head(change.Waiting, all), all)
	for _, tc := range []struct {
		name  string
		f     change.RowFilter
		want  []string
		total int
	}{
		{"every step", change.RowFilter{Step: change.AllSteps}, []string{"Ana Ferrari", "Jörg ÄCKER", "100% Ana_B", "Ana Ferrari"}, 4},
		{"first step", change.RowFilter{}, []string{"Ana Ferrari", "Jörg ÄCKER", "100% Ana_B"}, 3},
		{"a page", change.RowFilter{Step: change.AllSteps, Size: 3, Page: 2}, []string{"Ana Ferrari"}, 4},
		{"a word", change.RowFilter{Step: change.AllSteps, Word: change.Blocked.Word()}, []string{"Jörg ÄCKER"}, 1},
		{"a word that is none", change.RowFilter{Step: change.AllSteps, Word: "elsewhere"}, nil, 0},
		{"text in the detail", change.RowFilter{Step: change.AllSteps, Text: "NORTHWIND"}, []string{"Ana Ferrari"}, 1},
		{"letter case beyond ASCII", change.RowFilter{Step: change.AllSteps, Text: "äcker"}, []string{"Jörg ÄCKER"}, 1},
		{"percent is a letter", change.RowFilter{Step: change.AllSteps, Text: "0% a"}, []string{"100% Ana_B"}, 1},
		{"underscore is a letter", change.RowFilter{Step: change.AllSteps, Text: "ana_"}, []string{"100% Ana_B"}, 1},
		{"risky first", change.RowFilter{RiskyFirst: true}, []string{"Jörg ÄCKER", "100% Ana_B", "Ana Ferrari"}, 3},
	} {
		got, total, err := s.Changes().Rows(t.Context(), c.ID, tc.f)
		ok(t, tc.name, err)
		equal(t, tc.name, subjects(got), tc.want)
		equal(t, tc.name+": total", total, tc.total)
	}
}

func testDecide(t *testing.T, s *store.Store) {
	type rejects []int // indexes of the rows below
	for _, tc := range []struct {
		name     string
		deciders int
		lapse    time.Duration
		from     change.State
		edit     func(*change.Decision)
		rejects  rejects
		kind     fault.Kind
		state    change.State
		rows     []change.RowState // two rows, then one below the first
	}{
		{name: "approved", deciders: 1, state: change.Approved, rows: []change.RowState{change.Queued, change.Queued, change.Queued}},
		{name: "one of two", deciders: 2, state: change.Waiting, rows: []change.RowState{change.Queued, change.Queued, change.Queued}},
		{name: "one row out", deciders: 1, rejects: rejects{1}, state: change.Approved, rows: []change.RowState{change.Queued, change.RejectedRow, change.Queued}},
		{name: "one row and its dependents out", deciders: 1, rejects: rejects{0}, state: change.Approved, rows: []change.RowState{change.RejectedRow, change.Queued, change.RejectedRow}},
		{name: "every row out", deciders: 2, rejects: rejects{0, 1}, state: change.Rejected, rows: []change.RowState{change.RejectedRow, change.RejectedRow, change.RejectedRow}},
		{name: "rejected", deciders: 2, edit: func(d *change.Decision) { d.Approve = false }, state: change.Rejected,
			rows: []change.RowState{change.RejectedRow, change.RejectedRow, change.RejectedRow}},
		{name: "another version", deciders: 1, edit: func(d *change.Decision) { d.Version = 2 }, kind: fault.Conflict, state: change.Waiting},
		{name: "another hash", deciders: 1, edit: func(d *change.Decision) { d.Hash = "x" }, kind: fault.Conflict, state: change.Waiting},
		{name: "lapsed", deciders: 1, lapse: -time.Second, kind: fault.Conflict, state: change.Waiting},
		{name: "not waiting", deciders: 1, from: change.Withdrawn, kind: fault.Conflict, state: change.Withdrawn},
	} {
		all := rows(0, 2)
		all = append(all, row(1, 1, func(r *change.Row) { r.Parent = all[0].ID }))
		c := head(change.Waiting, all)
		c.Deciders = tc.deciders
		if tc.from != "" {
			c.State = tc.from
		}
		lapse := time.Hour
		if tc.lapse != 0 {
			lapse = tc.lapse
		}
		c, err := s.Changes().Create(t.Context(), c, all, nil, lapse)
		ok(t, tc.name, err)
		d := change.Decision{Version: 1, Hash: c.Hash, By: person(2), Approve: true, Reason: "Because."}
		for _, i := range tc.rejects {
			d.Rejected = append(d.Rejected, all[i].ID)
		}
		if tc.edit != nil {
			tc.edit(&d)
		}
		got, err := s.Changes().Decide(t.Context(), c.ID, d, entry(2, audit.Approved))
		wantKind(t, tc.name, err, tc.kind)
		after := reload(t, s, c.ID)
		equal(t, tc.name+": state", after.State, tc.state)
		equal(t, tc.name+": entries", len(trail(t.Context(), t, s, audit.Filter{Change: c.ID})), map[bool]int{true: 1, false: 0}[tc.kind == ""])
		if tc.kind != "" {
			equal(t, tc.name+": decisions", len(after.Decisions), 0)
			continue
		}
		equal(t, tc.name+": answer", got, after)
		equal(t, tc.name+": rows", states(t, s, c.ID), tc.rows)
		equal(t, tc.name+": decision", after.Decisions, []change.Decision{d}, cmpopts.IgnoreFields(change.Decision{}, "At"))
		equal(t, tc.name+": ended", !after.Ended.IsZero(), tc.state.Ended())
		for _, r := range stored(t, s, c.ID) {
			if r.State == change.RejectedRow {
				equal(t, tc.name+": reason", r.Reason, "Because.")
			}
		}
	}
	_, err := s.Changes().Decide(t.Context(), "nosuch", change.Decision{By: person(2)})
	wantKind(t, "unknown change", err, fault.NotFound)
}

func testDecideTwice(t *testing.T, s *store.Store) {
	all := rows(0, 2)
	c := head(change.Waiting, all)
	c.Deciders = 3
	c = create(t, s, c, all)
	decide := func(p change.Person) error {
		_, err := s.Changes().Decide(t.Context(), c.ID, change.Decision{Version: 1, Hash: c.Hash, By: p, Approve: true})
		return err
	}
	two := person(2)
	ok(t, "first", decide(two))
	wantKind(t, "again", decide(two), fault.Conflict)
	other := two
	other.Subject = "another sign-in"
	wantKind(t, "the same user by another sign-in", decide(other), fault.Conflict)
	noUser := person(3)
	noUser.User = ""
	ok(t, "without a linked user", decide(noUser))
	noUser.Subject = "somebody else"
	ok(t, "somebody else without a linked user", decide(noUser))
	equal(t, "state", reload(t, s, c.ID).State, change.Approved)
}

func testDeciders(t *testing.T, s *store.Store) {
	for _, needed := range []int{1, 2} {
		all := rows(0, 10)
		c := head(change.Waiting, all)
		c.Deciders = needed
		c = create(t, s, c, all)
		errs := together(8, func(i int) error {
			_, err := s.Changes().Decide(t.Context(), c.ID, change.Decision{Version: 1, Hash: c.Hash, By: person(10 + i), Approve: true}, entry(10+i, audit.Approved))
			return err
		})
		equal(t, "outcomes", tally(errs), map[fault.Kind]int{"": needed, fault.Conflict: 8 - needed})
		after := reload(t, s, c.ID)
		equal(t, "state", after.State, change.Approved)
		equal(t, "decisions", len(after.Decisions), needed)
		equal(t, "entries", len(trail(t.Context(), t, s, audit.Filter{Change: c.ID})), needed)
	}
	// One person, clicking eight times.
	all := rows(0, 1)
	c := head(change.Waiting, all)
	c.Deciders = 2
	c = create(t, s, c, all)
	errs := together(8, func(int) error {
		_, err := s.Changes().Decide(t.Context(), c.ID, change.Decision{Version: 1, Hash: c.Hash, By: person(2), Approve: true})
		return err
	})
	equal(t, "one person", tally(errs), map[fault.Kind]int{"": 1, fault.Conflict: 7})
}

func testMove(t *testing.T, s *store.Store) {
	all := rows(0, 1)
	c := create(t, s, head(change.Approved, all), all)
	st := s.Changes()
	wantKind(t, "from another state", st.Move(t.Context(), c.ID, []change.State{change.Paused}, change.Running, "", entry(1, audit.Started)), fault.Conflict)
	wantKind(t, "from no state", st.Move(t.Context(), c.ID, nil, change.Running, ""), fault.Conflict)
	wantKind(t, "unknown", st.Move(t.Context(), "nosuch", []change.State{change.Approved}, change.Running, ""), fault.NotFound)
	ok(t, "start", st.Move(t.Context(), c.ID, []change.State{change.Approved, change.Paused}, change.Running, "", entry(1, audit.Started)))
	started := reload(t, s, c.ID)
	if started.Started.IsZero() {
		t.Error("Started is not set")
	}
	ok(t, "pause", st.Move(t.Context(), c.ID, []change.State{change.Running}, change.Paused, "Gtmhub refused the token.", entry(1, audit.Paused)))
	equal(t, "note", reload(t, s, c.ID).Note, "Gtmhub refused the token.")
	ok(t, "resume", st.Move(t.Context(), c.ID, []change.State{change.Paused}, change.Running, "", entry(1, audit.Resumed)))
	after := reload(t, s, c.ID)
	if after.WentOn.Before(started.WentOn) || started.WentOn != started.Started {
		t.Errorf("went on at %v, then at %v", started.WentOn, after.WentOn)
	}
	equal(t, "after the pause", after, started, cmpopts.IgnoreFields(change.Change{}, "WentOn")) // Started kept, Note cleared
	equal(t, "entries", len(trail(t.Context(), t, s, audit.Filter{Change: c.ID})), 3)
	equal(t, "rows", states(t, s, c.ID), []change.RowState{change.Queued})
}

func testMovers(t *testing.T, s *store.Store) {
	c := create(t, s, head(change.Approved, nil), nil)
	to := []change.State{change.Running, change.Cancelled}
	errs := together(8, func(i int) error {
		return s.Changes().Move(t.Context(), c.ID, []change.State{change.Approved}, to[i%2], "", entry(i, audit.Started))
	})
	equal(t, "outcomes", tally(errs), map[fault.Kind]int{"": 1, fault.Conflict: 7})
	equal(t, "entries", len(trail(t.Context(), t, s, audit.Filter{Change: c.ID})), 1)
}

func testCancel(t *testing.T, s *store.Store) {
	all := rows(0, 6)
	c := create(t, s, head(change.Running, all), all)
	flight := claim(t, s, 5)
	settle(t, s, flight[0], change.Held, "Changed since.")
	settle(t, s, flight[1], change.Done, "")
	ok(t, "intend", s.Changes().Intend(t.Context(), flight[2:3], 0))
	ok(t, "cancel", s.Changes().Move(t.Context(), c.ID, []change.State{change.Running}, change.Cancelled, "Not needed any more.", entry(1, audit.Cancelled)))
	equal(t, "rows", states(t, s, c.ID), []change.RowState{change.CancelledRow, change.Done, change.InIntent, change.Checking, change.Checking, change.CancelledRow})
	equal(t, "reason", stored(t, s, c.ID)[all[5].ID].Reason, "Not needed any more.")
	if reload(t, s, c.ID).Ended.IsZero() {
		t.Error("Ended is not set")
	}
	// Rows in flight still get their outcome, but none goes back into the queue of a change that has ended.
	settle(t, s, flight[2], change.Done, "")
	settle(t, s, flight[3], change.Queued, "Gtmhub is busy.")
	_, err := s.Changes().Claim(t.Context(), "b", time.Minute, 10, "")
	ok(t, "claim", err)
	wantKind(t, "retry", func() error { _, err := s.Changes().Retry(t.Context(), c.ID); return err }(), fault.Conflict)
	equal(t, "rows", states(t, s, c.ID), []change.RowState{change.CancelledRow, change.Done, change.Done, change.CancelledRow, change.Checking, change.CancelledRow})
	equal(t, "reason", stored(t, s, c.ID)[all[3].ID].Reason, "Not needed any more.")
}

func testFinish(t *testing.T, s *store.Store) {
	for _, tc := range []struct {
		name  string
		rows  []change.RowState
		state change.State
		want  change.State
	}{
		{"all well", []change.RowState{change.Done, change.Nothing}, change.Running, change.Finished},
		{"no rows", nil, change.Running, change.Finished},
		{"rejected and not possible", []change.RowState{change.Done, change.RejectedRow, change.Blocked}, change.Running, change.Finished},
		{"refused", []change.RowState{change.Done, change.RefusedRow}, change.Running, change.Problems},
		{"needs a person", []change.RowState{change.Attention}, change.Running, change.Problems},
		{"queued", []change.RowState{change.Done, change.Queued}, change.Running, ""},
		{"checking", []change.RowState{change.Checking}, change.Running, ""},
		{"intent", []change.RowState{change.InIntent}, change.Running, ""},
		{"unknown", []change.RowState{change.Unknown}, change.Running, ""},
		{"held", []change.RowState{change.Held}, change.Running, ""},
		{"paused", []change.RowState{change.Done}, change.Paused, ""},
	} {
		var all []change.Row
		for i, st := range tc.rows {
			all = append(all, row(0, i+1, func(r *change.Row) { r.State = st }))
		}
		c := create(t, s, head(tc.state, all), all)
		done, err := s.Changes().Finish(t.Context(), c.ID, entry(1, audit.Finished))
		ok(t, tc.name, err)
		equal(t, tc.name+": done", done, tc.want != "")
		after := reload(t, s, c.ID)
		want := tc.want
		if want == "" {
			want = tc.state
		}
		equal(t, tc.name, after.State, want)
		equal(t, tc.name+": ended", after.Ended.IsZero(), tc.want == "")
		equal(t, tc.name+": entries", len(trail(t.Context(), t, s, audit.Filter{Change: c.ID})) == 1, tc.want != "")
	}
	_, err := s.Changes().Finish(t.Context(), "nosuch")
	wantKind(t, "unknown", err, fault.NotFound)
}

func testSlow(t *testing.T, s *store.Store) {
	all := rows(0, 2)
	c := create(t, s, head(change.Running, all), all)
	early := claim(t, s, 1)
	ok(t, "slow", s.Changes().Slow(t.Context(), time.Hour))
	ok(t, "slow a little", s.Changes().Slow(t.Context(), time.Millisecond))
	if wait := reload(t, s, c.ID).Resumes.Sub(c.Created); wait < 30*time.Minute {
		t.Errorf("the longer wait became %v", wait)
	}
	wantKind(t, "a call that was claimed before", s.Changes().Intend(t.Context(), early, 0), fault.Conflict)
	equal(t, "claimed", len(claim(t, s, 5)), 0)
	other := create(t, s, head(change.Running, rows(0, 1)), rows(0, 1))
	equal(t, "claimed of another change", len(claim(t, s, 5)), 0)
	equal(t, "both wait as long", reload(t, s, other.ID).Resumes, reload(t, s, c.ID).Resumes)
	ok(t, "pause", s.Changes().Move(t.Context(), c.ID, []change.State{change.Running}, change.Paused, ""))
	ok(t, "resume", s.Changes().Move(t.Context(), c.ID, []change.State{change.Paused}, change.Running, ""))
	equal(t, "claimed after a person let it go on", len(claim(t, s, 5)), 0)
}

// testSlowGrows wants each wait that Gtmhub gave no length for to be longer than the one before, and one for all calls that
// were answered together.
func testSlowGrows(t *testing.T, s *store.Store) {
	c := create(t, s, head(change.Running, nil), nil)
	began := time.Now()
	for _, err := range together(8, func(int) error { return s.Changes().Slow(t.Context(), 0) }) {
		ok(t, "slow", err)
	}
	first := reload(t, s, c.ID).Resumes
	if wait := first.Sub(c.Created); wait > time.Since(began)+1500*time.Millisecond {
		t.Errorf("eight answers at once made %v", wait)
	}
	// The next answer comes after the wait: only then is it a second one.
	all := rows(0, 1)
	create(t, s, head(change.Running, all), all)
	for tick := time.NewTicker(50 * time.Millisecond); len(claim(t, s, 1)) == 0; {
		<-tick.C
	}
	ok(t, "slow", s.Changes().Slow(t.Context(), 0))
	if wait := reload(t, s, c.ID).Resumes.Sub(first); wait < 2*time.Second {
		t.Errorf("the second wait ends %v after the first", wait)
	}
}

func testDue(t *testing.T, s *store.Store) {
	want := []string{}
	for _, state := range change.States() {
		c := head(state, nil)
		c.Title = string(state)
		create(t, s, c, nil)
	}
	late := head(change.Waiting, nil)
	late.Title = "late"
	_, err := s.Changes().Create(t.Context(), late, nil, nil, -time.Second)
	ok(t, "create", err)
	got, err := s.Changes().Due(t.Context())
	ok(t, "due", err)
	for _, c := range got {
		want = append(want, c.Title)
	}
	equal(t, "due", want, []string{"running", "approved", "scheduled", "late"})
}

func testRecentDirect(t *testing.T, s *store.Store) {
	add := func(by int, kind string, state change.State, deciders int, edit ...func(*change.Row)) {
		all := []change.Row{row(0, 1, edit...), row(0, 2, func(r *change.Row) { r.Action, r.State = change.NotPossible, change.Blocked })}
		all = append(all, row(1, 1, func(r *change.Row) { r.Parent, r.Action, r.State = all[0].ID, change.NothingToDo, change.Nothing }))
		c := head(state, all)
		c.Requester, c.Kind, c.Deciders = person(by), kind, deciders
		create(t, s, c, all)
	}
	is := func(st change.RowState) func(*change.Row) { return func(r *change.Row) { r.State = st } }
	add(1, "edit name", change.Finished, 0, is(change.Done))
	add(1, "edit name", change.Running, 0)
	add(1, "edit name", change.Cancelled, 0, is(change.Done))         // cancelled when it was too late
	add(1, "edit name", change.Cancelled, 0, is(change.CancelledRow)) // not carried out
	add(1, "edit name", change.Running, 1)                            // decided
	add(1, "set language", change.Finished, 0)                        // another kind
	add(1, "edit name", change.Finished, 0, func(r *change.Row) { r.Action, r.State = change.NothingToDo, change.Nothing })
	add(2, "edit name", change.Finished, 0)
	for _, tc := range []struct {
		name string
		by   change.Person
		d    time.Duration
		want int
	}{
		{"a day", person(1), 24 * time.Hour, 3},
		{"no time", person(1), -time.Second, 0},
		{"somebody else", person(2), 24 * time.Hour, 1},
		{"nobody", person(3), 24 * time.Hour, 0},
	} {
		n, err := s.Changes().RecentDirect(t.Context(), tc.by, "edit name", tc.d)
		ok(t, tc.name, err)
		equal(t, tc.name, n, tc.want)
	}
}

// testDecideForeign: a decision never moves rows of another change, whatever it names.
func testDecideForeign(t *testing.T, s *store.Store) {
	other := rows(0, 1)
	other = append(other, row(1, 1, func(r *change.Row) { r.Parent = other[0].ID }))
	running := create(t, s, head(change.Running, other), other)
	all := rows(0, 2)
	all = append(all, row(0, 3, func(r *change.Row) { r.State = change.Blocked }))
	c := create(t, s, head(change.Waiting, all), all)
	for name, reject := range map[string]id.Row{"a row of another change": other[0].ID, "no row": "nosuch", "a row that is not open": all[2].ID} {
		_, err := s.Changes().Decide(t.Context(), c.ID, change.Decision{Version: 1, Hash: c.Hash, By: person(2), Approve: true, Reason: "No.", Rejected: []id.Row{all[0].ID, reject}}, entry(2, audit.Approved))
		wantKind(t, name, err, fault.Invalid)
	}
	equal(t, "rows of the other change", states(t, s, running.ID), []change.RowState{change.Queued, change.Queued})
	equal(t, "own rows", states(t, s, c.ID), []change.RowState{change.Queued, change.Queued, change.Blocked})
	equal(t, "decisions", len(reload(t, s, c.ID).Decisions), 0)
}

// testLapse: what was not started in time is not started any more, and nothing lapses before its time.
func testLapse(t *testing.T, s *store.Store) {
	for _, tc := range []struct {
		name        string
		state       change.State
		deciders    int
		lapse       time.Duration
		run, lapsed fault.Kind
	}{
		{"in time", change.Approved, 1, time.Hour, "", fault.Conflict},
		{"too late", change.Approved, 1, -time.Second, fault.Conflict, ""},
		{"paused before it began, too late", change.Paused, 1, -time.Second, fault.Conflict, ""},
		{"direct", change.Approved, 0, -time.Second, "", fault.Conflict},
		{"waiting in time", change.Waiting, 1, time.Hour, "", fault.Conflict},
	} {
		all := rows(0, 1)
		c := head(tc.state, all)
		c.Deciders = tc.deciders
		c, err := s.Changes().Create(t.Context(), c, all, nil, tc.lapse)
		ok(t, tc.name, err)
		from := []change.State{tc.state}
		wantKind(t, tc.name+": lapses", s.Changes().Move(t.Context(), c.ID, from, change.Lapsed, "Too late."), tc.lapsed)
		if tc.lapsed != "" {
			wantKind(t, tc.name+": runs", s.Changes().Move(t.Context(), c.ID, from, change.Running, ""), tc.run)
			continue
		}
		equal(t, tc.name+": rows", states(t, s, c.ID), []change.RowState{change.CancelledRow})
		c = head(tc.state, all)
		all[0].ID = id.NewRow()
		c.Deciders = tc.deciders
		c, err = s.Changes().Create(t.Context(), c, all, nil, tc.lapse)
		ok(t, tc.name, err)
		wantKind(t, tc.name+": runs", s.Changes().Move(t.Context(), c.ID, from, change.Running, ""), tc.run)
	}
}

func testSpeed(t *testing.T, s *store.Store) {
	all := rows(0, 4)
	all = append(all, row(0, 5, func(r *change.Row) { r.State = change.Nothing }), row(1, 1, func(r *change.Row) { r.Kind = all[0].Kind }))
	c := create(t, s, head(change.Running, all), all)
	got := claim(t, s, 5)
	equal(t, "claimed", len(got), 5)
	for i, st := range []change.RowState{change.Done, change.Nothing, change.RefusedRow, change.Queued, change.Done} {
		settle(t, s, got[i], st, "")
	}
	n, err := s.Changes().Speed(t.Context(), c.ID, time.Minute)
	ok(t, "speed", err)
	equal(t, "good ends", n, 2)
	n, err = s.Changes().Speed(t.Context(), c.ID, -time.Second)
	ok(t, "speed", err)
	equal(t, "good ends in no time", n, 0)
}

func testPayloads(t *testing.T, s *store.Store) {
	var all []change.Change
	for _, st := range []change.State{change.Running, change.Finished} {
		c, err := s.Changes().Create(t.Context(), head(st, nil), nil, &change.Source{Data: []byte("x")}, 0)
		ok(t, "create", err)
		all = append(all, c)
	}
	for _, tc := range []struct {
		age  time.Duration
		want int
	}{{time.Hour, 0}, {-time.Hour, 1}, {-time.Hour, 0}} {
		n, err := s.Changes().DeletePayloads(t.Context(), tc.age)
		ok(t, "delete payloads", err)
		equal(t, fmt.Sprint("deleted older than ", tc.age), n, tc.want)
	}
	_, err := s.Changes().Source(t.Context(), all[0].ID)
	ok(t, "source of the running change", err)
	_, err = s.Changes().Source(t.Context(), all[1].ID)
	wantKind(t, "source of the old change", err, fault.NotFound)
}
