package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestWithout_script goes the main ways where scripts of pages do not run.
func TestWithout_script(t *testing.T) {
	t.Parallel()
	d := startDemo(t)

	hr := open(t, d, 1280, 900)
	hr.withoutScript()
	hr.signIn("hr")
	hr.visit("/users")
	all := hr.count("users-count")
	hr.fill(testID("users-search"), "muller")
	hr.load("press Enter", chromedp.KeyEvent(kb.Enter))
	hr.check()
	if found := hr.count("users-count"); found == 0 || found >= all {
		t.Errorf("muller finds %d of %d people", found, all)
	}
	hr.paste(joiners)
	hr.send("Joiners of the Lisbon office")
	request := hr.where()
	if !strings.HasPrefix(request, "/changes/") {
		t.Fatalf("after sending the page is %s", request)
	}

	lead := open(t, d, 1280, 900)
	lead.withoutScript()
	lead.signIn("team-lead")
	lead.follow(`[data-testid="home-led"] a`)
	lead.follow(testID("add-member"))
	lead.fill(testID("people-search"), colleague)
	lead.load("press Enter", chromedp.KeyEvent(kb.Enter))
	lead.check()
	lead.follow(testID("add-person"))
	lead.toast("Zhen Müller is now in ")

	approver := open(t, d, 1280, 900)
	approver.withoutScript()
	approver.signIn("hr-approver")
	approver.visit(request)
	approver.click(rowTick)
	approver.fill(testID("reason"), "Starts in spring.")
	approver.follow(testID("approve"))
	approver.toast("1 rejected")
	// Without a script the page is loaded again by hand until the run has ended.
	for range 100 {
		if strings.HasPrefix(approver.text(testID("change-state")), "finished") {
			break
		}
		approver.load("look again", chromedp.Navigate(approver.home+request))
	}
	approver.check()
	for word, want := range map[string]int{"done": 2, "rejected": 1} {
		if got := approver.number(chromedp.CSS(`[data-testid="step-main"] [data-testid="count-` + word + `"]`)); got != want {
			t.Errorf("%d people are %s, want %d", got, word, want)
		}
	}
}
