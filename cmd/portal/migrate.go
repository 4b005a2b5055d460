package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gtmhub-portal/portal/internal/config"
	"github.com/gtmhub-portal/portal/internal/store"
)

// open opens the database of the settings, for commands that need nothing else. With existing it makes none.
func open(ctx context.Context, p program, existing bool) (*store.Store, error) {
	c, err := config.Load(p.environ)
	if err != nil {
		return nil, err
	}
	url := c.DatabaseURL.Reveal()
	if existing {
		there, err := store.Exists(url)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, errors.New("there is no database file; check PORTAL_DATA_DIR and PORTAL_DATABASE_URL")
		}
	}
	return store.Open(ctx, store.Options{URL: url, Log: slog.New(slog.NewTextHandler(p.stderr, nil))})
}

// migrate brings the database up to date.
func migrate(ctx context.Context, p program) error {
	if err := parse(p.flags("migrate"), p.args); err != nil {
		return err
	}
	st, err := open(ctx, p, false)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := st.Migrate(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, "The database is up to date.")
	return err
}
