package kinds

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// correctAddress mends an invitation that went to a wrong address. Gtmhub cannot change an address, so the old user is
// deleted and a new one invited, with the same name, language, roles and teams, as one change.
type correctAddress struct{ base }

// Name is change.CorrectAddress.
func (correctAddress) Name() string { return change.CorrectAddress }

// Plan works it out. The address has been checked for its form by whoever read it from the person.
func (r correctAddress) Plan(_ context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Correction
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	snap := r.dir.Current()
	if _, ok := snap.View(a.Scope()).User(in.User); !ok {
		return change.Plan{}, fault.New(fault.NotFound, "There is no such person.")
	}
	u, _ := snap.User(in.User)
	switch {
	case in.Email == "":
		return change.Plan{}, &fault.FieldError{Field: "email", Message: "Type the right address."}
	case strings.EqualFold(in.Email, u.Email):
		return change.Plan{}, &fault.FieldError{Field: "email", Message: "This is the address that the invitation went to."}
	case len(snap.UsersByEmail(in.Email)) > 0:
		return change.Plan{}, &fault.FieldError{Field: "email", Message: "Somebody has this address already."}
	case u.Status != directory.Pending:
		return change.Plan{}, fault.New(fault.Invalid, u.Name+" has signed in already, so the address cannot be corrected any more.")
	}
	f := r.factsFor([]id.User{u.ID})
	roles := r.rolesFacts(u.Roles)
	p := change.Plan{Title: fmt.Sprintf("Correct the address of %s to %s", u.Name, in.Email), Links: map[int]int{},
		Question: access.Question{Act: access.DeleteUser, Users: []access.User{f.of(u)}, Rows: 1},
		More:     []access.Question{{Act: access.InviteUser, Teams: r.knownTeams(u.Teams), Roles: roles, Rows: 1}}}
	var gone change.Row
	r.deletion(u, &gone)
	gone.Step, gone.Pos, gone.Subject, gone.Detail, gone.User, gone.Lock = 0, 1, u.Name, u.Email, u.ID, userLock(u.Email)
	invite := change.Row{Step: 1, Pos: 1, Kind: string(access.InviteUser), Subject: u.Name, Detail: in.Email, Lock: userLock(in.Email), Action: change.Create,
		Payload: payload(invitation{Email: in.Email, FirstName: u.FirstName, LastName: u.LastName, Language: u.Language, Teams: u.Teams, Roles: u.Roles}), Before: "no user", After: "new user, invited by mail"}
	p.Rows = []change.Row{gone, invite}
	p.Links[1] = 0
	for i, role := range u.Roles {
		p.Links[len(p.Rows)] = 1
		p.Rows = append(p.Rows, change.Row{Step: 2, Pos: i + 1, Kind: string(access.GiveRole), Subject: u.Name, Detail: in.Email, Lock: userLock(in.Email),
			Action: change.Update, Payload: payload(roleGift{Role: role, Teams: u.Teams}), After: "role " + r.roleFacts(role).Name})
	}
	pos := 0
	for _, t := range u.Teams {
		team, ok := snap.Team(t)
		if !ok || !team.Active {
			continue
		}
		pos++
		p.Links[len(p.Rows)] = 1
		p.Rows = append(p.Rows, change.Row{Step: 3, Pos: pos, Kind: string(access.AddMember), Subject: u.Name, Detail: in.Email, Team: t,
			Group: "team:" + string(t), Lock: "team:" + string(t), Action: change.Update, Payload: payload(struct{}{}), After: "member of " + team.Name})
	}
	for _, q := range slices.Concat([]access.Question{p.Question}, p.More) {
		if v := r.set.Policy.Decide(a, q); v.Outcome == access.No {
			for i := range p.Rows {
				p.Rows[i].Action, p.Rows[i].Note = change.NotPossible, strings.TrimSpace(v.Sentence+" "+v.Help)
				p.Rows[i].Group, p.Rows[i].Lock = "", ""
			}
			break
		}
	}
	return p, nil
}
