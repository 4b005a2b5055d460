package gtmhub

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The kinds of failure. Every error of a call that reached the point of being sent, or was refused before it, matches
// at least one of them through [errors.Is]; a call that its own caller cancelled matches [context.Canceled] instead.
var (
	// ErrInvalid: the API answered 400, 422 or another "your request is wrong", or the client refused the arguments.
	ErrInvalid = errors.New("invalid request")
	// ErrUnauthorized: 401, or the token source gave no usable token.
	ErrUnauthorized = errors.New("token refused")
	// ErrPaymentRequired: 402, the subscription of the account does not allow the call.
	ErrPaymentRequired = errors.New("not in the subscription")
	// ErrForbidden: 403, the token's user lacks the permission, or the account id is wrong.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound: 404 or 410 from the API itself. An HTML page with these codes is ErrBadAnswer instead, so that a
	// wrong base URL never looks like an absent user.
	ErrNotFound = errors.New("not found")
	// ErrConflict: 409. For a new user: the e-mail is taken. For a removal: a rule of the account forbids it.
	ErrConflict = errors.New("conflict")
	// ErrLocked: 423, the objective is locked.
	ErrLocked = errors.New("locked")
	// ErrRateLimited: 429, or the pause after one is still on. APIError.RetryAfter says for how long.
	ErrRateLimited = errors.New("rate limited")
	// ErrUnavailable: 5xx, a transport failure, a timeout, an open circuit breaker, or no free slot in time.
	ErrUnavailable = errors.New("unavailable")
	// ErrBadAnswer: an HTML page, a redirect, a cut or oversized body, or JSON of another shape than documented.
	ErrBadAnswer = errors.New("unusable answer")

	// ErrUnknownOutcome comes with the errors of writes that may have taken effect: 5xx, timeout, reset, 3xx, or a 2xx
	// whose body is cut or odd. Read the record again before doing anything else.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrNotSent comes with the errors of writes of which no byte left: bad arguments, open breaker, no slot or pace in
	// time, no token, no connection. Such a write can be tried again safely.
	ErrNotSent = errors.New("not sent")
)

// maxMessageRunes is how much of an upstream error text is kept.
const maxMessageRunes = 500

// APIError is the error of every failed call. Its text holds the operation, the status and the kind, but neither query,
// ids, body nor the upstream's message, so that it can be logged. It is immutable.
type APIError struct {
	// Operation is the number in docs/gtmhub-operations.md; 41 is the roles list, which is outside it.
	Operation int
	Method    string
	// Pattern is the documented path with its placeholders, Path the escaped path that was called, without query.
	Pattern, Path string
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Code is the machine-readable code of the error body, if there is one.
	Code string
	// Message is the upstream's text, at most 500 characters, without control characters. It is foreign text and may
	// name people: show it as text to whoever may see the record, never log it.
	Message string
	// RequestID is the upstream's request id, if it sent one.
	RequestID string
	// RetryAfter is how long to wait after ErrRateLimited or a 503; 0 when the upstream did not say. Within 1 s..5 min.
	RetryAfter time.Duration

	date    time.Time // of the Date header, for the observer
	kind    error     // one of the kinds, nil if the caller cancelled
	outcome error     // ErrUnknownOutcome, ErrNotSent or nil
	cause   error
	again   bool // a read may be tried again
}

// Error gives the text for logs.
func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString("gtmhub: " + e.Method + " " + e.Pattern)
	if e.Status != 0 {
		b.WriteString(": status " + strconv.Itoa(e.Status))
	}
	for _, err := range e.Unwrap() {
		b.WriteString(": " + err.Error())
	}
	return b.String()
}

// Unwrap gives the kinds and the cause to [errors.Is] and [errors.As].
func (e *APIError) Unwrap() []error {
	var all []error
	for _, err := range []error{e.kind, e.outcome, e.cause} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// failure starts the error of one call.
func (op operation) failure(path string, kind, cause error) *APIError {
	return &APIError{Operation: op.number, Method: op.method, Pattern: op.pattern, Path: path, kind: kind, cause: cause}
}

// refused is the error of a call that was not sent.
func (op operation) refused(kind, cause error) *APIError {
	e := op.failure("", kind, cause)
	e.outcome = op.unless(ErrNotSent)
	return e
}

// unless gives the outcome for a write and nil for a read, whose outcome nobody needs to know.
func (op operation) unless(outcome error) error {
	if op.isRead() {
		return nil
	}
	return outcome
}

// asNotSent marks the error of a read that had to come before a write: the write did not happen.
func asNotSent(err error) error {
	if e, ok := errors.AsType[*APIError](err); ok {
		c := *e
		c.outcome = ErrNotSent
		return &c
	}
	return err
}

// kindOf sorts the answers that are neither 2xx nor an accepted 304.
func kindOf(status int) error {
	switch status {
	case http.StatusUnauthorized:
		return ErrUnauthorized
	case http.StatusPaymentRequired:
		return ErrPaymentRequired
	case http.StatusForbidden:
		return ErrForbidden
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusLocked:
		return ErrLocked
	case http.StatusTooManyRequests:
		return ErrRateLimited
	case http.StatusRequestTimeout:
		return ErrUnavailable
	}
	switch {
	case status >= 500:
		return ErrUnavailable
	case status >= 400:
		return ErrInvalid
	}
	return ErrBadAnswer // 1xx and 3xx
}

// isRefusal says whether the status means "definitely not done" for a write.
func isRefusal(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

// isTransient says whether a read is worth another try after this status.
func isTransient(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// errorText finds code and message in an error body. No sample is documented, so it tries the
// usual JSON forms and then plain text. HTML gives nothing.
func errorText(body []byte, token string) (code, message string) {
	var object struct {
		Code    any `json:"code"`
		Error   any `json:"error"`
		Message any `json:"message"`
		Reason  any `json:"reason"`
		Errors  any `json:"errors"`
	}
	var text string
	switch {
	case isHTML("", body):
	case checkDepth(body) != nil:
	case json.Unmarshal(body, &object) == nil:
		for _, v := range []any{object.Error, object.Message, object.Reason, object.Errors} {
			if message = textIn(v); message != "" {
				break
			}
		}
		code = textIn(object.Code)
	case json.Unmarshal(body, &text) == nil:
		message = text
	default:
		message = string(body)
	}
	return clean(code, token, 64), clean(message, token, maxMessageRunes)
}

// textIn finds a text in a string, a number, an object with a message, or the first useful item of an array.
func textIn(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		for _, item := range v {
			if s := textIn(item); s != "" {
				return s
			}
		}
	case map[string]any:
		for _, key := range []string{"message", "error", "reason"} {
			if s := textIn(v[key]); s != "" {
				return s
			}
		}
	}
	return ""
}

// clean makes foreign text safe to keep: valid UTF-8, no control or formatting characters, bounded, and without our
// token, which a broken upstream may echo.
func clean(s, token string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if token != "" { // after the mapping, which could put a scattered token together
		s = strings.ReplaceAll(s, token, "[redacted]")
	}
	s = strings.TrimSpace(s)
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit])
	}
	return s
}

// contextKind is the kind of a failure that a context ended: none if the caller gave up, else unavailable.
func contextKind(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return ErrUnavailable
}
