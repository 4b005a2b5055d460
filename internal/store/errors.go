package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// Codes of PostgreSQL (PostgreSQL 15 documentation, appendix A).
const (
	pgUniqueViolation      = "23505"
	pgReadOnly             = "25006" // a standby after a failover
	pgIdleInTransaction    = "25P03" // this instance was frozen for longer than openPostgres allows
	pgSerializationFailure = "40001"
	pgDeadlockDetected     = "40P01"
	pgDiskFull             = "53100"
	pgClassConnection      = "08"
	pgClassResources       = "53"
	pgClassIntervention    = "57"
	pgQueryCanceled        = "57014"
)

const (
	messageConflict    = "Somebody else was faster, or it exists already. Nothing was stored; look at the page again."
	messageNotFound    = "It does not exist, or it does not exist any more."
	messageFull        = "The portal's database has no room left. Nothing was stored. Reading still works; the operator must make room."
	messageUnavailable = "The portal's database does not answer at the moment. Try again in a minute."
	messageLocked      = "Another portal has this SQLite file open. One file serves one portal: stop the other one, or use PostgreSQL for several."
)

// again says whether the transaction was rolled back for the sake of another one, so that it may begin anew.
func again(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == pgSerializationFailure || e.Code == pgDeadlockDetected
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlite3.SQLITE_BUSY
	}
	return false
}

// mapError gives an error of a driver its kind. Errors that have a kind, and those whose cause is a mistake of ours,
// stay as they are.
func mapError(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	if errors.Is(err, sql.ErrNoRows) {
		return fault.Wrap(err, fault.NotFound, messageNotFound)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	kind := kindOf(err)
	switch kind {
	case fault.Conflict:
		return fault.Wrap(err, kind, messageConflict)
	case fault.Full:
		return fault.Wrap(err, kind, messageFull)
	case fault.Unavailable:
		return fault.Wrap(err, kind, messageUnavailable)
	}
	return err
}

func kindOf(err error) fault.Kind {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return kindOfSQLite(e.Code())
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return kindOfPostgres(e.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return fault.Unavailable
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return fault.Unavailable
	}
	for _, lost := range []error{driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, sql.ErrConnDone, context.DeadlineExceeded} {
		if errors.Is(err, lost) {
			return fault.Unavailable
		}
	}
	return fault.Internal
}

func kindOfSQLite(code int) fault.Kind {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fault.Conflict
	}
	switch code & 0xff { // the upper bits say more about the same
	case sqlite3.SQLITE_FULL:
		return fault.Full
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return fault.Unavailable
	}
	return fault.Internal
}

func kindOfPostgres(code string) fault.Kind {
	switch code {
	case pgUniqueViolation:
		return fault.Conflict
	case pgDiskFull:
		return fault.Full
	case pgSerializationFailure, pgDeadlockDetected, pgReadOnly, pgIdleInTransaction, pgQueryCanceled:
		return fault.Unavailable
	}
	switch code[:min(2, len(code))] {
	case pgClassConnection, pgClassResources, pgClassIntervention:
		return fault.Unavailable
	}
	return fault.Internal
}
