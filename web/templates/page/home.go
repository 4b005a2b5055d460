package page

import (
	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// ErrorProps is an error page.
type ErrorProps struct {
	Plain   layout.PlainProps
	Status  int
	Message string
	// Rule and Help say which rule it was and who can help; InsteadURL leads to what the person can do instead. They are empty
	// where there is none.
	Rule, Help               string
	InsteadURL, InsteadLabel string
	// Reference lets the operator find the log line.
	Reference string
	HomeURL   string
}

// SignInProps is the page with the ways to sign in.
type SignInProps struct {
	Plain layout.PlainProps
	Links []SignInLink
	// Fresh says that a signed-in person must prove again who they are.
	Fresh bool
	// ByEmail draws the form that finds the provider for an address; it is posted to ActionURL with Return. Email is what was
	// typed before, Unknown that no provider was found for it.
	ByEmail       bool
	ActionURL     string
	Email, Return string
	Unknown       bool
}

// SignInLink is one identity provider.
type SignInLink struct{ ID, Name, URL string }

// SignedOutProps is the page after signing out.
type SignedOutProps struct {
	Plain                 layout.PlainProps
	Provider, ProviderURL string
	// Everywhere says that the person signed out at the provider too.
	Everywhere bool
	SignInURL  string
}

// HomeProps is the first page, by what the person may do.
type HomeProps struct {
	Frame layout.Props
	Tiles []Tile
	// MayDecide shows Waiting, and ShowMine shows Mine, empty ones too.
	MayDecide, ShowMine bool
	Waiting, Mine       []HomeChange
	// WaitingMore and MineMore lead to the whole lists; nil for none.
	WaitingMore, MineMore templ.Component
	Led, Member           []HomeTeam
	// Deputies are those in force that the person gave or holds.
	Deputies     []HomeDeputy
	DeputiesMore templ.Component
	// Empty is shown when it has a title: there is nothing else.
	Empty component.EmptyStateProps
}

// Tile is a number with the list behind it.
type Tile struct {
	Label, Value, URL string
	Icon              component.Icon
	Tone              component.Tone
	TestID            string
}

// HomeChange is a request in a short list.
type HomeChange struct {
	Number         int
	Title, URL, By string
	State          component.ChangeState
	When           component.When
	// Progress says how far the run is: "40 of 120"; empty before and after.
	Progress string
}

// HomeDeputy says in one line who stands in for whom: "Ana Petrova stands in for you: add members".
type HomeDeputy struct{ Text, Teams, Until string }

// HomeTeam is a team in a short list. Pending, Inactive and AddURL are set for teams that the person leads.
type HomeTeam struct {
	Name, URL, AddURL string
	// Inactive counts members whose account is deactivated.
	People, Pending, Inactive int
}

// MeProps is the person's own page.
type MeProps struct {
	// SessionsURL leads to the list of the person's sessions.
	SessionsURL                string
	Frame                      layout.Props
	Name, Email, Role          string
	PortalRoles                []string
	Linked                     bool
	Language, Status           string
	Roles                      []string
	Teams                      []HomeTeam
	SignedInAgo, SignedInExact string
	EndsExact                  string
	// EditURL opens a section ("?edit=" and its name) and is empty for people who have no Gtmhub user; Edit is the section
	// being edited, nil for none.
	EditURL string
	Edit    *ProfileEdit
	// PasswordURL takes the wish for a password mail; PasswordWhy says why there is none.
	PasswordURL, PasswordWhy string
	// Rules are those of the person's password; RulesWhy says why they are not shown.
	Rules, RulesWhy string
	// Settings are how Gtmhub's pages look and work for the person; SettingsURL opens their form, and SettingsWhy says why
	// there is none.
	Settings                 []component.Definition
	SettingsURL, SettingsWhy string
}
