package joiners

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Read turns a file into rows as f says; a row is never lost, however odd. With f.Columns empty they are taken as
// Describe finds them.
//
// A cell whose quote is never closed is taken literally, so that the rows behind it stay rows. The columns that an
// earlier ReturnFile added are left out. The error is fault.TooLarge or fault.Invalid, naming limit and row.
func Read(data []byte, f Format) (*List, error) {
	text, err := open(data, f)
	if err != nil {
		return nil, err
	}
	l, _, err := read(text, f)
	return l, err
}

// top is what stands above the people, as it is in the file; ReturnFile writes it again.
type top struct {
	above  [][]string
	header []string
}

func read(text string, f Format) (*List, top, error) {
	if len(f.Columns) == 0 {
		f.Columns = describe(sample(text, f), f)
	}
	l := &List{Header: headersOf(f.Columns)}
	t := top{header: l.Header}
	s := newScanner(text, f.Separator, len(f.Columns))
	skip, header, width := f.SkipRows, f.HasHeader, Limits.Columns+len(returnHeader)
	numbers := -1 // where a return file has the numbers of its rows
	var empty blankRun
	for {
		rec, more, err := s.next()
		if err != nil {
			return nil, top{}, err
		}
		if !more {
			break
		}
		if rec.blank() {
			empty.add(rec.line)
			continue
		}
		empty.report(l)
		switch {
		case skip > 0:
			skip--
			t.above = append(t.above, trimmed(rec.cells))
			l.Problems = append(l.Problems, Problem{
				Line: rec.line, Kind: KindSkippedRows, Severity: Info, Found: strings.Join(trimmed(rec.cells), " "),
				Message: fmt.Sprintf("Row %d of the file stands above the column names and is not used.", rec.line),
				Repair:  "nothing to do",
			})
			continue
		case header:
			header = false
			t.header = trimmed(rec.cells)
			if at := returnColumns(trimmed(rec.cells)); at >= 0 {
				width, numbers = at, at+len(returnHeader)-1
				t.header = trimmed(rec.cells[:at])
			}
			continue
		}
		returned, user := 0, id.User("")
		if numbers >= 0 && numbers < len(rec.cells) {
			returned, _ = strconv.Atoi(strings.TrimSpace(rec.cells[numbers]))
			user = id.User(strings.TrimSpace(rec.cells[numbers-1]))
		}
		rec.cells = rec.cells[:min(len(rec.cells), width)]
		if len(trimmed(rec.cells)) > Limits.Columns {
			return nil, top{}, tooManyColumns(rec.line)
		}
		for _, cells := range split(rec.cells, f) {
			if len(l.Rows) == Limits.Rows {
				return nil, top{}, fault.Newf(fault.TooLarge, "The file has more than %d people, the limit for a list; row %d is the first one too many. Nothing was read. Split it into several files.", Limits.Rows, rec.line)
			}
			row := Row{Number: len(l.Rows) + 1, Line: rec.line, Cells: cells, Returned: max(returned, 0), ReturnedUser: user}
			l.Rows = append(l.Rows, row)
			l.Problems = append(l.Problems, shapeProblems(row, rec.openQuote, len(f.Columns))...)
		}
	}
	// Empty rows at the very end are usual and not worth a word.
	return l, t, nil
}

// blankRun is a run of empty rows, reported once.
type blankRun struct{ first, last int }

func (b *blankRun) add(line int) {
	if b.first == 0 {
		b.first = line
	}
	b.last = line
}

func (b *blankRun) report(l *List) {
	if b.first == 0 {
		return
	}
	message := fmt.Sprintf("Row %d of the file is empty and is skipped.", b.first)
	if b.last > b.first {
		message = fmt.Sprintf("Rows %d to %d of the file are empty and are skipped.", b.first, b.last)
	}
	l.Problems = append(l.Problems, Problem{Line: b.first, Kind: KindBlankRow, Severity: Info, Expected: "a person", Repair: "nothing to do", Message: message})
	*b = blankRun{}
}

// shapeProblems are those of a row as such, whatever its cells say.
func shapeProblems(row Row, openQuote bool, columns int) []Problem {
	var out []Problem
	p := Problem{Row: row.Number, Line: row.Line, Severity: Blocker}
	if openQuote {
		q := p
		q.Kind = KindOpenQuote
		for _, c := range row.Cells {
			if strings.HasPrefix(strings.TrimLeft(c, " "), `"`) {
				q.Found = c
				break
			}
		}
		q.Expected, q.Repair = "a second quotation mark at the end of the cell", "correct the cells of this row here, or close the quotation mark in the file"
		q.Message = fmt.Sprintf("Row %d of the file has a quotation mark (\") that is never closed, so its cells may be cut wrongly. The rows after it were read.", row.Line)
		out = append(out, q)
	}
	filled := len(trimmed(row.Cells))
	switch {
	case filled > columns:
		p.Expected, p.Repair = fmt.Sprintf("%d cells", columns), "correct the cells of this row here, or put the cell that holds the separator in quotation marks in the file"
		p.Message = fmt.Sprintf("Row %d of the file has %d cells where the others have %d, so its values may stand in the wrong columns.", row.Line, filled, columns)
	case len(row.Cells) < columns:
		p.Severity = Warning
		p.Expected, p.Repair = fmt.Sprintf("%d cells", columns), "check that the values stand in the right columns"
		p.Message = fmt.Sprintf("Row %d of the file ends early: it has %d cells where the others have %d.", row.Line, len(row.Cells), columns)
	default:
		return out
	}
	p.Kind, p.Found = KindRaggedRow, fmt.Sprintf("%d cells", max(filled, len(row.Cells)))
	return append(out, p)
}
