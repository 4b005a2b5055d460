package gtmhub_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
)

const (
	accountID = "5be26318e5274a0007f17f61"
	apiToken  = "canary-token-7f3a"
	// basePath is not empty, so that a call with an absolute path misses the server.
	basePath = "/results/api"
	userID   = gtmhub.ID("6154ad124654jdk901e43c15") // not hexadecimal, as in the documents
	teamID   = gtmhub.ID("6169fc51cfe8soer8548f4b0f")
	roleID   = gtmhub.ID("573dbb61ed915d0005cc2c4d")
	recordID = gtmhub.ID("5be26318e5274a0007f17f61") // the id in testdata
)

// exchange is a request as the server saw it.
type exchange struct {
	Method, Path string
	Query        map[string]string
	Header       http.Header
	Body         string
}

// server answers with a handler and records what it was asked.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []exchange
}

func newServer(t *testing.T, handler http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read request: %v", err)
		}
		x := exchange{Method: r.Method, Path: r.URL.EscapedPath(), Query: map[string]string{}, Header: r.Header, Body: string(body)}
		for name, values := range r.URL.Query() {
			x.Query[name] = strings.Join(values, "|")
		}
		s.mu.Lock()
		s.seen = append(s.seen, x)
		s.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) exchanges() []exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]exchange(nil), s.seen...)
}

// options are quick: one try and no pace.
func options(baseURL string) gtmhub.Options {
	return gtmhub.Options{
		BaseURL: baseURL + basePath, AccountID: accountID, Token: gtmhub.StaticToken(apiToken), UserAgent: "test",
		RatePerSecond: 1e6, MaxTries: 1, CallTimeout: 5 * time.Second,
	}
}

func newClient(t *testing.T, o gtmhub.Options) *gtmhub.Client {
	t.Helper()
	c, err := gtmhub.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if body != "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// gzipped answers the body compressed, as a server does that honours what net/http asks for.
func gzipped(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, body)
		_ = z.Close()
	}
}

func golden(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// sameJSON compares two JSON texts by meaning.
func sameJSON(t *testing.T, want, got string) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("wanted JSON: %v", err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("got no JSON: %v in %q", err, got)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestNewRefusesUnusableOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		alter func(*gtmhub.Options)
		say   string
	}{
		"no base URL":           {func(o *gtmhub.Options) { o.BaseURL = "" }, "base URL needs https"},
		"unreadable base URL":   {func(o *gtmhub.Options) { o.BaseURL = "https://u:secret@h:x/" }, "base URL cannot be read"},
		"plain http":            {func(o *gtmhub.Options) { o.BaseURL = "http://app.gtmhub.com/api" }, "must be https"},
		"another scheme":        {func(o *gtmhub.Options) { o.BaseURL = "file:///etc" }, "needs https"},
		"password in base URL":  {func(o *gtmhub.Options) { o.BaseURL = "https://u:secret@app.gtmhub.com/api" }, "only scheme"},
		"query in base URL":     {func(o *gtmhub.Options) { o.BaseURL = "https://app.gtmhub.com/api?x=1" }, "only scheme"},
		"dots in base URL":      {func(o *gtmhub.Options) { o.BaseURL = "https://app.gtmhub.com/a/../api" }, "dots"},
		"no account":            {func(o *gtmhub.Options) { o.AccountID = "" }, "account id"},
		"account with newline":  {func(o *gtmhub.Options) { o.AccountID = "a\r\nb" }, "account id"},
		"no token":              {func(o *gtmhub.Options) { o.Token = nil }, "token source"},
		"too many connections":  {func(o *gtmhub.Options) { o.MaxInFlight = 17 }, "at most 16"},
		"only background":       {func(o *gtmhub.Options) { o.MaxInFlight, o.MaxBackground = 3, 3 }, "interactive"},
		"negative rate":         {func(o *gtmhub.Options) { o.RatePerSecond = -1 }, "negative"},
		"negative call timeout": {func(o *gtmhub.Options) { o.CallTimeout = -1 }, "negative"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options("https://app.gtmhub.com")
			tt.alter(&o)
			_, err := gtmhub.New(o)
			if err == nil || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("error = %v, want one with %q", err, tt.say)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error shows the password: %v", err)
			}
		})
	}
}

func TestNewReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := gtmhub.New(gtmhub.Options{})
	for _, say := range []string{"base URL", "account id", "token source"} {
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("error %v lacks %q", err, say)
		}
	}
}

func TestNewAcceptsPlainHTTPWhereItIsSafe(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://localhost:1/api", "http://127.0.0.1/api/", "http://[::1]:80/api"} {
		o := options("")
		o.BaseURL = base
		newClient(t, o)
	}
	o := options("")
	o.BaseURL, o.AllowPlainHTTP = "http://emulator:8080/api", true
	newClient(t, o)
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:443", "10.1.2.3:443", "169.254.169.254:80", "[::1]:443", "[fd00::1]:443", "[::ffff:10.0.0.1]:443", "0.0.0.0:80", "nonsense"} {
		if err := gtmhub.RefusePrivate("tcp", address, nil); err == nil {
			t.Errorf("%s was allowed", address)
		}
	}
	if err := gtmhub.RefusePrivate("tcp", "93.184.216.34:443", nil); err != nil {
		t.Errorf("public address: %v", err)
	}
}

func TestEveryCallCarriesItsHeaders(t *testing.T) {
	t.Parallel()
	s := newServer(t, answer(200, golden(t, "op06_response")))
	c := newClient(t, options(s.URL))
	if _, err := c.Users.Get(t.Context(), recordID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Invitations.Create(t.Context(), gtmhub.NewUser{Email: "john.doe@example.com"}, gtmhub.InviteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, x := range s.exchanges() {
		want := map[string]string{
			"Authorization": "Bearer " + apiToken, "gtmhub-accountId": accountID, "Accept": "application/json",
			"Content-Type": "application/json", "User-Agent": "test",
			// These would make net/http repeat a POST, or are for the vendor only.
			"Idempotency-Key": "", "X-Idempotency-Key": "", "gtmhub-additional-params": "",
		}
		for name, value := range want {
			if got := x.Header.Get(name); got != value {
				t.Errorf("%s: header %s = %q, want %q", x.Method, name, got, value)
			}
		}
	}
}

func TestAsUsesTheOtherToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, answer(200, `"good"`))
	c := newClient(t, options(s.URL))
	own := c.As(func(context.Context) (string, error) { return "persons-own", nil })
	for _, client := range []*gtmhub.Client{own, c} {
		if _, err := client.Users.PasswordPolicy(t.Context(), "auth0|1"); err != nil {
			t.Fatal(err)
		}
	}
	seen := s.exchanges()
	if got := seen[0].Header.Get("Authorization"); got != "Bearer persons-own" {
		t.Errorf("own client sent %q", got)
	}
	if got := seen[1].Header.Get("Authorization"); got != "Bearer "+apiToken {
		t.Errorf("first client sent %q", got)
	}
}

func TestWithoutUsableTokenNothingIsSent(t *testing.T) {
	t.Parallel()
	s := newServer(t, answer(200, `{}`))
	broken := errors.New("refresh refused")
	tests := map[string]gtmhub.TokenSource{
		"source fails":  func(context.Context) (string, error) { return "", broken },
		"empty token":   gtmhub.StaticToken(""),
		"with new line": gtmhub.StaticToken("a\nb"),
	}
	c := newClient(t, options(s.URL))
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			err := c.As(source).Users.Delete(t.Context(), userID)
			if !errors.Is(err, gtmhub.ErrUnauthorized) || !errors.Is(err, gtmhub.ErrNotSent) {
				t.Errorf("error = %v", err)
			}
			if name == "source fails" && !errors.Is(err, broken) {
				t.Errorf("cause is lost: %v", err)
			}
		})
	}
	if n := len(s.exchanges()); n != 0 {
		t.Errorf("%d calls were sent", n)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := newServer(t, answer(200, golden(t, "op06_response")))
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	c := newClient(t, options(s.URL))
	_, err := c.Users.Get(t.Context(), recordID)
	if !errors.Is(err, gtmhub.ErrBadAnswer) {
		t.Errorf("read: %v", err)
	}
	err = c.Users.Delete(t.Context(), recordID)
	if !errors.Is(err, gtmhub.ErrBadAnswer) || !errors.Is(err, gtmhub.ErrUnknownOutcome) {
		t.Errorf("write: %v", err)
	}
	if n := len(other.exchanges()); n != 0 {
		t.Errorf("the other host got %d calls", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70)
	tests := map[string]http.HandlerFunc{
		"too big": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"id":"`+string(recordID)+`","x":"`)
			block := strings.Repeat("y", 1<<20)
			for range 9 {
				if _, err := io.WriteString(w, block); err != nil {
					return
				}
			}
			_, _ = io.WriteString(w, `"}`)
		},
		"gzip bomb": gzipped(`{"id":"` + string(recordID) + `","x":"` + strings.Repeat("y", 9<<20) + `"}`),
		"too deep":  answer(200, `{"id":"`+string(recordID)+`","x":`+deep+`}`),
		"html":      answer(200, "\ufeff \n<!doctype html><html></html>"),
		"html type": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, golden(t, "op06_response"))
		},
		"two values": answer(200, `{"id":"`+string(recordID)+`"}{}`),
	}
	for name, handler := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, handler)
			_, err := newClient(t, options(s.URL)).Users.Get(t.Context(), recordID)
			if !errors.Is(err, gtmhub.ErrBadAnswer) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestSmallGzipIsRead(t *testing.T) {
	t.Parallel()
	s := newServer(t, gzipped(golden(t, "op06_response")))
	u, err := newClient(t, options(s.URL)).Users.Get(t.Context(), recordID)
	if err != nil || u.ID != recordID {
		t.Errorf("user %v, error %v", u, err)
	}
}

// A write must never be repeated by anybody: not by the client, not by net/http.
func TestWritesAreSentOnceOverFreshConnections(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	conns := map[string]int{}
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		conns[r.RemoteAddr]++
		mu.Unlock()
		if r.Method != http.MethodGet {
			// The effect has happened; then the connection dies.
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		answer(200, golden(t, "op06_response"))(w, r)
	})
	o := options(s.URL)
	o.MaxTries = 5
	c := newClient(t, o)
	if _, err := c.Users.Get(t.Context(), recordID); err != nil { // leaves an idle connection behind
		t.Fatal(err)
	}
	writes := map[string]func() error{
		"POST": func() error {
			_, err := c.Invitations.Create(t.Context(), gtmhub.NewUser{Email: "a@b.example"}, gtmhub.InviteOptions{})
			return err
		},
		"PUT":    func() error { return c.Users.SetLanguage(t.Context(), userID, "en") },
		"PATCH":  func() error { return c.Users.SetName(t.Context(), userID, "A", "") },
		"DELETE": func() error { return c.Users.Delete(t.Context(), userID) },
	}
	for method, write := range writes {
		err := write()
		if !errors.Is(err, gtmhub.ErrUnknownOutcome) || !errors.Is(err, gtmhub.ErrUnavailable) {
			t.Errorf("%s: %v", method, err)
		}
	}
	count := map[string]int{}
	for _, x := range s.exchanges() {
		count[x.Method]++
	}
	if diff := cmp.Diff(map[string]int{"GET": 1, "POST": 1, "PUT": 1, "PATCH": 1, "DELETE": 1}, count); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(conns) != 5 {
		t.Errorf("5 calls used %d connections", len(conns))
	}
}

func TestWriteThatNeverLeftIsNotSent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		ctx  context.Context
		base string
		kind error
	}{
		"connection refused": {t.Context(), closed, gtmhub.ErrUnavailable},
		"caller gone before": {canceled, closed, context.Canceled},
		"unknown host":       {t.Context(), "https://host.invalid", gtmhub.ErrUnavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := newClient(t, options(tt.base)).Users.Delete(tt.ctx, userID)
			if !errors.Is(err, tt.kind) || !errors.Is(err, gtmhub.ErrNotSent) || errors.Is(err, gtmhub.ErrUnknownOutcome) {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestTimeoutOfAWriteIsUnknown(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	o := options(s.URL)
	o.CallTimeout = 50 * time.Millisecond
	c := newClient(t, o)
	err := c.Users.Delete(t.Context(), userID)
	if !errors.Is(err, gtmhub.ErrUnavailable) || !errors.Is(err, gtmhub.ErrUnknownOutcome) {
		t.Errorf("write: %v", err)
	}
	_, err = c.Users.Get(t.Context(), userID)
	if !errors.Is(err, gtmhub.ErrUnavailable) || errors.Is(err, gtmhub.ErrUnknownOutcome) {
		t.Errorf("read: %v", err)
	}
}

func TestSlowBodyIsUnavailable(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"id":`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	o := options(s.URL)
	o.CallTimeout = 100 * time.Millisecond
	err := newClient(t, o).Users.Delete(t.Context(), userID)
	if !errors.Is(err, gtmhub.ErrUnavailable) || !errors.Is(err, gtmhub.ErrUnknownOutcome) {
		t.Errorf("error = %v", err)
	}
}

func TestCallerWhoGivesUpGetsCanceled(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 1)
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	err := newClient(t, options(s.URL)).Users.Delete(ctx, userID)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, gtmhub.ErrUnknownOutcome) || errors.Is(err, gtmhub.ErrUnavailable) {
		t.Errorf("error = %v", err)
	}
}

func TestErrorsKeepSecretsAndPeopleOut(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req-1")
		w.WriteHeader(http.StatusBadRequest)
		body, _ := json.Marshal(map[string]string{"code": "E42", "error": "header " + r.Header.Get("Authorization") + "\u202e by ann@example.com"})
		_, _ = w.Write(body)
	})
	c := newClient(t, options(s.URL))
	_, err := c.Users.List(t.Context(), gtmhub.UserListOptions{Filter: gtmhub.Eq(gtmhub.UserEmail, "bob@example.com")})
	var e *gtmhub.APIError
	if !errors.As(err, &e) {
		t.Fatalf("error = %v", err)
	}
	want := gtmhub.APIError{
		Operation: 2, Method: "GET", Pattern: "/users", Path: "/v2/users", Status: 400, Code: "E42",
		Message: "header Bearer [redacted] by ann@example.com", RequestID: "req-1",
	}
	got := gtmhub.APIError{
		Operation: e.Operation, Method: e.Method, Pattern: e.Pattern, Path: e.Path, Status: e.Status, Code: e.Code,
		Message: e.Message, RequestID: e.RequestID,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(gtmhub.APIError{})); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	for _, secret := range []string{apiToken, "ann@", "bob@"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("text %q shows %q", err, secret)
		}
	}
	s.Close()
	_, err = c.Users.List(t.Context(), gtmhub.UserListOptions{Filter: gtmhub.Eq(gtmhub.UserEmail, "bob@example.com")})
	if err == nil || strings.Contains(err.Error(), "bob") {
		t.Errorf("transport error shows the filter: %v", err)
	}
}

func TestErrorBodiesOfAllForms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, code, message string }{
		"error":           {`{"error":"signature is invalid"}`, "", "signature is invalid"},
		"message":         {`{"message":"no","code":17}`, "17", "no"},
		"reason":          {`{"reason":"because"}`, "", "because"},
		"error object":    {`{"error":{"message":"inner"}}`, "", "inner"},
		"errors strings":  {`{"errors":["", "first","second"]}`, "", "first"},
		"errors objects":  {`{"errors":[{"reason":"why"}]}`, "", "why"},
		"string":          {`"plain"`, "", "plain"},
		"text":            {"empty or\tinvalid account id", "", "empty or invalid account id"},
		"html":            {"<html>secret</html>", "", ""},
		"deep":            {strings.Repeat("[", 100), "", ""},
		"nothing to read": {`{"error":true}`, "", ""},
		"long":            {strings.Repeat("é", 600), "", strings.Repeat("é", 500)},
		"not UTF-8":       {"a\xffb\x00", "", "a\uFFFDb"},
		"empty":           {"", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, message := gtmhub.ErrorText([]byte(tt.body), apiToken)
			if code != tt.code || message != tt.message {
				t.Errorf("got %q %q, want %q %q", code, message, tt.code, tt.message)
			}
		})
	}
}

func TestAPageForNotFoundIsNoAbsence(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<h1>Not here</h1>")
	})
	c := newClient(t, options(s.URL))
	_, err := c.Users.Get(t.Context(), userID)
	if !errors.Is(err, gtmhub.ErrBadAnswer) || errors.Is(err, gtmhub.ErrNotFound) {
		t.Errorf("read: %v", err)
	}
	if err := c.TeamMembers.Remove(t.Context(), teamID, userID); !errors.Is(err, gtmhub.ErrBadAnswer) {
		t.Errorf("removal: %v", err)
	}
}

func TestObserverSeesEveryTry(t *testing.T) {
	t.Parallel()
	s := newServer(t, answer(404, `{"error":"no such user"}`))
	var calls []gtmhub.Call
	o := options(s.URL)
	o.Observer = func(c gtmhub.Call) { calls = append(calls, c) }
	c := newClient(t, o)
	_, _ = c.Users.Get(t.Context(), userID)
	_ = c.As(gtmhub.StaticToken("")).Users.Delete(t.Context(), userID)
	if len(calls) != 2 {
		t.Fatalf("%d calls, want 2", len(calls))
	}
	if got := calls[0]; got.Operation != 4 || got.Pattern != "/users/{userId}" || got.Status != 404 || got.Err == nil || got.Duration <= 0 {
		t.Errorf("first call %+v", got)
	}
	if got := calls[1]; got.Operation != 17 || got.Method != "DELETE" || got.Status != 0 || !errors.Is(got.Err, gtmhub.ErrNotSent) {
		t.Errorf("second call %+v", got)
	}
	ok := newServer(t, answer(204, ""))
	o.BaseURL = ok.URL + basePath
	if err := newClient(t, o).Teams.Delete(t.Context(), teamID); err != nil {
		t.Fatal(err)
	}
	if got := calls[2]; got.Status != 204 || got.Err != nil {
		t.Errorf("third call %+v", got)
	}
	for i, dated := range []bool{true, false, true} { // the second was never sent
		if got := calls[i].Date; got.IsZero() == dated || dated && time.Since(got) > time.Minute {
			t.Errorf("call %d: date %v", i+1, got)
		}
	}
}
