package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/handlers"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/route"
)

func TestHeadersAndSignIn(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	for _, tc := range []struct {
		name, path string
		as         handlertest.Viewpoint
		want       int
	}{
		{"home needs a sign-in", "/", handlertest.Anonymous, http.StatusSeeOther},
		{"home of HR", "/", handlertest.HR, http.StatusOK},
		{"home of an employee", "/", handlertest.Employee, http.StatusOK},
		{"profile", "/me", handlertest.Lead, http.StatusOK},
		{"users are not for employees", "/users", handlertest.Employee, http.StatusForbidden},
		{"no such page", "/nowhere", handlertest.HR, http.StatusNotFound},
		{"health", "/healthz", handlertest.Anonymous, http.StatusOK},
		{"the icon of answers that are no pages", "/favicon.ico", handlertest.Anonymous, http.StatusFound},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := p.As(tc.as).Get(tc.path)
			if got.Status != tc.want {
				t.Errorf("GET %s as %s: %d, want %d", tc.path, tc.as.Name, got.Status, tc.want)
			}
			csp := got.Header.Get("Content-Security-Policy")
			if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("content security policy %q", csp)
			}
			if got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control %q", got.Header.Get("Cache-Control"))
			}
		})
	}
	if got := p.As(handlertest.Anonymous).Get(p.As(handlertest.Anonymous).Get("/favicon.ico").Location()); got.Status != http.StatusOK || got.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the icon: %d %s", got.Status, got.Header.Get("Content-Type"))
	}
}

// matrixRow is a line of testdata/matrix.tsv: a route, its permission, and who may call it.
type matrixRow struct {
	handlers.Route
	May map[string]bool
}

func matrix(t *testing.T) []matrixRow {
	t.Helper()
	data, err := os.ReadFile("testdata/matrix.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var head []string
	var out []matrixRow
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		switch {
		case strings.HasPrefix(line, "#"):
		case head == nil:
			head = cells
		default:
			if len(cells) != len(head) {
				t.Fatalf("%d cells instead of %d: %s", len(cells), len(head), line)
			}
			row := matrixRow{handlers.Route{Pattern: cells[0], Permission: cells[1]}, map[string]bool{}}
			for i, cell := range cells[2:] {
				if cell != "yes" && cell != "-" {
					t.Fatalf("%q is neither yes nor -: %s", cell, line)
				}
				row.May[head[i+2]] = cell == "yes"
			}
			out = append(out, row)
		}
	}
	return out
}

// TestMatrixIsTheTable fails for a route without a line, a line without a route, and another permission.
func TestMatrixIsTheTable(t *testing.T) {
	t.Parallel()
	var lines []handlers.Route
	for _, row := range matrix(t) {
		lines = append(lines, row.Route)
		for _, v := range handlertest.Viewpoints() {
			if _, ok := row.May[v.Name]; !ok {
				t.Errorf("%s: nothing about %s", row.Pattern, v.Name)
			}
		}
	}
	if diff := cmp.Diff(handlers.Routes(), lines); diff != "" {
		t.Errorf("route table and matrix (-table +matrix):\n%s", diff)
	}
}

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// call splits a pattern into method and path, with ids in the place of its parameters.
func call(pattern string, ids map[string]string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	path = placeholder.ReplaceAllStringFunc(path, func(name string) string { return ids[name] })
	return method, path
}

// nobody are ids that are well formed and belong to nothing.
var nobody = map[string]string{"{$}": "", "{id}": "ffffffffffffffffffffffff", "{user}": "ffffffffffffffffffffffff", "{draft}": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "{provider}": "nobody", "{act}": "deactivate", "{deputy}": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "{objective}": "ffffffffffffffffffffffff"}

func request(t *testing.T, p *handlertest.Portal, method, path string, form url.Values) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// TestEveryRouteForEverybody calls each route as each viewpoint and compares with the matrix.
func TestEveryRouteForEverybody(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	written := effects(p)
	for _, v := range handlertest.Viewpoints() {
		t.Run(v.Name, func(t *testing.T) {
			for _, row := range matrix(t) {
				c := p.As(v) // a session of its own, because one of the routes ends it
				method, path := call(row.Pattern, nobody)
				got := c.Do(request(t, p, method, path, nil))
				switch {
				case row.Permission == "public":
					if got.Status >= http.StatusInternalServerError || got.Status == http.StatusUnauthorized {
						t.Errorf("%s: status %d", row.Pattern, got.Status)
					}
				case v.Name == handlertest.Anonymous.Name:
					if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location(), route.SignIn) || row.May[v.Name] {
						t.Errorf("%s: status %d to %q, want the way to the sign-in", row.Pattern, got.Status, got.Location())
					}
					c.HTMX = true
					got = c.Do(request(t, p, method, path, nil))
					if got.Status != http.StatusUnauthorized || got.Header.Get("HX-Redirect") != route.SignIn || got.Body != "" {
						t.Errorf("%s with htmx: status %d, HX-Redirect %q", row.Pattern, got.Status, got.Header.Get("HX-Redirect"))
					}
				case row.May[v.Name]:
					if got.Status == http.StatusForbidden || got.Status == http.StatusUnauthorized || got.Status >= http.StatusInternalServerError || strings.HasPrefix(got.Location(), route.SignIn) {
						t.Errorf("%s: status %d, but the matrix says yes", row.Pattern, got.Status)
					}
				default:
					if got.Status != http.StatusForbidden || got.Doc().Count(`[data-testid="error-message"]`) != 1 {
						t.Errorf("%s: status %d, but the matrix says no", row.Pattern, got.Status)
					}
				}
			}
		})
	}
	if n := effects(p); n != written {
		t.Errorf("%d writes reached Gtmhub", n-written)
	}
}

// state counts what a forged request could leave behind.
func state(t *testing.T, p *handlertest.Portal) string {
	t.Helper()
	_, changes, err := p.App.Store.Changes().Changes(t.Context(), change.Filter{Size: 1})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d writes upstream, %d changes", effects(p), changes)
}

// targets are ids of things that HR may really change: what a forged request would aim at.
func targets(t *testing.T, p *handlertest.Portal, c *handlertest.Client) (ids map[string]map[string]string, form url.Values, waiting change.Change) {
	t.Helper()
	team, user := p.Team("Website Maintainers"), p.User(handlertest.Employee.Email)
	waiting = submit(t, p, p.As(handlertest.Lead), invitation(p, 2))
	list := c.Upload(route.Invite, "file", "list.csv", []byte("email,first name,last name\nnew.one@northwind.example,New,One\n"), nil)
	draft := strings.Split(strings.TrimPrefix(list.Location(), route.Invite+"/"), "/")[0]
	if draft == "" {
		t.Fatalf("no draft: %d %q", list.Status, list.Location())
	}
	ids = map[string]map[string]string{
		"/users":   {"{id}": string(user.ID)},
		"/teams":   {"{id}": string(team.ID), "{user}": string(team.Members[0]), "{act}": "deactivate"},
		"/changes": {"{id}": string(waiting.ID)},
		"/invite":  {"{draft}": draft},
		"/":        {"{$}": "", "{provider}": "nobody"},
	}
	form = url.Values{"user": {string(user.ID)}, "version": {"1"}, "hash": {waiting.Hash}, "do": {"approve"}, "reason": {"because"}}
	return ids, form, waiting
}

// idsOf are the ids that go into a pattern: those of its first segment.
func idsOf(ids map[string]map[string]string, pattern string) map[string]string {
	_, path, _ := strings.Cut(pattern, " ")
	if found, ok := ids["/"+strings.Split(path, "/")[1]]; ok {
		return found
	}
	return ids["/"]
}

func TestForgedRequestsChangeNothing(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	ids, form, waiting := targets(t, p, hr)
	before := state(t, p)
	for _, tc := range []struct {
		name   string
		header map[string]string
	}{
		{"foreign origin", map[string]string{"Origin": "https://evil.example"}},
		{"foreign origin that says it is our own site", map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}},
		{"our host over another scheme", map[string]string{"Origin": strings.Replace(p.URL, "http:", "https:", 1), "Sec-Fetch-Site": "same-origin"}},
		{"our host on another port", map[string]string{"Origin": "http://127.0.0.1:1"}},
		{"null origin", map[string]string{"Origin": "null"}},
		{"null origin from our own site", map[string]string{"Origin": "null", "Sec-Fetch-Site": "same-origin"}},
		{"no header at all", nil},
		{"cross-site", map[string]string{"Sec-Fetch-Site": "cross-site"}},
		{"same site, another host", map[string]string{"Sec-Fetch-Site": "same-site"}},
		{"cross-site with our origin", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": p.URL}},
		{"typed address", map[string]string{"Sec-Fetch-Site": "none"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, r := range handlers.Routes() {
				method, path := call(r.Pattern, idsOf(ids, r.Pattern))
				// Reports carry no cookie and change nothing; a logout of the provider is proved by its signature.
				if method != http.MethodPost || path == route.PolicyReports || path == route.BackChannelLogout {
					continue
				}
				for _, v := range []handlertest.Viewpoint{handlertest.HR, handlertest.HRApprover, handlertest.Anonymous} {
					c := p.As(v)
					c.NoOrigin = true
					req := request(t, p, method, path, form)
					for name, value := range tc.header {
						req.Header.Set(name, value)
					}
					if got := c.Do(req); got.Status != http.StatusForbidden {
						t.Errorf("%s as %s: status %d, want 403", r.Pattern, v.Name, got.Status)
					}
				}
			}
		})
	}
	if after := state(t, p); after != before {
		t.Errorf("before: %s; after: %s", before, after)
	}
	if now, err := p.App.Store.Changes().Change(t.Context(), waiting.ID); err != nil || now.State != change.Waiting {
		t.Errorf("the request that waited is %s, %v", now.State, err)
	}
	if got := hr.Get(route.Home).Status; got != http.StatusOK {
		t.Errorf("the session has ended: home answers %d", got)
	}
	if got := hr.Get(route.Draft(ids["/invite"]["{draft}"], "columns")).Status; got != http.StatusOK {
		t.Errorf("the draft is gone: %d", got)
	}
	// The same request from our own page works, so what was refused above was worth forging.
	post(t, p, hr, route.TeamMembers(p.Team("Website Maintainers").ID), form)
	if after := state(t, p); after == before {
		t.Error("the genuine request changed nothing either")
	}
}

func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	ids, _, _ := targets(t, p, p.As(handlertest.HR))
	before := state(t, p)
	for _, v := range handlertest.Viewpoints() {
		t.Run(v.Name, func(t *testing.T) {
			c := p.As(v)
			for _, r := range handlers.Routes() {
				method, path := call(r.Pattern, idsOf(ids, r.Pattern))
				if method != http.MethodGet {
					continue
				}
				get, head := c.Get(path), c.Head(path)
				if r.Pattern == "GET /signin/{provider}" || r.Pattern == "GET /callback" { // single-use steps: only a navigation may take them
					if head.Status != http.StatusForbidden {
						t.Errorf("%s: HEAD %d, want 403", r.Pattern, head.Status)
					}
					continue
				}
				if get.Status != head.Status || head.Body != "" || get.Header.Get("Content-Type") != head.Header.Get("Content-Type") {
					t.Errorf("%s: GET %d %s, HEAD %d %s with %d bytes", r.Pattern, get.Status, get.Header.Get("Content-Type"), head.Status, head.Header.Get("Content-Type"), len(head.Body))
				}
				if get.Status >= http.StatusInternalServerError {
					t.Errorf("%s: status %d", r.Pattern, get.Status)
				}
			}
		})
	}
	if after := state(t, p); after != before {
		t.Errorf("before: %s; after: %s", before, after)
	}
}

// TestOtherMethods: what no row names is no page, and changes nothing.
func TestOtherMethods(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	before := state(t, p)
	team := p.Team("Website Maintainers").ID
	for _, path := range []string{route.Users, route.Team(team), route.TeamMembers(team), route.Home} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, "BREW"} {
			got := hr.Do(request(t, p, method, path, url.Values{"user": {"x"}}))
			if !slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed}, got.Status) {
				t.Errorf("%s %s: status %d", method, path, got.Status)
			}
		}
	}
	if got := hr.Get(route.TeamMembers(team)); got.Status != http.StatusNotFound && got.Status != http.StatusMethodNotAllowed {
		t.Errorf("GET of a form's address: status %d", got.Status)
	}
	if after := state(t, p); after != before {
		t.Errorf("before: %s; after: %s", before, after)
	}
}
