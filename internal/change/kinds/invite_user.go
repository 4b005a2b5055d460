package kinds

import (
	"context"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

// inviteUser creates a user, which sends the invitation mail in the same step (operation 6). There is no idempotency
// key, so it is never repeated before two looks, a settle time apart, have found nobody.
type inviteUser struct{ base }

// invitation is the payload of inviteUser. Teams and Roles are carried out by later rows; here they are facts for the policy.
type invitation struct {
	Email     string    `json:"email"`
	FirstName string    `json:"firstName"`
	LastName  string    `json:"lastName"`
	Language  string    `json:"language,omitempty"`
	Teams     []id.Team `json:"teams,omitempty"`
	Roles     []id.Role `json:"roles,omitempty"`
	// Cells are the texts of a person who could not be planned, by field.
	Cells map[string]string `json:"cells,omitempty"`
}

func (inviteUser) Name() string        { return string(access.InviteUser) }
func (inviteUser) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (inviteUser) Operation() int      { return 6 }
func (inviteUser) Repeatable() bool    { return false }

type userCreator interface {
	CreateUser(ctx context.Context, n gtmhub.NewUser, o gtmhub.InviteOptions) (*gtmhub.User, error)
}

func (k inviteUser) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	found, wishes, err := k.find(ctx, rows)
	if err != nil {
		return nil, err
	}
	var teams []id.Team
	for _, w := range wishes {
		teams = append(teams, w.Teams...)
	}
	if err := k.freshen(ctx, a, teams); err != nil {
		return nil, err
	}
	out := make([]change.Finding, len(rows))
	for i, row := range rows {
		users := found[wishes[i].Email]
		switch {
		case len(users) == 0:
			out[i] = goOn(access.Question{Act: access.InviteUser, Teams: k.knownTeams(wishes[i].Teams), Roles: k.rolesFacts(wishes[i].Roles), Rows: 1})
		case len(users) > 1:
			out[i] = change.Finding{State: change.RefusedRow, Reason: "Gtmhub has several users with this address."}
		case row.Attempt > 0:
			out[i] = already(row, "", string(users[0].ID))
		case users[0].Status == directory.Inactive:
			out[i] = change.Finding{State: change.RefusedRow, Reason: "There is a deactivated user with this address. Reactivate that user instead."}
		default:
			out[i] = already(row, thereAlready(users[0].Status), string(users[0].ID))
		}
	}
	return out, nil
}

func thereAlready(s directory.Status) string {
	if s == directory.Pending {
		return "Was invited already and has not signed in yet."
	}
	return "Is a user already."
}

func (k inviteUser) find(ctx context.Context, rows []change.Row) (map[string][]directory.User, []invitation, error) {
	wishes := make([]invitation, len(rows))
	emails := make([]string, len(rows))
	for i, row := range rows {
		w, err := decode[invitation](row)
		if err != nil {
			return nil, nil, err
		}
		wishes[i], emails[i] = w, w.Email
	}
	found, err := k.dir.FreshUsersByEmail(ctx, emails)
	if err != nil {
		return nil, nil, unread(err)
	}
	return found, wishes, nil
}

func (k inviteUser) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[userCreator](g)
	if err != nil {
		return nil, err
	}
	wish, err := decode[invitation](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	user, err := w.CreateUser(ctx, gtmhub.NewUser{Email: wish.Email, FirstName: wish.FirstName, LastName: wish.LastName, Language: wish.Language, UserName: wish.Email}, gtmhub.InviteOptions{})
	if err != nil {
		return nil, callError(err)
	}
	return []change.Outcome{{State: change.Done, Result: string(user.ID)}}, nil
}

// clockSkew is how far the clocks of Gtmhub and of the database may differ.
const clockSkew = 2 * time.Minute

func (k inviteUser) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	found, wishes, err := k.find(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		users := found[wishes[i].Email]
		switch {
		case len(users) > 0:
			u := users[0]
			out[i] = change.Outcome{State: change.Nothing, Reason: thereAlready(u.Status), Result: string(u.ID)}
			// An earlier attempt of this row, or this one, has made it: the look before it had found nobody.
			ours := after == change.AfterLoss || row.Attempt > 1
			if ours && (u.Created.IsZero() || u.Created.After(row.IntentAt.Add(-clockSkew))) {
				out[i].State, out[i].Reason = change.Done, "Confirmed by looking it up."
			}
		case after == change.AfterConflict:
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub says that the address is taken, but shows no such user. Look for the person in Gtmhub."}
		default:
			out[i].State = change.Unknown
		}
	}
	return out, nil
}
