package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// usersSelect handles POST /users/selection: the ticks of one page, and what to do with all that are ticked. The form
// carries the people that the page showed, so that a tick that was taken away is known from one on another page.
func (s *server) usersSelect(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r, "user", "shown")
	if err != nil {
		return err
	}
	ctx := r.Context()
	ticked, shown := s.openUsers(r, values["user"]), userIDs(values["shown"])
	back, query := listURL(route.Users, values.Get("back"), userListNames), s.readUserQuery
	if values.Get("list") == "pending" {
		back, query = route.UsersPending+strings.TrimPrefix(back, route.Users), pendingQuery
	}
	do := values.Get("do")
	switch do {
	case "clear":
		if err := s.Lists.ClearSelection(ctx, ownerOf(r)); err != nil {
			return fmt.Errorf("clear ticks: %w", err)
		}
		return redirect(w, r, back)
	case "all":
		asked, err := http.NewRequestWithContext(ctx, http.MethodGet, back, nil)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "The list could not be read. Open it again.")
		}
		for _, u := range s.view(ctx).AllUsers(query(asked)) {
			ticked = append(ticked, u.ID)
		}
	}
	all, err := s.Lists.Select(ctx, ownerOf(r), shown, ticked)
	if err != nil {
		return fmt.Errorf("set ticks: %w", err)
	}
	act, ok := actByPath(do)
	switch {
	case ok && act.many && len(all) == 0:
		if err := s.say(w, r, layout.ToastInfo, "Nobody is ticked. Tick people first."); err != nil {
			return err
		}
		return redirect(w, r, back)
	case ok && act.many:
		return redirect(w, r, route.UsersBulk(act.path))
	case do == "" && htmx(r): // a tick was set while the page is open
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return redirect(w, r, back)
}

// openUsers are those of the ids whose pages are open to the person. A page never offers others, so one of them is a
// mistake or an attempt, and is left out like one that does not exist.
func (s *server) openUsers(r *http.Request, values []string) []id.User {
	view := s.view(r.Context())
	var out []id.User
	for _, u := range userIDs(values) {
		if _, ok := view.User(u); ok {
			out = append(out, u)
		}
	}
	return out
}

func userIDs(values []string) []id.User {
	var out []id.User
	for _, v := range values {
		if u, err := id.ParseUser(v); err == nil {
			out = append(out, u)
		}
	}
	return out
}

// listURL is the address of a list with a query that came from a form. Only the names that the list knows are taken over.
func listURL(list, query string, names []string) string {
	return route.With(list, listQuery(query, names))
}

func listQuery(query string, names []string) url.Values {
	q, err := url.ParseQuery(query)
	if err != nil || len(query) > 4000 {
		return nil
	}
	for name := range q {
		if !slices.Contains(names, name) {
			q.Del(name)
		}
	}
	return q
}

// userListNames are the names that the address of the list of users knows.
var userListNames = []string{"q", "status", "role", "team", "sub", "lang", "sso", "older", "noteam", "manages", "sort", "size", "page"}

// ticks are the people who are ticked, as far as their pages are open.
func (s *server) ticks(r *http.Request, view directory.View) (map[id.User]bool, error) {
	ticked, err := s.Lists.Selected(r.Context(), ownerOf(r))
	if err != nil {
		return nil, fmt.Errorf("read ticks: %w", err)
	}
	on := make(map[id.User]bool, len(ticked))
	for _, u := range ticked {
		if _, ok := view.User(u); ok {
			on[u] = true
		}
	}
	return on, nil
}

// bulkBar says how many are ticked, and how many of them on this page.
func bulkBar(all, here int) component.BulkBarProps {
	bar := component.BulkBarProps{Selected: all, Elsewhere: all - here}
	if bar.Elsewhere > 0 {
		bar.Sentence = count(bar.Elsewhere) + " of them not on this page."
	}
	return bar
}

// selectAll offers to tick everybody who matches.
func selectAll(view directory.View, q directory.UserQuery, found directory.UserPage, on map[id.User]bool) string {
	return selectAllOf(found.Total, directory.MostSelected, len(on), func() bool {
		return slices.ContainsFunc(view.AllUsers(q), func(u *directory.User) bool { return !on[u.ID] })
	})
}

// selectAllOf offers to tick all that match; empty when all are ticked, or when they are more than most. unticked says whether
// one of them is not, and is asked only where the numbers do not tell.
func selectAllOf(total, most, ticked int, unticked func() bool) string {
	if total == 0 || total > most || total <= ticked && !unticked() {
		return ""
	}
	return "Select all " + count(total) + " that match"
}

// bulkProps is the bar of actions under the list; nil for people who may not act on others.
func (s *server) bulkProps(r *http.Request, q directory.UserQuery, found directory.UserPage, p *page.UsersProps) error {
	a := actorFrom(r.Context())
	if !a.May(access.UsersChange) {
		return nil
	}
	view := s.view(r.Context())
	on, err := s.ticks(r, view)
	if err != nil {
		return err
	}
	here := 0
	for i := range p.Rows {
		p.Rows[i].Ticked = on[id.User(p.Rows[i].ID)]
		if p.Rows[i].Ticked {
			here++
		}
	}
	p.Bulk = &page.UsersBulk{Action: route.UsersSelection, Back: r.URL.RawQuery, All: selectAll(view, q, found, on), Bar: bulkBar(len(on), here), Acts: s.bulkActs(a)}
	if found.Total > directory.MostSelected {
		p.Bulk.TooMany = "At most " + count(directory.MostSelected) + " people can be ticked at once; " + count(found.Total) + " match. Narrow the list to tick all that match."
	}
	return nil
}

// bulkActs are the acts that the person may at least ask for.
func (s *server) bulkActs(a access.Actor) []page.BulkAct {
	var out []page.BulkAct
	for _, act := range peopleActs {
		if !act.many || !a.HR && act.path != "deactivate" && act.path != "add-to-team" && act.path != "remove-from-team" {
			continue
		}
		out = append(out, page.BulkAct{Value: act.path, Label: act.label, Danger: act.danger})
	}
	return out
}

// mostViewName is the longest name of a view, in characters.
const mostViewName = 60

// usersViews handles POST /users/views: keeps the list as it is filtered under a name, or forgets one.
func (s *server) usersViews(w http.ResponseWriter, r *http.Request) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	ctx, owner := r.Context(), ownerOf(r)
	back := listURL(route.Users, values.Get("back"), userListNames)
	if name := values.Get("delete"); name != "" {
		if err := s.Lists.DeleteView(ctx, owner, name); err != nil {
			return fmt.Errorf("delete view: %w", err)
		}
		return redirect(w, r, back)
	}
	name := strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(values.Get("name"), "\x00", ""), ""))
	if name == "" || utf8.RuneCountInString(name) > mostViewName {
		if err := s.say(w, r, layout.ToastDanger, fmt.Sprintf("A view needs a name of at most %d characters. It was not saved.", mostViewName)); err != nil {
			return err
		}
		return redirect(w, r, back)
	}
	q, _ := url.Parse(back)
	kept := q.Query()
	kept.Del("page")
	if err := s.Lists.SaveView(ctx, owner, directory.SavedView{Name: name, Query: kept.Encode()}); err != nil {
		return fmt.Errorf("save view: %w", err)
	}
	if err := s.say(w, r, layout.ToastSuccess, "The view “"+name+"” is saved."); err != nil {
		return err
	}
	return redirect(w, r, back)
}

// viewProps are the saved views of the person, as links.
func (s *server) viewProps(r *http.Request, p *page.UsersProps) error {
	views, err := s.Lists.Views(r.Context(), ownerOf(r))
	if err != nil {
		return fmt.Errorf("list views: %w", err)
	}
	p.ViewsURL, p.ViewBack = route.UsersViews, r.URL.RawQuery
	for _, v := range views {
		p.Views = append(p.Views, page.UsersView{Name: v.Name, URL: listURL(route.Users, v.Query, userListNames)})
	}
	return nil
}
