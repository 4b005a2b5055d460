package handlers

import (
	"net/http"
	"net/url"
	"slices"
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
	reminded, err := s.reminders(r, &p, found.Items, typed, wrong)
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

// reminders fills in the setting, for those who may change it, and answers what stands in the row of each of the people shown.
func (s *server) reminders(r *http.Request, p *page.PendingProps, shown []*directory.User, typed url.Values, wrong problems) (func(*directory.User) (reminded, next string), error) {
	ctx := r.Context()
	set, err := s.Changes.Reminders(ctx)
	if err != nil {
		return nil, err
	}
	may := actorFrom(ctx).May(access.RemindersSet)
	var users []id.User
	for _, u := range shown {
		users = append(users, u.ID)
	}
	var open []*directory.User
	if may { // they see how many are due
		for _, u := range s.Directory.Current().Users() {
			if u.Remindable() {
				open, users = append(open, u), append(users, u.ID)
			}
		}
		slices.Sort(users)
		users = slices.Compact(users)
	}
	got, err := s.Changes.Reminded(ctx, users)
	if err != nil {
		return nil, err
	}
	if may {
		s.reminderCard(p, set, s.dueForReminder(set, open, got), typed, wrong)
	}
	return s.reminderWords(p, set, shown, got), nil
}

func (s *server) reminderCard(p *page.PendingProps, set change.Reminders, due string, typed url.Values, wrong problems) {
	days, most := strconv.Itoa(change.UsualReminderDays), strconv.Itoa(change.UsualReminders)
	card := page.RemindersProps{Action: route.PendingReminders, Problems: wrong, Due: due, Sentence: "Off: no reminder goes out."}
	if set.On() {
		days, most = strconv.Itoa(set.Days), strconv.Itoa(set.Most)
		card.MayTurnOff = true
		card.Sentence = "On: after " + plural(set.Days, "day") + " without a sign-in the invitation is sent again, " + timesWord(set.Most) + " at most. Mails go out after 8 in the morning."
	}
	if typed != nil {
		days, most = typed.Get("days"), typed.Get("most")
	}
	card.Days = component.FieldProps{Name: "days", Label: "Days between two mails", Type: "number", Min: strconv.Itoa(change.LeastReminderDays), Max: strconv.Itoa(change.MostReminderDays), Value: days, Error: wrong.of("days"),
		Hint: "Counted from the last mail about the invitation, whoever sent it.", TestID: "reminders-days"}
	card.Most = component.FieldProps{Name: "most", Label: "Reminders per person at most", Type: "number", Min: "1", Max: strconv.Itoa(change.MostReminders), Value: most, Error: wrong.of("most"), TestID: "reminders-most"}
	p.Reminders = &card
}

// dueForReminder says how many of the open invitations the next morning would remind of, with the setting or, while it is off, as
// proposed.
func (s *server) dueForReminder(set change.Reminders, open []*directory.User, got map[id.User]change.Reminded) string {
	when := "The next morning "
	if !set.On() {
		set, when = change.Reminders{Days: change.UsualReminderDays, Most: change.UsualReminders}, "As proposed here, the next morning "
	}
	n, now := 0, s.Now()
	for _, u := range open {
		if at, more := set.Next(u.Invited, now, got[u.ID]); more && at.Before(now.AddDate(0, 0, 1)) {
			n++
		}
	}
	return when + "reminds " + people(n) + "."
}

func (s *server) reminderWords(p *page.PendingProps, set change.Reminders, shown []*directory.User, got map[id.User]change.Reminded) func(*directory.User) (reminded, next string) {
	p.ShowReminders = set.On() || slices.ContainsFunc(shown, func(u *directory.User) bool { return got[u.ID].Times > 0 })
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
	}
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
