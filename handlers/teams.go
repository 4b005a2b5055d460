package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// teamsIndex handles GET /teams: the tree of the teams in the actor's scope, with a search that opens the path.
func (s *server) teamsIndex(w http.ResponseWriter, r *http.Request) error {
	p, err := s.newTeamsProps(r)
	if err != nil {
		return err
	}
	if p.Frame, err = s.teamsFrame(w, r); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Teams(p), page.TeamsTree)
}

// teamsFrame is what tree and list of teams stand in.
func (s *server) teamsFrame(w http.ResponseWriter, r *http.Request) (layout.Props, error) {
	frame := layout.Props{Title: "Teams", Count: count(len(s.view(r.Context()).Teams()))}
	if s.Changes.Verdict(actorFrom(r.Context()), access.Question{Act: access.CreateTeam, Rows: 1}).Outcome != access.No {
		frame.Actions = component.LinkButton(component.LinkButtonProps{Label: "New team", URL: route.TeamNew, Icon: component.IconPlus, Variant: component.ButtonPrimary, TestID: "new-team"})
	}
	if frame.Actions == nil && actorFrom(r.Context()).User != "" {
		frame.Actions = component.LinkButton(component.LinkButtonProps{Label: "Join a team", URL: route.TeamJoin, Icon: component.IconUserPlus, TestID: "join-team"})
	}
	return s.frame(w, r, route.Teams, frame)
}

func (s *server) newTeamsProps(r *http.Request) (page.TeamsProps, error) {
	view, a := s.view(r.Context()), actorFrom(r.Context())
	text := searchText(r)
	words := strings.Fields(directory.Fold(text))
	nodes := view.Tree()
	if len(words) > 0 {
		nodes = view.TreeFiltered(text)
	}
	focus := findNode(nodes, r.URL.Query().Get("under"))
	if focus != nil {
		nodes = []*directory.Node{focus}
	}
	d := treeDrawing{view: view, a: a, words: words, open: startsOpen(a), parts: true}
	p := page.TeamsProps{Total: len(view.Teams()), Switch: teamsSwitch(false), PictureURL: route.TeamPicture,
		Search: component.SearchBoxProps{Action: route.Teams, Value: text, Label: "Search teams", Keep: hidden(r, "under"), Target: "#teams-tree", TestID: "teams-search"},
		Empty:  component.EmptyStateProps{Icon: component.IconSitemap, Title: "No team to show", Text: "You are in no team yet. Ask a team's manager or HR to add you.", TestID: "teams-empty"}}
	if focus != nil {
		p.Under, p.WholeURL, p.PictureURL, d.focus = focus.Team.Name, route.Teams, pictureLink(focus.Team.ID), focus.Team.ID
	}
	if len(words) > 0 {
		p.Total = matching(nodes, words)
		p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "No team matches", Text: "Try fewer letters.", TestID: "teams-empty",
			Action: component.LinkButton(component.LinkButtonProps{Label: "Show all teams", URL: route.Teams})}
	} else {
		turned, err := s.Lists.Teams(r.Context(), ownerOf(r), directory.TurnedTeams)
		if err != nil {
			return p, fmt.Errorf("read open branches: %w", err)
		}
		d.turned, p.Tree.RememberURL = access.NewTeamSet(turned...), route.TeamsOpen
		if slices.ContainsFunc(nodes, func(n *directory.Node) bool { return len(n.Children) > 0 }) {
			p.OpenURL, p.OpenHidden = route.TeamsOpen, hidden(r, "under")
		}
	}
	p.Tree.Label, p.Tree.Nodes = "Teams", d.nodes(nodes)
	return p, nil
}

// startsOpen says whether the branches of the tree are open at first. Few people see few teams; only the whole account
// starts closed.
func startsOpen(a access.Actor) bool { return !a.Scope().All }

// teamsOpen handles POST /teams/open: remembers which branches of the tree the person opened and closed.
func (s *server) teamsOpen(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r, "open", "close")
	if err != nil {
		return err
	}
	view := s.view(r.Context())
	known := func(names []string) []id.Team {
		var out []id.Team
		for _, v := range names {
			if t, err := id.ParseTeam(v); err == nil {
				if _, ok := view.Team(t); ok {
					out = append(out, t)
				}
			}
		}
		return out
	}
	opened, closed := known(values["open"]), known(values["close"])
	back := route.Teams
	if all := values.Get("all"); all != "" {
		nodes := view.Tree()
		if focus := findNode(nodes, values.Get("under")); focus != nil {
			nodes, back = []*directory.Node{focus}, route.With(route.Teams, url.Values{"under": {string(focus.Team.ID)}})
		}
		directory.Walk(nodes, func(n *directory.Node) {
			switch {
			case len(n.Children) == 0:
			case all == "open":
				opened = append(opened, n.Team.ID)
			default:
				closed = append(closed, n.Team.ID)
			}
		})
	}
	if startsOpen(actorFrom(r.Context())) {
		opened, closed = closed, opened
	}
	if _, err := s.Lists.SetTeams(r.Context(), ownerOf(r), directory.TurnedTeams, closed, opened); err != nil {
		return fmt.Errorf("remember open branches: %w", err)
	}
	if htmx(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return redirect(w, r, back)
}

// searchText is what is searched, cut to a reasonable length.
func searchText(r *http.Request) string {
	text := strings.TrimSpace(strings.ToValidUTF8(r.URL.Query().Get("q"), ""))
	if runes := []rune(text); len(runes) > 200 {
		text = string(runes[:200])
	}
	return text
}

// treeDrawing turns the directory's tree into that of the page.
type treeDrawing struct {
	view directory.View
	a    access.Actor
	// words are those of the search; teams that have them are marked, and everything is open.
	words []string
	// open says how branches stand at first, turned which of them the person left otherwise; focus is open in any case.
	open   bool
	turned access.TeamSet
	focus  id.Team
	// parts adds the links to a part of the tree.
	parts bool
}

func (d treeDrawing) nodes(nodes []*directory.Node) []component.TreeNode {
	out := make([]component.TreeNode, 0, len(nodes))
	for _, n := range nodes {
		searched := len(d.words) > 0
		node := component.TreeNode{ID: string(n.Team.ID), Label: n.Team.Name, URL: route.Team(n.Team.ID), People: n.Own, AllPeople: n.WithSub,
			Open:    searched || n.Team.ID == d.focus || d.open != d.turned.Has(n.Team.ID),
			Current: searched && hasWords(n.Team.Name, d.words), Children: d.nodes(n.Children)}
		m, managed := d.view.Manager(n.Team.ID)
		node.Detail = m.Name
		switch {
		case n.Broken:
			node.Flag, node.FlagTone = "its parents form a circle", component.ToneDanger
		case n.Orphan:
			node.Flag, node.FlagTone = "its parent does not exist", component.ToneWarning
		case !n.Team.Active:
			node.Flag, node.FlagTone = "inactive", component.ToneNeutral
		case d.a.Leads.Has(n.Team.ID):
			node.Flag, node.FlagTone = "you lead", component.ToneInfo
		case !managed:
			node.Flag, node.FlagTone = "no manager", component.ToneWarning
		}
		if below := len(n.Children); below > 0 && !searched {
			node.Detail = strings.TrimPrefix(node.Detail+" · "+plural(below, "sub-team"), " · ")
			if d.parts && n.Team.ID != d.focus {
				node.PartURL = route.With(route.Teams, url.Values{"under": {string(n.Team.ID)}})
			}
		}
		out = append(out, node)
	}
	return out
}

func hasWords(name string, words []string) bool {
	name = directory.Fold(name)
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(name, w) })
}

// matching counts the teams of a filtered tree that match themselves, not those that only lead to one.
func matching(nodes []*directory.Node, words []string) int {
	n := 0
	for _, node := range nodes {
		if hasWords(node.Team.Name, words) {
			n++
		}
		n += matching(node.Children, words)
	}
	return n
}

var errNoTeam = fault.New(fault.NotFound, "There is no such team.")

// teamOf reads the id of the path and finds the team in the actor's scope. Malformed, missing and foreign are all 404.
func (s *server) teamOf(r *http.Request) (*directory.Team, error) {
	t, err := id.ParseTeam(r.PathValue("id"))
	if err != nil {
		return nil, errNoTeam
	}
	team, ok := s.view(r.Context()).Team(t)
	if !ok {
		return nil, errNoTeam
	}
	return team, nil
}

// teamsShow handles GET /teams/{id}: members, manager, sub-teams and what was done. Its record is read again.
func (s *server) teamsShow(w http.ResponseWriter, r *http.Request) error {
	team, err := s.teamOf(r)
	if err != nil {
		return err
	}
	notice := ""
	if !htmx(r) { // while somebody types into the search, the record just read will do
		notice = s.reread(r.Context(), nil, []id.Team{team.ID})
		if team, err = s.teamOf(r); err != nil {
			return err
		}
	}
	var edit *page.TeamEditProps
	if r.URL.Query().Get("edit") != "" {
		edit = &page.TeamEditProps{Fields: page.TeamFields{Name: team.Name, Description: team.Description, Color: team.Color, Avatar: team.Avatar}}
	}
	return s.teamPage(w, r, http.StatusOK, team, edit, notice)
}

// teamPage draws a team's page, with its fields as a form if edit is given and the actor may change them.
func (s *server) teamPage(w http.ResponseWriter, r *http.Request, status int, team *directory.Team, edit *page.TeamEditProps, notice string) error {
	p, err := s.newTeamProps(r, team)
	if err != nil {
		return err
	}
	p.Notice = notice
	view, a := s.view(r.Context()), actorFrom(r.Context())
	if v := s.teamVerdict(a, access.EditTeam, team); v.Outcome != access.No {
		p.EditURL = route.With(route.Team(team.ID), url.Values{"edit": {"about"}}) + "#about"
		if edit != nil {
			edit.Action, edit.CancelURL = route.TeamEdit(team.ID), route.Team(team.ID)
			edit.Was = wasFields(page.TeamFields{Name: team.Name, Description: team.Description, Color: team.Color, Avatar: team.Avatar})
			p.Edit, edit.Asks = edit, asksFirst(v)
		}
	}
	frame := layout.Props{Title: team.Name, Crumbs: s.teamCrumbs(view, team)}
	var menu []component.MenuItem
	menu, p.Danger, p.Refused = s.teamMenu(r, team)
	menu = append(menu, leaveItem(a, team)...)
	if a.May(access.WhoActs) {
		menu = append(menu, component.MenuItem{Label: "Who can act here, and why", Icon: component.IconShield, URL: route.TeamWho(team.ID), Divided: true, TestID: "act-who"})
	}
	frame.Actions = page.TeamActions(page.TeamActionsProps{AddURL: addURL(p), Menu: component.MenuProps{Label: "More", Items: menu, TestID: "team-menu"}})
	if p.Frame, err = s.frame(w, r, route.Teams, frame); err != nil {
		return err
	}
	return s.show(w, r, status, page.Team(p), page.TeamMembers)
}

// addURL is where people are added, if the actor may.
func addURL(p page.TeamProps) string {
	if !p.CanChange {
		return ""
	}
	return p.AddURL
}

// teamCrumbs lead from the top of the tree to the team's parent. A circle of parents ends them.
func (s *server) teamCrumbs(view directory.View, team *directory.Team) []layout.Crumb {
	var path []layout.Crumb
	seen := map[id.Team]bool{team.ID: true}
	for at := team; ; {
		parent, ok := view.Team(at.Parent)
		if !ok || seen[parent.ID] {
			break
		}
		seen[parent.ID] = true
		path = append(path, layout.Crumb{Label: parent.Name, URL: route.Team(parent.ID)})
		at = parent
	}
	path = append(path, layout.Crumb{Label: "Teams", URL: route.Teams})
	slices.Reverse(path)
	return path
}

func (s *server) newTeamProps(r *http.Request, team *directory.Team) (page.TeamProps, error) {
	ctx := r.Context()
	view, a := s.view(ctx), actorFrom(ctx)
	p := page.TeamProps{Color: team.Color, Avatar: team.Avatar, ID: string(team.ID), Name: team.Name, Description: team.Description, Inactive: !team.Active, External: team.External, AddURL: route.TeamAdd(team.ID)}
	verdict := s.mayChange(a, team)
	p.CanChange, p.Asks = verdict.Outcome != access.No, asksFirst(verdict)
	if !p.CanChange {
		p.Why = strings.TrimSpace("You cannot change the members. " + verdict.Sentence + " " + verdict.Help)
	}
	if m, ok := view.Manager(team.ID); ok {
		member := memberRow(team, m)
		member.Note = ""
		p.Manager = &member
	}
	s.listMembers(r, view, team, &p)
	for _, t := range view.Teams() {
		if t.Parent == team.ID && t.ID != team.ID {
			p.SubTeams = append(p.SubTeams, page.HomeTeam{Name: t.Name, URL: route.Team(t.ID), People: len(t.Members)})
		}
	}
	p.BelowURL, p.PictureURL = route.With(route.Teams, url.Values{"under": {string(team.ID)}}), pictureLink(team.ID)
	p.ShowSubTeams = a.Scope().All || len(p.SubTeams) > 0
	changes, err := s.Changes.About(ctx, a, team.ID, "")
	if err != nil {
		return p, fmt.Errorf("requests about %s: %w", team.ID, err)
	}
	p.Requests = s.homeChanges(changes, 10)
	p.ShowRequests = a.May(access.UsersRead) || len(changes) > 0 // members have a request of their own now and then
	return p, nil
}

// mayChange asks the policy about the members of a team. It is a preview: the service asks again with a fresh manager.
func (s *server) mayChange(a access.Actor, team *directory.Team) access.Verdict {
	return s.Changes.Verdict(a, access.Question{Act: access.AddMember, Teams: []access.Team{{ID: team.ID, Name: team.Name, Manager: team.Manager, Active: team.Active}}, Rows: 1})
}

// listMembers fills in one page of the members that the search of the address finds.
func (s *server) listMembers(r *http.Request, view directory.View, team *directory.Team, p *page.TeamProps) {
	text := searchText(r)
	words := strings.Fields(directory.Fold(text))
	all, _ := view.Members(team.ID)
	p.MembersHint = membersHint(all)
	matches := slices.DeleteFunc(slices.Clone(all), func(m directory.Person) bool { return !hasWords(m.Name+" "+m.Email, words) })
	p.MemberCount = len(matches)
	p.Search = component.SearchBoxProps{Action: route.Team(team.ID), Value: text, Label: "Search members", Keep: hidden(r, "size"), Target: "#team-members", TestID: "members-search"}
	p.Empty = component.EmptyStateProps{Icon: component.IconUsers, Title: "No members yet", TestID: "members-empty"}
	switch {
	case len(words) > 0:
		p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "Nobody matches", Text: "Try fewer letters.", TestID: "members-empty",
			Action: component.LinkButton(component.LinkButtonProps{Label: "Show all members", URL: route.Team(team.ID)})}
	case p.CanChange:
		p.Empty.Text = "Add the first person."
	}
	size := pageSize(r.URL.Query().Get("size"))
	number := min(positive(r.URL.Query().Get("page"), 1), max(1, (len(matches)+size-1)/size))
	shown := matches[(number-1)*size : min(number*size, len(matches))]
	for _, m := range shown {
		p.Members = append(p.Members, memberRow(team, m))
	}
	p.Pager = pager(r, number, size, len(shown), len(matches), "people")
}

// membersHint says how many people a team has, and how many of them cannot take part.
func membersHint(all []directory.Person) string {
	by := map[directory.Status]int{}
	for _, m := range all {
		by[m.Status]++
	}
	hint := count(len(all)) + " people"
	if len(all) == 1 {
		hint = "1 person"
	}
	if n := by[directory.Pending]; n > 0 {
		hint += ", " + count(n) + " not signed in yet"
	}
	if n := by[directory.Inactive]; n > 0 {
		hint += ", " + count(n) + " inactive"
	}
	return hint
}

func memberRow(team *directory.Team, m directory.Person) page.Member {
	row := page.Member{ID: string(m.ID), Name: m.Name, Email: m.Email, Status: string(m.Status), RemoveURL: route.TeamMemberRemove(team.ID, m.ID)}
	if row.Name == "" {
		row.Name = "(no name)"
	}
	if m.ID == team.Manager {
		row.Note = "manager"
	}
	if m.Open {
		row.URL = route.User(m.ID)
	}
	return row
}
