package htmltest

import (
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Doc is a parsed page or fragment. It belongs to the test that parsed it and reports its failures there; it may be
// read by several goroutines, but [Doc.MustOne] must be called from the test's own.
type Doc struct {
	t    testing.TB
	root *html.Node
}

// Node is one element of a [Doc].
type Node struct {
	doc *Doc
	n   *html.Node
}

// Parse reads a page, or a fragment as if it stood in a body. Cells and rows of tables need their table around them,
// as in a browser. Reading errors end the test.
func Parse(t testing.TB, r io.Reader) *Doc {
	t.Helper()
	root, err := html.Parse(r)
	if err != nil {
		t.Fatalf("parse HTML: %v", err)
	}
	return &Doc{t: t, root: root}
}

// Find gives the elements that match a selector, in the order of the page. Selectors are lists of compounds separated
// by spaces (anywhere inside), ">" (directly inside) and commas (either). A compound is made of a tag or "*", #id,
// .class, [attr], [attr=value] and [attr^=value], [attr$=value], [attr*=value]; a value with anything but letters,
// digits, "-" and "_" stands in quotes. Anything else ends the test.
func (d *Doc) Find(selector string) []*Node {
	d.t.Helper()
	return d.find(d.root, selector)
}

// Count is the number of elements that match the selector (see [Doc.Find]).
func (d *Doc) Count(selector string) int {
	d.t.Helper()
	return len(d.Find(selector))
}

// MustOne gives the only element that matches the selector (see [Doc.Find]); none or several end the test.
func (d *Doc) MustOne(selector string) *Node {
	d.t.Helper()
	return d.one(d.root, selector)
}

// Text is the text of the whole document as a reader would see it (see [Node.Text]).
func (d *Doc) Text() string { return textOf(d.root) }

// Find gives the elements inside this one that match the selector (see [Doc.Find]). The selector is matched against
// the whole document, so that it may begin outside of this element.
func (n *Node) Find(selector string) []*Node {
	n.doc.t.Helper()
	return n.doc.find(n.n, selector)
}

// Count is the number of elements inside this one that match the selector.
func (n *Node) Count(selector string) int {
	n.doc.t.Helper()
	return len(n.Find(selector))
}

// MustOne gives the only element inside this one that matches the selector; none or several end the test.
func (n *Node) MustOne(selector string) *Node {
	n.doc.t.Helper()
	return n.doc.one(n.n, selector)
}

// Tag is the name of the element in lower case.
func (n *Node) Tag() string { return n.n.Data }

// Text is the text inside the element with runs of white space made one space, without scripts, styles and templates.
// Text for screen readers only is part of it.
func (n *Node) Text() string { return textOf(n.n) }

// Attr is the value of an attribute; empty when it is not there.
func (n *Node) Attr(name string) string {
	v, _ := attr(n.n, name)
	return v
}

// HasAttr says whether the attribute is there, with or without a value.
func (n *Node) HasAttr(name string) bool {
	_, ok := attr(n.n, name)
	return ok
}

func (d *Doc) find(within *html.Node, text string) []*Node {
	d.t.Helper()
	sel, err := parseSelector(text)
	if err != nil {
		d.t.Fatalf("selector %q: %v", text, err)
	}
	var found []*Node
	for n := range within.Descendants() {
		if n.Type == html.ElementNode && sel.matches(n) {
			found = append(found, &Node{doc: d, n: n})
		}
	}
	return found
}

func (d *Doc) one(within *html.Node, selector string) *Node {
	d.t.Helper()
	found := d.find(within, selector)
	if len(found) != 1 {
		d.t.Fatalf("%d elements match %q, want 1, in:\n%s", len(found), selector, clip(source(within)))
	}
	return found[0]
}

// source is the HTML of a node, for failure messages.
func source(n *html.Node) string {
	var b strings.Builder
	if err := html.Render(&b, n); err != nil {
		return err.Error()
	}
	return b.String()
}

// maxClip is how many bytes of a page a failure message shows.
const maxClip = 4000

func clip(s string) string {
	if len(s) > maxClip {
		return strings.ToValidUTF8(s[:maxClip], "") + " …"
	}
	return s
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && !slices.Contains([]string{"script", "style", "template"}, c.Parent.Data) {
			b.WriteString(c.Data)
		}
		// Elements that start a line of their own part words.
		if c.Type == html.ElementNode && !inline[c.Data] {
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// inline are the elements that do not part words.
var inline = map[string]bool{
	"a": true, "abbr": true, "b": true, "bdi": true, "bdo": true, "code": true, "del": true, "em": true, "i": true,
	"ins": true, "label": true, "mark": true, "path": true, "s": true, "small": true, "span": true, "strong": true,
	"sub": true, "sup": true, "svg": true, "time": true, "u": true,
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}
