package kinds

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Findings reads what was changed without the portal.
type Findings interface {
	Findings(ctx context.Context, f drift.Filter) ([]drift.Finding, int, error)
}

// PutBack is the recipe that puts back what was changed in the account without the portal, by rows of the kinds that
// change the same. What has been changed again since stays.
type PutBack struct{ Undo }

// Name is change.PutBack.
func (PutBack) Name() string { return change.PutBack }

// Plan answers one row for each finding, two for somebody who changed team; the Line of a row is the place of its finding
// in the order of pages, from 1. Errors: NotFound for findings that do not
// exist or the actor may not see, Conflict for one that somebody has dealt with.
func (r PutBack) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.OutsideChanges
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	if !a.May(access.DriftDecide) || len(in.Findings) == 0 {
		return change.Plan{}, fault.New(fault.NotFound, "There is no such change.")
	}
	list, _, err := r.set.Findings.Findings(ctx, drift.Filter{IDs: in.Findings})
	if err != nil {
		return change.Plan{}, fmt.Errorf("read findings: %w", err)
	}
	if len(list) != len(in.Findings) {
		return change.Plan{}, fault.New(fault.NotFound, "There is no such change.")
	}
	var users []id.User
	var teams []id.Team
	for _, f := range list {
		if !f.Waits() && string(f.Change.ID) != in.Under {
			return change.Plan{}, fault.New(fault.Conflict, "Somebody else has dealt with this meanwhile. Nothing was done.")
		}
		users, teams = append(users, f.User), append(teams, f.Team, f.From)
	}
	if err := r.dir.Refresh(ctx, unique(users), unique(teams)); err != nil {
		return change.Plan{}, unread(err)
	}
	p := change.Plan{Title: fmt.Sprintf("Put back %s made outside of the portal", countOf(len(list), "change"))}
	for i := range list {
		rows, err := r.rows(ctx, &list[i])
		if err != nil {
			return change.Plan{}, err
		}
		for k := range rows {
			rows[k].Line = i + 1
		}
		p.Rows = append(p.Rows, rows...)
	}
	// A step holds rows of one kind; people are let in again before they get anything.
	order := []string{string(access.ActivateUser), string(access.ActivateTeam)}
	slices.SortStableFunc(p.Rows, func(x, y change.Row) int {
		place := func(row change.Row) int {
			if i := slices.Index(order, row.Kind); i >= 0 {
				return i
			}
			return len(order)
		}
		return cmp.Or(cmp.Compare(place(x), place(y)), cmp.Compare(x.Kind, y.Kind))
	})
	step, pos := -1, 0
	for i := range p.Rows {
		if i == 0 || p.Rows[i].Kind != p.Rows[i-1].Kind {
			step, pos = step+1, 0
		}
		pos++
		p.Rows[i].Step, p.Rows[i].Pos = step, pos
	}
	if err := r.ask(ctx, a, &p); err != nil {
		return change.Plan{}, err
	}
	return p, nil
}

// rows are the way back of one finding.
func (r PutBack) rows(ctx context.Context, f *drift.Finding) ([]change.Row, error) {
	subject := cmp.Or(f.Names[string(f.User)], f.Names[string(f.Team)], "Unknown")
	stays := func(kind, why string) []change.Row {
		return []change.Row{cannot(change.Row{Kind: kind, Subject: subject, User: f.User, Team: f.Team, After: string(f.Kind)}, why)}
	}
	person := func(fill func(*directory.User, *change.Row)) ([]change.Row, error) {
		return []change.Row{r.back(change.Row{Subject: subject, User: f.User}, string(access.DeactivateUser), fill)}, nil
	}
	snap := r.dir.Current()
	team, teamThere := snap.Team(f.Team)
	member := func(act access.Act, t id.Team) change.Row {
		if at, ok := snap.Team(t); ok {
			return r.memberRow(act, at, f.User)
		}
		return stays(string(act), "The team does not exist any more.")[0]
	}
	switch f.Kind {
	case drift.Reactivated:
		return person(r.deactivation)
	case drift.Deactivated:
		return person(r.activation)
	case drift.NewAdmin, drift.RoleGiven:
		return person(func(u *directory.User, row *change.Row) { r.taking(u, f.Role, row) })
	case drift.RoleTaken:
		return person(func(u *directory.User, row *change.Row) { r.granting(u, f.Role, row) })
	case drift.Joined:
		return []change.Row{member(access.RemoveMember, f.Team)}, nil
	case drift.Left:
		return []change.Row{member(access.AddMember, f.Team)}, nil
	case drift.Moved:
		return []change.Row{member(access.AddMember, f.From), member(access.RemoveMember, f.Team)}, nil
	case drift.TeamOn, drift.TeamOff:
		k := switchTeam{r.base, f.Kind == drift.TeamOff}
		if !teamThere {
			return stays(k.Name(), "The team does not exist any more."), nil
		}
		return []change.Row{k.row(*team)}, nil
	case drift.ManagerChanged, drift.TeamMoved:
		return r.place(ctx, f, team, stays)
	}
	return stays(string(access.DeleteUser), f.Kind.Final()), nil
}

// place gives a team its manager or parent back, unless it has got another one since.
func (r PutBack) place(ctx context.Context, f *drift.Finding, team *directory.Team, stays func(kind, why string) []change.Row) ([]change.Row, error) {
	act, now := access.MoveTeam, ""
	to := teamFields{}
	if parent := id.Team(f.Was); f.Kind == drift.TeamMoved {
		to.Parent = &parent
	}
	if manager := id.User(f.Was); f.Kind == drift.ManagerChanged {
		if to.Manager, act = &manager, access.SetManager; manager == "" {
			act = access.RemoveManager
		}
	}
	if team == nil {
		return stays(string(act), "The team does not exist any more."), nil
	}
	if now = string(team.Parent); f.Kind == drift.ManagerChanged {
		now = string(team.Manager)
	}
	if now != f.Is && now != f.Was && r.there(f.Kind, now) {
		return stays(string(act), "Somebody has changed it since: it is now "+r.words(to.like(*team))+"."), nil
	}
	row, _, err := setTeam{r.base, act}.row(ctx, *team, to)
	return []change.Row{row}, err
}

// there says whether the manager or parent exists: one that does not counts as none, as it did for the finding.
func (r PutBack) there(k drift.Kind, of string) bool {
	_, team := r.dir.Current().Team(id.Team(of))
	_, user := r.dir.Current().User(id.User(of))
	return of == "" || k == drift.TeamMoved && team || k == drift.ManagerChanged && user
}
