package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/config"
)

var update = flag.Bool("update", false, "write docs/settings.md")

const canary = "canary-7f3a"

// enough is the smallest environment that the portal starts with.
func enough() map[string]string {
	return map[string]string{
		"PORTAL_ORIGIN":             "https://portal.northwind.example",
		"PORTAL_GTMHUB_URL":         "https://app.gtmhub.com/api",
		"PORTAL_GTMHUB_ACCOUNT":     "5c8a3f0e1b2d4c6f7a8b9c0d",
		"PORTAL_GTMHUB_TOKEN":       canary + "-token",
		"PORTAL_OIDC_ISSUER":        "https://login.northwind.example",
		"PORTAL_OIDC_CLIENT_ID":     "gtmhub-portal",
		"PORTAL_OIDC_CLIENT_SECRET": canary + "-client",
		"PORTAL_HR":                 "Ana.Ferrari@northwind.example, group:portal-hr",
		"PORTAL_APPROVERS":          "li.wei@northwind.example",
	}
}

// load reads enough with changes on top; "-" takes a variable out.
func load(changes map[string]string) (*config.Config, error) {
	env := enough()
	for k, v := range changes {
		if env[k] = v; v == "-" {
			delete(env, k)
		}
	}
	return config.Load(func(k string) (string, bool) { v, ok := env[k]; return v, ok })
}

// names are the settings that an error is about.
func names(t *testing.T, err error) []string {
	t.Helper()
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		t.Fatalf("error is a %T, want Problems: %v", err, err)
	}
	var out []string
	for _, p := range problems {
		if p.Sentence == "" || !strings.Contains(err.Error(), p.Setting+": "+p.Sentence) {
			t.Errorf("%s: sentence %q is not in the error", p.Setting, p.Sentence)
		}
		out = append(out, p.Setting)
	}
	return out
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := load(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Addr: "127.0.0.1:8080", Origin: "https://portal.northwind.example", DatabaseURL: "data/portal.db", DataDir: "./data",
		Gtmhub: config.Gtmhub{URL: "https://app.gtmhub.com/api", Account: "5c8a3f0e1b2d4c6f7a8b9c0d", Token: canary + "-token", Rate: 20, Calls: 8, RunCalls: 4},
		OIDC: config.OIDC{
			Issuer: "https://login.northwind.example", Name: "Single sign-on", ClientID: "gtmhub-portal",
			ClientSecret: canary + "-client", Scopes: []string{"profile", "email"}, GroupsClaim: "groups",
		},
		Rights: config.Rights{
			HR:         config.Holders{"ana.ferrari@northwind.example", "group:portal-hr"},
			Approvers:  config.Holders{"li.wei@northwind.example"},
			AdminRoles: []string{"Admin", "Account Admin"}, ViewOnlyRoles: []string{"View-only", "Viewer"},
		},
		Timing:      config.Timing{Call: 20 * time.Second, Lease: 90 * time.Second, Settle: 120 * time.Second},
		Session:     config.Session{Idle: 30 * time.Minute, Max: 12 * time.Hour},
		FreeInvites: 5, TwoApprovers: 10, DecisionLapse: 72 * time.Hour, UndoFor: 15 * time.Minute, NightlyAt: 2 * time.Hour, UsersRefresh: 10 * time.Minute, AuditKeepDays: 400,
		TimeZone: time.UTC, LogLevel: slog.LevelInfo,
		Mail: config.Mail{Port: 587, TLS: "starttls"},
	}
	// Secrets are compared as texts: all of them print alike.
	plain := cmp.Transformer("reveal", func(s config.Secret) string { return s.Reveal() })
	sameZone := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if d := cmp.Diff(want, got, plain, sameZone); d != "" {
		t.Error(d)
	}
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  map[string]string
		read func(*config.Config) any
		want any
	}{
		{"zero is the default", map[string]string{"PORTAL_GTMHUB_RATE": "0", "PORTAL_LEASE": "0"}, func(c *config.Config) any { return []any{c.Gtmhub.Rate, c.Timing.Lease} }, []any{20.0, 90 * time.Second}},
		{"always two approvers", map[string]string{"PORTAL_TWO_APPROVERS_ROWS": "0"}, func(c *config.Config) any { return c.TwoApprovers }, 0},
		{
			"mail to a relay on this machine",
			map[string]string{"PORTAL_SMTP_HOST": "localhost", "PORTAL_SMTP_PORT": "25", "PORTAL_SMTP_TLS": "none", "PORTAL_SMTP_USER": "p", "PORTAL_SMTP_PASSWORD": "two words", "PORTAL_MAIL_FROM": "Portal <p@northwind.example>"},
			func(c *config.Config) any {
				return []any{c.Mail.Host, c.Mail.Port, c.Mail.Password.Reveal(), c.Mail.From}
			}, []any{"localhost", 25, "two words", "Portal <p@northwind.example>"},
		},
		{"webhook with a key in its address", map[string]string{"PORTAL_WEBHOOK_URL": "https://hooks.northwind.example/a?key=b", "PORTAL_WEBHOOK_SECRET": canary + "-webhook"}, func(c *config.Config) any { return c.Webhook.URL }, "https://hooks.northwind.example/a?key=b"},
		{"zero free invitations", map[string]string{"PORTAL_FREE_INVITES": "0"}, func(c *config.Config) any { return c.FreeInvites }, 0},
		{"empty is the default", map[string]string{"PORTAL_TIME_ZONE": "", "PORTAL_OIDC_SCOPES": " "}, func(c *config.Config) any { return c.TimeZone.String() }, "UTC"},
		{"time zone", map[string]string{"PORTAL_TIME_ZONE": "Europe/Berlin"}, func(c *config.Config) any { return c.TimeZone.String() }, "Europe/Berlin"},
		{"log level", map[string]string{"PORTAL_LOG_LEVEL": "Debug"}, func(c *config.Config) any { return c.LogLevel }, slog.LevelDebug},
		{"origin as browsers write it", map[string]string{"PORTAL_ORIGIN": "https://Portal.Northwind.example:443/"}, func(c *config.Config) any { return c.Origin }, "https://portal.northwind.example"},
		{"plain http on loopback in development", map[string]string{"PORTAL_DEVELOPMENT": "true", "PORTAL_ORIGIN": "http://127.0.0.1:8080", "PORTAL_GTMHUB_URL": "http://127.0.0.1:9000/api/", "PORTAL_OIDC_CLIENT_SECRET": "secret"}, func(c *config.Config) any { return []string{c.Origin, c.Gtmhub.URL} }, []string{"http://127.0.0.1:8080", "http://127.0.0.1:9000/api"}},
		{"postgres", map[string]string{"PORTAL_DATABASE_URL": "postgres://u:p@db/portal"}, func(c *config.Config) any { return c.DatabaseURL.Reveal() }, "postgres://u:p@db/portal"},
		{"database in the data folder", map[string]string{"PORTAL_DATA_DIR": "/data"}, func(c *config.Config) any { return c.DatabaseURL.Reveal() }, "/data/portal.db"},
		{"lists lose blanks and empty parts", map[string]string{"PORTAL_MAIL_DOMAINS": " Northwind.example ,, labs.northwind.example"}, func(c *config.Config) any { return c.MailDomains }, []string{"northwind.example", "labs.northwind.example"}},
		{"hr by group, approver by address", map[string]string{"PORTAL_HR": "group:hr"}, func(c *config.Config) any { return c.Rights.HR }, config.Holders{"group:hr"}},
		{"two in hr, no approver", map[string]string{"PORTAL_HR": "ana@northwind.example,bo@northwind.example", "PORTAL_APPROVERS": "-"}, func(c *config.Config) any { return len(c.Rights.HR) }, 2},
		{"one in hr and a group of hr", map[string]string{"PORTAL_APPROVERS": "-"}, func(c *config.Config) any { return len(c.Rights.HR) }, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := load(tt.env)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, tt.read(c)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		env  map[string]string
		want []string
	}{
		{"address without port", map[string]string{"PORTAL_ADDR": "localhost"}, []string{"PORTAL_ADDR"}},
		{"development beyond loopback", map[string]string{"PORTAL_DEVELOPMENT": "1", "PORTAL_ADDR": "0.0.0.0:8080"}, []string{"PORTAL_ADDR"}},
		{"development on all addresses", map[string]string{"PORTAL_DEVELOPMENT": "1", "PORTAL_ADDR": ":8080"}, []string{"PORTAL_ADDR"}},
		{"http origin", map[string]string{"PORTAL_ORIGIN": "http://portal.northwind.example"}, []string{"PORTAL_ORIGIN"}},
		{"http origin on loopback", map[string]string{"PORTAL_ORIGIN": "http://127.0.0.1:8080"}, []string{"PORTAL_ORIGIN"}},
		{"http origin beyond loopback in development", map[string]string{"PORTAL_DEVELOPMENT": "1", "PORTAL_ORIGIN": "http://portal.northwind.example"}, []string{"PORTAL_ORIGIN"}},
		{"origin with path", map[string]string{"PORTAL_ORIGIN": "https://northwind.example/portal"}, []string{"PORTAL_ORIGIN"}},
		{"origin with user name", map[string]string{"PORTAL_ORIGIN": "https://" + canary + "@northwind.example"}, []string{"PORTAL_ORIGIN"}},
		{"http issuer", map[string]string{"PORTAL_OIDC_ISSUER": "http://login.northwind.example"}, []string{"PORTAL_OIDC_ISSUER"}},
		{"http base address", map[string]string{"PORTAL_GTMHUB_URL": "http://app.gtmhub.com/api"}, []string{"PORTAL_GTMHUB_URL"}},
		{"private base address", map[string]string{"PORTAL_GTMHUB_URL": "https://10.1.2.3/api"}, []string{"PORTAL_GTMHUB_URL"}},
		{"private base address, mapped", map[string]string{"PORTAL_GTMHUB_URL": "https://[::ffff:192.168.1.1]/api"}, []string{"PORTAL_GTMHUB_URL"}},
		{"link-local base address", map[string]string{"PORTAL_GTMHUB_URL": "https://169.254.169.254/api"}, []string{"PORTAL_GTMHUB_URL"}},
		{"password in base address", map[string]string{"PORTAL_GTMHUB_URL": "https://u:" + canary + "@app.gtmhub.com/api"}, []string{"PORTAL_GTMHUB_URL"}},
		{"account with blank", map[string]string{"PORTAL_GTMHUB_ACCOUNT": "a b"}, []string{"PORTAL_GTMHUB_ACCOUNT"}},
		{"token of two lines", map[string]string{"PORTAL_GTMHUB_TOKEN": canary + "\nx"}, []string{"PORTAL_GTMHUB_TOKEN"}},
		{"placeholder", map[string]string{"PORTAL_OIDC_CLIENT_SECRET": "changeme"}, []string{"PORTAL_OIDC_CLIENT_SECRET"}},
		{"other database", map[string]string{"PORTAL_DATABASE_URL": "mysql://u:" + canary + "@db/portal"}, []string{"PORTAL_DATABASE_URL"}},
		{"bad number", map[string]string{"PORTAL_GTMHUB_CALLS": canary}, []string{"PORTAL_GTMHUB_CALLS"}},
		{"number out of bounds", map[string]string{"PORTAL_FREE_INVITES": "-1", "PORTAL_GTMHUB_RATE": "NaN"}, []string{"PORTAL_GTMHUB_RATE", "PORTAL_FREE_INVITES"}},
		{"audit trail kept for too short", map[string]string{"PORTAL_AUDIT_KEEP_DAYS": "399"}, []string{"PORTAL_AUDIT_KEEP_DAYS"}},
		{"span without unit", map[string]string{"PORTAL_SETTLE": "120"}, []string{"PORTAL_SETTLE"}},
		{"bad switch", map[string]string{"PORTAL_OIDC_TRUST_EMAIL": "maybe"}, []string{"PORTAL_OIDC_TRUST_EMAIL"}},
		{"bad zone", map[string]string{"PORTAL_TIME_ZONE": "Local"}, []string{"PORTAL_TIME_ZONE"}},
		{"bad level", map[string]string{"PORTAL_LOG_LEVEL": "info+1"}, []string{"PORTAL_LOG_LEVEL"}},
		{"bad domain", map[string]string{"PORTAL_MAIL_DOMAINS": "northwind.example,@x"}, []string{"PORTAL_MAIL_DOMAINS"}},
		{"holder that is neither", map[string]string{"PORTAL_AUDITORS": "portal-auditors"}, []string{"PORTAL_AUDITORS"}},
		{"group without name", map[string]string{"PORTAL_AUDITORS": "group: "}, []string{"PORTAL_AUDITORS"}},
		{"look-alike address", map[string]string{"PORTAL_OPERATORS": "\u212Aim@northwind.example"}, []string{"PORTAL_OPERATORS"}},
		{"runs may use all calls", map[string]string{"PORTAL_GTMHUB_CALLS": "4"}, []string{"PORTAL_GTMHUB_RUN_CALLS"}},
		{"lease as long as a call", map[string]string{"PORTAL_LEASE": "20s"}, []string{"PORTAL_LEASE"}},
		{"settle as long as call and lease", map[string]string{"PORTAL_SETTLE": "110s"}, []string{"PORTAL_SETTLE"}},
		{"idle longer than the session", map[string]string{"PORTAL_SESSION_MAX": "20m"}, []string{"PORTAL_SESSION_IDLE"}},
		{"session of a day", map[string]string{"PORTAL_SESSION_MAX": "24h"}, []string{"PORTAL_SESSION_MAX"}},
		{"only one person to decide", map[string]string{"PORTAL_HR": "ana@northwind.example", "PORTAL_APPROVERS": "Ana@northwind.example"}, []string{"PORTAL_APPROVERS"}},
		{"one in hr twice", map[string]string{"PORTAL_HR": "ana@northwind.example,ANA@northwind.example", "PORTAL_APPROVERS": "-"}, []string{"PORTAL_APPROVERS"}},
		{"groups only", map[string]string{"PORTAL_HR": "group:hr", "PORTAL_APPROVERS": "group:approvers"}, []string{"PORTAL_APPROVERS"}},
		{"mail without a sender", map[string]string{"PORTAL_SMTP_HOST": "mail.northwind.example"}, []string{"PORTAL_MAIL_FROM"}},
		{"sender that is no address", map[string]string{"PORTAL_MAIL_FROM": "portal"}, []string{"PORTAL_MAIL_FROM"}},
		{"sender with another header", map[string]string{"PORTAL_MAIL_FROM": "portal@northwind.example\r\nBcc: x@y.example"}, []string{"PORTAL_MAIL_FROM"}},
		{"unknown encryption", map[string]string{"PORTAL_SMTP_TLS": "ssl"}, []string{"PORTAL_SMTP_TLS"}},
		{
			"password in the clear",
			map[string]string{"PORTAL_SMTP_HOST": "10.0.0.1", "PORTAL_MAIL_FROM": "p@northwind.example", "PORTAL_SMTP_TLS": "none", "PORTAL_SMTP_USER": "p", "PORTAL_SMTP_PASSWORD": canary},
			[]string{"PORTAL_SMTP_TLS"},
		},
		{"mail server with port", map[string]string{"PORTAL_SMTP_HOST": "smtp://mail.northwind.example", "PORTAL_MAIL_FROM": "p@northwind.example"}, []string{"PORTAL_SMTP_HOST"}},
		{"mail user without password", map[string]string{"PORTAL_SMTP_USER": "p"}, []string{"PORTAL_SMTP_PASSWORD"}},
		{"password of two lines", map[string]string{"PORTAL_SMTP_USER": "p", "PORTAL_SMTP_PASSWORD": canary + "\nx"}, []string{"PORTAL_SMTP_PASSWORD"}},
		{"webhook without secret", map[string]string{"PORTAL_WEBHOOK_URL": "https://hooks.northwind.example/" + canary}, []string{"PORTAL_WEBHOOK_SECRET"}},
		{"webhook over http", map[string]string{"PORTAL_WEBHOOK_URL": "http://hooks.northwind.example/" + canary, "PORTAL_WEBHOOK_SECRET": canary + "-webhook"}, []string{"PORTAL_WEBHOOK_URL"}},
		{"webhook in the own network", map[string]string{"PORTAL_WEBHOOK_URL": "https://192.168.1.1/" + canary, "PORTAL_WEBHOOK_SECRET": canary + "-webhook"}, []string{"PORTAL_WEBHOOK_URL"}},
		{"webhook with a password", map[string]string{"PORTAL_WEBHOOK_URL": "https://u:" + canary + "@hooks.northwind.example", "PORTAL_WEBHOOK_SECRET": canary + "-webhook"}, []string{"PORTAL_WEBHOOK_URL"}},
		{"short secret", map[string]string{"PORTAL_WEBHOOK_URL": "https://hooks.northwind.example", "PORTAL_WEBHOOK_SECRET": "short"}, []string{"PORTAL_WEBHOOK_SECRET"}},
		{"secret and its file", map[string]string{"PORTAL_GTMHUB_TOKEN_FILE": "/nowhere"}, []string{"PORTAL_GTMHUB_TOKEN"}},
		{"file that is not there", map[string]string{"PORTAL_GTMHUB_TOKEN": "-", "PORTAL_GTMHUB_TOKEN_FILE": "/" + canary}, []string{"PORTAL_GTMHUB_TOKEN_FILE"}},
		{
			"all at once",
			map[string]string{"PORTAL_ORIGIN": "-", "PORTAL_GTMHUB_TOKEN": "-", "PORTAL_HR": "", "PORTAL_LEASE": "soon"},
			[]string{"PORTAL_ORIGIN", "PORTAL_GTMHUB_TOKEN", "PORTAL_HR", "PORTAL_LEASE"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := load(tt.env)
			if err == nil {
				t.Fatalf("accepted: %+v", c)
			}
			if d := cmp.Diff(tt.want, names(t, err)); d != "" {
				t.Error(d)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the error repeats a value: %v", err)
			}
		})
	}
}

func TestNothingSetNamesEverythingRequired(t *testing.T) {
	t.Parallel()
	_, err := config.Load(func(string) (string, bool) { return "", false })
	var want []string
	for _, s := range config.Settings() {
		if s.Required {
			want = append(want, s.Name)
		}
	}
	want = append(want, "PORTAL_OIDC_CLIENT_SECRET") // or one of two others
	if d := cmp.Diff(want, names(t, err)); d != "" {
		t.Error(d)
	}
}

func TestSecretFiles(t *testing.T) {
	t.Parallel()
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, s := range config.Settings() {
		if !s.Secret {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			set := map[string]string{s.Name: "-", s.Name + "_FILE": write(canary + "\r\n")}
			if s.Name == "PORTAL_OIDC_PRIVATE_KEY" {
				set["PORTAL_OIDC_CLIENT_SECRET"] = "-"
			}
			c, err := load(set)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]config.Secret{
				"PORTAL_DATABASE_URL": c.DatabaseURL, "PORTAL_GTMHUB_TOKEN": c.Gtmhub.Token, "PORTAL_OIDC_CLIENT_SECRET": c.OIDC.ClientSecret,
				"PORTAL_SMTP_PASSWORD": c.Mail.Password, "PORTAL_WEBHOOK_SECRET": c.Webhook.Secret,
				"PORTAL_OIDC_PRIVATE_KEY": c.OIDC.PrivateKey,
			}[s.Name]
			if got.Reveal() != canary {
				t.Errorf("the content of the file did not arrive")
			}
			for name, content := range map[string]string{"empty": " \n", "too large": strings.Repeat("x", 70<<10)} {
				_, err := load(map[string]string{s.Name: "-", s.Name + "_FILE": write(content)})
				if d := cmp.Diff([]string{s.Name + "_FILE"}, names(t, err)); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
		})
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	t.Parallel()
	c, err := load(map[string]string{"PORTAL_DATABASE_URL": "postgres://u:" + canary + "@db/portal"})
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%z"} {
		fmt.Fprintf(&shown, verb+"\n", c.Gtmhub.Token)
		fmt.Fprintf(&shown, verb+"\n", *c)
		fmt.Fprintf(&shown, verb+"\n", &c.OIDC)
	}
	fmt.Fprintln(&shown, c.Gtmhub.Token, []config.Secret{c.OIDC.ClientSecret}, map[config.Secret]int{c.DatabaseURL: 1})
	for _, h := range []slog.Handler{slog.NewJSONHandler(&shown, nil), slog.NewTextHandler(&shown, nil)} {
		slog.New(h).Info("settings", "token", c.Gtmhub.Token, "all", c)
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(b)
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(shown.String(), form) {
			t.Errorf("shown as %s", form)
		}
	}
	if !strings.Contains(shown.String(), "[redacted]") {
		t.Error("nothing was shown as [redacted]")
	}
}

// needed are settings without which another one is refused.
var needed = map[string]map[string]string{
	"PORTAL_SMTP_HOST":   {"PORTAL_MAIL_FROM": "portal@northwind.example"},
	"PORTAL_SMTP_USER":   {"PORTAL_SMTP_PASSWORD": canary},
	"PORTAL_WEBHOOK_URL": {"PORTAL_WEBHOOK_SECRET": canary + "-webhook"},
}

func TestSettings(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		t.Run(s.Name, func(t *testing.T) {
			if !strings.HasPrefix(s.Name, "PORTAL_") || seen[s.Name] || s.Type == "" || s.Example == "" || !strings.HasSuffix(s.Meaning, ".") {
				t.Errorf("documented badly or twice: %+v", s)
			}
			seen[s.Name] = true
			if s.Required && s.Default != "" {
				t.Error("required, but has a default")
			}
			if s.Secret { // the examples of secrets are placeholders, which are refused
				return
			}
			env := map[string]string{s.Name: s.Example}
			switch s.Name {
			case "PORTAL_PROVIDERS_FILE": // the example is not on this machine
				return
			case "PORTAL_OIDC_PUBLIC":
				env["PORTAL_OIDC_CLIENT_SECRET"] = "-"
			}
			maps.Copy(env, needed[s.Name])
			if _, err := load(env); err != nil {
				t.Errorf("the example is refused: %v", err)
			}
			if s.Default == "" {
				return
			}
			absent, err := load(nil)
			if err != nil {
				t.Fatal(err)
			}
			given, err := load(map[string]string{s.Name: s.Default})
			if err != nil {
				t.Fatalf("the default is refused: %v", err)
			}
			if !reflect.DeepEqual(absent, given) {
				t.Error("the default, written out, is another value")
			}
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	const file = "../../docs/settings.md"
	if *update {
		if err := os.WriteFile(file, []byte(config.Page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(config.Page(), string(got)); d != "" {
		t.Errorf("run go generate ./internal/config (-code, +page):\n%s", d)
	}
}

func TestProvidersFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("secret", canary+"-second\n")
	entry := func(more string) string {
		return `{"id":"labs","name":"Labs","issuer":"https://login.labs.example","client_id":"portal",` + more + `}`
	}
	for i, tt := range []struct {
		name, content, want string
	}{
		{"secret", "[" + entry(`"client_secret_file":"`+secret+`","scopes":["profile","groups"],"domains":["Labs.example"],"groups_claim":"roles"`) + "]", ""},
		{"key", "[" + entry(`"private_key_file":"`+secret+`"`) + "]", ""},
		{"public", "[" + entry(`"public":true`) + "]", ""},
		{"no more providers", "[]", ""},
		{"no proof", "[" + entry(`"trust_email":true`) + "]", "name exactly one"},
		{"two proofs", "[" + entry(`"public":true,"client_secret_file":"`+secret+`"`) + "]", "name exactly one"},
		{"secret in the file", "[" + entry(`"client_secret":"`+canary+`"`) + "]", "unknown field"},
		{"no such secret", "[" + entry(`"client_secret_file":"`+dir+`/`+canary+`"`) + "]", "client_secret_file cannot be used"},
		{"plain http", `[{"id":"x","name":"X","issuer":"http://login.example","client_id":"p","public":true}]`, "https"},
		{"private address", `[{"id":"x","name":"X","issuer":"https://10.0.0.1","client_id":"p","public":true}]`, "private address"},
		{"the first one's id", `[{"id":"main","name":"X","issuer":"https://login.example","client_id":"p","public":true}]`, "id must be"},
		{"odd id", `[{"id":"X/y","name":"X","issuer":"https://login.example","client_id":"p","public":true}]`, "id must be"},
		{"no name", `[{"id":"x","issuer":"https://login.example","client_id":"p","public":true}]`, "required"},
		{"odd domain", "[" + entry(`"public":true,"domains":["@x"]`) + "]", "domains"},
		{"no list", entry(`"public":true`), "no JSON list"},
		{"no JSON", "issuer: " + canary, "no JSON list"},
		{"something behind", "[] []", "behind the list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := load(map[string]string{"PORTAL_PROVIDERS_FILE": write(fmt.Sprint(i), tt.content)})
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "" && tt.name == "secret":
				want := []config.Provider{{ID: "labs", Name: "Labs", Issuer: "https://login.labs.example", ClientID: "portal", Scopes: []string{"profile", "groups"},
					Domains: []string{"labs.example"}, ClientSecretFile: secret, GroupsClaim: "roles", ClientSecret: canary + "-second"}}
				if d := cmp.Diff(want, c.Providers); d != "" {
					t.Error(d)
				}
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), canary)):
				t.Errorf("error %v, want one with %q and without %q", err, tt.want, canary)
			}
		})
	}
	if _, err := load(map[string]string{"PORTAL_PROVIDERS_FILE": dir + "/nothing"}); err == nil {
		t.Error("a missing file is accepted")
	}
}
