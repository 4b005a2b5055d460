package change

import "strings"

// Plain returns the text as every database can hold it: without NUL, and with U+FFFD for bytes that are no UTF-8.
// PostgreSQL refuses both. What is hashed must be plain before, or the stored text would have another hash.
func Plain(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// plain makes all texts of the row plain. Ids are checked where they are made, and JSON has no such bytes.
func (r *Row) plain() {
	for _, s := range []*string{&r.Subject, &r.Detail, &r.Group, &r.Lock, &r.Before, &r.After, &r.Note, &r.Reason} {
		*s = Plain(*s)
	}
}
