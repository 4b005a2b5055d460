package handlers_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
)

func TestLicences(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	hr, lead, operator := p.As(handlertest.HR), p.As(handlertest.Lead), p.As(handlertest.Operator)
	by := p.App.Directory.Current().Counts().ByStatus
	used := by[directory.Active] + by[directory.Pending]
	doc := hr.Get(route.Settings).Doc()
	htmltest.CheckPage(t, doc)
	if got := doc.MustOne(`[data-testid="licences"]`).Text(); !strings.Contains(got, "not entered") {
		t.Errorf("licences before anybody entered them: %q", got)
	}
	quiet := submit(t, p, hr, invitation(p, 3))
	if hr.Get(route.Change(quiet.ID)).Doc().Count(`[data-testid="licence-note"]`) != 0 {
		t.Error("a request is marked although nobody knows the number of licences")
	}
	for _, tc := range []struct {
		name, seats string
		as          *handlertest.Client
		want        int
	}{
		{"words", "many", hr, http.StatusUnprocessableEntity},
		{"below zero", "-1", hr, http.StatusUnprocessableEntity},
		{"far too many", "1000001", hr, http.StatusUnprocessableEntity},
		{"the operator reads", "5", operator, http.StatusForbidden},
		{"a lead does not", "5", lead, http.StatusForbidden},
		{"HR", strconv.Itoa(used + 2), hr, http.StatusSeeOther},
	} {
		got := tc.as.Post(route.Licences, url.Values{"seats": {tc.seats}})
		if got.Status != tc.want {
			t.Errorf("%s: status %d, want %d", tc.name, got.Status, tc.want)
		}
		if got.Status == http.StatusUnprocessableEntity && got.Doc().MustOne(`[data-testid="seats"]`).Attr("value") != tc.seats {
			t.Errorf("%s: the form does not come back as typed", tc.name)
		}
	}
	if doc := operator.Get(route.Settings).Doc(); doc.Count(`[data-testid="licences-form"]`) != 0 || !strings.Contains(doc.MustOne(`[data-testid="licences"]`).Text(), "of "+component.Number(used+2)+" licences") {
		t.Errorf("the operator sees %q", doc.MustOne(`[data-testid="licences"]`).Text())
	}
	entries, err := p.App.Store.Audit().Entries(t.Context(), audit.Filter{Event: audit.SettingChanged})
	if err != nil || len(entries) != 1 || entries[0].After != strconv.Itoa(used+2) {
		t.Errorf("audit: %v, %v", entries, err)
	}
	// Three people for two licences: said on the page of the request, to HR with the numbers, never blocked.
	note := hr.Get(route.Change(quiet.ID)).Doc().MustOne(`[data-testid="licence-note"]`).Text()
	if !strings.Contains(note, "Too few licences for 1 person") || !strings.Contains(note, "which is 1 too many") {
		t.Errorf("note for HR: %q", note)
	}
	asked := submit(t, p, lead, invitation(p, 4))
	note = lead.Get(route.Change(asked.ID)).Doc().MustOne(`[data-testid="licence-note"]`).Text()
	if !strings.Contains(note, "Too few licences for 2 people") || strings.Contains(note, component.Number(used)) {
		t.Errorf("note for a lead: %q", note)
	}
	// The wizard says it before it is sent.
	got := hr.Upload(route.Invite, "file", "people.csv", []byte("email,first name,last name\na@northwind.example,A,A\nb@northwind.example,B,B\nc@northwind.example,C,C\n"), nil)
	review := hr.Get(route.Draft(strings.Split(got.Location(), "/")[2], "review")).Doc()
	if note := review.MustOne(`[data-testid="licence-note"]`).Text(); !strings.Contains(note, "Too few licences for 1 person") || review.Count(`[data-testid="invite-send"]`) != 1 {
		t.Errorf("the last step says %q", note)
	}
}
