package joiners

import (
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/directory"
)

// languageWords are the languages that are known: the code, then the three-letter codes and the names in English,
// the language itself, German, French, Spanish, Portuguese, Italian and Dutch, as Fold makes them.
var languageWords = []string{
	"en eng english englisch anglais ingles inglese engels",
	"de deu ger german deutsch allemand aleman alemao tedesco duits",
	"fr fra fre french franzosisch francais frances francese frans",
	"es spa spanish spanisch espagnol espanol castellano espanhol spagnolo spaans",
	"pt por portuguese portugiesisch portugais portugues portoghese portugees",
	"it ita italian italienisch italien italiano italiaans",
	"nl nld dut dutch niederlandisch neerlandais neerlandes holandes olandese nederlands",
	"bg bul bulgarian bulgarisch bulgare bulgaro български",
	"ja jpn japanese japanisch japonais japones giapponese japans 日本語",
	"zh zho chi chinese chinesisch chinois chino chines cinese chinees 中文",
	"pl pol polish polnisch polonais polaco polacco pools polski",
	"cs ces cze czech tschechisch tcheque checo ceco tsjechisch cestina cesky",
	"da dan danish danisch danois danes danese deens dansk",
	"sv swe swedish schwedisch suedois sueco svedese zweeds svenska",
	"no nor nb nob norwegian norwegisch norvegien noruego noruegues norvegese noors norsk",
	"fi fin finnish finnisch finnois fines finlandes finlandese fins suomi",
	"tr tur turkish turkisch turc turco turks turkce",
	"ru rus russian russisch russe ruso russo русскии",
	"uk ukr ukrainian ukrainisch ukrainien ucraniano ucraino oekraiens украінська",
	"ko kor korean koreanisch coreen coreano koreaans 한국어",
	"hu hun hungarian ungarisch hongrois hungaro ungherese hongaars magyar",
	"ro ron rum romanian rumanisch roumain rumano romeno rumeno roemeens romana",
	"ar ara arabic arabisch arabe arabo العربية",
}

// languageIndex leads from each word to its code.
var languageIndex = func() map[string]string {
	index := map[string]string{}
	for _, line := range languageWords {
		words := strings.Fields(line)
		for _, w := range words {
			index[directory.Fold(w)] = words[0]
		}
	}
	return index
}()

// languageCode reads "de", "DE", "de-AT", "de_DE", "German" or "Deutsch (Deutschland)" as "de". It returns "" for
// what is not known or not among allowed; none allowed means all.
func languageCode(s string, allowed []string) string {
	s = strings.ReplaceAll(directory.Fold(s), "_", "-")
	if i := slices.IndexFunc(allowed, func(a string) bool { return strings.EqualFold(a, s) }); i >= 0 {
		return allowed[i]
	}
	base := strings.TrimRight(s[:end(s, "(,;/")], " ")
	code, ok := languageIndex[base]
	if !ok {
		code, ok = languageIndex[base[:end(base, "-")]]
	}
	if !ok || len(allowed) > 0 && !slices.Contains(allowed, code) {
		return ""
	}
	return code
}

func end(s, stops string) int {
	if i := strings.IndexAny(s, stops); i >= 0 {
		return i
	}
	return len(s)
}

// Codes are the language codes that may be used: those of the settings, else all that are known.
func (o Options) Codes() []string { return slices.Clone(knownLanguages(o.Languages)) }

// knownLanguages are the codes to suggest.
func knownLanguages(allowed []string) []string {
	if len(allowed) > 0 {
		return allowed
	}
	codes := make([]string, len(languageWords))
	for i, line := range languageWords {
		codes[i], _, _ = strings.Cut(line, " ")
	}
	return codes
}
