package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Prefix is the path under which [Handler] must be mounted.
const Prefix = "/static/"

// hashDigits is the number of hexadecimal digits of the content hash in an address: 64 bits, plenty to tell
// versions of one file apart.
const hashDigits = 16

//go:embed *.css *.js *.svg vendor/*.js fonts/*.woff2
var files embed.FS

// contentTypes lists the kinds of files that may be embedded. Types are fixed here and not guessed from the host's
// tables, because with "nosniff" a wrong type means a page without styles.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

// asset is one embedded file, ready to be sent.
type asset struct {
	url         string
	etag        string
	integrity   string
	contentType string
	plain       []byte
	zipped      []byte // empty when it would not be smaller
}

// catalogue finds assets by their name in templates and by the address in a request.
type catalogue struct {
	byName map[string]*asset
	byURL  map[string]*asset
}

// load reads, hashes and compresses all files at the first use. Embedded files cannot fail to read and an
// unknown kind of file is a mistake of ours, so both panic; any test that draws a page finds them.
var load = sync.OnceValue(func() catalogue {
	c := catalogue{byName: map[string]*asset{}, byURL: map[string]*asset{}}
	add := func(file string) error {
		content, err := files.ReadFile(file)
		if err != nil {
			return err
		}
		name := path.Base(file)
		content = light(name, content)
		if path.Ext(name) == ".css" {
			content = c.withAddresses(content)
		}
		if c.byName[name] != nil {
			return fmt.Errorf("two files are called %s", name)
		}
		a, err := newAsset(name, content)
		if err != nil {
			return err
		}
		c.byName[name], c.byURL[a.url] = a, a
		return nil
	}
	var sheets []string // come last, because they name fonts
	err := fs.WalkDir(files, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Ext(file) == ".css" {
			sheets = append(sheets, file)
			return nil
		}
		return add(file)
	})
	for _, file := range sheets {
		err = errors.Join(err, add(file))
	}
	if err != nil {
		panic(fmt.Errorf("static: read embedded files: %w", err))
	}
	return c
})

var (
	sheetComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	scriptLine   = regexp.MustCompile(`(?m)^[ \t]*//.*\n`)
	indentation  = regexp.MustCompile(`(?m)^[ \t]+`)
)

// light leaves out of our own sheets and scripts what only those who read the source need: comments and indentation. Files
// of others, whose licences stand in theirs, stay as they are.
func light(name string, content []byte) []byte {
	switch {
	case name == "tabler.css" || strings.Contains(name, ".min."):
		return content
	case path.Ext(name) == ".css":
		content = sheetComment.ReplaceAll(content, nil)
	case path.Ext(name) == ".js":
		content = scriptLine.ReplaceAll(content, nil)
	default:
		return content
	}
	return indentation.ReplaceAll(content, nil)
}

// withAddresses puts the hashed addresses of fonts into a style sheet: url("geist-latin.woff2") becomes
// url("/static/geist-latin.<hash>.woff2").
func (c catalogue) withAddresses(sheet []byte) []byte {
	for name, a := range c.byName {
		if path.Ext(name) == ".woff2" {
			sheet = bytes.ReplaceAll(sheet, []byte(`url("`+name+`")`), []byte(`url("`+a.url+`")`))
		}
	}
	return sheet
}

func newAsset(name string, content []byte) (*asset, error) {
	ext := path.Ext(name)
	contentType, ok := contentTypes[ext]
	if !ok {
		return nil, fmt.Errorf("no content type for %s", name)
	}
	var zipped bytes.Buffer
	zw, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zw.Write(content); err != nil {
		return nil, err
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	if zipped.Len() >= len(content) {
		zipped.Reset() // fonts are compressed already
	}
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])[:hashDigits]
	strong := sha512.Sum384(content)
	return &asset{
		url:         Prefix + strings.TrimSuffix(name, ext) + "." + hash + ext,
		etag:        hash,
		integrity:   "sha384-" + base64.StdEncoding.EncodeToString(strong[:]),
		contentType: contentType,
		plain:       content,
		zipped:      zipped.Bytes(),
	}, nil
}

// mustFind panics for a name that is not embedded: a misspelt name in a template must not become a broken page.
func mustFind(name string) *asset {
	a := load().byName[name]
	if a == nil {
		panic("static: no file " + strconv.Quote(name))
	}
	return a
}

// URL gives the address of an embedded file by its base name: "app.css" becomes "/static/app.<hash>.css". It panics
// for an unknown name. Safe for concurrent use.
func URL(name string) string { return mustFind(name).url }

// Integrity gives the value of the integrity attribute (SHA-384) for an embedded file by its base name. It panics
// for an unknown name. Safe for concurrent use.
func Integrity(name string) string { return mustFind(name).integrity }

// Names lists the base names of all embedded files, sorted.
func Names() []string {
	var names []string
	for name := range load().byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Handler answers GET and HEAD for the addresses that [URL] gives, and 404 for everything else, old hashes included.
// Answers may be kept for a year, are compressed where the browser accepts it, and honour If-None-Match. Security
// headers are left to the middleware that sets them on all answers.
func Handler() http.Handler { return http.HandlerFunc(serve) }

func serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	a := load().byURL[r.URL.Path]
	if a == nil {
		// Not to be kept: the address becomes valid when an instance with the new version answers.
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Add("Vary", "Accept-Encoding")
	body, etag := a.plain, `"`+a.etag+`"`
	if len(a.zipped) > 0 && acceptsGzip(r.Header.Values("Accept-Encoding")) {
		body, etag = a.zipped, `"`+a.etag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if matches(r.Header.Values("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	// The only error is a browser that went away; there is nobody left to tell.
	_, _ = w.Write(body)
}

// acceptsGzip reads Accept-Encoding as RFC 9110 section 12.5.3 says, where "gzip;q=0" is a refusal.
func acceptsGzip(values []string) bool {
	accepted := false
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, params, _ := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != "gzip" && coding != "*" {
			continue
		}
		ok := true
		if q, found := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q="); found {
			weight, err := strconv.ParseFloat(q, 64)
			ok = err == nil && weight > 0
		}
		if coding == "gzip" {
			return ok // what is said about gzip itself outranks the wildcard
		}
		accepted = ok
	}
	return accepted
}

// matches reports whether If-None-Match names the tag, with the weak comparison of RFC 9110 section 13.1.2.
func matches(values []string, etag string) bool {
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == etag || part == "*" {
			return true
		}
	}
	return false
}
