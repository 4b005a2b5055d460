package directory_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/directory/directorytest"
	"github.com/gtmhub-portal/portal/internal/id"
)

// small is an account for examples: sales with its part north, and it on its own.
func small(t *testing.T) *directory.Snapshot {
	t.Helper()
	return directorytest.Snapshot(t,
		[]directory.User{
			{ID: "anna", Name: "Anna Weber", Roles: []id.Role{"r1"}, Created: directorytest.Time},
			{ID: "bo", Name: "Bo Ørsted", Email: "B.Orsted@Example.com", Status: directory.Pending, Invited: directorytest.Time},
			{ID: "cem", Name: "Cem Annan", Status: directory.Inactive},
			{ID: "dora", Name: "Dora Hannah", Email: "annabel@example.com", Invited: directorytest.Time.Add(-time.Hour)},
			{ID: "eve", Name: "Eve"},
		},
		[]directory.Team{
			{ID: "s", Name: "Sales", Manager: "anna", Members: []id.User{"anna", "bo", "bo", "ghost"}, Active: true},
			{ID: "n", Name: "North", Parent: "s", Manager: "dora", Members: []id.User{"bo", "cem"}, Active: true},
			{ID: "i", Name: "Île", Members: []id.User{"eve", "dora"}},
		},
		[]directory.Role{{ID: "r2", Name: "Viewer"}, {ID: "r1", Name: "Éditor"}})
}

func userIDs(users []*directory.User) []id.User {
	ids := []id.User{}
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	return ids
}

func check(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestSnapshotLookups(t *testing.T) {
	t.Parallel()
	s := small(t)
	bo, _ := s.User("bo")
	check(t, "teams by name", bo.Teams, []id.Team{"n", "s"})
	anna, _ := s.User("anna")
	check(t, "managed teams", anna.Manages, []id.Team{"s"})
	check(t, "by address", userIDs(s.UsersByEmail(" b.orsted@EXAMPLE.com ")), []id.User{"bo"})
	check(t, "by no address", len(s.UsersByEmail(" ")), 0)
	check(t, "team names", s.AllTeamNames(), []string{"Île", "North", "Sales"})
	check(t, "role names", s.AllRoleNames(), []string{"Éditor", "Viewer"})
	if got := s.TeamsByName("ile"); len(got) != 1 || got[0].ID != "i" {
		t.Errorf("TeamsByName: %v", got)
	}
	if got := s.RolesByName(" EDITOR"); len(got) != 1 || got[0].ID != "r1" {
		t.Errorf("RolesByName: %v", got)
	}
	check(t, "counts", s.Counts(), directory.Counts{Users: 5, Teams: 3, Roles: 2,
		ByStatus: map[directory.Status]int{directory.Active: 3, directory.Pending: 1, directory.Inactive: 1}})
	check(t, "age", s.Age(directorytest.Time.Add(time.Minute)), time.Minute)
	if _, ok := s.User(""); ok {
		t.Error("there is a user without an id")
	}
}

func TestSnapshotKeepsItsOwnCopies(t *testing.T) {
	t.Parallel()
	teams := []directory.Team{{ID: "a", Members: []id.User{"u", "v"}}}
	users := []directory.User{{ID: "u", Name: "first"}, {ID: "u", Name: "last", Status: directory.Active}, {ID: "", Name: "nobody"}}
	s := directory.NewSnapshot(users, teams, nil, directorytest.Time)
	teams[0].Members[0], users[1].Name = "x", "changed"
	team, _ := s.Team("a")
	check(t, "members", team.Members, []id.User{"u", "v"})
	if u := s.Users(); len(u) != 1 || u[0].Name != "last" {
		t.Errorf("users %v, want the last record of the one with an id", u)
	}
}

func TestEmptySnapshotIsNotLoaded(t *testing.T) {
	t.Parallel()
	s := directory.New(directory.Options{}).Current()
	if s.Loaded() || s.Age(time.Now()) != 0 || len(s.Users()) != 0 {
		t.Error("a directory that read nothing shows something")
	}
}

func TestFindPeople(t *testing.T) {
	t.Parallel()
	s := small(t)
	for _, c := range []struct {
		name, text string
		limit      int
		want       []id.User
	}{
		{"beginnings of words come first", "ann", 10, []id.User{"anna", "dora"}},
		{"inactive people are left out", "cem", 10, []id.User{}},
		{"every word", "an web", 10, []id.User{"anna"}},
		{"without accents", "orsted", 10, []id.User{"bo"}},
		{"within a word", "eber", 10, []id.User{"anna"}},
		{"limit", "ann", 1, []id.User{"anna"}},
		{"domain", "example.com", 2, []id.User{"anna", "bo"}},
		{"empty", " ", 10, []id.User{}},
		{"no room", "ann", 0, []id.User{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			check(t, "found", userIDs(s.FindPeople(c.text, c.limit, nil)), c.want)
		})
	}
	without := s.FindPeople("ann", 10, func(u id.User) bool { return u == "anna" })
	check(t, "excluded", userIDs(without), []id.User{"dora"})
}
