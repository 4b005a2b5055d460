package app_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store/pgtest"
)

// job drives the portal's services without pages.
type job struct {
	*handlertest.Portal
	t *testing.T
}

func newJob(t *testing.T, o handlertest.Options) job {
	t.Helper()
	return job{handlertest.New(t, o), t}
}

func (j job) person(v handlertest.Viewpoint) (access.Actor, change.Person) {
	j.t.Helper()
	u := j.User(v.Email)
	p := change.Person{Kind: access.ByPerson, Issuer: "https://signin.example", Subject: v.Email, User: u.ID, Name: u.Name, Email: u.Email, Groups: v.Groups}
	return j.App.Actors.Actor(p), p
}

// joiners makes an invitation of the first n people of joiners-300.csv.
func (j job) joiners(n int) change.Input {
	j.t.Helper()
	b, err := fs.ReadFile(emulator.Joiners, "joiners-300.csv")
	if err != nil {
		j.t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	if err != nil {
		j.t.Fatal(err)
	}
	snap := j.App.Directory.Current()
	var in change.Invitations
	for i, r := range records[1 : n+1] {
		p := change.Invitee{Line: i + 1, Email: r[0], FirstName: r[1], LastName: r[2], Language: r[3]}
		if teams := snap.TeamsByName(r[4]); len(teams) == 1 {
			p.Teams = []id.Team{teams[0].ID}
		}
		if roles := snap.RolesByName(r[5]); len(roles) == 1 {
			p.Role = roles[0].ID
		}
		in.People = append(in.People, p)
	}
	fields, err := json.Marshal(in)
	if err != nil {
		j.t.Fatal(err)
	}
	return change.Input{Recipe: change.InvitePeople, Fields: fields, Reason: "new joiners"}
}

// invite asks as HR for n people, and has the approver reject some and approve the rest.
func (j job) invite(n int, reject ...int) change.Change {
	j.t.Helper()
	hr, me := j.person(handlertest.HR)
	c, err := j.App.Changes.Submit(j.t.Context(), hr, me, j.joiners(n))
	if err != nil {
		j.t.Fatal(err)
	}
	if c.State != change.Waiting {
		j.t.Fatalf("state %s, want waiting", c.State)
	}
	approver, who := j.person(handlertest.HRApprover)
	rows, _, err := j.App.Changes.Rows(j.t.Context(), approver, c.ID, change.RowFilter{})
	if err != nil {
		j.t.Fatal(err)
	}
	w := change.Word{Version: c.Version, Hash: c.Hash, Approve: true, Reason: "not these"}
	for _, i := range reject {
		w.Reject = append(w.Reject, rows[i].ID)
	}
	c, err = j.App.Changes.Decide(j.t.Context(), approver, who, c.ID, w)
	if err != nil {
		j.t.Fatal(err)
	}
	return c
}

// sums checks that the words of every step add up to its rows.
func (j job) sums(c change.Change, people int) {
	j.t.Helper()
	for _, s := range c.Counts {
		if s.Rows.Total() != people {
			j.t.Errorf("step %d (%s): %v sums to %d, want %d", s.Step, s.Kind, s.Rows, s.Rows.Total(), people)
		}
	}
}

// once checks that each address has exactly one user and one mail, and that nobody else got any.
func (j job) once(want int) {
	j.t.Helper()
	counts := j.Emulator.Counts()
	for what, by := range map[string]map[string]int{"users": counts.Created, "mails": counts.Mails} {
		if len(by) != want {
			j.t.Errorf("%d addresses have %s, want %d", len(by), what, want)
		}
		for email, n := range by {
			if n != 1 {
				j.t.Errorf("%s has %d %s", email, n, what)
			}
		}
	}
}

func TestMainJob(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(*testing.T) string{
		"SQLite":     func(*testing.T) string { return "" },
		"PostgreSQL": func(t *testing.T) string { return pgtest.URL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mainJob(newJob(t, handlertest.Options{DatabaseURL: url(t)}))
		})
	}
}

func mainJob(j job) {
	t := j.t
	t.Helper()
	c := j.WaitFor(j.invite(300, 4, 17).ID)
	if c.State != change.Finished {
		t.Errorf("state %s (%s), want finished", c.State, c.Note)
	}
	j.sums(c, 300)
	for _, s := range c.Counts {
		if s.Rows[change.Done] != 298 {
			t.Errorf("step %d (%s): %v, want 298 done", s.Step, s.Kind, s.Rows)
		}
	}
	j.once(298)
	snap := j.App.Directory.Current()
	if got := snap.Counts().ByStatus[directory.Pending]; got != 64+298 {
		t.Errorf("%d users are pending, want %d", got, 64+298)
	}
	hr, _ := j.person(handlertest.HR)
	rows, _, err := j.App.Changes.Rows(t.Context(), hr, c.ID, change.RowFilter{Step: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.State != change.Done {
			continue
		}
		team, ok := snap.Team(row.Team)
		if !ok || !contains(team.Members, row.User) {
			t.Errorf("row %d: %s is not in %s", row.Pos, row.Subject, row.Team)
		}
	}
	if v := j.Emulator.Violations(); len(v) > 0 {
		t.Errorf("the emulator saw violations: %v", v)
	}
	if r, err := j.App.Store.Audit().Verify(t.Context()); err != nil || r.Broken != 0 {
		t.Errorf("audit trail broken at %d (%s): %v", r.Broken, r.Why, err)
	}
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// TestFaults runs the job while Gtmhub fails: nobody is invited twice, nobody is lost.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		fault emulator.Fault
	}{
		{"connection lost before the effect", emulator.Fault{Operation: 6, Probability: 0.1, Effect: emulator.EffectDrop}},
		{"connection lost after the effect", emulator.Fault{Operation: 6, Probability: 0.1, Effect: emulator.EffectDrop, After: true}},
		{"500 after the effect", emulator.Fault{Operation: 6, Probability: 0.1, Effect: emulator.EffectStatus, Status: 500, After: true}},
		{"cut answer", emulator.Fault{Operation: 6, Probability: 0.1, Effect: emulator.EffectCutJSON}},
		{"429 now and then", emulator.Fault{Operation: 6, Probability: 0.1, Effect: emulator.EffectStatus, Status: http.StatusTooManyRequests, RetryAfter: "1", Count: 3}},
		{"lost roles", emulator.Fault{Operation: 12, Probability: 0.2, Effect: emulator.EffectDrop, Count: 5}},
		{"lost members", emulator.Fault{Operation: 27, Probability: 0.2, Effect: emulator.EffectDrop, After: true, Count: 5}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			j := newJob(t, handlertest.Options{Timing: change.Timing{Call: 2 * time.Second, Lease: 3 * time.Second, Settle: 5500 * time.Millisecond, Poll: 20 * time.Millisecond}})
			if _, err := j.Emulator.AddFault(tc.fault); err != nil {
				t.Fatal(err)
			}
			c := j.WaitFor(j.invite(40).ID)
			j.sums(c, 40)
			j.once(40)
			for _, s := range c.Counts {
				if n := s.Rows[change.Done]; n != 40 {
					t.Errorf("step %d (%s): %v, want 40 done", s.Step, s.Kind, s.Rows)
				}
			}
		})
	}
}

// TestStops pauses at the first answer that the next call would get too, burns no row, and goes on when told to.
func TestStops(t *testing.T) {
	t.Parallel()
	for status, brief := range map[int]string{http.StatusUnauthorized: "the token is not accepted", http.StatusPaymentRequired: "no licence", http.StatusForbidden: "not permitted"} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			j := newJob(t, handlertest.Options{Manual: true})
			fault, err := j.Emulator.AddFault(emulator.Fault{Operation: 6, Effect: emulator.EffectStatus, Status: status})
			if err != nil {
				t.Fatal(err)
			}
			c := j.invite(30)
			steps := func() change.Change {
				for range 200 {
					if _, err := j.App.Runner.Step(t.Context()); err != nil {
						t.Fatal(err)
					}
					ch, err := j.App.Store.Changes().Change(t.Context(), c.ID)
					if err != nil {
						t.Fatal(err)
					}
					if ch.State == change.Paused || ch.State.Ended() {
						return ch
					}
				}
				t.Fatal("neither paused nor ended")
				return change.Change{}
			}
			ch := steps()
			if ch.State != change.Paused || !strings.HasPrefix(ch.Note, "30 left: "+brief+". ") {
				t.Errorf("state %s, note %q", ch.State, ch.Note)
			}
			if n := ch.Main()[change.Queued]; n != 30 {
				t.Errorf("%v, want 30 waiting", ch.Main())
			}
			if calls := j.Emulator.Counts().Calls[6]; calls > 6 {
				t.Errorf("%d calls after the first refusal, want at most those in flight", calls)
			}
			j.Emulator.RemoveFault(fault)
			hr, _ := j.person(handlertest.HR)
			if err := j.App.Changes.Resume(t.Context(), hr, c.ID); err != nil {
				t.Fatal(err)
			}
			if ch = steps(); ch.State != change.Finished {
				t.Errorf("state %s (%s) after going on", ch.State, ch.Note)
			}
			j.once(30)
		})
	}
}

// TestDirectChangesEndWithThePage wants the result of a small direct change in the same answer, also while the loop in
// the background is awake and may be the one that claims the row.
func TestDirectChangesEndWithThePage(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{})
	lead, me := j.person(handlertest.Lead)
	team := j.Team("Website Maintainers")
	users := j.App.Directory.Current().Users()
	added := 0
	for _, u := range users {
		if u.Status != directory.Active || contains(team.Members, u.ID) || added == 8 {
			continue
		}
		added++
		j.App.Runner.Wake()
		fields, err := json.Marshal(change.Members{Team: team.ID, Users: []id.User{u.ID}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := j.App.Changes.Submit(t.Context(), lead, me, change.Input{Recipe: change.AddMembers, Fields: fields})
		if err != nil {
			t.Fatal(err)
		}
		if c.State != change.Finished || c.Main()[change.Done] != 1 {
			t.Errorf("%s: %s, %v", u.Name, c.State, c.Main())
		}
		if now := j.Team("Website Maintainers"); !contains(now.Members, u.ID) {
			t.Errorf("%s is done, but the next page would not show it", u.Name)
		}
	}
}
