package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/store/pgtest"
)

// TestOddText sends NUL and bytes that are no UTF-8 wherever a page takes text. PostgreSQL refuses both.
func TestOddText(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{DatabaseURL: pgtest.URL(t)})
	hr, approver := j.As(handlertest.HR), j.As(handlertest.HRApprover)
	const odd = "odd\x00 \xff text"
	list := "Email,First name,Last name\nodd1@northwind.example,Ann,One\nodd2@northwind.example,Ann,Two\nodd3@northwind.example,Ann,Three\n"
	up := hr.Upload("/invite", "file", "a\xff.csv", []byte(list), nil)
	if up.Status != http.StatusSeeOther {
		t.Fatalf("upload: %d %s", up.Status, up.Body)
	}
	draft := "/invite/" + strings.Split(up.Location(), "/")[2]
	version := func(path string) string {
		t.Helper()
		p := hr.Get(path)
		if p.Status != http.StatusOK {
			t.Fatalf("%s: %d", path, p.Status)
		}
		_, after, _ := strings.Cut(p.Body, `name="version" value="`)
		v, _, _ := strings.Cut(after, `"`)
		return v
	}
	well := func(what string, p *handlertest.Page) *handlertest.Page {
		t.Helper()
		if p.Status >= http.StatusInternalServerError {
			t.Errorf("%s: %d", what, p.Status)
		}
		return p
	}
	form := url.Values{"version": {version(draft + "/columns")}, "encoding": {string(joiners.UTF8)}, "separator": {"comma"}, "header": {"1"}, "do": {"continue"},
		"column-0": {"email"}, "column-1": {"firstName"}, "column-2": {"lastName"}}
	well("columns", hr.Post(draft+"/columns", form))
	well("edit", hr.Post(draft+"/check", url.Values{"version": {version(draft + "/check")}, "do": {"save-row"}, "row": {"1"}, "edit-firstName": {odd}, "edit-email": {odd}}))
	p := hr.Get(draft + "/review")
	_, after, _ := strings.Cut(p.Body, `name="seen" value="`)
	seen, _, _ := strings.Cut(after, `"`)
	sent := well("send", hr.Post(draft+"/review", url.Values{"version": {version(draft + "/review")}, "seen": {seen}, "reason": {odd}, "without": {"yes"}}))
	if sent.Status != http.StatusSeeOther {
		t.Fatalf("send: %d", sent.Status)
	}
	for _, path := range []string{"/audit?q=" + url.QueryEscape(odd), "/audit?change=" + url.QueryEscape(odd), "/users?q=" + url.QueryEscape(odd), "/teams?q=" + url.QueryEscape(odd), sent.Location() + "?q=" + url.QueryEscape(odd), "/changes?box=" + url.QueryEscape(odd)} {
		well(path, hr.Get(path))
	}
	p = well("show", approver.Get(sent.Location()))
	_, after, _ = strings.Cut(p.Body, `name="hash" value="`)
	hash, _, _ := strings.Cut(after, `"`)
	well("search", approver.Post(sent.Location()+"/decide", url.Values{"version": {"1"}, "hash": {hash}, "do": {"show"}, "q": {odd}, "reason": {odd}}))
	well("decide", approver.Post(sent.Location()+"/decide", url.Values{"version": {"1"}, "hash": {odd}, "do": {"reject"}, "reason": {odd}}))
	well("decide", approver.Post(sent.Location()+"/decide", url.Values{"version": {"1"}, "hash": {hash}, "do": {"reject"}, "reason": {odd}}))
	if p := hr.Get(sent.Location()); p.Status != http.StatusOK || !strings.Contains(p.Body, "rejected") {
		t.Errorf("after the decision: %d, want the request as rejected", p.Status)
	}
	if r, err := j.App.Store.Audit().Verify(t.Context()); err != nil || r.Broken != 0 {
		t.Errorf("audit trail broken at %d (%s): %v", r.Broken, r.Why, err)
	}
}

// TestSplitInvitations invites one person after the other, each in a list that looks longer than it is. The sixth needs
// a second person all the same.
func TestSplitInvitations(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		beside func(j job, n int) change.Invitee
	}{
		{"beside a row that is not possible", func(_ job, n int) change.Invitee {
			return change.Invitee{Line: 2, FirstName: "Left", LastName: "Out", Problem: "Taken out of the list by the requester."}
		}},
		{"beside somebody who is there already", func(j job, n int) change.Invitee {
			return change.Invitee{Line: 2, FirstName: "Irina", LastName: "Kobayashi", Email: handlertest.Lead.Email}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t, handlertest.Options{})
			hr, me := j.person(handlertest.HR)
			for n := 1; n <= 6; n++ {
				in := change.Invitations{People: []change.Invitee{{Line: 1, FirstName: "Single", LastName: "Person", Email: fmt.Sprintf("single%d@northwind.example", n)}, tc.beside(j, n)}}
				c, err := j.App.Changes.Submit(t.Context(), hr, me, change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "one more"})
				if err != nil {
					t.Fatal(err)
				}
				if waits := c.State == change.Waiting; waits != (n == 6) {
					t.Errorf("invitation %d is %s", n, c.State)
				}
			}
		})
	}
}

// TestForeignTicks rejects rows of another request along with an own one: nothing is decided, nothing moves there.
func TestForeignTicks(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{Manual: true})
	hr, me := j.person(handlertest.HR)
	other := j.invite(3)
	in := change.Invitations{People: []change.Invitee{{Line: 1, FirstName: "Ann", LastName: "One", Email: "ann1@northwind.example"}, {Line: 2, FirstName: "Ann", LastName: "Two", Email: "ann2@northwind.example"}}}
	c, err := j.App.Changes.Submit(t.Context(), hr, me, change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "new"})
	if err != nil {
		t.Fatal(err)
	}
	approver, who := j.person(handlertest.HRApprover)
	foreign, _, err := j.App.Changes.Rows(t.Context(), approver, other.ID, change.RowFilter{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = j.App.Changes.Decide(t.Context(), approver, who, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: true, Reason: "not these", Reject: []id.Row{foreign[0].ID}})
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("decide: %v, want invalid", err)
	}
	for _, of := range []change.Change{other, c} {
		now, err := j.App.Changes.Show(t.Context(), hr, of.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range now.Counts {
			if s.Rows[change.Queued] != s.Rows.Total() {
				t.Errorf("%s, step %d: %v, want all waiting", now.Title, s.Step, s.Rows)
			}
		}
		if now.State != of.State {
			t.Errorf("%s: %s, want %s", now.Title, now.State, of.State)
		}
	}
}

// TestLongReason counts characters, as the page does.
func TestLongReason(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{Manual: true})
	hr, me := j.person(handlertest.HR)
	for _, tc := range []struct {
		letters int
		refused bool
	}{{change.MaxReason, false}, {change.MaxReason + 1, true}} {
		in := j.joiners(2)
		in.Reason = strings.Repeat("é", tc.letters)
		_, err := j.App.Changes.Submit(t.Context(), hr, me, in)
		if _, refused := errors.AsType[*fault.FieldError](err); refused != tc.refused {
			t.Errorf("%d letters: %v", tc.letters, err)
		}
	}
}

// TestNoTrace compares the answers about a request of others and about one that does not exist.
func TestNoTrace(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{Manual: true})
	c := j.invite(2)
	for _, v := range []handlertest.Viewpoint{handlertest.Employee, handlertest.Lead} {
		who := j.As(v)
		for _, path := range []string{"", "/return.csv"} {
			foreign, none := who.Get("/changes/"+string(c.ID)+path), who.Get("/changes/"+string(id.NewChange())+path)
			if foreign.Status != http.StatusNotFound || none.Status != http.StatusNotFound || len(foreign.Body) != len(none.Body) {
				t.Errorf("%s%s: %d with %d bytes, and %d with %d", v.Name, path, foreign.Status, len(foreign.Body), none.Status, len(none.Body))
			}
		}
	}
}

// TestLostRights takes something away from the requester, at Gtmhub only, while the request waits: nothing of it is done.
func TestLostRights(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, method, path string
		body               func(lead, hr id.User) string
	}{
		{"no manager any more", http.MethodPut, "/teams/{team}/manager", func(_, hr id.User) string { return `{"manager":"` + string(hr) + `"}` }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t, handlertest.Options{})
			lead, me := j.person(handlertest.Lead)
			team := j.Team("Website Maintainers")
			in := change.Invitations{People: []change.Invitee{{Line: 1, FirstName: "Ann", LastName: "One", Email: "ann1@northwind.example", Teams: []id.Team{team.ID}}}}
			c, err := j.App.Changes.Submit(t.Context(), lead, me, change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "new"})
			if err != nil {
				t.Fatal(err)
			}
			j.upstream(tc.method, strings.Replace(tc.path, "{team}", string(team.ID), 1), tc.body(me.User, j.User(handlertest.HR.Email).ID))
			approver, who := j.person(handlertest.HRApprover)
			if _, err := j.App.Changes.Decide(t.Context(), approver, who, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: true}); err != nil {
				t.Fatal(err)
			}
			if c = j.WaitFor(c.ID); c.Main()[change.RefusedRow] != 1 {
				t.Errorf("%v, want the row failed", c.Main())
			}
			j.once(0)
		})
	}
}

// upstream changes the account behind the portal's back.
func (j job) upstream(method, path, body string) {
	j.t.Helper()
	r := httptest.NewRequestWithContext(j.t.Context(), method, "/results/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer service-token")
	r.Header.Set("gtmhub-accountId", j.Emulator.AccountID())
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	j.Emulator.ServeHTTP(answer, r)
	if answer.Code >= 300 {
		j.t.Fatalf("emulator: %d %s", answer.Code, answer.Body)
	}
}

// TestDeactivatedStops wants a run to stop, without burning a row, when the person who asked or the one who approved
// has been deactivated meanwhile.
func TestDeactivatedStops(t *testing.T) {
	t.Parallel()
	for _, who := range []handlertest.Viewpoint{handlertest.HR, handlertest.HRApprover} {
		t.Run(who.Name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t, handlertest.Options{Manual: true})
			c := j.invite(3)
			j.upstream(http.MethodPost, "/users/deactivate", `["`+string(j.User(who.Email).ID)+`"]`)
			for range 3 {
				if _, err := j.App.Runner.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			c, err := j.App.Store.Changes().Change(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			if c.State != change.Paused || c.Main()[change.Queued] != 3 || !strings.Contains(c.Note, "deactivated") {
				t.Errorf("%s (%s), %v, want paused with 3 waiting", c.State, c.Note, c.Main())
			}
			j.once(0)
		})
	}
}

// TestInvitationGivesNobodyMore asks for roles of people who are there already by a list: what the form for roles asks or
// refuses holds all the same.
func TestInvitationGivesNobodyMore(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{})
	hr, me := j.person(handlertest.HR)
	snap := j.App.Directory.Current()
	role := func(name string) id.Role {
		for _, r := range snap.Roles() {
			if r.Name == name {
				return r.ID
			}
		}
		t.Fatalf("no role %s", name)
		return ""
	}
	invite := func(p handlertest.Viewpoint, role id.Role) (change.Change, error) {
		in := change.Invitations{People: []change.Invitee{{Line: 1, FirstName: "Some", LastName: "Body", Email: p.Email, Role: role}}}
		return j.App.Changes.Submit(t.Context(), hr, me, change.Input{Recipe: change.InvitePeople, Fields: change.Fields(in), Reason: "a role"})
	}
	c, err := invite(handlertest.HR, role("Team Lead"))
	if err != nil || c.State != change.Waiting {
		t.Errorf("a role for oneself: %s, %v; want it to wait for a second person", c.State, err)
	}
	if c, err = invite(handlertest.Employee, role("Viewer")); err != nil {
		t.Fatal(err)
	}
	rows, _, err := j.App.Store.Changes().Rows(t.Context(), c.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Step == 1 && (r.Action != change.NotPossible || !strings.Contains(r.Note, "cannot stand beside")) {
			t.Errorf("a role that only reads beside another one: %s %q, want it not possible, because", r.Action, r.Note)
		}
	}
}
