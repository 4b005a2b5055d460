package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// versionTable finds the table that holds which migrations were made.
var versionTable = map[Dialect]string{
	SQLite:     `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'`,
	PostgreSQL: `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA() AND table_name = 'goose_db_version'`,
}

// Pending answers how many migrations [Store.Migrate] would make now. It changes nothing.
func (s *Store) Pending(ctx context.Context) (int, error) {
	p, err := s.migrator()
	if err != nil {
		return 0, fmt.Errorf("count pending migrations: %w", err)
	}
	pending := map[int64]bool{}
	for _, source := range p.ListSources() {
		pending[source.Version] = true
	}
	// Goose's own status would make its table where there is none.
	var tables int
	if err := s.reader.QueryRowContext(ctx, versionTable[s.dialect]).Scan(&tables); err != nil {
		return 0, fmt.Errorf("count pending migrations: %w", mapError(err))
	}
	if tables == 0 {
		return len(pending), nil
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT version_id FROM goose_db_version WHERE is_applied`)
	if err != nil {
		return 0, fmt.Errorf("count pending migrations: %w", mapError(err))
	}
	defer rows.Close()
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return 0, fmt.Errorf("count pending migrations: %w", mapError(err))
		}
		delete(pending, version)
	}
	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("count pending migrations: %w", mapError(err))
	}
	return len(pending), nil
}

// Exists says whether there is a database to open, for those who must not make one: [Open] makes a SQLite file that is
// not there. A PostgreSQL database counts as there; only its server knows better.
func Exists(url string) (bool, error) {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return true, nil
	}
	_, err := os.Stat(strings.TrimPrefix(url, "sqlite:"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for SQLite file: %w", err)
	}
	return true, nil
}
