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
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// profileEdit is a section of a profile being edited in place: what was typed, and what came of it.
type profileEdit struct {
	// section is "name" or "language"; anything else means that nothing is edited.
	section string
	// typed is the form as it was sent, nil when it is opened.
	typed    url.Values
	problems problems
	// newer are the values that somebody else has changed since the form was opened.
	newer []page.Newer
}

// profileProps are the form of the section; nil when nothing is edited. action takes it, back is the page without it.
func (s *server) profileProps(u *directory.User, edit profileEdit, action, back string) *page.ProfileEdit {
	p := &page.ProfileEdit{Section: edit.section, Action: action, BackURL: back, Problems: edit.problems, Newer: edit.newer,
		Hidden: []component.Hidden{{Name: "section", Value: edit.section}, {Name: "wasFirst", Value: u.FirstName}, {Name: "wasLast", Value: u.LastName}, {Name: "wasLanguage", Value: u.Language}}}
	value := func(name, now string) string {
		if edit.typed != nil {
			return edit.typed.Get(name)
		}
		return now
	}
	switch edit.section {
	case "name":
		p.First = component.FieldProps{Name: "first", Label: "First name", Value: value("first", u.FirstName), MaxLength: joiners.Limits.NameLength, Autocomplete: "off", Error: edit.problems.of("first"), TestID: "edit-first"}
		p.Last = component.FieldProps{Name: "last", Label: "Last name", Value: value("last", u.LastName), MaxLength: joiners.Limits.NameLength, Autocomplete: "off", Error: edit.problems.of("last"), TestID: "edit-last"}
	case "language":
		p.Language = component.SelectProps{Name: "language", Label: "Language", Value: value("language", u.Language), Options: s.languages(u.Language), Error: edit.problems.of("language"), TestID: "edit-language"}
	default:
		return nil
	}
	return p
}

// userEdit handles POST /users/{id}/act/edit: the name or the language of a person.
func (s *server) userEdit(w http.ResponseWriter, r *http.Request) error {
	user, err := id.ParseUser(r.PathValue("id"))
	if err != nil {
		return errNoUser
	}
	if _, ok := s.view(r.Context()).User(user); !ok {
		return errNoUser
	}
	return s.saveProfile(w, r, user, route.User(user), func(status int, edit profileEdit) error { return s.userPage(w, r, status, edit) })
}

// saveProfile saves one section. Only what differs from the form as it was opened is sent. A value that somebody else
// has changed meanwhile is not overwritten: the page shows what was, what is now, and what was typed.
func (s *server) saveProfile(w http.ResponseWriter, r *http.Request, user id.User, back string, again func(int, profileEdit) error) error {
	ctx := r.Context()
	values, err := form(r)
	if err != nil {
		return err
	}
	if err := s.Directory.Refresh(ctx, []id.User{user}, nil); err != nil {
		return fmt.Errorf("read the person again: %w", err)
	}
	u, ok := s.Directory.Current().User(user)
	if !ok {
		return errNoUser
	}
	edit := profileEdit{section: values.Get("section"), typed: values}
	in, ok := s.profileInput(u, &edit)
	switch {
	case len(edit.problems) > 0:
		return again(http.StatusUnprocessableEntity, edit)
	case len(edit.newer) > 0:
		return again(http.StatusConflict, edit)
	case !ok:
		if err := s.say(w, r, layout.ToastInfo, "Nothing was changed, because nothing differs."); err != nil {
			return err
		}
		return redirect(w, r, back)
	}
	c, err := s.submit(r, in)
	if trouble, ok := complaint(err); ok {
		edit.problems = trouble
		return again(http.StatusUnprocessableEntity, edit)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", in.Recipe, err)
	}
	return s.saved(w, r, c, back, func(row change.Row) auth.Flash {
		flash := auth.Flash{Kind: string(layout.ToastSuccess), Text: "Saved: " + row.After + "."}
		if edit.section == "language" {
			flash.Text = "Saved: " + languageName(row.After) + "."
		}
		s.undoSoon(actorFrom(ctx), &c, &flash)
		return flash
	})
}

// saved leads back to the page of a change that consists of one row, with what success says or why it was not saved.
func (s *server) saved(w http.ResponseWriter, r *http.Request, c change.Change, back string, success func(change.Row) auth.Flash) error {
	if !c.State.Ended() {
		return redirect(w, r, route.Change(c.ID))
	}
	rows, _, err := s.Changes.Rows(r.Context(), actorFrom(r.Context()), c.ID, change.RowFilter{})
	if err != nil {
		return fmt.Errorf("rows of %s: %w", c.ID, err)
	}
	flash := success(rows[0])
	if !rows[0].State.Good() {
		flash = auth.Flash{Kind: string(layout.ToastDanger), Text: "Not saved. " + rows[0].Reason, LinkURL: route.Change(c.ID), LinkLabel: "See details"}
	}
	if err := s.Sessions.AddFlash(w, r, flash); err != nil {
		return err
	}
	return redirect(w, r, back)
}

// profileInput makes the change of a section; ok is false when nothing differs. Problems and newer values go into edit.
func (s *server) profileInput(u *directory.User, edit *profileEdit) (in change.Input, ok bool) {
	v := edit.typed
	people := change.People{Users: []id.User{u.ID}}
	differs := func(field, label, was, now, yours string) bool {
		if yours == was || yours == now {
			return false
		}
		if was != now {
			edit.newer = append(edit.newer, page.Newer{Field: label, Was: was, Now: now, Yours: yours})
		}
		return true
	}
	switch edit.section {
	case "name":
		typed := func(field, label, now string) string {
			name, err := strings.TrimSpace(v.Get(field)), error(nil)
			switch {
			case name == now: // whatever stands in Gtmhub may stay
			case name == "":
				err = fault.New(fault.Invalid, label+" cannot be emptied in Gtmhub.")
			default:
				name, err = joiners.CheckName(name)
			}
			if err != nil {
				edit.problems = append(edit.problems, component.Problem{Field: field, Message: fault.Message(err)})
			}
			return name
		}
		first, last := typed("first", "First name", u.FirstName), typed("last", "Last name", u.LastName)
		if differs("first", "First name", v.Get("wasFirst"), u.FirstName, first) {
			people.FirstName = first
		}
		if differs("last", "Last name", v.Get("wasLast"), u.LastName, last) {
			people.LastName = last
		}
		return change.Input{Recipe: change.EditName, Fields: change.Fields(people)}, people.FirstName != "" || people.LastName != ""
	case "language":
		lang := v.Get("language")
		if !slices.ContainsFunc(s.languages(u.Language), func(o component.Option) bool { return o.Value == lang }) {
			edit.problems = append(edit.problems, component.Problem{Field: "language", Message: "Choose a language of the list."})
		}
		if differs("language", "Language", v.Get("wasLanguage"), u.Language, lang) {
			people.Language = lang
		}
		return change.Input{Recipe: change.SetLanguage, Fields: change.Fields(people)}, people.Language != ""
	}
	edit.problems = append(edit.problems, component.Problem{Message: "The form could not be read. Open the page again."})
	return in, false
}

// userActs are the forms and buttons of a user's page for those who may act on people. What is not possible is there with
// the reason, which comes from the policy.
func (s *server) userActs(r *http.Request, u *directory.User, edit profileEdit, p *page.UserProps) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	if !a.May(access.UsersChange) {
		return nil
	}
	here := route.User(u.ID)
	facts := []access.User{{ID: u.ID, Name: u.Name}}
	if v := s.Changes.Verdict(a, access.Question{Act: access.EditName, Users: facts, Rows: 1}); v.Outcome != access.No {
		p.EditNameURL, p.EditLanguageURL = route.With(here, url.Values{"edit": {"name"}}), route.With(here, url.Values{"edit": {"language"}})
		if p.Edit = s.profileProps(u, edit, route.UserEdit(u.ID), here); p.Edit != nil {
			p.Edit.Asks = asksFirst(v)
		}
	} else {
		p.OnlyHR = "Name, language, roles and access are for HR. " + v.Help
	}
	for _, act := range peopleActs {
		if !act.one || !fitsPerson(act, u) || !a.HR && act.path != "deactivate" {
			continue
		}
		button := page.UserAct{Label: act.label, URL: route.UserAct(u.ID, act.path), Icon: act.icon, Danger: act.danger, Text: act.meaning, TestID: "act-" + act.path}
		if act.path == "deactivate" && u.Status == directory.Pending {
			button.Label = "Withdraw invitation"
		}
		if in, ok := act.input([]id.User{u.ID}, peopleForm{}); ok {
			plan, err := s.Changes.Preview(ctx, a, personFrom(ctx), in)
			switch {
			case errors.Is(err, fault.NotFound) || fault.KindOf(err) == fault.Unavailable:
				continue
			case err != nil:
				return fmt.Errorf("plan %s: %w", act.recipe, err)
			case plan.Verdict.Outcome == access.No:
				button.Why = strings.TrimSpace(plan.Verdict.Sentence + " " + plan.Verdict.Help)
			case plan.Open() == 0 && len(plan.Rows) > 0:
				button.Why = plan.Rows[0].Note
			case plan.Verdict.Outcome == access.NeedsDecision:
				button.Text += " " + plan.Verdict.Sentence
			}
		}
		if act.danger || act.path == "activate" {
			p.Dangers = append(p.Dangers, button)
		} else {
			p.Acts = append(p.Acts, button)
		}
	}
	return nil
}

// fitsPerson leaves out what makes no sense for a person as they stand.
func fitsPerson(act peopleAct, u *directory.User) bool {
	pending := u.Status == directory.Pending
	switch act.path {
	case "resend", "correct-address":
		return pending && !u.Deactivated
	case "password":
		return !pending && !u.Deactivated
	case "activate":
		return u.Deactivated
	case "deactivate":
		return !u.Deactivated
	case "take-role":
		return len(u.Roles) > 0
	}
	return true
}
