package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
)

var _ change.PolicyStore = (*ChangeStore)(nil)

// PolicyNumber implements change.PolicyStore.
func (c *ChangeStore) PolicyNumber(ctx context.Context) (n int, err error) {
	err = c.s.read(ctx, "read policy", func(t *tx) error {
		return t.row(`SELECT number FROM policy_now`).Scan(&n)
	})
	return n, err
}

// PolicyVersions implements change.PolicyStore.
func (c *ChangeStore) PolicyVersions(ctx context.Context, only int) (out []change.PolicyVersion, err error) {
	err = c.s.read(ctx, "read policy versions", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			var v change.PolicyVersion
			var rules, by string
			var at int64
			if err := scan(&v.Number, &rules, &v.Note, &by, &at); err != nil {
				return err
			}
			v.At = fromMillis(at)
			if err := json.Unmarshal([]byte(rules), &v.Rules); err != nil {
				return err
			}
			out = append(out, v)
			return json.Unmarshal([]byte(by), &out[len(out)-1].By)
		}, `SELECT number, rules, note, by_person, at FROM policy_version WHERE $1 = 0 OR number = $1 ORDER BY number DESC`, only)
	})
	return out, err
}

// SavePolicy implements change.PolicyStore.
func (c *ChangeStore) SavePolicy(ctx context.Context, v change.PolicyVersion, stricter func(change.Judged) (access.Verdict, bool), entries ...audit.Entry) (raised int, err error) {
	rules, err := json.Marshal(v.Rules)
	if err != nil {
		return 0, fmt.Errorf("store policy: %w", err)
	}
	by, err := json.Marshal(v.By)
	if err != nil {
		return 0, fmt.Errorf("store policy: %w", err)
	}
	err = c.s.write(ctx, "store policy", func(t *tx) error {
		raised = 0
		n, err := t.exec(`UPDATE policy_now SET number = $1 WHERE number = $2`, v.Number, v.Number-1)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "Somebody else has changed the policy meanwhile. Nothing was stored; look at what holds now.")
		}
		if _, err := t.exec(`INSERT INTO policy_version (number, rules, note, by_person, at) VALUES ($1, $2, $3, $4, {now})`, v.Number, string(rules), v.Note, string(by)); err != nil {
			return err
		}
		open, err := t.judged(`WHERE state IN ('waiting', 'returned') {for update}`)
		if err != nil {
			return err
		}
		for _, j := range open {
			w, more := stricter(j)
			if !more {
				continue
			}
			if _, err := t.exec(`UPDATE change SET deciders = $1, decided_by = $2, lead_team = $3, rule = $4, rule_sentence = $5 WHERE id = $6`,
				w.Deciders, string(w.By), string(w.Lead), w.Rule, w.Sentence, string(j.ID)); err != nil {
				return err
			}
			raised++
		}
		return t.audit("", entries)
	})
	return raised, err
}

// Judged implements change.PolicyStore.
func (c *ChangeStore) Judged(ctx context.Context, since time.Duration, most int) (out []change.Judged, err error) {
	err = c.s.read(ctx, "read judged requests", func(t *tx) error {
		out, err = t.judged(`WHERE created > {now} - $1 ORDER BY created DESC LIMIT $2`, since.Milliseconds(), most)
		return err
	})
	return out, err
}

func (t *tx) judged(rest string, args ...any) (out []change.Judged, err error) {
	err = t.each(func(scan func(...any) error) error {
		var j change.Judged
		var ground string
		var at int64
		if err := scan(&j.ID, &j.Number, &j.Title, &j.State, &j.Was.Deciders, &j.Was.By, &j.Was.Lead, &j.Was.Rule, &j.Was.Sentence, &ground, &at, &j.Rows, &j.Rejected); err != nil {
			return err
		}
		j.Created = fromMillis(at)
		j.Was.Outcome = access.Direct
		if j.Was.Deciders > 0 {
			j.Was.Outcome = access.NeedsDecision
		}
		if ground != "" {
			if err := json.Unmarshal([]byte(ground), &j.Ground); err != nil {
				return err
			}
		}
		out = append(out, j)
		return nil
	}, `SELECT id, number, title, state, deciders, decided_by, lead_team, rule, rule_sentence, ground, created,
		(SELECT COUNT(*) FROM change_row r WHERE r.change_id = change.id AND r.step = 0),
		(SELECT COUNT(*) FROM change_row r WHERE r.change_id = change.id AND r.state = 'rejected') FROM change `+rest, args...)
	return out, err
}

// under is Conflict unless the policy with the number still holds. Nobody changes it before the transaction ends.
func (t *tx) under(number int) error {
	var now int
	if err := t.row(`SELECT number FROM policy_now {for share}`).Scan(&now); err != nil {
		return err
	}
	if now != number {
		return fault.New(fault.Conflict, "The policy has just been changed. Nothing was done; look at what holds now.")
	}
	return nil
}

// groundText is a ground as it is stored.
func groundText(g access.Ground) (string, error) {
	if g.Fixed == nil && len(g.Hits) == 0 {
		return "", nil
	}
	b, err := json.Marshal(g)
	return string(b), err
}
