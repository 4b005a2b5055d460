package notify

import (
	"context"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Person is somebody who has signed in.
type Person struct {
	change.Person
	// Seen is when they last signed in or their groups were last read.
	Seen time.Time
}

// Batch is a piece of the audit trail behind the cursor.
type Batch struct {
	// From is where the cursor stands and To where it goes when the piece has been dealt with.
	From, To int64
	Entries  []audit.Entry
}

// Outcome is what became of an attempt to send a notice.
type Outcome struct {
	// State is Sent, Queued (again after Wait), Uncertain or GivenUp.
	State   State
	Problem string
	Wait    time.Duration
}

// Status counts the outbox of one channel for the operator.
type Status struct {
	Waiting, Uncertain, GivenUp int
	// Day counts what was sent within the last 24 hours, and LastSent is when the last one was.
	Day      int
	LastSent time.Time
}

// Store keeps people, choices and notices. Every method is one transaction; all times are by the database's clock. It is
// safe for concurrent use by several instances. Errors carry fault kinds: NotFound, Conflict, Full, Unavailable.
type Store interface {
	// After reads up to most entries of the events behind the cursor.
	After(ctx context.Context, events []audit.Event, most int) (Batch, error)
	// Record stores notices and moves the cursor, or does nothing at all: Conflict when the cursor stands no longer at
	// b.From because another instance was faster. State, times and ids of the notices are set here.
	Record(ctx context.Context, b Batch, notices []Notice) error
	// Add stores one notice that tells of no entry, for tests, and returns it with its id.
	Add(ctx context.Context, n Notice) (Notice, error)

	// People returns all who have signed in, in a stable order.
	People(ctx context.Context) ([]Person, error)
	// Choices returns what was chosen, by key; keys without any choice are missing.
	Choices(ctx context.Context, keys []string) (map[string]Choices, error)
	// SaveChoices replaces all choices of one key.
	SaveChoices(ctx context.Context, key string, c Choices) error

	// Claim takes one queued notice of the channel that is due, the longest due first: it becomes Claimed, with Attempt+1.
	// only, when not empty, takes that notice and no other. NotFound when there is none.
	Claim(ctx context.Context, owner string, c Channel, lease time.Duration, only string) (Notice, error)
	// Begin moves a claimed notice to Sending; Conflict when the claim was lost.
	Begin(ctx context.Context, n Notice, lease time.Duration) error
	// Settle stores the outcome of a claimed or begun notice; Conflict when the claim was lost.
	Settle(ctx context.Context, n Notice, o Outcome) error
	// Expire deals with notices whose lease ran out: Claimed ones are queued again. Those in Sending become uncertain, or
	// where repeat is true for their channel are queued again.
	Expire(ctx context.Context, repeat []Channel) (int, error)
	// Again queues all uncertain and given-up notices of a channel anew, with Attempt 0.
	Again(ctx context.Context, c Channel) (int, error)

	// Notice returns one notice.
	Notice(ctx context.Context, noticeID string) (Notice, error)
	// List returns notices of the portal for the keys, newest first: at most that many with an Entry below before (0 for all).
	List(ctx context.Context, keys []string, before int64, most int) ([]Notice, error)
	// Unread counts those of List that are unread.
	Unread(ctx context.Context, keys []string) (int, error)
	// Told says whether there is a notice of one of the events about the change for one of the keys, over any channel.
	Told(ctx context.Context, keys []string, c id.Change, events ...Event) (bool, error)
	// MarkRead marks one, or with an empty id all, as read. NotFound when the one is not for these keys.
	MarkRead(ctx context.Context, keys []string, noticeID string) (Notice, error)
	// Status counts the outbox of a channel; Trouble returns its newest uncertain and given-up notices.
	Status(ctx context.Context, c Channel) (Status, error)
	Trouble(ctx context.Context, c Channel, most int) ([]Notice, error)
	// Sweep deletes notices that have not moved for longer than age, and people not seen for longer than gone.
	Sweep(ctx context.Context, age, gone time.Duration) (int, error)
}
