package emulator

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Generate makes an account of a realistic shape: one team for about 16 users in a tree four levels deep, one big
// team of a tenth of all users, managers, the roles of [DefaultAccount], 5 % inactive, 5 % pending, names from many
// countries, and unique addresses at an .example domain. The same arguments give the same account. users below 1
// counts as 1. 50,000 users take less than a second.
func Generate(users int, seed uint64) *Account {
	users = max(1, users)
	r := rand.New(rand.NewPCG(seed, 0x6163636f756e74)) // a stream of its own
	id := func(kind string, n int) string {
		return derivedID(kind+strconv.FormatUint(seed, 16)+" ", strconv.Itoa(n))
	}
	a := &Account{ID: id("account", 0), Name: "Fairweather Group", Domain: "fairweather.example"}
	for i, name := range []string{"Account Admin", "People Admin", "Team Lead", "Contributor", "Viewer"} {
		a.Roles = append(a.Roles, AccountRole{ID: id("role", i), Name: name, Description: roleDescriptions[name]})
	}
	admin, people, lead, contributor, viewer := a.Roles[0].ID, a.Roles[1].ID, a.Roles[2].ID, a.Roles[3].ID, a.Roles[4].ID
	start := time.Date(2019, 1, 7, 8, 0, 0, 0, time.UTC)
	day := func() time.Time { return start.Add(time.Duration(r.IntN(2400*24*60)) * time.Minute) }

	taken := map[string]int{}
	for i := range users {
		first, last := pick(r, firstNames), pick(r, lastNames)
		local := asciiLocal(first) + "." + asciiLocal(last)
		taken[local]++
		if n := taken[local]; n > 1 {
			local += strconv.Itoa(n)
		}
		u := AccountUser{
			ID: id("user", i), Email: local + "@" + a.Domain, FirstName: first, LastName: last, Language: pick(r, languages),
			IsActive: true, DateCreated: day(), RoleIDs: []string{contributor},
		}
		switch n := r.IntN(100); {
		case i == 0 || i > 0 && i < 3:
			u.RoleIDs = []string{admin, contributor} // the first three are admins, so never pending or inactive
		case n < 5:
			u.IsActive = false
		case n < 10:
			u.InvitationPending, u.DateInvited = true, u.DateCreated
		case n < 12:
			u.RoleIDs = []string{viewer}
		case n == 12:
			u.RoleIDs = []string{people, contributor}
		}
		a.Users = append(a.Users, u)
	}
	// Level sizes: a few divisions, then each level below about three times as large.
	teams := max(1, users/16)
	levels := [4]int{max(1, teams/40), max(1, teams/12), max(1, teams/4), 0}
	levelOf := func(i int) int {
		for level, size := range levels[:3] {
			if i < size {
				return level
			}
			i -= size
		}
		return 3
	}
	var perLevel [4][]int
	for i := range teams {
		level := levelOf(i)
		t := AccountTeam{
			ID: id("team", i), Name: teamName(r, level, len(perLevel[level])), Description: pick(r, teamDescriptions),
			Color: pick(r, colors), Avatar: pick(r, avatars), IsActive: r.IntN(50) != 0, DateCreated: day(), Members: []string{},
		}
		if level > 0 {
			t.ParentID = a.Teams[pick(r, perLevel[level-1])].ID
		}
		perLevel[level] = append(perLevel[level], i)
		a.Teams = append(a.Teams, t)
	}
	// Everybody is in one team, a third in a second one; a tenth also in the big one, which is the first.
	for i := range a.Users {
		member := a.Users[i].ID
		join := map[int]bool{i % teams: true}
		if r.IntN(3) == 0 {
			join[r.IntN(teams)] = true
		}
		if r.IntN(10) == 0 {
			join[0] = true
		}
		for t := range teams {
			if len(join) == 0 {
				break
			}
			if join[t] {
				a.Teams[t].Members = append(a.Teams[t].Members, member)
				delete(join, t)
			}
		}
	}
	index := make(map[string]int, users)
	for i, u := range a.Users {
		index[u.ID] = i
	}
	for i := range a.Teams {
		t := &a.Teams[i]
		if len(t.Members) == 0 || r.IntN(40) == 0 {
			continue // some teams have no manager, as in life
		}
		t.Manager = pick(r, t.Members)
		u := &a.Users[index[t.Manager]]
		if u.RoleIDs[len(u.RoleIDs)-1] != lead {
			u.RoleIDs = append(u.RoleIDs, lead)
		}
	}
	return a
}

func teamName(r *rand.Rand, level, n int) string {
	switch level {
	case 0:
		return fmt.Sprintf("%s %d", pick(r, divisions), n+1)
	case 1:
		return fmt.Sprintf("%s %s %d", pick(r, regions), pick(r, divisions), n+1)
	default:
		return fmt.Sprintf("%s %s %d", pick(r, regions), pick(r, crafts), n+1)
	}
}

// asciiLocal folds a name into the letters of an address.
func asciiLocal(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z':
			b.WriteRune(c)
		case folds[c] != "":
			b.WriteString(folds[c])
		case c == ' ' || c == '-' || c == '\'' || unicode.IsMark(c):
		}
	}
	return b.String()
}

var folds = map[rune]string{
	'á': "a", 'à': "a", 'â': "a", 'ã': "a", 'ä': "ae", 'å': "a", 'ă': "a", 'ą': "a", 'ç': "c", 'č': "c", 'ć': "c", 'ď': "d", 'đ': "d",
	'é': "e", 'è': "e", 'ê': "e", 'ë': "e", 'ě': "e", 'ę': "e", 'ğ': "g", 'í': "i", 'ì': "i", 'î': "i", 'ï': "i", 'ı': "i", 'ł': "l",
	'ñ': "n", 'ń': "n", 'ň': "n", 'ó': "o", 'ò': "o", 'ô': "o", 'õ': "o", 'ö': "oe", 'ø': "o", 'ő': "o", 'ř': "r", 'š': "s", 'ś': "s",
	'ş': "s", 'ș': "s", 'ß': "ss", 'ť': "t", 'ț': "t", 'ú': "u", 'ù': "u", 'û': "u", 'ü': "ue", 'ů': "u", 'ű': "u", 'ý': "y", 'ž': "z",
	'ź': "z", 'ż': "z", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ð': "d",
}

var roleDescriptions = map[string]string{
	"Account Admin": "Manages the whole account", "People Admin": "Manages users and teams", "Team Lead": "Manages the teams they lead",
	"Contributor": "Owns objectives and key results", "Viewer": "Reads only",
}

var languages = []string{"en", "en", "en", "de", "fr", "es", "pt", "bg", "ja"}

var firstNames = []string{
	"Zoë", "José", "Łukasz", "Håkon", "Måns", "Renée", "Žofia", "Ioana", "Çağla", "Şebnem", "Nguyễn An", "Oluwaseun", "Thandiwe", "Amara",
	"Kwame", "Yuki", "Haruto", "Mei", "Jian", "Priya", "Arjun", "Fatima", "Omar", "Leila", "Søren", "Björk", "Þóra", "Eszter", "Gergő",
	"Mária", "Tomáš", "Jürgen", "Anaïs", "François", "Chloé", "Inês", "João", "Núria", "Iker", "Siobhán", "Aoife", "Callum", "Isla",
	"Emma", "Noah", "Olivia", "Liam", "Ava", "Mateo", "Valentina", "Camila", "Sebastián", "Ximena", "Ana-Maria", "Jean-Luc", "Anneke",
	"Pieter", "Ola", "Ingrid", "Matti", "Aino", "Kristīne", "Jānis", "Rūta", "Dmytro", "Oksana", "Sofia", "Luca", "Giulia", "Elif",
}

var lastNames = []string{
	"Müller", "Weiß", "Sørensen", "Ångström", "Nuñez", "García", "O'Brien", "Ní Dhomhnaill", "Kowalczyk", "Wiśniewska", "Dvořák", "Šimková",
	"Nagy", "Kovács", "Popescu", "Ionescu", "Yılmaz", "Öztürk", "Nguyen", "Tran", "Okafor", "Adeyemi", "Dlamini", "Mbeki", "Tanaka",
	"Sato", "Chen", "Wang", "Patel", "Sharma", "Haddad", "Mansour", "Lindqvist", "Björnsdóttir", "Häkkinen", "Virtanen", "Bērziņš",
	"Kazlauskas", "Shevchenko", "Rossi", "Conti", "Lefèvre", "Dubois", "Gonçalves", "Araújo", "Etxeberria", "Murphy", "Campbell", "Smith",
	"Johnson", "Taylor", "Martínez", "Hernández", "Peña", "de Vries", "van den Berg", "Janssens", "D'Angelo", "Brontë", "Zieliński",
}

var (
	divisions = []string{"Operations", "Product", "Sales", "Finance", "People", "Engineering", "Logistics", "Care"}
	regions   = []string{"North", "South", "East", "West", "Iberia", "Nordics", "Balkans", "Pacific", "Andes", "Sahel"}
	crafts    = []string{
		"Platform", "Payments", "Onboarding", "Claims", "Routing", "Research", "Support", "Accounts", "Design", "Data", "Security",
		"Field Service", "Procurement", "Translation", "Training",
	}
	teamDescriptions = []string{"", "", "Everyday work and improvements.", "Owns the process from start to end.", "Helps the teams around it."}
	colors           = []string{"#e67e22", "#87a6bc", "#27ae60", "#c0392b", "#8e44ad", "#2980b9"}
	avatars          = []string{"users_multiple-11", "ui-1_home-51", "business_chart-bar-32", "education_book-39"}
)
