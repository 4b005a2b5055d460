package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Slow implements change.Store. Calls that were under way together are answered alike; while a wait lasts, they count as
// one.
func (c *ChangeStore) Slow(ctx context.Context, wait time.Duration) error {
	return c.s.write(ctx, "slow down", func(t *tx) error {
		var resumes, waits, now int64
		if err := t.row(`SELECT resumes, waits, {now} FROM pace WHERE id = 1 {for update}`).Scan(&resumes, &waits, &now); err != nil {
			return err
		}
		switch {
		case resumes > now:
		case resumes > now-time.Minute.Milliseconds():
			waits++
		default:
			waits = 1
		}
		if wait <= 0 {
			wait = min(change.LongestWait, time.Second<<min(waits-1, 20))
		}
		_, err := t.exec(`UPDATE pace SET resumes = $1, waits = $2 WHERE id = 1`, max(resumes, now+wait.Milliseconds()), waits)
		return err
	})
}

// waits says whether no call may be made just now, because Gtmhub asked to slow down.
func (t *tx) waits() (wait bool, err error) {
	err = t.row(`SELECT resumes > {now} FROM pace WHERE id = 1`).Scan(&wait)
	return wait, err
}

// Release implements change.Store.
func (c *ChangeStore) Release(ctx context.Context, ch id.Change, rows []change.Row, entries ...audit.Entry) (int, error) {
	return c.unhold(ctx, "release held rows", ch, rows, change.Queued, "", entries)
}

// Drop implements change.Store.
func (c *ChangeStore) Drop(ctx context.Context, ch id.Change, rows []change.Row, reason string, entries ...audit.Entry) (int, error) {
	return c.unhold(ctx, "drop held rows", ch, rows, change.CancelledRow, reason, entries)
}

// unhold locks the change first, so that it is not cancelled or finished in between.
func (c *ChangeStore) unhold(ctx context.Context, what string, ch id.Change, rows []change.Row, to change.RowState, reason string, entries []audit.Entry) (n int, err error) {
	err = c.s.write(ctx, what, func(t *tx) error {
		var state change.State
		if err := t.row(`SELECT state FROM change WHERE id = $1 {for update}`, string(ch)).Scan(&state); err != nil {
			return err
		}
		var moved []id.Row
		for _, r := range rows {
			k, err := t.exec(`UPDATE change_row SET state = $1, reason = $2, released = $3, cause = '', not_before = 0, updated = {now}
				WHERE id = $4 AND change_id = $5 AND epoch = $6 AND state = 'held'`, string(to), reason, to == change.Queued, string(r.ID), string(ch), r.Epoch)
			if err != nil {
				return err
			}
			if k > 0 {
				moved = append(moved, r.ID)
			}
		}
		n = len(moved)
		if to != change.Queued {
			for part := range chunks(moved) {
				if err := t.cascade(part, to, beforeFailed); err != nil {
					return err
				}
			}
		}
		return t.audit(ch, slices.DeleteFunc(slices.Clone(entries), func(e audit.Entry) bool { return !slices.Contains(moved, e.Row) }))
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// The names of settings.
const (
	seats     = "licences"
	reminders = "reminders of invitations"
)

// setting answers "" for a setting that nobody has entered.
func (t *tx) setting(name string) (text string, err error) {
	err = t.row(`SELECT value FROM setting WHERE name = $1`, name).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return text, err
}

func (t *tx) setSetting(name, text string) error {
	_, err := t.exec(`INSERT INTO setting (name, value, updated) VALUES ($1, $2, {now})
		ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated = excluded.updated`, name, text)
	return err
}

// Seats implements change.Store.
func (c *ChangeStore) Seats(ctx context.Context) (n int, err error) {
	err = c.s.read(ctx, "read licences", func(t *tx) error {
		text, err := t.setting(seats)
		if err == nil && text != "" {
			n, err = strconv.Atoi(text)
		}
		return err
	})
	return n, err
}

// SetSeats implements change.Store.
func (c *ChangeStore) SetSeats(ctx context.Context, n int, entries ...audit.Entry) error {
	return c.s.write(ctx, "store licences", func(t *tx) error {
		if err := t.setSetting(seats, strconv.Itoa(n)); err != nil {
			return err
		}
		return t.audit("", entries)
	})
}

// Reminders implements change.Store.
func (c *ChangeStore) Reminders(ctx context.Context) (r change.Reminders, err error) {
	err = c.s.read(ctx, "read reminders", func(t *tx) error {
		text, err := t.setting(reminders)
		if err == nil && text != "" {
			err = json.Unmarshal([]byte(text), &r)
		}
		return err
	})
	return r, err
}

// SetReminders implements change.Store.
func (c *ChangeStore) SetReminders(ctx context.Context, r change.Reminders, entries ...audit.Entry) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("store reminders: %w", err)
	}
	return c.s.write(ctx, "store reminders", func(t *tx) error {
		if err := t.setSetting(reminders, string(text)); err != nil {
			return err
		}
		return t.audit("", entries)
	})
}

// OpenRows implements change.Store.
func (c *ChangeStore) OpenRows(ctx context.Context, kinds []string, except id.Change) (n int, err error) {
	err = c.s.read(ctx, "count open rows", func(t *tx) error {
		return t.row(`SELECT COUNT(*) FROM change c JOIN change_row r ON r.change_id = c.id
			WHERE c.state IN ('approved', 'scheduled', 'running', 'paused') AND c.id <> $1
			AND r.state IN ('queued', 'checking', 'intent', 'held') AND r.kind IN `+list(2, len(kinds)), append([]any{string(except)}, anys(kinds)...)...).Scan(&n)
	})
	return n, err
}
