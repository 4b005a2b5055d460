package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/route"
)

func TestAnnouncements(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	first := hr.Get(route.Announcements).Doc()
	was := first.Count(`[data-testid="announcement"]`)
	if was == 0 || first.Count(`[data-testid="reaction-why"]`) != 1 {
		t.Fatalf("%d announcements", was)
	}
	if hr.Get(route.Home).Doc().Count(`[data-testid="nav-announcements"]`) != 1 {
		t.Error("the account answers, but the navigation does not lead there")
	}
	if p.As(handlertest.Lead).Get(route.Home).Doc().Count(`[data-testid="nav-announcements"]`) != 0 {
		t.Error("a lead has the section")
	}

	if got := hr.Post(route.Announcements, url.Values{"text": {" "}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("an empty one: %d", got.Status)
	}
	post(t, p, hr, route.Announcements, url.Values{"text": {"<b>Lunch</b> is at one.\r\nBring a friend."}})
	doc := hr.Get(route.Announcements).Doc()
	if got := doc.Count(`[data-testid="announcement"]`); got != was+1 {
		t.Fatalf("%d announcements, want %d", got, was+1)
	}
	newest := doc.Find(`[data-testid="announcement"]`)[0]
	of := newest.Attr("data-id")
	if text := newest.Text(); !strings.Contains(text, "<b>Lunch</b> is at one.") || !strings.Contains(text, p.User(handlertest.HR.Email).Name) {
		t.Errorf("it says %q", text)
	}

	edit := route.AnnouncementAct(of, "edit")
	stored := hr.Get(edit).Doc().MustOne(`input[name="was"]`).Attr("value")
	post(t, p, hr, route.Announcement(of), url.Values{"text": {"Lunch is at two."}, "was": {stored}})
	// Whoever saves an older page is told, and overwrites nothing.
	late := hr.Post(route.Announcement(of), url.Values{"text": {"Lunch is at three."}, "was": {stored}})
	if late.Status != http.StatusUnprocessableEntity || !strings.Contains(late.Doc().MustOne(`[data-testid="error-summary"]`).Text(), "Lunch is at two.") {
		t.Errorf("a late save: %d", late.Status)
	}
	if hr.Get(route.AnnouncementAct(of, "remove")).Status != http.StatusOK || p.Emulator.Counts().Effects[39] != 0 {
		t.Error("asking before the removal removed it")
	}
	post(t, p, hr, route.AnnouncementAct(of, "remove"), nil)
	if got := hr.Get(route.Announcements).Doc().Count(`[data-testid="announcement"]`); got != was {
		t.Errorf("%d announcements after the removal, want %d", got, was)
	}
	if got := hr.Get(edit); got.Status != http.StatusNotFound {
		t.Errorf("one that is gone: %d", got.Status)
	}
}

func TestRetiredAnnouncements(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusGone} {
		p := handlertest.New(t, handlertest.Options{Readings: emulator.Readings{RetiredAnnouncements: status}})
		hr := p.As(handlertest.HR)
		got := hr.Get(route.Announcements)
		if text := got.Doc().MustOne(`[data-testid="announcements-retired"]`).Text(); got.Status != http.StatusOK || !strings.Contains(text, "Retired by the vendor in March 2022") {
			t.Errorf("%d: %d, %q", status, got.Status, text)
		}
		if hr.Get(route.Home).Doc().Count(`[data-testid="nav-announcements"]`) != 0 {
			t.Errorf("%d: the navigation leads to what is retired", status)
		}
		if got := hr.Post(route.Announcements, url.Values{"text": {"Hello"}}); got.Status != http.StatusServiceUnavailable {
			t.Errorf("%d: writing is answered with %d", status, got.Status)
		}
	}
}

// TestNavigationFindsOut: nobody has to open the section before the navigation leads to it.
func TestNavigationFindsOut(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	p.As(handlertest.HR).Get(route.Home)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for p.App.Lookups.ServesAnnouncements() != directory.Serves {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("it was never asked")
		}
	}
}
