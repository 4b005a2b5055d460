package handlers

import (
	"fmt"
	"net/http"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/web/static"
)

// handlerFunc answers a request or returns an error, which one place turns into status, page and log line.
type handlerFunc func(http.ResponseWriter, *http.Request) error

// endpoint is a row of the route table.
type endpoint struct {
	pattern    string
	permission access.Permission
	handle     handlerFunc
	// maxBody is the largest request body in bytes; 0 means 64 KB.
	maxBody int64
}

// uploadBody is the largest body of an upload: the file, and a little for the form around it.
const uploadBody = 2<<20 + 64<<10

// routes is the table of all routes. The mux, the sweep tests and the documentation are made from it.
func (s *server) routes() []endpoint {
	return []endpoint{
		{"GET /{$}", access.SignedIn, s.home, 0},
		{"GET /signin", access.Public, s.Auth.SignIn, 0},
		{"GET /signin/{provider}", access.Public, s.Auth.Start, 0},
		{"GET /callback", access.Public, s.Auth.Callback, 0},
		{"POST /signin", access.Public, s.Auth.SignInByEmail, 0},
		{"POST /signout", access.Public, s.Auth.SignOut, 0},
		{"GET /signed-out", access.Public, s.Auth.SignedOut, 0},
		{"POST /backchannel-logout", access.Public, s.Auth.BackChannelLogout, 0},
		{"GET /client-keys.json", access.Public, s.Auth.ClientKeys, 0},
		{"GET /me", access.SignedIn, s.me, 0},
		{"POST /me/{act}", access.SignedIn, s.meAct, 0},
		{"GET /me/confirmed", access.SignedIn, s.confirmed, 0},
		{"GET /me/sessions", access.SignedIn, s.mySessions, 0},
		{"POST /me/sessions/end", access.SignedIn, s.mySessionsEnd, 0},
		{"POST /me/sessions/end-others", access.SignedIn, s.mySessionsEndOthers, 0},
		{"GET /operations/sessions", access.Operate, s.operatorSessionsIndex, 0},
		{"POST /operations/sessions/end", access.Operate, s.operatorSessionsEnd, 0},

		{"GET /users", access.UsersRead, s.usersIndex, 0},
		{"GET /users/pending", access.UsersChange, s.usersPending, 0},
		{"POST /users/pending/reminders", access.RemindersSet, s.remindersSave, 0},
		{"GET /users/pending/export.csv", access.UsersChange, s.pendingFile, 0},
		{"GET /users/pending/export.xlsx", access.UsersChange, s.pendingFile, 0},
		{"GET /users/export.csv", access.UsersRead, s.usersFile, 0},
		{"GET /users/export.xlsx", access.UsersRead, s.usersFile, 0},
		{"POST /users/columns", access.UsersRead, s.usersColumns, 0},
		{"POST /users/selection", access.UsersChange, s.usersSelect, 0},
		{"POST /users/views", access.UsersRead, s.usersViews, 0},
		{"GET /bulk/users/{act}", access.UsersChange, s.bulkForm, 0},
		{"POST /bulk/users/{act}", access.UsersChange, s.bulkSubmit, 0},
		{"GET /users/{id}", access.SignedIn, s.usersShow, 0},
		{"GET /users/{id}/act/{act}", access.UsersChange, s.userActForm, 0},
		{"POST /users/{id}/act/edit", access.UsersChange, s.userEdit, 0},
		{"POST /users/{id}/act/{act}", access.UsersChange, s.userActSubmit, 0},

		{"GET /users/{id}/key-results.csv", access.SignedIn, s.userResultsFile, 0},
		{"GET /users/{id}/handover", access.ObjectivesChange, s.handOver, 0},
		{"POST /users/{id}/handover", access.ObjectivesChange, s.handOverSend, 0},
		{"GET /users/{id}/objectives/{objective}/confidence", access.ObjectivesChange, s.confidence, 0},
		{"POST /users/{id}/objectives/{objective}/confidence", access.ObjectivesChange, s.confidenceSend, 0},

		{"GET /changes/{id}/checklist", access.Offboard, s.checklist, 0},
		{"POST /changes/{id}/checklist", access.Offboard, s.checklistTick, 0},
		{"GET /offboard/{id}", access.Offboard, s.offboard, 0},
		{"POST /offboard/{id}", access.Offboard, s.offboardSend, 0},

		{"GET /announcements", access.Announcements, s.announcementsIndex, 0},
		{"GET /announcements/new", access.Announcements, s.announcementNew, 0},
		{"POST /announcements", access.Announcements, s.announcementWrite, 0},
		{"GET /announcements/{id}/edit", access.Announcements, s.announcementEdit, 0},
		{"POST /announcements/{id}", access.Announcements, s.announcementSave, 0},
		{"GET /announcements/{id}/remove", access.Announcements, s.announcementAsk, 0},
		{"POST /announcements/{id}/remove", access.Announcements, s.announcementRemove, 0},
		{"POST /announcements/{id}/reaction", access.Announcements, s.announcementUnreact, 0},

		{"GET /teams", access.TeamsRead, s.teamsIndex, 0},
		{"GET /teams/new", access.TeamsChange, s.teamsNew, 0},
		{"POST /teams", access.TeamsChange, s.teamsCreate, 0},
		{"GET /teams/{id}", access.TeamsRead, s.teamsShow, 0},
		{"POST /teams/open", access.TeamsRead, s.teamsOpen, 0},
		{"GET /teams/list", access.TeamsRead, s.teamsList, 0},
		{"POST /teams/selection", access.TeamsChange, s.teamsSelect, 0},
		{"GET /bulk/teams/{act}", access.TeamsChange, s.teamsBulkForm, 0},
		{"POST /bulk/teams/{act}", access.TeamsChange, s.teamsBulkAct, 0},
		{"GET /teams/picture", access.TeamsRead, s.teamsPicture, 0},
		{"GET /teams/picture.svg", access.TeamsRead, s.teamsSVG, 0},
		{"GET /teams/join", access.TeamsRead, s.teamsFind, 0},
		{"GET /teams/{id}/join", access.TeamsRead, s.teamsJoinForm, 0},
		{"POST /teams/{id}/join", access.TeamsRead, s.teamsJoin, 0},
		{"GET /teams/{id}/leave", access.TeamsRead, s.teamsLeaveForm, 0},
		{"POST /teams/{id}/leave", access.TeamsRead, s.teamsLeave, 0},
		{"POST /teams/{id}/edit", access.TeamsChange, s.teamsEdit, 0},
		{"GET /teams/{id}/do/{act}", access.TeamsChange, s.teamsActForm, 0},
		{"POST /teams/{id}/do/{act}", access.TeamsChange, s.teamsAct, 0},
		{"GET /teams/{id}/who", access.WhoActs, s.teamWho, 0},
		{"GET /users/{id}/who", access.WhoActs, s.userWho, 0},
		{"GET /teams/{id}/add", access.MembersChange, s.teamsAddForm, 0},
		{"POST /teams/{id}/members", access.MembersChange, s.teamsAdd, 0},
		{"POST /teams/{id}/members/{user}/remove", access.MembersChange, s.teamsRemove, 0},

		{"GET /deputies", access.SignedIn, s.deputiesIndex, 0},
		{"GET /deputies/new", access.TeamsChange, s.deputiesNew, 0},
		{"POST /deputies", access.TeamsChange, s.deputiesGive, 0},
		{"POST /deputies/{deputy}/end", access.SignedIn, s.deputiesEnd, 0},

		{"GET /invite", access.Invite, s.inviteStart, 0},
		{"GET /invite/template.csv", access.Invite, s.inviteTemplate, 0},
		{"POST /invite", access.Invite, s.inviteUpload, uploadBody},
		{"GET /invite/{draft}/columns", access.Invite, s.inviteColumns, 0},
		{"POST /invite/{draft}/columns", access.Invite, s.inviteColumnsSave, 0},
		{"GET /invite/{draft}/check", access.Invite, s.inviteCheck, 0},
		{"POST /invite/{draft}/check", access.Invite, s.inviteCheckSave, 0},
		{"GET /invite/{draft}/review", access.Invite, s.inviteReview, 0},
		{"POST /invite/{draft}/review", access.Invite, s.inviteSubmit, 0},
		{"POST /invite/{draft}/discard", access.Invite, s.inviteDiscard, 0},

		{"GET /changes", access.ChangesRead, s.changesIndex, 0},
		{"GET /changes/{id}", access.SignedIn, s.changesShow, 0},
		{"GET /changes/{id}/return.csv", access.SignedIn, s.changesReturn, 0},
		{"GET /changes/{id}/decide", access.ChangesDecide, s.changesDecideLink, 0},
		{"POST /changes/{id}/decide", access.ChangesDecide, s.changesDecide, 1 << 20},
		{"POST /changes/{id}/answer", access.SignedIn, s.changesAnswer, 0},
		{"GET /changes/{id}/correct", access.SignedIn, s.changesCorrect, 0},
		{"POST /changes/{id}/correct", access.SignedIn, s.changesCorrectSave, correctBody},
		{"POST /changes/{id}/correct/file", access.SignedIn, s.changesCorrectFile, uploadBody},
		{"POST /changes/{id}/withdraw", access.SignedIn, s.changesWithdraw, 0},
		{"POST /changes/{id}/pause", access.SignedIn, s.changesPause, 0},
		{"POST /changes/{id}/resume", access.SignedIn, s.changesResume, 0},
		{"POST /changes/{id}/cancel", access.SignedIn, s.changesCancel, 0},
		{"POST /changes/{id}/retry", access.SignedIn, s.changesRetry, 0},
		{"POST /changes/{id}/start", access.SignedIn, s.changesStart, 0},
		{"POST /changes/{id}/held", access.SignedIn, s.changesHeld, 0},
		{"GET /changes/{id}/undo", access.SignedIn, s.changesUndoForm, 0},
		{"POST /changes/{id}/undo", access.SignedIn, s.changesUndo, 0},

		{"GET /settings", access.SettingsManage, s.settings, 0},
		{"GET /settings/policy", access.PolicyRead, s.policyShow, 0},
		{"POST /settings/policy", access.PolicyChange, s.policyChange, 0},
		{"POST /settings/licences", access.LicencesSet, s.settingsLicences, 0},

		{"GET /drift", access.DriftRead, s.driftIndex, 0},
		{"POST /drift", access.DriftDecide, s.driftDecide, 0},
		{"POST /drift/look", access.DriftDecide, s.driftLook, 0},
		{"GET /drift/back", access.DriftDecide, s.driftBackForm, 0},
		{"POST /drift/back", access.DriftDecide, s.driftBack, 0},

		{"GET /audit", access.AuditRead, s.auditIndex, 0},
		{"GET /audit/export.csv", access.AuditRead, s.auditCSV, 0},
		{"GET /audit/export.jsonl", access.AuditRead, s.auditLines, 0},

		{"GET /notifications", access.SignedIn, s.notificationsIndex, 0},
		{"POST /notifications/read", access.SignedIn, s.notificationsRead, 0},
		{"POST /notifications/{id}/open", access.SignedIn, s.notificationsOpen, 0},
		{"GET /notifications/settings", access.SignedIn, s.notificationChoices, 0},
		{"POST /notifications/settings", access.SignedIn, s.notificationChoose, 0},
		{"GET /settings/notifications", access.SettingsManage, s.notifySettings, 0},
		{"POST /settings/notifications/test", access.SettingsManage, s.notifyTest, 0},
		{"POST /settings/notifications/again", access.SettingsManage, s.notifyAgain, 0},

		{"GET /favicon.ico", access.Public, s.favicon, 0},
		{"GET /healthz", access.Public, s.health, 0},
		{"POST /csp-report", access.Public, s.policyReport, 0},
	}
}

// mux builds the router from the table. Paths that no row names get our own 404 page.
func (s *server) mux() (http.Handler, error) {
	mux := http.NewServeMux()
	known := map[access.Permission]bool{}
	for _, p := range access.Permissions() {
		known[p] = true
	}
	for _, e := range s.routes() {
		if !known[e.permission] {
			return nil, fmt.Errorf("route %q: %w", e.pattern, errNoPermission)
		}
		mux.Handle(e.pattern, s.guard(e))
	}
	mux.Handle("GET "+static.Prefix, static.Handler())
	mux.Handle("/", s.serve(func(http.ResponseWriter, *http.Request) error { return errNoPage }))
	return mux, nil
}
