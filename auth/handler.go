package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/sessions"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

const (
	// preLoginLives is how long a person may take at the provider.
	preLoginLives = 10 * time.Minute
	maxParameter  = 4096 // bytes of one parameter of the callback
)

// EventKind names what happened to a person's access.
type EventKind string

// The kinds of events.
const (
	SignedIn  EventKind = "signed in"
	Linked    EventKind = "linked"  // first link of a person to a Gtmhub user
	Refused   EventKind = "refused" // a verified person was not let in
	SignedOut EventKind = "signed out"
	Ended     EventKind = "ended" // a session was ended by somebody else than the person at its browser
)

// Deactivated is why the sessions of a deactivated person end.
const Deactivated = "The Gtmhub user was deactivated."

// Event is told to [HandlerOptions].Record.
type Event struct {
	Kind EventKind
	// Person has Issuer and Subject always, and what else is known.
	Person Person
	// User is the linked Gtmhub user, if any.
	User id.User
	// Reason is set for Refused and Ended: a sentence without addresses or secrets.
	Reason string
}

// SignInPage is what the sign-in page shows.
type SignInPage struct {
	// Links has one entry per provider, at least one. Each is an ordinary link: a form would be stopped by the
	// content security policy when the answer redirects to the provider.
	Links []SignInLink
	// Fresh says that the person is signed in and must prove again who they are.
	Fresh bool
	// ByEmail says that an address chooses among the providers: the page offers a form that posts "email" and "return"
	// to /signin. Email is what was typed, Unknown that no provider takes it.
	ByEmail bool
	Email   string
	Unknown bool
	// Return is the path to go to afterwards; "" for the first page.
	Return string
}

// SignInLink leads to one provider.
type SignInLink struct {
	// ID and Name are the provider's, from the configuration.
	ID, Name string
	// URL is local and finished, with the return path in it.
	URL string
}

// SignedOutPage is what the page after signing out shows.
type SignedOutPage struct {
	// Provider is the name of the provider that the person had used; empty if nobody was signed in.
	Provider string
	// ProviderURL is the provider's own sign-out page; empty if it is not known.
	ProviderURL string
	// Everywhere says that the person has come back from signing out at the provider.
	Everywhere bool
}

// HandlerOptions says what a Handler works with. All fields are required.
type HandlerOptions struct {
	Providers  *Providers
	Sessions   *Store
	PreLogins  PreLogins
	Identities Identities
	Users      Users
	// Allow decides whether a verified person may come in; user is empty when they are linked to no Gtmhub user.
	// Its error is shown, so it needs a kind and a sentence.
	Allow func(p Person, user id.User) error
	// Record is told of each event, before the person gets in; its error stops the sign-in.
	Record func(ctx context.Context, e Event) error
	// SignInPage and SignedOutPage write the two pages.
	SignInPage    func(http.ResponseWriter, *http.Request, SignInPage) error
	SignedOutPage func(http.ResponseWriter, *http.Request, SignedOutPage) error
	Logger        *slog.Logger
	// Now is the clock.
	Now func() time.Time
}

// Handler has the HTTP side of signing in and out. Its methods return errors of known kinds with sentences for
// people; the caller draws them.
type Handler struct {
	o         HandlerOptions
	following singleflight.Group // by session
}

// NewHandler makes a Handler.
func NewHandler(o HandlerOptions) *Handler {
	if o.Providers == nil || o.Sessions == nil || o.PreLogins == nil || o.Identities == nil || o.Users == nil ||
		o.Allow == nil || o.Record == nil || o.SignInPage == nil || o.SignedOutPage == nil || o.Logger == nil || o.Now == nil {
		panic("auth: incomplete HandlerOptions")
	}
	return &Handler{o: o}
}

// SignIn handles GET /signin?return=...&fresh=1: the page with a link to each provider. With fresh, only the provider
// that the person came from is offered, as another one would be another person.
func (h *Handler) SignIn(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	sess, signedIn := FromContext(r.Context())
	page := SignInPage{Fresh: signedIn && q.Get("fresh") == "1"}
	if local, ok := LocalPath(q.Get("return")); ok {
		page.Return = local
	}
	page.ByEmail = !page.Fresh && h.o.Providers.chosenByEmail()
	for _, p := range h.o.Providers.list {
		if page.Fresh && p.ID != sess.Provider {
			continue
		}
		page.Links = append(page.Links, SignInLink{ID: p.ID, Name: p.Name, URL: StartURL(p.ID, q.Get("return"), page.Fresh)})
	}
	if len(page.Links) == 0 {
		return fault.New(fault.Conflict, "The sign-in service that you used is not configured any more. Please sign out and sign in again.")
	}
	w.Header().Set("Cache-Control", "no-store")
	return h.o.SignInPage(w, r, page)
}

// chosenByEmail says whether an address helps to choose: there are several providers and some name domains.
func (ps *Providers) chosenByEmail() bool {
	return len(ps.list) > 1 && slices.ContainsFunc(ps.list, func(p *provider) bool { return len(p.AllowedDomains) > 0 })
}

// SignInByEmail handles POST /signin with an address: the page with links to just the providers for its domain. The
// address goes no further.
func (h *Handler) SignInByEmail(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Invalid, "The form could not be read. Please open the sign-in page again.")
	}
	page := SignInPage{ByEmail: true, Email: strings.TrimSpace(r.PostForm.Get("email"))}
	if local, ok := LocalPath(r.PostForm.Get("return")); ok {
		page.Return = local
	}
	found := h.o.Providers.byEmail(page.Email)
	if !strings.Contains(page.Email, "@") {
		found = nil
	}
	if page.Unknown = len(found) == 0; page.Unknown {
		found = h.o.Providers.list
	}
	for _, p := range found {
		page.Links = append(page.Links, SignInLink{ID: p.ID, Name: p.Name, URL: StartURL(p.ID, page.Return, false)})
	}
	w.Header().Set("Cache-Control", "no-store")
	return h.o.SignInPage(w, r, page)
}

// StartURL is the local address that starts a sign-in at a provider. A return path that is not local is left out.
func StartURL(provider, returnTo string, fresh bool) string {
	q := url.Values{}
	if local, ok := LocalPath(returnTo); ok && local != "/" {
		q.Set("return", local)
	}
	if fresh {
		q.Set("fresh", "1")
	}
	address := "/signin/" + url.PathEscape(provider)
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return address
}

// Start handles GET /signin/{provider}?return=...&fresh=1: it remembers the sign-in and redirects to the provider.
func (h *Handler) Start(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet || isPrefetch(r) {
		// Only a person who follows the link may start a sign-in; 403 keeps browsers from using what they prefetched.
		w.WriteHeader(http.StatusForbidden)
		return nil
	}
	p := h.o.Providers.byID(r.PathValue("provider"))
	if p == nil {
		return fault.New(fault.NotFound, "There is no such sign-in service.")
	}
	browser, ok := secretCookie(r, h.preLoginCookie())
	if !ok {
		browser = newSecret()
	}
	state, now := newSecret(), h.o.Now().UTC()
	login := PreLogin{
		State:     HashOf(state),
		Browser:   HashOf(browser),
		Provider:  p.ID,
		Nonce:     newSecret(),
		Verifier:  oauth2.GenerateVerifier(),
		Return:    returnPath(r.URL.Query().Get("return")),
		Fresh:     r.URL.Query().Get("fresh") == "1",
		CreatedAt: now,
		ExpiresAt: now.Add(preLoginLives),
	}
	address, err := p.authURL(r.Context(), state, login)
	if err != nil {
		return fmt.Errorf("start sign-in at %s: %w", p.ID, err)
	}
	if err := h.o.PreLogins.CreatePreLogin(r.Context(), login); err != nil {
		return fmt.Errorf("start sign-in at %s: %w", p.ID, err)
	}
	options := h.o.Sessions.options()
	options.MaxAge = int(preLoginLives / time.Second)
	http.SetCookie(w, sessions.NewCookie(h.preLoginCookie(), browser, options))
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

func isPrefetch(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose"), "prefetch") || strings.Contains(r.Header.Get("Purpose"), "prefetch")
}

// returnPath is where to go after sign-in; never back to a page of the sign-in itself.
func returnPath(asked string) string {
	local, ok := LocalPath(asked)
	if !ok {
		return "/"
	}
	for _, own := range []string{"/signin", "/callback", signOutPath, signedOutPath} {
		if path, _, _ := strings.Cut(local, "?"); path == own || strings.HasPrefix(path, own+"/") {
			return "/"
		}
	}
	return local
}

func (h *Handler) preLoginCookie() string {
	return cookieName("portal-signin", h.o.Sessions.o.Insecure)
}

// Callback handles GET /callback: it checks what the provider sent, gives the browser a session and redirects to
// where the person wanted to go.
func (h *Handler) Callback(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet || isPrefetch(r) {
		w.WriteHeader(http.StatusForbidden) // a code and a state work once: not for a look ahead
		return nil
	}
	answer, err := readAnswer(r)
	if err != nil {
		return err
	}
	login, err := h.takeLogin(r, answer.state)
	if err != nil {
		return err
	}
	p := h.o.Providers.byID(login.Provider)
	if p == nil {
		return fault.New(fault.Conflict, "The sign-in service that you used is not configured any more. Please start again.")
	}
	if err := p.checkIssuerParameter(r.Context(), answer.iss); err != nil {
		return fmt.Errorf("sign in at %s: %w", p.ID, err)
	}
	if answer.failure != "" {
		return fmt.Errorf("sign in at %s: %w", p.ID, providerSaid(answer.failure))
	}
	person, kept, err := p.finish(r.Context(), answer.code, login)
	if err != nil {
		return fmt.Errorf("sign in at %s: %w", p.ID, err)
	}
	if err := h.letIn(w, r, p, login, person, kept); err != nil {
		return fmt.Errorf("sign in at %s: %w", p.ID, err)
	}
	// The pre-login cookie stays until it runs out: a second tab may be at the provider still, and each state works once.
	http.Redirect(w, r, login.Return, http.StatusSeeOther)
	return nil
}

// answer is what the provider put into the address of the callback.
type answer struct {
	state, code, failure string
	iss                  []string
}

func readAnswer(r *http.Request) (answer, error) {
	odd := fault.New(fault.Invalid, "The address of this page is not complete, so you are not signed in. Please start again.")
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return answer{}, odd
	}
	for _, name := range []string{"state", "code", "error", "iss"} {
		// A parameter that comes twice may mean one thing to us and another to somebody in between.
		if len(q[name]) > 1 || len(q.Get(name)) > maxParameter {
			return answer{}, odd
		}
	}
	a := answer{state: q.Get("state"), code: q.Get("code"), failure: q.Get("error"), iss: q["iss"]}
	if a.state == "" || (a.code == "") == (a.failure == "") {
		return answer{}, odd
	}
	return a, nil
}

// takeLogin uses up the sign-in that the state belongs to, and admits it only for the browser that started it.
func (h *Handler) takeLogin(r *http.Request, state string) (PreLogin, error) {
	late := fault.New(fault.Conflict, "This sign-in was used already or took longer than ten minutes. Please start again.")
	login, err := h.o.PreLogins.TakePreLogin(r.Context(), HashOf(state))
	if errors.Is(err, fault.NotFound) {
		return PreLogin{}, late
	}
	if err != nil {
		return PreLogin{}, fmt.Errorf("look up sign-in: %w", err)
	}
	browser, ok := secretCookie(r, h.preLoginCookie())
	if !ok || subtle.ConstantTimeCompare([]byte(HashOf(browser)), []byte(login.Browser)) != 1 {
		return PreLogin{}, fault.New(fault.Forbidden, "This sign-in was started in another browser, or this browser keeps no cookies. Please start again here.")
	}
	if !h.o.Now().Before(login.ExpiresAt) {
		return PreLogin{}, late
	}
	return login, nil
}

// providerSaid turns the error parameter of the callback into a sentence.
func providerSaid(code string) error {
	cause := errors.New("the provider answered " + safeCode(code))
	switch code {
	case "access_denied":
		return fault.Wrap(cause, fault.Forbidden, "The sign-in was cancelled, or the sign-in service does not let you in. You are not signed in.")
	case "server_error", "temporarily_unavailable":
		return fault.Wrap(cause, fault.Unavailable, sayDown)
	default:
		return fault.Wrap(cause, fault.Forbidden, "The sign-in service refused the sign-in. Please start again; if it happens again, tell the operator of the portal.")
	}
}

// letIn links the person to a Gtmhub user, asks Allow, and gives the browser its session.
func (h *Handler) letIn(w http.ResponseWriter, r *http.Request, p *provider, login PreLogin, person Person, kept tokens) error {
	ctx := r.Context()
	if err := sameAsBefore(ctx, login, person); err != nil {
		return h.refuse(ctx, person, "", err)
	}
	user, err := h.link(ctx, p, person)
	if err != nil {
		return h.refuse(ctx, person, "", err)
	}
	if err := h.o.Allow(person, user); err != nil {
		return h.refuse(ctx, person, user, err)
	}
	sess := Session{
		Provider: p.ID, Issuer: person.Issuer, Subject: person.Subject,
		Email: person.Email, EmailVerified: person.EmailVerified, Name: person.Name, Groups: person.Groups,
		User: user, AuthTime: person.AuthTime, SessionID: person.SessionID,
	}
	if login.Fresh && sess.AuthTime.IsZero() {
		sess.AuthTime = person.IssuedAt // checked: the fallback of this provider
	}
	if err := h.o.Record(ctx, Event{Kind: SignedIn, Person: person, User: user}); err != nil {
		return fmt.Errorf("record sign-in: %w", err)
	}
	if err := h.o.Sessions.begin(w, r, sess, kept); err != nil {
		return err
	}
	h.o.Logger.InfoContext(ctx, "signed in", "provider", p.ID, "actor_id", string(user), "fresh", login.Fresh)
	return nil
}

// sameAsBefore refuses a fresh sign-in that came back as somebody else: the form that waits for it was filled in by
// the person who is signed in.
func sameAsBefore(ctx context.Context, login PreLogin, person Person) error {
	sess, ok := FromContext(ctx)
	if !login.Fresh || !ok || sess.Issuer == person.Issuer && sess.Subject == person.Subject {
		return nil
	}
	return fault.New(fault.Forbidden, "You signed in again as somebody else. To act as that person, sign out first.")
}

// refuse records that a verified person was not let in, and returns why.
func (h *Handler) refuse(ctx context.Context, person Person, user id.User, why error) error {
	if kind := fault.KindOf(why); kind != fault.Forbidden && kind != fault.Conflict {
		return why // a failure of ours, not a refusal
	}
	if err := h.o.Record(ctx, Event{Kind: Refused, Person: person, User: user, Reason: fault.Message(why)}); err != nil {
		return errors.Join(why, fmt.Errorf("record refusal: %w", err))
	}
	return why
}

// link returns the Gtmhub user of a person, or "" if there is none. The link is made at the first sign-in whose
// verified address belongs to exactly one user, and never derived again.
func (h *Handler) link(ctx context.Context, p *provider, person Person) (id.User, error) {
	known, err := h.o.Identities.IdentityOf(ctx, person.Issuer, person.Subject)
	if err == nil {
		return known.User, nil
	}
	if !errors.Is(err, fault.NotFound) {
		return "", fmt.Errorf("look up identity: %w", err)
	}
	if !p.mayLink(person) {
		return "", nil
	}
	users := h.o.Users.UserByEmail(person.Email)
	if len(users) != 1 {
		return "", nil // none, or an account with a double: nobody can say who it is
	}
	identity := Identity{
		Issuer: person.Issuer, Subject: person.Subject, User: users[0],
		Email: FoldEmail(person.Email), LinkedAt: h.o.Now().UTC(),
	}
	err = h.o.Identities.LinkIdentity(ctx, identity)
	if errors.Is(err, fault.Conflict) {
		// Two callbacks of one person may race: the loser finds its own link.
		if again, errAgain := h.o.Identities.IdentityOf(ctx, person.Issuer, person.Subject); errAgain == nil {
			return again.User, nil
		}
		return "", fault.Wrap(err, fault.Forbidden,
			"Your address belongs to a Gtmhub user that another sign-in is linked to already, so you are not signed in. Please ask the operator of the portal.")
	}
	if err != nil {
		return "", fmt.Errorf("link identity: %w", err)
	}
	if err := h.o.Record(ctx, Event{Kind: Linked, Person: person, User: users[0]}); err != nil {
		return "", fmt.Errorf("record link: %w", err)
	}
	return users[0], nil
}

// SignOut handles POST /signout: it deletes the session and answers with a page, or for htmx with a redirect to the
// sign-in page. It works for people who are not signed in any more, too. The caller has checked the origin.
func (h *Handler) SignOut(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return nil
	}
	page := SignedOutPage{}
	sess, signedIn := FromContext(r.Context())
	if err := h.o.Sessions.end(w, r); err != nil {
		return err
	}
	if signedIn {
		if p := h.o.Providers.byID(sess.Provider); p != nil {
			page.Provider, page.ProviderURL = p.Name, h.providerSignOut(w, r, p, sess)
		}
		person := Person{Issuer: sess.Issuer, Subject: sess.Subject, Email: sess.Email, EmailVerified: sess.EmailVerified, Name: sess.Name}
		if err := h.o.Record(r.Context(), Event{Kind: SignedOut, Person: person, User: sess.User}); err != nil {
			return fmt.Errorf("record sign-out: %w", err)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	// Not "cookies": that would clear the cookies of every host of the company's domain
	// (https://www.w3.org/TR/clear-site-data/#clear-cookies). Our own is taken back above.
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", "/signin")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return h.o.SignedOutPage(w, r, page)
}

// EndPersonOf ends all sessions of the person whose session is given, and records why: they have been deactivated.
func (h *Handler) EndPersonOf(ctx context.Context, sess *Session, why string) error {
	n, err := h.o.Sessions.EndPerson(ctx, sess.Issuer, sess.Subject)
	if err != nil || n == 0 {
		return err
	}
	return h.recordEnd(ctx, *sess, why)
}

// EndUsers ends the sessions of the linked Gtmhub users for whom over is true, and records why.
func (h *Handler) EndUsers(ctx context.Context, over func(id.User) bool, why string) error {
	users, err := h.o.Sessions.o.Rows.SignedInUsers(ctx)
	if err != nil {
		return fmt.Errorf("list signed-in users: %w", err)
	}
	for _, u := range users {
		if !over(u) {
			continue
		}
		ended, err := h.o.Sessions.o.Rows.DeleteSessionsOfUser(ctx, u)
		if err != nil {
			return fmt.Errorf("end sessions of a user: %w", err)
		}
		for i := range ended[:min(1, len(ended))] {
			if err := h.recordEnd(ctx, ended[i], why); err != nil {
				return err
			}
		}
	}
	return nil
}

// ClientKeys handles GET /client-keys.json: the public keys with which the portal proves itself to providers.
func (h *Handler) ClientKeys(w http.ResponseWriter, _ *http.Request) error {
	set, err := h.o.Providers.ClientKeys()
	if err != nil {
		return fmt.Errorf("client keys: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(set)
	return err
}
