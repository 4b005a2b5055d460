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

// Offboard is the recipe for a leaver: successors as managers first, then memberships, objectives and roles, and the
// deactivation last. Each new manager waits for the one before and everything else for the last of them, so that nobody
// is deactivated while an active team still has them as its manager.
type Offboard struct{ base }

// Name is change.OffboardPerson.
func (Offboard) Name() string { return change.OffboardPerson }

// Plan is NotFound for a person that the actor may not see, and Invalid with the field "manager-<team>" for a team
// without a successor, or "to" for objectives.
func (r Offboard) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Offboarding
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	if _, ok := r.dir.Current().View(a.Scope()).User(in.User); !ok || !a.HR {
		return change.Plan{}, errNoPerson
	}
	// What the leaver manages decides what the plan must hold, so all teams are read anew.
	if err := r.dir.RefreshTeams(ctx); err != nil {
		return change.Plan{}, unread(err)
	}
	if err := r.dir.Refresh(ctx, []id.User{in.User}, nil); err != nil {
		return change.Plan{}, unread(err)
	}
	u, ok := r.dir.Current().User(in.User)
	if !ok {
		return change.Plan{}, errNoPerson
	}
	o := offboarding{base: r.base, actor: a, leaver: u, plan: change.Plan{Title: "Offboard " + u.Name, Links: map[int]int{}}, gate: -1, step: -1}
	for _, part := range []func(context.Context, change.Offboarding) error{o.managers, o.memberships, o.objectives, o.roles} {
		o.opened = false
		if err := part(ctx, in); err != nil {
			return change.Plan{}, err
		}
	}
	o.deactivate()
	return o.plan, nil
}

// offboarding is a plan in the making.
type offboarding struct {
	base
	actor  access.Actor
	leaver *directory.User
	plan   change.Plan
	// gate is the index of the last new manager, -1 for none: everything after waits for it.
	gate int
	// step and pos are those of the last row; opened says that the part at hand has a row already.
	step, pos int
	opened    bool
}

func (o *offboarding) add(row change.Row) int {
	if !o.opened {
		o.opened, o.step, o.pos = true, o.step+1, 0
	}
	o.pos++
	row.Step, row.Pos = o.step, o.pos
	i := len(o.plan.Rows)
	if o.gate >= 0 {
		o.plan.Links[i] = o.gate
	}
	o.plan.Rows = append(o.plan.Rows, row)
	return i
}

func (o *offboarding) ask(q access.Question) { o.plan.More = append(o.plan.More, q) }

// managers gives each active team of the leaver a new manager. A team without a possible one stops the whole.
func (o *offboarding) managers(ctx context.Context, in change.Offboarding) error {
	for _, t := range o.leaver.Manages {
		team, err := o.dir.FreshTeam(ctx, t)
		if err != nil {
			return unread(err)
		}
		if team.Manager != o.leaver.ID || !team.Active {
			continue
		}
		field, to := "manager-"+string(t), in.Managers[t]
		switch to {
		case "":
			return &fault.FieldError{Field: field, Message: "Choose who manages " + team.Name + " from now on."}
		case o.leaver.ID:
			return &fault.FieldError{Field: field, Message: "Choose somebody else for " + team.Name + ": this is the person who leaves."}
		}
		row, q, err := o.setTeam(access.SetManager).row(ctx, team, teamFields{Manager: &to})
		if err != nil {
			return err
		}
		if row.Action == change.NotPossible {
			return &fault.FieldError{Field: field, Message: row.Note}
		}
		o.gate = o.add(row)
		o.ask(q)
	}
	return nil
}

// memberships takes the leaver out of all teams, if that is wished.
func (o *offboarding) memberships(ctx context.Context, in change.Offboarding) error {
	if !in.LeaveTeams {
		return nil
	}
	for _, t := range o.leaver.Teams {
		team, err := o.dir.FreshTeam(ctx, t)
		if err != nil {
			return unread(err)
		}
		row := o.memberRow(access.RemoveMember, &team, o.leaver.ID)
		row.Detail = team.Name
		o.add(row)
		o.ask(access.Question{Act: access.RemoveMember, Teams: []access.Team{teamFacts(team)}, Rows: 1, Facts: access.TeamFacts{People: []id.User{o.leaver.ID}}})
	}
	return nil
}

// objectives hands over what the leaver owns, if somebody takes over.
func (o *offboarding) objectives(ctx context.Context, in change.Offboarding) error {
	if in.Objectives == "" {
		return nil
	}
	if err := o.successor(ctx, o.leaver.ID, in.Objectives); err != nil {
		return err
	}
	owned, err := o.set.Lookups.FreshOwned(ctx, o.leaver.ID)
	if err != nil {
		return unread(err)
	}
	n := 0
	for _, x := range owned.Objectives {
		if x.OwnedBy(o.leaver.ID) {
			o.add(o.handing(&owned, o.leaver.ID, in.Objectives, x.ID))
			n++
		}
	}
	if n > 0 {
		o.ask(access.Question{Act: access.HandOverObjectives, Rows: n})
	}
	return nil
}

// roles takes the roles that were given by hand, if that is wished.
func (o *offboarding) roles(_ context.Context, in change.Offboarding) error {
	if !in.TakeRoles {
		return nil
	}
	for _, role := range o.leaver.Roles {
		row := o.person()
		o.taking(o.leaver, role, &row)
		o.add(row)
	}
	if len(o.leaver.Roles) > 0 {
		o.ask(access.Question{Act: access.TakeRole, Users: o.fact(), Roles: o.rolesFacts(o.leaver.Roles), Rows: 1})
	}
	return nil
}

// deactivate is the last step.
func (o *offboarding) deactivate() {
	o.opened = false
	row := o.person()
	o.deactivation(o.leaver, &row)
	row.Payload = payload(accessChange{WasActive: !o.leaver.Deactivated, Leaver: true})
	o.add(row)
	o.plan.Question = access.Question{Act: access.DeactivateUser, Users: o.fact(), Rows: 1}
}

// person is a row about the leaver.
func (o *offboarding) person() change.Row {
	return change.Row{Subject: o.leaver.Name, Detail: o.leaver.Email, User: o.leaver.ID, Lock: userLock(o.leaver.Email)}
}

func (o *offboarding) fact() []access.User {
	return []access.User{o.factsFor([]id.User{o.leaver.ID}).of(o.leaver)}
}
