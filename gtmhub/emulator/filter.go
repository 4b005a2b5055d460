package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of a filter: what a client can build is far below, what an attacker could send is refused early.
const (
	maxFilterBytes = 256 << 10 // 5000 ids in a list
	maxFilterDepth = 24
)

// filter is a compiled Mongo filter. It is safe for concurrent use.
type filter struct {
	test test
	// narrowKey and narrowValues say that only records whose key is one of the values can match.
	narrowKey    string
	narrowValues []string
}

// lookup gives the value of a field or dotted path: string, bool, int, float64, []string, nil, or a piece of JSON.
type lookup func(path string) any

type test func(lookup) bool

func (f *filter) match(get lookup) bool { return f.test(get) }

// narrow says by which of id and email, and by which values, candidates can be found.
func (f *filter) narrow() (key string, values []string, ok bool) {
	return f.narrowKey, f.narrowValues, f.narrowKey != ""
}

// parseFilter reads a Mongo query in relaxed JSON: keys and $operators without quotes and texts in single quotes are
// allowed. Known are $eq $ne $in $nin $gt $gte $lt $lte $regex $options $exists $size $all $and $or $nor $not.
func parseFilter(text string) (*filter, error) {
	value, err := parseRelaxed(text)
	if err != nil {
		return nil, err
	}
	query, ok := value.([]member)
	if !ok {
		return nil, errors.New("it must be an object")
	}
	f := &filter{}
	if f.test, err = compile(query); err != nil {
		return nil, err
	}
	f.narrowKey, f.narrowValues = narrow(query)
	return f, nil
}

// member is a field of a parsed object; objects are []member, lists []any, the rest as in encoding/json.
type member struct {
	key   string
	value any
}

// narrow looks for an id or an address that every match must have, at the top and inside $and.
func narrow(query []member) (string, []string) {
	for _, m := range query {
		switch m.key {
		case "_id", "id", "email":
			key := m.key
			if key == "_id" {
				key = "id"
			}
			if s, ok := m.value.(string); ok {
				return key, []string{s}
			}
			ops, ok := m.value.([]member)
			if !ok {
				continue
			}
			for _, op := range ops {
				if s, ok := op.value.(string); ok && op.key == "$eq" {
					return key, []string{s}
				}
				all, ok := op.value.([]any)
				if !ok || op.key != "$in" {
					continue
				}
				var values []string
				for _, x := range all {
					if s, ok := x.(string); ok {
						values = append(values, s)
					}
				}
				// Other values in the list (null, numbers) could match records without the field; there are none.
				return key, values
			}
		case "$and":
			all, _ := m.value.([]any)
			for _, x := range all {
				if inner, ok := x.([]member); ok {
					if key, values := narrow(inner); key != "" {
						return key, values
					}
				}
			}
		}
	}
	return "", nil
}

// compile turns an object into a test: all its members must hold.
func compile(query []member) (test, error) {
	tests := make([]test, 0, len(query))
	for _, m := range query {
		var t test
		var err error
		switch {
		case m.key == "$and" || m.key == "$or" || m.key == "$nor":
			t, err = compileList(m)
		case strings.HasPrefix(m.key, "$"):
			err = fmt.Errorf("unknown operator %s", m.key)
		default:
			t, err = compileField(m.key, m.value)
		}
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	return all(tests), nil
}

func all(tests []test) test {
	if len(tests) == 1 {
		return tests[0]
	}
	return func(get lookup) bool {
		for _, t := range tests {
			if !t(get) {
				return false
			}
		}
		return true
	}
}

func compileList(m member) (test, error) {
	parts, ok := m.value.([]any)
	if !ok || len(parts) == 0 {
		return nil, fmt.Errorf("%s needs a list that is not empty", m.key)
	}
	tests := make([]test, len(parts))
	for i, p := range parts {
		query, ok := p.([]member)
		if !ok {
			return nil, fmt.Errorf("%s needs a list of objects", m.key)
		}
		var err error
		if tests[i], err = compile(query); err != nil {
			return nil, err
		}
	}
	if m.key == "$and" {
		return all(tests), nil
	}
	wanted := m.key == "$or"
	return func(get lookup) bool {
		for _, t := range tests {
			if t(get) {
				return wanted
			}
		}
		return !wanted
	}, nil
}

// compileField reads {field: value} or {field: {$operator: value, ...}}.
func compileField(path string, value any) (test, error) {
	ops, ok := value.([]member)
	if !ok || len(ops) == 0 || !strings.HasPrefix(ops[0].key, "$") {
		return equal(path, value), nil
	}
	var tests []test
	for _, op := range ops {
		t, err := compileOperator(path, op, ops)
		if err != nil {
			return nil, err
		}
		if t != nil {
			tests = append(tests, t)
		}
	}
	return all(tests), nil
}

func compileOperator(path string, op member, siblings []member) (test, error) {
	switch op.key {
	case "$eq":
		return equal(path, op.value), nil
	case "$ne":
		return not(equal(path, op.value)), nil
	case "$in", "$nin", "$all":
		values, ok := op.value.([]any)
		if !ok {
			return nil, fmt.Errorf("%s needs a list", op.key)
		}
		switch op.key {
		case "$in":
			return in(path, values), nil
		case "$nin":
			return not(in(path, values)), nil
		}
		tests := make([]test, len(values))
		for i, v := range values {
			tests[i] = equal(path, v)
		}
		return all(tests), nil
	case "$gt", "$gte", "$lt", "$lte":
		return compare(path, op.key, op.value), nil
	case "$regex":
		return compileRegex(path, op.value, siblings)
	case "$options":
		if !slices.ContainsFunc(siblings, func(m member) bool { return m.key == "$regex" }) {
			return nil, errors.New("$options without $regex")
		}
		return nil, nil
	case "$exists":
		wanted, ok := op.value.(bool)
		if !ok {
			return nil, errors.New("$exists needs true or false")
		}
		return func(get lookup) bool { return !unset(get(path)) == wanted }, nil
	case "$size":
		n, ok := op.value.(float64)
		if !ok {
			return nil, errors.New("$size needs a number")
		}
		return func(get lookup) bool {
			have, isList := elements(get(path))
			return isList && len(have) == int(n)
		}, nil
	case "$not":
		inner, ok := op.value.([]member)
		if !ok || len(inner) == 0 {
			return nil, errors.New("$not needs an object with operators")
		}
		t, err := compileField(path, inner)
		if err != nil {
			return nil, err
		}
		return not(t), nil
	}
	return nil, fmt.Errorf("unknown operator %s", op.key)
}

func not(t test) test { return func(get lookup) bool { return !t(get) } }

// equal tests a field for a value. A list matches when it contains the value or equals it.
func equal(path string, want any) test {
	return func(get lookup) bool { return matches(get(path), want) }
}

func in(path string, values []any) test {
	// Long lists of ids are the rule, so texts are looked up, not scanned.
	texts := map[string]bool{}
	var others []any
	for _, v := range values {
		if s, ok := v.(string); ok {
			texts[s] = true
		} else {
			others = append(others, v)
		}
	}
	return func(get lookup) bool {
		have := get(path)
		switch have := have.(type) {
		case string:
			if texts[have] {
				return true
			}
		case []string: // the usual lists, without a copy
			return slices.ContainsFunc(have, func(s string) bool { return texts[s] })
		}
		if have, isList := elements(have); isList {
			for _, x := range have {
				if s, ok := x.(string); ok && texts[s] {
					return true
				}
			}
		}
		return slices.ContainsFunc(others, func(want any) bool { return matches(have, want) })
	}
}

func matches(have, want any) bool {
	if want == nil {
		return unset(have)
	}
	if same(have, want) {
		return true
	}
	if list, ok := have.([]string); ok { // the usual lists, without a copy
		text, ok := want.(string)
		return ok && slices.Contains(list, text)
	}
	if list, isList := elements(have); isList {
		return slices.ContainsFunc(list, func(x any) bool { return same(x, want) })
	}
	return false
}

// same compares one stored value with one of the filter.
func same(have, want any) bool {
	switch want := want.(type) {
	case string:
		s, ok := have.(string)
		return ok && s == want
	case bool:
		b, ok := have.(bool)
		return ok && b == want
	case float64:
		n, ok := number(have)
		return ok && n == want
	case []any:
		list, isList := elements(have)
		return isList && slices.EqualFunc(list, want, same)
	case []member:
		object, ok := plainJSON(have).(map[string]any)
		if !ok || len(object) != len(want) {
			return false
		}
		for _, m := range want {
			value, there := object[m.key]
			if !there || !same(value, m.value) && !(m.value == nil && value == nil) {
				return false
			}
		}
		return true
	}
	return false
}

// compare tests for greater and less. Only like kinds compare; a list matches when one element does. Dates may be
// written without milliseconds or in another zone.
func compare(path, op string, want any) test {
	if text, ok := want.(string); ok {
		if date, err := time.Parse(time.RFC3339, text); err == nil {
			want = dateText(date)
		}
	}
	holds := func(have any) bool {
		_, haveNumber := number(have)
		_, wantNumber := number(want)
		haveText, isText := have.(string)
		_, wantText := want.(string)
		if !(haveNumber && wantNumber) && !(isText && wantText && haveText != "") {
			return false
		}
		d := order(have, want)
		switch op {
		case "$gt":
			return d > 0
		case "$gte":
			return d >= 0
		case "$lt":
			return d < 0
		default:
			return d <= 0
		}
	}
	return func(get lookup) bool {
		have := get(path)
		if list, isList := elements(have); isList {
			return slices.ContainsFunc(list, holds)
		}
		return holds(have)
	}
}

func compileRegex(path string, value any, siblings []member) (test, error) {
	pattern, ok := value.(string)
	if !ok {
		return nil, errors.New("$regex needs a text")
	}
	for _, m := range siblings {
		if m.key != "$options" {
			continue
		}
		options, ok := m.value.(string)
		if !ok || strings.Trim(options, "ims") != "" {
			return nil, errors.New("$options may hold i, m and s")
		}
		if options != "" {
			pattern = "(?" + options + ")" + pattern
		}
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("$regex: %w", err)
	}
	holds := func(have any) bool {
		s, ok := have.(string)
		return ok && re.MatchString(s)
	}
	return func(get lookup) bool {
		have := get(path)
		if list, isList := elements(have); isList {
			return slices.ContainsFunc(list, holds)
		}
		return holds(have)
	}, nil
}

// unset says whether a field is missing. The API writes "" for an id or date that is not set, so "" counts too.
func unset(v any) bool { return v == nil || v == "" || v == absent }

// elements gives the members of a list.
func elements(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out, true
	case []doc:
		out := make([]any, len(v))
		for i, d := range v {
			out[i] = d
		}
		return out, true
	}
	return nil, false
}

// plainJSON turns a value of an answer into what encoding/json gives, to walk into it.
func plainJSON(v any) any {
	switch v.(type) {
	case nil, string, bool, float64, map[string]any, []any, absentField:
		return v
	}
	var out any
	if err := json.Unmarshal(encode(nil, v), &out); err != nil {
		return nil
	}
	return out
}

// walk follows a dotted path; through a list it gathers what its elements have.
func walk(v any, path string) any {
	name, rest, more := strings.Cut(path, ".")
	switch v := v.(type) {
	case map[string]any:
		if more {
			return walk(v[name], rest)
		}
		return v[name]
	case []any:
		var found []any
		for _, x := range v {
			switch got := walk(x, path).(type) {
			case nil:
			case []any:
				found = append(found, got...)
			default:
				found = append(found, got)
			}
		}
		if found == nil {
			return nil
		}
		return found
	}
	return nil
}
