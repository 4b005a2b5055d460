package joiners

import (
	"context"
	"time"

	"github.com/gtmhub-portal/portal/internal/id"
)

// Owner is the person who works on a draft, by identity provider and name there.
type Owner struct {
	Issuer, Subject string
}

// Draft is a list on its way through the wizard. The file is kept as it came, and deleted with the draft.
type Draft struct {
	ID    id.Draft
	Owner Owner
	// Name is the file name as it was uploaded, for display only. It is never used as a path.
	Name string
	// Data is the file, at most Limits.Bytes.
	Data   []byte
	Format Format
	Edits  Edits
	// Reason is what the requester says to the approver.
	Reason  string
	Created time.Time
	// Updated is set by the caller at each Save.
	Updated time.Time
	// Version counts the saves; a new draft has 1.
	Version int
}

// Drafts keeps drafts. It is safe for concurrent use. It does not look at owners: callers compare Draft.Owner and
// answer NotFound to others.
type Drafts interface {
	// Create stores a new draft as it is. The id is the caller's; an id that exists already is fault.Conflict.
	Create(ctx context.Context, d Draft) error
	// Get returns the draft, or fault.NotFound.
	Get(ctx context.Context, draft id.Draft) (Draft, error)
	// Of returns the owner's drafts, last saved first, without Data and Edits.
	Of(ctx context.Context, owner Owner) ([]Draft, error)
	// Save stores the draft with Version+1 if the stored version is still d.Version. Otherwise it is
	// fault.Conflict, and fault.NotFound if the draft is gone. ID, Owner and Created never change.
	Save(ctx context.Context, d Draft) error
	// Delete removes the draft. It is no error if it is gone already.
	Delete(ctx context.Context, draft id.Draft) error
	// DeleteOlderThan removes the drafts that were last updated before t and says how many there were.
	DeleteOlderThan(ctx context.Context, t time.Time) (int, error)
}
