package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/gtmhub-portal/portal/internal/htmltest"
)

// TestCheck makes mistakes on a good page, and wants each to be found: a check that finds nothing is worth nothing.
func TestCheck(t *testing.T) {
	t.Parallel()
	htmltest.NeedChromium(t)
	d, err := launch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The browser reports violations to the portal as well, which logs them.
		if err := d.end(); err == nil || !strings.Contains(err.Error(), "content security policy violated") {
			t.Errorf("the demo did not complain about violations of the policy, but: %v", err)
		}
	})
	b := open(t, d, 1280, 900)
	b.visit("/signin")
	for _, tt := range []struct{ name, mistake, want string }{
		{"script in the page", `document.body.append(Object.assign(document.createElement("script"), {textContent: "1"}))`, "policy violation: script-src"},
		{"style in the page", `document.body.append(Object.assign(document.createElement("style"), {textContent: "p {}"}))`, "policy violation: style-src"},
		{"exception", `setTimeout(() => { throw new Error("thrown on purpose") })`, "exception: Uncaught Error: thrown on purpose"},
		{"word on the console", `console.error("said on purpose")`, "console: \"said on purpose\""},
		{"missing file", `fetch("/static/missing.css")`, "status of 404"},
		{"wide part", `document.querySelector("h1").style.width = "2000px"`, "scrolls sideways by"},
		{"picture without words", `document.querySelector("main").append(Object.assign(document.createElement("img"), {src: "data:,"}))`, "image-alt"},
		{"pale text", `document.querySelector("h1").style.color = "#bbb"`, "color-contrast"},
		{"dark text in dark", `document.querySelector("h1").style.color = "#333"`, "in dark: color-contrast"},
	} {
		b.load("open a good page", chromedp.Navigate(b.home+"/signin"))
		if faults := b.faults(); len(faults) > 0 {
			t.Fatalf("before %s: %q", tt.name, faults)
		}
		// Wait for what a mistake brings about: a task, or an answer of the network.
		evaluate[chromedp.Void](b, `(async () => { await (`+tt.mistake+`); await new Promise(done => setTimeout(done)) })()`)
		if faults := strings.Join(b.faults(), "\n"); !strings.Contains(faults, tt.want) {
			t.Errorf("%s: found %q, want %q in it", tt.name, faults, tt.want)
		}
	}
}
