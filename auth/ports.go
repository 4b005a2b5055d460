package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/gtmhub-portal/portal/internal/id"
)

// Hash is the SHA-256 of a secret, as 64 lower-case hex digits. The secret itself is only ever in a cookie or in the
// address of a callback; knowing a Hash gives nobody a session, so a form may carry one to name a session.
type Hash string

// HashOf is the Hash of a secret.
func HashOf(secret string) Hash {
	sum := sha256.Sum256([]byte(secret))
	return Hash(hex.EncodeToString(sum[:]))
}

// newSecret makes 256 random bits as 64 hex digits.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	return hex.EncodeToString(b[:])
}

// Person is who signed in, as a verified ID token (and userinfo, where the provider puts claims there) says.
// (Issuer, Subject) identifies the person; everything else may change between two sign-ins.
type Person struct {
	// Issuer is the provider's issuer URL, exactly as configured.
	Issuer string
	// Subject is the provider's own id of the person; never empty, at most 255 bytes.
	Subject string
	// Email may be empty. It is trimmed, otherwise as the provider sent it.
	Email string
	// EmailVerified says that the provider vouches for Email, or that the settings say its addresses are trusted.
	EmailVerified bool
	// Name is for display; it may be empty and never decides anything.
	Name string
	// Groups come from the claim "groups".
	Groups []string
	// AuthTime is when the person last proved who they are to the provider; zero when the provider does not say.
	AuthTime time.Time
	// IssuedAt is when the ID token was made.
	IssuedAt time.Time
	// SessionID is the provider's id of its own session (claim "sid"), at most 255 bytes; empty where it sends none.
	SessionID string
}

// Flash is a message for the next page that the person sees.
type Flash struct {
	// Kind is the look of the message, such as "success" or "warning"; the pages define the words.
	Kind string `json:"kind"`
	// Text is plain text, never HTML.
	Text string `json:"text"`
	// LinkURL and LinkLabel lead to the next step; both or neither. The address is one of the pages' own.
	LinkURL   string `json:"link,omitempty"`
	LinkLabel string `json:"label,omitempty"`
	// UndoURL takes the POST that takes back what the message is about; empty for none.
	UndoURL string `json:"undo,omitempty"`
}

// MaxFlashes is how many messages a session keeps; the oldest go first.
const MaxFlashes = 5

// Session is one signed-in browser, as stored. All times are UTC.
type Session struct {
	// Hash identifies the session: the SHA-256 of the cookie's value.
	Hash Hash
	// Provider is the ID of the configured provider that the person used.
	Provider string

	Issuer        string
	Subject       string
	Email         string
	EmailVerified bool
	Name          string
	Groups        []string
	// User is the linked Gtmhub user; empty for people who only hold a portal role.
	User id.User

	CreatedAt time.Time
	// LastSeenAt is at most a minute behind the last request.
	LastSeenAt time.Time
	// ExpiresAt is the absolute end, whatever the person does.
	ExpiresAt time.Time
	// AuthTime is when the person last proved who they are; zero when the provider does not say.
	AuthTime time.Time
	// UserAgent is the start of the browser's name for itself, at most 120 bytes of printable ASCII, for the list
	// of own sessions. It is hostile text.
	UserAgent string

	// SessionID is the provider's id of its own session; a back-channel logout may name it. Empty where it sends none.
	SessionID string
	// Tokens are what the provider gave for this session, encrypted with the value of the cookie, so that the
	// database alone cannot open them; nil where nothing is kept.
	Tokens []byte
	// CheckedAt is when the provider last told the groups.
	CheckedAt time.Time

	// Flashes are at most MaxFlashes messages, oldest first.
	Flashes []Flash
}

// SessionRows keeps sessions. Every method may be called at the same time from several instances. Errors without a
// kind of their own are fault.Unavailable or fault.Internal.
type SessionRows interface {
	// CreateSession adds a session and, in the same transaction, deletes the one called replaces (if not empty and
	// there) and ends the oldest sessions (by CreatedAt) of the same Issuer and Subject, so that at most keep are
	// left with the new one. A Hash that exists already is fault.Conflict.
	CreateSession(ctx context.Context, s Session, replaces Hash, keep int) error
	// SessionByHash returns the session, expired or not; fault.NotFound if there is none.
	SessionByHash(ctx context.Context, h Hash) (Session, error)
	// TouchSession moves LastSeenAt forward to seen, never back. A session that is gone is no error.
	TouchSession(ctx context.Context, h Hash, seen time.Time) error
	// SaveSession writes Flashes of an existing session, and nothing else. It never creates a row:
	// fault.NotFound if the session is gone.
	SaveSession(ctx context.Context, s Session) error
	// SaveFollowed writes Groups, Tokens and CheckedAt of an existing session, and nothing else; fault.NotFound if it
	// is gone.
	SaveFollowed(ctx context.Context, s Session) error
	// DeleteSession ends one session; one that is gone already is no error.
	DeleteSession(ctx context.Context, h Hash) error
	// DeleteSessionsOf ends all sessions of a person and says how many there were.
	DeleteSessionsOf(ctx context.Context, issuer, subject string) (int, error)
	// DeleteSessionsAt ends the sessions that an issuer means: those of a subject, of a session id of its own, or of
	// both where both are given. Without either it ends none. It says how many there were.
	DeleteSessionsAt(ctx context.Context, issuer, subject, sessionID string) (int, error)
	// UseLogoutToken remembers until expires that the logout token with this id was used; fault.Conflict if it was
	// used before.
	UseLogoutToken(ctx context.Context, issuer, tokenID string, expires time.Time) error
	// SessionsOf lists the sessions of a person, newest CreatedAt first, expired ones too.
	SessionsOf(ctx context.Context, issuer, subject string) ([]Session, error)
	// Sessions lists the sessions of those whose address or name holds find without regard to the case of ASCII
	// letters ("": everybody), newest CreatedAt first, at most limit, for the operator.
	Sessions(ctx context.Context, find string, limit int) ([]Session, error)
	// SignedInUsers lists the linked Gtmhub users that have a session.
	SignedInUsers(ctx context.Context) ([]id.User, error)
	// DeleteSessionsOfUser ends all sessions that are linked to a Gtmhub user and returns them.
	DeleteSessionsOfUser(ctx context.Context, user id.User) ([]Session, error)
	// DeleteExpiredSessions removes sessions with ExpiresAt <= now or LastSeenAt <= seenBefore, and says how many; used
	// logout tokens that have run out go too.
	DeleteExpiredSessions(ctx context.Context, now, seenBefore time.Time) (int, error)
}

// PreLogin is a sign-in that was started and not yet finished. It lives ten minutes and is used once.
type PreLogin struct {
	// State is the hash of the state parameter and identifies the row.
	State Hash
	// Browser is the hash of the pre-login cookie: only the browser that started may finish.
	Browser Hash
	// Provider is the ID of the provider that was asked.
	Provider string
	// Nonce and Verifier are 64 and 43 ASCII letters, digits, "-" and "_" at most 128 bytes each.
	Nonce    string
	Verifier string
	// Return is the local path to go to afterwards, at most 2048 bytes.
	Return string
	// Fresh says that the person must prove again who they are.
	Fresh     bool
	CreatedAt time.Time
	ExpiresAt time.Time
}

// PreLogins keeps sign-ins that are under way.
type PreLogins interface {
	// CreatePreLogin adds a row; a State that exists already is fault.Conflict.
	CreatePreLogin(ctx context.Context, p PreLogin) error
	// TakePreLogin deletes the row and returns it, in one atomic statement, so that of two callers only one gets
	// it; fault.NotFound for the other. Expired rows are returned too: the caller checks.
	TakePreLogin(ctx context.Context, state Hash) (PreLogin, error)
	// DeleteExpiredPreLogins removes rows with ExpiresAt <= now and says how many.
	DeleteExpiredPreLogins(ctx context.Context, now time.Time) (int, error)
}

// Identity is the link between a person at a provider and a Gtmhub user. It is made once and never derived again
// from an address.
type Identity struct {
	Issuer  string
	Subject string
	User    id.User
	// Email is the verified address that made the link, in the form of [FoldEmail].
	Email    string
	LinkedAt time.Time
}

// Identities keeps the links.
type Identities interface {
	// IdentityOf returns the link of a person; fault.NotFound if there is none.
	IdentityOf(ctx context.Context, issuer, subject string) (Identity, error)
	// LinkIdentity adds a link. (Issuer, Subject), User and Email are each unique: fault.Conflict if one is taken,
	// also when two callers race.
	LinkIdentity(ctx context.Context, i Identity) error
}

// Users finds Gtmhub users by address. The directory implements it.
type Users interface {
	// UserByEmail returns every user, active or not, whose address equals email without regard to case.
	UserByEmail(email string) []id.User
}
