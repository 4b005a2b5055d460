package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// WhoProps is the page that says who may act on a user or a team.
type WhoProps struct {
	Frame  layout.Props
	About  component.AlertProps
	People []WhoPerson
}

// WhoPerson is somebody who may, with the facts that give the rights.
type WhoPerson struct {
	Person component.UserCellProps
	Facts  []string
	Acts   []WhoAct
}

// WhoAct is one thing, whether it happens at once, and by which rule.
type WhoAct struct {
	Label, Rule, Why string
	Word             string
	Tone             component.Tone
}
