// Command report reads the output of "go test -json" and prints what people need of it: a line per package, everything
// that failed tests said, every skipped test with its reason, and the sums.
//
// It fails when a test failed, when no test ran, or when a test was skipped without a reason. scripts/test.sh uses it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is a line of "go test -json" (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	ImportPath                    string // of build output
	Elapsed                       float64
}

func main() {
	ok, err := report(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// report says whether all is well.
func report(r io.Reader, w io.Writer) (bool, error) {
	type test struct{ pkg, name string }
	said := map[test][]string{}
	passed, failed, broken := 0, 0, 0
	var skipped, silent []string
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 && err == io.EOF {
			break
		}
		if err != nil && err != io.EOF {
			return false, fmt.Errorf("read: %w", err)
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			_, _ = w.Write(line) // the go command itself has something to say
			continue
		}
		at := test{e.Package, e.Test}
		switch e.Action {
		case "output":
			said[at] = append(said[at], e.Output)
		case "build-output":
			fmt.Fprint(w, e.Output)
		case "build-fail":
			broken++
		case "pass", "fail", "skip":
			if e.Test == "" {
				outcome(w, e, said[at])
				if e.Action == "fail" {
					broken++
				}
				break
			}
			switch e.Action {
			case "pass":
				passed++
			case "fail":
				failed++
				fmt.Fprint(w, strings.Join(shorten(said[at]), ""))
			case "skip":
				if why := reason(said[at]); why == "" {
					silent = append(silent, e.Package+" "+e.Test)
				} else {
					skipped = append(skipped, e.Package+" "+e.Test+": "+why)
				}
			}
		}
		if e.Action != "output" {
			delete(said, at)
		}
	}
	for _, s := range skipped {
		fmt.Fprintln(w, "skipped:", s)
	}
	for _, s := range silent {
		fmt.Fprintln(w, "skipped WITHOUT A REASON:", s)
	}
	fmt.Fprintf(w, "tests: %d passed, %d failed, %d skipped\n", passed, failed, len(skipped)+len(silent))
	return passed > 0 && failed+broken+len(silent) == 0, nil
}

// outcome prints the line of a package, and what it said outside its tests if it failed.
func outcome(w io.Writer, e event, said []string) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(w, "ok    %s %.1fs\n", e.Package, e.Elapsed)
	case "fail":
		fmt.Fprint(w, strings.Join(shorten(said), ""))
		fmt.Fprintf(w, "FAIL  %s %.1fs\n", e.Package, e.Elapsed)
	}
}

// shorten keeps the start and the end of what was said; a panic or a log can be endless.
func shorten(said []string) []string {
	const head, tail = 40, 60
	if len(said) <= head+tail {
		return said
	}
	left := fmt.Sprintf("    ... %d lines left out ...\n", len(said)-head-tail)
	return slices.Concat(said[:head], []string{left}, said[len(said)-tail:])
}

// reason is what a skipped test said, without the frame that go test puts around it.
func reason(said []string) string {
	var out []string
	for _, s := range said {
		s = strings.TrimSpace(s)
		if s != "" && !strings.HasPrefix(s, "=== ") && !strings.HasPrefix(s, "--- ") {
			out = append(out, s)
		}
	}
	text := strings.Join(out, " ")
	// "file_test.go:12: why"; a bare position is no reason.
	if _, why, ok := strings.Cut(text, ": "); ok {
		return why
	}
	return ""
}
