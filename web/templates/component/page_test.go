package component_test

import (
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/web/templates/component"
)

func TestAlertSaysHowUrgentItIs(t *testing.T) {
	t.Parallel()
	for tone, want := range map[component.Tone]string{
		component.ToneNeutral: "status", component.ToneInfo: "status", component.ToneSuccess: "status",
		component.ToneWarning: "alert", component.ToneDanger: "alert",
	} {
		n := render(t, component.Alert(component.AlertProps{Tone: tone, Text: "x", TestID: "a"})).MustOne(`[data-testid="a"]`)
		if n.Attr("role") != want || n.HasAttr("data-focus") || n.Count("svg") != 1 {
			t.Errorf("tone %d: role %q, want %q; focus %t", tone, n.Attr("role"), want, n.HasAttr("data-focus"))
		}
	}
	n := render(t, component.Alert(component.AlertProps{Text: "x", Focus: true, ID: "result"})).MustOne("#result")
	if n.Attr("tabindex") != "-1" || !n.HasAttr("data-focus") {
		t.Error("a result cannot take the focus")
	}
}

func TestToastsThatMayGoAway(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		p    component.ToastProps
		want string
	}{
		"success":           {component.ToastProps{Tone: component.ToneSuccess, Text: "Saved."}, "brief"},
		"success_with_undo": {component.ToastProps{Tone: component.ToneSuccess, Text: "Saved.", UndoURL: "/undo"}, "stay"},
		"success_with_link": {component.ToastProps{Tone: component.ToneSuccess, Text: "Sent.", LinkURL: "/changes/1", LinkLabel: "See details"}, "stay"},
		"failure":           {component.ToastProps{Tone: component.ToneDanger, Text: "Not saved."}, "stay"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := render(t, component.Toast(tt.p)).MustOne(`[data-testid="toast"]`)
			if got := n.Attr("data-toast"); got != tt.want {
				t.Errorf("data-toast = %q, want %q", got, tt.want)
			}
			if !n.MustOne("[data-close-toast]").HasAttr("hidden") {
				t.Error("without scripts there is a button that does nothing")
			}
		})
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		value, max         int
		wantValue, wantMax string
	}{
		"under_way":  {40, 120, "40", "120"},
		"over":       {130, 120, "120", "120"},
		"under":      {-1, 120, "0", "120"},
		"no_end_yet": {5, 0, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := render(t, component.Progress(component.ProgressProps{Label: "People invited", Value: tt.value, Max: tt.max, Text: "words"})).MustOne("progress")
			if n.Attr("value") != tt.wantValue || n.Attr("max") != tt.wantMax || n.Attr("aria-label") != "People invited" {
				t.Errorf("value %q of %q, label %q", n.Attr("value"), n.Attr("max"), n.Attr("aria-label"))
			}
		})
	}
}

func TestTabsAndSwitch(t *testing.T) {
	t.Parallel()
	p := component.TabsProps{Label: "Views", Tabs: []component.Tab{{Label: "Overview", URL: "/u/1", Current: true}, {Label: "History", URL: "/u/1/history", Count: 0, ShowCount: true, TestID: "history"}}}
	d := render(t, component.Tabs(p))
	if got := d.MustOne("[aria-current=page]").Text(); got != "Overview" {
		t.Errorf("current = %q", got)
	}
	if got := d.MustOne(`[data-testid="history"]`).Text(); got != "History 0" {
		t.Errorf("other = %q", got)
	}
	if got := render(t, component.Switch(p)).MustOne("[aria-current=true]").Text(); got != "Overview" {
		t.Errorf("current of a switch = %q", got)
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	d := render(t, component.Steps(component.StepsProps{Label: "Invite", Steps: []component.Step{
		{Label: "File", URL: "/invite/1", State: component.StepDone}, {Label: "Columns", URL: "/invite/2", State: component.StepCurrent}, {Label: "Check", URL: "/invite/3"},
	}}))
	if got := d.MustOne("[aria-current=step]").Text(); !strings.HasSuffix(got, "Columns") {
		t.Errorf("current = %q", got)
	}
	link := d.MustOne("a")
	if link.Attr("href") != "/invite/1" || !strings.Contains(link.Text(), "Step 1, done: File") {
		t.Errorf("link %q leads to %q; only a done step can be gone back to", link.Text(), link.Attr("href"))
	}
}

func TestDialogWorksWithoutScripts(t *testing.T) {
	t.Parallel()
	d := render(t, in("main",
		component.DialogTrigger(component.DialogTriggerProps{Label: "Move", DialogID: "move", TestID: "plain"}),
		component.DialogTrigger(component.DialogTriggerProps{Label: "Move", DialogID: "move", FallbackURL: "/teams/1/move", TestID: "with-page"}),
		around(component.Dialog(component.DialogProps{ID: "move", Title: "Move under…"}), component.DialogFooter("move"))))
	if b := d.MustOne(`button[data-testid="plain"]`); b.Attr("command") != "show-modal" || b.Attr("commandfor") != "move" || b.Attr("type") != "button" {
		t.Errorf("button: %q for %q", b.Attr("command"), b.Attr("commandfor"))
	}
	if a := d.MustOne(`a[data-testid="with-page"]`); a.Attr("href") != "/teams/1/move" || a.Attr("data-opens") != "move" {
		t.Errorf("link: %q, opens %q", a.Attr("href"), a.Attr("data-opens"))
	}
	box := d.MustOne("dialog")
	if box.HasAttr("open") || d.MustOne("#"+box.Attr("aria-labelledby")).Text() != "Move under…" {
		t.Error("the dialog is open or has no name")
	}
	if box.Count("button[command=close][commandfor=move]") != 2 {
		t.Errorf("%d buttons close it, want 2", box.Count("button[command=close][commandfor=move]"))
	}
	if !render(t, component.Dialog(component.DialogProps{ID: "x", Title: "x", Open: true})).MustOne("dialog").HasAttr("open") {
		t.Error("a form with mistakes is hidden")
	}
}

func TestMenu(t *testing.T) {
	t.Parallel()
	d := render(t, component.Menu(component.MenuProps{Label: "More", IconOnly: true, Group: "rows", TestID: "menu", Items: []component.MenuItem{
		{Label: "Open", URL: "/users/1", TestID: "open"},
		{Label: "Resend", Action: "/users/1/resend", Hidden: []component.Hidden{{Name: "v", Value: "1"}}},
		{Label: "Rename", DialogID: "rename"},
		{Label: "Delete", Danger: true, Divided: true, Reason: "Only HR may delete users."},
	}}))
	m := d.MustOne(`details[data-testid="menu"]`)
	if m.Attr("name") != "rows" || m.MustOne("summary").Attr("aria-label") != "More" {
		t.Errorf("group %q, name %q", m.Attr("name"), m.MustOne("summary").Attr("aria-label"))
	}
	if m.MustOne("a").Attr("href") != "/users/1" || m.MustOne("a").Attr("data-testid") != "open" {
		t.Error("the link is wrong")
	}
	if f := m.MustOne("form"); f.Attr("method") != "post" || f.Attr("action") != "/users/1/resend" || f.MustOne("input").Attr("value") != "1" || f.MustOne("button").HasAttr("data-testid") {
		t.Errorf("form: %q %q", f.Attr("method"), f.Attr("action"))
	}
	m.MustOne("button[commandfor=rename]")
	if got := m.MustOne(".menu-off").Text(); got != "Delete Only HR may delete users." {
		t.Errorf("line that cannot be used = %q", got)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	d := render(t, component.Tree(component.TreeProps{Label: "Teams", Nodes: []component.TreeNode{{
		ID: "t1", Label: "Sales", URL: "/teams/t1", Open: true, People: 4, AllPeople: 1243, Detail: "Ana Petrova", Children: []component.TreeNode{
			{ID: "t2", Label: "Sales EMEA", URL: "/teams/t2", Current: true, People: 1, AllPeople: 1, Flag: "no manager", FlagTone: component.ToneWarning},
			{ID: "t3", Label: "Hidden", HideCounts: true, Children: []component.TreeNode{{ID: "t4", Label: "Deep"}}},
		},
	}}}))
	if !d.MustOne("#node-t1 > details").HasAttr("open") || d.MustOne("#node-t3 > details").HasAttr("open") {
		t.Error("the wrong branches are open")
	}
	d.MustOne("#node-t1 #node-t3 #node-t4")
	if got := d.MustOne("#node-t1 > .tree-line").Text(); !strings.Contains(got, "4 people, 1,243 with sub-teams") {
		t.Errorf("branch = %q", got)
	}
	if got := d.MustOne("#node-t1 > details > summary").Attr("aria-label"); got != "Sub-teams of Sales" {
		t.Errorf("arrow = %q", got)
	}
	leaf := d.MustOne("#node-t2")
	if leaf.MustOne("a").Attr("aria-current") != "true" || !strings.Contains(leaf.Text(), "1 person") || !strings.Contains(leaf.Text(), "no manager") || strings.Contains(leaf.Text(), "sub-teams") {
		t.Errorf("leaf = %q", leaf.Text())
	}
	if n := d.MustOne("#node-t3 > .tree-line"); n.Count("a") != 0 || strings.Contains(n.Text(), "people") {
		t.Errorf("team that may not be opened = %q", n.Text())
	}
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	w := component.When{Relative: "3 minutes ago", Exact: "24 Nov 2026, 14:02 CET", ISO: "2026-11-24T13:02:00Z"}
	d := render(t, component.Timeline([]component.TimelineItem{
		{When: w, Text: "Ana Petrova took the role Editor", LinkURL: "/changes/12", LinkLabel: "request #12"},
		{When: component.When{Exact: "1 Nov 2026"}, Text: "Invited"},
	}))
	var lines []string
	for _, n := range d.Find(".history-text") {
		lines = append(lines, n.Text())
	}
	if diff := cmp.Diff([]string{"Ana Petrova took the role Editor request #12", "Invited"}, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if got := d.MustOne(`time[datetime="2026-11-24T13:02:00Z"]`).Text(); got != "3 minutes ago" {
		t.Errorf("time = %q", got)
	}
	if !strings.Contains(d.Text(), w.Exact) {
		t.Error("the exact time is lost to screen readers")
	}
	n := render(t, component.Time(w)).MustOne("time")
	if n.Text() != w.Relative || n.Attr("title") != w.Exact || n.Attr("datetime") != w.ISO {
		t.Errorf("time %q, title %q, datetime %q", n.Text(), n.Attr("title"), n.Attr("datetime"))
	}
	if got := render(t, component.Time(component.When{})).Count("time"); got != 0 {
		t.Errorf("no time is drawn %d times", got)
	}
}

func TestCardAndTile(t *testing.T) {
	t.Parallel()
	bare := render(t, component.Card(component.CardProps{}), text("inside"))
	if bare.Count("h2") != 0 || bare.MustOne(".card-body").Text() != "inside" {
		t.Errorf("bare card = %q", bare.Text())
	}
	full := render(t, component.Card(component.CardProps{Title: "Members", Flush: true, ID: "members", TestID: "m", Actions: component.Badge(component.BadgeProps{Text: "4"})}), text("inside"))
	if full.MustOne("#members h2").Text() != "Members" || full.Count(".card-body") != 0 || full.MustOne(".btn-list").Text() != "4" {
		t.Errorf("full card = %q", full.Text())
	}
	tile := render(t, component.StatTile(component.StatTileProps{Number: "1,243", Label: "People", URL: "/users", TestID: "people"}))
	if tile.MustOne(`[data-testid="people"] a`).Text() != "People" {
		t.Errorf("tile = %q", tile.Text())
	}
	empty := render(t, component.EmptyState(component.EmptyStateProps{Title: "Nothing matches", Action: component.LinkButton(component.LinkButtonProps{Label: "Clear all", URL: "/users"})}))
	if got := empty.MustOne(`[data-testid="empty"]`).Text(); got != "Nothing matches Clear all" {
		t.Errorf("empty state = %q", got)
	}
}

func TestDefinitionList(t *testing.T) {
	t.Parallel()
	d := render(t, component.DefinitionList([]component.Definition{
		{Term: "E-mail", Text: "ana@example.com", Origin: "The API cannot change it."},
		{Term: "Manager", Text: "Bo Li", URL: "/users/2"},
		{Term: "Roles", Content: templ.Join(component.Badge(component.BadgeProps{Text: "Editor"}))},
		{Term: "Language"},
	}))
	var got []string
	for _, n := range d.Find("dl > div") {
		got = append(got, n.MustOne("dt").Text()+" = "+n.MustOne("dd").Text())
	}
	want := []string{"E-mail = ana@example.com The API cannot change it.", "Manager = Bo Li", "Roles = Editor", "Language = –"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}
