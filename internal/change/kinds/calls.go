package kinds

import (
	"errors"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
)

// classes says what each kind of failed call means for the row and for the run. The order matters: an outcome that
// nobody knows outweighs everything else, and a call that never left outweighs its cause.
var classes = []struct {
	cause error
	class change.Class
	brief string
}{
	{gtmhub.ErrUnknownOutcome, change.Lost, ""},
	{gtmhub.ErrRateLimited, change.TooFast, ""},
	{gtmhub.ErrNotSent, change.NotDone, ""},
	{gtmhub.ErrUnauthorized, change.Stop, "the token is not accepted"},
	{gtmhub.ErrPaymentRequired, change.Stop, "no licence"},
	{gtmhub.ErrForbidden, change.Stop, "not permitted"},
	{gtmhub.ErrConflict, change.Conflicted, ""},
	{gtmhub.ErrNotFound, change.Refused, ""},
	{gtmhub.ErrInvalid, change.Refused, ""},
	{gtmhub.ErrLocked, change.Refused, ""},
}

// callError puts a failed write into the runner's words.
func callError(err error) error {
	if err == nil {
		return nil
	}
	ce := &change.CallError{Class: change.Lost, Err: err, Sentence: fault.Message(directory.Explain(err))}
	if ce.Sentence == "" {
		ce.Sentence = "The answer of Gtmhub was lost."
	}
	for _, c := range classes {
		if errors.Is(err, c.cause) {
			ce.Class, ce.Brief = c.class, c.brief
			break
		}
	}
	if api, ok := errors.AsType[*gtmhub.APIError](err); ok {
		ce.Wait = api.RetryAfter
	}
	return ce
}

// unread is a failed read just before a write: nothing was done.
func notDone(err error) error {
	ce := &change.CallError{Class: change.NotDone, Err: err, Sentence: fault.Message(directory.Explain(err))}
	if ce.Sentence == "" {
		ce.Sentence = "The account could not be read just now."
	}
	if errors.Is(err, fault.NotFound) || errors.Is(err, gtmhub.ErrNotFound) {
		ce.Class = change.Refused
	}
	return ce
}
