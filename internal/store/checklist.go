package store

import (
	"context"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Checklist implements change.Store.
func (c *ChangeStore) Checklist(ctx context.Context, ch id.Change) (out []change.Ticked, err error) {
	err = c.s.read(ctx, "read checklist", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			var one change.Ticked
			var at int64
			err := scan(&one.Item, &one.By, &at)
			one.At = fromMillis(at)
			out = append(out, one)
			return err
		}, `SELECT item, done_by, done_at FROM checklist WHERE change_id = $1 ORDER BY item`, string(ch))
	})
	return out, err
}

// Tick implements change.Store.
func (c *ChangeStore) Tick(ctx context.Context, ch id.Change, item, by string, done bool, entries ...audit.Entry) error {
	return c.s.write(ctx, "tick checklist", func(t *tx) error {
		var n int
		var err error
		if done {
			n, err = t.exec(`INSERT INTO checklist (change_id, item, done_by, done_at) VALUES ($1, $2, $3, {now}) ON CONFLICT DO NOTHING`, string(ch), item, by)
		} else {
			n, err = t.exec(`DELETE FROM checklist WHERE change_id = $1 AND item = $2`, string(ch), item)
		}
		if err != nil || n == 0 {
			return err
		}
		return t.audit(ch, entries)
	})
}
