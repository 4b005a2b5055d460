package emulator_test

import (
	"slices"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

func TestReadings(t *testing.T) {
	t.Parallel()
	with := func(t *testing.T, r emulator.Readings) *api {
		t.Helper()
		t.Parallel()
		a := start(t, emulator.Options{Account: small(t), Readings: r})
		t.Cleanup(a.clean)
		return a
	}
	t.Run("members add", func(t *testing.T) {
		a := with(t, emulator.Readings{MembersAdd: true})
		a.do("PUT", "/v1/teams/"+topTeam+"/members", []string{ada, mia}).want(204)
		equal(t, "members", a.team(topTeam).Members, []string{lee, mia, ada})
	})
	t.Run("objects, not ids", func(t *testing.T) {
		a := with(t, emulator.Readings{ObjectsNotIDs: true})
		path := "/v1/teams/" + subTeam
		got := into[object](a.do("GET", path, nil).want(200))
		if m, ok := got["manager"].(map[string]any); !ok || m["id"] != lee {
			t.Errorf("manager %v", got["manager"])
		}
		if m, ok := got["members"].([]any)[0].(map[string]any); !ok || m["id"] != mia {
			t.Errorf("members %v", got["members"])
		}
		if p, ok := got["parentId"].(map[string]any); !ok || p["id"] != topTeam {
			t.Errorf("parentId %v", got["parentId"])
		}
		// What was read can be written back.
		equal(t, "after PUT", into[object](a.do("PUT", path, got).want(200))["members"], got["members"])
		// Filters still name ids.
		equal(t, "found", into[page[object]](a.do("GET", "/v2/teams?filter=%7Bmanager:%22"+lee+"%22%7D", nil).want(200)).TotalCount, 2)
	})
	t.Run("no isActive of teams", func(t *testing.T) {
		a := with(t, emulator.Readings{TeamActiveAbsent: true})
		if a.team(topTeam).IsActive != nil {
			t.Error("isActive is there")
		}
		items := into[page[object]](a.do("GET", "/v2/teams?fields=id,isActive&limit=1", nil).want(200)).Items
		equal(t, "items", items, []object{{"id": topTeam}})
		equal(t, "filter", into[page[object]](a.do("GET", "/v2/teams?filter=%7BisActive:true%7D", nil).want(200)).TotalCount, 0)
	})
	for form, want := range map[string]string{"empty": "{}", "none": ""} {
		t.Run("bulk body "+form, func(t *testing.T) {
			a := with(t, emulator.Readings{BulkBody: form})
			equal(t, "users", a.do("POST", "/v1/users/deactivate", []string{mia, nobody}).want(200).text, want)
			equal(t, "roles", a.do("POST", "/v1/users/roles", object{"userIds": []string{mia}, "roleIds": []string{userRole}}).want(200).text, want)
			equal(t, "teams", a.do("POST", "/v1/teams/deactivate", []string{topTeam}).want(200).text, want)
			equal(t, "delete", a.do("POST", "/v1/users/delete", []string{mia}).want(200).text, want)
		})
	}
	t.Run("fields required", func(t *testing.T) {
		a := with(t, emulator.Readings{FieldsRequired: true})
		a.do("GET", "/v2/users", nil).want(400)
		a.do("GET", "/v2/users?fields=id", nil).want(200)
	})
	t.Run("small pages", func(t *testing.T) {
		a := with(t, emulator.Readings{CapPage: 2})
		got := into[page[wireUser]](a.do("GET", "/v2/users?limit=100", nil).want(200))
		if len(got.Items) != 2 || got.TotalCount != 5 {
			t.Errorf("%d items of %d", len(got.Items), got.TotalCount)
		}
		equal(t, "operation 1", len(into[page[wireUser]](a.do("GET", "/v1/accounts/users?take=100", nil).want(200)).Items), 2)
	})
	t.Run("PUT keeps others", func(t *testing.T) {
		a := with(t, emulator.Readings{PutKeepsOthers: true})
		got := into[wireTeam](a.do("PUT", "/v1/teams/"+subTeam, object{"name": "Bare"}).want(200))
		if got.Avatar == "two" || got.Color == "#222222" || got.Manager != lee || len(got.Members) != 2 || got.ParentID != topTeam {
			t.Errorf("team %+v", got)
		}
	})
	t.Run("empty body of PATCH", func(t *testing.T) {
		a := with(t, emulator.Readings{PatchEmptyBody: true})
		equal(t, "body", a.do("PATCH", "/v1/teams/"+subTeam, object{"name": "New"}).want(200).text, "")
		equal(t, "name", a.team(subTeam).Name, "New")
	})
	t.Run("text bodies", func(t *testing.T) {
		a := with(t, emulator.Readings{TextBodies: true})
		got := a.do("PUT", "/v1/users/"+mia, object{"language": "de"}).want(200)
		if got.text != "ok" || got.header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("body %q of %q", got.text, got.header.Get("Content-Type"))
		}
	})
	for form, want := range map[string]string{
		"": `{"error":"user not found"}`, "message": `{"message":"user not found"}`, "reason": `{"reason":"user not found"}`,
		"errors": `{"errors":["user not found"]}`, "string": `"user not found"`, "text": "user not found",
	} {
		t.Run("error form "+form, func(t *testing.T) {
			a := with(t, emulator.Readings{ErrorForm: form})
			equal(t, "body", a.do("GET", "/v1/users/"+nobody, nil).want(404).text, want)
		})
	}
	t.Run("nothing to remove", func(t *testing.T) {
		a := with(t, emulator.Readings{UnsetIsGone: true})
		a.do("DELETE", "/v1/teams/"+topTeam+"/members/"+ada, nil).want(204)
		a.do("DELETE", "/v1/teams/"+topTeam+"/manager", nil).want(204)
		a.do("DELETE", "/v1/teams/"+topTeam+"/manager", nil).want(204)
	})
	t.Run("manager joins", func(t *testing.T) {
		a := with(t, emulator.Readings{ManagerJoins: true})
		a.do("PUT", "/v1/teams/"+topTeam+"/manager", object{"manager": ada}).want(204)
		equal(t, "members", a.team(topTeam).Members, []string{lee, mia, ada})
	})
	t.Run("sub-teams go", func(t *testing.T) {
		a := with(t, emulator.Readings{SubTeamsGo: true})
		a.do("DELETE", "/v1/teams/"+topTeam, nil).want(204)
		a.do("GET", "/v1/teams/"+subTeam, nil).want(404)
		equal(t, "teamIds", a.user(mia).TeamIDs, []string{})
	})
	t.Run("odd forms of users", func(t *testing.T) {
		a := with(t, emulator.Readings{TagActiveObject: true, SettingsObject: true, IdentitiesArray: true})
		a.do("PATCH", "/v1/teams/"+topTeam, object{"tags": []object{{"id": nobody, "name": "t", "title": "T", "isActive": true}}}).want(200)
		got := into[object](a.do("GET", "/v1/users/"+mia, nil).want(200))
		_, list := got["identities"].([]any)
		_, settings := got["settings"].(map[string]any)
		if !list || !settings {
			t.Errorf("identities %v, settings %v", got["identities"], got["settings"])
		}
		tag := got["roles"].([]any)[2].(object)["team"].(object)["tags"].([]any)[0].(object)
		equal(t, "isActive of a tag", tag["isActive"], any(object{"IsActive": true}))
	})
	t.Run("the service acts", func(t *testing.T) {
		a := with(t, emulator.Readings{ServiceActs: true})
		a.do("PUT", "/v1/users/settings", object{"theme": "dark"}).want(200)
		equal(t, "theme", a.user(ada).UserSettings["theme"], any("dark"))
		a.do("GET", "/v1/users/password/auth0%7C"+ada+"/policy", nil).want(200)
	})
	t.Run("self-delete", func(t *testing.T) {
		a := with(t, emulator.Readings{SelfDelete: true})
		a.do("DELETE", "/v1/accounts/user/"+ada, nil).want(409) // still the last admin
		a.do("POST", "/v1/users/"+lee+"/roles", object{"roleId": adminRole}).want(200)
		a.do("DELETE", "/v1/accounts/user/"+ada, nil).want(200)
	})
	t.Run("pending shows inactive", func(t *testing.T) {
		a := with(t, emulator.Readings{PendingInactive: true})
		if a.user(pen).IsActive {
			t.Error("the pending user is active")
		}
		equal(t, "filter", ids(a.users("{isActive:false}").Items), []string{pen, ina})
	})
	for form, want := range map[string]string{
		"array": `["` + lee + `"]`, "managers": `{"managers":["` + lee + `"]}`, "managerIds": `{"managerIds":["` + lee + `"]}`,
		"objects": `{"items":[{"id":"` + lee + `"}],"totalCount":1}`,
	} {
		t.Run("managers as "+form, func(t *testing.T) {
			a := with(t, emulator.Readings{ManagersForm: form})
			equal(t, "body", a.do("GET", "/v1/users/"+mia+"/managers", nil).want(200).text, want)
		})
	}
	for form, want := range map[string]string{"text": "good", "object": `{"policy":"good"}`} {
		t.Run("policy as "+form, func(t *testing.T) {
			a := with(t, emulator.Readings{PolicyForm: form, ServiceActs: true})
			equal(t, "body", a.do("GET", "/v1/users/password/auth0%7C"+ada+"/policy", nil).want(200).text, want)
		})
	}
	t.Run("duplicate addresses", func(t *testing.T) {
		a := with(t, emulator.Readings{UsersDuplicateEmails: true})
		a.do("POST", "/v1/users", object{"email": "mia@small.example"}).want(201)
		equal(t, "found", a.users(`{"email":"mia@small.example"}`).TotalCount, 2)
		equal(t, "created", a.emu.Counts().Created["mia@small.example"], 1)
	})
	for _, status := range []int{403, 404, 410} {
		t.Run("retired announcements", func(t *testing.T) {
			a := with(t, emulator.Readings{RetiredAnnouncements: status, ServiceActs: true})
			path := "/v1/announcements/" + nobody
			got := []int{
				a.do("GET", "/v1/announcements", nil).status, a.do("GET", path, nil).status, a.do("POST", "/v1/announcements", object{"comment": "x"}).status,
				a.do("PATCH", path, object{"comment": "x"}).status, a.do("DELETE", path, nil).status, a.do("DELETE", path+"/react", nil).status,
			}
			equal(t, "statuses", got, slices.Repeat([]int{status}, 6))
		})
	}
}

func TestReadingsAtRunTime(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	if err := a.emu.SetReadings(emulator.Readings{FieldsRequired: true}); err != nil {
		t.Fatal(err)
	}
	a.do("GET", "/v2/users", nil).want(400)
	if err := a.emu.SetReadings(emulator.Readings{}); err != nil {
		t.Fatal(err)
	}
	a.do("GET", "/v2/users", nil).want(200)
	for name, r := range map[string]emulator.Readings{
		"bulk": {BulkBody: "x"}, "error": {ErrorForm: "x"}, "managers": {ManagersForm: "x"}, "policy": {PolicyForm: "x"},
		"account": {BadAccountStatus: 500}, "announcements": {RetiredAnnouncements: 200}, "page": {CapPage: -1},
	} {
		if a.emu.SetReadings(r) == nil {
			t.Errorf("%s: an unknown reading was accepted", name)
		}
		if _, err := emulator.New(emulator.Options{Readings: r}); err == nil {
			t.Errorf("%s: an unknown reading was accepted at the start", name)
		}
	}
}
