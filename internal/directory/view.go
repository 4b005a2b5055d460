package directory

import (
	"maps"
	"slices"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

// View is a snapshot cut to a scope. All pages read through it; it is the one place where scope becomes lists, counts
// and searches. What is out of scope is answered as if it did not exist. It is safe for concurrent use.
//
// The rules: HR and auditors see all. A lead sees the pages of the members of the teams they lead. Everybody sees
// themself. A team is open to its manager and its members; a member reads the names of the others, not their pages.
type View struct {
	x     *index
	scope access.Scope
	// open are the positions of the users whose pages are open, in order; not used with scope.All.
	open []int32
}

func newView(x *index, scope access.Scope) View {
	v := View{x: x, scope: scope}
	if scope.All {
		return v
	}
	if i, ok := x.userAt[scope.Self]; ok && scope.Self != "" {
		v.open = append(v.open, i)
	}
	for t := range scope.Leads {
		v.open = append(v.open, x.members[t]...)
	}
	slices.Sort(v.open)
	v.open = slices.Compact(v.open)
	return v
}

// User answers a user whose page is open to the scope; false if there is none or it is not open. Teams and Manages name
// open teams only, here and in all that a view answers.
func (v View) User(u id.User) (*User, bool) {
	user, ok := v.x.user(u)
	if !ok || !v.scope.SeesUser(u, user.Teams) {
		return nil, false
	}
	return v.cut(user), true
}

// cut takes the teams that are not open away from a user.
func (v View) cut(u *User) *User {
	if v.scope.All {
		return u
	}
	c := *u
	hidden := func(t id.Team) bool { return !v.scope.SeesTeam(t) }
	c.Teams = slices.DeleteFunc(slices.Clone(u.Teams), hidden)
	c.Manages = slices.DeleteFunc(slices.Clone(u.Manages), hidden)
	return &c
}

// Team answers a team whose page is open to the scope; false if there is none or it is not open.
func (v View) Team(t id.Team) (*Team, bool) {
	team, ok := v.x.teamByID[t]
	if !ok || !v.scope.SeesTeam(t) {
		return nil, false
	}
	return team, true
}

// Teams answers the open teams by name.
func (v View) Teams() []*Team {
	return slices.DeleteFunc(slices.Clone(v.x.teams), func(t *Team) bool { return !v.scope.SeesTeam(t.ID) })
}

// TeamsOf answers which open teams the user is a member of, and which open teams the user manages, by name. Both are
// empty for a user whose page is not open.
func (v View) TeamsOf(u id.User) (member, manages []*Team) {
	user, ok := v.User(u)
	if !ok {
		return nil, nil
	}
	return v.pick(user.Teams), v.pick(user.Manages)
}

func (v View) pick(ids []id.Team) []*Team {
	var out []*Team
	for _, t := range ids {
		if team, ok := v.Team(t); ok {
			out = append(out, team)
		}
	}
	return out
}

// Person is somebody named on a team's page. Only ID, Name and Status are set for people whose page is not open.
type Person struct {
	ID     id.User
	Name   string
	Status Status
	// Email is empty unless Open.
	Email string
	// Open says whether the scope may read the person's page.
	Open bool
}

// Members answers who is in an open team, by name, whatever their status; false if the team is not open. People who are
// on Gtmhub's list but not in our copy of the account are left out.
func (v View) Members(t id.Team) ([]Person, bool) {
	team, ok := v.Team(t)
	if !ok {
		return nil, false
	}
	people := make([]Person, 0, len(team.Members))
	for _, i := range v.x.members[t] {
		people = append(people, v.person(v.x.users[i]))
	}
	return people, true
}

// Manager answers who manages an open team; false if the team is not open or has no manager that our copy knows.
func (v View) Manager(t id.Team) (Person, bool) {
	team, ok := v.Team(t)
	if !ok {
		return Person{}, false
	}
	user, ok := v.x.user(team.Manager)
	if !ok {
		return Person{}, false
	}
	return v.person(user), true
}

func (v View) person(u *User) Person {
	if !v.scope.SeesUser(u.ID, u.Teams) {
		name := u.Name
		if name == u.Email { // a user without a name is shown by address, which is not for everybody
			name = ""
		}
		return Person{ID: u.ID, Name: name, Status: u.Status}
	}
	return Person{ID: u.ID, Name: u.Name, Status: u.Status, Email: u.Email, Open: true}
}

// Counts answers the numbers of what is open to the scope. Roles are counted whole.
func (v View) Counts() Counts {
	if v.scope.All {
		c := v.x.counts
		c.ByStatus = maps.Clone(c.ByStatus)
		return c
	}
	c := newCounts()
	c.Teams, c.Roles = len(v.Teams()), len(v.x.roles)
	for _, i := range v.open {
		c.add(v.x.users[i])
	}
	return c
}

// Languages answers the codes that the users of the scope have, sorted.
func (v View) Languages() []string {
	if v.scope.All {
		return slices.Clone(v.x.languages())
	}
	codes := map[string]bool{}
	for _, i := range v.open {
		codes[v.x.users[i].Language] = true
	}
	return sortedCodes(codes)
}

func sortedCodes(codes map[string]bool) []string {
	delete(codes, "")
	return slices.Sorted(maps.Keys(codes))
}
