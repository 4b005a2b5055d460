package auth

import (
	"net/url"
	"path"
	"strings"
)

// MaxPath is the longest return path that is accepted, in bytes.
const MaxPath = 2048

// LocalPath admits a path to return to after sign-in. It returns the path and query to put into a Location header,
// without a fragment, and true; or "" and false for everything that could leave this origin or that is written
// oddly: schemes, hosts, backslashes, control and non-ASCII bytes, empty or dot segments, also percent-encoded.
func LocalPath(s string) (string, bool) {
	if s == "" || s[0] != '/' || len(s) > MaxPath {
		return "", false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return "", false
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "", false
	}
	// The decoded path is looked at too: "/%2F/host", "/%5Chost" and "/%2e%2e//host" are harmless in today's
	// browsers, but a proxy in front may decode them once more.
	if !plainPath(u.Path) {
		return "", false
	}
	if again, err := url.PathUnescape(u.Path); err != nil || !plainPath(again) {
		return "", false
	}
	local := u.EscapedPath()
	if u.RawQuery != "" {
		local += "?" + u.RawQuery
	}
	return local, true
}

// plainPath says whether a decoded path has no empty or dot segment and nothing that a browser reads as a slash.
func plainPath(p string) bool {
	for i := range len(p) {
		if c := p[i]; c < ' ' || c == 0x7f || c == '\\' {
			return false
		}
	}
	clean := path.Clean(p)
	return strings.HasPrefix(p, "/") && (p == clean || p == clean+"/" && clean != "/")
}
