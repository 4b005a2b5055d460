package store

import (
	"context"
	"time"
)

// Daily is work that one of all instances does once a day.
type Daily struct{ s *Store }

// Daily returns the part of the store that shares out daily work.
func (s *Store) Daily() *Daily { return &Daily{s} }

// Begin takes the work of this name for the day ("2026-12-01"). mine is true for one caller only, until the lease has run
// out without End: then the work was not finished and another may take it.
func (d *Daily) Begin(ctx context.Context, name, day string, lease time.Duration) (mine bool, err error) {
	err = d.s.write(ctx, "begin daily work", func(t *tx) error {
		n, err := t.exec(`INSERT INTO daily (name, day, done, lease_until) VALUES ($1, $2, FALSE, {now} + $3)
			ON CONFLICT (name) DO UPDATE SET day = excluded.day, done = FALSE, lease_until = excluded.lease_until
			WHERE daily.day < excluded.day OR daily.day = excluded.day AND NOT daily.done AND daily.lease_until <= {now}`, name, day, lease.Milliseconds())
		mine = n == 1
		return err
	})
	return mine && err == nil, err
}

// End says that the work of the day is done.
func (d *Daily) End(ctx context.Context, name, day string) error {
	return d.s.write(ctx, "end daily work", func(t *tx) error {
		_, err := t.exec(`UPDATE daily SET done = TRUE WHERE name = $1 AND day = $2`, name, day)
		return err
	})
}
