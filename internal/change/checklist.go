package change

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// The items of the checklist of an offboarding that people do outside of Gtmhub.
const (
	HandKeyResults = "key results" // give the list of key results to whoever takes over
	TellTeams      = "tell teams"
	SeeToRequests  = "open requests"
	EndOtherAccess = "other access"
	TakeThingsBack = "things"
)

// ChecklistItems lists the items in the order of the page.
func ChecklistItems() []string {
	return []string{HandKeyResults, TellTeams, SeeToRequests, EndOtherAccess, TakeThingsBack}
}

// Ticked is an item that somebody has done.
type Ticked struct {
	Item string
	// By is the name of who said so, as it was then.
	By string
	At time.Time
}

// Checklist answers what people have done of an offboarding. NotFound for what is no offboarding, or not to be seen.
func (s *Service) Checklist(ctx context.Context, a access.Actor, c id.Change) (Change, []Ticked, error) {
	ch, err := s.Show(ctx, a, c)
	if err != nil {
		return Change{}, nil, err
	}
	if ch.Kind != OffboardPerson || !a.HR {
		return Change{}, nil, fault.New(fault.NotFound, "There is no such checklist.")
	}
	done, err := s.o.Store.Checklist(ctx, c)
	if err != nil {
		return Change{}, nil, fmt.Errorf("checklist of %s: %w", c, err)
	}
	return ch, done, nil
}

// Tick says that an item is done, or is not after all. Saying it twice is no error: the first one counts.
func (s *Service) Tick(ctx context.Context, a access.Actor, c id.Change, item string, done bool) error {
	if _, _, err := s.Checklist(ctx, a, c); err != nil {
		return err
	}
	if !slices.Contains(ChecklistItems(), item) {
		return fault.New(fault.Invalid, "This is not on the checklist. Open the page again.")
	}
	e := audit.Entry{Who: audit.WhoIs(a), Event: audit.ChecklistDone, Change: c, Act: item}
	if !done {
		e.Event = audit.ChecklistOpen
	}
	if err := s.o.Store.Tick(ctx, c, item, a.Name, done, e); err != nil {
		return fmt.Errorf("tick %s of %s: %w", item, c, err)
	}
	return nil
}
