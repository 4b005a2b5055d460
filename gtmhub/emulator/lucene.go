package emulator

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// luceneQuery is the filter of operation 1: per property the values of which one must match; all properties must.
type luceneQuery map[string][]string

// parseLucene reads "property:value" terms separated by commas, spaces or AND. A comma may be followed by a value
// alone, which belongs to the property before it: roles:id1,id2 means the same as roles:id1,roles:id2. Values may be
// quoted and may hold * and ?. Properties are email, name and roles.
func parseLucene(text string) (luceneQuery, error) {
	q := luceneQuery{}
	property := ""
	for _, term := range luceneTerms(text) {
		name, value, named := strings.Cut(term, ":")
		if named && !strings.HasPrefix(term, `"`) {
			property = strings.TrimSpace(name)
		} else {
			value = term
		}
		if !slices.Contains([]string{"email", "name", "roles"}, property) {
			return nil, fmt.Errorf("property %q is not one of email, name, roles", property)
		}
		value = strings.Trim(value, `"`)
		if value == "" {
			return nil, fmt.Errorf("property %s has no value", property)
		}
		if _, err := path.Match(globPattern(value), ""); err != nil {
			return nil, fmt.Errorf("property %s has a malformed value", property)
		}
		q[property] = append(q[property], value)
	}
	if len(q) == 0 {
		return nil, fmt.Errorf("it has no term")
	}
	return q, nil
}

// luceneTerms cuts at commas and spaces outside quotes and drops the word AND.
func luceneTerms(text string) []string {
	quoted := false
	terms := strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && (r == ',' || r == ' ')
	})
	return slices.DeleteFunc(terms, func(t string) bool { return t == "AND" })
}

// globPattern keeps * and ? special and nothing else.
func globPattern(value string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`, `/`, "\x00").Replace(strings.ToLower(value))
}

// matches says whether one of the values fits one of the texts of a property, without regard to case.
func (q luceneQuery) matches(property string, have ...string) bool {
	wanted, asked := q[property]
	if !asked {
		return true
	}
	for _, w := range wanted {
		pattern := globPattern(w)
		for _, h := range have {
			// path.Match lets * stop at a slash; no text may hold one then.
			if ok, _ := path.Match(pattern, strings.ReplaceAll(strings.ToLower(h), "/", "\x00")); ok {
				return true
			}
		}
	}
	return false
}
