package access

import (
	"fmt"

	"github.com/gtmhub-portal/portal/internal/id"
)

// The acts about people who are there already.
const (
	// EditName changes first and last name.
	EditName Act = "edit name"
	// SetLanguage changes the language of Gtmhub's pages and mails for a person.
	SetLanguage Act = "set language"
	// GrantRole gives a role to people outside of an invitation.
	GrantRole Act = "give role to user"
	// TakeRole takes roles that were given by hand.
	TakeRole Act = "take role"
	// ActivateUser lets deactivated people in again; each takes a licence.
	ActivateUser Act = "activate user"
	// DeactivateUser takes access away and frees the licence; the history stays.
	DeactivateUser Act = "deactivate user"
	// DeleteUser deletes people with all their records. It cannot be undone.
	DeleteUser Act = "delete user"
	// ResendInvitation sends the invitation mail again.
	ResendInvitation Act = "resend invitation"
	// SendPasswordMail sends the link to choose a new password.
	SendPasswordMail Act = "send password mail"
)

// User holds the facts about a person that decisions need, as Gtmhub has them now.
type User struct {
	ID   id.User
	Name string
	// Roles are those held directly.
	Roles []Role
	// Teams list the person as a member. They are needed for people who are not HR.
	Teams []Team
	// Deactivated says that the person has no access; Pending that they never signed in.
	Deactivated, Pending bool
	// LastAdmin says that the account would have no active administrator left without this person, counted with all the
	// others of the same change.
	LastAdmin bool
}

// examineUsers answers for acts about people who are there. The strictest answer over all people counts.
func examineUsers(a Actor, q Question) Ground {
	if len(q.Users) == 0 {
		return fixed(no("no person", "No person was named.", "Choose a person."))
	}
	var g Ground
	for _, u := range q.Users {
		g = g.Plus(examineUser(a, q, u))
	}
	return g
}

func examineUser(a Actor, q Question, u User) Ground {
	self := a.User != "" && a.User == u.ID
	switch {
	case a.Kind == BySchedule && q.Act == ResendInvitation:
		return fixed(direct("reminders", "HR has switched on reminders of open invitations."))
	case self && (q.Act == EditName || q.Act == SetLanguage):
		return hits(1, lineNameSelf)
	case self && q.Act == SendPasswordMail:
		return hits(1, lineMailSelf)
	case a.HR:
		return examineUserByHR(a, q, u, self)
	case q.Act == DeactivateUser && a.IsLead():
		return leadAsksDeactivation(a, q, u, self)
	default:
		return fixed(no("rights: people", "Only HR can do this.", "Ask HR."))
	}
}

func leadAsksDeactivation(a Actor, q Question, u User, self bool) Ground {
	if self {
		return fixed(no("own access", "Nobody can deactivate themself.", "Ask HR."))
	}
	for _, t := range u.Teams {
		if leads(a, t, DeactivateUser) {
			if u.LastAdmin {
				return fixed(lastAdmin(u))
			}
			return hits(q.Rows, lineAccessLead)
		}
	}
	return fixed(no("foreign person", fmt.Sprintf("%s is in none of the teams that you manage.", u.Name), "Ask HR."))
}

func lastAdmin(u User) Verdict {
	return no("last administrator", fmt.Sprintf("Without %s nobody would be left who can manage the account.", u.Name), "Make somebody else an administrator first.")
}

func examineUserByHR(a Actor, q Question, u User, self bool) Ground {
	switch q.Act {
	case EditName, SetLanguage:
		return hits(q.Rows, lineName)
	case ResendInvitation, SendPasswordMail:
		return hits(q.Rows, lineMail)
	case ActivateUser:
		return hits(q.Rows, lineAccess)
	case GrantRole:
		return examineGrant(a, q, u, self)
	case TakeRole:
		return examineTake(a, q, u, self)
	case DeactivateUser:
		return examineDeactivation(q, u, self)
	case DeleteUser:
		return examineDeletion(q, u, self)
	default:
		return fixed(no("unknown act", "This is not something the portal can do.", "Ask HR."))
	}
}

func examineGrant(a Actor, q Question, u User, self bool) Ground {
	return hits(q.Rows, lineRole).Plus(examineRolesFor(a, q, u, self))
}

// examineRolesFor is what holds for roles of somebody who is there already, whatever form asks for them.
func examineRolesFor(a Actor, q Question, u User, self bool) Ground {
	var g Ground
	for _, r := range q.Roles {
		if ceiling, ok := roleCeiling(a, r); !ok {
			return fixed(ceiling)
		}
		for _, have := range u.Roles {
			if have.ID != r.ID && (have.ViewOnly || r.ViewOnly) {
				return fixed(no("view-only", fmt.Sprintf("%s has the role %s. A role that only reads cannot stand beside another one.", u.Name, have.Name), "Take the other role first."))
			}
		}
		switch {
		case r.Admin:
			g = g.Plus(fixed(decision("admin role", fmt.Sprintf("Giving the role %s needs a second person.", r.Name))))
		case self:
			g = g.Plus(fixed(decision("own role", "Giving yourself a role needs a second person.")))
		}
	}
	return g
}

func examineTake(a Actor, q Question, u User, self bool) Ground {
	g := hits(q.Rows, lineRole)
	for _, r := range q.Roles {
		if !r.Admin {
			continue
		}
		switch {
		case self:
			return fixed(no("own administrator role", fmt.Sprintf("Nobody can take the role %s from themself.", r.Name), "Another administrator can."))
		case u.LastAdmin:
			return fixed(lastAdmin(u))
		case !a.HasRole(r.ID):
			return fixed(no("role ceiling", fmt.Sprintf("The role %s can only be taken by someone who holds it.", r.Name), "Ask an administrator of the account."))
		}
		g = g.Plus(fixed(decision("admin role", fmt.Sprintf("Taking the role %s needs a second person.", r.Name))))
	}
	return g
}

func examineDeactivation(q Question, u User, self bool) Ground {
	switch {
	case self:
		return fixed(no("own access", "Nobody can deactivate themself.", "Another person in HR can."))
	case u.LastAdmin:
		return fixed(lastAdmin(u))
	}
	g := hits(q.Rows, lineAccess)
	if hasAdminRole(u) {
		g = g.Plus(Ground{Hits: []Hit{{Line: lineAccessAdmin, Size: 1, says: fmt.Sprintf("%s manages the whole account, so a second person has to agree.", u.Name)}}})
	}
	return g
}

func examineDeletion(q Question, u User, self bool) Ground {
	switch {
	case self:
		return fixed(no("own access", "Nobody can delete themself.", "Another person in HR can."))
	case u.LastAdmin:
		return fixed(lastAdmin(u))
	case !u.Deactivated && !u.Pending:
		return fixed(no("delete: still active", fmt.Sprintf("%s still has access. Only people who have been deactivated can be deleted.", u.Name), "Deactivate the person first."))
	}
	return hits(q.Rows, lineDeleteUser)
}

func hasAdminRole(u User) bool {
	for _, r := range u.Roles {
		if r.Admin {
			return true
		}
	}
	return false
}
