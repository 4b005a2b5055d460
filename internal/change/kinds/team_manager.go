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

// setManager makes a user the manager of a team (operation 26). Whether that also makes the user a member is not
// documented; nothing is assumed.
type setManager struct{ setTeam }

func (setManager) Operation() int { return 26 }

type managerSetter interface {
	SetManager(ctx context.Context, team id.Team, user id.User) error
}

func (k setManager) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[managerSetter](g)
	if err != nil {
		return nil, err
	}
	return nil, callError(w.SetManager(ctx, rows[0].Team, rows[0].User))
}

// Invert gives the team its old manager back, or none.
func (k setManager) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	return k.backTo(ctx, row)
}

// removeManager leaves a team without a manager (operation 30).
type removeManager struct{ setTeam }

func (removeManager) Operation() int { return 30 }

type managerRemover interface {
	RemoveManager(ctx context.Context, team id.Team) error
}

func (k removeManager) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[managerRemover](g)
	if err != nil {
		return nil, err
	}
	return nil, callError(w.RemoveManager(ctx, rows[0].Team))
}

// Invert gives the team its old manager back.
func (k removeManager) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	return k.backTo(ctx, row)
}

// backTo is the way back of both: the kind depends on whether there was a manager before.
func (k setTeam) backTo(ctx context.Context, row change.Row) (change.Row, error) {
	edit, err := decode[teamEdit](row)
	if err != nil {
		return change.Row{}, err
	}
	act := access.RemoveManager
	if m := edit.From.Manager; m != nil && *m != "" {
		act = access.SetManager
	}
	return k.invert(ctx, row, act)
}

// ChangeManager is the recipe behind "Set manager" and "Remove manager".
type ChangeManager struct {
	setTeam
	way string
}

// Name is change.SetTeamManager or change.RemoveTeamManager.
func (r ChangeManager) Name() string { return r.way }

// Plan answers one row for each team.
func (r ChangeManager) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.TeamManager
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	title := "Make " + escape(r.managerWord(in.Manager)) + " manager of %s"
	if r.way == change.RemoveTeamManager {
		in.Manager, title = "", "Remove the manager of %s"
	} else if in.Manager == "" {
		return change.Plan{}, &fault.FieldError{Field: "user", Message: "Choose a person first."}
	}
	return r.planTeams(ctx, a, in.Teams, title, func(t directory.Team) (change.Row, access.Question, error) {
		row, q, err := r.row(ctx, t, teamFields{Manager: &in.Manager})
		if old, ok := r.dir.Current().User(t.Manager); ok && row.Action == change.Update {
			row.Flags = append(row.Flags, old.Name+" no longer leads the team in the portal")
		}
		return row, q, err
	})
}
