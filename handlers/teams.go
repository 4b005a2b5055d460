package handlers

import (
	"net/http"
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
	view := s.view(r.Context())
	a := actorFrom(r.Context())
	text := searchText(r)
	nodes := view.Tree()
	if text != "" {
		nodes = view.TreeFiltered(text)
	}
	total := len(view.Teams())
	p := page.TeamsProps{Total: total,
		Search: component.SearchBoxProps{Action: route.Teams, Value: text, Label: "Search teams", Target: "#teams-tree", TestID: "teams-search"},
		Tree:   component.TreeProps{Label: "Teams", Nodes: s.treeNodes(view, nodes, directory.Fold(text))},
		Empty:  component.EmptyStateProps{Icon: component.IconSitemap, Title: "No team to show", Text: "You are in no team yet. Ask a team's manager or HR to add you.", TestID: "teams-empty"}}
	if text != "" {
		p.Total = matching(nodes, strings.Fields(directory.Fold(text)))
		p.Empty = component.EmptyStateProps{Icon: component.IconSitemap, Title: "No team matches", Text: "Try fewer letters.", TestID: "teams-empty",
			Action: component.LinkButton(component.LinkButtonProps{Label: "Show all teams", URL: route.Teams})}
	}
	if !a.Scope().All {
		for _, t := range view.Teams() {
			if a.Leads.Has(t.ID) {
				p.Led = append(p.Led, s.teamLine(view, t))
			}
		}
	}
	var err error
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: "Teams", Count: count(total)}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Teams(p), page.TeamsTree)
}

// searchText is what is searched, cut to a reasonable length.
func searchText(r *http.Request) string {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(text) > 200 {
		text = text[:200]
	}
	return text
}

func (s *server) teamLine(view directory.View, t *directory.Team) page.HomeTeam {
	return page.HomeTeam{Name: t.Name, URL: route.Team(t.ID), People: len(t.Members),
		Pending: view.Users(directory.UserQuery{Team: t.ID, Status: []directory.Status{directory.Pending}}).Total}
}

// treeNodes turns the directory's tree into that of the page. Branches are open while something is searched; otherwise
// the first level is, in a small tree.
func (s *server) treeNodes(view directory.View, nodes []*directory.Node, text string) []component.TreeNode {
	words := strings.Fields(text)
	out := make([]component.TreeNode, 0, len(nodes))
	for _, n := range nodes {
		node := component.TreeNode{ID: string(n.Team.ID), Label: n.Team.Name, URL: route.Team(n.Team.ID), People: n.Own, AllPeople: n.WithSub,
			Open: text != "", Current: text != "" && hasWords(n.Team.Name, words), Children: s.treeNodes(view, n.Children, text)}
		if m, ok := view.Manager(n.Team.ID); ok {
			node.Detail = m.Name
		} else {
			node.Flag, node.FlagTone = "no manager", component.ToneWarning
		}
		if !n.Team.Active {
			node.Flag, node.FlagTone = "inactive", component.ToneNeutral
		}
		if n.Broken {
			node.Flag, node.FlagTone = "its parents form a circle", component.ToneDanger
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
	p, err := s.newTeamProps(r, team)
	if err != nil {
		return err
	}
	p.Notice = notice
	view := s.view(r.Context())
	frame := layout.Props{Title: team.Name, Subtitle: team.Description, Crumbs: s.teamCrumbs(view, team)}
	if p.CanChange {
		frame.Actions = component.LinkButton(component.LinkButtonProps{Label: "Add people", URL: p.AddURL, Icon: component.IconUserPlus, Variant: component.ButtonPrimary, TestID: "add-member"})
	}
	if p.Frame, err = s.frame(w, r, route.Teams, frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Team(p), page.TeamMembers)
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
	text := searchText(r)
	here := route.Team(team.ID)
	p := page.TeamProps{ID: string(team.ID), Name: team.Name, Description: team.Description, Inactive: !team.Active, External: team.External, AddURL: route.TeamAdd(team.ID),
		Search: component.SearchBoxProps{Action: here, Value: text, Label: "Search members", Target: "#team-members", TestID: "members-search"},
		Empty:  component.EmptyStateProps{Icon: component.IconUsers, Title: "No members yet", TestID: "members-empty"}}
	verdict := s.Changes.Verdict(a, access.Question{Act: access.AddMember, Teams: []access.Team{{ID: team.ID, Name: team.Name, Manager: team.Manager, Active: team.Active}}, Rows: 1})
	p.CanChange = verdict.Outcome != access.No
	if !p.CanChange {
		p.Why = strings.TrimSpace(verdict.Sentence + " " + verdict.Help)
	}
	if m, ok := view.Manager(team.ID); ok {
		member := memberRow(team, m)
		p.Manager = &member
	}
	all, _ := view.Members(team.ID)
	words := strings.Fields(directory.Fold(text))
	matches := slices.DeleteFunc(all, func(m directory.Person) bool { return !hasWords(m.Name+" "+m.Email, words) })
	p.MemberCount = len(matches)
	if text != "" {
		p.Empty = component.EmptyStateProps{Icon: component.IconUsers, Title: "Nobody matches", Text: "Try fewer letters.", TestID: "members-empty"}
	}
	size := pageSize(r.URL.Query().Get("size"))
	last := max(1, (len(matches)+size-1)/size)
	number := min(positive(r.URL.Query().Get("page"), 1), last)
	shown := matches[(number-1)*size : min(number*size, len(matches))]
	for _, m := range shown {
		p.Members = append(p.Members, memberRow(team, m))
	}
	p.Pager = pager(r, number, size, len(shown), len(matches), "people")
	for _, t := range view.Teams() {
		if t.Parent == team.ID && t.ID != team.ID {
			p.SubTeams = append(p.SubTeams, page.HomeTeam{Name: t.Name, URL: route.Team(t.ID), People: len(t.Members)})
		}
	}
	if p.ShowRequests = a.May(access.ChangesRead); p.ShowRequests {
		changes, err := s.Changes.About(ctx, a, team.ID, "")
		if err != nil {
			return p, err
		}
		p.Requests = s.homeChanges(changes, 10)
	}
	return p, nil
}

func memberRow(team *directory.Team, m directory.Person) page.Member {
	row := page.Member{ID: string(m.ID), Name: m.Name, Email: m.Email, Status: string(m.Status), Manager: m.ID == team.Manager, RemoveURL: route.TeamMemberRemove(team.ID, m.ID)}
	if row.Name == "" {
		row.Name = "(no name)"
	}
	if m.Open {
		row.URL = route.User(m.ID)
	}
	return row
}
