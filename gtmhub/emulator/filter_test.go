package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

func TestFilter(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	for name, row := range map[string]struct {
		filter string
		want   []string
	}{
		"empty":                     {`{}`, []string{ada, lee, mia, pen, ina}},
		"strict JSON":               {`{"_id":"` + mia + `"}`, []string{mia}},
		"id alias":                  {`{id:"` + mia + `"}`, []string{mia}},
		"no quotes":                 {`{firstName: {$eq: 'Ada'}}`, []string{ada}},
		"quoted operator":           {`{"firstName":{"$eq":"Ada"}}`, []string{ada}},
		"ne":                        {`{firstName:{$ne:"Ada"}}`, []string{lee, mia, pen, ina}},
		"in":                        {`{firstName:{$in:["Ada","Mia",null]}}`, []string{ada, mia}},
		"nin":                       {`{firstName:{$nin:["Ada","Mia"]}}`, []string{lee, pen, ina}},
		"dates":                     {`{dateCreated:{$gte:"2024-01-03T00:00:00Z",$lt:"2024-01-05"}}`, []string{lee, mia}},
		"gt and lte":                {`{dateCreated:{$gt:"2024-01-02T00:00:00.000Z",$lte:"2024-01-04T00:00:00.000Z"}}`, []string{lee, mia}},
		"numbers do not meet texts": {`{dateCreated:{$gt:1}}`, nil},
		"bool":                      {`{isActive:false}`, []string{ina}},
		"regex":                     {`{email:{$regex:"^.a@"}}`, nil},
		"regex case":                {`{email:{$regex:"^ADA@"}}`, nil},
		"regex option":              {`{email:{$regex:"^ADA@",$options:"i"}}`, []string{ada}},
		"regex inline":              {`{email:{$regex:"(?i)^ADA@"}}`, []string{ada}},
		"regex in a list":           {`{teamIds:{$regex:"c02$"}}`, []string{ada, mia}},
		"and":                       {`{$and:[{isActive:true},{language:"en"}]}`, []string{ada, mia, pen}},
		"two members":               {`{isActive:true,language:"de"}`, []string{lee}},
		"or":                        {`{$or:[{firstName:"Ada"},{firstName:"Ina"}]}`, []string{ada, ina}},
		"nor":                       {`{$nor:[{firstName:"Ada"},{isActive:true}]}`, []string{ina}},
		"not":                       {`{firstName:{$not:{$regex:"a"}}}`, []string{lee, pen}},
		"exists":                    {`{dateInvited:{$exists:true}}`, []string{pen}},
		"not there":                 {`{clientId:{$exists:false}}`, []string{pen}},
		"null means not set":        {`{clientId:null}`, []string{pen}},
		"dotted path":               {`{"roles.id":"` + dataRole + `"}`, []string{mia}},
		"dotted name":               {`{"roles.name":{$in:["Data","Admin"]}}`, []string{ada, mia}},
		"dotted number":             {`{"identities.totalCount":0}`, []string{pen}},
		"dotted number in a range":  {`{"identities.totalCount":{$lt:1}}`, []string{pen}},
		"list contains":             {`{teamIds:"` + topTeam + `"}`, []string{lee, mia}},
		"list equals":               {`{teamIds:["` + topTeam + `","` + subTeam + `"]}`, []string{mia}},
		"list lacks":                {`{teamIds:{$ne:"` + topTeam + `"}}`, []string{ada, pen, ina}},
		"all":                       {`{teamIds:{$all:["` + topTeam + `","` + subTeam + `"]}}`, []string{mia}},
		"size":                      {`{teamIds:{$size:0}}`, []string{pen, ina}},
		"object":                    {`{notificationSettings:{subjectsOptedOut:[]}}`, []string{ada, lee, mia, pen, ina}},
		"unicode":                   {`{lastName:"M\u00fcller"}`, []string{lee}},
		"escaped quote":             {`{lastName:'M\'x'}`, nil},
		"no match by id":            {`{_id:{$in:[]}}`, nil},
		"id and another condition":  {`{_id:"` + ada + `",isActive:false}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.users(row.filter)
			have := ids(got.Items)
			if len(have) == 0 {
				have = nil
			}
			equal(t, "ids", have, row.want)
			equal(t, "totalCount", got.TotalCount, len(row.want))
		})
	}
	a.clean()
}

func TestFilterRefused(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	for name, filter := range map[string]string{
		"not closed": `{a:1`, "text after the end": `{}{}`, "list": `[]`, "text": `"a"`, "bare text": `{a:b}`, "unknown operator": `{a:{$foo:1}}`,
		"unknown top operator": `{$foo:[]}`, "where": `{$where:"sleep(1)"}`, "in without a list": `{a:{$in:1}}`, "empty or": `{$or:[]}`,
		"or of texts": `{$or:["a"]}`, "bad regex": `{a:{$regex:"("}}`, "regex number": `{a:{$regex:1}}`, "bad option": `{a:{$regex:"a",$options:"q"}}`,
		"option alone": `{a:{$options:"i"}}`, "exists number": `{a:{$exists:1}}`, "not a text": `{a:{$not:"x"}}`, "colon": `{a 1}`, "comma": `{a:1 b:2}`,
		"open text": `{a:"x}`, "odd escape": `{a:"\x"}`, "short escape": `{a:"\u12"}`, "infinity": `{a:Infinity}`, "hex": `{a:0x10}`, "not UTF-8": "{a:\"\xff\"}",
		"deep": strings.Repeat(`{a:`, 100) + "1" + strings.Repeat("}", 100), "long": `{a:"` + strings.Repeat("x", 300_000) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v2/users?filter="+url.QueryEscape(filter), nil)
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("gtmhub-accountId", accountID)
			w := httptest.NewRecorder()
			a.emu.ServeHTTP(w, r)
			equal(t, "status", w.Code, http.StatusBadRequest)
		})
	}
}

var fuzzed = sync.OnceValue(func() *emulator.Emulator {
	account, err := emulator.ParseAccount(strings.NewReader(smallAccount))
	if err != nil {
		panic(err)
	}
	emu, err := emulator.New(emulator.Options{Account: account})
	if err != nil {
		panic(err)
	}
	return emu
})

// fuzz sends a query and demands an answer of 200 with a sound body, or 400.
func fuzz(t *testing.T, path, query string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), "GET", path+"?"+query, nil)
	r.Header.Set("Authorization", "Bearer x")
	r.Header.Set("gtmhub-accountId", accountID)
	w := httptest.NewRecorder()
	fuzzed().ServeHTTP(w, r)
	switch w.Code {
	case http.StatusOK:
		got := into[page[object]](answer{t: t, text: w.Body.String()})
		if got.TotalCount < len(got.Items) || got.TotalCount > 5 {
			t.Errorf("%d items of %d", len(got.Items), got.TotalCount)
		}
	case http.StatusBadRequest:
	default:
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{_id:{$in:["` + ada + `"]}}`, `{"a":{'$regex':"(?i)x",$options:"m"}}`, `{$or:[{a:1.5e3},{b:null}]}`, `{"roles.team.id":{$not:{$size:2}}}`,
		`{a:"\ud83d\ude00"}`, `{isActive:true,"identities.items.name":{$gte:"A"}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, filter string) { fuzz(t, "/api/v2/users", "filter="+url.QueryEscape(filter)) })
}

func FuzzFields(f *testing.F) {
	for _, seed := range []string{"id,email", "roles{id,team{name}}", "identities.items.name,", "a{b{c{d}}}}", "{", "id{x}"} {
		f.Add(seed, "-dateCreated,roles.id")
	}
	f.Fuzz(func(t *testing.T, fields, sort string) {
		fuzz(t, "/api/v2/users", "fields="+url.QueryEscape(fields)+"&sort="+url.QueryEscape(sort))
	})
}

func FuzzLucene(f *testing.F) {
	for _, seed := range []string{"email:a*", "roles:1,2", `name:"a b" AND email:?`, ":", `name:[`, `name:"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		fuzz(t, "/api/v1/accounts/users", "filter="+url.QueryEscape(filter))
	})
}

// A query that cannot be read is refused: without its filter the call would answer everything.
func TestBadlyEscapedQueryIsRefused(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	for _, query := range []string{`filter={"name":"100%"}`, `filter={name:"a;b"}`} {
		a.do("GET", "/v2/users?"+query, nil).want(http.StatusBadRequest)
	}
}
