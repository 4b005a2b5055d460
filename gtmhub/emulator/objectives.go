package emulator

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
)

// noDate is how the API shows a date of objectives that is not set: Go's zero time.
const noDate = "0001-01-01T00:00:00Z"

// goal is an objective as it is stored.
type goal struct {
	base
	Name           string          `json:"name"`
	Description    string          `json:"description"`
	OwnerIDs       []string        `json:"ownerIds"`
	ParentID       string          `json:"parentId,omitempty"`
	SessionID      string          `json:"sessionId"`
	Private        bool            `json:"private,omitempty"`
	Locked         bool            `json:"locked,omitempty"`
	AttainmentType string          `json:"attainmentTypeString"`
	CustomFields   json.RawMessage `json:"customFields,omitempty"`
	Confidence     *confidence     `json:"confidence,omitempty"`
	DateCreated    string          `json:"dateCreated"`
	CreatedByID    string          `json:"createdById"`
	ModifiedByID   string          `json:"modifiedById,omitempty"`
}

type confidence struct {
	Value  float64 `json:"value"`
	Reason string  `json:"reason"`
}

func (g *goal) clone() *goal {
	c := *g
	c.OwnerIDs = slices.Clone(g.OwnerIDs)
	return &c
}

// metric is a key result as it is stored.
type metric struct {
	base
	GoalID      string   `json:"goalId"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	OwnerIDs    []string `json:"ownerIds"`
	Initial     float64  `json:"initialValue"`
	Target      float64  `json:"target"`
	Actual      float64  `json:"actual"`
	DateCreated string   `json:"dateCreated"`
	DueDate     string   `json:"dueDate,omitempty"`
}

// attainment is the part of the way from the initial value to the target, 0 to 1.
func (m *metric) attainment() float64 {
	if m.Target == m.Initial {
		return 0
	}
	return round(min(1, max(0, (m.Actual-m.Initial)/(m.Target-m.Initial))))
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }

func (s *state) metricsFor(goalID string) []*metric {
	all := make([]*metric, 0, 4)
	for _, id := range s.metricsOfGoal[goalID] {
		all = append(all, s.metrics.get(id))
	}
	return all
}

func (s *state) attainment(goalID string) float64 {
	all := s.metricsFor(goalID)
	if len(all) == 0 {
		return 0
	}
	sum := 0.0
	for _, m := range all {
		sum += m.attainment()
	}
	return round(sum / float64(len(all)))
}

// session is the one planning period, to which everything that is made up belongs.
func (v *view) session(raw bool) doc {
	id := derivedID("session ", v.s.account.ID)
	permissions := "ownerPermissions"
	if raw {
		permissions = "owner_permissions"
	}
	return doc{
		{"accountId", v.s.account.ID}, {"end", "2026-12-31T23:59:59.000Z"}, {"id", id}, {"inherits", true},
		{permissions, doc{{"grant", grant()}}}, {"parentId", ""}, {"permissions", []doc{}}, {"start", "2026-10-01T00:00:00.000Z"},
		{"status", "in_progress"}, {"title", "Q4 2026"},
	}
}

func grant() doc { return doc{{"Subtype", 0}} }

func (v *view) access() doc {
	return doc{{"inherits", true}, {"ownerPermissions", doc{{"grant", grant()}}}, {"permissions", []doc{}}}
}

// assignee shows an owner: a user or a team. Owners that are gone keep their id.
func (v *view) assignee(id string) doc {
	d := func(kind, name, email, avatar, color string, active bool) doc {
		return doc{
			{"accountId", v.s.account.ID}, {"avatar", avatar}, {"color", color}, {"dynamicValueType", ""}, {"email", email}, {"id", id},
			{"isActive", active}, {"name", name}, {"picture", ""}, {"tags", []doc{}}, {"type", kind},
		}
	}
	if u := v.s.users.get(id); u != nil {
		return d("user", u.name(), u.Email, "", "", u.IsActive)
	}
	if t := v.s.teams.get(id); t != nil {
		return d("team", t.Name, "", t.Avatar, t.Color, t.IsActive)
	}
	return d("user", "", "", "", "", false)
}

func (v *view) assignees(ids []string) []doc {
	all := make([]doc, len(ids))
	for i, id := range ids {
		all[i] = v.assignee(id)
	}
	return all
}

func first(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

func (v *view) url(kind, id string) string {
	return "https://" + v.s.account.Domain + "/" + kind + "/" + id
}

// showMetric is an item of metricsResponse; g is its objective, nil if that is gone.
func (v *view) showMetric(m *metric, g *goal) doc {
	goalName, goalDescription, sessionID, private := "", "", "", false
	goalOwners := []string{}
	if g != nil {
		goalName, goalDescription, sessionID, private, goalOwners = g.Name, v.text(g.Description), g.SessionID, g.Private, g.OwnerIDs
	}
	return doc{
		{"access", nil}, {"accountId", v.s.account.ID}, {"actual", m.Actual}, {"assignee", v.assignee(first(m.OwnerIDs))},
		{"assignees", v.assignees(m.OwnerIDs)}, {"attainment", m.attainment()}, {"cascadeType", "absolute_value"}, {"createdById", first(m.OwnerIDs)},
		{"critical", nil}, {"dateCreated", m.DateCreated}, {"description", v.text(m.Description)}, {"dueDate", or(m.DueDate, noDate)},
		{"dynamic", false}, {"fieldName", ""}, {"format", doc{{"ID", ""}, {"fractionSize", 0}, {"prefix", ""}, {"suffix", ""}}},
		{"goalAttainment", v.s.attainment(m.GoalID)}, {"goalClosedStatus", doc{{"status", "open"}}}, {"goalDescription", goalDescription},
		{"goalId", m.GoalID}, {"goalName", goalName}, {"goalOwnerId", first(goalOwners)}, {"goalOwnerIds", goalOwners}, {"id", m.ID},
		{"initialValue", m.Initial}, {"insightName", ""}, {"links", emptyLinks()}, {"manualType", "double"}, {"metricHistory", []doc{}},
		{"name", m.Name}, {"numberOfOwners", len(m.OwnerIDs)}, {"obfuscated", false}, {"orderId", 0}, {"ownerId", first(m.OwnerIDs)},
		{"ownerIds", m.OwnerIDs}, {"private", private}, {"progressStatus", progress(m.attainment())},
		{"reminderSchedule", doc{{"active", false}, {"day", "friday"}, {"email", true}, {"type", "weekly"}}}, {"sessionId", sessionID},
		{"settings", []doc{}}, {"softDueDate", noDate}, {"sourceMetricId", ""}, {"target", m.Target}, {"targetMetrics", emptyObject},
		{"targetOperator", "at_least"}, {"tasksCount", 0}, {"trend", []doc{}}, {"url", v.url("metrics", m.ID)},
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func progress(attainment float64) string {
	switch {
	case attainment < 0.3:
		return "bad"
	case attainment < 0.7:
		return "ok"
	default:
		return "good"
	}
}

func emptyLinks() doc {
	return doc{{"expanded", doc{{"goals", []doc{}}, {"metrics", []doc{}}, {"sessions", []doc{}}}}}
}

// ownerMetrics is operation 34. An unknown owner has none; no 404 is documented.
func (c *call) ownerMetrics() (reply, error) {
	ids := c.s.metricsOf[c.params[0]]
	items := make([]doc, len(ids))
	for i, id := range ids {
		m := c.s.metrics.get(id)
		items[i] = c.view.showMetric(m, c.s.goals.get(m.GoalID))
	}
	return envelope(items, len(items)), nil
}

// updateGoal is operation 36. Fields that are left out stay as they are; the documents do not say. A locked objective
// answers 423.
func (c *call) updateGoal() (reply, error) {
	stored := c.s.goals.get(c.params[0])
	if stored == nil {
		return reply{}, refuse(http.StatusNotFound, "objective not found")
	}
	var in struct {
		AttainmentType *string         `json:"attainmentTypeString"`
		CustomFields   json.RawMessage `json:"customFields"`
		Description    *string         `json:"description"`
		Links          json.RawMessage `json:"links"`
		Name           *string         `json:"name"`
		OwnerID        *string         `json:"ownerId"`
		OwnerIDs       json.RawMessage `json:"ownerIds"`
		ParentID       *string         `json:"parentId"`
		Private        *bool           `json:"private"`
		SessionID      *string         `json:"sessionId"`
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if stored.Locked {
		return reply{}, refuse(http.StatusLocked, "the objective is locked")
	}
	g := c.tx.goal(stored.ID)
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&g.AttainmentType, in.AttainmentType)
	set(&g.Description, in.Description)
	set(&g.Name, in.Name)
	set(&g.ParentID, in.ParentID)
	set(&g.SessionID, in.SessionID)
	if in.Private != nil {
		g.Private = *in.Private
	}
	if len(in.CustomFields) > 0 && string(in.CustomFields) != "null" {
		g.CustomFields = in.CustomFields
	}
	if strings.TrimSpace(g.Name) == "" {
		return reply{}, refuse(http.StatusBadRequest, "name is required")
	}
	if g.ParentID != "" && (g.ParentID == g.ID || c.s.goals.get(g.ParentID) == nil) {
		return reply{}, refuse(http.StatusBadRequest, "parentId: objective not found")
	}
	// The documents print ownerIds as {}; in real data it is a list. An object says nothing and is passed over.
	var owners []string
	if json.Unmarshal(in.OwnerIDs, &owners) != nil && in.OwnerIDs != nil && in.OwnerIDs[0] != '{' {
		return reply{}, malformed(http.StatusBadRequest, "body: ownerIds is not a list of ids")
	}
	if len(owners) == 0 && in.OwnerID != nil && *in.OwnerID != "" {
		owners = []string{*in.OwnerID}
	}
	for _, id := range owners {
		if !c.mayOwn(id) && !slices.Contains(stored.OwnerIDs, id) {
			return reply{}, refuse(http.StatusBadRequest, "owner %q is not an active user or team", cut(id))
		}
	}
	if len(owners) > 0 {
		g.OwnerIDs = compactIDs(owners)
	}
	g.ModifiedByID = c.actor.ID
	return reply{status: http.StatusOK, body: c.view.showGoal(g)}, nil
}

// mayOwn says whether a record can become an owner: an active user or team.
func (c *call) mayOwn(id string) bool {
	if u := c.s.users.get(id); u != nil {
		return u.IsActive
	}
	t := c.s.teams.get(id)
	return t != nil && t.IsActive
}

// showGoal is goalMetricsLinksResponse.
func (v *view) showGoal(g *goal) doc {
	metrics := v.s.metricsFor(g.ID)
	shown := make([]doc, len(metrics))
	for i, m := range metrics {
		shown[i] = v.showMetric(m, g)
	}
	attainment := v.s.attainment(g.ID)
	parentType := ""
	if g.ParentID != "" {
		parentType = "goal"
	}
	d := doc{
		{"access", v.access()}, {"accountId", v.s.account.ID}, {"aggregatedAttainment", attainment}, {"assignee", v.assignee(first(g.OwnerIDs))},
		{"assignees", v.assignees(g.OwnerIDs)}, {"attainment", attainment}, {"attainmentTypeString", g.AttainmentType},
		{"childrenAggregatedAttainment", 0}, {"childrenCount", 0}, {"closedStatus", doc{{"reason", ""}, {"status", "open"}}},
		{"createdById", g.CreatedByID}, {"currentUserAllowedActions", []string{"read", "modify"}}, {"dateCreated", g.DateCreated},
		{"dateFrom", "2026-10-01T00:00:00.000Z"}, {"dateTo", "2026-12-31T23:59:59.000Z"}, {"description", v.text(g.Description)},
		{"designScore", doc{{"policies", []doc{}}, {"totalPoints", 0}}}, {"duration", 92}, {"fullAggregatedAttainment", attainment},
		{"fullSubTreeCount", 0}, {"id", g.ID}, {"lastCalculated", noDate},
		{"links", doc{{"expanded", doc{{"goals", []doc{}}, {"metrics", []doc{}}, {"sessions", []doc{v.session(false)}}}}}},
		{"locked", g.Locked}, {"metrics", shown}, {"metricsCount", len(metrics)}, {"modifiedById", g.ModifiedByID}, {"name", g.Name},
		{"nonArchivedTasksCount", 0}, {"numberOfOwners", len(g.OwnerIDs)}, {"obfuscated", false}, {"orderId", 0}, {"ownerId", first(g.OwnerIDs)},
		{"ownerIds", g.OwnerIDs}, {"parentGoalSessionId", ""}, {"parentId", g.ParentID}, {"parentType", parentType}, {"private", g.Private},
		{"sessionId", g.SessionID}, {"subTreeCount", 0}, {"tags", []doc{}}, {"tasks", []doc{}}, {"tasksCount", 0}, {"url", v.url("goals", g.ID)},
		{"watchers", []string{}}, {"workflow", doc{{"approvedAt", noDate}, {"reviewers", []string{}}, {"reviewersNeeded", 0}, {"status", "none"}}},
	}
	if len(g.CustomFields) > 0 {
		d = append(d, pair{"customFields", g.CustomFields})
	}
	return d
}

// setConfidence is operation 37. It answers with the raw storage model, which differs from that of operation 36.
func (c *call) setConfidence() (reply, error) {
	if c.s.goals.get(c.params[0]) == nil {
		return reply{}, refuse(http.StatusNotFound, "objective not found")
	}
	var in struct {
		Reason string   `json:"reason"`
		Value  *float64 `json:"value"`
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if in.Value == nil || *in.Value < 0 || *in.Value > 100 {
		return reply{}, refuse(http.StatusBadRequest, "value is required, from 0")
	}
	g := c.tx.goal(c.params[0])
	g.Confidence, g.ModifiedByID = &confidence{Value: *in.Value, Reason: in.Reason}, c.actor.ID
	return reply{status: http.StatusOK, body: c.view.rawGoal(g)}, nil
}

// rawGoal is the storage model of an objective. The field confidence is ours: the documents show none.
func (v *view) rawGoal(g *goal) doc {
	attainment := v.s.attainment(g.ID)
	metrics := []doc{}
	for _, m := range v.s.metricsFor(g.ID) {
		metrics = append(metrics, doc{
			{"actual", m.Actual}, {"attainment", m.attainment()}, {"cascadeType", "absolute_value"}, {"createdById", first(m.OwnerIDs)},
			{"dateCreated", m.DateCreated}, {"description", m.Description}, {"goalId", g.ID}, {"id", m.ID}, {"inherits", true},
			{"initialValue", m.Initial}, {"isDeleted", false}, {"manualType", "double"}, {"name", m.Name}, {"ownerIds", m.OwnerIDs},
			{"target", m.Target}, {"targetOperator", "at_least"},
		})
	}
	return doc{
		{"accountId", v.s.account.ID}, {"aggregatedAttainment", attainment}, {"attainment", attainment}, {"attainmentType", 1},
		{"calculationStatus", 0}, {"childrenAggregatedAttainment", 0}, {"childrenCount", 0}, {"childrenKRAttainment", 0},
		{"closedStatus", doc{{"Reason", ""}, {"Status", 0}}},
		{"confidence", doc{{"reason", g.Confidence.Reason}, {"value", g.Confidence.Value}}},
		{"createdById", g.CreatedByID}, {"dateCreated", g.DateCreated}, {"dateFrom", "2026-10-01T00:00:00.000Z"},
		{"dateTo", "2026-12-31T23:59:59.000Z"}, {"deletedAt", noDate}, {"deletedById", ""}, {"deletionReason", 0}, {"description", g.Description},
		{"designScore", doc{{"policies", []doc{}}, {"totalPoints", 0}}}, {"duration", 92}, {"fullAggregatedAttainment", attainment},
		{"fullSubTreeCount", 0}, {"id", g.ID}, {"inherits", true}, {"isDeleted", false}, {"lastCalculated", noDate},
		{"links", doc{{"expanded", doc{{"goals", []doc{}}, {"metrics", metrics}, {"sessions", []doc{v.session(true)}}}}}},
		{"mentions", emptyObject}, {"metricsAttainment", attainment}, {"metricsCount", len(metrics)}, {"modifiedById", g.ModifiedByID},
		{"name", g.Name}, {"nonArchivedTasksCount", 0}, {"orderId", 0}, {"ownerIds", g.OwnerIDs},
		{"owner_permissions", doc{{"grant", grant()}}},
		{"parent", doc{{"goalId", g.ParentID}, {"metricGoalId", ""}, {"metricId", ""}, {"sessionId", ""}}}, {"permissions", []doc{}},
		{"private", g.Private}, {"sessionId", g.SessionID}, {"subTreeCount", 0}, {"tags", []doc{}}, {"tasksCount", 0}, {"watchers", []string{}},
		{"workflow", doc{{"ApprovedAt", noDate}, {"Reviewers", []doc{}}, {"ReviewersNeeded", 0}, {"Status", 0}}},
	}
}

// eraseOwned takes a deleted owner out of objectives and key results; those that nobody else owns go with the owner.
func (c *call) eraseOwned(owner string) {
	without := func(ids []string) []string {
		return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == owner })
	}
	for _, id := range c.s.metricsOf[owner] {
		if m := c.s.metrics.get(id); len(m.OwnerIDs) == 1 {
			c.tx.remove(id)
		} else {
			copied := *m
			copied.OwnerIDs = without(m.OwnerIDs)
			c.tx.rec.Metrics = append(c.tx.rec.Metrics, &copied)
		}
	}
	for _, id := range c.s.goalsOf[owner] {
		g := c.s.goals.get(id)
		if len(g.OwnerIDs) > 1 {
			changed := c.tx.goal(id)
			changed.OwnerIDs = without(changed.OwnerIDs)
			continue
		}
		c.tx.remove(id)
		for _, m := range c.s.metricsOfGoal[id] {
			c.tx.remove(m)
		}
	}
}
