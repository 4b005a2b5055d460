package config

import (
	"log/slog"
	"time"
)

// Config holds all settings, checked. A setting that is absent or empty has its default; so has a number or span of
// 0, unless its meaning says what 0 does.
//
// The tags are the documentation: env is the variable, default and example are values as they stand in the
// environment, unit is for numbers, min and max are bounds, need is "always" for settings without a default, and doc is
// the meaning. A field with env "-" is filled from what another setting names.
type Config struct {
	Addr        string `env:"PORTAL_ADDR" default:"127.0.0.1:8080" example:"0.0.0.0:8080" doc:"Address to listen on. Plain HTTP: put a proxy that speaks TLS in front."`
	MetricsAddr string `env:"PORTAL_METRICS_ADDR" example:"127.0.0.1:9090" doc:"Address for Prometheus metrics, at /metrics. Anybody who reaches it may read them: numbers only, but do not publish it. Empty: no metrics."`
	Origin      string `env:"PORTAL_ORIGIN" need:"always" example:"https://portal.northwind.example" doc:"Address under which people reach the portal: scheme and host, no path. The redirect address of the sign-in comes from it. It must be https."`
	DatabaseURL Secret `env:"PORTAL_DATABASE_URL" default:"portal.db in PORTAL_DATA_DIR" example:"postgres://portal:...@db.northwind.example/portal" doc:"A PostgreSQL database (any number of instances may share it), or the path of a SQLite file (one instance)."`
	DataDir     string `env:"PORTAL_DATA_DIR" default:"./data" example:"/data" doc:"Folder for the SQLite file. It must exist and be writable."`

	Gtmhub Gtmhub
	OIDC   OIDC
	// ProvidersFile names further providers, which Providers holds.
	ProvidersFile string     `env:"PORTAL_PROVIDERS_FILE" example:"/etc/portal/providers.json" doc:"JSON file with a list of further providers; see [providers.md](providers.md). Empty: the one provider of PORTAL_OIDC_ISSUER."`
	Providers     []Provider `env:"-"`

	Rights  Rights
	Timing  Timing
	Session Session
	Mail    Mail
	Webhook Webhook

	FreeInvites   int           `env:"PORTAL_FREE_INVITES" default:"5" min:"0" max:"100" unit:"invitations in 24 hours" example:"3" doc:"How many single invitations one person in HR may make without a second person. 0: every invitation needs one. Holds until HR stores a policy on the settings page."`
	TwoApprovers  int           `env:"PORTAL_TWO_APPROVERS_ROWS" default:"10" min:"0" max:"5000" unit:"rows" example:"5" doc:"How many users or teams a deletion may have before two people beside the requester have to agree. 0: always two. Holds until HR stores a policy on the settings page."`
	DecisionLapse time.Duration `env:"PORTAL_DECISION_LAPSE" default:"72h" min:"1h" max:"720h" example:"48h" doc:"How long a request waits for a decision before it lapses, and an approved one for its start."`
	UndoFor       time.Duration `env:"PORTAL_UNDO_FOR" default:"15m" min:"1m" max:"24h" example:"30m" doc:"How long a small change can be undone from the line that tells its result. After that the page of the request offers it, with what would be done."`
	MailDomains   []string      `env:"PORTAL_MAIL_DOMAINS" unit:"domains" example:"northwind.example,northwind-labs.example" doc:"Mail domains of the company. Invitations to other addresses are flagged. Empty: none is."`
	UsersRefresh  time.Duration `env:"PORTAL_USERS_REFRESH" default:"10m" min:"1m" max:"24h" example:"30m" doc:"How often all users are read from Gtmhub. Teams and signed-in people are read every minute while somebody is looking."`

	AuditKeepDays int           `env:"PORTAL_AUDIT_KEEP_DAYS" default:"400" min:"400" max:"3650" unit:"days" example:"730" doc:"How long the audit trail is kept. Months that ended longer ago are removed as a whole; the rest can still be verified."`
	NightlyAt     time.Duration `env:"PORTAL_NIGHTLY_AT" default:"2h" min:"0s" max:"17h" example:"3h30m" doc:"When the whole account is read once a day, by one instance: how long after midnight in PORTAL_TIME_ZONE."`

	TimeZone    *time.Location `env:"PORTAL_TIME_ZONE" default:"UTC" example:"Europe/Berlin" doc:"Time zone of the times on pages, by its name in the IANA database."`
	LogLevel    slog.Level     `env:"PORTAL_LOG_LEVEL" default:"info" example:"debug" doc:"Least severe log lines to write: debug, info, warn or error."`
	Development bool           `env:"PORTAL_DEVELOPMENT" default:"false" example:"true" doc:"For developers: allows plain HTTP and private addresses. The portal then listens on loopback only."`
}

// Gtmhub says how the account is reached.
type Gtmhub struct {
	URL     string `env:"PORTAL_GTMHUB_URL" need:"always" example:"https://app.gtmhub.com/api" doc:"Base address of the Gtmhub API up to and including /api; https."`
	Account string `env:"PORTAL_GTMHUB_ACCOUNT" need:"always" example:"5c8a3f0e1b2d4c6f7a8b9c0d" doc:"Id of the account, sent with every call."`
	Token   Secret `env:"PORTAL_GTMHUB_TOKEN" need:"always" example:"..." doc:"API token of an administrator of the account. The portal does everything with it."`
	// Rate is calls per second of all instances together.
	Rate     float64 `env:"PORTAL_GTMHUB_RATE" default:"20" min:"0.1" max:"100" unit:"calls a second" example:"5" doc:"Pace of all calls to Gtmhub."`
	Calls    int     `env:"PORTAL_GTMHUB_CALLS" default:"8" min:"2" max:"16" unit:"calls" example:"5" doc:"How many calls one instance has under way at once."`
	RunCalls int     `env:"PORTAL_GTMHUB_RUN_CALLS" default:"4" min:"1" max:"15" unit:"calls" example:"2" doc:"How many of them the runs of changes may use. It must be less than PORTAL_GTMHUB_CALLS, so that pages are never shut out."`
}

// OIDC says how people sign in.
type OIDC struct {
	Issuer        string   `env:"PORTAL_OIDC_ISSUER" need:"always" example:"https://login.northwind.example/realms/main" doc:"Issuer of the OpenID provider, exactly as its discovery document has it; https."`
	Name          string   `env:"PORTAL_OIDC_NAME" default:"Single sign-on" example:"Northwind account" doc:"Name of the provider on the sign-in page."`
	ClientID      string   `env:"PORTAL_OIDC_CLIENT_ID" need:"always" example:"gtmhub-portal" doc:"Client id at the provider. The redirect address to register is PORTAL_ORIGIN followed by /callback."`
	ClientSecret  Secret   `env:"PORTAL_OIDC_CLIENT_SECRET" example:"..." doc:"Client secret at the provider. Required unless PORTAL_OIDC_PRIVATE_KEY or PORTAL_OIDC_PUBLIC is set."`
	PrivateKey    Secret   `env:"PORTAL_OIDC_PRIVATE_KEY" example:"..." doc:"Instead of a secret: a private key in PEM form (RSA of 2048 bits or more, or P-256), with which the portal signs what it says of itself (private_key_jwt). Its public half is at PORTAL_ORIGIN followed by /client-keys.json."`
	Public        bool     `env:"PORTAL_OIDC_PUBLIC" default:"false" example:"true" doc:"For a client that is registered without a secret: PKCE alone protects the code."`
	Scopes        []string `env:"PORTAL_OIDC_SCOPES" default:"profile,email" unit:"scopes" example:"profile,email,groups" doc:"Scopes to ask for beside openid. Many providers send groups only when asked."`
	TrustEmail    bool     `env:"PORTAL_OIDC_TRUST_EMAIL" default:"false" example:"true" doc:"Whether addresses count as verified when the provider does not say."`
	Domains       []string `env:"PORTAL_OIDC_DOMAINS" unit:"domains" example:"northwind.example" doc:"Only addresses in these domains are linked to a Gtmhub user. Empty: all."`
	GroupsClaim   string   `env:"PORTAL_OIDC_GROUPS_CLAIM" default:"groups" example:"roles" doc:"Claim that holds the groups: a list of names, or one name."`
	FreshFallback bool     `env:"PORTAL_OIDC_FRESH_FALLBACK" default:"false" example:"true" doc:"For providers that send no auth_time: whether a new ID token counts as a fresh sign-in."`
}

// Rights says who holds which right in the portal.
type Rights struct {
	HR         Holders `env:"PORTAL_HR" need:"always" example:"ana.ferrari@northwind.example,group:portal-hr" doc:"Who is HR."`
	Approvers  Holders `env:"PORTAL_APPROVERS" example:"group:portal-approvers,li.wei@northwind.example" doc:"Who may decide requests beside HR. Nobody decides their own, so there must be the address of a second person here or in PORTAL_HR."`
	Alternates Holders `env:"PORTAL_ALTERNATES" example:"noor.haddad@northwind.example" doc:"Who may decide too and is asked when three quarters of the time for a decision are over."`
	Auditors   Holders `env:"PORTAL_AUDITORS" example:"group:internal-audit" doc:"Who may read everything and change nothing."`
	Operators  Holders `env:"PORTAL_OPERATORS" example:"ops@northwind.example" doc:"Who runs the portal: sees and ends sessions. It gives no rights over people."`
	// AdminRoles are names of Gtmhub roles.
	AdminRoles []string `env:"PORTAL_ADMIN_ROLES" default:"Admin,Account Admin" unit:"role names" example:"Admin" doc:"Gtmhub roles that manage the whole account. Only somebody who holds one gives it, and a second person has to agree."`
	// ViewOnlyRoles are names of Gtmhub roles.
	ViewOnlyRoles []string `env:"PORTAL_VIEW_ONLY_ROLES" default:"View-only,Viewer" unit:"role names" example:"View-only" doc:"Gtmhub roles that only read. Nobody has one of them beside another role."`
}

// Holders are people: each entry is an ASCII mail address in lower case, or "group:" and the name of a group exactly as
// the identity provider sends it.
type Holders []string

// Timing are the waits of the row protocol; see change.Timing.
type Timing struct {
	Call   time.Duration `env:"PORTAL_CALL_TIMEOUT" default:"20s" min:"1s" max:"5m" example:"25s" doc:"Longest call to Gtmhub."`
	Lease  time.Duration `env:"PORTAL_LEASE" default:"90s" min:"2s" max:"30m" example:"95s" doc:"How long an instance holds the rows that it works on. It must be longer than PORTAL_CALL_TIMEOUT."`
	Settle time.Duration `env:"PORTAL_SETTLE" default:"120s" min:"4s" max:"1h" example:"5m" doc:"How long to wait after a lost answer before looking whether the call took effect. It must be longer than PORTAL_CALL_TIMEOUT and PORTAL_LEASE together."`
}

// Session are the limits of sessions.
type Session struct {
	Idle time.Duration `env:"PORTAL_SESSION_IDLE" default:"30m" min:"1m" max:"12h" example:"15m" doc:"A session ends after this long without a request."`
	Max  time.Duration `env:"PORTAL_SESSION_MAX" default:"12h" min:"5m" max:"12h" example:"8h" doc:"A session ends after this long in any case."`
}

// Mail says how notifications are mailed.
type Mail struct {
	Host     string `env:"PORTAL_SMTP_HOST" example:"mail.northwind.example" doc:"Mail server for notifications. Empty: no mail is sent, and the pages say so."`
	Port     int    `env:"PORTAL_SMTP_PORT" default:"587" min:"1" max:"65535" unit:"the port" example:"465" doc:"Port of the mail server."`
	TLS      string `env:"PORTAL_SMTP_TLS" default:"starttls" example:"implicit" doc:"How the connection is encrypted: starttls (nothing is sent before it is), implicit (from the first byte), or none (for a relay close by; never together with PORTAL_SMTP_USER, but on loopback)."`
	User     string `env:"PORTAL_SMTP_USER" example:"portal" doc:"User name at the mail server. Empty: the portal does not sign in there."`
	Password Secret `env:"PORTAL_SMTP_PASSWORD" example:"..." doc:"Password at the mail server. Required with PORTAL_SMTP_USER."`
	From     string `env:"PORTAL_MAIL_FROM" example:"Gtmhub portal <portal@northwind.example>" doc:"Sender of the mails. Required with PORTAL_SMTP_HOST."`
}

// Webhook says which program is told of everything that notifications are made of.
type Webhook struct {
	URL    string `env:"PORTAL_WEBHOOK_URL" example:"https://hooks.northwind.example/portal" doc:"Where events are posted as JSON, with a signature: docs/notifications.md. It must be https and no private address. Empty: nowhere."`
	Secret Secret `env:"PORTAL_WEBHOOK_SECRET" example:"..." doc:"Key of the signatures, at least 16 characters. Required with PORTAL_WEBHOOK_URL."`
}

// Load reads all settings; environ is os.LookupEnv, or what a test makes of it. The error is [Problems] and lists
// everything that is wrong.
func Load(environ func(string) (string, bool)) (*Config, error) {
	c := &Config{}
	r := reader{environ: environ}
	r.read(c)
	r.readProviders(c)
	r.check(c)
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	return c, nil
}
