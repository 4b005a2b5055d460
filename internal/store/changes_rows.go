package store

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

const (
	rowColumns = `id, change_id, step, pos, kind, parent, line, subject, detail, payload, user_id, team_id, grp, lock_key, action,
	before_text, after_text, note, flags, state, reason, result, attempt, epoch, owner, lease_until, not_before, intent_at, now_text, released, version`
	rowSelect = rowColumns + `, updated`
)

// beforeFailed starts the reason of a row that was cancelled because of another one.
const beforeFailed = "The step before it did not happen: "

// stoppedMidway is the reason of a row whose intent was stored when its claim ran out.
const stoppedMidway = "The portal stopped while the call was under way. It looks up what came of it before it does anything else."

// chunks cuts a list so that a statement can hold each part.
func chunks[T any](all []T) iter.Seq[[]T] { return slices.Chunk(all, maxArgs/2) }

// rowValues is what Create inserts: rowColumns, folded, cause, updated (set later). Rows below a row that the plan
// found not possible get their end here: nothing would ever move them.
func rowValues(ch id.Change, rows []change.Row) ([][]any, error) {
	type root struct {
		id     id.Row
		reason string
	}
	ended := map[id.Row]root{}
	inOrder := slices.Clone(rows)
	slices.SortStableFunc(inOrder, func(a, b change.Row) int { return cmp.Compare(a.Step, b.Step) }) // parents before children
	values := make([][]any, len(inOrder))
	for i, r := range inOrder {
		var cause id.Row
		if above, ok := ended[r.Parent]; ok && r.Parent != "" && r.State == change.Queued {
			r.State, r.Reason, cause = change.CancelledRow, beforeFailed+above.reason, above.id
			ended[r.ID] = above
		} else if r.State.Ended() && !r.State.Good() {
			ended[r.ID] = root{r.ID, cmp.Or(r.Reason, r.Note)}
		}
		flags, err := json.Marshal(r.Flags)
		if err != nil {
			return nil, err
		}
		values[i] = []any{string(r.ID), string(ch), r.Step, r.Pos, r.Kind, string(r.Parent), r.Line, r.Subject, r.Detail, string(r.Payload),
			string(r.User), string(r.Team), r.Group, r.Lock, string(r.Action), r.Before, r.After, r.Note, string(flags), string(r.State), r.Reason,
			r.Result, r.Attempt, r.Epoch, r.Owner, millis(r.LeaseUntil), millis(r.NotBefore), millis(r.IntentAt), r.Now, r.Released, max(r.Version, 1),
			fold(r.Subject + "\n" + r.Detail), string(cause), int64(0)}
	}
	return values, nil
}

func scanRow(scan func(...any) error) (change.Row, error) {
	var r change.Row
	var payload, flags string
	var lease, notBefore, intent, updated int64
	err := scan(&r.ID, &r.Change, &r.Step, &r.Pos, &r.Kind, &r.Parent, &r.Line, &r.Subject, &r.Detail, &payload, &r.User, &r.Team, &r.Group,
		&r.Lock, &r.Action, &r.Before, &r.After, &r.Note, &flags, &r.State, &r.Reason, &r.Result, &r.Attempt, &r.Epoch, &r.Owner,
		&lease, &notBefore, &intent, &r.Now, &r.Released, &r.Version, &updated)
	if err != nil {
		return r, err
	}
	if payload != "" {
		r.Payload = json.RawMessage(payload)
	}
	r.LeaseUntil, r.NotBefore, r.IntentAt, r.Updated = fromMillis(lease), fromMillis(notBefore), fromMillis(intent), fromMillis(updated)
	return r, json.Unmarshal([]byte(flags), &r.Flags)
}

// Rows implements change.Store.
func (c *ChangeStore) Rows(ctx context.Context, ch id.Change, f change.RowFilter) (out []change.Row, total int, err error) {
	var w where
	w.add("change_id = ?", string(ch))
	if f.Step != change.AllSteps {
		w.add("step = ?", f.Step)
	}
	if f.Version > 0 {
		w.add("version = ?", f.Version)
	}
	if f.Parents != nil {
		if len(f.Parents) == 0 {
			return nil, 0, nil
		}
		marks := make([]string, len(f.Parents))
		for i, p := range f.Parents {
			marks[i] = w.arg(string(p))
		}
		w.add("parent <> '' AND parent IN (" + strings.Join(marks, ",") + ")")
	}
	if f.Word != "" {
		var marks []string
		for _, s := range change.RowStates() {
			if s.Word() == f.Word {
				marks = append(marks, w.arg(string(s)))
			}
		}
		if len(marks) == 0 {
			return nil, 0, nil // no row is ever shown under this word
		}
		w.add("state IN (" + strings.Join(marks, ",") + ")")
	}
	if f.Text != "" {
		w.add(`folded LIKE ? ESCAPE '\'`, contains(f.Text))
	}
	count := `SELECT COUNT(*) FROM change_row` + w.text()
	n := len(w.args)
	page := `SELECT ` + rowSelect + ` FROM change_row` + w.text() + ` ORDER BY `
	if f.RiskyFirst {
		page += `CASE WHEN state = 'blocked' OR flags NOT IN ('[]', 'null') THEN 0 ELSE 1 END, `
	}
	page += `step, pos`
	if f.Size > 0 {
		page += ` LIMIT ` + w.arg(f.Size) + ` OFFSET ` + w.arg(f.Size*max(0, f.Page-1))
	}
	err = c.s.read(ctx, "list rows", func(t *tx) error {
		out = nil
		if err := t.row(count, w.args[:n]...).Scan(&total); err != nil {
			return err
		}
		return t.each(func(scan func(...any) error) error {
			r, err := scanRow(scan)
			out = append(out, r)
			return err
		}, page, w.args...)
	})
	return out, total, err
}

// candidate is a row that a claim may take.
type candidate struct {
	id     id.Row
	change id.Change
	kind   string
	group  string
	lock   string
}

// candidates runs a query for the columns id, change_id, kind, grp and lock_key, and keeps the rows of the change and
// kind of the first one.
func (t *tx) candidates(text string, args ...any) ([]candidate, error) {
	var all []candidate
	err := t.each(func(scan func(...any) error) error {
		var r candidate
		err := scan(&r.id, &r.change, &r.kind, &r.group, &r.lock)
		if len(all) == 0 || r.change == all[0].change && r.kind == all[0].kind {
			all = append(all, r)
		}
		return err
	}, text, args...)
	return all, err
}

// lookAhead is how many times max rows are looked at, because some may have another kind or a lock held elsewhere.
const lookAhead = 4

// Claim implements change.Store.
func (c *ChangeStore) Claim(ctx context.Context, owner string, lease time.Duration, max int, only id.Change) (out []change.Row, err error) {
	err = c.s.write(ctx, "claim rows", func(t *tx) error {
		out = nil
		var changes []id.Change
		err := t.each(func(scan func(...any) error) error {
			var ch id.Change
			err := scan(&ch)
			changes = append(changes, ch)
			return err
		}, `SELECT id FROM change WHERE state = 'running' AND (SELECT resumes FROM pace) <= {now} AND ($1 = '' OR id = $1) ORDER BY started, number`, string(only))
		if err != nil {
			return err
		}
		for _, ch := range changes {
			rows, err := t.candidates(`SELECT id, change_id, kind, grp, lock_key FROM change_row r
				WHERE change_id = $1 AND state = 'queued' AND not_before <= {now}
				AND (parent = '' OR EXISTS (SELECT 1 FROM change_row p WHERE p.id = r.parent AND p.state IN ('done', 'nothing')))
				AND (lock_key = '' OR NOT EXISTS (SELECT 1 FROM row_lock l WHERE l.lock_key = r.lock_key))
				ORDER BY step, grp, pos LIMIT $2 {skip locked}`, string(ch), max*lookAhead)
			if err != nil {
				return err
			}
			if rows, err = t.takeLocks(rows, max); err != nil {
				return err
			}
			if rows, err = t.wholeGroup(rows, max); err != nil {
				return err
			}
			if len(rows) > 0 {
				out, err = t.take(rows, `state = 'checking', user_id = CASE WHEN user_id = '' AND parent <> ''
					THEN (SELECT p.result FROM change_row p WHERE p.id = change_row.parent) ELSE user_id END`, owner, lease)
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// takeLocks keeps up to max rows whose lock could be taken. Rows of the same lock and group share it; those of the
// same lock and another group wait for their turn.
func (t *tx) takeLocks(rows []candidate, max int) ([]candidate, error) {
	group := map[string]string{} // of each lock
	rows = slices.DeleteFunc(rows, func(r candidate) bool {
		if r.lock == "" {
			return false
		}
		g, ok := group[r.lock]
		if !ok {
			group[r.lock] = r.group
		}
		return ok && g != r.group
	})
	rows = rows[:min(max, len(rows))]
	holder := map[string]string{}
	for _, r := range rows {
		if r.lock != "" {
			holder[r.lock] = string(r.change) + " " + r.group
		}
	}
	// In one order everywhere, so that two claims do not wait for each other in a circle.
	for _, key := range sortedKeys(holder) {
		n, err := t.exec(`INSERT INTO row_lock (lock_key, holder) VALUES ($1, $2) ON CONFLICT (lock_key) DO NOTHING`, key, holder[key])
		if err != nil {
			return nil, err
		}
		if n == 0 { // taken since the rows were looked up
			rows = slices.DeleteFunc(rows, func(r candidate) bool { return r.lock == key })
		}
	}
	return rows, nil
}

// wholeGroup adds what is left of the last group when max has cut it, if its rows have one lock, which the claim holds
// now: they go into one call.
func (t *tx) wholeGroup(rows []candidate, max int) ([]candidate, error) {
	if len(rows) < max {
		return rows, nil
	}
	last := rows[len(rows)-1]
	if last.lock == "" || last.group != last.lock {
		return rows, nil
	}
	taken := make(map[id.Row]bool, len(rows))
	for _, r := range rows {
		taken[r.id] = true
	}
	more, err := t.candidates(`SELECT id, change_id, kind, grp, lock_key FROM change_row
		WHERE change_id = $1 AND kind = $2 AND grp = $3 AND lock_key = $3 AND state = 'queued' AND parent = '' AND not_before <= {now}
		ORDER BY step, pos LIMIT $4 {skip locked}`, string(last.change), last.kind, last.group, change.MostClaimed)
	for _, r := range more {
		if !taken[r.id] && len(rows) < change.MostClaimed {
			rows = append(rows, r)
		}
	}
	return rows, err
}

// take gives rows an owner, a new epoch and a lease, and returns them in order.
func (t *tx) take(rows []candidate, set, owner string, lease time.Duration) ([]change.Row, error) {
	args := []any{owner, lease.Milliseconds()}
	for _, r := range rows {
		args = append(args, string(r.id))
	}
	var out []change.Row
	err := t.each(func(scan func(...any) error) error {
		r, err := scanRow(scan)
		out = append(out, r)
		return err
	}, `UPDATE change_row SET owner = $1, epoch = epoch + 1, lease_until = {now} + $2, updated = {now}, `+set+`
		WHERE id IN `+list(3, len(rows))+` RETURNING `+rowSelect, args...)
	slices.SortFunc(out, func(a, b change.Row) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Pos, b.Pos))
	})
	return out, err
}

// ClaimUnknown implements change.Store. A row that is being looked up has a lease and is left out.
func (c *ChangeStore) ClaimUnknown(ctx context.Context, owner string, lease time.Duration, max int) (out []change.Row, err error) {
	err = c.s.write(ctx, "claim unknown rows", func(t *tx) error {
		out = nil
		rows, err := t.candidates(`SELECT id, change_id, kind, grp, lock_key FROM change_row
			WHERE state = 'unknown' AND not_before <= {now} AND lease_until <= {now}
			ORDER BY not_before, change_id, step, grp, pos LIMIT $1 {skip locked}`, max*lookAhead)
		if err != nil || len(rows) == 0 {
			return err
		}
		out, err = t.take(rows[:min(max, len(rows))], `state = 'unknown'`, owner, lease)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// held are changes and locks that a transaction has to itself until it ends.
type held struct {
	// note is, for each of the changes that has ended, its note; other changes are not in it.
	note map[id.Change]string
	// running are the changes that run.
	running map[id.Change]bool
	locks   []string
}

// hold locks changes against transitions and locks against release, in the order of [ChangeStore].
func (t *tx) hold(rows []candidate) (held, error) {
	h := held{note: map[id.Change]string{}, running: map[id.Change]bool{}}
	changes, locks := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		changes[string(r.change)] = true
		if r.lock != "" {
			locks[r.lock] = true
		}
	}
	for _, ch := range sortedKeys(changes) {
		var state change.State
		var note string
		if err := t.row(`SELECT state, note FROM change WHERE id = $1 {for share}`, ch).Scan(&state, &note); err != nil {
			return h, err
		}
		h.running[id.Change(ch)] = state == change.Running
		if state.Ended() {
			h.note[id.Change(ch)] = note
		}
	}
	h.locks = sortedKeys(locks)
	for _, key := range h.locks {
		// Two that settle rows of one lock must see each other's rows, or both would leave it to the other.
		err := t.each(func(func(...any) error) error { return nil }, `SELECT lock_key FROM row_lock WHERE lock_key = $1 {for update}`, key)
		if err != nil {
			return h, err
		}
	}
	return h, nil
}

// release gives up locks that no row in flight needs any more.
func (t *tx) release(h held) error {
	for part := range chunks(h.locks) {
		_, err := t.exec(`DELETE FROM row_lock WHERE lock_key IN `+list(1, len(part))+` AND NOT EXISTS (SELECT 1 FROM change_row r
			WHERE r.lock_key = row_lock.lock_key AND r.lock_key <> '' AND r.state IN ('checking', 'intent', 'unknown'))`, anys(part)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Expire implements change.Store. In a change that has ended, a row goes to CancelledRow instead of back to queued.
func (c *ChangeStore) Expire(ctx context.Context, settle time.Duration) (n int, err error) {
	err = c.s.write(ctx, "expire claims", func(t *tx) error {
		n = 0
		var rows []candidate
		err := t.each(func(scan func(...any) error) error {
			var r candidate
			err := scan(&r.id, &r.change, &r.lock)
			rows = append(rows, r)
			return err
		}, `SELECT id, change_id, lock_key FROM change_row WHERE state IN ('checking', 'intent') AND lease_until <= {now}`)
		if err != nil || len(rows) == 0 {
			return err
		}
		h, err := t.hold(rows)
		if err != nil {
			return err
		}
		for _, r := range rows {
			back, reason := change.Queued, ""
			if note, ended := h.note[r.change]; ended {
				back, reason = change.CancelledRow, note
			}
			// Asked again, because the row may have been settled before the change was locked.
			k, err := t.exec(`UPDATE change_row SET owner = '', lease_until = 0, updated = {now},
				reason = CASE WHEN state = 'intent' THEN $1 ELSE $2 END,
				not_before = CASE WHEN state = 'intent' THEN {now} + $3 ELSE not_before END,
				state = CASE WHEN state = 'intent' THEN 'unknown' ELSE $4 END
				WHERE id = $5 AND state IN ('checking', 'intent') AND lease_until <= {now}`,
				stoppedMidway, reason, settle.Milliseconds(), string(back), string(r.id))
			if err != nil {
				return err
			}
			n += k
		}
		return t.release(h)
	})
	return n, err
}

// Intend implements change.Store.
func (c *ChangeStore) Intend(ctx context.Context, rows []change.Row, need time.Duration, entries ...audit.Entry) error {
	if len(rows) == 0 {
		return nil
	}
	changes := make([]candidate, len(rows))
	for i, r := range rows {
		changes[i].change = r.Change
	}
	return c.s.write(ctx, "store intent", func(t *tx) error {
		h, err := t.hold(changes)
		if err != nil {
			return err
		}
		wait, err := t.waits()
		if err != nil {
			return err
		}
		if wait {
			return fault.New(fault.Conflict, "Gtmhub asked to slow down.")
		}
		for _, r := range rows {
			if !h.running[r.Change] {
				return fault.New(fault.Conflict, "The change does not run any more.")
			}
			n, err := t.exec(`UPDATE change_row SET state = 'intent', attempt = attempt + 1, intent_at = {now}, updated = {now}
				WHERE id = $1 AND change_id = $2 AND epoch = $3 AND owner = $4 AND state = 'checking' AND lease_until > {now} + $5`,
				string(r.ID), string(r.Change), r.Epoch, r.Owner, need.Milliseconds())
			if err != nil {
				return err
			}
			if n == 0 {
				return fault.New(fault.Conflict, "Another instance has taken the row over, or its time is up.")
			}
		}
		return t.audit(rows[0].Change, entries)
	})
}

// Settle implements change.Store. Entries about a row whose claim was lost are not written. In a change that has
// ended, a row that would go back to queued or held gets CancelledRow instead: nothing would move it any more.
func (c *ChangeStore) Settle(ctx context.Context, outcomes []change.Outcome, entries ...audit.Entry) (n int, err error) {
	if len(outcomes) == 0 {
		return 0, nil
	}
	err = c.s.write(ctx, "store outcomes", func(t *tx) error {
		n = 0
		rows, err := t.find(outcomes)
		if err != nil {
			return err
		}
		h, err := t.hold(rows)
		if err != nil {
			return err
		}
		in := make(map[id.Row]id.Change, len(rows))
		for _, r := range rows {
			in[r.id] = r.change
		}
		written := map[id.Row]bool{}
		var bad []id.Row
		for _, o := range outcomes {
			if note, ended := h.note[in[o.Row]]; ended && (o.State == change.Queued || o.State == change.Held) {
				o.State, o.Reason, o.Wait = change.CancelledRow, note, 0
			}
			k, err := t.settle(o)
			if err != nil {
				return err
			}
			if k == 0 {
				continue
			}
			n++
			written[o.Row] = true
			if o.State.Ended() && !o.State.Good() {
				bad = append(bad, o.Row)
			}
		}
		if n == 0 {
			return nil
		}
		for part := range chunks(bad) {
			if err := t.cascade(part, change.CancelledRow, beforeFailed); err != nil {
				return err
			}
		}
		if err := t.release(h); err != nil {
			return err
		}
		kept := slices.DeleteFunc(slices.Clone(entries), func(e audit.Entry) bool { return e.Row != "" && !written[e.Row] })
		return t.audit(rows[0].change, kept)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// find returns where the rows of outcomes belong; those that do not exist are left out.
func (t *tx) find(outcomes []change.Outcome) ([]candidate, error) {
	var rows []candidate
	for part := range chunks(outcomes) {
		args := make([]any, len(part))
		for i, o := range part {
			args[i] = string(o.Row)
		}
		err := t.each(func(scan func(...any) error) error {
			var r candidate
			err := scan(&r.id, &r.change, &r.lock)
			rows = append(rows, r)
			return err
		}, `SELECT id, change_id, lock_key FROM change_row WHERE id IN `+list(1, len(part)), args...)
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// settle writes one outcome if the row still carries the epoch and is in flight.
func (t *tx) settle(o change.Outcome) (int, error) {
	return t.exec(`UPDATE change_row SET
		attempt = CASE WHEN $1 AND state <> 'checking' AND attempt > 0 THEN attempt - 1 ELSE attempt END,
		intent_at = CASE WHEN $1 AND state <> 'checking' THEN 0 ELSE intent_at END,
		state = $2, reason = $3, result = CASE WHEN $4 = '' THEN result ELSE $4 END, cause = '',
		now_text = CASE WHEN $2 = 'held' THEN $8 ELSE now_text END, released = released AND $2 <> 'held',
		not_before = CASE WHEN CAST($5 AS BIGINT) > 0 THEN {now} + $5 ELSE 0 END, owner = '', lease_until = 0, updated = {now}
		WHERE id = $6 AND epoch = $7 AND state IN ('checking', 'intent', 'unknown')`,
		o.KeepAttempt, string(o.State), o.Reason, o.Result, o.Wait.Milliseconds(), string(o.Row), o.Epoch, o.Now)
}

// cascade gives the rows that wait for one of the given, directly or through others, the same end: state, with the
// reason of the given row after a prefix. Cancelled rows remember their cause, so that a retry brings them back.
func (t *tx) cascade(roots []id.Row, state change.RowState, prefix string) error {
	args := append([]any{string(state), prefix}, anys(roots)...)
	_, err := t.exec(`WITH RECURSIVE below (id, root, reason) AS (
			SELECT id, id, reason FROM change_row WHERE id IN `+list(3, len(roots))+`
			UNION
			SELECT r.id, b.root, b.reason FROM below b JOIN change_row r ON r.parent = b.id
			WHERE r.parent <> '' AND r.state IN ('queued', 'held'))
		UPDATE change_row SET state = $1, reason = $2 || below.reason, updated = {now},
			cause = CASE WHEN $1 = 'cancelled' THEN below.root ELSE '' END
		FROM below WHERE change_row.id = below.id AND below.id <> below.root`, args...)
	return err
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Tried implements change.Store.
func (c *ChangeStore) Tried(ctx context.Context, kind string, users []id.User, within time.Duration) (out map[id.User]time.Duration, err error) {
	err = c.s.read(ctx, "find earlier rows", func(t *tx) error {
		out = map[id.User]time.Duration{}
		for part := range chunks(users) {
			args := append([]any{kind, within.Milliseconds()}, anys(part)...)
			err := t.each(func(scan func(...any) error) error {
				var u id.User
				var ago int64
				err := scan(&u, &ago)
				out[u] = max(0, time.Duration(ago)*time.Millisecond)
				return err
			}, `SELECT user_id, {now} - MAX(intent_at) FROM change_row WHERE kind = $1 AND state <> 'refused' AND intent_at > {now} - $2
				AND user_id <> '' AND user_id IN `+list(3, len(part))+` GROUP BY user_id`, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// TriedBy implements change.Store.
func (c *ChangeStore) TriedBy(ctx context.Context, p change.Person, kind string, users []id.User) (out map[id.User]int, err error) {
	err = c.s.read(ctx, "count earlier rows", func(t *tx) error {
		out = map[id.User]int{}
		for part := range chunks(users) {
			args := append([]any{kind, personKey(p)}, anys(part)...)
			err := t.each(func(scan func(...any) error) error {
				var u id.User
				var n int
				err := scan(&u, &n)
				out[u] = n
				return err
			}, `SELECT r.user_id, COUNT(*) FROM change_row r JOIN change c ON c.id = r.change_id
				WHERE r.kind = $1 AND c.requester_key = $2 AND r.state <> 'refused' AND r.intent_at > 0
				AND r.user_id <> '' AND r.user_id IN `+list(3, len(part))+` GROUP BY r.user_id`, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}
