// Package actor says who a person is to the portal right now: which portal roles they hold, which teams they lead, and
// whether they are still active.
//
// It is the one place that turns a sign-in into an access.Actor, for a page that is drawn as well as for a row that
// runs hours later. It decides nothing. Start at [Builder].
package actor

import (
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Grants says who holds the portal roles. Each entry is an address in lower case, or "group:" and a group name of the
// identity provider.
type Grants struct {
	HR, Approvers, Auditors, Operators []string
	// Alternates are approvers who are asked when the others have not decided in time.
	Alternates []string
}

// Builder builds actors. It is safe for concurrent use.
type Builder struct {
	Grants Grants
	// Directory returns the current snapshot.
	Directory func() *directory.Snapshot
	// Deputies answers what the person was given and has not ended, by the database's clock; nil knows of none.
	Deputies func(holder id.User) []access.Deputation
}

// Actor returns what the person holds now. An Email in p must be one that the provider has verified.
func (b Builder) Actor(p change.Person) access.Actor {
	a := access.Actor{Kind: p.Kind, Issuer: p.Issuer, Subject: p.Subject, User: p.User, Name: p.Name,
		HR: holds(b.Grants.HR, p), Approver: holds(b.Grants.Approvers, p) || holds(b.Grants.Alternates, p), Auditor: holds(b.Grants.Auditors, p), Operator: holds(b.Grants.Operators, p)}
	if p.User == "" {
		return a
	}
	snap := b.Directory()
	user, ok := snap.User(p.User)
	if !ok {
		// A linked user who is gone from a directory that has been read counts as deactivated.
		a.Inactive = snap.Loaded()
		return a
	}
	a.Inactive = user.Status == directory.Inactive
	a.Leads, a.Member = access.NewTeamSet(user.Manages...), access.NewTeamSet(user.Teams...)
	a.Roles = user.Roles
	if b.Deputies != nil && !a.Inactive {
		for _, d := range b.Deputies(p.User) {
			// What a lead gave ends with the lead. HR gives for the company.
			if team, ok := snap.Team(d.Team); ok && (d.ByHR || d.By != "" && team.Manager == d.By) {
				a.Deputy = append(a.Deputy, d)
			}
		}
	}
	return a
}

// PortalRoles says whether the person holds any portal role, for the sign-in of people who are no Gtmhub users.
func (b Builder) PortalRoles(p change.Person) bool {
	g := b.Grants
	return holds(g.HR, p) || holds(g.Approvers, p) || holds(g.Alternates, p) || holds(g.Auditors, p) || holds(g.Operators, p)
}

func holds(grant []string, p change.Person) bool {
	email := fold(p.Email)
	for _, g := range grant {
		if group, ok := strings.CutPrefix(g, "group:"); ok {
			if slices.Contains(p.Groups, group) {
				return true
			}
			continue
		}
		if email != "" && fold(g) == email {
			return true
		}
	}
	return false
}

// fold is the form in which addresses are compared: ASCII letters in lower case, all others as they are. Unicode folding
// makes different addresses equal (the Kelvin sign becomes "k"), and here a match gives a role.
func fold(email string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, strings.TrimSpace(email))
}

// Users finds users by address for the first sign-in.
type Users struct{ Directory func() *directory.Snapshot }

// UserByEmail returns every user, active or not, with the address.
func (u Users) UserByEmail(email string) []id.User {
	var out []id.User
	for _, user := range u.Directory().UsersByEmail(email) {
		out = append(out, user.ID)
	}
	return out
}
