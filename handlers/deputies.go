package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// deputyWords names the acts that can be given.
var deputyWords = map[access.Act]string{
	access.AddMember: "add members", access.RemoveMember: "remove members", access.DecideMembers: "decide who joins and leaves",
	access.EditTeam: "rename and describe", access.InviteUser: "ask for invitations",
}

// deputiesIndex handles GET /deputies: HR and auditors see all, others what they gave or hold.
func (s *server) deputiesIndex(w http.ResponseWriter, r *http.Request) error {
	a := actorFrom(r.Context())
	list, err := s.Deputies.List(r.Context(), a)
	if err != nil {
		return err
	}
	p := page.DeputiesProps{Empty: component.EmptyStateProps{Icon: component.IconUserShare, Title: "No deputies", Text: "Whoever leads a team can give named acts over it to somebody until a date.", TestID: "deputies-empty"}}
	for _, d := range list {
		row := page.DeputyRow{Holder: component.UserCellProps{ID: string(d.Holder), Name: d.HolderName}, By: d.ByName,
			Until: component.When{Exact: s.exact(d.Until), Relative: s.day(d.Until.Add(-time.Second))}, Word: "in force", Tone: component.ToneSuccess}
		if d.ByHR {
			row.By += " (HR)"
		}
		for _, t := range d.Teams {
			name := "a team"
			if team, ok := s.Directory.Current().Team(t); ok && (a.Scope().SeesTeam(t) || d.Holder == a.User || d.By == a.User) {
				name = team.Name
			}
			row.Teams = append(row.Teams, name)
		}
		for _, act := range d.Acts {
			row.Acts = append(row.Acts, deputyWords[act])
		}
		switch {
		case !d.InForce && !d.Ended.IsZero():
			row.Word, row.Tone = "ended early", component.ToneNeutral
		case !d.InForce:
			row.Word, row.Tone = "over", component.ToneNeutral
		case deputy.MayEnd(a, d):
			row.EndURL = route.DeputyEnd(d.ID)
		}
		p.Rows = append(p.Rows, row)
	}
	frame := layout.Props{Title: "Deputies", Subtitle: "Who may act for whom, and until when"}
	if a.IsLead() {
		frame.Actions = component.LinkButton(component.LinkButtonProps{Label: "Name a deputy", URL: route.DeputyNew, Icon: component.IconUserShare, Variant: component.ButtonPrimary, TestID: "deputy-new"})
	}
	if p.Frame, err = s.frame(w, r, route.Deputies, frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Deputies(p))
}

// deputiesNew handles GET /deputies/new: finds the person, then shows the form. ?team= names one team, for HR.
func (s *server) deputiesNew(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("user") == "" {
		return s.deputyPick(w, r)
	}
	return s.deputyForm(w, r, http.StatusOK, r.URL.Query(), nil)
}

func (s *server) deputyPick(w http.ResponseWriter, r *http.Request) error {
	a := actorFrom(r.Context())
	text := searchText(r)
	p := page.TeamPickProps{Intro: "Who shall stand in?", BackURL: route.Deputies, BackLabel: "Back to the deputies",
		Search: component.SearchBoxProps{Action: route.DeputyNew, Value: text, Label: "Name or e-mail address", Target: "#choices", Keep: hidden(r, "team"), TestID: "pick-search"},
		Empty:  component.EmptyStateProps{Icon: component.IconSearch, Title: "Who is it?", Text: "Type at least two letters.", TestID: "pick-empty"}}
	if !a.HR && !s.LeadsFindPeople {
		p.NotAllowed = "Your company's settings do not let team leads search for people. Ask HR to name the deputy."
	} else if len([]rune(text)) >= shortest {
		p.Empty.Title, p.Empty.Text = "Nobody found", "Only users of the account can be deputies."
		people := s.Directory.Current().FindPeople(text, mostFound+1, nil)
		p.More = len(people) > mostFound
		for _, u := range people[:min(mostFound, len(people))] {
			c := page.TeamChoice{ID: string(u.ID), Name: u.Name, Detail: u.Email, Person: true, URL: query(r, map[string]string{"user": string(u.ID), "q": ""})}
			if u.ID == a.User {
				c.URL, c.Note = "", "you"
			}
			p.Choices = append(p.Choices, c)
		}
	}
	p.Announce = count(len(p.Choices)) + " found"
	var err error
	if p.Frame, err = s.frame(w, r, route.Deputies, layout.Props{Title: "Name a deputy", Crumbs: []layout.Crumb{{Label: "Deputies", URL: route.Deputies}}}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.TeamPick(p), page.TeamChoices)
}

// deputyForm draws the form with the teams that the actor may give: those they lead, or the one that is named.
func (s *server) deputyForm(w http.ResponseWriter, r *http.Request, status int, v url.Values, bad problems) error {
	a := actorFrom(r.Context())
	u, err := id.ParseUser(v.Get("user"))
	if err != nil {
		return errNoUser
	}
	person, ok := s.Directory.Current().User(u)
	if !ok || !a.HR && !s.LeadsFindPeople {
		return errNoUser
	}
	p := page.DeputyFormProps{Action: route.Deputies, Person: component.UserCellProps{ID: string(u), Name: person.Name, Email: person.Email}, Bad: badFields(bad), Problems: component.ErrorSummaryProps{Problems: bad},
		Until: v.Get("until"), Min: s.Now().In(s.Zone).Format(time.DateOnly), Max: s.Now().In(s.Zone).Add(deputy.Longest - 24*time.Hour).Format(time.DateOnly), BackURL: route.Deputies}
	for _, t := range s.view(r.Context()).Teams() {
		facts := access.Team{ID: t.ID, Name: t.Name, Manager: t.Manager, Active: t.Active}
		chosen := slices.Contains(v["team"], string(t.ID))
		if a.Leads.Has(t.ID) || chosen && access.MayGiveDeputy(a, facts).Outcome != access.No {
			p.Teams = append(p.Teams, component.CheckboxProps{Name: "team", ID: "team-" + string(t.ID), Value: string(t.ID), Label: t.Name, Checked: chosen})
		}
	}
	for _, act := range access.LeadActs() {
		p.Acts = append(p.Acts, component.CheckboxProps{Name: "act", ID: "act-" + string(act), Value: string(act), Label: capital(deputyWords[act]), Checked: slices.Contains(v["act"], string(act))})
	}
	if p.Frame, err = s.frame(w, r, route.Deputies, layout.Props{Title: "Name a deputy", Crumbs: []layout.Crumb{{Label: "Deputies", URL: route.Deputies}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.DeputyForm(p))
}

// deputiesGive handles POST /deputies.
func (s *server) deputiesGive(w http.ResponseWriter, r *http.Request) error {
	v, err := form(r, "team", "act")
	if err != nil {
		return err
	}
	d := deputy.Deputy{}
	if d.Holder, err = id.ParseUser(v.Get("user")); err != nil {
		return errNoUser
	}
	for _, t := range v["team"] {
		team, err := id.ParseTeam(t)
		if err != nil {
			return errNoTeam
		}
		d.Teams = append(d.Teams, team)
	}
	for _, act := range v["act"] {
		d.Acts = append(d.Acts, access.Act(act))
	}
	day, err := time.ParseInLocation(time.DateOnly, v.Get("until"), s.Zone)
	if err != nil {
		return s.deputyForm(w, r, http.StatusUnprocessableEntity, v, problems{{Field: "until", Message: "Choose the last day."}})
	}
	d.Until = day.AddDate(0, 0, 1)
	err = s.Deputies.Give(r.Context(), actorFrom(r.Context()), d)
	if fe, ok := errors.AsType[*fault.FieldError](err); ok {
		return s.deputyForm(w, r, http.StatusUnprocessableEntity, v, problems{{Field: fe.Field, Message: fe.Message}})
	}
	if err != nil {
		return err
	}
	if err := s.say(w, r, layout.ToastSuccess, "The deputy is named. It ends by itself after "+s.day(day)+"."); err != nil {
		return err
	}
	return redirect(w, r, route.Deputies)
}

// deputiesEnd handles POST /deputies/{deputy}/end.
func (s *server) deputiesEnd(w http.ResponseWriter, r *http.Request) error {
	d, err := id.ParseDeputy(r.PathValue("deputy"))
	if err != nil {
		return fault.New(fault.NotFound, "There is no such deputy.")
	}
	if err := s.Deputies.End(r.Context(), actorFrom(r.Context()), d); err != nil {
		return err
	}
	if err := s.say(w, r, layout.ToastSuccess, "Ended. Nothing more can be done with it."); err != nil {
		return err
	}
	return redirect(w, r, route.Deputies)
}
