package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// ResultsProps is the tab of a person's key results with the objectives that these belong to.
type ResultsProps struct {
	// Problem says why nothing can be shown; then only Retired and TryURL are looked at beside it.
	Problem string
	// Retired says that asking again is of no use.
	Retired bool
	TryURL  string
	// Count is how many key results are shown; Sentence says it, with the objectives.
	Count    int
	Sentence string
	// Note is a remark on what is left out, empty for none.
	Note       string
	Read       component.When
	Objectives []ResultObjective
	// Loose are key results without an objective.
	Loose []ResultLine
	// HandOverURL and FileURL are empty where the viewer has no use for them.
	HandOverURL, FileURL string
}

// ResultObjective is an objective with the person's key results in it.
type ResultObjective struct {
	ID, Name string
	Owners   []ResultOwner
	// Own says that the person is among the owners.
	Own, Private bool
	Lines        []ResultLine
	// ChangeURL and ConfidenceURL are empty for people who may not.
	ChangeURL, ConfidenceURL string
}

// ResultOwner is a user or a team; URL is empty where the viewer may not open it.
type ResultOwner struct{ Name, URL string }

// ResultLine is a key result.
type ResultLine struct {
	Name string
	// Percent is 0 to 100; Progress is "12 of 40".
	Percent  int
	Progress string
	// Due and Shared are remarks, empty for none.
	Due, Shared string
	Private     bool
}

// PersonPick is the question for one person: an input for name or address, and the people who match when several do.
type PersonPick struct {
	Field   component.FieldProps
	Matches component.RadioGroupProps
}

// HandOverProps is the form that hands objectives over.
type HandOverProps struct {
	Frame       layout.Props
	PersonName  string
	Action      string
	BackURL     string
	Problem     string // why nothing can be handed over
	Errors      component.ErrorSummaryProps
	Objectives  []HandOverChoice
	ChoiceError string
	To          PersonPick
	Reason      component.TextareaProps
}

// HandOverChoice is an objective that can be ticked.
type HandOverChoice struct {
	ID, Name, Owners string
	KeyResults       string // "2 key results"
	Ticked           bool
}

// ConfidenceProps is the form for the confidence of an objective.
type ConfidenceProps struct {
	Frame     layout.Props
	Objective string
	Action    string
	BackURL   string
	Errors    component.ErrorSummaryProps
	Percent   component.FieldProps
	Why       component.TextareaProps
}
