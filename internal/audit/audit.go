// Package audit holds the words of the audit trail: what happened, who did it, to what, and what came of it.
//
// Entries are not written by calling this package. They travel with the state transitions of a change (or of a
// sign-in) into the store and are written in the same transaction, so a transition without its entry cannot exist.
// Entries hold ids; names as they were at the time live in a side table outside the hash chain, so that one person's
// can be erased. Each entry carries the SHA-256 over the entry before it and its own canonical form ([Hash]). The chain
// is cut into months ([Segment]), so that old ones can be removed and the rest still be verified. docs/audit.md says how
// others verify an export. Start at [Entry].
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Event says what happened.
type Event string

// The events.
const (
	SignedIn       Event = "signed in"
	SignedOut      Event = "signed out"
	SignInDeny     Event = "sign-in refused"
	SignInLink     Event = "sign-in linked" // a sign-in was tied to a Gtmhub user
	Submitted      Event = "submitted"
	Approved       Event = "approved"
	Rejected       Event = "rejected"
	Returned       Event = "returned"  // sent back to the requester with a question
	Answered       Event = "answered"  // by the requester; it waits again
	Edited         Event = "edited"    // a new version
	Reminded       Event = "reminded"  // half of the time for a decision is over
	Escalated      Event = "escalated" // three quarters are: the alternates are asked
	Withdrawn      Event = "withdrawn"
	Lapsed         Event = "lapsed"
	Paused         Event = "paused"
	Resumed        Event = "resumed"
	Cancelled      Event = "cancelled"
	Retried        Event = "retried"
	Started        Event = "started"
	Finished       Event = "finished"
	SettingChanged Event = "setting changed" // on a page; Act says which
	Hastened       Event = "hastened"        // a scheduled change was started before its date
	Released       Event = "released"        // a held row goes on with the value that it met
	Dropped        Event = "dropped"         // a held row is not done
	Intent         Event = "intent"          // stored before an upstream call
	Outcome        Event = "outcome"         // what came back, after reading again
	Refused        Event = "refused"         // something that was not allowed was tried

	// What happens to the trail itself, and to personal data.
	Checked       Event = "trail checked"         // the daily look whether anything was altered
	MonthRemoved  Event = "month removed"         // a segment that was older than the trail is kept
	NamesErased   Event = "names erased"          // one person's names were taken out of the trail
	DetailsErased Event = "personal data deleted" // names, addresses and values of the rows of an ended change
)

// The events about what was changed in the account without the portal.
const (
	Compared      Event = "account compared" // with the look before; After is how many outside changes were found
	DriftAccepted Event = "outside change accepted"
	DriftIgnored  Event = "outside change ignored"
	DriftPutBack  Event = "outside change put back" // by the change that was submitted
)

// The events of deputies.
const (
	DeputyGiven Event = "deputy given" // acts of a lead, over one team, until a date
	DeputyEnded Event = "deputy ended" // by a person, before its time
)

// The events of the checklist of an offboarding; Act is the item.
const (
	ChecklistDone Event = "checklist: done"
	ChecklistOpen Event = "checklist: not done after all"
)

// SessionEnded means by somebody else than the person at its browser: an operator, the provider, a deactivation.
const SessionEnded Event = "session ended"

// Who is the actor of an entry.
type Who struct {
	Kind            access.ActorKind `json:"kind"`
	Issuer, Subject string           `json:",omitempty"`
	User            id.User          `json:"user,omitempty"`
	// Name is kept in the side table, not in the chain.
	Name string `json:"-"`
}

// WhoIs takes the actor's part of an entry.
func WhoIs(a access.Actor) Who {
	return Who{Kind: a.Kind, Issuer: a.Issuer, Subject: a.Subject, User: a.User, Name: a.Name}
}

// Entry is one line of the trail.
type Entry struct {
	// Seq counts from 1 without gaps; the store sets it.
	Seq int64
	// At is set by the store, in UTC with milliseconds.
	At    time.Time
	Who   Who
	Event Event
	// Change and Row say where it belongs; empty for entries about sign-ins. Number is the change's number, 0 without one;
	// the store reads it from the change.
	Change id.Change
	Number int
	Row    id.Row
	// Act is the kind of the row or change, such as "add member".
	Act string
	// User and Team are what it was about; TargetName is kept in the side table. For a submission that is the title of the
	// change, because it may name a person.
	User       id.User
	Team       id.Team
	TargetName string
	// Operation is the number of the Gtmhub operation that was or will be called, 0 for none.
	Operation int
	// Before, After and Result are short texts in the words of the pages, ids instead of names.
	Before, After, Result string
	// Version and PlanHash bind a decision to what was shown.
	Version  int
	PlanHash string
	// RequestID ties the entry to the log line of the web request, if there was one.
	RequestID string
	// Hash is the SHA-256 over the previous entry's hash and this entry, as hex; the store sets it with [Hash].
	Hash string
	// Previous is the hash of the entry before, empty for the first one of all; the store reads it.
	Previous string
}

// canonical is the part of an entry that the chain covers. The order of its fields is the order of the bytes.
type canonical struct {
	Seq       int64     `json:"seq"`
	At        int64     `json:"at"`
	Who       Who       `json:"who"`
	Event     Event     `json:"event"`
	Change    id.Change `json:"change,omitempty"`
	Row       id.Row    `json:"row,omitempty"`
	Act       string    `json:"act,omitempty"`
	User      id.User   `json:"user,omitempty"`
	Team      id.Team   `json:"team,omitempty"`
	Operation int       `json:"operation,omitempty"`
	Before    string    `json:"before,omitempty"`
	After     string    `json:"after,omitempty"`
	Result    string    `json:"result,omitempty"`
	Version   int       `json:"version,omitempty"`
	PlanHash  string    `json:"plan,omitempty"`
	RequestID string    `json:"request,omitempty"`
}

// Canonical is the JSON form of the entry that the chain covers. Names are not part of it, so erasing a person's name does
// not break the chain.
func (e *Entry) Canonical() []byte {
	b, err := json.Marshal(canonical{e.Seq, e.At.UnixMilli(), e.Who, e.Event, e.Change, e.Row, e.Act, e.User, e.Team,
		e.Operation, e.Before, e.After, e.Result, e.Version, e.PlanHash, e.RequestID})
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	return b
}

// Hash returns the hex SHA-256 of the previous entry's hash, a line break, and the entry's canonical form.
func Hash(previous string, e Entry) string {
	sum := sha256.Sum256(append([]byte(previous+"\n"), e.Canonical()...))
	return hex.EncodeToString(sum[:])
}

// KeepDays is how long entries are kept at least; the database refuses to remove younger ones.
const KeepDays = 400

// Segment is the checkpoint of a month of the chain that is over: what is needed to verify the rest without it.
type Segment struct {
	// Month is that of its last entry, as 2006-01 in UTC.
	Month string
	// First, Last and Count say which entries it holds; Opens is the hash before the first one, Closes that of the last.
	First, Last, Count int64
	Opens, Closes      string
	// Ended is when its last entry was written.
	Ended time.Time
	// Removed is the Seq of the entry that says that it was removed, 0 while it is there.
	Removed int64
}

// Report is what a walk along the whole chain found.
type Report struct {
	// Sound counts the entries that are there and unaltered: all, or those before the first that is not.
	Sound int64
	// Broken is the Seq of the first entry that was altered or removed, 0 for none. Why says what does not fit.
	Broken int64
	Why    string
	// Last and Hash are the newest entry: whoever notes them elsewhere can prove later that nothing before it was rewritten.
	Last int64
	Hash string
	// Segments are the months that are over, oldest first. Gone counts the entries of those that were removed.
	Segments []Segment
	Gone     int64
}

// Filter chooses entries. Zero fields choose all.
type Filter struct {
	Change id.Change
	Event  Event
	// Actor and User are Gtmhub users: who acted, and whom it was about.
	Actor, User id.User
	// By and About are looked for in the names of the side table, as they were then: of who acted, of what it was about.
	// Text is looked for in both. All without letter case.
	By, About, Text string
	// Of limits to entries about these teams, if not nil.
	Of []id.Team
	// From and Until limit the time: from is included, until is not.
	From, Until time.Time
	// Teams, when not nil, cuts the answer to entries about these teams or made by Self: the view of a lead.
	Teams []id.Team
	Self  *Who
	// Before pages backwards: only entries with a smaller Seq; 0 starts at the newest.
	Before int64
	// OldestFirst turns the order; then After pages: only entries with a greater Seq.
	OldestFirst bool
	After       int64
	// Limit is at most 500; 0 means 50.
	Limit int
}

// Whose are the names that [Keeper]'s EraseNames erases. User covers all that the person did and all that was done about
// them; Issuer and Subject what somebody without a Gtmhub user did.
type Whose struct {
	User            id.User
	Issuer, Subject string
}

// Trail reads the audit trail. It is implemented by the store.
type Trail interface {
	// Entries returns the newest first, unless the filter turns the order.
	Entries(ctx context.Context, f Filter) ([]Entry, error)
	// Append writes entries that belong to no transition of a change, such as sign-ins and refusals.
	Append(ctx context.Context, entries ...Entry) error
	// Verify walks the chain from the oldest entry that is there.
	Verify(ctx context.Context) (Report, error)
}

// Keeper looks after the trail: what is too old, whose names must go. It is implemented by the store.
type Keeper interface {
	Trail
	// RemoveBefore removes the months that ended longer than age ago and leaves their checkpoints, with an entry for each
	// by who. It returns them. An age below KeepDays is Invalid.
	RemoveBefore(ctx context.Context, age time.Duration, who Who) ([]Segment, error)
	// EraseNames erases one person's names and writes an entry about it by who. It returns how many names there were.
	EraseNames(ctx context.Context, w Whose, reason string, who Who) (int, error)
	// Today is true for one caller a day of all instances, for each name.
	Today(ctx context.Context, name string) (bool, error)
}
