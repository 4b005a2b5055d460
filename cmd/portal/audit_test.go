package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/store"
)

// TestExportIsVerifiedByOthers runs the program of docs/audit.md on what "portal audit export" writes.
func TestExportIsVerifiedByOthers(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(doc), "```go\n")
	code, _, ok := strings.Cut(after, "```")
	if !ok {
		t.Fatal("docs/audit.md has no program")
	}
	dir := t.TempDir()
	source, verifier, db := filepath.Join(dir, "verify.go"), filepath.Join(dir, "verify"), filepath.Join(dir, "portal.db")
	if err := os.WriteFile(source, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", verifier, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	st, err := store.Open(t.Context(), store.Options{URL: db})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range []audit.Entry{{Event: audit.SignedIn}, {Event: audit.Refused, Act: `<a> & "b" ä\`, User: "u1"}, {Event: audit.SignedOut, Result: "line\nbreak"}} {
		e.Who = audit.Who{Kind: access.ByPerson, Issuer: "https://login.example", Subject: "ana", Name: "Ana Ferrari"}
		if err := st.Audit().Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	export := exec.Command(bin, "audit", "export")
	export.Env = append(os.Environ(), settings(db)...)
	lines, err := export.Output()
	if err != nil {
		t.Fatal(err)
	}
	run := func(lines []byte) (string, error) {
		c := exec.Command(verifier)
		c.Stdin = bytes.NewReader(lines)
		out, err := c.Output()
		return string(out), err
	}
	if out, err := run(lines); err != nil || !strings.HasPrefix(out, "sound: 3 entries") {
		t.Errorf("%s%v", out, err)
	}
	each := bytes.SplitAfter(lines, []byte("\n"))
	for name, altered := range map[string][]byte{
		"another actor": bytes.Replace(lines, []byte(`ana`), []byte(`bob`), 1),
		"a cut text":    bytes.Replace(lines, []byte(`break`), []byte(`brea`), 1),
		"swapped":       bytes.Join([][]byte{each[0], bytes.Replace(each[2], []byte(`"seq":3`), []byte(`"seq":2`), 1)}, nil),
	} {
		if out, err := run(altered); err == nil || !strings.HasPrefix(out, "altered: entry") {
			t.Errorf("%s: %s", name, out)
		}
	}
	if out, err := run(bytes.Join([][]byte{each[0], each[2]}, nil)); err != nil {
		t.Errorf("a part of the trail: %s%v", out, err)
	}
}

// settings are what the tools of the operator need.
func settings(db string) []string {
	return []string{"PORTAL_DATABASE_URL=" + db, "PORTAL_ORIGIN=https://portal.northwind.example", "PORTAL_GTMHUB_URL=https://app.gtmhub.example/api",
		"PORTAL_GTMHUB_ACCOUNT=5c8a3f0e1b2d4c6f7a8b9c0d", "PORTAL_GTMHUB_TOKEN=0123456789abcdef0123", "PORTAL_OIDC_ISSUER=https://login.northwind.example", "PORTAL_OIDC_CLIENT_ID=portal",
		"PORTAL_OIDC_CLIENT_SECRET=fedcba98765432100123", "PORTAL_HR=ana@northwind.example,li@northwind.example"}
}
