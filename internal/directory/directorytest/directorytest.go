package directorytest

import (
	"cmp"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/internal/directory"
)

// Time is when the snapshots of this package were read.
var Time = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Snapshot makes a snapshot of literals. A user without a status is active, and one without a name is called by first
// and last name or else by id; a user without an address gets one from the id. Teams are as given: set Active yourself.
func Snapshot(t testing.TB, users []directory.User, teams []directory.Team, roles []directory.Role) *directory.Snapshot {
	t.Helper()
	full := make([]directory.User, 0, len(users))
	for _, u := range users {
		u.Status = cmp.Or(u.Status, directory.Active)
		u.Name = cmp.Or(u.Name, strings.TrimSpace(u.FirstName+" "+u.LastName), string(u.ID))
		u.Email = cmp.Or(u.Email, string(u.ID)+"@example.com")
		full = append(full, u)
	}
	return directory.NewSnapshot(full, teams, roles, Time)
}

// Emulator starts an emulator that is closed when the test ends.
func Emulator(t testing.TB, o emulator.Options) *emulator.Emulator {
	t.Helper()
	e, err := emulator.New(o)
	if err != nil {
		t.Fatalf("start emulator: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close emulator: %v", err)
		}
	})
	return e
}

// Client makes a client of the emulator, over HTTP on loopback. It is quick, and tries each read once.
func Client(t testing.TB, e *emulator.Emulator) *gtmhub.Client {
	t.Helper()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	c, err := gtmhub.New(gtmhub.Options{
		BaseURL: server.URL + "/api", AccountID: e.AccountID(), Token: gtmhub.StaticToken("service"),
		RatePerSecond: 100_000, MaxTries: 1,
	})
	if err != nil {
		t.Fatalf("make client: %v", err)
	}
	return c
}

// New makes a directory over the emulator with a store in memory, and reads everything once.
func New(t testing.TB, e *emulator.Emulator) *directory.Directory {
	t.Helper()
	d := directory.New(directory.Options{Source: directory.FromClient(Client(t, e)), Store: &Store{}})
	if err := d.Sync(t.Context()); err != nil {
		t.Fatalf("read the emulator's account: %v", err)
	}
	return d
}
