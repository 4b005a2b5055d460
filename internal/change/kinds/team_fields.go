package kinds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// teamFields are some fields of a team; nil ones are not meant. An empty parent is the top of the tree, an empty
// manager nobody.
type teamFields struct {
	Name        *string  `json:"name,omitempty"`
	Description *string  `json:"description,omitempty"`
	Color       *string  `json:"color,omitempty"`
	Avatar      *string  `json:"avatar,omitempty"`
	Parent      *id.Team `json:"parent,omitempty"`
	Manager     *id.User `json:"manager,omitempty"`
}

// teamEdit is the payload of the kinds that set fields of a team: the values as they were when it was planned, and as
// they shall be. Both name the same fields.
type teamEdit struct {
	From teamFields `json:"from"`
	To   teamFields `json:"to"`
}

// like returns those fields of the team that f names.
func (f teamFields) like(t directory.Team) teamFields {
	var out teamFields
	pick(&out.Name, f.Name, t.Name)
	pick(&out.Description, f.Description, t.Description)
	pick(&out.Color, f.Color, t.Color)
	pick(&out.Avatar, f.Avatar, t.Avatar)
	pick(&out.Parent, f.Parent, t.Parent)
	pick(&out.Manager, f.Manager, t.Manager)
	return out
}

func pick[T any](to **T, named *T, value T) {
	if named != nil {
		*to = &value
	}
}

// same says whether the team has all the values of f.
func (f teamFields) same(t directory.Team) bool {
	return is(f.Name, t.Name) && is(f.Description, t.Description) && is(f.Color, t.Color) && is(f.Avatar, t.Avatar) && is(f.Parent, t.Parent) && is(f.Manager, t.Manager)
}

func is[T comparable](want *T, have T) bool { return want == nil || *want == have }

func (f teamFields) patch() gtmhub.TeamPatch {
	p := gtmhub.TeamPatch{Name: f.Name, Description: f.Description, Color: f.Color, Avatar: f.Avatar}
	if f.Parent != nil {
		parent := gtmhub.ID(*f.Parent)
		p.ParentID = &parent
	}
	if f.Manager != nil {
		manager := gtmhub.ID(*f.Manager)
		p.Manager = &manager
	}
	return p
}

// words says the values for people: one field by its value alone, several with their names.
func (b base) words(f teamFields) string {
	type named struct{ name, value string }
	var all []named
	text := func(name string, v *string) {
		if v != nil {
			all = append(all, named{name, cmp.Or(*v, "none")})
		}
	}
	text("name", f.Name)
	text("description", f.Description)
	text("colour", f.Color)
	text("icon", f.Avatar)
	if f.Parent != nil {
		all = append(all, named{"parent", b.parentWord(*f.Parent)})
	}
	if f.Manager != nil {
		all = append(all, named{"manager", b.managerWord(*f.Manager)})
	}
	parts := make([]string, len(all))
	for i, n := range all {
		if parts[i] = n.name + ": " + n.value; len(all) == 1 {
			parts[i] = n.value
		}
	}
	return strings.Join(parts, "; ")
}

func (b base) parentWord(t id.Team) string {
	if t == "" {
		return "at the top"
	}
	if team, ok := b.dir.Current().Team(t); ok {
		return "below " + team.Name
	}
	return "below a team that does not exist"
}

func (b base) managerWord(u id.User) string {
	if u == "" {
		return "no manager"
	}
	if user, ok := b.dir.Current().User(u); ok {
		return user.Name
	}
	return "a user that does not exist"
}

// setTeam is shared by the kinds that set fields of one team by one call.
type setTeam struct {
	base
	act access.Act
}

func (k setTeam) Name() string      { return string(k.act) }
func (setTeam) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (setTeam) Repeatable() bool    { return true }

// Look reads the teams again: what is so already needs no call, and what somebody else changed since is held.
func (k setTeam) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	out := make([]change.Finding, len(rows))
	for i, row := range rows {
		edit, err := decode[teamEdit](row)
		if err != nil {
			return nil, err
		}
		team, err := k.dir.FreshTeam(ctx, row.Team)
		if errors.Is(err, fault.NotFound) {
			out[i] = change.Finding{State: change.RefusedRow, Reason: "The team does not exist any more."}
			continue
		}
		if err != nil {
			return nil, unread(err)
		}
		switch {
		case edit.To.same(team):
			out[i] = already(row, "Is so already.", string(team.ID))
		case !edit.From.same(team) && row.Drifted(k.words(edit.To.like(team))):
			out[i] = change.Finding{State: change.Held, Now: k.words(edit.To.like(team)), Reason: "The team has changed since: it is now " + k.words(edit.To.like(team)) + "."}
		default:
			out[i], err = k.ready(ctx, team, edit)
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// ready looks at what the new values refer to, and brings the facts for the policy.
func (k setTeam) ready(ctx context.Context, team directory.Team, edit teamEdit) (change.Finding, error) {
	q := access.Question{Act: k.act, Teams: []access.Team{teamFacts(team)}, Rows: 1}
	if m := edit.To.Manager; m != nil && *m != "" {
		if problem, err := k.manages(ctx, *m); err != nil || problem != "" {
			return change.Finding{State: change.RefusedRow, Reason: problem}, err
		}
		q.Facts.Manager = *m
	}
	if p := edit.To.Parent; p != nil && *p != "" && *p != team.Parent {
		parent, problem, err := k.standsBelow(ctx, team.ID, *p)
		if err != nil || problem != "" {
			return change.Finding{State: change.RefusedRow, Reason: problem}, err
		}
		facts := teamFacts(parent)
		q.Facts.Parent = &facts
	}
	return goOn(q), nil
}

// manages says why a person cannot be a manager, as a sentence; "" if they can. The record is read again.
func (b base) manages(ctx context.Context, u id.User) (problem string, err error) {
	if err := b.dir.Refresh(ctx, []id.User{u}, nil); err != nil {
		return "", unread(err)
	}
	user, ok := b.dir.Current().User(u)
	switch {
	case !ok:
		return "There is no such user any more.", nil
	case user.Status == directory.Inactive:
		return user.Name + " is deactivated and cannot manage a team.", nil
	}
	return "", nil
}

// deepest bounds the way up a tree of teams, so that a circle of parents ends it.
const deepest = 200

// standsBelow reads the whole way from a new parent to the top, team by team from Gtmhub. It says why the team cannot
// stand below that parent, as a sentence; "" if it can.
func (b base) standsBelow(ctx context.Context, team, under id.Team) (parent directory.Team, problem string, err error) {
	seen := map[id.Team]bool{}
	for at := under; at != "" && len(seen) < deepest; {
		if at == team {
			return parent, "A team cannot stand below itself or below one of its own sub-teams.", nil
		}
		if seen[at] {
			return parent, "The teams above " + parent.Name + " form a circle. Repair that first.", nil
		}
		seen[at] = true
		up, err := b.dir.FreshTeam(ctx, at)
		if errors.Is(err, fault.NotFound) {
			if at == under {
				return parent, "The new parent does not exist any more.", nil
			}
			break // the team above is gone: whoever stood below it stands at the top
		}
		if err != nil {
			return parent, "", unread(err)
		}
		if at == under {
			parent = up
		}
		at = up.Parent
	}
	if !parent.Active {
		return parent, "The team " + parent.Name + " is deactivated.", nil
	}
	return parent, "", nil
}

// Verify reads the teams again.
func (k setTeam) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		edit, err := decode[teamEdit](row)
		if err != nil {
			return nil, err
		}
		team, err := k.dir.ReadTeam(ctx, row.Team)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return nil, unread(err)
		}
		switch {
		case err != nil:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: "The team does not exist any more."}
		case edit.To.same(team):
			out[i] = change.Outcome{State: change.Done, Result: string(team.ID)}
		case after == change.AfterLoss:
			out[i].State = change.Unknown
		case after == change.AfterConflict:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: "Gtmhub refuses this because it conflicts with what is there."}
		default:
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but shows " + k.words(edit.To.like(team)) + ". Look at the team and try again."}
		}
	}
	return out, nil
}

// invert plans the way back of a done row as a row of the kind by.
func (k setTeam) invert(ctx context.Context, row change.Row, by access.Act) (change.Row, error) {
	edit, err := decode[teamEdit](row)
	if err != nil {
		return change.Row{}, err
	}
	back := change.Row{Kind: string(by), Subject: row.Subject, Detail: row.Detail, Team: row.Team, Group: row.Group, Lock: row.Lock}
	team, err := k.dir.FreshTeam(ctx, row.Team)
	if errors.Is(err, fault.NotFound) {
		back.Action, back.Note, back.Payload = change.NotPossible, "The team does not exist any more.", row.Payload
		return back, nil
	}
	if err != nil {
		return change.Row{}, unread(err)
	}
	way := teamEdit{From: edit.To.like(team), To: edit.From}
	if m := way.To.Manager; m != nil {
		back.User = *m
	}
	back.Subject, back.Payload, back.Before, back.After = team.Name, payload(way), k.words(way.From), k.words(way.To)
	switch {
	case edit.From.same(team):
		back.Action, back.Note = change.NothingToDo, "Is so already."
	case !edit.To.same(team):
		back.Action, back.Note = change.NotPossible, "Somebody has changed it since: it is now "+k.words(way.From)+"."
	default:
		back.Action = change.Update
		f, err := k.ready(ctx, team, way)
		if err != nil {
			return change.Row{}, err
		}
		if !f.Go {
			back.Action, back.Note = change.NotPossible, f.Reason
		}
	}
	return back, nil
}

// row plans the setting of fields of one team.
func (k setTeam) row(ctx context.Context, team directory.Team, to teamFields) (change.Row, access.Question, error) {
	edit := teamEdit{From: to.like(team), To: to}
	row := change.Row{Kind: string(k.act), Team: team.ID, Lock: "team:" + string(team.ID), Subject: team.Name, Payload: payload(edit),
		Action: change.Update, Before: k.words(edit.From), After: k.words(edit.To)}
	if to.Parent != nil {
		row.Lock = treeLock
	}
	if to.Manager != nil {
		row.User = *to.Manager
	}
	f, err := k.ready(ctx, team, edit)
	if err != nil {
		return row, access.Question{}, err
	}
	q := f.Question
	switch {
	case to.same(team):
		row.Action, row.Note = change.NothingToDo, "Is so already."
	case !f.Go:
		row.Action, row.Note = change.NotPossible, f.Reason
	}
	if !f.Go { // the policy still gets the facts that are known
		q = access.Question{Act: k.act, Teams: []access.Team{teamFacts(team)}, Rows: 1}
		if to.Manager != nil {
			q.Facts.Manager = *to.Manager
		}
		if to.Parent != nil && *to.Parent != "" {
			q.Facts.Parent = &k.knownTeams([]id.Team{*to.Parent})[0]
		}
	}
	if team.External {
		row.Flags = append(row.Flags, "an external directory keeps this team and may overwrite it")
	}
	return row, q, nil
}

// treeLock lets one move happen at a time: two that are right on their own could make a circle together.
const treeLock = "teams: tree"

// planTeams plans one row for each team of an input. title has one %s for the team or "4 teams".
func (b base) planTeams(ctx context.Context, a access.Actor, teams []id.Team, title string, row func(directory.Team) (change.Row, access.Question, error)) (change.Plan, error) {
	if len(teams) == 0 {
		return change.Plan{}, &fault.FieldError{Field: "team", Message: "Choose at least one team."}
	}
	all, err := b.openTeams(ctx, a.Scope(), unique(teams))
	if err != nil {
		return change.Plan{}, err
	}
	var p change.Plan
	for i, team := range all {
		r, q, err := row(team)
		if err != nil {
			return change.Plan{}, err
		}
		q.Rows = len(all)
		if i == 0 {
			p.Question = q
		} else {
			p.More = append(p.More, q)
		}
		r.Pos = i + 1
		p.Rows = append(p.Rows, r)
	}
	what := p.Rows[0].Subject
	if len(p.Rows) > 1 {
		what = fmt.Sprintf("%d teams", len(p.Rows))
	}
	p.Title = fmt.Sprintf(title, what)
	return p, nil
}

var errNoTeam = fault.New(fault.NotFound, "There is no such team.")

// openTeams reads teams fresh, because a lead's right hangs on them: many of them by one call. A team that is not in the
// scope does not exist.
func (b base) openTeams(ctx context.Context, sees access.Scope, teams []id.Team) ([]directory.Team, error) {
	switch {
	case slices.ContainsFunc(teams, func(t id.Team) bool { return !sees.SeesTeam(t) }), len(teams) == 0:
		return nil, errNoTeam
	case len(teams) > change.MostTeams:
		return nil, fault.Newf(fault.TooLarge, "At most %d teams can be changed at once. Choose fewer.", change.MostTeams)
	case len(teams) == 1:
		team, err := b.dir.FreshTeam(ctx, teams[0])
		if err != nil {
			return nil, unread(err)
		}
		return []directory.Team{team}, nil
	}
	if err := b.dir.Refresh(ctx, nil, teams); err != nil {
		return nil, unread(err)
	}
	snap := b.dir.Current()
	out := make([]directory.Team, len(teams))
	for i, t := range teams {
		team, ok := snap.Team(t)
		if !ok {
			return nil, fault.New(fault.NotFound, "One of the teams does not exist any more. Nothing was done; look at the list again.")
		}
		out[i] = *team
	}
	return out, nil
}

// openTeam reads a team fresh, because a lead's right hangs on it; a team that the actor may not see does not exist.
func (b base) openTeam(ctx context.Context, a access.Actor, t id.Team) (directory.Team, error) {
	if !a.Scope().SeesTeam(t) {
		return directory.Team{}, errNoTeam
	}
	team, err := b.dir.FreshTeam(ctx, t)
	if err != nil {
		return directory.Team{}, unread(err)
	}
	return team, nil
}

// parentOf checks that the actor may see a new parent; the top needs no look.
func parentOf(a access.Actor, parent id.Team) error {
	if parent != "" && !a.Scope().SeesTeam(parent) {
		return &fault.FieldError{Field: "parent", Message: "There is no such team. Choose another parent."}
	}
	return nil
}
