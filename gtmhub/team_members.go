package gtmhub

import (
	"context"
	"errors"
)

// TeamMembersService changes who is in a team.
type TeamMembersService service

// Set sends the complete list of members. Whether the API replaces the list or adds to it is not documented
// (docs/gtmhub-readings.md U5): read the team afterwards. There is no condition header, so two writers can overwrite each other:
// keep to one at a time per team. An empty list is allowed. If the API answers 400 to the assumed body, the list is set
// with Teams.Patch.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden, ErrNotFound,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document.
//
//gtmhub:operation PUT /teams/{teamId}/members v1 #27
func (s *TeamMembersService) Set(ctx context.Context, team ID, users []ID) error {
	if len(users) > 0 {
		if err := checkIDs(users); err != nil {
			return opTeamMembersSet.refused(ErrInvalid, err)
		}
	}
	users = orEmpty(uniqueIDs(users))
	err := s.client.do(ctx, request{op: opTeamMembersSet, values: []string{string(team)}, body: users}, acceptAny)
	if e, ok := errors.AsType[*APIError](err); ok && e.Status == 400 {
		return s.client.Teams.Patch(ctx, team, TeamPatch{Members: &users})
	}
	return err
}

// Remove takes one user out of a team. A user who is not in it, or a team that is gone (404), is success.
//
// Permission: ManagePeople (assumed). Errors: ErrInvalid, ErrUnauthorized, ErrPaymentRequired, ErrForbidden,
// ErrUnavailable, ErrUnknownOutcome. Source: teams endpoints document; 404 is read as "gone" (docs/gtmhub-readings.md U16).
//
//gtmhub:operation DELETE /teams/{teamId}/members/{memberId} v1 #31
func (s *TeamMembersService) Remove(ctx context.Context, team, user ID) error {
	return gone(s.client.do(ctx, request{op: opTeamMembersRemove, values: []string{string(team), string(user)}}, acceptAny))
}
