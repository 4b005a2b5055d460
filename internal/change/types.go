package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

// State is where a change stands. Pages show it by [State.Word].
type State string

// The states of a change.
const (
	Waiting   State = "waiting"   // for a decision
	Returned  State = "returned"  // to the requester, with a question; goes on with the answer
	Approved  State = "approved"  // decided (or direct), not started yet
	Scheduled State = "scheduled" // decided (or direct), starts on its date
	Running   State = "running"   // rows are being carried out
	Paused    State = "paused"    // by a person, or because Gtmhub refused; goes on when a person says so
	Finished  State = "finished"  // every row is done or had nothing to do
	Problems  State = "problems"  // every row has its end, some are not done
	Rejected  State = "rejected"  // every row was rejected
	Withdrawn State = "withdrawn" // by the requester before it was decided
	Lapsed    State = "lapsed"    // not decided, or not started, in time
	Cancelled State = "cancelled" // by a person while it ran; rows in flight still get their outcome
)

// States lists all states, in the order of a change's life.
func States() []State {
	return []State{Waiting, Returned, Approved, Scheduled, Running, Paused, Finished, Problems, Rejected, Withdrawn, Lapsed, Cancelled}
}

// Word is the state in the words of the pages.
func (s State) Word() string {
	switch s {
	case Waiting:
		return "waiting for a decision"
	case Returned:
		return "returned with a question"
	case Problems:
		return "finished with problems"
	default:
		return string(s)
	}
}

// Ended says whether nothing more will happen by itself.
func (s State) Ended() bool {
	switch s {
	case Finished, Problems, Rejected, Withdrawn, Lapsed, Cancelled:
		return true
	}
	return false
}

// CameToNothing says whether the change ended before all of it could be done, so that it may be asked for again.
func (s State) CameToNothing() bool {
	switch s {
	case Rejected, Withdrawn, Lapsed, Cancelled:
		return true
	}
	return false
}

// Final says whether nothing can lead out of the state any more. Rows of other ended changes can be corrected or tried
// again.
func (s State) Final() bool { return s == Withdrawn || s == Lapsed || s == Cancelled }

// RowState is where a row stands.
type RowState string

// The states of a row (ARCHITECTURE.md, life of a change).
const (
	Queued        RowState = "queued"
	Checking      RowState = "checking"
	InIntent      RowState = "intent"
	Done          RowState = "done"
	Nothing       RowState = "nothing"
	Blocked       RowState = "blocked"
	RefusedRow    RowState = "refused"
	Unknown       RowState = "unknown"
	Attention     RowState = "attention"
	Held          RowState = "held"
	RejectedRow   RowState = "rejected"
	CancelledRow  RowState = "cancelled"
	wordWaiting            = "waiting"
	wordInFlight           = "in progress"
	wordDone               = "done"
	wordNothing            = "nothing to do"
	wordBlocked            = "not possible"
	wordFailed             = "failed"
	wordUnknown            = "outcome unknown"
	wordAttention          = "needs a person"
	wordHeld               = "held"
	wordRejected           = "rejected"
	wordCancelled          = "cancelled"
)

// RowStates lists all states of rows.
func RowStates() []RowState {
	return []RowState{Queued, Checking, InIntent, Done, Nothing, Blocked, RefusedRow, Unknown, Attention, Held, RejectedRow, CancelledRow}
}

// Word is the state in the words of the pages. Two states share a word: checking and intent.
func (s RowState) Word() string {
	switch s {
	case Queued:
		return wordWaiting
	case Checking, InIntent:
		return wordInFlight
	case Done:
		return wordDone
	case Nothing:
		return wordNothing
	case Blocked:
		return wordBlocked
	case RefusedRow:
		return wordFailed
	case Unknown:
		return wordUnknown
	case Attention:
		return wordAttention
	case Held:
		return wordHeld
	case RejectedRow:
		return wordRejected
	case CancelledRow:
		return wordCancelled
	}
	return string(s)
}

// Words lists the words in the order in which pages show them.
func Words() []string {
	return []string{wordWaiting, wordInFlight, wordDone, wordNothing, wordFailed, wordUnknown, wordAttention, wordHeld, wordBlocked, wordRejected, wordCancelled}
}

// Ended says whether the row has its end.
func (s RowState) Ended() bool {
	switch s {
	case Queued, Checking, InIntent, Unknown, Held:
		return false
	}
	return true
}

// Good says whether rows that depend on this one may go on.
func (s RowState) Good() bool { return s == Done || s == Nothing }

// Action is what the plan found for a row.
type Action string

// The actions.
const (
	Create      Action = "create"
	Update      Action = "update"
	NothingToDo Action = "nothing to do"
	NotPossible Action = "blocked"
)

// Person is the stored part of an actor: enough to build the actor anew when a row runs.
type Person struct {
	Kind    access.ActorKind `json:"kind"`
	Issuer  string           `json:"issuer,omitempty"`
	Subject string           `json:"subject,omitempty"`
	User    id.User          `json:"user,omitempty"`
	Name    string           `json:"name"`
	// Email and Groups are as they were at the sign-in under which the change was made.
	Email  string   `json:"email,omitempty"`
	Groups []string `json:"groups,omitempty"`
}

// Actor returns the identity part only: good for comparisons, without any right.
func (p Person) Actor() access.Actor {
	return access.Actor{Kind: p.Kind, Issuer: p.Issuer, Subject: p.Subject, User: p.User, Name: p.Name}
}

// Change is the head of a change.
type Change struct {
	ID id.Change
	// Number counts the changes of this portal from 1; people say "request #12".
	Number int
	// Kind names the recipe that planned it, such as "invite people".
	Kind string
	// Title is one sentence in the imperative: "Invite 300 people".
	Title     string
	Requester Person
	Reason    string
	State     State
	// Note says why it is paused, rejected, cancelled or lapsed, as a sentence.
	Note string
	// Version starts at 1 and grows with each edit; Hash covers the rows of this version ([Hash]). Rows of earlier
	// versions have their end and are not part of it.
	Version int
	Hash    string
	// Deciders is how many people must agree; 0 for a direct change. Rule and RuleSentence say why.
	Deciders           int
	Rule, RuleSentence string
	// By says who decides, and Lead is the team whose lead may; empty for none.
	By   access.By
	Lead id.Team
	// Ground is what it met in the policy, and Policy the number of the version that judged it. Only [Store.Create] reads them.
	Ground access.Ground
	Policy int
	// SourceName is the name of the uploaded file, empty if there was none.
	SourceName string
	// Created, Lapses (zero when it cannot lapse), Started and Ended are UTC.
	Created, Lapses, Started, Ended time.Time
	// Planned is the date before which it does not start; zero for at once.
	Planned time.Time
	// WentOn is when it last began, or went on after a break: what its rate is measured from.
	WentOn time.Time
	// Resumes is when running changes go on after Gtmhub asked to slow down: the same for all of them, zero if it never did.
	// It may have passed.
	Resumes time.Time
	// Erased is when the personal data of its rows was deleted, zero while it is there. Such a change is only a record.
	Erased    time.Time
	Decisions []Decision
	// UndoOf is the change that this one takes back; UndoneBy is the one that takes this one back, unless it came to
	// nothing. Both are empty for none.
	UndoOf, UndoneBy Link
	// Versions are all versions in order, Talk the questions and answers.
	Versions []Version
	Talk     []Remark
	// Retryable is how many rows of the present version failed or need a person: what Retry would try again.
	Retryable int
	// Counts are the rows of each step by state; they always sum up to the rows of that step.
	Counts []StepCount
}

// Link names another change.
type Link struct {
	ID     id.Change
	Number int
}

// Main counts the rows of the first step: what people mean by "300 people".
func (c *Change) Main() Counts {
	if len(c.Counts) == 0 {
		return nil
	}
	return c.Counts[0].Rows
}

// Facts are what decisions about the change need.
func (c *Change) Facts() access.ChangeFacts {
	f := access.ChangeFacts{By: c.By, Lead: c.Lead, Requester: c.Requester.Actor(), Waiting: c.State == Waiting}
	for _, d := range c.Decisions {
		f.Deciders = append(f.Deciders, d.By.Actor())
	}
	for _, r := range c.Talk {
		if r.Question {
			f.Deciders = append(f.Deciders, r.By.Actor())
		}
	}
	for _, v := range c.Versions {
		if v.Number > 1 {
			f.Editors = append(f.Editors, v.By.Actor())
		}
	}
	return f
}

// Agreed are the approvals that count: those of the present version and its hash.
func (c *Change) Agreed() []Decision {
	var out []Decision
	for _, d := range c.Decisions {
		if d.Approve && d.Version == c.Version && d.Hash == c.Hash {
			out = append(out, d)
		}
	}
	return out
}

// Question is the last question, for a change that was returned with it; nil if there is none.
func (c *Change) Question() *Remark {
	for i := len(c.Talk) - 1; i >= 0; i-- {
		if c.Talk[i].Question {
			return &c.Talk[i]
		}
	}
	return nil
}

// Version is one state of the list: as it was submitted, or as somebody left it after correcting rows.
type Version struct {
	// Number counts from 1.
	Number int
	// By made it: the requester of the first one, an editor of the others.
	By Person
	// Rows is how many people were corrected or asked for anew; of the first version all of them.
	Rows int
	// Note is what the editor says about it.
	Note string
	// Deciders is how many people had to agree to it.
	Deciders int
	At       time.Time
}

// Remark is a question of somebody who decides, or the answer of the requester.
type Remark struct {
	Version  int
	By       Person
	Question bool
	Text     string
	At       time.Time
}

// StepCount counts the rows of one step.
type StepCount struct {
	// Step is 0 for the first; Kind is the kind of its rows.
	Step int
	Kind string
	Rows Counts
}

// Counts are numbers of rows by state. The zero value is ready to read.
type Counts map[RowState]int

// Total is the sum over all states.
func (c Counts) Total() int {
	n := 0
	for _, v := range c {
		n += v
	}
	return n
}

// ByWord sums up by the words of the pages, in the order of [Words], without the words that have no rows.
func (c Counts) ByWord() []WordCount {
	var out []WordCount
	for _, w := range Words() {
		n := 0
		for s, v := range c {
			if s.Word() == w {
				n += v
			}
		}
		if n > 0 {
			out = append(out, WordCount{w, n})
		}
	}
	return out
}

// WordCount is a number of rows under one word.
type WordCount struct {
	Word string
	Rows int
}

// Ended is the number of rows that have their end.
func (c Counts) Ended() int {
	n := 0
	for s, v := range c {
		if s.Ended() {
			n += v
		}
	}
	return n
}

// Decision is one person's word on one version of a change.
type Decision struct {
	Version int
	By      Person
	// Approve is false for a rejection of the whole.
	Approve bool
	// Reason is shown to the requester; required when anything was rejected.
	Reason string
	// Rejected are the rows that this person took out.
	Rejected []id.Row
	Hash     string
	At       time.Time
}

// Row is one line of work: one user, one team, one act.
type Row struct {
	ID     id.Row
	Change id.Change
	// Version is the version of the change in which it was planned; 0 is stored as 1.
	Version int
	// Step and Pos give the order; Pos counts from 1 within a step.
	Step, Pos int
	// Kind names the kind that carries it out, such as "add member".
	Kind string
	// Parent is the row of an earlier step that must be done first; empty for none.
	Parent id.Row
	// Line is the row of the uploaded list (1 is the first person), 0 without a list.
	Line int
	// Subject and Detail are how pages name it: "Ana Ferrari", "ana@northwind.example".
	Subject, Detail string
	// Payload is the kind's own input, as canonical JSON.
	Payload json.RawMessage
	// User and Team are what it is about, as far as known; Group is shared by rows that may go in one upstream call.
	User  id.User
	Team  id.Team
	Group string
	// Lock names what only one row (or group) of all changes may work on at a time; empty for none.
	Lock string

	Action        Action
	Before, After string
	// Note is the plan's remark, or why the row is not possible.
	Note string
	// Flags are risks to look at before deciding, such as "outside address".
	Flags []string

	State RowState
	// Reason says why it stands as it does, as a sentence for people.
	Reason string
	// Result is the id of the record that came of it.
	Result string
	// Now is the value that a held row met, in the words of Before. Released says that a person let it go on with that
	// value as its base; see [Row.Drifted].
	Now      string
	Released bool
	// Attempt counts intents. Epoch grows with each claim; every write carries it.
	Attempt, Epoch int
	Owner          string
	// LeaseUntil, NotBefore, IntentAt and Updated are by the database's clock.
	LeaseUntil, NotBefore, IntentAt, Updated time.Time
}

// made reads the result of a row: the user that it is about or that came of it, or the team that it created.
func (r *Row) made(result string) (id.User, id.Team) {
	switch {
	case r.Kind == string(access.CreateTeam):
		return r.User, id.Team(result)
	case r.User != "" || r.Team != "":
		return r.User, ""
	default:
		return id.User(result), ""
	}
}

// digested is the part of a row that a decision binds.
type digested struct {
	ID            id.Row
	Step, Pos     int
	Kind          string
	Parent        id.Row
	Line          int
	Subject       string
	Detail        string
	Payload       json.RawMessage
	User          id.User
	Team          id.Team
	Group, Lock   string
	Action        Action
	Before, After string
}

// Digest is the SHA-256 over everything of the row that a decision binds, as hex. What changes while it runs (state,
// reason, result, claim; for a row that gets its user from its parent also the user) is not part of it.
func (r *Row) Digest() string {
	d := digested{r.ID, r.Step, r.Pos, r.Kind, r.Parent, r.Line, r.Subject, r.Detail, r.Payload, r.User, r.Team, r.Group, r.Lock, r.Action, r.Before, r.After}
	if r.Parent != "" && !namesItsUser(r.Kind) {
		d.User = ""
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // payloads are JSON that we made
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// namesItsUser says whether rows of the kind are planned with their user, so that it is bound also where they wait for
// another row. Rows of other kinds get it from what the row before them made.
func namesItsUser(kind string) bool {
	switch access.Act(kind) {
	case access.SetManager, access.RemoveMember, access.HandOverObjectives, access.TakeRole, access.DeactivateUser:
		return true
	}
	return false
}

// Hash is the SHA-256 over the version and the digests of its rows in order: what a decision is bound to. Rows of other
// versions must not be among them.
func Hash(version int, rows []Row) string {
	digests := make([]string, len(rows))
	for i := range rows {
		digests[i] = rows[i].Digest()
	}
	return HashDigests(version, digests)
}

// HashDigests is Hash over digests that were made before: those that are kept when personal data is deleted.
func HashDigests(version int, digests []string) string {
	h := sha256.New()
	b, _ := json.Marshal(version)
	h.Write(b)
	for _, d := range digests {
		h.Write([]byte("\n" + d))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ErasedName stands where a row had the name of a person, after personal data was deleted.
const ErasedName = "Name deleted"
