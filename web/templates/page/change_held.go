package page

import "github.com/gtmhub-portal/portal/web/templates/component"

// ChangeHeld are the rows of a change that have drifted since the decision.
type ChangeHeld struct {
	// Action takes the form of whoever may steer; empty for everybody else, with WhyNot.
	Action, WhyNot string
	// WhyNoRelease says why this person may only drop; empty when they may release too.
	WhyNoRelease string
	Rows         []HeldRow
	// More says how many are not shown, as a sentence; empty for none.
	More string
}

// HeldRow is one of them.
type HeldRow struct {
	// Value is what its tick sends.
	Value string
	Cell  component.UserCellProps
	// Old and New are what was decided; Now is what is there instead of Old.
	Old, New, Now, Reason string
}
