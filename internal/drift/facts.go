// Package drift finds what changed in the account without the portal, each change once, and keeps what HR makes of it.
//
// A look turns the account into facts. What the portal did since the look before is added to the facts of then, so that
// what differs from the account of now was done by somebody else; an outside edit that takes back what the portal did
// differs too. What the portal is doing at the moment of the look is left for the next one. Start at [Service.Look].
package drift

import (
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Aspect is what a fact is about.
type Aspect string

// The aspects. A fact with an empty value is the same as none.
const (
	UserIs    Aspect = "user"    // On or Off
	RoleOf    Aspect = "role"    // On: the user holds the role directly
	MemberOf  Aspect = "member"  // On: the user is in the team
	TeamIs    Aspect = "team"    // On or Off
	ParentOf  Aspect = "parent"  // the id of the team above
	ManagerOf Aspect = "manager" // the id of a user
)

// Values of facts that are no ids.
const (
	On  = "on"
	Off = "off"
)

// Fact names one thing that is so or not. Only the ids that its aspect is about are set.
type Fact struct {
	Of   Aspect
	User id.User
	Team id.Team
	Role id.Role
}

// Facts are values by fact.
type Facts map[Fact]string

// Picture is the account at one look: its facts, and the names of people and teams by id.
type Picture struct {
	Facts Facts
	Names map[string]string
}

// PictureOf takes the picture of a snapshot. Managers, members and parents that do not exist count as none.
func PictureOf(snap *directory.Snapshot) Picture {
	users, teams := snap.Users(), snap.Teams()
	p := Picture{Facts: make(Facts, 4*len(users)+3*len(teams)), Names: make(map[string]string, len(users)+len(teams))}
	state := map[bool]string{true: On, false: Off}
	for _, u := range users {
		p.Names[string(u.ID)] = u.Name
		p.Facts[Fact{Of: UserIs, User: u.ID}] = state[!u.Deactivated]
		for _, r := range u.Roles {
			p.Facts[Fact{Of: RoleOf, User: u.ID, Role: r}] = On
		}
		for _, t := range u.Teams {
			p.Facts[Fact{Of: MemberOf, User: u.ID, Team: t}] = On
		}
	}
	for _, t := range teams {
		p.Names[string(t.ID)] = t.Name
		p.Facts[Fact{Of: TeamIs, Team: t.ID}] = state[t.Active]
		if _, ok := snap.Team(t.Parent); ok {
			p.Facts[Fact{Of: ParentOf, Team: t.ID}] = string(t.Parent)
		}
		if _, ok := snap.User(t.Manager); ok {
			p.Facts[Fact{Of: ManagerOf, Team: t.ID}] = string(t.Manager)
		}
	}
	return p
}

// exists says whether the people and teams that a fact is about are there.
func (f Facts) exists(fact Fact) bool {
	return (fact.User == "" || f[Fact{Of: UserIs, User: fact.User}] != "") && (fact.Team == "" || f[Fact{Of: TeamIs, Team: fact.Team}] != "")
}

// Write is what a row of a change does to a fact; an empty Value takes it away.
type Write struct {
	Fact  Fact
	Value string
	Sure  Sureness
}

// Sureness is how well we know that a write took effect before the account was read.
type Sureness int

// The degrees.
const (
	// Done before the account was read.
	Done Sureness = iota
	// Maybe it took effect; if the account shows it, it was the portal.
	Maybe
	// UnderWay: the account may have been read before it or after it.
	UnderWay
)

// expected are the facts as they would be if only the portal had done something, in the order of its writes, and whether
// a fact cannot be judged yet.
func expected(was, now Facts, did []Write) (want Facts, open func(Fact) bool) {
	want = make(Facts, len(was))
	for f, v := range was {
		want[f] = v
	}
	facts, users, teams := map[Fact]bool{}, map[id.User]bool{}, map[id.Team]bool{}
	for _, w := range did {
		switch {
		case w.Sure == UnderWay:
			facts[w.Fact] = true
			// Whoever comes or goes takes roles and memberships along.
			users[w.Fact.User] = users[w.Fact.User] || w.Fact.Of == UserIs
			teams[w.Fact.Team] = teams[w.Fact.Team] || w.Fact.Of == TeamIs
		case w.Sure == Done || now[w.Fact] == w.Value:
			want.set(w.Fact, w.Value)
		}
	}
	for f, v := range want {
		if !want.exists(f) || f.Of == ManagerOf && want[Fact{Of: UserIs, User: id.User(v)}] == "" || f.Of == ParentOf && want[Fact{Of: TeamIs, Team: id.Team(v)}] == "" {
			delete(want, f)
		}
	}
	return want, func(f Fact) bool {
		return facts[f] || f.User != "" && users[f.User] || f.Team != "" && teams[f.Team] ||
			f.Of == ManagerOf && (users[id.User(was[f])] || users[id.User(now[f])]) && was[f]+now[f] != "" ||
			f.Of == ParentOf && (teams[id.Team(was[f])] || teams[id.Team(now[f])])
	}
}

func (f Facts) set(fact Fact, value string) {
	if value == "" {
		delete(f, fact)
		return
	}
	f[fact] = value
}
