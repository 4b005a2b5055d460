package gtmhub_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
)

const storedTeam = `{"id":"5be26318e5274a0007f17f61","name":"Old","description":"d","manager":{"id":"m1","name":"M"},
	"members":[{"id":"a1"},"b2"],"avatar":"rocket","color":"#e67e22","tags":[{"id":"t1"}],"future":{"x":[1,2]},"parentId":""}`

func TestReplaceReadsOverlaysAndWrites(t *testing.T) {
	t.Parallel()
	s := newServer(t, answer(200, storedTeam))
	team, err := newClient(t, options(s.URL)).Teams.Replace(t.Context(), recordID, gtmhub.TeamPatch{Name: ptr("New")})
	if err != nil || team.ID != recordID {
		t.Fatalf("team %+v, error %v", team, err)
	}
	seen := s.exchanges()
	if len(seen) != 2 || seen[0].Method != "GET" || seen[1].Method != "PUT" || seen[1].Path != basePath+"/v1/teams/"+string(recordID) {
		t.Fatalf("calls %+v", seen)
	}
	// Everything is there: avatar and colour, and fields that the client does not know. References are ids.
	sameJSON(t, `{"id":"5be26318e5274a0007f17f61","name":"New","description":"d","manager":"m1","members":["a1","b2"],
		"avatar":"rocket","color":"#e67e22","tags":[{"id":"t1"}],"future":{"x":[1,2]},"parentId":""}`, seen[1].Body)
}

func TestReplaceTellsNotSentFromUnknown(t *testing.T) {
	t.Parallel()
	broken := newServer(t, answer(500, ""))
	_, err := newClient(t, options(broken.URL)).Teams.Replace(t.Context(), recordID, gtmhub.TeamPatch{Name: ptr("New")})
	if !errors.Is(err, gtmhub.ErrNotSent) || errors.Is(err, gtmhub.ErrUnknownOutcome) {
		t.Errorf("failed read: %v", err)
	}
	for name, handler := range map[string]http.HandlerFunc{
		"error": answer(500, ""), "other team": answer(200, `{"id":"zzz"}`), "empty": answer(200, ""),
	} {
		s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "GET" {
				answer(200, storedTeam)(w, r)
				return
			}
			handler(w, r)
		})
		_, err := newClient(t, options(s.URL)).Teams.Replace(t.Context(), recordID, gtmhub.TeamPatch{Color: ptr("#000")})
		if !errors.Is(err, gtmhub.ErrUnknownOutcome) || errors.Is(err, gtmhub.ErrNotSent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// refusing answers 400 to calls of one method and 204 to others.
func refusing(method string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method {
			answer(400, `{"error":"odd body"}`)(w, r)
			return
		}
		answer(204, "")(w, r)
	}
}

func TestSetManagerFallsBackToPatch(t *testing.T) {
	t.Parallel()
	s := newServer(t, refusing("PUT"))
	if err := newClient(t, options(s.URL)).Teams.SetManager(t.Context(), teamID, userID); err != nil {
		t.Fatal(err)
	}
	seen := s.exchanges()
	if len(seen) != 2 || seen[1].Method != "PATCH" || seen[1].Path != basePath+"/v1/teams/"+string(teamID) {
		t.Fatalf("calls %+v", seen)
	}
	sameJSON(t, `{"manager":"6154ad124654jdk901e43c15"}`, seen[1].Body)
}

func TestSetMembersFallsBackToPatch(t *testing.T) {
	t.Parallel()
	s := newServer(t, refusing("PUT"))
	c := newClient(t, options(s.URL))
	if err := c.TeamMembers.Set(t.Context(), teamID, ids(userID)); err != nil {
		t.Fatal(err)
	}
	if err := c.TeamMembers.Set(t.Context(), teamID, nil); err != nil {
		t.Fatal(err)
	}
	seen := s.exchanges()
	if len(seen) != 4 {
		t.Fatalf("%d calls, want 4", len(seen))
	}
	sameJSON(t, `{"members":["6154ad124654jdk901e43c15"]}`, seen[1].Body)
	sameJSON(t, `[]`, seen[2].Body)
	sameJSON(t, `{"members":[]}`, seen[3].Body)
}

func TestTeamsDecodeTolerantly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want gtmhub.Team
	}{
		"bare":             {`{"id":"a1"}`, gtmhub.Team{ID: "a1", IsActive: true}},
		"objects":          {`{"id":"a1","manager":{"_id":"m"},"parentId":{"id":"p"},"members":{"items":[{"id":"u"}],"totalCount":1}}`, gtmhub.Team{ID: "a1", Manager: "m", ParentID: "p", Members: ids("u"), IsActive: true}},
		"nulls":            {`{"id":"a1","manager":null,"parentId":null,"members":null,"isActive":null,"ExternalTeamMapping":null,"dateCreated":null}`, gtmhub.Team{ID: "a1", IsActive: true}},
		"cut-off types":    {`{"id":"a1","manager":{},"members":{ },"ExternalTeamMapping":{},"isActive":{}}`, gtmhub.Team{ID: "a1", IsActive: true}},
		"storage form":     {`{"id":"a1","isActive":{"IsActive":false},"members":"u, v,,"}`, gtmhub.Team{ID: "a1", Members: ids("u", "v")}},
		"inactive":         {`{"id":"a1","isActive":false,"dateCreated":"0001-01-01T00:00:00Z"}`, gtmhub.Team{ID: "a1"}},
		"odd date":         {`{"id":"a1","dateCreated":"soon"}`, gtmhub.Team{ID: "a1", IsActive: true}},
		"external mapping": {`{"id":"a1","ExternalTeamMapping":{"ExternalId":"e","ExternalSystem":"azure"}}`, gtmhub.Team{ID: "a1", IsActive: true, External: &gtmhub.ExternalTeamMapping{ExternalID: "e", ExternalSystem: "azure"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got gtmhub.Team
			if err := json.Unmarshal([]byte(tt.body), &got); err != nil {
				t.Fatal(err)
			}
			tt.want.Raw = json.RawMessage(tt.body)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("team (-want +got):\n%s", diff)
			}
		})
	}
	for _, body := range []string{`{}`, `{"id":""}`, `{"id":"a b"}`, `{"id":7}`, `{"id":"a","members":7}`, `{"id":"a","members":{"x":1}}`, `{"id":"a","isActive":"yes"}`, `{"id":"a","manager":7}`, `{"id":"a","manager":{"id":7}}`, `{"id":"a","isActive":{"IsActive":7}}`, `{"id":"a","members":{"items":7}}`} {
		var team gtmhub.Team
		if err := json.Unmarshal([]byte(body), &team); err == nil {
			t.Errorf("%s was accepted", body)
		}
	}
}

func TestRecordsSurviveARoundTrip(t *testing.T) {
	t.Parallel()
	team := gtmhub.Team{}
	if err := json.Unmarshal([]byte(storedTeam), &team); err != nil {
		t.Fatal(err)
	}
	team.Name = "Renamed"
	team.External = &gtmhub.ExternalTeamMapping{ExternalID: "e"}
	data, err := json.Marshal(team)
	if err != nil || !strings.Contains(string(data), `"future":{"x":[1,2]}`) {
		t.Fatalf("%s, error %v", data, err)
	}
	again := gtmhub.Team{}
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	team.Raw, again.Raw = nil, nil
	if diff := cmp.Diff(team, again); diff != "" {
		t.Errorf("team (-want +got):\n%s", diff)
	}

	user := gtmhub.User{}
	if err := json.Unmarshal([]byte(golden(t, "op06_response")), &user); err != nil {
		t.Fatal(err)
	}
	data, err = json.Marshal(user)
	if err != nil || !strings.Contains(string(data), "pictureInfo") {
		t.Fatalf("user lost what we do not know: %v", err)
	}
	back := gtmhub.User{}
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	var a, b any
	_ = json.Unmarshal(user.UserSettings, &a)
	_ = json.Unmarshal(back.UserSettings, &b)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	user.Raw, back.Raw, user.UserSettings, back.UserSettings = nil, nil, nil, nil
	if diff := cmp.Diff(user, back); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
	if _, err := json.Marshal(gtmhub.Team{ID: "a", Raw: json.RawMessage("[1]")}); err == nil {
		t.Error("a raw record that is no object was accepted")
	}
}
