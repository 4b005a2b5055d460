package gtmhub_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub"
)

type userFilter = gtmhub.Filter[gtmhub.UserField]

func TestFilters(t *testing.T) {
	t.Parallel()
	hostile := `{"$ne":""}`
	tests := map[string]struct {
		filter userFilter
		want   string // "" means an error
	}{
		"equality":       {gtmhub.Eq(gtmhub.UserEmail, "a@b.example"), `{"email":"a@b.example"}`},
		"id is _id":      {gtmhub.Eq(gtmhub.UserID, "a1"), `{"_id":"a1"}`},
		"truth":          {gtmhub.Is(gtmhub.UserIsActive, false), `{"isActive":false}`},
		"in":             {gtmhub.In(gtmhub.UserTeamIDs, gtmhub.ID("a"), "b"), `{"teamIds":{"$in":["a","b"]}}`},
		"in nothing":     {gtmhub.In[gtmhub.UserField, string](gtmhub.UserName), `{"name":{"$in":[]}}`},
		"same, any case": {gtmhub.EqualFold(gtmhub.UserEmail, "a.b"), `{"email":{"$regex":"(?i)^a\\.b$"}}`},
		"prefix":         {gtmhub.HasPrefix(gtmhub.UserLastName, "Mü("), `{"lastName":{"$regex":"(?i)^Mü\\("}}`},
		"contains":       {gtmhub.Contains(gtmhub.UserName, ".*"), `{"name":{"$regex":"(?i)\\.\\*"}}`},
		"and": {gtmhub.And(gtmhub.Is(gtmhub.UserIsActive, true), userFilter{}, gtmhub.Eq(gtmhub.UserName, "x")),
			`{"$and":[{"isActive":true},{"name":"x"}]}`},
		"or":                 {gtmhub.Or(gtmhub.Eq(gtmhub.UserName, "x"), gtmhub.Eq(gtmhub.UserName, "y")), `{"$or":[{"name":"x"},{"name":"y"}]}`},
		"not":                {gtmhub.Not(gtmhub.Eq(gtmhub.UserName, "x")), `{"$nor":[{"name":"x"}]}`},
		"hostile value":      {gtmhub.Eq(gtmhub.UserName, hostile), `{"name":"{\"$ne\":\"\"}"}`},
		"hostile list":       {gtmhub.In(gtmhub.UserName, hostile), `{"name":{"$in":["{\"$ne\":\"\"}"]}}`},
		"operator as field":  {gtmhub.Eq(gtmhub.UserField("$where"), "1"), ""},
		"path as field":      {gtmhub.Eq(gtmhub.UserField("roles.$[]"), "1"), ""},
		"bad inside and":     {gtmhub.And(gtmhub.Eq(gtmhub.UserField("$where"), "1")), ""},
		"or of nothing":      {gtmhub.Or[gtmhub.UserField](), ""},
		"or with everything": {gtmhub.Or(userFilter{}, gtmhub.Eq(gtmhub.UserName, "x")), ""},
		"not everything":     {gtmhub.Not(userFilter{}), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.filter.Encode()
			if (err != nil) != (tt.want == "") {
				t.Fatalf("%q, error %v", got, err)
			}
			if err == nil {
				sameJSON(t, tt.want, got)
			}
		})
	}
	for name, everything := range map[string]userFilter{"zero": {}, "and of nothing": gtmhub.And[gtmhub.UserField](), "and of zero": gtmhub.And(userFilter{})} {
		if got, err := everything.Encode(); got != "" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := gtmhub.Eq(gtmhub.TeamField("email"), "x").Encode(); err == nil {
		t.Error("a field of users was taken for one of teams")
	}
}

func TestLuceneFilters(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		filter gtmhub.LuceneFilter
		want   string // "" means an error
	}{
		"email":           {gtmhub.LuceneEmail("a.b-c@d.example"), `email:a.b-c@d.example`},
		"plus sign":       {gtmhub.LuceneEmail("a+b@d.example"), `email:"a+b@d.example"`},
		"name":            {gtmhub.LuceneName("Ann Lee"), `name:"Ann Lee"`},
		"quotation marks": {gtmhub.LuceneName(`x" OR email:*`), `name:"x\" OR email:*"`},
		"backslash":       {gtmhub.LuceneName(`x\`), `name:"x\\"`},
		"comma":           {gtmhub.LuceneName("a,roles:b"), `name:"a,roles:b"`},
		"operator word":   {gtmhub.LuceneName("NOT"), `name:"NOT"`},
		"leading minus":   {gtmhub.LuceneName("-x"), `name:"-x"`},
		"prefix":          {gtmhub.LuceneNamePrefix("Mül"), `name:Mül*`},
		"odd prefix":      {gtmhub.LuceneNamePrefix("a b*:"), `name:a\ b\*\:*`},
		"wide space":      {gtmhub.LuceneNamePrefix("a\u3000OR"), "name:a\\\u3000OR*"},
		"roles":           {gtmhub.LuceneRoles("r1", "r2"), `roles:r1,roles:r2`},
		"and":             {gtmhub.LuceneAnd(gtmhub.LuceneName("a"), gtmhub.LuceneRoles("r1")), `name:a AND roles:r1`},
		"or":              {gtmhub.LuceneOr(gtmhub.LuceneName("a"), gtmhub.LuceneName("b")), `name:a OR name:b`},
		"not":             {gtmhub.LuceneNot(gtmhub.LuceneName("a")), `NOT name:a`},
		"nested": {gtmhub.LuceneAnd(gtmhub.LuceneName("a"), gtmhub.LuceneNot(gtmhub.LuceneOr(gtmhub.LuceneName("b"), gtmhub.LuceneName("c")))),
			`name:a AND (NOT (name:b OR name:c))`},
		"empty":          {gtmhub.LuceneEmail(""), ""},
		"control":        {gtmhub.LuceneName("a\nb"), ""},
		"odd role":       {gtmhub.LuceneRoles("r1 OR x"), ""},
		"no roles":       {gtmhub.LuceneRoles(), ""},
		"and of nothing": {gtmhub.LuceneAnd(), ""},
		"and with zero":  {gtmhub.LuceneAnd(gtmhub.LuceneFilter{}), ""},
		"or with bad":    {gtmhub.LuceneOr(gtmhub.LuceneName("")), ""},
		"not bad":        {gtmhub.LuceneNot(gtmhub.LuceneName("")), ""},
		"not zero":       {gtmhub.LuceneNot(gtmhub.LuceneFilter{}), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.filter.Encode()
			if (err != nil) != (tt.want == "") || err == nil && got != tt.want {
				t.Errorf("%q, error %v, want %q", got, err, tt.want)
			}
		})
	}
}

// FuzzFilter: no text becomes an operator, and every pattern matches just its text.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{"", "a", `{"$ne":""}`, `","$where":"1`, `.*`, `\E`, "\x00", "\xff", "$gt", `"`, `' OR 1`, "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filter := gtmhub.And(
			gtmhub.Eq(gtmhub.UserName, s), gtmhub.In(gtmhub.UserName, s, s), gtmhub.Not(gtmhub.HasPrefix(gtmhub.UserName, s)),
			gtmhub.Or(gtmhub.Contains(gtmhub.UserName, s), gtmhub.EqualFold(gtmhub.UserName, s)),
		)
		text, err := filter.Encode()
		if err != nil {
			t.Fatal(err)
		}
		clean := strings.ToValidUTF8(s, "\uFFFD")
		var got map[string]any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("no JSON: %v", err)
		}
		parts := got["$and"].([]any)
		if len(got) != 1 || len(parts) != 4 {
			t.Fatalf("shape changed: %s", text)
		}
		if v, ok := parts[0].(map[string]any)["name"].(string); !ok || !sameText(v, s) {
			t.Errorf("equality holds %q", v)
		}
		for _, key := range keysOf(got) {
			switch key {
			case "$and", "$or", "$nor", "$in", "$regex", "name":
			default:
				t.Errorf("key %q came from the text", key)
			}
		}
		or := parts[3].(map[string]any)["$or"].([]any)
		equal := or[1].(map[string]any)["name"].(map[string]any)["$regex"].(string)
		re, err := regexp.Compile(equal)
		if err != nil {
			t.Fatalf("pattern %q: %v", equal, err)
		}
		if s == clean && !re.MatchString(s) {
			t.Errorf("pattern %q does not match its text", equal)
		}
		if re.MatchString(clean + "x") {
			t.Errorf("pattern %q matches more than its text", equal)
		}

		for _, lucene := range []gtmhub.LuceneFilter{gtmhub.LuceneName(s), gtmhub.LuceneNamePrefix(s)} {
			text, err := lucene.Encode()
			if err != nil {
				continue
			}
			if rest := outsideLuceneTerm(strings.TrimPrefix(text, "name:")); rest != "" {
				t.Errorf("%q leaves its term with %q", text, rest)
			}
		}
	})
}

// sameText compares up to bytes that are no UTF-8, which JSON cannot hold.
func sameText(a, b string) bool {
	data, _ := json.Marshal(b)
	var c string
	_ = json.Unmarshal(data, &c)
	return a == c
}

func keysOf(v any) []string {
	var keys []string
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			keys = append(append(keys, k), keysOf(inner)...)
		}
	case []any:
		for _, inner := range v {
			keys = append(keys, keysOf(inner)...)
		}
	}
	return keys
}

// outsideLuceneTerm reads one Lucene term and answers what is left: nothing, if the text stayed inside it.
func outsideLuceneTerm(s string) string {
	if strings.HasPrefix(s, `"`) {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return s[i+1:]
			}
		}
		return "an open quotation"
	}
	s = strings.TrimSuffix(s, "*")
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.IndexByte(` +!(){}[]^"~*?:/&|,`, s[i]) >= 0:
			return s[i:]
		}
	}
	return ""
}

// FuzzPath: whatever an id holds, the path stays within the pattern and the base.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"a", "..", ".", "%2e%2e", "..%2Fteams", "a/b", `a\..\b`, "auth0|1", "a?b#c", "\x00", "é", "a;b", "%", "//x"} {
		f.Add(s)
	}
	client, err := gtmhub.New(options("https://gtmhub.example"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if path, err := gtmhub.PathOfUserRole(s, "r1"); err == nil {
			if path != "/v1/users/"+s+"/roles/r1" || strings.ContainsAny(s, "./%\\?#;") {
				t.Errorf("%q made %q", s, path)
			}
		}
		path, err := gtmhub.PathOfPasswordPolicy(s)
		if err != nil {
			return
		}
		if strings.Count(path, "/") != 5 || !strings.HasPrefix(path, "/v1/users/password/") || !strings.HasSuffix(path, "/policy") || strings.ContainsAny(path, "?#") {
			t.Errorf("%q made %q", s, path)
		}
		target, err := client.Target(path)
		if err != nil || target != "https://gtmhub.example"+basePath+path {
			t.Errorf("%q made %q, %v", s, target, err)
		}
	})
}
