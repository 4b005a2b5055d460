package drift

import (
	"cmp"
	"slices"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Kind is a sort of outside change.
type Kind string

// The kinds.
const (
	NewAdmin       Kind = "new administrator"
	Reactivated    Kind = "user active again"
	NewUser        Kind = "new user"
	UserGone       Kind = "user deleted"
	Deactivated    Kind = "user deactivated"
	RoleGiven      Kind = "role given"
	RoleTaken      Kind = "role taken"
	ManagerChanged Kind = "manager changed"
	Moved          Kind = "changed team"
	Joined         Kind = "member added"
	Left           Kind = "member removed"
	TeamMoved      Kind = "team moved"
	NewTeam        Kind = "new team"
	TeamGone       Kind = "team deleted"
	TeamOn         Kind = "team active again"
	TeamOff        Kind = "team deactivated"
)

// Kinds lists all kinds in the order of pages: what gives rights comes first.
func Kinds() []Kind {
	return []Kind{NewAdmin, Reactivated, NewUser, UserGone, Deactivated, RoleGiven, RoleTaken, ManagerChanged, Moved, Joined, Left, TeamMoved, NewTeam, TeamGone, TeamOn, TeamOff}
}

// Serious says that somebody can do more than before, and nobody decided on it.
func (k Kind) Serious() bool { return k == NewAdmin || k == Reactivated }

// Final says that there is no way back that the portal could take, as a sentence; empty for the others.
func (k Kind) Final() string {
	switch k {
	case UserGone, TeamGone:
		return "What was deleted cannot be brought back."
	case NewUser, NewTeam:
		return "Deactivate or delete it on its own page, if it should not be there."
	}
	return ""
}

// State is what became of a finding.
type State string

// The states.
const (
	Open     State = "open"
	Accepted State = "accepted" // it is right so
	Ignored  State = "ignored"  // it does not matter
	PutBack  State = "put back" // by the change of the finding; Open again if that came to nothing
	Passed   State = "passed"   // it is as it was before, without HR
)

// Finding is one outside change.
type Finding struct {
	ID   string
	Kind Kind
	User id.User `json:",omitempty"`
	// Team is where the user came to or what the finding is about; From is where a user who changed team was.
	Team id.Team `json:",omitempty"`
	From id.Team `json:",omitempty"`
	Role id.Role `json:",omitempty"`
	// Was and Is are ids of managers or parents; empty for none.
	Was string `json:",omitempty"`
	Is  string `json:",omitempty"`
	// Names are those of the ids as they were when it was found.
	Names map[string]string `json:",omitempty"`

	State State `json:"-"`
	// Found and Closed are UTC; Closed is zero while it is open.
	Found, Closed time.Time     `json:"-"`
	By            change.Person `json:"-"`
	// Change puts it back; Change.State says how far that is.
	Change      change.Link  `json:"-"`
	ChangeState change.State `json:"-"`
}

// before are the facts that the finding is about, as they were; nil where that cannot come back.
func (f *Finding) before() Facts {
	switch f.Kind {
	case NewAdmin, RoleGiven:
		return Facts{{Of: RoleOf, User: f.User, Role: f.Role}: ""}
	case RoleTaken:
		return Facts{{Of: RoleOf, User: f.User, Role: f.Role}: On}
	case Reactivated:
		return Facts{{Of: UserIs, User: f.User}: Off}
	case Deactivated:
		return Facts{{Of: UserIs, User: f.User}: On}
	case NewUser:
		return Facts{{Of: UserIs, User: f.User}: ""}
	case ManagerChanged:
		return Facts{{Of: ManagerOf, Team: f.Team}: f.Was}
	case TeamMoved:
		return Facts{{Of: ParentOf, Team: f.Team}: f.Was}
	case Moved:
		return Facts{{Of: MemberOf, User: f.User, Team: f.Team}: "", {Of: MemberOf, User: f.User, Team: f.From}: On}
	case Joined:
		return Facts{{Of: MemberOf, User: f.User, Team: f.Team}: ""}
	case Left:
		return Facts{{Of: MemberOf, User: f.User, Team: f.Team}: On}
	case NewTeam:
		return Facts{{Of: TeamIs, Team: f.Team}: ""}
	case TeamOn:
		return Facts{{Of: TeamIs, Team: f.Team}: Off}
	case TeamOff:
		return Facts{{Of: TeamIs, Team: f.Team}: On}
	}
	return nil
}

// Gone says whether the account is again as it was before the finding.
func (f *Finding) Gone(now Facts) bool {
	before := f.before()
	for fact, v := range before {
		if now[fact] != v {
			return false
		}
	}
	return len(before) > 0
}

// Compare finds what is otherwise now than what was and the portal's own writes explain, and the picture to compare with
// next time: now, but for what cannot be judged yet. admin says which roles manage the whole account. It takes time in
// proportion to the people, teams, roles and memberships.
//
// What comes with a new user or team, or goes with a deleted one, is part of that one finding. The roles that Gtmhub
// gives by itself to somebody whom the portal has invited are no finding, unless they make an administrator.
func Compare(was, now Picture, did []Write, admin func(id.Role) bool) ([]Finding, Picture) {
	want, open := expected(was.Facts, now.Facts, did)
	next := Picture{Facts: make(Facts, len(now.Facts)), Names: now.Names}
	var found []Finding
	left, joined := map[id.User][]id.Team{}, map[id.User][]id.Team{}
	look := func(f Fact, before, after string) {
		if open(f) {
			next.Facts.set(f, before)
			return
		}
		next.Facts.set(f, after)
		if before == after {
			return
		}
		one := Finding{User: f.User, Team: f.Team, Role: f.Role}
		stays := want.exists(f) && now.Facts.exists(f)
		switch f.Of {
		case UserIs:
			one.Kind = pick(before, after, NewUser, UserGone, Reactivated, Deactivated)
		case TeamIs:
			one.Kind = pick(before, after, NewTeam, TeamGone, TeamOn, TeamOff)
		case RoleOf:
			born := was.Facts[Fact{Of: UserIs, User: f.User}] == ""
			switch {
			case after == On && admin(f.Role):
				one.Kind = NewAdmin
			case after == On && stays && !born:
				one.Kind = RoleGiven
			case after == "" && stays:
				one.Kind = RoleTaken
			}
		case MemberOf:
			if stays && after == On {
				joined[f.User] = append(joined[f.User], f.Team)
			} else if stays {
				left[f.User] = append(left[f.User], f.Team)
			}
		case ParentOf, ManagerOf:
			if stays {
				one.Kind, one.Was, one.Is = ManagerChanged, before, after
			}
			if stays && f.Of == ParentOf {
				one.Kind = TeamMoved
			}
		}
		if one.Kind != "" {
			found = append(found, one)
		}
	}
	for f, v := range want {
		look(f, v, now.Facts[f])
	}
	for f, v := range now.Facts {
		if _, seen := want[f]; !seen {
			look(f, "", v)
		}
	}
	found = append(found, members(left, joined)...)
	for i := range found {
		found[i].State, found[i].Names = Open, names(&found[i], was, now)
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Rank(), b.Rank()), cmp.Compare(a.Place(), b.Place()))
	})
	return found, next
}

func pick(before, after string, came, gone, on, off Kind) Kind {
	switch {
	case before == "":
		return came
	case after == "":
		return gone
	case after == On:
		return on
	}
	return off
}

// members makes findings of who left and joined teams: who did both has changed team.
func members(left, joined map[id.User][]id.Team) (out []Finding) {
	for u, to := range joined {
		from := left[u]
		slices.Sort(to)
		slices.Sort(from)
		both := min(len(to), len(from))
		for i := range both {
			out = append(out, Finding{Kind: Moved, User: u, Team: to[i], From: from[i]})
		}
		for _, t := range to[both:] {
			out = append(out, Finding{Kind: Joined, User: u, Team: t})
		}
		left[u] = from[both:]
	}
	for u, from := range left {
		for _, t := range from {
			out = append(out, Finding{Kind: Left, User: u, Team: t})
		}
	}
	return out
}

func names(f *Finding, was, now Picture) map[string]string {
	out := map[string]string{}
	for _, v := range []string{string(f.User), string(f.Team), string(f.From), f.Was, f.Is} {
		if name := cmp.Or(now.Names[v], was.Names[v]); v != "" && name != "" {
			out[v] = name
		}
	}
	return out
}

// Rank is the place of the kind among [Kinds].
func (f *Finding) Rank() int { return slices.Index(Kinds(), f.Kind) }

// Place says what the finding is about, once for each look.
func (f *Finding) Place() string {
	return string(f.Kind) + "/" + string(f.User) + "/" + string(f.Team) + "/" + string(f.Role)
}
