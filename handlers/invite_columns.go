package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

var encodingLabels = map[joiners.Encoding]string{
	joiners.UTF8: "UTF-8", joiners.UTF8BOM: "UTF-8 with byte order mark", joiners.UTF16LE: "UTF-16 (Windows)", joiners.UTF16BE: "UTF-16 (big endian)",
	joiners.Windows1252: "Windows-1252 (Western Europe)", joiners.Windows1250: "Windows-1250 (Central Europe)", joiners.Windows1251: "Windows-1251 (Cyrillic)",
	joiners.Latin1: "ISO 8859-1 (Western Europe)", joiners.Latin2: "ISO 8859-2 (Central Europe)", joiners.Latin9: "ISO 8859-15 (Western Europe, with €)",
	joiners.MacRoman: "Mac Roman (old Macs)", joiners.CodePage850: "Code page 850 (DOS)",
}

// separatorNames are the separators as the form sends them.
var separatorNames = map[rune]string{',': "comma", ';': "semicolon", '\t': "tab", '|': "bar", 0: "none"}

// eachCell is the end of a separator's name when the cells are people.
const eachCell = "-people"

func separatorName(f joiners.Format) string {
	name := separatorNames[f.Separator]
	if f.PersonPerCell {
		name += eachCell
	}
	return name
}

func separatorOptions(f joiners.Format) []component.Option {
	labels := map[rune]string{',': "Comma ( , )", ';': "Semicolon ( ; )", '\t': "Tab", '|': "Bar ( | )", 0: "None: one cell per row"}
	var out []component.Option
	for _, sep := range joiners.Separators() {
		out = append(out, component.Option{Value: separatorNames[sep], Label: labels[sep]})
		if f.PersonPerCell && f.Separator == sep {
			out = append(out, component.Option{Value: separatorNames[sep] + eachCell, Label: labels[sep] + ", a person in each cell"})
		}
	}
	return out
}

// maxHeaderRow is the last row in which column names may stand.
const maxHeaderRow = 10

func headerName(f joiners.Format) string {
	if !f.HasHeader {
		return "none"
	}
	return strconv.Itoa(f.SkipRows + 1)
}

func headerOptions() []component.Option {
	out := []component.Option{{Value: "1", Label: "Row 1"}}
	for row := 2; row <= maxHeaderRow; row++ {
		out = append(out, component.Option{Value: strconv.Itoa(row), Label: fmt.Sprintf("Row %d (rows above are not used)", row)})
	}
	return append(out, component.Option{Value: "none", Label: "No row: there are no column names"})
}

// columnsForm is the second step as it is sent.
type columnsForm struct {
	Version   string
	Encoding  string `form:"encoding" label:"The encoding" validate:"required"`
	Separator string `form:"separator" label:"The separator" validate:"required"`
	Header    string `form:"header" label:"The row of the column names" validate:"required"`
	Confirm   bool   `form:"confirm"`
	Continue  bool
	Fields    []string // by column; missing ones are ""
}

func readColumnsForm(v url.Values, columns int) columnsForm {
	f := columnsForm{Version: v.Get("version"), Encoding: v.Get("encoding"), Separator: v.Get("separator"), Header: v.Get("header"),
		Confirm: v.Get("confirm") == "yes", Continue: v.Get("do") == "continue", Fields: make([]string, columns)}
	for i := range f.Fields {
		f.Fields[i] = v.Get(columnName(i))
	}
	return f
}

func columnName(i int) string { return "column-" + strconv.Itoa(i) }

// reading is the part of the format that says how the file becomes cells, as the form has it.
func (f columnsForm) reading(old joiners.Format) joiners.Format {
	out := old
	out.Encoding = joiners.Encoding(f.Encoding)
	name, each := strings.CutSuffix(f.Separator, eachCell)
	out.Separator, out.PersonPerCell = -1, each && old.PersonPerCell
	for sep, n := range separatorNames {
		if n == name {
			out.Separator = sep
		}
	}
	if row, err := strconv.Atoi(f.Header); err == nil && row >= 1 && row <= maxHeaderRow {
		out.HasHeader, out.SkipRows = true, row-1
	} else {
		out.HasHeader, out.SkipRows = false, 0
	}
	return out
}

func sameReading(a, b joiners.Format) bool {
	return a.Encoding == b.Encoding && a.Separator == b.Separator && a.PersonPerCell == b.PersonPerCell && a.HasHeader == b.HasHeader && a.SkipRows == b.SkipRows
}

func mustConfirm(e joiners.Encoding) bool { return e != joiners.UTF8 && e != joiners.UTF8BOM }

// inviteColumns handles GET /invite/{draft}/columns.
func (s *server) inviteColumns(w http.ResponseWriter, r *http.Request) error {
	d, err := s.draftFrom(r)
	if err != nil {
		return err
	}
	return s.columnsPage(w, r, http.StatusOK, d, nil)
}

// inviteColumnsSave handles POST /invite/{draft}/columns. When the file is to be read in another way, the page comes
// back with the new samples; else it goes on to the check, or comes back with 422 and the form as typed.
func (s *server) inviteColumnsSave(w http.ResponseWriter, r *http.Request) error {
	d, err := s.draftFrom(r)
	if err != nil {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	f := readColumnsForm(v, len(d.Format.Columns))
	if f.Version != strconv.Itoa(d.Version) {
		return s.columnsPage(w, r, http.StatusConflict, d, problems{elsewhere})
	}
	if bad := check(f); len(bad) > 0 {
		return s.columnsPage(w, r, http.StatusUnprocessableEntity, d, bad)
	}
	before := d
	to := route.Draft(d.ID, "columns")
	if reading := f.reading(d.Format); !sameReading(reading, d.Format) {
		if reading, err = joiners.Describe(d.Data, reading); err != nil {
			return s.notReadable(w, r, d, reading, err)
		}
		reading.NeedsConfirm = mustConfirm(reading.Encoding)
		if sameCells(reading, d.Format) { // only the letters differ: what was chosen stays
			for i := range reading.Columns {
				reading.Columns[i].Field = joiners.Field(f.Fields[i])
			}
		} else {
			d.Edits = joiners.Edits{Replace: d.Edits.Replace} // the rows are others now
		}
		d.Format = reading
	} else {
		bad := f.columns(&d.Format)
		if f.Continue && len(bad) > 0 {
			return s.columnsPage(w, r, http.StatusUnprocessableEntity, d, bad)
		}
		if f.Continue {
			to = route.Draft(d.ID, "check")
		}
	}
	if _, err := joiners.Read(d.Data, d.Format); err != nil {
		return s.notReadable(w, r, before, d.Format, err)
	}
	if err := s.save(r.Context(), &d); errors.Is(err, fault.Conflict) {
		return s.columnsAgain(w, r)
	} else if err != nil {
		return err
	}
	return redirect(w, r, to)
}

// columns takes over what the columns mean and that the samples were looked at. What is wrong with it is said, but it is
// taken over all the same, so that the page shows what was chosen.
func (f columnsForm) columns(format *joiners.Format) problems {
	var bad problems
	format.Columns = slices.Clone(format.Columns)
	for i := range format.Columns {
		format.Columns[i].Field = joiners.Field(f.Fields[i])
	}
	if mustConfirm(format.Encoding) {
		format.NeedsConfirm = !f.Confirm
	}
	if err := format.Validate(); err != nil {
		field := ""
		if len(format.Columns) > 0 {
			field = columnName(0)
		}
		bad = append(bad, component.Problem{Field: field, Message: fault.Message(err)})
	}
	if format.NeedsConfirm {
		bad = append(bad, component.Problem{Field: "confirm", Message: "Look at the samples, then confirm that the letters are right."})
	}
	return bad
}

// sameCells says whether two ways of reading cut the file into the same cells.
func sameCells(a, b joiners.Format) bool {
	a.Encoding = b.Encoding
	return sameReading(a, b) && len(a.Columns) == len(b.Columns)
}

// notReadable shows the list as it was, with what was chosen and why that does not work.
func (s *server) notReadable(w http.ResponseWriter, r *http.Request, d joiners.Draft, chosen joiners.Format, err error) error {
	if fault.Message(err) == "" {
		return err
	}
	field := "separator"
	if chosen.Encoding != d.Format.Encoding {
		field = "encoding"
	}
	chosen.Columns = d.Format.Columns
	d.Format = chosen
	return s.columnsPage(w, r, fault.KindOf(err).Status(), d, problems{{Field: field, Message: fault.Message(err)}})
}

func (s *server) columnsAgain(w http.ResponseWriter, r *http.Request) error {
	d, err := s.draftFrom(r)
	if err != nil {
		return err
	}
	return s.columnsPage(w, r, http.StatusConflict, d, problems{elsewhere})
}

func (s *server) columnsPage(w http.ResponseWriter, r *http.Request, status int, d joiners.Draft, bad problems) error {
	p := newInviteColumnsProps(d, bad)
	var err error
	if p.Frame, err = s.frame(w, r, route.Invite, layout.Props{Title: "Columns", Subtitle: d.Name, Crumbs: []layout.Crumb{{Label: "Invite people", URL: route.Invite}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.InviteColumns(p))
}

func newInviteColumnsProps(d joiners.Draft, bad problems) page.InviteColumnsProps {
	f := d.Format
	reread := templ.Attributes{"data-submit": true}
	p := page.InviteColumnsProps{
		Steps: inviteSteps(2, d.ID), Action: route.Draft(d.ID, "columns"), BackURL: route.Invite, Version: strconv.Itoa(d.Version), Problems: bad,
		Summary: readSummary(d),
		Encoding: component.SelectProps{Name: "encoding", Label: "Encoding", Value: string(f.Encoding), Options: encodingOptions(), Error: bad.of("encoding"), TestID: "invite-encoding",
			Hint: "How letters are stored in the file", Attrs: reread},
		Separator: component.SelectProps{Name: "separator", Label: "Separator", Value: separatorName(f), Options: separatorOptions(f), Error: bad.of("separator"), TestID: "invite-separator",
			Hint: "What stands between two cells", Attrs: reread},
		Header: component.SelectProps{Name: "header", Label: "Column names", Value: headerName(f), Options: headerOptions(), Error: bad.of("header"), TestID: "invite-header",
			Hint: "Empty rows are not counted", Attrs: reread},
		MustConfirm: mustConfirm(f.Encoding), Confirmed: !f.NeedsConfirm, ConfirmError: bad.of("confirm"),
		ConfirmLabel: "Yes, the letters are right",
	}
	if p.MustConfirm {
		p.Letters = letters(d)
	}
	for i, c := range f.Columns {
		p.Columns = append(p.Columns, page.InviteColumn{Header: c.Header, Samples: c.Samples, Used: c.Field != joiners.FieldNone,
			Field: component.SelectProps{Name: columnName(i), Label: "Use of column " + c.Header, HideLabel: true, Value: string(c.Field), Empty: "Not used", Options: fieldOptions(),
				Error: bad.of(columnName(i)), TestID: "invite-column-field"}})
	}
	return p
}

// maxLetters is how many values are shown to judge an encoding by.
const maxLetters = 12

// letters are the first different values of the list with letters outside of ASCII: those that a wrong encoding spoils.
func letters(d joiners.Draft) []string {
	list, err := joiners.Read(d.Data, d.Format)
	if err != nil {
		return nil
	}
	var out []string
	for _, row := range list.Rows {
		for _, cell := range row.Cells {
			value := short(strings.Join(strings.Fields(cell), " "))
			if strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII }) && !slices.Contains(out, value) {
				if out = append(out, value); len(out) == maxLetters {
					return out
				}
			}
		}
	}
	return out
}

func encodingOptions() []component.Option {
	var out []component.Option
	for _, e := range joiners.Encodings() {
		out = append(out, component.Option{Value: string(e), Label: encodingLabels[e]})
	}
	return out
}

func fieldOptions() []component.Option {
	var out []component.Option
	for _, f := range joiners.Fields() {
		label := fieldLabel(f)
		if f == joiners.FieldFullName {
			label += " (first and last together)"
		}
		out = append(out, component.Option{Value: string(f), Label: label})
	}
	return out
}

// readSummary says in a sentence what was recognised.
func readSummary(d joiners.Draft) string {
	list, err := joiners.Read(d.Data, d.Format)
	if err != nil {
		return "Cannot be read like this"
	}
	n := len(d.Format.Columns)
	columns := count(n) + " columns"
	if n == 1 {
		columns = "1 column"
	}
	names := ", without column names"
	if d.Format.HasHeader {
		names = " with names"
	}
	return fmt.Sprintf("Recognised: %s in %s%s", people(len(list.Rows)), columns, names)
}
