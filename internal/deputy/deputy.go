// Package deputy keeps what leads and HR have given to deputies: named acts over named teams until a date.
//
// A deputy cannot pass on or extend what was given, and it ends by itself: only the database's clock says what is in
// force. Package access decides what a deputy may do with it. Start at [Service.Give].
package deputy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Longest is how long something can be given for at most.
const Longest = 180 * 24 * time.Hour

// Deputy is what was given to one person.
type Deputy struct {
	ID         id.Deputy
	Holder     id.User
	HolderName string
	Teams      []id.Team
	Acts       []access.Act
	// By is the lead who gave it; empty when ByHR.
	By     id.User
	ByName string
	ByHR   bool
	// Created and Until are UTC; Ended is when somebody ended it before its time, zero for not.
	Created, Until, Ended time.Time
	// InForce is by the database's clock.
	InForce bool
}

// Store keeps deputies. Each method is one transaction, and writes the audit entries that it is given in it.
type Store interface {
	// Add stores a new deputy. Invalid if Until has passed or is more than Longest away by the database's clock.
	Add(ctx context.Context, d Deputy, entries ...audit.Entry) error
	// End ends a deputy now. Conflict if it is not in force.
	End(ctx context.Context, d id.Deputy, entries ...audit.Entry) error
	// Deputy is NotFound for one that is not there.
	Deputy(ctx context.Context, d id.Deputy) (Deputy, error)
	// InForce are those that the person holds now.
	InForce(ctx context.Context, holder id.User) ([]Deputy, error)
	// List answers those in force and those that ended within the last 90 days, the newest first: of everybody, or
	// those that user gave or holds.
	List(ctx context.Context, user id.User) ([]Deputy, error)
}

// Options are the dependencies of a Service.
type Options struct {
	Store Store
	// Team reads a team fresh: the right to give hangs on its manager.
	Team func(ctx context.Context, t id.Team) (access.Team, error)
	// Person answers the name of a user who can hold something; ok is false for nobody and for deactivated users.
	Person func(u id.User) (name string, ok bool)
}

// Service gives and ends deputies. It is safe for concurrent use.
type Service struct{ o Options }

// NewService makes a service.
func NewService(o Options) *Service { return &Service{o} }

// Give gives acts over teams to a person until a time. Errors: FieldError for what was filled in wrong, NotFound for
// teams that the actor may not see, Forbidden for teams that the actor does not lead.
func (s *Service) Give(ctx context.Context, a access.Actor, d Deputy) error {
	name, ok := s.o.Person(d.Holder)
	switch {
	case !ok:
		return &fault.FieldError{Field: "user", Message: "This person cannot be a deputy. Choose somebody whose account is active."}
	case d.Holder == a.User:
		return &fault.FieldError{Field: "user", Message: "You cannot be your own deputy."}
	case len(d.Teams) == 0:
		return &fault.FieldError{Field: "team", Message: "Choose at least one team."}
	case len(d.Acts) == 0:
		return &fault.FieldError{Field: "act", Message: "Choose at least one thing that the deputy may do."}
	}
	for _, act := range d.Acts {
		if !slices.Contains(access.LeadActs(), act) {
			return &fault.FieldError{Field: "act", Message: "This cannot be given to a deputy."}
		}
	}
	slices.Sort(d.Teams)
	d.Teams = slices.Compact(d.Teams)
	d.ID, d.HolderName, d.ByName, d.ByHR, d.By = id.NewDeputy(), name, a.Name, a.HR, a.User
	var entries []audit.Entry
	for _, t := range d.Teams {
		if !a.Scope().SeesTeam(t) {
			return fault.New(fault.NotFound, "There is no such team.")
		}
		team, err := s.o.Team(ctx, t)
		if err != nil {
			return fmt.Errorf("read team %s: %w", t, err)
		}
		if v := access.MayGiveDeputy(a, team); v.Outcome == access.No {
			return access.Refuse(v)
		}
		entries = append(entries, audit.Entry{Who: audit.WhoIs(a), Event: audit.DeputyGiven, User: d.Holder, Team: t, TargetName: name,
			After: fmt.Sprintf("%s until %s", Words(d.Acts), d.Until.UTC().Format("2 Jan 2006 15:04 MST"))})
	}
	if a.HR {
		d.By = ""
	}
	return s.o.Store.Add(ctx, d, entries...)
}

// Words names acts: "add member, edit team".
func Words(acts []access.Act) string {
	out := make([]string, len(acts))
	for i, a := range acts {
		out[i] = string(a)
	}
	return strings.Join(out, ", ")
}

// MayEnd says whether the actor may end it: HR, who gave it, and who holds it.
func MayEnd(a access.Actor, d Deputy) bool {
	return a.HR || a.User != "" && (a.User == d.By || a.User == d.Holder)
}

// End ends a deputy before its time. NotFound for those of others.
func (s *Service) End(ctx context.Context, a access.Actor, of id.Deputy) error {
	d, err := s.o.Store.Deputy(ctx, of)
	if err != nil {
		return err
	}
	if !MayEnd(a, d) {
		return fault.New(fault.NotFound, "There is no such deputy.")
	}
	var entries []audit.Entry
	for _, t := range d.Teams {
		entries = append(entries, audit.Entry{Who: audit.WhoIs(a), Event: audit.DeputyEnded, User: d.Holder, Team: t, TargetName: d.HolderName, Before: Words(d.Acts)})
	}
	return s.o.Store.End(ctx, of, entries...)
}

// Of answers what is in force that the person gave or holds, for pages about them.
func (s *Service) Of(ctx context.Context, u id.User) ([]Deputy, error) {
	all, err := s.o.Store.List(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("deputies of %s: %w", u, err)
	}
	return slices.DeleteFunc(all, func(d Deputy) bool { return !d.InForce }), nil
}

// EndOfLeavers ends, as the schedule, what was given by leads or is held by people for whom gone is true: it must not come
// back with them. It returns how many.
func (s *Service) EndOfLeavers(ctx context.Context, gone func(id.User) bool) (int, error) {
	all, err := s.o.Store.List(ctx, "")
	if err != nil {
		return 0, fmt.Errorf("deputies of leavers: %w", err)
	}
	n := 0
	for _, d := range all {
		if !d.InForce || !gone(d.Holder) && (d.By == "" || !gone(d.By)) {
			continue
		}
		var entries []audit.Entry
		for _, t := range d.Teams {
			entries = append(entries, audit.Entry{Who: audit.Who{Kind: access.BySchedule}, Event: audit.DeputyEnded, User: d.Holder, Team: t, TargetName: d.HolderName, Before: Words(d.Acts), Result: "holder or lead deactivated"})
		}
		switch err := s.o.Store.End(ctx, d.ID, entries...); {
		case errors.Is(err, fault.Conflict): // somebody was faster
		case err != nil:
			return n, fmt.Errorf("end deputy %s: %w", d.ID, err)
		default:
			n++
		}
	}
	return n, nil
}

// List answers what the actor may see: HR and auditors all, others what they gave or hold.
func (s *Service) List(ctx context.Context, a access.Actor) ([]Deputy, error) {
	if a.HR || a.Auditor {
		return s.o.Store.List(ctx, "")
	}
	if a.User == "" {
		return nil, nil
	}
	return s.o.Store.List(ctx, a.User)
}

// Deputations are what a person holds now, one for each team and act, for package actor.
func (s *Service) Deputations(ctx context.Context, holder id.User) ([]access.Deputation, error) {
	all, err := s.o.Store.InForce(ctx, holder)
	if err != nil {
		return nil, err
	}
	var out []access.Deputation
	for _, d := range all {
		for _, t := range d.Teams {
			for _, act := range d.Acts {
				out = append(out, access.Deputation{Team: t, Act: act, By: d.By, ByHR: d.ByHR})
			}
		}
	}
	return out, nil
}
