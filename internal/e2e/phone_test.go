package e2e_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// joiners are three people who are not in the account.
const joiners = "First name,Last name,Email\nAda,Lindqvist,ada.lindqvist@northwind.example\nBruno,Okonkwo,bruno.okonkwo@northwind.example\nChiara,Vandenberghe,chiara.vandenberghe@northwind.example\n"

func TestPhone(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	hr := open(t, d, 1280, 900)
	hr.signIn("hr")
	hr.paste(joiners)
	hr.send("Joiners of the Lisbon office")
	request := hr.where()

	b := open(t, d, 390, 844)
	b.do("be a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	b.signIn("hr-approver")

	// The navigation is behind a button.
	const users chromedp.CSS = `.portal-nav a[href="/users"]`
	b.do("wait for the closed menu", chromedp.WaitNotVisible(users))
	b.do("open the menu", chromedp.Tap(chromedp.CSS(`[data-testid="menu-toggle"] summary`), chromedp.NodeVisible))
	b.do("wait for the menu", chromedp.WaitVisible(users))
	b.check()
	b.load("choose users", chromedp.Tap(users, chromedp.NodeVisible))
	b.title("Users")
	b.check()

	b.visit("/teams")
	team := b.attribute(teamLink, "href")
	b.visit(team)
	user := b.userPage()
	b.visit(user)
	b.visit("/invite")
	b.visit("/audit")
	b.visit("/changes")
	b.visit(request)
	b.do("tick a row", chromedp.Tap(rowTick, chromedp.NodeVisible))
	b.do("choose a reason", chromedp.SetValue(testID("ready-reason"), b.attribute(`[data-testid="ready-reason"] option:nth-child(2)`, "value"), chromedp.NodeVisible))
	b.load("approve the others", chromedp.Tap(testID("approve"), chromedp.NodeVisible))
	b.toast("1 rejected")
	b.check()

	// From the narrowest screen, which is also a large one at 400 % zoom (WCAG 2.2, 1.4.10), to a common one.
	for _, path := range []string{"/", "/users", user, user + "?tab=teams", "/teams", team, team + "/add", "/invite", "/changes?box=all", request, "/audit", "/me"} {
		hr.load("open "+path, chromedp.Navigate(d.url+path))
		for _, width := range []int64{320, 390, 768, 1024, 1280, 1440} {
			hr.do("resize the window", chromedp.EmulateViewport(width, 900))
			if wide := evaluate[int64](hr, "document.scrollingElement.scrollWidth"); wide > width {
				t.Errorf("%s scrolls sideways at %d px: it is %d px wide", path, width, wide)
			}
		}
	}
}

// teamLink is a link to some team, not to a page that makes, draws or lists them.
const teamLink chromedp.CSS = `main a[href^="/teams/"]:not([href^="/teams/new"]):not([href^="/teams/picture"]):not([href^="/teams/list"])`

// userPage is the address of some user's page.
func (b *tab) userPage() string {
	b.t.Helper()
	b.load("open the users", chromedp.Navigate(b.home+"/users"))
	return b.attribute(userLink, "href")
}
