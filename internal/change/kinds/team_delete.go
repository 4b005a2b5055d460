package kinds

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// deleteTeam deletes a team (operation 29). It cannot be taken back. What becomes of sub-teams is not documented, so a
// team that has some is not deleted.
type deleteTeam struct{ base }

func (deleteTeam) Name() string        { return string(access.DeleteTeam) }
func (deleteTeam) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (deleteTeam) Operation() int      { return 29 }
func (deleteTeam) Repeatable() bool    { return true }

type teamDeleter interface {
	DeleteTeam(ctx context.Context, team id.Team) error
}

// hasSubTeams is said of a team that something stands below.
const hasSubTeams = "The team has sub-teams, and Gtmhub does not say what becomes of them. Move or delete them first."

func (k deleteTeam) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	if err := k.dir.RefreshTeams(ctx); err != nil {
		return nil, unread(err)
	}
	out := make([]change.Finding, len(rows))
	for i, row := range rows {
		was, err := decode[doomed](row)
		if err != nil {
			return nil, err
		}
		team, ok := k.dir.Current().Team(row.Team)
		switch {
		case !ok:
			out[i] = already(row, "Does not exist any more.", "")
		case len(k.below(team.ID)) > 0:
			out[i] = change.Finding{State: change.RefusedRow, Reason: hasSubTeams}
		case len(team.Members) > was.Members && row.Drifted(doomedNow(team.Members)):
			out[i] = change.Finding{State: change.Held, Now: doomedNow(team.Members), Reason: "The team has got more members since: " + countOf(len(team.Members), "member") + " now."}
		default:
			out[i] = goOn(access.Question{Act: access.DeleteTeam, Teams: []access.Team{teamFacts(*team)}, Rows: len(rows)})
		}
	}
	return out, nil
}

func (deleteTeam) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[teamDeleter](g)
	if err != nil {
		return nil, err
	}
	err = w.DeleteTeam(ctx, rows[0].Team)
	if errors.Is(err, gtmhub.ErrNotFound) || errors.Is(err, gtmhub.ErrInvalid) {
		// No 404 is documented for a team that is gone: reading again decides.
		return nil, &change.CallError{Class: change.Conflicted, Err: err, Sentence: "Gtmhub does not accept this as it is."}
	}
	return nil, callError(err)
}

func (k deleteTeam) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		_, err := k.dir.ReadTeam(ctx, row.Team)
		switch {
		case errors.Is(err, fault.NotFound):
			out[i].State = change.Done
		case err != nil:
			return nil, unread(err)
		case after == change.AfterLoss:
			out[i].State = change.Unknown
		case after == change.AfterConflict:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: "Gtmhub does not accept that this team is deleted."}
		default:
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but the team is still there. Look at it and try again."}
		}
	}
	return out, nil
}

// doomedNow is what a team is before it is deleted, in words.
func doomedNow(members []id.User) string { return "team with " + countOf(len(members), "member") }

// doomed is the payload of deleteTeam: how many members the team had when it was decided.
type doomed struct {
	Members int `json:"members"`
}

func (k deleteTeam) row(team directory.Team) change.Row {
	row := change.Row{Kind: k.Name(), Team: team.ID, Lock: treeLock, Subject: team.Name, Payload: payload(doomed{len(team.Members)}),
		Action: change.Update, Before: doomedNow(team.Members), After: "deleted for good"}
	if n := len(team.Members); n > 0 {
		row.Flags = append(row.Flags, countOf(n, "member")+" lose the team")
	}
	if len(k.below(team.ID)) > 0 {
		row.Action, row.Note = change.NotPossible, hasSubTeams
	}
	return row
}

// DeleteTeams is the recipe behind "Delete".
type DeleteTeams struct{ deleteTeam }

// Name is change.DeleteTeams.
func (DeleteTeams) Name() string { return change.DeleteTeams }

// Plan answers one row for each team.
func (r DeleteTeams) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.TeamList
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	return r.planTeams(ctx, a, in.Teams, "Delete %s", func(t directory.Team) (change.Row, access.Question, error) {
		return r.row(t), access.Question{Act: access.DeleteTeam, Teams: []access.Team{teamFacts(t)}, Rows: 1}, nil
	})
}
