package store

import (
	"context"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/directory"
)

// DirectoryStore keeps the directory's records. It implements directory.Store.
type DirectoryStore struct{ s *Store }

var _ directory.Store = (*DirectoryStore)(nil)

// Directory is the part of the store that keeps our copy of the account.
func (s *Store) Directory() *DirectoryStore { return &DirectoryStore{s} }

// LoadAll answers the records that are not deleted, with the version and the time of the last complete reading, all as
// of one moment.
func (d *DirectoryStore) LoadAll(ctx context.Context) ([]directory.Record, int64, time.Time, error) {
	return d.load(ctx, "load the directory", `SELECT kind, id, doc, deleted FROM directory_record WHERE NOT deleted`)
}

// Since answers the records that were written after version, in their last state.
func (d *DirectoryStore) Since(ctx context.Context, version int64) ([]directory.Record, int64, time.Time, error) {
	return d.load(ctx, "load changes of the directory",
		`SELECT kind, id, doc, deleted FROM directory_record WHERE version > $1`, version)
}

func (d *DirectoryStore) load(ctx context.Context, what, query string, args ...any) (records []directory.Record, version int64, fetchedAt time.Time, err error) {
	err = d.s.read(ctx, what, func(t *tx) error {
		records = nil
		var ms int64
		if err := t.row(`SELECT version, fetched_at FROM directory_state WHERE id = 1`).Scan(&version, &ms); err != nil {
			return err
		}
		fetchedAt = fromMillis(ms)
		return t.each(func(scan func(...any) error) error {
			var r directory.Record
			if err := scan(&r.Kind, &r.ID, &r.Doc, &r.Deleted); err != nil {
				return err
			}
			records = append(records, r)
			return nil
		}, query, args...)
	})
	if err != nil {
		return nil, 0, time.Time{}, err
	}
	return records, version, fetchedAt, nil
}

// Apply writes the changes as one transaction and answers the new version, or the present one if there are none. A
// fetchedAt older than the stored one is ignored. Of several changes to one record the last counts.
func (d *DirectoryStore) Apply(ctx context.Context, changes []directory.Record, fetchedAt time.Time) (version int64, err error) {
	changes = lastOfEach(changes)
	step := 0
	if len(changes) > 0 {
		step = 1
	}
	err = d.s.write(ctx, "store the directory", func(t *tx) error {
		// The row's lock puts writers in line, so that versions become visible in their order.
		if err := t.row(`UPDATE directory_state SET version = version + $1,
			fetched_at = CASE WHEN fetched_at < $2 THEN $2 ELSE fetched_at END WHERE id = 1 RETURNING version`,
			step, millis(fetchedAt)).Scan(&version); err != nil {
			return err
		}
		return t.putRecords(changes, version)
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}

func (t *tx) putRecords(changes []directory.Record, version int64) error {
	const columns, rowsAtOnce = 5, 500
	for len(changes) > 0 {
		part := changes[:min(rowsAtOnce, len(changes))]
		changes = changes[len(part):]
		values := make([]string, 0, len(part))
		args := make([]any, 0, len(part)*columns)
		for _, r := range part {
			doc := r.Doc
			if r.Deleted || doc == nil {
				doc = []byte{} // a person who is gone leaves nothing behind
			}
			values = append(values, list(len(args)+1, columns))
			args = append(args, string(r.Kind), r.ID, version, doc, r.Deleted)
		}
		if _, err := t.exec(`INSERT INTO directory_record (kind, id, version, doc, deleted) VALUES `+strings.Join(values, ",")+
			` ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, doc = excluded.doc, deleted = excluded.deleted`,
			args...); err != nil {
			return err
		}
	}
	return nil
}

// lastOfEach keeps the last change of each record: one statement may touch a row only once.
func lastOfEach(changes []directory.Record) []directory.Record {
	type key struct {
		kind directory.Kind
		id   string
	}
	at := make(map[key]int, len(changes))
	out := make([]directory.Record, 0, len(changes))
	for _, r := range changes {
		k := key{r.Kind, r.ID}
		if i, twice := at[k]; twice {
			out[i] = r
			continue
		}
		at[k] = len(out)
		out = append(out, r)
	}
	return out
}
