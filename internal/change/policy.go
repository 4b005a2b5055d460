package change

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// PolicyVersion is one state of the table of the policy.
type PolicyVersion struct {
	// Number counts from 1, without gaps.
	Number int
	Rules  map[access.Line]access.Rule
	// Note says why, at most MaxReason characters; By stored it at At.
	Note string
	By   Person
	At   time.Time
}

// Judged is a change as the policy sees it.
type Judged struct {
	ID      id.Change
	Number  int
	Title   string
	State   State
	Created time.Time
	// Was is what the policy answered when it was made, or later where it became stricter. Help is empty.
	Was access.Verdict
	// Ground is what it met; empty for changes that were made before that was kept.
	Ground access.Ground
	// Rows counts its first step, Rejected what people took out of any step.
	Rows, Rejected int
}

// met is what the change met, guessed where it was not kept; ok is false if nothing is known.
func (j *Judged) met() (access.Ground, bool) {
	if j.Ground.Fixed != nil || len(j.Ground.Hits) > 0 {
		return j.Ground, true
	}
	return access.GroundOf(j.Was.Rule, j.Rows, j.Was.Lead)
}

// PolicyStore keeps the versions of the policy. Its methods are like those of Store.
type PolicyStore interface {
	// PolicyNumber is the number of the version that holds; 0 if none was stored.
	PolicyNumber(ctx context.Context) (int, error)
	// PolicyVersions returns all versions, newest first, or only one of them; only is 0 for all.
	PolicyVersions(ctx context.Context, only int) ([]PolicyVersion, error)
	// SavePolicy stores the next version. Conflict unless v.Number follows the one that holds. Requests that are not decided yet
	// get the verdict of stricter where it answers true. It returns how many.
	SavePolicy(ctx context.Context, v PolicyVersion, stricter func(Judged) (access.Verdict, bool), entries ...audit.Entry) (int, error)
	// Judged returns the changes that were made within since, newest first, at most so many.
	Judged(ctx context.Context, since time.Duration, most int) ([]Judged, error)
}

// Policies is the policy that holds. Pages ask [Policies.Now], which is at most a few seconds old; what submits, decides or
// runs asks [Policies.Fresh]. It is safe for concurrent use.
type Policies struct {
	store   PolicyStore
	shipped access.Policy
	now     atomic.Pointer[access.Policy]
}

// NewPolicies keeps the policy of the store; shipped holds as long as there is none. A nil store has none ever.
func NewPolicies(st PolicyStore, shipped access.Policy) *Policies {
	p := &Policies{store: st, shipped: shipped}
	p.now.Store(&shipped)
	return p
}

// Now is the policy as it was read last.
func (p *Policies) Now() access.Policy { return *p.now.Load() }

// Decide asks the policy as it was read last.
func (p *Policies) Decide(a access.Actor, q access.Question) access.Verdict {
	return p.Now().Decide(a, q)
}

// Fresh reads which version holds, and its rules if they are not known yet.
func (p *Policies) Fresh(ctx context.Context) (access.Policy, error) {
	if p.store == nil {
		return p.shipped, nil
	}
	n, err := p.store.PolicyNumber(ctx)
	if err != nil {
		return access.Policy{}, fmt.Errorf("policy: %w", err)
	}
	if now := p.Now(); now.Number == n {
		return now, nil
	}
	next := p.shipped
	if n > 0 {
		v, err := p.store.PolicyVersions(ctx, n)
		if err != nil {
			return access.Policy{}, fmt.Errorf("policy: %w", err)
		}
		if len(v) != 1 {
			return access.Policy{}, fault.New(fault.Internal, "the policy that holds is not there")
		}
		next = access.Policy{Number: n, Rules: v[0].Rules}
	}
	p.now.Store(&next)
	return next, nil
}

// Follow reads the policy again and again until ctx ends, so that pages of all instances know a new version soon.
func (p *Policies) Follow(ctx context.Context, every time.Duration, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := p.Fresh(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Policy is the policy that holds and all its versions, newest first, for those who may read it.
func (s *Service) Policy(ctx context.Context, a access.Actor) (access.Policy, []PolicyVersion, error) {
	if !a.May(access.PolicyRead) {
		return access.Policy{}, nil, fault.New(fault.Forbidden, "The policy is read by HR and auditors. Ask HR.")
	}
	now, err := s.o.Policy.Fresh(ctx)
	if err != nil || s.o.Policy.store == nil {
		return now, nil, err
	}
	all, err := s.o.Policy.store.PolicyVersions(ctx, 0)
	if err != nil {
		return now, nil, fmt.Errorf("versions of the policy: %w", err)
	}
	return now, all, nil
}

// ShippedPolicy is the policy that came with the portal and its settings.
func (s *Service) ShippedPolicy() access.Policy { return s.o.Policy.shipped }

// SavePolicy stores a table as the next version. next.Number is the version from which it was made. Requests that wait get the
// stricter of the two answers. Errors: Forbidden for all but HR, Conflict when somebody else was faster, Invalid for a table
// that no policy may be and for an empty note.
func (s *Service) SavePolicy(ctx context.Context, a access.Actor, by Person, next access.Policy, note string) (raised int, err error) {
	if !a.May(access.PolicyChange) {
		s.refused(ctx, a, "", "policy", access.Verdict{Rule: "rights: policy"})
		return 0, fault.New(fault.Forbidden, "Only HR changes the policy. Ask HR.")
	}
	if bad := next.Check(); len(bad) > 0 {
		return 0, fault.New(fault.Invalid, bad[0].Message)
	}
	if note = strings.TrimSpace(note); note == "" {
		return 0, &fault.FieldError{Field: "note", Message: "Say why, for those who read the history."}
	}
	if utf8.RuneCountInString(note) > MaxReason {
		return 0, &fault.FieldError{Field: "note", Message: fmt.Sprintf("The note may have at most %d characters.", MaxReason)}
	}
	now, err := s.o.Policy.Fresh(ctx)
	if err != nil {
		return 0, err
	}
	from := next.Number
	next.Number++
	entries := []audit.Entry{{Who: audit.WhoIs(a), Event: audit.SettingChanged, Act: "policy", Before: fmt.Sprintf("version %d", from), After: fmt.Sprintf("version %d", next.Number)}}
	for _, k := range access.Lines() {
		if was, is := now.Rule(k.Line).Words(k.Unit), next.Rule(k.Line).Words(k.Unit); was != is {
			entries = append(entries, audit.Entry{Who: audit.WhoIs(a), Event: audit.SettingChanged, Act: "policy", Result: k.Name(), Before: was, After: is})
		}
	}
	if len(entries) == 1 && from == now.Number {
		return 0, fault.New(fault.Invalid, "Nothing was changed, so nothing was stored.")
	}
	raised, err = s.o.Policy.store.SavePolicy(ctx, PolicyVersion{Number: next.Number, Rules: next.Rules, Note: note, By: by}, func(j Judged) (access.Verdict, bool) {
		return raise(next, j)
	}, entries...)
	if err != nil {
		return 0, fmt.Errorf("store policy: %w", err)
	}
	s.o.Policy.now.Store(&next)
	return raised, nil
}

// raise is the verdict on a request that waits when a new policy comes: the stricter one. A policy that forbids it leaves it as
// it is; it can then only be rejected.
func raise(next access.Policy, j Judged) (access.Verdict, bool) {
	g, ok := j.met()
	if !ok {
		return access.Verdict{}, false
	}
	v := access.Stricter(j.Was, next.Judge(g))
	if v.Outcome != access.NeedsDecision || v.Deciders == j.Was.Deciders && v.By == j.Was.By {
		return access.Verdict{}, false
	}
	return v, true
}

// Trial is what another policy would have done with the requests of some time.
type Trial struct {
	// Decided are those that people decided on, Direct those that went ahead at once; Unknown could not be judged.
	Decided, Direct, Unknown int
	// Free would not have needed a person, More would have needed more people or others, Stopped would not have been allowed, and
	// Caught, which went ahead at once, would have waited.
	Free, More, Stopped, Caught []Judged
	// Otherwise are those of Free of which people took something out, and those of Stopped to which they agreed: where the policy
	// would have come to something else than they did.
	Otherwise []Judged
	// Capped is true when there were more requests than were looked at.
	Capped bool
}

// The requests on which a policy is tried.
const (
	TrialTime = 90 * 24 * time.Hour
	trialMost = 5000
)

// TryPolicy works out what a policy would have done with the requests of the last [TrialTime].
func (s *Service) TryPolicy(ctx context.Context, a access.Actor, p access.Policy) (Trial, error) {
	var out Trial
	if !a.May(access.PolicyChange) {
		return out, fault.New(fault.Forbidden, "Only HR tries a policy. Ask HR.")
	}
	all, err := s.o.Policy.store.Judged(ctx, TrialTime, trialMost+1)
	if err != nil {
		return out, fmt.Errorf("try a policy: %w", err)
	}
	if out.Capped = len(all) > trialMost; out.Capped {
		all = all[:trialMost]
	}
	for _, j := range all {
		g, ok := j.met()
		if !ok {
			if out.Unknown++; j.Was.Outcome == access.Direct {
				out.Unknown-- // what went ahead by itself before grounds were kept says nothing about people
			}
			continue
		}
		v := p.Judge(g)
		if j.Was.Outcome == access.Direct {
			if out.Direct++; v.Outcome != access.Direct {
				out.Caught = append(out.Caught, j)
			}
			continue
		}
		out.Decided++
		agreed := j.State != Rejected && !j.State.Undecided() && j.State != Withdrawn && j.State != Lapsed
		switch {
		case v.Outcome == access.Direct:
			out.Free = append(out.Free, j)
			if j.State == Rejected || j.Rejected > 0 {
				out.Otherwise = append(out.Otherwise, j)
			}
		case v.Outcome == access.No:
			out.Stopped = append(out.Stopped, j)
			if agreed {
				out.Otherwise = append(out.Otherwise, j)
			}
		case v.Deciders > j.Was.Deciders || v.By != j.Was.By:
			out.More = append(out.More, j)
		}
	}
	return out, nil
}
