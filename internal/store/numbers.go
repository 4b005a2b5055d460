package store

import (
	"context"

	"github.com/gtmhub-portal/portal/internal/metrics"
)

// Numbers counts what operators watch, over open changes only, so that it does not grow with the history.
func (s *Store) Numbers(ctx context.Context) (metrics.Numbers, error) {
	var n metrics.Numbers
	err := s.read(ctx, "count for operators", func(t *tx) error {
		n = metrics.Numbers{Changes: map[string]int{}, Rows: map[string]int{}}
		now, err := t.now()
		if err != nil {
			return err
		}
		if err := t.row(`SELECT count(*) FROM session WHERE expires > $1`, millis(now)).Scan(&n.Sessions); err != nil {
			return err
		}
		into := func(m map[string]int) func(scan func(...any) error) error {
			return func(scan func(...any) error) error {
				var state string
				var v int
				if err := scan(&state, &v); err != nil {
					return err
				}
				m[state] = v
				return nil
			}
		}
		if err := t.each(into(n.Changes), `SELECT state, count(*) FROM change WHERE ended = 0 GROUP BY state`); err != nil {
			return err
		}
		return t.each(into(n.Rows), `SELECT r.state, count(*) FROM change_row r JOIN change c ON c.id = r.change_id WHERE c.ended = 0 GROUP BY r.state`)
	})
	return n, err
}
