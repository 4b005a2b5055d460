package access_test

import (
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/id"
)

func TestDecideObjectivesAndAnnouncements(t *testing.T) {
	t.Parallel()
	who := map[string]access.Actor{"nobody": nobody, "employee": employee, "lead": lead, "HR": hr, "approver": approver, "auditor": auditor, "operator": operator, "deactivated HR": gone}
	for _, act := range []access.Act{access.HandOverObjectives, access.SetConfidence, access.WriteAnnouncement, access.EditAnnouncement, access.RemoveAnnouncement} {
		for name, a := range who {
			t.Run(string(act)+" as "+name, func(t *testing.T) {
				t.Parallel()
				want := access.No
				if name == "HR" {
					want = access.Direct
				}
				v := access.DefaultPolicy().Decide(a, access.Question{Act: act, Rows: 1})
				if v.Outcome != want {
					t.Errorf("outcome %v by %q, want %v", v.Outcome, v.Rule, want)
				}
				if v.Outcome == access.No && (v.Sentence == "" || v.Help == "" || strings.HasPrefix(v.Rule, "unknown")) {
					t.Errorf("a refusal that explains nothing: %+v", v)
				}
			})
		}
	}
}

func TestSeesPrivateResults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		who  access.Actor
		of   id.User
		want bool
	}{
		{"HR of anybody", hr, "other", true},
		{"deactivated HR", gone, "other", false},
		{"oneself", employee, "me", true},
		{"a lead of a member", lead, "other", false},
		{"an auditor", auditor, "other", false},
		{"somebody without a user, of nobody", access.Actor{Kind: access.ByPerson}, "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := access.SeesPrivateResults(tc.who, tc.of); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

// TestDecideOwn: what Gtmhub ties to the caller nobody does for somebody else, HR neither.
func TestDecideOwn(t *testing.T) {
	t.Parallel()
	unlinked := hr
	unlinked.User = ""
	for _, tc := range []struct {
		name string
		who  access.Actor
		of   id.User
		want access.Outcome
	}{
		{"employee, own", employee, "me", access.Direct},
		{"employee, somebody else's", employee, "other", access.No},
		{"HR, own", hr, hr.User, access.Direct},
		{"HR, somebody else's", hr, "other", access.No},
		{"HR without a Gtmhub user", unlinked, "", access.No},
		{"deactivated", gone, gone.User, access.No},
		{"nobody", nobody, "", access.No},
	} {
		for _, act := range []access.Act{access.SetOwnSettings, access.TakeBackReaction} {
			t.Run(tc.name+" "+string(act), func(t *testing.T) {
				t.Parallel()
				v := access.DefaultPolicy().Decide(tc.who, access.Question{Act: act, Users: []access.User{{ID: tc.of}}, Rows: 1})
				if v.Outcome != tc.want || v.Outcome == access.No && (v.Sentence == "" || v.Help == "") {
					t.Errorf("%+v, want %v", v, tc.want)
				}
			})
		}
	}
}
