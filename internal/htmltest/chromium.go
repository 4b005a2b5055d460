package htmltest

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

// ErrNoChromium means that none of the programs that [Chromium] looks for is installed.
var ErrNoChromium = errors.New("no chromium, chromium-browser or google-chrome is installed")

// Chromium is the path of the browser of the tests.
func Chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNoChromium
}

// NeedChromium skips the test in short runs, and where no browser is installed; where the environment variable CI is "true", a
// missing one fails it.
func NeedChromium(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("drives a browser: not in short runs")
	}
	if _, err := Chromium(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}
