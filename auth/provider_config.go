package auth

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// ProviderConfig describes one OpenID provider.
type ProviderConfig struct {
	// ID stands in addresses and in stored rows: 1 to 32 lower-case letters, digits and "-".
	ID string
	// Name is for the sign-in page.
	Name string
	// Issuer is the provider's issuer URL, exactly as its discovery document has it; https.
	Issuer   string
	ClientID string
	// ClientSecret is empty for a public client and for one with a private key.
	ClientSecret Secret
	// PrivateKey is a PEM key, with which the client proves itself by signed statements instead of a secret
	// (private_key_jwt): RSA of at least 2048 bits or ECDSA on P-256.
	PrivateKey Secret
	// GroupsClaim is the claim that holds the groups; empty means "groups".
	GroupsClaim string
	// Scopes are asked for in addition to "openid"; nil means "profile" and "email".
	Scopes []string
	// TrustUnverifiedEmail says that the addresses of this issuer count as verified when it sends no email_verified
	// claim. A claim that says "false" always wins.
	TrustUnverifiedEmail bool
	// AllowedDomains limits which addresses may link to a Gtmhub user; empty means all. With several providers they also
	// choose the provider for an address.
	AllowedDomains []string
	// FreshFallback accepts, where the provider sends no auth_time, a new ID token under a minute old, asked for
	// with max_age=0, as proof of a fresh sign-in.
	FreshFallback bool
	// GtmhubTokens says that the access tokens of this provider are the people's own tokens at Gtmhub, as those of the demo
	// are. They are kept with the session then ([Handler.OwnToken]).
	GtmhubTokens bool
	// AllowPlainHTTP admits an http issuer on a loopback address: the demo and tests.
	AllowPlainHTTP bool
}

// check refuses a configuration that could not work or would not be safe. The error never holds the secret.
func (c ProviderConfig) check() error {
	bad := func(format string, args ...any) error {
		return fault.Newf(fault.Invalid, "Provider %q: "+format, append([]any{c.ID}, args...)...)
	}
	if !validProviderID(c.ID) {
		return bad("the id must be 1 to 32 lower-case letters, digits or hyphens.")
	}
	if c.Name == "" {
		return bad("the name is missing.")
	}
	if c.ClientID == "" {
		return bad("the client id is missing.")
	}
	if c.PrivateKey != "" {
		if c.ClientSecret != "" {
			return bad("a client secret and a private key are two proofs; name one.")
		}
		if _, err := parseClientKey(c.PrivateKey); err != nil {
			return bad("the private key cannot be used: %v.", err)
		}
	}
	if err := checkURL(c.Issuer, c.AllowPlainHTTP); err != nil {
		return bad("the issuer %q cannot be used: %v.", c.Issuer, err)
	}
	return nil
}

func validProviderID(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// checkURL admits an https address of a provider; http only on loopback, and only where that is allowed.
func checkURL(raw string, plainHTTP bool) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return fmt.Errorf("it is no absolute address")
	case u.User != nil:
		return fmt.Errorf("it holds a user name")
	case u.Fragment != "" || u.RawQuery != "":
		return fmt.Errorf("it holds a query or fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && plainHTTP && isLoopback(u.Hostname()):
		return nil
	default:
		return fmt.Errorf("it must start with https://")
	}
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
