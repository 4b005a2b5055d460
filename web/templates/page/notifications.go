package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// NotificationsProps is the list behind the bell.
type NotificationsProps struct {
	Frame layout.Props
	Items []Notification
	// ReadAllURL takes the POST that marks all as read; empty when nothing is unread.
	ReadAllURL string
	// OlderURL and NewestURL page through the list; empty for none.
	OlderURL, NewestURL string
	// MailNote says whether mails are sent as well.
	MailNote string
	Empty    component.EmptyStateProps
}

// Notification is one line of the list.
type Notification struct {
	// Title says what happened; More says what that means.
	Title, More string
	// About is the request in general words: "invite people, 300 rows".
	About string
	When  component.When
	Icon  component.Icon
	Tone  component.Tone
	// Unread ones are opened by a POST to OpenURL, which marks them; read ones by the link URL.
	Unread       bool
	OpenURL, URL string
}

// NotificationChoicesProps is what a person hears of, and how.
type NotificationChoicesProps struct {
	Frame  layout.Props
	URL    string
	Topics []NotificationTopic
	// MailNote says why a choice of mail has no effect; empty when it has.
	MailNote string
	BackURL  string
}

// NotificationTopic is a row of the choices. PortalName and MailName are the names of its boxes.
type NotificationTopic struct {
	Title, Text          string
	PortalName, MailName string
	Portal, Mail         bool
}

// NotifySettingsProps says how mail and webhook do.
type NotifySettingsProps struct {
	Frame    layout.Props
	Channels []NotifyChannel
	TestURL  string
	AgainURL string
}

// NotifyChannel is mail or the webhook.
type NotifyChannel struct {
	// ID is "mail" or "webhook".
	ID, Title, Subtitle string
	// Off says that it is not set up, and how that is done; empty when it is.
	Off   string
	Facts []component.Definition
	// TestLabel is the button of the test, and TestNote what it does.
	TestLabel, TestNote string
	// Trouble are the newest notices that need somebody; TroubleText says what can be done.
	Trouble     []NotifyTrouble
	TroubleText string
	AgainLabel  string
}

// NotifyTrouble is a notice that was given up or whose sending is uncertain.
type NotifyTrouble struct {
	Title, State, Problem string
	Tone                  component.Tone
	When                  component.When
	Attempts              string
}
