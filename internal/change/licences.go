package change

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// MaxSeats is the largest number of licences that can be entered.
const MaxSeats = 1_000_000

// licensed are the acts that take one licence for each row.
var licensed = []string{string(access.InviteUser), string(access.ActivateUser)}

// Licences says whether there is room for some more people. Nothing is blocked by it: Gtmhub has the last word, and a run
// that it refuses pauses.
type Licences struct {
	// Seats is the number of licences as HR entered it, 0 if nobody did.
	Seats int
	// Used are the active and pending people; Open those whom other requests, decided or running, will add; Wanted those of
	// the request in question.
	Used, Open, Wanted int
}

// Over is how many of the wanted people find no licence; 0 when the number of licences is not known.
func (l Licences) Over() int {
	if l.Seats == 0 || l.Wanted == 0 {
		return 0
	}
	return min(l.Wanted, max(0, l.Used+l.Open+l.Wanted-l.Seats))
}

// TakesLicences is how many rows of the change will take a licence each.
func (c *Change) TakesLicences() int {
	n := 0
	for _, s := range c.Counts {
		for _, kind := range licensed {
			if s.Kind == kind {
				n += s.Rows[Queued] + s.Rows[Checking] + s.Rows[InIntent] + s.Rows[Held]
			}
		}
	}
	return n
}

// Licences counts for a request of so many wanted people, when used people have a licence. except is the request itself,
// if it is stored.
func (s *Service) Licences(ctx context.Context, used, wanted int, except id.Change) (Licences, error) {
	l := Licences{Used: used, Wanted: wanted}
	var err error
	if l.Seats, err = s.o.Store.Seats(ctx); err != nil {
		return l, fmt.Errorf("licences: %w", err)
	}
	if l.Open, err = s.o.Store.OpenRows(ctx, licensed, except); err != nil {
		return l, fmt.Errorf("licences on their way: %w", err)
	}
	return l, nil
}

// SetSeats stores the number of licences; 0 means that it is not known. Only HR may.
func (s *Service) SetSeats(ctx context.Context, a access.Actor, n int) error {
	if !a.May(access.LicencesSet) {
		return fault.New(fault.Forbidden, "Only HR enters the number of licences. Ask HR.")
	}
	if n < 0 || n > MaxSeats {
		return &fault.FieldError{Field: "seats", Message: "Enter a number between 0 and 1,000,000."}
	}
	before, err := s.o.Store.Seats(ctx)
	if err != nil {
		return fmt.Errorf("licences: %w", err)
	}
	return s.o.Store.SetSeats(ctx, n, audit.Entry{Who: audit.WhoIs(a), Event: audit.SettingChanged, Act: "licences", Before: strconv.Itoa(before), After: strconv.Itoa(n)})
}
