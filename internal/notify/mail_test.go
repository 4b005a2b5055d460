package notify_test

import (
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/internal/notify/smtptest"
)

// parts are the text and the HTML of a mail.
func parts(t *testing.T, m smtptest.Mail) (text, html string) {
	t.Helper()
	msg := parsed(t, m)
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %s, %v", kind, err)
	}
	r := multipart.NewReader(msg.Body, params["boundary"])
	var out []string
	for _, want := range []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"} {
		p, err := r.NextRawPart()
		if err != nil || p.Header.Get("Content-Type") != want || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("part %v, %v; want %s", p.Header, err, want)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out[0], out[1]
}

var (
	address = regexp.MustCompile(`https?://[^\s"'<>]+`)
	fetched = regexp.MustCompile(`(?i)<img|<link|<script|<iframe|\bsrc=|url\(|@import|@font-face`)
)

func TestMail(t *testing.T) {
	t.Parallel()
	b := newBench(t, "")
	b.signIn(person("rita"), person("axel"))
	server := smtptest.New(t, smtptest.Options{})
	m := smtp(server)
	m.Zone = time.FixedZone("CET", 3600)
	m.Training = true
	b.o.Mail = m
	s := notify.New(b.o)
	c := request()
	b.happen(audit.Submitted, person("rita").Actor(), c)
	b.derive(s)
	b.send(s, notify.Mail)
	mails := server.Mails()
	if len(mails) != 3 {
		t.Fatalf("%d mails", len(mails))
	}
	for _, got := range mails {
		h := parsed(t, got).Header
		for name, want := range map[string]string{
			"Subject": "Request #12 waits for your decision", "From": `"Gtmhub portal" <portal@northwind.example>`, "To": "<" + got.To[0] + ">",
			"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Mime-Version": "1.0",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %q, want %q", name, h.Get(name), want)
			}
		}
		if d, err := h.Date(); err != nil || time.Since(d) > time.Hour {
			t.Errorf("date %v, %v", d, err)
		}
		text, html := parts(t, got)
		for part, body := range map[string]string{"text": text, "html": html} {
			for _, want := range []string{"Request #12 waits for your decision", "Invite people", "2 rows", "27 Nov 2026, 15:03 CET", "Training: nothing in this mail", "You get this because you may decide"} {
				if !strings.Contains(body, want) {
					t.Errorf("%s lacks %q", part, want)
				}
			}
			links := map[string]bool{}
			for _, l := range address.FindAllString(body, -1) {
				links[l] = true
			}
			if len(links) != 2 || !links[origin.String()+"/changes/"+string(c.ID)] || !links[origin.String()+"/notifications/settings"] {
				t.Errorf("%s leads to %v", part, links)
			}
			if found := fetched.FindString(body); found != "" {
				t.Errorf("%s fetches something: %s", part, found)
			}
			for _, private := range []string{"Zoë", "Quisling", "new hire", "RITA", "rita"} {
				if strings.Contains(body, private) {
					t.Errorf("%s tells %q", part, private)
				}
			}
		}
	}
}

// TestEveryEventHasWords: no notice goes out with the words for a new event, and each sentence is one.
func TestEveryEventHasWords(t *testing.T) {
	t.Parallel()
	titles := map[string]bool{}
	for _, e := range []notify.Event{notify.Waiting, notify.Reminded, notify.Escalated, notify.Approved, notify.Rejected, notify.Returned, notify.Lapsed, notify.Withdrawn,
		notify.Paused, notify.Cancelled, notify.Finished, notify.Problems, notify.Test, "something new"} {
		got := notify.TextOf(notify.Notice{Event: e, Number: 12, Size: 300, Bad: 1, Language: "fi"})
		if titles[got.Title] {
			t.Errorf("%s says the same as another: %q", e, got.Title)
		}
		titles[got.Title] = true
		if got.Title == "" || strings.HasSuffix(got.Title, ".") || !strings.HasSuffix(got.More, ".") || got.Action == "" || !strings.HasSuffix(got.Why, ".") {
			t.Errorf("%s: %+v", e, got)
		}
		if e != notify.Test && !strings.Contains(got.Title, "#12") {
			t.Errorf("%s does not say which request: %q", e, got.Title)
		}
	}
	for bad, want := range map[int]string{1: "1 of 300 rows was not done", 3: "3 of 300 rows were not done"} {
		if got := notify.TextOf(notify.Notice{Event: notify.Problems, Size: 300, Bad: bad}); !strings.Contains(got.More, want) {
			t.Errorf("%q, want %q", got.More, want)
		}
	}
	if notify.SizeOf(1) != "1 row" || notify.SizeOf(2) != "2 rows" {
		t.Error("sizes")
	}
}
