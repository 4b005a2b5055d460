package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/sessions"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// The limits of sessions. Idle and Absolute are the AAL2 limits of NIST SP 800-63B revision 3, section 4.2.3.
const (
	Idle       = 30 * time.Minute
	Absolute   = 12 * time.Hour
	PerPerson  = 5
	TouchEvery = time.Minute
	// FreshWithin is how long after proving who they are a person may approve, remove in bulk and change roles.
	FreshWithin = 15 * time.Minute
)

const (
	maxUserAgent = 120
	secretLength = 64
)

// keySession is the place of the *Session among the values of a gorilla session; keyFlash is gorilla's own.
const (
	keySession  = "session"
	keyReplaces = "replaces"
	keyTokens   = "tokens" // what the provider gave, until the session has its secret
	keyFlash    = "_flash"
)

var _ sessions.Store = (*Store)(nil)

// StoreOptions says what a Store works with.
type StoreOptions struct {
	Rows SessionRows
	// Now is the clock.
	Now func() time.Time
	// Idle and Max end a session after so long without a request, and in any case; 0 means the constants Idle and
	// Absolute. More than Absolute is not accepted for either.
	Idle, Max time.Duration
	// Insecure drops Secure and the "__Host-" name from the cookies. Only the demo on plain-HTTP loopback may.
	Insecure bool
	// OnError answers a request whose session could not be read because the database failed.
	OnError func(http.ResponseWriter, *http.Request, error)
	Logger  *slog.Logger
}

// Store keeps sessions on the server and implements gorilla's sessions.Store. It is safe for concurrent use.
type Store struct {
	o StoreOptions
}

// NewStore makes a Store; all fields of the options but Insecure are required.
func NewStore(o StoreOptions) *Store {
	if o.Rows == nil || o.Now == nil || o.OnError == nil || o.Logger == nil {
		panic("auth: incomplete StoreOptions")
	}
	if o.Idle <= 0 || o.Idle > Absolute {
		o.Idle = Idle
	}
	if o.Max <= 0 || o.Max > Absolute {
		o.Max = Absolute
	}
	return &Store{o: o}
}

// CookieName is "__Host-portal", or "portal" for the insecure demo.
func (s *Store) CookieName() string { return cookieName("portal", s.o.Insecure) }

func cookieName(base string, insecure bool) string {
	if insecure {
		return base
	}
	return "__Host-" + base
}

func (s *Store) options() *sessions.Options {
	return &sessions.Options{
		Path:     "/",
		MaxAge:   int(s.o.Max / time.Second),
		Secure:   !s.o.Insecure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
}

// Get returns the session of the request, reading it at most once per request. See [Store.New].
func (s *Store) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New reads the session that the request's cookie names. A missing, unknown or ended one gives a new, empty session
// and no error; an error means that the database did not answer.
func (s *Store) New(r *http.Request, name string) (*sessions.Session, error) {
	gs := sessions.NewSession(s, name)
	gs.Options = s.options()
	gs.IsNew = true
	secret, ok := secretCookie(r, name)
	if !ok {
		return gs, nil
	}
	sess, err := s.o.Rows.SessionByHash(r.Context(), HashOf(secret))
	if errors.Is(err, fault.NotFound) {
		return gs, nil
	}
	if err != nil {
		return gs, fmt.Errorf("read session: %w", err)
	}
	if !s.alive(sess) {
		return gs, nil
	}
	gs.IsNew = false
	gs.ID = string(sess.Hash)
	gs.Values[keySession] = &sess
	for _, f := range sess.Flashes {
		gs.AddFlash(f)
	}
	return gs, nil
}

// secretCookie reads a cookie that must look like newSecret made it, so that no odd value reaches the database.
func secretCookie(r *http.Request, name string) (string, bool) {
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) != secretLength {
		return "", false
	}
	for i := range len(c.Value) {
		if b := c.Value[i]; (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return "", false
		}
	}
	return c.Value, true
}

func (s *Store) alive(sess Session) bool {
	now := s.o.Now()
	return now.Before(sess.ExpiresAt) && now.Before(sess.LastSeenAt.Add(s.o.Idle))
}

// Save stores a session. One with a negative MaxAge is deleted and its cookie taken back; one with an ID is updated,
// and the error is fault.NotFound if it was ended meanwhile: it is never created again. One without an ID is created
// under a new secret; only sign-in does that.
func (s *Store) Save(r *http.Request, w http.ResponseWriter, gs *sessions.Session) error {
	ctx := r.Context()
	if gs.Options != nil && gs.Options.MaxAge < 0 {
		if gs.ID != "" {
			if err := s.o.Rows.DeleteSession(ctx, Hash(gs.ID)); err != nil {
				return fmt.Errorf("end session: %w", err)
			}
		}
		http.SetCookie(w, sessions.NewCookie(gs.Name(), "", gs.Options))
		return nil
	}
	sess, ok := gs.Values[keySession].(*Session)
	if !ok || sess.Subject == "" {
		return fault.New(fault.Forbidden, "You are not signed in.")
	}
	sess.Flashes = flashesOf(gs)
	if gs.ID != "" {
		if err := s.o.Rows.SaveSession(ctx, *sess); err != nil {
			return fmt.Errorf("save session: %w", err)
		}
		return nil
	}
	replaces, _ := gs.Values[keyReplaces].(Hash)
	delete(gs.Values, keyReplaces)
	secret := newSecret()
	sess.Hash = HashOf(secret)
	if kept, ok := gs.Values[keyTokens].(tokens); ok {
		delete(gs.Values, keyTokens)
		var err error
		if sess.Tokens, err = kept.seal(secret); err != nil {
			return fmt.Errorf("create session: %w", err)
		}
	}
	if err := s.o.Rows.CreateSession(ctx, *sess, replaces, PerPerson); err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	gs.ID = string(sess.Hash)
	gs.IsNew = false
	http.SetCookie(w, sessions.NewCookie(gs.Name(), secret, s.options()))
	return nil
}

func flashesOf(gs *sessions.Session) []Flash {
	values, _ := gs.Values[keyFlash].([]any)
	var all []Flash
	for _, v := range values {
		if f, ok := v.(Flash); ok {
			all = append(all, f)
		}
	}
	return all[max(0, len(all)-MaxFlashes):]
}

// begin gives the browser a new session for a person who has just signed in. The session that the request came with
// ends: an id is never carried over a sign-in.
func (s *Store) begin(w http.ResponseWriter, r *http.Request, sess Session, kept tokens) error {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return err
	}
	now := s.o.Now().UTC()
	sess.CreatedAt, sess.LastSeenAt, sess.ExpiresAt, sess.CheckedAt = now, now, now.Add(s.o.Max), now
	sess.UserAgent = shortUserAgent(r.UserAgent())
	gs.Values = map[any]any{keySession: &sess, keyReplaces: Hash(gs.ID), keyTokens: kept}
	gs.ID = ""
	return gs.Save(r, w)
}

func shortUserAgent(ua string) string {
	b := make([]byte, 0, maxUserAgent)
	for i := 0; i < len(ua) && len(b) < maxUserAgent; i++ {
		if ua[i] >= ' ' && ua[i] < 0x7f {
			b = append(b, ua[i])
		}
	}
	return string(b)
}

// end deletes the session of the request, if there is one, and takes the cookie back.
func (s *Store) end(w http.ResponseWriter, r *http.Request) error {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return err
	}
	gs.Options.MaxAge = -1
	return gs.Save(r, w)
}

type contextKey struct{}

// FromContext returns the session of the person who makes the request; false if nobody is signed in.
func FromContext(ctx context.Context) (*Session, bool) {
	s, _ := ctx.Value(contextKey{}).(*Session)
	return s, s != nil
}

// WithSession returns a context that carries a session, as [Store.Load] does it.
func WithSession(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// Load is the middleware that puts the session of the request, if it is alive, into the context. It refuses nobody.
// When the database does not answer, OnError does, so that no handler mistakes that for "nobody is signed in".
func (s *Store) Load(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gs, err := s.Get(r, s.CookieName())
		if err != nil {
			s.o.OnError(w, r, err)
			return
		}
		sess, ok := gs.Values[keySession].(*Session)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		if now := s.o.Now().UTC(); now.Sub(sess.LastSeenAt) >= TouchEvery {
			// A database that cannot write (disk full) must not keep people from reading.
			if err := s.o.Rows.TouchSession(r.Context(), sess.Hash, now); err != nil {
				s.o.Logger.WarnContext(r.Context(), "touch session", "error", err)
			}
			sess.LastSeenAt = now
		}
		next.ServeHTTP(w, r.WithContext(WithSession(r.Context(), sess)))
	})
}

// RequireFresh reports whether the session meets the demand of a fresh sign-in: true means that the person proved who
// they are at most within ago, and the act may go on. A provider that does not say when gives false.
func RequireFresh(s *Session, now time.Time, within time.Duration) bool {
	return s != nil && !s.AuthTime.IsZero() && now.Sub(s.AuthTime) <= within
}

// AddFlash keeps a message for the next page of the person who makes the request. If the session was ended meanwhile
// the message is lost and that is no error.
func (s *Store) AddFlash(w http.ResponseWriter, r *http.Request, f Flash) error {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return err
	}
	gs.AddFlash(f)
	return s.saveFlashes(w, r, gs)
}

// TakeFlashes returns the waiting messages, oldest first, and forgets them.
func (s *Store) TakeFlashes(w http.ResponseWriter, r *http.Request) ([]Flash, error) {
	gs, err := s.Get(r, s.CookieName())
	if err != nil {
		return nil, err
	}
	taken := flashesOf(gs)
	if len(taken) == 0 {
		return nil, nil
	}
	gs.Flashes()
	return taken, s.saveFlashes(w, r, gs)
}

func (s *Store) saveFlashes(w http.ResponseWriter, r *http.Request, gs *sessions.Session) error {
	if err := gs.Save(r, w); err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

// Own lists the living sessions of the person whose session is given, newest first.
func (s *Store) Own(ctx context.Context, me *Session) ([]Session, error) {
	all, err := s.o.Rows.SessionsOf(ctx, me.Issuer, me.Subject)
	if err != nil {
		return nil, fmt.Errorf("list own sessions: %w", err)
	}
	return s.living(all), nil
}

// EndOwn ends one session of the same person; fault.NotFound if there is none of theirs with this hash.
func (s *Store) EndOwn(ctx context.Context, me *Session, h Hash) error {
	own, err := s.o.Rows.SessionsOf(ctx, me.Issuer, me.Subject)
	if err != nil {
		return fmt.Errorf("list own sessions: %w", err)
	}
	for _, sess := range own {
		if sess.Hash == h {
			return s.End(ctx, h)
		}
	}
	return fault.New(fault.NotFound, "This session has ended already.")
}

// All lists at most limit living sessions of those whose address or name holds find ("": everybody), newest first. Only
// the operator may see it.
func (s *Store) All(ctx context.Context, find string, limit int) ([]Session, error) {
	all, err := s.o.Rows.Sessions(ctx, find, limit)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return s.living(all), nil
}

// Find returns a living session; fault.NotFound if there is none. The caller checks the right.
func (s *Store) Find(ctx context.Context, h Hash) (Session, error) {
	sess, err := s.o.Rows.SessionByHash(ctx, h)
	if err == nil && s.alive(sess) {
		return sess, nil
	}
	if err != nil && !errors.Is(err, fault.NotFound) {
		return Session{}, fmt.Errorf("look up session: %w", err)
	}
	return Session{}, fault.New(fault.NotFound, "This session has ended already.")
}

// End ends any session; one that is gone already is no error. The caller checks the right.
func (s *Store) End(ctx context.Context, h Hash) error {
	if err := s.o.Rows.DeleteSession(ctx, h); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// EndPerson ends all sessions of a person and says how many rows there were. The caller checks the right.
func (s *Store) EndPerson(ctx context.Context, issuer, subject string) (int, error) {
	n, err := s.o.Rows.DeleteSessionsOf(ctx, issuer, subject)
	if err != nil {
		return 0, fmt.Errorf("end sessions of a person: %w", err)
	}
	return n, nil
}

func (s *Store) living(all []Session) []Session {
	var alive []Session
	for _, sess := range all {
		if s.alive(sess) {
			alive = append(alive, sess)
		}
	}
	return alive
}

// Sweep removes sessions and unfinished sign-ins that have run out; call it every few minutes.
func (s *Store) Sweep(ctx context.Context, logins PreLogins) error {
	now := s.o.Now().UTC()
	_, errSessions := s.o.Rows.DeleteExpiredSessions(ctx, now, now.Add(-s.o.Idle))
	_, errLogins := logins.DeleteExpiredPreLogins(ctx, now)
	if err := errors.Join(errSessions, errLogins); err != nil {
		return fmt.Errorf("remove expired sessions: %w", err)
	}
	return nil
}
