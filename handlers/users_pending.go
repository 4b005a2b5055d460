package handlers

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// usersPending handles GET /users/pending: who was invited and has not signed in, the longest waiting first.
func (s *server) usersPending(w http.ResponseWriter, r *http.Request) error {
	view, a := s.view(r.Context()), actorFrom(r.Context())
	q := directory.UserQuery{Text: searchText(r), Status: []directory.Status{directory.Pending}, Sort: "invited", Page: positive(r.URL.Query().Get("page"), 1), Size: pageSize(r.URL.Query().Get("size"))}
	found := view.Users(q)
	ticked, err := s.Lists.Selected(r.Context(), ownerOf(r))
	if err != nil {
		return fmt.Errorf("read ticks: %w", err)
	}
	on := map[id.User]bool{}
	for _, u := range ticked {
		if _, ok := view.User(u); ok {
			on[u] = true
		}
	}
	p := page.PendingProps{Total: found.Total, MayAct: a.HR,
		Search: component.SearchBoxProps{Action: route.UsersPending, Value: q.Text, Label: "Search by name or e-mail", Target: "#pending-list", TestID: "pending-search"},
		Pager:  pager(r, found.Page, found.Size, len(found.Items), found.Total, "open invitations"),
		Empty:  component.EmptyStateProps{Icon: component.IconMail, Title: "No open invitation", Text: "Everybody who was invited has signed in.", TestID: "pending-empty"}}
	if q.Text != "" {
		p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "Nobody matches", Text: "Try fewer letters.", TestID: "pending-empty"}
	}
	here := 0
	for _, u := range found.Items {
		row := page.PendingRow{UserRow: s.userRow(view, u), Waiting: waited(s, u), Withdrawn: u.Deactivated, ResendURL: route.UserAct(u.ID, "resend"), WithdrawURL: route.UserAct(u.ID, "deactivate"),
			CorrectURL: route.UserAct(u.ID, "correct-address"), DeleteURL: route.UserAct(u.ID, "delete")}
		if row.Ticked = on[u.ID]; row.Ticked {
			here++
		}
		p.Rows = append(p.Rows, row)
	}
	p.Bulk = &page.UsersBulk{Action: route.UsersSelection, List: "pending", Bar: component.BulkBarProps{Selected: len(on), Elsewhere: len(on) - here}}
	for _, act := range peopleActs {
		if a.HR && (act.path == "resend" || act.path == "deactivate" || act.path == "delete") || !a.HR && act.path == "deactivate" {
			label := act.label
			if act.path == "deactivate" {
				label = "Withdraw (deactivate)"
			}
			p.Bulk.Acts = append(p.Bulk.Acts, page.BulkAct{Value: act.path, Label: label, Danger: act.danger})
		}
	}
	if p.Frame, err = s.frame(w, r, route.Users, layout.Props{Title: "Open invitations", Count: count(found.Total), Crumbs: []layout.Crumb{{Label: "Users", URL: route.Users}}, Actions: s.inviteButton(r)}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Pending(p), page.PendingList)
}

// waited says how long somebody has had the invitation.
func waited(s *server, u *directory.User) string {
	if u.Invited.IsZero() {
		return ""
	}
	days := int(s.Now().Sub(u.Invited).Hours() / 24)
	switch {
	case days < 1:
		return "since today"
	case days == 1:
		return "1 day"
	case days >= 2*365:
		return strconv.Itoa(days/365) + " years"
	}
	return strconv.Itoa(days) + " days"
}

// meAct handles POST /me/{act}: one's own name, language or settings, or a password mail to oneself.
func (s *server) meAct(w http.ResponseWriter, r *http.Request) error {
	a := actorFrom(r.Context())
	u, ok := s.Directory.Current().User(a.User)
	if !ok {
		return errNoAct
	}
	switch r.PathValue("act") {
	case "edit":
		return s.saveProfile(w, r, u.ID, route.Me, func(status int, edit profileEdit) error { return s.mePage(w, r, status, edit) })
	case "settings":
		return s.saveSettings(w, r, u)
	case "password":
		act, _ := actByPath("password")
		return s.actSubmit(w, r, subject{act: act, users: []id.User{u.ID}, one: u, here: route.MeAct("password"), back: route.Me})
	}
	return errNoAct
}

// ownProfile is what a person may change about themself.
func (s *server) ownProfile(u *directory.User, a access.Actor, edit profileEdit, p *page.MeProps) {
	facts := []access.User{{ID: u.ID, Name: u.Name}}
	v := s.Changes.Verdict(a, access.Question{Act: access.EditName, Users: facts, Rows: 1})
	if v.Outcome == access.No {
		return
	}
	p.EditURL = route.Me + "?edit="
	if p.Edit = s.profileProps(u, edit, route.MeAct("edit"), route.Me); p.Edit != nil {
		p.Edit.Asks = asksFirst(v)
	}
	if u.SSO {
		p.PasswordWhy = "You sign in with the company account, so there is no Gtmhub password to change."
	} else if u.Status == directory.Active {
		p.PasswordURL = route.MeAct("password")
	}
}
