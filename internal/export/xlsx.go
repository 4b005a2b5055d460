package export

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// File takes the rows of an export, the head first. [CSV] and [XLSX] are files.
type File interface {
	// Write adds one row.
	Write(cells ...string) error
	// Flush completes the file. It must be called once, after the last row.
	Flush() error
}

// XLSX writes a workbook of one sheet, row by row, so that the memory it takes does not grow with the file. The first
// row is the head, which stays in sight. All cells are text: inline strings of the text format, which no program
// computes, not even after somebody has edited them. It is not safe for concurrent use.
type XLSX struct {
	zip   *zip.Writer
	sheet *bufio.Writer // nil before the first row
	name  string
	width int // cells of the head
	rows  int
}

// Bounds of the format (ECMA-376; Excel opens no larger file).
const (
	mostRows = 1 << 20
	mostText = 32767 // UTF-16 units in a cell
)

var errTooLong = errors.New("more rows than a sheet can have")

// NewXLSX starts a workbook. The sheet is called name: at most 31 characters, none of []:*?/\.
func NewXLSX(w io.Writer, name string) *XLSX {
	x := &XLSX{zip: zip.NewWriter(w), name: name}
	// Lists are large and repeat themselves: the fastest level takes a third of the time of the usual one.
	x.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	return x
}

const (
	xmlHead  = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainNS   = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	officeNS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	types    = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

// parts are the files of a workbook around its sheet. Format 49 is "text"; quotePrefix is the apostrophe that somebody
// types before a text.
func (x *XLSX) parts() [][2]string {
	return [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + types + `sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + types + `styles+xml"/>` +
			`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="` + types + `worksheet+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId1" Type="` + officeNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook ` + mainNS + ` xmlns:r="` + officeNS + `"><sheets><sheet name="` + escape(x.name) + `" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
			`<Relationship Id="rId1" Type="` + officeNS + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Type="` + officeNS + `/styles" Target="styles.xml"/></Relationships>`},
		{"xl/styles.xml", `<styleSheet ` + mainNS + `><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
			`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
			`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>` +
			`<cellXfs count="3"><xf xfId="0"/><xf numFmtId="49" applyNumberFormat="1" quotePrefix="1" xfId="0"/>` +
			`<xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1" quotePrefix="1" xfId="0"/></cellXfs></styleSheet>`},
	}
}

// begin writes all but the rows.
func (x *XLSX) begin(width int) error {
	for _, part := range x.parts() {
		w, err := x.zip.Create(part[0])
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, xmlHead+part[1]); err != nil {
			return err
		}
	}
	w, err := x.zip.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return err
	}
	x.sheet, x.width = bufio.NewWriterSize(w, 32<<10), width
	_, err = fmt.Fprintf(x.sheet, xmlHead+`<worksheet `+mainNS+`><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>`+
		`<cols><col min="1" max="%d" width="24" customWidth="1"/></cols><sheetData>`, max(1, width))
	return err
}

// Write adds one row. What is longer than a cell may be is cut. The error is that of the writer below, or that the
// sheet is full.
func (x *XLSX) Write(cells ...string) error {
	if x.sheet == nil {
		if err := x.begin(len(cells)); err != nil {
			return fmt.Errorf("begin a workbook: %w", err)
		}
	}
	if x.rows == mostRows {
		return errTooLong
	}
	x.rows++
	number, style := strconv.Itoa(x.rows), "1"
	if x.rows == 1 {
		style = "2"
	}
	// A bufio.Writer keeps its first error and returns it from every later call.
	_, _ = x.sheet.WriteString(`<row r="` + number + `">`)
	for i, cell := range cells {
		if cell == "" {
			continue
		}
		_, _ = x.sheet.WriteString(`<c r="` + column(i) + number + `" s="` + style + `" t="inlineStr"><is><t xml:space="preserve">`)
		_, _ = x.sheet.WriteString(escape(shorten(cell)))
		_, _ = x.sheet.WriteString(`</t></is></c>`)
	}
	if _, err := x.sheet.WriteString(`</row>`); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

// Flush completes the workbook. It must be called once, after the last row.
func (x *XLSX) Flush() error {
	if x.sheet == nil {
		if err := x.begin(0); err != nil {
			return fmt.Errorf("begin a workbook: %w", err)
		}
	}
	end := `</sheetData>`
	if x.width > 0 {
		end += `<autoFilter ref="A1:` + column(x.width-1) + strconv.Itoa(x.rows) + `"/>`
	}
	_, _ = x.sheet.WriteString(end + `</worksheet>`)
	if err := errors.Join(x.sheet.Flush(), x.zip.Close()); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// column is the name of a column, counted from 0: A to Z, then AA.
func column(i int) string {
	if i >= 26 {
		return column(i/26-1) + column(i%26)
	}
	return string(rune('A' + i))
}

// code is what programs read as a character in a text of a workbook.
var code = regexp.MustCompile(`_(x[0-9A-Fa-f]{4}_)`)

// escape writes a text for XML; what XML cannot hold becomes U+FFFD.
func escape(text string) string {
	if strings.Contains(text, "_x") {
		text = code.ReplaceAllString(text, "_x005F_$1")
	}
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// shorten cuts a text to what a cell can hold.
func shorten(text string) string {
	if len(text) <= mostText { // UTF-8 is never shorter than UTF-16 has units
		return text
	}
	units := 0
	for at, r := range text {
		if units += max(1, utf16.RuneLen(r)); units > mostText {
			return text[:at]
		}
	}
	return text
}
