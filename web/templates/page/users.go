package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// fragmentKey names a part of a page that htmx swaps by itself.
type fragmentKey string

// UsersList is the part of the users page that follows search and filters.
const UsersList fragmentKey = "users-list"

// UsersProps is the list of users.
type UsersProps struct {
	Frame    layout.Props
	Search   component.SearchBoxProps
	Statuses component.TabsProps
	Roles    component.SelectProps
	Teams    component.SelectProps
	WithSub  component.CheckboxProps
	// FilterKeep are the values of the address that the filter form must not lose.
	FilterKeep []component.Hidden
	ListURL    string
	Chips      component.ChipsProps
	// FiltersOn counts the filters behind the button that are on.
	FiltersOn int

	Rows    []UserRow
	Total   int
	Name    component.SortHeaderProps
	Status  component.SortHeaderProps
	Invited component.SortHeaderProps
	Pager   component.PagerProps
	Empty   component.EmptyStateProps
}

// UserRow is one user of a list.
type UserRow struct {
	ID, Name, Email, URL string
	Status               string
	Roles, Teams         []string
	Invited              string
	InvitedBy            string
}

// UserProps is a user's page.
type UserProps struct {
	Frame           layout.Props
	ID, Name, Email string
	Status          string
	Notice          string
	Tabs            component.TabsProps
	Facts           []component.Definition
	Roles           []UserRole
	Teams, Manages  []HomeTeam
	Requests        []HomeChange
	// NoTeams is said when Teams is empty, RequestsHint says which requests are listed.
	NoTeams, RequestsHint                 string
	ShowOverview, ShowTeams, ShowRequests bool
	// Results is filled when ShowResults is set.
	ShowResults bool
	Results     ResultsProps
}

// UserRole is a role of a user.
type UserRole struct{ Name, Description string }
