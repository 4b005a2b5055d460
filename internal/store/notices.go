package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/notify"
)

var _ notify.Store = (*NoticeStore)(nil)

// NoticeStore keeps notices, the people they are for, and what these chose. It implements notify.Store.
type NoticeStore struct{ s *Store }

// Notices returns the port of package notify.
func (s *Store) Notices() *NoticeStore { return &NoticeStore{s} }

const noticeColumns = `id, entry, channel, recipient, address, language, event, change_id, number, kind, size, bad, lapses, state, problem, attempt,
	owner, lease_until, not_before, created, updated`

// remember keeps who signs in, as part of storing a session.
func (t *tx) remember(s auth.Session, groups string) error {
	email := ""
	if s.EmailVerified {
		email = s.Email
	}
	_, err := t.exec(`INSERT INTO person (issuer, subject, user_id, name, email, groups_json, seen) VALUES ($1, $2, $3, $4, $5, $6, {now})
		ON CONFLICT (issuer, subject) DO UPDATE SET user_id = $3, name = $4, email = $5, groups_json = $6, seen = {now}`,
		s.Issuer, s.Subject, string(s.User), s.Name, email, groups)
	return err
}

// People implements notify.Store.
func (n *NoticeStore) People(ctx context.Context) (out []notify.Person, err error) {
	err = n.s.read(ctx, "read people", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			p := notify.Person{Person: change.Person{Kind: access.ByPerson}}
			var groups string
			var seen int64
			if err := scan(&p.Issuer, &p.Subject, &p.User, &p.Name, &p.Email, &groups, &seen); err != nil {
				return err
			}
			p.Seen = fromMillis(seen)
			out = append(out, p)
			return json.Unmarshal([]byte(groups), &out[len(out)-1].Groups)
		}, `SELECT issuer, subject, user_id, name, email, groups_json, seen FROM person ORDER BY issuer, subject`)
	})
	return out, err
}

// After implements notify.Store.
func (n *NoticeStore) After(ctx context.Context, events []audit.Event, most int) (out notify.Batch, err error) {
	err = n.s.read(ctx, "read news of the audit trail", func(t *tx) error {
		out = notify.Batch{}
		// Entries are appended one transaction after the other (audit_head), so none below the head can still appear.
		if err := t.row(`SELECT c.seq, h.seq FROM notice_cursor c, audit_head h`).Scan(&out.From, &out.To); err != nil {
			return err
		}
		err := t.each(func(scan func(...any) error) error {
			e, err := scanEntry(scan)
			out.Entries = append(out.Entries, e)
			return err
		}, `SELECT `+auditSelect+` FROM audit_entry e WHERE e.seq > $1 AND e.event IN `+list(3, len(events))+` ORDER BY e.seq LIMIT $2`,
			append([]any{out.From, most}, anys(events)...)...)
		if len(out.Entries) == most {
			out.To = out.Entries[most-1].Seq
		}
		return err
	})
	return out, err
}

// Record implements notify.Store.
func (n *NoticeStore) Record(ctx context.Context, b notify.Batch, notices []notify.Notice) error {
	return n.s.write(ctx, "store notices", func(t *tx) error {
		moved, err := t.exec(`UPDATE notice_cursor SET seq = $1 WHERE seq = $2`, b.To, b.From)
		if err != nil {
			return err
		}
		if moved == 0 {
			return fault.New(fault.Conflict, "Another instance has dealt with these entries.")
		}
		return t.addNotices(notices)
	})
}

// Add implements notify.Store.
func (n *NoticeStore) Add(ctx context.Context, one notify.Notice) (out notify.Notice, err error) {
	err = n.s.write(ctx, "store notice", func(t *tx) error {
		if err := t.row(`SELECT COALESCE(MIN(entry), 0) - 1 FROM notice WHERE entry < 0`).Scan(&one.Entry); err != nil {
			return err
		}
		all := []notify.Notice{one}
		if err := t.addNotices(all); err != nil {
			return err
		}
		out, err = t.notice(all[0].ID)
		return err
	})
	return out, err
}

// addNotices stores notices in their first state and gives them ids.
func (t *tx) addNotices(notices []notify.Notice) error {
	now, err := t.now()
	if err != nil {
		return err
	}
	var rows [][]any
	for i := range notices {
		one := &notices[i]
		one.ID, one.State = string(id.NewRow()), notify.Queued
		if one.Channel == notify.Portal {
			one.State = notify.Unread
		}
		rows = append(rows, []any{one.ID, one.Entry, string(one.Channel), one.Recipient, one.Address, one.Language, string(one.Event), string(one.Change),
			one.Number, one.Kind, one.Size, one.Bad, millis(one.Lapses), string(one.State), "", 0, "", 0, millis(now), millis(now), millis(now)})
	}
	return t.insert("notice", noticeColumns, rows)
}

func (t *tx) notice(noticeID string) (notify.Notice, error) {
	return scanNotice(t.row(`SELECT `+noticeColumns+` FROM notice WHERE id = $1`, noticeID).Scan)
}

func scanNotice(scan func(...any) error) (notify.Notice, error) {
	var n notify.Notice
	var lapses, lease, notBefore, created, updated int64
	err := scan(&n.ID, &n.Entry, &n.Channel, &n.Recipient, &n.Address, &n.Language, &n.Event, &n.Change, &n.Number, &n.Kind, &n.Size, &n.Bad, &lapses,
		&n.State, &n.Problem, &n.Attempt, &n.Owner, &lease, &notBefore, &created, &updated)
	n.Lapses, n.Created, n.Updated = fromMillis(lapses), fromMillis(created), fromMillis(updated)
	return n, err
}

func (t *tx) notices(text string, args ...any) (out []notify.Notice, err error) {
	err = t.each(func(scan func(...any) error) error {
		n, err := scanNotice(scan)
		out = append(out, n)
		return err
	}, text, args...)
	return out, err
}

// Choices implements notify.Store.
func (n *NoticeStore) Choices(ctx context.Context, keys []string) (out map[string]notify.Choices, err error) {
	out = map[string]notify.Choices{}
	if len(keys) == 0 {
		return out, nil
	}
	err = n.s.read(ctx, "read choices", func(t *tx) error {
		clear(out)
		for part := keys; len(part) > 0; part = part[min(maxArgs, len(part)):] {
			some := part[:min(maxArgs, len(part))]
			err := t.each(func(scan func(...any) error) error {
				var key string
				var topic notify.Topic
				var c notify.Choice
				if err := scan(&key, &topic, &c.Portal, &c.Mail); err != nil {
					return err
				}
				if out[key] == nil {
					out[key] = notify.Choices{}
				}
				out[key][topic] = c
				return nil
			}, `SELECT recipient, topic, portal, mail FROM notice_choice WHERE recipient IN `+list(1, len(some)), anys(some)...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// SaveChoices implements notify.Store.
func (n *NoticeStore) SaveChoices(ctx context.Context, key string, c notify.Choices) error {
	return n.s.write(ctx, "save choices", func(t *tx) error {
		if _, err := t.exec(`DELETE FROM notice_choice WHERE recipient = $1`, key); err != nil {
			return err
		}
		var rows [][]any
		for topic, one := range c {
			rows = append(rows, []any{key, string(topic), one.Portal, one.Mail})
		}
		return t.insert("notice_choice", "recipient, topic, portal, mail", rows)
	})
}

// Claim implements notify.Store.
func (n *NoticeStore) Claim(ctx context.Context, owner string, c notify.Channel, lease time.Duration, only string) (out notify.Notice, err error) {
	var w where
	w.add("channel = ?", string(c))
	w.add("state = 'queued'")
	w.add("not_before <= {now}")
	if only != "" {
		w.add("id = ?", only)
	}
	pick := `SELECT id FROM notice` + w.text() + ` ORDER BY not_before, entry LIMIT 1 {skip locked}`
	set := `UPDATE notice SET state = 'claimed', attempt = attempt + 1, owner = ` + w.arg(owner) + `, updated = {now}, lease_until = {now} + ` + w.arg(lease.Milliseconds())
	err = n.s.write(ctx, "claim a notice", func(t *tx) error {
		out, err = scanNotice(t.row(set+` WHERE id IN (`+pick+`) RETURNING `+noticeColumns, w.args...).Scan)
		return err
	})
	return out, err
}

// Begin implements notify.Store.
func (n *NoticeStore) Begin(ctx context.Context, one notify.Notice, lease time.Duration) error {
	return n.moveNotice(ctx, "begin to send a notice", `UPDATE notice SET state = 'sending', updated = {now}, lease_until = {now} + $1
		WHERE id = $2 AND owner = $3 AND attempt = $4 AND state = 'claimed'`, lease.Milliseconds(), one.ID, one.Owner, one.Attempt)
}

// Settle implements notify.Store.
func (n *NoticeStore) Settle(ctx context.Context, one notify.Notice, o notify.Outcome) error {
	return n.moveNotice(ctx, "store the outcome of a notice", `UPDATE notice SET state = $1, problem = $2, owner = '', updated = {now}, not_before = {now} + $3
		WHERE id = $4 AND owner = $5 AND attempt = $6 AND state IN ('claimed', 'sending')`,
		string(o.State), o.Problem, o.Wait.Milliseconds(), one.ID, one.Owner, one.Attempt)
}

func (n *NoticeStore) moveNotice(ctx context.Context, what, text string, args ...any) error {
	return n.s.write(ctx, what, func(t *tx) error {
		moved, err := t.exec(text, args...)
		if err == nil && moved == 0 {
			return fault.New(fault.Conflict, "The claim was lost.")
		}
		return err
	})
}

// lostWhileSending is the problem of notices whose instance stopped while it sent them.
const lostWhileSending = "The portal was stopped while it was being sent, so nobody knows whether it arrived."

// Expire implements notify.Store.
func (n *NoticeStore) Expire(ctx context.Context, repeat []notify.Channel) (lost int, err error) {
	err = n.s.write(ctx, "look for lost notices", func(t *tx) error {
		// An attempt in which nothing left does not count.
		lost, err = t.exec(`UPDATE notice SET state = 'queued', owner = '', attempt = attempt - 1, updated = {now} WHERE state = 'claimed' AND lease_until < {now}`)
		if err != nil {
			return err
		}
		if len(repeat) > 0 {
			m, err := t.exec(`UPDATE notice SET state = 'queued', owner = '', updated = {now} WHERE state = 'sending' AND lease_until < {now}
				AND channel IN `+list(1, len(repeat)), anys(repeat)...)
			if err != nil {
				return err
			}
			lost += m
		}
		// Channels that may be repeated are left to the instance that knows so.
		m, err := t.exec(`UPDATE notice SET state = 'uncertain', owner = '', problem = $1, updated = {now} WHERE state = 'sending' AND lease_until < {now}
			AND channel = 'mail'`, lostWhileSending)
		lost += m
		return err
	})
	return lost, err
}

// Again implements notify.Store.
func (n *NoticeStore) Again(ctx context.Context, c notify.Channel) (queued int, err error) {
	err = n.s.write(ctx, "send notices again", func(t *tx) error {
		queued, err = t.exec(`UPDATE notice SET state = 'queued', attempt = 0, not_before = {now}, updated = {now}
			WHERE channel = $1 AND state IN ('uncertain', 'given up') AND entry > 0`, string(c))
		return err
	})
	return queued, err
}

// Notice implements notify.Store.
func (n *NoticeStore) Notice(ctx context.Context, noticeID string) (out notify.Notice, err error) {
	err = n.s.read(ctx, "read notice", func(t *tx) error {
		out, err = t.notice(noticeID)
		return err
	})
	return out, err
}

// List implements notify.Store.
func (n *NoticeStore) List(ctx context.Context, keys []string, before int64, most int) (out []notify.Notice, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	w := ofRecipients(keys)
	if before > 0 {
		w.add("entry < ?", before)
	}
	order := ` ORDER BY entry DESC LIMIT ` + w.arg(most)
	err = n.s.read(ctx, "list notices", func(t *tx) error {
		out, err = t.notices(`SELECT `+noticeColumns+` FROM notice`+w.text()+order, w.args...)
		return err
	})
	return out, err
}

// ofRecipients chooses notices of the portal.
func ofRecipients(keys []string) *where {
	w := &where{args: anys(keys)}
	w.add("recipient IN " + list(1, len(keys)))
	w.add("channel = 'portal'")
	return w
}

// Unread implements notify.Store.
func (n *NoticeStore) Unread(ctx context.Context, keys []string) (unread int, err error) {
	if len(keys) == 0 {
		return 0, nil
	}
	w := ofRecipients(keys)
	err = n.s.read(ctx, "count unread notices", func(t *tx) error {
		return t.row(`SELECT COUNT(*) FROM notice`+w.text()+` AND state = 'unread'`, w.args...).Scan(&unread)
	})
	return unread, err
}

// Told implements notify.Store.
func (n *NoticeStore) Told(ctx context.Context, keys []string, c id.Change, events ...notify.Event) (told bool, err error) {
	if len(keys) == 0 || len(events) == 0 {
		return false, nil
	}
	err = n.s.read(ctx, "look for a notice", func(t *tx) error {
		args := append(append([]any{string(c)}, anys(keys)...), anys(events)...)
		return t.row(`SELECT COUNT(*) > 0 FROM notice WHERE change_id = $1 AND recipient IN `+list(2, len(keys))+` AND event IN `+list(2+len(keys), len(events)), args...).Scan(&told)
	})
	return told, err
}

// MarkRead implements notify.Store.
func (n *NoticeStore) MarkRead(ctx context.Context, keys []string, noticeID string) (out notify.Notice, err error) {
	none := fault.New(fault.NotFound, "There is no such notification.")
	if len(keys) == 0 {
		return out, none
	}
	w := ofRecipients(keys)
	if noticeID != "" {
		w.add("id = ?", noticeID)
	}
	err = n.s.write(ctx, "mark notices as read", func(t *tx) error {
		if _, err := t.exec(`UPDATE notice SET state = 'read', updated = {now}`+w.text()+` AND state = 'unread'`, w.args...); err != nil || noticeID == "" {
			return err
		}
		found, err := t.notices(`SELECT `+noticeColumns+` FROM notice`+w.text(), w.args...)
		if err == nil && len(found) == 0 {
			return none
		}
		if err == nil {
			out = found[0]
		}
		return err
	})
	return out, err
}

// Status implements notify.Store.
func (n *NoticeStore) Status(ctx context.Context, c notify.Channel) (out notify.Status, err error) {
	err = n.s.read(ctx, "count notices", func(t *tx) error {
		var last int64
		err := t.row(`SELECT COALESCE(SUM(CASE WHEN state IN ('queued', 'claimed', 'sending') THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN state = 'uncertain' AND entry > 0 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN state = 'given up' AND entry > 0 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN state = 'sent' AND updated > {now} - 86400000 THEN 1 ELSE 0 END), 0),
			COALESCE(MAX(CASE WHEN state = 'sent' THEN updated ELSE 0 END), 0)
			FROM notice WHERE channel = $1`, string(c)).Scan(&out.Waiting, &out.Uncertain, &out.GivenUp, &out.Day, &last)
		out.LastSent = fromMillis(last)
		return err
	})
	return out, err
}

// Trouble implements notify.Store.
func (n *NoticeStore) Trouble(ctx context.Context, c notify.Channel, most int) (out []notify.Notice, err error) {
	err = n.s.read(ctx, "list notices in trouble", func(t *tx) error {
		out, err = t.notices(`SELECT `+noticeColumns+` FROM notice WHERE channel = $1 AND state IN ('uncertain', 'given up') AND entry > 0
			ORDER BY updated DESC, id LIMIT $2`, string(c), most)
		return err
	})
	return out, err
}

// All returns every notice of a channel, in the order in which they were made.
func (n *NoticeStore) All(ctx context.Context, c notify.Channel) (out []notify.Notice, err error) {
	err = n.s.read(ctx, "read notices", func(t *tx) error {
		out, err = t.notices(`SELECT `+noticeColumns+` FROM notice WHERE channel = $1 ORDER BY created, entry, recipient`, string(c))
		return err
	})
	return out, err
}

// Sweep implements notify.Store.
func (n *NoticeStore) Sweep(ctx context.Context, age, gone time.Duration) (deleted int, err error) {
	err = n.s.write(ctx, "sweep notices", func(t *tx) error {
		if deleted, err = t.exec(`DELETE FROM notice WHERE updated < {now} - $1`, age.Milliseconds()); err != nil {
			return err
		}
		m, err := t.exec(`DELETE FROM person WHERE seen < {now} - $1`, gone.Milliseconds())
		deleted += m
		return err
	})
	return deleted, err
}
