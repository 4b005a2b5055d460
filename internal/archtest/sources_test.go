package archtest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sources are the files of the repository with one of the endings, by their path from the root.
func sources(t *testing.T, endings ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	dir := os.DirFS(root)
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() || !slices.Contains(endings, filepath.Ext(name)):
			return nil
		}
		b, err := fs.ReadFile(dir, name)
		out[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatalf("no files that end in %v", endings)
	}
	return out
}

// misnamed are folders that say nothing about what they hold.
var misnamed = regexp.MustCompile(`(^|/)(utils?|commons?|helpers?|models?|types?|pkg|misc|shared)(/|$)`)

func TestPackageNames(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"internal/util", "pkg/client", "web/helpers", "internal/types"} {
		if !misnamed.MatchString(bad) {
			t.Errorf("%s is not caught", bad)
		}
	}
	for _, p := range packages(t) {
		rel := strings.TrimPrefix(p.ImportPath, module)
		if misnamed.MatchString(rel) {
			t.Errorf("%s: a package is named after what it holds (not util, common, helpers, models, types; no pkg folder)", rel)
		}
		if p.Name != "main" && p.Name != filepath.Base(rel) && len(p.GoFiles) > 0 {
			t.Errorf("%s: the package is called %s; it must be called like its folder", rel, p.Name)
		}
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s: has no comment that says what the package is for", rel)
		}
	}
	for name := range sources(t, ".go") {
		if !strings.Contains(name, "/") {
			t.Errorf("%s: no Go files in the root", name)
		}
	}
}

// ban is a text that must not occur in templates, or in Go code that makes templates.
type ban struct {
	pattern *regexp.Regexp
	rule    string
}

var (
	everywhere = []ban{
		{regexp.MustCompile(`templ\.(Raw|SafeURL|SafeCSS|SafeCSSProperty|SafeScript|SafeScriptInline|JSUnsafeFuncCall|JSFuncCall|JSExpression)\b`), "contextual escaping is never switched off"},
		{regexp.MustCompile(`hx-on\b`), "no scripts in attributes"},
		{regexp.MustCompile(`hx-vals=["{]+js:|["']js:|hx-vals.{1,4}js:`), "hx-vals holds no script"},
	}
	// inPages are for templates of pages. Mails are read without our policy and without sheets.
	inPages = []ban{
		{regexp.MustCompile(`\bstyle\??=["{]`), "the Content-Security-Policy forbids style attributes: use classes"},
		{regexp.MustCompile(`<style\b`), "the Content-Security-Policy forbids style elements"},
	}
	inTemplates = append([]ban{
		{regexp.MustCompile(`\bon[a-z]{3,}\??=["{]`), "the Content-Security-Policy forbids scripts in attributes"},
		{regexp.MustCompile(`(?m)^(css|script) \w+\(`), "css and script blocks become inline elements"},
		{regexp.MustCompile(`<script(\s*>|\s[^>]*>\s*[^<\s])`), "the Content-Security-Policy forbids inline scripts"},
		{regexp.MustCompile(`href=["{]+\s*"?javascript:`), "no script addresses"},
	}, everywhere...)
	comment = regexp.MustCompile(`(?m)^\s*//.*$|<!--.*?-->`)
)

// banned lists the rules that a text breaks, comments aside.
func banned(text string, bans []ban) []string {
	text = comment.ReplaceAllString(text, "")
	var out []string
	for _, b := range bans {
		if found := b.pattern.FindString(text); found != "" {
			out = append(out, fmt.Sprintf("%s: %s", strings.TrimSpace(found), b.rule))
		}
	}
	return out
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	for name, text := range sources(t, ".templ") {
		rules := inTemplates
		if !strings.HasPrefix(name, "web/templates/mail/") {
			rules = slices.Concat(inPages, inTemplates)
		}
		for _, b := range banned(text, rules) {
			t.Errorf("%s: %s", name, b)
		}
	}
	for name, text := range sources(t, ".go") {
		if strings.HasSuffix(name, "_templ.go") || strings.HasSuffix(name, "_test.go") || !(strings.HasPrefix(name, "web/") || strings.HasPrefix(name, "handlers/")) {
			continue
		}
		for _, b := range banned(text, everywhere) {
			t.Errorf("%s: %s", name, b)
		}
	}
}

func TestTemplateRules(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`@templ.Raw(name)`, `href={ templ.SafeURL(u) }`, `onclick={ templ.JSUnsafeFuncCall("x()") }`,
		`<p style="color:red">`, `<p style={ s }>`, `<p style?={ on }>`, `<a onclick="x()">`, `<img onerror={ x }>`,
		`<p hx-on:click="x()">`, `<p hx-on--load="x()">`, `<p hx-vals="js:{a: b()}">`, `templ.Attributes{"hx-vals": "js:x"}`,
		"css red() {\n}", "script go() {\n}", `<style>p{}</style>`, `<script>alert(1)</script>`, `<script nonce="n">alert(1)</script>`,
		`<a href="javascript:x()">`,
	} {
		if len(banned(bad, slices.Concat(inPages, inTemplates))) == 0 {
			t.Errorf("not caught: %s", bad)
		}
	}
	for _, good := range []string{
		`<script src={ static.URL("app.js") } defer></script>`, `<script src="/a.js"></script>`, "// no hx-on here", `<p class="style">on = off</p>`,
		`<button disabled?={ p.One }>`, `<link rel="stylesheet" href="x"/>`, `if one == "x" {`,
	} {
		if d := cmp.Diff([]string(nil), banned(good, slices.Concat(inPages, inTemplates))); d != "" {
			t.Errorf("%s: %s", good, d)
		}
	}
}

var statement = regexp.MustCompile(`\b(SELECT .* FROM|INSERT INTO|UPDATE \S+ SET|DELETE FROM|WHERE|ORDER BY)\b`)

// printedSQL finds SQL that is put together by a printing function: its values would not be parameters.
func printedSQL(file *ast.File, fset *token.FileSet) []string {
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains([]string{"Sprintf", "Fprintf", "Appendf", "Sprint", "Fprint"}, sel.Sel.Name) {
			return true
		}
		for _, arg := range call.Args {
			ast.Inspect(arg, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				if err == nil && statement.MatchString(strings.Join(strings.Fields(text), " ")) {
					out = append(out, fset.Position(call.Pos()).String())
				}
				return true
			})
		}
		return true
	})
	return out
}

func TestNoPrintedSQL(t *testing.T) {
	t.Parallel()
	find := func(name, text string) []string {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		return printedSQL(file, fset)
	}
	if len(find("x.go", "package x\nvar q = fmt.Sprintf(`SELECT id\nFROM users WHERE name = '%s'`, name)")) != 1 ||
		len(find("x.go", `package x; var q = fmt.Sprint("DELETE FROM users WHERE id = " + id)`)) != 1 ||
		len(find("x.go", `package x; var q = fmt.Sprintf("where it is: %s", id)`)) != 0 {
		t.Fatal("the rule does not catch what it should")
	}
	for name, text := range sources(t, ".go") {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
			continue
		}
		for _, at := range find(name, text) {
			t.Errorf("%s: SQL is never printed; values are parameters", at)
		}
	}
}
