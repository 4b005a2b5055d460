package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

// emulate runs the emulator of the Gtmhub API by itself: the API on one address, its control pages on another.
func emulate(ctx context.Context, p program) error {
	f := p.flags("emulator")
	addr := f.String("addr", "127.0.0.1:8090", "`address` of the API")
	control := f.String("control", "127.0.0.1:8091", "loopback `address` of the control pages: counts, mails, faults, readings")
	file := f.String("account", "", "account `file` in the neutral form; the built-in one when empty")
	users := f.Int("users", 0, "make up an account of this `number` of users instead")
	seed := f.Uint64("seed", 1, "`number` that fixes what is made up")
	data := f.String("data", "", "`file` that keeps the state; memory only when empty")
	token := f.String("token", "", "the only service token to accept; any is accepted when empty")
	latency := f.Duration("latency", 0, "how long each call takes")
	public := f.Bool("allow-public", false, "allow an --addr that other machines reach")
	if err := parse(f, p.args); err != nil {
		return err
	}
	for flag, a := range map[string]string{"--addr": *addr, "--control": *control} {
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", errUsage, flag, err)
		}
		if !isLoopback(host) && (!*public || flag == "--control") {
			return fmt.Errorf("%w: %s %s is not a loopback address. The emulator is for training and tests on one machine", errUsage, flag, a)
		}
	}
	account := emulator.DefaultAccount()
	var err error
	switch {
	case *file != "" && *users > 0:
		return fmt.Errorf("%w: give --account or --users, not both", errUsage)
	case *file != "":
		if account, err = readAccount(*file); err != nil {
			return err
		}
	case *users > 0:
		account = emulator.Generate(*users, *seed)
	}
	log := slog.New(slog.NewTextHandler(p.stderr, nil))
	em, err := emulator.New(emulator.Options{Account: account, StateFile: *data, Token: *token, StrictToken: *token != "", Latency: *latency, Seed: *seed, Logger: log})
	if err != nil {
		return err
	}
	defer em.Close()
	failed := make(chan error, 2)
	var servers []*http.Server
	for _, s := range []struct {
		addr string
		h    http.Handler
	}{{*addr, em}, {*control, em.Control()}} {
		l, err := net.Listen("tcp", s.addr)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		server := newServer(s.h, log)
		servers = append(servers, server)
		go func() { failed <- server.Serve(l) }()
		fmt.Fprintf(p.stdout, "listening on http://%s\n", l.Addr())
	}
	fmt.Fprintf(p.stdout, "This is an emulator of the Gtmhub API for training and tests, not Gtmhub.\nBase URL http://%s/api, account %s (%d users).\n", *addr, em.AccountID(), len(account.Users))
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(grace))
	}
	return err
}
