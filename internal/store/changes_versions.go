package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// When the deciders of a waiting change, and then their alternates, are to be told.
const (
	halfOver = `2 * {now} >= asked + lapses`
	mostOver = `4 * {now} >= asked + 3 * lapses`
)

// givenUp is the state after a version that was not carried out, in SQL: the word for it, or where the earlier versions
// ended if something was done in them.
func givenUp(word string) string {
	return `CASE WHEN NOT EXISTS (SELECT 1 FROM change_row r WHERE r.change_id = change.id AND r.state = 'done') THEN ` + word + `
		WHEN EXISTS (SELECT 1 FROM change_row r WHERE r.change_id = change.id AND r.state IN ('refused', 'attention')) THEN 'problems' ELSE 'finished' END`
}

// below counts the rows that are not of the main step.
func below(rows []change.Row) int {
	n := 0
	for i := range rows {
		if rows[i].Step > 0 {
			n++
		}
	}
	return n
}

// newVersion stores who made a version.
func (t *tx) newVersion(ch id.Change, v change.Version, now time.Time) error {
	by, err := json.Marshal(v.By)
	if err != nil {
		return err
	}
	return t.insert("change_version", "change_id, version, by_person, people, note, deciders, at",
		[][]any{{string(ch), v.Number, string(by), v.Rows, v.Note, v.Deciders, millis(now)}})
}

// versions fills in the versions, the remarks and what can be retried.
func (t *tx) versions(at map[id.Change]*change.Change, ids []any) error {
	err := t.each(func(scan func(...any) error) error {
		var ch id.Change
		var v change.Version
		var by string
		var when int64
		if err := scan(&ch, &v.Number, &by, &v.Rows, &v.Note, &v.Deciders, &when); err != nil {
			return err
		}
		v.At = fromMillis(when)
		at[ch].Versions = append(at[ch].Versions, v)
		return json.Unmarshal([]byte(by), &at[ch].Versions[len(at[ch].Versions)-1].By)
	}, `SELECT change_id, version, by_person, people, note, deciders, at FROM change_version
		WHERE change_id IN `+list(1, len(ids))+` ORDER BY change_id, version`, ids...)
	if err != nil {
		return err
	}
	err = t.each(func(scan func(...any) error) error {
		var ch id.Change
		var r change.Remark
		var by string
		var when int64
		if err := scan(&ch, &r.Version, &by, &r.Question, &r.Text, &when); err != nil {
			return err
		}
		r.At = fromMillis(when)
		at[ch].Talk = append(at[ch].Talk, r)
		return json.Unmarshal([]byte(by), &at[ch].Talk[len(at[ch].Talk)-1].By)
	}, `SELECT change_id, version, by_person, question, text, at FROM change_remark
		WHERE change_id IN `+list(1, len(ids))+` ORDER BY change_id, pos`, ids...)
	if err != nil {
		return err
	}
	var later []any // changes of several versions, for which the counts do not say what can be retried
	for _, ch := range at {
		if ch.Version > 1 {
			later = append(later, string(ch.ID))
			continue
		}
		for _, s := range ch.Counts {
			ch.Retryable += s.Rows[change.RefusedRow] + s.Rows[change.Attention]
		}
	}
	if len(later) == 0 {
		return nil
	}
	return t.each(func(scan func(...any) error) error {
		var ch id.Change
		var n int
		err := scan(&ch, &n)
		if err == nil {
			at[ch].Retryable = n
		}
		return err
	}, `SELECT r.change_id, COUNT(*) FROM change_row r JOIN change c ON c.id = r.change_id AND c.version = r.version
		WHERE r.change_id IN `+list(1, len(later))+` AND r.state IN ('refused', 'attention') GROUP BY r.change_id`, later...)
}

// decidable locks a change and says why this person's word comes too late, if it does. wait is how long a version waits.
func (t *tx) decidable(ch id.Change, d change.Decision) (deciders int, wait, now int64, err error) {
	var state change.State
	var version int
	var hash string
	var asked, lapses int64
	err = t.row(`SELECT state, version, hash, deciders, asked, lapses, {now} FROM change WHERE id = $1 {for update}`, string(ch)).
		Scan(&state, &version, &hash, &deciders, &asked, &lapses, &now)
	switch {
	case err != nil:
	case state == change.Returned:
		err = fault.New(fault.Conflict, "This request was sent back with a question and waits for the answer. Nothing was stored.")
	case state != change.Waiting:
		err = fault.New(fault.Conflict, "This request does not wait for a decision any more. Nothing was stored.")
	case version != d.Version || hash != d.Hash:
		err = fault.New(fault.Conflict, "This request was edited after you opened it. Nothing was stored; look at it again and decide on what is there now.")
	case lapses > 0 && lapses <= now:
		err = fault.New(fault.Conflict, "This request was not decided in time and has lapsed. Nothing was stored.")
	}
	return deciders, lapses - asked, now, err
}

// remark stores a question or an answer about the present version.
func (t *tx) remark(ch id.Change, by change.Person, question bool, text string) error {
	person, err := json.Marshal(by)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO change_remark (change_id, pos, version, by_key, by_user, by_person, question, text, at)
		SELECT c.id, (SELECT COUNT(*) + 1 FROM change_remark r WHERE r.change_id = c.id), c.version, $2, $3, $4, $5, $6, {now} FROM change c WHERE c.id = $1`,
		string(ch), personKey(by), string(by.User), string(person), question, text)
	return err
}

// wait lets a change wait in a state from now on, for lapse.
func (t *tx) wait(ch id.Change, state change.State, lapse time.Duration) error {
	_, err := t.exec(`UPDATE change SET state = $1, note = '', asked = {now}, lapses = {now} + $2, reminded = 0, escalated = 0 WHERE id = $3`,
		string(state), lapse.Milliseconds(), string(ch))
	return err
}

// Return implements change.Store.
func (c *ChangeStore) Return(ctx context.Context, ch id.Change, d change.Decision, lapse time.Duration, entries ...audit.Entry) (out change.Change, err error) {
	err = c.s.write(ctx, "send change back", func(t *tx) error {
		if _, _, _, err := t.decidable(ch, d); err != nil {
			return err
		}
		if err := t.remark(ch, d.By, true, d.Reason); err != nil {
			return err
		}
		if err := t.wait(ch, change.Returned, lapse); err != nil {
			return err
		}
		if out, err = t.change(ch); err != nil {
			return err
		}
		return t.audit(ch, entries)
	})
	return out, err
}

// Answer implements change.Store.
func (c *ChangeStore) Answer(ctx context.Context, ch id.Change, by change.Person, text string, lapse time.Duration, entries ...audit.Entry) (out change.Change, err error) {
	err = c.s.write(ctx, "answer about change", func(t *tx) error {
		if err := t.in(ch, change.Returned); err != nil {
			return err
		}
		if err := t.remark(ch, by, false, text); err != nil {
			return err
		}
		if err := t.wait(ch, change.Waiting, lapse); err != nil {
			return err
		}
		if out, err = t.change(ch); err != nil {
			return err
		}
		return t.audit(ch, entries)
	})
	return out, err
}

// in locks a change and is Conflict unless it is in the state and has not lapsed.
func (t *tx) in(ch id.Change, want change.State) error {
	var state change.State
	var lapses, now int64
	if err := t.row(`SELECT state, lapses, {now} FROM change WHERE id = $1 {for update}`, string(ch)).Scan(&state, &lapses, &now); err != nil {
		return err
	}
	switch {
	case state != want:
		return fault.Newf(fault.Conflict, "The request is %s by now, so this is not possible any more. Nothing was stored.", state.Word())
	case (state == change.Waiting || state == change.Returned) && lapses > 0 && lapses <= now:
		return fault.New(fault.Conflict, "The request has lapsed. Nothing was stored.")
	}
	return nil
}

// Revise implements change.Store. Rows that have moved on since they were read make it fail.
func (c *ChangeStore) Revise(ctx context.Context, ch id.Change, r change.Revision, lapse time.Duration, entries ...audit.Entry) (out change.Change, err error) {
	rows := slices.Clone(r.Rows)
	old := slices.Clone(r.Drop)
	for i := range rows {
		rows[i].Version = r.From + 1
		if rows[i].Epoch > 0 || !rows[i].Updated.IsZero() { // read from the store before
			old = append(old, rows[i].ID)
		}
	}
	values, err := rowValues(ch, rows)
	if err != nil {
		return out, fmt.Errorf("revise change: %w", err)
	}
	ground, err := groundText(r.Ground)
	if err != nil {
		return out, fmt.Errorf("revise change: %w", err)
	}
	err = c.s.write(ctx, "revise change", func(t *tx) error {
		if err := t.under(r.Policy); err != nil {
			return err
		}
		if err := t.in(ch, r.State); err != nil {
			return err
		}
		now, err := t.now()
		if err != nil {
			return err
		}
		edited := fault.New(fault.Conflict, "Somebody else has changed this request meanwhile. Nothing was stored; look at it as it is now.")
		n, err := t.exec(`UPDATE change SET version = version + 1, hash = $1, deciders = $2, rule = $3, rule_sentence = $4, decided_by = $11, lead_team = $12, ground = $13, started = 0, ended = 0,
			asked = {now}, reminded = 0, escalated = 0, note = '', state = CASE WHEN $10 AND planned > {now} THEN 'scheduled' ELSE $5 END,
			lapses = CASE WHEN $9 THEN {now} + $6 WHEN planned > {now} THEN planned + $6 ELSE 0 END WHERE id = $7 AND version = $8`,
			r.Hash, r.Deciders, r.Rule, r.RuleSentence, string(r.To), lapse.Milliseconds(), string(ch), r.From, r.Deciders > 0, r.To == change.Approved, string(r.DecidedBy), string(r.Lead), ground)
		if err != nil {
			return err
		}
		if n == 0 {
			return edited
		}
		for part := range chunks(old) {
			n, err := t.exec(`DELETE FROM change_row WHERE change_id = $1 AND state NOT IN ('done', 'checking', 'intent', 'unknown') AND id IN `+list(2, len(part)),
				append([]any{string(ch)}, anys(part)...)...)
			if err != nil {
				return err
			}
			if n != len(part) {
				return edited
			}
		}
		if r.Keep {
			if _, err := t.exec(`UPDATE change_row SET version = $1 WHERE change_id = $2 AND version = $3 AND state <> 'rejected'`, r.From+1, string(ch), r.From); err != nil {
				return err
			}
		}
		for _, v := range values {
			v[len(v)-1] = millis(now)
		}
		if err := t.insert("change_row", rowColumns+", folded, cause, updated", values); err != nil {
			return err
		}
		if err := t.newVersion(ch, change.Version{Number: r.From + 1, By: r.By, Rows: r.People, Note: r.Note, Deciders: r.Deciders}, now); err != nil {
			return err
		}
		if out, err = t.change(ch); err != nil {
			return err
		}
		return t.audit(ch, entries)
	})
	return out, err
}

// Remind implements change.Store.
func (c *ChangeStore) Remind(ctx context.Context, ch id.Change, e audit.Event, entries ...audit.Entry) (first bool, err error) {
	column, due := "reminded", halfOver
	if e == audit.Escalated {
		column, due = "escalated", mostOver
	}
	err = c.s.write(ctx, "remind of change", func(t *tx) error {
		n, err := t.exec(`UPDATE change SET `+column+` = {now} WHERE id = $1 AND state = 'waiting' AND `+column+` = 0 AND lapses > {now} AND `+due, string(ch))
		first = n > 0
		if err != nil || n == 0 {
			return err
		}
		return t.audit(ch, entries)
	})
	return first && err == nil, err
}
