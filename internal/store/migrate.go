package store

import (
	"context"
	"database/sql"
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
	p, err := s.migrator()
	if err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", mapError(err))
	}
	return nil
}

// migrator knows all migrations; making it touches no database.
func (s *Store) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	guard := goose.NewGoMigration(6, &goose.GoFunc{RunTx: s.guardAudit}, nil)
	segments := goose.NewGoMigration(9, &goose.GoFunc{RunTx: s.auditSegments}, nil)
	options := []goose.ProviderOption{goose.WithGoMigrations(guard, segments), goose.WithSlog(s.log), goose.WithDisableGlobalRegistry(true),
		// Branches bring their migrations in any order; none depends on a later number.
		goose.WithAllowOutofOrder(true)}
	dialect := goose.DialectSQLite3
	if s.dialect == PostgreSQL {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(dialect, s.writer, files, options...)
}

// The triggers that keep entries of the audit trail as they were written, side by side: the two databases have no
// words for triggers in common. Each text is one statement.
var (
	guardSQLite = []string{
		`CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
		`CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
	}
	guardPostgres = []string{
		`CREATE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''audit entries are append-only''; END'`,
		`CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_entry_guard()`,
		`CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_guard()`,
	}
)

// guardAudit is migration 6.
func (s *Store) guardAudit(ctx context.Context, tx *sql.Tx) error {
	if s.dialect == PostgreSQL {
		return execAll(ctx, tx, guardPostgres)
	}
	return execAll(ctx, tx, guardSQLite)
}

func execAll(ctx context.Context, tx *sql.Tx, texts []string) error {
	for _, text := range texts {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}
