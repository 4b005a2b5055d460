package gtmhub_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
)

// roundTrip is a transport without network, so that time in a synctest bubble is ours.
type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	return f(r)
}

func reply(status int, body string, header ...string) (*http.Response, error) {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func bubbleClient(t *testing.T, transport roundTrip, alter ...func(*gtmhub.Options)) *gtmhub.Client {
	t.Helper()
	o := gtmhub.Options{
		BaseURL: "https://gtmhub.example/api", AccountID: accountID, Token: gtmhub.StaticToken(apiToken),
		RatePerSecond: 1e6, Transport: transport,
	}
	for _, a := range alter {
		a(&o)
	}
	return newClient(t, o)
}

const oneUser = `{"id":"a1","email":"a@b.example"}`

func TestReadsAreTriedAgain(t *testing.T) {
	t.Parallel()
	cut := func() (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"id`), brokenReader{}))}, nil
	}
	tests := map[string]struct {
		answers  []func() (*http.Response, error) // the last one repeats
		calls    int
		min, max time.Duration
		kind     error
	}{
		"first try": {[]func() (*http.Response, error){ok}, 1, 0, 0, nil},
		"backs off": {[]func() (*http.Response, error){status(500), status(502), status(503), status(504), ok}, 5, 11 * time.Second, 19 * time.Second, nil},
		"gives up":  {[]func() (*http.Response, error){status(500)}, 5, 11 * time.Second, 19 * time.Second, gtmhub.ErrUnavailable},
		"transport": {[]func() (*http.Response, error){reset, cut, ok}, 3, 2 * time.Second, 4 * time.Second, nil},
		"as told by 429": {[]func() (*http.Response, error){
			func() (*http.Response, error) { return reply(429, "", "Retry-After", "9") }, ok,
		}, 2, 9 * time.Second, 12 * time.Second, nil},
		"not for so long": {[]func() (*http.Response, error){
			func() (*http.Response, error) { return reply(429, "", "Retry-After", "120") }, ok,
		}, 1, 0, 0, gtmhub.ErrRateLimited},
		"not after a refusal": {[]func() (*http.Response, error){status(403), ok}, 1, 0, 0, gtmhub.ErrForbidden},
		"not after 501":       {[]func() (*http.Response, error){status(501), ok}, 1, 0, 0, gtmhub.ErrUnavailable},
		"not after a web page": {[]func() (*http.Response, error){
			func() (*http.Response, error) { return reply(200, "<html>") }, ok,
		}, 1, 0, 0, gtmhub.ErrBadAnswer},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				c := bubbleClient(t, func(*http.Request) (*http.Response, error) {
					calls++
					return tt.answers[min(calls, len(tt.answers))-1]()
				})
				start := time.Now()
				_, err := c.Users.Get(t.Context(), "a1")
				took := time.Since(start)
				if (err != nil) != (tt.kind != nil) || tt.kind != nil && !errors.Is(err, tt.kind) {
					t.Errorf("error = %v", err)
				}
				if calls != tt.calls || took < tt.min || took > tt.max {
					t.Errorf("%d calls in %v, want %d in %v to %v", calls, took, tt.calls, tt.min, tt.max)
				}
			})
		})
	}
}

func ok() (*http.Response, error) { return reply(200, oneUser) }

func reset() (*http.Response, error) { return nil, errors.New("connection reset by peer") }

func status(code int) func() (*http.Response, error) {
	return func() (*http.Response, error) { return reply(code, "") }
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWritesAreNeverTriedAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func() (*http.Response, error){
		"503": func() (*http.Response, error) { return reply(503, "", "Retry-After", "1") },
		"429": func() (*http.Response, error) { return reply(429, "") }, "reset": reset,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				c := bubbleClient(t, func(r *http.Request) (*http.Response, error) {
					calls++
					if r.GetBody != nil {
						t.Error("net/http could send the body twice")
					}
					return answer()
				})
				err := c.Users.SetLanguage(t.Context(), userID, "en")
				if err == nil || calls != 1 {
					t.Errorf("%d calls, error %v", calls, err)
				}
				if errors.Is(err, gtmhub.ErrNotSent) {
					t.Errorf("a replaced transport cannot know that nothing left: %v", err)
				}
			})
		})
	}
}

func TestDeadlineEndsTheWaitWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := bubbleClient(t, func(*http.Request) (*http.Response, error) { return reply(500, "") })
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.Users.Get(ctx, "a1")
		e, ok := errors.AsType[*gtmhub.APIError](err)
		if !ok || e.Status != 500 || time.Since(start) > 2*time.Second {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
	})
}

func TestReadWithAnEndedContextIsTyped(t *testing.T) {
	t.Parallel()
	c := bubbleClient(t, func(*http.Request) (*http.Response, error) { return ok() })
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	_, err := c.Users.Get(canceled, "a1")
	if e, ok := errors.AsType[*gtmhub.APIError](err); !ok || !errors.Is(err, context.Canceled) || errors.Is(err, gtmhub.ErrUnavailable) || e.Operation != 4 {
		t.Errorf("canceled: %v", err)
	}
	if _, err = c.Users.Get(expired, "a1"); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, gtmhub.ErrUnavailable) {
		t.Errorf("expired: %v", err)
	}
}

func TestPauseHoldsEveryCallBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limited := true
		c := bubbleClient(t, func(r *http.Request) (*http.Response, error) {
			if limited {
				limited = false
				return reply(429, "", "Retry-After", "12")
			}
			return reply(204, "")
		})
		start := time.Now()
		if err := c.Invitations.Send(t.Context(), ids(userID)); !errors.Is(err, gtmhub.ErrRateLimited) {
			t.Fatalf("first call: %v", err)
		}
		if err := c.Background().Teams.Delete(t.Context(), teamID); err != nil {
			t.Fatalf("second call: %v", err)
		}
		if took := time.Since(start); took < 12*time.Second || took > 13*time.Second {
			t.Errorf("second call left after %v", took)
		}
		if c.PausedFor() != 0 {
			t.Error("still paused")
		}

		// Somebody who cannot wait is told at once, somebody who goes away is let go.
		limited = true
		_ = c.Invitations.Send(t.Context(), ids(userID))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		err := c.Teams.Delete(ctx, teamID)
		if !errors.Is(err, gtmhub.ErrRateLimited) || !errors.Is(err, gtmhub.ErrNotSent) || time.Since(start) != 0 {
			t.Errorf("impatient call: %v after %v", err, time.Since(start))
		}
		gone, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		if err := c.Teams.Delete(gone, teamID); !errors.Is(err, context.Canceled) || !errors.Is(err, gtmhub.ErrNotSent) {
			t.Errorf("call that went away: %v", err)
		}
	})
}

func TestPaceIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := bubbleClient(t, func(*http.Request) (*http.Response, error) { return reply(204, "") }, func(o *gtmhub.Options) {
			o.RatePerSecond = 2
		})
		start := time.Now()
		clients := []*gtmhub.Client{c, c.Background(), c.As(gtmhub.StaticToken("x"))}
		for i := range 15 { // five at once, then two a second
			if err := clients[i%3].Teams.Delete(t.Context(), teamID); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 4900*time.Millisecond || took > 5100*time.Millisecond {
			t.Errorf("15 calls took %v, want 5 s", took)
		}
	})
}

func TestBackgroundLeavesSlotsForPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inFlight, most atomic.Int32
		c := bubbleClient(t, func(r *http.Request) (*http.Response, error) {
			n := inFlight.Add(1)
			defer inFlight.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			select {
			case <-time.After(15 * time.Second):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
			return reply(200, oneUser)
		})
		background := c.Background()
		done := make(chan error, 20)
		for range 10 {
			go func() {
				_, err := background.Users.Get(t.Context(), "a1")
				done <- err
			}()
		}
		synctest.Wait()
		if n := inFlight.Load(); n != 2 {
			t.Errorf("%d background calls at once, want 2", n)
		}
		start := time.Now()
		if _, err := c.Users.Get(t.Context(), "a1"); err != nil || time.Since(start) != 15*time.Second {
			t.Errorf("page waited %v for its 15 s call, error %v", time.Since(start), err)
		}
		for range 10 {
			go func() {
				_, err := c.Users.Get(t.Context(), "a1")
				done <- err
			}()
		}
		late := 0
		for range 20 {
			if err := <-done; errors.Is(err, gtmhub.ErrUnavailable) {
				late++
			}
		}
		if n := most.Load(); n != 5 {
			t.Errorf("%d calls at once, want 5", n)
		}
		if late == 0 {
			t.Error("calls that found no slot for 20 s should fail")
		}
	})
}

func TestNoSlotMeansNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := bubbleClient(t, func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, func(o *gtmhub.Options) { o.MaxInFlight, o.MaxBackground = 2, 1 })
		done := make(chan error)
		go func() { done <- c.Teams.Delete(t.Context(), teamID) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := c.Teams.Delete(ctx, teamID)
		if !errors.Is(err, gtmhub.ErrNotSent) || errors.Is(err, gtmhub.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("second write: %v", err)
		}
		if err := <-done; !errors.Is(err, gtmhub.ErrUnknownOutcome) {
			t.Errorf("first write: %v", err)
		}
	})
}

func health(c *gtmhub.Client, group string) gtmhub.GroupHealth {
	all := c.Health()
	return all[slices.IndexFunc(all, func(h gtmhub.GroupHealth) bool { return h.Group == group })]
}

func TestBreakerPerGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken, calls := true, 0
		c := bubbleClient(t, func(r *http.Request) (*http.Response, error) {
			calls++
			if broken && strings.Contains(r.URL.Path, "/teams") {
				return reply(500, "")
			}
			return reply(200, oneUser)
		})
		for range 10 {
			if err := c.Teams.Delete(t.Context(), teamID); !errors.Is(err, gtmhub.ErrUnavailable) {
				t.Fatal(err)
			}
		}
		if h := health(c, "teams"); !h.Open || h.RetryIn != 10*time.Second {
			t.Errorf("teams %+v", h)
		}
		if h := health(c, "users"); h.Open {
			t.Errorf("users %+v", h)
		}
		before := calls
		err := c.Background().Teams.Delete(t.Context(), teamID)
		if !errors.Is(err, gtmhub.ErrUnavailable) || !errors.Is(err, gtmhub.ErrNotSent) || calls != before {
			t.Errorf("open: %v, %d calls", err, calls-before)
		}
		if _, err := c.Users.Get(t.Context(), "a1"); err != nil {
			t.Errorf("other group: %v", err)
		}

		// After the delay one call is let through. It fails: open again. A caller who gives up shows nothing: open again.
		time.Sleep(10 * time.Second)
		if err := c.Teams.Delete(t.Context(), teamID); errors.Is(err, gtmhub.ErrNotSent) {
			t.Errorf("no call was let through: %v", err)
		}
		if err := c.Teams.Delete(t.Context(), teamID); !errors.Is(err, gtmhub.ErrNotSent) {
			t.Errorf("closed too early: %v", err)
		}
		time.Sleep(10 * time.Second)
		broken = false
		if err := c.Teams.Delete(t.Context(), teamID); err != nil {
			t.Errorf("not back: %v", err)
		}
		if h := health(c, "teams"); h.Open {
			t.Errorf("teams %+v", h)
		}
	})
}

func TestBreakerSurvivesCallersWhoGiveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := false
		c := bubbleClient(t, func(r *http.Request) (*http.Response, error) {
			if hang {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return reply(500, "")
		})
		leave := func() error {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			return c.Teams.Delete(ctx, teamID)
		}
		hang = true
		for range 20 { // callers who leave say nothing about the API
			if err := leave(); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		if health(c, "teams").Open {
			t.Fatal("opened by callers who left")
		}
		hang = false
		for range 10 {
			_ = c.Teams.Delete(t.Context(), teamID)
		}
		time.Sleep(10 * time.Second)
		hang = true
		if err := leave(); !errors.Is(err, context.Canceled) || !errors.Is(err, gtmhub.ErrUnknownOutcome) {
			t.Errorf("probe: %v", err)
		}
		time.Sleep(10 * time.Second)
		if err := leave(); errors.Is(err, gtmhub.ErrNotSent) {
			t.Errorf("the permit of the abandoned probe is lost: %v", err)
		}
	})
}

func TestRefusalsDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := bubbleClient(t, func(*http.Request) (*http.Response, error) { return reply(404, "") })
		for range 30 {
			if _, err := c.Users.Get(t.Context(), "a1"); !errors.Is(err, gtmhub.ErrNotFound) {
				t.Fatal(err)
			}
		}
	})
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		header string
		want   time.Duration
		ok     bool
	}{
		"missing":      {"", 0, false},
		"seconds":      {" 30 ", 30 * time.Second, true},
		"fraction":     {"1.5", 1500 * time.Millisecond, true},
		"zero":         {"0", time.Second, true},
		"negative":     {"-5", time.Second, true},
		"absurd":       {"999999", 5 * time.Minute, true},
		"out of range": {"1" + strings.Repeat("0", 400), 5 * time.Minute, true},
		"far below":    {"-1" + strings.Repeat("0", 400), time.Second, true},
		"not a number": {"NaN", 0, false},
		"infinite":     {"Inf", 5 * time.Minute, true},
		"date":         {now.Add(time.Minute).Format(http.TimeFormat), time.Minute, true},
		"past date":    {now.Add(-time.Hour).Format(http.TimeFormat), time.Second, true},
		"far date":     {now.Add(time.Hour).Format(http.TimeFormat), 5 * time.Minute, true},
		"words":        {"soon", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := gtmhub.ParseRetryAfter(tt.header, now)
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %v %v, want %v %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}
