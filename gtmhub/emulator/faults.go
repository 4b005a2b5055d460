package emulator

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Effect names what a fault does to a call.
type Effect string

// The effects. Those marked (real) carry the operation out and spoil its answer; the others answer without carrying it
// out, unless Fault.After is set.
const (
	EffectStatus    Effect = "status"             // answer with Status
	EffectLatency   Effect = "latency"            // (real) wait Delay, then go on as usual
	EffectDrop      Effect = "drop"               // cut the connection without an answer
	EffectLate      Effect = "late"               // answer now, carry the operation out after Delay; see Fault.Status
	EffectLateDrop  Effect = "late_drop"          // cut the connection now, carry the operation out after Delay
	EffectSlowHead  Effect = "slow_headers"       // (real) wait Delay after the effect, before the first byte
	EffectSlowBody  Effect = "slow_body"          // (real) spread the body over Delay
	EffectEndless   Effect = "endless_body"       // a list that never ends
	EffectGzipBomb  Effect = "gzip_bomb"          // about 1 GB of JSON in about 1 MB
	EffectDeepJSON  Effect = "deep_json"          // 100,000 nested lists
	EffectCutJSON   Effect = "cut_json"           // (real) the first half of the body, then a clean end
	EffectHTML      Effect = "html"               // 200 with a web page
	EffectItems     Effect = "items_object"       // (real) the list under items becomes an object
	EffectMissingID Effect = "missing_id"         // (real) ids of the record or of the items are left out
	EffectOtherMail Effect = "other_email"        // (real) another address in the record or the items
	EffectRedirect  Effect = "redirect"           // 302 to Location on another host
	EffectRepeat    Effect = "repeated_page"      // (real) lists give their first page whatever skip says
	EffectEchoAuth  Effect = "echo_authorization" // 500 whose message repeats the Authorization header
)

// realEffects carry the operation out in any case.
var realEffects = []Effect{EffectLatency, EffectSlowHead, EffectSlowBody, EffectCutJSON, EffectItems, EffectMissingID, EffectOtherMail, EffectRepeat}

var otherEffects = []Effect{
	EffectStatus, EffectDrop, EffectLate, EffectLateDrop, EffectEndless, EffectGzipBomb, EffectDeepJSON, EffectHTML, EffectRedirect, EffectEchoAuth,
}

// Duration is a time.Duration that JSON writes as "1.5s".
type Duration time.Duration

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads; negative durations are an error.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	if parsed < 0 {
		return errors.New("a negative duration")
	}
	*d = Duration(parsed)
	return nil
}

// Fault is a rule: which calls fail, how often, and how. All conditions that are set must hold. Rules are tried in the
// order in which they were added; the first that fires decides.
type Fault struct {
	// ID is given by the emulator.
	ID int `json:"id,omitempty"`
	// Operation is the operation's number; 0 means any.
	Operation int `json:"operation,omitempty"`
	// Method is an HTTP method; empty means any. "write" means any but GET.
	Method string `json:"method,omitempty"`
	// Path is a path below the version, such as /users/*/roles; * or {name} stands for one segment. Empty means any.
	Path string `json:"path,omitempty"`
	// BodyContains is a text in the request body, for example an address. Empty means any.
	BodyContains string `json:"bodyContains,omitempty"`
	// Probability is the chance that a matching call fails, 0 to 1; 0 means always. The dice depend on the seed.
	Probability float64 `json:"probability,omitempty"`
	// Nth lets only the nth matching call fail, counted from 1; 0 means every one.
	Nth int `json:"nth,omitempty"`
	// Count ends the rule after so many failures; 0 means never.
	Count int `json:"count,omitempty"`

	// Effect is what happens.
	Effect Effect `json:"effect"`
	// After carries the operation out before the fault, for effects that otherwise replace it.
	After bool `json:"after,omitempty"`
	// Status is the answer of EffectStatus. For EffectLate 0 means the answer that the operation would give.
	Status int `json:"status,omitempty"`
	// Body replaces the usual error body of Status; ContentType goes with it (default application/json).
	Body        string `json:"body,omitempty"`
	ContentType string `json:"contentType,omitempty"`
	// RetryAfter is the raw text of that header; it may be wrong on purpose.
	RetryAfter string `json:"retryAfter,omitempty"`
	// Location is where EffectRedirect leads; empty means a host that does not exist.
	Location string `json:"location,omitempty"`
	// Delay is the time of the slow and late effects.
	Delay Duration `json:"delay,omitempty"`
}

func (f Fault) check() error {
	switch {
	case !slices.Contains(realEffects, f.Effect) && !slices.Contains(otherEffects, f.Effect):
		return fmt.Errorf("effect %q is not known", f.Effect)
	case f.Probability < 0 || f.Probability > 1:
		return errors.New("probability is not between 0 and 1")
	case f.Nth < 0 || f.Count < 0 || f.Operation < 0 || f.Delay < 0:
		return errors.New("a number is negative")
	case f.Operation > OpRoles:
		return errors.New("no operation has this number") // it would never fire
	case f.Effect == EffectStatus && (f.Status < 200 || f.Status > 599):
		return errors.New("status must be from 200 to 599")
	case f.Effect == EffectLate && f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return errors.New("status must be 0 or from 200 to 599")
	}
	return nil
}

// matches says whether the conditions of the rule hold, chance and counts aside.
func (f Fault) matches(req request) bool {
	if f.Operation != 0 && (req.op == nil || req.op.number != f.Operation) {
		return false
	}
	if f.Method == "write" && req.method == http.MethodGet || f.Method != "" && f.Method != "write" && !strings.EqualFold(f.Method, req.method) {
		return false
	}
	if f.Path != "" {
		_, rest, _ := cutVersion(req.path)
		want, have := strings.Split(strings.Trim(f.Path, "/"), "/"), strings.Split(rest, "/")
		same := func(w, h string) bool { return w == h || w == "*" || strings.HasPrefix(w, "{") }
		if len(want) != len(have) || !slices.EqualFunc(want, have, same) {
			return false
		}
	}
	return f.BodyContains == "" || bytes.Contains(req.body, []byte(f.BodyContains))
}

// faults holds the rules. The zero value has none.
type faults struct {
	mu    sync.Mutex
	seed  uint64
	next  int
	rules []*rule
}

type rule struct {
	Fault
	dice  *rand.Rand
	seen  int // matching calls
	fired int
}

// AddFault adds a rule and returns its id.
func (e *Emulator) AddFault(f Fault) (int, error) {
	if err := f.check(); err != nil {
		return 0, fmt.Errorf("fault: %w", err)
	}
	fs := &e.faults
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.next++
	f.ID = fs.next
	fs.rules = append(fs.rules, &rule{Fault: f, dice: rand.New(rand.NewPCG(fs.seed, uint64(f.ID)))})
	return f.ID, nil
}

// RemoveFault takes a rule away; it says whether it was there.
func (e *Emulator) RemoveFault(id int) bool {
	fs := &e.faults
	fs.mu.Lock()
	defer fs.mu.Unlock()
	n := len(fs.rules)
	fs.rules = slices.DeleteFunc(fs.rules, func(r *rule) bool { return r.ID == id })
	return len(fs.rules) < n
}

// ClearFaults takes all rules away.
func (e *Emulator) ClearFaults() { e.faults.clear() }

func (fs *faults) clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.rules, fs.next = nil, 0 // the same rules get the same dice again
}

// Faults returns the rules in force.
func (e *Emulator) Faults() []Fault {
	fs := &e.faults
	fs.mu.Lock()
	defer fs.mu.Unlock()
	all := make([]Fault, len(fs.rules))
	for i, r := range fs.rules {
		all[i] = r.Fault
	}
	return all
}

// pick finds the fault of a call, if any.
func (fs *faults) pick(req request) (Fault, bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, r := range fs.rules {
		if !r.matches(req) || r.Count > 0 && r.fired >= r.Count {
			continue
		}
		r.seen++
		if r.Nth > 0 && r.seen != r.Nth || r.Probability > 0 && r.dice.Float64() >= r.Probability {
			continue
		}
		r.fired++
		return r.Fault, true
	}
	return Fault{}, false
}

// fail carries a fault out.
func (e *Emulator) fail(w http.ResponseWriter, r *http.Request, f Fault, req request) {
	readings := e.Readings()
	if f.Effect == EffectRepeat {
		req.query.Del("skip")
	}
	if f.Effect == EffectLatency {
		e.wait(r.Context(), time.Duration(f.Delay))
	}
	if f.Effect == EffectLate || f.Effect == EffectLateDrop {
		e.failLate(w, f, req, readings)
		return
	}
	var real reply // what the operation itself says
	var body []byte
	if f.After || slices.Contains(realEffects, f.Effect) {
		rep, err := e.run(&req)
		real = settle(readings, rep, err)
		body = real.bytes()
	}
	switch f.Effect {
	case EffectDrop:
		panic(http.ErrAbortHandler)
	case EffectStatus:
		e.writeStatus(w, f, readings)
	case EffectRedirect:
		w.Header().Set("Location", cmp.Or(f.Location, "https://elsewhere.invalid"+r.URL.Path))
		w.WriteHeader(http.StatusFound)
	case EffectEchoAuth:
		e.write(w, readings, reply{}, refuse(http.StatusInternalServerError, "cannot handle header Authorization: %s", r.Header.Get("Authorization")))
	case EffectHTML:
		send(w, http.StatusOK, "text/html; charset=utf-8", []byte("<!doctype html>\n<html><head><title>Gtmhub</title></head><body><div id=\"app\"></div></body></html>\n"))
	case EffectDeepJSON:
		const depth = 100_000
		send(w, http.StatusOK, "application/json", []byte(`{"items":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+`,"totalCount":1}`))
	case EffectGzipBomb:
		sendBomb(w)
	case EffectEndless:
		e.sendEndless(w, r)
	case EffectSlowHead:
		e.wait(r.Context(), time.Duration(f.Delay))
		replay(w, real, body)
	case EffectSlowBody:
		e.replaySlowly(w, r, real, body, time.Duration(f.Delay))
	case EffectCutJSON:
		replay(w, real, body[:len(body)/2])
	case EffectItems, EffectMissingID, EffectOtherMail:
		replay(w, real, spoil(f.Effect, body))
	case EffectLatency, EffectRepeat:
		replay(w, real, body)
	}
}

// failLate answers now and carries the operation out after the delay, or at once when the emulator closes.
func (e *Emulator) failLate(w http.ResponseWriter, f Fault, req request, readings Readings) {
	rep, err := e.rehearse(&req) // fixes the ids that the effect will have
	e.meta.Lock()
	closed := e.closed
	if !closed && err == nil {
		e.late.Add(1)
	}
	e.meta.Unlock()
	if !closed && err == nil {
		go func() {
			defer e.late.Done()
			e.wait(e.stopping, time.Duration(f.Delay))
			// Nobody hears a refusal any more; what the operation did can be seen in the account.
			_, _ = e.run(&req)
		}()
	}
	switch {
	case f.Effect == EffectLateDrop:
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		e.writeStatus(w, f, readings)
	default:
		e.write(w, readings, rep, err)
	}
}

func (e *Emulator) writeStatus(w http.ResponseWriter, f Fault, readings Readings) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Body != "" {
		send(w, f.Status, cmp.Or(f.ContentType, "application/json"), []byte(f.Body))
		return
	}
	e.write(w, readings, reply{}, refuse(f.Status, "%s (made to fail)", strings.ToLower(http.StatusText(f.Status))))
}

func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// replay sends an answer with another body.
func replay(w http.ResponseWriter, rep reply, body []byte) {
	for name, value := range rep.headers() {
		w.Header().Set(name, value)
	}
	w.WriteHeader(rep.status)
	if len(body) > 0 {
		_, _ = w.Write(body)
	}
}

// replaySlowly sends an answer in up to 20 pieces spread over d.
func (e *Emulator) replaySlowly(w http.ResponseWriter, r *http.Request, rep reply, body []byte, d time.Duration) {
	replay(w, rep, nil)
	const pieces = 20
	flush := http.NewResponseController(w)
	size := max(1, (len(body)+pieces-1)/pieces)
	for piece := range slices.Chunk(body, size) {
		_ = flush.Flush() // not every writer can; then the body comes at the end
		e.wait(r.Context(), d/pieces)
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// sendBomb sends 1 GB of spaces, compressed. Gzip members may follow each other, so one is made and sent 1024 times.
func sendBomb(w http.ResponseWriter) {
	var member bytes.Buffer
	z, _ := gzip.NewWriterLevel(&member, gzip.BestCompression) // the level is valid
	_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))           // into memory
	_ = z.Close()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(http.StatusOK)
	for range 1024 {
		if _, err := w.Write(member.Bytes()); err != nil {
			return
		}
	}
}

// sendEndless sends items until the caller goes or the emulator closes.
func (e *Emulator) sendEndless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	piece := []byte(`{"items":[`)
	filler := bytes.Repeat([]byte(`{"id":"000000000000000000000000"},`), 100)
	for r.Context().Err() == nil && e.stopping.Err() == nil {
		if _, err := w.Write(piece); err != nil {
			return
		}
		piece = filler
	}
}

// spoil gives an answer a wrong shape.
func spoil(effect Effect, body []byte) []byte {
	var top map[string]any
	if json.Unmarshal(body, &top) != nil {
		return body // errors in other forms and empty answers have nothing to spoil
	}
	items, isList := top["items"].([]any)
	if effect == EffectItems {
		object := map[string]any{}
		for i, x := range items {
			object[fmt.Sprint(i)] = x
		}
		top["items"] = object
	}
	records := []any{any(top)}
	if isList {
		records = items
	}
	for _, x := range records {
		record, ok := x.(map[string]any)
		if !ok {
			continue
		}
		switch effect {
		case EffectMissingID:
			delete(record, "id")
		case EffectOtherMail:
			record["email"] = "somebody.else@elsewhere.example"
		}
	}
	spoiled, err := json.Marshal(top)
	if err != nil {
		return body
	}
	return spoiled
}
