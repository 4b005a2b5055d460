package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// PolicyProps is the page of the table that says what needs a decision.
type PolicyProps struct {
	Frame layout.Props
	// About says which version is shown, and what holds for requests that wait.
	About    component.AlertProps
	Problems component.ErrorSummaryProps
	// Trial is nil before the table was tried.
	Trial  *PolicyTrial
	Groups []PolicyGroup
	// Action takes the form; empty for people who only read. From is the version on which it was made.
	Action, From string
	Floors       []string
	History      []PolicyVersion
}

// PolicyGroup is a part of the table.
type PolicyGroup struct {
	Title string
	Lines []PolicyLine
}

// PolicyLine is one line of the table.
type PolicyLine struct {
	What, When, As string
	// Words are the answer for people who only read.
	Words string
	// Changed marks a line that differs from what holds, in the form that was tried.
	Changed bool
	// Answer, and from From people on Larger. From is nil where size plays no part.
	Answer, Larger component.SelectProps
	From           *component.FieldProps
	Unit           string
	TestID         string
}

// PolicyTrial is what the table would have done, and how it differs from the one that holds.
type PolicyTrial struct {
	// Sentence is the result in one sentence; Facts are its parts.
	Sentence string
	Facts    []component.Definition
	// Differs are the lines that differ: name, what holds, what would hold.
	Differs []component.DiffProps
	Lists   []PolicyRequests
	// Note is nil when nothing differs, and Save cannot be pressed then.
	Note    *component.TextareaProps
	Confirm *component.AlertProps
}

// PolicyRequests are requests on which the table would have answered otherwise.
type PolicyRequests struct {
	Title, Text string
	Requests    []PolicyRequest
	More        string
	TestID      string
}

// PolicyRequest is one of them.
type PolicyRequest struct{ Title, URL, State, Created string }

// PolicyVersion is a version in the history.
type PolicyVersion struct {
	Title, By, Note string
	When            component.When
	// Changes are the lines that it changed.
	Changes []component.DiffProps
	// BackURL loads it into the form; empty for the one that holds and for people who only read.
	BackURL string
}
