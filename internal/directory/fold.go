package directory

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plain replaces letters that Unicode does not take apart, and typographic marks.
var plain = strings.NewReplacer(
	"ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i", "ħ", "h", "ŧ", "t",
	"’", "'", "‘", "'", "“", `"`, "”", `"`, "„", `"`, "–", "-", "—", "-", "‐", "-", "‑", "-",
)

// Fold makes names and addresses comparable: lower case, without accents and invisible characters, one space between
// words. Folding twice changes nothing. It is for search and for matching names, never for ids.
func Fold(s string) string {
	if isPlain(s) {
		return strings.ToLower(s)
	}
	if !isASCII(s) {
		s = norm.NFKD.String(strings.ToLower(norm.NFKC.String(s)))
		s = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) {
				return -1
			}
			return r
		}, s)
		s = norm.NFC.String(plain.Replace(s))
	}
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

// isPlain says whether s is ASCII without anything to tidy. Most names are, and need not be taken apart.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
