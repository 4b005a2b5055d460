package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// mostUndoRows is how many rows the page before an undo shows; what cannot be taken back comes first.
const mostUndoRows = 500

func undoInput(c id.Change) change.Input {
	return change.Input{Recipe: change.UndoChange, Fields: change.Fields(change.Undo{Change: c})}
}

// mayUndo says whether a button that leads to the undo is drawn; what of it is possible the page behind it says.
func mayUndo(a access.Actor, c *change.Change) bool {
	return c.Undoable() && access.MaySteer(a, c.Facts()).Outcome != access.No
}

// undoPlan works out what taking back would do now.
func (s *server) undoPlan(r *http.Request, c id.Change) (change.Preview, error) {
	ctx := r.Context()
	return s.Changes.Preview(ctx, actorFrom(ctx), personFrom(ctx), undoInput(c))
}

// changesUndoForm handles GET /changes/{id}/undo: what would be taken back, before anything is done.
func (s *server) changesUndoForm(w http.ResponseWriter, r *http.Request) error {
	c, err := s.changeOf(r)
	if err != nil {
		return err
	}
	p, err := s.undoPlan(r, c.ID)
	if errors.Is(err, fault.Conflict) {
		return s.notUndone(w, r, c.ID, err)
	}
	if err != nil {
		return err
	}
	return s.undoPage(w, r, http.StatusOK, &c, p, page.UndoProps{})
}

// changesUndo handles POST /changes/{id}/undo. The form of the page carries the mark of what it showed. The button in
// the result line of a small change carries none: it works for a while, if all of it can be taken back at once;
// otherwise it leads to the page.
func (s *server) changesUndo(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := form(r)
	if err != nil {
		return err
	}
	c, err := s.changeOf(r)
	if err != nil {
		return err
	}
	p, err := s.undoPlan(r, c.ID)
	if errors.Is(err, fault.Conflict) {
		return s.notUndone(w, r, c.ID, err)
	}
	if err != nil {
		return err
	}
	quick := f.Get("shown") == ""
	if quick && (s.Now().Sub(c.Ended) > s.UndoFor || p.Verdict.Outcome != access.Direct ||
		slices.ContainsFunc(p.Rows, func(row change.Row) bool { return row.Action == change.NotPossible })) {
		return redirect(w, r, route.ChangeAct(c.ID, "undo"))
	}
	in := undoInput(c.ID)
	in.Reason, in.Shown = f.Get("reason"), f.Get("shown")
	made, err := s.Changes.Submit(ctx, actorFrom(ctx), personFrom(ctx), in)
	if field, ok := errors.AsType[*fault.FieldError](err); ok {
		return s.undoPage(w, r, http.StatusUnprocessableEntity, &c, p, page.UndoProps{Reason: in.Reason, ReasonProblem: field.Message})
	}
	if errors.Is(err, fault.Conflict) {
		if now, perr := s.undoPlan(r, c.ID); perr == nil { // the account has changed, not the request
			return s.undoPage(w, r, http.StatusConflict, &c, now, page.UndoProps{Reason: in.Reason,
				Alert: &component.AlertProps{Tone: component.ToneWarning, Title: "Not done yet", Text: fault.Message(err), Focus: true, TestID: "too-late"}})
		}
		return s.notUndone(w, r, c.ID, err)
	}
	if err != nil {
		return err
	}
	flash := auth.Flash{Kind: string(layout.ToastSuccess), Text: "Undone: " + c.Title + "."}
	switch {
	case made.State == change.Waiting:
		flash = auth.Flash{Kind: string(layout.ToastInfo), Text: "Sent. Somebody else has to agree before it is undone."}
	case made.State == change.Problems:
		flash = auth.Flash{Kind: string(layout.ToastWarning), Text: "Not all of it could be undone."}
	case !made.State.Ended():
		flash = auth.Flash{Kind: string(layout.ToastInfo), Text: "It is being undone."}
	}
	to := route.Change(made.ID)
	if team := oneTeam(p.Rows); quick && made.State == change.Finished && team != "" {
		to, flash.LinkURL, flash.LinkLabel = route.Team(team), to, "See it"
	}
	if err := s.Sessions.AddFlash(w, r, flash); err != nil {
		return err
	}
	return redirect(w, r, to)
}

// oneTeam is the team that all rows are about; empty if there is none.
func oneTeam(rows []change.Row) id.Team {
	for i := range rows {
		if rows[i].Team != rows[0].Team {
			return ""
		}
	}
	return rows[0].Team
}

// notUndone shows the change with the reason why it cannot be undone, and the way to what took it back.
func (s *server) notUndone(w http.ResponseWriter, r *http.Request, c id.Change, cause error) error {
	ch, err := s.Changes.Show(r.Context(), actorFrom(r.Context()), c)
	if err != nil {
		return err
	}
	a := component.AlertProps{Tone: component.ToneWarning, Title: "Nothing was undone", Text: fault.Message(cause), Focus: true, TestID: "too-late"}
	if by := ch.UndoneBy; by.ID != "" {
		a.LinkURL, a.LinkLabel = route.Change(by.ID), "See #"+strconv.Itoa(by.Number)
		undo, err := s.Changes.Result(r.Context(), by.ID)
		if err != nil {
			return fmt.Errorf("undo of %s: %w", c, err)
		}
		switch n := "#" + strconv.Itoa(by.Number); {
		case undo.State.Undecided():
			a.Title, a.Text = "Undoing waits for a decision", "It has been asked for already, in "+n+", which is "+undo.State.Word()+". Nothing has been undone yet."
		case undo.State == change.Scheduled:
			a.Title, a.Text = "Undoing is scheduled", "It has been asked for already, in "+n+". Nothing has been undone yet."
		case !undo.State.Ended():
			a.Title, a.Text = "Undoing is under way", "It has been asked for already, in "+n+", which is "+undo.State.Word()+"."
		default:
			a.Title = "Undone already"
		}
	}
	return s.changePage(w, r, http.StatusConflict, changeView{change: ch, page: 1, size: 50, alert: &a})
}

// undoPage fills in the rest of the page.
func (s *server) undoPage(w http.ResponseWriter, r *http.Request, status int, c *change.Change, plan change.Preview, p page.UndoProps) error {
	s.backRows(r, plan, &p)
	open := plan.Open()
	p.Verdict = component.AlertProps{Tone: component.ToneInfo, Text: strings.TrimSpace(plan.Verdict.Sentence + " " + plan.Verdict.Help), TestID: "undo-verdict"}
	p.Order = "The last step first"
	if plan.Verdict.Outcome != access.No && open > 0 {
		p.Action = route.ChangeAct(c.ID, "undo")
		p.Hidden = []component.Hidden{{Name: "shown", Value: plan.Mark()}}
		p.Submit = "Undo " + rowsOf(open)
		if plan.Verdict.Outcome == access.NeedsDecision {
			p.AskReason, p.Submit = true, "Ask to undo "+rowsOf(open)
		}
	} else if open == 0 {
		p.Verdict.Text = "There is nothing left to take back."
	}
	p.BackURL, p.BackLabel = route.Change(c.ID), "Back to #"+strconv.Itoa(c.Number)
	var err error
	if p.Frame, err = s.frame(w, r, route.Changes, layout.Props{Title: "Undo", Count: "#" + strconv.Itoa(c.Number), Subtitle: c.Title,
		Crumbs: []layout.Crumb{{Label: "Requests", URL: route.Changes}, {Label: fmt.Sprintf("#%d", c.Number), URL: route.Change(c.ID)}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Undo(p))
}

// backRows fills in what a plan takes back, and what it cannot.
func (s *server) backRows(r *http.Request, plan change.Preview, p *page.UndoProps) {
	words := map[change.Action]string{change.Update: "is taken back", change.Create: "is taken back", change.NothingToDo: "nothing to do", change.NotPossible: "stays"}
	tones := map[string]component.Tone{"is taken back": component.ToneSuccess, "stays": component.ToneWarning}
	sums := map[string]int{}
	rows := slices.Clone(plan.Rows)
	for i := range rows {
		sums[words[rows[i].Action]]++
	}
	slices.SortStableFunc(rows, func(a, b change.Row) int { // what stays comes first
		return boolInt(b.Action == change.NotPossible) - boolInt(a.Action == change.NotPossible)
	})
	p.Counts.Label = "What would be done"
	for _, word := range []string{"is taken back", "nothing to do", "stays"} {
		if sums[word] > 0 {
			p.Counts.Items = append(p.Counts.Items, component.CountItem{Word: word, Count: sums[word]})
		}
	}
	if n := sums["stays"]; n > 0 {
		text := count(n) + " of " + rowsOf(len(rows)) + " cannot be taken back and stay as they are. The list says why."
		if n == 1 {
			text = "1 of " + rowsOf(len(rows)) + " cannot be taken back and stays as it is. The list says why."
		}
		p.Stays = &component.AlertProps{Tone: component.ToneWarning, Title: "Not everything comes back", Text: text, TestID: "undo-stays"}
		if n == len(rows) {
			p.Stays.Title = "Nothing of this comes back"
		}
	}
	for i := range rows[:min(mostUndoRows, len(rows))] {
		row := &rows[i]
		out := page.UndoRow{Cell: component.UserCellProps{ID: row.Detail, Name: row.Subject, Email: row.Detail}, What: kindLabel(row.Kind), Old: row.Before, New: row.After,
			Word: words[row.Action], Tone: tones[words[row.Action]], Note: row.Note}
		if _, ok := s.view(r.Context()).User(row.User); ok && row.User != "" {
			out.Cell.URL = route.User(row.User)
		}
		p.Rows = append(p.Rows, out)
	}
	if more := len(rows) - len(p.Rows); more > 0 {
		p.More = "And " + rowsOf(more) + " more."
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// undoFacts are the links between a change and what took it back.
func undoFacts(c *change.Change) []component.Definition {
	link := func(term string, l change.Link) []component.Definition {
		if l.ID == "" {
			return nil
		}
		return []component.Definition{{Term: term, Content: component.LinkButton(component.LinkButtonProps{Label: "#" + strconv.Itoa(l.Number), URL: route.Change(l.ID), Small: true,
			TestID: strings.ReplaceAll(strings.ToLower(term), " ", "-")})}}
	}
	return append(link("Undo of", c.UndoOf), link("Undone by", c.UndoneBy)...)
}

// undoSoon adds the undo button to the message about a small change that was just made.
func (s *server) undoSoon(a access.Actor, c *change.Change, flash *auth.Flash) {
	if mayUndo(a, c) && s.Now().Sub(c.Ended) < s.UndoFor {
		flash.UndoURL = route.ChangeAct(c.ID, "undo")
	}
}
