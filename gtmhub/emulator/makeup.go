package emulator

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// makeUp invents what the account file does not hold: objectives, key results and announcements, owned by the users
// and teams of the account. The same account and seed give the same.
func makeUp(s *state, seed uint64) record {
	r := rand.New(rand.NewPCG(seed, 0x6f626a656374)) // a stream of its own
	var rec record
	session := derivedID("session ", s.account.ID)
	created := dateText(time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC))
	active := make([]*user, 0, len(s.users.order))
	for _, u := range s.users.order {
		if u.IsActive && !u.pending() {
			active = append(active, u)
		}
	}
	addGoal := func(owner, by, parent string, n int, metricOwners []string) string {
		what := pick(r, goalNames)
		g := &goal{
			base: base{ID: derivedID(fmt.Sprintf("goal %d ", n), owner)}, Name: what, OwnerIDs: []string{owner}, ParentID: parent,
			SessionID: session, AttainmentType: "average_children", DateCreated: created, CreatedByID: by,
			Private: r.IntN(25) == 0, Locked: r.IntN(50) == 0,
		}
		if r.IntN(3) == 0 && len(active) > 0 {
			u := pick(r, active)
			g.Description = fmt.Sprintf("Agreed with @[%s:%s:%s].", u.name(), u.Email, u.ID)
		}
		rec.Goals = append(rec.Goals, g)
		for i := range 1 + r.IntN(3) {
			target := float64(10 * (1 + r.IntN(10)))
			rec.Metrics = append(rec.Metrics, &metric{
				base: base{ID: derivedID(fmt.Sprintf("metric %d ", i), g.ID)}, GoalID: g.ID, Name: pick(r, metricNames),
				OwnerIDs: []string{pick(r, metricOwners)}, Target: target, Actual: float64(r.IntN(int(target) + 1)), DateCreated: created,
			})
		}
		return g.ID
	}
	goalOfTeam := map[string]string{}
	for _, t := range s.teams.order {
		owners := []string{t.ID}
		by := t.Manager
		for _, m := range t.Members {
			if len(owners) < 6 && s.users.get(m).IsActive {
				owners = append(owners, m)
			}
		}
		goalOfTeam[t.ID] = addGoal(t.ID, by, goalOfTeam[t.ParentID], 0, owners)
	}
	for i, u := range s.users.order {
		// Every third user. Those who left still own something, else there would be nothing to hand over.
		if u.pending() || i%3 != 0 {
			continue
		}
		parent := ""
		if teams := s.teamsOf[u.ID]; len(teams) > 0 {
			parent = goalOfTeam[teams[0]]
		}
		addGoal(u.ID, u.ID, parent, 0, []string{u.ID})
	}
	if len(active) == 0 {
		return rec
	}
	for i, comment := range announcementTexts {
		author, other := pick(r, active), pick(r, active)
		a := &announcement{
			base: base{ID: derivedID(fmt.Sprintf("announcement %d ", i), s.account.ID)}, Type: "account", TargetID: s.account.ID,
			AuthorID: author.ID, Comment: fmt.Sprintf(comment, fmt.Sprintf("@[%s:%s:%s]", other.name(), other.Email, other.ID)),
			DateCreated: dateText(time.Date(2021, 3, 1+i*30, 9, 0, 0, 0, time.UTC)), NotificationStrategy: "all", Notify: []string{},
		}
		for _, u := range active[:min(3, len(active))] {
			a.Reactions = append(a.Reactions, u.ID)
		}
		rec.Announcements = append(rec.Announcements, a)
	}
	return rec
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }

var goalNames = []string{
	"Make the first week of new colleagues excellent", "Answer customers within a day", "Cut the cost of a build by half",
	"Win three reference customers in the north", "Move all services to the new region", "Close the books in five days",
	"Publish the security handbook", "Bring the old archive online", "Have no open critical findings", "Halve the time to hire",
	"Be the team that others ask to join", "Ship the mobile release", "Know what every customer pays for", "Retire the legacy reports",
}

var metricNames = []string{
	"Interviews held", "Tickets answered within a day", "Minutes per build", "Signed contracts", "Services moved", "Open findings closed",
	"Pages published", "Documents scanned", "Days from offer to start", "Colleagues trained", "Releases without rollback", "Reports retired",
}

var announcementTexts = []string{
	"Welcome to the new planning session. Questions go to %s.", "Thanks to %s, the office in the harbour is open again.",
	"The handbook has a new chapter; %s wrote it.", "Please check your key results by Friday. %s helps.",
	"%s leads the winter release.", "The summer party needs volunteers: tell %s.",
}
