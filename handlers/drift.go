package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// outside counts the outside changes that wait for HR; 0 for others. A database that does not answer shows no number.
func (s *server) outside(r *http.Request) int {
	a := actorFrom(r.Context())
	if !a.May(access.DriftDecide) {
		return 0
	}
	kinds, err := s.Drift.Count(r.Context(), a)
	if err != nil {
		s.Log.Warn("count outside changes", "err", err)
	}
	n := 0
	for _, k := range kinds {
		n += k
	}
	return n
}

// driftIndex handles GET /drift: what was changed without the portal, by kind.
func (s *server) driftIndex(w http.ResponseWriter, r *http.Request) error {
	return s.driftPage(w, r, http.StatusOK, nil)
}

func (s *server) driftPage(w http.ResponseWriter, r *http.Request, status int, alert *component.AlertProps) error {
	ctx := r.Context()
	a, q := actorFrom(ctx), r.URL.Query()
	closed := q.Get("view") == "done"
	f := drift.Filter{Open: !closed, Closed: closed, Page: positive(q.Get("page"), 1), Size: pageSize(q.Get("size"))}
	if k := drift.Kind(q.Get("kind")); slices.Contains(drift.Kinds(), k) && !closed {
		f.Kind = k
	}
	list, total, err := s.Drift.Findings(ctx, a, f)
	if err != nil {
		return err
	}
	kinds, err := s.Drift.Count(ctx, a)
	if err != nil {
		return err
	}
	last, err := s.Drift.Last(ctx)
	if err != nil {
		return err
	}
	p := page.DriftProps{Alert: alert, Pager: pager(r, f.Page, f.Size, len(list), total, "changes"), Kinds: component.CountsBarProps{Label: "Changes by kind", AllURL: route.Drift, AllCurrent: f.Kind == ""}}
	open := 0
	for _, k := range drift.Kinds() {
		open += kinds[k]
		if kinds[k] > 0 && !closed {
			p.Kinds.Items = append(p.Kinds.Items, component.CountItem{Word: string(k), Count: kinds[k], URL: route.With(route.Drift, url.Values{"kind": {string(k)}}), Current: f.Kind == k})
		}
	}
	p.Tabs = component.TabsProps{Label: "Outside changes", Tabs: []component.Tab{
		{Label: "To look at", URL: route.Drift, Current: !closed, Count: open, ShowCount: true, TestID: "drift-open"},
		{Label: "Dealt with", URL: route.With(route.Drift, url.Values{"view": {"done"}}), Current: closed, TestID: "drift-done"}}}
	p.Empty = s.driftEmpty(last, closed, f.Kind)
	if a.May(access.DriftDecide) && !closed {
		p.Action = route.Drift
	}
	for i := range list {
		p.Rows = append(p.Rows, s.driftRow(r, &list[i]))
	}
	frame := layout.Props{Title: "Changes made outside of the portal", Subtitle: "Nobody has looked yet."}
	if last.Number > 0 {
		frame.Subtitle = "Last look " + ago(s.Now(), last.Began) + ". The portal looks once a night; what it did itself is left out."
	}
	if a.May(access.DriftDecide) {
		frame.Actions = page.DriftLook(route.DriftLook)
	}
	if p.Frame, err = s.frame(w, r, route.Drift, frame); err != nil {
		return err
	}
	return s.show(w, r, status, page.Drift(p))
}

func (s *server) driftEmpty(last drift.Last, closed bool, kind drift.Kind) component.EmptyStateProps {
	e := component.EmptyStateProps{Icon: component.IconCircleCheck, Title: "Nothing was changed outside of the portal", Text: "When somebody changes people or teams in Gtmhub itself, it will stand here after the next look.", TestID: "drift-empty"}
	switch {
	case closed:
		e.Icon, e.Title, e.Text = component.IconHistory, "Nothing was dealt with yet", "What is accepted, ignored or put back stands here for 90 days."
	case last.Number == 0:
		e.Icon, e.Title, e.Text = component.IconEye, "Nobody has looked yet", "The first look remembers how the account is. From then on each look finds what others have changed."
	case kind != "":
		e.Icon, e.Title, e.Text = component.IconSearch, "Nothing of this kind", "Look at all changes instead."
	}
	return e
}

// driftRow writes one finding for the page. Names are those of today, or as they were when it was found.
func (s *server) driftRow(r *http.Request, f *drift.Finding) page.DriftRow {
	view := s.view(r.Context())
	out := page.DriftRow{ID: f.ID, Kind: string(f.Kind), Tone: component.ToneInfo, Found: s.when(f.Found), Note: f.Kind.Final(), By: f.By.Name, Closed: s.when(f.Closed)}
	if f.Kind.Serious() {
		out.Tone = component.ToneDanger
	}
	team := func(t id.Team) string {
		if known, ok := view.Team(t); ok {
			return known.Name
		}
		return cmp.Or(f.Names[string(t)], "a team that does not exist")
	}
	user := func(u id.User) string {
		if known, ok := view.User(u); ok {
			return known.Name
		}
		return cmp.Or(f.Names[string(u)], "a user that does not exist")
	}
	if f.User != "" {
		out.Person = component.UserCellProps{ID: string(f.User), Name: user(f.User)}
		if known, ok := view.User(f.User); ok {
			out.Person.Email, out.Person.URL = known.Email, route.User(f.User)
		}
	} else {
		out.Team = team(f.Team)
		if _, ok := view.Team(f.Team); ok {
			out.TeamURL = route.Team(f.Team)
		}
	}
	role := "a role that does not exist"
	if known, ok := s.Directory.Current().Role(f.Role); ok {
		role = known.Name
	}
	place := func(t string) string {
		if t == "" {
			return "at the top"
		}
		return "below " + team(id.Team(t))
	}
	manager := func(u string) string {
		if u == "" {
			return "no manager"
		}
		return user(id.User(u))
	}
	words := map[drift.Kind][2]string{
		drift.NewAdmin: {"without the role", role}, drift.RoleGiven: {"without the role", role}, drift.RoleTaken: {role, "without the role"},
		drift.Reactivated: {"deactivated", "active"}, drift.Deactivated: {"active", "deactivated"},
		drift.NewUser: {"no user", "user of the account"}, drift.UserGone: {"user of the account", "deleted"},
		drift.NewTeam: {"no team", "team of the account"}, drift.TeamGone: {"team of the account", "deleted"},
		drift.TeamOn: {"inactive", "active"}, drift.TeamOff: {"active", "inactive"},
	}
	switch f.Kind {
	case drift.ManagerChanged:
		out.Old, out.New = manager(f.Was), manager(f.Is)
	case drift.TeamMoved:
		out.Old, out.New = place(f.Was), place(f.Is)
	case drift.Moved:
		out.Old, out.New = team(f.From), team(f.Team)
	case drift.Joined:
		out.Old, out.New = "not a member", "member of "+team(f.Team)
	case drift.Left:
		out.Old, out.New = "member of "+team(f.Team), "not a member"
	default:
		out.Old, out.New = words[f.Kind][0], words[f.Kind][1]
	}
	out.Title = out.Kind + ", " + cmp.Or(out.Person.Name, out.Team)
	out.Word, out.WordTone = s.driftWord(f)
	if f.State == drift.PutBack && f.Change.Number > 0 {
		out.Change, out.LinkURL = "#"+strconv.Itoa(f.Change.Number), route.Change(f.Change.ID)
	}
	return out
}

// driftWord is what became of a finding.
func (*server) driftWord(f *drift.Finding) (string, component.Tone) {
	switch {
	case f.Waits():
		return "open", component.ToneInfo
	case f.State == drift.PutBack && !f.ChangeState.Ended():
		return "being put back", component.ToneInfo
	case f.State == drift.PutBack && f.ChangeState == change.Problems:
		return "not all put back", component.ToneWarning
	case f.State == drift.PutBack:
		return "put back", component.ToneSuccess
	case f.State == drift.Accepted:
		return "accepted", component.ToneSuccess
	case f.State == drift.Passed:
		return "as before again", component.ToneNeutral
	}
	return "ignored", component.ToneNeutral
}

// driftDecide handles POST /drift: the ticked changes are accepted or ignored, or lead to the page that puts them back.
func (s *server) driftDecide(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, err := form(r, "finding")
	if err != nil {
		return err
	}
	ids := f["finding"]
	states := map[string]drift.State{"accept": drift.Accepted, "ignore": drift.Ignored}
	to, known := states[f.Get("do")]
	if f.Get("do") == "back" {
		if _, err = s.Drift.Chosen(ctx, actorFrom(ctx), ids); err == nil {
			return redirect(w, r, route.With(route.DriftBack, url.Values{"finding": ids}))
		}
	} else if !known {
		return fault.New(fault.Invalid, "Choose what to do with the changes. Nothing was done.")
	} else {
		err = s.Drift.Close(ctx, actorFrom(ctx), personFrom(ctx), ids, to, "")
	}
	if wrong, ok := errors.AsType[*fault.FieldError](err); ok {
		return s.driftPage(w, r, http.StatusUnprocessableEntity, &component.AlertProps{Tone: component.ToneWarning, Title: "Nothing was done yet", Text: wrong.Message, Focus: true, TestID: "drift-problem"})
	}
	if errors.Is(err, fault.Conflict) {
		return s.driftPage(w, r, http.StatusConflict, &component.AlertProps{Tone: component.ToneWarning, Title: "Somebody was faster", Text: fault.Message(err), Focus: true, TestID: "drift-problem"})
	}
	if err != nil {
		return err
	}
	text := map[drift.State]string{drift.Accepted: "Accepted: ", drift.Ignored: "Ignored: "}[to] + plural(len(ids), "change") + "."
	if err := s.say(w, r, layout.ToastSuccess, text); err != nil {
		return err
	}
	return redirect(w, r, route.Drift)
}

// driftLook handles POST /drift/look: the account is read and compared now.
func (s *server) driftLook(w http.ResponseWriter, r *http.Request) error {
	found, first, err := s.Drift.Look(r.Context(), audit.WhoIs(actorFrom(r.Context())))
	kind, text := layout.ToastSuccess, "Looked. Nothing was changed outside of the portal."
	switch {
	case errors.Is(err, fault.Conflict):
		kind, text = layout.ToastInfo, fault.Message(err)
	case err != nil:
		return err
	case first:
		text = "Looked for the first time. From now on the portal finds what others change."
	case found > 0:
		kind, text = layout.ToastWarning, "Looked. Found "+plural(found, "change")+" made outside of the portal."
	}
	if err := s.say(w, r, kind, text); err != nil {
		return err
	}
	return redirect(w, r, route.Drift)
}

// driftBackForm handles GET /drift/back: what putting the ticked changes back would do, before anything is done.
func (s *server) driftBackForm(w http.ResponseWriter, r *http.Request) error {
	ids := r.URL.Query()["finding"]
	plan, _, err := s.driftPlan(r, ids)
	if errors.Is(err, fault.Conflict) {
		return s.driftPage(w, r, http.StatusConflict, &component.AlertProps{Tone: component.ToneWarning, Title: "Somebody was faster", Text: fault.Message(err), Focus: true, TestID: "drift-problem"})
	}
	if err != nil {
		return err
	}
	return s.driftBackPage(w, r, http.StatusOK, ids, id.NewChange(), plan, page.UndoProps{})
}

func driftInput(ids []string, c id.Change) change.Input {
	return change.Input{Recipe: change.PutBack, Fields: change.Fields(change.OutsideChanges{Findings: ids, Under: string(c)})}
}

// driftPlan works out what putting back would do, and answers which of the findings that deals with: those that cannot be
// put back go on waiting.
func (s *server) driftPlan(r *http.Request, ids []string) (plan change.Preview, settles []string, err error) {
	ctx := r.Context()
	list, err := s.Drift.Chosen(ctx, actorFrom(ctx), ids)
	if err != nil {
		return plan, nil, err
	}
	plan, err = s.Changes.Preview(ctx, actorFrom(ctx), personFrom(ctx), driftInput(ids, ""))
	for i := range plan.Rows {
		if row := &plan.Rows[i]; row.Action != change.NotPossible {
			settles = append(settles, list[row.Line-1].ID)
		}
	}
	slices.Sort(settles)
	return plan, slices.Compact(settles), err
}

// driftBack handles POST /drift/back. The findings are set aside under the id of the request before it is made: of two
// people one makes it. A request that is not made, or comes to nothing, leaves them waiting.
func (s *server) driftBack(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, me := actorFrom(ctx), personFrom(ctx)
	f, err := form(r, "finding")
	if err != nil {
		return err
	}
	ids := f["finding"]
	c, err := id.ParseChange(f.Get("change"))
	if err != nil {
		return fault.New(fault.Invalid, "The form could not be read. Nothing was done.")
	}
	if made, err := s.Changes.Show(ctx, a, c); err == nil { // sent twice
		return redirect(w, r, route.Change(made.ID))
	}
	plan, settles, err := s.driftPlan(r, ids)
	in := driftInput(ids, c)
	in.ID, in.Reason, in.Shown = c, f.Get("reason"), f.Get("shown")
	switch {
	case err != nil:
	case plan.Verdict.Outcome == access.NeedsDecision && strings.TrimSpace(in.Reason) == "":
		err = &change.ReasonWanted{Verdict: plan.Verdict}
	case in.Shown != plan.Mark():
		return s.driftBackPage(w, r, http.StatusConflict, ids, c, plan, page.UndoProps{Reason: in.Reason, Alert: &component.AlertProps{Tone: component.ToneWarning, Title: "Not done yet",
			Text: "The account has changed since this page was drawn. Look at what would be done now.", Focus: true, TestID: "too-late"}})
	default:
		err = s.Drift.Close(ctx, a, me, settles, drift.PutBack, c)
	}
	var made change.Change
	if err == nil {
		made, err = s.Changes.Submit(ctx, a, me, in)
	}
	if field, ok := errors.AsType[*fault.FieldError](err); ok && field.Field == "reason" {
		return s.driftBackPage(w, r, http.StatusUnprocessableEntity, ids, c, plan, page.UndoProps{Reason: in.Reason, ReasonProblem: field.Message})
	}
	if errors.Is(err, fault.Conflict) {
		return s.driftPage(w, r, http.StatusConflict, &component.AlertProps{Tone: component.ToneWarning, Title: "Nothing was put back", Text: fault.Message(err), Focus: true, TestID: "drift-problem"})
	}
	if err != nil {
		return err
	}
	kind, text := layout.ToastSuccess, "Put back: "+plural(len(settles), "change")+"."
	switch {
	case made.State == change.Waiting:
		kind, text = layout.ToastInfo, "Sent. Somebody else has to agree before it is put back."
	case made.State == change.Problems:
		kind, text = layout.ToastWarning, "Not all of it could be put back."
	case !made.State.Ended():
		kind, text = layout.ToastInfo, "It is being put back."
	}
	if err := s.say(w, r, kind, text); err != nil {
		return err
	}
	return redirect(w, r, route.Change(made.ID))
}

func (s *server) driftBackPage(w http.ResponseWriter, r *http.Request, status int, ids []string, c id.Change, plan change.Preview, p page.UndoProps) error {
	s.backRows(r, plan, &p)
	open := plan.Open()
	p.Order = "As the account is now"
	p.Verdict = component.AlertProps{Tone: component.ToneInfo, Text: strings.TrimSpace(plan.Verdict.Sentence + " " + plan.Verdict.Help), TestID: "undo-verdict"}
	switch {
	case open == 0:
		p.Verdict.Text = "There is nothing to put back."
	case plan.Verdict.Outcome != access.No:
		p.Action, p.Submit = route.DriftBack, "Put back "+rowsOf(open)
		p.Hidden = []component.Hidden{{Name: "shown", Value: plan.Mark()}, {Name: "change", Value: string(c)}}
		for _, f := range ids {
			p.Hidden = append(p.Hidden, component.Hidden{Name: "finding", Value: f})
		}
		if plan.Verdict.Outcome == access.NeedsDecision {
			p.AskReason, p.Submit = true, "Ask to put back "+rowsOf(open)
		}
	}
	p.BackURL, p.BackLabel = route.Drift, "Back"
	var err error
	if p.Frame, err = s.frame(w, r, route.Drift, layout.Props{Title: "Put back", Subtitle: plural(len(ids), "change") + " made outside of the portal", Crumbs: []layout.Crumb{{Label: "Outside changes", URL: route.Drift}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Undo(p))
}
