package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/handlers"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestFreshSignIn decides with sign-ins of several ages. A stale one decides nothing, loses nothing, and shows the way.
func TestFreshSignIn(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	c := submit(t, p, p.As(handlertest.HR), invitation(p, 3))
	at := route.Change(c.ID)
	approver := p.As(handlertest.HRApprover)
	form := func(do string) url.Values {
		rows, _, err := p.App.Store.Changes().Rows(t.Context(), c.ID, change.RowFilter{})
		if err != nil {
			t.Fatal(err)
		}
		return url.Values{"version": {"1"}, "hash": {c.Hash}, "do": {do}, "reason": {`not "these" & those`}, "reject": {string(rows[0].ID), string(rows[1].ID)}}
	}
	for _, tc := range []struct {
		name  string
		age   time.Duration
		stale bool
	}{
		{"just now", time.Second, false},
		{"nearly a quarter of an hour", auth.FreshWithin - time.Minute, false},
		{"a quarter of an hour", auth.FreshWithin + time.Second, true},
		{"a day", 24 * time.Hour, true},
		{"the provider does not say", 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			approver.Age(tc.age)
			notice := approver.Get(at).Doc().Find(`[data-testid="decision"] [data-testid="confirm-first"] a`)
			if (len(notice) == 1) != tc.stale {
				t.Fatalf("%d notices, want one: %t", len(notice), tc.stale)
			}
			if tc.stale && notice[0].Attr("href") != route.SignIn+"?fresh=1&return="+url.QueryEscape(at) {
				t.Errorf("the notice leads to %s", notice[0].Attr("href"))
			}
			if got := approver.Post(at+"/decide", form("show")); got.Status != http.StatusOK {
				t.Errorf("to look through the list needs no fresh sign-in: %d", got.Status)
			}
			if got := approver.Get(route.Confirmed); (got.Status == http.StatusOK) == tc.stale {
				t.Errorf("%s answers %d", route.Confirmed, got.Status)
			}
			if !tc.stale {
				return
			}
			for _, do := range []string{"approve", "reject"} {
				got := approver.Post(at+"/decide", form(do))
				if got.Status != http.StatusUnprocessableEntity {
					t.Fatalf("%s: status %d", do, got.Status)
				}
				doc := got.Doc()
				link := doc.MustOne(`[data-testid="confirm-signin"]`)
				if link.Attr("target") != "_blank" || link.Attr("href") != route.SignIn+"?fresh=1&return=%2Fme%2Fconfirmed" {
					t.Errorf("the way to the sign-in: %s in %s", link.Attr("href"), link.Attr("target"))
				}
				kept := url.Values{}
				for _, in := range doc.Find(`[data-testid="confirm-form"] input`) {
					kept.Add(in.Attr("name"), in.Attr("value"))
				}
				if diff := cmp.Diff(form(do), kept); diff != "" || doc.MustOne(`[data-testid="confirm-form"]`).Attr("action") != at+"/decide" {
					t.Errorf("kept (-sent +kept):\n%s", diff)
				}
			}
			if now, err := p.App.Store.Changes().Change(t.Context(), c.ID); err != nil || now.State != change.Waiting || len(now.Decisions) != 0 {
				t.Errorf("the request is %s with %d decisions, %v", now.State, len(now.Decisions), err)
			}
		})
	}
	// Not even who may not decide learns more than that.
	auditor := p.As(handlertest.Auditor)
	auditor.Age(time.Hour)
	if got := auditor.Post(at+"/decide", form("approve")); got.Status != http.StatusForbidden {
		t.Errorf("an auditor: %d", got.Status)
	}
	lead := p.As(handlertest.Lead)
	lead.Age(time.Hour)
	if got := lead.Post(at+"/decide", form("approve")); got.Status != http.StatusUnprocessableEntity || strings.Contains(got.Body, c.Title) {
		t.Errorf("a lead: %d\n%s", got.Status, got.Body)
	}
	lead.Age(time.Second)
	if got := lead.Post(at+"/decide", form("approve")); got.Status != http.StatusForbidden {
		t.Errorf("a lead who has just signed in: %d", got.Status)
	}
	approver.Age(time.Second)
	if got := approver.Post(at+"/decide", form("approve")); got.Status != http.StatusSeeOther {
		t.Errorf("sent again: %d %s", got.Status, got.Body)
	}
	if now, err := p.App.Store.Changes().Change(t.Context(), c.ID); err != nil || now.State == change.Waiting {
		t.Errorf("the request is %s, %v", now.State, err)
	}
}

// TestFreshRoutesExist fails for a declaration that no route has.
func TestFreshRoutesExist(t *testing.T) {
	t.Parallel()
	for _, pattern := range handlers.FreshRoutes() {
		if !slices.ContainsFunc(handlers.Routes(), func(r handlers.Route) bool { return r.Pattern == pattern }) {
			t.Errorf("%s is no route", pattern)
		}
	}
}
