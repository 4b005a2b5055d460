package joiners

import (
	"bytes"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// Encodings lists what a person may choose, most likely first.
func Encodings() []Encoding {
	return []Encoding{UTF8, UTF8BOM, Windows1252, Windows1250, Windows1251, Latin1, Latin2, Latin9, MacRoman, CodePage850, UTF16LE, UTF16BE}
}

// charmaps are the encodings of one byte per character. The order decides between equal guesses.
var charmaps = []struct {
	name Encoding
	m    *charmap.Charmap
}{
	{Windows1252, charmap.Windows1252},
	{Windows1250, charmap.Windows1250},
	{MacRoman, charmap.Macintosh},
	{CodePage850, charmap.CodePage850},
	{Windows1251, charmap.Windows1251},
	{Latin1, charmap.ISO8859_1},
	{Latin2, charmap.ISO8859_2},
	{Latin9, charmap.ISO8859_15},
}

const longestWord = 64 // letters that are looked at together

const guessed = 5 // the first so many charmaps are guessed; the others differ too little from them

var (
	markUTF8    = []byte("\xEF\xBB\xBF")
	markUTF16LE = []byte("\xFF\xFE")
	markUTF16BE = []byte("\xFE\xFF")
)

// admit refuses what is too large and what is not text at all, before anything is decoded.
func admit(data []byte) error {
	if len(data) > Limits.Bytes {
		return fault.Newf(fault.TooLarge, "This file is larger than %d MB, the limit for a list. Nothing was read. Split it into several files.", Limits.Bytes>>20)
	}
	const saveAs = "In Excel choose File, Save As, “CSV UTF-8 (Comma delimited)”, and upload that file. Nothing was read."
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return fault.New(fault.Invalid, "This is an Excel workbook (.xlsx) or another packed file, which cannot be read directly. Please save as CSV: "+saveAs)
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		return fault.New(fault.Invalid, "This is an old Excel workbook (.xls), which cannot be read directly. Please save as CSV: "+saveAs)
	case bytes.HasPrefix(data, []byte("%PDF")):
		return fault.New(fault.Invalid, "This is a PDF document, not a list. Open the list it was made from and save as CSV: "+saveAs)
	case bytes.HasPrefix(data, []byte("\xFF\xD8\xFF")), bytes.HasPrefix(data, []byte("\x89PNG")), bytes.HasPrefix(data, []byte("GIF8")):
		return fault.New(fault.Invalid, "This is a picture, whatever its name says. Nothing was read. Choose the list as a CSV file, or paste its rows.")
	}
	start := strings.ToLower(string(data[:min(len(data), 64)]))
	start = strings.TrimSpace(strings.TrimPrefix(start, string(markUTF8)))
	for _, tag := range []string{"<!doctype", "<html", "<?xml", "<table"} {
		if strings.HasPrefix(start, tag) {
			return fault.New(fault.Invalid, "This is a web page or XML document, whatever its name says. Open it in Excel and save as CSV: "+saveAs)
		}
	}
	return nil
}

// decode turns a file into UTF-8 without a mark. It refuses what the encoding does not allow, naming the line.
func decode(data []byte, e Encoding) (string, error) {
	switch e {
	case UTF8, UTF8BOM, "":
		text := endOfFile(string(bytes.TrimPrefix(data, markUTF8)))
		if line := badLine(text); line > 0 {
			return "", fault.Newf(fault.Invalid, "Line %d holds characters that do not fit the encoding UTF-8. Nothing was read. Choose another encoding, for example windows-1252, and look at the samples.", line)
		}
		return text, nil
	case UTF16LE, UTF16BE:
		endian := utf16.LittleEndian
		if e == UTF16BE {
			endian = utf16.BigEndian
		}
		return decodeAs(data, utf16.UTF16(endian, utf16.UseBOM), e)
	}
	for _, c := range charmaps {
		if c.name == e {
			return decodeAs(data, c.m, e)
		}
	}
	return "", fault.New(fault.Invalid, "This encoding is not known. Choose one of the list.")
}

func decodeAs(data []byte, enc encoding.Encoding, name Encoding) (string, error) {
	out, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "The file does not fit the encoding "+string(name)+". Nothing was read. Choose another encoding.")
	}
	text := endOfFile(string(out))
	if line := nulLine(text); line > 0 {
		return "", fault.Newf(fault.Invalid, "Line %d holds characters that are no text in the encoding %s. Nothing was read. Choose another encoding.", line, name)
	}
	return text, nil
}

// endOfFile cuts off the mark that old DOS programs put at the end.
func endOfFile(text string) string { return strings.TrimSuffix(text, "\x1a") }

// badLine is the line of the first byte that is not UTF-8 or that is NUL, or 0.
func badLine(text string) int {
	for i, r := range text {
		if r == 0 || r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			return lineAt(text, i)
		}
	}
	return 0
}

func nulLine(text string) int {
	if i := strings.IndexByte(text, 0); i >= 0 {
		return lineAt(text, i)
	}
	return 0
}

func lineAt(text string, i int) int {
	before := text[:i]
	return 1 + strings.Count(before, "\n") + strings.Count(before, "\r") - strings.Count(before, "\r\n")
}

// guessEncoding proposes an encoding. Only UTF-8 is taken without asking; the rest a person must confirm.
func guessEncoding(data []byte) Encoding {
	switch {
	case bytes.HasPrefix(data, markUTF8):
		return UTF8BOM
	case bytes.HasPrefix(data, markUTF16LE):
		return UTF16LE
	case bytes.HasPrefix(data, markUTF16BE):
		return UTF16BE
	}
	if e, ok := guessUTF16(data); ok {
		return e
	}
	if utf8.Valid(data) {
		return UTF8
	}
	best, bestScore := Windows1252, math.MinInt
	for _, c := range charmaps[:guessed] {
		if score := plausibility(data, c.m); score > bestScore {
			best, bestScore = c.name, score
		}
	}
	return best
}

// guessUTF16 recognises UTF-16 without a mark by its zero bytes, which nearly all stand on one side.
func guessUTF16(data []byte) (Encoding, bool) {
	head := data[:min(len(data), 4096)&^1]
	var even, odd int
	for i := 0; i < len(head); i += 2 {
		if head[i] == 0 {
			even++
		}
		if head[i+1] == 0 {
			odd++
		}
	}
	switch half := len(head) / 2; {
	case half > 0 && odd*2 > half && even == 0:
		return UTF16LE, true
	case half > 0 && even*2 > half && odd == 0:
		return UTF16BE, true
	}
	return "", false
}

// westernLetters and centralLetters are the accented letters that are frequent in names there.
const (
	westernLetters = "äöüßéèêëàâáãåæçñóòôõøíîïúùûœÄÖÜÉÈÀÁÅÆÇÑÓØÍÚŠšŽž"
	centralLetters = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉÍŇŘŠŤÚÝŽäĺľôŕöőüűßÖÜŐŰđĐăâîşţĂÂÎŞŢ"
)

// letter is what plausibility must know of one byte.
type letter struct {
	char                   rune
	points                 int // for or against the encoding
	inWord, frequent       bool
	upper, lower, cyrillic bool
}

func letterOf(b byte, m *charmap.Charmap, frequent string) letter {
	r := m.DecodeByte(b)
	l := letter{char: r, inWord: b >= utf8.RuneSelf || unicode.IsLetter(r), upper: unicode.IsUpper(r), lower: unicode.IsLower(r), cyrillic: unicode.Is(unicode.Cyrillic, r)}
	switch {
	case r < utf8.RuneSelf:
	case l.cyrillic:
		l.points = 1
	case strings.ContainsRune(frequent, r):
		l.points, l.frequent = 2, true
	case unicode.IsLetter(r):
		l.points = -1
	case !strings.ContainsRune("’‘“”–€…\u00a0", r): // marks that are usual between words
		l.points = -3
	}
	return l
}

// plausibility says how much the text looks like names when read so; only the relation of two results means anything.
// A letter that is frequent in the languages of the encoding speaks for it, a sign inside a word against it.
func plausibility(data []byte, m *charmap.Charmap) int {
	frequent := westernLetters
	if m == charmap.Windows1250 {
		frequent = centralLetters
	}
	var letters [256]letter
	for b := range letters {
		letters[b] = letterOf(byte(b), m, frequent)
	}
	score, start := 0, 0
	for i, b := range data {
		if letters[b].inWord && i-start < longestWord {
			continue
		}
		score += wordPlausibility(data[start:i], &letters, m)
		start = i + 1
	}
	score += wordPlausibility(data[start:], &letters, m)
	if m == charmap.Macintosh && !bytes.ContainsRune(data, '\n') && bytes.ContainsRune(data, '\r') {
		score++ // line ends of old Macs
	}
	return score
}

func wordPlausibility(word []byte, letters *[256]letter, m *charmap.Charmap) int {
	score, run := 0, 0
	latin, cyrillic, acute, caron, afterLower := false, false, false, false, false
	for _, b := range word {
		l := &letters[b]
		score += l.points
		if l.frequent {
			if run++; run > 2 {
				score -= 3 // hardly any Latin name has three accented letters in a row
			}
		} else if b < utf8.RuneSelf {
			latin, run = true, 0
		}
		if b >= utf8.RuneSelf && l.upper && afterLower {
			score -= 3
		}
		afterLower = l.lower
		cyrillic = cyrillic || l.cyrillic
		switch l.char {
		case 'á', 'í', 'ý', 'é', 'ú', 'Á', 'Í', 'Ý':
			acute = true
		case 'ř', 'Ř', 'ě', 'Ě', 'ů', 'Ů', 'č', 'Č':
			caron = true
		}
	}
	if cyrillic && latin {
		score -= 3 * len(word)
	}
	// Danish and Norwegian names have ø without acute accents; Czech ones have ř (the same byte) with them.
	if m == charmap.Windows1250 && acute && caron {
		score++
	}
	return score
}
