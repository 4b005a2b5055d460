package kinds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// addMember puts users into a team. Gtmhub takes the whole list (operation 27) and has no condition header, so the
// list is read, added to, written and read again; one lock per team keeps our own writes apart, and what somebody
// else did in between is shown.
type addMember struct{ base }

func (addMember) Name() string        { return string(access.AddMember) }
func (addMember) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 500} }
func (addMember) Operation() int      { return 27 }
func (addMember) Repeatable() bool    { return true }

type memberSetter interface {
	SetMembers(ctx context.Context, team id.Team, members []id.User) error
}

func (k addMember) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookMembers(ctx, access.AddMember, rows, func(row change.Row, t *directory.Team) (change.Finding, bool) {
		if slices.Contains(t.Members, row.User) {
			return already(row, "Is a member already.", ""), true
		}
		return change.Finding{}, false
	})
}

// lookMembers reads the teams of the rows fresh (one by one team, many in bulk) and asks settled about each row.
func (b base) lookMembers(ctx context.Context, act access.Act, rows []change.Row, settled func(change.Row, *directory.Team) (change.Finding, bool)) ([]change.Finding, error) {
	var teams []id.Team
	for _, row := range rows {
		if !slices.Contains(teams, row.Team) {
			teams = append(teams, row.Team)
		}
	}
	if err := b.dir.Refresh(ctx, nil, teams); err != nil {
		return nil, unread(err)
	}
	snap := b.dir.Current()
	out := make([]change.Finding, len(rows))
	for i, row := range rows {
		team, ok := snap.Team(row.Team)
		if !ok {
			out[i] = change.Finding{State: change.RefusedRow, Reason: "The team does not exist any more."}
			continue
		}
		if f, ok := settled(row, team); ok {
			out[i] = f
			continue
		}
		out[i] = goOn(access.Question{Act: act, Teams: []access.Team{teamFacts(*team)}, Rows: 1, Facts: access.TeamFacts{People: []id.User{row.User}}})
	}
	return out, nil
}

func (k addMember) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[memberSetter](g)
	if err != nil {
		return nil, err
	}
	before, err := k.dir.ReadTeam(ctx, rows[0].Team)
	if err != nil {
		return nil, notDone(err)
	}
	want := slices.Clone(before.Members)
	for _, row := range rows {
		if !slices.Contains(want, row.User) {
			want = append(want, row.User)
		}
	}
	if err := w.SetMembers(ctx, before.ID, want); err != nil {
		return nil, callError(err)
	}
	after, err := k.dir.ReadTeam(ctx, before.ID)
	if err != nil {
		return nil, &change.CallError{Class: change.Lost, Err: err, Sentence: "Gtmhub took the call, but the team could not be read afterwards."}
	}
	note := meanwhile(want, after.Members)
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		out[i] = change.Outcome{State: change.Done, Reason: note}
		if !slices.Contains(after.Members, row.User) {
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but the person is not in the team. Look at the team and try again."}
		}
	}
	return out, nil
}

// meanwhile says what somebody else did between our write and our second look. It is shown, not undone: we cannot know
// who was right.
func meanwhile(wrote, found []id.User) string {
	gone, came := 0, 0
	for _, u := range wrote {
		if !slices.Contains(found, u) {
			gone++
		}
	}
	for _, u := range found {
		if !slices.Contains(wrote, u) {
			came++
		}
	}
	if gone+came == 0 {
		return ""
	}
	return fmt.Sprintf("Somebody else changed this team at the same moment: %d more and %d fewer members than we wrote.", came, gone)
}

func (k addMember) Verify(ctx context.Context, rows []change.Row, _ change.After) ([]change.Outcome, error) {
	return k.verifyMembers(ctx, rows, true)
}

func (b base) verifyMembers(ctx context.Context, rows []change.Row, in bool) ([]change.Outcome, error) {
	teams := map[id.Team]directory.Team{}
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		team, ok := teams[row.Team]
		if !ok {
			var err error
			team, err = b.dir.ReadTeam(ctx, row.Team)
			if err != nil && !errors.Is(err, fault.NotFound) {
				return nil, unread(err)
			}
			teams[row.Team] = team
		}
		out[i].State = change.Unknown
		if slices.Contains(team.Members, row.User) == in {
			out[i].State = change.Done
		}
	}
	return out, nil
}

// removeMember takes a user out of a team (operation 31).
type removeMember struct{ base }

func (removeMember) Name() string        { return string(access.RemoveMember) }
func (removeMember) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (removeMember) Operation() int      { return 31 }
func (removeMember) Repeatable() bool    { return true }

type memberRemover interface {
	RemoveMember(ctx context.Context, team id.Team, user id.User) error
}

func (k removeMember) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookMembers(ctx, access.RemoveMember, rows, func(row change.Row, t *directory.Team) (change.Finding, bool) {
		if !slices.Contains(t.Members, row.User) {
			return already(row, "Is not a member any more.", ""), true
		}
		return change.Finding{}, false
	})
}

func (removeMember) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[memberRemover](g)
	if err != nil {
		return nil, err
	}
	err = w.RemoveMember(ctx, rows[0].Team, rows[0].User)
	if errors.Is(err, gtmhub.ErrNotFound) {
		return nil, nil // gone already, or never there (U16): reading again decides
	}
	return nil, callError(err)
}

func (k removeMember) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out, err := k.verifyMembers(ctx, rows, false)
	for i := range out {
		if after == change.AfterSuccess && out[i].State == change.Unknown {
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but the person is still in the team. Look at the team and try again."}
		}
	}
	return out, err
}

// ChangeMembers is the recipe behind the add dialog and the remove buttons of a team.
type ChangeMembers struct {
	base
	way string
}

// Name is change.AddMembers or change.RemoveMembers.
func (r ChangeMembers) Name() string { return r.way }

// Plan reads the teams fresh, because a lead's right hangs on it.
func (r ChangeMembers) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Members
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	if len(in.Users) == 0 {
		return change.Plan{}, &fault.FieldError{Field: "user", Message: "Choose at least one person."}
	}
	act := access.AddMember
	if r.way == change.RemoveMembers {
		act = access.RemoveMember
	}
	people, ids := unique(in.Users), in.All()
	if len(ids)*len(people) > change.MostPeople {
		return change.Plan{}, fault.Newf(fault.TooLarge, "At most %d lines can be changed at once, and these would be %d. Choose fewer teams or fewer people.", change.MostPeople, len(ids)*len(people))
	}
	self := len(ids) == 1 && a.User != "" && slices.Equal(people, []id.User{a.User})
	sees := a.Scope()
	if act == access.AddMember && self { // who wants to join need not be in it
		sees.All = true
	}
	teams, err := r.openTeams(ctx, sees, ids)
	if err != nil {
		return change.Plan{}, err
	}
	p := change.Plan{Question: access.Question{Act: act, Rows: len(people) * len(teams), Facts: access.TeamFacts{People: people}}}
	for i := range teams {
		p.Question.Teams = append(p.Question.Teams, teamFacts(teams[i]))
		for _, u := range people {
			row := r.memberRow(act, &teams[i], u)
			row.Pos = len(p.Rows) + 1
			p.Rows = append(p.Rows, row)
		}
	}
	who, where := p.Rows[0].Subject, teams[0].Name
	if len(people) > 1 {
		who = fmt.Sprintf("%d people", len(people))
	}
	if len(teams) > 1 {
		where = fmt.Sprintf("%d teams", len(teams))
	}
	p.Title = "Add " + who + " to " + where
	if act == access.RemoveMember {
		p.Title = "Remove " + who + " from " + where
	}
	return p, nil
}

const unknownUser = "Unknown user"

// memberRow plans access.AddMember or access.RemoveMember of one user against the team as given.
func (b base) memberRow(act access.Act, team *directory.Team, u id.User) change.Row {
	row := change.Row{Kind: string(act), User: u, Team: team.ID, Lock: "team:" + string(team.ID),
		Action: change.Update, Payload: payload(struct{}{}), Subject: unknownUser, Detail: team.Name}
	if act == access.AddMember {
		row.Group = row.Lock
	}
	user, known := b.dir.Current().User(u)
	if known {
		row.Subject, row.Detail = user.Name, user.Email
	}
	member := slices.Contains(team.Members, u)
	switch {
	case act == access.AddMember && member:
		row.Action, row.Note = change.NothingToDo, "Is a member already."
	case act == access.RemoveMember && !member:
		row.Action, row.Note = change.NothingToDo, "Is not a member."
	case act == access.AddMember && !known:
		row.Action, row.Note = change.NotPossible, "There is no such user."
	case act == access.AddMember && user.Status == directory.Inactive:
		row.Action, row.Note = change.NotPossible, "The user is deactivated."
	case act == access.AddMember:
		row.Before, row.After = "not a member", "member of "+team.Name
	default:
		row.Before, row.After = "member of "+team.Name, "not a member"
	}
	return row
}
