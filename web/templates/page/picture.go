package page

import (
	"strconv"

	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// PictureProps is the picture of the tree of teams, with the same as a list beside it.
type PictureProps struct {
	Frame layout.Props
	Draw  PictureDrawing
	// Zoom and Levels are choices by links.
	Zoom, Levels component.TabsProps
	// Sum says what is shown: "314 teams, 2 levels".
	Sum         string
	DownloadURL string
	Tree        component.TreeProps
	Empty       component.EmptyStateProps
}

// PictureDrawing is the drawing itself, in units of one pixel at 100 %.
type PictureDrawing struct {
	// Width and Height are the size of the drawing, Shown the width at which it is drawn.
	Width, Height, Shown int
	Title                string
	// Alone is a file of its own: without links, with the name space.
	Alone bool
	Boxes []PictureBox
	Lines []PictureLine
}

// PictureBox is one team.
type PictureBox struct {
	X, Y int
	// Label is the name, cut to fit; Full is all of it with what is known.
	Label, Full, Detail string
	URL                 string
	// More leads to the sub-teams that are not drawn, such as "+12".
	More, MoreURL string
	// Quiet is a deactivated team.
	Quiet bool
}

// PictureLine joins a team and one of its sub-teams.
type PictureLine struct{ Path string }

// The size of a box.
const (
	PictureBoxWidth  = 250
	PictureBoxHeight = 40
)

func px(n int) string { return strconv.Itoa(n) }

func (d PictureDrawing) viewBox() string { return "0 0 " + px(d.Width) + " " + px(d.Height) }

func (d PictureDrawing) shownHeight() int { return d.Height * d.Shown / max(1, d.Width) }
