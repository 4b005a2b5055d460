package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// The headers of a webhook.
const (
	// SignatureHeader holds "t=<unix seconds>,v1=<hex HMAC-SHA256 of t, a full stop and the body>".
	SignatureHeader = "Portal-Signature"
	// DeliveryHeader holds the id of the notice, the same at each attempt.
	DeliveryHeader = "Portal-Delivery"
)

const hookTimeout = 15 * time.Second

// Hook posts notices to another program.
type Hook struct {
	address *url.URL
	secret  []byte
	origin  *url.URL
	client  *http.Client
	now     func() time.Time
}

// HookOptions are the settings of a Hook. All are required but AllowPrivate and Now.
type HookOptions struct {
	URL    string
	Secret string
	Origin *url.URL
	// AllowPrivate admits plain HTTP and addresses of private networks: for development and tests only. Without it
	// whoever sets the address could reach into the network of the portal.
	AllowPrivate bool
	Now          func() time.Time
}

// NewHook makes a Hook.
func NewHook(o HookOptions) (*Hook, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && !(o.AllowPrivate && u.Scheme == "http") {
		return nil, errors.New("the address of the webhook needs https and a host") // the cause would repeat the address, which may hold a key
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !o.AllowPrivate {
		dialer.Control = refusePrivate
	}
	// No proxy is taken from the environment, and nobody is followed elsewhere: the signed text goes where the settings say.
	transport := &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, DisableKeepAlives: true}
	return &Hook{address: u, secret: []byte(o.Secret), origin: o.Origin, now: o.Now,
		client: &http.Client{Transport: transport, Timeout: hookTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

var shared = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// refusePrivate is asked about the address that a name has resolved to, so that a public name for a private address is
// refused as well. It is the rule of the client for Gtmhub, which imports nothing of ours.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	a := ap.Addr().Unmap()
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast() || shared.Contains(a) {
		return errPrivate
	}
	return nil
}

var errPrivate = errors.New("address is not public")

// Where implements Transport. Path and query are left out: they may be as secret as the secret.
func (h *Hook) Where() string { return h.address.Scheme + "://" + h.address.Host }

// Repeats implements Transport: the receiver knows a notice by the id in DeliveryHeader.
func (h *Hook) Repeats() bool { return true }

// hookBody is the JSON of a webhook. Fields may be added, never changed.
type hookBody struct {
	ID    string `json:"id"`
	Event Event  `json:"event"`
	// Number is that of the request; 0 in a test.
	Number int    `json:"number"`
	Kind   string `json:"kind,omitempty"`
	// Size is how many outside changes there are; requests leave it out.
	Size int       `json:"size,omitempty"`
	Link string    `json:"link"`
	Time time.Time `json:"time"`
}

// Open implements Transport.
func (h *Hook) Open(_ context.Context, n Notice) (Attempt, error) {
	b := hookBody{ID: n.ID, Event: n.Event, Number: n.Number, Kind: n.Kind, Link: linkTo(h.origin, n), Time: n.Created.UTC()}
	if n.Event == Outside {
		b.Size = n.Size
	}
	body, err := json.Marshal(b)
	if err != nil {
		return nil, &NotSent{Sentence: sentenceNotReady, Final: true, Err: err}
	}
	return hookAttempt{h, n.ID, body}, nil
}

type hookAttempt struct {
	h    *Hook
	id   string
	body []byte
}

// Close implements Attempt.
func (hookAttempt) Close() {}

// Send implements Attempt. Every answer but a 2xx counts as not taken.
func (a hookAttempt) Send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.h.address.String(), bytes.NewReader(a.body))
	if err != nil {
		return &NotSent{Sentence: "The address of the webhook cannot be used.", Final: true, Err: err}
	}
	r.GetBody = nil // net/http must not send it a second time by itself
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "gtmhub-portal")
	r.Header.Set(DeliveryHeader, a.id)
	r.Header.Set(SignatureHeader, Sign(a.h.secret, a.h.now(), a.body))
	res, err := a.h.client.Do(r)
	if errors.Is(err, errPrivate) {
		return &NotSent{Sentence: "The address of the webhook is in a private network, which the portal does not call."}
	}
	if err != nil {
		return &NotSent{Sentence: "The webhook did not answer.", Err: errors.New("post the webhook")} // the error of net/http repeats the address
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10)
	if res.StatusCode/100 != 2 {
		return &NotSent{Sentence: fmt.Sprintf("The webhook answered with status %d.", res.StatusCode)}
	}
	return nil
}

// Sign is the value of SignatureHeader for a body sent at a time.
func Sign(secret []byte, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
