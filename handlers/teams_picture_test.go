package handlers_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestPicture: every team of the scope and no other, each once; names are escaped.
func TestPicture(t *testing.T) {
	t.Parallel()
	account := emulator.DefaultAccount()
	// Circles and orphans are shown by the directory's own tests: the emulator refuses such an account.
	const hostile = `<script>alert(1)</script>"' & Co`
	account.Teams[0].Name = hostile
	p := handlertest.New(t, handlertest.Options{Account: account})
	hr := p.As(handlertest.HR)
	all := hr.Get(route.TeamPicture + "?levels=all")
	if n := all.Doc().Count(`[data-testid="picture-team"]`); n != len(account.Teams) {
		t.Errorf("%d teams drawn, want %d", n, len(account.Teams))
	}
	if n := all.Doc().Count(`[data-testid="picture-list"] li`); n != len(account.Teams) {
		t.Errorf("%d teams in the list, want %d", n, len(account.Teams))
	}
	if strings.Contains(all.Body, "<script>alert") {
		t.Error("a name breaks out")
	}
	few := hr.Get(route.TeamPicture)
	if n := few.Doc().Count(`[data-testid="picture-team"]`); n == 0 || n >= len(account.Teams) || !strings.Contains(few.Body, "levels=all") {
		t.Errorf("%d teams at first", n)
	}
	half := few.Doc().MustOne(`svg.picture`).Attr("width")
	if got := hr.Get(route.TeamPicture + "?zoom=50").Doc().MustOne(`svg.picture`).Attr("width"); got == half {
		t.Errorf("zoom changes nothing: %s", got)
	}

	// The file: well-formed, complete, without links, scripts and styles.
	file := hr.Get(route.TeamSVG + "?levels=all")
	if file.Header.Get("Content-Type") != "image/svg+xml; charset=utf-8" || !strings.Contains(file.Header.Get("Content-Disposition"), "teams.svg") {
		t.Errorf("headers %v", file.Header)
	}
	boxes := 0
	d := xml.NewDecoder(strings.NewReader(file.Body))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok {
			if start.Name.Space != "http://www.w3.org/2000/svg" || !slices.Contains([]string{"svg", "g", "rect", "text", "path", "title"}, start.Name.Local) {
				t.Errorf("element %v", start.Name)
			}
			if start.Name.Local == "g" {
				boxes++
			}
			for _, a := range start.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "style" || a.Name.Local == "href" {
					t.Errorf("attribute %s", a.Name.Local)
				}
			}
		}
	}
	if boxes != len(account.Teams) {
		t.Errorf("%d teams in the file", boxes)
	}

	// Focus and scope.
	top := p.Team("SIG Autoscaling")
	below := hr.Get(route.TeamPicture + "?under=" + string(top.ID))
	if n := below.Doc().Count(`[data-testid="picture-team"]`); n != 13 {
		t.Errorf("%d teams below, want 13", n)
	}
	if n := hr.Get(route.Teams + "?under=" + string(top.ID)).Doc().Count(`[data-testid="tree"] li`); n != 13 {
		t.Errorf("%d teams in the cut tree, want 13", n)
	}
	for _, tc := range []struct {
		v    handlertest.Viewpoint
		want int
	}{{handlertest.Lead, 2}, {handlertest.Employee, 3}, {handlertest.Auditor, len(account.Teams)}} {
		c := p.As(tc.v)
		got := c.Get(route.TeamPicture + "?levels=all")
		if n := got.Doc().Count(`[data-testid="picture-team"]`); n != tc.want {
			t.Errorf("%s sees %d teams, want %d", tc.v.Name, n, tc.want)
		}
		if svg := c.Get(route.TeamSVG + "?levels=all"); tc.want < 10 && (strings.Contains(svg.Body, "Autoscaling") || strings.Contains(got.Body, "Autoscaling")) {
			t.Errorf("%s: the picture names a foreign team", tc.v.Name)
		}
		if tc.want < 10 {
			for _, path := range []string{route.TeamPicture, route.TeamSVG} {
				if got := c.Get(path + "?under=" + string(top.ID)); got.Status != http.StatusNotFound {
					t.Errorf("%s, %s below a foreign team: %d", tc.v.Name, path, got.Status)
				}
			}
			if body := c.Get(route.Teams + "?under=" + string(top.ID)).Body; strings.Contains(body, "Autoscaling") {
				t.Errorf("%s: the cut tree names a foreign team", tc.v.Name)
			}
		}
	}
}
