package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"
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

// settingsLinks are the sections that have a page of their own, in the order of the page.
var settingsLinks = []page.SettingsLink{
	{Title: "Notifications", Text: "Mail and webhook: whether they work, and what could not be sent.", URL: route.NotifySettings, TestID: "settings-notifications"},
}

// settings handles GET /settings.
func (s *server) settings(w http.ResponseWriter, r *http.Request) error {
	return s.settingsPage(w, r, http.StatusOK, "", "")
}

func (s *server) settingsPage(w http.ResponseWriter, r *http.Request, status int, typed, wrong string) error {
	l, err := s.licences(r.Context(), 0, "")
	if err != nil {
		return err
	}
	links := settingsLinks
	if actorFrom(r.Context()).May(access.PolicyRead) {
		links = append([]page.SettingsLink{{Title: "Policy", Text: "What happens at once, what somebody decides, and what is not allowed. With its history, and a trial on what was asked for lately.", URL: route.Policy, TestID: "settings-policy"}}, links...)
	}
	p := page.SettingsProps{Links: links, Licences: page.LicencesProps{Facts: []component.Definition{
		{Term: "Active and pending", Text: count(l.Used)}, {Term: "On their way in requests", Text: count(l.Open)}}}}
	switch free := l.Seats - l.Used - l.Open; {
	case l.Seats == 0:
		p.Licences.Facts = append(p.Licences.Facts, component.Definition{Term: "Licences", Text: "not entered", Origin: "requests are not compared with it"})
	case free < 0:
		p.Licences.Facts = append(p.Licences.Facts, component.Definition{Term: "Too few", Text: count(-free), Origin: "of " + count(l.Seats) + " licences"})
	default:
		p.Licences.Facts = append(p.Licences.Facts, component.Definition{Term: "Free", Text: count(free), Origin: "of " + count(l.Seats) + " licences"})
	}
	if actorFrom(r.Context()).May(access.LicencesSet) {
		if typed == "" && wrong == "" && l.Seats > 0 {
			typed = strconv.Itoa(l.Seats)
		}
		p.Licences.Action = route.Licences
		p.Licences.Field = component.FieldProps{Name: "seats", Label: "Number of licences", Type: "number", Min: "0", Max: strconv.Itoa(change.MaxSeats), Value: typed, Error: wrong, TestID: "seats",
			Hint: "As in your contract with Gtmhub. Leave it empty if you do not know: then nothing is compared."}
	}
	if p.Frame, err = s.frame(w, r, route.Settings, layout.Props{Title: "Settings", Subtitle: "How the portal works for everybody"}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Settings(p))
}

// settingsLicences handles POST /settings/licences.
func (s *server) settingsLicences(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	typed, n := strings.TrimSpace(f.Get("seats")), 0
	if typed != "" {
		if n, err = strconv.Atoi(strings.ReplaceAll(typed, ",", "")); err != nil {
			return s.settingsPage(w, r, http.StatusUnprocessableEntity, typed, "Enter a number, such as 1200, or leave it empty.")
		}
	}
	err = s.Changes.SetSeats(r.Context(), actorFrom(r.Context()), n)
	if field, ok := errors.AsType[*fault.FieldError](err); ok {
		return s.settingsPage(w, r, http.StatusUnprocessableEntity, typed, field.Message)
	}
	if err != nil {
		return err
	}
	if err := s.say(w, r, layout.ToastSuccess, "The number of licences is stored."); err != nil {
		return err
	}
	return redirect(w, r, route.Settings)
}

// licences counts for a request of so many wanted people; except is the request itself, if it is stored.
func (s *server) licences(ctx context.Context, wanted int, except id.Change) (change.Licences, error) {
	by := s.Directory.Current().Counts().ByStatus
	return s.Changes.Licences(ctx, by[directory.Active]+by[directory.Pending], wanted, except)
}

// licenceNote marks a request for which there are too few licences; nil when there are enough, or nobody knows. People who
// do not see the whole account get no numbers about it.
func licenceNote(a access.Actor, l change.Licences) *component.AlertProps {
	over := l.Over()
	if over == 0 {
		return nil
	}
	p := &component.AlertProps{Tone: component.ToneWarning, Title: "Too few licences for " + people(over), TestID: "licence-note",
		Text: "The company has fewer licences than this needs. Ask HR before you send it, or leave some people out. Nothing is blocked: what goes beyond stops and waits."}
	if a.HR || a.Auditor || a.Approver {
		p.Text = "Of " + count(l.Seats) + " licences " + count(l.Used) + " are used by active and pending people, and " + count(l.Open) + " by requests that are decided and not done yet. " +
			"This one needs " + count(l.Wanted) + ", which is " + count(over) + " too many. Nothing is blocked: when Gtmhub refuses, the run stops, says how many are left, and waits."
	}
	return p
}
