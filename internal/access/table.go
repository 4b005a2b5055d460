package access

import (
	"fmt"
	"slices"

	"github.com/gtmhub-portal/portal/internal/id"
)

// By says who may decide on a request.
type By string

// Who decides, from the widest.
const (
	// ByLead is the lead of the team that the request is about, a deputy for it, HR or an approver.
	ByLead By = "lead"
	// ByAny is HR or an approver. It is what requests without a word about it have.
	ByAny      By = ""
	ByHR       By = "hr"
	ByApprover By = "approver"
)

// rank orders who decides: where two rules meet in one request, the later counts.
func (b By) rank() int { return slices.Index([]By{ByLead, ByAny, ByHR, ByApprover}, b) }

// Words names them, for a sentence about n of them.
func (b By) Words(n int) string {
	if n > 1 {
		return map[By]string{ByLead: "two people", ByAny: "two people", ByHR: "two people in HR", ByApprover: "two approvers"}[b]
	}
	return map[By]string{ByLead: "the team's lead or HR", ByAny: "HR or an approver", ByHR: "HR", ByApprover: "an approver"}[b]
}

// Part is as what somebody acts.
type Part string

// The parts of the table.
const (
	AsHR     Part = "HR"
	AsLead   Part = "team lead"
	AsDeputy Part = "deputy"
	AsSelf   Part = "employee"
	AsAny    Part = "everybody"
)

// Answer is what the table says: at once, after a decision, or not at all.
type Answer struct {
	Outcome Outcome `json:"outcome"`
	// Deciders and By are set for NeedsDecision: one or two people beside the requester, and who they are.
	Deciders int `json:"deciders,omitempty"`
	By       By  `json:"by,omitempty"`
}

// Rule is a cell of the table.
type Rule struct {
	Answer
	// From is the size from which Larger holds instead; 0 when size plays no part.
	From   int    `json:"from,omitempty"`
	Larger Answer `json:"larger,omitzero"`
}

// MostRows is the largest size that a rule may name.
const MostRows = 5000

// at is the answer for a size.
func (r Rule) at(size int) (a Answer, larger bool) {
	if r.From > 0 && size >= r.From {
		return r.Larger, true
	}
	return r.Answer, false
}

// Code is the answer as a value of a form; ParseAnswer reads it.
func (x Answer) Code() string {
	switch x.Outcome {
	case Direct:
		return "direct"
	case NeedsDecision:
		return fmt.Sprintf("%d%s", x.Deciders, map[By]string{ByLead: ":lead", ByHR: ":hr", ByApprover: ":approver"}[x.By])
	default:
		return "no"
	}
}

// ParseAnswer reads what Code writes; ok is false for anything else.
func ParseAnswer(code string) (x Answer, ok bool) {
	for _, a := range allAnswers {
		if a.Code() == code {
			return a, true
		}
	}
	return Answer{}, false
}

// Words are the answer in the words of the page.
func (x Answer) Words() string {
	switch x.Outcome {
	case Direct:
		return "at once"
	case NeedsDecision:
		return "needs " + x.By.Words(x.Deciders)
	default:
		return "not allowed"
	}
}

// Words are the rule in the words of the page, unit being what its size counts.
func (r Rule) Words(unit string) string {
	if r.From == 0 {
		return r.Answer.Words()
	}
	return fmt.Sprintf("%s; from %d %s on %s", r.Answer.Words(), r.From, unit, r.Larger.Words())
}

// allAnswers are the answers that there are, from the loosest.
var allAnswers = []Answer{atOnce, theLead, onePerson, {Outcome: NeedsDecision, Deciders: 1, By: ByHR}, {Outcome: NeedsDecision, Deciders: 1, By: ByApprover},
	twoPeople, {Outcome: NeedsDecision, Deciders: 2, By: ByHR}, {Outcome: NeedsDecision, Deciders: 2, By: ByApprover}, {}}

// Answers are those that a table may give in the line, from the loosest.
func (k LineInfo) Answers() []Answer {
	return slices.DeleteFunc(slices.Clone(allAnswers), func(a Answer) bool { return k.wrong(a) != "" })
}

// Name names the line in one sentence part: "Invite people, as team lead (into own teams)".
func (k LineInfo) Name() string {
	s := k.What + ", as " + string(k.As)
	if k.When != "" {
		s += " (" + k.When + ")"
	}
	return s
}

func (x Answer) covers(least Answer) bool {
	return x.Outcome < least.Outcome || x.Outcome == least.Outcome && x.Deciders >= least.Deciders
}

// Line names a line of the table: what, as what, and under which condition.
type Line string

// LineInfo describes a line of the table.
type LineInfo struct {
	Line Line
	// Group and What are the headings: "Teams", "Rename and describe".
	Group, What string
	As          Part
	// When is the condition; empty for always.
	When string
	// Unit is what a size counts: "people"; empty where it is always one.
	Unit string
	// Least is the floor: the loosest answer that a table may give. Its zero value is no floor.
	Least Answer
	// Default is what holds until somebody says otherwise.
	Default Rule
	// does says it in a sentence: "invites people".
	does string
	// once, asked and more are the rules and sentences of the default answers.
	once, asked, more said
}

// said is the name of a rule and its sentence; %d in it is the size from which it holds.
type said struct{ rule, sentence string }

// The answers that the lines are made of.
var (
	atOnce    = Answer{Outcome: Direct}
	onePerson = Answer{Outcome: NeedsDecision, Deciders: 1}
	twoPeople = Answer{Outcome: NeedsDecision, Deciders: 2}
	theLead   = Answer{Outcome: NeedsDecision, Deciders: 1, By: ByLead}
)

// The lines of the table.
const (
	lineInvite         Line = "invite-hr"
	lineInviteOften    Line = "invite-many-single"
	lineInviteLead     Line = "invite-lead"
	lineInviteDeputy   Line = "invite-deputy"
	lineName           Line = "name-hr"
	lineNameSelf       Line = "name-self"
	lineMail           Line = "mail-hr"
	lineMailSelf       Line = "mail-self"
	lineRole           Line = "role-hr"
	lineAccess         Line = "access-hr"
	lineAccessAdmin    Line = "access-administrator"
	lineAccessLead     Line = "access-lead"
	lineDeleteUser     Line = "delete-user-hr"
	lineMembers        Line = "members-hr"
	lineMembersLead    Line = "members-lead"
	lineMembersDeputy  Line = "members-deputy"
	lineJoin           Line = "join-self"
	lineLeave          Line = "leave-self"
	lineEditTeam       Line = "team-name-hr"
	lineEditTeamLead   Line = "team-name-lead"
	lineEditTeamDeputy Line = "team-name-deputy"
	lineCreateTeam     Line = "new-team-hr"
	lineCreateTeamLead Line = "new-team-lead"
	lineMoveTeam       Line = "move-team-hr"
	lineMoveTeamLead   Line = "move-team-lead"
	lineManager        Line = "manager-hr"
	lineManagerLead    Line = "manager-lead"
	lineTeamState      Line = "team-state-hr"
	lineTeamStateLead  Line = "team-state-lead"
	lineDeleteTeam     Line = "delete-team-hr"
	lineObjectives     Line = "objectives-hr"
	lineAnnouncements  Line = "announcements-hr"
)

const (
	groupInvite  = "Invitations"
	groupPeople  = "People who are there"
	groupTeams   = "Teams"
	groupContent = "Objectives and announcements"
)

var (
	hrPeople  = said{"hr people", "HR may do this."}
	hrTeams   = said{"hr teams", "HR may change any team."}
	leadAsks  = said{"lead asks", "The place, the manager and the state of a team are decided by HR or an approver."}
	ownPerson = said{"own profile", "You may change your own name and language, and have a password mail sent to yourself."}
	ownName   = said{"own team name", "You may name and describe a team that you manage."}
	ownPeople = said{"own team members", "You may change the members of a team that you manage."}
	leadBids  = said{"lead invites", "Invitations by a team lead are decided by HR or an approver."}
)

// lines is the table in the order of the page.
var lines = []LineInfo{
	{Line: lineInvite, Group: groupInvite, What: "Invite people", As: AsHR, Unit: "people", does: "HR invites people", Default: Rule{Answer: atOnce, From: 2, Larger: onePerson},
		once: said{"single invitation", "HR may invite a single person."}, more: said{"bulk invitation", "Invitations of %d or more people need a second person."}},
	{Line: lineInviteOften, Group: groupInvite, What: "Invite one person after another", As: AsAny, When: "without a decision, counted over 24 hours", Unit: "invitations", does: "somebody sends one invitation after another",
		Default: Rule{Answer: atOnce, From: 6, Larger: onePerson}, once: said{"single invitation", "A single person may be invited."},
		more: said{"many single invitations", "From the invitation number %d within 24 hours on, a second person has to agree."}},
	{Line: lineInviteLead, Group: groupInvite, What: "Invite people", As: AsLead, When: "into own teams, with roles that the lead holds", Unit: "people", does: "a team lead invites people", Default: Rule{Answer: onePerson}, asked: leadBids},
	{Line: lineInviteDeputy, Group: groupInvite, What: "Invite people", As: AsDeputy, When: "into the teams given", Unit: "people", does: "a deputy invites people", Default: Rule{Answer: onePerson}, asked: leadBids},

	{Line: lineName, Group: groupPeople, What: "Name and language", As: AsHR, Unit: "people", does: "HR changes names or languages", Default: Rule{Answer: atOnce}, once: hrPeople},
	{Line: lineNameSelf, Group: groupPeople, What: "Name and language", As: AsSelf, When: "their own", does: "somebody changes their own name or language", Default: Rule{Answer: atOnce}, once: ownPerson},
	{Line: lineMail, Group: groupPeople, What: "Invitation again, password mail", As: AsHR, Unit: "people", does: "HR sends mails", Default: Rule{Answer: atOnce}, once: hrPeople},
	{Line: lineMailSelf, Group: groupPeople, What: "Password mail", As: AsSelf, When: "to themself", does: "somebody has a password mail sent to themself", Default: Rule{Answer: atOnce}, once: ownPerson},
	{Line: lineRole, Group: groupPeople, What: "Give and take roles", As: AsHR, When: "other than roles that manage the account", Unit: "people", does: "HR gives or takes roles", Default: Rule{Answer: atOnce}, once: said{"hr people", "HR may give and take this role."}},
	{Line: lineAccess, Group: groupPeople, What: "Activate and deactivate people", As: AsHR, Unit: "people", does: "HR activates or deactivates people", Default: Rule{Answer: atOnce}, once: said{"hr people", "HR may activate and deactivate people."}},
	{Line: lineAccessAdmin, Group: groupPeople, What: "Deactivate people", As: AsHR, When: "somebody who manages the account", Unit: "people", does: "HR deactivates somebody who manages the account", Least: onePerson, Default: Rule{Answer: onePerson},
		asked: said{"administrator", ""}},
	{Line: lineAccessLead, Group: groupPeople, What: "Deactivate people", As: AsLead, When: "members of own teams", Unit: "people", does: "a team lead asks for a deactivation", Least: onePerson, Default: Rule{Answer: onePerson},
		asked: said{"lead asks deactivation", "A team lead asks for a deactivation; HR or an approver decides."}},
	{Line: lineDeleteUser, Group: groupPeople, What: "Delete users", As: AsHR, When: "who are deactivated or never signed in", Unit: "people", does: "HR deletes users", Least: onePerson, Default: Rule{Answer: onePerson, From: 11, Larger: twoPeople},
		asked: said{"deletion", "Deleting people cannot be undone, so a second person has to agree."}, more: said{"big deletion", "Deleting %d or more people at once needs two people beside the requester."}},

	{Line: lineMembers, Group: groupTeams, What: "Add and remove members", As: AsHR, Unit: "people", does: "HR changes members", Default: Rule{Answer: atOnce}, once: said{"hr members", "HR may change the members of any team."}},
	{Line: lineMembersLead, Group: groupTeams, What: "Add and remove members", As: AsLead, When: "own teams", Unit: "people", does: "a team lead changes members", Default: Rule{Answer: atOnce}, once: ownPeople},
	{Line: lineMembersDeputy, Group: groupTeams, What: "Add and remove members", As: AsDeputy, When: "the teams given", Unit: "people", does: "a deputy changes members", Default: Rule{Answer: atOnce}, once: ownPeople},
	{Line: lineJoin, Group: groupTeams, What: "Join a team", As: AsSelf, does: "somebody asks to join a team", Least: theLead, Default: Rule{Answer: theLead}, asked: said{"join request", ""}},
	{Line: lineLeave, Group: groupTeams, What: "Leave a team", As: AsSelf, does: "somebody asks to leave a team", Least: theLead, Default: Rule{Answer: theLead}, asked: said{"leave request", ""}},
	{Line: lineEditTeam, Group: groupTeams, What: "Rename and describe", As: AsHR, Unit: "teams", does: "HR renames or describes teams", Default: Rule{Answer: atOnce}, once: hrTeams},
	{Line: lineEditTeamLead, Group: groupTeams, What: "Rename and describe", As: AsLead, When: "own teams", does: "a team lead renames or describes a team", Default: Rule{Answer: atOnce}, once: ownName},
	{Line: lineEditTeamDeputy, Group: groupTeams, What: "Rename and describe", As: AsDeputy, When: "the teams given", does: "a deputy renames or describes a team", Default: Rule{Answer: atOnce}, once: ownName},
	{Line: lineCreateTeam, Group: groupTeams, What: "Create a team", As: AsHR, does: "HR creates a team", Default: Rule{Answer: atOnce}, once: hrTeams},
	{Line: lineCreateTeamLead, Group: groupTeams, What: "Create a team", As: AsLead, When: "below own teams", does: "a team lead creates a sub-team", Default: Rule{Answer: onePerson}, asked: leadAsks},
	{Line: lineMoveTeam, Group: groupTeams, What: "Move below another team", As: AsHR, Unit: "teams", does: "HR moves teams", Default: Rule{Answer: atOnce}, once: hrTeams},
	{Line: lineMoveTeamLead, Group: groupTeams, What: "Move below another team", As: AsLead, When: "own teams, below own teams", Unit: "teams", does: "a team lead moves a team", Default: Rule{Answer: onePerson}, asked: leadAsks},
	{Line: lineManager, Group: groupTeams, What: "Set and remove the manager", As: AsHR, Unit: "teams", does: "HR sets or removes managers", Default: Rule{Answer: atOnce}, once: hrTeams},
	{Line: lineManagerLead, Group: groupTeams, What: "Set and remove the manager", As: AsLead, When: "own teams, never themself", Unit: "teams", does: "a team lead asks for another manager", Default: Rule{Answer: onePerson}, asked: leadAsks},
	{Line: lineTeamState, Group: groupTeams, What: "Activate and deactivate teams", As: AsHR, Unit: "teams", does: "HR activates or deactivates teams", Default: Rule{Answer: atOnce}, once: hrTeams},
	{Line: lineTeamStateLead, Group: groupTeams, What: "Activate and deactivate teams", As: AsLead, When: "own teams", Unit: "teams", does: "a team lead activates or deactivates a team", Default: Rule{Answer: onePerson}, asked: leadAsks},
	{Line: lineDeleteTeam, Group: groupTeams, What: "Delete teams", As: AsHR, Unit: "teams", does: "HR deletes teams", Least: onePerson, Default: Rule{Answer: onePerson, From: 11, Larger: twoPeople},
		asked: said{"deletion", "Deleting teams cannot be undone, so a second person has to agree."}, more: said{"big deletion", "Deleting %d or more teams at once needs two people beside the requester."}},

	{Line: lineObjectives, Group: groupContent, What: "Hand over objectives, set confidence", As: AsHR, Unit: "objectives", does: "HR changes objectives", Default: Rule{Answer: atOnce}, once: said{"hr objectives", "HR may do this."}},
	{Line: lineAnnouncements, Group: groupContent, What: "Write, edit and remove announcements", As: AsHR, does: "HR changes announcements", Default: Rule{Answer: atOnce}, once: said{"hr announcements", "HR may do this."}},
}

// Lines are the lines of the table in the order of the page.
func Lines() []LineInfo { return slices.Clone(lines) }

func infoOf(l Line) *LineInfo {
	if i := slices.IndexFunc(lines, func(k LineInfo) bool { return k.Line == l }); i >= 0 {
		return &lines[i]
	}
	return nil
}

// Floors are the rules that no table can loosen, as sentences.
func Floors() []string {
	return []string{
		"Nobody decides on a request that they made or edited.",
		"Deleting users or teams needs a second person, and only people who were deactivated or never signed in can be deleted.",
		"A team lead acts for the teams that they manage in Gtmhub at that moment, a deputy for the teams and acts that were given, and both for no others.",
		"A team lead never makes themself the manager of a team, and a right over a membership is no right over the person: a deactivation that a lead asks for is decided by somebody else.",
		"A role that manages the account is given and taken only by somebody who holds it, with a second person. Nobody asks for a role above their own, and giving oneself a role needs a second person.",
		"The last person who can manage the account cannot be deactivated, deleted or lose that role. Nobody deactivates or deletes themself.",
		"A deputy may never do more than the team lead for whom they stand.",
		"Sign-in, the audit trail and who is HR, approver, auditor or operator are not part of this table.",
	}
}

// Policy is the table by which the portal decides. The zero value holds no rules, so that the defaults of the lines count;
// floors count whatever it holds. It must not be altered once it is in use.
type Policy struct {
	// Number counts the versions that were stored, from 1; 0 is the policy that came with the portal.
	Number int
	Rules  map[Line]Rule
}

// DefaultPolicy is the table as it comes with the portal.
func DefaultPolicy() Policy {
	p := Policy{Rules: make(map[Line]Rule, len(lines))}
	for i := range lines {
		p.Rules[lines[i].Line] = lines[i].Default
	}
	return p
}

// With returns the policy with another rule.
func (p Policy) With(l Line, r Rule) Policy {
	out := Policy{Number: p.Number, Rules: make(map[Line]Rule, len(lines))}
	for k, v := range p.Rules {
		out.Rules[k] = v
	}
	out.Rules[l] = r
	return out
}

// WithLimits returns the policy with the limits of the settings: how many single invitations HR may make in 24 hours, and how
// many rows a deletion may have, before one more person has to agree.
func (p Policy) WithLimits(freeInvites, deletions int) Policy {
	for l, from := range map[Line]int{lineInviteOften: freeInvites + 1, lineDeleteUser: deletions + 1, lineDeleteTeam: deletions + 1} {
		r := p.Rule(l)
		r.From = min(from, MostRows)
		p = p.With(l, r)
	}
	return p
}

// Rule is what the table says in a line.
func (p Policy) Rule(l Line) Rule {
	if r, ok := p.Rules[l]; ok {
		return r
	}
	if k := infoOf(l); k != nil {
		return k.Default
	}
	return Rule{}
}

// Problem is a mistake in a table.
type Problem struct {
	Line    Line
	Message string
}

// Check finds what no table may say. Lines that are not there are not known.
func (p Policy) Check() []Problem {
	var out []Problem
	for l := range p.Rules {
		if infoOf(l) == nil {
			out = append(out, Problem{l, "There is no such line."})
		}
	}
	for i := range lines {
		k := &lines[i]
		r := p.Rule(k.Line)
		answers := []Answer{r.Answer}
		if r.From != 0 {
			answers = append(answers, r.Larger)
		}
		for _, a := range answers {
			if m := k.wrong(a); m != "" {
				out = append(out, Problem{k.Line, m})
				break
			}
		}
		switch {
		case r.From < 0 || r.From > MostRows:
			out = append(out, Problem{k.Line, fmt.Sprintf("The number must be between 1 and %d.", MostRows)})
		case r.From > 0 && k.Unit == "":
			out = append(out, Problem{k.Line, "Size plays no part here."})
		case r.From > 0 && !r.Larger.covers(r.Answer):
			out = append(out, Problem{k.Line, "What holds for more must be at least as strict as what holds for few."})
		}
	}
	return out
}

func (k *LineInfo) wrong(a Answer) string {
	switch {
	case a.Outcome < No || a.Outcome > Direct, a.By.rank() < 0, (a.Outcome == NeedsDecision) != (a.Deciders == 1 || a.Deciders == 2), a.Outcome != NeedsDecision && (a.Deciders != 0 || a.By != ByAny):
		return "This is no answer that the portal knows."
	case a.By == ByLead && k.Least.By != ByLead:
		return "The lead of a team decides only on requests to join or to leave."
	case !a.covers(k.floor()):
		return "No policy may be looser here: at least one other person has to agree."
	}
	return ""
}

// floor is Least, where its zero value is no floor.
func (k *LineInfo) floor() Answer {
	if k.Least == (Answer{}) {
		return atOnce
	}
	return k.Least
}

// Hit is a line of the table that a question met, with its size.
type Hit struct {
	Line Line `json:"line"`
	Size int  `json:"size"`
	// says and help stand for the sentences of a decision, where they name the object.
	says, help string
}

// Ground is what was found about a question before the table is asked: it depends on who asks and on the facts only. The table's
// answer to it is [Policy.Judge]. It is kept with a change, without sentences, so that another table can be tried on it.
type Ground struct {
	// Fixed is what holds whatever the table says: a refusal, or a decision that is always needed; nil for nothing.
	Fixed *Verdict `json:"fixed,omitempty"`
	Hits  []Hit    `json:"hits,omitempty"`
	// Lead is the team whose lead may decide, where the table lets them.
	Lead id.Team `json:"lead,omitempty"`
}

func fixed(v Verdict) Ground { return Ground{Fixed: &v} }

// hits is the ground of a question that meets lines.
func hits(size int, ls ...Line) Ground {
	var g Ground
	for _, l := range ls {
		g = g.Plus(Ground{Hits: []Hit{{Line: l, Size: size}}})
	}
	return g
}

// Plus joins what two questions of one change met. What is met twice counts with its larger size.
func (g Ground) Plus(h Ground) Ground {
	switch {
	case g.Fixed == nil:
		g.Fixed = h.Fixed
	case h.Fixed != nil:
		v := Stricter(*g.Fixed, *h.Fixed)
		g.Fixed = &v
	}
	g.Hits = slices.Clone(g.Hits)
	for _, x := range h.Hits {
		if i := slices.IndexFunc(g.Hits, func(y Hit) bool { return y.Line == x.Line }); i >= 0 {
			g.Hits[i].Size = max(g.Hits[i].Size, x.Size)
			continue
		}
		g.Hits = append(g.Hits, x)
	}
	if g.Lead == "" {
		g.Lead = h.Lead
	}
	return g
}

// Judge is the answer of the table, the strictest over all lines that were met. A ground that met nothing is refused.
func (p Policy) Judge(g Ground) Verdict {
	var out *Verdict
	if g.Fixed != nil {
		v := *g.Fixed
		out = &v
	}
	for _, h := range g.Hits {
		v := p.answer(h, g.Lead)
		if out != nil {
			v = Stricter(*out, v)
		}
		out = &v
	}
	if out == nil {
		return no("unknown act", "This is not something the portal can do.", "Ask HR.")
	}
	return *out
}

// answer is what the table says about one line. A table that is looser than the floor counts as the floor.
func (p Policy) answer(h Hit, lead id.Team) Verdict {
	k := infoOf(h.Line)
	if k == nil {
		return no("unknown act", "This is not something the portal can do.", "Ask HR.")
	}
	r := p.Rule(h.Line)
	a, larger := r.at(h.Size)
	if k.wrong(a) != "" {
		a = k.floor()
		if k.Least == (Answer{}) {
			return no("unknown act", "The policy has no answer to this that the portal knows.", "Ask HR.")
		}
	}
	usual, words := k.Default.Answer, k.once
	if k.Default.Outcome == NeedsDecision {
		words = k.asked
	}
	if larger {
		usual, words = k.Default.Larger, k.more
	}
	if a != usual || words.rule == "" {
		words = said{}
	}
	if words.rule == "" {
		words.rule = string(h.Line) + map[Outcome]string{No: ", not allowed", NeedsDecision: ", decided", Direct: ", at once"}[a.Outcome]
	}
	size := ""
	if larger {
		size = fmt.Sprintf(" (%d or more %s)", r.From, k.Unit)
	}
	switch a.Outcome {
	case Direct:
		return direct(words.rule, or(words.sentence, "The policy lets you do this at once."))
	case NeedsDecision:
		v := decision(words.rule, or(h.says, words.sentence, "When "+k.does+size+", "+a.By.Words(a.Deciders)+" must agree."))
		if larger && words.sentence != "" {
			v.Sentence = fmt.Sprintf(words.sentence, r.From)
		}
		v.Deciders, v.By = a.Deciders, a.By
		if words.sentence == "" && h.says == "" { // it names already who decides
			v.Help = "You cannot decide your own request."
		}
		if a.By == ByLead {
			v.Lead, v.Help = lead, or(h.help, "The team's lead, or HR, decides.")
		} else if h.says != "" && a.By != ByAny {
			v.Help = "Decided by " + a.By.Words(a.Deciders) + "."
		}
		return v
	default:
		return no(words.rule, "The policy of your company does not allow it when "+k.does+size+".", "HR sets the policy. Ask HR.")
	}
}

func or(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// Grounds of requests that were made before they were kept are guessed from the rule that decided them.
var byRule = map[string]Line{
	"bulk invitation": lineInvite, "many single invitations": lineInviteOften, "lead invites": lineInviteLead, "administrator": lineAccessAdmin, "lead asks deactivation": lineAccessLead,
	"join request": lineJoin, "leave request": lineLeave,
}

// GroundOf guesses what a request met from the name of the rule that decided it, for requests that do not say it themselves; ok
// is false if the rule does not tell.
func GroundOf(rule string, size int, lead id.Team) (g Ground, ok bool) {
	l, ok := byRule[rule]
	return Ground{Hits: []Hit{{Line: l, Size: size}}, Lead: lead}, ok
}
