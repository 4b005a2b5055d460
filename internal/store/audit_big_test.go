package store_test

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// TestBigTrail measures a trail of 200,000 entries; the export must not need memory that grows with it. It is part of the
// long form (PORTAL_CHAOS=1, "task chaos").
func TestBigTrail(t *testing.T) {
	if os.Getenv("PORTAL_CHAOS") == "" {
		t.Skip("measures for a minute; part of the long form (PORTAL_CHAOS=1)")
	}
	for name, open := range map[string]func(*testing.T) *store.Store{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) { // one after the other: they measure
			s := open(t)
			const entries, part = 200_000, 1000
			for i := range entries / part {
				var all []audit.Entry
				for k := range part {
					n := i*part + k
					all = append(all, audit.Entry{Who: audit.Who{Kind: access.ByPerson, Issuer: "https://id.example", Subject: fmt.Sprint(n % 300), User: id.User(fmt.Sprint("u", n%300)), Name: fmt.Sprint("Person ", n%300)},
						Event: audit.Outcome, Act: "invite user", User: id.User(fmt.Sprint("x", n)), Team: id.Team(fmt.Sprint("t", n%314)), TargetName: fmt.Sprint("Joiner ", n), Operation: 6, After: "done"})
				}
				if err := s.Audit().Append(t.Context(), all...); err != nil {
					t.Fatal(err)
				}
			}
			if name == "PostgreSQL" { // as autovacuum does by itself within a minute
				if err := s.Exec(t.Context(), "ANALYZE"); err != nil {
					t.Fatal(err)
				}
			}
			for _, q := range []struct {
				what string
				f    audit.Filter
				want int
			}{
				{"newest page", audit.Filter{Limit: 51}, 51},
				{"page in the middle", audit.Filter{Limit: 51, Before: entries / 2}, 51},
				{"a rare name", audit.Filter{Limit: 51, Text: "joiner 123456"}, 1},
				{"a common name", audit.Filter{Limit: 51, By: "person 29"}, 51},
				{"a name that nobody has", audit.Filter{Limit: 51, Text: "nobody"}, 0},
				{"about one user", audit.Filter{Limit: 51, User: "x777"}, 1},
				{"the view of a lead of two teams", audit.Filter{Limit: 51, Teams: []id.Team{"t1", "t2"}}, 51},
				{"a day without entries", audit.Filter{Limit: 51, Until: time.Now().AddDate(0, 0, -1)}, 0},
			} {
				begin := time.Now()
				got, err := s.Audit().Entries(t.Context(), q.f)
				if err != nil || len(got) != q.want {
					t.Errorf("%s: %d entries, %v, want %d", q.what, len(got), err, q.want)
				}
				t.Logf("%s: %v", q.what, time.Since(begin).Round(100*time.Microsecond))
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			before, peak, n := m.HeapAlloc, uint64(0), 0
			begin := time.Now()
			for e, err := range audit.All(t.Context(), s.Audit(), audit.Filter{}) {
				if err != nil {
					t.Fatal(err)
				}
				if err := audit.WriteLine(io.Discard, &e); err != nil {
					t.Fatal(err)
				}
				if n++; n%5000 == 0 {
					runtime.ReadMemStats(&m)
					peak = max(peak, m.HeapAlloc)
				}
			}
			grown := int64(peak) - int64(before)
			t.Logf("export of %d entries: %v, heap at most %d MB above the start", n, time.Since(begin).Round(10*time.Millisecond), grown>>20)
			if n != entries || grown > 32<<20 {
				t.Errorf("%d entries, heap grew by %d bytes", n, grown)
			}
			begin = time.Now()
			verify(t, s, entries, 0)
			t.Logf("verify: %v", time.Since(begin).Round(10*time.Millisecond))
		})
	}
}
