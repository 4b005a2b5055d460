package app

import (
	"context"
	"fmt"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Reminders of open invitations go out once a day in working hours, of the zone of the settings.
const (
	remindWork   = "remind of invitations"
	remindLease  = 10 * time.Minute
	remindAt     = 8 * time.Hour
	remindWindow = 10 * time.Hour
)

// Remind reminds those whose time has come, if HR has switched that on, the hour has come, and no instance has done so
// today. It answers how many people the change of today is about; 0 for none.
func (a *App) Remind(ctx context.Context, now time.Time) (n int, err error) {
	now = now.In(a.zone)
	at := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
	snap := a.Directory.Current()
	if at < remindAt || at >= remindAt+remindWindow || !snap.Loaded() {
		return 0, nil
	}
	set, err := a.Changes.Reminders(ctx)
	if err != nil || !set.On() {
		return 0, err
	}
	day := now.Format(time.DateOnly)
	mine, err := a.Store.Daily().Begin(ctx, remindWork, day, remindLease)
	if err != nil || !mine {
		return 0, err
	}
	due, err := a.toRemind(ctx, set, now)
	if err != nil {
		return 0, err
	}
	if len(due) > 0 {
		if _, err := a.Changes.Remind(ctx, day, due); err != nil {
			return 0, fmt.Errorf("remind of invitations: %w", err)
		}
	}
	return len(due), a.Store.Daily().End(ctx, remindWork, day)
}

// toRemind are the people whose time has come, read again: who has signed in meanwhile gets no mail. More than one change
// may hold wait for the next day.
func (a *App) toRemind(ctx context.Context, set change.Reminders, now time.Time) ([]id.User, error) {
	var open []id.User
	invited := map[id.User]time.Time{}
	for _, u := range a.Directory.Current().Users() {
		if u.Remindable() {
			open = append(open, u.ID)
			invited[u.ID] = u.Invited
		}
	}
	got, err := a.Changes.Reminded(ctx, open)
	if err != nil {
		return nil, err
	}
	var due []id.User
	for _, u := range open {
		if next, ok := set.Next(invited[u], now, got[u]); ok && !next.After(now) && len(due) < change.MostPeople {
			due = append(due, u)
		}
	}
	if len(due) == 0 {
		return nil, nil
	}
	if err := a.Directory.Refresh(ctx, due, nil); err != nil {
		return nil, fmt.Errorf("read the invited again: %w", err)
	}
	still := due[:0]
	for _, u := range due {
		if now, ok := a.Directory.Current().User(u); ok && now.Remindable() {
			still = append(still, u)
		}
	}
	return still, nil
}
