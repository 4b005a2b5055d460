package handlers

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// askError is a change that needs a decision, sent by a form that had no place for a reason. It is answered with a page that asks
// for it and keeps the rest.
type askError struct {
	verdict access.Verdict
	again   bool
}

func (e *askError) Error() string { return "a reason is needed: " + e.verdict.Rule }

// submit submits a change from the posted form. Where the policy turns it into a request and the form has no field for the
// reason, the error is an askError.
func (s *server) submit(r *http.Request, in change.Input) (change.Change, error) {
	ctx := r.Context()
	_, field := r.PostForm["reason"]
	again := r.PostForm.Get("asked") != ""
	if in.Reason == "" {
		in.Reason = r.PostForm.Get("reason")
	}
	c, err := s.Changes.Submit(ctx, actorFrom(ctx), personFrom(ctx), in)
	if wanted, ok := errors.AsType[*change.ReasonWanted](err); ok && (again || !field) {
		return c, &askError{verdict: wanted.Verdict, again: again}
	}
	return c, err
}

// ask answers an askError: nothing is done, what was typed travels on, and the reason is asked for.
func (s *server) ask(w http.ResponseWriter, r *http.Request, e *askError) error {
	p := page.AskProps{Action: r.URL.RequestURI(), Verdict: *asksFirst(e.verdict), Plain: layout.PlainProps{Title: "Send a request", Training: s.Training, Version: s.Version},
		Reason: component.TextareaProps{Name: "reason", Label: "Reason", Hint: "For the person who decides.", Required: true, MaxLength: change.MaxReason, TestID: "reason"}}
	if e.again {
		p.Reason.Error = "Say why, for the person who decides."
	}
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		if name == "reason" || name == "asked" {
			continue
		}
		for _, value := range r.PostForm[name] {
			p.Fields = append(p.Fields, component.Hidden{Name: name, Value: value})
		}
	}
	p.Fields = append(p.Fields, component.Hidden{Name: "asked", Value: "1"})
	if back := strings.TrimPrefix(r.Header.Get("Referer"), s.Origin.String()); back != r.Header.Get("Referer") {
		if local, ok := auth.LocalPath(back); ok {
			p.BackURL = local
		}
	}
	if htmx(r) { // the page takes the place of the one that asked
		w.Header().Set("HX-Retarget", "body")
		w.Header().Set("HX-Reswap", "innerHTML")
	}
	return s.show(w, r, http.StatusUnprocessableEntity, page.Ask(p))
}

// asksFirst says beforehand that something will be a request; nil when it will not.
func asksFirst(v access.Verdict) *component.AlertProps {
	if v.Outcome != access.NeedsDecision {
		return nil
	}
	return &component.AlertProps{Tone: component.ToneInfo, Title: "Somebody else decides about this", Text: strings.TrimSpace(v.Sentence + " " + v.Help), TestID: "asks-first"}
}

// instead is the way to what somebody can do where something else was refused; empty for nothing. Nothing is led to that the
// person may not see.
func (s *server) instead(r *http.Request, no *access.Refusal) (to, label string) {
	if no.Instead == nil {
		return "", ""
	}
	q, view := *no.Instead, s.view(r.Context())
	asks := s.Changes.Verdict(actorFrom(r.Context()), q).Outcome == access.NeedsDecision
	say := func(ask, do string) string {
		if asks {
			return ask
		}
		return do
	}
	switch q.Act {
	case access.DeactivateUser:
		if len(q.Users) == 1 {
			if u, ok := view.User(q.Users[0].ID); ok && !u.Deactivated {
				return route.UserAct(u.ID, "deactivate"), say("Ask to deactivate "+u.Name, "Deactivate "+u.Name)
			}
		}
		return "", ""
	case access.AddMember:
		return route.TeamSelf(q.Teams[0].ID, "join"), say("Ask to join "+q.Teams[0].Name, "Join "+q.Teams[0].Name)
	}
	if len(q.Teams) != 1 {
		return "", ""
	}
	team, ok := view.Team(q.Teams[0].ID)
	switch {
	case !ok:
	case q.Act == access.DeactivateTeam && team.Active:
		return route.TeamAct(team.ID, "deactivate"), say("Ask to deactivate it", "Deactivate it")
	case q.Act == access.EditTeam:
		return route.With(route.Team(team.ID), url.Values{"edit": {"about"}}) + "#about", say("Ask to rename or describe it", "Rename and describe it")
	}
	return "", ""
}
