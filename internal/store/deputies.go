package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

var _ deputy.Store = (*DeputyStore)(nil)

// DeputyStore keeps what was given to deputies. It implements deputy.Store.
type DeputyStore struct{ s *Store }

// Deputies returns the port of package deputy.
func (s *Store) Deputies() *DeputyStore { return &DeputyStore{s} }

const deputyColumns = `id, holder_user, holder_name, teams, acts, by_user, by_name, by_hr, created, until, ended`

// Add implements deputy.Store.
func (d *DeputyStore) Add(ctx context.Context, in deputy.Deputy, entries ...audit.Entry) error {
	teams, err := json.Marshal(in.Teams)
	if err != nil {
		return err
	}
	acts, err := json.Marshal(in.Acts)
	if err != nil {
		return err
	}
	return d.s.write(ctx, "add deputy", func(t *tx) error {
		now, err := t.now()
		if err != nil {
			return err
		}
		if !in.Until.After(now) {
			return &fault.FieldError{Field: "until", Message: "The last day has passed already. Choose a later one."}
		}
		if in.Until.Sub(now) > deputy.Longest {
			return &fault.FieldError{Field: "until", Message: "A deputy lasts 180 days at most. Choose an earlier day."}
		}
		if err := t.insert("deputy", deputyColumns, [][]any{{string(in.ID), string(in.Holder), in.HolderName, string(teams), string(acts),
			string(in.By), in.ByName, in.ByHR, millis(now), millis(in.Until), 0}}); err != nil {
			return err
		}
		return t.audit("", entries)
	})
}

// End implements deputy.Store.
func (d *DeputyStore) End(ctx context.Context, of id.Deputy, entries ...audit.Entry) error {
	return d.s.write(ctx, "end deputy", func(t *tx) error {
		n, err := t.exec(`UPDATE deputy SET ended = {now} WHERE id = $1 AND ended = 0 AND until > {now}`, string(of))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "This has ended already. Nothing was changed.")
		}
		return t.audit("", entries)
	})
}

// Deputy implements deputy.Store.
func (d *DeputyStore) Deputy(ctx context.Context, of id.Deputy) (deputy.Deputy, error) {
	list, err := d.list(ctx, `id = $1`, string(of))
	if err == nil && len(list) == 0 {
		err = fault.New(fault.NotFound, "There is no such deputy.")
	}
	if err != nil {
		return deputy.Deputy{}, err
	}
	return list[0], nil
}

// InForce implements deputy.Store.
func (d *DeputyStore) InForce(ctx context.Context, holder id.User) ([]deputy.Deputy, error) {
	return d.list(ctx, `holder_user = $1 AND ended = 0 AND until > {now}`, string(holder))
}

// List implements deputy.Store.
func (d *DeputyStore) List(ctx context.Context, user id.User) ([]deputy.Deputy, error) {
	const recent = `until > {now} - $1 AND (ended = 0 OR ended > {now} - $1)`
	age := (90 * 24 * time.Hour).Milliseconds()
	if user == "" {
		return d.list(ctx, recent, age)
	}
	return d.list(ctx, recent+` AND (holder_user = $2 OR by_user = $2)`, age, string(user))
}

func (d *DeputyStore) list(ctx context.Context, where string, args ...any) (out []deputy.Deputy, err error) {
	err = d.s.read(ctx, "list deputies", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			var one deputy.Deputy
			var teams, acts string
			var created, until, ended, now int64
			if err := scan(&one.ID, &one.Holder, &one.HolderName, &teams, &acts, &one.By, &one.ByName, &one.ByHR, &created, &until, &ended, &now); err != nil {
				return err
			}
			one.Created, one.Until, one.Ended = fromMillis(created), fromMillis(until), fromMillis(ended)
			one.InForce = ended == 0 && until > now
			if err := json.Unmarshal([]byte(teams), &one.Teams); err != nil {
				return err
			}
			out = append(out, one)
			return json.Unmarshal([]byte(acts), &out[len(out)-1].Acts)
		}, `SELECT `+deputyColumns+`, {now} FROM deputy WHERE `+where+` ORDER BY created DESC, id`, args...)
	})
	return out, err
}
