package change

import (
	"context"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Store keeps changes and rows. Every method is one transaction and writes the audit entries it is given in it; a
// method that changes something takes them. All times are by the database's clock; durations are added to it there.
// It is safe for concurrent use by several instances. Errors carry fault kinds: NotFound, Conflict, Full, Unavailable.
type Store interface {
	// Create stores a new change with its rows and its source (nil for none; the name is Change.SourceName) and gives it the next Number. A change whose Deciders is above 0 gets
	// Lapses = now + lapse. Conflict unless Change.Policy is the version of the policy that holds. A change that needs no decision and is Planned for later is Scheduled, and lapses that long after
	// its date.
	Create(ctx context.Context, c Change, rows []Row, source *Source, lapse time.Duration, entries ...audit.Entry) (Change, error)
	// Change returns the head with decisions and counts.
	Change(ctx context.Context, c id.Change) (Change, error)
	// Changes returns heads with decisions and counts, newest first, and how many match.
	Changes(ctx context.Context, f Filter) ([]Change, int, error)
	// Rows returns rows in order of step and position, and how many match.
	Rows(ctx context.Context, c id.Change, f RowFilter) ([]Row, int, error)
	// Source returns the uploaded file of the change; NotFound if there is none (any more).
	Source(ctx context.Context, c id.Change) (Source, error)

	// Decide records one decision if the change is waiting, has this version and hash, and has not lapsed. Rows that
	// it rejects, and the rows that depend on them, get RejectedRow with the reason. A whole rejection rejects all
	// that is queued and moves the change to Rejected. When the required number of approvals is there, the change
	// moves to Approved, or to Scheduled if its date is still to come. If all queued rows were rejected the change moves to Rejected too. Conflict when somebody
	// else was faster or the same person has decided before.
	Decide(ctx context.Context, c id.Change, d Decision, entries ...audit.Entry) (Change, error)
	// Move changes the state by one conditional update: Conflict unless the state is one of from. Moving to an ended
	// state sets Ended (a change with done rows that is withdrawn or lapses ends as Finished or Problems instead, because
	// only its last version was given up); to Cancelled or Withdrawn or Lapsed turns queued and held rows into CancelledRow with the
	// note as reason; to Running sets Started once and clears Resumes and Note. Moving to Lapsed is Conflict before the
	// time of Lapses, and starting a change is Conflict after it, or before its date while it is Scheduled.
	Move(ctx context.Context, c id.Change, from []State, to State, note string, entries ...audit.Entry) error
	// Return stores a question and moves a waiting change to Returned, under the conditions of Decide; it then lapses
	// after lapse. Votes stand as long as nobody edits a row.
	Return(ctx context.Context, c id.Change, d Decision, lapse time.Duration, entries ...audit.Entry) (Change, error)
	// Answer stores the requester's answer and lets a returned change wait again, for lapse. Conflict in another state.
	Answer(ctx context.Context, c id.Change, by Person, text string, lapse time.Duration, entries ...audit.Entry) (Change, error)
	// Revise makes the next version (see Revision). Conflict when the policy has changed, or the change or one of the rows has moved on meanwhile.
	Revise(ctx context.Context, c id.Change, r Revision, lapse time.Duration, entries ...audit.Entry) (Change, error)
	// Remind marks a waiting change as reminded (half of its time is over) or escalated (three quarters are), and writes
	// the entries. first is false, and nothing is written, if it is too early, somebody has done it, or it waits no more.
	Remind(ctx context.Context, c id.Change, e audit.Event, entries ...audit.Entry) (first bool, err error)
	// Retry puts the refused and attention rows of the present version (and the rows cancelled because of them) back to queued with Attempt
	// 0, and a Problems change back to Running. It returns how many rows.
	Retry(ctx context.Context, c id.Change, entries ...audit.Entry) (int, error)
	// Due returns the changes that the runner must look at: approved, running, scheduled ones whose date has come, waiting,
	// returned or approved ones that have lapsed, and waiting ones whose deciders are to be reminded.
	Due(ctx context.Context) ([]Change, error)

	// Claim takes up to max rows, and of the last group all rows that share its lock, up to MostClaimed, that may go now, of running changes whose Resumes has passed: queued, NotBefore
	// passed, parent done or with nothing to do. Rows come in order of change start, step, group and position, all of one
	// Kind and one Change. Their Lock is taken; rows whose Lock is held elsewhere are left out (rows of one claim with
	// the same Lock and Group share it). They become Checking with Owner, Epoch+1 and a lease. The User of a row with a parent is filled from the parent's Result.
	// only, when not empty, limits it to one change.
	Claim(ctx context.Context, owner string, lease time.Duration, max int, only id.Change) ([]Row, error)
	// ClaimUnknown takes up to max Unknown rows of one change and kind whose NotBefore has passed, in any state of the change but keeps
	// them Unknown; their lock stays held. Owner, Epoch+1 and a lease as in Claim.
	ClaimUnknown(ctx context.Context, owner string, lease time.Duration, max int) ([]Row, error)
	// Expire turns Checking rows whose lease ran out back into queued, and InIntent rows whose lease ran out into
	// Unknown with NotBefore = now + settle. It returns how many.
	Expire(ctx context.Context, settle time.Duration) (int, error)
	// Intend moves rows from Checking to InIntent with Attempt+1 and IntentAt, if all of them still carry the epoch and owner, their
	// lease has more than need left, the change is still running, and the account need not wait ([Store.Slow]); else Conflict and nothing is changed.
	Intend(ctx context.Context, rows []Row, need time.Duration, entries ...audit.Entry) error
	// Settle writes outcomes for rows that still carry the epoch, releases their locks unless the new state is
	// Unknown, and cancels the rows that depend on rows that ended badly. It returns how many rows were written;
	// fewer than given means that claims were lost.
	Settle(ctx context.Context, outcomes []Outcome, entries ...audit.Entry) (int, error)
	// Slow lets no row of any change be claimed, and no intent be stored, before now + wait. With a wait of 0 it is 1 second,
	// and twice as long each time that it happens again within a minute, up to [LongestWait]. It never shortens a wait.
	Slow(ctx context.Context, wait time.Duration) error
	// Release puts those of the rows that are held and carry the epoch back to queued, with Released set; Drop cancels them
	// and the rows that depend on them, with the reason. Entries about rows that were not moved are not written. They
	// return how many rows of those given were moved.
	Release(ctx context.Context, c id.Change, rows []Row, entries ...audit.Entry) (int, error)
	Drop(ctx context.Context, c id.Change, rows []Row, reason string, entries ...audit.Entry) (int, error)
	// Seats is the number of licences that was entered, 0 for none. SetSeats stores it.
	Seats(ctx context.Context) (int, error)
	SetSeats(ctx context.Context, n int, entries ...audit.Entry) error
	// OpenRows counts the rows of these kinds that are still to be done, in decided and running changes, those of except
	// left out.
	OpenRows(ctx context.Context, kinds []string, except id.Change) (int, error)
	// Finish moves a running change without open rows to Finished, or to Problems if rows were refused or need a
	// person. done is false when rows are still open or it is not running. Paused changes stay.
	Finish(ctx context.Context, c id.Change, entries ...audit.Entry) (done bool, err error)
	// RecentDirect counts the changes of the kind that the person had carried out without a decision since d ago, and in
	// which something was to be done. Rows that were not possible or had nothing to do do not make a change another one.
	RecentDirect(ctx context.Context, p Person, kind string, d time.Duration) (int, error)
	// Tried says how long ago a row of the kind was last sent, or may have been, for each of the users for whom that is less
	// than within. Calls that definitely did nothing, and rows that were refused, do not count.
	Tried(ctx context.Context, kind string, users []id.User, within time.Duration) (map[id.User]time.Duration, error)
	// TriedBy counts, for each of the users, the rows of the kind in changes of the person that were sent, or may have been.
	// Rows that were refused do not count; users without any are missing.
	TriedBy(ctx context.Context, p Person, kind string, users []id.User) (map[id.User]int, error)
	// Checklist answers what people have done of the checklist of the change. Tick stores that an item is done, by the name,
	// or open again; where it is so already nothing is changed and no entry written.
	Checklist(ctx context.Context, c id.Change) ([]Ticked, error)
	Tick(ctx context.Context, c id.Change, item, by string, done bool, entries ...audit.Entry) error
	// Reminders is the setting, its zero value if nobody entered one. SetReminders stores it.
	Reminders(ctx context.Context) (Reminders, error)
	SetReminders(ctx context.Context, r Reminders, entries ...audit.Entry) error
	// Speed is how many rows of the change's first step got a good end within the last d.
	Speed(ctx context.Context, c id.Change, d time.Duration) (int, error)
	// DeletePayloads deletes the personal data of changes that ended before the given age (90 days): source files, and of
	// rows the names, addresses, values, remarks and reasons. Numbers, states, ids and the digests of the rows stay, so that
	// pages still count them and the hash that was decided can still be made. It writes an entry for each, and returns how
	// many changes; there may be more.
	DeletePayloads(ctx context.Context, age time.Duration) (int, error)
}

// Outcome is what became of one row.
type Outcome struct {
	Row    id.Row
	Epoch  int
	State  RowState
	Reason string
	// Result is kept from before when empty.
	Result string
	// Wait delays the next look at a Queued or Unknown row.
	Wait time.Duration
	// KeepAttempt counts the attempt as not made: for calls that definitely did nothing.
	KeepAttempt bool
	// Now is kept with a Held row.
	Now string
}

// LongestWait is the longest that runs wait after Gtmhub asked to slow down without saying for how long, or for an absurd
// time.
const LongestWait = 5 * time.Minute

// Revision is the next version of a change.
type Revision struct {
	// From is the version that it follows, and State the state in which the change must be.
	From  int
	State State
	By    Person
	// To is the state afterwards: Waiting, Returned or Approved. Hash covers the rows of the new version; Deciders, Rule
	// and RuleSentence are the policy's answer.
	To                 State
	Hash               string
	Deciders           int
	DecidedBy          access.By
	Lead               id.Team
	Rule, RuleSentence string
	// Ground is what the rows met in the policy, and Policy the number of the version that judged them.
	Ground access.Ground
	Policy int
	// People is how many people were corrected or asked for anew; Note is what the editor says.
	People int
	Note   string
	// Rows are written: those that exist are overwritten, keeping their Epoch. Drop are rows that fall away. Neither may
	// be done, or in the hands of a runner.
	Rows []Row
	Drop []id.Row
	// Keep says that the other rows of version From, but for rejected ones, come along into the new version: the list
	// was not decided yet. Otherwise they have their end and stay behind.
	Keep bool
}

// Filter chooses changes. Zero fields choose all.
type Filter struct {
	States []State
	// RequestedBy limits to one person's own.
	RequestedBy *Person
	// DecidedBy limits to those that the person has decided on.
	DecidedBy *Person
	// NotRequestedBy leaves one person's own out: what waits for me.
	NotRequestedBy *Person
	// NotEditedBy leaves out those of which the person has made a version after the first.
	NotEditedBy *Person
	// By, when not nil, limits to those on which one of these decides.
	By []access.By
	// Leads, when not nil, limits to the changes on which the leads of these teams may decide (Change.Lead).
	Leads []id.Team
	// Team limits to changes with a row about the team; User likewise.
	Team id.Team
	User id.User
	// Number limits to the one change with this number.
	Number int
	// SoonestFirst orders by the time of lapsing instead of newest first; changes that cannot lapse come last.
	SoonestFirst bool
	// Page counts from 1, Size is 25, 50 or 100 (0 means 25).
	Page, Size int
}

// RowFilter chooses rows. Zero fields choose all.
type RowFilter struct {
	// Step limits to one step, -1 (or All) to none: use AllSteps.
	Step int
	// Version, above 0, limits to the rows of one version.
	Version int
	// Parents, when not nil, limits to the rows that depend directly on one of these.
	Parents []id.Row
	// Word limits to rows shown under this word.
	Word string
	// Text is looked for in Subject and Detail, without letter case.
	Text string
	// RiskyFirst puts blocked rows and rows with flags before the others.
	RiskyFirst bool
	// Page counts from 1; Size 0 means all rows.
	Page, Size int
}

// AllSteps is the Step of a RowFilter that takes rows of every step.
const AllSteps = -1
