package kinds

import (
	"context"
	"encoding/json"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// moveTeam puts a team below another one, or at the top (operation 28). The whole way from the new parent to the top
// is read when it is planned and again just before the call, and one lock keeps our own moves apart, so that no circle
// can be made.
type moveTeam struct{ setTeam }

func (moveTeam) Operation() int { return 28 }

func (k moveTeam) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[teamPatcher](g)
	if err != nil {
		return nil, err
	}
	edit, err := decode[teamEdit](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	return nil, callError(w.PatchTeam(ctx, rows[0].Team, edit.To.patch()))
}

// Invert moves the team back.
func (k moveTeam) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	return k.invert(ctx, row, k.act)
}

// MoveTeams is the recipe behind "Move".
type MoveTeams struct{ setTeam }

// Name is change.MoveTeams.
func (MoveTeams) Name() string { return change.MoveTeams }

// Plan answers one row for each team.
func (r MoveTeams) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.TeamMove
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	if err := parentOf(a, in.Parent); err != nil {
		return change.Plan{}, err
	}
	to := "to the top"
	if in.Parent != "" {
		to = r.parentWord(in.Parent)
	}
	return r.planTeams(ctx, a, in.Teams, "Move %s "+escape(to), func(t directory.Team) (change.Row, access.Question, error) {
		row, q, err := r.row(ctx, t, teamFields{Parent: &in.Parent})
		if n := len(r.below(t.ID)); n > 0 && row.Action == change.Update {
			row.Flags = append(row.Flags, countOf(n, "sub-team")+" come along")
		}
		return row, q, err
	})
}

// below are the teams that stand directly below a team, as far as our copy knows.
func (b base) below(team id.Team) []*directory.Team {
	var out []*directory.Team
	for _, t := range b.dir.Current().Teams() {
		if t.Parent == team {
			out = append(out, t)
		}
	}
	return out
}
