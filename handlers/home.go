package handlers

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// nav is the main navigation: the sections that this person may open, with the number of requests that wait.
func (s *server) nav(r *http.Request, current string) []layout.NavItem {
	a := actorFrom(r.Context())
	items := []struct {
		label, url, id string
		icon           component.Icon
		may            access.Permission
	}{
		{"Home", route.Home, "nav-home", component.IconHome, access.SignedIn},
		{"Users", route.Users, "nav-users", component.IconUsers, access.UsersRead},
		{"Teams", route.Teams, "nav-teams", component.IconSitemap, access.TeamsRead},
		{"Invite", route.Invite, "nav-invite", component.IconUserPlus, access.Invite},
		{"Requests", route.Changes, "nav-requests", component.IconInbox, access.ChangesRead},
		{"Audit", route.Audit, "nav-audit", component.IconHistory, access.AuditRead},
	}
	var out []layout.NavItem
	for _, it := range items {
		if !a.May(it.may) {
			continue
		}
		n := layout.NavItem{Label: it.label, URL: it.url, Icon: it.icon, Current: it.url == current, TestID: it.id}
		if it.url == route.Changes {
			n.Badge = s.waiting(r)
		}
		out = append(out, n)
	}
	return out
}

// waiting counts the requests that the person may decide. A database that does not answer shows no badge.
func (s *server) waiting(r *http.Request) int {
	_, n, err := s.Changes.List(r.Context(), actorFrom(r.Context()), personFrom(r.Context()), change.ForMe, 1, 25)
	if err != nil {
		s.Log.Warn("count waiting requests", "err", err)
		return 0
	}
	return n
}

// home handles GET /: what waits, what runs, and the person's own teams.
func (s *server) home(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, me := actorFrom(ctx), personFrom(ctx)
	view := s.view(ctx)
	p := page.HomeProps{TeamsURL: route.Teams, UsersURL: route.Users, InviteURL: route.Invite, ChangesURL: route.Changes,
		MayInvite: a.May(access.Invite), MayDecide: a.May(access.ChangesDecide), MaySeeUsers: a.May(access.UsersRead)}
	if a.May(access.UsersRead) && (a.HR || a.Auditor) {
		c := s.Directory.Current().Counts()
		for _, st := range []struct {
			label  string
			status directory.Status
		}{{"Active users", directory.Active}, {"Invited, not signed in yet", directory.Pending}, {"Inactive users", directory.Inactive}} {
			p.Tiles = append(p.Tiles, page.Tile{Label: st.label, Value: count(c.ByStatus[st.status]), URL: route.With(route.Users, url.Values{"status": {string(st.status)}})})
		}
		p.Tiles = append(p.Tiles, page.Tile{Label: "Teams", Value: count(c.Teams), URL: route.Teams})
	}
	if a.May(access.ChangesDecide) {
		list, n, err := s.Changes.List(ctx, a, me, change.ForMe, 1, 25)
		if err != nil {
			return err
		}
		p.Waiting, p.WaitingTotal = s.homeChanges(list, 5), n
	}
	if a.May(access.ChangesRead) {
		list, _, err := s.Changes.List(ctx, a, me, change.Mine, 1, 25)
		if err != nil {
			return err
		}
		p.Mine = s.homeChanges(list, 5)
	}
	for _, t := range view.Teams() {
		row := page.HomeTeam{Name: t.Name, URL: route.Team(t.ID), People: len(t.Members)}
		switch {
		case a.Leads.Has(t.ID):
			row.Pending = view.Users(directory.UserQuery{Team: t.ID, Status: []directory.Status{directory.Pending}}).Total
			p.Led = append(p.Led, row)
		case a.Member.Has(t.ID):
			p.Member = append(p.Member, row)
		}
	}
	var err error
	if p.Frame, err = s.frame(w, r, route.Home, layout.Props{Title: greeting(me.Name), Subtitle: s.day(s.Now())}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Home(p))
}

func (s *server) homeChanges(list []change.Change, most int) []page.HomeChange {
	var out []page.HomeChange
	for _, c := range list[:min(most, len(list))] {
		main := c.Main()
		out = append(out, page.HomeChange{Number: c.Number, Title: c.Title, URL: route.Change(c.ID), State: c.State.Word(), By: c.Requester.Name,
			When: ago(s.Now(), c.Created), WhenExact: s.exact(c.Created), Ended: main.Ended(), Total: main.Total()})
	}
	return out
}

func greeting(name string) string {
	for i, c := range name {
		if c == ' ' {
			return "Hello, " + name[:i]
		}
	}
	return "Hello, " + name
}

// me handles GET /me: who the portal takes the person for.
func (s *server) me(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, me := actorFrom(ctx), personFrom(ctx)
	sess, ok := auth.FromContext(ctx)
	if !ok {
		return fault.New(fault.Forbidden, "You are not signed in.")
	}
	p := page.MeProps{Name: me.Name, Email: sess.Email, Role: a.RoleLabel(), SignedInAgo: ago(s.Now(), sess.CreatedAt), SignedInExact: s.exact(sess.CreatedAt), EndsExact: s.exact(sess.ExpiresAt)}
	for _, has := range []struct {
		is   bool
		name string
	}{{a.HR, "HR"}, {a.Approver, "approver"}, {a.Auditor, "auditor"}, {a.Operator, "operator"}} {
		if has.is {
			p.PortalRoles = append(p.PortalRoles, has.name)
		}
	}
	if u, ok := s.Directory.Current().User(a.User); ok {
		p.Linked, p.Language, p.Status = true, u.Language, string(u.Status)
		for _, id := range u.Roles {
			if role, ok := s.Directory.Current().Role(id); ok {
				p.Roles = append(p.Roles, role.Name)
			}
		}
		for _, id := range u.Teams {
			if t, ok := s.Directory.Current().Team(id); ok {
				p.Teams = append(p.Teams, page.HomeTeam{Name: t.Name, URL: route.Team(t.ID), People: len(t.Members)})
			}
		}
	}
	var err error
	if p.Frame, err = s.frame(w, r, route.Me, layout.Props{Title: "My profile"}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Me(p))
}

// health handles GET /healthz: 200 while the program can serve pages.
func (s *server) health(w http.ResponseWriter, r *http.Request) error {
	if s.Ready != nil {
		if err := s.Ready(r.Context()); err != nil {
			return fault.Wrap(err, fault.Unavailable, "The database does not answer.")
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte("ok\n"))
	return err
}

// policyReport handles POST /csp-report: a browser tells of something that the content security policy stopped.
func (s *server) policyReport(w http.ResponseWriter, r *http.Request) error {
	s.Log.Warn("content security policy violated", "route", route.PolicyReports)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// SignIn draws the page with the links to the identity providers.
func (p Pages) SignIn(w http.ResponseWriter, r *http.Request, in auth.SignInPage) error {
	props := page.SignInProps{Fresh: in.Fresh, Plain: layout.PlainProps{Title: "Sign in", Training: p.s.Training, Version: p.s.Version}}
	for _, l := range in.Links {
		props.Links = append(props.Links, page.SignInLink{ID: l.ID, Name: l.Name, URL: l.URL})
	}
	return p.s.show(w, r, http.StatusOK, page.SignIn(props))
}

// SignedOut draws the page after signing out.
func (p Pages) SignedOut(w http.ResponseWriter, r *http.Request, out auth.SignedOutPage) error {
	return p.s.show(w, r, http.StatusOK, page.SignedOut(page.SignedOutProps{Provider: out.Provider, ProviderURL: out.ProviderURL, SignInURL: route.SignIn,
		Plain: layout.PlainProps{Title: "You are signed out", Training: p.s.Training, Version: p.s.Version}}))
}

// Fail answers a request that could not even be tied to a session.
func (p Pages) Fail(w http.ResponseWriter, r *http.Request, err error) { p.s.fail(w, r, err) }

// inviteButton is the main button of the pages about people, for those who may invite.
func (s *server) inviteButton(r *http.Request) templ.Component {
	if !actorFrom(r.Context()).May(access.Invite) {
		return nil
	}
	return component.LinkButton(component.LinkButtonProps{Label: "Invite people", URL: route.Invite, Icon: component.IconUserPlus, Variant: component.ButtonPrimary, TestID: "invite"})
}
