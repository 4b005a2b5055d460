package check

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
)

// need says what the portal is without an operation.
type need int

const (
	needed  need = iota // it does not work
	useful              // it works with the loss that probe.without names
	retired             // it works: the vendor switched the feature off for most accounts
)

// probe is one read-only operation to try.
type probe struct {
	operation int // number in docs/gtmhub-operations.md; 41 is the list of roles
	path      string
	need      need
	without   string
	// call makes the call and returns what it found, or errNothing when the account has no record to try it with.
	call func(context.Context, *run) (found string, err error)
}

var errNothing = errors.New("nothing to try it with")

// probes are in the order in which they are tried: later ones use what earlier ones found.
var probes = []probe{
	{operation: 20, path: "GET /teams (v2)", need: needed, call: func(ctx context.Context, r *run) (string, error) {
		page, err := r.client.Teams.List(ctx, gtmhub.TeamListOptions{Limit: 1})
		if err != nil {
			return "", err
		}
		r.teams = page.Items
		return count(page.TotalCount, len(page.Items), "teams"), nil
	}},
	{operation: 4, path: "GET /users/{userId} (v1)", need: needed, call: func(ctx context.Context, r *run) (string, error) {
		if len(r.users) == 0 {
			return "", errNothing
		}
		_, err := r.client.Users.Get(ctx, r.users[0].ID)
		return "one user", err
	}},
	{operation: 21, path: "GET /teams/{teamId} (v1)", need: needed, call: func(ctx context.Context, r *run) (string, error) {
		if len(r.teams) == 0 {
			return "", errNothing
		}
		_, err := r.client.Teams.Get(ctx, r.teams[0].ID)
		return "one team", err
	}},
	{operation: 41, path: "GET /roles (v2)", need: useful, without: "roles are gathered from the users, and those that nobody holds are missing", call: func(ctx context.Context, r *run) (string, error) {
		roles, err := r.client.Roles.List(ctx)
		r.roles = roles
		if err == nil { // it may have fallen back to operation 1
			err = r.calls[41].Err
		}
		return count(0, len(roles), "roles"), err
	}},
	{operation: 1, path: "GET /accounts/users (v1)", need: useful, without: "there is no second way to find the roles", call: func(ctx context.Context, r *run) (string, error) {
		page, err := r.client.Users.ListV1(ctx, gtmhub.ListV1Options{Take: 1}) //nolint:staticcheck // deprecated, but the only source of team roles
		if err != nil {
			return "", err
		}
		return count(page.TotalCount, len(page.Items), "users"), nil
	}},
	{operation: 5, path: "GET /users/{userId}/managers (v1)", need: useful, without: "managers are taken from the teams alone", call: func(ctx context.Context, r *run) (string, error) {
		if len(r.users) == 0 {
			return "", errNothing
		}
		managers, err := r.client.Users.Managers(ctx, r.users[0].ID)
		return count(0, len(managers), "managers of one user"), err
	}},
	{operation: 34, path: "GET /metrics/owner/{ownerId} (v1)", need: useful, without: "what a leaver owns cannot be listed", call: func(ctx context.Context, r *run) (string, error) {
		if len(r.users) == 0 {
			return "", errNothing
		}
		page, err := r.client.KeyResults.ListByOwner(ctx, r.users[0].ID, gtmhub.PlainText) //nolint:staticcheck // deprecated without a successor
		if err != nil {
			return "", err
		}
		return count(page.TotalCount, len(page.Items), "key results of one user"), nil
	}},
	{operation: 32, path: "GET /announcements (v1)", need: retired, call: func(ctx context.Context, r *run) (string, error) {
		page, err := r.client.Announcements.List(ctx, gtmhub.AnnouncementListOptions{}) //nolint:staticcheck // looking whether it is still there
		if err != nil {
			return "", err
		}
		r.announcements = page.Items
		return count(page.TotalCount, len(page.Items), "announcements"), nil
	}},
	{operation: 33, path: "GET /announcements/{id} (v1)", need: retired, call: func(ctx context.Context, r *run) (string, error) {
		if len(r.announcements) == 0 {
			return "", errNothing
		}
		_, err := r.client.Announcements.Get(ctx, r.announcements[0].ID, gtmhub.PlainText) //nolint:staticcheck // looking whether it is still there
		return "one announcement", err
	}},
}

// count prefers the number of all matches, where the API said it.
func count(total, items int, what string) string {
	return fmt.Sprintf("%d %s", max(total, items), what)
}

// gtmhub looks at the account. The first call decides whether anything else can be asked.
func (r *run) gtmhub(ctx context.Context) {
	o := r.Gtmhub
	o.MaxTries = 1 // a flaky account is to be seen as one
	r.calls = map[int]gtmhub.Call{}
	o.Observer = func(c gtmhub.Call) { r.calls[c.Operation] = c } // the check makes one call at a time
	var err error
	if r.client, err = gtmhub.New(o); err != nil {
		r.fail("base address", "The settings of Gtmhub cannot be used: "+err.Error()+".", hintBase)
		return
	}
	claims := r.tokenForm()
	page, err := r.client.Users.List(ctx, gtmhub.UserListOptions{})
	if first := r.calls[2]; first.Status != 0 {
		r.clock("clock (Gtmhub)", "Gtmhub", first.Date)
	}
	if err != nil {
		name, text, hint := explain(err)
		r.fail(name, text, hint)
		return
	}
	r.connected, r.users = true, page.Items
	r.ok("base address", "The API answers at "+r.Config.Gtmhub.URL+".")
	r.ok("token", "The token is accepted for the account "+r.Config.Gtmhub.Account+".")
	r.answered(probe{operation: 2, path: "GET /users (v2)"}, count(page.TotalCount, len(page.Items), "users"))
	for _, p := range probes {
		r.try(ctx, p)
	}
	r.ok("operation 3", "GET /users/password/{clientId}/policy (v1) was not tried: it needs a person's own token.")
	r.fields(ctx)
	r.pending()
	r.adminRoles()
	r.actsAs(ctx, claims)
}

func (r *run) answered(p probe, found string) {
	r.ok(fmt.Sprintf("operation %d", p.operation), fmt.Sprintf("%s answers in %s: %s.", p.path, r.calls[p.operation].Duration.Round(time.Millisecond), found))
}

func (r *run) try(ctx context.Context, p probe) {
	name := fmt.Sprintf("operation %d", p.operation)
	found, err := p.call(ctx, r)
	e, _ := errors.AsType[*gtmhub.APIError](err)
	switch {
	case err == nil:
		r.answered(p, found)
	case errors.Is(err, errNothing):
		r.ok(name, p.path+" was not tried: the account has no record to try it with.")
	case p.need == retired && e != nil && slices.Contains([]int{402, 403, 404, 410}, e.Status):
		r.ok(name, fmt.Sprintf("%s is switched off for this account (status %d); the portal hides it.", p.path, e.Status))
	default:
		_, text, hint := explain(err)
		state := Warn
		if p.need == needed {
			state = Fail
		}
		if p.without != "" {
			text += " So " + p.without + "."
		}
		r.emit(Line{name, state, p.path + ": " + text, hint})
	}
}

// fields looks whether lists can be cut to some fields. The list without the parameter is not tried: the documents
// call it mandatory, so the portal always sends it (docs/gtmhub-readings.md U8).
func (r *run) fields(ctx context.Context) {
	const name = "fields of users"
	if len(r.users) == 0 {
		return
	}
	page, err := r.client.Users.List(ctx, gtmhub.UserListOptions{Fields: []gtmhub.UserField{gtmhub.UserID}, Limit: 1})
	switch {
	case err != nil:
		_, text, hint := explain(err)
		r.warn(name, "A list with one field: "+text, hint)
	case len(page.Items) > 0 && len(keys(page.Items[0].Raw)) > 1:
		r.warn(name, "Gtmhub ignores which fields are asked for, so answers are larger than they need be.", "Raise PORTAL_USERS_REFRESH if reading all users takes long.")
	default:
		r.ok(name, "Lists are cut to the fields that the portal asks for. It always sends them, so it does not matter whether they are mandatory.")
	}
}

func keys(raw json.RawMessage) map[string]json.RawMessage {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(raw, &object) // the client has decoded it as an object already
	return object
}

// pending looks whether the fields by which pending users are known are answered (docs/gtmhub-readings.md U24). A field that is
// left out where it is empty shows up in some other user.
func (r *run) pending() {
	const name = "pending users"
	if len(r.users) == 0 {
		return
	}
	seen, waiting := map[string]bool{}, 0
	for _, u := range r.users {
		for key := range keys(u.Raw) {
			seen[key] = true
		}
		if u.Pending() {
			waiting++
		}
	}
	var missing []string
	for _, f := range []gtmhub.UserField{gtmhub.UserDateInvited, gtmhub.UserIdentities, gtmhub.UserClientID} {
		if !seen[string(f)] {
			missing = append(missing, string(f))
		}
	}
	if len(missing) > 0 {
		r.warn(name, fmt.Sprintf("None of the first %d users shows %s, so users who never signed in may be shown wrongly as active or pending.", len(r.users), strings.Join(missing, ", ")),
			"Compare one invited and one active user on the portal's pages with Gtmhub before you rely on the word pending.")
		return
	}
	r.ok(name, fmt.Sprintf("Pending users can be told apart: %d of the first %d users.", waiting, len(r.users)))
}

// adminRoles looks whether the roles that policy guards exist: a name that fits none guards nothing.
func (r *run) adminRoles() {
	const name = "administrator roles"
	if len(r.roles) == 0 {
		r.warn(name, "The roles of the account are not known, so PORTAL_ADMIN_ROLES cannot be compared with them.", "")
		return
	}
	var names, found []string
	for _, role := range r.roles {
		names = append(names, role.Name)
		if r.isAdmin(role.Name) {
			found = append(found, role.Name)
		}
	}
	if len(found) == 0 {
		r.fail(name, fmt.Sprintf("No role of the account has a name of PORTAL_ADMIN_ROLES. Its roles are %q.", names),
			"Set PORTAL_ADMIN_ROLES to the roles that manage the whole account; until then anybody in HR could give them.")
		return
	}
	r.ok(name, fmt.Sprintf("Only people who hold it give %q (PORTAL_ADMIN_ROLES), and a second person has to agree.", found))
}

func (r *run) isAdmin(role string) bool {
	return slices.ContainsFunc(r.Config.Rights.AdminRoles, func(name string) bool { return strings.EqualFold(name, role) })
}

// wanted are the permissions that the portal's writes need, by the vendor's names; which operation needs which is
// assumed.
var wanted = []string{"AccessPeople", "ManageUsers", "ManageUserInvitations", "ManagePeople"}

// actsAs says whose token it is and what that user may do. The token names its user by the id at the identity provider.
func (r *run) actsAs(ctx context.Context, c claims) {
	const name = "rights of the token"
	if c.Subject == "" {
		r.warn(name, "The token does not say whose it is, so its rights cannot be looked up.", "Make sure that its user is an administrator of the account.")
		return
	}
	page, err := r.client.Users.List(ctx, gtmhub.UserListOptions{Filter: gtmhub.Eq(gtmhub.UserClientID, c.Subject), Limit: 1})
	if err != nil {
		_, text, hint := explain(err)
		r.warn(name, "The token's user cannot be looked up: "+text, hint)
		return
	}
	i := slices.IndexFunc(page.Items, func(u gtmhub.User) bool { return u.ClientID == c.Subject }) // the filter may be ignored
	if i < 0 {
		r.warn(name, "The token's user was not found in the account, so its rights cannot be looked up.", hintRights)
		return
	}
	user := page.Items[i]
	var own struct {
		Permissions []string `json:"permissions"`
	}
	if whole, err := r.client.Users.Get(ctx, user.ID); err == nil {
		_ = json.Unmarshal(whole.Raw, &own) // an odd form tells nothing, like none
	}
	may, roles := own.Permissions, []string{}
	for _, held := range user.Roles {
		if held.Team == nil { // the names of team roles say nothing about rights over the account
			roles = append(roles, held.Name)
		}
		for _, role := range r.roles {
			if role.ID == held.ID {
				may = append(may, role.Permissions...)
			}
		}
	}
	who := fmt.Sprintf("The token acts as %q with the roles %q", cmp.Or(user.Name, string(user.ID)), roles)
	missing := slices.DeleteFunc(slices.Clone(wanted), func(p string) bool { return slices.Contains(may, p) })
	switch {
	case !user.IsActive:
		r.warn(name, who+", but that user is not active.", hintRights)
	case len(missing) == 0 || slices.ContainsFunc(roles, r.isAdmin):
		r.ok(name, who+": it may manage users, invitations and teams.")
	case len(may) == 0:
		r.warn(name, who+"; Gtmhub does not tell what they allow.", "Make sure that this user may manage users, invitations and teams.")
	default:
		r.warn(name, fmt.Sprintf("%s, which lack %s.", who, strings.Join(missing, ", ")), hintRights)
	}
}
