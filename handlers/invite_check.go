package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
)

// The words for what would be done with a row, in the order of the page. Their numbers always sum up to the rows of the list.
const (
	wordCreate      = "create"
	wordUpdate      = "update"
	wordNothing     = "nothing to do"
	wordNotPossible = "not possible"
	wordTakenOut    = "taken out"
	// wordNotCompared stands while Gtmhub does not answer.
	wordNotCompared = "not compared"
)

func inviteWords() []string {
	return []string{wordCreate, wordUpdate, wordNothing, wordNotPossible, wordTakenOut, wordNotCompared}
}

// worked is a list worked out: every row checked, and planned against the account.
type worked struct {
	draft  joiners.Draft
	names  accountNames
	list   *joiners.List
	result *joiners.Result
	// preview is what would be done; its Plan is empty when nobody can be invited or notCompared says why there is none.
	preview     change.Preview
	notCompared string
	lines       []line
	groups      []problemGroup
	languages   []string // that may be chosen
}

// line is one row of the list.
type line struct {
	row joiners.Row
	// person is nil for rows that were taken out.
	person *joiners.Person
	// steps are the rows of the plan, create first; none if there is no plan.
	steps []change.Row
	word  string
}

// note is why the plan finds the row not possible, else "".
func (l *line) note() string {
	if len(l.steps) > 0 && l.steps[0].Action == change.NotPossible {
		return l.steps[0].Note
	}
	return ""
}

// problemGroup is one kind of problem with its rows: of the list, or of the plan.
type problemGroup struct {
	joiners.ProblemGroup
	key string
	// cells says that choosing a value writes it into the cells of the rows, not wherever a value was found.
	cells bool
}

// compareWait is how long a page waits for the account: a lead's teams are read fresh.
const compareWait = 5 * time.Second

func (s *server) work(ctx context.Context, d joiners.Draft) (*worked, error) {
	a, me := actorFrom(ctx), personFrom(ctx)
	list, err := joiners.Read(d.Data, d.Format)
	if err != nil {
		return nil, err
	}
	k := &worked{draft: d, list: list, names: namesFor(s.Directory.Current(), a), languages: s.Joiners.Codes()}
	k.result = joiners.Check(list, d.Format, d.Edits, k.names, s.Joiners)
	k.lines = make([]line, len(list.Rows))
	for i, row := range list.Rows {
		k.lines[i] = line{row: row, word: wordTakenOut}
	}
	for i := range k.result.People {
		p := &k.result.People[i]
		l := &k.lines[p.Row-1]
		l.person, l.word = p, wordNotCompared
		if p.Blocked() {
			l.word = wordNotPossible
		}
	}
	if k.result.Usable() > 0 {
		ctx, stop := context.WithTimeout(ctx, compareWait)
		defer stop()
		k.preview, err = s.Changes.Preview(ctx, a, me, change.Input{Recipe: change.InvitePeople, Fields: change.Fields(k.invitations())})
		switch {
		case err != nil && fault.KindOf(err) == fault.Unavailable:
			k.notCompared = fault.Message(err)
		case err != nil:
			return nil, err
		}
	}
	k.take(k.preview.Rows)
	k.group()
	return k, nil
}

// take hands the rows of the plan to their lines.
func (k *worked) take(rows []change.Row) {
	for _, row := range rows {
		if row.Line >= 1 && row.Line <= len(k.lines) {
			l := &k.lines[row.Line-1]
			l.steps = append(l.steps, row)
		}
	}
	for i := range k.lines {
		if l := &k.lines[i]; l.person != nil && len(l.steps) > 0 {
			l.word = wordOf(l.steps)
		}
	}
}

func wordOf(steps []change.Row) string {
	switch steps[0].Action {
	case change.Create:
		return wordCreate
	case change.NotPossible:
		return wordNotPossible
	}
	if slices.ContainsFunc(steps[1:], func(r change.Row) bool { return r.Action == change.Update }) {
		return wordUpdate
	}
	return wordNothing
}

// counts are the rows by word.
func (k *worked) counts() map[string]int {
	out := map[string]int{}
	for i := range k.lines {
		out[k.lines[i].word]++
	}
	return out
}

// wanted is how many people the request would do something for.
func (k *worked) wanted() int { c := k.counts(); return c[wordCreate] + c[wordUpdate] }

// flagOutside marks addresses outside of the company for whoever decides.
const flagOutside = "outside address"

// invitations are the fields of the request: every row of the list, those that cannot be invited with their problem.
func (k *worked) invitations() change.Invitations {
	var in change.Invitations
	for i := range k.lines {
		l := &k.lines[i]
		p := l.person
		if p == nil {
			in.People = append(in.People, k.leftOut(l.row, "Taken out of the list by the requester."))
			continue
		}
		if p.Blocked() {
			var why []string
			for _, pr := range p.Problems {
				if pr.Severity == joiners.Blocker {
					why = append(why, pr.Message)
				}
			}
			in.People = append(in.People, k.leftOut(l.row, strings.Join(why, " ")))
			continue
		}
		who := change.Invitee{Line: p.Row, Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, Language: p.Language}
		for _, t := range p.Teams {
			who.Teams = append(who.Teams, t.ID)
		}
		if p.Role != nil {
			who.Role = p.Role.ID
		}
		if slices.ContainsFunc(p.Problems, func(pr joiners.Problem) bool { return pr.Kind == joiners.KindOutsideDomain }) {
			who.Flags = append(who.Flags, flagOutside)
		}
		in.People = append(in.People, who)
	}
	return in
}

// leftOut names a row that is not invited by what it says.
func (k *worked) leftOut(row joiners.Row, problem string) change.Invitee {
	name, email := k.named(row)
	cells := map[string]string{}
	for _, f := range editable() {
		cells[string(f)] = k.text(row.Number, f)
	}
	return change.Invitee{Line: row.Number, FirstName: name, Email: email, Problem: problem, Cells: cells}
}

// named is who a row is about, as it says itself, on one line; never both empty.
func (k *worked) named(row joiners.Row) (name, email string) {
	cell := func(f joiners.Field) string {
		text, _ := joiners.Cell(row, k.draft.Format, k.draft.Edits, f)
		return strings.Join(strings.Fields(text), " ")
	}
	email = cell(joiners.FieldEmail)
	name = strings.TrimSpace(cell(joiners.FieldFirstName) + " " + cell(joiners.FieldLastName))
	if name == "" {
		name = cell(joiners.FieldFullName)
	}
	if name == "" && email == "" {
		name = fmt.Sprintf("Row %d", row.Line)
	}
	return name, email
}

// group gathers the problems of the list and those of the plan.
func (k *worked) group() {
	for _, g := range k.result.Groups {
		k.groups = append(k.groups, problemGroup{ProblemGroup: g, key: groupKey(string(g.Kind), string(g.Severity), g.Column, directory.Fold(g.Found))})
	}
	at := map[string]int{}
	var planned []problemGroup
	for i := range k.lines {
		l := &k.lines[i]
		note := l.note()
		if l.person == nil || l.person.Blocked() || note == "" {
			continue
		}
		n, ok := at[note]
		if !ok {
			n = len(planned)
			at[note] = n
			g := joiners.ProblemGroup{Severity: joiners.Blocker, Message: note, Repair: "correct these rows, or take them out"}
			planned = append(planned, problemGroup{ProblemGroup: g, key: groupKey("plan", note), cells: true})
		}
		planned[n].Count++
		planned[n].Rows = append(planned[n].Rows, l.row.Number)
	}
	for i := range planned {
		planned[i].Field = k.cause(planned[i])
	}
	k.groups = append(planned, slices.Concat(k.groups, k.flagged())...)
}

// flagged gathers the remarks of the plan, such as that an address belongs to somebody of another name.
func (k *worked) flagged() []problemGroup {
	var out []problemGroup
	at := map[string]int{}
	for i := range k.lines {
		for _, step := range k.lines[i].steps {
			for _, flag := range step.Flags {
				what, _, _ := strings.Cut(flag, ":")
				if flag == flagOutside || step.Step != 0 {
					continue // the check has said it already
				}
				n, ok := at[what]
				if !ok {
					n = len(out)
					at[what] = n
					out = append(out, problemGroup{ProblemGroup: joiners.ProblemGroup{Severity: joiners.Warning, Message: flag, Repair: "check that this is meant"}, key: groupKey("flag", what)})
				}
				g := &out[n]
				g.Count++
				g.Rows = append(g.Rows, k.lines[i].row.Number)
				if g.Count > 1 {
					g.Message = fmt.Sprintf("%s rows: %s", count(g.Count), what)
				}
			}
		}
	}
	for i := range out {
		out[i].Message = strings.ToUpper(out[i].Message[:1]) + out[i].Message[1:] + "."
	}
	return out
}

// cause is the field whose value the plan refuses, if that can be told: then one value can be chosen for all rows.
func (k *worked) cause(g problemGroup) joiners.Field {
	role, noTeam, team := true, true, true
	for _, n := range g.Rows {
		p := k.lines[n-1].person
		role = role && p.Role != nil && strings.Contains(g.Message, "role "+p.Role.Name)
		noTeam = noTeam && len(p.Teams) == 0
		team = team && len(p.Teams) == 1 && strings.Contains(g.Message, p.Teams[0].Name)
	}
	switch {
	case role:
		return joiners.FieldRole
	case team, noTeam && !k.names.actor.HR:
		return joiners.FieldTeam
	default:
		return joiners.FieldNone
	}
}

func (k *worked) groupBy(key string) *problemGroup {
	i := slices.IndexFunc(k.groups, func(g problemGroup) bool { return g.key == key })
	if key == "" || i < 0 {
		return nil
	}
	return &k.groups[i]
}

// inviteCheck handles GET /invite/{draft}/check.
func (s *server) inviteCheck(w http.ResponseWriter, r *http.Request) error {
	d, ready, err := s.readyDraft(w, r)
	if err != nil || !ready {
		return err
	}
	return s.checkPage(w, r, http.StatusOK, d, nil)
}

// readyDraft loads a draft whose columns are settled; else it has led back to them.
func (s *server) readyDraft(w http.ResponseWriter, r *http.Request) (joiners.Draft, bool, error) {
	d, err := s.draftFrom(r)
	if err != nil {
		return d, false, err
	}
	if d.Format.NeedsConfirm || d.Format.Validate() != nil {
		return d, false, redirect(w, r, route.Draft(d.ID, "columns"))
	}
	return d, true, nil
}

// inviteCheckSave handles POST /invite/{draft}/check: one repair, then 303 to the rows that were shown.
func (s *server) inviteCheckSave(w http.ResponseWriter, r *http.Request) error {
	d, ready, err := s.readyDraft(w, r)
	if err != nil || !ready {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	if v.Get("version") != strconv.Itoa(d.Version) {
		return s.checkPage(w, r, http.StatusConflict, d, problems{elsewhere})
	}
	k, err := s.work(r.Context(), d)
	if err != nil {
		return err
	}
	rep := repairer{worked: k, edits: cloneEdits(d.Edits)}
	if bad := rep.do(v); len(bad) > 0 {
		return s.checkPage(w, r, http.StatusUnprocessableEntity, d, bad)
	}
	d.Edits = rep.edits
	if err := s.save(r.Context(), &d); errors.Is(err, fault.Conflict) {
		if d, err = s.draftFrom(r); err != nil {
			return err
		}
		return s.checkPage(w, r, http.StatusConflict, d, problems{elsewhere})
	} else if err != nil {
		return err
	}
	q := r.URL.Query()
	q.Del("edit")
	return redirect(w, r, route.With(route.Draft(d.ID, "check"), q)+rep.anchor)
}

func cloneEdits(e joiners.Edits) joiners.Edits {
	out := joiners.Edits{Replace: slices.Clone(e.Replace), Drop: slices.Clone(e.Drop), Cells: map[int]map[joiners.Field]string{}}
	for row, cells := range e.Cells {
		for f, text := range cells {
			set(out.Cells, row, f, text)
		}
	}
	return out
}

func set(cells map[int]map[joiners.Field]string, row int, f joiners.Field, text string) {
	if cells[row] == nil {
		cells[row] = map[joiners.Field]string{}
	}
	cells[row][f] = text
}

// repairer applies one repair to the edits of a list.
type repairer struct {
	*worked
	edits joiners.Edits
	// anchor is where the page should stand afterwards.
	anchor string
}

// leaveOut is chosen to leave a value out; other choices are written "=" and the value.
const leaveOut = "-"

// do applies the repair that a form asks for. The answer says what is wrong with the form.
func (k *repairer) do(v url.Values) problems {
	if v.Has("fix") { // a value for the only row of a group
		g := k.groupBy(v.Get("group"))
		if g == nil || len(g.Rows) != 1 {
			return gone
		}
		k.anchor = "#" + rowID(g.Rows[0])
		return k.setCell(g.Rows[0], g.Field, v.Get("fix"))
	}
	switch v.Get("do") {
	case "replace":
		return k.replace(k.groupBy(v.Get("group")), v.Get("with"))
	case "drop":
		g := k.groupBy(v.Get("group"))
		if g == nil || len(g.Rows) == 0 {
			return gone
		}
		k.edits.Drop = merge(k.edits.Drop, g.Rows)
	case "undo":
		f, found := joiners.Field(v.Get("field")), v.Get("found")
		k.edits.Replace = slices.DeleteFunc(k.edits.Replace, func(r joiners.Replacement) bool { return r.Field == f && r.Found == found })
	case "restore-all":
		k.edits.Drop = nil
	case "reset-all":
		k.edits.Cells = nil
	case "drop-row", "restore-row", "reset-row", "set", "save-row":
		n, err := strconv.Atoi(v.Get("row"))
		if err != nil || n < 1 || n > len(k.lines) {
			return gone
		}
		k.anchor = "#" + rowID(n)
		return k.row(n, v)
	default:
		return gone
	}
	return nil
}

var gone = problems{{Message: "That is not in the list any more. Below is the list as it is now."}}

func merge(a, b []int) []int {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

func (k *repairer) row(n int, v url.Values) problems {
	switch v.Get("do") {
	case "drop-row":
		k.edits.Drop = merge(k.edits.Drop, []int{n})
	case "restore-row":
		k.edits.Drop = slices.DeleteFunc(k.edits.Drop, func(d int) bool { return d == n })
	case "reset-row":
		delete(k.edits.Cells, n)
	case "set":
		return k.setCell(n, joiners.Field(v.Get("field")), v.Get("value"))
	case "save-row":
		for _, f := range editable() {
			if !v.Has(editName(f)) {
				continue
			}
			// A cell with a problem is taken as it is shown too: a line break, for example, does not show in the form.
			if now := v.Get(editName(f)); now != k.text(n, f) || k.faulty(n, f) {
				if bad := k.setCell(n, f, now); len(bad) > 0 {
					return bad
				}
			}
		}
	}
	return nil
}

func (k *repairer) setCell(row int, f joiners.Field, text string) problems {
	if !slices.Contains(joiners.Fields(), f) {
		return gone
	}
	if len(text) > joiners.Limits.CellBytes {
		return problems{{Message: fmt.Sprintf("%s may have at most %d characters.", fieldLabel(f), joiners.Limits.CellBytes)}}
	}
	set(k.edits.Cells, row, f, text)
	return nil
}

// replace puts the chosen value into all rows of a group.
func (k *repairer) replace(g *problemGroup, chosen string) problems {
	if g == nil {
		return gone
	}
	if chosen == "" {
		return problems{{Field: chooseID(g.key), Message: "Choose a value for all rows first."}}
	}
	with := strings.TrimPrefix(chosen, "=")
	if chosen == leaveOut {
		with = ""
	} else if !slices.ContainsFunc(k.choices(g), func(c choice) bool { return c.value == with }) {
		return gone
	}
	if g.cells {
		for _, n := range g.Rows {
			set(k.edits.Cells, n, g.Field, with)
		}
		return nil
	}
	// A value that came of an earlier choice is followed back to what the file says.
	for i, r := range k.edits.Replace {
		if r.Field == g.Field && directory.Fold(r.With) == directory.Fold(g.Found) {
			k.edits.Replace[i].With = with
		}
	}
	k.edits.Replace = slices.DeleteFunc(k.edits.Replace, func(r joiners.Replacement) bool {
		return r.Field == g.Field && directory.Fold(r.Found) == directory.Fold(g.Found)
	})
	k.edits.Replace = append(k.edits.Replace, joiners.Replacement{Field: g.Field, Found: g.Found, With: with})
	return nil
}

// choice is a value that may be chosen for a group, as people read it.
type choice struct{ value, label string }

// choices are the values that may be chosen for all rows of a group, likely ones first; none if each row needs its own.
func (k *worked) choices(g *problemGroup) []choice {
	var names []string
	switch {
	case g.Field == joiners.FieldTeam && len(g.Teams) > 0:
		var out []choice
		for _, t := range g.Teams {
			label := t.Name
			if t.Path != "" {
				label = t.Path + " › " + t.Name
			}
			out = append(out, choice{string(t.ID), label})
		}
		return out
	case g.cells && g.Field == joiners.FieldTeam, g.Kind == joiners.KindUnknownTeam:
		names = k.names.AllTeamNames()
	case g.cells && g.Field == joiners.FieldRole, g.Kind == joiners.KindUnknownRole, g.Kind == joiners.KindAmbiguousRole:
		names = k.names.AllRoleNames()
	case g.Kind == joiners.KindUnknownLanguage:
		names = g.Suggestions
	default:
		return nil
	}
	var out []choice
	for _, n := range g.Suggestions {
		if g.Field != joiners.FieldLanguage && slices.Contains(names, n) {
			out = append(out, choice{n, n + " (similar)"})
		}
	}
	for _, n := range names {
		switch {
		case g.Field == joiners.FieldLanguage:
			out = append(out, choice{n, languageName(n)})
		case !slices.Contains(g.Suggestions, n):
			out = append(out, choice{n, n})
		}
	}
	return out
}

// mayLeaveOut says whether rows are fine without any value in the field.
func (k *worked) mayLeaveOut(g *problemGroup) bool {
	return g.Field == joiners.FieldRole || g.Field == joiners.FieldTeam && k.names.actor.HR || g.Field == joiners.FieldLanguage
}

// editable are the fields of a row that can be edited in place: those of the list, and all that a person needs.
func editable() []joiners.Field {
	return []joiners.Field{joiners.FieldEmail, joiners.FieldFirstName, joiners.FieldLastName, joiners.FieldLanguage, joiners.FieldTeam, joiners.FieldRole}
}

// text is what a row says in a field, as it is offered for editing.
func (k *worked) text(row int, f joiners.Field) string {
	l := &k.lines[row-1]
	text, _ := joiners.Cell(l.row, k.draft.Format, k.draft.Edits, f)
	if text == "" && l.person != nil { // names that were split off a full name have no cell of their own
		switch f {
		case joiners.FieldFirstName:
			text = l.person.FirstName
		case joiners.FieldLastName:
			text = l.person.LastName
		}
	}
	if f == joiners.FieldTeam {
		return strings.ReplaceAll(text, "\n", "; ")
	}
	return strings.Join(strings.Fields(text), " ")
}

// faulty says whether a problem keeps the cell from being used as it is.
func (k *worked) faulty(row int, f joiners.Field) bool {
	p := k.lines[row-1].person
	return p != nil && slices.ContainsFunc(p.Problems, func(pr joiners.Problem) bool { return pr.Field == f && pr.Severity == joiners.Blocker })
}

func editName(f joiners.Field) string { return "edit-" + string(f) }

func rowID(n int) string { return "row-" + strconv.Itoa(n) }

func chooseID(key string) string { return "with-" + key }

// groupKey is a short name of a group that is the same as long as the group is.
func groupKey(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}
