package actor_test

import (
	"testing"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
)

func TestGrants(t *testing.T) {
	t.Parallel()
	b := actor.Builder{Grants: actor.Grants{HR: []string{"Mark@northwind.example", "group:people team"}, Approvers: []string{"karl@northwind.example"}, Alternates: []string{"noor@northwind.example"}},
		Directory: func() *directory.Snapshot { return &directory.Snapshot{} }}
	for _, tc := range []struct {
		name         string
		email        string
		groups       []string
		hr, approver bool
	}{
		{name: "by address", email: "mark@northwind.example", hr: true},
		{name: "by address in capitals", email: " MARK@NORTHWIND.EXAMPLE", hr: true},
		{name: "by group", groups: []string{"people team"}, hr: true},
		{name: "an alternate may decide too", email: "noor@northwind.example", approver: true},
		{name: "a group is exact", groups: []string{"People team"}},
		{name: "an address is no group", email: "group:people team"},
		{name: "a group is no address", groups: []string{"karl@northwind.example"}},
		{name: "no address"},
		{name: "the Kelvin sign is no k", email: "\u212Aarl@northwind.example"},
		{name: "nor is it within", email: "mar\u212A@northwind.example"},
	} {
		a := b.Actor(change.Person{Kind: access.ByPerson, Issuer: "i", Subject: "s", Email: tc.email, Groups: tc.groups})
		if a.HR != tc.hr || a.Approver != tc.approver {
			t.Errorf("%s: HR %t, approver %t", tc.name, a.HR, a.Approver)
		}
	}
}
