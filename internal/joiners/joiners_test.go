package joiners_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
)

// names is an account with the given teams and roles; an id is made of the position.
type names struct{ teams, roles []string }

func (d names) TeamsByName(folded string) []joiners.TeamRef {
	var out []joiners.TeamRef
	for i, n := range d.teams {
		if directory.Fold(n) == folded {
			out = append(out, joiners.TeamRef{ID: id.Team(fmt.Sprintf("team%d", i)), Name: n})
		}
	}
	return out
}

func (d names) RolesByName(folded string) []joiners.RoleRef {
	var out []joiners.RoleRef
	for i, n := range d.roles {
		if directory.Fold(n) == folded {
			out = append(out, joiners.RoleRef{ID: id.Role(fmt.Sprintf("role%d", i)), Name: n})
		}
	}
	return out
}

func (d names) AllTeamNames() []string { return d.teams }
func (d names) AllRoleNames() []string { return d.roles }

// northwind knows every team and role of the sample files that exists in the account they come from.
func northwind(t testing.TB) names {
	t.Helper()
	var d names
	if err := json.Unmarshal(read(t, "northwind.json"), &struct {
		Teams *[]string `json:"teams"`
		Roles *[]string `json:"roles"`
	}{&d.teams, &d.roles}); err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var options = joiners.Options{DefaultLanguage: "en", Domains: []string{"northwind.example"}}

// check reads and checks data as Detect proposes.
func check(t *testing.T, data []byte, d joiners.Directory, e joiners.Edits) (joiners.Format, *joiners.List, *joiners.Result) {
	t.Helper()
	f := joiners.Detect(data)
	l, err := joiners.Read(data, f)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return f, l, joiners.Check(l, f, e, d, options)
}

func fieldsOf(f joiners.Format) string {
	var out []string
	for _, c := range f.Columns {
		out = append(out, string(c.Field))
	}
	return strings.Join(out, ",")
}
