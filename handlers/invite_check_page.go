package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// Bounds of the third step: what a hostile list may make of the page.
const (
	maxGroups     = 12  // of each severity, before some are repaired
	maxRowNumbers = 8   // named in a group
	maxFound      = 120 // characters of a value that are quoted
)

// problemsOnly is the value of "show" that lists rows with something to repair or look at.
const problemsOnly = "problems"

// rowsView is which rows of the list a page shows, as its address says.
type rowsView struct {
	path  string
	query url.Values
	// show is a word, problemsOnly or "" for all; group limits to the rows of one group.
	show, group, text string
	page, size, edit  int
}

func readRowsView(path string, q url.Values) rowsView {
	v := rowsView{path: path, query: url.Values{}, show: q.Get("show"), group: q.Get("group"), text: strings.TrimSpace(q.Get("q")), page: 1, size: 50}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 {
		v.page = n
	}
	if n, err := strconv.Atoi(q.Get("size")); err == nil && slices.Contains(component.PageSizes(), n) {
		v.size = n
	}
	v.edit, _ = strconv.Atoi(q.Get("edit"))
	for _, k := range []string{"show", "group", "q", "page", "size"} {
		if q.Get(k) != "" {
			v.query.Set(k, q.Get(k))
		}
	}
	return v
}

// with is the address of the same rows with some parameters changed; an empty value removes one.
func (v rowsView) with(set map[string]string) string {
	q := url.Values{}
	for k, vs := range v.query {
		q[k] = vs
	}
	for k, value := range set {
		if value == "" {
			q.Del(k)
		} else {
			q.Set(k, value)
		}
	}
	return route.With(v.path, q)
}

// shows says whether a row is among those to show.
func (v rowsView) shows(k *worked, l *line) bool {
	switch {
	case v.group != "":
		g := k.groupBy(v.group)
		if g == nil || !slices.Contains(g.Rows, l.row.Number) {
			return false
		}
	case v.show == problemsOnly:
		if !l.needsLook() {
			return false
		}
	case v.show != "" && v.show != l.word:
		return false
	}
	if v.text == "" {
		return true
	}
	name, email := k.named(l.row)
	return strings.Contains(directory.Fold(name+" "+email), directory.Fold(v.text))
}

// needsLook says whether there is something to repair or look at in a row that was not taken out.
func (l *line) needsLook() bool {
	if l.person == nil {
		return false
	}
	if l.word == wordNotPossible {
		return true
	}
	return slices.ContainsFunc(l.person.Problems, func(p joiners.Problem) bool { return p.Severity != joiners.Info }) ||
		slices.ContainsFunc(l.steps, func(s change.Row) bool { return s.Action == change.NotPossible || len(s.Flags) > 0 })
}

func (s *server) checkPage(w http.ResponseWriter, r *http.Request, status int, d joiners.Draft, bad problems) error {
	k, err := s.work(r.Context(), d)
	if err != nil {
		return err
	}
	p := newInviteCheckProps(k, readRowsView(route.Draft(d.ID, "check"), r.URL.Query()), bad)
	if p.Frame, err = s.frame(w, r, route.Invite, layout.Props{Title: "Check", Count: people(len(k.lines)), Subtitle: d.Name, Actions: page.InviteNext(p), Crumbs: []layout.Crumb{{Label: "Invite people", URL: route.Invite}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.InviteCheck(p), page.InvitePeople)
}

func newInviteCheckProps(k *worked, v rowsView, bad problems) page.InviteCheckProps {
	d := k.draft
	p := page.InviteCheckProps{Steps: inviteSteps(3, d.ID), Action: v.with(nil), Version: strconv.Itoa(d.Version), BackURL: route.Draft(d.ID, "columns"),
		Problems: bad, NotCompared: k.notCompared, Repairs: k.repairs()}
	more := 0
	for i := range k.groups {
		g := &k.groups[i]
		list := &p.Infos
		switch g.Severity {
		case joiners.Blocker:
			list = &p.Blockers
		case joiners.Warning:
			list = &p.Warnings
		}
		if len(*list) == maxGroups {
			more++
			continue
		}
		*list = append(*list, k.groupProps(g, v))
	}
	if more > 0 {
		p.MoreGroups = fmt.Sprintf("%s more kinds of problems appear here as you repair these. The table below names all of them, row by row.", count(more))
	}
	k.fillRows(&p, v)
	n := k.wanted()
	p.Next = "Review " + people(n)
	switch {
	case k.notCompared != "":
		p.NextReason = "Go on when Gtmhub answers again; your list is kept."
	case k.result.Usable() == 0:
		p.NextReason = "Nobody in this list can be invited yet. Repair at least one row."
	default:
		p.ReviewURL = route.Draft(d.ID, "review")
	}
	return p
}

func (k *worked) groupProps(g *problemGroup, v rowsView) page.InviteGroup {
	out := page.InviteGroup{Key: g.key, Message: g.Message, Where: k.where(g), Advice: advice(g), Count: g.Count}
	if len(g.Rows) == 0 {
		return out
	}
	out.ShowURL = v.with(map[string]string{"group": g.key, "show": "", "page": "", "q": ""}) + "#people"
	if g.Severity == joiners.Info {
		return out
	}
	out.DropLabel = "Take out this row"
	if len(g.Rows) > 1 {
		out.DropLabel = fmt.Sprintf("Take out %s rows", count(len(g.Rows)))
	} else {
		n := g.Rows[0]
		out.Row = strconv.Itoa(k.lines[n-1].row.Line)
		out.EditURL = v.with(map[string]string{"edit": strconv.Itoa(n), "group": "", "show": "", "page": "", "q": ""}) + "#" + rowID(n)
		out.Fixes = fixes(g.Kind, g.Field, g.Suggestions)
	}
	choices := k.choices(g)
	if len(choices) == 0 {
		return out
	}
	out.Choose = component.SelectProps{Name: "with", ID: chooseID(g.key), Label: fieldLabel(g.Field), Empty: "Choose…", TestID: "invite-choose"}
	out.ChooseLabel = "Use"
	if len(g.Rows) > 1 {
		out.Choose.Label, out.ChooseLabel = out.Choose.Label+" for all", "Use for all"
	}
	for _, c := range choices {
		out.Choose.Options = append(out.Choose.Options, component.Option{Value: "=" + c.value, Label: c.label})
	}
	if k.mayLeaveOut(g) {
		label := "Leave the " + strings.ToLower(fieldLabel(g.Field)) + " out"
		if g.Field == joiners.FieldLanguage {
			label = "Use the usual language"
		}
		out.Choose.Options = append(out.Choose.Options, component.Option{Value: leaveOut, Label: label})
	}
	return out
}

// advice says what was expected and what to do.
func advice(g *problemGroup) string {
	var parts []string
	if g.Expected != "" {
		parts = append(parts, "Expected: "+g.Expected+".")
	}
	if g.Repair != "" {
		parts = append(parts, "To do: "+g.Repair+".")
	}
	return strings.Join(parts, " ")
}

// fixes are the suggestions for one cell, unless the value is one that is chosen for all rows.
func fixes(kind joiners.Kind, f joiners.Field, suggestions []string) []page.InviteFix {
	switch kind {
	case joiners.KindUnknownTeam, joiners.KindAmbiguousTeam, joiners.KindUnknownRole, joiners.KindAmbiguousRole, joiners.KindUnknownLanguage:
		return nil
	}
	var out []page.InviteFix
	for _, value := range suggestions {
		out = append(out, page.InviteFix{Label: "Use “" + short(value) + "”", Field: string(f), Value: value})
	}
	return out
}

// where names column and rows of a group.
func (k *worked) where(g *problemGroup) string {
	var parts []string
	if g.Column != "" {
		parts = append(parts, "Column “"+short(g.Column)+"”")
	}
	if len(g.Rows) > 0 {
		var lines []string
		for _, n := range g.Rows[:min(len(g.Rows), maxRowNumbers)] {
			lines = append(lines, count(k.lines[n-1].row.Line))
		}
		word := "row "
		if len(g.Rows) > 1 {
			word = "rows "
		}
		text := word + strings.Join(lines, ", ")
		if more := len(g.Rows) - len(lines); more > 0 {
			text += fmt.Sprintf(" and %s more", count(more))
		}
		parts = append(parts, text)
	}
	where := strings.Join(parts, ", ")
	if g.Column == "" && where != "" {
		where = strings.ToUpper(where[:1]) + where[1:]
	}
	return where
}

// repairs lists what the person did, each with its undo.
func (k *worked) repairs() []page.InviteRepair {
	version := component.Hidden{Name: "version", Value: strconv.Itoa(k.draft.Version)}
	var out []page.InviteRepair
	for _, r := range k.draft.Edits.Replace {
		now := "left out"
		if r.With != "" {
			now = "“" + k.choiceName(r) + "”"
		}
		out = append(out, page.InviteRepair{Text: fmt.Sprintf("%s “%s” is now %s in all rows", fieldLabel(r.Field), short(r.Found), now), UndoLabel: "Undo",
			Hidden: []component.Hidden{version, {Name: "do", Value: "undo"}, {Name: "field", Value: string(r.Field)}, {Name: "found", Value: r.Found}}})
	}
	edited := 0
	for n := range k.draft.Edits.Cells {
		if n >= 1 && n <= len(k.lines) {
			edited++
		}
	}
	if edited > 0 {
		rows := "rows"
		if edited == 1 {
			rows = "row"
		}
		out = append(out, page.InviteRepair{Text: fmt.Sprintf("%s %s edited by hand", count(edited), rows), UndoLabel: "Undo all",
			Hidden: []component.Hidden{version, {Name: "do", Value: "reset-all"}}})
	}
	if n := len(k.result.Dropped); n > 0 {
		out = append(out, page.InviteRepair{Text: people(n) + " taken out", UndoLabel: "Put all back", Hidden: []component.Hidden{version, {Name: "do", Value: "restore-all"}}})
	}
	return out
}

// choiceName is the name behind a replacement, which may be the id of one of several teams of a name.
func (k *worked) choiceName(r joiners.Replacement) string {
	if r.Field == joiners.FieldTeam {
		for _, t := range k.names.TeamsByName(directory.Fold(r.Found)) {
			if string(t.ID) == r.With && t.Path != "" {
				return t.Path + " › " + t.Name
			}
		}
	}
	if r.Field == joiners.FieldLanguage {
		return languageName(r.With)
	}
	return r.With
}

// fillRows puts counts, filters and one page of rows into the props.
func (k *worked) fillRows(p *page.InviteCheckProps, v rowsView) {
	counts := k.counts()
	p.Counts = component.CountsBarProps{Label: "Rows by what would be done", AllURL: v.with(map[string]string{"show": "", "group": "", "page": ""}) + "#people", AllCurrent: v.show == "" && v.group == ""}
	for _, word := range inviteWords() {
		if counts[word] > 0 {
			p.Counts.Items = append(p.Counts.Items, component.CountItem{Word: word, Count: counts[word], Current: v.show == word && v.group == "",
				URL: v.with(map[string]string{"show": word, "group": "", "page": ""}) + "#people"})
		}
	}
	p.Search = component.SearchBoxProps{Action: v.path, Value: v.text, Label: "Find a person in the list", Target: "#people", TestID: "invite-search"}
	for _, keep := range []string{"show", "group", "size"} {
		if value := v.query.Get(keep); value != "" {
			p.Search.Keep = append(p.Search.Keep, component.Hidden{Name: keep, Value: value})
		}
	}
	var shown []*line
	look := 0
	for i := range k.lines {
		if k.lines[i].needsLook() {
			look++
		}
		if v.shows(k, &k.lines[i]) {
			shown = append(shown, &k.lines[i])
		}
	}
	p.Filter = component.TabsProps{Label: "Rows to show", Tabs: []component.Tab{
		{Label: "All rows", URL: p.Counts.AllURL, Current: p.Counts.AllCurrent, TestID: "invite-show-all"},
		{Label: "Only problems", URL: v.with(map[string]string{"show": problemsOnly, "group": "", "page": ""}) + "#people", Current: v.show == problemsOnly && v.group == "", Count: look, ShowCount: true, TestID: "invite-show-problems"},
	}}
	if v.group != "" {
		p.Filter.Tabs = append(p.Filter.Tabs, component.Tab{Label: "One problem", URL: v.with(nil), Current: true, Count: len(shown), ShowCount: true})
	}
	if len(shown) == 0 {
		p.Empty = "No row matches"
		if v.show == problemsOnly && v.text == "" {
			p.Empty = "No row has a problem"
		}
	}
	last := max(1, (len(shown)+v.size-1)/v.size)
	v.page = min(v.page, last)
	// A row that is being edited stays in view, whatever page it is on.
	if at := slices.IndexFunc(shown, func(l *line) bool { return l.row.Number == v.edit }); at >= 0 {
		v.page = at/v.size + 1
	}
	from := (v.page - 1) * v.size
	for _, l := range shown[from:min(from+v.size, len(shown))] {
		p.Rows = append(p.Rows, k.rowProps(l, v))
	}
	p.Pager = v.pager(len(shown), last)
	p.Announce = count(len(shown)) + " rows"
}

// pager is where the page stands among the rows shown.
func (v rowsView) pager(total, last int) component.PagerProps {
	at := func(page, size int) string {
		set := map[string]string{"page": strconv.Itoa(page), "size": ""}
		if page == 1 {
			set["page"] = ""
		}
		if size != 50 {
			set["size"] = strconv.Itoa(size)
		}
		return v.with(set) + "#people"
	}
	p := component.PagerProps{From: min((v.page-1)*v.size+1, total), To: min(v.page*v.size, total), Total: total, Noun: "rows"}
	if v.page > 1 {
		p.PrevURL = at(v.page-1, v.size)
	}
	if v.page < last {
		p.NextURL = at(v.page+1, v.size)
	}
	for _, n := range component.PageNumbers(v.page, last) {
		p.Pages = append(p.Pages, component.PageLink{Number: n, URL: at(n, v.size), Current: n == v.page})
	}
	for _, size := range component.PageSizes() {
		p.Sizes = append(p.Sizes, component.PageSize{Size: size, URL: at(1, size), Current: size == v.size})
	}
	return p
}

func (k *worked) rowProps(l *line, v rowsView) page.InviteRow {
	n := l.row.Number
	out := page.InviteRow{ID: rowID(n), Number: strconv.Itoa(l.row.Line), Position: strconv.Itoa(n), Word: l.word, Tone: toneOf(l.word),
		Action: v.with(nil), Version: strconv.Itoa(k.draft.Version)}
	out.Name, out.Email = k.named(l.row)
	out.Name, out.Email = short(out.Name), short(out.Email)
	_, out.Edited = k.draft.Edits.Cells[n]
	if l.person == nil {
		return out
	}
	if !l.person.Blocked() {
		out.Name, out.Email = l.person.FirstName+" "+l.person.LastName, l.person.Email
	}
	out.EditURL = v.with(map[string]string{"edit": strconv.Itoa(n)}) + "#" + out.ID
	for i, step := range l.steps {
		if step.Action == change.Create || step.Action == change.Update {
			out.Steps = append(out.Steps, component.DiffProps{Old: step.Before, New: step.After})
		} else if step.Note != "" && !(i == 0 && l.person.Blocked()) {
			out.Notes = append(out.Notes, page.InviteNote{Tone: toneOf(string(step.Action)), Text: stepNote(step)})
		}
		for _, flag := range step.Flags {
			if !slices.Contains(out.Flags, flag) {
				out.Flags = append(out.Flags, flag)
			}
		}
	}
	editing := n == v.edit
	for _, pr := range l.person.Problems {
		if !editing || pr.Severity != joiners.Blocker || !slices.Contains(editable(), pr.Field) { // the form says it at the field
			out.Notes = append(out.Notes, k.noteOf(l, pr))
		}
	}
	if editing {
		out.Edit = k.editProps(l, v)
	}
	return out
}

// stepNote says of a step why nothing is done, naming role or team.
func stepNote(step change.Row) string {
	if step.After != "" && step.Action == change.NothingToDo && step.Step > 0 {
		return step.Note + " (" + step.After + ")"
	}
	return step.Note
}

func toneOf(word string) component.Tone {
	switch word {
	case wordCreate, wordUpdate:
		return component.ToneSuccess
	case wordNotPossible, string(change.NotPossible):
		return component.ToneDanger
	case wordNotCompared:
		return component.ToneWarning
	default:
		return component.ToneNeutral
	}
}

func (k *worked) noteOf(l *line, pr joiners.Problem) page.InviteNote {
	note := page.InviteNote{Text: pr.Message}
	switch pr.Severity {
	case joiners.Blocker:
		note.Tone = component.ToneDanger
	case joiners.Warning:
		note.Tone = component.ToneWarning
	default:
		return note
	}
	var parts []string
	if pr.Column != "" {
		parts = append(parts, "column “"+short(pr.Column)+"”")
	}
	if pr.Found != "" {
		parts = append(parts, "found “"+short(pr.Found)+"”")
	} else if pr.Field != joiners.FieldNone {
		parts = append(parts, "found nothing")
	}
	if pr.Expected != "" {
		parts = append(parts, "expected "+pr.Expected)
	}
	if pr.Repair != "" {
		parts = append(parts, "to do: "+pr.Repair)
	}
	note.Detail = fmt.Sprintf("Row %d: %s", l.row.Line, strings.Join(parts, ", "))
	note.Fixes = fixes(pr.Kind, pr.Field, pr.Suggestions)
	return note
}

func (k *worked) editProps(l *line, v rowsView) *page.InviteEdit {
	out := &page.InviteEdit{CancelURL: v.with(nil) + "#" + rowID(l.row.Number), TeamNames: k.names.AllTeamNames(), RoleNames: k.names.AllRoleNames(), Languages: k.languages}
	lists := map[joiners.Field]string{joiners.FieldTeam: "team-names", joiners.FieldRole: "role-names", joiners.FieldLanguage: "language-codes"}
	for _, f := range editable() {
		field := component.FieldProps{Name: editName(f), Label: fieldLabel(f), Value: k.text(l.row.Number, f), Autocomplete: "off", MaxLength: joiners.Limits.CellBytes, TestID: editName(f), Attrs: templ.Attributes{}}
		if list := lists[f]; list != "" {
			field.Attrs["list"] = list
		}
		if f == joiners.FieldTeam {
			field.Hint = "Several teams with semicolons between them"
		}
		for _, pr := range l.person.Problems {
			if pr.Field == f && pr.Severity == joiners.Blocker && field.Error == "" {
				field.Error = pr.Message
			}
		}
		out.Fields = append(out.Fields, field)
	}
	// The reader is taken to the first cell that is wrong, else to the first one.
	first := max(0, slices.IndexFunc(out.Fields, func(f component.FieldProps) bool { return f.Error != "" }))
	out.Fields[first].Attrs["data-focus"] = true
	return out
}

// short cuts a value of the list to what fits into a sentence.
func short(s string) string {
	if c := cut(s, maxFound); c != s {
		return c + "…"
	}
	return s
}

// languageName is a language in English, with its code; a code that is not known stands alone.
func languageName(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	if name := display.English.Languages().Name(tag); name != "" {
		return name + " (" + code + ")"
	}
	return code
}
