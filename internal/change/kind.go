package change

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Input is what a form or file asks for: a recipe's name and its fields. Handlers make it; the recipe reads it.
type Input struct {
	// ID, when set, becomes the id of the change. Submitting the same id again gives the change that is there: for forms
	// that people send twice.
	ID id.Change
	// Recipe names who plans it, such as "invite people".
	Recipe string
	// Fields is the recipe's own input as JSON.
	Fields json.RawMessage
	// Reason is what the requester says to whoever decides; at most MaxReason characters.
	Reason string
	// Source is the uploaded file, nil for none.
	Source *Source
	// NotBefore is when the change may start at the earliest; zero for at once. At most [LongestPlan] ahead.
	NotBefore time.Time
	// Shown, when set, is the mark ([Plan.Mark]) of the plan that the person saw. Submitting is a Conflict when the plan
	// has another one by now.
	Shown string
}

// Source is the uploaded file of a change, kept for the return file until 90 days after the change ended.
type Source struct {
	// Name is the file name as it was uploaded, for display only. It is never used as a path.
	Name string
	// Data is the file as it came.
	Data []byte
	// Format is the joiners.Format by which the person had it read, as JSON: what was chosen, not what would be guessed.
	Format json.RawMessage
}

// MaxReason is the longest reason, in characters.
const MaxReason = 1000

// Recipe works an input out against the account as it is now. One file of package kinds each.
type Recipe interface {
	// Name is unique, in the words of the pages.
	Name() string
	// Plan returns the title and the rows with their old and new values. Rows that cannot be done are in it as
	// NotPossible with a Note. Errors are fault.Invalid, NotFound or Unavailable with a sentence.
	Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (Plan, error)
}

// Plan is a change worked out, before it is submitted.
type Plan struct {
	Title string
	// Rows have Step, Pos, Kind, Parent and the rest of the plan's part set; the service sets ids and states.
	// Parent refers to the Pos of a row by Link before ids exist.
	Rows []Row
	// Links gives the index (in Rows) of the parent of a row, by index; rows without one are missing.
	Links map[int]int
	// Question is the whole put to the policy; the single rows were put to it by the recipe.
	Question access.Question
	// More are further questions of a plan whose rows are of several acts. The strictest verdict counts.
	More []access.Question
	// Single says that something would be done for one person at most, for the rule on many single invitations.
	// Rows that are not possible or have nothing to do must not hide it.
	Single bool
	// UndoOf is the change that the plan takes back; empty for all but undos.
	UndoOf id.Change
}

// Mark is a SHA-256 over all that the plan would do, as hex: what a page was drawn from.
func (p *Plan) Mark() string { return Hash(0, p.Rows) }

// Open is how many rows, of all steps, have something to do.
func (p *Plan) Open() int {
	n := 0
	for i := range p.Rows {
		if a := p.Rows[i].Action; a == Create || a == Update {
			n++
		}
	}
	return n
}

// Counts of a plan by action.
func (p *Plan) Counts() map[Action]int {
	out := map[Action]int{}
	for i := range p.Rows {
		if p.Rows[i].Step == 0 {
			out[p.Rows[i].Action]++
		}
	}
	return out
}

// Kind carries out rows of one sort. One file of package kinds each. Its methods are called by the runner only, with
// rows of one change, at most Sizes rows at a time.
type Kind interface {
	// Name is what Row.Kind holds.
	Name() string
	// Sizes says how many rows one look and one upstream call take.
	Sizes() Sizes
	// Operation is the number of the Gtmhub operation that Apply calls, for the audit trail.
	Operation() int
	// Look reads the account as it is now and says for each row whether it may go on, has nothing to do, is held
	// because the account has drifted since the decision, or is refused. A look that fails is an error, never "absent".
	// Findings come in the order of the rows.
	Look(ctx context.Context, a access.Actor, rows []Row) ([]Finding, error)
	// Repeatable says that the call sets a state, so that doing it twice does no harm. A row of a repeatable kind goes
	// back to the queue when its outcome was lost; its next Look sees what happened (Row.Attempt is above 0 then).
	Repeatable() bool
	// Apply makes the one upstream call for rows that share a Group (or for a single row). Outcomes say what became of
	// the rows where the answer itself proves it; nil asks for Verify, which is called once for all such rows of a
	// batch. An error is a *CallError, or counts as lost.
	Apply(ctx context.Context, g Grant, rows []Row) ([]Outcome, error)
	// Verify reads again and says for each row what became of it. Row.IntentAt and Row.Attempt say when and how often
	// the call was tried. A record that is not there after AfterLoss is answered with Unknown; the runner counts looks.
	Verify(ctx context.Context, rows []Row, after After) ([]Outcome, error)
}

// Inverter is a kind whose rows can be taken back, as far as the account still allows it. A kind that is no Inverter
// cannot be undone at all.
type Inverter interface {
	// Invert returns the row that takes back row, which is Done, planned against the account as it is now: Kind, Subject,
	// Detail, Payload, User, Team, Group, Lock, Action, Before, After and Note. The Action is NothingToDo where it is so
	// already, NotPossible with a Note where it cannot be taken back any more. Errors are those of Recipe.Plan.
	Invert(ctx context.Context, row Row) (Row, error)
}

// After says what Verify follows.
type After int

// What Verify may follow.
const (
	// AfterSuccess: the call was answered as done.
	AfterSuccess After = iota
	// AfterConflict: the call was answered with 409: it is already so, or a rule forbids it.
	AfterConflict
	// AfterLoss: nobody knows whether the call was carried out; the settle time has passed.
	AfterLoss
)

// Sizes are numbers of rows, at least 1.
type Sizes struct{ Look, Call int }

// Finding is what a look says about one row.
type Finding struct {
	// Go says that the row goes on; Question is then what the policy is asked about it, with facts just read.
	Go       bool
	Question access.Question
	// Otherwise State says why not: Done (an earlier attempt of ours), Nothing, Held, RefusedRow, or Queued for later.
	State  RowState
	Reason string
	Result string
	// Now is what a Held row met instead of what was decided, in the words of Row.Before.
	Now string
}

// Class says what a failed call means for the row and the run.
type Class int

// The classes of failed calls.
const (
	// Refused: the call was refused for what the row is; definitely not done.
	Refused Class = iota
	// NotDone: the call did nothing; the row goes back to the queue.
	NotDone
	// Stop: the call did nothing and so will the next ones (token, licence, permission): the run is paused.
	Stop
	// TooFast: the call did nothing because of the pace (429).
	TooFast
	// Conflicted: the call met a 409; reading again decides.
	Conflicted
	// Lost: nobody knows whether the call did something.
	Lost
)

// CallError is a failed upstream call, in the runner's words.
type CallError struct {
	Class Class
	// Sentence is for people.
	Sentence string
	// Brief says the cause of a Stop in two or three words: "no licence".
	Brief string
	// Wait is how long Gtmhub asked to wait, for TooFast; 0 if it did not say.
	Wait time.Duration
	Err  error
}

func (e *CallError) Error() string {
	if e.Err == nil {
		return e.Sentence
	}
	return e.Sentence + ": " + e.Err.Error()
}

func (e *CallError) Unwrap() error { return e.Err }

func callError(err error) *CallError {
	if ce, ok := errors.AsType[*CallError](err); ok {
		return ce
	}
	return &CallError{Class: Lost, Sentence: "The answer of Gtmhub was lost.", Err: err}
}

// Grant is the right to make one upstream call. Only the runner makes one, after the policy has allowed the rows and
// the intent is stored. Its zero value opens nothing.
type Grant struct{ writer any }

// Open gives a kind the part W of the writing client that it declares for itself. W must be an interface.
func Open[W any](g Grant) (W, error) {
	w, ok := g.writer.(W)
	if !ok {
		var none W
		return none, fault.New(fault.Internal, "no permission to write")
	}
	return w, nil
}
