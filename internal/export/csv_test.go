package export_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/export"
)

// corpus is cells that spreadsheet programs run or have run as formulas: every sign, behind every kind of blank.
func corpus() []string {
	var cells []string
	for _, sign := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
		for _, blank := range []string{"", " ", "\t", "\u00a0", "\u200b", "\ufeff", `"`} {
			cells = append(cells, blank+sign+`HYPERLINK("http://x.example";"click")`)
		}
	}
	return append(cells, "\t=1", "\rx", "\n=1+1", "=cmd|' /C calc'!A0")
}

func TestSafeCorpus(t *testing.T) {
	t.Parallel()
	cells := corpus()
	if len(cells) < 60 {
		t.Fatalf("corpus has %d cells, the goal asks for 60", len(cells))
	}
	for _, cell := range cells {
		if got := export.Safe(cell); !strings.HasPrefix(got, "'") {
			t.Errorf("Safe(%q) = %q, want an apostrophe in front", cell, got)
		}
		if got := export.Unsafe(export.Safe("=" + cell)); !strings.HasPrefix(got, "=") {
			t.Errorf("Unsafe did not undo Safe: %q", got)
		}
	}
}

func TestSafe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, cell, want string }{
		{"empty", "", ""},
		{"name", "Anna-Maria O'Connor", "Anna-Maria O'Connor"},
		{"address", "a+b@x.example", "a+b@x.example"},
		{"formula behind blanks", "  =1", "'  =1"},
		{"cut at another separator", "x;=1", "x;'=1"},
		{"cut at a separator and quotes", `x,"=1`, `x,'"=1`},
		{"second line", "x\r\n@y", "x\r\n'@y"},
		{"lines of text", "x\n\ny", "x\n\ny"},
		{"not utf-8", "a\xffb", "a\ufffdb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := export.Safe(tt.cell); got != tt.want {
				t.Errorf("Safe(%q) = %q, want %q", tt.cell, got, tt.want)
			}
		})
	}
}

func TestUnsafe(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"'=1": "=1", "'t Hooft": "'t Hooft", "'": "'", "x": "x", "' =1": " =1", "": ""} {
		if got := export.Unsafe(in); got != want {
			t.Errorf("Unsafe(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCSVWrites(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	out := export.NewCSV(&b, ';')
	if err := errors.Join(out.Write("Name", `a "b"; c`), out.Write("=1", ""), out.Flush()); err != nil {
		t.Fatal(err)
	}
	want := "\ufeff\"Name\";\"a \"\"b\"\"; c\"\r\n\"'=1\";\"\"\r\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestCSVReportsWriteErrors(t *testing.T) {
	t.Parallel()
	out := export.NewCSV(full{}, ',')
	if err := out.Write("x"); err != nil {
		t.Fatalf("a short row is buffered, got %v", err)
	}
	if err := out.Flush(); !errors.Is(err, errFull) {
		t.Errorf("Flush: %v", err)
	}
	if err := out.Write(strings.Repeat("x", 10_000)); !errors.Is(err, errFull) {
		t.Errorf("Write: %v", err)
	}
}

// FuzzCell: whatever the cell, a program with any usual separator sees no formula, and our own separator gives it back.
func FuzzCell(f *testing.F) {
	for _, c := range corpus() {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		safe := export.Safe(cell)
		for _, piece := range strings.FieldsFunc(safe, func(r rune) bool { return strings.ContainsRune(",;|\t\r\n", r) }) {
			first, _ := firstRune(strings.Trim(piece, "\" \u00a0"))
			if first != '\t' && export.StartsFormula(first) {
				t.Errorf("Safe(%q) = %q holds a formula in %q", cell, safe, piece)
			}
		}
		var b strings.Builder
		out := export.NewCSV(&b, ',')
		if err := errors.Join(out.Write("x", cell), out.Flush()); err != nil {
			t.Fatal(err)
		}
		got, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
		if err != nil || len(got) != 1 || len(got[0]) != 2 {
			t.Fatalf("read back %q: %v %v", b.String(), got, err)
		}
		if want := strings.ReplaceAll(safe, "\r\n", "\n"); got[0][1] != want {
			t.Error(fmt.Sprintf("read back %q, want %q", got[0][1], want))
		}
	})
}

func firstRune(s string) (rune, bool) {
	for _, r := range s {
		return r, true
	}
	return 0, false
}
