package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
	"github.com/gtmhub-portal/portal/internal/store/pgtest"
)

// account is what the model's kind writes to: how often each address was created.
type account struct {
	mu      sync.Mutex
	created map[string]int
	// dice decides what a call does: below 70 it works. nil always works.
	dice *rand.Rand
}

func (a *account) roll() int {
	if a.dice == nil {
		return 0
	}
	return a.dice.IntN(100)
}

// modelKind creates addresses. Its calls work, are refused, are lost, or stop the run.
type modelKind struct{ account *account }

func (modelKind) Name() string        { return "create" }
func (modelKind) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (modelKind) Operation() int      { return 6 }
func (modelKind) Repeatable() bool    { return true }

func (k modelKind) Look(_ context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	k.account.mu.Lock()
	defer k.account.mu.Unlock()
	out := make([]change.Finding, len(rows))
	for i, row := range rows {
		switch {
		case k.account.created[row.Detail] > 0 && row.Attempt > 0:
			out[i].State = change.Done
		case k.account.created[row.Detail] > 0:
			out[i].State = change.Nothing
		default:
			out[i] = change.Finding{Go: true, Question: access.Question{Act: access.InviteUser, Rows: 1}}
		}
	}
	return out, nil
}

func (k modelKind) Apply(_ context.Context, _ change.Grant, rows []change.Row) ([]change.Outcome, error) {
	k.account.mu.Lock()
	defer k.account.mu.Unlock()
	switch n := k.account.roll(); {
	case n >= 97:
		return nil, &change.CallError{Class: change.Stop, Sentence: "No licence."}
	case n >= 92:
		return nil, &change.CallError{Class: change.Lost, Sentence: "Lost."}
	case n >= 70:
		return nil, &change.CallError{Class: change.Refused, Sentence: "Refused."}
	}
	k.account.created[rows[0].Detail]++
	return nil, nil
}

func (k modelKind) Verify(_ context.Context, rows []change.Row, _ change.After) ([]change.Outcome, error) {
	k.account.mu.Lock()
	defer k.account.mu.Unlock()
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		out[i].State = change.Unknown
		if k.account.created[row.Detail] > 0 {
			out[i].State = change.Done
		}
	}
	return out, nil
}

// modelRecipe plans invitations: each person an account, then a second row that depends on it. An address that begins with
// "bad" is not possible.
type modelRecipe struct{}

func (modelRecipe) Name() string { return change.InvitePeople }

func (modelRecipe) Plan(_ context.Context, _ access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Invitations
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, err
	}
	p := change.Plan{Title: "Invite", Links: map[int]int{}, Question: access.Question{Act: access.InviteUser, Rows: len(in.People)}}
	for i, who := range in.People {
		row := change.Row{Pos: i + 1, Kind: "create", Line: who.Line, Subject: who.Email, Detail: who.Email, Action: change.Create}
		if len(who.Email) > 3 && who.Email[:3] == "bad" {
			row.Action, row.Note = change.NotPossible, "Not possible."
		}
		p.Rows = append(p.Rows, row)
	}
	for i, who := range in.People {
		if p.Rows[i].Action == change.Create {
			p.Links[len(p.Rows)] = i
			p.Rows = append(p.Rows, change.Row{Step: 1, Pos: i + 1, Kind: "create", Line: who.Line, Subject: who.Email, Detail: who.Email + "/role", Action: change.Update})
		}
	}
	return p, nil
}

func (modelRecipe) Asked(main change.Row, _ []change.Row) (change.Invitee, error) {
	return change.Invitee{Line: main.Line, Email: main.Detail}, nil
}

func hrPerson(n int) change.Person {
	return change.Person{Kind: access.ByPerson, Issuer: "i", Subject: strconv.Itoa(n), Name: "Person " + strconv.Itoa(n)}
}

func hrActor(p change.Person) access.Actor {
	a := p.Actor()
	a.HR = true
	return a
}

// instance is one portal without pages: a service and a runner on a store.
type instance struct {
	*change.Service
	runner *change.Runner
	store  *store.ChangeStore
}

func newInstance(s *store.Store, a *account) instance {
	log := slog.New(slog.DiscardHandler)
	runner := change.NewRunner(change.RunnerOptions{Store: s.Changes(), Kinds: []change.Kind{modelKind{a}}, Writer: a, Policy: change.NewPolicies(nil, access.DefaultPolicy()), Log: log,
		Actor:  func(_ context.Context, p change.Person) (access.Actor, error) { return hrActor(p), nil },
		Timing: change.Timing{Call: time.Second, Lease: time.Minute, Settle: time.Millisecond, Attempts: 2}})
	// Without the runner in the service, nothing is carried out but by a step of the test.
	return instance{runner: runner, store: s.Changes(), Service: change.NewService(change.Options{Store: s.Changes(), Trail: s.Audit(),
		Recipes: []change.Recipe{modelRecipe{}}, Policy: change.NewPolicies(nil, access.DefaultPolicy()), Lapse: time.Hour, Log: log})}
}

func (i instance) submit(ctx context.Context, emails ...string) (change.Change, error) {
	var in change.Invitations
	for n, e := range emails {
		in.People = append(in.People, change.Invitee{Line: n + 1, Email: e})
	}
	return i.Submit(ctx, hrActor(hrPerson(1)), hrPerson(1), change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "because"})
}

func (i instance) decide(ctx context.Context, by int, c change.Change, approve bool, reject ...id.Row) error {
	_, err := i.Decide(ctx, hrActor(hrPerson(by)), hrPerson(by), c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: approve, Reason: "because", Reject: reject})
	return err
}

// correct gives the chosen ones of those who can be corrected the address that email makes of theirs.
func (i instance) correct(ctx context.Context, by int, c change.Change, choose func(int) bool, email func(change.Correctable) string) error {
	_, list, err := i.Correctable(ctx, hrActor(hrPerson(by)), c.ID)
	if err != nil {
		return err
	}
	in := change.Corrections{Version: c.Version, People: map[id.Row]change.Invitee{}}
	for n, p := range list {
		if choose(n) {
			in.People[p.Main.ID] = change.Invitee{Email: email(p)}
		}
	}
	_, err = i.Repair(ctx, hrActor(hrPerson(by)), hrPerson(by), c.ID, in)
	return err
}

// moves are the transitions that may be seen from one look to the next; a step of the runner may make several at once.
var moves = map[change.State][]change.State{
	change.Waiting:  {change.Returned, change.Approved, change.Rejected, change.Withdrawn, change.Lapsed, change.Finished, change.Problems},
	change.Returned: {change.Waiting, change.Withdrawn, change.Lapsed, change.Finished, change.Problems},
	change.Approved: {change.Running, change.Paused, change.Finished, change.Problems, change.Lapsed, change.Cancelled},
	change.Running:  {change.Paused, change.Finished, change.Problems, change.Cancelled},
	change.Paused:   {change.Running, change.Cancelled, change.Finished, change.Problems},
	change.Finished: {change.Waiting, change.Approved},
	change.Problems: {change.Waiting, change.Approved, change.Running, change.Finished},
	change.Rejected: {change.Waiting, change.Approved},
}

// model remembers each change as it was at the last look.
type model struct {
	t       *testing.T
	in      instance
	changes []id.Change
	people  map[id.Change]int
	last    map[id.Change]change.Change
	done    map[id.Row]change.Row
	visited map[change.State]bool
}

// look compares a change with what it was, and checks what must always hold.
func (m *model) look(what string, c id.Change) {
	m.t.Helper()
	now, err := m.in.store.Change(m.t.Context(), c)
	if err != nil {
		m.t.Fatal(err)
	}
	rows, _, err := m.in.store.Rows(m.t.Context(), c, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		m.t.Fatal(err)
	}
	bad := func(format string, args ...any) {
		m.t.Helper()
		m.t.Fatalf("after %s on change %d (%s, version %d): %s", what, now.Number, now.State, now.Version, fmt.Sprintf(format, args...))
	}
	m.visited[now.State] = true
	before, known := m.last[c]
	if known && before.State != now.State && !slices.Contains(moves[before.State], now.State) {
		bad("it was %s", before.State)
	}
	if now.Version < before.Version || now.Version > before.Version+1 && known {
		bad("it had version %d", before.Version)
	}
	counted := change.Counts{}
	for _, r := range rows {
		if r.Step == 0 {
			counted[r.State]++
		}
		if !r.State.Ended() && r.Version != now.Version {
			bad("%s of version %d is %s", r.Subject, r.Version, r.State)
		}
		if now.State.Ended() && !r.State.Ended() && r.State != change.Unknown {
			bad("%s is %s", r.Subject, r.State)
		}
		if was, ok := m.done[r.ID]; ok && (r.State != change.Done || r.Digest() != was.Digest() || r.Version != was.Version) {
			bad("%s was done and is %s", was.Subject, r.State)
		}
		if r.State == change.Done {
			m.done[r.ID] = r
		}
	}
	if n := now.Main().Total(); n != m.people[c] || counted.Total() != n {
		bad("%d people by counts, %d rows, %d were asked for", n, counted.Total(), m.people[c])
	}
	for s, n := range counted {
		if now.Main()[s] != n {
			bad("%d rows are %s, the counts say %d", n, s, now.Main()[s])
		}
	}
	if now.Deciders > 0 && (now.State == change.Approved || now.State == change.Running) && len(now.Agreed()) < now.Deciders {
		bad("%d of %d agreed", len(now.Agreed()), now.Deciders)
	}
	m.last[c] = now
}

// TestStateMachines does random operations, legal and illegal ones, and looks at every change after each: sums are equal,
// final states and done rows never move, only rows of the present version are open, nothing runs that was not decided,
// and in the end there is a way out of every state. PORTAL_SEED repeats a run; PORTAL_CHAOS=1 makes it long.
func TestStateMachines(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("PORTAL_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	steps := 1000
	if os.Getenv("PORTAL_CHAOS") == "1" {
		steps = 30_000
	}
	t.Logf("PORTAL_SEED=%d, %d steps", seed, steps)
	dice := rand.New(rand.NewPCG(seed, 1))
	acc := &account{created: map[string]int{}, dice: rand.New(rand.NewPCG(seed, 2))}
	s := openSQLite(t)
	m := &model{t: t, in: newInstance(s, acc), people: map[id.Change]int{}, last: map[id.Change]change.Change{}, done: map[id.Row]change.Row{}, visited: map[change.State]bool{}}
	ctx := t.Context()
	addresses := 0
	address := func() string {
		addresses++
		if dice.IntN(6) == 0 {
			return fmt.Sprintf("bad%d", addresses)
		}
		return fmt.Sprintf("new%d", addresses)
	}
	half := func(int) bool { return dice.IntN(2) == 0 }
	operations := []struct {
		name string
		do   func(c change.Change, by int) error
	}{
		{"approve", func(c change.Change, by int) error { return m.in.decide(ctx, by, c, true) }},
		{"approve part", func(c change.Change, by int) error {
			rows, _, err := m.in.store.Rows(ctx, c.ID, change.RowFilter{Step: dice.IntN(2)})
			if err != nil {
				return err
			}
			rows = slices.DeleteFunc(rows, func(change.Row) bool { return dice.IntN(3) > 0 })
			var reject []id.Row
			for _, r := range rows {
				reject = append(reject, r.ID)
			}
			return m.in.decide(ctx, by, c, true, reject...)
		}},
		{"reject", func(c change.Change, by int) error { return m.in.decide(ctx, by, c, false) }},
		{"send back", func(c change.Change, by int) error {
			_, err := m.in.SendBack(ctx, hrActor(hrPerson(by)), hrPerson(by), c.ID, change.Word{Version: c.Version, Hash: c.Hash, Reason: "why?"})
			return err
		}},
		{"answer", func(c change.Change, by int) error {
			_, err := m.in.Answer(ctx, hrActor(hrPerson(by)), hrPerson(by), c.ID, "so")
			return err
		}},
		{"correct", func(c change.Change, by int) error {
			return m.in.correct(ctx, by, c, half, func(change.Correctable) string { return address() })
		}},
		{"ask again", func(c change.Change, by int) error {
			return m.in.correct(ctx, by, c, half, func(p change.Correctable) string { return p.Asked.Email })
		}},
		{"withdraw", func(c change.Change, by int) error { return m.in.Withdraw(ctx, hrActor(hrPerson(by)), c.ID) }},
		{"pause", func(c change.Change, by int) error { return m.in.Pause(ctx, hrActor(hrPerson(by)), c.ID) }},
		{"resume", func(c change.Change, by int) error { return m.in.Resume(ctx, hrActor(hrPerson(by)), c.ID) }},
		{"cancel", func(c change.Change, by int) error {
			return m.in.Cancel(ctx, hrActor(hrPerson(by)), c.ID)
		}},
		{"retry", func(c change.Change, by int) error {
			_, err := m.in.Retry(ctx, hrActor(hrPerson(by)), c.ID)
			return err
		}},
		{"stale decision", func(c change.Change, by int) error {
			c.Hash = "another"
			if err := m.in.decide(ctx, by, c, true); err == nil {
				return errors.New("a decision about another list was taken")
			}
			return nil
		}},
		{"own decision", func(c change.Change, _ int) error {
			if err := m.in.decide(ctx, 1, c, true); err == nil {
				return errors.New("the requester decided")
			}
			return nil
		}},
		{"time runs out", func(c change.Change, _ int) error {
			if dice.IntN(3) > 0 {
				return nil
			}
			return s.Exec(ctx, `UPDATE change SET lapses = 1 WHERE lapses > 0 AND id = '`+string(c.ID)+`'`)
		}},
		{"time passes", func(change.Change, int) error { return s.Exec(ctx, `UPDATE change_row SET not_before = 0`) }},
	}
	runAll := func() {
		if _, err := m.in.runner.Step(ctx); err != nil {
			t.Fatal(err)
		}
		for _, c := range m.changes {
			m.look("a step of the runner", c)
		}
	}
	for range steps {
		if len(m.changes) == 0 || dice.IntN(25) == 0 && len(m.changes) < 40 {
			emails := make([]string, 1+dice.IntN(5))
			for i := range emails {
				emails[i] = address()
			}
			c, err := m.in.submit(ctx, emails...)
			if fault.KindOf(err) == fault.Invalid {
				continue // nobody of them can be invited
			}
			if err != nil {
				t.Fatal(err)
			}
			m.changes, m.people[c.ID] = append(m.changes, c.ID), len(emails)
			m.look("submit", c.ID)
			continue
		}
		if dice.IntN(4) == 0 {
			runAll()
			continue
		}
		c := m.last[m.changes[dice.IntN(len(m.changes))]]
		for range 5 { // mostly one that can still move
			if !c.State.Final() && c.State != change.Finished {
				break
			}
			c = m.last[m.changes[dice.IntN(len(m.changes))]]
		}
		op := operations[dice.IntN(len(operations))]
		err := op.do(c, 1+dice.IntN(4))
		switch fault.KindOf(err) {
		case "", fault.Conflict, fault.Forbidden, fault.Invalid, fault.NotFound:
		default:
			t.Fatalf("%s on a change that is %s: %v", op.name, c.State, err)
		}
		m.look(op.name, c.ID)
		if now := m.last[c.ID]; c.State.Final() && now.State != c.State {
			t.Fatalf("%s moved a change that was %s to %s", op.name, c.State, now.State)
		}
	}
	// The way out, for whatever is left.
	requester := hrActor(hrPerson(1))
	for _, c := range m.changes {
		switch state := m.last[c].State; {
		case state.Undecided():
			if err := m.in.Withdraw(ctx, requester, c); err != nil && !errors.Is(err, fault.Conflict) {
				t.Fatalf("withdraw a change that is %s: %v", state, err)
			}
		case !state.Ended():
			if err := m.in.Cancel(ctx, requester, c); err != nil {
				t.Fatalf("cancel a change that is %s: %v", state, err)
			}
		}
	}
	for range 10 {
		if err := s.Exec(ctx, `UPDATE change_row SET not_before = 0`); err != nil {
			t.Fatal(err)
		}
		runAll()
	}
	for _, c := range m.changes {
		now := m.last[c]
		if n := now.Main().Ended(); !now.State.Ended() || n != now.Main().Total() {
			t.Errorf("change %d is %s with %v: no way out", now.Number, now.State, now.Main())
		}
	}
	for _, want := range change.States() {
		if !m.visited[want] && want != change.Running && want != change.Scheduled { // a step of the runner often begins and ends at once; no change has a date here
			t.Errorf("no change was ever %s", want)
		}
	}
	for email, n := range acc.created {
		if n != 1 {
			t.Errorf("%s was created %d times", email, n)
		}
	}
	if r, err := s.Audit().Verify(ctx); err != nil || r.Broken != 0 {
		t.Errorf("audit trail broken at %d: %v", r.Broken, err)
	}
}

// TestRacingInstances is goal G24: two instances on one PostgreSQL race on one decision. One outcome, one run, and a clear
// refusal for the other. PORTAL_CHAOS=1 makes it 200 rounds each.
func TestRacingInstances(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	acc := &account{created: map[string]int{}}
	first, second := newInstance(openURL(t, url), acc), newInstance(openURL(t, url), acc)
	rounds := 20
	if os.Getenv("PORTAL_CHAOS") == "1" {
		rounds = 200
	}
	all := func(int) bool { return true }
	for _, tc := range []struct {
		name  string
		other func(c change.Change, tag string) error
		// after are the states in which the change may be when the other one has won, with the version.
		after   change.State
		version int
	}{
		{"approve and approve", func(c change.Change, _ string) error { return second.decide(t.Context(), 3, c, true) }, change.Approved, 1},
		{"approve and reject", func(c change.Change, _ string) error { return second.decide(t.Context(), 3, c, false) }, change.Rejected, 1},
		{"approve and edit", func(c change.Change, tag string) error {
			return second.correct(t.Context(), 1, c, all, func(p change.Correctable) string { return tag + "edited" + strconv.Itoa(p.Main.Pos) })
		}, change.Waiting, 2},
		{"approve and cancel", func(c change.Change, _ string) error {
			return second.Withdraw(t.Context(), hrActor(hrPerson(1)), c.ID)
		}, change.Withdrawn, 1},
		{"approve and send back", func(c change.Change, _ string) error {
			_, err := second.SendBack(t.Context(), hrActor(hrPerson(3)), hrPerson(3), c.ID, change.Word{Version: c.Version, Hash: c.Hash, Reason: "why?"})
			return err
		}, change.Returned, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			won := [2]int{}
			for round := range rounds {
				tag := fmt.Sprintf("%s %d ", tc.name, round)
				c, err := first.submit(t.Context(), tag+"1", tag+"2")
				if err != nil {
					t.Fatal(err)
				}
				var errs [2]error
				begin := make(chan struct{})
				var wg sync.WaitGroup
				wg.Go(func() { <-begin; errs[0] = first.decide(t.Context(), 2, c, true) })
				wg.Go(func() { <-begin; errs[1] = tc.other(c, tag) })
				close(begin)
				wg.Wait()
				winner, loser := 0, 1
				if errs[0] != nil {
					winner, loser = 1, 0
				}
				if errs[winner] != nil || !errors.Is(errs[loser], fault.Conflict) || fault.Message(errs[loser]) == "" {
					t.Fatalf("round %d: %v and %v, want one and a conflict", round, errs[0], errs[1])
				}
				won[winner]++
				now, err := second.store.Change(t.Context(), c.ID)
				if err != nil {
					t.Fatal(err)
				}
				if approved := now.State == change.Approved && now.Version == 1; winner == 0 && !approved || winner == 1 && (now.State != tc.after || now.Version != tc.version) {
					t.Fatalf("round %d: winner %d, %s, version %d", round, winner, now.State, now.Version)
				}
				for range 3 {
					wg.Go(func() { _, errs[0] = first.runner.Step(t.Context()) })
					wg.Go(func() { _, errs[1] = second.runner.Step(t.Context()) })
					wg.Wait()
					if err := errors.Join(errs[0], errs[1]); err != nil {
						t.Fatal(err)
					}
				}
				want := 0
				if winner == 0 || tc.after == change.Approved {
					want = 1
				}
				for _, email := range []string{tag + "1", tag + "2", tag + "1/role", tag + "2/role"} {
					if acc.created[email] != want {
						t.Fatalf("round %d, winner %d: %s was created %d times, want %d", round, winner, email, acc.created[email], want)
					}
				}
			}
			t.Logf("%d rounds: the approval won %d, the other %d", rounds, won[0], won[1])
		})
	}
}
