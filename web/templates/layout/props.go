package layout

import (
	"strconv"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/web/templates/component"
)

// ProductName stands in the title of each page and in the navigation.
const ProductName = "Gtmhub portal"

// Props is what the frame of a signed-in page shows. Zero values leave the part out; only Title is required.
type Props struct {
	// Title is the heading and the first part of the browser's title.
	Title string
	// Count is a number beside the heading, ready for reading, such as "1,243".
	Count string
	// Subtitle is one line under the heading.
	Subtitle string
	// Crumbs lead here from the top, without the page itself.
	Crumbs []Crumb
	// Nav holds the entries of the main navigation that this person may open.
	Nav []NavItem
	// User is the signed-in person; nil draws no account area.
	User *UserMenu
	// Bell leads to the person's notifications; nil draws none.
	Bell *Bell
	// Training draws the banner which says that no real account is touched.
	Training bool
	// Notice is a sentence over the content about the whole portal, such as that Gtmhub does not answer.
	Notice string
	// Freshness says in words how old the data is ("2 minutes ago"); FreshnessExact is the same as a time to read,
	// with its zone.
	Freshness, FreshnessExact string
	// Version is the version of the portal.
	Version string
	// Toasts are results of what the person did just before.
	Toasts []Toast
	// Actions stand at the right of the heading: one primary button, others behind a menu.
	Actions templ.Component
}

// Crumb is one step of the way from the top to a page.
type Crumb struct {
	Label, URL string
}

// NavItem is an entry of the main navigation.
type NavItem struct {
	Label, URL string
	// Icon stands before the label; zero draws none.
	Icon component.Icon
	// Badge is a number of things that wait; 0 draws none.
	Badge int
	// Current marks the section that the page belongs to.
	Current bool
	// TestID is the data-testid of the link, such as "nav-users".
	TestID string
}

// Bell leads to the list of notifications.
type Bell struct {
	URL string
	// Unread is how many are unread; 0 draws no number.
	Unread int
	// Current says that the person is there.
	Current bool
}

// Label is the name of the bell for screen readers.
func (b Bell) Label() string {
	if b.Unread == 0 {
		return "Notifications"
	}
	return "Notifications, " + strconv.Itoa(b.Unread) + " unread"
}

// Number is what the bell shows: the number of unread ones, as far as there is room.
func (b Bell) Number() string {
	if b.Unread > 99 {
		return "99+"
	}
	return strconv.Itoa(b.Unread)
}

// UserMenu is the account area: who is signed in, and the way out.
type UserMenu struct {
	Name, Email, Initials string
	// RoleLabel says in a word or two what the person is to the portal, such as "HR" or "Team lead".
	RoleLabel string
	// ProfileURL is the person's own page; empty draws the name without a link.
	ProfileURL string
	// SignOutURL takes the POST that ends the session.
	SignOutURL string
}

// Toast is a short result, shown once.
type Toast struct {
	Kind ToastKind
	Text string
	// LinkURL and LinkLabel give the next step, such as "See details"; both or neither.
	LinkURL, LinkLabel string
	// UndoURL takes the POST that takes it back.
	UndoURL string
}

// ToastKind is the tone of a toast. Only a success without a link goes away by itself, and only where scripts run.
type ToastKind string

// The kinds of toasts. The zero value is drawn as ToastInfo.
const (
	ToastSuccess ToastKind = "success"
	ToastInfo    ToastKind = "info"
	ToastWarning ToastKind = "warning"
	ToastDanger  ToastKind = "danger"
)

func (t Toast) props() component.ToastProps {
	return component.ToastProps{Tone: t.Kind.tone(), Text: t.Text, LinkURL: t.LinkURL, LinkLabel: t.LinkLabel, UndoURL: t.UndoURL}
}

func (k ToastKind) tone() component.Tone {
	switch k {
	case ToastSuccess:
		return component.ToneSuccess
	case ToastWarning:
		return component.ToneWarning
	case ToastDanger:
		return component.ToneDanger
	default:
		return component.ToneInfo
	}
}

// PlainProps is what a page without navigation shows. Only Title is required.
type PlainProps struct {
	// Title is the heading and the first part of the browser's title.
	Title string
	// Subtitle is one line under the heading.
	Subtitle string
	// Training draws the banner which says that no real account is touched.
	Training bool
	// Version is the version of the portal.
	Version string
}
