package directory_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/directory/directorytest"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// clock is set by hand.
type clock struct{ now time.Time }

// owner is somebody of the account who owns at least two key results.
func owner(t *testing.T, l *directory.Lookups, s *directory.Snapshot) (id.User, directory.Owned) {
	t.Helper()
	for _, u := range s.Users() {
		o, err := l.FreshOwned(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(o.KeyResults) > 1 && len(o.Objectives) > 0 && o.Objectives[0].OwnedBy(u.ID) {
			return u.ID, o
		}
	}
	t.Fatal("nobody owns two key results")
	return "", directory.Owned{}
}

func TestOwned(t *testing.T) {
	t.Parallel()
	e := directorytest.Emulator(t, emulator.Options{})
	s := directorytest.New(t, e).Current()
	c := &clock{time.Now()}
	client := directorytest.Client(t, e)
	l := directory.NewLookups(client, func() time.Time { return c.now })
	u, o := owner(t, l, s)

	page, err := client.KeyResults.ListByOwner(t.Context(), gtmhub.ID(u), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != len(o.KeyResults) {
		t.Errorf("%d key results, want %d", len(o.KeyResults), len(page.Items))
	}
	for _, k := range o.KeyResults {
		if _, ok := o.Objective(k.Objective); !ok {
			t.Errorf("key result %q belongs to no objective of the answer", k.Name)
		}
	}
	if !slices.IsSortedFunc(o.Objectives, func(a, b directory.Objective) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the objectives are not by name")
	}
	if _, ok := o.Objective("nothing"); ok {
		t.Error("an objective that is not there was found")
	}

	// The answer is remembered for a minute, and then asked for anew.
	calls := func() int { return e.Counts().Calls[34] }
	before := calls()
	for range 3 {
		if _, err := l.Owned(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	if got := calls(); got != before {
		t.Errorf("%d calls for what was just read", got-before)
	}
	c.now = c.now.Add(2 * time.Minute)
	if _, err := l.Owned(t.Context(), u); err != nil || calls() != before+1 {
		t.Errorf("after two minutes: %d calls, %v", calls()-before, err)
	}
}

func TestOwnedHidesWhatIsPrivate(t *testing.T) {
	t.Parallel()
	o := directory.Owned{
		KeyResults: []directory.KeyResult{{Name: "a", Objective: "x"}, {Name: "b", Objective: "y", Private: true}},
		Objectives: []directory.Objective{{ID: "x"}, {ID: "y", Private: true}},
	}
	p := o.Public()
	if len(p.KeyResults) != 1 || p.KeyResults[0].Name != "a" || len(p.Objectives) != 1 || p.Objectives[0].ID != "x" {
		t.Errorf("public: %+v", p)
	}
	if len(o.KeyResults) != 2 || o.KeyResults[1].Name != "b" {
		t.Errorf("the original was changed: %+v", o)
	}
}

func TestLookupsWhenGtmhubDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		status  int
		retired bool
		kind    fault.Kind
	}{
		{"refused", http.StatusForbidden, true, fault.Unavailable},
		{"not there", http.StatusNotFound, true, fault.Unavailable},
		{"gone", http.StatusGone, true, fault.Unavailable},
		{"down", http.StatusServiceUnavailable, false, fault.Unavailable},
		{"too fast", http.StatusTooManyRequests, false, fault.RateLimited},
		{"not in the subscription", http.StatusPaymentRequired, false, fault.Forbidden},
		{"token refused", http.StatusUnauthorized, false, fault.Unavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			e := directorytest.Emulator(t, emulator.Options{})
			l := directory.NewLookups(directorytest.Client(t, e), nil)
			for _, op := range []int{32, 34} {
				if _, err := e.AddFault(emulator.Fault{Operation: op, Effect: emulator.EffectStatus, Status: tc.status}); err != nil {
					t.Fatal(err)
				}
			}
			_, err := l.FreshOwned(t.Context(), "u1")
			_, err2 := l.Announcements(t.Context())
			for _, err := range []error{err, err2} {
				if errors.Is(err, directory.ErrRetired) != tc.retired || fault.KindOf(err) != tc.kind || fault.Message(err) == "" {
					t.Errorf("retired %v, kind %q, %q", errors.Is(err, directory.ErrRetired), fault.KindOf(err), fault.Message(err))
				}
			}
			want := directory.Unasked
			if tc.retired {
				want = directory.Retired
			}
			if got := l.ServesAnnouncements(); got != want {
				t.Errorf("remembered %q, want %q", got, want)
			}
		})
	}
}

func TestAnnouncements(t *testing.T) {
	t.Parallel()
	e := directorytest.Emulator(t, emulator.Options{})
	c := &clock{time.Now()}
	l := directory.NewLookups(directorytest.Client(t, e), func() time.Time { return c.now })
	all, err := l.Announcements(t.Context())
	if err != nil || len(all) == 0 {
		t.Fatalf("%d announcements, %v", len(all), err)
	}
	if !slices.IsSortedFunc(all, func(a, b directory.Announcement) int { return b.Created.Compare(a.Created) }) {
		t.Error("they are not newest first")
	}
	for _, a := range all {
		if strings.Contains(a.Plain, "@[") || !strings.Contains(a.Text, "@[") || a.AuthorName == "" {
			t.Errorf("text %q, for reading %q, by %q", a.Text, a.Plain, a.AuthorName)
		}
	}
	if got := l.ServesAnnouncements(); got != directory.Serves {
		t.Errorf("after an answer: %q", got)
	}
	one, ok, err := l.Announcement(t.Context(), all[0].ID)
	if err != nil || !ok || one.Text != all[0].Text {
		t.Errorf("one: %+v, %v, %v", one, ok, err)
	}
	if _, ok, err := l.Announcement(t.Context(), "5f5f5f5f5f5f5f5f5f5f5f5f"); ok || err != nil {
		t.Errorf("one that is not there: %v, %v", ok, err)
	}
}
