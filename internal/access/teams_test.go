package access_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

// TestDecideTeams has a row for each act and each sort of person, and one for each way to more rights than one has.
func TestDecideTeams(t *testing.T) {
	t.Parallel()
	second := access.Team{ID: "second", Name: "Second", Manager: "me", Active: true}
	both := person(func(a *access.Actor) { a.Leads = access.NewTeamSet(own, "second") })
	asks := func(act access.Act, f access.TeamFacts, teams ...access.Team) access.Question {
		return access.Question{Act: act, Teams: teams, Rows: 1, Facts: f}
	}
	under := func(parent access.Team) access.TeamFacts { return access.TeamFacts{Parent: &parent} }
	manager := func(u id.User) access.TeamFacts { return access.TeamFacts{Manager: u} }
	self := access.TeamFacts{People: []id.User{"me"}}
	lost := ownTeam()
	lost.Manager = "other"
	closed := foreignTeam()
	closed.Active = false
	none := access.TeamFacts{}
	deputy := func(d access.Deputation) access.Actor {
		return person(func(a *access.Actor) { a.Deputy = []access.Deputation{d} })
	}
	adds := deputy(access.Deputation{Team: foreign, Act: access.AddMember, By: "other"})
	byHR := deputy(access.Deputation{Team: foreign, Act: access.EditTeam, ByHR: true})
	inviter := deputy(access.Deputation{Team: foreign, Act: access.InviteUser, By: "other"})
	otherLead := foreignTeam()
	otherLead.Manager = "somebody new"
	for _, tc := range []struct {
		name string
		who  access.Actor
		q    access.Question
		want access.Outcome
		rule string
	}{
		{"HR renames", hr, asks(access.EditTeam, none, foreignTeam()), access.Direct, "hr teams"},
		{"HR changes all at once", hr, asks(access.ReplaceTeam, none, foreignTeam()), access.Direct, "hr teams"},
		{"HR moves to the top", hr, asks(access.MoveTeam, none, foreignTeam()), access.Direct, "hr teams"},
		{"HR creates at the top", hr, asks(access.CreateTeam, none), access.Direct, "hr teams"},
		{"HR deactivates", hr, asks(access.DeactivateTeam, none, foreignTeam()), access.Direct, "hr teams"},
		{"HR sets a manager", hr, asks(access.SetManager, manager("other"), foreignTeam()), access.Direct, "hr teams"},
		{"HR deletes", hr, asks(access.DeleteTeam, none, foreignTeam()), access.NeedsDecision, "deletion"},
		{"no team named", hr, asks(access.EditTeam, none), access.No, "no team"},

		{"lead renames own", lead, asks(access.EditTeam, none, ownTeam()), access.Direct, "own team name"},
		{"lead changes all of own at once", lead, asks(access.ReplaceTeam, none, ownTeam()), access.No, "whole team"},
		{"lead asks for another manager", lead, asks(access.SetManager, manager("other"), ownTeam()), access.NeedsDecision, "lead asks"},
		{"lead asks to be no manager", lead, asks(access.RemoveManager, none, ownTeam()), access.NeedsDecision, "lead asks"},
		{"lead asks for a sub-team", lead, asks(access.CreateTeam, under(ownTeam())), access.NeedsDecision, "lead asks"},
		{"lead asks to switch off", lead, asks(access.DeactivateTeam, none, ownTeam()), access.NeedsDecision, "lead asks"},
		{"lead asks to switch on", lead, asks(access.ActivateTeam, none, ownTeam()), access.NeedsDecision, "lead asks"},
		{"lead moves one own team below another", both, asks(access.MoveTeam, under(second), ownTeam()), access.NeedsDecision, "lead asks"},
		{"lead deletes own", lead, asks(access.DeleteTeam, none, ownTeam()), access.No, "delete team"},

		{"escalation: making oneself manager of a foreign team", lead, asks(access.SetManager, manager("me"), foreignTeam()), access.No, "foreign team"},
		{"escalation: making oneself manager of a team that one lost", lead, asks(access.SetManager, manager("me"), lost), access.No, "foreign team"},
		{"escalation: making oneself manager of an own team", lead, asks(access.SetManager, manager("me"), ownTeam()), access.No, "self as manager"},
		{"escalation: creating a sub-team with oneself as manager", lead, asks(access.CreateTeam, access.TeamFacts{Parent: under(ownTeam()).Parent, Manager: "me"}), access.No, "self as manager"},
		{"escalation: moving a foreign team below one's own", lead, asks(access.MoveTeam, under(ownTeam()), foreignTeam()), access.No, "foreign team"},
		{"escalation: moving own and foreign team below one's own", both, asks(access.MoveTeam, under(second), ownTeam(), foreignTeam()), access.No, "foreign team"},
		{"escalation: moving own team out, below a foreign one", lead, asks(access.MoveTeam, under(foreignTeam()), ownTeam()), access.No, "foreign parent"},
		{"escalation: moving own team out, to the top", lead, asks(access.MoveTeam, none, ownTeam()), access.No, "top of the tree"},
		{"escalation: creating below a foreign team", lead, asks(access.CreateTeam, under(foreignTeam())), access.No, "foreign parent"},
		{"escalation: creating at the top", lead, asks(access.CreateTeam, none), access.No, "top of the tree"},
		{"escalation: renaming a foreign team", lead, asks(access.EditTeam, none, foreignTeam()), access.No, "foreign team"},
		{"escalation: switching a foreign team off", lead, asks(access.DeactivateTeam, none, foreignTeam()), access.No, "foreign team"},
		{"escalation: taking a foreign manager away", lead, asks(access.RemoveManager, none, foreignTeam()), access.No, "foreign team"},
		{"a right that was lost upstream is lost at once", lead, asks(access.EditTeam, none, lost), access.No, "foreign team"},

		{"employee renames", employee, asks(access.EditTeam, none, ownTeam()), access.No, "rights"},
		{"employee makes oneself manager", employee, asks(access.SetManager, manager("me"), ownTeam()), access.No, "rights"},
		{"approver moves", approver, asks(access.MoveTeam, none, ownTeam()), access.No, "rights"},
		{"auditor deletes", auditor, asks(access.DeleteTeam, none, ownTeam()), access.No, "rights"},
		{"operator creates", operator, asks(access.CreateTeam, none), access.No, "rights"},

		{"employee asks to join", employee, asks(access.AddMember, self, foreignTeam()), access.NeedsDecision, "join request"},
		{"employee asks to leave", employee, asks(access.RemoveMember, self, ownTeam()), access.NeedsDecision, "leave request"},
		{"employee asks to join a deactivated team", employee, asks(access.AddMember, self, closed), access.No, "inactive team"},
		{"employee asks for somebody else", employee, asks(access.AddMember, access.TeamFacts{People: []id.User{"other"}}, foreignTeam()), access.No, "rights"},
		{"employee asks for themself and somebody else", employee, asks(access.AddMember, access.TeamFacts{People: []id.User{"me", "other"}}, foreignTeam()), access.No, "rights"},
		{"employee asks for two teams at once", employee, asks(access.AddMember, self, foreignTeam(), ownTeam()), access.No, "rights"},
		{"a person without a user asks to join", person(func(a *access.Actor) { a.User = "" }), asks(access.AddMember, access.TeamFacts{People: []id.User{""}}, foreignTeam()), access.No, "rights"},
		{"lead asks to join a foreign team", lead, asks(access.AddMember, self, foreignTeam()), access.NeedsDecision, "join request"},

		{"deputy adds", adds, asks(access.AddMember, none, foreignTeam()), access.Direct, "own team members"},
		{"deputy for adding removes", adds, asks(access.RemoveMember, none, foreignTeam()), access.No, "foreign team"},
		{"deputy for adding renames", adds, asks(access.EditTeam, none, foreignTeam()), access.No, "foreign team"},
		{"deputy in another team", adds, asks(access.AddMember, none, ownTeam()), access.No, "foreign team"},
		{"deputy of a lead who lost the team", adds, asks(access.AddMember, none, otherLead), access.No, "foreign team"},
		{"deputy by HR, whoever leads", byHR, asks(access.EditTeam, none, otherLead), access.Direct, "own team name"},
		{"deputy invites", inviter, access.Question{Act: access.InviteUser, Teams: []access.Team{foreignTeam()}, Rows: 1}, access.NeedsDecision, "lead invites"},
		{"escalation: a deputy becomes manager", byHR, asks(access.SetManager, manager("me"), foreignTeam()), access.No, "foreign team"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := access.DefaultPolicy().Decide(tc.who, tc.q)
			if v.Outcome != tc.want || v.Rule != tc.rule {
				t.Errorf("%d by rule %q, want %d by %q", v.Outcome, v.Rule, tc.want, tc.rule)
			}
			if !strings.HasSuffix(v.Sentence, ".") || v.Outcome != access.Direct && v.Help == "" {
				t.Errorf("the sentence %q with help %q explains nothing", v.Sentence, v.Help)
			}
			if want := v.Rule == "join request" || v.Rule == "leave request"; (v.Lead != "") != want {
				t.Errorf("rule %q names the lead of %q", v.Rule, v.Lead)
			}
		})
	}
}

func TestLeadsDecideAboutTheirTeam(t *testing.T) {
	t.Parallel()
	asker := person(func(a *access.Actor) { a.Subject, a.User = "asker", "asker" })
	request := access.ChangeFacts{Requester: asker, Waiting: true, Lead: own}
	decider := person(func(a *access.Actor) {
		a.Deputy = []access.Deputation{{Team: own, Act: access.DecideMembers, By: "other"}}
	})
	adder := person(func(a *access.Actor) { a.Deputy = []access.Deputation{{Team: own, Act: access.AddMember, By: "other"}} })
	for _, tc := range []struct {
		name string
		who  access.Actor
		c    access.ChangeFacts
		sees bool
		rule string
	}{
		{"the lead", lead, request, true, "decide"},
		{"a deputy for decisions", decider, request, true, "decide"},
		{"a deputy for something else", adder, request, false, "decide: rights"},
		{"a lead of another team", lead, access.ChangeFacts{Requester: asker, Waiting: true, Lead: foreign}, false, "decide: rights"},
		{"the lead of no request to a lead", lead, access.ChangeFacts{Requester: asker, Waiting: true}, false, "decide: rights"},
		{"a member", employee, request, false, "decide: rights"},
		{"HR", hr, request, true, "decide"},
		{"the lead's own wish", lead, access.ChangeFacts{Requester: lead, Waiting: true, Lead: own}, true, "decide: own"},
		{"the lead, too late", lead, access.ChangeFacts{Requester: asker, Lead: own}, true, "decide: state"},
		{"a deactivated lead", person(func(a *access.Actor) { a.Leads = access.NewTeamSet(own); a.Inactive = true }), request, false, "decide: rights"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if v := access.MayDecide(tc.who, tc.c); v.Rule != tc.rule {
				t.Errorf("rule %q, want %q", v.Rule, tc.rule)
			}
			if got := access.SeesChange(tc.who, tc.c); got != tc.sees {
				t.Errorf("sees it: %t", got)
			}
		})
	}
}

func TestScopeOfDeputies(t *testing.T) {
	t.Parallel()
	a := person(func(a *access.Actor) {
		a.Leads = access.NewTeamSet(own)
		a.Deputy = []access.Deputation{{Team: foreign, Act: access.AddMember, By: "other"}}
	})
	s := a.Scope()
	if !s.SeesTeam(own) || !s.SeesTeam(foreign) || s.SeesTeam("third") || !s.SeesUser("x", []id.Team{foreign}) {
		t.Errorf("scope %+v", s)
	}
	if a.Leads.Has(foreign) {
		t.Error("a deputy became a lead: they could pass it on")
	}
	if d := cmp.Diff([]id.Team{own}, a.Decides()); d != "" {
		t.Error(d)
	}
	a.Leads = nil
	for _, p := range []access.Permission{access.UsersRead, access.PeopleFind, access.MembersChange, access.Invite} {
		if !a.May(p) {
			t.Errorf("a deputy may not: %s", p)
		}
	}
	if slices.Contains(access.LeadActs(), access.SetManager) {
		t.Error("the manager must not be a deputy's to set")
	}
}
