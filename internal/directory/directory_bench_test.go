package directory_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

// big is an account of 50,000 users in 2,000 teams of up to eight levels.
var big = sync.OnceValues(func() (bigAccount, *directory.Snapshot) {
	r := rand.New(rand.NewPCG(1, 2))
	first := []string{"Anna", "José", "Łukasz", "Søren", "Zoë", "Chen", "Priya", "Jürgen", "Olu", "Mária", "Ivan", "Noor"}
	last := []string{"Weber", "Müller", "García", "Þórsson", "Nowak", "Okafor", "Sørensen", "Đorđević", "Kim", "Rossi"}
	var a bigAccount
	for i := range 50_000 {
		f, l := first[r.IntN(len(first))], last[r.IntN(len(last))]
		a.users = append(a.users, directory.User{
			ID: id.User(fmt.Sprintf("u%05d", i)), Name: f + " " + l, Email: fmt.Sprintf("person.%d@northwind.example", i),
			Status: directory.Statuses()[r.IntN(3)], Created: directorytestTime.Add(-time.Duration(r.IntN(1e9)) * time.Millisecond),
			Roles: []id.Role{id.Role(fmt.Sprintf("r%d", r.IntN(5)))},
		})
	}
	for i := range 2000 {
		t := directory.Team{ID: id.Team(fmt.Sprintf("t%04d", i)), Name: fmt.Sprintf("Team %d", i), Manager: a.users[r.IntN(len(a.users))].ID, Active: true}
		if i > 0 {
			t.Parent = id.Team(fmt.Sprintf("t%04d", (i-1)/3))
		}
		for range 30 {
			t.Members = append(t.Members, a.users[r.IntN(len(a.users))].ID)
		}
		a.teams = append(a.teams, t)
	}
	return a, directory.NewSnapshot(a.users, a.teams, nil, directorytestTime)
})

type bigAccount struct {
	users []directory.User
	teams []directory.Team
}

var directorytestTime = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func BenchmarkUsers50000(b *testing.B) {
	_, s := big()
	lead := access.Scope{Self: "u00001", Leads: access.NewTeamSet("t0001", "t0002")}
	for _, bench := range []struct {
		name  string
		scope access.Scope
		query directory.UserQuery
	}{
		{"first page", access.Scope{All: true}, directory.UserQuery{}},
		{"by e-mail, last page", access.Scope{All: true}, directory.UserQuery{Sort: "-email", Page: 1 << 20}},
		{"search", access.Scope{All: true}, directory.UserQuery{Text: "łukasz müller", AllStatuses: true}},
		{"search without match", access.Scope{All: true}, directory.UserQuery{Text: "person qqq"}},
		{"team with sub-teams", access.Scope{All: true}, directory.UserQuery{Team: "t0001", WithSubTeams: true}},
		{"lead", lead, directory.UserQuery{Text: "an"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s.View(bench.scope).Users(bench.query) // orders and tree are worked out once per snapshot
			for b.Loop() {
				s.View(bench.scope).Users(bench.query)
			}
		})
	}
}

func BenchmarkFindPeople50000(b *testing.B) {
	_, s := big()
	for b.Loop() {
		s.FindPeople("person sør 49", 10, nil)
	}
}

func BenchmarkNewSnapshot50000(b *testing.B) {
	a, _ := big()
	for b.Loop() {
		directory.NewSnapshot(a.users, a.teams, nil, directorytestTime)
	}
}

// BenchmarkMemory50000 reports what the directory keeps of the account: a second one, without what the first shares.
func BenchmarkMemory50000(b *testing.B) {
	a, _ := big()
	inUse := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for b.Loop() {
		before := inUse()
		s := directory.NewSnapshot(a.users, a.teams, nil, directorytestTime)
		v := s.View(access.Scope{All: true})
		for _, sort := range []string{"name", "email", "status", "invited", "created"} { // all that is worked out at first use
			v.Users(directory.UserQuery{Sort: sort})
			v.Users(directory.UserQuery{Sort: "-" + sort})
		}
		v.Tree()
		b.ReportMetric((inUse()-before)/(1<<20), "MiB")
		runtime.KeepAlive(s)
	}
}

func BenchmarkTree2000(b *testing.B) {
	a, _ := big()
	for b.Loop() {
		b.StopTimer()
		s := directory.NewSnapshot(a.users, a.teams, nil, directorytestTime)
		b.StartTimer()
		s.View(access.Scope{All: true}).Tree()
	}
}
