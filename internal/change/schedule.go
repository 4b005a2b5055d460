package change

import (
	"context"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// LongestPlan is how far ahead a change may be planned.
const LongestPlan = 366 * 24 * time.Hour

// plannable checks the date of an input.
func plannable(t, now time.Time) error {
	switch {
	case t.IsZero():
		return nil
	case !t.After(now):
		return &fault.FieldError{Field: "sendOn", Message: "This date has passed. Choose a later one, or leave it empty to start at once."}
	case t.Sub(now) > LongestPlan:
		return &fault.FieldError{Field: "sendOn", Message: "This is more than a year ahead. Choose an earlier date."}
	}
	return nil
}

// StartNow starts a scheduled change before its date.
func (s *Service) StartNow(ctx context.Context, a access.Actor, c id.Change) error {
	ch, err := s.steer(ctx, a, c)
	if err != nil {
		return err
	}
	err = s.o.Store.Move(ctx, c, []State{Scheduled}, Approved, "", audit.Entry{Who: audit.WhoIs(a), Event: audit.Hastened, Change: c, Act: ch.Kind})
	s.wake()
	return s.settled(ctx, c, err, Approved, Running, Finished, Problems)
}
