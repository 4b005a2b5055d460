package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// AuditPart is the list of the audit page, which htmx asks for alone.
type AuditPart struct{}

// AuditProps is the audit trail.
type AuditProps struct {
	Frame   layout.Props
	Search  component.SearchBoxProps
	Filters AuditFilters
	Chips   component.ChipsProps
	Entries []AuditEntry
	Empty   component.EmptyStateProps
	// OlderURL and NewestURL page through the trail; CSVURL and LinesURL export what is chosen. Empty for none.
	OlderURL, NewestURL, CSVURL, LinesURL string
	// Scope says which part of the trail the person sees.
	Scope string
}

// AuditFilters is the form of the filters. On is how many are set; Open shows it again with its mistakes.
type AuditFilters struct {
	URL                            string
	Keep                           []component.Hidden
	On                             int
	Open                           bool
	Event, Team                    component.SelectProps
	By, About, Number, From, Until component.FieldProps
}

// AuditEntry is one line of the trail as a sentence.
type AuditEntry struct {
	Seq  string
	When component.When
	// Sentence says who did what; Detail what came back or why.
	Sentence, Detail string
	Event            string
	Icon             component.Icon
	Tone             component.Tone
	// Call names the Gtmhub operation, empty for none.
	Call string
	// User is the name (or else the id) of the user it was about; empty for none, and where that was the one who acted.
	User, UserURL string
	Change        string
	ChangeURL     string
}
