package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// offboardForm is what the form of a leaver sends.
type offboardForm struct {
	managers     map[id.Team]pick
	objectives   pick
	leave, roles bool
	on           sendOn
	reason       string
	request      id.Change
	matches      map[string][]*directory.User
	wrong        problems
}

func managerField(t id.Team) string { return "manager-" + string(t) }

// offboard handles GET /offboard/{id}: what the leaver holds, with the successors that the tree of teams suggests.
func (s *server) offboard(w http.ResponseWriter, r *http.Request) error {
	u, err := s.userOf(r)
	if err != nil {
		return err
	}
	f := offboardForm{managers: map[id.Team]pick{}, leave: true, request: id.NewChange()}
	for _, t := range s.ledActive(u) {
		if m := s.suggested(t, u.ID); m != nil {
			f.managers[t.ID] = pick{text: m.Email}
			if f.objectives.text == "" {
				f.objectives.text = m.Email
			}
		}
	}
	return s.offboardPage(w, r, http.StatusOK, u, f)
}

// ledActive are the active teams that the user manages.
func (s *server) ledActive(u *directory.User) []*directory.Team {
	var out []*directory.Team
	for _, t := range u.Manages {
		if team, ok := s.Directory.Current().Team(t); ok && team.Active {
			out = append(out, team)
		}
	}
	return out
}

// suggested is who could manage a team after the leaver: the manager of the nearest team above who has access.
func (s *server) suggested(t *directory.Team, leaver id.User) *directory.User {
	snap := s.Directory.Current()
	seen := map[id.Team]bool{}
	for at := t.Parent; at != "" && !seen[at]; {
		seen[at] = true
		above, ok := snap.Team(at)
		if !ok {
			return nil
		}
		if m, ok := snap.User(above.Manager); ok && m.ID != leaver && m.Status != directory.Inactive {
			return m
		}
		at = above.Parent
	}
	return nil
}

func (s *server) offboardPage(w http.ResponseWriter, r *http.Request, status int, u *directory.User, f offboardForm) error {
	ctx := r.Context()
	view := s.view(ctx)
	p := page.OffboardProps{ID: string(u.ID), Name: u.Name, Email: u.Email, Status: string(u.Status), Action: route.Offboard(u.ID), Request: string(f.request), BackURL: route.User(u.ID),
		Errors: component.ErrorSummaryProps{Title: "Nothing was done yet", Problems: f.wrong},
		Leave:  component.CheckboxProps{Name: "leave", Label: "Take out of " + plural(len(u.Teams), "team"), Checked: f.leave, TestID: "offboard-leave"},
		Roles:  component.CheckboxProps{Name: "roles", Label: "Take " + plural(len(u.Roles), "role"), Checked: f.roles, TestID: "offboard-roles"},
		Reason: component.TextareaProps{Name: "reason", Label: "Reason", Rows: 2, Hint: "Stays in the history of the request, and is needed where a second person has to agree.", Value: f.reason, Error: f.wrong.of("reason"), MaxLength: change.MaxReason}}
	if u.ID == actorFrom(ctx).User {
		p.Refused = "Nobody offboards themself. Another person in HR can."
	}
	for _, t := range s.ledActive(u) {
		name := managerField(t.ID)
		hint := "Name or e-mail address."
		if m := s.suggested(t, u.ID); m != nil {
			hint = "Proposed: " + m.Name + ", who manages the team above. Write another name or address to change it."
		}
		p.Teams = append(p.Teams, page.OffboardTeam{Name: t.Name, URL: route.Team(t.ID), People: plural(len(t.Members), "member"),
			To: personPick(name, "New manager of "+t.Name, hint, f.managers[t.ID], f.matches[name], f.wrong.of(name))})
	}
	for _, t := range u.Teams {
		if team, ok := view.Team(t); ok {
			p.LeaveTeams = append(p.LeaveTeams, team.Name)
		}
	}
	for _, role := range u.Roles {
		if known, ok := s.Directory.Current().Role(role); ok {
			p.RoleNames = append(p.RoleNames, known.Name)
		}
	}
	p.On, p.At = f.on.fields(s.Zone, s.Now(), f.wrong.of("sendOn"))
	p.On.Label, p.On.Hint = "Offboard on", "Leave it empty to start at once. On its date everything is looked at again; what has changed by then is shown, not overwritten."
	s.offboardOwned(r, u, f, &p)
	deputies, err := s.Deputies.Of(ctx, u.ID)
	if err != nil {
		return fmt.Errorf("offboard %s: %w", u.ID, err)
	}
	for _, d := range deputies {
		p.Deputies = append(p.Deputies, s.deputyLine(d, u.ID))
	}
	requests, err := s.Changes.OpenOf(ctx, actorFrom(ctx), u.ID)
	if err != nil {
		return fmt.Errorf("open requests of %s: %w", u.ID, err)
	}
	p.Requests = s.homeChanges(requests, len(requests))
	crumbs := []layout.Crumb{{Label: "Users", URL: route.Users}, {Label: u.Name, URL: route.User(u.ID)}}
	if p.Frame, err = s.frame(w, r, route.Users, layout.Props{Title: "Offboard " + u.Name, Crumbs: crumbs}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Offboard(p))
}

// deputyLine says in a sentence what the leaver gave or holds.
func (s *server) deputyLine(d deputy.Deputy, leaver id.User) string {
	var teams, acts []string
	for _, t := range d.Teams {
		if team, ok := s.Directory.Current().Team(t); ok {
			teams = append(teams, team.Name)
		}
	}
	for _, act := range d.Acts {
		acts = append(acts, deputyWords[act])
	}
	what := " for " + strings.Join(teams, ", ") + " until " + s.day(d.Until.Add(-time.Second)) + ": " + strings.Join(acts, ", ") + "."
	if d.Holder == leaver {
		return "Deputy of " + d.ByName + what
	}
	return "Has named " + d.HolderName + " as deputy" + what
}

// offboardOwned fills in what the leaver owns.
func (s *server) offboardOwned(r *http.Request, u *directory.User, f offboardForm, p *page.OffboardProps) {
	owned, _, err := s.ownedFor(r.Context(), u.ID)
	if err != nil {
		p.ObjectivesProblem, _ = s.notRead("key results", err)
		p.ObjectivesProblem += " Objectives are left as they are; the rest of this page works."
		return
	}
	n := 0
	for _, o := range owned.Objectives {
		if o.OwnedBy(u.ID) {
			n++
		}
	}
	p.Owns = "Owns " + plural(n, "objective") + " and " + plural(len(owned.KeyResults), "key result") + "."
	if p.HandOver = n > 0; p.HandOver {
		p.To = personPick("to", "New owner of the objectives", "Name or e-mail address. Leave it empty to leave the objectives where they are.", f.objectives, f.matches["to"], f.wrong.of("to"))
		p.To.Field.Required = false
	}
	if len(owned.KeyResults) > 0 {
		p.FileURL = route.UserPage(u.ID, "key-results.csv")
	}
}

// offboardSend handles POST /offboard/{id}: one change, with everything in its order.
func (s *server) offboardSend(w http.ResponseWriter, r *http.Request) error {
	u, err := s.userOf(r)
	if err != nil {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	// The form carries the id of the request that it makes, so that a second click ends at the first one's.
	request, err := id.ParseChange(v.Get("request"))
	if err != nil {
		request = id.NewChange()
	} else if made, err := s.Changes.Show(r.Context(), actorFrom(r.Context()), request); err == nil {
		return redirect(w, r, route.Change(made.ID))
	}
	in := change.Offboarding{User: u.ID, Managers: map[id.Team]id.User{}, LeaveTeams: v.Has("leave"), TakeRoles: v.Has("roles")}
	f := offboardForm{managers: map[id.Team]pick{}, leave: in.LeaveTeams, roles: in.TakeRoles, reason: v.Get("reason"), request: request, objectives: readPick(v, "to"), on: sendOn{Day: v.Get("sendOn"), Hour: v.Get("sendAt")}, matches: map[string][]*directory.User{}}
	find := func(name string, p pick) id.User {
		found, matches, problem := s.person(p, u.ID)
		f.matches[name] = matches
		if problem != "" {
			f.wrong = append(f.wrong, component.Problem{Field: name, Message: problem})
			return ""
		}
		return found.ID
	}
	for _, t := range s.ledActive(u) {
		name := managerField(t.ID)
		f.managers[t.ID] = readPick(v, name)
		in.Managers[t.ID] = find(name, f.managers[t.ID])
	}
	if f.objectives.text != "" {
		in.Objectives = find("to", f.objectives)
	}
	when, late := f.on.time(s.Zone, s.Now())
	if late != "" {
		f.wrong = append(f.wrong, component.Problem{Field: "sendOn", Message: late})
	}
	if len(f.wrong) > 0 {
		return s.offboardPage(w, r, http.StatusUnprocessableEntity, u, f)
	}
	c, err := s.submit(r, change.Input{ID: request, Recipe: change.OffboardPerson, Fields: change.Fields(in), Reason: f.reason, NotBefore: when})
	if wrong, ok := complaint(err); ok {
		f.wrong = wrong
		return s.offboardPage(w, r, http.StatusUnprocessableEntity, u, f)
	}
	if err != nil {
		return fmt.Errorf("offboard %s: %w", u.ID, err)
	}
	return redirect(w, r, route.Change(c.ID))
}

// offboardLink leads from a person's page to the offboarding, for those who may; nil for others and for somebody who has
// gone and manages nothing any more.
func (s *server) offboardLink(a access.Actor, u *directory.User) (address string) {
	if !a.May(access.Offboard) || a.User == u.ID || u.Status == directory.Inactive && len(s.ledActive(u)) == 0 {
		return ""
	}
	return route.Offboard(u.ID)
}
