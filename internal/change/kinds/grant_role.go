package kinds

import (
	"context"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// grantRole gives a role to one person who is there already (operation 12). It is giveRole with the rules of the policy
// for people outside of an invitation.
type grantRole struct{ base }

// grantRoles gives a role to many (operation 11). Whether that call replaces the roles of a person or adds to them is not
// documented, so it carries the whole set that each person shall have, and goes only to people who shall have the same.
type grantRoles struct{ base }

// roleGrant is the payload of both, and of takeRole and takeRoles.
type roleGrant struct {
	Role id.Role `json:"role"`
	// Was are the roles that the person held directly when the change was planned.
	Was []id.Role `json:"was"`
}

const grantMany = "give role to users"

func (grantRole) Name() string         { return string(access.GrantRole) }
func (grantRoles) Name() string        { return grantMany }
func (grantRole) Sizes() change.Sizes  { return change.Sizes{Look: 50, Call: 1} }
func (grantRoles) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 100} }
func (grantRole) Operation() int       { return 12 }
func (grantRoles) Operation() int      { return 11 }
func (grantRole) Repeatable() bool     { return true }
func (grantRoles) Repeatable() bool    { return true }

type rolesSetter interface {
	SetRoles(ctx context.Context, users []id.User, roles []id.Role) error
}

const hasRoleAlready = "Has the role already."

func (k grantRole) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookPeople(ctx, a, access.GrantRole, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		g, err := decode[roleGrant](row)
		if err != nil || u == nil {
			return goOn(access.Question{}), nil, err
		}
		if slices.Contains(u.Roles, g.Role) {
			return already(row, hasRoleAlready, ""), nil, nil
		}
		return goOn(access.Question{}), []id.Role{g.Role}, nil
	})
}

// Look holds people whose other roles have changed: the call would put the old ones back.
func (k grantRoles) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookPeople(ctx, a, access.GrantRole, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		g, err := decode[roleGrant](row)
		switch {
		case err != nil || u == nil:
			return goOn(access.Question{}), nil, err
		case slices.Contains(u.Roles, g.Role):
			return already(row, hasRoleAlready, ""), nil, nil
		case !sameRoles(u.Roles, g.Was) && row.Drifted(k.roleNames(u.Roles)):
			return change.Hold(k.roleNames(u.Roles)), nil, nil
		}
		return goOn(access.Question{}), []id.Role{g.Role}, nil
	})
}

func (grantRole) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[roleGiver](g)
	if err != nil {
		return nil, err
	}
	gift, err := decode[roleGrant](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	return nil, refusalOf(access.GrantRole, w.GiveRole(ctx, rows[0].User, gift.Role))
}

// Apply sets one set of roles for all rows of the group that shall have the same. A row that was released with other
// roles than the plan knew may differ; it goes back to the queue for a call of its own.
func (k grantRoles) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[rolesSetter](g)
	if err != nil {
		return nil, err
	}
	var want []id.Role
	var now []change.Row
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		set, err := k.wanted(row)
		if err != nil {
			return nil, notDone(err)
		}
		if i == 0 {
			want = set
		}
		if sameRoles(set, want) {
			now = append(now, row)
		} else {
			out[i] = change.Outcome{State: change.Queued, KeepAttempt: true}
		}
	}
	if err := w.SetRoles(ctx, ids(now), want); err != nil {
		return nil, refusalOf(access.GrantRole, err)
	}
	if len(now) == len(rows) {
		return nil, nil
	}
	read, err := k.Verify(ctx, now, change.AfterSuccess)
	if err != nil {
		return nil, &change.CallError{Class: change.Lost, Err: err, Sentence: "Gtmhub took the call, but the people could not be read afterwards."}
	}
	for i := range out {
		if out[i].State == "" {
			out[i], read = read[0], read[1:]
		}
	}
	return out, nil
}

// wanted are the roles that the person of a row shall have: those of the plan, or, once the row was released, those that
// the look before has just read.
func (k grantRoles) wanted(row change.Row) ([]id.Role, error) {
	g, err := decode[roleGrant](row)
	if err != nil {
		return nil, err
	}
	if u, ok := k.dir.Current().User(row.User); ok && row.Released {
		return withRole(u.Roles, g.Role), nil
	}
	return withRole(g.Was, g.Role), nil
}

func (k grantRole) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyPeople(ctx, access.GrantRole, rows, after, func(row change.Row, u *directory.User) (bool, error) {
		g, err := decode[roleGrant](row)
		return u != nil && slices.Contains(u.Roles, g.Role), err
	})
}

// Verify wants the other roles to be there still, as the plan knew them.
func (k grantRoles) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyPeople(ctx, access.GrantRole, rows, after, func(row change.Row, u *directory.User) (bool, error) {
		g, err := decode[roleGrant](row)
		return u != nil && slices.Contains(u.Roles, g.Role) && (row.Released || sameRoles(u.Roles, withRole(g.Was, g.Role))), err
	})
}

// Invert takes the role again.
func (k grantRole) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.takeBack(row)
}

// Invert takes the role again.
func (k grantRoles) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.takeBack(row)
}

// Invert takes the role that came with an invitation.
func (k giveRole) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.takeBack(row)
}

func (b base) takeBack(row change.Row) (change.Row, error) {
	g, err := decode[roleGrant](row)
	if err != nil {
		return change.Row{}, err
	}
	return b.back(row, string(access.TakeRole), func(u *directory.User, out *change.Row) { b.taking(u, g.Role, out) }), nil
}

// granting plans that a person gets a role.
func (b base) granting(u *directory.User, role id.Role, row *change.Row) {
	row.Kind, row.Payload, row.Action = string(access.GrantRole), payload(roleGrant{role, u.Roles}), change.Update
	row.Before, row.After = b.roleNames(u.Roles), b.roleNames(withRole(u.Roles, role))
	if b.roleFacts(role).Admin {
		row.Flags = append(row.Flags, "administrator role")
	}
	if slices.Contains(u.Roles, role) {
		row.Action, row.Note = change.NothingToDo, hasRoleAlready
	}
}

func withRole(roles []id.Role, role id.Role) []id.Role {
	if slices.Contains(roles, role) {
		return roles
	}
	return append(slices.Clone(roles), role)
}

func withoutRole(roles []id.Role, role id.Role) []id.Role {
	return slices.DeleteFunc(slices.Clone(roles), func(r id.Role) bool { return r == role })
}

func sameRoles(a, b []id.Role) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// roleNames lists roles for the plan.
func (b base) roleNames(roles []id.Role) string {
	if len(roles) == 0 {
		return "no role"
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = b.roleFacts(r).Name
	}
	return strings.Join(names, ", ")
}

func (b base) giveRoleRecipe() change.Recipe {
	return peopleRecipe{base: b, name: change.GiveRole, act: access.GrantRole,
		title: func(in change.People, who string) string {
			return "Give the role " + b.roleFacts(in.Roles[0]).Name + " to " + who
		},
		check: func(in change.People) error {
			if len(in.Roles) != 1 {
				return &fault.FieldError{Field: "role", Message: "Choose one role."}
			}
			return nil
		},
		rows: func(in change.People, u *directory.User, many bool, _ any) []change.Row {
			var row change.Row
			b.granting(u, in.Roles[0], &row)
			if many {
				row.Kind = grantMany
				want := slices.Sorted(slices.Values(withRole(u.Roles, in.Roles[0])))
				row.Group = "roles"
				for _, r := range want {
					row.Group += ":" + string(r)
				}
			}
			return []change.Row{row}
		},
	}
}
