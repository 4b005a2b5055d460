package gtmhub_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

type directive struct{ line, doc string }

// readDirectives answers the //gtmhub:operation lines by method, such as "Users.Get".
func readDirectives(t *testing.T) map[string]directive {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]directive{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Doc == nil {
				continue
			}
			for _, c := range f.Doc.List {
				line, ok := strings.CutPrefix(c.Text, "//gtmhub:operation ")
				if !ok {
					continue
				}
				star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
				if !ok {
					t.Fatalf("%s: odd receiver", f.Name.Name)
				}
				service := strings.TrimSuffix(star.X.(*ast.Ident).Name, "Service")
				found[service+"."+f.Name.Name] = directive{line, f.Doc.Text()}
			}
		}
	}
	return found
}
