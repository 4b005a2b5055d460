package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// DeputiesProps is the list of deputies.
type DeputiesProps struct {
	Frame layout.Props
	Rows  []DeputyRow
	Empty component.EmptyStateProps
}

// DeputyRow is what one person was given.
type DeputyRow struct {
	Holder component.UserCellProps
	// Teams and Acts are in words, By who gave it.
	Teams, Acts []string
	By          string
	Until       component.When
	Word        string
	Tone        component.Tone
	// EndURL takes the POST that ends it; empty for those who may not.
	EndURL string
}

// DeputyFormProps is the form that names a deputy, once the person is chosen.
type DeputyFormProps struct {
	Frame    layout.Props
	Problems component.ErrorSummaryProps
	Bad      map[string]string
	Action   string
	Person   component.UserCellProps
	Teams    []component.CheckboxProps
	Acts     []component.CheckboxProps
	Until    string
	Min, Max string
	BackURL  string
}
