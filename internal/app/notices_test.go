package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/internal/notify/smtptest"
)

// TestNoticesTellNobodysName takes requests through the portal and reads everything that leaves it, and the outbox: no
// name or address of an affected person, no name of requester or decider, and nothing that anybody wrote.
func TestNoticesTellNobodysName(t *testing.T) {
	t.Parallel()
	server := smtptest.New(t, smtptest.Options{})
	var mu sync.Mutex
	var left strings.Builder // all that left
	hooks := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		hooks++
		_, _ = io.Copy(&left, r.Body)
		fmt.Fprintln(&left, r.Header)
	}))
	t.Cleanup(receiver.Close)
	origin := &url.URL{Scheme: "https", Host: "portal.northwind.example"}
	hook, err := notify.NewHook(notify.HookOptions{URL: receiver.URL, Secret: "secret", Origin: origin, AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	j := newJob(t, handlertest.Options{Webhook: hook,
		Mail: notify.SMTP{Letters: notify.Letters{From: "portal@elsewhere.example", Origin: origin, Product: "Portal"}, Host: server.Host, Port: server.Port, TLS: notify.NoTLS}})
	for _, v := range []handlertest.Viewpoint{handlertest.HR, handlertest.HRApprover, handlertest.Approver} {
		j.As(v) // signs in, so that the groups are known
	}
	tell := func() {
		t.Helper()
		for _, do := range []func() (int, error){func() (int, error) { return j.App.Notices.Derive(t.Context()) },
			func() (int, error) { return j.App.Notices.Send(t.Context(), notify.Mail) }, func() (int, error) { return j.App.Notices.Send(t.Context(), notify.Webhook) }} {
			for {
				n, err := do()
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
			}
		}
	}
	submit := func(reason string) change.Change {
		t.Helper()
		hr, me := j.person(handlertest.HR)
		in := j.joiners(5)
		in.Reason = reason
		in.Source = &change.Source{Name: "sourcefile.csv", Data: []byte("x")}
		c, err := j.App.Changes.Submit(t.Context(), hr, me, in)
		if err != nil {
			t.Fatal(err)
		}
		tell()
		return c
	}
	decide := func(c change.Change, approve bool, rows ...change.Row) {
		t.Helper()
		approver, by := j.person(handlertest.HRApprover)
		w := change.Word{Version: c.Version, Hash: c.Hash, Approve: approve, Reason: "canary of the decider"}
		for _, r := range rows {
			w.Reject = append(w.Reject, r.ID)
		}
		if _, err := j.App.Changes.Decide(t.Context(), approver, by, c.ID, w); err != nil {
			t.Fatal(err)
		}
	}
	decide(submit("canary again"), false)
	tell()
	first := submit("canary of the requester")
	rows, _, err := j.App.Store.Changes().Rows(t.Context(), first.ID, change.RowFilter{Step: change.AllSteps})
	if err != nil {
		t.Fatal(err)
	}
	decide(first, true, rows[0])
	j.WaitFor(first.ID)
	tell()

	// Five events over two requests: waiting, rejected; waiting, approved, finished.
	if hooks != 5 {
		t.Errorf("%d webhooks, want 5", hooks)
	}
	subjects := map[string]int{}
	mails := server.Mails()
	for _, m := range mails {
		head, body, _ := strings.Cut(m.Data, "\r\n\r\n")
		plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		_, subject, _ := strings.Cut(head, "Subject: ")
		subject, _, _ = strings.Cut(subject, "\r\n")
		subjects[subject]++
		for _, to := range m.To { // the recipient's own address is on the mail, and nobody else's
			if strings.Count(head, "@northwind.example>") > 1 {
				t.Errorf("several addresses:\n%s", head)
			}
			head = strings.ReplaceAll(head, to, "RECIPIENT")
		}
		fmt.Fprintln(&left, head, string(plain))
	}
	want := map[string]int{"Request #1 waits for your decision": 2, "Your request #1 was rejected": 1, "Request #2 waits for your decision": 2, "Your request #2 was approved": 1, "Request #2 is finished": 1}
	if fmt.Sprint(subjects) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", subjects, want)
	}
	for _, c := range []notify.Channel{notify.Portal, notify.Mail, notify.Webhook} {
		all, err := j.App.Store.Notices().All(t.Context(), c)
		if err != nil || len(all) == 0 {
			t.Fatalf("%s: %d notices, %v", c, len(all), err)
		}
		for _, n := range all {
			if n.State != notify.Sent && n.State != notify.Unread {
				t.Errorf("%s about #%d is %s: %s", c, n.Number, n.State, n.Problem)
			}
			n.Address, n.Recipient = "", "" // who it is for
			b, err := json.Marshal(n)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&left, string(b))
		}
	}
	private := []string{"canary", "sourcefile", first.Title, "new joiners"}
	for _, r := range rows {
		private = append(private, r.Subject, r.Detail)
		private = append(private, strings.Fields(r.Subject)...)
	}
	for _, v := range []handlertest.Viewpoint{handlertest.HR, handlertest.HRApprover, handlertest.Approver} {
		u := j.User(v.Email)
		private = append(private, u.Name, u.Email, string(u.ID))
	}
	text := left.String()
	if len(text) < 10_000 {
		t.Fatalf("only %d bytes were looked at", len(text))
	}
	for _, word := range private {
		if len(word) > 3 && strings.Contains(text, word) {
			t.Errorf("%q left the portal", word)
		}
	}
}
