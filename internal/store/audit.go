package store

import (
	"context"
	"strings"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

var _ audit.Trail = (*AuditStore)(nil)

// AuditStore reads the audit trail and appends to it. It implements audit.Trail.
type AuditStore struct{ s *Store }

// Audit returns the port of package audit.
func (s *Store) Audit() *AuditStore { return &AuditStore{s} }

const auditColumns = `seq, at, who_kind, who_issuer, who_subject, who_user, event, change_id, row_id, act, user_id, team_id,
	operation, before_text, after_text, result, version, plan_hash, request_id, hash`

// The two parts that a name in the side table may play.
const (
	roleActor  = "actor"
	roleTarget = "target"
)

// verifyPage is how many entries Verify holds in memory at once.
const verifyPage = 1000

// Append implements audit.Trail.
func (a *AuditStore) Append(ctx context.Context, entries ...audit.Entry) error {
	return a.s.write(ctx, "append to audit trail", func(t *tx) error { return t.audit("", entries) })
}

// audit writes entries at the end of the chain; those without a change get the one given. It must come last in a
// transaction: it makes all other writers wait until the commit.
func (t *tx) audit(of id.Change, entries []audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var seq int64
	var hash string
	if err := t.row(`SELECT seq, hash FROM audit_head {for update}`).Scan(&seq, &hash); err != nil {
		return err
	}
	now, err := t.now() // after the head is ours, so that times follow the order of the chain
	if err != nil {
		return err
	}
	var rows, names [][]any
	for _, e := range entries {
		if e.Change == "" {
			e.Change = of
		}
		seq++
		e.Seq, e.At = seq, now
		for _, text := range []*string{&e.Who.Issuer, &e.Who.Subject, &e.Act, &e.Before, &e.After, &e.Result, &e.PlanHash, &e.RequestID} {
			*text = change.Plain(*text) // before the hash, which is over what is stored
		}
		e.Hash = audit.Hash(hash, e)
		hash = e.Hash
		rows = append(rows, []any{e.Seq, millis(e.At), string(e.Who.Kind), e.Who.Issuer, e.Who.Subject, string(e.Who.User), string(e.Event),
			string(e.Change), string(e.Row), e.Act, string(e.User), string(e.Team), e.Operation, e.Before, e.After, e.Result, e.Version,
			e.PlanHash, e.RequestID, e.Hash})
		for role, name := range map[string]string{roleActor: e.Who.Name, roleTarget: e.TargetName} {
			if name != "" {
				names = append(names, []any{e.Seq, role, name, fold(name)})
			}
		}
	}
	if err := t.insert("audit_entry", auditColumns, rows); err != nil {
		return err
	}
	if err := t.insert("audit_name", "seq, role, name, folded", names); err != nil {
		return err
	}
	_, err = t.exec(`UPDATE audit_head SET seq = $1, hash = $2`, seq, hash)
	return err
}

// Entries implements audit.Trail.
func (a *AuditStore) Entries(ctx context.Context, f audit.Filter) (out []audit.Entry, err error) {
	var w where
	if f.Change != "" {
		w.add("e.change_id = ?", string(f.Change))
	}
	if f.Event != "" {
		w.add("e.event = ?", string(f.Event))
	}
	if f.Actor != "" {
		w.add("e.who_user = ?", string(f.Actor))
	}
	if f.Text != "" {
		w.add(`EXISTS (SELECT 1 FROM audit_name n WHERE n.seq = e.seq AND n.folded LIKE ? ESCAPE '\')`, contains(f.Text))
	}
	if f.Before > 0 {
		w.add("e.seq < ?", f.Before)
	}
	if f.Teams != nil {
		w.addView(f.Teams, f.Self)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	text := `SELECT ` + auditSelect + ` FROM audit_entry e ` + auditNames + w.text() + ` ORDER BY e.seq DESC LIMIT ` + w.arg(min(limit, 500))
	err = a.s.read(ctx, "read audit trail", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			e, err := scanEntry(scan)
			out = append(out, e)
			return err
		}, text, w.args...)
	})
	return out, err
}

// addView cuts the answer to what a lead may see: entries about these teams, and those that self made.
func (w *where) addView(teams []id.Team, self *audit.Who) {
	var any []string
	if len(teams) > 0 {
		var b strings.Builder
		for i, t := range teams {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(w.arg(string(t)))
		}
		any = append(any, "e.team_id IN ("+b.String()+")")
	}
	if self != nil && self.Subject != "" {
		any = append(any, "e.who_issuer = "+w.arg(self.Issuer)+" AND e.who_subject = "+w.arg(self.Subject))
	}
	if self != nil && self.User != "" {
		any = append(any, "e.who_user = "+w.arg(string(self.User)))
	}
	if len(any) == 0 {
		any = []string{"1 = 0"} // a view of nothing is not a view of everything
	}
	w.add("(" + strings.Join(any, " OR ") + ")")
}

// Verify implements audit.Trail. A removed entry is reported as broken under its own Seq, also at the end of the
// chain. Entries that are appended meanwhile are left for the next time.
func (a *AuditStore) Verify(ctx context.Context) (sound, broken int64, err error) {
	var end int64
	var endHash string
	err = a.s.read(ctx, "read audit head", func(t *tx) error {
		return t.row(`SELECT seq, hash FROM audit_head`).Scan(&end, &endHash)
	})
	if err != nil {
		return 0, 0, err
	}
	hash := ""
	for sound < end {
		var page []audit.Entry
		err := a.s.read(ctx, "verify audit trail", func(t *tx) error {
			page = page[:0]
			return t.each(func(scan func(...any) error) error {
				e, err := scanEntry(scan)
				page = append(page, e)
				return err
			}, `SELECT `+auditSelect+` FROM audit_entry e `+auditNames+` WHERE e.seq > $1 AND e.seq <= $2 ORDER BY e.seq LIMIT $3`, sound, end, verifyPage)
		})
		if err != nil {
			return sound, 0, err
		}
		for _, e := range page {
			if e.Seq != sound+1 || e.Hash != audit.Hash(hash, e) {
				return sound, sound + 1, nil
			}
			sound, hash = e.Seq, e.Hash
		}
		if len(page) == 0 {
			return sound, sound + 1, nil
		}
	}
	if hash != endHash { // the last entry was replaced by another one with a sound hash
		return sound - 1, sound, nil
	}
	return sound, 0, nil
}

const (
	auditSelect = `e.seq, e.at, e.who_kind, e.who_issuer, e.who_subject, e.who_user, e.event, e.change_id, e.row_id, e.act, e.user_id, e.team_id,
	e.operation, e.before_text, e.after_text, e.result, e.version, e.plan_hash, e.request_id, e.hash, COALESCE(an.name, ''), COALESCE(tn.name, '')`
	auditNames = `LEFT JOIN audit_name an ON an.seq = e.seq AND an.role = 'actor' LEFT JOIN audit_name tn ON tn.seq = e.seq AND tn.role = 'target' `
)

func scanEntry(scan func(...any) error) (audit.Entry, error) {
	var e audit.Entry
	var at int64
	err := scan(&e.Seq, &at, &e.Who.Kind, &e.Who.Issuer, &e.Who.Subject, &e.Who.User, &e.Event, &e.Change, &e.Row, &e.Act, &e.User, &e.Team,
		&e.Operation, &e.Before, &e.After, &e.Result, &e.Version, &e.PlanHash, &e.RequestID, &e.Hash, &e.Who.Name, &e.TargetName)
	e.At = fromMillis(at)
	return e, err
}
