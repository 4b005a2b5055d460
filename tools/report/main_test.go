package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestLongOutputIsShortened(t *testing.T) {
	t.Parallel()
	var in, out strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, `{"Action":"output","Package":"p","Test":"TestB","Output":"line %d\n"}`+"\n", i)
	}
	in.WriteString(`{"Action":"fail","Package":"p","Test":"TestB"}`)
	if _, err := report(strings.NewReader(in.String()), &out); err != nil {
		t.Fatal(err)
	}
	got := out.String()
	if strings.Count(got, "\n") != 102 || !strings.Contains(got, "line 0\n") || !strings.Contains(got, "line 999\n") || !strings.Contains(got, "900 lines left out") {
		t.Errorf("printed:\n%s", got)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	const pass = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
	for _, tt := range []struct {
		name, in string
		ok       bool
		want     string
	}{
		{"all passed", pass + `{"Action":"pass","Package":"p","Elapsed":1.25}`, true, "ok    p 1.2s\ntests: 1 passed, 0 failed, 0 skipped\n"},
		{"nothing ran", "", false, "tests: 0 passed, 0 failed, 0 skipped\n"},
		{
			"a test failed", pass + `{"Action":"output","Package":"p","Test":"TestB","Output":"no good\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestB"}`, false,
			"no good\ntests: 1 passed, 1 failed, 0 skipped\n",
		},
		{"a package did not build", pass + `{"ImportPath":"p","Action":"build-output","Output":"undefined: x\n"}` + "\n" + `{"ImportPath":"p","Action":"build-fail"}`, false, "undefined: x\ntests: 1 passed, 0 failed, 0 skipped\n"},
		{"a package panicked", pass + `{"Action":"output","Package":"p","Output":"panic\n"}` + "\n" + `{"Action":"fail","Package":"p"}`, false, "panic\nFAIL  p 0.0s\ntests: 1 passed, 0 failed, 0 skipped\n"},
		{
			"skipped with a reason", pass + `{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN TestB\n"}` + "\n" +
				`{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: no database\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestB"}`, true,
			"skipped: p TestB: no database\ntests: 1 passed, 0 failed, 1 skipped\n",
		},
		{
			"skipped without a reason", pass + `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: \n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestB"}`, false,
			"skipped WITHOUT A REASON: p TestB\ntests: 1 passed, 0 failed, 1 skipped\n",
		},
		{"the go command complains", "go: no such module\n" + pass, true, "go: no such module\ntests: 1 passed, 0 failed, 0 skipped\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			ok, err := report(strings.NewReader(tt.in), &out)
			if err != nil || ok != tt.ok || out.String() != tt.want {
				t.Errorf("ok %v, error %v, printed:\n%s\nwant ok %v and:\n%s", ok, err, out.String(), tt.ok, tt.want)
			}
		})
	}
}
