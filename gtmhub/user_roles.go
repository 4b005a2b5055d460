package gtmhub

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// UserRolesService gives roles to users and takes them. Team roles come with teams and cannot be given or taken here.
type UserRolesService service

// Give gives one role to one user.
//
// Permission: ManageUsers (assumed). Errors: ErrInvalid, ErrNotFound (user or role), ErrUnknownOutcome. Source: users
// endpoints document, "Assigns role to the user"; the body is assumed (docs/gtmhub-readings.md U2).
//
//gtmhub:operation POST /users/{userId}/roles v1 #12
func (s *UserRolesService) Give(ctx context.Context, user, role ID) error {
	if err := checkIDs([]ID{role}); err != nil {
		return opUserRolesGive.refused(ErrInvalid, err)
	}
	body := map[string]ID{"userId": user, "roleId": role}
	return s.client.do(ctx, request{op: opUserRolesGive, values: []string{string(user)}, body: body}, acceptAny)
}

// Take takes one role from one user.
//
// Permission: ManageUsers (assumed). Errors: ErrInvalid, ErrNotFound, ErrConflict (a rule forbids it: a team role, or the
// last administrator), ErrUnavailable, ErrUnknownOutcome. Source: users endpoints document.
//
//gtmhub:operation DELETE /users/{userId}/roles/{roleId} v1 #18
func (s *UserRolesService) Take(ctx context.Context, user, role ID) error {
	return s.client.do(ctx, request{op: opUserRolesTake, values: []string{string(user), string(role)}}, acceptAny)
}

// TakeMany takes several roles from one user.
//
// Permission: ManageUsers (assumed). Errors: ErrInvalid, ErrConflict, ErrUnavailable, ErrUnknownOutcome. Source: users
// endpoints document; that commas separate the ids is assumed (docs/gtmhub-readings.md U13).
//
//gtmhub:operation DELETE /users/{userId}/roles v1 #19
func (s *UserRolesService) TakeMany(ctx context.Context, user ID, roles []ID) error {
	if err := checkIDs(roles); err != nil {
		return opUserRolesTakeMany.refused(ErrInvalid, err)
	}
	q := url.Values{"ids": {joinIDs(roles)}}
	return s.client.do(ctx, request{op: opUserRolesTakeMany, values: []string{string(user)}, query: q}, acceptAny)
}

func joinIDs(ids []ID) string {
	var texts []string
	for _, id := range uniqueIDs(ids) {
		texts = append(texts, string(id))
	}
	return strings.Join(texts, ",")
}

// SetMany makes the roles the hand-given roles of all the users. Whether the API replaces or adds is not documented, so
// read the users again. If the API answers 400 to the assumed body, the client sets the roles user by user with Give and
// Take, and reports per user in BulkResult.Failed; the method fails only when no user could be changed or the way to the
// API broke, then with ErrUnknownOutcome if some roles may have changed.
//
// Permission: ManageUsers (assumed). Errors: ErrInvalid, ErrForbidden, ErrUnavailable, ErrUnknownOutcome. Source: users
// endpoints document; the body is assumed (docs/gtmhub-readings.md U1).
//
//gtmhub:operation POST /users/roles v1 #11
func (s *UserRolesService) SetMany(ctx context.Context, users, roles []ID) (*BulkResult, error) {
	if err := errors.Join(checkIDs(users), checkIDs(roles)); err != nil {
		return nil, opUserRolesSetMany.refused(ErrInvalid, err)
	}
	users, roles = uniqueIDs(users), uniqueIDs(roles)
	body := map[string][]ID{"userIds": users, "roleIds": roles}
	result, err := s.client.doBulk(ctx, request{op: opUserRolesSetMany, body: body})
	if e, ok := errors.AsType[*APIError](err); !ok || e.Status != 400 {
		return result, err
	}
	return s.setEach(ctx, users, roles, err)
}

// setEach is SetMany user by user. A failure that concerns only one user (not found, conflict, invalid) is noted and the
// rest goes on; any other ends it.
func (s *UserRolesService) setEach(ctx context.Context, users, roles []ID, refusal error) (*BulkResult, error) {
	result := &BulkResult{}
	wrote := false
	for _, user := range users {
		err := s.setOne(ctx, user, roles, &wrote)
		if err == nil {
			result.Updated = append(result.Updated, user)
			continue
		}
		reason := "refused"
		e, ok := errors.AsType[*APIError](err)
		if ok && e.Message != "" {
			reason = e.Message
		}
		result.Failed = append(result.Failed, BulkFailure{ID: user, Reason: reason, Err: err})
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrInvalid) {
			if ok && wrote {
				c := *e
				c.outcome = ErrUnknownOutcome
				err = &c
			}
			return result, err
		}
	}
	if len(result.Updated) == 0 && !wrote {
		return result, refusal
	}
	return result, nil
}

// setOne gives what is missing before it takes what is too much, so that nobody is without roles in between.
func (s *UserRolesService) setOne(ctx context.Context, user ID, roles []ID, wrote *bool) error {
	u, err := s.client.Users.Get(ctx, user)
	if err != nil {
		return asNotSent(err)
	}
	var direct []ID
	for _, r := range u.Roles {
		if r.Team == nil {
			direct = append(direct, r.ID)
		}
	}
	for _, role := range roles {
		if !slices.Contains(direct, role) {
			if err := s.Give(ctx, user, role); err != nil {
				return err
			}
			*wrote = true
		}
	}
	for _, role := range direct {
		if !slices.Contains(roles, role) {
			if err := s.Take(ctx, user, role); err != nil {
				return err
			}
			*wrote = true
		}
	}
	return nil
}
