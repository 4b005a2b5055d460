package directory_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/directory/directorytest"
	"github.com/gtmhub-portal/portal/internal/id"
)

// draw writes a tree with one team a line: two spaces per level, name, marks.
func draw(nodes []*directory.Node) string {
	var b strings.Builder
	directory.Walk(nodes, func(n *directory.Node) {
		b.WriteString(strings.Repeat("  ", n.Depth) + n.Team.Name)
		if n.Orphan {
			b.WriteString(" orphan")
		}
		if n.Broken {
			b.WriteString(" broken")
		}
		b.WriteString("\n")
	})
	return b.String()
}

func team(name string, parent id.Team) directory.Team {
	return directory.Team{ID: id.Team(strings.ToLower(name)), Name: name, Parent: parent}
}

func TestTree(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		teams []directory.Team
		scope access.Scope
		want  string
	}{
		{"empty", nil, everythingOpen, ""},
		{"by name", []directory.Team{team("C", ""), team("B", "a"), team("A", ""), team("D", "b")}, everythingOpen, "A\n  B\n    D\nC\n"},
		{"orphan", []directory.Team{team("B", "x"), team("C", "b")}, everythingOpen, "B orphan\n  C\n"},
		{"own parent", []directory.Team{team("A", "a")}, everythingOpen, "A broken\n"},
		{"circle of three with a tail", []directory.Team{team("B", "c"), team("C", "d"), team("D", "b"), team("A", "d")}, everythingOpen,
			"B broken\n  D\n    A\n    C\n"},
		{"parent is not open", []directory.Team{team("A", ""), team("B", "a"), team("C", "b")}, access.Scope{Leads: access.NewTeamSet("b", "c")}, "B\n  C\n"},
		{"circle through a closed team", []directory.Team{team("A", "b"), team("B", "a")}, access.Scope{Member: access.NewTeamSet("b")}, "B\n"},
		{"nothing is open", []directory.Team{team("A", "")}, access.Scope{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := draw(directorytest.Snapshot(t, nil, c.teams, nil).View(c.scope).Tree())
			if got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestTreeFiltered(t *testing.T) {
	t.Parallel()
	s := directorytest.Snapshot(t, nil, []directory.Team{team("Sales", ""), team("Nörth", "sales"), team("North East", "nörth"), team("IT", "")}, nil)
	v := s.View(everythingOpen)
	tree := v.TreeFiltered("north")
	check(t, "tree", draw(tree), "Sales\n  Nörth\n    North East\n")
	if tree[0].Match || !tree[0].Children[0].Match {
		t.Error("the teams above are marked as matches, or the match is not")
	}
	check(t, "every word", draw(v.TreeFiltered("east nor")), "Sales\n  Nörth\n    North East\n")
	check(t, "none", draw(v.TreeFiltered("x")), "")
	check(t, "the whole tree stays as it was", draw(v.TreeFiltered("")), "IT\nSales\n  Nörth\n    North East\n")
}

// TestTreeHasEveryTeamOnce: whatever the parents say.
func TestTreeHasEveryTeamOnce(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		teams := make([]directory.Team, 1+random.IntN(12))
		for i := range teams {
			parent := id.Team("") // the top, itself, another, or one that does not exist
			if n := random.IntN(len(teams) + 2); n <= len(teams) {
				parent = id.Team(fmt.Sprint("t", n))
			}
			teams[i] = directory.Team{ID: id.Team(fmt.Sprint("t", i)), Name: fmt.Sprint("T", random.IntN(3)), Parent: parent}
		}
		view := directorytest.Snapshot(t, nil, teams, nil).View(everythingOpen)
		times := map[id.Team]int{}
		directory.Walk(view.Tree(), func(n *directory.Node) { times[n.Team.ID]++ })
		for _, team := range teams {
			if times[team.ID] != 1 {
				t.Errorf("seed %d: %s below %q is in the tree %d times", seed, team.ID, team.Parent, times[team.ID])
			}
		}
	}
}

func TestTreeOfALongChain(t *testing.T) {
	t.Parallel()
	var teams []directory.Team
	for i := range 5000 {
		teams = append(teams, directory.Team{ID: id.Team(fmt.Sprintf("t%04d", i)), Name: "T", Parent: id.Team(fmt.Sprintf("t%04d", i+1)), Members: []id.User{"u"}})
	}
	teams[4999].Parent = "t0000" // and it is a circle
	top := directorytest.Snapshot(t, []directory.User{{ID: "u"}}, teams, nil).View(everythingOpen).Tree()
	if len(top) != 1 || !top[0].Broken || top[0].WithSub != 1 {
		t.Fatalf("%d teams at the top, want one that is marked", len(top))
	}
	n := 0
	directory.Walk(top, func(*directory.Node) { n++ })
	check(t, "teams", n, 5000)
}
