package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// Run checks every method of every port. open returns an open, migrated and empty database of its own each time, and
// sees to its end.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range tests() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func tests() map[string]func(*testing.T, *store.Store) {
	return map[string]func(*testing.T, *store.Store){
		"directory":                    TestDirectory,
		"create and read":              testCreate,
		"numbers under a race":         testNumbers,
		"many rows":                    testManyRows,
		"list changes":                 testListChanges,
		"list rows":                    testListRows,
		"decide":                       testDecide,
		"decide twice":                 testDecideTwice,
		"deciders under a race":        testDeciders,
		"requests to a lead":           testLeadRequests,
		"deputies":                     testDeputies,
		"outside changes":              testDrift,
		"return and answer":            testReturn,
		"revise before a decision":     testReviseWaiting,
		"revise after a run":           testReviseEnded,
		"a version given up":           testGivenUp,
		"decide and edit under a race": testDecideEdit,
		"move":                         testMove,
		"movers under a race":          testMovers,
		"cancel":                       testCancel,
		"claim order":                  testClaimOrder,
		"claim after parent":           testClaimAfterParent,
		"claims under a race":          testClaims,
		"locks":                        testLocks,
		"locks under a race":           testLocksRace,
		"lock shared by a group":       testLockShared,
		"expire":                       testExpire,
		"lost claims write nothing":    testLostClaim,
		"intend":                       testIntend,
		"settle":                       testSettle,
		"dependent rows and retry":     testDependents,
		"dependents of blocked rows":   testBlockedParents,
		"finish":                       testFinish,
		"slow":                         testSlow,
		"due":                          testDue,
		"recent direct changes":        testRecentDirect,
		"reject foreign rows":          testDecideForeign,
		"lapse":                        testLapse,
		"speed":                        testSpeed,
		"tried":                        testTried,
		"ticks and views of users":     testUserLists,
		"payloads":                     testPayloads,
		"slow grows":                   testSlowGrows,
		"held rows":                    testHeld,
		"schedule":                     testSchedule,
		"seats":                        testSeats,
		"checklist":                    testChecklist,
		"daily":                        testDaily,
		"policy":                       testPolicy,
		"undo links":                   testUndoLinks,
		"sums after random operations": testSums,
		"sessions":                     testSessions,
		"sessions under a race":        testSessionsRace,
		"sessions that end":            testSessionsEnd,
		"pre-logins":                   testPreLogins,
		"identities":                   testIdentities,
		"drafts":                       testDrafts,
		"audit entries":                testAuditEntries,
		"audit view of a lead":         testAuditView,
		"audit under a race":           testAuditRace,
		"notice cursor":                testNoticeCursor,
		"notice cursor under a race":   testNoticeCursorRace,
		"outbox":                       testOutbox,
		"outbox after a stop":          testOutboxLost,
		"outbox under a race":          testOutboxRace,
		"notice lists":                 testNoticeList,
		"test notices":                 testNoticeTests,
		"people who signed in":         testPeople,
		"choices":                      testChoices,
	}
}

// wantKind ends the test unless the error has the kind; "" wants no error.
func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if got := fault.KindOf(err); got != want {
		t.Fatalf("%s: error %v has kind %q, want %q", what, err, got, want)
	}
}

func ok(t *testing.T, what string, err error) {
	t.Helper()
	wantKind(t, what, err, "")
}

func equal(t *testing.T, what string, got, want any, o ...cmp.Option) {
	t.Helper()
	if d := cmp.Diff(want, got, o...); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// together runs f n times at once and returns the errors in no order, nil ones too.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-begin
			errs[i] = f(i)
		})
	}
	close(begin)
	wg.Wait()
	return errs
}

// person n; different numbers are different people.
func person(n int) change.Person {
	return change.Person{Kind: access.ByPerson, Issuer: "https://id.example", Subject: fmt.Sprint("s", n), User: id.User(fmt.Sprint("p", n)),
		Name: fmt.Sprint("Person ", n)}
}

// entry is an audit entry by person n.
func entry(n int, e audit.Event) audit.Entry {
	return audit.Entry{Who: audit.WhoIs(person(n).Actor()), Event: e}
}

// row is a queued row; edit changes it before it is stored.
func row(step, pos int, edit ...func(*change.Row)) change.Row {
	r := change.Row{ID: id.NewRow(), Step: step, Pos: pos, Kind: fmt.Sprint("kind ", step), Subject: fmt.Sprintf("Subject %d.%d", step, pos),
		Action: change.Create, State: change.Queued}
	for _, f := range edit {
		f(&r)
	}
	return r
}

func rows(step, n int) []change.Row {
	var all []change.Row
	for i := range n {
		all = append(all, row(step, i+1))
	}
	return all
}

// head is a change in a state, made by person 1, with the hash of the rows.
func head(state change.State, rows []change.Row) change.Change {
	c := change.Change{ID: id.NewChange(), Kind: "invite people", Title: "Invite people", Requester: person(1), State: state, Version: 1,
		Hash: change.Hash(1, rows)}
	if state == change.Waiting {
		c.Deciders = 1
	}
	return c
}

func create(t *testing.T, s *store.Store, c change.Change, rows []change.Row) change.Change {
	t.Helper()
	c, err := s.Changes().Create(t.Context(), c, rows, nil, time.Hour)
	ok(t, "create", err)
	return c
}

func claim(t *testing.T, s *store.Store, n int) []change.Row {
	t.Helper()
	got, err := s.Changes().Claim(t.Context(), "a", time.Minute, n, "")
	ok(t, "claim", err)
	return got
}

// settle gives one claimed row its outcome and checks that it was written.
func settle(t *testing.T, s *store.Store, r change.Row, state change.RowState, reason string) {
	t.Helper()
	n, err := s.Changes().Settle(t.Context(), []change.Outcome{{Row: r.ID, Epoch: r.Epoch, State: state, Reason: reason}})
	ok(t, "settle", err)
	equal(t, "rows settled", n, 1)
}

func reload(t *testing.T, s *store.Store, c id.Change) change.Change {
	t.Helper()
	got, err := s.Changes().Change(t.Context(), c)
	ok(t, "read change", err)
	return got
}

func mainCounts(t *testing.T, s *store.Store, c id.Change) change.Counts {
	t.Helper()
	got := reload(t, s, c)
	return got.Main()
}

// stored returns the rows of a change by id.
func stored(t *testing.T, s *store.Store, c id.Change) map[id.Row]change.Row {
	t.Helper()
	all, n, err := s.Changes().Rows(t.Context(), c, change.RowFilter{Step: change.AllSteps})
	ok(t, "read rows", err)
	equal(t, "number of rows", n, len(all))
	out := map[id.Row]change.Row{}
	for _, r := range all {
		out[r.ID] = r
	}
	return out
}

// states returns the states of the rows in order of step and position.
func states(t *testing.T, s *store.Store, c id.Change) []change.RowState {
	t.Helper()
	all, _, err := s.Changes().Rows(t.Context(), c, change.RowFilter{Step: change.AllSteps})
	ok(t, "read rows", err)
	var out []change.RowState
	for _, r := range all {
		out = append(out, r.State)
	}
	return out
}

func subjects(rows []change.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.Subject)
	}
	return out
}

// trail returns all entries, oldest first.
func trail(ctx context.Context, t *testing.T, s *store.Store, f audit.Filter) []audit.Entry {
	t.Helper()
	f.Limit = 500
	got, err := s.Audit().Entries(ctx, f)
	ok(t, "read trail", err)
	var out []audit.Entry
	for i := len(got) - 1; i >= 0; i-- {
		out = append(out, got[i])
	}
	return out
}

// sound checks the chain and that it has n entries.
func sound(t *testing.T, s *store.Store, n int64) {
	t.Helper()
	r, err := s.Audit().Verify(t.Context())
	ok(t, "verify", err)
	equal(t, "sound and broken", []int64{r.Sound, r.Broken}, []int64{n, 0})
}

// tally counts errors by kind; "" counts successes.
func tally(errs []error) map[fault.Kind]int {
	out := map[fault.Kind]int{}
	for _, err := range errs {
		out[fault.KindOf(err)]++
	}
	return out
}

var errNotAlone = errors.New("two hold one lock")
