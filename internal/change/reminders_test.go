package change_test

import (
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
)

func TestNextReminder(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	weekly := change.Reminders{Days: 7, Most: 2}
	for _, tc := range []struct {
		name    string
		set     change.Reminders
		invited time.Duration
		got     change.Reminded
		due     bool
		more    bool
	}{
		{"off", change.Reminders{}, 100 * day, change.Reminded{}, false, false},
		{"not long enough", weekly, 6 * day, change.Reminded{}, false, true},
		{"for a week", weekly, 7 * day, change.Reminded{}, true, true},
		{"for a year", weekly, 365 * day, change.Reminded{}, true, true},
		{"a person sent it again yesterday", weekly, 30 * day, change.Reminded{Ago: day}, false, true},
		{"reminded a week ago", weekly, 30 * day, change.Reminded{Times: 1, Ago: 7 * day}, true, true},
		{"reminded yesterday", weekly, 30 * day, change.Reminded{Times: 1, Ago: day}, false, true},
		{"reminded often enough", weekly, 300 * day, change.Reminded{Times: 2, Ago: 60 * day}, false, false},
		{"HR has lowered the number", change.Reminders{Days: 7, Most: 1}, 300 * day, change.Reminded{Times: 2, Ago: 60 * day}, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			at, more := tc.set.Next(now.Add(-tc.invited), now, tc.got)
			if due := more && !at.After(now); due != tc.due || more != tc.more {
				t.Errorf("next %v, %v; want due %v, more %v", at, more, tc.due, tc.more)
			}
		})
	}
}
