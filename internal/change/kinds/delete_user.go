package kinds

import (
	"context"
	"errors"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

// deleteUser deletes one person and all records of the person (operation 17), deleteUsers many (operation 9). Doing it
// twice does no harm: ids are not given again.
type (
	deleteUser  struct{ base }
	deleteUsers struct{ base }
)

const deleteMany = "delete users"

func (deleteUser) Name() string         { return string(access.DeleteUser) }
func (deleteUsers) Name() string        { return deleteMany }
func (deleteUser) Sizes() change.Sizes  { return change.Sizes{Look: 50, Call: 1} }
func (deleteUsers) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 100} }
func (deleteUser) Operation() int       { return 17 }
func (deleteUsers) Operation() int      { return 9 }
func (deleteUser) Repeatable() bool     { return true }
func (deleteUsers) Repeatable() bool    { return true }

type userDeleter interface {
	DeleteUser(ctx context.Context, user id.User) error
}

type usersDeleter interface {
	DeleteUsers(ctx context.Context, users []id.User) error
}

// lookDeletion refuses people who have got their access back since the decision: the policy says so.
func (b base) lookDeletion(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return b.lookPeople(ctx, a, access.DeleteUser, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		if u == nil {
			return already(row, "Is deleted already.", ""), nil, nil
		}
		return goOn(access.Question{}), nil, nil
	})
}

func (b base) verifyDeletion(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return b.verifyPeople(ctx, access.DeleteUser, rows, after, func(_ change.Row, u *directory.User) (bool, error) { return u == nil, nil })
}

func (k deleteUser) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookDeletion(ctx, a, rows)
}

func (k deleteUsers) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookDeletion(ctx, a, rows)
}

func (deleteUser) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[userDeleter](g)
	if err != nil {
		return nil, err
	}
	return nil, refusalOf(access.DeleteUser, w.DeleteUser(ctx, rows[0].User))
}

func (deleteUsers) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[usersDeleter](g)
	if err != nil {
		return nil, err
	}
	err = w.DeleteUsers(ctx, ids(rows))
	if errors.Is(err, gtmhub.ErrNotFound) {
		return nil, nil // none of them is there any more: reading again decides
	}
	return nil, refusalOf(access.DeleteUser, err)
}

func (k deleteUser) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyDeletion(ctx, rows, after)
}

func (k deleteUsers) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyDeletion(ctx, rows, after)
}

const deletedForGood = "Somebody who was deleted cannot be brought back. The person can be invited anew, without the old objectives, roles and teams."

// Invert says that there is no way back.
func (deleteUser) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return cannot(row, deletedForGood), nil
}

// Invert says that there is no way back.
func (deleteUsers) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return cannot(row, deletedForGood), nil
}

func (b base) deletion(u *directory.User, row *change.Row) {
	row.Kind, row.Payload, row.Action = string(access.DeleteUser), payload(struct{}{}), change.Update
	row.Before, row.After = standing(u), "deleted for good, with all records"
	if m := b.managed(u); m != "" {
		row.Flags = append(row.Flags, m)
	}
}

func (b base) deleteRecipe() change.Recipe {
	return peopleRecipe{base: b, name: change.DeleteUsers, act: access.DeleteUser,
		title: func(_ change.People, who string) string { return "Delete " + who },
		rows: func(_ change.People, u *directory.User, many bool, _ any) []change.Row {
			var row change.Row
			b.deletion(u, &row)
			if many {
				row.Kind, row.Group = deleteMany, deleteMany
			}
			return []change.Row{row}
		},
	}
}
