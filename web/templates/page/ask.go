package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// AskProps is the page that asks for the reason of a request.
type AskProps struct {
	Plain   layout.PlainProps
	Verdict component.AlertProps
	// Action and Fields send again what was sent, with the reason.
	Action string
	Fields []component.Hidden
	Reason component.TextareaProps
	// BackURL is the page that the form stood on; empty if it is not known.
	BackURL string
}
