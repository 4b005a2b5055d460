package handlers_test

import (
	"archive/zip"
	"encoding/csv"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// some are n people of the account who fit and are no viewpoint.
func some(t *testing.T, p *handlertest.Portal, n int, fits func(*directory.User) bool) []*directory.User {
	t.Helper()
	var out []*directory.User
	for _, u := range p.App.Directory.Current().Users() {
		viewpoint := slices.ContainsFunc(handlertest.Viewpoints(), func(v handlertest.Viewpoint) bool { return v.Email == u.Email })
		if len(out) < n && !viewpoint && fits(u) {
			out = append(out, u)
		}
	}
	if len(out) < n {
		t.Fatalf("%d such people, want %d", len(out), n)
	}
	return out
}

func isPlain(u *directory.User) bool {
	return u.Status == directory.Active && len(u.Manages) == 0 && len(u.Roles) == 1 && u.Roles[0] == "828ab3dc6c9743be5632d4ef"
}

func isPending(u *directory.User) bool { return u.Status == directory.Pending && !u.Deactivated }

// actForm is what the form of a page carries.
func actForm(t *testing.T, doc *htmltest.Doc, typed map[string]string) url.Values {
	t.Helper()
	v := url.Values{}
	for _, in := range doc.Find(`[data-testid="act-form"] input[type=hidden]`) {
		v.Add(in.Attr("name"), in.Attr("value"))
	}
	for k, s := range typed {
		v.Set(k, s)
	}
	return v
}

func userNow(t *testing.T, p *handlertest.Portal, u id.User) *directory.User {
	t.Helper()
	now, ok := p.App.Directory.Current().User(u)
	if !ok {
		t.Fatalf("no user %s", u)
	}
	return now
}

// TestActsOnOnePerson walks through the page of a person: look, see what would happen, do it, take it back.
func TestActsOnOnePerson(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	u := some(t, p, 1, isPlain)[0]
	doc := hr.Get(route.User(u.ID)).Doc()
	htmltest.CheckPage(t, doc)
	for _, want := range []string{"act-give-role-link", "act-take-role-link", "act-password-link", "act-deactivate-link", "edit-name-link"} {
		if doc.Count(`[data-testid="`+want+`"]`) != 1 {
			t.Errorf("the page has no %s", want)
		}
	}
	if why := doc.MustOne(`[data-testid="act-delete"] [data-testid="act-why"]`).Text(); !strings.Contains(why, "Deactivate the person first.") {
		t.Errorf("deleting somebody active: %q", why)
	}

	path := route.UserAct(u.ID, "deactivate")
	doc = hr.Get(path).Doc()
	htmltest.CheckPage(t, doc)
	if got := doc.MustOne(`[data-testid="act-submit"]`).Text(); got != "Deactivate "+u.Name {
		t.Errorf("button %q", got)
	}
	if got := doc.MustOne(`[data-testid="act-impact"]`).Text(); !strings.Contains(got, "frees one") || !strings.Contains(got, "key result") {
		t.Errorf("impact %q", got)
	}
	post(t, p, hr, path, actForm(t, doc, nil))
	if !userNow(t, p, u.ID).Deactivated {
		t.Fatal("the person is not deactivated")
	}
	doc = hr.Get(route.User(u.ID)).Doc()
	if doc.Count(`[data-testid="act-activate-link"]`) != 1 || doc.Count(`[data-testid="act-deactivate"]`) != 0 {
		t.Error("the page does not offer to activate")
	}

	// A stale page does nothing: the plan is another one now.
	if got := hr.Post(path, url.Values{"shown": {"something else"}}); got.Status != http.StatusConflict && got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a stale page: %d", got.Status)
	}

	// Delete: the name has to be typed, and somebody else decides.
	path = route.UserAct(u.ID, "delete")
	doc = hr.Get(path).Doc()
	if got := hr.Post(path, actForm(t, doc, map[string]string{"reason": "left", "typed": "somebody"})); got.Status != http.StatusUnprocessableEntity || got.Doc().Count(`[data-testid="error-summary"]`) != 1 {
		t.Errorf("another name: %d", got.Status)
	}
	got := hr.Post(path, actForm(t, doc, map[string]string{"reason": "left", "typed": u.Name}))
	c, ok := strings.CutPrefix(got.Location(), route.Changes+"/")
	if got.Status != http.StatusSeeOther || !ok {
		t.Fatalf("delete: %d to %s", got.Status, got.Location())
	}
	ch, err := p.App.Store.Changes().Change(t.Context(), id.Change(c))
	if err != nil || ch.State != change.Waiting || ch.Deciders != 1 {
		t.Errorf("the deletion is %s with %d deciders, %v", ch.State, ch.Deciders, err)
	}

	// A role: chosen first, then shown.
	u = some(t, p, 2, isPlain)[1]
	path = route.UserAct(u.ID, "give-role")
	if doc = hr.Get(path).Doc(); doc.Count(`[data-testid="act-form"]`) != 0 || doc.Count(`[data-testid="act-role"] option`) < 2 {
		t.Error("before a role is chosen there must be only the choice")
	}
	doc = hr.Get(path + "?role=6ae6e717940694a42c4d5144").Doc()
	post(t, p, hr, path, actForm(t, doc, nil))
	if !slices.Contains(userNow(t, p, u.ID).Roles, "6ae6e717940694a42c4d5144") {
		t.Error("the role was not given")
	}
	if doc = hr.Get(path + "?role=05e85cf56118e60283230ca6").Doc(); doc.Count(`[data-testid="act-form"]`) != 0 || !strings.Contains(doc.MustOne(`[data-testid="act-verdict"]`).Text(), "someone who holds it") {
		t.Error("an administrator role above one's own is offered")
	}
	// Oneself.
	if doc = hr.Get(route.UserAct(hr.Session.User, "deactivate")).Doc(); doc.Count(`[data-testid="act-form"]`) != 0 || !strings.Contains(doc.MustOne(`[data-testid="act-verdict"]`).Text(), "themself") {
		t.Error("one can deactivate oneself")
	}
}

// TestActsAreCutToTheScope: whoever is not HR gets no more than the table of who may do what gives.
func TestActsAreCutToTheScope(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	lead := p.As(handlertest.LeadWithSub)
	me := p.User(handlertest.LeadWithSub.Email)
	own := some(t, p, 1, func(u *directory.User) bool {
		return isPlain(u) && slices.ContainsFunc(u.Teams, func(x id.Team) bool { return slices.Contains(me.Manages, x) })
	})[0]
	foreign := some(t, p, 1, func(u *directory.User) bool {
		return isPlain(u) && !slices.ContainsFunc(u.Teams, func(x id.Team) bool { return slices.Contains(me.Manages, x) })
	})[0]
	doc := lead.Get(route.User(own.ID)).Doc()
	if doc.Count(`[data-testid="act-deactivate-link"]`) != 1 || doc.Count(`[data-testid="edit-name-link"]`) != 0 || doc.Count(`[data-testid="act-delete"]`) != 0 {
		t.Error("a lead sees other acts than the request for a deactivation")
	}
	if got := doc.MustOne(`[data-testid="user-only-hr"]`).Text(); !strings.Contains(got, "Ask HR") {
		t.Errorf("the way out: %q", got)
	}
	before := effects(p)
	missing := lead.Get(route.UserAct("ffffffffffffffffffffffff", "deactivate"))
	for _, act := range []string{"deactivate", "activate", "delete", "give-role", "take-role", "resend", "password", "correct-address"} {
		got := lead.Get(route.UserAct(foreign.ID, act))
		if got.Status != http.StatusNotFound {
			t.Errorf("%s of a foreign person: %d", act, got.Status)
		}
		if act == "deactivate" && len(got.Body) != len(missing.Body) {
			t.Error("a foreign person differs from one who does not exist")
		}
		if got := lead.Post(route.UserAct(foreign.ID, act), url.Values{"role": {"6ae6e717940694a42c4d5144"}, "typed": {foreign.Name}, "reason": {"x"}}); got.Status != http.StatusNotFound {
			t.Errorf("POST %s of a foreign person: %d", act, got.Status)
		}
		if act == "deactivate" {
			continue
		}
		if got := lead.Post(route.UserAct(own.ID, act), url.Values{"role": {"6ae6e717940694a42c4d5144"}, "typed": {own.Name}, "email": {"a@northwind.example"}, "reason": {"x"}}); got.Status < 400 {
			t.Errorf("POST %s of an own person: %d", act, got.Status)
		}
	}
	if got := lead.Post(route.UserEdit(own.ID), url.Values{"section": {"name"}, "first": {"Zoë"}, "wasFirst": {own.FirstName}, "last": {own.LastName}, "wasLast": {own.LastName}}); got.Status < 400 {
		t.Errorf("a lead edits a name: %d", got.Status)
	}
	// Ticks: a foreign person cannot be ticked, and is left out like one that does not exist.
	lead.Post(route.UsersSelection, url.Values{"do": {"keep"}, "user": {string(own.ID), string(foreign.ID), "ffffffffffffffffffffffff"}})
	doc = lead.Get(route.UsersBulk("deactivate")).Doc()
	if got := doc.Count(`[data-testid="act-row"]`); got != 1 {
		t.Errorf("%d people in the plan, want the own one only", got)
	}
	// A tick from before the right was lost makes the whole not found.
	if _, err := p.App.Store.UserLists().Select(t.Context(), directory.Owner{Issuer: lead.Session.Issuer, Subject: lead.Session.Subject}, nil, []id.User{own.ID, foreign.ID}); err != nil {
		t.Fatal(err)
	}
	if got := lead.Post(route.UsersBulk("deactivate"), url.Values{"reason": {"x"}}); got.Status != http.StatusNotFound {
		t.Errorf("a bulk with a foreign person: %d, want the whole refused", got.Status)
	}
	if got := effects(p); got != before {
		t.Errorf("%d writes", got-before)
	}
	// The export is the list, no more.
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(lead.Get(route.UsersCSV+"?status=all").Body, "\uFEFF"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(rows)-1, dataCount(t, lead.Get(route.Users+"?status=all").Doc(), "users-count"); got != want {
		t.Errorf("%d people in the file, %d in the list", got, want)
	}
	if slices.ContainsFunc(rows, func(r []string) bool { return r[2] == foreign.Email }) {
		t.Error("a foreign person is in the file")
	}
	// An employee: only themself.
	employee := p.As(handlertest.Employee)
	if got := employee.Get(route.User(p.User(handlertest.Employee.Email).ID)).Doc(); got.Count(`[data-testid="user-acts"]`)+got.Count(`[data-testid="user-dangers"]`) != 0 {
		t.Error("an employee is offered acts on the own page")
	}
	// Without the matching parts of its page nothing can be told about people elsewhere: the auditor reads only.
	if got := p.As(handlertest.Auditor).Get(route.Users).Doc(); got.Count(`[data-testid="bulk-form"]`) != 0 || got.Count(`[data-testid="users-export"]`) != 1 {
		t.Error("the auditor gets ticks, or no export")
	}
}

// TestBulkDeactivateAndUndo: ticks survive paging, the plan says who is skipped, the result is read back and undone.
func TestBulkDeactivateAndUndo(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	people := some(t, p, 5, isPlain)
	off := some(t, p, 1, func(u *directory.User) bool { return u.Status == directory.Inactive })[0]
	first, second := people[:3], people[3:]
	values := func(do string, users ...*directory.User) url.Values {
		v := url.Values{"do": {do}, "back": {"size=25"}}
		for _, u := range users {
			v.Add("user", string(u.ID))
			v.Add("shown", string(u.ID))
		}
		return v
	}
	if got := hr.Post(route.UsersSelection, values("keep", first...)); got.Status != http.StatusSeeOther || got.Location() != route.Users+"?size=25" {
		t.Fatalf("keep: %d to %s", got.Status, got.Location())
	}
	// Another page adds; a tick that is taken away on its page goes.
	v := values("deactivate", append(second, off)...)
	v.Add("shown", string(first[0].ID))
	got := hr.Post(route.UsersSelection, v)
	if got.Location() != route.UsersBulk("deactivate") {
		t.Fatalf("leads to %s", got.Location())
	}
	doc := hr.Get(got.Location()).Doc()
	htmltest.CheckPage(t, doc)
	for word, want := range map[string]string{"count-will-be-done": "4", "count-nothing-to-do": "1"} {
		if n := doc.MustOne(`[data-testid="` + word + `"]`).Attr("data-count"); n != want {
			t.Errorf("%s is %s, want %s", word, n, want)
		}
	}
	if b := doc.MustOne(`[data-testid="act-submit"]`).Text(); b != "Deactivate 4 people" {
		t.Errorf("button %q", b)
	}
	calls := p.Emulator.Counts().Effects
	got = post(t, p, hr, route.UsersBulk("deactivate"), actForm(t, doc, nil))
	if after := p.Emulator.Counts().Effects; after[8]-calls[8] != 1 || sum(after)-sum(calls) != 1 {
		t.Errorf("%v calls that wrote after %v, want one for all", after, calls)
	}
	for _, u := range append(slices.Clone(first[1:]), second...) {
		if !userNow(t, p, u.ID).Deactivated {
			t.Errorf("%s is not deactivated", u.ID)
		}
	}
	if userNow(t, p, first[0].ID).Deactivated {
		t.Error("somebody whose tick was taken away is deactivated")
	}
	doc = hr.Get(route.Users).Doc()
	if n := doc.MustOne(`[data-testid="bulk-bar"]`).Attr("data-selected"); n != "0" {
		t.Errorf("%s people are still ticked", n)
	}
	all, _, err := p.App.Store.Changes().Changes(t.Context(), change.Filter{Size: 25})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d changes, %v", len(all), err)
	}
	undo := hr.Get(route.ChangeAct(all[0].ID, "undo")).Doc()
	form := url.Values{}
	for _, in := range undo.Find(`[data-testid="undo-form"] input[type=hidden]`) {
		form.Add(in.Attr("name"), in.Attr("value"))
	}
	post(t, p, hr, route.ChangeAct(all[0].ID, "undo"), form)
	for _, u := range people {
		if userNow(t, p, u.ID).Deactivated {
			t.Errorf("%s is still deactivated after the undo", u.ID)
		}
	}
	if !userNow(t, p, off.ID).Deactivated {
		t.Error("the undo activated somebody whom the change had skipped")
	}

	// All that match, and clear.
	hr.Post(route.UsersSelection, url.Values{"do": {"all"}, "back": {"q=müller"}})
	want := dataCount(t, hr.Get(route.Users+"?q=m%C3%BCller").Doc(), "users-count")
	if n := hr.Get(route.Users).Doc().MustOne(`[data-testid="bulk-bar"]`).Attr("data-selected"); n != strconv.Itoa(want) {
		t.Errorf("%s ticked, want the %d that match", n, want)
	}
	hr.Post(route.UsersSelection, url.Values{"do": {"clear"}})
	if n := hr.Get(route.UsersBulk("deactivate")).Doc().Count(`[data-testid="act-empty"]`); n != 1 {
		t.Error("after clearing there is still a plan")
	}
	// As htmx asks: nothing is swapped.
	hr.HTMX = true
	if got := hr.Post(route.UsersSelection, url.Values{"user": {string(people[0].ID)}, "shown": {string(people[0].ID)}}); got.Status != http.StatusNoContent {
		t.Errorf("a tick: %d", got.Status)
	}
}

func sum(m map[int]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

// TestEditInPlace: only what differs is sent, and a newer value is shown instead of overwritten.
func TestEditInPlace(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	up := upstream(t, p)
	u := some(t, p, 1, isPlain)[0]
	form := func(c *handlertest.Client, path string) url.Values {
		doc := c.Get(path).Doc()
		htmltest.CheckPage(t, doc)
		v := url.Values{}
		for _, in := range doc.Find(`[data-testid="edit-form"] input`) {
			v.Set(in.Attr("name"), in.Attr("value"))
		}
		return v
	}
	v := form(hr, route.User(u.ID)+"?edit=name")
	untouched := effects(p)
	for name, says := range map[string]string{"Ana\u202e": "cannot be seen", "=1+1": "formula", "ana@northwind.example": "e-mail address", strings.Repeat("x", 101): "101 characters"} {
		v.Set("last", name)
		if got := hr.Post(route.UserEdit(u.ID), v); got.Status != http.StatusUnprocessableEntity || effects(p) != untouched || !strings.Contains(got.Doc().MustOne(`[data-testid="edit-form"]`).Text(), says) {
			t.Errorf("the name %q: %d, %d writes, %s", name, got.Status, effects(p)-untouched, got.Body)
		}
	}
	v.Set("last", "  von der  Aa ")
	post(t, p, hr, route.UserEdit(u.ID), v)
	now := userNow(t, p, u.ID)
	if now.LastName != "von der Aa" || now.FirstName != u.FirstName {
		t.Errorf("the name is %q %q", now.FirstName, now.LastName)
	}
	before := effects(p)
	if got := hr.Post(route.UserEdit(u.ID), form(hr, route.User(u.ID)+"?edit=name")); got.Status != http.StatusSeeOther || effects(p) != before {
		t.Errorf("nothing differs: %d, %d writes", got.Status, effects(p)-before)
	}

	v = form(hr, route.User(u.ID)+"?edit=name")
	if err := up.Users.SetName(t.Context(), gtmhub.ID(u.ID), "Meanwhile", ""); err != nil {
		t.Fatal(err)
	}
	before = effects(p)
	v.Set("first", "Yours")
	got := hr.Post(route.UserEdit(u.ID), v)
	text := got.Doc().MustOne(`[data-testid="newer"]`).Text()
	if got.Status != http.StatusConflict || effects(p) != before || !strings.Contains(text, u.FirstName) || !strings.Contains(text, "Meanwhile") || !strings.Contains(text, "Yours") {
		t.Errorf("a newer value: %d, %q", got.Status, text)
	}
	again := url.Values{}
	for _, in := range got.Doc().Find(`[data-testid="edit-form"] input`) {
		again.Set(in.Attr("name"), in.Attr("value"))
	}
	post(t, p, hr, route.UserEdit(u.ID), again)
	if userNow(t, p, u.ID).FirstName != "Yours" {
		t.Error("saving again did not put mine in its place")
	}
	v.Set("first", "")
	if got := hr.Post(route.UserEdit(u.ID), v); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("an empty name: %d", got.Status)
	}
	if got := hr.Post(route.UserEdit(u.ID), url.Values{"section": {"language"}, "language": {"../x"}, "wasLanguage": {u.Language}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("an odd language: %d", got.Status)
	}

	// One's own, as an employee.
	employee := p.As(handlertest.Employee)
	v = form(employee, route.Me+"?edit=name")
	v.Set("first", "Catarina Maria")
	post(t, p, employee, route.MeAct("edit"), v)
	if got := p.User(handlertest.Employee.Email).FirstName; got != "Catarina Maria" {
		t.Errorf("own name %q", got)
	}
	post(t, p, employee, route.MeAct("edit"), url.Values{"section": {"language"}, "language": {"fi"}, "wasLanguage": {p.User(handlertest.Employee.Email).Language}})
	if got := p.User(handlertest.Employee.Email).Language; got != "fi" {
		t.Errorf("own language %q", got)
	}
	post(t, p, employee, route.MeAct("password"), url.Values{})
	if got := p.Emulator.Mails(); len(got) != 1 || got[0].Kind != "password" || got[0].To != handlertest.Employee.Email {
		t.Errorf("mails %v", got)
	}
	if got := p.As(handlertest.Auditor).Post(route.MeAct("edit"), v); got.Status != http.StatusNotFound {
		t.Errorf("somebody without a Gtmhub user: %d", got.Status)
	}
}

// TestPendingInvitations: the page, sending again, and correcting an address.
func TestPendingInvitations(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	doc := hr.Get(route.UsersPending).Doc()
	htmltest.CheckPage(t, doc)
	want := len(some(t, p, 1, isPending)) // at least one
	if got := dataCount(t, doc, "pending-count"); got < want {
		t.Errorf("%d open invitations", got)
	}
	if doc.Count(`[data-testid="reminders-form"]`) != 1 || doc.Count(`[data-testid="reminders-off"]`) != 0 || doc.Count(`[data-testid="pending-reminded"]`) != 0 {
		t.Error("reminders are not off, or cannot be set")
	}
	for _, tc := range []struct {
		form   url.Values
		status int
	}{
		{url.Values{"days": {"x"}, "most": {"3"}}, http.StatusUnprocessableEntity},
		{url.Values{"days": {"1"}, "most": {"3"}}, http.StatusUnprocessableEntity},
		{url.Values{"days": {"7"}, "most": {"11"}}, http.StatusUnprocessableEntity},
		{url.Values{"days": {"7"}, "most": {"3"}}, http.StatusSeeOther},
	} {
		if got := hr.Post(route.PendingReminders, tc.form); got.Status != tc.status {
			t.Errorf("reminders %v: %d, want %d", tc.form, got.Status, tc.status)
		}
	}
	doc = hr.Get(route.UsersPending).Doc()
	htmltest.CheckPage(t, doc)
	if doc.Count(`[data-testid="pending-reminded"]`) == 0 || !strings.Contains(doc.MustOne(`[data-testid="reminders"]`).Text(), "after 7 days") {
		t.Error("the page does not show that reminders are on")
	}
	people := some(t, p, 3, isPending)
	v := url.Values{"do": {"resend"}, "list": {"pending"}, "user": {string(people[0].ID), string(people[1].ID)}}
	got := hr.Post(route.UsersSelection, v)
	doc = hr.Get(got.Location()).Doc()
	post(t, p, hr, route.UsersBulk("resend"), actForm(t, doc, nil))
	if n := len(p.Emulator.Mails()); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
	path := route.UserAct(people[2].ID, "correct-address")
	if got := hr.Get(path + "?email=" + url.QueryEscape(people[2].Email)).Doc(); got.Count(`[data-testid="act-form"]`) != 0 {
		t.Error("the same address is offered")
	}
	doc = hr.Get(path + "?email=right.one%40northwind.example").Doc()
	htmltest.CheckPage(t, doc)
	got = hr.Post(path, actForm(t, doc, map[string]string{"reason": "a slip"}))
	c := id.Change(strings.TrimPrefix(got.Location(), route.Changes+"/"))
	ch, err := p.App.Store.Changes().Change(t.Context(), c)
	if err != nil || ch.State != change.Waiting {
		t.Fatalf("%d to %s: %s, %v", got.Status, got.Location(), ch.State, err)
	}
	if got := p.As(handlertest.Employee).Get(route.UsersPending); got.Status != http.StatusForbidden {
		t.Errorf("an employee: %d", got.Status)
	}
}

// workbook reads the rows of an .xlsx file, as wide as the first.
func workbook(t *testing.T, p *handlertest.Page) [][]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(p.Body), int64(len(p.Body)))
	if err != nil {
		t.Fatalf("no workbook: %d, %v", p.Status, err)
	}
	f, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	var sheet struct {
		Rows []struct {
			Cells []struct {
				Ref  string `xml:"r,attr"`
				Type string `xml:"t,attr"`
				Text string `xml:"is>t"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.NewDecoder(f).Decode(&sheet); err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for _, row := range sheet.Rows {
		cells := make([]string, len(sheet.Rows[0].Cells))
		for _, c := range row.Cells {
			if c.Type != "inlineStr" {
				t.Fatalf("cell %s is no text", c.Ref)
			}
			cells[c.Ref[0]-'A'] = c.Text
		}
		out = append(out, cells)
	}
	return out
}

// testColumns: each person has columns of their own, on the page and in the file that is asked for as shown.
func testColumns(t *testing.T, p *handlertest.Portal, hr *handlertest.Client) {
	heads := func(c *handlertest.Client) string {
		var out []string
		for _, th := range c.Get(route.Users + "?size=25").Doc().Find(`[data-testid="users-table"] th`) {
			out = append(out, th.Text())
		}
		return strings.Join(out, ", ")
	}
	file := func(query string) string {
		return strings.Join(workbook(t, hr.Get(route.UsersXLSX+query))[0], ", ")
	}
	const usual, whole = "Selected, Person, Status, Roles, Teams, Invited", "First name, Last name, E-mail, Status, Roles, Teams, Manages, Language, Signs in with the company account, Invited on, Invited by, Created on, Id"
	if got := heads(hr) + "; " + file("") + "; " + file("?columns=shown"); got != usual+"; "+whole+"; First name, Last name, E-mail, Status, Roles, Teams, Invited on, Invited by, Id" {
		t.Errorf("before anything is chosen: %s", got)
	}
	got := hr.Post(route.UsersColumns, url.Values{"column": {"created", "language", "manages", "evil"}, "back": {"q=ra&page=2&evil=1"}})
	if got.Status != http.StatusSeeOther || got.Location() != route.Users+"?page=2&q=ra" {
		t.Errorf("choosing: %d to %s", got.Status, got.Location())
	}
	if got := heads(hr) + "; " + file("") + "; " + file("?columns=shown"); got != "Selected, Person, Status, Manages, Language, Created; "+whole+"; First name, Last name, E-mail, Status, Manages, Language, Created on, Id" {
		t.Errorf("chosen: %s", got)
	}
	doc := hr.Get(route.Users + "?manages=on&sort=created").Doc()
	htmltest.CheckPage(t, doc)
	for _, label := range []string{"Manages", "Language", "Created"} {
		if cell := doc.Find(`[data-testid="user-row"] [data-label="` + label + `"]`)[0]; cell.Text() == "–" || cell.Text() == "" {
			t.Errorf("%s of a manager is %q", label, cell.Text())
		}
	}
	if got := doc.MustOne(`th[aria-sort]`).Text(); got != "Created" {
		t.Errorf("sorted by %s", got)
	}
	if n := len(doc.Find(`[data-testid="users-columns"] input[checked]`)); n != 3 {
		t.Errorf("%d columns are ticked, want 3", n)
	}
	if got := heads(p.As(handlertest.HRApprover)); got != usual {
		t.Errorf("somebody else sees %s", got)
	}
	hr.Post(route.UsersColumns, nil)
	if got := heads(hr); got != "Selected, Person, Status" {
		t.Errorf("no column: %s", got)
	}
	hr.Post(route.UsersColumns, url.Values{"column": {"created"}, "do": {"usual"}})
	if got := heads(hr); got != usual {
		t.Errorf("the usual ones: %s", got)
	}
}

// testPendingFiles: the open invitations as a file are those of the page, and all that the page finds can be ticked.
func testPendingFiles(t *testing.T, p *handlertest.Portal, hr *handlertest.Client) {
	for _, tc := range []struct {
		query string
		as    *handlertest.Client
	}{{"", hr}, {"?q=an", hr}, {"", p.As(handlertest.LeadWithSub)}} {
		page := tc.as.Get(route.UsersPending + tc.query).Doc()
		rows := workbook(t, tc.as.Get(route.PendingXLSX+tc.query))
		if got, want := len(rows)-1, dataCount(t, page, "pending-count"); got != want {
			t.Errorf("%q: %d people in the file, %d on the page", tc.query, got, want)
		}
		text, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(tc.as.Get(route.PendingCSV+tc.query).Body, "\uFEFF"))).ReadAll()
		if diff := cmp.Diff(text, rows); err != nil || diff != "" {
			t.Errorf("%q: CSV and workbook differ: %v\n%s", tc.query, err, diff)
		}
		if len(rows) > 1 {
			first := page.Find(`[data-testid="pending-row"]`)[0]
			if rows[1][len(rows[1])-1] != first.Attr("data-id") || !strings.HasPrefix(rows[1][3], "pending") || rows[1][4] == "" || rows[0][4] != "Waiting (days)" {
				t.Errorf("%q: the file begins with %q", tc.query, rows[1])
			}
		}
	}
	want := dataCount(t, hr.Get(route.UsersPending+"?q=an").Doc(), "pending-count")
	if got := hr.Post(route.UsersSelection, url.Values{"do": {"all"}, "list": {"pending"}, "back": {"q=an"}}); got.Location() != route.UsersPending+"?q=an" {
		t.Errorf("ticking all leads to %s", got.Location())
	}
	page := hr.Get(route.UsersPending + "?q=an").Doc()
	if got := page.MustOne(`[data-testid="bulk-bar"]`).Attr("data-selected"); got != strconv.Itoa(want) {
		t.Errorf("%s ticked, want the %d that the page finds", got, want)
	}
	if page.Count(`[data-testid="bulk-all"]`) != 0 || hr.Get(route.UsersPending).Doc().Count(`[data-testid="bulk-all"]`) != 1 {
		t.Error("ticking all is offered where all are ticked, or not where some are not")
	}
	hr.Post(route.UsersSelection, url.Values{"do": {"clear"}})
}

// TestListFiltersAndViews: the further filters, and views that are kept.
func TestListFiltersAndViews(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	all := p.App.Directory.Current().Users()
	for _, tc := range []struct {
		query string
		keep  func(*directory.User) bool
	}{
		{"role=828ab3dc6c9743be5632d4ef&noteam=on", func(u *directory.User) bool {
			return u.Status != directory.Inactive && len(u.Teams) == 0 && slices.Contains(u.Roles, "828ab3dc6c9743be5632d4ef")
		}},
		{"lang=de&status=all", func(u *directory.User) bool { return u.Language == "de" }},
		{"manages=on&status=all", func(u *directory.User) bool { return len(u.Manages) > 0 }},
		{"noteam=on&status=all", func(u *directory.User) bool { return len(u.Teams) == 0 }},
		{"older=30&status=pending", func(u *directory.User) bool { return u.Status == directory.Pending && !u.Invited.IsZero() }},
		{"sso=yes&status=all", func(u *directory.User) bool { return u.SSO }},
		{"older=-1&sso=maybe&status=all", func(*directory.User) bool { return true }},
	} {
		want := 0
		for _, u := range all {
			if tc.keep(u) {
				want++
			}
		}
		doc := hr.Get(route.Users + "?" + tc.query).Doc()
		if got := dataCount(t, doc, "users-count"); got != want {
			t.Errorf("%s: %d people, want %d", tc.query, got, want)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(hr.Get(route.UsersCSV+"?"+tc.query).Body, "\uFEFF"))).ReadAll()
		if err != nil || len(rows)-1 != want {
			t.Errorf("%s: %d people in the file, want %d, %v", tc.query, len(rows)-1, want, err)
		}
		file := hr.Get(route.UsersXLSX + "?" + tc.query)
		if diff := cmp.Diff(rows, workbook(t, file)); diff != "" {
			t.Errorf("%s: CSV and workbook differ:\n%s", tc.query, diff)
		}
		if got := file.Header.Get("Content-Disposition"); got != `attachment; filename="users.xlsx"` {
			t.Errorf("the workbook comes as %s", got)
		}
	}
	testColumns(t, p, hr)
	testPendingFiles(t, p, hr)
	hr.Post(route.UsersViews, url.Values{"name": {"Old invitations"}, "back": {"status=pending&older=30&page=3&evil=1"}})
	link := hr.Get(route.Users).Doc().MustOne(`[data-testid="users-view"] a`)
	if link.Text() != "Old invitations" || link.Attr("href") != route.Users+"?older=30&status=pending" {
		t.Errorf("view %q leads to %s", link.Text(), link.Attr("href"))
	}
	if n := p.As(handlertest.HRApprover).Get(route.Users).Doc().Count(`[data-testid="users-view"]`); n != 0 {
		t.Error("somebody else sees the view")
	}
	hr.Post(route.UsersViews, url.Values{"delete": {"Old invitations"}})
	if n := hr.Get(route.Users).Doc().Count(`[data-testid="users-view"]`); n != 0 {
		t.Error("the view is still there")
	}
}
