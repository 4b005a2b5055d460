package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// ChecklistProps is what of an offboarding is done.
type ChecklistProps struct {
	Frame                  layout.Props
	Action                 string
	ChangeURL, ChangeLabel string
	// Starts says when the portal begins; empty once it has.
	Starts string
	Items  []ChecklistItem
	Rows   []ChecklistRow
}

// ChecklistItem is something that people do.
type ChecklistItem struct {
	Item, Title, Text string
	// Done says by whom and when; empty while it is open.
	Done string
	// FileURL is the list that goes with it.
	FileURL string
}

// ChecklistRow is something that the portal does.
type ChecklistRow struct {
	What, Who, Value, State, Note string
	When                          component.When
}
