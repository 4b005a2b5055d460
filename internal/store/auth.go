package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

var (
	_ auth.SessionRows = (*AuthStore)(nil)
	_ auth.PreLogins   = (*AuthStore)(nil)
	_ auth.Identities  = (*AuthStore)(nil)
)

// AuthStore keeps sessions, sign-ins under way and links to Gtmhub users. It implements auth.SessionRows,
// auth.PreLogins and auth.Identities.
type AuthStore struct{ s *Store }

// Auth returns the ports of package auth.
func (s *Store) Auth() *AuthStore { return &AuthStore{s} }

const sessionColumns = `hash, provider, issuer, subject, email, email_verified, name, groups_json, user_id,
	created, last_seen, expires, auth_time, user_agent, flashes, session_id, tokens, checked`

// CreateSession implements auth.SessionRows.
func (a *AuthStore) CreateSession(ctx context.Context, s auth.Session, replaces auth.Hash, keep int) error {
	groups, flashes, err := sessionJSON(s)
	if err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	return a.s.write(ctx, "create session", func(t *tx) error {
		if t.dialect == PostgreSQL {
			// Two sign-ins of one person at once would not see each other's row and leave one too many.
			if _, err := t.exec(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, s.Issuer+"\n"+s.Subject); err != nil {
				return err
			}
		}
		if _, err := t.exec(`DELETE FROM session WHERE hash = $1`, string(replaces)); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM session WHERE hash IN (
			SELECT hash FROM session WHERE issuer = $1 AND subject = $2 ORDER BY created DESC, hash LIMIT 1000000 OFFSET $3)`,
			s.Issuer, s.Subject, max(0, keep-1)); err != nil {
			return err
		}
		if err := t.remember(s, groups); err != nil {
			return err
		}
		return t.insert("session", sessionColumns, [][]any{{
			string(s.Hash), s.Provider, s.Issuer, s.Subject, s.Email, s.EmailVerified, s.Name, groups, string(s.User),
			millis(s.CreatedAt), millis(s.LastSeenAt), millis(s.ExpiresAt), millis(s.AuthTime), s.UserAgent, flashes,
			s.SessionID, s.Tokens, millis(s.CheckedAt),
		}})
	})
}

// SessionByHash implements auth.SessionRows.
func (a *AuthStore) SessionByHash(ctx context.Context, h auth.Hash) (out auth.Session, err error) {
	err = a.s.read(ctx, "read session", func(t *tx) error {
		out, err = scanSession(t.row(`SELECT `+sessionColumns+` FROM session WHERE hash = $1`, string(h)).Scan)
		return err
	})
	return out, err
}

// TouchSession implements auth.SessionRows.
func (a *AuthStore) TouchSession(ctx context.Context, h auth.Hash, seen time.Time) error {
	return a.s.write(ctx, "touch session", func(t *tx) error {
		_, err := t.exec(`UPDATE session SET last_seen = $1 WHERE hash = $2 AND last_seen < $1`, millis(seen), string(h))
		return err
	})
}

// SaveSession implements auth.SessionRows.
func (a *AuthStore) SaveSession(ctx context.Context, s auth.Session) error {
	_, flashes, err := sessionJSON(s)
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	return a.s.write(ctx, "save session", func(t *tx) error {
		return living(t.exec(`UPDATE session SET flashes = $1 WHERE hash = $2`, flashes, string(s.Hash)))
	})
}

// SaveFollowed implements auth.SessionRows.
func (a *AuthStore) SaveFollowed(ctx context.Context, s auth.Session) error {
	groups, _, err := sessionJSON(s)
	if err != nil {
		return fmt.Errorf("save groups of a session: %w", err)
	}
	return a.s.write(ctx, "save groups of a session", func(t *tx) error {
		return living(t.exec(`UPDATE session SET groups_json = $1, tokens = $2, checked = $3 WHERE hash = $4`, groups, s.Tokens, millis(s.CheckedAt), string(s.Hash)))
	})
}

// living is the error of an update of one session.
func living(n int, err error) error {
	if err == nil && n == 0 {
		return fault.New(fault.NotFound, "This session has ended. Sign in again.")
	}
	return err
}

// DeleteSession implements auth.SessionRows.
func (a *AuthStore) DeleteSession(ctx context.Context, h auth.Hash) error {
	return a.s.write(ctx, "delete session", func(t *tx) error {
		_, err := t.exec(`DELETE FROM session WHERE hash = $1`, string(h))
		return err
	})
}

// DeleteSessionsOf implements auth.SessionRows.
func (a *AuthStore) DeleteSessionsOf(ctx context.Context, issuer, subject string) (n int, err error) {
	err = a.s.write(ctx, "delete sessions of a person", func(t *tx) error {
		n, err = t.exec(`DELETE FROM session WHERE issuer = $1 AND subject = $2`, issuer, subject)
		return err
	})
	return n, err
}

// DeleteSessionsAt implements auth.SessionRows.
func (a *AuthStore) DeleteSessionsAt(ctx context.Context, issuer, subject, sessionID string) (n int, err error) {
	if subject == "" && sessionID == "" {
		return 0, nil
	}
	err = a.s.write(ctx, "delete sessions at a provider", func(t *tx) error {
		n, err = t.exec(`DELETE FROM session WHERE issuer = $1 AND ($2 = '' OR subject = $2) AND ($3 = '' OR session_id = $3)`, issuer, subject, sessionID)
		return err
	})
	return n, err
}

// UseLogoutToken implements auth.SessionRows.
func (a *AuthStore) UseLogoutToken(ctx context.Context, issuer, tokenID string, expires time.Time) error {
	return a.s.write(ctx, "use logout token", func(t *tx) error {
		return t.insert("logout_token", "issuer, token_id, expires", [][]any{{issuer, tokenID, millis(expires)}})
	})
}

// SignedInUsers implements auth.SessionRows.
func (a *AuthStore) SignedInUsers(ctx context.Context) (out []id.User, err error) {
	err = a.s.read(ctx, "list signed-in users", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			var u id.User
			err := scan(&u)
			out = append(out, u)
			return err
		}, `SELECT DISTINCT user_id FROM session WHERE user_id <> ''`)
	})
	return out, err
}

// DeleteSessionsOfUser implements auth.SessionRows.
func (a *AuthStore) DeleteSessionsOfUser(ctx context.Context, user id.User) (out []auth.Session, err error) {
	err = a.s.write(ctx, "delete sessions of a user", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			s, err := scanSession(scan)
			out = append(out, s)
			return err
		}, `DELETE FROM session WHERE user_id = $1 AND user_id <> '' RETURNING `+sessionColumns, string(user))
	})
	return out, err
}

// SessionsOf implements auth.SessionRows.
func (a *AuthStore) SessionsOf(ctx context.Context, issuer, subject string) ([]auth.Session, error) {
	return a.sessions(ctx, `SELECT `+sessionColumns+` FROM session WHERE issuer = $1 AND subject = $2 ORDER BY created DESC, hash`, issuer, subject)
}

// Sessions implements auth.SessionRows.
func (a *AuthStore) Sessions(ctx context.Context, find string, limit int) ([]auth.Session, error) {
	return a.sessions(ctx, `SELECT `+sessionColumns+` FROM session WHERE LOWER(email) LIKE $1 ESCAPE '\' OR LOWER(name) LIKE $1 ESCAPE '\'
		ORDER BY created DESC, hash LIMIT $2`, contains(auth.FoldEmail(find)), max(0, limit))
}

func (a *AuthStore) sessions(ctx context.Context, text string, args ...any) (out []auth.Session, err error) {
	err = a.s.read(ctx, "list sessions", func(t *tx) error {
		out = nil
		return t.each(func(scan func(...any) error) error {
			s, err := scanSession(scan)
			out = append(out, s)
			return err
		}, text, args...)
	})
	return out, err
}

// DeleteExpiredSessions implements auth.SessionRows.
func (a *AuthStore) DeleteExpiredSessions(ctx context.Context, now, seenBefore time.Time) (n int, err error) {
	err = a.s.write(ctx, "delete expired sessions", func(t *tx) error {
		if _, err := t.exec(`DELETE FROM logout_token WHERE expires <= $1`, millis(now)); err != nil {
			return err
		}
		n, err = t.exec(`DELETE FROM session WHERE expires <= $1 OR last_seen <= $2`, millis(now), millis(seenBefore))
		return err
	})
	return n, err
}

func sessionJSON(s auth.Session) (groups, flashes string, err error) {
	g, err := json.Marshal(s.Groups)
	if err != nil {
		return "", "", err
	}
	f, err := json.Marshal(s.Flashes)
	return string(g), string(f), err
}

func scanSession(scan func(...any) error) (auth.Session, error) {
	var s auth.Session
	var groups, flashes string
	var created, seen, expires, authTime, checked int64
	err := scan(&s.Hash, &s.Provider, &s.Issuer, &s.Subject, &s.Email, &s.EmailVerified, &s.Name, &groups, &s.User,
		&created, &seen, &expires, &authTime, &s.UserAgent, &flashes, &s.SessionID, &s.Tokens, &checked)
	if err != nil {
		return auth.Session{}, err
	}
	s.CreatedAt, s.LastSeenAt, s.ExpiresAt, s.AuthTime, s.CheckedAt = fromMillis(created), fromMillis(seen), fromMillis(expires), fromMillis(authTime), fromMillis(checked)
	if err := json.Unmarshal([]byte(groups), &s.Groups); err != nil {
		return auth.Session{}, err
	}
	if err := json.Unmarshal([]byte(flashes), &s.Flashes); err != nil {
		return auth.Session{}, err
	}
	return s, nil
}

// CreatePreLogin implements auth.PreLogins.
func (a *AuthStore) CreatePreLogin(ctx context.Context, p auth.PreLogin) error {
	return a.s.write(ctx, "create pre-login", func(t *tx) error {
		return t.insert("pre_login", "state, browser, provider, nonce, verifier, return_path, fresh, created, expires", [][]any{{
			string(p.State), string(p.Browser), p.Provider, p.Nonce, p.Verifier, p.Return, p.Fresh, millis(p.CreatedAt), millis(p.ExpiresAt),
		}})
	})
}

// TakePreLogin implements auth.PreLogins.
func (a *AuthStore) TakePreLogin(ctx context.Context, state auth.Hash) (out auth.PreLogin, err error) {
	err = a.s.write(ctx, "take pre-login", func(t *tx) error {
		p := auth.PreLogin{State: state}
		var created, expires int64
		err := t.row(`DELETE FROM pre_login WHERE state = $1
			RETURNING browser, provider, nonce, verifier, return_path, fresh, created, expires`, string(state)).
			Scan(&p.Browser, &p.Provider, &p.Nonce, &p.Verifier, &p.Return, &p.Fresh, &created, &expires)
		p.CreatedAt, p.ExpiresAt = fromMillis(created), fromMillis(expires)
		out = p
		return err
	})
	if err != nil { // also when the commit failed: then it was not taken
		return auth.PreLogin{}, err
	}
	return out, nil
}

// DeleteExpiredPreLogins implements auth.PreLogins.
func (a *AuthStore) DeleteExpiredPreLogins(ctx context.Context, now time.Time) (n int, err error) {
	err = a.s.write(ctx, "delete expired pre-logins", func(t *tx) error {
		n, err = t.exec(`DELETE FROM pre_login WHERE expires <= $1`, millis(now))
		return err
	})
	return n, err
}

// IdentityOf implements auth.Identities.
func (a *AuthStore) IdentityOf(ctx context.Context, issuer, subject string) (auth.Identity, error) {
	out := auth.Identity{Issuer: issuer, Subject: subject}
	err := a.s.read(ctx, "read identity", func(t *tx) error {
		var linked int64
		err := t.row(`SELECT user_id, email, linked FROM identity WHERE issuer = $1 AND subject = $2`, issuer, subject).
			Scan(&out.User, &out.Email, &linked)
		out.LinkedAt = fromMillis(linked)
		return err
	})
	if err != nil {
		return auth.Identity{}, err
	}
	return out, nil
}

// LinkIdentity implements auth.Identities.
func (a *AuthStore) LinkIdentity(ctx context.Context, i auth.Identity) error {
	return a.s.write(ctx, "link identity", func(t *tx) error {
		return t.insert("identity", "issuer, subject, user_id, email, linked", [][]any{{
			i.Issuer, i.Subject, string(i.User), i.Email, millis(i.LinkedAt),
		}})
	})
}
