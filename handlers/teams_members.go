package handlers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

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

// mostFound is how many people the finder shows; shortest is how much must be typed, so that it is no list of everybody.
const (
	mostFound = 20
	shortest  = 2
)

// teamsAddForm handles GET /teams/{id}/add: finds people by name or address.
func (s *server) teamsAddForm(w http.ResponseWriter, r *http.Request) error {
	team, err := s.teamOf(r)
	if err != nil {
		return err
	}
	return s.addPage(w, r, http.StatusOK, team, "")
}

func (s *server) addPage(w http.ResponseWriter, r *http.Request, status int, team *directory.Team, problem string) error {
	a := actorFrom(r.Context())
	p := page.TeamAddProps{TeamName: team.Name, BackURL: route.Team(team.ID), AddURL: route.TeamMembers(team.ID), Error: problem,
		Search: component.SearchBoxProps{Action: route.TeamAdd(team.ID), Value: searchText(r), Label: "Name or e-mail address", Target: "#people", TestID: "people-search"},
		Empty:  component.EmptyStateProps{Icon: component.IconSearch, Title: "Who is it?", Text: "Type at least two letters.", TestID: "people-empty"}}
	verdict := s.mayChange(a, team)
	p.Asks = asksFirst(verdict)
	switch {
	case verdict.Outcome == access.No:
		p.NotAllowed = verdict.Sentence + " " + verdict.Help
	case !a.HR && !s.LeadsFindPeople:
		p.NotAllowed = "Your company's settings do not let team leads search for people. Ask HR to add the person."
	case len([]rune(p.Search.Value)) >= shortest:
		s.findPeople(team, &p)
	}
	if p.Search.Value != "" {
		p.Announce = found(p)
	}
	var err error
	crumbs := append(s.teamCrumbs(s.view(r.Context()), team), layout.Crumb{Label: team.Name, URL: route.Team(team.ID)})
	if p.Frame, err = s.frame(w, r, route.Teams, layout.Props{Title: "Add people to " + team.Name, Crumbs: crumbs}); err != nil {
		return err
	}
	return s.show(w, r, status, page.TeamAdd(p), page.People)
}

// found says how many people were found.
func found(p page.TeamAddProps) string {
	switch {
	case p.MoreThanShown:
		return "More than " + count(mostFound) + " people found"
	case len(p.People) == 1:
		return "1 person found"
	default:
		return count(len(p.People)) + " people found"
	}
}

func (s *server) findPeople(team *directory.Team, p *page.TeamAddProps) {
	p.Empty = component.EmptyStateProps{Icon: component.IconUsers, Title: "Nobody found", Text: "Only people who are users of the account can be added. Invite others first.", TestID: "people-empty"}
	people := s.Directory.Current().FindPeople(p.Search.Value, mostFound+1, nil)
	p.MoreThanShown = len(people) > mostFound
	for _, u := range people[:min(mostFound, len(people))] {
		p.People = append(p.People, page.Found{ID: string(u.ID), Name: u.Name, Email: u.Email, Member: slices.Contains(team.Members, u.ID)})
	}
}

// teamsAdd handles POST /teams/{id}/members: adds people and leads back to the team with the result.
func (s *server) teamsAdd(w http.ResponseWriter, r *http.Request) error {
	team, err := s.teamOf(r)
	if err != nil {
		return err
	}
	values, err := form(r, "user")
	if err != nil {
		return err
	}
	var users []id.User
	for _, v := range values["user"] {
		u, err := id.ParseUser(v)
		if err != nil {
			return errNoUser
		}
		users = append(users, u)
	}
	if len(users) == 0 {
		return s.addPage(w, r, http.StatusUnprocessableEntity, team, "Choose a person first.")
	}
	return s.changeMembers(w, r, team, change.AddMembers, users)
}

// teamsRemove handles POST /teams/{id}/members/{user}/remove.
func (s *server) teamsRemove(w http.ResponseWriter, r *http.Request) error {
	team, err := s.teamOf(r)
	if err != nil {
		return err
	}
	user, err := id.ParseUser(r.PathValue("user"))
	if err != nil {
		return errNoUser
	}
	return s.changeMembers(w, r, team, change.RemoveMembers, []id.User{user})
}

// changeMembers submits the change and says what came of it.
func (s *server) changeMembers(w http.ResponseWriter, r *http.Request, team *directory.Team, recipe string, users []id.User) error {
	ctx := r.Context()
	fields, err := json.Marshal(change.Members{Team: team.ID, Users: users})
	if err != nil {
		return fmt.Errorf("members of %s: %w", team.ID, err)
	}
	c, err := s.submit(r, change.Input{Recipe: recipe, Fields: fields})
	if fault.KindOf(err) == fault.Invalid {
		return s.addPage(w, r, http.StatusUnprocessableEntity, team, fault.Message(err))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", recipe, err)
	}
	if !c.State.Ended() {
		return redirect(w, r, route.Change(c.ID)) // it waits, or goes on in the background
	}
	rows, _, err := s.Changes.Rows(ctx, actorFrom(ctx), c.ID, change.RowFilter{})
	if err != nil {
		return fmt.Errorf("rows of %s: %w", c.ID, err)
	}
	kind, text := memberResult(recipe, team.Name, rows)
	flash := auth.Flash{Kind: string(kind), Text: text}
	s.undoSoon(actorFrom(ctx), &c, &flash)
	if err := s.Sessions.AddFlash(w, r, flash); err != nil {
		return err
	}
	return redirect(w, r, route.Team(team.ID))
}

// memberResult is the sentence about a finished change of members.
func memberResult(recipe, team string, rows []change.Row) (layout.ToastKind, string) {
	good := 0
	for _, row := range rows {
		if row.State.Good() {
			good++
		}
	}
	if len(rows) == 1 {
		row := rows[0]
		switch {
		case row.State == change.Done && recipe == change.AddMembers:
			return layout.ToastSuccess, row.Subject + " is now in " + team + "."
		case row.State == change.Done:
			return layout.ToastSuccess, row.Subject + " is no longer in " + team + "."
		case row.State == change.Nothing:
			return layout.ToastInfo, row.Subject + ": nothing to do. " + row.Reason
		default:
			return layout.ToastDanger, row.Subject + ": " + row.State.Word() + ". " + row.Reason
		}
	}
	if good == len(rows) {
		return layout.ToastSuccess, fmt.Sprintf("%d people are done.", good)
	}
	return layout.ToastWarning, fmt.Sprintf("%d of %d people are done. See the request for the others.", good, len(rows))
}
