package gtmhub

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// RolesService reads the account's roles.
type RolesService service

// Role is a role that can be given by hand.
type Role struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Permissions may be empty: not every source of roles tells them.
	Permissions []string `json:"permissions"`
}

// UnmarshalJSON reads a role. One without a usable id is an error.
func (r *Role) UnmarshalJSON(data []byte) error {
	type plain Role
	*r = Role{}
	w := struct {
		*plain
		Permissions list[string] `json:"permissions"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	r.Permissions = w.Permissions
	return recordID("role", r.ID)
}

// List answers the roles of the account, by name. The call is not one of the 40 documented for this client. Where the
// API refuses it (400, 402, 403, 404 or an unusable answer), the roles that users hold are collected with operation 1
// instead; roles that nobody holds are then missing.
//
// Permission: reading roles (not documented). Errors: ErrUnauthorized, ErrForbidden, ErrUnavailable. Source: public roles
// page of the API; the shape of an item is assumed.
func (s *RolesService) List(ctx context.Context) ([]Role, error) {
	var roles []Role
	for role, err := range pages(ctx, opRolesList, 0, func(r Role) ID { return r.ID }, s.page) {
		for _, kind := range []error{ErrInvalid, ErrPaymentRequired, ErrForbidden, ErrNotFound, ErrBadAnswer} {
			if errors.Is(err, kind) {
				return s.fromUsers(ctx)
			}
		}
		if err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	return byName(roles), nil
}

func (s *RolesService) page(ctx context.Context, skip int) (*Page[Role], error) {
	q := url.Values{"skip": {strconv.Itoa(skip)}, "limit": {strconv.Itoa(pageSize)}, "sort": {"name,_id"}}
	return getPage[Role](ctx, s.client, request{op: opRolesList, query: q})
}

func (s *RolesService) fromUsers(ctx context.Context) ([]Role, error) {
	users := pages(ctx, opUsersListV1, 0, func(u User) ID { return u.ID }, func(ctx context.Context, skip int) (*Page[User], error) {
		return s.client.Users.ListV1(ctx, ListV1Options{Skip: skip})
	})
	var roles []Role
	for user, err := range users {
		if err != nil {
			return nil, err
		}
		for _, r := range user.Roles {
			known := slices.ContainsFunc(roles, func(k Role) bool { return k.ID == r.ID })
			if r.Team == nil && r.ID != "" && !known {
				roles = append(roles, Role{ID: r.ID, Name: r.Name, Description: r.Description})
			}
		}
	}
	return byName(roles), nil
}

func byName(roles []Role) []Role {
	slices.SortStableFunc(roles, func(a, b Role) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return roles
}
