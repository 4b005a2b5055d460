package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// TeamsTree is the part of the teams page that follows the search, TeamMembers that of a team's page, and People the
// results of the people finder.
const (
	TeamsTree   fragmentKey = "teams-tree"
	TeamMembers fragmentKey = "team-members"
	People      fragmentKey = "people"
)

// TeamsList is the part of the list of teams that follows the search.
const TeamsList fragmentKey = "teams-list"

// TeamListProps is the list of teams.
type TeamListProps struct {
	Frame         layout.Props
	Search        component.SearchBoxProps
	Switch, Kinds component.TabsProps
	Total         int
	Rows          []TeamRow
	// Bulk is the bar of acts; nil for those who may not change teams.
	Bulk  *UsersBulk
	Pager component.PagerProps
	Empty component.EmptyStateProps
}

// TeamRow is a team of the list.
type TeamRow struct {
	ID, Name, URL string
	// Below names the team above it: "below Sales".
	Below, Manager    string
	People, AllPeople int
	Flag              string
	Tone              component.Tone
	Ticked            bool
}

// TeamsProps is the tree of teams.
type TeamsProps struct {
	Frame  layout.Props
	Search component.SearchBoxProps
	// Switch leads to the list.
	Switch component.TabsProps
	Total  int
	Tree   component.TreeProps
	// OpenURL takes the POST that opens or closes all branches; empty where there is nothing to open. OpenHidden goes with it.
	OpenURL    string
	OpenHidden []component.Hidden
	Empty      component.EmptyStateProps
	// PictureURL is the same as a picture. Under names the team below which the tree is cut, WholeURL leads out of that.
	PictureURL, Under, WholeURL string
}

// TeamProps is a team's page.
type TeamProps struct {
	Frame       layout.Props
	ID, Name    string
	Description string
	// Color is such as "#2b6cb0", Avatar the name of an icon; either may be empty.
	Color, Avatar string
	// EditURL shows the fields as a form, empty for those who may not change them; Edit is that form.
	EditURL string
	Edit    *TeamEditProps
	// Refused are the acts that this person, who may do others, may neither do nor ask for.
	Refused []RefusedAct
	// Danger are the acts that take something away.
	Danger      []component.MenuItem
	Notice      string
	Inactive    bool
	External    bool
	Manager     *Member
	Members     []Member
	MemberCount int
	Search      component.SearchBoxProps
	Pager       component.PagerProps
	Empty       component.EmptyStateProps
	// MembersHint says how many members there are and how many of them have not signed in.
	MembersHint  string
	ShowSubTeams bool
	SubTeams     []HomeTeam
	// BelowURL and PictureURL show the team with what stands below it.
	BelowURL, PictureURL string
	// CanChange draws the buttons; Why says what the rule is when they are not drawn.
	CanChange bool
	Why       string
	// Asks says beforehand that changes of members are decided by somebody; nil if they are not.
	Asks   *component.AlertProps
	AddURL string
	// ShowRequests is set for those who may read requests.
	ShowRequests bool
	Requests     []HomeChange
}

// RefusedAct is something that is not possible for somebody, and why.
type RefusedAct struct {
	Label, Why, Rule string
	// InsteadURL leads to what is possible instead; empty for nothing.
	InsteadURL, InsteadLabel string
	TestID                   string
}

// TeamEditProps is the form of the fields that are edited in place.
type TeamEditProps struct {
	Action, CancelURL string
	Fields            TeamFields
	// Asks says beforehand that somebody decides; nil if nobody does.
	Asks *component.AlertProps
	// Was are the values with which the form is drawn.
	Was      []component.Hidden
	Problems component.ErrorSummaryProps
	Bad      map[string]string
}

// TeamActionsProps are the buttons of a team's head.
type TeamActionsProps struct {
	AddURL string
	Menu   component.MenuProps
}

// Member is a person on a team's page.
type Member struct {
	ID, Name, Email, URL string
	Status               string
	// Note is "manager" for the team's manager.
	Note      string
	RemoveURL string
}

// TeamAddProps is the people finder of a team.
type TeamAddProps struct {
	Frame      layout.Props
	TeamName   string
	BackURL    string
	AddURL     string
	Search     component.SearchBoxProps
	People     []Found
	Empty      component.EmptyStateProps
	Error      string
	NotAllowed string
	// Asks says beforehand that somebody decides; nil if nobody does.
	Asks          *component.AlertProps
	MoreThanShown bool
	// Announce is read out after a search: how many were found.
	Announce string
}

// Found is a person that the finder found: name and address only.
type Found struct {
	ID, Name, Email string
	Member          bool
}
