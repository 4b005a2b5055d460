package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// The measures of the picture: the room between columns and rows, and the letters that fit into a box.
const (
	pictureGap     = 62
	pictureRow     = page.PictureBoxHeight + 10
	pictureMargin  = 12
	pictureLetters = 30
	// pictureWhole is how many teams are drawn with all levels unless somebody chooses.
	pictureWhole = 60
	// pictureLevels is how many levels can be chosen at most.
	pictureLevels = 12
)

var pictureZooms = []int{50, 75, 100, 150}

// pictureView is what of the tree is drawn.
type pictureView struct {
	under  *directory.Node
	nodes  []*directory.Node
	teams  int
	levels int // 0 for all
	zoom   int
}

// pictureOf reads the address: ?under= a team, ?levels= how many, ?zoom= in percent. A team that is not open is not there.
func (s *server) pictureOf(r *http.Request) (pictureView, error) {
	q := r.URL.Query()
	v := pictureView{nodes: s.view(r.Context()).Tree(), zoom: 100}
	if under := q.Get("under"); under != "" {
		v.under = findNode(v.nodes, under)
		if v.under == nil {
			return v, errNoTeam
		}
		v.nodes = []*directory.Node{v.under}
	}
	directory.Walk(v.nodes, func(*directory.Node) { v.teams++ })
	if v.teams > pictureWhole {
		v.levels = 2
	}
	if q.Get("levels") == "all" {
		v.levels = 0
	} else if n := positive(q.Get("levels"), 0); n > 0 {
		v.levels = min(n, pictureLevels)
	}
	if z, err := strconv.Atoi(q.Get("zoom")); err == nil && slices.Contains(pictureZooms, z) {
		v.zoom = z
	}
	return v, nil
}

// findNode finds a team in a tree; nil if it is not there.
func findNode(nodes []*directory.Node, team string) (found *directory.Node) {
	t, err := id.ParseTeam(team)
	if err != nil {
		return nil
	}
	directory.Walk(nodes, func(n *directory.Node) {
		if n.Team.ID == t {
			found = n
		}
	})
	return found
}

// draw lays the teams out from left to right: each team beside the middle of its sub-teams, which stand below each other.
func (s *server) draw(r *http.Request, v pictureView) page.PictureDrawing {
	view := s.view(r.Context())
	d := page.PictureDrawing{Title: "Teams", Width: pictureMargin}
	if v.under != nil {
		d.Title = "Teams below " + v.under.Team.Name
	}
	next := pictureMargin
	var place func(n *directory.Node, depth int) int
	place = func(n *directory.Node, depth int) (y int) {
		x := pictureMargin + depth*(page.PictureBoxWidth+pictureGap)
		hidden := v.levels > 0 && depth+1 >= v.levels
		var middles []int
		if !hidden {
			for _, c := range n.Children {
				middles = append(middles, place(c, depth+1))
			}
		}
		if len(middles) == 0 {
			y = next
			next += pictureRow
		} else {
			y = (middles[0]+middles[len(middles)-1])/2 - page.PictureBoxHeight/2
		}
		box := page.PictureBox{X: x, Y: y, Label: shorten(n.Team.Name, pictureLetters), URL: route.Team(n.Team.ID), Quiet: !n.Team.Active}
		box.Detail = people(n.Own)
		if n.WithSub > n.Own {
			box.Detail += ", " + count(n.WithSub) + " with sub-teams"
		}
		box.Full = n.Team.Name + ": " + box.Detail
		if m, ok := view.Manager(n.Team.ID); ok {
			box.Full += ", managed by " + m.Name
		}
		if hidden && len(n.Children) > 0 {
			box.More = "+" + strconv.Itoa(len(n.Children))
			box.MoreURL = query(r, map[string]string{"under": string(n.Team.ID), "levels": ""})
		}
		d.Boxes = append(d.Boxes, box)
		middle := y + page.PictureBoxHeight/2
		from, to := x+page.PictureBoxWidth, x+page.PictureBoxWidth+pictureGap
		for _, m := range middles {
			d.Lines = append(d.Lines, page.PictureLine{Path: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from, middle, from+pictureGap/2, middle, to-pictureGap/2, m, to, m)})
		}
		d.Width = max(d.Width, x+page.PictureBoxWidth+pictureGap)
		return middle
	}
	for _, n := range v.nodes {
		place(n, 0)
	}
	d.Height = next + pictureMargin
	d.Shown = d.Width * v.zoom / 100
	return d
}

// shorten cuts a text to so many letters.
func shorten(text string, letters int) string {
	if runes := []rune(text); len(runes) > letters {
		return string(runes[:letters-1]) + "…"
	}
	return text
}

// teamsPicture handles GET /teams/picture.
func (s *server) teamsPicture(w http.ResponseWriter, r *http.Request) error {
	v, err := s.pictureOf(r)
	if err != nil {
		return err
	}
	view, a := s.view(r.Context()), actorFrom(r.Context())
	p := page.PictureProps{Draw: s.draw(r, v), Sum: teamsOf(v.teams), DownloadURL: route.With(route.TeamSVG, r.URL.Query()),
		Tree:  component.TreeProps{Label: "Teams as a list", Nodes: treeDrawing{view: view, a: a, open: v.under != nil}.nodes(v.nodes)},
		Empty: component.EmptyStateProps{Icon: component.IconSitemap, Title: "No team to show", Text: "You are in no team yet.", TestID: "teams-empty"},
		Zoom:  component.TabsProps{Label: "Size"}, Levels: component.TabsProps{Label: "Levels"}}
	if n := len(p.Draw.Boxes); n < v.teams {
		p.Sum = count(n) + " of " + p.Sum + " are drawn. A number beside a team leads to its sub-teams."
	}
	for _, z := range pictureZooms {
		p.Zoom.Tabs = append(p.Zoom.Tabs, component.Tab{Label: strconv.Itoa(z) + " %", URL: query(r, map[string]string{"zoom": strconv.Itoa(z)}), Current: z == v.zoom, TestID: "zoom-" + strconv.Itoa(z)})
	}
	for _, l := range []struct {
		label, value string
		levels       int
	}{{"2 levels", "2", 2}, {"3 levels", "3", 3}, {"All", "all", 0}} {
		p.Levels.Tabs = append(p.Levels.Tabs, component.Tab{Label: l.label, URL: query(r, map[string]string{"levels": l.value}), Current: l.levels == v.levels, TestID: "levels-" + l.value})
	}
	frame := layout.Props{Title: "Picture of the teams", Crumbs: []layout.Crumb{{Label: "Teams", URL: route.Teams}}}
	if v.under != nil {
		frame.Title = "Picture: " + v.under.Team.Name
		frame.Crumbs = append(frame.Crumbs, layout.Crumb{Label: "Picture", URL: route.TeamPicture})
	}
	if p.Frame, err = s.frame(w, r, route.Teams, frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Picture(p))
}

func teamsOf(n int) string {
	if n == 1 {
		return "1 team"
	}
	return count(n) + " teams"
}

// teamsSVG handles GET /teams/picture.svg: the drawing as a file, without links.
func (s *server) teamsSVG(w http.ResponseWriter, r *http.Request) error {
	v, err := s.pictureOf(r)
	if err != nil {
		return err
	}
	d := s.draw(r, v)
	d.Alone, d.Shown = true, d.Width
	buf := templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	if err := page.Drawing(d).Render(r.Context(), buf); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/svg+xml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="teams.svg"`)
	_, err = w.Write(buf.Bytes())
	return err
}

// pictureLink leads to the picture of a team and what stands below it.
func pictureLink(team id.Team) string {
	return route.With(route.TeamPicture, url.Values{"under": {string(team)}})
}
