package store

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
)

// maxTries bounds how often a transaction is begun that the database ended for the sake of another one.
const maxTries = 8

// tx is one transaction. It lives as long as the function that gets it, which is why it may carry the context.
type tx struct {
	ctx     context.Context
	sql     *sql.Tx
	dialect Dialect
}

// write runs f in a transaction that may write. f may run several times: it must not change anything but the
// database and variables that it sets anew each time. The error is f's, or the commit's, as kinds of package fault
// (sql.ErrNoRows becomes NotFound), with what was attempted in front. When the connection breaks during the commit
// the outcome is not known; the error is then Unavailable and it is not tried again.
func (s *Store) write(ctx context.Context, what string, f func(*tx) error) error {
	return s.run(ctx, s.writer, nil, what, f)
}

// read runs f in a transaction that sees one state of the database and cannot write. Errors are as for write.
func (s *Store) read(ctx context.Context, what string, f func(*tx) error) error {
	o := &sql.TxOptions{ReadOnly: true}
	if s.dialect == PostgreSQL { // a SQLite transaction always sees one state, and its driver knows no levels
		o.Isolation = sql.LevelRepeatableRead
	}
	return s.run(ctx, s.reader, o, what, f)
}

func (s *Store) run(ctx context.Context, db *sql.DB, o *sql.TxOptions, what string, f func(*tx) error) error {
	for try := 1; ; try++ {
		err := s.once(ctx, db, o, f)
		if err == nil {
			return nil
		}
		if !again(err) || try == maxTries {
			return fmt.Errorf("%s: %w", what, mapError(err))
		}
		s.log.DebugContext(ctx, "transaction begins again", "what", what, "try", try)
		// Random waits keep two transactions from meeting again in step.
		wait := time.NewTimer(time.Duration(1+rand.IntN(10*try)) * time.Millisecond)
		select {
		case <-ctx.Done():
			wait.Stop()
			return fmt.Errorf("%s: %w", what, mapError(ctx.Err()))
		case <-wait.C:
		}
	}
}

func (s *Store) once(ctx context.Context, db *sql.DB, o *sql.TxOptions, f func(*tx) error) error {
	t, err := db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // after a commit it does nothing; before one the first error counts
	if err := f(&tx{ctx: ctx, sql: t, dialect: s.dialect}); err != nil {
		return err
	}
	return t.Commit()
}

// plain makes the texts among the arguments such that PostgreSQL takes them, here for both databases alike: what a person
// types or Gtmhub sends must never be a fault of ours.
func plain(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = change.Plain(s)
		}
	}
	return args
}

// exec runs a statement and returns how many rows it changed.
func (t *tx) exec(text string, args ...any) (int, error) {
	r, err := t.sql.ExecContext(t.ctx, t.dialect.sql(text), plain(args)...)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

// row runs a query for one row; scanning gives sql.ErrNoRows if there is none.
func (t *tx) row(text string, args ...any) *sql.Row {
	return t.sql.QueryRowContext(t.ctx, t.dialect.sql(text), plain(args)...)
}

// each runs a query and calls f for every row of the answer. f must not use the transaction: on PostgreSQL the
// connection is busy until the last row was read.
func (t *tx) each(f func(scan func(...any) error) error, text string, args ...any) error {
	rows, err := t.sql.QueryContext(t.ctx, t.dialect.sql(text), plain(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// now is the database's clock, in UTC with milliseconds.
func (t *tx) now() (time.Time, error) {
	var ms int64
	err := t.row(`SELECT {now}`).Scan(&ms)
	return fromMillis(ms), err
}

// maxArgs is how many parameters a statement has at most. The databases take more, but SQLite looks for each numbered
// one among all the others, so that long statements take far longer than several short ones.
const maxArgs = 1000

// insert adds many rows with few statements. columns are given as in SQL; each row has a value for each column.
// A row that exists already is an error (fault.Conflict).
func (t *tx) insert(table string, columns string, rows [][]any) error {
	n := strings.Count(columns, ",") + 1
	for size := max(1, maxArgs/n); len(rows) > 0; {
		part := rows[:min(size, len(rows))]
		rows = rows[len(part):]
		args := make([]any, 0, len(part)*n)
		var b strings.Builder
		b.WriteString("INSERT INTO " + table + " (" + columns + ") VALUES ")
		for i, r := range part {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(list(len(args)+1, len(r)))
			args = append(args, r...)
		}
		if _, err := t.exec(b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// list is "($from,...)" with n placeholders. n must be above 0.
func list(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i == 0 {
			b.WriteString("($")
		} else {
			b.WriteString(",$")
		}
		b.WriteString(strconv.Itoa(from + i))
	}
	b.WriteByte(')')
	return b.String()
}

// anys turns a slice into arguments.
func anys[T ~string](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// millis is a time as it is stored; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the time that was stored, in UTC; 0 is the zero time.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
