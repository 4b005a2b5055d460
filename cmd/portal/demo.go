package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/auth/devidp"
	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/internal/app"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
)

// The groups of the local sign-in, and the secrets between the parts of the demo. They open nothing outside of it.
const (
	groupHR       = "portal-hr"
	groupApprover = "portal-approver"
	groupAuditor  = "portal-auditor"
	groupOperator = "portal-operator"
	demoToken     = "demo-service-token"
	demoClient    = "portal"
	demoSecret    = "demo-client-secret"
)

// demoTiming lets a demo that was killed in the middle of a run find out what was lost within half a minute: the
// emulator is next door, so calls are short.
var demoTiming = change.Timing{Call: 4 * time.Second, Lease: 6 * time.Second, Settle: 11 * time.Second, Poll: 500 * time.Millisecond}

// demoPorts are kept in the data folder, because the address of the sign-in is part of everybody's identity.
type demoPorts struct {
	SignIn  int `json:"signIn"`
	API     int `json:"api"`
	Control int `json:"control"`
}

// demo runs the emulator, the local sign-in and the portal on this machine. Everything is kept in a folder, so that
// stopping and starting again goes on where it was.
func demo(ctx context.Context, p program) error {
	f := p.flags("demo")
	addr := f.String("addr", "127.0.0.1:8080", "loopback `address` of the portal")
	data := f.String("data", filepath.Join("data", "demo"), "`folder` that keeps everything")
	file := f.String("account", "", "account `file` in the neutral form; the built-in one when empty")
	users := f.Int("users", 0, "make up an account of this `number` of users instead")
	latency := f.Duration("latency", 0, "how long each call to the emulated Gtmhub takes, such as 50ms")
	verbose := f.Bool("v", false, "print a log line per event")
	if err := parse(f, p.args); err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(*addr)
	if err != nil {
		return fmt.Errorf("%w: --addr: %w", errUsage, err)
	}
	if !isLoopback(host) {
		return fmt.Errorf("%w: --addr %s is not a loopback address. Everybody who reaches the demo can be anybody in it, so it listens on this machine only", errUsage, *addr)
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level}))
	if err := os.MkdirAll(*data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	account := emulator.DefaultAccount()
	switch {
	case *users < 0 || *file != "" && *users != 0:
		return fmt.Errorf("%w: give --account or a number of --users above 0, not both", errUsage)
	case *file != "":
		if account, err = readAccount(*file); err != nil {
			return err
		}
	case *users > 0:
		account = emulator.Generate(*users, 1)
	}
	d := demoRun{log: log, data: *data, account: account, latency: *latency}
	return d.run(ctx, *addr, p.stdout)
}

func readAccount(path string) (*emulator.Account, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the account file: %w", err)
	}
	defer f.Close()
	a, err := emulator.ParseAccount(f)
	if err != nil {
		return nil, fmt.Errorf("read the account file %s: %w", path, err)
	}
	return a, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

type demoRun struct {
	log     *slog.Logger
	data    string
	account *emulator.Account
	latency time.Duration
}

func (d *demoRun) run(ctx context.Context, addr string, out io.Writer) error {
	// The inner addresses go first: they show whether the demo runs already in this folder.
	signIn, api, control, err := d.listeners()
	if err != nil {
		return err
	}
	defer signIn.Close()
	defer api.Close()
	defer control.Close()
	portal, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s (is another program there? choose --addr): %w", addr, err)
	}
	defer portal.Close()

	em, err := emulator.New(emulator.Options{Account: d.account, StateFile: filepath.Join(d.data, "emulator.jsonl"), Token: demoToken, StrictToken: true, Latency: d.latency, Seed: 1, Logger: d.log})
	if err != nil {
		return fmt.Errorf("start the emulator: %w", err)
	}
	defer em.Close()
	origin := &url.URL{Scheme: "http", Host: portalHost(portal, addr)}
	issuer := "http://" + signIn.Addr().String()
	// The kept state may have gone on from the account file: nobody who has left gets a button.
	now := *d.account
	now.Users = em.People()
	featured := featuredPeople(&now)
	idp, err := devidp.New(devidp.Options{
		Issuer: issuer, StateFile: filepath.Join(d.data, "signin.json"), Logger: d.log, Now: time.Now,
		Clients: []devidp.Client{{ID: demoClient, Secret: demoSecret, RedirectURIs: []string{origin.JoinPath("callback").String()},
			PostLogoutRedirectURIs: []string{origin.JoinPath("signed-out").String()}, BackChannelLogoutURI: origin.JoinPath("backchannel-logout").String()}},
		People:   func() []devidp.Person { return people(em, featured) },
		Featured: featured,
		OnToken: func(token string, who devidp.Person) {
			if err := em.RegisterToken(token, who.ID); err != nil {
				d.log.Debug("token of a person without a user", "err", err)
			}
		},
	})
	if err != nil {
		return fmt.Errorf("start the local sign-in: %w", err)
	}
	mails := d.mailFolder(origin)
	if err := os.MkdirAll(mails.Dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for mails: %w", err)
	}
	a, err := app.New(ctx, app.Options{
		DatabaseURL: filepath.Join(d.data, "portal.db"),
		Gtmhub: gtmhub.Options{BaseURL: "http://" + api.Addr().String() + "/api", AccountID: em.AccountID(), Token: gtmhub.StaticToken(demoToken), UserAgent: "gtmhub-portal/" + stamped(),
			RatePerSecond: 200, MaxInFlight: 12, MaxBackground: 8, CallTimeout: demoTiming.Call},
		Providers:  []auth.ProviderConfig{{ID: "demo", Name: "the training sign-in", Issuer: issuer, ClientID: demoClient, ClientSecret: demoSecret, Scopes: []string{"profile", "email"}, AllowPlainHTTP: true, GtmhubTokens: true}},
		Origin:     origin,
		Grants:     demoGrants(featured),
		AdminRoles: []string{"Admin", "Account Admin"}, ViewOnlyRoles: []string{"Viewer"}, Timing: demoTiming, RunCalls: 6,
		Joiners: joiners.Options{Domains: []string{d.account.Domain}},
		Mail:    mails, Training: true, Insecure: true, Version: stamped(), Log: d.log,
		OnSignIn: func(u id.User) {
			if err := em.SignedIn(string(u)); err != nil {
				d.log.Debug("sign-in of a person without a user", "err", err)
			}
		},
	})
	if err != nil {
		return err
	}
	defer a.Close()

	servers := []*http.Server{}
	for _, s := range []struct {
		l net.Listener
		h http.Handler
	}{{signIn, idp}, {api, em}, {control, withMails(em.Control(), mails.Dir)}} {
		server := newServer(s.h, d.log)
		servers = append(servers, server)
		go func() {
			if err := server.Serve(s.l); err != nil && !errors.Is(err, http.ErrServerClosed) {
				d.log.Error("serve", "err", err)
			}
		}()
	}
	defer func() {
		for _, s := range servers {
			s.Close()
		}
	}()
	// The first page should have something to show, so the account is read before the address is printed.
	if !a.Directory.Current().Loaded() {
		if err := a.Directory.Sync(ctx); err != nil {
			return fmt.Errorf("read the emulated account: %w", err)
		}
	}
	d.greet(out, origin, control, featured, len(now.Users))
	return runApp(ctx, a, portal, d.log)
}

// portalHost is the address that people open: the name they gave, with the port that was found.
func portalHost(l net.Listener, addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return l.Addr().String()
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return addr
	}
	return net.JoinHostPort(host, port)
}

// listeners opens the three inner addresses: those of the last start, or free ones at the first.
func (d *demoRun) listeners() (signIn, api, control net.Listener, err error) {
	path := filepath.Join(d.data, "ports.json")
	var ports demoPorts
	b, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := json.Unmarshal(b, &ports); err != nil {
			return nil, nil, nil, fmt.Errorf("read %s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	opened := []net.Listener{}
	for _, port := range []*int{&ports.SignIn, &ports.API, &ports.Control} {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
		if err != nil {
			for _, o := range opened {
				o.Close()
			}
			return nil, nil, nil, fmt.Errorf("the demo is running already with the folder %s; stop it, or choose another --data (if it is another program that took the address, remove %s): %w", d.data, path, err)
		}
		*port = l.Addr().(*net.TCPAddr).Port
		opened = append(opened, l)
	}
	b, err = json.Marshal(ports)
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("keep the inner addresses: %w", err)
	}
	return opened[0], opened[1], opened[2], nil
}

func (d *demoRun) greet(out io.Writer, origin *url.URL, control net.Listener, featured []devidp.Featured, users int) {
	fmt.Fprintf(out, "\n  Gtmhub portal, training: nothing here reaches a real account.\n\n  Open  %s\n\n  At the sign-in you can be\n", origin)
	for _, p := range featured {
		fmt.Fprintf(out, "    %-22s %-20s %s\n", p.Title, p.Name, p.Hint)
	}
	fmt.Fprintf(out, "    or search for anybody else of %d people.\n\n  The emulated Gtmhub counts users and mails at http://%s/counts\n  Mails of the portal are not sent: read them at http://%s/mail/\n  Everything is kept in %s. Stop with Ctrl-C; start again to go on.\n\n",
		users, control.Addr(), control.Addr(), d.data)
}

// people are all users who could sign in: those of the account file, and those invited since.
func people(em *emulator.Emulator, featured []devidp.Featured) []devidp.Person {
	groups := map[string][]string{}
	for _, f := range featured {
		groups[f.ID] = f.Groups
	}
	var out []devidp.Person
	for _, u := range em.People() {
		out = append(out, devidp.Person{ID: u.ID, Email: u.Email, Name: strings.TrimSpace(u.FirstName + " " + u.LastName), Groups: groups[u.ID]})
	}
	return out
}

// featuredPeople chooses, from any account, the people with a button of their own: active, each another one.
func featuredPeople(a *emulator.Account) []devidp.Featured {
	led, children, member := map[string]int{}, map[string]bool{}, map[string]int{}
	for _, t := range a.Teams {
		led[t.Manager]++
		children[t.ParentID] = true
		for _, m := range t.Members {
			member[m]++
		}
	}
	withChildren := map[string]bool{}
	for _, t := range a.Teams {
		if children[t.ID] {
			withChildren[t.Manager] = true
		}
	}
	roleNames := map[string]string{}
	for _, r := range a.Roles {
		roleNames[r.ID] = r.Name
	}
	admin := func(u emulator.AccountUser) bool {
		return slices.ContainsFunc(u.RoleIDs, func(r string) bool { return strings.Contains(roleNames[r], "Admin") })
	}
	parts := []struct {
		title, hint string
		groups      []string
		fits        func(emulator.AccountUser) bool
	}{
		{"HR", "invites people, manages users and teams", []string{groupHR}, func(u emulator.AccountUser) bool { return admin(u) && led[u.ID] == 0 }},
		{"HR approver", "also in HR: decides what others ask for", []string{groupHR, groupApprover}, func(u emulator.AccountUser) bool { return admin(u) && led[u.ID] == 0 }},
		{"Team lead", "leads several teams", nil, func(u emulator.AccountUser) bool { return !admin(u) && led[u.ID] > 1 && !withChildren[u.ID] }},
		{"Lead with sub-teams", "leads teams that have teams below them", nil, func(u emulator.AccountUser) bool { return !admin(u) && withChildren[u.ID] }},
		{"Employee", "is in teams, leads none", nil, func(u emulator.AccountUser) bool { return !admin(u) && led[u.ID] == 0 && member[u.ID] > 1 }},
		{"Auditor", "reads everything, changes nothing", []string{groupAuditor}, func(u emulator.AccountUser) bool { return !admin(u) && led[u.ID] == 0 }},
		{"Approver", "decides what others ask for, changes nothing", []string{groupApprover}, func(u emulator.AccountUser) bool { return !admin(u) && led[u.ID] == 0 }},
	}
	taken := map[string]bool{}
	var out []devidp.Featured
	for _, part := range parts {
		u, ok := choose(a.Users, taken, part.fits)
		if !ok {
			continue
		}
		taken[u.ID] = true
		out = append(out, devidp.Featured{Title: part.title, Hint: part.hint,
			Person: devidp.Person{ID: u.ID, Email: u.Email, Name: strings.TrimSpace(u.FirstName + " " + u.LastName), Groups: part.groups}})
	}
	return out
}

// choose returns the first active user that fits, or any active one: an account file need not have every part.
func choose(users []emulator.AccountUser, taken map[string]bool, fits func(emulator.AccountUser) bool) (emulator.AccountUser, bool) {
	var spare *emulator.AccountUser
	for i, u := range users {
		if !u.IsActive || u.InvitationPending || taken[u.ID] {
			continue
		}
		if fits(u) {
			return u, true
		}
		if spare == nil {
			spare = &users[i]
		}
	}
	if spare == nil {
		return emulator.AccountUser{}, false
	}
	return *spare, true
}
