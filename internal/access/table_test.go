package access_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

// all is a policy with one answer everywhere.
func all(a access.Answer) access.Policy {
	p := access.Policy{Rules: map[access.Line]access.Rule{}}
	for _, k := range access.Lines() {
		p.Rules[k.Line] = access.Rule{Answer: a}
	}
	return p
}

func TestTheShippedTableIsSound(t *testing.T) {
	t.Parallel()
	p := access.DefaultPolicy()
	if bad := p.Check(); len(bad) > 0 {
		t.Errorf("problems %+v", bad)
	}
	names := map[string]bool{}
	for _, k := range access.Lines() {
		if names[k.Name()] || k.Group == "" || k.As == "" {
			t.Errorf("line %s: the name %q is not its own", k.Line, k.Name())
		}
		names[k.Name()] = true
		for _, a := range k.Answers() {
			back, ok := access.ParseAnswer(a.Code())
			if !ok || back != a {
				t.Errorf("answer %+v as %q comes back as %+v", a, a.Code(), back)
			}
		}
	}
	b, err := json.Marshal(p.Rules)
	if err != nil {
		t.Fatal(err)
	}
	var back map[access.Line]access.Rule
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p.Rules, back); d != "" {
		t.Errorf("the table changes when it is stored:\n%s", d)
	}
}

// TestFloors: a table that says "at once" everywhere, however it got there, loosens none of the floors.
func TestFloors(t *testing.T) {
	t.Parallel()
	loose := all(access.Answer{Outcome: access.Direct})
	if len(loose.Check()) == 0 {
		t.Error("a table without any decision is taken")
	}
	adminRole, plainRole := access.Role{ID: admin, Name: "Account Admin", Admin: true}, access.Role{ID: plain, Name: "Contributor"}
	someone := access.User{ID: "someone", Name: "Ana Ferrari", Teams: []access.Team{ownTeam()}}
	off, last, mighty := someone, someone, someone
	off.Deactivated, last.LastAdmin, mighty.Roles = true, true, []access.Role{adminRole}
	me := access.User{ID: "me", Name: "Me"}
	users := func(act access.Act, u access.User, roles ...access.Role) access.Question {
		return access.Question{Act: act, Users: []access.User{u}, Roles: roles, Rows: 1}
	}
	teams := func(act access.Act, t access.Team, f access.TeamFacts) access.Question {
		return access.Question{Act: act, Teams: []access.Team{t}, Rows: 1, Facts: f}
	}
	parent := foreignTeam()
	for _, tc := range []struct {
		name string
		who  access.Actor
		q    access.Question
		want access.Outcome
	}{
		{"HR deletes a user", hr, users(access.DeleteUser, off), access.NeedsDecision},
		{"HR deletes a team", hr, teams(access.DeleteTeam, ownTeam(), access.TeamFacts{}), access.NeedsDecision},
		{"HR deletes somebody active", hr, users(access.DeleteUser, someone), access.No},
		{"a lead deletes a team", lead, teams(access.DeleteTeam, ownTeam(), access.TeamFacts{}), access.No},
		{"a lead makes themself manager", lead, teams(access.SetManager, ownTeam(), access.TeamFacts{Manager: "me"}), access.No},
		{"a lead manages a foreign team", lead, teams(access.SetManager, foreignTeam(), access.TeamFacts{Manager: "x"}), access.No},
		{"a lead moves a foreign team below", lead, teams(access.MoveTeam, foreignTeam(), access.TeamFacts{Parent: &parent}), access.No},
		{"a lead deactivates a member", lead, users(access.DeactivateUser, someone), access.NeedsDecision},
		{"a lead changes foreign members", lead, teams(access.AddMember, foreignTeam(), access.TeamFacts{}), access.No},
		{"a lead invites into a foreign team", lead, access.Question{Act: access.InviteUser, Teams: []access.Team{foreignTeam()}, Rows: 1}, access.No},
		{"a lead invites with a role above", lead, access.Question{Act: access.InviteUser, Teams: []access.Team{ownTeam()}, Roles: []access.Role{{ID: "more"}}, Rows: 1}, access.No},
		{"HR gives an administrator role that they lack", hr, users(access.GrantRole, someone, adminRole), access.No},
		{"an administrator gives it", hrAdmin, users(access.GrantRole, someone, adminRole), access.NeedsDecision},
		{"an administrator invites with it", hrAdmin, access.Question{Act: access.InviteUser, Roles: []access.Role{adminRole}, Rows: 1}, access.NeedsDecision},
		{"HR gives themself a role", hr, users(access.GrantRole, me, plainRole), access.NeedsDecision},
		{"the last administrator goes", hr, users(access.DeactivateUser, last), access.No},
		{"an administrator goes", hr, users(access.DeactivateUser, mighty), access.NeedsDecision},
		{"HR deactivates themself", hr, users(access.DeactivateUser, me), access.No},
		{"somebody joins a team", employee, teams(access.AddMember, foreignTeam(), access.TeamFacts{People: []id.User{"me"}}), access.NeedsDecision},
		{"an employee adds another", employee, teams(access.AddMember, ownTeam(), access.TeamFacts{People: []id.User{"x"}}), access.No},
		{"deactivated HR", gone, users(access.EditName, someone), access.No},
		{"nobody", nobody, users(access.EditName, someone), access.No},
		{"an unknown act", hr, access.Question{Act: "delete account", Rows: 1}, access.No},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := loose.Decide(tc.who, tc.q)
			if v.Outcome != tc.want || (v.Outcome == access.NeedsDecision) != (v.Deciders > 0) {
				t.Errorf("%+v, want %d", v, tc.want)
			}
			if v.Outcome == access.No && (v.Sentence == "" || v.Help == "") {
				t.Errorf("a refusal that explains nothing: %+v", v)
			}
		})
	}
}

func TestATableChangesTheAnswer(t *testing.T) {
	t.Parallel()
	members := access.Question{Act: access.AddMember, Teams: []access.Team{ownTeam()}, Rows: 3}
	deputy := person(func(a *access.Actor) {
		a.Deputy = []access.Deputation{{Team: own, Act: access.AddMember, By: "chief"}}
	})
	asDeputy := members
	asDeputy.Teams = []access.Team{{ID: own, Name: "Own", Manager: "chief", Active: true}}
	byHR := access.Answer{Outcome: access.NeedsDecision, Deciders: 1, By: access.ByHR}
	direct := access.Answer{Outcome: access.Direct}
	two := access.Answer{Outcome: access.NeedsDecision, Deciders: 2, By: access.ByApprover}
	for _, tc := range []struct {
		name string
		p    access.Policy
		who  access.Actor
		q    access.Question
		want access.Answer
		says string
	}{
		{"as shipped", access.DefaultPolicy(), lead, members, direct, "You may"},
		{"decided by HR", access.DefaultPolicy().With("members-lead", access.Rule{Answer: byHR}), lead, members, byHR, "When a team lead changes members, HR must agree."},
		{"below the size", access.DefaultPolicy().With("members-lead", access.Rule{Answer: direct, From: 4, Larger: two}), lead, members, direct, "You may"},
		{"at the size", access.DefaultPolicy().With("members-lead", access.Rule{Answer: direct, From: 3, Larger: two}), lead, members, two, "3 or more people"},
		{"not allowed", access.DefaultPolicy().With("members-lead", access.Rule{}), lead, members, access.Answer{}, "does not allow it when a team lead changes members"},
		{"the lead's rule binds a deputy", access.DefaultPolicy().With("members-lead", access.Rule{Answer: byHR}), deputy, asDeputy, byHR, "HR must agree"},
		{"a deputy may be held shorter", access.DefaultPolicy().With("members-deputy", access.Rule{Answer: two}), deputy, asDeputy, two, "two approvers must agree"},
		{"the deputy's rule does not bind the lead", access.DefaultPolicy().With("members-deputy", access.Rule{Answer: two}), lead, members, direct, ""},
		{"another line does not matter", access.DefaultPolicy().With("members-hr", access.Rule{Answer: two}), lead, members, direct, ""},
		{"invitations one after another, by a lead who may", access.DefaultPolicy().With("invite-lead", access.Rule{Answer: direct}), lead,
			access.Question{Act: access.InviteUser, Teams: []access.Team{ownTeam()}, Rows: 1, RecentInvites: 5}, access.Answer{Outcome: access.NeedsDecision, Deciders: 1}, "number 6"},
		{"an answer that nobody knows", access.DefaultPolicy().With("members-lead", access.Rule{Answer: access.Answer{Outcome: access.NeedsDecision, Deciders: 9}}), lead, members, access.Answer{}, "no answer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := tc.p.Decide(tc.who, tc.q)
			if got := (access.Answer{Outcome: v.Outcome, Deciders: v.Deciders, By: v.By}); got != tc.want || !strings.Contains(v.Sentence, tc.says) {
				t.Errorf("%+v, %q; want %+v with %q", got, v.Sentence, tc.want, tc.says)
			}
			if v.Outcome != access.Direct && v.Help == "" {
				t.Error("nobody is named who can help")
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	one, two, direct := access.Answer{Outcome: access.NeedsDecision, Deciders: 1}, access.Answer{Outcome: access.NeedsDecision, Deciders: 2}, access.Answer{Outcome: access.Direct}
	leads := access.Answer{Outcome: access.NeedsDecision, Deciders: 1, By: access.ByLead}
	for _, tc := range []struct {
		name string
		line access.Line
		rule access.Rule
		ok   bool
	}{
		{"stricter", "members-hr", access.Rule{Answer: one, From: 10, Larger: two}, true},
		{"not allowed", "members-hr", access.Rule{}, true},
		{"deleting at once", "delete-user-hr", access.Rule{Answer: direct}, false},
		{"deleting many at once", "delete-user-hr", access.Rule{Answer: one, From: 10, Larger: direct}, false},
		{"looser for many", "members-hr", access.Rule{Answer: one, From: 10, Larger: direct}, false},
		{"a size where there is none", "name-self", access.Rule{Answer: one, From: 2, Larger: two}, false},
		{"a size below one", "members-hr", access.Rule{Answer: direct, From: -1, Larger: two}, false},
		{"a size too large", "members-hr", access.Rule{Answer: direct, From: access.MostRows + 1, Larger: two}, false},
		{"three people", "members-hr", access.Rule{Answer: access.Answer{Outcome: access.NeedsDecision, Deciders: 3}}, false},
		{"a lead of nothing", "members-hr", access.Rule{Answer: leads}, false},
		{"the lead of the team", "join-self", access.Rule{Answer: leads}, true},
		{"an unknown line", "nonsense", access.Rule{Answer: one}, false},
	} {
		if bad := access.DefaultPolicy().With(tc.line, tc.rule).Check(); (len(bad) == 0) != tc.ok {
			t.Errorf("%s: %+v", tc.name, bad)
		}
	}
}

func TestStricterVerdictsMeet(t *testing.T) {
	t.Parallel()
	d := func(n int, by access.By) access.Verdict {
		return access.Verdict{Outcome: access.NeedsDecision, Deciders: n, By: by, Lead: "x"}
	}
	for _, tc := range []struct {
		name     string
		a, b     access.Verdict
		deciders int
		by       access.By
		lead     id.Team
	}{
		{"more people", d(1, access.ByAny), d(2, access.ByAny), 2, access.ByAny, ""},
		{"HR before anybody", d(2, access.ByAny), d(1, access.ByHR), 2, access.ByHR, ""},
		{"an approver before HR", d(1, access.ByApprover), d(1, access.ByHR), 1, access.ByApprover, ""},
		{"anybody before the lead", d(1, access.ByLead), d(1, access.ByAny), 1, access.ByAny, ""},
		{"the lead alone", d(1, access.ByLead), access.Verdict{Outcome: access.Direct}, 1, access.ByLead, "x"},
	} {
		for _, v := range []access.Verdict{access.Stricter(tc.a, tc.b), access.Stricter(tc.b, tc.a)} {
			if v.Outcome != access.NeedsDecision || v.Deciders != tc.deciders || v.By != tc.by || v.Lead != tc.lead {
				t.Errorf("%s: %+v", tc.name, v)
			}
		}
	}
}

// TestWhoDecides: the table says who may, and only they do.
func TestWhoDecides(t *testing.T) {
	t.Parallel()
	requester := access.Actor{Kind: access.ByPerson, Issuer: "i", Subject: "r", User: "r"}
	both := person(func(a *access.Actor) { a.HR, a.Approver = true, true })
	for by, may := range map[access.By][]string{access.ByAny: {"hr", "approver", "both"}, access.ByHR: {"hr", "both"}, access.ByApprover: {"approver", "both"}, access.ByLead: {"hr", "approver", "both", "lead"}} {
		facts := access.ChangeFacts{Requester: requester, Waiting: true, By: by}
		if by == access.ByLead {
			facts.Lead = own
		}
		want := map[string]bool{}
		for _, name := range may {
			want[name] = true
		}
		for name, a := range map[string]access.Actor{"hr": hr, "approver": approver, "both": both, "lead": lead, "employee": employee, "auditor": auditor, "operator": operator, "nobody": nobody, "gone": gone} {
			if got := access.MayDecide(a, facts).Outcome == access.Direct; got != want[name] {
				t.Errorf("decided by %q: %s %v", by, name, got)
			}
		}
		if access.SeesChange(approver, facts) != want["approver"] {
			t.Errorf("decided by %q: what the approver sees", by)
		}
	}
}
