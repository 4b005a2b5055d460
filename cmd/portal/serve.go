package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/app"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/config"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// serve runs the portal for a real account. It ends when it is asked to, after the calls in flight have their outcome.
func serve(ctx context.Context, p program) error {
	if err := parse(p.flags("serve"), p.args); err != nil {
		return err
	}
	c, err := config.Load(p.environ)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(p.stderr, &slog.HandlerOptions{Level: c.LogLevel}))
	o, err := options(c, log)
	if err != nil {
		return err
	}
	o.AuditKeep = time.Duration(c.AuditKeepDays) * 24 * time.Hour
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	defer a.Close()
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if c.MetricsAddr != "" {
		m, err := net.Listen("tcp", c.MetricsAddr)
		if err != nil {
			return errors.Join(fmt.Errorf("listen for metrics: %w", err), l.Close())
		}
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", a.Metrics.Handler())
		server := newServer(mux, log)
		go func() { _ = server.Serve(m) }() // until it is closed
		defer server.Close()
		log.Info("metrics", "address", m.Addr().String())
	}
	log.Info("portal started", "version", o.Version, "address", l.Addr().String(), "origin", o.Origin.String())
	return runApp(ctx, a, l, log)
}

// options turns settings into those of the application.
func options(c *config.Config, log *slog.Logger) (app.Options, error) {
	origin, err := url.Parse(c.Origin)
	if err != nil {
		return app.Options{}, fmt.Errorf("PORTAL_ORIGIN: %w", err)
	}
	policy := access.DefaultPolicy().WithLimits(c.FreeInvites, c.TwoApprovers)
	mail, hook, err := transports(c, origin)
	if err != nil {
		return app.Options{}, err
	}
	return app.Options{
		DatabaseURL: c.DatabaseURL.Reveal(),
		Gtmhub: gtmhub.Options{BaseURL: c.Gtmhub.URL, AccountID: c.Gtmhub.Account, Token: gtmhub.StaticToken(c.Gtmhub.Token.Reveal()), UserAgent: "gtmhub-portal/" + stamped(),
			RatePerSecond: c.Gtmhub.Rate, MaxInFlight: c.Gtmhub.Calls, MaxBackground: c.Gtmhub.RunCalls, CallTimeout: c.Timing.Call, AllowPlainHTTP: c.Development},
		Providers:  providers(c),
		Origin:     origin,
		Grants:     actor.Grants{HR: c.Rights.HR, Approvers: c.Rights.Approvers, Alternates: c.Rights.Alternates, Auditors: c.Rights.Auditors, Operators: c.Rights.Operators},
		AdminRoles: c.Rights.AdminRoles, ViewOnlyRoles: c.Rights.ViewOnlyRoles, Policy: policy, Lapse: c.DecisionLapse, UndoFor: c.UndoFor, NightlyAt: c.NightlyAt,
		Timing: change.Timing{Call: c.Timing.Call, Lease: c.Timing.Lease, Settle: c.Timing.Settle}, RunCalls: c.Gtmhub.RunCalls, UsersRefresh: c.UsersRefresh, SessionIdle: c.Session.Idle, SessionMax: c.Session.Max,
		Mail: mail, Webhook: hook,
		Joiners: joiners.Options{Domains: c.MailDomains}, Insecure: c.Development, Version: stamped(), Zone: c.TimeZone, Log: log,
	}, nil
}

// transports are the ways to tell people and programs; nil where the settings name none.
func transports(c *config.Config, origin *url.URL) (mail, hook notify.Transport, err error) {
	if m := c.Mail; m.Host != "" {
		mail = notify.SMTP{Letters: notify.Letters{From: m.From, Origin: origin, Product: layout.ProductName, Zone: c.TimeZone},
			Host: m.Host, Port: m.Port, TLS: notify.TLSMode(m.TLS), User: m.User, Password: m.Password.Reveal()}
	}
	if w := c.Webhook; w.URL != "" {
		hook, err = notify.NewHook(notify.HookOptions{URL: w.URL, Secret: w.Secret.Reveal(), Origin: origin, AllowPrivate: c.Development})
		if err != nil {
			return nil, nil, fmt.Errorf("PORTAL_WEBHOOK_URL: %w", err)
		}
	}
	return mail, hook, nil
}

// providers are the provider of the PORTAL_OIDC_ settings and those of the file.
func providers(c *config.Config) []auth.ProviderConfig {
	out := []auth.ProviderConfig{{ID: "main", Name: c.OIDC.Name, Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, ClientSecret: auth.Secret(c.OIDC.ClientSecret.Reveal()),
		PrivateKey: auth.Secret(c.OIDC.PrivateKey.Reveal()), Scopes: c.OIDC.Scopes, GroupsClaim: c.OIDC.GroupsClaim, TrustUnverifiedEmail: c.OIDC.TrustEmail,
		AllowedDomains: c.OIDC.Domains, FreshFallback: c.OIDC.FreshFallback, AllowPlainHTTP: c.Development}}
	for _, p := range c.Providers {
		out = append(out, auth.ProviderConfig{ID: p.ID, Name: p.Name, Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: auth.Secret(p.ClientSecret.Reveal()),
			PrivateKey: auth.Secret(p.PrivateKey.Reveal()), Scopes: p.Scopes, GroupsClaim: p.GroupsClaim, TrustUnverifiedEmail: p.TrustEmail,
			AllowedDomains: p.Domains, FreshFallback: p.FreshFallback, AllowPlainHTTP: c.Development})
	}
	return out
}

// runApp serves pages and carries out changes until ctx ends.
func runApp(ctx context.Context, a *app.App, l net.Listener, log *slog.Logger) error {
	server := newServer(a.Handler, log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	work, stopWork := context.WithCancel(ctx)
	defer stopWork()
	done := make(chan struct{})
	go func() { a.Run(work); close(done) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second)
	defer cancel()
	if serr := server.Shutdown(grace); serr != nil { // somebody's request takes too long
		err = errors.Join(err, server.Close())
	}
	stopWork()
	select {
	case <-done:
	case <-grace.Done():
		log.Warn("some calls in flight did not end in time; they are looked up at the next start")
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	log.Info("portal stopped")
	return err
}

// newServer has the limits of a server that faces people: slow and endless requests end by themselves.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 120 * time.Second, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}
