package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// testDrift: a look is stored once, its findings wait until somebody deals with them, and a change that came to nothing
// lets them wait again.
func testDrift(t *testing.T, s *store.Store) {
	st, ctx := s.Drift(), t.Context()
	none := func(*drift.Finding) bool { return false }
	last, err := st.Last(ctx, true)
	ok(t, "before the first look", err)
	equal(t, "no look", last.Number, 0)
	p := drift.Picture{Facts: drift.Facts{{Of: drift.UserIs, User: "u1"}: drift.On, {Of: drift.MemberOf, User: "u1", Team: "t1"}: drift.On}, Names: map[string]string{"u1": "Ada\x00"}}
	ok(t, "first look", st.Keep(ctx, 0, last.Now, p, nil, none, entry(1, audit.Compared)))
	last2, err := st.Last(ctx, true)
	ok(t, "read", err)
	equal(t, "the picture", last2.Picture, p)
	equal(t, "began", last2.Began, last.Now)

	finding := func(k drift.Kind, u id.User) drift.Finding {
		return drift.Finding{Kind: k, User: u, Names: map[string]string{string(u): "Ada"}}
	}
	found := []drift.Finding{finding(drift.Joined, "u1"), finding(drift.NewAdmin, "u2"), finding(drift.Joined, "u3"), finding(drift.UserGone, "u4")}
	var wg sync.WaitGroup
	results := make([]error, 4)
	for i := range results {
		wg.Go(func() {
			results[i] = st.Keep(ctx, 1, last2.Now, p, append([]drift.Finding{}, found...), none, entry(1, audit.Compared))
		})
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, fault.Conflict) {
			t.Errorf("racing looks: %v", err)
		}
	}
	equal(t, "looks that were stored", won, 1)
	kinds := func(what string, f drift.Filter, want ...drift.Kind) []drift.Finding {
		t.Helper()
		list, n, err := st.Findings(ctx, f)
		ok(t, what, err)
		var got []drift.Kind
		for _, one := range list {
			got = append(got, one.Kind)
		}
		equal(t, what, got, want)
		if f.Size == 0 {
			equal(t, what+": number", n, len(want))
		}
		return list
	}
	open := kinds("all wait, what gives rights first", drift.Filter{Open: true}, drift.NewAdmin, drift.UserGone, drift.Joined, drift.Joined)
	equal(t, "names", open[0].Names, map[string]string{"u2": "Ada"})
	kinds("one kind", drift.Filter{Open: true, Kind: drift.Joined}, drift.Joined, drift.Joined)
	kinds("second page", drift.Filter{Open: true, Page: 2, Size: 3}, drift.Joined)
	counts, err := st.Count(ctx)
	ok(t, "count", err)
	equal(t, "by kind", counts, map[drift.Kind]int{drift.NewAdmin: 1, drift.UserGone: 1, drift.Joined: 2})

	who := person(1)
	ok(t, "accept", st.Close(ctx, []string{open[0].ID}, drift.Accepted, who, "", entry(1, audit.DriftAccepted)))
	wantKind(t, "one of two is dealt with", st.Close(ctx, []string{open[1].ID, open[0].ID}, drift.Ignored, who, ""), fault.Conflict)
	kinds("and nothing happened", drift.Filter{Open: true}, drift.UserGone, drift.Joined, drift.Joined)
	done := kinds("dealt with", drift.Filter{Closed: true}, drift.NewAdmin)
	equal(t, "by whom", done[0].By, who)

	all := rows(0, 1)
	c := create(t, s, head(change.Waiting, all), all)
	ok(t, "put back", st.Close(ctx, []string{open[2].ID}, drift.PutBack, who, c.ID))
	kinds("while it is put back", drift.Filter{Open: true}, drift.UserGone, drift.Joined)
	ok(t, "withdraw", s.Changes().Move(ctx, c.ID, []change.State{change.Waiting}, change.Withdrawn, ""))
	back := kinds("after it came to nothing", drift.Filter{Open: true}, drift.UserGone, drift.Joined, drift.Joined)
	equal(t, "it waits", back[1].Waits() && back[2].Waits(), true)
	ok(t, "put back by a change that is not there", st.Close(ctx, []string{open[2].ID}, drift.PutBack, who, "nosuchchange"))
	kinds("it waits still", drift.Filter{Open: true}, drift.UserGone, drift.Joined, drift.Joined)
	ok(t, "the next look sees it as before", st.Keep(ctx, 2, last2.Now, p, nil, func(f *drift.Finding) bool { return f.User == "u1" }))
	kinds("what is as before waits no more", drift.Filter{Open: true}, drift.UserGone, drift.Joined)

	// What the portal did since a look: what is under way at any time, done since only.
	many := rows(0, 3)
	create(t, s, head(change.Running, many), many)
	taken, err := s.Changes().Claim(ctx, "me", time.Minute, 3, "")
	ok(t, "claim", err)
	ok(t, "intend", s.Changes().Intend(ctx, taken[:2], 0))
	did := func(what string, since time.Time, want ...change.RowState) {
		t.Helper()
		list, err := st.Did(ctx, since)
		ok(t, what, err)
		var got []change.RowState
		for _, r := range list {
			got = append(got, r.State)
		}
		equal(t, what, got, want)
	}
	did("under way", time.Now().Add(time.Hour), change.InIntent, change.InIntent)
	_, err = s.Changes().Settle(ctx, []change.Outcome{{Row: taken[0].ID, Epoch: taken[0].Epoch, State: change.Done}, {Row: taken[1].ID, Epoch: taken[1].Epoch, State: change.RefusedRow}})
	ok(t, "settle", err)
	did("done since", last.Now, change.Done)
	did("done before", time.Now().Add(time.Hour))
}
