package check

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
)

// claims are what a token says about itself. Nothing checks its signature, so they are hints and no more. The
// names are those that tokens of the product carry; they are not documented.
type claims struct {
	Subject string  `json:"sub"`
	Expires float64 `json:"exp"` // Unix seconds; 0 means never
	Gtmhub  string  `json:"https://gtmhub.com/app_metadata/accountId"`
	Newer   string  `json:"https://quantive.com/app_metadata/accountId"`
}

// readClaims reads the middle part of a JWT. ok is false for every other token.
func readClaims(token string) (c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}, false
	}
	return c, true
}

// soon is how long before the end of a token the operator is warned.
const soon = 14 * 24 * time.Hour

// tokenForm looks at the token itself, before anything is called.
func (r *run) tokenForm() claims {
	const name = "claims of the token"
	c, ok := readClaims(r.Config.Gtmhub.Token.Reveal())
	if !ok {
		r.ok(name, "The token is opaque: it says neither its account nor its end.")
		return c
	}
	left := time.Unix(int64(c.Expires), 0).Sub(r.Now())
	account := c.Gtmhub
	if account == "" {
		account = c.Newer
	}
	_, err := gtmhub.ParseID(account) // foreign text is printed only if it looks like an id
	switch {
	case c.Expires > 0 && left <= 0:
		r.fail(name, "The token has expired.", hintToken)
	case account != "" && !strings.EqualFold(account, r.Config.Gtmhub.Account):
		text := "The token was made for another account than PORTAL_GTMHUB_ACCOUNT"
		if err == nil {
			text += ": " + account
		}
		r.warn(name, text+".", hintAccount)
	case c.Expires > 0 && left < soon:
		r.warn(name, "The token expires in "+left.Round(time.Hour).String()+".", hintToken)
	case account == "":
		r.ok(name, "The token does not name an account.")
	default:
		r.ok(name, "The token was made for the account of PORTAL_GTMHUB_ACCOUNT.")
	}
	return c
}
