package emulator_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

func TestGenerate(t *testing.T) {
	t.Parallel()
	a := emulator.Generate(2000, 7)
	if diff := cmp.Diff(a, emulator.Generate(2000, 7)); diff != "" {
		t.Errorf("the same seed gave another account:\n%s", diff)
	}
	if emulator.Generate(2000, 8).Users[0].ID == a.Users[0].ID {
		t.Error("another seed gave the same ids")
	}
	emails := map[string]bool{}
	inactive, pending, accents := 0, 0, 0
	for _, u := range a.Users {
		emails[u.Email] = true
		if !strings.HasSuffix(u.Email, ".example") || strings.ContainsFunc(u.Email, func(r rune) bool { return r > 126 || r <= ' ' }) {
			t.Errorf("address %q is not plain or not at an .example domain", u.Email)
		}
		switch {
		case u.InvitationPending:
			pending++
		case !u.IsActive:
			inactive++
		}
		if strings.ContainsFunc(u.FirstName+u.LastName, func(r rune) bool { return r > 126 }) {
			accents++
		}
	}
	if len(emails) != 2000 {
		t.Errorf("%d different addresses, want 2000", len(emails))
	}
	for name, n := range map[string]int{"inactive": inactive, "pending": pending} {
		if n < 60 || n > 140 {
			t.Errorf("%d of 2000 %s, want about 100", n, name)
		}
	}
	if accents < 500 {
		t.Errorf("%d of 2000 names have accents", accents)
	}
	parents, biggest, managed := map[string]string{}, 0, 0
	for _, team := range a.Teams {
		parents[team.ID] = team.ParentID
		biggest = max(biggest, len(team.Members))
		if team.Manager != "" {
			managed++
		}
	}
	depth := 0
	for id := range parents {
		n := 0
		for ; id != ""; n++ {
			id = parents[id]
		}
		depth = max(depth, n)
	}
	if len(a.Teams) != 125 || depth != 4 || biggest < 150 || managed < 100 {
		t.Errorf("%d teams, %d deep, biggest %d, %d with a manager", len(a.Teams), depth, biggest, managed)
	}
}

func TestGenerateSmall(t *testing.T) {
	t.Parallel()
	for _, n := range []int{-1, 1, 2, 15, 16, 100} {
		if _, err := emulator.New(emulator.Options{Account: emulator.Generate(n, 1)}); err != nil {
			t.Errorf("%d users: %v", n, err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	account := emulator.Generate(50_000, 1)
	emu, err := emulator.New(emulator.Options{Account: account})
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]string, 200)
	for i := range ids {
		ids[i] = account.Users[i*7].ID
	}
	fields := "&fields=id,email,firstName,lastName,isActive,clientId,identities,dateInvited,roles,teamIds"
	for name, query := range map[string]string{
		"first":    "limit=100",
		"deep":     "limit=100&skip=40000&sort=dateCreated" + fields,
		"email":    "filter=" + url.QueryEscape(fmt.Sprintf(`{"email":{"$in":[%q]}}`, account.Users[40000].Email)) + fields,
		"ids":      "limit=200&filter=" + url.QueryEscape(`{"_id":{"$in":["`+strings.Join(ids, `","`)+`"]}}`) + fields,
		"roles.id": "filter=" + url.QueryEscape(`{"roles.id":"`+account.Roles[0].ID+`"}`) + fields,
		"regex":    "sort=name&filter=" + url.QueryEscape(`{"name":{"$regex":"(?i)zoë"}}`) + fields,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest("GET", "/api/v2/users?"+query, nil)
				r.Header.Set("Authorization", "Bearer x")
				r.Header.Set("gtmhub-accountId", account.ID)
				w := httptest.NewRecorder()
				emu.ServeHTTP(w, r)
				if w.Code != 200 {
					b.Fatal(w.Body.String())
				}
			}
		})
	}
}

func TestGenerateIsFast(t *testing.T) {
	t.Parallel()
	from := time.Now()
	if _, err := emulator.New(emulator.Options{Account: emulator.Generate(50_000, 1)}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(from); took > 20*time.Second {
		t.Errorf("50,000 users took %s", took)
	}
}
