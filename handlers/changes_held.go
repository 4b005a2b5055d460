package handlers

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// mostHeld is how many held rows the page of a change shows at once.
const mostHeld = 200

// heldNote says that rows wait for a person, in the part that shows where the change stands.
func heldNote(c *change.Change) *component.AlertProps {
	n := c.Held()
	if n == 0 {
		return nil
	}
	return &component.AlertProps{Tone: component.ToneWarning, Title: count(n) + " held: needs a person", TestID: "held-note", LinkURL: route.Change(c.ID) + "#held", LinkLabel: "See what has changed",
		Text: "What is there now is not what was decided on, so nothing was done about it. Each row goes on or ends when somebody says so."}
}

// heldProps are the held rows with what was decided and what is there now; nil if there are none.
func (s *server) heldProps(r *http.Request, c *change.Change) (*page.ChangeHeld, error) {
	if c.Held() == 0 {
		return nil, nil
	}
	a := actorFrom(r.Context())
	rows, total, err := s.Changes.Rows(r.Context(), a, c.ID, change.RowFilter{Step: change.AllSteps, Word: change.Held.Word(), Page: 1, Size: mostHeld})
	if err != nil {
		return nil, fmt.Errorf("held rows: %w", err)
	}
	p := &page.ChangeHeld{}
	steer, release := access.MaySteer(a, c.Facts()), access.MayRelease(a, c.Facts())
	switch {
	case release.Outcome != access.No:
		p.Action = route.ChangeAct(c.ID, "held")
	case steer.Outcome != access.No:
		p.Action, p.WhyNoRelease = route.ChangeAct(c.ID, "held"), strings.TrimSpace(release.Sentence+" "+release.Help)
	default:
		p.WhyNot = strings.TrimSpace(steer.Sentence + " " + steer.Help)
	}
	for i := range rows {
		row := &rows[i]
		p.Rows = append(p.Rows, page.HeldRow{Value: string(row.ID) + "." + strconv.Itoa(row.Epoch),
			Cell: component.UserCellProps{ID: row.Detail, Name: row.Subject, Email: row.Detail}, Old: row.Before, New: row.After, Now: row.Now, Reason: row.Reason})
	}
	if more := total - len(rows); more > 0 {
		p.More = rowsOf(more) + " more are held. They are shown when these are decided on."
	}
	return p, nil
}

// changesHeld handles POST /changes/{id}/held: lets the ticked rows go on with the value that is there now, or drops them.
func (s *server) changesHeld(w http.ResponseWriter, r *http.Request) error {
	f, err := form(r, "row")
	if err != nil {
		return err
	}
	c, err := s.changeOf(r)
	if err != nil {
		return err
	}
	var rows []change.Row
	for _, v := range f["row"] {
		text, n, _ := strings.Cut(v, ".")
		row, err := id.ParseRow(text)
		epoch, nerr := strconv.Atoi(n)
		if err != nil || nerr != nil {
			return fault.New(fault.Invalid, "The ticks could not be read, so nothing was done. Open the request again.")
		}
		rows = append(rows, change.Row{ID: row, Epoch: epoch})
	}
	if len(rows) == 0 {
		return s.changePage(w, r, http.StatusUnprocessableEntity, changeView{change: c, page: 1, size: 50, alert: &component.AlertProps{Tone: component.ToneDanger,
			Title: "Nothing was done", Text: "Tick the rows first.", LinkURL: "#held", LinkLabel: "Go to the rows", Focus: true, TestID: "error-summary"}})
	}
	ctx, a, n, said := r.Context(), actorFrom(r.Context()), 0, ""
	switch f.Get("do") {
	case "release":
		n, err = s.Changes.Release(ctx, a, c.ID, rows)
		said = rowsOf(n) + " released."
	case "drop":
		n, err = s.Changes.Drop(ctx, a, c.ID, rows)
		said = rowsOf(n) + " dropped."
	default:
		return fault.New(fault.Invalid, "The form did not say what to do, so nothing was done. Open the request again.")
	}
	if err != nil {
		return err
	}
	kind := layout.ToastSuccess
	if n < len(rows) {
		kind, said = layout.ToastWarning, said+" The others have moved on since the page was drawn; look again."
	}
	if n == 0 {
		said = "Nothing was done: the ticked rows have moved on since the page was drawn; look again."
	}
	if err := s.say(w, r, kind, said); err != nil {
		return err
	}
	return redirect(w, r, route.Change(c.ID))
}
