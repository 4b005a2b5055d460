package notify

import (
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Channel is a way to tell somebody.
type Channel string

// The channels.
const (
	Portal  Channel = "portal" // the list behind the bell
	Mail    Channel = "mail"
	Webhook Channel = "webhook" // one for the whole portal, not chosen by persons
)

// Event is what a notice says. Webhooks carry these words.
type Event string

// The events.
const (
	Waiting   Event = "waiting"   // a request waits for a decision
	Reminded  Event = "reminded"  // it still waits, half of its time is over
	Escalated Event = "escalated" // it still waits, and those who stand in are asked
	Approved  Event = "approved"
	Rejected  Event = "rejected"
	Returned  Event = "returned" // with a question to the requester
	Lapsed    Event = "lapsed"
	Withdrawn Event = "withdrawn"
	Paused    Event = "paused" // by trouble, not by a person
	Cancelled Event = "cancelled"
	Finished  Event = "finished"
	Problems  Event = "finished with problems"
	Outside   Event = "outside changes" // somebody changed the account without the portal
	Test      Event = "test"
)

// Topic is what people choose: whether they want to hear of it, and how.
type Topic string

// The topics, in the order of the page.
const (
	ToDecide  Topic = "to decide"  // requests that wait for me
	Reminders Topic = "reminders"  // and that wait for long
	MyRequest Topic = "my request" // what became of mine: decided, returned, lapsed
	MyRun     Topic = "my run"     // how mine was carried out
	Followed  Topic = "followed"   // the end of what I decided
	// OutsideChanges were made without the portal.
	OutsideChanges Topic = "outside changes"
)

// Topics lists all topics.
func Topics() []Topic {
	return []Topic{ToDecide, Reminders, MyRequest, MyRun, Followed, OutsideChanges}
}

// ForDeciders says whether only people who decide can get notices on the topic.
func (t Topic) ForDeciders() bool { return t == ToDecide || t == Reminders || t == Followed }

// Choice says over which channels a person wants a topic.
type Choice struct{ Portal, Mail bool }

// Choices are those of one person. A topic that is missing has its default.
type Choices map[Topic]Choice

// Of is the choice for a topic: everything is told over both channels, but the end of what one decided over none.
func (c Choices) Of(t Topic) Choice {
	if have, ok := c[t]; ok {
		return have
	}
	if t == Followed {
		return Choice{}
	}
	return Choice{Portal: true, Mail: true}
}

// State is where a notice stands.
type State string

// The states. A notice of the portal is unread or read; the others are of the outbox.
const (
	Unread  State = "unread"
	Read    State = "read"
	Queued  State = "queued"  // waits to be sent
	Claimed State = "claimed" // an instance gets ready to send it; nothing has left yet
	Sending State = "sending" // it may have left
	Sent    State = "sent"
	// Uncertain means that nobody knows whether it left: the instance stopped, or the connection broke, in that moment.
	Uncertain State = "uncertain"
	GivenUp   State = "given up"
)

// Notice is one thing that one recipient is told over one channel.
type Notice struct {
	ID string
	// Entry is the audit entry that it tells of; below 0 for tests.
	Entry   int64
	Channel Channel
	// Recipient is a key ([KeyOf], [KeyOfAddress]), or WebhookKey.
	Recipient string
	// Address is where a mail goes; Language is the recipient's, such as "de", empty when unknown.
	Address, Language string
	Event             Event
	Change            id.Change
	Number            int
	// Kind is the name of the recipe, which is general: "invite people".
	Kind string
	// Size is the number of rows of the main step, Bad how many of them ended without being done.
	Size, Bad int
	// Lapses is until when a decision is possible; zero when it does not matter.
	Lapses time.Time
	State  State
	// Problem says why the last attempt failed, as a sentence without anything that the other side wrote.
	Problem string
	Attempt int
	// Owner is the instance that has claimed it.
	Owner            string
	Created, Updated time.Time
}

// WebhookKey is the recipient of all notices of the webhook.
const WebhookKey = "webhook"

// KeyOf identifies a person who has signed in.
func KeyOf(issuer, subject string) string { return "subject\n" + issuer + "\n" + subject }

// KeyOfAddress identifies a person of whom only the address is known, from the settings.
func KeyOfAddress(address string) string { return "address\n" + foldAddress(address) }

// Keys are all keys under which notices for the person may stand. An Email in p must be one that the provider has
// verified.
func Keys(p change.Person) []string {
	var out []string
	if p.Subject != "" {
		out = append(out, KeyOf(p.Issuer, p.Subject))
	}
	if p.Email != "" {
		out = append(out, KeyOfAddress(p.Email))
	}
	return out
}

// foldAddress makes ASCII letters small, as package actor does: Unicode folding makes different addresses equal.
func foldAddress(address string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, strings.TrimSpace(address))
}
