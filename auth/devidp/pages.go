package devidp

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const maxResults = 20

//go:embed style.css
var styleSheet []byte

//go:embed pages.html
var pageSource string

var templates = template.Must(template.New("pages").Parse(pageSource))

// pages are what people see.
type pages struct {
	storage *storage
	base    string // path of the issuer, without a slash at the end
	issuer  string
	policy  string
}

// contentPolicy forbids everything that the pages do not need. The redirect addresses of the clients stand under
// form-action because Chromium applies it to the redirects after a form, too.
func contentPolicy(clients []Client) string {
	targets := []string{"'self'"}
	for _, c := range clients {
		for _, raw := range c.RedirectURIs {
			if u, err := url.Parse(raw); err == nil && u.Host != "" {
				targets = append(targets, u.Scheme+"://"+u.Host)
			}
		}
	}
	slices.Sort(targets)
	return "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action " +
		strings.Join(slices.Compact(targets), " ")
}

func (p *pages) handle(page func(http.ResponseWriter, *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", p.policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		page(w, r)
	})
}

func (p *pages) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		p.storage.o.Logger.Error("draw page of the training sign-in", "page", name, "error", err)
		http.Error(w, "The page could not be drawn.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // nothing can be done for a browser that has gone
}

type chooseProps struct {
	Base     string
	ID       string
	Query    string
	Featured []featuredProps
	// Searched says that a search was made, so that "nobody found" can be told from "not searched yet".
	Searched  bool
	Found     []personProps
	More      bool
	CanSearch bool
}

type featuredProps struct {
	personProps
	Slug, Title, Hint string
}

type personProps struct {
	ID, Name, Email string
}

// choose serves GET /login?id=...&q=...: who do you want to be?
func (p *pages) choose(w http.ResponseWriter, r *http.Request) {
	id, query := r.URL.Query().Get("id"), strings.TrimSpace(r.URL.Query().Get("q"))
	if !p.waiting(id) {
		p.expired(w)
		return
	}
	props := chooseProps{Base: p.base, ID: id, Query: query, Searched: query != "", CanSearch: p.storage.o.People != nil}
	for _, f := range p.storage.o.Featured {
		props.Featured = append(props.Featured, featuredProps{
			personProps: personProps{f.ID, f.Name, f.Email}, Slug: slug(f.Title), Title: f.Title, Hint: f.Hint,
		})
	}
	for _, found := range p.storage.search(query, maxResults+1) {
		props.Found = append(props.Found, personProps{found.ID, found.Name, found.Email})
	}
	if len(props.Found) > maxResults {
		props.Found, props.More = props.Found[:maxResults], true
	}
	p.render(w, http.StatusOK, "choose", props)
}

func (p *pages) waiting(id string) bool {
	p.storage.mu.Lock()
	defer p.storage.mu.Unlock()
	_, err := p.storage.login(id)
	return err == nil
}

// slug turns a title into lower-case letters and digits with hyphens.
func slug(title string) string {
	words := strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}

// chosen serves POST /login: it goes on as the chosen person.
func (p *pages) chosen(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("id")
	if err := p.storage.choose(id, r.PostFormValue("person")); err != nil {
		p.expired(w)
		return
	}
	http.Redirect(w, r, p.issuer+"/authorize/callback?id="+url.QueryEscape(id), http.StatusSeeOther)
}

func (p *pages) expired(w http.ResponseWriter) {
	p.render(w, http.StatusGone, "expired", chooseProps{Base: p.base})
}

// signedOut serves GET /signed-out.
func (p *pages) signedOut(w http.ResponseWriter, _ *http.Request) {
	p.render(w, http.StatusOK, "signed-out", chooseProps{Base: p.base})
}

func (p *pages) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(styleSheet)
}
