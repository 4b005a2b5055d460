package gtmhub_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
)

func TestUsersDecodeTolerantly(t *testing.T) {
	t.Parallel()
	day := time.Date(2022, 4, 12, 18, 19, 21, 156e6, time.UTC)
	tests := map[string]struct {
		body string
		want gtmhub.User
	}{
		"bare": {`{"id":"a1"}`, gtmhub.User{ID: "a1"}},
		"dates": {`{"id":"a1","dateCreated":"2022-04-12T18:19:21.156Z","dateInvited":"2021-06-30"}`,
			gtmhub.User{ID: "a1", DateCreated: day, DateInvited: time.Date(2021, 6, 30, 0, 0, 0, 0, time.UTC)}},
		"dates not set":      {`{"id":"a1","dateCreated":"","dateInvited":"0001-01-01T00:00:00Z"}`, gtmhub.User{ID: "a1"}},
		"date with zone":     {`{"id":"a1","dateCreated":"2022-04-12T20:19:21.156+02:00"}`, gtmhub.User{ID: "a1", DateCreated: day}},
		"identities, array":  {`{"id":"a1","identities":[{"provider":"auth0"}]}`, gtmhub.User{ID: "a1", Identities: []gtmhub.Identity{{Provider: "auth0"}}}},
		"identities, object": {`{"id":"a1","identities":{"items":[{"provider":"auth0"}],"totalCount":1}}`, gtmhub.User{ID: "a1", Identities: []gtmhub.Identity{{Provider: "auth0"}}}},
		"identities, null":   {`{"id":"a1","identities":{"items":null,"totalCount":0},"roles":null,"teamIds":{}}`, gtmhub.User{ID: "a1"}},
		"settings a string":  {`{"id":"a1","settings":"{}","isActive":true}`, gtmhub.User{ID: "a1", IsActive: true}},
		"roles": {`{"id":"a1","roles":[{"id":"r1","team":null},{"id":"r2","team":{}},{"id":"r3","team":"t3"},{"id":"r4","team":{"id":"t4","manager":{"id":"m"}}}]}`,
			gtmhub.User{ID: "a1", Roles: []gtmhub.UserRole{
				{ID: "r1"}, {ID: "r2"}, {ID: "r3", Team: &gtmhub.RoleTeam{ID: "t3"}}, {ID: "r4", Team: &gtmhub.RoleTeam{ID: "t4", Manager: "m"}},
			}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got gtmhub.User
			if err := json.Unmarshal([]byte(tt.body), &got); err != nil {
				t.Fatal(err)
			}
			tt.want.Raw = json.RawMessage(tt.body)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("user (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPending(t *testing.T) {
	t.Parallel()
	invited := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		user gtmhub.User
		want bool
	}{
		"invited, never seen":    {gtmhub.User{DateInvited: invited, IsActive: true}, true},
		"outranks inactive":      {gtmhub.User{DateInvited: invited}, true},
		"signed in":              {gtmhub.User{DateInvited: invited, ClientID: "auth0|1"}, false},
		"has an identity":        {gtmhub.User{DateInvited: invited, Identities: []gtmhub.Identity{{}}}, false},
		"not invited":            {gtmhub.User{IsActive: true}, false},
		"zero time means not so": {gtmhub.User{DateInvited: time.Time{}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.user.Pending(); got != tt.want {
				t.Errorf("pending = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestManagersInAllForms(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"items":["a","b"],"totalCount":2}`, `["a","b","a"]`, `[{"id":"a"},{"_id":"b"}]`, `{"managers":["a","b"]}`,
		`{"managerIds":[{"id":"a"},"b",""]}`,
	} {
		got, err := gtmhub.DecodeManagers([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(ids("a", "b"), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	for _, body := range []string{`{"items":[]}`, `[]`, `{"managers":null}`} {
		if got, err := gtmhub.DecodeManagers([]byte(body)); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
	for _, body := range []string{``, `7`, `"a"`, `{}`, `{"error":"x"}`, `[7]`, `{"items":7}`} {
		if got, err := gtmhub.DecodeManagers([]byte(body)); err == nil {
			t.Errorf("%s: %v without error", body, got)
		}
	}
}

func TestPolicyInAllForms(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`"good"`: "good", `fair`: "fair", ` low `: "low", `{"policy":"excellent"}`: "excellent", `{"passwordPolicy":"none"}`: "none",
		`{"minLength":8}`: `{"minLength":8}`,
	} {
		if got, err := gtmhub.DecodePolicy([]byte(body)); err != nil || got != want {
			t.Errorf("%s: %q, %v", body, got, err)
		}
	}
	for _, body := range []string{``, `[]`, `{"policy":`, `"cut`} {
		if got, err := gtmhub.DecodePolicy([]byte(body)); err == nil {
			t.Errorf("%s: %q without error", body, got)
		}
	}
}

func TestBulkResultsMayBeAnything(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want gtmhub.BulkResult
	}{
		"empty object": {`{}`, gtmhub.BulkResult{Raw: json.RawMessage(`{}`)}},
		"updated":      {`{"updated":["a"],"failed":null}`, gtmhub.BulkResult{Updated: ids("a"), Raw: json.RawMessage(`{"updated":["a"],"failed":null}`)}},
		"odd":          {`{"updated":7,"failed":"x"}`, gtmhub.BulkResult{Raw: json.RawMessage(`{"updated":7,"failed":"x"}`)}},
		"array":        {`[1]`, gtmhub.BulkResult{}},
		"text":         {`ok`, gtmhub.BulkResult{}},
		"cut":          {`{"updated`, gtmhub.BulkResult{Raw: json.RawMessage(`{"updated`)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got gtmhub.BulkResult
			got.Read([]byte(tt.body))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

// roleServer refuses the bulk call and keeps the roles of users itself.
type roleServer struct {
	roles map[string]string // user to JSON roles; absent means 404
	fail  map[string]int    // method and path to a status
}

func (rs *roleServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, basePath+"/v1/users/")
	if status, ok := rs.fail[r.Method+" "+path]; ok {
		answer(status, `{"error":"told to"}`)(w, r)
		return
	}
	switch {
	case path == "roles":
		answer(400, `{"error":"unknown body"}`)(w, r)
	case r.Method == "GET":
		roles, ok := rs.roles[path]
		if !ok {
			answer(404, `{"error":"no such user"}`)(w, r)
			return
		}
		answer(200, `{"id":"`+path+`","roles":`+roles+`}`)(w, r)
	default:
		answer(200, "")(w, r)
	}
}

func TestSetManyUserByUser(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		server  roleServer
		calls   []string // writes
		updated []gtmhub.ID
		failed  []gtmhub.ID
		kinds   []error // all of them; none means success
		never   error
	}{
		"gives and takes, leaves team roles": {
			server: roleServer{roles: map[string]string{
				"u1": `[{"id":"old"},{"id":"lead","team":{"id":"t"}}]`, "u2": `[{"id":"r1"},{"id":"r2"}]`,
			}},
			calls:   []string{"POST u1/roles", "POST u1/roles", "DELETE u1/roles/old"},
			updated: ids("u1", "u2"),
		},
		"goes on after a user who is gone": {
			server:  roleServer{roles: map[string]string{"u2": `[]`}},
			calls:   []string{"POST u2/roles", "POST u2/roles"},
			updated: ids("u2"), failed: ids("u1"),
		},
		"nobody could be changed": {
			server: roleServer{}, failed: ids("u1", "u2"), kinds: []error{gtmhub.ErrInvalid}, never: gtmhub.ErrUnknownOutcome,
		},
		"stops when the token is refused": {
			server: roleServer{roles: map[string]string{"u1": `[]`, "u2": `[]`}, fail: map[string]int{"GET u1": 401}},
			failed: ids("u1"), kinds: []error{gtmhub.ErrUnauthorized, gtmhub.ErrNotSent}, never: gtmhub.ErrUnknownOutcome,
		},
		"stops half way": {
			server:  roleServer{roles: map[string]string{"u1": `[]`, "u2": `[]`}, fail: map[string]int{"GET u2": 403}},
			calls:   []string{"POST u1/roles", "POST u1/roles"},
			updated: ids("u1"), failed: ids("u2"), kinds: []error{gtmhub.ErrForbidden, gtmhub.ErrUnknownOutcome}, never: gtmhub.ErrNotSent,
		},
		"outcome of one is unknown": {
			server: roleServer{roles: map[string]string{"u1": `[]`, "u2": `[]`}, fail: map[string]int{"POST u1/roles": 500}},
			calls:  []string{"POST u1/roles"}, failed: ids("u1"), kinds: []error{gtmhub.ErrUnavailable, gtmhub.ErrUnknownOutcome},
		},
		"a rule forbids a taking": {
			server: roleServer{roles: map[string]string{"u1": `[{"id":"old"},{"id":"r1"},{"id":"r2"}]`, "u2": `[{"id":"r1"},{"id":"r2"}]`}, fail: map[string]int{"DELETE u1/roles/old": 409}},
			calls:  []string{"DELETE u1/roles/old"}, updated: ids("u2"), failed: ids("u1"),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tt.server.ServeHTTP)
			result, err := newClient(t, options(s.URL)).UserRoles.SetMany(t.Context(), ids("u1", "u2", "u1"), ids("r1", "r2"))
			if (err != nil) != (len(tt.kinds) > 0) {
				t.Fatalf("error = %v", err)
			}
			for _, kind := range tt.kinds {
				if !errors.Is(err, kind) {
					t.Errorf("error %v is not %v", err, kind)
				}
			}
			if tt.never != nil && errors.Is(err, tt.never) {
				t.Errorf("error %v is %v", err, tt.never)
			}
			var calls []string
			for _, x := range s.exchanges()[1:] { // the first is the bulk call
				if x.Method != "GET" {
					calls = append(calls, x.Method+" "+strings.TrimPrefix(x.Path, basePath+"/v1/users/"))
				}
			}
			if diff := cmp.Diff(tt.calls, calls); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			var failed []gtmhub.ID
			for _, f := range result.Failed {
				failed = append(failed, f.ID)
				if f.Err == nil || f.Reason == "" {
					t.Errorf("failure without reason: %+v", f)
				}
			}
			if diff := cmp.Diff([][]gtmhub.ID{tt.updated, tt.failed}, [][]gtmhub.ID{result.Updated, failed}); diff != "" {
				t.Errorf("updated and failed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRolesList(t *testing.T) {
	t.Parallel()
	s := newServer(t, answer(200, `{"items":[{"id":"r2","name":"user"},{"id":"r1","name":"Admin","description":"all","permissions":["ManageUsers"]}],"totalCount":2}`))
	got, err := newClient(t, options(s.URL)).Roles.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []gtmhub.Role{{ID: "r1", Name: "Admin", Description: "all", Permissions: []string{"ManageUsers"}}, {ID: "r2", Name: "user"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	if x := s.exchanges()[0]; x.Path != basePath+"/v2/roles" || x.Query["sort"] != "name,_id" {
		t.Errorf("call %+v", x)
	}
}

func TestRolesFallBackToUsers(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]http.HandlerFunc{
		"not found": answer(404, ""), "forbidden": answer(403, ""), "bad request": answer(400, ""), "not paid": answer(402, ""),
		"web page": answer(200, "<html>"), "without ids": answer(200, `{"items":[{"name":"x"}],"totalCount":1}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/roles") {
					refusal(w, r)
					return
				}
				answer(200, `{"items":[{"id":"a","roles":[{"id":"r2","name":"User"},{"id":"t","name":"Team","team":{"id":"x"}}]},
					{"id":"b","roles":[{"id":"r1","name":"Admin"},{"id":"r2","name":"User"}]}],"totalCount":2}`)(w, r)
			})
			got, err := newClient(t, options(s.URL)).Roles.List(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]gtmhub.Role{{ID: "r1", Name: "Admin"}, {ID: "r2", Name: "User"}}, got); diff != "" {
				t.Errorf("roles (-want +got):\n%s", diff)
			}
		})
	}
	for name, status := range map[string]int{"token refused": 401, "unavailable": 503} {
		s := newServer(t, answer(status, ""))
		if _, err := newClient(t, options(s.URL)).Roles.List(t.Context()); err == nil || len(s.exchanges()) != 1 {
			t.Errorf("%s: error %v after %d calls", name, err, len(s.exchanges()))
		}
	}
	s := newServer(t, answer(403, ""))
	if _, err := newClient(t, options(s.URL)).Roles.List(t.Context()); !errors.Is(err, gtmhub.ErrForbidden) {
		t.Errorf("both refused: %v", err)
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"a", "6154ad124654jdk901e43c15", strings.Repeat("Z", 64)} {
		if id, err := gtmhub.ParseID(s); err != nil || string(id) != s {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", " ", "a-b", "a/b", "..", "é", strings.Repeat("a", 65), "a\n"} {
		if _, err := gtmhub.ParseID(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

// One role in another form must not hide a whole list of users.
func TestUserRolesInEveryForm(t *testing.T) {
	t.Parallel()
	var u gtmhub.User
	if err := json.Unmarshal([]byte(`{"id":"u1","roles":["r1",{"id":"r2","name":"Data","team":"t1"},null]}`), &u); err != nil {
		t.Fatal(err)
	}
	want := []gtmhub.UserRole{{ID: "r1"}, {ID: "r2", Name: "Data", Team: &gtmhub.RoleTeam{ID: "t1"}}, {}}
	if diff := cmp.Diff(want, u.Roles); diff != "" {
		t.Error(diff)
	}
}
