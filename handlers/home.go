package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/static"
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
		{"Deputies", route.Deputies, "nav-deputies", component.IconUserShare, access.TeamsChange},
		{"Invite", route.Invite, "nav-invite", component.IconUserPlus, access.Invite},
		{"Requests", route.Changes, "nav-requests", component.IconInbox, access.ChangesRead},
		{"Announcements", route.Announcements, "nav-announcements", component.IconSpeakerphone, access.Announcements},
		{"Outside changes", route.Drift, "nav-drift", component.IconAlertTriangle, access.DriftRead},
		{"Audit", route.Audit, "nav-audit", component.IconHistory, access.AuditRead},
		{"Settings", route.Settings, "nav-settings", component.IconSettings, access.SettingsManage},
		{"Policy", route.Policy, "nav-policy", component.IconSettings, access.PolicyRead},
		{"Sessions", route.OperatorSessions, "nav-sessions", component.IconKey, access.Operate},
	}
	var out []layout.NavItem
	for _, it := range items {
		if !a.May(it.may) {
			continue
		}
		if it.url == route.Policy && a.May(access.SettingsManage) {
			continue // it is among the settings
		}
		if it.url == route.Announcements && s.Lookups.ServesAnnouncements() != directory.Serves {
			continue // the vendor has retired them: shown only where the account is known to answer
		}
		n := layout.NavItem{Label: it.label, URL: it.url, Icon: it.icon, Current: it.url == current, TestID: it.id}
		switch it.url {
		case route.Changes:
			n.Badge = s.waiting(r)
		case route.Drift:
			n.Badge = s.outside(r)
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

// shortList is how many requests a short list shows.
const shortList = 5

// home handles GET /: what waits, what runs, and the person's own teams.
func (s *server) home(w http.ResponseWriter, r *http.Request) error {
	p, err := s.newHomeProps(r)
	if err != nil {
		return err
	}
	frame := layout.Props{Title: greeting(personFrom(r.Context()).Name), Subtitle: s.day(s.Now()), Actions: s.inviteButton(r)}
	if p.Frame, err = s.frame(w, r, route.Home, frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Home(p))
}

func (s *server) newHomeProps(r *http.Request) (page.HomeProps, error) {
	ctx := r.Context()
	a, me := actorFrom(ctx), personFrom(ctx)
	view := s.view(ctx)
	var p page.HomeProps
	if a.Scope().All {
		p.Tiles = homeTiles(view.Counts())
		if n := s.outside(r); n > 0 {
			p.Tiles = append(p.Tiles, page.Tile{Label: "Outside changes", Value: count(n), URL: route.Drift, Icon: component.IconAlertTriangle, Tone: component.ToneWarning, TestID: "tile-drift"})
		}
	}
	if a.May(access.ChangesDecide) {
		list, n, err := s.Changes.List(ctx, a, me, change.ForMe, 1, 25)
		if err != nil {
			return p, fmt.Errorf("requests that wait: %w", err)
		}
		p.MayDecide = a.HR || a.Approver || n > 0 // leads are asked now and then only
		p.Waiting = s.homeChanges(list, shortList)
		if n > len(p.Waiting) {
			p.WaitingMore = quietLink("All "+count(n), route.With(route.Changes, url.Values{"box": {string(change.ForMe)}}), "home-waiting-all")
		}
	}
	if a.May(access.ChangesRead) {
		list, n, err := s.Changes.List(ctx, a, me, change.Mine, 1, 25)
		if err != nil {
			return p, fmt.Errorf("own requests: %w", err)
		}
		p.Mine, p.ShowMine = s.homeChanges(list, shortList), a.May(access.Invite) || n > 0
		if n > len(p.Mine) {
			p.MineMore = quietLink("All "+count(n), route.With(route.Changes, url.Values{"box": {string(change.Mine)}}), "home-mine-all")
		}
	}
	for _, t := range view.Teams() {
		row := page.HomeTeam{Name: t.Name, URL: route.Team(t.ID), People: len(t.Members)}
		switch {
		case a.Leads.Has(t.ID):
			row.AddURL = route.TeamAdd(t.ID)
			row.Inactive = view.Users(directory.UserQuery{Team: t.ID, Status: []directory.Status{directory.Inactive}}).Total
			row.Pending = view.Users(directory.UserQuery{Team: t.ID, Status: []directory.Status{directory.Pending}}).Total
			p.Led = append(p.Led, row)
		case a.Member.Has(t.ID):
			p.Member = append(p.Member, row)
		}
	}
	if err := s.homeDeputies(r, &p); err != nil {
		return p, err
	}
	if len(p.Tiles)+len(p.Led)+len(p.Member) == 0 && !p.MayDecide && !p.ShowMine {
		p.Empty = nothingOnHome(a)
	}
	return p, nil
}

// homeDeputies are the deputies in force that the person gave or holds.
func (s *server) homeDeputies(r *http.Request, p *page.HomeProps) error {
	a := actorFrom(r.Context())
	if a.User == "" {
		return nil
	}
	list, err := s.Deputies.List(r.Context(), a)
	if err != nil {
		return fmt.Errorf("deputies: %w", err)
	}
	for _, d := range list {
		if !d.InForce || d.Holder != a.User && d.By != a.User {
			continue
		}
		line := page.HomeDeputy{Text: d.HolderName + " stands in for you", Until: "until " + s.day(d.Until.Add(-time.Second))}
		if d.Holder == a.User {
			line.Text = "You stand in for " + d.ByName
		}
		var names []string
		for _, t := range d.Teams {
			if team, ok := s.Directory.Current().Team(t); ok {
				names = append(names, team.Name)
			}
		}
		line.Teams = strings.Join(names, ", ")
		p.Deputies = append(p.Deputies, line)
	}
	if len(p.Deputies) > 0 {
		p.DeputiesMore = quietLink("All deputies", route.Deputies, "home-deputies-all")
	}
	return nil
}

func homeTiles(c directory.Counts) []page.Tile {
	users := func(st directory.Status) (value, address string) {
		return count(c.ByStatus[st]), route.With(route.Users, url.Values{"status": {string(st)}})
	}
	active := page.Tile{Label: "Active users", Icon: component.IconUsers, Tone: component.ToneInfo, TestID: "tile-active"}
	active.Value, active.URL = users(directory.Active)
	pending := page.Tile{Label: "Not signed in yet", Icon: component.IconMail, Tone: component.ToneWarning, TestID: "tile-pending"}
	pending.Value, pending.URL = users(directory.Pending)
	inactive := page.Tile{Label: "Inactive users", Icon: component.IconUserMinus, Tone: component.ToneNeutral, TestID: "tile-inactive"}
	inactive.Value, inactive.URL = users(directory.Inactive)
	return []page.Tile{active, pending, inactive,
		{Label: "Teams", Value: count(c.Teams), URL: route.Teams, Icon: component.IconSitemap, Tone: component.ToneInfo, TestID: "tile-teams"}}
}

// nothingOnHome says why the page is empty, and the next step.
func nothingOnHome(a access.Actor) component.EmptyStateProps {
	if a.User == "" {
		return component.EmptyStateProps{Icon: component.IconUsers, Title: "Nothing to show here", Text: "Your sign-in is not linked to a Gtmhub user, so you are in no team. What you may do stands in the menu.", TestID: "home-empty"}
	}
	return component.EmptyStateProps{Icon: component.IconUsers, Title: "You are in no team yet", Text: "Ask the manager of your team, or HR, to add you. Your teams will appear here.", TestID: "home-empty"}
}

func quietLink(label, address, testID string) templ.Component {
	return component.LinkButton(component.LinkButtonProps{Label: label, URL: address, Small: true, Variant: component.ButtonGhost, TestID: testID})
}

// homeChanges are the first requests of a list as lines. Only a run that is under way shows how far it is.
func (s *server) homeChanges(list []change.Change, most int) []page.HomeChange {
	var out []page.HomeChange
	for _, c := range list[:min(most, len(list))] {
		line := page.HomeChange{Number: c.Number, Title: c.Title, URL: route.Change(c.ID), State: component.ChangeState(c.State), By: c.Requester.Name, When: s.when(c.Created)}
		if c.State == change.Running || c.State == change.Paused {
			main := c.Main()
			line.Progress = count(main.Ended()) + " of " + count(main.Total())
		}
		out = append(out, line)
	}
	return out
}

func greeting(name string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	return "Hello, " + first
}

// me handles GET /me: who the portal takes the person for.
func (s *server) me(w http.ResponseWriter, r *http.Request) error {
	return s.mePage(w, r, http.StatusOK, profileEdit{section: r.URL.Query().Get("edit")})
}

func (s *server) mePage(w http.ResponseWriter, r *http.Request, status int, edit profileEdit) error {
	ctx := r.Context()
	a, me := actorFrom(ctx), personFrom(ctx)
	sess, ok := auth.FromContext(ctx)
	if !ok {
		return fault.New(fault.Forbidden, "You are not signed in.")
	}
	p := page.MeProps{Name: me.Name, Email: sess.Email, Role: a.RoleLabel(), SignedInAgo: ago(s.Now(), sess.CreatedAt), SignedInExact: s.exact(sess.CreatedAt), EndsExact: s.exact(sess.ExpiresAt), SessionsURL: route.MySessions}
	for _, has := range []struct {
		is   bool
		name string
	}{{a.HR, "HR"}, {a.Approver, "approver"}, {a.Auditor, "auditor"}, {a.Operator, "operator"}} {
		if has.is {
			p.PortalRoles = append(p.PortalRoles, has.name)
		}
	}
	if u, ok := s.Directory.Current().User(a.User); ok {
		p.Linked, p.Language, p.Status = true, languageName(u.Language), string(u.Status)
		s.ownProfile(u, a, edit, &p)
		if s.mayOwn(a) {
			s.ownCards(r, u, edit, &p)
		}
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
	return s.show(w, r, status, page.Me(p))
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

// favicon handles GET /favicon.ico, which browsers ask for on answers that are no pages: it leads to the icon of the pages.
func (s *server) favicon(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, static.URL("favicon.svg"), http.StatusFound)
	return nil
}

// policyReport handles POST /csp-report: a browser tells of something that the content security policy stopped.
func (s *server) policyReport(w http.ResponseWriter, r *http.Request) error {
	s.Log.Warn("content security policy violated", "route", route.PolicyReports)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// SignIn draws the page with the links to the identity providers.
func (p Pages) SignIn(w http.ResponseWriter, r *http.Request, in auth.SignInPage) error {
	props := page.SignInProps{Fresh: in.Fresh, ByEmail: in.ByEmail, Email: in.Email, Unknown: in.Unknown, Return: in.Return, ActionURL: route.SignIn, Plain: layout.PlainProps{Title: "Sign in", Training: p.s.Training, Version: p.s.Version}}
	for _, l := range in.Links {
		props.Links = append(props.Links, page.SignInLink{ID: l.ID, Name: l.Name, URL: l.URL})
	}
	return p.s.show(w, r, http.StatusOK, page.SignIn(props))
}

// SignedOut draws the page after signing out.
func (p Pages) SignedOut(w http.ResponseWriter, r *http.Request, out auth.SignedOutPage) error {
	return p.s.show(w, r, http.StatusOK, page.SignedOut(page.SignedOutProps{Provider: out.Provider, ProviderURL: out.ProviderURL, Everywhere: out.Everywhere, SignInURL: route.SignIn,
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
