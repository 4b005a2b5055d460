// Package devidp is a local OpenID provider for the demo, for training and for tests. Instead of a password it shows
// a page on which one chooses who to be.
//
// It speaks the authorization code flow with PKCE, discovery, userinfo, refresh tokens and end_session, and puts
// email, email_verified, name and groups into the ID token. Its keys and tokens are kept in a file, so that a restart
// signs nobody out. It refuses every issuer that is not on a loopback address: whoever reaches it can be anybody.
//
// Start at [New].
package devidp
