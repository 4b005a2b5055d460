package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// AnnouncementsProps is the list of announcements.
type AnnouncementsProps struct {
	Frame layout.Props
	// Problem says why nothing can be shown; Retired that it never will be.
	Problem string
	Retired bool
	TryURL  string
	Rows    []AnnouncementRow
	// ReactionWhy says why one's own reactions cannot be taken back here, where the rows have no ReactionURL.
	ReactionWhy string
}

// AnnouncementRow is one announcement.
type AnnouncementRow struct {
	ID, Text, Author, AuthorURL string
	Posted                      component.When
	EditURL, RemoveURL          string
	// ReactionURL takes back the viewer's own reaction.
	ReactionURL string
}

// AnnouncementProps is the form of one announcement.
type AnnouncementProps struct {
	Frame   layout.Props
	Action  string
	BackURL string
	Errors  component.ErrorSummaryProps
	Text    component.TextareaProps
	Hidden  []component.Hidden
	Send    string
}

// AnnouncementRemoveProps asks before an announcement is removed.
type AnnouncementRemoveProps struct {
	Frame        layout.Props
	Text, Author string
	Action       string
	BackURL      string
}
