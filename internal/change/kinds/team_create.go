package kinds

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// createTeam creates a team (operation 22). Gtmhub takes two teams of one name, so a lost outcome is looked up among
// all teams before it is tried again.
type createTeam struct{ base }

// newTeam is the payload of createTeam. Known are the teams of that name that were there when it was planned: another
// one of it, at the same place, is ours.
type newTeam struct {
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Color       string    `json:"color,omitempty"`
	Avatar      string    `json:"avatar,omitempty"`
	Parent      id.Team   `json:"parent,omitempty"`
	Manager     id.User   `json:"manager,omitempty"`
	Known       []id.Team `json:"known,omitempty"`
}

func (createTeam) Name() string        { return string(access.CreateTeam) }
func (createTeam) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (createTeam) Operation() int      { return 22 }
func (createTeam) Repeatable() bool    { return false }

type teamCreator interface {
	CreateTeam(ctx context.Context, team gtmhub.NewTeam) (id.Team, error)
}

func (k createTeam) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	if err := k.dir.RefreshTeams(ctx); err != nil {
		return nil, unread(err)
	}
	out := make([]change.Finding, len(rows))
	for i, row := range rows {
		n, err := decode[newTeam](row)
		if err != nil {
			return nil, err
		}
		if team := k.made(n); team != nil {
			out[i] = already(row, "A team of this name has come to this place meanwhile.", string(team.ID))
			continue
		}
		q, problem, err := k.ready(ctx, n)
		switch {
		case err != nil:
			return nil, err
		case problem != "":
			out[i] = change.Finding{State: change.RefusedRow, Reason: problem}
		default:
			out[i] = goOn(q)
		}
	}
	return out, nil
}

// made finds the team of the row among those that were not there when it was planned.
func (k createTeam) made(n newTeam) *directory.Team {
	for _, t := range k.dir.Current().TeamsByName(n.Name) {
		if t.Name == n.Name && t.Parent == n.Parent && !slices.Contains(n.Known, t.ID) {
			return t
		}
	}
	return nil
}

// ready checks what the new team refers to, and brings the facts for the policy.
func (k createTeam) ready(ctx context.Context, n newTeam) (q access.Question, problem string, err error) {
	q = access.Question{Act: access.CreateTeam, Rows: 1, Facts: access.TeamFacts{Manager: n.Manager}}
	if n.Parent != "" {
		parent, problem, err := k.standsBelow(ctx, "", n.Parent)
		facts := k.knownTeams([]id.Team{n.Parent})[0]
		if parent.ID != "" {
			facts = teamFacts(parent)
		}
		q.Facts.Parent = &facts
		if err != nil || problem != "" {
			return q, problem, err
		}
	}
	if n.Manager != "" {
		problem, err = k.manages(ctx, n.Manager)
	}
	return q, problem, err
}

func (createTeam) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[teamCreator](g)
	if err != nil {
		return nil, err
	}
	n, err := decode[newTeam](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	made, err := w.CreateTeam(ctx, gtmhub.NewTeam{Name: n.Name, Description: n.Description, Color: n.Color, Avatar: n.Avatar,
		ParentID: gtmhub.ID(n.Parent), Manager: gtmhub.ID(n.Manager)})
	if err != nil {
		return nil, callError(err)
	}
	return []change.Outcome{{State: change.Done, Result: string(made)}}, nil
}

// Verify looks for the team among all of them.
func (k createTeam) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	if err := k.dir.RefreshTeams(ctx); err != nil {
		return nil, unread(err)
	}
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		n, err := decode[newTeam](row)
		if err != nil {
			return nil, err
		}
		team := k.made(n)
		switch {
		case team != nil:
			out[i] = change.Outcome{State: change.Done, Result: string(team.ID), Reason: "Confirmed by looking it up."}
		case after == change.AfterConflict:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: "Gtmhub refuses this because it conflicts with what is there."}
		default:
			out[i].State = change.Unknown
		}
	}
	return out, nil
}

// Invert deletes the team again, as long as nobody is in it and nothing stands below it. That needs a second person.
func (k createTeam) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	back := change.Row{Kind: string(access.DeleteTeam), Subject: row.Subject, Team: id.Team(row.Result), Payload: payload(struct{}{}), Action: change.NotPossible}
	team, err := k.dir.FreshTeam(ctx, id.Team(row.Result))
	switch {
	case errors.Is(err, fault.NotFound):
		back.Action, back.Note = change.NothingToDo, "The team does not exist any more."
		return back, nil
	case err != nil:
		return change.Row{}, unread(err)
	case len(team.Members) > 0:
		back.Note = "The team has got members since. Delete it from its page, if you really want to."
		return back, nil
	}
	return deleteTeam{k.base}.row(team), nil
}

// CreateTeam is the recipe behind "New team" and "New sub-team".
type CreateTeam struct{ base }

// Name is change.CreateTeam.
func (CreateTeam) Name() string { return change.CreateTeam }

// Plan answers one row, about the parent: there is no team yet.
func (r CreateTeam) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.TeamNew
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	in.Name, in.Description, in.Color, in.Avatar = *trimmed(&in.Name), *trimmed(&in.Description), *trimmed(&in.Color), *trimmed(&in.Avatar)
	if err := checkFields(teamFields{Name: &in.Name, Description: &in.Description, Color: &in.Color, Avatar: &in.Avatar}); err != nil {
		return change.Plan{}, err
	}
	if err := parentOf(a, in.Parent); err != nil {
		return change.Plan{}, err
	}
	if err := r.dir.RefreshTeams(ctx); err != nil {
		return change.Plan{}, unread(err)
	}
	n := newTeam{Name: in.Name, Description: in.Description, Color: in.Color, Avatar: in.Avatar, Parent: in.Parent, Manager: in.Manager}
	row := change.Row{Pos: 1, Kind: string(access.CreateTeam), Team: in.Parent, Lock: treeLock, Subject: in.Name, Detail: r.parentWord(in.Parent),
		Action: change.Create, Before: "no team", After: "new team " + r.parentWord(in.Parent) + ", " + r.managerWord(in.Manager)}
	for _, t := range r.dir.Current().TeamsByName(in.Name) {
		n.Known = append(n.Known, t.ID)
		if t.Parent == in.Parent && a.Scope().SeesTeam(t.ID) {
			return change.Plan{}, &fault.FieldError{Field: "name", Message: "There is a team of this name at this place already. Choose another name."}
		}
	}
	if len(n.Known) > 0 && a.Scope().All {
		row.Flags = append(row.Flags, "another team has this name")
	}
	row.Payload = payload(n)
	q, problem, err := createTeam(r).ready(ctx, n)
	if err != nil {
		return change.Plan{}, err
	}
	if problem != "" {
		row.Action, row.Note = change.NotPossible, problem
	}
	return change.Plan{Title: "Create the team " + in.Name, Rows: []change.Row{row}, Question: q}, nil
}
