package change

import (
	"encoding/json"
	"slices"

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
	// PutBack takes OutsideChanges.
	PutBack = "put back outside changes"
	// CreateTeam takes TeamNew.
	CreateTeam = "create team"
	// EditTeam and ReplaceTeam take TeamEdit.
	EditTeam    = "edit team"
	ReplaceTeam = "edit whole team"
	// MoveTeams takes TeamMove.
	MoveTeams = "move teams"
	// SetTeamManager and RemoveTeamManager take TeamManager.
	SetTeamManager    = "set manager"
	RemoveTeamManager = "remove manager"
	// ActivateTeams, DeactivateTeams and DeleteTeams take TeamList.
	ActivateTeams   = "activate teams"
	DeactivateTeams = "deactivate teams"
	DeleteTeams     = "delete teams"
	// These take People.
	EditName          = "edit name"
	SetLanguage       = "set language"
	GiveRole          = "give role"
	TakeRoles         = "take roles"
	ActivateUsers     = "activate users"
	DeactivateUsers   = "deactivate users"
	DeleteUsers       = "delete users"
	ResendInvitations = "resend invitations"
	SendPasswordMail  = "send password mail"
	// CorrectAddress takes Correction.
	CorrectAddress = "correct address"
)

// MostPeople is how many people one change of People may be about.
const MostPeople = 5000

// People are the fields of the recipes about people who are there: at least one user, and what the recipe needs.
type People struct {
	Users []id.User `json:"users"`
	// FirstName and LastName are for EditName; an empty one stays as it is.
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	// Language is for SetLanguage.
	Language string `json:"language,omitempty"`
	// Roles are for GiveRole (one) and TakeRoles.
	Roles []id.Role `json:"roles,omitempty"`
}

// Correction are the fields of CorrectAddress: a pending user who was invited at a wrong address, and the right one.
type Correction struct {
	User  id.User `json:"user"`
	Email string  `json:"email"`
}

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
	// Cells are the texts of a person with a Problem, by joiners.Field, for whoever corrects them later.
	Cells map[string]string `json:"cells,omitempty"`
}

// Members are the fields of AddMembers and RemoveMembers: a team and others, at least one user for all of them. Teams
// times users are MostPeople at most.
type Members struct {
	Team  id.Team   `json:"team,omitempty"`
	Teams []id.Team `json:"teams,omitempty"`
	Users []id.User `json:"users"`
}

// All are the teams, each once.
func (m Members) All() []id.Team {
	var out []id.Team
	for _, t := range append([]id.Team{m.Team}, m.Teams...) {
		if t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// MostTeams is how many teams one change may be about.
const MostTeams = 500

// Undo are the fields of UndoChange: the change to take back.
type Undo struct {
	Change id.Change `json:"change"`
}

// OutsideChanges are the fields of PutBack: ids of drift.Finding. Under is the change for which they have been set aside
// already, empty while it is only looked at.
type OutsideChanges struct {
	Findings []string `json:"findings"`
	Under    string   `json:"under,omitempty"`
}

// TeamNew are the fields of CreateTeam. Only the name is required; no parent is the top of the tree.
type TeamNew struct {
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Color       string  `json:"color,omitempty"`
	Avatar      string  `json:"avatar,omitempty"`
	Parent      id.Team `json:"parent,omitempty"`
	Manager     id.User `json:"manager,omitempty"`
}

// TeamEdit are the fields of EditTeam, which ignores Parent and Manager, and of ReplaceTeam. Nil fields stay as they are;
// an empty Parent is the top of the tree, an empty Manager nobody.
type TeamEdit struct {
	Team        id.Team  `json:"team"`
	Name        *string  `json:"name,omitempty"`
	Description *string  `json:"description,omitempty"`
	Color       *string  `json:"color,omitempty"`
	Avatar      *string  `json:"avatar,omitempty"`
	Parent      *id.Team `json:"parent,omitempty"`
	Manager     *id.User `json:"manager,omitempty"`
	// Was are the values that the form was drawn with. A field that somebody else has changed since is not overwritten.
	Was TeamWas `json:"was"`
}

// TeamWas are the values of a form as it was drawn; nil for those that it did not show.
type TeamWas struct {
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	Color       *string `json:"color,omitempty"`
	Avatar      *string `json:"avatar,omitempty"`
}

// TeamMove are the fields of MoveTeams: no parent is the top of the tree.
type TeamMove struct {
	Teams  []id.Team `json:"teams"`
	Parent id.Team   `json:"parent,omitempty"`
}

// TeamManager are the fields of SetTeamManager, and without a manager of RemoveTeamManager.
type TeamManager struct {
	Teams   []id.Team `json:"teams"`
	Manager id.User   `json:"manager,omitempty"`
}

// TeamList are the fields of recipes that only need teams.
type TeamList struct {
	Teams []id.Team `json:"teams"`
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
