// Package audit holds the words of the audit trail: what happened, who did it, to what, and what came of it.
//
// Entries are not written by calling this package. They travel with the state transitions of a change (or of a
// sign-in) into the store and are written in the same transaction, so a transition without its entry cannot exist.
// Entries hold ids; names as they were at the time live in a side table outside the hash chain, so that one person's
// can be erased. Each entry carries the SHA-256 over the entry before it and its own canonical form ([Hash]).
// Start at [Entry].
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
	SignedIn   Event = "signed in"
	SignedOut  Event = "signed out"
	SignInDeny Event = "sign-in refused"
	SignInLink Event = "sign-in linked" // a sign-in was tied to a Gtmhub user
	Submitted  Event = "submitted"
	Approved   Event = "approved"
	Rejected   Event = "rejected"
	Withdrawn  Event = "withdrawn"
	Lapsed     Event = "lapsed"
	Paused     Event = "paused"
	Resumed    Event = "resumed"
	Cancelled  Event = "cancelled"
	Retried    Event = "retried"
	Started    Event = "started"
	Finished   Event = "finished"
	Hastened   Event = "hastened" // a scheduled change was started before its date
	Released   Event = "released" // a held row goes on with the value that it met
	Dropped    Event = "dropped"  // a held row is not done
	Intent     Event = "intent"   // stored before an upstream call
	Outcome    Event = "outcome"  // what came back, after reading again
	Refused    Event = "refused"  // something that was not allowed was tried
)

// The events of deputies.
const (
	DeputyGiven Event = "deputy given" // acts of a lead, over one team, until a date
	DeputyEnded Event = "deputy ended" // by a person, before its time
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
	// Change and Row say where it belongs; empty for entries about sign-ins.
	Change id.Change
	Row    id.Row
	// Act is the kind of the row or change, such as "add member".
	Act string
	// User and Team are what it was about; TargetName is kept in the side table.
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

// Hash returns the hex SHA-256 of the previous entry's hash followed by this entry's canonical JSON. Names are not
// part of it, so erasing a person's name does not break the chain.
func Hash(previous string, e Entry) string {
	b, err := json.Marshal(canonical{e.Seq, e.At.UnixMilli(), e.Who, e.Event, e.Change, e.Row, e.Act, e.User, e.Team,
		e.Operation, e.Before, e.After, e.Result, e.Version, e.PlanHash, e.RequestID})
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	sum := sha256.Sum256(append([]byte(previous+"\n"), b...))
	return hex.EncodeToString(sum[:])
}

// Filter chooses entries. Zero fields choose all.
type Filter struct {
	Change id.Change
	Event  Event
	// Actor is a linked user; Text is looked for in the names of the side table, without letter case.
	Actor id.User
	Text  string
	// Teams, when not nil, cuts the answer to entries about these teams or made by Self: the view of a lead.
	Teams []id.Team
	Self  *Who
	// Before pages backwards: only entries with a smaller Seq; 0 starts at the newest.
	Before int64
	// Limit is at most 500; 0 means 50.
	Limit int
}

// Trail reads the audit trail. It is implemented by the store.
type Trail interface {
	// Entries returns the newest first.
	Entries(ctx context.Context, f Filter) ([]Entry, error)
	// Append writes entries that belong to no transition of a change, such as sign-ins and refusals.
	Append(ctx context.Context, entries ...Entry) error
	// Verify walks the chain from the oldest entry and returns the number of entries that are sound and the Seq of
	// the first that is not, or 0.
	Verify(ctx context.Context) (sound int64, broken int64, err error)
}
