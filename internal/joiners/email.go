package joiners

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// Lengths of an address: RFC 5321, section 4.5.3.1, and RFC 3696, erratum 1690.
const (
	maxLocal   = 64
	maxAddress = 254
)

// flaw is what is wrong with one value, before it is known in which row.
type flaw struct {
	kind                      Kind
	message, expected, repair string
	suggestions               []string
}

func (f *flaw) err() error { return fault.New(fault.Invalid, f.message) }

// NormaliseEmail returns the one form of an address: without "mailto:", display name and surrounding quotes, NFC,
// lower case, the domain in its ASCII form (IDNA). Two addresses reach the same mailbox if their forms are equal.
//
// It refuses what the portal must not send to, although mail systems may allow some of it: letters outside ASCII
// before the @, quoted local parts, a leading "-", "=" or "+", invisible characters, addresses without a dot in the
// domain. The error is fault.Invalid with a sentence.
func NormaliseEmail(s string) (string, error) {
	address, _, fl := normaliseEmail(s)
	if fl != nil {
		return "", fl.err()
	}
	return address, nil
}

const anAddress = "an address such as name@company.com"

func badEmail(message, repair string) *flaw {
	return &flaw{kind: KindBadEmail, message: message, expected: anAddress, repair: repair}
}

// normaliseEmail also returns the display name that stood before the address.
func normaliseEmail(s string) (address, name string, fl *flaw) {
	s = unquote(tidy(s))
	if s == "" {
		return "", "", &flaw{kind: KindMissingEmail, message: "The e-mail address is missing.", expected: anAddress, repair: "enter the address"}
	}
	if clean := visible(s); hasInvisible(s) {
		return "", "", &flaw{kind: KindInvisible, message: "The e-mail address holds characters that cannot be seen.",
			expected: anAddress, repair: "type the address anew or take the suggestion", suggestions: []string{clean}}
	}
	if open := strings.LastIndexByte(s, '<'); open >= 0 && strings.HasSuffix(s, ">") {
		name, s = unquote(tidy(s[:open])), tidy(s[open+1:len(s)-1])
		if strings.Contains(name, "@") && !strings.EqualFold(name, s) {
			return "", "", badEmail("There is more than one e-mail address in this cell.", "keep one address; one row is one person")
		}
		if strings.EqualFold(name, s) {
			name = ""
		}
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s, _, _ = strings.Cut(s[7:], "?")
	}
	s = strings.TrimRight(unquote(s), ".,; ")
	if strings.IndexAny(s, "=+-") == 0 {
		return "", "", badEmail("The e-mail address begins with “"+s[:1]+"”, which is not allowed.", "correct the address")
	}
	if strings.Count(s, "@") > 1 {
		return "", "", badEmail("There is more than one @ in this e-mail address.", "keep one address; one row is one person")
	}
	local, domain, ok := strings.Cut(s, "@")
	switch {
	case !ok:
		return "", "", badEmail("“"+s+"” is not an e-mail address: the @ is missing.", "correct the address")
	case local == "" || domain == "":
		return "", "", badEmail("“"+s+"” is not an e-mail address: there must be something before and after the @.", "correct the address")
	case strings.ContainsAny(s, " \n"):
		return "", "", badEmail("There is a space or line break inside the e-mail address.", "take it out")
	}
	local = strings.ToLower(local)
	if fl := checkLocal(local); fl != nil {
		return "", "", fl
	}
	ascii, err := idna.Lookup.ToASCII(strings.ToLower(norm.NFC.String(domain)))
	if err != nil || !goodDomain(ascii) {
		return "", "", badEmail("“"+domain+"”, the part after the @, is not the name of a mail domain.", "correct the address")
	}
	address = local + "@" + ascii
	if len(address) > maxAddress {
		return "", "", badEmail("The e-mail address is longer than 254 characters, which no mail system accepts.", "correct the address")
	}
	return address, name, nil
}

func checkLocal(local string) *flaw {
	if len(local) > maxLocal {
		return badEmail("The part of the e-mail address before the @ is longer than 64 characters.", "correct the address")
	}
	for _, r := range local {
		plain := r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
		switch {
		case r > 127:
			return badEmail("The e-mail address has “"+string(r)+"” before the @. Only plain letters without accents can be used there.", "ask for the address as the mail system writes it")
		case !plain:
			return badEmail("The e-mail address has “"+string(r)+"” before the @, which is not allowed.", "correct the address")
		}
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return badEmail("The e-mail address has a dot too many before the @.", "take the dot out")
	}
	return nil
}

// goodDomain checks what IDNA lets pass: labels of letters, digits and inner hyphens, at least two, the last no number.
func goodDomain(domain string) bool {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 || len(domain) > 253 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for _, r := range l {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	return len(last) >= 2 && strings.Trim(last, "0123456789") != ""
}

// unquote removes one pair of quotation marks around the whole text, straight or typographic.
func unquote(s string) string {
	for _, pair := range []string{`""`, "''", "“”", "„“", "„”", "‘’", "‚‘", "«»", "»«", "””"} {
		marks := []rune(pair)
		open, closing := string(marks[0]), string(marks[1])
		if len(s) > len(open)+len(closing) && strings.HasPrefix(s, open) && strings.HasSuffix(s, closing) {
			return strings.TrimSpace(s[len(open) : len(s)-len(closing)])
		}
	}
	return s
}

func hasInvisible(s string) bool { return strings.IndexFunc(s, invisible) >= 0 }
