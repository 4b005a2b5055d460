package authtest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

var (
	_ auth.SessionRows = (*Memory)(nil)
	_ auth.PreLogins   = (*Memory)(nil)
	_ auth.Identities  = (*Memory)(nil)
)

// Memory implements the ports of package auth. It is safe for concurrent use.
type Memory struct {
	// down, while not nil, is returned by every method: the database does not answer.
	down error

	mu         sync.Mutex
	sessions   map[auth.Hash]auth.Session
	logins     map[auth.Hash]auth.PreLogin
	identities []auth.Identity
	touches    int
	used       map[string]time.Time // logout tokens
}

// NewMemory makes an empty Memory.
func NewMemory() *Memory {
	return &Memory{sessions: map[auth.Hash]auth.Session{}, logins: map[auth.Hash]auth.PreLogin{}, used: map[string]time.Time{}}
}

// SetDown makes every method fail with err, until it is set to nil.
func (m *Memory) SetDown(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = err
}

// Counts says how many sessions, unfinished sign-ins and identities there are, and how often a session was touched.
func (m *Memory) Counts() (sessions, logins, identities, touches int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sessions), len(m.logins), len(m.identities), m.touches
}

// CreateSession implements auth.SessionRows.
func (m *Memory) CreateSession(_ context.Context, s auth.Session, replaces auth.Hash, keep int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	if _, ok := m.sessions[s.Hash]; ok {
		return fault.Conflict
	}
	delete(m.sessions, replaces)
	m.sessions[s.Hash] = clone(s)
	own := m.of(s.Issuer, s.Subject)
	for _, old := range own[min(keep, len(own)):] {
		delete(m.sessions, old.Hash)
	}
	return nil
}

func clone(s auth.Session) auth.Session {
	s.Groups, s.Flashes, s.Tokens = slices.Clone(s.Groups), slices.Clone(s.Flashes), slices.Clone(s.Tokens)
	return s
}

func (m *Memory) of(issuer, subject string) []auth.Session {
	return slices.DeleteFunc(m.all(), func(s auth.Session) bool { return s.Issuer != issuer || s.Subject != subject })
}

func (m *Memory) all() []auth.Session {
	var all []auth.Session
	for _, s := range m.sessions {
		all = append(all, clone(s))
	}
	slices.SortFunc(all, func(a, b auth.Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Hash, b.Hash))
	})
	return all
}

// SessionByHash implements auth.SessionRows.
func (m *Memory) SessionByHash(_ context.Context, h auth.Hash) (auth.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return auth.Session{}, m.down
	}
	s, ok := m.sessions[h]
	if !ok {
		return auth.Session{}, fault.NotFound
	}
	return clone(s), nil
}

// TouchSession implements auth.SessionRows.
func (m *Memory) TouchSession(_ context.Context, h auth.Hash, seen time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	m.touches++
	if s, ok := m.sessions[h]; ok && seen.After(s.LastSeenAt) {
		s.LastSeenAt = seen
		m.sessions[h] = s
	}
	return nil
}

// SaveSession implements auth.SessionRows.
func (m *Memory) SaveSession(_ context.Context, s auth.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	old, ok := m.sessions[s.Hash]
	if !ok {
		return fault.NotFound
	}
	s = clone(s)
	old.Flashes = s.Flashes
	m.sessions[s.Hash] = old
	return nil
}

// SaveFollowed implements auth.SessionRows.
func (m *Memory) SaveFollowed(_ context.Context, s auth.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	old, ok := m.sessions[s.Hash]
	if !ok {
		return fault.NotFound
	}
	s = clone(s)
	old.Groups, old.Tokens, old.CheckedAt = s.Groups, s.Tokens, s.CheckedAt
	m.sessions[s.Hash] = old
	return nil
}

// DeleteSessionsAt implements auth.SessionRows.
func (m *Memory) DeleteSessionsAt(_ context.Context, issuer, subject, sessionID string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return 0, m.down
	}
	n := 0
	for h, s := range m.sessions {
		if s.Issuer == issuer && (subject == "" || s.Subject == subject) && (sessionID == "" || s.SessionID == sessionID) && subject+sessionID != "" {
			delete(m.sessions, h)
			n++
		}
	}
	return n, nil
}

// UseLogoutToken implements auth.SessionRows.
func (m *Memory) UseLogoutToken(_ context.Context, issuer, tokenID string, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	key := issuer + "\n" + tokenID
	if _, used := m.used[key]; used {
		return fault.Conflict
	}
	m.used[key] = expires
	return nil
}

// SignedInUsers implements auth.SessionRows.
func (m *Memory) SignedInUsers(context.Context) ([]id.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var users []id.User
	for _, s := range m.sessions {
		if s.User != "" && !slices.Contains(users, s.User) {
			users = append(users, s.User)
		}
	}
	return users, m.down
}

// DeleteSessionsOfUser implements auth.SessionRows.
func (m *Memory) DeleteSessionsOfUser(_ context.Context, user id.User) ([]auth.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ended []auth.Session
	for h, s := range m.sessions {
		if s.User == user && user != "" {
			ended = append(ended, clone(s))
			delete(m.sessions, h)
		}
	}
	return ended, m.down
}

// DeleteSession implements auth.SessionRows.
func (m *Memory) DeleteSession(_ context.Context, h auth.Hash) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	delete(m.sessions, h)
	return nil
}

// DeleteSessionsOf implements auth.SessionRows.
func (m *Memory) DeleteSessionsOf(_ context.Context, issuer, subject string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return 0, m.down
	}
	own := m.of(issuer, subject)
	for _, s := range own {
		delete(m.sessions, s.Hash)
	}
	return len(own), nil
}

// SessionsOf implements auth.SessionRows.
func (m *Memory) SessionsOf(_ context.Context, issuer, subject string) ([]auth.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return nil, m.down
	}
	return m.of(issuer, subject), nil
}

// Sessions implements auth.SessionRows.
func (m *Memory) Sessions(_ context.Context, find string, limit int) ([]auth.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return nil, m.down
	}
	all := slices.DeleteFunc(m.all(), func(s auth.Session) bool {
		return !strings.Contains(strings.ToLower(s.Email+"\n"+s.Name), strings.ToLower(find))
	})
	return all[:min(limit, len(all))], nil
}

// DeleteExpiredSessions implements auth.SessionRows.
func (m *Memory) DeleteExpiredSessions(_ context.Context, now, seenBefore time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return 0, m.down
	}
	n := 0
	for h, s := range m.sessions {
		if !s.ExpiresAt.After(now) || !s.LastSeenAt.After(seenBefore) {
			delete(m.sessions, h)
			n++
		}
	}
	return n, nil
}

// CreatePreLogin implements auth.PreLogins.
func (m *Memory) CreatePreLogin(_ context.Context, p auth.PreLogin) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	if _, ok := m.logins[p.State]; ok {
		return fault.Conflict
	}
	m.logins[p.State] = p
	return nil
}

// TakePreLogin implements auth.PreLogins.
func (m *Memory) TakePreLogin(_ context.Context, state auth.Hash) (auth.PreLogin, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return auth.PreLogin{}, m.down
	}
	p, ok := m.logins[state]
	if !ok {
		return auth.PreLogin{}, fault.NotFound
	}
	delete(m.logins, state)
	return p, nil
}

// DeleteExpiredPreLogins implements auth.PreLogins.
func (m *Memory) DeleteExpiredPreLogins(_ context.Context, now time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return 0, m.down
	}
	n := 0
	for state, p := range m.logins {
		if !p.ExpiresAt.After(now) {
			delete(m.logins, state)
			n++
		}
	}
	return n, nil
}

// IdentityOf implements auth.Identities.
func (m *Memory) IdentityOf(_ context.Context, issuer, subject string) (auth.Identity, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return auth.Identity{}, m.down
	}
	for _, i := range m.identities {
		if i.Issuer == issuer && i.Subject == subject {
			return i, nil
		}
	}
	return auth.Identity{}, fault.NotFound
}

// LinkIdentity implements auth.Identities.
func (m *Memory) LinkIdentity(_ context.Context, i auth.Identity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down != nil {
		return m.down
	}
	for _, old := range m.identities {
		if old.Issuer == i.Issuer && old.Subject == i.Subject || old.User == i.User || old.Email == i.Email {
			return fault.Conflict
		}
	}
	m.identities = append(m.identities, i)
	return nil
}
