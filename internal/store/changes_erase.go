package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// erasePart is how many changes one call erases at most; the next call goes on.
const erasePart = 100

// erasable are changes that have ended, also their rows in flight.
const erasable = `erased = 0 AND ended > 0 AND NOT EXISTS (SELECT 1 FROM change_row r WHERE r.change_id = change.id AND r.state IN ('checking', 'intent', 'unknown'))`

// DeletePayloads implements change.Store. Each change is a transaction of its own.
func (c *ChangeStore) DeletePayloads(ctx context.Context, age time.Duration) (n int, err error) {
	var old []id.Change
	err = c.s.read(ctx, "find changes that ended long ago", func(t *tx) error {
		old = nil
		return t.each(func(scan func(...any) error) error {
			var ch id.Change
			err := scan(&ch)
			old = append(old, ch)
			return err
		}, `SELECT id FROM change WHERE `+erasable+` AND ended <= {now} - $1 ORDER BY ended LIMIT $2`, age.Milliseconds(), erasePart)
	})
	for _, ch := range old {
		if err != nil {
			break
		}
		err = c.s.write(ctx, "delete personal data of an ended change", func(t *tx) error { return t.erase(ch, age) })
		n++
	}
	return n, err
}

// erase deletes what a change that has ended holds about the people it was about.
func (t *tx) erase(ch id.Change, age time.Duration) error {
	// The condition again: it may have been tried again since.
	k, err := t.exec(`UPDATE change SET erased = {now}, note = '' WHERE id = $1 AND `+erasable+` AND ended <= {now} - $2`,
		string(ch), age.Milliseconds())
	if err != nil || k == 0 {
		return err
	}
	var kind, title string
	if err := t.row(`SELECT kind, title FROM change WHERE id = $1`, string(ch)).Scan(&kind, &title); err != nil {
		return err
	}
	var rows []change.Row
	err = t.each(func(scan func(...any) error) error {
		r, err := scanRow(scan)
		rows = append(rows, r)
		return err
	}, `SELECT `+rowSelect+` FROM change_row WHERE change_id = $1`, string(ch))
	if err != nil {
		return err
	}
	named := false
	for i := range rows {
		named = named || rows[i].Subject != "" && strings.Contains(title, rows[i].Subject)
		_, err := t.exec(`UPDATE change_row SET digest = $1, subject = $2, detail = '', folded = '', payload = '{}', lock_key = '', before_text = '',
			after_text = '', note = '', reason = '', now_text = '' WHERE id = $3`, rows[i].Digest(), change.ErasedName, string(rows[i].ID))
		if err != nil {
			return err
		}
	}
	if named && kind != "" {
		if _, err := t.exec(`UPDATE change SET title = $1 WHERE id = $2`, strings.ToUpper(kind[:1])+kind[1:], string(ch)); err != nil {
			return err
		}
	}
	if _, err := t.exec(`DELETE FROM change_source WHERE change_id = $1`, string(ch)); err != nil {
		return err
	}
	return t.audit(ch, []audit.Entry{{Who: audit.Who{Kind: access.BySchedule}, Event: audit.DetailsErased, Act: kind, Result: fmt.Sprintf("%d rows", len(rows))}})
}
