package storetest

import (
	"cmp"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/store"
)

// TestDirectory checks directory.Store on an open, migrated database whose directory is empty.
func TestDirectory(t *testing.T, s *store.Store) {
	d := s.Directory()
	day := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	anna := directory.Record{Kind: directory.KindUser, ID: "u1", Doc: []byte(`{"id":"u1","name":"Änna \u0000"}`)}
	sales := directory.Record{Kind: directory.KindTeam, ID: "u1", Doc: []byte(`{"id":"u1"}`)} // the id of another kind
	gone := directory.Record{Kind: directory.KindUser, ID: "u1", Doc: []byte("left behind"), Deleted: true}
	asGone := directory.Record{Kind: directory.KindUser, ID: "u1", Deleted: true}

	apply := func(want int64, at time.Time, changes ...directory.Record) {
		t.Helper()
		got, err := d.Apply(t.Context(), changes, at)
		if err != nil || got != want {
			t.Fatalf("Apply: version %d, %v; want %d", got, err, want)
		}
	}
	loads := func(version int64, at time.Time, want ...directory.Record) {
		t.Helper()
		got, v, fetched, err := d.LoadAll(t.Context())
		checkRecords(t, "LoadAll", got, want, err)
		if v != version || !fetched.Equal(at) {
			t.Errorf("LoadAll: version %d of %v, want %d of %v", v, fetched, version, at)
		}
	}
	since := func(after, version int64, want ...directory.Record) {
		t.Helper()
		got, v, _, err := d.Since(t.Context(), after)
		checkRecords(t, "Since", got, want, err)
		if v != version {
			t.Errorf("Since: version %d, want %d", v, version)
		}
	}

	loads(0, time.Time{})
	apply(0, time.Time{})
	apply(1, day, anna, sales)
	loads(1, day, anna, sales)
	since(0, 1, anna, sales)
	since(1, 1)

	apply(1, day.Add(time.Hour)) // only younger
	loads(1, day.Add(time.Hour), anna, sales)
	changed := directory.Record{Kind: directory.KindTeam, ID: "u1", Doc: []byte(`{"id":"u1","name":"Sales"}`)}
	apply(2, day, sales, changed) // the last counts, and time does not go back
	loads(2, day.Add(time.Hour), anna, changed)
	since(1, 2, changed)

	apply(3, time.Time{}, gone)
	loads(3, day.Add(time.Hour), changed)
	since(2, 3, asGone)
	since(0, 3, asGone, changed)
	apply(4, time.Time{}, anna) // back again
	loads(4, day.Add(time.Hour), anna, changed)

	testManyRecords(t, d)
	testWritersAtOnce(t, d)
}

func testManyRecords(t *testing.T, d *store.DirectoryStore) {
	t.Helper()
	_, before, _, err := d.LoadAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var many []directory.Record
	for i := range 1201 { // more than one statement takes
		many = append(many, directory.Record{Kind: directory.KindRole, ID: "r" + string(rune('a'+i%26)) + time.Duration(i).String(), Doc: []byte(`{}`)})
	}
	if _, err := d.Apply(t.Context(), many, time.Time{}); err != nil {
		t.Fatal(err)
	}
	got, _, _, err := d.Since(t.Context(), before)
	checkRecords(t, "Since many", got, many, err)
}

// testWritersAtOnce checks that each write has a version of its own and that a reader who goes by versions misses none.
func testWritersAtOnce(t *testing.T, d *store.DirectoryStore) {
	t.Helper()
	_, start, _, err := d.LoadAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const writers = 8
	versions := make([]int64, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			v, err := d.Apply(t.Context(), []directory.Record{{Kind: directory.KindUser, ID: "w" + string(rune('a'+i)), Doc: []byte(`{}`)}}, time.Time{})
			if err != nil {
				t.Errorf("Apply at once: %v", err)
			}
			versions[i] = v
		})
	}
	seen, at := map[string]bool{}, start
	for range 20 {
		got, v, _, err := d.Since(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range got {
			seen[r.ID] = true
		}
		at = v
	}
	all.Wait()
	got, _, _, err := d.Since(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		seen[r.ID] = true
	}
	slices.Sort(versions)
	for i, v := range versions {
		if v != start+int64(i)+1 {
			t.Errorf("versions %v after %d: not one each", versions, start)
			break
		}
	}
	if len(seen) != writers {
		t.Errorf("a reader by versions saw %d of %d records", len(seen), writers)
	}
}

func checkRecords(t *testing.T, what string, got, want []directory.Record, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	byKey := cmpopts.SortSlices(func(a, b directory.Record) bool {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) < 0
	})
	if diff := gocmp.Diff(want, got, byKey, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
