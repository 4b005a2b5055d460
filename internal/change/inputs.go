package change

import (
	"encoding/json"

	"github.com/gtmhub-portal/portal/internal/id"
)

// The recipes of the portal, as Input.Recipe names them. Package kinds plans them; forms know them by these names.
const (
	// InvitePeople takes Invitations.
	InvitePeople = "invite people"
	// AddMembers and RemoveMembers take Members.
	AddMembers    = "add members"
	RemoveMembers = "remove members"
	// UndoChange takes Undo.
	UndoChange = "undo"
)

// Invitations are the fields of InvitePeople.
type Invitations struct {
	People []Invitee `json:"people"`
}

// Invitee is one person to invite. Addresses and names have been checked by package joiners,
// except where there is a Problem.
type Invitee struct {
	// Line is the row of the list, from 1.
	Line      int       `json:"line"`
	Email     string    `json:"email"`
	FirstName string    `json:"firstName"`
	LastName  string    `json:"lastName"`
	Language  string    `json:"language,omitempty"`
	Teams     []id.Team `json:"teams,omitempty"`
	Role      id.Role   `json:"role,omitempty"`
	// Flags are remarks of the check that whoever decides should see.
	Flags []string `json:"flags,omitempty"`
	// Problem says in a sentence why the person is not invited: a fault of the list, or that the requester took the row
	// out. Such a person is in the plan as not possible, so that the rows of a change are those of its list.
	Problem string `json:"problem,omitempty"`
}

// Members are the fields of AddMembers and RemoveMembers: one team, at least one user.
type Members struct {
	Team  id.Team   `json:"team"`
	Users []id.User `json:"users"`
}

// Undo are the fields of UndoChange: the change to take back.
type Undo struct {
	Change id.Change `json:"change"`
}

// Fields writes the fields of a recipe as Input.Fields. It panics for values that are no JSON; the types of this file
// always are.
func Fields(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
