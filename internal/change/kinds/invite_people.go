package kinds

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// InvitePeople is the recipe behind the invitation wizard: create each user, then give roles, then set teams.
type InvitePeople struct{ base }

// Name is change.InvitePeople.
func (InvitePeople) Name() string { return change.InvitePeople }

// The steps of an invitation.
const (
	stepCreate = iota
	stepRole
	stepTeam
)

// Plan works the invitations out against the directory: create, already there, or not possible.
func (r InvitePeople) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Invitations
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The list could not be read.")
	}
	wanted := 0
	for _, p := range in.People {
		if p.Problem == "" {
			wanted++
		}
	}
	if wanted == 0 {
		return change.Plan{}, fault.New(fault.Invalid, "The list has nobody who can be invited.")
	}
	var teams []id.Team
	for _, p := range in.People {
		teams = append(teams, p.Teams...)
	}
	slices.Sort(teams)
	if err := r.freshen(ctx, a, slices.Compact(teams)); err != nil {
		return change.Plan{}, err
	}
	pl := planner{InvitePeople: r, actor: a, snap: r.dir.Current(), plan: change.Plan{Links: map[int]int{}}, facts: r.factsFor(nil), gifts: map[id.Role][]access.User{}}
	for _, p := range in.People {
		pl.person(p)
	}
	pl.plan.Question = access.Question{Act: access.InviteUser, Teams: r.knownTeams(unique(pl.teams)), Roles: r.rolesFacts(unique(pl.roles)), Rows: max(pl.people, 1)}
	for _, role := range slices.Sorted(maps.Keys(pl.gifts)) {
		pl.plan.More = append(pl.plan.More, pl.gift(role, pl.gifts[role], unique(pl.teams)))
	}
	pl.plan.Single = pl.people <= 1
	pl.plan.Title = fmt.Sprintf("Invite %d people", wanted)
	if wanted == 1 {
		pl.plan.Title = "Invite " + pl.only
	}
	pl.order()
	return pl.plan, nil
}

// Asked is change.Corrector. A person whose account was there from the start has only the address in the row; what is left
// to correct then stands in the later steps.
func (InvitePeople) Asked(main change.Row, more []change.Row) (change.Invitee, error) {
	w, err := decode[invitation](main)
	if err != nil {
		return change.Invitee{}, err
	}
	p := change.Invitee{Line: main.Line, Email: w.Email, FirstName: w.FirstName, LastName: w.LastName, Language: w.Language, Teams: w.Teams, Cells: w.Cells}
	for _, r := range w.Roles {
		p.Role = r
	}
	if w.FirstName != "" || w.LastName != "" {
		return p, nil
	}
	if w.Cells == nil {
		p.FirstName = main.Subject
	}
	for _, row := range more {
		switch access.Act(row.Kind) {
		case access.AddMember:
			p.Teams = append(p.Teams, row.Team)
		case access.GiveRole:
			g, err := decode[roleGift](row)
			if err != nil {
				return p, err
			}
			p.Role = g.Role
		}
	}
	return p, nil
}

func unique[T ~string](in []T) []T {
	slices.Sort(in)
	return slices.Compact(in)
}

// planner gathers the rows of one invitation.
type planner struct {
	InvitePeople
	actor access.Actor
	snap  *directory.Snapshot
	plan  change.Plan
	// people, teams and roles are what is really asked for: the policy is put the question about them.
	people int
	teams  []id.Team
	roles  []id.Role
	// gifts are the roles asked for, with those who have an account already.
	facts facts
	gifts map[id.Role][]access.User
	// only is the name of the person if one is wanted.
	only string
}

func (pl *planner) person(p change.Invitee) {
	name := strings.TrimSpace(p.FirstName + " " + p.LastName)
	if name == "" {
		name = p.Email
	}
	if p.Problem != "" {
		pl.add(change.Row{Step: stepCreate, Kind: string(access.InviteUser), Line: p.Line, Subject: name, Detail: p.Email,
			Payload: payload(invitation{Email: p.Email, Cells: p.Cells}), Action: change.NotPossible, Note: p.Problem, Flags: p.Flags})
		return
	}
	pl.only = name
	var roles []id.Role
	if p.Role != "" {
		roles = []id.Role{p.Role}
	}
	row := change.Row{Step: stepCreate, Kind: string(access.InviteUser), Line: p.Line, Subject: name, Detail: p.Email,
		Payload: payload(invitation{Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, Language: p.Language, Teams: p.Teams, Roles: roles}), Lock: "user:" + p.Email,
		Action: change.Create, Before: "no user", After: "new user, invited by mail", Flags: p.Flags}
	if p.Language != "" {
		row.After += ", language " + p.Language
	}
	existing := pl.snap.UsersByEmail(p.Email)
	var user *directory.User
	v := pl.set.Policy.Decide(pl.actor, access.Question{Act: access.InviteUser, Teams: pl.knownTeams(p.Teams), Roles: pl.rolesFacts(roles), Rows: 1})
	switch {
	case v.Outcome == access.No:
		row.Action, row.Note = change.NotPossible, strings.TrimSpace(v.Sentence+" "+v.Help)
	case len(existing) > 1:
		row.Action, row.Note = change.NotPossible, "Gtmhub has several users with this address. Repair that first."
	case len(existing) == 1:
		user = existing[0]
		row.Action, row.User, row.Before, row.After = change.NothingToDo, user.ID, string(user.Status)+" user", string(user.Status)+" user"
		row.Note = thereAlready(user.Status)
		if user.Status == directory.Inactive {
			row.Note = "There is a deactivated user with this address, who is left as is."
		}
		if !strings.EqualFold(user.Name, name) {
			row.Flags = append(slices.Clone(row.Flags), "another name in Gtmhub: "+user.Name)
		}
	}
	for _, role := range pl.rolesFacts(roles) {
		if role.Admin {
			row.Flags = append(slices.Clone(row.Flags), "administrator role")
		}
	}
	if row.Action == change.NothingToDo {
		row.Payload, row.Lock = payload(invitation{Email: p.Email}), ""
	}
	parent := pl.add(row)
	if row.Action == change.NotPossible || (user != nil && user.Status == directory.Inactive) {
		return
	}
	asked := row.Action == change.Create
	if p.Role != "" {
		asked = pl.role(p, parent, row, user) || asked
	}
	for _, t := range p.Teams {
		asked = pl.team(p, t, parent, row, user) || asked
	}
	if asked {
		pl.people++
		pl.teams = append(pl.teams, p.Teams...)
		pl.roles = append(pl.roles, roles...)
	}
}

// add appends a row and returns its index.
func (pl *planner) add(row change.Row) int {
	pl.plan.Rows = append(pl.plan.Rows, row)
	return len(pl.plan.Rows) - 1
}

func (pl *planner) role(p change.Invitee, parent int, create change.Row, user *directory.User) bool {
	facts := pl.roleFacts(p.Role)
	row := change.Row{Step: stepRole, Kind: string(access.GiveRole), Line: p.Line, Subject: create.Subject, Detail: create.Detail, User: create.User,
		Payload: payload(roleGift{Role: p.Role, Teams: p.Teams, There: user != nil}), Lock: create.Lock, Action: change.Update, After: "role " + facts.Name}
	if user != nil {
		row.Lock = "user:" + p.Email
		if slices.Contains(user.Roles, p.Role) {
			row.Action, row.Note, row.Before = change.NothingToDo, hasRoleAlready, row.After
		} else {
			there := pl.facts.of(user)
			if v := pl.set.Policy.Decide(pl.actor, pl.gift(p.Role, []access.User{there}, p.Teams)); v.Outcome == access.No {
				row.Action, row.Note = change.NotPossible, strings.TrimSpace(v.Sentence+" "+v.Help)
			} else {
				pl.gifts[p.Role] = append(pl.gifts[p.Role], there)
			}
		}
	}
	pl.plan.Links[pl.add(row)] = parent
	return row.Action == change.Update
}

// gift asks whether the role may be given to users who have an account already.
func (pl *planner) gift(role id.Role, users []access.User, teams []id.Team) access.Question {
	return access.Question{Act: access.GiveRole, Users: users, Roles: pl.rolesFacts([]id.Role{role}), Teams: pl.knownTeams(teams), Rows: len(users)}
}

func (pl *planner) team(p change.Invitee, t id.Team, parent int, create change.Row, user *directory.User) bool {
	row := change.Row{Step: stepTeam, Kind: string(access.AddMember), Line: p.Line, Subject: create.Subject, Detail: create.Detail, User: create.User,
		Team: t, Group: "team:" + string(t), Lock: "team:" + string(t), Payload: payload(struct{}{}), Action: change.Update}
	team, ok := pl.snap.Team(t)
	switch {
	case !ok:
		row.Action, row.Note = change.NotPossible, "The team does not exist any more."
	case !team.Active:
		row.Action, row.Note = change.NotPossible, "The team "+team.Name+" is deactivated."
	case user != nil && slices.Contains(team.Members, user.ID):
		row.Action, row.Note, row.Before, row.After = change.NothingToDo, "Is a member already.", "member of "+team.Name, "member of "+team.Name
	default:
		row.After = "member of " + team.Name
	}
	pl.plan.Links[pl.add(row)] = parent
	return row.Action == change.Update
}

// order sorts the rows by step, keeps the order of the list within a step, and numbers them.
func (pl *planner) order() {
	rows := pl.plan.Rows
	index := make([]int, len(rows))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(x, y int) int { return rows[x].Step - rows[y].Step })
	at := make([]int, len(rows))
	sorted := make([]change.Row, len(rows))
	pos := map[int]int{}
	for to, from := range index {
		at[from], sorted[to] = to, rows[from]
		pos[sorted[to].Step]++
		sorted[to].Pos = pos[sorted[to].Step]
	}
	links := make(map[int]int, len(pl.plan.Links))
	for child, parent := range pl.plan.Links {
		links[at[child]] = at[parent]
	}
	pl.plan.Rows, pl.plan.Links = sorted, links
}
