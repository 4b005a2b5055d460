package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// testTried: what was sent, or may have been, counts; what definitely did nothing does not.
func testTried(t *testing.T, s *store.Store) {
	st := s.Changes()
	for user, o := range map[id.User]change.Outcome{
		"done":     {State: change.Done},
		"unknown":  {State: change.Unknown},
		"person":   {State: change.Attention},
		"refused":  {State: change.RefusedRow},
		"too fast": {State: change.Queued, KeepAttempt: true},
	} {
		all := rows(0, 1)
		all[0].User, all[0].Kind = user, "send again"
		c := create(t, s, head(change.Running, all), all)
		got, err := st.Claim(t.Context(), "a", time.Minute, 1, c.ID)
		ok(t, "claim", err)
		ok(t, "intend", st.Intend(t.Context(), got, 0))
		o.Row, o.Epoch = got[0].ID, got[0].Epoch
		_, err = st.Settle(t.Context(), []change.Outcome{o})
		ok(t, "settle", err)
	}
	users := []id.User{"done", "unknown", "person", "refused", "too fast", "nobody", ""}
	got, err := st.Tried(t.Context(), "send again", users, time.Hour)
	ok(t, "tried", err)
	for u, ago := range got {
		if ago < 0 || ago > 10*time.Minute {
			t.Errorf("%s: %s ago", u, ago)
		}
		got[u] = 0
	}
	equal(t, "tried", got, map[id.User]time.Duration{"done": 0, "unknown": 0, "person": 0})
	got, err = st.Tried(t.Context(), "another kind", users, time.Hour)
	ok(t, "another kind", err)
	equal(t, "another kind", len(got), 0)
	by := head(change.Running, rows(0, 1)).Requester
	n, err := st.TriedBy(t.Context(), by, "send again", users)
	ok(t, "tried by", err)
	equal(t, "tried by the requester", n, map[id.User]int{"done": 1, "unknown": 1, "person": 1})
	n, err = st.TriedBy(t.Context(), change.ReminderSchedule(), "send again", users)
	ok(t, "tried by somebody else", err)
	equal(t, "tried by somebody else", n, map[id.User]int{})
	got, err = st.Tried(t.Context(), "send again", nil, time.Hour)
	ok(t, "nobody", err)
	equal(t, "nobody", len(got), 0)
}

// testUserLists: ticks, views and columns belong to one person.
func testUserLists(t *testing.T, s *store.Store) {
	st := s.UserLists()
	me, other := directory.Owner{Issuer: "i", Subject: "me"}, directory.Owner{Issuer: "i", Subject: "other"}
	selected := func(what string, o directory.Owner, want ...id.User) {
		t.Helper()
		got, err := st.Selected(t.Context(), o)
		ok(t, what, err)
		equal(t, what, got, want, cmpopts.EquateEmpty())
	}
	selected("nothing yet", me)
	got, err := st.Select(t.Context(), me, nil, []id.User{"b", "a", "b"})
	ok(t, "tick", err)
	equal(t, "answer", got, []id.User{"b", "a"})
	selected("ticked", me, "b", "a")
	selected("of another", other)
	_, err = st.Select(t.Context(), me, []id.User{"b", "c"}, []id.User{"d", "a"})
	ok(t, "tick again", err)
	selected("ticked again", me, "d", "a")
	many := make([]id.User, directory.MostSelected)
	for i := range many {
		many[i] = id.User(fmt.Sprint("u", i))
	}
	_, err = st.Select(t.Context(), me, nil, many)
	wantKind(t, "too many", err, fault.TooLarge)
	selected("as before", me, "d", "a")
	ok(t, "clear", st.ClearSelection(t.Context(), me))
	selected("cleared", me)

	teams := func(what string, o directory.Owner, list directory.TeamList, want ...id.Team) {
		t.Helper()
		got, err := st.Teams(t.Context(), o, list)
		ok(t, what, err)
		equal(t, what, got, want, cmpopts.EquateEmpty())
	}
	teams("nothing yet", me, directory.TickedTeams)
	turned, err := st.SetTeams(t.Context(), me, directory.TurnedTeams, nil, []id.Team{"b", "a", "b"})
	ok(t, "turn", err)
	equal(t, "answer", turned, []id.Team{"b", "a"})
	_, err = st.SetTeams(t.Context(), me, directory.TickedTeams, nil, []id.Team{"x", "y"})
	ok(t, "tick teams", err)
	_, err = st.SetTeams(t.Context(), me, directory.TickedTeams, []id.Team{"x"}, []id.Team{"z"})
	ok(t, "tick teams again", err)
	teams("ticked", me, directory.TickedTeams, "y", "z")
	teams("of another", other, directory.TickedTeams)
	ok(t, "clear another's", st.ClearTeams(t.Context(), other, directory.TickedTeams))
	ok(t, "clear one list", st.ClearTeams(t.Context(), me, directory.TurnedTeams))
	teams("cleared", me, directory.TurnedTeams)
	teams("the other list stays", me, directory.TickedTeams, "y", "z")
	lots := make([]id.Team, directory.MostSelected)
	for i := range lots {
		lots[i] = id.Team(fmt.Sprint("t", i))
	}
	_, err = st.SetTeams(t.Context(), me, directory.TickedTeams, nil, lots)
	wantKind(t, "too many teams", err, fault.TooLarge)
	teams("as before", me, directory.TickedTeams, "y", "z")
	both := make(chan error, 2)
	for _, one := range []id.Team{"p", "q"} { // two browsers at once, before there is a row
		go func() {
			_, err := st.SetTeams(t.Context(), other, directory.TurnedTeams, nil, []id.Team{one})
			both <- err
		}()
	}
	ok(t, "at once", errors.Join(<-both, <-both))
	at, err := st.Teams(t.Context(), other, directory.TurnedTeams)
	ok(t, "after both", err)
	slices.Sort(at)
	equal(t, "neither is lost", at, []id.Team{"p", "q"})

	views := func(what string, o directory.Owner, want ...directory.SavedView) {
		t.Helper()
		got, err := st.Views(t.Context(), o)
		ok(t, what, err)
		equal(t, what, got, want, cmpopts.EquateEmpty())
	}
	ok(t, "save", st.SaveView(t.Context(), me, directory.SavedView{Name: "old invitations", Query: "older=30"}))
	ok(t, "save another", st.SaveView(t.Context(), me, directory.SavedView{Name: "leads", Query: "manages=on"}))
	ok(t, "replace", st.SaveView(t.Context(), me, directory.SavedView{Name: "leads", Query: "manages=on&size=100"}))
	views("mine", me, directory.SavedView{Name: "leads", Query: "manages=on&size=100"}, directory.SavedView{Name: "old invitations", Query: "older=30"})
	views("of another", other)
	ok(t, "delete of another", st.DeleteView(t.Context(), other, "leads"))
	ok(t, "delete", st.DeleteView(t.Context(), me, "old invitations"))
	views("after deleting", me, directory.SavedView{Name: "leads", Query: "manages=on&size=100"})
	for i := range directory.MostViews - 1 {
		ok(t, "fill up", st.SaveView(t.Context(), me, directory.SavedView{Name: fmt.Sprint("v", i)}))
	}
	wantKind(t, "one too many", st.SaveView(t.Context(), me, directory.SavedView{Name: "another"}), fault.TooLarge)
	ok(t, "replace when full", st.SaveView(t.Context(), me, directory.SavedView{Name: "leads", Query: "q=x"}))

	columns := func(what string, o directory.Owner, chosen bool, want ...string) {
		t.Helper()
		got, is, err := st.Columns(t.Context(), o)
		ok(t, what, err)
		equal(t, what, is, chosen)
		equal(t, what, got, want, cmpopts.EquateEmpty())
	}
	columns("not chosen", me, false)
	ok(t, "choose", st.SetColumns(t.Context(), me, []string{"teams", "language"}))
	columns("chosen", me, true, "teams", "language")
	columns("of another", other, false)
	ok(t, "choose none", st.SetColumns(t.Context(), me, nil))
	columns("none", me, true)
	ok(t, "forget of another", st.ClearColumns(t.Context(), other))
	columns("still none", me, true)
	ok(t, "forget", st.ClearColumns(t.Context(), me))
	columns("forgotten", me, false)
}
