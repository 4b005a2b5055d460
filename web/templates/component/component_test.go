package component_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/web/templates/component"
)

// render draws a part around its children.
func render(t *testing.T, c templ.Component, children ...templ.Component) *htmltest.Doc {
	t.Helper()
	var b strings.Builder
	if err := around(c, children...).Render(t.Context(), &b); err != nil {
		t.Fatalf("render: %v", err)
	}
	return htmltest.Parse(t, strings.NewReader(b.String()))
}

// around gives a part its children.
func around(c templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

// text is a child of plain text.
func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, templ.EscapeString(s))
		return err
	})
}

// in puts parts into an element that needs no escaping.
func in(tag string, parts ...templ.Component) templ.Component {
	name, _, _ := strings.Cut(tag, " ")
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if _, err := io.WriteString(w, "<"+tag+">"); err != nil {
			return err
		}
		if err := templ.Join(parts...).Render(ctx, w); err != nil {
			return err
		}
		_, err := io.WriteString(w, "</"+name+">")
		return err
	})
}

// everyPart draws each part with the given text wherever it takes text, and the given address wherever it takes one.
func everyPart(s, url string) map[string]templ.Component {
	problem := component.Problem{Field: "name", Message: s}
	options := []component.Option{{Value: "a", Label: s, Hint: s}, {Value: s, Label: s, Disabled: true}}
	when := component.When{Relative: s, Exact: s, ISO: s}
	badge := component.Badge(component.BadgeProps{Text: s, Icon: component.IconFlag})
	diff := component.DiffProps{Field: s, Old: s, New: s + " new"}
	table := func(row ...templ.Component) templ.Component {
		return around(component.Table(component.TableProps{Caption: s}), in("tbody", in("tr", row...)))
	}
	steps := []component.Step{{Label: s, URL: url, State: component.StepDone}, {Label: s, State: component.StepCurrent}, {Label: s}}
	tabs := component.TabsProps{Label: s, Tabs: []component.Tab{{Label: s, URL: url, Current: true}, {Label: s, URL: url, Count: 3, ShowCount: true}}}
	return map[string]templ.Component{
		"alert":          around(component.Alert(component.AlertProps{Tone: component.ToneDanger, Title: s, Text: s, LinkURL: url, LinkLabel: s}), text(s)),
		"avatar":         in("p", component.Avatar(component.AvatarProps{ID: s, Name: s}), text(s)),
		"badge":          badge,
		"badges":         component.Badges([]string{s, s, s}, 1),
		"bar_list":       component.BarList(component.BarListProps{Label: s, Rows: []component.BarRow{{Label: s, URL: url, Count: 3}, {Label: s}}}),
		"bar_stack":      component.BarStack(component.BarStackProps{Label: s, Parts: []component.BarPart{{Label: s, Count: 3}, {Label: s, Count: 1}}}),
		"bulk_bar":       around(component.BulkBar(component.BulkBarProps{Selected: 3, Sentence: s, SelectAllLabel: s, SelectAllURL: url, ClearURL: url}), text(s)),
		"button":         component.Button(component.ButtonProps{Label: s, Name: s, Value: s, FormAction: url, Disabled: true, DisabledReason: s}),
		"button_icon":    component.Button(component.ButtonProps{Label: s, Icon: component.IconX, IconOnly: true}),
		"card":           around(component.Card(component.CardProps{Title: s, Subtitle: s, Actions: badge}), text(s)),
		"checkbox":       component.Checkbox(component.CheckboxProps{Name: "c", Value: s, Label: s, Hint: s, Error: s}),
		"chips":          component.Chips(component.ChipsProps{Chips: []component.Chip{{Label: s, RemoveURL: url}, {Label: s, RemoveURL: url}}, ClearURL: url}),
		"counts_bar":     component.CountsBar(component.CountsBarProps{Label: s, AllURL: url, Items: []component.CountItem{{Word: s, Count: 2, URL: url}, {Word: s}}}),
		"definitions":    component.DefinitionList([]component.Definition{{Term: s, Text: s, Origin: s}, {Term: s, Text: s, URL: url}, {Term: s, Content: badge}, {Term: s}}),
		"dialog":         around(component.Dialog(component.DialogProps{ID: "d", Title: s}), text(s), component.DialogFooter("d")),
		"dialog_trigger": component.DialogTrigger(component.DialogTriggerProps{Label: s, DialogID: "d", FallbackURL: url}),
		"diff":           component.Diff(diff),
		"empty_state":    component.EmptyState(component.EmptyStateProps{Title: s, Text: s, Action: badge}),
		"error_summary":  component.ErrorSummary(component.ErrorSummaryProps{Title: s, Problems: []component.Problem{problem, {Message: s}}}),
		"field":          component.Field(component.FieldProps{Name: "f", Label: s, Value: s, Hint: s, Error: s, Placeholder: s, Required: true}),
		"file_input":     component.FileInput(component.FileInputProps{Name: "file", Label: s, Hint: s, Error: s, Accept: s}),
		"link_button":    component.LinkButton(component.LinkButtonProps{Label: s, URL: url, Icon: component.IconPlus}),
		"menu":           component.Menu(component.MenuProps{Label: s, Items: []component.MenuItem{{Label: s, URL: url}, {Label: s, Action: url, Hidden: []component.Hidden{{Name: s, Value: s}}}, {Label: s, DialogID: "d"}, {Label: s, DialogID: "d", FallbackURL: url}, {Label: s, Reason: s}}}),
		"pager":          component.Pager(component.PagerProps{From: 1, To: 2, Total: 3, Noun: s, PrevURL: url, NextURL: url, Pages: []component.PageLink{{Number: 1, URL: url}}, Sizes: []component.PageSize{{Size: 25, URL: url}}}),
		"post_button":    component.PostButton(component.PostButtonProps{Action: url, Hidden: []component.Hidden{{Name: s, Value: s}}, Button: component.ButtonProps{Label: s}}),
		"progress":       component.Progress(component.ProgressProps{Label: s, Value: 1, Max: 3, Text: s}),
		"radio_group":    component.RadioGroup(component.RadioGroupProps{Name: "r", Legend: s, Value: s, Options: options, Hint: s, Error: s, Required: true}),
		"search_box":     component.SearchBox(component.SearchBoxProps{Action: url, Value: s, Label: s, Keep: []component.Hidden{{Name: s, Value: s}}}),
		"select":         component.Select(component.SelectProps{Name: "s", Label: s, Value: s, Options: options, Empty: s, Hint: s, Error: s}),
		"stat_tile":      component.StatTile(component.StatTileProps{Number: s, Label: s, Hint: s, Icon: component.IconUsers, URL: url}),
		"status":         component.Status(s),
		"steps":          component.Steps(component.StepsProps{Label: s, Steps: steps}),
		"switch":         component.Switch(tabs),
		"table_cells":    table(around(component.Cell(s), text(s)), component.NumberCell(s, 3), component.RowTick(component.RowTickProps{Name: s, Value: s, Label: s})),
		"table_heads":    table(component.SortHeader(component.SortHeaderProps{Label: s, URL: url, Order: component.Descending}), component.Header(s, s), component.PageTick(s)),
		"tabs":           component.Tabs(tabs),
		"textarea":       component.Textarea(component.TextareaProps{Name: "t", Label: s, Value: s, Hint: s, Error: s, Placeholder: s}),
		"time":           in("p", component.Time(when)),
		"timeline":       component.Timeline([]component.TimelineItem{{When: when, Text: s, Detail: s, LinkURL: url, LinkLabel: s, Diffs: []component.DiffProps{diff}}}),
		"toast":          component.Toast(component.ToastProps{Tone: component.ToneWarning, Text: s, UndoURL: url, LinkURL: url, LinkLabel: s}),
		"tree":           component.Tree(component.TreeProps{Label: s, Nodes: []component.TreeNode{{ID: "1", Label: s, URL: url, Detail: s, Flag: s, Children: []component.TreeNode{{ID: "2", Label: s}}}}}),
		"user_cell":      component.UserCell(component.UserCellProps{ID: s, Name: s, Email: s, URL: url, Note: s}),
	}
}

const hostile = `"><script>alert('x')</script><img src=x onerror=alert(1)><!--`

func TestEveryPart(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"ordinary": "Ana Petrova",
		"hostile":  hostile,
		"long":     strings.Repeat("Donaudampfschifffahrtsgesellschaft", 20),
		"rtl":      "محمد الأحمد",
	}
	for kind, s := range texts {
		for name, c := range everyPart(s, "/users?page=2") {
			t.Run(name+"_with_"+kind+"_text", func(t *testing.T) {
				t.Parallel()
				d := render(t, c)
				htmltest.CheckFragment(t, d)
				if n := d.Count("script, img"); n != 0 {
					t.Errorf("%d elements came out of the text", n)
				}
				if !strings.Contains(d.Text(), s) && !hasAttribute(d, s) {
					t.Errorf("the text is not shown, in %q", d.Text())
				}
			})
		}
	}
}

// hasAttribute says whether any attribute that people read holds the text.
func hasAttribute(d *htmltest.Doc, s string) bool {
	for _, n := range d.Find("[aria-label]") {
		if strings.Contains(n.Attr("aria-label"), s) {
			return true
		}
	}
	return false
}

func TestScriptsAsAddressesDoNothing(t *testing.T) {
	t.Parallel()
	for name, c := range everyPart("Ana", "javascript:alert(1)") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			htmltest.CheckFragment(t, render(t, c))
		})
	}
}

func TestEveryIconIsDrawn(t *testing.T) {
	t.Parallel()
	if n := len(component.Icons()); n < 60 {
		t.Fatalf("%d icons are listed", n)
	}
	for _, i := range component.Icons() {
		t.Run(string(i), func(t *testing.T) {
			t.Parallel()
			d := render(t, component.Draw(i))
			if d.MustOne("svg").Attr("aria-hidden") != "true" || d.Count("svg > path") == 0 {
				t.Errorf("%d strokes, hidden %q", d.Count("svg > path"), d.MustOne("svg").Attr("aria-hidden"))
			}
		})
	}
	for _, i := range []component.Icon{"", "no-such-icon"} {
		if n := render(t, component.Draw(i)).Count("svg"); n != 0 {
			t.Errorf("icon %q draws %d pictures", i, n)
		}
	}
}

var exportedPart = regexp.MustCompile(`(?m)^templ ([A-Z]\w*)\(`)

// TestReadmeNamesEveryPart holds the cheat sheet to the code, and every part to the rules of templates.
func TestReadmeNamesEveryPart(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.templ")
	if err != nil {
		t.Fatal(err)
	}
	parts := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range exportedPart.FindAllSubmatch(source, -1) {
			parts++
			if !strings.Contains(string(readme), "`"+string(m[1])+"(") {
				t.Errorf("README.md does not name %s of %s", m[1], file)
			}
		}
		for _, forbidden := range []string{"templ.Raw", "templ.SafeURL", "style=", "\ncss ", "\nscript "} {
			if strings.Contains(string(source), forbidden) {
				t.Errorf("%s uses %q", file, forbidden)
			}
		}
	}
	if parts < 40 {
		t.Errorf("%d parts were found; is the pattern still right?", parts)
	}
}
