package access_test

import (
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

func TestDecideAboutPeople(t *testing.T) {
	t.Parallel()
	plainRole, adminRole := access.Role{ID: plain, Name: "Contributor"}, access.Role{ID: admin, Name: "Account Admin", Admin: true}
	viewer := access.Role{ID: "viewer", Name: "View-only", ViewOnly: true}
	someone := access.User{ID: "someone", Name: "Ana Ferrari", Roles: []access.Role{plainRole}, Teams: []access.Team{foreignTeam()}}
	with := func(change func(*access.User)) access.User {
		u := someone
		change(&u)
		return u
	}
	me := with(func(u *access.User) { u.ID, u.Name = "me", "Me" })
	mine := with(func(u *access.User) { u.Teams = []access.Team{foreignTeam(), ownTeam()} })
	stale := with(func(u *access.User) {
		lost := ownTeam()
		lost.Manager = "other" // a fresh read says that somebody else manages it now
		u.Teams = []access.Team{lost}
	})
	administrator := with(func(u *access.User) { u.Roles = []access.Role{adminRole} })
	last := with(func(u *access.User) {
		u.Roles, u.LastAdmin, u.Teams = []access.Role{adminRole}, true, []access.Team{ownTeam()}
	})
	reader := with(func(u *access.User) { u.Roles = []access.Role{viewer} })
	off := with(func(u *access.User) { u.Deactivated = true })
	pending := with(func(u *access.User) { u.Pending = true })
	bare := with(func(u *access.User) { u.Roles = nil })

	type want = struct {
		outcome   access.Outcome
		rule      string
		deciders  int
		reasonHas string
	}
	direct := func(rule string) want { return want{access.Direct, rule, 0, ""} }
	asks := func(rule string, deciders int) want { return want{access.NeedsDecision, rule, deciders, ""} }
	refused := func(rule, says string) want { return want{access.No, rule, 0, says} }
	ask := func(act access.Act, users []access.User, roles ...access.Role) access.Question {
		return access.Question{Act: act, Users: users, Roles: roles, Rows: len(users)}
	}
	one := func(act access.Act, u access.User, roles ...access.Role) access.Question {
		return ask(act, []access.User{u}, roles...)
	}
	many := func(n int, u access.User) []access.User {
		out := make([]access.User, n)
		for i := range out {
			out[i] = u
		}
		return out
	}

	for _, tc := range []struct {
		name string
		who  access.Actor
		q    access.Question
		want want
	}{
		{"nobody is named", hr, ask(access.DeactivateUser, nil), refused("no person", "")},
		{"not signed in", nobody, one(access.EditName, someone), refused("sign-in", "")},
		{"deactivated HR", gone, one(access.EditName, someone), refused("deactivated", "")},

		{"HR edits a name", hr, one(access.EditName, someone), direct("hr people")},
		{"an employee edits their own name", employee, one(access.EditName, me), direct("own profile")},
		{"an employee edits another's name", employee, one(access.EditName, someone), refused("rights: people", "Only HR")},
		{"an employee edits their own and another's", employee, ask(access.EditName, []access.User{me, someone}), refused("rights: people", "")},
		{"a lead edits the name of a member", lead, one(access.EditName, mine), refused("rights: people", "")},
		{"an approver edits a name", approver, one(access.EditName, someone), refused("rights: people", "")},
		{"an auditor edits a name", auditor, one(access.EditName, someone), refused("rights: people", "")},
		{"an operator edits a name", operator, one(access.EditName, someone), refused("rights: people", "")},
		{"HR sets a language in bulk", hr, ask(access.SetLanguage, many(300, someone)), direct("hr people")},
		{"an employee sets their own language", employee, one(access.SetLanguage, me), direct("own profile")},
		{"a lead sets the language of a member", lead, one(access.SetLanguage, mine), refused("rights: people", "")},
		{"an employee has a password mail sent to themself", employee, one(access.SendPasswordMail, me), direct("own profile")},
		{"an employee has one sent to another", employee, one(access.SendPasswordMail, someone), refused("rights: people", "")},
		{"a lead has one sent to a member", lead, one(access.SendPasswordMail, mine), refused("rights: people", "")},
		{"HR sends invitations again", hr, ask(access.ResendInvitation, many(40, pending)), direct("hr people")},
		{"a lead sends an invitation again", lead, one(access.ResendInvitation, mine), refused("rights: people", "")},

		{"HR gives a role", hr, one(access.GrantRole, bare, plainRole), direct("hr people")},
		{"HR gives a role to many", hr, ask(access.GrantRole, many(47, bare), plainRole), direct("hr people")},
		{"HR gives themself a role", hr, one(access.GrantRole, me, access.Role{ID: "more", Name: "More"}), asks("own role", 1)},
		{"HR gives an administrator role that they lack", hr, one(access.GrantRole, someone, adminRole), refused("role ceiling", "")},
		{"an administrator gives it", hrAdmin, one(access.GrantRole, someone, adminRole), asks("admin role", 1)},
		{"view-only beside another role", hr, one(access.GrantRole, someone, viewer), refused("view-only", "Contributor")},
		{"another role beside view-only", hr, one(access.GrantRole, reader, plainRole), refused("view-only", "View-only")},
		{"view-only to somebody without roles", hr, one(access.GrantRole, bare, viewer), direct("hr people")},
		{"one of many has another role", hr, ask(access.GrantRole, []access.User{bare, someone}, viewer), refused("view-only", "")},
		{"a lead gives a member a role that they hold", lead, one(access.GrantRole, mine, plainRole), refused("rights: people", "")},
		{"a lead gives themself a role", lead, one(access.GrantRole, me, plainRole), refused("rights: people", "")},

		{"HR takes a role", hr, one(access.TakeRole, someone, plainRole), direct("hr people")},
		{"HR takes an administrator role that they lack", hr, one(access.TakeRole, administrator, adminRole), refused("role ceiling", "taken")},
		{"an administrator takes it", hrAdmin, one(access.TakeRole, administrator, adminRole), asks("admin role", 1)},
		{"an administrator takes it from themself", hrAdmin, one(access.TakeRole, me, adminRole), refused("own administrator role", "")},
		{"an administrator takes the last one", hrAdmin, one(access.TakeRole, last, adminRole), refused("last administrator", "Ana Ferrari")},
		{"another role of the last administrator", hr, one(access.TakeRole, last, plainRole), direct("hr people")},
		{"a lead takes a role of a member", lead, one(access.TakeRole, mine, plainRole), refused("rights: people", "")},

		{"HR deactivates one", hr, one(access.DeactivateUser, someone), direct("hr people")},
		{"HR deactivates many", hr, ask(access.DeactivateUser, many(47, someone)), direct("hr people")},
		{"HR deactivates an administrator", hr, one(access.DeactivateUser, administrator), asks("administrator", 1)},
		{"HR deactivates many, one an administrator", hr, ask(access.DeactivateUser, []access.User{someone, administrator}), asks("administrator", 1)},
		{"HR deactivates the last administrator", hr, one(access.DeactivateUser, last), refused("last administrator", "")},
		{"HR deactivates themself", hr, one(access.DeactivateUser, me), refused("own access", "")},
		{"HR deactivates many, themself too", hr, ask(access.DeactivateUser, []access.User{someone, me}), refused("own access", "")},
		{"a lead asks to deactivate a member", lead, one(access.DeactivateUser, mine), asks("lead asks deactivation", 1)},
		{"a lead asks to deactivate a foreign person", lead, one(access.DeactivateUser, someone), refused("foreign person", "Ana Ferrari")},
		{"a lead asks for a member and a foreign person", lead, ask(access.DeactivateUser, []access.User{mine, someone}), refused("foreign person", "")},
		{"a lead who lost the team", lead, one(access.DeactivateUser, stale), refused("foreign person", "")},
		{"a lead asks for the last administrator", lead, one(access.DeactivateUser, last), refused("last administrator", "")},
		{"a lead asks for themself", lead, one(access.DeactivateUser, me), refused("own access", "")},
		{"an employee asks for themself", employee, one(access.DeactivateUser, me), refused("rights: people", "")},
		{"HR activates many", hr, ask(access.ActivateUser, many(47, off)), direct("hr people")},
		{"a lead activates a member", lead, one(access.ActivateUser, mine), refused("rights: people", "")},

		{"HR deletes somebody active", hr, one(access.DeleteUser, someone), refused("delete: still active", "deactivated")},
		{"HR deletes somebody deactivated", hr, one(access.DeleteUser, off), asks("deletion", 1)},
		{"HR deletes somebody who never signed in", hr, one(access.DeleteUser, pending), asks("deletion", 1)},
		{"HR deletes ten", hr, ask(access.DeleteUser, many(10, off)), asks("deletion", 1)},
		{"HR deletes eleven", hr, ask(access.DeleteUser, many(11, off)), asks("big deletion", 2)},
		{"HR deletes eleven, one active", hr, ask(access.DeleteUser, append(many(10, off), someone)), refused("delete: still active", "")},
		{"HR deletes themself", hr, one(access.DeleteUser, me), refused("own access", "")},
		{"a lead deletes a member", lead, one(access.DeleteUser, mine), refused("rights: people", "")},
		{"an approver deletes", approver, one(access.DeleteUser, off), refused("rights: people", "")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			v := access.DefaultPolicy().Decide(tc.who, tc.q)
			if v.Outcome != tc.want.outcome || v.Rule != tc.want.rule || v.Deciders != tc.want.deciders {
				t.Errorf("%d by rule %q with %d deciders, want %d by %q with %d", v.Outcome, v.Rule, v.Deciders, tc.want.outcome, tc.want.rule, tc.want.deciders)
			}
			if !strings.HasSuffix(v.Sentence, ".") || !strings.Contains(v.Sentence, tc.want.reasonHas) {
				t.Errorf("the sentence %q lacks %q", v.Sentence, tc.want.reasonHas)
			}
			if v.Outcome == access.No && v.Help == "" {
				t.Error("a refusal must say who can help")
			}
		})
	}
}

// TestOnlyOwnRightsWithoutHR: whatever is asked by people who are not HR about somebody else, nothing but a lead's
// request for a deactivation comes through.
func TestOnlyOwnRightsWithoutHR(t *testing.T) {
	t.Parallel()
	acts := []access.Act{access.EditName, access.SetLanguage, access.GrantRole, access.TakeRole, access.ActivateUser, access.DeactivateUser,
		access.DeleteUser, access.ResendInvitation, access.SendPasswordMail}
	u := access.User{ID: "someone", Name: "Ana Ferrari", Teams: []access.Team{ownTeam()}, Deactivated: true}
	for _, act := range acts {
		q := access.Question{Act: act, Users: []access.User{u}, Roles: []access.Role{{ID: id.Role(plain), Name: "Contributor"}}, Rows: 1}
		for name, who := range map[string]access.Actor{"employee": employee, "lead": lead, "approver": approver, "auditor": auditor, "operator": operator} {
			want := access.No
			if name == "lead" && act == access.DeactivateUser {
				want = access.NeedsDecision
			}
			if v := access.DefaultPolicy().Decide(who, q); v.Outcome != want {
				t.Errorf("%s, %s: %d, want %d", name, act, v.Outcome, want)
			}
		}
	}
}
