package gtmhub

import (
	"net/url"
	"time"
)

// Inner parts that tests and fuzz targets reach.

func ParseRetryAfter(header string, now time.Time) (time.Duration, bool) {
	return parseRetryAfter(header, now)
}

func PathOfUserRole(user, role string) (string, error) { return opUserRolesTake.path(user, role) }
func PathOfPasswordPolicy(clientID string) (string, error) {
	return opUsersPasswordPolicy.path(clientID)
}

func (c *Client) Target(path string) (string, error) { return c.shared.target(path, url.Values{}) }

func (f Filter[F]) Encode() (string, error) { return f.encode() }

func (f LuceneFilter) Encode() (string, error) { return f.text, f.err }

func DecodeUsers(body []byte) (*Page[User], error) { return decodePage[User](body) }

func DecodeJSON(body []byte, into any) error { return decodeJSON(body, into) }

func DecodeManagers(body []byte) ([]ID, error) { return decodeManagers(body) }

func DecodePolicy(body []byte) (string, error) { return decodePolicy(body) }

func ErrorText(body []byte, token string) (code, message string) { return errorText(body, token) }

func (b *BulkResult) Read(body []byte) { b.read(body) }

func AcceptAny(body []byte) error { return acceptAny(body) }

var RefusePrivate = refusePrivate
