package check

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/gtmhub-portal/portal/internal/config"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/store"
)

// database looks whether the database answers and fits this version. It makes none.
func (r *run) database(ctx context.Context) {
	const name = "database"
	url := r.Config.DatabaseURL.Reveal()
	there, err := store.Exists(url)
	if err == nil && !there {
		if _, err := os.Stat(filepath.Dir(strings.TrimPrefix(url, "sqlite:"))); err != nil {
			r.fail(name, "The folder of the database file cannot be used: "+brief(err)+".", "Make the folder of PORTAL_DATA_DIR and let this user write there.")
			return
		}
		r.ok(name, "There is no database file yet; the first start makes it.")
		return
	}
	if err != nil {
		r.fail(name, "The database file cannot be looked at: "+brief(err)+".", "Check PORTAL_DATA_DIR, PORTAL_DATABASE_URL and the rights of this user on them.")
		return
	}
	st, err := store.Open(ctx, store.Options{URL: url})
	if errors.Is(err, fault.Conflict) {
		r.ok(name, "The database file is in use by a portal that is running.")
		return
	}
	if err != nil {
		r.fail(name, "The database cannot be opened: "+brief(err)+".", "Check PORTAL_DATABASE_URL, and whether its server runs and lets this machine in.")
		return
	}
	defer st.Close()
	pending, err := st.Pending(ctx)
	switch {
	case err != nil:
		r.fail(name, "The tables of the database cannot be read: "+brief(err)+".", "Check the rights of the database user.")
	case pending > 0:
		r.warn(name, fmt.Sprintf("%s answers; %d migrations are to be made.", st.Dialect(), pending), "Make a backup, then run: portal migrate. The next start makes them too.")
	default:
		r.ok(name, string(st.Dialect())+" answers and is up to date.")
	}
}

// signIn reads the discovery document of each provider, as the first sign-in would.
func (r *run) signIn(ctx context.Context) {
	r.provider(ctx, "sign-in", "PORTAL_OIDC_ISSUER", r.Config.OIDC.Issuer, r.Config.OIDC.Scopes)
	for _, p := range r.Config.Providers {
		r.provider(ctx, "sign-in "+p.ID, "The issuer of "+p.ID+" in PORTAL_PROVIDERS_FILE", p.Issuer, p.Scopes)
	}
}

func (r *run) provider(ctx context.Context, name, setting, issuer string, scopes []string) {
	var date time.Time
	client := &http.Client{Timeout: 10 * time.Second, Transport: dated{http.DefaultTransport, &date}}
	p, err := oidc.NewProvider(oidc.ClientContext(ctx, client), issuer)
	if other, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok {
		r.fail(name, fmt.Sprintf("The provider calls itself %q, not as %s has it.", other.Discovered, setting), "Set "+setting+" to exactly that text, a slash at the end included, if it is your provider.")
		return
	}
	if err != nil {
		r.fail(name, fmt.Sprintf("The discovery document of the provider cannot be read: %q.", brief(err)), setting+" followed by /.well-known/openid-configuration must be reachable from this machine.")
		return
	}
	r.ok(name, "The provider answers at "+issuer+" and calls itself so.")
	r.clock("clock ("+name+")", "the identity provider", date)
	var doc struct {
		Scopes []string `json:"scopes_supported"`
	}
	_ = p.Claims(&doc) // the field may be missing
	rights := r.Config.Rights
	named := slices.ContainsFunc(slices.Concat(rights.HR, rights.Approvers, rights.Alternates, rights.Auditors, rights.Operators), func(h string) bool { return strings.HasPrefix(h, "group:") })
	if named && slices.Contains(doc.Scopes, "groups") && !slices.Contains(scopes, "groups") {
		r.warn("groups", "Rights are given to groups, and the provider has a scope for groups that the portal does not ask for.", "Add groups to PORTAL_OIDC_SCOPES, or to the scopes in PORTAL_PROVIDERS_FILE.")
	}
}

// brief puts an error on one short line: a provider, or what stands in its place, may have written a whole page into it.
func brief(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "..."
	}
	return text
}

// dated keeps the Date header of the last answer.
type dated struct {
	http.RoundTripper
	date *time.Time
}

func (d dated) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(req)
	if err == nil {
		*d.date, _ = http.ParseTime(resp.Header.Get("Date"))
	}
	return resp, err
}

// rights says who holds which right and which setting gives it. An address of a deactivated user opens nothing.
func (r *run) rights(ctx context.Context) {
	rights := r.Config.Rights
	inactive := r.inactive(ctx, slices.Concat(rights.HR, rights.Approvers, rights.Alternates, rights.Auditors, rights.Operators))
	for _, right := range []struct {
		name, setting string
		holders       config.Holders
	}{
		{"HR", "PORTAL_HR", rights.HR},
		{"approvers", "PORTAL_APPROVERS", rights.Approvers},
		{"alternates", "PORTAL_ALTERNATES", rights.Alternates},
		{"auditors", "PORTAL_AUDITORS", rights.Auditors},
		{"operators", "PORTAL_OPERATORS", rights.Operators},
	} {
		if len(right.holders) == 0 {
			r.ok(right.name, "Nobody ("+right.setting+" is empty).")
			continue
		}
		var people, gone []string
		for _, h := range right.holders {
			if group, ok := strings.CutPrefix(h, "group:"); ok {
				h = "everybody in the group " + group
			}
			people = append(people, h)
			if inactive[h] {
				gone = append(gone, h)
			}
		}
		text := strings.Join(people, ", ") + " (from " + right.setting + ")."
		if len(gone) > 0 {
			r.warn(right.name, text+" Deactivated in Gtmhub, so kept out: "+strings.Join(gone, ", ")+".", "Take them out of "+right.setting+", or activate them in Gtmhub.")
			continue
		}
		r.ok(right.name, text)
	}
}

// inactive finds which addresses belong to deactivated users. Whoever is no Gtmhub user is not among them.
func (r *run) inactive(ctx context.Context, holders []string) map[string]bool {
	addresses := slices.DeleteFunc(slices.Clone(holders), func(h string) bool { return strings.HasPrefix(h, "group:") })
	out := map[string]bool{}
	if !r.connected || len(addresses) == 0 {
		return out
	}
	users, err := r.client.Users.FindByEmails(ctx, addresses)
	if err != nil {
		_, text, hint := explain(err)
		r.warn("holders of rights", "Whether they are still active cannot be looked up: "+text, hint)
		return out
	}
	for _, u := range users {
		if !u.IsActive && !u.Pending() {
			out[strings.ToLower(u.Email)] = true
		}
	}
	return out
}
