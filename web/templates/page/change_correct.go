package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// ChangeQuestion is a question about a change.
type ChangeQuestion struct {
	Title, Text string
	// AnsweredBy and Answer are the answer; empty while there is none.
	AnsweredBy, Answer string
	// Action takes the answer of the requester; empty for everybody else. CorrectURL is the way to correct the list first.
	Action, CorrectURL string
	// Typed is the answer as it was sent, Problem what is wrong with it.
	Typed, Problem string
	// Waits says to others what happens next.
	Waits string
}

// CorrectProps is the page on which people of a change are corrected, or asked for again.
type CorrectProps struct {
	Frame    layout.Props
	Problems []component.Problem
	// Intro says what will become of it.
	Intro  string
	Action string
	Hidden []component.Hidden
	People []CorrectPerson
	// All asks again for everybody who is left, as they are; nil for one person and while the list was not decided yet.
	All *component.CheckboxProps
	// TeamNames, RoleNames and Languages are offered while typing.
	TeamNames, RoleNames, Languages []string
	Note                            component.TextareaProps
	Submit, BackURL                 string
	Empty                           component.EmptyStateProps
	Pager                           component.PagerProps
	// File takes the corrected return file; nil where there is none.
	File *CorrectFile
}

// CorrectPerson is one person with the cells of the list.
type CorrectPerson struct {
	ID, Name, Email, Place string
	// State and Reason say why the person is here.
	State, Reason string
	Fields        []component.FieldProps
	// Fixed says what cannot be changed any more; empty if all can.
	Fixed string
	// Again asks for the person once more as they are; nil while the list was not decided yet.
	Again *component.CheckboxProps
}

// CorrectFile is the upload of a corrected return file.
type CorrectFile struct {
	Action, ReturnURL, Version string
}
