package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestSignIn_and_out(t *testing.T) {
	t.Parallel()
	b := open(t, sharedDemo(t), 1280, 900)

	b.visit("/users?status=pending")
	b.title("Sign in")
	b.follow(testID("signin-demo"))
	b.follow(testID("signin-as-hr"))
	if got, want := b.where(), "/users?status=pending"; got != want {
		t.Errorf("after signing in the page is %s, want %s, the one that was asked for", got, want)
	}
	person := b.text(testID("profile-link"))
	if !strings.Contains(person, "Zhen Müller") {
		t.Errorf("signed in as %q, want Zhen Müller", person)
	}
	b.visit("/")
	if len(b.texts(testID("home-tiles"))) != 1 {
		t.Error("the home page of HR has no numbers")
	}

	b.follow(testID("sign-out"))
	if len(b.texts(testID("sign-out"))) != 0 {
		t.Error("one can sign out after signing out")
	}
	// Back would show the last page of the person who has left, if the browser had kept it.
	for range 2 {
		b.load("go back", chromedp.NavigateBack())
		b.check()
		if seen := b.text("body"); strings.Contains(seen, "Zhen") || strings.Contains(seen, "@northwind.example") {
			t.Errorf("after signing out, Back shows %s: %.200s", b.where(), seen)
		}
	}
}
