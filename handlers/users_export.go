package handlers

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"path"
	"strconv"
	"time"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/export"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
)

// sendFile writes rows as a file of the kind that the address ends in, .csv or .xlsx, as they come: the memory that it
// takes does not grow with the list.
func (s *server) sendFile(w http.ResponseWriter, r *http.Request, name, sheet string, head []string, rows iter.Seq[[]string]) error {
	kind := path.Ext(r.URL.Path)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+kind+`"`)
	var file export.File
	if kind == ".xlsx" {
		w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		file = export.NewXLSX(w, sheet)
	} else {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		file = export.NewCSV(w, ',')
	}
	if err := file.Write(head...); err != nil {
		return fmt.Errorf("export %s: %w", name, err)
	}
	n := 0
	for row := range rows {
		if n%exportPart == 0 {
			if err := s.moreTime(w); err != nil {
				return err
			}
		}
		n++
		if err := file.Write(row...); err != nil {
			return fmt.Errorf("export %s: %w", name, err)
		}
	}
	return file.Flush()
}

// exportPart is how many rows are written between two looks at the connection.
const exportPart = 500

// moreTime lets an export go on: those who read slowly get more time as long as they read at all.
func (s *server) moreTime(w http.ResponseWriter) error {
	if err := http.NewResponseController(w).SetWriteDeadline(s.Now().Add(time.Minute)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("extend the time for an export: %w", err)
	}
	return nil
}

// usersFile handles GET /users/export.csv and .xlsx: exactly the people whom the list shows under the same filters, all
// pages, with all columns or those that the list shows.
func (s *server) usersFile(w http.ResponseWriter, r *http.Request) error {
	columns := userColumns()
	if r.URL.Query().Get("columns") == "shown" {
		var err error
		if columns, err = s.shownColumns(r); err != nil {
			return err
		}
	}
	view := s.view(r.Context())
	head := []string{"First name", "Last name", "E-mail", "Status"}
	for _, c := range columns {
		head = append(head, c.heads...)
	}
	return s.sendFile(w, r, "users", "Users", append(head, "Id"), func(yield func([]string) bool) {
		for _, u := range view.AllUsers(s.readUserQuery(r)) {
			row := s.userRow(view, u)
			cells := []string{u.FirstName, u.LastName, u.Email, statusInFile(u)}
			for _, c := range columns {
				cells = append(cells, c.cells(s, u, &row)...)
			}
			if !yield(append(cells, string(u.ID))) {
				return
			}
		}
	})
}

// pendingFile handles GET /users/pending/export.csv and .xlsx: the open invitations that the page finds.
func (s *server) pendingFile(w http.ResponseWriter, r *http.Request) error {
	view := s.view(r.Context())
	head := []string{"First name", "Last name", "E-mail", "Status", "Waiting (days)", "Invited on", "Invited by", "Roles", "Teams", "Language", "Id"}
	return s.sendFile(w, r, "open-invitations", "Open invitations", head, func(yield func([]string) bool) {
		for _, u := range view.AllUsers(pendingQuery(r)) {
			row, waiting := s.userRow(view, u), ""
			if !u.Invited.IsZero() {
				waiting = strconv.Itoa(s.daysSince(u.Invited))
			}
			if !yield([]string{u.FirstName, u.LastName, u.Email, statusInFile(u), waiting, s.dayInFile(u.Invited), row.InvitedBy, list(row.Roles), list(row.Teams), u.Language, string(u.ID)}) {
				return
			}
		}
	})
}

func statusInFile(u *directory.User) string {
	if u.Deactivated && u.Status == directory.Pending {
		return "pending, deactivated"
	}
	return string(u.Status)
}

// dayInFile writes a date so that it sorts, or "" for none.
func (s *server) dayInFile(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(s.Zone).Format(time.DateOnly)
}

// exportMenu offers the list as files, with the columns that are shown or with all.
func exportMenu(r *http.Request) component.MenuProps {
	file := func(path, columns string) string {
		q := r.URL.Query()
		q.Del("page")
		q.Del("size")
		if columns != "" {
			q.Set("columns", columns)
		}
		return route.With(path, q)
	}
	return component.MenuProps{Label: "Export", Icon: component.IconDownload, Small: true, Variant: component.ButtonGhost, TestID: "users-export", Items: []component.MenuItem{
		{Label: "Excel, columns as shown", URL: file(route.UsersXLSX, "shown"), TestID: "users-export-xlsx-shown"},
		{Label: "Excel, all columns", URL: file(route.UsersXLSX, ""), TestID: "users-export-xlsx"},
		{Label: "CSV, columns as shown", URL: file(route.UsersCSV, "shown"), Divided: true, TestID: "users-export-csv-shown"},
		{Label: "CSV, all columns", URL: file(route.UsersCSV, ""), TestID: "users-export-csv"},
	}}
}
