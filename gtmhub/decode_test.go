package gtmhub_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/gtmhub"
)

func TestTargetStaysUnderTheBase(t *testing.T) {
	t.Parallel()
	c := newClient(t, options("https://gtmhub.example"))
	for _, path := range []string{"?x=1", "#x", "/%zz", "/a b"} {
		if target, err := c.Target(path); err == nil {
			t.Errorf("%q made %q", path, target)
		}
	}
}

func TestAcceptAny(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", " ", "ok", "{}", "[1]", `"sent"`, "true"} {
		if err := gtmhub.AcceptAny([]byte(body)); err != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
	for _, body := range []string{"{", `{"a":`, "[1", `"x`, strings.Repeat("[", 65) + strings.Repeat("]", 65)} {
		if err := gtmhub.AcceptAny([]byte(body)); err == nil {
			t.Errorf("%q was accepted", body)
		}
	}
}

func TestDepthCountsOnlyStructure(t *testing.T) {
	t.Parallel()
	brackets := strings.Repeat("[{", 200)
	for _, body := range []string{
		`{"a":"` + brackets + `"}`, `{"a":"\"` + brackets + `"}`, `{"a":"\\"}`,
		strings.Repeat("[", 64) + strings.Repeat("]", 64), "[" + strings.Repeat("[],", 500) + "[]]",
	} {
		var v any
		if err := gtmhub.DecodeJSON([]byte(body), &v); err != nil {
			t.Errorf("%.40s: %v", body, err)
		}
	}
}

// FuzzDecoders: no answer makes a decoder panic, and what is accepted has usable ids and can be written back.
func FuzzDecoders(f *testing.F) {
	samples, err := filepath.Glob("testdata/*_response.json")
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, name := range samples {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{"", "null", "{}", `[{"id":"a"}]`, `{"items":[{"id":"a","members":{}}]}`, `"x"`, "<html>", storedTeam} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if page, err := gtmhub.DecodeUsers(body); err == nil {
			for _, u := range page.Items {
				if _, err := gtmhub.ParseID(string(u.ID)); err != nil {
					t.Errorf("user with id %q", u.ID)
				}
				if _, err := json.Marshal(u); err != nil {
					t.Errorf("cannot be written back: %v", err)
				}
			}
		}
		var team gtmhub.Team
		if gtmhub.DecodeJSON(body, &team) == nil {
			if _, err := gtmhub.ParseID(string(team.ID)); err != nil {
				t.Errorf("team with id %q", team.ID)
			}
			if _, err := json.Marshal(team); err != nil {
				t.Errorf("cannot be written back: %v", err)
			}
		}
		for _, v := range []any{&gtmhub.Announcement{}, &gtmhub.Objective{}, &gtmhub.StoredObjective{}, &gtmhub.KeyResult{}, &gtmhub.Role{}} {
			_ = gtmhub.DecodeJSON(body, v)
		}
		_, _ = gtmhub.DecodeManagers(body)
		_, _ = gtmhub.DecodePolicy(body)
		_ = gtmhub.AcceptAny(body)
		new(gtmhub.BulkResult).Read(body)
		code, message := gtmhub.ErrorText(body, apiToken)
		for _, text := range []string{code, message} {
			if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 500 || strings.ContainsAny(text, "\x00\n\r\u202e") || strings.Contains(text, apiToken) {
				t.Errorf("error text %q", text)
			}
		}
	})
}

// FuzzRetryAfter: a wait is always within its bounds.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "1", "-1", "1e400", "NaN", "Wed, 21 Oct 2026 07:28:00 GMT", "0x10", "1_0", "Inf"} {
		f.Add(s)
	}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, header string) {
		wait, ok := gtmhub.ParseRetryAfter(header, now)
		if ok != (wait != 0) || ok && (wait < time.Second || wait > 5*time.Minute) {
			t.Errorf("%q: %v, %v", header, wait, ok)
		}
	})
}
