package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
)

// TestThroughput measures a big invitation beside a script that sends one call after the other, and beside the best that
// the number of calls at once allows. 15 is the most that a run may have: the client keeps one of 16 for people. It measures for minutes and wants a quiet machine: PORTAL_CHAOS=1 ("task chaos").
func TestThroughput(t *testing.T) {
	if os.Getenv("PORTAL_CHAOS") == "" {
		t.Skip("measures for minutes; part of the long form (PORTAL_CHAOS=1)")
	}
	people := 2000
	if s := os.Getenv("PORTAL_CHAOS_PEOPLE"); s != "" {
		var err error
		if people, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	const latency = 20 * time.Millisecond
	script := sequential(t, people, latency)
	t.Logf("a script, one call after the other: %v", script.Round(10*time.Millisecond))
	for _, tc := range []struct {
		calls  int
		faults bool
	}{{8, false}, {15, false}, {8, true}, {15, true}} {
		t.Run(fmt.Sprintf("%d calls at once, 429 now and then %v", tc.calls, tc.faults), func(t *testing.T) {
			j := newJob(t, handlertest.Options{Calls: tc.calls})
			in := change.Invitations{}
			for i := range people {
				in.People = append(in.People, change.Invitee{Line: i + 1, Email: fmt.Sprintf("joiner%d@northwind.example", i), FirstName: "Joiner", LastName: strconv.Itoa(i)})
			}
			fields, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			hr, me := j.person(handlertest.HR)
			c, err := j.App.Changes.Submit(t.Context(), hr, me, change.Input{Recipe: change.InvitePeople, Fields: fields, Reason: "new joiners"})
			if err != nil {
				t.Fatal(err)
			}
			j.Emulator.SetLatency(latency)
			if tc.faults {
				// One in two hundred is told to come back in a second.
				if _, err := j.Emulator.AddFault(emulator.Fault{Operation: 6, Probability: 0.005, Effect: emulator.EffectStatus, Status: http.StatusTooManyRequests, RetryAfter: "1"}); err != nil {
					t.Fatal(err)
				}
			}
			approver, who := j.person(handlertest.HRApprover)
			begin := time.Now()
			if _, err := j.App.Changes.Decide(t.Context(), approver, who, c.ID, change.Word{Version: c.Version, Hash: c.Hash, Approve: true}); err != nil {
				t.Fatal(err)
			}
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for !c.State.Ended() {
				<-tick.C
				if c, err = j.App.Store.Changes().Change(t.Context(), c.ID); err != nil {
					t.Fatal(err)
				}
			}
			took := time.Since(begin)
			if c.Main()[change.Done] != people {
				t.Errorf("%v, want %d done", c.Main(), people)
			}
			j.once(people)
			ideal := time.Duration(people) * latency / time.Duration(tc.calls)
			t.Logf("%d people in %v, %.0f a second: %.1f times as fast as the script, %.2f times the ideal of %v; %d creating calls, %d others",
				people, took.Round(10*time.Millisecond), float64(people)/took.Seconds(), script.Seconds()/took.Seconds(), took.Seconds()/ideal.Seconds(), ideal,
				j.Emulator.Counts().Calls[6], others(j.Emulator.Counts().Calls))
		})
	}
}

func others(calls map[int]int) int {
	n := 0
	for op, k := range calls {
		if op != 6 {
			n += k
		}
	}
	return n
}

// sequential is what a script with the same client would take.
func sequential(t *testing.T, people int, latency time.Duration) time.Duration {
	t.Helper()
	em, err := emulator.New(emulator.Options{Token: "service-token", Latency: latency, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer em.Close()
	api := httptest.NewServer(em)
	defer api.Close()
	client, err := gtmhub.New(gtmhub.Options{BaseURL: api.URL + "/api", AccountID: em.AccountID(), Token: gtmhub.StaticToken("service-token"), RatePerSecond: 2000, AllowPlainHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for i := range people {
		if _, err := client.Invitations.Create(t.Context(), gtmhub.NewUser{Email: fmt.Sprintf("joiner%d@northwind.example", i), FirstName: "Joiner", LastName: strconv.Itoa(i)}, gtmhub.InviteOptions{}); err != nil { //nolint:staticcheck // deprecated without a successor
			t.Fatal(err)
		}
	}
	return time.Since(begin)
}
