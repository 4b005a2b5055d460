package emulator

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/mail"
	"slices"
	"strings"
)

// user is a user as it is stored; team memberships and permissions are derived.
type user struct {
	base
	Email        string                     `json:"email"`
	FirstName    string                     `json:"firstName"`
	LastName     string                     `json:"lastName"`
	Language     string                     `json:"language"`
	IsActive     bool                       `json:"isActive"`
	DateCreated  string                     `json:"dateCreated"`
	DateInvited  string                     `json:"dateInvited,omitempty"`
	InvitedBy    string                     `json:"invitedBy,omitempty"`
	CreatedByID  string                     `json:"createdById,omitempty"`
	ClientID     string                     `json:"clientId,omitempty"` // empty until the first sign-in
	RoleIDs      []string                   `json:"roleIds"`            // direct roles
	SSO          bool                       `json:"sso,omitempty"`
	UserSettings map[string]json.RawMessage `json:"userSettings,omitempty"` // what differs from the defaults
}

func (u *user) clone() *user {
	c := *u
	c.RoleIDs = slices.Clone(u.RoleIDs)
	c.UserSettings = maps.Clone(u.UserSettings)
	return &c
}

func (u *user) name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// pending says that the user was invited and never signed in.
func (u *user) pending() bool { return u.ClientID == "" && u.DateInvited != "" }

// signIn gives the user what a first sign-in at the identity provider gives.
func (u *user) signIn() { u.ClientID = "auth0|" + u.ID }

func loadUser(a AccountUser) *user {
	u := &user{
		base: base{ID: a.ID}, Email: a.Email, FirstName: a.FirstName, LastName: a.LastName, Language: cmp.Or(a.Language, "en"),
		IsActive: a.IsActive, DateCreated: dateText(a.DateCreated), DateInvited: dateText(a.DateInvited), RoleIDs: slices.Clone(a.RoleIDs),
	}
	if a.InvitationPending {
		// New users are served as active (docs/gtmhub-readings.md U24).
		u.IsActive = true
		u.DateInvited = cmp.Or(u.DateInvited, u.DateCreated)
	} else {
		u.signIn()
	}
	return u
}

// defaultSettings is userSettings of somebody who never changed anything.
var defaultSettings = func() map[string]json.RawMessage {
	const text = `{"alignmentTreeFilter":{"ownerIds":"","tags":"","teamIds":""},"alignmentTreeMode":"","checklist":{"optOut":false,` +
		`"showCards":{"inviteTeammate":true,"visitDemoAccount":true,"visitMarketplace":true},"stepsV1":{"createdOkr":false,` +
		`"invitedTeammate":false,"visitedDemoAccount":false,"visitedMarketplace":false,"watchedVideo":false},"stepsV1Completed":false},` +
		`"collapsedEntities":[],"customFieldsSettings":{"hideManageOrderBanner":false,"lastUpdated":"0001-01-01T00:00:00Z"},` +
		`"dashboardSettings":[],"emailVerified":true,"favs":[],"goalsGrid":[],"goalsTreeMode":"","homeCollapsedItems":{"myOkrs":false,"todo":false},` +
		`"homeScreen":"","insightTemplateSuggestions":{"dismissed":false,"insightboards":[],"tooltipShown":false},"insightboardParams":{},` +
		`"kpiVirtualGroups":{"favorites":[]},"kpis":{"from":"","groupBy":"","to":""},"leftNavItems":{"hub":true,"insights":true,` +
		`"leftNavIsClosed":false,"lists":true,"okrs":true,"people":true,"reports":true},"listFilters":[],"listIds":[],"onboardingMetadata":{},` +
		`"profilesSettings":{"employeeProfileSettings":{"processSessionFilter":{"sessionIds":[]},"progressSessionFilter":{"sessionIds":[]}}},` +
		`"resizableGridColumns":[],"sessionsIds":[],"showArchivedSessions":false,"snippets":[],"surveys":{"shown":[]},"taskOrder":"",` +
		`"taskView":"","teamsView":"","theme":"light","treeViewOrder":{"field":"","name":""},"useDragMode":false,"useScrollbars":false,` +
		`"verificationEmailSent":true,"whiteboards":{"opened":[]}}`
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		panic(err) // a constant
	}
	return m
}()

var defaultSettingsDoc = settingsDoc(nil)

func settingsDoc(changed map[string]json.RawMessage) doc {
	all := maps.Clone(defaultSettings)
	maps.Copy(all, changed)
	out := make(doc, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, pair{name, all[name]})
	}
	return out
}

// userFields are the fields of userResponse, in the order of the documents.
var userFields = newShape(
	map[string]func(*view, *user) any{
		"roles.id": func(v *view, u *user) any { return v.roleIDs(u) },
	},
	column[*user]{"accountDomain", func(v *view, _ *user) any { return v.s.account.Domain }},
	column[*user]{"accountId", func(v *view, _ *user) any { return v.s.account.ID }},
	column[*user]{"accountName", func(v *view, _ *user) any { return v.s.account.Name }},
	column[*user]{"clientId", func(_ *view, u *user) any { return u.ClientID }},
	column[*user]{"createdById", func(_ *view, u *user) any { return u.CreatedByID }},
	column[*user]{"dateCreated", func(_ *view, u *user) any { return u.DateCreated }},
	column[*user]{"dateInvited", func(_ *view, u *user) any { return u.DateInvited }},
	column[*user]{"email", func(_ *view, u *user) any { return u.Email }},
	column[*user]{"firstName", func(_ *view, u *user) any { return u.FirstName }},
	column[*user]{"id", func(_ *view, u *user) any { return u.ID }},
	column[*user]{"identities", (*view).identities},
	column[*user]{"invitedBy", func(_ *view, u *user) any { return u.InvitedBy }},
	column[*user]{"isActive", func(v *view, u *user) any { return u.IsActive && !(v.readings.PendingInactive && u.pending()) }},
	column[*user]{"isPrimary", func(*view, *user) any { return true }},
	column[*user]{"isSSOBased", func(_ *view, u *user) any { return u.SSO }},
	column[*user]{"isSwitched", func(*view, *user) any { return false }},
	column[*user]{"language", func(_ *view, u *user) any { return u.Language }},
	column[*user]{"lastName", func(_ *view, u *user) any { return u.LastName }},
	column[*user]{"name", func(_ *view, u *user) any { return u.name() }},
	column[*user]{"notificationSettings", func(*view, *user) any { return doc{{"subjectsOptedOut", []string{}}} }},
	column[*user]{"permissions", func(v *view, u *user) any { return v.s.permissions(u) }},
	column[*user]{"picture", func(*view, *user) any { return "" }},
	column[*user]{"pictureInfo", func(_ *view, u *user) any {
		return doc{{"canEditPicture", !u.SSO}, {"isActive", false}, {"isPictureEdited", false}, {"isSSOBased", u.SSO}}
	}},
	column[*user]{"roles", func(v *view, u *user) any { return v.roles(u) }},
	column[*user]{"settings", func(v *view, _ *user) any {
		if v.readings.SettingsObject {
			return emptyObject
		}
		return ""
	}},
	column[*user]{"subscriptionType", func(*view, *user) any { return "regular" }},
	column[*user]{"teamIds", func(v *view, u *user) any { return v.s.teamsOf[u.ID] }},
	column[*user]{"userSettings", func(_ *view, u *user) any {
		if len(u.UserSettings) == 0 {
			return defaultSettingsDoc
		}
		return settingsDoc(u.UserSettings)
	}},
)

func (v *view) identities(u *user) any {
	items := []doc{}
	if u.ClientID != "" {
		provider, _, _ := strings.Cut(u.ClientID, "|")
		items = append(items, doc{
			{"clientId", u.ClientID}, {"connection", "Username-Password-Authentication"},
			{"isSocial", false}, {"name", u.name()}, {"provider", provider},
		})
	}
	if v.readings.IdentitiesArray {
		return items
	}
	return doc{{"items", items}, {"totalCount", len(items)}}
}

// usersBy finds users by id or by address in any letter case; the filter decides afterwards.
func (s *state) usersBy(key string, values []string) []*user {
	var found []*user
	seen := map[string]bool{}
	add := func(id string) {
		if u := s.users.get(id); u != nil && !seen[id] {
			seen[id] = true
			found = append(found, u)
		}
	}
	for _, v := range values {
		if key == "id" {
			add(v)
			continue
		}
		for _, id := range s.byEmail[strings.ToLower(v)] {
			add(id)
		}
	}
	slices.SortFunc(found, func(a, b *user) int { return cmp.Compare(a.place, b.place) })
	return found
}

// accountUsers is operation 1.
func (c *call) accountUsers() (reply, error) {
	var lucene luceneQuery
	if text := c.query.Get("filter"); text != "" {
		var err error
		if lucene, err = parseLucene(text); err != nil {
			return reply{}, malformed(http.StatusBadRequest, "filter: %v", err)
		}
	}
	q := listQuery{limit: defaultPage}
	if err := c.paging(&q); err != nil {
		return reply{}, err
	}
	c.view.brief = true
	c.view.direct = c.query.Get("includeShadowedRoles") != "true"
	items, total := []doc{}, 0
	for _, u := range c.s.users.order {
		if lucene != nil && !lucene(c.searched(u)) {
			continue
		}
		if total >= q.skip && len(items) < q.limit {
			items = append(items, userFields.show(c.view, u))
		}
		total++
	}
	return envelope(items, total), nil
}

// searched gives the texts that a filter of operation 1 looks at.
func (c *call) searched(u *user) func(property string) []string {
	return func(property string) []string {
		switch property {
		case "email":
			return []string{u.Email}
		case "name":
			return names(u)
		default:
			return c.view.roleIDs(u)
		}
	}
}

// names gives what a search for a name may hit: the whole name and each of its words.
func names(u *user) []string { return append(strings.Fields(u.name()), u.name()) }

// users is operation 2.
func (c *call) users() (reply, error) {
	if c.readings.FieldsRequired && c.query.Get("fields") == "" {
		return reply{}, refuse(http.StatusBadRequest, "fields is required")
	}
	q, err := c.listQuery()
	if err != nil {
		return reply{}, err
	}
	c.view.brief = true
	return list(c, userFields, &c.s.users, &c.s.sortedUsers, q, c.s.usersBy), nil
}

// passwordPolicy is operation 3.
func (c *call) passwordPolicy() (reply, error) {
	if c.actor.ClientID == "" || c.params[0] != c.actor.ClientID {
		return reply{}, refuse(http.StatusForbidden, "the policy can only be read by the user it is for")
	}
	const policy = "good"
	switch c.readings.PolicyForm {
	case "text":
		return reply{status: http.StatusOK, body: plainText(policy)}, nil
	case "object":
		return reply{status: http.StatusOK, body: doc{{"policy", policy}}}, nil
	}
	return reply{status: http.StatusOK, body: policy}, nil
}

// user is operation 4.
func (c *call) user() (reply, error) {
	u := c.s.users.get(c.params[0])
	if u == nil {
		return reply{}, refuse(http.StatusNotFound, "user not found")
	}
	return reply{status: http.StatusOK, body: userFields.show(c.view, u)}, nil
}

// userManagers is operation 5: the managers of the teams that list the user as a member and that the user does not manage.
func (c *call) userManagers() (reply, error) {
	id := c.params[0]
	if c.s.users.get(id) == nil {
		return reply{}, refuse(http.StatusNotFound, "user not found")
	}
	managers := []string{}
	for _, teamID := range c.s.teamsOf[id] {
		if m := c.s.teams.get(teamID).Manager; m != "" && m != id && !slices.Contains(managers, m) {
			managers = append(managers, m)
		}
	}
	var body any
	switch form := c.readings.ManagersForm; form {
	case "array":
		body = managers
	case "managers", "managerIds":
		body = doc{{form, managers}}
	case "objects":
		items := make([]doc, len(managers))
		for i, m := range managers {
			items[i] = doc{{"id", m}}
		}
		body = doc{{"items", items}, {"totalCount", len(items)}}
	default:
		body = doc{{"items", managers}, {"totalCount", len(managers)}}
	}
	return reply{status: http.StatusOK, body: body}, nil
}

// createUser is operation 6.
func (c *call) createUser() (reply, error) {
	var in struct {
		Email     string `json:"email"`
		FirstName string `json:"firstName"`
		LastName  string `json:"lastName"`
		Language  string `json:"language"`
		UserName  string `json:"userName"`
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	in.Email = strings.TrimSpace(in.Email)
	if !isAddress(in.Email) {
		return reply{}, refuse(http.StatusBadRequest, "email is not a valid address")
	}
	if len(c.s.byEmail[strings.ToLower(in.Email)]) > 0 && !c.readings.UsersDuplicateEmails {
		return reply{}, refuse(http.StatusConflict, "a user with this email exists")
	}
	if err := c.needSeats(1); err != nil {
		return reply{}, err
	}
	u := &user{
		base: base{ID: c.tx.newID()}, Email: in.Email, FirstName: in.FirstName, LastName: in.LastName,
		Language: languageCode(in.Language), IsActive: true, DateCreated: c.tx.date(), DateInvited: c.tx.date(),
		InvitedBy: c.actor.ID, CreatedByID: c.actor.ID, RoleIDs: c.s.defaultRoles(),
	}
	c.tx.addUser(u)
	counts := newCounts()
	counts.Created[strings.ToLower(u.Email)]++
	c.tx.rec.Counts = &counts
	if c.query.Get("skipEmail") != "true" {
		c.send("invitation", u)
	}
	return reply{status: http.StatusCreated, body: userFields.show(c.view, u)}, nil
}

// isAddress accepts what has the form of a bare address with a dot in its domain.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.Contains(strings.Trim(domain, "."), ".")
}

// languageCode turns what importers send ("english") into the code that the API shows.
func languageCode(s string) string {
	codes := map[string]string{
		"": "en", "english": "en", "german": "de", "french": "fr", "spanish": "es",
		"portuguese": "pt", "bulgarian": "bg", "japanese": "ja",
	}
	if code, ok := codes[strings.ToLower(s)]; ok {
		return code
	}
	return s
}

// needSeats refuses with 402 when n more active users would go over the seat limit.
func (c *call) needSeats(n int) error {
	if c.seats == 0 {
		return nil
	}
	used := 0
	for _, u := range c.s.users.order {
		if u.IsActive {
			used++
		}
	}
	if used+n > c.seats {
		return refuse(http.StatusPaymentRequired, "the subscription has no free seat")
	}
	return nil
}

// decode reads the body strictly.
func (c *call) decode(v any) error {
	if err := decodeStrict(c.body, v); err != nil {
		return malformed(http.StatusBadRequest, "body: %v", err)
	}
	return nil
}

// idList reads a list of ids: a bare array of ids or of objects with an id, or an object that holds one under one of
// the names. Ids must be well formed.
func (c *call) idList(names ...string) ([]string, error) {
	var refs []ref
	err := decodeStrict(c.body, &refs)
	if err != nil || refs == nil {
		var object map[string][]ref
		if decodeStrict(c.body, &object) != nil || len(object) != 1 {
			return nil, malformed(http.StatusBadRequest, "body: not a list of ids")
		}
		for name, list := range object {
			if !slices.Contains(names, name) {
				return nil, malformed(http.StatusBadRequest, "body: unknown field %q", name)
			}
			refs = list
		}
	}
	ids := texts(refs)
	for _, id := range ids {
		if !isID(id) {
			return nil, malformed(http.StatusBadRequest, "body: %q is not a valid id", cut(id))
		}
	}
	return compactIDs(ids), nil
}

// compactIDs drops repeated ids and keeps the order.
func compactIDs(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		was := seen[id]
		seen[id] = true
		return was
	})
}

// cut shortens a text that goes into a message.
func cut(s string) string {
	if len(s) > 40 {
		return s[:40]
	}
	return s
}

// failure is one line of a bulk result.
type failure struct{ id, reason string }

// bulkReply is the answer of bulk operations in the form that the readings choose.
func (c *call) bulkReply(verb string, done []string, failed []failure) reply {
	switch c.readings.BulkBody {
	case "empty":
		return reply{status: http.StatusOK, body: doc{}}
	case "none":
		return reply{status: http.StatusOK}
	}
	problems := make([]doc, len(failed))
	for i, f := range failed {
		problems[i] = doc{{"id", f.id}, {"reason", f.reason}}
	}
	return reply{status: http.StatusOK, body: doc{{verb, done}, {"failed", problems}}}
}

// userList reads the body of operations 7 to 10.
func (c *call) userList() ([]string, error) {
	ids, err := c.idList("usersIds", "userIds", "userIDs", "ids")
	if err == nil && len(ids) == 0 {
		err = refuse(http.StatusBadRequest, "body: no ids")
	}
	return ids, err
}

// activateUsers is operation 7.
func (c *call) activateUsers() (reply, error) {
	ids, err := c.userList()
	if err != nil {
		return reply{}, err
	}
	idle := 0
	for _, id := range ids {
		if u := c.s.users.get(id); u != nil && !u.IsActive {
			idle++
		}
	}
	if idle > 0 {
		if err := c.needSeats(idle); err != nil {
			return reply{}, err
		}
	}
	return c.setActive(ids, true), nil
}

// deactivateUsers is operation 8.
func (c *call) deactivateUsers() (reply, error) {
	ids, err := c.userList()
	if err != nil {
		return reply{}, err
	}
	return c.setActive(ids, false), nil
}

func (c *call) setActive(ids []string, active bool) reply {
	done, failed := []string{}, []failure{}
	for _, id := range ids {
		u := c.s.users.get(id)
		switch {
		case u == nil:
			failed = append(failed, failure{id, "user not found"})
			continue
		case !active && c.lastAdmin(u):
			failed = append(failed, failure{id, "the last admin cannot be deactivated"})
			continue
		case u.IsActive != active:
			c.tx.user(id).IsActive = active
		}
		done = append(done, id)
	}
	return c.bulkReply("updated", done, failed)
}

// deleteUsers is operation 9.
func (c *call) deleteUsers() (reply, error) {
	ids, err := c.userList()
	if err != nil {
		return reply{}, err
	}
	done, failed := []string{}, []failure{}
	known := false
	for _, id := range ids {
		u := c.s.users.get(id)
		if u == nil {
			failed = append(failed, failure{id, "user not found"})
			continue
		}
		known = true
		if err := c.mayDelete(u); err != nil {
			failed = append(failed, failure{id, err.Error()})
			continue
		}
		c.erase(u)
		done = append(done, id)
	}
	if !known {
		return reply{}, refuse(http.StatusNotFound, "no user found")
	}
	return c.bulkReply("deleted", done, failed), nil
}

// deleteUser is operation 17. No 404 is documented for it.
func (c *call) deleteUser() (reply, error) {
	u := c.s.users.get(c.params[0])
	if u == nil {
		return reply{}, refuse(http.StatusBadRequest, "user not found")
	}
	if err := c.mayDelete(u); err != nil {
		return reply{}, err
	}
	c.erase(u)
	return c.okReply(), nil
}

func (c *call) mayDelete(u *user) error {
	if u.ID == c.actor.ID && !c.readings.SelfDelete {
		return refuse(http.StatusConflict, "users cannot delete themselves")
	}
	if c.lastAdmin(u) {
		return refuse(http.StatusConflict, "the last admin cannot be deleted")
	}
	return nil
}

// erase removes a user and everything that is the user's alone.
func (c *call) erase(u *user) {
	c.tx.remove(u.ID)
	for _, t := range c.s.teams.order {
		if t.Manager == u.ID {
			c.tx.team(t.ID).Manager = ""
		}
	}
	for _, id := range c.s.teamsOf[u.ID] {
		t := c.tx.team(id)
		t.Members = slices.DeleteFunc(t.Members, func(m string) bool { return m == u.ID })
	}
	c.eraseOwned(u.ID)
}

// passwordMail is operation 13. Users whose password is not Gtmhub's get no mail.
func (c *call) passwordMail() (reply, error) {
	u := c.s.users.get(c.params[0])
	if u == nil {
		return reply{}, refuse(http.StatusBadRequest, "user not found")
	}
	if len(strings.TrimSpace(string(c.body))) > 0 {
		return reply{}, malformed(http.StatusBadRequest, "body: none is expected")
	}
	if !u.SSO && u.ClientID != "" {
		c.send("password", u)
	}
	return c.okReply(), nil
}

// ownSettings is operation 14: known keys of userSettings are merged, unknown ones stored.
func (c *call) ownSettings() (reply, error) {
	var in map[string]json.RawMessage
	if err := decodeStrict(c.body, &in); err != nil || in == nil {
		return reply{}, malformed(http.StatusBadRequest, "body: not an object")
	}
	u := c.tx.user(c.actor.ID)
	if u.UserSettings == nil {
		u.UserSettings = map[string]json.RawMessage{}
	}
	for name, value := range in {
		u.UserSettings[name] = merge(cmp.Or(string(u.UserSettings[name]), string(defaultSettings[name])), value)
	}
	return c.okReply(), nil
}

// merge lays the fields of an object over those of another; anything else just replaces.
func merge(old string, value json.RawMessage) json.RawMessage {
	var under, over map[string]json.RawMessage
	if json.Unmarshal([]byte(old), &under) != nil || json.Unmarshal(value, &over) != nil || under == nil || over == nil {
		return value
	}
	maps.Copy(under, over)
	merged, err := json.Marshal(under)
	if err != nil {
		return value
	}
	return merged
}

// setLanguage is operation 15. Only 400 and 500 are documented beside 200.
func (c *call) setLanguage() (reply, error) {
	var in map[string]json.RawMessage
	if err := decodeStrict(c.body, &in); err != nil || in == nil {
		return reply{}, malformed(http.StatusBadRequest, "body: not an object")
	}
	u := c.tx.user(c.params[0])
	if u == nil {
		return reply{}, refuse(http.StatusBadRequest, "user not found")
	}
	for name, value := range in {
		if name != "language" {
			if u.UserSettings == nil {
				u.UserSettings = map[string]json.RawMessage{}
			}
			u.UserSettings[name] = value
			continue
		}
		var language string
		if err := json.Unmarshal(value, &language); err != nil || language == "" || len(language) > 20 {
			return reply{}, refuse(http.StatusBadRequest, "language is not a language")
		}
		u.Language = languageCode(language)
	}
	return c.okReply(), nil
}

// rename is operation 16.
func (c *call) rename() (reply, error) {
	var in struct {
		FirstName *string `json:"firstName"`
		LastName  *string `json:"lastName"`
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	u := c.tx.user(c.params[0])
	if u == nil {
		return reply{}, refuse(http.StatusBadRequest, "user not found")
	}
	if in.FirstName != nil {
		u.FirstName = *in.FirstName
	}
	if in.LastName != nil {
		u.LastName = *in.LastName
	}
	if u.name() == "" {
		return reply{}, refuse(http.StatusBadRequest, "a user needs a name")
	}
	return c.okReply(), nil
}
