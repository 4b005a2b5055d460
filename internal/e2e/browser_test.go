package e2e_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/gtmhub-portal/portal/internal/htmltest"
)

// patience is how long one step may take. It is long because test machines are busy; nothing waits it out but a failure.
const patience = 20 * time.Second

//go:embed testdata/axe.min.js
var axe string

// violations has every violation of the policy said on the console, where it fails the test.
const violations = `document.addEventListener("securitypolicyviolation", e =>
	console.error("policy violation: " + e.effectiveDirective + " " + e.blockedURI + " " + e.sourceFile + ":" + e.lineNumber))`

// audit runs the rules or tags of axe that are put in, and returns a line for each rule that is broken, with where and why.
const audit = `axe.run({runOnly: %s, resultTypes: ["violations"]}).then(result =>
	result.violations.map(v => v.id + " at " + v.nodes.length + ": " +
		v.nodes.slice(0, 3).map(n => n.target.join(" ") + " (" + n.failureSummary.replace(/\s+/g, " ") + ")").join(", ")))`

// What axe looks at. Between the themes only colours differ, so the other rules need not run again in dark.
const (
	allRules    = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`
	colourRules = `["color-contrast", "link-in-text-block"]`
)

var closeBrowser = func() {}

// browser starts the one browser of all tests. Each tab lives in a context of its own, with its own cookies and cache.
var browser = sync.OnceValues(func() (context.Context, error) {
	path, err := htmltest.Chromium()
	if err != nil {
		return nil, err
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // its sandbox refuses to run as root
	}
	allocated, end := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, closeFirst := chromedp.NewContext(allocated)
	closeBrowser = func() { closeFirst(); end() }
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return ctx, nil
})

// tab is a person at a screen. Its methods fail the test when a step cannot be done.
type tab struct {
	t    *testing.T
	ctx  context.Context
	home string
	// width of the screen in pixels. A phone zooms out when a page is wider, so innerWidth would agree with any page.
	width int64
	// noScript says that scripts of pages do not run.
	noScript bool
	// toasts are the messages that the page had when it was opened: brief ones go away while a slow machine checks it.
	toasts []string

	mu sync.Mutex
	// complaints are the errors that pages said on the console since the last check.
	complaints []string
}

// open opens a tab of the given size for the demo; it closes with the test.
func open(t *testing.T, d *demo, width, height int64) *tab {
	t.Helper()
	parent, err := browser()
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, home: d.url, width: width}
	ctx, closeTab := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	b.ctx = ctx
	t.Cleanup(closeTab)
	// The first call opens the tab, which ends with the context of that call: so not one with a time limit.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			b.keepPicture()
		}
	})
	b.do("prepare the tab",
		chromedp.EmulateViewport(width, height),
		call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
		call(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: violations}))
	b.theme("light")
	return b
}

func (b *tab) listen(event any) {
	var said string
	switch e := event.(type) {
	case *cdpruntime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			said += " " + e.ExceptionDetails.Exception.Description
		}
	case *cdpruntime.EventConsoleAPICalled:
		if e.Type != cdpruntime.ConsoleAPICalledTypeError && e.Type != cdpruntime.ConsoleAPICalledTypeAssert {
			return
		}
		said = "console:"
		for _, arg := range e.Args {
			said += " " + string(arg.Value) + arg.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level != log.EntryLevelError || strings.HasSuffix(e.Entry.URL, "/favicon.ico") {
			return // the pages of the local provider have no icon; those of the portal name one
		}
		said = "log: " + e.Entry.Text + " " + e.Entry.URL
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, said)
}

// allow takes complaints with the given words off the list, where a journey provokes them.
func (b *tab) allow(words string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var left []string
	for _, c := range b.complaints {
		if !strings.Contains(c, words) {
			left = append(left, c)
		}
	}
	b.complaints = left
}

// step is one thing to do in a tab.
type step = chromedp.Action[chromedp.Void]

// do does the steps within the patience, or fails the test.
func (b *tab) do(what string, steps ...step) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v (on %s)", what, err, b.where())
	}
}

// evaluate returns the value of an expression in the page; promises are waited for.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("evaluate %.80s: %v (on %s)", expression, err, b.where())
	}
	return v
}

func (b *tab) where() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	url, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "an unknown page"
	}
	return strings.TrimPrefix(url, b.home)
}

// visit opens a path of the portal and checks the page.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.load("open "+path, chromedp.Navigate(b.home+path))
	b.check()
}

// follow clicks what leads to another page, and checks that page.
func (b *tab) follow(sel chromedp.CSS) {
	b.t.Helper()
	b.load("follow "+string(sel), chromedp.Click(sel, chromedp.NodeVisible))
	b.check()
}

// load does steps that end on another page, and wants that page to be a good one.
func (b *tab) load(what string, steps ...step) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		b.t.Fatalf("%s: %v (on %s)", what, err, b.where())
	}
	if response != nil && response.Status >= 400 {
		b.t.Fatalf("%s: answered with %d at %s", what, response.Status, response.URL)
	}
	b.toasts = b.texts(testID("toast"))
}

// click clicks what stays on the page.
func (b *tab) click(sel chromedp.CSS) {
	b.t.Helper()
	b.do("click "+string(sel), chromedp.Click(sel, chromedp.NodeVisible))
}

// fill types into a field.
func (b *tab) fill(sel chromedp.CSS, text string) {
	b.t.Helper()
	b.do("fill "+string(sel), chromedp.SendKeys(sel, text, chromedp.NodeVisible))
}

// waitFor waits until an expression is true in the page.
func (b *tab) waitFor(expression string) {
	b.t.Helper()
	b.do("wait until "+expression, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Poll[bool](expression, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience))(ctx, t)
		return chromedp.Void{}, err
	})
}

// tabTo presses Tab until the element has the focus, and wants the focus to be seen there.
func (b *tab) tabTo(sel chromedp.CSS) {
	b.t.Helper()
	for range 80 {
		b.do("press Tab", chromedp.KeyEvent(kb.Tab))
		if !evaluate[bool](b, fmt.Sprintf("document.activeElement.matches(%s)", quote(string(sel)))) {
			continue
		}
		const seen = `(s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none")(getComputedStyle(document.activeElement))`
		if !evaluate[bool](b, seen) {
			b.t.Errorf("the focus cannot be seen on %s (on %s)", sel, b.where())
		}
		return
	}
	b.t.Fatalf("%s is not reached with the Tab key (on %s)", sel, b.where())
}

// press presses a key in the element that has the focus.
func (b *tab) press(key string) {
	b.t.Helper()
	b.do("press a key", chromedp.KeyEvent(key))
}

// texts are the visible texts of all elements that match.
func (b *tab) texts(sel chromedp.CSS) []string {
	b.t.Helper()
	return evaluate[[]string](b, fmt.Sprintf("Array.from(document.querySelectorAll(%s), e => e.innerText.trim().replace(/\\s+/g, ' '))", quote(string(sel))))
}

// text is the visible text of the only element that matches.
func (b *tab) text(sel chromedp.CSS) string {
	b.t.Helper()
	all := b.texts(sel)
	if len(all) != 1 {
		b.t.Fatalf("%d elements match %s, want 1 (on %s)", len(all), sel, b.where())
	}
	return all[0]
}

// attribute is an attribute of the first element that matches.
func (b *tab) attribute(sel chromedp.CSS, name string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.AttributeValue(sel, name, chromedp.NodeReady))
	if err != nil {
		b.t.Fatalf("read %s of %s: %v (on %s)", name, sel, err, b.where())
	}
	return v.Value
}

// number is the count that an element carries for tests.
func (b *tab) number(sel chromedp.CSS) int {
	b.t.Helper()
	text := b.attribute(sel, "data-count")
	n, err := strconv.Atoi(text)
	if err != nil {
		b.t.Fatalf("the count of %s is %q (on %s)", sel, text, b.where())
	}
	return n
}

// count is the number of the element with the id for tests.
func (b *tab) count(id string) int {
	b.t.Helper()
	return b.number(testID(id))
}

// toast wants the page to have been opened with one message that has the words in it.
func (b *tab) toast(words string) {
	b.t.Helper()
	if len(b.toasts) != 1 || !strings.Contains(b.toasts[0], words) {
		b.t.Errorf("the messages are %q, want one with %q in it (on %s)", b.toasts, words, b.where())
	}
}

// title wants the heading of the page to begin with the words.
func (b *tab) title(want string) {
	b.t.Helper()
	if got := b.text(testID("page-title")); !strings.HasPrefix(got, want) {
		b.t.Fatalf("the page is %q, want %q (on %s)", got, want, b.where())
	}
}

// signIn signs in at the local provider as one of the people with a button, such as "hr". Of the pages on the way only
// TestSignIn checks all.
func (b *tab) signIn(person string) {
	b.t.Helper()
	b.load("open the portal", chromedp.Navigate(b.home+"/"))
	b.load("go to the provider", chromedp.Click(testID("signin-demo"), chromedp.NodeVisible))
	b.load("choose "+person, chromedp.Click(testID("signin-as-"+person), chromedp.NodeVisible))
	b.check()
	if got := b.where(); got != "/" {
		b.t.Fatalf("after signing in the page is %s, want /", got)
	}
}

// theme makes the system prefer light or dark. Motion is reduced, so that colours are final when they are measured.
func (b *tab) theme(scheme string) {
	b.t.Helper()
	b.do("choose the "+scheme+" theme", call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}))
	// Pages of the portal follow the system with a script, at the next frame.
	evaluate[chromedp.Void](b, fmt.Sprintf(`new Promise(done => {
		const look = () => [undefined, %s].includes(document.documentElement.dataset.bsTheme) ? requestAnimationFrame(done) : requestAnimationFrame(look);
		look();
	})`, quote(scheme)))
}

// withoutScript stops the scripts of pages from now on.
func (b *tab) withoutScript() {
	b.t.Helper()
	b.noScript = true
	b.scripts(false)
}

func (b *tab) scripts(run bool) {
	b.t.Helper()
	b.do("switch scripts", call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !run}))
}

// check wants the page as it is now to be free of the faults that the package comment names.
func (b *tab) check() {
	b.t.Helper()
	for _, fault := range b.faults() {
		b.t.Errorf("%s: %s", b.where(), fault)
	}
}

// faults lists what is wrong with the page as it is now, and what was said on the console since the last call.
func (b *tab) faults() []string {
	b.t.Helper()
	var faults []string
	if over := evaluate[int64](b, "document.scrollingElement.scrollWidth") - b.width; over > 0 {
		faults = append(faults, fmt.Sprintf("scrolls sideways by %d px", over))
	}
	if b.noScript {
		// axe itself needs a script. What a page without one looks like stays as it is, with the noscript parts.
		b.scripts(true)
		defer b.scripts(false)
	}
	evaluate[chromedp.Void](b, axe)
	faults = append(faults, evaluate[[]string](b, fmt.Sprintf(audit, allRules))...)
	if !b.noScript { // without a script there is one theme
		b.theme("dark")
		for _, finding := range evaluate[[]string](b, fmt.Sprintf(audit, colourRules)) {
			faults = append(faults, "in dark: "+finding)
		}
		b.theme("light")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	faults = append(faults, b.complaints...)
	b.complaints = nil
	return faults
}

// keepPicture writes what the tab shows to failures/.
func (b *tab) keepPicture() {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll("failures", 0o750)
	}
	name := filepath.Join("failures", strings.NewReplacer("/", "-", " ", "-").Replace(b.t.Name())+".png")
	if err == nil {
		err = os.WriteFile(name, picture, 0o600)
	}
	if err != nil {
		b.t.Logf("no picture of the page: %v", err)
		return
	}
	b.t.Logf("picture of %s: %s", b.where(), name)
}

// call makes a step out of a command that answers nothing.
func call[P, R any](command cdp.Command[P, R], params P) step {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// testID selects by the attribute that pages carry for tests.
func testID(id string) chromedp.CSS {
	return chromedp.CSS(fmt.Sprintf("[data-testid=%q]", id))
}

// quote writes text as a string of JavaScript.
func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always has a form in JSON
	}
	return string(b)
}
