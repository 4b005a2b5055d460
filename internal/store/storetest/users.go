package storetest

import (
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// testTried: what was sent, or may have been, counts; what definitely did nothing does not.
func testTried(t *testing.T, s *store.Store) {
	st := s.Changes()
	for user, o := range map[id.User]change.Outcome{
		"done":     {State: change.Done},
		"unknown":  {State: change.Unknown},
		"person":   {State: change.Attention},
		"refused":  {State: change.RefusedRow},
		"too fast": {State: change.Queued, KeepAttempt: true},
	} {
		all := rows(0, 1)
		all[0].User, all[0].Kind = user, "send again"
		c := create(t, s, head(change.Running, all), all)
		got, err := st.Claim(t.Context(), "a", time.Minute, 1, c.ID)
		ok(t, "claim", err)
		ok(t, "intend", st.Intend(t.Context(), got, 0))
		o.Row, o.Epoch = got[0].ID, got[0].Epoch
		_, err = st.Settle(t.Context(), []change.Outcome{o})
		ok(t, "settle", err)
	}
	users := []id.User{"done", "unknown", "person", "refused", "too fast", "nobody", ""}
	got, err := st.Tried(t.Context(), "send again", users, time.Hour)
	ok(t, "tried", err)
	for u, ago := range got {
		if ago < 0 || ago > 10*time.Minute {
			t.Errorf("%s: %s ago", u, ago)
		}
		got[u] = 0
	}
	equal(t, "tried", got, map[id.User]time.Duration{"done": 0, "unknown": 0, "person": 0})
	got, err = st.Tried(t.Context(), "another kind", users, time.Hour)
	ok(t, "another kind", err)
	equal(t, "another kind", len(got), 0)
	got, err = st.Tried(t.Context(), "send again", nil, time.Hour)
	ok(t, "nobody", err)
	equal(t, "nobody", len(got), 0)
}
