package joiners

import (
	"strings"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// scanner cuts text into records. encoding/csv is not used: it stops at the first stray quote, swallows all that
// follows an open one, and has no limits. Here a record is looked for within Limits.LineBytes only, so memory and
// time stay bounded whatever the text is.
type scanner struct {
	text      string
	separator rune
	columns   int // how many a full record has, 0 if not known; helps to recognise an open quote
	line      int // records so far, empty ones included: the row number in a spreadsheet program
}

// record is one row of the file as it stands.
type record struct {
	cells     []string
	line      int
	openQuote bool
}

// blank says whether no cell shows anything.
func (r record) blank() bool { return len(trimmed(r.cells)) == 0 }

// trimmed cuts off empty cells at the end.
func trimmed(cells []string) []string {
	for len(cells) > 0 && visible(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// newScanner skips the line "sep=;" by which Excel is told the separator.
func newScanner(text string, separator rune, columns int) *scanner {
	_, text = cutSepLine(text)
	return &scanner{text: text, separator: separator, columns: columns}
}

// cutSepLine takes a first line "sep=;" off and returns its separator, else 0.
func cutSepLine(text string) (separator rune, rest string) {
	end := strings.IndexAny(text[:min(len(text), 16)], "\r\n")
	if end < 0 {
		return 0, text
	}
	first := strings.Trim(text[:end], `"`)
	if len(first) != len("sep=;") || !strings.EqualFold(first[:4], "sep=") {
		return 0, text
	}
	return rune(first[4]), text[end+newline(text[end:]):]
}

// newline is the length of the line end at the beginning of s: LF, CR LF, CR alone as on old Macs, or 0.
func newline(s string) int {
	switch {
	case strings.HasPrefix(s, "\r\n"):
		return 2
	case s != "" && (s[0] == '\n' || s[0] == '\r'):
		return 1
	}
	return 0
}

// next returns the next record; more is false at the end of the text.
func (s *scanner) next() (rec record, more bool, err error) {
	if s.text == "" {
		return record{}, false, nil
	}
	s.line++
	rec.line = s.line
	window := s.text[:min(len(s.text), Limits.LineBytes)] // a record must end in here
	for at := 0; ; {
		cell, n, open := s.cell(window[at:])
		at += n
		if at == len(window) && len(window) < len(s.text) && newline(s.text[at:]) == 0 {
			return record{}, false, fault.Newf(fault.TooLarge, "Row %d of the file is longer than %d characters, the limit for a row. Nothing was read. Shorten it, or choose another separator.", s.line, Limits.LineBytes)
		}
		if len(cell) > Limits.CellBytes {
			return record{}, false, fault.Newf(fault.TooLarge, "Row %d of the file has a cell of more than %d characters, the limit for a cell. Nothing was read. Shorten it, or take its column out.", s.line, Limits.CellBytes)
		}
		rec.openQuote = rec.openQuote || open
		rec.cells = append(rec.cells, cell)
		// The columns of a return file do not count.
		if len(rec.cells) > Limits.Columns+len(returnHeader) {
			return record{}, false, tooManyColumns(s.line)
		}
		if at == len(window) || s.text[at] == '\n' || s.text[at] == '\r' {
			s.text = s.text[at+newline(s.text[at:]):]
			return rec, true, nil
		}
		at += utf8.RuneLen(s.separator)
	}
}

func tooManyColumns(line int) error {
	return fault.Newf(fault.TooLarge, "Row %d of the file has more than %d columns, the limit. Nothing was read. Take out the columns that are not needed.", line, Limits.Columns)
}

// cell reads one cell at the beginning of w and how much of w it takes, without the separator or line end after it.
func (s *scanner) cell(w string) (cell string, n int, openQuote bool) {
	lead := len(w) - len(strings.TrimLeft(w, " "))
	if lead == len(w) || w[lead] != '"' {
		n = s.cellEnd(w)
		return w[:n], n, false
	}
	if cell, n, ok := s.quoted(w[lead:]); ok {
		return cell, lead + n, false
	}
	n = s.cellEnd(w)
	return w[:n], n, true
}

// quoted reads a cell that begins with a quote. It is not ok if the quote is never closed in a way that makes sense.
func (s *scanner) quoted(w string) (cell string, n int, ok bool) {
	var b strings.Builder
	for n = 1; ; {
		q := strings.IndexByte(w[n:], '"')
		if q < 0 {
			return "", 0, false
		}
		b.WriteString(w[n : n+q])
		n += q + 1
		if !strings.HasPrefix(w[n:], `"`) {
			break
		}
		b.WriteByte('"')
		n++
	}
	cell = b.String()
	// What stands behind the closing quote belongs to the cell, as in Excel: "Zhen Li" <zhen@example.com>.
	tail := w[n : n+s.cellEnd(w[n:])]
	if strings.ContainsAny(cell, "\r\n") && (strings.Trim(tail, " ") != "" || s.holdsRows(cell)) {
		return "", 0, false
	}
	return cell + strings.TrimRight(tail, " "), n + len(tail), true
}

// cellEnd is where a cell without quotes ends.
func (s *scanner) cellEnd(w string) int {
	for i, r := range w {
		if r == '\n' || r == '\r' || r == s.separator && r != 0 {
			return i
		}
	}
	return len(w)
}

// holdsRows says whether a cell of several lines has swallowed whole rows, because its quote was left open and the
// next quote of the file was taken for its end.
func (s *scanner) holdsRows(cell string) bool {
	lines := strings.FieldsFunc(cell, func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range lines[min(1, len(lines)):] {
		separators := strings.Count(line, string(s.separator))
		if s.columns > 1 && separators >= s.columns-1 || separators > 0 && strings.Contains(line, "@") {
			return true
		}
	}
	return false
}
