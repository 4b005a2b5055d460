package joiners_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/joiners"
)

// faults renders the problems of a result: row, spreadsheet row, column, kind, severity, found, and what it became or suggestions.
func faults(r *joiners.Result) []string {
	var out []string
	for _, p := range r.People {
		for _, pr := range p.Problems {
			found := pr.Found
			if len(found) > 40 {
				found = found[:40] + "..."
			}
			out = append(out, fmt.Sprintf("%d %d %s %s %s %q %q %s", pr.Row, pr.Line, pr.Column, pr.Kind, pr.Severity, found, pr.Now, strings.Join(pr.Suggestions, "+")))
		}
	}
	return out
}

func TestSampleClean(t *testing.T) {
	t.Parallel()
	f, l, r := check(t, read(t, "joiners-300.csv"), northwind(t), joiners.Edits{})
	if f.Encoding != joiners.UTF8 || f.Separator != ',' || f.NeedsConfirm || fieldsOf(f) != "email,firstName,lastName,language,team,role" {
		t.Errorf("format %+v", f)
	}
	if len(l.Rows) != 300 || r.Usable() != 300 || len(r.Groups) != 0 || len(l.Problems) != 0 {
		t.Errorf("%d rows, %d usable, groups %v", len(l.Rows), r.Usable(), r.Groups)
	}
	if got, want := one(r.People[0]), "joao.cruz@northwind.example/João/Cruz/es/SIG Autoscaling API Reviews/Contributor"; got != want {
		t.Errorf("first person %s, want %s", got, want)
	}
	if last := l.Rows[299]; last.Number != 300 || last.Line != 301 || last.Cells[0] != "ines.bernard@northwind.example" {
		t.Errorf("last row %+v", last)
	}
}

func TestSampleHRIS(t *testing.T) {
	t.Parallel()
	f, l, r := check(t, read(t, "joiners-hris-export.csv"), northwind(t), joiners.Edits{})
	if f.Encoding != joiners.Windows1252 || f.Separator != ';' || !f.NeedsConfirm || !f.HasHeader || fieldsOf(f) != ",email,firstName,lastName,team," {
		t.Errorf("format %+v", f)
	}
	if diff := cmp.Diff([]string{"Employee ID", "Work Email", "First Name", "Last Name", "Department", "Start Date"}, l.Header); diff != "" {
		t.Error(diff)
	}
	if len(l.Rows) != 40 || r.Usable() != 40 || len(r.Groups) != 0 {
		t.Errorf("%d rows, %d usable, groups %v", len(l.Rows), r.Usable(), r.Groups)
	}
	for i, want := range map[int]string{
		9:  "klara.wojcik@northwind.example/Klára/Wójcik/en/Test Infra Admins/",
		10: "mariajose.nkosi@northwind.example/María-José/Nkosi/en/Contributor Site Admins/",
		4:  "lars.delacruz@northwind.example/Lars/De la Cruz/en/SIG Release Admins/",
	} {
		if got := one(r.People[i]); got != want {
			t.Errorf("person %d: %s, want %s", i, got, want)
		}
	}
}

func TestSampleMessy(t *testing.T) {
	t.Parallel()
	f, l, r := check(t, read(t, "joiners-messy.csv"), northwind(t), joiners.Edits{})
	if f.Encoding != joiners.UTF8BOM || f.Separator != ',' || f.NeedsConfirm || fieldsOf(f) != "email,firstName,lastName,language,team,role" {
		t.Errorf("format %+v", f)
	}
	want := []string{
		`4 5 Email duplicate_in_file blocker "amina.lambert@northwind.example" "" `,
		`8 9 Email tidied info " OLA.RAMIREZ@NORTHWIND.EXAMPLE " "ola.ramirez@northwind.example" `,
		`10 11 Email bad_email blocker "not-an-email" "" `,
		`14 15 Team unknown_team blocker "No Such Team" "" `,
		`16 17 Role unknown_role blocker "Emperor" "" `,
		`18 19 First name missing_first_name blocker "" "" Ricardo`,
		`20 21 Email missing_email blocker "" "" `,
		`22 23 First name formula blocker "=HYPERLINK(\"http://x.example\",\"click\")" "" `,
		`24 25 Last name line_break blocker "Multi\nLine" "" Multi Line`,
		`26 27 Email outside_domain warning "someone@other-company.example" "" `,
		`28 29 Language unknown_language blocker "xx" "" en+de+fr+es+pt+it+nl+bg+ja+zh+pl+cs+da+sv+no+fi+tr+ru+uk+ko+hu+ro+ar`,
		`30 31 First name name_too_long blocker "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA..." "" `,
		`61 64  unterminated_quote blocker "\"unterminated" "" `,
		`61 64  ragged_row warning "2 cells" "" `,
		`61 64 Email bad_email blocker "broken" "" `,
		`61 64 Last name missing_last_name blocker "" "" `,
		`61 64 Language default_language info "" "en" `,
	}
	if diff := cmp.Diff(want, faults(r)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	for _, p := range r.People {
		for _, pr := range p.Problems {
			if pr.Message == "" || pr.Repair == "" || pr.Severity == joiners.Blocker && pr.Expected == "" {
				t.Errorf("problem without words: %+v", pr)
			}
		}
	}
	if len(l.Rows) != 61 || r.Usable() != 50 || r.Blocked() != 11 {
		t.Errorf("%d rows, %d usable, %d blocked; want 61, 50, 11", len(l.Rows), r.Usable(), r.Blocked())
	}
	if got := one(r.People[11]); got != "aiko.akhtar@northwind.example/Sakura/Mitchell/en/SIG API Machinery Leads/Contributor" {
		t.Errorf("the existing user is %s; that is for the plan to decide", got)
	}
	if g := r.Groups[0]; g.Severity != joiners.Blocker || g.Kind != joiners.KindBadEmail || g.Count != 2 || !slices.Equal(g.Rows, []int{10, 61}) || g.Message != "2 rows: wrong e-mail address." {
		t.Errorf("first group %+v", g)
	}
	blank := slices.IndexFunc(r.Groups, func(g joiners.ProblemGroup) bool { return g.Kind == joiners.KindBlankRow })
	if blank < 0 || r.Groups[blank].Message != "Rows 33 to 34 of the file are empty and are skipped." {
		t.Errorf("no word about the empty rows: %+v", r.Groups)
	}
}

// TestSampleMessyRepaired: every fault of the messy sample can be repaired, and then nobody is blocked.
func TestSampleMessyRepaired(t *testing.T) {
	t.Parallel()
	set := func(f joiners.Field, v string) map[joiners.Field]string { return map[joiners.Field]string{f: v} }
	edits := joiners.Edits{
		Cells: map[int]map[joiners.Field]string{
			4:  set(joiners.FieldEmail, "eszter.fraser@northwind.example"),
			10: set(joiners.FieldEmail, "luka@northwind.example"),
			18: set(joiners.FieldFirstName, "Ricardo"),
			20: set(joiners.FieldEmail, "mei.sato@northwind.example"),
			22: set(joiners.FieldFirstName, "Lars"),
			24: set(joiners.FieldLastName, "Multi Line"),
			30: set(joiners.FieldFirstName, "Darya"),
		},
		Replace: []joiners.Replacement{
			{Field: joiners.FieldTeam, Found: "no such team", With: "SIG Docs"},
			{Field: joiners.FieldRole, Found: "Emperor", With: ""},
			{Field: joiners.FieldLanguage, Found: "XX", With: "French"},
		},
		Drop: []int{61, 61, 999},
	}
	stored, err := json.Marshal(edits)
	if err != nil {
		t.Fatal(err)
	}
	var back joiners.Edits
	if err := json.Unmarshal(stored, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(edits, back); diff != "" {
		t.Error(diff)
	}
	_, l, r := check(t, read(t, "joiners-messy.csv"), northwind(t), back)
	if r.Blocked() != 0 || len(r.People)+len(r.Dropped) != len(l.Rows) || !slices.Equal(r.Dropped, []int{61}) {
		t.Errorf("%d blocked, %d people, dropped %v: %v", r.Blocked(), len(r.People), r.Dropped, faults(r))
	}
	for i, want := range map[int]string{
		13: "magnus.vargas@northwind.example/Magnus/Vargas/en/SIG Docs/Contributor",
		15: "naomi.ishikawa@northwind.example/Naomi/Ishikawa/en/SIG API Machinery Emeritus/",
		27: "ines.fontaine@northwind.example/Ines/Fontaine/fr/SIG Cloud Provider 2/Contributor",
	} {
		if got := one(r.People[i]); got != want {
			t.Errorf("person %d: %s, want %s", i, got, want)
		}
	}
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	const head = "Email,First name,Last name,Team\n"
	for _, tt := range []struct {
		name, rows string
		want       []string
		message    string
	}{
		{"the same twice", "a@x.io,Zhen,Li,Design\nA@X.io ,Zhen,Li,Design\n", []string{"a@x.io/Zhen/Li/en/Design/", "a@x.io/Zhen/Li/en/Design/ !duplicate_in_file"},
			"The same person is in row 2 of the file; this row is skipped."},
		{"another team", "a@x.io,Zhen,Li,Design\na@x.io,Zhen,Li,SIG Node\n", []string{"a@x.io/Zhen/Li/en/Design/", "a@x.io/Zhen/Li/en/SIG Node/ !duplicate_in_file"},
			"The same person is in row 2 of the file, with another team, role or language."},
		{"another name", "a@x.io,Zhen,Li,\na@x.io,Bo,Wu,\n", []string{"a@x.io/Zhen/Li/en//", "a@x.io/Bo/Wu/en// !duplicate_in_file"},
			"Row 2 of the file has the same address for Zhen Li, here it is for Bo Wu. One address belongs to one person."},
		{"the first is blocked itself", "a@x.io,,Li,\na@x.io,Zhen,Li,\n", []string{"a@x.io//Li/en// !missing_first_name !duplicate_in_file", "a@x.io/Zhen/Li/en//"},
			"Row 3 of the file has the same address for Zhen Li, here it is for Li. One address belongs to one person."},
		{"no address is no double", ",Zhen,Li,\n,Bo,Wu,\n", []string{"/Zhen/Li/en// !missing_email", "/Bo/Wu/en// !missing_email"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, r := check(t, []byte(head+tt.rows), account, joiners.Edits{})
			var got []string
			message := ""
			for _, p := range r.People {
				got = append(got, one(p))
				for _, pr := range p.Problems {
					if pr.Kind == joiners.KindDuplicate {
						message = pr.Message
						if pr.SameAs == 0 || pr.SameAs == pr.Row {
							t.Errorf("SameAs = %d in row %d", pr.SameAs, pr.Row)
						}
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if message != tt.message {
				t.Errorf("message %q, want %q", message, tt.message)
			}
		})
	}
}

func TestGroupsAndReplacements(t *testing.T) {
	t.Parallel()
	data := []byte("Email,First name,Last name,Team,Role\n" +
		"a@northwind.example,A,Li,Desing,Viewr\nb@northwind.example,B,Li,desing;SIG Node,\nc@evil.example,C,Li,Sales EMEA,\nd@evil.example,D,Li,,Viewer\n")
	_, _, r := check(t, data, account, joiners.Edits{})
	var got []string
	for _, g := range r.Groups {
		got = append(got, fmt.Sprintf("%s %s %q %d %v %q %v", g.Severity, g.Kind, g.Found, g.Count, g.Rows, g.Message, g.Suggestions))
	}
	want := []string{
		`blocker unknown_team "Desing" 2 [1 2] "2 rows: unknown team “Desing”." [Design]`,
		`blocker unknown_role "Viewr" 1 [1] "There is no role “Viewr”." [Viewer]`,
		`blocker ambiguous_team "Sales EMEA" 1 [3] "There are 2 teams named “Sales EMEA”." []`,
		`warning outside_domain "evil.example" 2 [3 4] "2 rows: address outside the company “evil.example”." []`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, _, r = check(t, data, account, joiners.Edits{Replace: []joiners.Replacement{
		{Field: joiners.FieldTeam, Found: "Desing", With: "Design"},
		{Field: joiners.FieldTeam, Found: "Sales EMEA", With: "team1"},
		{Field: joiners.FieldRole, Found: "Viewr", With: "Viewer"},
	}})
	got = nil
	for _, p := range r.People {
		got = append(got, one(p))
	}
	want = []string{"a@northwind.example/A/Li/en/Design/Viewer", "b@northwind.example/B/Li/en/Design+SIG Node/", "c@evil.example/C/Li/en/Sales EMEA/", "d@evil.example/D/Li/en//Viewer"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if id := r.People[2].Teams[0].ID; id != "team1" {
		t.Errorf("ambiguous team became %s", id)
	}
	_, _, r = check(t, data, account, joiners.Edits{Replace: []joiners.Replacement{{Field: joiners.FieldTeam, Found: "Sales EMEA", With: "team2"}}})
	if !r.People[2].Blocked() {
		t.Error("an id of a team with another name was taken")
	}
}

func TestReplaceIsExactForNames(t *testing.T) {
	t.Parallel()
	data := []byte("Email,First name,Last name\na@x.io,A,Müller\nb@x.io,B,Muller\nwrong,C,Li\n")
	_, _, r := check(t, data, account, joiners.Edits{
		Replace: []joiners.Replacement{{Field: joiners.FieldLastName, Found: "Muller", With: "Miller"}, {Field: joiners.FieldEmail, Found: "wrong", With: "c@x.io"}},
	})
	got := r.People[0].LastName + " " + r.People[1].LastName + " " + r.People[2].Email
	if got != "Müller Miller c@x.io" {
		t.Errorf("got %s", got)
	}
}

func TestEditedRowIsTrusted(t *testing.T) {
	t.Parallel()
	data := []byte("Email,First name,Last name\na@x.io,Li, Jr,Zhen\nb@x.io,\"Bo,Wu\n")
	_, _, r := check(t, data, account, joiners.Edits{Cells: map[int]map[joiners.Field]string{
		1: {joiners.FieldFirstName: "Zhen", joiners.FieldLastName: "Li, Jr"},
		2: {joiners.FieldFirstName: "Bo"},
	}})
	if r.Blocked() != 0 || one(r.People[0]) != "a@x.io/Zhen/Li, Jr/en//" || one(r.People[1]) != "b@x.io/Bo/Wu/en//" {
		t.Errorf("%v %v: %v", one(r.People[0]), one(r.People[1]), faults(r))
	}
}

func TestFullNameEdits(t *testing.T) {
	t.Parallel()
	data := []byte("Email,Full name\na@x.io,Ana Maria Silva\nb@x.io,Madonna\nc@x.io,=cmd\n")
	_, _, r := check(t, data, account, joiners.Edits{})
	want := []string{
		`1 2 Full name name_split warning "Ana Maria Silva" "Ana Maria | Silva" `,
		`2 3 Full name missing_last_name blocker "" "" `,
		`3 4 Full name formula blocker "=cmd" "" cmd`,
	}
	got := slices.DeleteFunc(faults(r), func(s string) bool { return strings.Contains(s, "outside_domain") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, _, r = check(t, data, account, joiners.Edits{Cells: map[int]map[joiners.Field]string{
		1: {joiners.FieldFirstName: "Ana", joiners.FieldLastName: "Maria Silva"},
		2: {joiners.FieldLastName: "Ciccone"},
		3: {joiners.FieldFullName: "Cy Xu"},
	}})
	for i, want := range []string{"a@x.io/Ana/Maria Silva/en//", "b@x.io/Madonna/Ciccone/en//", "c@x.io/Cy/Xu/en//"} {
		if got := one(r.People[i]); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	data := []byte("Email,First name,Last name,Language\na@x.io,A,Li,\nb@x.io,B,Li,ja\nc@x.io,C,Li,pt_br\n")
	f := joiners.Detect(data)
	l, err := joiners.Read(data, f)
	if err != nil {
		t.Fatal(err)
	}
	r := joiners.Check(l, f, joiners.Edits{}, account, joiners.Options{DefaultLanguage: "de", Languages: []string{"de", "pt-BR"}})
	got := r.People[0].Language + " " + r.People[2].Language
	if got != "de pt-BR" || !r.People[1].Blocked() {
		t.Errorf("languages %s, ja blocked %t", got, r.People[1].Blocked())
	}
	if diff := cmp.Diff([]string{"de", "pt-BR"}, r.People[1].Problems[0].Suggestions); diff != "" {
		t.Error(diff)
	}
	r = joiners.Check(l, f, joiners.Edits{}, account, joiners.Options{})
	if r.People[0].Language != "en" {
		t.Errorf("default language %q", r.People[0].Language)
	}
}

func TestAmbiguousRole(t *testing.T) {
	t.Parallel()
	data := []byte("Email,First name,Last name,Role\na@northwind.example,A,Li,Boss\n")
	_, _, r := check(t, data, names{roles: []string{"Boss", "boss"}}, joiners.Edits{})
	if got := one(r.People[0]); got != "a@northwind.example/A/Li/en// !ambiguous_role" {
		t.Error(got)
	}
}

func TestNormaliseEmail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "zhen@example.com", "zhen@example.com"},
		{"spaces and letter case", "\u00a0 Zhen.LI@Example.COM\t", "zhen.li@example.com"},
		{"display name", "Zhen Li <zhen@example.com>", "zhen@example.com"},
		{"display name in quotes", `"Li, Zhen" <zhen@example.com>`, "zhen@example.com"},
		{"address as display name", "zhen@example.com <ZHEN@example.com>", "zhen@example.com"},
		{"mailto", "MAILTO:zhen@example.com?subject=x", "zhen@example.com"},
		{"mailto in angle brackets", "<mailto:zhen@example.com>", "zhen@example.com"},
		{"trailing marks", "zhen@example.com.;", "zhen@example.com"},
		{"quotes around", "“zhen@example.com”", "zhen@example.com"},
		{"plus", "zhen+hr@example.com", "zhen+hr@example.com"},
		{"apostrophe", "o'connor@example.com", "o'connor@example.com"},
		{"domain with umlaut", "zhen@Müller.example", "zhen@xn--mller-kva.example"},
		{"domain with umlaut in two characters", "zhen@mu\u0308ller.example", "zhen@xn--mller-kva.example"},
		{"domain in ASCII form", "zhen@xn--mller-kva.example", "zhen@xn--mller-kva.example"},
		{"full-width domain", "zhen@ｅxample.com", "zhen@example.com"},
		{"longest local part", strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"},
		{"empty", " ", ""},
		{"no at", "zhen.example.com", ""},
		{"two ats", "zhen@li@example.com", ""},
		{"two addresses", "a@example.com; b@example.com", ""},
		{"two addresses in brackets", "a@example.com <b@example.com>", ""},
		{"nothing before", "@example.com", ""},
		{"nothing after", "zhen@", ""},
		{"no dot", "zhen@localhost", ""},
		{"number as last part", "zhen@10.0.0.1", ""},
		{"address literal", "zhen@[10.0.0.1]", ""},
		{"space inside", "zhen li@example.com", ""},
		{"line break inside", "zhen@exam\nple.com", ""},
		{"umlaut before", "zhén@example.com", ""},
		{"cyrillic before", "zhеn@example.com", ""},
		{"full-width before", "ｚhen@example.com", ""},
		{"direction mark", "zhen\u202e@example.com", ""},
		{"zero-width", "zhen\u200b@example.com", ""},
		{"leading hyphen", "-zhen@example.com", ""},
		{"leading equals", "=1+1@example.com", ""},
		{"dots", "zhen..li@example.com", ""},
		{"dot in front", ".zhen@example.com", ""},
		{"quoted local part", `"zhen li"@example.com`, ""},
		{"comma", "zhen,li@example.com", ""},
		{"local part too long", strings.Repeat("a", 65) + "@example.com", ""},
		{"domain too long", "a@" + strings.Repeat("abcdefgh.", 40) + "com", ""},
		{"address too long", strings.Repeat("a", 60) + "@" + strings.Repeat("abcdefgh.", 23) + "com", ""},
		{"label with hyphen at the end", "zhen@example-.com", ""},
		{"empty label", "zhen@example..com", ""},
		{"underscore in domain", "zhen@ex_ample.com", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := joiners.NormaliseEmail(tt.in)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("NormaliseEmail(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
			}
			if err != nil && (fault.KindOf(err) != fault.Invalid || fault.Message(err) == "") {
				t.Errorf("error %v is not fit for people", err)
			}
		})
	}
}

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "María-José", "María-José"},
		{"apostrophe", "O'Connor", "O'Connor"},
		{"leading apostrophe", "'t Hooft", "'t Hooft"},
		{"spaces", "\u00a0De  la\u3000Cruz ", "De la Cruz"},
		{"composed", "Mu\u0308ller", "Müller"},
		{"quotes around", "„Zhen“", "Zhen"},
		{"other scripts", "李 小龙", "李 小龙"},
		{"longest", strings.Repeat("é", 100), strings.Repeat("é", 100)},
		{"empty", " \u00a0", ""},
		{"too long", strings.Repeat("é", 101), ""},
		{"equals", "=1+1", ""},
		{"plus", " +1", ""},
		{"minus", "-x", ""},
		{"at", "@SUM(A1)", ""},
		{"full-width equals", "＝1", ""},
		{"equals behind zero-width", "\u200b=1", ""},
		{"direction mark", "Zhen\u202eiL", ""},
		{"control", "Zhen\x07", ""},
		{"soft hyphen", "Zhe\u00adn", ""},
		{"variation selector", "Zhen\ufe0f", ""},
		{"line break", "Zhen\nLi", ""},
		{"address", "zhen@example.com", ""},
		{"replacement character", "M\ufffdller", ""},
		{"question mark for a letter", "M?ller", ""},
		{"read in the wrong encoding", "JosÃ©", ""},
		{"read in the wrong encoding, with a space", "Ã\u00a0 la", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := joiners.CheckName(tt.in)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("CheckName(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
			}
			if err != nil && (fault.KindOf(err) != fault.Invalid || fault.Message(err) == "") {
				t.Errorf("error %v is not fit for people", err)
			}
		})
	}
}

func TestNameSuggestions(t *testing.T) {
	t.Parallel()
	for found, want := range map[string]string{`="Anna"`: "Anna", "-Anna": "Anna", "=1+1": "", "JosÃ©": "José", "An\u200bna": "Anna"} {
		data := []byte("Email,First name,Last name\na@northwind.example,\"" + strings.ReplaceAll(found, `"`, `""`) + "\",Li\n")
		_, _, r := check(t, data, account, joiners.Edits{})
		if got := strings.Join(r.People[0].Problems[0].Suggestions, "+"); got != want {
			t.Errorf("%q: suggested %q, want %q", found, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Équipe  LÉON ": "equipe leon", "Straße": "strasse", "Łódź": "lodz", "Ærø": "aero", "İstanbul": "istanbul",
		"O’Neil – A": "o'neil - a", "Zh\u200ben": "zhen", "ＡＢＣ": "abc",
	} {
		if got := directory.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}
