package handlers_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// statusOf is the status of a user by the account file, without the code under test.
func statusOf(u emulator.AccountUser) string {
	switch {
	case u.InvitationPending:
		return "pending"
	case u.IsActive:
		return "active"
	default:
		return "inactive"
	}
}

// chosen are the ids of the account's users that keep says yes to, sorted.
func chosen(a *emulator.Account, keep func(emulator.AccountUser) bool) []string {
	var out []string
	for _, u := range a.Users {
		if keep(u) {
			out = append(out, u.ID)
		}
	}
	slices.Sort(out)
	return out
}

// everybody reads a list of users page by page, by the link to the next one, and returns the ids in the order shown.
func everybody(t *testing.T, c *handlertest.Client, path string) []string {
	t.Helper()
	var out []string
	for pages := 0; path != ""; pages++ {
		if pages > 100 {
			t.Fatal("the pages do not end")
		}
		doc := c.Get(path).Doc()
		out = append(out, ids(doc, "user-row", "data-id")...)
		path = ""
		if next := doc.Find(`a[rel="next"]`); len(next) == 1 {
			path = next[0].Attr("href")
		}
	}
	return out
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func dataCount(t *testing.T, doc *htmltest.Doc, testID string) int {
	t.Helper()
	n, err := strconv.Atoi(doc.MustOne(`[data-testid="` + testID + `"]`).Attr("data-count"))
	if err != nil {
		t.Fatalf("%s: %v", testID, err)
	}
	return n
}

// tabCounts reads the numbers beside the choices of status.
func tabCounts(doc *htmltest.Doc) map[string]string {
	out := map[string]string{}
	for _, tab := range []string{"default", "active", "pending", "inactive", "all"} {
		out[tab] = doc.MustOne(`[data-testid="status-` + tab + `"] .tab-count`).Text()
	}
	return out
}

func TestUsersListIsTheAccount(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	account := emulator.DefaultAccount()

	doc := hr.Get(route.Users).Doc()
	want := map[string]string{"default": "1,200", "active": "1,136", "pending": "64", "inactive": "76", "all": "1,276"}
	if diff := cmp.Diff(want, tabCounts(doc)); diff != "" {
		t.Errorf("numbers by status (-want +got):\n%s", diff)
	}
	if got := doc.MustOne(`[data-testid="page-title"]`).Text(); !strings.Contains(got, "1,276") {
		t.Errorf("title %q, want the number of all users in it", got)
	}
	if got := doc.Count(`[data-testid="user-row"]`); got != 50 {
		t.Errorf("%d rows on the first page, want 50", got)
	}
	for _, tc := range []struct {
		name, query string
		keep        func(emulator.AccountUser) bool
	}{
		{"active and pending by default", "size=100", func(u emulator.AccountUser) bool { return statusOf(u) != "inactive" }},
		{"everybody", "status=all&size=100", func(emulator.AccountUser) bool { return true }},
		{"active", "status=active&size=100", func(u emulator.AccountUser) bool { return statusOf(u) == "active" }},
		{"pending, pages of 25", "status=pending&size=25", func(u emulator.AccountUser) bool { return statusOf(u) == "pending" }},
		{"inactive, pages of 50", "status=inactive&size=50", func(u emulator.AccountUser) bool { return statusOf(u) == "inactive" }},
		{"a status that does not exist is left out", "status=gone&size=100", func(u emulator.AccountUser) bool { return statusOf(u) != "inactive" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := everybody(t, hr, route.Users+"?"+tc.query)
			if diff := cmp.Diff(chosen(account, tc.keep), sorted(got)); diff != "" {
				t.Errorf("everybody exactly once (-want +got):\n%s", diff)
			}
		})
	}
	for _, tc := range []struct {
		name, query string
		want        int
	}{
		{"25", "size=25", 25}, {"100", "size=100", 100}, {"another size is 50", "size=7", 50}, {"words are 50", "size=all", 50},
		{"behind the end is the last page", "page=999&size=100", 100}, {"a negative page is the first", "page=-1&size=25", 25},
	} {
		t.Run("page size "+tc.name, func(t *testing.T) {
			if got := hr.Get(route.Users + "?" + tc.query).Doc().Count(`[data-testid="user-row"]`); got != tc.want {
				t.Errorf("%d rows, want %d", got, tc.want)
			}
		})
	}
}

func TestUsersSearchAndFilters(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	account := emulator.DefaultAccount()
	shown := func(u emulator.AccountUser) bool { return statusOf(u) != "inactive" }
	muller := chosen(account, func(u emulator.AccountUser) bool { return shown(u) && u.LastName == "Müller" })
	if len(muller) < 2 {
		t.Fatal("the account has no Müllers, so this test shows nothing")
	}
	sub := subTree(account, p.Team("SIG Autoscaling").ID)
	inTeams := func(teams []id.Team) []string {
		in := map[string]bool{}
		for _, team := range account.Teams {
			if slices.Contains(teams, id.Team(team.ID)) {
				for _, m := range team.Members {
					in[m] = true
				}
			}
		}
		return chosen(account, func(u emulator.AccountUser) bool { return in[u.ID] && shown(u) })
	}
	contributor := "828ab3dc6c9743be5632d4ef"
	for _, tc := range []struct {
		name  string
		query url.Values
		want  []string
	}{
		{"muller", url.Values{"q": {"muller"}}, muller},
		{"MÜLLER", url.Values{"q": {"MÜLLER"}}, muller},
		{"decomposed", url.Values{"q": {"Mu\u0308ller"}}, muller},
		{"spaces around", url.Values{"q": {"  müller "}}, muller},
		{"two words in any order", url.Values{"q": {"müller zhen"}}, []string{string(p.User(handlertest.HR.Email).ID)}},
		{"an address", url.Values{"q": {"zhen.muller@northwind.example"}}, []string{string(p.User(handlertest.HR.Email).ID)}},
		{"nobody", url.Values{"q": {"nobody at all"}}, nil},
		{"not UTF-8", url.Values{"q": {"müller\xff"}}, muller},
		{"role", url.Values{"role": {contributor}}, chosen(account, func(u emulator.AccountUser) bool { return shown(u) && slices.Contains(u.RoleIDs, contributor) })},
		{"role and status", url.Values{"role": {contributor}, "status": {"pending"}}, chosen(account, func(u emulator.AccountUser) bool {
			return statusOf(u) == "pending" && slices.Contains(u.RoleIDs, contributor)
		})},
		{"a role that does not exist", url.Values{"role": {"000000000000000000000000"}}, nil},
		{"team", url.Values{"team": {string(sub[0])}}, inTeams(sub[:1])},
		{"team with sub-teams", url.Values{"team": {string(sub[0])}, "sub": {"on"}}, inTeams(sub)},
		{"a malformed team is left out", url.Values{"team": {"../x"}, "q": {"muller"}}, muller},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.query.Set("size", "100")
			path := route.With(route.Users, tc.query)
			if diff := cmp.Diff(tc.want, sorted(everybody(t, hr, path))); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			doc := hr.Get(path).Doc()
			if got := dataCount(t, doc, "users-count"); got != len(tc.want) {
				t.Errorf("count %d, want %d", got, len(tc.want))
			}
			if empty := doc.Count(`[data-testid="users-empty"]`) == 1; empty != (len(tc.want) == 0) {
				t.Errorf("empty state %t with %d matches", empty, len(tc.want))
			}
		})
	}
	if len(inTeams(sub)) <= len(inTeams(sub[:1])) {
		t.Error("the sub-teams have nobody of their own, so this test shows nothing")
	}
}

// subTree are a team and all teams below it by the account file, the team first.
func subTree(a *emulator.Account, top id.Team) []id.Team {
	out := []id.Team{top}
	for i := 0; i < len(out); i++ {
		for _, t := range a.Teams {
			if t.ParentID == string(out[i]) {
				out = append(out, id.Team(t.ID))
			}
		}
	}
	return out
}

func TestUsersSort(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	column := func(query, selector string) []string {
		var out []string
		for path := route.Users + "?status=all&size=100&" + query; path != ""; {
			doc := hr.Get(path).Doc()
			for _, row := range doc.Find(`[data-testid="user-row"]`) {
				out = append(out, row.MustOne(selector).Text())
			}
			path = ""
			if next := doc.Find(`a[rel="next"]`); len(next) == 1 {
				path = next[0].Attr("href")
			}
		}
		return out
	}
	names := column("sort=name", ".person-name")
	back := column("sort=-name", ".person-name")
	slices.Reverse(back)
	if diff := cmp.Diff(names, back); diff != "" || len(names) != 1276 {
		t.Errorf("by name there and back: %d names (-there +back):\n%s", len(names), diff)
	}
	ranks := map[string]int{"active": 0, "pending": 1, "inactive": 2}
	byRank := func(a, b string) int { return ranks[a] - ranks[b] }
	if got := column("sort=status", `[data-testid="user-status"]`); !slices.IsSortedFunc(got, byRank) {
		t.Error("not sorted by status")
	}
	if got := column("sort=-status", `[data-testid="user-status"]`); !slices.IsSortedFunc(got, func(a, b string) int { return byRank(b, a) }) {
		t.Error("not sorted by status, descending")
	}
	for _, direction := range []struct {
		query string
		sign  int
	}{{"sort=invited", 1}, {"sort=-invited", -1}} {
		got := column(direction.query, `[data-label="Invited"]`)
		dates := got[:slices.Index(got, "–")]
		if len(dates) < 64 || slices.ContainsFunc(got[len(dates):], func(s string) bool { return s != "–" }) {
			t.Errorf("%s: %d dates before the first without; those without come last", direction.query, len(dates))
		}
		day := func(s string) time.Time {
			d, err := time.Parse("2 Jan 2006", s)
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		if !slices.IsSortedFunc(dates, func(a, b string) int { return direction.sign * day(a).Compare(day(b)) }) {
			t.Errorf("%s: not in order", direction.query)
		}
	}
	doc := hr.Get(route.Users + "?sort=-invited").Doc()
	if got := doc.MustOne(`th[aria-sort]`); got.Attr("aria-sort") != "descending" || !strings.Contains(got.Text(), "Invited") {
		t.Errorf("marked column %q %s", got.Text(), got.Attr("aria-sort"))
	}
	if got := hr.Get(route.Users + "?sort=nonsense").Doc().MustOne(`th[aria-sort]`).Text(); got != "Person" {
		t.Errorf("an unknown order marks %q", got)
	}
}

func TestUsersKeepTheirAddress(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	team := p.Team("Milestone Maintainers").ID
	all := url.Values{"q": {"an"}, "status": {"all"}, "role": {"828ab3dc6c9743be5632d4ef"}, "team": {string(team)}, "sub": {"on"}, "sort": {"-name"}, "size": {"25"}, "page": {"2"}}
	doc := p.As(handlertest.HR).Get(route.With(route.Users, all)).Doc()
	htmltest.CheckPage(t, doc)
	without := func(names ...string) url.Values {
		v := maps.Clone(all)
		for _, n := range names {
			v.Del(n)
		}
		return v
	}
	for _, tc := range []struct {
		name, selector string
		may            []string // parameters that the link changes; page is among them everywhere but in the pager
	}{
		{"status", ".switch a", []string{"status", "page"}},
		{"order", "th a.sort", []string{"sort", "page"}},
		{"pages", ".pager .btn-list a", []string{"page"}},
		{"sizes", ".pager-sizes a", []string{"size", "page"}},
		{"chips", ".chip-remove", []string{"q", "role", "team", "sub", "page"}},
	} {
		links := doc.Find(tc.selector)
		if len(links) < 2 {
			t.Fatalf("%s: %d links", tc.name, len(links))
		}
		for _, l := range links {
			u, err := url.Parse(l.Attr("href"))
			if err != nil {
				t.Fatal(err)
			}
			got := u.Query()
			if tc.name != "pages" && got.Has("page") {
				t.Errorf("%s: %s keeps the page", tc.name, u)
			}
			for _, n := range tc.may {
				got.Del(n)
			}
			if diff := cmp.Diff(without(tc.may...), got); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", tc.name, u, diff)
			}
		}
	}
	fields := func(selector string) url.Values {
		v := url.Values{}
		for _, n := range doc.Find(selector) {
			v.Add(n.Attr("name"), n.Attr("value"))
		}
		return v
	}
	if diff := cmp.Diff(without("page"), fields(".search input")); diff != "" {
		t.Errorf("a search keeps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(without("page", "role", "team", "sub"), fields(`input[form="users-filters"]`)); diff != "" {
		t.Errorf("the filters keep (-want +got):\n%s", diff)
	}
	if got := doc.MustOne(`#users-list input[form="users-filters"][name="q"]`).Attr("value"); got != "an" {
		t.Errorf("what was typed must come with the list, so that it is never older than the list: %q", got)
	}
}

func TestUsersFragmentIsTheListOnly(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	team := p.Team("Website Maintainers").ID
	for _, tc := range []struct{ path, target string }{
		{route.Users + "?q=muller", "#users-list"},
		{route.Users + "?q=nobody+at+all", "#users-list"},
		{route.Teams + "?q=auto", "#teams-tree"},
		{route.Team(team) + "?q=an", "#team-members"},
		{route.TeamAdd(team) + "?q=an", "#people"},
		{route.TeamAdd(team), "#people"},
	} {
		whole := hr.Get(tc.path)
		asks := p.As(handlertest.HR)
		asks.HTMX = true
		part := asks.Get(tc.path)
		doc := part.Doc()
		htmltest.CheckFragment(t, doc)
		if part.Status != http.StatusOK || doc.Count("h1, nav[aria-label=Main], script, title") > 0 || !strings.HasPrefix(strings.TrimSpace(part.Body), `<div id="`+tc.target[1:]+`"`) {
			t.Errorf("%s: status %d, not only the list:\n%.300s", tc.path, part.Status, part.Body)
		}
		if got, want := doc.MustOne(tc.target).Text(), whole.Doc().MustOne(tc.target).Text(); got != want {
			t.Errorf("%s: part and page differ:\n%s\n%s", tc.path, got, want)
		}
		search := whole.Doc().MustOne("form.search")
		if search.Attr("hx-target") != tc.target || search.Attr("hx-select") != tc.target {
			t.Errorf("%s: the search replaces %s with %s", tc.path, search.Attr("hx-target"), search.Attr("hx-select"))
		}
		if part.Header.Get("Vary") != "HX-Request" {
			t.Errorf("%s: Vary %q", tc.path, part.Header.Get("Vary"))
		}
	}
}

// sameAnswer fails unless two answers differ in nothing but the reference of the error.
func sameAnswer(t *testing.T, what string, a, b *handlertest.Page) {
	t.Helper()
	plain := func(p *handlertest.Page) string {
		return strings.ReplaceAll(p.Body, p.Doc().MustOne(`[data-testid="error-reference"]`).Text(), "")
	}
	if a.Status != http.StatusNotFound || b.Status != http.StatusNotFound || plain(a) != plain(b) || len(a.Body) != len(b.Body) {
		t.Errorf("%s: %d (%d bytes) and %d (%d bytes), want the same 404", what, a.Status, len(a.Body), b.Status, len(b.Body))
	}
}

func TestUsersOfALead(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	account := emulator.DefaultAccount()
	for _, v := range []handlertest.Viewpoint{handlertest.Lead, handlertest.LeadWithSub} {
		t.Run(v.Name, func(t *testing.T) {
			c, self := p.As(v), p.User(v.Email)
			scope, open := map[string]bool{string(self.ID): true}, map[string]bool{}
			for _, team := range account.Teams {
				if team.Manager == string(self.ID) {
					open[team.ID] = true
					for _, m := range team.Members {
						scope[m] = true
					}
				}
				if slices.Contains(team.Members, string(self.ID)) {
					open[team.ID] = true
				}
			}
			mine := chosen(account, func(u emulator.AccountUser) bool { return scope[u.ID] })
			if diff := cmp.Diff(mine, sorted(everybody(t, c, route.Users+"?status=all&size=100"))); diff != "" {
				t.Errorf("who is listed (-want +got):\n%s", diff)
			}
			doc := c.Get(route.Users).Doc()
			want := map[string]int{}
			for _, u := range account.Users {
				if scope[u.ID] {
					want[statusOf(u)]++
				}
			}
			counts := tabCounts(doc)
			for status, n := range want {
				if counts[status] != strconv.Itoa(n) {
					t.Errorf("%s %s, want %d", status, counts[status], n)
				}
			}
			if counts["all"] != strconv.Itoa(len(mine)) || !strings.HasSuffix(doc.MustOne(`[data-testid="page-title"]`).Text(), strconv.Itoa(len(mine))) {
				t.Errorf("all %s in %q, want %d", counts["all"], doc.MustOne(`[data-testid="page-title"]`).Text(), len(mine))
			}
			var offered []string
			for _, o := range doc.Find(`[data-testid="users-filter-team"] option`) {
				if o.Attr("value") != "" {
					offered = append(offered, o.Attr("value"))
				}
			}
			if diff := cmp.Diff(slices.Sorted(maps.Keys(open)), sorted(offered)); diff != "" {
				t.Errorf("teams of the filter (-want +got):\n%s", diff)
			}
			for _, team := range everyTeamNamed(doc) {
				if !slices.ContainsFunc(account.Teams, func(a emulator.AccountTeam) bool { return a.Name == team && open[a.ID] }) {
					t.Errorf("a row names the team %s", team)
				}
			}

			foreign := account.Users[slices.IndexFunc(account.Users, func(u emulator.AccountUser) bool { return !scope[u.ID] && u.IsActive })]
			other := account.Teams[slices.IndexFunc(account.Teams, func(a emulator.AccountTeam) bool { return !open[a.ID] && len(a.Members) > 0 })]
			for _, query := range []url.Values{{"q": {foreign.Email}, "status": {"all"}}, {"team": {other.ID}, "status": {"all"}}, {"team": {other.ID}, "sub": {"on"}}} {
				got := c.Get(route.With(route.Users, query))
				if doc := got.Doc(); dataCount(t, doc, "users-count") != 0 || strings.Contains(got.Body, other.Name) {
					t.Errorf("%v finds something", query)
				}
			}
			missing := "ffffffffffffffffffffffff"
			sameAnswer(t, "a foreign user", c.Get(route.User(foreign.ID)), c.Get(route.User(missing)))
			sameAnswer(t, "a malformed user", c.Get(route.User("zz")), c.Get(route.User(missing)))
			sameAnswer(t, "a foreign team", c.Get(route.Team(other.ID)), c.Get(route.Team(missing)))
			sameAnswer(t, "a malformed team", c.Get(route.Team("a'b")), c.Get(route.Team(missing)))
			sameAnswer(t, "people for a foreign team", c.Get(route.TeamAdd(other.ID)), c.Get(route.TeamAdd(missing)))
			for _, tab := range []string{"", "?tab=teams", "?tab=requests"} {
				if got := c.Get(route.User(foreign.ID) + tab); got.Status != http.StatusNotFound || strings.Contains(got.Body, foreign.LastName) {
					t.Errorf("%s of a foreign user: %d", tab, got.Status)
				}
			}
		})
	}
}

// everyTeamNamed are the names of teams in the rows of a list of users.
func everyTeamNamed(doc *htmltest.Doc) []string {
	var out []string
	for _, n := range doc.Find(`[data-testid="user-row"] [data-label="Teams"] .badge`) {
		if !strings.HasPrefix(n.Text(), "+") {
			out = append(out, n.Text())
		}
	}
	return out
}

func TestUserPage(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	member := p.User("catarina.singh@northwind.example")
	hr := p.As(handlertest.HR)
	doc := hr.Get(route.User(member.ID)).Doc()
	if got := doc.MustOne(`[data-testid="page-title"]`).Text(); got != "Catarina Singh" {
		t.Errorf("title %q", got)
	}
	if got := doc.MustOne(`[data-testid="user-state"]`).Attr("data-status"); got != "active" {
		t.Errorf("status %q", got)
	}
	if got := doc.MustOne(`[data-testid="user-overview"]`).Text(); !strings.Contains(got, "French") || !strings.Contains(got, "24 Mar 2023") {
		t.Errorf("overview: %s", got)
	}
	teams := hr.Get(route.User(member.ID) + "?tab=teams").Doc()
	var names []string
	for _, n := range teams.Find(`[data-testid="user-teams"] [data-testid="team-line"] a`) {
		names = append(names, n.Text())
	}
	if diff := cmp.Diff([]string{"Milestone Maintainers", "Release Team", "Release Team Leads"}, names); diff != "" {
		t.Errorf("teams (-want +got):\n%s", diff)
	}
	if got := teams.MustOne(`[data-testid="user-roles"]`).Text(); !strings.Contains(got, "Contributor") {
		t.Errorf("roles: %s", got)
	}

	// Requests are shown to those who may read them: HR sees the one of HR, the person's lead does not.
	website := p.Team("Website Maintainers").ID
	lead := p.As(handlertest.Lead)
	one := p.App.Directory.Current()
	team, _ := one.Team(website)
	about := team.Members[slices.IndexFunc(team.Members, func(u id.User) bool { return u != team.Manager })]
	post(t, p, hr, route.TeamMemberRemove(website, about), nil)
	post(t, p, hr, route.TeamMembers(website), url.Values{"user": {string(about)}})
	post(t, p, lead, route.TeamMemberRemove(website, about), nil)
	post(t, p, lead, route.TeamMembers(website), url.Values{"user": {string(about)}})
	for _, tc := range []struct {
		name string
		c    *handlertest.Client
		want int
	}{{"HR", hr, 4}, {"auditor", p.As(handlertest.Auditor), 4}, {"the lead sees the lead's own", lead, 2}} {
		doc := tc.c.Get(route.User(about) + "?tab=requests").Doc()
		if got := doc.Count(`[data-testid="home-change"]`); got != tc.want {
			t.Errorf("%s: %d requests, want %d", tc.name, got, tc.want)
		}
		if got := doc.MustOne(`[data-testid="tab-requests"] .tab-count`).Text(); got != strconv.Itoa(tc.want) {
			t.Errorf("%s: the tab says %s, want %d", tc.name, got, tc.want)
		}
		if got := tc.c.Get(route.Team(website)).Doc().Count(`[data-testid="team-requests"] [data-testid="home-change"]`); got != tc.want {
			t.Errorf("%s: the team lists %d requests, want %d", tc.name, got, tc.want)
		}
	}
}

func TestPagesWhileGtmhubIsAway(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	member, team := p.User(handlertest.Employee.Email), p.Team("Website Maintainers")
	if _, err := p.Emulator.AddFault(emulator.Fault{Effect: emulator.EffectStatus, Status: http.StatusServiceUnavailable}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ path, notice, shows string }{
		{route.User(member.ID), "user-notice", member.Email},
		{route.Team(team.ID), "team-notice", "29 people"},
	} {
		got := hr.Get(tc.path)
		doc := got.Doc()
		htmltest.CheckPage(t, doc)
		if text := doc.MustOne(`[data-testid="` + tc.notice + `"]`).Text(); got.Status != http.StatusOK || !strings.Contains(text, "did not answer") || !strings.Contains(got.Body, tc.shows) {
			t.Errorf("%s: status %d, notice %q", tc.path, got.Status, text)
		}
	}
	got := hr.Post(route.TeamMembers(team.ID), url.Values{"user": {string(member.ID)}})
	if got.Status != http.StatusServiceUnavailable {
		t.Errorf("a change while Gtmhub is away: status %d, want 503", got.Status)
	}
	p.Emulator.ClearFaults()
	if now := upstreamMembers(t, p, team.ID); slices.Contains(now, member.ID) {
		t.Error("the change was made although it was refused")
	}
}
