package gtmhub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"time"
)

// TeamsService reads and changes teams. Their members are [TeamMembersService].
type TeamsService service

// Team is a team of the account. Teams form a tree through ParentID.
type Team struct {
	ID          ID     `json:"id"`
	ParentID    ID     `json:"parentId"`
	Manager     ID     `json:"manager"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Avatar      string `json:"avatar"`
	Color       string `json:"color"`
	// Members are the truth about who is in the team. Whether the manager is among them is up to the account.
	Members []ID `json:"members"`
	// IsActive is true when the answer does not say (docs/gtmhub-readings.md U6).
	IsActive bool `json:"isActive"`
	// External is set on a team that another system manages, so edits here may be overwritten.
	External    *ExternalTeamMapping `json:"ExternalTeamMapping"`
	DateCreated time.Time            `json:"dateCreated"`
	// Raw is the whole record as it came, with fields that this package does not know.
	Raw json.RawMessage `json:"-"`
}

// ExternalTeamMapping names a team in the system that manages it. The API writes its keys with capitals.
type ExternalTeamMapping struct {
	ExternalID     string `json:"ExternalId"`
	ExternalSystem string `json:"ExternalSystem"`
}

// UnmarshalJSON reads a team tolerantly and keeps Raw. A team without a usable id is an error.
func (t *Team) UnmarshalJSON(data []byte) error {
	type plain Team
	*t = Team{}
	w := struct {
		*plain
		Members     idList `json:"members"`
		IsActive    flag   `json:"isActive"`
		DateCreated date   `json:"dateCreated"`
	}{plain: (*plain)(t), IsActive: true}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	t.Members, t.IsActive, t.DateCreated = w.Members, bool(w.IsActive), time.Time(w.DateCreated)
	if t.External != nil && *t.External == (ExternalTeamMapping{}) {
		t.External = nil
	}
	t.Raw = bytes.Clone(data)
	return recordID("team", t.ID)
}

// MarshalJSON writes the team over Raw, so that unknown fields survive.
func (t Team) MarshalJSON() ([]byte, error) {
	fields := map[string]any{
		"id": t.ID, "parentId": t.ParentID, "manager": t.Manager, "name": t.Name, "description": t.Description,
		"avatar": t.Avatar, "color": t.Color, "members": orEmpty(t.Members), "isActive": t.IsActive, "dateCreated": t.DateCreated,
	}
	if t.External != nil {
		fields["ExternalTeamMapping"] = t.External
	}
	return overlay(t.Raw, fields)
}

// TeamListOptions choose teams. The zero value means: all teams, oldest first, whole records, first page.
type TeamListOptions struct {
	Filter Filter[TeamField]
	Sort   []Order[TeamField]
	// Fields to ask for; none means the whole record. The id is always asked for.
	Fields []TeamField
	// Skip and Limit are as in UserListOptions.
	Skip, Limit int
	Formatting  Formatting
}

// List answers one page of teams.
//
// Permission: reading people (AccessPeople, assumed). Errors: none are documented; ErrInvalid, ErrUnauthorized,
// ErrForbidden, ErrUnavailable. Source: teams endpoints document; the shape of the answer is assumed (docs/gtmhub-readings.md U10).
//
//gtmhub:operation GET /teams v2 #20
func (s *TeamsService) List(ctx context.Context, o TeamListOptions) (*Page[Team], error) {
	q, err := listQuery(o.Filter, o.Sort, o.Fields, o.Skip, o.Limit, o.Formatting)
	if err != nil {
		return nil, opTeamsList.refused(ErrInvalid, err)
	}
	return getPage[Team](ctx, s.client, request{op: opTeamsList, query: q})
}

// All walks all teams that match, page by page, each once. It ends at the first error, which is the last pair.
func (s *TeamsService) All(ctx context.Context, o TeamListOptions) iter.Seq2[Team, error] {
	return pages(ctx, opTeamsList, o.Skip, func(t Team) ID { return t.ID }, func(ctx context.Context, skip int) (*Page[Team], error) {
		o.Skip = skip
		return s.List(ctx, o)
	})
}

// Get answers one team with the whole record.
//
// Permission: reading people (AccessPeople, assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired,
// ErrForbidden, ErrNotFound, ErrUnavailable. Source: teams endpoints document.
//
//gtmhub:operation GET /teams/{teamId} v1 #21
func (s *TeamsService) Get(ctx context.Context, id ID) (*Team, error) {
	return s.one(ctx, request{op: opTeamsGet, values: []string{string(id)}}, id)
}

// one reads a team that must have the id, or any if it is empty.
func (s *TeamsService) one(ctx context.Context, r request, id ID) (*Team, error) {
	var t Team
	err := s.client.do(ctx, r, func(body []byte) error {
		if err := decodeJSON(body, &t); err != nil {
			return err
		}
		return sameID(t.ID, or(id, t.ID))
	})
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// FindByIDs answers the teams with these ids, a hundred ids a call. Ids that do not exist are left out; order is not kept.
//
// It calls [TeamsService.List].
func (s *TeamsService) FindByIDs(ctx context.Context, ids []ID) ([]Team, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if err := checkIDs(ids); err != nil {
		return nil, opTeamsList.refused(ErrInvalid, err)
	}
	return findIn(uniqueIDs(ids), func(part []ID) ([]Team, error) {
		keep := func(t Team) bool { return slices.Contains(part, t.ID) }
		return findFiltered(keep, func(filtered bool) iter.Seq2[Team, error] {
			var o TeamListOptions
			if filtered {
				o.Filter = In(TeamID, part...)
			}
			return s.All(ctx, o)
		})
	}, func(t Team) ID { return t.ID })
}

// NewTeam is a team to create. Only Name is required; other fields are left out when empty.
type NewTeam struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	ParentID    ID     `json:"parentId,omitempty"`
	Manager     ID     `json:"manager,omitempty"`
	Members     []ID   `json:"members,omitempty"`
	Avatar      string `json:"avatar,omitempty"`
	Color       string `json:"color,omitempty"`
}

// Create creates a team.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document; which fields are required is assumed.
//
//gtmhub:operation POST /teams v1 #22
func (s *TeamsService) Create(ctx context.Context, team NewTeam) (*Team, error) {
	if team.Name == "" {
		return nil, opTeamsCreate.refused(ErrInvalid, errors.New("a team needs a name"))
	}
	return s.one(ctx, request{op: opTeamsCreate, body: team}, "")
}

// TeamPatch is a change to a team: nil fields stay as they are. An ID of "" takes the parent or the manager away. Members
// is the whole new list.
type TeamPatch struct {
	Name        *string `json:"name,omitempty"`
	Description *string `json:"description,omitempty"`
	ParentID    *ID     `json:"parentId,omitempty"`
	Manager     *ID     `json:"manager,omitempty"`
	Members     *[]ID   `json:"members,omitempty"`
	Avatar      *string `json:"avatar,omitempty"`
	Color       *string `json:"color,omitempty"`
}

func (p TeamPatch) check() error {
	if p == (TeamPatch{}) {
		return errors.New("nothing to change")
	}
	if p.Name != nil && *p.Name == "" {
		return errors.New("a team needs a name")
	}
	return nil
}

// Patch changes only the fields that are set. Avatar and colour stay. The answer is not documented: read the team again.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document.
//
//gtmhub:operation PATCH /teams/{teamId} v1 #28
func (s *TeamsService) Patch(ctx context.Context, id ID, patch TeamPatch) error {
	if err := patch.check(); err != nil {
		return opTeamsPatch.refused(ErrInvalid, err)
	}
	if patch.Members != nil {
		members := orEmpty(*patch.Members)
		patch.Members = &members
	}
	return s.client.do(ctx, request{op: opTeamsPatch, values: []string{string(id)}, body: patch}, acceptAny)
}

// Replace changes a team through the whole record: it reads the team, lays the patch over it and writes all of it back,
// for the API resets avatar, colour and perhaps more when they are left out (docs/gtmhub-readings.md U11). Fields that this package
// does not know are written back as they came. Prefer Patch.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrUnavailable; ErrNotSent if the reading failed, else ErrUnknownOutcome. Source: teams endpoints document.
//
//gtmhub:operation PUT /teams/{teamId} v1 #25
func (s *TeamsService) Replace(ctx context.Context, id ID, patch TeamPatch) (*Team, error) {
	if err := patch.check(); err != nil {
		return nil, opTeamsReplace.refused(ErrInvalid, err)
	}
	old, err := s.Get(ctx, id)
	if err != nil {
		return nil, asNotSent(err)
	}
	body, err := patch.over(*old)
	if err != nil {
		return nil, opTeamsReplace.refused(ErrInvalid, err)
	}
	return s.one(ctx, request{op: opTeamsReplace, values: []string{string(id)}, body: body}, id)
}

// over lays the patch over the record as it was read. References that came as objects go back as ids.
func (p TeamPatch) over(t Team) (json.RawMessage, error) {
	set(&t.Name, p.Name)
	set(&t.Description, p.Description)
	set(&t.ParentID, p.ParentID)
	set(&t.Manager, p.Manager)
	set(&t.Members, p.Members)
	set(&t.Avatar, p.Avatar)
	set(&t.Color, p.Color)
	fields := map[string]any{
		"name": t.Name, "description": t.Description, "parentId": t.ParentID, "manager": t.Manager,
		"members": orEmpty(t.Members), "avatar": t.Avatar, "color": t.Color,
	}
	return overlay(t.Raw, fields)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// Activate makes teams active again. If nothing had to change (304), that is success.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document; the body is assumed (docs/gtmhub-readings.md U4).
//
//gtmhub:operation POST /teams/activate v1 #23
func (s *TeamsService) Activate(ctx context.Context, ids []ID) (*BulkResult, error) {
	return s.client.bulk(ctx, opTeamsActivate, ids)
}

// Deactivate makes teams inactive. If nothing had to change (304), that is success.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document; the body is assumed (docs/gtmhub-readings.md U4).
//
//gtmhub:operation POST /teams/deactivate v1 #24
func (s *TeamsService) Deactivate(ctx context.Context, ids []ID) (*BulkResult, error) {
	return s.client.bulk(ctx, opTeamsDeactivate, ids)
}

// Delete deletes a team. What becomes of its sub-teams is not documented.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document.
//
//gtmhub:operation DELETE /teams/{teamId} v1 #29
func (s *TeamsService) Delete(ctx context.Context, id ID) error {
	return s.client.do(ctx, request{op: opTeamsDelete, values: []string{string(id)}}, acceptAny)
}

// SetManager makes a user the manager of a team. Whether that also makes the user a member is not documented. If the API
// answers 400 to the assumed body, the manager is set with Patch.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document; the body is assumed (docs/gtmhub-readings.md U5).
//
//gtmhub:operation PUT /teams/{teamId}/manager v1 #26
func (s *TeamsService) SetManager(ctx context.Context, team, user ID) error {
	if err := checkIDs([]ID{user}); err != nil {
		return opTeamsSetManager.refused(ErrInvalid, err)
	}
	body := map[string]ID{"manager": user}
	err := s.client.do(ctx, request{op: opTeamsSetManager, values: []string{string(team)}, body: body}, acceptAny)
	if e, ok := errors.AsType[*APIError](err); ok && e.Status == 400 {
		return s.Patch(ctx, team, TeamPatch{Manager: &user})
	}
	return err
}

// RemoveManager leaves a team without a manager. A team that has none, or is gone (404), is success.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document; 404 is read as "gone" (docs/gtmhub-readings.md U16).
//
//gtmhub:operation DELETE /teams/{teamId}/manager v1 #30
func (s *TeamsService) RemoveManager(ctx context.Context, team ID) error {
	return gone(s.client.do(ctx, request{op: opTeamsRemoveManager, values: []string{string(team)}}, acceptAny))
}

// gone takes "not found" for a removal that is already done.
func gone(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
