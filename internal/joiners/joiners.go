package joiners

import "github.com/gtmhub-portal/portal/internal/id"

// Limits is what a list may hold at most. The values are never changed.
var Limits = struct {
	Bytes      int // of the whole file
	Rows       int // of data, the header and empty rows not counted
	Columns    int
	CellBytes  int // of one cell, as UTF-8
	LineBytes  int // of one row, as UTF-8
	NameLength int // characters of a first or last name
}{Bytes: 2 << 20, Rows: 5000, Columns: 32, CellBytes: 512, LineBytes: 4096, NameLength: 100}

// Field is what a column means.
type Field string

// The fields. A full name is split into first and last name. Several columns may be a team; each other field has one column.
const (
	FieldNone      Field = ""
	FieldEmail     Field = "email"
	FieldFirstName Field = "firstName"
	FieldLastName  Field = "lastName"
	FieldFullName  Field = "fullName"
	FieldLanguage  Field = "language"
	FieldTeam      Field = "team"
	FieldRole      Field = "role"
)

// Fields lists the fields in the order in which a page offers them, without FieldNone.
func Fields() []Field {
	return []Field{FieldEmail, FieldFirstName, FieldLastName, FieldFullName, FieldLanguage, FieldTeam, FieldRole}
}

// Encoding names how the bytes of a file stand for characters.
type Encoding string

// The encodings that can be chosen. UTF8BOM is UTF-8 with a byte order mark in front.
const (
	UTF8        Encoding = "utf-8"
	UTF8BOM     Encoding = "utf-8-bom"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252"
	Windows1250 Encoding = "windows-1250"
	Windows1251 Encoding = "windows-1251"
	Latin1      Encoding = "iso-8859-1"
	Latin2      Encoding = "iso-8859-2"
	Latin9      Encoding = "iso-8859-15"
	MacRoman    Encoding = "macintosh"
	CodePage850 Encoding = "ibm850"
)

// Format is how a file is to be read. Detect proposes one; afterwards it is the person's choice and every part of
// it may be changed. It is stored as JSON.
type Format struct {
	Encoding Encoding `json:"encoding"`
	// Separator stands between cells: ',', ';', '\t' or '|'. Zero means that each line is one cell.
	Separator rune `json:"separator"`
	// PersonPerCell means that the cells are people, not columns: a list of addresses as a mail program copies it.
	PersonPerCell bool `json:"personPerCell,omitempty"`
	// SkipRows is how many non-empty rows, a title for example, stand above the header or the first person.
	SkipRows  int      `json:"skipRows,omitempty"`
	HasHeader bool     `json:"hasHeader"`
	Columns   []Column `json:"columns"`
	// NeedsConfirm means that the encoding is not UTF-8, so that a person must look at the samples and confirm it by clearing this.
	// Read does not look at it.
	NeedsConfirm bool `json:"needsConfirm,omitempty"`
}

// Column is one column of a file.
type Column struct {
	// Index counts from 0.
	Index int `json:"index"`
	// Header is the cell of the header row, trimmed; without a header "Column 1" and so on.
	Header string `json:"header"`
	// Samples are the first three cells that are not empty, trimmed.
	Samples []string `json:"samples,omitempty"`
	// Field is what the column means; FieldNone columns are kept in the return file but not used.
	Field Field `json:"field"`
}

// List is a file in rows.
type List struct {
	// Header has one entry per column, as Column.Header.
	Header []string
	Rows   []Row
	// Problems are about the file and its rows as such: empty rows, an open quote, too many cells. Check hands on those
	// that name a row to the person of that row.
	Problems []Problem
}

// Row is one row of a file that is not empty.
type Row struct {
	// Number is the position among the data rows, from 1. It identifies the row in Edits and verdicts.
	Number int
	// Line is the row number that a spreadsheet program shows for the same file.
	Line int
	// Cells are exactly as in the file, quotes undone. There may be fewer or more than columns.
	Cells []string
	// Returned is the Number that the row had in the list of which this file is the return file, 0 for other files.
	Returned int
	// ReturnedUser is the user id that the return file gives for the row, empty for other files and rows without an account.
	ReturnedUser id.User
}

// Kind says what sort of problem it is.
type Kind string

// The kinds of problem.
const (
	KindMissingEmail     Kind = "missing_email"
	KindBadEmail         Kind = "bad_email"
	KindDuplicate        Kind = "duplicate_in_file"
	KindOutsideDomain    Kind = "outside_domain"
	KindMissingFirstName Kind = "missing_first_name"
	KindMissingLastName  Kind = "missing_last_name"
	KindNameTooLong      Kind = "name_too_long"
	KindNameSplit        Kind = "name_split"
	KindBadName          Kind = "bad_name"
	KindInvisible        Kind = "invisible_characters"
	KindGarbled          Kind = "garbled_characters"
	KindLineBreak        Kind = "line_break"
	KindFormula          Kind = "formula"
	KindUnknownTeam      Kind = "unknown_team"
	KindAmbiguousTeam    Kind = "ambiguous_team"
	KindUnknownRole      Kind = "unknown_role"
	KindAmbiguousRole    Kind = "ambiguous_role"
	KindUnknownLanguage  Kind = "unknown_language"
	KindDefaultLanguage  Kind = "default_language"
	KindTidied           Kind = "tidied"
	KindBlankRow         Kind = "blank_row"
	KindSkippedRows      Kind = "skipped_rows"
	KindOpenQuote        Kind = "unterminated_quote"
	KindRaggedRow        Kind = "ragged_row"
)

// Severity says what a problem stops.
type Severity string

// A blocker keeps the person out until it is repaired; a warning asks for a look; info only tells what was done.
const (
	Blocker Severity = "blocker"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Problem is one thing about one row, said in words for HR staff.
type Problem struct {
	// Row is Row.Number, or 0 for problems of the file. Line is Row.Line.
	Row, Line int
	// Column is the header of the column as in the file; empty for problems of the whole row.
	Column   string
	Field    Field
	Kind     Kind
	Severity Severity
	// Found is the value as it was. Now is what it became, for values that were repaired on reading.
	Found, Now string
	// Expected and Repair are short phrases, Message is a whole sentence.
	Expected, Repair, Message string
	// Suggestions are values that would do, best first: names of teams or roles, or the cell repaired.
	Suggestions []string
	// SameAs is the Row.Number of the row that a duplicate repeats, else 0.
	SameAs int
	// Teams are those that an ambiguous name may mean. A Replacement may name one of them by its id.
	Teams []TeamRef
}

// TeamRef is a team that a cell means.
type TeamRef struct {
	ID   id.Team
	Name string
	// Path names the teams above, to tell equal names apart. It may be empty.
	Path string
}

// RoleRef is a role that a cell means.
type RoleRef struct {
	ID   id.Role
	Name string
}

// Directory is what Check must know about the account. Names are looked up as Fold makes them.
// The lists of all names are used for suggestions and may be in any order.
type Directory interface {
	TeamsByName(folded string) []TeamRef
	AllTeamNames() []string
	RolesByName(folded string) []RoleRef
	AllRoleNames() []string
}

// Options are the settings that Check needs.
type Options struct {
	// DefaultLanguage is the code for people whose language is not given; empty means "en".
	DefaultLanguage string
	// Languages are the codes that may be used; none means all that the package knows.
	Languages []string
	// Domains are the company's mail domains in lower case. Other addresses get a warning; none means no check.
	Domains []string
}

// Edits are a person's repairs to a list. The zero value changes nothing. It is stored as JSON.
type Edits struct {
	// Cells holds new values by Row.Number and field.
	Cells map[int]map[Field]string `json:"cells,omitempty"`
	// Replace holds values chosen for all rows in which another one was found.
	Replace []Replacement `json:"replace,omitempty"`
	// Drop lists the Row.Number of rows that were taken out on purpose.
	Drop []int `json:"drop,omitempty"`
}

// Replacement puts With wherever Found stands in Field, letter case and accents aside. An empty With leaves the
// value out: no team, no role, the default language. For teams, Found is one name of the cell, and With may be a team id of Problem.Teams.
type Replacement struct {
	Field Field  `json:"field"`
	Found string `json:"found"`
	With  string `json:"with"`
}

// Person is one row understood.
type Person struct {
	// Row and Line are those of the Row.
	Row, Line int
	// Email is as NormaliseEmail makes it, or what the file says if it is no address.
	Email               string
	FirstName, LastName string
	// Language is a lower case code such as "de".
	Language string
	Teams    []TeamRef
	// Role is nil if none was asked for.
	Role     *RoleRef
	Problems []Problem
}

// Blocked says whether a problem keeps the person out.
func (p *Person) Blocked() bool {
	for _, pr := range p.Problems {
		if pr.Severity == Blocker {
			return true
		}
	}
	return false
}

// ProblemGroup is one kind of problem in many rows, to be repaired at once.
type ProblemGroup struct {
	Kind     Kind
	Severity Severity
	Field    Field
	Column   string
	// Found is the value that all rows share; empty if the kind is not about one value (see Check).
	Found string
	// Count is the number of problems, Rows are the Row.Number of them (none for problems of the file).
	Count int
	Rows  []int
	// Expected, Repair, Suggestions and Teams are those of the first problem.
	Expected, Repair string
	// Message is the sentence of the problem if there is one problem only, else it names the kind and the number.
	Message     string
	Suggestions []string
	Teams       []TeamRef
}

// Result is a list checked. len(People) + len(Dropped) is the number of rows of the list.
type Result struct {
	// People has every row that was not dropped, in the order of the file, blocked ones included.
	People []Person
	// Dropped is Edits.Drop, cleaned of doubles and of numbers that no row has, in order.
	Dropped []int
	// Groups has blockers first, then warnings, then info; within each the largest group first.
	Groups []ProblemGroup
}

// Usable counts the people who are not blocked.
func (r *Result) Usable() int {
	n := 0
	for i := range r.People {
		if !r.People[i].Blocked() {
			n++
		}
	}
	return n
}

// Blocked counts the people who are blocked.
func (r *Result) Blocked() int { return len(r.People) - r.Usable() }

// Verdict is what became of one row, for the return file.
type Verdict struct {
	Status string
	Reason string
	UserID id.User
}
