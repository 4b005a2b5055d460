package archtest_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	// namedTest is a test as the documents name it; "TestChaos…" and "TestChaos*" stand for all that begin so.
	namedTest = regexp.MustCompile(`\bTest[A-Z]\w*[…*]?`)
	testFunc  = regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(`)
	link      = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	conflict  = regexp.MustCompile(`(?m)^(<{7} |>{7} |={7}$)`)
)

// documentFaults lists what is wrong in a document: marks of an unfinished merge, tests that do not exist, links that lead nowhere.
func documentFaults(name, text string, tests map[string]bool, exists func(string) bool) []string {
	var out []string
	if conflict.MatchString(text) {
		out = append(out, "marks of an unfinished merge")
	}
	for _, found := range namedTest.FindAllString(text, -1) {
		begin := strings.TrimRight(found, "…*")
		open := begin != found
		known := tests[begin] || begin == "TestID" // a property of the components
		for t := range tests {
			known = known || open && strings.HasPrefix(t, begin)
		}
		if !known {
			out = append(out, fmt.Sprintf("%s does not exist", found))
		}
	}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		if strings.Contains(m[1], ":") {
			continue
		}
		if target := path.Join(path.Dir(name), m[1]); !exists(target) {
			out = append(out, fmt.Sprintf("the link to %s leads nowhere", m[1]))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	for name, text := range sources(t, ".go") {
		if strings.HasSuffix(name, "_test.go") {
			for _, m := range testFunc.FindAllStringSubmatch(text, -1) {
				tests[m[1]] = true
			}
		}
	}
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
		return err == nil
	}
	for name, text := range sources(t, ".md") {
		for _, fault := range documentFaults(name, text, tests, exists) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

func TestDocumentRules(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{"TestOne": true, "TestChaosKill": true}
	exists := func(name string) bool { return name == "docs/there.md" }
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"sound", "TestOne and TestChaos… in [a page](there.md#part), [elsewhere](https://example.com)\n", nil},
		{"merge", "one\n<<<<<<< HEAD\ntwo\n", []string{"marks of an unfinished merge"}},
		{"no such test", "TestTwo", []string{"TestTwo does not exist"}},
		{"nothing begins so", "TestRace…", []string{"TestRace… does not exist"}},
		{"dead link", "[gone](gone.md)", []string{"the link to gone.md leads nowhere"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, documentFaults("docs/page.md", row.text, tests, exists)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}
