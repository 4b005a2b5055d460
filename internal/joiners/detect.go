package joiners

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
)

// sampleRows is how many rows a proposal is made from.
const sampleRows = 50

// maxSampleLines is how many rows, empty ones included, are looked through for them.
const maxSampleLines = 1000

// titleRows is how many rows may stand above the header.
const titleRows = 10

// Separators lists what a person may choose, most likely first; zero means one cell per line.
func Separators() []rune { return []rune{',', ';', '\t', '|', 0} }

// Detect proposes how a file is to be read. For a file that Read refuses whatever the format, it returns the zero
// Format; Read then says why. It looks at the first rows only, except for the encoding.
func Detect(data []byte) Format {
	if admit(data) != nil {
		return Format{}
	}
	e := guessEncoding(data)
	f := Format{Encoding: e, NeedsConfirm: e != UTF8 && e != UTF8BOM}
	text, err := decode(data, e)
	if err != nil {
		return f
	}
	f.Separator, f.PersonPerCell = guessSeparator(text)
	rows := sample(text, f)
	f.SkipRows, f.HasHeader = guessHeader(rows)
	f.Columns = describe(rows, f)
	return f
}

// Describe returns f with Columns made anew, after a person has changed the encoding, the separator or the header.
// The error is that of Read for a file or format that cannot be read at all.
func Describe(data []byte, f Format) (Format, error) {
	text, err := open(data, f)
	if err != nil {
		return f, err
	}
	f.Columns = describe(sample(text, f), f)
	return f, nil
}

// Validate says whether people can be found with this format: each field at most one column (teams aside), and a
// column of addresses. The error is fault.Invalid with a sentence.
func (f Format) Validate() error {
	seen := map[Field]bool{}
	for _, c := range f.Columns {
		if c.Field == FieldNone {
			continue
		}
		if !slices.Contains(Fields(), c.Field) {
			return fault.New(fault.Invalid, "One of the columns has a meaning that does not exist. Choose one of the list.")
		}
		if seen[c.Field] && c.Field != FieldTeam {
			return fault.Newf(fault.Invalid, "Two columns are chosen as %s. Choose one of them.", fieldWords[c.Field])
		}
		seen[c.Field] = true
	}
	if !seen[FieldEmail] {
		return fault.New(fault.Invalid, "No column is chosen for the e-mail address. Choose the column that holds it.")
	}
	return nil
}

// open admits and decodes a file whose format came from a person.
func open(data []byte, f Format) (string, error) {
	if err := admit(data); err != nil {
		return "", err
	}
	if !slices.Contains(Separators(), f.Separator) {
		return "", fault.New(fault.Invalid, "This separator is not known. Choose comma, semicolon, tab, bar or none.")
	}
	if f.SkipRows < 0 || f.SkipRows > titleRows {
		return "", fault.Newf(fault.Invalid, "At most %d rows can be skipped above the header.", titleRows)
	}
	return decode(data, f.Encoding)
}

// sample returns the first rows that are not empty. Trouble further down is for Read to report.
func sample(text string, f Format) [][]string {
	var rows [][]string
	s := newScanner(text, f.Separator, 0)
	for len(rows) < sampleRows && s.line < maxSampleLines {
		rec, more, err := s.next()
		if err != nil || !more {
			break
		}
		if !rec.blank() {
			rows = append(rows, split(rec.cells, f)...)
		}
	}
	return rows
}

// split makes rows of the cells of one record: one row, or one for each person.
func split(cells []string, f Format) [][]string {
	if !f.PersonPerCell {
		return [][]string{cells}
	}
	var rows [][]string
	for _, c := range cells {
		if visible(c) != "" {
			rows = append(rows, []string{c})
		}
	}
	return rows
}

// guessSeparator picks the separator that gives columns most like a list of people.
func guessSeparator(text string) (separator rune, personPerCell bool) {
	if told, _ := cutSepLine(text); told != 0 && slices.Contains(Separators(), told) {
		return told, false
	}
	best, bestScore := rune(0), wholeLineScore(sample(text, Format{}))
	for _, sep := range Separators() {
		if sep == 0 {
			continue
		}
		rows := sample(text, Format{Separator: sep})
		if allPeople(rows) {
			return sep, true
		}
		if score := columnScore(rows); score > bestScore {
			best, bestScore = sep, score
		}
	}
	return best, false
}

// allPeople says whether every cell is an address and some row has several: what a mail program copies.
func allPeople(rows [][]string) bool {
	several := false
	for _, row := range rows {
		row = trimmed(row)
		several = several || len(row) > 1
		for _, c := range row {
			if !looksLikeAddress(c, true) {
				return false
			}
		}
	}
	return several
}

// wholeLineScore is high if lines are addresses such as "Müller, Zhen <zhen@example.com>", which no separator may cut.
func wholeLineScore(rows [][]string) int {
	n := 0
	for _, row := range rows {
		if looksLikeAddress(row[0], true) {
			n++
		}
	}
	return 80 * n / max(len(rows), 1)
}

// columnScore rates rows: columns with known headers count most, then addresses that stand alone, then even rows.
func columnScore(rows [][]string) int {
	if len(rows) == 0 {
		return 0
	}
	width, even := usualWidth(rows)
	known, addresses := 0, 0
	for i, row := range rows {
		if i < titleRows {
			known = max(known, knownHeaders(row))
		}
		points := 0
		for _, c := range row {
			switch {
			case looksLikeAddress(c, false):
				points = 2
			case looksLikeAddress(c, true):
				points = max(points, 1)
			}
		}
		addresses += points
	}
	if width < 2 && known < 2 {
		return 0
	}
	return 1 + 100*known + 30*addresses/len(rows) + 30*even/len(rows)
}

// usualWidth is the most frequent number of cells, and how many rows have it.
func usualWidth(rows [][]string) (width, count int) {
	counts := map[int]int{}
	for _, row := range rows {
		counts[len(trimmed(row))]++
	}
	for w, n := range counts {
		if n > count || n == count && w > width {
			width, count = w, n
		}
	}
	return width, count
}

func knownHeaders(row []string) int {
	n := 0
	for _, f := range guessFields(row) {
		if f != FieldNone {
			n++
		}
	}
	return n
}

// looksLikeAddress is a quick guess; NormaliseEmail decides. With a display name, "Zhen Li <zhen@example.com>" counts too.
func looksLikeAddress(cell string, withName bool) bool {
	s := visible(cell)
	if withName && strings.HasSuffix(s, ">") {
		s = s[strings.LastIndexByte(s, '<')+1 : len(s)-1]
	}
	s = strings.TrimRight(strings.Trim(s, `<>"'`), ".")
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(s, " ,;|<>\n") && !strings.Contains(domain, "@")
}

// guessHeader finds the header: the first row with two known column names, or a first row without an address above
// rows with addresses.
func guessHeader(rows [][]string) (skip int, header bool) {
	hasAddress := func(row []string) bool {
		return slices.ContainsFunc(row, func(c string) bool { return strings.Contains(c, "@") })
	}
	for i, row := range rows[:min(len(rows), titleRows+1)] {
		if hasAddress(row) {
			break
		}
		if knownHeaders(row) >= 2 {
			return i, true
		}
	}
	if len(rows) == 0 || hasAddress(rows[0]) {
		return 0, false
	}
	if knownHeaders(rows[0]) == 1 {
		return 0, true
	}
	// Words that are not known stand above addresses in all other rows: still a header, if each column has one.
	width, _ := usualWidth(rows)
	return 0, len(rows) > 1 && len(trimmed(rows[0])) == width && !slices.ContainsFunc(rows[1:], func(r []string) bool { return !hasAddress(r) })
}

// describe makes the columns: their headers, samples and likely meaning.
func describe(rows [][]string, f Format) []Column {
	rows = rows[min(f.SkipRows, len(rows)):]
	var header []string
	if f.HasHeader && len(rows) > 0 {
		header, rows = trimmed(rows[0]), rows[1:]
	}
	n := len(header)
	if at := returnColumns(header); at >= 0 {
		n = len(trimmed(header[:at]))
	} else {
		// A header may be short of names for columns that are filled all the same.
		if width, count := usualWidth(rows); header == nil || 2*count > len(rows) {
			n = max(n, width)
		}
	}
	n = min(n, Limits.Columns)
	columns := make([]Column, n)
	for i := range columns {
		columns[i] = Column{Index: i, Header: fmt.Sprintf("Column %d", i+1), Samples: samples(rows, i)}
		if i < len(header) && visible(header[i]) != "" {
			columns[i].Header = strings.ReplaceAll(visible(header[i]), "\n", " ")
		}
	}
	if f.HasHeader {
		for i, field := range guessFields(headersOf(columns)) {
			columns[i].Field = field
		}
	}
	guessByContent(columns, rows, f.HasHeader)
	return columns
}

func headersOf(columns []Column) []string {
	headers := make([]string, len(columns))
	for i, c := range columns {
		headers[i] = c.Header
	}
	return headers
}

func samples(rows [][]string, column int) []string {
	var out []string
	for _, row := range rows {
		if column < len(row) && len(out) < 3 {
			if s := tidy(row[column]); s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

// guessByContent finds the columns that headers did not name: addresses, language codes, and names, which are
// recognised in the addresses (zhen.mueller@example.com) or taken in their usual order.
func guessByContent(columns []Column, rows [][]string, hasHeader bool) {
	taken := map[Field]bool{}
	for _, c := range columns {
		taken[c.Field] = true
	}
	set := func(i int, f Field) { columns[i].Field, taken[f] = f, true }
	share := func(i int, is func(string) bool) float64 {
		filled, n := 0, 0
		for _, row := range rows {
			if i >= len(row) || visible(row[i]) == "" {
				continue
			}
			if filled++; is(row[i]) {
				n++
			}
		}
		if filled == 0 {
			return 0
		}
		return float64(n) / float64(filled)
	}
	most := func(is func(string) bool) int {
		best, bestShare := -1, 0.5
		for i := range columns {
			if s := share(i, is); columns[i].Field == FieldNone && s > bestShare && !aboutOthers(columns[i].Header) {
				best, bestShare = i, s
			}
		}
		return best
	}
	if !taken[FieldEmail] {
		if i := most(func(c string) bool { return looksLikeAddress(c, true) }); i >= 0 {
			set(i, FieldEmail)
		}
	}
	if !taken[FieldLanguage] && !hasHeader {
		if i := most(func(c string) bool { return languageCode(c, nil) != "" }); i >= 0 {
			set(i, FieldLanguage)
		}
	}
	if taken[FieldFirstName] || taken[FieldLastName] || taken[FieldFullName] || len(rows) == 0 {
		return
	}
	guessNames(columns, rows, set, share)
	// Only the order of our own template tells team and role apart from other words.
	if order := fieldsOf(columns); !hasHeader && slices.Equal(order, []Field{FieldEmail, FieldFirstName, FieldLastName, FieldLanguage, FieldNone, FieldNone}) {
		set(4, FieldTeam)
		set(5, FieldRole)
	}
}

func fieldsOf(columns []Column) []Field {
	var out []Field
	for _, c := range columns {
		out = append(out, c.Field)
	}
	return out
}

func aboutOthers(header string) bool {
	key := headerKey(header)
	return slices.ContainsFunc(otherPeople, func(w string) bool { return strings.Contains(key, w) })
}

// guessNames looks for name columns by the address of the same row. Only columns that hold words are considered.
func guessNames(columns []Column, rows [][]string, set func(int, Field), share func(int, func(string) bool) float64) {
	email := slices.IndexFunc(columns, func(c Column) bool { return c.Field == FieldEmail })
	type hit struct{ column, first, last, full int }
	var hits []hit
	for i, c := range columns {
		if c.Field != FieldNone || aboutOthers(c.Header) || share(i, isWords) < 0.8 {
			continue
		}
		h := hit{column: i}
		for _, row := range rows {
			if email < 0 || i >= len(row) || email >= len(row) {
				continue
			}
			first, last := localNames(row[email])
			words := strings.FieldsFunc(directory.Fold(row[i]), func(r rune) bool { return !unicode.IsLetter(r) })
			isFirst, isLast := holdsName(words, first), holdsName(words, last)
			switch {
			case isFirst && isLast:
				h.full++
			case isFirst:
				h.first++
			case isLast:
				h.last++
			}
		}
		hits = append(hits, h)
	}
	enough := len(rows)/2 + 1
	take := func(f Field, count func(hit) int) bool {
		if len(hits) == 0 {
			return false
		}
		best := slices.MaxFunc(hits, func(a, b hit) int { return cmp.Compare(count(a), count(b)) })
		if count(best) < enough {
			return false
		}
		set(best.column, f)
		hits = slices.DeleteFunc(hits, func(h hit) bool { return h.column == best.column })
		return true
	}
	if take(FieldFullName, func(h hit) int { return h.full }) {
		return
	}
	first := take(FieldFirstName, func(h hit) int { return h.first })
	last := take(FieldLastName, func(h hit) int { return h.last })
	// What is still open is taken in the usual order.
	switch {
	case first && last || len(hits) == 0:
	case first:
		set(hits[0].column, FieldLastName)
	case last:
		set(hits[0].column, FieldFirstName)
	case len(hits) == 1 || share(hits[0].column, func(c string) bool { return strings.Contains(tidy(c), " ") }) > 0.8:
		set(hits[0].column, FieldFullName)
	default:
		set(hits[0].column, FieldFirstName)
		set(hits[1].column, FieldLastName)
	}
}

// isWords says whether a cell could be a name: letters and little else.
func isWords(cell string) bool {
	cell = visible(cell)
	for _, r := range cell {
		if !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) && !strings.ContainsRune(" -.,'’‘", r) {
			return false
		}
	}
	return len([]rune(cell)) > 2 || cell != strings.ToLower(cell) // "Li", but not "de"
}

// localNames are the first and last part of the text before the @, or empty.
func localNames(address string) (first, last string) {
	local, _, _ := strings.Cut(address[strings.LastIndexByte(address, '<')+1:], "@")
	parts := strings.FieldsFunc(directory.Fold(local), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(parts) < 2 {
		return "", ""
	}
	return parts[0], parts[len(parts)-1]
}

// holdsName says whether the words, alone or joined, are the name as addresses spell it: Müller is muller or mueller.
func holdsName(words []string, name string) bool {
	if name == "" {
		return false
	}
	plain := func(s string) string { return strings.NewReplacer("ae", "a", "oe", "o", "ue", "u").Replace(s) }
	for i := range words {
		joined := ""
		for _, w := range words[i:] {
			if joined += w; plain(joined) == plain(name) {
				return true
			}
		}
	}
	return false
}
