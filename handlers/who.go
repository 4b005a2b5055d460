package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

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

// whoQuestion is something that can be done with a user or team, as the policy is asked about it.
type whoQuestion struct {
	label string
	q     access.Question
}

// teamWho handles GET /teams/{id}/who.
func (s *server) teamWho(w http.ResponseWriter, r *http.Request) error {
	team, err := s.teamOf(r)
	if err != nil {
		return err
	}
	questions := []whoQuestion{{"Add members", teamQuestion(access.AddMember, team)}, {"Remove members", teamQuestion(access.RemoveMember, team)},
		{"Rename and describe", teamQuestion(access.EditTeam, team)}, {"Invite people into it", teamQuestion(access.InviteUser, team)}}
	for _, t := range teamActs {
		if t.fits(team) {
			questions = append(questions, whoQuestion{strings.TrimSuffix(t.label, "…"), teamQuestion(t.act, team)})
		}
	}
	if team.Active {
		questions = append(questions, whoQuestion{"Create a sub-team", teamQuestion(access.CreateTeam, team)})
	}
	crumbs := append(s.teamCrumbs(s.view(r.Context()), team), layout.Crumb{Label: team.Name, URL: route.Team(team.ID)})
	return s.whoPage(w, r, route.Teams, team.Name, crumbs, []*directory.Team{team}, questions, team.ID)
}

// userWho handles GET /users/{id}/who.
func (s *server) userWho(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	u, err := s.userOf(r)
	if err != nil {
		return err
	}
	var questions []whoQuestion
	questions = append(questions, whoQuestion{"Change name and language", access.Question{Act: access.EditName, Users: []access.User{{ID: u.ID, Name: u.Name}}, Rows: 1}})
	for _, act := range peopleActs {
		in, ok := act.input([]id.User{u.ID}, peopleForm{})
		if !ok || !act.one || !fitsPerson(act, u) {
			continue
		}
		plan, err := s.Changes.Preview(ctx, actorFrom(ctx), personFrom(ctx), in)
		if fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return fmt.Errorf("plan %s: %w", act.recipe, err)
		}
		if len(plan.Question.Users) == 0 { // refused for the viewer, or nothing to do: the facts that are the same for all
			plan.Question = access.Question{Act: act.act, Users: []access.User{{ID: u.ID, Name: u.Name, Deactivated: u.Deactivated, Pending: u.Status == directory.Pending}}, Rows: 1}
		}
		// A lead's right hangs on the teams, of which the plan of HR does not tell.
		users := slices.Clone(plan.Question.Users)
		for i := range users {
			users[i].Teams = nil
			for _, t := range u.Teams {
				if team, ok := s.Directory.Current().Team(t); ok {
					users[i].Teams = append(users[i].Teams, access.Team{ID: team.ID, Name: team.Name, Manager: team.Manager, Active: team.Active})
				}
			}
		}
		plan.Question.Users = users
		questions = append(questions, whoQuestion{act.label, plan.Question})
	}
	var teams []*directory.Team
	for _, t := range u.Teams {
		if team, ok := s.Directory.Current().Team(t); ok {
			teams = append(teams, team)
		}
	}
	crumbs := []layout.Crumb{{Label: "Users", URL: route.Users}, {Label: u.Name, URL: route.User(u.ID)}}
	return s.whoPage(w, r, route.Users, u.Name, crumbs, teams, questions, "")
}

// whoPage asks the policy for everybody who could have a right, about each question. joins is the team whose requests to join are
// asked about too, if any.
func (s *server) whoPage(w http.ResponseWriter, r *http.Request, current, name string, crumbs []layout.Crumb, teams []*directory.Team, questions []whoQuestion, joins id.Team) error {
	people, err := s.whoCandidates(r, teams)
	if err != nil {
		return err
	}
	p := page.WhoProps{About: component.AlertProps{Tone: component.ToneInfo, TestID: "who-about", Title: "Worked out just now, by the same rules that draw their buttons",
		Text: "People who have portal roles by a group at the sign-in are known here once they have signed in. Rights over teams are those of the account at this moment."}}
	for _, person := range people {
		a := s.Actors.Actor(person)
		one := page.WhoPerson{Person: component.UserCellProps{ID: string(person.User), Name: person.Name, Email: person.Email}, Facts: whoFacts(a, teams)}
		if u, ok := s.Directory.Current().User(person.User); ok {
			one.Person.URL, one.Person.Email = route.User(u.ID), u.Email
		}
		for _, k := range questions {
			if v := s.Changes.Verdict(a, k.q); v.Outcome != access.No {
				one.Acts = append(one.Acts, whoAct(k.label, v))
			}
		}
		requests := access.ChangeFacts{Waiting: true}
		label := "Decide on requests about it"
		if !a.HR && !a.Approver && joins != "" {
			requests.By, requests.Lead, label = access.ByLead, joins, "Decide on requests to join and to leave"
		}
		if v := access.MayDecide(a, requests); v.Outcome != access.No {
			act := whoAct(label, v)
			act.Why = "Not on their own requests, and as the policy says who decides."
			one.Acts = append(one.Acts, act)
		}
		if len(one.Acts) > 0 {
			p.People = append(p.People, one)
		}
	}
	if p.Frame, err = s.frame(w, r, current, layout.Props{Title: "Who can act", Subtitle: name, Count: count(len(p.People)), Crumbs: crumbs}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Who(p))
}

func whoAct(label string, v access.Verdict) page.WhoAct {
	out := page.WhoAct{Label: label, Rule: v.Rule, Word: "at once", Tone: component.ToneSuccess}
	if v.Outcome == access.NeedsDecision {
		out.Word, out.Tone = "asks", component.ToneInfo
		out.Why = access.Answer{Outcome: v.Outcome, Deciders: v.Deciders, By: v.By}.Words()
	}
	return out
}

// whoFacts are the facts that give the actor rights over these teams, or over the account.
func whoFacts(a access.Actor, teams []*directory.Team) []string {
	var out []string
	for _, role := range []struct {
		has  bool
		text string
	}{{a.HR, "HR in the portal"}, {a.Approver, "Approver in the portal"}} {
		if role.has {
			out = append(out, role.text)
		}
	}
	for _, t := range teams {
		if a.Leads.Has(t.ID) {
			out = append(out, "Manages "+t.Name+" in Gtmhub")
		}
		var acts []string
		for _, d := range a.Deputy {
			if d.Team == t.ID {
				acts = append(acts, deputyWords[d.Act])
			}
		}
		if len(acts) > 0 {
			out = append(out, "Deputy for "+t.Name+": "+strings.Join(acts, ", "))
		}
	}
	return out
}

// whoCandidates are the people who could have a right: those of the settings, and the leads and deputies of the teams.
func (s *server) whoCandidates(r *http.Request, teams []*directory.Team) ([]change.Person, error) {
	known, err := s.Notices.People(r.Context())
	if err != nil {
		return nil, fmt.Errorf("known people: %w", err)
	}
	deputies, err := s.Deputies.List(r.Context(), actorFrom(r.Context()))
	if err != nil {
		return nil, err
	}
	var users []id.User
	for _, t := range teams {
		users = append(users, t.Manager)
		for _, d := range deputies {
			if d.InForce && slices.Contains(d.Teams, t.ID) {
				users = append(users, d.Holder)
			}
		}
	}
	var out []change.Person
	for _, p := range known {
		if a := s.Actors.Actor(p); !a.Inactive && (a.HR || a.Approver || slices.Contains(users, p.User)) {
			out = append(out, p)
		}
	}
	snap := s.Directory.Current()
	for _, u := range users {
		user, ok := snap.User(u)
		if ok && !slices.ContainsFunc(out, func(p change.Person) bool { return p.User == u }) {
			out = append(out, change.Person{Kind: access.ByPerson, User: u, Name: user.Name})
		}
	}
	return out, nil
}
