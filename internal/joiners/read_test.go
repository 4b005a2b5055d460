package joiners_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
)

const head = "Email,First name,Last name\n"

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	rows := func(n int) string { return head + strings.Repeat("a@northwind.example,A,Li\n", n) }
	for _, tt := range []struct {
		name, data string
		kind       fault.Kind
		says       []string // words of the sentence
	}{
		{"too large", strings.Repeat("x", 2<<20+1), fault.TooLarge, []string{"2 MB"}},
		{"too many rows", rows(5001), fault.TooLarge, []string{"5000", "row 5002"}},
		{"too many columns", head + strings.Repeat("x,", 33) + "x\n", fault.TooLarge, []string{"32 columns", "Row 2"}},
		{"far too many columns", head + strings.Repeat(",", 1000) + "\n", fault.TooLarge, []string{"32 columns", "Row 2"}},
		{"cell too long", head + "a@x.io," + strings.Repeat("x", 513) + ",Li\n", fault.TooLarge, []string{"512", "Row 2"}},
		{"quoted cell too long", head + "a@x.io,\"" + strings.Repeat("x", 513) + "\",Li\n", fault.TooLarge, []string{"512", "Row 2"}},
		{"line too long", head + strings.Repeat(strings.Repeat("x", 500)+",", 9) + "\n", fault.TooLarge, []string{"4096", "Row 2"}},
		{"one long line", strings.Repeat("x", 5000), fault.TooLarge, []string{"4096", "Row 1"}},
		{"workbook", "PK\x03\x04...", fault.Invalid, []string{"Excel workbook", "save as CSV", "Save As"}},
		{"old workbook", "\xD0\xCF\x11\xE0...", fault.Invalid, []string{"Excel workbook", "save as CSV"}},
		{"pdf", "%PDF-1.7", fault.Invalid, []string{"PDF"}},
		{"photo", "\xFF\xD8\xFF\xE0\x00\x10JFIF", fault.Invalid, []string{"picture"}},
		{"drawing", "\x89PNG\r\n\x1A\n", fault.Invalid, []string{"picture"}},
		{"web page", "\xEF\xBB\xBF <HTML><table>", fault.Invalid, []string{"web page"}},
		{"binary", head + "a\x00b", fault.Invalid, []string{"Line 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data := []byte(tt.data)
			f := joiners.Detect(data)
			for range 2 { // as proposed, and whatever else a person may send
				l, err := joiners.Read(data, f)
				if l != nil || fault.KindOf(err) != tt.kind {
					t.Fatalf("Read: %v, want %s", err, tt.kind)
				}
				for _, word := range tt.says {
					if !strings.Contains(fault.Message(err), word) {
						t.Errorf("%q does not name %q", fault.Message(err), word)
					}
				}
				f = joiners.Format{Encoding: joiners.UTF8, Separator: ',', HasHeader: true}
			}
		})
	}
}

func TestReadAcceptsTheLimits(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("x,", 31) + "x\n"
	for name, data := range map[string]string{
		"rows":    head + strings.Repeat("a@northwind.example,A,Li\n", 5000),
		"columns": wide,
		"cell":    head + "a@x.io," + strings.Repeat("x", 512) + ",Li\n",
		"line":    strings.Repeat(strings.Repeat("x", 511)+",", 8) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := joiners.Read([]byte(data), joiners.Format{Encoding: joiners.UTF8, Separator: ',', HasHeader: true}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadRefusesFormats(t *testing.T) {
	t.Parallel()
	latin := []byte("Email,First name,Last name\r\na@x.io,Zhen,M\xfcller\r\n")
	for name, tt := range map[string]struct {
		format joiners.Format
		says   string
	}{
		"separator":                {joiners.Format{Encoding: joiners.UTF8, Separator: '"'}, "separator"},
		"encoding":                 {joiners.Format{Encoding: "utf-7", Separator: ','}, "encoding"},
		"utf-8 that is none":       {joiners.Format{Encoding: joiners.UTF8, Separator: ','}, "Line 2"},
		"rows above":               {joiners.Format{Encoding: joiners.Windows1252, Separator: ',', SkipRows: 11}, "10 rows"},
		"negative number of rows":  {joiners.Format{Encoding: joiners.Windows1252, Separator: ',', SkipRows: -1}, "10 rows"},
		"no encoding means utf-8":  {joiners.Format{Separator: ','}, "Line 2"},
		"one byte taken for utf16": {joiners.Format{Encoding: "", Separator: ';'}, "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := joiners.Read(latin, tt.format)
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Message(err), tt.says) {
				t.Errorf("Read: %v, want a sentence with %q", err, tt.says)
			}
			if _, derr := joiners.Describe(latin, tt.format); fault.Message(derr) != fault.Message(err) {
				t.Errorf("Describe: %v, Read: %v", derr, err)
			}
			var b bytes.Buffer
			if rerr := joiners.ReturnFile(&b, latin, tt.format, noVerdict); rerr == nil || b.Len() > 0 {
				t.Errorf("ReturnFile wrote %d bytes, error %v", b.Len(), rerr)
			}
		})
	}
}

// TestHostile bounds what hostile files cost, within the limit for uploads and far beyond it. Not parallel, because it measures memory.
func TestHostile(t *testing.T) {
	for name, hostile := range map[string]func() []byte{
		"10 MB of commas":         func() []byte { return bytes.Repeat([]byte(","), 10<<20) },
		"10 MB open quote":        func() []byte { return append([]byte(`"`), bytes.Repeat([]byte("x"), 10<<20)...) },
		"5 million rows":          func() []byte { return bytes.Repeat([]byte("\n"), 5_000_000) },
		"5 million filled rows":   func() []byte { return bytes.Repeat([]byte("a\n"), 5_000_000) },
		"2 MB of commas":          func() []byte { return bytes.Repeat([]byte(","), 2<<20) },
		"2 MB of commas in lines": func() []byte { return bytes.Repeat([]byte(strings.Repeat(",", 31)+"\n"), 65_000) },
		"2 MB of quotes":          func() []byte { return bytes.Repeat([]byte(`"`), 2<<20) },
		"2 MB open quote":         func() []byte { return append([]byte(`"`), bytes.Repeat([]byte("x\n"), 1<<20-1)...) },
		"2 MB open quotes":        func() []byte { return bytes.Repeat([]byte("\"a,\n"), 1<<19) },
		"2 MB quotes in columns":  func() []byte { return bytes.Repeat([]byte(strings.Repeat(`"x,`, 30)+"\n"), 5000) },
		"2 MB line ends":          func() []byte { return bytes.Repeat([]byte("\r"), 2<<20) },
		"2 MB high bytes":         func() []byte { return bytes.Repeat([]byte("\xfc"), 2<<20) },
		"2 MB high bytes in rows": func() []byte { return bytes.Repeat([]byte("\xfc\xe4\xf6\n"), 1<<19) },
		"2 MB combining":          func() []byte { return bytes.Repeat([]byte("\u0301"), 1<<20) },
		"utf-16 of line ends":     func() []byte { return append([]byte("\xff\xfe"), bytes.Repeat([]byte("\n\x00"), 1<<20-1)...) },
		"5,000 unknown teams":     manyTeams,
	} {
		t.Run(name, func(t *testing.T) {
			data := hostile()
			runtime.GC()
			before := heap()
			peak := make(chan uint64)
			stop := make(chan struct{})
			go func() { peak <- highest(stop) }()
			start := time.Now()
			f := joiners.Detect(data)
			l, err := joiners.Read(data, f)
			if err == nil {
				joiners.Check(l, f, joiners.Edits{}, account, options)
			} else if k := fault.KindOf(err); k != fault.TooLarge && k != fault.Invalid || fault.Message(err) == "" {
				t.Errorf("error %v", err)
			}
			took := time.Since(start)
			close(stop)
			held := int64(<-peak) - int64(before)
			if took > 2*time.Second*slowdown || held > 64<<20 {
				t.Errorf("took %v and %d MB: %v", took, held>>20, err)
			}
			t.Logf("%v, heap +%d MB, %v", took.Round(time.Millisecond), held>>20, err)
		})
	}
}

// heap is the size of all objects, dead ones that are not yet collected included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// highest looks at the heap every millisecond until it is stopped.
func highest(stop <-chan struct{}) uint64 {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for top := heap(); ; top = max(top, heap()) {
		select {
		case <-stop:
			return max(top, heap())
		case <-tick.C:
		}
	}
}

func manyTeams() []byte {
	b := bytes.NewBufferString("Email,First name,Last name,Team\n")
	for i := range 5000 {
		fmt.Fprintf(b, "a%d@northwind.example,A,Li,%s%d\n", i, strings.Repeat("Sales ", 50), i)
	}
	return b.Bytes()
}

func TestFiveThousandRows(t *testing.T) {
	t.Parallel()
	b := bytes.NewBufferString("Email;First name;Last name;Team\r\n")
	for i := range 5000 {
		fmt.Fprintf(b, "person.%d@northwind.example;Zhen;Müller;Design|SIG Node\r\n", i)
	}
	_, l, r := check(t, b.Bytes(), account, joiners.Edits{})
	if len(l.Rows) != 5000 || r.Usable() != 5000 || l.Rows[4999].Line != 5001 {
		t.Errorf("%d rows, %d usable", len(l.Rows), r.Usable())
	}
}

func TestRowNumbers(t *testing.T) {
	t.Parallel()
	data := []byte("sep=,\r\nTitle\r\n\r\nEmail,First name,Last name\r\na@x.io,\"Z\r\nhen\",Li\r\n\r\nb@x.io,Bo,Wu\r\n\r\n\r\n")
	f := joiners.Detect(data)
	l, err := joiners.Read(data, f)
	if err != nil {
		t.Fatal(err)
	}
	// Excel hides the sep line and shows a cell of two lines in one row.
	want := []joiners.Row{
		{Number: 1, Line: 4, Cells: []string{"a@x.io", "Z\r\nhen", "Li"}},
		{Number: 2, Line: 6, Cells: []string{"b@x.io", "Bo", "Wu"}},
	}
	if diff := cmp.Diff(want, l.Rows); diff != "" {
		t.Error(diff)
	}
	var kinds []string
	for _, p := range l.Problems {
		kinds = append(kinds, fmt.Sprintf("%s %d", p.Kind, p.Line))
	}
	if diff := cmp.Diff([]string{"skipped_rows 1", "blank_row 2", "blank_row 5"}, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestDescribeAfterAChoice(t *testing.T) {
	t.Parallel()
	data := []byte("Email;Prénom;Nom\na@x.io;Zoë;Dupont\n")
	f := joiners.Detect(data)
	f.Separator, f.HasHeader = ',', false
	f, err := joiners.Describe(data, f)
	if err != nil || len(f.Columns) != 1 || f.Columns[0].Header != "Column 1" {
		t.Fatalf("%+v, %v", f, err)
	}
	f.Separator, f.HasHeader = ';', true
	f, err = joiners.Describe(data, f)
	if err != nil || fieldsOf(f) != "email,firstName,lastName" {
		t.Fatalf("%+v, %v", f, err)
	}
	stored, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var back joiners.Format
	if err := json.Unmarshal(stored, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f, back); diff != "" {
		t.Error(diff)
	}
}

func TestEveryEncodingCanBeChosen(t *testing.T) {
	t.Parallel()
	for _, e := range joiners.Encodings() {
		l, err := joiners.Read([]byte("a@x.io,A,Li\n\n"), joiners.Format{Encoding: e, Separator: ','})
		if err != nil || len(l.Rows) == 0 {
			t.Errorf("%s: %v", e, err)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	columns := func(fields ...joiners.Field) joiners.Format {
		var f joiners.Format
		for i, field := range fields {
			f.Columns = append(f.Columns, joiners.Column{Index: i, Field: field})
		}
		return f
	}
	for name, tt := range map[string]struct {
		format joiners.Format
		says   string
	}{
		"good":         {columns(joiners.FieldEmail, joiners.FieldFullName, joiners.FieldNone, joiners.FieldTeam, joiners.FieldTeam), ""},
		"no address":   {columns(joiners.FieldFirstName), "e-mail address"},
		"twice":        {columns(joiners.FieldEmail, joiners.FieldLanguage, joiners.FieldLanguage), "language"},
		"unknown name": {columns(joiners.FieldEmail, "salary"), "does not exist"},
	} {
		err := tt.format.Validate()
		if (err == nil) != (tt.says == "") || !strings.Contains(fault.Message(err), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWrongColumnsDoNotPanic(t *testing.T) {
	t.Parallel()
	data := []byte("a@x.io,A,Li\n")
	f := joiners.Format{Encoding: joiners.UTF8, Separator: ',', Columns: []joiners.Column{{Index: -1, Field: joiners.FieldEmail}, {Index: 99, Field: joiners.FieldTeam}}}
	l, err := joiners.Read(data, f)
	if err != nil {
		t.Fatal(err)
	}
	if r := joiners.Check(l, f, joiners.Edits{}, account, options); r.Blocked() != 1 {
		t.Errorf("%v", faults(r))
	}
}

func noVerdict(int) joiners.Verdict { return joiners.Verdict{} }

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile("testdata/"+name, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(read(t, name)), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestReturnFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"joiners-300", "joiners-hris-export", "joiners-messy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, d := read(t, name+".csv"), northwind(t)
			f, l, r := check(t, data, d, joiners.Edits{})
			blocked := map[int]string{}
			for _, p := range r.People {
				for _, pr := range p.Problems {
					if pr.Severity == joiners.Blocker {
						blocked[p.Row] += pr.Message + " "
					}
				}
			}
			var out bytes.Buffer
			err := joiners.ReturnFile(&out, data, f, func(row int) joiners.Verdict {
				if reason := blocked[row]; reason != "" {
					return joiners.Verdict{Status: "not possible", Reason: strings.TrimSpace(reason)}
				}
				return joiners.Verdict{Status: "done", UserID: id.User(fmt.Sprintf("user%d", row))}
			})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".return.csv", out.Bytes())

			// The return file is a list again: same people, same faults, but for the open quote, which it closed.
			f2, l2, r2 := check(t, out.Bytes(), d, joiners.Edits{})
			if f2.Encoding != joiners.UTF8BOM || f2.Separator != f.Separator || fieldsOf(f2) != fieldsOf(f) {
				t.Errorf("read back: %s %q %s", f2.Encoding, f2.Separator, fieldsOf(f2))
			}
			if len(l2.Rows) != len(l.Rows) || r2.Usable() != r.Usable() {
				t.Errorf("read back: %d rows, %d usable; want %d, %d", len(l2.Rows), r2.Usable(), len(l.Rows), r.Usable())
			}
			for i := range l.Rows {
				if l2.Rows[i].Returned != l.Rows[i].Number || l.Rows[i].Returned != 0 {
					t.Fatalf("row %d came back as row %d, and was %d before", l.Rows[i].Number, l2.Rows[i].Returned, l.Rows[i].Returned)
				}
			}
			for i := range r.People {
				a, b := r.People[i], r2.People[i]
				if a.Email != b.Email || a.FirstName != b.FirstName || a.LastName != b.LastName || len(a.Teams) != len(b.Teams) {
					t.Errorf("row %d became %s, was %s", a.Row, one(b), one(a))
				}
			}
			var again bytes.Buffer
			if err := joiners.ReturnFile(&again, out.Bytes(), f2, noVerdict); err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(again.String(), "\r\n")
			if n := strings.Count(first, "Status"); n != 1 {
				t.Errorf("header of the second return file: %s", first)
			}
		})
	}
}

func TestReturnFileOfOddFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, data, want string }{
		{"title and long row", "Joiners,\nEmail,First name,Last name,\n-a@x.io,Li, Jr,Zhen\nb@x.io\n",
			`"Joiners","","",""|"Email","First name","Last name","","Status","Reason","User id","Row"|"'-a@x.io","Li"," Jr","Zhen","1","r","u","1"|"b@x.io","","","","2","r","u","2"|`},
		{"no header", "a@x.io;=1\nb@x.io;B\n", `"Column 1";"Column 2";"Status";"Reason";"User id";"Row"|"a@x.io";"'=1";"1";"r";"u";"1"|"b@x.io";"B";"2";"r";"u";"2"|`},
		{"recipients", "A Li <a@x.io>; B Wu <b@x.io>", `"Column 1";"Status";"Reason";"User id";"Row"|"A Li <a@x.io>";"1";"r";"u";"1"|" B Wu <b@x.io>";"2";"r";"u";"2"|`},
		{"lines", "a@x.io\nb@x.io\n", `"Column 1","Status","Reason","User id","Row"|"a@x.io","1","r","u","1"|"b@x.io","2","r","u","2"|`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := joiners.ReturnFile(&out, []byte(tt.data), joiners.Detect([]byte(tt.data)), func(row int) joiners.Verdict {
				return joiners.Verdict{Status: fmt.Sprint(row), Reason: "r", UserID: "u"}
			})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(strings.TrimPrefix(out.String(), "\ufeff"), "\r\n", "|")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if f := joiners.Detect(out.Bytes()); !f.HasHeader || f.Columns[0].Field != joiners.FieldEmail {
				t.Errorf("read back: %+v", f)
			}
		})
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWritersErrorsAreReported(t *testing.T) {
	t.Parallel()
	data := read(t, "joiners-300.csv")
	if err := joiners.ReturnFile(failing{}, data, joiners.Detect(data), noVerdict); err == nil {
		t.Error("ReturnFile lost the error of the writer")
	}
	if err := joiners.Template(failing{}); err == nil {
		t.Error("Template lost the error of the writer")
	}
}

func TestTemplateIsRecognised(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := joiners.Template(&b); err != nil {
		t.Fatal(err)
	}
	f, _, r := check(t, b.Bytes(), names{teams: []string{"Marketing", "Sales"}, roles: []string{"Contributor"}}, joiners.Edits{})
	if fieldsOf(f) != "email,firstName,lastName,language,team,role" || one(r.People[0]) != "zhen.mueller@example.com/Zhen/Müller/de/Marketing+Sales/Contributor" {
		t.Errorf("%s %s", fieldsOf(f), one(r.People[0]))
	}
}

// FuzzRead: whatever the bytes, nothing panics, rows are numbered, every row becomes one person, and a return file holds them all.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"joiners-hris-export.csv", "joiners-messy.csv"} {
		f.Add(read(f, name)[:1500], byte(0))
	}
	for i, s := range []string{"\xff\xfea\x00", "sep=;\n\"a;b\nc@d.ef;\"\"x\"\"", "\"a\r\"b,c@d.ef\r", "A <a@b.cd>; B <b@b.cd>", "Email,Status,Reason,User id,Row\na@b.cd,x,y,z,7\n"} {
		f.Add([]byte(s), byte(i))
	}
	f.Fuzz(func(t *testing.T, data []byte, choice byte) {
		format := joiners.Detect(data)
		if choice > 0 {
			format.Separator = joiners.Separators()[int(choice)%len(joiners.Separators())]
			format.HasHeader = choice&64 != 0
		}
		l, err := joiners.Read(data, format)
		if err != nil {
			if fault.Message(err) == "" {
				t.Fatalf("no sentence: %v", err)
			}
			return
		}
		for i, r := range l.Rows {
			if r.Number != i+1 || r.Line < 1 || len(r.Cells) > joiners.Limits.Columns+3 {
				t.Fatalf("row %d: %+v", i, r)
			}
		}
		if r := joiners.Check(l, format, joiners.Edits{}, account, options); len(r.People) != len(l.Rows) {
			t.Fatalf("%d rows, %d people", len(l.Rows), len(r.People))
		}
		n := 0
		var out bytes.Buffer
		if err := joiners.ReturnFile(&out, data, format, func(int) joiners.Verdict { n++; return joiners.Verdict{} }); err != nil || n != len(l.Rows) {
			t.Fatalf("%d verdicts for %d rows, %v", n, len(l.Rows), err)
		}
	})
}

// FuzzNormaliseEmail: a form is plain ASCII with one @, and normalising it again changes nothing.
func FuzzNormaliseEmail(f *testing.F) {
	for _, s := range []string{"Zhen Li <zhen@example.com>", "mailto:A@Müller.example.", "“a@b.cd”", "a@b@c", "<<a@b.cd>>", "'a@b.cd", "\u202ea@b.cd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := joiners.NormaliseEmail(s)
		if err != nil {
			return
		}
		for _, r := range got {
			if r <= ' ' || r > '~' || r >= 'A' && r <= 'Z' {
				t.Fatalf("NormaliseEmail(%q) = %q", s, got)
			}
		}
		if again, err := joiners.NormaliseEmail(got); err != nil || again != got || strings.Count(got, "@") != 1 {
			t.Fatalf("NormaliseEmail(%q) = %q, and again %q, %v", s, got, again, err)
		}
	})
}

func FuzzFold(f *testing.F) {
	f.Add("Équipe LÉON ß İ ﬁ ͅ")
	f.Fuzz(func(t *testing.T, s string) {
		if once := directory.Fold(s); directory.Fold(once) != once {
			t.Fatalf("Fold(%q) = %q, and again %q", s, once, directory.Fold(once))
		}
	})
}
