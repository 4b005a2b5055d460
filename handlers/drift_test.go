package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestDrift changes the account in Gtmhub itself, in every way that is looked for, and wants each once and nothing else:
// not what the portal does. What is put back is as it was.
func TestDrift(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr, up := p.As(handlertest.HR), upstream(t, p)
	snap := p.App.Directory.Current
	look := func(what, says string) {
		t.Helper()
		if got := hr.Post(route.DriftLook, nil); got.Status != http.StatusSeeOther {
			t.Fatalf("%s: %d", what, got.Status)
		}
		if body := hr.Get(route.Drift).Body; !strings.Contains(body, says) {
			t.Fatalf("%s: the page does not say %q", what, says)
		}
	}
	if body := hr.Get(route.Drift).Body; !strings.Contains(body, "Nobody has looked yet") {
		t.Error("before the first look")
	}
	look("first look", "Looked for the first time")
	look("nothing happened", "Nothing was changed outside of the portal")

	// What others do in Gtmhub itself.
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	g := func(u directory.User) gtmhub.ID { return gtmhub.ID(u.ID) }
	a, b := p.Team("Website Maintainers"), p.Team("SIG Autoscaling")
	var plain []directory.User // active people who neither manage nor are administrators, in no team of the test
	var off directory.User
	role := snap().RolesByName("Viewer")[0]
	admin := snap().RolesByName("Account Admin")[0]
	for _, u := range snap().Users() {
		switch {
		case u.Deactivated && off.ID == "":
			off = *u
		case u.Status == directory.Active && !u.Deactivated && len(u.Manages) == 0 && !slices.Contains(u.Roles, admin.ID) && !slices.Contains(u.Roles, role.ID) && !slices.Contains(u.Teams, a.ID) && !slices.Contains(u.Teams, b.ID) && len(u.Roles) > 0:
			plain = append(plain, *u)
		}
	}
	leaver, joiner := snapUser(t, p, a.Members, a.Manager), plain[0]
	move := gtmhub.TeamPatch{}
	top := gtmhub.ID(b.ID)
	move.ParentID = &top
	leaf := gtmhub.NewTeam{Name: "Made in Gtmhub"}
	before := picture(p)
	_, err := up.Users.Activate(t.Context(), []gtmhub.ID{g(off)})
	do(err)
	_, err = up.Users.Deactivate(t.Context(), []gtmhub.ID{g(plain[1])})
	do(err)
	do(up.UserRoles.Give(t.Context(), g(plain[2]), gtmhub.ID(admin.ID)))
	do(up.UserRoles.Give(t.Context(), g(plain[3]), gtmhub.ID(role.ID)))
	do(up.UserRoles.Take(t.Context(), g(plain[4]), gtmhub.ID(plain[4].Roles[0])))
	do(up.Teams.SetManager(t.Context(), gtmhub.ID(a.ID), g(plain[5])))
	do(up.Teams.Patch(t.Context(), gtmhub.ID(a.ID), move))
	members := []gtmhub.ID{g(joiner)}
	for _, m := range a.Members {
		if m != leaver.ID {
			members = append(members, gtmhub.ID(m))
		}
	}
	do(up.TeamMembers.Set(t.Context(), gtmhub.ID(a.ID), members))
	to := p.Team("Website Milestone Maintainers") // and the leaver comes to another team: one move
	var there []gtmhub.ID
	for _, m := range to.Members {
		there = append(there, gtmhub.ID(m))
	}
	if slices.Contains(to.Members, leaver.ID) {
		t.Fatal("the leaver is in the other team already")
	}
	do(up.TeamMembers.Set(t.Context(), gtmhub.ID(to.ID), append(there, g(leaver))))
	dark := p.Team("SIG Apps")
	_, err = up.Teams.Deactivate(t.Context(), []gtmhub.ID{gtmhub.ID(dark.ID)})
	do(err)
	made, err := up.Teams.Create(t.Context(), leaf)
	do(err)
	guest, err := up.Invitations.Create(t.Context(), gtmhub.NewUser{Email: "made.in.gtmhub@northwind.example", FirstName: "Made", LastName: "Outside", UserName: "made.in.gtmhub@northwind.example"}, gtmhub.InviteOptions{}) //nolint:staticcheck // deprecated without a successor
	do(err)
	// Meanwhile the portal does something of its own, and others take half of it back.
	hr.Post(route.TeamMembers(b.ID), url.Values{"user": {string(plain[6].ID), string(plain[7].ID)}})
	if got := upstreamMembers(t, p, b.ID); !slices.Contains(got, plain[6].ID) || !slices.Contains(got, plain[7].ID) {
		t.Fatal("the portal added nobody")
	}
	do(up.TeamMembers.Remove(t.Context(), gtmhub.ID(b.ID), g(plain[7])))

	look("outside changes", "13 changes made outside of the portal")
	want := []string{
		"new administrator " + plain[2].Name, "user active again " + off.Name, "new user Made Outside", "user deactivated " + plain[1].Name, "role given " + plain[3].Name,
		"role taken " + plain[4].Name, "manager changed " + a.Name, "changed team " + leaver.Name, "member added " + joiner.Name, "member removed " + plain[7].Name,
		"team moved " + a.Name, "new team Made in Gtmhub", "team deactivated " + dark.Name,
	}
	if diff := cmp.Diff(want, driftRows(hr, route.Drift)); diff != "" {
		t.Fatalf("found (-want +got)\n%s", diff)
	}
	look("again", "Nothing was changed outside of the portal")

	// Who sees it: HR and auditors, and only HR decides. Two looks at once are one.
	if got := p.As(handlertest.Auditor).Get(route.Drift); got.Status != http.StatusOK || got.Doc().Count(`[data-testid="drift-row"]`) != len(want) || got.Doc().Count(`[data-testid="drift-form"], [data-testid="drift-look"], [data-testid="drift-row"] input`) != 0 {
		t.Errorf("auditor: %d", got.Status)
	}
	if body := p.As(handlertest.Lead).Get(route.Home).Body; strings.Contains(body, "Outside changes") || strings.Contains(body, "tile-drift") {
		t.Error("a lead is told of it")
	}
	if n := hr.Get(route.Home).Doc().MustOne(`[data-testid="tile-drift"]`).Text(); !strings.Contains(n, "13") {
		t.Errorf("on HR's home: %s", n)
	}
	var both sync.WaitGroup
	lost := make(chan error, 2)
	for range 2 {
		both.Go(func() {
			_, _, err := p.App.Drift.Look(t.Context(), audit.Who{Kind: access.BySchedule})
			lost <- err
		})
	}
	both.Wait()
	for range 2 {
		if err := <-lost; err != nil && fault.KindOf(err) != fault.Conflict {
			t.Errorf("two looks at once: %v", err)
		}
	}
	if n := len(driftRows(hr, route.Drift)); n != len(want) {
		t.Errorf("after two looks at once: %d findings", n)
	}

	// One kind alone, and what HR makes of it.
	ids := map[string]string{}
	for _, row := range hr.Get(route.Drift).Doc().Find(`[data-testid="drift-row"]`) {
		ids[row.Attr("data-kind")] = row.Attr("data-id")
	}
	if got := driftRows(hr, route.With(route.Drift, url.Values{"kind": {"new user"}})); !slices.Equal(got, want[2:3]) {
		t.Errorf("one kind: %v", got)
	}
	decide := func(what string, who *handlertest.Client, do string, status int, finding ...string) {
		t.Helper()
		if got := who.Post(route.Drift, url.Values{"do": {do}, "finding": finding}); got.Status != status {
			t.Errorf("%s: %d, want %d", what, got.Status, status)
		}
	}
	decide("nothing ticked", hr, "accept", http.StatusUnprocessableEntity)
	decide("not there", hr, "accept", http.StatusNotFound, "nosuchfinding")
	decide("an auditor", p.As(handlertest.Auditor), "accept", http.StatusForbidden, ids["new user"])
	decide("accept", hr, "accept", http.StatusSeeOther, ids["new user"])
	decide("ignore", hr, "ignore", http.StatusSeeOther, ids["new team"])
	decide("too late", p.As(handlertest.HRApprover), "ignore", http.StatusConflict, ids["new user"], ids["role given"])
	if n := len(driftRows(hr, route.Drift)); n != len(want)-2 {
		t.Errorf("after two decisions: %d wait", n)
	}

	// All others are put back by one change.
	delete(ids, "new user")
	delete(ids, "new team")
	var rest []string
	for _, v := range ids {
		rest = append(rest, v)
	}
	slices.Sort(rest)
	to2 := hr.Post(route.Drift, url.Values{"do": {"back"}, "finding": rest}).Location()
	page := hr.Get(to2)
	if page.Status != http.StatusOK {
		t.Fatalf("the page before: %d", page.Status)
	}
	// HR holds no role of an administrator, so it cannot take one: that goes on waiting, and the page says who can.
	if !strings.Contains(page.Body, "can only be taken by someone who holds it") {
		t.Error("the page does not say why the administrator stays")
	}
	form := url.Values{"shown": {page.Doc().MustOne(`input[name="shown"]`).Attr("value")}, "change": {page.Doc().MustOne(`input[name="change"]`).Attr("value")}, "finding": rest, "reason": {"nobody asked for it"}}
	if page.Doc().Count(`[data-testid="reason"]`) == 1 { // a second person agrees
		none := url.Values{"shown": form["shown"], "change": form["change"], "finding": rest}
		if got := hr.Post(route.DriftBack, none); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("without a reason: %d", got.Status)
		}
	}
	sent := hr.Post(route.DriftBack, form)
	if sent.Status != http.StatusSeeOther {
		t.Fatalf("put back: %d %s", sent.Status, sent.Body)
	}
	c := id.Change(form.Get("change"))
	if again := hr.Post(route.DriftBack, form); again.Status != http.StatusSeeOther || again.Location() != sent.Location() {
		t.Errorf("sent twice: %d", again.Status)
	}
	if got := driftRows(hr, route.Drift); !slices.Equal(got, want[:1]) {
		t.Errorf("while it is put back: %v wait", got)
	}
	ch, err := p.App.Store.Changes().Change(t.Context(), c)
	do(err)
	if ch.Deciders > 0 {
		p.As(handlertest.HRApprover).Post(route.ChangeAct(c, "decide"), url.Values{"version": {"1"}, "hash": {ch.Hash}, "do": {"approve"}})
	}
	if ch := p.WaitFor(c); ch.State != "finished" {
		t.Fatalf("the change: %s %v", ch.State, ch.Counts)
	}
	if err := p.App.Directory.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := picture(p)
	for _, f := range []drift.Fact{{Of: drift.RoleOf, User: plain[2].ID, Role: admin.ID}, {Of: drift.UserIs, User: id.User(guest.ID)}, {Of: drift.TeamIs, Team: id.Team(made.ID)}, {Of: drift.MemberOf, Team: b.ID, User: plain[6].ID}, {Of: drift.MemberOf, Team: b.ID, User: plain[7].ID}} {
		delete(after.Facts, f)
	}
	for f := range after.Facts {
		if f.User == id.User(guest.ID) {
			delete(after.Facts, f)
		}
	}
	if diff := cmp.Diff(before.Facts, after.Facts); diff != "" {
		t.Errorf("put back (-before +after)\n%s", diff)
	}
	look("the portal put it back", "Looked. Nothing was changed outside of the portal")
	do(up.UserRoles.Take(t.Context(), g(plain[2]), gtmhub.ID(admin.ID))) // an administrator has done it in Gtmhub
	look("as before again", "Looked. Found 1 change made outside of the portal")
	if got := driftRows(hr, route.Drift); !slices.Equal(got, []string{"role taken " + plain[2].Name}) {
		t.Errorf("in the end: %v wait", got)
	}
	if got := hr.Get(route.With(route.Drift, url.Values{"view": {"done"}})).Doc().Count(`[data-testid="drift-change"]`); got != len(rest)-1 {
		t.Errorf("dealt with: %d name the request, want %d", got, len(rest)-1)
	}

	// Everything has its entry, and HR is told how many, not whom.
	entries, err := p.App.Store.Audit().Entries(t.Context(), audit.Filter{Limit: 500})
	do(err)
	seen := map[audit.Event]int{}
	for _, e := range entries {
		seen[e.Event]++
	}
	if seen[audit.DriftAccepted] != 1 || seen[audit.DriftIgnored] != 1 || seen[audit.DriftPutBack] != len(rest)-1 || seen[audit.Compared] < 5 {
		t.Errorf("entries: %v", seen)
	}
}

// snapUser is an active member who is not the manager and in no other team.
func snapUser(t *testing.T, p *handlertest.Portal, members []id.User, not id.User) directory.User {
	t.Helper()
	for _, m := range members {
		if u, ok := p.App.Directory.Current().User(m); ok && u.Status == directory.Active && !u.Deactivated && m != not && !slices.Contains(u.Teams, p.Team("Website Milestone Maintainers").ID) {
			return *u
		}
	}
	t.Fatal("no member")
	return directory.User{}
}

func picture(p *handlertest.Portal) drift.Picture { return drift.PictureOf(p.App.Directory.Current()) }

func driftRows(c *handlertest.Client, address string) (out []string) {
	for _, row := range c.Get(address).Doc().Find(`[data-testid="drift-row"]`) {
		out = append(out, row.Attr("data-kind")+" "+strings.TrimSpace(row.MustOne(`.person-name, .row-name`).Text()))
	}
	return out
}
