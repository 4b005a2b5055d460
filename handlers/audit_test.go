package handlers_test

import (
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/change/kinds"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// sentences are the lines of the trail as shown.
func sentences(doc *htmltest.Doc) []string {
	var out []string
	for _, n := range doc.Find(`[data-testid="audit-entry"]`) {
		out = append(out, n.Text())
	}
	return out
}

func TestAuditTellsTheWholeStory(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr, approver := p.As(handlertest.HR), p.As(handlertest.HRApprover)
	if got := hr.Get(route.Audit).Doc().MustOne(`[data-testid="empty"]`).Text(); !strings.Contains(got, "Nothing has happened yet") {
		t.Errorf("empty trail: %q", got)
	}
	c := submit(t, p, hr, invitation(p, 3))
	rows, _, err := p.App.Store.Changes().Rows(t.Context(), c.ID, change.RowFilter{})
	if err != nil {
		t.Fatal(err)
	}
	approver.Post(route.ChangeAct(c.ID, "decide"), url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {"approve"}, "reject": {string(rows[0].ID)}, "reason": {"Not yet."}})
	p.WaitFor(c.ID)
	created := p.User("new.person2@northwind.example")

	page := p.As(handlertest.Auditor).Get(route.Audit)
	doc := page.Doc()
	htmltest.CheckPage(t, doc)
	all := strings.Join(sentences(doc), "\n")
	for _, want := range []string{
		"Zhen Müller asked for: Invite 3 people (#1) Invitations of 2 or more people need a second person.",
		"approved request #1, version 1, 1 rows rejected Not yet.",
		"The run of request #1 started",
		"Operation 6 (create user) called for New Person 2",
		"Outcome for New Person 2 (account): done user " + string(created.ID),
		"Operation 27 (set members) called for New Person 2",
		"6 create user",
		"The run of request #1 finished",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the trail lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(all)
	}
	if n := strings.Count(all, "called for New Person 1"); n != 0 {
		t.Errorf("%d calls for the person who was rejected", n)
	}

	for _, tc := range []struct {
		name  string
		query url.Values
		each  string // every line has it
		want  int    // at least
	}{
		{"by event", url.Values{"event": {"intent"}}, "called for", 4},
		{"by number", url.Values{"change": {"#1"}}, "#1", 8},
		{"by id", url.Values{"change": {string(c.ID)}}, "#1", 8},
		{"by name", url.Values{"q": {"person 3"}}, "New Person 3", 4},
		{"both", url.Values{"q": {"person 3"}, "event": {"outcome"}}, "Outcome for New Person 3", 2},
	} {
		lines := sentences(hr.Get(route.With(route.Audit, tc.query)).Doc())
		if len(lines) < tc.want {
			t.Errorf("%s: %d lines, want %d or more", tc.name, len(lines), tc.want)
		}
		for _, l := range lines {
			if !strings.Contains(l, tc.each) {
				t.Errorf("%s shows %q", tc.name, l)
			}
		}
	}
	for _, q := range []url.Values{{"change": {"99"}}, {"change": {"-1"}}, {"change": {"../x"}}, {"q": {"nobody of this name"}}} {
		page := hr.Get(route.With(route.Audit, q))
		if page.Status != http.StatusOK || !strings.Contains(page.Doc().MustOne(`[data-testid="empty"]`).Text(), "Nothing matches") {
			t.Errorf("%v: status %d", q, page.Status)
		}
	}
}

func TestAuditScope(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	lead, other := p.As(handlertest.Lead), p.As(handlertest.LeadWithSub)
	own := submit(t, p, lead, change.Input{Recipe: change.AddMembers, Fields: change.Fields(change.Members{Team: p.Team("Website Maintainers").ID, Users: []id.User{p.User(handlertest.Employee.Email).ID}})})
	byHR := submit(t, p, p.As(handlertest.HR), change.Input{Recipe: change.AddMembers, Fields: change.Fields(change.Members{Team: p.Team("Website Maintainers").ID, Users: []id.User{p.User(handlertest.Approver.Email).ID}})})
	p.WaitFor(own.ID)
	p.WaitFor(byHR.ID)
	mine := strings.Join(sentences(lead.Get(route.Audit).Doc()), "\n")
	for _, want := range []string{"made a change: Add Catarina Singh", "called for Catarina Singh", "called for " + p.User(handlertest.Approver.Email).Name} {
		if !strings.Contains(mine, want) {
			t.Errorf("the lead does not see %q of the own team in\n%s", want, mine)
		}
	}
	if strings.Contains(mine, "#2") {
		t.Error("the lead sees the number of a request by HR")
	}
	if got := sentences(other.Get(route.Audit).Doc()); len(got) != 0 {
		t.Errorf("another lead sees %q", got)
	}
	for _, v := range []handlertest.Viewpoint{handlertest.Employee, handlertest.Operator} {
		if got := p.As(v).Get(route.Audit).Status; got != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", v.Name, got)
		}
	}
}

func TestAuditPages(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	c := submit(t, p, p.As(handlertest.HR), invitation(p, 30))
	p.As(handlertest.HRApprover).Post(route.ChangeAct(c.ID, "decide"), url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {"approve"}})
	p.WaitFor(c.ID)
	hr := p.As(handlertest.HR)
	seen, at := map[string]bool{}, route.Audit
	for pages := 0; ; pages++ {
		doc := hr.Get(at).Doc()
		for _, seq := range ids(doc, "audit-entry", "data-seq") {
			if seen[seq] {
				t.Fatalf("entry %s is on two pages", seq)
			}
			seen[seq] = true
		}
		older := doc.Find(`[data-testid="audit-older"]`)
		if len(older) == 0 {
			if pages < 2 || doc.Count(`[data-testid="audit-newest"]`) != 1 {
				t.Errorf("%d pages, and no way back to the newest", pages+1)
			}
			break
		}
		at = older[0].Attr("href")
	}
	if !seen["1"] || len(seen) < 120 { // 30 people: two calls and two outcomes each
		t.Errorf("%d entries were shown, the first one: %v", len(seen), seen["1"])
	}
}

// The names on the audit page are those of operations that exist and write.
func TestOperationNames(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../gtmhub/operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	writes := map[int]bool{}
	for line := range strings.Lines(string(table)) {
		f := strings.Split(line, "\t")
		if n, err := strconv.Atoi(f[0]); err == nil && f[1] != http.MethodGet {
			writes[n] = true
		}
	}
	for n, name := range handlers.OperationNames {
		if !writes[n] || name == "" {
			t.Errorf("operation %d (%q) is none that writes", n, name)
		}
	}
	all, _ := kinds.All(nil, kinds.Settings{})
	for _, k := range all {
		if handlers.OperationNames[k.Operation()] == "" {
			t.Errorf("operation %d of %q has no name", k.Operation(), k.Name())
		}
	}
}
