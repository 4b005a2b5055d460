package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// SessionsProps lists sessions: the person's own, or everybody's for the operator.
type SessionsProps struct {
	Frame    layout.Props
	Sessions []SessionLine
	// EndURL takes the POST that ends one; EndOthersURL all but this one, "" when there is no other.
	EndURL, EndOthersURL string

	// For the operator only: the search, what was looked for, whether there are more than shown, and what an empty list says.
	Search component.SearchBoxProps
	Find   string
	More   bool
	Empty  component.EmptyStateProps
}

// SessionLine is one session.
type SessionLine struct {
	// ID names it in forms; it opens nothing.
	ID       string
	Person   component.UserCellProps
	Browser  string
	SignedIn component.When
	LastSeen component.When
	// This marks the session in which the page is shown.
	This bool
}
