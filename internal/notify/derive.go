package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
)

// The events of the audit trail that are told of. What is not in here is skipped.
var told = []audit.Event{
	audit.Submitted, answered, edited, reminded, escalated, audit.Approved, audit.Rejected, returned, audit.Withdrawn, audit.Lapsed,
	audit.Paused, audit.Cancelled, audit.Finished, audit.Compared,
}

// Words of the trail for a request that goes back and forth.
const (
	reminded  = audit.Event("reminded")
	escalated = audit.Event("escalated")
	returned  = audit.Event("returned")
	answered  = audit.Event("answered")
	edited    = audit.Event("edited")
)

const (
	// batch is how many entries are dealt with in one transaction.
	batch = 50
	// groupTrust is how long after a person was last seen their groups still count: a provider does not tell us when
	// somebody leaves a group. Whoever is named by address gets mail however long they stay away.
	groupTrust = 90 * 24 * time.Hour
	// quick is how long a direct change may take before its good end is worth telling: the page has shown it already.
	quick = time.Minute
)

// Derive makes the notices of the next entries of the audit trail and returns how many entries it dealt with. It returns
// 0 when there are none, or when another instance was faster.
func (s *Service) Derive(ctx context.Context) (int, error) {
	b, err := s.o.Store.After(ctx, told, batch)
	if err != nil {
		return 0, fmt.Errorf("read the audit trail: %w", err)
	}
	if b.To == b.From {
		return 0, nil
	}
	var notices []Notice
	if len(b.Entries) > 0 {
		if notices, err = s.notices(ctx, b.Entries); err != nil {
			return 0, err
		}
	}
	err = s.o.Store.Record(ctx, b, notices)
	switch {
	case errors.Is(err, fault.Conflict):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("store notices: %w", err)
	}
	if len(notices) > 0 {
		s.wake()
	}
	return len(b.Entries), nil
}

func (s *Service) notices(ctx context.Context, entries []audit.Entry) ([]Notice, error) {
	known, err := s.o.Store.People(ctx)
	if err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	d := deriver{s: s, people: known, now: s.o.Now()}
	var out []candidate
	for _, e := range entries {
		if e.Event == audit.Compared {
			out = append(out, d.compared(e)...)
			continue
		}
		c, err := s.o.Changes.Change(ctx, e.Change)
		if errors.Is(err, fault.NotFound) {
			continue // nothing is left to tell of
		}
		if err != nil {
			return nil, fmt.Errorf("load change %s: %w", e.Change, err)
		}
		out = append(out, d.about(e, &c)...)
	}
	var keys []string
	for _, n := range out {
		keys = append(keys, n.Recipient)
	}
	choices, err := s.o.Store.Choices(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read choices: %w", err)
	}
	return s.chosen(out, choices), nil
}

// chosen leaves the notices that their recipients want, over channels that are there.
func (s *Service) chosen(all []candidate, choices map[string]Choices) []Notice {
	var out []Notice
	for _, d := range all {
		want := choices[d.Recipient].Of(d.topic)
		keep := false
		switch d.Channel {
		case Portal:
			keep = want.Portal
		case Mail:
			keep = want.Mail && d.Address != "" && s.o.Mail != nil
		case Webhook:
			keep = s.o.Webhook != nil
		}
		if keep {
			out = append(out, d.Notice)
		}
	}
	return out
}

// candidate is a notice with the topic by which people choose.
type candidate struct {
	Notice
	topic Topic
}

// deriver works out who is told of an entry.
type deriver struct {
	s      *Service
	people []Person
	now    time.Time
}

// about makes the candidates for one entry. The change is read after the entry was written, so it may have gone on: what is
// no longer so is not told.
func (d deriver) about(e audit.Entry, c *change.Change) []candidate {
	event, ok := eventOf(e, c)
	if !ok {
		return nil
	}
	n := Notice{Entry: e.Seq, Event: event, Change: c.ID, Number: c.Number, Kind: c.Kind, Size: c.Main().Total()}
	switch event {
	case Waiting, Reminded, Escalated:
		n.Lapses = c.Lapses
	case Paused, Cancelled, Finished, Problems:
		n.Bad = bad(c.Main())
	}
	out := []candidate{{Notice: with(n, Webhook, WebhookKey)}}
	tell := func(topic Topic, people []change.Person) { out = append(out, d.to(people, n, topic, e.Who)...) }
	switch event {
	case Waiting:
		tell(ToDecide, d.deciders(c, nil))
	case Reminded:
		tell(Reminders, d.deciders(c, nil))
	case Escalated:
		tell(Reminders, d.deciders(c, d.s.o.Actors.Grants.Alternates))
	case Approved, Rejected, Returned, Lapsed:
		tell(MyRequest, d.requester(c))
	case Paused, Cancelled, Finished, Problems:
		if event == Finished && c.Deciders == 0 && c.Ended.Sub(c.Started) < quick {
			break
		}
		tell(MyRun, d.requester(c))
		if event != Paused {
			tell(Followed, d.decided(c))
		}
	}
	return out
}

// to makes the candidates for people, in the portal and by mail; who did it needs not be told.
func (d deriver) to(people []change.Person, n Notice, topic Topic, who audit.Who) (out []candidate) {
	for _, p := range people {
		if isActor(who, p) {
			continue
		}
		n.Language = d.language(p)
		key := Keys(p)[0]
		out = append(out, candidate{with(n, Portal, key), topic})
		mail := with(n, Mail, key)
		mail.Address = p.Email
		out = append(out, candidate{mail, topic})
	}
	return out
}

// compared tells HR how much was changed without the portal; nobody is told of nothing.
func (d deriver) compared(e audit.Entry) []candidate {
	found, err := strconv.Atoi(e.After)
	if err != nil || found == 0 {
		return nil
	}
	n := Notice{Entry: e.Seq, Event: Outside, Size: found}
	hr := d.holders(func(_ change.Person, a access.Actor) bool { return a.May(access.DriftDecide) })
	return append(d.to(hr, n, OutsideChanges, e.Who), candidate{Notice: with(n, Webhook, WebhookKey)})
}

func with(n Notice, c Channel, recipient string) Notice {
	n.Channel, n.Recipient = c, recipient
	return n
}

// eventOf says what an entry means for people; ok is false when it means nothing, or nothing any more.
func eventOf(e audit.Entry, c *change.Change) (_ Event, ok bool) {
	switch e.Event {
	case audit.Submitted, answered, edited:
		return Waiting, c.State == change.Waiting
	case reminded:
		return Reminded, c.State == change.Waiting
	case escalated:
		return Escalated, c.State == change.Waiting
	case audit.Approved:
		if c.State == change.Rejected { // every row was taken out
			return Rejected, true
		}
		return Approved, approvals(c, e) >= c.Deciders
	case audit.Rejected:
		return Rejected, true
	case returned:
		return Returned, true
	case audit.Withdrawn:
		return Withdrawn, true
	case audit.Lapsed:
		return Lapsed, true
	case audit.Paused:
		return Paused, e.Who.Kind == access.BySchedule && c.State == change.Paused
	case audit.Cancelled:
		return Cancelled, true
	case audit.Finished:
		if c.State == change.Problems {
			return Problems, true
		}
		return Finished, c.State == change.Finished
	}
	return "", false
}

// approvals counts those of the entry's version up to the entry: before the last one nothing is decided.
func approvals(c *change.Change, e audit.Entry) int {
	n := 0
	for _, d := range c.Decisions {
		if d.Approve && d.Version == e.Version && !d.At.After(e.At) {
			n++
		}
	}
	return n
}

// bad counts rows that have come to an end without being done and without being so already.
func bad(rows change.Counts) int {
	n := 0
	for st, v := range rows {
		if st.Ended() && !st.Good() {
			n += v
		}
	}
	return n
}

// isActor says whether the entry was made by the person, who needs not be told of their own act.
func isActor(w audit.Who, p change.Person) bool {
	return access.Actor{Kind: w.Kind, Issuer: w.Issuer, Subject: w.Subject, User: w.User}.Same(p.Actor())
}

// requester is who made the change, with today's address; nobody when they have left or it was no person.
func (d deriver) requester(c *change.Change) []change.Person { return d.current(c.Requester) }

// decided are those who approved the change, except its requester.
func (d deriver) decided(c *change.Change) []change.Person {
	var out []change.Person
	for _, one := range c.Decisions {
		same := func(p change.Person) bool { return p.Actor().Same(one.By.Actor()) }
		if one.Approve && !same(c.Requester) && !slices.ContainsFunc(out, same) {
			out = append(out, d.current(one.By)...)
		}
	}
	return out
}

// current is a stored person as they signed in last; nobody when their user was deactivated.
func (d deriver) current(p change.Person) []change.Person {
	if p.Kind != access.ByPerson || p.Subject == "" {
		return nil
	}
	for _, k := range d.people {
		if k.Issuer == p.Issuer && k.Subject == p.Subject {
			p = d.trusted(k)
		}
	}
	if d.s.o.Actors.Actor(p).Inactive {
		return nil
	}
	return []change.Person{p}
}

// trusted is a known person as they count today.
func (d deriver) trusted(p Person) change.Person {
	out := p.Person
	out.Kind = access.ByPerson
	if d.now.Sub(p.Seen) > groupTrust {
		out.Groups = nil
	}
	return out
}

// deciders are the people who may decide on the change now and have not: known ones, and the addresses of the settings
// behind which nobody has signed in yet. among, when not empty, leaves only those whom these entries of the settings name.
func (d deriver) deciders(c *change.Change, among []string) []change.Person {
	facts := c.Facts()
	facts.Waiting = true
	return d.holders(func(p change.Person, a access.Actor) bool {
		return access.MayDecide(a, facts).Outcome != access.No &&
			// not the requester under another sign-in
			(foldAddress(p.Email) == "" || foldAddress(p.Email) != foldAddress(c.Requester.Email)) &&
			(len(among) == 0 || actor.Holds(among, p)) &&
			!slices.ContainsFunc(c.Decisions, func(o change.Decision) bool { return o.Version == c.Version && a.Same(o.By.Actor()) })
	})
}

// holders are the people who may: known ones, and the addresses of the settings behind which nobody has signed in yet, each
// once.
func (d deriver) holders(may func(change.Person, access.Actor) bool) []change.Person {
	b := d.s.o.Actors
	var out []change.Person
	take := func(p change.Person) {
		a := b.Actor(p)
		if may(p, a) && !slices.ContainsFunc(out, func(o change.Person) bool {
			return a.Same(o.Actor()) || p.Email != "" && foldAddress(o.Email) == foldAddress(p.Email)
		}) {
			out = append(out, p)
		}
	}
	for _, p := range d.people {
		take(d.trusted(p))
	}
	for _, address := range actor.Addresses(b.Grants.HR, b.Grants.Approvers, b.Grants.Alternates) {
		p := change.Person{Kind: access.ByPerson, Email: address}
		if users := b.Directory().UsersByEmail(address); len(users) == 1 {
			p.User = users[0].ID // so that somebody who has left gets no mail
		}
		take(p)
	}
	return out
}

// language is that of the person's Gtmhub user, empty when unknown.
func (d deriver) language(p change.Person) string {
	if u, ok := d.s.o.Actors.Directory().User(p.User); ok {
		return u.Language
	}
	return ""
}
