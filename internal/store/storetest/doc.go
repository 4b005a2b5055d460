// Package storetest is the proof that a store keeps its promises: the same suite runs on SQLite and on PostgreSQL.
//
// It knows only the ports, not the SQL. Whoever adds a database, or a method to a port, adds to it here. Start at
// [Run].
package storetest
