package static_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/web/static"
)

// answer asks the handler. Header pairs are name, value.
func answer(method, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w
}

// content gives an asset by its base name from the folder it is embedded from.
func content(t *testing.T, name string) []byte {
	t.Helper()
	for _, dir := range []string{".", "vendor", "fonts"} {
		b, err := os.ReadFile(path.Join(dir, name))
		if err == nil {
			return static.Light(name, b)
		}
	}
	t.Fatalf("no file %s", name)
	return nil
}

func TestNames(t *testing.T) {
	t.Parallel()
	want := []string{
		"app.css", "app.js", "components.css", "favicon.svg",
		"geist-cyrillic-ext.woff2", "geist-cyrillic.woff2", "geist-latin-ext.woff2", "geist-latin.woff2", "geist-vietnamese.woff2",
		"htmx.min.js", "pages.css", "tabler.css", "theme.js",
	}
	if diff := cmp.Diff(want, static.Names()); diff != "" {
		t.Errorf("embedded files (-want +got):\n%s", diff)
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, pattern string }{
		{"app.css", `^/static/app\.[0-9a-f]{16}\.css$`},
		{"htmx.min.js", `^/static/htmx\.min\.[0-9a-f]{16}\.js$`},
		{"favicon.svg", `^/static/favicon\.[0-9a-f]{16}\.svg$`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := static.URL(tt.name); !regexp.MustCompile(tt.pattern).MatchString(got) {
				t.Errorf("URL(%q) = %q, want it to match %s", tt.name, got, tt.pattern)
			}
		})
	}
}

func TestURL_panics_for_unknown_names(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a misspelt name was accepted")
		}
	}()
	static.URL("ap.css")
}

func TestIntegrity_is_the_hash_of_what_is_served(t *testing.T) {
	t.Parallel()
	for _, name := range static.Names() {
		sum := sha512.Sum384(answer(http.MethodGet, static.URL(name)).Body.Bytes())
		want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
		if got := static.Integrity(name); got != want {
			t.Errorf("Integrity(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestHandler_serves_each_file_plain_and_compressed(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
		".woff2": "font/woff2",
	}
	for _, name := range static.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plain := answer(http.MethodGet, static.URL(name))
			zipped := answer(http.MethodGet, static.URL(name), "Accept-Encoding", "br, gzip")
			for _, w := range []*httptest.ResponseRecorder{plain, zipped} {
				got := map[string]string{}
				for _, h := range []string{"Content-Type", "Cache-Control", "Vary"} {
					got[h] = w.Header().Get(h)
				}
				want := map[string]string{
					"Content-Type":  types[path.Ext(name)],
					"Cache-Control": "public, max-age=31536000, immutable",
					"Vary":          "Accept-Encoding",
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("headers (-want +got):\n%s", diff)
				}
				if w.Code != http.StatusOK {
					t.Errorf("status %d, want 200", w.Code)
				}
			}
			if !bytes.Equal(withoutHashes(plain.Body.Bytes()), content(t, name)) {
				t.Error("the plain body is not the file")
			}
			if got := plain.Header().Get("Content-Encoding"); got != "" {
				t.Errorf("plain answer has Content-Encoding %q", got)
			}
			if path.Ext(name) == ".woff2" {
				if got := zipped.Header().Get("Content-Encoding"); got != "" {
					t.Errorf("a font has Content-Encoding %q: it cannot get smaller", got)
				}
				return
			}
			if got := zipped.Header().Get("Content-Encoding"); got != "gzip" {
				t.Fatalf("Content-Encoding %q, want gzip", got)
			}
			zr, err := gzip.NewReader(zipped.Body)
			if err != nil {
				t.Fatal(err)
			}
			unzipped, err := io.ReadAll(zr)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(withoutHashes(unzipped), content(t, name)) {
				t.Error("the compressed body is not the file")
			}
			if plain.Header().Get("ETag") == zipped.Header().Get("ETag") {
				t.Error("the plain and the compressed body have the same strong tag")
			}
		})
	}
}

// fontAddress is the address of a font in a style sheet, as it is served.
var fontAddress = regexp.MustCompile(`/static/(geist[a-z-]*)\.[0-9a-f]{16}\.woff2`)

// withoutHashes turns a style sheet back into what stands in the file.
func withoutHashes(sheet []byte) []byte { return fontAddress.ReplaceAll(sheet, []byte("$1.woff2")) }

func TestSheets_name_fonts_by_addresses_that_are_served(t *testing.T) {
	t.Parallel()
	sheet := answer(http.MethodGet, static.URL("app.css")).Body.String()
	faces := strings.Count(sheet, "@font-face")
	fonts := fontAddress.FindAllString(sheet, -1)
	if faces == 0 || len(fonts) != faces {
		t.Fatalf("%d font faces have %d hashed addresses", faces, len(fonts))
	}
	for _, url := range fonts {
		if w := answer(http.MethodGet, url); w.Code != http.StatusOK {
			t.Errorf("%s: status %d", url, w.Code)
		}
	}
}

func TestHandler_chooses_the_encoding(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, accept, want string }{
		{"nothing", "", ""},
		{"gzip", "gzip", "gzip"},
		{"capitals", "GZIP", "gzip"},
		{"among others", "deflate, gzip;q=0.5, br", "gzip"},
		{"refused", "gzip;q=0", ""},
		{"refused with spaces and digits", "gzip ; q=0.000", ""},
		{"refused though anything goes", "*, gzip;q=0", ""},
		{"anything", "*", "gzip"},
		{"anything refused", "*;q=0", ""},
		{"another name", "xgzip", ""},
		{"nonsense", "gzip;q=abc", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := answer(http.MethodGet, static.URL("app.css"), "Accept-Encoding", tt.accept)
			if got := w.Header().Get("Content-Encoding"); got != tt.want {
				t.Errorf("Content-Encoding for %q is %q, want %q", tt.accept, got, tt.want)
			}
		})
	}
}

func TestHandler_answers_what_the_browser_has(t *testing.T) {
	t.Parallel()
	url := static.URL("app.css")
	tag := answer(http.MethodGet, url).Header().Get("ETag")
	tests := []struct {
		name, match string
		want        int
	}{
		{"same", tag, http.StatusNotModified},
		{"weak", "W/" + tag, http.StatusNotModified},
		{"in a list", `"x", ` + tag, http.StatusNotModified},
		{"any", "*", http.StatusNotModified},
		{"other", `"x"`, http.StatusOK},
		{"the compressed one", strings.TrimSuffix(tag, `"`) + `-gzip"`, http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := answer(http.MethodGet, url, "If-None-Match", tt.match)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
			if w.Code == http.StatusNotModified && w.Body.Len() > 0 {
				t.Error("a 304 has a body")
			}
		})
	}
}

func TestHandler_refuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, method, url string
		want              int
	}{
		{"no hash", http.MethodGet, "/static/app.css", http.StatusNotFound},
		{"old hash", http.MethodGet, "/static/app.0000000000000000.css", http.StatusNotFound},
		{"folder", http.MethodGet, "/static/", http.StatusNotFound},
		{"licence", http.MethodGet, "/static/vendor/htmx.LICENSE", http.StatusNotFound},
		{"way up", http.MethodGet, "/static/../static.go", http.StatusNotFound},
		{"post", http.MethodPost, static.URL("app.css"), http.StatusMethodNotAllowed},
		{"delete", http.MethodDelete, static.URL("app.css"), http.StatusMethodNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := answer(tt.method, tt.url)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
			if strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Error("a refusal may be kept for a year")
			}
		})
	}
}

func TestHandler_head_has_the_headers_and_no_body(t *testing.T) {
	t.Parallel()
	get := answer(http.MethodGet, static.URL("app.css"))
	head := answer(http.MethodHead, static.URL("app.css"))
	if diff := cmp.Diff(get.Header(), head.Header()); diff != "" {
		t.Errorf("headers of GET and HEAD (-GET +HEAD):\n%s", diff)
	}
	if head.Body.Len() != 0 {
		t.Errorf("HEAD has a body of %d bytes", head.Body.Len())
	}
}

// TestSize holds the first visit, without its page, to 85 kB on the wire. Of the fonts it counts the one that the words
// of the pages need; browsers load each other one (8 to 17 kB) when a name with its letters appears.
func TestSize(t *testing.T) {
	t.Parallel()
	const limit = 85_000
	total := 0
	for _, name := range static.Names() {
		if path.Ext(name) == ".woff2" && name != "geist-latin.woff2" {
			continue
		}
		n := answer(http.MethodGet, static.URL(name), "Accept-Encoding", "gzip").Body.Len()
		t.Logf("%6d %s", n, name)
		total += n
	}
	if total > limit {
		t.Errorf("all assets take %d bytes, want at most %d", total, limit)
	}
}

// The content security policy allows no foreign origin and no font or picture but our own and data: addresses.
func TestSheets_load_nothing_from_elsewhere(t *testing.T) {
	t.Parallel()
	foreign := regexp.MustCompile(`(?i)@import|url\(\s*["']?(?:[^"'d)#]|d[^a]|https?:|//)`)
	sheets, err := fs.Glob(os.DirFS("."), "*.css")
	if err != nil || len(sheets) == 0 {
		t.Fatalf("no sheets found: %v", err)
	}
	for _, name := range sheets {
		own := regexp.MustCompile(`url\("geist[a-z-]*\.woff2"\)`).ReplaceAll(content(t, name), nil)
		if m := foreign.Find(own); m != nil {
			t.Errorf("%s loads something: %q", name, m)
		}
	}
}

// The policy also forbids what scripts of ours must therefore never try.
func TestScripts_evaluate_nothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"app.js", "theme.js"} {
		for _, word := range []string{"eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", `setAttribute("style"`} {
			if bytes.Contains(content(t, name), []byte(word)) {
				t.Errorf("%s contains %s", name, word)
			}
		}
	}
}

// TestLight: what is left out is for readers of the source only; nothing that a browser reads is touched.
func TestLight(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, file, in, want string }{
		{"script", "app.js", "// why\nconst a = 1; // stays\n\tconst b = \"https://x\";\n\t// gone\n", "const a = 1; // stays\nconst b = \"https://x\";\n"},
		{"sheet", "app.css", "/* why\n   so */\n.a {\n\tcolor: red; /* gone */\n}\n", "\n.a {\ncolor: red; \n}\n"},
		{"somebody else's sheet", "tabler.css", "/*! licence */\n\t.a{}\n", "/*! licence */\n\t.a{}\n"},
		{"somebody else's script", "htmx.min.js", "// licence\n\ta()\n", "// licence\n\ta()\n"},
		{"picture", "favicon.svg", "\t<svg>\n", "\t<svg>\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := string(static.Light(row.file, []byte(row.in))); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}
