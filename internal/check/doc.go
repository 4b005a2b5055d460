// Package check looks whether the services behind the settings are there and fit: the Gtmhub account and its token, the
// identity provider, the database, and who holds which right.
//
// It only reads, and it repairs nothing: each [Line] says how a thing stands and what to do about it. The calls to
// Gtmhub are a table, so that an operation that the portal comes to need is one more row. No line holds a secret.
// Start at [Run].
package check
