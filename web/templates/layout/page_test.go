package layout_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/a-h/templ"

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
