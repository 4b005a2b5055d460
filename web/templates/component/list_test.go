package component_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/web/templates/component"
)

func TestChips(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		chips []component.Chip
		want  []string // addresses of links
	}{
		"none": {nil, nil},
		"one":  {[]component.Chip{{Label: "Status: pending", RemoveURL: "/users"}}, []string{"/users"}},
		"two":  {[]component.Chip{{Label: "a", RemoveURL: "/users?b"}, {Label: "b", RemoveURL: "/users?a"}}, []string{"/users?b", "/users?a", "/users?all"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := render(t, component.Chips(component.ChipsProps{Chips: tt.chips, ClearURL: "/users?all"}))
			if diff := cmp.Diff(tt.want, addresses(d)); diff != "" {
				t.Errorf("links (-want +got):\n%s", diff)
			}
		})
	}
}

func addresses(d *htmltest.Doc) []string {
	var out []string
	for _, a := range d.Find("a") {
		out = append(out, a.Attr("href"))
	}
	return out
}

func TestTable(t *testing.T) {
	t.Parallel()
	row := in("tr",
		component.RowTick(component.RowTickProps{Name: "user", Value: "u1", Label: "Select Ana", Checked: true, Form: "bulk"}),
		around(component.Cell("Status"), text("active")), around(component.Cell(""), text("Ana")), component.NumberCell("People", 1243))
	d := render(t, component.Table(component.TableProps{Caption: "Users", Cards: true, TestID: "users"}),
		in("thead", in("tr", component.PageTick("Select all on this page"),
			component.SortHeader(component.SortHeaderProps{Label: "Person", URL: "?sort=-name", Order: component.Ascending}),
			component.SortHeader(component.SortHeaderProps{Label: "Invited", URL: "?sort=invited"}),
			component.Header("", "Actions"))),
		in("tbody", row))
	htmltest.CheckFragment(t, d)
	if got := d.MustOne("caption").Text(); got != "Users" {
		t.Errorf("caption = %q", got)
	}
	if got := d.MustOne("th[aria-sort]"); got.Attr("aria-sort") != "ascending" || got.Text() != "Person" {
		t.Errorf("sorted by %q, %q", got.Text(), got.Attr("aria-sort"))
	}
	if d.Count("th[scope=col]") != 4 {
		t.Errorf("%d heads have a scope", d.Count("th[scope=col]"))
	}
	tick := d.MustOne("input[data-tick]")
	if tick.Attr("value") != "u1" || tick.Attr("form") != "bulk" || !tick.HasAttr("checked") {
		t.Errorf("tick: value %q, form %q, checked %t", tick.Attr("value"), tick.Attr("form"), tick.HasAttr("checked"))
	}
	if !d.MustOne("input[data-tick-page]").HasAttr("hidden") {
		t.Error("the tick of the page is offered without scripts")
	}
	var labels []string
	for _, c := range d.Find("td[data-label]") {
		labels = append(labels, c.Attr("data-label")+": "+c.Text())
	}
	if diff := cmp.Diff([]string{"Status: active", "People: 1,243"}, labels); diff != "" {
		t.Errorf("labels of cells (-want +got):\n%s", diff)
	}
	wide := render(t, component.Table(component.TableProps{Caption: "Rows"})).MustOne("[role=region]")
	if wide.Attr("tabindex") != "0" || wide.Attr("aria-label") != "Rows" {
		t.Error("a table that scrolls cannot be reached by keyboard")
	}
}

func TestBulkBar(t *testing.T) {
	t.Parallel()
	none := render(t, component.BulkBar(component.BulkBarProps{})).MustOne(`[data-testid="bulk-bar"]`)
	if none.Text() != "Tick rows, then choose" || none.Attr("data-elsewhere") != "0" {
		t.Errorf("nothing selected: %q", none.Text())
	}
	some := render(t, component.BulkBar(component.BulkBarProps{Selected: 1050, Elsewhere: 1000, SelectAllLabel: "Select all 1,243 that match", SelectAllURL: "/x", ClearURL: "/y"}), text("Deactivate"))
	bar := some.MustOne(`[data-testid="bulk-bar"]`)
	if got, want := bar.Text(), "1,050 selected Select all 1,243 that match Clear Deactivate"; got != want {
		t.Errorf("bar = %q, want %q", got, want)
	}
	if bar.Attr("data-selected") != "1050" || bar.Attr("data-elsewhere") != "1000" {
		t.Errorf("counts for scripts: %q, %q", bar.Attr("data-selected"), bar.Attr("data-elsewhere"))
	}
}

func TestPager(t *testing.T) {
	t.Parallel()
	d := render(t, component.Pager(component.PagerProps{
		From: 51, To: 100, Total: 1243, Noun: "users", PrevURL: "?page=1", NextURL: "?page=3",
		Pages: []component.PageLink{{Number: 1, URL: "?page=1"}, {Number: 2, URL: "?page=2", Current: true}, {Number: 0}, {Number: 25, URL: "?page=25"}},
		Sizes: []component.PageSize{{Size: 25, URL: "?size=25"}, {Size: 50, URL: "?size=50", Current: true}},
	}))
	if got := d.MustOne(".pager-text").Text(); got != "51–100 of 1,243 users" {
		t.Errorf("text = %q", got)
	}
	if diff := cmp.Diff([]string{"?size=25", "?size=50", "?page=1", "?page=1", "?page=2", "?page=25", "?page=3"}, addresses(d)); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if got := d.MustOne("[aria-current=page]").Text(); got != "2" {
		t.Errorf("current page = %q", got)
	}
	empty := render(t, component.Pager(component.PagerProps{Noun: "users"}))
	if got := empty.MustOne(".pager-text").Text(); got != "No users" || empty.Count("a") != 0 {
		t.Errorf("empty list: %q with %d links", got, empty.Count("a"))
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		p    component.DiffProps
		want string
	}{
		"changed": {component.DiffProps{Field: "Name", Old: "Sales", New: "Sales EMEA"}, "Name from Sales to Sales EMEA"},
		"added":   {component.DiffProps{New: "Editor"}, "to Editor"},
		"removed": {component.DiffProps{Old: "Editor"}, "from Editor nothing"},
		"same":    {component.DiffProps{Old: "Editor", New: "Editor"}, "Editor"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := render(t, component.Diff(tt.p)).Text(); got != tt.want {
				t.Errorf("text = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCountsBar(t *testing.T) {
	t.Parallel()
	d := render(t, component.CountsBar(component.CountsBarProps{
		Label: "Rows", AllURL: "?", Items: []component.CountItem{
			{Word: "done", Count: 1210, URL: "?word=done", Current: true}, {Word: "outcome unknown", Count: 3}, {Word: "failed", Count: 0},
		},
	}))
	for id, want := range map[string]string{"count-done": "1210", "count-outcome-unknown": "3", "count-failed": "0", "count-all": "1213"} {
		if got := d.MustOne(`[data-testid="` + id + `"]`).Attr("data-count"); got != want {
			t.Errorf("%s = %q, want %q", id, got, want)
		}
	}
	if got := d.MustOne("[aria-current]").Text(); got != "1,210 done" {
		t.Errorf("current = %q", got)
	}
}

func TestBarsFillTheirPicture(t *testing.T) {
	t.Parallel()
	d := render(t, component.BarStack(component.BarStackProps{Label: "Rows", Parts: []component.BarPart{{Label: "done", Count: 1}, {Label: "failed", Count: 1}, {Label: "waiting", Count: 1}, {Label: "held"}}}))
	var widths []string
	for _, r := range d.Find(`rect[class^="fill-"]`) {
		widths = append(widths, r.Attr("x")+"+"+r.Attr("width"))
	}
	if diff := cmp.Diff([]string{"0+333", "333+333", "666+334"}, widths); diff != "" {
		t.Errorf("bars (-want +got):\n%s", diff)
	}
	if got := d.MustOne("svg").Attr("aria-label"); got != "Rows: 1 done, 1 failed, 1 waiting" {
		t.Errorf("picture says %q", got)
	}
	if d.Count(".bar-key li") != 3 {
		t.Errorf("%d parts in the legend", d.Count(".bar-key li"))
	}
	empty := render(t, component.BarStack(component.BarStackProps{Label: "Rows"}))
	if empty.Count("rect") != 1 || empty.MustOne("svg").Attr("aria-label") != "Rows: none" {
		t.Errorf("empty: %d bars, %q", empty.Count("rect"), empty.MustOne("svg").Attr("aria-label"))
	}
	list := render(t, component.BarList(component.BarListProps{Label: "Age", Rows: []component.BarRow{{Label: "a", Count: 10000}, {Label: "b", Count: 1}, {Label: "c"}}}))
	var lengths []string
	for _, r := range list.Find(`rect[class^="fill-"]`) {
		lengths = append(lengths, r.Attr("width"))
	}
	if diff := cmp.Diff([]string{"1000", "10", "0"}, lengths); diff != "" {
		t.Errorf("lengths (-want +got):\n%s", diff)
	}
}

func TestBadges(t *testing.T) {
	t.Parallel()
	roles := []string{"User", "Editor", "Admin", "Viewer"}
	some := render(t, component.Badges(roles, 2))
	if got, want := some.Text(), "User Editor +2 and Admin, Viewer"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
	if all := render(t, component.Badges(roles, 0)).Text(); all != strings.Join(roles, " ") {
		t.Errorf("without limit: %q", all)
	}
}

func TestUserCell(t *testing.T) {
	t.Parallel()
	full := render(t, component.UserCell(component.UserCellProps{ID: "u1", Name: "Ana Petrova", Email: "ana@example.com", URL: "/users/u1", Note: "manager"}))
	if full.MustOne("a").Attr("href") != "/users/u1" || !strings.Contains(full.Text(), "ana@example.com") || !strings.Contains(full.Text(), "manager") {
		t.Errorf("cell = %q", full.Text())
	}
	nameless := render(t, component.UserCell(component.UserCellProps{ID: "u2", Email: "bo@example.com"}))
	if n := strings.Count(nameless.Text(), "bo@example.com"); n != 1 || nameless.Count("a") != 0 {
		t.Errorf("without a name the address stands %d times, %d links", n, nameless.Count("a"))
	}
	colour := func(id string) string {
		return render(t, component.Avatar(component.AvatarProps{ID: id, Name: "Ana"})).MustOne(".face").Attr("class")
	}
	if colour("u1") != colour("u1") {
		t.Error("the colour of a person changes")
	}
	seen := map[string]bool{}
	for _, id := range strings.Fields("a b c d e f g h i j k l m n o p q r s t u v w x y z") {
		seen[colour(id)] = true
	}
	if len(seen) != 8 {
		t.Errorf("26 people have %d colours, want 8", len(seen))
	}
}
