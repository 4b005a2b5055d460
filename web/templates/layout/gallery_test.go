package layout_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/web/static"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// TestGallery writes sample pages and all assets into the folder named by PORTAL_GALLERY: serve that folder and look.
func TestGallery(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("PORTAL_GALLERY")
	if folder == "" {
		t.Skip("PORTAL_GALLERY is not set: nobody wants to look at the pages")
	}
	pages := map[string]string{
		"layout-users.html": render(t, layout.Page(sample()), userList()),
		"layout-parts.html": render(t, layout.Page(parts()), partList()),
		"layout-plain.html": render(t, layout.Plain(layout.PlainProps{
			Title: "Sign in", Subtitle: "Use your company account to go on.", Training: true, Version: "1.0.0",
		}), component.LinkButton(component.LinkButtonProps{Label: "Go on with Northwind ID", URL: "/login/start", Variant: component.ButtonPrimary})),
	}
	for name, page := range pages {
		save(t, filepath.Join(folder, name), []byte(page))
	}
	for _, name := range static.Names() {
		answer := httptest.NewRecorder()
		static.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, static.URL(name), nil))
		save(t, filepath.Join(folder, filepath.FromSlash(static.URL(name))), answer.Body.Bytes())
	}
}

func save(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// userList is a list page as HR sees it.
func userList() templ.Component {
	row := func(name, mail string, status component.UserStatus, team string) templ.Component {
		cell := func(label string, c templ.Component) templ.Component { return around(component.Cell(label), c) }
		return templ.Join(
			raw("<tr>"),
			component.RowTick(component.RowTickProps{Name: "id", Value: mail, Label: "Select " + name}),
			cell("", component.UserCell(component.UserCellProps{ID: mail, Name: name, Email: mail, URL: "/users/1"})),
			cell("Status", component.UserPill(status)),
			cell("Roles", component.Badges([]string{"User", "Editor"}, 2)),
			cell("Teams", text(team)),
			cell("Invited", text("12 Mar 2026")),
			raw("</tr>"),
		)
	}
	return around(component.Card(component.CardProps{Flush: true}),
		around(component.Toolbar(), component.SearchBox(component.SearchBoxProps{Action: "/users", Label: "Search by name or e-mail", Value: "ana"})),
		component.Chips(component.ChipsProps{Chips: []component.Chip{{Label: "Status: pending", RemoveURL: "/users"}, {Label: "Team: Sales", RemoveURL: "/users"}}, ClearURL: "/users"}),
		around(component.Table(component.TableProps{Caption: "Users", Cards: true}),
			raw("<thead><tr>"), component.PageTick("Select all on this page"),
			component.SortHeader(component.SortHeaderProps{Label: "Person", URL: "?sort=-name", Order: component.Ascending}),
			component.Header("Status", ""), component.Header("Roles", ""), component.Header("Teams", ""),
			component.SortHeader(component.SortHeaderProps{Label: "Invited", URL: "?sort=invited"}),
			raw("</tr></thead><tbody>"),
			row("Ana Petrova", "ana.petrova@example.com", component.UserActive, "Sales EMEA, Leadership"),
			row("Bartholomew Featherstonehaugh-Cholmondeley", "bartholomew.featherstonehaugh-cholmondeley@subsidiary.example.com", component.UserPending, "Research"),
			row("محمد الأحمد", "m.ahmad@example.com", component.UserInactive, "Operations"),
			row("Jo Li", "jo@example.com", component.UserActive, "Product, Design"),
			row("Søren Ångström", "soren@example.com", component.UserActive, "Platform"),
			raw("</tbody>"),
		),
		component.BulkBar(component.BulkBarProps{}),
	)
}

// parts is the frame of a page without list: long title, menu of actions, nothing special to say.
func parts() layout.Props {
	p := sample()
	p.Title, p.Count, p.Notice, p.Training, p.Toasts = "Bartholomew Featherstonehaugh-Cholmondeley", "", "", false, nil
	p.Subtitle = "bartholomew.featherstonehaugh-cholmondeley@subsidiary.example.com"
	p.Actions = templ.Join(
		component.DialogTrigger(component.DialogTriggerProps{Label: "Move team", DialogID: "move", FallbackURL: "/teams/1/move", TestID: "open-move"}),
		component.Menu(component.MenuProps{Label: "More", TestID: "more", Items: []component.MenuItem{
			{Label: "Send the invitation again", Icon: component.IconMail, URL: "/x"},
			{Label: "Password mail", Icon: component.IconKey, Reason: "This person signs in through the company account."},
			{Label: "Delete", Icon: component.IconTrash, URL: "/y", Danger: true, Divided: true},
		}}),
	)
	return p
}

// partList holds the parts that scripts improve, beside those that show the rhythm of a page.
func partList() templ.Component {
	form := templ.Join(raw(`<form data-guard id="guarded" method="post" action="/x">`),
		component.ErrorSummary(component.ErrorSummaryProps{Problems: []component.Problem{{Field: "name", Message: "Enter a name."}}}),
		component.Field(component.FieldProps{Name: "name", Label: "Name", Required: true, Error: "Enter a name.", Hint: "As it should appear in mails."}),
		component.Select(component.SelectProps{Name: "language", Label: "Language", Options: []component.Option{{Value: "en", Label: "English"}, {Value: "de", Label: "German"}}}),
		component.Checkbox(component.CheckboxProps{Name: "mail", Label: "Send a mail", Checked: true}),
		component.FileInput(component.FileInputProps{Name: "file", Label: "List of people", Hint: "CSV or Excel, up to 5 MB and 5,000 people.", Accept: ".csv,.xlsx"}),
		around(component.FormActions(), component.Button(component.ButtonProps{Label: "Save", Variant: component.ButtonPrimary}), component.LinkButton(component.LinkButtonProps{Label: "Cancel", URL: "/x"})),
		raw("</form>"),
	)
	tree := component.Tree(component.TreeProps{Label: "Teams", Nodes: []component.TreeNode{
		{ID: "1", Label: "Northwind", URL: "/teams/1", Detail: "Ana Petrova", People: 4, AllPeople: 1243, Open: true, Children: []component.TreeNode{
			{ID: "2", Label: "Sales", URL: "/teams/2", Detail: "Jo Li", People: 12, AllPeople: 210, Open: true, Current: true, Children: []component.TreeNode{
				{ID: "3", Label: "Sales EMEA", URL: "/teams/3", People: 80, Flag: "no manager", FlagTone: component.ToneWarning},
				{ID: "4", Label: "Sales Americas", URL: "/teams/4", Detail: "Søren Ångström", People: 1},
			}},
			{ID: "5", Label: "Research", URL: "/teams/5", People: 30, Children: []component.TreeNode{{ID: "6", Label: "Labs", URL: "/teams/6"}}},
		}},
	}})
	return templ.Join(
		component.Tabs(component.TabsProps{Label: "Views", Tabs: []component.Tab{{Label: "Overview", URL: "#", Current: true}, {Label: "Teams and roles", URL: "#", Count: 3, ShowCount: true}, {Label: "History", URL: "#"}}}),
		around(component.Stack(),
			around(component.Grid(),
				component.StatTile(component.StatTileProps{Number: "1,243", Label: "People", Hint: "12 more than last week", Icon: component.IconUsers, Tone: component.ToneInfo, URL: "/users"}),
				component.StatTile(component.StatTileProps{Number: "18", Label: "Pending for over 30 days", Icon: component.IconClock, Tone: component.ToneWarning, URL: "/users"}),
				component.StatTile(component.StatTileProps{Number: "96 %", Label: "Teams with a manager", Icon: component.IconSitemap, Tone: component.ToneSuccess}),
			),
			component.Steps(component.StepsProps{Label: "Steps", Steps: []component.Step{{Label: "File", URL: "#", State: component.StepDone}, {Label: "Columns", State: component.StepCurrent}, {Label: "Check"}, {Label: "Review"}}}),
			component.Progress(component.ProgressProps{Label: "People invited", Value: 40, Max: 120, Text: "40 of 120 done, about 2 minutes left"}),
			around(component.Columns(),
				around(component.Stack(), around(component.Card(component.CardProps{Title: "Name and language"}), form), around(component.Card(component.CardProps{Title: "Teams", Flush: true}), tree)),
				around(component.Card(component.CardProps{Title: "History"}), component.Timeline([]component.TimelineItem{
					{Text: "Ana Petrova gave the role Editor.", When: component.When{Relative: "3 minutes ago", Exact: "24 Nov 2026, 14:02 CET", ISO: "2026-11-24T13:02:00Z"}},
					{Text: "Invited by Jo Li.", Tone: component.ToneSuccess, Icon: component.IconUserPlus, When: component.When{Relative: "yesterday", Exact: "23 Nov 2026, 09:12 CET", ISO: "2026-11-23T08:12:00Z"}},
				})),
			),
		),
		around(component.Dialog(component.DialogProps{ID: "move", Title: "Move under another team", TestID: "move"}),
			component.Field(component.FieldProps{Name: "parent", Label: "New parent"}),
			around(component.DialogFooter("move"), component.Button(component.ButtonProps{Label: "Move", Variant: component.ButtonPrimary})),
		),
	)
}
