package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/internal/store"
)

var news = []audit.Event{audit.Submitted, audit.Finished}

// notice is for one recipient over one channel.
func notice(entry int64, c notify.Channel, recipient string) notify.Notice {
	return notify.Notice{Entry: entry, Channel: c, Recipient: recipient, Event: notify.Waiting, Change: "c1", Number: 7, Kind: "invite people", Size: 3, Bad: 1,
		Lapses: time.UnixMilli(1_800_000_000_000).UTC(), Address: "a@b.example", Language: "de"}
}

// record stores notices behind a fresh entry of the trail.
func record(t *testing.T, s *store.Store, notices ...notify.Notice) {
	t.Helper()
	ok(t, "append", s.Audit().Append(t.Context(), entry(1, audit.Submitted)))
	b, err := s.Notices().After(t.Context(), news, 10)
	ok(t, "after", err)
	ok(t, "record", s.Notices().Record(t.Context(), b, notices))
}

func testNoticeCursor(t *testing.T, s *store.Store) {
	n := s.Notices()
	b, err := n.After(t.Context(), news, 10)
	ok(t, "after nothing", err)
	equal(t, "nothing", b, notify.Batch{})
	ok(t, "append", s.Audit().Append(t.Context(), entry(1, audit.Submitted), entry(1, audit.Intent), entry(2, audit.Finished), entry(2, audit.Intent), entry(2, audit.Submitted), entry(3, audit.Intent)))
	b, err = n.After(t.Context(), news, 2)
	ok(t, "first piece", err)
	equal(t, "first piece", []int64{b.From, b.To, int64(len(b.Entries)), b.Entries[0].Seq, b.Entries[1].Seq}, []int64{0, 3, 2, 1, 3})
	one := notice(1, notify.Mail, "p")
	ok(t, "record", n.Record(t.Context(), b, []notify.Notice{one}))
	wantKind(t, "record again", n.Record(t.Context(), b, []notify.Notice{notice(1, notify.Mail, "q")}), fault.Conflict)
	b, err = n.After(t.Context(), news, 2)
	ok(t, "second piece", err)
	equal(t, "second piece goes to the head", []int64{b.From, b.To, int64(len(b.Entries)), b.Entries[0].Seq}, []int64{3, 6, 1, 5})
	// A notice that is there already takes the cursor's move back with it.
	wantKind(t, "twice the same", n.Record(t.Context(), b, []notify.Notice{notice(5, notify.Mail, "r"), one}), fault.Conflict)
	again, err := n.After(t.Context(), news, 2)
	ok(t, "after a refused record", err)
	equal(t, "the cursor stands", again.From, b.From)
	ok(t, "record nothing", n.Record(t.Context(), b, nil))
	b, err = n.After(t.Context(), news, 2)
	ok(t, "after all", err)
	equal(t, "after all", b, notify.Batch{From: 6, To: 6})
	st, err := n.Status(t.Context(), notify.Mail)
	ok(t, "status", err)
	equal(t, "status", st, notify.Status{Waiting: 1})
}

func testNoticeCursorRace(t *testing.T, s *store.Store) {
	const entries, workers = 40, 6
	for i := range entries {
		ok(t, "append", s.Audit().Append(t.Context(), entry(i, audit.Submitted)))
	}
	n := s.Notices()
	errs := together(workers, func(int) error {
		for {
			b, err := n.After(t.Context(), news, 3)
			if err != nil || b.From == b.To {
				return err
			}
			var out []notify.Notice
			for _, e := range b.Entries {
				out = append(out, notice(e.Seq, notify.Mail, "p"))
			}
			if err := n.Record(t.Context(), b, out); err != nil && fault.KindOf(err) != fault.Conflict {
				return err
			}
		}
	})
	equal(t, "workers", tally(errs), map[fault.Kind]int{"": workers})
	st, err := n.Status(t.Context(), notify.Mail)
	ok(t, "status", err)
	equal(t, "one notice for each entry", st.Waiting, entries)
}

func testOutbox(t *testing.T, s *store.Store) {
	n := s.Notices()
	record(t, s, notice(1, notify.Mail, "p"), notice(1, notify.Webhook, "w"), notice(1, notify.Portal, "p"))
	_, err := n.Claim(t.Context(), "a", notify.Mail, time.Minute, "unknown")
	wantKind(t, "claim another one", err, fault.NotFound)
	got, err := n.Claim(t.Context(), "a", notify.Mail, time.Minute, "")
	ok(t, "claim", err)
	want := notice(1, notify.Mail, "p")
	want.State, want.Attempt, want.Owner = notify.Claimed, 1, "a"
	equal(t, "claimed", got, want, cmpopts.IgnoreFields(notify.Notice{}, "ID", "Created", "Updated"))
	_, err = n.Claim(t.Context(), "b", notify.Mail, time.Minute, "")
	wantKind(t, "claim a claimed one", err, fault.NotFound)

	stranger := got
	stranger.Owner = "b"
	wantKind(t, "a stranger begins", n.Begin(t.Context(), stranger, time.Minute), fault.Conflict)
	wantKind(t, "a stranger settles", n.Settle(t.Context(), stranger, notify.Outcome{State: notify.Sent}), fault.Conflict)
	ok(t, "begin", n.Begin(t.Context(), got, time.Minute))
	wantKind(t, "begin twice", n.Begin(t.Context(), got, time.Minute), fault.Conflict)
	ok(t, "settle", n.Settle(t.Context(), got, notify.Outcome{State: notify.Queued, Problem: "busy", Wait: time.Hour}))
	_, err = n.Claim(t.Context(), "a", notify.Mail, time.Minute, "")
	wantKind(t, "claim before its time", err, fault.NotFound)
	wantKind(t, "settle twice", n.Settle(t.Context(), got, notify.Outcome{State: notify.Sent}), fault.Conflict)
	kept, err := n.Notice(t.Context(), got.ID)
	ok(t, "read", err)
	equal(t, "queued again", []any{kept.State, kept.Problem, kept.Attempt, kept.Owner}, []any{notify.Queued, "busy", 1, ""})

	hook, err := n.Claim(t.Context(), "a", notify.Webhook, time.Minute, "")
	ok(t, "claim the webhook", err)
	ok(t, "give up", n.Settle(t.Context(), hook, notify.Outcome{State: notify.GivenUp, Problem: "gone"}))
	trouble, err := n.Trouble(t.Context(), notify.Webhook, 5)
	ok(t, "trouble", err)
	equal(t, "trouble", []any{len(trouble), trouble[0].ID, trouble[0].Problem}, []any{1, hook.ID, "gone"})
	st, err := n.Status(t.Context(), notify.Webhook)
	ok(t, "status", err)
	equal(t, "status", st, notify.Status{GivenUp: 1})
	queued, err := n.Again(t.Context(), notify.Webhook)
	ok(t, "again", err)
	equal(t, "queued again", queued, 1)
	hook, err = n.Claim(t.Context(), "a", notify.Webhook, time.Minute, hook.ID)
	ok(t, "claim again", err)
	equal(t, "attempts begin anew", hook.Attempt, 1)
	ok(t, "sent", n.Settle(t.Context(), hook, notify.Outcome{State: notify.Sent}))
	st, err = n.Status(t.Context(), notify.Webhook)
	ok(t, "status", err)
	equal(t, "status", []any{st.Day, st.Waiting, st.GivenUp, st.LastSent.IsZero()}, []any{1, 0, 0, false})
}

// testOutboxLost is about instances that stop at each step: no lease of 0 is ever alive.
func testOutboxLost(t *testing.T, s *store.Store) {
	n := s.Notices()
	record(t, s, notice(1, notify.Mail, "claimed"), notice(1, notify.Mail, "sending"), notice(1, notify.Mail, "alive"), notice(1, notify.Webhook, "w"))
	for range 3 {
		one, err := n.Claim(t.Context(), "a", notify.Mail, -time.Second, "")
		ok(t, "claim", err)
		switch one.Recipient {
		case "sending":
			ok(t, "begin", n.Begin(t.Context(), one, -time.Second))
		case "alive":
			ok(t, "begin", n.Begin(t.Context(), one, time.Hour))
		}
	}
	hook, err := n.Claim(t.Context(), "a", notify.Webhook, time.Hour, "")
	ok(t, "claim", err)
	ok(t, "begin", n.Begin(t.Context(), hook, -time.Second))
	state := func() map[string]notify.State {
		out := map[string]notify.State{}
		for _, c := range []notify.Channel{notify.Mail, notify.Webhook} {
			all, err := n.All(t.Context(), c)
			ok(t, "read all", err)
			for _, one := range all {
				out[one.Recipient] = one.State
				if one.State == notify.Queued && one.Channel == notify.Mail && one.Attempt != 0 {
					t.Errorf("an attempt in which nothing left counts: %d", one.Attempt)
				}
			}
		}
		return out
	}
	lost, err := n.Expire(t.Context(), nil)
	ok(t, "expire", err)
	equal(t, "lost", lost, 2)
	equal(t, "states", state(), map[string]notify.State{"claimed": notify.Queued, "sending": notify.Uncertain, "alive": notify.Sending, "w": notify.Sending})
	lost, err = n.Expire(t.Context(), []notify.Channel{notify.Webhook})
	ok(t, "expire", err)
	equal(t, "lost", lost, 1)
	equal(t, "states", state(), map[string]notify.State{"claimed": notify.Queued, "sending": notify.Uncertain, "alive": notify.Sending, "w": notify.Queued})
	wantKind(t, "the lost one settles", n.Settle(t.Context(), hook, notify.Outcome{State: notify.Sent}), fault.Conflict)
}

func testOutboxRace(t *testing.T, s *store.Store) {
	const count, workers = 60, 6
	var all []notify.Notice
	for i := range count {
		all = append(all, notice(1, notify.Mail, fmt.Sprint(i)))
	}
	record(t, s, all...)
	var mu sync.Mutex
	taken := map[string]int{}
	errs := together(workers, func(i int) error {
		for {
			one, err := s.Notices().Claim(t.Context(), fmt.Sprint(i), notify.Mail, time.Minute, "")
			if fault.KindOf(err) == fault.NotFound {
				return nil
			}
			if err != nil {
				return err
			}
			mu.Lock()
			taken[one.ID]++
			mu.Unlock()
		}
	})
	equal(t, "workers", tally(errs), map[fault.Kind]int{"": workers})
	equal(t, "taken", len(taken), count)
	for noticeID, times := range taken {
		if times != 1 {
			t.Errorf("%s was claimed %d times", noticeID, times)
		}
	}
}

func testNoticeList(t *testing.T, s *store.Store) {
	n := s.Notices()
	record(t, s, notice(1, notify.Portal, "p"), notice(2, notify.Portal, "address"), notice(3, notify.Portal, "other"), notice(4, notify.Portal, "p"), notice(4, notify.Mail, "p"))
	keys := []string{"p", "address"}
	entries := func(before int64, most int) []int64 {
		list, err := n.List(t.Context(), keys, before, most)
		ok(t, "list", err)
		var out []int64
		for _, one := range list {
			out = append(out, one.Entry)
		}
		return out
	}
	unread := func() int {
		count, err := n.Unread(t.Context(), keys)
		ok(t, "count", err)
		return count
	}
	equal(t, "all", entries(0, 10), []int64{4, 2, 1})
	equal(t, "first page", entries(0, 2), []int64{4, 2})
	equal(t, "second page", entries(2, 2), []int64{1})
	equal(t, "unread", unread(), 3)
	for _, tc := range []struct {
		keys   []string
		change id.Change
		event  notify.Event
		want   bool
	}{{keys, "c1", notify.Waiting, true}, {keys, "c2", notify.Waiting, false}, {keys, "c1", notify.Rejected, false}, {[]string{"never told"}, "c1", notify.Waiting, false}, {nil, "c1", notify.Waiting, false}} {
		told, err := n.Told(t.Context(), tc.keys, tc.change, tc.event)
		ok(t, "told", err)
		equal(t, "told", told, tc.want)
	}
	list, err := n.List(t.Context(), []string{"other"}, 0, 1)
	ok(t, "list of another", err)
	_, err = n.MarkRead(t.Context(), keys, list[0].ID)
	wantKind(t, "mark another's", err, fault.NotFound)
	list, err = n.List(t.Context(), keys, 0, 1)
	ok(t, "list", err)
	for range 2 {
		got, err := n.MarkRead(t.Context(), keys, list[0].ID)
		ok(t, "mark one", err)
		equal(t, "marked", []any{got.ID, got.State}, []any{list[0].ID, notify.Read})
	}
	equal(t, "unread", unread(), 2)
	_, err = n.MarkRead(t.Context(), keys, "")
	ok(t, "mark all", err)
	equal(t, "unread", unread(), 0)
	count, err := n.Unread(t.Context(), []string{"other"})
	ok(t, "count another's", err)
	equal(t, "another's stays unread", count, 1)
	for _, none := range [][]string{nil, {}} {
		list, err := n.List(t.Context(), none, 0, 10)
		ok(t, "list of nobody", err)
		equal(t, "nobody's", len(list), 0)
		_, err = n.MarkRead(t.Context(), none, "")
		wantKind(t, "mark nobody's", err, fault.NotFound)
	}
	deleted, err := n.Sweep(t.Context(), time.Hour, time.Hour)
	ok(t, "sweep", err)
	equal(t, "young ones stay", deleted, 0)
	deleted, err = n.Sweep(t.Context(), -time.Hour, time.Hour)
	ok(t, "sweep", err)
	equal(t, "old ones go", deleted, 5)
}

func testNoticeTests(t *testing.T, s *store.Store) {
	n := s.Notices()
	for want := int64(-1); want > -3; want-- {
		one, err := n.Add(t.Context(), notify.Notice{Channel: notify.Mail, Recipient: "p", Event: notify.Test})
		ok(t, "add", err)
		equal(t, "added", []any{one.Entry, one.State}, []any{want, notify.Queued})
		one, err = n.Claim(t.Context(), "a", notify.Mail, time.Minute, one.ID)
		ok(t, "claim", err)
		ok(t, "give up", n.Settle(t.Context(), one, notify.Outcome{State: notify.GivenUp}))
	}
	st, err := n.Status(t.Context(), notify.Mail)
	ok(t, "status", err)
	equal(t, "tests are no trouble", st, notify.Status{})
	again, err := n.Again(t.Context(), notify.Mail)
	ok(t, "again", err)
	equal(t, "tests are not sent again", again, 0)
}

func testPeople(t *testing.T, s *store.Store) {
	session := func(secret, subject string, verified bool, groups ...string) auth.Session {
		now := time.Now().UTC()
		return auth.Session{Hash: auth.HashOf(secret), Issuer: "i", Subject: subject, Email: subject + "@b.example", EmailVerified: verified, Name: "N " + subject, User: "u1",
			Groups: groups, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour)}
	}
	for _, one := range []auth.Session{session("1", "s2", true, "old"), session("2", "s1", false), session("3", "s2", true, "hr", "x")} {
		ok(t, "sign in", s.Auth().CreateSession(t.Context(), one, "", 5))
	}
	got, err := s.Notices().People(t.Context())
	ok(t, "people", err)
	person := func(subject, email string, groups []string) notify.Person {
		return notify.Person{Person: change.Person{Kind: access.ByPerson, Issuer: "i", Subject: subject, User: "u1", Name: "N " + subject, Email: email, Groups: groups}}
	}
	equal(t, "people", got, []notify.Person{person("s1", "", nil), person("s2", "s2@b.example", []string{"hr", "x"})}, cmpopts.IgnoreFields(notify.Person{}, "Seen"))
	for _, p := range got {
		if d := time.Since(p.Seen); d < -time.Minute || d > time.Minute {
			t.Errorf("%s was seen at %v", p.Subject, p.Seen)
		}
	}
	gone, err := s.Notices().Sweep(t.Context(), time.Hour, -time.Minute)
	ok(t, "sweep", err)
	equal(t, "gone", gone, 2)
}

func testChoices(t *testing.T, s *store.Store) {
	n := s.Notices()
	ok(t, "save", n.SaveChoices(t.Context(), "p", notify.Choices{notify.ToDecide: {Mail: true}, notify.MyRun: {Portal: true}}))
	ok(t, "save", n.SaveChoices(t.Context(), "q", notify.Choices{notify.MyRun: {}}))
	ok(t, "save again", n.SaveChoices(t.Context(), "p", notify.Choices{notify.ToDecide: {Portal: true, Mail: true}}))
	many := []string{"p", "q", "nobody"}
	for i := range 2500 {
		many = append(many, fmt.Sprint("key ", i))
	}
	slices.Reverse(many)
	got, err := n.Choices(t.Context(), many)
	ok(t, "read", err)
	equal(t, "choices", got, map[string]notify.Choices{"p": {notify.ToDecide: {Portal: true, Mail: true}}, "q": {notify.MyRun: {}}})
	got, err = n.Choices(t.Context(), nil)
	ok(t, "read none", err)
	equal(t, "none", got, map[string]notify.Choices{})
}
