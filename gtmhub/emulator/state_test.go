package emulator_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

// exercise writes with every kind of record and gives what can be read afterwards.
func exercise(t *testing.T, a *api) {
	t.Helper()
	made := into[wireUser](a.do("POST", "/v1/users", object{"email": "new@small.example", "firstName": "Nëw"}).want(201))
	a.do("POST", "/v1/users/roles", object{"userIds": []string{made.ID}, "roleIds": []string{userRole, dataRole}}).want(200)
	a.do("DELETE", "/v1/accounts/user/"+ina, nil).want(200)
	team := into[wireTeam](a.do("POST", "/v1/teams", object{"name": "New", "members": []string{made.ID, mia}}).want(201))
	a.do("PUT", "/v1/teams/"+topTeam+"/members", []string{mia}).want(204)
	a.do("PATCH", "/v1/teams/"+subTeam, object{"parentId": team.ID}).want(200)
	a.do("DELETE", "/v1/teams/"+topTeam, nil).want(204)
	a.do("POST", "/v1/users/"+mia+"/send-change-password-email", nil).want(200)
	id := a.openGoal(t, ada, subTeam)
	a.do("PUT", "/v1/goals/"+id, object{"name": "Changed"}).want(200)
	a.do("POST", "/v1/announcements", object{"comment": "Hello"}).want(201)
	if err := a.emu.RegisterToken("mia", mia); err != nil {
		t.Fatal(err)
	}
	a.as("mia").do("PUT", "/v1/users/settings", object{"theme": "dark"}).want(200)
}

// everything reads all lists, as text, so that order and every field count.
func everything(a *api) map[string]string {
	a.t.Helper()
	out := map[string]string{}
	for _, path := range []string{"/v2/users?limit=1000", "/v2/teams?limit=1000", "/v2/roles", "/v1/announcements", "/v1/metrics/owner/" + ada, "/v1/metrics/owner/" + subTeam} {
		out[path] = a.do("GET", path, nil).want(200).text
	}
	return out
}

func TestRestart(t *testing.T) {
	t.Parallel()
	for name, closed := range map[string]bool{"closed": true, "killed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "state.jsonl")
			a := start(t, emulator.Options{Account: small(t), StateFile: file, SyncWrites: closed})
			exercise(t, a)
			want := everything(a)
			counts, mails := a.emu.Counts(), a.emu.Mails()
			a.do("POST", "/v1/users/invitations", []string{nobody}).want(400) // counted, altered nothing
			if closed {
				if err := a.emu.Close(); err != nil {
					t.Fatal(err)
				}
				a.do("GET", "/v2/users", nil).want(503)
			}
			b := start(t, emulator.Options{StateFile: file})
			if diff := cmp.Diff(mails, b.emu.Mails()); diff != "" {
				t.Errorf("mails:\n%s", diff)
			}
			got := b.emu.Counts()
			if diff := cmp.Diff([]any{counts.Created, counts.Mails, counts.PasswordMails, counts.Effects}, []any{got.Created, got.Mails, got.PasswordMails, got.Effects}); diff != "" {
				t.Errorf("counters:\n%s", diff)
			}
			equal(t, "calls of operation 6", got.Calls[6], 1)
			if diff := cmp.Diff(want, everything(b)); diff != "" {
				t.Errorf("records:\n%s", diff)
			}
			b.as("mia").do("PUT", "/v1/users/settings", object{"theme": "light"}).want(200)
			// Compacted, and compacted again: still the same.
			c := start(t, emulator.Options{StateFile: file})
			equal(t, "settings", c.user(mia).UserSettings["theme"], any("light"))
			equal(t, "new ids are new", c.do("POST", "/v1/users", object{"email": "other@small.example"}).status, 201)
		})
	}
}

func TestStateFileIsTheSecretKeeper(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.jsonl")
	a := start(t, emulator.Options{Account: small(t), StateFile: file, Token: "service-canary"})
	if err := a.emu.RegisterToken("person-canary", mia); err != nil {
		t.Fatal(err)
	}
	a.as("service-canary").do("POST", "/v1/users", object{"email": "new@small.example"}).want(201)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("canary")) {
		t.Error("the state file holds a token")
	}
}

func TestCutLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.jsonl")
	a := start(t, emulator.Options{Account: small(t), StateFile: file})
	a.do("POST", "/v1/users", object{"email": "one@small.example"}).want(201)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	// A write that was killed half-way was never answered.
	if _, err := f.WriteString(`{"users":[{"id":"0000000000000000000000`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b := start(t, emulator.Options{StateFile: file})
	equal(t, "users", b.users("{}").TotalCount, 6)
	b.do("POST", "/v1/users", object{"email": "two@small.example"}).want(201)
	c := start(t, emulator.Options{StateFile: file})
	equal(t, "users", c.users("{}").TotalCount, 7)
}

func TestBrokenStateFile(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"no account": "{}\n", "not JSON": "x\n", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "state.jsonl")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := emulator.New(emulator.Options{StateFile: file}); err == nil {
				t.Error("it was accepted")
			}
			if left, err := os.ReadFile(file); err != nil || string(left) != text {
				t.Errorf("the broken file was altered: %q, %v", left, err)
			}
		})
	}
	if _, err := emulator.New(emulator.Options{StateFile: filepath.Join(t.TempDir(), "missing", "state")}); err == nil {
		t.Error("a file in a missing directory was accepted")
	}
}

func TestWriteThatCannotBeStored(t *testing.T) {
	t.Parallel()
	// A device that is always full, where there is one.
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("needs /dev/full")
	}
	file := filepath.Join(t.TempDir(), "state.jsonl")
	a := start(t, emulator.Options{Account: small(t), StateFile: file})
	mend, err := a.emu.BreakJournal("/dev/full")
	if err != nil {
		t.Fatal(err)
	}
	a.do("POST", "/v1/users", object{"email": "one@small.example"}).want(500)
	equal(t, "nothing became visible", a.users("{}").TotalCount, 5)
	equal(t, "nothing was counted", len(a.emu.Counts().Created), 0)
	mend()
	a.do("POST", "/v1/users", object{"email": "one@small.example"}).want(201)
	b := start(t, emulator.Options{StateFile: file})
	equal(t, "users", b.users("{}").TotalCount, 6)
}

func TestReset(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.jsonl")
	a := start(t, emulator.Options{Account: small(t), StateFile: file})
	want := everything(a)
	exercise(t, a)
	if _, err := a.emu.AddFault(emulator.Fault{Effect: emulator.EffectStatus, Status: 500}); err != nil {
		t.Fatal(err)
	}
	if err := a.emu.Reset(); err != nil {
		t.Fatal(err)
	}
	equal(t, "mails", len(a.emu.Mails()), 0)
	if diff := cmp.Diff(want, everything(a)); diff != "" {
		t.Errorf("after a reset:\n%s", diff)
	}
	a.do("POST", "/v1/users", object{"email": "one@small.example"}).want(201)
	b := start(t, emulator.Options{Account: small(t), StateFile: file})
	equal(t, "users after reset, write and restart", b.users("{}").TotalCount, 6)
}

func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t), StateFile: filepath.Join(t.TempDir(), "state.jsonl")})
	var wg sync.WaitGroup
	created := make(chan int, 100)
	for i := range 20 {
		wg.Go(func() {
			// Two callers want each address.
			got, err := a.try("POST", "/v1/users", object{"email": fmt.Sprintf("p%d@small.example", i/2)})
			if err == nil {
				created <- got.status
			}
		})
		wg.Go(func() {
			if got, err := a.try("GET", "/v2/users?sort=-dateCreated&filter=%7BisActive:true%7D", nil); err != nil || got.status != 200 {
				t.Errorf("list: %d, %v", got.status, err)
			}
		})
		wg.Go(func() {
			if got, err := a.try("PUT", "/v1/teams/"+topTeam+"/members", []string{[]string{ada, lee, mia}[i%3]}); err != nil || got.status != 204 {
				t.Errorf("members: %d, %v", got.status, err)
			}
		})
	}
	wg.Wait()
	close(created)
	tally := map[int]int{}
	for status := range created {
		tally[status]++
	}
	equal(t, "answers", tally, map[int]int{201: 10, 409: 10})
	for email, n := range a.emu.Counts().Created {
		equal(t, email, n, 1)
	}
	equal(t, "users", a.users("{}").TotalCount, 15)
	equal(t, "members", len(a.team(topTeam).Members), 1)
}

func TestParseAccount(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"not JSON":           {`{"accountId"`, `"accountId"`},
		"unknown field":      {`"accountName"`, `"name"`},
		"malformed id":       {accountID, "x"},
		"id taken":           {lee, ada},
		"address taken":      {"lee@small.example", "ADA@small.example"},
		"unknown role":       {`"roleIds":["` + adminRole + `"]`, `"roleIds":["` + nobody + `"]`},
		"unknown manager":    {`"manager":"` + lee + `"`, `"manager":"` + nobody + `"`},
		"unknown parent":     {`"parentId":"` + topTeam + `"`, `"parentId":"` + nobody + `"`},
		"circle of parents":  {`"parentId":"` + topTeam + `"`, `"parentId":"` + subTeam + `"`},
		"member is not user": {`"members":["` + lee + `"`, `"members":["` + topTeam + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(smallAccount, change[0], change[1], 1)
			if text == smallAccount {
				t.Fatal("the change does not apply")
			}
			if _, err := emulator.ParseAccount(strings.NewReader(text)); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}

func TestJoiners(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"joiners-300.csv", "joiners-hris-export.csv", "joiners-messy.csv"} {
		f, err := emulator.Joiners.Open(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if info, err := f.Stat(); err != nil || info.Size() == 0 {
			t.Errorf("%s is empty: %v", name, err)
		}
		_ = f.Close()
	}
}
