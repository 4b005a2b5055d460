package change_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// labels is a small account of labelled users: enough to try what the engine does with any kind.
type labels struct {
	mu  sync.Mutex
	now map[id.User]string
}

func (l *labels) set(u id.User, label string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now[u] = label
}

func (l *labels) get(u id.User) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now[u]
}

// relabel is the kind and the recipe that set labels. It uses the act "add member", which HR may do at once.
type relabel struct{ *labels }

func (relabel) Name() string        { return string(access.AddMember) }
func (relabel) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (relabel) Operation() int      { return 27 }
func (relabel) Repeatable() bool    { return true }

func (k relabel) question() access.Question {
	return access.Question{Act: access.AddMember, Teams: []access.Team{{ID: "t"}}, Rows: 1}
}

func (k relabel) Plan(_ context.Context, _ access.Actor, fields json.RawMessage) (change.Plan, error) {
	wish := map[id.User]string{}
	if err := json.Unmarshal(fields, &wish); err != nil {
		return change.Plan{}, err
	}
	p := change.Plan{Title: "Set labels", Question: k.question()}
	for _, u := range []id.User{"u1", "u2", "u3", "u4"} {
		if label, ok := wish[u]; ok {
			p.Rows = append(p.Rows, change.Row{Pos: len(p.Rows) + 1, Kind: k.Name(), Subject: string(u), User: u, Lock: string(u), Payload: json.RawMessage(`{}`),
				Action: change.Update, Before: k.get(u), After: label})
		}
	}
	return p, nil
}

func (k relabel) Look(_ context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	out := make([]change.Finding, len(rows))
	for i := range rows {
		now := k.get(rows[i].User)
		switch {
		case now == rows[i].After:
			out[i] = change.Finding{State: change.Nothing}
		case rows[i].Drifted(now):
			out[i] = change.Hold(now)
		default:
			out[i] = change.Finding{Go: true, Question: k.question()}
		}
	}
	return out, nil
}

type labeller interface{ set(u id.User, label string) }

func (k relabel) Apply(_ context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[labeller](g)
	if err != nil {
		return nil, err
	}
	w.set(rows[0].User, rows[0].After)
	return []change.Outcome{{State: change.Done}}, nil
}

func (k relabel) Verify(_ context.Context, rows []change.Row, _ change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	for i := range rows {
		out[i].State = change.Unknown
		if k.get(rows[i].User) == rows[i].After {
			out[i].State = change.Done
		}
	}
	return out, nil
}

// engine is service, runner and store, without portal and account.
type engine struct {
	*labels
	store   *store.Store
	changes *change.Service
	runner  *change.Runner
	hr      access.Actor
	me      change.Person
	t       *testing.T
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: filepath.Join(t.TempDir(), "portal.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := &engine{labels: &labels{now: map[id.User]string{}}, store: st, t: t,
		me: change.Person{Kind: access.ByPerson, Issuer: "https://signin.example", Subject: "hr", Name: "Hanna Reed"}}
	e.hr = e.me.Actor()
	e.hr.HR = true
	k, policy := relabel{e.labels}, change.NewPolicies(nil, access.DefaultPolicy())
	e.runner = change.NewRunner(change.RunnerOptions{Store: st.Changes(), Kinds: []change.Kind{k}, Writer: e.labels, Policy: policy, Log: slog.New(slog.DiscardHandler),
		Actor: func(context.Context, change.Person) (access.Actor, error) { return e.hr, nil }})
	// No runner in the service: what is submitted waits for the test's own steps.
	e.changes = change.NewService(change.Options{Store: st.Changes(), Trail: st.Audit(), Recipes: []change.Recipe{k}, Policy: policy, Log: slog.New(slog.DiscardHandler)})
	return e
}

func (e *engine) submit(wish map[id.User]string) change.Change {
	e.t.Helper()
	c, err := e.changes.Submit(e.t.Context(), e.hr, e.me, change.Input{Recipe: string(access.AddMember), Fields: change.Fields(wish), Reason: "labels"})
	if err != nil {
		e.t.Fatal(err)
	}
	return c
}

// steps lets the runner work until it has nothing to do.
func (e *engine) steps() {
	e.t.Helper()
	for range 50 {
		worked, err := e.runner.Step(e.t.Context())
		if err != nil {
			e.t.Fatal(err)
		}
		if !worked {
			return
		}
	}
	e.t.Fatal("the runner does not come to an end")
}

func (e *engine) change(c id.Change) change.Change {
	e.t.Helper()
	ch, err := e.store.Changes().Change(e.t.Context(), c)
	if err != nil {
		e.t.Fatal(err)
	}
	return ch
}

func (e *engine) rows(c id.Change, word string) []change.Row {
	e.t.Helper()
	rows, _, err := e.store.Changes().Rows(e.t.Context(), c, change.RowFilter{Step: change.AllSteps, Word: word})
	if err != nil {
		e.t.Fatal(err)
	}
	return rows
}
