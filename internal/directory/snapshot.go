package directory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Snapshot is the account at one moment. It is immutable and safe for concurrent use; what it returns is shared and
// must not be changed. Its methods know no rights: use [Snapshot.View] for whatever a person gets to see.
type Snapshot struct {
	*index
	fetchedAt time.Time
}

// index is what a snapshot knows, worked out once. Snapshots that differ only in age share it.
type index struct {
	users  []*User  // by folded name, address, id
	text   []string // per user: "\n" + folded name + "\n" + folded address
	ranks  []uint8  // per user: the rank of the status, side by side so that counting touches little memory
	userAt map[id.User]int32
	byMail map[string][]*User

	teams      []*Team // by folded name, id
	teamByID   map[id.Team]*Team
	members    map[id.Team][]int32 // the known members' positions in users, in their order
	teamByName map[string][]*Team

	roles      []*Role // by folded name, id
	roleByID   map[id.Role]*Role
	roleByName map[string][]*Role

	counts    Counts
	languages func() []string           // the codes that occur, worked out at first use
	orders    map[string]func() []int32 // per sort key: positions in users, worked out at first use
	tree      func() []*Node            // the whole account's tree, worked out at first use
}

// NewSnapshot makes a snapshot of records. It copies them and works out Teams and Manages of the users from the teams.
// Of several records with one id the last counts; a status that is none of [Statuses] becomes Inactive. A zero fetchedAt means that nothing was ever loaded.
func NewSnapshot(users []User, teams []Team, roles []Role, fetchedAt time.Time) *Snapshot {
	x := &index{}
	x.setTeams(teams)
	x.setRoles(roles)
	x.setUsers(users)
	x.counts.Teams, x.counts.Roles = len(x.teams), len(x.roles)
	x.tree = sync.OnceValue(func() []*Node { return x.buildTree(access.Scope{All: true}) })
	return &Snapshot{index: x, fetchedAt: fetchedAt}
}

func (x *index) setTeams(teams []Team) {
	x.teamByID = make(map[id.Team]*Team, len(teams))
	for _, t := range teams {
		if t.ID != "" {
			t.Members = unique(t.Members)
			x.teamByID[t.ID] = &t
		}
	}
	x.teams, x.teamByName = byName(x.teamByID, func(t *Team) string { return t.Name })
}

func (x *index) setRoles(roles []Role) {
	x.roleByID = make(map[id.Role]*Role, len(roles))
	for _, r := range roles {
		if r.ID != "" {
			r.Permissions = slices.Clone(r.Permissions)
			x.roleByID[r.ID] = &r
		}
	}
	x.roles, x.roleByName = byName(x.roleByID, func(r *Role) string { return r.Name })
}

// byName answers the records by folded name and then id, and a look-up by folded name.
func byName[K ~string, V any](records map[K]*V, name func(*V) string) ([]*V, map[string][]*V) {
	type named struct {
		folded string
		id     K
	}
	order := make([]named, 0, len(records))
	for k, v := range records {
		order = append(order, named{Fold(name(v)), k})
	}
	slices.SortFunc(order, func(a, b named) int { return cmp.Or(cmp.Compare(a.folded, b.folded), cmp.Compare(a.id, b.id)) })
	list, look := make([]*V, len(order)), make(map[string][]*V, len(order))
	for i, n := range order {
		list[i] = records[n.id]
		look[n.folded] = append(look[n.folded], list[i])
	}
	return list, look
}

func (x *index) setUsers(users []User) {
	type folded struct {
		user       *User
		name, mail string
	}
	last := make(map[id.User]int, len(users))
	all := make([]folded, 0, len(users))
	for _, u := range users {
		if u.ID == "" {
			continue
		}
		u.Roles, u.Teams, u.Manages = unique(u.Roles), nil, nil
		if !slices.Contains(Statuses(), u.Status) {
			u.Status = Inactive
		}
		u.Deactivated = u.Deactivated || u.Status == Inactive
		f := folded{&u, Fold(u.Name), Fold(u.Email)}
		if i, twice := last[u.ID]; twice {
			all[i] = f
			continue
		}
		last[u.ID] = len(all)
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b folded) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.mail, b.mail), cmp.Compare(a.user.ID, b.user.ID))
	})
	x.users, x.text, x.ranks = make([]*User, len(all)), make([]string, len(all)), make([]uint8, len(all))
	x.userAt, x.byMail = make(map[id.User]int32, len(all)), make(map[string][]*User, len(all))
	x.counts = newCounts()
	for i, f := range all {
		x.users[i], x.text[i], x.ranks[i] = f.user, "\n"+f.name+"\n"+f.mail, uint8(rank(f.user.Status))
		x.userAt[f.user.ID] = int32(i)
		key := mailKey(f.user.Email)
		x.byMail[key] = append(x.byMail[key], f.user)
		x.counts.add(f.user)
	}
	x.members = make(map[id.Team][]int32, len(x.teams))
	for _, t := range x.teams { // by name, so that the lists of each user are
		known := make([]int32, 0, len(t.Members))
		for _, m := range t.Members {
			if i, ok := x.userAt[m]; ok {
				known = append(known, i)
				x.users[i].Teams = append(x.users[i].Teams, t.ID)
			}
		}
		slices.Sort(known)
		x.members[t.ID] = known
		if u, ok := x.user(t.Manager); ok {
			u.Manages = append(u.Manages, t.ID)
		}
	}
	x.languages = sync.OnceValue(func() []string {
		codes := map[string]bool{}
		for _, u := range x.users {
			codes[u.Language] = true
		}
		return sortedCodes(codes)
	})
	x.setOrders()
}

func newCounts() Counts {
	c := Counts{ByStatus: make(map[Status]int, len(Statuses()))}
	for _, s := range Statuses() {
		c.ByStatus[s] = 0
	}
	return c
}

func (c *Counts) add(u *User) {
	c.Users++
	c.ByStatus[u.Status]++
}

func (x *index) user(u id.User) (*User, bool) {
	i, ok := x.userAt[u]
	if !ok {
		return nil, false
	}
	return x.users[i], true
}

// mailKey makes addresses comparable: letter case and spaces around do not count, accents do.
func mailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// View cuts the snapshot to what a scope may read.
func (s *Snapshot) View(scope access.Scope) View { return newView(s.index, scope) }

// User answers a user by id, without regard to rights.
func (s *Snapshot) User(u id.User) (*User, bool) { return s.user(u) }

// Team answers a team by id, without regard to rights.
func (s *Snapshot) Team(t id.Team) (*Team, bool) {
	team, ok := s.teamByID[t]
	return team, ok
}

// Role answers a role by id. Roles are no secret: every signed-in person may read their names.
func (s *Snapshot) Role(r id.Role) (*Role, bool) {
	role, ok := s.roleByID[r]
	return role, ok
}

// Users answers all users by name.
func (s *Snapshot) Users() []*User { return slices.Clone(s.users) }

// Teams answers all teams by name.
func (s *Snapshot) Teams() []*Team { return slices.Clone(s.teams) }

// Roles answers all roles by name.
func (s *Snapshot) Roles() []*Role { return slices.Clone(s.roles) }

// UsersByEmail answers the users with this address, without regard to letter case: normally none or one. None means
// only that our copy has none; before an invitation ask [Directory.FreshUsersByEmail].
func (s *Snapshot) UsersByEmail(email string) []*User {
	if mailKey(email) == "" {
		return nil
	}
	return slices.Clone(s.byMail[mailKey(email)])
}

// TeamsByName answers the teams with this name, compared by [Fold].
func (s *Snapshot) TeamsByName(name string) []*Team { return slices.Clone(s.teamByName[Fold(name)]) }

// RolesByName answers the roles with this name, compared by [Fold].
func (s *Snapshot) RolesByName(name string) []*Role { return slices.Clone(s.roleByName[Fold(name)]) }

// AllTeamNames answers the names of all teams in order; teams of one name give it more than once.
func (s *Snapshot) AllTeamNames() []string {
	names := make([]string, len(s.teams))
	for i, t := range s.teams {
		names[i] = t.Name
	}
	return names
}

// AllRoleNames answers the names of all roles in order.
func (s *Snapshot) AllRoleNames() []string {
	names := make([]string, len(s.roles))
	for i, r := range s.roles {
		names[i] = r.Name
	}
	return names
}

// FetchedAt is when the last complete reading from Gtmhub began, and zero when there was none. Single records may be
// younger, none is older.
func (s *Snapshot) FetchedAt() time.Time { return s.fetchedAt }

// Loaded says whether the account was ever read. An empty snapshot that is not loaded says nothing about the account.
func (s *Snapshot) Loaded() bool { return !s.fetchedAt.IsZero() }

// Age is how old the data are at most; 0 when nothing is loaded.
func (s *Snapshot) Age(now time.Time) time.Duration {
	if !s.Loaded() {
		return 0
	}
	return max(0, now.Sub(s.fetchedAt))
}

// Counts answers the numbers of the whole account.
func (s *Snapshot) Counts() Counts {
	c := s.counts
	c.ByStatus = maps.Clone(c.ByStatus)
	return c
}
