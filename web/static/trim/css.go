package trim

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// node is a rule, an at-rule with a block, or (block false) a statement such as @charset.
type node struct {
	prelude  string
	block    bool
	decls    []string // of a rule and of at-rules such as @font-face
	children []node   // of at-rules such as @media
}

// CSS gives the rules of the sheet full that can match a page made of the given words. own is further style text whose
// use of custom properties counts. It fails when full is not well-formed; the result is the same for the same input.
func CSS(full []byte, words map[string]bool, own []byte) ([]byte, error) {
	p := parser{text: string(full)}
	nodes, err := p.rules(false)
	if err != nil {
		return nil, fmt.Errorf("parse vendor sheet: %w", err)
	}
	nodes = keepSelectors(nodes, words)
	used := usedProperties(nodes, string(own))
	nodes = keepDeclarations(nodes, used)
	nodes = keepKeyframes(nodes, animationWords(nodes, string(own)))

	var out bytes.Buffer
	out.WriteString(p.notice + "\n/* Reduced by \"go generate ./web/static\". Do not edit. */\n")
	write(&out, nodes)
	return out.Bytes(), nil
}

// write puts one top-level rule on a line, so that a change of the output can be read in a diff.
func write(out *bytes.Buffer, nodes []node) {
	for _, n := range nodes {
		writeNode(out, n)
		out.WriteByte('\n')
	}
}

func writeNode(out *bytes.Buffer, n node) {
	out.WriteString(n.prelude)
	if !n.block {
		out.WriteByte(';')
		return
	}
	out.WriteByte('{')
	out.WriteString(strings.Join(n.decls, ";"))
	for _, c := range n.children {
		writeNode(out, c)
	}
	out.WriteByte('}')
}

// keepSelectors drops selectors that cannot match, then rules without selectors and groups without rules.
func keepSelectors(nodes []node, words map[string]bool) []node {
	var kept []node
	for _, n := range nodes {
		switch {
		case strings.HasPrefix(n.prelude, "@media"), strings.HasPrefix(n.prelude, "@supports"):
			n.children = keepSelectors(n.children, words)
			if len(n.children) == 0 {
				continue
			}
		case strings.HasPrefix(n.prelude, "@charset"):
			continue // counts only as the very first bytes, and the answer's header says it
		case strings.HasPrefix(n.prelude, "@"):
		default:
			n.prelude = possibleSelectors(n.prelude, words)
			if n.prelude == "" {
				continue
			}
		}
		kept = append(kept, n)
	}
	return kept
}

func possibleSelectors(list string, words map[string]bool) string {
	var kept []string
	for _, s := range split(list, ',') {
		if possible(s, words) {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, ",")
}

var (
	name      = regexp.MustCompile(`^(?:\\.|[A-Za-z0-9_-])+`)
	attribute = regexp.MustCompile(`^\[\s*([A-Za-z-]+)`)
)

// possible reports whether the selector can match: each class, id, element and attribute in it is one of the words,
// of the alternatives in :is, :where and :has one is possible. What :not excludes does not matter.
func possible(selector string, words map[string]bool) bool {
	for i := 0; i < len(selector); {
		rest := selector[i:]
		switch c := rest[0]; {
		case c == '.' || c == '#':
			n := name.FindString(rest[1:])
			if !words[n] {
				return false
			}
			i += 1 + len(n)
		case c == '[':
			if m := attribute.FindStringSubmatch(rest); m != nil && m[1] != "class" && !words[m[1]] {
				return false
			}
			i += len(span(rest, ']')) + 1
		case c == ':':
			pseudo := strings.TrimLeft(rest, ":")
			i += len(rest) - len(pseudo)
			n := name.FindString(pseudo)
			i += len(n)
			if i < len(selector) && selector[i] == '(' {
				inner := span(selector[i:], ')')
				i += len(inner) + 1
				if (n == "is" || n == "where" || n == "has") && possibleSelectors(inner[1:], words) == "" {
					return false
				}
			}
		case name.MatchString(rest):
			n := name.FindString(rest)
			if n != "html" && n != "body" && !words[strings.ToLower(n)] {
				return false
			}
			i += len(n)
		default:
			i++
		}
	}
	return true
}

// span gives text up to, not including, the bracket that closes the one at its start.
func span(text string, closing byte) string {
	opening, depth := text[0], 0
	var quote byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == opening:
			depth++
		case c == closing:
			if depth--; depth == 0 {
				return text[:i]
			}
		}
	}
	return text[:len(text)-1]
}

// split cuts at separators that are outside of brackets and quotes.
func split(text string, separator byte) []string {
	var parts []string
	var quote byte
	depth, start := 0, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == separator && depth == 0:
			parts = append(parts, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	if last := strings.TrimSpace(text[start:]); last != "" {
		parts = append(parts, last)
	}
	return parts
}

var reads = regexp.MustCompile(`var\(\s*(--[A-Za-z0-9_-]+)`)

// usedProperties gives the custom properties that a kept rule or our own text reads, directly or through others.
func usedProperties(nodes []node, own string) map[string]bool {
	used := map[string]bool{}
	readIn := func(text string) {
		for _, m := range reads.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
	}
	readIn(own)
	definitions := map[string][]string{}
	each(nodes, func(n *node) {
		for _, d := range n.decls {
			if strings.HasPrefix(d, "--") {
				property, value, _ := strings.Cut(d, ":")
				definitions[property] = append(definitions[property], value)
			} else {
				readIn(d)
			}
		}
	})
	for before := -1; before != len(used); {
		before = len(used)
		for property, values := range definitions {
			if used[property] {
				readIn(strings.Join(values, " "))
			}
		}
	}
	return used
}

func keepDeclarations(nodes []node, used map[string]bool) []node {
	var kept []node
	for _, n := range nodes {
		if property, ok := strings.CutPrefix(n.prelude, "@property "); ok && !used[strings.TrimSpace(property)] {
			continue
		}
		var decls []string
		for _, d := range n.decls {
			property, _, _ := strings.Cut(d, ":")
			if !strings.HasPrefix(property, "--") || used[property] {
				decls = append(decls, d)
			}
		}
		n.decls, n.children = decls, keepDeclarations(n.children, used)
		if n.block && len(n.decls) == 0 && len(n.children) == 0 {
			continue
		}
		kept = append(kept, n)
	}
	return kept
}

// animationWords gives all words of declarations that may name an animation.
func animationWords(nodes []node, own string) map[string]bool {
	words := map[string]bool{}
	add := func(text string) {
		for _, w := range word.FindAllString(text, -1) {
			words[w] = true
		}
	}
	add(own)
	each(nodes, func(n *node) {
		for _, d := range n.decls {
			if strings.HasPrefix(d, "animation") || strings.HasPrefix(d, "-webkit-animation") || strings.HasPrefix(d, "--") {
				add(d)
			}
		}
	})
	return words
}

func keepKeyframes(nodes []node, words map[string]bool) []node {
	var kept []node
	for _, n := range nodes {
		if _, animation, ok := strings.Cut(n.prelude, "keyframes "); ok && !words[strings.TrimSpace(animation)] {
			continue
		}
		n.children = keepKeyframes(n.children, words)
		if strings.HasPrefix(n.prelude, "@media") && len(n.children) == 0 {
			continue
		}
		kept = append(kept, n)
	}
	return kept
}

func each(nodes []node, visit func(*node)) {
	for i := range nodes {
		visit(&nodes[i])
		each(nodes[i].children, visit)
	}
}

// parser reads the subset of CSS that compilers write: no nested rules, balanced brackets.
type parser struct {
	text   string
	pos    int
	notice string // the first comment that begins with "!": the licence must stay
}

var errUnexpectedEnd = errors.New("unexpected end")

// rules reads up to the end of the text, or of the block when nested.
func (p *parser) rules(nested bool) ([]node, error) {
	var nodes []node
	for {
		p.skipSpace()
		if p.pos == len(p.text) {
			if nested {
				return nil, errUnexpectedEnd
			}
			return nodes, nil
		}
		if nested && p.text[p.pos] == '}' {
			p.pos++
			return nodes, nil
		}
		n, err := p.rule()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
}

func (p *parser) rule() (node, error) {
	prelude, end, err := p.until("{;")
	if err != nil {
		return node{}, err
	}
	n := node{prelude: prelude, block: end == '{'}
	if !n.block {
		return n, nil
	}
	if strings.HasPrefix(prelude, "@media") || strings.HasPrefix(prelude, "@supports") || strings.Contains(prelude, "keyframes ") {
		n.children, err = p.rules(true)
		return n, err
	}
	body, _, err := p.until("}")
	if err != nil {
		return node{}, err
	}
	if strings.Contains(withoutURLs.ReplaceAllString(body, ""), "{") {
		return node{}, fmt.Errorf("nested rule in %q", prelude)
	}
	n.decls = split(body, ';')
	return n, nil
}

// withoutURLs matches strings, which may hold any bracket.
var withoutURLs = regexp.MustCompile(`"[^"]*"|'[^']*'`)

// until reads to the first of the given bytes that is outside of quotes and parentheses, and steps over it.
func (p *parser) until(ends string) (text string, end byte, err error) {
	var quote byte
	depth, start := 0, p.pos
	for ; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; {
		case c == '\\':
			p.pos++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.IndexByte(ends, c) >= 0:
			text = strings.TrimSpace(p.text[start:p.pos])
			p.pos++
			return text, c, nil
		}
	}
	return "", 0, errUnexpectedEnd
}

// skipSpace steps over white space and comments between rules, and keeps the first licence comment.
func (p *parser) skipSpace() {
	for p.pos < len(p.text) {
		rest := p.text[p.pos:]
		switch {
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				p.pos = len(p.text)
				return
			}
			if p.notice == "" && strings.HasPrefix(rest, "/*!") {
				p.notice = rest[:end+2]
			}
			p.pos += end + 2
		case strings.IndexByte(" \t\r\n\f", rest[0]) >= 0:
			p.pos++
		default:
			return
		}
	}
}
