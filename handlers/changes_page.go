package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// changeView is what of a change somebody looks at.
type changeView struct {
	change     change.Change
	word, text string
	step       int
	page, size int
	// typed is the form of the decision as it was sent, nil when the page is opened.
	typed *decision
	alert *component.AlertProps
	// answer is the answer to a question as it was sent, and what is wrong with it.
	answer, answerProblem string
	// part says that only parts of the page are asked for; beside, that they travel beside the run part.
	part, beside bool
}

// readyReasons are sentences to choose from when rejecting.
var readyReasons = []string{
	"Please send this again with a company address.",
	"This person does not need an account.",
	"The role is wrong for this person.",
	"The team is wrong for this person.",
	"Please ask again closer to the first day.",
}

// showAllUpTo is how many people are shown at once while deciding, unless the person chooses another size.
const showAllUpTo = 1000

// kindLabel is what a row of a kind is about.
func kindLabel(kind string) string {
	switch access.Act(kind) {
	case access.InviteUser:
		return "Account"
	case access.GiveRole:
		return "Role"
	case access.AddMember, access.RemoveMember:
		return "Team"
	case access.EditName:
		return "Name"
	case access.SetLanguage:
		return "Language"
	case access.SetOwnSettings:
		return "Setting"
	case access.TakeBackReaction:
		return "Reaction"
	case access.GrantRole, access.TakeRole, "give role to users", "take roles":
		return "Role"
	case access.HandOverObjectives, access.SetConfidence:
		return "Objective"
	case access.WriteAnnouncement, access.EditAnnouncement, access.RemoveAnnouncement:
		return "Announcement"
	case access.ActivateUser, access.DeactivateUser:
		return "Access"
	case access.DeleteUser, "delete users":
		return "Deletion"
	case access.ResendInvitation, access.SendPasswordMail:
		return "Mail"
	}
	if aboutTeams(kind) {
		return "Team"
	}
	return "Change"
}

// aboutTeams says whether the rows of a kind are teams, not people.
func aboutTeams(kind string) bool {
	switch access.Act(kind) {
	case access.CreateTeam, access.EditTeam, access.ReplaceTeam, access.MoveTeam, access.ActivateTeam, access.DeactivateTeam, access.DeleteTeam, access.SetManager, access.RemoveManager:
		return true
	}
	return false
}

// stepLabel names the rows of a step.
func stepLabel(s change.StepCount) string {
	if aboutTeams(s.Kind) {
		return map[bool]string{true: "team", false: "teams"}[s.Rows.Total() == 1]
	}
	if s.Step == 0 {
		return "people"
	}
	if s.Rows.Total() == 1 {
		return strings.ToLower(kindLabel(s.Kind))
	}
	return strings.ToLower(kindLabel(s.Kind)) + "s"
}

// changePage draws the page of a change, or parts of it.
func (s *server) changePage(w http.ResponseWriter, r *http.Request, status int, v changeView, fragments ...any) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	c := &v.change
	p := page.ChangeProps{Alert: v.alert, Beside: v.beside}
	may := access.MayDecide(a, c.Facts())
	var err error
	if p.Run, err = s.changeRun(r, c); err != nil {
		return err
	}
	switch {
	case may.Outcome != access.No && !hasAgreed(a, c):
		p.Question = s.question(a, c, "", "")
		err = s.decisionProps(r, &p, v)
		if err == nil {
			p.Decision.Confirm = s.confirmNotice(r, "decide", route.Change(c.ID))
		}
		withoutLinks(&p.Run) // a link would lose the ticks
	default:
		p.Question = s.question(a, c, v.answer, v.answerProblem)
		if c.State == change.Waiting {
			p.WhyNot = whyNot(a, c, may)
		}
		p.Table, err = s.changeTable(r, v)
	}
	if err != nil {
		return err
	}
	if !v.part || slices.Contains(fragments, any(page.ChangeStoryPart)) {
		if p.Story, err = s.story(r, c); err != nil {
			return err
		}
	}
	if !v.part {
		p.Facts = s.changeFacts(c)
		if a.May(access.Offboard) {
			p.Facts = append(p.Facts, checklistFact(c)...)
		}
		if p.Held, err = s.heldProps(r, c); err != nil {
			return err
		}
		if p.Frame, err = s.frame(w, r, route.Changes, layout.Props{Title: c.Title, Count: "#" + strconv.Itoa(c.Number),
			Crumbs: []layout.Crumb{{Label: "Requests", URL: route.Changes}}}); err != nil {
			return err
		}
	}
	return s.show(w, r, status, page.Change(p), fragments...)
}

// withoutLinks makes the sums plain text.
func withoutLinks(run *page.ChangeRun) {
	for i := range run.Steps {
		for k := range run.Steps[i].Words {
			run.Steps[i].Counts.Items[k].URL, run.Steps[i].Words[k].URL = "", ""
		}
	}
}

// hasAgreed says whether the actor has approved the version that waits, so that only others are still asked.
func hasAgreed(a access.Actor, c *change.Change) bool {
	return slices.ContainsFunc(c.Agreed(), func(d change.Decision) bool { return a.Same(d.By.Actor()) })
}

func whyNot(a access.Actor, c *change.Change, v access.Verdict) *component.AlertProps {
	if hasAgreed(a, c) {
		return &component.AlertProps{Tone: component.ToneInfo, Title: "You have agreed", Text: "One more person has to agree before anything is done. You cannot take part in that.", TestID: "why-not"}
	}
	p := &component.AlertProps{Tone: component.ToneInfo, Title: "You cannot decide this one", Text: strings.TrimSpace(v.Sentence + " " + v.Help), TestID: "why-not"}
	if a.Same(c.Requester.Actor()) {
		p.Title = "Waiting for somebody else"
	}
	return p
}

// changeFacts says what the request is.
func (s *server) changeFacts(c *change.Change) []component.Definition {
	facts := []component.Definition{{Term: "Asked by", Text: c.Requester.Name, Origin: s.exact(c.Created)}}
	if c.Reason != "" {
		facts = append(facts, component.Definition{Term: "Reason", Text: c.Reason})
	}
	if c.SourceName != "" {
		facts = append(facts, component.Definition{Term: "From the file", Text: c.SourceName})
	}
	if !c.Erased.IsZero() {
		facts = append(facts, component.Definition{Term: "Personal data", Text: "Names, addresses and values were deleted 90 days after the end. Numbers and outcomes stay.", Origin: s.exact(c.Erased)})
	}
	rule := component.Definition{Term: "Who decides", Text: c.RuleSentence}
	if c.Version > 1 {
		rule.Origin = "Version " + strconv.Itoa(c.Version)
	}
	if c.Deciders == 0 {
		rule.Term = "Needs no decision"
	}
	facts = append(append(facts, rule), undoFacts(c)...)
	if !c.Planned.IsZero() {
		facts = append(facts, component.Definition{Term: "Starts on", Text: s.planned(c.Planned), Origin: s.exact(c.Planned)})
	}
	if c.Deciders > 1 {
		facts = append(facts, component.Definition{Term: "Agreed so far", Text: agreedOf(c)})
	}
	if c.State.Undecided() && !c.Lapses.IsZero() {
		unless := ", if nobody decides"
		if c.State == change.Returned {
			unless = ", if nobody answers"
		}
		facts = append(facts, component.Definition{Term: "Lapses", Text: "in " + until(s.Now(), c.Lapses) + unless, Origin: s.exact(c.Lapses)})
	}
	return facts
}

// changeRun says where the change stands and what can be done about it.
func (s *server) changeRun(r *http.Request, c *change.Change) (page.ChangeRun, error) {
	a := actorFrom(r.Context())
	run := page.ChangeRun{State: c.State.Word(), Note: c.Note}
	switch c.State {
	case change.Paused, change.Lapsed, change.Cancelled:
		run.NoteTone = component.ToneWarning
	case change.Rejected:
		run.NoteTone = component.ToneDanger
	}
	for _, st := range c.Counts {
		run.Steps = append(run.Steps, changeStep(c.ID, st))
	}
	// What is on its way gets its end even when the rest is paused or cancelled.
	moving := c.State == change.Running || c.State == change.Approved
	for _, st := range c.Counts {
		moving = moving || st.Rows[change.Checking]+st.Rows[change.InIntent]+st.Rows[change.Unknown] > 0
	}
	if moving {
		run.PollURL = route.Change(c.ID)
	}
	main := c.Main()
	switch c.State {
	case change.Running:
		speed, err := s.Changes.Progress(r.Context(), *c, s.Now())
		if err != nil {
			return run, err
		}
		done, of := progressOf(main)
		run.Progress = &component.ProgressProps{Label: "Done so far", Value: done, Max: of, Text: s.progressText(c, speed), TestID: "progress"}
		run.MayClose = "You can close this page, we will tell you. The work goes on, and the result stays here."
		stuck, err := s.onlyHeld(r, c)
		if err != nil {
			return run, err
		}
		if stuck {
			run.MayClose = "Nothing goes on by itself any more: what is left is held and waits for a person, who lets it go on or drops it below."
		}
	case change.Paused:
		done, of := progressOf(main)
		run.Progress = &component.ProgressProps{Label: "Done so far", Value: done, Max: of, Text: count(done) + " of " + count(of), TestID: "progress"}
		run.Announce = "Paused at " + run.Progress.Text
	case change.Approved:
		run.MayClose = "It starts in a moment. You can close this page."
	case change.Scheduled:
		run.Note = "Scheduled for " + s.planned(c.Planned) + ". It starts by itself; nothing has been done yet."
		run.MayClose = "You can close this page, we will tell you."
	case change.Finished, change.Problems, change.Cancelled:
		run.Announce = c.State.Word() + ": " + words(main)
	}
	if moving {
		run.Announce = "" // said once, at the end, and not with every look
	}
	run.Notes = runNotes(c)
	if again := againNote(a, c); again != nil {
		run.Notes = append(run.Notes, *again)
	}
	if n := c.TakesLicences(); n > 0 && !c.State.Ended() {
		l, err := s.licences(r.Context(), n, c.ID)
		if err != nil {
			return run, err
		}
		if note := licenceNote(a, l); note != nil {
			run.Notes = append(run.Notes, *note)
		}
	}
	run.Acts = changeActs(a, c)
	run.CorrectURL, run.CorrectLabel = s.correctLink(a, c)
	if mayUndo(a, c) {
		run.UndoURL = route.ChangeAct(c.ID, "undo")
	}
	if c.SourceName != "" && c.Erased.IsZero() && (c.State.Ended() || c.State == change.Paused) {
		run.ReturnURL = route.ChangeReturn(c.ID)
		run.ReturnAdvice = "The return file is your file with status, reason and user id of each row."
	}
	return run, nil
}

// progressOf says how many rows have their end, of those that were to be carried out: rejected rows never are.
func progressOf(c change.Counts) (done, of int) {
	return c.Ended() - c[change.RejectedRow], c.Total() - c[change.RejectedRow]
}

// onlyHeld says whether all that is left is held, or waits for a row that is. What is left is read only where the counts
// leave it open, for the page asks again and again.
func (s *server) onlyHeld(r *http.Request, c *change.Change) (bool, error) {
	main := c.Main()
	if c.Held() == 0 || onTheirWay(c) > 0 || main[change.Queued] > 0 {
		return false, nil
	}
	stuck := map[id.Row]bool{}
	for _, state := range []change.RowState{change.Held, change.Queued} {
		rows, _, err := s.Changes.Rows(r.Context(), actorFrom(r.Context()), c.ID, change.RowFilter{Step: change.AllSteps, Word: state.Word()})
		if err != nil {
			return false, fmt.Errorf("rows that are left: %w", err)
		}
		for i := range rows { // a row comes after the one that it waits for
			if state == change.Queued && !stuck[rows[i].Parent] {
				return false, nil
			}
			stuck[rows[i].ID] = true
		}
	}
	return true, nil
}

// againNote says how to go on after a cancelled request, to those who may make it again; nil for others.
func againNote(a access.Actor, c *change.Change) *component.AlertProps {
	if c.State != change.Cancelled || access.MaySteer(a, c.Facts()).Outcome == access.No {
		return nil
	}
	p := &component.AlertProps{Tone: component.ToneInfo, Title: "To ask for the rest", TestID: "again-note", Text: "A cancelled request stays as it is. What is left can be asked for in a new one."}
	if c.Kind == change.InvitePeople && a.May(access.Invite) {
		p.LinkURL, p.LinkLabel = route.Invite, "Start a new list"
		if c.SourceName != "" && c.Erased.IsZero() {
			p.Text = "A cancelled request stays as it is. Download its return file, which says who is done, and send it as a new list: for those who are there already nothing is done a second time."
		}
	}
	return p
}

// runNotes explain the rows that nothing moves by itself, and those whose outcome is not known.
func runNotes(c *change.Change) []component.AlertProps {
	var out []component.AlertProps
	if held := heldNote(c); held != nil {
		out = append(out, *held)
	}
	unknown := 0
	for _, st := range c.Counts {
		unknown += st.Rows[change.Unknown]
	}
	if unknown > 0 {
		out = append(out, component.AlertProps{Tone: component.ToneInfo, Title: count(unknown) + " with an unknown outcome", TestID: "unknown-note",
			Text: "Gtmhub did not answer, or the answer was lost on the way: it may or may not have happened. Nothing is sent a second time before that is known. " +
				"The portal waits until a late effect would show, looks in Gtmhub, and then says done or tries again. There is nothing to do for you."})
	}
	return out
}

// progressText says how far it is: "120 of 300, 140 a minute, about 2 minutes left".
func (s *server) progressText(c *change.Change, speed change.Progress) string {
	main := c.Main()
	done, of := progressOf(main)
	text := count(done) + " of " + count(of)
	if main.Ended() == main.Total() {
		for _, st := range c.Counts[1:] {
			if st.Rows.Ended() < st.Rows.Total() {
				done, of := progressOf(st.Rows)
				return text + ", now the " + stepLabel(st) + ": " + count(done) + " of " + count(of)
			}
		}
		return text
	}
	if !c.Resumes.IsZero() && c.Resumes.After(s.Now()) {
		return text + ". Gtmhub asked us to slow down; it goes on at " + c.Resumes.In(s.Zone).Format("15:04:05")
	}
	if speed.PerMinute > 0 {
		text += ", " + count(speed.PerMinute) + " a minute"
	}
	if speed.Left > 0 {
		text += ", " + about(speed.Left) + " left"
	}
	return text
}

// about writes a duration as people say it.
func about(d time.Duration) string {
	switch m := int(d.Round(time.Minute).Minutes()); {
	case d < 10*time.Second:
		return "a few seconds"
	case d < 50*time.Second:
		return "about " + strconv.Itoa(int(d.Round(10*time.Second).Seconds())) + " seconds"
	case m <= 1:
		return "about a minute"
	case m < 120:
		return "about " + strconv.Itoa(m) + " minutes"
	default:
		return "about " + strconv.Itoa(int(d.Round(time.Hour).Hours())) + " hours"
	}
}

func changeStep(c id.Change, st change.StepCount) page.ChangeStep {
	out := page.ChangeStep{Label: stepLabel(st), Total: st.Rows.Total(), Parts: parts(st.Rows)}
	if st.Step == 0 && out.Total == 1 && !aboutTeams(st.Kind) {
		out.Label = "person"
	}
	at := func(word string) string {
		q := url.Values{"word": {word}}
		if st.Step > 0 {
			q.Set("step", strconv.Itoa(st.Step))
		}
		return route.With(route.Change(c), q)
	}
	out.Counts.Label = "People by state"
	for _, w := range st.Rows.ByWord() {
		out.Counts.Items = append(out.Counts.Items, component.CountItem{Word: w.Word, Count: w.Rows, URL: at(w.Word)})
		out.Words = append(out.Words, page.StepWord{Word: w.Word, Rows: w.Rows, URL: at(w.Word),
			TestID: "step-" + strconv.Itoa(st.Step) + "-count-" + strings.ReplaceAll(w.Word, " ", "-")})
	}
	return out
}

// changeActs are the buttons that the actor may press in the state of the change. The numbers are those of all steps'
// first: people.
func changeActs(a access.Actor, c *change.Change) []component.PostButtonProps {
	post := func(act, label string, icon component.Icon, v component.ButtonVariant) component.PostButtonProps {
		return component.PostButtonProps{Action: route.ChangeAct(c.ID, act), Button: component.ButtonProps{Label: label, Icon: icon, Variant: v, Small: true, TestID: act}}
	}
	if c.State.Undecided() {
		if a.Same(c.Requester.Actor()) {
			return []component.PostButtonProps{post("withdraw", "Withdraw the request", component.IconArrowBackUp, component.ButtonDefault)}
		}
		return nil
	}
	if access.MaySteer(a, c.Facts()).Outcome == access.No {
		return nil
	}
	open, failed := 0, c.Retryable
	for _, st := range c.Counts {
		open += st.Rows[change.Queued] + st.Rows[change.Held]
	}
	var out []component.PostButtonProps
	switch c.State {
	case change.Running, change.Approved:
		out = append(out, post("pause", "Pause", component.IconPlayerPause, component.ButtonDefault))
	case change.Scheduled:
		out = append(out, post("start", "Start now", component.IconPlayerPlay, component.ButtonDefault))
	case change.Paused:
		out = append(out, post("resume", "Go on", component.IconPlayerPlay, component.ButtonPrimary))
	case change.Problems:
		if failed == 0 || !c.Erased.IsZero() {
			break // those that failed belong to an earlier version: they are corrected, or asked for again
		}
		out = append(out, post("retry", "Try the "+count(failed)+" failed again", component.IconRefresh, component.ButtonDefault))
	}
	switch c.State {
	case change.Running, change.Approved, change.Scheduled, change.Paused:
		if left := c.Main()[change.Queued] + c.Main()[change.Held]; left > 0 {
			out = append(out, post("cancel", "Cancel the "+count(left)+" left", component.IconX, component.ButtonDefault))
		} else if open > 0 {
			out = append(out, post("cancel", "Cancel what is left", component.IconX, component.ButtonDefault))
		}
	}
	return out
}

// affected is one main row with the rows that depend on it.
type affected struct {
	row  change.Row
	more []change.Row
}

// decidable says whether a decision about the person changes anything.
func (p *affected) decidable() bool {
	return p.row.State == change.Queued || slices.ContainsFunc(p.more, func(r change.Row) bool { return r.State == change.Queued })
}

// grouped puts rows to the rows that they depend on, in the order of the main rows.
func grouped(main, more []change.Row) []affected {
	out := make([]affected, len(main))
	at := make(map[id.Row]int, len(main))
	for i := range main {
		out[i].row, at[main[i].ID] = main[i], i
	}
	for i := range more {
		if k, ok := at[more[i].Parent]; ok {
			out[k].more = append(out[k].more, more[i])
		}
	}
	return out
}

// changeTable is the list of people for somebody who does not decide: one page from the store.
func (s *server) changeTable(r *http.Request, v changeView) (page.ChangeTable, error) {
	ctx, a, c := r.Context(), actorFrom(r.Context()), v.change.ID
	f := change.RowFilter{Step: v.step, Word: v.word, Text: v.text, RiskyFirst: v.change.State == change.Waiting, Page: v.page, Size: v.size}
	main, total, err := s.Changes.Rows(ctx, a, c, f)
	if err != nil {
		return page.ChangeTable{}, fmt.Errorf("rows of request: %w", err)
	}
	var more []change.Row
	if v.step == 0 {
		ids := make([]id.Row, len(main))
		for i := range main {
			ids[i] = main[i].ID
		}
		if more, _, err = s.Changes.Rows(ctx, a, c, change.RowFilter{Step: change.AllSteps, Parents: ids}); err != nil {
			return page.ChangeTable{}, fmt.Errorf("rows of later steps: %w", err)
		}
	}
	t := page.ChangeTable{Columns: columns(&v.change, v.step), Pager: pager(r, v.page, v.size, len(main), total, "people")}
	for _, p := range grouped(main, more) {
		t.People = append(t.People, s.changePerson(r, p, t.Columns))
	}
	t.State = []component.Hidden{{Name: "q", Value: v.text}, {Name: "word", Value: v.word}, {Name: "step", Value: strconv.Itoa(v.step)},
		{Name: "page", Value: strconv.Itoa(v.page)}, {Name: "size", Value: strconv.Itoa(v.size)}}
	keep := slices.DeleteFunc(slices.Clone(t.State), func(h component.Hidden) bool { return h.Name == "q" || h.Name == "page" || h.Value == "" })
	t.Search = &component.SearchBoxProps{Action: route.Change(c), Value: v.text, Label: "Search name or address", Keep: keep, Target: "#change-rows", TestID: "search"}
	t.Filter, t.ClearURL = filterSentence(v, total), route.Change(c)
	t.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "Nobody matches", Text: "Search for another name, or show all people of this request.",
		Action: component.LinkButton(component.LinkButtonProps{Label: "Show all", URL: route.Change(c)})}
	return t, nil
}

func filterSentence(v changeView, total int) string {
	var what []string
	if v.word != "" {
		what = append(what, v.word)
	}
	if v.step > 0 {
		what = append(what, "in "+stepLabel(v.change.Counts[min(v.step, len(v.change.Counts)-1)]))
	}
	if v.text != "" {
		what = append(what, "with “"+v.text+"”")
	}
	if len(what) == 0 {
		return ""
	}
	return "Shown: " + strings.Join(what, ", ") + " (" + count(total) + ")."
}

// columns are the kinds of rows of a change, beside the person.
func columns(c *change.Change, step int) []string {
	var out []string
	for _, st := range c.Counts {
		if step > 0 && st.Step != step {
			continue
		}
		if l := kindLabel(st.Kind); !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

func (s *server) changePerson(r *http.Request, p affected, columns []string) page.ChangePerson {
	user := p.row.User
	if p.row.Result != "" && p.row.Team == "" {
		user = id.User(p.row.Result)
	}
	out := page.ChangePerson{Row: string(p.row.ID), Tick: p.decidable(), Flags: p.row.Flags, Acts: make([][]page.ChangeAct, len(columns)),
		Cell: component.UserCellProps{ID: p.row.Detail, Name: p.row.Subject, Email: p.row.Detail}}
	if p.row.Subject == p.row.Detail {
		out.Cell.Name = ""
	}
	if p.row.Line > 0 {
		out.Cell.Note = "person " + strconv.Itoa(p.row.Line)
	}
	if p.row.Version > 1 {
		out.Cell.Note = strings.TrimPrefix(out.Cell.Note+", corrected in version "+strconv.Itoa(p.row.Version), ", ")
	}
	if user != "" {
		if _, ok := s.view(r.Context()).User(user); ok {
			out.Cell.URL = route.User(user)
		}
	}
	for _, row := range append([]change.Row{p.row}, p.more...) {
		act := page.ChangeAct{Old: row.Before, New: row.After, State: row.State.Word(), Reason: row.Reason}
		if act.Reason == "" {
			act.Reason = row.Note
		}
		if row.Step > 0 && act.Reason == p.row.Reason {
			act.Reason = "" // the same sentence stands beside the account already
		}
		if i := slices.Index(columns, kindLabel(row.Kind)); i >= 0 {
			out.Acts[i] = append(out.Acts[i], act)
		}
	}
	return out
}

// decisionProps fills in the form of the decision and the list with ticks. All rows are loaded: the numbers on the
// buttons and what to look at are about all of them, whatever part is shown.
func (s *server) decisionProps(r *http.Request, p *page.ChangeProps, v changeView) error {
	c := &v.change
	rows, _, err := s.Changes.Rows(r.Context(), actorFrom(r.Context()), c.ID, change.RowFilter{Step: change.AllSteps, Version: c.Version, RiskyFirst: true})
	if err != nil {
		return fmt.Errorf("rows to decide: %w", err)
	}
	var main, more []change.Row
	for i := range rows {
		if rows[i].Step == 0 {
			main = append(main, rows[i])
		} else {
			more = append(more, rows[i])
		}
	}
	all := grouped(main, more)
	typed := v.typed
	if typed == nil {
		typed = &decision{page: v.page, size: everybody, word: v.word, text: v.text}
		if len(all) > showAllUpTo {
			typed.size = 100
		}
	}
	p.Decision, p.Table = decisionForm(c, all, typed)
	shown := slices.DeleteFunc(slices.Clone(all), func(a affected) bool { return !matches(&a, typed.word, typed.text) })
	from := min((typed.page-1)*typed.size, len(shown))
	to := min(from+typed.size, len(shown))
	p.Table.Columns = columns(c, 0)
	onPage := map[id.Row]bool{}
	for _, person := range shown[from:to] {
		row := s.changePerson(r, person, p.Table.Columns)
		row.Ticked = typed.ticked[person.row.ID]
		onPage[person.row.ID] = true
		p.Table.People = append(p.Table.People, row)
	}
	for _, row := range typed.reject {
		if !onPage[row] {
			p.Decision.Hidden = append(p.Decision.Hidden, component.Hidden{Name: "reject", Value: string(row)})
		}
	}
	ctl := p.Table.Deciding
	ctl.Position = "Nobody"
	if to > from {
		ctl.Position = count(from+1) + "–" + count(to) + " of " + people(len(shown))
	}
	if from > 0 {
		ctl.Previous = strconv.Itoa(typed.page - 1)
	}
	if to < len(shown) {
		ctl.Next = strconv.Itoa(typed.page + 1)
	}
	p.Table.Filter = filterSentence(changeView{change: *c, word: typed.word, text: typed.text}, len(shown))
	return nil
}

// decisionForm is the form with its numbers, and the controls of the list.
func decisionForm(c *change.Change, all []affected, typed *decision) (*page.ChangeDecision, page.ChangeTable) {
	intro := ""
	if settled := c.Main().Total() - len(all); c.Version > 1 {
		intro = "This is version " + strconv.Itoa(c.Version) + " of the list. Votes on an earlier one do not count."
		if settled > 0 {
			intro += " " + capital(people(settled)) + " of earlier versions are settled and stay as they are."
		}
	}
	if c.Deciders > 1 {
		intro = strings.TrimSpace(intro + " " + count(c.Deciders) + " people have to agree; so far " + agreedOf(c) + ".")
	}
	d := &page.ChangeDecision{Intro: intro, Action: route.ChangeAct(c.ID, "decide"), Chosen: typed.ready, Reason: typed.reason, ReasonProblem: typed.problem,
		Hidden: []component.Hidden{{Name: "version", Value: strconv.Itoa(c.Version)}, {Name: "hash", Value: c.Hash}}}
	flags := map[string]int{}
	var order []string
	for i := range all {
		if all[i].decidable() {
			d.Total++
			if typed.ticked[all[i].row.ID] {
				d.Ticked++
			}
		}
		for _, f := range all[i].row.Flags {
			f, _, _ = strings.Cut(f, ":")
			if flags[f]++; flags[f] == 1 {
				order = append(order, f)
			}
		}
	}
	for _, f := range order {
		d.Look = append(d.Look, component.BadgeProps{Text: count(flags[f]) + " × " + f, Tone: component.ToneWarning, Icon: component.IconFlag})
	}
	d.ApproveLabel, d.RejectLabel = "Approve all "+count(d.Total), "Reject all "+count(d.Total)
	switch {
	case d.Ticked > 0:
		d.ApproveLabel = "Approve " + count(d.Total-d.Ticked) + " of " + count(d.Total)
	case d.Total == 1:
		d.ApproveLabel, d.RejectLabel = "Approve", "Reject"
	}
	for _, reason := range readyReasons {
		d.Ready = append(d.Ready, component.Option{Value: reason, Label: reason})
	}
	ctl := &page.ChangeControls{Query: typed.text, Word: typed.word, Size: strconv.Itoa(typed.size)}
	for _, n := range []int{50, 100, everybody} {
		label := count(n) + " rows"
		if n == everybody {
			label = "All rows"
		}
		ctl.Sizes = append(ctl.Sizes, component.Option{Value: strconv.Itoa(n), Label: label})
	}
	for _, w := range c.Main().ByWord() {
		ctl.Words = append(ctl.Words, component.Option{Value: w.Word, Label: w.Word + " (" + count(w.Rows) + ")"})
	}
	return d, page.ChangeTable{Deciding: ctl, Empty: component.EmptyStateProps{Icon: component.IconSearch, Title: "Nobody matches", Text: "Empty the search field and press Search to see all again."}}
}

func matches(a *affected, word, text string) bool {
	return (word == "" || a.row.State.Word() == word) &&
		(text == "" || strings.Contains(directory.Fold(a.row.Subject+" "+a.row.Detail), directory.Fold(text)))
}

// storyEvents are the events of the time line that the change itself does not tell.
var storyEvents = []struct {
	event audit.Event
	text  string
	icon  component.Icon
	tone  component.Tone
}{
	{audit.Started, "The run started", component.IconPlayerPlay, component.ToneInfo},
	{audit.Reminded, "Half of the time for a decision is over: the people who decide were reminded", component.IconClock, component.ToneNeutral},
	{audit.Escalated, "Three quarters of the time are over: the alternates were asked", component.IconClock, component.ToneWarning},
	{audit.Paused, "paused it", component.IconPlayerPause, component.ToneWarning},
	{audit.Resumed, "let it go on", component.IconPlayerPlay, component.ToneInfo},
	{audit.Hastened, "started it before its date", component.IconPlayerPlay, component.ToneInfo},
	{audit.Released, "let a held row go on", component.IconPlayerPlay, component.ToneInfo},
	{audit.Dropped, "dropped a held row", component.IconX, component.ToneNeutral},
	{audit.Retried, "had the failed rows tried again", component.IconRefresh, component.ToneInfo},
	{audit.Cancelled, "cancelled it", component.IconX, component.ToneNeutral},
	{audit.Withdrawn, "withdrew it", component.IconArrowBackUp, component.ToneNeutral},
	{audit.Lapsed, "It lapsed: nobody decided in time", component.IconClock, component.ToneNeutral},
}

// story is what happened to the change, newest first.
func (s *server) story(r *http.Request, c *change.Change) ([]component.TimelineItem, error) {
	type event struct {
		at   time.Time
		item component.TimelineItem
	}
	var all []event
	add := func(at time.Time, icon component.Icon, tone component.Tone, text, detail string) {
		if !at.IsZero() {
			all = append(all, event{at, component.TimelineItem{When: s.when(at), Text: text, Detail: detail, Icon: icon, Tone: tone}})
		}
	}
	asked := " asked for this"
	if c.Deciders == 0 {
		asked = " made this change"
	}
	add(c.Created, component.IconSend, component.ToneInfo, c.Requester.Name+asked, c.Reason)
	for _, d := range c.Decisions {
		it := "it"
		if c.Version > 1 {
			it = "version " + strconv.Itoa(d.Version)
		}
		switch {
		case !d.Approve:
			add(d.At, component.IconX, component.ToneDanger, d.By.Name+" rejected "+it, d.Reason)
		case len(d.Rejected) > 0:
			add(d.At, component.IconCheck, component.ToneSuccess, d.By.Name+" approved "+it+" without "+rowsOf(len(d.Rejected)), d.Reason)
		default:
			add(d.At, component.IconCheck, component.ToneSuccess, d.By.Name+" approved all of "+it, d.Reason)
		}
	}
	for _, v := range c.Versions {
		if v.Number > 1 {
			add(v.At, component.IconEdit, component.ToneInfo, "Version "+strconv.Itoa(v.Number)+": "+people(v.Rows)+" corrected by "+v.By.Name, v.Note)
		}
	}
	for _, q := range c.Talk {
		if q.Question {
			add(q.At, component.IconMessageCircle, component.ToneWarning, q.By.Name+" sent it back with a question", q.Text)
		} else {
			add(q.At, component.IconMessageCircle, component.ToneInfo, q.By.Name+" answered", q.Text)
		}
	}
	if c.Version == 1 {
		add(c.Started, component.IconPlayerPlay, component.ToneInfo, "The run started", "")
	}
	switch c.State {
	case change.Finished:
		add(c.Ended, component.IconCircleCheck, component.ToneSuccess, "The run finished", words(c.Main()))
	case change.Problems:
		add(c.Ended, component.IconAlertTriangle, component.ToneWarning, "The run finished with problems", words(c.Main()))
	}
	for _, e := range storyEvents {
		if e.event == audit.Started && c.Version == 1 {
			continue // the change itself tells of its only run
		}
		entries, err := s.Trail.Entries(r.Context(), audit.Filter{Change: c.ID, Event: e.event, Limit: 20})
		if err != nil {
			return nil, fmt.Errorf("history of request: %w", err)
		}
		for _, entry := range entries {
			text := entry.Who.Name + " " + e.text
			switch {
			case slices.Contains([]audit.Event{audit.Lapsed, audit.Started, audit.Reminded, audit.Escalated}, entry.Event):
				text = e.text
			case entry.Who.Kind != access.ByPerson:
				text = "It was paused"
			}
			add(entry.At, e.icon, e.tone, text, entry.Result)
		}
	}
	slices.SortStableFunc(all, func(a, b event) int { return b.at.Compare(a.at) })
	out := make([]component.TimelineItem, len(all))
	for i := range all {
		out[i] = all[i].item
	}
	return out, nil
}

func rowsOf(n int) string {
	return plural(n, "row")
}
