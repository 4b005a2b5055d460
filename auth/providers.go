package auth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// Providers are the configured OpenID providers. It is safe for concurrent use.
type Providers struct {
	list         []*provider
	signedOutURL string // where providers send people who have signed out there
}

// NewProviders checks the configuration and prepares the providers; it makes no call. Discovery happens at the first
// sign-in and is tried again until it succeeds. redirectURL is the absolute public address of the callback; client
// makes all calls to providers (nil for http.DefaultClient) and is used without redirects and with limits of size and
// time; now is the clock. Errors are fault.Invalid and name the provider.
func NewProviders(_ context.Context, configs []ProviderConfig, redirectURL string, client *http.Client, now func() time.Time) (*Providers, error) {
	if len(configs) == 0 {
		return nil, fault.New(fault.Invalid, "No sign-in provider is configured.")
	}
	callback, err := url.Parse(redirectURL)
	if err != nil || callback.Host == "" {
		return nil, fault.New(fault.Invalid, "The address of the sign-in callback is not absolute.")
	}
	limited := limitClient(client)
	ps := &Providers{signedOutURL: callback.ResolveReference(&url.URL{Path: signedOutPath}).String()}
	for _, c := range configs {
		if err := c.check(); err != nil {
			return nil, err
		}
		if ps.byID(c.ID) != nil {
			return nil, fault.Newf(fault.Invalid, "Two providers have the id %q.", c.ID)
		}
		if ps.byIssuer(c.Issuer) != nil {
			return nil, fault.Newf(fault.Invalid, "Two providers have the issuer %q.", c.Issuer)
		}
		ps.list = append(ps.list, newProvider(c, redirectURL, limited, now))
	}
	return ps, nil
}

func (ps *Providers) byID(id string) *provider {
	for _, p := range ps.list {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func (ps *Providers) byIssuer(issuer string) *provider {
	for _, p := range ps.list {
		if p.Issuer == issuer {
			return p
		}
	}
	return nil
}

// byEmail are the providers for an address: those that name its domain, or else those that name none.
func (ps *Providers) byEmail(email string) []*provider {
	_, domain, _ := strings.Cut(FoldEmail(email), "@")
	var named, open []*provider
	for _, p := range ps.list {
		switch {
		case len(p.AllowedDomains) == 0:
			open = append(open, p)
		case domain != "" && slices.ContainsFunc(p.AllowedDomains, func(d string) bool { return strings.EqualFold(strings.TrimPrefix(d, "@"), domain) }):
			named = append(named, p)
		}
	}
	if len(named) > 0 {
		return named
	}
	return open
}

// ClientKeys is the JSON Web Key Set of the public keys of all clients that have a private one, for providers that
// fetch it.
func (ps *Providers) ClientKeys() ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, p := range ps.list {
		if p.key != nil {
			set.Keys = append(set.Keys, p.key.jwk.Public())
		}
	}
	return json.Marshal(set)
}
