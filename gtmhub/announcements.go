package gtmhub

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
)

// AnnouncementsService reads and writes announcements. The vendor switched the feature off in March 2022: a live account
// may answer ErrForbidden or ErrNotFound to all of it, which means "retired", not "broken".
type AnnouncementsService service

// Announcement is a message to the account.
type Announcement struct {
	ID                   ID                 `json:"id"`
	Type                 string             `json:"announcementType"`
	TargetID             ID                 `json:"announcementTargetId"`
	AuthorID             ID                 `json:"authorId"`
	Author               AnnouncementAuthor `json:"author"`
	Comment              string             `json:"comment"`
	DateCreated          time.Time          `json:"dateCreated"`
	NotificationStrategy string             `json:"notificationStrategy"`
	Notify               []string           `json:"notify"`
}

// AnnouncementAuthor is who wrote an announcement.
type AnnouncementAuthor struct {
	ID        ID     `json:"id"`
	Name      string `json:"name"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Email     string `json:"email"`
	Language  string `json:"language"`
}

// UnmarshalJSON reads an announcement. One without a usable id is an error.
func (a *Announcement) UnmarshalJSON(data []byte) error {
	type plain Announcement
	*a = Announcement{}
	w := struct {
		*plain
		DateCreated date         `json:"dateCreated"`
		Notify      list[string] `json:"notify"`
	}{plain: (*plain)(a)}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	a.DateCreated, a.Notify = time.Time(w.DateCreated), w.Notify
	return recordID("announcement", a.ID)
}

// AnnouncementField names a field to ask for. Only the constants are accepted.
type AnnouncementField string

// Fields of announcements.
const (
	AnnouncementID          AnnouncementField = "id"
	AnnouncementType        AnnouncementField = "announcementType"
	AnnouncementTargetID    AnnouncementField = "announcementTargetId"
	AnnouncementAuthorID    AnnouncementField = "authorId"
	AnnouncementComment     AnnouncementField = "comment"
	AnnouncementDateCreated AnnouncementField = "dateCreated"
)

var announcementFields = []AnnouncementField{
	AnnouncementID, AnnouncementType, AnnouncementTargetID, AnnouncementAuthorID, AnnouncementComment, AnnouncementDateCreated,
}

// AnnouncementListOptions say what comes back. The zero value means whole records.
type AnnouncementListOptions struct {
	// Fields to ask for; the id is always asked for.
	Fields     []AnnouncementField
	Formatting Formatting
}

// List answers all announcements; paging is not documented.
//
// Permission: none known. Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrUnavailable. Source:
// deprecated endpoints document.
//
// Deprecated: the feature is retired since 15 March 2022 and nothing replaces it. Use it only where an account still answers.
//
//gtmhub:operation GET /announcements v1 #32
func (s *AnnouncementsService) List(ctx context.Context, o AnnouncementListOptions) (*Page[Announcement], error) {
	q := url.Values{}
	if err := o.Formatting.addTo(q); err != nil {
		return nil, opAnnouncementsList.refused(ErrInvalid, err)
	}
	if len(o.Fields) > 0 {
		names := []string{"id"}
		for _, f := range o.Fields {
			if !slices.Contains(announcementFields, f) {
				return nil, opAnnouncementsList.refused(ErrInvalid, errors.New("fields: unknown field"))
			}
			if f != AnnouncementID {
				names = append(names, string(f))
			}
		}
		q.Set("fields", strings.Join(names, ","))
	}
	return getPage[Announcement](ctx, s.client, request{op: opAnnouncementsList, query: q})
}

// Get answers one announcement.
//
// Permission: none known. Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrUnavailable. Source: deprecated endpoints document.
//
// Deprecated: the feature is retired and nothing replaces it. Use it only where an account still answers.
//
//gtmhub:operation GET /announcements/{id} v1 #33
func (s *AnnouncementsService) Get(ctx context.Context, id ID, formatting Formatting) (*Announcement, error) {
	q := url.Values{}
	if err := formatting.addTo(q); err != nil {
		return nil, opAnnouncementsGet.refused(ErrInvalid, err)
	}
	return s.one(ctx, request{op: opAnnouncementsGet, values: []string{string(id)}, query: q}, id)
}

// one reads an announcement that must have the id, or any if it is empty.
func (s *AnnouncementsService) one(ctx context.Context, r request, id ID) (*Announcement, error) {
	var a Announcement
	err := s.client.do(ctx, r, func(body []byte) error {
		if err := decodeJSON(body, &a); err != nil {
			return err
		}
		return sameID(a.ID, or(id, a.ID))
	})
	if err != nil {
		return nil, err
	}
	return &a, nil
}

// NewAnnouncement is an announcement to write.
type NewAnnouncement struct {
	TargetID ID     `json:"announcementTargetId,omitempty"`
	Type     string `json:"announcementType,omitempty"`
	// AuthorID goes out as authorID, with the capital D that the documents have here and only here.
	AuthorID             ID       `json:"authorID,omitempty"`
	Comment              string   `json:"comment"`
	NotificationStrategy string   `json:"notificationStrategy,omitempty"`
	Notify               []string `json:"notify,omitempty"`
}

// Create writes an announcement. Comment is required.
//
// Permission: PostAnnouncement. Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrUnavailable,
// ErrUnknownOutcome. Source: deprecated endpoints document.
//
// Deprecated: the feature is retired and nothing replaces it. Use it only where an account still answers.
//
//gtmhub:operation POST /announcements v1 #35
func (s *AnnouncementsService) Create(ctx context.Context, a NewAnnouncement) (*Announcement, error) {
	if a.Comment == "" {
		return nil, opAnnouncementsCreate.refused(ErrInvalid, errors.New("an announcement needs a text"))
	}
	return s.one(ctx, request{op: opAnnouncementsCreate, body: a}, "")
}

// SetComment changes the text of an announcement.
//
// Permission: PostAnnouncement (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable, ErrUnknownOutcome. Source: deprecated endpoints document.
//
// Deprecated: the feature is retired and nothing replaces it. Use it only where an account still answers.
//
//gtmhub:operation PATCH /announcements/{id} v1 #38
func (s *AnnouncementsService) SetComment(ctx context.Context, id ID, comment string) (*Announcement, error) {
	if comment == "" {
		return nil, opAnnouncementsComment.refused(ErrInvalid, errors.New("an announcement needs a text"))
	}
	body := map[string]string{"comment": comment}
	return s.one(ctx, request{op: opAnnouncementsComment, values: []string{string(id)}, body: body}, id)
}

// Delete deletes an announcement.
//
// Permission: PostAnnouncement (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable, ErrUnknownOutcome. Source: deprecated endpoints document.
//
// Deprecated: the feature is retired and nothing replaces it. Use it only where an account still answers.
//
//gtmhub:operation DELETE /announcements/{id} v1 #39
func (s *AnnouncementsService) Delete(ctx context.Context, id ID) error {
	return s.client.do(ctx, request{op: opAnnouncementsDelete, values: []string{string(id)}}, acceptAny)
}

// RemoveReaction removes the reaction of the token's own user and answers the announcement. No call that adds one is
// documented. Call it on a client made with [Client.As].
//
// Permission: none, for oneself only. Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable, ErrUnknownOutcome. Source: deprecated endpoints document.
//
// Deprecated: the feature is retired and nothing replaces it. Use it only where an account still answers.
//
//gtmhub:operation DELETE /announcements/{id}/react v1 #40
func (s *AnnouncementsService) RemoveReaction(ctx context.Context, id ID) (*Announcement, error) {
	return s.one(ctx, request{op: opAnnouncementsUnreact, values: []string{string(id)}}, id)
}
