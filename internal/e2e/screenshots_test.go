package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestScreenshots writes the pictures of the README to the folder that PORTAL_SCREENSHOTS names.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("PORTAL_SCREENSHOTS")
	if folder == "" {
		t.Skip("PORTAL_SCREENSHOTS names no folder")
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	d := startDemo(t)
	hr := open(t, d, 1440, 900)
	hr.signIn("hr")
	hr.visit("/users")
	hr.picture(folder, "users")
	hr.theme("dark")
	hr.picture(folder, "users-dark")
	hr.theme("light")
	hr.visit("/invite")
	hr.upload(lists + "joiners-messy.csv")
	hr.follow(testID("invite-continue"))
	hr.picture(folder, "invite-check")
	hr.visit("/invite")
	hr.upload(lists + "joiners-300.csv")
	hr.follow(testID("invite-continue"))
	hr.follow(testID("invite-continue"))
	hr.send("Joiners of December, as agreed with the heads of department")

	approver := open(t, d, 1440, 900)
	approver.signIn("hr-approver")
	approver.visit(hr.where())
	approver.picture(folder, "change")

	lead := open(t, d, 1440, 900)
	lead.signIn("team-lead")
	lead.follow(`[data-testid="home-led"] a`)
	lead.picture(folder, "team")
}

func (b *tab) picture(folder, name string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	data, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatalf("take picture %s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}
