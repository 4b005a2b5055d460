package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// policyValues is the form of the policy as the page draws it.
func policyValues(doc *htmltest.Doc) url.Values {
	v := url.Values{}
	for _, in := range doc.Find(`[data-testid="policy-form"] input`) {
		v.Set(in.Attr("name"), in.Attr("value"))
	}
	for _, sel := range doc.Find(`[data-testid="policy-form"] select`) {
		v.Set(sel.Attr("name"), "")
		for _, o := range sel.Find("option") {
			if o.HasAttr("selected") {
				v.Set(sel.Attr("name"), o.Attr("value"))
			}
		}
	}
	return v
}

func with(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, x := range v {
		out[k] = x
	}
	for i := 0; i < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

func reject(t *testing.T, c *handlertest.Client, ch change.Change) {
	t.Helper()
	if got := c.Post(route.ChangeAct(ch.ID, "decide"), url.Values{"version": {"1"}, "hash": {ch.Hash}, "do": {"reject"}, "reason": {"no"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("reject: %d %s", got.Status, got.Body)
	}
}

// TestPolicyPage is the life of a policy: read, try, store, what it does to requests and buttons, and the way back.
func TestPolicyPage(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	hr, approver, lead, auditor := p.As(handlertest.HR), p.As(handlertest.HRApprover), p.As(handlertest.Lead), p.As(handlertest.Auditor)
	team := p.Team("Website Maintainers")
	someone := p.User(handlertest.Employee.Email)

	page := hr.Get(route.Policy)
	htmltest.CheckPage(t, page.Doc())
	shown := policyValues(page.Doc())
	for _, k := range access.Lines() {
		if shown.Get("answer-"+string(k.Line)) != k.Default.Code() {
			t.Errorf("line %s shows %q", k.Line, shown.Get("answer-"+string(k.Line)))
		}
	}
	if doc := auditor.Get(route.Policy).Doc(); doc.Count(`[data-testid="policy-form"]`) != 0 || !strings.Contains(doc.MustOne(`[data-testid="policy-members-lead"]`).Text(), "at once") || doc.Count(`[data-testid="nav-policy"]`) != 1 {
		t.Error("an auditor reads the table, without a form")
	}

	// A lead's request waits, one of HR's is rejected by a colleague.
	waits := submit(t, p, lead, invitation(p, 2))
	rejected := submit(t, p, hr, invitation(p, 3))
	reject(t, approver, rejected)

	// What may not be: the form comes back as it was sent, and nothing is stored.
	for _, tc := range []struct {
		name   string
		form   url.Values
		status int
	}{
		{"a deletion at once", with(shown, "do", "save", "note", "x", "answer-delete-user-hr", "direct"), 422},
		{"a number that is none", with(shown, "do", "try", "from-invite-hr", "two"), 422},
		{"a number without what holds", with(shown, "do", "try", "from-members-hr", "3", "larger-members-hr", ""), 422},
		{"looser for many", with(shown, "do", "try", "answer-invite-hr", "2", "from-invite-hr", "5", "larger-invite-hr", "1"), 422},
		{"an answer of nobody", with(shown, "do", "save", "note", "x", "answer-members-hr", "3"), 400},
		{"a line that is missing", url.Values{"from": {"0"}, "do": {"save"}, "note": {"x"}}, 400},
		{"without a note", with(shown, "do", "save", "answer-members-lead", "1:hr"), 422},
		{"nothing changed", with(shown, "do", "save", "note", "x"), 400},
		{"an old version", with(shown, "do", "save", "note", "x", "from", "7", "answer-members-lead", "1:hr"), 409},
	} {
		if got := hr.Post(route.Policy, tc.form); got.Status != tc.status && !(tc.status == 400 && got.Status == 422) {
			t.Errorf("%s: status %d, want %d", tc.name, got.Status, tc.status)
		}
	}
	if n, err := p.App.Store.Changes().PolicyNumber(t.Context()); n != 0 || err != nil {
		t.Fatalf("version %d, %v", n, err)
	}

	// A looser table, tried: what it would have done, with links.
	loose := with(shown, "do", "try", "answer-invite-hr", "direct", "from-invite-hr", "", "larger-invite-hr", "", "answer-invite-lead", "direct")
	doc := hr.Post(route.Policy, loose).Doc()
	htmltest.CheckPage(t, doc)
	if got := doc.MustOne(`[data-testid="policy-sentence"]`).Text(); got != "This would have decided 2 of 2 requests without a person; 1 otherwise than you did." {
		t.Errorf("trial: %q", got)
	}
	if got := doc.MustOne(`[data-testid="policy-otherwise"] a`).Attr("href"); got != route.Change(rejected.ID) {
		t.Errorf("otherwise: %s", got)
	}
	if got := policyValues(doc); got.Get("answer-invite-lead") != "direct" || got.Get("from-invite-hr") != "" {
		t.Error("the form was not kept while it was tried")
	}

	// Stored only with a fresh sign-in. A stricter table reaches what waits, and the lead's button.
	strict := with(shown, "do", "save", "note", "Since the audit", "answer-invite-lead", "2:hr", "answer-members-lead", "1:approver")
	hr.Age(time.Hour)
	if got := hr.Post(route.Policy, strict); got.Status != http.StatusUnprocessableEntity || got.Doc().Count(`[data-testid="confirm-form"]`) != 1 {
		t.Fatalf("a stale sign-in stores the policy: %d", got.Status)
	}
	hr.Age(time.Second)
	if got := hr.Post(route.Policy, strict); got.Status != http.StatusSeeOther {
		t.Fatalf("store: %d %s", got.Status, got.Body)
	}
	other := change.NewPolicies(p.App.Store.Changes(), access.DefaultPolicy()) // another instance
	if now, err := other.Fresh(t.Context()); err != nil || now.Number != 1 || now.Rule("members-lead").By != access.ByApprover {
		t.Errorf("another instance has version %d, %v", now.Number, err)
	}
	doc = hr.Get(route.Policy).Doc()
	if got := doc.Find(`[data-testid="policy-version"]`)[0].Text(); !strings.Contains(got, "Since the audit") || !strings.Contains(got, "Version 1") || !strings.Contains(got, "needs an approver") {
		t.Errorf("history: %q", got)
	}
	raised, err := p.App.Store.Changes().Change(t.Context(), waits.ID)
	if err != nil || raised.Deciders != 2 || raised.By != access.ByHR {
		t.Errorf("the request that waits needs %d by %q, %v", raised.Deciders, raised.By, err)
	}
	entries, err := p.App.Store.Audit().Entries(t.Context(), audit.Filter{Event: audit.SettingChanged})
	if err != nil || len(entries) != 3 || entries[0].Act != "policy" || entries[2].After != "version 1" {
		t.Errorf("audit: %+v, %v", entries, err)
	}

	// The same button, now a request: said beforehand, and nothing happens without a reason or an approver.
	add := url.Values{"user": {string(someone.ID)}}
	if got := lead.Get(route.TeamAdd(team.ID)).Doc(); got.Count(`[data-testid="asks-first"]`) != 1 {
		t.Error("nobody says beforehand that the lead asks")
	}
	if got := lead.Post(route.TeamMembers(team.ID), add); got.Status != http.StatusUnprocessableEntity || got.Doc().Count(`[data-testid="ask-form"]`) != 1 {
		t.Fatalf("without a reason: %d", got.Status)
	}
	add.Set("reason", "Joins us")
	got := lead.Post(route.TeamMembers(team.ID), add)
	if got.Status != http.StatusSeeOther {
		t.Fatalf("ask: %d %s", got.Status, got.Body)
	}
	ch, err := p.App.Store.Changes().Change(t.Context(), id.Change(strings.TrimPrefix(got.Location(), route.Changes+"/")))
	if err != nil || ch.State != change.Waiting || ch.By != access.ByApprover {
		t.Fatalf("asked: %+v, %v", ch, err)
	}
	if doc := hr.Get(route.Change(ch.ID)).Doc(); doc.Count(`[data-testid="approve"]`) != 0 {
		t.Error("HR, who is no approver, gets the button to approve")
	}
	word := url.Values{"version": {"1"}, "hash": {ch.Hash}, "do": {"approve"}}
	if got := hr.Post(route.Change(ch.ID)+"/decide", word); got.Status != http.StatusForbidden {
		t.Errorf("HR approves what an approver decides: %d", got.Status)
	}
	if got := p.As(handlertest.Approver).Post(route.Change(ch.ID)+"/decide", word); got.Status != http.StatusSeeOther {
		t.Errorf("the approver: %d %s", got.Status, got.Body)
	}

	// Back to how it was: a new version, and what waits stays as strict as it became.
	back := policyValues(hr.Get(route.With(route.Policy, url.Values{"version": {"0"}})).Doc())
	if got := hr.Post(route.Policy, with(back, "do", "save", "note", "Back")); got.Status != http.StatusSeeOther {
		t.Fatalf("back: %d %s", got.Status, got.Body)
	}
	if got := policyValues(hr.Get(route.Policy).Doc()); got.Get("from") != "2" || got.Get("answer-members-lead") != "direct" {
		t.Errorf("after going back: version %s, %s", got.Get("from"), got.Get("answer-members-lead"))
	}
	if raised, _ = p.App.Store.Changes().Change(t.Context(), waits.ID); raised.Deciders != 2 {
		t.Error("a looser policy made a waiting request easier")
	}

	// What the policy forbids since cannot be approved any more; it can be rejected.
	forbidden := submit(t, p, lead, invitation(p, 4))
	if got := hr.Post(route.Policy, with(policyValues(hr.Get(route.Policy).Doc()), "do", "save", "note", "No more", "answer-invite-lead", "no")); got.Status != http.StatusSeeOther {
		t.Fatalf("forbid: %d", got.Status)
	}
	word = url.Values{"version": {"1"}, "hash": {forbidden.Hash}, "do": {"approve"}}
	if got := approver.Post(route.Change(forbidden.ID)+"/decide", word); got.Status != http.StatusConflict {
		t.Errorf("approving what is forbidden by now: %d", got.Status)
	}
	reject(t, approver, forbidden)
}
