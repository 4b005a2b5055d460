package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Options are the settings and dependencies of a Service.
type Options struct {
	Store   Store
	Trail   audit.Trail
	Recipes []Recipe
	// Policy is asked at every submission.
	Policy *Policies
	// Team reads a team fresh, for the decisions of its lead.
	Team func(ctx context.Context, t id.Team) (access.Team, error)
	// Lapse is how long a request waits for a decision; 0 means 72 hours.
	Lapse time.Duration
	// Runner carries out direct changes while the page waits, for at most Inline; 0 means 2 seconds.
	Runner *Runner
	Inline time.Duration
	Log    *slog.Logger
}

// Service takes, shows and decides changes. It is safe for concurrent use.
type Service struct {
	o       Options
	recipes map[string]Recipe
}

// NewService makes a service. It panics on two recipes of one name.
func NewService(o Options) *Service {
	if o.Lapse == 0 {
		o.Lapse = 72 * time.Hour
	}
	if o.Inline == 0 {
		o.Inline = 2 * time.Second
	}
	s := &Service{o: o, recipes: map[string]Recipe{}}
	for _, r := range o.Recipes {
		if s.recipes[r.Name()] != nil {
			panic("two recipes named " + r.Name())
		}
		s.recipes[r.Name()] = r
	}
	return s
}

// Verdict is the policy's answer to a question, for pages that draw or leave out a button. It is the same function that
// answers when the form is sent and when the row runs.
func (s *Service) Verdict(a access.Actor, q access.Question) access.Verdict {
	return s.o.Policy.Decide(a, q)
}

// Explain is Verdict with what can be done instead where it is a no.
func (s *Service) Explain(a access.Actor, q access.Question) *access.Refusal {
	p := s.o.Policy.Now()
	return p.Explain(a, p.Decide(a, q), q)
}

// Preview is a plan with the policy's answer, before anything is stored.
type Preview struct {
	Plan
	Verdict access.Verdict
	// Ground is what the verdict stands on, and Policy the number of the version that was asked.
	Ground access.Ground
	Policy int
}

// nothingToDo is the rule of plans in which nothing can be done.
const nothingToDo = "nothing to do"

// Preview plans an input and asks the policy, without storing anything. requester is who would make the change.
func (s *Service) Preview(ctx context.Context, a access.Actor, requester Person, in Input) (Preview, error) {
	recipe := s.recipes[in.Recipe]
	if recipe == nil {
		return Preview{}, fmt.Errorf("plan %q: no such recipe", in.Recipe)
	}
	policy, err := s.o.Policy.Fresh(ctx)
	if err != nil {
		return Preview{}, err
	}
	plan, err := recipe.Plan(ctx, a, in.Fields)
	if err != nil {
		return Preview{}, fmt.Errorf("plan %s: %w", in.Recipe, err)
	}
	if plan.Single {
		n, err := s.o.Store.RecentDirect(ctx, requester, in.Recipe, 24*time.Hour)
		if err != nil {
			return Preview{}, fmt.Errorf("count single invitations: %w", err)
		}
		plan.Question.RecentInvites = n
	}
	if plan.Question.Act == "" && plan.Open() == 0 {
		return Preview{Plan: plan, Verdict: access.Verdict{Outcome: access.No, Rule: nothingToDo, Sentence: "Nothing of this can be done."}}, nil
	}
	g := access.Examine(a, plan.Question)
	for _, q := range plan.More {
		g = g.Plus(access.Examine(a, q))
	}
	return Preview{Plan: plan, Verdict: policy.Judge(g), Ground: g, Policy: policy.Number}, nil
}

// ReasonWanted is the error of a change that needs a decision and came without a reason: a fault.FieldError of "reason".
type ReasonWanted struct{ Verdict access.Verdict }

func (e *ReasonWanted) Error() string { return e.Unwrap().Error() }

// Unwrap makes it a mistake in the form.
func (e *ReasonWanted) Unwrap() error {
	return &fault.FieldError{Field: "reason", Message: "Say why, for the person who decides."}
}

// Submit plans the input, asks the policy and stores the change. A direct change is carried out at once, for at most
// Options.Inline; what is left then goes on in the background. The answer is the change as it stands.
//
// Errors: Forbidden when the policy says no or not a single row is possible for the actor; Invalid for a bad input;
// Unavailable when Gtmhub or the store does not answer. Nothing is stored then.
func (s *Service) Submit(ctx context.Context, a access.Actor, requester Person, in Input) (Change, error) {
	in.Reason = strings.TrimSpace(in.Reason)
	if utf8.RuneCountInString(in.Reason) > MaxReason {
		return Change{}, &fault.FieldError{Field: "reason", Message: fmt.Sprintf("The reason may have at most %d characters.", MaxReason)}
	}
	if err := plannable(in.NotBefore, time.Now()); err != nil {
		return Change{}, err
	}
	p, err := s.Preview(ctx, a, requester, in)
	if err != nil {
		return Change{}, err
	}
	drifted := in.Shown != "" && in.Shown != p.Mark()
	if p.Verdict.Outcome == access.No && !(drifted && p.Verdict.Rule == nothingToDo) {
		s.refused(ctx, a, "", in.Recipe, p.Verdict)
		return Change{}, s.o.Policy.Now().Explain(a, p.Verdict, append([]access.Question{p.Question}, p.More...)...)
	}
	if p.Verdict.Outcome == access.NeedsDecision && in.Reason == "" {
		return Change{}, &ReasonWanted{Verdict: p.Verdict}
	}
	if drifted {
		return Change{}, fault.New(fault.Conflict, "The account has changed since this page was drawn. Nothing was done; look at what would be done now.")
	}
	c := Change{
		ID: cmp.Or(in.ID, id.NewChange()), Kind: in.Recipe, Title: p.Title, Requester: requester, Reason: in.Reason,
		State: Approved, UndoOf: Link{ID: p.UndoOf}, Planned: in.NotBefore, Version: 1, Deciders: p.Verdict.Deciders, By: p.Verdict.By, Lead: p.Verdict.Lead, Ground: p.Ground, Policy: p.Policy, Rule: p.Verdict.Rule, RuleSentence: p.Verdict.Sentence,
	}
	if in.Source != nil {
		c.SourceName = in.Source.Name
	}
	if p.Verdict.Outcome == access.NeedsDecision {
		c.State = Waiting
	}
	rows := p.Rows
	for i := range rows {
		rows[i].ID, rows[i].Change, rows[i].Version = id.NewRow(), c.ID, c.Version
	}
	open := begin(rows)
	for child, parent := range p.Links {
		rows[child].Parent = rows[parent].ID
	}
	if open == 0 && !slices.ContainsFunc(rows, func(r Row) bool { return r.State == Nothing }) {
		return Change{}, fault.New(fault.Invalid, "Nothing of this can be done. "+firstNote(rows))
	}
	c.Hash = Hash(c.Version, rows)
	if open == 0 {
		c.State, c.Deciders = Approved, 0
	}
	c, err = s.o.Store.Create(ctx, c, rows, in.Source, s.o.Lapse, audit.Entry{
		Who: audit.WhoIs(a), Event: audit.Submitted, Act: in.Recipe, TargetName: p.Title, After: manner(c.State), Result: p.Verdict.Rule,
		Version: c.Version, PlanHash: c.Hash,
	})
	if errors.Is(err, fault.Conflict) && in.ID != "" {
		return s.Show(ctx, a, in.ID)
	}
	if errors.Is(err, fault.Conflict) && p.UndoOf != "" {
		return Change{}, fault.Wrap(err, fault.Conflict, "This has been undone already. Nothing was done a second time.")
	}
	if err != nil {
		return Change{}, fmt.Errorf("store change: %w", err)
	}
	if c.State == Approved && s.o.Runner != nil {
		s.o.Runner.RunNow(ctx, c.ID, s.o.Inline)
		return s.o.Store.Change(ctx, c.ID)
	}
	return c, nil
}

// manner says in the audit trail whether a change went ahead or waits for a decision.
func manner(s State) string {
	if s == Waiting {
		return "to be decided"
	}
	return "direct"
}

// begin gives planned rows their first state, and counts those that are to be carried out.
func begin(rows []Row) (open int) {
	for i := range rows {
		rows[i].plain()
		switch rows[i].Action {
		case NothingToDo:
			rows[i].State, rows[i].Reason = Nothing, rows[i].Note
		case NotPossible:
			rows[i].State, rows[i].Reason = Blocked, rows[i].Note
		default:
			rows[i].State, rows[i].Reason = Queued, ""
			open++
		}
	}
	return open
}

func firstNote(rows []Row) string {
	for i := range rows {
		if rows[i].Note != "" {
			return rows[i].Note
		}
	}
	return ""
}

// refused leaves a trace of something that was not allowed, about the change c or, when it is empty, none. The refusal stands even if the trace cannot be written.
func (s *Service) refused(ctx context.Context, a access.Actor, c id.Change, act string, v access.Verdict) {
	err := s.o.Trail.Append(context.WithoutCancel(ctx), audit.Entry{Who: audit.WhoIs(a), Event: audit.Refused, Change: c, Act: act, Result: v.Rule})
	if err != nil {
		s.o.Log.Error("audit of a refusal", "err", err)
	}
}

// Show returns a change that the actor may see, else NotFound.
func (s *Service) Show(ctx context.Context, a access.Actor, c id.Change) (Change, error) {
	ch, err := s.o.Store.Change(ctx, c)
	if err != nil {
		return Change{}, fmt.Errorf("load change %s: %w", c, err)
	}
	if !access.SeesChange(a, ch.Facts()) {
		return Change{}, fault.New(fault.NotFound, "There is no such request.")
	}
	return ch, nil
}

// Result returns a change for a page that shows no more of it than how it was decided, to somebody who was asked and whose
// scope it has left since. The caller has made sure of that.
func (s *Service) Result(ctx context.Context, c id.Change) (Change, error) {
	ch, err := s.o.Store.Change(ctx, c)
	if err != nil {
		return Change{}, fmt.Errorf("load change %s: %w", c, err)
	}
	return ch, nil
}

// Rows returns rows of a change that the actor may see.
func (s *Service) Rows(ctx context.Context, a access.Actor, c id.Change, f RowFilter) ([]Row, int, error) {
	if _, err := s.Show(ctx, a, c); err != nil {
		return nil, 0, err
	}
	return s.o.Store.Rows(ctx, c, f)
}

// Source returns the uploaded file of a change that the actor may see.
func (s *Service) Source(ctx context.Context, a access.Actor, c id.Change) (Source, error) {
	if _, err := s.Show(ctx, a, c); err != nil {
		return Source{}, err
	}
	return s.o.Store.Source(ctx, c)
}

// Box names a list of changes.
type Box string

// The lists.
const (
	// ForMe are requests that wait and that the actor may decide.
	ForMe Box = "waiting"
	// Mine are the actor's own.
	Mine Box = "mine"
	// All are those that the actor may see.
	All Box = "all"
)

// List returns one box and how many are in it: newest first, but what waits for a decision by the time of lapsing.
func (s *Service) List(ctx context.Context, a access.Actor, me Person, b Box, page, size int) ([]Change, int, error) {
	f := Filter{Page: page, Size: size}
	switch {
	case b == ForMe && a.May(access.ChangesDecide):
		f.States, f.NotRequestedBy, f.NotEditedBy, f.SoonestFirst, f.By = []State{Waiting}, &me, &me, true, []access.By{access.ByAny, access.ByLead}
		if a.HR {
			f.By = append(f.By, access.ByHR)
		}
		if a.Approver {
			f.By = append(f.By, access.ByApprover)
		}
		if !a.HR && !a.Approver {
			f.Leads = append([]id.Team{}, a.Decides()...)
		}
	case b == ForMe:
		return nil, 0, nil
	case b == All && (a.HR || a.Auditor):
	case b == All && a.Approver:
		f.DecidedBy = &me
	default:
		f.RequestedBy = &me
	}
	return s.o.Store.Changes(ctx, f)
}

// Numbered returns the change with a number if the actor may see it, else NotFound.
func (s *Service) Numbered(ctx context.Context, a access.Actor, number int) (Change, error) {
	none := fault.New(fault.NotFound, "There is no such request.")
	if number < 1 {
		return Change{}, none
	}
	list, _, err := s.o.Store.Changes(ctx, Filter{Number: number, Size: 1})
	if err != nil {
		return Change{}, fmt.Errorf("find change #%d: %w", number, err)
	}
	if len(list) == 0 || !access.SeesChange(a, list[0].Facts()) {
		return Change{}, none
	}
	return list[0], nil
}

// About lists the changes with a row about a team or a user, for pages that the actor may see anyway; it shows only
// those changes that the actor may see.
func (s *Service) About(ctx context.Context, a access.Actor, team id.Team, user id.User) ([]Change, error) {
	list, _, err := s.o.Store.Changes(ctx, Filter{Team: team, User: user, Size: 25})
	if err != nil {
		return nil, fmt.Errorf("changes about: %w", err)
	}
	return slices.DeleteFunc(list, func(c Change) bool { return !access.SeesChange(a, c.Facts()) }), nil
}

// OpenOf lists the requests that a user has made and that have not ended, for those who see all requests; for others it is
// empty.
func (s *Service) OpenOf(ctx context.Context, a access.Actor, user id.User) ([]Change, error) {
	if !a.HR && !a.Auditor || user == "" {
		return nil, nil
	}
	open := slices.DeleteFunc(States(), State.Ended)
	list, _, err := s.o.Store.Changes(ctx, Filter{States: open, RequestedBy: &Person{User: user}, Size: 25})
	if err != nil {
		return nil, fmt.Errorf("open requests of %s: %w", user, err)
	}
	return list, nil
}

func (s *Service) wake() {
	if s.o.Runner != nil {
		s.o.Runner.Wake()
	}
}

// Withdraw takes back a request that waits, for a decision or an answer. Only its requester may.
func (s *Service) Withdraw(ctx context.Context, a access.Actor, c id.Change) error {
	ch, err := s.Show(ctx, a, c)
	if err != nil {
		return err
	}
	if !a.Same(ch.Requester.Actor()) {
		return fault.New(fault.Forbidden, "Only the person who made the request can withdraw it.")
	}
	const note = "Withdrawn by the requester."
	err = s.o.Store.Move(ctx, c, []State{Waiting, Returned}, Withdrawn, note, audit.Entry{Who: audit.WhoIs(a), Event: audit.Withdrawn, Change: c, Act: ch.Kind})
	if ch.Note == note && ch.State.Ended() { // a later version, withdrawn before: the change stands where the earlier ones ended
		return s.settled(ctx, c, err, ch.State)
	}
	return s.settled(ctx, c, err, Withdrawn)
}

func (s *Service) steer(ctx context.Context, a access.Actor, c id.Change) (Change, error) {
	ch, err := s.Show(ctx, a, c)
	if err != nil {
		return Change{}, err
	}
	if v := access.MaySteer(a, ch.Facts()); v.Outcome == access.No {
		s.refused(ctx, a, c, "steer", v)
		return Change{}, access.Refuse(v)
	}
	return ch, nil
}

// settled makes steering idempotent: a change that is already where the person wanted it is no error.
func (s *Service) settled(ctx context.Context, c id.Change, err error, want ...State) error {
	if !errors.Is(err, fault.Conflict) {
		return err
	}
	if ch, e := s.o.Store.Change(ctx, c); e == nil && slices.Contains(want, ch.State) {
		return nil
	}
	return err
}

// Pause stops claiming rows; those in flight get their outcome.
func (s *Service) Pause(ctx context.Context, a access.Actor, c id.Change) error {
	ch, err := s.steer(ctx, a, c)
	if err != nil {
		return err
	}
	err = s.o.Store.Move(ctx, c, []State{Running, Approved}, Paused, "Paused by "+a.Name+".",
		audit.Entry{Who: audit.WhoIs(a), Event: audit.Paused, Change: c, Act: ch.Kind})
	return s.settled(ctx, c, err, Paused)
}

// Resume goes on with a paused change.
func (s *Service) Resume(ctx context.Context, a access.Actor, c id.Change) error {
	ch, err := s.steer(ctx, a, c)
	if err != nil {
		return err
	}
	err = s.o.Store.Move(ctx, c, []State{Paused}, Running, "", audit.Entry{Who: audit.WhoIs(a), Event: audit.Resumed, Change: c, Act: ch.Kind})
	s.wake()
	return s.settled(ctx, c, err, Running, Approved)
}

// Cancel ends a change that is not finished: rows that have not been sent are cancelled, those in flight get their outcome.
func (s *Service) Cancel(ctx context.Context, a access.Actor, c id.Change) error {
	ch, err := s.steer(ctx, a, c)
	if err != nil {
		return err
	}
	err = s.o.Store.Move(ctx, c, []State{Approved, Scheduled, Running, Paused}, Cancelled, "Cancelled by "+a.Name+".",
		audit.Entry{Who: audit.WhoIs(a), Event: audit.Cancelled, Change: c, Act: ch.Kind})
	return s.settled(ctx, c, err, Cancelled)
}

// Retry queues the failed rows of a finished change again. It returns how many.
func (s *Service) Retry(ctx context.Context, a access.Actor, c id.Change) (int, error) {
	ch, err := s.steer(ctx, a, c)
	if err != nil {
		return 0, err
	}
	if !ch.Erased.IsZero() {
		return 0, fault.New(fault.Conflict, "The names and values of this request were deleted 90 days after its end, so it cannot be tried again. Make a new one.")
	}
	n, err := s.o.Store.Retry(ctx, c, audit.Entry{Who: audit.WhoIs(a), Event: audit.Retried, Change: c, Act: ch.Kind})
	s.wake()
	return n, err
}

// Progress is how fast a change goes and how long it will take.
type Progress struct {
	// PerMinute is the rate of the last minute, or since it went on after a break, in rows of the first step.
	PerMinute int
	// Left is 0 when it is not known.
	Left time.Duration
}

// Progress measures a running change; the answer is empty for others.
func (s *Service) Progress(ctx context.Context, ch Change, now time.Time) (Progress, error) {
	if ch.State != Running || ch.Started.IsZero() {
		return Progress{}, nil
	}
	since := ch.WentOn
	if ch.Resumes.After(since) {
		since = ch.Resumes // a break that Gtmhub asked for is not slowness either
	}
	if since.After(now) {
		return Progress{}, nil
	}
	window := min(time.Minute, max(now.Sub(since), time.Second))
	n, err := s.o.Store.Speed(ctx, ch.ID, window)
	if err != nil {
		return Progress{}, fmt.Errorf("speed of %s: %w", ch.ID, err)
	}
	p := Progress{PerMinute: int(float64(n) * float64(time.Minute) / float64(window))}
	if open := ch.Main().Total() - ch.Main().Ended(); n > 0 && open > 0 {
		p.Left = time.Duration(float64(open) / float64(n) * float64(window)).Round(time.Second)
	}
	return p, nil
}
