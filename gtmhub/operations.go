package gtmhub

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// operation is one row of the reference: what is called, and which breaker guards it. operations.tsv lists the same rows
// with the Go methods; a test compares both with the //gtmhub:operation lines.
type operation struct {
	number  int    // row in docs/gtmhub-operations.md; 41 is the roles list, which is not among the 40
	method  string //
	pattern string // path with {placeholders}, without version
	version string // "v1" or "v2"
	group   string // endpoint group, see Health
}

// Endpoint groups. Each has its own circuit breaker.
const (
	groupUsers         = "users"
	groupTeams         = "teams"
	groupRoles         = "roles"
	groupAnnouncements = "announcements"
	groupObjectives    = "objectives"
)

var groups = []string{groupUsers, groupTeams, groupRoles, groupAnnouncements, groupObjectives}

var (
	opUsersListV1          = operation{1, http.MethodGet, "/accounts/users", "v1", groupUsers}
	opUsersList            = operation{2, http.MethodGet, "/users", "v2", groupUsers}
	opUsersPasswordPolicy  = operation{3, http.MethodGet, "/users/password/{clientId}/policy", "v1", groupUsers}
	opUsersGet             = operation{4, http.MethodGet, "/users/{userId}", "v1", groupUsers}
	opUsersManagers        = operation{5, http.MethodGet, "/users/{userId}/managers", "v1", groupUsers}
	opInvitationsCreate    = operation{6, http.MethodPost, "/users", "v1", groupUsers}
	opUsersActivate        = operation{7, http.MethodPost, "/users/activate", "v1", groupUsers}
	opUsersDeactivate      = operation{8, http.MethodPost, "/users/deactivate", "v1", groupUsers}
	opUsersDeleteMany      = operation{9, http.MethodPost, "/users/delete", "v1", groupUsers}
	opInvitationsSend      = operation{10, http.MethodPost, "/users/invitations", "v1", groupUsers}
	opUserRolesSetMany     = operation{11, http.MethodPost, "/users/roles", "v1", groupUsers}
	opUserRolesGive        = operation{12, http.MethodPost, "/users/{userId}/roles", "v1", groupUsers}
	opUsersPasswordEmail   = operation{13, http.MethodPost, "/users/{userId}/send-change-password-email", "v1", groupUsers}
	opUsersOwnSettings     = operation{14, http.MethodPut, "/users/settings", "v1", groupUsers}
	opUsersSetLanguage     = operation{15, http.MethodPut, "/users/{userId}", "v1", groupUsers}
	opUsersSetName         = operation{16, http.MethodPatch, "/users/{userId}", "v1", groupUsers}
	opUsersDelete          = operation{17, http.MethodDelete, "/accounts/user/{id}", "v1", groupUsers}
	opUserRolesTake        = operation{18, http.MethodDelete, "/users/{userId}/roles/{roleId}", "v1", groupUsers}
	opUserRolesTakeMany    = operation{19, http.MethodDelete, "/users/{userId}/roles", "v1", groupUsers}
	opTeamsList            = operation{20, http.MethodGet, "/teams", "v2", groupTeams}
	opTeamsGet             = operation{21, http.MethodGet, "/teams/{teamId}", "v1", groupTeams}
	opTeamsCreate          = operation{22, http.MethodPost, "/teams", "v1", groupTeams}
	opTeamsActivate        = operation{23, http.MethodPost, "/teams/activate", "v1", groupTeams}
	opTeamsDeactivate      = operation{24, http.MethodPost, "/teams/deactivate", "v1", groupTeams}
	opTeamsReplace         = operation{25, http.MethodPut, "/teams/{teamId}", "v1", groupTeams}
	opTeamsSetManager      = operation{26, http.MethodPut, "/teams/{teamId}/manager", "v1", groupTeams}
	opTeamMembersSet       = operation{27, http.MethodPut, "/teams/{teamId}/members", "v1", groupTeams}
	opTeamsPatch           = operation{28, http.MethodPatch, "/teams/{teamId}", "v1", groupTeams}
	opTeamsDelete          = operation{29, http.MethodDelete, "/teams/{teamId}", "v1", groupTeams}
	opTeamsRemoveManager   = operation{30, http.MethodDelete, "/teams/{teamId}/manager", "v1", groupTeams}
	opTeamMembersRemove    = operation{31, http.MethodDelete, "/teams/{teamId}/members/{memberId}", "v1", groupTeams}
	opAnnouncementsList    = operation{32, http.MethodGet, "/announcements", "v1", groupAnnouncements}
	opAnnouncementsGet     = operation{33, http.MethodGet, "/announcements/{id}", "v1", groupAnnouncements}
	opKeyResultsByOwner    = operation{34, http.MethodGet, "/metrics/owner/{ownerId}", "v1", groupObjectives}
	opAnnouncementsCreate  = operation{35, http.MethodPost, "/announcements", "v1", groupAnnouncements}
	opObjectivesUpdate     = operation{36, http.MethodPut, "/goals/{goalId}", "v1", groupObjectives}
	opObjectivesConfidence = operation{37, http.MethodPut, "/goals/{goalId}/confidence", "v1", groupObjectives}
	opAnnouncementsComment = operation{38, http.MethodPatch, "/announcements/{id}", "v1", groupAnnouncements}
	opAnnouncementsDelete  = operation{39, http.MethodDelete, "/announcements/{id}", "v1", groupAnnouncements}
	opAnnouncementsUnreact = operation{40, http.MethodDelete, "/announcements/{id}/react", "v1", groupAnnouncements}
	opRolesList            = operation{41, http.MethodGet, "/roles", "v2", groupRoles}
)

// isRead says whether the operation changes nothing, so that it may be tried again.
func (op operation) isRead() bool { return op.method == http.MethodGet }

// path fills the placeholders and answers the escaped path below the base URL. Values are ids, save clientId, which is
// opaque: it may hold any text that cannot be read as a step to another path.
func (op operation) path(values ...string) (string, error) {
	segments := strings.Split(op.pattern, "/")
	for i, segment := range segments {
		if !strings.HasPrefix(segment, "{") {
			continue
		}
		if len(values) == 0 {
			return "", errors.New("path value missing")
		}
		value := values[0]
		values = values[1:]
		name := strings.Trim(segment, "{}")
		if err := checkPathValue(name, value); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		segments[i] = url.PathEscape(value)
	}
	escaped := strings.Join(segments, "/")
	if len(values) > 0 || !op.matches(escaped) {
		return "", errors.New("path does not fit its pattern")
	}
	return "/" + op.version + escaped, nil
}

// checkPathValue is the first of two guards against a value that steers the token to another endpoint.
func checkPathValue(name, value string) error {
	if name != "clientId" {
		_, err := ParseID(value)
		return err
	}
	if value == "" || len(value) > 256 {
		return errors.New("a client id is 1 to 256 bytes")
	}
	for _, r := range value {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return errors.New("a client id holds no control characters")
		}
	}
	// Servers and proxies may undo %2F and %5C before they route, so dots between slashes count too.
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == "." || part == ".." {
			return errors.New("a client id is no path step")
		}
	}
	return nil
}

// matches is the second guard: it holds the escaped path against the pattern, segment by segment.
func (op operation) matches(escaped string) bool {
	want, got := strings.Split(op.pattern, "/"), strings.Split(escaped, "/")
	if len(want) != len(got) {
		return false
	}
	for i, segment := range want {
		if !strings.HasPrefix(segment, "{") {
			if got[i] != segment {
				return false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || checkPathValue(strings.Trim(segment, "{}"), value) != nil || strings.ContainsAny(got[i], "?#") {
			return false
		}
	}
	return true
}
