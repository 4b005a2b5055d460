package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// SettingsProps is the page of what is set for everybody.
type SettingsProps struct {
	Frame    layout.Props
	Licences LicencesProps
	// Links lead to the sections that have a page of their own.
	Links []SettingsLink
}

// LicencesProps is the section about licences.
type LicencesProps struct {
	Facts []component.Definition
	// Action takes the form; empty for people who only read.
	Action string
	Field  component.FieldProps
}

// SettingsLink is a section with a page of its own.
type SettingsLink struct {
	Title, Text, URL string
	TestID           string
}
