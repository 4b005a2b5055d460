// Command portal is the Gtmhub portal: the web server, the demo, the emulator of the API, and the tools of the operator.
//
// Each command is a file of this package. Start at [main] and the table of commands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	_ "time/tzdata" // zones also where the system has none

	"github.com/gtmhub-portal/portal/internal/config"
)

// version is stamped at build time with -ldflags "-X main.version=...".
var version = "dev"

// program is what a command gets.
type program struct {
	args           []string
	stdout, stderr io.Writer
	environ        func(string) (string, bool)
}

// command is one word behind "portal".
type command struct {
	name, what string
	run        func(context.Context, program) error
}

func commands() []command {
	return []command{
		{"serve", "run the portal for a real account; settings come from the environment", serve},
		{"demo", "run everything on this machine, with an emulated account and a local sign-in", demo},
		{"emulator", "run only the emulator of the Gtmhub API", emulate},
		{"check", "look whether the settings fit the account, the sign-in and the database; changes nothing", checkUp},
		{"migrate", "bring the database up to date and end", migrate},
		{"audit", "the audit trail: portal audit verify, export or erase-name", auditTrail},
		{"version", "print the version", func(_ context.Context, p program) error {
			_, err := fmt.Fprintln(p.stdout, "portal "+stamped())
			return err
		}},
	}
}

// stamped is the version for people: the stamp, or what Go knows about the build.
func stamped() string {
	if version != "dev" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return version
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, program{args: os.Args[1:], stdout: os.Stdout, stderr: os.Stderr, environ: os.LookupEnv}))
}

// run carries out one command: 0 when it did its work, 1 when it failed, 2 when it was called wrongly.
func run(ctx context.Context, p program) int {
	if len(p.args) == 0 {
		usage(p.stderr)
		return 2
	}
	for _, c := range commands() {
		if c.name != p.args[0] {
			continue
		}
		p.args = p.args[1:]
		err := c.run(ctx, p)
		if err == nil || errors.Is(err, flag.ErrHelp) {
			return 0
		}
		if problems, ok := errors.AsType[config.Problems](err); ok {
			fmt.Fprintf(p.stderr, "portal %s: the settings cannot be used:\n", c.name)
			for _, one := range problems {
				fmt.Fprintf(p.stderr, "  %s: %s\n", one.Setting, one.Sentence)
			}
			return 1
		}
		fmt.Fprintf(p.stderr, "portal %s: %v\n", c.name, err)
		if errors.Is(err, errUsage) {
			return 2
		}
		return 1
	}
	if p.args[0] == "help" || p.args[0] == "-h" || p.args[0] == "--help" {
		usage(p.stdout)
		return 0
	}
	fmt.Fprintf(p.stderr, "portal: there is no command %q\n\n", p.args[0])
	usage(p.stderr)
	return 2
}

var errUsage = errors.New("wrong use")

func usage(w io.Writer) {
	fmt.Fprintln(w, "The Gtmhub portal. Use: portal COMMAND [flags]\n\nCommands:")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-9s %s\n", c.name, c.what)
	}
	fmt.Fprintln(w, "\nTo try it out: portal demo")
}

// flags makes a flag set that prints to the program's own output.
func (p program) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet("portal "+name, flag.ContinueOnError)
	f.SetOutput(p.stderr)
	return f
}

// parse reads flags and refuses arguments behind them.
func parse(f *flag.FlagSet, args []string) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%w: unexpected argument %q", errUsage, f.Arg(0))
	}
	return nil
}
