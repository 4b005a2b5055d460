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
