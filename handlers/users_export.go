package handlers

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/export"
)

// exportHead are the columns of the list as a file.
var exportHead = []string{"First name", "Last name", "E-mail", "Status", "Roles", "Teams", "Manages", "Language", "Signs in with the company account", "Invited on", "Invited by", "Id"}

// exportRow is one person of the file. It has nothing that the person's row or page does not show to this actor.
func (s *server) exportRow(view directory.View, u *directory.User) []string {
	row := s.userRow(view, u)
	_, manages := view.TeamsOf(u.ID)
	var led []string
	for _, t := range manages {
		led = append(led, t.Name)
	}
	sso := "no"
	if u.SSO {
		sso = "yes"
	}
	status := string(u.Status)
	if u.Deactivated && u.Status == directory.Pending {
		status = "pending, deactivated"
	}
	invited := ""
	if !u.Invited.IsZero() {
		invited = u.Invited.In(s.Zone).Format("2006-01-02")
	}
	return []string{u.FirstName, u.LastName, u.Email, status, strings.Join(row.Roles, ", "), strings.Join(row.Teams, ", "), strings.Join(led, ", "),
		u.Language, sso, invited, row.InvitedBy, string(u.ID)}
}

// usersCSV handles GET /users/export.csv: exactly the people whom the list shows under the same filters, all pages.
func (s *server) usersCSV(w http.ResponseWriter, r *http.Request) error {
	view := s.view(r.Context())
	users := view.AllUsers(s.readUserQuery(r))
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="users.csv"`)
	file := export.NewCSV(w, ',')
	if err := file.Write(exportHead...); err != nil {
		return fmt.Errorf("export users: %w", err)
	}
	for _, u := range users {
		if err := file.Write(s.exportRow(view, u)...); err != nil {
			return fmt.Errorf("export users: %w", err)
		}
	}
	return file.Flush()
}
