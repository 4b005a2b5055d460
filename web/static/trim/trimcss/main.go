// Command trimcss writes web/static/tabler.css, the vendor's style sheet without what the portal does not use.
// "go generate ./web/static" runs it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gtmhub-portal/portal/web/static/trim"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "trimcss:", err)
		os.Exit(1)
	}
}

// run expects to be started in web/static, as go generate does.
func run() error {
	root := filepath.Join("..", "..")
	css, err := trim.Generate(os.DirFS(root))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(trim.Output)), css, 0o644); err != nil {
		return fmt.Errorf("write reduced sheet: %w", err)
	}
	fmt.Printf("%s: %d bytes\n", trim.Output, len(css))
	return nil
}
