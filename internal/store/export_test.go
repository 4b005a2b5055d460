package store

import "context"

// Exec runs a statement as somebody could who has the database but not the portal.
func (s *Store) Exec(ctx context.Context, text string) error {
	_, err := s.writer.ExecContext(ctx, text)
	return err
}
