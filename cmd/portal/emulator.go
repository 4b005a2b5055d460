package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

// emulate runs the emulator of the Gtmhub API by itself: the API on one address, its control pages on another. See
// docs/emulator.md.
func emulate(ctx context.Context, p program) error {
	f := p.flags("emulator")
	addr := f.String("addr", "127.0.0.1:8090", "`address` of the API")
	control := f.String("control", "127.0.0.1:8091", "loopback `address` of the control pages: counts, mails, faults, readings")
	file := f.String("account", "", "account `file` in the neutral form; the built-in one when empty")
	users := f.Int("users", 0, "make up an account of this `number` of users instead")
	seed := f.Uint64("seed", 1, "`number` that fixes what is made up")
	data := f.String("data", "", "`file` that keeps the state; memory only when empty")
	token := f.String("token", "", "the only service `token` to accept; any is accepted when empty")
	latency := f.Duration("latency", 0, "how long each call takes, such as 50ms")
	public := f.Bool("allow-public", false, "allow an --addr that other machines reach")
	if err := parse(f, p.args); err != nil {
		return err
	}
	if err := errors.Join(checkAddress("--addr", *addr, *public), checkAddress("--control", *control, false)); err != nil {
		return err
	}
	account := emulator.DefaultAccount()
	switch {
	case *file != "" && *users != 0:
		return fmt.Errorf("%w: give --account or --users, not both", errUsage)
	case *users < 0 || *latency < 0:
		return fmt.Errorf("%w: --users and --latency cannot be negative", errUsage)
	case *file != "":
		var err error
		if account, err = readAccount(*file); err != nil {
			return err
		}
	case *users > 0:
		account = emulator.Generate(*users, *seed)
	}
	// The addresses come before the state file: a second emulator with the same ones ends here and leaves the file alone.
	api, err := net.Listen("tcp", *addr)
	if err != nil {
		return fmt.Errorf("listen on --addr: %w", err)
	}
	defer api.Close()
	controls, err := net.Listen("tcp", *control)
	if err != nil {
		return fmt.Errorf("listen on --control: %w", err)
	}
	defer controls.Close()
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	em, err := emulator.New(emulator.Options{Account: account, StateFile: *data, Token: *token, StrictToken: *token != "", Latency: *latency, Seed: *seed, Logger: log})
	if err != nil {
		return fmt.Errorf("start the emulator: %w", err)
	}
	defer em.Close()
	accepts := "any"
	if *token != "" {
		accepts = "only that of --token"
	}
	fmt.Fprintf(p.stdout, "This is an emulator of the Gtmhub API for training and tests, not Gtmhub. No mail leaves it.\n\n"+
		"  Base address  http://%s/api\n  Account       %s (%d users)\n  Token         %s\n  Control       http://%s\n  State         %s\n\nStop with Ctrl-C.\n",
		api.Addr(), em.AccountID(), len(em.People()), accepts, controls.Addr(), cmp.Or(*data, "in memory only; choose --data to keep it"))
	return serveEmulator(ctx, em, api, controls, log)
}

// checkAddress admits host and port, and other hosts than loopback only where public says so.
func checkAddress(flag, address string, public bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", errUsage, flag, err)
	}
	if !isLoopback(host) && !public {
		return fmt.Errorf("%w: %s %s is not a loopback address. The emulator is for training and tests on one machine", errUsage, flag, address)
	}
	return nil
}

// serveEmulator answers until ctx ends.
func serveEmulator(ctx context.Context, em *emulator.Emulator, api, control net.Listener, log *slog.Logger) error {
	servers := []*http.Server{newServer(em, log), newServer(em.Control(), log)}
	failed := make(chan error, len(servers))
	for i, l := range []net.Listener{api, control} {
		go func() { failed <- servers[i].Serve(l) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	// First of all, so that answers that a fault holds back do not hold up the end.
	err = errors.Join(err, em.Close())
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(grace) != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}
