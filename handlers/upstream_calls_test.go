package handlers_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

// TestUpstreamCalls does each act and compares the calls that reach Gtmhub with docs/upstream-calls.md.
func TestUpstreamCalls(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Calls: 1, Manual: true}) // one after the other, so that the numbers are always the same
	hr, approver := p.As(handlertest.HR), p.As(handlertest.HRApprover)
	plain := some(t, p, 12, func(u *directory.User) bool { return isPlain(u) && len(u.Teams) == 1 })
	pending := some(t, p, 6, isPending)
	off := some(t, p, 6, func(u *directory.User) bool { return u.Status == directory.Inactive && len(u.Manages) == 0 })
	ids := func(users []*directory.User) []id.User {
		out := make([]id.User, len(users))
		for i, u := range users {
			out[i] = u.ID
		}
		return out
	}
	one, five := ids(plain[:1]), ids(plain[1:6])
	role := []id.Role{"6ae6e717940694a42c4d5144"}
	team, parent := p.Team("Website Maintainers"), p.Team("SIG Autoscaling").ID
	description := "A new description"
	got := map[string]string{}
	do := func(act, recipe string, fields any) {
		t.Helper()
		before := p.Emulator.Counts().Calls
		in := change.Input{Recipe: recipe, Fields: change.Fields(fields), Reason: "As measured."}
		ch := submit(t, p, hr, in)
		if ch.State == change.Waiting {
			if res := decide(approver, ch); res.Status != 303 {
				t.Fatalf("%s: the decision: %d", act, res.Status)
			}
		}
		for worked, err := true, error(nil); worked; { // what was not done within the request
			if worked, err = p.App.Runner.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if ch = p.WaitFor(ch.ID); ch.State != change.Finished {
			t.Errorf("%s: ended as %s", act, ch.State)
		}
		got[act] = calls(before, p.Emulator.Counts().Calls)
	}
	users := func(u []id.User) change.People { return change.People{Users: u} }
	with := func(u []id.User, r []id.Role) change.People { return change.People{Users: u, Roles: r} }
	invite := func(n int, teams ...id.Team) change.Invitations {
		var in change.Invitations
		for i := range n {
			in.People = append(in.People, change.Invitee{Line: i + 1, Email: fmt.Sprintf("joiner%d.%d@northwind.example", n, i), FirstName: "New", LastName: fmt.Sprint("Joiner ", i), Teams: teams})
		}
		return in
	}
	do("invite 1", change.InvitePeople, invite(1))
	do("invite 5 into a team", change.InvitePeople, invite(5, team.ID))
	do("edit the name of 1", change.EditName, change.People{Users: one, FirstName: "Zora"})
	do("set the language of 1", change.SetLanguage, change.People{Users: one, Language: "de"})
	do("set the language of 5", change.SetLanguage, change.People{Users: five, Language: "de"})
	do("give a role to 1", change.GiveRole, with(one, role))
	do("give a role to 5", change.GiveRole, with(five, role))
	do("take a role from 1", change.TakeRoles, with(one, role))
	do("take a role from 5", change.TakeRoles, with(five, role))
	do("add 1 to a team", change.AddMembers, change.Members{Team: team.ID, Users: one})
	do("add 5 to a team", change.AddMembers, change.Members{Team: team.ID, Users: five})
	do("remove 5 from a team", change.RemoveMembers, change.Members{Team: team.ID, Users: five})
	do("send an invitation again to 1", change.ResendInvitations, users(ids(pending[:1])))
	do("send invitations again to 5", change.ResendInvitations, users(ids(pending[1:6])))
	do("send a password mail to 1", change.SendPasswordMail, users(ids(plain[6:7])))
	do("correct an address", change.CorrectAddress, change.Correction{User: pending[0].ID, Email: "right.address@northwind.example"})
	do("deactivate 1", change.DeactivateUsers, users(one))
	do("deactivate 5", change.DeactivateUsers, users(five))
	do("activate 1", change.ActivateUsers, users(one))
	do("activate 5", change.ActivateUsers, users(five))
	do("delete 1", change.DeleteUsers, users(ids(off[:1])))
	do("delete 5", change.DeleteUsers, users(ids(off[1:6])))
	do("create a team", change.CreateTeam, change.TeamNew{Name: "Team of the measurement", Parent: parent})
	do("describe a team", change.EditTeam, change.TeamEdit{Team: team.ID, Description: &description})
	do("move a team", change.MoveTeams, change.TeamMove{Teams: []id.Team{p.Team("Team of the measurement").ID}, Parent: team.ID})
	do("set a manager", change.SetTeamManager, change.TeamManager{Teams: []id.Team{p.Team("Team of the measurement").ID}, Manager: plain[8].ID})
	do("remove a manager", change.RemoveTeamManager, change.TeamManager{Teams: []id.Team{p.Team("Team of the measurement").ID}})
	do("deactivate a team", change.DeactivateTeams, change.TeamList{Teams: []id.Team{p.Team("Team of the measurement").ID}})
	do("activate a team", change.ActivateTeams, change.TeamList{Teams: []id.Team{p.Team("Team of the measurement").ID}})
	do("delete a team", change.DeleteTeams, change.TeamList{Teams: []id.Team{p.Team("Team of the measurement").ID}})

	text, err := os.ReadFile("../docs/upstream-calls.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) == 5 && strings.Contains(cells[1], "=") {
			want[strings.TrimSpace(cells[0])] = strings.TrimSpace(cells[1])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-document +measured):\n%s", diff)
	}
}

// calls writes what was called between two counts: "3 = 2 × op 4, 1 × op 8".
func calls(before, after map[int]int) string {
	sum := 0
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(after)) {
		if n := after[op] - before[op]; n > 0 {
			sum += n
			parts = append(parts, fmt.Sprintf("%d × op %d", n, op))
		}
	}
	return fmt.Sprintf("%d = %s", sum, strings.Join(parts, ", "))
}
