package kinds

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// History reads changes that were made; the store of changes is one.
type History interface {
	Change(ctx context.Context, c id.Change) (change.Change, error)
	Rows(ctx context.Context, c id.Change, f change.RowFilter) ([]change.Row, int, error)
}

// Undo is the recipe that takes back what a change has done: the done rows, last step first, each by the inverse that
// its kind knows. What the change did not do itself is left alone.
type Undo struct {
	base
	kinds map[string]change.Kind
}

func newUndo(b base, all []change.Kind) Undo {
	u := Undo{b, map[string]change.Kind{}}
	for _, k := range all {
		u.kinds[k.Name()] = k
	}
	return u
}

// Name is change.UndoChange.
func (Undo) Name() string { return change.UndoChange }

// Plan is NotFound for a change that the actor may not see, Forbidden for one that they may not steer, and Conflict for
// one that is under way or has been undone.
func (u Undo) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Undo
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	ch, err := u.of(ctx, a, in.Change)
	if err != nil {
		return change.Plan{}, err
	}
	done, err := u.done(ctx, &ch)
	if err != nil {
		return change.Plan{}, err
	}
	p := change.Plan{Title: fmt.Sprintf("Undo of #%d: %s", ch.Number, ch.Title), UndoOf: ch.ID, Links: map[int]int{}}
	if p.Rows, err = u.invert(ctx, done); err != nil {
		return change.Plan{}, err
	}
	at := map[id.Row]int{}
	step, pos := -1, 0
	for i := range p.Rows {
		row := &p.Rows[i]
		if i == 0 || done[i].Step != done[i-1].Step {
			step, pos = step+1, 0
		}
		pos++
		row.Step, row.Pos, row.Line = step, pos, done[i].Line
		at[done[i].ID] = i
	}
	if err := u.ask(ctx, a, &p); err != nil {
		return change.Plan{}, err
	}
	// What was done first is taken back last: the row that made the other one possible waits for that one's inverse.
	for i := range done {
		if above, ok := at[done[i].Parent]; ok && done[i].Parent != "" && open(&p.Rows[i]) {
			p.Links[above] = i
		}
	}
	return p, nil
}

// of loads the change and says why it cannot be undone, if so.
func (u Undo) of(ctx context.Context, a access.Actor, c id.Change) (change.Change, error) {
	ch, err := u.set.Changes.Change(ctx, c)
	if errors.Is(err, fault.NotFound) || err == nil && !access.SeesChange(a, ch.Facts()) {
		return ch, fault.New(fault.NotFound, "There is no such request.")
	}
	if err != nil {
		return ch, fmt.Errorf("load change %s: %w", c, err)
	}
	if v := access.MaySteer(a, ch.Facts()); v.Outcome == access.No {
		return ch, fault.New(fault.Forbidden, "Only the requester and HR can undo this. Ask HR.")
	}
	if ch.UndoneBy.ID != "" {
		return ch, fault.Newf(fault.Conflict, "This has been undone already, by #%d. Nothing was done a second time.", ch.UndoneBy.Number)
	}
	if !ch.Undoable() {
		return ch, fault.Newf(fault.Conflict, "The request is %s. Only what has ended and has done something can be undone.", ch.State.Word())
	}
	return ch, nil
}

// done are the rows that did something, the last step first, in the order of the list within a step.
func (u Undo) done(ctx context.Context, ch *change.Change) ([]change.Row, error) {
	rows, _, err := u.set.Changes.Rows(ctx, ch.ID, change.RowFilter{Step: change.AllSteps, Word: change.Done.Word()})
	if err != nil {
		return nil, fmt.Errorf("rows of %s: %w", ch.ID, err)
	}
	slices.SortStableFunc(rows, func(a, b change.Row) int { return cmp.Compare(b.Step, a.Step) })
	var users []id.User
	var teams []id.Team
	for i := range rows {
		if rows[i].User == "" && rows[i].Team == "" {
			rows[i].User = id.User(rows[i].Result)
		}
		if rows[i].User != "" {
			users = append(users, rows[i].User)
		}
		if rows[i].Team != "" {
			teams = append(teams, rows[i].Team)
		}
	}
	if err := u.dir.Refresh(ctx, unique(users), unique(teams)); err != nil {
		return nil, unread(err)
	}
	return rows, nil
}

func (u Undo) invert(ctx context.Context, done []change.Row) ([]change.Row, error) {
	out := make([]change.Row, len(done))
	for i := range done {
		inverter, ok := u.kinds[done[i].Kind].(change.Inverter)
		if !ok {
			out[i] = cannot(done[i], "This cannot be taken back.")
			continue
		}
		row, err := inverter.Invert(ctx, done[i])
		if err != nil {
			return nil, fmt.Errorf("invert %s: %w", done[i].Kind, err)
		}
		// A released row went on from another value than the plan knew: the plan's was not there, so it does not come back.
		if d := done[i]; row.Action == change.Update && d.Released && d.Now != d.Before && row.After == d.Before {
			row = cannot(d, fmt.Sprintf("It went on from %q, which only a person can put back.", d.Now))
		}
		out[i] = row
	}
	return out, nil
}

// cannot is the row of an inverse that there is none of: what was done stays, because of the sentence.
func cannot(done change.Row, why string) change.Row {
	return change.Row{Kind: done.Kind, Subject: done.Subject, Detail: done.Detail, User: done.User, Team: done.Team, Payload: payload(struct{}{}),
		Action: change.NotPossible, Before: done.After, After: done.After, Note: why}
}

// ask has each kind look at its rows, as it will before it carries them out, and puts the question of each row to the
// policy with the number of rows of its act. What is not allowed to this actor is shown as not possible.
func (u Undo) ask(ctx context.Context, a access.Actor, p *change.Plan) error {
	byKind := map[string][]int{}
	for i := range p.Rows {
		if open(&p.Rows[i]) {
			byKind[p.Rows[i].Kind] = append(byKind[p.Rows[i].Kind], i)
		}
	}
	for _, name := range sortedKeys(byKind) {
		kind := u.kinds[name]
		if kind == nil {
			return fmt.Errorf("undo: no kind %q", name)
		}
		for part := range slices.Chunk(byKind[name], kind.Sizes().Look) {
			rows := make([]change.Row, len(part))
			for k, i := range part {
				rows[k] = p.Rows[i]
			}
			findings, err := kind.Look(ctx, a, rows)
			if err != nil {
				return err
			}
			for k, i := range part {
				u.judge(a, p, i, findings[k], len(byKind[name]))
			}
		}
	}
	if len(p.More) > 0 {
		p.Question, p.More = p.More[0], p.More[1:]
	}
	return nil
}

func open(row *change.Row) bool { return row.Action == change.Update || row.Action == change.Create }

func (u Undo) judge(a access.Actor, p *change.Plan, i int, f change.Finding, rows int) {
	row := &p.Rows[i]
	if !f.Go {
		row.Action, row.Note = change.NotPossible, f.Reason
		if f.State.Good() {
			row.Action = change.NothingToDo
		}
		return
	}
	f.Question.Rows = rows
	if v := u.set.Policy.Decide(a, f.Question); v.Outcome == access.No {
		row.Action, row.Note = change.NotPossible, strings.TrimSpace(v.Sentence+" "+v.Help)
		return
	}
	p.More = append(p.More, f.Question)
}

// Invert says that a mail cannot be called back.
func (inviteUser) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return cannot(row, "An invitation that was sent cannot be called back; deactivate or delete the user instead."), nil
}

// Invert removes a member whom the row has added.
func (k addMember) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.backward(row, access.RemoveMember), nil
}

// Invert puts back a member whom the row has removed.
func (k removeMember) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return k.backward(row, access.AddMember), nil
}

func (b base) backward(done change.Row, act access.Act) change.Row {
	team, ok := b.dir.Current().Team(done.Team)
	if !ok {
		return cannot(done, "The team does not exist any more.")
	}
	row := b.memberRow(act, team, done.User)
	if row.User != "" && row.Subject == unknownUser {
		row.Subject, row.Detail = done.Subject, done.Detail
	}
	return row
}
