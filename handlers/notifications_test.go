package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/internal/notify/smtptest"
	"github.com/gtmhub-portal/portal/internal/route"
)

// mailer sends to a test server.
func mailer(s *smtptest.Server) notify.SMTP {
	return notify.SMTP{Letters: notify.Letters{From: "portal@elsewhere.example", Origin: &url.URL{Scheme: "https", Host: "portal.example"}, Product: "Portal"}, Host: s.Host, Port: s.Port, TLS: notify.NoTLS}
}

// news makes all notices that are due.
func news(t *testing.T, p *handlertest.Portal) {
	t.Helper()
	for {
		n, err := p.App.Notices.Derive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// page asks for a page that must be there, and checks it as every page.
func open(t *testing.T, c *handlertest.Client, path string) *htmltest.Doc {
	t.Helper()
	got := c.Get(path)
	if got.Status != http.StatusOK {
		t.Fatalf("GET %s: status %d", path, got.Status)
	}
	doc := got.Doc()
	htmltest.CheckPage(t, doc)
	return doc
}

func bellLabel(t *testing.T, doc *htmltest.Doc) string {
	t.Helper()
	return doc.MustOne(`[data-testid="bell"]`).Attr("aria-label")
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	lead, hr, approver, employee := p.As(handlertest.Lead), p.As(handlertest.HR), p.As(handlertest.Approver), p.As(handlertest.Employee)
	empty := open(t, hr, route.Notifications)
	if empty.Count(`[data-testid="notifications-empty"]`) != 1 || empty.Count(`[data-testid="notifications-read"]`) != 0 || bellLabel(t, empty) != "Notifications" {
		t.Error("an empty list looks otherwise")
	}
	c := submit(t, p, lead, invitation(p, 2))
	news(t, p)

	list := open(t, hr, route.Notifications)
	if got := bellLabel(t, list); got != "Notifications, 1 unread" {
		t.Errorf("the bell says %q", got)
	}
	line := list.MustOne(`[data-testid="notification"]`)
	for _, want := range []string{"Unread:", "Request #1 waits for your decision", "Invite people, 2 rows"} {
		if !strings.Contains(line.Text(), want) {
			t.Errorf("the line %q lacks %q", line.Text(), want)
		}
	}
	if strings.Contains(line.Text(), "Person") {
		t.Errorf("the line tells a name: %q", line.Text())
	}
	for name, other := range map[string]*handlertest.Client{"requester": lead, "employee": employee} {
		if got := open(t, other, route.Notifications); got.Count(`[data-testid="notification"]`) != 0 || bellLabel(t, got) != "Notifications" {
			t.Errorf("the %s is told too", name)
		}
	}
	if got := list.MustOne(`[data-testid="mail-note"]`).Text(); !strings.Contains(got, "No mail is sent") {
		t.Errorf("mail is off, but the page says %q", got)
	}

	at := list.MustOne(`[data-testid="notification"] form`).Attr("action")
	for _, other := range []*handlertest.Client{lead, employee, approver} { // the approver has a notice of the same, but not this one
		if got := other.Post(at, nil); got.Status != http.StatusNotFound {
			t.Errorf("opening another's: status %d", got.Status)
		}
	}
	if got := bellLabel(t, open(t, hr, route.Home)); got != "Notifications, 1 unread" {
		t.Errorf("after others tried, the bell says %q", got)
	}
	if got := hr.Post(at, nil); got.Status != http.StatusSeeOther || got.Location() != route.Change(c.ID) {
		t.Errorf("open: %d to %s", got.Status, got.Location())
	}
	read := open(t, hr, route.Notifications)
	if bellLabel(t, read) != "Notifications" || read.MustOne(`a[data-testid="notification-open"]`).Attr("href") != route.Change(c.ID) {
		t.Error("it is still unread")
	}
	if got := bellLabel(t, open(t, approver, route.Home)); got != "Notifications, 1 unread" {
		t.Errorf("the approver's bell says %q", got)
	}
	for _, bad := range []string{"ffffffffffffffffffffffff", "..%2Fread", "x'y"} {
		if got := hr.Post("/notifications/"+bad+"/open", nil); got.Status != http.StatusNotFound {
			t.Errorf("open %s: status %d", bad, got.Status)
		}
	}

	// A long list is cut into pages that leave nothing out, and "mark all" reaches those that are not shown.
	for range 60 {
		if err := p.App.Store.Audit().Append(t.Context(), audit.Entry{Event: audit.Submitted, Change: c.ID, Version: 1}); err != nil {
			t.Fatal(err)
		}
	}
	news(t, p)
	total, next := 0, route.Notifications
	for pages := 0; next != ""; pages++ {
		doc := open(t, hr, next)
		total += doc.Count(`[data-testid="notification"]`)
		next = ""
		if doc.Count(`[data-testid="notifications-older"]`) == 1 {
			next = doc.MustOne(`[data-testid="notifications-older"]`).Attr("href")
		}
		if pages > 5 {
			t.Fatal("there is always an older page")
		}
	}
	if total != 61 {
		t.Errorf("%d notifications on all pages, want 61", total)
	}
	if got := hr.Post(route.NotificationsRead, nil); got.Status != http.StatusSeeOther || got.Location() != route.Notifications {
		t.Errorf("mark all: %d to %s", got.Status, got.Location())
	}
	if got := bellLabel(t, open(t, hr, route.Home)); got != "Notifications" {
		t.Errorf("after marking all, the bell says %q", got)
	}
	if got := bellLabel(t, open(t, approver, route.Home)); got != "Notifications, 61 unread" {
		t.Errorf("the approver's bell says %q", got)
	}
	open(t, hr, route.Notifications+"?before=-3")
	open(t, hr, route.Notifications+"?before=x%27")
}

func TestNotificationChoices(t *testing.T) {
	t.Parallel()
	server := smtptest.New(t, smtptest.Options{})
	p := handlertest.New(t, handlertest.Options{Mail: mailer(server)})
	hr, employee := p.As(handlertest.HR), p.As(handlertest.Employee)
	doc := open(t, hr, route.NotificationChoices)
	if doc.Count(`[data-testid="choice"]`) != 6 || doc.Count(`input[type="checkbox"][checked]`) != 10 || doc.Count(`[data-testid="mail-note"]`) != 0 {
		t.Errorf("%d topics, %d boxes on", doc.Count(`[data-testid="choice"]`), doc.Count(`input[type="checkbox"][checked]`))
	}
	if got := open(t, employee, route.NotificationChoices).Count(`[data-testid="choice"]`); got != 2 {
		t.Errorf("an employee has %d topics, want 2", got)
	}
	post(t, p, hr, route.NotificationChoices, url.Values{"portal-to-decide": {"on"}, "mail-followed": {"on"}, "mail-unheard-of": {"on"}})
	doc = open(t, hr, route.NotificationChoices)
	var on []string
	for _, box := range doc.Find(`input[type="checkbox"][checked]`) {
		on = append(on, box.Attr("name"))
	}
	if got := strings.Join(on, " "); got != "portal-to-decide mail-followed" {
		t.Errorf("on: %s", got)
	}
	if got := open(t, employee, route.NotificationChoices).Count(`input[type="checkbox"][checked]`); got != 4 {
		t.Errorf("another's choices changed too: %d on", got)
	}
	// What was chosen counts: HR hears of a request in the portal and not by mail.
	p.As(handlertest.Approver)
	submit(t, p, p.As(handlertest.Lead), invitation(p, 2))
	news(t, p)
	for {
		n, err := p.App.Notices.Send(t.Context(), notify.Mail)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	if mails := server.Mails(); len(mails) != 1 || mails[0].To[0] != handlertest.Approver.Email {
		t.Errorf("mails: %+v", mails)
	}
	if got := bellLabel(t, open(t, hr, route.Home)); got != "Notifications, 1 unread" {
		t.Errorf("the bell says %q", got)
	}
	if got := hr.Post(route.NotificationChoices, url.Values{"portal-to-decide": {"on", "off"}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("two answers to one question: %d", got.Status)
	}
}

func TestNotifySettings(t *testing.T) {
	t.Parallel()
	server := smtptest.New(t, smtptest.Options{})
	p := handlertest.New(t, handlertest.Options{Mail: mailer(server)})
	operator, hr := p.As(handlertest.Operator), p.As(handlertest.HR)
	doc := open(t, operator, route.NotifySettings)
	if doc.Count(`[data-testid="channel-mail"] [data-testid="test-mail"]`) != 1 || doc.Count(`[data-testid="channel-webhook"] [data-testid="channel-off"]`) != 1 ||
		doc.Count(`[data-testid="test-webhook"]`) != 0 || doc.Count(`[data-testid="trouble"]`) != 0 {
		t.Error("mail is on and the webhook off, but the page looks otherwise")
	}
	if doc.Count(`[data-testid="nav-settings"][aria-current="page"]`) != 1 {
		t.Error("the operator has no way here")
	}
	say := func(c *handlertest.Client, path string, f url.Values) string {
		t.Helper()
		post(t, p, c, path, f)
		return open(t, c, route.NotifySettings).MustOne(`[data-testid="toast"]`).Text()
	}
	mail := url.Values{"channel": {"mail"}}
	if got := say(operator, route.NotifyTest, mail); !strings.Contains(got, "has taken the test for "+handlertest.Operator.Email) {
		t.Errorf("test: %q", got)
	}
	if mails := server.Mails(); len(mails) != 1 || mails[0].To[0] != handlertest.Operator.Email || !strings.Contains(mails[0].Data, "Subject: Test of the portal's mails") {
		t.Errorf("mails: %+v", mails)
	}
	server.Fail(smtptest.NoService)
	if got := say(hr, route.NotifyTest, mail); !strings.Contains(got, "The test was not sent. The mail server") {
		t.Errorf("test that fails: %q", got)
	}
	for _, f := range []url.Values{{"channel": {"webhook"}}, {"channel": {"portal"}}, {}} {
		if got := hr.Post(route.NotifyTest, f); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("test of %v: %d", f, got.Status)
		}
	}
	// What a server refuses for good needs somebody, who sends it again.
	p.As(handlertest.Approver)
	submit(t, p, p.As(handlertest.Lead), invitation(p, 2))
	news(t, p)
	server.Fail(smtptest.RefuseRecipient, smtptest.DropAfterData)
	for range 2 {
		if _, err := p.App.Notices.Send(t.Context(), notify.Mail); err != nil {
			t.Fatal(err)
		}
	}
	doc = open(t, operator, route.NotifySettings)
	trouble := doc.MustOne(`[data-testid="trouble-mail"]`).Text()
	for _, want := range []string{"given up", "uncertain", "for good (code 550 5.1.1)", "nobody knows whether it arrived"} {
		if !strings.Contains(trouble, want) {
			t.Errorf("the trouble %q lacks %q", trouble, want)
		}
	}
	if strings.Contains(trouble, "@") || strings.Contains(trouble, "Person") {
		t.Errorf("the page tells names: %q", trouble)
	}
	if got := say(operator, route.NotifyAgain, mail); !strings.Contains(got, "2 notifications will be sent again") {
		t.Errorf("again: %q", got)
	}
	if got := say(operator, route.NotifyAgain, mail); !strings.Contains(got, "nothing to send again") {
		t.Errorf("again twice: %q", got)
	}
}
