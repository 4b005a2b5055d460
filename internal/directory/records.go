package directory

import (
	"slices"
	"time"

	"github.com/gtmhub-portal/portal/internal/id"
)

// Status is where a user stands. Every user has exactly one.
type Status string

// The statuses. Pending outranks the other two: invited and, as far as Gtmhub shows, never signed in
// (docs/gtmhub-readings.md U24).
const (
	Active   Status = "active"
	Pending  Status = "pending"
	Inactive Status = "inactive"
)

// Statuses lists all statuses in the order in which pages show them.
func Statuses() []Status { return []Status{Active, Pending, Inactive} }

// User is a person's Gtmhub account as of the snapshot. Users of a snapshot are shared: never change one.
type User struct {
	ID        id.User `json:"id"`
	Email     string  `json:"email"`
	FirstName string  `json:"firstName,omitempty"`
	LastName  string  `json:"lastName,omitempty"`
	// Name is for showing; it falls back to first and last name and then to the address, so it is empty only if all are.
	Name string `json:"name"`
	// Language is a code such as "en", or empty.
	Language string `json:"language,omitempty"`
	Status   Status `json:"status"`
	// Deactivated says that the person has no access in Gtmhub. A pending user may be deactivated too.
	Deactivated bool `json:"deactivated,omitempty"`
	// SSO users sign in with the company's account; Gtmhub sends them no password mail.
	SSO bool `json:"sso,omitempty"`
	// Created and Invited are UTC, and zero when not known.
	Created   time.Time `json:"created,omitzero"`
	Invited   time.Time `json:"invited,omitzero"`
	InvitedBy id.User   `json:"invitedBy,omitempty"`
	// Roles are those given by hand, in the order of Gtmhub; team roles are not among them.
	Roles []id.Role `json:"roles,omitempty"`
	// Teams are those whose member list names the user, by name. The user's own record is not asked: team.members is
	// the truth.
	Teams []id.Team `json:"-"`
	// Manages are the teams whose manager the user is, by name.
	Manages []id.Team `json:"-"`
}

// Remindable says whether a reminder of the invitation makes sense: it is open, and Gtmhub says since when.
func (u *User) Remindable() bool {
	return u.Status == Pending && !u.Deactivated && !u.Invited.IsZero()
}

// Team is a team as of the snapshot. Teams of a snapshot are shared: never change one.
type Team struct {
	ID          id.Team `json:"id"`
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Color       string  `json:"color,omitempty"`
	Avatar      string  `json:"avatar,omitempty"`
	// Parent is empty for a top-level team. It may name a team that does not exist.
	Parent id.Team `json:"parent,omitempty"`
	// Manager is empty for a team without one. The manager may or may not be among Members.
	Manager id.User `json:"manager,omitempty"`
	// Members is the list as Gtmhub has it, each once. It may name users who do not exist any more.
	Members []id.User `json:"members,omitempty"`
	Active  bool      `json:"active"`
	// External teams are managed by another system, which may overwrite edits.
	External bool `json:"external,omitempty"`
}

// Role is a role that can be given by hand.
type Role struct {
	ID          id.Role `json:"id"`
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	// Permissions may be empty although the role has some: not every source tells them.
	Permissions []string `json:"permissions,omitempty"`
}

// Counts are numbers of records. ByStatus has an entry for every status and sums to Users.
type Counts struct {
	Users, Teams, Roles int
	ByStatus            map[Status]int
}

// unique keeps the first of equal values, in order, without empty ones.
func unique[T ~string](values []T) []T {
	if len(values) == 0 {
		return nil
	}
	out := make([]T, 0, len(values))
	seen := make(map[T]struct{}, len(values))
	for _, v := range values {
		if _, twice := seen[v]; v != "" && !twice {
			seen[v] = struct{}{}
			out = append(out, v)
		}
	}
	return slices.Clip(out)
}
