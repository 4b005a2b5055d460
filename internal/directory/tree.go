package directory

import (
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Node is a team in the tree. Nodes are shared: never change one.
type Node struct {
	Team     *Team
	Children []*Node // by name
	// Own is how many people are members of the team, and WithSub how many different people are members of it or of an
	// open team below it. People of every status count; a manager counts only as a member. Own is the length of
	// [View.Members].
	Own, WithSub int
	// Depth is 0 at the top.
	Depth int
	// Orphan marks a team at the top whose parent does not exist. Only a scope of everything learns of it.
	Orphan bool
	// Broken marks a team at the top whose parent is one of the teams below it: the circle was cut here.
	Broken bool
	// Match says whether the team itself has the text of [View.TreeFiltered]; without one all do.
	Match bool
}

// Tree answers the open teams as a tree, by name. Every open team is in it exactly once: a team whose parent is not
// open or does not exist stands at the top, and a circle of parents is cut at its team that comes first by name.
func (v View) Tree() []*Node {
	if v.scope.All {
		return v.x.tree()
	}
	return v.x.buildTree(v.scope)
}

// TreeFiltered answers the tree of the teams whose name has every word of the text, and of the teams above them.
// Counts are those of the whole tree. An empty text gives the whole tree.
func (v View) TreeFiltered(text string) []*Node {
	words := strings.Fields(Fold(text))
	if len(words) == 0 {
		return v.Tree()
	}
	return filterNodes(v.Tree(), words)
}

func filterNodes(nodes []*Node, words []string) []*Node {
	var out []*Node
	for _, n := range nodes {
		kept := *n
		kept.Match = hasAll(Fold(n.Team.Name), words)
		kept.Children = filterNodes(n.Children, words)
		if kept.Match || len(kept.Children) > 0 {
			out = append(out, &kept)
		}
	}
	return out
}

// Walk visits nodes from the top down, each before its children.
func Walk(nodes []*Node, visit func(*Node)) {
	for _, n := range nodes {
		visit(n)
		Walk(n.Children, visit)
	}
}

// buildTree works out the tree of the teams that the scope sees, as if there were no others.
func (x *index) buildTree(scope access.Scope) []*Node {
	nodes := make(map[id.Team]*Node)
	parent := make(map[id.Team]id.Team)
	var visible []*Team // by name
	for _, t := range x.teams {
		if scope.SeesTeam(t.ID) {
			visible = append(visible, t)
			nodes[t.ID] = &Node{Team: t, Match: true}
		}
	}
	for _, t := range visible {
		if nodes[t.Parent] != nil {
			parent[t.ID] = t.Parent
		} else if scope.All && t.Parent != "" {
			nodes[t.ID].Orphan = true
		}
	}
	cutCircles(visible, parent, nodes)

	var top []*Node
	for _, t := range visible {
		if p, ok := parent[t.ID]; ok {
			nodes[p].Children = append(nodes[p].Children, nodes[t.ID])
		} else {
			top = append(top, nodes[t.ID])
		}
	}
	setDepths(top, 0)
	x.countPeople(visible, parent, nodes)
	return top
}

// cutCircles takes the parent away from one team of each circle: the first by name, for teams come by name.
func cutCircles(teams []*Team, parent map[id.Team]id.Team, nodes map[id.Team]*Node) {
	const unseen, onPath, safe = 0, 1, 2
	state := make(map[id.Team]int, len(teams))
	for _, t := range teams {
		var path []id.Team
		at, ok := t.ID, true
		for ok && state[at] == unseen {
			state[at] = onPath
			path = append(path, at)
			at, ok = parent[at]
		}
		if ok && state[at] == onPath {
			circle := map[id.Team]bool{at: true}
			for next := parent[at]; next != at; next = parent[next] {
				circle[next] = true
			}
			for _, first := range teams {
				if circle[first.ID] {
					delete(parent, first.ID)
					nodes[first.ID].Broken = true
					break
				}
			}
		}
		for _, p := range path {
			state[p] = safe
		}
	}
}

func setDepths(nodes []*Node, depth int) {
	for _, n := range nodes {
		n.Depth = depth
		setDepths(n.Children, depth+1)
	}
}

// countPeople counts each person once per team on the way from their teams to the top.
func (x *index) countPeople(teams []*Team, parent map[id.Team]id.Team, nodes map[id.Team]*Node) {
	up := make(map[*Node]*Node, len(parent))
	for t, p := range parent {
		up[nodes[t]] = nodes[p]
	}
	memberOf := make([][]*Node, len(x.users))
	for _, t := range teams {
		nodes[t.ID].Own = len(x.members[t.ID])
		for _, i := range x.members[t.ID] {
			memberOf[i] = append(memberOf[i], nodes[t.ID])
		}
	}
	counted := make(map[*Node]int, len(teams)) // the position of the last person counted, plus one
	for person, of := range memberOf {
		for _, n := range of {
			for ; n != nil && counted[n] != person+1; n = up[n] {
				counted[n] = person + 1
				n.WithSub++
			}
		}
	}
}
