package kinds

import (
	"context"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

// activateUser lets people in again (operation 7), deactivateUser takes their access away (operation 8). Both take many
// people in one call, and both set a state.
type (
	activateUser   struct{ base }
	deactivateUser struct{ base }
)

// accessChange is the payload of both.
type accessChange struct {
	// WasActive is how it was when the change was planned.
	WasActive bool `json:"wasActive"`
	// Leaver says that the person must not manage an active team any more when they are deactivated: the last step of an
	// offboarding, which may have waited for its date.
	Leaver bool `json:"leaver,omitempty"`
}

func (activateUser) Name() string          { return string(access.ActivateUser) }
func (deactivateUser) Name() string        { return string(access.DeactivateUser) }
func (activateUser) Sizes() change.Sizes   { return change.Sizes{Look: 50, Call: 100} }
func (deactivateUser) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 100} }
func (activateUser) Operation() int        { return 7 }
func (deactivateUser) Operation() int      { return 8 }
func (activateUser) Repeatable() bool      { return true }
func (deactivateUser) Repeatable() bool    { return true }

type userActivator interface {
	ActivateUsers(ctx context.Context, users []id.User) error
}

type userDeactivator interface {
	DeactivateUsers(ctx context.Context, users []id.User) error
}

const (
	activeAlready   = "Is active already."
	inactiveAlready = "Is deactivated already."
)

func (k activateUser) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookPeople(ctx, a, access.ActivateUser, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		if u != nil && !u.Deactivated {
			return already(row, activeAlready, ""), nil, nil
		}
		return goOn(access.Question{}), nil, nil
	})
}

func (k deactivateUser) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	leavers := map[id.Row]bool{}
	for _, row := range rows {
		p, err := decode[accessChange](row)
		if err != nil {
			return nil, err
		}
		if p.Leaver {
			leavers[row.ID] = true
		}
	}
	if len(leavers) > 0 {
		if err := k.dir.RefreshTeams(ctx); err != nil {
			return nil, unread(err)
		}
	}
	return k.lookPeople(ctx, a, access.DeactivateUser, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		switch {
		case u != nil && u.Deactivated:
			return already(row, inactiveAlready, ""), nil, nil
		case u != nil && leavers[row.ID] && k.managed(u) != "":
			return change.Finding{State: change.RefusedRow, Reason: u.Name + " " + k.managed(u) + " by now. Give these teams a new manager, then try again."}, nil, nil
		}
		return goOn(access.Question{}), nil, nil
	})
}

func (activateUser) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[userActivator](g)
	if err != nil {
		return nil, err
	}
	return nil, refusalOf(access.ActivateUser, w.ActivateUsers(ctx, ids(rows)))
}

func (deactivateUser) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[userDeactivator](g)
	if err != nil {
		return nil, err
	}
	return nil, refusalOf(access.DeactivateUser, w.DeactivateUsers(ctx, ids(rows)))
}

func (k activateUser) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyPeople(ctx, access.ActivateUser, rows, after, func(_ change.Row, u *directory.User) (bool, error) { return u != nil && !u.Deactivated, nil })
}

func (k deactivateUser) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyPeople(ctx, access.DeactivateUser, rows, after, func(_ change.Row, u *directory.User) (bool, error) { return u != nil && u.Deactivated, nil })
}

// Invert deactivates again.
func (k activateUser) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.back(row, string(access.DeactivateUser), func(u *directory.User, out *change.Row) { k.deactivation(u, out) }), nil
}

// Invert activates again, which takes a licence.
func (k deactivateUser) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.back(row, string(access.ActivateUser), func(u *directory.User, out *change.Row) { k.activation(u, out) }), nil
}

// standing is how a person stands, for the plan.
func standing(u *directory.User) string {
	if u.Deactivated {
		return "deactivated"
	}
	return string(u.Status)
}

func (b base) activation(u *directory.User, row *change.Row) {
	row.Kind, row.Group = string(access.ActivateUser), string(access.ActivateUser)
	row.Payload, row.Action, row.Before, row.After = payload(accessChange{WasActive: !u.Deactivated}), change.Update, standing(u), "active, takes a licence"
	if u.Status == directory.Pending {
		row.After = "invited, takes a licence"
	}
	if !u.Deactivated {
		row.Action, row.Note, row.After = change.NothingToDo, activeAlready, row.Before
	}
}

func (b base) deactivation(u *directory.User, row *change.Row) {
	row.Kind, row.Group = string(access.DeactivateUser), string(access.DeactivateUser)
	row.Payload, row.Action, row.Before, row.After = payload(accessChange{WasActive: !u.Deactivated}), change.Update, standing(u), "deactivated, frees a licence"
	if u.Deactivated {
		row.Action, row.Note, row.After = change.NothingToDo, inactiveAlready, row.Before
		return
	}
	if m := b.managed(u); m != "" {
		row.Flags = append(row.Flags, m)
	}
	if u.Status == directory.Pending {
		row.Flags = append(row.Flags, "invitation not used yet")
	}
	if hasAdmin(b, u) {
		row.Flags = append(row.Flags, "administrator")
	}
}

func hasAdmin(b base, u *directory.User) bool {
	for _, r := range b.rolesFacts(u.Roles) {
		if r.Admin {
			return true
		}
	}
	return false
}

func (b base) activateRecipe() change.Recipe {
	return peopleRecipe{base: b, name: change.ActivateUsers, act: access.ActivateUser,
		title: func(_ change.People, who string) string { return "Activate " + who },
		rows: func(_ change.People, u *directory.User, _ bool, _ any) []change.Row {
			var row change.Row
			b.activation(u, &row)
			return []change.Row{row}
		},
	}
}

func (b base) deactivateRecipe() change.Recipe {
	return peopleRecipe{base: b, name: change.DeactivateUsers, act: access.DeactivateUser,
		title: func(_ change.People, who string) string { return "Deactivate " + who },
		rows: func(_ change.People, u *directory.User, _ bool, _ any) []change.Row {
			var row change.Row
			b.deactivation(u, &row)
			return []change.Row{row}
		},
	}
}
