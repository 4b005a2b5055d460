package page

import "github.com/gtmhub-portal/portal/web/templates/layout"

// DecidedProps is what became of a request, for somebody who was asked and came too late.
type DecidedProps struct {
	Frame                layout.Props
	Title, Text, BackURL string
}
