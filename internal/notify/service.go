package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Changes loads the changes that entries are about; change.Store does.
type Changes interface {
	Change(ctx context.Context, c id.Change) (change.Change, error)
}

// Options are the settings and dependencies of a Service. Required are Store, Changes, Actors and Log.
type Options struct {
	Store   Store
	Changes Changes
	Actors  actor.Builder
	// Mail and Webhook send what stands in the outbox; nil turns the channel off.
	Mail, Webhook Transport
	// Waits are the times before the second, third, ... attempt; after the last one a notice is given up.
	Waits []time.Duration
	// Poll is how often the trail and the outbox are looked at; 0 means 2 seconds.
	Poll time.Duration
	// Lease is how long an instance holds a notice, longer than getting ready or sending may take; 0 means 2 minutes.
	Lease time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// defaultWaits give a mail server a day to come back.
var defaultWaits = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour}

const (
	// keep and forget are how long notices and people who do not come any more stay.
	keep   = 90 * 24 * time.Hour
	forget = 400 * 24 * time.Hour
)

// Service makes, sends and shows notices. It is safe for concurrent use, and any number of instances may run on one
// database.
type Service struct {
	o     Options
	owner string
	// woken has one channel for each sender.
	woken map[Channel]chan struct{}
}

// New makes a service; nothing happens before Run.
func New(o Options) *Service {
	if o.Waits == nil {
		o.Waits = defaultWaits
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Poll, o.Lease = cmp.Or(o.Poll, 2*time.Second), cmp.Or(o.Lease, 2*time.Minute)
	return &Service{o: o, owner: string(id.NewRow()), woken: map[Channel]chan struct{}{Mail: make(chan struct{}, 1), Webhook: make(chan struct{}, 1)}}
}

// Run makes notices and sends them until ctx ends; then it waits for what is being sent.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.loop(ctx, "make notices", nil, s.Derive) })
	for c := range s.woken {
		if s.transport(c) != nil {
			wg.Go(func() {
				s.loop(ctx, "send notices by "+string(c), s.woken[c], func(ctx context.Context) (int, error) { return s.Send(ctx, c) })
			})
		}
	}
	wg.Wait()
}

// loop calls step until it has nothing to do, then waits for the next poll or for being woken.
func (s *Service) loop(ctx context.Context, what string, woken <-chan struct{}, step func(context.Context) (int, error)) {
	tick := time.NewTicker(s.o.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		n, err := step(ctx)
		if err != nil && ctx.Err() == nil {
			s.o.Log.Warn(what, "err", err)
		}
		if err == nil && n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-woken:
		}
	}
}

func (s *Service) wake() {
	for _, c := range s.woken {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (s *Service) transport(c Channel) Transport {
	switch c {
	case Mail:
		return s.o.Mail
	case Webhook:
		return s.o.Webhook
	default:
		return nil
	}
}

// On says whether a channel is set up.
func (s *Service) On(c Channel) bool { return c == Portal || s.transport(c) != nil }

// Sweep deletes notices that are 90 days old and people who have not come for 400 days.
func (s *Service) Sweep(ctx context.Context) error {
	_, err := s.o.Store.Sweep(ctx, keep, forget)
	return err
}

// List returns a person's notices of the portal, newest first: at most that many with an Entry below before (0 for all).
func (s *Service) List(ctx context.Context, p change.Person, before int64, most int) ([]Notice, error) {
	return s.o.Store.List(ctx, Keys(p), before, most)
}

// Unread is how many of a person's notices are unread.
func (s *Service) Unread(ctx context.Context, p change.Person) (int, error) {
	return s.o.Store.Unread(ctx, Keys(p))
}

// Asked says whether the person was told, in the portal or by mail, that they might decide on the change.
func (s *Service) Asked(ctx context.Context, p change.Person, c id.Change) (bool, error) {
	return s.o.Store.Told(ctx, Keys(p), c, Waiting, Reminded, Escalated)
}

// Open marks one notice of the person as read and returns it; NotFound when it is not theirs.
func (s *Service) Open(ctx context.Context, p change.Person, noticeID string) (Notice, error) {
	if noticeID == "" {
		return Notice{}, fault.New(fault.NotFound, "There is no such notification.")
	}
	return s.o.Store.MarkRead(ctx, Keys(p), noticeID)
}

// ReadAll marks all notices of the person as read.
func (s *Service) ReadAll(ctx context.Context, p change.Person) error {
	_, err := s.o.Store.MarkRead(ctx, Keys(p), "")
	return err
}

// Choices are what the person wants to hear of.
func (s *Service) Choices(ctx context.Context, p change.Person) (Choices, error) {
	key := KeyOf(p.Issuer, p.Subject)
	all, err := s.o.Store.Choices(ctx, []string{key})
	return all[key], err
}

// Choose replaces the person's choices. Topics that the portal does not know are Invalid.
func (s *Service) Choose(ctx context.Context, p change.Person, c Choices) error {
	if p.Subject == "" {
		return fault.New(fault.Forbidden, "Only people who have signed in can choose.")
	}
	return s.o.Store.SaveChoices(ctx, KeyOf(p.Issuer, p.Subject), c)
}

// TopicsOf are the topics on which the person can get notices.
func TopicsOf(a access.Actor) []Topic {
	var out []Topic
	for _, t := range Topics() {
		if (!t.ForDeciders() || a.May(access.ChangesDecide)) && (t != OutsideChanges || a.May(access.DriftDecide)) {
			out = append(out, t)
		}
	}
	return out
}

// ChannelStatus is what the operator sees of a channel.
type ChannelStatus struct {
	// Where says where it sends to, without any secret; empty when the channel is off.
	Where string
	Status
	// Trouble are the newest notices that were given up or whose sending is uncertain.
	Trouble []Notice
}

// troubleShown is how many notices in trouble the operator sees at once.
const troubleShown = 25

// Status says how a channel does. Forbidden for people who may not see the settings.
func (s *Service) Status(ctx context.Context, a access.Actor, c Channel) (ChannelStatus, error) {
	if err := mayManage(a); err != nil {
		return ChannelStatus{}, err
	}
	var out ChannelStatus
	if t := s.transport(c); t != nil {
		out.Where = t.Where()
	}
	var err error
	if out.Status, err = s.o.Store.Status(ctx, c); err != nil {
		return out, fmt.Errorf("count notices: %w", err)
	}
	out.Trouble, err = s.o.Store.Trouble(ctx, c, troubleShown)
	return out, err
}

func mayManage(a access.Actor) error {
	if !a.May(access.SettingsManage) {
		return fault.New(fault.Forbidden, "Only HR and the operator can do this.")
	}
	return nil
}

// SendTest sends a test to the person's own address, or to the webhook, and returns the notice as it stands then.
//
// Errors: Forbidden without the right; Invalid when the channel is off or the person has no address.
func (s *Service) SendTest(ctx context.Context, a access.Actor, p change.Person, c Channel) (Notice, error) {
	if err := mayManage(a); err != nil {
		return Notice{}, err
	}
	n := Notice{Channel: c, Recipient: WebhookKey, Event: Test}
	switch {
	case s.transport(c) == nil:
		return Notice{}, fault.New(fault.Invalid, "This way of telling people is not set up, so there is nothing to test.")
	case c == Mail && p.Email == "":
		return Notice{}, fault.New(fault.Invalid, "The sign-in gave the portal no confirmed address of yours, so no mail can be sent to you.")
	case c == Mail:
		n.Recipient, n.Address = KeyOf(p.Issuer, p.Subject), p.Email
	}
	n, err := s.o.Store.Add(ctx, n)
	if err != nil {
		return Notice{}, fmt.Errorf("store test: %w", err)
	}
	err = s.sendOne(ctx, c, n.ID)
	if _, notReady := errors.AsType[*notReadyError](err); err != nil && !notReady && !errors.Is(err, fault.NotFound) { // NotFound: another instance was faster
		return Notice{}, fmt.Errorf("send test: %w", err)
	}
	return s.o.Store.Notice(ctx, n.ID)
}

// SendAgain queues anew what was given up or is uncertain, and returns how many notices.
func (s *Service) SendAgain(ctx context.Context, a access.Actor, c Channel) (int, error) {
	if err := mayManage(a); err != nil {
		return 0, err
	}
	n, err := s.o.Store.Again(ctx, c)
	s.wake()
	return n, err
}

// MessageID is the Message-ID of a mail, without angle brackets: the same at each attempt, so that a mail which had to
// be sent again is known to be the same one.
func (n Notice) MessageID(origin *url.URL) string { return n.ID + "@" + origin.Hostname() }

// People are those who may act in the portal as far as it knows them: everybody who signed in, as they count today, and the
// addresses that the settings name and behind which nobody has signed in yet.
func (s *Service) People(ctx context.Context) ([]change.Person, error) {
	known, err := s.o.Store.People(ctx)
	if err != nil {
		return nil, err
	}
	d := deriver{s: s, people: known, now: time.Now()}
	var out []change.Person
	have := map[string]bool{}
	for _, k := range known {
		out = append(out, d.trusted(k))
		have[foldAddress(k.Email)] = true
	}
	b := s.o.Actors
	for _, address := range actor.Addresses(b.Grants.HR, b.Grants.Approvers, b.Grants.Alternates) {
		if have[address] {
			continue
		}
		p := change.Person{Kind: access.ByPerson, Email: address, Name: address}
		if users := b.Directory().UsersByEmail(address); len(users) == 1 {
			p.User, p.Name = users[0].ID, users[0].Name
		}
		out = append(out, p)
	}
	return out, nil
}
