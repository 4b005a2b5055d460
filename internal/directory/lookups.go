package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// How long an answer of Lookups is remembered. The first is short, because people look at what they have just changed;
// whether an account serves announcements changes once in its life.
const (
	ownedFor   = time.Minute
	servingFor = 10 * time.Minute
	probeEvery = time.Minute // when the answer was trouble
	mostOwned  = 200         // people whose answers are remembered at once

	probeTimeout = 10 * time.Second
)

// ErrRetired is inside the errors of operations that this account does not serve. The vendor calls all operations of
// Lookups deprecated, and has switched announcements off in March 2022.
var ErrRetired = errors.New("retired operation")

// Lookups reads what the directory does not keep: what somebody owns, announcements, and what only its owner looks at. It reads when asked and
// remembers the answers briefly. Errors are explained ([Explain]); those of retired operations are ErrRetired too.
// It is safe for concurrent use.
type Lookups struct {
	keyResults    ownerReader
	announcements announcementReader
	people        personReader
	// policy reads with a person's own token.
	policy func(ctx context.Context, token, clientID string) (string, error)
	now    func() time.Time

	mu      sync.Mutex
	owned   map[id.User]Owned
	serving serving
	probed  time.Time
}

type ownerReader interface {
	ListByOwner(ctx context.Context, owner gtmhub.ID, formatting gtmhub.Formatting) (*gtmhub.Page[gtmhub.KeyResult], error)
}

// NewLookups makes Lookups of a client. now is the clock; nil means time.Now.
func NewLookups(c *gtmhub.Client, now func() time.Time) *Lookups {
	if now == nil {
		now = time.Now
	}
	return &Lookups{keyResults: c.KeyResults, announcements: c.Announcements, people: c.Users, now: now,
		policy: func(ctx context.Context, token, clientID string) (string, error) {
			return c.As(gtmhub.StaticToken(token)).Users.PasswordPolicy(ctx, clientID) //nolint:staticcheck // deprecated without a successor
		},
		owned: map[id.User]Owned{}}
}

// Owned is what a person owns, as operation 34 shows it.
type Owned struct {
	// KeyResults are by the name of their objective, then by their own.
	KeyResults []KeyResult
	// Objectives are those that the key results belong to, by name, whoever owns them. Objectives of which the person owns
	// no key result are not to be seen: no call is documented that lists objectives.
	Objectives []Objective
	// ReadAt is when Gtmhub was asked.
	ReadAt time.Time
}

// Objective is an objective as far as its key results show it.
type Objective struct {
	ID id.Objective
	// Name is empty for an objective whose name Gtmhub keeps back.
	Name string
	// Description is the text as Gtmhub stores it, with its markup for mentions.
	Description string
	// Owners are the ids of users or teams, in the order of Gtmhub.
	Owners []string
	// Session is the id of the planning period.
	Session string
	// Private says that one of the key results is private.
	Private bool
}

// Title is the name for people.
func (o *Objective) Title() string {
	return cmp.Or(strings.TrimSpace(o.Name), "Objective without a name")
}

// OwnedBy says whether the user is among the owners.
func (o *Objective) OwnedBy(u id.User) bool { return slices.Contains(o.Owners, string(u)) }

// KeyResult is a measurable result that somebody owns.
type KeyResult struct {
	Name, Description string
	Objective         id.Objective
	Initial           float64
	Actual, Target    float64
	// Attainment is the part of the way that is gone, 0 to 1 (more where the target is passed).
	Attainment float64
	// Owners is how many own it.
	Owners int
	// Due is UTC, and zero when not set.
	Due     time.Time
	Private bool
}

// Objective answers one of the objectives.
func (o *Owned) Objective(of id.Objective) (Objective, bool) {
	i := slices.IndexFunc(o.Objectives, func(x Objective) bool { return x.ID == of })
	if i < 0 {
		return Objective{}, false
	}
	return o.Objectives[i], true
}

// Public is o without what is private.
func (o Owned) Public() Owned {
	o.KeyResults = slices.DeleteFunc(slices.Clone(o.KeyResults), func(k KeyResult) bool { return k.Private })
	o.Objectives = slices.DeleteFunc(slices.Clone(o.Objectives), func(x Objective) bool { return x.Private })
	return o
}

// Owned answers what a user owns, as it was at most a minute ago.
func (l *Lookups) Owned(ctx context.Context, user id.User) (Owned, error) {
	l.mu.Lock()
	known, ok := l.owned[user]
	l.mu.Unlock()
	if ok && l.now().Sub(known.ReadAt) < ownedFor {
		return known, nil
	}
	return l.FreshOwned(ctx, user)
}

// FreshOwned asks Gtmhub what a user owns (operation 34).
func (l *Lookups) FreshOwned(ctx context.Context, user id.User) (Owned, error) {
	at := l.now()
	page, err := l.keyResults.ListByOwner(ctx, gtmhub.ID(user), gtmhub.MentionsMarkup) //nolint:staticcheck // deprecated without a described successor
	if err != nil {
		return Owned{}, fmt.Errorf("what a user owns: %w", outdated(err, "key results"))
	}
	o := ownedFrom(page.Items)
	o.ReadAt = at
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.owned) >= mostOwned {
		clear(l.owned)
	}
	if known, ok := l.owned[user]; !ok || known.ReadAt.Before(at) {
		l.owned[user] = o
	}
	return o, nil
}

func ownedFrom(items []gtmhub.KeyResult) Owned {
	var o Owned
	at := map[id.Objective]int{}
	for _, k := range items {
		of := id.Objective(k.GoalID)
		o.KeyResults = append(o.KeyResults, KeyResult{Name: k.Name, Description: k.Description, Objective: of, Initial: k.InitialValue, Actual: k.Actual,
			Target: k.Target, Attainment: k.Attainment, Owners: max(1, len(k.OwnerIDs)), Due: k.DueDate, Private: k.Private})
		if !id.Valid(string(of)) {
			continue
		}
		i, ok := at[of]
		if !ok {
			i = len(o.Objectives)
			at[of] = i
			owners := convert(k.GoalOwnerIDs, func(g gtmhub.ID) string { return string(g) })
			if len(owners) == 0 && k.GoalOwnerID != "" {
				owners = []string{string(k.GoalOwnerID)}
			}
			o.Objectives = append(o.Objectives, Objective{ID: of, Name: k.GoalName, Description: k.GoalDescription, Owners: owners, Session: string(k.SessionID)})
		}
		o.Objectives[i].Private = o.Objectives[i].Private || k.Private
	}
	slices.SortStableFunc(o.Objectives, func(a, b Objective) int { return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	for i, x := range o.Objectives {
		at[x.ID] = i
	}
	slices.SortStableFunc(o.KeyResults, func(a, b KeyResult) int {
		return cmp.Or(cmp.Compare(at[a.Objective], at[b.Objective]), strings.Compare(a.Name, b.Name))
	})
	return o
}

// outdated explains an error of an operation that the vendor calls deprecated. Where it is refused or not there, the
// operation counts as retired.
func outdated(err error, what string) error {
	if errors.Is(err, gtmhub.ErrForbidden) || errors.Is(err, gtmhub.ErrNotFound) {
		return fault.Wrap(fmt.Errorf("%w: %w", ErrRetired, err), fault.Unavailable,
			"Gtmhub does not answer with "+what+" here. The vendor has called this part of its interface outdated, and this account may not serve it any more.")
	}
	return Explain(err)
}
