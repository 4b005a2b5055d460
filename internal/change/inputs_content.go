package change

import "github.com/gtmhub-portal/portal/internal/id"

// The recipes about objectives and announcements.
const (
	// HandOverObjectives takes HandOver, SetConfidence takes Confidence.
	HandOverObjectives = "hand over objectives"
	SetConfidence      = "set confidence"
	// OffboardPerson takes Offboarding.
	OffboardPerson = "offboard"
	// These take Announcement.
	WriteAnnouncement  = "write announcement"
	EditAnnouncement   = "edit announcement"
	RemoveAnnouncement = "remove announcement"
	// TakeBackReaction takes Announcement (ID), OwnSettings takes Personal. Both are about the actor alone, and need the
	// actor's own token ([OwnTokens]).
	TakeBackReaction = "take back reaction"
	OwnSettings      = "set own settings"
)

// HandOver are the fields of HandOverObjectives: objectives that are seen through the key results of From, and who takes
// the place of From among their owners. Of an objective that From does not own, To becomes the only owner.
type HandOver struct {
	From       id.User        `json:"from"`
	To         id.User        `json:"to"`
	Objectives []id.Objective `json:"objectives"`
}

// Confidence are the fields of SetConfidence: an objective that is seen through the key results of User.
type Confidence struct {
	User      id.User      `json:"user"`
	Objective id.Objective `json:"objective"`
	// Percent is 0 to 100.
	Percent int    `json:"percent"`
	Reason  string `json:"reason"`
}

// Offboarding are the fields of OffboardPerson.
type Offboarding struct {
	User id.User `json:"user"`
	// Managers are the successors in the active teams that the leaver manages; each of these teams needs one.
	Managers map[id.Team]id.User `json:"managers,omitempty"`
	// LeaveTeams takes the leaver out of all teams, TakeRoles takes the roles given by hand.
	LeaveTeams bool `json:"leaveTeams,omitempty"`
	TakeRoles  bool `json:"takeRoles,omitempty"`
	// Objectives is who takes over what the leaver owns; empty leaves it where it is.
	Objectives id.User `json:"objectives,omitempty"`
}

// Personal are the fields of OwnSettings: the settings as the form showed them, and as they shall be.
type Personal struct {
	Was PersonalSettings `json:"was"`
	To  PersonalSettings `json:"to"`
}

// PersonalSettings are settings of Gtmhub's pages for one person; see directory.PersonalSettings.
type PersonalSettings struct {
	Theme                string `json:"theme"`
	ShowArchivedSessions bool   `json:"showArchivedSessions"`
	UseScrollbars        bool   `json:"useScrollbars"`
	UseDragMode          bool   `json:"useDragMode"`
}

// Announcement are the fields of WriteAnnouncement (Text), EditAnnouncement (all) and RemoveAnnouncement (ID).
type Announcement struct {
	ID   id.Announcement `json:"id,omitempty"`
	Text string          `json:"text,omitempty"`
	// Was is the text that the form was drawn with; empty for none.
	Was string `json:"was,omitempty"`
}
