package change

import (
	"sync"

	"github.com/gtmhub-portal/portal/internal/id"
)

// OwnTokens are people's own tokens at Gtmhub, lent for one change each while the request runs in which the person makes
// it. They are in memory only: a row that runs later, or elsewhere, does without and says so. The zero value is ready to
// use, by several goroutines.
type OwnTokens struct {
	mu   sync.Mutex
	lent map[id.Change]string
}

// Lend gives a token for one change; the function that is returned takes it back. An empty token is none.
func (o *OwnTokens) Lend(c id.Change, token string) (back func()) {
	if token == "" {
		return func() {}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lent == nil {
		o.lent = map[id.Change]string{}
	}
	o.lent[c] = token
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.lent, c)
	}
}

// Of is the token that was lent for a change.
func (o *OwnTokens) Of(c id.Change) (token string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	token, ok = o.lent[c]
	return token, ok
}
