package joiners

import (
	"slices"
	"strings"
	"unicode"

	"github.com/gtmhub-portal/portal/internal/directory"
)

// headerWords are the column names that HR systems use, in English, German, French, Spanish, Portuguese, Italian and
// Dutch, as headerKey makes them. Within a field the first word is the best.
var headerWords = map[Field]string{
	FieldEmail: `email workemail businessemail companyemail officeemail emailaddress workemailaddress mail mailaddress emailwork
		emailadresse mailadresse dienstlicheemail geschaftlicheemail firmenemail
		adresseemail adresseelectronique adressemail courriel mel emailprofessionnel courrielprofessionnel
		correo correoelectronico correocorporativo direcciondecorreo direcciondecorreoelectronico emailcorporativo
		enderecodeemail correioeletronico correioelectronico emailprofissional
		indirizzoemail postaelettronica emailaziendale emailadres zakelijkemailadres epost upn userprincipalname`,
	FieldFirstName: `firstname givenname forename first preferredfirstname legalfirstname christianname
		vorname rufname prenom nombre nombres primernombre nomeproprio primeironome
		voornaam roepnaam nomedibattesimo`,
	FieldLastName: `lastname surname familyname last legallastname
		nachname familienname zuname nom nomdefamille apellido apellidos primerapellido
		apelido sobrenome ultimonome cognome achternaam familienaam`,
	FieldFullName: `fullname name displayname employeename employee personname completename employeefullname worker
		vollstandigername mitarbeiter mitarbeitername namevorname vornamename nachnamevorname vornamenachname
		nomcomplet nometprenom nomprenom prenomnom nombrecompleto nombreyapellidos apellidosynombre
		nome nomecompleto nomeesobrenome nomeapelido nominativo nomeecognome cognomenome volledigenaam naam medewerker`,
	FieldLanguage: `language preferredlanguage lang locale languagecode uilanguage
		sprache bevorzugtesprache korrespondenzsprache langue languepreferee idioma idiomapreferido lengua
		lingua linguapreferita taal voorkeurstaal`,
	FieldTeam: `team teams teamname group department departmentname orgunit organizationalunit organisationalunit businessunit unit division squad
		gruppe abteilung bereich organisationseinheit equipe equipes groupe departement service
		equipo equipos grupo departamento area unidad equipa time setor squadra gruppo reparto dipartimento
		afdeling groep`,
	FieldRole: `role roles portalrole accessrole userrole gtmhubrole rolle rollen benutzerrolle roledutilisateur
		rol roles papel perfil funcao ruolo ruoli rolgebruiker`,
}

// returnHeader are the columns that ReturnFile adds. The last one tells which row it was when the file comes back.
var returnHeader = []string{"Status", "Reason", "User id", "Row"}

// otherPeople are words that tell that a column is about somebody else, or is not the address at work.
var otherPeople = strings.Fields("manager supervisor boss approver vorgesetzt fuhrungskraft responsable gestor gerente superviseur superior leiding capo private privat prive personal persoonlijk particular pessoal personale emergency notfall home perso alternate secondary")

// headerKey reduces a header to its letters: "E-Mail-Adresse (1)" is "emailadresse".
func headerKey(header string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, directory.Fold(header))
}

// guessField says what a header means and how sure that is; a lower rank is surer.
func guessField(header string) (f Field, rank int) {
	key := headerKey(header)
	if key == "" {
		return FieldNone, 0
	}
	for _, field := range Fields() {
		if i := slices.Index(headerIndex[field], key); i >= 0 {
			return field, i
		}
	}
	for _, word := range otherPeople {
		if strings.Contains(key, word) {
			return FieldNone, 0
		}
	}
	// "Geschäftliche E-Mail-Adresse des Eintritts": long names of the address all hold one of these.
	for _, word := range []string{"email", "mailadress", "courriel", "correoelectronico", "correioeletronico"} {
		if strings.Contains(key, word) {
			return FieldEmail, 1000
		}
	}
	return FieldNone, 0
}

// headerIndex is headerWords cut into words.
var headerIndex = func() map[Field][]string {
	index := map[Field][]string{}
	for field, words := range headerWords {
		index[field] = strings.Fields(words)
	}
	return index
}()

// guessFields gives each field the column whose header fits best. Columns with the same header but for a number, such as
// "Team 1" and "Team 2", are all teams.
func guessFields(headers []string) []Field {
	fields := make([]Field, len(headers))
	type choice struct{ column, rank int }
	best := map[Field]choice{}
	for i, h := range headers {
		f, rank := guessField(h)
		if f == FieldNone {
			continue
		}
		if b, ok := best[f]; !ok || rank < b.rank {
			best[f] = choice{i, rank}
		}
	}
	settleNames(headers, func(f Field) (int, bool) { b, ok := best[f]; return b.column, ok }, func(from, to Field) {
		b := best[from]
		delete(best, from)
		if to != FieldNone {
			best[to] = b
		}
	})
	for f, b := range best {
		fields[b.column] = f
	}
	if team, ok := best[FieldTeam]; ok {
		for i, h := range headers {
			if headerKey(h) == headerKey(headers[team.column]) {
				fields[i] = FieldTeam
			}
		}
	}
	return fields
}

// plainName are headers that mean the full name, or the part of it that no other column holds: German "Vorname, Name",
// Italian "Nome, Cognome", Spanish "Nombre" alone.
var plainName = []string{"name", "nom", "nome", "naam", "nombre"}

// settleNames makes the guesses for names agree: either first and last name, or the full name.
func settleNames(headers []string, column func(Field) (int, bool), move func(from, to Field)) {
	firstAt, first := column(FieldFirstName)
	lastAt, last := column(FieldLastName)
	fullAt, full := column(FieldFullName)
	plain := func(at int) bool { return slices.Contains(plainName, headerKey(headers[at])) }
	switch {
	case first && last && full:
		move(FieldFullName, FieldNone)
	case first && full && plain(fullAt):
		move(FieldFullName, FieldLastName)
	case last && full && plain(fullAt):
		move(FieldFullName, FieldFirstName)
	case first && full:
		move(FieldFirstName, FieldNone)
	case last && full:
		move(FieldLastName, FieldNone)
	case first && !last && plain(firstAt):
		move(FieldFirstName, FieldFullName)
	case last && !first && plain(lastAt):
		move(FieldLastName, FieldFullName)
	}
}

// returnColumns is where the columns of an earlier return file begin in a header, or -1.
func returnColumns(headers []string) int {
	at := len(headers) - len(returnHeader)
	if at < 0 {
		return -1
	}
	for i, h := range returnHeader {
		if directory.Fold(headers[at+i]) != directory.Fold(h) {
			return -1
		}
	}
	return at
}
