package emulator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// dateForm is how the API writes points in time: RFC 3339, UTC, milliseconds. Such strings sort by time.
const dateForm = "2006-01-02T15:04:05.000Z"

func dateText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(dateForm)
}

// state is the whole account in memory. It is changed only by apply, under the emulator's lock. Records in it are
// never altered in place: a change puts a new record, so a reader may keep what it found after the lock is gone.
type state struct {
	account accountInfo
	roles   table[*role]
	users   table[*user]
	teams   table[*team]
	goals   table[*goal]
	metrics table[*metric]
	posts   table[*announcement]
	mails   []Mail
	tokens  map[string]string // SHA-256 of a person's token -> user id
	counts  Counts            // without violations
	seq     uint64            // number of ids made so far
	version uint64            // rises with every change; what was worked out from the state is good for one version

	// Indexes, derived.
	byEmail       map[string][]string // lower-case address -> user ids
	teamsOf       map[string][]string // user -> teams that list the user as a member
	childrenOf    map[string][]string // team -> sub-teams
	teamRole      map[string]string   // id of a team role -> team
	roleOfTeam    map[string]string   // team -> id of its team role
	goalsOf       map[string][]string // user or team -> objectives owned
	metricsOf     map[string][]string // user or team -> key results owned
	metricsOfGoal map[string][]string // objective -> key results

	sortedUsers sortCache[*user]
	sortedTeams sortCache[*team]
}

type accountInfo struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain string `json:"domain"`
	Seed   uint64 `json:"seed"`
}

// base is what all stored records share.
type base struct {
	ID    string `json:"id"`
	place uint64 // position in the table: records keep the order in which they came
}

func (b *base) key() string     { return b.ID }
func (b *base) at() uint64      { return b.place }
func (b *base) putAt(at uint64) { b.place = at }

type entity interface {
	comparable
	key() string
	at() uint64
	putAt(uint64)
}

// table keeps records by id and in the order in which they came.
type table[T entity] struct {
	byID  map[string]T
	order []T
	next  uint64
}

func (t *table[T]) get(id string) T { return t.byID[id] }

func (t *table[T]) position(r T) int {
	i, _ := slices.BinarySearchFunc(t.order, r.at(), func(x T, at uint64) int { return cmp.Compare(x.at(), at) })
	return i
}

// put adds r or puts it in the place of the record with its id.
func (t *table[T]) put(r T) {
	if t.byID == nil {
		t.byID = map[string]T{}
	}
	if old, ok := t.byID[r.key()]; ok {
		r.putAt(old.at())
		t.order[t.position(old)] = r
	} else {
		t.next++
		r.putAt(t.next)
		t.order = append(t.order, r)
	}
	t.byID[r.key()] = r
}

func (t *table[T]) remove(id string) {
	old, ok := t.byID[id]
	if !ok {
		return
	}
	i := t.position(old)
	t.order = slices.Delete(t.order, i, i+1)
	delete(t.byID, id)
}

// sortCache keeps whole tables in a wanted order until the state changes. It has its own lock because readers share
// the state's.
type sortCache[T any] struct {
	mu      sync.Mutex
	version uint64
	orders  map[string][]T
}

// get returns the order for an expression, made by sort if it is not there. Callers must not alter it.
func (c *sortCache[T]) get(version uint64, expression string, sort func() []T) []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != version || len(c.orders) > 8 {
		c.orders, c.version = map[string][]T{}, version
	}
	if have, ok := c.orders[expression]; ok {
		return have
	}
	made := sort()
	c.orders[expression] = made
	return made
}

func newState() *state {
	return &state{
		tokens: map[string]string{}, counts: newCounts(),
		byEmail: map[string][]string{}, teamsOf: map[string][]string{}, childrenOf: map[string][]string{},
		teamRole: map[string]string{}, roleOfTeam: map[string]string{}, goalsOf: map[string][]string{}, metricsOf: map[string][]string{},
		metricsOfGoal: map[string][]string{},
	}
}

// record is one change of the state, with the records as they are after it. A journal is a row of them.
type record struct {
	Account       *accountInfo      `json:"account,omitempty"`
	Roles         []*role           `json:"roles,omitempty"`
	Users         []*user           `json:"users,omitempty"`
	Teams         []*team           `json:"teams,omitempty"`
	Goals         []*goal           `json:"goals,omitempty"`
	Metrics       []*metric         `json:"metrics,omitempty"`
	Announcements []*announcement   `json:"announcements,omitempty"`
	Gone          []string          `json:"gone,omitempty"` // ids of deleted records; ids are unique over all kinds
	Mails         []Mail            `json:"mails,omitempty"`
	Tokens        map[string]string `json:"tokens,omitempty"`
	Counts        *Counts           `json:"counts,omitempty"` // to be added to the counters
	Seq           uint64            `json:"seq,omitempty"`
}

// apply carries out a change. It is used alike for new writes and for reading the journal.
func (s *state) apply(r record) {
	s.version++
	if r.Account != nil {
		s.account = *r.Account
	}
	for _, x := range r.Roles {
		s.roles.put(x)
	}
	for _, x := range r.Users {
		s.putUser(x)
	}
	for _, x := range r.Teams {
		s.putTeam(x)
	}
	for _, x := range r.Goals {
		s.putGoal(x)
	}
	for _, x := range r.Metrics {
		s.putMetric(x)
	}
	for _, x := range r.Announcements {
		s.posts.put(x)
	}
	for _, id := range r.Gone {
		s.drop(id)
	}
	s.mails = append(s.mails, r.Mails...)
	maps.Copy(s.tokens, r.Tokens)
	if r.Counts != nil {
		s.counts.add(*r.Counts)
	}
	s.seq = max(s.seq, r.Seq)
}

func link(index map[string][]string, from, to string) { index[from] = append(index[from], to) }

func unlink(index map[string][]string, from, to string) {
	rest := index[from]
	if i := slices.Index(rest, to); i >= 0 {
		// A new slice: readers may still hold the old one.
		rest = slices.Concat(rest[:i:i], rest[i+1:])
	}
	if len(rest) == 0 {
		delete(index, from)
	} else {
		index[from] = rest
	}
}

// relink moves the entries of to from the old sources to the new ones.
func relink(index map[string][]string, old, now []string, to string) {
	if slices.Equal(old, now) {
		return
	}
	had := make(map[string]bool, len(old))
	for _, x := range old {
		had[x] = true
	}
	for _, x := range now {
		if !had[x] {
			link(index, x, to)
		}
		delete(had, x)
	}
	for x := range had {
		unlink(index, x, to)
	}
}

func (s *state) putUser(u *user) {
	now := []string{strings.ToLower(u.Email)}
	var before []string
	if old := s.users.get(u.ID); old != nil {
		before = []string{strings.ToLower(old.Email)}
	}
	relink(s.byEmail, before, now, u.ID)
	s.users.put(u)
}

func (s *state) putTeam(t *team) {
	var members, parent []string
	if old := s.teams.get(t.ID); old != nil {
		members, parent = old.Members, []string{old.ParentID}
	} else {
		role := derivedID("team role ", t.ID)
		s.teamRole[role], s.roleOfTeam[t.ID] = t.ID, role
	}
	relink(s.teamsOf, members, t.Members, t.ID)
	relink(s.childrenOf, parent, []string{t.ParentID}, t.ID)
	s.teams.put(t)
}

func (s *state) putGoal(g *goal) {
	var owners []string
	if old := s.goals.get(g.ID); old != nil {
		owners = old.OwnerIDs
	}
	relink(s.goalsOf, owners, g.OwnerIDs, g.ID)
	s.goals.put(g)
}

func (s *state) putMetric(m *metric) {
	var owners, goals []string
	if old := s.metrics.get(m.ID); old != nil {
		owners, goals = old.OwnerIDs, []string{old.GoalID}
	}
	relink(s.metricsOf, owners, m.OwnerIDs, m.ID)
	relink(s.metricsOfGoal, goals, []string{m.GoalID}, m.ID)
	s.metrics.put(m)
}

func (s *state) drop(id string) {
	if u := s.users.get(id); u != nil {
		relink(s.byEmail, []string{strings.ToLower(u.Email)}, nil, id)
		s.users.remove(id)
		maps.DeleteFunc(s.tokens, func(_, of string) bool { return of == id })
	}
	if t := s.teams.get(id); t != nil {
		relink(s.teamsOf, t.Members, nil, id)
		relink(s.childrenOf, []string{t.ParentID}, nil, id)
		delete(s.teamRole, s.roleOfTeam[id])
		delete(s.roleOfTeam, id)
		s.teams.remove(id)
	}
	if g := s.goals.get(id); g != nil {
		relink(s.goalsOf, g.OwnerIDs, nil, id)
		s.goals.remove(id)
	}
	if m := s.metrics.get(id); m != nil {
		relink(s.metricsOf, m.OwnerIDs, nil, id)
		relink(s.metricsOfGoal, []string{m.GoalID}, nil, id)
		s.metrics.remove(id)
	}
	s.posts.remove(id)
}

// snapshot gives the state as a row of records that builds it anew, in pieces that make lines of moderate length.
func (s *state) snapshot(yield func(record) bool) {
	const piece = 500
	account, counts := s.account, s.counts.clone()
	if !yield(record{Account: &account, Roles: s.roles.order, Counts: &counts, Seq: s.seq, Tokens: s.tokens}) {
		return
	}
	for part := range slices.Chunk(s.users.order, piece) {
		if !yield(record{Users: part}) {
			return
		}
	}
	for part := range slices.Chunk(s.teams.order, piece) {
		if !yield(record{Teams: part}) {
			return
		}
	}
	for part := range slices.Chunk(s.goals.order, piece) {
		if !yield(record{Goals: part}) {
			return
		}
	}
	for part := range slices.Chunk(s.metrics.order, piece) {
		if !yield(record{Metrics: part}) {
			return
		}
	}
	for part := range slices.Chunk(s.mails, piece) {
		if !yield(record{Mails: part}) {
			return
		}
	}
	yield(record{Announcements: s.posts.order})
}

// tx collects one change: editable copies of the records that it touches. Nothing is visible before it is committed.
type tx struct {
	s     *state
	rec   record
	users map[string]*user
	teams map[string]*team
	goals map[string]*goal
	gone  map[string]bool
	// ids are given out before new ones are made: a late effect must end with the ids that its answer named.
	ids  []string
	made []string
	now  time.Time
}

func newTx(s *state, now time.Time, ids []string) *tx {
	return &tx{s: s, now: now, ids: ids, users: map[string]*user{}, teams: map[string]*team{}, goals: map[string]*goal{}, gone: map[string]bool{}}
}

// date is the time of the change.
func (t *tx) date() string { return dateText(t.now) }

// newID makes an id that was never used in this account. The first 8 digits tell the time, as in Gtmhub's ids.
func (t *tx) newID() string {
	var id string
	if len(t.ids) > 0 {
		id, t.ids = t.ids[0], t.ids[1:]
	} else {
		t.rec.Seq = max(t.rec.Seq, t.s.seq) + 1
		id = fmt.Sprintf("%08x%016x", uint32(t.now.Unix()), mix(t.s.account.Seed, t.rec.Seq))
	}
	t.made = append(t.made, id)
	return id
}

// user gives an editable copy of a user, nil if there is none.
func (t *tx) user(id string) *user {
	return edit(t, &t.s.users, t.users, id, (*user).clone, &t.rec.Users)
}

// team gives an editable copy of a team, nil if there is none.
func (t *tx) team(id string) *team {
	return edit(t, &t.s.teams, t.teams, id, (*team).clone, &t.rec.Teams)
}

// goal gives an editable copy of an objective, nil if there is none.
func (t *tx) goal(id string) *goal {
	return edit(t, &t.s.goals, t.goals, id, (*goal).clone, &t.rec.Goals)
}

func edit[T entity](t *tx, from *table[T], open map[string]T, id string, clone func(T) T, out *[]T) T {
	var none T
	if t.gone[id] {
		return none
	}
	if have, ok := open[id]; ok {
		return have
	}
	stored := from.get(id)
	if stored == none {
		return none
	}
	copied := clone(stored)
	open[id] = copied
	*out = append(*out, copied)
	return copied
}

// add puts new records into the change.
func (t *tx) addUser(u *user) { t.users[u.ID] = u; t.rec.Users = append(t.rec.Users, u) }
func (t *tx) addTeam(x *team) { t.teams[x.ID] = x; t.rec.Teams = append(t.rec.Teams, x) }

// remove deletes a record of any kind.
func (t *tx) remove(id string) {
	if !t.gone[id] {
		t.gone[id] = true
		t.rec.Gone = append(t.rec.Gone, id)
	}
}

// empty says that the change alters no record and sends no mail.
func (t *tx) empty() bool {
	r := t.rec
	return len(r.Users)+len(r.Teams)+len(r.Goals)+len(r.Metrics)+len(r.Announcements)+len(r.Gone)+len(r.Mails)+len(r.Tokens) == 0
}

// mix spreads two numbers over 64 bits (the finaliser of splitmix64).
func mix(a, b uint64) uint64 {
	z := a*0x9e3779b97f4a7c15 + b*0xd1342543de82ef95 + 0x632be59bd9b4e019
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// derivedID makes an id out of another one, always the same for the same pair.
func derivedID(kind, id string) string {
	h := fnv.New64a()
	h.Write([]byte(kind))
	h.Write([]byte(id))
	sum := h.Sum64()
	return fmt.Sprintf("%08x%016x", uint32(mix(sum, 1)), mix(sum, 2))
}
