package emulator

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// apiError is an answer that says no. A violation breaks the documented form, beyond being refused.
type apiError struct {
	status    int
	message   string
	violation bool
	allow     string // methods that are allowed, with 405
}

func (a *apiError) Error() string { return a.message }

func refuse(status int, format string, args ...any) error {
	return &apiError{status: status, message: fmt.Sprintf(format, args...)}
}

// malformed refuses a call that no reading of the documents allows.
func malformed(status int, format string, args ...any) error {
	return &apiError{status: status, message: fmt.Sprintf(format, args...), violation: true}
}

// reply is an answer: a JSON value, a text, or nothing.
type reply struct {
	status int
	body   any // nil for no body; plainText for text; else what encode takes
	allow  string
}

type plainText string

var noContent = reply{status: http.StatusNoContent}

// okReply is the answer of operations whose 200 has no documented body.
func (c *call) okReply() reply {
	if c.readings.TextBodies {
		return reply{status: http.StatusOK, body: plainText("ok")}
	}
	return reply{status: http.StatusOK}
}

// call is one request to one operation.
type call struct {
	e        *Emulator
	op       *operation
	params   []string // path parameters in order
	query    url.Values
	body     []byte
	readings Readings
	seats    int
	s        *state
	tx       *tx // nil for reads
	actor    *user
	service  bool // the service token acts, not a person's
	view     *view
}

// request is what an operation needs of an HTTP request, so that it can be carried out now or later.
type request struct {
	op      *operation
	method  string
	path    string
	params  []string
	query   url.Values
	body    []byte
	token   string
	account string
	ids     []string // ids to use before making new ones
}

// ServeHTTP answers calls to {any prefix}/api/v1/... and {any prefix}/api/v2/... .
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.meta.Lock()
	closed, latency, readings := e.closed, e.latency, e.readings
	e.meta.Unlock()
	if closed {
		e.write(w, readings, reply{}, refuse(http.StatusServiceUnavailable, "the emulator is closed"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		e.write(w, readings, reply{}, refuse(http.StatusRequestEntityTooLarge, "the body cannot be read or is too large"))
		return
	}
	op, params, err := match(r.Method, r.URL.EscapedPath())
	query, badQuery := url.ParseQuery(r.URL.RawQuery)
	if err == nil && badQuery != nil {
		// Left alone, a filter that is not escaped well would be dropped, and all records answered.
		err = malformed(http.StatusBadRequest, "the query is not escaped as it should be")
	}
	req := request{
		op: op, method: r.Method, path: r.URL.Path, params: params, query: query, body: body,
		token: bearer(r.Header.Get("Authorization")), account: r.Header.Get("gtmhub-accountId"),
	}
	if op != nil {
		e.meta.Lock()
		e.calls[op.number]++
		e.meta.Unlock()
	}
	e.wait(r.Context(), latency)
	if f, ok := e.faults.pick(req); ok {
		e.fail(w, r, f, req)
		return
	}
	if err != nil {
		e.note(req, err)
		e.write(w, readings, reply{}, err)
		return
	}
	rep, err := e.run(&req)
	e.write(w, readings, rep, err)
}

// bearer takes the token out of an Authorization header, "" if there is none.
func bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// wait sleeps for d, at most as long as the caller stays and the emulator runs.
func (e *Emulator) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-e.stopping.Done():
	}
}

// run carries out an operation and commits what it changed.
func (e *Emulator) run(req *request) (reply, error) {
	return e.attempt(req, true)
}

// rehearse works an operation out without committing it. A later run of the same request makes the same ids.
func (e *Emulator) rehearse(req *request) (reply, error) {
	return e.attempt(req, false)
}

func (e *Emulator) attempt(req *request, effect bool) (rep reply, err error) {
	defer func() {
		if err != nil {
			e.note(*req, err)
		}
	}()
	c := &call{e: e, op: req.op, params: req.params, query: req.query, body: req.body}
	e.meta.Lock()
	c.readings, c.seats = e.readings, e.seats
	e.meta.Unlock()
	if req.op == nil {
		return reply{}, malformed(http.StatusNotFound, "not found")
	}
	if !req.op.write {
		e.mu.RLock()
		defer e.mu.RUnlock()
	} else {
		e.mu.Lock()
		defer e.mu.Unlock()
		c.tx = newTx(e.state, e.now(), req.ids)
	}
	c.s = e.state
	c.view = &view{s: c.s, readings: c.readings, plain: c.query.Get("formatting") == "plainText"}
	if err := c.admit(req); err != nil {
		return reply{}, err
	}
	rep, err = req.op.run(c)
	if err != nil || c.tx == nil {
		return rep, err
	}
	if !effect {
		// The ids are taken, though nothing has happened yet.
		req.ids = c.tx.made
		c.s.seq = max(c.s.seq, c.tx.rec.Seq)
		return rep, nil
	}
	if c.tx.empty() {
		return rep, nil
	}
	if c.tx.rec.Counts == nil {
		counts := newCounts()
		c.tx.rec.Counts = &counts
	}
	c.tx.rec.Counts.Effects[req.op.number]++
	if err := e.commit(c.tx.rec); err != nil {
		return reply{}, refuse(http.StatusInternalServerError, "the change could not be stored")
	}
	return rep, nil
}

// commit writes a change to the journal and then makes it visible. Callers hold the exclusive lock.
func (e *Emulator) commit(r record) error {
	if r.Counts == nil {
		counts := newCounts()
		r.Counts = &counts
	}
	r.Seq = max(r.Seq, e.state.seq)
	e.meta.Lock()
	r.Counts.Calls, e.calls = e.calls, map[int]int{}
	e.meta.Unlock()
	if err := e.journal.append(r); err != nil {
		e.log.Error("state file cannot be written", "error", err)
		e.meta.Lock()
		addTo(e.calls, r.Counts.Calls)
		e.meta.Unlock()
		return fmt.Errorf("write state file: %w", err)
	}
	e.state.apply(r)
	return nil
}

// admit checks token, account id, path ids and permission, in this order.
func (c *call) admit(req *request) error {
	if err := c.authenticate(req.token); err != nil {
		return err
	}
	if req.account != c.s.account.ID {
		status := http.StatusForbidden
		if c.readings.BadAccountStatus != 0 {
			status = c.readings.BadAccountStatus
		}
		return refuse(status, "empty or invalid account id")
	}
	for i, name := range c.op.names {
		if name != "clientId" && !isID(c.params[i]) {
			return malformed(http.StatusBadRequest, "%s is not a valid id", name)
		}
	}
	if c.op.retired && c.readings.RetiredAnnouncements != 0 {
		return refuse(c.readings.RetiredAnnouncements, "announcements are retired")
	}
	if c.op.personal && c.service && !c.readings.ServiceActs {
		return refuse(http.StatusForbidden, "this call needs the token of the person that it acts for")
	}
	if c.allowed(c.op.needs) || c.op.self && len(c.params) > 0 && c.params[0] == c.actor.ID {
		return nil
	}
	return refuse(http.StatusForbidden, "missing permission %s", c.op.needs)
}

func (c *call) authenticate(token string) error {
	if token == "" {
		return refuse(http.StatusUnauthorized, "missing token")
	}
	if id, ok := c.s.tokens[digest(token)]; ok {
		u := c.s.users.get(id)
		if u == nil || !u.IsActive {
			return refuse(http.StatusUnauthorized, "the user of the token is not active")
		}
		c.actor = u
		return nil
	}
	o := c.e.opts
	if o.Token == "" && o.StrictToken || o.Token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(o.Token)) != 1 {
		return refuse(http.StatusUnauthorized, "signature is invalid")
	}
	c.service = true
	for _, u := range c.s.users.order {
		if c.s.isAdmin(u) {
			c.actor = u
			return nil
		}
	}
	return refuse(http.StatusUnauthorized, "the user of the token is not there any more")
}

// allowed says whether the acting user has a permission; "" needs none.
func (c *call) allowed(permission string) bool {
	return permission == "" || slices.Contains(c.s.permissions(c.actor), permission)
}

// note keeps and logs a violation.
func (e *Emulator) note(req request, err error) {
	a, ok := errors.AsType[*apiError](err)
	if !ok || !a.violation {
		return
	}
	number := 0
	if req.op != nil {
		number = req.op.number
	}
	v := Violation{Operation: number, Method: req.method, Path: req.path, Problem: a.message}
	e.meta.Lock()
	e.broken++
	e.violations = append(e.violations, v)
	if over := len(e.violations) - 1000; over > 0 {
		e.violations = slices.Delete(e.violations, 0, over)
	}
	e.meta.Unlock()
	e.log.Warn("call breaks the documented form", "operation", number, "method", req.method, "status", a.status, "problem", a.message)
}

// write sends an answer.
func (e *Emulator) write(w http.ResponseWriter, readings Readings, rep reply, err error) {
	rep = settle(readings, rep, err)
	replay(w, rep, rep.bytes())
}

// settle turns an error into the answer that tells it.
func settle(readings Readings, rep reply, err error) reply {
	if err == nil {
		return rep
	}
	if a, ok := errors.AsType[*apiError](err); ok {
		return reply{status: a.status, body: errorBody(readings.ErrorForm, a.message), allow: a.allow}
	}
	return reply{status: http.StatusInternalServerError, body: errorBody(readings.ErrorForm, "internal error")}
}

func (r reply) headers() map[string]string {
	h := map[string]string{}
	switch r.body.(type) {
	case nil:
	case plainText:
		h["Content-Type"] = "text/plain; charset=utf-8"
	default:
		h["Content-Type"] = "application/json; charset=utf-8"
	}
	if r.allow != "" {
		h["Allow"] = r.allow
	}
	return h
}

func (r reply) bytes() []byte {
	switch body := r.body.(type) {
	case nil:
		return nil
	case plainText:
		return []byte(body)
	default:
		return encode(nil, body)
	}
}

// errorBody gives an error message the form that the readings choose.
func errorBody(form, message string) any {
	switch form {
	case "message", "reason":
		return doc{{form, message}}
	case "errors":
		return doc{{"errors", []string{message}}}
	case "string":
		return message
	case "text":
		return plainText(message)
	default:
		return doc{{"error", message}}
	}
}
