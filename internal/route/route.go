// Package route builds the URLs of the portal. Handlers and templates get every address from here, so that a path
// stands in two places only: here and in the route table of package handlers. All parts are escaped.
package route

import "net/url"

// The fixed addresses.
const (
	Home     = "/"
	SignIn   = "/signin"
	Callback = "/callback"
	SignOut  = "/signout"
	Users    = "/users"
	// UsersPending lists open invitations; UsersSelection takes the POSTs about ticks, UsersViews those about saved views,
	// UsersColumns that about columns.
	UsersPending = "/users/pending"
	// PendingReminders takes the setting of reminders.
	PendingReminders = "/users/pending/reminders"
	UsersColumns     = "/users/columns"
	UsersSelection   = "/users/selection"
	UsersViews       = "/users/views"
	// UsersCSV and UsersXLSX are the list of users as a file, PendingCSV and PendingXLSX that of open invitations.
	UsersCSV      = "/users/export.csv"
	UsersXLSX     = "/users/export.xlsx"
	PendingCSV    = "/users/pending/export.csv"
	PendingXLSX   = "/users/pending/export.xlsx"
	Teams         = "/teams"
	TeamNew       = "/teams/new"
	TeamsOpen     = "/teams/open"
	TeamsList     = "/teams/list"
	TeamsTicks    = "/teams/selection"
	TeamPicture   = "/teams/picture"
	TeamSVG       = "/teams/picture.svg"
	TeamJoin      = "/teams/join"
	Deputies      = "/deputies"
	DeputyNew     = "/deputies/new"
	Invite        = "/invite"
	InviteSample  = "/invite/template.csv"
	Changes       = "/changes"
	Drift         = "/drift"
	DriftLook     = "/drift/look"
	DriftBack     = "/drift/back"
	Audit         = "/audit"
	AuditCSV      = "/audit/export.csv"
	AuditLines    = "/audit/export.jsonl"
	Settings      = "/settings"
	Licences      = "/settings/licences"
	Policy        = "/settings/policy"
	Me            = "/me"
	Confirmed     = "/me/confirmed"
	Health        = "/healthz"
	PolicyReports = "/csp-report"
)

// The addresses of sessions and of the talk with providers.
const (
	MySessions          = "/me/sessions"
	MySessionsEnd       = "/me/sessions/end"
	MySessionsEndOthers = "/me/sessions/end-others"
	OperatorSessions    = "/operations/sessions"
	OperatorSessionsEnd = "/operations/sessions/end"
	SignedOut           = "/signed-out"
	BackChannelLogout   = "/backchannel-logout"
	ClientKeys          = "/client-keys.json"
)

func join(parts ...string) string {
	out := ""
	for _, p := range parts {
		out += "/" + url.PathEscape(p)
	}
	return out
}

// With adds a query to an address; an empty one adds nothing.
func With(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// User is a user's page.
func User[T ~string](user T) string { return join("users", string(user)) }

// UserEdit takes the POST of name or language from a user's page.
func UserEdit[T ~string](user T) string { return join("users", string(user), "act", "edit") }

// UserAct is the page that shows beforehand what an act would do with one person, and takes the POST: "deactivate".
func UserAct[T ~string](user T, act string) string { return join("users", string(user), "act", act) }

// UsersBulk is the same page for the people who are ticked.
func UsersBulk(act string) string { return join("bulk", "users", act) }

// TeamsBulk is the page before something is done with the teams that are ticked, and takes its POST.
func TeamsBulk(act string) string { return join("bulk", "teams", act) }

// MeAct takes the POSTs about oneself: "name", "language", "password".
func MeAct(act string) string { return join("me", act) }

// Team is a team's page.
func Team[T ~string](team T) string { return join("teams", string(team)) }

// TeamEdit takes the POST of the fields that are edited in place.
func TeamEdit[T ~string](team T) string { return join("teams", string(team), "edit") }

// TeamAct is the page before something is done to a team, and takes its POST: "move", "manager", "remove-manager",
// "activate", "deactivate", "delete", "all".
func TeamAct[T ~string](team T, act string) string { return join("teams", string(team), "do", act) }

// TeamSelf is the page (and takes its POST) of somebody who wants to "join" or to "leave" a team.
func TeamSelf[T ~string](team T, act string) string { return join("teams", string(team), act) }

// UserWho and TeamWho say who may act on a user or a team, and why.
func UserWho[T ~string](user T) string { return join("users", string(user), "who") }
func TeamWho[T ~string](team T) string { return join("teams", string(team), "who") }

// TeamAdd is the page (and dialog) that finds people to add to a team.
func TeamAdd[T ~string](team T) string { return join("teams", string(team), "add") }

// TeamMembers takes the POST that adds members to a team.
func TeamMembers[T ~string](team T) string { return join("teams", string(team), "members") }

// TeamMemberRemove takes the POST that removes one member.
func TeamMemberRemove[T, U ~string](team T, user U) string {
	return join("teams", string(team), "members", string(user), "remove")
}

// DeputyEnd takes the POST that ends a deputy before its time.
func DeputyEnd[T ~string](d T) string { return join("deputies", string(d), "end") }

// Draft is one step of the invitation wizard: "columns", "check" or "review".
func Draft[T ~string](draft T, step string) string { return join("invite", string(draft), step) }

// Change is the page of a change.
func Change[T ~string](change T) string { return join("changes", string(change)) }

// ChangeAct takes the POSTs about a change: "decide", "withdraw", "pause", "resume", "cancel", "retry", "start", "held", "undo". The last is
// also the page that shows beforehand what would be taken back.
func ChangeAct[T ~string](change T, act string) string { return join("changes", string(change), act) }

// ChangeCorrect is the page on which people of a change are corrected, and takes its POST; row opens one person.
func ChangeCorrect[T, R ~string](change T, row R) string {
	at := join("changes", string(change), "correct")
	if row == "" {
		return at
	}
	return With(at, url.Values{"row": {string(row)}})
}

// ChangeReturn is the return file of a change.
func ChangeReturn[T ~string](change T) string { return join("changes", string(change), "return.csv") }

// The addresses of notifications: the list behind the bell, what a person chooses, and, for HR and the operator, how
// mail and webhook do.
const (
	Notifications       = "/notifications"
	NotificationsRead   = "/notifications/read"
	NotificationChoices = "/notifications/settings"
	NotifySettings      = "/settings/notifications"
	NotifyTest          = "/settings/notifications/test"
	NotifyAgain         = "/settings/notifications/again"
)

// NotificationOpen takes the POST that marks a notification as read and leads to what it is about.
func NotificationOpen(notice string) string { return join("notifications", notice, "open") }
