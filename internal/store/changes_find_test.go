package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// newChanges opens a fresh SQLite store.
func newChanges(t *testing.T) *store.ChangeStore {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "portal.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s.Changes()
}

func TestChangesByNumberAndLapse(t *testing.T) {
	t.Parallel()
	s := newChanges(t)
	add := func(deciders int, lapse time.Duration) int {
		c := change.Change{ID: id.NewChange(), Kind: "invite people", State: change.Waiting, Version: 1, Hash: "h", Deciders: deciders,
			Requester: change.Person{Kind: access.ByPerson, Issuer: "i", Subject: "s"}}
		c, err := s.Create(t.Context(), c, []change.Row{{ID: id.NewRow(), Change: c.ID, Pos: 1, Kind: "invite user", State: change.Queued}}, nil, lapse)
		if err != nil {
			t.Fatal(err)
		}
		return c.Number
	}
	never, late, soon := add(0, 0), add(1, 72*time.Hour), add(1, time.Hour)
	numbers := func(f change.Filter) []int {
		list, n, err := s.Changes(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var out []int
		for _, c := range list {
			out = append(out, c.Number)
		}
		if n != len(out) {
			t.Errorf("%d match, %d were returned", n, len(out))
		}
		return out
	}
	for _, tc := range []struct {
		name   string
		filter change.Filter
		want   []int
	}{
		{"newest first", change.Filter{}, []int{soon, late, never}},
		{"soonest first", change.Filter{SoonestFirst: true}, []int{soon, late, never}},
		{"by number", change.Filter{Number: late}, []int{late}},
		{"no such number", change.Filter{Number: 99}, nil},
	} {
		if diff := cmp.Diff(tc.want, numbers(tc.filter)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	later := add(1, 96*time.Hour)
	if diff := cmp.Diff([]int{soon, late, later, never}, numbers(change.Filter{SoonestFirst: true})); diff != "" {
		t.Errorf("soonest first, with a newer one that lapses later (-want +got):\n%s", diff)
	}
}

func TestRowsOfParents(t *testing.T) {
	t.Parallel()
	s := newChanges(t)
	c := id.NewChange()
	row := func(step, pos int, parent id.Row) change.Row {
		return change.Row{ID: id.NewRow(), Change: c, Step: step, Pos: pos, Kind: "k", Parent: parent, State: change.Queued}
	}
	ana, ben := row(0, 1, ""), row(0, 2, "")
	anaRole, benRole, anaTeam := row(1, 1, ana.ID), row(1, 2, ben.ID), row(2, 1, ana.ID)
	_, err := s.Create(t.Context(), change.Change{ID: c, State: change.Approved, Version: 1}, []change.Row{ana, ben, anaRole, benRole, anaTeam}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name    string
		parents []id.Row
		want    []id.Row
	}{
		{"of one", []id.Row{ana.ID}, []id.Row{anaRole.ID, anaTeam.ID}},
		{"of two", []id.Row{ben.ID, ana.ID}, []id.Row{anaRole.ID, benRole.ID, anaTeam.ID}},
		{"of one without any", []id.Row{anaTeam.ID}, nil},
		{"of nobody", []id.Row{}, nil},
		{"not limited", nil, []id.Row{ana.ID, ben.ID, anaRole.ID, benRole.ID, anaTeam.ID}},
	} {
		rows, n, err := s.Rows(t.Context(), c, change.RowFilter{Step: change.AllSteps, Parents: tc.parents})
		if err != nil {
			t.Fatal(err)
		}
		var got []id.Row
		for _, r := range rows {
			got = append(got, r.ID)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" || n != len(tc.want) {
			t.Errorf("%s: %d match (-want +got):\n%s", tc.name, n, diff)
		}
	}
}
