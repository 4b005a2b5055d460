package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// htmx says whether htmx asks, which then swaps a part of the page. It changes the shape of an answer, never what is allowed.
func htmx(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// show writes a page (or, if fragment is given and htmx asks for that target, only the fragment) with a status.
// The page is rendered before the first byte is sent, so that a mistake in a template becomes a proper error page.
func (s *server) show(w http.ResponseWriter, r *http.Request, status int, c templ.Component, fragments ...any) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	var buf = templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	var err error
	if htmx(r) && len(fragments) > 0 {
		err = templ.RenderFragments(r.Context(), buf, c, fragments...)
	} else {
		err = c.Render(r.Context(), buf)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(status)
	_, err = w.Write(buf.Bytes())
	return err
}

// redirect answers a successful POST: 303, or for htmx 204 with HX-Redirect, because a 3xx would be followed before htmx
// sees its headers. The address is one of package route.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	if htmx(r) {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// say keeps a message for the next page of the person.
func (s *server) say(w http.ResponseWriter, r *http.Request, kind layout.ToastKind, text string) error {
	return s.Sessions.AddFlash(w, r, auth.Flash{Kind: string(kind), Text: text})
}

// frame fills in what all pages share. current is the address of the section that the page belongs to.
func (s *server) frame(w http.ResponseWriter, r *http.Request, current string, p layout.Props) (layout.Props, error) {
	a := actorFrom(r.Context())
	sess, _ := auth.FromContext(r.Context())
	p.Nav = s.nav(r, current)
	p.Training, p.Version = s.Training, s.Version
	if sess != nil {
		me := personFrom(r.Context())
		p.User = &layout.UserMenu{Name: me.Name, Email: sess.Email, Initials: initials(me.Name), RoleLabel: a.RoleLabel(), ProfileURL: route.Me, SignOutURL: route.SignOut}
		if p.Bell == nil {
			p.Bell = s.bell(r, current)
		}
		var flashes []auth.Flash
		if r.Method == http.MethodGet { // HEAD shows nobody anything, so it must not use the messages up
			var err error
			if flashes, err = s.Sessions.TakeFlashes(w, r); err != nil {
				return p, err
			}
		}
		for _, f := range flashes {
			p.Toasts = append(p.Toasts, layout.Toast{Kind: layout.ToastKind(f.Kind), Text: f.Text, LinkURL: f.LinkURL, LinkLabel: f.LinkLabel, UndoURL: f.UndoURL})
		}
	}
	h := s.Directory.Health()
	now := s.Now()
	if !h.FetchedAt.IsZero() {
		p.Freshness, p.FreshnessExact = ago(now, h.FetchedAt), s.exact(h.FetchedAt)
	}
	switch {
	case !h.Loaded && h.Err == "":
		p.Notice = "The account is being read for the first time. People and teams appear in a moment; reload this page."
	case !h.Loaded:
		p.Notice = h.Err + " Nothing can be shown before the account has been read once."
	case h.Err != "" && !h.DownSince.IsZero():
		p.Notice = "Gtmhub has not answered since " + s.exact(h.DownSince) + ". You see the account as of " + p.FreshnessExact + ". Changes have to wait until it answers again."
	}
	return p, nil
}

// exact writes a time in the zone of the settings.
func (s *server) exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(s.Zone).Format("2 Jan 2006, 15:04:05 MST")
}

// day writes a date in the zone of the settings, or "" for none.
func (s *server) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(s.Zone).Format("2 Jan 2006")
}

// ago says how long ago t was, in words.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return ""
	case d < 10*time.Second:
		return "just now"
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " seconds ago"
	case d < 2*time.Minute:
		return "1 minute ago"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " minutes ago"
	case d < 2*time.Hour:
		return "1 hour ago"
	case d < 24*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " hours ago"
	case d < 48*time.Hour:
		return "1 day ago"
	default:
		return strconv.Itoa(int(d.Hours()/24)) + " days ago"
	}
}

// until says how long from now t is, in words; "" when it has passed.
func until(now, t time.Time) string {
	d := t.Sub(now)
	switch {
	case d <= 0:
		return ""
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Minute:
		return "1 minute"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " minutes"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " hours"
	default:
		// Nearly three days are three days, to somebody who has just been given them.
		return strconv.Itoa(int((d+30*time.Minute).Hours()/24)) + " days"
	}
}

// count writes a number with thousands separators.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// initials are the first letters of the first and last word of a name.
func initials(name string) string {
	var first, last rune
	word := true
	for _, c := range name {
		if c == ' ' {
			word = true
			continue
		}
		if word {
			if first == 0 {
				first = c
			} else {
				last = c
			}
			word = false
		}
	}
	out := ""
	for _, c := range []rune{first, last} {
		if c != 0 {
			out += string(c)
		}
	}
	return out
}

// errorPage writes the page of an error: status and sentence by its kind, and a reference number for the operator.
func (s *server) errorPage(w http.ResponseWriter, r *http.Request, err error) {
	kind := fault.KindOf(err)
	p := page.ErrorProps{Status: kind.Status(), Message: fault.Message(err), Reference: requestOf(r.Context()).id, HomeURL: route.Home,
		Plain: layout.PlainProps{Training: s.Training, Version: s.Version}}
	switch kind {
	case fault.NotFound:
		p.Plain.Title = "Not found"
	case fault.Forbidden:
		p.Plain.Title = "Not allowed"
	case fault.Conflict:
		p.Plain.Title = "Somebody was faster"
	case fault.TooLarge:
		p.Plain.Title = "Too large"
	case fault.Invalid:
		p.Plain.Title = "That did not work"
	case fault.RateLimited:
		p.Plain.Title = "Too much at once"
	case fault.Unavailable:
		p.Plain.Title = "Not available just now"
	case fault.Full:
		p.Plain.Title = "No room left"
	default:
		p.Plain.Title = "Something went wrong"
	}
	if refusal, ok := errors.AsType[*access.Refusal](err); ok {
		p.Message, p.Rule, p.Help = refusal.Sentence, refusal.Rule, refusal.Help
		p.InsteadURL, p.InsteadLabel = s.instead(r, refusal)
	}
	if p.Message == "" {
		p.Message = "This is a mistake in the portal. Nothing of what you had saved before is lost. Try again; if it stays, tell the operator the reference below."
	}
	var c templ.Component = page.Error(p)
	if htmx(r) {
		c = page.ErrorFragment(p)
	}
	if rerr := s.show(w, r, p.Status, c); rerr != nil {
		s.Log.Error("draw the error page", "err", rerr)
	}
}

// query returns the address of the current page with some parameters changed; an empty value removes one.
func query(r *http.Request, set map[string]string) string {
	q := r.URL.Query()
	for k, v := range set {
		if v == "" {
			q.Del(k)
		} else {
			q.Set(k, v)
		}
	}
	return route.With(r.URL.Path, q)
}

// form parses a POST body and refuses fields that are sent more than once, save those named in lists: of two values
// that contradict each other none is taken. Only r.PostForm is read: never the query, never cookies.
func form(r *http.Request, lists ...string) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	for name, values := range r.PostForm {
		if len(values) > 1 && !slices.Contains(lists, name) {
			return nil, fault.New(fault.Invalid, "The form came with two answers to one question, so nothing was done. Open the page again and repeat.")
		}
	}
	return r.PostForm, nil
}
