package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// upstream is a client of the emulated Gtmhub beside the portal: what somebody does in Gtmhub itself.
func upstream(t *testing.T, p *handlertest.Portal) *gtmhub.Client {
	t.Helper()
	server := httptest.NewServer(p.Emulator)
	t.Cleanup(server.Close)
	c, err := gtmhub.New(gtmhub.Options{BaseURL: server.URL + "/results/api", AccountID: p.Emulator.AccountID(), Token: gtmhub.StaticToken("service-token"), RatePerSecond: 1000, MaxInFlight: 4})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// upstreamMembers are the members of a team as Gtmhub has them.
func upstreamMembers(t *testing.T, p *handlertest.Portal, team id.Team) []id.User {
	t.Helper()
	got, err := upstream(t, p).Teams.Get(t.Context(), gtmhub.ID(team))
	if err != nil {
		t.Fatal(err)
	}
	var out []id.User
	for _, m := range got.Members {
		out = append(out, id.User(m))
	}
	slices.Sort(out)
	return out
}

// copyMembers are the members of a team as the directory has them.
func copyMembers(t *testing.T, p *handlertest.Portal, team id.Team) []id.User {
	t.Helper()
	got, ok := p.App.Directory.Current().Team(team)
	if !ok {
		t.Fatalf("the directory has no team %s", team)
	}
	out := slices.Clone(got.Members)
	slices.Sort(out)
	return out
}

// post sends a form that must be accepted, waits for the change if the answer leads to one that is still running, and
// returns the answer.
func post(t *testing.T, p *handlertest.Portal, c *handlertest.Client, path string, form url.Values) *handlertest.Page {
	t.Helper()
	got := c.Post(path, form)
	if got.Status != http.StatusSeeOther {
		t.Fatalf("POST %s: status %d, want 303", path, got.Status)
	}
	if change, ok := strings.CutPrefix(got.Location(), route.Changes+"/"); ok {
		p.WaitFor(id.Change(change))
	}
	return got
}

func effects(p *handlertest.Portal) int {
	n := 0
	for _, m := range p.Emulator.Counts().Effects {
		n += m
	}
	return n
}

// TestTeamsTree: the tree, what is remembered of it, and the list with its ticks.
func TestTeamsTree(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	account := emulator.DefaultAccount()
	hr := p.As(handlertest.HR)
	doc := hr.Get(route.Teams).Doc()
	if got := doc.Count(`[data-testid="tree"] li`); got != len(account.Teams) {
		t.Errorf("%d teams in the tree, want %d", got, len(account.Teams))
	}
	if got := doc.Count(`[data-testid="tree"] details[open]`); got != 0 {
		t.Errorf("%d branches are open at first", got)
	}
	branches := func(c *handlertest.Client, path string) (all, open int) {
		doc := c.Get(path).Doc()
		return doc.Count(`[data-testid="tree"] details`), doc.Count(`[data-testid="tree"] details[open]`)
	}
	opens := func(c *handlertest.Client, form url.Values) {
		t.Helper()
		if got := c.Post(route.TeamsOpen, form); got.Status != http.StatusSeeOther {
			t.Fatalf("remember %v: %d", form, got.Status)
		}
	}
	// What a person opens is remembered for them, on another device too, and for nobody else.
	sig, other := string(p.Team("SIG Autoscaling").ID), string(p.Team("SIG Release").ID)
	opens(hr, url.Values{"open": {sig, other, "ffffffffffffffffffffffff", "<script>"}})
	opens(hr, url.Values{"close": {other}})
	doc = hr.Again("another device").Get(route.Teams).Doc()
	if n := doc.Count(`[data-testid="tree"] details[open]`); n != 1 || doc.Count("#below-"+sig+"[open]") != 1 {
		t.Errorf("%d branches are open, want the one that was opened", n)
	}
	if _, open := branches(p.As(handlertest.HRApprover), route.Teams); open != 0 {
		t.Errorf("%d branches are open for somebody else", open)
	}
	if doc := hr.Get(route.Teams + "?under=" + sig).Doc(); doc.Count(`[data-testid="tree"] li`) != 13 || doc.Count("#below-"+sig+"[open]") != 1 || doc.Count("[data-testid=teams-under]") != 1 {
		t.Error("the part of the tree is not as it should be")
	}
	hr.HTMX = true
	if got := hr.Post(route.TeamsOpen, url.Values{"close": {sig}}); got.Status != http.StatusNoContent {
		t.Errorf("in the background: %d", got.Status)
	}
	hr.HTMX = false
	for _, word := range []string{"open", "close"} {
		opens(hr, url.Values{"all": {word}})
		if all, open := branches(hr, route.Teams); all == 0 || word == "open" && open != all || word == "close" && open != 0 {
			t.Errorf("%s all: %d of %d branches are open", word, open, all)
		}
	}
	// For those who see few teams the tree starts open, and stays closed where they close it.
	sub := p.As(handlertest.LeadWithSub)
	if all, open := branches(sub, route.Teams); all == 0 || open != all {
		t.Errorf("a lead: %d of %d branches are open at first", open, all)
	}
	opens(sub, url.Values{"close": {sig}})
	if got := sub.Get(route.Teams).Doc(); got.Count("#below-"+sig) != 1 || got.Count("#below-"+sig+"[open]") != 0 {
		t.Error("the branch that a lead closed is open again")
	}
	employee := p.As(handlertest.Employee)
	opens(employee, url.Values{"close": {sig}})
	if kept, err := p.App.Store.UserLists().Teams(t.Context(), directory.Owner{Issuer: employee.Session.Issuer, Subject: employee.Session.Subject}, directory.TurnedTeams); err != nil || len(kept) != 0 {
		t.Errorf("a team that the person does not see is kept: %v, %v", kept, err)
	}

	doc = hr.Get(route.Teams).Doc()
	top := p.Team("SIG Autoscaling")
	line := doc.MustOne(`#node-` + string(top.ID) + ` > .tree-line`).Text()
	for _, want := range []string{"SIG Autoscaling", "Rahul Agarwal", "12 sub-teams", "31 people", "39 with sub-teams"} {
		if !strings.Contains(line, want) {
			t.Errorf("line %q lacks %q", line, want)
		}
	}
	if got := doc.MustOne(`#node-` + string(p.Team("SIG Multicluster Test Failures").ID) + ` > .tree-line`).Text(); !strings.Contains(got, "no manager") {
		t.Errorf("a team without manager: %q", got)
	}

	found := hr.Get(route.Teams + "?q=FEATURE+autoscaling").Doc() // the branch is closed, and the search opens it
	if got := dataCount(t, found, "teams-count"); got != 1 {
		t.Errorf("%d teams found, want 1", got)
	}
	if got := found.MustOne(`[data-testid="tree"] [aria-current="true"]`).Text(); got != "SIG Autoscaling Feature Requests" {
		t.Errorf("marked: %q", got)
	}
	if got := found.MustOne(`[data-testid="tree"] details[open] a`).Text(); got != "SIG Autoscaling Feature Requests" {
		t.Errorf("the way to the match is not open, but shows %q", got)
	}
	if doc := hr.Get(route.Teams + "?q=no+such+team").Doc(); doc.Count(`[data-testid="teams-empty"]`) != 1 || dataCount(t, doc, "teams-count") != 0 {
		t.Error("no match and no word about it")
	}

	for _, tc := range []struct {
		v    handlertest.Viewpoint
		want []string
	}{
		{handlertest.Lead, []string{"Website Maintainers", "Website Milestone Maintainers"}},
		{handlertest.Employee, []string{"Milestone Maintainers", "Release Team", "Release Team Leads"}},
	} {
		doc := p.As(tc.v).Get(route.Teams).Doc()
		var got []string
		for _, a := range doc.Find(`[data-testid="tree"] .tree-name a`) {
			got = append(got, a.Text())
		}
		slices.Sort(got)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.v.Name, diff)
		}
		if n := dataCount(t, p.As(tc.v).Get(route.Teams+"?q=autoscaling").Doc(), "teams-count"); n != 0 {
			t.Errorf("%s finds %d foreign teams", tc.v.Name, n)
		}
	}
	bulkTeams(t, p)
}

func TestTeamPage(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	big := p.Team("Provider AWS")

	var seen []id.User
	for path := route.Team(big.ID) + "?size=25"; path != ""; {
		doc := hr.Get(path).Doc()
		for _, m := range ids(doc, "member-row", "data-id") {
			seen = append(seen, id.User(m))
		}
		path = ""
		if next := doc.Find(`a[rel="next"]`); len(next) == 1 {
			path = next[0].Attr("href")
		}
	}
	slices.Sort(seen)
	if diff := cmp.Diff(upstreamMembers(t, p, big.ID), seen); diff != "" {
		t.Errorf("members over all pages (-gtmhub +portal):\n%s", diff)
	}
	doc := hr.Get(route.Team(big.ID)).Doc()
	if got := doc.MustOne(`[data-testid="team-members"] .block-subtitle`).Text(); got != "123 people, 5 not signed in yet, 6 inactive" {
		t.Errorf("about the members: %q", got)
	}
	if got := doc.MustOne(`[data-testid="team-manager"]`).Text(); !strings.Contains(got, "Alice Marković") {
		t.Errorf("manager: %q", got)
	}
	if got := doc.MustOne(`[data-testid="team-subteams"]`).Text(); !strings.Contains(got, "Provider AWS Misc") {
		t.Errorf("sub-teams: %q", got)
	}
	if got := dataCount(t, hr.Get(route.Team(big.ID)+"?q=marković").Doc(), "members-count"); got == 0 || got == 123 {
		t.Errorf("a search among the members finds %d", got)
	}
	if got := hr.Get(route.Team(p.Team("SIG Multicluster Test Failures").ID)).Doc().MustOne(`[data-testid="team-manager"]`).Text(); got != "no manager" {
		t.Errorf("manager of a team without one: %q", got)
	}

	// Crumbs lead up the tree, and only through teams that the person may open.
	crumbs := func(c *handlertest.Client, team string) []string {
		var out []string
		for _, a := range c.Get(route.Team(p.Team(team).ID)).Doc().Find(`nav[aria-label="Breadcrumb"] a, nav[aria-label="You are here"] a`) {
			out = append(out, a.Text())
		}
		return out
	}
	if diff := cmp.Diff([]string{"Teams", "SIG Docs"}, crumbs(hr, "Website Maintainers")); diff != "" {
		t.Errorf("crumbs of HR (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Teams"}, crumbs(p.As(handlertest.Lead), "Website Maintainers")); diff != "" {
		t.Errorf("crumbs of the lead (-want +got):\n%s", diff)
	}

	// The lead has the buttons; a member reads names, no addresses, and why there are no buttons.
	lead := p.As(handlertest.Lead).Get(route.Team(p.Team("Website Maintainers").ID)).Doc()
	if lead.Count(`[data-testid="add-member"]`) != 1 || lead.Count(`[data-testid="remove-member"]`) != 29 || lead.Count(`[data-testid="team-why"]`) != 0 {
		t.Error("the lead lacks buttons")
	}
	release := hr.Get(route.Team(p.Team("Release Team Leads").ID)).Doc()
	read := p.As(handlertest.Employee).Get(route.Team(p.Team("Release Team Leads").ID))
	member := read.Doc()
	if member.Count(`[data-testid="add-member"], [data-testid="remove-member"], [data-testid="team-requests"]`) != 0 {
		t.Error("a member has buttons or sees requests")
	}
	if got := member.MustOne(`[data-testid="team-why"]`).Text(); !strings.Contains(got, "Only HR and team leads") {
		t.Errorf("why: %q", got)
	}
	if a, b := member.Count(`[data-testid="member-row"]`), release.Count(`[data-testid="member-row"]`); a != b || a == 0 {
		t.Errorf("a member sees %d people of %d", a, b)
	}
	for _, n := range release.Find(`[data-testid="member-row"] .person-mail`) {
		if n.Text() != handlertest.Employee.Email && strings.Contains(read.Body, n.Text()) {
			t.Errorf("a member reads the address %s", n.Text())
		}
	}
	for _, a := range member.Find(`[data-testid="member-row"] a`) {
		if got := p.As(handlertest.Employee).Get(a.Attr("href")).Status; got != http.StatusOK {
			t.Errorf("a link of the page leads to %d", got)
		}
	}
}

func TestChangeMembers(t *testing.T) {
	t.Parallel()
	for _, v := range []handlertest.Viewpoint{handlertest.Lead, handlertest.HR} {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p := handlertest.New(t)
			c, team, who := p.As(v), p.Team("Website Maintainers"), p.User(handlertest.Employee.Email)
			before := upstreamMembers(t, p, team.ID)
			with := slices.Sorted(slices.Values(append(slices.Clone(before), who.ID)))
			same := func(when string, want []id.User) {
				t.Helper()
				if diff := cmp.Diff(want, upstreamMembers(t, p, team.ID)); diff != "" {
					t.Errorf("%s, in Gtmhub (-want +got):\n%s", when, diff)
				}
				if diff := cmp.Diff(want, copyMembers(t, p, team.ID)); diff != "" {
					t.Errorf("%s, in the directory (-want +got):\n%s", when, diff)
				}
			}

			finder := c.Get(route.TeamAdd(team.ID) + "?q=catarina+singh").Doc()
			button := finder.MustOne(`[data-testid="person-found"][data-id="` + string(who.ID) + `"] form`)
			got := post(t, p, c, button.Attr("action"), url.Values{"user": {button.MustOne(`input[name="user"]`).Attr("value")}})
			same("added", with)
			if got.Location() == route.Team(team.ID) {
				doc := c.Get(got.Location()).Doc()
				if text := doc.Text(); !strings.Contains(text, "Catarina Singh is now in Website Maintainers.") {
					t.Error("nothing says that it was done")
				}
			}
			if doc := c.Get(route.Team(team.ID) + "?q=catarina.singh").Doc(); doc.Count(`[data-testid="member-row"][data-id="`+string(who.ID)+`"]`) != 1 {
				t.Error("the page does not list the new member")
			}
			if doc := c.Get(route.TeamAdd(team.ID) + "?q=catarina+singh").Doc(); doc.Count(`[data-testid="already-member"]`) != 1 {
				t.Error("the finder still offers a member")
			}

			written := effects(p)
			got = post(t, p, c, route.TeamMembers(team.ID), url.Values{"user": {string(who.ID)}})
			if text := c.Get(got.Location()).Doc().Text(); !strings.Contains(text, "nothing to do") || effects(p) != written {
				t.Errorf("adding a member again: %d writes, want %d", effects(p), written)
			}

			got = post(t, p, c, route.TeamMemberRemove(team.ID, who.ID), nil)
			same("removed", before)
			if got.Location() == route.Team(team.ID) {
				if text := c.Get(got.Location()).Doc().Text(); !strings.Contains(text, "Catarina Singh is no longer in Website Maintainers.") {
					t.Error("nothing says that it was undone")
				}
			}
			if got.Location() == route.Team(team.ID) {
				post(t, p, c, route.TeamMembers(team.ID), url.Values{"user": {string(who.ID)}})
				c.Get(route.Home) // takes the message away
				got = post(t, p, c, route.TeamMemberRemove(team.ID, who.ID), nil)
				post(t, p, c, c.Get(got.Location()).Doc().MustOne(".toast-undo").Attr("action"), nil)
				c.Get(route.Home)
				if got := upstreamMembers(t, p, team.ID); !slices.Contains(got, who.ID) {
					t.Error("the way back does not bring back the person")
				}
				post(t, p, c, route.TeamMemberRemove(team.ID, who.ID), nil)
			}
			written = effects(p)
			post(t, p, c, route.TeamMemberRemove(team.ID, who.ID), nil)
			if effects(p) != written {
				t.Error("removing somebody who is not in wrote something")
			}
		})
	}
}

func TestChangeMembersWithHTMX(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	c := p.As(handlertest.Lead)
	c.HTMX = true
	team := p.Team("Website Maintainers")
	got := c.Post(route.TeamMembers(team.ID), url.Values{"user": {string(p.User(handlertest.Employee.Email).ID)}})
	if got.Status != http.StatusNoContent || !strings.HasPrefix(got.Header.Get("HX-Redirect"), "/") || got.Body != "" {
		t.Errorf("status %d, HX-Redirect %q, body %q", got.Status, got.Header.Get("HX-Redirect"), got.Body)
	}
}

func TestMembersThatCannotBeAdded(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	c, team := p.As(handlertest.HR), p.Team("Website Maintainers")
	before, written := upstreamMembers(t, p, team.ID), effects(p)
	gone := slices.IndexFunc(emulator.DefaultAccount().Users, func(u emulator.AccountUser) bool { return statusOf(u) == "inactive" })
	inactive := emulator.DefaultAccount().Users[gone]
	for _, tc := range []struct {
		name   string
		user   []string
		status int
		says   string
	}{
		{"deactivated", []string{inactive.ID}, http.StatusUnprocessableEntity, "The user is deactivated."},
		{"nobody of that id", []string{"ffffffffffffffffffffffff"}, http.StatusUnprocessableEntity, "There is no such user."},
		{"nobody chosen", nil, http.StatusUnprocessableEntity, "Choose a person first."},
		{"malformed", []string{"1'; drop"}, http.StatusNotFound, "There is no such person."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := c.Post(route.TeamMembers(team.ID), url.Values{"user": tc.user})
			doc := got.Doc()
			htmltest.CheckPage(t, doc)
			if got.Status != tc.status || !strings.Contains(doc.Text(), tc.says) {
				t.Errorf("status %d, want %d with %q", got.Status, tc.status, tc.says)
			}
		})
	}
	if doc := c.Get(route.TeamAdd(team.ID) + "?q=" + url.QueryEscape(inactive.Email)).Doc(); doc.Count(`[data-testid="person-found"]`) != 0 {
		t.Error("the finder offers somebody who is deactivated")
	}
	for _, q := range []string{"", "a", " a ", "   "} {
		if got := c.Get(route.TeamAdd(team.ID) + "?q=" + url.QueryEscape(q)).Doc().Count(`[data-testid="person-found"]`); got != 0 {
			t.Errorf("%q lists %d people", q, got)
		}
	}
	if doc := c.Get(route.TeamAdd(team.ID) + "?q=an").Doc(); doc.Count(`[data-testid="person-found"]`) != 20 || doc.Count(`[data-testid="people-more"]`) != 1 {
		t.Error("the finder is no list of everybody: 20 people, and a word that there are more")
	}
	if diff := cmp.Diff(before, upstreamMembers(t, p, team.ID)); diff != "" || effects(p) != written {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
}

func TestMembersOfForeignTeams(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	website, milestone := p.Team("Website Maintainers").ID, p.Team("Milestone Maintainers").ID
	employee, one := p.User(handlertest.Employee.Email).ID, p.User(handlertest.HR.Email).ID
	member := upstreamMembers(t, p, website)[0]
	written := effects(p)
	for _, tc := range []struct {
		name string
		v    handlertest.Viewpoint
		team id.Team
		want int
	}{
		{"an employee, foreign team", handlertest.Employee, website, http.StatusForbidden},
		{"an employee, own team", handlertest.Employee, milestone, http.StatusForbidden},
		{"a lead, foreign team", handlertest.LeadWithSub, website, http.StatusNotFound},
		{"a lead, team where they are a member", handlertest.LeadWithSub, milestone, http.StatusForbidden},
		{"an auditor", handlertest.Auditor, website, http.StatusForbidden},
		{"an approver", handlertest.Approver, website, http.StatusForbidden},
		{"not signed in", handlertest.Anonymous, website, http.StatusSeeOther},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := upstreamMembers(t, p, tc.team)
			for _, try := range []struct {
				path string
				form url.Values
			}{
				{route.TeamMembers(tc.team), url.Values{"user": {string(one)}}},
				{route.TeamMembers(tc.team), url.Values{"user": {string(employee)}}},
				{route.TeamMemberRemove(tc.team, member), nil},
				{route.TeamMemberRemove(tc.team, employee), nil},
			} {
				got := p.As(tc.v).Post(try.path, try.form)
				if got.Status != tc.want {
					t.Errorf("POST %s: status %d, want %d", try.path, got.Status, tc.want)
				}
				if tc.want == http.StatusSeeOther && got.Location() != route.SignIn {
					t.Errorf("POST %s leads to %s", try.path, got.Location())
				}
			}
			if diff := cmp.Diff(before, upstreamMembers(t, p, tc.team)); diff != "" {
				t.Errorf("members (-before +after):\n%s", diff)
			}
		})
	}
	if effects(p) != written {
		t.Errorf("%d writes reached Gtmhub", effects(p)-written)
	}
	// The page of the finder says why, to those who may see the team.
	doc := p.As(handlertest.LeadWithSub).Get(route.TeamAdd(milestone) + "?q=an").Doc()
	if doc.Count(`[data-testid="person-found"]`) != 0 || !strings.Contains(doc.MustOne(`[data-testid="add-not-allowed"]`).Text(), "You are not the manager of Milestone Maintainers.") {
		t.Error("the finder works for a team of somebody else")
	}
}

func TestTeamLostMeanwhile(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	c, team, who := p.As(handlertest.Lead), p.Team("Website Maintainers"), p.User(handlertest.Employee.Email)
	form := c.Get(route.TeamAdd(team.ID) + "?q=catarina+singh").Doc().MustOne(`[data-testid="person-found"] form`)
	before := upstreamMembers(t, p, team.ID)
	if err := upstream(t, p).Teams.SetManager(t.Context(), gtmhub.ID(team.ID), gtmhub.ID(p.User(handlertest.HR.Email).ID)); err != nil {
		t.Fatal(err)
	}
	if got, _ := p.App.Directory.Current().Team(team.ID); got.Manager != team.Manager {
		t.Fatal("the directory knows already, so this test shows nothing")
	}
	got := c.Post(form.Attr("action"), url.Values{"user": {string(who.ID)}})
	if got.Status != http.StatusForbidden || !strings.Contains(got.Doc().MustOne(`[data-testid="error-message"]`).Text(), "You are not the manager of Website Maintainers.") {
		t.Errorf("adding with a lost right: status %d, want 403 with the reason", got.Status)
	}
	if got := c.Post(route.TeamMemberRemove(team.ID, before[0]), nil); got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
		t.Errorf("removing with a lost right: status %d, want a refusal", got.Status)
	}
	after := upstreamMembers(t, p, team.ID)
	if slices.Contains(after, who.ID) || !slices.Contains(after, before[0]) {
		t.Error("members were changed by somebody who does not lead the team any more")
	}
	if doc := c.Get(route.Team(team.ID)).Doc(); doc.Count(`[data-testid="add-member"], [data-testid="remove-member"]`) != 0 {
		t.Error("the page still has the buttons")
	}
}
