package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// RunnerOptions are the settings and dependencies of a Runner. Durations that are 0 get the values of
// [DefaultTiming].
type RunnerOptions struct {
	Store Store
	Kinds []Kind
	// Writer is the one client that can write. Nobody else gets it; kinds open parts of it with a [Grant].
	Writer any
	// Actor builds the person anew, with what they hold now. Inactive is true for people who have been deactivated.
	Actor func(ctx context.Context, p Person) (access.Actor, error)
	// Policy is asked again for every row.
	Policy *Policies
	// Refresh re-reads the touched records into the directory.
	Refresh func(ctx context.Context, users []id.User, teams []id.Team) error
	Timing  Timing
	// Calls is how many upstream calls a run makes at once; 0 means 4.
	Calls int
	// Count, if set, is told of each row that was sent and whose outcome is stored.
	Count func(kind string, s RowState)
	Log   *slog.Logger
}

// Timing are the waits of the row protocol (ARCHITECTURE.md, life of a change).
type Timing struct {
	// Call is the longest upstream call. Lease is how long a claim lasts; it must be longer than Call.
	Call, Lease time.Duration
	// Settle is how long to wait after a lost outcome before reading back; it must be longer than Call and Lease together.
	Settle time.Duration
	// Poll is how often an idle runner looks for work that other instances made.
	Poll time.Duration
	// Attempts is how often a row is tried before it needs a person.
	Attempts int
}

// DefaultTiming is the shipped timing.
func DefaultTiming() Timing {
	return Timing{Call: 20 * time.Second, Lease: 90 * time.Second, Settle: 120 * time.Second, Poll: time.Second, Attempts: 3}
}

// lookBatch is how many rows are claimed at once; one look covers them. A group that writes one list by one call is
// claimed whole, up to MostClaimed rows.
const (
	lookBatch   = 50
	MostClaimed = 500
)

// Runner carries out approved changes. [Runner.Run] loops until its context ends; [Runner.Step] does one pass. Several
// runners, in one process or many, may work on one store; a row is worked on by one of them at a time.
type Runner struct {
	o     RunnerOptions
	kinds map[string]Kind
	owner string
	wake  chan struct{}
	calls chan struct{}

	mu       sync.Mutex
	approved map[id.Change]approvedRows
}

// approvedRows remembers the digests of the rows that were decided, after their hash was checked.
type approvedRows struct {
	hash    string
	digests map[id.Row]string
}

// NewRunner makes a runner. It panics on two kinds of one name.
func NewRunner(o RunnerOptions) *Runner {
	d := DefaultTiming()
	if o.Timing.Call == 0 {
		o.Timing.Call = d.Call
	}
	if o.Timing.Lease == 0 {
		o.Timing.Lease = d.Lease
	}
	if o.Timing.Settle == 0 {
		o.Timing.Settle = d.Settle
	}
	if o.Timing.Poll == 0 {
		o.Timing.Poll = d.Poll
	}
	if o.Timing.Attempts == 0 {
		o.Timing.Attempts = d.Attempts
	}
	if o.Calls == 0 {
		o.Calls = 4
	}
	r := &Runner{o: o, kinds: map[string]Kind{}, owner: string(id.NewRow()), wake: make(chan struct{}, 1),
		calls: make(chan struct{}, o.Calls), approved: map[id.Change]approvedRows{}}
	for _, k := range o.Kinds {
		if r.kinds[k.Name()] != nil {
			panic("two kinds named " + k.Name())
		}
		r.kinds[k.Name()] = k
	}
	return r
}

// Wake makes an idle runner look for work now.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then waits for the calls in flight and stores their outcomes.
func (r *Runner) Run(ctx context.Context) {
	tick := time.NewTicker(r.o.Timing.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		worked, err := r.Step(ctx)
		if err != nil && ctx.Err() == nil {
			r.o.Log.Error("run changes", "err", err)
		}
		if worked && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-tick.C:
		}
	}
}

// Step does one pass: starts and lapses what is due, takes back claims that ran out, claims rows and carries them out,
// and reads back what was lost. worked says whether there was anything to do.
func (r *Runner) Step(ctx context.Context) (worked bool, err error) {
	if _, err := r.o.Store.Expire(ctx, r.o.Timing.Settle); err != nil {
		return false, fmt.Errorf("expire claims: %w", err)
	}
	due, err := r.o.Store.Due(ctx)
	if err != nil {
		return false, fmt.Errorf("find due changes: %w", err)
	}
	for i := range due {
		if err := r.start(ctx, &due[i]); err != nil {
			return false, err
		}
	}
	worked, err = r.rows(ctx, "")
	if err != nil {
		return worked, err
	}
	again, err := r.reconcile(ctx)
	if err != nil {
		return worked, err
	}
	for i := range due {
		if err := r.finish(ctx, due[i].ID); err != nil {
			return worked, err
		}
	}
	return worked || again, nil
}

// RunNow carries out one change while a person waits for it, for at most limit; what is left goes on in the background.
func (r *Runner) RunNow(ctx context.Context, c id.Change, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer r.Wake()
	ch, err := r.o.Store.Change(ctx, c)
	if err == nil {
		err = r.start(ctx, &ch)
	}
	others := true // somebody else may have carried out rows
	for err == nil && ctx.Err() == nil {
		var worked, open bool
		if worked, err = r.rows(ctx, c); worked || err != nil {
			others = false
			continue
		}
		if open, err = r.inFlight(ctx, c); !open {
			break
		}
		// The loop of this or another instance was quicker to claim a row. Its outcome is what the person waits for.
		others = true
		select {
		case <-ctx.Done():
		case <-time.After(25 * time.Millisecond):
		}
	}
	if err == nil {
		err = r.finish(context.WithoutCancel(ctx), c)
	}
	if err == nil && others {
		err = r.catchUp(ctx, c)
	}
	if err != nil && ctx.Err() == nil {
		r.o.Log.Error("run change at once", "change", c, "err", err)
	}
}

// catchUp brings the records of a small change into this directory. Whoever carried it out does so too, but may not have
// come to it when the page is drawn.
func (r *Runner) catchUp(ctx context.Context, c id.Change) error {
	rows, _, err := r.o.Store.Rows(ctx, c, RowFilter{Step: AllSteps, Page: 1, Size: 100})
	if err != nil {
		return fmt.Errorf("load rows of %s: %w", c, err)
	}
	b := &batch{}
	for _, row := range rows {
		b.touch([]Row{row}, []Outcome{{Result: row.Result}})
	}
	r.refresh(ctx, c, b)
	return nil
}

// inFlight says whether somebody works on a row of the change.
func (r *Runner) inFlight(ctx context.Context, c id.Change) (bool, error) {
	ch, err := r.o.Store.Change(ctx, c)
	if err != nil {
		return false, fmt.Errorf("load change %s: %w", c, err)
	}
	for _, s := range ch.Counts {
		if s.Rows[Checking]+s.Rows[InIntent] > 0 {
			return true, nil
		}
	}
	return false, nil
}

var schedule = audit.Who{Kind: access.BySchedule, Name: "Schedule"}

// start moves an approved change to running and a late one to lapsed. Somebody else may be faster; that is fine.
func (r *Runner) start(ctx context.Context, c *Change) error {
	var err error
	switch {
	case c.State == Waiting || c.State == Returned:
		err = r.overdue(ctx, c)
	case (c.State == Approved || c.State == Scheduled) && !c.Lapses.IsZero():
		// Only the database knows whether it is too late; it refuses this before the time, and the start after it.
		err = r.o.Store.Move(ctx, c.ID, []State{c.State}, Lapsed, "It was approved, but could not be started in time. Nothing was done; the request can be made again.",
			audit.Entry{Who: schedule, Event: audit.Lapsed, Change: c.ID, Act: c.Kind})
		if !errors.Is(err, fault.Conflict) {
			return err
		}
		fallthrough
	case c.State == Approved || c.State == Scheduled:
		err = r.o.Store.Move(ctx, c.ID, []State{c.State}, Running, "", audit.Entry{Who: schedule, Event: audit.Started, Change: c.ID, Act: c.Kind, PlanHash: c.Hash})
	}
	if errors.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

func (r *Runner) finish(ctx context.Context, c id.Change) error {
	done, err := r.o.Store.Finish(ctx, c, audit.Entry{Who: schedule, Event: audit.Finished, Change: c})
	if err != nil {
		return fmt.Errorf("finish %s: %w", c, err)
	}
	if done {
		r.mu.Lock()
		delete(r.approved, c)
		r.mu.Unlock()
	}
	return nil
}

// rows claims one batch, looks once for all of it, and sends its groups with up to Calls calls at once.
func (r *Runner) rows(ctx context.Context, only id.Change) (bool, error) {
	rows, err := r.o.Store.Claim(ctx, r.owner, r.o.Timing.Lease, lookBatch, only)
	if err != nil {
		return false, fmt.Errorf("claim rows: %w", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	b, err := r.prepare(ctx, rows)
	if err != nil {
		// Nothing was sent. The rows go back with a delay, and the page says why.
		r.o.Log.Warn("look before sending", "change", rows[0].Change, "kind", rows[0].Kind, "err", err)
		sentence := fault.Message(err)
		if sentence == "" {
			sentence = "The account could not be read just now."
		}
		wait := 10 * time.Second
		if errors.Is(err, fault.RateLimited) {
			wait = 0
			if err := r.o.Store.Slow(context.WithoutCancel(ctx), askedWait(err)); err != nil {
				return false, err
			}
		}
		_, serr := r.o.Store.Settle(context.WithoutCancel(ctx), outcomes(rows, Queued, sentence+" It will be tried again.", wait))
		return false, serr
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	for _, group := range b.groups {
		r.calls <- struct{}{}
		if ctx.Err() != nil {
			<-r.calls
			break // the rest stays claimed until its lease runs out; nothing of it was sent
		}
		wg.Go(func() {
			defer func() { <-r.calls }()
			// A call that has begun is finished and its outcome stored, also while the program stops.
			if err := r.send(context.WithoutCancel(ctx), b, group); err != nil {
				mu.Lock()
				first = errors.Join(first, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		r.giveBack(b)
	}
	first = errors.Join(first, r.verify(context.WithoutCancel(ctx), b))
	r.refresh(context.WithoutCancel(ctx), rows[0].Change, b)
	return true, first
}

// askedWait is how long Gtmhub asked to wait; 0 if it did not say.
func askedWait(err error) time.Duration {
	if retry, ok := errors.AsType[*fault.Retry](err); ok {
		return min(retry.After, LongestWait)
	}
	return 0
}

// batch is a claim on its way.
type batch struct {
	kind   Kind
	change Change
	actor  access.Actor
	groups [][]Row

	mu     sync.Mutex
	verify []Row // answered as done, to be read again
	begun  map[id.Row]bool
	users  []id.User
	teams  []id.Team
}

func (b *batch) touch(rows []Row, out []Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, row := range rows {
		result := ""
		if i < len(out) {
			result = out[i].Result
		}
		user, team := row.made(result)
		if user != "" {
			b.users = append(b.users, user)
		}
		for _, t := range []id.Team{row.Team, team} {
			if t != "" && !slices.Contains(b.teams, t) {
				b.teams = append(b.teams, t)
			}
		}
	}
}

// prepare looks at the account and settles the rows that need no call.
func (r *Runner) prepare(ctx context.Context, rows []Row) (*batch, error) {
	kind := r.kinds[rows[0].Kind]
	if kind == nil {
		return nil, fmt.Errorf("no kind %q", rows[0].Kind)
	}
	ch, err := r.o.Store.Change(ctx, rows[0].Change)
	if err != nil {
		return nil, err
	}
	b := &batch{kind: kind, change: ch, begun: map[id.Row]bool{}}
	if b.actor, err = r.o.Actor(ctx, ch.Requester); err != nil {
		return nil, fmt.Errorf("actor of %s: %w", ch.ID, err)
	}
	if gone, err := r.gone(ctx, b); err != nil || gone != "" {
		if err == nil {
			err = r.halt(ctx, &ch, rows, gone+" has been deactivated. Nothing more was sent; HR can cancel the rest, or ask for it anew.", "requester or approver deactivated")
		}
		return b, err
	}
	if !ch.decided() {
		return b, r.halt(ctx, &ch, rows, "Not as many people as needed have agreed to this list. Nothing was sent; ask the operator.", "not decided")
	}
	rows, err = r.sound(ctx, &ch, rows)
	if err != nil || len(rows) == 0 {
		return b, err
	}
	policy, err := r.o.Policy.Fresh(ctx)
	if err != nil {
		return nil, err
	}
	findings, err := kind.Look(ctx, b.actor, rows)
	if err != nil {
		return nil, err
	}
	var settled []Outcome
	var entries []audit.Entry
	var going []Row
	for i, f := range findings {
		o := Outcome{Row: rows[i].ID, Epoch: rows[i].Epoch, State: f.State, Reason: f.Reason, Result: f.Result, Now: f.Now}
		if f.Go {
			v := policy.Decide(b.actor, f.Question)
			if v.Outcome != access.No && v.Deciders <= ch.Deciders {
				going = append(going, rows[i])
				continue
			}
			o.State, o.Reason = RefusedRow, strings.TrimSpace(v.Sentence+" "+v.Help)
		}
		settled = append(settled, o)
		entries = append(entries, r.outcomeEntry(b, rows[i], o, 0))
	}
	if len(settled) > 0 {
		if _, err := r.o.Store.Settle(ctx, settled, entries...); err != nil {
			return nil, fmt.Errorf("settle looks: %w", err)
		}
	}
	b.groups = groups(going, kind.Sizes().Call)
	return b, nil
}

// groups cuts rows into calls: rows of one Group together up to size, rows without a Group alone.
func groups(rows []Row, size int) [][]Row {
	var out [][]Row
	at := map[string]int{}
	for _, row := range rows {
		if i, ok := at[row.Group]; ok && row.Group != "" && len(out[i]) < size {
			out[i] = append(out[i], row)
			continue
		}
		at[row.Group] = len(out)
		out = append(out, []Row{row})
	}
	return out
}

// sound compares the rows with those that were decided. A row that differs is never sent: the run is paused.
func (r *Runner) sound(ctx context.Context, ch *Change, rows []Row) ([]Row, error) {
	r.mu.Lock()
	known, ok := r.approved[ch.ID]
	r.mu.Unlock()
	if !ok || known.hash != ch.Hash {
		all, _, err := r.o.Store.Rows(ctx, ch.ID, RowFilter{Step: AllSteps, Version: ch.Version})
		if err != nil {
			return nil, fmt.Errorf("load rows of %s: %w", ch.ID, err)
		}
		if Hash(ch.Version, all) != ch.Hash {
			return nil, r.tampered(ctx, ch, rows)
		}
		known = approvedRows{hash: ch.Hash, digests: make(map[id.Row]string, len(all))}
		for i := range all {
			known.digests[all[i].ID] = all[i].Digest()
		}
		r.mu.Lock()
		r.approved[ch.ID] = known
		r.mu.Unlock()
	}
	for i := range rows {
		if rows[i].Digest() != known.digests[rows[i].ID] {
			return nil, r.tampered(ctx, ch, rows)
		}
	}
	return rows, nil
}

func (r *Runner) tampered(ctx context.Context, ch *Change, rows []Row) error {
	r.o.Log.Error("rows differ from what was decided", "change", ch.ID)
	return r.halt(ctx, ch, rows, "The list differs from what was decided. Nothing more was sent; ask the operator.", "rows differ from the decision")
}

// halt pauses a run and gives its claimed rows back.
func (r *Runner) halt(ctx context.Context, ch *Change, rows []Row, note, result string) error {
	err := r.o.Store.Move(ctx, ch.ID, []State{Running}, Paused, note, audit.Entry{Who: schedule, Event: audit.Paused, Change: ch.ID, Act: ch.Kind, Result: result})
	_, serr := r.o.Store.Settle(ctx, outcomes(rows, Queued, note, 0))
	if errors.Is(err, fault.Conflict) {
		err = nil
	}
	return errors.Join(err, serr)
}

// gone names the requester or an approver who has been deactivated since; "" if all are there
// (ARCHITECTURE.md, life of a change).
func (r *Runner) gone(ctx context.Context, b *batch) (string, error) {
	if b.actor.Inactive {
		return b.actor.Name, nil
	}
	for _, d := range b.change.Decisions {
		if !d.Approve || d.Version != b.change.Version {
			continue
		}
		a, err := r.o.Actor(ctx, d.By)
		if err != nil {
			return "", fmt.Errorf("approver of %s: %w", b.change.ID, err)
		}
		if a.Inactive {
			return a.Name, nil
		}
	}
	return "", nil
}

func outcomes(rows []Row, s RowState, reason string, wait time.Duration) []Outcome {
	out := make([]Outcome, len(rows))
	for i, row := range rows {
		out[i] = Outcome{Row: row.ID, Epoch: row.Epoch, State: s, Reason: reason, Wait: wait}
	}
	return out
}

func (r *Runner) outcomeEntry(b *batch, row Row, o Outcome, operation int) audit.Entry {
	user, made := row.made(o.Result)
	team := cmp.Or(made, row.Team)
	return audit.Entry{Who: audit.WhoIs(b.change.Requester.Actor()), Event: audit.Outcome, Change: row.Change, Row: row.ID, Act: row.Kind,
		User: user, Team: team, TargetName: row.Subject, Operation: operation, After: o.State.Word(), Result: o.Reason}
}

// send makes one upstream call: intent, call, outcome.
func (r *Runner) send(ctx context.Context, b *batch, rows []Row) error {
	intents := make([]audit.Entry, len(rows))
	for i, row := range rows {
		intents[i] = audit.Entry{Who: audit.WhoIs(b.change.Requester.Actor()), Event: audit.Intent, Change: row.Change, Row: row.ID, Act: row.Kind,
			User: row.User, Team: row.Team, TargetName: row.Subject, Operation: b.kind.Operation(), Version: b.change.Version, PlanHash: b.change.Hash}
	}
	err := r.o.Store.Intend(ctx, rows, r.o.Timing.Call, intents...)
	if errors.Is(err, fault.Conflict) {
		// The claim is lost, or the change is not running any more: nothing is sent. If the claim is still ours the
		// rows go back at once; the epoch keeps us from touching rows that are not.
		_, err = r.o.Store.Settle(ctx, outcomes(rows, Queued, "", 0))
		return err
	}
	if err != nil {
		return fmt.Errorf("store intent: %w", err)
	}
	b.mu.Lock()
	for i := range rows {
		rows[i].Attempt++
		b.begun[rows[i].ID] = true
	}
	b.mu.Unlock()
	call, cancel := context.WithTimeout(ctx, r.o.Timing.Call)
	out, err := b.kind.Apply(call, Grant{r.o.Writer}, rows)
	cancel()
	if err == nil && out == nil {
		b.mu.Lock()
		b.verify = append(b.verify, rows...)
		b.mu.Unlock()
		return nil
	}
	if err != nil {
		if out, err = r.failed(ctx, b, rows, callError(err)); err != nil {
			return err
		}
	}
	return r.settle(ctx, b, rows, out)
}

// verify reads the rows again that Gtmhub answered as done: the answer alone is no proof.
func (r *Runner) verify(ctx context.Context, b *batch) error {
	if len(b.verify) == 0 {
		return nil
	}
	out, err := b.kind.Verify(ctx, b.verify, AfterSuccess)
	if err != nil {
		r.o.Log.Warn("read back after a call", "change", b.change.ID, "err", err)
		out = r.lost(b.kind, b.verify, "Gtmhub took the call, but could not be read afterwards.")
	}
	return r.settle(ctx, b, b.verify, out)
}

// settle stores what became of rows that were sent.
func (r *Runner) settle(ctx context.Context, b *batch, rows []Row, out []Outcome) error {
	for i := range out {
		out[i].Row, out[i].Epoch = rows[i].ID, rows[i].Epoch
	}
	entries := make([]audit.Entry, len(rows))
	for i := range rows {
		entries[i] = r.outcomeEntry(b, rows[i], out[i], b.kind.Operation())
	}
	n, err := r.o.Store.Settle(ctx, out, entries...)
	if err != nil {
		return fmt.Errorf("store outcome: %w", err)
	}
	for i := range out {
		if r.o.Count != nil {
			r.o.Count(b.kind.Name(), out[i].State)
		}
	}
	if n < len(out) {
		r.o.Log.Warn("a claim was lost while a call was in flight", "change", b.change.ID, "rows", len(out)-n)
	}
	b.touch(rows, out)
	return nil
}

// failed turns a failed call into outcomes, and pauses or slows the change where the next call would fail too.
func (r *Runner) failed(ctx context.Context, b *batch, rows []Row, ce *CallError) ([]Outcome, error) {
	r.o.Log.Warn("upstream call", "change", b.change.ID, "kind", b.kind.Name(), "rows", len(rows), "err", ce)
	switch ce.Class {
	case Refused:
		return outcomes(rows, RefusedRow, ce.Sentence, 0), nil
	case Conflicted:
		out, err := b.kind.Verify(ctx, rows, AfterConflict)
		if err != nil {
			return r.lost(b.kind, rows, ce.Sentence), nil
		}
		return out, nil
	case NotDone, TooFast, Stop:
		out := outcomes(rows, Queued, ce.Sentence, ce.Wait)
		for i := range out {
			out[i].KeepAttempt = true
		}
		if ce.Class == NotDone {
			for i := range out {
				out[i].Wait = max(ce.Wait, 5*time.Second)
			}
			return out, nil
		}
		if ce.Class == TooFast {
			for i := range out {
				out[i].Wait = 0 // the wait is for all rows of all changes alike
			}
			return out, r.o.Store.Slow(ctx, min(ce.Wait, LongestWait))
		}
		left, err := r.o.Store.Change(ctx, b.change.ID)
		if err != nil {
			return nil, err
		}
		note := fmt.Sprintf("%d left: %s. %s Nothing was lost; go on when it is mended.", left.Main().Total()-left.Main().Ended(), cmp.Or(ce.Brief, "Gtmhub refuses"), ce.Sentence)
		err = r.o.Store.Move(ctx, b.change.ID, []State{Running}, Paused, note,
			audit.Entry{Who: schedule, Event: audit.Paused, Change: b.change.ID, Act: b.change.Kind, Result: ce.Sentence})
		if errors.Is(err, fault.Conflict) {
			err = nil // another call of this run has paused it already
		}
		return out, err
	default:
		return r.lost(b.kind, rows, ce.Sentence), nil
	}
}

// lost is the outcome of a call that nobody knows the outcome of.
func (r *Runner) lost(k Kind, rows []Row, sentence string) []Outcome {
	out := outcomes(rows, Unknown, sentence+" It is looked up again shortly.", r.o.Timing.Settle)
	if !k.Repeatable() {
		return out
	}
	for i := range out {
		if rows[i].Attempt >= r.o.Timing.Attempts {
			out[i].State, out[i].Wait = Attention, 0
			out[i].Reason = sentence + " It was tried several times; please look at it in Gtmhub and try again."
		} else {
			out[i].State, out[i].Wait = Queued, time.Duration(rows[i].Attempt)*5*time.Second
		}
	}
	return out
}

// reconcile reads back one batch of rows whose outcome was lost. It never writes to the account.
func (r *Runner) reconcile(ctx context.Context) (bool, error) {
	rows, err := r.o.Store.ClaimUnknown(ctx, r.owner, r.o.Timing.Lease, lookBatch)
	if err != nil {
		return false, fmt.Errorf("claim lost rows: %w", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	kind := r.kinds[rows[0].Kind]
	if kind == nil {
		return false, fmt.Errorf("no kind %q", rows[0].Kind)
	}
	ch, err := r.o.Store.Change(ctx, rows[0].Change)
	if err != nil {
		return false, err
	}
	b := &batch{kind: kind, change: ch}
	out, err := kind.Verify(ctx, rows, AfterLoss)
	if err != nil {
		r.o.Log.Warn("read back a lost outcome", "change", ch.ID, "err", err)
		_, serr := r.o.Store.Settle(ctx, outcomes(rows, Unknown, "The outcome could not be looked up yet.", r.o.Timing.Settle))
		return false, serr
	}
	entries := make([]audit.Entry, len(rows))
	for i, row := range rows {
		out[i].Row, out[i].Epoch = row.ID, row.Epoch
		if out[i].State == Unknown {
			out[i] = r.absent(kind, row, out[i])
		}
		entries[i] = r.outcomeEntry(b, row, out[i], 0)
	}
	if _, err := r.o.Store.Settle(ctx, out, entries...); err != nil {
		return false, fmt.Errorf("store looked-up outcomes: %w", err)
	}
	b.touch(rows, out)
	r.refresh(ctx, ch.ID, b)
	return true, r.finish(ctx, ch.ID)
}

// absent decides about a row whose effect is not to be seen. A second look after another settle time must say the
// same before the row is tried again. Row.Updated is the time of the
// claim, by the same clock as IntentAt.
func (r *Runner) absent(k Kind, row Row, o Outcome) Outcome {
	switch {
	case !k.Repeatable() && row.Updated.Sub(row.IntentAt) < 2*r.o.Timing.Settle:
		o.Wait, o.Reason = r.o.Timing.Settle, "Not to be seen in Gtmhub yet. It is looked up once more."
	case row.Attempt >= r.o.Timing.Attempts:
		o.State, o.Reason = Attention, "It was tried several times and is not to be seen in Gtmhub. Please look at it and try again."
	default:
		o.State, o.Reason = Queued, "It had not been carried out, and is tried again."
	}
	return o
}

// giveBack returns claimed rows that were not begun, so that others need not wait for the lease.
func (r *Runner) giveBack(b *batch) {
	var rest []Row
	for _, g := range b.groups {
		for _, row := range g {
			if !b.begun[row.ID] {
				rest = append(rest, row)
			}
		}
	}
	if len(rest) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := r.o.Store.Settle(ctx, outcomes(rest, Queued, "", 0)); err != nil {
		r.o.Log.Warn("give back rows", "err", err)
	}
}

// refresh brings the touched records into the directory. A failure is no failure of the change: the directory catches
// up at its next look.
func (r *Runner) refresh(ctx context.Context, c id.Change, b *batch) {
	if r.o.Refresh == nil || len(b.users)+len(b.teams) == 0 {
		return
	}
	if err := r.o.Refresh(ctx, b.users, b.teams); err != nil {
		r.o.Log.Warn("refresh the directory", "change", c, "err", err)
	}
}
