package access

import "github.com/gtmhub-portal/portal/internal/id"

// The acts about objectives and announcements. Gtmhub calls all of them deprecated, so not every account takes them.
const (
	// HandOverObjectives puts another owner in the place of one who leaves or changes.
	HandOverObjectives Act = "hand over objectives"
	// SetConfidence says how sure one is that an objective will be met.
	SetConfidence Act = "set confidence"
	// WriteAnnouncement, EditAnnouncement and RemoveAnnouncement are about messages to the whole account.
	WriteAnnouncement  Act = "write announcement"
	EditAnnouncement   Act = "edit announcement"
	RemoveAnnouncement Act = "remove announcement"
	// TakeBackReaction and SetOwnSettings are about the person's own reaction to an announcement, and how Gtmhub's pages look
	// and work for them. Gtmhub ties both to the caller, so nobody does them for somebody else.
	TakeBackReaction Act = "take back reaction"
	SetOwnSettings   Act = "set own settings"
)

// examineOwn answers for what Gtmhub ties to the caller.
func examineOwn(a Actor, q Question) Ground {
	switch {
	case a.User == "":
		return fixed(no("no own user", "You have no Gtmhub user, so there is nothing of yours to change in Gtmhub.", "Ask HR to invite you."))
	case len(q.Users) != 1 || q.Users[0].ID != a.User:
		return fixed(no("somebody else's", "Gtmhub lets everybody change this for themself only.", "The person can do it on their own profile."))
	}
	return fixed(direct("own settings", "You may change your own settings and take back your own reactions."))
}

// examineContent answers for objectives and announcements: they are HR's.
func examineContent(a Actor, q Question) Ground {
	what, line := "objectives", lineObjectives
	switch q.Act {
	case WriteAnnouncement, EditAnnouncement, RemoveAnnouncement:
		what, line = "announcements", lineAnnouncements
	}
	if !a.HR {
		return fixed(no("rights: "+what, "Only HR can change "+what+" here.", "Ask HR, or change them in Gtmhub itself."))
	}
	return hits(q.Rows, line)
}

// SeesPrivateResults says whether private key results of a user are shown to the actor. Gtmhub itself shows them to few
// people, but answers the portal's token with all; so here they are for HR, who hand over what leavers own, and the owner.
func SeesPrivateResults(a Actor, u id.User) bool {
	return !a.Inactive && a.Kind != "" && (a.HR || a.User != "" && a.User == u)
}
