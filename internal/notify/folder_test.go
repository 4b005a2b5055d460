package notify_test

import (
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/internal/notify"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	f := notify.Folder{Dir: dir, Letters: notify.Letters{From: "portal@northwind.example", Origin: origin, Product: "Gtmhub portal"}}
	n := notify.Notice{ID: "abcdefghij", Event: notify.Problems, Number: 7, Kind: "invite people", Size: 3, Bad: 1, Address: `"a/../b"@northwind.example`, Created: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)}
	for range 2 { // written twice is written once
		a, err := f.Open(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
		a.Close()
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for i, want := range []string{".eml", ".html"} {
		name := files[i].Name()
		if !strings.HasPrefix(name, "2026-11-24_09.30.00_request_7_finished_with_problems_to_") || !strings.HasSuffix(name, "abcdef"+want) {
			t.Errorf("file %s", name)
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(b), "Request #7 is finished with problems") {
			t.Errorf("%s: %v\n%s", name, err, b)
		}
	}
	eml, err := os.Open(filepath.Join(dir, files[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	defer eml.Close()
	if m, err := mail.ReadMessage(eml); err != nil || m.Header.Get("Subject") != "Request #7 is finished with problems" {
		t.Errorf("%v, %v", m, err)
	}
	n.Address = "nobody"
	if _, err := f.Open(t.Context(), n); err == nil {
		t.Error("a mail to no address is written")
	}
}
