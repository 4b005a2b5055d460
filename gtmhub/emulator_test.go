package gtmhub_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

// TestAgainstTheEmulator walks through a working life with all 40 operations, once per reading of the documents. The
// emulator shares no code with the client and notes every call that breaks the documented form.
func TestAgainstTheEmulator(t *testing.T) {
	t.Parallel()
	tests := map[string]emulator.Readings{
		"usual": {},
		"other": {
			RolesBulkAdds: true, MembersAdd: true, ObjectsNotIDs: true, TeamActiveAbsent: true, BulkBody: "empty", FieldsRequired: true,
			CapPage: 40, PutKeepsOthers: true, PatchEmptyBody: true, TextBodies: true, ErrorForm: "errors", UnsetIsGone: true,
			ManagerJoins: true, TagActiveObject: true, SettingsObject: true, IdentitiesArray: true, PendingInactive: true,
			ManagersForm: "objects", PolicyForm: "object",
		},
		"terse": {BulkBody: "none", ErrorForm: "text", ManagersForm: "array", PolicyForm: "text"},
	}
	for name, readings := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := emulator.New(emulator.Options{Token: apiToken, Readings: readings})
			if err != nil {
				t.Fatal(err)
			}
			api := httptest.NewServer(e)
			t.Cleanup(func() {
				api.Close()
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
			o := options(api.URL)
			o.AccountID = e.AccountID()
			liveThrough(t, e, newClient(t, o), readings)
			for _, v := range e.Violations() {
				t.Errorf("broke the form: %+v", v)
			}
			calls := e.Counts().Calls
			for n := 1; n <= 41; n++ {
				if calls[n] == 0 {
					t.Errorf("operation %d was not called", n)
				}
			}
		})
	}
}

func liveThrough(t *testing.T, e *emulator.Emulator, c *gtmhub.Client, readings emulator.Readings) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	user := func(id gtmhub.ID) gtmhub.User {
		t.Helper()
		u, err := c.Users.Get(ctx, id)
		must(err)
		return *u
	}
	team := func(id gtmhub.ID) gtmhub.Team {
		t.Helper()
		tm, err := c.Teams.Get(ctx, id)
		must(err)
		return *tm
	}
	check := func(ok bool, what string, got any) {
		t.Helper()
		if !ok {
			t.Errorf("%s: got %+v", what, got)
		}
	}

	// Everybody and everything, in whatever pages the API gives.
	var users []gtmhub.User
	for u, err := range c.Users.All(ctx, gtmhub.UserListOptions{}) {
		must(err)
		users = append(users, u)
	}
	teams := 0
	for _, err := range c.Teams.All(ctx, gtmhub.TeamListOptions{}) {
		must(err)
		teams++
	}
	check(len(users) == 1276 && teams == 314, "users and teams", []int{len(users), teams})
	check(slices.ContainsFunc(users, gtmhub.User.Pending), "somebody is pending", nil)
	roles, err := c.Roles.List(ctx)
	must(err)
	check(len(roles) == 5, "roles", roles)

	// Invite, look up, give roles.
	ann, err := c.Invitations.Create(ctx, gtmhub.NewUser{Email: "Ann.Lee@northwind.example", FirstName: "Ann", LastName: "Lee"}, gtmhub.InviteOptions{SkipEmail: true})
	must(err)
	bob, err := c.Invitations.Create(ctx, gtmhub.NewUser{Email: "bob.ray@northwind.example", FirstName: "Bob", LastName: "Ray", Language: "en", UserName: "bob.ray@northwind.example"}, gtmhub.InviteOptions{})
	must(err)
	_, err = c.Invitations.Create(ctx, gtmhub.NewUser{Email: "bob.ray@northwind.example"}, gtmhub.InviteOptions{})
	check(errors.Is(err, gtmhub.ErrConflict) && !errors.Is(err, gtmhub.ErrUnknownOutcome), "second invitation", err)
	must(c.Invitations.Send(ctx, ids(ann.ID)))
	found, err := c.Users.FindByEmail(ctx, "ann.lee@NORTHWIND.example")
	must(err)
	check(len(found) == 1 && found[0].ID == ann.ID && found[0].Pending(), "find by e-mail", found)
	found, err = c.Users.FindByEmail(ctx, "nobody@northwind.example")
	must(err)
	check(len(found) == 0, "find nobody", found)
	found, err = c.Users.FindByIDs(ctx, ids(ann.ID, bob.ID, "5be26318e5274a0007f17f61"))
	must(err)
	check(len(found) == 2, "find by ids", found)
	found, err = c.Users.FindByEmails(ctx, []string{"bob.ray@northwind.example", "x@y.example"})
	must(err)
	check(len(found) == 1 && found[0].ID == bob.ID, "find by e-mails", found)
	page, err := c.Users.List(ctx, gtmhub.UserListOptions{Filter: gtmhub.And(
		gtmhub.HasPrefix(gtmhub.UserFirstName, "aNN"), gtmhub.Contains(gtmhub.UserLastName, "EE"), gtmhub.Not(gtmhub.Eq(gtmhub.UserEmail, "(x)")),
	)})
	must(err)
	check(slices.ContainsFunc(page.Items, func(u gtmhub.User) bool { return u.ID == ann.ID }), "search by name", page)
	page, err = c.Users.ListV1(ctx, gtmhub.ListV1Options{Filter: gtmhub.LuceneEmail("bob.ray@northwind.example"), IncludeTeamRoles: true})
	must(err)
	check(len(page.Items) == 1 && page.Items[0].ID == bob.ID, "operation 1", page)

	_, err = c.UserRoles.SetMany(ctx, ids(ann.ID, bob.ID), ids(roles[0].ID, roles[1].ID))
	must(err)
	must(c.UserRoles.Give(ctx, ann.ID, roles[2].ID))
	must(c.UserRoles.Take(ctx, ann.ID, roles[2].ID))
	must(c.UserRoles.TakeMany(ctx, ann.ID, ids(roles[0].ID, roles[1].ID)))
	held := func(u gtmhub.User, role gtmhub.ID) bool {
		return slices.ContainsFunc(u.Roles, func(r gtmhub.UserRole) bool { return r.ID == role })
	}
	check(!held(user(ann.ID), roles[1].ID) && held(user(bob.ID), roles[1].ID), "roles", user(ann.ID).Roles)

	must(c.Users.SetName(ctx, ann.ID, "Anna", ""))
	must(c.Users.SetLanguage(ctx, ann.ID, "de"))
	must(c.Users.SendPasswordEmail(ctx, bob.ID))
	check(user(ann.ID).FirstName == "Anna" && user(ann.ID).Language == "de", "name and language", user(ann.ID))
	_, err = c.Users.Deactivate(ctx, ids(ann.ID, bob.ID))
	must(err)
	check(!user(bob.ID).IsActive, "deactivated", user(bob.ID).IsActive)
	_, err = c.Users.Activate(ctx, ids(ann.ID, bob.ID))
	must(err)

	// What belongs to a person.
	must(e.SignedIn(string(bob.ID)))
	must(e.RegisterToken("bobs-own", string(bob.ID)))
	own := c.As(gtmhub.StaticToken("bobs-own"))
	me := user(bob.ID)
	check(!me.Pending() && me.IsActive, "signed in", me)
	policy, err := own.Users.PasswordPolicy(ctx, me.ClientID)
	must(err)
	check(policy != "" && !strings.HasPrefix(policy, "{"), "policy", policy)
	must(own.Users.UpdateOwnSettings(ctx, json.RawMessage(`{"theme":"dark"}`)))
	check(strings.Contains(string(user(bob.ID).UserSettings), "dark"), "own settings", string(user(bob.ID).UserSettings))
	_, err = c.Users.PasswordPolicy(ctx, me.ClientID)
	check(errors.Is(err, gtmhub.ErrForbidden), "policy with the service token", err)

	// A team.
	sales, err := c.Teams.Create(ctx, gtmhub.NewTeam{Name: "Harbour sales", Avatar: "rocket", Color: "#112233", Members: ids(ann.ID)})
	must(err)
	must(c.Teams.SetManager(ctx, sales.ID, bob.ID))
	must(c.TeamMembers.Set(ctx, sales.ID, ids(ann.ID, bob.ID)))
	check(slices.Contains(team(sales.ID).Members, bob.ID) && team(sales.ID).Manager == bob.ID, "members and manager", team(sales.ID))
	managers, err := c.Users.Managers(ctx, ann.ID)
	must(err)
	check(slices.Contains(managers, bob.ID), "managers", managers)
	must(c.Teams.Patch(ctx, sales.ID, gtmhub.TeamPatch{Name: ptr("Sales")}))
	replaced, err := c.Teams.Replace(ctx, sales.ID, gtmhub.TeamPatch{Description: ptr("sells")})
	must(err)
	after := team(sales.ID)
	check(replaced.Name == "Sales" && after.Description == "sells" && after.Avatar == "rocket" && after.Color == "#112233" &&
		after.Manager == bob.ID && len(after.Members) == 2, "nothing was reset", after)
	listed, err := c.Teams.FindByIDs(ctx, ids(sales.ID))
	must(err)
	check(len(listed) == 1 && listed[0].Name == "Sales", "teams by id", listed)
	_, err = c.Teams.Deactivate(ctx, ids(sales.ID))
	must(err)
	check(!team(sales.ID).IsActive || readings.TeamActiveAbsent, "team inactive", team(sales.ID))
	_, err = c.Teams.Activate(ctx, ids(sales.ID))
	must(err)
	_, err = c.Teams.Activate(ctx, ids(sales.ID)) // 304
	must(err)
	for range 2 { // the second time there is nothing to remove
		must(c.TeamMembers.Remove(ctx, sales.ID, ann.ID))
		must(c.Teams.RemoveManager(ctx, sales.ID))
	}
	check(team(sales.ID).Manager == "", "no manager", team(sales.ID))

	// Objectives, found through their key results.
	var results *gtmhub.Page[gtmhub.KeyResult]
	for _, u := range users {
		results, err = c.KeyResults.ListByOwner(ctx, u.ID, gtmhub.PlainText)
		must(err)
		if len(results.Items) > 0 {
			break
		}
	}
	check(len(results.Items) > 0, "key results", results)
	goal := results.Items[0].GoalID
	handed, err := c.Objectives.Update(ctx, goal, gtmhub.ObjectiveUpdate{OwnerIDs: ids(bob.ID)})
	must(err)
	check(slices.Equal(handed.OwnerIDs, ids(bob.ID)), "handed over", handed.OwnerIDs)
	_, err = c.Objectives.SetConfidence(ctx, goal, gtmhub.Confidence{Reason: "fine", Value: 0.8})
	must(err)

	// Announcements.
	note, err := c.Announcements.Create(ctx, gtmhub.NewAnnouncement{Comment: "Hello", AuthorID: bob.ID})
	must(err)
	note, err = c.Announcements.SetComment(ctx, note.ID, "Hello all")
	must(err)
	got, err := c.Announcements.Get(ctx, note.ID, "")
	must(err)
	check(got.Comment == "Hello all" && time.Since(got.DateCreated) < time.Hour, "announcement", got)
	_, err = own.Announcements.RemoveReaction(ctx, note.ID)
	must(err)
	notes, err := c.Announcements.List(ctx, gtmhub.AnnouncementListOptions{})
	must(err)
	check(len(notes.Items) > 0, "announcements", notes)
	must(c.Announcements.Delete(ctx, note.ID))

	// And the end of it.
	must(c.Teams.Delete(ctx, sales.ID))
	_, err = c.Teams.Get(ctx, sales.ID)
	check(errors.Is(err, gtmhub.ErrNotFound), "deleted team", err)
	must(c.Users.Delete(ctx, ann.ID))
	_, err = c.Users.DeleteMany(ctx, ids(bob.ID))
	must(err)
	_, err = c.Users.Get(ctx, bob.ID)
	check(errors.Is(err, gtmhub.ErrNotFound), "deleted user", err)
}
