package kinds

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// This file is what the kinds about one person have in common: facts for the policy, looking, reading back, and the
// recipe that makes one row (or a few) for each person.

// facts makes the policy's facts about people of one change. leaving are those who stop being administrators by it.
type facts struct {
	base
	snap   *directory.Snapshot
	admins map[id.User]bool
	// staying counts the active administrators who are not leaving.
	staying int
}

func (b base) factsFor(leaving []id.User) facts {
	f := facts{base: b, snap: b.dir.Current(), admins: map[id.User]bool{}}
	for _, r := range f.snap.Roles() {
		if !b.roleFacts(r.ID).Admin {
			continue
		}
		for _, u := range f.snap.Users() {
			if !u.Deactivated && slices.Contains(u.Roles, r.ID) {
				f.admins[u.ID] = true
			}
		}
	}
	f.staying = len(f.admins)
	for _, u := range slices.Compact(slices.Sorted(slices.Values(leaving))) {
		if f.admins[u] {
			f.staying--
		}
	}
	return f
}

func (f facts) of(u *directory.User) access.User {
	return access.User{ID: u.ID, Name: u.Name, Roles: f.rolesFacts(u.Roles), Teams: f.knownTeams(u.Teams), Deactivated: u.Deactivated,
		Pending: u.Status == directory.Pending, LastAdmin: f.admins[u.ID] && f.staying == 0}
}

// userLock keeps the rows of all changes about one person apart, the steps of an invitation too.
func userLock(email string) string { return "user:" + strings.ToLower(strings.TrimSpace(email)) }

// ledTeams are the teams of the users on which the right of somebody who is not HR may hang.
func (b base) ledTeams(a access.Actor, users []id.User) []id.Team {
	var out []id.Team
	for _, u := range users {
		if known, ok := b.dir.Current().User(u); ok {
			for _, t := range known.Teams {
				if a.Leads.Has(t) {
					out = append(out, t)
				}
			}
		}
	}
	return unique(out)
}

// readPeople reads the people of the rows again, with all administrators if one of them is concerned, in one call for up
// to a hundred, and the teams on which a lead's right hangs.
func (b base) readPeople(ctx context.Context, a access.Actor, rows []change.Row) error {
	users := make([]id.User, len(rows))
	for i, row := range rows {
		users[i] = row.User
	}
	f := b.factsFor(nil)
	if slices.ContainsFunc(users, func(u id.User) bool { return f.admins[u] }) {
		for u := range f.admins {
			users = append(users, u)
		}
	}
	var teams []id.Team
	if !a.HR {
		teams = b.ledTeams(a, users)
	}
	if err := b.dir.Refresh(ctx, unique(users), teams); err != nil {
		return unread(err)
	}
	return nil
}

// goneReason is said about somebody whom Gtmhub does not know any more.
const goneReason = "Gtmhub has no such person any more."

// lookPeople reads the people of the rows again and asks look about each. Rows about people who are gone are refused,
// unless look says otherwise: it gets nil for them. A row whose finding goes on is put to the policy as the act.
func (b base) lookPeople(ctx context.Context, a access.Actor, act access.Act, rows []change.Row, look func(change.Row, *directory.User) (change.Finding, []id.Role, error)) ([]change.Finding, error) {
	if err := b.readPeople(ctx, a, rows); err != nil {
		return nil, err
	}
	leaving := make([]id.User, len(rows))
	for i, row := range rows {
		leaving[i] = row.User
	}
	f := b.factsFor(leaving)
	out := make([]change.Finding, len(rows))
	for i, row := range rows {
		u, known := f.snap.User(row.User)
		if !known {
			u = nil
		}
		finding, roles, err := look(row, u)
		if err != nil {
			return nil, err
		}
		if finding.Go {
			if u == nil {
				finding = change.Finding{State: change.RefusedRow, Reason: goneReason}
			} else {
				finding.Question = access.Question{Act: act, Users: []access.User{f.of(u)}, Roles: f.rolesFacts(roles), Rows: 1}
			}
		}
		out[i] = finding
	}
	return out, nil
}

// verifyPeople reads the people of the rows again and asks settled about each (nil for somebody who is gone).
func (b base) verifyPeople(ctx context.Context, act access.Act, rows []change.Row, after change.After, settled func(change.Row, *directory.User) (bool, error)) ([]change.Outcome, error) {
	users := make([]id.User, len(rows))
	for i, row := range rows {
		users[i] = row.User
	}
	if err := b.dir.Refresh(ctx, unique(users), nil); err != nil {
		return nil, unread(err)
	}
	snap := b.dir.Current()
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		u, known := snap.User(row.User)
		if !known {
			u = nil
		}
		ok, err := settled(row, u)
		switch {
		case err != nil:
			return nil, err
		case ok:
			out[i].State = change.Done
		case after == change.AfterLoss:
			out[i].State = change.Unknown
		case u == nil:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: goneReason}
		case after == change.AfterConflict:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: sentences[act].conflict}
		default:
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but does not show the change. Look at the person and try again."}
		}
	}
	return out, nil
}

// ids are the ids of the people of rows, each once, in order.
func ids(rows []change.Row) []id.User {
	var out []id.User
	for _, row := range rows {
		if !slices.Contains(out, row.User) {
			out = append(out, row.User)
		}
	}
	return out
}

// peopleRecipe plans one act about people who are there.
type peopleRecipe struct {
	base
	name string
	act  access.Act
	// title is the sentence of the change; who is a name, or "47 people".
	title func(in change.People, who string) string
	// check refuses fields that make no sense, nil for none.
	check func(in change.People) error
	// prepare, if set, looks up what rows needs for all people at once.
	prepare func(ctx context.Context, in change.People) (any, error)
	// rows plans one person. many says that the change is about several; prepared is what prepare answered. Subject,
	// Detail, User and Lock are filled in afterwards, Kind, Payload, Action, Before, After, Note, Flags and Group are not.
	rows func(in change.People, u *directory.User, many bool, prepared any) []change.Row
}

// Name implements change.Recipe.
func (r peopleRecipe) Name() string { return r.name }

// Plan works the act out against the directory. People who are not open to the actor make the whole a NotFound: one
// foreign person among many must not be told apart by what happens to the others.
func (r peopleRecipe) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.People
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	in.Users = distinct(in.Users)
	switch {
	case len(in.Users) == 0:
		return change.Plan{}, &fault.FieldError{Field: "user", Message: "Choose at least one person."}
	case len(in.Users) > change.MostPeople:
		return change.Plan{}, &fault.FieldError{Field: "user", Message: fmt.Sprintf("At most %d people can be changed at once.", change.MostPeople)}
	}
	for _, role := range in.Roles {
		if _, ok := r.dir.Current().Role(role); !ok {
			return change.Plan{}, &fault.FieldError{Field: "role", Message: "There is no such role any more. Choose another one."}
		}
	}
	if r.check != nil {
		if err := r.check(in); err != nil {
			return change.Plan{}, err
		}
	}
	if err := r.freshen(ctx, a, r.ledTeams(a, in.Users)); err != nil {
		return change.Plan{}, err
	}
	people, err := r.people(a, in.Users)
	if err != nil {
		return change.Plan{}, err
	}
	var prepared any
	if r.prepare != nil {
		if prepared, err = r.prepare(ctx, in); err != nil {
			return change.Plan{}, unread(err)
		}
	}
	return r.plan(a, in, people, prepared), nil
}

// people answers the users in the order asked for; nil for those who are not there, which only people who see all learn.
func (r peopleRecipe) people(a access.Actor, users []id.User) ([]*directory.User, error) {
	view := r.dir.Current().View(a.Scope())
	out := make([]*directory.User, len(users))
	for i, u := range users {
		if known, ok := view.User(u); ok {
			if out[i], ok = r.dir.Current().User(known.ID); ok {
				continue
			}
		}
		if !a.Scope().All || len(users) == 1 {
			return nil, fault.New(fault.NotFound, "There is no such person.")
		}
	}
	return out, nil
}

func (r peopleRecipe) plan(a access.Actor, in change.People, people []*directory.User, prepared any) change.Plan {
	p := change.Plan{}
	roles := r.rolesFacts(in.Roles)
	// What the policy is asked about each person counts all the others of the change as gone as well.
	f := r.factsFor(in.Users)
	var going, all []access.User
	who := ""
	for i, u := range people {
		if u == nil {
			p.Rows = append(p.Rows, change.Row{Kind: string(r.act), Subject: "Unknown person", Detail: string(in.Users[i]), User: in.Users[i],
				Payload: payload(struct{}{}), Action: change.NotPossible, Note: "There is no such person any more."})
			continue
		}
		who = u.Name
		fact := f.of(u)
		all = append(all, fact)
		refusal := r.set.Policy.Decide(a, access.Question{Act: r.act, Users: []access.User{fact}, Roles: roles, Rows: 1})
		asked := false
		for _, row := range r.rows(in, u, len(people) > 1, prepared) {
			row.Subject, row.Detail, row.User, row.Lock = u.Name, u.Email, u.ID, userLock(u.Email)
			if row.Action == change.Update && refusal.Outcome == access.No {
				row.Action, row.Note = change.NotPossible, strings.TrimSpace(refusal.Sentence+" "+refusal.Help)
			}
			if row.Action != change.Update {
				row.Group, row.Lock = "", ""
			}
			asked = asked || row.Action == change.Update
			p.Rows = append(p.Rows, row)
		}
		if asked {
			going = append(going, fact)
		}
	}
	for i := range p.Rows {
		p.Rows[i].Pos = i + 1
	}
	if len(people) > 1 {
		who = fmt.Sprintf("%d people", len(people))
	}
	p.Title = r.title(in, who)
	if len(going) == 0 {
		going = all // so that the answer says why nothing is possible
	}
	p.Question = access.Question{Act: r.act, Users: going, Roles: roles, Rows: max(1, len(going))}
	return p
}

// distinct drops repeated ids and keeps the order.
func distinct(in []id.User) []id.User {
	seen := make(map[id.User]bool, len(in))
	var out []id.User
	for _, u := range in {
		if u != "" && !seen[u] {
			seen[u] = true
			out = append(out, u)
		}
	}
	return out
}

// back fills in the row that takes back row: the same person, of another kind, planned as the account is now. f makes it
// from the person.
func (b base) back(row change.Row, kind string, f func(u *directory.User, out *change.Row)) change.Row {
	out := change.Row{Kind: kind, Subject: row.Subject, Detail: row.Detail, User: row.User, Team: row.Team, Payload: payload(struct{}{}), Action: change.Update}
	u, ok := b.dir.Current().User(row.User)
	if !ok {
		out.Action, out.Note = change.NotPossible, goneReason
		return out
	}
	out.Subject, out.Detail, out.Lock = u.Name, u.Email, userLock(u.Email)
	f(u, &out)
	if out.Action != change.Update {
		out.Group, out.Lock = "", ""
	}
	return out
}

// managed says what a person manages, as a remark on a row: "manages 2 teams, 31 people"; "" for nothing. Only active
// teams count.
func (b base) managed(u *directory.User) string {
	teams, people := 0, map[id.User]bool{}
	for _, t := range u.Manages {
		team, ok := b.dir.Current().Team(t)
		if !ok || !team.Active {
			continue
		}
		teams++
		for _, m := range team.Members {
			if m != u.ID {
				people[m] = true
			}
		}
	}
	switch {
	case teams == 0:
		return ""
	case teams == 1:
		return fmt.Sprintf("manages 1 team, %s", count(len(people), "person", "people"))
	}
	return fmt.Sprintf("manages %d teams, %s", teams, count(len(people), "person", "people"))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// oncePer is how often the same mail may go to one person.
const oncePer = time.Hour
