package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CSV writes rows, one at a time. It is not safe for concurrent use.
type CSV struct {
	w         *bufio.Writer
	separator rune
}

// NewCSV starts a file in UTF-8 with a byte order mark, by which Excel knows the encoding. The separator stands
// between cells; rows end with CR LF (RFC 4180). Nothing is written before the first Write or Flush fills the buffer.
func NewCSV(w io.Writer, separator rune) *CSV {
	c := &CSV{w: bufio.NewWriter(w), separator: separator}
	_, _ = c.w.WriteString("\uFEFF") // a bufio.Writer keeps its first error and returns it from Write and Flush
	return c
}

// Write adds one row. Every cell is made safe and quoted. The error is that of the writer below.
func (c *CSV) Write(cells ...string) error {
	for i, cell := range cells {
		if i > 0 {
			_, _ = c.w.WriteRune(c.separator)
		}
		_ = c.w.WriteByte('"')
		_, _ = c.w.WriteString(strings.ReplaceAll(Safe(cell), `"`, `""`))
		_ = c.w.WriteByte('"')
	}
	if _, err := c.w.WriteString("\r\n"); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

// Flush hands on what is buffered. It must be called after the last row.
func (c *CSV) Flush() error {
	if err := c.w.Flush(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// Safe returns the cell with an apostrophe in front if its first visible character could begin a formula. The same
// is done after each separator or line break inside the cell: a program that is set to another separator than the
// file's cuts the cell there. Text that is not UTF-8 is made so.
func Safe(cell string) string {
	cell = strings.ToValidUTF8(cell, "\uFFFD")
	var b strings.Builder
	piece, written := 0, 0 // where the piece between two separators begins, and what of the cell is in b
	blankSoFar := true     // nothing visible yet in this piece
	for i, r := range cell {
		separates := strings.ContainsRune(",;|\t\r\n", r)
		if blankSoFar && StartsFormula(r) && (piece == 0 || !separates) {
			b.WriteString(cell[written:piece])
			b.WriteByte('\'')
			written = piece
			blankSoFar = false
		}
		if separates {
			piece, blankSoFar = i+1, true
		} else if !blank(r) && r != '"' {
			blankSoFar = false
		}
	}
	b.WriteString(cell[written:])
	return b.String()
}

// Unsafe undoes Safe at the beginning of a cell: it removes an apostrophe that stands before a formula sign.
func Unsafe(cell string) string {
	rest, found := strings.CutPrefix(cell, "'")
	first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(rest, func(r rune) bool { return blank(r) && !StartsFormula(r) }))
	if found && StartsFormula(first) {
		return rest
	}
	return cell
}

// StartsFormula says whether a cell that begins with r may be taken for a formula. The full-width forms count,
// because some programs treat them as the plain ones.
func StartsFormula(r rune) bool {
	return strings.ContainsRune("=+-@\t\r\n＝＋－＠", r)
}

// blank says whether programs skip r at the beginning of a cell: white space and all that cannot be seen.
func blank(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r)
}
