package auth

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// Providers are the configured OpenID providers. It is safe for concurrent use.
type Providers struct {
	list []*provider
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
	ps := &Providers{}
	for _, c := range configs {
		if err := c.check(); err != nil {
			return nil, err
		}
		if ps.byID(c.ID) != nil {
			return nil, fault.Newf(fault.Invalid, "Two providers have the id %q.", c.ID)
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
