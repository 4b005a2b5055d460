package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// role is a role that can be given by hand.
type role struct {
	base
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Permissions []string `json:"permissions"`
}

// allPermissions are the permission names of Gtmhub's extensibility SDK.
var allPermissions = []string{
	"AccessGoals", "AccessInsightboards", "AccessKPIs", "AccessPeople", "AccessReportsAndDataSourceFilters", "AwardBadges", "CreateTags",
	"ManageAccountNotifications", "ManageApiTokens", "ManageApplications", "ManageBadges", "ManageBilling", "ManageConfiguration",
	"ManageData", "ManageGoals", "ManageKPIs", "ManagePeople", "ManageReflections", "ManageSessions", "ManageTasks",
	"ManageUserInvitations", "ManageUsers", "ManageWhiteboardTemplates", "ManageWhiteboards", "PostAnnouncement",
}

// usualPermissions go with the names of system roles and of the built-in account's roles.
func usualPermissions(name string) []string {
	switch name {
	case "Admin", "Account Admin":
		return allPermissions
	case "Hcm", "People Admin":
		return []string{"AccessGoals", "AccessPeople", managePeople, manageInvitations, manageUsers, postAnnouncement}
	case "Data":
		return []string{"AccessGoals", "AccessInsightboards", "AccessKPIs", "ManageData"}
	case "Team Lead":
		return []string{"AccessGoals", "AccessPeople", manageGoals, "ManageTasks"}
	case "View-only", "Viewer":
		return []string{"AccessGoals"}
	default:
		return []string{"AccessGoals", "AccessKPIs", "AccessPeople", "AwardBadges", "ManageTasks"}
	}
}

func loadRole(a AccountRole) *role {
	r := &role{base: base{ID: a.ID}, Name: a.Name, Description: a.Description, Permissions: a.Permissions}
	if len(r.Permissions) == 0 {
		r.Permissions = usualPermissions(a.Name)
	}
	return r
}

// isAdmin says whether a user is active and holds an admin role of the account.
func (s *state) isAdmin(u *user) bool {
	return u.IsActive && slices.ContainsFunc(u.RoleIDs, s.isAdminRole)
}

func (s *state) isAdminRole(id string) bool {
	r := s.roles.get(id)
	return r != nil && (r.Name == "Admin" || r.Name == "Account Admin")
}

// lastAdmin says whether the account would have no active admin without u, counting what the change did so far.
func (c *call) lastAdmin(u *user) bool {
	if !c.s.isAdmin(u) {
		return false
	}
	for _, other := range c.s.users.order {
		if changed, ok := c.tx.users[other.ID]; ok {
			other = changed
		}
		if other.ID != u.ID && !c.tx.gone[other.ID] && c.s.isAdmin(other) {
			return false
		}
	}
	return true
}

// permissions gives the permissions of all direct roles of a user, sorted.
func (s *state) permissions(u *user) []string {
	all := []string{}
	for _, id := range u.RoleIDs {
		if r := s.roles.get(id); r != nil {
			if len(u.RoleIDs) == 1 {
				return r.Permissions
			}
			all = append(all, r.Permissions...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// defaultRoles are the roles of new users: User where there is one, as in Gtmhub, else none.
func (s *state) defaultRoles() []string {
	for _, r := range s.roles.order {
		if r.Name == "User" {
			return []string{r.ID}
		}
	}
	return []string{}
}

// roleIDs gives the ids of the roles that the view shows for a user.
func (v *view) roleIDs(u *user) []string {
	if v.direct {
		return u.RoleIDs
	}
	ids := slices.Clone(u.RoleIDs)
	for _, team := range v.s.teamsOf[u.ID] {
		ids = append(ids, v.s.roleOfTeam[team])
	}
	return ids
}

// roles gives roleInUser for each role of a user: direct ones, and the team roles unless the view leaves them out.
func (v *view) roles(u *user) []doc {
	out := []doc{}
	for _, id := range u.RoleIDs {
		if r := v.s.roles.get(id); r != nil {
			out = append(out, doc{{"accountId", v.s.account.ID}, {"description", r.Description}, {"id", r.ID}, {"name", r.Name}})
		}
	}
	if v.direct {
		return out
	}
	for _, id := range v.s.teamsOf[u.ID] {
		t := v.s.teams.get(id)
		out = append(out, doc{
			{"accountId", v.s.account.ID}, {"description", "Members of the team " + t.Name}, {"id", v.s.roleOfTeam[id]}, {"name", t.Name},
			{"team", v.teamInRole(t)},
		})
	}
	return out
}

var roleFields = newShape(nil,
	column[*role]{"accountId", func(v *view, _ *role) any { return v.s.account.ID }},
	column[*role]{"description", func(_ *view, r *role) any { return r.Description }},
	column[*role]{"id", func(_ *view, r *role) any { return r.ID }},
	column[*role]{"name", func(_ *view, r *role) any { return r.Name }},
	column[*role]{"permissions", func(_ *view, r *role) any { return r.Permissions }},
)

// roles is GET /api/v2/roles: the roles that can be given by hand.
func (c *call) roles() (reply, error) {
	q, err := c.listQuery()
	if err != nil {
		return reply{}, err
	}
	return list(c, roleFields, &c.s.roles, nil, q, nil), nil
}

// bulkRoles is operation 11. Three spellings of the fields are understood, and a list of {userId, roleIds}.
func (c *call) bulkRoles() (reply, error) {
	type entry struct {
		UserID  string   `json:"userId"`
		RoleIDs []string `json:"roleIds"`
	}
	var entries []entry
	if err := decodeStrict(c.body, &entries); err != nil || entries == nil {
		var in map[string][]ref
		if err := decodeStrict(c.body, &in); err != nil || in == nil {
			return reply{}, malformed(http.StatusBadRequest, "body: not a request for roles")
		}
		var users, roles []string
		for name, list := range in {
			switch name {
			case "userIds", "usersIds", "users":
				users = texts(list)
			case "roleIds", "rolesIds", "roles":
				roles = texts(list)
			default:
				return reply{}, malformed(http.StatusBadRequest, "body: unknown field %q", name)
			}
		}
		if len(users) == 0 || roles == nil {
			return reply{}, refuse(http.StatusBadRequest, "userIds and roleIds are required")
		}
		for _, u := range compactIDs(users) {
			entries = append(entries, entry{u, roles})
		}
	}
	for _, x := range entries {
		for _, id := range append(slices.Clone(x.RoleIDs), x.UserID) {
			if !isID(id) {
				return reply{}, malformed(http.StatusBadRequest, "body: %q is not a valid id", cut(id))
			}
		}
		for _, id := range x.RoleIDs {
			if c.s.roles.get(id) == nil {
				return reply{}, refuse(http.StatusBadRequest, "role %s not found, or it is a team role", id)
			}
		}
	}
	done, failed := []string{}, []failure{}
	for _, x := range entries {
		stored := c.s.users.get(x.UserID)
		if stored == nil {
			failed = append(failed, failure{x.UserID, "user not found"})
			continue
		}
		wanted := compactIDs(x.RoleIDs)
		if c.readings.RolesBulkAdds {
			wanted = compactIDs(append(slices.Clone(stored.RoleIDs), x.RoleIDs...))
		}
		if !slices.ContainsFunc(wanted, c.s.isAdminRole) && c.lastAdmin(stored) {
			failed = append(failed, failure{x.UserID, "the last admin keeps the role"})
			continue
		}
		if !slices.Equal(wanted, stored.RoleIDs) {
			c.tx.user(x.UserID).RoleIDs = wanted
		}
		done = append(done, x.UserID)
	}
	return c.bulkReply("updated", done, failed), nil
}

// giveRole is operation 12. It understands {roleId}, {id}, {role} and a JSON string.
func (c *call) giveRole() (reply, error) {
	roleID := ""
	if err := decodeStrict(c.body, &roleID); err != nil {
		var in map[string]json.RawMessage
		if err := decodeStrict(c.body, &in); err != nil || in == nil {
			return reply{}, malformed(http.StatusBadRequest, "body: not a relation of a user and a role")
		}
		for name, value := range in {
			var id ref
			if err := json.Unmarshal(value, &id); err != nil {
				return reply{}, malformed(http.StatusBadRequest, "body: %s is not an id", cut(name))
			}
			switch name {
			case "roleId", "id", "role":
				roleID = string(id)
			case "userId":
				if string(id) != c.params[0] {
					return reply{}, refuse(http.StatusBadRequest, "userId differs from the path")
				}
			default:
				return reply{}, malformed(http.StatusBadRequest, "body: unknown field %q", name)
			}
		}
	}
	if !isID(roleID) {
		return reply{}, malformed(http.StatusBadRequest, "roleId is not a valid id")
	}
	stored := c.s.users.get(c.params[0])
	if stored == nil {
		return reply{}, refuse(http.StatusNotFound, "user not found")
	}
	if c.s.teamRole[roleID] != "" {
		return reply{}, refuse(http.StatusBadRequest, "a team role comes with its team and cannot be given")
	}
	if c.s.roles.get(roleID) == nil {
		return reply{}, refuse(http.StatusNotFound, "role not found")
	}
	if !slices.Contains(stored.RoleIDs, roleID) {
		u := c.tx.user(stored.ID)
		u.RoleIDs = append(u.RoleIDs, roleID)
	}
	return c.okReply(), nil
}

// takeRole is operation 18.
func (c *call) takeRole() (reply, error) {
	stored := c.s.users.get(c.params[0])
	if stored == nil {
		return reply{}, refuse(http.StatusNotFound, "user not found")
	}
	roleID := c.params[1]
	if !slices.Contains(stored.RoleIDs, roleID) && c.s.teamRole[roleID] == "" {
		return reply{}, refuse(http.StatusNotFound, "the user does not hold the role")
	}
	if err := c.take(stored, []string{roleID}); err != nil {
		return reply{}, err
	}
	return c.okReply(), nil
}

// takeRoles is operation 19: ids by comma or repeated. Ids that the user does not hold are ignored.
func (c *call) takeRoles() (reply, error) {
	var ids []string
	for _, part := range c.query["ids"] {
		ids = append(ids, strings.FieldsFunc(part, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	if len(ids) == 0 {
		return reply{}, refuse(http.StatusBadRequest, "ids is required")
	}
	for _, id := range ids {
		if !isID(id) {
			return reply{}, malformed(http.StatusBadRequest, "ids: %q is not a valid id", cut(id))
		}
	}
	stored := c.s.users.get(c.params[0])
	if stored == nil {
		return reply{}, refuse(http.StatusBadRequest, "user not found")
	}
	if err := c.take(stored, ids); err != nil {
		return reply{}, err
	}
	return c.okReply(), nil
}

// take removes direct roles. Team roles and the last admin's role stay.
func (c *call) take(stored *user, ids []string) error {
	for _, id := range ids {
		if c.s.teamRole[id] != "" {
			return refuse(http.StatusConflict, "a team role goes with its team and cannot be taken")
		}
	}
	left := slices.DeleteFunc(slices.Clone(stored.RoleIDs), func(id string) bool { return slices.Contains(ids, id) })
	if !slices.ContainsFunc(left, c.s.isAdminRole) && c.lastAdmin(stored) {
		return refuse(http.StatusConflict, "the last admin keeps the role")
	}
	if len(left) < len(stored.RoleIDs) {
		c.tx.user(stored.ID).RoleIDs = left
	}
	return nil
}
