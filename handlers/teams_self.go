package handlers

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// teamsFind handles GET /teams/join: finds a team by its name, and shows nothing else of it.
func (s *server) teamsFind(w http.ResponseWriter, r *http.Request) error {
	a := actorFrom(r.Context())
	text := searchText(r)
	p := page.TeamPickProps{Intro: "The team that you want to be in. Its manager, or HR, decides.", BackURL: route.Teams, BackLabel: "Back to the teams",
		Search: component.SearchBoxProps{Action: route.TeamJoin, Value: text, Label: "Name of the team", Target: "#choices", TestID: "pick-search"},
		Empty:  component.EmptyStateProps{Icon: component.IconSearch, Title: "Which team is it?", Text: "Type at least two letters of its name.", TestID: "pick-empty"}}
	words := strings.Fields(directory.Fold(text))
	if len([]rune(text)) >= shortest {
		p.Empty.Title, p.Empty.Text = "No team matches", "Try fewer letters, or ask HR."
		for _, t := range s.Directory.Current().Teams() {
			if !t.Active || !hasWords(t.Name, words) {
				continue
			}
			if len(p.Choices) == mostFound {
				p.More = true
				break
			}
			c := page.TeamChoice{ID: string(t.ID), Name: t.Name, URL: route.TeamSelf(t.ID, "join")}
			if a.Member.Has(t.ID) {
				c.URL, c.Note = "", "you are in it"
			}
			p.Choices = append(p.Choices, c)
		}
	}
	p.Announce = count(len(p.Choices)) + " found"
	var err error
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: "Join a team", Crumbs: []layout.Crumb{{Label: "Teams", URL: route.Teams}}}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.TeamPick(p), page.TeamChoices)
}

// selfWish is somebody's wish to join or to leave a team.
type selfWish struct {
	act, recipe, title, button string
}

var (
	joins  = selfWish{"join", change.AddMembers, "Join ", "Ask to join"}
	leaves = selfWish{"leave", change.RemoveMembers, "Leave ", "Ask to leave"}
)

// selfTeam finds the team of a wish. Whoever wants to join need not be in it, so nothing but its name is shown; whoever
// wants to leave is.
func (s *server) selfTeam(r *http.Request, wish selfWish) (*directory.Team, error) {
	if wish == leaves {
		return s.teamOf(r)
	}
	t, err := id.ParseTeam(r.PathValue("id"))
	if err != nil {
		return nil, errNoTeam
	}
	team, ok := s.Directory.Current().Team(t)
	if !ok || !team.Active || actorFrom(r.Context()).User == "" {
		return nil, errNoTeam
	}
	return team, nil
}

func (s *server) teamsJoinForm(w http.ResponseWriter, r *http.Request) error {
	return s.selfForm(w, r, joins)
}
func (s *server) teamsJoin(w http.ResponseWriter, r *http.Request) error {
	return s.selfSend(w, r, joins)
}
func (s *server) teamsLeaveForm(w http.ResponseWriter, r *http.Request) error {
	return s.selfForm(w, r, leaves)
}
func (s *server) teamsLeave(w http.ResponseWriter, r *http.Request) error {
	return s.selfSend(w, r, leaves)
}

func (s *server) selfForm(w http.ResponseWriter, r *http.Request, wish selfWish) error {
	team, err := s.selfTeam(r, wish)
	if err != nil {
		return err
	}
	return s.selfPage(w, r, http.StatusOK, team, wish, "", nil)
}

func (s *server) selfSend(w http.ResponseWriter, r *http.Request, wish selfWish) error {
	team, err := s.selfTeam(r, wish)
	if err != nil {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	in := selfInput(actorFrom(r.Context()), team, wish)
	in.Reason = v.Get("reason")
	return s.submitTeam(w, r, in, nil, func(status int, bad problems) error {
		return s.selfPage(w, r, status, team, wish, in.Reason, bad)
	})
}

func selfInput(a access.Actor, team *directory.Team, wish selfWish) change.Input {
	return change.Input{Recipe: wish.recipe, Fields: change.Fields(change.Members{Team: team.ID, Users: []id.User{a.User}})}
}

// selfPage says what is asked for and who decides, before it is sent.
func (s *server) selfPage(w http.ResponseWriter, r *http.Request, status int, team *directory.Team, wish selfWish, reason string, bad problems) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	plan, err := s.Changes.Preview(ctx, a, personFrom(ctx), selfInput(a, team, wish))
	if err != nil {
		return err
	}
	p := page.TeamActProps{BackURL: route.Teams, BackLabel: "Back to the teams", Reason: reason, ReasonProblem: bad.of("reason"), Problems: component.ErrorSummaryProps{Problems: bad},
		Verdict: component.AlertProps{Tone: component.ToneInfo, TestID: "act-verdict", Title: "You can do this yourself", Text: plan.Verdict.Sentence}}
	row := plan.Rows[0]
	p.Rows = []page.TeamActRow{{Name: row.Subject, Old: row.Before, New: row.After, Note: row.Note}}
	switch {
	case plan.Verdict.Outcome == access.No:
		p.Verdict.Tone, p.Verdict.Title, p.Verdict.Text = component.ToneWarning, "This is not possible for you", strings.TrimSpace(plan.Verdict.Sentence+" "+plan.Verdict.Help)
	case row.Note != "":
		p.Verdict.Title, p.Verdict.Text = "Nothing would be done", "The line above says why."
	default:
		p.Action = route.TeamSelf(team.ID, wish.act)
		p.Submit = component.ButtonProps{Label: wish.button, Icon: component.IconSend, Variant: component.ButtonPrimary, TestID: "act-submit"}
		if plan.Verdict.Outcome == access.NeedsDecision {
			p.AskReason = true
			p.Verdict.Title, p.Verdict.Text = "Somebody else decides about this", strings.TrimSpace(plan.Verdict.Sentence+" "+plan.Verdict.Help)
		} else {
			p.Submit.Label, p.Submit.Icon = strings.TrimSpace(wish.title), component.IconCheck
		}
	}
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: wish.title + team.Name, Crumbs: []layout.Crumb{{Label: "Teams", URL: route.Teams}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.TeamAct(p))
}

// leaveItem is the way out of a team, for its members.
func leaveItem(a access.Actor, team *directory.Team) []component.MenuItem {
	if a.User == "" || !slices.Contains(team.Members, a.User) {
		return nil
	}
	return []component.MenuItem{{Label: "Leave this team…", Icon: component.IconLogout, URL: route.TeamSelf(team.ID, "leave"), Divided: true, TestID: "act-leave"}}
}
