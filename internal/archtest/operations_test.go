package archtest_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// operationRow finds number, Go method and the column "portal" in a row of docs/gtmhub-operations.md.
var operationRow = regexp.MustCompile("(?m)^\\| (\\d+) \\| `[^`]+` \\(v\\d\\) \\| `([A-Za-z]+\\.[A-Za-z0-9]+)` \\|.*\\| ([^|]+) \\|$")

// misreported lists the rows whose column "portal" says "not yet" although the code calls the operation, or the other
// way round.
func misreported(page, code string) []string {
	var out []string
	for _, row := range operationRow.FindAllStringSubmatch(page, -1) {
		called := strings.Contains(code, "."+row[2]+"(")
		switch notYet := row[3] == "not yet"; {
		case called && notYet:
			out = append(out, row[1]+": "+row[2]+" is called; say where in docs/gtmhub-operations.md")
		case !called && !notYet:
			out = append(out, row[1]+": "+row[2]+" is not called; say \"not yet\" in docs/gtmhub-operations.md")
		}
	}
	return out
}

// TestUsedOperations holds the column "portal" of docs/gtmhub-operations.md against the calls in the code.
func TestUsedOperations(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "gtmhub-operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(operationRow.FindAll(page, -1)); n != 40 {
		t.Fatalf("%d rows with the column portal, want 40", n)
	}
	files := sources(t, ".go")
	var code strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(filepath.ToSlash(name), "gtmhub/") {
			code.WriteString(files[name])
		}
	}
	for _, m := range misreported(string(page), code.String()) {
		t.Error(m)
	}
}

func TestUsedOperationsRule(t *testing.T) {
	t.Parallel()
	const page = "| 6 | `POST /users` (v1) | `Invitations.Create` | x | yes | case 06 | not yet |\n| 7 | `POST /users/activate` (v1) | `Users.Activate` | x | yes | case 07 | kind `activate` |\n"
	for _, tt := range []struct {
		name, code string
		want       []string
	}{
		{"both wrong", "u.client.Invitations.Create(ctx)", []string{
			`6: Invitations.Create is called; say where in docs/gtmhub-operations.md`,
			`7: Users.Activate is not called; say "not yet" in docs/gtmhub-operations.md`,
		}},
		{"both right", "c.Users.Activate(ctx, ids)", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tt.want, misreported(page, tt.code)); d != "" {
				t.Error(d)
			}
		})
	}
}
