package storetest

import (
	"testing"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// testLeadRequests: a lead's inbox has the requests to the teams that are named, and no others.
func testLeadRequests(t *testing.T, s *store.Store) {
	for _, lead := range []id.Team{"", "t1", "t2"} {
		all := rows(0, 1)
		c := head(change.Waiting, all)
		c.Lead, c.Title, c.Deciders = lead, "to "+string(lead), 1
		equal(t, "lead as stored", create(t, s, c, all).Lead, lead)
	}
	for _, tc := range []struct {
		name  string
		leads []id.Team
		want  []string
	}{
		{"anybody", nil, []string{"to t2", "to t1", "to "}},
		{"nobody", []id.Team{}, nil},
		{"one team", []id.Team{"t1"}, []string{"to t1"}},
		{"two teams and none", []id.Team{"t2", "t1", ""}, []string{"to t2", "to t1"}},
	} {
		list, n, err := s.Changes().Changes(t.Context(), change.Filter{Leads: tc.leads, States: []change.State{change.Waiting}})
		ok(t, tc.name, err)
		var got []string
		for _, c := range list {
			got = append(got, c.Title)
		}
		equal(t, tc.name, got, tc.want)
		equal(t, tc.name+": number", n, len(tc.want))
	}
}
