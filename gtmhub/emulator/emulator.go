package emulator

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
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

// SetReadings changes the readings for the calls that come.
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

// apiError is an answer that says no. A violation breaks the documented form, beyond being refused.
type apiError struct {
	status    int
	message   string
	violation bool
	allow     string // methods that are allowed, with 405
}

func (a *apiError) Error() string { return a.message }

func refuse(status int, format string, args ...any) error {
	return &apiError{status: status, message: fmt.Sprintf(format, args...)}
}

// malformed refuses a call that no reading of the documents allows.
func malformed(status int, format string, args ...any) error {
	return &apiError{status: status, message: fmt.Sprintf(format, args...), violation: true}
}

// reply is an answer: a JSON value, a text, or nothing.
type reply struct {
	status int
	body   any // nil for no body; plainText for text; else what encode takes
	allow  string
}

type plainText string

var noContent = reply{status: http.StatusNoContent}

// okReply is the answer of operations whose 200 has no documented body.
func (c *call) okReply() reply {
	if c.readings.TextBodies {
		return reply{status: http.StatusOK, body: plainText("ok")}
	}
	return reply{status: http.StatusOK}
}

// call is one request to one operation.
type call struct {
	e        *Emulator
	op       *operation
	params   []string // path parameters in order
	query    url.Values
	body     []byte
	readings Readings
	seats    int
	s        *state
	tx       *tx // nil for reads
	actor    *user
	service  bool // the service token acts, not a person's
	view     *view
}

// request is what an operation needs of an HTTP request, so that it can be carried out now or later.
type request struct {
	op      *operation
	method  string
	path    string
	params  []string
	query   url.Values
	body    []byte
	token   string
	account string
	ids     []string // ids to use before making new ones
}

// ServeHTTP answers calls to {any prefix}/api/v1/... and {any prefix}/api/v2/... .
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.meta.Lock()
	closed, latency, readings := e.closed, e.latency, e.readings
	e.meta.Unlock()
	if closed {
		e.write(w, readings, reply{}, refuse(http.StatusServiceUnavailable, "the emulator is closed"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		e.write(w, readings, reply{}, refuse(http.StatusRequestEntityTooLarge, "the body cannot be read or is too large"))
		return
	}
	op, params, err := match(r.Method, r.URL.EscapedPath())
	req := request{
		op: op, method: r.Method, path: r.URL.Path, params: params, query: r.URL.Query(), body: body,
		token: bearer(r.Header.Get("Authorization")), account: r.Header.Get("gtmhub-accountId"),
	}
	if op != nil {
		e.meta.Lock()
		e.calls[op.number]++
		e.meta.Unlock()
	}
	e.wait(r.Context(), latency)
	if f, ok := e.faults.pick(req); ok {
		e.fail(w, r, f, req)
		return
	}
	if err != nil {
		e.note(req, err)
		e.write(w, readings, reply{}, err)
		return
	}
	rep, err := e.run(&req)
	e.write(w, readings, rep, err)
}

// bearer takes the token out of an Authorization header, "" if there is none.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// wait sleeps for d, at most as long as the caller stays and the emulator runs.
func (e *Emulator) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-e.stopping.Done():
	}
}

// run carries out an operation and commits what it changed.
func (e *Emulator) run(req *request) (reply, error) {
	return e.attempt(req, true)
}

// rehearse works an operation out without committing it. A later run of the same request makes the same ids.
func (e *Emulator) rehearse(req *request) (reply, error) {
	return e.attempt(req, false)
}

func (e *Emulator) attempt(req *request, effect bool) (rep reply, err error) {
	defer func() {
		if err != nil {
			e.note(*req, err)
		}
	}()
	c := &call{e: e, op: req.op, params: req.params, query: req.query, body: req.body}
	e.meta.Lock()
	c.readings, c.seats = e.readings, e.seats
	e.meta.Unlock()
	if req.op == nil {
		return reply{}, malformed(http.StatusNotFound, "not found")
	}
	if !req.op.write {
		e.mu.RLock()
		defer e.mu.RUnlock()
	} else {
		e.mu.Lock()
		defer e.mu.Unlock()
		c.tx = newTx(e.state, e.now(), req.ids)
	}
	c.s = e.state
	c.view = &view{s: c.s, readings: c.readings, plain: c.query.Get("formatting") == "plainText"}
	if err := c.admit(req); err != nil {
		return reply{}, err
	}
	rep, err = req.op.run(c)
	if err != nil || c.tx == nil {
		return rep, err
	}
	if !effect {
		// The ids are taken, though nothing has happened yet.
		req.ids = c.tx.made
		c.s.seq = max(c.s.seq, c.tx.rec.Seq)
		return rep, nil
	}
	if c.tx.empty() {
		return rep, nil
	}
	if c.tx.rec.Counts == nil {
		counts := newCounts()
		c.tx.rec.Counts = &counts
	}
	c.tx.rec.Counts.Effects[req.op.number]++
	if err := e.commit(c.tx.rec); err != nil {
		return reply{}, refuse(http.StatusInternalServerError, "the change could not be stored")
	}
	return rep, nil
}

// commit writes a change to the journal and then makes it visible. Callers hold the exclusive lock.
func (e *Emulator) commit(r record) error {
	if r.Counts == nil {
		counts := newCounts()
		r.Counts = &counts
	}
	r.Seq = max(r.Seq, e.state.seq)
	e.meta.Lock()
	r.Counts.Calls, e.calls = e.calls, map[int]int{}
	e.meta.Unlock()
	if err := e.journal.append(r); err != nil {
		e.log.Error("state file cannot be written", "error", err)
		e.meta.Lock()
		addTo(e.calls, r.Counts.Calls)
		e.meta.Unlock()
		return fmt.Errorf("write state file: %w", err)
	}
	e.state.apply(r)
	return nil
}

// admit checks token, account id, path ids and permission, in this order.
func (c *call) admit(req *request) error {
	if err := c.authenticate(req.token); err != nil {
		return err
	}
	if req.account != c.s.account.ID {
		status := http.StatusForbidden
		if c.readings.BadAccountStatus != 0 {
			status = c.readings.BadAccountStatus
		}
		return refuse(status, "empty or invalid account id")
	}
	for i, name := range c.op.names {
		if name != "clientId" && !isID(c.params[i]) {
			return malformed(http.StatusBadRequest, "%s is not a valid id", name)
		}
	}
	if c.op.retired && c.readings.RetiredAnnouncements != 0 {
		return refuse(c.readings.RetiredAnnouncements, "announcements are retired")
	}
	if c.op.personal && c.service && !c.readings.ServiceActs {
		return refuse(http.StatusForbidden, "this call needs the token of the person that it acts for")
	}
	if c.allowed(c.op.needs) || c.op.self && len(c.params) > 0 && c.params[0] == c.actor.ID {
		return nil
	}
	return refuse(http.StatusForbidden, "missing permission %s", c.op.needs)
}

func (c *call) authenticate(token string) error {
	if token == "" {
		return refuse(http.StatusUnauthorized, "missing token")
	}
	if id, ok := c.s.tokens[digest(token)]; ok {
		u := c.s.users.get(id)
		if u == nil || !u.IsActive {
			return refuse(http.StatusUnauthorized, "the user of the token is not active")
		}
		c.actor = u
		return nil
	}
	o := c.e.opts
	if o.Token == "" && o.StrictToken || o.Token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(o.Token)) != 1 {
		return refuse(http.StatusUnauthorized, "signature is invalid")
	}
	c.service = true
	for _, u := range c.s.users.order {
		if c.s.isAdmin(u) {
			c.actor = u
			return nil
		}
	}
	return refuse(http.StatusUnauthorized, "the user of the token is not there any more")
}

// allowed says whether the acting user has a permission; "" needs none.
func (c *call) allowed(permission string) bool {
	return permission == "" || slices.Contains(c.s.permissions(c.actor), permission)
}

// note keeps and logs a violation.
func (e *Emulator) note(req request, err error) {
	a, ok := errors.AsType[*apiError](err)
	if !ok || !a.violation {
		return
	}
	number := 0
	if req.op != nil {
		number = req.op.number
	}
	v := Violation{Operation: number, Method: req.method, Path: req.path, Problem: a.message}
	e.meta.Lock()
	e.broken++
	e.violations = append(e.violations, v)
	if over := len(e.violations) - 1000; over > 0 {
		e.violations = slices.Delete(e.violations, 0, over)
	}
	e.meta.Unlock()
	e.log.Warn("call breaks the documented form", "operation", number, "method", req.method, "status", a.status, "problem", a.message)
}

// write sends an answer.
func (e *Emulator) write(w http.ResponseWriter, readings Readings, rep reply, err error) {
	rep = settle(readings, rep, err)
	replay(w, rep, rep.bytes())
}

// settle turns an error into the answer that tells it.
func settle(readings Readings, rep reply, err error) reply {
	if err == nil {
		return rep
	}
	if a, ok := errors.AsType[*apiError](err); ok {
		return reply{status: a.status, body: errorBody(readings.ErrorForm, a.message), allow: a.allow}
	}
	return reply{status: http.StatusInternalServerError, body: errorBody(readings.ErrorForm, "internal error")}
}

func (r reply) headers() map[string]string {
	h := map[string]string{}
	switch r.body.(type) {
	case nil:
	case plainText:
		h["Content-Type"] = "text/plain; charset=utf-8"
	default:
		h["Content-Type"] = "application/json; charset=utf-8"
	}
	if r.allow != "" {
		h["Allow"] = r.allow
	}
	return h
}

func (r reply) bytes() []byte {
	switch body := r.body.(type) {
	case nil:
		return nil
	case plainText:
		return []byte(body)
	default:
		return encode(nil, body)
	}
}

// errorBody gives an error message the form that the readings choose.
func errorBody(form, message string) any {
	switch form {
	case "message", "reason":
		return doc{{form, message}}
	case "errors":
		return doc{{"errors", []string{message}}}
	case "string":
		return message
	case "text":
		return plainText(message)
	default:
		return doc{{"error", message}}
	}
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
