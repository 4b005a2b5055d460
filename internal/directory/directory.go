package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Bounds of the work in the background.
const (
	defaultUsersEvery = 10 * time.Minute
	defaultTeamsEvery = time.Minute
	stepEvery         = 5 * time.Second // how soon the work of other instances is seen
	lookingFor        = 5 * time.Minute // how long after Touch somebody counts as looking
	syncTimeout       = 15 * time.Minute
	storeTimeout      = time.Minute
)

// Options are what a directory needs. Source and Store are required.
type Options struct {
	Source Source
	Store  Store
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Log gets one line per failure in the background; nil means none.
	Log *slog.Logger
	// UsersEvery is how often everything is read; 0 means 10 minutes. Up to a tenth is added, so that several instances
	// on one store do not all do the same work.
	UsersEvery time.Duration
	// TeamsEvery is how often teams and signed-in people are read while somebody is looking; 0 means a minute.
	TeamsEvery time.Duration
}

// Directory keeps the current snapshot. It is safe for concurrent use.
type Directory struct {
	o       Options
	every   time.Duration
	current atomic.Pointer[Snapshot]

	merging sync.Mutex // guards the ledger: one merge, with its writing to the store, at a time
	ledger  ledger

	mu       sync.Mutex // guards what follows
	syncing  *flight    // the Sync that is going on, if any
	seen     map[id.User]time.Time
	looked   time.Time
	teamsAt  time.Time // when RefreshTeams last began
	triedAt  time.Time // when the last Sync of Step began
	failures map[part]failure
}

// part is a sort of reading whose failures are remembered on their own.
type part int

const (
	everything part = iota
	allTeams
	single
)

type failure struct {
	sentence string
	since    time.Time
}

// flight is a Sync that others can wait for. err may be read once done is closed.
type flight struct {
	done chan struct{}
	err  error
}

// New makes a directory with an empty snapshot. Call [Directory.Load] and then [Directory.Run].
func New(o Options) *Directory {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.UsersEvery = cmp.Or(o.UsersEvery, defaultUsersEvery)
	o.TeamsEvery = cmp.Or(o.TeamsEvery, defaultTeamsEvery)
	d := &Directory{o: o, every: o.UsersEvery + rand.N(o.UsersEvery/10+1), ledger: newLedger(), seen: map[id.User]time.Time{}, failures: map[part]failure{}}
	d.current.Store(NewSnapshot(nil, nil, nil, time.Time{}))
	return d
}

// Current answers the snapshot. It is never nil; before anything was read it is empty and not Loaded.
func (d *Directory) Current() *Snapshot { return d.current.Load() }

// Load fills the snapshot from the store, for a warm start. ok is false if the store was never filled; then the first
// Sync does. Errors are those of the store.
func (d *Directory) Load(ctx context.Context) (ok bool, err error) {
	d.merging.Lock()
	defer d.merging.Unlock()
	ticket := d.ledger.ticket()
	records, version, fetchedAt, err := d.o.Store.LoadAll(ctx)
	if err != nil {
		return false, fmt.Errorf("load the directory: %w", err)
	}
	r, err := readingOf(records)
	if err != nil {
		return false, fmt.Errorf("load the directory: %w", err)
	}
	r.ticket, r.fetchedAt, r.allUsers, r.allTeams, r.allRoles = ticket, fetchedAt, true, true, true
	d.ledger.merge(r)
	d.ledger.version, d.ledger.looked = version, d.ledger.ticket()
	d.swap()
	return d.Current().Loaded(), nil
}

// Sync reads everything from Gtmhub and swaps the snapshot. Calls at the same time share one reading. If anything cannot
// be read the old snapshot stays and the error says why, see [Explain].
func (d *Directory) Sync(ctx context.Context) error {
	for {
		d.mu.Lock()
		f := d.syncing
		if f == nil {
			f = &flight{done: make(chan struct{})}
			d.syncing = f
			d.mu.Unlock()
			f.err = d.outcome(everything, d.sync(ctx))
			d.mu.Lock()
			d.syncing = nil
			d.mu.Unlock()
			close(f.done)
			return f.err
		}
		d.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.done:
		}
		if !errors.Is(f.err, context.Canceled) {
			return f.err
		}
		// The caller who was reading gave up; we did not.
	}
}

func (d *Directory) sync(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, syncTimeout)
	defer cancel()
	r := reading{ticket: d.ledger.ticket(), allUsers: true, allTeams: true, allRoles: true, fetchedAt: d.o.Now()}
	var err error
	if r.teams, err = d.o.Source.Teams(ctx); err != nil {
		return fmt.Errorf("read all teams: %w", err)
	}
	if r.roles, err = d.o.Source.Roles(ctx); err != nil {
		return fmt.Errorf("read all roles: %w", err)
	}
	if r.users, err = d.o.Source.Users(ctx); err != nil {
		return fmt.Errorf("read all users: %w", err)
	}
	if len(r.users) == 0 && d.Current().Counts().Users > 0 {
		// The token's own user is in the account, so no users at all is an answer about something else.
		return fmt.Errorf("read all users: none came: %w", gtmhub.ErrBadAnswer)
	}
	d.merge(ctx, r)
	return nil
}

// RefreshTeams reads all teams, and the people in them who are not in our copy yet.
func (d *Directory) RefreshTeams(ctx context.Context) error {
	d.mu.Lock()
	d.teamsAt = d.o.Now()
	d.mu.Unlock()
	return d.outcome(allTeams, d.refreshTeams(ctx))
}

func (d *Directory) refreshTeams(ctx context.Context) error {
	r := reading{ticket: d.ledger.ticket(), allTeams: true}
	var err error
	if r.teams, err = d.o.Source.Teams(ctx); err != nil {
		return fmt.Errorf("read all teams: %w", err)
	}
	wanted := d.lookingUsers()
	d.merging.Lock()
	for _, t := range r.teams {
		for _, u := range append(slices.Clone(t.Members), t.Manager) {
			if u != "" && !d.ledger.users.heardOf(u) {
				wanted = append(wanted, u)
			}
		}
	}
	d.merging.Unlock()
	if r.users, r.goneUsers, err = d.readUsers(ctx, wanted); err != nil {
		return err
	}
	d.merge(ctx, r)
	return nil
}

// Refresh reads exactly these records, in bulk, and swaps the snapshot; what does not exist any more is removed. The
// change engine calls it after a run. On an error nothing is changed.
func (d *Directory) Refresh(ctx context.Context, users []id.User, teams []id.Team) error {
	return d.outcome(single, d.refresh(ctx, users, teams))
}

func (d *Directory) refresh(ctx context.Context, users []id.User, teams []id.Team) error {
	r := reading{ticket: d.ledger.ticket()}
	var err error
	if r.users, r.goneUsers, err = d.readUsers(ctx, users); err != nil {
		return err
	}
	if teams = unique(teams); len(teams) > 0 {
		if r.teams, err = d.o.Source.TeamsByID(ctx, teams); err != nil {
			return fmt.Errorf("read %d teams: %w", len(teams), err)
		}
		r.goneTeams = missing(teams, r.teams, func(t Team) id.Team { return t.ID })
	}
	d.merge(ctx, r)
	return nil
}

// readUsers answers those of the users that exist and the ids of the others.
func (d *Directory) readUsers(ctx context.Context, users []id.User) (found []User, gone []id.User, err error) {
	if users = unique(users); len(users) == 0 {
		return nil, nil, nil
	}
	if found, err = d.o.Source.UsersByID(ctx, users); err != nil {
		return nil, nil, fmt.Errorf("read %d users: %w", len(users), err)
	}
	return found, missing(users, found, func(u User) id.User { return u.ID }), nil
}

func missing[K comparable, V any](asked []K, found []V, key func(V) K) []K {
	return slices.DeleteFunc(slices.Clone(asked), func(k K) bool {
		return slices.ContainsFunc(found, func(v V) bool { return key(v) == k })
	})
}

// FreshTeam reads one team now (operation 21) and merges it into the snapshot. The error is fault.NotFound if Gtmhub has
// no such team, which is then taken out of the snapshot too; see [Explain] for the others.
func (d *Directory) FreshTeam(ctx context.Context, t id.Team) (Team, error) {
	r := reading{ticket: d.ledger.ticket()}
	team, err := d.o.Source.Team(ctx, t)
	switch {
	case err == nil:
		r.teams = []Team{team}
	case errors.Is(err, gtmhub.ErrNotFound):
		r.goneTeams = []id.Team{t}
	default:
		return Team{}, d.outcome(single, fmt.Errorf("read team %s: %w", t, err))
	}
	d.merge(ctx, r)
	return team, d.outcome(single, err)
}

// ReadTeam reads one team now (operation 21) and leaves the snapshot alone: for writes that read a team just before and
// just after and bring many teams into the snapshot at once afterwards. Errors are those of [Directory.FreshTeam].
func (d *Directory) ReadTeam(ctx context.Context, t id.Team) (Team, error) {
	team, err := d.o.Source.Team(ctx, t)
	if err != nil {
		return Team{}, d.outcome(single, fmt.Errorf("read team %s: %w", t, err))
	}
	return team, nil
}

// FreshUser reads one user now (operation 4) and merges it into the snapshot, like [Directory.FreshTeam]. Teams and
// Manages are as of the snapshot.
func (d *Directory) FreshUser(ctx context.Context, u id.User) (User, error) {
	r := reading{ticket: d.ledger.ticket()}
	user, err := d.o.Source.User(ctx, u)
	switch {
	case err == nil:
		r.users = []User{user}
	case errors.Is(err, gtmhub.ErrNotFound):
		r.goneUsers = []id.User{u}
	default:
		return User{}, d.outcome(single, fmt.Errorf("read user %s: %w", u, err))
	}
	d.merge(ctx, r)
	return d.withTeams(user), d.outcome(single, err)
}

// withTeams adds what the snapshot knows about the user's teams.
func (d *Directory) withTeams(u User) User {
	if known, ok := d.Current().User(u.ID); ok {
		u.Teams, u.Manages = known.Teams, known.Manages
	}
	return u
}

// FreshUsersByEmail asks Gtmhub who has these addresses, without regard to letter case, and merges who is found. The
// answer has an entry for each address as it was given; an empty entry means that Gtmhub knows nobody with it. An error
// never means that somebody is absent. An empty address is fault.Invalid.
func (d *Directory) FreshUsersByEmail(ctx context.Context, emails []string) (map[string][]User, error) {
	if len(emails) == 0 {
		return map[string][]User{}, nil
	}
	if slices.ContainsFunc(emails, func(e string) bool { return mailKey(e) == "" }) {
		return nil, fault.New(fault.Invalid, "An e-mail address is empty.")
	}
	found, err := d.usersByEmail(ctx, emails)
	if err = d.outcome(single, err); err != nil {
		return nil, err
	}
	byMail := map[string][]User{}
	for _, u := range found {
		byMail[mailKey(u.Email)] = append(byMail[mailKey(u.Email)], d.withTeams(u))
	}
	answer := make(map[string][]User, len(emails))
	for _, e := range emails {
		answer[e] = byMail[mailKey(e)]
	}
	return answer, nil
}

func (d *Directory) usersByEmail(ctx context.Context, emails []string) ([]User, error) {
	r := reading{ticket: d.ledger.ticket()}
	var err error
	if r.users, err = d.o.Source.UsersByEmail(ctx, emails); err != nil {
		return nil, fmt.Errorf("look up %d addresses: %w", len(emails), err)
	}
	// Gtmhub compares letter case when it looks up several addresses. Those whom our copy knows in other letters are
	// therefore asked for by id.
	found := make(map[id.User]bool, len(r.users))
	for _, u := range r.users {
		found[u.ID] = true
	}
	var known []id.User
	for _, e := range emails {
		for _, u := range d.Current().UsersByEmail(e) {
			if !found[u.ID] {
				known = append(known, u.ID)
			}
		}
	}
	byID, gone, err := d.readUsers(ctx, known)
	if err != nil {
		return nil, err
	}
	r.users, r.goneUsers = append(r.users, byID...), gone
	d.merge(ctx, r)
	return r.users, nil
}

// KeyResultsOf counts the key results that a user owns. They are not part of the copy: it asks Gtmhub. Errors: see [Explain].
func (d *Directory) KeyResultsOf(ctx context.Context, u id.User) (int, error) {
	n, err := d.o.Source.KeyResultsOf(ctx, u)
	if err != nil {
		return 0, Explain(fmt.Errorf("key results of %s: %w", u, err))
	}
	return n, nil
}

// Touch notes that somebody is looking, and who: teams and those users are then kept fresh. It is cheap.
func (d *Directory) Touch(users ...id.User) {
	now := d.o.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looked = now
	for _, u := range users {
		if u != "" {
			d.seen[u] = now
		}
	}
}

// lookingUsers answers who is looking, and forgets who is not any more.
func (d *Directory) lookingUsers() []id.User {
	now := d.o.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	var users []id.User
	for u, at := range d.seen {
		if now.Sub(at) > lookingFor {
			delete(d.seen, u)
			continue
		}
		users = append(users, u)
	}
	return users
}

// Run keeps the snapshot fresh until ctx ends, and then answers nil.
func (d *Directory) Run(ctx context.Context) error {
	tick := time.NewTicker(min(stepEvery, d.o.TeamsEvery))
	defer tick.Stop()
	for {
		d.Step(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Step does what is due: take over what other instances stored, read everything, or read the teams. It logs what fails
// and goes on; a failed reading of everything is tried again after a minute.
func (d *Directory) Step(ctx context.Context) {
	unstored := d.takeOverNow(ctx)
	now := d.o.Now()
	d.mu.Lock()
	syncDue := (unstored || now.Sub(d.Current().FetchedAt()) >= d.every) && now.Sub(d.triedAt) >= min(d.every, defaultTeamsEvery)
	teamsDue := d.Current().Loaded() && now.Sub(d.looked) <= lookingFor && now.Sub(d.teamsAt) >= d.o.TeamsEvery
	if syncDue {
		d.triedAt = now
	}
	d.mu.Unlock()
	var err error
	switch {
	case syncDue:
		err = d.Sync(ctx)
	case teamsDue:
		err = d.RefreshTeams(ctx)
	}
	if err != nil && ctx.Err() == nil {
		d.o.Log.Warn("directory: read from Gtmhub", "everything", syncDue, "kind", fault.KindOf(err), "error", err)
	}
}

// takeOverNow merges what other instances stored since we last looked, and says whether the store lacks something of
// ours.
func (d *Directory) takeOverNow(ctx context.Context) (unstored bool) {
	d.merging.Lock()
	defer d.merging.Unlock()
	before := d.ledger.fetchedAt
	if err := d.ledger.takeOver(ctx, d.o.Store, d.ledger.looked); err != nil && ctx.Err() == nil {
		d.o.Log.Error("directory: read what other instances stored", "error", err)
	}
	if d.ledger.stale || !d.ledger.fetchedAt.Equal(before) {
		d.swap()
	}
	return d.ledger.unstored
}

// merge takes a reading into the ledger, swaps the snapshot and writes the differences to the store. If the store does
// not take them, the snapshot is right all the same, and Step soon reads and stores everything anew.
func (d *Directory) merge(ctx context.Context, r reading) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	d.merging.Lock()
	defer d.merging.Unlock()
	var err error
	if r.allTeams { // what others read while we were reading the lists is younger than the lists
		err = d.ledger.takeOver(ctx, d.o.Store, r.ticket)
	}
	changes := d.ledger.merge(r)
	if d.ledger.stale || r.isComplete() {
		d.swap()
	}
	if len(changes) > 0 || r.isComplete() {
		err = errors.Join(err, d.ledger.write(ctx, d.o.Store, changes, r.isComplete()))
	}
	if err != nil {
		d.o.Log.Error("directory: store what was read", "records", len(changes), "error", err)
	}
}

// swap shows the ledger as the snapshot. A snapshot that differs only in age shares the index.
func (d *Directory) swap() {
	l := &d.ledger
	if l.stale {
		d.current.Store(NewSnapshot(l.users.all(), l.teams.all(), l.roles.all(), l.fetchedAt))
		l.stale = false
		return
	}
	d.current.Store(&Snapshot{index: d.Current().index, fetchedAt: l.fetchedAt})
}

// State says how well the directory is.
type State struct {
	// Loaded says whether there is a copy of the account at all, and FetchedAt how old it is, as in Snapshot.
	Loaded    bool
	FetchedAt time.Time
	// Err is a sentence for people about what cannot be read, empty when all is well, and DownSince is since when.
	Err       string
	DownSince time.Time
}

// Health answers how well the directory is. It calls nothing.
func (d *Directory) Health() State {
	s := State{Loaded: d.Current().Loaded(), FetchedAt: d.Current().FetchedAt()}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range []part{everything, allTeams, single} {
		if f, ok := d.failures[p]; ok && (s.Err == "" || f.since.Before(s.DownSince)) {
			s.Err, s.DownSince = f.sentence, f.since
		}
	}
	return s
}

// outcome remembers how a reading ended, for Health, and explains its error. That one record is not there, or that a
// caller gave up, says nothing about Gtmhub's health.
func (d *Directory) outcome(p part, err error) error {
	err = Explain(err)
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil || p == single && errors.Is(err, fault.NotFound):
		if p == everything {
			clear(d.failures)
		}
		delete(d.failures, p)
	case errors.Is(err, context.Canceled), errors.Is(err, fault.Invalid):
	default:
		f, ok := d.failures[p]
		if !ok {
			f.since = d.o.Now()
		}
		f.sentence = cmp.Or(fault.Message(err), "The portal could not read from Gtmhub.")
		d.failures[p] = f
	}
	return err
}
