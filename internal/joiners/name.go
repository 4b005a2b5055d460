package joiners

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/gtmhub-portal/portal/internal/export"
)

// CheckName returns the one form of a first or last name: NFC, plain single spaces, none at the ends, no quotation
// marks around it.
//
// It refuses an empty name, more than Limits.NameLength characters, line breaks, invisible characters, formulas, addresses,
// and letters that were lost between two encodings. The error is fault.Invalid with a sentence.
func CheckName(s string) (string, error) {
	clean := unquote(tidy(s))
	if clean == "" {
		return "", (&flaw{message: "The name is missing."}).err()
	}
	if fl := nameFlaw(s, clean); fl != nil {
		return "", fl.err()
	}
	return clean, nil
}

// nameFlaw says what is wrong with a name that is not empty; raw is the name as it was before tidying.
func nameFlaw(raw, name string) *flaw {
	first, _ := utf8.DecodeRuneInString(visible(name))
	switch {
	case export.StartsFormula(first):
		return &flaw{kind: KindFormula, message: "The name begins with “" + string(first) + "”, so a spreadsheet program would take it for a formula.",
			expected: "a name", repair: "enter the name itself", suggestions: withoutFormula(name)}
	case garbled(raw) != "" || strings.ContainsRune(name, utf8.RuneError) || lostLetter.MatchString(name):
		fl := &flaw{kind: KindGarbled, message: "Letters of the name were lost when the file was saved.", expected: "a name as the person writes it", repair: "enter the name, or choose another encoding for the file"}
		if repaired := garbled(raw); repaired != "" {
			fl.suggestions = []string{repaired}
		}
		return fl
	case hasInvisible(name):
		return &flaw{kind: KindInvisible, message: "The name holds characters that cannot be seen.", expected: "letters only",
			repair: "type the name anew or take the suggestion", suggestions: nonEmpty(visible(name))}
	case strings.Contains(name, "\n"):
		return &flaw{kind: KindLineBreak, message: "There is a line break inside the name.", expected: "a name on one line",
			repair: "join the lines by a space", suggestions: []string{strings.ReplaceAll(name, "\n", " ")}}
	case utf8.RuneCountInString(name) > Limits.NameLength:
		return &flaw{kind: KindNameTooLong, message: fmt.Sprintf("The name has %d characters; at most %d are possible.", utf8.RuneCountInString(name), Limits.NameLength),
			expected: fmt.Sprintf("at most %d characters", Limits.NameLength), repair: "shorten the name"}
	case strings.Contains(name, "@"):
		return &flaw{kind: KindBadName, message: "This looks like an e-mail address, not a name.", expected: "a name", repair: "enter the name, or choose other columns"}
	}
	return nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// lostLetter finds M?ller, which some program wrote because it had no ü.
var lostLetter = regexp.MustCompile(`\pL\?\pL|\?\pL`)

// garbled returns the name repaired if its UTF-8 was once read as windows-1252 (MÃ¼ller), else "". No real name
// happens to be valid UTF-8 in windows-1252.
func garbled(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '\r' })
	raw, err := charmap.Windows1252.NewEncoder().String(s)
	if err != nil || !utf8.ValidString(raw) || strings.IndexFunc(raw, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return ""
	}
	return tidy(raw)
}

// quotedFormula is ="Anna", by which some systems keep Excel from changing a value.
var quotedFormula = regexp.MustCompile(`^="([^"]+)"$`)

func withoutFormula(name string) []string {
	if m := quotedFormula.FindStringSubmatch(name); m != nil {
		return []string{m[1]}
	}
	rest := strings.TrimLeftFunc(name, func(r rune) bool { return export.StartsFormula(r) || unicode.IsSpace(r) })
	if rest == "" || strings.ContainsFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !strings.ContainsRune(" -.'’", r) }) {
		return nil
	}
	return []string{rest}
}

// particles begin a last name and belong to it.
var particles = strings.Fields("da de del della den der di do dos du el la le van von zu zum zur bin ibn al ter ten af av y")

// splitName cuts a full name in two. "Müller, Zhen" is certain; "MÜLLER Zhen" and "Zhen Müller" nearly so; with three
// words and more a person should look, which sure says.
func splitName(full string) (first, last string, sure bool) {
	if l, f, ok := strings.Cut(full, ","); ok {
		return tidy(f), tidy(l), !strings.Contains(f, ",")
	}
	words := strings.Fields(full)
	if len(words) < 2 {
		return full, "", true
	}
	capitals := 0
	for capitals < len(words) && len([]rune(words[capitals])) > 1 && words[capitals] == strings.ToUpper(words[capitals]) && words[capitals] != strings.ToLower(words[capitals]) {
		capitals++
	}
	if capitals > 0 && capitals < len(words) {
		return strings.Join(words[capitals:], " "), strings.Join(words[:capitals], " "), true
	}
	at := len(words) - 1
	for i, w := range words[1:] {
		for _, p := range particles {
			if strings.EqualFold(w, p) && i+1 < at {
				at = i + 1
			}
		}
	}
	return strings.Join(words[:at], " "), strings.Join(words[at:], " "), len(words) == 2
}
