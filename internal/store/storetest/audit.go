package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

func testAuditEntries(t *testing.T, s *store.Store) {
	sound(t, s, 0)
	full := audit.Entry{Who: audit.WhoIs(person(1).Actor()), Event: audit.Outcome, Change: "c1", Row: "r1", Act: "add member", User: "u1", Team: "t1",
		TargetName: "Ana Ferrari", Operation: 27, Before: "-", After: "u1", Result: "done", Version: 2, PlanHash: "h", RequestID: "q"}
	ok(t, "append", s.Audit().Append(t.Context(), full, entry(2, audit.SignedIn)))
	ok(t, "append", s.Audit().Append(t.Context(), entry(3, audit.SignedOut)))
	ok(t, "append nothing", s.Audit().Append(t.Context()))
	all := trail(t.Context(), t, s, audit.Filter{})
	want := []audit.Entry{full, entry(2, audit.SignedIn), entry(3, audit.SignedOut)}
	equal(t, "entries", all, want, cmpopts.IgnoreFields(audit.Entry{}, "Seq", "At", "Hash", "Previous"))
	hash := ""
	for i, e := range all {
		equal(t, "seq", e.Seq, int64(i+1))
		equal(t, "hash before", e.Previous, hash)
		hash = audit.Hash(hash, e)
		equal(t, "hash", e.Hash, hash)
		if e.At.IsZero() || e.At.Location() != time.UTC {
			t.Errorf("entry %d is of %v", e.Seq, e.At)
		}
	}
	sound(t, s, 3)
	for _, tc := range []struct {
		name string
		f    audit.Filter
		want []int64 // newest first
	}{
		{"all", audit.Filter{}, []int64{3, 2, 1}},
		{"before", audit.Filter{Before: 3}, []int64{2, 1}},
		{"limit", audit.Filter{Limit: 1}, []int64{3}},
		{"change", audit.Filter{Change: "c1"}, []int64{1}},
		{"event", audit.Filter{Event: audit.SignedIn}, []int64{2}},
		{"actor", audit.Filter{Actor: "p3"}, []int64{3}},
		{"name of the actor", audit.Filter{Text: "PERSON 2"}, []int64{2}},
		{"name of the target", audit.Filter{Text: "ferrari"}, []int64{1}},
		{"no pattern", audit.Filter{Text: "p%n"}, nil},
	} {
		got, err := s.Audit().Entries(t.Context(), tc.f)
		ok(t, tc.name, err)
		equal(t, tc.name, seqs(got), tc.want)
	}
}

func seqs(all []audit.Entry) []int64 {
	var out []int64
	for _, e := range all {
		out = append(out, e.Seq)
	}
	return out
}

func testAuditView(t *testing.T, s *store.Store) {
	about := func(by int, team id.Team) audit.Entry {
		e := entry(by, audit.Outcome)
		e.Team = team
		return e
	}
	ok(t, "append", s.Audit().Append(t.Context(), about(1, "t1"), about(1, "t2"), about(2, "t3"), about(2, ""), about(1, "")))
	self := audit.WhoIs(person(2).Actor())
	otherSignIn := audit.Who{Issuer: "https://other.example", Subject: "x", User: self.User}
	noLink := audit.Who{Issuer: self.Issuer, Subject: self.Subject}
	for _, tc := range []struct {
		name string
		f    audit.Filter
		want []int64
	}{
		{"two teams", audit.Filter{Teams: []id.Team{"t1", "t3"}}, []int64{3, 1}},
		{"a team and self", audit.Filter{Teams: []id.Team{"t1"}, Self: &self}, []int64{4, 3, 1}},
		{"self by another sign-in", audit.Filter{Teams: []id.Team{}, Self: &otherSignIn}, []int64{4, 3}},
		{"self without a linked user", audit.Filter{Teams: []id.Team{}, Self: &noLink}, []int64{4, 3}},
		{"no team", audit.Filter{Teams: []id.Team{}}, nil},
		{"nobody is not everybody without a link", audit.Filter{Teams: []id.Team{}, Self: &audit.Who{}}, nil},
		{"together with another condition", audit.Filter{Teams: []id.Team{"t1", "t2"}, Self: &self, Before: 3}, []int64{2, 1}},
	} {
		got, err := s.Audit().Entries(t.Context(), tc.f)
		ok(t, tc.name, err)
		equal(t, tc.name, seqs(got), tc.want)
	}
}

func testAuditRace(t *testing.T, s *store.Store) {
	const each = 20
	errs := together(8, func(i int) error {
		for n := range each {
			if err := s.Audit().Append(t.Context(), entry(i, audit.SignedIn), entry(i, audit.Event(fmt.Sprint(n)))); err != nil {
				return err
			}
		}
		return nil
	})
	equal(t, "appended", tally(errs), map[fault.Kind]int{"": 8})
	sound(t, s, 8*each*2)
}
