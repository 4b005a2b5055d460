// Command mutants switches one control after the other off and wants a test to notice.
//
// A mutant is a piece of text in one file and what stands there instead; list.go holds them. Each is built as an overlay
// (the tree is not touched), the narrow tests that are named with it run, and they must fail. One that survives means that
// a control could be lost without anybody noticing. Run it from the root of the repository: task mutants.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mutant is one control switched off.
type mutant struct {
	// name says which control is gone.
	name string
	file string
	// old stands exactly once in the file; new takes its place.
	old, new string
	// pkg and run are what must notice; an empty run is all tests of the package.
	pkg, run string
}

func main() {
	only := flag.String("only", "", "just the mutants whose name or file holds this `text`")
	flag.Parse()
	if err := all(context.Background(), os.Stdout, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func all(ctx context.Context, out io.Writer, only string) error {
	folder, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	caught, tried := 0, 0
	start := time.Now()
	for _, m := range mutants {
		if !strings.Contains(m.name+" "+m.file, only) {
			continue
		}
		tried++
		verdict, err := try(ctx, folder, m)
		if err != nil {
			fmt.Fprintf(out, "BROKEN    %s (%s): %v\n", m.name, m.file, err)
			continue
		}
		fmt.Fprintf(out, "%-9s %s (%s)\n", verdict, m.name, m.file)
		if verdict == "caught" {
			caught++
		}
	}
	fmt.Fprintf(out, "%d of %d mutants caught in %s\n", caught, tried, time.Since(start).Round(time.Second))
	if caught < tried {
		return fmt.Errorf("%d controls could be lost without a test noticing, or their mutants are out of date", tried-caught)
	}
	return nil
}

// try says "caught" or "SURVIVED". An error means that the mutant does not apply or does not compile.
func try(ctx context.Context, folder string, m mutant) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		return "", fmt.Errorf("the text stands there %d times", n)
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(folder, "changed.go"), filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600); err != nil {
		return "", err
	}
	b, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, b, 0o600); err != nil {
		return "", err
	}
	// Vet would refuse some mutants before a test sees them.
	cmd := exec.CommandContext(ctx, "go", "test", "-vet=off", "-short", "-failfast", "-overlay", overlay, "-run", m.run, m.pkg) //nolint:gosec // from list.go
	said, err := cmd.CombinedOutput()
	exit := (*exec.ExitError)(nil)
	switch {
	case err == nil && strings.Contains(string(said), "no tests to run"):
		return "", errors.New("no test has that name")
	case err == nil:
		return "SURVIVED", nil
	case !errors.As(err, &exit):
		return "", err
	case strings.Contains(string(said), "[build failed]") || strings.Contains(string(said), "[setup failed]"):
		return "", fmt.Errorf("it does not compile: %.300s", said)
	}
	return "caught", nil
}
