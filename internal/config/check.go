package config

import (
	"maps"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// check finds what the single values cannot show, and fills what depends on other settings.
func (r *reader) check(c *Config) {
	host, _, err := net.SplitHostPort(c.Addr)
	switch {
	case err != nil:
		r.problem("PORTAL_ADDR", "It must be a host and a port; for example 127.0.0.1:8080")
	case c.Development && !isLoopback(host):
		r.problem("PORTAL_ADDR", "With PORTAL_DEVELOPMENT it must be a loopback address; for example 127.0.0.1:8080")
	}
	r.checkOrigin(c)
	r.checkURL("PORTAL_GTMHUB_URL", c.Gtmhub.URL, c.Development)
	r.checkURL("PORTAL_OIDC_ISSUER", c.OIDC.Issuer, c.Development)
	c.Gtmhub.URL = strings.TrimRight(c.Gtmhub.URL, "/")
	if strings.ContainsFunc(c.Gtmhub.Account, func(b rune) bool { return b <= ' ' || b > '~' }) {
		r.problem("PORTAL_GTMHUB_ACCOUNT", "It must be an id without blanks.")
	}
	r.checkSecret("PORTAL_GTMHUB_TOKEN", c.Gtmhub.Token, c.Development)
	r.checkClient(c)
	if c.DatabaseURL == "" {
		c.DatabaseURL = Secret(filepath.Join(c.DataDir, "portal.db"))
	} else if scheme, _, ok := strings.Cut(c.DatabaseURL.Reveal(), "://"); ok && scheme != "postgres" && scheme != "postgresql" {
		r.problem("PORTAL_DATABASE_URL", "It must start with postgres:// or be the path of a SQLite file.")
	}
	r.checkDomains("PORTAL_OIDC_DOMAINS", c.OIDC.Domains)
	r.checkDomains("PORTAL_MAIL_DOMAINS", c.MailDomains)
	r.checkDeciders(c.Rights)
	r.checkOrder(c)
	r.checkMail(c)
	r.checkWebhook(c)
}

func (r *reader) checkMail(c *Config) {
	m := &c.Mail
	if m.From != "" {
		if _, err := mail.ParseAddress(m.From); err != nil || strings.ContainsFunc(m.From, unicode.IsControl) {
			r.problem("PORTAL_MAIL_FROM", "It must be a mail address, with or without a name; for example Gtmhub portal <portal@northwind.example>")
		}
	} else if m.Host != "" {
		r.problem("PORTAL_MAIL_FROM", "It is required with PORTAL_SMTP_HOST; for example portal@northwind.example")
	}
	switch {
	case !slices.Contains([]string{"starttls", "implicit", "none"}, m.TLS):
		r.problem("PORTAL_SMTP_TLS", "It must be starttls, implicit or none.")
	case m.TLS == "none" && m.User != "" && !isLoopback(m.Host):
		r.problem("PORTAL_SMTP_TLS", "Without encryption the password would go over the network in the clear: use starttls or implicit.")
	}
	if strings.ContainsFunc(m.Host, func(b rune) bool { return b <= ' ' || b > '~' || strings.ContainsRune("/@", b) }) {
		r.problem("PORTAL_SMTP_HOST", "It must be the name of a host, without a port; for example mail.northwind.example")
	}
	switch {
	case r.bad("PORTAL_SMTP_PASSWORD", "PORTAL_SMTP_PASSWORD_FILE"):
	case m.User != "" && m.Password == "":
		r.problem("PORTAL_SMTP_PASSWORD", "It is required with PORTAL_SMTP_USER.")
	case strings.ContainsFunc(m.Password.Reveal(), unicode.IsControl):
		r.problem("PORTAL_SMTP_PASSWORD", "It must be one line.")
	}
}

// minWebhookSecret is the length from which a key cannot be guessed, given that it is random.
const minWebhookSecret = 16

func (r *reader) checkWebhook(c *Config) {
	if c.Webhook.URL == "" {
		return
	}
	const name = "PORTAL_WEBHOOK_URL"
	u, err := url.Parse(c.Webhook.URL)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "":
		r.problem(name, "It must be an absolute address without user name.")
	case u.Scheme != "https" && !(c.Development && u.Scheme == "http"):
		r.problem(name, "It must start with https://.")
	case !c.Development && isPrivate(u.Hostname()):
		r.problem(name, "It must not be a private address.")
	}
	r.checkSecret("PORTAL_WEBHOOK_SECRET", c.Webhook.Secret, c.Development)
	if !r.bad("PORTAL_WEBHOOK_SECRET", "PORTAL_WEBHOOK_SECRET_FILE") && len(c.Webhook.Secret) < minWebhookSecret {
		r.problem("PORTAL_WEBHOOK_SECRET", "With PORTAL_WEBHOOK_URL it must have at least %d characters.", minWebhookSecret)
	}
}

func (r *reader) checkOrigin(c *Config) {
	const name = "PORTAL_ORIGIN"
	if r.bad(name) {
		return
	}
	u, err := url.Parse(c.Origin)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.TrimRight(u.Path, "/") != "" {
		r.problem(name, "It must be a scheme and a host, without a path; for example https://portal.northwind.example")
		return
	}
	plain := c.Development && u.Scheme == "http" && isLoopback(u.Hostname())
	if u.Scheme != "https" && !plain {
		r.problem(name, "It must start with https:// (http:// only with PORTAL_DEVELOPMENT on loopback).")
		return
	}
	// As a browser writes it in the Origin header (RFC 6454, section 6): without the default port.
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	c.Origin = u.Scheme + "://" + host
}

// checkURL admits the address of an outside service. A name that resolves to a private address is found when the
// client dials; here only what the setting itself shows.
func (r *reader) checkURL(name, raw string, development bool) {
	if r.bad(name) {
		return
	}
	if sentence := urlProblem(raw, development); sentence != "" {
		r.problem(name, "%s", sentence)
	}
}

// urlProblem is what is wrong with the address of an outside service, or "".
func urlProblem(raw string, development bool) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "It must be an absolute address without user name, query or fragment."
	case u.Scheme != "https" && !(development && u.Scheme == "http"):
		return "It must start with https://."
	case !development && isPrivate(u.Hostname()):
		return "It must not be a private address."
	}
	return ""
}

// checkClient wants exactly one way in which the client proves itself.
func (r *reader) checkClient(c *Config) {
	const secret, key, public = "PORTAL_OIDC_CLIENT_SECRET", "PORTAL_OIDC_PRIVATE_KEY", "PORTAL_OIDC_PUBLIC"
	if r.bad(secret, secret+"_FILE", key, key+"_FILE", public) {
		return
	}
	n := 0
	for _, set := range []bool{c.OIDC.ClientSecret != "", c.OIDC.PrivateKey != "", c.OIDC.Public} {
		if set {
			n++
		}
	}
	switch {
	case n == 0:
		r.problem(secret, "It is required, unless %s or %s is set.", key, public)
	case n > 1:
		r.problem(secret, "Set one of it, %s and %s.", key, public)
	case c.OIDC.ClientSecret != "":
		r.checkSecret(secret, c.OIDC.ClientSecret, c.Development)
	}
}

func (r *reader) checkDomains(name string, domains []string) {
	for i, d := range domains {
		domains[i] = strings.ToLower(d)
	}
	if slices.ContainsFunc(domains, func(d string) bool { return !isDomain(d) }) {
		r.problem(name, "It must be a list of domains; for example northwind.example")
	}
}

// placeholders are values that people forget to replace.
var placeholders = []string{"...", "changeme", "change-me", "secret", "password", "token", "example", "test", "todo", "xxx"}

func (r *reader) checkSecret(name string, s Secret, development bool) {
	switch {
	case r.bad(name, name+"_FILE"):
	case strings.ContainsFunc(s.Reveal(), func(b rune) bool { return b <= ' ' || b > '~' }):
		r.problem(name, "It must be one line of printable ASCII without blanks.")
	case !development && slices.Contains(placeholders, strings.ToLower(s.Reveal())):
		r.problem(name, "It holds a placeholder, not a secret.")
	}
}

// checkDeciders wants for each request somebody who may decide it and who can be told by mail. Members of a group are
// known only after they have signed in.
func (r *reader) checkDeciders(h Rights) {
	if r.bad("PORTAL_HR", "PORTAL_APPROVERS", "PORTAL_ALTERNATES") {
		return
	}
	hr, group := h.HR.addresses(), slices.ContainsFunc(h.HR, func(e string) bool { return strings.HasPrefix(e, groupPrefix) })
	deciders := h.Approvers.addresses()
	maps.Copy(deciders, h.Alternates.addresses())
	maps.Copy(deciders, hr)
	if len(deciders) > 1 || (len(deciders) == 1 && (group || len(hr) == 0)) {
		return // with a group HR is more people than we know by address
	}
	r.problem("PORTAL_APPROVERS", "Nobody decides their own requests: name the address of a second person here or in PORTAL_HR.")
}

// checkOrder wants the spans and numbers that limit one another in order.
func (r *reader) checkOrder(c *Config) {
	if !r.bad("PORTAL_GTMHUB_CALLS", "PORTAL_GTMHUB_RUN_CALLS") && c.Gtmhub.RunCalls >= c.Gtmhub.Calls {
		r.problem("PORTAL_GTMHUB_RUN_CALLS", "It must be less than PORTAL_GTMHUB_CALLS.")
	}
	if !r.bad("PORTAL_LEASE", "PORTAL_CALL_TIMEOUT") && c.Timing.Lease <= c.Timing.Call {
		r.problem("PORTAL_LEASE", "It must be longer than PORTAL_CALL_TIMEOUT.")
	}
	if !r.bad("PORTAL_SETTLE", "PORTAL_LEASE", "PORTAL_CALL_TIMEOUT") && c.Timing.Settle <= c.Timing.Call+c.Timing.Lease {
		r.problem("PORTAL_SETTLE", "It must be longer than PORTAL_CALL_TIMEOUT and PORTAL_LEASE together.")
	}
	if !r.bad("PORTAL_SESSION_IDLE", "PORTAL_SESSION_MAX") && c.Session.Idle > c.Session.Max {
		r.problem("PORTAL_SESSION_IDLE", "It must not be longer than PORTAL_SESSION_MAX.")
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func isPrivate(host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return isLoopback(host)
	}
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
}

// isDomain admits lower-case names of at least two labels; international ones in their ASCII form.
func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	return len(s) <= 253 && len(labels) > 1 && !slices.ContainsFunc(labels, func(l string) bool {
		return l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != ""
	})
}

// isPrintableASCII keeps out look-alikes: the Kelvin sign, for one, becomes a plain k in lower case.
func isPrintableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(b rune) bool { return b <= ' ' || b > '~' })
}
