package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestHeldRows brings two rows into the state that a drifted value brings them to, and decides about them on the page.
func TestHeldRows(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	hr, approver := p.As(handlertest.HR), p.As(handlertest.HRApprover)
	c := submit(t, p, hr, invitation(p, 3))
	if got := approver.Post(route.ChangeAct(c.ID, "decide"), url.Values{"do": {"approve"}, "version": {"1"}, "hash": {c.Hash}}); got.Status != http.StatusSeeOther {
		t.Fatalf("approve: %d", got.Status)
	}
	st := p.App.Store.Changes()
	if err := st.Move(t.Context(), c.ID, []change.State{change.Approved}, change.Running, ""); err != nil {
		t.Fatal(err)
	}
	claimed, err := st.Claim(t.Context(), "test", time.Minute, 2, c.ID)
	if err != nil || len(claimed) != 2 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	for _, row := range claimed {
		o := change.Outcome{Row: row.ID, Epoch: row.Epoch, State: change.Held, Reason: "It has changed since the decision.", Now: "somebody <else>"}
		if _, err := st.Settle(t.Context(), []change.Outcome{o}); err != nil {
			t.Fatal(err)
		}
	}
	page := hr.Get(route.Change(c.ID))
	doc := page.Doc()
	htmltest.CheckPage(t, doc)
	if got := doc.MustOne(`[data-testid="held-note"]`).Text(); !strings.Contains(got, "2 held: needs a person") {
		t.Errorf("note %q", got)
	}
	if got := doc.Find(`[data-testid="held-now"]`); len(got) != 2 || got[0].Text() != "somebody <else>" {
		t.Errorf("%d rows are shown", len(got))
	}
	if got := doc.Find(`[data-testid="held-decided"]`)[0].Text(); !strings.Contains(got, "no user") {
		t.Errorf("decided: %q", got)
	}
	sum, total := sums(t, doc)
	if sum["count-held"] != 2 || total != 3 {
		t.Errorf("sums %v of %d", sum, total)
	}
	ticks := ids(doc, "", "")
	for _, n := range doc.Find(`[data-testid="held"] input[name="row"]`) {
		ticks = append(ticks, n.Attr("value"))
	}
	slices.Sort(ticks)
	act := route.ChangeAct(c.ID, "held")
	for _, tc := range []struct {
		name string
		as   handlertest.Viewpoint
		form url.Values
		want int
	}{
		{"no tick", handlertest.HR, url.Values{"do": {"release"}}, http.StatusUnprocessableEntity},
		{"no act", handlertest.HR, url.Values{"row": ticks}, http.StatusUnprocessableEntity},
		{"no id", handlertest.HR, url.Values{"do": {"release"}, "row": {"x"}}, http.StatusUnprocessableEntity},
		{"a lead does not see it", handlertest.Lead, url.Values{"do": {"release"}, "row": ticks}, http.StatusNotFound},
		{"who asked does not agree to what is there now", handlertest.HR, url.Values{"do": {"release"}, "row": ticks}, http.StatusForbidden},
		{"an auditor sees it", handlertest.Auditor, url.Values{"do": {"drop"}, "row": ticks}, http.StatusForbidden},
	} {
		if got := p.As(tc.as).Post(act, tc.form); got.Status != tc.want {
			t.Errorf("%s: status %d, want %d", tc.name, got.Status, tc.want)
		}
	}
	if doc := p.As(handlertest.Auditor).Get(route.Change(c.ID)).Doc(); doc.Count(`[data-testid="held-row"]`) != 2 || doc.Count(`[data-testid="held-form"]`) != 0 {
		t.Error("the auditor reads the held rows, but decides nothing")
	}
	if doc.Count(`[data-testid="held-release"]`) != 0 || doc.Count(`[data-testid="why-no-release"]`) != 1 {
		t.Error("whoever asked is shown a button to release, or not told why there is none")
	}
	if got := approver.Post(act, url.Values{"do": {"release"}, "row": ticks[:1]}); got.Status != http.StatusSeeOther {
		t.Fatalf("release: %d", got.Status)
	}
	if got := hr.Post(act, url.Values{"do": {"drop"}, "row": ticks}); got.Status != http.StatusSeeOther {
		t.Fatalf("drop: %d", got.Status)
	}
	if text := hr.Get(route.Change(c.ID)).Doc().Text(); !strings.Contains(text, "The others have moved on since the page was drawn") || !strings.Contains(text, "dropped a held row") {
		t.Error("the page does not say what became of the rows")
	}
	again := approver.Post(act, url.Values{"do": {"release"}, "row": ticks})
	if text := approver.Get(again.Location()).Doc().Text(); !strings.Contains(text, "Nothing was done: the ticked rows have moved on") {
		t.Error("rows that nobody could release any more are not told of")
	}
	// Everything that is left is held.
	claimed, err = st.Claim(t.Context(), "test", time.Minute, 5, c.ID)
	if err != nil || len(claimed) != 2 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	ticks = nil
	for _, row := range claimed {
		if _, err := st.Settle(t.Context(), []change.Outcome{{Row: row.ID, Epoch: row.Epoch, State: change.Held, Reason: "It has changed.", Now: "else"}}); err != nil {
			t.Fatal(err)
		}
	}
	doc = hr.Get(route.Change(c.ID)).Doc()
	if got := doc.MustOne(`[data-testid="may-close"]`).Text(); !strings.Contains(got, "waits for a person") {
		t.Errorf("everything left is held: %q", got)
	}
	for _, n := range doc.Find(`[data-testid="held"] input[name="row"]`) {
		ticks = append(ticks, n.Attr("value"))
	}
	if got := approver.Post(act, url.Values{"do": {"release"}, "row": ticks}); got.Status != http.StatusSeeOther {
		t.Fatalf("release again: %d", got.Status)
	}
	for range 100 {
		if _, err := p.App.Runner.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ch := p.WaitFor(id.Change(c.ID))
	if main := ch.Main(); ch.State != change.Finished || main[change.Done] != 2 || main[change.CancelledRow] != 1 {
		t.Errorf("%s: %v", ch.State, main)
	}
}
