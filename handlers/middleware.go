package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/static"
)

const defaultMaxBody = 64 << 10

// policy is the content security policy of every answer: nothing inline, nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri " + route.PolicyReports

// wrap puts the middleware around the router, outermost first: request id and log line, recovery, headers, origin
// check, session, groups of the session.
func (s *server) wrap(next http.Handler) http.Handler {
	return s.logged(s.headers(s.sameOrigin(s.Sessions.Load(s.Auth.Follow(s.who(next))))))
}

// recorder remembers what was answered, for the log line.
type recorder struct {
	http.ResponseWriter
	status int
	err    error
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// logged gives each request an id and writes one line about it, with the error if there was one. A panic is a mistake of
// ours: it is logged with its stack and answered with the error page.
func (s *server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		req := &request{id: string(id.NewRow())[:12]}
		rec := &recorder{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), requestKey, req))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				rec.err = fmt.Errorf("panic: %v", p)
				s.Log.Error("panic", "request_id", req.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				if rec.status == 0 {
					s.errorPage(rec, r, rec.err)
				}
			}
			s.line(rec, r, req, time.Since(start))
		}()
		next.ServeHTTP(rec, r)
	})
}

func (s *server) line(rec *recorder, r *http.Request, req *request, took time.Duration) {
	if s.Count != nil {
		s.Count(req.route, r.Method, rec.status, took)
	}
	args := []any{"request_id", req.id, "method", r.Method, "route", req.route, "status", rec.status, "duration_ms", took.Milliseconds()}
	if req.actor.User != "" {
		args = append(args, "actor_id", string(req.actor.User))
	}
	switch {
	case rec.err != nil && rec.status >= http.StatusInternalServerError:
		s.Log.Error("request", append(args, "err", rec.err)...)
	case rec.err != nil:
		s.Log.Info("request", append(args, "err", rec.err)...)
	default:
		s.Log.Debug("request", args...)
	}
}

// headers sets the security headers of every answer, errors and files included.
func (s *server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
		if !s.Insecure {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		if !strings.HasPrefix(r.URL.Path, static.Prefix) {
			h.Set("Cache-Control", "no-store")
			h.Set("Vary", "HX-Request")
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses unsafe requests that do not come from our own pages. http.CrossOriginProtection lets a request pass that has
// neither Sec-Fetch-Site nor Origin and does not compare the scheme, so both are checked here as well. Policy reports
// carry no cookie and change nothing; a back-channel logout comes from a provider and is proved by its signature.
func (s *server) sameOrigin(next http.Handler) http.Handler {
	inner := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead || r.URL.Path == route.PolicyReports || r.URL.Path == route.BackChannelLogout {
			next.ServeHTTP(w, r)
			return
		}
		origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
		if (origin != "" && !s.ownOrigin(origin)) || (origin == "" && site != "same-origin") || (site != "" && site != "same-origin") {
			s.fail(w, r, fault.New(fault.Forbidden, "This request did not come from the portal's own pages, so nothing was done. Open the page again and repeat."))
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// ownOrigin compares as a browser writes it: scheme and host, nothing behind.
func (s *server) ownOrigin(origin string) bool { return origin == s.Origin.Scheme+"://"+s.Origin.Host }

// who puts the actor into the request.
func (s *server) who(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sess, ok := auth.FromContext(r.Context()); ok {
			req := requestOf(r.Context())
			req.person = personOf(sess)
			req.actor = s.Actors.Actor(req.person)
			s.endDeactivated(r, req.actor, sess)
			s.Directory.Touch(req.person.User)
		}
		next.ServeHTTP(w, r)
	})
}

var errNoPage = fault.New(fault.NotFound, "There is no such page.")

// guard checks the permission of a route, caps the body, and wants a fresh sign-in for the acts in freshRoutes, before the
// handler sees the request.
func (s *server) guard(e endpoint) http.Handler {
	limit := e.maxBody
	if limit == 0 {
		limit = defaultMaxBody
	}
	return s.serve(func(w http.ResponseWriter, r *http.Request) error {
		requestOf(r.Context()).route = r.Pattern
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		a := actorFrom(r.Context())
		if e.permission != access.Public && a.Kind == "" {
			return s.toSignIn(w, r)
		}
		if !a.May(e.permission) {
			if a.Inactive {
				return fault.New(fault.Forbidden, "Your Gtmhub user has been deactivated, so the portal is closed to you. Ask HR if this is a mistake.")
			}
			return fault.New(fault.Forbidden, "You may not open this page. If you need it, ask HR.")
		}
		if s.staleAct(r) {
			return s.confirm(w, r)
		}
		return e.handle(w, r)
	})
}

// toSignIn sends people who are not signed in to the sign-in page: 303, or for htmx a 401 that makes the browser go there.
func (s *server) toSignIn(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", route.SignIn)
		w.WriteHeader(http.StatusUnauthorized)
		return nil
	}
	to := route.SignIn
	if r.Method == http.MethodGet && r.URL.Path != route.Home {
		to = route.With(route.SignIn, url.Values{"return": {r.URL.RequestURI()}})
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// serve turns a handler that returns an error into an http.Handler.
func (s *server) serve(h handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if asked, ok := errors.AsType[*askError](err); ok {
			err = s.ask(w, r, asked)
		}
		if sent, ok := errors.AsType[*sentError](err); ok {
			err = s.alreadySent(w, r, sent)
		}
		if err != nil {
			s.fail(w, r, err)
		}
	})
}

// fail answers an error and leaves it for the log line.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
		err = fault.Wrap(err, fault.TooLarge, fmt.Sprintf("That is too large: at most %d KB can be sent here. Nothing was changed.", tooBig.Limit>>10))
	}
	for rw := w; ; {
		if rec, ok := rw.(*recorder); ok {
			rec.err = err
			if rec.status != 0 {
				return // something was sent already; the log has the rest
			}
			break
		}
		u, ok := rw.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		rw = u.Unwrap()
	}
	s.errorPage(w, r, err)
}
