package emulator_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

func (a *api) fault(f emulator.Fault) int {
	a.t.Helper()
	id, err := a.emu.AddFault(f)
	if err != nil {
		a.t.Fatalf("add fault: %v", err)
	}
	return id
}

var newUser = object{"email": "new@small.example", "firstName": "N", "lastName": "W"}

func TestStatusFaults(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 402, 403, 404, 409, 422, 429, 500, 502, 503, 504} {
		for name, after := range map[string]bool{"before": false, "after": true} {
			t.Run(http.StatusText(status)+"/"+name, func(t *testing.T) {
				t.Parallel()
				a := start(t, emulator.Options{Account: small(t)})
				a.fault(emulator.Fault{Operation: 6, Effect: emulator.EffectStatus, Status: status, After: after, RetryAfter: "-7, maybe", Count: 1})
				got := a.do("POST", "/v1/users", newUser).want(status)
				if into[object](got)["error"] == "" || got.header.Get("Retry-After") != "-7, maybe" {
					t.Errorf("body %q, Retry-After %q", got.text, got.header.Get("Retry-After"))
				}
				equal(t, "users made", a.emu.Counts().Created["new@small.example"], map[bool]int{true: 1}[after])
				a.do("POST", "/v1/users", newUser).want(map[bool]int{true: 409, false: 201}[after])
				a.clean()
			})
		}
	}
}

func TestStatusWithOwnBody(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	a.fault(emulator.Fault{Effect: emulator.EffectStatus, Status: 500, Body: "<b>oops</b>", ContentType: "text/html"})
	got := a.do("GET", "/v2/users", nil).want(500)
	equal(t, "body", got.text, "<b>oops</b>")
	equal(t, "content type", got.header.Get("Content-Type"), "text/html")
}

func TestDrops(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, emulator.Options{Account: small(t)})
			a.fault(emulator.Fault{Operation: 6, Effect: emulator.EffectDrop, After: after, Count: 1})
			if got, err := a.try("POST", "/v1/users", newUser); err == nil {
				t.Fatalf("the call was answered with %d", got.status)
			}
			equal(t, "found", a.users(`{"email":"new@small.example"}`).TotalCount, map[bool]int{true: 1}[after])
			equal(t, "mails", len(a.emu.Mails()), map[bool]int{true: 1}[after])
		})
	}
}

// inBubble calls the handler without a network, inside a bubble of fake time.
func inBubble(t *testing.T, emu *emulator.Emulator, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/api"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("gtmhub-accountId", accountID)
	w := httptest.NewRecorder()
	emu.ServeHTTP(w, r)
	return w
}

const newUserText = `{"email":"new@small.example"}`

func bubble(t *testing.T, o emulator.Options) *emulator.Emulator {
	t.Helper()
	o.Account, o.Token = small(t), token
	emu, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return emu
}

func TestLateEffect(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status, want int
	}{"the real answer": {0, 201}, "a lost one": {504, 504}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				emu := bubble(t, emulator.Options{})
				defer emu.Close()
				if _, err := emu.AddFault(emulator.Fault{Operation: 6, Effect: emulator.EffectLate, Status: row.status, Delay: emulator.Duration(time.Minute), Count: 1}); err != nil {
					t.Fatal(err)
				}
				got := inBubble(t, emu, "POST", "/v1/users", newUserText)
				equal(t, "status", got.Code, row.want)
				find := func() page[wireUser] {
					return into[page[wireUser]](answer{t: t, text: inBubble(t, emu, "GET", "/v2/users?filter=%7Bemail:%22new@small.example%22%7D", "").Body.String()})
				}
				equal(t, "found before the delay", find().TotalCount, 0)
				time.Sleep(time.Minute) // fake time
				synctest.Wait()
				found := find()
				equal(t, "found after the delay", found.TotalCount, 1)
				if row.status == 0 {
					equal(t, "the id of the answer", found.Items[0].ID, into[wireUser](answer{t: t, text: got.Body.String()}).ID)
				}
				equal(t, "created", emu.Counts().Created["new@small.example"], 1)
			})
		})
	}
}

func TestLateDoubles(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		duplicates bool
		want       int
	}{"refused": {false, 1}, "accepted": {true, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, emulator.Options{Account: small(t), Readings: emulator.Readings{UsersDuplicateEmails: row.duplicates}})
			a.fault(emulator.Fault{Operation: 6, Effect: emulator.EffectLateDrop, Delay: emulator.Duration(time.Hour)})
			for range 2 {
				if _, err := a.try("POST", "/v1/users", newUser); err == nil {
					t.Fatal("the call was answered")
				}
			}
			// Close carries out what is due, so the end can be seen at once.
			if err := a.emu.Close(); err != nil {
				t.Fatal(err)
			}
			equal(t, "created", a.emu.Counts().Created["new@small.example"], row.want)
		})
	}
}

func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		options emulator.Options
		fault   emulator.Fault
	}{
		"latency of all":    {emulator.Options{Latency: 2 * time.Second}, emulator.Fault{}},
		"latency by a rule": {emulator.Options{}, emulator.Fault{Effect: emulator.EffectLatency, Delay: emulator.Duration(2 * time.Second)}},
		"slow headers":      {emulator.Options{}, emulator.Fault{Effect: emulator.EffectSlowHead, Delay: emulator.Duration(2 * time.Second)}},
		"slow body":         {emulator.Options{}, emulator.Fault{Effect: emulator.EffectSlowBody, Delay: emulator.Duration(2 * time.Second)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				emu := bubble(t, row.options)
				defer emu.Close()
				if row.fault.Effect != "" {
					if _, err := emu.AddFault(row.fault); err != nil {
						t.Fatal(err)
					}
				}
				from := time.Now()
				got := inBubble(t, emu, "POST", "/v1/users", newUserText)
				equal(t, "status", got.Code, 201)
				equal(t, "email", into[wireUser](answer{t: t, text: got.Body.String()}).Email, "new@small.example")
				if took := time.Since(from); took < 1900*time.Millisecond || took > 2100*time.Millisecond {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestCloseEndsWaits(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	a.emu.SetLatency(time.Hour)
	done := make(chan error, 1)
	go func() { _, err := a.try("GET", "/v2/users", nil); done <- err }()
	// Close must not wait an hour for the call.
	for a.emu.Counts().Calls[2] == 0 {
		runtime.Gosched()
	}
	if err := a.emu.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("the waiting call: %v", err)
	}
}

func TestSpoiltAnswers(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, f emulator.Fault) *api {
		a := start(t, emulator.Options{Account: small(t)})
		a.fault(f)
		return a
	}
	t.Run("cut JSON", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectCutJSON, Count: 1})
		if got := a.do("POST", "/v1/users", newUser).want(201); json.Valid([]byte(got.text)) || got.text == "" {
			t.Errorf("body %q is not cut", got.text)
		}
		a.do("POST", "/v1/users", newUser).want(409)
	})
	t.Run("HTML", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectHTML, Count: 1})
		if got := a.do("POST", "/v1/users", newUser).want(200); !strings.HasPrefix(got.text, "<!doctype") || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("body %q", got.text)
		}
		a.do("POST", "/v1/users", newUser).want(201)
	})
	t.Run("items as an object", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectItems})
		if _, ok := into[object](a.do("GET", "/v2/users", nil).want(200))["items"].(map[string]any); !ok {
			t.Error("items is no object")
		}
	})
	t.Run("missing id", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectMissingID})
		got := into[wireUser](a.do("POST", "/v1/users", newUser).want(201))
		if got.ID != "" || got.Email == "" {
			t.Errorf("created %+v", got)
		}
		for _, u := range into[page[wireUser]](a.do("GET", "/v2/users", nil).want(200)).Items {
			equal(t, "id", u.ID, "")
		}
	})
	t.Run("other e-mail", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Operation: 6, Effect: emulator.EffectOtherMail})
		equal(t, "email", into[wireUser](a.do("POST", "/v1/users", newUser).want(201)).Email, "somebody.else@elsewhere.example")
		equal(t, "stored", a.users(`{email:"new@small.example"}`).TotalCount, 1)
	})
	t.Run("redirect", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectRedirect})
		if got := a.do("GET", "/v2/users", nil).want(302); !strings.HasPrefix(got.header.Get("Location"), "https://elsewhere.invalid/") {
			t.Errorf("to %q", got.header.Get("Location"))
		}
	})
	t.Run("repeated page", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectRepeat})
		for _, skip := range []string{"0", "2", "4"} {
			got := into[page[wireUser]](a.do("GET", "/v2/users?limit=2&skip="+skip, nil).want(200))
			equal(t, "ids", ids(got.Items), []string{ada, lee})
		}
	})
	t.Run("echo of the token", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectEchoAuth})
		if got := a.do("GET", "/v2/users", nil).want(500); !strings.Contains(got.text, "Bearer "+token) {
			t.Errorf("body %q", got.text)
		}
	})
	t.Run("deep JSON", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectDeepJSON})
		if got := a.do("GET", "/v2/users", nil).want(200); strings.Count(got.text, "[") < 100_000 {
			t.Errorf("%d levels", strings.Count(got.text, "["))
		}
	})
	t.Run("gzip bomb", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectGzipBomb})
		res := a.open(t)
		defer res.Body.Close()
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.CopyN(io.Discard, z, 64<<20); err != nil {
			t.Errorf("only %d bytes: %v", n, err)
		}
	})
	t.Run("endless body", func(t *testing.T) {
		t.Parallel()
		a := start(t, emulator.Fault{Effect: emulator.EffectEndless})
		res := a.open(t)
		defer res.Body.Close()
		if n, err := io.CopyN(io.Discard, res.Body, 16<<20); err != nil {
			t.Errorf("only %d bytes: %v", n, err)
		}
	})
}

// open starts a read of the users and leaves the body to the caller, compressed as it comes.
func (a *api) open(t *testing.T) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", a.base+"/v2/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestWhichCallsFail(t *testing.T) {
	t.Parallel()
	// Each row lists the statuses of six calls: list, create one, create two, list, team, roles of a user.
	calls := []struct {
		method, path string
		body         any
	}{
		{"GET", "/v2/users", nil}, {"POST", "/v1/users", object{"email": "one@small.example"}}, {"POST", "/v1/users", object{"email": "two@small.example"}},
		{"GET", "/v2/users", nil}, {"GET", "/v1/teams/" + topTeam, nil}, {"POST", "/v1/users/" + mia + "/roles", object{"roleId": adminRole}},
	}
	for name, row := range map[string]struct {
		fault emulator.Fault
		want  []int
	}{
		"all":             {emulator.Fault{}, []int{503, 503, 503, 503, 503, 503}},
		"operation":       {emulator.Fault{Operation: 2}, []int{503, 201, 201, 503, 200, 200}},
		"method":          {emulator.Fault{Method: "get"}, []int{503, 201, 201, 503, 503, 200}},
		"writes":          {emulator.Fault{Method: "write"}, []int{200, 503, 503, 200, 200, 503}},
		"path":            {emulator.Fault{Path: "/users"}, []int{503, 503, 503, 503, 200, 200}},
		"path with star":  {emulator.Fault{Path: "/users/*/roles"}, []int{200, 201, 201, 200, 200, 503}},
		"path with name":  {emulator.Fault{Path: "teams/{teamId}"}, []int{200, 201, 201, 200, 503, 200}},
		"body":            {emulator.Fault{BodyContains: "two@"}, []int{200, 201, 503, 200, 200, 200}},
		"second":          {emulator.Fault{Nth: 2}, []int{200, 503, 201, 200, 200, 200}},
		"first two":       {emulator.Fault{Count: 2}, []int{503, 503, 201, 200, 200, 200}},
		"second creation": {emulator.Fault{Operation: 6, Nth: 2}, []int{200, 201, 503, 200, 200, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, emulator.Options{Account: small(t)})
			row.fault.Effect, row.fault.Status = emulator.EffectStatus, 503
			id := a.fault(row.fault)
			var got []int
			for _, c := range calls {
				got = append(got, a.do(c.method, c.path, c.body).status)
			}
			equal(t, "statuses", got, row.want)
			if !a.emu.RemoveFault(id) || a.emu.RemoveFault(id) {
				t.Error("the rule should go once")
			}
			a.do("GET", "/v2/users", nil).want(200)
		})
	}
}

func TestDiceAreFixed(t *testing.T) {
	t.Parallel()
	throw := func(seed uint64) (failed []int) {
		a := start(t, emulator.Options{Account: small(t), Seed: seed})
		a.fault(emulator.Fault{Probability: 0.3, Effect: emulator.EffectStatus, Status: 500})
		for i := range 60 {
			if a.do("GET", "/v1/users/"+ada, nil).status == 500 {
				failed = append(failed, i)
			}
		}
		return failed
	}
	one := throw(1)
	equal(t, "the same seed", throw(1), one)
	if len(one) < 6 || len(one) > 34 {
		t.Errorf("%d of 60 failed, want about 18", len(one))
	}
	if slices.Equal(throw(2), one) {
		t.Error("another seed gave the same dice")
	}
}

func TestUnsoundFaults(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{Account: small(t)})
	for name, f := range map[string]emulator.Fault{
		"no effect": {}, "unknown effect": {Effect: "explode"}, "no status": {Effect: emulator.EffectStatus},
		"probability": {Effect: emulator.EffectDrop, Probability: 2}, "operation": {Effect: emulator.EffectDrop, Operation: 42}, "negative": {Effect: emulator.EffectDrop, Nth: -1},
		"late status": {Effect: emulator.EffectLate, Status: 7},
	} {
		if _, err := a.emu.AddFault(f); err == nil {
			t.Errorf("%s: it was accepted", name)
		}
	}
}
