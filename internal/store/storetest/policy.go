package storetest

import (
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/store"
)

func testPolicy(t *testing.T, s *store.Store) {
	ctx, c := t.Context(), s.Changes()
	number := func(want int) {
		t.Helper()
		n, err := c.PolicyNumber(ctx)
		ok(t, "policy number", err)
		equal(t, "policy number", n, want)
	}
	number(0)
	joins := access.Ground{Hits: []access.Hit{{Line: "join-self", Size: 1}}, Lead: "team1"}
	list := rows(0, 2)
	waiting := head(change.Waiting, list)
	waiting.Ground, waiting.By, waiting.Lead, waiting.Rule = joins, access.ByLead, "team1", "join request"
	waiting = create(t, s, waiting, list)
	other := create(t, s, head(change.Waiting, rows(0, 1)), rows(0, 1))
	running := create(t, s, head(change.Running, rows(0, 1)), rows(0, 1))
	equal(t, "ground", reload(t, s, waiting.ID).Ground.Hits[0].Size, 1)

	// A new version makes what waits stricter, where it is told so, and nothing else.
	var seen []change.Judged
	v := change.PolicyVersion{Number: 1, Rules: access.DefaultPolicy().Rules, Note: "because", By: person(2)}
	stricter := func(j change.Judged) (access.Verdict, bool) {
		seen = append(seen, j)
		return access.Verdict{Outcome: access.NeedsDecision, Deciders: 2, By: access.ByHR, Rule: "r", Sentence: "s"}, j.ID == waiting.ID
	}
	n, err := c.SavePolicy(ctx, v, stricter, entry(2, audit.SettingChanged))
	ok(t, "save", err)
	equal(t, "raised", n, 1)
	equal(t, "asked about", len(seen), 2)
	number(1)
	got := reload(t, s, waiting.ID)
	equal(t, "raised request", []any{got.Deciders, got.By, got.Lead, got.Rule, got.RuleSentence}, []any{2, access.ByHR, waiting.Lead[:0], "r", "s"})
	equal(t, "other request", reload(t, s, other.ID).Deciders, 1)
	equal(t, "running change", reload(t, s, running.ID).Deciders, 0)

	// Of two who start from one version, one wins.
	_, err = c.SavePolicy(ctx, v, stricter)
	wantKind(t, "the same version again", err, fault.Conflict)
	v.Number = 2
	errs := together(4, func(int) error {
		_, err := c.SavePolicy(ctx, v, func(change.Judged) (access.Verdict, bool) { return access.Verdict{}, false }, entry(2, audit.SettingChanged))
		return err
	})
	equal(t, "racing versions", tally(errs), map[fault.Kind]int{"": 1, fault.Conflict: 3})

	// What was judged by an older version is not stored.
	late := head(change.Waiting, rows(0, 1))
	late.Policy = 1
	_, err = c.Create(ctx, late, rows(0, 1), nil, time.Hour)
	wantKind(t, "create under an older version", err, fault.Conflict)
	late.Policy = 2
	_, err = c.Create(ctx, late, rows(0, 1), nil, time.Hour)
	ok(t, "create", err)
	_, err = c.Revise(ctx, waiting.ID, change.Revision{From: 1, State: change.Waiting, By: person(1), To: change.Waiting, Keep: true, Policy: 1}, time.Hour)
	wantKind(t, "revise under an older version", err, fault.Conflict)

	all, err := c.PolicyVersions(ctx, 0)
	ok(t, "versions", err)
	equal(t, "versions", []any{len(all), all[0].Number, all[1].Note, all[1].By.Name, all[1].At.IsZero()}, []any{2, 2, "because", "Person 2", false})
	equal(t, "rules", all[1].Rules, v.Rules)
	one, err := c.PolicyVersions(ctx, 1)
	ok(t, "one version", err)
	equal(t, "one version", []int{len(one), one[0].Number}, []int{1, 1})

	judged, err := c.Judged(ctx, time.Hour, 3)
	ok(t, "judged", err)
	equal(t, "judged", len(judged), 3)
	judged, err = c.Judged(ctx, time.Hour, 100)
	ok(t, "judged", err)
	last := judged[len(judged)-1]
	equal(t, "oldest", []any{last.ID, last.Rows, last.Rejected, last.Was.By, last.Ground.Lead}, []any{waiting.ID, 2, 0, access.ByHR, joins.Lead})

	// Who decides narrows the inbox.
	for by, want := range map[access.By]int{access.ByAny: 2, access.ByHR: 1, access.ByApprover: 0} {
		_, total, err := c.Changes(ctx, change.Filter{States: []change.State{change.Waiting}, By: []access.By{by}})
		ok(t, "list", err)
		equal(t, "waiting for "+string(by), total, want)
	}
}
