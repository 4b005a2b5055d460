package auth_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/auth"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const text = "canary-4711"
	s := auth.Secret(text)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s)
	out := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%10.3s", "%c", "%U", "%t"} {
		out += fmt.Sprintf(verb, s) + fmt.Sprintf(verb, struct{ S auth.Secret }{s})
	}
	b, err := json.Marshal(map[string]any{"s": s, "p": &s})
	if err != nil {
		t.Fatal(err)
	}
	out += string(b)
	for _, bad := range []string{text, fmt.Sprintf("%x", text), "canary"} {
		if strings.Contains(strings.ToLower(out), bad) {
			t.Errorf("%q shows in %s", bad, out)
		}
	}
	if s.Reveal() != text {
		t.Error("the secret itself is lost")
	}
}
