package gtmhub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ObjectivesService changes objectives (the API calls them goals). No call that reads one is among the documented ones.
type ObjectivesService service

// Objective is an objective as the API answers it.
type Objective struct {
	ID             ID         `json:"id"`
	Name           string     `json:"name"`
	Description    string     `json:"description"`
	OwnerID        ID         `json:"ownerId"`
	OwnerIDs       []ID       `json:"ownerIds"`
	ParentID       ID         `json:"parentId"`
	SessionID      ID         `json:"sessionId"`
	Private        bool       `json:"private"`
	Locked         bool       `json:"locked"`
	Attainment     float64    `json:"attainment"`
	AttainmentType string     `json:"attainmentTypeString"`
	URL            string     `json:"url"`
	Assignees      []Assignee `json:"assignees"`
	// Dates are UTC and zero when not set.
	DateCreated time.Time   `json:"dateCreated"`
	DateFrom    time.Time   `json:"dateFrom"`
	DateTo      time.Time   `json:"dateTo"`
	KeyResults  []KeyResult `json:"metrics"`
	// Raw is the whole record as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads an objective tolerantly and keeps Raw. One without a usable id is an error.
func (o *Objective) UnmarshalJSON(data []byte) error {
	type plain Objective
	*o = Objective{}
	w := struct {
		*plain
		OwnerIDs    idList          `json:"ownerIds"`
		Assignees   list[Assignee]  `json:"assignees"`
		DateCreated date            `json:"dateCreated"`
		DateFrom    date            `json:"dateFrom"`
		DateTo      date            `json:"dateTo"`
		KeyResults  list[KeyResult] `json:"metrics"`
	}{plain: (*plain)(o)}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	o.OwnerIDs, o.Assignees, o.KeyResults = w.OwnerIDs, w.Assignees, w.KeyResults
	o.DateCreated, o.DateFrom, o.DateTo = time.Time(w.DateCreated), time.Time(w.DateFrom), time.Time(w.DateTo)
	o.Raw = bytes.Clone(data)
	return recordID("objective", o.ID)
}

// StoredObjective is an objective in the API's storage form, which operation 37 answers. It differs from Objective in
// type and name of many fields; what both have in common and the portal needs is typed, the rest is in Raw.
type StoredObjective struct {
	ID             ID      `json:"id"`
	Name           string  `json:"name"`
	Description    string  `json:"description"`
	OwnerID        ID      `json:"ownerId"`
	OwnerIDs       []ID    `json:"ownerIds"`
	SessionID      ID      `json:"sessionId"`
	Attainment     float64 `json:"attainment"`
	AttainmentType float64 `json:"attainmentType"`
	IsDeleted      bool    `json:"isDeleted"`
	// Raw is the whole record as it came.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the storage form tolerantly and keeps Raw. One without a usable id is an error.
func (o *StoredObjective) UnmarshalJSON(data []byte) error {
	type plain StoredObjective
	*o = StoredObjective{}
	w := struct {
		*plain
		OwnerIDs idList `json:"ownerIds"`
	}{plain: (*plain)(o)}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	o.OwnerIDs = w.OwnerIDs
	o.Raw = bytes.Clone(data)
	return recordID("objective", o.ID)
}

// ObjectiveUpdate is the body of operation 36: nil fields are left out. Whether the API keeps what is left out is not
// documented, so send what is known.
type ObjectiveUpdate struct {
	Name           *string `json:"name,omitempty"`
	Description    *string `json:"description,omitempty"`
	OwnerID        *ID     `json:"ownerId,omitempty"`
	OwnerIDs       []ID    `json:"ownerIds,omitempty"`
	ParentID       *ID     `json:"parentId,omitempty"`
	SessionID      *ID     `json:"sessionId,omitempty"`
	Private        *bool   `json:"private,omitempty"`
	AttainmentType *string `json:"attainmentTypeString,omitempty"`
	// CustomFields goes out as an object, as real clients send it (docs/gtmhub-readings.md U23). Leave it nil when nothing changes.
	CustomFields map[string]json.RawMessage `json:"customFields,omitempty"`
	Links        json.RawMessage            `json:"links,omitempty"`
}

// Update changes an objective.
//
// Permission: ManageGoals (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrLocked, ErrUnavailable, ErrUnknownOutcome. Source: deprecated endpoints document.
//
// Deprecated: the documents say to use PATCH on the objective, which they do not describe. Use this.
//
//gtmhub:operation PUT /goals/{goalId} v1 #36
func (s *ObjectivesService) Update(ctx context.Context, id ID, update ObjectiveUpdate) (*Objective, error) {
	if data, err := json.Marshal(update); err != nil || string(data) == "{}" {
		return nil, opObjectivesUpdate.refused(ErrInvalid, errors.New("nothing to change"))
	}
	var o Objective
	err := s.client.do(ctx, request{op: opObjectivesUpdate, values: []string{string(id)}, body: update}, func(body []byte) error {
		if err := decodeJSON(body, &o); err != nil {
			return err
		}
		return sameID(o.ID, id)
	})
	if err != nil {
		return nil, err
	}
	return &o, nil
}

// Confidence is how sure the owner is that the objective will be met.
type Confidence struct {
	Reason string `json:"reason"`
	// Value is a fraction, 0 to 1.
	Value float64 `json:"value"`
}

// SetConfidence sets an objective's confidence.
//
// Permission: ManageGoals (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrUnavailable, ErrUnknownOutcome. Source: deprecated endpoints document; that values are fractions is seen in clients.
//
// Deprecated: the documents say that confidence lives on key results; use PATCH on the key result, which they do not describe.
//
//gtmhub:operation PUT /goals/{goalId}/confidence v1 #37
func (s *ObjectivesService) SetConfidence(ctx context.Context, id ID, c Confidence) (*StoredObjective, error) {
	if c.Value != c.Value || c.Value < 0 || c.Value > 1 {
		return nil, opObjectivesConfidence.refused(ErrInvalid, errors.New("confidence is a fraction from 0 to 1"))
	}
	var o StoredObjective
	err := s.client.do(ctx, request{op: opObjectivesConfidence, values: []string{string(id)}, body: c}, func(body []byte) error {
		if err := decodeJSON(body, &o); err != nil {
			return err
		}
		return sameID(o.ID, id)
	})
	if err != nil {
		return nil, err
	}
	return &o, nil
}
