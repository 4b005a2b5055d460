package change

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Corrector is a recipe that takes Invitations, whose people can be corrected one by one in a change that stands. Rows of
// other recipes can be asked for anew as they are.
type Corrector interface {
	Recipe
	// Asked says what the rows of one person ask for: main is the row of the first step, more are those that depend on it.
	Asked(main Row, more []Row) (Invitee, error)
}

// Correctable is somebody in a change who can be corrected, or asked for anew.
type Correctable struct {
	Main Row
	More []Row
	// Asked is what was asked for; only Line and Flags of a recipe that is no Corrector.
	Asked Invitee
	// Account says that the account is there, so that only later steps can be corrected.
	Account bool
}

// Word is the worst word among the rows, and the reason with it.
func (p *Correctable) Word() (word, reason string) {
	row := p.Main
	for _, r := range p.More {
		if row.State.Good() && !r.State.Good() {
			row = r
		}
	}
	return row.State.Word(), cmp.Or(row.Reason, row.Note)
}

// Corrections are people as the requester wants them now.
type Corrections struct {
	// Version is the version that was shown.
	Version int
	// People are by main row. The service sets Line, and what cannot be changed any more.
	People map[id.Row]Invitee
	// Note is what whoever decides should know about it; at most MaxReason characters.
	Note string
}

// Undecided says whether the list can still be edited as a whole.
func (s State) Undecided() bool { return s == Waiting || s == Returned }

// mayRepair loads a change whose rows the actor may correct.
func (s *Service) mayRepair(ctx context.Context, a access.Actor, c id.Change) (Change, error) {
	ch, err := s.steer(ctx, a, c)
	if err != nil {
		return ch, err
	}
	if !ch.State.Undecided() && (!ch.State.Ended() || ch.State.Final()) {
		return ch, fault.Newf(fault.Conflict, "The request is %s. Rows can be corrected while it waits for a decision, and when its run has ended.", ch.State.Word())
	}
	return ch, nil
}

// Correctable returns the people whom the actor may correct: all of a list that was not decided yet; of others those who
// failed, were rejected, were not possible, or need a person. Errors: NotFound, Forbidden, and Conflict while a run goes on.
func (s *Service) Correctable(ctx context.Context, a access.Actor, c id.Change) (Change, []Correctable, error) {
	ch, err := s.mayRepair(ctx, a, c)
	if err != nil {
		return ch, nil, err
	}
	rows, _, err := s.o.Store.Rows(ctx, c, RowFilter{Step: AllSteps})
	if err != nil {
		return ch, nil, fmt.Errorf("load rows of %s: %w", c, err)
	}
	list, err := s.correctable(&ch, rows)
	return ch, list, err
}

func (s *Service) correctable(ch *Change, rows []Row) ([]Correctable, error) {
	more := map[id.Row][]Row{}
	for _, r := range rows {
		if r.Parent != "" {
			more[r.Parent] = append(more[r.Parent], r)
		}
	}
	corrector, _ := s.recipes[ch.Kind].(Corrector)
	var out []Correctable
	for _, r := range rows {
		if r.Parent != "" {
			continue
		}
		p := Correctable{Main: r, More: more[r.ID], Asked: Invitee{Line: r.Line, Flags: r.Flags},
			Account: r.State == Done || r.State == Nothing && !ch.State.Undecided()}
		if !p.open(ch.State) {
			continue
		}
		if corrector != nil {
			var err error
			if p.Asked, err = corrector.Asked(r, p.More); err != nil {
				return nil, fmt.Errorf("read what row %s asks for: %w", r.ID, err)
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// open says whether something of the person is left to correct.
func (p *Correctable) open(s State) bool {
	bad := false
	for _, r := range append([]Row{p.Main}, p.More...) {
		switch r.State {
		case Checking, InIntent, Unknown:
			return false
		case Done, Nothing:
		default:
			bad = true
		}
	}
	return bad || s.Undecided() && p.Main.State != Done
}

// CanCorrect says whether the recipe of the change lets cells be edited.
func (s *Service) CanCorrect(ch *Change) bool { _, ok := s.recipes[ch.Kind].(Corrector); return ok }

// Repair makes a new version of a change with people corrected. Of a list that was not decided yet, the new version is the
// whole list, votes are void and it stays in its state. Otherwise it holds only the people given, who wait for a decision
// again unless the policy says that they need none; what a decider has rejected always needs one. Rows that are done keep
// their version. It is planned with the requester's rights, whoever edits.
//
// Errors: NotFound and Forbidden as for Correctable; Conflict when the change has moved on since Version was shown; Invalid
// when nobody is given or nothing of it can be done.
func (s *Service) Repair(ctx context.Context, a access.Actor, by Person, c id.Change, in Corrections) (Change, error) {
	in.Note = strings.TrimSpace(in.Note)
	if utf8.RuneCountInString(in.Note) > MaxReason {
		return Change{}, &fault.FieldError{Field: "note", Message: fmt.Sprintf("The note may have at most %d characters.", MaxReason)}
	}
	ch, err := s.mayRepair(ctx, a, c)
	if err != nil {
		return Change{}, err
	}
	if in.Version != ch.Version {
		return Change{}, fault.New(fault.Conflict, "The list has changed since this page was drawn. Nothing was stored; look at it again.")
	}
	if len(in.People) == 0 {
		return Change{}, fault.New(fault.Invalid, "Nobody was corrected or chosen, so nothing was stored.")
	}
	rows, _, err := s.o.Store.Rows(ctx, c, RowFilter{Step: AllSteps})
	if err != nil {
		return Change{}, fmt.Errorf("load rows of %s: %w", c, err)
	}
	if Hash(ch.Version, ofVersion(rows, ch.Version)) != ch.Hash {
		s.refused(ctx, a, c, "correct", access.Verdict{Rule: "decide: stale list"})
		return Change{}, fault.New(fault.Conflict, "The list differs from what was submitted. Nothing was stored; ask the operator.")
	}
	list, err := s.correctable(&ch, rows)
	if err != nil {
		return Change{}, err
	}
	list = slices.DeleteFunc(list, func(p Correctable) bool { _, ok := in.People[p.Main.ID]; return !ok })
	if len(list) != len(in.People) {
		return Change{}, fault.New(fault.Conflict, "Some of these people cannot be corrected any more. Nothing was stored; look at the list as it is now.")
	}
	r := Revision{From: ch.Version, State: ch.State, By: by, To: Waiting, Deciders: ch.Deciders, DecidedBy: ch.By, Lead: ch.Lead, Ground: ch.Ground, Rule: ch.Rule, RuleSentence: ch.RuleSentence,
		People: len(list), Note: in.Note, Keep: ch.State.Undecided()}
	if _, ok := s.recipes[ch.Kind].(Corrector); ok {
		err = s.replan(ctx, a, &ch, rows, list, in.People, &r)
	} else {
		err = s.again(ctx, &ch, list, &r)
	}
	if err != nil {
		return Change{}, err
	}
	if r.Keep {
		r.To = ch.State
	}
	all := s.next(&ch, rows, &r)
	open, fine := 0, false
	for i := range all {
		switch all[i].State {
		case Queued:
			open++
		case Nothing:
			fine = true
		}
	}
	switch {
	case open == 0 && !fine:
		return Change{}, fault.New(fault.Invalid, strings.TrimSpace("Nothing of this can be done. "+firstNote(r.Rows)))
	case open == 0, r.Deciders == 0:
		r.To, r.Deciders = Approved, 0
	case ch.Reason == "" && in.Note == "":
		return Change{}, &fault.FieldError{Field: "note", Message: "Say why, for the person who decides."}
	}
	r.Hash = Hash(ch.Version+1, all)
	out, err := s.o.Store.Revise(ctx, c, r, s.o.Lapse, audit.Entry{Who: audit.WhoIs(a), Event: audit.Edited, Change: c, Act: ch.Kind,
		Result: fmt.Sprintf("%d rows corrected", len(list)), Version: ch.Version + 1, PlanHash: r.Hash})
	if err != nil {
		return Change{}, fmt.Errorf("revise %s: %w", c, err)
	}
	if out.State == Approved && s.o.Runner != nil {
		s.o.Runner.RunNow(ctx, c, s.o.Inline)
		return s.o.Store.Change(ctx, c)
	}
	return out, nil
}

// replan works the people out against the account and puts their rows into the revision.
func (s *Service) replan(ctx context.Context, a access.Actor, ch *Change, rows []Row, list []Correctable, wishes map[id.Row]Invitee, r *Revision) error {
	requester := a
	if !a.Same(ch.Requester.Actor()) {
		if s.o.Runner == nil {
			return fault.New(fault.Forbidden, "Only the person who made the request can correct it.")
		}
		var err error
		if requester, err = s.o.Runner.o.Actor(ctx, ch.Requester); err != nil {
			return fmt.Errorf("actor of %s: %w", ch.ID, err)
		}
	}
	var people Invitations
	for _, p := range list {
		w := wishes[p.Main.ID]
		w.Line = p.Main.Line
		if p.Account {
			w.Email, w.FirstName, w.LastName, w.Language, w.Problem = p.Asked.Email, p.Asked.FirstName, p.Asked.LastName, p.Asked.Language, ""
		}
		people.People = append(people.People, w)
	}
	if err := eachAddressOnce(people.People, list, rows); err != nil {
		return err
	}
	p, err := s.Preview(ctx, requester, ch.Requester, Input{Recipe: ch.Kind, Fields: Fields(people)})
	if err != nil {
		return err
	}
	if p.Verdict.Outcome == access.No {
		s.refused(ctx, a, ch.ID, "correct", p.Verdict)
		return access.Refuse(p.Verdict)
	}
	begin(p.Rows)
	m := merger{plan: p.Plan, last: map[int]int{}, r: r}
	for i := range rows {
		m.last[rows[i].Step] = max(m.last[rows[i].Step], rows[i].Pos)
	}
	least := 0
	for _, person := range list {
		if err := m.person(ch, person); err != nil {
			return err
		}
		if wasRejected(person) {
			least = max(least, needed(ch), 1)
		}
	}
	rule := access.Verdict{Rule: "rejected before", By: ch.By, Lead: ch.Lead, Sentence: "Somebody of these was rejected before, so that a second person has to agree."}
	if r.Keep {
		least, rule = ch.Deciders, access.Verdict{Rule: ch.Rule, By: ch.By, Lead: ch.Lead, Sentence: ch.RuleSentence}
	}
	if p.Verdict.Deciders >= least {
		rule = p.Verdict
	}
	rule.Outcome, rule.Deciders = access.NeedsDecision, max(least, p.Verdict.Deciders)
	rule = access.Stricter(rule, p.Verdict)
	r.Deciders, r.DecidedBy, r.Lead, r.Rule, r.RuleSentence, r.Ground, r.Policy = rule.Deciders, rule.By, rule.Lead, rule.Rule, rule.Sentence, p.Ground, p.Policy
	return nil
}

// eachAddressOnce is Invalid when a corrected person has the address of another one of the change. Rows that were rejected,
// cancelled or not possible do not count: they are asked for again only through here.
func eachAddressOnce(people []Invitee, list []Correctable, rows []Row) error {
	holders := map[string]Row{} // by address, those who are not corrected now
	corrected := map[id.Row]bool{}
	for _, p := range list {
		corrected[p.Main.ID] = !p.Account
	}
	for _, r := range rows {
		if r.Parent != "" || corrected[r.ID] || r.State == Blocked || r.State == RejectedRow || r.State == CancelledRow {
			continue
		}
		holders[strings.ToLower(r.Detail)] = r
	}
	for i, p := range list {
		if p.Account { // its address stays
			continue
		}
		address := strings.ToLower(people[i].Email)
		if other, ok := holders[address]; ok {
			return fault.Newf(fault.Invalid, "Row %d of the list (%s) has the same address as row %d (%s): %s. One address belongs to one person. Nothing was stored; correct one of them.",
				p.Main.Line, p.Main.Subject, other.Line, other.Subject, people[i].Email)
		}
		holders[address] = p.Main
	}
	return nil
}

// needed is the largest number of people that a version of the change needed.
func needed(ch *Change) int {
	n := ch.Deciders
	for _, v := range ch.Versions {
		n = max(n, v.Deciders)
	}
	return n
}

func wasRejected(p Correctable) bool {
	return p.Main.State == RejectedRow || slices.ContainsFunc(p.More, func(r Row) bool { return r.State == RejectedRow })
}

// merger puts planned rows in the places of those that stand.
type merger struct {
	plan Plan
	last map[int]int // the last position of each step
	r    *Revision
}

func (m *merger) person(ch *Change, p Correctable) error {
	main := slices.IndexFunc(m.plan.Rows, func(r Row) bool { return r.Step == 0 && r.Line == p.Main.Line })
	if main < 0 || p.Main.Line == 0 {
		return fmt.Errorf("row %s has no line of its own in the plan", p.Main.ID)
	}
	if p.Account {
		if row := &m.plan.Rows[main]; row.State == Blocked {
			return fault.New(fault.Invalid, p.Main.Subject+": "+row.Note)
		}
	} else {
		m.r.Rows = append(m.r.Rows, inPlace(m.plan.Rows[main], p.Main))
	}
	old := slices.Clone(p.More)
	for child := range m.plan.Rows {
		if parent, ok := m.plan.Links[child]; !ok || parent != main {
			continue
		}
		row := m.plan.Rows[child]
		i := slices.IndexFunc(old, func(o Row) bool {
			return o.Step == row.Step && o.Kind == row.Kind && o.Team == row.Team && (!keeps(ch, o) || o.After == row.After)
		})
		switch {
		case i < 0:
			m.last[row.Step]++
			row.ID, row.Change, row.Pos = id.NewRow(), ch.ID, m.last[row.Step]
		case keeps(ch, old[i]): // done in an earlier version
			old = slices.Delete(old, i, i+1)
			continue
		default:
			row = inPlace(row, old[i])
			old = slices.Delete(old, i, i+1)
		}
		row.Parent = p.Main.ID
		m.r.Rows = append(m.r.Rows, row)
	}
	for _, o := range old {
		if !keeps(ch, o) {
			m.r.Drop = append(m.r.Drop, o.ID)
		}
	}
	return nil
}

// keeps says whether a row of a later step stays as it is.
func keeps(ch *Change, r Row) bool {
	return r.State == Done || r.State == Nothing && !ch.State.Undecided()
}

// inPlace gives a planned row the identity of the one that it replaces. The epoch goes on, so that no old claim fits.
func inPlace(row, old Row) Row {
	row.ID, row.Change, row.Pos, row.Epoch, row.Updated = old.ID, old.Change, old.Pos, old.Epoch, old.Updated
	return row
}

// again asks for rows as they were planned: those that failed, need a person, or were rejected, and what hangs on them.
func (s *Service) again(ctx context.Context, ch *Change, list []Correctable, r *Revision) error {
	if r.Keep {
		return fault.New(fault.Invalid, "The rows of this request cannot be edited. Withdraw it and make it again.")
	}
	for _, p := range list {
		for _, row := range append([]Row{p.Main}, p.More...) {
			switch row.State {
			case RefusedRow, Attention, RejectedRow, CancelledRow:
				row.State, row.Reason, row.Attempt, row.NotBefore, row.Now, row.Released = Queued, "", 0, time.Time{}, "", false
				r.Rows = append(r.Rows, row)
			case Blocked:
				return fault.New(fault.Invalid, p.Main.Subject+": "+cmp.Or(row.Note, row.Reason))
			}
		}
	}
	r.Deciders = needed(ch)
	policy, err := s.o.Policy.Fresh(ctx)
	if err != nil {
		return err
	}
	r.Policy = policy.Number
	if len(ch.Ground.Hits) > 0 {
		v := policy.Judge(ch.Ground)
		if v.Outcome == access.No {
			return access.Refuse(v)
		}
		if v.Deciders > r.Deciders || v.Deciders > 0 && r.DecidedBy == access.ByAny {
			r.Deciders, r.DecidedBy, r.Lead, r.Rule, r.RuleSentence = max(r.Deciders, v.Deciders), v.By, v.Lead, v.Rule, v.Sentence
		}
	}
	return nil
}

// next are all rows of the new version in order.
func (s *Service) next(ch *Change, rows []Row, r *Revision) []Row {
	var all []Row
	if r.Keep {
		gone := map[id.Row]bool{}
		for _, d := range r.Drop {
			gone[d] = true
		}
		for i := range r.Rows {
			gone[r.Rows[i].ID] = true
		}
		for _, row := range rows {
			if row.Version == ch.Version && row.State != RejectedRow && !gone[row.ID] {
				all = append(all, row)
			}
		}
	}
	all = append(all, r.Rows...)
	slices.SortFunc(all, func(x, y Row) int { return cmp.Or(cmp.Compare(x.Step, y.Step), cmp.Compare(x.Pos, y.Pos)) })
	return all
}

func ofVersion(rows []Row, version int) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Version != version })
}
