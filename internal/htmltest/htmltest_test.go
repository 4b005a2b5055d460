package htmltest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gtmhub-portal/portal/internal/htmltest"
)

const page = `<!DOCTYPE html><html lang="en"><head><title>Users</title></head><body><main>
<h1 id="top">Users</h1>
<ul class="list wide"><li data-testid="row">Ana</li><li class="off" data-testid="row two">Bo <b>Li</b></li></ul>
<ol><li><p>deep</p></li></ol>
<a href="/users?page=2">next</a><a href="/teams">teams</a>
</main></body></html>`

func TestFind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		selector string
		want     []string // texts
	}{
		"tag":                        {"li", []string{"Ana", "Bo Li", "deep"}},
		"tag_in_capitals":            {"LI", []string{"Ana", "Bo Li", "deep"}},
		"id":                         {"#top", []string{"Users"}},
		"class":                      {".off", []string{"Bo Li"}},
		"second_class":               {"ul.wide li.off", []string{"Bo Li"}},
		"part_of_a_class":            {".wid", nil},
		"attribute":                  {"[href]", []string{"next", "teams"}},
		"value":                      {"[data-testid=row]", []string{"Ana"}},
		"value_in_quotes":            {`[data-testid="row two"]`, []string{"Bo Li"}},
		"value_in_single_quotes":     {`[data-testid='row two']`, []string{"Bo Li"}},
		"value_with_comma_and_angle": {`[href="a, b > c"]`, nil},
		"beginning_of_a_value":       {`a[href^="/users"]`, []string{"next"}},
		"end_of_a_value":             {`a[href$=ams]`, []string{"teams"}},
		"middle_of_a_value":          {`a[href*="?page"]`, []string{"next"}},
		"descendant":                 {"main p", []string{"deep"}},
		"child":                      {"ol > li", []string{"deep"}},
		"not_a_child":                {"ol > p", nil},
		"child_of_a_descendant":      {"main ul>li", []string{"Ana", "Bo Li"}},
		"either":                     {"p, b", []string{"Li", "deep"}},
		"any":                        {"ol *", []string{"deep", "deep"}},
		"all_conditions":             {"li.off[data-testid]", []string{"Bo Li"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := htmltest.Parse(t, strings.NewReader(page))
			var got []string
			for _, n := range d.Find(tt.selector) {
				got = append(got, n.Text())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("texts of %q (-want +got):\n%s", tt.selector, diff)
			}
			if got := d.Count(tt.selector); got != len(tt.want) {
				t.Errorf("count of %q = %d, want %d", tt.selector, got, len(tt.want))
			}
		})
	}
}

// recorder is a test that notes its failures and goes on.
type recorder struct {
	testing.TB
	failures []string
}

// stopped is what a recorder panics with where a test would end.
type stopped struct{}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.failures = append(r.failures, fmt.Sprint(args...)) }

func (r *recorder) Fatalf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
	panic(stopped{})
}

func (r *recorder) run(f func()) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(stopped); !ok {
				panic(p)
			}
		}
	}()
	f()
}

func TestSelectorsThatEndTheTest(t *testing.T) {
	t.Parallel()
	for name, selector := range map[string]string{
		"empty":              "",
		"comma_alone":        ",",
		"nothing_after":      "a,",
		"nothing_before":     "> a",
		"child_of_nothing":   "a >",
		"doubled":            "a > > b",
		"pseudo":             "a:hover",
		"open_bracket":       "[href",
		"unquoted_slash":     "[href=/users]",
		"no_class":           "a.",
		"tag_after_a_class":  "[x]a",
		"unknown_comparison": "[href~=x]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			r.run(func() { htmltest.Parse(r, strings.NewReader(page)).Find(selector) })
			if len(r.failures) != 1 || !strings.Contains(r.failures[0], "selector") {
				t.Errorf("selector %q: failures %q, want one about the selector", selector, r.failures)
			}
		})
	}
}

func TestMustOne(t *testing.T) {
	t.Parallel()
	d := htmltest.Parse(t, strings.NewReader(page))
	list := d.MustOne("ul")
	if got := list.MustOne(".off").Attr("data-testid"); got != "row two" {
		t.Errorf("attribute = %q, want %q", got, "row two")
	}
	if list.Tag() != "ul" || !list.HasAttr("class") || list.HasAttr("id") || list.Attr("id") != "" || list.Count("p") != 0 {
		t.Errorf("list: tag %q, class %t, id %t %q, %d paragraphs", list.Tag(), list.HasAttr("class"), list.HasAttr("id"), list.Attr("id"), list.Count("p"))
	}
	for selector, want := range map[string]string{"li": "3 elements match", "table": "0 elements match"} {
		r := &recorder{TB: t}
		r.run(func() { htmltest.Parse(r, strings.NewReader(page)).MustOne(selector) })
		if len(r.failures) != 1 || !strings.Contains(r.failures[0], want) {
			t.Errorf("MustOne(%q): failures %q, want %q", selector, r.failures, want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	d := htmltest.Parse(t, strings.NewReader("<p>Ana\n  <b>Pet</b>rova</p><p>Lead<br>of Sales</p><script src=x>no</script><style>no</style>"))
	if got, want := d.Text(), "Ana Petrova Lead of Sales"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		part string
		want string // empty: none
	}{
		"plain":                       {`<p>Hello</p>`, ""},
		"style_attribute":             {`<p style="color:red">x</p>`, "inline style"},
		"style_sheet":                 {`<style>p{}</style>`, "inline style sheet"},
		"script":                      {`<script>x()</script>`, "inline script"},
		"script_file":                 {`<script src="/a.js"></script>`, ""},
		"handler":                     {`<p onclick="x()">x</p>`, "inline script onclick"},
		"htmx_handler":                {`<p hx-on:click="x()">x</p>`, "inline script hx-on:click"},
		"htmx_values_by_script":       {`<p hx-vals="js:{a:1}">x</p>`, "script in hx-vals"},
		"link_to_script":              {`<a href=" JavaScript:x()">x</a>`, "script in href"},
		"input_without_label":         {`<input name="a">`, "no label"},
		"placeholder_is_no_label":     {`<input name="a" placeholder="A">`, "no label"},
		"label_for_it":                {`<label for="a">A</label><input id="a">`, ""},
		"label_for_another":           {`<label for="b">A</label><input id="a">`, "no label"},
		"label_without_text":          {`<label for="a"></label><input id="a">`, "no label"},
		"label_around":                {`<label>A <input></label>`, ""},
		"aria_label":                  {`<select aria-label="A"></select>`, ""},
		"labelled_by":                 {`<h2 id="h">A</h2><textarea aria-labelledby="h"></textarea>`, ""},
		"labelled_by_nothing":         {`<textarea aria-labelledby="h"></textarea>`, "no label"},
		"hidden_input":                {`<input type="hidden" name="a">`, ""},
		"button_without_name":         {`<button><svg></svg></button>`, "no name"},
		"button_with_title":           {`<button title="Close"><svg></svg></button>`, ""},
		"button_with_picture":         {`<button><img alt="Close"></button>`, ""},
		"link_without_name":           {`<a href="/"></a>`, "no name"},
		"summary_without_name":        {`<details><summary></summary></details>`, "no name"},
		"dialog_without_name":         {`<dialog>text</dialog>`, "no name"},
		"dialog_with_name":            {`<dialog aria-labelledby="d"><h2 id="d">Move</h2></dialog>`, ""},
		"picture_without_alternative": {`<img src="/a.png">`, "no alt"},
		"picture_for_decoration":      {`<img src="/a.png" alt="">`, ""},
		"id_twice":                    {`<p id="a">x</p><p id="a">y</p>`, `id "a" used twice`},
		"empty_id":                    {`<p id="">x</p>`, "empty id"},
		"control_in_a_link":           {`<a href="/">x <input aria-label="A"></a>`, "a control inside"},
		"link_in_a_summary":           {`<details><summary>x <a href="/">y</a></summary></details>`, "a control inside"},
		"link_in_a_button":            {`<button>x <a href="/">y</a></button>`, "a control inside"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkProblems(t, htmltest.FragmentProblems(htmltest.Parse(t, strings.NewReader(tt.part))), tt.want)
			whole := `<html lang="en"><head><title>T</title></head><body><main><h1>T</h1>` + tt.part + `</main></body></html>`
			d := htmltest.Parse(t, strings.NewReader(whole))
			if got := htmltest.PageProblems(d); tt.want != "" && len(got) == 0 {
				t.Errorf("the page has no problems, want %q", tt.want)
			}
			r := &recorder{TB: t}
			htmltest.CheckFragment(r, d)
			if (len(r.failures) > 0) != (tt.want != "") {
				t.Errorf("CheckFragment fails with %q, want %q", r.failures, tt.want)
			}
		})
	}
}

func TestPageProblems(t *testing.T) {
	t.Parallel()
	const head = `<html lang="en"><head><title>T</title></head><body>`
	tests := map[string]struct {
		page string
		want string // empty: none
	}{
		"good":                    {page, ""},
		"no_language":             {`<html><head><title>T</title></head><body><main><h1>T</h1></main>`, "no lang"},
		"no_title":                {`<html lang="en"><main><h1>T</h1></main>`, "no title"},
		"empty_title":             {`<html lang="en"><head><title> </title></head><body><main><h1>T</h1></main>`, "empty title"},
		"title_of_a_picture":      {head + `<main><h1>T</h1><svg><title></title></svg></main>`, ""},
		"no_heading":              {head + `<main></main>`, "0 elements h1"},
		"two_headings":            {head + `<main><h1>a</h1><h1>b</h1></main>`, "2 elements h1"},
		"no_main":                 {head + `<h1>T</h1>`, "0 elements main"},
		"label_for_nothing":       {head + `<main><h1>T</h1><label for="x">X</label></main>`, `for names "x"`},
		"described_by_nothing":    {head + `<main id="m"><h1 aria-describedby="m x">T</h1></main>`, `aria-describedby names "x"`},
		"opens_nothing":           {head + `<main><h1>T</h1><button commandfor="x">X</button></main>`, `commandfor names "x"`},
		"link_to_nothing":         {head + `<main><h1>T</h1><a href="#x">X</a></main>`, "link to #x"},
		"link_within_the_page":    {head + `<main id="x"><h1>T</h1><a href="#x">X</a></main>`, ""},
		"link_to_the_page_itself": {head + `<main><h1>T</h1><a href="#">X</a></main>`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := htmltest.Parse(t, strings.NewReader(tt.page))
			checkProblems(t, htmltest.PageProblems(d), tt.want)
			r := &recorder{TB: t}
			htmltest.CheckPage(r, d)
			if (len(r.failures) > 0) != (tt.want != "") {
				t.Errorf("CheckPage fails with %q, want %q", r.failures, tt.want)
			}
		})
	}
}

func checkProblems(t *testing.T, got []string, want string) {
	t.Helper()
	if want == "" {
		if len(got) > 0 {
			t.Errorf("problems %q, want none", got)
		}
		return
	}
	if len(got) != 1 || !strings.Contains(got[0], want) {
		t.Errorf("problems %q, want one with %q", got, want)
	}
}
