package app_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/change/kinds"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// makers make a random input whose rows are of a kind that can be taken back. Each such kind has one here.
var makers = map[string]func(j job, r *rand.Rand) change.Input{
	string(access.AddMember): func(j job, r *rand.Rand) change.Input {
		return members(change.AddMembers, randomTeam(j, r), some(r, ids(j), 1+r.IntN(12)))
	},
	string(access.RemoveMember): func(j job, r *rand.Rand) change.Input {
		team := randomTeam(j, r)
		// Who is deactivated cannot be put back; the plan of the undo says so, and the account is not the same then.
		here := slices.DeleteFunc(slices.Clone(team.Members), func(m id.User) bool {
			u, ok := j.App.Directory.Current().User(m)
			return !ok || u.Status == directory.Inactive
		})
		users := some(r, here, 1+r.IntN(12))
		return members(change.RemoveMembers, team, append(users, outside(j, r, team)))
	},
	string(access.WriteAnnouncement): func(_ job, r *rand.Rand) change.Input {
		return change.Input{Recipe: change.WriteAnnouncement, Fields: change.Fields(change.Announcement{Text: "Notice " + strconv.Itoa(r.Int())})}
	},
	string(access.EditAnnouncement): func(j job, r *rand.Rand) change.Input {
		return change.Input{Recipe: change.EditAnnouncement, Fields: change.Fields(change.Announcement{ID: some(r, j.announcements(), 1)[0].ID, Text: "Notice " + strconv.Itoa(r.Int())})}
	},
	string(access.RemoveAnnouncement): func(j job, r *rand.Rand) change.Input {
		return change.Input{Recipe: change.RemoveAnnouncement, Fields: change.Fields(change.Announcement{ID: some(r, j.announcements(), 1)[0].ID})}
	},
	string(access.HandOverObjectives): func(j job, r *rand.Rand) change.Input {
		people := owners(j)
		var in change.HandOver
		for _, in.From = range some(r, people, len(people)) {
			for _, o := range j.owned(in.From).Objectives {
				if o.OwnedBy(in.From) {
					in.Objectives = append(in.Objectives, o.ID)
				}
			}
			if len(in.Objectives) > 0 {
				break
			}
		}
		for in.To == "" || in.To == in.From {
			in.To = people[r.IntN(len(people))]
		}
		return change.Input{Recipe: change.HandOverObjectives, Reason: "a property test", Fields: change.Fields(in)}
	},
}

// owners are a few people of whom account reads what they own: every third of the account owns something.
func owners(j job) []id.User {
	var out []id.User
	for _, u := range j.App.Directory.Current().Users() {
		if u.Status == directory.Active && len(out) < 12 {
			out = append(out, u.ID)
		}
	}
	return out
}

func (j job) announcements() []directory.Announcement {
	j.t.Helper()
	all, err := j.App.Lookups.StoredAnnouncements(j.t.Context())
	if err != nil {
		j.t.Fatal(err)
	}
	return all
}

// owned is what a person owns, without the time of reading.
func (j job) owned(u id.User) directory.Owned {
	j.t.Helper()
	o, err := j.App.Lookups.FreshOwned(j.t.Context(), u)
	if err != nil {
		j.t.Fatal(err)
	}
	o.ReadAt = time.Time{}
	return o
}

// elsewhere are the kinds that say that nothing of theirs can be taken back, and those that package kinds tries: do and
// undo of each act about people and teams there give the same account too.
var elsewhere = []string{string(access.InviteUser), string(access.GiveRole), string(access.EditName), string(access.SetLanguage), string(access.GrantRole), "give role to users",
	string(access.TakeRole), "take roles", string(access.ActivateUser), string(access.DeactivateUser), string(access.DeleteUser), "delete users",
	string(access.ResendInvitation), string(access.SendPasswordMail), string(access.CreateTeam), string(access.EditTeam), string(access.ReplaceTeam),
	string(access.MoveTeam), string(access.ActivateTeam), string(access.DeactivateTeam), string(access.SetManager), string(access.RemoveManager)}

func members(recipe string, team directory.Team, users []id.User) change.Input {
	return change.Input{Recipe: recipe, Reason: "a property test", Fields: change.Fields(change.Members{Team: team.ID, Users: users})}
}

// outside is somebody who is not in the team: a row that has nothing to do.
func outside(j job, r *rand.Rand, team directory.Team) id.User {
	for {
		if u := some(r, ids(j), 1)[0]; !slices.Contains(team.Members, u) {
			return u
		}
	}
}

func randomTeam(j job, r *rand.Rand) directory.Team {
	teams := j.App.Directory.Current().Teams()
	for {
		if t := teams[r.IntN(len(teams))]; len(t.Members) > 3 {
			return *t
		}
	}
}

func ids(j job) []id.User {
	var out []id.User
	for _, u := range j.App.Directory.Current().Users() {
		out = append(out, u.ID)
	}
	return out
}

func some[T any](r *rand.Rand, all []T, n int) []T {
	all = slices.Clone(all)
	r.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	return all[:min(n, len(all))]
}

// account is what Gtmhub holds, read anew, lists in one order.
type account struct {
	Users []directory.User
	Teams []directory.Team
	Owned []directory.Owned
	// Notices are the announcements without id and date: one that is posted again has others.
	Notices []directory.Announcement
}

func (j job) account() account {
	j.t.Helper()
	if err := j.App.Directory.Sync(j.t.Context()); err != nil {
		j.t.Fatal(err)
	}
	var out account
	for _, u := range j.App.Directory.Current().Users() {
		v := *u
		v.Roles, v.Teams, v.Manages = slices.Sorted(slices.Values(u.Roles)), slices.Sorted(slices.Values(u.Teams)), slices.Sorted(slices.Values(u.Manages))
		out.Users = append(out.Users, v)
	}
	for _, t := range j.App.Directory.Current().Teams() {
		v := *t
		v.Members = slices.Sorted(slices.Values(t.Members))
		out.Teams = append(out.Teams, v)
	}
	for _, u := range owners(j) {
		out.Owned = append(out.Owned, j.owned(u))
	}
	for _, a := range j.announcements() {
		a.ID, a.Created = "", time.Time{}
		out.Notices = append(out.Notices, a)
	}
	slices.SortFunc(out.Notices, func(a, b directory.Announcement) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// carryOut submits as HR, has the approver agree where that is needed, and waits for the end.
func (j job) carryOut(in change.Input) (change.Change, error) {
	j.t.Helper()
	hr, me := j.person(handlertest.HR)
	c, err := j.App.Changes.Submit(j.t.Context(), hr, me, in)
	if err != nil {
		return c, err
	}
	if c.State == change.Waiting {
		approver, who := j.person(handlertest.HRApprover)
		if _, err := j.App.Changes.Decide(j.t.Context(), approver, who, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: true}); err != nil {
			return c, err
		}
	}
	return j.WaitFor(c.ID), nil
}

func undoOf(c id.Change) change.Input {
	return change.Input{Recipe: change.UndoChange, Reason: "it was a mistake", Fields: change.Fields(change.Undo{Change: c})}
}

// TestUndoGivesTheSameAccount does random things of each kind that can be taken back, and takes them back.
func TestUndoGivesTheSameAccount(t *testing.T) {
	t.Parallel()
	all, _ := kinds.All(nil, kinds.Settings{})
	var invertible []string
	for _, k := range all {
		if _, ok := k.(change.Inverter); ok && !slices.Contains(elsewhere, k.Name()) {
			if makers[k.Name()] == nil {
				t.Errorf("%s can be taken back; give it a maker here, so that this is tried", k.Name())
				continue
			}
			invertible = append(invertible, k.Name())
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	j := newJob(t, handlertest.Options{})
	before := j.account()
	for _, name := range invertible {
		did := 0
		for range 8 {
			c, err := j.carryOut(makers[name](j, r))
			if fault.KindOf(err) == fault.Invalid || err == nil && c.Main()[change.Done] == 0 {
				continue // the random rows had nothing to do
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			did++
			if cmp.Equal(before, j.account()) {
				t.Errorf("%s: %d rows are done, but the account is as it was", c.Title, c.Main()[change.Done])
			}
			undo, err := j.carryOut(undoOf(c.ID))
			if err != nil || undo.State != change.Finished {
				t.Fatalf("undo of %s: %s, %v", c.Title, undo.State, err)
			}
			if undo.UndoOf.ID != c.ID || undo.Main()[change.Done] != c.Main()[change.Done] {
				t.Errorf("undo of %s: of %v, %v after %v", c.Title, undo.UndoOf, undo.Main(), c.Main())
			}
			if diff := cmp.Diff(before, j.account()); diff != "" {
				t.Fatalf("%s, done and undone (-before +after):\n%s", c.Title, diff)
			}
			if _, err := j.carryOut(undoOf(c.ID)); fault.KindOf(err) != fault.Conflict {
				t.Errorf("undoing twice: %v, want a conflict", err)
			}
		}
		if did == 0 {
			t.Errorf("%s: none of the random inputs did anything", name)
		}
	}
	if v := j.Emulator.Violations(); len(v) > 0 {
		t.Errorf("the emulator saw violations: %v", v)
	}
}

// TestUndoOfInvitations takes the people out of their teams again, and says that the mail cannot be called back.
func TestUndoOfInvitations(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{})
	c := j.WaitFor(j.invite(6, 2).ID)
	hr, me := j.person(handlertest.HR)
	p, err := j.App.Changes.Preview(t.Context(), hr, me, undoOf(c.ID))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for i := range p.Rows {
		row := &p.Rows[i]
		got[row.Kind+": "+string(row.Action)]++
		if row.Action == change.NotPossible && row.Note == "" {
			t.Errorf("%s of %s cannot be taken back, but nothing says why", row.Kind, row.Subject)
		}
		if i > 0 && row.Step < p.Rows[i-1].Step {
			t.Error("the steps are not in order")
		}
	}
	want := map[string]int{"remove member: update": 5, "take role: update": 5, "invite user: blocked": 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if p.Rows[0].Kind != string(access.RemoveMember) {
		t.Errorf("the first row is %s, want the last step first", p.Rows[0].Kind)
	}
	undo, err := j.carryOut(undoOf(c.ID))
	if err != nil {
		t.Fatal(err)
	}
	if undo.Main()[change.Done] != 5 || undo.State != change.Finished {
		t.Errorf("%s: %v", undo.State, undo.Counts)
	}

	// What somebody else has taken back meanwhile has nothing to do; the change of somebody else is not there.
	lead, who := j.person(handlertest.Lead)
	if _, err := j.App.Changes.Preview(t.Context(), lead, who, undoOf(c.ID)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("undo of a foreign change: %v, want not found", err)
	}
	again, err := j.App.Changes.Preview(t.Context(), hr, me, undoOf(undo.ID))
	if err != nil || again.Open() != 10 {
		t.Errorf("undo of the undo: %d rows, %v", again.Open(), err)
	}
}
