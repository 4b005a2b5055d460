package trim_test

import (
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/web/static/trim"
)

// root is the repository.
var root = os.DirFS("../../..")

const runIt = `run "go generate ./web/static" and commit web/static/tabler.css`

func TestOutput_is_up_to_date(t *testing.T) {
	t.Parallel()
	want, err := trim.Generate(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := fs.ReadFile(root, trim.Output)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is stale: %s", trim.Output, runIt)
	}
}

// TestOutput_has_each_class_of_the_templates finds classes in another way than the reduction: by class attributes and
// by class names in the sheets.
func TestOutput_has_each_class_of_the_templates(t *testing.T) {
	t.Parallel()
	full, err := trim.Full(root)
	if err != nil {
		t.Fatal(err)
	}
	reduced, err := fs.ReadFile(root, trim.Output)
	if err != nil {
		t.Fatal(err)
	}
	inFull, inReduced := classes(full), classes(reduced)
	attribute := regexp.MustCompile(`class="([^"]*)"`)
	checked := 0
	err = fs.WalkDir(root, "web/templates", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".templ") {
			return err
		}
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		for _, m := range attribute.FindAllStringSubmatch(string(text), -1) {
			for _, class := range strings.Fields(m[1]) {
				if inFull[class] {
					checked++
					if !inReduced[class] {
						t.Errorf("%s uses class %s, which is not in the reduced sheet: %s", file, class, runIt)
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Error("no template uses any class of the vendor: the search is broken")
	}
}

// classes gives the names after a dot in selectors of a sheet.
func classes(sheet []byte) map[string]bool {
	// A rule with nothing but custom properties is dropped when nobody reads them; what counts is a class that
	// sets something itself.
	rule := regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)
	name := regexp.MustCompile(`\.([A-Za-z][A-Za-z0-9_-]*)`)
	declares := regexp.MustCompile(`(?:^|;)\s*[a-z]`)
	found := map[string]bool{}
	for _, m := range rule.FindAllSubmatch(sheet, -1) {
		if !declares.Match(m[2]) {
			continue
		}
		for selector := range bytes.SplitSeq(m[1], []byte(",")) {
			// Only selectors made of one class: others may need a neighbour that we do not have.
			if n := name.FindSubmatch(selector); n != nil && string(bytes.TrimSpace(selector)) == "."+string(n[1]) {
				found[string(n[1])] = true
			}
		}
	}
	return found
}

func TestCSS(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, full, words, own, want string
	}{
		{"keeps a used class", `.btn{color:red}.card{color:blue}`, "btn", "", `.btn{color:red}`},
		{"keeps the possible part of a list", `.btn,.card{color:red}`, "btn", "", `.btn{color:red}`},
		{"needs all classes of a selector", `.btn.big{color:red}.btn .in{color:red}`, "btn in", "", `.btn .in{color:red}`},
		{"keeps elements that are used", `a{color:red}pre{color:blue}body{margin:0}`, "a", "", "a{color:red}\nbody{margin:0}"},
		{"ignores what is excluded", `.btn:not(.card){color:red}`, "btn", "", `.btn:not(.card){color:red}`},
		{"needs one alternative", `:is(.a,.b) .btn{color:red}:is(.c) .btn{color:blue}`, "btn b", "", `:is(.a,.b) .btn{color:red}`},
		{"looks into :has", `.btn:has(>.icon){gap:0}.btn:has(.no){gap:1px}`, "btn icon", "", `.btn:has(>.icon){gap:0}`},
		{"needs attributes", `.btn[data-x=y]{color:red}.btn[class*=" is-"]{color:blue}`, "btn", "", `.btn[class*=" is-"]{color:blue}`},
		{"drops empty groups", `@media print{.card{color:red}}@media screen{.btn{color:red}}`, "btn", "", `@media screen{.btn{color:red}}`},
		{"keeps properties that are read", `:root{--a:var(--b);--b:1px;--c:2px}.btn{margin:var(--a)}`, "btn", "", ":root{--a:var(--b);--b:1px}\n.btn{margin:var(--a)}"},
		{"keeps properties that our own sheets read", `:root{--a:1px;--b:2px}`, "", `.x{margin:var(--b)}`, `:root{--b:2px}`},
		{"keeps animations that are named", `@keyframes spin{to{rotate:1turn}}@keyframes blink{to{opacity:0}}.btn{animation:spin 1s}`, "btn to", "", "@keyframes spin{to{rotate:1turn}}\n.btn{animation:spin 1s}"},
		{"survives brackets in strings", `.btn{background:url("data:image/svg+xml,{;}.card")}.card{color:red}`, "btn", "", `.btn{background:url("data:image/svg+xml,{;}.card")}`},
		{"drops the character set", `@charset "UTF-8";.btn{color:red}`, "btn", "", `.btn{color:red}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			words := map[string]bool{}
			for _, w := range strings.Fields(tt.words) {
				words[w] = true
			}
			got, err := trim.CSS([]byte(tt.full), words, []byte(tt.own))
			if err != nil {
				t.Fatal(err)
			}
			_, rules, _ := strings.Cut(string(got), "edit. */\n")
			if diff := cmp.Diff(tt.want, strings.TrimSpace(rules)); diff != "" {
				t.Errorf("reduced sheet (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCSS_keeps_the_licence(t *testing.T) {
	t.Parallel()
	got, err := trim.CSS([]byte("/*! Licence */.btn{color:red}"), map[string]bool{"btn": true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(got), "/*! Licence */\n") {
		t.Errorf("the sheet does not begin with the licence:\n%s", got)
	}
}

func TestCSS_refuses_what_it_cannot_read(t *testing.T) {
	t.Parallel()
	for name, sheet := range map[string]string{
		"cut off":      `.btn{color:red`,
		"cut in group": `@media print{.btn{color:red}`,
		"nested":       `.btn{color:red;.icon{color:blue}}`,
		"cut selector": `.btn`,
	} {
		if got, err := trim.CSS([]byte(sheet), map[string]bool{"btn": true, "icon": true}, nil); err == nil {
			t.Errorf("%s: no error, got %q", name, got)
		}
	}
}
