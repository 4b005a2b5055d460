// Package pgtest gives tests a real PostgreSQL.
//
// The first call of [URL] in a test binary starts a server of its own: a temporary folder, a Unix socket in it, no
// network, no durability. It is stopped and its folder removed when the test binary ends, however it ends. Every call
// makes a fresh database. Start at [URL].
package pgtest
