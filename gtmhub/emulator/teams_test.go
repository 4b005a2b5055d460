package emulator_test

import (
	"net/url"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

func TestTeams(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	for name, row := range map[string]struct {
		query string
		want  []string
	}{
		"all":             {"", []string{"Top", "Sub"}},
		"sort":            {"sort=name", []string{"Sub", "Top"}},
		"limit":           {"limit=1", []string{"Top"}},
		"by parent":       {"filter=" + url.QueryEscape(`{parentId:"`+topTeam+`"}`), []string{"Sub"}},
		"without parent":  {"filter=" + url.QueryEscape(`{parentId:{$exists:false}}`), []string{"Top"}},
		"by member":       {"filter=" + url.QueryEscape(`{members:{$in:["`+ada+`"]}}`), []string{"Sub"}},
		"documented in":   {"filter=" + url.QueryEscape(`{name: {$in: ["Sub", "marketing"]}}`), []string{"Sub"}},
		"documented text": {"filter=" + url.QueryEscape(`{"name":{$regex:".*To.*"}}`), []string{"Top"}},
		"by id":           {"filter=" + url.QueryEscape(`{"_id":"`+subTeam+`"}`), []string{"Sub"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := into[page[wireTeam]](a.do("GET", "/v2/teams?"+row.query, nil).want(200))
			var names []string
			for _, x := range got.Items {
				names = append(names, x.Name)
			}
			equal(t, "names", names, row.want)
		})
	}
	t.Run("fields", func(t *testing.T) {
		got := into[page[object]](a.do("GET", "/v2/teams?limit=1&fields=name,id,color,manager", nil).want(200))
		equal(t, "items", got, page[object]{[]object{{"name": "Top", "id": topTeam, "color": "#111111", "manager": lee}}, 2})
	})
	a.clean()
}

func TestTeam(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	sub := a.team(subTeam)
	if sub.Manager != lee || sub.ParentID != topTeam || sub.IsActive == nil || !*sub.IsActive {
		t.Errorf("team %+v", sub)
	}
	equal(t, "markup", sub.Description, "Asks @[Mia Lee:mia@small.example:"+mia+"]")
	plain := into[wireTeam](a.do("GET", "/v1/teams/"+subTeam+"?formatting=plainText", nil).want(200))
	equal(t, "plain text", plain.Description, "Asks @Mia Lee")
	top := into[object](a.do("GET", "/v1/teams/"+topTeam, nil))
	for _, name := range []string{"id", "accountId", "name", "description", "avatar", "dateCreated", "parentId"} {
		if _, ok := top[name].(string); !ok {
			t.Errorf("%s is no string: %v", name, top[name])
		}
	}
	a.do("GET", "/v1/teams/"+nobody, nil).want(404)
	a.clean()
}

func TestCreateTeam(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	made := into[wireTeam](a.do("POST", "/v1/teams", object{"name": "New", "parentId": topTeam, "manager": lee, "members": []string{mia, mia}}).want(201))
	if made.ParentID != topTeam || made.Manager != lee || made.Avatar == "" || made.Color == "" {
		t.Errorf("created %+v", made)
	}
	equal(t, "members", made.Members, []string{mia})
	equal(t, "stored", a.team(made.ID), made)
	equal(t, "teamIds", a.user(mia).TeamIDs, []string{topTeam, subTeam, made.ID})
	for name, body := range map[string]object{
		"no name": {}, "blank name": {"name": " "}, "unknown parent": {"name": "X", "parentId": nobody},
		"unknown manager": {"name": "X", "manager": nobody}, "unknown member": {"name": "X", "members": []string{nobody}},
	} {
		t.Run(name, func(t *testing.T) { a.do("POST", "/v1/teams", body).want(400) })
	}
	a.clean()
	a.do("POST", "/v1/teams", object{"name": "X", "colour": "red"}).want(400)
}

func TestActivateTeams(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	a.do("POST", "/v1/teams/activate", []string{topTeam}).want(304)
	got := into[bulk](a.do("POST", "/v1/teams/deactivate", object{"teamsIds": []string{topTeam, nobody}}).want(200))
	equal(t, "updated", got.Updated, []string{topTeam})
	if *a.team(topTeam).IsActive {
		t.Error("the team is active")
	}
	a.do("POST", "/v1/teams/deactivate", []string{topTeam}).want(304)
	a.do("POST", "/v1/teams/activate", []string{topTeam, subTeam}).want(200)
	if !*a.team(topTeam).IsActive {
		t.Error("the team is inactive")
	}
	a.do("POST", "/v1/teams/activate", []string{nobody}).want(404)
	a.clean()
}

func TestReplaceTeam(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	path := "/v1/teams/" + subTeam
	// Read, merge, write: the whole answer is accepted back and nothing is lost.
	whole := into[object](a.do("GET", path, nil))
	whole["name"] = "Renamed"
	got := into[wireTeam](a.do("PUT", path, whole).want(200))
	if got.Name != "Renamed" || got.Avatar != "two" || got.Color != "#222222" || got.Manager != lee || len(got.Members) != 2 || got.ParentID != topTeam {
		t.Errorf("after read, merge, write %+v", got)
	}
	// Left out: avatar and colour fall back, the rest becomes empty.
	got = into[wireTeam](a.do("PUT", path, object{"name": "Bare"}).want(200))
	if got.Avatar == "two" || got.Color == "#222222" || got.Manager != "" || len(got.Members) != 0 || got.ParentID != "" || got.Description != "" {
		t.Errorf("after a bare PUT %+v", got)
	}
	a.do("PUT", path, object{"description": "x"}).want(400)
	a.do("PUT", "/v1/teams/"+topTeam, object{"name": "Top", "parentId": topTeam}).want(400)
	a.do("PUT", "/v1/teams/"+nobody, object{"name": "x"}).want(404)
	a.clean()
}

func TestSetManager(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	path := "/v1/teams/" + topTeam + "/manager"
	for i, body := range []any{
		object{"manager": mia}, object{"managerId": lee}, object{"userId": mia}, object{"id": lee}, `"` + mia + `"`, object{"manager": object{"id": lee}},
	} {
		a.do("PUT", path, body).want(204)
		want := []string{mia, lee}[i%2]
		if got := a.team(topTeam); got.Manager != want || len(got.Members) != 2 {
			t.Errorf("body %v: %+v", body, got)
		}
	}
	a.do("PUT", path, object{"manager": nobody}).want(404)
	a.do("PUT", "/v1/teams/"+nobody+"/manager", object{"manager": mia}).want(404)
	a.do("DELETE", path, nil).want(204)
	equal(t, "manager", a.team(topTeam).Manager, "")
	a.do("DELETE", path, nil).want(404)
	a.clean()
	a.do("PUT", path, object{"manager": ""}).want(400)
	a.do("PUT", path, object{"boss": mia}).want(400)
}

func TestSetMembers(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	path := "/v1/teams/" + topTeam + "/members"
	for name, body := range map[string]any{
		"canonical": []string{ada, mia}, "objects": []object{{"id": ada}, {"id": mia}}, "members": object{"members": []string{ada, mia}},
		"memberIds": object{"memberIds": []string{ada, mia}}, "text": `"` + ada + ", " + mia + `"`,
	} {
		a.do("PUT", path, []string{lee}).want(204)
		got := a.do("PUT", path, body).want(204)
		equal(t, name+": body", got.text, "")
		equal(t, name+": members", a.team(topTeam).Members, []string{ada, mia})
	}
	equal(t, "teamIds of the one who left", a.user(lee).TeamIDs, []string{})
	equal(t, "manager stays", a.team(topTeam).Manager, lee)
	a.do("PUT", path, []string{ada, nobody}).want(404)
	a.do("PUT", "/v1/teams/"+nobody+"/members", []string{ada}).want(404)
	a.do("PUT", path, "[]").want(204)
	equal(t, "none left", a.team(topTeam).Members, []string{})
	a.clean()
	a.do("PUT", path, object{"people": []string{ada}}).want(400)
}

func TestPatchTeam(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	got := into[wireTeam](a.do("PATCH", "/v1/teams/"+subTeam, object{"description": "Now"}).want(200))
	if got.Description != "Now" || got.Name != "Sub" || got.Avatar != "two" || len(got.Members) != 2 {
		t.Errorf("patched %+v", got)
	}
	a.do("PATCH", "/v1/teams/"+subTeam, object{"parentId": "", "members": []string{ada}}).want(200)
	if got := a.team(subTeam); got.ParentID != "" || len(got.Members) != 1 {
		t.Errorf("patched %+v", got)
	}
	a.do("PATCH", "/v1/teams/"+topTeam, object{"parentId": subTeam}).want(200)
	a.do("PATCH", "/v1/teams/"+subTeam, object{"parentId": topTeam}).want(400) // a circle
	a.do("PATCH", "/v1/teams/"+subTeam, object{"name": ""}).want(400)
	a.do("PATCH", "/v1/teams/"+nobody, object{"name": "x"}).want(404)
	a.clean()
	a.do("PATCH", "/v1/teams/"+subTeam, object{"colour": "red"}).want(400)
}

func TestDeleteTeam(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	leaf := into[wireTeam](a.do("POST", "/v1/teams", object{"name": "Leaf", "parentId": subTeam}).want(201))
	a.do("DELETE", "/v1/teams/"+subTeam, nil).want(204)
	a.do("GET", "/v1/teams/"+subTeam, nil).want(404)
	equal(t, "parent of the sub-team", a.team(leaf.ID).ParentID, topTeam)
	equal(t, "teamIds", a.user(mia).TeamIDs, []string{topTeam})
	a.do("DELETE", "/v1/teams/"+topTeam, nil).want(204)
	equal(t, "parent of the sub-team", a.team(leaf.ID).ParentID, "")
	a.do("DELETE", "/v1/teams/"+topTeam, nil).want(400)
	a.clean()
}

func TestRemoveMember(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	path := "/v1/teams/" + topTeam + "/members/" + mia
	a.do("DELETE", path, nil).want(204)
	equal(t, "members", a.team(topTeam).Members, []string{lee})
	equal(t, "teamIds", a.user(mia).TeamIDs, []string{subTeam})
	a.do("DELETE", path, nil).want(404)
	a.clean()
}
