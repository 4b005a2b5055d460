package id_test

import (
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/internal/id"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text string
		ok   bool
	}{
		{"4756cd22b37f34cf531c6f4b", true},
		{"6154ad124654jdk901e43c15", true}, // the reference's own samples are not all hex
		{strings.Repeat("a", 64), true},
		{strings.Repeat("a", 65), false},
		{"", false}, {"..", false}, {"a/b", false}, {"a%2e", false}, {"a b", false}, {"é", false}, {"a\x00", false}, {"{$ne:1}", false},
	} {
		u, err := id.ParseUser(tc.text)
		if (err == nil) != tc.ok || (tc.ok && string(u) != tc.text) || (!tc.ok && u != "") {
			t.Errorf("ParseUser(%q) = %q, %v", tc.text, u, err)
		}
	}
}

func TestNewIsUniqueAndValid(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		s := string(id.NewRow())
		if !id.Valid(s) || seen[s] {
			t.Fatalf("id %q", s)
		}
		seen[s] = true
	}
}
