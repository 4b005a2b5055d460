package store_test

import (
	"path/filepath"
	"testing"

	"github.com/gtmhub-portal/portal/internal/store"
	"github.com/gtmhub-portal/portal/internal/store/pgtest"
)

func TestPending(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		url  func(testing.TB) string
	}{
		{"sqlite", func(t testing.TB) string { return filepath.Join(t.TempDir(), "portal.db") }},
		{"postgres", pgtest.URL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), store.Options{URL: tt.url(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			pending := func() int {
				n, err := s.Pending(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
			all := pending()
			if again := pending(); all == 0 || again != all {
				t.Errorf("new database: %d migrations are pending, then %d", all, again)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := pending(); n != 0 {
				t.Errorf("after migrating: %d are pending", n)
			}
			if err := s.Exec(t.Context(), `DELETE FROM goose_db_version WHERE version_id = 3`); err != nil {
				t.Fatal(err)
			}
			if n := pending(); n != 1 {
				t.Errorf("one taken back: %d are pending", n)
			}
		})
	}
}

func TestExists(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "portal.db")
	for _, url := range []string{file, "sqlite:" + file} {
		if there, err := store.Exists(url); there || err != nil {
			t.Errorf("%s: %v, %v before it is made", url, there, err)
		}
	}
	s, err := store.Open(t.Context(), store.Options{URL: file})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, url := range []string{file, "sqlite:" + file, "postgres://db.example/portal", "postgresql://db.example/portal"} {
		if there, err := store.Exists(url); !there || err != nil {
			t.Errorf("%s: %v, %v", url, there, err)
		}
	}
}
