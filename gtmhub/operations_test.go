package gtmhub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
)

// operationCase is one of the 40 operations on the wire. Path, query and body are what the documents say, not what our
// encoder makes of it.
type operationCase struct {
	number int
	method string
	path   string // below basePath; the caller's id is "{}"
	query  map[string]string
	body   string // JSON; "" for none

	// call runs the operation with the id that its path begins with.
	call func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error)
	noID bool // the path has no id

	status int
	answer string
	// check looks at the result of the answer above.
	check func(t *testing.T, got any)
	// needsBody says that an empty or odd body is an error. Without it only web pages and cut JSON are.
	needsBody bool
	// goneIsDone says that 404 is success.
	goneIsDone bool
	// fallback says that 400 leads to other calls.
	fallback bool
}

func ids(a ...gtmhub.ID) []gtmhub.ID { return a }

func none(err error) (any, error) { return nil, err }

func any2[T any](v T, err error) (any, error) { return v, err }

func ptr[T any](v T) *T { return &v }

func equal[T any](want T) func(*testing.T, any) {
	return func(t *testing.T, got any) {
		t.Helper()
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
	}
}

const bulkAnswer = `{"updated":["6154ad124654jdk901e43c15"],"failed":[{"id":"6166f85e4a38b89301380b13","reason":"no licence left"}]}`

func bulkChecked(t *testing.T, got any) {
	t.Helper()
	r := got.(*gtmhub.BulkResult)
	if diff := cmp.Diff(ids(userID), r.Updated); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]gtmhub.BulkFailure{{ID: "6166f85e4a38b89301380b13", Reason: "no licence left"}}, r.Failed); diff != "" {
		t.Errorf("failed (-want +got):\n%s", diff)
	}
}

func sampleUser(t *testing.T, u gtmhub.User) {
	t.Helper()
	want := gtmhub.User{
		ID: recordID, Email: u.Email, FirstName: "string value", LastName: "string value", Name: "string value",
		Language: "string value", ClientID: "string value", SubscriptionType: "string value", InvitedBy: "string value",
		Identities: []gtmhub.Identity{{ClientID: "string value", Connection: "string value", Name: "string value", Provider: "string value"}},
		Roles: []gtmhub.UserRole{{ID: "string", Name: "string value", Description: "string value", Team: &gtmhub.RoleTeam{
			ID: "string", Name: "string value", ParentID: "string", Manager: "string",
		}}},
		TeamIDs: ids("string value 1", "string value 2"), UserSettings: u.UserSettings, Raw: u.Raw,
	}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	if !strings.Contains(string(u.UserSettings), "alignmentTreeFilter") || !strings.Contains(string(u.Raw), "pictureInfo") {
		t.Error("settings or raw record lost")
	}
}

func sampleTeam(t *testing.T, team gtmhub.Team) {
	t.Helper()
	want := gtmhub.Team{
		ID: recordID, ParentID: "string", Manager: "string", Name: "string value", Description: "string value",
		Avatar: "string value", Color: "string value", Members: ids("ID"), IsActive: true,
		External: &gtmhub.ExternalTeamMapping{ExternalID: "string value", ExternalSystem: "string value"}, Raw: team.Raw,
	}
	if diff := cmp.Diff(want, team); diff != "" {
		t.Errorf("team (-want +got):\n%s", diff)
	}
}

func sampleAnnouncement(t *testing.T, got any) {
	t.Helper()
	want := &gtmhub.Announcement{
		ID: recordID, Type: "string value", TargetID: "string value", AuthorID: "string value", Comment: "string value",
		NotificationStrategy: "string value", Notify: []string{"string value 1", "string value 2"},
		Author: gtmhub.AnnouncementAuthor{
			ID: "string value", Name: "string value", FirstName: "string value", LastName: "string value",
			Email: "string value", Language: "string value",
		},
	}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("announcement (-want +got):\n%s", diff)
	}
}

func operationCases(t *testing.T) []operationCase {
	t.Helper()
	twoUsers := ids(userID, "6166f85e4a38b89301380b13")
	twoTeams := ids(teamID, "6169fc53cfe80388888f4b1d")
	return []operationCase{
		{number: 1, method: "GET", path: "/v1/accounts/users", noID: true, needsBody: true,
			query: map[string]string{
				"filter": "roles:573dbb61ed915d0005cc2c4d,roles:573dbb61ed915d0005cc2c7f",
				"skip":   "50", "take": "50", "includeShadowedRoles": "true",
			},
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Users.ListV1(ctx, gtmhub.ListV1Options{
					Filter: gtmhub.LuceneRoles("573dbb61ed915d0005cc2c4d", "573dbb61ed915d0005cc2c7f"), Skip: 50, Take: 50, IncludeTeamRoles: true,
				}))
			},
			status: 200, answer: golden(t, "op01_response"),
			check: func(t *testing.T, got any) {
				page := got.(*gtmhub.Page[gtmhub.User])
				if page.TotalCount != 2 || len(page.Items) != 1 {
					t.Fatalf("page %+v", page)
				}
				sampleUser(t, page.Items[0])
			}},
		{number: 2, method: "GET", path: "/v2/users", noID: true, needsBody: true,
			query: map[string]string{
				"fields": "id,email,firstName,lastName", "limit": "10", "take": "10", "formatting": "plainText",
				"filter": `{"_id":"611fce386400780001b19e1e"}`, "sort": "dateCreated,_id", "skip": "5",
			},
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Users.List(ctx, gtmhub.UserListOptions{
					Filter: gtmhub.Eq(gtmhub.UserID, "611fce386400780001b19e1e"),
					Fields: []gtmhub.UserField{gtmhub.UserEmail, gtmhub.UserFirstName, gtmhub.UserLastName},
					Skip:   5, Limit: 10, Formatting: gtmhub.PlainText,
				}))
			},
			status: 200, answer: golden(t, "op01_response"), // the same type, by the documents
			check: func(t *testing.T, got any) { sampleUser(t, got.(*gtmhub.Page[gtmhub.User]).Items[0]) }},
		{number: 3, method: "GET", path: "/v1/users/password/auth0%7C5f0a%2Fb/policy", noID: true, needsBody: true,
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Users.PasswordPolicy(ctx, "auth0|5f0a/b"))
			},
			status: 200, answer: `"good"`, check: equal("good")},
		{number: 4, method: "GET", path: "/v1/users/{}", needsBody: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.Users.Get(ctx, id))
			},
			status: 200, answer: golden(t, "op06_response"), // userResponse, as of operation 6
			check: func(t *testing.T, got any) { sampleUser(t, *got.(*gtmhub.User)) }},
		{number: 5, method: "GET", path: "/v1/users/{}/managers", needsBody: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.Users.Managers(ctx, id))
			},
			status: 200, answer: `{"items":["a1","b2"],"totalCount":2}`, check: equal(ids("a1", "b2"))},
		{number: 6, method: "POST", path: "/v1/users", noID: true, needsBody: true, query: map[string]string{"skipEmail": "true"},
			body: golden(t, "op06_request"),
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Invitations.Create(ctx, gtmhub.NewUser{
					Email: "john.doe@example.com", FirstName: "John", LastName: "Doe", Language: "English", UserName: "john.doe@example.com",
				}, gtmhub.InviteOptions{SkipEmail: true}))
			},
			status: 201, answer: golden(t, "op06_response"),
			check: func(t *testing.T, got any) { sampleUser(t, *got.(*gtmhub.User)) }},
		{number: 7, method: "POST", path: "/v1/users/activate", noID: true, body: golden(t, "op07_request"),
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Users.Activate(ctx, twoUsers))
			},
			status: 200, answer: bulkAnswer, check: bulkChecked},
		{number: 8, method: "POST", path: "/v1/users/deactivate", noID: true, body: golden(t, "op07_request"),
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Users.Deactivate(ctx, twoUsers))
			},
			status: 200, answer: bulkAnswer, check: bulkChecked},
		{number: 9, method: "POST", path: "/v1/users/delete", noID: true, body: golden(t, "op09_request"),
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Users.DeleteMany(ctx, twoTeams)) // the ids of the sample
			},
			status: 200, answer: strings.Replace(bulkAnswer, "updated", "deleted", 1), check: bulkChecked},
		{number: 10, method: "POST", path: "/v1/users/invitations", noID: true, body: golden(t, "op07_request"),
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return none(c.Invitations.Send(ctx, twoUsers))
			},
			status: 204},
		{number: 11, method: "POST", path: "/v1/users/roles", noID: true, fallback: true,
			body: `{"userIds":["6154ad124654jdk901e43c15","6166f85e4a38b89301380b13"],"roleIds":["573dbb61ed915d0005cc2c4d"]}`,
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.UserRoles.SetMany(ctx, twoUsers, ids(roleID)))
			},
			status: 200, answer: bulkAnswer, check: bulkChecked},
		{number: 12, method: "POST", path: "/v1/users/{}/roles", body: `{"userId":"{}","roleId":"573dbb61ed915d0005cc2c4d"}`,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.UserRoles.Give(ctx, id, roleID))
			},
			status: 200},
		{number: 13, method: "POST", path: "/v1/users/{}/send-change-password-email",
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Users.SendPasswordEmail(ctx, id))
			},
			status: 200, answer: `"sent"`},
		{number: 14, method: "PUT", path: "/v1/users/settings", noID: true, body: `{"theme":"dark"}`,
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return none(c.Users.UpdateOwnSettings(ctx, json.RawMessage(`{"theme":"dark"}`)))
			},
			status: 200},
		{number: 15, method: "PUT", path: "/v1/users/{}", body: `{"language":"de"}`,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Users.SetLanguage(ctx, id, "de"))
			},
			status: 200, answer: `{"anything":1}`},
		{number: 16, method: "PATCH", path: "/v1/users/{}", body: `{"firstName":"Jane","lastName":"Roe"}`,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Users.SetName(ctx, id, "Jane", "Roe"))
			},
			status: 200, answer: "done"},
		{number: 17, method: "DELETE", path: "/v1/accounts/user/{}",
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Users.Delete(ctx, id))
			},
			status: 200},
		{number: 18, method: "DELETE", path: "/v1/users/{}/roles/573dbb61ed915d0005cc2c4d",
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.UserRoles.Take(ctx, id, roleID))
			},
			status: 200},
		{number: 19, method: "DELETE", path: "/v1/users/{}/roles",
			query: map[string]string{"ids": "573dbb61ed915d0005cc2c4d,573dbb61ed915d0005cc2c7f"},
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.UserRoles.TakeMany(ctx, id, ids(roleID, "573dbb61ed915d0005cc2c7f")))
			},
			status: 200},
		{number: 20, method: "GET", path: "/v2/teams", noID: true, needsBody: true,
			query: map[string]string{
				"filter": `{"name":{"$regex":"(?i)Sales"}}`, "sort": "-name,_id", "skip": "0", "limit": "100",
				"fields": "id,name", "formatting": "mentionsMarkup",
			},
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Teams.List(ctx, gtmhub.TeamListOptions{
					Filter: gtmhub.Contains(gtmhub.TeamName, "Sales"), Sort: []gtmhub.Order[gtmhub.TeamField]{{By: gtmhub.TeamName, Descending: true}},
					Fields: []gtmhub.TeamField{gtmhub.TeamID, gtmhub.TeamName}, Formatting: gtmhub.MentionsMarkup,
				}))
			},
			status: 200, answer: golden(t, "op20_response"),
			check: func(t *testing.T, got any) { sampleTeam(t, got.(*gtmhub.Page[gtmhub.Team]).Items[0]) }},
		{number: 21, method: "GET", path: "/v1/teams/{}", needsBody: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.Teams.Get(ctx, id))
			},
			status: 200, answer: golden(t, "op21_response"),
			check: func(t *testing.T, got any) { sampleTeam(t, *got.(*gtmhub.Team)) }},
		{number: 22, method: "POST", path: "/v1/teams", noID: true, needsBody: true,
			body: `{"name":"Sales","description":"sells","parentId":"a1","manager":"b2","members":["c3"],"avatar":"icon","color":"#fff"}`,
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Teams.Create(ctx, gtmhub.NewTeam{
					Name: "Sales", Description: "sells", ParentID: "a1", Manager: "b2", Members: ids("c3"), Avatar: "icon", Color: "#fff",
				}))
			},
			status: 201, answer: golden(t, "op21_response"),
			check: func(t *testing.T, got any) { sampleTeam(t, *got.(*gtmhub.Team)) }},
		{number: 23, method: "POST", path: "/v1/teams/activate", noID: true, body: golden(t, "op09_request"),
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Teams.Activate(ctx, twoTeams))
			},
			status: 304, check: equal(&gtmhub.BulkResult{})},
		{number: 24, method: "POST", path: "/v1/teams/deactivate", noID: true, body: golden(t, "op09_request"),
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Teams.Deactivate(ctx, twoTeams))
			},
			status: 200, answer: bulkAnswer, check: bulkChecked},
		// 25 reads before it writes: TestReplaceReadsOverlaysAndWrites.
		{number: 26, method: "PUT", path: "/v1/teams/{}/manager", body: `{"manager":"6154ad124654jdk901e43c15"}`, fallback: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Teams.SetManager(ctx, id, userID))
			},
			status: 204},
		{number: 27, method: "PUT", path: "/v1/teams/{}/members", body: golden(t, "op07_request"), fallback: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.TeamMembers.Set(ctx, id, append(twoUsers, userID)))
			},
			status: 204},
		{number: 28, method: "PATCH", path: "/v1/teams/{}", body: `{"name":"Sales","parentId":"","members":[]}`,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Teams.Patch(ctx, id, gtmhub.TeamPatch{Name: ptr("Sales"), ParentID: ptr(gtmhub.ID("")), Members: new([]gtmhub.ID)}))
			},
			status: 200, answer: golden(t, "op21_response")},
		{number: 29, method: "DELETE", path: "/v1/teams/{}",
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Teams.Delete(ctx, id))
			},
			status: 204},
		{number: 30, method: "DELETE", path: "/v1/teams/{}/manager", goneIsDone: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Teams.RemoveManager(ctx, id))
			},
			status: 204},
		{number: 31, method: "DELETE", path: "/v1/teams/{}/members/6154ad124654jdk901e43c15", goneIsDone: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.TeamMembers.Remove(ctx, id, userID))
			},
			status: 204},
		{number: 32, method: "GET", path: "/v1/announcements", noID: true, needsBody: true,
			query: map[string]string{"fields": "id,comment", "formatting": "plainText"},
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Announcements.List(ctx, gtmhub.AnnouncementListOptions{
					Fields: []gtmhub.AnnouncementField{gtmhub.AnnouncementID, gtmhub.AnnouncementComment}, Formatting: gtmhub.PlainText,
				}))
			},
			status: 200, answer: golden(t, "op32_response"),
			check: func(t *testing.T, got any) { sampleAnnouncement(t, &got.(*gtmhub.Page[gtmhub.Announcement]).Items[0]) }},
		{number: 33, method: "GET", path: "/v1/announcements/{}", needsBody: true, query: map[string]string{"formatting": "plainText"},
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.Announcements.Get(ctx, id, gtmhub.PlainText))
			},
			status: 200, answer: golden(t, "op33_response"), check: sampleAnnouncement},
		{number: 34, method: "GET", path: "/v1/metrics/owner/{}", needsBody: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.KeyResults.ListByOwner(ctx, id, ""))
			},
			status: 200, answer: golden(t, "op34_response"),
			check: func(t *testing.T, got any) {
				k := got.(*gtmhub.Page[gtmhub.KeyResult]).Items[0]
				if k.Name != "string value" || k.Actual != 6 || k.GoalID == "" || len(k.Assignees) == 0 || k.ID != "" {
					t.Errorf("key result %+v", k)
				}
			}},
		{number: 35, method: "POST", path: "/v1/announcements", noID: true, needsBody: true, body: golden(t, "op35_request"),
			call: func(ctx context.Context, c *gtmhub.Client, _ gtmhub.ID) (any, error) {
				return any2(c.Announcements.Create(ctx, gtmhub.NewAnnouncement{
					TargetID: "string value", Type: "string value", AuthorID: "string value", Comment: "string value",
					NotificationStrategy: "string value", Notify: []string{"string value 1", "string value 2"},
				}))
			},
			status: 201, answer: golden(t, "op35_response"), check: sampleAnnouncement},
		{number: 36, method: "PUT", path: "/v1/goals/{}", needsBody: true,
			// The documents' sample, without its artefacts: ownerIds as {}, custom fields as one string.
			body: `{"attainmentTypeString":"average_children","customFields":{"f":["602b8dc804f94000010daae1"]},
				"description":"d","links":{},"name":"Become a market leader","ownerId":"a1","ownerIds":["a1"],
				"parentId":"6184ed271a35460001f26588","private":false,"sessionId":"3284gh256a36860111f56578"}`,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.Objectives.Update(ctx, id, gtmhub.ObjectiveUpdate{
					AttainmentType: ptr("average_children"), CustomFields: map[string]json.RawMessage{"f": json.RawMessage(`["602b8dc804f94000010daae1"]`)},
					Description: ptr("d"), Links: json.RawMessage("{}"), Name: ptr("Become a market leader"), OwnerID: ptr(gtmhub.ID("a1")),
					OwnerIDs: ids("a1"), ParentID: ptr(gtmhub.ID("6184ed271a35460001f26588")), Private: ptr(false), SessionID: ptr(gtmhub.ID("3284gh256a36860111f56578")),
				}))
			},
			status: 200, answer: golden(t, "op36_response"),
			check: func(t *testing.T, got any) {
				o := got.(*gtmhub.Objective)
				if o.ID != recordID || o.Name != "string value" || o.OwnerID == "" || len(o.KeyResults) == 0 || len(o.Assignees) == 0 {
					t.Errorf("objective %+v", o)
				}
			}},
		{number: 37, method: "PUT", path: "/v1/goals/{}/confidence", needsBody: true, body: `{"reason":"string value","value":0.8}`,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.Objectives.SetConfidence(ctx, id, gtmhub.Confidence{Reason: "string value", Value: 0.8}))
			},
			status: 200, answer: golden(t, "op37_response"),
			check: func(t *testing.T, got any) {
				o := got.(*gtmhub.StoredObjective)
				if o.ID != recordID || o.Name != "string value" || o.AttainmentType == 0 {
					t.Errorf("objective %+v", o)
				}
			}},
		{number: 38, method: "PATCH", path: "/v1/announcements/{}", needsBody: true, body: golden(t, "op38_request"),
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.Announcements.SetComment(ctx, id, "string value"))
			},
			status: 200, answer: golden(t, "op38_response"), check: sampleAnnouncement},
		{number: 39, method: "DELETE", path: "/v1/announcements/{}",
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return none(c.Announcements.Delete(ctx, id))
			},
			status: 204},
		{number: 40, method: "DELETE", path: "/v1/announcements/{}/react", needsBody: true,
			call: func(ctx context.Context, c *gtmhub.Client, id gtmhub.ID) (any, error) {
				return any2(c.Announcements.RemoveReaction(ctx, id))
			},
			status: 200, answer: golden(t, "op40_response"), check: sampleAnnouncement},
	}
}

// documented are the status codes of failures that the reference lists per operation, beside those that any may meet.
var statusKinds = []struct {
	status  int
	kind    error
	refused bool // a write is definitely not done
}{
	{400, gtmhub.ErrInvalid, true},
	{401, gtmhub.ErrUnauthorized, true},
	{402, gtmhub.ErrPaymentRequired, true},
	{403, gtmhub.ErrForbidden, true},
	{404, gtmhub.ErrNotFound, true},
	{409, gtmhub.ErrConflict, true},
	{410, gtmhub.ErrNotFound, true},
	{422, gtmhub.ErrInvalid, true},
	{423, gtmhub.ErrLocked, true},
	{429, gtmhub.ErrRateLimited, true},
	{408, gtmhub.ErrUnavailable, false},
	{500, gtmhub.ErrUnavailable, false},
	{503, gtmhub.ErrUnavailable, false},
	{302, gtmhub.ErrBadAnswer, false},
}

func (tt operationCase) name() string { return fmt.Sprintf("%02d", tt.number) }

func (tt operationCase) isWrite() bool { return tt.method != http.MethodGet }

func TestOperationsOnTheWire(t *testing.T) {
	t.Parallel()
	for _, tt := range operationCases(t) {
		t.Run(tt.name(), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, answer(tt.status, tt.answer))
			got, err := tt.call(t.Context(), newClient(t, options(s.URL)), recordID)
			if err != nil {
				t.Fatal(err)
			}
			seen := s.exchanges()
			if len(seen) != 1 {
				t.Fatalf("%d calls, want 1", len(seen))
			}
			want := exchange{
				Method: tt.method, Path: basePath + strings.Replace(tt.path, "{}", string(recordID), 1), Query: tt.query,
				Header: seen[0].Header, Body: seen[0].Body,
			}
			if want.Query == nil {
				want.Query = map[string]string{}
			}
			if diff := cmp.Diff(want, seen[0]); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if tt.body == "" {
				if seen[0].Body != "" {
					t.Errorf("body %q, want none", seen[0].Body)
				}
			} else {
				sameJSON(t, strings.ReplaceAll(tt.body, "{}\"", string(recordID)+"\""), seen[0].Body)
			}
			if tt.check != nil {
				tt.check(t, got)
			}
		})
	}
}

func TestOperationsTakeAny2xx(t *testing.T) {
	t.Parallel()
	for _, tt := range operationCases(t) {
		t.Run(tt.name(), func(t *testing.T) {
			t.Parallel()
			status, body := 202, tt.answer
			if !tt.needsBody {
				body = ""
			}
			s := newServer(t, answer(status, body))
			if _, err := tt.call(t.Context(), newClient(t, options(s.URL)), recordID); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOperationsSortFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range operationCases(t) {
		for _, st := range statusKinds {
			t.Run(fmt.Sprintf("%s/%d", tt.name(), st.status), func(t *testing.T) {
				t.Parallel()
				s := newServer(t, answer(st.status, `{"error":"because"}`))
				_, err := tt.call(t.Context(), newClient(t, options(s.URL)), recordID)
				if tt.goneIsDone && errors.Is(st.kind, gtmhub.ErrNotFound) {
					if err != nil {
						t.Errorf("gone is not done: %v", err)
					}
					return
				}
				e, ok := errors.AsType[*gtmhub.APIError](err)
				if !ok || !errors.Is(err, st.kind) {
					t.Fatalf("error = %v, want kind %v", err, st.kind)
				}
				if e.Status != st.status || e.Message != "because" || !strings.HasPrefix(err.Error(), "gtmhub: "+e.Method) {
					t.Errorf("error %+v", e)
				}
				if got, want := errors.Is(err, gtmhub.ErrUnknownOutcome), tt.isWrite() && !st.refused; got != want {
					t.Errorf("unknown outcome = %v, want %v", got, want)
				}
				if errors.Is(err, gtmhub.ErrNotSent) {
					t.Error("an answered call counts as not sent")
				}
				wantCalls := 1
				if tt.fallback && st.status == 400 {
					wantCalls = len(s.exchanges()) // see the tests of the fallbacks
				}
				if n := len(s.exchanges()); n != wantCalls {
					t.Errorf("%d calls, want %d", n, wantCalls)
				}
			})
		}
	}
}

func TestOperationsRefuseBadAnswers(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "5000")
		_, _ = w.Write([]byte(`{"id":"5be2`))
	}
	bad := map[string]http.HandlerFunc{
		"cut body":      cut,
		"cut JSON":      answer(200, `{"items":[{"id":"5be26318e5274a00`),
		"html":          answer(200, "<html><body>Gtmhub</body></html>"),
		"too deep":      answer(200, strings.Repeat("[", 65)+strings.Repeat("]", 65)),
		"empty":         answer(200, ""),
		"no content":    answer(204, ""),
		"null":          answer(200, "null"),
		"array":         answer(200, "[1]"),
		"number":        answer(200, "7"),
		"empty object":  answer(200, "{}"),
		"error object":  answer(200, `{"error":"no"}`),
		"without id":    answer(200, `{"items":[{"email":"a@b.example","name":"x"}],"totalCount":1}`),
		"null items":    answer(200, `{"items":null,"totalCount":3}`),
		"items no list": answer(200, `{"items":{"a":1},"totalCount":1}`),
		"other record":  answer(200, `{"id":"zzz","email":"other@example.com"}`),
		"odd id":        answer(200, `{"id":"../../teams/x","email":"john.doe@example.com"}`),
		"wrong type":    answer(200, `{"id":17,"email":["a"],"items":"x"}`),
		"text":          answer(200, "ok"),
	}
	for _, tt := range operationCases(t) {
		for name, handler := range bad {
			// Only operations that need a body can see that it is odd; a policy may be any text, key results need no id.
			always := name == "cut body" || name == "cut JSON" || name == "html" || name == "too deep"
			switch {
			case !tt.needsBody && !always,
				tt.number == 3 && !always && name != "empty" && name != "no content",
				tt.number == 34 && name == "without id",
				tt.number == 5 && (name == "without id" || name == "null items" || name == "wrong type"),
				tt.number == 22 && name == "other record",
				tt.number == 35 && name == "other record":
				continue
			}
			t.Run(tt.name()+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := newServer(t, handler)
				_, err := tt.call(t.Context(), newClient(t, options(s.URL)), recordID)
				if !errors.Is(err, gtmhub.ErrBadAnswer) {
					t.Fatalf("error = %v", err)
				}
				if got := errors.Is(err, gtmhub.ErrUnknownOutcome); got != tt.isWrite() {
					t.Errorf("unknown outcome = %v", got)
				}
			})
		}
	}
}

func TestOperationsRefuseOddIDs(t *testing.T) {
	t.Parallel()
	odd := []gtmhub.ID{"", ".", "..", "a/b", "..%2Fteams", "a?b", "a#b", "a b", "é", "a\x00", gtmhub.ID(strings.Repeat("a", 65))}
	for _, tt := range operationCases(t) {
		if tt.noID {
			continue
		}
		t.Run(tt.name(), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, answer(200, tt.answer))
			c := newClient(t, options(s.URL))
			for _, id := range odd {
				_, err := tt.call(t.Context(), c, id)
				if !errors.Is(err, gtmhub.ErrInvalid) || errors.Is(err, gtmhub.ErrNotSent) != tt.isWrite() {
					t.Errorf("%q: %v", id, err)
				}
			}
			if n := len(s.exchanges()); n != 0 {
				t.Errorf("%d calls were sent", n)
			}
		})
	}
}

func TestArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	s := newServer(t, answer(200, "{}"))
	c := newClient(t, options(s.URL))
	ctx := t.Context()
	bad := ids("a/b")
	tests := map[string]func() error{
		"list with odd page size": func() error { _, err := c.Users.List(ctx, gtmhub.UserListOptions{Limit: 7}); return err },
		"list with negative skip": func() error { _, err := c.Teams.List(ctx, gtmhub.TeamListOptions{Skip: -1}); return err },
		"list with unknown field": func() error {
			_, err := c.Users.List(ctx, gtmhub.UserListOptions{Fields: []gtmhub.UserField{"$where"}})
			return err
		},
		"list with unknown formatting": func() error { _, err := c.Users.List(ctx, gtmhub.UserListOptions{Formatting: "html"}); return err },
		"list with unknown sort": func() error {
			_, err := c.Teams.List(ctx, gtmhub.TeamListOptions{Sort: []gtmhub.Order[gtmhub.TeamField]{{By: "x,y"}}})
			return err
		},
		"list with bad filter": func() error {
			_, err := c.Users.List(ctx, gtmhub.UserListOptions{Filter: gtmhub.Eq(gtmhub.UserField("$where"), "1")})
			return err
		},
		"v1 list with bad filter": func() error {
			_, err := c.Users.ListV1(ctx, gtmhub.ListV1Options{Filter: gtmhub.LuceneEmail("")})
			return err
		},
		"v1 list with odd size": func() error { _, err := c.Users.ListV1(ctx, gtmhub.ListV1Options{Take: 3}); return err },
		"policy without client": func() error { _, err := c.Users.PasswordPolicy(ctx, ""); return err },
		"policy of dots":        func() error { _, err := c.Users.PasswordPolicy(ctx, ".."); return err },
		"policy of hidden dots": func() error { _, err := c.Users.PasswordPolicy(ctx, `a\..\b`); return err },
		"policy with control":   func() error { _, err := c.Users.PasswordPolicy(ctx, "a\n"); return err },
		"find without e-mail":   func() error { _, err := c.Users.FindByEmail(ctx, " "); return err },
		"find bad ids":          func() error { _, err := c.Users.FindByIDs(ctx, bad); return err },
		"find bad team ids":     func() error { _, err := c.Teams.FindByIDs(ctx, bad); return err },
		"create without e-mail": func() error {
			_, err := c.Invitations.Create(ctx, gtmhub.NewUser{}, gtmhub.InviteOptions{})
			return err
		},
		"create with spaces": func() error {
			_, err := c.Invitations.Create(ctx, gtmhub.NewUser{Email: "a@b.c "}, gtmhub.InviteOptions{})
			return err
		},
		"send to nobody":      func() error { return c.Invitations.Send(ctx, nil) },
		"activate nobody":     func() error { _, err := c.Users.Activate(ctx, nil); return err },
		"delete odd ids":      func() error { _, err := c.Users.DeleteMany(ctx, bad); return err },
		"set no roles":        func() error { _, err := c.UserRoles.SetMany(ctx, ids(userID), nil); return err },
		"give odd role":       func() error { return c.UserRoles.Give(ctx, userID, "a b") },
		"take odd roles":      func() error { return c.UserRoles.TakeMany(ctx, userID, bad) },
		"settings no object":  func() error { return c.Users.UpdateOwnSettings(ctx, json.RawMessage(`[1]`)) },
		"settings empty":      func() error { return c.Users.UpdateOwnSettings(ctx, json.RawMessage(`{}`)) },
		"no language":         func() error { return c.Users.SetLanguage(ctx, userID, "") },
		"no name":             func() error { return c.Users.SetName(ctx, userID, "", "") },
		"team without name":   func() error { _, err := c.Teams.Create(ctx, gtmhub.NewTeam{}); return err },
		"empty patch":         func() error { return c.Teams.Patch(ctx, teamID, gtmhub.TeamPatch{}) },
		"patch away the name": func() error { return c.Teams.Patch(ctx, teamID, gtmhub.TeamPatch{Name: ptr("")}) },
		"empty replacement":   func() error { _, err := c.Teams.Replace(ctx, teamID, gtmhub.TeamPatch{}); return err },
		"replace an odd team": func() error { _, err := c.Teams.Replace(ctx, "a/b", gtmhub.TeamPatch{Name: ptr("x")}); return err },
		"odd manager":         func() error { return c.Teams.SetManager(ctx, teamID, "..") },
		"odd members":         func() error { return c.TeamMembers.Set(ctx, teamID, bad) },
		"announcements odd format": func() error {
			_, err := c.Announcements.List(ctx, gtmhub.AnnouncementListOptions{Formatting: "x"})
			return err
		},
		"announcements odd field": func() error {
			_, err := c.Announcements.List(ctx, gtmhub.AnnouncementListOptions{Fields: []gtmhub.AnnouncementField{"x"}})
			return err
		},
		"announcement odd format":   func() error { _, err := c.Announcements.Get(ctx, recordID, "x"); return err },
		"announcement without text": func() error { _, err := c.Announcements.Create(ctx, gtmhub.NewAnnouncement{}); return err },
		"comment without text":      func() error { _, err := c.Announcements.SetComment(ctx, recordID, ""); return err },
		"key results odd format":    func() error { _, err := c.KeyResults.ListByOwner(ctx, userID, "x"); return err },
		"objective unchanged":       func() error { _, err := c.Objectives.Update(ctx, recordID, gtmhub.ObjectiveUpdate{}); return err },
		"objective with bad JSON": func() error {
			_, err := c.Objectives.Update(ctx, recordID, gtmhub.ObjectiveUpdate{Links: json.RawMessage("{")})
			return err
		},
		"confidence above one": func() error {
			_, err := c.Objectives.SetConfidence(ctx, recordID, gtmhub.Confidence{Value: 1.5})
			return err
		},
	}
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			if err := call(); !errors.Is(err, gtmhub.ErrInvalid) {
				t.Errorf("error = %v", err)
			}
		})
	}
	if n := len(s.exchanges()); n != 0 {
		t.Errorf("%d calls were sent", n)
	}
}

func TestCreatedUserWithAnotherEmailIsUnknown(t *testing.T) {
	t.Parallel()
	s := newServer(t, answer(201, `{"id":"a1","email":"other@example.com"}`))
	_, err := newClient(t, options(s.URL)).Invitations.Create(t.Context(), gtmhub.NewUser{Email: "me@example.com"}, gtmhub.InviteOptions{})
	if !errors.Is(err, gtmhub.ErrBadAnswer) || !errors.Is(err, gtmhub.ErrUnknownOutcome) {
		t.Errorf("error = %v", err)
	}
	if strings.Contains(err.Error(), "other@") {
		t.Errorf("text shows the address: %v", err)
	}
}

func TestRetryAfterReachesTheCaller(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	c := newClient(t, options(s.URL))
	_, err := c.Invitations.Create(t.Context(), gtmhub.NewUser{Email: "a@b.example"}, gtmhub.InviteOptions{})
	e, ok := errors.AsType[*gtmhub.APIError](err)
	if !ok || e.RetryAfter != 7*time.Second || errors.Is(err, gtmhub.ErrUnknownOutcome) {
		t.Errorf("error = %v", err)
	}
	if p := c.PausedFor(); p <= 5*time.Second || p > 7*time.Second {
		t.Errorf("paused for %v", p)
	}
	// All derived clients wait; a call that cannot wait so long is refused unsent.
	err = c.Background().As(gtmhub.StaticToken("x")).Teams.Delete(t.Context(), teamID)
	e, ok = errors.AsType[*gtmhub.APIError](err)
	if !ok || !errors.Is(err, gtmhub.ErrRateLimited) || !errors.Is(err, gtmhub.ErrNotSent) || e.RetryAfter < time.Second {
		t.Errorf("second call: %v", err)
	}
	if n := len(s.exchanges()); n != 1 {
		t.Errorf("%d calls were sent", n)
	}
}

// TestDocumentsAgree holds the directives in the code, the data file and the table in docs against each other.
func TestDocumentsAgree(t *testing.T) {
	t.Parallel()
	tsv, err := os.ReadFile("operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/gtmhub-operations.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(tsv)), "\n")
	if len(rows) != 40 {
		t.Fatalf("%d rows, want 40", len(rows))
	}
	directives := readDirectives(t)
	cases := map[int]operationCase{}
	for _, tt := range operationCases(t) {
		cases[tt.number] = tt
	}
	for i, row := range rows {
		f := strings.Split(row, "\t")
		if len(f) != 6 || f[0] != fmt.Sprint(i+1) {
			t.Errorf("row %d is %q", i+1, row)
			continue
		}
		d, ok := directives[f[4]]
		if !ok {
			t.Errorf("%s has no //gtmhub:operation line", f[4])
			continue
		}
		delete(directives, f[4])
		if want := fmt.Sprintf("%s %s %s #%s", f[1], f[2], f[3], f[0]); d.line != want {
			t.Errorf("%s: directive %q, want %q", f[4], d.line, want)
		}
		if deprecated := strings.Contains(d.doc, "\nDeprecated: "); deprecated != (f[5] == "y") {
			t.Errorf("%s: deprecated = %v, table says %s", f[4], deprecated, f[5])
		}
		for _, part := range []string{"Permission: ", "Errors: ", "Source: "} {
			if !strings.Contains(strings.ReplaceAll(d.doc, "\n", " "), part) {
				t.Errorf("%s: comment lacks %q", f[4], part)
			}
		}
		if !strings.Contains(string(page), fmt.Sprintf("| %s | `%s %s` (%s) | `%s` |", f[0], f[1], f[2], f[3], f[4])) {
			t.Errorf("docs/gtmhub-operations.md has no row for %s", row)
		}
		if tt, ok := cases[i+1]; f[0] != "25" && (!ok || tt.method != f[1] || !strings.HasPrefix(tt.path, "/"+f[3]+"/")) {
			t.Errorf("no test of %s on the wire", row)
		}
	}
	for method := range directives {
		t.Errorf("%s is not in operations.tsv", method)
	}
}
