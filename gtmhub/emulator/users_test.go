package emulator_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

// ids gives the ids of users in order.
func ids(users []wireUser) []string {
	out := make([]string, len(users))
	for i, u := range users {
		out[i] = u.ID
	}
	return out
}

func roleIDs(u wireUser) []string {
	out := make([]string, len(u.Roles))
	for i, r := range u.Roles {
		out[i] = r.ID
	}
	return out
}

// direct gives the ids of the roles that do not stem from teams.
func direct(u wireUser) []string {
	var out []string
	for _, r := range u.Roles {
		if r.Team == nil {
			out = append(out, r.ID)
		}
	}
	return out
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestAccountUsers(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	for name, row := range map[string]struct {
		query string
		want  []string
		total int
	}{
		"all":                {"", []string{ada, lee, mia, pen, ina}, 5},
		"page":               {"skip=1&take=2", []string{lee, mia}, 5},
		"limit too":          {"skip=4&limit=2", []string{ina}, 5},
		"past the end":       {"skip=9", []string{}, 5},
		"email":              {"filter=" + url.QueryEscape("email:ada@small.example"), []string{ada}, 1},
		"email with star":    {"filter=" + url.QueryEscape("email:*@small.example"), []string{ada, lee, mia, pen, ina}, 5},
		"name as a word":     {"filter=name:lee", []string{lee, mia}, 2},
		"whole name":         {"filter=" + url.QueryEscape(`name:"Mia Lee"`), []string{mia}, 1},
		"one role":           {"filter=roles:" + dataRole, []string{mia}, 1},
		"roles, short form":  {"filter=" + url.QueryEscape("roles:"+adminRole+","+dataRole), []string{ada, mia}, 2},
		"roles, long form":   {"filter=" + url.QueryEscape("roles:"+adminRole+",roles:"+dataRole), []string{ada, mia}, 2},
		"two properties":     {"filter=" + url.QueryEscape("name:lee AND roles:"+dataRole), []string{mia}, 1},
		"roles in brackets":  {"filter=" + url.QueryEscape("roles:("+adminRole+" OR "+dataRole+")"), []string{ada, mia}, 2},
		"both roles":         {"filter=" + url.QueryEscape("roles:"+adminRole+" AND roles:"+dataRole), []string{}, 0},
		"or":                 {"filter=" + url.QueryEscape("name:ada OR roles:"+dataRole), []string{ada, mia}, 2},
		"and before or":      {"filter=" + url.QueryEscape("name:ada OR name:lee AND roles:"+dataRole), []string{ada, mia}, 2},
		"not":                {"filter=" + url.QueryEscape("name:lee AND NOT (roles:"+dataRole+")"), []string{lee}, 1},
		"quoted star":        {"filter=" + url.QueryEscape(`name:"l*"`), []string{}, 0},
		"escaped star":       {"filter=" + url.QueryEscape(`name:l\*`), []string{}, 0},
		"escaped space":      {"filter=" + url.QueryEscape(`name:mia\ l*`), []string{mia}, 1},
		"quoted operator":    {"filter=" + url.QueryEscape(`name:"OR"`), []string{}, 0},
		"role nobody has":    {"filter=roles:" + nobody, []string{}, 0},
		"slash in the value": {"filter=" + url.QueryEscape("name:a/b"), []string{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := into[page[wireUser]](a.do("GET", "/v1/accounts/users?"+row.query, nil).want(200))
			equal(t, "ids", ids(got.Items), row.want)
			equal(t, "totalCount", got.TotalCount, row.total)
		})
	}
	t.Run("team roles only when asked", func(t *testing.T) {
		plain := into[page[wireUser]](a.do("GET", "/v1/accounts/users", nil))
		equal(t, "roles", roleIDs(plain.Items[2]), []string{userRole, dataRole})
		asked := into[page[wireUser]](a.do("GET", "/v1/accounts/users?includeShadowedRoles=true", nil))
		if n := len(asked.Items[2].Roles); n != 4 {
			t.Errorf("%d roles, want 2 direct ones and 2 of teams", n)
		}
	})
	a.clean()
	for name, filter := range map[string]string{"unknown property": "phone:1", "no value": "email:", "no property": "ada", "empty": ",",
		"open bracket": "roles:(a", "closed bracket": "roles:a)", "nothing in brackets": "roles:()", "or alone": "name:a OR", "not alone": "NOT",
		"deep": strings.Repeat("(", 100) + "name:a" + strings.Repeat(")", 100), "long": "name:" + strings.Repeat("x", 300_000)} {
		t.Run(name, func(t *testing.T) {
			a.do("GET", "/v1/accounts/users?filter="+url.QueryEscape(filter), nil).want(400)
		})
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	list := func(t *testing.T, query string) page[object] {
		t.Helper()
		return into[page[object]](a.do("GET", "/v2/users?"+query, nil).want(200))
	}
	t.Run("fields", func(t *testing.T) {
		got := list(t, "fields=id,email,phone&limit=1")
		equal(t, "items", got, page[object]{[]object{{"id": ada, "email": "Ada@small.example"}}, 5})
	})
	t.Run("nested fields", func(t *testing.T) {
		got := list(t, "fields=roles{id,name},identities.totalCount&limit=1&filter="+url.QueryEscape(`{_id:"`+ina+`"}`))
		equal(t, "items", got.Items, []object{{
			"roles": []any{object{"id": userRole, "name": "User"}}, "identities": object{"totalCount": 1.0},
		}})
	})
	t.Run("no fields gives whole users", func(t *testing.T) {
		got := list(t, "")
		for _, name := range []string{"id", "email", "subscriptionType", "userSettings", "roles", "teamIds", "permissions", "settings"} {
			if _, ok := got.Items[0][name]; !ok {
				t.Errorf("field %s is missing", name)
			}
		}
	})
	for name, row := range map[string]struct {
		query string
		want  []string
		total int
	}{
		"sort":                   {"sort=dateCreated", []string{ina, pen, mia, lee, ada}, 5},
		"sort down":              {"sort=-dateCreated", []string{ada, lee, mia, pen, ina}, 5},
		"two keys":               {"sort=isActive,-email", []string{ina, pen, mia, lee, ada}, 5},
		"page of a sort":         {"sort=dateCreated&skip=1&limit=2", []string{pen, mia}, 5},
		"take":                   {"take=2", []string{ada, lee}, 5},
		"limit wins over take":   {"take=1&limit=2", []string{ada, lee}, 5},
		"filter with page":       {"skip=1&limit=1&filter=" + url.QueryEscape(`{isActive:true}`), []string{lee}, 4},
		"narrowed and sorted":    {"sort=-email&filter=" + url.QueryEscape(`{_id:{$in:["`+ada+`","`+mia+`","`+nobody+`"]}}`), []string{mia, ada}, 2},
		"email is case-exact":    {"filter=" + url.QueryEscape(`{email:"ada@small.example"}`), nil, 0},
		"email without case":     {"filter=" + url.QueryEscape(`{email:{$regex:"^ada@",$options:"i"}}`), []string{ada}, 1},
		"email and more":         {"filter=" + url.QueryEscape(`{$and:[{email:{$in:["lee@small.example","mia@small.example"]}},{teamIds:"`+subTeam+`"}]}`), []string{mia}, 1},
		"unknown field, nothing": {"filter=" + url.QueryEscape(`{phone:"1"}`), nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := list(t, row.query+"&fields=id")
			var have []string
			for _, u := range got.Items {
				have = append(have, u["id"].(string))
			}
			equal(t, "ids", have, row.want)
			equal(t, "totalCount", got.TotalCount, row.total)
		})
	}
	a.clean()
	for name, query := range map[string]string{
		"broken filter": "filter={", "filter not an object": "filter=[]", "operator of code": "filter=" + url.QueryEscape(`{$where:"1"}`),
		"skip not a number": "skip=x", "negative limit": "limit=-1", "open brace": "fields=roles{id",
	} {
		t.Run(name, func(t *testing.T) { a.do("GET", "/v2/users?"+query, nil).want(400) })
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	got := a.user(mia)
	equal(t, "teamIds", got.TeamIDs, []string{topTeam, subTeam})
	if len(got.Roles) != 4 || got.Roles[2].Team == nil || got.Roles[2].Team.ID != topTeam || got.Name != "Mia Lee" {
		t.Errorf("user %+v", got)
	}
	if got.ClientID != "auth0|"+mia || got.Identities.TotalCount != 1 {
		t.Errorf("clientId %q, %d identities", got.ClientID, got.Identities.TotalCount)
	}
	pending := a.user(pen)
	if pending.ClientID != "" || pending.Identities.TotalCount != 0 || pending.DateInvited == "" || !pending.IsActive {
		t.Errorf("pending user %+v", pending)
	}
	if a.user(ina).IsActive {
		t.Error("the inactive user is active")
	}
	a.do("GET", "/v1/users/"+nobody, nil).want(404)
	a.clean()
	a.do("GET", "/v1/users/6154ad124654jdk901e43c15", nil).want(400)
}

func TestUserManagers(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	equal(t, "managers of a member", into[page[string]](a.do("GET", "/v1/users/"+mia+"/managers", nil).want(200)), page[string]{[]string{lee}, 1})
	equal(t, "own teams do not count", into[page[string]](a.do("GET", "/v1/users/"+lee+"/managers", nil).want(200)), page[string]{[]string{}, 0})
	a.do("GET", "/v1/users/"+nobody+"/managers", nil).want(404)
	a.clean()
}

func TestCreateUser(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	body := object{"email": "New.One@small.example", "firstName": "New", "lastName": "One", "language": "english", "userName": "New.One@small.example"}
	made := into[wireUser](a.do("POST", "/v1/users", body).want(201))
	if made.Email != "New.One@small.example" || made.Language != "en" || made.ClientID != "" || made.DateInvited == "" || !made.IsActive {
		t.Errorf("created %+v", made)
	}
	equal(t, "roles", roleIDs(made), []string{userRole})
	equal(t, "stored", a.user(made.ID), made)
	body["email"] = "new.one@SMALL.example"
	a.do("POST", "/v1/users", body).want(409)
	body["email"] = "quiet@small.example"
	a.do("POST", "/v1/users?skipEmail=true", body).want(201)
	counts := a.emu.Counts()
	equal(t, "created", counts.Created, map[string]int{"new.one@small.example": 1, "quiet@small.example": 1})
	equal(t, "mails", counts.Mails, map[string]int{"new.one@small.example": 1})
	equal(t, "calls", counts.Calls[6], 3)
	equal(t, "effects", counts.Effects[6], 2)
	if m := a.emu.Mails(); len(m) != 1 || m[0].To != "New.One@small.example" || m[0].Kind != "invitation" {
		t.Errorf("mails %+v", m)
	}
	a.clean()
	for name, body := range map[string]any{
		"no email": object{"firstName": "A"}, "no address": object{"email": "nobody"}, "no dot": object{"email": "a@b"},
		"name and address": object{"email": "A <a@small.example>"}, "unknown field": object{"email": "x@small.example", "phone": "1"},
		"not JSON": "{", "two values": `{"email":"x@small.example"}{}`, "empty": "",
	} {
		t.Run(name, func(t *testing.T) { a.do("POST", "/v1/users", body).want(400) })
	}
}

func TestSeats(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t), Seats: 5})
	a.do("POST", "/v1/users", object{"email": "one@small.example"}).want(201)
	a.do("POST", "/v1/users", object{"email": "two@small.example"}).want(402)
	a.do("POST", "/v1/users/activate", []string{ina}).want(402)
	a.do("POST", "/v1/users/deactivate", []string{mia}).want(200)
	a.do("POST", "/v1/users/activate", []string{ina}).want(200)
	a.emu.SetSeats(0)
	a.do("POST", "/v1/users", object{"email": "two@small.example"}).want(201)
	a.clean()
}

type bulk struct {
	Updated []string
	Deleted []string
	Failed  []struct{ ID, Reason string }
}

func TestActivateAndDeactivateUsers(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	got := into[bulk](a.do("POST", "/v1/users/deactivate", []string{mia, nobody, ada, mia}).want(200))
	equal(t, "updated", got.Updated, []string{mia})
	if len(got.Failed) != 2 || got.Failed[0].ID != nobody || got.Failed[1].ID != ada {
		t.Errorf("failed %+v", got.Failed)
	}
	if a.user(mia).IsActive || !a.user(ada).IsActive {
		t.Error("mia should be inactive, and ada, the last admin, active")
	}
	got = into[bulk](a.do("POST", "/v1/users/activate", object{"usersIds": []string{mia, lee}}).want(200))
	equal(t, "updated", got.Updated, []string{mia, lee})
	if !a.user(mia).IsActive {
		t.Error("mia should be active again")
	}
	a.clean()
	for name, body := range map[string]any{
		"empty list": "[]", "null": "null", "number": "[1]", "malformed id": `["6154ad124654jdk901e43c15"]`, "unknown name": object{"people": []string{mia}},
	} {
		t.Run(name, func(t *testing.T) { a.do("POST", "/v1/users/activate", body).want(400) })
	}
}

func TestDeleteUsers(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	a.do("POST", "/v1/users/delete", []string{nobody}).want(404)
	got := into[bulk](a.do("POST", "/v1/users/delete", []string{lee, ada, nobody}).want(200))
	equal(t, "deleted", got.Deleted, []string{lee})
	if len(got.Failed) != 2 {
		t.Errorf("failed %+v", got.Failed)
	}
	a.do("GET", "/v1/users/"+lee, nil).want(404)
	top := a.team(topTeam)
	if top.Manager != "" || !slices.Equal(top.Members, []string{mia}) {
		t.Errorf("the team still knows the deleted user: %+v", top)
	}
	equal(t, "by address", a.users(`{"email":"lee@small.example"}`).TotalCount, 0)
	// The address is free again.
	a.do("POST", "/v1/users", object{"email": "lee@small.example"}).want(201)
	a.clean()
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	a.do("DELETE", "/v1/accounts/user/"+mia, nil).want(200)
	a.do("GET", "/v1/users/"+mia, nil).want(404)
	a.do("DELETE", "/v1/accounts/user/"+mia, nil).want(400)
	a.do("DELETE", "/v1/accounts/user/"+ada, nil).want(409) // oneself, and the last admin
	a.clean()
	a.do("DELETE", "/v1/accounts/users/"+lee, nil).want(404) // the path is singular
}

func TestInviteUsers(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	got := a.do("POST", "/v1/users/invitations", []string{pen, mia}).want(204)
	if got.text != "" {
		t.Errorf("204 with a body %q", got.text)
	}
	equal(t, "mails", a.emu.Counts().Mails, map[string]int{"pen@small.example": 1, "mia@small.example": 1})
	a.do("POST", "/v1/users/invitations", []string{pen, nobody}).want(400)
	equal(t, "no mail by half", a.emu.Counts().Mails["pen@small.example"], 1)
	a.clean()
}

func TestBulkRoles(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body  any
		adds  bool
		wants []string
	}{
		"canonical":         {object{"userIds": []string{mia}, "roleIds": []string{adminRole}}, false, []string{adminRole}},
		"other spelling":    {object{"usersIds": []string{mia}, "rolesIds": []string{dataRole}}, false, []string{dataRole}},
		"short spelling":    {object{"users": []string{mia}, "roles": []string{}}, false, nil},
		"pairs":             {[]object{{"userId": mia, "roleIds": []string{userRole}}}, false, []string{userRole}},
		"reading that adds": {object{"userIds": []string{mia}, "roleIds": []string{adminRole}}, true, []string{userRole, dataRole, adminRole}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, emulator.Options{Account: small(t), Readings: emulator.Readings{RolesBulkAdds: row.adds}})
			got := into[bulk](a.do("POST", "/v1/users/roles", row.body).want(200))
			equal(t, "updated", got.Updated, []string{mia})
			user := a.user(mia)
			equal(t, "direct roles", direct(user), row.wants)
			if len(user.Roles)-len(row.wants) != 2 {
				t.Errorf("team roles went: %+v", user.Roles)
			}
			a.clean()
		})
	}
	a := start(t, emulator.Options{Account: small(t)})
	got := into[bulk](a.do("POST", "/v1/users/roles", object{"userIds": []string{ada, nobody}, "roleIds": []string{userRole}}).want(200))
	if len(got.Failed) != 2 {
		t.Errorf("last admin and unknown user should fail: %+v", got)
	}
	a.do("POST", "/v1/users/roles", object{"userIds": []string{mia}, "roleIds": []string{nobody}}).want(400)
	a.do("POST", "/v1/users/roles", object{"roleIds": []string{userRole}}).want(400)
	a.clean()
	a.do("POST", "/v1/users/roles", object{"userIds": []string{mia}, "roleIds": []string{userRole}, "mode": "add"}).want(400)
}

func TestGiveRole(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]any{
		"canonical": object{"userId": lee, "roleId": dataRole}, "id": object{"id": dataRole}, "role": object{"role": dataRole},
		"role object": object{"role": object{"id": dataRole}}, "string": `"` + dataRole + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, emulator.Options{Account: small(t)})
			got := a.do("POST", "/v1/users/"+lee+"/roles", body).want(200)
			equal(t, "body", got.text, "")
			equal(t, "roles", direct(a.user(lee)), []string{userRole, dataRole})
			a.do("POST", "/v1/users/"+lee+"/roles", body).want(200)
			equal(t, "roles after a repeat", direct(a.user(lee)), []string{userRole, dataRole})
			equal(t, "effects", a.emu.Counts().Effects[12], 1)
			a.clean()
		})
	}
	a := start(t, emulator.Options{Account: small(t)})
	team := a.user(mia).Roles[2].ID
	a.do("POST", "/v1/users/"+nobody+"/roles", object{"roleId": dataRole}).want(404)
	a.do("POST", "/v1/users/"+lee+"/roles", object{"roleId": nobody}).want(404)
	a.do("POST", "/v1/users/"+lee+"/roles", object{"roleId": team}).want(400)
	a.do("POST", "/v1/users/"+lee+"/roles", object{"roleId": dataRole, "userId": mia}).want(400)
	a.clean()
	a.do("POST", "/v1/users/"+lee+"/roles", object{}).want(400)
}

func TestTakeRoles(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	team := a.user(mia).Roles[2].ID
	path := "/v1/users/" + mia + "/roles"
	a.do("DELETE", path+"/"+team, nil).want(409)
	a.do("DELETE", path+"/"+adminRole, nil).want(404)
	a.do("DELETE", path+"?ids="+dataRole+","+team, nil).want(409)
	equal(t, "nothing by half", direct(a.user(mia)), []string{userRole, dataRole})
	a.do("DELETE", path+"/"+dataRole, nil).want(200)
	equal(t, "roles", direct(a.user(mia)), []string{userRole})
	a.do("DELETE", path+"?ids="+userRole+"&ids="+nobody, nil).want(200)
	equal(t, "roles", direct(a.user(mia)), nil)
	a.do("DELETE", "/v1/users/"+ada+"/roles/"+adminRole, nil).want(409)
	a.do("DELETE", "/v1/users/"+ada+"/roles?ids="+adminRole, nil).want(409)
	a.do("DELETE", "/v1/users/"+nobody+"/roles/"+userRole, nil).want(404)
	a.do("DELETE", path, nil).want(400)
	a.clean()
}

func TestPersonalOperations(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	if err := a.emu.RegisterToken("token of mia", mia); err != nil {
		t.Fatal(err)
	}
	person := a.as("token of mia")
	policy := "/v1/users/password/auth0%7C" + mia + "/policy"
	equal(t, "policy", into[string](person.do("GET", policy, nil).want(200)), "good")
	person.do("GET", "/v1/users/password/auth0%7C"+lee+"/policy", nil).want(403)
	a.do("GET", policy, nil).want(403)
	settings := object{"theme": "dark", "leftNavItems": object{"hub": false}, "own": 1}
	person.do("PUT", "/v1/users/settings", settings).want(200)
	a.do("PUT", "/v1/users/settings", settings).want(403)
	got := a.user(mia).UserSettings
	nav, _ := got["leftNavItems"].(map[string]any)
	if got["theme"] != "dark" || got["own"] != 1.0 || nav["hub"] != false || nav["okrs"] != true {
		t.Errorf("settings %v", got)
	}
	a.clean()
	person.do("PUT", "/v1/users/settings", "[]").want(400)
	if err := a.emu.RegisterToken("x", nobody); err == nil {
		t.Error("a token of nobody was registered")
	}
}

func TestPasswordMail(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	a.do("POST", "/v1/users/"+mia+"/send-change-password-email", nil).want(200)
	a.do("POST", "/v1/users/"+pen+"/send-change-password-email", nil).want(200) // has no password yet
	a.do("POST", "/v1/users/"+nobody+"/send-change-password-email", nil).want(400)
	counts := a.emu.Counts()
	equal(t, "password mails", counts.PasswordMails, map[string]int{"mia@small.example": 1})
	equal(t, "invitations", counts.Mails, map[string]int{})
	a.clean()
}

func TestEditUser(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	a.do("PUT", "/v1/users/"+mia, object{"language": "de"}).want(200)
	a.do("PATCH", "/v1/users/"+mia, object{"firstName": "Maria"}).want(200)
	if got := a.user(mia); got.Language != "de" || got.Name != "Maria Lee" {
		t.Errorf("user %+v", got)
	}
	a.do("PATCH", "/v1/users/"+mia, object{"firstName": "", "lastName": ""}).want(400)
	a.do("PUT", "/v1/users/"+mia, object{"language": ""}).want(400)
	a.do("PUT", "/v1/users/"+nobody, object{"language": "de"}).want(400)
	a.do("PATCH", "/v1/users/"+nobody, object{"firstName": "A"}).want(400)
	a.clean()
	a.do("PATCH", "/v1/users/"+mia, object{"email": "other@small.example"}).want(400)
}

func TestRolesList(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	got := into[page[object]](a.do("GET", "/v2/roles?fields=id,name&sort=name", nil).want(200))
	equal(t, "roles", got, page[object]{[]object{{"id": adminRole, "name": "Admin"}, {"id": dataRole, "name": "Data"}, {"id": userRole, "name": "User"}}, 3})
	equal(t, "calls", a.emu.Counts().Calls[emulator.OpRoles], 1)
	a.clean()
}

func TestSignedIn(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	if err := a.emu.SignedIn(pen); err != nil {
		t.Fatal(err)
	}
	if got := a.user(pen); got.ClientID == "" || got.Identities.TotalCount != 1 || !got.IsActive {
		t.Errorf("after signing in %+v", got)
	}
	if err := a.emu.SignedIn(nobody); err == nil {
		t.Error("nobody signed in")
	}
}
