package directory

import (
	"context"
	"time"

	"github.com/gtmhub-portal/portal/internal/id"
)

// Owner identifies the person whose lists these are, at the identity provider.
type Owner struct{ Issuer, Subject string }

// Bounds of what a person keeps for the list of users.
const (
	// SelectionLasts is how long ticks are kept after the last one was set.
	SelectionLasts = 24 * time.Hour
	// MostSelected is how many users can be ticked at once, and MostViews how many views can be kept.
	MostSelected = 5000
	MostViews    = 30
)

// SavedView is a filtered list of users that a person has given a name.
type SavedView struct {
	// Name is unique per person.
	Name string
	// Query is the query of the address, as url.Values encode it.
	Query string
}

// TeamList names a list of teams that is kept for a person.
type TeamList string

// The lists of teams.
const (
	// TickedTeams are kept for SelectionLasts.
	TickedTeams TeamList = "ticked"
	// TurnedTeams are the branches of the tree that the person left otherwise than they are drawn at first: opened where
	// the tree starts closed, closed where it starts open. They are kept for TreeLasts.
	TurnedTeams TeamList = "turned"
)

// TreeLasts is how long the open branches are kept after the last one was opened or closed.
const TreeLasts = 400 * 24 * time.Hour

// Lasts is how long a list is kept after it was altered.
func (l TeamList) Lasts() time.Duration {
	if l == TickedTeams {
		return SelectionLasts
	}
	return TreeLasts
}

// Lists keeps, per person, which users and teams are ticked, which views were saved, which columns are shown and which
// branches of the tree are open, on the server, so that they survive paging and another device. What is in it carries no rights: whoever reads it cuts it to the person's scope. It is safe for
// concurrent use. Errors are of the kinds of package fault.
type Lists interface {
	// Selected answers the ticked users in the order of ticking; none when the last tick is older than SelectionLasts.
	Selected(ctx context.Context, o Owner) ([]id.User, error)
	// Select takes ticks away and sets others, in this order, as one step, and answers the ticked users. More than
	// MostSelected is TooLarge, and nothing is changed.
	Select(ctx context.Context, o Owner, remove, add []id.User) ([]id.User, error)
	// ClearSelection takes all ticks away.
	ClearSelection(ctx context.Context, o Owner) error
	// Teams answers a list of teams in the order of adding; none when it has lain for longer than it lasts.
	Teams(ctx context.Context, o Owner, list TeamList) ([]id.Team, error)
	// SetTeams takes teams off a list and adds others, in this order, as one step, and answers the list. More than
	// MostSelected is TooLarge, and nothing is changed.
	SetTeams(ctx context.Context, o Owner, list TeamList, remove, add []id.Team) ([]id.Team, error)
	// ClearTeams empties a list.
	ClearTeams(ctx context.Context, o Owner, list TeamList) error
	// Views answers the saved views by name.
	Views(ctx context.Context, o Owner) ([]SavedView, error)
	// SaveView keeps a view; one with this name is replaced. A view above MostViews is TooLarge.
	SaveView(ctx context.Context, o Owner, v SavedView) error
	// DeleteView forgets a view; one that is not there is no error.
	DeleteView(ctx context.Context, o Owner, name string) error
	// Columns answers the keys of the columns that the person wants to see; false when they have not chosen.
	Columns(ctx context.Context, o Owner) ([]string, bool, error)
	// SetColumns keeps the choice, which may be of no column.
	SetColumns(ctx context.Context, o Owner, keys []string) error
	// ClearColumns forgets the choice.
	ClearColumns(ctx context.Context, o Owner) error
}
