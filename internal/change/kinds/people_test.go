package kinds_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

const (
	contributor = id.Role("828ab3dc6c9743be5632d4ef")
	teamLead    = id.Role("6ae6e717940694a42c4d5144")
	viewer      = id.Role("e38d4b6f2fa305175beeae00")
	admin       = id.Role("05e85cf56118e60283230ca6")
)

// world is a portal with what the tests of kinds need around it.
type world struct {
	*handlertest.Portal
	t *testing.T
}

func newWorld(t *testing.T) world {
	t.Helper()
	return world{handlertest.New(t), t}
}

func (w world) person(v handlertest.Viewpoint) (access.Actor, change.Person) {
	w.t.Helper()
	u := w.User(v.Email)
	p := change.Person{Kind: access.ByPerson, Issuer: "https://signin.example", Subject: v.Email, User: u.ID, Name: u.Name, Email: u.Email, Groups: v.Groups}
	return w.App.Actors.Actor(p), p
}

// submit has a viewpoint ask for something.
func (w world) submit(v handlertest.Viewpoint, recipe string, fields any) (change.Change, error) {
	w.t.Helper()
	a, p := w.person(v)
	return w.App.Changes.Submit(w.t.Context(), a, p, change.Input{Recipe: recipe, Fields: change.Fields(fields), Reason: "as agreed"})
}

// must is submit as HR, with the decision of the approver where one is needed, until it has ended.
func (w world) must(recipe string, fields any) change.Change {
	w.t.Helper()
	c, err := w.submit(handlertest.HR, recipe, fields)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.WaitFor(w.decide(c).ID)
}

func (w world) decide(c change.Change) change.Change {
	w.t.Helper()
	if c.State != change.Waiting {
		return c
	}
	a, p := w.person(handlertest.HRApprover)
	c, err := w.App.Changes.Decide(w.t.Context(), a, p, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w world) rows(c change.Change) []change.Row {
	w.t.Helper()
	rows, _, err := w.App.Store.Changes().Rows(w.t.Context(), c.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// pick are n users of the account who fit and who are none of the viewpoints.
func (w world) pick(n int, fits func(*directory.User) bool) []id.User {
	w.t.Helper()
	taken := map[string]bool{}
	for _, v := range handlertest.Viewpoints() {
		taken[v.Email] = true
	}
	var out []id.User
	for _, u := range w.App.Directory.Current().Users() {
		if len(out) < n && !taken[u.Email] && fits(u) {
			out = append(out, u.ID)
		}
	}
	if len(out) < n {
		w.t.Fatalf("the account has %d such people, want %d", len(out), n)
	}
	return out
}

func plainActive(u *directory.User) bool {
	return u.Status == directory.Active && slices.Equal(u.Roles, []id.Role{contributor}) && len(u.Manages) == 0
}
func pending(u *directory.User) bool { return u.Status == directory.Pending && !u.Deactivated }
func inactive(u *directory.User) bool {
	return u.Status == directory.Inactive && len(u.Manages) == 0
}

// upstream is somebody who looks into Gtmhub beside the portal.
func (w world) upstream() *gtmhub.Client {
	w.t.Helper()
	server := httptest.NewServer(w.Emulator)
	w.t.Cleanup(server.Close)
	c, err := gtmhub.New(gtmhub.Options{BaseURL: server.URL + "/results/api", AccountID: w.Emulator.AccountID(), Token: gtmhub.StaticToken("service-token"), RatePerSecond: 1000, MaxInFlight: 4})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// seen is what can be changed about a person, as Gtmhub has it.
type seen struct {
	First, Last, Language string
	Active                bool
	Roles                 []string
	Gone                  bool
}

func look(t *testing.T, c *gtmhub.Client, u id.User) seen {
	t.Helper()
	found, err := c.Users.FindByIDs(t.Context(), []gtmhub.ID{gtmhub.ID(u)})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return seen{Gone: true}
	}
	s := seen{First: found[0].FirstName, Last: found[0].LastName, Language: found[0].Language, Active: found[0].IsActive}
	for _, r := range found[0].Roles {
		if r.Team == nil {
			s.Roles = append(s.Roles, string(r.ID))
		}
	}
	slices.Sort(s.Roles)
	return s
}

// undo has HR take back a change, with the decision of the approver where one is needed.
func (w world) undo(c change.Change) (change.Change, error) {
	w.t.Helper()
	done, err := w.submit(handlertest.HR, change.UndoChange, change.Undo{Change: c.ID})
	if err != nil {
		return change.Change{}, err
	}
	return w.WaitFor(w.decide(done).ID), nil
}

// TestDoAndUndo: each act changes exactly what it says, and its inverse gives the same person again.
func TestDoAndUndo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	up := w.upstream()
	for _, tc := range []struct {
		name   string
		recipe string
		people []id.User
		fields change.People
		title  string
		want   func(*seen)
		// back says that there is no way back, and why.
		noWay string
	}{
		{"name", change.EditName, w.pick(1, plainActive), change.People{FirstName: "Zoë", LastName: "von der Aa"}, "Change the name of ", func(s *seen) { s.First, s.Last = "Zoë", "von der Aa" }, ""},
		{"last name only", change.EditName, w.pick(2, plainActive)[1:], change.People{LastName: "Nováková"}, "Change the name of ", func(s *seen) { s.Last = "Nováková" }, ""},
		{"language", change.SetLanguage, w.pick(6, plainActive)[2:6], change.People{Language: "ko"}, "Set the language of 4 people to ko", func(s *seen) { s.Language = "ko" }, ""},
		{"a role to one", change.GiveRole, w.pick(7, plainActive)[6:], change.People{Roles: []id.Role{teamLead}}, "Give the role Team Lead to ", func(s *seen) { s.Roles = append(s.Roles, string(teamLead)) }, ""},
		{"a role to many", change.GiveRole, w.pick(17, plainActive)[7:], change.People{Roles: []id.Role{teamLead}}, "Give the role Team Lead to 10 people", func(s *seen) { s.Roles = append(s.Roles, string(teamLead)) }, ""},
		{"a role from many", change.TakeRoles, w.pick(20, plainActive)[17:], change.People{Roles: []id.Role{contributor}}, "Take the role Contributor from 3 people", func(s *seen) { s.Roles = nil }, ""},
		{"two roles from one", change.TakeRoles, w.pick(1, func(u *directory.User) bool {
			return u.Status == directory.Active && sorted(u.Roles, contributor, teamLead)
		}), change.People{Roles: []id.Role{contributor, teamLead}}, "Take the roles Contributor, Team Lead from ", func(s *seen) { s.Roles = nil }, ""},
		{"deactivate", change.DeactivateUsers, w.pick(28, plainActive)[20:], change.People{}, "Deactivate 8 people", func(s *seen) { s.Active = false }, ""},
		{"activate", change.ActivateUsers, w.pick(3, inactive), change.People{}, "Activate 3 people", func(s *seen) { s.Active = true }, ""},
		{"withdraw an invitation", change.DeactivateUsers, w.pick(1, pending), change.People{}, "Deactivate ", func(s *seen) { s.Active = false }, ""},
		{"delete one", change.DeleteUsers, w.pick(4, inactive)[3:], change.People{}, "Delete ", func(s *seen) { *s = seen{Gone: true} }, "cannot be brought back"},
		{"delete two", change.DeleteUsers, w.pick(6, inactive)[4:], change.People{}, "Delete 2 people", func(s *seen) { *s = seen{Gone: true} }, "cannot be brought back"},
		{"send invitations again", change.ResendInvitations, w.pick(3, pending)[1:], change.People{}, "Send the invitation again to 2 people", func(*seen) {}, "cannot be called back"},
		{"send a password mail", change.SendPasswordMail, w.pick(29, plainActive)[28:], change.People{}, "Send a password mail to ", func(*seen) {}, "cannot be called back"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := map[id.User]seen{}
			for _, u := range tc.people {
				before[u] = look(t, up, u)
			}
			tc.fields.Users = tc.people
			c := w.must(tc.recipe, tc.fields)
			if c.State != change.Finished || c.Main()[change.Done] < len(tc.people) {
				t.Fatalf("state %s (%s), rows %v, %v", c.State, c.Note, c.Counts, w.rows(c))
			}
			if !strings.HasPrefix(c.Title, tc.title) {
				t.Errorf("title %q, want %q", c.Title, tc.title)
			}
			for _, u := range tc.people {
				want := before[u]
				want.Roles = slices.Clone(want.Roles)
				tc.want(&want)
				slices.Sort(want.Roles)
				if d := cmp.Diff(want, look(t, up, u)); d != "" {
					t.Errorf("the person (-want +got):\n%s", d)
				}
			}
			if tc.noWay != "" {
				a, p := w.person(handlertest.HR)
				plan, err := w.App.Changes.Preview(t.Context(), a, p, change.Input{Recipe: change.UndoChange, Fields: change.Fields(change.Undo{Change: c.ID})})
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range plan.Rows {
					if row.Action != change.NotPossible || !strings.Contains(row.Note, tc.noWay) {
						t.Errorf("undo: %s, %q, want a sentence with %q", row.Action, row.Note, tc.noWay)
					}
				}
				return
			}
			back, err := w.undo(c)
			if err != nil || back.State != change.Finished {
				t.Fatalf("undo: %v, state %s, rows %v", err, back.State, w.rows(back))
			}
			for _, u := range tc.people {
				if d := cmp.Diff(before[u], look(t, up, u)); d != "" {
					t.Errorf("after the undo (-want +got):\n%s", d)
				}
			}
		})
	}
	if mails := w.Emulator.Mails(); len(mails) != 3 {
		t.Errorf("%d mails, want 3: %v", len(mails), mails)
	}
}

func sorted(roles []id.Role, want ...id.Role) bool {
	return slices.Equal(slices.Sorted(slices.Values(roles)), slices.Sorted(slices.Values(want)))
}

// TestFaultsOfActs: what each act does with each answer that needs a sentence of its own, and with lost ones.
func TestFaultsOfActs(t *testing.T) {
	t.Parallel()
	body := func(op int) func(id.User) emulator.Fault {
		return func(u id.User) emulator.Fault { return emulator.Fault{Operation: op, BodyContains: string(u)} }
	}
	path := func(op int, pattern string) func(id.User) emulator.Fault {
		return func(u id.User) emulator.Fault {
			return emulator.Fault{Operation: op, Path: fmt.Sprintf(pattern, u)}
		}
	}
	changed := func(f func(seen) bool) func(world, *gtmhub.Client, id.User) bool {
		return func(w world, up *gtmhub.Client, u id.User) bool { return f(look(w.t, up, u)) }
	}
	mailed := func(kind string) func(world, *gtmhub.Client, id.User) bool {
		return func(w world, _ *gtmhub.Client, u id.User) bool {
			user, _ := w.App.Directory.Current().User(u)
			return slices.ContainsFunc(w.Emulator.Mails(), func(m emulator.Mail) bool { return m.To == user.Email })
		}
	}
	type act struct {
		name   string
		recipe string
		fits   func(*directory.User) bool
		fields change.People
		at     func(id.User) emulator.Fault
		// happened says whether the effect is there.
		happened func(world, *gtmhub.Client, id.User) bool
		// extra people make the change one about many.
		many bool
		mail bool
		// says has what the sentences for 402, 403, 409 and 423 must name.
		says map[int]string
	}
	type tried struct {
		name   string
		user   id.User
		c      change.Change
		status int
		fault  emulator.Fault
		act    act
	}
	w := newWorld(t)
	up := w.upstream()
	taken := map[id.User]bool{}
	var all []tried
	for _, act := range []act{
		{name: "name", recipe: change.EditName, fits: plainActive, fields: change.People{FirstName: "Zoë"}, at: path(16, "/users/%s"),
			happened: changed(func(s seen) bool { return s.First == "Zoë" }), says: map[int]string{402: "names", 403: "name", 409: "name", 423: "locked"}},
		{name: "language", recipe: change.SetLanguage, fits: plainActive, fields: change.People{Language: "ko"}, at: path(15, "/users/%s"),
			happened: changed(func(s seen) bool { return s.Language == "ko" }), says: map[int]string{402: "languages", 403: "language", 409: "language", 423: "locked"}},
		{name: "role to one", recipe: change.GiveRole, fits: plainActive, fields: change.People{Roles: []id.Role{teamLead}}, at: body(12),
			happened: changed(func(s seen) bool { return slices.Contains(s.Roles, string(teamLead)) }), says: map[int]string{402: "licence", 403: "role", 409: "role", 423: "locked"}},
		{name: "role to many", recipe: change.GiveRole, fits: plainActive, many: true, fields: change.People{Roles: []id.Role{teamLead}}, at: body(11),
			happened: changed(func(s seen) bool { return slices.Contains(s.Roles, string(teamLead)) }), says: map[int]string{402: "licence", 403: "role", 409: "role", 423: "locked"}},
		{name: "take a role", recipe: change.TakeRoles, fits: plainActive, fields: change.People{Roles: []id.Role{contributor}}, at: path(18, "/users/%s/roles/*"),
			happened: changed(func(s seen) bool { return len(s.Roles) == 0 }), says: map[int]string{402: "roles", 403: "role", 409: "team", 423: "locked"}},
		{name: "take two roles", recipe: change.TakeRoles, fits: func(u *directory.User) bool {
			return u.Status == directory.Active && sorted(u.Roles, contributor, teamLead)
		}, fields: change.People{Roles: []id.Role{contributor, teamLead}}, at: path(19, "/users/%s/roles"),
			happened: changed(func(s seen) bool { return len(s.Roles) == 0 }), says: map[int]string{402: "roles", 403: "role", 409: "team", 423: "locked"}},
		{name: "deactivate", recipe: change.DeactivateUsers, fits: plainActive, at: body(8),
			happened: changed(func(s seen) bool { return !s.Active }), says: map[int]string{402: "deactivated", 403: "deactivate", 409: "last administrator", 423: "locked"}},
		{name: "activate", recipe: change.ActivateUsers, fits: inactive, at: body(7),
			happened: changed(func(s seen) bool { return s.Active }), says: map[int]string{402: "no free licence", 403: "activate", 409: "conflicts", 423: "locked"}},
		{name: "delete one", recipe: change.DeleteUsers, fits: inactive, at: path(17, "/accounts/user/%s"),
			happened: changed(func(s seen) bool { return s.Gone }), says: map[int]string{402: "deleted", 403: "delete", 409: "last administrator", 423: "locked"}},
		{name: "delete many", recipe: change.DeleteUsers, fits: inactive, many: true, at: body(9),
			happened: changed(func(s seen) bool { return s.Gone }), says: map[int]string{402: "deleted", 403: "delete", 409: "last administrator", 423: "locked"}},
		{name: "invitation mail", recipe: change.ResendInvitations, fits: pending, at: body(10), mail: true,
			happened: mailed("invitation"), says: map[int]string{402: "No mail was sent", 403: "No mail was sent", 409: "No mail was sent", 423: "No mail was sent"}},
		{name: "password mail", recipe: change.SendPasswordMail, fits: plainActive, at: path(13, "/users/%s/send-change-password-email"), mail: true,
			happened: mailed("password"), says: map[int]string{402: "No mail was sent", 403: "No mail was sent", 409: "No mail was sent", 423: "No mail was sent"}},
	} {
		var people []id.User
		cases := []tried{
			{name: "402", status: 402}, {name: "403", status: 403}, {name: "409", status: 409}, {name: "423", status: 423}, {name: "429", status: 429},
			{name: "lost before the effect", fault: emulator.Fault{Effect: emulator.EffectDrop}},
			{name: "lost after the effect", fault: emulator.Fault{Effect: emulator.EffectDrop, After: true}},
		}
		if testing.Short() {
			cases = cases[:4] // the others wait for seconds
		}
		size := 1
		if act.many {
			size = 2
		}
		people = w.pick(len(cases)*size, func(u *directory.User) bool { return !taken[u.ID] && act.fits(u) })
		for i := range cases {
			mine := people[i*size : (i+1)*size]
			for _, u := range mine {
				taken[u] = true
			}
			tc := &cases[i]
			tc.user, tc.name, tc.act = mine[0], act.name+": "+tc.name, act
			f := act.at(mine[0])
			f.Effect, f.After, f.Count = tc.fault.Effect, tc.fault.After, 1
			if tc.status != 0 {
				f.Effect, f.Status = emulator.EffectStatus, tc.status
				f.RetryAfter = "1" // all changes share one pace, so that waits without an end of their own would add up
			}
			if _, err := w.Emulator.AddFault(f); err != nil {
				t.Fatal(err)
			}
			fields := act.fields
			fields.Users = mine
			c, err := w.submit(handlertest.HR, act.recipe, fields)
			if err != nil {
				t.Fatal(err)
			}
			tc.c = w.decide(c)
		}
		all = append(all, cases...)
	}
	for _, tc := range all {
		c := w.until(tc.c.ID, func(c change.Change) bool { return c.State.Ended() || c.State == change.Paused })
		row := w.rows(c)[0]
		happened := tc.act.happened(w, up, tc.user)
		switch tc.status {
		case 402, 403:
			if c.State != change.Paused || !strings.Contains(c.Note, tc.act.says[tc.status]) || happened {
				t.Errorf("%s: state %s with %q (happened: %t), want a pause that names %q", tc.name, c.State, c.Note, happened, tc.act.says[tc.status])
			}
		case 409, 423:
			if row.State != change.RefusedRow || !strings.Contains(row.Reason, tc.act.says[tc.status]) || happened {
				t.Errorf("%s: %s with %q (happened: %t), want it refused with %q", tc.name, row.State, row.Reason, happened, tc.act.says[tc.status])
			}
		case 429:
			if row.State != change.Done || !happened {
				t.Errorf("%s: %s with %q (happened: %t), want it done after the pause", tc.name, row.State, row.Reason, happened)
			}
		default:
			switch {
			case tc.act.mail && (row.State != change.Attention || !strings.Contains(row.Reason, "unknown") || happened != tc.fault.After):
				t.Errorf("%s: %s with %q (happened: %t), want it left to a person", tc.name, row.State, row.Reason, happened)
			case !tc.act.mail && (row.State != change.Done || !happened):
				t.Errorf("%s: %s with %q (happened: %t), want it done in the end", tc.name, row.State, row.Reason, happened)
			}
		}
	}
	for _, m := range w.Emulator.Mails() {
		if n := countMails(w.Emulator.Mails(), m.To); n != 1 {
			t.Errorf("%d mails to one person", n)
		}
	}
}

func countMails(all []emulator.Mail, to string) int {
	n := 0
	for _, m := range all {
		if m.To == to {
			n++
		}
	}
	return n
}

// until waits for a change to be as ok says, for a minute at most.
func (w world) until(c id.Change, ok func(change.Change) bool) change.Change {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ch, err := w.App.Store.Changes().Change(ctx, c)
		if err == nil && ok(ch) {
			return ch
		}
		select {
		case <-ctx.Done():
			w.t.Fatalf("change %s: %s, %v, %v", c, ch.State, ch.Counts, err)
		case <-tick.C:
		}
	}
}

// TestPlansOfActs: what a plan says about people for whom there is nothing to do or nothing possible, and who must not be
// touched.
func TestPlansOfActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hr, me := w.person(handlertest.HR)
	preview := func(v handlertest.Viewpoint, recipe string, in change.People) (change.Preview, error) {
		a, p := w.person(v)
		return w.App.Changes.Preview(t.Context(), a, p, change.Input{Recipe: recipe, Fields: change.Fields(in)})
	}
	active, off, waiting := w.pick(2, plainActive), w.pick(2, inactive), w.pick(2, pending)
	manager := w.pick(1, func(u *directory.User) bool { return u.Status == directory.Active && len(u.Manages) > 1 })[0]
	reader := w.pick(1, func(u *directory.User) bool { return u.Status == directory.Active && sorted(u.Roles, viewer) })[0]
	administrator := w.pick(1, func(u *directory.User) bool { return u.Status == directory.Active && slices.Contains(u.Roles, admin) })[0]
	none := id.User("000000000000000000000000")
	for _, tc := range []struct {
		name   string
		recipe string
		in     change.People
		want   []change.Action
		note   string
		flag   string
		out    access.Outcome
	}{
		{"deactivate active, inactive, pending, unknown", change.DeactivateUsers, change.People{Users: []id.User{active[0], off[0], waiting[0], none}},
			[]change.Action{change.Update, change.NothingToDo, change.Update, change.NotPossible}, "Is deactivated already.", "invitation not used yet", access.Direct},
		{"deactivate a manager", change.DeactivateUsers, change.People{Users: []id.User{manager}}, []change.Action{change.Update}, "", "manages ", access.Direct},
		{"deactivate oneself among others", change.DeactivateUsers, change.People{Users: []id.User{active[0], hr.User}}, []change.Action{change.Update, change.NotPossible}, "Nobody can deactivate themself.", "", access.Direct},
		{"deactivate only oneself", change.DeactivateUsers, change.People{Users: []id.User{hr.User}}, []change.Action{change.NotPossible}, "Nobody can deactivate themself.", "", access.No},
		{"deactivate an administrator", change.DeactivateUsers, change.People{Users: []id.User{administrator}}, []change.Action{change.Update}, "", "administrator", access.NeedsDecision},
		{"one person twice", change.DeactivateUsers, change.People{Users: []id.User{active[0], active[0]}}, []change.Action{change.Update}, "", "", access.Direct},
		{"activate an active one", change.ActivateUsers, change.People{Users: active[:1]}, []change.Action{change.NothingToDo}, "Is active already.", "", access.Direct},
		{"delete an active one", change.DeleteUsers, change.People{Users: active[:1]}, []change.Action{change.NotPossible}, "Deactivate the person first.", "", access.No},
		{"delete active and inactive", change.DeleteUsers, change.People{Users: []id.User{active[0], off[0]}}, []change.Action{change.NotPossible, change.Update}, "still has access", "", access.NeedsDecision},
		{"view-only and another role", change.GiveRole, change.People{Users: []id.User{active[0], reader}, Roles: []id.Role{viewer}}, []change.Action{change.NotPossible, change.NothingToDo}, "cannot stand beside", "", access.No},
		{"an administrator role", change.GiveRole, change.People{Users: active, Roles: []id.Role{admin}}, []change.Action{change.NotPossible, change.NotPossible}, "someone who holds it", "", access.No},
		{"take a role that one of two has", change.TakeRoles, change.People{Users: []id.User{active[0], reader}, Roles: []id.Role{contributor}}, []change.Action{change.Update, change.NothingToDo}, "Does not have the role.", "last role", access.Direct},
		{"the same language", change.SetLanguage, change.People{Users: active[:1], Language: w.language(active[0])}, []change.Action{change.NothingToDo}, "Has this language already.", "", access.Direct},
		{"resend to pending and active", change.ResendInvitations, change.People{Users: []id.User{waiting[0], active[0]}}, []change.Action{change.Update, change.NotPossible}, "Has signed in already", "", access.Direct},
		{"password mail to active and pending", change.SendPasswordMail, change.People{Users: []id.User{active[0], waiting[0], off[0]}}, []change.Action{change.Update, change.NotPossible, change.NotPossible}, "never signed in", "", access.Direct},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, err := preview(handlertest.HR, tc.recipe, tc.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []change.Action
			notes, flags := "", ""
			for _, row := range p.Rows {
				got = append(got, row.Action)
				notes += row.Note + "\n"
				flags += strings.Join(row.Flags, "\n")
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("actions (-want +got):\n%s", d)
			}
			if !strings.Contains(notes, tc.note) || !strings.Contains(flags, tc.flag) {
				t.Errorf("notes %q and flags %q lack %q or %q", notes, flags, tc.note, tc.flag)
			}
			if p.Verdict.Outcome != tc.out {
				t.Errorf("verdict %d (%s), want %d", p.Verdict.Outcome, p.Verdict.Sentence, tc.out)
			}
		})
	}

	// A lead: own people only, and only a deactivation, which waits.
	lead := w.User(handlertest.LeadWithSub.Email)
	own := w.ownMember(lead.ID)
	p, err := preview(handlertest.LeadWithSub, change.DeactivateUsers, change.People{Users: []id.User{own}})
	if err != nil || p.Verdict.Outcome != access.NeedsDecision {
		t.Errorf("a lead asks for a member: %v, %d (%s)", err, p.Verdict.Outcome, p.Verdict.Sentence)
	}
	foreign := w.foreign(lead.ID)
	for name, in := range map[string]change.People{"a foreign person": {Users: []id.User{foreign}}, "own and foreign": {Users: []id.User{own, foreign}}, "own and unknown": {Users: []id.User{own, none}}} {
		if _, err := preview(handlertest.LeadWithSub, change.DeactivateUsers, in); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a lead asks for %s: %v, want it not to exist", name, err)
		}
	}
	for _, recipe := range []string{change.SetLanguage, change.ActivateUsers, change.DeleteUsers, change.ResendInvitations, change.SendPasswordMail} {
		p, err := preview(handlertest.LeadWithSub, recipe, change.People{Users: []id.User{own}, Language: "de"})
		if err != nil || p.Verdict.Outcome != access.No {
			t.Errorf("a lead, %s: %v, %d", recipe, err, p.Verdict.Outcome)
		}
	}
	// An employee: only themself, and only name, language and password mail.
	self := w.User(handlertest.Employee.Email)
	if c, err := w.submit(handlertest.Employee, change.SetLanguage, change.People{Users: []id.User{self.ID}, Language: "ko"}); err != nil || c.State != change.Finished {
		t.Errorf("an employee sets their language: %v, %s", err, c.State)
	}
	if _, err := w.submit(handlertest.Employee, change.GiveRole, change.People{Users: []id.User{self.ID}, Roles: []id.Role{teamLead}}); fault.KindOf(err) != fault.Forbidden && fault.KindOf(err) != fault.Invalid {
		t.Errorf("an employee gives themself a role: %v", err)
	}
	if _, err := w.submit(handlertest.Employee, change.SetLanguage, change.People{Users: active[:1], Language: "ko"}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an employee sets another's language: %v", err)
	}
	if _, err := w.App.Changes.Submit(t.Context(), hr, me, change.Input{Recipe: change.DeactivateUsers, Fields: change.Fields(change.People{})}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("nobody chosen: %v", err)
	}
}

func (w world) language(u id.User) string {
	user, _ := w.App.Directory.Current().User(u)
	return user.Language
}

// ownMember is a member of a team that the user manages, who manages nothing.
func (w world) ownMember(lead id.User) id.User {
	w.t.Helper()
	user, _ := w.App.Directory.Current().User(lead)
	return w.pick(1, func(u *directory.User) bool {
		return u.ID != lead && u.Status == directory.Active && slices.ContainsFunc(u.Teams, func(t id.Team) bool { return slices.Contains(user.Manages, t) })
	})[0]
}

func (w world) foreign(lead id.User) id.User {
	w.t.Helper()
	user, _ := w.App.Directory.Current().User(lead)
	return w.pick(1, func(u *directory.User) bool {
		return u.ID != lead && u.Status == directory.Active && !slices.ContainsFunc(u.Teams, func(t id.Team) bool { return slices.Contains(user.Manages, t) })
	})[0]
}

// TestDriftIsHeld: what somebody else changed between the plan and the run is not overwritten.
func TestDriftIsHeld(t *testing.T) {
	t.Parallel()
	w := world{handlertest.New(t, handlertest.Options{Manual: true}), t}
	up := w.upstream()
	people := w.pick(6, plainActive)
	for _, tc := range []struct {
		name   string
		recipe string
		in     change.People
		drift  func(gtmhub.ID) error
		now    string
	}{
		{"name", change.EditName, change.People{FirstName: "Zoë"}, func(u gtmhub.ID) error { return up.Users.SetName(t.Context(), u, "Maria", "") }, "Maria"},
		{"the part of the name that is not edited", change.EditName, change.People{FirstName: "Zoë"}, func(u gtmhub.ID) error { return up.Users.SetName(t.Context(), u, "", "Neu") }, "Neu"},
		{"language", change.SetLanguage, change.People{Language: "ko"}, func(u gtmhub.ID) error { return up.Users.SetLanguage(t.Context(), u, "fi") }, "fi"},
		{"roles", change.GiveRole, change.People{Roles: []id.Role{teamLead}}, func(u gtmhub.ID) error { return up.UserRoles.Give(t.Context(), u, gtmhub.ID(admin)) }, "Account Admin"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.in.Users, people = people[:1], people[1:]
			if tc.recipe == change.GiveRole {
				tc.in.Users, people = append(tc.in.Users, people[0]), people[1:]
			}
			if err := tc.drift(gtmhub.ID(tc.in.Users[0])); err != nil {
				t.Fatal(err)
			}
			// The directory does not know of it yet, so the plan shows the old value.
			c, err := w.submit(handlertest.HR, tc.recipe, tc.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range w.rows(c) {
				if row.User != tc.in.Users[0] {
					if row.State != change.Done {
						t.Errorf("the other person: %s, %s", row.State, row.Reason)
					}
					continue
				}
				if row.State != change.Held || !strings.Contains(row.Now, tc.now) {
					t.Fatalf("%s with %q (%s), want it held with %q", row.State, row.Now, row.Reason, tc.now)
				}
				// Released by a person, it goes on from what is there now.
				a, _ := w.person(handlertest.HR)
				if n, err := w.App.Changes.Release(t.Context(), a, c.ID, []change.Row{row}); n != 1 || err != nil {
					t.Fatalf("release: %d, %v", n, err)
				}
			}
			for range 3 {
				if _, err := w.App.Runner.Step(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if end := w.rows(c)[0]; end.State != change.Done {
				t.Errorf("after the release: %s, %s", end.State, end.Reason)
			}
			if got := look(t, up, tc.in.Users[0]); tc.recipe == change.GiveRole && !slices.Equal(got.Roles, []string{string(admin), string(teamLead), string(contributor)}) {
				t.Errorf("roles after the release: %v", got.Roles)
			}
			if tc.recipe == change.GiveRole {
				return
			}
			// The value of the plan was not there when it ran, so undoing does not bring it.
			a, p := w.person(handlertest.HR)
			undo, err := w.App.Changes.Preview(t.Context(), a, p, change.Input{Recipe: change.UndoChange, Fields: change.Fields(change.Undo{Change: c.ID})})
			if err != nil {
				t.Fatal(err)
			}
			if row := undo.Rows[0]; row.Action != change.NotPossible || !strings.Contains(row.Note, tc.now) {
				t.Errorf("undo: %s %q, want not possible, with %q", row.Action, row.Note, tc.now)
			}
		})
	}
}

// TestOnceAnHour: the same mail does not go to one person twice within the hour, whoever asks.
func TestOnceAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := w.pick(2, pending)
	first := w.must(change.ResendInvitations, change.People{Users: people[:1]})
	if first.Main()[change.Done] != 1 {
		t.Fatalf("the first: %v", first.Counts)
	}
	second := w.must(change.ResendInvitations, change.People{Users: people})
	rows := w.rows(second)
	if rows[0].State != change.Blocked || !strings.Contains(rows[0].Reason, "in 60 minutes") || rows[1].State != change.Done {
		t.Errorf("the second: %s %q and %s", rows[0].State, rows[0].Reason, rows[1].State)
	}
	if _, err := w.submit(handlertest.HRApprover, change.ResendInvitations, change.People{Users: people}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the third, by another person: %v", err)
	}
	if got := len(w.Emulator.Mails()); got != 2 {
		t.Errorf("%d mails, want 2", got)
	}
}

// TestCorrectAddress: the old user goes, the new one is invited with the same name, roles and teams.
func TestCorrectAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.pick(1, func(u *directory.User) bool { return pending(u) && len(u.Teams) > 0 })[0]
	user, _ := w.App.Directory.Current().User(old)
	was := *user
	c := w.must(change.CorrectAddress, change.Correction{User: old, Email: "right.address@northwind.example"})
	if c.State != change.Finished || c.Deciders != 1 {
		t.Fatalf("state %s, %d deciders: %v", c.State, c.Deciders, w.rows(c))
	}
	if _, there := w.App.Directory.Current().User(old); there {
		t.Error("the old user is still there")
	}
	now := w.User("right.address@northwind.example")
	if now.FirstName != was.FirstName || now.LastName != was.LastName || !sorted(now.Roles, was.Roles...) || !slices.Equal(now.Teams, was.Teams) || now.Status != directory.Pending {
		t.Errorf("the new user is %+v, the old one was %+v", now, was)
	}
	active := w.pick(1, plainActive)[0]
	for name, in := range map[string]change.Correction{
		"somebody who has signed in": {User: active, Email: "other@northwind.example"},
		"an address that is taken":   {User: w.pick(1, pending)[0], Email: handlertest.HR.Email},
		"no address":                 {User: w.pick(1, pending)[0]},
	} {
		if _, err := w.submit(handlertest.HR, change.CorrectAddress, in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.submit(handlertest.LeadWithSub, change.CorrectAddress, change.Correction{User: w.pick(1, pending)[0], Email: "x@northwind.example"}); fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Forbidden {
		t.Errorf("a lead: %v", err)
	}
}
