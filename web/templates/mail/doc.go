// Package mail draws the mails of the portal: an HTML part and a text part of the same content.
//
// A mail is read in programs that know little of CSS, so its looks stand in style attributes (the content security policy
// of the pages does not reach it), it is one column of tables, and it fetches nothing: no pictures, no fonts. Start at
// [Notice] and [Text].
package mail

import "strings"

// Props is one mail. Every text is finished; lists may be empty.
type Props struct {
	// Language is that of the texts, such as "en".
	Language string
	// Product is the name at the top.
	Product string
	Title   string
	Lines   []string
	Facts   []Fact
	// Action is the label of the one button and URL where it leads.
	Action, URL string
	// Why says why the person gets this mail; ChooseURL is where they choose otherwise.
	Why, Choose, ChooseURL string
	// Training is a sentence over everything else, for the demo; empty otherwise.
	Training string
}

// Fact is a line such as "Kind: invite people".
type Fact struct{ Label, Value string }

// Text is the part for programs that show no HTML.
func Text(p Props) string {
	var b strings.Builder
	para := func(lines ...string) {
		for _, l := range lines {
			b.WriteString(l + "\n")
		}
		b.WriteString("\n")
	}
	if p.Training != "" {
		para("*** " + p.Training + " ***")
	}
	para(p.Title)
	for _, l := range p.Lines {
		para(l)
	}
	if len(p.Facts) > 0 {
		for _, f := range p.Facts {
			b.WriteString(f.Label + ": " + f.Value + "\n")
		}
		b.WriteString("\n")
	}
	para(p.Action+":", p.URL)
	b.WriteString("-- \n" + p.Product + ". " + p.Why + "\n" + p.Choose + ": " + p.ChooseURL + "\n")
	return b.String()
}
