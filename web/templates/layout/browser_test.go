package layout_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"

	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/web/static"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// policy is the content security policy of the portal.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// TestScripts_in_a_browser tries our scripts in Chromium, where the policy and htmx are real.
func TestScripts_in_a_browser(t *testing.T) {
	t.Parallel()
	htmltest.NeedChromium(t)
	program, err := htmltest.Chromium()
	if err != nil {
		t.Fatal(err)
	}
	checks, err := os.ReadFile("testdata/checks.js")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(samples())
	t.Cleanup(server.Close)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true))...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)

	for _, page := range []string{"/list", "/parts"} {
		if err := chromedp.Do(ctx, chromedp.Navigate(server.URL+page)); err != nil {
			t.Fatalf("open %s: %v", page, err)
		}
		tried, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](string(checks), chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("try scripts on %s: %v", page, err)
		}
		if len(tried) < 10 {
			t.Errorf("%s: only %d things were tried", page, len(tried))
		}
		for _, sentence := range tried {
			if failed, ok := strings.CutPrefix(sentence, "FAIL "); ok {
				t.Errorf("%s: not so: %s", page, failed)
			}
		}
	}
}

// samples serves the sample pages, the assets, and answers of any status for htmx.
func samples() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.Handle("/list", templ.Handler(around(layout.Page(sample()), userList())))
	mux.Handle("/parts", templ.Handler(around(layout.Page(parts()), partList())))
	mux.HandleFunc("/answer/{status}", func(w http.ResponseWriter, r *http.Request) {
		var status int
		if _, err := fmt.Sscan(r.PathValue("status"), &status); err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "answer "+r.PathValue("status"))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		mux.ServeHTTP(w, r)
	})
}
