package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/gtmhub-portal/portal/internal/check"
	"github.com/gtmhub-portal/portal/internal/config"
)

// checkUp says for the operator whether the settings fit what is behind them. It only reads. A line that says fail
// makes the command fail; one that says warn does not.
func checkUp(ctx context.Context, p program) error {
	f := p.flags("check")
	asJSON := f.Bool("json", false, "print one JSON document instead of lines")
	timeout := f.Duration("timeout", time.Minute, "give up after this `time`")
	if err := parse(f, p.args); err != nil {
		return err
	}
	if *timeout <= 0 {
		return fmt.Errorf("%w: --timeout must be positive", errUsage)
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	report := checkReport{Lines: []check.Line{}}
	take := func(l check.Line) {
		if l.State == check.Fail {
			report.failed++
		}
		report.Lines = append(report.Lines, l)
		if !*asJSON {
			printLine(p.stdout, l)
		}
	}
	c, err := config.Load(p.environ)
	if problems, ok := errors.AsType[config.Problems](err); ok {
		for _, l := range check.Settings(problems) {
			take(l)
		}
	} else if err != nil {
		return err
	} else {
		o, err := options(c, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		check.Run(ctx, check.Options{Config: c, Gtmhub: o.Gtmhub}, take)
	}
	if *asJSON {
		report.OK = report.failed == 0
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(report); err != nil {
			return err
		}
	}
	if report.failed > 0 {
		return fmt.Errorf("%d of %d lines say fail", report.failed, len(report.Lines))
	}
	return nil
}

// checkReport is the JSON form.
type checkReport struct {
	OK     bool         `json:"ok"`
	Lines  []check.Line `json:"lines"`
	failed int
}

func printLine(w io.Writer, l check.Line) {
	fmt.Fprintf(w, "%-4s  %-20s  %s", l.State, l.Name, l.Text)
	if l.Hint != "" {
		fmt.Fprint(w, "  -> "+l.Hint)
	}
	fmt.Fprintln(w)
}
