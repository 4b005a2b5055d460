package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/store"
	"github.com/gtmhub-portal/portal/internal/store/pgtest"
	"github.com/gtmhub-portal/portal/internal/store/storetest"
)

// openURL opens a database, runs the statements and migrates.
func openURL(t *testing.T, url string, first ...string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, text := range first {
		if err := s.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func openSQLite(t *testing.T) *store.Store {
	t.Helper()
	// A name that is no URL. No test cuts the power, and waiting for the disk would take most of the time.
	return openURL(t, filepath.Join(t.TempDir(), "portal ?#%.db"), `PRAGMA synchronous = OFF`)
}

func openPostgres(t *testing.T) *store.Store {
	t.Helper()
	return openURL(t, pgtest.URL(t))
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, openSQLite)
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	pgtest.URL(t) // skips once, not once for each test
	storetest.Run(t, openPostgres)
}

// both runs a test on both databases.
func both(t *testing.T, test func(*testing.T, *store.Store)) {
	for name, open := range map[string]func(*testing.T) *store.Store{"SQLite": openSQLite, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func TestMigrateAgain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		if err := s.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := store.Open(t.Context(), store.Options{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(s.Migrate(t.Context()), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAuditIsAppendOnly(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		appendEntries(t, s, 3)
		statements := []string{`UPDATE audit_entry SET result = 'x'`, `DELETE FROM audit_entry WHERE seq = 2`}
		if s.Dialect() == store.PostgreSQL {
			statements = append(statements, `TRUNCATE audit_entry CASCADE`)
		}
		for _, text := range statements {
			if err := s.Exec(t.Context(), text); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v, want that it is append-only", text, err)
			}
		}
		verify(t, s, 3, 0)
		if err := s.Exec(t.Context(), `DELETE FROM audit_name`); err != nil {
			t.Errorf("names must be erasable: %v", err)
		}
		verify(t, s, 3, 0)
	})
}

func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	const entries = 1500 // more than a page
	for name, tc := range map[string]struct {
		text          string
		sound, broken int64
	}{
		"altered":           {`UPDATE audit_entry SET result = 'nothing happened' WHERE seq = 1200`, 1199, 1200},
		"another actor":     {`UPDATE audit_entry SET who_subject = 'eve' WHERE seq = 1`, 0, 1},
		"removed":           {`DELETE FROM audit_entry WHERE seq = 700`, 699, 700},
		"last one removed":  {`DELETE FROM audit_entry WHERE seq = 1500`, 1499, 1500},
		"first one removed": {`DELETE FROM audit_entry WHERE seq = 1`, 0, 1},
		"all removed":       {`DELETE FROM audit_entry`, 0, 1},
		"head set back":     {`UPDATE audit_head SET hash = 'x'`, 1499, 1500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, s *store.Store) {
				appendEntries(t, s, entries)
				verify(t, s, entries, 0)
				unguard(t, s)
				for _, text := range []string{`DELETE FROM audit_name`, tc.text} {
					if err := s.Exec(t.Context(), text); err != nil {
						t.Fatal(err)
					}
				}
				verify(t, s, tc.sound, tc.broken)
			})
		})
	}
}

func appendEntries(t *testing.T, s *store.Store, n int) {
	t.Helper()
	var all []audit.Entry
	for i := range n {
		all = append(all, audit.Entry{Event: audit.SignedIn, Who: audit.Who{Kind: "person", Subject: fmt.Sprint(i), Name: "Ana"}})
	}
	if err := s.Audit().Append(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, s *store.Store, sound, broken int64) {
	t.Helper()
	r, err := s.Audit().Verify(t.Context())
	if err != nil || r.Sound != sound || r.Broken != broken || (r.Why == "") != (broken == 0) {
		t.Errorf("verify: %d sound, broken at %d (%s), %v; want %d and %d", r.Sound, r.Broken, r.Why, err, sound, broken)
	}
}

func TestSQLiteFileIsForOneProcess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "portal.db")
	first, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		_, err := store.Open(t.Context(), store.Options{URL: name})
		if !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Another portal") {
			t.Errorf("open %s a second time: %v", filepath.Base(name), err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(t.Context(), store.Options{URL: path})
	if err != nil {
		t.Fatalf("open after close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("the file has mode %o, want 600", got)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, url string
		kind      fault.Kind
	}{
		{"no path", "", fault.Internal},
		{"no folder", filepath.Join(t.TempDir(), "none", "portal.db"), fault.Internal},
		{"nobody listens", "postgres://portal:s3cret@127.0.0.1:1/portal", fault.Unavailable},
		{"no address", "postgres://portal:s3cret@127.0.0.1:port/portal", fault.Internal},
	} {
		s, err := store.Open(t.Context(), store.Options{URL: tc.url})
		if err == nil {
			t.Errorf("%s: opened %v", tc.name, s.Dialect())
			continue
		}
		if got := fault.KindOf(err); got != tc.kind {
			t.Errorf("%s: kind %q of %v, want %q", tc.name, got, err, tc.kind)
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error shows the password", tc.name)
		}
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	s := openSQLite(t)
	if err := s.Exec(t.Context(), `PRAGMA max_page_count = 1`); err != nil { // means: not one page more
		t.Fatal(err)
	}
	draft := joiners.Draft{ID: id.NewDraft(), Data: make([]byte, 1<<20), Version: 1}
	if err := s.Drafts().Create(t.Context(), draft); !errors.Is(err, fault.Full) {
		t.Errorf("create draft on a full disk: %v, want full", err)
	}
	if _, err := s.Drafts().Get(t.Context(), draft.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("after it: %v, want that reading works and nothing was stored", err)
	}
}

func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	t.Run("ended connections come back", func(t *testing.T) {
		t.Parallel()
		s := openPostgres(t)
		// The statement ends its own connection too, as a restart of the server does.
		err := s.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()`)
		if err == nil {
			t.Error("the connection survived")
		}
		appendEntries(t, s, 1)
		verify(t, s, 1, 0)
	})
	t.Run("a broken schema is our mistake", func(t *testing.T) {
		t.Parallel()
		s := openPostgres(t)
		err := s.Exec(t.Context(), `ALTER TABLE audit_head RENAME TO elsewhere`)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Audit().Append(t.Context(), audit.Entry{}); fault.KindOf(err) != fault.Internal {
			t.Errorf("append: %v, want internal", err)
		}
	})
	t.Run("a caller that gives up", func(t *testing.T) {
		t.Parallel()
		both(t, func(t *testing.T, s *store.Store) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := s.Audit().Append(ctx, audit.Entry{}); !errors.Is(err, context.Canceled) {
				t.Errorf("append: %v, want that it was cancelled", err)
			}
		})
	})
}

func TestReminders(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		c := change.Change{ID: id.NewChange(), Kind: "k", State: change.Waiting, Version: 1, Hash: "h", Deciders: 1}
		if _, err := s.Changes().Create(t.Context(), c, []change.Row{{ID: id.NewRow(), Pos: 1, Kind: "k", State: change.Queued}}, nil, 100*time.Minute); err != nil {
			t.Fatal(err)
		}
		later := func(minutes int) {
			t.Helper()
			if err := s.Exec(t.Context(), fmt.Sprintf(`UPDATE change SET asked = asked - %d, lapses = lapses - %d`, minutes*60_000, minutes*60_000)); err != nil {
				t.Fatal(err)
			}
		}
		due := func() int {
			t.Helper()
			list, err := s.Changes().Due(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		remind := func(e audit.Event) int {
			t.Helper()
			var n atomic.Int32
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					first, err := s.Changes().Remind(t.Context(), c.ID, e, audit.Entry{Event: e})
					if err != nil {
						t.Error(err)
					}
					if first {
						n.Add(1)
					}
				})
			}
			wg.Wait()
			return int(n.Load())
		}
		for _, step := range []struct {
			name                     string
			later                    int
			due, reminded, escalated int
		}{
			{"at once", 0, 0, 0, 0},
			{"before half of the time", 49, 0, 0, 0},
			{"after half of it", 2, 1, 1, 0},
			{"later", 20, 0, 0, 0},
			{"after three quarters", 5, 1, 0, 1},
			{"nearly over", 20, 0, 0, 0},
			{"too late", 10, 1, 0, 0},
		} {
			later(step.later)
			if got := []int{due(), remind(audit.Reminded), remind(audit.Escalated)}; !slices.Equal(got, []int{step.due, step.reminded, step.escalated}) {
				t.Errorf("%s: due, reminded and escalated %v, want %v", step.name, got, []int{step.due, step.reminded, step.escalated})
			}
		}
		verify(t, s, 2, 0)
	})
}
