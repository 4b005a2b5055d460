package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations are numbered SQL files, one text for both databases: BIGINT, TEXT, BOOLEAN and BYTEA (to SQLite a BYTEA
// column takes bytes like any other). They go forward only, and each must leave the release before it working.
//
//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema to the newest version. On PostgreSQL it holds a lock meanwhile, so several instances may
// start together; on SQLite the file is locked anyway. Doing it again changes nothing.
func (s *Store) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	options := []goose.ProviderOption{goose.WithSlog(s.log), goose.WithDisableGlobalRegistry(true),
		// Branches bring their migrations in any order; none depends on a later number.
		goose.WithAllowOutofOrder(true)}
	dialect := goose.DialectSQLite3
	if s.dialect == PostgreSQL {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return fmt.Errorf("migrate database: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, s.writer, files, options...)
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", mapError(err))
	}
	return nil
}
