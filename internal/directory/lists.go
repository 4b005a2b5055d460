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

// Lists keeps, per person, which users are ticked and which views were saved, on the server, so that ticks survive paging
// and another device. What is in it carries no rights: whoever reads it cuts it to the person's scope. It is safe for
// concurrent use. Errors are of the kinds of package fault.
type Lists interface {
	// Selected answers the ticked users in the order of ticking; none when the last tick is older than SelectionLasts.
	Selected(ctx context.Context, o Owner) ([]id.User, error)
	// Select takes ticks away and sets others, in this order, as one step, and answers the ticked users. More than
	// MostSelected is TooLarge, and nothing is changed.
	Select(ctx context.Context, o Owner, remove, add []id.User) ([]id.User, error)
	// ClearSelection takes all ticks away.
	ClearSelection(ctx context.Context, o Owner) error
	// Views answers the saved views by name.
	Views(ctx context.Context, o Owner) ([]SavedView, error)
	// SaveView keeps a view; one with this name is replaced. A view above MostViews is TooLarge.
	SaveView(ctx context.Context, o Owner, v SavedView) error
	// DeleteView forgets a view; one that is not there is no error.
	DeleteView(ctx context.Context, o Owner, name string) error
}
