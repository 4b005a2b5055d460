package storetest

import (
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// testLeadRequests: a lead's inbox has the requests to the teams that are named, and no others.
func testLeadRequests(t *testing.T, s *store.Store) {
	for _, lead := range []id.Team{"", "t1", "t2"} {
		all := rows(0, 1)
		c := head(change.Waiting, all)
		c.Lead, c.Title, c.Deciders = lead, "to "+string(lead), 1
		equal(t, "lead as stored", create(t, s, c, all).Lead, lead)
	}
	for _, tc := range []struct {
		name  string
		leads []id.Team
		want  []string
	}{
		{"anybody", nil, []string{"to t2", "to t1", "to "}},
		{"nobody", []id.Team{}, nil},
		{"one team", []id.Team{"t1"}, []string{"to t1"}},
		{"two teams and none", []id.Team{"t2", "t1", ""}, []string{"to t2", "to t1"}},
	} {
		list, n, err := s.Changes().Changes(t.Context(), change.Filter{Leads: tc.leads, States: []change.State{change.Waiting}})
		ok(t, tc.name, err)
		var got []string
		for _, c := range list {
			got = append(got, c.Title)
		}
		equal(t, tc.name, got, tc.want)
		equal(t, tc.name+": number", n, len(tc.want))
	}
}

// testDeputies: what is in force is said by the database's clock, and what has ended stays ended.
func testDeputies(t *testing.T, s *store.Store) {
	st := s.Deputies()
	now := time.Now().UTC()
	one := deputy.Deputy{ID: "d1", Holder: "u1", HolderName: "Holder", Teams: []id.Team{"t1", "t2"}, Acts: []access.Act{access.AddMember}, By: "u2", ByName: "Giver", Until: now.Add(time.Hour).Truncate(time.Millisecond)}
	ok(t, "add", st.Add(t.Context(), one, entry(1, audit.DeputyGiven)))
	byHR := one
	byHR.ID, byHR.Holder, byHR.By, byHR.ByHR = "d2", "u3", "", true
	ok(t, "add by HR", st.Add(t.Context(), byHR))
	late := one
	late.ID, late.Until = "d3", now.Add(-time.Minute)
	wantKind(t, "a time that has passed", st.Add(t.Context(), late), fault.Invalid)
	late.Until = now.Add(deputy.Longest + time.Hour)
	wantKind(t, "too long", st.Add(t.Context(), late), fault.Invalid)
	got, err := st.Deputy(t.Context(), "d1")
	ok(t, "read", err)
	equal(t, "in force", got.InForce, true)
	one.Created, one.InForce = got.Created, true
	equal(t, "as stored", got, one)
	_, err = st.Deputy(t.Context(), "d3")
	wantKind(t, "not there", err, fault.NotFound)
	count := func(what string, list []deputy.Deputy, err error, want int) {
		t.Helper()
		ok(t, what, err)
		equal(t, what, len(list), want)
	}
	list, err := st.InForce(t.Context(), "u1")
	count("held", list, err, 1)
	list, err = st.InForce(t.Context(), "u2")
	count("a giver holds nothing", list, err, 0)
	list, err = st.List(t.Context(), "")
	count("all", list, err, 2)
	list, err = st.List(t.Context(), "u2")
	count("given", list, err, 1)
	ok(t, "end", st.End(t.Context(), "d1", entry(1, audit.DeputyEnded)))
	wantKind(t, "end twice", st.End(t.Context(), "d1", entry(1, audit.DeputyEnded)), fault.Conflict)
	list, err = st.InForce(t.Context(), "u1")
	count("held after the end", list, err, 0)
	list, err = st.List(t.Context(), "u1")
	count("still listed", list, err, 1)
	equal(t, "not in force", list[0].InForce, false)
	// The last moment, by the database's clock.
	soon := one
	soon.ID, soon.Until = "d4", now.Add(400*time.Millisecond)
	if err := st.Add(t.Context(), soon); err == nil {
		for deadline := time.After(30 * time.Second); ; {
			list, err := st.InForce(t.Context(), "u1")
			ok(t, "wait for the end", err)
			if len(list) == 0 {
				break
			}
			select {
			case <-deadline:
				t.Fatal("it does not end by itself")
			case <-time.After(20 * time.Millisecond):
			}
		}
		wantKind(t, "end what is over", st.End(t.Context(), "d4"), fault.Conflict)
	}
}
