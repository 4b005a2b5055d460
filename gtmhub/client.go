package gtmhub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"golang.org/x/time/rate"
)

// Defaults and fixed bounds of a client.
const (
	defaultRatePerSecond = 10
	defaultMaxInFlight   = 5
	defaultMaxBackground = 2
	defaultCallTimeout   = 20 * time.Second
	defaultMaxTries      = 5
	defaultRetryBase     = time.Second
	maxConnections       = 16
	connectTimeout       = 5 * time.Second
	headerTimeout        = 15 * time.Second
	maxAnswerBytes       = 8 << 20
	maxErrorBytes        = 64 << 10
)

// TokenSource gives the bearer token for one call. It is asked before each call, may refresh, must respect ctx, and must
// be safe for concurrent use. Its errors must not hold the token.
type TokenSource func(ctx context.Context) (string, error)

// StaticToken is a TokenSource for an API token that never changes.
func StaticToken(token string) TokenSource {
	return func(context.Context) (string, error) { return token, nil }
}

// Options are the settings of a client. The zero value of each optional field means its default.
type Options struct {
	// BaseURL is everything up to and including "/api", for example https://app.gtmhub.com/api. A path prefix is kept;
	// the version is added per operation. It must be https; plain http is for loopback, or for AllowPlainHTTP.
	BaseURL string
	// AccountID goes into the gtmhub-accountId header of every call.
	AccountID string
	// Token is the credential that the client acts with. See Client.As for a second one.
	Token TokenSource
	// UserAgent names the program; "" means "gtmhub-go".
	UserAgent string

	// RatePerSecond is the pace of all calls together; 0 means 10.
	RatePerSecond float64
	// MaxInFlight is how many calls run at once, interactive and background ones together; 0 means 5, at most 16.
	MaxInFlight int
	// MaxBackground is how many of them calls of Background clients may use; the rest is kept for the others. 0 means 2,
	// or what leaves one for interactive calls. It must be below MaxInFlight.
	MaxBackground int

	// CallTimeout bounds each try from first byte to last, and, separately, its wait for a slot and the pace; 0 means 20 s.
	CallTimeout time.Duration
	// MaxTries is how often a read is tried; 0 means 5. Writes are tried once.
	MaxTries int
	// RetryBase is the first wait between tries; it doubles up to 30 s, with jitter. 0 means 1 s.
	RetryBase time.Duration

	// AllowPlainHTTP permits http to hosts other than loopback, and addresses in private networks. For development.
	AllowPlainHTTP bool
	// Observer, if set, is told of every try, also of those refused before they left. It must be quick and safe for
	// concurrent use.
	Observer func(Call)
	// Transport replaces the client's own transport. For tests: connection limits and timeouts, the address check and
	// the certainty that nothing was sent are then those of the replacement.
	Transport http.RoundTripper
}

// Call tells an Observer about one try of one operation.
type Call struct {
	// Operation is the number in docs/gtmhub-operations.md; 41 is the roles list.
	Operation       int
	Method, Pattern string
	// Status is 0 when no answer came.
	Status   int
	Duration time.Duration
	// Date is when the other side answered, by its own clock and to the second; zero when it did not say.
	Date time.Time
	// Err is nil on success. Its text is fit for logs, see APIError.
	Err error
}

// Client calls the API for one account. It is safe for concurrent use, and must be made with New.
type Client struct {
	Users         *UsersService
	UserRoles     *UserRolesService
	Invitations   *InvitationsService
	Teams         *TeamsService
	TeamMembers   *TeamMembersService
	Roles         *RolesService
	Announcements *AnnouncementsService
	Objectives    *ObjectivesService
	KeyResults    *KeyResultsService

	shared *shared
	token  TokenSource
	slots  bulkhead.Bulkhead[any]
}

type service struct{ client *Client }

// shared is what clients derived from one another have in common.
type shared struct {
	base      *url.URL
	accountID string
	userAgent string

	// Writes have connections of their own that are never reused: on a fresh connection net/http repeats nothing, and a
	// connection that died while idle cannot turn a write into one with unknown outcome.
	reads, writes *http.Client
	ownTransport  bool

	callTimeout time.Duration
	observer    func(Call)

	limiter     *rate.Limiter
	pausedUntil atomic.Int64 // Unix nanoseconds; set by a 429
	breakers    map[string]circuitbreaker.CircuitBreaker[any]
	retries     retrypolicy.RetryPolicy[*answer]
	background  bulkhead.Bulkhead[any]
}

// New makes a client. It reports every unusable option at once and calls nothing.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL, o.AllowPlainHTTP)
	problems := []error{err}
	if o.AccountID == "" || strings.ContainsFunc(o.AccountID, func(r rune) bool { return r <= ' ' || r > '~' }) {
		problems = append(problems, errors.New("account id is missing or holds odd characters"))
	}
	if o.Token == nil {
		problems = append(problems, errors.New("token source is missing"))
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = defaultMaxInFlight
	}
	if o.MaxBackground == 0 {
		o.MaxBackground = min(defaultMaxBackground, o.MaxInFlight-1)
	}
	if o.MaxInFlight > maxConnections || o.MaxBackground < 1 || o.MaxBackground >= o.MaxInFlight {
		problems = append(problems, fmt.Errorf("at most %d calls in flight, at least one of them interactive and one background", maxConnections))
	}
	if o.RatePerSecond < 0 || o.CallTimeout < 0 || o.MaxTries < 0 || o.RetryBase < 0 {
		problems = append(problems, errors.New("rate, timeouts and tries cannot be negative"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("gtmhub: %w", err)
	}

	s := &shared{
		base:         base,
		accountID:    o.AccountID,
		userAgent:    or(o.UserAgent, "gtmhub-go"),
		ownTransport: o.Transport == nil,
		callTimeout:  or(o.CallTimeout, defaultCallTimeout),
		observer:     o.Observer,
		limiter:      rate.NewLimiter(rate.Limit(or(o.RatePerSecond, defaultRatePerSecond)), o.MaxInFlight),
		breakers:     map[string]circuitbreaker.CircuitBreaker[any]{},
		retries:      newRetryPolicy(or(o.MaxTries, defaultMaxTries), or(o.RetryBase, defaultRetryBase)),
		background:   bulkhead.New[any](uint(o.MaxBackground)),
	}
	for _, group := range groups {
		s.breakers[group] = newBreaker()
	}
	reads, writes := o.Transport, o.Transport
	if s.ownTransport {
		private := o.AllowPlainHTTP || isLoopback(base.Hostname())
		reads, writes = newTransport(private, true), newTransport(private, false)
	}
	s.reads, s.writes = newHTTPClient(reads), newHTTPClient(writes)

	c := &Client{shared: s, token: o.Token, slots: bulkhead.New[any](uint(o.MaxInFlight - o.MaxBackground))}
	return c.derive(), nil
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// derive copies the client and points the services at the copy.
func (c *Client) derive() *Client {
	d := *c
	s := &service{client: &d}
	d.Users = (*UsersService)(s)
	d.UserRoles = (*UserRolesService)(s)
	d.Invitations = (*InvitationsService)(s)
	d.Teams = (*TeamsService)(s)
	d.TeamMembers = (*TeamMembersService)(s)
	d.Roles = (*RolesService)(s)
	d.Announcements = (*AnnouncementsService)(s)
	d.Objectives = (*ObjectivesService)(s)
	d.KeyResults = (*KeyResultsService)(s)
	return &d
}

// As answers a client that acts with another credential, such as a signed-in person's own token. Pace, slots, breakers
// and connections are shared with c.
func (c *Client) As(token TokenSource) *Client {
	d := c.derive()
	d.token = token
	return d
}

// Background answers a client for long runs. It has the same credential, pace and breakers, but its own, fewer slots, so
// that a big run never takes the slots of the pages. All background clients share these slots.
func (c *Client) Background() *Client {
	d := c.derive()
	d.slots = c.shared.background
	return d
}

// GroupHealth is the state of one group of endpoints.
type GroupHealth struct {
	// Group is users, teams, roles, announcements or objectives.
	Group string
	// Open means that calls are refused because too many of the last ones failed.
	Open bool
	// RetryIn is when the next call is let through to try, 0 if now.
	RetryIn time.Duration
}

// Health answers the state of each group, in a fixed order. It calls nothing.
func (c *Client) Health() []GroupHealth {
	var out []GroupHealth
	for _, group := range groups {
		b := c.shared.breakers[group]
		out = append(out, GroupHealth{Group: group, Open: !b.IsClosed(), RetryIn: b.RemainingDelay()})
	}
	return out
}

// PausedFor answers how long the API has asked all calls to wait, 0 if not at all.
func (c *Client) PausedFor() time.Duration { return c.shared.pause() }

// parseBase checks the base URL and answers it without a trailing slash.
func parseBase(s string, plainHTTP bool) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, errors.New("base URL cannot be read") // the cause would repeat the text, which may hold a password
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.Hostname() == "":
		return nil, errors.New("base URL needs https and a host")
	case u.Scheme == "http" && !plainHTTP && !isLoopback(u.Hostname()):
		return nil, errors.New("base URL must be https")
	case u.User != nil, u.RawQuery != "", u.Fragment != "", u.ForceQuery:
		return nil, errors.New("base URL holds only scheme, host and path")
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }):
		return nil, errors.New("base URL path has dots")
	}
	return url.Parse(strings.TrimRight(u.String(), "/"))
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// newTransport makes a transport with explicit limits. HTTP/2 is off because it may repeat a request by itself after
// some protocol errors. No proxy is taken from the environment: the token goes nowhere but to the base URL.
func newTransport(allowPrivate, keepAlive bool) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout}
	if !allowPrivate {
		dialer.Control = refusePrivate
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  headerTimeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    maxConnections,
		MaxConnsPerHost:        maxConnections,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      !keepAlive,
	}
}

// refusePrivate stops a public name that resolves into our own network.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	a := ap.Addr().Unmap()
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast() {
		return errors.New("address is not public")
	}
	return nil
}

func newHTTPClient(t http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
