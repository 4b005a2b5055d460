package emulator

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// view is what the form of an answer depends on.
type view struct {
	s        *state
	readings Readings
	plain    bool // mentions as plain text
	direct   bool // leave out team roles
	brief    bool // a list: team roles do not repeat the members of their team
}

// column is one field of a record as the API shows it.
type column[T any] struct {
	name  string
	value func(*view, T) any
}

// shape lists the fields of a kind of record in the order in which they are shown.
type shape[T any] struct {
	columns []column[T]
	// paths are names that only filters and sorting know, or that they reach faster than through the whole field.
	paths map[string]func(*view, T) any
	index map[string]int
}

func newShape[T any](paths map[string]func(*view, T) any, columns ...column[T]) *shape[T] {
	s := &shape[T]{columns: columns, paths: paths, index: map[string]int{}}
	for i, c := range columns {
		s.index[c.name] = i
	}
	return s
}

// show gives the whole record.
func (s *shape[T]) show(v *view, record T) doc {
	out := make(doc, 0, len(s.columns))
	for _, c := range s.columns {
		if value := c.value(v, record); value != absent {
			out = append(out, pair{c.name, value})
		}
	}
	return out
}

// absentField is the value of a field that is left out altogether.
type absentField struct{}

var absent any = absentField{}

// lookup gives what a filter or a sort expression names: a field, a special path, or a path into a field.
func (s *shape[T]) lookup(v *view, record T, path string) any {
	if path == "_id" {
		path = "id"
	}
	if f, ok := s.paths[path]; ok {
		return f(v, record)
	}
	name, rest, nested := strings.Cut(path, ".")
	i, ok := s.index[name]
	if !ok {
		return nil
	}
	value := s.columns[i].value(v, record)
	if nested {
		return walk(plainJSON(value), rest)
	}
	return value
}

// project shows only the wanted fields.
func (s *shape[T]) project(v *view, record T, fields projection) doc {
	if fields == nil {
		return s.show(v, record)
	}
	out := make(doc, 0, len(fields))
	for _, f := range fields {
		i, ok := s.index[f.name]
		if !ok {
			continue // an unknown field is just not there, as in a Mongo projection
		}
		value := s.columns[i].value(v, record)
		if value == absent {
			continue
		}
		out = append(out, pair{f.name, f.sub.cut(value)})
	}
	return out
}

// projection is a parsed fields parameter; nil means all fields.
type projection []wanted

type wanted struct {
	name string
	sub  projection
}

// cut applies a nested projection to a value.
func (p projection) cut(value any) any {
	if p == nil {
		return value
	}
	switch value := value.(type) {
	case doc:
		out := doc{}
		for _, f := range p {
			for _, have := range value {
				if have.name == f.name {
					out = append(out, pair{f.name, f.sub.cut(have.value)})
				}
			}
		}
		return out
	case []doc:
		out := make([]doc, len(value))
		for i, d := range value {
			out[i] = p.cut(d).(doc)
		}
		return out
	default:
		return value
	}
}

// parseFields reads "a,b{c,d},e.f". Nesting is allowed to 8 levels.
func parseFields(text string) (projection, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	p, rest, err := readFields(text, 0)
	if err != nil {
		return nil, err
	}
	if rest != "" {
		return nil, malformed(http.StatusBadRequest, "fields: unexpected %q", rest[:1])
	}
	return p, nil
}

func readFields(text string, depth int) (projection, string, error) {
	if depth > 8 {
		return nil, "", malformed(http.StatusBadRequest, "fields: nested too deep")
	}
	p := projection{}
	for {
		end := strings.IndexAny(text, ",{}")
		if end < 0 {
			end = len(text)
		}
		name := strings.TrimSpace(text[:end])
		text = text[end:]
		var sub projection
		if strings.HasPrefix(text, "{") {
			var err error
			if sub, text, err = readFields(text[1:], depth+1); err != nil {
				return nil, "", err
			}
			if !strings.HasPrefix(text, "}") {
				return nil, "", malformed(http.StatusBadRequest, "fields: a brace is not closed")
			}
			text = text[1:]
		}
		if first, rest, dotted := strings.Cut(name, "."); dotted {
			name, sub = first, projection{{rest, sub}}
		}
		if name == "_id" {
			name = "id"
		}
		if name != "" {
			p = append(p, wanted{name, sub})
		}
		if !strings.HasPrefix(text, ",") {
			return p, text, nil
		}
		text = text[1:]
	}
}

// listQuery is the parsed query of a list operation.
type listQuery struct {
	fields projection
	filter *filter
	sort   string
	skip   int
	limit  int
}

const defaultPage = 100

// listQuery reads fields, filter, sort, skip, limit and take. limit wins over take.
func (c *call) listQuery() (listQuery, error) {
	q := listQuery{sort: c.query.Get("sort"), limit: defaultPage}
	var err error
	if q.fields, err = parseFields(c.query.Get("fields")); err != nil {
		return q, err
	}
	if text := c.query.Get("filter"); text != "" {
		if q.filter, err = parseFilter(text); err != nil {
			return q, malformed(http.StatusBadRequest, "filter: %v", err)
		}
	}
	err = c.paging(&q)
	return q, err
}

// paging reads skip, take and limit.
func (c *call) paging(q *listQuery) error {
	for _, p := range []struct {
		name string
		into *int
	}{{"skip", &q.skip}, {"take", &q.limit}, {"limit", &q.limit}} {
		text := c.query.Get(p.name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return malformed(http.StatusBadRequest, "%s is not a number of records", p.name)
		}
		*p.into = n
	}
	q.limit = min(q.limit, c.readings.pageCap())
	return nil
}

// list answers a list operation. candidates narrows the records that the filter must look at; nil means all.
func list[T entity](c *call, sh *shape[T], all *table[T], cache *sortCache[T], q listQuery, candidates func(key string, values []string) []T) reply {
	rows := all.order
	narrowed := false
	if q.filter != nil && candidates != nil {
		if key, values, ok := q.filter.narrow(); ok {
			rows, narrowed = candidates(key, values), true
		}
	}
	if q.sort != "" {
		sorted := func() []T { return sortBy(sh, c.view, rows, q.sort) }
		if narrowed || cache == nil {
			rows = sorted()
		} else {
			rows = cache.get(c.s.version, q.sort, sorted)
		}
	}
	total := len(rows)
	var page []T
	if q.filter == nil {
		from := min(q.skip, total)
		page = rows[from:min(from+q.limit, total)]
	} else {
		total = 0
		for _, r := range rows {
			if !q.filter.match(func(path string) any { return sh.lookup(c.view, r, path) }) {
				continue
			}
			if total >= q.skip && len(page) < q.limit {
				page = append(page, r)
			}
			total++
		}
	}
	items := make([]doc, len(page))
	for i, r := range page {
		items[i] = sh.project(c.view, r, q.fields)
	}
	return envelope(items, total)
}

func envelope(items []doc, total int) reply {
	return reply{status: http.StatusOK, body: doc{{"items", items}, {"totalCount", total}}}
}

// sortBy orders records by an expression such as "-dateCreated,name". Equal records keep their order.
func sortBy[T any](sh *shape[T], v *view, rows []T, expression string) []T {
	type keyed struct {
		row  T
		keys []any
	}
	parts := strings.Split(expression, ",")
	down := make([]bool, len(parts))
	for i, p := range parts {
		p = strings.TrimSpace(p)
		parts[i], down[i] = strings.CutPrefix(p, "-")
	}
	all := make([]keyed, len(rows))
	values := make([]any, len(rows)*len(parts))
	for i, r := range rows {
		all[i] = keyed{r, values[i*len(parts) : (i+1)*len(parts)]}
		for j, p := range parts {
			all[i].keys[j] = sh.lookup(v, r, p)
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		for j := range parts {
			if d := order(a.keys[j], b.keys[j]); d != 0 {
				if down[j] {
					return -d
				}
				return d
			}
		}
		return 0
	})
	out := make([]T, len(all))
	for i, k := range all {
		out[i] = k.row
	}
	return out
}

// order compares two values of one field: nothing before false before true, numbers and texts by size.
func order(a, b any) int {
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return cmp.Compare(x, y)
		}
	case bool:
		if y, ok := b.(bool); ok && x != y {
			if x {
				return 1
			}
			return -1
		}
	}
	x, xok := number(a)
	y, yok := number(b)
	switch {
	case xok && yok:
		return cmp.Compare(x, y)
	case a == nil && b != nil:
		return -1
	case a != nil && b == nil:
		return 1
	}
	return 0
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// mention is the markup of a mentioned person: @[Name:email:userId].
var mention = regexp.MustCompile(`@\[([^:\]]*):[^\]]*\]`)

// text shows a text that people wrote, in the wanted formatting.
func (v *view) text(s string) string {
	if v.plain {
		return mention.ReplaceAllString(s, "@$1")
	}
	return s
}
