package export_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/export"
)

// sheet is what a program reads of a workbook.
type sheet struct {
	Rows []struct {
		Cells []struct {
			Ref     string   `xml:"r,attr"`
			Type    string   `xml:"t,attr"`
			Style   string   `xml:"s,attr"`
			Formula *string  `xml:"f"`
			Value   *string  `xml:"v"`
			Text    []string `xml:"is>t"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
	Filter struct {
		Ref string `xml:"ref,attr"`
	} `xml:"autoFilter"`
}

// parts reads all files of a workbook, each of which must be XML.
func parts(t *testing.T, workbook []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
		for d := xml.NewDecoder(bytes.NewReader(text)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	return out
}

func readSheet(t *testing.T, workbook []byte) sheet {
	t.Helper()
	var s sheet
	if err := xml.Unmarshal([]byte(parts(t, workbook)["xl/worksheets/sheet1.xml"]), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestXLSXCorpus: what programs run as formulas is text in every cell, and stays what it was.
func TestXLSXCorpus(t *testing.T) {
	t.Parallel()
	cells := append(corpus(), "Zoë <O'Connor> & sons", " spaces ", "two\nlines", "_x0041_ is no A", "")
	var b bytes.Buffer
	out := export.NewXLSX(&b, "Users")
	if err := out.Write("Number", "Text"); err != nil {
		t.Fatal(err)
	}
	for _, cell := range cells {
		if err := out.Write("=1", cell); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	s := readSheet(t, b.Bytes())
	if len(s.Rows) != len(cells)+1 {
		t.Fatalf("%d rows, want %d and the head", len(s.Rows), len(cells))
	}
	for i, row := range s.Rows {
		for n, cell := range row.Cells {
			if cell.Type != "inlineStr" || cell.Formula != nil || cell.Value != nil || cell.Style != "1" && (i > 0 || cell.Style != "2") {
				t.Fatalf("row %d, cell %d is no text: %+v", i, n, cell)
			}
		}
		if i == 0 {
			continue
		}
		got := ""
		if len(row.Cells) > 1 {
			got = row.Cells[1].Text[0]
		}
		want := strings.ReplaceAll(cells[i-1], "_x0041_", "_x005F_x0041_")
		if got != want {
			t.Errorf("cell %q reads as %q", want, got)
		}
	}
	if got := s.Rows[1].Cells[0].Ref + " " + s.Rows[1].Cells[1].Ref + " " + s.Filter.Ref[:4]; got != "A2 B2 A1:B" {
		t.Errorf("places: %s", got)
	}
	p := parts(t, b.Bytes())
	if styles := p["xl/styles.xml"]; strings.Count(styles, `numFmtId="49"`) != 2 || strings.Count(styles, `quotePrefix="1"`) != 2 {
		t.Error("the cells do not have the format of text")
	}
	// Each part is named by the list of contents and reached by a relation, and nothing else is there.
	for part, in := range map[string]string{"/xl/workbook.xml": "[Content_Types].xml", "/xl/styles.xml": "[Content_Types].xml", "/xl/worksheets/sheet1.xml": "[Content_Types].xml",
		`Target="xl/workbook.xml"`: "_rels/.rels", `Target="worksheets/sheet1.xml"`: "xl/_rels/workbook.xml.rels", `name="Users"`: "xl/workbook.xml"} {
		if !strings.Contains(p[in], part) {
			t.Errorf("%s does not name %s", in, part)
		}
	}
	if len(p) != 6 {
		t.Errorf("%d parts, want 6", len(p))
	}
}

func TestXLSXBounds(t *testing.T) {
	t.Parallel()
	wide := make([]string, 703)
	for i := range wide {
		wide[i] = "x"
	}
	long := strings.Repeat("a", 32766)
	for _, tt := range []struct {
		name  string
		cells []string
		at    int
		want  string
		ref   string
	}{
		{"column Z", wide, 25, "x", "Z1"},
		{"column AA", wide, 26, "x", "AA1"},
		{"column ZZ", wide, 701, "x", "ZZ1"},
		{"column AAA", wide, 702, "x", "AAA1"},
		{"as long as may be", []string{long + "a"}, 0, long + "a", "A1"},
		{"too long", []string{long + "abc"}, 0, long + "a", "A1"},
		{"no half of a pair", []string{long + "😀"}, 0, long, "A1"},
		{"bytes do not count", []string{strings.Repeat("ü", 32767)}, 0, strings.Repeat("ü", 32767), "A1"},
		{"not utf-8, not XML", []string{"a\xffb\x01c\ufffe"}, 0, "a\ufffdb\ufffdc\ufffd", "A1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			out := export.NewXLSX(&b, "x")
			if err := errors.Join(out.Write(tt.cells...), out.Flush()); err != nil {
				t.Fatal(err)
			}
			got := readSheet(t, b.Bytes()).Rows[0].Cells[tt.at]
			if diff := cmp.Diff([]string{tt.ref, tt.want}, []string{got.Ref, got.Text[0]}); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("one row too many", func(t *testing.T) {
		t.Parallel()
		out := export.NewXLSX(io.Discard, "x")
		for range 1 << 20 {
			if err := out.Write(); err != nil {
				t.Fatal(err)
			}
		}
		if err := out.Write("x"); err == nil {
			t.Error("a row behind the last of a sheet is taken")
		}
	})
	t.Run("nothing at all", func(t *testing.T) {
		t.Parallel()
		var b bytes.Buffer
		if err := export.NewXLSX(&b, "x").Flush(); err != nil {
			t.Fatal(err)
		}
		if n := len(readSheet(t, b.Bytes()).Rows); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestXLSXReportsWriteErrors(t *testing.T) {
	t.Parallel()
	out := export.NewXLSX(full{}, "x")
	if err := errors.Join(out.Write("x"), out.Flush()); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

// TestMemoryOfFiles: the memory that a file takes while it is written does not grow with it.
func TestMemoryOfFiles(t *testing.T) {
	for name, file := range map[string]export.File{"CSV": export.NewCSV(io.Discard, ','), "XLSX": export.NewXLSX(io.Discard, "x")} {
		inUse := func() uint64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		rows := func(n int) {
			for range n {
				if err := file.Write("Zoë", "Müller", "zoe.muller@northwind.example", "active", "Contributor", "SIG Autoscaling, Website Maintainers"); err != nil {
					t.Fatal(err)
				}
			}
		}
		rows(1000) // buffers are there now
		before := inUse()
		rows(50_000)
		if after := inUse(); after > before+256<<10 {
			t.Errorf("%s: %d bytes more in use after 50,000 rows", name, after-before)
		}
		if err := file.Flush(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkXLSX(b *testing.B) {
	out := export.NewXLSX(io.Discard, "x")
	for b.Loop() {
		if err := out.Write("Zoë", "Müller", "zoe.muller@northwind.example", "active", "Contributor", "SIG Autoscaling, Website Maintainers"); err != nil && out.Flush() == nil {
			out = export.NewXLSX(io.Discard, "x")
		}
	}
}
