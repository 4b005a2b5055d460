package kinds

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// switchTeam makes teams active (operation 23) or inactive (operation 24), many by one call.
type switchTeam struct {
	base
	active bool
}

func (k switchTeam) act() access.Act {
	if k.active {
		return access.ActivateTeam
	}
	return access.DeactivateTeam
}

func (k switchTeam) Name() string      { return string(k.act()) }
func (switchTeam) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 50} }
func (switchTeam) Repeatable() bool    { return true }

func (k switchTeam) Operation() int {
	if k.active {
		return 23
	}
	return 24
}

type teamSwitcher interface {
	SwitchTeams(ctx context.Context, teams []id.Team, active bool) error
}

func (k switchTeam) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookMembers(ctx, k.act(), rows, func(row change.Row, t *directory.Team) (change.Finding, bool) {
		if t.Active == k.active {
			return already(row, "Is so already.", string(t.ID)), true
		}
		return change.Finding{}, false
	})
}

func (k switchTeam) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[teamSwitcher](g)
	if err != nil {
		return nil, err
	}
	teams := make([]id.Team, len(rows))
	for i, row := range rows {
		teams[i] = row.Team
	}
	return nil, callError(w.SwitchTeams(ctx, teams, k.active))
}

// Verify reads all the teams by one call: the answer says nothing reliable about single ones.
func (k switchTeam) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	teams := make([]id.Team, len(rows))
	for i, row := range rows {
		teams[i] = row.Team
	}
	if err := k.dir.Refresh(ctx, nil, teams); err != nil {
		return nil, unread(err)
	}
	snap := k.dir.Current()
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		team, ok := snap.Team(row.Team)
		switch {
		case !ok:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: "The team does not exist any more."}
		case team.Active == k.active:
			out[i] = change.Outcome{State: change.Done, Result: string(team.ID)}
		case after == change.AfterLoss:
			out[i].State = change.Unknown
		case after == change.AfterConflict:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: "Gtmhub refuses this because it conflicts with what is there."}
		default:
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but does not show it. Look at the team and try again."}
		}
	}
	return out, nil
}

// Invert switches the team back.
func (k switchTeam) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	other := switchTeam{k.base, !k.active}
	team, err := k.dir.FreshTeam(ctx, row.Team)
	if fault.KindOf(err) == fault.NotFound {
		return change.Row{Kind: other.Name(), Subject: row.Subject, Team: row.Team, Payload: row.Payload, Action: change.NotPossible, Note: "The team does not exist any more."}, nil
	}
	if err != nil {
		return change.Row{}, unread(err)
	}
	return other.row(team), nil
}

func activeWord(active bool) string {
	if active {
		return "active"
	}
	return "inactive"
}

func (k switchTeam) row(team directory.Team) change.Row {
	row := change.Row{Kind: k.Name(), Team: team.ID, Group: k.Name(), Lock: "team:" + string(team.ID), Subject: team.Name, Payload: payload(struct {
		Was bool `json:"was"`
	}{team.Active}),
		Action: change.Update, Before: activeWord(team.Active), After: activeWord(k.active)}
	if team.Active == k.active {
		row.Action, row.Note = change.NothingToDo, "Is "+activeWord(k.active)+" already."
		return row
	}
	if n := len(k.below(team.ID)); n > 0 && !k.active {
		row.Flags = append(row.Flags, countOf(n, "sub-team")+" stay as they are")
	}
	if n := len(team.Members); n > 0 && !k.active {
		row.Flags = append(row.Flags, countOf(n, "member"))
	}
	if team.External {
		row.Flags = append(row.Flags, "an external directory keeps this team and may overwrite it")
	}
	return row
}

// SwitchTeams is the recipe behind "Activate" and "Deactivate".
type SwitchTeams struct {
	switchTeam
	way string
}

// Name is change.ActivateTeams or change.DeactivateTeams.
func (r SwitchTeams) Name() string { return r.way }

// Plan answers one row for each team.
func (r SwitchTeams) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.TeamList
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	title := "Deactivate %s"
	if r.active {
		title = "Activate %s"
	}
	return r.planTeams(ctx, a, in.Teams, title, func(t directory.Team) (change.Row, access.Question, error) {
		return r.row(t), access.Question{Act: r.act(), Teams: []access.Team{teamFacts(t)}, Rows: 1}, nil
	})
}

// countOf writes a number with its noun: "1 member", "3 members".
func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// escape makes a name fit for a format.
func escape(s string) string { return strings.ReplaceAll(s, "%", "%%") }
