// Package auth answers one question: who is this?
//
// It signs people in with OpenID Connect (authorization code, PKCE S256, state and nonce always), links a signed-in
// person once and for good to a Gtmhub user, and keeps sessions on the server: the cookie holds 256 random bits, the
// database only their SHA-256. It draws no pages and knows no rights: the caller gives it functions for both.
//
// The rules are made against account takeover by e-mail, forged or replayed tokens, login CSRF,
// and stolen sessions: a claim counts only after every check in [Providers] passed; a first link needs a verified
// address; a session that was deleted never comes back.
//
// Start at [Handler] for signing in and out, at [Store] for sessions, and at the ports [SessionRows], [PreLogins]
// and [Identities], which package store implements.
package auth
