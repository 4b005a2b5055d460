package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Permission names of Gtmhub that the operations ask for.
const (
	manageUsers       = "ManageUsers"
	manageInvitations = "ManageUserInvitations"
	managePeople      = "ManagePeople"
	manageGoals       = "ManageGoals"
	postAnnouncement  = "PostAnnouncement"
)

// OpRoles is the number under which the list of roles (GET /api/v2/roles) is counted and can be made to fail. It is
// not one of the 40 documented operations.
const OpRoles = 41

// operation is one row of the table of operations.
type operation struct {
	number  int
	method  string
	version string // "v1" or "v2"
	path    string
	needs   string // permission; "" for none
	run     func(*call) (reply, error)

	write    bool // changes the account
	self     bool // the user whose id comes first in the path may call it without the permission
	personal bool // acts for the token's user: a service token is refused
	retired  bool // belongs to announcements

	segments []string
	names    []string // path parameters in order
}

// The table of operations; numbers are those of the API reference of the project.
var operations = prepare(
	operation{number: 1, method: "GET", version: "v1", path: "/accounts/users", run: (*call).accountUsers},
	operation{number: 2, method: "GET", version: "v2", path: "/users", run: (*call).users},
	operation{number: 3, method: "GET", version: "v1", path: "/users/password/{clientId}/policy", run: (*call).passwordPolicy, personal: true},
	operation{number: 4, method: "GET", version: "v1", path: "/users/{userId}", run: (*call).user},
	operation{number: 5, method: "GET", version: "v1", path: "/users/{userId}/managers", run: (*call).userManagers},
	operation{number: 6, method: "POST", version: "v1", path: "/users", needs: manageInvitations, run: (*call).createUser, write: true},
	operation{number: 7, method: "POST", version: "v1", path: "/users/activate", needs: manageUsers, run: (*call).activateUsers, write: true},
	operation{number: 8, method: "POST", version: "v1", path: "/users/deactivate", needs: manageUsers, run: (*call).deactivateUsers, write: true},
	operation{number: 9, method: "POST", version: "v1", path: "/users/delete", needs: manageUsers, run: (*call).deleteUsers, write: true},
	operation{number: 10, method: "POST", version: "v1", path: "/users/invitations", needs: manageInvitations, run: (*call).inviteUsers, write: true},
	operation{number: 11, method: "POST", version: "v1", path: "/users/roles", needs: manageUsers, run: (*call).bulkRoles, write: true},
	operation{number: 12, method: "POST", version: "v1", path: "/users/{userId}/roles", needs: manageUsers, run: (*call).giveRole, write: true},
	operation{number: 13, method: "POST", version: "v1", path: "/users/{userId}/send-change-password-email", needs: manageUsers, run: (*call).passwordMail, write: true, self: true},
	operation{number: 14, method: "PUT", version: "v1", path: "/users/settings", run: (*call).ownSettings, write: true, personal: true},
	operation{number: 15, method: "PUT", version: "v1", path: "/users/{userId}", needs: manageUsers, run: (*call).setLanguage, write: true, self: true},
	operation{number: 16, method: "PATCH", version: "v1", path: "/users/{userId}", needs: manageUsers, run: (*call).rename, write: true, self: true},
	operation{number: 17, method: "DELETE", version: "v1", path: "/accounts/user/{id}", needs: manageUsers, run: (*call).deleteUser, write: true},
	operation{number: 18, method: "DELETE", version: "v1", path: "/users/{userId}/roles/{roleId}", needs: manageUsers, run: (*call).takeRole, write: true},
	operation{number: 19, method: "DELETE", version: "v1", path: "/users/{userId}/roles", needs: manageUsers, run: (*call).takeRoles, write: true},
	operation{number: 20, method: "GET", version: "v2", path: "/teams", run: (*call).teams},
	operation{number: 21, method: "GET", version: "v1", path: "/teams/{teamId}", run: (*call).team},
	operation{number: 22, method: "POST", version: "v1", path: "/teams", needs: managePeople, run: (*call).createTeam, write: true},
	operation{number: 23, method: "POST", version: "v1", path: "/teams/activate", needs: managePeople, run: (*call).activateTeams, write: true},
	operation{number: 24, method: "POST", version: "v1", path: "/teams/deactivate", needs: managePeople, run: (*call).deactivateTeams, write: true},
	operation{number: 25, method: "PUT", version: "v1", path: "/teams/{teamId}", needs: managePeople, run: (*call).replaceTeam, write: true},
	operation{number: 26, method: "PUT", version: "v1", path: "/teams/{teamId}/manager", needs: managePeople, run: (*call).setManager, write: true},
	operation{number: 27, method: "PUT", version: "v1", path: "/teams/{teamId}/members", needs: managePeople, run: (*call).setMembers, write: true},
	operation{number: 28, method: "PATCH", version: "v1", path: "/teams/{teamId}", needs: managePeople, run: (*call).patchTeam, write: true},
	operation{number: 29, method: "DELETE", version: "v1", path: "/teams/{teamId}", needs: managePeople, run: (*call).deleteTeam, write: true},
	operation{number: 30, method: "DELETE", version: "v1", path: "/teams/{teamId}/manager", needs: managePeople, run: (*call).removeManager, write: true},
	operation{number: 31, method: "DELETE", version: "v1", path: "/teams/{teamId}/members/{memberId}", needs: managePeople, run: (*call).removeMember, write: true},
	operation{number: 32, method: "GET", version: "v1", path: "/announcements", run: (*call).announcements, retired: true},
	operation{number: 33, method: "GET", version: "v1", path: "/announcements/{id}", run: (*call).announcement, retired: true},
	operation{number: 34, method: "GET", version: "v1", path: "/metrics/owner/{ownerId}", run: (*call).ownerMetrics},
	operation{number: 35, method: "POST", version: "v1", path: "/announcements", needs: postAnnouncement, run: (*call).createAnnouncement, write: true, retired: true},
	operation{number: 36, method: "PUT", version: "v1", path: "/goals/{goalId}", needs: manageGoals, run: (*call).updateGoal, write: true},
	operation{number: 37, method: "PUT", version: "v1", path: "/goals/{goalId}/confidence", needs: manageGoals, run: (*call).setConfidence, write: true},
	operation{number: 38, method: "PATCH", version: "v1", path: "/announcements/{id}", needs: postAnnouncement, run: (*call).editAnnouncement, write: true, retired: true},
	operation{number: 39, method: "DELETE", version: "v1", path: "/announcements/{id}", needs: postAnnouncement, run: (*call).deleteAnnouncement, write: true, retired: true},
	operation{number: 40, method: "DELETE", version: "v1", path: "/announcements/{id}/react", run: (*call).removeReaction, write: true, retired: true, personal: true},
	operation{number: OpRoles, method: "GET", version: "v2", path: "/roles", run: (*call).roles},
)

// prepare works out the segments and parameter names of each row.
func prepare(all ...operation) []operation {
	for i := range all {
		o := &all[i]
		o.segments = strings.Split(o.path[1:], "/")
		for _, s := range o.segments {
			if s[0] == '{' {
				o.names = append(o.names, s[1:len(s)-1])
			}
		}
	}
	return all
}

// match finds the operation for a path under any prefix. Fixed segments win over parameters. Segments are unescaped
// one by one, so an escaped slash stays inside its parameter.
func match(method, escapedPath string) (*operation, []string, error) {
	version, rest, ok := cutVersion(escapedPath)
	if !ok {
		return nil, nil, malformed(http.StatusNotFound, "not found")
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		plain, err := url.PathUnescape(s)
		if err != nil || plain == "" {
			return nil, nil, malformed(http.StatusNotFound, "not found")
		}
		segments[i] = plain
	}
	var best *operation
	var params []string
	var others []string
	for i := range operations {
		o := &operations[i]
		if o.version != version {
			continue
		}
		p, fits := o.fits(segments)
		switch {
		case !fits:
		case o.method != method:
			others = append(others, o.method)
		case best == nil || len(p) < len(params):
			best, params = o, p
		}
	}
	if best != nil {
		return best, params, nil
	}
	if len(others) > 0 {
		slices.Sort(others)
		allow := strings.Join(slices.Compact(others), ", ")
		return nil, nil, &apiError{status: http.StatusMethodNotAllowed, message: "method not allowed", violation: true, allow: allow}
	}
	return nil, nil, malformed(http.StatusNotFound, "not found")
}

// cutVersion splits at the first /api/v1/ or /api/v2/.
func cutVersion(path string) (version, rest string, ok bool) {
	at := len(path)
	for _, v := range []string{"v1", "v2"} {
		if i := strings.Index(path, "/api/"+v+"/"); i >= 0 && i < at {
			at, version, rest = i, v, path[i+len("/api/v1/"):]
		}
	}
	return version, rest, version != ""
}

func (o *operation) fits(segments []string) (params []string, ok bool) {
	if len(segments) != len(o.segments) {
		return nil, false
	}
	for i, want := range o.segments {
		if want[0] == '{' {
			params = append(params, segments[i])
		} else if want != segments[i] {
			return nil, false
		}
	}
	return params, true
}
