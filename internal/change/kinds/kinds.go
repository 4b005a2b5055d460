package kinds

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Reader is what kinds read: the directory, and fresh records through it.
type Reader interface {
	Current() *directory.Snapshot
	FreshTeam(ctx context.Context, team id.Team) (directory.Team, error)
	// ReadTeam is FreshTeam without touching the snapshot; the runner refreshes all touched teams at once.
	ReadTeam(ctx context.Context, team id.Team) (directory.Team, error)
	FreshUsersByEmail(ctx context.Context, emails []string) (map[string][]directory.User, error)
	Refresh(ctx context.Context, users []id.User, teams []id.Team) error
	// RefreshTeams reads all teams.
	RefreshTeams(ctx context.Context) error
}

// Settings are what kinds must know beside the account.
type Settings struct {
	// AdminRoles are the names of roles that manage the whole account, in any letter case.
	AdminRoles []string
	// ViewOnlyRoles are the names of roles that only read and stand beside no other, in any letter case.
	ViewOnlyRoles []string
	// Tried answers how long ago a row of the kind was last sent, or may have been, for each of the users for whom that is
	// less than within. nil means that nothing is known.
	Tried func(ctx context.Context, kind string, users []id.User, within time.Duration) (map[id.User]time.Duration, error)
	// Policy is asked while planning, so that rows that are not allowed are shown as not possible.
	Policy *change.Policies
	// Changes are those made before, for the recipe that takes one back.
	Changes History
	// Findings are what was changed without the portal, for the recipe that puts it back.
	Findings Findings
	// Own are the tokens of people who wait for a change of what Gtmhub ties to the caller; nil for none.
	Own OwnTokens
	// Lookups is what is read beside the directory; the kinds about objectives and announcements need it.
	Lookups Lookups
}

// base is shared by all kinds and recipes.
type base struct {
	dir Reader
	set Settings
}

// All returns the kinds and recipes of the portal.
func All(dir Reader, set Settings) ([]change.Kind, []change.Recipe) {
	if set.Own == nil {
		set.Own = new(change.OwnTokens)
	}
	b := base{dir, set}
	all := append([]change.Kind{inviteUser{b}, giveRole{b}, addMember{b}, removeMember{b}}, append(b.teamKinds(), b.userKinds()...)...)
	all = append(append(all, b.contentKinds()...), b.ownKinds()...)
	recipes := append([]change.Recipe{InvitePeople{b}, ChangeMembers{b, change.AddMembers}, ChangeMembers{b, change.RemoveMembers}}, append(b.teamRecipes(), b.userRecipes()...)...)
	recipes = append(append(recipes, b.contentRecipes()...), b.ownRecipes()...)
	undo := newUndo(b, all)
	return all, append(recipes, undo, PutBack{undo})
}

func (b base) setTeam(act access.Act) setTeam { return setTeam{b, act} }

func (b base) teamKinds() []change.Kind {
	return []change.Kind{createTeam{b}, editTeam{b.setTeam(access.EditTeam)}, replaceTeam{b.setTeam(access.ReplaceTeam)}, moveTeam{b.setTeam(access.MoveTeam)},
		setManager{b.setTeam(access.SetManager)}, removeManager{b.setTeam(access.RemoveManager)}, switchTeam{b, true}, switchTeam{b, false}, deleteTeam{b}}
}

func (b base) teamRecipes() []change.Recipe {
	return []change.Recipe{CreateTeam{b}, EditTeam{b.setTeam(access.EditTeam), change.EditTeam}, EditTeam{b.setTeam(access.ReplaceTeam), change.ReplaceTeam},
		MoveTeams{b.setTeam(access.MoveTeam)}, ChangeManager{b.setTeam(access.SetManager), change.SetTeamManager},
		ChangeManager{b.setTeam(access.RemoveManager), change.RemoveTeamManager}, SwitchTeams{switchTeam{b, true}, change.ActivateTeams},
		SwitchTeams{switchTeam{b, false}, change.DeactivateTeams}, DeleteTeams{deleteTeam{b}}}
}

func (b base) userKinds() []change.Kind {
	return []change.Kind{editName{b}, setLanguage{b}, grantRole{b}, grantRoles{b}, takeRole{b}, takeRoles{b}, activateUser{b}, deactivateUser{b},
		deleteUser{b}, deleteUsers{b}, resendInvitation{b}, sendPasswordMail{b}}
}

func (b base) userRecipes() []change.Recipe {
	return []change.Recipe{b.editNameRecipe(), b.setLanguageRecipe(), b.giveRoleRecipe(), b.takeRolesRecipe(), b.activateRecipe(), b.deactivateRecipe(),
		b.deleteRecipe(), b.resendRecipe(), b.passwordMailRecipe(), correctAddress{b}}
}

// teamFacts are the facts of a team for the policy.
func teamFacts(t directory.Team) access.Team {
	return access.Team{ID: t.ID, Name: t.Name, Manager: t.Manager, Active: t.Active}
}

func (b base) roleFacts(r id.Role) access.Role {
	role, ok := b.dir.Current().Role(r)
	if !ok {
		// A role that nobody knows is treated as the most powerful one.
		return access.Role{ID: r, Name: "(unknown role)", Admin: true}
	}
	named := func(name string) bool { return strings.EqualFold(name, role.Name) }
	return access.Role{ID: r, Name: role.Name, Admin: slices.ContainsFunc(b.set.AdminRoles, named), ViewOnly: slices.ContainsFunc(b.set.ViewOnlyRoles, named)}
}

func (b base) rolesFacts(roles []id.Role) []access.Role {
	out := make([]access.Role, len(roles))
	for i, r := range roles {
		out[i] = b.roleFacts(r)
	}
	return out
}

// knownTeams returns the facts of teams from the directory. A team that is not there has no manager, so no lead has it.
func (b base) knownTeams(teams []id.Team) []access.Team {
	snap := b.dir.Current()
	out := make([]access.Team, len(teams))
	for i, t := range teams {
		out[i] = access.Team{ID: t, Name: "a team that does not exist any more"}
		if team, ok := snap.Team(t); ok {
			out[i] = teamFacts(*team)
		}
	}
	return out
}

// freshen re-reads teams for people whose right hangs on them. HR's does not.
func (b base) freshen(ctx context.Context, a access.Actor, teams []id.Team) error {
	if a.HR || len(teams) == 0 {
		return nil
	}
	if err := b.dir.Refresh(ctx, nil, teams); err != nil {
		return unread(err)
	}
	return nil
}

func unread(err error) error {
	err = directory.Explain(err)
	if fault.KindOf(err) == fault.Internal {
		return fault.Wrap(err, fault.Unavailable, "The account could not be read just now. Nothing was done.")
	}
	return err
}

// payload puts a kind's own input into a row. Structs of strings always marshal.
func payload(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func decode[T any](row change.Row) (T, error) {
	var v T
	if err := json.Unmarshal(row.Payload, &v); err != nil {
		return v, fault.Wrap(err, fault.Internal, "")
	}
	return v, nil
}

func goOn(q access.Question) change.Finding { return change.Finding{Go: true, Question: q} }

// already is the finding for a row whose wish is fulfilled: done if we tried before, else nothing to do.
func already(row change.Row, reason, result string) change.Finding {
	if row.Attempt > 0 {
		return change.Finding{State: change.Done, Reason: "", Result: result}
	}
	return change.Finding{State: change.Nothing, Reason: reason, Result: result}
}

// Upstream is the client with which rows are carried out. It flattens the services that kinds declare parts of.
type Upstream struct {
	client *gtmhub.Client
	tokens OwnTokens
}

// NewUpstream takes the background side of the client, so that a big run never starves the pages. own are for what Gtmhub
// ties to the caller.
func NewUpstream(c *gtmhub.Client, own OwnTokens) *Upstream { return &Upstream{c.Background(), own} }

// CreateUser is operation 6.
func (u *Upstream) CreateUser(ctx context.Context, n gtmhub.NewUser, o gtmhub.InviteOptions) (*gtmhub.User, error) {
	return u.client.Invitations.Create(ctx, n, o) //nolint:staticcheck // deprecated without a successor
}

// GiveRole is operation 12.
func (u *Upstream) GiveRole(ctx context.Context, user id.User, role id.Role) error {
	return u.client.UserRoles.Give(ctx, gtmhub.ID(user), gtmhub.ID(role))
}

// upstreamIDs are ids as the client wants them.
func upstreamIDs[T ~string](in []T) []gtmhub.ID {
	out := make([]gtmhub.ID, len(in))
	for i, v := range in {
		out[i] = gtmhub.ID(v)
	}
	return out
}

// SetRoles is operation 11. What it says about single people is not trusted: they are read again.
func (u *Upstream) SetRoles(ctx context.Context, users []id.User, roles []id.Role) error {
	_, err := u.client.UserRoles.SetMany(ctx, upstreamIDs(users), upstreamIDs(roles))
	return err
}

// TakeRole is operation 18.
func (u *Upstream) TakeRole(ctx context.Context, user id.User, role id.Role) error {
	return u.client.UserRoles.Take(ctx, gtmhub.ID(user), gtmhub.ID(role))
}

// TakeRoles is operation 19.
func (u *Upstream) TakeRoles(ctx context.Context, user id.User, roles []id.Role) error {
	return u.client.UserRoles.TakeMany(ctx, gtmhub.ID(user), upstreamIDs(roles))
}

// RenameUser is operation 16.
func (u *Upstream) RenameUser(ctx context.Context, user id.User, first, last string) error {
	return u.client.Users.SetName(ctx, gtmhub.ID(user), first, last)
}

// SetUserLanguage is operation 15.
func (u *Upstream) SetUserLanguage(ctx context.Context, user id.User, language string) error {
	return u.client.Users.SetLanguage(ctx, gtmhub.ID(user), language)
}

// ActivateUsers is operation 7. What it says about single people is not trusted: they are read again.
func (u *Upstream) ActivateUsers(ctx context.Context, users []id.User) error {
	_, err := u.client.Users.Activate(ctx, upstreamIDs(users))
	return err
}

// DeactivateUsers is operation 8, likewise.
func (u *Upstream) DeactivateUsers(ctx context.Context, users []id.User) error {
	_, err := u.client.Users.Deactivate(ctx, upstreamIDs(users))
	return err
}

// DeleteUser is operation 17.
func (u *Upstream) DeleteUser(ctx context.Context, user id.User) error {
	return u.client.Users.Delete(ctx, gtmhub.ID(user))
}

// DeleteUsers is operation 9. What it says about single people is not trusted: they are read again.
func (u *Upstream) DeleteUsers(ctx context.Context, users []id.User) error {
	_, err := u.client.Users.DeleteMany(ctx, upstreamIDs(users))
	return err
}

// SendInvitation is operation 10, for one person.
func (u *Upstream) SendInvitation(ctx context.Context, user id.User) error {
	return u.client.Invitations.Send(ctx, []gtmhub.ID{gtmhub.ID(user)})
}

// SendPasswordEmail is operation 13.
func (u *Upstream) SendPasswordEmail(ctx context.Context, user id.User) error {
	return u.client.Users.SendPasswordEmail(ctx, gtmhub.ID(user))
}

// SetMembers is operation 27.
func (u *Upstream) SetMembers(ctx context.Context, team id.Team, members []id.User) error {
	ids := make([]gtmhub.ID, len(members))
	for i, m := range members {
		ids[i] = gtmhub.ID(m)
	}
	return u.client.TeamMembers.Set(ctx, gtmhub.ID(team), ids)
}

// RemoveMember is operation 31.
func (u *Upstream) RemoveMember(ctx context.Context, team id.Team, user id.User) error {
	return u.client.TeamMembers.Remove(ctx, gtmhub.ID(team), gtmhub.ID(user))
}

// CreateTeam is operation 22.
func (u *Upstream) CreateTeam(ctx context.Context, team gtmhub.NewTeam) (id.Team, error) {
	t, err := u.client.Teams.Create(ctx, team)
	if err != nil {
		return "", err
	}
	return id.Team(t.ID), nil
}

// PatchTeam is operation 28.
func (u *Upstream) PatchTeam(ctx context.Context, team id.Team, patch gtmhub.TeamPatch) error {
	return u.client.Teams.Patch(ctx, gtmhub.ID(team), patch)
}

// ReplaceTeam is operation 25. The client reads the team first, so that what the patch does not name stays.
func (u *Upstream) ReplaceTeam(ctx context.Context, team id.Team, patch gtmhub.TeamPatch) error {
	_, err := u.client.Teams.Replace(ctx, gtmhub.ID(team), patch)
	return err
}

// SwitchTeams is operation 23 or 24. What the answer says about single teams is not used.
func (u *Upstream) SwitchTeams(ctx context.Context, teams []id.Team, active bool) error {
	ids := make([]gtmhub.ID, len(teams))
	for i, t := range teams {
		ids[i] = gtmhub.ID(t)
	}
	if active {
		_, err := u.client.Teams.Activate(ctx, ids)
		return err
	}
	_, err := u.client.Teams.Deactivate(ctx, ids)
	return err
}

// SetManager is operation 26.
func (u *Upstream) SetManager(ctx context.Context, team id.Team, user id.User) error {
	return u.client.Teams.SetManager(ctx, gtmhub.ID(team), gtmhub.ID(user))
}

// RemoveManager is operation 30.
func (u *Upstream) RemoveManager(ctx context.Context, team id.Team) error {
	return u.client.Teams.RemoveManager(ctx, gtmhub.ID(team))
}

// DeleteTeam is operation 29.
func (u *Upstream) DeleteTeam(ctx context.Context, team id.Team) error {
	return u.client.Teams.Delete(ctx, gtmhub.ID(team))
}
