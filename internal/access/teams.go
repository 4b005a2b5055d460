package access

import (
	"fmt"
	"slices"

	"github.com/gtmhub-portal/portal/internal/id"
)

// The acts on teams.
const (
	// CreateTeam creates a team below another, or at the top.
	CreateTeam Act = "create team"
	// EditTeam changes name, description, colour and icon of a team.
	EditTeam Act = "edit team"
	// ReplaceTeam writes all of a team at once, parent and manager too.
	ReplaceTeam Act = "edit whole team"
	// MoveTeam puts a team below another, or at the top.
	MoveTeam Act = "move team"
	// ActivateTeam and DeactivateTeam switch a team on and off.
	ActivateTeam   Act = "activate team"
	DeactivateTeam Act = "deactivate team"
	// DeleteTeam removes a team for good.
	DeleteTeam Act = "delete team"
	// SetManager and RemoveManager say who manages a team, and so who leads it in the portal.
	SetManager    Act = "set manager"
	RemoveManager Act = "remove manager"
	// DecideMembers is the decision on requests to join or to leave a team. It is no kind of row.
	DecideMembers Act = "decide join and leave"
)

// LeadActs are the acts that a lead may give to a deputy, in the order of the pages.
func LeadActs() []Act { return []Act{AddMember, RemoveMember, DecideMembers, EditTeam, InviteUser} }

// TeamFacts are the facts of acts on teams beside the teams themselves.
type TeamFacts struct {
	// Parent is the team below which a team is created or moved; nil is the top of the tree.
	Parent *Team
	// Manager is who becomes the manager; empty for nobody.
	Manager id.User
	// People are those who are added or removed. Only a request about oneself needs them.
	People []id.User
}

// Deputation is one act of a lead that was given to somebody else, over one team. It ends by itself: whoever builds an
// actor leaves out those whose time has passed.
type Deputation struct {
	Team id.Team
	Act  Act
	// By is the lead who gave it. It counts only while that lead manages the team. ByHR needs no lead.
	By   id.User
	ByHR bool
}

// Deputises says whether the actor stands for the team's lead in the act, given facts about the team.
func (a Actor) Deputises(t Team, act Act) bool {
	if act == GiveRole { // a step of an invitation
		act = InviteUser
	}
	return slices.ContainsFunc(a.Deputy, func(d Deputation) bool {
		return d.Team == t.ID && d.Act == act && (d.ByHR || d.By != "" && d.By == t.Manager)
	})
}

// ActsForTeams says whether the actor leads a team or stands for somebody who does.
func (a Actor) ActsForTeams() bool { return a.IsLead() || len(a.Deputy) > 0 }

// open are the teams that are open to the actor as to their lead.
func (a Actor) open() TeamSet {
	if len(a.Deputy) == 0 {
		return a.Leads
	}
	out := TeamSet{}
	for t := range a.Leads {
		out[t] = struct{}{}
	}
	for _, d := range a.Deputy {
		out[d.Team] = struct{}{}
	}
	return out
}

// Decides are the teams on whose join and leave requests the actor may decide.
func (a Actor) Decides() []id.Team {
	var out []id.Team
	for t := range a.Leads {
		out = append(out, t)
	}
	for _, d := range a.Deputy {
		if d.Act == DecideMembers && !slices.Contains(out, d.Team) {
			out = append(out, d.Team)
		}
	}
	slices.Sort(out)
	return out
}

// leads wants both: the fresh fact and the actor's own list, so that a right that was lost on either side is lost.
func leads(a Actor, t Team, act Act) bool {
	return manages(a, t) || a.Deputises(t, act)
}

func manages(a Actor, t Team) bool { return a.User != "" && t.Manager == a.User && a.Leads.Has(t.ID) }

// aboutSelf says whether the question is a person's wish to join or to leave one team.
func aboutSelf(a Actor, q Question) bool {
	return (q.Act == AddMember || q.Act == RemoveMember) && a.User != "" && len(q.Teams) == 1 && len(q.Facts.People) == 1 && q.Facts.People[0] == a.User
}

func examineMembers(a Actor, q Question) Ground {
	if len(q.Teams) == 0 {
		return fixed(no("no team", "No team was named.", "Choose a team."))
	}
	if a.HR {
		return hits(q.Rows, lineMembers)
	}
	var g Ground
	for _, t := range q.Teams {
		switch {
		case leads(a, t, q.Act):
			g = g.Plus(hits(q.Rows, asLeadOrDeputy(a, t, lineMembersLead, lineMembersDeputy)...))
		case aboutSelf(a, q):
			return askLead(q.Act, t)
		default:
			return fixed(no("foreign team", fmt.Sprintf("You are not the manager of %s.", t.Name), "Ask that team's manager or HR."))
		}
	}
	return g
}

// askLead is the way of somebody who wants to join or to leave.
func askLead(act Act, t Team) Ground {
	h := Hit{Line: lineJoin, Size: 1, says: fmt.Sprintf("You may ask to join %s.", t.Name), help: "The team's manager, or HR, decides."}
	if act == RemoveMember {
		h.Line, h.says = lineLeave, fmt.Sprintf("You may ask to leave %s.", t.Name)
	}
	if !t.Active && act == AddMember {
		return fixed(no("inactive team", fmt.Sprintf("%s is deactivated, so nobody can join it.", t.Name), "Ask HR."))
	}
	if t.Manager == "" {
		h.help = "The team has no manager, so HR decides."
	}
	return Ground{Hits: []Hit{h}, Lead: t.ID}
}

// teamLines are the lines of HR and of leads for the acts on teams; leads have none for what is never theirs.
var teamLines = map[Act][2]Line{
	CreateTeam: {lineCreateTeam, lineCreateTeamLead}, EditTeam: {lineEditTeam, lineEditTeamLead}, MoveTeam: {lineMoveTeam, lineMoveTeamLead},
	ActivateTeam: {lineTeamState, lineTeamStateLead}, DeactivateTeam: {lineTeamState, lineTeamStateLead},
	SetManager: {lineManager, lineManagerLead}, RemoveManager: {lineManager, lineManagerLead}, DeleteTeam: {lineDeleteTeam, ""},
}

// examineTeam answers for the acts on teams. A lead never becomes a manager by them, and acts on own teams only.
func examineTeam(a Actor, q Question) Ground {
	if len(q.Teams) == 0 && q.Act != CreateTeam {
		return fixed(no("no team", "No team was named.", "Choose a team."))
	}
	switch {
	case a.HR && q.Act == ReplaceTeam: // it writes all that the single acts write
		return hits(q.Rows, lineEditTeam, lineMoveTeam, lineManager)
	case a.HR:
		return hits(q.Rows, teamLines[q.Act][0])
	case q.Act == DeleteTeam:
		return fixed(no("delete team", "Only HR can ask for a team to be deleted, and a second person has to agree.", "Ask HR, or have the team deactivated."))
	case q.Act == ReplaceTeam:
		return fixed(no("whole team", "Only HR can change everything of a team at once.", "Rename and describe it on its page, and ask for the rest there."))
	}
	g := hits(q.Rows, teamLines[q.Act][1])
	for _, t := range q.Teams {
		if !leads(a, t, q.Act) {
			return fixed(no("foreign team", fmt.Sprintf("You are not the manager of %s.", t.Name), "Ask that team's manager or HR."))
		}
		if q.Act == EditTeam {
			g = g.Plus(hits(q.Rows, asLeadOrDeputy(a, t, lineEditTeamLead, lineEditTeamDeputy)...))
		}
	}
	if q.Facts.Manager != "" && q.Facts.Manager == a.User {
		return fixed(no("self as manager", "You cannot make yourself the manager of a team.", "Ask HR to do it."))
	}
	if q.Act == CreateTeam || q.Act == MoveTeam {
		if q.Facts.Parent == nil {
			return fixed(no("top of the tree", "Only HR can put a team at the top of the tree.", "Choose one of your teams as the parent, or ask HR."))
		}
		if !leads(a, *q.Facts.Parent, q.Act) {
			return fixed(no("foreign parent", fmt.Sprintf("You are not the manager of %s, so you cannot put a team below it.", q.Facts.Parent.Name), "Choose one of your teams as the parent, or ask HR."))
		}
	}
	return g
}

// MayGiveDeputy says whether the actor may give acts over the team to a deputy. A deputy cannot pass them on.
func MayGiveDeputy(a Actor, t Team) Verdict {
	switch {
	case a.Inactive || a.Kind == "":
		return no("deactivated", "Your Gtmhub user has been deactivated.", "Ask HR.")
	case a.HR:
		return direct("hr deputies", "HR may name deputies for any team.")
	case a.User != "" && t.Manager == a.User && a.Leads.Has(t.ID):
		return direct("own deputies", "You may name deputies for a team that you manage.")
	case slices.ContainsFunc(a.Deputy, func(d Deputation) bool { return d.Team == t.ID }):
		return no("deputy passes on", "A deputy cannot pass on or extend what was given.", "Ask the team's manager or HR.")
	}
	return no("foreign team", fmt.Sprintf("You are not the manager of %s.", t.Name), "Ask that team's manager or HR.")
}

// mayLead says whether the actor is the lead, or a deputy of the lead, to whom the request is addressed.
func mayLead(a Actor, c ChangeFacts) bool {
	return c.Lead != "" && slices.Contains(a.Decides(), c.Lead)
}

// MayDecideAsLead says whether the lead of a team, or a deputy, still is that, given a fresh reading of the team.
func MayDecideAsLead(a Actor, t Team) Verdict {
	if !leads(a, t, DecideMembers) {
		return no("decide: rights", fmt.Sprintf("You are not the manager of %s any more.", t.Name), "Ask that team's manager or HR.")
	}
	return direct("decide", "You may decide on this request.")
}
