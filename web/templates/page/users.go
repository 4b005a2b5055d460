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
	// Languages, SSO, Older, NoTeam and Manages are the further filters.
	Languages, SSO  component.SelectProps
	Older           component.FieldProps
	NoTeam, Manages component.CheckboxProps
	// Export offers the list as a file.
	Export component.MenuProps
	// PendingURL is the page of open invitations; empty for none.
	PendingURL string
	// ColumnsURL takes the form with the choice of columns, which ColumnChoices are.
	ColumnsURL    string
	ColumnChoices []component.CheckboxProps
	// Columns are those shown beside person and status.
	Columns []UsersHead
	// Views are the saved ones; ViewsURL takes the forms about them, with the query of the list in ViewBack.
	Views              []UsersView
	ViewsURL, ViewBack string
	// Bulk is the bar of actions; nil for people who may not act on others.
	Bulk *UsersBulk
	// FilterKeep are the values of the address that the filter form must not lose.
	FilterKeep []component.Hidden
	ListURL    string
	Chips      component.ChipsProps
	// FiltersOn counts the filters behind the button that are on.
	FiltersOn int

	Rows   []UserRow
	Total  int
	Name   component.SortHeaderProps
	Status component.SortHeaderProps
	Pager  component.PagerProps
	Empty  component.EmptyStateProps
}

// UserColumn is a column that people can choose.
type UserColumn string

// The columns.
const (
	ColumnRoles    UserColumn = "roles"
	ColumnTeams    UserColumn = "teams"
	ColumnManages  UserColumn = "manages"
	ColumnLanguage UserColumn = "language"
	ColumnSignsIn  UserColumn = "signsin"
	ColumnInvited  UserColumn = "invited"
	ColumnCreated  UserColumn = "created"
)

// UsersHead is the head of a column; one without an address cannot be sorted.
type UsersHead struct {
	Column UserColumn
	Head   component.SortHeaderProps
}

// UserRow is one user of a list.
type UserRow struct {
	ID, Name, Email, URL string
	Status               string
	Roles, Teams         []string
	// Manages are the names of the teams that the person manages.
	Manages                    []string
	Language, SignsIn, Created string
	Invited, InvitedBy         string
	Ticked                     bool
}

// UserProps is a user's page.
type UserProps struct {
	Frame           layout.Props
	ID, Name, Email string
	Status          string
	Notice          string
	Tabs            component.TabsProps
	Facts           []component.Definition
	// Edit is the section being edited, nil for none; the two addresses open it, and are empty for people who may not.
	Edit                         *ProfileEdit
	EditNameURL, EditLanguageURL string
	// OnlyHR says why the person cannot edit; empty when they can or are not expected to.
	OnlyHR string
	// Acts are the other things to do, Dangers those that take something away.
	Acts, Dangers  []UserAct
	Roles          []UserRole
	Teams, Manages []HomeTeam
	Requests       []HomeChange
	// NoTeams is said when Teams is empty, RequestsHint says which requests are listed.
	NoTeams, RequestsHint                 string
	ShowOverview, ShowTeams, ShowRequests bool
	// Results is filled when ShowResults is set.
	ShowResults bool
	Results     ResultsProps
}

// UserRole is a role of a user.
type UserRole struct{ Name, Description string }
