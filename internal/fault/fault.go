// Package fault holds the few kinds of error that the whole portal understands.
//
// An error carries a kind (what went wrong in general), a message for people, and the cause for operators.
// The message is set where the cause is understood; code in between only wraps with fmt.Errorf("...: %w").
// Anything without a kind counts as Internal: people see a reference number and nothing else.
// Start at [New] and [KindOf].
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind says what went wrong in general. A Kind is itself an error, so errors.Is(err, fault.NotFound) works
// through any number of wrappings.
type Kind string

// The kinds. The HTTP status of each is in [Status].
const (
	Invalid     Kind = "invalid"      // what was sent cannot be used as it is: 422
	NotFound    Kind = "not found"    // it does not exist, or the actor may not know that it exists: 404
	Forbidden   Kind = "forbidden"    // the actor may see it but not do this: 403
	Conflict    Kind = "conflict"     // somebody else was faster, or the state does not allow it any more: 409
	TooLarge    Kind = "too large"    // over a limit of size or number: 413
	RateLimited Kind = "rate limited" // too much at once: 429
	Unavailable Kind = "unavailable"  // something that we depend on does not answer: 503
	Full        Kind = "full"         // the disk or database has no room: 507
	Internal    Kind = "internal"     // our mistake: 500
)

// Error makes a Kind usable with errors.Is.
func (k Kind) Error() string { return string(k) }

// Status is the HTTP status that answers an error of this kind.
func (k Kind) Status() int {
	switch k {
	case Invalid:
		return http.StatusUnprocessableEntity
	case NotFound:
		return http.StatusNotFound
	case Forbidden:
		return http.StatusForbidden
	case Conflict:
		return http.StatusConflict
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case RateLimited:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	case Full:
		return http.StatusInsufficientStorage
	default:
		return http.StatusInternalServerError
	}
}

// Error is an error of a known kind with a message that is fit for people.
type Error struct {
	// Kind is never empty.
	Kind Kind
	// Message is one or more whole sentences in plain English: what happened, that nothing was lost, what to do.
	// It never holds internals.
	Message string
	// Err is the cause, for the log; it may be nil.
	Err error
}

// New makes an error of a kind with a message for people.
func New(k Kind, message string) *Error { return &Error{Kind: k, Message: message} }

// Newf is New with a format.
func Newf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// Wrap gives a cause its kind and its message for people. A nil cause is allowed.
func Wrap(err error, k Kind, message string) *Error {
	return &Error{Kind: k, Message: message, Err: err}
}

func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Kind) + ": " + e.Message
	}
	return string(e.Kind) + ": " + e.Message + ": " + e.Err.Error()
}

// Unwrap leads to the kind and to the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// KindOf returns the kind of the outermost error that has one, and Internal for all others. KindOf(nil) is "".
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if e, ok := errors.AsType[*FieldError](err); ok && e != nil {
		return Invalid
	}
	if k, ok := errors.AsType[Kind](err); ok {
		return k
	}
	return Internal
}

// Message returns the sentence for people, or "" when the error has none and the page must show a reference number.
func Message(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Message
	}
	if e, ok := errors.AsType[*FieldError](err); ok {
		return e.Message
	}
	return ""
}

// FieldError says what is wrong with one field of a form. Its kind is Invalid.
type FieldError struct {
	// Field is the name of the form field.
	Field string
	// Message is a sentence for the person who filled it in.
	Message string
}

func (e *FieldError) Error() string { return "field " + e.Field + ": " + e.Message }

// Unwrap makes errors.Is(err, Invalid) true.
func (e *FieldError) Unwrap() error { return Invalid }

// Retry is an error that says when to try again. RateLimited and Unavailable errors may wrap one.
type Retry struct {
	// After is how long to wait; never negative.
	After time.Duration
}

func (r *Retry) Error() string { return "try again in " + r.After.String() }
