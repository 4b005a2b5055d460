// Package app puts the parts of the portal together: store, Gtmhub client, directory, changes, sign-in and handlers.
//
// It is the only place where the client that can write meets the runner. The commands of cmd/portal and the tests start
// the same application from here. Start at [New], then serve [App.Handler] while [App.Run] runs.
package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/handlers"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/change/kinds"
	"github.com/gtmhub-portal/portal/internal/deputy"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/metrics"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/internal/store"
)

// Options are the settings of the application. Required are DatabaseURL, Gtmhub, Providers, Origin, Grants and Log.
type Options struct {
	DatabaseURL string
	Gtmhub      gtmhub.Options
	Providers   []auth.ProviderConfig
	// Origin is the public origin, without a path.
	Origin     *url.URL
	Grants     actor.Grants
	AdminRoles []string
	// ViewOnlyRoles are names of Gtmhub roles that stand beside no other.
	ViewOnlyRoles []string
	// Policy holds until HR stores one; without rules it is access.DefaultPolicy.
	Policy access.Policy
	// Lapse is how long a request waits; 0 means 72 hours.
	Lapse time.Duration
	// Inline is how long a page waits for a small direct change; 0 means 2 seconds.
	Inline   time.Duration
	Timing   change.Timing
	RunCalls int
	// AuditKeep is how long the audit trail is kept; 0 means audit.KeepDays.
	AuditKeep    time.Duration
	UsersRefresh time.Duration
	// SessionIdle and SessionMax are the limits of sessions; 0 means those of package auth.
	SessionIdle, SessionMax time.Duration
	Joiners                 joiners.Options
	// Mail and Webhook send notifications; nil turns the channel off. NotifyPoll is how often there is looked for news; 0
	// means 2 seconds.
	Mail, Webhook notify.Transport
	NotifyPoll    time.Duration
	// Training draws the banner; Insecure allows cookies over plain HTTP. Both are for the demo and tests.
	Training, Insecure bool
	Version            string
	Zone               *time.Location
	// NightlyAt is how long after midnight, in Zone, the whole account is read.
	NightlyAt time.Duration
	// UndoFor is how long a small change can be undone from its result line; 0 means 15 minutes.
	UndoFor time.Duration
	Log     *slog.Logger
	// OnSignIn is told of each sign-in of a linked user; the demo uses it to mark the invitation as accepted. It may be nil.
	OnSignIn func(id.User)
}

// App is a portal that is ready to serve.
type App struct {
	Store     *store.Store
	Directory *directory.Directory
	Changes   *change.Service
	Runner    *change.Runner
	Notices   *notify.Service
	Sessions  *auth.Store
	Actors    actor.Builder
	Handler   http.Handler
	// Lookups reads what the directory does not keep.
	Lookups *directory.Lookups
	// Drift finds what others change in the account.
	Drift *drift.Service
	// Metrics is for an address that only operators reach.
	Metrics  *metrics.Metrics
	log      *slog.Logger
	policies *change.Policies
	logins   auth.PreLogins
	signIn   *auth.Handler
	deputies *deputy.Service
	keep     time.Duration
	zone     *time.Location
	// nightlyAt is Options.NightlyAt.
	nightlyAt time.Duration
}

// New opens the store, brings its tables up to date, and builds everything. It calls neither Gtmhub nor a provider.
func New(ctx context.Context, o Options) (_ *App, err error) {
	if o.Policy.Rules == nil {
		o.Policy = access.DefaultPolicy()
	}
	st, err := store.Open(ctx, store.Options{URL: o.DatabaseURL, Log: o.Log})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	defer func() {
		if err != nil {
			st.Close()
		}
	}()
	if err := st.Migrate(ctx); err != nil {
		return nil, fmt.Errorf("bring the database up to date: %w", err)
	}
	var dir *directory.Directory
	counts := metrics.New(metrics.Options{Version: o.Version, Numbers: st.Numbers, Directory: func() metrics.Directory {
		snap := dir.Current()
		if !snap.Loaded() {
			return metrics.Directory{Age: -1}
		}
		c := snap.Counts()
		return metrics.Directory{Age: snap.Age(time.Now()), Users: c.Users, Teams: c.Teams}
	}})
	o.Gtmhub.Observer = func(c gtmhub.Call) { counts.Call(c.Operation, c.Status, c.Duration, c.Err) }
	client, err := gtmhub.New(o.Gtmhub)
	if err != nil {
		return nil, fmt.Errorf("gtmhub client: %w", err)
	}
	dir = directory.New(directory.Options{Source: directory.FromClient(client), Store: st.Directory(), Log: o.Log, UsersEvery: o.UsersRefresh, TeamsEvery: signedInEvery})
	if _, err := dir.Load(ctx); err != nil {
		return nil, fmt.Errorf("load the directory: %w", err)
	}
	freshTeam := func(ctx context.Context, t id.Team) (access.Team, error) {
		team, err := dir.FreshTeam(ctx, t)
		return access.Team{ID: team.ID, Name: team.Name, Manager: team.Manager, Active: team.Active}, directory.Explain(err)
	}
	deputies := deputy.NewService(deputy.Options{Store: st.Deputies(), Team: freshTeam, Person: func(u id.User) (string, bool) {
		user, ok := dir.Current().User(u)
		if !ok || user.Status == directory.Inactive {
			return "", false
		}
		return user.Name, true
	}})
	actors := actor.Builder{Grants: o.Grants, Directory: dir.Current, Deputies: func(holder id.User) []access.Deputation {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		all, err := deputies.Deputations(ctx, holder)
		if err != nil { // nobody stands for anybody then
			o.Log.Error("read deputies", "err", err)
		}
		return all
	}}
	policies := change.NewPolicies(st.Changes(), o.Policy)
	lookups := directory.NewLookups(client, time.Now)
	own := new(change.OwnTokens)
	allKinds, recipes := kinds.All(dir, kinds.Settings{Lookups: lookups, Findings: st.Drift(), Own: own, AdminRoles: o.AdminRoles, ViewOnlyRoles: o.ViewOnlyRoles, Tried: st.Changes().Tried, Policy: policies, Changes: st.Changes()})
	drifts := drift.NewService(drift.Options{Store: st.Drift(), Effects: kinds.Effects(dir), Read: func(ctx context.Context) (drift.Picture, error) { return readWhole(ctx, dir) },
		Admin: func(r id.Role) bool {
			role, ok := dir.Current().Role(r)
			return !ok || slices.ContainsFunc(o.AdminRoles, func(name string) bool { return strings.EqualFold(name, role.Name) })
		}})
	runner := change.NewRunner(change.RunnerOptions{
		Store: st.Changes(), Kinds: allKinds, Writer: kinds.NewUpstream(client, own), Policy: policies, Refresh: dir.Refresh, Timing: o.Timing, Calls: o.RunCalls, Log: o.Log,
		Count: func(kind string, s change.RowState) { counts.Row(kind, string(s)) },
		Actor: func(ctx context.Context, p change.Person) (access.Actor, error) {
			// A requester who does not look at pages any more is read again with all users only: that may be minutes ago.
			if p.User != "" {
				if err := dir.Refresh(ctx, []id.User{p.User}, nil); err != nil {
					return access.Actor{}, directory.Explain(err)
				}
			}
			if !dir.Current().Loaded() {
				return access.Actor{}, fault.New(fault.Unavailable, "The account has not been read yet.")
			}
			return actors.Actor(p), nil
		},
	})
	a := &App{keep: cmp.Or(o.AuditKeep, audit.KeepDays*24*time.Hour), Store: st, Directory: dir, Metrics: counts, Runner: runner, policies: policies, Actors: actors, log: o.Log, logins: st.Auth(),
		zone: cmp.Or(o.Zone, time.UTC), nightlyAt: o.NightlyAt, Lookups: lookups, Drift: drifts}
	a.Changes = change.NewService(change.Options{
		Team:  freshTeam,
		Store: st.Changes(), Trail: st.Audit(), Recipes: recipes, Policy: policies, Lapse: o.Lapse, Runner: runner, Inline: o.Inline, Log: o.Log})
	a.Notices = notify.New(notify.Options{Store: st.Notices(), Changes: st.Changes(), Actors: actors, Mail: o.Mail, Webhook: o.Webhook, Poll: o.NotifyPoll, Log: o.Log})

	pages := handlers.NewPages(handlers.Options{Training: o.Training, Version: o.Version, Zone: o.Zone, Log: o.Log})
	a.Sessions = auth.NewStore(auth.StoreOptions{Rows: st.Auth(), Now: time.Now, Idle: o.SessionIdle, Max: o.SessionMax, Insecure: o.Insecure, Logger: o.Log,
		OnError: func(w http.ResponseWriter, r *http.Request, err error) { pages.Fail(w, r, err) }})
	providers, err := auth.NewProviders(ctx, o.Providers, o.Origin.JoinPath(route.Callback).String(), &http.Client{Timeout: 10 * time.Second}, time.Now)
	if err != nil {
		return nil, fmt.Errorf("sign-in providers: %w", err)
	}
	signIn := auth.NewHandler(auth.HandlerOptions{
		Providers: providers, Sessions: a.Sessions, PreLogins: st.Auth(), Identities: st.Auth(), Users: actor.Users{Directory: dir.Current},
		Allow:      func(p auth.Person, user id.User) error { return allow(actors, dir, p, user) },
		Record:     func(ctx context.Context, e auth.Event) error { return record(ctx, st.Audit(), e, o.OnSignIn) },
		SignInPage: pages.SignIn, SignedOutPage: pages.SignedOut, Logger: o.Log, Now: time.Now,
	})
	a.signIn, a.deputies = signIn, deputies
	a.Handler, err = handlers.New(handlers.Options{
		Lookups: lookups, Own: own,
		Auth: signIn, Sessions: a.Sessions, Actors: actors, Directory: dir, Changes: a.Changes, Notices: a.Notices, Drafts: st.Drafts(), Lists: st.UserLists(), Deputies: deputies, Drift: drifts, Trail: st.Audit(), Joiners: o.Joiners,
		Origin: o.Origin, Training: o.Training, Insecure: o.Insecure, LeadsFindPeople: true, UndoFor: cmp.Or(o.UndoFor, 15*time.Minute), Version: o.Version, Zone: o.Zone, Now: time.Now, Log: o.Log, Ready: st.Ping, Count: counts.Request,
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// readWhole reads the account from now on. A reading that somebody else had begun before does not count.
func readWhole(ctx context.Context, dir *directory.Directory) (drift.Picture, error) {
	began := time.Now()
	for range 2 {
		if err := dir.Sync(ctx); err != nil {
			return drift.Picture{}, err
		}
		if !dir.Current().FetchedAt().Before(began) {
			break
		}
	}
	return drift.PictureOf(dir.Current()), nil
}

// allow lets in linked users who are not deactivated, and people who hold a portal role.
func allow(actors actor.Builder, dir *directory.Directory, p auth.Person, user id.User) error {
	person := handlers.PersonOf(p, user)
	a := actors.Actor(person)
	switch {
	case a.Inactive:
		return fault.New(fault.Forbidden, "Your Gtmhub user has been deactivated, so the portal is closed to you. Ask HR if this is a mistake.")
	case user == "" && !actors.PortalRoles(person) && !dir.Current().Loaded():
		return fault.New(fault.Unavailable, "The portal has not read the account yet. Please try again in a minute.")
	case user == "" && !actors.PortalRoles(person):
		return fault.New(fault.Forbidden, "There is no Gtmhub user with your address, so the portal has nothing to show you. Ask HR to invite you.")
	}
	return nil
}

var signInEvents = map[auth.EventKind]audit.Event{auth.SignedIn: audit.SignedIn, auth.SignedOut: audit.SignedOut, auth.Refused: audit.SignInDeny, auth.Linked: audit.SignInLink, auth.Ended: audit.SessionEnded}

func record(ctx context.Context, trail audit.Trail, e auth.Event, onSignIn func(id.User)) error {
	err := trail.Append(ctx, audit.Entry{Who: audit.Who{Kind: access.ByPerson, Issuer: e.Person.Issuer, Subject: e.Person.Subject, User: e.User, Name: e.Person.Name},
		Event: signInEvents[e.Kind], User: e.User, Result: e.Reason})
	if err == nil && e.Kind == auth.SignedIn && e.User != "" && onSignIn != nil {
		onSignIn(e.User)
	}
	return err
}

// Run reads the account and carries out changes until ctx ends; then it waits for the calls in flight.
func (a *App) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { a.Directory.Run(ctx) })
	wg.Go(func() { a.Runner.Run(ctx) })
	wg.Go(func() { a.Notices.Run(ctx) })
	wg.Go(func() {
		a.policies.Follow(ctx, policyEvery, func(err error) { a.log.Warn("read the policy", "err", err) })
	})
	wg.Go(func() { a.sweep(ctx) })
	wg.Go(func() { a.watch(ctx) })
	wg.Go(func() { a.nightly(ctx) })
	wg.Wait()
}

// A deactivated person's sessions end within a minute: people with a session are read so often, the directory looks every
// five seconds whether that is due, and sessions are compared with it so often.
const (
	signedInEvery = 40 * time.Second
	watchEvery    = 10 * time.Second
)

// policyEvery is how often each instance looks for a new version of the policy, for what its pages draw. What is submitted,
// decided and run reads it anew each time.
const policyEvery = 3 * time.Second

// watch ends the sessions of people whose Gtmhub user has been deactivated or deleted, also of those who do not click.
func (a *App) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := a.EndDeactivated(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("end the sessions of deactivated people", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// EndDeactivated makes one pass of what Run does every few seconds: it keeps the users with a session fresh in the
// directory, and ends the sessions of those who have been deactivated or deleted, and what they gave or held as deputies.
func (a *App) EndDeactivated(ctx context.Context) error {
	snap := a.Directory.Current()
	if !snap.Loaded() {
		return nil // nobody can be judged yet
	}
	gone := func(u id.User) bool {
		user, ok := snap.User(u)
		return !ok || user.Status == directory.Inactive
	}
	if _, err := a.deputies.EndOfLeavers(ctx, gone); err != nil {
		return err
	}
	return a.signIn.EndUsers(ctx, func(u id.User) bool {
		if gone(u) {
			return true
		}
		a.Directory.Touch(u)
		return false
	}, auth.Deactivated)
}

// sweep deletes what has served its time: dead sessions, drafts after 30 days, uploaded files, personal data of changes and
// notifications after 90. Once a day one instance checks the audit trail and removes what is too old.
func (a *App) sweep(ctx context.Context) {
	tick := time.NewTicker(5 * time.Minute)
	defer tick.Stop()
	for {
		if err := a.Sessions.Sweep(ctx, a.logins); err != nil && ctx.Err() == nil {
			a.log.Warn("sweep sessions", "err", err)
		}
		if _, err := a.Store.Drafts().DeleteOlderThan(ctx, time.Now().AddDate(0, 0, -30)); err != nil && ctx.Err() == nil {
			a.log.Warn("sweep drafts", "err", err)
		}
		if _, err := a.Store.Changes().DeletePayloads(ctx, 90*24*time.Hour); err != nil && ctx.Err() == nil {
			a.log.Warn("sweep personal data of ended changes", "err", err)
		}
		if err := a.Notices.Sweep(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("sweep notifications", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := a.KeepTrail(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("look after the audit trail", "err", err)
		}
	}
}

// KeepTrail checks the whole audit trail and removes the months that are too old, once a day for all instances; at other
// times it does nothing. A trail that was altered is left as it is. The log line is a note outside the database: with it,
// "portal audit verify" can tell later whether the trail was rewritten as a whole.
func (a *App) KeepTrail(ctx context.Context) error {
	trail := a.Store.Audit()
	if mine, err := trail.Today(ctx, "audit"); err != nil || !mine {
		return err
	}
	r, err := trail.Verify(ctx)
	if err != nil {
		return err
	}
	who := audit.Who{Kind: access.BySchedule}
	checked := audit.Entry{Who: who, Event: audit.Checked, Before: fmt.Sprintf("%d entries", r.Sound), After: "sound"}
	if r.Broken != 0 {
		checked.After, checked.Result = "altered", fmt.Sprintf("entry %d: %s", r.Broken, r.Why)
		a.log.Error("the audit trail was altered", "entry", r.Broken, "why", r.Why)
		return trail.Append(ctx, checked)
	}
	a.log.Info("audit trail checked", "entries", r.Sound, "last", r.Last, "hash", r.Hash)
	if err := trail.Append(ctx, checked); err != nil {
		return err
	}
	_, err = trail.RemoveBefore(ctx, a.keep, who)
	return err
}

// Close closes the database. Call it after Run has returned.
func (a *App) Close() error { return a.Store.Close() }
