package access

import (
	"fmt"

	"github.com/gtmhub-portal/portal/internal/id"
)

// Act names a kind of change. The kinds are registered in change/kinds; the policy knows them by these names.
type Act string

// The acts that the policy knows. An act that is not listed is refused for everybody.
const (
	// InviteUser creates a Gtmhub user, which sends the invitation mail.
	InviteUser Act = "invite user"
	// GiveRole gives a user one role. In this release it only happens as a step of an invitation.
	GiveRole Act = "give role"
	// AddMember puts a user into a team.
	AddMember Act = "add member"
	// RemoveMember takes a user out of a team.
	RemoveMember Act = "remove member"
)

// Team holds the facts about a team that decisions need. Manager must be read fresh from Gtmhub for a write.
type Team struct {
	ID      id.Team
	Name    string
	Manager id.User
	Active  bool
}

// Role holds the facts about a role that decisions need.
type Role struct {
	ID   id.Role
	Name string
	// Admin marks a role that manages the whole account, ViewOnly one that only reads; the settings name both.
	Admin, ViewOnly bool
}

// Question is one row of a change, or its whole, put to the policy.
type Question struct {
	Act Act
	// Teams are the teams that the row touches. A row about a team must bring it.
	Teams []Team
	// Roles are the roles that the row gives or takes.
	Roles []Role
	// Users are the people who are there already and whom the row is about.
	Users []User
	// Rows is how many people the change is about; at least 1.
	Rows int
	// RecentInvites counts the single invitations that the actor had carried out without a decision in the last 24 hours.
	RecentInvites int
	// Facts are what acts on teams need beside Teams.
	Facts TeamFacts
}

// Outcome is what the policy says.
type Outcome int

// The outcomes, from the strictest: a missing answer is a No.
const (
	No Outcome = iota
	NeedsDecision
	Direct
)

// Verdict is the policy's answer with its reason.
type Verdict struct {
	Outcome Outcome
	// Deciders is how many people must agree beside the requester; 0 when Direct or No.
	Deciders int
	// By says who they are.
	By By `json:",omitempty"`
	// Lead is the team whose lead may decide beside HR; empty for none.
	Lead id.Team `json:",omitempty"`
	// Rule names the rule that decided, stable for tests and the audit trail.
	Rule string
	// Sentence explains it to the person, naming the fact that the rule met.
	Sentence string `json:"-"`
	// Help says who can help; empty when Direct.
	Help string `json:"-"`
}

// Stricter returns the verdict that allows less, the first of two equal ones. Of two decisions, it asks for as many people
// as the one and for those whom the other names.
func Stricter(a, b Verdict) Verdict {
	if b.Outcome < a.Outcome || b.Outcome == a.Outcome && (b.Deciders > a.Deciders || b.Deciders == a.Deciders && b.By.rank() > a.By.rank()) {
		a, b = b, a
	}
	if a.Outcome == NeedsDecision && b.Outcome == NeedsDecision && b.By.rank() > a.By.rank() {
		a.By, a.Lead, a.Help = b.By, "", b.Help
	}
	if a.Outcome == NeedsDecision && a.By != ByLead {
		a.Lead = ""
	}
	return a
}

func no(rule, sentence, help string) Verdict {
	return Verdict{Outcome: No, Rule: rule, Sentence: sentence, Help: help}
}

func direct(rule, sentence string) Verdict {
	return Verdict{Outcome: Direct, Rule: rule, Sentence: sentence}
}

func decision(rule, sentence string) Verdict {
	return Verdict{Outcome: NeedsDecision, Deciders: 1, Rule: rule, Sentence: sentence, Help: "HR or an approver decides; you cannot decide your own request."}
}

// Decide answers whether the actor may do the act: at once, after a decision by somebody else, or not at all.
// It is called when a page is drawn, when a change is submitted, and again for each row when it runs.
func (p Policy) Decide(a Actor, q Question) Verdict { return p.Judge(Examine(a, q)) }

// Examine finds what the question meets: refusals and decisions that no table can change, and the lines of the table.
func Examine(a Actor, q Question) Ground {
	if a.Kind == "" {
		return fixed(no("sign-in", "You are not signed in.", "Sign in and try again."))
	}
	if a.Inactive {
		return fixed(no("deactivated", "Your Gtmhub user has been deactivated.", "Ask HR."))
	}
	switch q.Act { // everybody may do some of this about themself
	case EditName, SetLanguage, GrantRole, TakeRole, ActivateUser, DeactivateUser, DeleteUser, ResendInvitation, SendPasswordMail:
		return examineUsers(a, q)
	case SetOwnSettings, TakeBackReaction:
		return examineOwn(a, q)
	}
	if !a.HR && !a.ActsForTeams() && !aboutSelf(a, q) {
		return fixed(no("rights", "Only HR and team leads can do this.", "Ask the team's manager or HR."))
	}
	switch q.Act {
	case AddMember, RemoveMember:
		return examineMembers(a, q)
	case InviteUser, GiveRole:
		return examineInvite(a, q)
	case CreateTeam, EditTeam, ReplaceTeam, MoveTeam, ActivateTeam, DeactivateTeam, DeleteTeam, SetManager, RemoveManager:
		return examineTeam(a, q)
	case HandOverObjectives, SetConfidence, WriteAnnouncement, EditAnnouncement, RemoveAnnouncement:
		return examineContent(a, q)
	default:
		return fixed(no("unknown act", "This is not something the portal can do.", "Ask HR."))
	}
}

func examineInvite(a Actor, q Question) Ground {
	var g Ground
	for _, r := range q.Roles {
		if v, ok := roleCeiling(a, r); !ok {
			return fixed(v)
		}
		if r.Admin {
			g = g.Plus(fixed(decision("admin role", fmt.Sprintf("Giving the role %s needs a second person.", r.Name))))
		}
	}
	for _, u := range q.Users { // those who have an account already
		g = g.Plus(examineRolesFor(a, q, u, a.User != "" && a.User == u.ID))
	}
	if a.HR {
		g = g.Plus(hits(q.Rows, lineInvite))
		if len(q.Users) > 0 {
			g = g.Plus(hits(len(q.Users), lineRole))
		}
	} else {
		if len(q.Teams) == 0 {
			return fixed(no("invite without team", "A team lead invites people into a team that they manage; no such team was named.", "Name one of your teams, or ask HR."))
		}
		for _, t := range q.Teams {
			if !leads(a, t, q.Act) {
				return fixed(no("foreign team", fmt.Sprintf("You are not the manager of %s.", t.Name), "Name one of your teams, or ask HR."))
			}
			g = g.Plus(hits(q.Rows, asLeadOrDeputy(a, t, lineInviteLead, lineInviteDeputy)...))
		}
	}
	// Single invitations by which a decision could be evaded are counted whoever makes them.
	return g.Plus(hits(q.RecentInvites+1, lineInviteOften))
}

// asLeadOrDeputy are the lines for a team: a deputy is bound by those of the lead too.
func asLeadOrDeputy(a Actor, t Team, lead, deputy Line) []Line {
	if manages(a, t) {
		return []Line{lead}
	}
	return []Line{lead, deputy}
}

// roleCeiling: nobody grants more than the settings and their own roles allow.
func roleCeiling(a Actor, r Role) (Verdict, bool) {
	holds := a.HasRole(r.ID)
	switch {
	case r.Admin && !holds:
		return no("role ceiling", fmt.Sprintf("The role %s can only be given by someone who holds it.", r.Name), "Ask an administrator of the account."), false
	case !a.HR && !holds:
		return no("role ceiling", fmt.Sprintf("You cannot ask for the role %s because you do not hold it yourself.", r.Name), "Leave the role empty, or ask HR."), false
	}
	return Verdict{}, true
}

// ChangeFacts is what decisions about an existing change need.
type ChangeFacts struct {
	// Requester made it; Editors altered it after it was first submitted.
	Requester Actor
	Editors   []Actor
	// Waiting is true while it can be decided.
	Waiting bool
	// Deciders are those who have decided on it, in any version.
	Deciders []Actor
	// By says who decides; Lead is the team whose lead may beside HR, empty for none.
	By   By
	Lead id.Team
}

// entitled says whether the actor is one of those who decide on such a request.
func entitled(a Actor, c ChangeFacts) bool {
	if a.Inactive || a.Kind == "" {
		return false
	}
	switch c.By {
	case ByHR:
		return a.HR
	case ByApprover:
		return a.Approver
	}
	return a.HR || a.Approver || mayLead(a, c)
}

// MayDecide says whether the actor may approve or reject the change.
func MayDecide(a Actor, c ChangeFacts) Verdict {
	switch {
	case !entitled(a, c):
		sentence := map[By]string{ByHR: "Only HR decides on this request.", ByApprover: "Only an approver decides on this request."}[c.By]
		return no("decide: rights", or(sentence, "Only HR and approvers decide on this request."), "Ask HR.")
	case a.Same(c.Requester):
		return no("decide: own", "You made this request, so somebody else has to decide it.", "Another person in HR, or an approver, can decide.")
	}
	for _, e := range c.Editors {
		if a.Same(e) {
			return no("decide: edited", "You have edited this request, so somebody else has to decide it.", "Another person in HR, or an approver, can decide.")
		}
	}
	if !c.Waiting {
		return no("decide: state", "This request is not waiting for a decision any more.", "")
	}
	return direct("decide", "You may decide on this request.")
}

// SeesChange says whether the actor may see the change at all; if not, it does not exist for them.
func SeesChange(a Actor, c ChangeFacts) bool {
	if a.Inactive || a.Kind == "" {
		return false
	}
	if a.HR || a.Auditor || a.Same(c.Requester) || mayLead(a, c) {
		return true
	}
	if !a.Approver {
		return false
	}
	if c.Waiting && c.By != ByHR {
		return true
	}
	for _, d := range c.Deciders {
		if a.Same(d) {
			return true
		}
	}
	return false
}

// MaySteer says whether the actor may pause, resume, cancel or repair the change's run.
func MaySteer(a Actor, c ChangeFacts) Verdict {
	if a.HR || a.Same(c.Requester) {
		if a.Inactive {
			return no("deactivated", "Your Gtmhub user has been deactivated.", "Ask HR.")
		}
		return direct("steer", "The requester and HR may pause, resume and cancel.")
	}
	return no("steer", "Only the requester and HR can do this.", "Ask HR.")
}

// MayRelease says whether the actor may let held rows go on with what is there now. Where people have decided, that is a
// decision too: whoever asked for the change or edited it does not make it.
func MayRelease(a Actor, c ChangeFacts) Verdict {
	if len(c.Deciders) == 0 {
		return MaySteer(a, c)
	}
	c.Waiting = true
	v := MayDecide(a, c)
	if v.Outcome == No {
		return no("release: "+v.Rule, "It is not what was decided any more, so somebody who may decide on this request has to let it go on.", "Another person in HR, or an approver, can. You can drop it, and ask again.")
	}
	return direct("release", "You may let it go on.")
}

// HasRole says whether the actor's linked user holds the role directly.
func (a Actor) HasRole(r id.Role) bool {
	for _, have := range a.Roles {
		if have == r {
			return true
		}
	}
	return false
}
