package store

import (
	"strconv"
	"strings"
)

// where collects the conditions of a query and their arguments. All of them must hold.
type where struct {
	conditions []string
	args       []any
}

// arg adds an argument and returns its placeholder.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

// add adds a condition; each ? in it stands for the next argument.
func (w *where) add(condition string, args ...any) {
	for _, a := range args {
		condition = strings.Replace(condition, "?", w.arg(a), 1)
	}
	w.conditions = append(w.conditions, condition)
}

// text is " WHERE ...", or empty without conditions.
func (w *where) text() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// fold is the form in which texts are searched: the databases know letter case for ASCII only.
func fold(s string) string { return strings.ToLower(s) }

var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// contains is the LIKE pattern, with escape character \, for folded texts in which s stands.
func contains(s string) string { return "%" + escapeLike.Replace(fold(s)) + "%" }
