package handlers

import (
	"context"
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

// peopleAct is something that can be done with one person or with all who are ticked. Its page shows beforehand what
// would be done, and submits it.
type peopleAct struct {
	// path names it in the address.
	path   string
	recipe string
	act    access.Act
	// label is the button that leads to the page; submit the button that does it, %s being whom.
	label, submit string
	// done says what came of it: %s is a name, or "47 people"; verb is "is" or "are".
	done string
	// choose names the field that has to be chosen first: "role", "held" (roles that the person has), "language",
	// "team", "email"; empty for none.
	choose string
	// meaning says what it does and what cannot be undone.
	meaning string
	icon    component.Icon
	danger  bool
	// typed asks for the name, or for the number of people.
	typed bool
	// impact shows what the person holds.
	impact bool
	// one and many say where it is offered.
	one, many bool
}

// peopleActs are the acts in the order of the pages.
var peopleActs = []peopleAct{
	{path: "language", recipe: change.SetLanguage, act: access.SetLanguage, label: "Set language", submit: "Set the language of %s", done: "The language of %s is set.", choose: "language",
		meaning: "It changes the pages and mails of Gtmhub for these people. It can be undone.", icon: component.IconEdit, many: true},
	{path: "give-role", recipe: change.GiveRole, act: access.GrantRole, label: "Give role", submit: "Give the role to %s", done: "%s has got the role.", choose: "role",
		meaning: "It can be undone.", icon: component.IconShield, one: true, many: true},
	{path: "take-role", recipe: change.TakeRoles, act: access.TakeRole, label: "Take role", submit: "Take the role from %s", done: "The role was taken from %s.", choose: "held",
		meaning: "Roles that come with a team stay. It can be undone.", icon: component.IconShield, one: true, many: true},
	{path: "add-to-team", recipe: change.AddMembers, act: access.AddMember, label: "Add to team", submit: "Add %s to the team", done: "%s has been added to the team.", choose: "team",
		meaning: "It can be undone.", icon: component.IconSitemap, many: true},
	{path: "remove-from-team", recipe: change.RemoveMembers, act: access.RemoveMember, label: "Remove from team", submit: "Remove %s from the team", done: "%s has been removed from the team.", choose: "team",
		meaning: "It can be undone.", icon: component.IconSitemap, many: true},
	{path: "resend", recipe: change.ResendInvitations, act: access.ResendInvitation, label: "Send invitation again", submit: "Send the invitation again to %s", done: "The invitation was sent again to %s.",
		meaning: "Each person gets one mail, at most once an hour. A mail cannot be called back.", icon: component.IconMail, one: true, many: true},
	{path: "password", recipe: change.SendPasswordMail, act: access.SendPasswordMail, label: "Send password mail", submit: "Send a password mail to %s", done: "The password mail was sent to %s.",
		meaning: "The person gets a link to choose a new password. A mail cannot be called back.", icon: component.IconMail, one: true},
	{path: "correct-address", recipe: change.CorrectAddress, act: access.DeleteUser, label: "Correct address", submit: "Correct the address of %s", done: "The address of %s is corrected.", choose: "email",
		meaning: "Gtmhub cannot change an address. The open invitation is deleted for good and a new one is sent to the right address, with the same name, language, roles and teams.",
		icon:    component.IconMail, one: true},
	{path: "activate", recipe: change.ActivateUsers, act: access.ActivateUser, label: "Activate", submit: "Activate %s", done: "%s has access again.",
		meaning: "Access comes back with all roles and teams, and takes a licence. It can be undone.", icon: component.IconCheck, one: true, many: true},
	{path: "deactivate", recipe: change.DeactivateUsers, act: access.DeactivateUser, label: "Deactivate", submit: "Deactivate %s", done: "%s has no access any more.",
		meaning: "Access is lost and a licence becomes free; objectives, teams and history stay. It can be undone. An invitation that was not used yet is withdrawn by this; the address stays taken.",
		icon:    component.IconUserMinus, danger: true, impact: true, one: true, many: true},
	{path: "delete", recipe: change.DeleteUsers, act: access.DeleteUser, label: "Delete", submit: "Delete %s for good", done: "%s has been deleted.",
		meaning: "All records go: objectives, key results, memberships, history in Gtmhub. This cannot be undone by anybody. Only people who have been deactivated, or never signed in, can be deleted.",
		icon:    component.IconTrash, danger: true, typed: true, impact: true, one: true, many: true},
}

func actByPath(path string) (peopleAct, bool) {
	i := slices.IndexFunc(peopleActs, func(a peopleAct) bool { return a.path == path })
	if i < 0 {
		return peopleAct{}, false
	}
	return peopleActs[i], true
}

var errNoAct = fault.New(fault.NotFound, "There is no such page.")

// peopleForm is what was typed or chosen on the page of an act.
type peopleForm struct {
	Roles    []id.Role
	Language string
	Team     id.Team
	Email    string
	Reason   string
	Typed    string
	// Shown is the mark of the plan that the page showed.
	Shown string
}

// readPeopleForm reads the values that the act wants. An id that is malformed counts as not chosen.
func readPeopleForm(v url.Values) peopleForm {
	f := peopleForm{Language: v.Get("language"), Email: strings.TrimSpace(v.Get("email")), Reason: v.Get("reason"), Typed: strings.TrimSpace(v.Get("typed")), Shown: v.Get("shown")}
	for _, r := range v["role"] {
		if role, err := id.ParseRole(r); err == nil {
			f.Roles = append(f.Roles, role)
		}
	}
	if team, err := id.ParseTeam(v.Get("team")); err == nil {
		f.Team = team
	}
	return f
}

// input makes the change; ok is false while something has to be chosen first.
func (p peopleAct) input(users []id.User, f peopleForm) (in change.Input, ok bool) {
	in = change.Input{Recipe: p.recipe, Reason: f.Reason, Shown: f.Shown}
	people := change.People{Users: users}
	switch p.choose {
	case "role", "held":
		people.Roles = f.Roles
		ok = len(f.Roles) > 0
	case "language":
		people.Language = f.Language
		ok = f.Language != ""
	case "team":
		in.Fields = change.Fields(change.Members{Team: f.Team, Users: users})
		return in, f.Team != ""
	case "email":
		if len(users) != 1 {
			return in, false
		}
		in.Fields = change.Fields(change.Correction{User: users[0], Email: f.Email})
		return in, f.Email != ""
	default:
		ok = true
	}
	in.Fields = change.Fields(people)
	return in, ok
}

// subject is whom a page of an act is about.
type subject struct {
	act   peopleAct
	users []id.User
	// one is the person if there is one only and the page is theirs.
	one *directory.User
	// here takes the form; back is where the page leads when nothing is done.
	here, back string
}

func (s subject) who(n int) string {
	if s.one != nil {
		return s.one.Name
	}
	return people(n)
}

// userActForm handles GET /users/{id}/act/{act}: what would be done with one person.
func (s *server) userActForm(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.oneSubject(r)
	if err != nil {
		return err
	}
	return s.actPage(w, r, http.StatusOK, sub, readPeopleForm(r.URL.Query()), page.PeopleActProps{})
}

// userActSubmit handles POST /users/{id}/act/{act}.
func (s *server) userActSubmit(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.oneSubject(r)
	if err != nil {
		return err
	}
	return s.actSubmit(w, r, sub)
}

func (s *server) oneSubject(r *http.Request) (subject, error) {
	act, ok := actByPath(r.PathValue("act"))
	user, err := id.ParseUser(r.PathValue("id"))
	if err != nil || !ok || !act.one {
		return subject{}, errNoAct
	}
	u, ok := s.view(r.Context()).User(user)
	if !ok {
		return subject{}, errNoUser
	}
	return subject{act: act, users: []id.User{user}, one: u, here: route.UserAct(user, act.path), back: route.User(user)}, nil
}

// bulkForm handles GET /bulk/users/{act}: what would be done with the people who are ticked.
func (s *server) bulkForm(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.bulkSubject(r)
	if err != nil {
		return err
	}
	return s.actPage(w, r, http.StatusOK, sub, readPeopleForm(r.URL.Query()), page.PeopleActProps{})
}

// bulkSubmit handles POST /bulk/users/{act}.
func (s *server) bulkSubmit(w http.ResponseWriter, r *http.Request) error {
	sub, err := s.bulkSubject(r)
	if err != nil {
		return err
	}
	return s.actSubmit(w, r, sub)
}

func (s *server) bulkSubject(r *http.Request) (subject, error) {
	act, ok := actByPath(r.PathValue("act"))
	if !ok || !act.many {
		return subject{}, errNoAct
	}
	users, err := s.Lists.Selected(r.Context(), ownerOf(r))
	if err != nil {
		return subject{}, fmt.Errorf("read ticks: %w", err)
	}
	return subject{act: act, users: users, here: route.UsersBulk(act.path), back: route.Users}, nil
}

func ownerOf(r *http.Request) directory.Owner {
	p := personFrom(r.Context())
	return directory.Owner{Issuer: p.Issuer, Subject: p.Subject}
}

// actSubmit does it, and says what came of it.
func (s *server) actSubmit(w http.ResponseWriter, r *http.Request, sub subject) error {
	ctx := r.Context()
	values, err := form(r, "role")
	if err != nil {
		return err
	}
	f := readPeopleForm(values)
	in, ok := sub.act.input(sub.users, f)
	if !ok {
		return s.actPage(w, r, http.StatusUnprocessableEntity, sub, f, page.PeopleActProps{Problems: problems{{Field: chooseField(sub.act), Message: "Choose this first."}}})
	}
	if f.Email != "" {
		if f.Email, err = joiners.NormaliseEmail(f.Email); err != nil {
			return s.actPage(w, r, http.StatusUnprocessableEntity, sub, f, page.PeopleActProps{Problems: problems{{Field: "email", Message: "This is not an e-mail address that can be invited."}}})
		}
		in, _ = sub.act.input(sub.users, f)
	}
	if sub.act.typed {
		plan, err := s.Changes.Preview(ctx, actorFrom(ctx), personFrom(ctx), in)
		if err != nil {
			return err
		}
		if want := typedFor(sub, plan.Open()); f.Typed != want {
			return s.actPage(w, r, http.StatusUnprocessableEntity, sub, f, page.PeopleActProps{Problems: problems{{Field: "typed", Message: "This does not match. Type " + want + "."}}})
		}
	}
	c, err := s.submit(r, in)
	if trouble, ok := complaint(err); ok {
		return s.actPage(w, r, http.StatusUnprocessableEntity, sub, f, page.PeopleActProps{Problems: trouble})
	}
	if errors.Is(err, fault.Conflict) {
		f.Shown = ""
		return s.actPage(w, r, http.StatusConflict, sub, f, page.PeopleActProps{Alert: &component.AlertProps{Tone: component.ToneWarning, Title: "Not done yet",
			Text: fault.Message(err), Focus: true, TestID: "too-late"}})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", in.Recipe, err)
	}
	if err := s.actDone(w, r, sub, &c); err != nil {
		return err
	}
	if !c.State.Ended() {
		return redirect(w, r, route.Change(c.ID)) // it waits, or goes on in the background
	}
	if sub.one != nil && sub.act.act == access.DeleteUser {
		return redirect(w, r, route.Change(c.ID))
	}
	return redirect(w, r, sub.back)
}

func chooseField(a peopleAct) string {
	if a.choose == "held" {
		return "role"
	}
	return a.choose
}

// typedFor is what has to be typed before people are deleted.
func typedFor(sub subject, n int) string {
	if sub.one != nil {
		return sub.one.Name
	}
	return fmt.Sprint(n)
}

// actDone leaves a message about a change that has ended, and unticks the people for whom it is done.
func (s *server) actDone(w http.ResponseWriter, r *http.Request, sub subject, c *change.Change) error {
	ctx := r.Context()
	rows, _, err := s.Changes.Rows(ctx, actorFrom(ctx), c.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		return fmt.Errorf("rows of %s: %w", c.ID, err)
	}
	if sub.one == nil {
		var settled []id.User
		for _, row := range rows {
			if row.State.Good() || !c.State.Ended() {
				settled = append(settled, row.User)
			}
		}
		if _, err := s.Lists.Select(ctx, ownerOf(r), settled, nil); err != nil {
			return fmt.Errorf("untick: %w", err)
		}
	}
	if !c.State.Ended() {
		return nil
	}
	kind, text := actResult(sub, rows)
	flash := auth.Flash{Kind: string(kind), Text: text, LinkURL: route.Change(c.ID), LinkLabel: "See details"}
	s.undoSoon(actorFrom(ctx), c, &flash)
	return s.Sessions.AddFlash(w, r, flash)
}

// actResult is the sentence about a finished act. It counts what was read back, not what was asked for.
func actResult(sub subject, rows []change.Row) (layout.ToastKind, string) {
	done, nothing := 0, 0
	var bad *change.Row
	for i := range rows {
		switch {
		case rows[i].State == change.Done:
			done++
		case rows[i].State == change.Nothing:
			nothing++
		case bad == nil:
			bad = &rows[i]
		}
	}
	switch {
	case len(rows) == 1 && nothing == 1:
		return layout.ToastInfo, rows[0].Subject + ": nothing to do. " + rows[0].Reason
	case len(rows) == 1 && bad != nil:
		return layout.ToastDanger, bad.Subject + ": " + bad.State.Word() + ". " + bad.Reason
	case bad != nil && done == 0:
		return layout.ToastDanger, fmt.Sprintf("None of %s is done. The first reason: %s", people(len(rows)), bad.Reason)
	case bad != nil:
		return layout.ToastWarning, fmt.Sprintf("%s of %s done. Those who are not are still ticked.", count(done), people(len(rows)))
	}
	text := fmt.Sprintf(sub.act.done, sub.who(done))
	if sub.one == nil && done != 1 {
		text = strings.NewReplacer("people has ", "people have ").Replace(text)
	}
	if nothing > 0 && sub.one == nil {
		text += " For " + people(nothing) + " there was nothing to do."
	}
	return layout.ToastSuccess, text
}

// mostActRows is how many rows the page shows; what is not possible comes first.
const mostActRows = 500

// actPage fills in the rest of the page.
func (s *server) actPage(w http.ResponseWriter, r *http.Request, status int, sub subject, f peopleForm, p page.PeopleActProps) error {
	ctx := r.Context()
	p.BackURL, p.Danger, p.Icon = sub.back, sub.act.danger, sub.act.icon
	if len(sub.users) == 0 {
		p.Empty = component.EmptyStateProps{Icon: component.IconUsers, Title: "Nobody is ticked", Text: "Tick people in the list first. Ticks are kept for a day.", TestID: "act-empty",
			Action: component.LinkButton(component.LinkButtonProps{Label: "Back to the list", URL: route.Users})}
	} else if err := s.actPlan(r, sub, f, &p); err != nil {
		return err
	}
	if sub.act.impact && sub.one != nil {
		p.Impact = s.impactOf(ctx, sub.one)
	}
	frame := layout.Props{Title: sub.act.label, Subtitle: sub.who(len(sub.users)), Crumbs: []layout.Crumb{{Label: "Users", URL: route.Users}}}
	if sub.one != nil {
		frame.Crumbs = append(frame.Crumbs, layout.Crumb{Label: sub.one.Name, URL: route.User(sub.one.ID)})
	}
	current := route.Users
	if sub.back == route.Me {
		current, frame.Crumbs = route.Me, []layout.Crumb{{Label: "My profile", URL: route.Me}}
	}
	var err error
	if p.Frame, err = s.frame(w, r, current, frame); err != nil {
		return err
	}
	return s.show(w, r, status, page.PeopleAct(p))
}

// actPlan works out what would be done. While something has to be chosen first, there is only the choice.
func (s *server) actPlan(r *http.Request, sub subject, f peopleForm, p *page.PeopleActProps) error {
	ctx := r.Context()
	s.actChoice(r, sub, f, p)
	shown := f
	shown.Shown = "" // the page shows the account as it is now
	in, ok := sub.act.input(sub.users, shown)
	if !ok {
		return nil
	}
	plan, err := s.Changes.Preview(ctx, actorFrom(ctx), personFrom(ctx), in)
	if trouble, ok := complaint(err); ok {
		if len(p.Problems) == 0 {
			p.Problems = trouble
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("plan %s: %w", in.Recipe, err)
	}
	s.actRows(r, plan, p)
	open := plan.Open()
	p.Verdict = &component.AlertProps{Tone: component.ToneInfo, Text: strings.TrimSpace(plan.Verdict.Sentence + " " + plan.Verdict.Help), TestID: "act-verdict"}
	switch {
	case open == 0 && plan.Verdict.Outcome != access.No:
		p.Verdict.Text = "There is nothing to do for anybody here. The list says why."
		if sub.one != nil && len(plan.Rows) > 0 {
			p.Verdict.Text = "There is nothing to do. " + plan.Rows[0].Note
		}
		return nil
	case plan.Verdict.Outcome == access.No:
		p.Verdict.Tone, p.Verdict.Title = component.ToneWarning, "This is not possible"
		return nil
	case plan.Verdict.Outcome == access.Direct:
		p.Verdict = nil
	}
	p.Meaning = sub.act.meaning
	p.Action, p.Submit, p.Reason = sub.here, fmt.Sprintf(sub.act.submit, sub.who(open)), f.Reason
	if plan.Verdict.Outcome == access.NeedsDecision {
		p.AskReason, p.Submit = true, "Ask: "+strings.ToLower(p.Submit[:1])+p.Submit[1:]
	}
	p.ReasonProblem = problems(p.Problems).of("reason")
	p.Hidden = append(actHidden(sub.act, f), component.Hidden{Name: "shown", Value: plan.Mark()})
	if sub.act.typed {
		want := typedFor(sub, open)
		label := "Type the number of people, " + want + ", to go on"
		if sub.one != nil {
			label = "Type the name, " + want + ", to go on"
		}
		p.Typed = &component.FieldProps{Name: "typed", Label: label, Value: f.Typed, Required: true, Autocomplete: "off", Error: problems(p.Problems).of("typed"), TestID: "typed"}
	}
	if sub.one == nil || sub.act.typed || len(f.Roles) > 0 {
		back := sub.here
		if q := actQuery(sub.act, f); len(q) > 0 {
			back = route.With(back, q)
		}
		p.Confirm = s.confirmNotice(r, "go on", back)
	}
	return nil
}

// actQuery and actHidden carry what was chosen.
func actQuery(a peopleAct, f peopleForm) url.Values {
	q := url.Values{}
	for _, h := range actHidden(a, f) {
		q.Add(h.Name, h.Value)
	}
	return q
}

func actHidden(a peopleAct, f peopleForm) []component.Hidden {
	var out []component.Hidden
	switch a.choose {
	case "role", "held":
		for _, r := range f.Roles {
			out = append(out, component.Hidden{Name: "role", Value: string(r)})
		}
	case "language":
		out = append(out, component.Hidden{Name: "language", Value: f.Language})
	case "team":
		out = append(out, component.Hidden{Name: "team", Value: string(f.Team)})
	case "email":
		out = append(out, component.Hidden{Name: "email", Value: f.Email})
	}
	return out
}

// actChoice offers what has to be chosen first.
func (s *server) actChoice(r *http.Request, sub subject, f peopleForm, p *page.PeopleActProps) {
	p.ChooseURL = sub.here
	snap := s.Directory.Current()
	problem := problems(p.Problems).of(chooseField(sub.act))
	role := ""
	if len(f.Roles) > 0 {
		role = string(f.Roles[0])
	}
	switch sub.act.choose {
	case "role", "held":
		p.Select = &component.SelectProps{Name: "role", Label: "Role", Value: role, Empty: "Choose a role", Error: problem, TestID: "act-role"}
		for _, known := range snap.Roles() {
			held := sub.one != nil && slices.Contains(sub.one.Roles, known.ID)
			if sub.one == nil || held == (sub.act.choose == "held") {
				p.Select.Options = append(p.Select.Options, component.Option{Value: string(known.ID), Label: known.Name})
			}
		}
	case "language":
		p.Select = &component.SelectProps{Name: "language", Label: "Language", Value: f.Language, Empty: "Choose a language", Error: problem, Options: s.languages(""), TestID: "act-language"}
	case "team":
		p.Select = &component.SelectProps{Name: "team", Label: "Team", Value: string(f.Team), Empty: "Choose a team", Error: problem, TestID: "act-team"}
		for _, t := range s.view(r.Context()).Teams() {
			if t.Active {
				p.Select.Options = append(p.Select.Options, component.Option{Value: string(t.ID), Label: t.Name})
			}
		}
	case "email":
		p.Field = &component.FieldProps{Name: "email", Label: "Right address", Type: "email", Value: f.Email, Autocomplete: "off", Required: true, Error: problem, TestID: "act-email"}
		if sub.one != nil {
			p.Field.Hint = "The invitation went to " + sub.one.Email
		}
	}
}

// languages are the choices of language; one that is not known is among them if a person has it.
func (s *server) languages(have string) []component.Option {
	codes := s.Joiners.Codes()
	if have != "" && !slices.Contains(codes, have) {
		codes = append(codes, have)
	}
	out := make([]component.Option, len(codes))
	for i, c := range codes {
		out[i] = component.Option{Value: c, Label: languageName(c)}
	}
	return out
}

var actWords = map[change.Action]string{change.Update: "will be done", change.Create: "will be done", change.NothingToDo: "nothing to do", change.NotPossible: "not possible"}

func (s *server) actRows(r *http.Request, plan change.Preview, p *page.PeopleActProps) {
	rows := slices.Clone(plan.Rows)
	sums := map[string]int{}
	for i := range rows {
		sums[actWords[rows[i].Action]]++
	}
	p.Counts.Label = "What would be done"
	for _, word := range []string{"will be done", "nothing to do", "not possible"} {
		if sums[word] > 0 {
			p.Counts.Items = append(p.Counts.Items, component.CountItem{Word: word, Count: sums[word]})
		}
	}
	rank := func(row *change.Row) int {
		switch {
		case row.Action == change.NotPossible:
			return 0
		case len(row.Flags) > 0:
			return 1
		case row.Action == change.NothingToDo:
			return 3
		}
		return 2
	}
	slices.SortStableFunc(rows, func(a, b change.Row) int { return rank(&a) - rank(&b) })
	view := s.view(r.Context())
	for i := range rows[:min(mostActRows, len(rows))] {
		row := &rows[i]
		out := page.PeopleActRow{Cell: component.UserCellProps{ID: string(row.User), Name: row.Subject, Email: row.Detail}, Old: row.Before, New: row.After, Flags: row.Flags, Note: row.Note,
			Word: actWords[row.Action], Tone: component.ToneSuccess}
		if row.Kind == string(access.SetLanguage) {
			out.Old, out.New = languageName(row.Before), languageName(row.After)
		}
		switch row.Action {
		case change.NothingToDo:
			out.Tone = component.ToneNeutral
		case change.NotPossible:
			out.Tone, out.New = component.ToneWarning, out.Old
		}
		if _, ok := view.User(row.User); ok && row.User != "" {
			out.Cell.URL = route.User(row.User)
		}
		p.Rows = append(p.Rows, out)
	}
	if more := len(rows) - len(p.Rows); more > 0 {
		p.More = "And " + people(more) + " more."
	}
}

// impactOf is what a person holds. Key results are asked for at Gtmhub; if it does not answer soon, the page says so.
func (s *server) impactOf(ctx context.Context, u *directory.User) []component.Definition {
	view := s.view(ctx)
	member, manages := view.TeamsOf(u.ID)
	led := map[id.User]bool{}
	var names []string
	for _, t := range manages {
		if !t.Active {
			continue
		}
		names = append(names, t.Name)
		for _, m := range t.Members {
			if m != u.ID {
				led[m] = true
			}
		}
	}
	out := []component.Definition{{Term: "Manages", Text: "no team"}}
	if len(names) > 0 {
		out[0] = component.Definition{Term: "Manages", Content: component.Badges(names, 4), Origin: fmt.Sprintf("%s, %s who would be without a manager", teamCount(len(names)), people(len(led)))}
	}
	out = append(out, component.Definition{Term: "Member of", Text: teamCount(len(member))})
	ctx, cancel := context.WithTimeout(ctx, freshFor)
	defer cancel()
	owned := component.Definition{Term: "Owns"}
	n, err := s.Directory.KeyResultsOf(ctx, u.ID)
	switch {
	case err != nil:
		s.Log.Debug("key results of a person", "err", err)
		owned.Text, owned.Origin = "not known", "Gtmhub did not answer about key results"
	case n == 1:
		owned.Text = "1 key result"
	default:
		owned.Text = count(n) + " key results"
	}
	if n > 0 {
		owned.Origin = "somebody else has to take them over in Gtmhub"
	}
	licence := component.Definition{Term: "Licence", Text: "frees one"}
	if u.Deactivated {
		licence.Text = "none in use"
	}
	return append(out, owned, licence)
}

func teamCount(n int) string {
	switch n {
	case 0:
		return "no team"
	case 1:
		return "1 team"
	}
	return count(n) + " teams"
}
