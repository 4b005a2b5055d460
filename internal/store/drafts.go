package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
)

var _ joiners.Drafts = (*DraftStore)(nil)

// DraftStore keeps lists of people on their way through the wizard. It implements joiners.Drafts.
type DraftStore struct{ s *Store }

// Drafts returns the port of package joiners.
func (s *Store) Drafts() *DraftStore { return &DraftStore{s} }

// Create implements joiners.Drafts.
func (d *DraftStore) Create(ctx context.Context, draft joiners.Draft) error {
	format, edits, err := draftJSON(draft)
	if err != nil {
		return err
	}
	return d.s.write(ctx, "create draft", func(t *tx) error {
		return t.insert("draft", "id, issuer, subject, name, data, format, edits, reason, created, updated, version", [][]any{{
			string(draft.ID), draft.Owner.Issuer, draft.Owner.Subject, draft.Name, bytesOf(draft.Data), format, edits, draft.Reason,
			millis(draft.Created), millis(draft.Updated), draft.Version,
		}})
	})
}

// Get implements joiners.Drafts.
func (d *DraftStore) Get(ctx context.Context, draft id.Draft) (joiners.Draft, error) {
	out := joiners.Draft{ID: draft}
	err := d.s.read(ctx, "read draft", func(t *tx) error {
		var format, edits string
		var created, updated int64
		err := t.row(`SELECT issuer, subject, name, data, format, edits, reason, created, updated, version FROM draft WHERE id = $1`, string(draft)).
			Scan(&out.Owner.Issuer, &out.Owner.Subject, &out.Name, &out.Data, &format, &edits, &out.Reason, &created, &updated, &out.Version)
		if err != nil {
			return err
		}
		out.Created, out.Updated = fromMillis(created), fromMillis(updated)
		out.Format, out.Edits = joiners.Format{}, joiners.Edits{}
		if err := json.Unmarshal([]byte(format), &out.Format); err != nil {
			return err
		}
		return json.Unmarshal([]byte(edits), &out.Edits)
	})
	if err != nil {
		return joiners.Draft{}, err
	}
	return out, nil
}

// Of implements joiners.Drafts.
func (d *DraftStore) Of(ctx context.Context, owner joiners.Owner) (out []joiners.Draft, err error) {
	err = d.s.read(ctx, "list drafts", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			draft := joiners.Draft{Owner: owner}
			var format string
			var created, updated int64
			if err := scan(&draft.ID, &draft.Name, &format, &draft.Reason, &created, &updated, &draft.Version); err != nil {
				return err
			}
			draft.Created, draft.Updated = fromMillis(created), fromMillis(updated)
			if err := json.Unmarshal([]byte(format), &draft.Format); err != nil {
				return err
			}
			out = append(out, draft)
			return nil
		}, `SELECT id, name, format, reason, created, updated, version FROM draft WHERE issuer = $1 AND subject = $2 ORDER BY updated DESC, id`,
			owner.Issuer, owner.Subject)
	})
	return out, err
}

// Save implements joiners.Drafts.
func (d *DraftStore) Save(ctx context.Context, draft joiners.Draft) error {
	format, edits, err := draftJSON(draft)
	if err != nil {
		return err
	}
	return d.s.write(ctx, "save draft", func(t *tx) error {
		n, err := t.exec(`UPDATE draft SET name = $1, data = $2, format = $3, edits = $4, reason = $5, updated = $6, version = version + 1
			WHERE id = $7 AND version = $8`,
			draft.Name, bytesOf(draft.Data), format, edits, draft.Reason, millis(draft.Updated), string(draft.ID), draft.Version)
		if err != nil || n == 1 {
			return err
		}
		var version int
		if err := t.row(`SELECT version FROM draft WHERE id = $1`, string(draft.ID)).Scan(&version); err != nil {
			return err
		}
		return fault.New(fault.Conflict, "This list was changed in another window. Nothing was overwritten; load the page again to go on.")
	})
}

// Delete implements joiners.Drafts.
func (d *DraftStore) Delete(ctx context.Context, draft id.Draft) error {
	return d.s.write(ctx, "delete draft", func(t *tx) error {
		_, err := t.exec(`DELETE FROM draft WHERE id = $1`, string(draft))
		return err
	})
}

// DeleteOlderThan implements joiners.Drafts.
func (d *DraftStore) DeleteOlderThan(ctx context.Context, before time.Time) (n int, err error) {
	err = d.s.write(ctx, "delete old drafts", func(t *tx) error {
		n, err = t.exec(`DELETE FROM draft WHERE updated < $1`, millis(before))
		return err
	})
	return n, err
}

func draftJSON(d joiners.Draft) (format, edits string, err error) {
	f, err := json.Marshal(d.Format)
	if err != nil {
		return "", "", err
	}
	e, err := json.Marshal(d.Edits)
	return string(f), string(e), err
}

// bytesOf keeps nil out of columns that must not be NULL.
func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
