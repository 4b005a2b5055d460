package directory

import (
	"cmp"
	"context"
	"iter"
	"strings"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Source is what the directory reads from Gtmhub. It can only read. Its errors are those of package gtmhub; the
// directory explains them. Lists are complete or an error; ids that do not exist are left out of the answers by id.
type Source interface {
	// Users, Teams and Roles read everything (operations 2 and 20, and the roles list).
	Users(ctx context.Context) ([]User, error)
	Teams(ctx context.Context) ([]Team, error)
	Roles(ctx context.Context) ([]Role, error)
	// UsersByID and TeamsByID read some, in bulk (operations 2 and 20).
	UsersByID(ctx context.Context, users []id.User) ([]User, error)
	TeamsByID(ctx context.Context, teams []id.Team) ([]Team, error)
	// UsersByEmail reads those with one of the addresses, in bulk (operation 2). For a single address letter case does
	// not matter; for several it finds the address as given and in lower case.
	UsersByEmail(ctx context.Context, emails []string) ([]User, error)
	// User and Team read one (operations 4 and 21); gtmhub.ErrNotFound if there is none.
	User(ctx context.Context, user id.User) (User, error)
	Team(ctx context.Context, team id.Team) (Team, error)
	// KeyResultsOf counts the key results that a user owns (operation 34).
	KeyResultsOf(ctx context.Context, user id.User) (int, error)
}

// FromClient makes a Source of a client. Its reading of everything uses the slots of background work, so that a
// synchronization never holds up a page.
func FromClient(c *gtmhub.Client) Source { return client{page: c, background: c.Background()} }

type client struct{ page, background *gtmhub.Client }

func (c client) Users(ctx context.Context) ([]User, error) {
	return collect(c.background.Users.All(ctx, gtmhub.UserListOptions{}), userFrom)
}

func (c client) Teams(ctx context.Context) ([]Team, error) {
	return collect(c.background.Teams.All(ctx, gtmhub.TeamListOptions{}), teamFrom)
}

func (c client) Roles(ctx context.Context) ([]Role, error) {
	roles, err := c.background.Roles.List(ctx)
	return convert(roles, roleFrom), err
}

func (c client) UsersByID(ctx context.Context, users []id.User) ([]User, error) {
	found, err := c.page.Users.FindByIDs(ctx, convert(users, func(u id.User) gtmhub.ID { return gtmhub.ID(u) }))
	return convert(found, userFrom), err
}

func (c client) TeamsByID(ctx context.Context, teams []id.Team) ([]Team, error) {
	found, err := c.page.Teams.FindByIDs(ctx, convert(teams, func(t id.Team) gtmhub.ID { return gtmhub.ID(t) }))
	return convert(found, teamFrom), err
}

func (c client) UsersByEmail(ctx context.Context, emails []string) ([]User, error) {
	if len(emails) == 1 {
		found, err := c.page.Users.FindByEmail(ctx, emails[0])
		return convert(found, userFrom), err
	}
	found, err := c.page.Users.FindByEmails(ctx, emails)
	return convert(found, userFrom), err
}

func (c client) User(ctx context.Context, user id.User) (User, error) {
	u, err := c.page.Users.Get(ctx, gtmhub.ID(user))
	if err != nil {
		return User{}, err
	}
	return userFrom(*u), nil
}

func (c client) Team(ctx context.Context, team id.Team) (Team, error) {
	t, err := c.page.Teams.Get(ctx, gtmhub.ID(team))
	if err != nil {
		return Team{}, err
	}
	return teamFrom(*t), nil
}

func collect[A, B any](all iter.Seq2[A, error], one func(A) B) ([]B, error) {
	var out []B
	for a, err := range all {
		if err != nil {
			return nil, err
		}
		out = append(out, one(a))
	}
	return out, nil
}

func convert[A, B any](all []A, one func(A) B) []B {
	out := make([]B, 0, len(all))
	for _, a := range all {
		out = append(out, one(a))
	}
	return out
}

func userFrom(u gtmhub.User) User {
	full := strings.TrimSpace(u.FirstName + " " + u.LastName)
	out := User{
		ID: id.User(u.ID), Email: u.Email, FirstName: u.FirstName, LastName: u.LastName,
		Name: cmp.Or(strings.TrimSpace(u.Name), full, u.Email), Language: u.Language, Status: statusOf(u), Deactivated: !u.IsActive, SSO: u.IsSSOBased,
		Created: u.DateCreated, Invited: u.DateInvited, InvitedBy: id.User(u.InvitedBy),
	}
	for _, r := range u.Roles {
		if r.Team == nil {
			out.Roles = append(out.Roles, id.Role(r.ID))
		}
	}
	out.Roles = unique(out.Roles)
	return out
}

func statusOf(u gtmhub.User) Status {
	switch {
	case u.Pending():
		return Pending
	case u.IsActive:
		return Active
	default:
		return Inactive
	}
}

func teamFrom(t gtmhub.Team) Team {
	return Team{
		ID: id.Team(t.ID), Name: t.Name, Description: t.Description, Color: t.Color, Avatar: t.Avatar,
		Parent: id.Team(t.ParentID), Manager: id.User(t.Manager), Active: t.IsActive, External: t.External != nil,
		Members: unique(convert(t.Members, func(u gtmhub.ID) id.User { return id.User(u) })),
	}
}

func roleFrom(r gtmhub.Role) Role {
	return Role{ID: id.Role(r.ID), Name: r.Name, Description: r.Description, Permissions: r.Permissions}
}

func (c client) KeyResultsOf(ctx context.Context, user id.User) (int, error) {
	found, err := c.page.KeyResults.ListByOwner(ctx, gtmhub.ID(user), "") //nolint:staticcheck // deprecated without a documented equal
	if err != nil {
		return 0, err
	}
	return len(found.Items), nil
}
