package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// UndoProps is the page that says what taking back a change would do, and what it cannot.
type UndoProps struct {
	Frame layout.Props
	// Alert tells why it was not done; nil for none.
	Alert *component.AlertProps
	// Verdict says who decides, or why it cannot be done.
	Verdict component.AlertProps
	// Counts are the sums over Rows by what would be done.
	Counts component.CountsBarProps
	// Stays says how much cannot be taken back; nil when everything can.
	Stays *component.AlertProps
	Rows  []UndoRow
	// Order says how the rows are ordered.
	Order string
	// More says how many rows are not shown, as a sentence; empty for none.
	More string
	// Action takes the form; empty when nothing can be done.
	Action string
	Hidden []component.Hidden
	Submit string
	// AskReason shows the field; Reason is what was typed, ReasonProblem why it came back.
	AskReason             bool
	Reason, ReasonProblem string
	BackURL, BackLabel    string
}

// UndoRow is one row that was done, and what taking it back would do.
type UndoRow struct {
	Cell     component.UserCellProps
	What     string
	Old, New string
	// Word is "is taken back", "nothing to do" or "stays".
	Word string
	Tone component.Tone
	Note string
}
