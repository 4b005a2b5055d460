package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// Provider is a further OpenID provider, from the file of PORTAL_PROVIDERS_FILE: a JSON list of objects with these members.
// The meanings are those of the PORTAL_OIDC_ settings. Secrets stand in files of their own.
type Provider struct {
	// ID is 1 to 32 lower-case letters, digits and "-"; it must stay, as sessions carry it.
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes"`
	Domains  []string `json:"domains"`
	// Exactly one of these three says how the client proves itself.
	ClientSecretFile string `json:"client_secret_file"`
	PrivateKeyFile   string `json:"private_key_file"`
	Public           bool   `json:"public"`

	TrustEmail    bool   `json:"trust_email"`
	FreshFallback bool   `json:"fresh_fallback"`
	GroupsClaim   string `json:"groups_claim"`

	// ClientSecret and PrivateKey are what the files hold.
	ClientSecret Secret `json:"-"`
	PrivateKey   Secret `json:"-"`
}

const providersFile = "PORTAL_PROVIDERS_FILE"

// readProviders reads the file of further providers. Its problems name the provider and never a value of a secret.
func (r *reader) readProviders(c *Config) {
	if c.ProvidersFile == "" {
		return
	}
	list, err := parseProviders(c.ProvidersFile)
	if err != nil {
		r.problem(providersFile, "The file cannot be used: %v.", reason(err))
		return
	}
	c.Providers = list
	for i := range c.Providers {
		p := &c.Providers[i]
		which := fmt.Sprintf("provider %d (%.32q)", i+1, p.ID)
		bad := func(format string, args ...any) {
			r.problem(providersFile, "In "+which+": "+format, args...)
		}
		if p.ID == "" || p.ID == mainProvider || strings.Trim(p.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			bad("id must be lower-case letters, digits and hyphens, and not %q, which is the provider of PORTAL_OIDC_ISSUER.", mainProvider)
		}
		if p.Name == "" || p.Issuer == "" || p.ClientID == "" {
			bad("name, issuer and client_id are required.")
		} else if sentence := urlProblem(p.Issuer, c.Development); sentence != "" {
			bad("issuer: %s", sentence)
		}
		for k, d := range p.Domains {
			if p.Domains[k] = strings.ToLower(d); !isDomain(p.Domains[k]) {
				bad("domains must be a list of domains; for example northwind.example")
				break
			}
		}
		proofs := 0
		for _, f := range []struct {
			file string
			to   *Secret
			name string
		}{{p.ClientSecretFile, &p.ClientSecret, "client_secret_file"}, {p.PrivateKeyFile, &p.PrivateKey, "private_key_file"}} {
			if f.file == "" {
				continue
			}
			proofs++
			text, err := readSecret(f.file)
			if err != nil {
				bad("the file of %s cannot be used: %v.", f.name, reason(err))
			}
			*f.to = Secret(strings.TrimSpace(text))
		}
		if p.Public {
			proofs++
		}
		if proofs != 1 {
			bad("name exactly one of client_secret_file, private_key_file and public.")
		}
	}
}

// mainProvider is the id of the provider of the PORTAL_OIDC_ settings.
const mainProvider = "main"

// reason leaves out a path: somebody may have put a secret there.
func reason(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

func parseProviders(path string) ([]Provider, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxSecretBytes {
		return nil, errors.New("it is too large")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields() // a misspelt member must not be a default
	var list []Provider
	if err := d.Decode(&list); err != nil {
		if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("it is no JSON list, at byte %d", bad.Offset)
		}
		if strings.HasPrefix(err.Error(), "json: unknown field ") {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
		}
		return nil, errors.New("it is no JSON list of providers")
	}
	if d.More() {
		return nil, errors.New("something stands behind the list")
	}
	return list, nil
}
