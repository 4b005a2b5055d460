package e2e_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/htmltest"
)

// scratch holds the program and the data of all demos; TestMain removes it.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "portal-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	code := m.Run()
	closeBrowser()
	if err := endShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// program builds the portal once and returns its path.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "portal")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", path, "../../cmd/portal").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the portal: %w\n%s", err, out)
	}
	return path, nil
})

// demo is a running demo with data of its own.
type demo struct {
	url string
	cmd *exec.Cmd
	// read is closed when all of the standard output was read.
	read chan struct{}
	// complaints is the standard error. The demo logs warnings and worse only, so each of its lines is a finding.
	complaints bytes.Buffer
}

// startDemo starts a demo that ends with the test. More arguments are those of "portal demo".
func startDemo(t *testing.T, args ...string) *demo {
	t.Helper()
	htmltest.NeedChromium(t)
	d, err := launch(args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.end(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// shared is the demo of the tests that change nothing; endShared ends it if a test has started it.
var (
	shared = sync.OnceValues(func() (*demo, error) {
		d, err := launch()
		if err == nil {
			endShared = d.end
		}
		return d, err
	})
	endShared = func() error { return nil }
)

func sharedDemo(t *testing.T) *demo {
	t.Helper()
	htmltest.NeedChromium(t)
	d, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// launch starts a demo and waits for its address.
func launch(args ...string) (*demo, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	data, err := os.MkdirTemp(scratch, "data-")
	if err != nil {
		return nil, err
	}
	d := &demo{read: make(chan struct{})}
	d.cmd = exec.Command(path, append([]string{"demo", "--addr", "127.0.0.1:0", "--data", data}, args...)...)
	d.cmd.Stderr = &d.complaints
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the demo: %w", err)
	}
	address := make(chan string, 1)
	go func() {
		defer close(d.read)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if url, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "Open "); ok {
				address <- strings.TrimSpace(url)
				break
			}
		}
		_, _ = io.Copy(io.Discard, out) // what else it says must not block it
	}()
	select {
	case d.url = <-address:
		return d, nil
	case <-d.read:
		return nil, errors.Join(errors.New("the demo ended before it said its address"), d.end())
	case <-time.After(time.Minute):
		return nil, errors.Join(errors.New("the demo did not say its address within a minute"), d.end())
	}
}

// end asks the program to end, as Ctrl-C does, and kills it if it does not. It reports what the program complained about.
func (d *demo) end() error {
	err := d.cmd.Process.Signal(os.Interrupt)
	killer := time.AfterFunc(15*time.Second, func() { _ = d.cmd.Process.Kill() })
	defer killer.Stop()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil // Wait says how it ended
	} else if err != nil {
		_ = d.cmd.Process.Kill() // this system cannot interrupt
	}
	<-d.read // Wait must not close the pipe before it was read
	if waited := d.cmd.Wait(); waited != nil {
		err = errors.Join(err, fmt.Errorf("the demo did not end well: %w", waited))
	}
	if d.complaints.Len() > 0 {
		err = errors.Join(err, fmt.Errorf("the demo complained:\n%s", d.complaints.String()))
	}
	return err
}
