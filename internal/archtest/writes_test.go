package archtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const kindsPath = "internal/change/kinds"

// checker reads and type-checks packages against the export data that the go command builds.
type checker struct {
	t       *testing.T
	fset    *token.FileSet
	imports types.Importer
}

func newChecker(t *testing.T, pkgs ...string) *checker {
	t.Helper()
	args := append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, pkgs...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -export: %v", err)
	}
	exports := map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(b)); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	return &checker{t, fset, importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})}
}

// check type-checks one package from its files.
func (c *checker) check(path string, files map[string]string) (*types.Package, *types.Info, []*ast.File) {
	c.t.Helper()
	var parsed []*ast.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := parser.ParseFile(c.fset, name, files[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			c.t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	p, err := (&types.Config{Importer: c.imports}).Check(path, c.fset, parsed, info)
	if err != nil {
		c.t.Fatalf("check types of %s: %v", path, err)
	}
	return p, info, parsed
}

// writers are the methods of the client whose directive names another method than GET.
func writers(t *testing.T, files map[string]string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for name, text := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Doc == nil {
				continue
			}
			for _, c := range f.Doc.List {
				if verb, ok := strings.CutPrefix(c.Text, "//gtmhub:operation "); ok && !strings.HasPrefix(verb, "GET ") {
					out[types.ExprString(f.Recv.List[0].Type)[1:]+"."+f.Name.Name] = true
				}
			}
		}
	}
	return out
}

// writes finds, in a package that is not the kinds, each use of a writing method of the client, each interface that
// such a method would satisfy in part, and each use of change.Open.
func (c *checker) writes(self string, files map[string]string, writing map[string]bool) []string {
	p, info, _ := c.check(module+self, files)
	client, err := c.imports.Import(module + "gtmhub")
	if err != nil {
		c.t.Fatal(err)
	}
	var out []string
	for ident, object := range info.Uses {
		f, ok := object.(*types.Func)
		if !ok || f.Pkg() == nil {
			continue
		}
		at := filepath.Base(c.fset.Position(ident.Pos()).Filename) + ": "
		switch f.Pkg().Path() {
		case module + "gtmhub":
			if name := methodName(f); writing[name] {
				out = append(out, self+"/"+at+"gtmhub "+name+" is called by kinds only")
			}
		case module + "internal/change":
			if f.Name() == "Open" && f.Signature().Recv() == nil {
				out = append(out, self+"/"+at+"change.Open is called by kinds only")
			}
		}
	}
	for _, name := range p.Scope().Names() {
		i, ok := p.Scope().Lookup(name).Type().Underlying().(*types.Interface)
		if !ok {
			continue
		}
		for m := range i.Methods() {
			if w := writerLike(client, m, writing); w != "" {
				out = append(out, self+": the method "+name+"."+m.Name()+" would be satisfied by gtmhub "+w)
			}
		}
	}
	slices.Sort(out)
	return out
}

// methodName is "UsersService.Get"; empty for plain functions.
func methodName(f *types.Func) string {
	recv := f.Signature().Recv()
	if recv == nil {
		return ""
	}
	t := recv.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if named, ok := t.(*types.Named); ok {
		return named.Obj().Name() + "." + f.Name()
	}
	return ""
}

// writerLike returns the writing method of the client with the name and signature of m.
func writerLike(client *types.Package, m *types.Func, writing map[string]bool) string {
	for name := range writing {
		service, method, _ := strings.Cut(name, ".")
		if method != m.Name() {
			continue
		}
		object, _, _ := types.LookupFieldOrMethod(types.NewPointer(client.Scope().Lookup(service).Type()), true, client, method)
		if f, ok := object.(*types.Func); ok && types.Identical(f.Signature(), m.Signature()) {
			return name
		}
	}
	return ""
}

// in are the files of one package without its tests.
func in(all map[string]string, p string) map[string]string {
	out := map[string]string{}
	for name, text := range all {
		if filepath.ToSlash(filepath.Dir(name)) == p && !strings.HasSuffix(name, "_test.go") {
			out[name] = text
		}
	}
	return out
}

// TestOnlyKindsWrite: every write to the account goes through a row, a decision and an intent, because nothing but the
// kinds can write, and they only with what the runner grants.
func TestOnlyKindsWrite(t *testing.T) {
	t.Parallel()
	files := sources(t, ".go")
	writing := writers(t, in(files, "gtmhub"))
	if !writing["InvitationsService.Create"] || !writing["UsersService.Delete"] || !writing["TeamMembersService.Set"] || writing["UsersService.Get"] {
		t.Fatalf("the directives of gtmhub were misread: %v", writing)
	}
	// The others cannot even name a client: TestImports.
	var able, paths []string
	for _, p := range packages(t) {
		self := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) > 0 && !forTests(self) && (slices.Contains(p.Imports, module+"gtmhub") || slices.Contains(p.Imports, module+"internal/change")) {
			able, paths = append(able, self), append(paths, p.ImportPath)
		}
	}
	if !slices.Contains(able, kindsPath) {
		t.Fatal("the kinds do not import gtmhub; the rule looks in the wrong place")
	}
	c := newChecker(t, paths...)
	for _, self := range able {
		found := c.writes(self, built(t, files, self), writing)
		if self == kindsPath {
			if len(found) == 0 {
				t.Error("no writes found even in the kinds; the rule does not look well")
			}
			continue
		}
		for _, f := range found {
			t.Error(f)
		}
	}

	t.Run("the rule", func(t *testing.T) {
		bad := `package directory
import (
	"context"
	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/change"
)
type remover interface{ Delete(ctx context.Context, id gtmhub.ID) error }
type other interface{ Delete(id string) error }
func call(ctx context.Context, c *gtmhub.Client, g change.Grant) {
	_ = c.Users.Delete(ctx, "1")
	give := c.UserRoles.Give
	_ = give(ctx, "1", "2")
	_, _ = c.Users.Get(ctx, "1")
	_, _ = change.Open[remover](g)
}`
		got := c.writes("bad", map[string]string{"bad.go": bad}, writing)
		if len(got) == 4 && strings.HasPrefix(got[3], "bad: the method remover.Delete would be satisfied by gtmhub ") {
			got[3] = "remover" // several services have that method
		}
		want := []string{
			"bad/bad.go: change.Open is called by kinds only",
			"bad/bad.go: gtmhub UserRolesService.Give is called by kinds only",
			"bad/bad.go: gtmhub UsersService.Delete is called by kinds only",
			"remover",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// built are the files of a package that the go command builds here: no tests, no other systems.
func built(t *testing.T, files map[string]string, self string) map[string]string {
	out := map[string]string{}
	for _, p := range packages(t) {
		if p.ImportPath == module+self {
			for _, f := range p.GoFiles {
				out[self+"/"+f] = files[self+"/"+f]
			}
		}
	}
	return out
}

// TestKindsOpenGrantsInApply: a kind gets at the writing client nowhere but in the one upstream call.
func TestKindsOpenGrantsInApply(t *testing.T) {
	t.Parallel()
	opens := 0
	for name, text := range in(sources(t, ".go"), kindsPath) {
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, isFunc := d.(*ast.FuncDecl)
			ast.Inspect(d, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if ok && types.ExprString(sel) == "change.Open" {
					opens++
					if !isFunc || f.Name.Name != "Apply" {
						t.Errorf("%s: change.Open outside Apply", name)
					}
				}
				return true
			})
		}
	}
	if opens == 0 {
		t.Error("no kind opens a grant; the rule looks in the wrong place")
	}
}
