package gtmhub

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// KeyResultsService reads key results (the API calls them metrics).
type KeyResultsService service

// KeyResult is a measurable result of an objective. The documents' sample has no id, so ID may be empty.
type KeyResult struct {
	ID              ID      `json:"id"`
	Name            string  `json:"name"`
	Description     string  `json:"description"`
	Actual          float64 `json:"actual"`
	Target          float64 `json:"target"`
	InitialValue    float64 `json:"initialValue"`
	Attainment      float64 `json:"attainment"`
	GoalID          ID      `json:"goalId"`
	GoalName        string  `json:"goalName"`
	GoalDescription string  `json:"goalDescription"`
	GoalOwnerID     ID      `json:"goalOwnerId"`
	GoalOwnerIDs    []ID    `json:"goalOwnerIds"`
	OwnerID         ID      `json:"ownerId"`
	OwnerIDs        []ID    `json:"ownerIds"`
	SessionID       ID      `json:"sessionId"`
	Private         bool    `json:"private"`
	URL             string  `json:"url"`
	// DueDate and SoftDueDate are UTC and zero when not set.
	DueDate     time.Time  `json:"dueDate"`
	SoftDueDate time.Time  `json:"softDueDate"`
	Assignees   []Assignee `json:"assignees"`
	// Raw is the whole record as it came.
	Raw json.RawMessage `json:"-"`
}

// Assignee is a user or a team that owns something.
type Assignee struct {
	ID    ID     `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
	// Type is "user" or "team".
	Type string `json:"type"`
	// IsActive is false when the answer does not say.
	IsActive bool `json:"isActive"`
}

// UnmarshalJSON reads a key result tolerantly and keeps Raw.
func (k *KeyResult) UnmarshalJSON(data []byte) error {
	type plain KeyResult
	*k = KeyResult{}
	w := struct {
		*plain
		GoalOwnerIDs idList         `json:"goalOwnerIds"`
		OwnerIDs     idList         `json:"ownerIds"`
		DueDate      date           `json:"dueDate"`
		SoftDueDate  date           `json:"softDueDate"`
		Assignees    list[Assignee] `json:"assignees"`
	}{plain: (*plain)(k)}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	k.GoalOwnerIDs, k.OwnerIDs, k.Assignees = w.GoalOwnerIDs, w.OwnerIDs, w.Assignees
	k.DueDate, k.SoftDueDate = time.Time(w.DueDate), time.Time(w.SoftDueDate)
	k.Raw = bytes.Clone(data)
	return nil
}

// ListByOwner answers the key results that a user or a team owns; paging is not documented. They also tell which
// objectives the owner has a part in: no call that lists objectives is documented.
//
// Permission: AccessGoals (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable. Source: deprecated endpoints document.
//
// Deprecated: the documents say to use key results filtered by ownerIds, which they do not describe. Use this.
//
//gtmhub:operation GET /metrics/owner/{ownerId} v1 #34
func (s *KeyResultsService) ListByOwner(ctx context.Context, owner ID, formatting Formatting) (*Page[KeyResult], error) {
	q := url.Values{}
	if err := formatting.addTo(q); err != nil {
		return nil, opKeyResultsByOwner.refused(ErrInvalid, err)
	}
	return getPage[KeyResult](ctx, s.client, request{op: opKeyResultsByOwner, values: []string{string(owner)}, query: q})
}
