package drift

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Oldest is how old the last look may be to compare with: later the values of what the portal did are deleted
// ([change.Store.DeletePayloads]), and it could not be told from what others did.
const Oldest = 60 * 24 * time.Hour

// KeepClosed is how long findings are kept after HR has dealt with them: they hold names.
const KeepClosed = 90 * 24 * time.Hour

// Last is the last look.
type Last struct {
	// Number counts the looks from 1; 0 means that there was none.
	Number int
	// Began is when its reading of the account began, by the database's clock, and Now what that clock says now.
	Began, Now time.Time
	// Picture is the account as it was; only filled in by Store.Last with facts.
	Picture Picture
}

// Filter chooses findings. Zero fields choose all.
type Filter struct {
	// Open chooses what waits for HR: open ones, and those whose change came to nothing; Closed the others.
	Open, Closed bool
	Kind         Kind
	IDs          []string
	// Page counts from 1; Size 0 means all.
	Page, Size int
}

// Store keeps the last look and the findings. Each method is one transaction and writes the entries that it is given in
// it. Times are by the database's clock.
type Store interface {
	// Last is the last look; its picture only if it is wanted.
	Last(ctx context.Context, picture bool) (Last, error)
	// Did are the rows of changes that may have changed the account since a time: done ones that were settled since, in
	// the order of settling, those since that need a person or were given up after a call, and all that are under way.
	Did(ctx context.Context, since time.Time) ([]change.Row, error)
	// Keep stores the look that follows number and its findings, closes the open findings for which passed is true, and
	// deletes those that were closed before KeepClosed. Conflict if another look was stored meanwhile: then nothing is.
	Keep(ctx context.Context, number int, began time.Time, p Picture, found []Finding, passed func(*Finding) bool, entries ...audit.Entry) error
	// Findings are in the order of kinds, the newest first in each, and how many match.
	Findings(ctx context.Context, f Filter) ([]Finding, int, error)
	// Count counts the findings that wait for HR, by kind.
	Count(ctx context.Context) (map[Kind]int, error)
	// Close gives the findings that wait for HR a state, by a person and through a change if there is one. Conflict if one
	// of them waits no more; nothing is changed then.
	Close(ctx context.Context, ids []string, s State, by change.Person, c id.Change, entries ...audit.Entry) error
}

// Options are the dependencies of a Service.
type Options struct {
	Store Store
	// Read reads the whole account now and takes its picture.
	Read func(ctx context.Context) (Picture, error)
	// Effects says what a row does to facts, as far as its outcome is known; Sure is filled in here.
	Effects func(row change.Row) []Write
	// Admin says which roles manage the whole account.
	Admin func(r id.Role) bool
}

// Service looks, and keeps what HR decides. It is safe for concurrent use by several instances.
type Service struct{ o Options }

// NewService makes a service.
func NewService(o Options) *Service { return &Service{o} }

// Look reads the account and stores what others have changed since the last look. The first look only remembers. It
// returns how many findings there are; Conflict when somebody else has looked at the same time, whose look counts.
func (s *Service) Look(ctx context.Context, who audit.Who) (found int, first bool, err error) {
	last, err := s.o.Store.Last(ctx, true)
	if err != nil {
		return 0, false, fmt.Errorf("last look: %w", err)
	}
	now, err := s.o.Read(ctx)
	if err != nil {
		return 0, false, err
	}
	entry := audit.Entry{Who: who, Event: audit.Compared, Act: "outside changes"}
	if first = last.Number == 0 || last.Now.Sub(last.Began) > Oldest; first {
		entry.Result = "first look"
		err := s.o.Store.Keep(ctx, last.Number, last.Now, now, nil, func(*Finding) bool { return false }, entry)
		return 0, true, s.lost(err)
	}
	rows, err := s.o.Store.Did(ctx, last.Began)
	if err != nil {
		return 0, false, fmt.Errorf("what the portal did: %w", err)
	}
	all, next := Compare(last.Picture, now, s.writes(rows, last.Now), s.o.Admin)
	entry.After = strconv.Itoa(len(all))
	err = s.o.Store.Keep(ctx, last.Number, last.Now, next, all, func(f *Finding) bool { return f.Gone(next.Facts) }, entry)
	return len(all), false, s.lost(err)
}

func (*Service) lost(err error) error {
	if errors.Is(err, fault.Conflict) {
		return fault.Wrap(err, fault.Conflict, "Somebody else has looked at the same moment. Nothing was lost: their look counts.")
	}
	return err
}

// writes are what rows did to facts. The reading of the account began at a time: what was settled before is in it.
func (s *Service) writes(rows []change.Row, began time.Time) (out []Write) {
	for _, row := range rows {
		sure := UnderWay
		switch {
		case row.State == change.Done && row.Updated.Before(began):
			sure = Done
		case row.State.Ended() && row.Updated.Before(began):
			sure = Maybe
		}
		for _, w := range s.o.Effects(row) {
			if w.Sure = max(w.Sure, sure); sure == UnderWay {
				w.Sure = UnderWay
			}
			out = append(out, w)
		}
	}
	return out
}

// Last is the last look, without its picture.
func (s *Service) Last(ctx context.Context) (Last, error) { return s.o.Store.Last(ctx, false) }

// Findings are those that the actor may see, and how many match.
func (s *Service) Findings(ctx context.Context, a access.Actor, f Filter) ([]Finding, int, error) {
	if !a.May(access.DriftRead) {
		return nil, 0, nil
	}
	return s.o.Store.Findings(ctx, f)
}

// Count counts what waits for HR by kind; for others it is empty.
func (s *Service) Count(ctx context.Context, a access.Actor) (map[Kind]int, error) {
	if !a.May(access.DriftRead) {
		return nil, nil
	}
	return s.o.Store.Count(ctx)
}

// MostAtOnce is how many findings can be dealt with at once.
const MostAtOnce = 200

// Close accepts or ignores findings, or says which change puts them back. Errors: FieldError for none or too many,
// NotFound for such as do not exist, Conflict when somebody else was faster; nothing is changed then.
func (s *Service) Close(ctx context.Context, a access.Actor, by change.Person, ids []string, to State, c id.Change) error {
	if !a.May(access.DriftDecide) {
		return fault.New(fault.Forbidden, "Only HR decides on changes made outside of the portal.")
	}
	list, err := s.Chosen(ctx, a, ids)
	if err != nil {
		return err
	}
	events := map[State]audit.Event{Accepted: audit.DriftAccepted, Ignored: audit.DriftIgnored, PutBack: audit.DriftPutBack}
	var entries []audit.Entry
	for _, f := range list {
		e := audit.Entry{Who: audit.WhoIs(a), Event: events[to], Act: string(f.Kind), User: f.User, Team: f.Team, TargetName: f.Names[string(f.User)]}
		if f.User == "" {
			e.TargetName = f.Names[string(f.Team)]
		}
		entries = append(entries, e)
	}
	return s.o.Store.Close(ctx, ids, to, by, c, entries...)
}

// Chosen are findings by id, in the order of pages.
func (s *Service) Chosen(ctx context.Context, a access.Actor, ids []string) ([]Finding, error) {
	switch {
	case !a.May(access.DriftRead):
		return nil, fault.New(fault.NotFound, "There is no such change.")
	case len(ids) == 0:
		return nil, &fault.FieldError{Field: "finding", Message: "Tick at least one change first."}
	case len(ids) > MostAtOnce:
		return nil, &fault.FieldError{Field: "finding", Message: fmt.Sprintf("At most %d changes can be dealt with at once.", MostAtOnce)}
	}
	list, _, err := s.o.Store.Findings(ctx, Filter{IDs: ids})
	if err == nil && len(list) != len(ids) {
		err = fault.New(fault.NotFound, "There is no such change.")
	}
	return list, err
}

// Waits says whether the finding waits for HR.
func (f *Finding) Waits() bool {
	return f.State == Open || f.State == PutBack && (f.ChangeState == "" || f.ChangeState.CameToNothing())
}
