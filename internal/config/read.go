package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problem is one thing that is wrong with one setting.
type Problem struct {
	// Setting is the name of the variable.
	Setting string
	// Sentence says what is expected. It never repeats the value.
	Sentence string
}

// Problems are all problems of an environment, in the order of [Config].
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Setting + ": " + one.Sentence
	}
	return strings.Join(lines, "\n")
}

// maxSecretBytes is the largest file that can hold a secret.
const maxSecretBytes = 64 << 10

type reader struct {
	environ  func(string) (string, bool)
	problems Problems
}

func (r *reader) problem(setting, format string, args ...any) {
	r.problems = append(r.problems, Problem{setting, fmt.Sprintf(format, args...)})
}

// bad says whether a setting has a problem already.
func (r *reader) bad(settings ...string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool { return slices.Contains(settings, p.Setting) })
}

// read fills all fields of c.
func (r *reader) read(c *Config) {
	eachField(reflect.ValueOf(c).Elem(), func(f reflect.StructField, v reflect.Value) {
		name := f.Tag.Get("env")
		text := strings.TrimSpace(r.text(name, v.Type() == secretType))
		if text == "" && f.Tag.Get("need") == "always" && !r.bad(name) {
			r.problem(name, "It is required; for example %s", f.Tag.Get("example"))
			return
		}
		if err := set(f, v, text); err != nil {
			r.problem(name, "It must be %v; for example %s", err, f.Tag.Get("example"))
		}
	})
}

// text is the raw value of a setting: of its variable, or of the file that the twin of a secret names.
func (r *reader) text(name string, secret bool) string {
	text, _ := r.environ(name)
	if !secret {
		return text
	}
	path, _ := r.environ(name + "_FILE")
	switch {
	case path == "":
		return text
	case text != "":
		r.problem(name, "It is set together with %s_FILE; set one of the two.", name)
		return text
	}
	text, err := readSecret(path)
	if err != nil {
		// The path is not repeated: somebody may have put the secret itself there.
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		r.problem(name+"_FILE", "The file cannot be used: %v.", err)
		return "-" // so that the setting itself is not called missing
	}
	return text
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > maxSecretBytes:
		return "", errors.New("it is too large")
	case strings.TrimSpace(string(b)) == "":
		return "", errors.New("it is empty")
	}
	return string(b), nil
}

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
)

// eachField calls do for every setting, in order, going into the groups.
func eachField(v reflect.Value, do func(reflect.StructField, reflect.Value)) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Tag.Get("env") == "-" {
			continue
		}
		if f.Tag.Get("env") == "" {
			eachField(v.Field(i), do)
			continue
		}
		do(f, v.Field(i))
	}
}

// set gives a field its value; the error says what the value must be. An empty text means the default.
func set(f reflect.StructField, v reflect.Value, text string) error {
	if text == "" {
		if v.Type() == secretType {
			return nil // the default of a secret is a description
		}
		if text = f.Tag.Get("default"); text == "" {
			return nil
		}
	}
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = text
	case *Secret:
		*p = Secret(text)
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("true or false")
		}
		*p = b
	case *int:
		return number(f, p, text, strconv.Atoi)
	case *float64:
		return number(f, p, text, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	case *time.Duration:
		return number(f, p, text, time.ParseDuration)
	case *[]string:
		*p = list(text)
	case *Holders:
		return p.set(text)
	case *slog.Level:
		if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(text)) {
			return errors.New("debug, info, warn or error")
		}
		return p.UnmarshalText([]byte(text))
	case **time.Location:
		l, err := time.LoadLocation(text)
		if err != nil || text == "Local" {
			return errors.New("the name of a time zone")
		}
		*p = l
	default:
		panic("config: no reader for " + f.Name)
	}
	return nil
}

// number reads a bounded number or span. 0 means the default where it is below the smallest.
func number[N int | float64 | time.Duration](f reflect.StructField, p *N, text string, parse func(string) (N, error)) error {
	bound := func(tag string) N {
		n, err := parse(f.Tag.Get(tag))
		if err != nil {
			panic("config: tag " + tag + " of " + f.Name)
		}
		return n
	}
	n, err := parse(text)
	if err == nil && n == 0 && bound("min") > 0 {
		n = bound("default")
	}
	if err != nil || !(n >= bound("min") && n <= bound("max")) { // NaN is outside too
		return fmt.Errorf("%s between %s and %s", typeWord(f), f.Tag.Get("min"), f.Tag.Get("max"))
	}
	*p = n
	return nil
}

// list cuts a text at its commas, without empty parts.
func list(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// groupPrefix marks the entry of a group.
const groupPrefix = "group:"

func (h *Holders) set(text string) error {
	for _, entry := range list(text) {
		if group, ok := strings.CutPrefix(entry, groupPrefix); ok {
			if group = strings.TrimSpace(group); group == "" {
				return errHolders
			}
			*h = append(*h, groupPrefix+group)
			continue
		}
		address := strings.ToLower(entry)
		local, domain, ok := strings.Cut(address, "@")
		if !ok || local == "" || !isDomain(domain) || !isPrintableASCII(entry) {
			return errHolders
		}
		*h = append(*h, address)
	}
	return nil
}

var errHolders = errors.New("a list of mail addresses and of groups written group:name")

// addresses are the people named one by one, each once.
func (h Holders) addresses() map[string]bool {
	out := map[string]bool{}
	for _, entry := range h {
		if !strings.HasPrefix(entry, groupPrefix) {
			out[entry] = true
		}
	}
	return out
}
