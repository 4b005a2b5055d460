package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// ChangesProps is the list of requests: one box of it.
type ChangesProps struct {
	Frame layout.Props
	Tabs  []component.Tab
	Items []ChangeItem
	// Waiting draws the columns of the inbox: who asks and when it lapses.
	Waiting bool
	Pager   component.PagerProps
	// Empty is drawn when there are no items.
	Empty component.EmptyStateProps
}

// ChangeItem is a request in the list.
type ChangeItem struct {
	Number int
	// Title is what is asked for in one sentence.
	Title, URL string
	// By made it; Reason is what they said.
	By, Reason string
	// People is the size in words: "300 people".
	People string
	// State is the state in words.
	State string
	// Planned is the date on which it starts, such as "for 1 Dec 2026, 09:00"; empty for none.
	Planned string
	// Parts are the rows of the main step by word, and Counts the same as a sentence.
	Parts  []component.BarPart
	Counts string
	Made   component.When
	// Lapses says in how long; empty when it cannot lapse. Soon marks less than a day.
	Lapses component.When
	Soon   bool
}
