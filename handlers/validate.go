package handlers

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/go-playground/validator/v10"

	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/web/templates/component"
)

// problems are what is wrong with a form, in the order of its fields; nil when nothing is.
type problems []component.Problem

// of returns the first message about a field, or "".
func (p problems) of(field string) string {
	for _, m := range p {
		if m.Field == field {
			return m.Message
		}
	}
	return ""
}

// messages say what a broken rule means for the person who filled in the form, by validate tag. The first %s is the
// field's label (or its form name), the second the parameter of the tag.
var messages = map[string]string{
	"required": "%s is missing.",
	"max":      "%s may have at most %s characters.",
	"min":      "%s needs at least %s.",
	"oneof":    "%s has a value that cannot be chosen. Choose one of the list.",
	"email":    "%s is not an e-mail address.",
	"number":   "%s must be a number.",
}

var forms = newValidator()

func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("form") })
	return v
}

// check applies the validate tags of a form struct. The name of a field on the page is its form tag, what people call it
// its label tag; a field that needs a sentence of its own has it in its message tag.
func check(form any) problems {
	var broken validator.ValidationErrors
	if err := forms.Struct(form); err == nil {
		return nil
	} else if !errors.As(err, &broken) {
		panic(err) // not a struct: our mistake
	}
	t := reflect.Indirect(reflect.ValueOf(form)).Type()
	var out problems
	for _, b := range broken {
		field, _ := t.FieldByName(b.StructField())
		out = append(out, component.Problem{Field: b.Field(), Message: sentence(field, b)})
	}
	return out
}

func sentence(field reflect.StructField, b validator.FieldError) string {
	if m := field.Tag.Get("message"); m != "" {
		return m
	}
	label := field.Tag.Get("label")
	if label == "" {
		label = b.Field()
	}
	m, ok := messages[b.Tag()]
	if !ok {
		return label + " cannot be used as it is."
	}
	if b.Param() == "" || b.Tag() == "oneof" {
		return fmt.Sprintf(m, label)
	}
	return fmt.Sprintf(m, label, b.Param())
}

// complaint turns a refusal of a service into a problem of the form: the field that it names, or the whole form. ok is
// false for errors that are not about what was typed.
func complaint(err error) (problems, bool) {
	if fe, ok := errors.AsType[*fault.FieldError](err); ok {
		return problems{{Field: fe.Field, Message: fe.Message}}, true
	}
	if fault.KindOf(err) == fault.Invalid {
		return problems{{Message: fault.Message(err)}}, true
	}
	return nil, false
}
