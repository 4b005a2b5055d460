package kinds

import (
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/drift"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Effects answers what a row does to the facts of the account when its call takes effect, for the look at what others did.
// Rows of kinds that touch no such fact do nothing.
func Effects(dir Reader) func(row change.Row) []drift.Write {
	b := base{dir: dir}
	return func(row change.Row) []drift.Write {
		return b.effects(row)
	}
}

func (b base) effects(row change.Row) []drift.Write {
	user, team := drift.Fact{Of: drift.UserIs, User: row.User}, drift.Fact{Of: drift.TeamIs, Team: row.Team}
	member := drift.Fact{Of: drift.MemberOf, User: row.User, Team: row.Team}
	one := func(f drift.Fact, value string) []drift.Write { return []drift.Write{{Fact: f, Value: value}} }
	switch row.Kind {
	case string(access.InviteUser):
		return b.invited(row)
	case string(access.GiveRole), string(access.GrantRole), grantMany, string(access.TakeRole), takeMany:
		g, err := decode[roleGrant](row) // a roleGift names its role alike
		if err != nil || row.User == "" {
			return nil
		}
		value := drift.On
		if row.Kind == string(access.TakeRole) || row.Kind == takeMany {
			value = ""
		}
		return one(drift.Fact{Of: drift.RoleOf, User: row.User, Role: g.Role}, value)
	case string(access.AddMember):
		return one(member, drift.On)
	case string(access.RemoveMember):
		return one(member, "")
	case string(access.ActivateUser):
		return one(user, drift.On)
	case string(access.DeactivateUser):
		return one(user, drift.Off)
	case string(access.DeleteUser), deleteMany:
		return one(user, "")
	case string(access.ActivateTeam):
		return one(team, drift.On)
	case string(access.DeactivateTeam):
		return one(team, drift.Off)
	case string(access.DeleteTeam):
		return one(team, "")
	case string(access.CreateTeam):
		return b.created(row)
	case string(access.MoveTeam), string(access.SetManager), string(access.RemoveManager), string(access.EditTeam), string(access.ReplaceTeam):
		edit, err := decode[teamEdit](row)
		if err != nil {
			return nil
		}
		return placed(row.Team, edit.To.Parent, edit.To.Manager)
	}
	return nil
}

// placed are the facts of a team that gets a parent and a manager; nil ones stay. Whether a manager becomes a member is
// not documented (docs/gtmhub-readings.md U17).
func placed(t id.Team, parent *id.Team, manager *id.User) (out []drift.Write) {
	if parent != nil {
		out = append(out, drift.Write{Fact: drift.Fact{Of: drift.ParentOf, Team: t}, Value: string(*parent)})
	}
	if manager != nil {
		out = append(out, drift.Write{Fact: drift.Fact{Of: drift.ManagerOf, Team: t}, Value: string(*manager)})
		if *manager != "" {
			out = append(out, drift.Write{Fact: drift.Fact{Of: drift.MemberOf, User: *manager, Team: t}, Value: drift.On, Sure: drift.Maybe})
		}
	}
	return out
}

// invited is the new user, also while nobody knows whether there is one.
func (b base) invited(row change.Row) (out []drift.Write) {
	u := id.User(row.Result)
	if u == "" {
		wish, err := decode[invitation](row)
		if err != nil {
			return nil
		}
		for _, known := range b.dir.Current().UsersByEmail(wish.Email) {
			u = known.ID
		}
	}
	if u == "" {
		return nil
	}
	return []drift.Write{{Fact: drift.Fact{Of: drift.UserIs, User: u}, Value: drift.On}}
}

// created is the new team, also while nobody knows whether there is one.
func (b base) created(row change.Row) []drift.Write {
	n, err := decode[newTeam](row)
	if err != nil {
		return nil
	}
	t := id.Team(row.Result)
	if made := (createTeam{b}).made(n); t == "" && made != nil {
		t = made.ID
	}
	if t == "" {
		return nil
	}
	return append([]drift.Write{{Fact: drift.Fact{Of: drift.TeamIs, Team: t}, Value: drift.On}}, placed(t, &n.Parent, &n.Manager)...)
}
