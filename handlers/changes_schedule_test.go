package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestSendOn plans an invitation from the last step of the wizard, and starts one of two before its date.
func TestSendOn(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	day := time.Now().UTC().AddDate(0, 0, 10)
	send := func(name, on, at string) *handlertest.Page {
		t.Helper()
		got := hr.Upload(route.Invite, "file", "people.csv", []byte("email,first name,last name\n"+name+"@northwind.example,New,Person\n"), nil)
		draft := strings.Split(got.Location(), "/")[2]
		doc := hr.Get(route.Draft(draft, "review")).Doc()
		htmltest.CheckPage(t, doc)
		if doc.Count(`[data-testid="send-on"]`) != 1 || doc.Count(`[data-testid="send-at"]`) != 1 {
			t.Error("the last step does not ask for a date")
		}
		form := url.Values{"sendOn": {on}, "sendAt": {at}}
		for _, name := range []string{"version", "seen"} {
			form.Set(name, doc.MustOne(`[data-testid="invite-review"] input[name="`+name+`"]`).Attr("value"))
		}
		return hr.Post(route.Draft(draft, "review"), form)
	}
	for name, tc := range map[string]struct{ on, at, want string }{
		"yesterday":  {time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly), "9", "has passed"},
		"far":        {time.Now().UTC().AddDate(2, 0, 0).Format(time.DateOnly), "9", "more than a year"},
		"no-date":    {"soon", "9", "Write the date"},
		"no-hour":    {day.Format(time.DateOnly), "25", "Write the date"},
		"first-of-2": {day.Format("02.01.2006"), "9", "Write the date"},
	} {
		got := send(name, tc.on, tc.at)
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Doc().MustOne(`[data-testid="error-summary"]`).Text(), tc.want) {
			t.Errorf("%s: status %d, want 422 with %q", name, got.Status, tc.want)
		}
		if v := got.Doc().MustOne(`[data-testid="send-on"]`).Attr("value"); v != tc.on {
			t.Errorf("%s: the form came back with %q", name, v)
		}
	}
	at := day.Format("2 Jan 2006") + ", 07:00"
	var made []string
	for _, name := range []string{"planned-a", "planned-b"} {
		got := send(name, day.Format(time.DateOnly), "7")
		if got.Status != http.StatusSeeOther {
			t.Fatalf("%s: status %d", name, got.Status)
		}
		made = append(made, got.Location())
		doc := hr.Get(got.Location()).Doc()
		htmltest.CheckPage(t, doc)
		if state, note := doc.MustOne(`[data-testid="change-state"]`).Text(), doc.MustOne(`[data-testid="change-note"]`).Text(); state != "scheduled" || !strings.Contains(note, "Scheduled for "+at) {
			t.Errorf("%s: %q, %q", name, state, note)
		}
		if doc.Count(`[data-testid="start"]`) != 1 || doc.Count(`[data-testid="cancel"]`) != 1 || doc.Count(`[data-testid="pause"]`) != 0 {
			t.Errorf("%s: the buttons are not those of a scheduled request", name)
		}
	}
	if n := len(p.Emulator.Counts().Created); n != 0 {
		t.Errorf("%d people were invited before the date", n)
	}
	if got := ids(hr.Get(route.With(route.Changes, url.Values{"box": {"mine"}})).Doc(), "change-planned", "data-testid"); len(got) != 2 {
		t.Errorf("%d dates in the list", len(got))
	}
	for _, act := range []string{"start", "cancel"} {
		if got := p.As(handlertest.Auditor).Post(made[0]+"/"+act, nil); got.Status != http.StatusForbidden {
			t.Errorf("%s by an auditor: %d", act, got.Status)
		}
	}
	for i, act := range []string{"start", "cancel"} {
		if got := hr.Post(made[i]+"/"+act, nil); got.Status != http.StatusSeeOther {
			t.Errorf("%s: %d", act, got.Status)
		}
	}
	list, _, err := p.App.Store.Changes().Changes(t.Context(), change.Filter{})
	if err != nil || len(list) != 2 {
		t.Fatalf("%d requests, %v", len(list), err)
	}
	for i, want := range []change.State{change.Cancelled, change.Finished} { // the newest comes first
		if got := p.WaitFor(list[i].ID); got.State != want {
			t.Errorf("#%d is %s (%s), want %s", got.Number, got.State, got.Note, want)
		}
	}
	if text := hr.Get(made[0]).Doc().Text(); !strings.Contains(text, "started it before its date") {
		t.Error("the history does not say who started it early")
	}
}
