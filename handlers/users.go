package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// usersIndex handles GET /users: the users in the actor's scope, searched, filtered, sorted and paged. What is chosen
// stands in the address.
func (s *server) usersIndex(w http.ResponseWriter, r *http.Request) error {
	q := s.readUserQuery(r)
	view := s.view(r.Context())
	found := view.Users(q)
	p := s.newUsersProps(r, view, q, found)
	err := errors.Join(s.bulkProps(r, q, found, &p), s.viewProps(r, &p), s.columnProps(r, q.Sort, &p))
	if err != nil {
		return err
	}
	if p.Frame, err = s.frame(w, r, route.Users, layout.Props{Title: "Users", Count: count(view.Counts().Users), Actions: s.inviteButton(r)}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Users(p), page.UsersList)
}

// readUserQuery reads the address. Values that mean nothing are left out, so that an old bookmark still opens.
func (s *server) readUserQuery(r *http.Request) directory.UserQuery {
	v := r.URL.Query()
	q := directory.UserQuery{Text: searchText(r), Page: positive(v.Get("page"), 1), Size: pageSize(v.Get("size")), WithSubTeams: v.Get("sub") == "on"}
	switch sort := v.Get("sort"); strings.TrimPrefix(sort, "-") {
	case "name", "status", "invited", "created":
		q.Sort = sort
	}
	switch status := v.Get("status"); status {
	case "all":
		q.AllStatuses = true
	case string(directory.Active), string(directory.Pending), string(directory.Inactive):
		q.Status = []directory.Status{directory.Status(status)}
	}
	if role, err := id.ParseRole(v.Get("role")); err == nil {
		q.Role = role
	}
	if team, err := id.ParseTeam(v.Get("team")); err == nil {
		q.Team = team
	}
	if lang := v.Get("lang"); len(lang) <= 20 {
		q.Language = lang
	}
	switch v.Get("sso") {
	case "yes", "no":
		on := v.Get("sso") == "yes"
		q.SSO = &on
	}
	if days := positive(v.Get("older"), 0); days > 0 && days <= 3650 {
		q.InvitedBefore = s.Now().AddDate(0, 0, -days)
	}
	q.NoTeam, q.Manages = v.Get("noteam") == "on", v.Get("manages") == "on"
	return q
}

func (s *server) newUsersProps(r *http.Request, view directory.View, q directory.UserQuery, found directory.UserPage) page.UsersProps {
	p := page.UsersProps{
		ListURL: route.Users, Total: found.Total, FilterKeep: hidden(r, "q", "status", "sort", "size"),
		Search:   component.SearchBoxProps{Action: route.Users, Value: q.Text, Label: "Search by name or e-mail", Keep: hidden(r, "status", "role", "team", "sub", "lang", "sso", "older", "noteam", "manages", "sort", "size"), Target: "#users-list", TestID: "users-search"},
		Name:     sortHeader(r, "Person", "name", q.Sort),
		Status:   sortHeader(r, "Status", "status", q.Sort),
		Statuses: statusTabs(r, q, found.ByStatus),
		Roles:    component.SelectProps{Name: "role", Label: "Role", Value: string(q.Role), Empty: "Any role", TestID: "users-filter-role"},
		Teams:    component.SelectProps{Name: "team", Label: "Team", Value: string(q.Team), Empty: "Any team", TestID: "users-filter-team"},
		WithSub:  component.CheckboxProps{Name: "sub", Label: "with its sub-teams", Checked: q.WithSubTeams, TestID: "users-filter-sub"},
		Chips:    s.userChips(r, view, q),
		Pager:    pager(r, found.Page, found.Size, len(found.Items), found.Total, "users"),
	}
	p.Languages = component.SelectProps{Name: "lang", Label: "Language", Value: q.Language, Empty: "Any language", TestID: "users-filter-language"}
	languages := view.Languages()
	if q.Language != "" && !slices.Contains(languages, q.Language) {
		languages = append(languages, q.Language)
	}
	for _, l := range languages {
		p.Languages.Options = append(p.Languages.Options, component.Option{Value: l, Label: languageName(l)})
	}
	p.SSO = component.SelectProps{Name: "sso", Label: "Signs in", Value: r.URL.Query().Get("sso"), Empty: "In any way", TestID: "users-filter-sso",
		Options: []component.Option{{Value: "yes", Label: "With the company account"}, {Value: "no", Label: "With a Gtmhub password"}}}
	older := ""
	if !q.InvitedBefore.IsZero() {
		older = r.URL.Query().Get("older")
	}
	p.Older = component.FieldProps{Name: "older", Label: "Invited more than … days ago", Type: "number", Value: older, Min: "1", Max: "3650", TestID: "users-filter-older"}
	p.NoTeam = component.CheckboxProps{Name: "noteam", Label: "In no team", Checked: q.NoTeam, TestID: "users-filter-no-team"}
	p.Manages = component.CheckboxProps{Name: "manages", Label: "Manages a team", Checked: q.Manages, TestID: "users-filter-manages"}
	p.Export = exportMenu(r)
	if actorFrom(r.Context()).May(access.UsersChange) {
		p.PendingURL = route.UsersPending
	}
	for _, on := range []bool{q.Role != "", q.Team != "", q.Language != "", q.SSO != nil, !q.InvitedBefore.IsZero(), q.NoTeam, q.Manages} {
		if on {
			p.FiltersOn++
		}
	}
	for _, role := range s.Directory.Current().Roles() {
		p.Roles.Options = append(p.Roles.Options, component.Option{Value: string(role.ID), Label: role.Name})
	}
	for _, t := range view.Teams() {
		p.Teams.Options = append(p.Teams.Options, component.Option{Value: string(t.ID), Label: t.Name})
	}
	for _, u := range found.Items {
		p.Rows = append(p.Rows, s.userRow(view, u))
	}
	p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "Nobody matches", Text: "Try fewer letters, or take a filter away. Inactive people are listed under Inactive and All.", TestID: "users-empty",
		Action: component.LinkButton(component.LinkButtonProps{Label: "Clear search and filters", URL: route.Users})}
	if view.Counts().Users == 0 {
		p.Empty = component.EmptyStateProps{Icon: component.IconUsers, Title: "Nobody to show", Text: "You see yourself and the people of the teams that you lead. There are none yet.", TestID: "users-empty"}
	}
	return p
}

// statusTabs are the choices of status, each with its number under the other filters.
func statusTabs(r *http.Request, q directory.UserQuery, by map[directory.Status]int) component.TabsProps {
	current := ""
	switch {
	case q.AllStatuses:
		current = "all"
	case len(q.Status) == 1:
		current = string(q.Status[0])
	}
	tabs := component.TabsProps{Label: "Status"}
	for _, t := range []struct {
		label, value, testID string
		n                    int
	}{
		{"Active and pending", "", "status-default", by[directory.Active] + by[directory.Pending]},
		{"Active", string(directory.Active), "status-active", by[directory.Active]},
		{"Pending", string(directory.Pending), "status-pending", by[directory.Pending]},
		{"Inactive", string(directory.Inactive), "status-inactive", by[directory.Inactive]},
		{"All", "all", "status-all", by[directory.Active] + by[directory.Pending] + by[directory.Inactive]},
	} {
		tabs.Tabs = append(tabs.Tabs, component.Tab{Label: t.label, URL: query(r, map[string]string{"status": t.value, "page": ""}), Current: current == t.value, Count: t.n, ShowCount: true, TestID: t.testID})
	}
	return tabs
}

// userChips are the filters that are on. One that names nothing known, or nothing in the actor's scope, has a chip as
// well, so that it can be taken away.
func (s *server) userChips(r *http.Request, view directory.View, q directory.UserQuery) component.ChipsProps {
	chips := component.ChipsProps{ClearURL: query(r, map[string]string{"q": "", "role": "", "team": "", "sub": "", "lang": "", "sso": "", "older": "", "noteam": "", "manages": "", "page": ""})}
	add := func(label string, without map[string]string) {
		without["page"] = ""
		chips.Chips = append(chips.Chips, component.Chip{Label: label, RemoveURL: query(r, without)})
	}
	if q.Text != "" {
		add("Search: "+q.Text, map[string]string{"q": ""})
	}
	if q.Role != "" {
		label := "Role: not found"
		if role, ok := s.Directory.Current().Role(q.Role); ok {
			label = "Role: " + role.Name
		}
		add(label, map[string]string{"role": ""})
	}
	if q.Team != "" {
		label := "Team: not found"
		if t, ok := view.Team(q.Team); ok {
			label = "Team: " + t.Name
			if q.WithSubTeams {
				label += " with sub-teams"
			}
		}
		add(label, map[string]string{"team": "", "sub": ""})
	}
	if q.Language != "" {
		add("Language: "+languageName(q.Language), map[string]string{"lang": ""})
	}
	if q.SSO != nil {
		label := "Signs in with a Gtmhub password"
		if *q.SSO {
			label = "Signs in with the company account"
		}
		add(label, map[string]string{"sso": ""})
	}
	if !q.InvitedBefore.IsZero() {
		add("Invited more than "+r.URL.Query().Get("older")+" days ago", map[string]string{"older": ""})
	}
	if q.NoTeam {
		add("In no team", map[string]string{"noteam": ""})
	}
	if q.Manages {
		add("Manages a team", map[string]string{"manages": ""})
	}
	return chips
}

func (s *server) userRow(view directory.View, u *directory.User) page.UserRow {
	row := page.UserRow{ID: string(u.ID), Name: u.Name, Email: u.Email, URL: route.User(u.ID), Status: string(u.Status), Invited: s.day(u.Invited),
		Language: languageName(u.Language), SignsIn: "Gtmhub password", Created: s.day(u.Created)}
	if u.SSO {
		row.SignsIn = "Company account"
	}
	snap := s.Directory.Current()
	for _, role := range u.Roles {
		if known, ok := snap.Role(role); ok {
			row.Roles = append(row.Roles, known.Name)
		}
	}
	member, manages := view.TeamsOf(u.ID)
	for _, t := range member {
		row.Teams = append(row.Teams, t.Name)
	}
	for _, t := range manages {
		row.Manages = append(row.Manages, t.Name)
	}
	if by, ok := view.User(u.InvitedBy); ok {
		row.InvitedBy = by.Name
	}
	return row
}

// hidden keeps values of the address in a GET form.
func hidden(r *http.Request, names ...string) []component.Hidden {
	var out []component.Hidden
	for _, n := range names {
		if v := r.URL.Query().Get(n); v != "" {
			out = append(out, component.Hidden{Name: n, Value: v})
		}
	}
	return out
}

// sortHeader is the head of a column: a click sorts by it, the next the other way round.
func sortHeader(r *http.Request, label, key, current string) component.SortHeaderProps {
	if current == "" {
		current = "name"
	}
	h := component.SortHeaderProps{Label: label, URL: query(r, map[string]string{"sort": key, "page": ""})}
	switch current {
	case key:
		h.Order, h.URL = component.Ascending, query(r, map[string]string{"sort": "-" + key, "page": ""})
	case "-" + key:
		h.Order = component.Descending
	}
	return h
}

var errNoUser = fault.New(fault.NotFound, "There is no such person.")

// freshFor is how long a detail page waits for Gtmhub before it is drawn from the directory.
const freshFor = 2 * time.Second

// usersShow handles GET /users/{id}. Its record is read again; if Gtmhub does not answer soon the page says so.
func (s *server) usersShow(w http.ResponseWriter, r *http.Request) error {
	return s.userPage(w, r, http.StatusOK, profileEdit{section: r.URL.Query().Get("edit")})
}

func (s *server) userPage(w http.ResponseWriter, r *http.Request, status int, edit profileEdit) error {
	ctx := r.Context()
	user, err := id.ParseUser(r.PathValue("id"))
	if err != nil {
		return errNoUser
	}
	if _, ok := s.view(ctx).User(user); !ok {
		return errNoUser
	}
	notice := s.reread(ctx, []id.User{user}, nil)
	view := s.view(ctx)
	u, ok := view.User(user)
	if !ok {
		return errNoUser
	}
	p, err := s.newUserProps(r, view, u)
	if err != nil {
		return err
	}
	p.Notice = notice
	if p.ShowOverview {
		if err := s.userActs(r, u, edit, &p); err != nil {
			return err
		}
	}
	if p.ShowOverview && actorFrom(ctx).May(access.WhoActs) {
		p.Facts = append(p.Facts, component.Definition{Term: "Who can act", Text: "Everybody who may act on this person, and why", URL: route.UserWho(u.ID)})
	}
	frame := layout.Props{Title: u.Name}
	if to := s.offboardLink(actorFrom(ctx), u); to != "" {
		frame.Actions = component.LinkButton(component.LinkButtonProps{Label: "Offboard", URL: to, Icon: component.IconUserOff, TestID: "offboard-link"})
	}
	if actorFrom(ctx).May(access.UsersRead) { // everybody has a page of their own, but not the list
		frame.Crumbs = []layout.Crumb{{Label: "Users", URL: route.Users}}
	}
	if p.Frame, err = s.frame(w, r, route.Users, frame); err != nil {
		return err
	}
	return s.show(w, r, status, page.User(p))
}

// reread brings single records up to date for a detail page, and says it when that did not work.
func (s *server) reread(ctx context.Context, users []id.User, teams []id.Team) string {
	ctx, cancel := context.WithTimeout(ctx, freshFor)
	defer cancel()
	err := s.Directory.Refresh(ctx, users, teams)
	if err == nil || errors.Is(err, fault.NotFound) {
		return ""
	}
	s.Log.Debug("read a record again", "err", err)
	return "Gtmhub did not answer just now. You see the record as it was " + ago(s.Now(), s.Directory.Health().FetchedAt) + "."
}

func (s *server) newUserProps(r *http.Request, view directory.View, u *directory.User) (page.UserProps, error) {
	ctx := r.Context()
	here := route.User(u.ID)
	tab := r.URL.Query().Get("tab")
	p := page.UserProps{ID: string(u.ID), Name: u.Name, Email: u.Email, Status: string(u.Status)}
	a := actorFrom(ctx)
	changes, err := s.Changes.About(ctx, a, "", u.ID)
	if err != nil {
		return p, fmt.Errorf("requests about %s: %w", u.ID, err)
	}
	p.NoTeams, p.RequestsHint = "In no team", "Changes that were about this person"
	if !a.Scope().All {
		p.NoTeams, p.RequestsHint = "In no team that you may open", "Those that you may see"
	}
	p.Requests = s.homeChanges(changes, len(changes))
	member, manages := view.TeamsOf(u.ID)
	for _, t := range member {
		p.Teams = append(p.Teams, page.HomeTeam{Name: t.Name, URL: route.Team(t.ID), People: len(t.Members)})
	}
	for _, t := range manages {
		p.Manages = append(p.Manages, page.HomeTeam{Name: t.Name, URL: route.Team(t.ID), People: len(t.Members)})
	}
	snap := s.Directory.Current()
	for _, role := range u.Roles {
		if known, ok := snap.Role(role); ok {
			p.Roles = append(p.Roles, page.UserRole{Name: known.Name, Description: known.Description})
		}
	}
	at := func(tab string) string {
		if tab == "" {
			return here
		}
		return route.With(here, url.Values{"tab": {tab}})
	}
	p.ShowTeams, p.ShowRequests, p.ShowResults = tab == "teams", tab == "requests", tab == resultsTab
	p.ShowOverview = !p.ShowTeams && !p.ShowRequests && !p.ShowResults
	if p.ShowResults { // read from Gtmhub only when somebody looks at it
		p.Results = s.userResults(r, view, u)
	}
	p.Tabs = component.TabsProps{Label: "Views of this person", Tabs: []component.Tab{
		{Label: "Overview", URL: at(""), Current: p.ShowOverview, TestID: "tab-overview"},
		{Label: "Teams and roles", URL: at("teams"), Current: p.ShowTeams, Count: len(p.Teams), ShowCount: true, TestID: "tab-teams"},
		{Label: "Key results", URL: at(resultsTab), Current: p.ShowResults, TestID: "tab-results"},
		{Label: "Requests", URL: at("requests"), Current: p.ShowRequests, Count: len(p.Requests), ShowCount: true, TestID: "tab-requests"},
	}}
	p.Facts = s.userFacts(view, u)
	return p, nil
}

func (s *server) userFacts(view directory.View, u *directory.User) []component.Definition {
	facts := []component.Definition{
		{Term: "First name", Text: u.FirstName},
		{Term: "Last name", Text: u.LastName},
		{Term: "E-mail", Text: u.Email, Origin: "cannot be changed through the Gtmhub API"},
		{Term: "Language", Text: languageName(u.Language), Origin: "of the pages and mails of Gtmhub"},
		{Term: "Created", Text: s.day(u.Created)},
	}
	if !u.Invited.IsZero() {
		f := component.Definition{Term: "Invited", Text: s.day(u.Invited)}
		if by, ok := view.User(u.InvitedBy); ok {
			f.Origin = "by " + by.Name
		}
		facts = append(facts, f)
	}
	if u.SSO {
		facts = append(facts, component.Definition{Term: "Signs in", Text: "with the company account", Origin: "so there is no Gtmhub password"})
	}
	return facts
}
