package gtmhub

import (
	"context"
	"errors"
	"net/url"
	"strings"
)

// InvitationsService creates users and sends them the invitation mail.
type InvitationsService service

// NewUser is a person to invite. Email is required; the other fields are left out when empty.
type NewUser struct {
	Email     string `json:"email"`
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	Language  string `json:"language,omitempty"`
	// UserName equals the e-mail where it is given.
	UserName string `json:"userName,omitempty"`
}

// InviteOptions say how a user is created.
type InviteOptions struct {
	// SkipEmail creates the user without the invitation mail; Send sends it later.
	SkipEmail bool
}

// Create creates a user and, unless told otherwise, sends the invitation mail in the same step. There is no idempotency
// key: after ErrUnknownOutcome look the e-mail up before trying again.
//
// Permission: ManageUserInvitations (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrForbidden, ErrConflict (the e-mail
// is taken, assumed), ErrRateLimited, ErrUnavailable, ErrUnknownOutcome; ErrBadAnswer with it if the answer has no id or
// another e-mail. Source: users and deprecated endpoints documents, "Creates a new user".
//
// Deprecated: the documents mark it so since 30 May 2022 but describe no successor. Use nothing else; it is the only way.
//
//gtmhub:operation POST /users v1 #6
func (s *InvitationsService) Create(ctx context.Context, user NewUser, o InviteOptions) (*User, error) {
	if user.Email == "" || user.Email != strings.TrimSpace(user.Email) {
		return nil, opInvitationsCreate.refused(ErrInvalid, errors.New("an e-mail without spaces around it is needed"))
	}
	q := url.Values{}
	if o.SkipEmail {
		q.Set("skipEmail", "true")
	}
	var created User
	err := s.client.do(ctx, request{op: opInvitationsCreate, query: q, body: user}, func(body []byte) error {
		if err := decodeJSON(body, &created); err != nil {
			return err
		}
		if !strings.EqualFold(strings.TrimSpace(created.Email), user.Email) {
			return errors.New("created user has another e-mail")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &created, nil
}

// Send sends the invitation mail to users who exist. Nothing can be read back: after ErrUnknownOutcome nobody can know
// whether the mails went out, so ask a person before sending again.
//
// Permission: ManageUserInvitations (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable, ErrUnknownOutcome. Source: users endpoints document, users/invitations.
//
//gtmhub:operation POST /users/invitations v1 #10
func (s *InvitationsService) Send(ctx context.Context, ids []ID) error {
	if err := checkIDs(ids); err != nil {
		return opInvitationsSend.refused(ErrInvalid, err)
	}
	return s.client.do(ctx, request{op: opInvitationsSend, body: uniqueIDs(ids)}, acceptAny)
}
