package e2e_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

const (
	lists = "../../gtmhub/emulator/data/joiners/"
	// rowTick are the ticks that take rows out of a decision.
	rowTick chromedp.CSS = `[data-testid="row"] input[name="reject"]`
)

// TestInvitation_from_file_to_return_file is the main job: HR sends a list, somebody else decides, all see it done.
func TestInvitation_from_file_to_return_file(t *testing.T) {
	t.Parallel()
	d := startDemo(t, "--latency", "150ms") // so that the run takes a while to be looked at
	hr := open(t, d, 1280, 900)
	hr.signIn("hr")
	hr.follow(`.portal-nav a[href="/invite"]`)
	hr.upload(lists + "joiners-hris-export.csv")

	// The file does not say its encoding, so somebody has to look at the letters.
	hr.title("Columns")
	if letters := strings.Join(hr.texts(testID("invite-letters")), " "); !strings.Contains(letters, "Wójcik") {
		t.Errorf("the letters to look at are %q, want Wójcik among them", letters)
	}
	hr.refused(testID("invite-continue"))
	hr.click(testID("invite-confirm-encoding"))
	hr.follow(testID("invite-continue"))

	hr.title("Check")
	rows := hr.texts(testID("invite-row"))
	if len(rows) == 0 {
		t.Fatal("no rows to check")
	}
	hr.follow(testID("invite-continue"))
	hr.title("Review")
	people := hr.number(testID("review-create"))
	if people < 30 {
		t.Errorf("the list invites %d people, want most of 40", people)
	}
	hr.send("Joiners of December")
	hr.toast("waits for a decision")
	request := hr.where()
	if got := hr.text(testID("change-state")); got != "waiting for a decision" {
		t.Errorf("the request is %s", got)
	}
	if n := len(hr.texts(testID("approve"))); n != 0 {
		t.Error("who asks can decide")
	}

	approver := open(t, d, 1280, 900)
	approver.signIn("hr-approver")
	approver.follow(`.portal-nav a[href="/changes"]`)
	approver.follow(testID("change-link"))
	if got := approver.where(); got != request {
		t.Fatalf("the approver finds %s, want %s", got, request)
	}
	total := approver.number(testID("rows-total"))
	out := []string{"linh.das@northwind.example", "ruth.hassan@northwind.example"}
	for _, email := range out {
		approver.do("tick "+email, chromedp.Click(chromedp.JSPath(`[...document.querySelectorAll('[data-testid="row"]')].find(r => r.innerText.includes("`+email+`")).querySelector('input[name="reject"]')`), chromedp.NodeVisible))
	}
	if got, want := approver.text(testID("approve")), "Approve "+strconv.Itoa(total-2)+" of "+strconv.Itoa(total); got != want {
		t.Errorf("the button says %q, want %q", got, want)
	}
	approver.refused(testID("approve")) // rows are rejected, so a reason is needed
	if n := len(approver.texts(rowTick + ":checked")); n != 2 {
		t.Fatalf("%d rows are ticked after the form came back, want 2", n)
	}
	approver.fill(testID("reason"), "These two start in spring.")
	approver.follow(testID("approve"))
	approver.toast("2 rejected")

	// The page goes on by itself: it stays the same document until the run has ended.
	evaluate[chromedp.Void](approver, "window.opened = true")
	approver.waitFor(`/^finished/.test(document.querySelector('[data-testid="change-state"]').innerText.trim())`)
	if !evaluate[bool](approver, "window.opened === true") {
		t.Error("the page was loaded again to show the end")
	}
	approver.check()
	approver.visit(request)
	sums := map[string]int{}
	for _, word := range []string{"done", "rejected"} {
		sums[word] = approver.number(chromedp.CSS(`[data-testid="step-main"] [data-testid="count-` + word + `"]`))
	}
	if sums["done"] != total-2 || sums["rejected"] != 2 {
		t.Errorf("of %d people %d are done and %d rejected, want %d and 2", total, sums["done"], sums["rejected"], total-2)
	}

	returned := string(approver.download(testID("return-file")))
	for _, want := range append(out, "fernanda.diallo@northwind.example", "Wójcik", "rejected", "done") {
		if !strings.Contains(returned, want) {
			t.Errorf("the return file lacks %q", want)
		}
	}
	if got := strings.Count(strings.TrimSpace(returned), "\n"); got != 40 {
		t.Errorf("the return file has %d rows, want 40, those of the list", got)
	}

	approver.visit("/audit")
	seen := map[string]bool{}
	for _, event := range evaluate[[]string](approver, `Array.from(document.querySelectorAll('[data-testid="audit-entry"]'), e => e.dataset.event)`) {
		seen[event] = true
	}
	for _, want := range []string{"finished", "outcome"} {
		if !seen[want] {
			t.Errorf("the newest entries of the audit trail have no %q: %v", want, seen)
		}
	}
	approver.visit("/audit?event=approved")
	if got := strings.Join(approver.texts(testID("audit-entry")), "\n"); !strings.Contains(got, "Chen Achieng") {
		t.Errorf("the audit trail does not say who approved: %s", got)
	}

	hr.visit("/users?status=pending&q=fernanda.diallo")
	if got := hr.text(testID("user-row")); !strings.Contains(got, "Fernanda Diallo") || !strings.Contains(got, "pending") {
		t.Errorf("who was invited is shown as %q, want pending", got)
	}
	hr.visit("/users?status=all&q=" + out[0])
	if n := hr.count("users-count"); n != 0 {
		t.Errorf("%d users for who was rejected, want none", n)
	}
}

// upload chooses a file in the first step of the wizard and goes on.
func (b *tab) upload(path string) {
	b.t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do("choose "+filepath.Base(path), chromedp.SetUploadFiles(testID("invite-file"), []string{path}))
	b.follow(testID("invite-continue"))
}

// paste brings a list of addresses from the first step of the wizard to the last.
func (b *tab) paste(list string) {
	b.t.Helper()
	b.visit("/invite")
	b.fill(testID("invite-text"), list)
	for b.where() == "/invite" || !strings.HasSuffix(b.where(), "/review") {
		b.follow(testID("invite-continue"))
	}
}

// send gives the reason and sends the request, without the rows that are not possible if there are any.
func (b *tab) send(reason string) {
	b.t.Helper()
	b.fill(testID("invite-reason"), reason)
	if len(b.texts(testID("invite-without"))) > 0 {
		b.click(testID("invite-without"))
	}
	b.follow(testID("invite-send"))
}

// refused presses a button whose form comes back with what is missing.
func (b *tab) refused(sel chromedp.CSS) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, chromedp.Click(sel, chromedp.NodeVisible))
	if err != nil {
		b.t.Fatalf("press %s: %v (on %s)", sel, err, b.where())
	}
	if response.Status != 422 {
		b.t.Fatalf("press %s: answered with %d, want 422", sel, response.Status)
	}
	b.allow("status of 422")
	b.check()
}

// download clicks a link to a file and returns the file.
func (b *tab) download(sel chromedp.CSS) []byte {
	b.t.Helper()
	folder := b.t.TempDir()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.CallBrowser(ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID, DownloadPath: folder, EventsEnabled: new(true),
	}); err != nil {
		b.t.Fatalf("allow downloads: %v", err)
	}
	events := chromedp.BrowserEvents(ctx, cdpbrowser.DownloadProgress)
	b.click(sel)
	for e, err := range events {
		if err != nil {
			b.t.Fatalf("download %s: %v", sel, err)
		}
		if e.State != cdpbrowser.DownloadProgressStateCompleted {
			continue
		}
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(files) != 1 {
			continue // of another tab
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			b.t.Fatal(err)
		}
		return data
	}
	b.t.Fatalf("%s brought no file", sel)
	return nil
}
