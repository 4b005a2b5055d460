package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// usersPending handles GET /users/pending: who was invited and has not signed in, the longest waiting first.
func (s *server) usersPending(w http.ResponseWriter, r *http.Request) error {
	return s.pendingPage(w, r, http.StatusOK, nil, nil)
}

// pendingPage draws the page; typed and wrong are those of a form of reminders that came back.
func (s *server) pendingPage(w http.ResponseWriter, r *http.Request, status int, typed url.Values, wrong problems) error {
	view, a := s.view(r.Context()), actorFrom(r.Context())
	q := pendingQuery(r)
	found := view.Users(q)
	on, err := s.ticks(r, view)
	if err != nil {
		return err
	}
	p := page.PendingProps{Total: found.Total, MayAct: a.HR,
		Search: component.SearchBoxProps{Action: route.UsersPending, Value: q.Text, Label: "Search by name or e-mail", Target: "#pending-list", TestID: "pending-search"},
		Pager:  pager(r, found.Page, found.Size, len(found.Items), found.Total, "open invitations"),
		Empty:  component.EmptyStateProps{Icon: component.IconMail, Title: "No open invitation", Text: "Everybody who was invited has signed in.", TestID: "pending-empty"}}
	if q.Text != "" {
		p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "Nobody matches", Text: "Try fewer letters.", TestID: "pending-empty"}
	}
	if err := s.reminderCard(r, &p, typed, wrong); err != nil {
		return err
	}
	reminded, err := s.reminderWords(r, &p, found.Items)
	if err != nil {
		return err
	}
	here := 0
	for _, u := range found.Items {
		row := page.PendingRow{UserRow: s.userRow(view, u), Waiting: waited(s, u), Withdrawn: u.Deactivated, ResendURL: route.UserAct(u.ID, "resend"), WithdrawURL: route.UserAct(u.ID, "deactivate"),
			CorrectURL: route.UserAct(u.ID, "correct-address"), DeleteURL: route.UserAct(u.ID, "delete")}
		row.Reminded, row.NextReminder = reminded(u)
		if row.Ticked = on[u.ID]; row.Ticked {
			here++
		}
		p.Rows = append(p.Rows, row)
	}
	p.Export = component.MenuProps{Label: "Export", Icon: component.IconDownload, Small: true, Variant: component.ButtonGhost, TestID: "pending-export", Items: []component.MenuItem{
		{Label: "Excel", URL: route.With(route.PendingXLSX, r.URL.Query()), TestID: "pending-export-xlsx"},
		{Label: "CSV", URL: route.With(route.PendingCSV, r.URL.Query()), TestID: "pending-export-csv"}}}
	p.Bulk = &page.UsersBulk{Action: route.UsersSelection, List: "pending", Back: r.URL.RawQuery, All: selectAll(view, q, found, on),
		Bar: bulkBar(len(on), here)}
	for _, act := range peopleActs {
		if a.HR && (act.path == "resend" || act.path == "deactivate" || act.path == "delete") || !a.HR && act.path == "deactivate" {
			label := act.label
			if act.path == "deactivate" {
				label = "Withdraw (deactivate)"
			}
			p.Bulk.Acts = append(p.Bulk.Acts, page.BulkAct{Value: act.path, Label: label, Danger: act.danger})
		}
	}
	subtitle := ""
	if p.Reminders != nil {
		subtitle = "Reminders are off; they are set below the list."
		if p.Reminders.MayTurnOff {
			subtitle = "Reminders are on; they are set below the list."
		}
	}
	if p.Frame, err = s.frame(w, r, route.Users, layout.Props{Title: "Open invitations", Count: count(found.Total), Subtitle: subtitle, Crumbs: []layout.Crumb{{Label: "Users", URL: route.Users}}, Actions: s.inviteButton(r)}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Pending(p), page.PendingList)
}

// reminderCard fills in the setting, for those who may change it.
func (s *server) reminderCard(r *http.Request, p *page.PendingProps, typed url.Values, wrong problems) error {
	if !actorFrom(r.Context()).May(access.RemindersSet) {
		return nil
	}
	set, err := s.Changes.Reminders(r.Context())
	if err != nil {
		return err
	}
	days, most := strconv.Itoa(change.UsualReminderDays), strconv.Itoa(change.UsualReminders)
	card := page.RemindersProps{Action: route.PendingReminders, Problems: wrong, Sentence: "Off: no reminder goes out."}
	if set.On() {
		days, most = strconv.Itoa(set.Days), strconv.Itoa(set.Most)
		card.MayTurnOff = true
		card.Sentence = "On: after " + plural(set.Days, "day") + " without a sign-in the invitation is sent again, " + timesWord(set.Most) + " at most. Mails go out after 8 in the morning."
	}
	if card.Due, err = s.dueForReminder(r, set); err != nil {
		return err
	}
	if typed != nil {
		days, most = typed.Get("days"), typed.Get("most")
	}
	card.Days = component.FieldProps{Name: "days", Label: "Days between two mails", Type: "number", Min: strconv.Itoa(change.LeastReminderDays), Max: strconv.Itoa(change.MostReminderDays), Value: days, Error: wrong.of("days"),
		Hint: "Counted from the last mail about the invitation, whoever sent it.", TestID: "reminders-days"}
	card.Most = component.FieldProps{Name: "most", Label: "Reminders per person at most", Type: "number", Min: "1", Max: strconv.Itoa(change.MostReminders), Value: most, Error: wrong.of("most"), TestID: "reminders-most"}
	p.Reminders = &card
	return nil
}

// dueForReminder says how many people the next morning would remind, with the setting or, while it is off, as proposed.
func (s *server) dueForReminder(r *http.Request, set change.Reminders) (string, error) {
	when := "The next morning "
	if !set.On() {
		set, when = change.Reminders{Days: change.UsualReminderDays, Most: change.UsualReminders}, "As proposed here, the next morning "
	}
	var users []id.User
	for _, u := range s.Directory.Current().Users() {
		if u.Remindable() {
			users = append(users, u.ID)
		}
	}
	got, err := s.Changes.Reminded(r.Context(), users)
	if err != nil {
		return "", err
	}
	n, now := 0, s.Now()
	for _, u := range users {
		known, _ := s.Directory.Current().User(u)
		if at, more := set.Next(known.Invited, now, got[u]); more && at.Before(now.AddDate(0, 0, 1)) {
			n++
		}
	}
	return when + "reminds " + people(n) + ".", nil
}

// reminderWords answers what stands in the row of each of the people.
func (s *server) reminderWords(r *http.Request, p *page.PendingProps, people []*directory.User) (func(*directory.User) (reminded, next string), error) {
	users := make([]id.User, len(people))
	for i, u := range people {
		users[i] = u.ID
	}
	set, err := s.Changes.Reminders(r.Context())
	if err != nil {
		return nil, err
	}
	got, err := s.Changes.Reminded(r.Context(), users)
	if err != nil {
		return nil, err
	}
	p.ShowReminders = set.On()
	for _, g := range got {
		p.ShowReminders = p.ShowReminders || g.Times > 0
	}
	now := s.Now()
	return func(u *directory.User) (reminded, next string) {
		g := got[u.ID]
		reminded = "none yet"
		if g.Times > 0 {
			reminded = timesWord(g.Times) + ", last mail " + ago(now, now.Add(-g.Ago))
		}
		if u.Deactivated || !set.On() {
			return reminded, ""
		}
		switch at, more := set.Next(u.Invited, now, g); {
		case !more:
			return reminded, "no more"
		case u.Invited.IsZero():
			return reminded, ""
		case at.After(now):
			return reminded, "next on " + s.day(at)
		}
		return reminded, "next in the coming morning"
	}, nil
}

func timesWord(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return count(n) + " times"
}

// remindersSave handles POST /users/pending/reminders.
func (s *server) remindersSave(w http.ResponseWriter, r *http.Request) error {
	v, err := form(r)
	if err != nil {
		return err
	}
	var set change.Reminders
	if !v.Has("off") {
		var wrong problems
		for _, field := range []struct {
			name string
			into *int
		}{{"days", &set.Days}, {"most", &set.Most}} {
			if *field.into, err = strconv.Atoi(strings.TrimSpace(v.Get(field.name))); err != nil || *field.into == 0 {
				wrong = append(wrong, component.Problem{Field: field.name, Message: "Enter a number, or turn reminders off."})
			}
		}
		if len(wrong) > 0 {
			return s.pendingPage(w, r, http.StatusUnprocessableEntity, v, wrong)
		}
	}
	err = s.Changes.SetReminders(r.Context(), actorFrom(r.Context()), set)
	if wrong, ok := complaint(err); ok {
		return s.pendingPage(w, r, http.StatusUnprocessableEntity, v, wrong)
	}
	if err != nil {
		return err
	}
	text := "Reminders are on: after " + plural(set.Days, "day") + ", " + timesWord(set.Most) + " at most."
	if !set.On() {
		text = "Reminders are off."
	}
	if err := s.say(w, r, layout.ToastSuccess, text); err != nil {
		return err
	}
	return redirect(w, r, route.UsersPending)
}

// pendingQuery chooses the open invitations that the address asks for.
func pendingQuery(r *http.Request) directory.UserQuery {
	v := r.URL.Query()
	return directory.UserQuery{Text: searchText(r), Status: []directory.Status{directory.Pending}, Sort: "invited", Page: positive(v.Get("page"), 1), Size: pageSize(v.Get("size"))}
}

// waited says how long somebody has had the invitation.
func waited(s *server, u *directory.User) string {
	if u.Invited.IsZero() {
		return ""
	}
	days := s.daysSince(u.Invited)
	switch {
	case days < 1:
		return "since today"
	case days == 1:
		return "1 day"
	case days >= 2*365:
		return strconv.Itoa(days/365) + " years"
	}
	return strconv.Itoa(days) + " days"
}

// daysSince counts whole days.
func (s *server) daysSince(t time.Time) int { return int(s.Now().Sub(t).Hours() / 24) }

// meAct handles POST /me/{act}: one's own name, language or settings, or a password mail to oneself.
func (s *server) meAct(w http.ResponseWriter, r *http.Request) error {
	a := actorFrom(r.Context())
	u, ok := s.Directory.Current().User(a.User)
	if !ok {
		return errNoAct
	}
	switch r.PathValue("act") {
	case "edit":
		return s.saveProfile(w, r, u.ID, route.Me, func(status int, edit profileEdit) error { return s.mePage(w, r, status, edit) })
	case "settings":
		return s.saveSettings(w, r, u)
	case "password":
		act, _ := actByPath("password")
		return s.actSubmit(w, r, subject{act: act, users: []id.User{u.ID}, one: u, here: route.MeAct("password"), back: route.Me})
	}
	return errNoAct
}

// ownProfile is what a person may change about themself.
func (s *server) ownProfile(u *directory.User, a access.Actor, edit profileEdit, p *page.MeProps) {
	facts := []access.User{{ID: u.ID, Name: u.Name}}
	v := s.Changes.Verdict(a, access.Question{Act: access.EditName, Users: facts, Rows: 1})
	if v.Outcome == access.No {
		return
	}
	p.EditURL = route.Me + "?edit="
	if p.Edit = s.profileProps(u, edit, route.MeAct("edit"), route.Me); p.Edit != nil {
		p.Edit.Asks = asksFirst(v)
	}
	if u.SSO {
		p.PasswordWhy = "You sign in with the company account, so there is no Gtmhub password to change."
	} else if u.Status == directory.Active {
		p.PasswordURL = route.MeAct("password")
	}
}
