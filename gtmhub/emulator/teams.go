package emulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// Avatar and colour of teams that have none of their own.
const (
	defaultAvatar = "users_multiple-11"
	defaultColor  = "#87a6bc"
)

// team is a team as it is stored.
type team struct {
	base
	Name         string   `json:"name"`
	Description  string   `json:"description"`
	ParentID     string   `json:"parentId,omitempty"`
	Manager      string   `json:"manager,omitempty"`
	Members      []string `json:"members"`
	Avatar       string   `json:"avatar"`
	Color        string   `json:"color"`
	Tags         []tag    `json:"tags,omitempty"`
	IsActive     bool     `json:"isActive"`
	DateCreated  string   `json:"dateCreated"`
	CreatedByID  string   `json:"createdById,omitempty"`
	ModifiedByID string   `json:"modifiedById,omitempty"`
}

type tag struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	IsActive flag   `json:"isActive"`
}

// UnmarshalJSON reads a tag as an object or as its bare id.
func (t *tag) UnmarshalJSON(text []byte) error {
	var id string
	if err := json.Unmarshal(text, &id); err == nil {
		*t = tag{ID: id, Name: id, Title: id, IsActive: true}
		return nil
	}
	type bare tag // without this method
	var b bare
	if err := json.Unmarshal(text, &b); err != nil {
		return errors.New("tags: not an id and not a tag")
	}
	*t = tag(b)
	return nil
}

func (t *team) clone() *team {
	c := *t
	c.Members = slices.Clone(t.Members)
	c.Tags = slices.Clone(t.Tags)
	return &c
}

func loadTeam(a AccountTeam) *team {
	return &team{
		base: base{ID: a.ID}, Name: a.Name, Description: a.Description, ParentID: a.ParentID, Manager: a.Manager,
		Members: compactIDs(a.Members), Avatar: cmp.Or(a.Avatar, defaultAvatar), Color: cmp.Or(a.Color, defaultColor),
		IsActive: a.IsActive, DateCreated: dateText(a.DateCreated),
	}
}

// teamFields are the fields of teamResponse: those of a team inside a user's role, plus isActive and url.
var teamFields = newShape(
	map[string]func(*view, *team) any{
		// Filters name ids, whatever form the answer gives them.
		"manager":  func(_ *view, t *team) any { return t.Manager },
		"members":  func(_ *view, t *team) any { return t.Members },
		"parentId": func(_ *view, t *team) any { return t.ParentID },
	},
	column[*team]{"ExternalTeamMapping", func(*view, *team) any { return doc{{"ExternalId", ""}, {"ExternalSystem", ""}} }},
	column[*team]{"accountId", func(v *view, _ *team) any { return v.s.account.ID }},
	column[*team]{"avatar", func(_ *view, t *team) any { return t.Avatar }},
	column[*team]{"color", func(_ *view, t *team) any { return t.Color }},
	column[*team]{"createdById", func(_ *view, t *team) any { return t.CreatedByID }},
	column[*team]{"dateCreated", func(_ *view, t *team) any { return t.DateCreated }},
	column[*team]{"description", func(v *view, t *team) any { return v.text(t.Description) }},
	column[*team]{"dynamicMetricCount", func(*view, *team) any { return 0 }},
	column[*team]{"id", func(_ *view, t *team) any { return t.ID }},
	column[*team]{"isActive", func(v *view, t *team) any {
		if v.readings.TeamActiveAbsent {
			return absent
		}
		return t.IsActive
	}},
	column[*team]{"manager", func(v *view, t *team) any { return v.reference(t.Manager) }},
	column[*team]{"manualMetricCount", func(v *view, t *team) any { return len(v.s.metricsOf[t.ID]) }},
	column[*team]{"members", func(v *view, t *team) any { return v.references(t.Members) }},
	column[*team]{"membersGoalCount", func(v *view, t *team) any {
		n := 0
		for _, m := range t.Members {
			n += len(v.s.goalsOf[m])
		}
		return n
	}},
	column[*team]{"mentions", func(*view, *team) any { return emptyObject }},
	column[*team]{"modifiedById", func(_ *view, t *team) any { return t.ModifiedByID }},
	column[*team]{"movedExternalMembers", func(*view, *team) any { return []string{} }},
	column[*team]{"name", func(_ *view, t *team) any { return t.Name }},
	column[*team]{"parentId", func(v *view, t *team) any { return v.reference(t.ParentID) }},
	column[*team]{"picture", func(*view, *team) any { return "" }},
	column[*team]{"tags", func(_ *view, t *team) any { return showTags(t.Tags, false) }},
	column[*team]{"teamGoalCount", func(v *view, t *team) any { return len(v.s.goalsOf[t.ID]) }},
	column[*team]{"url", func(v *view, t *team) any { return "https://" + v.s.account.Domain + "/teams/" + t.ID }},
)

// reference shows a reference to a record as an id or, in one reading, as an object.
func (v *view) reference(id string) any {
	if !v.readings.ObjectsNotIDs || id == "" {
		return id
	}
	if u := v.s.users.get(id); u != nil {
		return doc{{"id", id}, {"name", u.name()}, {"email", u.Email}}
	}
	if t := v.s.teams.get(id); t != nil {
		return doc{{"id", id}, {"name", t.Name}}
	}
	return doc{{"id", id}}
}

func (v *view) references(ids []string) any {
	if !v.readings.ObjectsNotIDs {
		return ids
	}
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = v.reference(id)
	}
	return out
}

func showTags(tags []tag, activeObject bool) []doc {
	out := make([]doc, len(tags))
	for i, t := range tags {
		var active any = bool(t.IsActive)
		if activeObject {
			active = doc{{"IsActive", bool(t.IsActive)}}
		}
		out[i] = doc{{"id", t.ID}, {"isActive", active}, {"name", t.Name}, {"title", t.Title}}
	}
	return out
}

// teamInRole is the team inside a team role of a user. Lists leave its members out: a page of 100 users of one team
// would repeat them 100 times.
func (v *view) teamInRole(t *team) doc {
	members := t.Members
	if v.brief {
		members = []string{}
	}
	return doc{
		{"ExternalTeamMapping", doc{{"ExternalId", ""}, {"ExternalSystem", ""}}},
		{"accountId", v.s.account.ID}, {"avatar", t.Avatar}, {"color", t.Color}, {"createdById", t.CreatedByID},
		{"dateCreated", t.DateCreated}, {"description", v.text(t.Description)}, {"dynamicMetricCount", 0}, {"id", t.ID},
		{"manager", t.Manager}, {"manualMetricCount", len(v.s.metricsOf[t.ID])}, {"members", members}, {"membersGoalCount", 0},
		{"mentions", emptyObject}, {"modifiedById", t.ModifiedByID}, {"movedExternalMembers", []string{}}, {"name", t.Name},
		{"parentId", t.ParentID}, {"picture", ""}, {"tags", showTags(t.Tags, v.readings.TagActiveObject)},
		{"teamGoalCount", len(v.s.goalsOf[t.ID])},
	}
}

func (s *state) teamsBy(key string, values []string) []*team {
	if key != "id" {
		return nil // teams have no address
	}
	var found []*team
	for _, id := range compactIDs(values) {
		if t := s.teams.get(id); t != nil {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *team) int { return cmp.Compare(a.place, b.place) })
	return found
}

// teams is operation 20.
func (c *call) teams() (reply, error) {
	q, err := c.listQuery()
	if err != nil {
		return reply{}, err
	}
	return list(c, teamFields, &c.s.teams, &c.s.sortedTeams, q, c.s.teamsBy), nil
}

// stored finds the team of the path.
func (c *call) storedTeam() (*team, error) {
	t := c.s.teams.get(c.params[0])
	if t == nil {
		return nil, refuse(http.StatusNotFound, "team not found")
	}
	return t, nil
}

// team is operation 21.
func (c *call) team() (reply, error) {
	t, err := c.storedTeam()
	if err != nil {
		return reply{}, err
	}
	return c.showTeam(http.StatusOK, t), nil
}

func (c *call) showTeam(status int, t *team) reply {
	return reply{status: status, body: teamFields.show(c.view, t)}
}

// teamBody is the team object of operations 22, 25 and 28. Clients that read, merge and write send back whole
// answers, so the fields of teamResponse that cannot be written are accepted and ignored.
type teamBody struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	ParentID    *ref    `json:"parentId"`
	Manager     *ref    `json:"manager"`
	Members     *[]ref  `json:"members"`
	Avatar      *string `json:"avatar"`
	Color       *string `json:"color"`
	Tags        *[]tag  `json:"tags"`

	ID                   ignored `json:"id"`
	ExternalTeamMapping  ignored `json:"ExternalTeamMapping"`
	AccountID            ignored `json:"accountId"`
	CreatedByID          ignored `json:"createdById"`
	DateCreated          ignored `json:"dateCreated"`
	DynamicMetricCount   ignored `json:"dynamicMetricCount"`
	IsActive             ignored `json:"isActive"`
	ManualMetricCount    ignored `json:"manualMetricCount"`
	MembersGoalCount     ignored `json:"membersGoalCount"`
	Mentions             ignored `json:"mentions"`
	ModifiedByID         ignored `json:"modifiedById"`
	MovedExternalMembers ignored `json:"movedExternalMembers"`
	Picture              ignored `json:"picture"`
	TeamGoalCount        ignored `json:"teamGoalCount"`
	URL                  ignored `json:"url"`
}

type ignored struct{}

// UnmarshalJSON accepts anything.
func (ignored) UnmarshalJSON([]byte) error { return nil }

// overlay lays the fields that were sent over a team and checks what they refer to.
func (c *call) overlay(t *team, in teamBody) error {
	if in.Name != nil {
		t.Name = strings.TrimSpace(*in.Name)
	}
	if t.Name == "" {
		return refuse(http.StatusBadRequest, "name is required")
	}
	if in.Description != nil {
		t.Description = *in.Description
	}
	if in.Avatar != nil {
		t.Avatar = cmp.Or(*in.Avatar, defaultAvatar)
	}
	if in.Color != nil {
		t.Color = cmp.Or(*in.Color, defaultColor)
	}
	if in.Tags != nil {
		t.Tags = *in.Tags
	}
	if in.ParentID != nil {
		t.ParentID = string(*in.ParentID)
		if err := c.checkParent(t); err != nil {
			return err
		}
	}
	if in.Manager != nil {
		t.Manager = string(*in.Manager)
		if t.Manager != "" && c.s.users.get(t.Manager) == nil {
			return refuse(http.StatusBadRequest, "manager: user not found")
		}
	}
	if in.Members != nil {
		t.Members = compactIDs(texts(*in.Members))
		for _, m := range t.Members {
			if c.s.users.get(m) == nil {
				return refuse(http.StatusBadRequest, "members: user %q not found", cut(m))
			}
		}
	}
	t.ModifiedByID = c.actor.ID
	return nil
}

// checkParent refuses a parent that is not there or that stands below the team.
func (c *call) checkParent(t *team) error {
	for up := t.ParentID; up != ""; {
		if up == t.ID {
			return refuse(http.StatusBadRequest, "parentId: a team cannot stand below itself")
		}
		parent := c.s.teams.get(up)
		if parent == nil {
			return refuse(http.StatusBadRequest, "parentId: team not found")
		}
		up = parent.ParentID
	}
	return nil
}

// createTeam is operation 22.
func (c *call) createTeam() (reply, error) {
	var in teamBody
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	t := &team{
		base: base{ID: c.tx.newID()}, Members: []string{}, Avatar: defaultAvatar, Color: defaultColor, IsActive: true,
		DateCreated: c.tx.date(), CreatedByID: c.actor.ID,
	}
	if err := c.overlay(t, in); err != nil {
		return reply{}, err
	}
	c.tx.addTeam(t)
	return c.showTeam(http.StatusCreated, t), nil
}

// activateTeams is operation 23.
func (c *call) activateTeams() (reply, error) { return c.setTeamsActive(true) }

// deactivateTeams is operation 24.
func (c *call) deactivateTeams() (reply, error) { return c.setTeamsActive(false) }

// setTeamsActive answers 404 when no id is known and 304 when nothing had to change.
func (c *call) setTeamsActive(active bool) (reply, error) {
	ids, err := c.idList("teamsIds", "teamIds", "ids")
	if err != nil {
		return reply{}, err
	}
	if len(ids) == 0 {
		return reply{}, refuse(http.StatusBadRequest, "body: no ids")
	}
	done, failed := []string{}, []failure{}
	for _, id := range ids {
		t := c.s.teams.get(id)
		if t == nil {
			failed = append(failed, failure{id, "team not found"})
			continue
		}
		if t.IsActive != active {
			changed := c.tx.team(id)
			changed.IsActive, changed.ModifiedByID = active, c.actor.ID
		}
		done = append(done, id)
	}
	switch {
	case len(done) == 0:
		return reply{}, refuse(http.StatusNotFound, "no team found")
	case c.tx.empty() && len(failed) == 0:
		return reply{status: http.StatusNotModified}, nil
	}
	return c.bulkReply("updated", done, failed), nil
}

// replaceTeam is operation 25. Avatar and colour that are left out go back to the defaults, as documented; what
// happens to other fields is a reading.
func (c *call) replaceTeam() (reply, error) {
	t, err := c.storedTeam()
	if err != nil {
		return reply{}, err
	}
	var in teamBody
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if in.Name == nil {
		return reply{}, refuse(http.StatusBadRequest, "name is required")
	}
	t = c.tx.team(t.ID)
	t.Avatar, t.Color = defaultAvatar, defaultColor
	if !c.readings.PutKeepsOthers {
		t.Description, t.ParentID, t.Manager, t.Members, t.Tags = "", "", "", []string{}, nil
	}
	if err := c.overlay(t, in); err != nil {
		return reply{}, err
	}
	return c.showTeam(http.StatusOK, t), nil
}

// setManager is operation 26. It understands a JSON string, {manager}, {managerId}, {userId} and {id}.
func (c *call) setManager() (reply, error) {
	stored, err := c.storedTeam()
	if err != nil {
		return reply{}, err
	}
	id := ""
	if err := decodeStrict(c.body, &id); err != nil {
		var in map[string]ref
		if err := decodeStrict(c.body, &in); err != nil || len(in) != 1 {
			return reply{}, malformed(http.StatusBadRequest, "body: not the id of a user")
		}
		for name, value := range in {
			if !slices.Contains([]string{"manager", "managerId", "userId", "id"}, name) {
				return reply{}, malformed(http.StatusBadRequest, "body: unknown field %q", name)
			}
			id = string(value)
		}
	}
	if !isID(id) {
		return reply{}, malformed(http.StatusBadRequest, "manager is not a valid id")
	}
	if c.s.users.get(id) == nil {
		return reply{}, refuse(http.StatusNotFound, "user not found")
	}
	joins := c.readings.ManagerJoins && !slices.Contains(stored.Members, id)
	if stored.Manager != id || joins {
		t := c.tx.team(stored.ID)
		t.Manager, t.ModifiedByID = id, c.actor.ID
		if joins {
			t.Members = append(t.Members, id)
		}
	}
	return noContent, nil
}

// setMembers is operation 27. It understands an array of ids or of {id}, {members}, {memberIds}, and a JSON string of
// ids separated by commas.
func (c *call) setMembers() (reply, error) {
	stored, err := c.storedTeam()
	if err != nil {
		return reply{}, err
	}
	var text string
	var ids []string
	if decodeStrict(c.body, &text) == nil && text != "" {
		for _, id := range strings.Split(text, ",") {
			id = strings.TrimSpace(id)
			if !isID(id) {
				return reply{}, malformed(http.StatusBadRequest, "body: %q is not a valid id", cut(id))
			}
			ids = append(ids, id)
		}
		ids = compactIDs(ids)
	} else if ids, err = c.idList("members", "memberIds"); err != nil {
		return reply{}, err
	}
	for _, id := range ids {
		if c.s.users.get(id) == nil {
			return reply{}, refuse(http.StatusNotFound, "user %s not found", id)
		}
	}
	if c.readings.MembersAdd {
		ids = compactIDs(append(slices.Clone(stored.Members), ids...))
	}
	if !slices.Equal(ids, stored.Members) {
		t := c.tx.team(stored.ID)
		t.Members, t.ModifiedByID = ids, c.actor.ID
	}
	return noContent, nil
}

// patchTeam is operation 28.
func (c *call) patchTeam() (reply, error) {
	stored, err := c.storedTeam()
	if err != nil {
		return reply{}, err
	}
	var in teamBody
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	t := c.tx.team(stored.ID)
	if err := c.overlay(t, in); err != nil {
		return reply{}, err
	}
	if c.readings.PatchEmptyBody {
		return reply{status: http.StatusOK}, nil
	}
	return c.showTeam(http.StatusOK, t), nil
}

// deleteTeam is operation 29. No 404 is documented for it.
func (c *call) deleteTeam() (reply, error) {
	t := c.s.teams.get(c.params[0])
	if t == nil {
		return reply{}, refuse(http.StatusBadRequest, "team not found")
	}
	c.eraseTeam(t, t.ParentID)
	return noContent, nil
}

// eraseTeam removes a team and what is the team's alone. Its sub-teams go up to heir, or go too.
func (c *call) eraseTeam(t *team, heir string) {
	c.tx.remove(t.ID)
	for _, id := range c.s.childrenOf[t.ID] {
		if c.readings.SubTeamsGo {
			c.eraseTeam(c.s.teams.get(id), heir)
			continue
		}
		child := c.tx.team(id)
		child.ParentID, child.ModifiedByID = heir, c.actor.ID
	}
	c.eraseOwned(t.ID)
}

// gone answers when there is nothing to remove.
func (c *call) nothingToRemove(what string) (reply, error) {
	if c.readings.UnsetIsGone {
		return noContent, nil
	}
	return reply{}, refuse(http.StatusNotFound, "the team has no such %s", what)
}

// removeManager is operation 30.
func (c *call) removeManager() (reply, error) {
	stored, err := c.storedTeam()
	if err != nil {
		return reply{}, err
	}
	if stored.Manager == "" {
		return c.nothingToRemove("manager")
	}
	t := c.tx.team(stored.ID)
	t.Manager, t.ModifiedByID = "", c.actor.ID
	return noContent, nil
}

// removeMember is operation 31.
func (c *call) removeMember() (reply, error) {
	stored, err := c.storedTeam()
	if err != nil {
		return reply{}, err
	}
	if !slices.Contains(stored.Members, c.params[1]) {
		return c.nothingToRemove("member")
	}
	t := c.tx.team(stored.ID)
	t.Members = slices.DeleteFunc(t.Members, func(m string) bool { return m == c.params[1] })
	t.ModifiedByID = c.actor.ID
	return noContent, nil
}
