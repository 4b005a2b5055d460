package handlers

import (
	"net/http"
	"strconv"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// decidedMeanwhile shows what became of a request to somebody who was asked to decide on it and may not see it any more,
// because others were faster: who decided what, and when, and nothing of what it was about. Everybody else gets cause.
func (s *server) decidedMeanwhile(w http.ResponseWriter, r *http.Request, status int, c id.Change, cause error) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	asked, err := s.Notices.Asked(ctx, personFrom(ctx), c)
	if err != nil || !asked || a.Inactive {
		return cause
	}
	ch, err := s.Changes.Result(ctx, c)
	if err != nil || ch.State == change.Waiting { // somebody who may not decide any more learns nothing
		return cause
	}
	p := page.DecidedProps{BackURL: route.Changes, Title: "This request does not wait any more", Text: "It is " + ch.State.Word() + ". There is nothing left for you to do."}
	switch q := ch.Question(); {
	case ch.State == change.Returned && q != nil:
		p.Title = q.By.Name + " has sent this back with a question"
		p.Text = "That was " + "on " + s.planned(q.At) + ". It comes back to you when the requester has answered."
	case ch.State == change.Withdrawn:
		p.Title = "The requester has withdrawn this"
	case ch.State == change.Lapsed && len(ch.Decisions) == 0:
		p.Title = "Nobody decided on this in time"
	case len(ch.Decisions) > 0:
		last := ch.Decisions[len(ch.Decisions)-1]
		p.Title = last.By.Name + " has already decided this"
		p.Text = "It was " + map[bool]string{true: "approved", false: "rejected"}[last.Approve] + " " + "on " + s.planned(last.At) + ", and is " + ch.State.Word() + " now. There is nothing left for you to do."
	}
	if p.Frame, err = s.frame(w, r, route.Changes, layout.Props{Title: "Request", Count: "#" + strconv.Itoa(ch.Number), Crumbs: []layout.Crumb{{Label: "Requests", URL: route.Changes}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Decided(p))
}
