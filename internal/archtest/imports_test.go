package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	root   = "../.."
	module = "github.com/gtmhub-portal/portal/"
)

// row is what a package may import: packages of ours by their path in the repository, and modules of others by the
// start of their path. The standard library is free.
type row struct{ ours, others []string }

var any_ = []string{"*"}

// table is who may import whom. A package without a row is a failure: whoever adds one says where it stands.
var table = map[string]row{
	"internal/id":      {},
	"internal/fault":   {},
	"internal/export":  {},
	"internal/config":  {},
	"internal/route":   {ours: []string{"internal/id"}},
	"internal/metrics": {others: []string{"github.com/prometheus/client_golang"}},

	"internal/access": {ours: []string{"internal/fault", "internal/id"}},
	// access beside fault: an entry is made of an actor.
	"internal/audit":     {ours: []string{"internal/access", "internal/fault", "internal/id"}},
	"internal/directory": {ours: []string{"gtmhub", "internal/access", "internal/fault", "internal/id"}, others: []string{"golang.org/x/text", "golang.org/x/sync"}},
	"internal/change": {
		ours:   []string{"internal/access", "internal/audit", "internal/directory", "internal/fault", "internal/id"},
		others: []string{"golang.org/x/sync"},
	},
	// change for the rows: what they did is left out.
	"internal/drift":        {ours: []string{"internal/access", "internal/audit", "internal/change", "internal/directory", "internal/fault", "internal/id"}},
	"internal/change/kinds": {ours: []string{"gtmhub", "internal/access", "internal/change", "internal/directory", "internal/drift", "internal/fault", "internal/id"}},
	// change for the stored person, out of whom the actor is built (docs/adr/0002).
	"internal/actor":  {ours: []string{"internal/access", "internal/change", "internal/directory", "internal/id"}},
	"internal/deputy": {ours: []string{"internal/access", "internal/audit", "internal/fault", "internal/id"}},
	"internal/joiners": {
		ours:   []string{"internal/directory", "internal/export", "internal/fault", "internal/id"},
		others: []string{"golang.org/x/net", "golang.org/x/text", "github.com/xuri/excelize"},
	},
	// notify reads the trail of changes and asks who may decide; nothing that makes changes knows it (docs/adr/0008).
	"internal/notify": {
		ours: []string{
			"internal/access", "internal/actor", "internal/audit", "internal/change", "internal/fault", "internal/id", "internal/route", "web/templates/mail",
		},
		others: []string{"github.com/wneessen/go-mail"},
	},
	"internal/store": {
		ours: []string{
			"auth", "internal/access", "internal/audit", "internal/change", "internal/deputy", "internal/directory", "internal/drift", "internal/fault", "internal/id",
			"internal/joiners", "internal/metrics", "internal/notify",
		},
		others: []string{"github.com/jackc/pgx", "github.com/pressly/goose", "modernc.org/sqlite"},
	},

	// go-jose signs what a client with a private key says of itself.
	"auth":        {ours: []string{"internal/fault", "internal/id"}, others: []string{"github.com/coreos/go-oidc", "github.com/go-jose/go-jose", "github.com/gorilla/sessions", "golang.org/x/oauth2", "golang.org/x/sync"}},
	"auth/devidp": {others: []string{"github.com/go-jose/go-jose", "github.com/zitadel/oidc"}},

	"gtmhub":          {others: []string{"github.com/failsafe-go/failsafe-go", "golang.org/x/time"}},
	"gtmhub/emulator": {},

	"web/templates/component": {others: []string{"github.com/a-h/templ"}},
	"web/templates/layout":    {ours: []string{"internal/route", "web/static", "web/templates/component"}, others: []string{"github.com/a-h/templ"}},
	"web/templates/mail":      {ours: []string{"internal/route", "web/templates/component"}, others: []string{"github.com/a-h/templ"}},
	"web/templates/page":      {ours: []string{"internal/route", "web/templates/component", "web/templates/layout"}, others: []string{"github.com/a-h/templ"}},
	"web/static":              {},
	"web/static/trim":         {},
	"tools/report":            {},
	"tools/mutants":           {},
	"web/static/trim/trimcss": {ours: []string{"web/static/trim"}},

	// Not kinds, not gtmhub, not store: a handler asks services.
	"handlers": {
		ours: []string{
			"auth", "internal/access", "internal/actor", "internal/audit", "internal/change", "internal/deputy", "internal/directory", "internal/drift", "internal/export",
			"internal/fault", "internal/id", "internal/joiners", "internal/notify", "internal/route",
			"web/static", "web/templates/component", "web/templates/layout", "web/templates/page",
		},
		others: any_,
	},
	// app puts the parts together, so it knows all of them; the rule on programs below holds for it too.
	"internal/app": {ours: any_},
	// check goes the ways of the portal with a client of its own; that it only reads is shown by TestOnlyKindsWrite.
	"internal/check": {ours: []string{"gtmhub", "internal/config", "internal/fault", "internal/store"}, others: []string{"github.com/coreos/go-oidc"}},
	"cmd/portal":     {ours: any_, others: any_},
}

// programs are reached from cmd/portal and tests only: serve must not be able to start them.
var programs = []string{"auth/devidp", "gtmhub/emulator"}

// standAlone are packages whose tests keep to the row as well: they are to be usable, and testable, without the portal.
var standAlone = []string{"gtmhub", "gtmhub/emulator", "auth/devidp", "web/templates/component", "web/templates/layout", "web/templates/page", "web/templates/mail"}

// pkg is the part of "go list -json" that the rules need.
type pkg struct {
	ImportPath, Name, Dir, Doc         string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

func forTests(p string) bool { return strings.HasSuffix(path.Base(p), "test") }

// broken lists the edges that break a rule, each with the rule.
func broken(pkgs []pkg) []string {
	var out []string
	for _, p := range pkgs {
		self := strings.TrimPrefix(p.ImportPath, module)
		r, known := table[self]
		if !known && len(p.GoFiles) > 0 && !forTests(self) {
			out = append(out, self+": has no row in the import table")
			continue
		}
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module)
			edge := self + " -> " + to + ": "
			switch {
			case ours && forTests(to) && !forTests(self):
				out = append(out, edge+"packages that end in test are for tests")
			case ours && slices.Contains(programs, to) && self != "cmd/portal" && !forTests(self):
				out = append(out, edge+"is reached from cmd/portal and tests only")
			case !forTests(self) && !r.allows(to, ours):
				out = append(out, edge+"not in the row of "+self)
			}
		}
		if !slices.Contains(standAlone, self) {
			continue
		}
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			to, ours := strings.CutPrefix(imported, module)
			if ours && to != self && !forTests(to) && !slices.Contains(programs, to) && !r.allows(to, true) {
				out = append(out, self+" (test) -> "+to+": not in the row of "+self)
			}
		}
	}
	return out
}

func (r row) allows(to string, ours bool) bool {
	if ours {
		return slices.Equal(r.ours, any_) || slices.Contains(r.ours, to)
	}
	host, _, _ := strings.Cut(to, "/")
	return !strings.Contains(host, ".") || slices.Equal(r.others, any_) ||
		slices.ContainsFunc(r.others, func(m string) bool { return to == m || strings.HasPrefix(to, m+"/") })
}

// list runs go list once for all tests.
var list = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Dir,Doc,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(b)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, fmt.Errorf("read answer of go list: %w", err)
		}
		pkgs = append(pkgs, p)
	}
})

func packages(t *testing.T) []pkg {
	t.Helper()
	pkgs, err := list()
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) < 20 {
		t.Fatalf("go list found %d packages; something is wrong", len(pkgs))
	}
	return pkgs
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, b := range broken(packages(t)) {
		t.Error(b)
	}
}

func TestImportRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		pkg  pkg
		want []string
	}{
		{"handler asks the store", pkg{ImportPath: "handlers", Imports: []string{"internal/store"}}, []string{"handlers -> internal/store: not in the row of handlers"}},
		{"handler asks gtmhub", pkg{ImportPath: "handlers", Imports: []string{"gtmhub"}}, []string{"handlers -> gtmhub: not in the row of handlers"}},
		{"handler asks kinds", pkg{ImportPath: "handlers", Imports: []string{"internal/change/kinds"}}, []string{"handlers -> internal/change/kinds: not in the row of handlers"}},
		{"domain in a template", pkg{ImportPath: "web/templates/page", Imports: []string{"internal/change"}}, []string{"web/templates/page -> internal/change: not in the row of web/templates/page"}},
		{"domain in the test of a template", pkg{ImportPath: "web/templates/page", XTestImports: []string{"internal/change"}}, []string{"web/templates/page (test) -> internal/change: not in the row of web/templates/page"}},
		{"auth reads settings", pkg{ImportPath: "auth", Imports: []string{"internal/config"}}, []string{"auth -> internal/config: not in the row of auth"}},
		{"emulator uses the client", pkg{ImportPath: "gtmhub/emulator", Imports: []string{"gtmhub"}}, []string{"gtmhub/emulator -> gtmhub: not in the row of gtmhub/emulator"}},
		{"emulator in the product", pkg{ImportPath: "handlers", Imports: []string{"gtmhub/emulator"}}, []string{"handlers -> gtmhub/emulator: is reached from cmd/portal and tests only"}},
		{"test package in the product", pkg{ImportPath: "internal/store", Imports: []string{"internal/store/storetest"}}, []string{"internal/store -> internal/store/storetest: packages that end in test are for tests"}},
		{"foreign module", pkg{ImportPath: "gtmhub", Imports: []string{"github.com/gorilla/sessions"}}, []string{"gtmhub -> github.com/gorilla/sessions: not in the row of gtmhub"}},
		{"module with the same start", pkg{ImportPath: "gtmhub", Imports: []string{"golang.org/x/timer"}}, []string{"gtmhub -> golang.org/x/timer: not in the row of gtmhub"}},
		{"package without a row", pkg{ImportPath: "internal/util", GoFiles: []string{"a.go"}}, []string{"internal/util: has no row in the import table"}},
		{"all of it allowed", pkg{ImportPath: "gtmhub", Imports: []string{"net/http", "golang.org/x/time/rate"}, XTestImports: []string{"gtmhub", "gtmhub/emulator"}}, nil},
		{"test package uses the emulator", pkg{ImportPath: "internal/directory/directorytest", GoFiles: []string{"a.go"}, Imports: []string{"gtmhub/emulator"}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := tt.pkg
			p.ImportPath = module + p.ImportPath
			for _, edges := range []*[]string{&p.Imports, &p.XTestImports} {
				full := slices.Clone(*edges)
				for i, e := range full {
					if !strings.Contains(e, ".") && e != "net/http" {
						full[i] = module + e
					}
				}
				*edges = full
			}
			if d := cmp.Diff(tt.want, broken([]pkg{p})); d != "" {
				t.Error(d)
			}
		})
	}
}
