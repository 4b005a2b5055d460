package notify

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gtmhub-portal/portal/web/templates/mail"
)

// Folder writes mails into a folder instead of sending them, for the demo: each as it would be sent (.eml), and its HTML
// part to look at in a browser.
type Folder struct {
	Letters
	Dir string
}

// Where implements Transport.
func (f Folder) Where() string { return "the folder " + f.Dir }

// Repeats implements Transport: a file that is written twice is one file.
func (Folder) Repeats() bool { return true }

// Open implements Transport.
func (f Folder) Open(ctx context.Context, n Notice) (Attempt, error) {
	m, err := f.message(n)
	if err != nil {
		return nil, &NotSent{Sentence: "The mail could not be written: sender or recipient is no address.", Final: true, Err: err}
	}
	a := folderAttempt{name: f.name(n)}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return nil, &NotSent{Sentence: sentenceNotReady, Err: err}
	}
	a.eml = bytes.Clone(b.Bytes())
	b.Reset()
	if err := mail.Notice(f.props(n)).Render(ctx, &b); err != nil {
		return nil, &NotSent{Sentence: sentenceNotReady, Err: err}
	}
	a.html = b.Bytes()
	return a, nil
}

// name sorts by time and says what it is, and for whom.
func (f Folder) name(n Notice) string {
	what := string(n.Event)
	if n.Number > 0 {
		what = fmt.Sprintf("request %d %s", n.Number, n.Event)
	}
	name := n.Created.UTC().Format("2006-01-02 15.04.05") + " " + what + " to " + n.Address + " " + n.ID[:min(6, len(n.ID))]
	return filepath.Join(f.Dir, strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".@-", r) {
			return r
		}
		return '_'
	}, name))
}

type folderAttempt struct {
	name      string
	eml, html []byte
}

// Send implements Attempt.
func (a folderAttempt) Send(context.Context) error {
	if err := os.MkdirAll(filepath.Dir(a.name), 0o700); err != nil {
		return &NotSent{Sentence: "The folder for mails cannot be written.", Err: err}
	}
	for ending, content := range map[string][]byte{".eml": a.eml, ".html": a.html} {
		if err := os.WriteFile(a.name+ending, content, 0o600); err != nil {
			return &NotSent{Sentence: "The folder for mails cannot be written.", Err: err}
		}
	}
	return nil
}

// Close implements Attempt.
func (folderAttempt) Close() {}
