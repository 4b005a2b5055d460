package handlers

import (
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/joiners"
)

// accountNames is the account as far as a list of people may name it. Teams outside of the actor's scope do not exist
// for them. What is suggested is narrower still: teams and roles that the actor may really ask for.
type accountNames struct {
	snap  *directory.Snapshot
	view  directory.View
	actor access.Actor
}

var _ joiners.Directory = accountNames{}

func namesFor(snap *directory.Snapshot, a access.Actor) accountNames {
	return accountNames{snap: snap, view: snap.View(a.Scope()), actor: a}
}

// TeamsByName implements joiners.Directory.
func (n accountNames) TeamsByName(folded string) []joiners.TeamRef {
	var out []joiners.TeamRef
	for _, t := range n.snap.TeamsByName(folded) {
		if _, open := n.view.Team(t.ID); open {
			out = append(out, joiners.TeamRef{ID: t.ID, Name: t.Name, Path: n.path(t)})
		}
	}
	return out
}

// path names the open teams above a team, from the top.
func (n accountNames) path(t *directory.Team) string {
	var above []string
	seen := access.NewTeamSet(t.ID)
	for at := t.Parent; at != "" && !seen.Has(at); {
		seen[at] = struct{}{}
		parent, open := n.view.Team(at)
		if !open {
			break
		}
		above = append(above, parent.Name)
		at = parent.Parent
	}
	slices.Reverse(above)
	return strings.Join(above, " › ")
}

// AllTeamNames implements joiners.Directory: the active teams that the actor may invite people into, each name once.
func (n accountNames) AllTeamNames() []string {
	var out []string
	for _, t := range n.view.Teams() {
		if t.Active && (n.actor.HR || n.actor.Leads.Has(t.ID)) {
			out = append(out, t.Name)
		}
	}
	return slices.Compact(out)
}

// RolesByName implements joiners.Directory.
func (n accountNames) RolesByName(folded string) []joiners.RoleRef {
	var out []joiners.RoleRef
	for _, r := range n.snap.RolesByName(folded) {
		out = append(out, joiners.RoleRef{ID: r.ID, Name: r.Name})
	}
	return out
}

// AllRoleNames implements joiners.Directory: HR may ask for any role (the plan names the exceptions), leads for those
// that they hold.
func (n accountNames) AllRoleNames() []string {
	var out []string
	for _, r := range n.snap.Roles() {
		if n.actor.HR || n.actor.HasRole(r.ID) {
			out = append(out, r.Name)
		}
	}
	return slices.Compact(out)
}
