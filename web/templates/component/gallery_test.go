package component_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/web/templates/component"
)

// galleryHead is the head of the gallery. It links the sheets as they lie in web/static, copied beside the page.
const galleryHead = `<!DOCTYPE html><html lang="en" data-bs-theme="light"><head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/><title>Parts</title>` +
	`<link rel="stylesheet" href="tabler.css"/><link rel="stylesheet" href="components.css"/><link rel="stylesheet" href="app.css"/></head><body><main class="portal-main"><h1>Parts</h1>`

// TestGallery draws all parts on one page. With PORTAL_GALLERY set it also writes the page into that folder as
// components.html and components-dark.html with their style sheets, to be looked at.
func TestGallery(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(galleryHead)
	if err := around(component.Stack(), gallery()...).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	b.WriteString("</main></body></html>")
	htmltest.CheckPage(t, htmltest.Parse(t, strings.NewReader(b.String())))

	folder := os.Getenv("PORTAL_GALLERY")
	if folder == "" {
		return
	}
	files := map[string]string{
		"components.html":      b.String(),
		"components-dark.html": strings.Replace(b.String(), `data-bs-theme="light"`, `data-bs-theme="dark"`, 1),
	}
	for _, name := range []string{"tabler.css", "components.css", "app.css"} {
		sheet, err := os.ReadFile(filepath.Join("..", "..", "static", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(sheet)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func card(title string, parts ...templ.Component) templ.Component {
	return around(component.Card(component.CardProps{Title: title}), around(component.Stack(), parts...))
}

func flush(title string, parts ...templ.Component) templ.Component {
	return around(component.Card(component.CardProps{Title: title, Flush: true, Actions: component.LinkButton(component.LinkButtonProps{Label: "Export", URL: "/x", Icon: component.IconDownload, Small: true})}), parts...)
}

func gallery() []templ.Component {
	return []templ.Component{
		component.Steps(component.StepsProps{Label: "Steps of the invitation", Steps: []component.Step{
			{Label: "File", URL: "/1", State: component.StepDone}, {Label: "Columns", URL: "/2", State: component.StepDone},
			{Label: "Check", State: component.StepCurrent}, {Label: "Review and send for approval"},
		}}),
		around(component.Grid(),
			component.StatTile(component.StatTileProps{Number: "1,243", Label: "People", Hint: "12 more than last week", Icon: component.IconUsers, Tone: component.ToneInfo, URL: "/users"}),
			component.StatTile(component.StatTileProps{Number: "38", Label: "Pending for more than 30 days", Icon: component.IconClock, Tone: component.ToneWarning, URL: "/users"}),
			component.StatTile(component.StatTileProps{Number: "3", Label: "Teams without manager", Icon: component.IconAlertTriangle, Tone: component.ToneDanger}),
			component.StatTile(component.StatTileProps{Number: "96 %", Label: "Signed in at least once", Icon: component.IconCircleCheck, Tone: component.ToneSuccess}),
		),
		component.Tabs(component.TabsProps{Label: "Views", Tabs: []component.Tab{
			{Label: "Overview", URL: "/a", Current: true}, {Label: "Teams and roles", URL: "/b", Count: 4, ShowCount: true}, {Label: "Key results", URL: "/c"}, {Label: "History", URL: "/d"},
		}}),
		galleryTable(),
		around(component.Columns(), around(component.Stack(), galleryForm(), galleryRun()), around(component.Stack(), galleryFacts(), galleryHistory())),
		galleryMessages(),
		flush("Teams", in("div class=card-body", component.Tree(component.TreeProps{Label: "Teams", Nodes: galleryTree()}))),
		card("Buttons", galleryButtons()),
		card("", component.EmptyState(component.EmptyStateProps{
			Icon: component.IconSearch, Title: "Nobody matches", Text: "No person matches “anna” with status pending. Inactive people are left out unless you ask for them.",
			Action: component.LinkButton(component.LinkButtonProps{Label: "Clear all filters", URL: "/users"}),
		})),
	}
}

func galleryTable() templ.Component {
	row := func(id, name, mail, status, roles, teams string) templ.Component {
		return in("tr",
			component.RowTick(component.RowTickProps{Name: "user", Value: id, Label: "Select " + name, Checked: id == "u2"}),
			around(component.Cell(""), component.UserCell(component.UserCellProps{ID: id, Name: name, Email: mail, URL: "/users/" + id})),
			around(component.Cell("Status"), component.Status(status)),
			around(component.Cell("Roles"), component.Badges(strings.Fields(roles), 2)),
			around(component.Cell("Teams"), text(teams)),
			around(component.Cell("Invited"), component.Time(component.When{Relative: "3 weeks ago", Exact: "3 Nov 2026, 09:14 CET", ISO: "2026-11-03T08:14:00Z"})),
			component.NumberCell("Key results", len(name)),
			around(component.Cell(""), component.Menu(component.MenuProps{Label: "Actions for " + name, IconOnly: true, Small: true, Variant: component.ButtonGhost, Group: "rows", Items: []component.MenuItem{
				{Label: "Open", URL: "/users/" + id, Icon: component.IconUser}, {Label: "Deactivate", Action: "/x", Icon: component.IconUserOff, Danger: true, Divided: true},
			}})),
		)
	}
	return flush("Users",
		around(component.Toolbar(),
			component.SearchBox(component.SearchBoxProps{Action: "/users", Label: "Search by name or e-mail", Value: "an"}),
			component.Select(component.SelectProps{Name: "status", Label: "Status", HideLabel: true, Empty: "Active and pending", Options: []component.Option{{Value: "inactive", Label: "Inactive"}}}),
			component.Switch(component.TabsProps{Label: "How to show", Tabs: []component.Tab{{Label: "List", URL: "/l", Current: true}, {Label: "Tree", URL: "/t"}}}),
		),
		component.Chips(component.ChipsProps{Chips: []component.Chip{{Label: "Status: pending", RemoveURL: "/a"}, {Label: "Team: Sales EMEA", RemoveURL: "/b"}}, ClearURL: "/users"}),
		around(component.Table(component.TableProps{Caption: "Users", Cards: true}),
			in("thead", in("tr", component.PageTick("Select all on this page"),
				component.SortHeader(component.SortHeaderProps{Label: "Person", URL: "/s", Order: component.Ascending}), component.Header("Status", ""), component.Header("Roles", ""),
				component.Header("Teams", ""), component.SortHeader(component.SortHeaderProps{Label: "Invited", URL: "/s"}),
				component.SortHeader(component.SortHeaderProps{Label: "Key results", URL: "/s", Numeric: true}), component.Header("", "Actions"))),
			in("tbody",
				row("u1", "Ana Petrova", "ana.petrova@northwind.example", "active", "User Editor", "Sales EMEA, Partners"),
				row("u2", "Bartholomew Featherstonehaugh-Cholmondeley", "bartholomew.featherstonehaugh.cholmondeley@subsidiary.northwind.example", "pending", "User", "–"),
				row("u3", "محمد الأحمد", "mohamed@northwind.example", "inactive", "User Editor Admin Viewer", "Finance"),
				row("u4", "Jo Li", "jo@northwind.example", "active", "User", "Research"))),
		around(component.BulkBar(component.BulkBarProps{Selected: 4, SelectAllLabel: "Select all 1,243 that match", SelectAllURL: "/all", ClearURL: "/none"}),
			component.Button(component.ButtonProps{Label: "Give roles"}), component.Button(component.ButtonProps{Label: "Deactivate 3 (1 already inactive)", Variant: component.ButtonDanger})),
		component.Pager(component.PagerProps{From: 51, To: 100, Total: 1243, Noun: "users", PrevURL: "/p", NextURL: "/n",
			Pages: []component.PageLink{{Number: 1, URL: "/1"}, {Number: 2, URL: "/2", Current: true}, {Number: 3, URL: "/3"}, {}, {Number: 25, URL: "/25"}},
			Sizes: []component.PageSize{{Size: 25, URL: "/25"}, {Size: 50, URL: "/50", Current: true}, {Size: 100, URL: "/100"}}}),
	)
}

func galleryForm() templ.Component {
	return card("A form with mistakes",
		component.ErrorSummary(component.ErrorSummaryProps{Problems: []component.Problem{{Field: "email", Message: "Enter an address like name@company.com."}, {Field: "file", Message: "The file has no column with addresses."}}}),
		in("form",
			component.Field(component.FieldProps{Name: "name", Label: "Name", Value: "Ana Petrova", Required: true, Hint: "As it should be shown in Gtmhub."}),
			component.Field(component.FieldProps{Name: "email", Label: "E-mail", Type: "email", Value: "ana@", Error: "Enter an address like name@company.com."}),
			component.Select(component.SelectProps{Name: "lang", Label: "Language", Value: "de", Options: []component.Option{{Value: "en", Label: "English"}, {Value: "de", Label: "German"}}}),
			component.RadioGroup(component.RadioGroupProps{Name: "match", Legend: "People who are inactive", Value: "leave", Options: []component.Option{{Value: "leave", Label: "Leave them", Hint: "They stay inactive and are listed in the result."}, {Value: "reactivate", Label: "Reactivate them"}}}),
			component.Checkbox(component.CheckboxProps{Name: "mail", Label: "Send the invitation mail", Checked: true}),
			component.Textarea(component.TextareaProps{Name: "reason", Label: "Reason", Hint: "Visible to the approver.", Rows: 3}),
			component.FileInput(component.FileInputProps{Name: "file", Label: "Drop a list of people here, or choose a file", Hint: "CSV or XLSX, at most 5 MB and 5,000 people.", Accept: ".csv,.xlsx", Error: "The file has no column with addresses."}),
			around(component.FormActions(), component.Button(component.ButtonProps{Label: "Send for approval", Variant: component.ButtonPrimary, Icon: component.IconSend}), component.LinkButton(component.LinkButtonProps{Label: "Cancel", URL: "/", Variant: component.ButtonGhost}))))
}

func galleryRun() templ.Component {
	return card("A run",
		component.Progress(component.ProgressProps{Label: "Rows", Value: 143, Max: 300, Text: "143 of 300 people, about 2 minutes left. You can close this page."}),
		component.CountsBar(component.CountsBarProps{Label: "Rows by state", AllURL: "/all", AllCurrent: true, Items: []component.CountItem{
			{Word: "waiting", Count: 157, URL: "/w"}, {Word: "in progress", Count: 4, URL: "/w"}, {Word: "done", Count: 132, URL: "/w"}, {Word: "failed", Count: 5, URL: "/w"}, {Word: "outcome unknown", Count: 2, URL: "/w"}}}),
		component.BarStack(component.BarStackProps{Label: "Rows by state", Parts: []component.BarPart{{Label: "done", Count: 132, Tone: component.ToneSuccess}, {Label: "in progress", Count: 4, Tone: component.ToneInfo}, {Label: "failed", Count: 5, Tone: component.ToneDanger}, {Label: "outcome unknown", Count: 2, Tone: component.ToneWarning}, {Label: "waiting", Count: 157}}}),
		component.BarList(component.BarListProps{Label: "Pending people by age", Rows: []component.BarRow{{Label: "Up to a week", Count: 41, Tone: component.ToneInfo}, {Label: "Up to 30 days", Count: 12, Tone: component.ToneInfo}, {Label: "Longer", URL: "/x", Count: 38, Tone: component.ToneWarning}}}),
		in("p", component.Diff(component.DiffProps{Field: "Name", Old: "Ana Petrov", New: "Ana Petrova"})),
		in("p", component.Diff(component.DiffProps{Field: "Manager", Old: "Bo Li"})))
}

func galleryFacts() templ.Component {
	return around(component.Card(component.CardProps{Title: "Person", Subtitle: "As Gtmhub has it", Actions: component.LinkButton(component.LinkButtonProps{Label: "Edit", URL: "/e", Icon: component.IconEdit, Small: true, Variant: component.ButtonGhost})}),
		component.DefinitionList([]component.Definition{
			{Term: "E-mail", Text: "ana.petrova@northwind.example", Origin: "Cannot be changed: the Gtmhub API has no call for it."},
			{Term: "Status", Content: component.Status("active")},
			{Term: "Roles", Content: component.Badges([]string{"User", "Editor"}, 0)},
			{Term: "Manager", Content: component.UserCell(component.UserCellProps{ID: "u9", Name: "Bo Li", Email: "bo@northwind.example", URL: "/u", Size: component.AvatarSmall})},
			{Term: "Language"},
		}))
}

func galleryHistory() templ.Component {
	w := component.When{Relative: "3 minutes ago", Exact: "24 Nov 2026, 14:02 CET", ISO: "2026-11-24T13:02:00Z"}
	return card("History", component.Timeline([]component.TimelineItem{
		{When: w, Text: "Ana Petrova was given the role Editor by Bo Li.", Icon: component.IconCheck, Tone: component.ToneSuccess, LinkURL: "/changes/12", LinkLabel: "Request #12"},
		{When: w, Text: "Bo Li asked for the role Editor for Ana Petrova.", Detail: "She takes over the partner reports while Chris is away.", Icon: component.IconInbox, Tone: component.ToneInfo, Diffs: []component.DiffProps{{Field: "Roles", Old: "User", New: "User, Editor"}}},
		{When: w, Text: "Invited.", Icon: component.IconMail},
	}))
}

func galleryMessages() templ.Component {
	return card("Messages",
		component.Alert(component.AlertProps{Tone: component.ToneInfo, Title: "Gtmhub does not answer", Text: "You see the state of 12 minutes ago. Changes wait until it answers again."}),
		component.Alert(component.AlertProps{Tone: component.ToneSuccess, Text: "47 users were deactivated.", LinkURL: "/undo", LinkLabel: "Undo"}),
		component.Alert(component.AlertProps{Tone: component.ToneWarning, Title: "9 rows cannot be sent", Text: "They are blocked; the other 210 can go."}),
		component.Alert(component.AlertProps{Tone: component.ToneDanger, Title: "The change was not saved", Text: "Somebody else changed this team a minute ago."}),
		component.Toast(component.ToastProps{Tone: component.ToneSuccess, Text: "The name was changed.", UndoURL: "/undo"}),
		component.Dialog(component.DialogProps{ID: "closed", Title: "Closed"}),
		around(component.Dialog(component.DialogProps{ID: "move", Title: "Move Sales EMEA under…", Open: true}),
			component.Select(component.SelectProps{Name: "parent", Label: "New parent team", Options: []component.Option{{Value: "1", Label: "Sales"}}}),
			around(component.DialogFooter("move"), component.Button(component.ButtonProps{Label: "Move team", Variant: component.ButtonPrimary}))),
	)
}

func galleryTree() []component.TreeNode {
	return []component.TreeNode{{ID: "n1", Label: "Northwind", URL: "/t", Open: true, People: 6, AllPeople: 1243, Detail: "Ana Petrova", Children: []component.TreeNode{
		{ID: "n2", Label: "Sales", URL: "/t", Open: true, People: 3, AllPeople: 210, Detail: "Bo Li", Children: []component.TreeNode{
			{ID: "n3", Label: "Sales EMEA", URL: "/t", Current: true, People: 120, AllPeople: 120, Flag: "no manager", FlagTone: component.ToneWarning},
			{ID: "n4", Label: "Sales Asia and Pacific with a rather long name", URL: "/t", People: 87, AllPeople: 87, Detail: "Chris Wu"},
		}},
		{ID: "n5", Label: "Research", URL: "/t", People: 44, AllPeople: 60, Detail: "Dana Novak", Children: []component.TreeNode{{ID: "n6", Label: "Labs", People: 16, AllPeople: 16}}},
		{ID: "n7", Label: "Board", HideCounts: true},
	}}}
}

func galleryButtons() templ.Component {
	return around(component.Buttons(),
		component.Button(component.ButtonProps{Label: "Invite people", Variant: component.ButtonPrimary, Icon: component.IconUserPlus}),
		component.Button(component.ButtonProps{Label: "Save", Icon: component.IconCheck}),
		component.Button(component.ButtonProps{Label: "Delete 3 users", Variant: component.ButtonDanger, Icon: component.IconTrash}),
		component.Button(component.ButtonProps{Label: "Cancel", Variant: component.ButtonGhost}),
		component.Button(component.ButtonProps{Label: "Small", Small: true}),
		component.Button(component.ButtonProps{Label: "Refresh", Icon: component.IconRefresh, IconOnly: true}),
		component.DialogTrigger(component.DialogTriggerProps{Label: "Move under…", DialogID: "move", FallbackURL: "/move"}),
		component.Menu(component.MenuProps{Label: "More", Items: []component.MenuItem{{Label: "Export", URL: "/x"}}}),
		component.Button(component.ButtonProps{Label: "Delete", Variant: component.ButtonDanger, Disabled: true, DisabledReason: "Only HR may delete users. Ask Ana Petrova."}),
		templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			for _, i := range component.Icons() {
				if err := component.Draw(i).Render(ctx, w); err != nil {
					return err
				}
			}
			return nil
		}))
}
