package auth_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/auth"
)

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, in, want string }{
		{"root", "/", "/"},
		{"page", "/teams/5f0", "/teams/5f0"},
		{"query", "/users?q=a%20b&page=2", "/users?q=a%20b&page=2"},
		{"address in the query", "/users?next=https://other.example", "/users?next=https://other.example"},
		{"slash at the end", "/teams/", "/teams/"},
		{"encoded letters stay encoded", "/files/%C3%A4", "/files/%C3%A4"},
		{"fragment goes", "/users#top", "/users"},
		{"empty", "", ""},
		{"relative", "users", ""},
		{"too long", "/" + strings.Repeat("a", auth.MaxPath), ""},
		{"longest", "/" + strings.Repeat("a", auth.MaxPath-1), "/" + strings.Repeat("a", auth.MaxPath-1)},
		{"dot segment", "/a/../b", ""},
		{"encoded dot segment", "/a/%2e%2e/b", ""},
		{"twice encoded dot segment", "/a/%252e%252e/b", ""},
		{"broken percent sign", "/a%zz", ""},
	} {
		t.Run(strings.ReplaceAll(tc.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			got, ok := auth.LocalPath(tc.in)
			if got != tc.want || ok != (tc.want != "") {
				t.Errorf("LocalPath(%q) = %q, %v; want %q", tc.in, got, ok, tc.want)
			}
		})
	}
}

// openRedirects are addresses that a browser, a proxy or a careless program could read as another origin: every way
// in with every host and every tail.
func openRedirects() []string {
	waysIn := []string{
		"//", "///", "////", "/\\", "\\/", "\\\\", "/\\/", "//\\", "/\t/", "/\n/", "/\r/", "\t//", " //", "/ /", "\x00//", "/\x0b/",
		"http://", "https://", "HTTPS://", "hTTp:", "http:", "https:/", "http:\\\\", "https:\\/\\/", "ftp://", "ws://", "file:///",
		"javascript://", "javascript:alert(1)//", "JaVaScRiPt:", "java\tscript:", "data:text/html,", "vbscript:", "blob:https://", "mailto:",
		"/%2f", "/%2F%2F", "/%5c", "/%5C/", "%2f%2f", "%5c%5c", "/%252f", "/%255c", "/%09/", "/%0a/", "/%0d%0a/", "/%00/", "/%20\\",
		"/.//", "/..//", "/./\\", "/a/..//", "/a/../..//", "/%2e%2f/", "/%2e%2e//", "/;//", "/https://", "/http:/\\/",
		"\u3000//", "/\uff0f", "\uff0f\uff0f", "/\u2044/", "/\u2215/", "\ufeff//", "//user@", "//portal.example@", "//portal.example:443@", "/\u00a0/",
	}
	hosts := []string{"evil.example", "evil.example:443", "127.0.0.1", "[::1]", "2130706433", "evil%E3%80%82example", "xn--vil-9qa.example", "portal.example.evil.example"}
	tails := []string{"", "/", "/..", "?x=/", "#/teams"}
	var all []string
	for _, in := range waysIn {
		for _, host := range hosts {
			for _, tail := range tails {
				all = append(all, in+host+tail)
			}
		}
	}
	return append(all, "/teams\r\nLocation: https://evil.example", "/teams%0d%0aSet-Cookie:%20a=b", "/\x7f", "?//evil.example", "#//evil.example",
		"//", "///", "\\", "/\\", "http:", ":", "://evil.example", "@evil.example", ".evil.example", "/..", "/.", "/%2e%2e", "..//evil.example")
}

func TestOpenRedirects(t *testing.T) {
	t.Parallel()
	all := openRedirects()
	slices.Sort(all)
	if n := len(slices.Compact(all)); n < 500 {
		t.Fatalf("only %d addresses", n)
	}
	for _, in := range all {
		if got, ok := auth.LocalPath(in); ok {
			t.Errorf("LocalPath(%q) = %q was let through; leaves the origin: %v", in, got, leaves(got))
		}
	}
}

// leaves says whether a Location header with this value could lead away from https://portal.example, read as the URL
// standard (https://url.spec.whatwg.org/) tells browsers to: tabs and line breaks go, a backslash is a slash.
func leaves(location string) bool {
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(strings.TrimFunc(location, func(r rune) bool { return r <= ' ' }))
	base, _ := url.Parse("https://portal.example/callback")
	u, err := base.Parse(location)
	return err != nil || u.Scheme != "https" || u.Host != "portal.example" || strings.HasPrefix(location, "//") || strings.HasPrefix(u.Path, "//")
}

func FuzzLocalPath(f *testing.F) {
	for i, in := range openRedirects() {
		if i%40 == 0 {
			f.Add(in)
		}
	}
	f.Add("/users?q=a%20b")
	f.Fuzz(func(t *testing.T, in string) {
		got, ok := auth.LocalPath(in)
		if !ok {
			if got != "" {
				t.Fatalf("refused, but returned %q", got)
			}
			return
		}
		if leaves(got) || got[0] != '/' {
			t.Fatalf("LocalPath(%q) = %q leaves the origin", in, got)
		}
		if again, ok := auth.LocalPath(got); !ok || again != got {
			t.Fatalf("LocalPath(%q) = %q is not stable: %q, %v", in, got, again, ok)
		}
	})
}
