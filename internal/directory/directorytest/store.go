package directorytest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gtmhub-portal/portal/internal/directory"
)

// Store is a directory.Store in memory. The zero value is empty and usable. It is safe for concurrent use.
type Store struct {
	mu        sync.Mutex
	rows      map[key]row
	version   int64
	fetchedAt time.Time
	err       error
	applied   int
}

var _ directory.Store = (*Store)(nil)

type key struct {
	kind directory.Kind
	id   string
}

type row struct {
	record  directory.Record
	version int64
}

// Fail makes all calls that follow end with err; nil lets them succeed again.
func (s *Store) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Applied is how many records were written so far, for tests that only differences are.
func (s *Store) Applied() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applied
}

// LoadAll answers the records that are not deleted.
func (s *Store) LoadAll(context.Context) ([]directory.Record, int64, time.Time, error) {
	return s.find(func(r row) bool { return !r.record.Deleted })
}

// Since answers the records written after version.
func (s *Store) Since(_ context.Context, version int64) ([]directory.Record, int64, time.Time, error) {
	return s.find(func(r row) bool { return r.version > version })
}

func (s *Store) find(match func(row) bool) ([]directory.Record, int64, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, 0, time.Time{}, s.err
	}
	var records []directory.Record
	for r := range maps.Values(s.rows) {
		if match(r) {
			r.record.Doc = slices.Clone(r.record.Doc)
			records = append(records, r.record)
		}
	}
	return records, s.version, s.fetchedAt, nil
}

// Apply writes the changes.
func (s *Store) Apply(_ context.Context, changes []directory.Record, fetchedAt time.Time) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	if len(changes) > 0 {
		s.version++
	}
	if s.rows == nil {
		s.rows = map[key]row{}
	}
	for _, r := range changes {
		r.Doc = slices.Clone(r.Doc)
		if r.Deleted {
			r.Doc = nil
		}
		s.rows[key{r.Kind, r.ID}] = row{r, s.version}
		s.applied++
	}
	if fetchedAt.After(s.fetchedAt) {
		s.fetchedAt = fetchedAt
	}
	return s.version, nil
}
