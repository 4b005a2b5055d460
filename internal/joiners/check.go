package joiners

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/export"
)

// fieldWords are the fields as people call them.
var fieldWords = map[Field]string{
	FieldEmail: "e-mail address", FieldFirstName: "first name", FieldLastName: "last name", FieldFullName: "full name",
	FieldLanguage: "language", FieldTeam: "team", FieldRole: "role",
}

// Check turns rows into people, with the edits applied, and says everything that is wrong with them.
//
// Of several rows with one address the first that is not blocked otherwise stays usable; the others are blocked.
// Whether somebody is a user already is not looked at: that is for the plan. Check does no I/O of its own and
// changes none of its arguments.
//
// Problems are grouped by kind and column. Groups of unknown or ambiguous teams, roles and languages are about one
// value each, which a Replacement repairs in all rows at once; so are addresses outside the company, one group per domain.
func Check(l *List, f Format, e Edits, d Directory, o Options) *Result {
	c := checker{
		format: f, edits: e, dir: d, options: o,
		teams: newSuggester(d.AllTeamNames()), roles: newSuggester(d.AllRoleNames()),
		replace: map[string]string{}, shape: map[int][]Problem{}, rows: l.Rows,
	}
	for _, r := range e.Replace {
		c.replace[replaceKey(r.Field, r.Found)] = r.With
	}
	if c.options.DefaultLanguage == "" {
		c.options.DefaultLanguage = "en"
	}
	res := &Result{}
	var problems []Problem
	for _, p := range l.Problems {
		if p.Row == 0 {
			problems = append(problems, p)
		} else {
			c.shape[p.Row] = append(c.shape[p.Row], p)
		}
	}
	for _, row := range l.Rows {
		if slices.Contains(e.Drop, row.Number) {
			res.Dropped = append(res.Dropped, row.Number)
			continue
		}
		res.People = append(res.People, c.person(row))
	}
	c.duplicates(res.People)
	for i := range res.People {
		problems = append(problems, res.People[i].Problems...)
	}
	res.Groups = group(problems)
	return res
}

type checker struct {
	format       Format
	edits        Edits
	replace      map[string]string // Edits.Replace by replaceKey
	dir          Directory
	options      Options
	teams, roles *suggester
	shape        map[int][]Problem // problems of the row as such, by Row.Number
	rows         []Row
}

// value is one field of one row.
type value struct {
	raw    string // as in the file or the edit
	column string // header, empty if no column holds the field
	field  Field
}

// Cell is what a row says in a field, edited cells applied, replacements not; and the header of the (first) column that
// holds the field, empty for none. Several team columns become lines of one text.
func Cell(row Row, f Format, e Edits, field Field) (text, column string) {
	var cells []string
	for _, col := range f.Columns {
		if col.Field != field {
			continue
		}
		if column == "" {
			column = col.Header
		}
		if col.Index >= 0 && col.Index < len(row.Cells) {
			cells = append(cells, export.Unsafe(row.Cells[col.Index]))
		}
	}
	if edited, ok := e.Cells[row.Number][field]; ok {
		return edited, column
	}
	return strings.Join(cells, "\n"), column
}

// value finds the field in the row, edits and replacements applied.
func (c *checker) value(row Row, field Field) value {
	v := value{field: field}
	v.raw, v.column = Cell(row, c.format, c.edits, field)
	switch field {
	case FieldTeam, FieldRole, FieldLanguage: // replaced where the value is looked up
	default:
		if with, ok := c.replace[replaceKey(field, v.raw)]; ok {
			v.raw = with
		}
	}
	return v
}

// replaced applies the replacements for teams, roles and languages to one name.
func (c *checker) replaced(field Field, name string) (with string, changed bool) {
	if len(c.replace) == 0 {
		return name, false
	}
	if with, ok := c.replace[replaceKey(field, name)]; ok {
		return tidy(with), true
	}
	return name, false
}

// replaceKey makes values comparable: teams, roles and languages folded; addresses and names exactly, because Muller is not Müller.
func replaceKey(f Field, found string) string {
	if f == FieldTeam || f == FieldRole || f == FieldLanguage {
		return string(f) + " " + directory.Fold(found)
	}
	return string(f) + " " + tidy(found)
}

func (c *checker) person(row Row) Person {
	p := Person{Row: row.Number, Line: row.Line}
	for _, pr := range c.shape[row.Number] {
		if len(c.edits.Cells[row.Number]) > 0 {
			pr.Severity = Warning // somebody has looked at this row
		}
		p.Problems = append(p.Problems, pr)
	}
	add := func(v value, pr Problem) {
		pr.Row, pr.Line, pr.Column, pr.Field = p.Row, p.Line, v.column, v.field
		p.Problems = append(p.Problems, pr)
	}
	display := c.email(&p, c.value(row, FieldEmail), add)
	c.names(&p, row, display, add)
	c.language(&p, c.value(row, FieldLanguage), add)
	c.team(&p, c.value(row, FieldTeam), add)
	c.role(&p, c.value(row, FieldRole), add)
	return p
}

// problem makes a Problem of a flaw.
func problem(fl *flaw, found string) Problem {
	return Problem{Kind: fl.kind, Severity: Blocker, Found: found, Expected: fl.expected, Repair: fl.repair, Message: fl.message, Suggestions: fl.suggestions}
}

// tidied tells of a value that was repaired without asking.
func tidied(v value, now string) Problem {
	return Problem{Kind: KindTidied, Severity: Info, Found: v.raw, Now: now, Repair: "nothing to do",
		Message: fmt.Sprintf("The %s was tidied up: spaces, letter case or marks around it. It is now “%s”.", fieldWords[v.field], now)}
}

// email sets the address and returns the display name that stood before it.
func (c *checker) email(p *Person, v value, add func(value, Problem)) string {
	address, display, fl := normaliseEmail(v.raw)
	if fl != nil {
		p.Email = tidy(v.raw)
		add(v, problem(fl, v.raw))
		return ""
	}
	p.Email = address
	if address != v.raw {
		add(v, tidied(v, address))
	}
	_, domain, _ := strings.Cut(address, "@")
	if len(c.options.Domains) > 0 && !slices.ContainsFunc(c.options.Domains, func(own string) bool { return strings.EqualFold(own, domain) }) {
		add(v, Problem{Kind: KindOutsideDomain, Severity: Warning, Found: address, Expected: "an address at " + strings.Join(c.options.Domains, " or "),
			Repair: "check that this person belongs to the company", Message: fmt.Sprintf("“%s” is not an address of the company.", address)})
	}
	return display
}

// names sets first and last name from their columns, or from a full name, or from the display name of the address.
func (c *checker) names(p *Person, row Row, display string, add func(value, Problem)) {
	first, last := c.value(row, FieldFirstName), c.value(row, FieldLastName)
	full := c.value(row, FieldFullName)
	if full.raw == "" && first.raw == "" && last.raw == "" {
		full = value{raw: display, column: c.value(row, FieldEmail).column, field: FieldFullName}
	}
	clean := unquote(tidy(full.raw))
	if clean != "" && (first.raw == "" || last.raw == "") {
		if fl := nameFlaw(full.raw, clean); fl != nil && fl.kind != KindNameTooLong {
			full.field = FieldFullName
			add(full, problem(fl, full.raw))
			p.FirstName = clean
			return
		}
		f, l, sure := splitName(clean)
		_, editedFirst := c.edits.Cells[row.Number][FieldFirstName]
		_, editedLast := c.edits.Cells[row.Number][FieldLastName]
		severity := Info
		if !sure && !editedFirst && !editedLast {
			severity = Warning
		}
		if !editedFirst && first.raw == "" {
			first = value{raw: f, column: full.column, field: FieldFirstName}
		}
		if !editedLast && last.raw == "" {
			last = value{raw: l, column: full.column, field: FieldLastName}
		}
		if l != "" {
			add(full, Problem{Kind: KindNameSplit, Severity: severity, Found: full.raw, Now: first.raw + " | " + last.raw, Expected: "first and last name",
				Repair: "check which part is the last name", Message: fmt.Sprintf("“%s” was read as first name “%s” and last name “%s”.", clean, first.raw, last.raw)})
		}
	}
	guessFirst, guessLast := localNames(p.Email)
	p.FirstName = c.name(first, KindMissingFirstName, guessFirst, add)
	p.LastName = c.name(last, KindMissingLastName, guessLast, add)
}

func (c *checker) name(v value, missing Kind, guess string, add func(value, Problem)) string {
	clean := unquote(tidy(v.raw))
	if clean == "" {
		pr := Problem{Kind: missing, Severity: Blocker, Found: v.raw, Expected: "a " + fieldWords[v.field], Repair: "enter the " + fieldWords[v.field],
			Message: fmt.Sprintf("The %s is missing.", fieldWords[v.field])}
		if guess != "" {
			pr.Suggestions = []string{strings.ToUpper(guess[:1]) + guess[1:]}
		}
		add(v, pr)
		return ""
	}
	if fl := nameFlaw(v.raw, clean); fl != nil {
		add(v, problem(fl, v.raw))
		return clean
	}
	if clean != v.raw {
		add(v, tidied(v, clean))
	}
	return clean
}

func (c *checker) language(p *Person, v value, add func(value, Problem)) {
	p.Language = c.options.DefaultLanguage
	found := visible(v.raw)
	name, _ := c.replaced(FieldLanguage, found)
	if name == "" {
		if v.column != "" && found == "" {
			add(v, Problem{Kind: KindDefaultLanguage, Severity: Info, Now: p.Language, Expected: "a language", Repair: "nothing to do",
				Message: fmt.Sprintf("No language is given; “%s” is used.", p.Language)})
		}
		return
	}
	code := languageCode(name, c.options.Languages)
	if code == "" {
		add(v, Problem{Kind: KindUnknownLanguage, Severity: Blocker, Found: name, Expected: "a language such as en or German", Repair: "choose a language for all",
			Message: fmt.Sprintf("The language “%s” is not known.", name), Suggestions: knownLanguages(c.options.Languages)})
		return
	}
	p.Language = code
}

// team sets the teams of a cell that may name several, separated by semicolon, bar or line break, or by comma if
// all of its parts are teams. A name that holds a separator itself is tried whole first.
func (c *checker) team(p *Person, v value, add func(value, Problem)) {
	for _, name := range c.teamNames(v.raw) {
		found := name
		name, _ := c.replaced(FieldTeam, found)
		if name == "" {
			continue
		}
		teams := c.dir.TeamsByName(directory.Fold(name))
		if len(teams) == 0 && name != found { // the replacement may be the id of one of several teams
			teams = slices.DeleteFunc(slices.Clone(c.dir.TeamsByName(directory.Fold(found))), func(t TeamRef) bool { return string(t.ID) != name })
		}
		switch len(teams) {
		case 0:
			add(v, Problem{Kind: KindUnknownTeam, Severity: Blocker, Found: name, Expected: "the name of a team", Repair: "choose a team for all, or leave the team out",
				Message: fmt.Sprintf("There is no team “%s”.", name), Suggestions: c.teams.closest(name)})
		case 1:
			if !slices.Contains(p.Teams, teams[0]) {
				p.Teams = append(p.Teams, teams[0])
			}
		default:
			add(v, Problem{Kind: KindAmbiguousTeam, Severity: Blocker, Found: name, Expected: "one team", Repair: "choose which of them is meant",
				Message: fmt.Sprintf("There are %d teams named “%s”.", len(teams), name), Teams: teams})
		}
	}
}

func (c *checker) teamNames(raw string) []string {
	known := func(name string) bool {
		_, changed := c.replaced(FieldTeam, name)
		return changed || len(c.dir.TeamsByName(directory.Fold(name))) > 0
	}
	whole := unquote(visible(raw))
	if whole == "" {
		return nil
	}
	if known(whole) {
		return []string{whole}
	}
	var names []string
	for _, part := range fields(whole, ";|\n") {
		commas := fields(part, ",")
		if known(part) || len(commas) < 2 || slices.ContainsFunc(commas, func(n string) bool { return !known(n) }) {
			commas = []string{part}
		}
		names = append(names, commas...)
	}
	return names
}

// fields cuts s at the separators and drops empty parts.
func fields(s, separators string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if part = tidy(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func (c *checker) role(p *Person, v value, add func(value, Problem)) {
	found := unquote(visible(v.raw))
	name, _ := c.replaced(FieldRole, found)
	if name == "" {
		return
	}
	switch roles := c.dir.RolesByName(directory.Fold(name)); len(roles) {
	case 0:
		add(v, Problem{Kind: KindUnknownRole, Severity: Blocker, Found: name, Expected: "the name of a role", Repair: "choose a role for all, or leave the role out",
			Message: fmt.Sprintf("There is no role “%s”.", name), Suggestions: c.roles.closest(name)})
	case 1:
		p.Role = &roles[0]
	default:
		add(v, Problem{Kind: KindAmbiguousRole, Severity: Blocker, Found: name, Expected: "one role", Repair: "give the roles different names in Gtmhub, or leave the role out",
			Message: fmt.Sprintf("There are %d roles named “%s”.", len(roles), name)})
	}
}

// duplicates blocks all rows but one of each address. The first row that could be used is the one to keep.
func (c *checker) duplicates(people []Person) {
	keep := map[string]int{}
	for i, p := range people {
		if at, ok := keep[p.Email]; p.Email != "" && (!ok || people[at].Blocked() && !p.Blocked()) {
			keep[p.Email] = i
		}
	}
	for i := range people {
		p := &people[i]
		at, ok := keep[p.Email]
		if !ok || at == i || hasBadEmail(p) {
			continue
		}
		first := &people[at]
		pr := Problem{Row: p.Row, Line: p.Line, Field: FieldEmail, Kind: KindDuplicate, Severity: Blocker, Found: p.Email, SameAs: first.Row, Expected: "each address once"}
		for _, col := range c.format.Columns {
			if col.Field == FieldEmail {
				pr.Column = col.Header
			}
		}
		switch {
		case c.same(p, first):
			pr.Repair = "nothing to do"
			pr.Message = fmt.Sprintf("The same person is in row %d of the file; this row is skipped.", first.Line)
		case directory.Fold(p.FirstName+" "+p.LastName) == directory.Fold(first.FirstName+" "+first.LastName):
			pr.Repair = fmt.Sprintf("put all teams of the person into row %d, separated by semicolons, and leave this row out", first.Line)
			pr.Message = fmt.Sprintf("The same person is in row %d of the file, with another team, role or language.", first.Line)
		default:
			pr.Repair = "correct the address of one of them, or leave this row out"
			pr.Message = fmt.Sprintf("Row %d of the file has the same address for %s, here it is for %s. One address belongs to one person.", first.Line, personName(first), personName(p))
		}
		p.Problems = append(p.Problems, pr)
	}
}

// same says whether two rows with one address say the same in all other fields.
func (c *checker) same(p, q *Person) bool {
	a, b := c.rows[p.Row-1], c.rows[q.Row-1]
	return !slices.ContainsFunc(Fields(), func(f Field) bool {
		return f != FieldEmail && directory.Fold(c.value(a, f).raw) != directory.Fold(c.value(b, f).raw)
	})
}

func hasBadEmail(p *Person) bool {
	return slices.ContainsFunc(p.Problems, func(pr Problem) bool { return pr.Field == FieldEmail && pr.Severity == Blocker })
}

func personName(p *Person) string {
	if n := strings.TrimSpace(p.FirstName + " " + p.LastName); n != "" {
		return n
	}
	return "somebody without a name"
}

// kindWords name a kind in a heading.
var kindWords = map[Kind]string{
	KindMissingEmail: "e-mail address missing", KindBadEmail: "wrong e-mail address", KindDuplicate: "address twice in the file",
	KindOutsideDomain: "address outside the company", KindMissingFirstName: "first name missing", KindMissingLastName: "last name missing",
	KindNameTooLong: "name too long", KindNameSplit: "full name split in two", KindBadName: "not a name",
	KindInvisible: "characters that cannot be seen", KindGarbled: "letters lost in the file", KindLineBreak: "line break inside a name",
	KindFormula: "looks like a formula", KindUnknownTeam: "unknown team", KindAmbiguousTeam: "several teams of this name",
	KindUnknownRole: "unknown role", KindAmbiguousRole: "several roles of this name", KindUnknownLanguage: "unknown language",
	KindDefaultLanguage: "default language used", KindTidied: "tidied up", KindBlankRow: "empty rows skipped",
	KindSkippedRows: "rows above the column names", KindOpenQuote: "quotation mark not closed", KindRaggedRow: "cells missing or too many",
}

// group puts problems together that are repaired together.
func group(problems []Problem) []ProblemGroup {
	type key struct {
		kind     Kind
		severity Severity
		column   string
		found    string
	}
	var groups []ProblemGroup
	at := map[key]int{}
	for _, p := range problems {
		shared := ""
		switch p.Kind {
		case KindUnknownTeam, KindAmbiguousTeam, KindUnknownRole, KindAmbiguousRole, KindUnknownLanguage:
			shared = p.Found
		case KindOutsideDomain:
			_, shared, _ = strings.Cut(p.Found, "@")
		}
		k := key{p.Kind, p.Severity, p.Column, directory.Fold(shared)}
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, ProblemGroup{Kind: p.Kind, Severity: p.Severity, Field: p.Field, Column: p.Column, Found: shared,
				Expected: p.Expected, Repair: p.Repair, Message: p.Message, Suggestions: p.Suggestions, Teams: p.Teams})
		}
		g := &groups[i]
		g.Count++
		if p.Row > 0 && (len(g.Rows) == 0 || g.Rows[len(g.Rows)-1] != p.Row) {
			g.Rows = append(g.Rows, p.Row)
		}
		if g.Count > 1 {
			g.Message = fmt.Sprintf("%d rows: %s", g.Count, kindWords[p.Kind])
			if g.Found != "" {
				g.Message += " “" + g.Found + "”"
			}
			g.Message += "."
			if g.Found == "" {
				g.Suggestions = nil // those of one row do not fit the others
			}
		}
	}
	rank := map[Severity]int{Blocker: 0, Warning: 1, Info: 2}
	slices.SortStableFunc(groups, func(a, b ProblemGroup) int {
		return cmp.Or(cmp.Compare(rank[a.Severity], rank[b.Severity]), cmp.Compare(b.Count, a.Count))
	})
	return groups
}
