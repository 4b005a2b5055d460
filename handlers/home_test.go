package handlers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/route"
)

func TestHome(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	tiles := []string{"tile-active", "tile-pending", "tile-inactive", "tile-teams"}
	for _, tc := range []struct {
		v        handlertest.Viewpoint
		has, not []string
		says     []string
	}{
		{handlertest.HR, append([]string{"home-waiting", "home-mine", "home-member", "invite"}, tiles...), []string{"home-led", "home-empty"}, []string{"Hello, Zhen", "1,136", "64", "76", "314", "Nothing waits for you."}},
		{handlertest.Auditor, tiles, []string{"home-waiting", "invite", "home-mine", "home-empty"}, nil},
		{handlertest.Lead, []string{"home-led", "home-mine", "invite"}, append([]string{"home-waiting", "home-member"}, tiles...), []string{"Website Maintainers", "29", "You have made no requests yet."}},
		{handlertest.Employee, []string{"home-member"}, append([]string{"home-waiting", "home-mine", "home-led", "invite"}, tiles...), []string{"Release Team", "38 people"}},
		{handlertest.Approver, []string{"home-waiting"}, append([]string{"home-led", "invite"}, tiles...), nil},
		{handlertest.Operator, []string{"home-empty"}, append([]string{"home-waiting", "home-led", "invite"}, tiles...), []string{"not linked to a Gtmhub user"}},
	} {
		t.Run(tc.v.Name, func(t *testing.T) {
			doc := p.As(tc.v).Get(route.Home).Doc()
			for _, testID := range tc.has {
				if doc.Count(`[data-testid="`+testID+`"]`) != 1 {
					t.Errorf("no %s", testID)
				}
			}
			for _, testID := range tc.not {
				if doc.Count(`[data-testid="`+testID+`"]`) != 0 {
					t.Errorf("there is %s", testID)
				}
			}
			for _, want := range tc.says {
				if !strings.Contains(doc.Text(), want) {
					t.Errorf("does not say %q", want)
				}
			}
			for _, a := range doc.Find("main a") {
				if got := p.As(tc.v).Get(a.Attr("href")); strings.HasPrefix(a.Attr("href"), "/") && got.Status != http.StatusOK {
					t.Errorf("%s leads to %d", a.Attr("href"), got.Status)
				}
			}
		})
	}
	// What waits is named, newest first, with a way to the rest.
	lead, hr := p.As(handlertest.Lead), p.As(handlertest.HR)
	for range 6 {
		submit(t, p, lead, invitation(p, 1))
	}
	doc := hr.Get(route.Home).Doc()
	if got := doc.Count(`[data-testid="home-waiting"] [data-testid="home-change"][data-state="waiting"]`); got != 5 {
		t.Errorf("%d requests are named, want 5", got)
	}
	if got := doc.MustOne(`[data-testid="home-waiting-all"]`); got.Text() != "All 6" || hr.Get(got.Attr("href")).Doc().Count(`[data-testid="change"]`) != 6 {
		t.Errorf("the rest: %q, %s", got.Text(), got.Attr("href"))
	}
	if got := lead.Get(route.Home).Doc().Count(`[data-testid="home-mine"] [data-testid="home-change"]`); got != 5 {
		t.Errorf("the lead's own: %d, want 5", got)
	}
}

// TestPagesForEverybody draws every page of people and teams for every viewpoint, the refusals among them.
func TestPagesForEverybody(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	user, team := p.User(handlertest.Employee.Email).ID, p.Team("Website Maintainers").ID
	lone := p.Team("SIG Multicluster Test Failures").ID
	for _, v := range handlertest.Viewpoints() {
		t.Run(v.Name, func(t *testing.T) {
			c := p.As(v)
			for _, path := range []string{
				route.Home, route.Me, route.Users, route.Users + "?q=muller&status=all", route.Users + "?q=nobody+at+all", route.Users + "?team=" + string(team) + "&sub=on&role=ffffffffffffffffffffffff",
				route.User(user), route.User(user) + "?tab=teams", route.User(user) + "?tab=requests", route.User("ffffffffffffffffffffffff"),
				route.Teams, route.Teams + "?q=sig", route.Team(team), route.Team(team) + "?q=zzzz", route.Team(lone), route.TeamAdd(team), route.TeamAdd(team) + "?q=an", route.TeamAdd(team) + "?q=zzzz",
			} {
				got := c.Get(path)
				if got.Status >= http.StatusInternalServerError {
					t.Errorf("%s: status %d", path, got.Status)
				}
				if got.Status != http.StatusSeeOther {
					htmltest.CheckPage(t, got.Doc())
				}
			}
		})
	}
}

// smallAccount is the built-in one with a few people and no teams: HR, a lead, an employee, and an administrator, for
// whom the service token stands.
func smallAccount() *emulator.Account {
	a := emulator.DefaultAccount()
	a.Teams = nil
	a.Users = slices.DeleteFunc(a.Users, func(u emulator.AccountUser) bool {
		return !slices.Contains([]string{handlertest.HR.Email, handlertest.Lead.Email, handlertest.Employee.Email, "pierre.weber@northwind.example"}, u.Email)
	})
	return a
}

// hostile are names that people have given themselves.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'; DROP TABLE user; --`, `</title></head><h1>`, `{{7*7}}`, "\u202Egnihtemos", `javascript:alert(1)`, `=HYPERLINK("http://x")`,
	strings.Repeat("Wolfeschlegelsteinhausenbergerdorff", 8), "אברהם בן־דוד", "李小龍",
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	account := smallAccount()
	at := func(email string) string {
		return account.Users[slices.IndexFunc(account.Users, func(u emulator.AccountUser) bool { return u.Email == email })].ID
	}
	hexID := func(n int) string { return strings.Repeat("0", 22) + string("abcdef"[n/6]) + string("abcdef"[n%6]) }
	viewer := &account.Roles[len(account.Roles)-1]
	viewer.Name, viewer.Description = hostile[0], hostile[1]
	var members []string
	for i, name := range hostile {
		account.Users = append(account.Users, emulator.AccountUser{ID: hexID(i), Email: "mean" + hexID(i)[22:] + "@northwind.example", FirstName: name, LastName: name, Language: "en", IsActive: true,
			InvitationPending: i%2 == 0, DateInvited: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), RoleIDs: []string{viewer.ID}})
		members = append(members, hexID(i))
	}
	for i, name := range hostile {
		team := emulator.AccountTeam{ID: hexID(i + 18), Name: name, Description: name, Manager: at(handlertest.Lead.Email), Members: append(slices.Clone(members), at(handlertest.Employee.Email)), IsActive: true}
		if i > 0 {
			team.ParentID = hexID(i + 17)
		}
		account.Teams = append(account.Teams, team)
	}
	p := handlertest.New(t, handlertest.Options{Account: account})
	for _, v := range []handlertest.Viewpoint{handlertest.HR, handlertest.Lead, handlertest.Employee} {
		c := p.As(v)
		for _, path := range []string{route.Home, route.Users, route.Users + "?q=%3Cscript%3E&role=" + viewer.ID + "&team=" + hexID(18) + "&sub=on", route.Team(hexID(18)), route.Team(hexID(26)),
			route.TeamAdd(hexID(18)) + "?q=script", route.User(members[0]), route.User(members[1]) + "?tab=teams", route.User(members[8])} {
			got := c.Get(path)
			doc := got.Doc()
			htmltest.CheckPage(t, doc)
			for _, n := range doc.Find("script") {
				if n.Attr("src") == "" {
					t.Errorf("%s as %s: a script of somebody's name", path, v.Name)
				}
			}
			if n := doc.Count("main img, main h1 h1, main script"); n != 0 {
				t.Errorf("%s as %s: %d elements of somebody's name", path, v.Name, n)
			}
		}
	}
	if got := p.As(handlertest.HR).Get(route.Users).Doc().Text(); !strings.Contains(got, hostile[0]+" "+hostile[0]) {
		t.Error("the name is not shown as it is")
	}
}

func TestEmptyStates(t *testing.T) {
	t.Parallel()
	account := smallAccount()
	lead := account.Users[slices.IndexFunc(account.Users, func(u emulator.AccountUser) bool { return u.Email == handlertest.Lead.Email })]
	employee := account.Users[slices.IndexFunc(account.Users, func(u emulator.AccountUser) bool { return u.Email == handlertest.Employee.Email })]
	account.Teams = []emulator.AccountTeam{{ID: "0000000000000000000000aa", Name: "New Team", Manager: lead.ID, Members: []string{}, IsActive: true}}
	p := handlertest.New(t, handlertest.Options{Account: account})
	for _, tc := range []struct {
		v            handlertest.Viewpoint
		path, testID string
		says         string
	}{
		{handlertest.Employee, route.Home, "home-empty", "You are in no team yet"},
		{handlertest.Employee, route.Teams, "teams-empty", "You are in no team yet"},
		{handlertest.Lead, route.Team("0000000000000000000000aa"), "members-empty", "Add the first person."},
		{handlertest.HR, route.Team("0000000000000000000000aa"), "members-empty", "No members yet"},
		{handlertest.HR, route.Users + "?status=inactive", "users-empty", "Nobody matches"},
		{handlertest.HR, route.User(employee.ID) + "?tab=teams", "user-no-teams", "In no team"},
	} {
		got := p.As(tc.v).Get(tc.path)
		doc := got.Doc()
		htmltest.CheckPage(t, doc)
		if text := doc.MustOne(`[data-testid="` + tc.testID + `"]`).Text(); got.Status != http.StatusOK || !strings.Contains(text, tc.says) {
			t.Errorf("%s as %s: %q, want %q", tc.path, tc.v.Name, text, tc.says)
		}
	}
}
