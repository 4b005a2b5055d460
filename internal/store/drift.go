package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

var _ drift.Store = (*DriftStore)(nil)

// DriftStore keeps what was changed without the portal. It implements drift.Store.
type DriftStore struct{ s *Store }

// Drift returns the port of package drift.
func (s *Store) Drift() *DriftStore { return &DriftStore{s} }

// waits is true for findings that HR has not dealt with: a change that is not there, or came to nothing, puts nothing back.
const waits = `(f.state = 'open' OR f.state = 'put back' AND NOT EXISTS (SELECT 1 FROM change c
	WHERE c.id = f.change_id AND c.state NOT IN ('rejected', 'withdrawn', 'lapsed', 'cancelled')))`

// Last implements drift.Store.
func (d *DriftStore) Last(ctx context.Context, picture bool) (out drift.Last, err error) {
	var packed []byte
	err = d.s.read(ctx, "read last look", func(t *tx) error {
		var began, now int64
		column := "picture"
		if !picture {
			column = "NULL"
		}
		if err := t.row(`SELECT number, began, {now}, `+column+` FROM drift_look`).Scan(&out.Number, &began, &now, &packed); err != nil {
			return err
		}
		out.Began, out.Now = fromMillis(began), fromMillis(now)
		return nil
	})
	if err != nil || len(packed) == 0 {
		return out, err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = gob.NewDecoder(z).Decode(&out.Picture)
	}
	if err != nil {
		return out, fmt.Errorf("unpack last look: %w", err)
	}
	return out, nil
}

// Did implements drift.Store.
func (d *DriftStore) Did(ctx context.Context, since time.Time) (out []change.Row, err error) {
	err = d.s.read(ctx, "read what the portal did", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			r, err := scanRow(scan)
			out = append(out, r)
			return err
		}, `SELECT `+rowSelect+` FROM change_row WHERE updated >= $1 AND intent_at > 0 AND state IN ('done', 'attention', 'nothing', 'cancelled')
			UNION ALL SELECT `+rowSelect+` FROM change_row WHERE state IN ('checking', 'intent') AND intent_at > 0
			UNION ALL SELECT `+rowSelect+` FROM change_row WHERE state = 'unknown'
			UNION ALL SELECT `+rowSelect+` FROM change_row WHERE state IN ('queued', 'held') AND intent_at > 0 AND change_id IN (SELECT id FROM change WHERE ended = 0)
			ORDER BY updated, step`, millis(since))
	})
	return out, err
}

// Keep implements drift.Store.
func (d *DriftStore) Keep(ctx context.Context, number int, began time.Time, p drift.Picture, found []drift.Finding, passed func(*drift.Finding) bool, entries ...audit.Entry) error {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if err := gob.NewEncoder(z).Encode(p); err != nil {
		return fmt.Errorf("pack look: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("pack look: %w", err)
	}
	return d.s.write(ctx, "store look", func(t *tx) error {
		n, err := t.exec(`UPDATE drift_look SET number = number + 1, began = $1, picture = $2 WHERE number = $3`, millis(began), packed.Bytes(), number)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "Somebody else has looked meanwhile.")
		}
		now, err := t.now()
		if err != nil {
			return err
		}
		open, err := t.findings(`WHERE ` + waits)
		if err != nil {
			return err
		}
		for i := range open {
			if !passed(&open[i]) {
				continue
			}
			if _, err := t.exec(`UPDATE drift_finding SET state = 'passed', closed = $1, change_id = '' WHERE id = $2`, millis(now), open[i].ID); err != nil {
				return err
			}
		}
		if _, err := t.exec(`DELETE FROM drift_finding AS f WHERE f.closed > 0 AND f.closed < $1 AND NOT `+waits, millis(now.Add(-drift.KeepClosed))); err != nil {
			return err
		}
		values := make([][]any, len(found))
		for i := range found {
			f := &found[i]
			f.ID = string(id.NewRow())
			doc, err := json.Marshal(f)
			if err != nil {
				return err
			}
			values[i] = []any{f.ID, number + 1, f.Place(), string(f.Kind), f.Rank(), string(doc), string(drift.Open), millis(now), 0, "{}", ""}
		}
		if err := t.insert("drift_finding", "id, look, place, kind, ranking, doc, state, found, closed, by_person, change_id", values); err != nil {
			return err
		}
		return t.audit("", entries)
	})
}

// findings reads findings with where their changes stand.
func (t *tx) findings(rest string, args ...any) (out []drift.Finding, err error) {
	err = t.each(func(scan func(...any) error) error {
		var f drift.Finding
		var doc, by string
		var found, closed int64
		if err := scan(&doc, &f.State, &found, &closed, &by, &f.Change.ID, &f.Change.Number, &f.ChangeState); err != nil {
			return err
		}
		f.Found, f.Closed = fromMillis(found), fromMillis(closed)
		if err := json.Unmarshal([]byte(doc), &f); err != nil {
			return err
		}
		out = append(out, f)
		return json.Unmarshal([]byte(by), &out[len(out)-1].By)
	}, `SELECT f.doc, f.state, f.found, f.closed, f.by_person, f.change_id, COALESCE(c.number, 0), COALESCE(c.state, '')
		FROM drift_finding f LEFT JOIN change c ON c.id = f.change_id `+rest, args...)
	return out, err
}

// Findings implements drift.Store.
func (d *DriftStore) Findings(ctx context.Context, f drift.Filter) (out []drift.Finding, total int, err error) {
	var w where
	if f.Open {
		w.add(waits)
	}
	if f.Closed {
		w.add("NOT " + waits)
	}
	if f.Kind != "" {
		w.add("f.kind = ?", string(f.Kind))
	}
	if f.IDs != nil {
		marks := make([]string, len(f.IDs))
		for i, v := range f.IDs {
			marks[i] = w.arg(v)
		}
		w.add("f.id IN (" + strings.Join(marks, ",") + ")")
	}
	order := ` ORDER BY f.ranking, f.found DESC, f.id`
	if f.Closed {
		order = ` ORDER BY f.closed DESC, f.ranking, f.id`
	}
	err = d.s.read(ctx, "list outside changes", func(t *tx) error {
		if err := t.row(`SELECT COUNT(*) FROM drift_finding f`+w.text(), w.args...).Scan(&total); err != nil {
			return err
		}
		part := w
		limit := ""
		if f.Size > 0 {
			limit = " LIMIT " + part.arg(f.Size) + " OFFSET " + part.arg(f.Size*(max(f.Page, 1)-1))
		}
		out, err = t.findings(part.text()+order+limit, part.args...)
		return err
	})
	return out, total, err
}

// Count implements drift.Store.
func (d *DriftStore) Count(ctx context.Context) (out map[drift.Kind]int, err error) {
	err = d.s.read(ctx, "count outside changes", func(t *tx) error {
		out = map[drift.Kind]int{}
		return t.each(func(scan func(...any) error) error {
			var k drift.Kind
			var n int
			err := scan(&k, &n)
			out[k] = n
			return err
		}, `SELECT f.kind, COUNT(*) FROM drift_finding f WHERE `+waits+` GROUP BY f.kind`)
	})
	return out, err
}

// Close implements drift.Store.
func (d *DriftStore) Close(ctx context.Context, ids []string, s drift.State, by change.Person, c id.Change, entries ...audit.Entry) error {
	who, err := json.Marshal(by)
	if err != nil {
		return fmt.Errorf("store decision: %w", err)
	}
	return d.s.write(ctx, "decide on outside changes", func(t *tx) error {
		for _, one := range ids {
			n, err := t.exec(`UPDATE drift_finding AS f SET state = $1, closed = {now}, by_person = $2, change_id = $3 WHERE id = $4 AND `+waits, string(s), string(who), string(c), one)
			if err != nil {
				return err
			}
			if n == 0 {
				return fault.New(fault.Conflict, "Somebody else has dealt with this meanwhile. Nothing was done.")
			}
		}
		return t.audit("", entries)
	})
}
