package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gtmhub-portal/portal/internal/fault"
)

// Transport sends notices of one channel. It is safe for concurrent use.
type Transport interface {
	// Where says where it sends to, without any secret, such as "mail.northwind.example:587".
	Where() string
	// Repeats says that the other side recognises a notice that comes twice, so that one whose outcome is not known is
	// sent again.
	Repeats() bool
	// Open gets ready to send one notice. An error means that nothing of it has left.
	Open(ctx context.Context, n Notice) (Attempt, error)
}

// Attempt is one notice that is ready to leave.
type Attempt interface {
	// Send sends it. A *NotSent means that the other side surely does not have it; any other error, that nobody knows.
	Send(ctx context.Context) error
	// Close gives connections back; it may be called at any time.
	Close()
}

// NotSent is a failure after which the other side surely does not have the notice.
type NotSent struct {
	// Sentence is for the operator. It repeats nothing that the other side wrote: that may hold names.
	Sentence string
	// Final says that trying again is useless.
	Final bool
	Err   error
}

func (e *NotSent) Error() string {
	if e.Err == nil {
		return e.Sentence
	}
	return e.Sentence + ": " + e.Err.Error()
}

func (e *NotSent) Unwrap() error { return e.Err }

const (
	sentenceUncertain = "The connection broke while it was being sent, so nobody knows whether it arrived."
	sentenceNotReady  = "It could not be sent."
)

// Send sends one notice of the channel that is due and returns 1, or 0 when there is none. A failure that is not of the
// notice itself ends in an error, so that the next one waits for the next poll.
func (s *Service) Send(ctx context.Context, c Channel) (int, error) {
	var repeat []Channel
	if s.transport(c).Repeats() {
		repeat = []Channel{c}
	}
	if _, err := s.o.Store.Expire(ctx, repeat); err != nil {
		return 0, fmt.Errorf("look for lost notices: %w", err)
	}
	err := s.sendOne(ctx, c, "")
	switch {
	case errors.Is(err, fault.NotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return 1, nil
}

// sendOne claims and sends one notice. The order is what makes the promise: "sending" is stored before anything leaves,
// and a mail in that state is never sent again by itself. So a mail is sent at most once; one that was in flight when its
// instance died is shown to the operator as uncertain, and stands in the person's list in any case. (Sending again
// would double it; SMTP has no way to ask whether a message is there, RFC 5321, section 4.5.4.)
func (s *Service) sendOne(ctx context.Context, c Channel, only string) error {
	n, err := s.o.Store.Claim(ctx, s.owner, c, s.o.Lease, only)
	if err != nil {
		return err
	}
	attempt, err := s.transport(c).Open(ctx, n)
	if err != nil {
		// Shutting down is nobody's failure: the claim runs out, and the notice is sent by whoever comes next.
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if serr := s.settle(ctx, n, s.failed(n, err)); serr != nil {
			return serr
		}
		return &notReadyError{err}
	}
	defer attempt.Close()
	if err := s.o.Store.Begin(ctx, n, s.o.Lease); err != nil {
		if errors.Is(err, fault.Conflict) {
			return nil
		}
		return fmt.Errorf("begin to send: %w", err)
	}
	// What has begun is brought to its end when the portal is being stopped; transports have time limits of their own.
	return s.settle(ctx, n, s.outcome(n, attempt.Send(context.WithoutCancel(ctx))))
}

// notReadyError says that the other side could not be reached. The outcome has been stored.
type notReadyError struct{ cause error }

func (e *notReadyError) Error() string { return "get ready to send: " + e.cause.Error() }

func (e *notReadyError) Unwrap() error { return e.cause }

func (s *Service) outcome(n Notice, err error) Outcome {
	if err == nil {
		return Outcome{State: Sent}
	}
	if _, ok := errors.AsType[*NotSent](err); ok || s.transport(n.Channel).Repeats() {
		return s.failed(n, err)
	}
	return Outcome{State: Uncertain, Problem: sentenceUncertain}
}

// failed is the outcome of an attempt after which the notice may be tried again.
func (s *Service) failed(n Notice, err error) Outcome {
	o := Outcome{State: Queued, Problem: sentenceNotReady}
	ns, ok := errors.AsType[*NotSent](err)
	if ok {
		o.Problem = ns.Sentence
	}
	if ok && ns.Final || n.Attempt > len(s.o.Waits) || n.Event == Test {
		o.State = GivenUp
		return o
	}
	o.Wait = s.o.Waits[n.Attempt-1]
	return o
}

// settle stores the outcome even when the portal is being stopped: it is the only trace of what has happened.
func (s *Service) settle(ctx context.Context, n Notice, o Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := s.o.Store.Settle(ctx, n, o)
	if errors.Is(err, fault.Conflict) {
		return nil // the claim ran out and somebody else has dealt with it
	}
	if err != nil {
		return fmt.Errorf("store the outcome of sending: %w", err)
	}
	return nil
}
