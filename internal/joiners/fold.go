package joiners

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// isPlain says whether s is ASCII without anything to tidy. Most cells are, and need not be copied.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// tidy does what never needs asking: NFC, every kind of space a plain one, no double spaces, none at the ends.
// Line breaks inside stay, because they may separate teams and are a problem in names.
func tidy(s string) string {
	if isPlain(s) {
		return s
	}
	s = norm.NFC.String(s)
	var b strings.Builder
	space, lineBreak := false, false
	for _, r := range s {
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\v' || r == '\f' || r == '\u0085':
			lineBreak = true
		case unicode.IsSpace(r):
			space = true
		default:
			if b.Len() > 0 && lineBreak {
				b.WriteByte('\n')
			} else if b.Len() > 0 && space {
				b.WriteByte(' ')
			}
			space, lineBreak = false, false
			b.WriteRune(r)
		}
	}
	return b.String()
}

// invisible says whether a person cannot see r, or it changes the direction of what follows.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && r != '\n' || r == '\u3164' || r == '\uFFA0' || r == '\u115F' || r == '\u1160' ||
		r == '\u034F' || 0xFE00 <= r && r <= 0xFE0F || unicode.Is(unicode.Co, r)
}

// visible removes what invisible finds.
func visible(s string) string {
	if isPlain(s) {
		return s
	}
	return tidy(strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s))
}
