package handlers

import (
	"net/http"
	"strconv"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// checklistWords are the items that people do, in the order of the page.
var checklistWords = map[string][2]string{
	change.HandKeyResults: {"Hand over the key results", "Give the list to whoever takes over: Gtmhub has no call that changes their owner."},
	change.TellTeams:      {"Tell the teams", "Who manages them from now on, and when the person leaves."},
	change.SeeToRequests:  {"Look after open requests", "Requests of the person stop with the deactivation. Decide them before, or make them anew."},
	change.EndOtherAccess: {"End other access", "The company account and programs beside Gtmhub."},
	change.TakeThingsBack: {"Take things back", "Devices, keys, cards."},
}

// checklist handles GET /changes/{id}/checklist: what of an offboarding is done, by whom and when.
func (s *server) checklist(w http.ResponseWriter, r *http.Request) error {
	of, err := changeID(r)
	if err != nil {
		return err
	}
	ctx, a := r.Context(), actorFrom(r.Context())
	c, ticked, err := s.Changes.Checklist(ctx, a, of)
	if err != nil {
		return err
	}
	rows, _, err := s.Changes.Rows(ctx, a, of, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		return err
	}
	p := page.ChecklistProps{Action: route.ChangeAct(of, "checklist"), ChangeURL: route.Change(of), ChangeLabel: "Request #" + strconv.Itoa(c.Number)}
	if c.State == change.Scheduled {
		p.Starts = "The portal's part starts on " + s.planned(c.Planned) + "."
	}
	var leaver id.User
	for i := range rows {
		row := &rows[i]
		if row.Kind == "deactivate user" {
			leaver = row.User
		}
		line := page.ChecklistRow{What: kindLabel(row.Kind), Who: row.Subject, State: string(row.State), Note: row.Reason}
		if row.After != "" && row.After != row.Before {
			line.Value = row.After
		}
		if row.State.Ended() {
			line.When = component.When{Relative: s.planned(row.Updated), Exact: s.exact(row.Updated)}
		}
		p.Rows = append(p.Rows, line)
	}
	for _, item := range change.ChecklistItems() {
		words := checklistWords[item]
		one := page.ChecklistItem{Item: item, Title: words[0], Text: words[1]}
		for _, t := range ticked {
			if t.Item == item {
				one.Done = "Done by " + t.By + " on " + s.planned(t.At)
			}
		}
		if _, here := s.view(ctx).User(leaver); here && item == change.HandKeyResults {
			one.FileURL = route.UserPage(leaver, "key-results.csv")
		}
		p.Items = append(p.Items, one)
	}
	if p.Frame, err = s.frame(w, r, route.Changes, layout.Props{Title: "Checklist", Subtitle: c.Title, Crumbs: []layout.Crumb{{Label: "Requests", URL: route.Changes}, {Label: "#" + strconv.Itoa(c.Number), URL: route.Change(of)}}}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Checklist(p))
}

// checklistTick handles POST /changes/{id}/checklist: an item is done, or is not after all.
func (s *server) checklistTick(w http.ResponseWriter, r *http.Request) error {
	of, err := changeID(r)
	if err != nil {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	if err := s.Changes.Tick(r.Context(), actorFrom(r.Context()), of, v.Get("item"), !v.Has("open")); err != nil {
		return err
	}
	return redirect(w, r, route.ChangeAct(of, "checklist"))
}

// checklistFact leads from an offboarding to its checklist.
func checklistFact(c *change.Change) []component.Definition {
	if c.Kind != change.OffboardPerson {
		return nil
	}
	return []component.Definition{{Term: "Also to do", Content: component.LinkButton(component.LinkButtonProps{Label: "Checklist", URL: route.ChangeAct(c.ID, "checklist"), Small: true, TestID: "checklist-link"})}}
}
