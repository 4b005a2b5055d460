package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

var _ change.Store = (*ChangeStore)(nil)

// ChangeStore keeps changes and their rows. It implements change.Store.
//
// Transactions that touch several tables take their row locks in one order, so that they do not wait for each other
// in a circle: change, row_lock, change_row, audit_head.
type ChangeStore struct{ s *Store }

// Changes returns the port of package change.
func (s *Store) Changes() *ChangeStore { return &ChangeStore{s} }

const changeColumns = `id, number, kind, title, requester, reason, state, note, version, hash, deciders, rule, rule_sentence,
	source_name, created, lapses, started, ended, undo_of, went_on, planned, lead_team, decided_by, ground`

// Create implements change.Store. Rows that wait for a row which the plan found not possible are cancelled at once.
func (c *ChangeStore) Create(ctx context.Context, ch change.Change, rows []change.Row, source *change.Source, lapse time.Duration, entries ...audit.Entry) (change.Change, error) {
	requester, err := json.Marshal(ch.Requester)
	if err != nil {
		return change.Change{}, fmt.Errorf("create change: %w", err)
	}
	values, err := rowValues(ch.ID, rows)
	if err != nil {
		return change.Change{}, fmt.Errorf("create change: %w", err)
	}
	ground, err := groundText(ch.Ground)
	if err != nil {
		return change.Change{}, fmt.Errorf("create change: %w", err)
	}
	var out change.Change
	err = c.s.write(ctx, "create change", func(t *tx) error {
		if err := t.under(ch.Policy); err != nil {
			return err
		}
		now, err := t.now()
		if err != nil {
			return err
		}
		// The number is taken first: its row makes other creators wait, who then find theirs.
		var number int
		if err := t.row(`UPDATE change_number SET last = last + 1 RETURNING last`).Scan(&number); err != nil {
			return err
		}
		var lapses, started, ended time.Time
		if ch.Deciders > 0 {
			lapses = now.Add(lapse)
		}
		if ch.State == change.Approved && ch.Planned.After(now) {
			ch.State, lapses = change.Scheduled, ch.Planned.Add(lapse)
		}
		if ch.State == change.Running {
			started = now
		}
		if ch.State.Ended() {
			ended = now
		}
		err = t.insert("change", changeColumns+", requester_key, requester_user, resumes, asked", [][]any{{
			string(ch.ID), number, ch.Kind, ch.Title, string(requester), ch.Reason, string(ch.State), ch.Note, ch.Version, ch.Hash, ch.Deciders,
			ch.Rule, ch.RuleSentence, ch.SourceName, millis(now), millis(lapses), millis(started), millis(ended), string(ch.UndoOf.ID), millis(started), millis(ch.Planned), string(ch.Lead), string(ch.By), ground,
			personKey(ch.Requester), string(ch.Requester.User), 0, millis(now),
		}})
		if err != nil {
			return err
		}
		if err := t.newVersion(ch.ID, change.Version{Number: ch.Version, By: ch.Requester, Rows: len(rows) - below(rows), Deciders: ch.Deciders}, now); err != nil {
			return err
		}
		for _, v := range values {
			v[len(v)-1] = millis(now)
		}
		if err := t.insert("change_row", rowColumns+", folded, cause, updated", values); err != nil {
			return err
		}
		if source != nil {
			if err := t.insert("change_source", "change_id, data, format", [][]any{{string(ch.ID), source.Data, string(source.Format)}}); err != nil {
				return err
			}
		}
		if out, err = t.change(ch.ID); err != nil {
			return err
		}
		return t.audit(ch.ID, entries)
	})
	return out, err
}

// Change implements change.Store.
func (c *ChangeStore) Change(ctx context.Context, ch id.Change) (out change.Change, err error) {
	err = c.s.read(ctx, "read change", func(t *tx) error {
		out, err = t.change(ch)
		return err
	})
	return out, err
}

// change reads one head with decisions and counts.
func (t *tx) change(ch id.Change) (change.Change, error) {
	all, err := t.changes(`WHERE id = $1`, string(ch))
	if err != nil {
		return change.Change{}, err
	}
	if len(all) == 0 {
		return change.Change{}, noChange()
	}
	return all[0], nil
}

func noChange() error { return fault.New(fault.NotFound, "There is no such request.") }

// changes reads heads, then the decisions and the counts of all of them with one query each.
func (t *tx) changes(rest string, args ...any) ([]change.Change, error) {
	var all []change.Change
	err := t.each(func(scan func(...any) error) error {
		ch, err := scanChange(scan)
		all = append(all, ch)
		return err
	}, `SELECT `+changeColumns+`, erased FROM change `+rest, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	at := make(map[id.Change]*change.Change, len(all))
	ids := make([]any, len(all))
	for i := range all {
		at[all[i].ID], ids[i] = &all[i], string(all[i].ID)
	}
	err = t.each(func(scan func(...any) error) error {
		ch, d, err := scanDecision(scan)
		if err == nil {
			at[ch].Decisions = append(at[ch].Decisions, d)
		}
		return err
	}, `SELECT change_id, version, by_person, approve, reason, rejected, hash, at FROM decision
		WHERE change_id IN `+list(1, len(ids))+` ORDER BY at, by_key`, ids...)
	if err != nil {
		return nil, err
	}
	err = t.each(func(scan func(...any) error) error {
		var ch id.Change
		var step, n int
		var kind string
		var state change.RowState
		if err := scan(&ch, &step, &state, &kind, &n); err != nil {
			return err
		}
		c := &at[ch].Counts
		if k := len(*c); k == 0 || (*c)[k-1].Step != step {
			*c = append(*c, change.StepCount{Step: step, Kind: kind, Rows: change.Counts{}})
		}
		(*c)[len(*c)-1].Rows[state] += n
		return nil
	}, `SELECT change_id, step, state, kind, COUNT(*) FROM change_row WHERE change_id IN `+list(1, len(ids))+`
		GROUP BY change_id, step, state, kind ORDER BY change_id, step`, ids...)
	if err != nil {
		return nil, err
	}
	if err := t.undos(at, ids); err != nil {
		return nil, err
	}
	var resumes int64
	err = t.row(`SELECT resumes FROM pace`).Scan(&resumes)
	for i := range all {
		if all[i].State == change.Running {
			all[i].Resumes = fromMillis(resumes)
		}
	}
	if err != nil {
		return nil, err
	}
	return all, t.versions(at, ids)
}

// undos ties changes to those that they take back, and to those that take them back.
func (t *tx) undos(at map[id.Change]*change.Change, ids []any) error {
	return t.each(func(scan func(...any) error) error {
		var by, of change.Link
		var state change.State
		if err := scan(&by.ID, &by.Number, &state, &of.ID, &of.Number); err != nil {
			return err
		}
		if c := at[by.ID]; c != nil {
			c.UndoOf = of
		}
		if c := at[of.ID]; c != nil && !state.CameToNothing() {
			c.UndoneBy = by
		}
		return nil
	}, `SELECT u.id, u.number, u.state, o.id, o.number FROM change u JOIN change o ON o.id = u.undo_of WHERE u.undo_of <> ''
		AND (u.id IN `+list(1, len(ids))+` OR u.undo_of IN `+list(1, len(ids))+`)`, ids...)
}

func scanChange(scan func(...any) error) (change.Change, error) {
	var c change.Change
	var requester, ground string
	var created, lapses, started, ended, wentOn, planned, erased int64
	err := scan(&c.ID, &c.Number, &c.Kind, &c.Title, &requester, &c.Reason, &c.State, &c.Note, &c.Version, &c.Hash, &c.Deciders, &c.Rule,
		&c.RuleSentence, &c.SourceName, &created, &lapses, &started, &ended, &c.UndoOf.ID, &wentOn, &planned, &c.Lead, &c.By, &ground, &erased)
	if err != nil {
		return c, err
	}
	c.Created, c.Lapses, c.Started = fromMillis(created), fromMillis(lapses), fromMillis(started)
	c.Ended, c.WentOn, c.Planned = fromMillis(ended), fromMillis(wentOn), fromMillis(planned)
	c.Erased = fromMillis(erased)
	if ground != "" {
		if err := json.Unmarshal([]byte(ground), &c.Ground); err != nil {
			return c, err
		}
	}
	return c, json.Unmarshal([]byte(requester), &c.Requester)
}

func scanDecision(scan func(...any) error) (ch id.Change, d change.Decision, err error) {
	var by, rejected string
	var at int64
	if err := scan(&ch, &d.Version, &by, &d.Approve, &d.Reason, &rejected, &d.Hash, &at); err != nil {
		return ch, d, err
	}
	d.At = fromMillis(at)
	if err := json.Unmarshal([]byte(by), &d.By); err != nil {
		return ch, d, err
	}
	return ch, d, json.Unmarshal([]byte(rejected), &d.Rejected)
}

// personKey identifies a person, a schedule or the command line: the sign-in where there is one.
func personKey(p change.Person) string {
	switch {
	case p.Subject != "":
		return "subject\n" + p.Issuer + "\n" + p.Subject
	case p.User != "":
		return "user\n" + string(p.User)
	default:
		return string(p.Kind) + "\n" + p.Name
	}
}

// samePerson is the condition that a key or a linked user, in the named columns, is this person (access.Actor.Same).
func (w *where) samePerson(p change.Person, key, user string) string {
	if p.User == "" {
		return key + " = " + w.arg(personKey(p))
	}
	return "(" + key + " = " + w.arg(personKey(p)) + " OR " + user + " = " + w.arg(string(p.User)) + ")"
}

// Changes implements change.Store.
func (c *ChangeStore) Changes(ctx context.Context, f change.Filter) (out []change.Change, total int, err error) {
	var w where
	if len(f.States) > 0 {
		marks := make([]string, len(f.States))
		for i, s := range f.States {
			marks[i] = w.arg(string(s))
		}
		w.add("state IN (" + strings.Join(marks, ",") + ")")
	}
	if f.RequestedBy != nil {
		w.add(w.samePerson(*f.RequestedBy, "requester_key", "requester_user"))
	}
	if f.NotRequestedBy != nil {
		w.add("NOT " + w.samePerson(*f.NotRequestedBy, "requester_key", "requester_user"))
	}
	if p := f.NotEditedBy; p != nil {
		var same []string
		if p.Subject != "" {
			same = append(same, "v.by_person{json} ->> 'subject' = "+w.arg(p.Subject)+" AND v.by_person{json} ->> 'issuer' = "+w.arg(p.Issuer))
		}
		if p.User != "" {
			same = append(same, "v.by_person{json} ->> 'user' = "+w.arg(string(p.User)))
		}
		if len(same) > 0 { // only people edit
			w.add("NOT EXISTS (SELECT 1 FROM change_version v WHERE v.change_id = change.id AND v.version > 1 AND (" + strings.Join(same, " OR ") + "))")
		}
	}
	if f.DecidedBy != nil {
		w.add("id IN (SELECT change_id FROM decision WHERE " + w.samePerson(*f.DecidedBy, "by_key", "by_user") +
			" UNION SELECT change_id FROM change_remark WHERE question AND " + w.samePerson(*f.DecidedBy, "by_key", "by_user") + ")")
	}
	if f.By != nil {
		marks := make([]string, len(f.By))
		for i, b := range f.By {
			marks[i] = w.arg(string(b))
		}
		w.add("decided_by IN (" + strings.Join(marks, ",") + ")")
	}
	if f.Leads != nil {
		marks := make([]string, len(f.Leads))
		for i, t := range f.Leads {
			marks[i] = w.arg(string(t))
		}
		w.add("lead_team <> '' AND lead_team IN (" + strings.Join(append(marks, "''"), ",") + ")")
	}
	// Saying that the column is not empty lets SQLite use the partial index. A row that made a record is about it.
	if f.Team != "" {
		w.add(`id IN (SELECT change_id FROM change_row WHERE team_id = ? AND team_id <> ''
			UNION SELECT change_id FROM change_row WHERE result = ? AND result <> '')`, string(f.Team), string(f.Team))
	}
	if f.User != "" {
		w.add(`id IN (SELECT change_id FROM change_row WHERE user_id = ? AND user_id <> ''
			UNION SELECT change_id FROM change_row WHERE result = ? AND result <> '')`, string(f.User), string(f.User))
	}
	if f.Number != 0 {
		w.add("number = ?", f.Number)
	}
	order := `number DESC`
	if f.SoonestFirst {
		order = `CASE WHEN lapses = 0 THEN 1 ELSE 0 END, lapses, number`
	}
	size := f.Size
	if size <= 0 {
		size = 25
	}
	count := `SELECT COUNT(*) FROM change` + w.text()
	n := len(w.args)
	page := w.text() + ` ORDER BY ` + order + ` LIMIT ` + w.arg(size) + ` OFFSET ` + w.arg(size*max(0, f.Page-1))
	err = c.s.read(ctx, "list changes", func(t *tx) error {
		if err := t.row(count, w.args[:n]...).Scan(&total); err != nil {
			return err
		}
		out, err = t.changes(page, w.args...)
		return err
	})
	return out, total, err
}

// Source implements change.Store.
func (c *ChangeStore) Source(ctx context.Context, ch id.Change) (out change.Source, err error) {
	err = c.s.read(ctx, "read source file", func(t *tx) error {
		var format string
		err := t.row(`SELECT c.source_name, s.data, s.format FROM change_source s JOIN change c ON c.id = s.change_id WHERE c.id = $1`, string(ch)).
			Scan(&out.Name, &out.Data, &format)
		out.Format = json.RawMessage(format)
		return err
	})
	if err != nil {
		return change.Source{}, err
	}
	return out, nil
}

// Decide implements change.Store. An approved change gets as long again as it had for the decision before it lapses.
func (c *ChangeStore) Decide(ctx context.Context, ch id.Change, d change.Decision, entries ...audit.Entry) (out change.Change, err error) {
	by, err := json.Marshal(d.By)
	if err != nil {
		return out, fmt.Errorf("decide on change: %w", err)
	}
	rejected, err := json.Marshal(d.Rejected)
	if err != nil {
		return out, fmt.Errorf("decide on change: %w", err)
	}
	err = c.s.write(ctx, "decide on change", func(t *tx) error {
		deciders, wait, now, err := t.decidable(ch, d)
		if err != nil {
			return err
		}
		err = t.insert("decision", "change_id, version, by_key, by_user, by_person, approve, reason, rejected, hash, at", [][]any{{
			string(ch), d.Version, personKey(d.By), string(d.By.User), string(by), d.Approve, d.Reason, string(rejected), d.Hash, now,
		}})
		if err != nil {
			if mapped := mapError(err); fault.KindOf(mapped) == fault.Conflict {
				return fault.Wrap(err, fault.Conflict, "You have decided on this request before. Nothing was stored.")
			}
			return err
		}
		if err := t.reject(ch, d); err != nil {
			return err
		}
		if err := t.advance(ch, d, deciders, wait); err != nil {
			return err
		}
		if out, err = t.change(ch); err != nil {
			return err
		}
		return t.audit(ch, entries)
	})
	if err != nil {
		return change.Change{}, err
	}
	return out, nil
}

// reject marks the rows that a decision takes out, and those that depend on them. Rows of another change, or rows that are
// not open, make it fail: nothing of another change may ever move here.
func (t *tx) reject(ch id.Change, d change.Decision) error {
	const set = `UPDATE change_row SET state = 'rejected', reason = $1, updated = {now} WHERE change_id = $2 AND state = 'queued'`
	if !d.Approve {
		_, err := t.exec(set, d.Reason, string(ch))
		return err
	}
	rejected := slices.Compact(slices.Sorted(slices.Values(d.Rejected)))
	for part := range chunks(rejected) {
		args := append([]any{d.Reason, string(ch)}, anys(part)...)
		n, err := t.exec(set+` AND id IN `+list(3, len(part)), args...)
		if err != nil {
			return err
		}
		if n != len(part) {
			return fault.New(fault.Invalid, "Some of the ticked rows are not open in this request, so nothing was decided. Open it again.")
		}
	}
	// The rows below come last: a row that was ticked and also depends on a ticked one must still be open above.
	for part := range chunks(rejected) {
		if err := t.cascade(part, change.RejectedRow, ""); err != nil {
			return err
		}
	}
	return nil
}

// advance moves a waiting change on if the decision was the last one that it needed.
func (t *tx) advance(ch id.Change, d change.Decision, deciders int, lapse int64) error {
	var approvals, queued int
	err := t.row(`SELECT (SELECT COUNT(*) FROM decision WHERE change_id = $1 AND version = $2 AND approve),
		(SELECT COUNT(*) FROM change_row WHERE change_id = $1 AND state = 'queued')`, string(ch), d.Version).Scan(&approvals, &queued)
	if err != nil {
		return err
	}
	switch {
	case !d.Approve, len(d.Rejected) > 0 && queued == 0:
		_, err = t.exec(`UPDATE change SET state = `+givenUp(`'rejected'`)+`, note = $1, ended = {now} WHERE id = $2`, d.Reason, string(ch))
	case approvals >= deciders:
		_, err = t.exec(`UPDATE change SET state = CASE WHEN planned > {now} THEN 'scheduled' ELSE 'approved' END,
			lapses = CASE WHEN planned > {now} THEN planned + $1 WHEN lapses > 0 THEN {now} + $1 ELSE 0 END WHERE id = $2`, lapse, string(ch))
	}
	return err
}

// Move implements change.Store.
func (c *ChangeStore) Move(ctx context.Context, ch id.Change, from []change.State, to change.State, note string, entries ...audit.Entry) error {
	if to == change.Running {
		note = ""
	}
	return c.s.write(ctx, "move change to "+string(to), func(t *tx) error {
		w := where{args: []any{string(to), note, to == change.Running, to.Ended()}}
		w.add("id = ?", string(ch))
		marks := make([]string, len(from))
		for i, s := range from {
			marks[i] = w.arg(string(s))
		}
		w.add("state IN (" + strings.Join(append(marks, "''"), ",") + ")") // '' is no state, but keeps the list from being empty
		switch to {
		case change.Lapsed:
			w.add("lapses > 0 AND lapses <= {now}")
		case change.Running:
			w.add("(started > 0 OR lapses = 0 OR lapses > {now})") // a decision that is too old starts nothing
			w.add("(state <> 'scheduled' OR planned <= {now})")
		}
		state := `$1`
		if to == change.Withdrawn || to == change.Lapsed {
			state = givenUp(state)
		}
		n, err := t.exec(`UPDATE change SET state = `+state+`, note = $2,
			started = CASE WHEN $3 AND started = 0 THEN {now} ELSE started END,
			went_on = CASE WHEN $3 THEN {now} ELSE went_on END,
			ended = CASE WHEN $4 THEN {now} ELSE 0 END`+w.text(), w.args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return t.notThere(ch)
		}
		switch to {
		case change.Cancelled, change.Withdrawn, change.Lapsed:
			_, err = t.exec(`UPDATE change_row SET state = 'cancelled', reason = $1, updated = {now}
				WHERE change_id = $2 AND state IN ('queued', 'held')`, note, string(ch))
			if err != nil {
				return err
			}
		}
		return t.audit(ch, entries)
	})
}

// notThere tells why a conditional update of a change found nothing.
func (t *tx) notThere(ch id.Change) error {
	var state change.State
	if err := t.row(`SELECT state FROM change WHERE id = $1`, string(ch)).Scan(&state); err != nil {
		return err
	}
	return fault.Newf(fault.Conflict, "The change is %s by now, so this is not possible any more. Nothing was stored.", state.Word())
}

// Retry implements change.Store. It is Conflict unless the change is running, paused or finished with problems in its present version.
func (c *ChangeStore) Retry(ctx context.Context, ch id.Change, entries ...audit.Entry) (n int, err error) {
	err = c.s.write(ctx, "retry change", func(t *tx) error {
		k, err := t.exec(`UPDATE change SET
			note = CASE WHEN state = 'problems' THEN '' ELSE note END,
			went_on = CASE WHEN state = 'problems' THEN {now} ELSE went_on END,
			state = CASE WHEN state = 'problems' THEN 'running' ELSE state END, ended = 0
			WHERE id = $1 AND erased = 0 AND (state IN ('running', 'paused') OR state = 'problems' AND EXISTS (SELECT 1 FROM change_row r
				WHERE r.change_id = change.id AND r.version = change.version AND r.state IN ('refused', 'attention')))`, string(ch))
		if err != nil {
			return err
		}
		if k == 0 {
			return t.notThere(ch)
		}
		const set = `UPDATE change_row SET state = 'queued', reason = '', cause = '', attempt = 0, not_before = 0, updated = {now}
			WHERE change_id = $1 AND version = (SELECT version FROM change WHERE id = $1) AND `
		// The cancelled rows first: they are found through the rows that are put back next.
		n, err = t.exec(set+`state = 'cancelled' AND cause <> '' AND cause IN (
			SELECT id FROM change_row WHERE change_id = $1 AND version = (SELECT version FROM change WHERE id = $1) AND state IN ('refused', 'attention'))`, string(ch))
		if err != nil {
			return err
		}
		k, err = t.exec(set+`state IN ('refused', 'attention')`, string(ch))
		if err != nil {
			return err
		}
		n += k
		return t.audit(ch, entries)
	})
	return n, err
}

// Due implements change.Store. Changes that have begun come first, in the order in which they began.
func (c *ChangeStore) Due(ctx context.Context) (out []change.Change, err error) {
	err = c.s.read(ctx, "list due changes", func(t *tx) error {
		out, err = t.changes(`WHERE state IN ('approved', 'running') OR state = 'scheduled' AND planned <= {now} OR state IN ('waiting', 'returned') AND lapses > 0 AND (lapses <= {now}
				OR state = 'waiting' AND (reminded = 0 AND ` + halfOver + ` OR escalated = 0 AND ` + mostOver + `))
			ORDER BY CASE WHEN started = 0 THEN 1 ELSE 0 END, started, number`)
		return err
	})
	return out, err
}

// Finish implements change.Store.
func (c *ChangeStore) Finish(ctx context.Context, ch id.Change, entries ...audit.Entry) (done bool, err error) {
	err = c.s.write(ctx, "finish change", func(t *tx) error {
		done = false
		// The head is locked before the rows are looked at, so that no retry can come in between.
		var state change.State
		if err := t.row(`SELECT state FROM change WHERE id = $1 {for update}`, string(ch)).Scan(&state); err != nil {
			return err
		}
		if state != change.Running {
			return nil
		}
		n, err := t.exec(`UPDATE change SET ended = {now}, note = '', state = CASE WHEN EXISTS (
				SELECT 1 FROM change_row WHERE change_id = $1 AND state IN ('refused', 'attention')) THEN 'problems' ELSE 'finished' END
			WHERE id = $1 AND NOT EXISTS (
				SELECT 1 FROM change_row WHERE change_id = $1 AND state IN ('queued', 'checking', 'intent', 'unknown', 'held'))`, string(ch))
		if err != nil || n == 0 {
			return err
		}
		done = true
		return t.audit(ch, entries)
	})
	return done && err == nil, err
}

// RecentDirect implements change.Store. A change that was cancelled counts too if a row of it was begun.
func (c *ChangeStore) RecentDirect(ctx context.Context, p change.Person, kind string, d time.Duration) (n int, err error) {
	w := where{args: []any{d.Milliseconds(), kind}}
	w.add(w.samePerson(p, "c.requester_key", "c.requester_user"))
	err = c.s.read(ctx, "count recent changes", func(t *tx) error {
		return t.row(`SELECT COUNT(*) FROM change c JOIN change_version v ON v.change_id = c.id`+w.text()+` AND v.at > {now} - $1 AND c.kind = $2 AND v.deciders = 0
			AND EXISTS (SELECT 1 FROM change_row r WHERE r.change_id = c.id AND r.version = v.version AND r.action IN ('create', 'update') AND r.state NOT IN ('cancelled', 'rejected'))`, w.args...).Scan(&n)
	})
	return n, err
}

// Speed implements change.Store. Rows that had nothing to do by the plan were never run and do not count.
func (c *ChangeStore) Speed(ctx context.Context, ch id.Change, d time.Duration) (n int, err error) {
	err = c.s.read(ctx, "measure speed", func(t *tx) error {
		return t.row(`SELECT COUNT(*) FROM change_row WHERE change_id = $1 AND step = 0 AND state IN ('done', 'nothing')
			AND epoch > 0 AND updated > {now} - $2`, string(ch), d.Milliseconds()).Scan(&n)
	})
	return n, err
}
