package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
)

var _ audit.Keeper = (*AuditStore)(nil)

// keepMillis is how long entries are kept at least, as the triggers have it.
var keepMillis = strconv.FormatInt((audit.KeepDays * 24 * time.Hour).Milliseconds(), 10)

// Migration 9: months of the trail that are over, and what erasing personal data leaves behind. The tables are the same
// in both databases; the triggers are side by side again.
//
// Entries can be deleted only under a checkpoint that is marked as removed; a checkpoint can be made only of entries
// that are there, and be marked only when the last of them is old enough, by the database's own clock.
var (
	segmentTables = []string{
		// Checkpoints (audit.Segment). removed is the seq of the entry about the removal, 0 while the entries are there.
		`CREATE TABLE audit_segment (
			first_seq BIGINT PRIMARY KEY,
			last_seq  BIGINT NOT NULL,
			month     TEXT NOT NULL,
			opens     TEXT NOT NULL,
			closes    TEXT NOT NULL,
			ended     BIGINT NOT NULL,
			removed   BIGINT NOT NULL
		)`,
		// The segment that is open now begins at first_seq, after the entry with the hash opens; month is '' as long as
		// nothing was appended since this migration.
		`ALTER TABLE audit_head ADD COLUMN first_seq BIGINT NOT NULL DEFAULT 1`,
		`ALTER TABLE audit_head ADD COLUMN opens TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE audit_head ADD COLUMN month TEXT NOT NULL DEFAULT ''`,
		`CREATE INDEX audit_entry_user ON audit_entry (user_id, seq)`,
		`CREATE INDEX audit_entry_at ON audit_entry (at, seq)`,
		// When personal data of the rows was deleted, 0 for not yet; and the digest that the row had until then, so that the
		// hash that was decided can still be made from all rows.
		`ALTER TABLE change ADD COLUMN erased BIGINT NOT NULL DEFAULT 0`,
		`ALTER TABLE change_row ADD COLUMN digest TEXT NOT NULL DEFAULT ''`,
	}
	segmentSQLite = []string{
		`DROP TRIGGER audit_entry_no_delete`,
		`CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
			WHEN NOT EXISTS (SELECT 1 FROM audit_segment s WHERE s.removed > 0 AND OLD.seq BETWEEN s.first_seq AND s.last_seq)
			BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END`,
		`CREATE TRIGGER audit_segment_insert BEFORE INSERT ON audit_segment
			WHEN NEW.removed <> 0 OR NEW.first_seq <> (SELECT COALESCE(MAX(last_seq), 0) + 1 FROM audit_segment)
				OR NOT EXISTS (SELECT 1 FROM audit_entry WHERE seq = NEW.last_seq AND at = NEW.ended AND hash = NEW.closes)
			BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END`,
		`CREATE TRIGGER audit_segment_update BEFORE UPDATE ON audit_segment
			WHEN OLD.removed <> 0 OR NEW.removed <= OLD.last_seq OR OLD.ended > CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER) - ` + keepMillis + `
				OR NEW.first_seq <> OLD.first_seq OR NEW.last_seq <> OLD.last_seq OR NEW.month <> OLD.month OR NEW.opens <> OLD.opens
				OR NEW.closes <> OLD.closes OR NEW.ended <> OLD.ended
			BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END`,
		`CREATE TRIGGER audit_segment_delete BEFORE DELETE ON audit_segment BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END`,
	}
	segmentPostgres = []string{
		`CREATE OR REPLACE FUNCTION audit_entry_guard() RETURNS trigger LANGUAGE plpgsql AS '
			BEGIN
				IF TG_OP = ''DELETE'' THEN
					IF EXISTS (SELECT 1 FROM audit_segment s WHERE s.removed > 0 AND OLD.seq BETWEEN s.first_seq AND s.last_seq) THEN
						RETURN OLD;
					END IF;
				END IF;
				RAISE EXCEPTION ''audit entries are append-only'';
			END'`,
		`CREATE FUNCTION audit_segment_guard() RETURNS trigger LANGUAGE plpgsql AS '
			BEGIN
				IF TG_OP = ''INSERT'' THEN
					IF NEW.removed = 0 AND NEW.first_seq = (SELECT COALESCE(MAX(last_seq), 0) + 1 FROM audit_segment)
						AND EXISTS (SELECT 1 FROM audit_entry WHERE seq = NEW.last_seq AND at = NEW.ended AND hash = NEW.closes) THEN
						RETURN NEW;
					END IF;
				ELSIF TG_OP = ''UPDATE'' THEN
					IF OLD.removed = 0 AND NEW.removed > OLD.last_seq
						AND OLD.ended <= (EXTRACT(EPOCH FROM statement_timestamp()) * 1000)::BIGINT - ` + keepMillis + `
						AND (NEW.first_seq, NEW.last_seq, NEW.month, NEW.opens, NEW.closes, NEW.ended)
							= (OLD.first_seq, OLD.last_seq, OLD.month, OLD.opens, OLD.closes, OLD.ended) THEN
						RETURN NEW;
					END IF;
				END IF;
				RAISE EXCEPTION ''audit checkpoints are append-only'';
			END'`,
		`CREATE TRIGGER audit_segment_no_change BEFORE INSERT OR UPDATE OR DELETE ON audit_segment FOR EACH ROW EXECUTE FUNCTION audit_segment_guard()`,
		`CREATE TRIGGER audit_segment_no_truncate BEFORE TRUNCATE ON audit_segment FOR EACH STATEMENT EXECUTE FUNCTION audit_segment_guard()`,
	}
)

// auditSegments is migration 9.
func (s *Store) auditSegments(ctx context.Context, tx *sql.Tx) error {
	if err := execAll(ctx, tx, segmentTables); err != nil {
		return err
	}
	if s.dialect == PostgreSQL {
		return execAll(ctx, tx, segmentPostgres)
	}
	return execAll(ctx, tx, segmentSQLite)
}

// cut closes the open segment if now is in a later month than its last entry. The head is ours.
func (t *tx) cut(h *auditHead, now time.Time) error {
	month := now.Format("2006-01")
	if h.month == "" || h.seq < h.first {
		h.month = month
	}
	if month <= h.month { // also when the clock was set back
		return nil
	}
	_, err := t.exec(`INSERT INTO audit_segment (first_seq, last_seq, month, opens, closes, ended, removed)
		SELECT CAST($1 AS BIGINT), seq, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), at, 0 FROM audit_entry WHERE seq = $2`, h.first, h.seq, h.month, h.opens, h.hash)
	h.first, h.opens, h.month = h.seq+1, h.hash, month
	return err
}

// auditHead is the end of the chain, and where its open segment begins.
type auditHead struct {
	seq   int64
	hash  string
	first int64
	opens string
	month string
}

const headColumns = `seq, hash, first_seq, opens, month`

func (h *auditHead) fields() []any { return []any{&h.seq, &h.hash, &h.first, &h.opens, &h.month} }

// segments reads all checkpoints, oldest first.
func (t *tx) segments() (out []audit.Segment, err error) {
	err = t.each(func(scan func(...any) error) error {
		var s audit.Segment
		var ended int64
		err := scan(&s.Month, &s.First, &s.Last, &s.Opens, &s.Closes, &ended, &s.Removed)
		s.Count, s.Ended = s.Last-s.First+1, fromMillis(ended)
		out = append(out, s)
		return err
	}, `SELECT month, first_seq, last_seq, opens, closes, ended, removed FROM audit_segment ORDER BY first_seq`)
	return out, err
}

// removal is what the entry about the removal of a segment says, so that the walk can compare it with the checkpoint.
func removal(s audit.Segment, who audit.Who) audit.Entry {
	return audit.Entry{Who: who, Event: audit.MonthRemoved, Act: s.Month, Before: fmt.Sprintf("%d to %d", s.First, s.Last), Result: s.Closes}
}

// removePart is how many entries are deleted in one transaction: others wait for it.
const removePart = 2000

// RemoveBefore implements audit.Keeper. The checkpoints are marked and the entries about it written in one transaction;
// the old entries go after it, in parts. What was left by a removal that was interrupted goes too.
func (a *AuditStore) RemoveBefore(ctx context.Context, age time.Duration, who audit.Who) (out []audit.Segment, err error) {
	if age < audit.KeepDays*24*time.Hour {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("The audit trail is kept for %d days at least.", audit.KeepDays))
	}
	var all []audit.Segment
	err = a.s.write(ctx, "remove old months of the audit trail", func(t *tx) error {
		out = nil
		var h auditHead
		if err := t.row(`SELECT ` + headColumns + ` FROM audit_head {for update}`).Scan(h.fields()...); err != nil {
			return err
		}
		now, err := t.now()
		if err != nil {
			return err
		}
		if all, err = t.segments(); err != nil {
			return err
		}
		var entries []audit.Entry
		for i := range all {
			if all[i].Removed > 0 {
				continue
			}
			if all[i].Ended.After(now.Add(-age)) {
				break // a later one cannot go before it
			}
			entries = append(entries, removal(all[i], who))
			all[i].Removed = h.seq + int64(len(entries))
			if _, err := t.exec(`UPDATE audit_segment SET removed = $1 WHERE first_seq = $2`, all[i].Removed, all[i].First); err != nil {
				return err
			}
			out = append(out, all[i])
		}
		return t.audit("", entries)
	})
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		for s.Removed > 0 {
			n, err := a.removePart(ctx, s)
			if err != nil {
				return out, err
			}
			if n == 0 {
				break
			}
		}
	}
	return out, nil
}

func (a *AuditStore) removePart(ctx context.Context, s audit.Segment) (n int, err error) {
	err = a.s.write(ctx, "remove old audit entries", func(t *tx) error {
		var last sql.NullInt64
		if err := t.row(`SELECT MAX(seq) FROM (SELECT seq FROM audit_entry WHERE seq BETWEEN $1 AND $2 ORDER BY seq LIMIT $3) old`,
			s.First, s.Last, removePart).Scan(&last); err != nil || !last.Valid {
			n = 0
			return err
		}
		if _, err := t.exec(`DELETE FROM audit_name WHERE seq BETWEEN $1 AND $2`, s.First, last.Int64); err != nil {
			return err
		}
		var err error
		n, err = t.exec(`DELETE FROM audit_entry WHERE seq BETWEEN $1 AND $2`, s.First, last.Int64)
		return err
	})
	return n, err
}

// EraseNames implements audit.Keeper. The names of what was done about a person stand at entries about the user, at
// those of rows that became the user, and in titles of changes with such a row.
func (a *AuditStore) EraseNames(ctx context.Context, w audit.Whose, reason string, who audit.Who) (n int, err error) {
	if w.User == "" && (w.Issuer == "" || w.Subject == "") {
		return 0, fault.New(fault.Invalid, "Say whose names: a Gtmhub user, or issuer and subject of the sign-in.")
	}
	err = a.s.write(ctx, "erase names", func(t *tx) error {
		n = 0
		names := map[string]bool{}
		erase := func(text string, args ...any) error {
			return t.each(func(scan func(...any) error) error {
				var name string
				err := scan(&name)
				names[name] = true
				n++
				return err
			}, text+` RETURNING name`, args...)
		}
		// "IN (SELECT seq ...)" lets both databases go by the indexes of audit_entry.
		acted := `DELETE FROM audit_name WHERE role = 'actor' AND seq IN (SELECT seq FROM audit_entry WHERE `
		if w.User == "" {
			if err := erase(acted+`who_issuer = $1 AND who_subject = $2)`, w.Issuer, w.Subject); err != nil {
				return err
			}
		} else {
			if err := erase(acted+`who_user = $1)`, string(w.User)); err != nil {
				return err
			}
			const of = `(SELECT id FROM change_row WHERE user_id = $1 UNION SELECT id FROM change_row WHERE result = $1)`
			if err := erase(`DELETE FROM audit_name WHERE role = 'target' AND seq IN (SELECT seq FROM audit_entry WHERE event <> 'submitted'
				AND (user_id = $1 OR row_id <> '' AND row_id IN `+of+`))`, string(w.User)); err != nil {
				return err
			}
			for _, name := range sortedKeys(names) {
				if err := erase(`DELETE FROM audit_name WHERE role = 'target' AND folded LIKE $2 ESCAPE '\' AND seq IN (SELECT seq FROM audit_entry
					WHERE event = 'submitted' AND change_id IN (SELECT change_id FROM change_row WHERE user_id = $1 OR result = $1))`,
					string(w.User), contains(name)); err != nil {
					return err
				}
			}
		}
		e := audit.Entry{Who: who, Event: audit.NamesErased, User: w.User, Before: strconv.Itoa(n) + " names", Result: reason}
		if w.User == "" {
			e.After = w.Issuer + " " + w.Subject
		}
		return t.audit("", []audit.Entry{e})
	})
	return n, err
}

// Today implements audit.Keeper. Days are those of UTC, by the database's clock.
func (a *AuditStore) Today(ctx context.Context, name string) (mine bool, err error) {
	err = a.s.write(ctx, "take the turn of the day", func(t *tx) error {
		now, err := t.now()
		if err != nil {
			return err
		}
		n, err := t.exec(`INSERT INTO daily (name, day, done, lease_until) VALUES ($1, $2, TRUE, 0)
			ON CONFLICT (name) DO UPDATE SET day = $2, done = TRUE WHERE daily.day < $2`, name, now.Format(time.DateOnly))
		mine = n > 0
		return err
	})
	return mine, err
}

// Verify implements audit.Trail. A removed entry is reported as broken under its own Seq, also at the end of the chain.
// Entries that are appended meanwhile are left for the next time.
func (a *AuditStore) Verify(ctx context.Context) (r audit.Report, err error) {
	var h auditHead
	err = a.s.read(ctx, "read audit head", func(t *tx) error {
		if err := t.row(`SELECT ` + headColumns + ` FROM audit_head`).Scan(h.fields()...); err != nil {
			return err
		}
		r.Segments, err = t.segments()
		return err
	})
	if err != nil {
		return audit.Report{}, err
	}
	r.Last, r.Hash = h.seq, h.hash
	w := walk{store: a, report: &r, removed: map[int64]audit.Segment{}}
	for _, s := range r.Segments {
		if w.broken() {
			return r, nil
		}
		if s.First != w.seq+1 || s.Opens != w.hash || s.Last < s.First {
			w.fault(w.seq+1, "a checkpoint does not follow the one before")
			return r, nil
		}
		if s.Removed > 0 {
			if s.First != r.Gone+1 {
				w.fault(s.First, "it was removed before older ones")
				return r, nil
			}
			w.removed[s.Removed] = s
			w.seq, w.hash = s.Last, s.Closes
			r.Gone += s.Count
			continue
		}
		if err := w.to(ctx, s.Last); err != nil {
			return r, err
		}
		if !w.broken() && w.hash != s.Closes {
			w.fault(s.Last, "it does not end with the hash of its checkpoint")
		}
	}
	if w.broken() {
		return r, nil
	}
	if h.first != w.seq+1 || h.opens != w.hash {
		w.fault(w.seq+1, "a checkpoint is missing")
		return r, nil
	}
	if err := w.to(ctx, h.seq); err != nil || w.broken() {
		return r, err
	}
	if w.hash != h.hash { // the last entry was replaced by another one with a sound hash
		r.Sound--
		w.fault(w.seq, "it is not the last entry that was written")
		return r, nil
	}
	for seq, s := range w.removed {
		if seq > r.Gone { // the entry about the removal is itself still there, or should be
			w.fault(s.First, "it was removed without an entry about it")
		}
	}
	return r, nil
}

// walk is where Verify stands.
type walk struct {
	store   *AuditStore
	report  *audit.Report
	seq     int64
	hash    string
	removed map[int64]audit.Segment // by the entry that must say so
}

func (w *walk) broken() bool { return w.report.Broken != 0 }

func (w *walk) fault(seq int64, why string) {
	if w.report.Broken == 0 || seq < w.report.Broken {
		w.report.Broken, w.report.Why = seq, why
	}
}

// to checks the entries up to and including last.
func (w *walk) to(ctx context.Context, last int64) error {
	for w.seq < last {
		var page []audit.Entry
		err := w.store.s.read(ctx, "verify audit trail", func(t *tx) error {
			page = page[:0]
			return t.each(func(scan func(...any) error) error {
				e, err := scanEntry(scan)
				page = append(page, e)
				return err
			}, `SELECT `+auditSelect+` FROM audit_entry e WHERE e.seq > $1 AND e.seq <= $2 ORDER BY e.seq LIMIT $3`, w.seq, last, verifyPage)
		})
		if err != nil {
			return err
		}
		for _, e := range page {
			if e.Seq != w.seq+1 {
				break
			}
			if e.Hash != audit.Hash(w.hash, e) {
				w.fault(e.Seq, "it was altered")
				return nil
			}
			if s, ok := w.removed[e.Seq]; ok {
				want := removal(s, e.Who)
				if e.Event == want.Event && e.Act == want.Act && e.Before == want.Before && e.Result == want.Result {
					delete(w.removed, e.Seq)
				}
			}
			w.report.Sound++
			w.seq, w.hash = e.Seq, e.Hash
		}
		if len(page) == 0 || w.seq != page[len(page)-1].Seq {
			w.fault(w.seq+1, "it is missing")
			return nil
		}
	}
	return nil
}
