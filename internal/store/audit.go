package store

import (
	"context"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// AuditStore reads the audit trail, appends to it and looks after it. It implements audit.Trail and audit.Keeper.
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
	var h auditHead
	if err := t.row(`SELECT ` + headColumns + ` FROM audit_head {for update}`).Scan(h.fields()...); err != nil {
		return err
	}
	now, err := t.now() // after the head is ours, so that times follow the order of the chain
	if err != nil {
		return err
	}
	return t.auditAt(h, now, of, entries)
}

func (t *tx) auditAt(h auditHead, now time.Time, of id.Change, entries []audit.Entry) error {
	if err := t.cut(&h, now); err != nil {
		return err
	}
	var rows, names [][]any
	for _, e := range entries {
		if e.Change == "" {
			e.Change = of
		}
		h.seq++
		e.Seq, e.At = h.seq, now
		for _, text := range []*string{&e.Who.Issuer, &e.Who.Subject, &e.Act, &e.Before, &e.After, &e.Result, &e.PlanHash, &e.RequestID} {
			*text = change.Plain(*text) // before the hash, which is over what is stored
		}
		e.Hash = audit.Hash(h.hash, e)
		h.hash = e.Hash
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
	_, err := t.exec(`UPDATE audit_head SET seq = $1, hash = $2, first_seq = $3, opens = $4, month = $5`, h.seq, h.hash, h.first, h.opens, h.month)
	return err
}

// list adds the teams as arguments and returns their placeholders.
func (w *where) list(teams []id.Team) string {
	marks := make([]string, len(teams))
	for i, t := range teams {
		marks[i] = w.arg(string(t))
	}
	return strings.Join(marks, ",")
}

// Entries implements audit.Trail.
func (a *AuditStore) Entries(ctx context.Context, f audit.Filter) (out []audit.Entry, err error) {
	w := auditWhere(f)
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	order := "DESC"
	if f.OldestFirst {
		order = "ASC"
	}
	text := `SELECT ` + auditSelect + ` FROM audit_entry e ` + w.text() + ` ORDER BY e.seq ` + order + ` LIMIT ` + w.arg(min(limit, 500))
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

func auditWhere(f audit.Filter) *where {
	w := &where{}
	for _, c := range []struct{ column, value string }{
		{"e.change_id", string(f.Change)}, {"e.event", string(f.Event)}, {"e.who_user", string(f.Actor)}, {"e.user_id", string(f.User)},
	} {
		if c.value != "" {
			w.add(c.column+" = ?", c.value)
		}
	}
	for role, text := range map[string]string{"= '" + roleActor + "'": f.By, "= '" + roleTarget + "'": f.About, "<> ''": f.Text} {
		if text != "" {
			w.add(`e.seq IN (SELECT n.seq FROM audit_name n WHERE n.role `+role+` AND n.folded LIKE ? ESCAPE '\')`, contains(text))
		}
	}
	if f.Of != nil && len(f.Of) == 0 {
		w.add("1 = 0")
	} else if f.Of != nil {
		w.add("e.team_id IN (" + w.list(f.Of) + ")")
	}
	if !f.From.IsZero() {
		w.add("e.at >= ?", millis(f.From))
	}
	if !f.Until.IsZero() {
		w.add("e.at < ?", millis(f.Until))
	}
	if f.Before > 0 {
		w.add("e.seq < ?", f.Before)
	}
	if f.OldestFirst && f.After > 0 {
		w.add("e.seq > ?", f.After)
	}
	if f.Teams != nil {
		w.addView(f.Teams, f.Self)
	}
	return w
}

// addView cuts the answer to what a lead may see: entries about these teams, and those that self made.
func (w *where) addView(teams []id.Team, self *audit.Who) {
	var any []string
	if len(teams) > 0 {
		any = append(any, "e.team_id IN ("+w.list(teams)+")")
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

// auditSelect looks names, number and previous hash up for each entry that is shown; joins would be worked out over the
// whole trail for each page, where the database chooses so.
const auditSelect = `e.seq, e.at, e.who_kind, e.who_issuer, e.who_subject, e.who_user, e.event, e.change_id, e.row_id, e.act, e.user_id, e.team_id,
	e.operation, e.before_text, e.after_text, e.result, e.version, e.plan_hash, e.request_id, e.hash,
	COALESCE((SELECT n.name FROM audit_name n WHERE n.seq = e.seq AND n.role = 'actor'), ''),
	COALESCE((SELECT n.name FROM audit_name n WHERE n.seq = e.seq AND n.role = 'target'), ''),
	COALESCE((SELECT c.number FROM change c WHERE c.id = e.change_id), 0),
	COALESCE((SELECT p.hash FROM audit_entry p WHERE p.seq = e.seq - 1), (SELECT s.closes FROM audit_segment s WHERE s.last_seq = e.seq - 1), '')`

func scanEntry(scan func(...any) error) (audit.Entry, error) {
	var e audit.Entry
	var at int64
	err := scan(&e.Seq, &at, &e.Who.Kind, &e.Who.Issuer, &e.Who.Subject, &e.Who.User, &e.Event, &e.Change, &e.Row, &e.Act, &e.User, &e.Team,
		&e.Operation, &e.Before, &e.After, &e.Result, &e.Version, &e.PlanHash, &e.RequestID, &e.Hash, &e.Who.Name, &e.TargetName, &e.Number, &e.Previous)
	e.At = fromMillis(at)
	return e, err
}
