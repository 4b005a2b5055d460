package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
)

// actorOf is the actor behind a browser, as the portal builds it.
func actorOf(p *handlertest.Portal, c *handlertest.Client) (access.Actor, change.Person) {
	s := c.Session
	person := change.Person{Kind: access.ByPerson, Issuer: s.Issuer, Subject: s.Subject, User: s.User, Name: s.Name, Email: s.Email, Groups: s.Groups}
	return p.App.Actors.Actor(person), person
}

// answerOf says what the server answered to a form that names another plan than there is and gives no reason: it comes to
// neither a change nor a request, but shows what it would have come to.
func answerOf(got *handlertest.Page) access.Outcome {
	switch {
	case got.Status == http.StatusConflict:
		return access.Direct
	case got.Status == http.StatusUnprocessableEntity && strings.Contains(got.Body, "Say why, for the person who decides."):
		return access.NeedsDecision
	case got.Status == http.StatusUnprocessableEntity && strings.Contains(got.Body, `data-testid="ask-form"`):
		return access.NeedsDecision
	}
	return access.No
}

// TestWhatIsDrawnIsWhatIsAnsweredAndExplained: for every act on teams and on people, every viewpoint and several objects, the
// button, the server's answer and the explanation are one.
func TestWhatIsDrawnIsWhatIsAnsweredAndExplained(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	snap := p.App.Directory.Current()
	own, deep := p.Team("Website Maintainers"), p.Team("SIG Autoscaling")
	var off *directory.Team
	for _, team := range snap.Teams() {
		if !team.Active {
			off = team
			break
		}
	}
	teams := []directory.Team{own, deep}
	if off != nil {
		teams = append(teams, *off)
	}
	successor := p.User(handlertest.Approver.Email)
	acts := []struct {
		name string
		act  access.Act
	}{{"move", access.MoveTeam}, {"manager", access.SetManager}, {"remove-manager", access.RemoveManager}, {"activate", access.ActivateTeam}, {"deactivate", access.DeactivateTeam}, {"delete", access.DeleteTeam},
		{"new", access.CreateTeam}, {"all", access.ReplaceTeam}}
	seen := map[access.Outcome]int{}
	insteads := 0
	for _, v := range handlertest.Viewpoints()[1:] {
		c := p.As(v)
		a, person := actorOf(p, c)
		for _, team := range teams {
			page := c.Get(route.Team(team.ID))
			var doc *htmltest.Doc
			if page.Status == http.StatusOK {
				doc = page.Doc()
			} else if page.Status != http.StatusNotFound && page.Status != http.StatusForbidden {
				t.Fatalf("%s, %s: %d", v.Name, team.Name, page.Status)
			}
			for _, k := range acts {
				if k.name == "activate" && team.Active || k.name == "deactivate" && !team.Active || k.name == "new" && !team.Active || k.name == "remove-manager" && team.Manager == "" {
					continue
				}
				facts := access.Team{ID: team.ID, Name: team.Name, Manager: team.Manager, Active: team.Active}
				q := access.Question{Act: k.act, Teams: []access.Team{facts}, Rows: 1}
				if k.act == access.MoveTeam || k.act == access.CreateTeam {
					q.Facts.Parent = &facts
				}
				why := p.App.Changes.Explain(a, q)
				where := v.Name + ", " + k.name + " " + team.Name
				drawn := doc != nil && doc.Count(`[data-testid="act-`+k.name+`"]`) > 0
				if doc != nil && drawn != (why.Outcome != access.No) {
					t.Errorf("%s: drawn %t, %+v", where, drawn, why.Verdict)
				}
				if drawn && k.name != "all" && k.name != "new" && strings.Contains(doc.MustOne(`[data-testid="act-`+k.name+`"]`).Text(), "Ask") != (why.Outcome == access.NeedsDecision) {
					t.Errorf("%s: the button says %q, %+v", where, doc.MustOne(`[data-testid="act-`+k.name+`"]`).Text(), why.Verdict)
				}
				if doc != nil && why.Outcome == access.No && a.May(access.TeamsChange) {
					no := doc.MustOne(`[data-testid="refused-` + k.name + `"]`)
					if no.Attr("data-rule") != why.Rule || !strings.Contains(no.Text(), why.Sentence) || !strings.Contains(no.Text(), why.Help) || why.Help == "" {
						t.Errorf("%s: explained as %q, want %+v", where, no.Text(), why.Verdict)
					}
					for _, link := range no.Find(`[data-testid="instead"]`) {
						insteads++
						if got := c.Get(link.Attr("href")); got.Status != http.StatusOK {
							t.Errorf("%s: what is offered instead answers %d", where, got.Status)
						}
					}
				}
				form := url.Values{"shown": {"another plan"}, "confirm": {team.Name}, "user": {string(successor.ID)}, "name": {"Another name"}}
				at := route.TeamAct(team.ID, k.name)
				switch k.name {
				case "move":
					parent := parentFor(snap, a, team)
					if a.IsLead() && !a.HR && !a.Leads.Has(parent) {
						continue // there is no other team of their own to which it could go
					}
					form.Set("parent", string(parent))
				case "new":
					form.Set("parent", string(team.ID))
					at = route.Teams
				case "all":
					continue // it has no plan to compare with; TestTeamAll goes through it
				}
				if k.name == "new" && why.Outcome == access.Direct {
					continue // it would be created
				}
				got := c.Post(at, form)
				if answer := answerOf(got); doc != nil && answer != why.Outcome || doc == nil && answer != access.No {
					t.Errorf("%s: the server answers %d (%d), explained as %+v", where, answer, got.Status, why.Verdict)
				}
				if doc != nil && got.Status == http.StatusForbidden && a.May(access.TeamsChange) {
					d := got.Doc()
					if d.MustOne(`[data-testid="error-rule"]`).Text() != why.Rule || d.MustOne(`[data-testid="error-message"]`).Text() != why.Sentence || d.MustOne(`[data-testid="error-help"]`).Text() != why.Help {
						t.Errorf("%s: refused with %q, explained as %+v", where, got.Body, why.Verdict)
					}
				}
				if doc != nil {
					seen[why.Outcome]++
				}
			}
		}
		for _, u := range []id.User{own.Members[0], deep.Members[0], p.User(handlertest.HR.Email).ID, a.User} {
			if u == "" {
				continue
			}
			page := c.Get(route.User(u))
			for _, k := range []struct{ name, recipe string }{{"deactivate", change.DeactivateUsers}, {"delete", change.DeleteUsers}, {"resend", change.ResendInvitations}, {"activate", change.ActivateUsers}} {
				where := v.Name + ", " + k.name + " " + string(u)
				user, _ := snap.User(u)
				got := c.Post(route.UserAct(u, k.name), url.Values{"shown": {"another plan"}, "typed": {user.Name}})
				if page.Status != http.StatusOK {
					if answerOf(got) != access.No {
						t.Errorf("%s: nobody sees the person, and the server answers %d", where, got.Status)
					}
					continue
				}
				buttons := page.Doc().Find(`[data-testid="act-` + k.name + `"]`)
				if len(buttons) == 0 {
					if got.Status == http.StatusSeeOther {
						t.Errorf("%s: not drawn, and done", where)
					}
					continue
				}
				plan, err := p.App.Changes.Preview(t.Context(), a, person, change.Input{Recipe: k.recipe, Fields: change.Fields(change.People{Users: []id.User{u}})})
				if err != nil {
					t.Fatal(err)
				}
				if plan.Open() == 0 && plan.Verdict.Outcome != access.No {
					continue // nothing to do; the line says so
				}
				if !strings.Contains(page.Body, htmlEscaped(plan.Verdict.Sentence)) && plan.Verdict.Outcome != access.Direct {
					t.Errorf("%s: the page does not say %q", where, plan.Verdict.Sentence)
				}
				if answer := answerOf(got); answer != plan.Verdict.Outcome && !(plan.Verdict.Outcome == access.No && answer == access.No) {
					t.Errorf("%s: the server answers %d (%d), explained as %+v", where, answer, got.Status, plan.Verdict)
				}
				seen[plan.Verdict.Outcome]++
			}
		}
	}
	for o, least := range map[access.Outcome]int{access.No: 15, access.NeedsDecision: 8, access.Direct: 15} {
		if seen[o] < least {
			t.Errorf("only %d answers are %d: the objects do not show enough", seen[o], o)
		}
	}
	if insteads < 2 {
		t.Errorf("only %d refusals offer something instead", insteads)
	}
	if _, n, err := p.App.Store.Changes().Changes(t.Context(), change.Filter{}); n != 0 || err != nil {
		t.Errorf("%d changes were made by asking, %v", n, err)
	}
}

func htmlEscaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "'", "&#39;", `"`, "&#34;").Replace(s)
}

// parentFor is a team below which the actor may put another, if there is one.
func parentFor(snap *directory.Snapshot, a access.Actor, team directory.Team) id.Team {
	var fallback id.Team
	for _, t := range snap.Teams() {
		if t.ID == team.ID || t.ID == team.Parent || t.Parent == team.ID || !t.Active {
			continue
		}
		below := false
		for at, n := t.Parent, 0; at != "" && n < 20; n++ {
			below = below || at == team.ID
			up := slices.IndexFunc(snap.Teams(), func(x *directory.Team) bool { return x.ID == at })
			if up < 0 {
				break
			}
			at = snap.Teams()[up].Parent
		}
		if below {
			continue
		}
		if a.Leads.Has(t.ID) {
			return t.ID
		}
		fallback = t.ID
	}
	return fallback
}
