package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/internal/notify/smtptest"
)

const hookSecret = "a-long-random-secret"

// verify is what a receiver does, as docs/notifications.md tells it: the signature, and not older than five minutes.
func verify(secret []byte, header string, body []byte, now time.Time) error {
	var stamp, signature string
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			signature = value
		}
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s", stamp, body)
	given, err := hex.DecodeString(signature)
	if err != nil || !hmac.Equal(given, mac.Sum(nil)) {
		return errors.New("not signed by the portal")
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); err != nil || age > 5*time.Minute || age < -5*time.Minute {
		return errors.New("too old")
	}
	return nil
}

// post is one webhook that came.
type post struct {
	header http.Header
	raw    string
	body   struct {
		ID, Event, Kind, Link string
		Number                int
		Time                  time.Time
	}
}

// receiver takes webhooks and verifies each.
type receiver struct {
	server *httptest.Server
	mu     sync.Mutex
	posts  []post
	// answers are the statuses of the next answers; 200 without one.
	answers []int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, err := io.ReadAll(req.Body)
		p := post{header: req.Header, raw: string(b)}
		if err == nil {
			err = json.Unmarshal(b, &p.body)
		}
		if err == nil {
			err = verify([]byte(hookSecret), req.Header.Get("Portal-Signature"), b, time.Now())
		}
		if err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" || req.Header.Get("Portal-Delivery") != p.body.ID {
			t.Errorf("%s %s %v: %v", req.Method, b, req.Header, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.posts = append(r.posts, p)
		if len(r.answers) > 0 {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(r.answers[0])
			r.answers = r.answers[1:]
		}
	}))
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) all() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.posts)
}

func (r *receiver) transport(t *testing.T) *notify.Hook {
	t.Helper()
	return newHook(t, notify.HookOptions{URL: r.server.URL + "/hook?key=k3y", Secret: hookSecret, Origin: origin, AllowPrivate: true})
}

func newHook(t *testing.T, o notify.HookOptions) *notify.Hook {
	t.Helper()
	h, err := notify.NewHook(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.signIn(person("rita"))
	r := newReceiver(t)
	r.answers = []int{http.StatusInternalServerError, http.StatusFound} // a redirect is not followed
	b.o.Webhook = r.transport(t)
	s := notify.New(b.o)
	c := request()
	b.happen(audit.Submitted, person("rita").Actor(), c)
	b.derive(s)
	b.send(s, notify.Webhook)
	all, err := b.store.Notices().All(t.Context(), notify.Webhook)
	if err != nil || len(all) != 1 || all[0].State != notify.Sent || all[0].Attempt != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	posts := r.all()
	if len(posts) != 3 {
		t.Fatalf("%d posts", len(posts))
	}
	for _, p := range posts {
		got := p.body
		if got.ID != all[0].ID || got.Event != "waiting" || got.Number != 12 || got.Kind != "invite people" || got.Link != "https://portal.northwind.example/changes/"+string(c.ID) || !got.Time.Equal(all[0].Created) {
			t.Errorf("%s", p.raw)
		}
	}
	if where := b.o.Webhook.Where(); strings.Contains(where, "k3y") || strings.Contains(where, "/hook") {
		t.Errorf("the address is shown with its path: %s", where)
	}
}

// TestWebhookIsGivenUp: a receiver that is gone is not called for ever.
func TestWebhookIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	r := newReceiver(t)
	b.o.Webhook = r.transport(t)
	r.server.Close()
	s := notify.New(b.o)
	b.happen(audit.Lapsed, schedule, request(in(change.Lapsed)))
	b.derive(s)
	b.send(s, notify.Webhook)
	st, err := s.Status(t.Context(), access.Actor{Kind: access.ByPerson, Operator: true}, notify.Webhook)
	if err != nil || st.GivenUp != 1 || len(st.Trouble) != 1 || st.Trouble[0].Problem != "The webhook did not answer." || st.Trouble[0].Attempt != 3 {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestWebhookKeepsOutOfPrivateNetworks(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	plain := strings.TrimPrefix(r.server.URL, "http://")
	for _, address := range []string{"https://" + plain, "https://localhost:1", "https://10.0.0.1", "https://[::1]:8443", "https://[::ffff:127.0.0.1]", "https://169.254.169.254/latest", "https://100.64.0.1", "https://0.0.0.0", "https://[fd00::1]"} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			h := newHook(t, notify.HookOptions{URL: address, Secret: "s", Origin: origin})
			a, err := h.Open(t.Context(), notify.Notice{ID: "n"})
			if err != nil {
				t.Fatal(err)
			}
			ns, ok := errors.AsType[*notify.NotSent](a.Send(t.Context()))
			if !ok || !strings.Contains(ns.Sentence, "private network") {
				t.Errorf("%v", ns)
			}
		})
	}
	for _, address := range []string{"http://hooks.northwind.example", "ftp://hooks.northwind.example", "hooks.northwind.example", "https://", "%zz"} {
		if _, err := notify.NewHook(notify.HookOptions{URL: address, Secret: "s", Origin: origin}); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
	if len(r.all()) != 0 {
		t.Error("a private address was called")
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	body := []byte(`{"id":"n"}`)
	good := notify.Sign([]byte("k"), at, body)
	for _, tc := range []struct {
		name, header string
		secret, body string
		now          time.Time
		ok           bool
	}{
		{"good", good, "k", string(body), at, true},
		{"four minutes late", good, "k", string(body), at.Add(4 * time.Minute), true},
		{"replayed later", good, "k", string(body), at.Add(6 * time.Minute), false},
		{"from the future", good, "k", string(body), at.Add(-6 * time.Minute), false},
		{"another secret", good, "x", string(body), at, false},
		{"another body", good, "k", `{"id":"m"}`, at, false},
		{"another time under the signature", strings.Replace(good, "t=1800000000", "t=1800000600", 1), "k", string(body), at.Add(10 * time.Minute), false},
		{"no signature", "t=1800000000", "k", string(body), at, false},
		{"nothing", "", "k", string(body), at, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if err := verify([]byte(tc.secret), tc.header, []byte(tc.body), tc.now); (err == nil) != tc.ok {
				t.Errorf("%v", err)
			}
		})
	}
}

func tlsConfig(s *smtptest.Server) *tls.Config {
	return &tls.Config{RootCAs: s.Roots, ServerName: s.Host, MinVersion: tls.VersionTLS12}
}

func parsed(t *testing.T, m smtptest.Mail) *mail.Message {
	t.Helper()
	msg, err := mail.ReadMessage(strings.NewReader(m.Data))
	if err != nil {
		t.Fatalf("%v:\n%s", err, m.Data)
	}
	return msg
}

func header(t *testing.T, m smtptest.Mail, name string) string {
	t.Helper()
	return parsed(t, m).Header.Get(name)
}
