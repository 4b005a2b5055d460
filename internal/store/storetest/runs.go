package storetest

import (
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

func testUndoLinks(t *testing.T, s *store.Store) {
	first := create(t, s, head(change.Finished, nil), nil)
	undo := func(of id.Change, state change.State) (change.Change, error) {
		c := head(state, nil)
		c.UndoOf.ID = of
		return s.Changes().Create(t.Context(), c, nil, nil, time.Hour)
	}
	withdrawn, err := undo(first.ID, change.Withdrawn)
	ok(t, "an undo that came to nothing", err)
	equal(t, "undone by nothing", reload(t, s, first.ID).UndoneBy, change.Link{})
	equal(t, "still says of what", withdrawn.UndoOf, change.Link{ID: first.ID, Number: first.Number})

	second, err := undo(first.ID, change.Waiting)
	ok(t, "undo", err)
	equal(t, "undone by", reload(t, s, first.ID).UndoneBy, change.Link{ID: second.ID, Number: second.Number})
	_, err = undo(first.ID, change.Approved)
	wantKind(t, "undo twice", err, fault.Conflict)
	for _, err := range together(8, func(int) error {
		_, err := undo(second.ID, change.Approved)
		return err
	}) {
		if err != nil {
			wantKind(t, "undo under a race", err, fault.Conflict)
		}
	}
	all, _, err := s.Changes().Changes(t.Context(), change.Filter{})
	ok(t, "list", err)
	equal(t, "one undo of the undo won", len(all), 4)
	equal(t, "its links in the list", []change.Link{all[0].UndoOf, all[1].UndoneBy, all[1].UndoOf, all[3].UndoneBy},
		[]change.Link{{ID: second.ID, Number: second.Number}, {ID: all[0].ID, Number: all[0].Number}, {ID: first.ID, Number: first.Number}, {ID: second.ID, Number: second.Number}})
}
