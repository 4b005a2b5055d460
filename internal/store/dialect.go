package store

import "strings"

// Dialect says which database a Store has open.
type Dialect string

// The dialects. The values are those that operators read in logs.
const (
	SQLite     Dialect = "SQLite"
	PostgreSQL Dialect = "PostgreSQL"
)

// The tokens that differ, side by side. Everything else is one text for both.
//
//   - {now}: the database's clock, Unix milliseconds. It is the same in all places of one statement.
//   - {for update}: locks the rows read until the end of the transaction. SQLite has one writer, so it need not.
//   - {for share}: the same, but others may read them in this way too.
//   - {skip locked}: as {for update}, leaving out rows that another transaction has locked.
//   - {json}: after a column of text, so that ->> can read a member of it.
//   - $1: SQLite counts "$1" as a name in the order of first use, "?1" as a number. So both may be used in any order.
var (
	postgresTokens = strings.NewReplacer(
		"{now}", "(EXTRACT(EPOCH FROM statement_timestamp()) * 1000)::BIGINT",
		"{for update}", "FOR UPDATE",
		"{skip locked}", "FOR UPDATE SKIP LOCKED",
		"{for share}", "FOR SHARE",
		"{json}", "::JSON",
	)
	sqliteTokens = strings.NewReplacer(
		"{now}", "CAST(ROUND(unixepoch('subsec') * 1000) AS INTEGER)",
		"{for update}", "",
		"{skip locked}", "",
		"{for share}", "",
		"{json}", "",
		"$", "?",
	)
)

// sql returns a text in the words of the dialect. No text of ours may hold a "$" but in placeholders.
func (d Dialect) sql(text string) string {
	if d == PostgreSQL {
		return postgresTokens.Replace(text)
	}
	return sqliteTokens.Replace(text)
}
