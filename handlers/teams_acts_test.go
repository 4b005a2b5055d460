package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// upstreamTeam is a team as Gtmhub has it.
func upstreamTeam(t *testing.T, p *handlertest.Portal, team id.Team) *gtmhub.Team {
	t.Helper()
	got, err := upstream(t, p).Teams.Get(t.Context(), gtmhub.ID(team))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// sent is the form of the page before an act, as a browser sends it.
func sent(t *testing.T, got *handlertest.Page, more url.Values) url.Values {
	t.Helper()
	if got.Status != http.StatusOK {
		t.Fatalf("status %d", got.Status)
	}
	form := url.Values{}
	for _, in := range got.Doc().Find(`[data-testid="act-form"] input[type="hidden"]`) {
		form.Set(in.Attr("name"), in.Attr("value"))
	}
	for k, v := range more {
		form[k] = v
	}
	return form
}

func TestTeamActsOfHR(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr := p.As(handlertest.HR)
	team := p.Team("Website Maintainers")
	at := route.Team(team.ID)
	doc := hr.Get(at).Doc()
	for _, want := range []string{"act-move", "act-manager", "act-remove-manager", "act-deactivate", "act-delete", "act-new", "act-all", "edit-about", "add-member"} {
		if doc.Count(`[data-testid="`+want+`"]`) != 1 {
			t.Errorf("%s is missing", want)
		}
	}
	if doc.Count(`[data-testid="act-activate"]`) != 0 {
		t.Error("an active team cannot be activated")
	}

	// Edit in place.
	edit := hr.Get(at + "?edit=about").Doc()
	if got := edit.MustOne(`[data-testid="team-edit"] [name="name"]`).Attr("value"); got != team.Name {
		t.Errorf("the form shows %q", got)
	}
	form := url.Values{"name": {"Web Crew"}, "description": {"We keep\r\nthe site."}, "color": {"#2b6cb0"}, "avatar": {team.Avatar},
		"was-name": {team.Name}, "was-description": {team.Description}, "was-color": {team.Color}, "was-avatar": {team.Avatar}}
	bad := url.Values{"name": {""}, "was-name": {team.Name}}
	if got := hr.Post(route.TeamEdit(team.ID), bad); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Doc().MustOne(`[data-testid="error-summary"]`).Text(), "needs a name") {
		t.Errorf("no name: %d", got.Status)
	}
	got := post(t, p, hr, route.TeamEdit(team.ID), form)
	if got.Location() != at {
		t.Errorf("leads to %s", got.Location())
	}
	after := hr.Get(at)
	if toast := after.Doc().MustOne(`[data-testid="toast"]`).Text(); !strings.Contains(toast, "Done: Change") || !strings.Contains(toast, "Undo") {
		t.Errorf("the result line: %q", toast)
	}
	if now := upstreamTeam(t, p, team.ID); now.Name != "Web Crew" || now.Description != "We keep\nthe site." || now.Color != "#2b6cb0" || now.Avatar != team.Avatar {
		t.Errorf("Gtmhub has %+v", now)
	}
	// The same form once more, from a window that was opened before.
	form.Set("name", "Mine")
	stale := hr.Post(route.TeamEdit(team.ID), form)
	if text := stale.Doc().MustOne(`[data-testid="error-summary"]`).Text(); stale.Status != http.StatusUnprocessableEntity || !strings.Contains(text, "Web Crew") || !strings.Contains(text, "Mine") {
		t.Errorf("a stale form: %d %q", stale.Status, text)
	}

	// Move: find, see, send.
	act := route.TeamAct(team.ID, "move")
	pick := hr.Get(act + "?q=autoscaling+feature").Doc()
	if n := pick.Count(`[data-testid="choice"]`); n != 1 {
		t.Errorf("%d choices", n)
	}
	parent := p.Team("SIG Autoscaling Feature Requests")
	before := hr.Get(pick.MustOne(`[data-testid="choose"]`).Attr("href"))
	plan := before.Doc().MustOne(`[data-testid="plan-row"]`).Text()
	if !strings.Contains(plan, "below SIG Autoscaling Feature Requests") || !strings.Contains(before.Doc().MustOne(`[data-testid="act-verdict"]`).Text(), "yourself") {
		t.Errorf("before: %q", plan)
	}
	post(t, p, hr, act, sent(t, before, nil))
	if now := upstreamTeam(t, p, team.ID); now.ParentID != gtmhub.ID(parent.ID) || now.Color != "#2b6cb0" {
		t.Errorf("moved %+v", now)
	}
	// Below itself: not offered, and not taken.
	self := hr.Get(act + "?parent=" + string(team.ID))
	if self.Doc().Count(`[data-testid="act-form"]`) != 0 || !strings.Contains(self.Doc().MustOne(`[data-testid="plan-note"]`).Text(), "below itself") {
		t.Error("a team below itself")
	}
	if got := hr.Post(act, url.Values{"parent": {string(team.ID)}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("sent all the same: %d", got.Status)
	}

	// Manager.
	act = route.TeamAct(team.ID, "manager")
	person := p.User(handlertest.Employee.Email)
	choose := hr.Get(act + "?q=catarina.singh").Doc().MustOne(`[data-testid="choose"]`).Attr("href")
	post(t, p, hr, act, sent(t, hr.Get(choose), nil))
	if now := upstreamTeam(t, p, team.ID); now.Manager != gtmhub.ID(person.ID) {
		t.Errorf("the manager is %s", now.Manager)
	}
	post(t, p, hr, route.TeamAct(team.ID, "remove-manager"), sent(t, hr.Get(route.TeamAct(team.ID, "remove-manager")), nil))
	if now := upstreamTeam(t, p, team.ID); now.Manager != "" {
		t.Errorf("the manager is still %s", now.Manager)
	}

	// Everything at once keeps what it does not name.
	members := upstreamMembers(t, p, team.ID)
	all := hr.Get(route.TeamAct(team.ID, "all")).Doc()
	if all.Count(`[data-testid="parent"] option`) != len(p.App.Directory.Current().Teams()) { // the top instead of itself
		t.Error("not every team can be chosen")
	}
	now := upstreamTeam(t, p, team.ID)
	post(t, p, hr, route.TeamAct(team.ID, "all"), url.Values{"name": {"Web Again"}, "description": {now.Description}, "color": {now.Color}, "avatar": {now.Avatar}, "parent": {""}})
	if now := upstreamTeam(t, p, team.ID); now.Name != "Web Again" || now.ParentID != "" || now.Color != "#2b6cb0" || now.Avatar != team.Avatar {
		t.Errorf("all at once: %+v", now)
	}
	if d := cmp.Diff(members, upstreamMembers(t, p, team.ID)); d != "" {
		t.Errorf("members lost:\n%s", d)
	}

	// Off, and delete with a second person.
	post(t, p, hr, route.TeamAct(team.ID, "deactivate"), sent(t, hr.Get(route.TeamAct(team.ID, "deactivate")), nil))
	if upstreamTeam(t, p, team.ID).IsActive {
		t.Error("still active")
	}
	if doc := hr.Get(at).Doc(); doc.Count(`[data-testid="act-activate"]`) != 1 || doc.Count(`[data-testid="act-deactivate"]`) != 0 {
		t.Error("the buttons of an inactive team")
	}
	form = sent(t, hr.Get(route.TeamAct(team.ID, "delete")), url.Values{"reason": {"tidy"}, "confirm": {"something else"}})
	if got := hr.Post(route.TeamAct(team.ID, "delete"), form); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "not the team") {
		t.Errorf("another name: %d", got.Status)
	}
	form.Set("confirm", "Web Again")
	form.Set("reason", "")
	if got := hr.Post(route.TeamAct(team.ID, "delete"), form); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "Say why") {
		t.Errorf("no reason: %d", got.Status)
	}
	form.Set("reason", "tidy")
	asked := hr.Post(route.TeamAct(team.ID, "delete"), form)
	if asked.Status != http.StatusSeeOther || !strings.HasPrefix(asked.Location(), route.Changes) {
		t.Fatalf("asked: %d %s", asked.Status, asked.Location())
	}
	if upstreamTeam(t, p, team.ID).Name != "Web Again" {
		t.Error("deleted without a second person")
	}

	// New.
	made := post(t, p, hr, route.Teams, url.Values{"name": {"Brand new"}, "parent": {string(parent.ID)}})
	if doc := hr.Get(made.Location()).Doc(); !strings.HasPrefix(doc.MustOne("h1").Text(), "Brand new") {
		t.Errorf("the new team's page: %s %q", made.Location(), doc.MustOne("h1").Text())
	}
	if got := hr.Post(route.Teams, url.Values{"name": {"Brand new"}, "parent": {string(parent.ID)}}); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "already") {
		t.Errorf("twice: %d", got.Status)
	}
}

// TestTeamActsOfLeads: direct for the name, a request for the rest, and nothing beyond.
func TestTeamActsOfLeads(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	lead := p.As(handlertest.Lead)
	team, other := p.Team("Website Maintainers"), p.Team("Website Milestone Maintainers")
	foreign := p.Team("SIG Autoscaling")
	me := p.User(handlertest.Lead.Email)
	doc := lead.Get(route.Team(team.ID)).Doc()
	for id, label := range map[string]string{"act-move": "Ask to move", "act-manager": "Ask for another manager", "act-deactivate": "Ask to deactivate", "act-new": "Ask for a sub-team"} {
		if got := doc.MustOne(`[data-testid="` + id + `"]`).Text(); !strings.Contains(got, label) {
			t.Errorf("%s: %q", id, got)
		}
	}
	for _, id := range []string{"act-delete", "act-all"} {
		if doc.Count(`[data-testid="`+id+`"]`) != 0 {
			t.Errorf("%s is drawn for a lead", id)
		}
	}
	post(t, p, lead, route.TeamEdit(team.ID), url.Values{"name": {"Led"}, "was-name": {team.Name}})
	if now := upstreamTeam(t, p, team.ID); now.Name != "Led" || now.Color != team.Color {
		t.Errorf("%+v", now)
	}

	// The move is a request; the choices are the lead's own teams only.
	act := route.TeamAct(team.ID, "move")
	pick := lead.Get(act)
	var names []string
	for _, c := range pick.Doc().Find(`[data-testid="choice"]`) {
		names = append(names, c.Attr("data-id"))
	}
	if d := cmp.Diff([]string{string(other.ID)}, names); d != "" {
		t.Errorf("choices:\n%s", d)
	}
	before := lead.Get(act + "?parent=" + string(other.ID))
	if got := before.Doc().MustOne(`[data-testid="act-verdict"]`).Text(); !strings.Contains(got, "Somebody else decides") {
		t.Errorf("before it is sent: %q", got)
	}
	written := effects(p)
	asked := lead.Post(act, sent(t, before, url.Values{"reason": {"order"}}))
	if asked.Status != http.StatusSeeOther || !strings.HasPrefix(asked.Location(), route.Changes) {
		t.Fatalf("%d %s", asked.Status, asked.Location())
	}
	for name, r := range map[string]struct {
		path string
		form url.Values
		want []int
	}{
		"moving a foreign team below one's own":  {route.TeamAct(foreign.ID, "move"), url.Values{"parent": {string(team.ID)}, "reason": {"x"}}, []int{404}},
		"moving own team out":                    {act, url.Values{"parent": {string(foreign.ID)}, "reason": {"x"}}, []int{422}},
		"moving own team to the top":             {act, url.Values{"parent": {"top"}, "reason": {"x"}}, []int{403}},
		"making oneself manager":                 {route.TeamAct(foreign.ID, "manager"), url.Values{"user": {string(me.ID)}, "reason": {"x"}}, []int{404}},
		"making oneself manager of one's own":    {route.TeamAct(team.ID, "manager"), url.Values{"user": {string(me.ID)}, "reason": {"x"}}, []int{403, 422}},
		"a sub-team of a foreign team":           {route.Teams, url.Values{"name": {"n"}, "parent": {string(foreign.ID)}, "reason": {"x"}}, []int{404}},
		"a team at the top":                      {route.Teams, url.Values{"name": {"n"}, "reason": {"x"}}, []int{403}},
		"everything at once":                     {route.TeamAct(team.ID, "all"), url.Values{"name": {"n"}}, []int{403}},
		"deleting":                               {route.TeamAct(team.ID, "delete"), url.Values{"confirm": {"Led"}, "reason": {"x"}}, []int{403}},
		"an act that is none":                    {route.TeamAct(team.ID, "explode"), url.Values{}, []int{404}},
		"renaming a foreign team":                {route.TeamEdit(foreign.ID), url.Values{"name": {"n"}}, []int{404}},
		"a name with the fields of another form": {route.TeamEdit(team.ID), url.Values{"name": {"Led"}, "manager": {string(me.ID)}, "parent": {string(foreign.ID)}}, []int{303}},
	} {
		got := lead.Post(r.path, r.form)
		if !slices.Contains(r.want, got.Status) {
			t.Errorf("%s: %d, want %v", name, got.Status, r.want)
		}
		if got.Status != http.StatusSeeOther && strings.Contains(got.Body, foreign.Name) {
			t.Errorf("%s: the answer names the foreign team", name)
		}
	}
	if n := effects(p) - written; n != 0 {
		t.Errorf("%d writes", n)
	}
	for _, path := range []string{route.TeamAct(foreign.ID, "move"), route.TeamAct(foreign.ID, "delete"), route.With(route.TeamNew, url.Values{"parent": {string(foreign.ID)}})} {
		if got := lead.Get(path); got.Status != http.StatusNotFound || strings.Contains(got.Body, foreign.Name) {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	// A right that is lost in Gtmhub is lost with the next write, and an approved request with it.
	if err := upstream(t, p).Teams.SetManager(t.Context(), gtmhub.ID(team.ID), gtmhub.ID(p.User(handlertest.Approver.Email).ID)); err != nil {
		t.Fatal(err)
	}
	if got := lead.Post(route.TeamEdit(team.ID), url.Values{"name": {"Still mine"}}); got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
		t.Errorf("an ex-lead renames: %d", got.Status)
	}
	c := id.Change(strings.TrimPrefix(asked.Location(), route.Changes+"/"))
	waiting, err := p.App.Store.Changes().Change(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	approver := p.As(handlertest.HRApprover)
	approver.Post(route.ChangeAct(c, "decide"), url.Values{"version": {"1"}, "hash": {waiting.Hash}, "do": {"approve"}})
	end := p.WaitFor(c)
	rows, _, err := p.App.Store.Changes().Rows(t.Context(), c, change.RowFilter{})
	if err != nil || end.State != change.Problems || !strings.Contains(rows[0].Reason, "not the manager") {
		t.Errorf("a request of an ex-lead: %s %q %v", end.State, rows[0].Reason, err)
	}
	if got := lead.Get(route.Team(team.ID)); got.Status != http.StatusOK && got.Status != http.StatusNotFound {
		t.Errorf("the page of an ex-lead: %d", got.Status)
	} else if got.Status == http.StatusOK && got.Doc().Count(`[data-testid="act-move"]`) != 0 {
		t.Error("an ex-lead still has the buttons")
	}
}
