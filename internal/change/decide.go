package change

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Word is a person's decision as it comes from the page.
type Word struct {
	Version int
	Hash    string
	Approve bool
	Reason  string
	Reject  []id.Row
}

// rejectsOnly checks that the word takes out rows of this list only.
func (w Word) rejectsOnly(rows []Row) error {
	own := make(map[id.Row]bool, len(rows))
	for i := range rows {
		own[rows[i].ID] = true
	}
	for _, r := range w.Reject {
		if !own[r] {
			return fault.New(fault.Invalid, "The ticks do not belong to this request, so nothing was decided. Open it again.")
		}
	}
	return nil
}

// leavesNothing says whether nothing is left to be carried out, because each open row is taken out, or waits for one that
// is: the word then rejects the whole, whatever its button was called.
func (w Word) leavesNothing(rows []Row) bool {
	out := make(map[id.Row]bool, len(rows))
	for _, r := range w.Reject {
		out[r] = true
	}
	for i := range rows { // a row comes after the one that it waits for
		row := &rows[i]
		out[row.ID] = out[row.ID] || out[row.Parent]
		if row.State == Queued && !out[row.ID] {
			return false
		}
	}
	return len(w.Reject) > 0
}

// Decide records a decision; a word that takes out every open row is stored as a rejection. Errors: NotFound if the actor may not see the change and has not seen it while it waited; Forbidden for the requester, editors
// and people without the right; Conflict when it was decided, edited or lapsed meanwhile; Invalid when a rejection
// has no reason, or a row to reject is not one of this change.
func (s *Service) Decide(ctx context.Context, a access.Actor, by Person, c id.Change, w Word) (Change, error) {
	w.Reason = strings.TrimSpace(w.Reason)
	missing := ""
	if !w.Approve || len(w.Reject) > 0 {
		missing = "Say why you reject. The requester will read it."
	}
	ch, rows, err := s.judge(ctx, a, c, w, missing)
	if err != nil {
		return Change{}, err
	}
	if err := w.rejectsOnly(rows); err != nil {
		s.refused(ctx, a, c, "decide", access.Verdict{Rule: "decide: foreign rows"})
		return Change{}, err
	}
	if w.Approve && w.leavesNothing(rows) {
		w.Approve, w.Reject = false, nil
	}
	event := audit.Approved
	if !w.Approve {
		event = audit.Rejected
	}
	d := Decision{Version: w.Version, By: by, Approve: w.Approve, Reason: w.Reason, Rejected: w.Reject, Hash: w.Hash}
	out, err := s.o.Store.Decide(ctx, c, d, audit.Entry{
		Who: audit.WhoIs(a), Event: event, Change: c, Act: ch.Kind, Version: w.Version, PlanHash: w.Hash,
		Result: fmt.Sprintf("%d rows rejected", len(w.Reject)),
	})
	if err := s.tooLate(ctx, a, c, err); err != nil {
		return Change{}, fmt.Errorf("decide %s: %w", c, err)
	}
	s.wake()
	return out, nil
}

// SendBack returns a waiting change to its requester with a question, which is Word.Reason. Who may decide may ask; errors
// are those of Decide. Votes stand until somebody edits the list.
func (s *Service) SendBack(ctx context.Context, a access.Actor, by Person, c id.Change, w Word) (Change, error) {
	w.Reason = strings.TrimSpace(w.Reason)
	ch, _, err := s.judge(ctx, a, c, w, "Write the question. The requester will read it.")
	if err != nil {
		return Change{}, err
	}
	out, err := s.o.Store.Return(ctx, c, Decision{Version: w.Version, By: by, Reason: w.Reason, Hash: w.Hash}, s.o.Lapse,
		audit.Entry{Who: audit.WhoIs(a), Event: audit.Returned, Change: c, Act: ch.Kind, Version: w.Version, PlanHash: w.Hash})
	if err := s.tooLate(ctx, a, c, err); err != nil {
		return Change{}, fmt.Errorf("send back %s: %w", c, err)
	}
	return out, nil
}

// judge loads what is to be decided and checks the person, the text (missing is the sentence for an empty one, "" if it
// may be empty) and the list that was shown.
func (s *Service) judge(ctx context.Context, a access.Actor, c id.Change, w Word, missing string) (Change, []Row, error) {
	ch, err := s.o.Store.Change(ctx, c)
	if err != nil {
		return ch, nil, fmt.Errorf("load change %s: %w", c, err)
	}
	facts := ch.Facts()
	// An approver sees a request only while it waits. Who brings its hash has seen it then, and is told that somebody
	// else was faster, not that it does not exist.
	if !access.SeesChange(a, facts) && (w.Hash != ch.Hash || !a.May(access.ChangesDecide)) {
		return ch, nil, fault.New(fault.NotFound, "There is no such request.")
	}
	facts.Waiting = true // the store answers for the state, in the same statement that changes it
	if v := access.MayDecide(a, facts); v.Outcome == access.No {
		s.refused(ctx, a, c, "decide", v)
		return ch, nil, access.Refuse(v)
	}
	if !a.HR && !a.Approver { // the right hangs on the team, which is read again
		team, err := s.o.Team(ctx, ch.Lead)
		if err != nil {
			return ch, nil, err
		}
		if v := access.MayDecideAsLead(a, team); v.Outcome == access.No {
			s.refused(ctx, a, c, "decide", v)
			return ch, nil, access.Refuse(v)
		}
	}
	if w.Reason == "" && missing != "" {
		return ch, nil, &fault.FieldError{Field: "reason", Message: missing}
	}
	if utf8.RuneCountInString(w.Reason) > MaxReason {
		return ch, nil, &fault.FieldError{Field: "reason", Message: fmt.Sprintf("The reason may have at most %d characters.", MaxReason)}
	}
	if policy, err := s.o.Policy.Fresh(ctx); err != nil {
		return ch, nil, err
	} else if v := policy.Judge(ch.Ground); w.Approve && len(ch.Ground.Hits) > 0 && v.Outcome == access.No {
		return ch, nil, fault.New(fault.Conflict, "Since this request was made, the policy has been changed: it is not allowed any more. Nothing was decided; you can reject it, or send it back. "+v.Sentence)
	}
	// The rows are hashed again here, so that a decision never covers a list that was altered behind our back.
	rows, _, err := s.o.Store.Rows(ctx, c, RowFilter{Step: AllSteps, Version: ch.Version})
	if err != nil {
		return ch, nil, fmt.Errorf("load rows of %s: %w", c, err)
	}
	if w.Version != ch.Version || w.Hash != ch.Hash || Hash(ch.Version, rows) != ch.Hash {
		s.refused(ctx, a, c, "decide", access.Verdict{Rule: "decide: stale list"})
		return ch, nil, fault.New(fault.Conflict, "The list has changed since this page was drawn. Nothing was decided; look at it again.")
	}
	return ch, rows, nil
}

// tooLate leaves a trace of a word that the store refused because of the state.
func (s *Service) tooLate(ctx context.Context, a access.Actor, c id.Change, err error) error {
	if errors.Is(err, fault.Conflict) {
		s.refused(ctx, a, c, "decide", access.Verdict{Rule: "decide: too late"})
	}
	return err
}

// NotByLink leaves a trace of somebody who tried to decide by opening an address. No mail and no link ever decides.
func (s *Service) NotByLink(ctx context.Context, a access.Actor) {
	s.refused(ctx, a, "", "decide", access.Verdict{Rule: "decide: by link"})
}

// Answer sends the requester's answer to the question with which a request was returned. The request then waits again,
// with a new time of lapsing. Errors: Forbidden for everybody else, Conflict when it does not wait for an answer.
func (s *Service) Answer(ctx context.Context, a access.Actor, by Person, c id.Change, text string) (Change, error) {
	ch, err := s.Show(ctx, a, c)
	if err != nil {
		return Change{}, err
	}
	if !a.Same(ch.Requester.Actor()) {
		return Change{}, fault.New(fault.Forbidden, "Only the person who made the request can answer.")
	}
	if text = strings.TrimSpace(text); text == "" {
		return Change{}, &fault.FieldError{Field: "answer", Message: "Write an answer, for the person who asked."}
	}
	if utf8.RuneCountInString(text) > MaxReason {
		return Change{}, &fault.FieldError{Field: "answer", Message: fmt.Sprintf("The answer may have at most %d characters.", MaxReason)}
	}
	out, err := s.o.Store.Answer(ctx, c, by, text, s.o.Lapse,
		audit.Entry{Who: audit.WhoIs(a), Event: audit.Answered, Change: c, Act: ch.Kind, Version: ch.Version, PlanHash: ch.Hash})
	if err != nil {
		return Change{}, fmt.Errorf("answer about %s: %w", c, err)
	}
	return out, nil
}

// decided says whether as many people as needed, none of them the requester or an editor, have agreed to exactly this
// version. The runner asks it before it sends anything: a state in the database is no proof.
func (c *Change) decided() bool {
	facts := c.Facts()
	var people []access.Actor
next:
	for _, d := range c.Agreed() {
		a := d.By.Actor()
		for _, other := range append(append([]access.Actor{facts.Requester}, facts.Editors...), people...) {
			if a.Same(other) {
				continue next
			}
		}
		people = append(people, a)
	}
	return len(people) >= c.Deciders
}

// overdue lapses a change that waited too long, and has its deciders, then their alternates reminded before. The database
// knows what time it is and lets each happen once, however many instances there are.
func (r *Runner) overdue(ctx context.Context, c *Change) error {
	note := "Nobody decided in time."
	if c.State == Returned {
		note = "The question was not answered in time."
	}
	if c.Version == 1 {
		note += " Nothing was done; the request can be made again."
	} else {
		note += " Nothing of the corrected list was done."
	}
	err := r.o.Store.Move(ctx, c.ID, []State{c.State}, Lapsed, note, audit.Entry{Who: schedule, Event: audit.Lapsed, Change: c.ID, Act: c.Kind})
	if !errors.Is(err, fault.Conflict) || c.State != Waiting {
		return err
	}
	for _, e := range []audit.Event{audit.Reminded, audit.Escalated} {
		if _, err := r.o.Store.Remind(ctx, c.ID, e, audit.Entry{Who: schedule, Event: e, Change: c.ID, Act: c.Kind, Version: c.Version}); err != nil {
			return fmt.Errorf("remind of %s: %w", c.ID, err)
		}
	}
	return nil
}
