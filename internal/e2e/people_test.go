package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestPeople_what_HR_does_most goes the five most frequent ways of HR with people, in one portal.
func TestPeople_what_HR_does_most(t *testing.T) {
	t.Parallel()
	b := open(t, startDemo(t), 1280, 900)
	b.signIn("hr")

	// Invite one: by text, with nothing to repair.
	b.paste("First name,Last name,Email\nAda,Lindqvist,ada.lindqvist@northwind.example\n")
	b.send("Starts in Lisbon")
	b.visit("/users?status=all&q=ada.lindqvist")
	for range 100 { // the run may go on in the background
		if b.count("users-count") == 1 {
			break
		}
		b.load("look again", chromedp.Navigate(b.home+"/users?status=all&q=ada.lindqvist"))
	}

	// Edit a name in place, with the keyboard alone.
	b.follow(userLink)
	b.tabTo(testID("edit-name-link"))
	b.load("press Enter", chromedp.KeyEvent(kb.Enter))
	b.do("put the cursor into the field", chromedp.Focus(testID("edit-last"), chromedp.NodeVisible))
	b.press(kb.End)
	b.press("-Ek")
	b.load("press Enter", chromedp.KeyEvent(kb.Enter))
	b.check()
	b.title("Ada Lindqvist-Ek")

	// With two who are ticked: give a role, take their access, send their invitations again.
	for _, act := range []struct{ path, row, act, role, done string }{
		{"/users?status=active&q=ra", "user-row", "give-role", "Team Lead", "2 people have got the role."},
		{"/users?status=active&q=ra", "user-row", "deactivate", "", "2 people have no access any more."},
		{"/users/pending", "pending-row", "resend", "", "The invitation was sent again to 2 people."},
	} {
		b.visit(act.path)
		for _, n := range []string{"1", "2"} {
			b.click(chromedp.CSS(`tbody > tr[data-testid="` + act.row + `"]:nth-child(` + n + `) input[type=checkbox]`))
		}
		b.waitFor(`performance.getEntriesByType("resource").some(e => e.name.endsWith("/users/selection"))`) // the ticks are kept
		b.follow(testID("bulk-" + act.act))
		if act.role != "" {
			b.do("choose the role", chromedp.SendKeys(testID("act-role"), act.role, chromedp.NodeVisible))
			b.follow(testID("act-show"))
		}
		if n := len(b.texts(testID("act-row"))); n != 2 {
			t.Fatalf("%s: %d people before it is done, want 2", act.act, n)
		}
		b.follow(testID("act-submit"))
		b.toast(act.done)
	}
}
