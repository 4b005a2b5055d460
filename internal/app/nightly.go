package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
)

// The nightly reading of the account.
const (
	nightlyWork   = "read the account"
	nightlyLease  = 30 * time.Minute // longer than a reading of everything may take
	nightlyWindow = 6 * time.Hour    // later it is not night any more
)

// nightly looks every minute whether it is time, for the reading and for the reminders of the day.
func (a *App) nightly(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if _, err := a.Nightly(ctx, now); err != nil && ctx.Err() == nil {
				a.log.Warn("nightly reading of the account", "err", err)
			}
			if _, err := a.Remind(ctx, now); err != nil && ctx.Err() == nil {
				a.log.Warn("remind of open invitations", "err", err)
			}
		}
	}
}

// Nightly reads the whole account, and compares it with the last look, if the hour of Options.NightlyAt has come and no
// instance has done so today. A reading that failed, or whose instance died, is taken up by any instance once its lease has
// run out.
func (a *App) Nightly(ctx context.Context, now time.Time) (ran bool, err error) {
	now = now.In(a.zone)
	at := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
	if at < a.nightlyAt || at >= a.nightlyAt+nightlyWindow {
		return false, nil
	}
	day := now.Format(time.DateOnly)
	mine, err := a.Store.Daily().Begin(ctx, nightlyWork, day, nightlyLease)
	if err != nil || !mine {
		return false, err
	}
	if _, _, err := a.Drift.Look(ctx, audit.Who{Kind: access.BySchedule}); err != nil && !errors.Is(err, fault.Conflict) {
		return true, fmt.Errorf("read the account: %w", err)
	}
	return true, a.Store.Daily().End(ctx, nightlyWork, day)
}
