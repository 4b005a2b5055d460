package handlers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
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
}
