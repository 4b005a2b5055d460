package emulator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// luceneQuery is the filter of operation 1. have gives the texts of a property of one user.
type luceneQuery func(have func(property string) []string) bool

// lucene reads a filter, word by word. property is the one named last.
type lucene struct {
	words    []string
	property string
}

// parseLucene reads "property:value" terms with AND, OR, NOT and brackets. Terms that stand side by side, with a comma
// or a space between them, match any of the values where they name one property, and must all match otherwise. A value
// alone belongs to the property before it: roles:id1,id2 and roles:(id1 OR id2) mean the same as roles:id1,roles:id2.
// Properties are email, name and roles. * and ? are wildcards outside quotation marks; a backslash makes the next
// character plain.
func parseLucene(text string) (luceneQuery, error) {
	if len(text) > maxFilterBytes {
		return nil, errors.New("it is too long")
	}
	p := &lucene{words: luceneWords(text)}
	q, err := p.either(0)
	if err == nil && len(p.words) > 0 {
		err = errors.New("a bracket is closed that was not opened")
	}
	return q, err
}

// luceneWords cuts at commas and spaces outside quotation marks. A bracket is a word of its own.
func luceneWords(text string) []string {
	var words []string
	from, quoted, escaped := 0, false, false
	end := func(i int) {
		if i > from {
			words = append(words, text[from:i])
		}
		from = i + 1
	}
	for i := range len(text) {
		switch c := text[i]; {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ' ' || c == ',':
			end(i)
		case c == '(' || c == ')':
			end(i)
			words = append(words, text[i:i+1])
		}
	}
	end(len(text))
	return words
}

// peek gives the next word, "" at the end.
func (p *lucene) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

// eat takes the next word if it is w.
func (p *lucene) eat(w string) bool {
	if p.peek() != w {
		return false
	}
	p.words = p.words[1:]
	return true
}

// either reads parts with OR between them.
func (p *lucene) either(depth int) (luceneQuery, error) {
	var parts []luceneQuery
	for {
		q, err := p.every(depth)
		if err != nil {
			return nil, err
		}
		parts = append(parts, q)
		if !p.eat("OR") {
			return anyOf(parts), nil
		}
	}
}

// every reads parts that must all match, up to an OR, a closing bracket or the end.
func (p *lucene) every(depth int) (luceneQuery, error) {
	var parts []luceneQuery
	beside := map[string][]luceneQuery{} // terms of one property, side by side
	flush := func() {
		for property, terms := range beside {
			parts = append(parts, anyOf(terms))
			delete(beside, property)
		}
	}
	for w := p.peek(); w != "" && w != ")" && w != "OR"; w = p.peek() {
		if p.eat("AND") {
			flush()
			continue
		}
		q, property, err := p.part(depth)
		switch {
		case err != nil:
			return nil, err
		case property != "":
			beside[property] = append(beside[property], q)
		default:
			parts = append(parts, q)
		}
	}
	flush()
	if len(parts) == 0 {
		return nil, errors.New("a term is missing")
	}
	return func(have func(string) []string) bool {
		return !slices.ContainsFunc(parts, func(q luceneQuery) bool { return !q(have) })
	}, nil
}

func anyOf(parts []luceneQuery) luceneQuery {
	return func(have func(string) []string) bool {
		return slices.ContainsFunc(parts, func(q luceneQuery) bool { return q(have) })
	}
}

// part reads a term, a bracket, or NOT before one of them. property is that of a plain term.
func (p *lucene) part(depth int) (q luceneQuery, property string, err error) {
	if depth > maxFilterDepth {
		return nil, "", errors.New("nested too deep")
	}
	if p.eat("NOT") {
		inner, _, err := p.part(depth + 1)
		return func(have func(string) []string) bool { return !inner(have) }, "", err
	}
	if p.eat("(") {
		q, err = p.either(depth + 1)
		if err == nil && !p.eat(")") {
			err = errors.New("a bracket is not closed")
		}
		return q, "", err
	}
	word := p.peek()
	if word == "" || word == ")" || word == "OR" || word == "AND" {
		return nil, "", errors.New("a term is missing")
	}
	p.words = p.words[1:]
	name, value, named := strings.Cut(word, ":")
	if named && !strings.HasPrefix(word, `"`) {
		p.property = name
	} else {
		value = word
	}
	if !slices.Contains([]string{"email", "name", "roles"}, p.property) {
		return nil, "", fmt.Errorf("property %q is not one of email, name, roles", cut(p.property))
	}
	if value == "" && p.peek() == "(" {
		return p.part(depth + 1)
	}
	q, err = luceneTerm(p.property, value)
	return q, p.property, err
}

// luceneTerm tests a property for a value, without regard to case.
func luceneTerm(property, value string) (luceneQuery, error) {
	pattern := globPattern(value)
	if pattern == "" {
		return nil, fmt.Errorf("property %s has no value", property)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("property %s has a malformed value", property)
	}
	return func(have func(string) []string) bool {
		return slices.ContainsFunc(have(property), func(h string) bool {
			// path.Match lets * stop at a slash; no text may hold one then.
			ok, _ := path.Match(pattern, strings.ReplaceAll(strings.ToLower(h), "/", "\x00"))
			return ok
		})
	}, nil
}

// globPattern keeps * and ? special where they are neither quoted nor escaped, and nothing else.
func globPattern(value string) string {
	var b strings.Builder
	quoted, escaped := false, false
	for _, r := range strings.ToLower(value) {
		switch {
		case !escaped && r == '\\':
			escaped = true
			continue
		case !escaped && r == '"':
			quoted = !quoted
			continue
		case r == '/':
			r = 0
		case r == '[' || r == '\\' || (quoted || escaped) && (r == '*' || r == '?'):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		escaped = false
	}
	return b.String()
}
