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
	b.visit(b.attribute(`a[href^="/teams/"]`, "href"))
	b.visit(b.userPage())
	b.visit("/invite")
	b.visit("/audit")
	b.visit("/changes")
	b.visit(request)
	b.do("tick a row", chromedp.Tap(rowTick, chromedp.NodeVisible))
	b.do("choose a reason", chromedp.SetValue(testID("ready-reason"), b.attribute(`[data-testid="ready-reason"] option:nth-child(2)`, "value"), chromedp.NodeVisible))
	b.load("approve the others", chromedp.Tap(testID("approve"), chromedp.NodeVisible))
	b.toast("1 rejected")
	b.check()
}

// userPage is the address of some user's page.
func (b *tab) userPage() string {
	b.t.Helper()
	b.load("open the users", chromedp.Navigate(b.home+"/users"))
	return b.attribute(userLink, "href")
}
