package joiners_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/gtmhub-portal/portal/internal/joiners"
)

var account = names{
	teams: []string{"Sales EMEA", "Sales EMEA", "Vertrieb Süd", "R&D; Platform", "Design", "Engineering, Core", "Équipe Léon", "SIG Node"},
	roles: []string{"Contributor", "Viewer", "People Admin"},
}

func encode(t *testing.T, e encoding.Encoding, s string) []byte {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(out)
}

// one renders what a test expects of a person.
func one(p joiners.Person) string {
	teams := make([]string, len(p.Teams))
	for i, x := range p.Teams {
		teams[i] = x.Name
	}
	role := ""
	if p.Role != nil {
		role = p.Role.Name
	}
	blocked := ""
	for _, pr := range p.Problems {
		if pr.Severity == joiners.Blocker {
			blocked += " !" + string(pr.Kind)
		}
	}
	return strings.TrimSpace(strings.Join([]string{p.Email, p.FirstName, p.LastName, p.Language, strings.Join(teams, "+"), role}, "/") + blocked)
}

func TestUnseenFiles(t *testing.T) {
	t.Parallel()
	const zhen, ines = "zhen.mueller@northwind.example/Zhen/Müller/de//", "ines.garcia@northwind.example/Inés/García/es//"
	western := "E-Mail;Vorname;Nachname;Sprache\r\nzhen.mueller@northwind.example;Zhen;Müller;de\r\nines.garcia@northwind.example;Inés;García;es\r\n"
	polish := "E-mail;First name;Last name\nlukasz@northwind.example;Łukasz;Wójcik\nzofia@northwind.example;Zofia;Gąsior\nsw@northwind.example;Święta;Żak\n"
	czech := "E-mail;First name;Last name\njiri@northwind.example;Jiří;Dvořák\nnov@northwind.example;Růžena;Nováček\n"
	tests := []struct {
		name     string
		data     []byte
		encoding joiners.Encoding
		sep      rune
		header   bool
		want     []string
	}{
		{"utf-16 little endian with mark", encode(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), western), joiners.UTF16LE, ';', true, []string{zhen, ines}},
		{"utf-16 big endian with mark", encode(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), western), joiners.UTF16BE, ';', true, []string{zhen, ines}},
		{"utf-16 little endian without mark", encode(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), western), joiners.UTF16LE, ';', true, []string{zhen, ines}},
		{"utf-16 big endian without mark", encode(t, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), western), joiners.UTF16BE, ';', true, []string{zhen, ines}},
		{"windows-1252", encode(t, charmap.Windows1252, western), joiners.Windows1252, ';', true, []string{zhen, ines}},
		{"windows-1250 polish", encode(t, charmap.Windows1250, polish), joiners.Windows1250, ';', true, []string{
			"lukasz@northwind.example/Łukasz/Wójcik/en//", "zofia@northwind.example/Zofia/Gąsior/en//", "sw@northwind.example/Święta/Żak/en//"}},
		{"windows-1250 czech", encode(t, charmap.Windows1250, czech), joiners.Windows1250, ';', true, []string{
			"jiri@northwind.example/Jiří/Dvořák/en//", "nov@northwind.example/Růžena/Nováček/en//"}},
		{"windows-1251", encode(t, charmap.Windows1251, "Email,First name,Last name\nivan@northwind.example,Иван,Петров\n"), joiners.Windows1251, ',', true, []string{"ivan@northwind.example/Иван/Петров/en//"}},
		{"old mac", encode(t, charmap.Macintosh, strings.ReplaceAll(western, "\r\n", "\r")), joiners.MacRoman, ';', true, []string{zhen, ines}},
		{"dos", encode(t, charmap.CodePage850, western), joiners.CodePage850, ';', true, []string{zhen, ines}},
		{"nordic in windows-1252", encode(t, charmap.Windows1252, "Email;Fornavn;First name;Last name\nsoren@northwind.example;x;Søren;Kjær\nasa@northwind.example;x;Åsa;Öberg\n"), joiners.Windows1252, ';', true, []string{
			"soren@northwind.example/Søren/Kjær/en//", "asa@northwind.example/Åsa/Öberg/en//"}},
		{"french in windows-1252", encode(t, charmap.Windows1252, "Courriel;Prénom;Nom\nfr@northwind.example;Zoë;Lefèvre\nco@northwind.example;François;Cœur\n"), joiners.Windows1252, ';', true, []string{
			"fr@northwind.example/Zoë/Lefèvre/en//", "co@northwind.example/François/Cœur/en//"}},
		{"mac line ends", []byte(strings.ReplaceAll(western, "\r\n", "\r")), joiners.UTF8, ';', true, []string{zhen, ines}},
		{"tabs pasted", []byte(strings.ReplaceAll(western, ";", "\t")), joiners.UTF8, '\t', true, []string{zhen, ines}},
		{"bars", []byte(strings.ReplaceAll(western, ";", "|")), joiners.UTF8, '|', true, []string{zhen, ines}},
		{"sep line of Excel", []byte("sep=;\r\n" + western), joiners.UTF8, ';', true, []string{zhen, ines}},
		{"quoted separators and team lists", []byte("Email;Name;Team\n\"a.li@northwind.example\";\"Li, Anna\";\"Design; SIG Node\"\nb.wu@northwind.example;\"Wu; Bo\";Design|SIG Node\n"), joiners.UTF8, ';', true, []string{
			"a.li@northwind.example/Anna/Li/en/Design+SIG Node/", "b.wu@northwind.example/Wu;/Bo/en/Design+SIG Node/"}},
		{"french header", []byte("Adresse e-mail;Nom;Prénom;Langue;Équipe;Rôle\na@northwind.example;Dupont;Zoë;Français;équipe léon;viewer\n"), joiners.UTF8, ';', true, []string{"a@northwind.example/Zoë/Dupont/fr/Équipe Léon/Viewer"}},
		{"spanish header", []byte("Correo electrónico,Nombre,Apellidos,Idioma,Equipo,Rol\na@northwind.example,Inés,De la Cruz,español,Design,Viewer\n"), joiners.UTF8, ',', true, []string{"a@northwind.example/Inés/De la Cruz/es/Design/Viewer"}},
		{"portuguese header", []byte("E-mail;Nome;Sobrenome;Idioma;Equipe;Função\na@northwind.example;João;Conceição;pt-BR;Design;Viewer\n"), joiners.UTF8, ';', true, []string{"a@northwind.example/João/Conceição/pt/Design/Viewer"}},
		{"italian header", []byte("Indirizzo e-mail;Cognome;Nome;Lingua;Squadra;Ruolo\na@northwind.example;Conti;Gia;italiano;Design;Viewer\n"), joiners.UTF8, ';', true, []string{"a@northwind.example/Gia/Conti/it/Design/Viewer"}},
		{"dutch header", []byte("E-mailadres;Voornaam;Achternaam;Taal;Afdeling;Rol\na@northwind.example;Jan;de Vries;Nederlands;Design;Viewer\n"), joiners.UTF8, ';', true, []string{"a@northwind.example/Jan/de Vries/nl/Design/Viewer"}},
		{"german header with name alone", []byte("Name;Vorname;E-Mail-Adresse;Abteilung\nMüller;Zhen;a@northwind.example;Vertrieb Sud\n"), joiners.UTF8, ';', true, []string{"a@northwind.example/Zhen/Müller/en/Vertrieb Süd/"}},
		{"full name in one column", []byte("Full name,Email\n\"Müller, Zhen\",a@northwind.example\nZhen Müller,b@northwind.example\nMÜLLER Zhen,c@northwind.example\nLudwig van Beethoven,d@northwind.example\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/Zhen/Müller/en//", "b@northwind.example/Zhen/Müller/en//", "c@northwind.example/Zhen/MÜLLER/en//", "d@northwind.example/Ludwig/van Beethoven/en//"}},
		{"columns of others", []byte("Manager Email,Manager,Email,First Name,Last Name,Private Email\nboss@northwind.example,Boss,a@northwind.example,Zhen,Li,z@home.example\n"), joiners.UTF8, ',', true, []string{"a@northwind.example/Zhen/Li/en//"}},
		{"title rows", []byte("Joiners of May,,\n\nEmail,First name,Last name\na@northwind.example,Zhen,Li\n"), joiners.UTF8, ',', true, []string{"a@northwind.example/Zhen/Li/en//"}},
		{"several team columns", []byte("Email,First name,Last name,Team 1,Team 2\na@northwind.example,Zhen,Li,Design,SIG Node\nb@northwind.example,Bo,Wu,,Design\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/Zhen/Li/en/Design+SIG Node/", "b@northwind.example/Bo/Wu/en/Design/"}},
		{"teams on lines of a cell, and a name with a separator", []byte("Email,First name,Last name,Team\na@northwind.example,Zhen,Li,\"Design\nSIG Node\"\nb@northwind.example,Bo,Wu,R&D; Platform\nc@northwind.example,Cy,Xu,\"Engineering, Core\"\nd@northwind.example,Di,Yu,\"Design, SIG Node\"\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/Zhen/Li/en/Design+SIG Node/", "b@northwind.example/Bo/Wu/en/R&D; Platform/", "c@northwind.example/Cy/Xu/en/Engineering, Core/", "d@northwind.example/Di/Yu/en/Design+SIG Node/"}},
		{"no header, odd order", []byte("Müller;zhen.mueller@northwind.example;Zhen;de\nGarcía;ines.garcia@northwind.example;Inés;es\n"), joiners.UTF8, ';', false, []string{zhen, ines}},
		{"no header, our order", []byte("zhen@northwind.example,Zhen,Li,de,Design,Viewer\nbo@northwind.example,Bo,Wu,fr,SIG Node,Contributor\n"), joiners.UTF8, ',', false, []string{
			"zhen@northwind.example/Zhen/Li/de/Design/Viewer", "bo@northwind.example/Bo/Wu/fr/SIG Node/Contributor"}},
		{"trailing empty columns", []byte("Email;First name;Last name;;;\na@northwind.example;Zhen;Li;;;\n;;;;;\n"), joiners.UTF8, ';', true, []string{"a@northwind.example/Zhen/Li/en//"}},
		{"odd spaces", []byte("Email,First name,Last name\n\u00a0A@NORTHWIND.example\u00a0,\u2003Zhen,Van\u00a0 Li\u3000\n"), joiners.UTF8, ',', true, []string{"a@northwind.example/Zhen/Van Li/en//"}},
		{"zero-width", []byte("Email,First name,Last name\na@northwind.example,Zh\u200ben,Li\nb\u200b@northwind.example,Bo,Wu\n\u200b,\ufeff,\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/Zh\u200ben/Li/en// !invisible_characters", "b\u200b@northwind.example/Bo/Wu/en// !invisible_characters"}},
		{"smart quotes", []byte("Email,First name,Last name\n“a@northwind.example”,“Zhen”,O’Connor\n"), joiners.UTF8, ',', true, []string{"a@northwind.example/Zhen/O’Connor/en//"}},
		{"addresses as mail programs write them", []byte("Email,First name,Last name\nZhen Li <a@northwind.example>,Zhen,Li\nmailto:b@northwind.example,Bo,Wu\nc@northwind.example.,Cy,Xu\n<d@northwind.example>,Di,Yu\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/Zhen/Li/en//", "b@northwind.example/Bo/Wu/en//", "c@northwind.example/Cy/Xu/en//", "d@northwind.example/Di/Yu/en//"}},
		{"recipients of a mail", []byte("Li, Zhen <a@northwind.example>; Bo Wu <b@northwind.example>; "), joiners.UTF8, ';', false, []string{"a@northwind.example/Zhen/Li/en//", "b@northwind.example/Bo/Wu/en//"}},
		{"recipients, quoted, by comma", []byte("\"Li, Zhen\" <a@northwind.example>, Bo Wu <b@northwind.example>"), joiners.UTF8, ',', false, []string{"a@northwind.example/Zhen/Li/en//", "b@northwind.example/Bo/Wu/en//"}},
		{"a recipient a line", []byte("Müller, Zhen <a@northwind.example>\nBo Wu <b@northwind.example>\n"), joiners.UTF8, 0, false, []string{"a@northwind.example/Zhen/Müller/en//", "b@northwind.example/Bo/Wu/en//"}},
		{"addresses only", []byte("zhen.li@northwind.example\nbo.wu@northwind.example\n"), joiners.UTF8, 0, false, []string{
			"zhen.li@northwind.example///en// !missing_first_name !missing_last_name", "bo.wu@northwind.example///en// !missing_first_name !missing_last_name"}},
		{"ragged rows", []byte("Email,First name,Last name,Team\na@northwind.example,Zhen,Li\nb@northwind.example,Wu, Bo,Design,x\nc@northwind.example,Cy,Xu,Design,\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/Zhen/Li/en//", "b@northwind.example/Wu/Bo/en/Design/ !ragged_row", "c@northwind.example/Cy/Xu/en/Design/"}},
		{"open quote in the middle", []byte("Email,First name,Last name\na@northwind.example,\"Zhen,Li\nb@northwind.example,\"Bo\",Wu\nc@northwind.example,Cy,\"Xu\nd@northwind.example,Di,Yu\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/\"Zhen/Li/en// !unterminated_quote", "b@northwind.example/Bo/Wu/en//", "c@northwind.example/Cy/\"Xu/en// !unterminated_quote", "d@northwind.example/Di/Yu/en//"}},
		{"twice in utf-8", []byte("Email,First name,Last name\na@northwind.example,Zhen,MÃ¼ller\nb@northwind.example,B?la,Wu\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/Zhen/MÃ¼ller/en// !garbled_characters", "b@northwind.example/B?la/Wu/en// !garbled_characters"}},
		{"languages in words", []byte("Email,First name,Last name,Language\na@northwind.example,A,Li,German\nb@northwind.example,B,Li,Deutsch\nc@northwind.example,C,Li,de-DE\nd@northwind.example,D,Li,FR_ca\ne@northwind.example,E,Li,Klingon\n"), joiners.UTF8, ',', true, []string{
			"a@northwind.example/A/Li/de//", "b@northwind.example/B/Li/de//", "c@northwind.example/C/Li/de//", "d@northwind.example/D/Li/fr//", "e@northwind.example/E/Li/en// !unknown_language"}},
		{"unknown headers, addresses tell", []byte("Kontakt;Rufbezeichnung\nzhen.li@northwind.example;Zhen Li\nbo.wu@northwind.example;Bo Wu\n"), joiners.UTF8, ';', true, []string{
			"zhen.li@northwind.example/Zhen/Li/en//", "bo.wu@northwind.example/Bo/Wu/en//"}},
		{"two teams of a name", []byte("Email,First name,Last name,Team\na@northwind.example,A,Li,sales emea\n"), joiners.UTF8, ',', true, []string{"a@northwind.example/A/Li/en// !ambiguous_team"}},
		{"no line end and spaces before quotes", []byte("Email, First name, Last name\na@northwind.example, \"Zhen\", \"Li, Jr\""), joiners.UTF8, ',', true, []string{"a@northwind.example/Zhen/Li, Jr/en//"}},
		{"header only", []byte("Email,First name,Last name\n"), joiners.UTF8, ',', true, nil},
		{"nothing", nil, joiners.UTF8, 0, false, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, l, r := check(t, tt.data, account, joiners.Edits{})
			if f.Encoding != tt.encoding || f.Separator != tt.sep || f.HasHeader != tt.header {
				t.Errorf("Detect: encoding %s, separator %q, header %t; want %s, %q, %t", f.Encoding, f.Separator, f.HasHeader, tt.encoding, tt.sep, tt.header)
			}
			guess := f.Encoding != joiners.UTF8 && f.Encoding != joiners.UTF8BOM
			if f.NeedsConfirm != guess {
				t.Errorf("NeedsConfirm = %t", f.NeedsConfirm)
			}
			var got []string
			for _, p := range r.People {
				got = append(got, one(p))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("people (-want +got):\n%s\nfields %s", diff, fieldsOf(f))
			}
			if len(l.Rows) != len(r.People) {
				t.Errorf("%d rows, %d people", len(l.Rows), len(r.People))
			}
		})
	}
}
