package access_test

import (
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

const (
	own     = id.Team("own")
	foreign = id.Team("foreign")
	plain   = id.Role("plain")
	admin   = id.Role("admin")
)

func person(change func(*access.Actor)) access.Actor {
	a := access.Actor{Kind: access.ByPerson, Issuer: "i", Subject: "s", User: "me", Name: "Me"}
	if change != nil {
		change(&a)
	}
	return a
}

var (
	nobody   = access.Actor{}
	employee = person(func(a *access.Actor) { a.Member = access.NewTeamSet(own) })
	lead     = person(func(a *access.Actor) { a.Leads = access.NewTeamSet(own); a.Roles = []id.Role{plain} })
	hr       = person(func(a *access.Actor) { a.HR = true })
	hrAdmin  = person(func(a *access.Actor) { a.HR = true; a.Roles = []id.Role{admin} })
	approver = person(func(a *access.Actor) { a.Approver = true })
	auditor  = person(func(a *access.Actor) { a.Auditor = true })
	operator = person(func(a *access.Actor) { a.Operator = true })
	gone     = person(func(a *access.Actor) { a.HR = true; a.Inactive = true })
)

func ownTeam() access.Team { return access.Team{ID: own, Name: "Own", Manager: "me", Active: true} }
func foreignTeam() access.Team {
	return access.Team{ID: foreign, Name: "Foreign", Manager: "other", Active: true}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	members := func(act access.Act, teams ...access.Team) access.Question {
		return access.Question{Act: act, Teams: teams, Rows: 1}
	}
	invite := func(rows, recent int, teams []access.Team, roles ...access.Role) access.Question {
		return access.Question{Act: access.InviteUser, Rows: rows, RecentInvites: recent, Teams: teams, Roles: roles}
	}
	plainRole, adminRole := access.Role{ID: plain, Name: "Contributor"}, access.Role{ID: admin, Name: "Account Admin", Admin: true}
	stale := ownTeam()
	stale.Manager = "other" // the fresh read says that somebody else manages it now
	claimed := foreignTeam()
	claimed.Manager = "me" // the fresh read says it is ours, the directory does not yet
	for _, tc := range []struct {
		name string
		who  access.Actor
		q    access.Question
		want access.Outcome
		rule string
	}{
		{"not signed in", nobody, members(access.AddMember, ownTeam()), access.No, "sign-in"},
		{"deactivated HR", gone, members(access.AddMember, ownTeam()), access.No, "deactivated"},
		{"employee adds", employee, members(access.AddMember, ownTeam()), access.No, "rights"},
		{"employee invites", employee, invite(1, 0, nil), access.No, "rights"},
		{"approver adds", approver, members(access.AddMember, ownTeam()), access.No, "rights"},
		{"auditor adds", auditor, members(access.AddMember, ownTeam()), access.No, "rights"},
		{"operator invites", operator, invite(1, 0, nil), access.No, "rights"},
		{"lead adds to own team", lead, members(access.AddMember, ownTeam()), access.Direct, "own team members"},
		{"lead removes from own team", lead, members(access.RemoveMember, ownTeam()), access.Direct, "own team members"},
		{"lead adds to foreign team", lead, members(access.AddMember, foreignTeam()), access.No, "foreign team"},
		{"lead adds to own and foreign team", lead, members(access.AddMember, ownTeam(), foreignTeam()), access.No, "foreign team"},
		{"lead lost the team upstream", lead, members(access.AddMember, stale), access.No, "foreign team"},
		{"lead is manager upstream only", lead, members(access.AddMember, claimed), access.No, "foreign team"},
		{"no team named", lead, members(access.AddMember), access.No, "no team"},
		{"HR adds to any team", hr, members(access.AddMember, foreignTeam()), access.Direct, "hr members"},
		{"HR invites one", hr, invite(1, 0, nil, plainRole), access.Direct, "single invitation"},
		{"HR invites the fifth of a day", hr, invite(1, 4, nil), access.Direct, "single invitation"},
		{"HR invites the sixth of a day", hr, invite(1, 5, nil), access.NeedsDecision, "many single invitations"},
		{"HR invites two", hr, invite(2, 0, nil), access.NeedsDecision, "bulk invitation"},
		{"HR gives an admin role it lacks", hr, invite(1, 0, nil, adminRole), access.No, "role ceiling"},
		{"HR admin gives an admin role", hrAdmin, invite(1, 0, nil, adminRole), access.NeedsDecision, "admin role"},
		{"lead invites into own team", lead, invite(1, 0, []access.Team{ownTeam()}, plainRole), access.NeedsDecision, "lead invites"},
		{"lead invites without a team", lead, invite(1, 0, nil), access.No, "invite without team"},
		{"lead invites into a foreign team", lead, invite(1, 0, []access.Team{foreignTeam()}), access.No, "foreign team"},
		{"lead asks for a role above their own", lead, invite(1, 0, []access.Team{ownTeam()}, access.Role{ID: "more", Name: "More"}), access.No, "role ceiling"},
		{"lead asks for an admin role", lead, invite(1, 0, []access.Team{ownTeam()}, adminRole), access.No, "role ceiling"},
		{"an act that nobody knows", hrAdmin, access.Question{Act: "delete account", Rows: 1}, access.No, "unknown act"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := access.DefaultPolicy().Decide(tc.who, tc.q)
			if v.Outcome != tc.want || v.Rule != tc.rule {
				t.Errorf("%d by rule %q, want %d by %q", v.Outcome, v.Rule, tc.want, tc.rule)
			}
			if v.Sentence == "" || !strings.HasSuffix(v.Sentence, ".") {
				t.Errorf("the sentence %q explains nothing", v.Sentence)
			}
			if v.Outcome == access.No && v.Help == "" {
				t.Error("a refusal must say who can help")
			}
			if (v.Outcome == access.NeedsDecision) != (v.Deciders > 0) {
				t.Errorf("%d deciders at outcome %d", v.Deciders, v.Outcome)
			}
		})
	}
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	teams := func(n int) access.Question {
		return access.Question{Act: access.DeleteTeam, Teams: []access.Team{foreignTeam()}, Rows: n}
	}
	for _, tc := range []struct {
		name           string
		above, rows    int
		deciders       int
		rule, sentence string
	}{
		{"one row", 10, 1, 1, "deletion", "Deleting teams cannot be undone, so a second person has to agree."},
		{"the last that one person may allow", 10, 10, 1, "deletion", "Deleting teams cannot be undone, so a second person has to agree."},
		{"one more", 10, 11, 2, "big deletion", "Deleting 11 or more teams at once needs two people beside the requester."},
		{"always two", 0, 1, 2, "big deletion", "Deleting 1 or more teams at once needs two people beside the requester."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := access.DefaultPolicy().WithLimits(5, tc.above).Decide(hr, teams(tc.rows))
			if v.Outcome != access.NeedsDecision || v.Deciders != tc.deciders || v.Rule != tc.rule || v.Sentence != tc.sentence || v.Help == "" {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestMayDecide(t *testing.T) {
	t.Parallel()
	other := func(a access.Actor) access.Actor { a.Subject, a.User = "other", "other"; return a }
	twin := approver
	twin.Subject = "another sign-in of the same user"
	request := access.ChangeFacts{Requester: hr, Waiting: true}
	for _, tc := range []struct {
		name string
		who  access.Actor
		c    access.ChangeFacts
		rule string
	}{
		{"another in HR", other(hr), request, "decide"},
		{"approver", other(approver), request, "decide"},
		{"the requester", hr, request, "decide: own"},
		{"the requester by another sign-in", twin, request, "decide: own"},
		{"the requester, linked to nobody", access.Actor{Kind: access.ByPerson, Issuer: "i", Subject: "s", Approver: true}, access.ChangeFacts{Requester: access.Actor{Kind: access.ByPerson, Issuer: "i", Subject: "s"}, Waiting: true}, "decide: own"},
		{"the same subject at another issuer", access.Actor{Kind: access.ByPerson, Issuer: "other", Subject: "s", Approver: true}, access.ChangeFacts{Requester: access.Actor{Kind: access.ByPerson, Issuer: "i", Subject: "s"}, Waiting: true}, "decide"},
		{"two without any sign-in are not one", access.Actor{Kind: access.ByPerson, Approver: true}, access.ChangeFacts{Requester: access.Actor{Kind: access.BySchedule}, Waiting: true}, "decide"},
		{"an editor", other(hr), access.ChangeFacts{Requester: hr, Editors: []access.Actor{other(hr)}, Waiting: true}, "decide: edited"},
		{"not waiting any more", other(hr), access.ChangeFacts{Requester: hr}, "decide: state"},
		{"a lead", other(lead), request, "decide: rights"},
		{"an auditor", other(auditor), request, "decide: rights"},
		{"deactivated", other(gone), request, "decide: rights"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := access.MayDecide(tc.who, tc.c)
			if v.Rule != tc.rule || (v.Outcome != access.No) != (tc.rule == "decide") {
				t.Errorf("%d by rule %q, want %q", v.Outcome, v.Rule, tc.rule)
			}
		})
	}
}

func TestSeesChange(t *testing.T) {
	t.Parallel()
	other := func(a access.Actor) access.Actor { a.Subject, a.User = "other", "other"; return a }
	for _, tc := range []struct {
		name string
		who  access.Actor
		c    access.ChangeFacts
		want bool
	}{
		{"requester", lead, access.ChangeFacts{Requester: lead}, true},
		{"another lead", other(lead), access.ChangeFacts{Requester: lead, Waiting: true}, false},
		{"an employee", other(employee), access.ChangeFacts{Requester: lead, Waiting: true}, false},
		{"HR", other(hr), access.ChangeFacts{Requester: lead}, true},
		{"auditor", other(auditor), access.ChangeFacts{Requester: lead}, true},
		{"operator", other(operator), access.ChangeFacts{Requester: lead, Waiting: true}, false},
		{"approver while it waits", other(approver), access.ChangeFacts{Requester: lead, Waiting: true}, true},
		{"approver afterwards", other(approver), access.ChangeFacts{Requester: lead}, false},
		{"approver who decided", other(approver), access.ChangeFacts{Requester: lead, Deciders: []access.Actor{other(approver)}}, true},
		{"nobody", nobody, access.ChangeFacts{Requester: nobody, Waiting: true}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := access.SeesChange(tc.who, tc.c); got != tc.want {
				t.Errorf("%t, want %t", got, tc.want)
			}
		})
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name                            string
		who                             access.Actor
		ownTeam, foreignTeam, colleague bool
	}{
		{"HR", hr, true, true, true},
		{"auditor", auditor, true, true, true},
		{"lead", lead, true, false, true},
		{"employee", employee, true, false, false},
		{"approver", approver, false, false, false},
		{"deactivated HR", gone, false, false, false},
		{"nobody", nobody, false, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := tc.who.Scope()
			if got := s.SeesTeam(own); got != tc.ownTeam {
				t.Errorf("own team: %t", got)
			}
			if got := s.SeesTeam(foreign); got != tc.foreignTeam {
				t.Errorf("foreign team: %t", got)
			}
			if got := s.SeesUser("colleague", []id.Team{own}); got != tc.colleague {
				t.Errorf("colleague of the own team: %t", got)
			}
			if s.SeesUser("", nil) && !s.All {
				t.Error("the user without an id is seen")
			}
		})
	}
}

// TestMay compares every permission with every part, so that a new permission must be thought about.
func TestMay(t *testing.T) {
	t.Parallel()
	want := map[access.Permission]string{ // who may: e(mployee) l(ead) h(r) p(approver) a(uditor) o(perator)
		access.Public: "elhpao", access.SignedIn: "elhpao", access.UsersRead: "lha", access.UsersChange: "lh", access.TeamsRead: "elhpao", access.PeopleFind: "lh",
		access.MembersChange: "lh", access.TeamsChange: "lh", access.Invite: "lh", access.ChangesRead: "elhpao", access.ChangesDecide: "lhp", access.AuditRead: "lha", access.SettingsManage: "ho", access.LicencesSet: "h", access.RemindersSet: "h",
		access.Operate:          "o",
		access.PolicyRead:       "ha",
		access.DriftRead:        "ha",
		access.DriftDecide:      "h",
		access.PolicyChange:     "h",
		access.WhoActs:          "h",
		access.ObjectivesChange: "h", access.Announcements: "h", access.Offboard: "h",
	}
	parts := map[rune]access.Actor{'e': employee, 'l': lead, 'h': hr, 'p': approver, 'a': auditor, 'o': operator}
	for _, p := range access.Permissions() {
		who, ok := want[p]
		if !ok {
			t.Errorf("no row for permission %q", p)
		}
		for letter, a := range parts {
			if got := a.May(p); got != strings.ContainsRune(who, letter) {
				t.Errorf("%q for %c: %t", p, letter, got)
			}
		}
		if nobody.May(p) != (p == access.Public) || gone.May(p) != (p == access.Public) {
			t.Errorf("%q for people who are not signed in or deactivated", p)
		}
	}
}

func TestStricter(t *testing.T) {
	t.Parallel()
	direct, one, two, no := access.Verdict{Outcome: access.Direct, Rule: "d"}, access.Verdict{Outcome: access.NeedsDecision, Deciders: 1, Rule: "1"},
		access.Verdict{Outcome: access.NeedsDecision, Deciders: 2, Rule: "2"}, access.Verdict{Rule: "n"}
	order := []access.Verdict{no, two, one, direct}
	for i, a := range order {
		for j, b := range order {
			if got, want := access.Stricter(a, b), order[min(i, j)]; got != want {
				t.Errorf("of %q and %q: %q", a.Rule, b.Rule, got.Rule)
			}
		}
	}
}

func TestMaySteer(t *testing.T) {
	t.Parallel()
	other := func(a access.Actor) access.Actor { a.Subject, a.User = "other", "other"; return a }
	leaver := lead
	leaver.Inactive = true
	for _, tc := range []struct {
		name string
		who  access.Actor
		want bool
	}{
		{"requester", lead, true}, {"HR", hr, true}, {"another lead", other(lead), false}, {"approver", other(approver), false},
		{"auditor", other(auditor), false}, {"operator", other(operator), false}, {"requester who was deactivated", leaver, false},
	} {
		if got := access.MaySteer(tc.who, access.ChangeFacts{Requester: lead}).Outcome != access.No; got != tc.want {
			t.Errorf("%s: %t, want %t", tc.name, got, tc.want)
		}
	}
}
