package access

import "github.com/gtmhub-portal/portal/internal/id"

// ActorKind says what sort of actor acts.
type ActorKind string

// The kinds of actor.
const (
	ByPerson      ActorKind = "person"
	BySchedule    ActorKind = "schedule"
	ByCommandLine ActorKind = "command line"
)

// Actor is who acts: a signed-in person with what they hold at this moment, a schedule, or the command line.
// It is built anew for each request and for each row that runs; it is never stored.
type Actor struct {
	Kind ActorKind
	// Issuer and Subject identify the person at the identity provider (OpenID Connect Core 1.0, section 2).
	Issuer, Subject string
	// User is the linked Gtmhub user, or empty for people who have none.
	User id.User
	// Name is shown on pages and kept in the audit trail as it was.
	Name string
	// HR, Approver, Auditor and Operator are portal roles from groups or configuration, never from Gtmhub.
	HR, Approver, Auditor, Operator bool
	// Leads are the teams whose manager the linked user is, and Member those that list them as a member.
	Leads, Member TeamSet
	// Deputy are the acts of leads that the person was given and that have not ended.
	Deputy []Deputation
	// Roles are the Gtmhub roles that the linked user holds directly.
	Roles []id.Role
	// Inactive is true when the linked Gtmhub user has been deactivated: then nothing is allowed.
	Inactive bool
}

// TeamSet is a set of teams; nil is the empty set.
type TeamSet map[id.Team]struct{}

// Has says whether the team is in the set.
func (s TeamSet) Has(t id.Team) bool { _, ok := s[t]; return ok }

// NewTeamSet makes a set.
func NewTeamSet(teams ...id.Team) TeamSet {
	s := make(TeamSet, len(teams))
	for _, t := range teams {
		s[t] = struct{}{}
	}
	return s
}

// Same says whether two actors are one person: the same sign-in, or the same linked Gtmhub user.
func (a Actor) Same(b Actor) bool {
	if a.Subject != "" && a.Issuer == b.Issuer && a.Subject == b.Subject {
		return true
	}
	return a.User != "" && a.User == b.User
}

// IsLead says whether the actor is the manager of at least one team.
func (a Actor) IsLead() bool { return len(a.Leads) > 0 }

// RoleLabel names the actor's strongest part in the portal, for the page head.
func (a Actor) RoleLabel() string {
	switch {
	case a.HR:
		return "HR"
	case a.Approver:
		return "Approver"
	case a.Auditor:
		return "Auditor"
	case a.Operator:
		return "Operator"
	case a.IsLead():
		return "Team lead"
	default:
		return "Employee"
	}
}

// Permission is the coarse right that a route declares. Whether the actor may touch this team or that change is
// decided again, finer, in the service.
type Permission string

// The permissions of routes.
const (
	// Public needs no sign-in.
	Public Permission = "public"
	// SignedIn is for everybody who is signed in and not deactivated.
	SignedIn Permission = "signed in"
	// UsersRead opens the list and pages of users, cut to the actor's scope.
	UsersRead Permission = "users: read"
	// TeamsRead opens the tree and pages of teams, cut to the actor's scope.
	TeamsRead Permission = "teams: read"
	// UsersChange submits changes about people, alone and in bulk.
	UsersChange Permission = "users: change"
	// PeopleFind opens the people finder of the add dialog: name and address only.
	PeopleFind Permission = "people: find"
	// TeamsChange opens the forms that change teams.
	TeamsChange Permission = "teams: change"
	// MembersChange submits changes of members.
	MembersChange Permission = "members: change"
	// Invite opens the invitation wizard.
	Invite Permission = "invite"
	// ChangesRead opens the list and pages of changes, cut to what the actor may see.
	ChangesRead Permission = "changes: read"
	// ChangesDecide approves and rejects.
	ChangesDecide Permission = "changes: decide"
	// ObjectivesChange hands over objectives and sets their confidence.
	ObjectivesChange Permission = "objectives: change"
	// Announcements reads and changes announcements.
	Announcements Permission = "announcements"
	// Offboard plans what happens to what a leaver holds.
	Offboard Permission = "offboard"
	// AuditRead opens the audit trail, cut to the actor's scope.
	AuditRead Permission = "audit: read"
	// SettingsManage opens the pages about how the portal runs, for HR and the operator. It shows no people.
	SettingsManage Permission = "settings: manage"
	// Operate opens what the operator of the portal looks after: sessions. It gives no rights over people.
	Operate Permission = "operate"
	// PolicyRead opens the table of the policy; PolicyChange changes it.
	PolicyRead   Permission = "policy: read"
	PolicyChange Permission = "policy: change"
	// WhoActs opens who may act on a user or team, and why.
	WhoActs Permission = "who acts: read"
	// DriftRead sees what was changed in the account without the portal; DriftDecide accepts it, ignores it or puts it back.
	DriftRead   Permission = "outside changes: read"
	DriftDecide Permission = "outside changes: decide"
	// LicencesSet enters the number of licences.
	LicencesSet Permission = "licences: set"
	// RemindersSet says when people with an open invitation are reminded of it.
	RemindersSet Permission = "reminders: set"
)

// Permissions lists all permissions, for tests that sweep the route table.
func Permissions() []Permission {
	return []Permission{Public, SignedIn, UsersRead, UsersChange, TeamsRead, TeamsChange, PeopleFind, MembersChange, Invite, ChangesRead, ChangesDecide, AuditRead, SettingsManage,
		Operate, LicencesSet, RemindersSet, PolicyRead, PolicyChange, WhoActs, ObjectivesChange, Announcements, Offboard, DriftRead, DriftDecide}
}

// May says whether the actor holds the coarse right.
func (a Actor) May(p Permission) bool {
	if p == Public {
		return true
	}
	if a.Kind == "" || a.Inactive {
		return false
	}
	switch p {
	case SignedIn:
		return true
	case UsersRead:
		return a.HR || a.Auditor || a.ActsForTeams()
	case TeamsRead:
		return a.HR || a.Auditor || a.User != ""
	case UsersChange, TeamsChange, PeopleFind, MembersChange, Invite:
		return a.HR || a.ActsForTeams()
	case ChangesRead:
		return a.HR || a.Auditor || a.Approver || a.User != ""
	case ChangesDecide:
		return a.HR || a.Approver || a.ActsForTeams()
	case AuditRead:
		return a.HR || a.Auditor || a.IsLead()
	case PolicyRead, DriftRead:
		return a.HR || a.Auditor
	case PolicyChange, DriftDecide, WhoActs, LicencesSet, RemindersSet, ObjectivesChange, Announcements, Offboard:
		return a.HR
	case SettingsManage:
		return a.HR || a.Operator
	case Operate:
		return a.Operator
	default:
		return false
	}
}

// Scope is the part of the account that an actor may read. The directory applies it in one place to every list,
// search, count and look-up.
type Scope struct {
	// All opens every user and team.
	All bool
	// Self is the linked user; a person always sees themself.
	Self id.User
	// Leads opens these teams and the pages of their members; Member opens these teams, with names only.
	Leads, Member TeamSet
}

// Scope is what the actor may read.
func (a Actor) Scope() Scope {
	if a.Inactive || a.Kind == "" {
		return Scope{}
	}
	return Scope{All: a.HR || a.Auditor || a.Kind == BySchedule, Self: a.User, Leads: a.open(), Member: a.Member}
}

// SeesTeam says whether the team's page is open.
func (s Scope) SeesTeam(t id.Team) bool { return s.All || s.Leads.Has(t) || s.Member.Has(t) }

// SeesUser says whether a user's page is open, given the teams that list the user as member and those the user manages.
func (s Scope) SeesUser(u id.User, member []id.Team) bool {
	if s.All || (u != "" && u == s.Self) {
		return true
	}
	for _, t := range member {
		if s.Leads.Has(t) {
			return true
		}
	}
	return false
}
