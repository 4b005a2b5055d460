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

// decideUsers answers for acts about people who are there. The strictest answer over all people counts.
func (p Policy) decideUsers(a Actor, q Question) Verdict {
	if len(q.Users) == 0 {
		return no("no person", "No person was named.", "Choose a person.")
	}
	v := p.decideUser(a, q, q.Users[0])
	for _, u := range q.Users[1:] {
		v = Stricter(v, p.decideUser(a, q, u))
	}
	return v
}

func (p Policy) decideUser(a Actor, q Question, u User) Verdict {
	self := a.User != "" && a.User == u.ID
	switch {
	case self && (q.Act == EditName || q.Act == SetLanguage || q.Act == SendPasswordMail):
		return direct("own profile", "You may change your own name and language, and have a password mail sent to yourself.")
	case a.HR:
		return p.decideUserByHR(a, q, u, self)
	case q.Act == DeactivateUser && a.IsLead():
		return leadAsksDeactivation(a, u, self)
	default:
		return no("rights: people", "Only HR can do this.", "Ask HR.")
	}
}

func leadAsksDeactivation(a Actor, u User, self bool) Verdict {
	if self {
		return no("own access", "Nobody can deactivate themself.", "Ask HR.")
	}
	for _, t := range u.Teams {
		if leads(a, t, DeactivateUser) {
			if u.LastAdmin {
				return lastAdmin(u)
			}
			return decision("lead asks deactivation", "A team lead asks for a deactivation; HR or an approver decides.")
		}
	}
	return no("foreign person", fmt.Sprintf("%s is in none of the teams that you manage.", u.Name), "Ask HR.")
}

func lastAdmin(u User) Verdict {
	return no("last administrator", fmt.Sprintf("Without %s nobody would be left who can manage the account.", u.Name), "Make somebody else an administrator first.")
}

func (p Policy) decideUserByHR(a Actor, q Question, u User, self bool) Verdict {
	switch q.Act {
	case EditName, SetLanguage, ActivateUser, ResendInvitation, SendPasswordMail:
		return direct("hr people", "HR may do this.")
	case GrantRole:
		return decideGrant(a, q, u, self)
	case TakeRole:
		return decideTake(a, q, u, self)
	case DeactivateUser:
		return decideDeactivation(u, self)
	case DeleteUser:
		return p.decideDeletion(q, u, self)
	default:
		return no("unknown act", "This is not something the portal can do.", "Ask HR.")
	}
}

func decideGrant(a Actor, q Question, u User, self bool) Verdict {
	v := direct("hr people", "HR may give this role.")
	for _, r := range q.Roles {
		if ceiling, ok := roleCeiling(a, r); !ok {
			return ceiling
		}
		for _, have := range u.Roles {
			if have.ID != r.ID && (have.ViewOnly || r.ViewOnly) {
				return no("view-only", fmt.Sprintf("%s has the role %s. A role that only reads cannot stand beside another one.", u.Name, have.Name), "Take the other role first.")
			}
		}
		switch {
		case r.Admin:
			v = Stricter(v, decision("admin role", fmt.Sprintf("Giving the role %s needs a second person.", r.Name)))
		case self:
			v = Stricter(v, decision("own role", "Giving yourself a role needs a second person."))
		}
	}
	return v
}

func decideTake(a Actor, q Question, u User, self bool) Verdict {
	v := direct("hr people", "HR may take this role.")
	for _, r := range q.Roles {
		if !r.Admin {
			continue
		}
		switch {
		case self:
			return no("own administrator role", fmt.Sprintf("Nobody can take the role %s from themself.", r.Name), "Another administrator can.")
		case u.LastAdmin:
			return lastAdmin(u)
		case !a.HasRole(r.ID):
			return no("role ceiling", fmt.Sprintf("The role %s can only be taken by someone who holds it.", r.Name), "Ask an administrator of the account.")
		}
		v = Stricter(v, decision("admin role", fmt.Sprintf("Taking the role %s needs a second person.", r.Name)))
	}
	return v
}

func decideDeactivation(u User, self bool) Verdict {
	switch {
	case self:
		return no("own access", "Nobody can deactivate themself.", "Another person in HR can.")
	case u.LastAdmin:
		return lastAdmin(u)
	case hasAdminRole(u):
		return decision("administrator", fmt.Sprintf("%s manages the whole account, so a second person has to agree.", u.Name))
	}
	return direct("hr people", "HR may deactivate people.")
}

func (p Policy) decideDeletion(q Question, u User, self bool) Verdict {
	switch {
	case self:
		return no("own access", "Nobody can delete themself.", "Another person in HR can.")
	case u.LastAdmin:
		return lastAdmin(u)
	case !u.Deactivated && !u.Pending:
		return no("delete: still active", fmt.Sprintf("%s still has access. Only people who have been deactivated can be deleted.", u.Name), "Deactivate the person first.")
	}
	return p.deletion("people", q.Rows)
}

func hasAdminRole(u User) bool {
	for _, r := range u.Roles {
		if r.Admin {
			return true
		}
	}
	return false
}
