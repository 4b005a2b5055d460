package joiners

import (
	"io"
	"strconv"

	"github.com/gtmhub-portal/portal/internal/export"
)

// ReturnFile writes the file again as it was uploaded, and behind its columns the status, the reason, the user id
// and the number of each row, by Row.Number. Columns keep their order and text and rows theirs, blocked ones included; only empty rows and the
// columns of an earlier return file are left out. Rows of a list without column names get "Column 1" and so on.
//
// It is UTF-8 with a byte order mark in the original separator, comma if there was none. Cells that a spreadsheet
// program would take for a formula get an apostrophe in front (package export). Detect and Read take the file again:
// they keep these four columns apart and undo the apostrophe.
//
// The errors are those of Read and of w; if Read refuses the file, nothing is written.
func ReturnFile(w io.Writer, data []byte, f Format, verdicts func(row int) Verdict) error {
	text, err := open(data, f)
	if err != nil {
		return err
	}
	l, t, err := read(text, f)
	if err != nil {
		return err
	}
	width := len(t.header)
	for _, r := range l.Rows {
		width = max(width, len(r.Cells))
	}
	pad := func(cells []string, more ...string) []string {
		out := make([]string, width, width+len(more))
		copy(out, cells)
		return append(out, more...)
	}
	separator := f.Separator
	if separator == 0 {
		separator = ','
	}
	out := export.NewCSV(w, separator)
	for _, cells := range t.above {
		if err := out.Write(pad(cells)...); err != nil {
			return err
		}
	}
	if err := out.Write(pad(t.header, returnHeader...)...); err != nil {
		return err
	}
	for _, r := range l.Rows {
		v := verdicts(r.Number)
		if err := out.Write(pad(r.Cells, v.Status, v.Reason, string(v.UserID), strconv.Itoa(r.Number))...); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Template writes a list with the column names and one example, for people to fill in.
func Template(w io.Writer) error {
	out := export.NewCSV(w, ',')
	for _, row := range [][]string{
		{"Email", "First name", "Last name", "Language", "Team", "Role"},
		{"zhen.mueller@example.com", "Zhen", "Müller", "de", "Marketing; Sales", "Contributor"},
	} {
		if err := out.Write(row...); err != nil {
			return err
		}
	}
	return out.Flush()
}
