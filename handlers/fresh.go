package handlers

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// freshRoutes are the routes whose act needs a sign-in at most auth.FreshWithin old, and whether a form that is sent
// there is that act. A stale one is not handed on: the person gets a page that keeps what they typed.
var freshRoutes = map[string]func(url.Values) bool{
	"POST /bulk/users/{act}":     func(url.Values) bool { return true },
	"POST /settings/policy":      func(f url.Values) bool { return f.Get("do") == "save" },
	"POST /users/{id}/act/{act}": func(f url.Values) bool { return f.Get("role") != "" || f.Get("typed") != "" },
	"POST /changes/{id}/decide":  func(f url.Values) bool { return f.Get("do") == "approve" || f.Get("do") == "reject" },
}

// fresh says whether the person has proved lately who they are. A provider that does not say when they did counts as
// stale until they have signed in once more.
func (s *server) fresh(r *http.Request) bool {
	sess, _ := auth.FromContext(r.Context())
	return auth.RequireFresh(sess, s.Now(), auth.FreshWithin)
}

// freshURL is the way to prove it, which comes back to the page.
func freshURL(back string) string {
	return route.With(route.SignIn, url.Values{"fresh": {"1"}, "return": {back}})
}

// confirmNotice is what a page shows above a form that needs a fresh sign-in; nil when the person has one. Put it before
// the first field, so that nothing is typed in vain. act ends the title: "decide".
func (s *server) confirmNotice(r *http.Request, act, back string) *component.AlertProps {
	if s.fresh(r) {
		return nil
	}
	return &component.AlertProps{Tone: component.ToneInfo, Title: "To " + act + ", confirm that it is you", TestID: "confirm-first",
		Text:    "This needs a sign-in from the last 15 minutes. Sign in once more and you come back to this page.",
		LinkURL: freshURL(back), LinkLabel: "Confirm that it is you"}
}

// staleAct says whether a request is an act that needs a fresh sign-in and the person has none. It reads the form;
// handlers may read it again.
func (s *server) staleAct(r *http.Request) bool {
	needs, ok := freshRoutes[r.Pattern]
	if !ok || s.fresh(r) {
		return false
	}
	// A form that cannot be read is the handler's to refuse.
	return r.ParseForm() == nil && needs(r.PostForm)
}

// confirm answers a stale act: nothing is done, what was typed travels on in hidden fields, and the way to a fresh
// sign-in opens beside it.
func (s *server) confirm(w http.ResponseWriter, r *http.Request) error {
	p := page.ConfirmProps{Action: r.URL.RequestURI(), SignInURL: freshURL(route.Confirmed),
		Plain: layout.PlainProps{Title: "Confirm that it is you", Training: s.Training, Version: s.Version}}
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		for _, value := range r.PostForm[name] {
			p.Fields = append(p.Fields, component.Hidden{Name: name, Value: value})
		}
	}
	if back := strings.TrimPrefix(r.Header.Get("Referer"), s.Origin.String()); back != r.Header.Get("Referer") {
		if local, ok := auth.LocalPath(back); ok {
			p.BackURL = local
		}
	}
	if htmx(r) { // the page takes the place of the one that asked
		w.Header().Set("HX-Retarget", "body")
		w.Header().Set("HX-Reswap", "innerHTML")
	}
	return s.show(w, r, http.StatusUnprocessableEntity, page.Confirm(p))
}

// confirmed handles GET /me/confirmed: where the fresh sign-in in a tab of its own ends.
func (s *server) confirmed(w http.ResponseWriter, r *http.Request) error {
	if !s.fresh(r) {
		return redirect(w, r, freshURL(route.Confirmed))
	}
	return s.show(w, r, http.StatusOK, page.Confirmed(layout.PlainProps{Title: "Thank you", Training: s.Training, Version: s.Version}, route.Home))
}
