package htmltest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// CheckPage fails the test for each rule that a whole page breaks (see [PageProblems]).
func CheckPage(t testing.TB, d *Doc) {
	t.Helper()
	for _, p := range PageProblems(d) {
		t.Error("page: " + p)
	}
}

// CheckFragment fails the test for each rule that a part of a page breaks (see [FragmentProblems]).
func CheckFragment(t testing.TB, d *Doc) {
	t.Helper()
	for _, p := range FragmentProblems(d) {
		t.Error("fragment: " + p)
	}
}

// PageProblems lists in words what is wrong with a whole page: the rules of [FragmentProblems], and that it has a
// language, a title, exactly one h1 and one main, and that what it refers to by id (labels, descriptions, dialogs,
// links within the page) is there.
func PageProblems(d *Doc) []string {
	c := newChecker(d.root)
	c.whole()
	c.parts()
	c.references()
	return c.problems
}

// FragmentProblems lists in words what is wrong with a part of a page: controls without label, buttons, links and
// dialogs without name, pictures without alt, ids used twice, one control inside another, and all that the content
// security policy forbids: style attributes, style elements, inline scripts, on... attributes, javascript: addresses.
func FragmentProblems(d *Doc) []string {
	c := newChecker(d.root)
	c.parts()
	return c.problems
}

type checker struct {
	root     *html.Node
	elements []*html.Node
	ids      map[string]*html.Node
	labels   map[string]string // id of a control to the text of its labels
	problems []string
}

func newChecker(root *html.Node) *checker {
	c := &checker{root: root, ids: map[string]*html.Node{}, labels: map[string]string{}}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		c.elements = append(c.elements, n)
		if id, ok := attr(n, "id"); ok && c.ids[id] == nil {
			c.ids[id] = n
		}
		if n.Data == "label" {
			if id, ok := attr(n, "for"); ok {
				c.labels[id] += textOf(n)
			}
		}
	}
	return c
}

func (c *checker) add(n *html.Node, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...)+" in "+describe(n))
}

// describe is the opening tag, enough to find the element.
func describe(n *html.Node) string {
	s := source(n)
	if i := strings.IndexByte(s, '>'); i >= 0 {
		s = s[:i+1]
	}
	return s
}

func (c *checker) whole() {
	count := map[string]int{}
	for _, n := range c.elements {
		count[n.Data]++
		switch n.Data {
		case "html":
			if v, _ := attr(n, "lang"); v == "" {
				c.add(n, "no lang")
			}
		case "title":
			if n.Parent.Data == "head" && textOf(n) == "" {
				c.add(n, "empty title")
			}
		}
	}
	if count["title"] == 0 {
		c.problems = append(c.problems, "no title")
	}
	for _, tag := range []string{"h1", "main"} {
		if count[tag] != 1 {
			c.problems = append(c.problems, fmt.Sprintf("%d elements %s, want 1", count[tag], tag))
		}
	}
}

func (c *checker) parts() {
	for _, n := range c.elements {
		c.id(n)
		c.policy(n)
		c.named(n)
		c.nested(n)
	}
}

func (c *checker) id(n *html.Node) {
	id, ok := attr(n, "id")
	switch {
	case !ok:
	case id == "":
		c.add(n, "empty id")
	case c.ids[id] != n:
		c.add(n, "id %q used twice", id)
	}
}

// urlAttributes hold addresses that a browser follows.
var urlAttributes = []string{"href", "src", "action", "formaction", "hx-get", "hx-post"}

func (c *checker) policy(n *html.Node) {
	if n.Data == "style" {
		c.add(n, "inline style sheet")
	}
	if _, ok := attr(n, "src"); n.Data == "script" && !ok {
		c.add(n, "inline script")
	}
	for _, a := range n.Attr {
		value := strings.ToLower(strings.TrimSpace(a.Val))
		switch {
		case a.Key == "style":
			c.add(n, "inline style")
		case strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-on"):
			c.add(n, "inline script %s", a.Key)
		case (a.Key == "hx-vals" || a.Key == "hx-headers") && strings.HasPrefix(value, "js"):
			c.add(n, "script in %s", a.Key)
		case slices.Contains(urlAttributes, a.Key) && strings.HasPrefix(value, "javascript:"):
			c.add(n, "script in %s", a.Key)
		}
	}
}

func (c *checker) named(n *html.Node) {
	switch {
	case isControl(n):
		if c.name(n) == "" {
			c.add(n, "no label")
		}
	case n.Data == "button", n.Data == "summary", n.Data == "dialog":
		if c.name(n) == "" {
			c.add(n, "no name")
		}
	case n.Data == "a":
		if _, ok := attr(n, "href"); ok && c.name(n) == "" {
			c.add(n, "no name")
		}
	case n.Data == "img":
		if _, ok := attr(n, "alt"); !ok {
			c.add(n, "no alt")
		}
	}
}

// isControl says whether people put a value into the element.
func isControl(n *html.Node) bool {
	switch n.Data {
	case "select", "textarea":
		return true
	case "input":
		kind, _ := attr(n, "type")
		return kind != "hidden" && !isButton(n)
	}
	return false
}

func isButton(n *html.Node) bool {
	kind, _ := attr(n, "type")
	return n.Data == "button" || n.Data == "input" && slices.Contains([]string{"submit", "button", "reset", "image"}, kind)
}

// name is what a screen reader calls the element, so far as it can be told without styles.
func (c *checker) name(n *html.Node) string {
	if v, _ := attr(n, "aria-label"); strings.TrimSpace(v) != "" {
		return v
	}
	if v, _ := attr(n, "aria-labelledby"); v != "" {
		var words string
		for _, id := range strings.Fields(v) {
			if c.ids[id] != nil {
				words += textOf(c.ids[id])
			}
		}
		return words
	}
	if isControl(n) {
		if id, ok := attr(n, "id"); ok && c.labels[id] != "" {
			return c.labels[id]
		}
		for p := n.Parent; p != nil; p = p.Parent {
			if p.Data == "label" {
				return textOf(p)
			}
		}
		return ""
	}
	if n.Data == "dialog" {
		return ""
	}
	if t := textOf(n); t != "" {
		return t
	}
	for i := range n.Descendants() {
		if v, _ := attr(i, "alt"); i.Data == "img" && v != "" {
			return v
		}
	}
	v, _ := attr(n, "title")
	return v
}

// nested finds controls in links, buttons and summaries, where neither keyboard nor screen reader reaches them.
func (c *checker) nested(n *html.Node) {
	if !isControl(n) && !isButton(n) && n.Data != "a" && n.Data != "summary" {
		return
	}
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "a" || p.Data == "button" || p.Data == "summary" {
			c.add(n, "a control inside %s", describe(p))
			return
		}
	}
}

// idAttributes hold ids of other elements, several of them separated by spaces.
var idAttributes = []string{"for", "form", "aria-labelledby", "aria-describedby", "aria-controls", "commandfor"}

func (c *checker) references() {
	for _, n := range c.elements {
		for _, name := range idAttributes {
			v, _ := attr(n, name)
			for _, id := range strings.Fields(v) {
				if c.ids[id] == nil {
					c.add(n, "%s names %q, which is not there", name, id)
				}
			}
		}
		if v, _ := attr(n, "href"); n.Data == "a" && len(v) > 1 && v[0] == '#' && c.ids[v[1:]] == nil {
			c.add(n, "link to %s, which is not there", v)
		}
	}
}
