package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

var _ directory.Lists = (*UserListStore)(nil)

// UserListStore keeps ticks, views, columns and open branches. It implements directory.Lists.
type UserListStore struct{ s *Store }

// UserLists returns the port of package directory.
func (s *Store) UserLists() *UserListStore { return &UserListStore{s} }

// Selected implements directory.Lists.
func (l *UserListStore) Selected(ctx context.Context, o directory.Owner) (out []id.User, err error) {
	err = l.s.read(ctx, "read ticks", func(t *tx) error {
		out, err = t.selected(o, "")
		return err
	})
	return out, err
}

func (t *tx) selected(o directory.Owner, lock string) ([]id.User, error) {
	var text string
	err := t.row(`SELECT selected FROM user_selection WHERE issuer = $1 AND subject = $2 AND at > {now} - $3 `+lock, o.Issuer, o.Subject, directory.SelectionLasts.Milliseconds()).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var users []id.User
	return users, json.Unmarshal([]byte(text), &users)
}

// Select implements directory.Lists.
func (l *UserListStore) Select(ctx context.Context, o directory.Owner, remove, add []id.User) (out []id.User, err error) {
	err = l.s.write(ctx, "set ticks", func(t *tx) error {
		before, err := t.selected(o, "{for update}")
		if err != nil {
			return err
		}
		out = relist(before, remove, add)
		if len(out) > directory.MostSelected {
			return fault.Newf(fault.TooLarge, "At most %d people can be ticked at once. Nothing was changed; narrow the list first.", directory.MostSelected)
		}
		text, err := json.Marshal(out)
		if err != nil {
			return err
		}
		_, err = t.exec(`INSERT INTO user_selection (issuer, subject, selected, at) VALUES ($1, $2, $3, {now})
			ON CONFLICT (issuer, subject) DO UPDATE SET selected = excluded.selected, at = excluded.at`, o.Issuer, o.Subject, string(text))
		return err
	})
	return out, err
}

// relist takes ids off a list and adds others, each once.
func relist[T ~string](list, remove, add []T) []T {
	drop := make(map[T]bool, len(remove)+len(add))
	for _, x := range slices.Concat(remove, add) {
		drop[x] = true
	}
	list = slices.DeleteFunc(list, func(x T) bool { return drop[x] })
	for _, x := range add {
		if drop[x] { // the first of equal ones
			list, drop[x] = append(list, x), false
		}
	}
	return list
}

// ClearSelection implements directory.Lists.
func (l *UserListStore) ClearSelection(ctx context.Context, o directory.Owner) error {
	return l.s.write(ctx, "clear ticks", func(t *tx) error {
		_, err := t.exec(`DELETE FROM user_selection WHERE issuer = $1 AND subject = $2 OR at <= {now} - $3`, o.Issuer, o.Subject, directory.SelectionLasts.Milliseconds())
		return err
	})
}

// Teams implements directory.Lists.
func (l *UserListStore) Teams(ctx context.Context, o directory.Owner, list directory.TeamList) (out []id.Team, err error) {
	err = l.s.read(ctx, "read a list of teams", func(t *tx) error {
		out, err = t.teamList(o, list, "")
		return err
	})
	return out, err
}

func (t *tx) teamList(o directory.Owner, list directory.TeamList, lock string) ([]id.Team, error) {
	var text string
	err := t.row(`SELECT teams FROM team_list WHERE issuer = $1 AND subject = $2 AND list = $3 AND at > {now} - $4 `+lock, o.Issuer, o.Subject, string(list), list.Lasts().Milliseconds()).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var teams []id.Team
	return teams, json.Unmarshal([]byte(text), &teams)
}

// SetTeams implements directory.Lists.
func (l *UserListStore) SetTeams(ctx context.Context, o directory.Owner, list directory.TeamList, remove, add []id.Team) (out []id.Team, err error) {
	err = l.s.write(ctx, "set a list of teams", func(t *tx) error {
		// A row to lock, so that the first two alterations do not overwrite each other.
		if _, err := t.exec(`INSERT INTO team_list (issuer, subject, list, teams, at) VALUES ($1, $2, $3, '[]', {now}) ON CONFLICT (issuer, subject, list) DO NOTHING`, o.Issuer, o.Subject, string(list)); err != nil {
			return err
		}
		before, err := t.teamList(o, list, "{for update}")
		if err != nil {
			return err
		}
		if out = relist(before, remove, add); len(out) > directory.MostSelected {
			return fault.Newf(fault.TooLarge, "At most %d teams can be ticked at once. Nothing was changed; narrow the list first.", directory.MostSelected)
		}
		text, err := json.Marshal(out)
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE team_list SET teams = $4, at = {now} WHERE issuer = $1 AND subject = $2 AND list = $3`, o.Issuer, o.Subject, string(list), string(text))
		return err
	})
	return out, err
}

// ClearTeams implements directory.Lists. It also forgets such lists of everybody that have lain for too long.
func (l *UserListStore) ClearTeams(ctx context.Context, o directory.Owner, list directory.TeamList) error {
	return l.s.write(ctx, "clear a list of teams", func(t *tx) error {
		_, err := t.exec(`DELETE FROM team_list WHERE list = $3 AND (issuer = $1 AND subject = $2 OR at <= {now} - $4)`, o.Issuer, o.Subject, string(list), list.Lasts().Milliseconds())
		return err
	})
}

// Views implements directory.Lists.
func (l *UserListStore) Views(ctx context.Context, o directory.Owner) (out []directory.SavedView, err error) {
	err = l.s.read(ctx, "list views", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			var v directory.SavedView
			err := scan(&v.Name, &v.Query)
			out = append(out, v)
			return err
		}, `SELECT name, query FROM user_view WHERE issuer = $1 AND subject = $2 ORDER BY name`, o.Issuer, o.Subject)
	})
	return out, err
}

// SaveView implements directory.Lists.
func (l *UserListStore) SaveView(ctx context.Context, o directory.Owner, v directory.SavedView) error {
	return l.s.write(ctx, "save view", func(t *tx) error {
		var others int
		if err := t.row(`SELECT COUNT(*) FROM user_view WHERE issuer = $1 AND subject = $2 AND name <> $3`, o.Issuer, o.Subject, v.Name).Scan(&others); err != nil {
			return err
		}
		if others >= directory.MostViews {
			return fault.Newf(fault.TooLarge, "At most %d views can be kept. Delete one first.", directory.MostViews)
		}
		_, err := t.exec(`INSERT INTO user_view (issuer, subject, name, query) VALUES ($1, $2, $3, $4)
			ON CONFLICT (issuer, subject, name) DO UPDATE SET query = excluded.query`, o.Issuer, o.Subject, v.Name, v.Query)
		return err
	})
}

// DeleteView implements directory.Lists.
func (l *UserListStore) DeleteView(ctx context.Context, o directory.Owner, name string) error {
	return l.s.write(ctx, "delete view", func(t *tx) error {
		_, err := t.exec(`DELETE FROM user_view WHERE issuer = $1 AND subject = $2 AND name = $3`, o.Issuer, o.Subject, name)
		return err
	})
}

// Columns implements directory.Lists.
func (l *UserListStore) Columns(ctx context.Context, o directory.Owner) (keys []string, chosen bool, err error) {
	err = l.s.read(ctx, "read columns", func(t *tx) error {
		keys, chosen = nil, false
		var text string
		err := t.row(`SELECT columns FROM user_columns WHERE issuer = $1 AND subject = $2`, o.Issuer, o.Subject).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) || errors.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		chosen = true
		return json.Unmarshal([]byte(text), &keys)
	})
	return keys, chosen, err
}

// SetColumns implements directory.Lists.
func (l *UserListStore) SetColumns(ctx context.Context, o directory.Owner, keys []string) error {
	text, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	return l.s.write(ctx, "set columns", func(t *tx) error {
		_, err := t.exec(`INSERT INTO user_columns (issuer, subject, columns) VALUES ($1, $2, $3)
			ON CONFLICT (issuer, subject) DO UPDATE SET columns = excluded.columns`, o.Issuer, o.Subject, string(text))
		return err
	})
}

// ClearColumns implements directory.Lists.
func (l *UserListStore) ClearColumns(ctx context.Context, o directory.Owner) error {
	return l.s.write(ctx, "clear columns", func(t *tx) error {
		_, err := t.exec(`DELETE FROM user_columns WHERE issuer = $1 AND subject = $2`, o.Issuer, o.Subject)
		return err
	})
}
