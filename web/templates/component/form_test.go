package component_test

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/web/templates/component"
)

func TestFieldIsTiedToItsNotes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		hint, err string
		want      string // aria-describedby
	}{
		"plain":          {"", "", ""},
		"hint":           {"As in the contract.", "", "name-hint"},
		"error":          {"", "Enter a name.", "name-error"},
		"error_and_hint": {"As in the contract.", "Enter a name.", "name-error name-hint"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts := map[string]templ.Component{
				"input":           component.Field(component.FieldProps{Name: "name", Label: "Name", Hint: tt.hint, Error: tt.err}),
				"textarea":        component.Textarea(component.TextareaProps{Name: "name", Label: "Name", Hint: tt.hint, Error: tt.err}),
				"select":          component.Select(component.SelectProps{Name: "name", Label: "Name", Hint: tt.hint, Error: tt.err}),
				"[type=checkbox]": component.Checkbox(component.CheckboxProps{Name: "name", Label: "Name", Hint: tt.hint, Error: tt.err}),
				"fieldset":        component.RadioGroup(component.RadioGroupProps{Name: "name", Legend: "Name", Hint: tt.hint, Error: tt.err}),
				"[type=file]":     component.FileInput(component.FileInputProps{Name: "name", Label: "Name", Hint: tt.hint, Error: tt.err}),
			}
			for selector, c := range parts {
				d := render(t, c)
				n := d.MustOne(selector)
				if got := n.Attr("aria-describedby"); got != tt.want {
					t.Errorf("%s is described by %q, want %q", selector, got, tt.want)
				}
				for _, id := range strings.Fields(tt.want) {
					d.MustOne("#" + id)
				}
				if got := n.Attr("aria-invalid") == "true"; got != (tt.err != "") && selector != "fieldset" {
					t.Errorf("%s is invalid: %t, want %t", selector, got, tt.err != "")
				}
			}
		})
	}
}

func TestFieldAttributes(t *testing.T) {
	t.Parallel()
	d := render(t, component.Field(component.FieldProps{
		Name: "email", ID: "email-2", Label: "E-mail", Type: "email", Value: "a@b.c", Required: true, ReadOnly: true,
		Autocomplete: "email", MaxLength: 100, TestID: "mail", Attrs: templ.Attributes{"data-x": "y"},
	}))
	n := d.MustOne("input")
	for name, want := range map[string]string{"id": "email-2", "name": "email", "type": "email", "value": "a@b.c", "autocomplete": "email", "maxlength": "100", "data-testid": "mail", "data-x": "y"} {
		if got := n.Attr(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if !n.HasAttr("required") || !n.HasAttr("readonly") || n.HasAttr("disabled") || n.HasAttr("min") {
		t.Errorf("required %t, readonly %t, disabled %t, min %t", n.HasAttr("required"), n.HasAttr("readonly"), n.HasAttr("disabled"), n.HasAttr("min"))
	}
	if got := d.MustOne("label[for=email-2]").Text(); got != "E-mail required" {
		t.Errorf("label = %q", got)
	}
	if got := render(t, component.Field(component.FieldProps{Name: "a", Label: "A"})).MustOne("input").Attr("type"); got != "text" {
		t.Errorf("type = %q, want text", got)
	}
}

func TestTextareaKeepsTheFirstLineBreak(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := component.Textarea(component.TextareaProps{Name: "t", Label: "T", Value: "\nsecond line"}).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	// HTML drops one line break after the tag, so two must be written.
	if !strings.Contains(b.String(), ">\n\nsecond line</textarea>") {
		t.Errorf("the text begins in another way, in %s", b.String())
	}
}

func TestChoices(t *testing.T) {
	t.Parallel()
	options := []component.Option{{Value: "en", Label: "English"}, {Value: "de", Label: "German", Hint: "Formal"}, {Value: "xx", Label: "Other", Disabled: true}}
	list := render(t, component.Select(component.SelectProps{Name: "lang", Label: "Language", HideLabel: true, Value: "de", Options: options, Empty: "As the account"}))
	if got := list.MustOne("option[selected]").Text(); got != "German" {
		t.Errorf("chosen = %q", got)
	}
	if list.Count("option") != 4 || list.MustOne("option[disabled]").Text() != "Other" || list.MustOne(`option[value=""]`).Text() != "As the account" {
		t.Errorf("options = %q", list.Text())
	}
	radio := render(t, component.RadioGroup(component.RadioGroupProps{Name: "lang", Legend: "Language", Value: "de", Options: options}))
	chosen := radio.MustOne("input[checked]")
	if chosen.Attr("value") != "de" || radio.MustOne("#"+chosen.Attr("aria-describedby")).Text() != "Formal" {
		t.Errorf("chosen = %q, described by %q", chosen.Attr("value"), chosen.Attr("aria-describedby"))
	}
	if got := radio.MustOne("#lang").Attr("value"); got != "en" {
		t.Errorf("an error summary leads to %q, want the first choice", got)
	}
	none := render(t, component.RadioGroup(component.RadioGroupProps{Name: "lang", Legend: "Language", Options: options}))
	if none.Count("input[checked]") != 0 {
		t.Error("a choice is made for the person")
	}
}

func TestSearchBoxWorksWithAndWithoutScripts(t *testing.T) {
	t.Parallel()
	p := component.SearchBoxProps{Action: "/users", Value: "ana", Label: "Search people", Keep: []component.Hidden{{Name: "status", Value: "pending"}}}
	form := render(t, component.SearchBox(p)).MustOne("form")
	if form.Attr("method") != "get" || form.Attr("action") != "/users" || form.HasAttr("hx-get") {
		t.Errorf("method %q, action %q, htmx %t", form.Attr("method"), form.Attr("action"), form.HasAttr("hx-get"))
	}
	if form.MustOne("[name=q]").Attr("value") != "ana" || form.MustOne("[name=status]").Attr("value") != "pending" || form.Count("button[type=submit]") != 1 {
		t.Error("the form loses a value or has no button")
	}
	p.Target, p.Name = "#list", "name"
	form = render(t, component.SearchBox(p)).MustOne("form")
	if form.Attr("hx-get") != "/users" || form.Attr("hx-target") != "#list" || !strings.Contains(form.Attr("hx-trigger"), "delay:250ms") {
		t.Errorf("htmx: get %q, target %q, trigger %q", form.Attr("hx-get"), form.Attr("hx-target"), form.Attr("hx-trigger"))
	}
	if form.MustOne("[type=search]").Attr("name") != "name" {
		t.Error("the name of the value is not taken")
	}
}

func TestErrorSummary(t *testing.T) {
	t.Parallel()
	if got := render(t, component.ErrorSummary(component.ErrorSummaryProps{})).Text(); got != "" {
		t.Errorf("without problems it says %q", got)
	}
	d := render(t, in("main",
		component.ErrorSummary(component.ErrorSummaryProps{Problems: []component.Problem{{Field: "name", Message: "Enter a name."}, {Message: "Gtmhub does not answer."}}}),
		component.Field(component.FieldProps{Name: "name", Label: "Name", Error: "Enter a name."}),
	))
	box := d.MustOne(`[data-testid="error-summary"]`)
	if box.Attr("role") != "alert" || box.Attr("tabindex") != "-1" || !box.HasAttr("data-focus") {
		t.Error("it cannot take the focus")
	}
	link := box.MustOne("a")
	if link.Text() != "Enter a name." || d.MustOne("input"+link.Attr("href")).Attr("name") != "name" {
		t.Errorf("link %q leads to %q", link.Text(), link.Attr("href"))
	}
	if !strings.Contains(box.Text(), "There are 2 problems") || box.Count("li") != 2 {
		t.Errorf("summary = %q", box.Text())
	}
	one := render(t, component.ErrorSummary(component.ErrorSummaryProps{Problems: []component.Problem{{Message: "x"}}}))
	if !strings.Contains(one.Text(), "There is a problem") {
		t.Errorf("summary of one = %q", one.Text())
	}
}

func TestButtons(t *testing.T) {
	t.Parallel()
	b := render(t, component.Button(component.ButtonProps{Label: "Deactivate 47 users", Variant: component.ButtonDanger, Disabled: true, DisabledReason: "Only HR may do this. Ask Ana Petrova.", TestID: "go"}))
	n := b.MustOne("button")
	if n.Attr("type") != "submit" || !n.HasAttr("disabled") || n.Attr("data-testid") != "go" || n.Attr("class") != "btn btn-danger" {
		t.Errorf("type %q, disabled %t, test id %q, class %q", n.Attr("type"), n.HasAttr("disabled"), n.Attr("data-testid"), n.Attr("class"))
	}
	if !strings.Contains(b.Text(), "Ask Ana Petrova.") {
		t.Errorf("the reason is not shown: %q", b.Text())
	}
	free := render(t, component.Button(component.ButtonProps{Label: "Go", Plain: true, DisabledReason: "no"}))
	if free.MustOne("button").Attr("type") != "button" || free.Text() != "Go" {
		t.Errorf("type %q, text %q", free.MustOne("button").Attr("type"), free.Text())
	}
	icon := render(t, component.LinkButton(component.LinkButtonProps{Label: "Edit", URL: "/x", Icon: component.IconEdit, IconOnly: true})).MustOne("a")
	if icon.Attr("aria-label") != "Edit" || icon.Text() != "" || icon.Count("svg") != 1 {
		t.Errorf("icon link: label %q, text %q", icon.Attr("aria-label"), icon.Text())
	}
	post := render(t, component.PostButton(component.PostButtonProps{Action: "/changes/7/pause", Hidden: []component.Hidden{{Name: "v", Value: "2"}}, Button: component.ButtonProps{Label: "Pause"}})).MustOne("form")
	if post.Attr("method") != "post" || post.Attr("action") != "/changes/7/pause" || post.MustOne("input").Attr("value") != "2" {
		t.Errorf("method %q, action %q", post.Attr("method"), post.Attr("action"))
	}
	htmltest.CheckFragment(t, b)
}
