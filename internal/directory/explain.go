package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/fault"
)

// explanations give each kind of gtmhub error its fault kind and sentence. The first that matches counts: an unknown
// outcome matters more than what caused it.
var explanations = []struct {
	cause   error
	kind    fault.Kind
	message string
}{
	{gtmhub.ErrUnknownOutcome, fault.Unavailable, "Gtmhub did not confirm this. It may or may not have happened, and has to be looked up before it is tried again."},
	{gtmhub.ErrUnauthorized, fault.Unavailable, "Gtmhub does not accept the portal's token. The operator has to check it."},
	{gtmhub.ErrPaymentRequired, fault.Forbidden, "The company's Gtmhub subscription does not allow this, or has no seat left."},
	{gtmhub.ErrForbidden, fault.Forbidden, "Gtmhub does not permit this with the portal's token. The operator has to check its permissions and the account id."},
	{gtmhub.ErrNotFound, fault.NotFound, "Gtmhub has no such record any more."},
	{gtmhub.ErrConflict, fault.Conflict, "Gtmhub refuses this because it conflicts with what is there, such as an address that is taken or a last administrator."},
	{gtmhub.ErrLocked, fault.Conflict, "This is locked in Gtmhub and cannot be changed."},
	{gtmhub.ErrRateLimited, fault.RateLimited, "Gtmhub asks for a pause because it gets too many calls. Try again in a little while."},
	{gtmhub.ErrUnavailable, fault.Unavailable, "Gtmhub does not answer at the moment. Try again in a little while."},
	{gtmhub.ErrBadAnswer, fault.Unavailable, "Gtmhub gave an answer that the portal cannot use. If this goes on, the operator has to check the address of the API."},
	{gtmhub.ErrInvalid, fault.Invalid, "Gtmhub does not accept this as it is."},
}

// Explain turns an error of package gtmhub into one of a fault kind with a sentence for people; the cause stays inside
// for the log. Where Gtmhub said how long to wait, a [fault.Retry] is inside too. Other errors, errors that have a kind
// already, and calls that the caller cancelled come back as they are; nil stays nil. It never repeats Gtmhub's own text,
// which may name people.
func Explain(err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	if errors.Is(err, context.Canceled) && !errors.Is(err, gtmhub.ErrUnknownOutcome) {
		return err
	}
	for _, e := range explanations {
		if !errors.Is(err, e.cause) {
			continue
		}
		cause := err
		if api, ok := errors.AsType[*gtmhub.APIError](err); ok && api.RetryAfter > 0 {
			cause = fmt.Errorf("%w: %w", err, &fault.Retry{After: api.RetryAfter})
		}
		return fault.Wrap(cause, e.kind, e.message)
	}
	return err
}
