package handlers

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// operatorSessions is how many sessions the operator's page shows at most.
const operatorSessions = 200

// mySessions handles GET /me/sessions: where the person is signed in.
func (s *server) mySessions(w http.ResponseWriter, r *http.Request) error {
	me, ok := auth.FromContext(r.Context())
	if !ok {
		return fault.New(fault.Forbidden, "You are not signed in.")
	}
	own, err := s.Sessions.Own(r.Context(), me)
	if err != nil {
		return err
	}
	p := page.SessionsProps{EndURL: route.MySessionsEnd}
	for _, x := range own {
		line := s.sessionLine(x)
		line.This = x.Hash == me.Hash
		p.Sessions = append(p.Sessions, line)
	}
	if len(own) > 1 {
		p.EndOthersURL = route.MySessionsEndOthers
	}
	if p.Frame, err = s.frame(w, r, route.Me, layout.Props{Title: "Where you are signed in", Subtitle: "A session ends by itself when it is not used, and at the latest after some hours",
		Crumbs: []layout.Crumb{{Label: "My profile", URL: route.Me}}}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.MySessions(p))
}

func (s *server) sessionLine(x auth.Session) page.SessionLine {
	line := page.SessionLine{ID: string(x.Hash), Browser: browserName(x.UserAgent), Person: component.UserCellProps{ID: string(x.User), Name: x.Name, Email: x.Email},
		SignedIn: s.when(x.CreatedAt), LastSeen: s.when(x.LastSeenAt)}
	if line.Person.ID == "" {
		line.Person.ID = x.Subject
	}
	return line
}

// browserName turns what a browser says of itself into words. It is hostile text, so only known names come out.
func browserName(userAgent string) string {
	browser, system := "A browser", ""
	for _, b := range []struct{ mark, name string }{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(userAgent, b.mark) {
			browser = b.name
			break
		}
	}
	for _, o := range []struct{ mark, name string }{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}} {
		if strings.Contains(userAgent, o.mark) {
			system = " on " + o.name
			break
		}
	}
	return browser + system
}

// mySessionsEnd handles POST /me/sessions/end: one session of the person's own.
func (s *server) mySessionsEnd(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	me, ok := auth.FromContext(r.Context())
	if !ok {
		return fault.New(fault.Forbidden, "You are not signed in.")
	}
	if err := s.Sessions.EndOwn(r.Context(), me, auth.Hash(f.Get("session"))); err != nil {
		return err
	}
	if err := s.recordEnd(r, *me, "Ended by the person from another browser."); err != nil {
		return err
	}
	if auth.Hash(f.Get("session")) == me.Hash {
		return redirect(w, r, route.SignIn)
	}
	if err := s.say(w, r, layout.ToastSuccess, "That session has ended."); err != nil {
		return err
	}
	return redirect(w, r, route.MySessions)
}

// mySessionsEndOthers handles POST /me/sessions/end-others: all sessions of the person's own but this one.
func (s *server) mySessionsEndOthers(w http.ResponseWriter, r *http.Request) error {
	me, ok := auth.FromContext(r.Context())
	if !ok {
		return fault.New(fault.Forbidden, "You are not signed in.")
	}
	own, err := s.Sessions.Own(r.Context(), me)
	if err != nil {
		return err
	}
	n := 0
	for _, x := range own {
		if x.Hash == me.Hash {
			continue
		}
		if err := s.Sessions.End(r.Context(), x.Hash); err != nil {
			return err
		}
		n++
	}
	text := "There was no other session."
	if n > 0 {
		if err := s.recordEnd(r, *me, "All other sessions ended by the person."); err != nil {
			return err
		}
		text = "You are signed in here only now."
	}
	if err := s.say(w, r, layout.ToastSuccess, text); err != nil {
		return err
	}
	return redirect(w, r, route.MySessions)
}

// recordEnd writes into the trail that the person who makes the request ended a session.
func (s *server) recordEnd(r *http.Request, of auth.Session, why string) error {
	e := audit.Entry{Who: audit.WhoIs(actorFrom(r.Context())), Event: audit.SessionEnded, User: of.User, Before: of.Subject, Result: why, RequestID: requestOf(r.Context()).id}
	if err := s.Trail.Append(r.Context(), e); err != nil {
		return fmt.Errorf("record the end of a session: %w", err)
	}
	return nil
}

// operatorSessionsIndex handles GET /operations/sessions: who is signed in, found by address or name.
func (s *server) operatorSessionsIndex(w http.ResponseWriter, r *http.Request) error {
	find := strings.TrimSpace(r.URL.Query().Get("q"))
	all, err := s.Sessions.All(r.Context(), find, operatorSessions+1)
	if err != nil {
		return err
	}
	p := page.SessionsProps{EndURL: route.OperatorSessionsEnd, Find: find,
		Search: component.SearchBoxProps{Action: route.OperatorSessions, Value: find, Label: "Search name or address", Target: "#session-list", TestID: "sessions-search"}}
	p.More = len(all) > operatorSessions
	me, _ := auth.FromContext(r.Context())
	for _, x := range all[:min(operatorSessions, len(all))] {
		line := s.sessionLine(x)
		line.This = me != nil && x.Hash == me.Hash
		p.Sessions = append(p.Sessions, line)
	}
	p.Empty = component.EmptyStateProps{Icon: component.IconKey, Title: "Nobody is signed in", TestID: "sessions-empty"}
	if find != "" {
		p.Empty.Title, p.Empty.Text = "Nobody signed in matches", "Look for another part of the name or address."
	}
	if p.Frame, err = s.frame(w, r, route.OperatorSessions, layout.Props{Title: "Sessions", Subtitle: "Who is signed in to the portal at this moment"}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.OperatorSessions(p))
}

// operatorSessionsEnd handles POST /operations/sessions/end: anybody's session, written into the trail before it ends.
func (s *server) operatorSessionsEnd(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	of, err := s.Sessions.Find(r.Context(), auth.Hash(f.Get("session")))
	if err != nil {
		return err
	}
	if err := s.recordEnd(r, of, "Ended by an operator."); err != nil {
		return err
	}
	if err := s.Sessions.End(r.Context(), of.Hash); err != nil {
		return err
	}
	if me, ok := auth.FromContext(r.Context()); ok && me.Hash == of.Hash {
		return redirect(w, r, route.SignIn)
	}
	if err := s.say(w, r, layout.ToastSuccess, "That session has ended. The next click in that browser leads to the sign-in."); err != nil {
		return err
	}
	return redirect(w, r, route.OperatorSessions)
}

// endDeactivated ends all sessions of a person whose Gtmhub user has been deactivated. The request that found out is
// still answered, with the sentence that says why.
func (s *server) endDeactivated(r *http.Request, a access.Actor, sess *auth.Session) {
	if !a.Inactive {
		return
	}
	if err := s.Auth.EndPersonOf(r.Context(), sess, auth.Deactivated); err != nil {
		s.Log.Warn("end the sessions of a deactivated person", "err", err)
	}
}
