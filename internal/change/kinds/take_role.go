package kinds

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// takeRole takes one role from a person (operation 18), takeRoles several in one call (operation 19). Both leave the
// person's other roles alone, so they do not mind when those have changed.
type (
	takeRole  struct{ base }
	takeRoles struct{ base }
)

const takeMany = "take roles"

func (takeRole) Name() string         { return string(access.TakeRole) }
func (takeRoles) Name() string        { return takeMany }
func (takeRole) Sizes() change.Sizes  { return change.Sizes{Look: 50, Call: 1} }
func (takeRoles) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 50} }
func (takeRole) Operation() int       { return 18 }
func (takeRoles) Operation() int      { return 19 }
func (takeRole) Repeatable() bool     { return true }
func (takeRoles) Repeatable() bool    { return true }

type roleTaker interface {
	TakeRole(ctx context.Context, user id.User, role id.Role) error
}

type rolesTaker interface {
	TakeRoles(ctx context.Context, user id.User, roles []id.Role) error
}

const lacksRoleAlready = "Does not have the role."

func (b base) lookTaking(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return b.lookPeople(ctx, a, access.TakeRole, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		g, err := decode[roleGrant](row)
		if err != nil || u == nil {
			return goOn(access.Question{}), nil, err
		}
		if !slices.Contains(u.Roles, g.Role) {
			return already(row, lacksRoleAlready, ""), nil, nil
		}
		return goOn(access.Question{}), []id.Role{g.Role}, nil
	})
}

func (b base) verifyTaking(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return b.verifyPeople(ctx, access.TakeRole, rows, after, func(row change.Row, u *directory.User) (bool, error) {
		g, err := decode[roleGrant](row)
		return u != nil && !slices.Contains(u.Roles, g.Role), err
	})
}

func (k takeRole) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookTaking(ctx, a, rows)
}

func (k takeRoles) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookTaking(ctx, a, rows)
}

func (takeRole) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[roleTaker](g)
	if err != nil {
		return nil, err
	}
	gift, err := decode[roleGrant](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	err = w.TakeRole(ctx, rows[0].User, gift.Role)
	if errors.Is(err, gtmhub.ErrNotFound) {
		return nil, nil // gone already: reading again decides
	}
	return nil, refusalOf(access.TakeRole, err)
}

func (takeRoles) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[rolesTaker](g)
	if err != nil {
		return nil, err
	}
	roles := make([]id.Role, len(rows))
	for i, row := range rows {
		gift, err := decode[roleGrant](row)
		if err != nil {
			return nil, notDone(err)
		}
		roles[i] = gift.Role
	}
	return nil, refusalOf(access.TakeRole, w.TakeRoles(ctx, rows[0].User, roles))
}

func (k takeRole) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyTaking(ctx, rows, after)
}

func (k takeRoles) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyTaking(ctx, rows, after)
}

// Invert gives the role back.
func (k takeRole) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.giveBack(row)
}

// Invert gives the role back.
func (k takeRoles) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.giveBack(row)
}

func (b base) giveBack(row change.Row) (change.Row, error) {
	g, err := decode[roleGrant](row)
	if err != nil {
		return change.Row{}, err
	}
	return b.back(row, string(access.GrantRole), func(u *directory.User, out *change.Row) { b.granting(u, g.Role, out) }), nil
}

// taking plans that a person loses a role.
func (b base) taking(u *directory.User, role id.Role, row *change.Row) {
	row.Kind, row.Payload, row.Action = string(access.TakeRole), payload(roleGrant{role, u.Roles}), change.Update
	row.Before, row.After = "role "+b.roleFacts(role).Name, b.roleNames(withoutRole(u.Roles, role))
	if b.roleFacts(role).Admin {
		row.Flags = append(row.Flags, "administrator role")
	}
	if row.After == "no role" {
		row.Flags = append(row.Flags, "last role")
	}
	if !slices.Contains(u.Roles, role) {
		row.Action, row.Note, row.Before, row.Flags = change.NothingToDo, lacksRoleAlready, row.After, nil
	}
}

func (b base) takeRolesRecipe() change.Recipe {
	return peopleRecipe{base: b, name: change.TakeRoles, act: access.TakeRole,
		title: func(in change.People, who string) string {
			names := make([]string, len(in.Roles))
			for i, r := range in.Roles {
				names[i] = b.roleFacts(r).Name
			}
			if len(names) == 1 {
				return "Take the role " + names[0] + " from " + who
			}
			return "Take the roles " + strings.Join(names, ", ") + " from " + who
		},
		check: func(in change.People) error {
			if len(in.Roles) == 0 || len(in.Roles) > 20 {
				return &fault.FieldError{Field: "role", Message: "Choose a role."}
			}
			return nil
		},
		rows: func(in change.People, u *directory.User, _ bool, _ any) []change.Row {
			roles := unique(slices.Clone(in.Roles))
			held := 0
			for _, r := range roles {
				if slices.Contains(u.Roles, r) {
					held++
				}
			}
			out := make([]change.Row, len(roles))
			for i, r := range roles {
				b.taking(u, r, &out[i])
				if held > 1 {
					out[i].Kind, out[i].Group = takeMany, "roles of "+string(u.ID)
				}
			}
			return out
		},
	}
}
