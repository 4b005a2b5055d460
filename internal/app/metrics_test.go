package app_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
)

// TestMetrics runs a small request and looks at what operators see of it: numbers, and nobody's name.
func TestMetrics(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{})
	scrape := func() string {
		t.Helper()
		w := httptest.NewRecorder()
		j.App.Metrics.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		if w.Code != http.StatusOK {
			t.Fatalf("status %d", w.Code)
		}
		return w.Body.String()
	}
	hr, me := j.person(handlertest.HR)
	waiting, err := j.App.Changes.Submit(t.Context(), hr, me, j.joiners(4))
	if err != nil {
		t.Fatal(err)
	}
	if got := scrape(); !strings.Contains(got, `portal_changes_open{state="waiting"} 1`) || !strings.Contains(got, `portal_rows_open{state="queued"} 12`) {
		t.Errorf("a request with 4 people in 3 steps waits, but:\n%s", portalLines(got))
	}
	if err := j.App.Changes.Withdraw(t.Context(), hr, waiting.ID); err != nil {
		t.Fatal(err)
	}
	c := j.WaitFor(j.invite(3).ID)
	if c.State != change.Finished {
		t.Fatalf("state %s", c.State)
	}
	client := j.As(handlertest.HR)
	client.Get("/users?q=achieng")
	client.Get("/users/" + string(j.User(handlertest.Lead.Email).ID))
	client.Get("/no/such/page/achieng")
	got := scrape()
	for _, want := range []string{
		`portal_rows_settled_total{kind="invite user",state="done"} 3`,
		`portal_gtmhub_call_duration_seconds_count{operation="6",outcome="ok"} 3`,
		`portal_http_request_duration_seconds_count{method="GET",route="GET /users",status="200"} 1`,
		`portal_http_request_duration_seconds_count{method="GET",route="GET /users/{id}",status="200"} 1`,
		`portal_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1`,
		`portal_directory_users 1279`, `portal_directory_teams 314`, `portal_sessions 1`, `portal_info{version="test"} 1`,
		"process_resident_memory_bytes", "go_goroutines",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, portalLines(got))
		}
	}
	docs, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile("(?m)^# HELP (portal_[a-z_]+) ").FindAllStringSubmatch(got, -1) {
		if !strings.Contains(string(docs), "`"+name[1]+"`") {
			t.Errorf("docs/operations.md does not explain %s", name[1])
		}
	}
	if strings.Contains(got, "portal_changes_open{") {
		t.Errorf("nothing is open, but:\n%s", portalLines(got))
	}
	if strings.Contains(strings.ToLower(got), "achieng") || strings.Contains(got, "northwind") {
		t.Error("somebody's name is in the metrics")
	}
}

func portalLines(s string) string {
	var out []string
	for l := range strings.Lines(s) {
		if strings.HasPrefix(l, "portal_") && !strings.Contains(l, "_bucket") && !strings.Contains(l, "_sum") {
			out = append(out, strings.TrimSpace(l))
		}
	}
	return strings.Join(out, "\n")
}
