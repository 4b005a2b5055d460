package component

import (
	"hash/fnv"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// avatarColours is how many colour classes components.css has (face-c0 to face-c7).
const avatarColours = 8

// Initials returns one or two capital letters for a name: first and last word. An empty
// name, or one without letters and digits, gives a question mark.
func Initials(name string) string {
	var letters []string
	for _, w := range strings.FieldsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '\'' && r != '’'
	}) {
		if r, _ := utf8.DecodeRuneInString(w); unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters = append(letters, string(unicode.ToUpper(r)))
		}
	}
	switch len(letters) {
	case 0:
		return "?"
	case 1:
		return letters[0]
	}
	return letters[0] + letters[len(letters)-1]
}

// avatarClass is the colour of a person: the same id has the same colour on every page.
func avatarClass(id string) string {
	h := fnv.New32a()
	h.Write([]byte(id))
	return "face-c" + strconv.Itoa(int(h.Sum32()%avatarColours))
}

// joined lists words for a sentence.
func joined(words []string) string { return strings.Join(words, ", ") }
