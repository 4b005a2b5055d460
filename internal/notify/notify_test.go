package notify_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/directory/directorytest"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/internal/notify/smtptest"
	"github.com/gtmhub-portal/portal/internal/store"
	"github.com/gtmhub-portal/portal/internal/store/pgtest"
)

const issuer = "https://id.example"

var origin = &url.URL{Scheme: "https", Host: "portal.northwind.example"}

// changes are those that entries are about.
type changes struct {
	mu  sync.Mutex
	all map[id.Change]change.Change
}

func (c *changes) Change(_ context.Context, want id.Change) (change.Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	got, ok := c.all[want]
	if !ok {
		return got, fault.New(fault.NotFound, "There is no such request.")
	}
	return got, nil
}

func (c *changes) put(ch change.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[ch.ID] = ch
}

// bench is a store with the people of the tests, and what makes services over it.
type bench struct {
	t       *testing.T
	store   *store.Store
	changes *changes
	o       notify.Options
}

// person is somebody who has signed in: "ana" has the address ana@northwind.example and the linked user "u-ana".
func person(name string, groups ...string) change.Person {
	return change.Person{Kind: access.ByPerson, Issuer: issuer, Subject: name, User: id.User("u-" + name), Name: strings.ToUpper(name), Email: name + "@northwind.example", Groups: groups}
}

// newBench opens a database. HR are the group "hr" and helga@, who never signed in; approvers are axel@ and gone@, whose
// Gtmhub user is deactivated; otto@ stands in.
func newBench(t *testing.T, database string) *bench {
	t.Helper()
	if database == "" {
		database = filepath.Join(t.TempDir(), "portal.db")
	}
	s, err := store.Open(t.Context(), store.Options{URL: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var users []directory.User
	for _, name := range []string{"rita", "hugo", "hans", "axel", "otto"} {
		users = append(users, directory.User{ID: id.User("u-" + name), Email: name + "@northwind.example", Language: "de-AT"})
	}
	users = append(users, directory.User{ID: "u-gone", Email: "gone@northwind.example", Status: directory.Inactive})
	snap := directorytest.Snapshot(t, users, nil, nil)
	b := &bench{t: t, store: s, changes: &changes{all: map[id.Change]change.Change{}}}
	b.o = notify.Options{Store: s.Notices(), Changes: b.changes, Waits: []time.Duration{0, 0}, Poll: 5 * time.Millisecond,
		Log: slog.New(slog.DiscardHandler),
		Actors: actor.Builder{Directory: func() *directory.Snapshot { return snap },
			Grants: actor.Grants{HR: []string{"group:hr", "helga@northwind.example"}, Approvers: []string{"Axel@northwind.example", "gone@northwind.example"}, Alternates: []string{"otto@northwind.example"}}}}
	return b
}

// signIn makes the people known.
func (b *bench) signIn(people ...change.Person) {
	b.t.Helper()
	now := time.Now().UTC()
	for _, p := range people {
		err := b.store.Auth().CreateSession(b.t.Context(), auth.Session{Hash: auth.HashOf(p.Subject), Issuer: p.Issuer, Subject: p.Subject, User: p.User, Name: p.Name, Email: p.Email,
			EmailVerified: true, Groups: p.Groups, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour)}, "", 5)
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// happen writes one entry about a change as it stands then.
func (b *bench) happen(event audit.Event, by access.Actor, c change.Change) {
	b.t.Helper()
	b.changes.put(c)
	if err := b.store.Audit().Append(b.t.Context(), audit.Entry{Who: audit.WhoIs(by), Event: event, Change: c.ID, Version: c.Version, Act: c.Kind}); err != nil {
		b.t.Fatal(err)
	}
}

// derive makes all notices that are due.
func (b *bench) derive(s *notify.Service) {
	b.t.Helper()
	for {
		n, err := s.Derive(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// send sends until there is nothing to do; failures to get ready are no end.
func (b *bench) send(s *notify.Service, c notify.Channel) {
	b.t.Helper()
	for range 200 {
		n, err := s.Send(b.t.Context(), c)
		if n == 0 && err == nil {
			return
		}
	}
	b.t.Fatal("there is always something to send")
}

// request is a waiting change of two rows made by rita.
func request(edit ...func(*change.Change)) change.Change {
	c := change.Change{ID: id.NewChange(), Number: 12, Kind: "invite people", Title: "Invite Zoë Quisling", Reason: "she is our new hire", Requester: person("rita"), State: change.Waiting,
		Version: 1, Deciders: 1, Lapses: time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC), Counts: []change.StepCount{{Rows: change.Counts{change.Queued: 2}}}}
	for _, f := range edit {
		f(&c)
	}
	return c
}

func in(state change.State) func(*change.Change) { return func(c *change.Change) { c.State = state } }

func decidedBy(approve bool, names ...string) func(*change.Change) {
	return func(c *change.Change) {
		for _, n := range names {
			c.Decisions = append(c.Decisions, change.Decision{Version: 1, By: person(n), Approve: approve, Reason: "no seat for Zoë"})
		}
	}
}

var schedule = access.Actor{Kind: access.BySchedule, Name: "Schedule"}

// TestWhoIsTold takes each transition and says who gets a mail, who a line in the list, and what the webhook gets.
func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	rita, hugo, axel := person("rita").Actor(), person("hugo", "hr").Actor(), person("axel").Actor()
	ended := func(took time.Duration, bad int) func(*change.Change) {
		return func(c *change.Change) {
			c.Started = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
			c.Ended = c.Started.Add(took)
			c.Counts = []change.StepCount{{Rows: change.Counts{change.Done: 2 - bad, change.RefusedRow: bad}}}
		}
	}
	direct := func(c *change.Change) { c.Deciders = 0 }
	everybody := []string{"axel", "hans", "helga", "hugo", "otto"} // who may decide, without the requester and who has left
	for _, tc := range []struct {
		name  string
		event audit.Event
		by    access.Actor
		c     change.Change
		says  notify.Event // "": nobody is told anything
		mail  []string
		none  []string // have a line in the list but no mail
	}{
		{"a request", audit.Submitted, rita, request(), notify.Waiting, everybody, nil},
		{"a request by HR is not for its requester", audit.Submitted, hugo, request(func(c *change.Change) { c.Requester = person("hugo", "hr") }), notify.Waiting, []string{"axel", "hans", "helga", "otto"}, nil},
		{"a requester named by address who signed in otherwise", audit.Submitted, rita, request(func(c *change.Change) { c.Requester.Email = "HELGA@northwind.example" }), notify.Waiting,
			[]string{"axel", "hans", "hugo", "otto"}, nil},
		{"a request that was decided meanwhile", audit.Submitted, rita, request(in(change.Running)), "", nil, nil},
		{"a direct change", audit.Submitted, rita, request(in(change.Approved), direct), "", nil, nil},
		{"half of the time is over", "reminded", schedule, request(decidedBy(true, "hugo"), func(c *change.Change) { c.Deciders = 2 }), notify.Reminded, []string{"axel", "hans", "helga", "otto"}, nil},
		{"those who stand in", "escalated", schedule, request(), notify.Escalated, []string{"otto"}, nil},
		{"a reminder that comes too late", "reminded", schedule, request(in(change.Lapsed)), "", nil, nil},
		{"answered", "answered", rita, request(), notify.Waiting, everybody, nil},
		{"repaired, so that it must be decided anew", "edited", rita, request(decidedBy(true, "axel"), func(c *change.Change) { c.Version = 2 }), notify.Waiting, everybody, nil},
		{"approved", audit.Approved, axel, request(in(change.Approved), decidedBy(true, "axel")), notify.Approved, []string{"rita"}, nil},
		{"the first of two approvals", audit.Approved, axel, request(decidedBy(true, "axel"), func(c *change.Change) { c.Deciders = 2 }), "", nil, nil},
		{"the second of two approvals", audit.Approved, axel, request(in(change.Running), decidedBy(true, "hugo", "axel"), func(c *change.Change) { c.Deciders = 2 }), notify.Approved, []string{"rita"}, nil},
		{"approved without any row", audit.Approved, axel, request(in(change.Rejected), decidedBy(true, "axel")), notify.Rejected, []string{"rita"}, nil},
		{"rejected", audit.Rejected, axel, request(in(change.Rejected), decidedBy(false, "axel")), notify.Rejected, []string{"rita"}, nil},
		{"returned", "returned", axel, request(in("returned")), notify.Returned, []string{"rita"}, nil},
		{"withdrawn", audit.Withdrawn, rita, request(in(change.Withdrawn)), notify.Withdrawn, nil, nil},
		{"lapsed", audit.Lapsed, schedule, request(in(change.Lapsed)), notify.Lapsed, []string{"rita"}, nil},
		{"paused by trouble", audit.Paused, schedule, request(in(change.Paused)), notify.Paused, []string{"rita"}, nil},
		{"paused by a person", audit.Paused, hugo, request(in(change.Paused)), "", nil, nil},
		{"paused and resumed", audit.Paused, schedule, request(in(change.Running)), "", nil, nil},
		{"cancelled by somebody else", audit.Cancelled, hugo, request(in(change.Cancelled)), notify.Cancelled, []string{"rita"}, nil},
		{"cancelled by the requester", audit.Cancelled, rita, request(in(change.Cancelled)), notify.Cancelled, nil, nil},
		{"finished", audit.Finished, schedule, request(in(change.Finished), ended(time.Second, 0), decidedBy(true, "axel")), notify.Finished, []string{"rita"}, nil},
		{"finished, and hans follows what he decides in the list", audit.Finished, schedule, request(in(change.Problems), ended(time.Second, 1), decidedBy(true, "hans")), notify.Problems, []string{"rita"}, []string{"hans"}},
		{"a direct change that was shown already", audit.Finished, schedule, request(in(change.Finished), ended(time.Second, 0), direct), notify.Finished, nil, nil},
		{"a direct change that took long", audit.Finished, schedule, request(in(change.Finished), ended(time.Hour, 0), direct), notify.Finished, []string{"rita"}, nil},
		{"a direct change with problems", audit.Finished, schedule, request(in(change.Problems), ended(time.Second, 1), direct), notify.Problems, []string{"rita"}, nil},
		{"a requester who has left", audit.Lapsed, schedule, request(in(change.Lapsed), func(c *change.Change) { c.Requester = person("gone") }), notify.Lapsed, nil, nil},
		{"a requester who is no person", audit.Lapsed, schedule, request(in(change.Lapsed), func(c *change.Change) { c.Requester = change.Person{Kind: access.BySchedule, Name: "S"} }), notify.Lapsed, nil, nil},
		{"what nobody is told", audit.Intent, schedule, request(), "", nil, nil},
		{"a sign-in", audit.SignedIn, rita, change.Change{}, "", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			b.signIn(person("rita"), person("hugo", "hr"), person("hans", "hr"), person("axel"), person("gone"))
			b.o.Mail, b.o.Webhook = notify.SMTP{}, &notify.Hook{}
			hans := person("hans")
			s := notify.New(b.o)
			if err := s.Choose(t.Context(), hans, notify.Choices{notify.Followed: {Portal: true}}); err != nil {
				t.Fatal(err)
			}
			b.happen(tc.event, tc.by, tc.c)
			b.derive(s)
			read := func(c notify.Channel) (who []string) {
				all, err := b.store.Notices().All(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range all {
					if n.Event != tc.says || n.Number != 12 || n.Kind != "invite people" || n.Size != 2 || n.Change != tc.c.ID {
						t.Errorf("%+v", n)
					}
					parts := strings.Split(n.Recipient, "\n")
					name, _, _ := strings.Cut(parts[len(parts)-1], "@")
					if c == notify.Mail && n.Address != name+"@northwind.example" {
						t.Errorf("mail for %s goes to %s", name, n.Address)
					}
					who = append(who, name)
				}
				slices.Sort(who)
				return who
			}
			if d := cmp.Diff(tc.mail, read(notify.Mail)); d != "" {
				t.Errorf("mails (-want +got):\n%s", d)
			}
			list := append(slices.Clone(tc.mail), tc.none...)
			slices.Sort(list)
			if d := cmp.Diff(list, read(notify.Portal)); d != "" {
				t.Errorf("lines in the list (-want +got):\n%s", d)
			}
			var hook []string
			if tc.says != "" {
				hook = []string{"webhook"}
			}
			if d := cmp.Diff(hook, read(notify.Webhook)); d != "" {
				t.Errorf("webhooks (-want +got):\n%s", d)
			}
		})
	}
}

// TestOffChannels: what is not set up or not wanted leaves nothing behind.
func TestOffChannels(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.signIn(person("rita"), person("axel"))
	s := notify.New(b.o)
	if err := s.Choose(t.Context(), person("axel"), notify.Choices{notify.ToDecide: {}}); err != nil {
		t.Fatal(err)
	}
	b.happen(audit.Submitted, person("rita").Actor(), request())
	b.derive(s)
	for c, want := range map[notify.Channel]int{notify.Mail: 0, notify.Webhook: 0, notify.Portal: 2} { // helga and otto
		if all, err := b.store.Notices().All(t.Context(), c); err != nil || len(all) != want {
			t.Errorf("%s: %d notices, %v; want %d", c, len(all), err, want)
		}
	}
	// Helga, who was known by address only, finds hers when she signs in.
	for name, want := range map[string]int{"helga": 1, "axel": 0, "rita": 0} {
		if n, err := s.Unread(t.Context(), person(name)); err != nil || n != want {
			t.Errorf("%s has %d unread, %v; want %d", name, n, err, want)
		}
	}
	helga := person("helga")
	helga.Email = "" // no provider vouches for it
	if n, err := s.Unread(t.Context(), helga); err != nil || n != 0 {
		t.Errorf("without a confirmed address helga sees %d, %v", n, err)
	}
	if _, err := s.SendTest(t.Context(), access.Actor{Kind: access.ByPerson, HR: true}, person("axel"), notify.Mail); fault.KindOf(err) != fault.Invalid {
		t.Errorf("test of a channel that is off: %v", err)
	}
	if _, err := s.SendTest(t.Context(), person("axel").Actor(), person("axel"), notify.Mail); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("test by somebody without the right: %v", err)
	}
}

// smtp is the transport to a test server.
func smtp(s *smtptest.Server) notify.SMTP {
	return notify.SMTP{Letters: notify.Letters{From: "Gtmhub portal <portal@northwind.example>", Origin: origin, Product: "Gtmhub portal"}, Host: s.Host, Port: s.Port, TLS: notify.NoTLS, Timeout: 5 * time.Second}
}

// TestMailFaults takes a mail through what a server can do to it: it is taken once, or not at all and the state says so.
func TestMailFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		faults  []smtptest.Fault
		state   notify.State
		taken   int
		dials   int
		problem string // part of it
	}{
		{"taken", nil, notify.Sent, 1, 1, ""},
		{"busy twice, then taken", []smtptest.Fault{smtptest.Busy, smtptest.BusyAfterData}, notify.Sent, 1, 3, ""},
		{"busy for ever", []smtptest.Fault{smtptest.Busy, smtptest.Busy, smtptest.Busy}, notify.GivenUp, 0, 3, "did not take it for now (code 451 4.3.2)"},
		{"no service at first", []smtptest.Fault{smtptest.NoService}, notify.Sent, 1, 2, ""},
		{"the recipient is refused", []smtptest.Fault{smtptest.RefuseRecipient}, notify.GivenUp, 0, 1, "for good (code 550 5.1.1)"},
		{"the mail is refused", []smtptest.Fault{smtptest.RefuseData}, notify.GivenUp, 0, 1, "for good (code 554 5.6.0)"},
		{"dropped before the data", []smtptest.Fault{smtptest.DropBeforeData}, notify.Sent, 1, 2, ""},
		{"dropped in the data", []smtptest.Fault{smtptest.DropInData}, notify.Uncertain, 0, 1, "nobody knows"},
		{"dropped after the data", []smtptest.Fault{smtptest.DropAfterData}, notify.Uncertain, 1, 1, "nobody knows"},
		{"taken, but too slow to say so", []smtptest.Fault{smtptest.Slow}, notify.Uncertain, 1, 1, "nobody knows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, "")
			b.signIn(person("rita"))
			server := smtptest.New(t, smtptest.Options{})
			server.Fail(tc.faults...)
			b.o.Mail = smtp(server)
			s := notify.New(b.o)
			b.happen(audit.Lapsed, schedule, request(in(change.Lapsed)))
			b.derive(s)
			b.send(s, notify.Mail)
			b.send(s, notify.Mail) // what has its end is left alone
			all, err := b.store.Notices().All(t.Context(), notify.Mail)
			if err != nil || len(all) != 1 {
				t.Fatalf("%d mails in the outbox, %v", len(all), err)
			}
			if n := all[0]; n.State != tc.state || !strings.Contains(n.Problem, tc.problem) || tc.problem == "" && n.State != notify.Sent {
				t.Errorf("%s: %q, want %s", n.State, n.Problem, tc.state)
			}
			if strings.Contains(all[0].Problem, "@") {
				t.Errorf("the problem repeats what the server wrote: %q", all[0].Problem)
			}
			if got := server.Mails(); len(got) != tc.taken || server.Dials() != tc.dials {
				t.Errorf("%d mails taken over %d connections, want %d over %d", len(got), server.Dials(), tc.taken, tc.dials)
			}
			if tc.state == notify.Uncertain || tc.state == notify.GivenUp {
				n, err := s.SendAgain(t.Context(), access.Actor{Kind: access.ByPerson, Operator: true}, notify.Mail)
				if err != nil || n != 1 {
					t.Fatalf("send again: %d, %v", n, err)
				}
				b.send(s, notify.Mail)
				mails := server.Mails()
				if len(mails) != tc.taken+1 {
					t.Fatalf("%d mails after sending again", len(mails))
				}
				for _, m := range mails {
					if got := header(t, m, "Message-Id"); got != "<"+all[0].ID+"@portal.northwind.example>" {
						t.Errorf("Message-ID %s is not the same at each attempt", got)
					}
				}
			}
		})
	}
}

// TestProtection: nothing is said in the clear that the settings want encrypted.
func TestProtection(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		server smtptest.Options
		edit   func(*notify.SMTP, *smtptest.Server)
		sent   bool
	}{
		{"STARTTLS and a password", smtptest.Options{TLS: true, User: "portal", Password: "pass word"}, nil, true},
		{"TLS from the first byte and a password", smtptest.Options{Implicit: true, User: "portal", Password: "pass word"}, func(m *notify.SMTP, _ *smtptest.Server) { m.TLS = notify.Implicit }, true},
		{"a wrong password", smtptest.Options{TLS: true, User: "portal", Password: "other"}, nil, false},
		{"a server that does not encrypt", smtptest.Options{}, func(m *notify.SMTP, _ *smtptest.Server) { m.User = "" }, false},
		{"a certificate of nobody", smtptest.Options{TLS: true, User: "portal", Password: "pass word"}, func(m *notify.SMTP, _ *smtptest.Server) { m.Config.RootCAs = nil }, false},
		{"nobody there", smtptest.Options{TLS: true}, func(_ *notify.SMTP, s *smtptest.Server) { s.Stop() }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server := smtptest.New(t, tc.server)
			m := smtp(server)
			m.TLS, m.User, m.Password, m.Config = notify.StartTLS, "portal", "pass word", tlsConfig(server)
			if tc.edit != nil {
				tc.edit(&m, server)
			}
			b := newBench(t, "")
			b.o.Mail = m
			s := notify.New(b.o)
			n, err := s.SendTest(t.Context(), access.Actor{Kind: access.ByPerson, HR: true}, person("hugo"), notify.Mail)
			if err != nil {
				t.Fatal(err)
			}
			mails := server.Mails()
			if (n.State == notify.Sent) != tc.sent || (len(mails) == 1) != tc.sent {
				t.Fatalf("%s (%s), %d mails", n.State, n.Problem, len(mails))
			}
			if !tc.sent {
				if n.State != notify.GivenUp || n.Problem == "" {
					t.Errorf("a test that failed is %s: %q", n.State, n.Problem)
				}
				return
			}
			if got := mails[0]; !got.TLS || got.User != "portal" || got.From != "portal@northwind.example" || !slices.Equal(got.To, []string{"hugo@northwind.example"}) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// databases runs a test on SQLite and on PostgreSQL.
func databases(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("SQLite", func(t *testing.T) { t.Parallel(); test(t, "") })
	t.Run("PostgreSQL", func(t *testing.T) { t.Parallel(); test(t, pgtest.URL(t)) })
}

// TestTwoInstances lets instances make and send notices of the same events, and entries come meanwhile: everybody gets
// each mail exactly once.
func TestTwoInstances(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, url string) {
		const events = 40
		b := newBench(t, url)
		b.signIn(person("rita"), person("axel"))
		server := smtptest.New(t, smtptest.Options{})
		b.o.Mail = smtp(server)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			s := notify.New(b.o)
			wg.Go(func() { s.Run(ctx) })
		}
		for range events {
			b.happen(audit.Submitted, person("rita").Actor(), request())
		}
		const want = events * 3 // axel, helga and otto
		wait(t, func() bool {
			st, err := b.store.Notices().Status(ctx, notify.Mail)
			return err == nil && st.Day == want
		})
		stop()
		wg.Wait()
		seen := map[string]int{}
		for _, m := range server.Mails() {
			seen[header(t, m, "Message-Id")]++
		}
		if len(seen) != want || len(server.Mails()) != want {
			t.Errorf("%d mails with %d ids, want %d", len(server.Mails()), len(seen), want)
		}
	})
}

// wait asks until it is so; the test fails after two minutes, which is for slow machines only.
func wait(t *testing.T, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not become so")
		case <-tick.C:
		}
	}
}

// killed is a store of an instance that dies at its nth call: before it takes effect, or after it and before the
// instance learns of it. Nothing of what it is asked later has any effect.
type killed struct {
	notify.Store
	mu    sync.Mutex
	left  int
	after bool
	dead  bool
}

var errKilled = fmt.Errorf("killed")

func (k *killed) step(do func() error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.dead {
		return errKilled
	}
	k.left--
	if k.left > 0 {
		return do()
	}
	k.dead = true
	if k.after {
		_ = do()
	}
	return errKilled
}

func (k *killed) After(ctx context.Context, e []audit.Event, n int) (b notify.Batch, err error) {
	err = k.step(func() error { b, err = k.Store.After(ctx, e, n); return err })
	return b, err
}

func (k *killed) Record(ctx context.Context, b notify.Batch, n []notify.Notice) error {
	return k.step(func() error { return k.Store.Record(ctx, b, n) })
}

func (k *killed) Claim(ctx context.Context, owner string, c notify.Channel, lease time.Duration, only string) (n notify.Notice, err error) {
	err = k.step(func() error { n, err = k.Store.Claim(ctx, owner, c, lease, only); return err })
	return n, err
}

func (k *killed) Begin(ctx context.Context, n notify.Notice, lease time.Duration) error {
	return k.step(func() error { return k.Store.Begin(ctx, n, lease) })
}

func (k *killed) Settle(ctx context.Context, n notify.Notice, o notify.Outcome) error {
	return k.step(func() error { return k.Store.Settle(ctx, n, o) })
}

func (k *killed) Expire(ctx context.Context, c []notify.Channel) (n int, err error) {
	err = k.step(func() error { n, err = k.Store.Expire(ctx, c); return err })
	return n, err
}

// TestKilled kills an instance at each of its calls to the database, before and after the call takes effect, and lets
// another one go on. Each notice is there once; a mail is sent once, or said to be uncertain; a webhook arrives, at most
// twice and then with one id.
func TestKilled(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, url string) {
		uncertain, deaths := 0, 0
		b := newBench(t, url)
		b.signIn(person("rita"))
		server, hook := smtptest.New(t, smtptest.Options{}), newReceiver(t)
		b.o.Mail, b.o.Webhook = smtp(server), hook.transport(t)
		for step := 1; ; step++ {
			done := false
			for _, after := range []bool{false, true} {
				c := request(in(change.Lapsed), func(c *change.Change) { c.Number = 1000 + deaths })
				mails, posts := len(server.Mails()), len(hook.all())
				b.happen(audit.Lapsed, schedule, c)
				k := &killed{Store: b.store.Notices(), left: step, after: after}
				first := b.o
				first.Store, first.Lease = k, time.Millisecond
				s := notify.New(first)
				for _, do := range []func() (int, error){func() (int, error) { return s.Derive(t.Context()) },
					func() (int, error) { return s.Send(t.Context(), notify.Mail) }, func() (int, error) { return s.Send(t.Context(), notify.Webhook) }} {
					_, _ = do()
				}
				deaths++
				done = !k.dead
				second := notify.New(b.o)
				b.derive(second)
				wait(t, func() bool { // until the lease of the dead one has run out
					b.send(second, notify.Mail)
					b.send(second, notify.Webhook)
					st, err := b.store.Notices().Status(t.Context(), notify.Mail)
					hooks, herr := b.store.Notices().Status(t.Context(), notify.Webhook)
					return err == nil && herr == nil && st.Waiting == 0 && hooks.Waiting == 0
				})
				where := fmt.Sprintf("killed at step %d, after its effect: %t", step, after)
				var own []notify.Notice
				for _, ch := range []notify.Channel{notify.Portal, notify.Mail, notify.Webhook} {
					all, err := b.store.Notices().All(t.Context(), ch)
					if err != nil {
						t.Fatal(err)
					}
					for _, n := range all {
						if n.Change == c.ID {
							own = append(own, n)
						}
					}
				}
				if len(own) != 3 {
					t.Fatalf("%s: %d notices", where, len(own))
				}
				sent := server.Mails()[mails:]
				switch own[1].State {
				case notify.Sent:
					if len(sent) != 1 {
						t.Errorf("%s: %d mails", where, len(sent))
					}
				case notify.Uncertain:
					uncertain++
					if len(sent) > 1 {
						t.Errorf("%s: %d mails", where, len(sent))
					}
				default:
					t.Errorf("%s: the mail is %s", where, own[1].State)
				}
				got := hook.all()[posts:]
				if own[2].State != notify.Sent || len(got) == 0 || len(got) > 2 {
					t.Errorf("%s: the webhook is %s and came %d times", where, own[2].State, len(got))
				}
				for _, one := range got {
					if one.body.ID != own[2].ID {
						t.Errorf("%s: webhook with id %s, want %s", where, one.body.ID, own[2].ID)
					}
				}
			}
			if done {
				break
			}
		}
		// Between "it begins" and "it is done" lie two calls: one death before and one after for each.
		if deaths < 20 || uncertain < 2 || uncertain > 4 {
			t.Errorf("%d deaths left %d mails uncertain", deaths, uncertain)
		}
		t.Logf("%d deaths, %d mails uncertain, none lost, none twice", deaths, uncertain)
	})
}
