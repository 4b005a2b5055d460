package app_test

import (
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
)

// TestNightly wants one reading of the whole account a day, in the hours after the one that is set (02:00 by default).
func TestNightly(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{Manual: true})
	reads := func() int { return j.Emulator.Counts().Calls[2] }
	for _, tc := range []struct {
		at   string
		want bool
	}{
		{"2026-12-01T01:59:00Z", false},
		{"2026-12-01T02:00:00Z", true},
		{"2026-12-01T02:01:00Z", false},
		{"2026-12-01T13:00:00Z", false},
		{"2026-12-02T00:30:00Z", false},
		{"2026-12-02T05:00:00Z", true},
	} {
		now, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		before := reads()
		ran, err := j.App.Nightly(t.Context(), now)
		if err != nil || ran != tc.want || (reads() > before) != tc.want {
			t.Errorf("%s: ran %v with %d calls, %v; want %v", tc.at, ran, reads()-before, err, tc.want)
		}
	}
}
