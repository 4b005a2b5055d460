package handlers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// box is a list of requests as a tab.
type box struct {
	box           change.Box
	label, testID string
}

// boxes are the lists that the actor may have.
func boxes(a access.Actor) []box {
	var out []box
	if a.May(access.ChangesDecide) {
		out = append(out, box{change.ForMe, "Waiting for me", "tab-waiting"})
	}
	out = append(out, box{change.Mine, "Mine", "tab-mine"})
	switch {
	case a.HR || a.Auditor:
		out = append(out, box{change.All, "All", "tab-all"})
	case a.Approver:
		out = append(out, box{change.All, "Decided by me", "tab-all"})
	}
	return out
}

// changesIndex handles GET /changes: the requests that wait for the person, their own, or all that they may see.
func (s *server) changesIndex(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, me := actorFrom(ctx), personFrom(ctx)
	q := r.URL.Query()
	may := boxes(a)
	current := may[0]
	for _, b := range may {
		if string(b.box) == q.Get("box") {
			current = b
		}
	}
	number, size := positive(q.Get("page"), 1), pageSize(q.Get("size"))
	p := page.ChangesProps{Waiting: current.box == change.ForMe}
	var list []change.Change
	var total int
	for _, b := range may {
		// The tabs show how many are in each list; only the current one is shown.
		n, of := 1, 1
		if b == current {
			n, of = number, size
		}
		found, count, err := s.Changes.List(ctx, a, me, b.box, n, of)
		if err != nil {
			return fmt.Errorf("list requests: %w", err)
		}
		if b == current {
			list, total = found, count
		}
		p.Tabs = append(p.Tabs, component.Tab{Label: b.label, URL: route.With(route.Changes, url.Values{"box": {string(b.box)}}), Current: b == current,
			Count: count, ShowCount: true, TestID: b.testID})
	}
	for i := range list {
		p.Items = append(p.Items, s.changeItem(&list[i]))
	}
	p.Empty = emptyBox(a, current.box)
	p.Pager = pager(r, number, size, len(list), total, "requests")
	var err error
	if p.Frame, err = s.frame(w, r, route.Changes, layout.Props{Title: "Requests", Subtitle: "What was asked for, who decided, and what came of it"}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Changes(p))
}

func emptyBox(a access.Actor, b change.Box) component.EmptyStateProps {
	switch b {
	case change.ForMe:
		return component.EmptyStateProps{Icon: component.IconCheck, Title: "Nothing waits for you", Text: "Requests that you may decide appear here. Your own are decided by somebody else."}
	case change.Mine:
		e := component.EmptyStateProps{Title: "You have made no requests yet", Text: "What you ask for or change appears here, with who decided and what came of it."}
		if a.May(access.Invite) {
			e.Action = component.LinkButton(component.LinkButtonProps{Label: "Invite people", URL: route.Invite, Icon: component.IconUserPlus, Variant: component.ButtonPrimary})
		}
		return e
	}
	if a.HR || a.Auditor {
		return component.EmptyStateProps{Title: "No requests yet", Text: "Nobody has asked for anything yet. Each invitation and each change of a team appears here."}
	}
	return component.EmptyStateProps{Title: "You have decided nothing yet", Text: "Requests that you have approved or rejected appear here."}
}

func (s *server) changeItem(c *change.Change) page.ChangeItem {
	main := c.Main()
	item := page.ChangeItem{Number: c.Number, Title: c.Title, URL: route.Change(c.ID), By: c.Requester.Name, Reason: c.Reason,
		People: people(main.Total()), State: c.State.Word(), Parts: parts(main), Counts: words(main), Made: s.when(c.Created)}
	if !c.Planned.IsZero() && !c.State.Ended() && c.Started.IsZero() {
		item.Planned = "for " + s.planned(c.Planned)
	}
	if c.State == change.Waiting && !c.Lapses.IsZero() {
		left := until(s.Now(), c.Lapses)
		item.Lapses = s.when(c.Lapses)
		item.Lapses.Relative = "in " + left
		if left == "" {
			item.Lapses.Relative = "now"
		}
		item.Soon = c.Lapses.Sub(s.Now()) < 24*time.Hour
	}
	return item
}

// when is a moment for templates.
func (s *server) when(t time.Time) component.When {
	if t.IsZero() {
		return component.When{}
	}
	return component.When{Relative: ago(s.Now(), t), Exact: s.exact(t), ISO: t.UTC().Format(time.RFC3339)}
}

// parts are the counts as a bar.
func parts(c change.Counts) []component.BarPart {
	var out []component.BarPart
	for _, w := range c.ByWord() {
		out = append(out, component.BarPart{Label: w.Word, Count: w.Rows, Tone: component.StatusFor(w.Word)})
	}
	return out
}

// words are the counts as a sentence: "298 done, 2 failed".
func words(c change.Counts) string {
	var out []string
	for _, w := range c.ByWord() {
		out = append(out, count(w.Rows)+" "+w.Word)
	}
	return strings.Join(out, ", ")
}

// positive reads a number above 0, or returns the fallback.
func positive(text string, fallback int) int {
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n < 1_000_000 {
		return n
	}
	return fallback
}

// pageSize reads the number of rows per page: one of component.PageSizes, 50 otherwise.
func pageSize(text string) int {
	if n := positive(text, 50); slices.Contains(component.PageSizes(), n) {
		return n
	}
	return 50
}

// pager says where in a list the page is. shown is how many rows are on it.
func pager(r *http.Request, number, size, shown, total int, noun string) component.PagerProps {
	p := component.PagerProps{Total: total, Noun: noun}
	at := func(n int) string { return query(r, map[string]string{"page": strconv.Itoa(n)}) }
	if shown > 0 {
		p.From, p.To = (number-1)*size+1, (number-1)*size+shown
	}
	last := (total + size - 1) / size
	for _, n := range component.PageNumbers(number, last) {
		l := component.PageLink{Number: n, Current: n == number}
		if n > 0 {
			l.URL = at(n)
		}
		p.Pages = append(p.Pages, l)
	}
	if number > 1 {
		p.PrevURL = at(min(number-1, max(last, 1)))
	}
	if number < last {
		p.NextURL = at(number + 1)
	}
	if total > component.PageSizes()[0] {
		for _, n := range component.PageSizes() {
			p.Sizes = append(p.Sizes, component.PageSize{Size: n, Current: n == size, URL: query(r, map[string]string{"size": strconv.Itoa(n), "page": ""})})
		}
	}
	return p
}

// changeOf reads the id of the path and loads the change for the actor. Malformed, missing and foreign are all 404.
func (s *server) changeOf(r *http.Request) (change.Change, error) {
	c, err := changeID(r)
	if err != nil {
		return change.Change{}, err
	}
	return s.Changes.Show(r.Context(), actorFrom(r.Context()), c)
}

func changeID(r *http.Request) (id.Change, error) {
	c, err := id.ParseChange(r.PathValue("id"))
	if err != nil {
		return "", fault.Wrap(err, fault.NotFound, "There is no such request.")
	}
	return c, nil
}

// changesShow handles GET /changes/{id}, and its parts for htmx: the rows while somebody searches, everything that
// moves while it is carried out.
func (s *server) changesShow(w http.ResponseWriter, r *http.Request) error {
	c, err := s.changeOf(r)
	if errors.Is(err, fault.NotFound) {
		if known, malformed := changeID(r); malformed == nil {
			return s.decidedMeanwhile(w, r, http.StatusOK, known, err)
		}
	}
	if err != nil {
		return err
	}
	q := r.URL.Query()
	v := changeView{change: c, word: q.Get("word"), text: q.Get("q"), step: stepOf(&c, q.Get("step")), page: positive(q.Get("page"), 1), size: pageSize(q.Get("size"))}
	if !slices.Contains(change.Words(), v.word) {
		v.word = ""
	}
	var fragments []any
	if htmx(r) {
		switch r.Header.Get("HX-Target") {
		case "change-rows":
			fragments = []any{page.ChangeRowsPart}
		case "change-run":
			v.beside = true
			fragments = []any{page.ChangeRunPart, page.ChangeRowsPart}
			if c.State != change.Running && c.State != change.Approved {
				fragments = append(fragments, page.ChangeStoryPart)
			}
		}
	}
	v.part = len(fragments) > 0
	return s.changePage(w, r, http.StatusOK, v, fragments...)
}

// stepOf reads a step of the change; the main one if there is no such step.
func stepOf(c *change.Change, text string) int {
	if n, err := strconv.Atoi(text); err == nil && slices.ContainsFunc(c.Counts, func(s change.StepCount) bool { return s.Step == n }) {
		return n
	}
	return 0
}

// changesDecide handles POST /changes/{id}/decide. The form also carries the list with its ticks from page to page and
// through searches: any other button than those that decide or ask shows the page again.
func (s *server) changesDecide(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := form(r, "reject")
	if err != nil {
		return err
	}
	c, err := changeID(r)
	if err != nil {
		return err
	}
	typed, err := readDecision(f)
	if err != nil {
		return err
	}
	if typed.do == "show" {
		return s.decisionAgain(w, r, http.StatusOK, c, typed)
	}
	word := change.Word{Version: typed.version, Hash: typed.hash, Approve: typed.do == "approve", Reason: typed.wholeReason()}
	if typed.do == "return" {
		word.Reason = typed.reason // a ready-made reason is no question
	}
	if word.Approve {
		if word.Reject, err = s.rejected(r, c, typed.reject); err != nil {
			return err
		}
	}
	decide := s.Changes.Decide
	if typed.do == "return" {
		decide = s.Changes.SendBack
	}
	done, err := decide(ctx, actorFrom(ctx), personFrom(ctx), c, word)
	if field, ok := errors.AsType[*fault.FieldError](err); ok {
		typed.problem = field.Message
		return s.decisionAgain(w, r, http.StatusUnprocessableEntity, c, typed)
	}
	if errors.Is(err, fault.Conflict) {
		return s.tooLate(w, r, c, err)
	}
	if err != nil {
		return err
	}
	kind, text := layout.ToastSuccess, "Approved. It is carried out now."
	switch {
	case done.State == change.Rejected:
		text = "Rejected. The requester reads your reason."
	case done.State == change.Returned:
		text = "Sent back. The requester reads your question and answers, corrects the list, or withdraws it."
	case typed.do == "reject", len(done.Decisions) > 0 && !done.Decisions[len(done.Decisions)-1].Approve:
		text = "Rejected. What was done before stays done."
	case done.State == change.Waiting:
		kind, text = layout.ToastInfo, "Your approval is stored: "+agreedOf(&done)+". One more person has to agree."
	case done.State == change.Scheduled:
		text = "Approved. It starts on " + s.planned(done.Planned) + "."
	case len(typed.reject) > 0:
		text = "Approved, " + count(len(typed.reject)) + " rejected. The rest is carried out now."
	}
	if err := s.say(w, r, kind, text); err != nil {
		return err
	}
	return redirect(w, r, route.Change(c))
}

// rejected returns the rows that ticks take out. A tick at a person for whom only later steps are left, because there
// is a user already, takes out those steps.
func (s *server) rejected(r *http.Request, c id.Change, ticked []id.Row) ([]id.Row, error) {
	if len(ticked) == 0 {
		return nil, nil
	}
	all, _, err := s.Changes.Rows(r.Context(), actorFrom(r.Context()), c, change.RowFilter{Step: change.AllSteps})
	if errors.Is(err, fault.NotFound) {
		return ticked, nil // decided by somebody else meanwhile: Decide finds the words
	}
	if err != nil {
		return nil, fmt.Errorf("rows to reject: %w", err)
	}
	settled := map[id.Row]bool{}
	for i := range all {
		if all[i].State != change.Queued {
			settled[all[i].ID] = true
		}
	}
	var out []id.Row
	for _, t := range ticked {
		if !settled[t] {
			out = append(out, t)
			continue
		}
		for i := range all {
			if all[i].Parent == t && all[i].State == change.Queued {
				out = append(out, all[i].ID)
			}
		}
	}
	return out, nil
}

// decisionAgain draws the page with the form as typed.
func (s *server) decisionAgain(w http.ResponseWriter, r *http.Request, status int, c id.Change, typed decision) error {
	ch, err := s.Changes.Show(r.Context(), actorFrom(r.Context()), c)
	if err != nil {
		return err
	}
	if ch.Version != typed.version || ch.Hash != typed.hash {
		return s.tooLate(w, r, c, fault.New(fault.Conflict, "The list has changed since you opened it. Nothing was decided; look at it again."))
	}
	v := changeView{change: ch, word: typed.word, text: typed.text, page: typed.page, size: typed.size, typed: &typed}
	if typed.problem != "" {
		v.alert = &component.AlertProps{Tone: component.ToneDanger, Title: "Not decided yet", Text: typed.problem, LinkURL: "#reason", LinkLabel: "Go to the reason", Focus: true, TestID: "error-summary"}
	}
	return s.changePage(w, r, status, v)
}

// tooLate shows the result to somebody whose decision came after another one, with the status of a conflict. An
// approver who may not see the request any more gets the result alone, or the plain sentence.
func (s *server) tooLate(w http.ResponseWriter, r *http.Request, c id.Change, cause error) error {
	ch, err := s.Changes.Show(r.Context(), actorFrom(r.Context()), c)
	if err != nil {
		return s.decidedMeanwhile(w, r, http.StatusConflict, c, cause)
	}
	a := component.AlertProps{Tone: component.ToneWarning, Title: "The list has changed", Text: fault.Message(cause), Focus: true, TestID: "too-late"}
	votes := slices.DeleteFunc(slices.Clone(ch.Decisions), func(d change.Decision) bool { return d.Version != ch.Version })
	if q := ch.Question(); ch.State == change.Returned && q != nil {
		a.Title = q.By.Name + " sent it back with a question"
		a.Text = "It waits for the answer of " + ch.Requester.Name + ", so nothing of what you sent was stored. It comes back to you afterwards."
		if actorFrom(r.Context()).Same(q.By.Actor()) {
			a.Title = "You have sent it back already"
		}
	} else if n := len(votes); n > 0 {
		last := votes[n-1]
		switch {
		case actorFrom(r.Context()).Same(last.By.Actor()):
			a.Title, a.Text = "You have decided already", "Your first decision counts. Here is what came of it."
		case ch.State != change.Waiting:
			a.Title, a.Text = last.By.Name+" was faster", "The request was decided "+ago(s.Now(), last.At)+". Your decision was not needed; here is what came of it."
		}
	} else if ch.State != change.Waiting {
		a.Title = "The request does not wait any more"
		a.Text = "It is " + ch.State.Word() + " by now, so nothing of what you sent was stored."
	}
	return s.changePage(w, r, http.StatusConflict, changeView{change: ch, page: 1, size: 50, alert: &a})
}

// decision is the form of a decision as typed.
type decision struct {
	do            string // "approve", "reject", "return", or "show" for everything else
	version       int
	hash          string
	ready, reason string
	reject        []id.Row
	ticked        map[id.Row]bool // the same as a set
	word, text    string
	page, size    int
	problem       string
}

// wholeReason is the chosen sentence and what was typed.
func (d decision) wholeReason() string {
	return strings.TrimSpace(d.ready + " " + strings.TrimSpace(d.reason))
}

// everybody is the size of a list that shows all rows; the largest list has 5,000.
const everybody = 5000

// readDecision reads the form. A row id that is none is refused: the page never sends one.
func readDecision(f url.Values) (decision, error) {
	d := decision{do: f.Get("do"), hash: f.Get("hash"), ready: f.Get("ready"), reason: f.Get("reason"), word: f.Get("word"), text: f.Get("q"),
		version: positive(f.Get("version"), 0), page: positive(f.Get("page"), 1), size: positive(f.Get("size"), 50)}
	if d.do != "approve" && d.do != "reject" && d.do != "return" {
		d.do = "show"
	}
	if !slices.Contains(readyReasons, d.ready) {
		d.ready = ""
	}
	if !slices.Contains(change.Words(), d.word) {
		d.word = ""
	}
	d.size, d.ticked = min(d.size, everybody), map[id.Row]bool{}
	for _, text := range f["reject"] {
		row, err := id.ParseRow(text)
		if err != nil {
			return d, fault.Wrap(err, fault.Invalid, "The ticks could not be read, so nothing was decided. Open the request again.")
		}
		if !d.ticked[row] {
			d.reject, d.ticked[row] = append(d.reject, row), true
		}
	}
	return d, nil
}

// changesWithdraw handles POST /changes/{id}/withdraw.
func (s *server) changesWithdraw(w http.ResponseWriter, r *http.Request) error {
	said := func(c *change.Change) string {
		if n := doneRows(c); n > 0 {
			return "Withdrawn. What was done before stays done: " + rowsOf(n) + "."
		}
		return "Withdrawn. Nothing was done."
	}
	return s.steerSaying(w, r, said, func(c id.Change) error { return s.Changes.Withdraw(r.Context(), actorFrom(r.Context()), c) })
}

// changesPause handles POST /changes/{id}/pause.
func (s *server) changesPause(w http.ResponseWriter, r *http.Request) error {
	return s.steer(w, r, "Paused. What is on its way is finished first.", func(c id.Change) error {
		return s.Changes.Pause(r.Context(), actorFrom(r.Context()), c)
	})
}

// changesResume handles POST /changes/{id}/resume.
func (s *server) changesResume(w http.ResponseWriter, r *http.Request) error {
	return s.steer(w, r, "It goes on.", func(c id.Change) error { return s.Changes.Resume(r.Context(), actorFrom(r.Context()), c) })
}

// changesCancel handles POST /changes/{id}/cancel.
func (s *server) changesCancel(w http.ResponseWriter, r *http.Request) error {
	said := func(c *change.Change) string {
		text := "Cancelled. What was done stays done."
		if n := onTheirWay(c); n > 0 {
			text += " " + capital(rowsOf(n)) + " on the way can not be called back; the outcome is shown here in a moment."
		}
		return text
	}
	return s.steerSaying(w, r, said, func(c id.Change) error { return s.Changes.Cancel(r.Context(), actorFrom(r.Context()), c) })
}

// changesRetry handles POST /changes/{id}/retry.
func (s *server) changesRetry(w http.ResponseWriter, r *http.Request) error {
	n := 0
	said := func(c *change.Change) string {
		switch {
		case n == 0:
			return "Nothing is tried again: no row has failed, or they are being tried again already."
		case c.State == change.Paused:
			return rowsOf(n) + " will be tried again when the request goes on."
		case n == 1:
			return "1 row is tried again."
		}
		return rowsOf(n) + " are tried again."
	}
	return s.steerSaying(w, r, said, func(c id.Change) (err error) {
		n, err = s.Changes.Retry(r.Context(), actorFrom(r.Context()), c)
		return err
	})
}

// doneRows counts the rows of all steps that are done, onTheirWay those that were sent and have no outcome yet.
func doneRows(c *change.Change) (n int) {
	for _, st := range c.Counts {
		n += st.Rows[change.Done]
	}
	return n
}

func onTheirWay(c *change.Change) (n int) {
	for _, st := range c.Counts {
		n += st.Rows[change.Checking] + st.Rows[change.InIntent] + st.Rows[change.Unknown]
	}
	return n
}

// steer does one act about a change and goes back to its page. An act that came too late, or too early, shows the page as
// it is now, and says why.
func (s *server) steer(w http.ResponseWriter, r *http.Request, said string, act func(id.Change) error) error {
	return s.steerSaying(w, r, func(*change.Change) string { return said }, act)
}

// steerSaying is steer with a sentence about the change as it is after the act. A click that finds what it wanted is a
// success, and says so.
func (s *server) steerSaying(w http.ResponseWriter, r *http.Request, said func(*change.Change) string, act func(id.Change) error) error {
	ctx := r.Context()
	c, err := changeID(r)
	if err != nil {
		return err
	}
	name := path.Base(r.URL.Path)
	before, berr := s.Changes.Show(ctx, actorFrom(ctx), c)
	err = act(c)
	ch, serr := s.Changes.Show(ctx, actorFrom(ctx), c)
	text := ""
	switch {
	case errors.Is(err, fault.Conflict) && serr == nil:
		if name != "answer" || !s.answeredSo(r, &ch) {
			title, why := s.notNow(name, &ch, err)
			if htmx(r) {
				return fault.Wrap(err, fault.Conflict, why)
			}
			return s.changePage(w, r, http.StatusConflict, changeView{change: ch, page: 1, size: 50,
				alert: &component.AlertProps{Tone: component.ToneWarning, Title: title, Text: why, Focus: true, TestID: "too-late"}})
		}
		text = "Your answer is stored already. The request waits for a decision."
	case err != nil:
		return err
	case serr != nil:
		return serr
	case berr == nil && slices.Contains(reachedBy[name], before.State):
		text = "The request is " + ch.State.Word() + " already, so nothing more was done."
	default:
		text = said(&ch)
	}
	if err := s.say(w, r, layout.ToastSuccess, text); err != nil {
		return err
	}
	return redirect(w, r, route.Change(c))
}

// reachedBy are the states in which an act finds what it wanted.
var reachedBy = map[string][]change.State{
	"withdraw": {change.Withdrawn, change.Finished, change.Problems},
	"pause":    {change.Paused},
	"resume":   {change.Running, change.Approved},
	"cancel":   {change.Cancelled},
	"start":    {change.Approved, change.Running, change.Finished, change.Problems},
}

// answeredSo says whether the answer that was sent is the one that the change already has.
func (s *server) answeredSo(r *http.Request, c *change.Change) bool {
	if c.State != change.Waiting || len(c.Talk) == 0 {
		return false
	}
	last := c.Talk[len(c.Talk)-1]
	sent := strings.TrimSpace(strings.ReplaceAll(r.PostFormValue("answer"), "\r\n", "\n"))
	return !last.Question && last.Text == sent && actorFrom(r.Context()).Same(last.By.Actor())
}

// notNow says why an act is not possible in the state of the change, and what it waits for.
func (s *server) notNow(act string, c *change.Change, cause error) (title, text string) {
	if act == "answer" && c.State == change.Waiting && len(c.Talk) > 0 {
		return "There is an answer already", "The question has been answered, and the request waits for a decision again. What you sent now was not stored; withdraw the request if the answer was wrong."
	}
	title = "Not possible now"
	switch c.State {
	case change.Waiting:
		title, text = "Not possible yet", "The request still waits for a decision."
	case change.Returned:
		title, text = "Not possible yet", "The request was returned with a question, which "+c.Requester.Name+" has not answered yet."
	case change.Scheduled:
		title, text = "Not possible yet", "The request is scheduled for "+s.planned(c.Planned)+" and has not started."
	case change.Approved:
		text = "The request starts in a moment."
	case change.Running:
		text = "The request is being carried out."
	case change.Paused:
		text = "The request is paused."
	default:
		title, text = "Not possible any more", "The request is "+c.State.Word()+" by now."
		switch {
		case !c.Erased.IsZero():
			text = fault.Message(cause)
		case act == "retry" && c.Retryable == 0:
			title, text = "There is nothing to try again", "The request is "+c.State.Word()+", and no row of it has failed or needs a person."
		}
	}
	if act == "withdraw" && title != "Not possible any more" {
		title, text = "Not possible any more", "It was decided already. "+text
	}
	return title, text + " Nothing was changed."
}

// changesReturn handles GET /changes/{id}/return.csv: the uploaded file with status, reason and user id of each row.
func (s *server) changesReturn(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	c, err := s.changeOf(r)
	if err != nil {
		return err
	}
	if c.SourceName == "" {
		return fault.New(fault.NotFound, "This request was not made from a file, so there is no file to return.")
	}
	src, err := s.Changes.Source(ctx, a, c.ID)
	if errors.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.NotFound, "The file of this request has been deleted: files are kept for 90 days after the end.")
	}
	if err != nil {
		return fmt.Errorf("source of request: %w", err)
	}
	var format joiners.Format
	if err := json.Unmarshal(src.Format, &format); err != nil {
		return fmt.Errorf("format of the source of %s: %w", c.ID, err)
	}
	rows, _, err := s.Changes.Rows(ctx, a, c.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		return fmt.Errorf("rows for the return file: %w", err)
	}
	verdicts := lineVerdicts(rows)
	list, err := joiners.Read(src.Data, format)
	if err != nil {
		return fmt.Errorf("source of %s: %w", c.ID, err)
	}
	sayCorrected(verdicts, rows, list, format)
	var buf bytes.Buffer // so that a mistake becomes an error page, not half a file
	err = joiners.ReturnFile(&buf, src.Data, format, func(line int) joiners.Verdict {
		if v, ok := verdicts[line]; ok {
			return v
		}
		return joiners.Verdict{Status: "not sent", Reason: "Was not part of the request."}
	})
	if err != nil {
		return fmt.Errorf("return file of %s: %w", c.ID, err)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="request-%d-return.csv"`, c.Number))
	_, err = w.Write(buf.Bytes())
	return err
}

// sayCorrected puts the address that was really asked for into the word of each row whose address was corrected: the file
// keeps the one that was uploaded.
func sayCorrected(verdicts map[int]joiners.Verdict, rows []change.Row, list *joiners.List, f joiners.Format) {
	for i := range rows {
		row := &rows[i]
		if row.Step > 0 || row.Line == 0 || row.Line > len(list.Rows) {
			continue
		}
		was, _ := joiners.Cell(list.Rows[row.Line-1], f, joiners.Edits{}, joiners.FieldEmail)
		if !strings.Contains(strings.ToLower(was), strings.ToLower(row.Detail)) {
			v := verdicts[row.Line]
			v.Status = "corrected to " + row.Detail + ": " + v.Status
			verdicts[row.Line] = v
		}
	}
}

// byBadness orders the words of rows from what needs a look most to what needs none.
var byBadness = []change.RowState{change.Attention, change.Unknown, change.RefusedRow, change.Held, change.Blocked, change.RejectedRow,
	change.CancelledRow, change.InIntent, change.Checking, change.Queued, change.Done, change.Nothing}

// lineVerdicts joins the rows of each line of the file into one word: that of the worst row, with the reasons of the
// rows that are neither done nor had nothing to do.
func lineVerdicts(rows []change.Row) map[int]joiners.Verdict {
	type line struct {
		worst   int
		done    bool
		reasons []string
		said    map[string]bool // the reasons, to say each once
		user    id.User
	}
	lines := map[int]*line{}
	for i := range rows {
		row := &rows[i]
		if row.Line == 0 {
			continue
		}
		l := lines[row.Line]
		if l == nil {
			l = &line{worst: len(byBadness) - 1, said: map[string]bool{}}
			lines[row.Line] = l
		}
		l.worst = min(l.worst, slices.Index(byBadness, row.State))
		l.done = l.done || row.State == change.Done
		if row.Step == 0 {
			l.user = row.User
			if row.Result != "" {
				l.user = id.User(row.Result)
			}
		}
		if row.Reason != "" && !l.said[row.Reason] {
			l.said[row.Reason] = true
			if row.Step > 0 {
				l.reasons = append(l.reasons, kindLabel(row.Kind)+": "+row.Reason)
			} else {
				l.reasons = append(l.reasons, row.Reason)
			}
		}
	}
	out := make(map[int]joiners.Verdict, len(lines))
	for n, l := range lines {
		state := byBadness[l.worst]
		if state == change.Queued && l.done {
			state = change.InIntent
		}
		out[n] = joiners.Verdict{Status: state.Word(), Reason: strings.Join(l.reasons, " "), UserID: l.user}
	}
	return out
}
