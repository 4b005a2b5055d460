package handlers_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/handlers"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
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

	page := p.As(handlertest.Auditor).Get(route.Audit)
	doc := page.Doc()
	htmltest.CheckPage(t, doc)
	all := strings.Join(sentences(doc), "\n")
	for _, want := range []string{
		"Zhen Müller asked for: Invite 3 people (#1) Invitations of 2 or more people need a second person.",
		"approved request #1, version 1, 1 row rejected Not yet.",
		"The run of request #1 started",
		"Call to Gtmhub for New Person 2: create user",
		"Outcome for New Person 2 (account): done See New Person 2",
		"Call to Gtmhub for New Person 2: set members",
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
	if n := strings.Count(all, "Call to Gtmhub for New Person 1"); n != 0 {
		t.Errorf("%d calls for the person who was rejected", n)
	}

	for _, tc := range []struct {
		name  string
		query url.Values
		each  string // every line has it
		want  int    // at least
	}{
		{"by event", url.Values{"event": {"intent"}}, "Call to Gtmhub for", 4},
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
	for _, want := range []string{"made a change: Add Catarina Singh", "Gtmhub for Catarina Singh", "Gtmhub for " + p.User(handlertest.Approver.Email).Name} {
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
	if err := p.App.Store.Audit().Append(t.Context(), audit.Entry{Who: audit.Who{Kind: access.ByPerson, Issuer: "x", Subject: "y", Name: "Somebody Else"}, Event: audit.SignedIn}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{route.AuditCSV, route.AuditLines} {
		got := lead.Get(at).Body
		if !strings.Contains(got, "Catarina Singh") || strings.Contains(got, "Somebody Else") || strings.Contains(got, "#2") || strings.Contains(got, `"request":2`) {
			t.Errorf("the export of the lead holds too little or too much:\n%s", got)
		}
		if all := p.As(handlertest.Auditor).Get(at).Body; !strings.Contains(all, "Somebody Else") {
			t.Errorf("the export of the auditor lacks an entry")
		}
		if got := other.Get(at).Body; strings.Contains(got, "Singh") || strings.Count(got, "\n") > 1 {
			t.Errorf("the export of another lead: %s", got)
		}
		if got := p.As(handlertest.Employee).Get(at).Status; got != http.StatusForbidden {
			t.Errorf("an employee gets %d from %s, want 403", got, at)
		}
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

func TestAuditFiltersAndExports(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	lead, team := p.User(handlertest.Lead.Email), p.Team("Website Maintainers")
	formula := audit.Who{Kind: access.ByPerson, Issuer: "i", Subject: "=1+1", User: "u77", Name: `=HYPERLINK("http://x.example")`}
	entries := []audit.Entry{{Who: formula, Event: audit.SignedIn, User: "u77"},
		{Who: formula, Event: audit.Outcome, Act: string(access.AddMember), User: lead.ID, Team: team.ID, TargetName: lead.Name, Operation: 27, After: "done"},
		{Who: audit.Who{Kind: access.BySchedule}, Event: audit.Checked, Before: "2 entries", After: "sound"}}
	for range 600 { // more than a part of an export
		entries = append(entries, audit.Entry{Who: audit.Who{Kind: access.ByPerson, Subject: "s", Name: "Li Wei"}, Event: audit.SignedOut})
	}
	if err := p.App.Store.Audit().Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	today := time.Now().UTC().Format(time.DateOnly)
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	for _, tc := range []struct {
		name  string
		query url.Values
		want  []string // entries, oldest first
	}{
		{"done by", url.Values{"by": {"hyperlink"}}, []string{"1", "2"}},
		{"about", url.Values{"about": {lead.Name}}, []string{"2"}},
		{"user", url.Values{"user": {string(lead.ID)}}, []string{"2"}},
		{"actor", url.Values{"actor": {"u77"}}, []string{"1", "2"}},
		{"team", url.Values{"team": {string(team.ID)}}, []string{"2"}},
		{"day and event", url.Values{"from": {today}, "until": {today}, "event": {"trail checked"}}, []string{"3"}},
		{"another day", url.Values{"from": {tomorrow}}, nil},
		{"no such request", url.Values{"change": {"99"}}, nil},
	} {
		doc := hr.Get(route.With(route.Audit, tc.query)).Doc()
		shown := ids(doc, "audit-entry", "data-seq")
		slices.Reverse(shown)
		if !slices.Equal(shown, tc.want) {
			t.Errorf("%s: page shows %q, want %q", tc.name, shown, tc.want)
		}
		if n := doc.Count(`[data-testid="chips"] a, .chips a`); n == 0 {
			t.Errorf("%s: the page does not say what is filtered", tc.name)
		}
		var lines []string
		for line := range strings.Lines(hr.Get(route.With(route.AuditLines, tc.query)).Body) {
			var e struct{ Seq int64 }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, strconv.FormatInt(e.Seq, 10))
		}
		if !slices.Equal(lines, tc.want) {
			t.Errorf("%s: the lines are %q, want %q", tc.name, lines, tc.want)
		}
	}
	page := hr.Get(route.With(route.Audit, url.Values{"by": {"hyperlink"}}))
	if link := page.Doc().MustOne(`[data-testid="audit-csv"]`).Attr("href"); link != route.AuditCSV+"?by=hyperlink" {
		t.Errorf("the export link is %s", link)
	}
	if got := strings.Join(sentences(page.Doc()), "\n"); strings.Contains(got, "u77") {
		t.Errorf("a sign-in shows the id of the one who signed in:\n%s", got)
	}
	all := hr.Get(route.AuditCSV)
	if got := all.Header.Get("Content-Disposition"); got != `attachment; filename="audit.csv"` {
		t.Errorf("disposition %s", got)
	}
	table, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(all.Body, "\ufeff"))).ReadAll()
	if err != nil || len(table) != 604 {
		t.Fatalf("%d rows, %v, want 604", len(table), err)
	}
	if row := table[2]; row[4] != `'=HYPERLINK("http://x.example")` || row[5] != "u77" || row[6] != lead.Name || row[8] != team.Name || row[10] != "27 set members" || len(row[12]) != 64 {
		t.Errorf("row of the outcome: %q", row)
	}
	for _, row := range table {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	bad := url.Values{"from": {"yesterday"}}
	if got := hr.Get(route.With(route.Audit, bad)).Doc().Count(`[aria-invalid="true"]`); got != 1 {
		t.Errorf("%d fields are marked for a day that is none", got)
	}
	if got := hr.Get(route.With(route.AuditLines, bad)).Status; got != http.StatusUnprocessableEntity && got != http.StatusBadRequest {
		t.Errorf("export for a day that is none: status %d", got)
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
