package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// ConfirmProps is the page that stands between an act and its effect until the person has signed in once more.
type ConfirmProps struct {
	Plain layout.PlainProps
	// SignInURL opens beside this page; Action and Fields send again what was sent.
	SignInURL, Action string
	Fields            []component.Hidden
	// BackURL is the page that the form stood on; empty if it is not known.
	BackURL string
}
