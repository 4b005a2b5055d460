package gtmhub

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// Bounds for waiting.
const (
	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute
	maxBackoff    = 30 * time.Second
	// A breaker opens when breakerFailures of the last breakerWindow calls failed, and lets one call through after breakerDelay.
	breakerFailures = 5
	breakerWindow   = 10
	breakerDelay    = 10 * time.Second
)

func newBreaker() circuitbreaker.CircuitBreaker[any] {
	return circuitbreaker.NewBuilder[any]().
		WithFailureThresholdRatio(breakerFailures, breakerWindow).
		WithSuccessThreshold(1).
		WithDelay(breakerDelay).
		Build()
}

// newRetryPolicy is for reads only. It waits as long as the answer asked, else backs off.
func newRetryPolicy(tries int, base time.Duration) retrypolicy.RetryPolicy[*answer] {
	return retrypolicy.NewBuilder[*answer]().
		HandleIf(func(_ *answer, err error) bool {
			e, ok := errors.AsType[*APIError](err)
			return ok && e.again
		}).
		WithMaxAttempts(tries).
		WithBackoff(base, max(maxBackoff, 2*base)).
		WithJitterFactor(0.25).
		WithDelayFunc(func(x failsafe.ExecutionAttempt[*answer]) time.Duration {
			if e, ok := errors.AsType[*APIError](x.LastError()); ok && e.RetryAfter > 0 {
				return e.RetryAfter
			}
			return -1 // the backoff
		}).
		ReturnLastFailure().
		Build()
}

// retry runs a read until it succeeds, fails for good or runs out of tries. When the context ends in a wait, the
// failure that was waited for is answered, because it says more.
func (s *shared) retry(ctx context.Context, try func() (*answer, error)) (*answer, error) {
	var last error
	got, err := failsafe.With(s.retries).WithContext(ctx).Get(func() (*answer, error) {
		a, err := try()
		if e, ok := errors.AsType[*APIError](err); ok && e.again && !s.worthWaiting(ctx, e) {
			e.again = false
		}
		last = err
		return a, err
	})
	if err != nil && last != nil {
		return nil, last
	}
	return got, err
}

// worthWaiting says whether a wait that the answer asked for ends while somebody still wants the result.
func (s *shared) worthWaiting(ctx context.Context, e *APIError) bool {
	if ctx.Err() != nil || e.RetryAfter > s.callTimeout {
		return false
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > e.RetryAfter
}

// parseRetryAfter reads the header as seconds or as a date and clamps it to 1 s..5 min. ok is false if there is none.
func parseRetryAfter(header string, now time.Time) (wait time.Duration, ok bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseFloat(header, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		switch {
		case seconds != seconds: // not a number
			return 0, false
		case seconds >= maxRetryAfter.Seconds():
			return maxRetryAfter, true
		case seconds <= minRetryAfter.Seconds():
			return minRetryAfter, true
		}
		return time.Duration(seconds * float64(time.Second)), true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), minRetryAfter), maxRetryAfter), true
}

// holdBack makes all calls of all derived clients wait. A shorter wait never replaces a longer one.
func (s *shared) holdBack(wait time.Duration) {
	until := time.Now().Add(max(wait, minRetryAfter)).UnixNano()
	for {
		old := s.pausedUntil.Load()
		if old >= until || s.pausedUntil.CompareAndSwap(old, until) {
			return
		}
	}
}

// pause is what is left of the wait, 0 if nothing.
func (s *shared) pause() time.Duration {
	return max(0, time.Until(time.Unix(0, s.pausedUntil.Load())))
}

// errPaused says that the wait after a 429 is longer than the call may take.
var errPaused = errors.New("the API asked all calls to wait")

// pace waits until the next call may leave: after any pause, at the common rate.
func (s *shared) pace(ctx context.Context) error {
	for {
		if wait := s.pause(); wait > 0 {
			if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
				return errPaused
			}
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return ctx.Err()
			}
			continue
		}
		if err := s.limiter.Wait(ctx); err != nil {
			return err
		}
		if s.pause() == 0 { // a 429 may have come in meanwhile
			return nil
		}
	}
}
