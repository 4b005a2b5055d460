package handlers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

const (
	// correctPage is how many people the page of corrections shows at once, and correctBody the largest form of it.
	correctPage = 25
	correctBody = 256 << 10
)

// changesDecideLink handles GET /changes/{id}/decide: no address ever decides, whoever made it. It leaves a trace and shows
// the page with its buttons.
func (s *server) changesDecideLink(w http.ResponseWriter, r *http.Request) error {
	s.Changes.NotByLink(r.Context(), actorFrom(r.Context()))
	c, err := s.changeOf(r)
	if err != nil {
		return err
	}
	w.Header().Set("Allow", http.MethodPost)
	return s.changePage(w, r, http.StatusMethodNotAllowed, changeView{change: c, page: 1, size: 50, alert: &component.AlertProps{Tone: component.ToneWarning,
		Title: "Nothing was decided", Text: "A link never decides. Look at the request and use its buttons.", Focus: true, TestID: "not-by-link"}})
}

// agreedOf says who has agreed to the present version: "1 of 2, Chen Achieng".
func agreedOf(c *change.Change) string {
	agreed := c.Agreed()
	text := count(len(agreed)) + " of " + count(c.Deciders)
	for _, d := range agreed {
		text += ", " + d.By.Name
	}
	return text
}

// question is what a decider asked, for whoever looks at the change; nil if nobody asked, or it is long over.
func (s *server) question(a access.Actor, c *change.Change, typed, problem string) *page.ChangeQuestion {
	q := c.Question()
	if q == nil || !c.State.Undecided() {
		return nil
	}
	p := &page.ChangeQuestion{Title: q.By.Name + " asks", Text: q.Text, Typed: typed, Problem: problem}
	if last := c.Talk[len(c.Talk)-1]; !last.Question {
		if last.Version != c.Version {
			return nil // about a version that was decided on since
		}
		p.AnsweredBy, p.Answer = last.By.Name+" answered "+ago(s.Now(), last.At), last.Text
		return p
	}
	if a.Same(c.Requester.Actor()) {
		p.Action = route.ChangeAct(c.ID, "answer")
		p.CorrectURL, _ = s.correctLink(a, c)
		return p
	}
	p.Waits = "It waits for the answer of " + c.Requester.Name + ", and for a decision after that."
	return p
}

// correctLink is the way to the page of corrections, empty where nothing can be corrected.
func (s *server) correctLink(a access.Actor, c *change.Change) (link, label string) {
	if access.MaySteer(a, c.Facts()).Outcome == access.No {
		return "", ""
	}
	if c.State.Undecided() {
		if !s.Changes.CanCorrect(c) {
			return "", ""
		}
		return route.ChangeCorrect(c.ID, ""), "Correct the list"
	}
	if !c.State.Ended() || c.State.Final() {
		return "", ""
	}
	for _, st := range c.Counts {
		for _, state := range []change.RowState{change.RefusedRow, change.Attention, change.RejectedRow, change.Blocked, change.CancelledRow} {
			if st.Rows[state] > 0 {
				return route.ChangeCorrect(c.ID, ""), "Correct and ask again"
			}
		}
	}
	return "", ""
}

// changesAnswer handles POST /changes/{id}/answer: the requester's answer to a question, 303 to the request.
func (s *server) changesAnswer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := form(r)
	if err != nil {
		return err
	}
	c, err := changeID(r)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(f.Get("answer"), "\r\n", "\n")
	_, err = s.Changes.Answer(ctx, actorFrom(ctx), personFrom(ctx), c, text)
	if field, ok := errors.AsType[*fault.FieldError](err); ok {
		ch, err := s.Changes.Show(ctx, actorFrom(ctx), c)
		if err != nil {
			return err
		}
		return s.changePage(w, r, http.StatusUnprocessableEntity, changeView{change: ch, page: 1, size: 50, answer: text, answerProblem: field.Message,
			alert: &component.AlertProps{Tone: component.ToneDanger, Title: "Not sent yet", Text: field.Message, LinkURL: "#answer", LinkLabel: "Go to the answer", Focus: true, TestID: "error-summary"}})
	}
	return s.steer(w, r, "Your answer was sent. The request waits for a decision again.", func(id.Change) error { return err })
}

// correctForm is the page of corrections as it was sent.
type correctForm struct {
	cells    map[id.Row]map[joiners.Field]string
	again    map[id.Row]bool
	all      bool
	note     string
	problems problems
	// bad are the problems by the name of their field.
	bad map[string]string
}

// changesCorrect handles GET /changes/{id}/correct: the people who can be corrected, one of them with row in the query.
func (s *server) changesCorrect(w http.ResponseWriter, r *http.Request) error {
	return s.correctView(w, r, http.StatusOK, correctForm{})
}

func (s *server) correctView(w http.ResponseWriter, r *http.Request, status int, f correctForm) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	c, err := changeID(r)
	if err != nil {
		return err
	}
	ch, list, err := s.Changes.Correctable(ctx, a, c)
	if errors.Is(err, fault.Conflict) {
		return s.correctGone(w, r, c, err)
	}
	if err != nil {
		return err
	}
	p := page.CorrectProps{Problems: f.problems, Action: route.ChangeCorrect(c, ""), BackURL: route.Change(c),
		Hidden: []component.Hidden{{Name: "version", Value: strconv.Itoa(ch.Version)}}}
	undecided, cells := ch.State.Undecided(), s.Changes.CanCorrect(&ch)
	p.Intro = "Whoever you change or tick is asked for again in this request, as version " + strconv.Itoa(ch.Version+1) + " of the list. What was done stays done."
	p.Submit = "Ask again"
	p.Note = component.TextareaProps{Name: "note", Label: "Note", Hint: "What did you correct? Whoever decides reads it.", Value: f.note, Rows: 2, MaxLength: change.MaxReason, Error: f.problems.of("note"), TestID: "correct-note"}
	if undecided {
		p.Intro = "What you change becomes version " + strconv.Itoa(ch.Version+1) + " of the list, which is decided on as a whole."
		if len(ch.Agreed()) > 0 {
			p.Intro += " Votes given so far do not count any more."
		}
		if !a.Same(ch.Requester.Actor()) {
			p.Intro += " Whoever corrects a request cannot decide on it."
		}
		p.Submit = "Save the corrections"
	}
	if left := countFunc(list, mayAskAgain); left > 1 && !undecided {
		p.All = &component.CheckboxProps{Name: "all", Label: "Ask again for all " + count(left) + " who failed, were rejected or cancelled",
			Hint: "Those on other pages too, and those of earlier versions. Whom you correct above is asked for as corrected.", Checked: f.all, TestID: "correct-all"}
	}
	number, total := positive(r.URL.Query().Get("page"), 1), len(list)
	only := r.URL.Query().Get("row")
	if only != "" {
		list = slices.DeleteFunc(list, func(p change.Correctable) bool { return string(p.Main.ID) != only })
	} else {
		from := min((number-1)*correctPage, total)
		list = list[from:min(from+correctPage, total)]
		p.Pager = pager(r, number, correctPage, len(list), total, "people")
		p.Pager.Sizes = nil
		if number > 1 {
			p.Action = route.With(p.Action, url.Values{"page": {strconv.Itoa(number)}})
		}
	}
	for i := range list {
		p.People = append(p.People, s.correctPerson(&list[i], f, cells, undecided))
		p.Hidden = append(p.Hidden, component.Hidden{Name: "person", Value: string(list[i].Main.ID)})
	}
	p.Empty = component.EmptyStateProps{Icon: component.IconCheck, Title: "Nobody is left to correct", Text: "Everybody in this request is done or had nothing to do.",
		Action: component.LinkButton(component.LinkButtonProps{Label: "Back to the request", URL: route.Change(c)})}
	names := namesFor(s.Directory.Current(), a)
	p.TeamNames, p.RoleNames, p.Languages = names.AllTeamNames(), names.AllRoleNames(), s.Joiners.Codes()
	if ch.SourceName != "" && cells && only == "" && !undecided {
		p.File = &page.CorrectFile{Action: route.ChangeCorrect(c, "") + "/file", ReturnURL: route.ChangeReturn(c), Version: strconv.Itoa(ch.Version)}
	}
	title := "Correct and ask again"
	if undecided {
		title = "Correct the list"
	}
	if p.Frame, err = s.frame(w, r, route.Changes, layout.Props{Title: title, Subtitle: ch.Title, Count: "#" + strconv.Itoa(ch.Number),
		Crumbs: []layout.Crumb{{Label: "Requests", URL: route.Changes}, {Label: "#" + strconv.Itoa(ch.Number), URL: route.Change(c)}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.ChangeCorrect(p))
}

// mayAskAgain says whether a person can be asked for as they are: something failed, was rejected or cancelled, and nothing
// was impossible from the start.
func mayAskAgain(p change.Correctable) bool {
	return !slices.ContainsFunc(append([]change.Row{p.Main}, p.More...), func(r change.Row) bool { return r.State == change.Blocked })
}

func countFunc[T any](list []T, yes func(T) bool) (n int) {
	for _, v := range list {
		if yes(v) {
			n++
		}
	}
	return n
}

// correctGone shows the request to somebody for whom it is too early or too late to correct it.
func (s *server) correctGone(w http.ResponseWriter, r *http.Request, c id.Change, cause error) error {
	ch, err := s.Changes.Show(r.Context(), actorFrom(r.Context()), c)
	if err != nil {
		return cause
	}
	return s.changePage(w, r, http.StatusConflict, changeView{change: ch, page: 1, size: 50,
		alert: &component.AlertProps{Tone: component.ToneWarning, Title: "Not possible now", Text: fault.Message(cause), Focus: true, TestID: "too-late"}})
}

// cellName is the name of the field for one cell of one person.
func cellName(f joiners.Field, row id.Row) string { return string(f) + "-" + string(row) }

// fixedCells are what cannot be changed once the account is there.
var fixedCells = []joiners.Field{joiners.FieldEmail, joiners.FieldFirstName, joiners.FieldLastName, joiners.FieldLanguage}

func (s *server) correctPerson(p *change.Correctable, f correctForm, cells, undecided bool) page.CorrectPerson {
	out := page.CorrectPerson{ID: "person-" + string(p.Main.ID), Name: p.Main.Subject, Email: p.Main.Detail}
	if p.Main.Line > 0 {
		out.Place = "person " + strconv.Itoa(p.Main.Line)
	}
	out.State, out.Reason = p.Word()
	if !undecided {
		out.Again = &component.CheckboxProps{Name: "again", ID: "again-" + string(p.Main.ID), Value: string(p.Main.ID), Label: "Ask again", Checked: f.again[p.Main.ID], TestID: "correct-again"}
		if cells {
			out.Again.Label, out.Again.Hint = "Ask again as it is", "Not needed if you change something above."
		}
	}
	if !cells {
		return out
	}
	if p.Account {
		out.Fixed = "The account is there, so that only team and role can be corrected here."
	}
	typed := f.cells[p.Main.ID]
	asked := s.asked(p)
	lists := map[joiners.Field]string{joiners.FieldTeam: "team-names", joiners.FieldRole: "role-names", joiners.FieldLanguage: "language-codes"}
	for _, field := range editable() {
		if p.Account && slices.Contains(fixedCells, field) {
			continue
		}
		name := cellName(field, p.Main.ID)
		props := component.FieldProps{Name: name, Label: fieldLabel(field), Value: asked[field], Autocomplete: "off", MaxLength: joiners.Limits.CellBytes, Error: f.bad[name], TestID: "correct-" + string(field), Attrs: templ.Attributes{}}
		if text, ok := typed[field]; ok {
			props.Value = text
		}
		if lists[field] != "" {
			props.Attrs["list"] = lists[field]
		}
		if field == joiners.FieldTeam {
			props.Hint = "Several teams with semicolons between them"
		}
		out.Fields = append(out.Fields, props)
	}
	return out
}

// asked is what was asked for a person, as the texts of a list.
func (s *server) asked(p *change.Correctable) map[joiners.Field]string {
	snap := s.Directory.Current()
	out := map[joiners.Field]string{joiners.FieldEmail: p.Asked.Email, joiners.FieldFirstName: p.Asked.FirstName, joiners.FieldLastName: p.Asked.LastName, joiners.FieldLanguage: p.Asked.Language}
	var teams []string
	for _, t := range p.Asked.Teams {
		if team, ok := snap.Team(t); ok {
			teams = append(teams, team.Name)
		}
	}
	out[joiners.FieldTeam] = strings.Join(teams, "; ")
	if role, ok := snap.Role(p.Asked.Role); ok {
		out[joiners.FieldRole] = role.Name
	}
	for field, text := range p.Asked.Cells {
		out[joiners.Field(field)] = text
	}
	return out
}

// understood checks the texts of one person as the wizard checks a row. The problems are those that keep the person out.
func (s *server) understood(p *change.Correctable, cells map[joiners.Field]string, names accountNames) (change.Invitee, []joiners.Problem) {
	format := joiners.Format{HasHeader: true}
	for i, f := range editable() {
		format.Columns = append(format.Columns, joiners.Column{Index: i, Header: fieldLabel(f), Field: f})
	}
	edits := joiners.Edits{Cells: map[int]map[joiners.Field]string{1: cells}}
	for _, t := range p.Asked.Teams { // a name that several teams have means the one that was asked for
		if team, ok := names.snap.Team(t); ok && len(names.TeamsByName(directory.Fold(team.Name))) > 1 {
			edits.Replace = append(edits.Replace, joiners.Replacement{Field: joiners.FieldTeam, Found: team.Name, With: string(t)})
		}
	}
	list := &joiners.List{Rows: []joiners.Row{{Number: 1, Line: max(p.Main.Line, 1), Cells: make([]string, len(format.Columns))}}}
	who := joiners.Check(list, format, edits, names, s.Joiners).People[0]
	out := change.Invitee{Line: p.Main.Line, Email: who.Email, FirstName: who.FirstName, LastName: who.LastName, Language: who.Language}
	for _, t := range who.Teams {
		out.Teams = append(out.Teams, t.ID)
	}
	if who.Role != nil {
		out.Role = who.Role.ID
	}
	var bad []joiners.Problem
	for _, pr := range who.Problems {
		switch {
		case pr.Kind == joiners.KindOutsideDomain:
			out.Flags = append(out.Flags, flagOutside)
		case pr.Severity == joiners.Blocker && !(p.Account && slices.Contains(fixedCells, pr.Field)):
			bad = append(bad, pr)
		}
	}
	return out, bad
}

// changesCorrectSave handles POST /changes/{id}/correct: 303 to the request with its new version, or the page again.
func (s *server) changesCorrectSave(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := form(r, "person", "again")
	if err != nil {
		return err
	}
	c, err := changeID(r)
	if err != nil {
		return err
	}
	ch, list, err := s.Changes.Correctable(ctx, actorFrom(ctx), c)
	if errors.Is(err, fault.Conflict) {
		return s.correctGone(w, r, c, err)
	}
	if err != nil {
		return err
	}
	f := correctForm{cells: map[id.Row]map[joiners.Field]string{}, again: map[id.Row]bool{}, note: strings.ReplaceAll(v.Get("note"), "\r\n", "\n"), bad: map[string]string{}}
	f.all = v.Has("all") && !ch.State.Undecided()
	for _, row := range v["again"] {
		f.again[id.Row(row)] = true
	}
	in := change.Corrections{Version: positive(v.Get("version"), 0), Note: f.note, People: map[id.Row]change.Invitee{}}
	names := namesFor(s.Directory.Current(), actorFrom(ctx))
	for i := range list {
		p := &list[i]
		row := p.Main.ID
		all := f.all && mayAskAgain(*p)
		if !all && !slices.Contains(v["person"], string(row)) {
			continue
		}
		asked := s.asked(p)
		now, changed := maps.Clone(asked), false
		for _, field := range editable() {
			if name := cellName(field, row); v.Has(name) && !(p.Account && slices.Contains(fixedCells, field)) {
				changed = changed || v.Get(name) != asked[field]
				now[field] = v.Get(name)
			}
		}
		f.cells[row] = now
		if !changed && !f.again[row] && !all {
			continue
		}
		if !s.Changes.CanCorrect(&ch) {
			in.People[row] = change.Invitee{}
			continue
		}
		who, bad := s.understood(p, now, names)
		for _, pr := range bad {
			name := cellName(pr.Field, row)
			f.bad[name] = pr.Message
			f.problems = append(f.problems, component.Problem{Field: name, Message: p.Main.Subject + ": " + pr.Message})
		}
		in.People[row] = who
	}
	if len(f.problems) > 0 {
		return s.correctView(w, r, http.StatusUnprocessableEntity, f)
	}
	return s.correct(w, r, c, in, func(status int, bad problems) error {
		f.problems = bad
		return s.correctView(w, r, status, f)
	})
}

// correct makes the new version, or shows the page again with what is in its way.
func (s *server) correct(w http.ResponseWriter, r *http.Request, c id.Change, in change.Corrections, again func(int, problems) error) error {
	ctx := r.Context()
	ch, err := s.Changes.Repair(ctx, actorFrom(ctx), personFrom(ctx), c, in)
	if field, ok := errors.AsType[*fault.FieldError](err); ok {
		return again(http.StatusUnprocessableEntity, problems{{Field: field.Field, Message: field.Message}})
	}
	switch kind := fault.KindOf(err); kind {
	case "":
	case fault.Invalid, fault.Conflict, fault.Forbidden:
		if fault.Message(err) == "" {
			return err
		}
		return again(kind.Status(), problems{{Message: fault.Message(err)}})
	default:
		return fmt.Errorf("correct %s: %w", c, err)
	}
	said := fmt.Sprintf("Version %d is stored with %s corrected.", ch.Version, people(len(in.People)))
	switch {
	case ch.State == change.Waiting:
		said += " It waits for a decision."
	case ch.State == change.Returned:
		said += " Now answer the question."
	default:
		said += " It needs no decision and is carried out now."
	}
	if err := s.say(w, r, layout.ToastSuccess, said); err != nil {
		return err
	}
	return redirect(w, r, route.Change(c))
}

// changesCorrectFile handles POST /changes/{id}/correct/file: the return file comes back with corrected cells. People who
// are done, and rows that nobody changed, are recognised and left alone.
func (s *server) changesCorrectFile(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	c, err := changeID(r)
	if err != nil {
		return err
	}
	refuse := func(bad problems) error {
		return s.correctView(w, r, http.StatusUnprocessableEntity, correctForm{problems: bad})
	}
	up, err := readUpload(r)
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			return err
		}
		return refuse(problems{{Field: "file", Message: fault.Message(err)}})
	}
	if len(up.file) == 0 {
		return refuse(problems{{Field: "file", Message: "Choose the corrected return file first."}})
	}
	ch, list, err := s.Changes.Correctable(ctx, a, c)
	if errors.Is(err, fault.Conflict) {
		return s.correctGone(w, r, c, err)
	}
	if err != nil {
		return err
	}
	back, err := s.comparison(r, &ch, up.file)
	if err != nil {
		if fault.Message(err) == "" || fault.KindOf(err) == fault.Internal {
			return err
		}
		return refuse(problems{{Field: "file", Message: fault.Message(err)}})
	}
	in := change.Corrections{Version: ch.Version, Note: "Corrected in the return file " + up.name, People: map[id.Row]change.Invitee{}}
	names := namesFor(s.Directory.Current(), a)
	var bad problems
	for i := range list {
		p := &list[i]
		row, ok := back.rows[p.Main.Line]
		if !ok {
			continue
		}
		delete(back.rows, p.Main.Line)
		now, changed := back.merged(row, s.asked(p))
		if !changed {
			continue
		}
		who, faults := s.understood(p, now, names)
		for _, pr := range faults {
			bad = append(bad, component.Problem{Message: fmt.Sprintf("Row %d of the file (%s): %s", row.Line, p.Main.Subject, pr.Message)})
		}
		in.People[p.Main.ID] = who
	}
	for _, n := range slices.Sorted(maps.Keys(back.rows)) { // people who are done, or nobody of this request
		if row := back.rows[n]; n > len(back.before.Rows) {
			bad = append(bad, component.Problem{Message: fmt.Sprintf("Row %d of the file is not a row of this request.", row.Line)})
		} else if _, changed := back.merged(row, nil); changed {
			bad = append(bad, component.Problem{Message: fmt.Sprintf("Row %d of the file was changed, but is done already. Take the change back, or make a new request for it.", row.Line)})
		}
	}
	switch {
	case len(bad) > 0:
		return refuse(bad)
	case len(in.People) == 0:
		return refuse(problems{{Field: "file", Message: "No row of this file was changed, so there is nothing to ask for again."}})
	}
	return s.correct(w, r, c, in, func(status int, bad problems) error {
		return s.correctView(w, r, status, correctForm{problems: bad})
	})
}

// comparison is a return file beside the file of which it came.
type comparison struct {
	before       *joiners.List
	was, is      joiners.Format
	rows         map[int]joiners.Row // of the return file, by their number in the file before
	knownColumns []joiners.Field
}

// comparison reads a return file beside the source of the change. Errors are Invalid with a sentence.
func (s *server) comparison(r *http.Request, ch *change.Change, data []byte) (*comparison, error) {
	src, err := s.Changes.Source(r.Context(), actorFrom(r.Context()), ch.ID)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.New(fault.Invalid, "This request has no file to compare with: files are kept for 90 days. Correct the people one by one.")
	}
	if err != nil {
		return nil, fmt.Errorf("source of request: %w", err)
	}
	k := &comparison{rows: map[int]joiners.Row{}}
	if err := json.Unmarshal(src.Format, &k.was); err != nil {
		return nil, fmt.Errorf("format of the source of %s: %w", ch.ID, err)
	}
	if k.before, err = joiners.Read(src.Data, k.was); err != nil {
		return nil, fmt.Errorf("source of %s: %w", ch.ID, err)
	}
	k.is = joiners.Detect(data)
	// The columns mean what they meant in the file before, whatever they would be taken for now.
	for i := range k.is.Columns {
		k.is.Columns[i].Field = joiners.FieldNone
		for _, col := range k.was.Columns {
			if directory.Fold(col.Header) == directory.Fold(k.is.Columns[i].Header) {
				k.is.Columns[i].Field = col.Field
			}
		}
		if k.is.Columns[i].Field != joiners.FieldNone {
			k.knownColumns = append(k.knownColumns, k.is.Columns[i].Field)
		}
	}
	list, err := joiners.Read(data, k.is)
	if err != nil {
		return nil, err
	}
	for _, row := range list.Rows {
		switch _, twice := k.rows[row.Returned]; {
		case row.Returned == 0:
			return nil, fault.Newf(fault.Invalid, "Row %d of this file has no row number. Download the return file of this request, correct its cells and keep its last columns.", row.Line)
		case twice:
			return nil, fault.Newf(fault.Invalid, "Row %d of this file has the same number in the column Row as one above it. Each row of the request may stand there once.", row.Line)
		}
		k.rows[row.Returned] = row
	}
	if len(k.rows) == 0 {
		return nil, fault.New(fault.Invalid, "There is nobody in this file.")
	}
	rows, _, err := s.Changes.Rows(r.Context(), actorFrom(r.Context()), ch.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		return nil, fmt.Errorf("rows to compare with: %w", err)
	}
	return k, k.foreign(ch.Number, lineVerdicts(rows))
}

// foreign is Invalid when the file is the return file of another request, or rows of it changed places: rows are matched by
// their number only, so each must still be the person that it was. A row is somebody else when it has another user id, or
// neither its address nor a word of its name is as before; and the file is another one when most of its rows have neither
// the address nor the whole name that they had.
func (k *comparison) foreign(number int, now map[int]joiners.Verdict) error {
	take := fmt.Sprintf(" Nothing was stored. Download the return file of request #%d, correct its cells and leave its last columns as they are, or correct the people one by one.", number)
	before := map[identity]int{}
	for _, row := range k.before.Rows {
		who := k.identity(row, k.was)
		before[who] = cmp.Or(before[who], row.Number)
	}
	var strangers []joiners.Row
	for _, n := range slices.Sorted(maps.Keys(k.rows)) {
		if n > len(k.before.Rows) {
			continue
		}
		row := k.rows[n]
		was, is := k.identity(k.before.Rows[n-1], k.was), k.identity(row, k.is)
		if was == is && (row.ReturnedUser == "" || row.ReturnedUser == now[n].UserID) {
			continue
		}
		if other := before[is]; other > 0 && was != is && is != (identity{}) {
			return fault.Newf(fault.Invalid, "Row %d of the file has the number %d in the column Row, but is %s of row %d of the request. Rows have changed places."+take, row.Line, n, is, other)
		}
		if row.ReturnedUser != "" && row.ReturnedUser != now[n].UserID || !was.mayBe(is) {
			return fault.Newf(fault.Invalid, "Row %d of the file is %s, but row %d of this request is %s. It seems to be the return file of another request, or rows have changed places."+take, row.Line, is, n, was)
		}
		if was.address != is.address && (was.name == "" || was.name != is.name) {
			strangers = append(strangers, row)
		}
	}
	if len(k.rows) > 1 && 2*len(strangers) > len(k.rows) {
		return fault.Newf(fault.Invalid, "Most people of this file are others than those of this request, first in row %d. It seems to be the return file of another request."+take, strangers[0].Line)
	}
	return nil
}

// identity is by what a row of a file is recognised, folded.
type identity struct{ address, name string }

func (i identity) String() string { return strings.Trim(i.name+" <"+i.address+">", " <>") }

// mayBe says whether a corrected row can still be the same person.
func (i identity) mayBe(o identity) bool {
	return i.address == o.address || i.name == "" || slices.ContainsFunc(strings.Fields(i.name), func(w string) bool { return slices.Contains(strings.Fields(o.name), w) })
}

func (k *comparison) identity(row joiners.Row, f joiners.Format) (out identity) {
	for _, field := range k.knownColumns {
		text, _ := joiners.Cell(row, f, joiners.Edits{}, field)
		switch field {
		case joiners.FieldEmail:
			out.address = directory.Fold(strings.TrimSpace(text))
		case joiners.FieldFirstName, joiners.FieldLastName, joiners.FieldFullName:
			out.name = strings.TrimSpace(out.name + " " + directory.Fold(text))
		}
	}
	return out
}

// merged is what is asked for a person now: cells that were changed in the file, and asked for the others, because they
// may have been repaired on a page.
func (k *comparison) merged(row joiners.Row, asked map[joiners.Field]string) (map[joiners.Field]string, bool) {
	if row.Returned > len(k.before.Rows) {
		return nil, false
	}
	out, changed := maps.Clone(asked), false
	if out == nil {
		out = map[joiners.Field]string{}
	}
	for _, f := range k.knownColumns {
		was, _ := joiners.Cell(k.before.Rows[row.Returned-1], k.was, joiners.Edits{}, f)
		is, _ := joiners.Cell(row, k.is, joiners.Edits{}, f)
		if strings.TrimSpace(was) == strings.TrimSpace(is) {
			continue
		}
		changed = true
		if f == joiners.FieldFullName { // the checks split it again
			out[joiners.FieldFirstName], out[joiners.FieldLastName] = "", ""
		}
		out[f] = is
	}
	return out, changed
}
