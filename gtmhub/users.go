package gtmhub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// UsersService reads and changes users. Creating them is [InvitationsService], their roles are [UserRolesService].
type UsersService service

// User is a person's account. Fields that a list did not ask for are zero.
type User struct {
	ID        ID     `json:"id"`
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Name      string `json:"name"`
	Language  string `json:"language"`
	// ClientID is the person's id at the identity provider, such as auth0|…; empty before the first sign-in.
	ClientID string `json:"clientId"`
	// SubscriptionType is regular or unchargeable.
	SubscriptionType string `json:"subscriptionType"`
	// IsActive is false for a deactivated user, and when the answer does not say.
	IsActive bool `json:"isActive"`
	// IsSSOBased users have no password at Gtmhub: a password mail does nothing for them.
	IsSSOBased bool `json:"isSSOBased"`
	// DateCreated and DateInvited are UTC and zero when not set.
	DateCreated time.Time  `json:"dateCreated"`
	DateInvited time.Time  `json:"dateInvited"`
	InvitedBy   ID         `json:"invitedBy"`
	Identities  []Identity `json:"identities"`
	Roles       []UserRole `json:"roles"`
	// TeamIDs lists teams as the user's record has them; where it differs, Team.Members is right.
	TeamIDs []ID `json:"teamIds"`
	// UserSettings is kept as it came.
	UserSettings json.RawMessage `json:"userSettings"`
	// Raw is the whole record as it came, with fields that this package does not know.
	Raw json.RawMessage `json:"-"`
}

// Identity is one way in which a person has signed in.
type Identity struct {
	ClientID   string `json:"clientId"`
	Connection string `json:"connection"`
	IsSocial   bool   `json:"isSocial"`
	Name       string `json:"name"`
	Provider   string `json:"provider"`
}

// UserRole is a role that a user holds. Team is set on a team role, which comes with a team and is not assigned by hand.
type UserRole struct {
	ID          ID        `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Team        *RoleTeam `json:"team"`
}

// UnmarshalJSON reads a role, or its bare id.
func (r *UserRole) UnmarshalJSON(data []byte) error {
	type plain UserRole
	*r = UserRole{}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		return json.Unmarshal(data, &r.ID)
	}
	return json.Unmarshal(data, (*plain)(r))
}

// RoleTeam is the team that a team role comes from.
type RoleTeam struct {
	ID       ID     `json:"id"`
	Name     string `json:"name"`
	ParentID ID     `json:"parentId"`
	Manager  ID     `json:"manager"`
}

// UnmarshalJSON reads a team, or its bare id.
func (t *RoleTeam) UnmarshalJSON(data []byte) error {
	type plain RoleTeam
	*t = RoleTeam{}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		return json.Unmarshal(data, &t.ID)
	}
	return json.Unmarshal(data, (*plain)(t))
}

// UnmarshalJSON reads a user tolerantly and keeps Raw. A user without a usable id is an error.
func (u *User) UnmarshalJSON(data []byte) error {
	type plain User
	*u = User{}
	w := struct {
		*plain
		DateCreated date           `json:"dateCreated"`
		DateInvited date           `json:"dateInvited"`
		IsActive    flag           `json:"isActive"`
		Identities  list[Identity] `json:"identities"`
		Roles       list[UserRole] `json:"roles"`
		TeamIDs     idList         `json:"teamIds"`
	}{plain: (*plain)(u)}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	u.DateCreated, u.DateInvited = time.Time(w.DateCreated), time.Time(w.DateInvited)
	u.IsActive, u.Identities, u.Roles, u.TeamIDs = bool(w.IsActive), w.Identities, w.Roles, w.TeamIDs
	for i, r := range u.Roles {
		if r.Team != nil && *r.Team == (RoleTeam{}) { // {} stands for nothing
			u.Roles[i].Team = nil
		}
	}
	u.Raw = bytes.Clone(data)
	return recordID("user", u.ID)
}

// MarshalJSON writes the user over Raw, so that unknown fields survive.
func (u User) MarshalJSON() ([]byte, error) {
	fields := map[string]any{
		"id": u.ID, "email": u.Email, "firstName": u.FirstName, "lastName": u.LastName, "name": u.Name,
		"language": u.Language, "clientId": u.ClientID, "subscriptionType": u.SubscriptionType, "isActive": u.IsActive,
		"isSSOBased": u.IsSSOBased, "dateCreated": u.DateCreated, "dateInvited": u.DateInvited, "invitedBy": u.InvitedBy,
		"identities": envelope(u.Identities), "roles": orEmpty(u.Roles), "teamIds": orEmpty(u.TeamIDs),
	}
	if len(u.UserSettings) > 0 {
		fields["userSettings"] = u.UserSettings
	}
	return overlay(u.Raw, fields)
}

func envelope[T any](items []T) map[string]any {
	return map[string]any{"items": orEmpty(items), "totalCount": len(items)}
}

func orEmpty[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// Pending says whether the user was invited and, as far as the API shows, never signed in. No field says so directly
// (docs/gtmhub-readings.md U24). Pending outranks active and inactive. It needs the fields dateInvited, identities and clientId.
func (u User) Pending() bool {
	return !u.DateInvited.IsZero() && len(u.Identities) == 0 && u.ClientID == ""
}

// Formatting says how mentions in long texts come back.
type Formatting string

// Formattings. The zero value leaves it to the API, which answers markup.
const (
	MentionsMarkup Formatting = "mentionsMarkup"
	PlainText      Formatting = "plainText"
)

func (f Formatting) addTo(q url.Values) error {
	switch f {
	case "":
	case MentionsMarkup, PlainText:
		q.Set("formatting", string(f))
	default:
		return errors.New("unknown formatting")
	}
	return nil
}

// UserListOptions choose users. The zero value means: all users, oldest first, all fields but the settings, first page.
type UserListOptions struct {
	Filter Filter[UserField]
	Sort   []Order[UserField]
	// Fields to ask for; none means all but UserSettings. The id is always asked for.
	Fields []UserField
	// Skip is how many matches to leave out. Limit is the page size: 1, 10, 20, 25, 50 or 100; 0 means 100.
	Skip, Limit int
	Formatting  Formatting
}

func (o UserListOptions) query() (url.Values, error) {
	fields := o.Fields
	if len(fields) == 0 {
		fields = userFields
	}
	q, err := listQuery(o.Filter, o.Sort, fields, o.Skip, o.Limit, o.Formatting)
	if err == nil {
		q.Set("take", q.Get("limit")) // both are documented for users; equal values leave no doubt
	}
	return q, err
}

// listQuery builds the query of a v2 list. Without fields the parameter is left out.
func listQuery[F Field](filter Filter[F], sort []Order[F], fields []F, skip, limit int, formatting Formatting) (url.Values, error) {
	q := url.Values{}
	size, err := pageBounds(skip, limit)
	if err != nil {
		return nil, err
	}
	q.Set("skip", strconv.Itoa(skip))
	q.Set("limit", strconv.Itoa(size))
	text, err := filter.encode()
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	if text != "" {
		q.Set("filter", text)
	}
	if text, err = sortText(sort); err != nil {
		return nil, err
	}
	q.Set("sort", text)
	if len(fields) > 0 {
		if text, err = fieldsText(fields); err != nil {
			return nil, err
		}
		q.Set("fields", text)
	}
	return q, formatting.addTo(q)
}

// List answers one page of users.
//
// Permission: reading people (AccessPeople, assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired,
// ErrForbidden, ErrUnavailable. Source: users endpoints document, "Loads all users for a specific account".
//
//gtmhub:operation GET /users v2 #2
func (s *UsersService) List(ctx context.Context, o UserListOptions) (*Page[User], error) {
	q, err := o.query()
	if err != nil {
		return nil, opUsersList.refused(ErrInvalid, err)
	}
	return getPage[User](ctx, s.client, request{op: opUsersList, query: q})
}

func getPage[T any](ctx context.Context, c *Client, r request) (page *Page[T], err error) {
	err = c.do(ctx, r, func(body []byte) (err error) {
		page, err = decodePage[T](body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// All walks all users that match, page by page, each once. It ends at the first error, which is the last pair.
func (s *UsersService) All(ctx context.Context, o UserListOptions) iter.Seq2[User, error] {
	return pages(ctx, opUsersList, o.Skip, func(u User) ID { return u.ID }, func(ctx context.Context, skip int) (*Page[User], error) {
		o.Skip = skip
		return s.List(ctx, o)
	})
}

// ListV1Options choose users of operation 1.
type ListV1Options struct {
	Filter LuceneFilter
	// Skip is how many matches to leave out. Take is the page size, as UserListOptions.Limit.
	Skip, Take int
	// IncludeTeamRoles adds roles that come with a team ("shadowed" roles) to User.Roles.
	IncludeTeamRoles bool
}

// ListV1 answers one page of users with their whole records. Users.List tells team roles only where this call is asked to.
//
// Permission: reading people (AccessPeople, assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired,
// ErrForbidden, ErrUnavailable. Source: users and deprecated endpoints documents, "Gets all users in the specified account".
//
// Deprecated: use [UsersService.List]. It stays for team roles and as the way to find roles when their list is refused.
//
//gtmhub:operation GET /accounts/users v1 #1
func (s *UsersService) ListV1(ctx context.Context, o ListV1Options) (*Page[User], error) {
	size, err := pageBounds(o.Skip, o.Take)
	if err = errors.Join(err, o.Filter.err); err != nil {
		return nil, opUsersListV1.refused(ErrInvalid, err)
	}
	q := url.Values{"skip": {strconv.Itoa(o.Skip)}, "take": {strconv.Itoa(size)}}
	if o.Filter.text != "" {
		q.Set("filter", o.Filter.text)
	}
	if o.IncludeTeamRoles {
		q.Set("includeShadowedRoles", "true")
	}
	return getPage[User](ctx, s.client, request{op: opUsersListV1, query: q})
}

// Get answers one user with the whole record.
//
// Permission: reading people (AccessPeople, assumed). Errors: ErrInvalid, ErrForbidden, ErrNotFound, ErrUnavailable;
// ErrBadAnswer also for a record with another id. Source: users endpoints document, "Gets a single user by provided user ID".
//
//gtmhub:operation GET /users/{userId} v1 #4
func (s *UsersService) Get(ctx context.Context, id ID) (*User, error) {
	var u User
	err := s.client.do(ctx, request{op: opUsersGet, values: []string{string(id)}}, func(body []byte) error {
		if err := decodeJSON(body, &u); err != nil {
			return err
		}
		return sameID(u.ID, id)
	})
	if err != nil {
		return nil, err
	}
	return &u, nil
}

// sameID refuses the record of somebody else.
func sameID(got, want ID) error {
	if got != want {
		return errors.New("answer is about another record")
	}
	return nil
}

// FindByEmail answers the users with this e-mail, without regard to letter case, in one call: normally none or one. When
// the API refuses or ignores the filter, all users are read instead. An error never means "absent".
//
// It calls [UsersService.List].
func (s *UsersService) FindByEmail(ctx context.Context, email string) ([]User, error) {
	email = strings.TrimSpace(email)
	if email == "" {
		return nil, opUsersList.refused(ErrInvalid, errors.New("empty e-mail"))
	}
	variants := slices.Compact([]string{email, strings.ToLower(email)})
	// Equality is what the documents show for certain; the pattern finds addresses stored in another letter case.
	filter := Or(In(UserEmail, variants...), EqualFold(UserEmail, email))
	return s.find(ctx, filter, func(u User) bool { return strings.EqualFold(strings.TrimSpace(u.Email), email) })
}

// FindByEmails answers the users with these e-mails, a hundred values a call. Letter case: it finds the address as given
// and in lower case; [UsersService.FindByEmail] is thorough. Order is not kept.
//
// It calls [UsersService.List].
func (s *UsersService) FindByEmails(ctx context.Context, emails []string) ([]User, error) {
	wanted := map[string]bool{}
	var variants []string
	for _, email := range emails {
		email = strings.TrimSpace(email)
		for _, v := range []string{email, strings.ToLower(email)} {
			if v != "" && !wanted[v] {
				wanted[v] = true
				variants = append(variants, v)
			}
		}
	}
	return findIn(variants, func(part []string) ([]User, error) {
		return s.find(ctx, In(UserEmail, part...), func(u User) bool {
			return slices.ContainsFunc(part, func(v string) bool { return strings.EqualFold(v, strings.TrimSpace(u.Email)) })
		})
	}, func(u User) ID { return u.ID })
}

// FindByIDs answers the users with these ids, a hundred ids a call. Ids that do not exist are left out; order is not kept.
//
// It calls [UsersService.List].
func (s *UsersService) FindByIDs(ctx context.Context, ids []ID) ([]User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if err := checkIDs(ids); err != nil {
		return nil, opUsersList.refused(ErrInvalid, err)
	}
	return findIn(uniqueIDs(ids), func(part []ID) ([]User, error) {
		return s.find(ctx, In(UserID, part...), func(u User) bool { return slices.Contains(part, u.ID) })
	}, func(u User) ID { return u.ID })
}

// find answers the users that match the filter. keep says the same as the filter, on our side: a record that it does not
// keep shows that the API ignored the filter, and a 400 that it did not understand it. Then all users are read.
func (s *UsersService) find(ctx context.Context, filter Filter[UserField], keep func(User) bool) ([]User, error) {
	return findFiltered(keep, func(filtered bool) iter.Seq2[User, error] {
		if !filtered {
			filter = Filter[UserField]{}
		}
		return s.All(ctx, UserListOptions{Filter: filter})
	})
}

func findFiltered[T any](keep func(T) bool, all func(filtered bool) iter.Seq2[T, error]) ([]T, error) {
	var found []T
	ignored := false
	for item, err := range all(true) {
		if e, ok := errors.AsType[*APIError](err); ok && e.Status == 400 {
			ignored = true
			break
		}
		if err != nil {
			return nil, err
		}
		if !keep(item) {
			ignored = true
			break
		}
		found = append(found, item)
	}
	if !ignored {
		return found, nil
	}
	found = nil
	for item, err := range all(false) {
		if err != nil {
			return nil, err
		}
		if keep(item) {
			found = append(found, item)
		}
	}
	return found, nil
}

// findIn looks values up in parts and drops doubles.
func findIn[T, V any](values []V, find func([]V) ([]T, error), id func(T) ID) ([]T, error) {
	var found []T
	seen := map[ID]bool{}
	for part := range chunks(values) {
		items, err := find(part)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if !seen[id(item)] {
				seen[id(item)] = true
				found = append(found, item)
			}
		}
	}
	return found, nil
}

// Managers answers the managers of the teams that the user belongs to without managing them.
//
// Permission: reading people (AccessPeople, assumed). Errors: ErrInvalid, ErrNotFound, ErrUnavailable. Source: users
// endpoints document, "Gets all manager id's for teams that user belongs to"; the shape of the answer is assumed.
//
//gtmhub:operation GET /users/{userId}/managers v1 #5
func (s *UsersService) Managers(ctx context.Context, id ID) ([]ID, error) {
	var managers []ID
	err := s.client.do(ctx, request{op: opUsersManagers, values: []string{string(id)}}, func(body []byte) error {
		var err error
		managers, err = decodeManagers(body)
		return err
	})
	if err != nil {
		return nil, err
	}
	return managers, nil
}

// decodeManagers takes an envelope, a bare array, or one of the likely names; ids may be strings or objects.
func decodeManagers(body []byte) ([]ID, error) {
	var raw json.RawMessage
	if err := decodeJSON(body, &raw); err != nil {
		return nil, err
	}
	switch raw[0] {
	case '[':
	case '{':
		var object struct {
			Items      json.RawMessage `json:"items"`
			Managers   json.RawMessage `json:"managers"`
			ManagerIDs json.RawMessage `json:"managerIds"`
		}
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, err
		}
		raw = nil
		for _, part := range []json.RawMessage{object.Items, object.Managers, object.ManagerIDs} {
			if len(part) > 0 {
				raw = part
				break
			}
		}
		if raw == nil {
			return nil, errors.New("no manager ids in the answer")
		}
	default:
		return nil, errors.New("no list of manager ids")
	}
	var ids idList
	if err := json.Unmarshal(raw, &ids); err != nil {
		return nil, err
	}
	return uniqueIDs(ids), nil
}

// PasswordPolicy answers the password policy of the signed-in person, as the identity provider names it (such as
// "good"). clientID is User.ClientID of the token's own user. It acts for the token's user: call it on a client made
// with [Client.As].
//
// Permission: none, for oneself only. Errors: ErrForbidden (somebody else), ErrUnavailable. Source: users and deprecated
// endpoints documents, "Gets the password policy for the current authenticated user".
//
// Deprecated: the documents mark it so and name nothing instead; ask the identity provider.
//
//gtmhub:operation GET /users/password/{clientId}/policy v1 #3
func (s *UsersService) PasswordPolicy(ctx context.Context, clientID string) (string, error) {
	var policy string
	err := s.client.do(ctx, request{op: opUsersPasswordPolicy, values: []string{clientID}}, func(body []byte) error {
		var err error
		policy, err = decodePolicy(body)
		return err
	})
	if err != nil {
		return "", err
	}
	return policy, nil
}

// decodePolicy takes a JSON string, an object (its policy field, or the whole as text) or bare text.
func decodePolicy(body []byte) (string, error) {
	text := strings.TrimSpace(string(body))
	switch {
	case text == "":
		return "", errors.New("empty body")
	case text[0] == '"':
		var s string
		err := decodeJSON(body, &s)
		return clean(s, "", maxMessageRunes), err
	case text[0] == '{':
		var object struct {
			Policy         string `json:"policy"`
			PasswordPolicy string `json:"passwordPolicy"`
		}
		if err := decodeJSON(body, &object); err != nil {
			return "", err
		}
		text = or(or(object.Policy, object.PasswordPolicy), text)
	case text[0] == '[':
		return "", errors.New("no policy in the answer")
	}
	return clean(text, "", maxMessageRunes), nil
}

// Activate lets deactivated users in again; each takes a licence. The answer says little: read the users again.
//
// Permission: ManageUsers. Errors: ErrInvalid, ErrForbidden, ErrUnavailable, ErrUnknownOutcome. Source: users endpoints
// document, "Bulk activate of the provided users".
//
//gtmhub:operation POST /users/activate v1 #7
func (s *UsersService) Activate(ctx context.Context, ids []ID) (*BulkResult, error) {
	return s.client.bulk(ctx, opUsersActivate, ids)
}

// Deactivate takes the users' access away and frees their licences; their history stays.
//
// Permission: ManageUsers. Errors: ErrInvalid, ErrForbidden, ErrUnavailable, ErrUnknownOutcome. Source: users endpoints
// document, "Bulk deactivate of the provided users".
//
//gtmhub:operation POST /users/deactivate v1 #8
func (s *UsersService) Deactivate(ctx context.Context, ids []ID) (*BulkResult, error) {
	return s.client.bulk(ctx, opUsersDeactivate, ids)
}

// DeleteMany deletes users and all their records. It cannot be undone.
//
// Permission: ManageUsers. Errors: ErrInvalid, ErrForbidden, ErrNotFound, ErrUnavailable, ErrUnknownOutcome. Source:
// users endpoints document, "Bulk delete of the provided users".
//
//gtmhub:operation POST /users/delete v1 #9
func (s *UsersService) DeleteMany(ctx context.Context, ids []ID) (*BulkResult, error) {
	return s.client.bulk(ctx, opUsersDeleteMany, ids)
}

// Delete deletes one user and all records of the user. It cannot be undone.
//
// Permission: ManageUsers. Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrConflict (a rule
// forbids it, such as the last administrator), ErrUnavailable, ErrUnknownOutcome. Source: users endpoints document,
// "Deletes a user"; note the singular in its path.
//
//gtmhub:operation DELETE /accounts/user/{id} v1 #17
func (s *UsersService) Delete(ctx context.Context, id ID) error {
	return s.client.do(ctx, request{op: opUsersDelete, values: []string{string(id)}}, acceptAny)
}

// SendPasswordEmail sends the link to choose a new password. Users made through Google or SSO (User.IsSSOBased) get no
// mail although the call succeeds.
//
// Permission: ManageUsers (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrForbidden, ErrUnavailable, ErrUnknownOutcome
// (nothing can be read back: ask a person before sending again). Source: users endpoints document.
//
//gtmhub:operation POST /users/{userId}/send-change-password-email v1 #13
func (s *UsersService) SendPasswordEmail(ctx context.Context, id ID) error {
	return s.client.do(ctx, request{op: opUsersPasswordEmail, values: []string{string(id)}}, acceptAny)
}

// UpdateOwnSettings changes settings of the token's own user. settings is a JSON object with only the changed part of
// User.UserSettings. Call it on a client made with [Client.As].
//
// Permission: none, for oneself only. Errors: ErrInvalid, ErrNotFound, ErrUnavailable, ErrUnknownOutcome. Source: users
// and deprecated endpoints documents; the body is undocumented and assumed (docs/gtmhub-readings.md U3).
//
// Deprecated: use [UsersService.SetLanguage] for the language; nothing replaces the rest.
//
//gtmhub:operation PUT /users/settings v1 #14
func (s *UsersService) UpdateOwnSettings(ctx context.Context, settings json.RawMessage) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(settings, &object); err != nil || len(object) == 0 {
		return opUsersOwnSettings.refused(ErrInvalid, errors.New("settings must be an object with at least one field"))
	}
	return s.client.do(ctx, request{op: opUsersOwnSettings, body: object}, acceptAny)
}

// SetLanguage changes the language of a user's interface, such as "en".
//
// Permission: oneself, or ManageUsers (assumed). Errors: ErrInvalid, ErrUnavailable, ErrUnknownOutcome. Source: users
// endpoints document; the body is assumed (docs/gtmhub-readings.md U3).
//
//gtmhub:operation PUT /users/{userId} v1 #15
func (s *UsersService) SetLanguage(ctx context.Context, id ID, language string) error {
	if language == "" {
		return opUsersSetLanguage.refused(ErrInvalid, errors.New("empty language"))
	}
	body := map[string]string{"language": language}
	return s.client.do(ctx, request{op: opUsersSetLanguage, values: []string{string(id)}, body: body}, acceptAny)
}

// SetName changes a user's names. An empty one stays as it is.
//
// Permission: oneself, or ManageUsers (assumed). Errors: ErrInvalid, ErrUnavailable, ErrUnknownOutcome. Source: users
// endpoints document, "Updates user's first and last name"; the body is assumed from it.
//
//gtmhub:operation PATCH /users/{userId} v1 #16
func (s *UsersService) SetName(ctx context.Context, id ID, firstName, lastName string) error {
	body := map[string]string{}
	if firstName != "" {
		body["firstName"] = firstName
	}
	if lastName != "" {
		body["lastName"] = lastName
	}
	if len(body) == 0 {
		return opUsersSetName.refused(ErrInvalid, errors.New("no name given"))
	}
	return s.client.do(ctx, request{op: opUsersSetName, values: []string{string(id)}, body: body}, acceptAny)
}
