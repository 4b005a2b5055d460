package check

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/gtmhub-portal/portal/gtmhub"
)

const (
	hintBase    = "PORTAL_GTMHUB_URL must be everything up to and including /api in the centre of the account, such as https://app.gtmhub.com/api or https://app.us.quantive.com/results/api."
	hintToken   = "Make an API token (not a SCIM token) in the settings of the account and set PORTAL_GTMHUB_TOKEN."
	hintAccount = "PORTAL_GTMHUB_ACCOUNT must be the account id that is shown where the token was made."
	hintRights  = "The token has exactly the rights of its user: make one as an administrator of the account, and compare PORTAL_GTMHUB_ACCOUNT with the page where it was made."
	hintNet     = "Check host name, firewall and route from this machine; the portal uses no proxy."
	hintLater   = "Try again in a few minutes."
)

// explanations say what each kind of failed call means. The first that fits counts.
var explanations = []struct {
	fits       func(*gtmhub.APIError) bool
	name       string // of the line when the first call fails so
	text, hint string
}{
	// Which status a wrong account id has is not documented (docs/gtmhub-readings.md U15), so the message goes first.
	{func(e *gtmhub.APIError) bool { return strings.Contains(strings.ToLower(e.Message), "account id") }, "account", "The account id is refused.", hintAccount},
	{is(gtmhub.ErrUnauthorized), "token", "The token is refused: it is wrong, expired or revoked.", hintToken},
	{is(gtmhub.ErrPaymentRequired), "account", "The subscription of the account does not allow this call.", "Ask the vendor which subscription includes the API."},
	{is(gtmhub.ErrForbidden), "token", "The token's user lacks the right, or the account id is wrong.", hintRights},
	{is(gtmhub.ErrRateLimited), "base address", "Gtmhub asks to slow down.", "Try again in a few minutes; lower PORTAL_GTMHUB_RATE if it stays so."},
	{is(gtmhub.ErrBadAnswer), "base address", "What answered is not the API: a web page, a redirect, or JSON of another shape.", hintBase},
	{is(gtmhub.ErrNotFound), "base address", "There is no such call at this address.", hintBase},
	{is(gtmhub.ErrInvalid), "base address", "The call is not understood.", hintBase},
	{func(e *gtmhub.APIError) bool { return e.Status != 0 }, "base address", "Gtmhub fails.", hintLater},
	{cause[*net.DNSError], "base address", "The host name cannot be resolved.", "Correct the host in PORTAL_GTMHUB_URL, or the name service of this machine."},
	{cause[*tls.CertificateVerificationError], "base address", "The certificate is not valid for this host or not trusted.", "Check the host in PORTAL_GTMHUB_URL, and whether a proxy breaks TLS open."},
	{is(syscall.ECONNREFUSED), "base address", "Nothing listens at this address.", "Check host and port of PORTAL_GTMHUB_URL."},
	{func(*gtmhub.APIError) bool { return true }, "base address", "No answer came in time, or the connection broke.", hintNet},
}

func is(kind error) func(*gtmhub.APIError) bool {
	return func(e *gtmhub.APIError) bool { return errors.Is(e, kind) }
}

func cause[E error](e *gtmhub.APIError) bool {
	_, ok := errors.AsType[E](e)
	return ok
}

// explain says what a failed call means: the name of its line if it is the first call, the text, and the hint.
func explain(err error) (name, text, hint string) {
	e, ok := errors.AsType[*gtmhub.APIError](err)
	if !ok {
		return "base address", "The call failed: " + brief(err) + ".", ""
	}
	for _, x := range explanations {
		if !x.fits(e) {
			continue
		}
		name, text, hint = x.name, x.text, x.hint
		break
	}
	if e.Status != 0 {
		text += fmt.Sprintf(" (status %d)", e.Status)
	}
	if e.Message != "" {
		text += fmt.Sprintf(" Gtmhub says: %q.", e.Message)
	}
	return name, text, hint
}
