package directory

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gtmhub-portal/portal/internal/id"
)

// PageSizes are the sizes that a page of users may have; the first is the default.
func PageSizes() []int { return []int{50, 25, 100} }

// UserQuery chooses users. The zero value means: active and pending users, by name, first page of 50.
type UserQuery struct {
	// Text finds users whose folded name or address has every word of it.
	Text string
	// Status keeps these statuses; empty means active and pending. AllStatuses keeps all and wins.
	Status      []Status
	AllStatuses bool
	// Role keeps holders of the role.
	Role id.Role
	// Team keeps members of the team, and WithSubTeams those of the open teams below it as well. A team that is not open
	// to the scope, or does not exist, keeps nobody.
	Team         id.Team
	WithSubTeams bool
	// Language keeps those with this code.
	Language string
	// SSO, if not nil, keeps those who sign in with the company account, or those who do not.
	SSO *bool
	// InvitedBefore, if not zero, keeps those who were invited before that moment; those without a date are left out.
	InvitedBefore time.Time
	// NoTeam keeps those who are in no team, and Manages those who manage one; both as far as teams are open to the scope.
	NoTeam, Manages bool
	// Sort is name, email, status, invited or created, with a leading "-" for descending; anything else means name.
	// Users without a date come last in either direction.
	Sort string
	// Page counts from 1; a page behind the last answers the last. Size is one of PageSizes.
	Page, Size int
}

// UserPage is one page of the users that a query chose.
type UserPage struct {
	// Items are the users of the page; shared, never change one.
	Items []*User
	// Total counts all matches, Pages is how many pages they fill, at least 1.
	Total, Page, Pages, Size int
	// ByStatus counts the matches per status as if the query had no status filter. It has an entry for every status.
	ByStatus map[Status]int
}

// Users answers a page of the users whose pages are open to the scope.
func (v View) Users(q UserQuery) UserPage {
	if !slices.Contains(PageSizes(), q.Size) {
		q.Size = PageSizes()[0]
	}
	page := UserPage{Size: q.Size, ByStatus: newCounts().ByStatus}
	matches := v.matches(q, page.ByStatus)
	page.Total = len(matches)
	page.Pages = max(1, (page.Total+q.Size-1)/q.Size)
	page.Page = min(max(1, q.Page), page.Pages)
	from := (page.Page - 1) * q.Size
	for _, i := range matches[from:min(from+q.Size, page.Total)] {
		page.Items = append(page.Items, v.cut(v.x.users[i]))
	}
	return page
}

// AllUsers answers all users that a query chose, without pages, for exports and bulk actions.
func (v View) AllUsers(q UserQuery) []*User {
	matches := v.matches(q, newCounts().ByStatus)
	users := make([]*User, len(matches))
	for n, i := range matches {
		users[n] = v.cut(v.x.users[i])
	}
	return users
}

// matches answers the positions of the users that q chooses, in its order, and counts in byStatus those that it would
// choose without its status filter.
func (v View) matches(q UserQuery, byStatus map[Status]int) []int32 {
	within := v.within(q)
	words := strings.Fields(Fold(q.Text))
	statuses := Statuses()
	counts, keeps := make([]int, len(statuses)), make([]bool, len(statuses))
	for i, status := range statuses {
		keeps[i] = q.keeps(status)
	}
	// The records lie all over the memory: they are looked at only for a filter that needs them, and after the others.
	filtered := q.filtered()
	order := v.x.order(q.Sort)
	var out []int32
	if within == nil && !filtered && len(words) == 0 {
		out = make([]int32, 0, len(order))
	}
	for _, i := range order {
		if within != nil && !within[i] || len(words) > 0 && !hasAll(v.x.text[i], words) || filtered && !v.fits(q, v.x.users[i]) {
			continue
		}
		counts[v.x.ranks[i]]++
		if keeps[v.x.ranks[i]] {
			out = append(out, i)
		}
	}
	for i, status := range statuses {
		byStatus[status] = counts[i]
	}
	return out
}

// filtered says whether there is a filter for fits.
func (q UserQuery) filtered() bool {
	return q.Role != "" || q.Language != "" || q.SSO != nil || !q.InvitedBefore.IsZero() || q.NoTeam || q.Manages
}

// fits applies the filters that need nothing but the user.
func (v View) fits(q UserQuery, u *User) bool {
	switch {
	case q.Role != "" && !slices.Contains(u.Roles, q.Role),
		q.Language != "" && u.Language != q.Language,
		q.SSO != nil && u.SSO != *q.SSO,
		!q.InvitedBefore.IsZero() && (u.Invited.IsZero() || !u.Invited.Before(q.InvitedBefore)):
		return false
	case q.NoTeam && slices.ContainsFunc(u.Teams, v.scope.SeesTeam), q.Manages && !slices.ContainsFunc(u.Manages, v.scope.SeesTeam):
		return false
	}
	return true
}

func (q UserQuery) keeps(s Status) bool {
	switch {
	case q.AllStatuses:
		return true
	case len(q.Status) == 0:
		return s != Inactive
	default:
		return slices.Contains(q.Status, s)
	}
}

// within answers who may match at all: the scope's open users, cut to the query's team. nil means everybody.
func (v View) within(q UserQuery) []bool {
	if v.scope.All && q.Team == "" {
		return nil
	}
	open := make([]bool, len(v.x.users))
	for _, i := range v.open {
		open[i] = true
	}
	if q.Team == "" {
		return open
	}
	members := make([]bool, len(v.x.users))
	for _, t := range v.withSubTeams(q.Team, q.WithSubTeams) {
		for _, i := range v.x.members[t] {
			members[i] = v.scope.All || open[i]
		}
	}
	return members
}

// withSubTeams answers the team, if it is open, and the open teams below it if asked to.
func (v View) withSubTeams(t id.Team, below bool) []id.Team {
	if _, ok := v.Team(t); !ok {
		return nil
	}
	teams := []id.Team{t}
	if !below {
		return teams
	}
	Walk(v.Tree(), func(n *Node) {
		if n.Team.ID == t {
			Walk(n.Children, func(sub *Node) { teams = append(teams, sub.Team.ID) })
		}
	})
	return teams
}

// hasAll says whether the folded text has every word.
func hasAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// FindPeople answers up to limit active and pending users whose name or address has every word of the text, those first
// where each word begins a word. An empty text finds nobody. exclude, if not nil, leaves users out. It knows no rights:
// the caller checks that the actor may use the people finder, and shows names and addresses only.
func (s *Snapshot) FindPeople(text string, limit int, exclude func(id.User) bool) []*User {
	words := strings.Fields(Fold(text))
	if len(words) == 0 || limit <= 0 {
		return nil
	}
	var first, rest []*User
	for i, u := range s.users {
		if u.Status == Inactive || !hasAll(s.text[i], words) || exclude != nil && exclude(u.ID) {
			continue
		}
		if !beginsAll(s.text[i], words) {
			if len(rest) < limit {
				rest = append(rest, u)
			}
			continue
		}
		if first = append(first, u); len(first) == limit {
			return first
		}
	}
	return append(first, rest[:min(len(rest), limit-len(first))]...)
}

// beginsAll says whether each word stands at the start of a word in the folded text, which begins with a line break.
func beginsAll(text string, words []string) bool {
	for _, w := range words {
		if !begins(text, w) {
			return false
		}
	}
	return true
}

func begins(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		if at += from; strings.IndexByte("\n .-_'@+", text[at-1]) >= 0 {
			return true
		}
		from = at + 1
	}
}

// sortKeys compare users in one direction, 1 or -1; what they leave equal stays in the order of names.
var sortKeys = map[string]func(a, b *User, direction int) int{
	"name": nil, // the order of the positions themselves
	"email": func(a, b *User, direction int) int {
		return direction * cmp.Compare(mailKey(a.Email), mailKey(b.Email))
	},
	"status":  func(a, b *User, direction int) int { return direction * cmp.Compare(rank(a.Status), rank(b.Status)) },
	"invited": func(a, b *User, direction int) int { return byDate(a.Invited, b.Invited, direction) },
	"created": func(a, b *User, direction int) int { return byDate(a.Created, b.Created, direction) },
}

// rank is the place of a status in Statuses.
func rank(s Status) int {
	switch s {
	case Active:
		return 0
	case Pending:
		return 1
	default:
		return 2
	}
}

// byDate puts those without a date last in either direction.
func byDate(a, b time.Time, direction int) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return direction * a.Compare(b)
}

// setOrders prepares the orders of all sort keys. Each is worked out once, when it is first asked for.
func (x *index) setOrders() {
	x.orders = make(map[string]func() []int32, 2*len(sortKeys))
	for key := range sortKeys {
		x.orders[key] = sync.OnceValue(func() []int32 { return x.sorted(key, 1) })
		x.orders["-"+key] = sync.OnceValue(func() []int32 { return x.sorted(key, -1) })
	}
}

func (x *index) order(sort string) []int32 {
	order, ok := x.orders[sort]
	if !ok {
		order = x.orders["name"]
	}
	return order()
}

func (x *index) sorted(key string, direction int) []int32 {
	order := make([]int32, len(x.users)) // the order of names
	for i := range order {
		order[i] = int32(i)
	}
	if key == "name" {
		if direction < 0 {
			slices.Reverse(order)
		}
		return order
	}
	compare := sortKeys[key]
	slices.SortStableFunc(order, func(i, j int32) int { return compare(x.users[i], x.users[j], direction) })
	return order
}
