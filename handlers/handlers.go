package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/notify"
)

// Directory is what pages read of the account.
type Directory interface {
	Current() *directory.Snapshot
	Health() directory.State
	// Touch says that these people are looking, so that teams and their own records are kept fresh.
	Touch(users ...id.User)
	// Refresh re-reads single records, for detail pages.
	Refresh(ctx context.Context, users []id.User, teams []id.Team) error
	// KeyResultsOf counts what a user owns; it asks Gtmhub.
	KeyResultsOf(ctx context.Context, user id.User) (int, error)
}

// Lookups is what pages read of the account when they are opened, because no copy of it is kept.
type Lookups interface {
	Owned(ctx context.Context, user id.User) (directory.Owned, error)
	Announcements(ctx context.Context) ([]directory.Announcement, error)
	Announcement(ctx context.Context, a id.Announcement) (directory.Announcement, bool, error)
	ServesAnnouncements() directory.Serving
	Personal(ctx context.Context, user id.User) (directory.Personal, error)
	PasswordPolicy(ctx context.Context, token, clientID string) (string, error)
}

// Options are the dependencies and settings of the handlers. All are required unless said otherwise.
type Options struct {
	Auth      *auth.Handler
	Sessions  *auth.Store
	Actors    actor.Builder
	Directory Directory
	Lookups   Lookups
	Changes   *change.Service
	// Own takes the token of a person for the change that they wait for.
	Own      *change.OwnTokens
	Notices  *notify.Service
	Drafts   joiners.Drafts
	Deputies *deputy.Service
	// Drift is what was changed without the portal.
	Drift *drift.Service
	// Lists keeps ticks and views of the list of users.
	Lists directory.Lists
	Trail audit.Trail
	// Joiners are the settings for reading lists.
	Joiners joiners.Options
	// Origin is the public origin, such as "https://portal.example.com".
	Origin *url.URL
	// Training draws the banner; Insecure (plain HTTP on loopback) leaves out HSTS.
	Training, Insecure bool
	// LeadsFindPeople lets leads find anybody by name or address in the add dialog.
	LeadsFindPeople bool
	Version         string
	// UndoFor is how long the undo button of a result line works at once; 0 means never. The page of the change goes on
	// offering it.
	UndoFor time.Duration
	// Zone is the zone in which times are shown.
	Zone *time.Location
	Now  func() time.Time
	Log  *slog.Logger
	// Ready is asked by the health check.
	Ready func(ctx context.Context) error
	// Count, if set, is told of each answer: the pattern of its route ("" for none), method, status and time.
	Count func(route, method string, status int, took time.Duration)
}

// server holds what all handlers share.
type server struct {
	Options
}

// Pages makes the two pages that package auth shows, for use in auth.HandlerOptions before the handlers exist.
type Pages struct{ s *server }

// NewPages makes the sign-in pages. Only Training, Version and Zone of the options are used.
func NewPages(o Options) Pages { return Pages{&server{o}} }

// New builds the handler of the whole portal. It returns an error for a route without a permission.
func New(o Options) (http.Handler, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	s := &server{o}
	mux, err := s.mux()
	if err != nil {
		return nil, err
	}
	return s.wrap(mux), nil
}

type contextKey int

const (
	requestKey contextKey = iota
)

// request is what the middleware knows about a request; handlers read it through the functions below.
type request struct {
	id     string
	actor  access.Actor
	person change.Person
	route  string
}

func requestOf(ctx context.Context) *request {
	if r, ok := ctx.Value(requestKey).(*request); ok {
		return r
	}
	return &request{}
}

// actorFrom is who makes the request, with what they hold now. Its Kind is empty for people who are not signed in.
func actorFrom(ctx context.Context) access.Actor { return requestOf(ctx).actor }

// personFrom is the stored form of the actor.
func personFrom(ctx context.Context) change.Person { return requestOf(ctx).person }

// view is the part of the account that the actor may read.
func (s *server) view(ctx context.Context) directory.View {
	return s.Directory.Current().View(actorFrom(ctx).Scope())
}

// personOf turns a session into the stored form of an actor. An address that is not verified is left out: it must not
// give anybody a role.
func personOf(sess *auth.Session) change.Person {
	p := change.Person{Kind: access.ByPerson, Issuer: sess.Issuer, Subject: sess.Subject, User: sess.User, Name: sess.Name, Groups: sess.Groups}
	if sess.EmailVerified {
		p.Email = sess.Email
	}
	if p.Name == "" {
		p.Name = sess.Email
	}
	return p
}

// PersonOf is personOf for the wiring in cmd/portal, which must judge a person before there is a session.
func PersonOf(p auth.Person, user id.User) change.Person {
	return personOf(&auth.Session{Issuer: p.Issuer, Subject: p.Subject, User: user, Name: p.Name, Email: p.Email, EmailVerified: p.EmailVerified, Groups: p.Groups})
}

var errNoPermission = errors.New("a route without a permission")
