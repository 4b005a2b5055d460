package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/mail"
)

// Letters turns notices into mails.
type Letters struct {
	// From is the sender, such as "Gtmhub portal <portal@northwind.example>".
	From string
	// Origin is that of the portal; links begin with it.
	Origin *url.URL
	// Product is the name at the top of each mail.
	Product string
	// Zone is that of the times; nil means UTC.
	Zone *time.Location
	// Training marks every mail as one of the demo.
	Training bool
}

func (l Letters) props(n Notice) mail.Props {
	code, w := in(n.Language)
	t := w.text(n)
	p := mail.Props{Language: code, Product: l.Product, Title: t.Title, Lines: []string{t.More}, Action: t.Action, Why: t.Why,
		URL: l.link(n), Choose: w.choose, ChooseURL: l.Origin.String() + route.NotificationChoices}
	if l.Training {
		p.Training = w.training
	}
	if n.Kind != "" {
		p.Facts = append(p.Facts, mail.Fact{Label: w.kind, Value: KindOf(n)}, mail.Fact{Label: w.size, Value: SizeOf(n.Size)})
	}
	if !n.Lapses.IsZero() {
		zone := l.Zone
		if zone == nil {
			zone = time.UTC
		}
		p.Facts = append(p.Facts, mail.Fact{Label: w.decideBefore, Value: n.Lapses.In(zone).Format(w.date)})
	}
	return p
}

func (l Letters) link(n Notice) string { return linkTo(l.Origin, n) }

// linkTo is the address of what a notice is about.
func linkTo(origin *url.URL, n Notice) string {
	if n.Event == Outside {
		return origin.String() + route.Drift
	}
	if n.Change == "" {
		return origin.String() + route.Home
	}
	return origin.String() + route.Change(n.Change)
}

// message builds the mail of a notice.
func (l Letters) message(n Notice) (*gomail.Msg, error) {
	p := l.props(n)
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(l.From); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	if err := m.To(n.Address); err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	m.Subject(p.Title)
	m.SetDate()
	m.SetMessageIDWithValue(n.MessageID(l.Origin))
	// Nobody's out-of-office note should answer a program (RFC 3834, section 5; the other one is for Exchange).
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetBodyString(gomail.TypeTextPlain, mail.Text(p))
	var html bytes.Buffer
	if err := mail.Notice(p).Render(context.Background(), &html); err != nil {
		return nil, err
	}
	m.AddAlternativeString(gomail.TypeTextHTML, html.String())
	return m, nil
}

// TLSMode says how the connection to the mail server is protected.
type TLSMode string

// The modes.
const (
	StartTLS TLSMode = "starttls" // begins in the clear, and nothing is said before it is encrypted
	Implicit TLSMode = "implicit" // encrypted from the first byte
	NoTLS    TLSMode = "none"     // for a relay on the same machine or network; never with a password over a network
)

// SMTP says which mail server to use.
type SMTP struct {
	Letters
	Host string
	Port int
	TLS  TLSMode
	// User and Password sign in at the server; without a user nobody signs in.
	User, Password string
	// Timeout bounds getting ready and sending, each; 0 means 20 seconds. It must stay below half a minute.
	Timeout time.Duration
	// Config is for tests; nil verifies the server as usual.
	Config *tls.Config
}

// Where implements Transport.
func (s SMTP) Where() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// Repeats implements Transport: a mail that comes twice is two mails.
func (SMTP) Repeats() bool { return false }

// Open implements Transport: it connects and signs in.
func (s SMTP) Open(ctx context.Context, n Notice) (Attempt, error) {
	m, err := s.message(n)
	if err != nil {
		return nil, &NotSent{Sentence: "The mail could not be written: sender or recipient is no address.", Final: true, Err: err}
	}
	if s.Timeout == 0 {
		s.Timeout = 20 * time.Second
	}
	options := []gomail.Option{gomail.WithPort(s.Port), gomail.WithTimeout(s.Timeout), gomail.WithoutNoop()}
	switch s.TLS {
	case Implicit:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.Config != nil {
		options = append(options, gomail.WithTLSConfig(s.Config))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	c, err := gomail.NewClient(s.Host, options...)
	if err != nil {
		return nil, &NotSent{Sentence: "The settings of the mail server cannot be used.", Err: err}
	}
	if err := c.DialWithContext(ctx); err != nil {
		return nil, &NotSent{Sentence: "The mail server " + s.Where() + " did not answer as expected: no connection, no encryption, or no sign-in.", Err: err}
	}
	return &smtpAttempt{c, m}, nil
}

type smtpAttempt struct {
	client *gomail.Client
	m      *gomail.Msg
}

// Send implements Attempt. The server has the mail once it has answered the end of the data, or may have it if the
// connection breaks after the data began; before that it surely has not.
func (a *smtpAttempt) Send(context.Context) error {
	err := a.client.Send(a.m)
	if err == nil || a.m.IsDelivered() { // what came after the answer is of no interest
		return nil
	}
	se, ok := errors.AsType[*gomail.SendError](err)
	if !ok {
		return err
	}
	code := se.ErrorCode()
	answer := strings.TrimSpace(fmt.Sprintf("code %d %s", code, se.EnhancedStatusCode()))
	content := se.Reason == gomail.ErrWriteContent || se.Reason == gomail.ErrSMTPDataClose
	switch {
	case code == 0 && content:
		return err
	case code == 0:
		return &NotSent{Sentence: "The mail server closed the connection.", Err: err}
	case code >= 500 && (content || se.Reason == gomail.ErrSMTPRcptTo):
		return &NotSent{Sentence: "The mail server refused the recipient or the mail for good (" + answer + ").", Final: true, Err: err}
	default: // a sender that is refused is a matter of the settings, which can be mended
		return &NotSent{Sentence: "The mail server did not take it for now (" + answer + ").", Err: err}
	}
}

// Close implements Attempt.
func (a *smtpAttempt) Close() { _ = a.client.Close() }
