package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/config"
	"github.com/gtmhub-portal/portal/internal/store"
)

// canary is part of every secret of the scripts. No command may print it.
const canary = "CANARY"

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"portal": main})
}

// TestScripts runs the scripts of testdata, each a story of one command. Beside testscript's own words they use
// those of scriptCommands.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, Cmds: scriptCommands, Setup: setup})
}

var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	// status N portal ...: run it; it must end with this code.
	"status": status,
	// start NAME portal ...: run it in the background until it has printed its addresses: $NAME1, $NAME2.
	"start": start,
	// end NAME SIGNAL: ask it to end. It must, soon and with 0; what it printed is then in NAME.out.
	"end": end,
	// http METHOD URL BODY FILE: the answer goes into the file. The token and the account of the demo go with it.
	"http": call,
	// hang URL CONTROL: make a call that is not answered, and wait until the emulator has counted it.
	"hang": hang,
	// ports FILE: $signIn, $api and $control from the ports of a demo.
	"ports": ports,
	// entries FILE: a SQLite database with entries in its audit trail.
	"entries": entries,
	// alter FILE: change an entry of the audit trail behind the portal's back.
	"alter": alter,
}

// setup gives a script settings that load, an identity provider, and a port on which nothing listens.
func setup(e *testscript.Env) error {
	account := emulator.DefaultAccount()
	provider := httptest.NewServer(http.HandlerFunc(discovery))
	e.Defer(provider.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	down := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"PORTAL_DEVELOPMENT":        "true",
		"PORTAL_ADDR":               "127.0.0.1:0",
		"PORTAL_ORIGIN":             "http://127.0.0.1:8080",
		"PORTAL_DATA_DIR":           e.WorkDir,
		"PORTAL_GTMHUB_URL":         "http://" + down + "/api",
		"PORTAL_GTMHUB_ACCOUNT":     account.ID,
		"PORTAL_GTMHUB_TOKEN":       token(account.ID, firstAdmin(account)),
		"PORTAL_OIDC_ISSUER":        provider.URL + "/good",
		"PORTAL_OIDC_CLIENT_ID":     "portal",
		"PORTAL_OIDC_CLIENT_SECRET": canary + "-client-secret",
		"PORTAL_HR":                 "ana@northwind.example,group:portal-hr",
		"PORTAL_APPROVERS":          "li@northwind.example",
		"CANARY":                    canary,
		"DOWN":                      down,
		"PROVIDER":                  provider.URL,
		"USER1":                     account.Users[0].ID,
		"OTHER_TOKEN":               token("5c8a3f0e1b2d4c6f7a8b9c0d", firstAdmin(account)),
	} {
		e.Setenv(name, value)
	}
	e.Values[processes{}] = map[string]*process{}
	return nil
}

// discovery answers as a provider whose issuer is right below /good and another one elsewhere.
func discovery(w http.ResponseWriter, r *http.Request) {
	base := "http://" + r.Host
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q,"id_token_signing_alg_values_supported":["RS256"],"scopes_supported":["openid","groups"]}`,
		base+"/good", base+"/a", base+"/t", base+"/k")
}

func firstAdmin(a *emulator.Account) string {
	admin := map[string]bool{}
	for _, r := range a.Roles {
		admin[r.ID] = r.Name == "Account Admin"
	}
	for _, u := range a.Users {
		for _, r := range u.RoleIDs {
			if admin[r] && u.IsActive && !u.InvitationPending {
				return u.ID
			}
		}
	}
	panic("the built-in account has no administrator")
}

// token is a JWT of the form that Gtmhub makes; nobody checks its signature here.
func token(account, user string) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return part(map[string]string{"alg": "HS256"}) + "." + part(map[string]string{"sub": "auth0|" + user, "https://gtmhub.com/app_metadata/accountId": account}) + "." + canary
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

type processes struct{}

// process is a program in the background.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended with err
	err   error

	mu    sync.Mutex
	out   bytes.Buffer // both outputs
	ready chan struct{}
}

var (
	started = regexp.MustCompile(`Stop with Ctrl-C|"portal started"`)
	address = regexp.MustCompile(`(?:http://|"address":")(127\.0\.0\.1:\d+)`)
)

// Write takes output of the program and watches for the line that says that it is ready.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := started.Match(p.out.Bytes())
	p.out.Write(b)
	if !before && started.Match(p.out.Bytes()) {
		close(p.ready)
	}
	return len(b), nil
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func running(ts *testscript.TestScript) map[string]*process {
	return ts.Value(processes{}).(map[string]*process)
}

// patience is how long a test waits for what should take a second; the machine may be busy.
const patience = 30 * time.Second

func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME COMMAND...")
	}
	name := args[0]
	p := &process{cmd: exec.Command(args[1], args[2:]...), ended: make(chan struct{}), ready: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = ts.Getenv("WORK"), p, p
	keys := []string{"PATH", "HOME", "TMPDIR"}
	for _, s := range config.Settings() {
		keys = append(keys, s.Name)
	}
	for _, key := range keys {
		p.cmd.Env = append(p.cmd.Env, key+"="+ts.Getenv(key))
	}
	ts.Check(p.cmd.Start())
	ts.Defer(func() { _ = p.cmd.Process.Kill() })
	go func() { p.err = p.cmd.Wait(); close(p.ended) }()
	select {
	case <-p.ready:
	case <-p.ended:
		ts.Fatalf("%s ended at once: %v\n%s", name, p.err, p.output())
	case <-time.After(patience):
		ts.Fatalf("%s does not get ready", name)
	}
	for i, m := range address.FindAllStringSubmatch(p.output(), -1) {
		ts.Setenv(fmt.Sprintf("%s%d", name, i+1), m[1])
	}
	running(ts)[name] = p
}

func end(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": os.Interrupt, "KILL": os.Kill}
	if neg || len(args) != 2 || signals[args[1]] == nil || running(ts)[args[0]] == nil {
		ts.Fatalf("usage: end NAME TERM|INT|KILL")
	}
	name, p := args[0], running(ts)[args[0]]
	delete(running(ts), name)
	ts.Check(p.cmd.Process.Signal(signals[args[1]]))
	select {
	case <-p.ended:
	case <-time.After(patience):
		ts.Fatalf("%s does not stop", name)
	}
	if p.err != nil && args[1] != "KILL" {
		ts.Fatalf("%s: %v\n%s", name, p.err, p.output())
	}
	if strings.Contains(p.output(), canary) {
		ts.Fatalf("%s printed a secret", name)
	}
	ts.Check(os.WriteFile(ts.MkAbs(name+".out"), []byte(p.output()), 0o600))
}

func request(ts *testscript.TestScript, method, url, body string) *http.Request {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+demoToken)
	req.Header.Set("gtmhub-accountId", ts.Getenv("PORTAL_GTMHUB_ACCOUNT"))
	req.Header.Set("Accept", "application/json")
	return req
}

func call(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: http METHOD URL BODY FILE")
	}
	resp, err := http.DefaultClient.Do(request(ts, args[0], args[1], args[2]))
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if refused := resp.StatusCode > 299; refused != neg {
		ts.Fatalf("status %d: %s", resp.StatusCode, b)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), b, 0o600))
}

func hang(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hang URL CONTROL")
	}
	req := request(ts, http.MethodGet, args[0], "")
	go func() {
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		resp, err := http.Get(args[1] + "/counts?format=json")
		ts.Check(err)
		var counts emulator.Counts
		err = json.NewDecoder(resp.Body).Decode(&counts)
		resp.Body.Close()
		ts.Check(err)
		if len(counts.Calls) > 0 {
			return
		}
	}
	ts.Fatalf("the call did not arrive")
}

func ports(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ports FILE")
	}
	var found map[string]int
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &found))
	for name, port := range found {
		ts.Setenv(name, fmt.Sprintf("127.0.0.1:%d", port))
	}
}

func entries(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: entries FILE")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	st, err := store.Open(ctx, store.Options{URL: ts.MkAbs(args[0])})
	ts.Check(err)
	defer st.Close()
	ts.Check(st.Migrate(ctx))
	for range 3 {
		ts.Check(st.Audit().Append(ctx, audit.Entry{Who: audit.Who{Kind: access.ByPerson, Issuer: "https://login.example", Subject: "ana", Name: "Ana"}, Event: audit.SignedIn}))
	}
}

func alter(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: alter FILE")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	for _, text := range []string{`DROP TRIGGER audit_entry_no_update`, `UPDATE audit_entry SET who_subject = 'bob' WHERE seq = 2`} {
		_, err := db.Exec(text)
		ts.Check(err)
	}
}
