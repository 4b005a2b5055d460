package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// userColumn is a column of the list of users that people can choose. Person and status are always there.
type userColumn struct {
	key page.UserColumn
	// label is its head in the list, and the name of the choice.
	label string
	// usual says that those see it who have chosen nothing.
	usual bool
	// sort is the order that a click on its head asks for; empty for none.
	sort string
	// heads and cells are what it is in a file.
	heads []string
	cells func(s *server, u *directory.User, row *page.UserRow) []string
}

// userColumns are all columns that can be chosen, in their order.
func userColumns() []userColumn {
	return []userColumn{
		{page.ColumnRoles, "Roles", true, "", []string{"Roles"}, func(_ *server, _ *directory.User, row *page.UserRow) []string { return []string{list(row.Roles)} }},
		{page.ColumnTeams, "Teams", true, "", []string{"Teams"}, func(_ *server, _ *directory.User, row *page.UserRow) []string { return []string{list(row.Teams)} }},
		{page.ColumnManages, "Manages", false, "", []string{"Manages"}, func(_ *server, _ *directory.User, row *page.UserRow) []string { return []string{list(row.Manages)} }},
		{page.ColumnLanguage, "Language", false, "", []string{"Language"}, func(_ *server, u *directory.User, _ *page.UserRow) []string { return []string{u.Language} }},
		{page.ColumnSignsIn, "Signs in", false, "", []string{"Signs in with the company account"}, func(_ *server, u *directory.User, _ *page.UserRow) []string {
			if u.SSO {
				return []string{"yes"}
			}
			return []string{"no"}
		}},
		{page.ColumnInvited, "Invited", true, "invited", []string{"Invited on", "Invited by"}, func(s *server, u *directory.User, row *page.UserRow) []string {
			return []string{s.dayInFile(u.Invited), row.InvitedBy}
		}},
		{page.ColumnCreated, "Created", false, "created", []string{"Created on"}, func(s *server, u *directory.User, _ *page.UserRow) []string {
			return []string{s.dayInFile(u.Created)}
		}},
	}
}

func list(words []string) string { return strings.Join(words, ", ") }

// shownColumns are the columns that the person has chosen, or the usual ones. A key of another release is left out.
func (s *server) shownColumns(r *http.Request) ([]userColumn, error) {
	keys, chosen, err := s.Lists.Columns(r.Context(), ownerOf(r))
	if err != nil {
		return nil, fmt.Errorf("read columns: %w", err)
	}
	return slices.DeleteFunc(userColumns(), func(c userColumn) bool {
		if chosen {
			return !slices.Contains(keys, string(c.key))
		}
		return !c.usual
	}), nil
}

// columnProps are the heads of the list, and the form in which they are chosen.
func (s *server) columnProps(r *http.Request, sort string, p *page.UsersProps) error {
	shown, err := s.shownColumns(r)
	if err != nil {
		return err
	}
	p.ColumnsURL = route.UsersColumns
	for _, c := range userColumns() {
		on := slices.ContainsFunc(shown, func(x userColumn) bool { return x.key == c.key })
		p.ColumnChoices = append(p.ColumnChoices, component.CheckboxProps{Name: "column", ID: "column-" + string(c.key), Value: string(c.key), Label: c.label, Checked: on, TestID: "users-column-" + string(c.key)})
		if !on {
			continue
		}
		head := component.SortHeaderProps{Label: c.label}
		if c.sort != "" {
			head = sortHeader(r, c.label, c.sort, sort)
		}
		p.Columns = append(p.Columns, page.UsersHead{Column: c.key, Head: head})
	}
	return nil
}

// usersColumns handles POST /users/columns: keeps which columns the person wants to see.
func (s *server) usersColumns(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r, "column")
	if err != nil {
		return err
	}
	if values.Get("do") == "usual" {
		err = s.Lists.ClearColumns(r.Context(), ownerOf(r))
	} else {
		var keys []string
		for _, c := range userColumns() {
			if slices.Contains(values["column"], string(c.key)) {
				keys = append(keys, string(c.key))
			}
		}
		err = s.Lists.SetColumns(r.Context(), ownerOf(r), keys)
	}
	if err != nil {
		return fmt.Errorf("keep columns: %w", err)
	}
	return redirect(w, r, listURL(route.Users, values.Get("back"), userListNames))
}
