package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Options says which database to open.
type Options struct {
	// URL is "postgres://..." (or "postgresql://..."), or the path of a SQLite file, with or without "sqlite:" in
	// front. The file is created if it is not there; its folder must exist.
	URL string
	// Log takes one line per migration and per transaction that had to be tried again. Nil discards them.
	Log *slog.Logger
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect Dialect
	log     *slog.Logger
	// reader and writer are one pool on PostgreSQL. SQLite allows one writer at a time, so its writer is a single
	// connection: writers queue for it in this process instead of meeting "database is locked".
	reader, writer *sql.DB
	// unlock gives the SQLite file back; nil on PostgreSQL.
	unlock func() error
}

// Open opens the database and checks that it answers. It does not change the schema: see [Store.Migrate]. A SQLite
// file is locked for this process until Close; if another process holds it the error is fault.Conflict.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{log: o.Log}
	var err error
	if strings.HasPrefix(o.URL, "postgres://") || strings.HasPrefix(o.URL, "postgresql://") {
		err = s.openPostgres(o.URL)
	} else {
		err = s.openSQLite(strings.TrimPrefix(o.URL, "sqlite:"))
	}
	if err == nil {
		err = s.Ping(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), s.Close())
	}
	return s, nil
}

func (s *Store) openPostgres(dsn string) error {
	s.dialect = PostgreSQL
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The error of pgx may quote the address, and with it the password.
		return errors.New("the address of the PostgreSQL database cannot be understood")
	}
	c.RuntimeParams["application_name"] = "portal"
	// An instance that froze in a transaction must not hold its row locks against the others for ever.
	c.RuntimeParams["idle_in_transaction_session_timeout"] = "30000"
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(8)
	db.SetConnMaxLifetime(30 * time.Minute)
	s.reader, s.writer = db, db
	return nil
}

func (s *Store) openSQLite(path string) error {
	s.dialect = SQLite
	if path == "" {
		return errors.New("the path of the SQLite file is empty")
	}
	// The lock goes by file name, so two names of one file must become the same.
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("find SQLite file: %w", err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if s.unlock, err = lockFile(path + ".lock"); err != nil {
		return fmt.Errorf("lock SQLite file: %w", err)
	}
	// The file holds sessions and names: only the account of the portal may read it. SQLite gives its WAL files the
	// same mode.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open SQLite file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open SQLite file: %w", err)
	}
	const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)"
	name := (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}).String()
	if s.writer, err = sql.Open("sqlite", name+"?"+pragmas+"&_txlock=immediate"); err != nil {
		return fmt.Errorf("open SQLite file: %w", err)
	}
	s.writer.SetMaxOpenConns(1)
	s.writer.SetMaxIdleConns(1)
	if s.reader, err = sql.Open("sqlite", name+"?"+pragmas+"&_pragma=query_only(1)"); err != nil {
		return fmt.Errorf("open SQLite file: %w", err)
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers)
	return nil
}

// Dialect says which database it is.
func (s *Store) Dialect() Dialect { return s.dialect }

// Ping checks that the database answers; the error is fault.Unavailable if it does not.
func (s *Store) Ping(ctx context.Context) error {
	// The writer goes first: it makes a new SQLite file, which the reader may not.
	for _, db := range []*sql.DB{s.writer, s.reader} {
		if err := db.PingContext(ctx); err != nil {
			return fmt.Errorf("ping database: %w", mapError(err))
		}
	}
	return nil
}

// Close ends all connections and gives a SQLite file back. The Store cannot be used afterwards.
func (s *Store) Close() error {
	var errs []error
	if s.reader != nil && s.reader != s.writer {
		errs = append(errs, s.reader.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if s.unlock != nil {
		errs = append(errs, s.unlock())
		s.unlock = nil
	}
	return errors.Join(errs...)
}
