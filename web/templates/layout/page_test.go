package layout_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/web/static"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// sample is a page with every part of the frame.
func sample() layout.Props {
	return layout.Props{
		Title:    "Users",
		Count:    "1,243",
		Subtitle: "Everybody in the account, and those who were invited.",
		Crumbs:   []layout.Crumb{{Label: "Home", URL: "/"}, {Label: "Organisation", URL: "/health"}},
		Nav: []layout.NavItem{
			{Label: "Home", URL: "/", Icon: component.IconHome, TestID: "nav-home"},
			{Label: "Requests", URL: "/changes", Icon: component.IconInbox, Badge: 4, TestID: "nav-changes"},
			{Label: "Users", URL: "/users", Icon: component.IconUsers, Current: true, TestID: "nav-users"},
			{Label: "Teams", URL: "/teams", Icon: component.IconSitemap, TestID: "nav-teams"},
			{Label: "Invite", URL: "/invite", Icon: component.IconUserPlus, TestID: "nav-invite"},
			{Label: "Audit trail", URL: "/audit", Icon: component.IconHistory, TestID: "nav-audit"},
			{Label: "Settings", URL: "/settings", Icon: component.IconSettings, TestID: "nav-settings"},
		},
		User: &layout.UserMenu{
			Name: "Ana Petrova", Email: "ana.petrova@example.com", Initials: "AP", RoleLabel: "HR",
			ProfileURL: "/profile", SignOutURL: "/signout",
		},
		Training:       true,
		Notice:         "Gtmhub does not answer. You see the data of 10:42; changes are not possible until it is back.",
		Freshness:      "2 minutes ago",
		FreshnessExact: "24 November 2026, 10:42 CET",
		Version:        "1.0.0",
		Toasts: []layout.Toast{
			{Kind: layout.ToastSuccess, Text: "47 users deactivated.", LinkURL: "/changes/1/undo", LinkLabel: "Undo"},
			{Kind: layout.ToastDanger, Text: "3 users could not be deactivated.", LinkURL: "/changes/1", LinkLabel: "See details"},
		},
		Actions: component.Button(component.ButtonProps{Label: "Invite people", Variant: component.ButtonPrimary, Icon: component.IconUserPlus}),
	}
}

// parse draws a layout and reads it again, checking what each page must pass.
func parse(t *testing.T, page templ.Component, content ...templ.Component) *htmltest.Doc {
	t.Helper()
	doc := htmltest.Parse(t, strings.NewReader(render(t, page, content...)))
	htmltest.CheckPage(t, doc)
	return doc
}

func TestPage_shows_every_part(t *testing.T) {
	t.Parallel()
	doc := parse(t, layout.Page(sample()), text("the content"))
	tests := []struct{ name, selector, want string }{
		{"title of the document", "title", "Users · Gtmhub portal"},
		{"heading with count", `[data-testid="page-title"]`, "Users 1,243"},
		{"subtitle", ".portal-subtitle", "Everybody in the account, and those who were invited."},
		{"first crumb", `nav[aria-label="Breadcrumb"] a[href="/"]`, "Home"},
		{"current section", `nav[aria-label="Main"] a[aria-current="page"]`, "Users"},
		{"badge", `[data-testid="nav-changes"] .portal-nav-badge`, "4 waiting"},
		{"person", `[data-testid="profile-link"]`, "AP Ana Petrova HR"},
		{"way out", `form[method="post"][action="/signout"] button[data-testid="sign-out"]`, "Sign out"},
		{"training", `[data-testid="training-banner"]`, "Training: nothing here reaches a real account"},
		{"notice", `[data-testid="notice"]`, "Gtmhub does not answer. You see the data of 10:42; changes are not possible until it is back."},
		{"version", `footer [data-testid="version"]`, "Gtmhub portal 1.0.0"},
		{"age of the data", `footer [data-testid="freshness"]`, "Data from Gtmhub: 2 minutes ago (24 November 2026, 10:42 CET)"},
		{"action", ".portal-actions button", "Invite people"},
		{"way to the content", `a.skip-link[href="#main"]`, "Skip to the content"},
		{"link of a toast", `#toasts a[href="/changes/1/undo"]`, "Undo"},
	}
	for _, tt := range tests {
		if got := doc.MustOne(tt.selector).Text(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := doc.MustOne("main#main").Text(); !strings.HasSuffix(got, "the content") {
		t.Errorf("the children do not end the main part: %q", got)
	}
	if got := doc.Count(`[data-testid="toast"]`); got != 2 {
		t.Errorf("%d toasts, want 2", got)
	}
	if got := doc.Count(`nav[aria-label="Main"] a`); got != 7 {
		t.Errorf("%d entries in the navigation, want 7", got)
	}
}

func TestPage_leaves_out_what_is_not_given(t *testing.T) {
	t.Parallel()
	doc := parse(t, layout.Page(layout.Props{Title: "Home"}))
	for name, selector := range map[string]string{
		"count":           ".portal-count",
		"subtitle":        ".portal-subtitle",
		"crumbs":          ".portal-crumbs",
		"actions":         ".portal-actions",
		"account":         ".portal-account",
		"training banner": `[data-testid="training-banner"]`,
		"notice":          `[data-testid="notice"]`,
		"age of the data": `[data-testid="freshness"]`,
		"toast":           `[data-testid="toast"]`,
		"room for banner": "body.has-training",
	} {
		if doc.Count(selector) != 0 {
			t.Errorf("an empty %s is drawn", name)
		}
	}
	for _, selector := range []string{"#live", "#flash", "#toasts"} {
		if got := doc.MustOne(selector).Text(); got != "" {
			t.Errorf("%s holds %q, want nothing", selector, got)
		}
	}
}

func TestPage_of_a_person_without_own_page_names_them(t *testing.T) {
	t.Parallel()
	p := sample()
	p.User.ProfileURL = ""
	doc := parse(t, layout.Page(p))
	if got := doc.MustOne(".portal-person-name").Text(); got != "Ana Petrova" {
		t.Errorf("name %q, want Ana Petrova", got)
	}
	if doc.Count(`[data-testid="profile-link"]`) != 0 {
		t.Error("there is a link without an address")
	}
}

func TestPage_escapes_hostile_text(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	doc := parse(t, layout.Page(layout.Props{
		Title: hostile, Count: hostile, Subtitle: hostile, Notice: hostile, Freshness: hostile, FreshnessExact: hostile, Version: hostile,
		Crumbs: []layout.Crumb{{Label: hostile, URL: "javascript:alert(1)"}},
		Nav:    []layout.NavItem{{Label: hostile, URL: "javascript:alert(1)", TestID: hostile}},
		User:   &layout.UserMenu{Name: hostile, Email: hostile, Initials: hostile, RoleLabel: hostile, ProfileURL: "javascript:alert(1)", SignOutURL: "javascript:alert(1)"},
		Toasts: []layout.Toast{{Text: hostile, LinkURL: "javascript:alert(1)", LinkLabel: hostile}},
	}))
	if got := doc.MustOne("h1").Text(); got != hostile+" "+hostile {
		t.Errorf("the heading is %q", got)
	}
	if doc.Count("img") != 0 {
		t.Error("text became an element")
	}
	if got := doc.Count("script"); got != 3 {
		t.Errorf("%d scripts, want the three of the frame", got)
	}
	for _, a := range doc.Find("a, form") {
		if strings.HasPrefix(a.Attr("href")+a.Attr("action"), "javascript:") {
			t.Errorf("a %s leads to a script", a.Tag())
		}
	}
}

func TestToast_kinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		toast     layout.Toast
		wantClass string
		wantStay  string
	}{
		{"success goes away", layout.Toast{Kind: layout.ToastSuccess, Text: "Saved."}, "toast-success", "brief"},
		{"success with a link stays", layout.Toast{Kind: layout.ToastSuccess, Text: "Saved.", LinkURL: "/undo", LinkLabel: "Undo"}, "toast-success", "stay"},
		{"info", layout.Toast{Kind: layout.ToastInfo, Text: "Saved."}, "toast-info", "stay"},
		{"warning", layout.Toast{Kind: layout.ToastWarning, Text: "Saved."}, "toast-warning", "stay"},
		{"danger", layout.Toast{Kind: layout.ToastDanger, Text: "Saved."}, "toast-danger", "stay"},
		{"zero is info", layout.Toast{Text: "Saved."}, "toast-info", "stay"},
		{"unknown is info", layout.Toast{Kind: "loud", Text: "Saved."}, "toast-info", "stay"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc := parse(t, layout.Page(layout.Props{Title: "Home", Toasts: []layout.Toast{tt.toast}}))
			toast := doc.MustOne(`#toasts [data-testid="toast"]`)
			if got := toast.Attr("class"); !strings.Contains(got, tt.wantClass) {
				t.Errorf("class %q, want it to hold %s", got, tt.wantClass)
			}
			if got := toast.Attr("data-toast"); got != tt.wantStay {
				t.Errorf("data-toast %q, want %q", got, tt.wantStay)
			}
		})
	}
}

func TestAddToast_goes_to_the_toasts_of_the_page(t *testing.T) {
	t.Parallel()
	doc := htmltest.Parse(t, strings.NewReader(render(t, layout.AddToast(layout.Toast{Kind: layout.ToastSuccess, Text: "Saved."}))))
	htmltest.CheckFragment(t, doc)
	if got := doc.MustOne(`[hx-swap-oob="beforeend:#toasts"] [data-testid="toast"]`).Text(); !strings.Contains(got, "Saved.") {
		t.Errorf("toast %q, want Saved.", got)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	doc := parse(t, layout.Plain(layout.PlainProps{Title: "Signed out", Subtitle: "See you.", Training: true, Version: "1.0.0"}), text("the content"))
	tests := []struct{ name, selector, want string }{
		{"title of the document", "title", "Signed out · Gtmhub portal"},
		{"heading", `[data-testid="page-title"]`, "Signed out"},
		{"content", ".plain-content", "the content"},
		{"training", `[data-testid="training-banner"]`, "Training: nothing here reaches a real account"},
		{"version", `[data-testid="version"]`, "Gtmhub portal 1.0.0"},
	}
	for _, tt := range tests {
		if got := doc.MustOne(tt.selector).Text(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if doc.Count("nav") != 0 {
		t.Error("a page without person has a navigation")
	}
}

// TestHead guards what the security rules say about scripts and htmx.
func TestHead(t *testing.T) {
	t.Parallel()
	for name, doc := range map[string]*htmltest.Doc{
		"page":  parse(t, layout.Page(sample())),
		"plain": parse(t, layout.Plain(layout.PlainProps{Title: "Sign in"})),
	} {
		for _, n := range doc.Find(`script, link[rel="stylesheet"]`) {
			url := n.Attr("src") + n.Attr("href")
			if !strings.HasPrefix(url, static.Prefix) || !strings.HasPrefix(n.Attr("integrity"), "sha384-") {
				t.Errorf("%s: %s comes from %q with integrity %q", name, n.Tag(), url, n.Attr("integrity"))
			}
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(doc.MustOne(`meta[name="htmx-config"]`).Attr("content")), &got); err != nil {
			t.Fatalf("%s: htmx settings: %v", name, err)
		}
		want := map[string]any{
			"allowEval": false, "allowScriptTags": false, "includeIndicatorStyles": false, "selfRequestsOnly": true,
			"historyCacheSize": 0.0, "historyRestoreAsHxRequest": false,
			"responseHandling": []any{
				map[string]any{"code": "204", "swap": false},
				map[string]any{"code": "[23]..", "swap": true},
				map[string]any{"code": "422", "swap": true},
				map[string]any{"code": "[45]..", "swap": true, "error": true, "target": "#flash", "swapOverride": "innerHTML"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: htmx settings (-want +got):\n%s", name, diff)
		}
	}
}

// text is content that only needs to be found again.
func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, templ.EscapeString(s))
		return err
	})
}

// raw is markup of a sample, such as the tags of a table row.
func raw(markup string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, markup)
		return err
	})
}

// around gives a container component the given children.
func around(c templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

// render draws a layout around the given content.
func render(t *testing.T, page templ.Component, content ...templ.Component) string {
	t.Helper()
	var out bytes.Buffer
	if err := around(page, content...).Render(t.Context(), &out); err != nil {
		t.Fatalf("render: %v", err)
	}
	return out.String()
}
