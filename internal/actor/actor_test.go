package actor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

func builder(read time.Time) actor.Builder {
	snap := directory.NewSnapshot(
		[]directory.User{{ID: "u1", Email: "Ana@northwind.example", Name: "Ana", Status: directory.Active, Roles: []id.Role{"r1"}}, {ID: "u2", Email: "bo@northwind.example", Name: "Bo", Status: directory.Inactive}},
		[]directory.Team{{ID: "t1", Name: "One", Manager: "u1", Active: true}, {ID: "t2", Name: "Two", Members: []id.User{"u1"}, Active: true}},
		nil, read)
	return actor.Builder{Directory: func() *directory.Snapshot { return snap },
		Grants: actor.Grants{HR: []string{"ana@northwind.example"}, Approvers: []string{"group:approvers"}, Auditors: []string{"group:Auditors"}, Operators: []string{"ops@northwind.example"}}}
}

func TestActor(t *testing.T) {
	t.Parallel()
	read := time.Now()
	base := change.Person{Kind: access.ByPerson, Issuer: "i", Subject: "s", Name: "Ana"}
	with := func(f func(*change.Person)) change.Person { p := base; f(&p); return p }
	for _, tc := range []struct {
		name string
		read time.Time
		p    change.Person
		want access.Actor
	}{
		{"linked, by address", read, with(func(p *change.Person) { p.User = "u1"; p.Email = " ANA@northwind.example " }),
			access.Actor{User: "u1", HR: true, Leads: access.NewTeamSet("t1"), Member: access.NewTeamSet("t2"), Roles: []id.Role{"r1"}}},
		{"an address that was not verified is not passed on and gives nothing", read, with(func(p *change.Person) { p.User = "u1" }),
			access.Actor{User: "u1", Leads: access.NewTeamSet("t1"), Member: access.NewTeamSet("t2"), Roles: []id.Role{"r1"}}},
		{"group", read, with(func(p *change.Person) { p.Groups = []string{"approvers"} }), access.Actor{Approver: true}},
		{"groups are compared exactly", read, with(func(p *change.Person) { p.Groups = []string{"auditors"} }), access.Actor{}},
		{"an address is no group", read, with(func(p *change.Person) { p.Email = "group:approvers" }), access.Actor{}},
		{"a group is no address", read, with(func(p *change.Person) { p.Groups = []string{"ana@northwind.example"} }), access.Actor{}},
		{"deactivated", read, with(func(p *change.Person) { p.User = "u2" }), access.Actor{User: "u2", Inactive: true, Leads: access.NewTeamSet(), Member: access.NewTeamSet()}},
		{"deleted", read, with(func(p *change.Person) { p.User = "u9" }), access.Actor{User: "u9", Inactive: true}},
		{"directory not read yet", time.Time{}, with(func(p *change.Person) { p.User = "u9" }), access.Actor{User: "u9"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.want.Kind, tc.want.Issuer, tc.want.Subject, tc.want.Name = access.ByPerson, "i", "s", "Ana"
			if diff := cmp.Diff(tc.want, builder(tc.read).Actor(tc.p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUserByEmail(t *testing.T) {
	t.Parallel()
	users := actor.Users{Directory: builder(time.Now()).Directory}
	if diff := cmp.Diff([]id.User{"u1"}, users.UserByEmail("ana@NORTHWIND.example")); diff != "" {
		t.Error(diff)
	}
	if got := users.UserByEmail("nobody@northwind.example"); got != nil {
		t.Errorf("found %v", got)
	}
}
