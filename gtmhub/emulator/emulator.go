package emulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// maxBodyBytes is the largest request body that is read.
const maxBodyBytes = 4 << 20

// Options says how an emulator starts. The zero value is usable: the built-in account, in memory, any bearer token.
type Options struct {
	// Account is what the emulator starts with; nil means [DefaultAccount]. A state file that exists wins over it.
	Account *Account
	// StateFile keeps the state: it is read at the start, and every write stands in it before it is answered.
	// Empty means memory only. One process at a time may use a file.
	StateFile string
	// SyncWrites flushes every write to the disk (against power loss). Otherwise it is handed to the operating
	// system, which is enough against kill -9.
	SyncWrites bool
	// Token is the service token: it acts as the first active user with an admin role.
	Token string
	// StrictToken accepts no token but Token and those of [Emulator.RegisterToken]. Without it, an empty Token means
	// that every bearer token is the service token.
	StrictToken bool
	// Readings chooses how the documents are read where they are unsure.
	Readings Readings
	// Latency is added to every call before it has any effect.
	Latency time.Duration
	// Seats is the number of active (and pending) users that the subscription allows; more are refused with 402.
	// 0 means no limit.
	Seats int
	// Seed fixes what is made up: objectives, new ids, the dice of faults. The same seed gives the same.
	Seed uint64
	// Logger gets a WARN line per violation and an ERROR line when the state file cannot be written. nil means none.
	// Tokens, addresses and bodies are never logged.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Emulator is the emulated API. It is safe for concurrent use.
type Emulator struct {
	opts   Options
	log    *slog.Logger
	now    func() time.Time
	faults faults

	mu      sync.RWMutex // guards state and journal: shared by reads, exclusive for writes
	state   *state
	journal *journal

	meta       sync.Mutex // guards what follows
	calls      map[int]int
	readings   Readings
	latency    time.Duration
	seats      int
	violations []Violation
	broken     int // number of violations; the list is cut to the last ones
	closed     bool

	stopping context.Context // ends when Close begins: waits stop, late effects happen at once
	stop     context.CancelFunc
	late     sync.WaitGroup
}

// Violation is a call that broke the documented form: unknown path, wrong method, malformed id, a body that cannot
// be read, or a field that is not documented.
type Violation struct {
	Operation int    `json:"operation"` // 0 when the call matched none
	Method    string `json:"method"`
	Path      string `json:"path"`
	Problem   string `json:"problem"`
}

// New starts an emulator. It fails when the account is not sound, a reading is unknown, or the state file cannot be
// read or written. Call [Emulator.Close] at the end.
func New(o Options) (*Emulator, error) {
	if err := o.Readings.check(); err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	if o.Account == nil {
		o.Account = DefaultAccount()
	} else if err := o.Account.check(); err != nil {
		return nil, fmt.Errorf("check account: %w", err)
	}
	e := &Emulator{
		opts: o, log: o.Logger, now: o.Now,
		calls: map[int]int{}, readings: o.Readings, latency: o.Latency, seats: o.Seats,
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.now == nil {
		e.now = time.Now
	}
	e.faults.seed = o.Seed
	e.stopping, e.stop = context.WithCancel(context.Background())
	fresh := func() *state { return load(o.Account, o.Seed) }
	if o.StateFile == "" {
		e.state = fresh()
		return e, nil
	}
	var err error
	if e.state, e.journal, err = openJournal(o.StateFile, o.SyncWrites, fresh); err != nil {
		return nil, err
	}
	return e, nil
}

// Close carries out late effects at once, ends waiting answers and closes the state file. Calls after it are answered
// with 503. A second Close does nothing.
func (e *Emulator) Close() error {
	e.meta.Lock()
	was := e.closed
	e.closed = true
	e.meta.Unlock()
	if was {
		return nil
	}
	e.stop()
	e.late.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	// The calls since the last write go into the file too.
	err := e.commit(record{})
	return errors.Join(err, e.journal.close())
}

// Reset takes the account back to where it started and clears counters, mails, tokens, violations and faults.
// Readings, latency and seats go back to the options.
func (e *Emulator) Reset() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := load(e.opts.Account, e.opts.Seed)
	s.version = e.state.version + 1
	if e.journal != nil {
		j, err := writeJournal(e.opts.StateFile, e.opts.SyncWrites, s)
		if err != nil {
			return fmt.Errorf("reset state file: %w", err)
		}
		_ = e.journal.file.Close() // the old file is no longer reachable by name
		e.journal = j
	}
	e.state = s
	e.faults.clear()
	e.meta.Lock()
	defer e.meta.Unlock()
	e.calls, e.violations, e.broken = map[int]int{}, nil, 0
	e.readings, e.latency, e.seats = e.opts.Readings, e.opts.Latency, e.opts.Seats
	return nil
}

// RegisterToken makes token act as a user, with exactly that user's permissions. Only a digest of it is kept.
func (e *Emulator) RegisterToken(token, userID string) error {
	if token == "" {
		return errors.New("register token: it is empty")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state.users.get(userID) == nil {
		return fmt.Errorf("register token: no user %q", userID)
	}
	return e.commit(record{Tokens: map[string]string{digest(token): userID}})
}

// SignedIn notes that a user signed in at the identity provider: a pending user gets an identity and a clientId and
// so is pending no more. For others it changes nothing.
func (e *Emulator) SignedIn(userID string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := newTx(e.state, e.now(), nil)
	u := t.user(userID)
	if u == nil {
		return fmt.Errorf("sign in: no user %q", userID)
	}
	if u.ClientID != "" {
		return nil
	}
	u.signIn()
	return e.commit(t.rec)
}

// Counts returns the counters.
func (e *Emulator) Counts() Counts {
	e.mu.RLock()
	c := e.state.counts.clone()
	e.mu.RUnlock()
	e.meta.Lock()
	defer e.meta.Unlock()
	addTo(c.Calls, e.calls)
	c.Violations = e.broken
	return c
}

// Mails returns the mails "sent", newest first.
func (e *Emulator) Mails() []Mail {
	e.mu.RLock()
	defer e.mu.RUnlock()
	all := slices.Clone(e.state.mails)
	slices.Reverse(all)
	return all
}

// Violations returns the last 1000 calls that broke the documented form, oldest first; a sound client causes none.
func (e *Emulator) Violations() []Violation {
	e.meta.Lock()
	defer e.meta.Unlock()
	return slices.Clone(e.violations)
}

// AccountID is the account id that callers must send.
func (e *Emulator) AccountID() string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.state.account.ID
}

// Readings returns the readings in force.
func (e *Emulator) Readings() Readings {
	e.meta.Lock()
	defer e.meta.Unlock()
	return e.readings
}

// SetReadings changes the readings for the calls to come.
func (e *Emulator) SetReadings(r Readings) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("readings: %w", err)
	}
	e.meta.Lock()
	defer e.meta.Unlock()
	e.readings = r
	return nil
}

// SetLatency changes the delay of every call.
func (e *Emulator) SetLatency(d time.Duration) {
	e.meta.Lock()
	defer e.meta.Unlock()
	e.latency = d
}

// SetSeats changes the seat limit; 0 means none.
func (e *Emulator) SetSeats(n int) {
	e.meta.Lock()
	defer e.meta.Unlock()
	e.seats = n
}

// load builds the state that an account starts with.
func load(a *Account, seed uint64) *state {
	s := newState()
	rec := record{Account: &accountInfo{ID: a.ID, Name: a.Name, Domain: a.Domain, Seed: seed}}
	for _, r := range a.Roles {
		rec.Roles = append(rec.Roles, loadRole(r))
	}
	for _, u := range a.Users {
		rec.Users = append(rec.Users, loadUser(u))
	}
	for _, t := range a.Teams {
		rec.Teams = append(rec.Teams, loadTeam(t))
	}
	s.apply(rec)
	s.apply(makeUp(s, seed))
	return s
}
