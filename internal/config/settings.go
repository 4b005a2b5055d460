package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Setting documents one variable.
type Setting struct {
	// Name is the variable; Type says what it holds, with its unit and bounds.
	Name, Type string
	// Default is empty where there is none; Required says that the portal does not start without the setting.
	Default  string
	Required bool
	// Secret says that the variable Name + "_FILE" may name a file instead.
	Secret bool
	// Example is a value as it stands in the environment.
	Example string
	// Meaning is one or more sentences.
	Meaning string
}

// Settings lists all settings, in the order of [Config].
func Settings() []Setting {
	var out []Setting
	eachField(reflect.ValueOf(&Config{}).Elem(), func(f reflect.StructField, v reflect.Value) {
		s := Setting{
			Name: f.Tag.Get("env"), Type: typeWord(f), Default: f.Tag.Get("default"), Required: f.Tag.Get("need") == "always",
			Secret: v.Type() == secretType, Example: f.Tag.Get("example"), Meaning: f.Tag.Get("doc"),
		}
		if lowest := f.Tag.Get("min"); lowest != "" {
			s.Type += fmt.Sprintf(", %s to %s", lowest, f.Tag.Get("max"))
		}
		out = append(out, s)
	})
	return out
}

// typeWord says what the value of a setting is.
func typeWord(f reflect.StructField) string {
	unit := f.Tag.Get("unit")
	switch {
	case f.Type == secretType:
		return "secret"
	case f.Type == durationType:
		return "a span such as 90s, 10m or 72h"
	case f.Type == reflect.TypeFor[Holders]():
		return "addresses and groups, separated by commas"
	case f.Type == reflect.TypeFor[*time.Location]():
		return "time zone"
	case f.Type.Kind() == reflect.Slice:
		return unit + ", separated by commas"
	case f.Type.Kind() == reflect.Bool:
		return "true or false"
	case unit != "":
		return "number of " + unit
	default:
		return "text"
	}
}

// Page is docs/settings.md.
func Page() string {
	var b strings.Builder
	b.WriteString(`# Settings

The portal is set up by environment variables alone. Each secret has a twin with the suffix ` + "`_FILE`" + ` that names a file
holding it; set one of the two. All problems are reported at the start, by the name of the variable and never with its value.
A setting that is absent, empty or, for numbers and spans, 0 has its default. This page is made from the code:
` + "`go generate ./internal/config`" + `.

In lists of people, ` + "`group:portal-hr`" + ` is everybody in that group at the identity provider, anything else a mail address.

| name | type | default | example | meaning |
| --- | --- | --- | --- | --- |
`)
	for _, s := range Settings() {
		name, value := "`"+s.Name+"`", "none"
		if s.Secret {
			name += " or `" + s.Name + "_FILE`"
		}
		switch {
		case s.Required:
			value = "**required**"
		case s.Default != "":
			value = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | `%s` | %s |\n", name, s.Type, value, s.Example, s.Meaning)
	}
	return b.String()
}
