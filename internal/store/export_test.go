package store

import (
	"context"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
)

// Exec runs a statement as somebody could who has the database but not the portal.
func (s *Store) Exec(ctx context.Context, text string) error {
	_, err := s.writer.ExecContext(ctx, text)
	return err
}

// AppendAt appends entries as if now were another time.
func (s *Store) AppendAt(ctx context.Context, now time.Time, entries ...audit.Entry) error {
	return s.write(ctx, "append", func(t *tx) error {
		var h auditHead
		if err := t.row(`SELECT ` + headColumns + ` FROM audit_head`).Scan(h.fields()...); err != nil {
			return err
		}
		return t.auditAt(h, now, "", entries)
	})
}

// Count answers a query for one number.
func (s *Store) Count(ctx context.Context, text string) (n int, err error) {
	err = s.reader.QueryRowContext(ctx, text).Scan(&n)
	return n, err
}

// Text answers a query for one text.
func (s *Store) Text(ctx context.Context, text string) (out string, err error) {
	err = s.reader.QueryRowContext(ctx, text).Scan(&out)
	return out, err
}
