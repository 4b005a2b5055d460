package gtmhub

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// request is one call of an operation, before it is sent.
type request struct {
	op     operation
	values []string // for the placeholders of the path, in order
	query  url.Values
	body   any // nil means none
}

// answer is a usable answer: any 2xx that is no web page, or 304 to a write.
type answer struct {
	status int
	body   []byte
	date   time.Time // of the Date header
}

// do is the only way to the API. decode reads the body of a good answer (empty after 204 and 304); its error makes the
// answer a bad one. Reads are tried again as the options say, writes are sent once.
func (c *Client) do(ctx context.Context, r request, decode func(body []byte) error) error {
	path, err := r.op.path(r.values...)
	if err != nil {
		return r.op.refused(ErrInvalid, err)
	}
	target, err := c.shared.target(path, r.query)
	if err != nil {
		return r.op.refused(ErrInvalid, err)
	}
	var body []byte
	if r.body != nil {
		if body, err = json.Marshal(r.body); err != nil {
			return r.op.refused(ErrInvalid, errors.New("body cannot be encoded"))
		}
	}
	try := func() (*answer, error) { return c.try(ctx, r.op, path, target, body) }
	var a *answer
	if r.op.isRead() {
		a, err = c.shared.retry(ctx, try)
	} else {
		a, err = try()
	}
	if err != nil {
		if _, ok := errors.AsType[*APIError](err); !ok { // the context ended before a try had a result
			err = r.op.failure(path, contextKind(ctx), err)
		}
		return err
	}
	if err := decode(a.body); err != nil {
		e := r.op.failure(path, ErrBadAnswer, err)
		e.Status = a.status
		e.outcome = r.op.unless(ErrUnknownOutcome)
		return e
	}
	return nil
}

// target builds the URL under the base and checks that nothing in it left the base.
func (s *shared) target(path string, query url.Values) (string, error) {
	want := s.base.EscapedPath() + path
	u, err := url.Parse(s.base.String() + path)
	if err != nil || u.Scheme != s.base.Scheme || u.Host != s.base.Host || u.EscapedPath() != want || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("path leaves the base URL")
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// try sends the call once: breaker, slot, pace, token, HTTP.
func (c *Client) try(ctx context.Context, op operation, path, target string, body []byte) (a *answer, err error) {
	start := time.Now()
	if c.shared.observer != nil {
		defer func() { c.observe(op, start, a, err) }()
	}
	breaker := c.shared.breakers[op.group]
	if breaker.IsOpen() && breaker.RemainingDelay() > 0 {
		return nil, op.refused(ErrUnavailable, circuitbreaker.ErrOpen)
	}
	if err := c.acquire(ctx, op); err != nil {
		return nil, err
	}
	defer c.slots.ReleasePermit()

	token, err := c.token(ctx)
	if err == nil && (token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })) {
		err = errors.New("token is empty or holds odd characters")
	}
	if err != nil {
		return nil, op.refused(ErrUnauthorized, err)
	}
	start = time.Now() // what is observed is the call, not the wait for it
	if !breaker.TryAcquirePermit() {
		return nil, op.refused(ErrUnavailable, circuitbreaker.ErrOpen)
	}
	a, err = c.send(ctx, op, path, target, token, body)
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrBadAnswer):
		breaker.RecordFailure()
	case err == nil || ctx.Err() == nil:
		breaker.RecordSuccess()
	case !breaker.IsClosed():
		// The caller gave up on the call that was to show whether the API is back: nothing is shown.
		breaker.RecordFailure()
	}
	return a, err
}

// acquire waits for a slot and for the pace, at most one call timeout. The caller must release the slot.
func (c *Client) acquire(ctx context.Context, op operation) error {
	wait, cancel := context.WithTimeout(ctx, c.shared.callTimeout)
	defer cancel()
	err := c.slots.AcquirePermit(wait)
	if err == nil {
		if err = c.shared.pace(wait); err == nil {
			return nil
		}
		c.slots.ReleasePermit()
	}
	if errors.Is(err, errPaused) {
		e := op.refused(ErrRateLimited, err)
		e.RetryAfter = min(max(c.shared.pause(), minRetryAfter), maxRetryAfter)
		return e
	}
	if ctx.Err() != nil {
		return op.refused(contextKind(ctx), ctx.Err())
	}
	return op.refused(ErrUnavailable, errors.New("no free slot in time"))
}

func (c *Client) observe(op operation, start time.Time, a *answer, err error) {
	call := Call{Operation: op.number, Method: op.method, Pattern: op.pattern, Duration: time.Since(start), Err: err}
	if a != nil {
		call.Status, call.Date = a.status, a.date
	} else if e, ok := errors.AsType[*APIError](err); ok {
		call.Status, call.Date = e.Status, e.date
	}
	c.shared.observer(call)
}

// send makes the HTTP exchange and sorts what comes of it.
func (c *Client) send(ctx context.Context, op operation, path, target, token string, body []byte) (*answer, error) {
	s := c.shared
	limited, cancel := context.WithTimeout(ctx, s.callTimeout)
	defer cancel()
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(limited, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(traced, op.method, target, reader)
	if err != nil {
		return nil, op.refused(ErrInvalid, errors.New("request cannot be built"))
	}
	// Without GetBody net/http has no second copy of the body to send. There must never be an Idempotency-Key header
	// either: the API ignores it and net/http would take the POST for repeatable.
	req.GetBody = nil
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("gtmhub-accountId", s.accountID)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json") // the documents send it with every call
	req.Header.Set("User-Agent", s.userAgent)

	client := s.writes
	if op.isRead() {
		client = s.reads
	}
	resp, err := client.Do(req)
	if err != nil {
		e := c.transportError(ctx, op, path, err)
		if isDial(err) || s.ownTransport && !connected.Load() {
			e.outcome = op.unless(ErrNotSent)
		}
		return nil, e
	}
	defer resp.Body.Close()
	return c.receive(ctx, op, path, token, resp)
}

// receive reads an answer and decides what it means.
func (c *Client) receive(ctx context.Context, op operation, path, token string, resp *http.Response) (*answer, error) {
	status := resp.StatusCode
	e := op.failure(path, nil, nil)
	e.Status = status
	e.date, _ = http.ParseTime(resp.Header.Get("Date"))
	e.RequestID = clean(or(resp.Header.Get("X-Request-Id"), resp.Header.Get("X-Correlation-Id")), token, 64)
	if status == http.StatusNotModified && !op.isRead() {
		return &answer{status: status, date: e.date}, nil
	}
	if status < 200 || status > 299 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes)) // the status decides, the text only helps
		e.kind = kindOf(status)
		e.again = isTransient(status)
		e.Code, e.Message = errorText(body, token)
		if errors.Is(e.kind, ErrNotFound) && isHTML(resp.Header.Get("Content-Type"), body) {
			e.kind = ErrBadAnswer
		}
		if !isRefusal(status) {
			e.outcome = op.unless(ErrUnknownOutcome)
		}
		if wait, ok := parseRetryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
			e.RetryAfter = wait
		}
		if status == http.StatusTooManyRequests {
			c.shared.holdBack(e.RetryAfter)
		}
		return nil, e
	}

	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	switch {
	case err != nil && (ctx.Err() != nil || isTimeout(err)):
		e := c.transportError(ctx, op, path, err)
		e.Status = status
		return nil, e
	case err != nil:
		e.cause, e.again = errors.New("body is cut"), true
	case len(body) > maxAnswerBytes:
		e.cause = errors.New("body is too big")
	case isHTML(resp.Header.Get("Content-Type"), body):
		e.cause = errors.New("a web page instead of an answer: check the base URL")
	default:
		if status == http.StatusNoContent {
			body = nil
		}
		return &answer{status: status, body: body, date: e.date}, nil
	}
	e.kind, e.outcome = ErrBadAnswer, op.unless(ErrUnknownOutcome)
	return nil, e
}

// transportError is for an exchange that broke off. For a write the outcome is unknown until shown otherwise.
func (c *Client) transportError(ctx context.Context, op operation, path string, err error) *APIError {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the URL holds the filter, and so addresses of people
	}
	e := op.failure(path, ErrUnavailable, err)
	e.outcome = op.unless(ErrUnknownOutcome)
	if ctx.Err() != nil {
		e.kind, e.cause = contextKind(ctx), ctx.Err()
		return e
	}
	// A certificate that does not fit now will not fit in a second.
	_, badCertificate := errors.AsType[x509.UnknownAuthorityError](err)
	_, badName := errors.AsType[x509.HostnameError](err)
	e.again = !badCertificate && !badName
	return e
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
