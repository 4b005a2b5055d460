package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// colleague is in no team of the lead of the demo.
const colleague = "zhen.muller@northwind.example"

func TestLead_adds_and_removes_a_colleague(t *testing.T) {
	t.Parallel()
	b := open(t, startDemo(t), 1280, 900)
	b.signIn("team-lead")
	b.follow(`[data-testid="home-led"] a`)
	team := b.where()
	before := b.count("members-count")

	b.follow(testID("add-member"))
	b.fill(testID("people-search"), colleague)
	b.waitFor(`document.querySelectorAll('[data-testid="person-found"]').length === 1`)
	b.check()
	user := b.attribute(testID("person-found"), "data-id")
	b.follow(testID("add-person"))
	b.toast("Zhen Müller is now in ")
	if got := b.where(); got != team {
		t.Errorf("after adding the page is %s, want %s", got, team)
	}
	if got := b.count("members-count"); got != before+1 {
		t.Errorf("the team has %d members after adding one to %d", got, before)
	}
	// Who was added is found as a member, and cannot be added twice.
	b.visit(team + "/add?q=" + colleague)
	if n := len(b.texts(testID("already-member"))); n != 1 {
		t.Errorf("%d people are marked as members already, want 1", n)
	}
	if n := len(b.texts(testID("add-person"))); n != 0 {
		t.Errorf("%d people can be added, want none", n)
	}

	b.visit(team)
	remove := chromedp.CSS(fmt.Sprintf(`[data-testid="member-row"][data-id=%q] [data-testid="remove-member"]`, user))
	b.follow(remove)
	b.toast("Zhen Müller is no longer in ")
	if got := b.count("members-count"); got != before {
		t.Errorf("the team has %d members after removing, want %d as in the beginning", got, before)
	}
	if n := len(b.texts(remove)); n != 0 {
		t.Error("who was removed is still in the list")
	}

	// The act is in the history of the team, and the message, which offers the way back, stays until it is closed.
	if requests := b.text(testID("team-requests")); !strings.Contains(requests, "Irina Kobayashi") {
		t.Errorf("the requests of the team do not name the lead: %s", requests)
	}
	b.click("[data-close-toast]")
	b.do("see the message go", chromedp.WaitNotPresent(testID("toast")))
}
