package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// teamKinds are the choices above the list of teams, with the word of the address.
var teamKinds = []struct {
	word, label string
	fits        func(directory.View, *directory.Node) bool
}{
	{"", "All", func(directory.View, *directory.Node) bool { return true }},
	{"no-manager", "No manager", func(v directory.View, n *directory.Node) bool {
		_, ok := v.Manager(n.Team.ID)
		return n.Team.Active && !ok
	}},
	{"empty", "Nobody in it", func(_ directory.View, n *directory.Node) bool { return n.Team.Active && n.Own == 0 }},
	{"inactive", "Inactive", func(_ directory.View, n *directory.Node) bool { return !n.Team.Active }},
}

// listedTeams are the teams in the actor's scope that a query finds, by name, and how many there are of each kind.
func listedTeams(view directory.View, q url.Values) (found []*directory.Node, counts []int) {
	words := strings.Fields(directory.Fold(q.Get("q")))
	counts = make([]int, len(teamKinds))
	directory.Walk(view.Tree(), func(n *directory.Node) {
		if !hasWords(n.Team.Name, words) {
			return
		}
		for i, k := range teamKinds {
			if k.fits(view, n) {
				counts[i]++
				if k.word == q.Get("kind") {
					found = append(found, n)
				}
			}
		}
	})
	slices.SortStableFunc(found, func(a, b *directory.Node) int {
		return strings.Compare(directory.Fold(a.Team.Name), directory.Fold(b.Team.Name))
	})
	return found, counts
}

// teamsList handles GET /teams/list: the teams in the actor's scope as a list, to tick.
func (s *server) teamsList(w http.ResponseWriter, r *http.Request) error {
	view := s.view(r.Context())
	found, counts := listedTeams(view, r.URL.Query())
	size := pageSize(r.URL.Query().Get("size"))
	number := min(positive(r.URL.Query().Get("page"), 1), max(1, (len(found)+size-1)/size))
	shown := found[(number-1)*size : min(number*size, len(found))]
	p := page.TeamListProps{Total: len(found), Switch: teamsSwitch(true), Pager: pager(r, number, size, len(shown), len(found), "teams"),
		Search: component.SearchBoxProps{Action: route.TeamsList, Value: searchText(r), Label: "Search teams", Keep: hidden(r, "kind", "size"), Target: "#teams-list", TestID: "teams-search"},
		Empty: component.EmptyStateProps{Icon: component.IconSearch, Title: "No team to show", Text: "Try fewer letters, or another choice above.", TestID: "teams-empty",
			Action: component.LinkButton(component.LinkButtonProps{Label: "Show all teams", URL: route.TeamsList})}}
	p.Kinds.Label = "Which teams"
	for i, k := range teamKinds {
		p.Kinds.Tabs = append(p.Kinds.Tabs, component.Tab{Label: k.label, URL: query(r, map[string]string{"kind": k.word, "page": ""}), Current: r.URL.Query().Get("kind") == k.word,
			Count: counts[i], ShowCount: true, TestID: strings.TrimSuffix("kind-"+k.word, "-")})
	}
	for _, n := range shown {
		row := page.TeamRow{ID: string(n.Team.ID), Name: n.Team.Name, URL: route.Team(n.Team.ID), People: n.Own, AllPeople: n.WithSub}
		if parent, ok := view.Team(n.Team.Parent); ok && parent.ID != n.Team.ID {
			row.Below = "below " + parent.Name
		}
		m, managed := view.Manager(n.Team.ID)
		row.Manager = m.Name
		switch {
		case !n.Team.Active:
			row.Flag, row.Tone = "inactive", component.ToneNeutral
		case !managed:
			row.Flag, row.Tone = "no manager", component.ToneWarning
		case m.Status == directory.Inactive:
			row.Flag, row.Tone = "manager inactive", component.ToneWarning
		case n.Team.External:
			row.Flag, row.Tone = "kept elsewhere", component.ToneNeutral
		}
		p.Rows = append(p.Rows, row)
	}
	if err := s.teamTicks(r, found, &p); err != nil {
		return err
	}
	frame, err := s.teamsFrame(w, r)
	if err != nil {
		return err
	}
	p.Frame = frame
	return s.show(w, r, http.StatusOK, page.TeamList(p), page.TeamsList)
}

// teamsSwitch leads from the tree to the list and back.
func teamsSwitch(list bool) component.TabsProps {
	return component.TabsProps{Label: "How to show the teams", Tabs: []component.Tab{
		{Label: "Tree", URL: route.Teams, Current: !list, TestID: "teams-as-tree"},
		{Label: "List", URL: route.TeamsList, Current: list, TestID: "teams-as-list"},
	}}
}

// teamTicks adds ticks and the bar of acts, for those who may change teams.
func (s *server) teamTicks(r *http.Request, found []*directory.Node, p *page.TeamListProps) error {
	if !actorFrom(r.Context()).May(access.TeamsChange) {
		return nil
	}
	ticked, err := s.tickedTeams(r)
	if err != nil {
		return err
	}
	on := access.NewTeamSet(teamIDs(ticked)...)
	here := 0
	for i := range p.Rows {
		if on.Has(id.Team(p.Rows[i].ID)) {
			p.Rows[i].Ticked = true
			here++
		}
	}
	b := &page.UsersBulk{Action: route.TeamsTicks, Back: r.URL.RawQuery, Bar: bulkBar(len(on), here), All: selectAllOf(len(found), change.MostTeams, len(on), func() bool {
		return slices.ContainsFunc(found, func(n *directory.Node) bool { return !on.Has(n.Team.ID) })
	})}
	for _, t := range teamBulkActs() {
		b.Acts = append(b.Acts, page.BulkAct{Value: t.name, Label: t.label, Danger: t.danger})
	}
	p.Bulk = b
	return nil
}

// tickedTeams are the ticked teams that are open to the person.
func (s *server) tickedTeams(r *http.Request) ([]*directory.Team, error) {
	ids, err := s.Lists.Teams(r.Context(), ownerOf(r), directory.TickedTeams)
	if err != nil {
		return nil, fmt.Errorf("read ticks of teams: %w", err)
	}
	return s.openTeams(r, ids), nil
}

// openTeams are those of the ids whose pages are open to the person; others are left out as if they did not exist.
func (s *server) openTeams(r *http.Request, ids []id.Team) []*directory.Team {
	view := s.view(r.Context())
	var out []*directory.Team
	for _, t := range ids {
		if team, ok := view.Team(t); ok {
			out = append(out, team)
		}
	}
	return out
}

func teamIDs(teams []*directory.Team) []id.Team {
	out := make([]id.Team, len(teams))
	for i, t := range teams {
		out[i] = t.ID
	}
	return out
}

func parseTeams(values []string) []id.Team {
	var out []id.Team
	for _, v := range values {
		if t, err := id.ParseTeam(v); err == nil {
			out = append(out, t)
		}
	}
	return out
}

// teamListNames are the names that the address of the list of teams knows.
var teamListNames = []string{"q", "kind", "size", "page"}

// teamsSelect handles POST /teams/selection: the ticks of one page, and what to do with all that are ticked, as
// usersSelect does for people.
func (s *server) teamsSelect(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r, "team", "shown")
	if err != nil {
		return err
	}
	q := listQuery(values.Get("back"), teamListNames)
	back := route.With(route.TeamsList, q)
	do := values.Get("do")
	if do == "clear" {
		if err := s.Lists.ClearTeams(r.Context(), ownerOf(r), directory.TickedTeams); err != nil {
			return fmt.Errorf("clear ticks of teams: %w", err)
		}
		return redirect(w, r, back)
	}
	ticked := teamIDs(s.openTeams(r, parseTeams(values["team"])))
	if do == "all" {
		found, _ := listedTeams(s.view(r.Context()), q)
		for _, n := range found {
			ticked = append(ticked, n.Team.ID)
		}
	}
	all, err := s.Lists.SetTeams(r.Context(), ownerOf(r), directory.TickedTeams, parseTeams(values["shown"]), ticked)
	if err != nil {
		return fmt.Errorf("set ticks of teams: %w", err)
	}
	_, known := findBulkAct(do)
	switch {
	case known && len(all) == 0:
		if err := s.say(w, r, layout.ToastInfo, "No team is ticked. Tick teams first."); err != nil {
			return err
		}
	case known:
		return redirect(w, r, route.TeamsBulk(do))
	case do == "" && htmx(r): // a tick was set while the page is open
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return redirect(w, r, back)
}

// teamBulkActs are what can be done with several teams at once. Deletions stay one by one: each is confirmed by its name.
func teamBulkActs() []teamAct {
	out := []teamAct{
		{name: "add-people", act: access.AddMember, recipe: change.AddMembers, label: "Add people", ask: "Ask to add people", icon: component.IconUserPlus, choice: "people"},
		{name: "remove-people", act: access.RemoveMember, recipe: change.RemoveMembers, label: "Remove people", ask: "Ask to remove people", icon: component.IconUserMinus, choice: "people"},
	}
	for _, t := range teamActs {
		if t.act != access.DeleteTeam && t.act != access.RemoveManager {
			t.label = strings.TrimSuffix(t.label, "…")
			out = append(out, t)
		}
	}
	return out
}

func findBulkAct(name string) (teamAct, bool) {
	all := teamBulkActs()
	i := slices.IndexFunc(all, func(t teamAct) bool { return t.name == name })
	if i < 0 {
		return teamAct{}, false
	}
	return all[i], true
}

// teamsBulkSubject reads which act is meant and which teams are ticked.
func (s *server) teamsBulkSubject(r *http.Request) (teamAct, []*directory.Team, error) {
	t, ok := findBulkAct(r.PathValue("act"))
	if !ok {
		return t, nil, errNoPage
	}
	teams, err := s.tickedTeams(r)
	return t, teams, err
}

// teamsBulkForm handles GET /bulk/teams/{act}: choose what must be chosen, then see what would happen.
func (s *server) teamsBulkForm(w http.ResponseWriter, r *http.Request) error {
	t, teams, err := s.teamsBulkSubject(r)
	if err != nil {
		return err
	}
	v := r.URL.Query()
	if len(teams) > 0 && (!t.chosen(v) || v.Has("q") || v.Has("more")) {
		return s.teamsBulkPick(w, r, http.StatusOK, teams, t, v)
	}
	return s.teamsBulkPage(w, r, http.StatusOK, teams, t, v, nil)
}

// teamsBulkAct handles POST /bulk/teams/{act}.
func (s *server) teamsBulkAct(w http.ResponseWriter, r *http.Request) error {
	t, teams, err := s.teamsBulkSubject(r)
	if err != nil {
		return err
	}
	v, err := form(r, "user")
	if err != nil {
		return err
	}
	if len(teams) == 0 || !t.chosen(v) {
		return redirect(w, r, route.TeamsBulk(t.name))
	}
	ctx := r.Context()
	in, err := s.bulkInput(r, t, teams, v)
	if err != nil {
		return err
	}
	in.Reason, in.Shown = v.Get("reason"), v.Get("shown")
	c, err := s.Changes.Submit(ctx, actorFrom(ctx), personFrom(ctx), in)
	if bad, ok := complaint(err); ok {
		return s.teamsBulkPage(w, r, http.StatusUnprocessableEntity, teams, t, v, bad)
	}
	if errors.Is(err, fault.Conflict) {
		return s.teamsBulkPage(w, r, http.StatusConflict, teams, t, v, problems{{Message: fault.Message(err)}})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", in.Recipe, err)
	}
	if !c.State.Ended() { // it waits, or goes on in the background: its page tells the rest
		if err := s.Lists.ClearTeams(ctx, ownerOf(r), directory.TickedTeams); err != nil {
			return fmt.Errorf("clear ticks of teams: %w", err)
		}
		return redirect(w, r, route.Change(c.ID))
	}
	rows, _, err := s.Changes.Rows(ctx, actorFrom(ctx), c.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		return fmt.Errorf("rows of %s: %w", c.ID, err)
	}
	bad := map[id.Team]bool{}
	good := 0
	for _, row := range rows {
		if row.State.Good() {
			good++
		} else {
			bad[row.Team] = true
		}
	}
	settled := slices.DeleteFunc(teamIDs(teams), func(t id.Team) bool { return bad[t] })
	if _, err := s.Lists.SetTeams(ctx, ownerOf(r), directory.TickedTeams, settled, nil); err != nil {
		return fmt.Errorf("untick teams: %w", err)
	}
	flash := auth.Flash{Kind: string(layout.ToastSuccess), Text: "Done: " + c.Title + ".", LinkURL: route.Change(c.ID), LinkLabel: "See details"}
	if good < len(rows) {
		flash.Kind, flash.Text = string(layout.ToastWarning), fmt.Sprintf("%s of %s lines are done. The teams of the others are still ticked.", count(good), count(len(rows)))
	}
	s.undoSoon(actorFrom(ctx), &c, &flash)
	if err := s.Sessions.AddFlash(w, r, flash); err != nil {
		return err
	}
	return redirect(w, r, route.TeamsList)
}

// bulkInput is the input of the act, with the people who are ticked in the list of users put in for that word.
func (s *server) bulkInput(r *http.Request, t teamAct, teams []*directory.Team, v url.Values) (change.Input, error) {
	chosen, view := url.Values{"parent": v["parent"]}, s.view(r.Context())
	for _, u := range v["user"] {
		if u != ticks {
			chosen.Add("user", u)
			continue
		}
		ids, err := s.Lists.Selected(r.Context(), ownerOf(r))
		if err != nil {
			return change.Input{}, fmt.Errorf("read ticks: %w", err)
		}
		for _, one := range ids {
			if _, ok := view.User(one); ok {
				chosen.Add("user", string(one))
			}
		}
	}
	return t.input(teamIDs(teams), chosen)
}

// mostBulkRows is how many lines the page before a bulk act shows.
const mostBulkRows = 300

// teamsBulkPage shows what would be done, by the plan and the policy that will be asked when it is sent.
func (s *server) teamsBulkPage(w http.ResponseWriter, r *http.Request, status int, teams []*directory.Team, t teamAct, v url.Values, bad problems) error {
	ctx := r.Context()
	p := page.TeamActProps{BackURL: route.TeamsList, BackLabel: "Back to the list", Reason: v.Get("reason"), ReasonProblem: bad.of("reason"), Problems: component.ErrorSummaryProps{Problems: bad},
		Impact: s.teamsImpact(r, teams), Verdict: component.AlertProps{Tone: component.ToneInfo, Title: "No team is ticked", Text: "Tick teams in the list first. Ticks are kept for a day.", TestID: "act-verdict"}}
	title := t.label
	if len(teams) > 0 {
		in, err := s.bulkInput(r, t, teams, v)
		if err != nil {
			return err
		}
		plan, err := s.Changes.Preview(ctx, actorFrom(ctx), personFrom(ctx), in)
		if more, ok := complaint(err); ok {
			p.Problems.Problems = append(p.Problems.Problems, more...)
			p.Verdict.Title, p.Verdict.Text = "Nothing would be done", "What has to be mended stands above."
		} else if err != nil {
			return err
		} else {
			title = plan.Title
			s.bulkPlan(&p, plan, t, v)
		}
	}
	var err error
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: title, Crumbs: []layout.Crumb{{Label: "Teams", URL: route.Teams}, {Label: "List", URL: route.TeamsList}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.TeamAct(p))
}

// bulkPlan fills in rows, verdict and form. What is not possible comes first.
func (s *server) bulkPlan(p *page.TeamActProps, plan change.Preview, t teamAct, v url.Values) {
	rows := slices.Clone(plan.Rows)
	slices.SortStableFunc(rows, func(a, b change.Row) int { return actRank(a.Action) - actRank(b.Action) })
	names := map[id.Team]string{}
	for _, team := range plan.Question.Teams {
		names[team.ID] = team.Name
	}
	for i := range rows[:min(mostBulkRows, len(rows))] {
		row := &rows[i]
		out := page.TeamActRow{Name: row.Subject, Old: row.Before, New: row.After, Flags: row.Flags, Note: row.Note}
		if t.choice == "people" {
			out.Name += " · " + names[row.Team]
		}
		p.Rows = append(p.Rows, out)
	}
	if more := len(rows) - len(p.Rows); more > 0 {
		p.More = "And " + count(more) + " more lines."
	}
	open, label := plan.Open(), plan.Title
	p.Verdict.Title, p.Verdict.Text = "You can do this yourself", plan.Verdict.Sentence
	switch {
	case plan.Verdict.Outcome == access.No:
		p.Verdict.Tone, p.Verdict.Title, p.Verdict.Text = component.ToneWarning, "This is not possible for you", strings.TrimSpace(plan.Verdict.Sentence+" "+plan.Verdict.Help)
		return
	case open == 0:
		p.Verdict.Title, p.Verdict.Text = "Nothing would be done", "The lines above say why."
		return
	case plan.Verdict.Outcome == access.NeedsDecision:
		p.Verdict.Title, p.Verdict.Text, p.AskReason = "Somebody else decides about this", strings.TrimSpace(plan.Verdict.Sentence+" "+plan.Verdict.Help), true
		label = "Ask: " + label
	}
	if open < len(rows) {
		p.Verdict.Text += fmt.Sprintf(" %s of %s lines would be done; the others are first, and say why not.", count(open), count(len(rows)))
	}
	p.Action = route.TeamsBulk(t.name)
	p.Hidden = []component.Hidden{{Name: "shown", Value: plan.Mark()}}
	for _, name := range []string{"parent", "user"} {
		for _, value := range v[name] {
			p.Hidden = append(p.Hidden, component.Hidden{Name: name, Value: value})
		}
	}
	if t.choice == "people" {
		again := url.Values{"user": v["user"], "more": {"1"}}
		p.MoreURL, p.MoreLabel = route.With(route.TeamsBulk(t.name), again), "Choose another person too"
	}
	p.Submit = component.ButtonProps{Label: label, Icon: t.icon, Variant: component.ButtonPrimary, TestID: "act-submit"}
	if t.danger {
		p.Submit.Variant = component.ButtonDanger
	}
}

// actRank puts what is not possible before what is done, and what needs nothing last.
func actRank(a change.Action) int {
	switch a {
	case change.NotPossible:
		return 0
	case change.NothingToDo:
		return 2
	}
	return 1
}

// teamsImpact sums up what is concerned, as far as the actor may see it.
func (s *server) teamsImpact(r *http.Request, teams []*directory.Team) []component.Definition {
	if len(teams) == 0 {
		return nil
	}
	view := s.view(r.Context())
	ticked := access.NewTeamSet(teamIDs(teams)...)
	people, below, external := map[id.User]bool{}, map[id.Team]bool{}, 0
	for _, t := range teams {
		for _, u := range t.Members {
			people[u] = true
		}
		if t.External {
			external++
		}
	}
	directory.Walk(view.Tree(), func(n *directory.Node) {
		if ticked.Has(n.Team.ID) {
			directory.Walk(n.Children, func(c *directory.Node) {
				if !ticked.Has(c.Team.ID) {
					below[c.Team.ID] = true
				}
			})
		}
	})
	out := []component.Definition{{Term: "Ticked", Text: teamCount(len(teams))}, {Term: "People in them", Text: count(len(people))}}
	if len(below) > 0 {
		out = append(out, component.Definition{Term: "Below them", Text: teamCount(len(below)) + " not ticked"})
	}
	if external > 0 {
		out = append(out, component.Definition{Term: "Kept elsewhere", Text: teamCount(external) + ": an external directory may overwrite what is changed here"})
	}
	return out
}

// chosen says whether everything that the act needs is chosen.
func (t teamAct) chosen(v url.Values) bool {
	switch t.choice {
	case "":
		return true
	case "people":
		return v.Get("user") != ""
	}
	return v.Get(t.choice) != ""
}

// mostPicked is how many people can be chosen one by one; more are ticked in the list of users.
const mostPicked = 100

// ticks stands for the people who are ticked in the list of users, in the place of an id.
const ticks = "ticked"

// teamsBulkPick draws the page that finds a parent, a manager, or people.
func (s *server) teamsBulkPick(w http.ResponseWriter, r *http.Request, status int, teams []*directory.Team, t teamAct, v url.Values) error {
	a, text, at := actorFrom(r.Context()), searchText(r), route.TeamsBulk(t.name)
	p := page.TeamPickProps{BackURL: route.TeamsList, BackLabel: "Back to the list", Search: component.SearchBoxProps{Action: at, Value: text, Label: "Name or e-mail address", Target: "#choices", TestID: "pick-search"},
		Empty: component.EmptyStateProps{Icon: component.IconSearch, Title: "Who is it?", Text: "Type at least two letters.", TestID: "pick-empty"}}
	for _, u := range v["user"] {
		p.Search.Keep = append(p.Search.Keep, component.Hidden{Name: "user", Value: u})
	}
	switch {
	case t.choice == "parent":
		p.Intro, p.Search.Label = "The team below which "+teamCount(len(teams))+" shall stand", "Search teams"
		p.Empty.Title, p.Empty.Text = "No team matches", "Try fewer letters."
		s.parentChoices(r, teams, at, &p)
	case !a.HR && !s.LeadsFindPeople:
		p.NotAllowed = "Your company's settings do not let team leads search for people. Ask HR."
	default:
		p.Intro = map[string]string{"add-people": "Who shall come into ", "remove-people": "Who shall leave "}[t.name] + teamCount(len(teams))
		if t.choice == "user" {
			p.Intro = "The new manager of " + teamCount(len(teams))
		}
		if err := s.peopleChoices(r, t, v, at, &p); err != nil {
			return err
		}
	}
	p.Announce = count(len(p.Choices)) + " found"
	var err error
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: t.label, Subtitle: teamCount(len(teams)), Crumbs: []layout.Crumb{{Label: "Teams", URL: route.Teams}, {Label: "List", URL: route.TeamsList}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.TeamPick(p), page.TeamChoices)
}

// peopleChoices are the people whom the search finds, and those who are ticked in the list of users.
func (s *server) peopleChoices(r *http.Request, t teamAct, v url.Values, at string, p *page.TeamPickProps) error {
	several := t.choice == "people"
	if several && p.Search.Value == "" {
		ids, err := s.Lists.Selected(r.Context(), ownerOf(r))
		if err != nil {
			return fmt.Errorf("read ticks: %w", err)
		}
		if n := len(ids); n > 0 && !slices.Contains(v["user"], ticks) {
			p.Choices = append(p.Choices, page.TeamChoice{ID: ticks, Name: people(n) + " who are ticked in the list of users", URL: route.With(at, url.Values{"user": append(slices.Clone(v["user"]), ticks)})})
		}
	}
	if len([]rune(p.Search.Value)) < shortest || len(v["user"]) >= mostPicked {
		return nil
	}
	p.Empty.Title, p.Empty.Text = "Nobody found", "Only users of the account can be chosen."
	found := s.Directory.Current().FindPeople(p.Search.Value, mostFound+1, nil)
	p.More = len(found) > mostFound
	for _, u := range found[:min(mostFound, len(found))] {
		chosen := []string{string(u.ID)}
		c := page.TeamChoice{ID: string(u.ID), Name: u.Name, Detail: u.Email, Person: true}
		if several {
			chosen = append(slices.Clone(v["user"]), chosen...)
		}
		if slices.Contains(v["user"], string(u.ID)) {
			c.Note = "chosen already"
		} else {
			c.URL = route.With(at, url.Values{"user": chosen})
		}
		p.Choices = append(p.Choices, c)
	}
	return nil
}
