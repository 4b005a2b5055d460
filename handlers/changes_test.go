package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
)

// submit makes a change as a person, the way a form does.
func submit(t *testing.T, p *handlertest.Portal, c *handlertest.Client, in change.Input) change.Change {
	t.Helper()
	s := c.Session
	person := change.Person{Kind: access.ByPerson, Issuer: s.Issuer, Subject: s.Subject, User: s.User, Name: s.Name, Email: s.Email, Groups: s.Groups}
	b := actor.Builder{Directory: func() *directory.Snapshot { return p.App.Directory.Current() },
		Grants: actor.Grants{HR: []string{"group:portal-hr"}, Approvers: []string{"group:portal-approver"}}}
	out, err := p.App.Changes.Submit(t.Context(), b.Actor(person), person, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// invitation asks for n new people in one team. The first two have something to look at.
func invitation(p *handlertest.Portal, n int) change.Input {
	team := p.Team("Website Maintainers")
	in := change.Invitations{}
	for i := 1; i <= n; i++ {
		who := change.Invitee{Line: i, Email: fmt.Sprintf("new.person%d@northwind.example", i), FirstName: "New", LastName: fmt.Sprintf("Person %d", i), Teams: []id.Team{team.ID}}
		if i == n {
			who.Flags = []string{"outside address"}
		}
		in.People = append(in.People, who)
	}
	return change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "New colleagues start on Monday."}
}

func ids(doc *htmltest.Doc, testID, attr string) []string {
	var out []string
	for _, n := range doc.Find(`[data-testid="` + testID + `"]`) {
		out = append(out, n.Attr(attr))
	}
	return out
}

// sums are the numbers of the main step by word, and their total, as the page shows them.
func sums(t *testing.T, doc *htmltest.Doc) (map[string]int, int) {
	t.Helper()
	out := map[string]int{}
	for _, n := range doc.Find(`[data-testid="step-main"] [data-count]`) {
		k, err := strconv.Atoi(n.Attr("data-count"))
		if err != nil {
			t.Fatal(err)
		}
		out[n.Attr("data-testid")] = k
	}
	total := out["rows-total"]
	delete(out, "rows-total")
	return out, total
}

func TestRequestsByBox(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	hr, approver := p.As(handlertest.HR), p.As(handlertest.HRApprover)
	empty := hr.Get(route.Changes).Doc()
	if got := empty.MustOne(`[data-testid="empty"]`).Text(); !strings.Contains(got, "Nothing waits for you") {
		t.Errorf("empty inbox: %q", got)
	}
	submit(t, p, hr, invitation(p, 3))
	for _, tc := range []struct {
		name  string
		as    *handlertest.Client
		box   string
		tabs  []string
		shown []string
	}{
		{"another HR person decides", approver, "", []string{"tab-waiting", "tab-mine", "tab-all"}, []string{"1"}},
		{"not the requester", hr, "waiting", []string{"tab-waiting", "tab-mine", "tab-all"}, nil},
		{"the requester has it", hr, "mine", []string{"tab-waiting", "tab-mine", "tab-all"}, []string{"1"}},
		{"the auditor sees all", p.As(handlertest.Auditor), "all", []string{"tab-mine", "tab-all"}, []string{"1"}},
		{"an approver decides", p.As(handlertest.Approver), "", []string{"tab-waiting", "tab-mine", "tab-all"}, []string{"1"}},
		{"an approver has decided nothing", p.As(handlertest.Approver), "all", []string{"tab-waiting", "tab-mine", "tab-all"}, nil},
		{"a lead has their own, and what is asked of their teams", p.As(handlertest.Lead), "all", []string{"tab-waiting", "tab-mine"}, nil},
		{"an employee has their own", p.As(handlertest.Employee), "all", []string{"tab-mine"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			page := tc.as.Get(route.With(route.Changes, url.Values{"box": {tc.box}}))
			if page.Status != http.StatusOK {
				t.Fatalf("status %d: %s", page.Status, page.Body)
			}
			doc := page.Doc()
			htmltest.CheckPage(t, doc)
			var tabs []string
			for _, a := range doc.Find(`[data-testid="tabs"] a`) {
				tabs = append(tabs, a.Attr("data-testid"))
			}
			if diff := cmp.Diff(tc.tabs, tabs); diff != "" {
				t.Errorf("tabs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.shown, ids(doc, "change", "data-number")); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
	row := approver.Get(route.Changes).Doc().MustOne(`[data-testid="change"]`).Text()
	for _, want := range []string{"#1", "Invite 3 people", "Zhen", "waiting for a decision", "3 people", "3 waiting", "New colleagues start on Monday.", "in 3 days"} {
		if !strings.Contains(row, want) {
			t.Errorf("the row %q lacks %q", row, want)
		}
	}
	if got := approver.Get(route.Home).Doc().MustOne(`[data-testid="nav-requests"]`).Text(); !strings.Contains(got, "1 waiting") {
		t.Errorf("navigation: %q has no number", got)
	}
	// Whoever corrects a request cannot decide on it, so it does not wait for them.
	at := approver.Get(route.Changes).Doc().MustOne(`[data-testid="change"] a`).Attr("href")
	correct := formOf(approver.Get(at+"/correct").Doc(), `form[data-testid="correct-form"]`)
	for name := range correct {
		if strings.HasPrefix(name, string(joiners.FieldEmail)+"-") {
			correct.Set(name, "corrected@northwind.example")
			correct.Set("person", strings.TrimPrefix(name, string(joiners.FieldEmail)+"-"))
			break
		}
	}
	if got := approver.Post(at+"/correct", correct).Status; got != http.StatusSeeOther {
		t.Fatalf("correct: %d", got)
	}
	if got := ids(approver.Get(route.Changes).Doc(), "change", "data-number"); len(got) != 0 {
		t.Errorf("requests that the person has edited wait for them: %v", got)
	}
	if got := ids(p.As(handlertest.Approver).Get(route.Changes).Doc(), "change", "data-number"); len(got) != 1 {
		t.Errorf("for others wait %v", got)
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr, approver := p.As(handlertest.HR), p.As(handlertest.HRApprover)
	c := submit(t, p, hr, invitation(p, 5))
	at := route.Change(c.ID)

	doc := approver.Get(at).Doc()
	htmltest.CheckPage(t, doc)
	if got := doc.MustOne(`[data-testid="approve"]`).Text(); got != "Approve all 5" {
		t.Errorf("button %q", got)
	}
	if got := doc.Find(`[data-testid="row"]`)[0].Text(); !strings.Contains(got, "Person 5") || !strings.Contains(got, "outside address") {
		t.Errorf("the risky row is not the first one: %q", got)
	}
	if words, total := sums(t, doc); total != 5 || !cmp.Equal(words, map[string]int{"count-waiting": 5}) {
		t.Errorf("sums %v of %d", words, total)
	}
	rows := ids(doc, "row", "data-row")
	form := url.Values{"version": {doc.MustOne(`input[name=version]`).Attr("value")}, "hash": {doc.MustOne(`input[name=hash]`).Attr("value")},
		"reject": {rows[0], rows[3]}, "do": {"approve"}}

	t.Run("the requester cannot, though HR", func(t *testing.T) {
		doc := hr.Get(at).Doc()
		htmltest.CheckPage(t, doc)
		if doc.Count(`[data-testid="decide-form"]`) != 0 {
			t.Error("the requester has the form")
		}
		if got := doc.MustOne(`[data-testid="why-not"]`).Text(); !strings.Contains(got, "You made this request") {
			t.Errorf("why not: %q", got)
		}
		if got := hr.Post(route.ChangeAct(c.ID, "decide"), form).Status; got != http.StatusForbidden {
			t.Errorf("the requester's decision: status %d, want 403", got)
		}
	})
	t.Run("a rejection needs a reason, ticks stay", func(t *testing.T) {
		page := approver.Post(route.ChangeAct(c.ID, "decide"), form)
		if page.Status != http.StatusUnprocessableEntity {
			t.Fatalf("status %d, want 422", page.Status)
		}
		doc := page.Doc()
		htmltest.CheckPage(t, doc)
		if n := doc.Count(`input[name=reject][checked]`); n != 2 {
			t.Errorf("%d ticks are kept, want 2", n)
		}
		if got := doc.MustOne(`[data-testid="approve"]`).Text(); got != "Approve 3 of 5" {
			t.Errorf("button %q", got)
		}
		if !strings.Contains(doc.Text(), "Say why you reject") {
			t.Error("nothing says what is missing")
		}
	})
	t.Run("others do not see it", func(t *testing.T) {
		for _, v := range []handlertest.Viewpoint{handlertest.Employee, handlertest.Lead, handlertest.Operator} {
			if got := p.As(v).Get(at).Status; got != http.StatusNotFound {
				t.Errorf("%s: status %d, want 404", v.Name, got)
			}
		}
	})
	if got, err := p.App.Store.Changes().Change(t.Context(), c.ID); err != nil || got.State != change.Waiting {
		t.Fatalf("after all refusals the request is %s, %v", got.State, err)
	}

	form.Set("ready", "The team is wrong for this person.")
	form.Set("reason", "Ask again next week.")
	page := approver.Post(route.ChangeAct(c.ID, "decide"), form)
	if page.Status != http.StatusSeeOther || page.Location() != at {
		t.Fatalf("status %d to %q: %s", page.Status, page.Location(), page.Body)
	}
	done := p.WaitFor(c.ID)
	if diff := cmp.Diff(change.Counts{change.Done: 3, change.RejectedRow: 2}, done.Main()); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	doc = hr.Get(at).Doc()
	htmltest.CheckPage(t, doc)
	if words, total := sums(t, doc); total != 5 || !cmp.Equal(words, map[string]int{"count-done": 3, "count-rejected": 2}) {
		t.Errorf("sums %v of %d", words, total)
	}
	if got := doc.MustOne(`[data-testid="step-1-total"]`).Attr("data-count"); got != "5" {
		t.Errorf("teams: %s rows, want 5", got)
	}
	text := doc.Text()
	for _, want := range []string{"finished", "approved it without 2 rows", "The team is wrong for this person. Ask again next week.", "asked for this", "The run started", "The run finished"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	t.Run("nothing failed, nothing to retry", func(t *testing.T) {
		got := hr.Post(route.ChangeAct(c.ID, "retry"), nil)
		if said := got.Doc().MustOne(`[data-testid="too-late"]`).Text(); got.Status != http.StatusConflict || !strings.Contains(said, "There is nothing to try again") {
			t.Errorf("%d %q", got.Status, said)
		}
	})
	t.Run("approving without anybody is a rejection", func(t *testing.T) {
		c := submit(t, p, hr, change.Input{Recipe: change.InvitePeople, Reason: "New.", Fields: change.Fields(change.Invitations{People: []change.Invitee{
			{Line: 1, Email: "nobody1@northwind.example", FirstName: "No", LastName: "One", Teams: []id.Team{p.Team("Website Maintainers").ID}},
			{Line: 2, Email: "nobody2@northwind.example", FirstName: "No", LastName: "Two"}}})})
		rows := ids(approver.Get(route.Change(c.ID)).Doc(), "row", "data-row")
		got := approver.Post(route.ChangeAct(c.ID, "decide"), url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {"approve"}, "reject": rows, "reason": {"No."}})
		doc := approver.Get(got.Location()).Doc()
		if text := doc.MustOne(`[data-testid="timeline"]`).Text(); !strings.Contains(text, "rejected it") || strings.Contains(text, "approved") {
			t.Errorf("history: %q", text)
		}
		entries, err := p.App.Store.Audit().Entries(t.Context(), audit.Filter{Change: c.ID, Event: audit.Rejected})
		if err != nil || len(entries) != 1 {
			t.Errorf("%d entries about the rejection, %v", len(entries), err)
		}
	})
	t.Run("who comes second sees the result", func(t *testing.T) {
		form.Set("do", "reject")
		second := p.As(handlertest.LeadWithSub)
		if got := second.Post(route.ChangeAct(c.ID, "decide"), form).Status; got != http.StatusForbidden {
			t.Errorf("a lead: status %d, want 403", got)
		}
		page := approver.Post(route.ChangeAct(c.ID, "decide"), form)
		if page.Status != http.StatusConflict {
			t.Fatalf("status %d, want 409", page.Status)
		}
		doc := page.Doc()
		htmltest.CheckPage(t, doc)
		if got := doc.MustOne(`[data-testid="too-late"]`).Text(); !strings.Contains(got, "You have decided already") {
			t.Errorf("said: %q", got)
		}
		page = p.As(handlertest.Approver).Post(route.ChangeAct(c.ID, "decide"), form)
		if page.Status != http.StatusConflict || !strings.Contains(page.Body, "Somebody was faster") {
			t.Errorf("an approver who does not see it any more: status %d: %s", page.Status, page.Doc().Text())
		}
	})
}

// decideAs approves a request.
func decideAs(t *testing.T, p *handlertest.Portal, v handlertest.Viewpoint, c change.Change) {
	t.Helper()
	got := p.As(v).Post(route.ChangeAct(c.ID, "decide"), url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {"approve"}})
	if got.Status != http.StatusSeeOther {
		t.Fatalf("decide: %d", got.Status)
	}
}

func TestDecideFaster(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	asked := p.As(handlertest.Approver)
	untold := submit(t, p, p.As(handlertest.Lead), invitation(p, 2))
	decideAs(t, p, handlertest.HRApprover, untold)
	for range 3 {
		if _, err := p.App.Notices.Derive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c := submit(t, p, p.As(handlertest.Lead), invitation(p, 2))
	if _, err := p.App.Notices.Derive(t.Context()); err != nil {
		t.Fatal(err)
	}
	form := url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {"approve"}}
	if got := p.As(handlertest.HRApprover).Post(route.ChangeAct(c.ID, "decide"), form).Status; got != http.StatusSeeOther {
		t.Fatalf("first decision: status %d", got)
	}
	page := p.As(handlertest.HR).Post(route.ChangeAct(c.ID, "decide"), form)
	if page.Status != http.StatusConflict {
		t.Fatalf("second decision: status %d, want 409", page.Status)
	}
	if got := page.Doc().MustOne(`[data-testid="too-late"]`).Text(); !strings.Contains(got, "was faster") {
		t.Errorf("said: %q", got)
	}
	// An approver who was asked, and who may not see the request any more, learns who decided what, and no more.
	for status, page := range map[int]*handlertest.Page{http.StatusOK: asked.Get(route.Change(c.ID)), http.StatusConflict: asked.Post(route.ChangeAct(c.ID, "decide"), form)} {
		if page.Status != status {
			t.Fatalf("who was asked: %d, want %d", page.Status, status)
		}
		doc := page.Doc()
		htmltest.CheckPage(t, doc)
		got := doc.MustOne(`[data-testid="decided-meanwhile"]`).Text()
		if !strings.Contains(got, p.User(handlertest.HRApprover.Email).Name+" has already decided this") || !strings.Contains(got, "approved on ") {
			t.Errorf("said: %q", got)
		}
		if strings.Contains(page.Body, c.Title) || strings.Contains(page.Body, p.User(handlertest.Lead.Email).Name) {
			t.Error("the page tells what the request was about, or whose it was")
		}
	}
	for name, got := range map[string]int{
		"an approver who was not told": asked.Get(route.Change(untold.ID)).Status, "an employee": p.As(handlertest.Employee).Get(route.Change(c.ID)).Status,
		"another lead": p.As(handlertest.LeadWithSub).Get(route.Change(c.ID)).Status, "the rows, for the approver who was asked": asked.Get(route.Change(c.ID) + "/return.csv").Status,
	} {
		if got != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", name, got)
		}
	}
	form.Set("hash", strings.Repeat("0", 64))
	if got := p.As(handlertest.HR).Post(route.ChangeAct(c.ID, "decide"), form).Status; got != http.StatusConflict {
		t.Errorf("another list: status %d, want 409", got)
	}
}

// Pages and searches of the list while deciding are buttons of the form: ticks come along.
func TestTicksTravel(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	c := submit(t, p, p.As(handlertest.HR), invitation(p, 120))
	approver := p.As(handlertest.HRApprover)
	doc := approver.Get(route.Change(c.ID)).Doc()
	if n := doc.Count(`[data-testid="row"]`); n != 120 {
		t.Fatalf("%d rows are shown while deciding, want all 120", n)
	}
	rows := ids(doc, "row", "data-row")
	form := url.Values{"version": {"1"}, "hash": {c.Hash}, "reject": {rows[3], rows[70]}, "page": {"2"}, "size": {"50"}, "reason": {"No."}}
	doc = approver.Post(route.ChangeAct(c.ID, "decide"), form).Doc()
	htmltest.CheckPage(t, doc)
	if diff := cmp.Diff(rows[50:100], ids(doc, "row", "data-row")); diff != "" {
		t.Errorf("second page (-want +got):\n%s", diff)
	}
	if got := doc.MustOne(`input[name=reject][type=hidden]`).Attr("value"); got != rows[3] {
		t.Errorf("the tick of the first page is lost")
	}
	if got := doc.MustOne(`input[name=reject][checked]`).Attr("value"); got != rows[70] {
		t.Errorf("the tick of this page is lost")
	}
	if got := doc.MustOne(`[data-testid="approve"]`).Text(); got != "Approve 118 of 120" {
		t.Errorf("button %q", got)
	}
	form.Set("q", "Person 77")
	form.Set("page", "1")
	doc = approver.Post(route.ChangeAct(c.ID, "decide"), form).Doc()
	if n := doc.Count(`[data-testid="row"]`); n != 1 {
		t.Errorf("a search shows %d rows, want 1", n)
	}
	if n := doc.Count(`input[name=reject]`); n != 3 { // two hidden ones and the box of the row that is shown
		t.Errorf("%d fields named reject, want 3", n)
	}
	if got, err := p.App.Store.Changes().Change(t.Context(), c.ID); err != nil || got.State != change.Waiting || len(got.Decisions) != 0 {
		t.Errorf("looking decided something: %s, %v", got.State, err)
	}
	form.Set("reject", "../../etc")
	if got := approver.Post(route.ChangeAct(c.ID, "decide"), form).Status; got != http.StatusUnprocessableEntity {
		t.Errorf("a row that is none: status %d, want 422", got)
	}
	// Rows that were rejected are no progress of the run.
	form["reject"], form["do"] = []string{rows[3], rows[70]}, []string{"approve"}
	if got := approver.Post(route.ChangeAct(c.ID, "decide"), form).Status; got != http.StatusSeeOther {
		t.Fatalf("approve: %d", got)
	}
	if err := p.App.Store.Changes().Move(t.Context(), c.ID, []change.State{change.Approved}, change.Running, ""); err != nil {
		t.Fatal(err)
	}
	if got := approver.Get(route.Change(c.ID)).Doc().MustOne(`[data-testid="progress"]`).Text(); !strings.HasPrefix(got, "0 of 118") {
		t.Errorf("progress %q", got)
	}
}

func TestRunIsShown(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	hr := p.As(handlertest.HR)
	c := submit(t, p, hr, invitation(p, 120))
	at := route.Change(c.ID)
	if got := p.As(handlertest.HRApprover).Post(route.ChangeAct(c.ID, "decide"), url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {"approve"}}).Status; got != http.StatusSeeOther {
		t.Fatalf("decide: status %d", got)
	}
	if _, err := p.App.Runner.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	doc := hr.Get(at).Doc()
	htmltest.CheckPage(t, doc)
	words, total := sums(t, doc)
	n := 0
	for _, k := range words {
		n += k
	}
	if total != 120 || n != 120 || words["count-done"] == 0 || words["count-waiting"] == 0 {
		t.Errorf("in the middle: %v of %d", words, total)
	}
	progress := doc.MustOne(`[data-testid="progress"]`)
	if got := progress.Text(); !strings.HasPrefix(got, strconv.Itoa(words["count-done"])+" of 120") || !strings.Contains(got, "a minute") || !strings.Contains(got, "left") {
		t.Errorf("progress %q", got)
	}
	if got := progress.MustOne(`progress`).Attr("max"); got != "120" {
		t.Errorf("progress goes to %s", got)
	}
	if doc.MustOne(`[data-testid="change-run"]`).Attr("hx-trigger") != "every 2s" {
		t.Error("the running page does not ask again")
	}
	if !strings.Contains(doc.Text(), "You can close this page") {
		t.Error("nothing says that the page may be closed")
	}

	part := poll(t, hr, p, at, url.Values{"word": {"done"}})
	if part.Count("h1") != 0 || part.Count(`#change-run`) != 1 || part.MustOne(`#change-rows`).Attr("hx-swap-oob") != "true" {
		t.Error("the part is not the run with the rows beside it")
	}
	for _, row := range part.Find(`[data-testid="row"] td[data-label=Account] [data-testid="row-state"]`) {
		if row.Text() != "done" {
			t.Errorf("a row under done is %q", row.Text())
		}
	}

	for _, step := range []struct {
		act   string
		state string
		next  []string
	}{
		{"pause", "paused", []string{"resume", "cancel"}},
		{"resume", "running", []string{"pause", "cancel"}},
		{"cancel", "cancelled", nil},
	} {
		if page := hr.Post(route.ChangeAct(c.ID, step.act), nil); page.Status != http.StatusSeeOther {
			t.Fatalf("%s: status %d: %s", step.act, page.Status, page.Doc().Text())
		}
		doc := hr.Get(at).Doc()
		htmltest.CheckPage(t, doc)
		if got := doc.MustOne(`[data-testid="change-run"] [data-testid="change-state"]`).Text(); got != step.state {
			t.Errorf("after %s it is %q", step.act, got)
		}
		var acts []string
		for _, b := range doc.Find(`[data-testid="change-run"] form button`) {
			acts = append(acts, b.Attr("data-testid"))
		}
		if diff := cmp.Diff(step.next, acts); diff != "" {
			t.Errorf("acts after %s (-want +got):\n%s", step.act, diff)
		}
	}
	last := poll(t, hr, p, at, nil)
	if last.MustOne(`[data-testid="change-run"]`).HasAttr("hx-trigger") {
		t.Error("the ended part asks again")
	}
	if got := last.MustOne(`[data-testid="change-run"]`).Attr("data-announce"); !strings.Contains(got, "cancelled") {
		t.Errorf("announced: %q", got)
	}
	if got := hr.Get(at).Doc().MustOne(`[data-testid="again-note"] a`).Attr("href"); got != route.Invite {
		t.Errorf("from the cancelled request the way leads to %q", got)
	}
	if page := hr.Post(route.ChangeAct(c.ID, "cancel"), nil); page.Status != http.StatusSeeOther || !strings.Contains(hr.Get(at).Doc().Text(), "is cancelled already") {
		t.Errorf("cancel twice: status %d", page.Status)
	}
	if page := hr.Post(route.ChangeAct(c.ID, "pause"), nil); page.Status != http.StatusConflict || !strings.Contains(page.Body, "Not possible any more") {
		t.Errorf("pause after the end: status %d", page.Status)
	}
}

// poll asks for the parts as the page does while it runs.
func poll(t *testing.T, c *handlertest.Client, p *handlertest.Portal, at string, q url.Values) *htmltest.Doc {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+route.With(at, q), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Target", "change-run")
	page := c.Do(r)
	if page.Status != http.StatusOK {
		t.Fatalf("poll: status %d", page.Status)
	}
	return page.Doc()
}

func TestSteeringIsForRequesterAndHR(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	lead := p.As(handlertest.Lead)
	c := submit(t, p, lead, invitation(p, 2))
	for _, act := range []string{"withdraw", "pause", "resume", "cancel", "retry"} {
		for _, tc := range []struct {
			as   handlertest.Viewpoint
			want int
		}{{handlertest.Employee, 404}, {handlertest.LeadWithSub, 404}, {handlertest.Auditor, 403}} {
			if got := p.As(tc.as).Post(route.ChangeAct(c.ID, act), nil).Status; got != tc.want {
				t.Errorf("%s by %s: status %d, want %d", act, tc.as.Name, got, tc.want)
			}
		}
	}
	for _, path := range []string{"/changes/nosuchrequest", "/changes/..%2f1", "/changes/nosuchrequest/return.csv"} {
		if got := lead.Get(path).Status; got != http.StatusNotFound {
			t.Errorf("GET %s: status %d, want 404", path, got)
		}
	}
	if got := p.As(handlertest.HR).Post(route.ChangeAct(c.ID, "withdraw"), nil).Status; got != http.StatusForbidden {
		t.Errorf("withdraw by HR: status %d, want 403", got)
	}
	for _, act := range []string{"start", "retry", "answer"} {
		got := lead.Post(route.ChangeAct(c.ID, act), url.Values{"answer": {"yes"}})
		if said := got.Doc().MustOne(`[data-testid="too-late"]`).Text(); got.Status != http.StatusConflict || !strings.Contains(said, "Not possible yet") || !strings.Contains(said, "still waits for a decision") {
			t.Errorf("%s while it waits: %d %q", act, got.Status, said)
		}
	}
	back := url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {"return"}, "ready": {"The team is wrong for this person."}}
	if got := p.As(handlertest.HR).Post(route.ChangeAct(c.ID, "decide"), back); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "Write the question") {
		t.Errorf("sent back without a question: %d", got.Status)
	}
	back.Set("reason", "Which team?")
	if got := p.As(handlertest.HR).Post(route.ChangeAct(c.ID, "decide"), back).Status; got != http.StatusSeeOther {
		t.Fatalf("sent back: %d", got)
	}
	for _, tc := range []struct {
		answer string
		want   int
		says   string
	}{
		{"This one.", http.StatusSeeOther, "Your answer was sent"}, {"This one.", http.StatusSeeOther, "stored already"}, {"Another one.", http.StatusConflict, "There is an answer already"},
	} {
		got := lead.Post(route.ChangeAct(c.ID, "answer"), url.Values{"answer": {tc.answer}})
		text := got.Body
		if got.Status == http.StatusSeeOther {
			text = lead.Get(route.Change(c.ID)).Body
		}
		if got.Status != tc.want || !strings.Contains(text, tc.says) {
			t.Errorf("answer %q: %d, want %d and %q", tc.answer, got.Status, tc.want, tc.says)
		}
	}
	if got := lead.Post(route.ChangeAct(c.ID, "withdraw"), nil).Status; got != http.StatusSeeOther {
		t.Errorf("withdraw by the requester: status %d, want 303", got)
	}
	if got := lead.Post(route.ChangeAct(c.ID, "withdraw"), nil).Status; got != http.StatusSeeOther {
		t.Errorf("withdrawn twice: status %d, want 303", got)
	}
	doc := lead.Get(route.Change(c.ID)).Doc()
	if !strings.Contains(doc.Text(), "is withdrawn already") {
		t.Error("the second click is not told that it is withdrawn already")
	}
	if got := doc.MustOne(`[data-testid="change-state"]`).Text(); got != "withdrawn" {
		t.Errorf("state %q", got)
	}
	if !strings.Contains(doc.MustOne(`[data-testid="timeline"]`).Text(), "withdrew it") {
		t.Error("the history lacks the withdrawal")
	}
}

func TestReturnFile(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	there := p.User(handlertest.Employee.Email)
	file := "Nr;Mail;Vorname;Name;Bemerkung\n1;ana.neu@northwind.example;Ana;Neu;=1+1\n2;" + there.Email + ";Catarina;Singh;da\n3;cleo.neu@northwind.example;Cleo;Neu;\n4;kaputt;X;Y;\n"
	format, err := json.Marshal(joiners.Format{Encoding: joiners.UTF8, Separator: ';', HasHeader: true, Columns: []joiners.Column{
		{Index: 0, Header: "Nr"}, {Index: 1, Header: "Mail", Field: joiners.FieldEmail}, {Index: 2, Header: "Vorname", Field: joiners.FieldFirstName},
		{Index: 3, Header: "Name", Field: joiners.FieldLastName}, {Index: 4, Header: "Bemerkung"}}})
	if err != nil {
		t.Fatal(err)
	}
	in := change.Invitations{People: []change.Invitee{
		{Line: 1, Email: "ana.neu@northwind.example", FirstName: "Ana", LastName: "Neu"},
		{Line: 2, Email: there.Email, FirstName: "Catarina", LastName: "Singh"},
		{Line: 3, Email: "cleo.neu@northwind.example", FirstName: "Cleo", LastName: "Neu"},
	}}
	hr, approver := p.As(handlertest.HR), p.As(handlertest.HRApprover)
	c := submit(t, p, hr, change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "Neue Kollegen.",
		Source: &change.Source{Name: "Neue Kollegen.csv", Data: []byte(file), Format: format}})
	doc := approver.Get(route.Change(c.ID)).Doc()
	var cleo string
	for _, row := range doc.Find(`[data-testid="row"]`) {
		if strings.Contains(row.Text(), "Cleo") {
			cleo = row.Attr("data-row")
		}
	}
	approver.Post(route.ChangeAct(c.ID, "decide"), url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {"approve"}, "reject": {cleo}, "reason": {"Later."}})
	p.WaitFor(c.ID)
	ana := p.User("ana.neu@northwind.example")
	page := hr.Get(hr.Get(route.Change(c.ID)).Doc().MustOne(`[data-testid="return-file"]`).Attr("href"))
	if page.Status != http.StatusOK || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/csv") || !strings.Contains(page.Header.Get("Content-Disposition"), `filename="request-1-return.csv"`) {
		t.Fatalf("status %d, header %v", page.Status, page.Header)
	}
	lines := strings.Split(strings.TrimSuffix(strings.TrimPrefix(page.Body, "\uFEFF"), "\r\n"), "\r\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines, want 5:\n%s", len(lines), page.Body)
	}
	for i, want := range []string{
		`"Nr";"Mail";"Vorname";"Name";"Bemerkung";`,
		`"1";"ana.neu@northwind.example";"Ana";"Neu";"'=1+1";"done";"";"` + string(ana.ID) + `"`,
		`"2";"` + there.Email + `";"Catarina";"Singh";"da";"nothing to do";`,
		`"3";"cleo.neu@northwind.example";"Cleo";"Neu";"";"rejected";"Later.";""`,
		`"4";"kaputt";"X";"Y";"";"not sent";"Was not part of the request.";""`,
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d: %s\nwant it to begin with %s", i+1, lines[i], want)
		}
	}
	if !strings.HasSuffix(lines[2], `;"`+string(there.ID)+`";"2"`) {
		t.Errorf("the user who is there already has no id: %s", lines[2])
	}
	if got := p.As(handlertest.Lead).Get(route.ChangeReturn(c.ID)).Status; got != http.StatusNotFound {
		t.Errorf("the file for a stranger: status %d, want 404", got)
	}
}

func TestDirectChangeShowsItsResult(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	team := p.Team("Website Maintainers")
	lead := p.As(handlertest.Lead)
	c := submit(t, p, lead, change.Input{Recipe: change.AddMembers, Fields: change.Fields(change.Members{Team: team.ID, Users: []id.User{p.User(handlertest.Employee.Email).ID}})})
	p.WaitFor(c.ID)
	doc := lead.Get(route.Change(c.ID)).Doc()
	htmltest.CheckPage(t, doc)
	if words, total := sums(t, doc); total != 1 || words["count-done"] != 1 {
		t.Errorf("sums %v of %d", words, total)
	}
	text := doc.Text()
	for _, want := range []string{"Needs no decision", "You may change the members of a team that you manage", "member of Website Maintainers", "made this change"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if doc.Count(`[data-testid="return-file"]`) != 0 {
		t.Error("a change without a file offers one")
	}
}

func TestHostileTextOfRequests(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	const bad = `<script>alert(1)</script>"'&`
	in := invitation(p, 2)
	people := change.Invitations{People: []change.Invitee{
		{Line: 1, Email: "a@northwind.example", FirstName: bad, LastName: strings.Repeat("Wolfeschlegelsteinhausen ", 8), Flags: []string{bad}},
		{Line: 2, Email: "b@northwind.example", FirstName: "فاطمة", LastName: "‏الزهراء"}}}
	in.Fields, in.Reason = change.Fields(people), bad
	c := submit(t, p, p.As(handlertest.HR), in)
	for _, path := range []string{route.Change(c.ID), route.Changes, route.With(route.Audit, url.Values{"q": {bad}, "change": {bad}}), route.With(route.Change(c.ID), url.Values{"q": {bad}, "word": {bad}, "step": {bad}})} {
		page := p.As(handlertest.HRApprover).Get(path)
		if page.Status != http.StatusOK {
			t.Errorf("GET %s: status %d", path, page.Status)
		}
		htmltest.CheckPage(t, page.Doc())
		if strings.Contains(page.Body, "<script>alert") {
			t.Errorf("GET %s holds the script", path)
		}
	}
}

func TestRowsOfTheTable(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	hr := p.As(handlertest.HR)
	c := submit(t, p, hr, invitation(p, 60))
	shown := func(q url.Values) *htmltest.Doc {
		page := hr.Get(route.With(route.Change(c.ID), q))
		if page.Status != http.StatusOK {
			t.Fatalf("%v: status %d", q, page.Status)
		}
		return page.Doc()
	}
	first, second := ids(shown(nil), "row", "data-row"), ids(shown(url.Values{"page": {"2"}}), "row", "data-row")
	if len(first) != 50 || len(second) != 10 || slices.Contains(second, first[0]) {
		t.Errorf("pages of %d and %d rows", len(first), len(second))
	}
	for _, tc := range []struct {
		name string
		q    url.Values
		want int
	}{
		{"by word", url.Values{"word": {"done"}}, 0},
		{"by name", url.Values{"q": {"PERSON 33"}}, 1},
		{"of another step", url.Values{"step": {"2"}, "word": {"waiting"}, "size": {"25"}}, 25},
		{"no such word", url.Values{"word": {"nonsense"}, "size": {"100"}}, 60},
		{"beyond the last page", url.Values{"page": {"99"}}, 0},
	} {
		doc := shown(tc.q)
		htmltest.CheckPage(t, doc)
		if got := doc.Count(`[data-testid="row"]`); got != tc.want {
			t.Errorf("%s: %d rows, want %d", tc.name, got, tc.want)
		}
	}
}
