package htmltest

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// selector is a list of alternatives.
type selector []chain

// chain is compounds from the outermost to the element itself.
type chain []compound

// compound is what one element must fulfil.
type compound struct {
	tag        string // empty: any
	conditions []condition
	direct     bool // the element must be a child, not any descendant, of what stands before
}

// condition is about one attribute; an empty operator asks only that it is there.
type condition struct {
	name, operator, value string
}

var (
	word      = regexp.MustCompile(`^(\*|[A-Za-z0-9_-]+)`)
	attribute = regexp.MustCompile(`^\[\s*([A-Za-z0-9_:.-]+)\s*(?:([\^$*]?=)\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*)?\]`)
)

func parseSelector(text string) (selector, error) {
	var (
		all     selector
		current chain
		rest    = strings.TrimSpace(text)
		direct  bool
	)
	end := func() error {
		if len(current) == 0 || direct {
			return errors.New("a part is missing")
		}
		all = append(all, current)
		current = nil
		return nil
	}
	for rest != "" {
		switch rest[0] {
		case ',':
			if err := end(); err != nil {
				return nil, err
			}
			rest = strings.TrimSpace(rest[1:])
			continue
		case '>':
			if len(current) == 0 || direct {
				return nil, errors.New("nothing stands before >")
			}
			direct = true
			rest = strings.TrimSpace(rest[1:])
			continue
		}
		c, tail, err := parseCompound(rest)
		if err != nil {
			return nil, err
		}
		c.direct = direct
		direct = false
		current = append(current, c)
		rest = strings.TrimSpace(tail)
	}
	if err := end(); err != nil {
		return nil, err
	}
	return all, nil
}

// parseCompound reads up to the next space, comma or ">" and gives what is left.
func parseCompound(text string) (compound, string, error) {
	var c compound
	rest := text
	for rest != "" && !strings.ContainsRune(" \t\n,>", rune(rest[0])) {
		switch rest[0] {
		case '#', '.':
			w := word.FindString(rest[1:])
			if w == "" || w == "*" {
				return c, "", fmt.Errorf("no name after %q", rest[0])
			}
			if rest[0] == '#' {
				c.conditions = append(c.conditions, condition{"id", "=", w})
			} else {
				c.conditions = append(c.conditions, condition{"class", "~=", w})
			}
			rest = rest[1+len(w):]
		case '[':
			m := attribute.FindStringSubmatch(rest)
			if m == nil {
				return c, "", fmt.Errorf("cannot read %q", rest)
			}
			c.conditions = append(c.conditions, condition{m[1], m[2], m[3] + m[4] + m[5]})
			rest = rest[len(m[0]):]
		default:
			w := word.FindString(rest)
			if w == "" || len(rest) != len(text) {
				return c, "", fmt.Errorf("cannot read %q", rest)
			}
			if w != "*" {
				c.tag = strings.ToLower(w)
			}
			rest = rest[len(w):]
		}
	}
	return c, rest, nil
}

func (s selector) matches(n *html.Node) bool {
	return slices.ContainsFunc(s, func(c chain) bool { return c.matches(n) })
}

// matches looks at the element itself, then for the rest of the chain among its ancestors.
func (c chain) matches(n *html.Node) bool {
	last := c[len(c)-1]
	if !last.matches(n) {
		return false
	}
	before := c[:len(c)-1]
	if len(before) == 0 {
		return true
	}
	for p := n.Parent; p != nil && p.Type == html.ElementNode; p = p.Parent {
		if before.matches(p) {
			return true
		}
		if last.direct {
			return false
		}
	}
	return false
}

func (c compound) matches(n *html.Node) bool {
	if c.tag != "" && c.tag != n.Data {
		return false
	}
	return !slices.ContainsFunc(c.conditions, func(k condition) bool { return !k.holds(n) })
}

func (k condition) holds(n *html.Node) bool {
	v, ok := attr(n, k.name)
	if !ok {
		return false
	}
	switch k.operator {
	case "=":
		return v == k.value
	case "~=":
		return slices.Contains(strings.Fields(v), k.value)
	case "^=":
		return k.value != "" && strings.HasPrefix(v, k.value)
	case "$=":
		return k.value != "" && strings.HasSuffix(v, k.value)
	case "*=":
		return k.value != "" && strings.Contains(v, k.value)
	}
	return true
}
