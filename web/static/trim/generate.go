package trim

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Output is the path of the reduced sheet below the root of the repository.
const Output = "web/static/tabler.css"

const (
	fullPath  = "web/static/vendor/tabler.min.css.gz"
	staticDir = "web/static"
)

// sources are the folders whose templates and Go files may name classes.
var sources = []string{"web", "handlers"}

// Generate gives the reduced sheet for the repository at root. It reads only; the command trimcss writes [Output].
func Generate(root fs.FS) ([]byte, error) {
	full, err := Full(root)
	if err != nil {
		return nil, err
	}
	words := map[string]bool{}
	for _, dir := range sources {
		found, err := Words(root, dir)
		if err != nil {
			return nil, err
		}
		maps.Copy(words, found)
	}
	own, err := ownSheets(root)
	if err != nil {
		return nil, err
	}
	return CSS(full, words, own)
}

// Full gives the vendor's sheet as delivered.
func Full(root fs.FS) ([]byte, error) {
	zipped, err := fs.ReadFile(root, fullPath)
	if err != nil {
		return nil, fmt.Errorf("read vendor sheet: %w", err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, fmt.Errorf("open vendor sheet: %w", err)
	}
	full, err := io.ReadAll(zr)
	if err != nil {
		return nil, fmt.Errorf("unpack vendor sheet: %w", err)
	}
	return full, nil
}

// word matches whatever can be a name in a style sheet. Names of the vendor may hold escaped characters ("py-1\.5");
// none that we use does.
var word = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_-]*`)

// Words gives the words of all templates, Go files and scripts below dir. Tests, generated files and comment lines do
// not count: a class named only there is not used.
func Words(root fs.FS, dir string) (map[string]bool, error) {
	words := map[string]bool{}
	err := fs.WalkDir(root, dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if file == staticDir+"/vendor" || file == staticDir+"/trim" {
				return fs.SkipDir
			}
			return nil
		}
		if !namesClasses(file) {
			return nil
		}
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(strings.TrimSpace(line), "//") {
				continue
			}
			for _, w := range word.FindAllString(line, -1) {
				words[w] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read words below %s: %w", dir, err)
	}
	return words, nil
}

func namesClasses(file string) bool {
	if strings.HasSuffix(file, "_templ.go") || strings.HasSuffix(file, "_test.go") {
		return false
	}
	return slices.Contains([]string{".templ", ".go", ".js"}, path.Ext(file))
}

// ownSheets gives our own style sheets in one piece: they too read the vendor's custom properties.
func ownSheets(root fs.FS) ([]byte, error) {
	names, err := fs.Glob(root, staticDir+"/*.css")
	if err != nil {
		return nil, fmt.Errorf("list own sheets: %w", err)
	}
	var own []byte
	for _, name := range names {
		if name == Output {
			continue
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, fmt.Errorf("read own sheet: %w", err)
		}
		own = append(own, text...)
	}
	return own, nil
}
