package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// notificationsShown is how many notifications a page of the list has.
const notificationsShown = 25

// bell is the way to the list with the number of unread notifications. A database that does not answer shows no number.
func (s *server) bell(r *http.Request, current string) *layout.Bell {
	n, err := s.Notices.Unread(r.Context(), personFrom(r.Context()))
	if err != nil {
		s.Log.Warn("count unread notifications", "err", err)
	}
	return &layout.Bell{URL: route.Notifications, Unread: n, Current: current == route.Notifications}
}

// notificationsIndex handles GET /notifications: the person's own, newest first; "before" pages backwards.
func (s *server) notificationsIndex(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, me := actorFrom(ctx), personFrom(ctx)
	before, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	list, err := s.Notices.List(ctx, me, before, notificationsShown+1)
	if err != nil {
		return err
	}
	p := page.NotificationsProps{MailNote: s.mailNote(r), Empty: component.EmptyStateProps{Icon: component.IconBell, Title: "No notifications yet",
		Text: "When something happens to one of your requests, or a request waits for you, it will stand here.", TestID: "notifications-empty"}}
	if before > 0 {
		p.NewestURL = route.Notifications
		p.Empty.Title, p.Empty.Text = "Nothing older", "There are no older notifications. They are kept for 90 days."
	}
	if len(list) > notificationsShown {
		list = list[:notificationsShown]
		p.OlderURL = route.With(route.Notifications, url.Values{"before": {strconv.FormatInt(list[len(list)-1].Entry, 10)}})
	}
	for _, n := range list {
		p.Items = append(p.Items, s.notification(n))
	}
	frame := layout.Props{Title: "Notifications"}
	if frame.Bell = s.bell(r, route.Notifications); frame.Bell.Unread > 0 {
		p.ReadAllURL = route.NotificationsRead
		frame.Subtitle = strconv.Itoa(frame.Bell.Unread) + " unread"
	}
	settings := ""
	if a.May(access.SettingsManage) {
		settings = route.NotifySettings
	}
	frame.Actions = page.NotificationsActions(p.ReadAllURL, route.NotificationChoices, settings)
	if p.Frame, err = s.frame(w, r, route.Notifications, frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Notifications(p))
}

// mailNote says whether mails are sent to the person as well.
func (s *server) mailNote(r *http.Request) string {
	switch {
	case !s.Notices.On(notify.Mail):
		return "No mail is sent: the portal has no mail server."
	case personFrom(r.Context()).Email == "":
		return "No mail is sent to you: the sign-in gave the portal no confirmed address of yours."
	}
	return ""
}

func (s *server) notification(n notify.Notice) page.Notification {
	t := notify.TextOf(n)
	out := page.Notification{Title: t.Title, More: t.More, When: s.when(n.Created), Unread: n.State == notify.Unread, OpenURL: route.NotificationOpen(n.ID), URL: aboutURL(n)}
	if n.Kind != "" {
		out.About = notify.KindOf(n) + ", " + notify.SizeOf(n.Size)
	}
	out.Icon, out.Tone = noticeLook(n.Event)
	return out
}

// aboutURL is the page of what a notification is about.
func aboutURL(n notify.Notice) string {
	if n.Event == notify.Outside {
		return route.Drift
	}
	if n.Change == "" {
		return route.Home
	}
	return route.Change(n.Change)
}

func noticeLook(e notify.Event) (component.Icon, component.Tone) {
	switch e {
	case notify.Waiting:
		return component.IconInbox, component.ToneInfo
	case notify.Reminded, notify.Escalated:
		return component.IconClock, component.ToneWarning
	case notify.Approved:
		return component.IconCheck, component.ToneSuccess
	case notify.Finished:
		return component.IconCircleCheck, component.ToneSuccess
	case notify.Returned:
		return component.IconMessageCircle, component.ToneWarning
	case notify.Paused:
		return component.IconPlayerPause, component.ToneWarning
	case notify.Problems, notify.Outside:
		return component.IconAlertTriangle, component.ToneWarning
	case notify.Rejected:
		return component.IconX, component.ToneDanger
	case notify.Lapsed, notify.Cancelled, notify.Withdrawn:
		return component.IconBan, component.ToneNeutral
	}
	return component.IconBell, component.ToneInfo
}

// notificationsRead handles POST /notifications/read: all of the person's are read.
func (s *server) notificationsRead(w http.ResponseWriter, r *http.Request) error {
	if err := s.Notices.ReadAll(r.Context(), personFrom(r.Context())); err != nil {
		return err
	}
	return redirect(w, r, route.Notifications)
}

// notificationsOpen handles POST /notifications/{id}/open: it is read, and the way leads to what it is about.
func (s *server) notificationsOpen(w http.ResponseWriter, r *http.Request) error {
	noticeID := r.PathValue("id")
	if !id.Valid(noticeID) {
		return fault.New(fault.NotFound, "There is no such notification.")
	}
	n, err := s.Notices.Open(r.Context(), personFrom(r.Context()), noticeID)
	if err != nil {
		return err
	}
	return redirect(w, r, aboutURL(n))
}

// topicWords say what a topic is about.
var topicWords = map[notify.Topic][2]string{
	notify.ToDecide:       {"Requests that wait for me", "Somebody asks for something that you may decide on."},
	notify.Reminders:      {"Reminders", "A request still waits, half of its time is over, or you are asked to stand in."},
	notify.MyRequest:      {"Decisions on my requests", "Approved, rejected, returned with a question, or lapsed."},
	notify.MyRun:          {"How my requests are carried out", "Paused by trouble, cancelled, finished, or finished with problems."},
	notify.Followed:       {"The end of what I approved", "A request that you approved is finished or was cancelled."},
	notify.OutsideChanges: {"Changes made outside of the portal", "Somebody changed people or teams in Gtmhub itself."},
}

// field is the name of a box in the form.
func field(c notify.Channel, t notify.Topic) string {
	return string(c) + "-" + strings.ReplaceAll(string(t), " ", "-")
}

// notificationChoices handles GET /notifications/settings: what the person hears of, and how.
func (s *server) notificationChoices(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Notices.Choices(r.Context(), personFrom(r.Context()))
	if err != nil {
		return err
	}
	p := page.NotificationChoicesProps{URL: route.NotificationChoices, BackURL: route.Notifications, MailNote: s.mailNote(r)}
	if p.MailNote != "" {
		p.MailNote += " Your choices are kept for when that changes."
	}
	for _, t := range notify.TopicsOf(actorFrom(r.Context())) {
		on, words := c.Of(t), topicWords[t]
		p.Topics = append(p.Topics, page.NotificationTopic{Title: words[0], Text: words[1], PortalName: field(notify.Portal, t), MailName: field(notify.Mail, t), Portal: on.Portal, Mail: on.Mail})
	}
	frame := layout.Props{Title: "What you hear of", Subtitle: "The portal tells you what happened to requests. No mail holds a name: only a number and a link.", Crumbs: []layout.Crumb{{Label: "Notifications", URL: route.Notifications}}}
	if p.Frame, err = s.frame(w, r, route.Notifications, frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.NotificationChoices(p))
}

// notificationChoose handles POST /notifications/settings. Topics that the person cannot get keep what was chosen before.
func (s *server) notificationChoose(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r)
	if err != nil {
		return err
	}
	me := personFrom(r.Context())
	c, err := s.Notices.Choices(r.Context(), me)
	if err != nil {
		return err
	}
	if c == nil {
		c = notify.Choices{}
	}
	for _, t := range notify.TopicsOf(actorFrom(r.Context())) {
		c[t] = notify.Choice{Portal: f.Has(field(notify.Portal, t)), Mail: f.Has(field(notify.Mail, t))}
	}
	if err := s.Notices.Choose(r.Context(), me, c); err != nil {
		return err
	}
	if err := s.say(w, r, layout.ToastSuccess, "Saved."); err != nil {
		return err
	}
	return redirect(w, r, route.NotificationChoices)
}

// notifySettings handles GET /settings/notifications: how mail and webhook do.
func (s *server) notifySettings(w http.ResponseWriter, r *http.Request) error {
	p := page.NotifySettingsProps{TestURL: route.NotifyTest, AgainURL: route.NotifyAgain}
	for _, c := range []notify.Channel{notify.Mail, notify.Webhook} {
		st, err := s.Notices.Status(r.Context(), actorFrom(r.Context()), c)
		if err != nil {
			return err
		}
		p.Channels = append(p.Channels, s.notifyChannel(c, st))
	}
	var err error
	frame := layout.Props{Title: "Mail and webhook", Subtitle: "How notifications leave the portal. What is set up comes from the portal's settings, which the operator makes.", Crumbs: []layout.Crumb{{Label: "Notifications", URL: route.Notifications}}}
	if p.Frame, err = s.frame(w, r, route.Settings, frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.NotifySettings(p))
}

func (s *server) notifyChannel(c notify.Channel, st notify.ChannelStatus) page.NotifyChannel {
	out := page.NotifyChannel{ID: string(c), Facts: []component.Definition{
		{Term: "Waiting to be sent", Text: count(st.Waiting)}, {Term: "Sent in the last 24 hours", Text: count(st.Day)},
	}}
	if !st.LastSent.IsZero() {
		out.Facts = append(out.Facts, component.Definition{Term: "Last sent", Content: component.Time(s.when(st.LastSent))})
	}
	switch {
	case st.Where == "" && st.Waiting+st.Day == 0:
		out.Facts = nil
	case st.Where != "":
		out.Facts = append([]component.Definition{{Term: "Sent to", Text: st.Where}}, out.Facts...)
	}
	switch c {
	case notify.Mail:
		out.Title, out.Subtitle, out.TestLabel, out.TestNote = "Mail", "To people, as each of them chose", "Send me a test mail", "It goes to your own address."
		out.TroubleText = "“Uncertain” means that nobody knows whether the mail arrived: sending it again may bring it a second time. The person has it in the list of the portal in any case."
		out.AgainLabel = "Send these again"
		if st.Where == "" {
			out.Off = "Mail is off: no mail server is set up (PORTAL_SMTP_HOST). People see their notifications in the portal only."
		}
	default:
		out.Title, out.Subtitle, out.TestLabel, out.TestNote = "Webhook", "To another program, signed", "Send a test", "The event is called test."
		out.TroubleText = "The other program did not take these, so they were given up after the last attempt."
		out.AgainLabel = "Send these again"
		if st.Where == "" {
			out.Off = "The webhook is off: no address is set up (PORTAL_WEBHOOK_URL)."
		}
	}
	for _, n := range st.Trouble {
		t := page.NotifyTrouble{Title: notify.TextOf(n).Title, State: "given up", Tone: component.ToneDanger, Problem: n.Problem, When: s.when(n.Updated), Attempts: count(n.Attempt)}
		if n.State == notify.Uncertain {
			t.State, t.Tone = "uncertain", component.ToneWarning
		}
		out.Trouble = append(out.Trouble, t)
	}
	return out
}

// channelOf reads the channel of a form; only mail and webhook can be chosen.
func channelOf(r *http.Request) (notify.Channel, error) {
	f, err := form(r)
	if err != nil {
		return "", err
	}
	switch c := notify.Channel(f.Get("channel")); c {
	case notify.Mail, notify.Webhook:
		return c, nil
	}
	return "", fault.New(fault.Invalid, "Choose mail or webhook. Nothing was sent.")
}

// notifyTest handles POST /settings/notifications/test: a test to the person's own address, or to the webhook.
func (s *server) notifyTest(w http.ResponseWriter, r *http.Request) error {
	c, err := channelOf(r)
	if err != nil {
		return err
	}
	n, err := s.Notices.SendTest(r.Context(), actorFrom(r.Context()), personFrom(r.Context()), c)
	if err != nil {
		return err
	}
	kind, text := layout.ToastDanger, "The test was not sent. "+n.Problem
	switch n.State {
	case notify.Sent:
		kind, text = layout.ToastSuccess, "The other program has taken the test."
		if c == notify.Mail {
			text = "The mail server has taken the test for " + n.Address + ". Look into your inbox."
		}
	case notify.Uncertain:
		kind, text = layout.ToastWarning, n.Problem
	case notify.Queued, notify.Claimed, notify.Sending:
		kind, text = layout.ToastInfo, "The test is on its way."
	}
	if err := s.say(w, r, kind, text); err != nil {
		return err
	}
	return redirect(w, r, route.NotifySettings)
}

// notifyAgain handles POST /settings/notifications/again: what was given up or is uncertain is sent anew.
func (s *server) notifyAgain(w http.ResponseWriter, r *http.Request) error {
	c, err := channelOf(r)
	if err != nil {
		return err
	}
	n, err := s.Notices.SendAgain(r.Context(), actorFrom(r.Context()), c)
	if err != nil {
		return err
	}
	text := count(n) + " notifications will be sent again."
	switch n {
	case 0:
		text = "There was nothing to send again."
	case 1:
		text = "1 notification will be sent again."
	}
	if err := s.say(w, r, layout.ToastSuccess, text); err != nil {
		return err
	}
	return redirect(w, r, route.NotifySettings)
}
