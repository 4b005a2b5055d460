package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// DriftProps is the page of what was changed in the account without the portal.
type DriftProps struct {
	Frame layout.Props
	// Tabs are what waits, and what was dealt with.
	Tabs component.TabsProps
	// Kinds choose one kind.
	Kinds component.CountsBarProps
	Rows  []DriftRow
	Pager component.PagerProps
	Empty component.EmptyStateProps
	// Alert tells why nothing was done; nil for none.
	Alert *component.AlertProps
	// Action takes the ticks; empty for people who only read, and for what was dealt with.
	Action string
	Keep   []component.Hidden
}

// DriftRow is one outside change.
type DriftRow struct {
	ID string
	// Title is one sentence, for the label of the tick.
	Title string
	Kind  string
	Tone  component.Tone
	// Person is who it is about; its Name is empty for a team.
	Person          component.UserCellProps
	Team, TeamURL   string
	Old, New        string
	Found           component.When
	Word            string
	WordTone        component.Tone
	By              string
	Closed          component.When
	Change, LinkURL string
	// Note says why there is no way back.
	Note string
}
