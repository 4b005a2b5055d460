package handlers

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/export"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// resultsTab names the tab of a person's key results in the address.
const resultsTab = "results"

// ownedFor reads what somebody owns, cut to what the actor may see. What Gtmhub keeps private is for HR and the owner.
func (s *server) ownedFor(ctx context.Context, user id.User) (o directory.Owned, hidden int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*freshFor)
	defer cancel()
	all, err := s.Lookups.Owned(ctx, user)
	if err != nil {
		return o, 0, err
	}
	if access.SeesPrivateResults(actorFrom(ctx), user) {
		return all, 0, nil
	}
	o = all.Public()
	return o, len(all.KeyResults) - len(o.KeyResults), nil
}

// notRead is the sentence about something that Gtmhub did not answer with, and whether it never will.
func (s *server) notRead(what string, err error) (sentence string, retired bool) {
	s.Log.Debug("read "+what, "err", err)
	return cmp.Or(fault.Message(err), "Gtmhub does not answer at the moment. Try again in a little while."), errors.Is(err, directory.ErrRetired)
}

// userResults is the tab of a person's key results.
func (s *server) userResults(r *http.Request, view directory.View, u *directory.User) page.ResultsProps {
	ctx := r.Context()
	a := actorFrom(ctx)
	p := page.ResultsProps{TryURL: route.With(route.User(u.ID), url.Values{"tab": {resultsTab}})}
	owned, hidden, err := s.ownedFor(ctx, u.ID)
	if err != nil {
		p.Problem, p.Retired = s.notRead("key results", err)
		return p
	}
	p.Count = len(owned.KeyResults)
	p.Sentence = plural(p.Count, "key result") + " of " + plural(len(owned.Objectives), "objective")
	p.Read = component.When{Relative: ago(s.Now(), owned.ReadAt), Exact: s.exact(owned.ReadAt)}
	if hidden > 0 {
		p.Note = plural(hidden, "private key result") + " is not shown: only HR and the person see these."
		if hidden > 1 {
			p.Note = plural(hidden, "private key result") + " are not shown: only HR and the person see these."
		}
	}
	if p.Count > 0 {
		p.FileURL = route.UserPage(u.ID, "key-results.csv")
	}
	may := a.May(access.ObjectivesChange)
	lines := map[id.Objective][]page.ResultLine{}
	for _, k := range owned.KeyResults {
		line := s.resultLine(k)
		if _, ok := owned.Objective(k.Objective); !ok {
			p.Loose = append(p.Loose, line)
			continue
		}
		lines[k.Objective] = append(lines[k.Objective], line)
	}
	for _, o := range owned.Objectives {
		row := page.ResultObjective{ID: string(o.ID), Name: o.Title(), Owners: s.owners(view, o.Owners), Own: o.OwnedBy(u.ID), Private: o.Private, Lines: lines[o.ID]}
		if may {
			row.ChangeURL = route.With(route.UserPage(u.ID, "handover"), url.Values{"objective": {string(o.ID)}})
			row.ConfidenceURL = route.UserObjective(u.ID, o.ID, "confidence")
			if row.Own {
				p.HandOverURL = route.UserPage(u.ID, "handover")
			}
		}
		p.Objectives = append(p.Objectives, row)
	}
	return p
}

func (s *server) resultLine(k directory.KeyResult) page.ResultLine {
	l := page.ResultLine{Name: cmp.Or(strings.TrimSpace(k.Name), "Key result without a name"), Percent: percent(k.Attainment), Progress: number(k.Actual) + " of " + number(k.Target), Due: s.day(k.Due), Private: k.Private}
	if k.Owners > 1 {
		l.Shared = "shared with " + plural(k.Owners-1, "other owner")
	}
	return l
}

// owners names users and teams, with links to those that are open to the viewer. Others have their names only.
func (s *server) owners(view directory.View, ids []string) []page.ResultOwner {
	snap := s.Directory.Current()
	var out []page.ResultOwner
	for _, o := range ids {
		w := page.ResultOwner{Name: "somebody who is gone"}
		if u, ok := snap.User(id.User(o)); ok {
			if w.Name = u.Name; u.Name == u.Email { // an address is not for everybody
				w.Name = "somebody without a name"
			}
			if open, ok := view.User(u.ID); ok {
				w.Name, w.URL = open.Name, route.User(u.ID)
			}
		} else if t, ok := snap.Team(id.Team(o)); ok {
			if w.Name = "team " + t.Name; true {
				if _, open := view.Team(t.ID); open {
					w.URL = route.Team(t.ID)
				}
			}
		}
		out = append(out, w)
	}
	if len(out) == 0 {
		out = []page.ResultOwner{{Name: "nobody"}}
	}
	return out
}

func percent(part float64) int { return min(100, max(0, int(math.Round(part*100)))) }

// number writes a value of a key result, with at most two decimals.
func number(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

// plural is "1 objective" or "2 objectives".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// userResultsFile handles GET /users/{id}/key-results.csv: the list that a leaver's colleagues need, because no call
// changes the owner of a key result.
func (s *server) userResultsFile(w http.ResponseWriter, r *http.Request) error {
	u, err := s.userOf(r)
	if err != nil {
		return err
	}
	owned, _, err := s.ownedFor(r.Context(), u.ID)
	if err != nil {
		return fmt.Errorf("key results of %s: %w", u.ID, err)
	}
	var buf bytes.Buffer // so that a mistake becomes an error page, not half a file
	file := export.NewCSV(&buf, ';')
	err = file.Write("Objective", "Owners of the objective", "Key result", "Description", "Start", "Now", "Target", "Reached (%)", "Due", "Owners", "Private")
	for _, k := range owned.KeyResults {
		o, _ := owned.Objective(k.Objective)
		var owners []string
		for _, w := range s.owners(s.view(r.Context()), o.Owners) {
			owners = append(owners, w.Name)
		}
		private := "no"
		if k.Private {
			private = "yes"
		}
		due := ""
		if !k.Due.IsZero() {
			due = k.Due.In(s.Zone).Format(time.DateOnly)
		}
		err = errors.Join(err, file.Write(o.Name, strings.Join(owners, ", "), k.Name, k.Description, number(k.Initial), number(k.Actual), number(k.Target),
			strconv.Itoa(percent(k.Attainment)), due, strconv.Itoa(k.Owners), private))
	}
	if err := errors.Join(err, file.Flush()); err != nil {
		return fmt.Errorf("key results of %s: %w", u.ID, err)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="key-results.csv"`)
	_, err = w.Write(buf.Bytes())
	return err
}

// userOf is the user of the address, if the actor may open their page.
func (s *server) userOf(r *http.Request) (*directory.User, error) {
	user, err := id.ParseUser(r.PathValue("id"))
	if err != nil {
		return nil, errNoUser
	}
	u, ok := s.view(r.Context()).User(user)
	if !ok {
		return nil, errNoUser
	}
	return u, nil
}

// pick is one person as a form names them: by what was typed, or chosen among those that it matched.
type pick struct {
	text   string
	chosen id.User
}

// readPick reads the fields of a person pick.
func readPick(v url.Values, name string) pick {
	p := pick{text: strings.TrimSpace(v.Get(name))}
	if u, err := id.ParseUser(v.Get(name + "-chosen")); err == nil {
		p.chosen = u
	}
	return p
}

// most matches that are offered to choose from.
const mostMatches = 8

// person finds whom a form means. A person is taken by address or whole name alone, or as chosen: never because a few
// letters happen to match one. found is nil with a problem; matches are those that could be meant.
func (s *server) person(p pick, not id.User) (found *directory.User, matches []*directory.User, problem string) {
	snap := s.Directory.Current()
	ok := func(u *directory.User) bool { return u.Status != directory.Inactive && u.ID != not }
	if p.text == "" {
		return nil, nil, "Write a name or an e-mail address."
	}
	matches = snap.FindPeople(p.text, mostMatches, func(u id.User) bool { return u == not })
	if i := slices.IndexFunc(matches, func(u *directory.User) bool { return u.ID == p.chosen }); i >= 0 {
		return matches[i], matches, ""
	}
	byAddress := snap.UsersByEmail(p.text)
	if len(byAddress) == 1 && ok(byAddress[0]) {
		return byAddress[0], nil, ""
	}
	named := slices.DeleteFunc(slices.Clone(matches), func(u *directory.User) bool { return !strings.EqualFold(u.Name, p.text) })
	switch {
	case len(byAddress) == 1 && byAddress[0].ID == not:
		return nil, nil, "This is the person who hands over. Name somebody else."
	case len(byAddress) == 1:
		return nil, nil, byAddress[0].Name + " is deactivated. Name somebody else."
	case len(named) == 1:
		return named[0], nil, ""
	case len(matches) == 0:
		return nil, nil, "Nobody who is active has this name or address."
	default:
		return nil, matches, "Choose who is meant."
	}
}

// personPick draws the question for a person again, with what was typed.
func personPick(name, label, hint string, p pick, matches []*directory.User, problem string) page.PersonPick {
	out := page.PersonPick{Field: component.FieldProps{Name: name, Label: label, Value: p.text, Hint: hint, Error: problem, Required: true, MaxLength: 200, Autocomplete: "off", TestID: name}}
	if len(matches) > 1 || len(matches) == 1 && problem != "" {
		out.Matches = component.RadioGroupProps{Name: name + "-chosen", Legend: "People who match", Value: string(p.chosen), TestID: name + "-matches"}
		for _, u := range matches {
			out.Matches.Options = append(out.Matches.Options, component.Option{Value: string(u.ID), Label: u.Name, Hint: u.Email})
		}
		if len(matches) == mostMatches {
			out.Matches.Hint = "There may be more. Write more letters to find the right person."
		}
	}
	return out
}

// handOver handles GET /users/{id}/handover: which objectives, and who takes over.
func (s *server) handOver(w http.ResponseWriter, r *http.Request) error {
	u, err := s.userOf(r)
	if err != nil {
		return err
	}
	return s.handOverPage(w, r, http.StatusOK, u, r.URL.Query()["objective"], pick{}, nil, nil)
}

func (s *server) handOverPage(w http.ResponseWriter, r *http.Request, status int, u *directory.User, ticked []string, to pick, matches []*directory.User, wrong problems) error {
	back := route.With(route.User(u.ID), url.Values{"tab": {resultsTab}})
	p := page.HandOverProps{PersonName: u.Name, Action: route.UserPage(u.ID, "handover"), BackURL: back,
		To:          personPick("to", "New owner", "Name or e-mail address of somebody who is active.", to, matches, wrong.of("to")),
		Reason:      component.TextareaProps{Name: "reason", Label: "Reason", Hint: "Stays in the history of the request. You may leave it empty.", Rows: 2, Value: r.PostForm.Get("reason"), Error: wrong.of("reason"), MaxLength: change.MaxReason},
		ChoiceError: wrong.of("objective"), Errors: component.ErrorSummaryProps{Title: "Nothing was handed over", Problems: wrong}}
	owned, _, err := s.ownedFor(r.Context(), u.ID)
	if err != nil {
		p.Problem, _ = s.notRead("key results", err)
	}
	for _, o := range owned.Objectives {
		on := slices.Contains(ticked, string(o.ID))
		if !o.OwnedBy(u.ID) && !on {
			continue
		}
		n := 0
		for _, k := range owned.KeyResults {
			if k.Objective == o.ID {
				n++
			}
		}
		var owners []string
		for _, w := range s.owners(s.view(r.Context()), o.Owners) {
			owners = append(owners, w.Name)
		}
		p.Objectives = append(p.Objectives, page.HandOverChoice{ID: string(o.ID), Name: o.Title(), Owners: "now of " + strings.Join(owners, ", "), KeyResults: plural(n, "key result"), Ticked: on || len(ticked) == 0 && status == http.StatusOK})
	}
	if p.Problem == "" && len(p.Objectives) == 0 {
		p.Problem = u.Name + " owns no objective that the portal can see, so there is nothing to hand over."
	}
	crumbs := []layout.Crumb{{Label: "Users", URL: route.Users}, {Label: u.Name, URL: back}}
	if p.Frame, err = s.frame(w, r, route.Users, layout.Props{Title: "Hand over objectives of " + u.Name, Crumbs: crumbs}); err != nil {
		return err
	}
	return s.show(w, r, status, page.HandOver(p))
}

// handOverSend handles POST /users/{id}/handover.
func (s *server) handOverSend(w http.ResponseWriter, r *http.Request) error {
	u, err := s.userOf(r)
	if err != nil {
		return err
	}
	v, err := form(r, "objective")
	if err != nil {
		return err
	}
	ticked, to := v["objective"], readPick(v, "to")
	var wrong problems
	in := change.HandOver{From: u.ID}
	for _, t := range ticked {
		o, err := id.ParseObjective(t)
		if err != nil {
			return fault.New(fault.Invalid, "The form names an objective that cannot be. Open the page again.")
		}
		in.Objectives = append(in.Objectives, o)
	}
	if len(in.Objectives) == 0 {
		wrong = append(wrong, component.Problem{Field: "objective", Message: "Choose at least one objective."})
	}
	found, matches, problem := s.person(to, u.ID)
	if problem != "" {
		wrong = append(wrong, component.Problem{Field: "to", Message: problem})
	}
	if len(wrong) > 0 {
		return s.handOverPage(w, r, http.StatusUnprocessableEntity, u, ticked, to, matches, wrong)
	}
	in.To = found.ID
	c, err := s.submit(r, change.Input{Recipe: change.HandOverObjectives, Fields: change.Fields(in), Reason: v.Get("reason")})
	if wrong, ok := complaint(err); ok {
		return s.handOverPage(w, r, http.StatusUnprocessableEntity, u, ticked, to, matches, wrong)
	}
	if err != nil {
		return fmt.Errorf("hand over objectives of %s: %w", u.ID, err)
	}
	return s.afterChange(w, r, c, route.With(route.User(u.ID), url.Values{"tab": {resultsTab}}), plural(c.Main()[change.Done], "objective")+" handed over to "+found.Name+".")
}

// afterChange leads back to a page with the result of a small change, or to the change where something is left to see.
func (s *server) afterChange(w http.ResponseWriter, r *http.Request, c change.Change, to, done string) error {
	if c.State != change.Finished {
		return redirect(w, r, route.Change(c.ID)) // it waits, goes on in the background, or had problems
	}
	flash := auth.Flash{Kind: string(layout.ToastSuccess), Text: done, LinkURL: route.Change(c.ID), LinkLabel: "Details"}
	if c.Main()[change.Done] == 0 {
		flash.Kind, flash.Text = string(layout.ToastInfo), "There was nothing to do: it is so already."
	}
	if err := s.Sessions.AddFlash(w, r, flash); err != nil {
		return err
	}
	return redirect(w, r, to)
}

// confidenceForm is what the form of a confidence sends.
type confidenceForm struct {
	Percent string
	Why     string
}

// confidence handles GET /users/{id}/objectives/{objective}/confidence.
func (s *server) confidence(w http.ResponseWriter, r *http.Request) error {
	return s.confidencePage(w, r, http.StatusOK, confidenceForm{}, nil)
}

func (s *server) confidencePage(w http.ResponseWriter, r *http.Request, status int, f confidenceForm, wrong problems) error {
	u, o, err := s.objectiveOf(r)
	if err != nil {
		return err
	}
	back := route.With(route.User(u.ID), url.Values{"tab": {resultsTab}})
	p := page.ConfidenceProps{Objective: o.Title(), Action: route.UserObjective(u.ID, o.ID, "confidence"), BackURL: back,
		Errors:  component.ErrorSummaryProps{Title: "The confidence was not set", Problems: wrong},
		Percent: component.FieldProps{Name: "percent", Label: "Confidence in per cent", Type: "number", Min: "0", Max: "100", Required: true, Value: f.Percent, Error: wrong.of("percent"), Hint: "From 0 (will not be met) to 100 (certain).", TestID: "percent"},
		Why:     component.TextareaProps{Name: "why", Label: "Reason", Required: true, Rows: 3, MaxLength: 500, Value: f.Why, Error: wrong.of("why"), Hint: "Gtmhub shows it beside the confidence.", TestID: "why"}}
	crumbs := []layout.Crumb{{Label: "Users", URL: route.Users}, {Label: u.Name, URL: back}}
	if p.Frame, err = s.frame(w, r, route.Users, layout.Props{Title: "Set confidence", Crumbs: crumbs}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Confidence(p))
}

// objectiveOf is the objective of the address, seen through the key results of the user of the address.
func (s *server) objectiveOf(r *http.Request) (*directory.User, directory.Objective, error) {
	u, err := s.userOf(r)
	if err != nil {
		return nil, directory.Objective{}, err
	}
	of, err := id.ParseObjective(r.PathValue("objective"))
	none := fault.New(fault.NotFound, "There is no such objective among those that the portal can see.")
	if err != nil {
		return nil, directory.Objective{}, none
	}
	owned, _, err := s.ownedFor(r.Context(), u.ID)
	if err != nil {
		return nil, directory.Objective{}, fmt.Errorf("objectives of %s: %w", u.ID, err)
	}
	o, ok := owned.Objective(of)
	if !ok {
		return nil, directory.Objective{}, none
	}
	return u, o, nil
}

// confidenceSend handles POST /users/{id}/objectives/{objective}/confidence.
func (s *server) confidenceSend(w http.ResponseWriter, r *http.Request) error {
	u, o, err := s.objectiveOf(r)
	if err != nil {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	f := confidenceForm{Percent: strings.TrimSpace(v.Get("percent")), Why: v.Get("why")}
	n, err := strconv.Atoi(f.Percent)
	if err != nil {
		return s.confidencePage(w, r, http.StatusUnprocessableEntity, f, problems{{Field: "percent", Message: "Give a whole number from 0 to 100."}})
	}
	in := change.Confidence{User: u.ID, Objective: o.ID, Percent: n, Reason: f.Why}
	c, err := s.submit(r, change.Input{Recipe: change.SetConfidence, Fields: change.Fields(in)})
	if wrong, ok := complaint(err); ok {
		return s.confidencePage(w, r, http.StatusUnprocessableEntity, f, wrong)
	}
	if err != nil {
		return fmt.Errorf("set confidence of %s: %w", o.ID, err)
	}
	return s.afterChange(w, r, c, route.With(route.User(u.ID), url.Values{"tab": {resultsTab}}), "The confidence of "+o.Title()+" is now "+f.Percent+" %.")
}
