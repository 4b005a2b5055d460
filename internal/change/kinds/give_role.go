package kinds

import (
	"context"
	"slices"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// giveRole gives a user one role (operation 12).
type giveRole struct{ base }

// roleGift is the payload of giveRole. Teams are the teams of the invitation that the role belongs to: a lead's right
// to ask for it hangs on them.
type roleGift struct {
	Role  id.Role   `json:"role"`
	Teams []id.Team `json:"teams,omitempty"`
	// There says that the user had an account before the invitation, so that the rules for people who are there hold.
	There bool `json:"there,omitempty"`
}

func (giveRole) Name() string        { return string(access.GiveRole) }
func (giveRole) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (giveRole) Operation() int      { return 12 }
func (giveRole) Repeatable() bool    { return true }

type roleGiver interface {
	GiveRole(ctx context.Context, user id.User, role id.Role) error
}

func (k giveRole) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	has, gifts, err := k.read(ctx, rows)
	if err != nil {
		return nil, err
	}
	var teams []id.Team
	for _, g := range gifts {
		teams = append(teams, g.Teams...)
	}
	if err := k.freshen(ctx, a, teams); err != nil {
		return nil, err
	}
	f := k.factsFor(nil)
	out := make([]change.Finding, len(rows))
	for i, row := range rows {
		if has[i] {
			out[i] = already(row, hasRoleAlready, "")
			continue
		}
		q := access.Question{Act: access.GiveRole, Teams: k.knownTeams(gifts[i].Teams), Roles: k.rolesFacts([]id.Role{gifts[i].Role}), Rows: 1}
		if u, ok := f.snap.User(row.User); ok && gifts[i].There {
			q.Users = []access.User{f.of(u)}
		}
		out[i] = goOn(q)
	}
	return out, nil
}

// read re-reads the users and says who has the role.
func (k giveRole) read(ctx context.Context, rows []change.Row) ([]bool, []roleGift, error) {
	users := make([]id.User, len(rows))
	gifts := make([]roleGift, len(rows))
	for i, row := range rows {
		g, err := decode[roleGift](row)
		if err != nil {
			return nil, nil, err
		}
		users[i], gifts[i] = row.User, g
	}
	if err := k.dir.Refresh(ctx, users, nil); err != nil {
		return nil, nil, unread(err)
	}
	snap := k.dir.Current()
	has := make([]bool, len(rows))
	for i := range rows {
		if u, ok := snap.User(users[i]); ok {
			has[i] = slices.Contains(u.Roles, gifts[i].Role)
		}
	}
	return has, gifts, nil
}

func (giveRole) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[roleGiver](g)
	if err != nil {
		return nil, err
	}
	gift, err := decode[roleGift](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	return nil, callError(w.GiveRole(ctx, rows[0].User, gift.Role))
}

func (k giveRole) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	has, _, err := k.read(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make([]change.Outcome, len(rows))
	for i := range rows {
		switch {
		case has[i]:
			out[i].State = change.Done
		case after == change.AfterLoss:
			out[i].State = change.Unknown
		default:
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but does not show the role. Look at the user and try again."}
		}
	}
	return out, nil
}
