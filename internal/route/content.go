package route

// The addresses of announcements and of offboarding.
const (
	Announcements   = "/announcements"
	AnnouncementNew = "/announcements/new"
)

// UserPage is a page about one act on a user: "handover", or a file: "key-results.csv".
func UserPage[T ~string](user T, act string) string { return join("users", string(user), act) }

// UserObjective is a page about an objective that is seen through a user's key results: "confidence".
func UserObjective[T, O ~string](user T, objective O, act string) string {
	return join("users", string(user), "objectives", string(objective), act)
}

// Announcement takes the POST that changes an announcement.
func Announcement[T ~string](a T) string { return join("announcements", string(a)) }

// AnnouncementAct is a page or POST about an announcement: "edit", "remove".
func AnnouncementAct[T ~string](a T, act string) string {
	return join("announcements", string(a), act)
}

// Offboard is the page of a leaver.
func Offboard[T ~string](user T) string { return join("offboard", string(user)) }
