package check

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/config"
)

// State says how a thing stands.
type State string

// The states. A warning leaves the portal usable; a failure does not.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "fail"
)

// Line is one finding.
type Line struct {
	// Name says what was looked at; it is the same at every run.
	Name  string `json:"name"`
	State State  `json:"state"`
	// Text is what was found.
	Text string `json:"text"`
	// Hint says how to repair it; empty where nothing is to be done.
	Hint string `json:"hint,omitempty"`
}

// Options say what to look at. All fields but Now are required.
type Options struct {
	Config *config.Config
	// Gtmhub are the settings that the portal itself makes its client of, so that the check goes the same way. Tries
	// and observer are replaced.
	Gtmhub gtmhub.Options
	// Now is the clock that is compared with those of the other sides; nil means time.Now.
	Now func() time.Time
}

// Run looks at everything and gives each finding to emit as soon as it is known. What cannot be looked at because
// something before it failed is left out. It ends early, with failures, when ctx does.
func Run(ctx context.Context, o Options, emit func(Line)) {
	if o.Now == nil {
		o.Now = time.Now
	}
	secrets := secretsOf(o.Config)
	r := &run{Options: o, emit: func(l Line) {
		// Nothing below is meant to hold a secret. Should an answer repeat one, it ends here.
		l.Text, l.Hint = secrets.Replace(l.Text), secrets.Replace(l.Hint)
		emit(l)
	}}
	r.ok("settings", "All settings can be used.")
	r.database(ctx)
	r.signIn(ctx)
	r.gtmhub(ctx)
	r.rights(ctx)
}

// Settings are the lines for settings that cannot be used; nothing else can be looked at then.
func Settings(problems config.Problems) []Line {
	lines := make([]Line, len(problems))
	for i, p := range problems {
		lines[i] = Line{Name: p.Setting, State: Fail, Text: p.Sentence, Hint: "See docs/settings.md."}
	}
	return lines
}

// run is one check: what it is told, and what it has found out.
type run struct {
	Options
	emit func(Line)

	client *gtmhub.Client
	calls  map[int]gtmhub.Call // the last call of each operation
	// connected says that the account could be read, so that more can be asked.
	connected     bool
	users         []gtmhub.User // the first page
	teams         []gtmhub.Team
	roles         []gtmhub.Role
	announcements []gtmhub.Announcement
}

func (r *run) ok(name, text string)         { r.emit(Line{Name: name, State: OK, Text: text}) }
func (r *run) warn(name, text, hint string) { r.emit(Line{name, Warn, text, hint}) }
func (r *run) fail(name, text, hint string) { r.emit(Line{name, Fail, text, hint}) }

// maxSkew is how far two clocks may be apart: tokens and waits are counted in minutes.
const maxSkew = time.Minute

// clock compares ours with the time of an answer that came within the last moments.
func (r *run) clock(name, whose string, theirs time.Time) {
	if theirs.IsZero() {
		r.warn(name, whose+" does not say what time it is there.", "")
		return
	}
	skew := r.Now().Sub(theirs).Truncate(time.Second)
	if skew.Abs() > maxSkew {
		r.warn(name, "This machine's clock is "+skew.String()+" away from that of "+whose+".", "Set the clock by NTP: sign-ins and waits go wrong otherwise.")
		return
	}
	r.ok(name, "This machine's clock agrees with that of "+whose+".")
}

// secretsOf replaces each secret of the settings.
func secretsOf(c *config.Config) *strings.Replacer {
	secrets := []string{c.Gtmhub.Token.Reveal(), c.OIDC.ClientSecret.Reveal(), c.OIDC.PrivateKey.Reveal()}
	for _, p := range c.Providers {
		secrets = append(secrets, p.ClientSecret.Reveal(), p.PrivateKey.Reveal())
	}
	if u, err := url.Parse(c.DatabaseURL.Reveal()); err == nil && u.User != nil {
		password, _ := u.User.Password()
		secrets = append(secrets, c.DatabaseURL.Reveal(), password)
	}
	var pairs []string
	for _, s := range secrets {
		if len(s) > 3 { // a shorter one would make the lines unreadable, and is no secret
			pairs = append(pairs, s, "[redacted]")
		}
	}
	return strings.NewReplacer(pairs...)
}
