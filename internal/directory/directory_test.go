package directory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/directory/directorytest"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// everything is what a snapshot holds, for comparing.
func everything(s *directory.Snapshot) []any {
	return []any{s.Users(), s.Teams(), s.Roles(), s.FetchedAt()}
}

func checkSame(t *testing.T, what string, got, want *directory.Snapshot) {
	t.Helper()
	if diff := cmp.Diff(everything(want), everything(got), cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(time.Millisecond)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestSyncReadsTheWholeAccount(t *testing.T) {
	t.Parallel()
	account := emulator.DefaultAccount()
	e := directorytest.Emulator(t, emulator.Options{Account: account})
	s := directorytest.New(t, e).Current()

	want := map[directory.Status]int{directory.Active: 0, directory.Pending: 0, directory.Inactive: 0}
	for _, u := range account.Users {
		status := directory.Inactive
		switch {
		case u.InvitationPending:
			status = directory.Pending
		case u.IsActive:
			status = directory.Active
		}
		want[status]++
		got, ok := s.User(id.User(u.ID))
		if !ok || got.Status != status || got.Email != u.Email || got.Name != u.FirstName+" "+u.LastName {
			t.Fatalf("user %s: %+v", u.ID, got)
		}
		if len(got.Roles) != len(u.RoleIDs) {
			t.Errorf("user %s has roles %v, want only those given by hand %v", u.ID, got.Roles, u.RoleIDs)
		}
	}
	check(t, "counts", s.Counts(), directory.Counts{Users: len(account.Users), Teams: len(account.Teams), Roles: len(account.Roles), ByStatus: want})
	for _, a := range account.Teams {
		got, ok := s.Team(id.Team(a.ID))
		if !ok || len(got.Members) != len(a.Members) || string(got.Manager) != a.Manager || string(got.Parent) != a.ParentID || got.Active != a.IsActive {
			t.Errorf("team %s: %+v", a.ID, got)
		}
	}
	if v := e.Violations(); len(v) > 0 {
		t.Errorf("calls broke the documented form: %v", v)
	}
}

// fail adds a fault to the emulator.
func fail(t *testing.T, e *emulator.Emulator, f emulator.Fault) {
	t.Helper()
	if _, err := e.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

func TestFailedSyncKeepsTheOldSnapshot(t *testing.T) {
	t.Parallel()
	status := func(operation, code int) emulator.Fault {
		return emulator.Fault{Operation: operation, Effect: emulator.EffectStatus, Status: code}
	}
	for _, c := range []struct {
		name  string
		fault emulator.Fault
		kind  fault.Kind
		says  string
	}{
		{"users fail", status(2, 500), fault.Unavailable, "does not answer"},
		{"teams fail", status(20, 502), fault.Unavailable, "does not answer"},
		{"token", status(2, 401), fault.Unavailable, "token"},
		{"permission", status(20, 403), fault.Forbidden, "permit"},
		{"too many calls", emulator.Fault{Operation: 2, Effect: emulator.EffectStatus, Status: 429, RetryAfter: "7"}, fault.RateLimited, "pause"},
		{"second page fails", emulator.Fault{Operation: 2, Nth: 2, Effect: emulator.EffectCutJSON}, fault.Unavailable, "cannot use"},
		{"web page", emulator.Fault{Operation: 2, Effect: emulator.EffectHTML}, fault.Unavailable, "cannot use"},
		{"empty list", emulator.Fault{Operation: 2, Effect: emulator.EffectStatus, Status: 200, Body: `{"items":[],"totalCount":0}`}, fault.Unavailable, "cannot use"},
		{"pages repeat", emulator.Fault{Operation: 2, Effect: emulator.EffectRepeat}, fault.Unavailable, "cannot use"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := directorytest.Emulator(t, emulator.Options{})
			d := directorytest.New(t, e)
			before := d.Current()
			fail(t, e, c.fault)
			err := d.Sync(t.Context())
			if fault.KindOf(err) != c.kind || !strings.Contains(fault.Message(err), c.says) {
				t.Fatalf("error %v with sentence %q, want %s about %q", err, fault.Message(err), c.kind, c.says)
			}
			if d.Current() != before {
				t.Error("the snapshot was swapped")
			}
			h := d.Health()
			if h.Err != fault.Message(err) || h.DownSince.IsZero() || !h.Loaded || !h.FetchedAt.Equal(before.FetchedAt()) {
				t.Errorf("health %+v", h)
			}
			if c.kind == fault.RateLimited {
				if retry, ok := errors.AsType[*fault.Retry](err); !ok || retry.After != 7*time.Second {
					t.Errorf("the error does not say to wait 7 s: %v", err)
				}
				return // the client pauses
			}
			e.ClearFaults()
			if err := d.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			if h := d.Health(); h.Err != "" || !h.DownSince.IsZero() {
				t.Errorf("health after the recovery %+v", h)
			}
		})
	}
}

func TestRefreshReadsExactlyTheTouchedRecords(t *testing.T) {
	t.Parallel()
	e := directorytest.Emulator(t, emulator.Options{})
	d := directorytest.New(t, e)
	c := directorytest.Client(t, e)
	before := d.Current()
	users, teams := before.Users(), before.Teams()
	victim, renamed, other := users[3].ID, users[5].ID, users[7].ID
	changed := teams[1].ID
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.Users.Delete(t.Context(), gtmhub.ID(victim)))
	must(c.Users.SetName(t.Context(), gtmhub.ID(renamed), "Zoë", "Zzz"))
	must(c.Users.SetName(t.Context(), gtmhub.ID(other), "Not", "Asked"))
	must(c.TeamMembers.Set(t.Context(), gtmhub.ID(changed), []gtmhub.ID{gtmhub.ID(renamed)}))
	must(d.Refresh(t.Context(), []id.User{renamed, victim, renamed}, []id.Team{changed}))

	s := d.Current()
	if _, ok := s.User(victim); ok {
		t.Error("the deleted user is still there")
	}
	u, _ := s.User(renamed)
	if u.Name != "Zoë Zzz" || !slices.Contains(u.Teams, changed) {
		t.Errorf("the renamed user is %+v", u)
	}
	if u, _ := s.User(other); u.Name == "Not Asked" {
		t.Error("a user was read who was not asked for")
	}
	check(t, "members", s.View(everythingOpen).Users(directory.UserQuery{Team: changed, AllStatuses: true}).Total, 1)
	if !s.FetchedAt().Equal(before.FetchedAt()) {
		t.Error("a part makes the whole look younger")
	}
	if _, ok := before.User(victim); !ok {
		t.Error("the old snapshot changed")
	}
}

func TestFreshTeam(t *testing.T) {
	t.Parallel()
	e := directorytest.Emulator(t, emulator.Options{})
	d := directorytest.New(t, e)
	c := directorytest.Client(t, e)
	one, two := d.Current().Teams()[0].ID, d.Current().Teams()[1].ID
	name := "Renamed"
	if err := errors.Join(c.Teams.Patch(t.Context(), gtmhub.ID(one), gtmhub.TeamPatch{Name: &name}), c.Teams.Delete(t.Context(), gtmhub.ID(two))); err != nil {
		t.Fatal(err)
	}
	got, err := d.FreshTeam(t.Context(), one)
	if err != nil || got.Name != name {
		t.Fatalf("FreshTeam: %+v, %v", got, err)
	}
	if team, _ := d.Current().Team(one); team.Name != name {
		t.Error("the snapshot does not have the fresh team")
	}
	if _, err := d.FreshTeam(t.Context(), two); !errors.Is(err, fault.NotFound) {
		t.Errorf("a deleted team: %v", err)
	}
	if _, ok := d.Current().Team(two); ok {
		t.Error("the deleted team is still in the snapshot")
	}
	check(t, "health", d.Health().Err, "")

	fail(t, e, emulator.Fault{Operation: 21, Effect: emulator.EffectStatus, Status: 503, Count: 1})
	if _, err := d.FreshTeam(t.Context(), one); !errors.Is(err, fault.Unavailable) {
		t.Errorf("outage: %v", err)
	}
	if _, ok := d.Current().Team(one); !ok {
		t.Error("an outage took a team away")
	}
	if d.Health().Err == "" {
		t.Error("the outage does not show")
	}
}

func TestFreshUser(t *testing.T) {
	t.Parallel()
	e := directorytest.Emulator(t, emulator.Options{})
	d := directorytest.New(t, e)
	var pending *directory.User
	for _, u := range d.Current().Users() {
		if u.Status == directory.Pending && len(u.Teams) > 0 {
			pending = u
		}
	}
	if pending == nil {
		t.Fatal("the account has no pending user in a team")
	}
	if err := e.SignedIn(string(pending.ID)); err != nil {
		t.Fatal(err)
	}
	got, err := d.FreshUser(t.Context(), pending.ID)
	if err != nil || got.Status != directory.Active {
		t.Fatalf("after the first sign-in: %+v, %v", got, err)
	}
	check(t, "teams", got.Teams, pending.Teams)
	if u, _ := d.Current().User(pending.ID); u.Status != directory.Active {
		t.Error("the snapshot does not have the fresh user")
	}
	if _, err := d.FreshUser(t.Context(), "000000000000000000000000"); !errors.Is(err, fault.NotFound) {
		t.Errorf("an unknown user: %v", err)
	}
}

func TestFreshUsersByEmail(t *testing.T) {
	t.Parallel()
	account := emulator.DefaultAccount()
	account.Users[0].Email = "Odd.Case@Northwind.example"
	e := directorytest.Emulator(t, emulator.Options{Account: account})
	d := directorytest.New(t, e)
	lower, upper := account.Users[1].Email, strings.ToUpper(account.Users[2].Email)

	got, err := d.FreshUsersByEmail(t.Context(), []string{lower, upper, "odd.case@northwind.example", "new@northwind.example"})
	if err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]string{lower: account.Users[1].ID, upper: account.Users[2].ID, "odd.case@northwind.example": account.Users[0].ID} {
		if users := got[email]; len(users) != 1 || string(users[0].ID) != want {
			t.Errorf("%s: %v, want user %s", email, users, want)
		}
	}
	if users, ok := got["new@northwind.example"]; !ok || len(users) != 0 {
		t.Errorf("an absent address: %v, %v; want an empty entry", users, ok)
	}
	if _, err := d.FreshUsersByEmail(t.Context(), []string{" "}); !errors.Is(err, fault.Invalid) {
		t.Errorf("an empty address: %v", err)
	}
	one, err := d.FreshUsersByEmail(t.Context(), []string{"ODD.CASE@northwind.example"})
	if err != nil || len(one["ODD.CASE@northwind.example"]) != 1 {
		t.Errorf("a single address: %v, %v", one, err)
	}

	fail(t, e, emulator.Fault{Operation: 2, Effect: emulator.EffectStatus, Status: 500})
	if got, err := d.FreshUsersByEmail(t.Context(), []string{lower, "new@northwind.example"}); !errors.Is(err, fault.Unavailable) || got != nil {
		t.Errorf("an outage looks like absence: %v, %v", got, err)
	}
}

func TestWarmStart(t *testing.T) {
	t.Parallel()
	e := directorytest.Emulator(t, emulator.Options{})
	source, store := directory.FromClient(directorytest.Client(t, e)), &directorytest.Store{}
	first := directory.New(directory.Options{Source: source, Store: store})
	if ok, err := first.Load(t.Context()); ok || err != nil || first.Current().Loaded() {
		t.Fatalf("an empty store loads: %v, %v", ok, err)
	}
	if err := first.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := directory.New(directory.Options{Store: store}) // without a source
	if ok, err := second.Load(t.Context()); !ok || err != nil {
		t.Fatalf("load: %v, %v", ok, err)
	}
	checkSame(t, "after a restart", second.Current(), first.Current())

	written := store.Applied()
	if err := first.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, "records written although nothing changed", store.Applied(), written)
	user := first.Current().Users()[0].ID
	if err := directorytest.Client(t, e).Users.SetName(t.Context(), gtmhub.ID(user), "New", "Name"); err != nil {
		t.Fatal(err)
	}
	if err := first.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, "records written after one change", store.Applied(), written+1)
}

// source is a Source in memory. The hooks run within the readings of everything, after the records were taken.
type source struct {
	mu       sync.Mutex
	users    map[id.User]directory.User
	teams    map[id.Team]directory.Team
	err      error
	syncs    int
	teamRead int
	onUsers  func()
}

func newSource(users ...directory.User) *source {
	s := &source{users: map[id.User]directory.User{}, teams: map[id.Team]directory.Team{"t": {ID: "t", Name: "Team", Members: []id.User{"a"}}}}
	for _, u := range users {
		s.users[u.ID] = u
	}
	return s
}

func (s *source) set(u directory.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[u.ID] = u
}

func (s *source) Users(context.Context) ([]directory.User, error) {
	s.mu.Lock()
	s.syncs++
	var all []directory.User
	for _, u := range s.users {
		all = append(all, u)
	}
	hook, err := s.onUsers, s.err
	s.mu.Unlock()
	if hook != nil {
		hook()
	}
	return all, err
}

func (s *source) Teams(context.Context) ([]directory.Team, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.teamRead++
	var all []directory.Team
	for _, t := range s.teams {
		all = append(all, t)
	}
	return all, s.err
}

func (s *source) Roles(context.Context) ([]directory.Role, error) { return nil, nil }

func (s *source) UsersByID(_ context.Context, users []id.User) ([]directory.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []directory.User
	for _, u := range users {
		if user, ok := s.users[u]; ok {
			found = append(found, user)
		}
	}
	return found, s.err
}

func (s *source) KeyResultsOf(context.Context, id.User) (int, error) { return 0, nil }

func (s *source) TeamsByID(ctx context.Context, _ []id.Team) ([]directory.Team, error) {
	return s.Teams(ctx)
}

func (s *source) UsersByEmail(context.Context, []string) ([]directory.User, error) { return nil, s.err }

func (s *source) User(context.Context, id.User) (directory.User, error) {
	return directory.User{}, gtmhub.ErrNotFound
}

func (s *source) Team(context.Context, id.Team) (directory.Team, error) {
	return directory.Team{}, gtmhub.ErrNotFound
}

func nameOf(d *directory.Directory, u id.User) string {
	if user, ok := d.Current().User(u); ok {
		return user.Name
	}
	return "(nobody)"
}

func person(u id.User, name string) directory.User {
	return directory.User{ID: u, Name: name, Email: string(u) + "@example.com", Status: directory.Active}
}

func mustSync(t *testing.T, d *directory.Directory) {
	t.Helper()
	if err := d.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A complete reading that began before a run must not bring back what the run changed.
func TestTheYoungerReadingWins(t *testing.T) {
	t.Parallel()
	s := newSource(person("a", "old"), person("b", "leaves"))
	d := directory.New(directory.Options{Source: s, Store: &directorytest.Store{}})
	mustSync(t, d)
	s.onUsers = func() { // the lists are read already
		s.set(person("a", "new"))
		s.mu.Lock()
		delete(s.users, "b")
		s.users["c"] = person("c", "comes")
		s.mu.Unlock()
		if err := d.Refresh(t.Context(), []id.User{"a", "b", "c"}, nil); err != nil {
			t.Error(err)
		}
	}
	mustSync(t, d)
	check(t, "names", []string{nameOf(d, "a"), nameOf(d, "b"), nameOf(d, "c")}, []string{"new", "(nobody)", "comes"})
	s.onUsers = nil
	s.set(person("a", "newer"))
	mustSync(t, d)
	check(t, "the next reading counts again", nameOf(d, "a"), "newer")
}

func TestInstancesShareOneStore(t *testing.T) {
	t.Parallel()
	s, store := newSource(person("a", "one"), person("b", "leaves")), &directorytest.Store{}
	now := directorytest.Time
	options := directory.Options{Source: s, Store: store, Now: func() time.Time { return now }, UsersEvery: time.Hour}
	x, y := directory.New(options), directory.New(options)
	mustSync(t, x)
	y.Step(t.Context())
	check(t, "readings of everything", s.syncs, 1)
	checkSame(t, "the other instance", y.Current(), x.Current())

	s.set(person("a", "two"))
	s.mu.Lock()
	delete(s.users, "b")
	s.mu.Unlock()
	if err := x.Refresh(t.Context(), []id.User{"a", "b"}, nil); err != nil {
		t.Fatal(err)
	}
	y.Step(t.Context())
	check(t, "after a run of the other", []string{nameOf(y, "a"), nameOf(y, "b")}, []string{"two", "(nobody)"})

	// While y reads everything, x carries out a run: what x stored is younger than y's lists.
	s.onUsers = func() {
		s.set(person("a", "three"))
		if err := x.Refresh(t.Context(), []id.User{"a"}, nil); err != nil {
			t.Error(err)
		}
	}
	mustSync(t, y)
	s.onUsers = nil
	check(t, "during a reading", nameOf(y, "a"), "three")
	x.Step(t.Context())
	check(t, "and not written back", nameOf(x, "a"), "three")

	now = now.Add(time.Minute)
	mustSync(t, y)
	x.Step(t.Context())
	check(t, "age", x.Current().FetchedAt(), now)
}

func TestStoreOutage(t *testing.T) {
	t.Parallel()
	s, store := newSource(person("a", "one")), &directorytest.Store{}
	now := directorytest.Time
	d := directory.New(directory.Options{Source: s, Store: store, Now: func() time.Time { return now }})
	mustSync(t, d)
	store.Fail(fault.New(fault.Unavailable, "down"))
	s.set(person("a", "two"))
	if err := d.Refresh(t.Context(), []id.User{"a"}, nil); err != nil {
		t.Fatal(err)
	}
	check(t, "the snapshot goes on", nameOf(d, "a"), "two")
	store.Fail(nil)
	now = now.Add(2 * time.Minute)
	d.Step(t.Context())
	again := directory.New(directory.Options{Source: s, Store: store})
	if _, err := again.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, "the store has it after the outage", nameOf(again, "a"), "two")
	syncs := s.syncs
	now = now.Add(2 * time.Minute)
	d.Step(t.Context())
	check(t, "readings after all is stored", s.syncs, syncs)
}

func TestSyncsAtOnceShareOneReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(person("a", "one"))
		release := make(chan struct{})
		s.onUsers = func() { <-release }
		d := directory.New(directory.Options{Source: s, Store: &directorytest.Store{}})
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if err := d.Sync(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		if err := d.Sync(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who gave up: %v", err)
		}
		close(release)
		all.Wait()
		check(t, "readings", s.syncs, 1)
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSource(person("a", "one"))
		d := directory.New(directory.Options{Source: s, Store: &directorytest.Store{}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- d.Run(ctx) }()
		reads := func() [2]int {
			synctest.Wait()
			s.mu.Lock()
			defer s.mu.Unlock()
			return [2]int{s.syncs, s.teamRead}
		}
		check(t, "at once", reads(), [2]int{1, 1})
		time.Sleep(9 * time.Minute) // of the bubble's clock
		check(t, "nobody is looking", reads(), [2]int{1, 1})

		d.Touch("a")
		s.set(person("a", "two"))
		s.mu.Lock()
		s.teams["t"] = directory.Team{ID: "t", Name: "Team", Members: []id.User{"a", "new", "ghost"}}
		s.users["new"] = person("new", "New")
		s.mu.Unlock()
		time.Sleep(6 * time.Second)
		check(t, "somebody is looking", reads(), [2]int{1, 2})
		check(t, "who is looking, and new members", []string{nameOf(d, "a"), nameOf(d, "new")}, []string{"two", "New"})

		time.Sleep(2 * time.Minute)
		check(t, "everything is due", reads()[0], 2)

		s.mu.Lock()
		s.err = fmt.Errorf("outage: %w", gtmhub.ErrUnavailable)
		s.mu.Unlock()
		time.Sleep(15 * time.Minute)
		if h := d.Health(); h.Err == "" || nameOf(d, "a") != "two" {
			t.Errorf("in an outage: %+v, %s", h, nameOf(d, "a"))
		}
		s.mu.Lock()
		s.err = nil
		s.mu.Unlock()
		time.Sleep(66 * time.Second)
		synctest.Wait()
		if h := d.Health(); h.Err != "" {
			t.Errorf("after the outage: %+v", h)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestExplain(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, c := range []struct {
		name  string
		cause error
		kind  fault.Kind
	}{
		{"401", gtmhub.ErrUnauthorized, fault.Unavailable},
		{"402", gtmhub.ErrPaymentRequired, fault.Forbidden},
		{"403", gtmhub.ErrForbidden, fault.Forbidden},
		{"404", gtmhub.ErrNotFound, fault.NotFound},
		{"409", gtmhub.ErrConflict, fault.Conflict},
		{"423", gtmhub.ErrLocked, fault.Conflict},
		{"429", gtmhub.ErrRateLimited, fault.RateLimited},
		{"unavailable", gtmhub.ErrUnavailable, fault.Unavailable},
		{"bad answer", gtmhub.ErrBadAnswer, fault.Unavailable},
		{"invalid", gtmhub.ErrInvalid, fault.Invalid},
		{"unknown outcome", errors.Join(gtmhub.ErrUnavailable, gtmhub.ErrUnknownOutcome), fault.Unavailable},
		{"unknown outcome of a call that was given up", errors.Join(context.Canceled, gtmhub.ErrUnknownOutcome), fault.Unavailable},
	} {
		err := directory.Explain(fmt.Errorf("try: %w", c.cause))
		sentence := fault.Message(err)
		if fault.KindOf(err) != c.kind || sentence == "" || !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", c.name, err)
		}
		if other := seen[sentence]; other != "" && !strings.HasPrefix(c.name, "unknown") {
			t.Errorf("%s and %s have the same sentence", c.name, other)
		}
		seen[sentence] = c.name
	}
	own, plain := fault.New(fault.Full, "full"), errors.New("plain")
	for _, err := range []error{nil, own, plain, context.Canceled} {
		if got := directory.Explain(err); got != err {
			t.Errorf("Explain(%v) = %v", err, got)
		}
	}
}

func TestExplainDoesNotRepeatGtmhub(t *testing.T) {
	t.Parallel()
	e := directorytest.Emulator(t, emulator.Options{})
	fail(t, e, emulator.Fault{Operation: 4, Effect: emulator.EffectStatus, Status: http.StatusConflict, Body: `{"error":"anna@example.com is taken"}`})
	_, err := directorytest.New(t, e).FreshUser(t.Context(), "4756cd22b37f34cf531c6f4b")
	if !errors.Is(err, fault.Conflict) || strings.Contains(err.Error()+fault.Message(err), "anna@") {
		t.Errorf("error %v", err)
	}
}
