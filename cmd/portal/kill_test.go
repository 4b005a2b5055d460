package main_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/internal/htmltest"
)

// buildOnce builds the real program once for all tests of the package.
var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "portal-test-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "portal")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
})

// demoProcess is a running "portal demo".
type demoProcess struct {
	cmd     *exec.Cmd
	address string
	control string
}

var (
	addressLine = regexp.MustCompile(`Open\s+(http://\S+)`)
	controlLine = regexp.MustCompile(`(http://\S+)/counts`)
)

// startDemo starts the demo and waits for its address.
func startDemo(t *testing.T, args ...string) *demoProcess {
	t.Helper()
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(bin, append([]string{"demo"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &demoProcess{cmd: cmd}
	t.Cleanup(func() { d.kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := addressLine.FindStringSubmatch(lines.Text()); m != nil {
			d.address = m[1]
		}
		if m := controlLine.FindStringSubmatch(lines.Text()); m != nil {
			d.control = m[1]
		}
		if strings.Contains(lines.Text(), "Everything is kept") {
			go io.Copy(io.Discard, out)
			return d
		}
	}
	cmd.Wait()
	t.Fatalf("the demo did not start: %s", log.String())
	return nil
}

// kill ends the process at once, without a chance to tidy up. Killing it twice is fine.
func (d *demoProcess) kill() {
	if d.cmd.Process != nil {
		d.cmd.Process.Kill()
		d.cmd.Wait()
	}
}

// browser knows HTTP, HTML forms and the test ids; nothing of the program.
type browser struct {
	t      *testing.T
	base   string
	http   *http.Client
	at     *url.URL
	status int
	doc    *htmltest.Doc
	body   string
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: base, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

func (b *browser) do(r *http.Request) {
	b.t.Helper()
	if r.Method != http.MethodGet {
		r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.at, b.status, b.body = res.Request.URL, res.StatusCode, string(raw)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		b.doc = htmltest.Parse(b.t, bytes.NewReader(raw))
	}
}

func (b *browser) get(ref string) {
	b.t.Helper()
	b.do(b.request(http.MethodGet, ref, nil, ""))
}

func (b *browser) request(method, ref string, body io.Reader, contentType string) *http.Request {
	b.t.Helper()
	from := b.at
	if from == nil {
		var err error
		if from, err = url.Parse(b.base); err != nil {
			b.t.Fatal(err)
		}
	}
	if strings.HasPrefix(ref, "/") && from.Host != strings.TrimPrefix(b.base, "http://") && method == http.MethodGet {
		from, _ = url.Parse(b.base)
	}
	to, err := from.Parse(ref)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, to.String(), body)
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// submit presses the button with a test id: the form around it (or the one that it names) is sent as a browser would.
func (b *browser) submit(button string, set url.Values) {
	b.t.Helper()
	selector := `[data-testid="` + button + `"]`
	for _, f := range b.doc.Find("form") {
		buttons := f.Find("button" + selector)
		if len(buttons) == 0 {
			continue
		}
		values := url.Values{}
		for _, in := range f.Find("input") {
			switch in.Attr("type") {
			case "checkbox", "radio", "file", "search", "submit":
				continue
			}
			if n := in.Attr("name"); n != "" {
				values.Add(n, in.Attr("value"))
			}
		}
		for _, s := range f.Find("select") {
			value := ""
			for i, o := range s.Find("option") {
				if i == 0 || o.HasAttr("selected") {
					value = o.Attr("value")
				}
			}
			values.Set(s.Attr("name"), value)
		}
		if n := buttons[0].Attr("name"); n != "" {
			values.Set(n, buttons[0].Attr("value"))
		}
		for k, v := range set {
			values[k] = v
		}
		b.do(b.request(http.MethodPost, f.Attr("action"), strings.NewReader(values.Encode()), "application/x-www-form-urlencoded"))
		return
	}
	b.t.Fatalf("no form with the button %s on %s:\n%s", button, b.at, b.doc.Text())
}

// signIn goes through the sign-in page and the provider's page.
func (b *browser) signIn(as string) {
	b.t.Helper()
	b.get("/signin")
	b.get(b.doc.MustOne(`[data-testid="signin-demo"]`).Attr("href"))
	b.submit("signin-as-"+as, nil)
	if b.status != http.StatusOK || b.doc.Count(`[data-testid="sign-out"]`) == 0 {
		b.t.Fatalf("sign in as %s: %d at %s", as, b.status, b.at)
	}
}

// upload sends a file to the invitation wizard.
func (b *browser) upload(name string, content []byte) {
	b.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	w, err := m.CreateFormFile("file", name)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = m.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(b.request(http.MethodPost, "/invite", &body, m.FormDataContentType()))
}

// counts reads the numbers of the main step on a change's page, by their test ids.
func (b *browser) counts() map[string]int {
	b.t.Helper()
	out := map[string]int{}
	main := b.doc.MustOne(`[data-testid="step-main"] [data-testid="counts"]`)
	for _, n := range main.Find("[data-count]") {
		if id, ok := strings.CutPrefix(n.Attr("data-testid"), "count-"); ok {
			v, err := strconv.Atoi(n.Attr("data-count"))
			if err != nil {
				b.t.Fatal(err)
			}
			out[id] = v
		}
	}
	return out
}

func sum(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

// TestMainJobSurvivesKill is the whole job as a person does it, with the program killed in the middle of the run: it
// goes on by itself after a restart, and each address has exactly one user and one mail.
func TestMainJobSurvivesKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the real program several times; not in short runs")
	}
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	list, err := fs.ReadFile(emulator.Joiners, "joiners-300.csv")
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	start := func(addr string) *demoProcess {
		return startDemo(t, "--addr", addr, "--data", data, "--latency", "20ms")
	}
	d := start("127.0.0.1:0")
	addr := strings.TrimPrefix(d.address, "http://")

	hr := newBrowser(t, d.address)
	hr.signIn("hr")
	hr.get("/invite")
	hr.upload("joiners-300.csv", list)
	hr.submit("invite-continue", nil)
	hr.get(strings.TrimSuffix(hr.at.Path, "check") + "review")
	hr.submit("invite-send", url.Values{"reason": {"Start in December"}})
	request := hr.at.Path
	if !strings.HasPrefix(request, "/changes/") || hr.doc.Count(`[data-testid="approve"]`) != 0 {
		t.Fatalf("after sending: %s, the requester sees %d approve buttons", request, hr.doc.Count(`[data-testid="approve"]`))
	}

	approver := newBrowser(t, d.address)
	approver.signIn("hr-approver")
	approver.get(request)
	ticks := approver.doc.Find(`input[name="reject"]`)
	if len(ticks) != 300 {
		t.Fatalf("%d rows can be rejected, want 300", len(ticks))
	}
	approver.submit("approve", url.Values{"reject": {ticks[3].Attr("value"), ticks[250].Attr("value")}, "reason": {"Start date moved"}})

	kills := 0
	deadline := time.Now().Add(150 * time.Second)
	next := dice.IntN(60)
	for {
		if time.Now().After(deadline) {
			t.Fatalf("not finished in time: %v", hr.counts())
		}
		hr.get(request)
		c := hr.counts()
		if sum(c) != 300 {
			t.Fatalf("%v sums to %d, want 300", c, sum(c))
		}
		if state := hr.doc.MustOne(`[data-testid="change-state"]`).Text(); strings.Contains(state, "finished") {
			break
		}
		if kills < 3 && c["done"] > next {
			d.kill()
			kills++
			next = c["done"] + 20 + dice.IntN(80)
			d = start(addr) // sessions are on the server, so both people stay signed in
		}
		time.Sleep(100 * time.Millisecond)
	}
	if kills == 0 {
		t.Fatal("the program was never killed")
	}
	if c := hr.counts(); c["done"] != 298 || c["rejected"] != 2 {
		t.Errorf("%v, want 298 done and 2 rejected", c)
	}
	checkCounts(t, d, 298)
	checkReturnFile(t, hr, request, list)
	hr.get("/users?status=pending")
	if got := hr.doc.MustOne(`[data-testid="users-count"]`).Attr("data-count"); got != strconv.Itoa(64+298) {
		t.Errorf("%s users are pending, want %d", got, 64+298)
	}
}

func checkCounts(t *testing.T, d *demoProcess, want int) {
	t.Helper()
	res, err := http.Get(d.control + "/counts?format=json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var counts struct {
		Created, Mails map[string]int
		Violations     int
	}
	if err := json.NewDecoder(res.Body).Decode(&counts); err != nil {
		t.Fatal(err)
	}
	for what, by := range map[string]map[string]int{"users": counts.Created, "mails": counts.Mails} {
		if len(by) != want {
			t.Errorf("%d addresses have %s, want %d", len(by), what, want)
		}
		for email, n := range by {
			if n != 1 {
				t.Errorf("%s has %d %s", email, n, what)
			}
		}
	}
	if counts.Violations != 0 {
		t.Errorf("the emulator saw %d violations", counts.Violations)
	}
}

// checkReturnFile wants the uploaded columns untouched and three more.
func checkReturnFile(t *testing.T, b *browser, request string, list []byte) {
	t.Helper()
	b.get(request + "/return.csv")
	got, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want, err := csv.NewReader(bytes.NewReader(list)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("the return file has %d rows, want %d", len(got), len(want))
	}
	status := map[string]int{}
	for i, row := range got {
		if strings.Join(row[:len(want[i])], "|") != strings.Join(want[i], "|") {
			t.Errorf("row %d: %q, want %q", i, row, want[i])
		}
		if i > 0 {
			status[row[len(want[i])]]++
			if row[len(want[i])] == "done" && row[len(want[i])+2] == "" {
				t.Errorf("row %d is done but has no user id", i)
			}
		}
	}
	if status["done"] != 298 || status["rejected"] != 2 {
		t.Errorf("statuses %v, want 298 done and 2 rejected", status)
	}
}
