// Package store keeps everything the portal must not forget, in SQLite or in PostgreSQL.
//
// It implements the ports of the packages that use it (change, auth, audit, joiners, directory) and knows no rule of
// theirs: each method is one transaction, and the doc comment of the port says what it does. SQL is written by hand,
// one text for both databases; the few words that differ are tokens such as {now}, replaced per [Dialect] in
// dialect.go. Times are BIGINT columns with Unix milliseconds. Errors of the drivers become kinds of package fault by
// their code, never by their text.
//
// What it refuses to do: open a SQLite file that another process has open, trust the clock of an instance where
// several share the data (leases and the audit trail go by the database's clock), and change or delete an entry of
// the audit trail. Start at [Open].
package store
