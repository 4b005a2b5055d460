package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// OffboardProps is the page of a leaver.
type OffboardProps struct {
	Frame           layout.Props
	ID, Name, Email string
	Status          string
	Action, BackURL string
	// Request is the id of the request that the form makes.
	Request string
	// Refused says why this person cannot be offboarded at all.
	Refused string
	Errors  component.ErrorSummaryProps
	Teams   []OffboardTeam
	// Leave and Roles are drawn where there is something to leave or to take; LeaveTeams and RoleNames say what.
	Leave, Roles          component.CheckboxProps
	LeaveTeams, RoleNames []string
	// Owns is "4 objectives, 7 key results"; ObjectivesProblem says why they cannot be handed over.
	Owns, ObjectivesProblem string
	HandOver                bool
	To                      PersonPick
	FileURL                 string
	Requests                []HomeChange
	// Deputies are sentences about what the person gave or holds.
	Deputies []string
	// On and At are the date on which it starts.
	On     component.FieldProps
	At     component.SelectProps
	Reason component.TextareaProps
}

// OffboardTeam is an active team that needs a new manager.
type OffboardTeam struct {
	Name, URL, People string
	To                PersonPick
}
