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

// teamAct is something that is done to one team, behind a page that shows it beforehand.
type teamAct struct {
	// name is the last part of the address.
	name   string
	act    access.Act
	recipe string
	// label is the button of who may do it, ask that of who may ask for it.
	label, ask string
	icon       component.Icon
	danger     bool
	// choice is the value that must be chosen first: "parent", "user", "people" for some of them, or nothing.
	choice string
}

var teamActs = []teamAct{
	{name: "move", act: access.MoveTeam, recipe: change.MoveTeams, label: "Move below…", ask: "Ask to move below…", icon: component.IconSitemap, choice: "parent"},
	{name: "manager", act: access.SetManager, recipe: change.SetTeamManager, label: "Set manager…", ask: "Ask for another manager…", icon: component.IconUserShare, choice: "user"},
	{name: "remove-manager", act: access.RemoveManager, recipe: change.RemoveTeamManager, label: "Remove manager", ask: "Ask to remove the manager", icon: component.IconUserOff},
	{name: "activate", act: access.ActivateTeam, recipe: change.ActivateTeams, label: "Activate", ask: "Ask to activate", icon: component.IconPlayerPlay},
	{name: "deactivate", act: access.DeactivateTeam, recipe: change.DeactivateTeams, label: "Deactivate", ask: "Ask to deactivate", icon: component.IconPlayerPause, danger: true},
	{name: "delete", act: access.DeleteTeam, recipe: change.DeleteTeams, label: "Delete", ask: "Ask to delete", icon: component.IconTrash, danger: true},
}

func findTeamAct(name string) (teamAct, error) {
	i := slices.IndexFunc(teamActs, func(t teamAct) bool { return t.name == name })
	if i < 0 {
		return teamAct{}, errNoPage
	}
	return teamActs[i], nil
}

// fits says whether the act would change anything about the team.
func (t teamAct) fits(team *directory.Team) bool {
	switch t.act {
	case access.ActivateTeam:
		return !team.Active
	case access.DeactivateTeam:
		return team.Active
	case access.RemoveManager:
		return team.Manager != ""
	}
	return true
}

// top is the value of "parent" that means the top of the tree.
const top = "top"

// fields are the input of the act's recipe. Values that are no ids find nothing.
func (t teamAct) fields(teams []id.Team, v url.Values) (any, error) {
	switch t.choice {
	case "people":
		var users []id.User
		for _, value := range v["user"] {
			user, err := id.ParseUser(value)
			if err != nil {
				return nil, errNoUser
			}
			users = append(users, user)
		}
		return change.Members{Teams: teams, Users: users}, nil
	case "parent":
		if v.Get("parent") == top {
			return change.TeamMove{Teams: teams}, nil
		}
		parent, err := id.ParseTeam(v.Get("parent"))
		if err != nil {
			return nil, errNoTeam
		}
		return change.TeamMove{Teams: teams, Parent: parent}, nil
	case "user":
		user, err := id.ParseUser(v.Get("user"))
		if err != nil {
			return nil, errNoUser
		}
		return change.TeamManager{Teams: teams, Manager: user}, nil
	}
	if t.act == access.RemoveManager {
		return change.TeamManager{Teams: teams}, nil
	}
	return change.TeamList{Teams: teams}, nil
}

func (t teamAct) input(teams []id.Team, v url.Values) (change.Input, error) {
	fields, err := t.fields(teams, v)
	if err != nil {
		return change.Input{}, err
	}
	return change.Input{Recipe: t.recipe, Fields: change.Fields(fields), Reason: v.Get("reason"), Shown: v.Get("shown")}, nil
}

// verdict says whether the button is drawn, from our copy of the team. The service asks again with fresh facts.
func (s *server) teamVerdict(a access.Actor, act access.Act, team *directory.Team) access.Verdict {
	return s.Changes.Verdict(a, teamQuestion(act, team))
}

// teamQuestion is what the policy is asked about an act on one team, by our copy of it.
func teamQuestion(act access.Act, team *directory.Team) access.Question {
	facts := access.Team{ID: team.ID, Name: team.Name, Manager: team.Manager, Active: team.Active}
	q := access.Question{Act: act, Teams: []access.Team{facts}, Rows: 1}
	if act == access.CreateTeam || act == access.MoveTeam { // whether there is any place at all
		q.Facts.Parent = &facts
	}
	return q
}

// teamMenu are the acts that fit the team as it is and that the actor may do or ask for.
func (s *server) teamMenu(r *http.Request, team *directory.Team) (menu, danger []component.MenuItem, refused []page.RefusedAct) {
	a := actorFrom(r.Context())
	not := func(label, name string, act access.Act) {
		if !a.May(access.TeamsChange) {
			return // somebody who changes no team is not told of each act
		}
		no := s.Changes.Explain(a, teamQuestion(act, team))
		f := page.RefusedAct{Label: strings.TrimSuffix(label, "…"), Why: strings.TrimSpace(no.Sentence + " " + no.Help), Rule: no.Rule, TestID: "refused-" + name}
		f.InsteadURL, f.InsteadLabel = s.instead(r, no)
		refused = append(refused, f)
	}
	for _, t := range teamActs {
		if !t.fits(team) {
			continue
		}
		v := s.teamVerdict(a, t.act, team)
		if v.Outcome == access.No {
			not(t.label, t.name, t.act)
			continue
		}
		item := component.MenuItem{Label: t.label, Icon: t.icon, URL: route.TeamAct(team.ID, t.name), Danger: t.danger, TestID: "act-" + t.name}
		if v.Outcome == access.NeedsDecision {
			item.Label = t.ask
		}
		if t.danger {
			danger = append(danger, item)
		} else {
			menu = append(menu, item)
		}
	}
	if v := s.teamVerdict(a, access.CreateTeam, team); v.Outcome != access.No && team.Active {
		item := component.MenuItem{Label: "New sub-team…", Icon: component.IconPlus, URL: route.With(route.TeamNew, url.Values{"parent": {string(team.ID)}}), TestID: "act-new"}
		if v.Outcome == access.NeedsDecision {
			item.Label = "Ask for a sub-team…"
		}
		menu = append(menu, item)
	} else if v.Outcome == access.No {
		not("New sub-team", "new", access.CreateTeam)
	}
	if s.teamVerdict(a, access.ReplaceTeam, team).Outcome != access.No {
		menu = append(menu, component.MenuItem{Label: "Edit everything at once…", Icon: component.IconEdit, URL: route.TeamAct(team.ID, "all"), TestID: "act-all"})
	} else {
		not("Edit everything at once", "all", access.ReplaceTeam)
	}
	if access.MayGiveDeputy(a, access.Team{ID: team.ID, Name: team.Name, Manager: team.Manager}).Outcome != access.No {
		menu = append(menu, component.MenuItem{Label: "Name a deputy…", Icon: component.IconUserShare, URL: route.With(route.DeputyNew, url.Values{"team": {string(team.ID)}}), TestID: "act-deputy"})
	}
	return menu, danger, refused
}

// teamsActForm handles GET /teams/{id}/do/{act}: choose what must be chosen, then see what would happen.
func (s *server) teamsActForm(w http.ResponseWriter, r *http.Request) error {
	team, err := s.teamOf(r)
	if err != nil {
		return err
	}
	if r.PathValue("act") == "all" {
		return s.teamAllPage(w, r, http.StatusOK, team, page.TeamFields{Name: team.Name, Description: team.Description, Color: team.Color, Avatar: team.Avatar}, string(team.Parent), nil)
	}
	t, err := findTeamAct(r.PathValue("act"))
	if err != nil {
		return err
	}
	if t.choice != "" && r.URL.Query().Get(t.choice) == "" {
		return s.teamPick(w, r, http.StatusOK, team, t)
	}
	return s.teamActPage(w, r, http.StatusOK, team, t, r.URL.Query(), nil)
}

// teamsAct handles POST /teams/{id}/do/{act}.
func (s *server) teamsAct(w http.ResponseWriter, r *http.Request) error {
	team, err := s.teamOf(r)
	if err != nil {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	if r.PathValue("act") == "all" {
		return s.teamAll(w, r, team, v)
	}
	t, err := findTeamAct(r.PathValue("act"))
	if err != nil {
		return err
	}
	if t.choice != "" && v.Get(t.choice) == "" {
		return s.teamPick(w, r, http.StatusUnprocessableEntity, team, t)
	}
	if t.act == access.DeleteTeam && strings.TrimSpace(v.Get("confirm")) != strings.TrimSpace(team.Name) && s.teamVerdict(actorFrom(r.Context()), t.act, team).Outcome != access.No {
		return s.teamActPage(w, r, http.StatusUnprocessableEntity, team, t, v, problems{{Field: "confirm", Message: "That is not the team's name. Nothing was done."}})
	}
	in, err := t.input([]id.Team{team.ID}, v)
	if err != nil {
		return err
	}
	return s.submitTeam(w, r, in, team, func(status int, bad problems) error { return s.teamActPage(w, r, status, team, t, v, bad) })
}

// submitTeam submits a change of one team and says what came of it. again draws the form with its mistakes.
func (s *server) submitTeam(w http.ResponseWriter, r *http.Request, in change.Input, team *directory.Team, again func(status int, bad problems) error) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	c, err := s.submit(r, in)
	if bad, ok := complaint(err); ok {
		return again(http.StatusUnprocessableEntity, bad)
	}
	if errors.Is(err, fault.Conflict) {
		return again(http.StatusConflict, problems{{Message: fault.Message(err)}})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", in.Recipe, err)
	}
	if c.State == change.Waiting {
		if err := s.say(w, r, layout.ToastInfo, "Sent. "+c.RuleSentence+" Nothing has changed yet."); err != nil {
			return err
		}
		return redirect(w, r, route.Change(c.ID))
	}
	if !c.State.Ended() {
		return redirect(w, r, route.Change(c.ID))
	}
	rows, _, err := s.Changes.Rows(ctx, a, c.ID, change.RowFilter{})
	if err != nil {
		return fmt.Errorf("rows of %s: %w", c.ID, err)
	}
	kind, text := teamResult(&c, rows[0])
	flash := auth.Flash{Kind: string(kind), Text: text, LinkURL: route.Change(c.ID), LinkLabel: "See it"}
	s.undoSoon(a, &c, &flash)
	if err := s.Sessions.AddFlash(w, r, flash); err != nil {
		return err
	}
	to := route.Teams
	if made := id.Team(rows[0].Result); in.Recipe == change.CreateTeam && made != "" {
		to = route.Team(made)
	} else if team != nil {
		to = route.Team(team.ID)
	}
	return redirect(w, r, to)
}

// teamResult is the sentence about a finished change of one team.
func teamResult(c *change.Change, row change.Row) (layout.ToastKind, string) {
	switch {
	case row.State == change.Done && row.Reason != "":
		return layout.ToastWarning, "Done: " + c.Title + ". " + row.Reason
	case row.State == change.Done:
		return layout.ToastSuccess, "Done: " + c.Title + "."
	case row.State == change.Nothing:
		return layout.ToastInfo, row.Subject + ": nothing to do. " + row.Reason
	default:
		return layout.ToastDanger, row.Subject + ": " + row.State.Word() + ". " + row.Reason
	}
}

// teamActPage shows what would be done, by the plan and the policy that will be asked when it is sent.
func (s *server) teamActPage(w http.ResponseWriter, r *http.Request, status int, team *directory.Team, t teamAct, v url.Values, bad problems) error {
	ctx := r.Context()
	in, err := t.input([]id.Team{team.ID}, v)
	if err != nil {
		return err
	}
	in.Reason, in.Shown = "", ""
	plan, err := s.Changes.Preview(ctx, actorFrom(ctx), personFrom(ctx), in)
	if more, ok := complaint(err); ok {
		bad = append(bad, more...)
	} else if err != nil {
		return err
	}
	p := page.TeamActProps{Impact: s.teamImpact(r, team), BackURL: route.Team(team.ID), BackLabel: "Back to " + team.Name, Reason: v.Get("reason"),
		ReasonProblem: bad.of("reason"), ConfirmProblem: bad.of("confirm"), Problems: component.ErrorSummaryProps{Problems: bad}}
	open := 0
	for i := range plan.Rows {
		row := &plan.Rows[i]
		p.Rows = append(p.Rows, page.TeamActRow{Name: row.Subject, Old: row.Before, New: row.After, Flags: row.Flags, Note: row.Note})
		if row.Action == change.Update || row.Action == change.Create {
			open++
		}
	}
	p.Verdict = component.AlertProps{Tone: component.ToneInfo, Title: "You can do this yourself", Text: plan.Verdict.Sentence, TestID: "act-verdict"}
	label := t.label
	switch {
	case plan.Verdict.Outcome == access.No:
		p.Verdict.Tone, p.Verdict.Title, p.Verdict.Text = component.ToneWarning, "This is not possible for you", strings.TrimSpace(plan.Verdict.Sentence+" "+plan.Verdict.Help)
	case open == 0:
		p.Verdict.Title, p.Verdict.Text = "Nothing would be done", "The line above says why."
	case plan.Verdict.Outcome == access.NeedsDecision:
		p.Verdict.Title, p.Verdict.Text, p.AskReason, label = "Somebody else decides about this", strings.TrimSpace(plan.Verdict.Sentence+" "+plan.Verdict.Help), true, t.ask
	}
	if plan.Verdict.Outcome != access.No && open > 0 {
		p.Action = route.TeamAct(team.ID, t.name)
		p.Hidden = []component.Hidden{{Name: "shown", Value: plan.Mark()}}
		if t.choice != "" {
			p.Hidden = append(p.Hidden, component.Hidden{Name: t.choice, Value: v.Get(t.choice)})
		}
		p.Submit = component.ButtonProps{Label: strings.TrimSuffix(label, "…"), Icon: t.icon, Variant: component.ButtonPrimary, TestID: "act-submit"}
		switch {
		case t.choice != "":
			p.Submit.Label = plan.Title
		case t.act == access.DeleteTeam:
			p.Confirm = team.Name
		}
		if t.danger {
			p.Submit.Variant = component.ButtonDanger
		}
		if p.AskReason && t.choice != "" {
			p.Submit.Label = "Ask: " + plan.Title
		}
	}
	title := strings.TrimSuffix(t.label, "…")
	if plan.Title != "" {
		title = plan.Title
	}
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: title, Crumbs: append(s.teamCrumbs(s.view(ctx), team), layout.Crumb{Label: team.Name, URL: route.Team(team.ID)})}); err != nil {
		return err
	}
	return s.show(w, r, status, page.TeamAct(p))
}

// teamImpact says who and what is concerned, as far as the actor may see it.
func (s *server) teamImpact(r *http.Request, team *directory.Team) []component.Definition {
	view := s.view(r.Context())
	all, _ := view.Members(team.ID)
	out := []component.Definition{{Term: "Members", Text: membersHint(all)}}
	directory.Walk(view.Tree(), func(n *directory.Node) {
		if n.Team.ID == team.ID && len(n.Children) > 0 {
			out = append(out, component.Definition{Term: "Sub-teams", Text: fmt.Sprintf("%s below it, %s people in all", count(len(n.Children)), count(n.WithSub))})
		}
	})
	if m, ok := view.Manager(team.ID); ok {
		out = append(out, component.Definition{Term: "Manager", Text: m.Name})
	}
	if team.External {
		out = append(out, component.Definition{Term: "Kept by", Text: "An external directory, which may overwrite what is changed here."})
	}
	return out
}

// teamPick draws the page that finds a parent or a manager.
func (s *server) teamPick(w http.ResponseWriter, r *http.Request, status int, team *directory.Team, t teamAct) error {
	a := actorFrom(r.Context())
	text := searchText(r)
	at := route.TeamAct(team.ID, t.name)
	p := page.TeamPickProps{BackURL: route.Team(team.ID), BackLabel: "Back to " + team.Name,
		Search: component.SearchBoxProps{Action: at, Value: text, Target: "#choices", TestID: "pick-search"}}
	if v := s.teamVerdict(a, t.act, team); v.Outcome == access.No {
		p.NotAllowed = strings.TrimSpace(v.Sentence + " " + v.Help)
	}
	switch {
	case t.choice == "parent":
		p.Intro, p.Search.Label = "The team below which "+team.Name+" shall stand", "Search teams"
		p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "No team matches", Text: "Try fewer letters.", TestID: "pick-empty"}
		s.parentChoices(r, []*directory.Team{team}, at, &p)
	case !a.HR && !s.LeadsFindPeople:
		p.NotAllowed = "Your company's settings do not let team leads search for people. Ask HR."
	default:
		p.Intro, p.Search.Label = "The new manager of "+team.Name, "Name or e-mail address"
		p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "Who is it?", Text: "Type at least two letters.", TestID: "pick-empty"}
		if len([]rune(text)) >= shortest && p.NotAllowed == "" {
			p.Empty.Title, p.Empty.Text = "Nobody found", "Only people who are users of the account can manage a team."
			people := s.Directory.Current().FindPeople(text, mostFound+1, nil)
			p.More = len(people) > mostFound
			for _, u := range people[:min(mostFound, len(people))] {
				c := page.TeamChoice{ID: string(u.ID), Name: u.Name, Detail: u.Email, Person: true, URL: route.With(at, url.Values{"user": {string(u.ID)}})}
				if u.ID == team.Manager {
					c.URL, c.Note = "", "is the manager"
				}
				p.Choices = append(p.Choices, c)
			}
		}
	}
	p.Announce = count(len(p.Choices)) + " found"
	var err error
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: strings.TrimSuffix(t.label, "…") + ": " + team.Name,
		Crumbs: append(s.teamCrumbs(s.view(r.Context()), team), layout.Crumb{Label: team.Name, URL: route.Team(team.ID)})}); err != nil {
		return err
	}
	return s.show(w, r, status, page.TeamPick(p), page.TeamChoices)
}

// parentChoices are the open teams of the search, without the teams themselves and those below them.
func (s *server) parentChoices(r *http.Request, teams []*directory.Team, at string, p *page.TeamPickProps) {
	view, a := s.view(r.Context()), actorFrom(r.Context())
	words := strings.Fields(directory.Fold(p.Search.Value))
	own, moved := map[id.Team]bool{}, access.NewTeamSet(teamIDs(teams)...)
	every := func(parent id.Team) bool {
		return !slices.ContainsFunc(teams, func(t *directory.Team) bool { return t.Parent != parent })
	}
	directory.Walk(view.Tree(), func(n *directory.Node) {
		if moved.Has(n.Team.ID) {
			directory.Walk([]*directory.Node{n}, func(below *directory.Node) { own[below.Team.ID] = true })
		}
	})
	if a.HR && len(words) == 0 && !every("") {
		p.Choices = append(p.Choices, page.TeamChoice{ID: top, Name: "The top of the tree", Detail: "below no team", URL: route.With(at, url.Values{"parent": {top}})})
	}
	for _, t := range view.Teams() {
		if own[t.ID] || !t.Active || !hasWords(t.Name, words) || !a.HR && s.teamVerdict(a, access.MoveTeam, t).Outcome == access.No {
			continue
		}
		if len(p.Choices) == mostChoices {
			p.More = true
			break
		}
		c := page.TeamChoice{ID: string(t.ID), Name: t.Name, URL: route.With(at, url.Values{"parent": {string(t.ID)}})}
		if m, ok := view.Manager(t.ID); ok {
			c.Detail = m.Name
		}
		if every(t.ID) {
			c.URL, c.Note = "", "is the parent"
		}
		p.Choices = append(p.Choices, c)
	}
}

// mostChoices is how many teams the page that finds a parent shows.
const mostChoices = 30

// teamAll handles the POST of the form with everything of a team.
func (s *server) teamAll(w http.ResponseWriter, r *http.Request, team *directory.Team, v url.Values) error {
	edit, f, err := teamEdit(team.ID, v)
	if err != nil {
		return err
	}
	parent, err := parentOf(v)
	if err != nil {
		return err
	}
	edit.Parent = &parent
	in := change.Input{Recipe: change.ReplaceTeam, Fields: change.Fields(edit), Reason: v.Get("reason")}
	return s.submitTeam(w, r, in, team, func(status int, bad problems) error { return s.teamAllPage(w, r, status, team, f, string(parent), bad) })
}

// parentOf reads the parent of a form; nothing is the top.
func parentOf(v url.Values) (id.Team, error) {
	if v.Get("parent") == "" || v.Get("parent") == top {
		return "", nil
	}
	parent, err := id.ParseTeam(v.Get("parent"))
	if err != nil {
		return "", errNoTeam
	}
	return parent, nil
}

// teamEdit reads the fields of a team's form, with what they were when it was drawn.
func teamEdit(team id.Team, v url.Values) (change.TeamEdit, page.TeamFields, error) {
	f := page.TeamFields{Name: v.Get("name"), Description: strings.ReplaceAll(v.Get("description"), "\r\n", "\n"), Color: v.Get("color"), Avatar: v.Get("avatar")}
	edit := change.TeamEdit{Team: team, Name: &f.Name, Description: &f.Description, Color: &f.Color, Avatar: &f.Avatar}
	for name, was := range map[string]**string{"name": &edit.Was.Name, "description": &edit.Was.Description, "color": &edit.Was.Color, "avatar": &edit.Was.Avatar} {
		if old, ok := v["was-"+name]; ok {
			text := strings.ReplaceAll(old[0], "\r\n", "\n")
			*was = &text
		}
	}
	for name, field := range map[string]**string{"name": &edit.Name, "description": &edit.Description, "color": &edit.Color, "avatar": &edit.Avatar} {
		if _, ok := v[name]; !ok {
			*field = nil
		}
	}
	return edit, f, nil
}

func wasFields(f page.TeamFields) []component.Hidden {
	return []component.Hidden{{Name: "was-name", Value: f.Name}, {Name: "was-description", Value: f.Description}, {Name: "was-color", Value: f.Color}, {Name: "was-avatar", Value: f.Avatar}}
}

func badFields(bad problems) map[string]string {
	out := map[string]string{}
	for _, b := range bad {
		if out[b.Field] == "" {
			out[b.Field] = b.Message
		}
	}
	return out
}

func (s *server) teamAllPage(w http.ResponseWriter, r *http.Request, status int, team *directory.Team, f page.TeamFields, parent string, bad problems) error {
	view, a := s.view(r.Context()), actorFrom(r.Context())
	if v := s.teamVerdict(a, access.ReplaceTeam, team); v.Outcome == access.No {
		return access.Refuse(v)
	}
	p := page.TeamFormProps{Action: route.TeamAct(team.ID, "all"), Fields: f, Parent: parent, Bad: badFields(bad), Problems: component.ErrorSummaryProps{Problems: bad},
		Intro:   &component.AlertProps{Tone: component.ToneInfo, Text: "All of it is written by one call. Members, and what you leave as it is, stay.", TestID: "team-all-intro"},
		Hidden:  wasFields(page.TeamFields{Name: team.Name, Description: team.Description, Color: team.Color, Avatar: team.Avatar}),
		Submit:  component.ButtonProps{Label: "Save everything", Variant: component.ButtonPrimary, Icon: component.IconCheck, TestID: "save"},
		BackURL: route.Team(team.ID), BackLabel: "Back to " + team.Name, Parents: []component.Option{{Value: "", Label: "– the top of the tree –"}}}
	directory.Walk(view.Tree(), func(n *directory.Node) {
		if n.Team.ID != team.ID {
			p.Parents = append(p.Parents, component.Option{Value: string(n.Team.ID), Label: strings.Repeat("\u2003", n.Depth) + n.Team.Name})
		}
	})
	var err error
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: "Edit everything: " + team.Name, Crumbs: append(s.teamCrumbs(view, team), layout.Crumb{Label: team.Name, URL: route.Team(team.ID)})}); err != nil {
		return err
	}
	return s.show(w, r, status, page.TeamForm(p))
}

// teamsEdit handles POST /teams/{id}/edit: the fields that are edited in place.
func (s *server) teamsEdit(w http.ResponseWriter, r *http.Request) error {
	team, err := s.teamOf(r)
	if err != nil {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	edit, f, err := teamEdit(team.ID, v)
	if err != nil {
		return err
	}
	in := change.Input{Recipe: change.EditTeam, Fields: change.Fields(edit)}
	return s.submitTeam(w, r, in, team, func(status int, bad problems) error {
		now, err := s.teamOf(r) // the plan has read it again
		if err != nil {
			return err
		}
		return s.teamPage(w, r, status, now, &page.TeamEditProps{Fields: f, Problems: component.ErrorSummaryProps{Problems: bad}, Bad: badFields(bad)}, "")
	})
}

// teamsNew handles GET /teams/new: a team below ?parent=, or at the top.
func (s *server) teamsNew(w http.ResponseWriter, r *http.Request) error {
	return s.teamNewPage(w, r, http.StatusOK, r.URL.Query(), nil)
}

// teamsCreate handles POST /teams.
func (s *server) teamsCreate(w http.ResponseWriter, r *http.Request) error {
	v, err := form(r)
	if err != nil {
		return err
	}
	parent, err := parentOf(v)
	if err != nil {
		return err
	}
	if _, ok := s.view(r.Context()).Team(parent); parent != "" && !ok {
		return errNoTeam
	}
	in := change.Input{Recipe: change.CreateTeam, Reason: v.Get("reason"), Fields: change.Fields(change.TeamNew{Name: v.Get("name"), Description: strings.ReplaceAll(v.Get("description"), "\r\n", "\n"),
		Color: v.Get("color"), Avatar: v.Get("avatar"), Parent: parent})}
	return s.submitTeam(w, r, in, nil, func(status int, bad problems) error { return s.teamNewPage(w, r, status, v, bad) })
}

func (s *server) teamNewPage(w http.ResponseWriter, r *http.Request, status int, v url.Values, bad problems) error {
	view, a := s.view(r.Context()), actorFrom(r.Context())
	id, err := parentOf(v)
	if err != nil {
		return err
	}
	p := page.TeamFormProps{Action: route.Teams, Fields: page.TeamFields{Name: v.Get("name"), Description: v.Get("description"), Color: v.Get("color"), Avatar: v.Get("avatar")},
		Reason: v.Get("reason"), Bad: badFields(bad), Problems: component.ErrorSummaryProps{Problems: bad}, BackURL: route.Teams, BackLabel: "Back to the teams",
		Submit: component.ButtonProps{Label: "Create the team", Variant: component.ButtonPrimary, Icon: component.IconPlus, TestID: "save"}}
	frame := layout.Props{Title: "New team", Crumbs: []layout.Crumb{{Label: "Teams", URL: route.Teams}}}
	verdict := s.Changes.Verdict(a, access.Question{Act: access.CreateTeam, Rows: 1})
	if id == "" && verdict.Outcome == access.No { // one of the actor's own teams, then
		for _, t := range view.Teams() {
			if v := s.teamVerdict(a, access.CreateTeam, t); v.Outcome != access.No && t.Active {
				verdict = v
				p.Parents = append(p.Parents, component.Option{Value: string(t.ID), Label: t.Name})
			}
		}
	}
	if id != "" {
		parent, ok := view.Team(id)
		if !ok {
			return errNoTeam
		}
		verdict = s.teamVerdict(a, access.CreateTeam, parent)
		p.Hidden = []component.Hidden{{Name: "parent", Value: string(parent.ID)}}
		p.BackURL, p.BackLabel = route.Team(parent.ID), "Back to "+parent.Name
		frame.Title, frame.Crumbs = "New team below "+parent.Name, append(s.teamCrumbs(view, parent), layout.Crumb{Label: parent.Name, URL: route.Team(parent.ID)})
	}
	switch verdict.Outcome {
	case access.No:
		return access.Refuse(verdict)
	case access.NeedsDecision:
		p.AskReason, p.Submit.Label, p.Submit.Icon = true, "Ask for the team", component.IconSend
		p.Intro = &component.AlertProps{Tone: component.ToneInfo, Title: "Somebody else decides about this", Text: strings.TrimSpace(verdict.Sentence + " " + verdict.Help), TestID: "act-verdict"}
	}
	if p.Frame, err = s.frame(w, r, route.Teams, frame); err != nil {
		return err
	}
	return s.show(w, r, status, page.TeamForm(p))
}
