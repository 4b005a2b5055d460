// Package authtest helps tests of signing in: [Memory] keeps the rows of package auth in memory, and [Provider] is an
// OpenID provider that misbehaves on demand. Only tests import it.
package authtest
