package directory

import (
	"context"
	"time"
)

// Kind says what sort of record a Record is.
type Kind string

// The kinds of stored record.
const (
	KindUser Kind = "user"
	KindTeam Kind = "team"
	KindRole Kind = "role"
)

// Record is one user, team or role as the store keeps it.
type Record struct {
	Kind Kind
	ID   string
	// Doc is JSON of this package's making; empty when Deleted.
	Doc     []byte
	Deleted bool
}

// Store keeps the records, so that a restart is warm and all instances see the same account. Versions start at 0 for a
// store that was never written and grow with each Apply that has changes. Errors are of the kinds of package fault.
type Store interface {
	// LoadAll answers the records that are not deleted, the version, and when the last complete reading began (zero if
	// never); all three of one moment.
	LoadAll(ctx context.Context) (records []Record, version int64, fetchedAt time.Time, err error)
	// Since answers the records that were written after version, also deleted ones, each in its last state. It is cheap
	// when there are none.
	Since(ctx context.Context, version int64) (records []Record, now int64, fetchedAt time.Time, err error)
	// Apply writes changes as one transaction and answers the new version. Without changes the version stays. A
	// fetchedAt that is older than the stored one is ignored. Deleted records stay known as deleted, without Doc.
	Apply(ctx context.Context, changes []Record, fetchedAt time.Time) (version int64, err error)
}
