package directory_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/directory/directorytest"
	"github.com/gtmhub-portal/portal/internal/id"
)

var everythingOpen = access.Scope{All: true}

func TestUsersQuery(t *testing.T) {
	t.Parallel()
	v := small(t).View(everythingOpen)
	all := map[directory.Status]int{directory.Active: 3, directory.Pending: 1, directory.Inactive: 1}
	for _, c := range []struct {
		name     string
		query    directory.UserQuery
		want     []id.User
		byStatus map[directory.Status]int
	}{
		{"default leaves out inactive people", directory.UserQuery{}, []id.User{"anna", "bo", "dora", "eve"}, all},
		{"all", directory.UserQuery{AllStatuses: true}, []id.User{"anna", "bo", "cem", "dora", "eve"}, all},
		{"one status", directory.UserQuery{Status: []directory.Status{directory.Inactive}}, []id.User{"cem"}, all},
		{"text counts all statuses", directory.UserQuery{Text: "ANN"}, []id.User{"anna", "dora"},
			map[directory.Status]int{directory.Active: 2, directory.Pending: 0, directory.Inactive: 1}},
		{"role", directory.UserQuery{Role: "r1"}, []id.User{"anna"}, nil},
		{"team", directory.UserQuery{Team: "s"}, []id.User{"anna", "bo"}, nil},
		{"team with sub-teams", directory.UserQuery{Team: "s", WithSubTeams: true, AllStatuses: true}, []id.User{"anna", "bo", "cem"}, nil},
		{"unknown team", directory.UserQuery{Team: "x"}, []id.User{}, nil},
		{"name descending", directory.UserQuery{Sort: "-name"}, []id.User{"eve", "dora", "bo", "anna"}, nil},
		{"address", directory.UserQuery{Sort: "email"}, []id.User{"anna", "dora", "bo", "eve"}, nil},
		{"status", directory.UserQuery{Sort: "status", AllStatuses: true}, []id.User{"anna", "dora", "eve", "bo", "cem"}, nil},
		{"no date comes last", directory.UserQuery{Sort: "invited"}, []id.User{"dora", "bo", "anna", "eve"}, nil},
		{"also descending", directory.UserQuery{Sort: "-invited"}, []id.User{"bo", "dora", "anna", "eve"}, nil},
		{"date of the first by name, descending", directory.UserQuery{Sort: "-created"}, []id.User{"anna", "bo", "dora", "eve"}, nil},
		{"unknown order", directory.UserQuery{Sort: "age"}, []id.User{"anna", "bo", "dora", "eve"}, nil},
		{"page behind the last", directory.UserQuery{Page: 9}, []id.User{"anna", "bo", "dora", "eve"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			page := v.Users(c.query)
			check(t, "users", userIDs(page.Items), c.want)
			if c.byStatus != nil {
				check(t, "counts", page.ByStatus, c.byStatus)
			}
		})
	}
}

func TestViewOfALead(t *testing.T) {
	t.Parallel()
	s := small(t)
	anna := s.View(access.Scope{Self: "anna", Leads: access.NewTeamSet("s"), Member: access.NewTeamSet("s")})
	check(t, "users", userIDs(anna.Users(directory.UserQuery{AllStatuses: true}).Items), []id.User{"anna", "bo"})
	check(t, "unopened team", anna.Users(directory.UserQuery{Team: "n"}).Total, 0)
	check(t, "sub-teams are not open", anna.Users(directory.UserQuery{Team: "s", WithSubTeams: true, AllStatuses: true}).Total, 2)
	bo, ok := anna.User("bo")
	if !ok {
		t.Fatal("a member's page is not open to the lead")
	}
	check(t, "other teams of a member", bo.Teams, []id.Team{"s"})
	if _, ok := anna.User("cem"); ok {
		t.Error("the page of a member of a sub-team is open")
	}
}

func TestViewOfAMember(t *testing.T) {
	t.Parallel()
	eve := small(t).View(access.Scope{Self: "eve", Member: access.NewTeamSet("i")})
	check(t, "users", userIDs(eve.Users(directory.UserQuery{}).Items), []id.User{"eve"})
	members, ok := eve.Members("i")
	if !ok {
		t.Fatal("the own team is not open")
	}
	check(t, "members", members, []directory.Person{
		{ID: "dora", Name: "Dora Hannah", Status: directory.Active},
		{ID: "eve", Name: "Eve", Status: directory.Active, Email: "eve@example.com", Open: true},
	})
	if _, ok := eve.Manager("s"); ok {
		t.Error("the manager of another team is told")
	}
}

func TestMemberDoesNotLearnAddressFromName(t *testing.T) {
	t.Parallel()
	s := directorytest.Snapshot(t, []directory.User{{ID: "a"}, {ID: "b", Name: "b@example.com", Email: "b@example.com"}},
		[]directory.Team{{ID: "t", Members: []id.User{"a", "b"}}}, nil)
	members, _ := s.View(access.Scope{Self: "a", Member: access.NewTeamSet("t")}).Members("t")
	for _, m := range members {
		if strings.Contains(m.Name, "b@") {
			t.Errorf("the name tells the address %q", m.Name)
		}
	}
}

// account is a random account with circles, orphans, doubles and dangling ids.
type account struct {
	users []directory.User
	teams []directory.Team
}

func randomAccount(r *rand.Rand) account {
	var a account
	names := []string{"Anna", "Bo", "Çem", "Dóra", "anna"}
	users, teams := r.IntN(30), r.IntN(12)
	user := func() id.User { return id.User(fmt.Sprintf("u%d", r.IntN(users+2))) } // the last do not exist
	for i := range users {
		a.users = append(a.users, directory.User{
			ID: id.User(fmt.Sprintf("u%d", i)), Name: names[r.IntN(len(names))] + " " + names[r.IntN(len(names))],
			Email: fmt.Sprintf("u%d@example.com", i), Status: directory.Statuses()[r.IntN(3)], Roles: []id.Role{id.Role(fmt.Sprintf("r%d", r.IntN(2)))},
		})
	}
	for i := range teams {
		t := directory.Team{ID: id.Team(fmt.Sprintf("t%d", i)), Name: names[r.IntN(len(names))], Manager: user()}
		if r.IntN(4) > 0 {
			t.Parent = id.Team(fmt.Sprintf("t%d", r.IntN(teams+2)))
		}
		for range r.IntN(8) {
			t.Members = append(t.Members, user())
		}
		a.teams = append(a.teams, t)
	}
	return a
}

func (a account) snapshot() *directory.Snapshot {
	return directory.NewSnapshot(a.users, a.teams, nil, directorytest.Time)
}

func randomScope(r *rand.Rand) access.Scope {
	set := func() access.TeamSet {
		s := access.TeamSet{}
		for range r.IntN(4) {
			s[id.Team(fmt.Sprintf("t%d", r.IntN(13)))] = struct{}{}
		}
		return s
	}
	s := access.Scope{All: r.IntN(6) == 0, Leads: set(), Member: set()}
	if r.IntN(3) > 0 {
		s.Self = id.User(fmt.Sprintf("u%d", r.IntN(31)))
	}
	return s
}

// opens is the rule of the scope, read from the records and not from the package.
func (a account) opens(s access.Scope, u id.User) bool {
	return s.All || u == s.Self || slices.ContainsFunc(a.teams, func(t directory.Team) bool {
		return s.Leads.Has(t.ID) && slices.Contains(t.Members, u)
	})
}

func (a account) known(u id.User) bool {
	return slices.ContainsFunc(a.users, func(x directory.User) bool { return x.ID == u })
}

func forRandomViews(t *testing.T, f func(t *testing.T, r *rand.Rand, a account, s access.Scope)) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		a, s := randomAccount(r), randomScope(r)
		if f(t, r, a, s); t.Failed() {
			t.Fatalf("seed %d, scope %+v", seed, s)
		}
	}
}

func TestListsCountsAndScopeAgree(t *testing.T) {
	t.Parallel()
	forRandomViews(t, func(t *testing.T, r *rand.Rand, a account, s access.Scope) {
		v := a.snapshot().View(s)
		open := map[id.User]bool{}
		for _, u := range a.users {
			open[u.ID] = a.opens(s, u.ID)
			if _, ok := v.User(u.ID); ok != open[u.ID] {
				t.Errorf("User(%s) open: %v, want %v", u.ID, ok, open[u.ID])
			}
		}
		list := v.AllUsers(directory.UserQuery{AllStatuses: true})
		want := len(slices.DeleteFunc(slices.Collect(maps.Values(open)), func(b bool) bool { return !b }))
		counts := v.Counts()
		if len(list) != want || counts.Users != want || counts.Teams != len(v.Teams()) {
			t.Errorf("%d users listed, %d counted, want %d; %d teams counted, %d listed", len(list), counts.Users, want, counts.Teams, len(v.Teams()))
		}
		for status, n := range counts.ByStatus {
			if got := v.Users(directory.UserQuery{Status: []directory.Status{status}}); got.Total != n || got.ByStatus[status] != n {
				t.Errorf("%s: %d counted, %d listed, %d beside the list", status, n, got.Total, got.ByStatus[status])
			}
		}
		checkQuery(t, a, s, v, directory.UserQuery{
			Text: []string{"", "an", "anna bo", "@example"}[r.IntN(4)], AllStatuses: r.IntN(2) == 0, Size: 25, Page: 1 + r.IntN(2),
			Team: []id.Team{"", "t0", "t1", "t2"}[r.IntN(4)], Role: []id.Role{"", "r0"}[r.IntN(2)],
			Sort: []string{"", "-name", "email", "-status"}[r.IntN(4)],
		})
	})
}

// checkQuery compares a page with what the records say.
func checkQuery(t *testing.T, a account, s access.Scope, v directory.View, q directory.UserQuery) {
	t.Helper()
	want := map[id.User]bool{}
	for _, u := range a.users {
		text := directory.Fold(u.Name) + "\n" + u.Email
		match := a.opens(s, u.ID) && (q.AllStatuses || u.Status != directory.Inactive) && (q.Role == "" || slices.Contains(u.Roles, q.Role))
		for w := range strings.FieldsSeq(q.Text) {
			match = match && strings.Contains(text, w)
		}
		if q.Team != "" {
			match = match && s.SeesTeam(q.Team) && slices.ContainsFunc(a.teams, func(t directory.Team) bool {
				return t.ID == q.Team && slices.Contains(t.Members, u.ID)
			})
		}
		if match {
			want[u.ID] = true
		}
	}
	page, all := v.Users(q), v.AllUsers(q)
	if page.Total != len(want) || len(all) != len(want) {
		t.Errorf("%+v: %d on pages, %d in all, want %d", q, page.Total, len(all), len(want))
		return
	}
	from := (page.Page - 1) * page.Size
	check(t, "the page is a part of all", userIDs(page.Items), userIDs(all[from:min(from+page.Size, len(all))]))
	for _, u := range all {
		if !want[u.ID] {
			t.Errorf("%+v finds %s", q, u.ID)
		}
	}
}

func TestTreeHoldsEveryOpenTeamOnce(t *testing.T) {
	t.Parallel()
	forRandomViews(t, func(t *testing.T, r *rand.Rand, a account, s access.Scope) {
		v := a.snapshot().View(s)
		var inTree []id.Team
		directory.Walk(v.Tree(), func(n *directory.Node) {
			inTree = append(inTree, n.Team.ID)
			if !s.SeesTeam(n.Team.ID) {
				t.Errorf("team %s is not open", n.Team.ID)
			}
			members, _ := v.Members(n.Team.ID)
			people := map[id.User]bool{}
			directory.Walk([]*directory.Node{n}, func(below *directory.Node) {
				for _, m := range below.Team.Members {
					people[m] = a.known(m)
				}
			})
			maps.DeleteFunc(people, func(_ id.User, known bool) bool { return !known })
			if n.Own != len(members) || n.WithSub != len(people) {
				t.Errorf("team %s: own %d, want %d; with sub-teams %d, want %d", n.Team.ID, n.Own, len(members), n.WithSub, len(people))
			}
			for _, c := range n.Children {
				if c.Team.Parent != n.Team.ID || c.Depth != n.Depth+1 || c.Broken || c.Orphan {
					t.Errorf("team %s stands wrongly below %s", c.Team.ID, n.Team.ID)
				}
			}
			if s.All {
				q := v.Users(directory.UserQuery{Team: n.Team.ID, WithSubTeams: true, AllStatuses: true})
				if q.Total != n.WithSub {
					t.Errorf("team %s: %d listed with sub-teams, %d counted", n.Team.ID, q.Total, n.WithSub)
				}
			}
		})
		slices.Sort(inTree)
		var open []id.Team
		for _, team := range v.Teams() {
			open = append(open, team.ID)
		}
		slices.Sort(open)
		check(t, "teams in the tree", inTree, open)
	})
}

// TestNothingLeaks changes whatever the scope does not open, and wants every answer of the view to stay the same.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	forRandomViews(t, func(t *testing.T, r *rand.Rand, a account, s access.Scope) {
		if s.All {
			return
		}
		b := a.withOtherSecrets(r, s)
		x, y := answers(a.snapshot().View(s)), answers(b.snapshot().View(s))
		if diff := gocmp.Diff(x, y, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("the view shows what is not open (-before +after):\n%s", diff)
		}
	})
}

// withOtherSecrets renames closed teams, shuffles their members, managers and parents, and takes some away; it renames,
// moves and removes people of whom the scope does not even read the name.
func (a account) withOtherSecrets(r *rand.Rand, s access.Scope) account {
	named := map[id.User]bool{s.Self: true}
	var parents []id.Team
	for _, t := range a.teams {
		if s.SeesTeam(t.ID) {
			named[t.Manager] = true
			for _, m := range t.Members {
				named[m] = true
			}
		} else {
			parents = append(parents, t.ID)
		}
	}
	var b account
	for _, u := range a.users {
		switch {
		case !named[u.ID] && r.IntN(3) == 0:
			continue
		case !named[u.ID]:
			u.Name, u.Email, u.Status, u.Roles = "Secret "+u.Name, "secret@example.com", directory.Inactive, nil
		case !a.opens(s, u.ID): // only the name and the status are open
			u.Email, u.Roles, u.Language = "secret@example.com", nil, "xx"
		}
		b.users = append(b.users, u)
	}
	for _, t := range a.teams {
		if !s.SeesTeam(t.ID) {
			if r.IntN(3) == 0 {
				continue
			}
			t.Name, t.Manager, t.Members = "Secret "+t.Name, "u0", []id.User{"u0", "u1", "u2", "u3"}
			if len(parents) > 0 {
				t.Parent = parents[r.IntN(len(parents))]
			}
		}
		b.teams = append(b.teams, t)
	}
	return b
}

// answers collects what a view says, through every method.
func answers(v directory.View) map[string]any {
	out := map[string]any{"counts": v.Counts(), "teams": v.Teams(), "tree": v.Tree(), "filtered": v.TreeFiltered("a")}
	for _, sort := range []string{"name", "-email", "status"} {
		out["users by "+sort] = v.Users(directory.UserQuery{Sort: sort, AllStatuses: true})
	}
	for _, text := range []string{"secret", "anna", "u1"} {
		out["search "+text] = v.Users(directory.UserQuery{Text: text, AllStatuses: true})
	}
	for i := range 14 {
		t, u := id.Team(fmt.Sprintf("t%d", i)), id.User(fmt.Sprintf("u%d", i))
		team, ok := v.Team(t)
		out["team "+string(t)] = []any{team, ok}
		members, ok := v.Members(t)
		slices.SortFunc(members, func(a, b directory.Person) int { return cmp.Compare(a.ID, b.ID) }) // equal names stand by address
		out["members "+string(t)] = []any{members, ok}
		manager, ok := v.Manager(t)
		out["manager "+string(t)] = []any{manager, ok}
		out["users of "+string(t)] = v.Users(directory.UserQuery{Team: t, WithSubTeams: true, AllStatuses: true})
		user, ok := v.User(u)
		out["user "+string(u)] = []any{user, ok}
		member, manages := v.TeamsOf(u)
		out["teams of "+string(u)] = []any{member, manages}
	}
	return out
}
