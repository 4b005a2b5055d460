package drift_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/id"
)

func user(u, role string, active bool) directory.User {
	s := directory.Active
	if !active {
		s = directory.Inactive
	}
	return directory.User{ID: id.User(u), Name: "Name of " + u, Email: u + "@northwind.example", Status: s, Roles: []id.Role{id.Role(role)}}
}

func team(t, parent, manager string, members ...id.User) directory.Team {
	return directory.Team{ID: id.Team(t), Name: "Team " + t, Parent: id.Team(parent), Manager: id.User(manager), Members: members, Active: true}
}

func picture(users []directory.User, teams []directory.Team) drift.Picture {
	return drift.PictureOf(directory.NewSnapshot(users, teams, nil, time.Unix(1, 0)))
}

func start() drift.Picture {
	return picture([]directory.User{user("u1", "r", true), user("u2", "r", true), user("u3", "r", false)},
		[]directory.Team{team("t1", "", "u1", "u1", "u2"), team("t2", "t1", "", "u2"), team("t3", "", "u2")})
}

func fact(of drift.Aspect, ids ...string) drift.Fact {
	f := drift.Fact{Of: of}
	for _, v := range ids {
		switch v[0] {
		case 'u':
			f.User = id.User(v)
		case 't':
			f.Team = id.Team(v)
		default:
			f.Role = id.Role(v)
		}
	}
	return f
}

// TestCompare plants outside changes and wants each as one finding, and nothing that the portal did.
func TestCompare(t *testing.T) {
	t.Parallel()
	inA, inB, lead := fact(drift.MemberOf, "u2", "t1"), fact(drift.MemberOf, "u1", "t2"), fact(drift.ManagerOf, "t1")
	write := func(f drift.Fact, v string, s drift.Sureness) drift.Write {
		return drift.Write{Fact: f, Value: v, Sure: s}
	}
	for name, tc := range map[string]struct {
		// now are the facts that are otherwise in the account; empty ones are gone.
		now  drift.Facts
		did  []drift.Write
		want []string
		// later, if set, are what the portal is known to have done at the next look, with the account as it is, and found what
		// that look finds.
		later []drift.Write
		found []string
	}{
		"nothing":                              {},
		"member added":                         {now: drift.Facts{inB: drift.On}, want: []string{"member added u1 t2"}},
		"member removed":                       {now: drift.Facts{inA: ""}, want: []string{"member removed u2 t1"}},
		"moved":                                {now: drift.Facts{fact(drift.MemberOf, "u2", "t2"): "", fact(drift.MemberOf, "u2", "t3"): drift.On}, want: []string{"changed team u2 t3 from t2"}},
		"moved and added":                      {now: drift.Facts{fact(drift.MemberOf, "u2", "t2"): "", fact(drift.MemberOf, "u2", "t3"): drift.On, inB: drift.On}, want: []string{"changed team u2 t3 from t2", "member added u1 t2"}},
		"manager changed":                      {now: drift.Facts{lead: "u2"}, want: []string{"manager changed t1 was u1 is u2"}},
		"manager gone":                         {now: drift.Facts{lead: ""}, want: []string{"manager changed t1 was u1"}},
		"team moved":                           {now: drift.Facts{fact(drift.ParentOf, "t2"): "t3"}, want: []string{"team moved t2 was t1 is t3"}},
		"active again":                         {now: drift.Facts{fact(drift.UserIs, "u3"): drift.On}, want: []string{"user active again u3"}},
		"deactivated":                          {now: drift.Facts{fact(drift.UserIs, "u1"): drift.Off}, want: []string{"user deactivated u1"}},
		"team off":                             {now: drift.Facts{fact(drift.TeamIs, "t1"): drift.Off}, want: []string{"team deactivated t1"}},
		"role given":                           {now: drift.Facts{fact(drift.RoleOf, "u1", "other"): drift.On}, want: []string{"role given u1 other"}},
		"role taken":                           {now: drift.Facts{fact(drift.RoleOf, "u1", "r"): ""}, want: []string{"role taken u1 r"}},
		"administrator":                        {now: drift.Facts{fact(drift.RoleOf, "u1", "admin"): drift.On}, want: []string{"new administrator u1 admin"}},
		"new user, all in one":                 {now: drift.Facts{fact(drift.UserIs, "u9"): drift.On, fact(drift.RoleOf, "u9", "r"): drift.On, fact(drift.MemberOf, "u9", "t1"): drift.On}, want: []string{"new user u9"}},
		"new administrator":                    {now: drift.Facts{fact(drift.UserIs, "u9"): drift.On, fact(drift.RoleOf, "u9", "admin"): drift.On}, want: []string{"new administrator u9 admin", "new user u9"}},
		"user deleted":                         {now: drift.Facts{fact(drift.UserIs, "u3"): "", fact(drift.RoleOf, "u3", "r"): ""}, want: []string{"user deleted u3"}},
		"team deleted":                         {now: drift.Facts{fact(drift.TeamIs, "t2"): "", fact(drift.ParentOf, "t2"): "", fact(drift.MemberOf, "u2", "t2"): ""}, want: []string{"team deleted t2"}},
		"new team":                             {now: drift.Facts{fact(drift.TeamIs, "t9"): drift.On, fact(drift.ParentOf, "t9"): "t1", fact(drift.ManagerOf, "t9"): "u1", fact(drift.MemberOf, "u1", "t9"): drift.On}, want: []string{"new team t9"}},
		"the portal did it":                    {now: drift.Facts{inA: "", lead: "u2"}, did: []drift.Write{write(inA, "", drift.Done), write(lead, "u2", drift.Done)}},
		"the portal's last word":               {now: drift.Facts{lead: "u2"}, did: []drift.Write{write(lead, "", drift.Done), write(lead, "u2", drift.Done)}},
		"others took back what the portal did": {did: []drift.Write{write(inA, "", drift.Done)}, want: []string{"member added u2 t1"}},
		"others went on from it":               {now: drift.Facts{lead: "u2"}, did: []drift.Write{write(lead, "u3", drift.Done)}, want: []string{"manager changed t1 was u3 is u2"}},
		"the portal deleted somebody": {now: drift.Facts{fact(drift.UserIs, "u2"): "", fact(drift.RoleOf, "u2", "r"): "", inA: "", fact(drift.MemberOf, "u2", "t2"): "", fact(drift.ManagerOf, "t3"): ""},
			did: []drift.Write{write(fact(drift.UserIs, "u2"), "", drift.Done)}},
		"the portal invited somebody": {now: drift.Facts{fact(drift.UserIs, "u9"): drift.On, fact(drift.RoleOf, "u9", "r"): drift.On}, did: []drift.Write{write(fact(drift.UserIs, "u9"), drift.On, drift.Done)}},
		"and others made them more":   {now: drift.Facts{fact(drift.UserIs, "u9"): drift.On, fact(drift.RoleOf, "u9", "admin"): drift.On}, did: []drift.Write{write(fact(drift.UserIs, "u9"), drift.On, drift.Done)}, want: []string{"new administrator u9 admin"}},
		"perhaps the portal":          {now: drift.Facts{inA: ""}, did: []drift.Write{write(inA, "", drift.Maybe)}},
		"perhaps, but not this":       {now: drift.Facts{lead: "u3"}, did: []drift.Write{write(lead, "u2", drift.Maybe)}, want: []string{"manager changed t1 was u1 is u3"}},
		"under way, then done":        {now: drift.Facts{inA: ""}, did: []drift.Write{write(inA, "", drift.UnderWay)}, later: []drift.Write{write(inA, "", drift.Done)}},
		"under way, then not done":    {now: drift.Facts{inA: ""}, did: []drift.Write{write(inA, "", drift.UnderWay)}, later: []drift.Write{}, found: []string{"member removed u2 t1"}},
		"a deletion under way":        {now: drift.Facts{lead: "", fact(drift.MemberOf, "u1", "t1"): ""}, did: []drift.Write{write(fact(drift.UserIs, "u1"), "", drift.UnderWay)}},
		"an invitation under way":     {now: drift.Facts{fact(drift.UserIs, "u9"): drift.On, fact(drift.RoleOf, "u9", "r"): drift.On}, did: []drift.Write{write(fact(drift.UserIs, "u9"), drift.On, drift.UnderWay)}, later: []drift.Write{write(fact(drift.UserIs, "u9"), drift.On, drift.Done)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := start()
			maps.Copy(now.Facts, tc.now)
			maps.DeleteFunc(now.Facts, func(_ drift.Fact, v string) bool { return v == "" })
			admin := func(r id.Role) bool { return r == "admin" }
			got, next := drift.Compare(start(), now, tc.did, admin)
			if diff := cmp.Diff(tc.want, said(got)); diff != "" {
				t.Errorf("found (-want +got)\n%s", diff)
			}
			again, _ := drift.Compare(next, now, tc.later, admin)
			if tc.later != nil || !slices.ContainsFunc(tc.did, func(w drift.Write) bool { return w.Sure == drift.UnderWay }) {
				if diff := cmp.Diff(tc.found, said(again)); diff != "" {
					t.Errorf("the next look (-want +got)\n%s", diff)
				}
			}
			for _, f := range got {
				if f.Gone(now.Facts) || f.Kind.Final() == "" && !f.Gone(start().Facts) && len(tc.did) == 0 {
					t.Errorf("%s: as before now %v, before %v", f.Kind, f.Gone(now.Facts), f.Gone(start().Facts))
				}
			}
		})
	}
}

func said(list []drift.Finding) (out []string) {
	for _, f := range list {
		words := []string{string(f.Kind), string(f.User), string(f.Team), string(f.Role)}
		for word, v := range map[string]string{"from": string(f.From)} {
			if v != "" {
				words = append(words, word, v)
			}
		}
		if f.Was != "" {
			words = append(words, "was", f.Was)
		}
		if f.Is != "" {
			words = append(words, "is", f.Is)
		}
		out = append(out, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	return out
}

func BenchmarkCompare50000(b *testing.B) {
	var users []directory.User
	var teams []directory.Team
	for i := range 50_000 {
		users = append(users, user(fmt.Sprintf("u%05d", i), "r", true))
	}
	for i := range 3000 {
		var members []id.User
		for k := range 25 {
			members = append(members, users[(i*17+k*31)%len(users)].ID)
		}
		teams = append(teams, team(fmt.Sprintf("t%04d", i), "t0000", string(users[i].ID), members...))
	}
	was := picture(users, teams)
	for i := range 100 {
		teams[i].Manager, users[i].Roles = "u49999", []id.Role{"admin"}
	}
	snap := directory.NewSnapshot(users, teams, nil, time.Unix(1, 0))
	b.ReportAllocs()
	for b.Loop() {
		if found, _ := drift.Compare(was, drift.PictureOf(snap), nil, func(r id.Role) bool { return r == "admin" }); len(found) != 300 {
			b.Fatal(len(found))
		}
	}
}
