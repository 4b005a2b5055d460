package emulator

import (
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Control returns the handler for people who watch the emulator and for tests that drive it: counters, mails, faults,
// readings. It has no sign-in, so it belongs on a loopback address of its own. Browsers cannot be made to post to it
// from other sites.
//
//	GET    /                 an overview page
//	GET    /counts           counters; HTML, or JSON with Accept: application/json or ?format=json (so do /mail and /users)
//	GET    /mail             mails "sent", newest first; ?to= picks an address
//	GET    /users?email=     users by address (any letter case) or ?id=, as operation 4 shows them
//	GET    /violations       calls that broke the documented form
//	POST   /reset            back to the start
//	GET    /faults           rules; POST adds one (JSON of Fault), DELETE takes all away, DELETE /faults/{id} one
//	GET    /readings         readings; PUT changes those that are sent
//	GET    /settings         latency and seats; PUT changes those that are sent
//	POST   /tokens           {"token","userId"}: RegisterToken
//	POST   /signed-in        {"userId"}: SignedIn
func (e *Emulator) Control() http.Handler {
	m := http.NewServeMux()
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			if err := h(w, r); err != nil {
				writeJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			}
		})
	}
	handle("GET /{$}", e.showOverview)
	handle("GET /counts", e.showCounts)
	handle("GET /mail", e.showMail)
	handle("GET /users", e.findUsers)
	handle("GET /violations", func(w http.ResponseWriter, _ *http.Request) error {
		return answerJSON(w, emptyNotNil(e.Violations()))
	})
	handle("POST /reset", func(w http.ResponseWriter, r *http.Request) error {
		if err := e.Reset(); err != nil {
			return err
		}
		if wantsJSON(r) {
			w.WriteHeader(http.StatusNoContent)
		} else {
			http.Redirect(w, r, "./", http.StatusSeeOther)
		}
		return nil
	})
	handle("GET /faults", func(w http.ResponseWriter, _ *http.Request) error { return answerJSON(w, emptyNotNil(e.Faults())) })
	handle("POST /faults", e.postFault)
	handle("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) error {
		e.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
	handle("DELETE /faults/{id}", e.deleteFault)
	handle("GET /readings", func(w http.ResponseWriter, _ *http.Request) error { return answerJSON(w, e.Readings()) })
	handle("PUT /readings", e.putReadings)
	handle("GET /settings", func(w http.ResponseWriter, _ *http.Request) error { return answerJSON(w, e.settings()) })
	handle("PUT /settings", e.putSettings)
	handle("POST /tokens", e.postToken)
	handle("POST /signed-in", e.postSignedIn)
	return http.NewCrossOriginProtection().Handler(m)
}

// settings are what can be changed at run time beside faults and readings.
type settings struct {
	Latency Duration `json:"latency"`
	Seats   int      `json:"seats"`
}

func (e *Emulator) settings() settings {
	e.meta.Lock()
	defer e.meta.Unlock()
	return settings{Duration(e.latency), e.seats}
}

func wantsJSON(r *http.Request) bool {
	return r.URL.Query().Get("format") == "json" || strings.Contains(r.Header.Get("Accept"), "application/json")
}

func answerJSON(w http.ResponseWriter, v any) error {
	writeJSON(w, http.StatusOK, v)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // the caller has gone, or nothing
}

func emptyNotNil[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// readControl reads a JSON body strictly into v, which may hold values that stay when they are not sent.
func readControl(r *http.Request, v any) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return err
	}
	return decodeStrict(body, v)
}

func (e *Emulator) postFault(w http.ResponseWriter, r *http.Request) error {
	var f Fault
	if err := readControl(r, &f); err != nil {
		return err
	}
	id, err := e.AddFault(f)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, map[string]int{"id": id})
	return nil
}

func (e *Emulator) deleteFault(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !e.RemoveFault(id) {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "no such fault"})
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (e *Emulator) putReadings(w http.ResponseWriter, r *http.Request) error {
	readings := e.Readings()
	if err := readControl(r, &readings); err != nil {
		return err
	}
	if err := e.SetReadings(readings); err != nil {
		return err
	}
	return answerJSON(w, readings)
}

func (e *Emulator) putSettings(w http.ResponseWriter, r *http.Request) error {
	s := e.settings()
	if err := readControl(r, &s); err != nil {
		return err
	}
	e.SetLatency(time.Duration(s.Latency))
	e.SetSeats(s.Seats)
	return answerJSON(w, s)
}

func (e *Emulator) postToken(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Token  string `json:"token"`
		UserID string `json:"userId"`
	}
	if err := readControl(r, &in); err != nil {
		return err
	}
	if err := e.RegisterToken(in.Token, in.UserID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (e *Emulator) postSignedIn(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		UserID string `json:"userId"`
	}
	if err := readControl(r, &in); err != nil {
		return err
	}
	if err := e.SignedIn(in.UserID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// findUsers shows users as operation 4 does, in its JSON form: {"items":[...],"totalCount":n}.
func (e *Emulator) findUsers(w http.ResponseWriter, r *http.Request) error {
	key, value := "email", r.URL.Query().Get("email")
	if value == "" {
		key, value = "id", r.URL.Query().Get("id")
	}
	readings := e.Readings()
	e.mu.RLock()
	v := &view{s: e.state, readings: readings}
	items := []doc{}
	for _, u := range e.state.usersBy(key, []string{value}) {
		items = append(items, userFields.show(v, u))
	}
	e.mu.RUnlock()
	e.write(w, readings, envelope(items, len(items)), nil)
	return nil
}

func (e *Emulator) showCounts(w http.ResponseWriter, r *http.Request) error {
	counts := e.Counts()
	if wantsJSON(r) {
		return answerJSON(w, counts)
	}
	return render(w, "counts", countsView(counts))
}

func (e *Emulator) showMail(w http.ResponseWriter, r *http.Request) error {
	mails := []Mail{}
	to := r.URL.Query().Get("to")
	for _, m := range e.Mails() {
		if to == "" || strings.EqualFold(m.To, to) {
			mails = append(mails, m)
		}
	}
	if wantsJSON(r) {
		return answerJSON(w, mails)
	}
	return render(w, "mail", mails)
}

func (e *Emulator) showOverview(w http.ResponseWriter, _ *http.Request) error {
	e.mu.RLock()
	s := e.state
	page := overviewView{
		Account: s.account.Name, AccountID: s.account.ID, Users: len(s.users.order), Teams: len(s.teams.order),
		Roles: len(s.roles.order), Objectives: len(s.goals.order), Mails: len(s.mails),
	}
	e.mu.RUnlock()
	page.Settings = e.settings()
	page.Violations = e.Violations()
	for _, f := range e.Faults() {
		text, err := json.Marshal(f)
		if err != nil {
			return err
		}
		page.Faults = append(page.Faults, string(text))
	}
	return render(w, "overview", page)
}

type overviewView struct {
	Account, AccountID                     string
	Users, Teams, Roles, Objectives, Mails int
	Settings                               settings
	Faults                                 []string
	Violations                             []Violation
}

// Latency is the delay as people read it.
func (v overviewView) Latency() string { return time.Duration(v.Settings.Latency).String() }

type countRow struct {
	Number         int
	Method, Path   string
	Calls, Effects int
}

type countsPage struct {
	Counts
	Rows []countRow
}

// countsView puts the counters in the order of the operations; those that were never called are left out.
func countsView(c Counts) countsPage {
	page := countsPage{Counts: c}
	for _, o := range operations {
		if c.Calls[o.number] > 0 {
			page.Rows = append(page.Rows, countRow{o.number, o.method, "/api/" + o.version + o.path, c.Calls[o.number], c.Effects[o.number]})
		}
	}
	return page
}

func render(w http.ResponseWriter, name string, data any) error {
	var page strings.Builder
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, page.String()) // the caller has gone, or nothing
	return nil
}

var pages = template.Must(template.New("").Parse(`
{{define "head"}}<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.}} - Gtmhub emulator</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc;overflow-wrap:anywhere}
td.n,th.n{text-align:right}nav a{margin-right:1rem}code{overflow-wrap:anywhere}</style></head><body>
<nav aria-label="Pages"><a href="./">Overview</a><a href="counts">Counters</a><a href="mail">Mails</a><a href="faults">Faults</a><a href="readings">Readings</a></nav>
<h1>{{.}}</h1>{{end}}

{{define "overview"}}{{template "head" "Overview"}}
<p>This is an emulator of the Gtmhub API. No mail leaves it.</p>
<table><tr><th scope="row">Account</th><td>{{.Account}} (<code>{{.AccountID}}</code>)</td></tr>
<tr><th scope="row">Users</th><td>{{.Users}}</td></tr><tr><th scope="row">Teams</th><td>{{.Teams}}</td></tr>
<tr><th scope="row">Roles</th><td>{{.Roles}}</td></tr><tr><th scope="row">Objectives</th><td>{{.Objectives}}</td></tr>
<tr><th scope="row">Mails</th><td><a href="mail">{{.Mails}}</a></td></tr><tr><th scope="row">Latency</th><td>{{.Latency}}</td></tr>
<tr><th scope="row">Seats</th><td>{{if .Settings.Seats}}{{.Settings.Seats}}{{else}}no limit{{end}}</td></tr></table>
<h2>Faults</h2>{{range .Faults}}<p><code>{{.}}</code></p>{{else}}<p>None: every call is answered as documented.</p>{{end}}
<h2>Calls that broke the documented form</h2>{{with .Violations}}<table><thead><tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">Problem</th></tr></thead>
<tbody>{{range .}}<tr><td>{{.Method}}</td><td>{{.Path}}</td><td>{{.Problem}}</td></tr>{{end}}</tbody></table>{{else}}<p>None.</p>{{end}}
<h2>Start again</h2><form method="post" action="reset"><p>This takes the account back to where it started. <button>Reset the account</button></p></form>
</body></html>{{end}}

{{define "counts"}}{{template "head" "Counters"}}
{{if .Rows}}<table><thead><tr><th scope="col" class="n">No.</th><th scope="col">Operation</th><th scope="col" class="n">Calls</th><th scope="col" class="n">Effects</th></tr></thead>
<tbody>{{range .Rows}}<tr><td class="n">{{.Number}}</td><td>{{.Method}} {{.Path}}</td><td class="n">{{.Calls}}</td><td class="n">{{.Effects}}</td></tr>{{end}}</tbody></table>
{{else}}<p>No call yet.</p>{{end}}
<h2>Users created</h2>{{template "perMail" .Created}}<h2>Invitation mails</h2>{{template "perMail" .Mails}}
<h2>Password mails</h2>{{template "perMail" .PasswordMails}}<p>Calls that broke the documented form: {{.Violations}}</p></body></html>{{end}}

{{define "perMail"}}{{if .}}<table><thead><tr><th scope="col">E-mail</th><th scope="col" class="n">Number</th></tr></thead>
<tbody>{{range $email, $n := .}}<tr><td>{{$email}}</td><td class="n">{{$n}}</td></tr>{{end}}</tbody></table>{{else}}<p>None.</p>{{end}}{{end}}

{{define "mail"}}{{template "head" "Mails"}}
{{if .}}<table><thead><tr><th scope="col">Time</th><th scope="col">To</th><th scope="col">Subject</th></tr></thead>
<tbody>{{range .}}<tr><td>{{.Date}}</td><td>{{.Name}} &lt;{{.To}}&gt;</td><td>{{.Subject}}</td></tr>{{end}}</tbody></table>{{else}}<p>No mail yet.</p>{{end}}
</body></html>{{end}}
`))
