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
	URL     string
	Keep    []component.Hidden
	Event   string
	Events  []component.Option
	Number  string
	Chips   component.ChipsProps
	Entries []AuditEntry
	Empty   component.EmptyStateProps
	// OlderURL and NewestURL page through the trail; empty for none.
	OlderURL, NewestURL string
	// Scope says which part of the trail the person sees.
	Scope string
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
	// User is the id of the user it was about.
	User, UserURL string
	Change        string
	ChangeURL     string
}
