package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Variable is the environment variable that names an existing server to use instead of starting one, as
// "postgres://user@host/database". Its user must be allowed to create databases.
const Variable = "PORTAL_TEST_POSTGRES"

// start runs once per test binary.
var start = sync.OnceValues(func() (string, error) {
	if u := os.Getenv(Variable); u != "" {
		return u, nil
	}
	return startServer()
})

// URL returns the address of a fresh, empty database, which is dropped when the test ends. Without PostgreSQL on the
// machine the test is skipped; where the environment variable CI is "true" it fails instead.
func URL(t testing.TB) string {
	t.Helper()
	server, err := start()
	if errors.Is(err, errMissing) && os.Getenv("CI") != "true" {
		t.Skip("skipped: " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	name := "portal_test_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(errors.Join(fmt.Errorf("create test database: %w", err), db.Close()))
	}
	t.Cleanup(func() {
		// FORCE ends connections that a failed test left open.
		_, err := db.ExecContext(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		if err := errors.Join(err, db.Close()); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("the address in %s cannot be understood", Variable)
	}
	u.Path = "/" + name
	return u.String()
}

var errMissing = errors.New("PostgreSQL (initdb and postgres) is not installed, and " + Variable + " is not set")

// find looks for the programs of one installation.
func find() (initdb, postgres string, err error) {
	var folders []string
	if p, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(p))
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well-formed
	slices.Reverse(debian)                                  // newest first
	for _, f := range append(append(folders, debian...), "/usr/local/bin") {
		initdb, postgres = filepath.Join(f, "initdb"), filepath.Join(f, "postgres")
		if runnable(initdb) && runnable(postgres) {
			return initdb, postgres, nil
		}
	}
	return "", "", errMissing
}

func runnable(path string) bool {
	i, err := os.Stat(path)
	return err == nil && i.Mode().IsRegular() && i.Mode()&0o111 != 0
}

// keeper runs the server, anew whenever it ends, until its own standard input ends, which the operating system sees to
// when the test binary is gone: after a panic or a kill too. $1 is the program, $2 the folder, $3 whether a commit waits
// for the log.
const keeper = `exec 3<&0
{ cat <&3 >/dev/null; : >"$2/end"; kill -INT "$(head -n 1 "$2/data/postmaster.pid")"; } &
until [ -e "$2/end" ]; do
	"$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off \
		-c synchronous_commit="$3" -c max_connections=200 -c shared_buffers=32MB >>"$2/log" 2>&1
done
wait
rm -rf "$2"`

// keepOpen holds the keeper's standard input for as long as the test binary lives.
var keepOpen *os.File

func startServer() (string, error) {
	s, err := launch("off")
	if err != nil {
		return "", err
	}
	keepOpen = s.held
	return s.URL, nil
}

// Server is a server of its own, for tests that do to it what others would suffer from. What was committed survives
// Restart.
type Server struct {
	// URL is the address of an empty database.
	URL    string
	folder string
	held   *os.File
	t      testing.TB
}

// Start starts a server that ends with the test. Without PostgreSQL on the machine it does what [URL] does.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := launch("on")
	if errors.Is(err, errMissing) && os.Getenv("CI") != "true" {
		t.Skip("skipped: " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.held.Close() })
	s.t = t
	return s
}

// Restart ends the server at once, as "pg_ctl stop -m immediate" does, and lets it come back. It returns when the old one
// is gone; the new one recovers first.
func (s *Server) Restart() {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.folder, "data", "postmaster.pid"))
	if err != nil {
		s.t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		s.t.Fatalf("restart PostgreSQL: %v", err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for syscall.Kill(pid, 0) == nil {
		select {
		case <-s.t.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// launch makes a database folder and starts a server on it. commit says whether commits wait for the log to be written.
func launch(commit string) (*Server, error) {
	initdb, postgres, err := find()
	if err != nil {
		return nil, err
	}
	owner, err := ordinaryUser()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "portal-pg")
	if err != nil {
		return nil, err
	}
	if owner != nil {
		if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.Command(name, args...)
		c.Dir = folder // the current one may be closed to the ordinary user
		// A group of its own, so that an interrupt from the keyboard leaves it time to clean up.
		c.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true}
		return c
	}
	out, err := command(initdb, "-D", filepath.Join(folder, "data"), "-U", "portal", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w\n%s", err, out), os.RemoveAll(folder))
	}
	input, held, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	server := command("/bin/sh", "-c", keeper, "keeper", postgres, folder, commit)
	server.Stdin = input
	if err := server.Start(); err != nil {
		return nil, err
	}
	if err := input.Close(); err != nil {
		return nil, err
	}
	address := (&url.URL{Scheme: "postgres", User: url.User("portal"), Path: "/postgres", RawQuery: url.Values{"host": {folder}}.Encode()}).String()
	if err := answers(address); err != nil {
		log, _ := os.ReadFile(filepath.Join(folder, "log")) // it is only there to explain the error
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w\n%s", err, bytes.TrimSpace(log)), held.Close())
	}
	return &Server{URL: address, folder: folder, held: held}, nil
}

// answers waits until the server takes connections.
func answers(address string) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return db.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, db.Close())
		case <-tick.C:
		}
	}
}

// ordinaryUser is who runs the server when the tests run as root, because initdb refuses root; nil means: as we are.
func ordinaryUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find an ordinary user to run PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the id of user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the group of user %s: %w", u.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
