package kinds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Lookups is what kinds read beside the directory. Owned may be a minute old.
type Lookups interface {
	Owned(ctx context.Context, user id.User) (directory.Owned, error)
	FreshOwned(ctx context.Context, user id.User) (directory.Owned, error)
	StoredAnnouncements(ctx context.Context) ([]directory.Announcement, error)
	Announcement(ctx context.Context, a id.Announcement) (directory.Announcement, bool, error)
	Personal(ctx context.Context, user id.User) (directory.Personal, error)
}

// contentKinds are the kinds about objectives and announcements.
func (b base) contentKinds() []change.Kind {
	return []change.Kind{handOver{b}, setConfidence{b}, writeAnnouncement{b}, editAnnouncement{b}, removeAnnouncement{b}}
}

func (b base) contentRecipes() []change.Recipe {
	return []change.Recipe{HandOverObjectives{b}, SetConfidence{b}, Offboard{b}, ChangeAnnouncement{b, change.WriteAnnouncement},
		ChangeAnnouncement{b, change.EditAnnouncement}, ChangeAnnouncement{b, change.RemoveAnnouncement}}
}

// handOver changes the owners of an objective (operation 36). No call is documented that reads an objective, so it is
// read through the key results of one person (operation 34): Through, who owns one of them.
type handOver struct{ base }

// ownership is the payload of handOver. Owners are ids of users or teams, in order.
type ownership struct {
	Objective id.Objective `json:"objective"`
	Through   id.User      `json:"through"`
	Was       []string     `json:"was"`
	Want      []string     `json:"want"`
}

func (handOver) Name() string        { return string(access.HandOverObjectives) }
func (handOver) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (handOver) Operation() int      { return 36 }
func (handOver) Repeatable() bool    { return true }

type objectiveUpdater interface {
	UpdateObjective(ctx context.Context, objective id.Objective, update gtmhub.ObjectiveUpdate) error
}

// UpdateObjective is operation 36.
func (u *Upstream) UpdateObjective(ctx context.Context, objective id.Objective, update gtmhub.ObjectiveUpdate) error {
	_, err := u.client.Objectives.Update(ctx, gtmhub.ID(objective), update) //nolint:staticcheck // deprecated without a described successor
	return err
}

// SetObjectiveConfidence is operation 37.
func (u *Upstream) SetObjectiveConfidence(ctx context.Context, objective id.Objective, c gtmhub.Confidence) error {
	_, err := u.client.Objectives.SetConfidence(ctx, gtmhub.ID(objective), c) //nolint:staticcheck // deprecated without a described successor
	return err
}

// outOfSight is said about an objective that no key result of the person leads to any more.
const outOfSight = "Gtmhub shows no key result any more through which the portal could see this objective. Look for it in Gtmhub."

func (k handOver) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	out := make([]change.Finding, len(rows))
	read := map[id.User]directory.Owned{}
	for i, row := range rows {
		p, err := decode[ownership](row)
		if err != nil {
			return nil, err
		}
		objective, ok, err := k.through(ctx, read, p)
		if err != nil {
			return nil, err
		}
		switch {
		case !ok:
			out[i] = change.Finding{State: change.RefusedRow, Reason: outOfSight}
		case slices.Equal(objective.Owners, p.Want):
			out[i] = already(row, "Is so already.", "")
		case !slices.Equal(objective.Owners, p.Was):
			out[i] = change.Finding{State: change.Held, Reason: "Somebody changed this since the decision. It now belongs to " + k.ownerWords(objective.Owners) + "."}
		default:
			if out[i], err = k.ownable(ctx, p); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// through reads the objective again, each person once.
func (b base) through(ctx context.Context, read map[id.User]directory.Owned, p ownership) (directory.Objective, bool, error) {
	owned, ok := read[p.Through]
	if !ok {
		var err error
		if owned, err = b.set.Lookups.FreshOwned(ctx, p.Through); err != nil {
			return directory.Objective{}, false, unread(err)
		}
		read[p.Through] = owned
	}
	objective, ok := owned.Objective(p.Objective)
	return objective, ok, nil
}

// ownable looks whether those who become owners can be that, and brings the question for the policy.
func (b base) ownable(ctx context.Context, p ownership) (change.Finding, error) {
	for _, o := range p.Want {
		if slices.Contains(p.Was, o) {
			continue
		}
		problem, err := b.cannotOwn(ctx, id.User(o))
		if err != nil {
			return change.Finding{}, err
		}
		if problem != "" {
			return change.Finding{State: change.RefusedRow, Reason: problem}, nil
		}
	}
	return goOn(access.Question{Act: access.HandOverObjectives, Rows: 1}), nil
}

// cannotOwn says why a user (or team) cannot become an owner, as a sentence; "" if they can. The record is read again.
func (b base) cannotOwn(ctx context.Context, u id.User) (string, error) {
	if t, ok := b.dir.Current().Team(id.Team(u)); ok {
		if !t.Active {
			return t.Name + " is deactivated and cannot own objectives.", nil
		}
		return "", nil
	}
	if err := b.dir.Refresh(ctx, []id.User{u}, nil); err != nil {
		return "", unread(err)
	}
	user, ok := b.dir.Current().User(u)
	switch {
	case !ok:
		return "There is no such user any more.", nil
	case user.Status == directory.Inactive:
		return user.Name + " is deactivated and cannot own objectives.", nil
	}
	return "", nil
}

func (k handOver) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[objectiveUpdater](g)
	if err != nil {
		return nil, err
	}
	p, err := decode[ownership](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	owned, err := k.set.Lookups.Owned(ctx, p.Through) // the look before has just read it
	if err != nil {
		return nil, notDone(err)
	}
	objective, ok := owned.Objective(p.Objective)
	if !ok {
		return nil, &change.CallError{Class: change.Refused, Sentence: outOfSight}
	}
	// Whether the call keeps what is left out is not documented, so what is known goes along as it is.
	owner, session := gtmhub.ID(p.Want[0]), gtmhub.ID(objective.Session)
	update := gtmhub.ObjectiveUpdate{OwnerID: &owner}
	if objective.Name != "" {
		update.Name, update.Description = &objective.Name, &objective.Description
	}
	for _, o := range p.Want {
		update.OwnerIDs = append(update.OwnerIDs, gtmhub.ID(o))
	}
	if session != "" {
		update.SessionID = &session
	}
	return nil, outdatedCall(access.HandOverObjectives, w.UpdateObjective(ctx, p.Objective, update))
}

func (k handOver) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	read := map[id.User]directory.Owned{}
	for i, row := range rows {
		p, err := decode[ownership](row)
		if err != nil {
			return nil, err
		}
		objective, ok, err := k.through(ctx, read, p)
		switch {
		case err != nil:
			return nil, err
		case ok && slices.Equal(objective.Owners, p.Want):
			out[i].State = change.Done
		case after == change.AfterLoss:
			out[i].State = change.Unknown
		case !ok:
			out[i] = change.Outcome{State: change.Attention, Reason: outOfSight}
		case after == change.AfterConflict:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: sentences[access.HandOverObjectives].conflict}
		default:
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but shows " + k.ownerWords(objective.Owners) + " as the owner. Look at the objective and try again."}
		}
	}
	return out, nil
}

// Invert gives the objective back to those who owned it before, if nobody has changed it since and they can own it.
func (k handOver) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	done, err := decode[ownership](row)
	if err != nil {
		return change.Row{}, err
	}
	back := ownership{Objective: done.Objective, Through: done.Through, Was: done.Want, Want: done.Was}
	out := k.ownerRow(row.Subject, row.User, back)
	owned, err := k.set.Lookups.Owned(ctx, back.Through) // one reading for many rows; the look after it reads again
	if err != nil {
		return change.Row{}, unread(err)
	}
	objective, ok := owned.Objective(back.Objective)
	switch {
	case !ok:
		out.Action, out.Note = change.NotPossible, outOfSight
	case slices.Equal(objective.Owners, back.Want):
		out.Action, out.Note = change.NothingToDo, "Is so already."
	case !slices.Equal(objective.Owners, back.Was):
		out.Action, out.Note = change.NotPossible, "Somebody has changed it since: it now belongs to "+k.ownerWords(objective.Owners)+"."
	default:
		f, err := k.ownable(ctx, back)
		if err != nil {
			return change.Row{}, err
		}
		if !f.Go {
			out.Action, out.Note = change.NotPossible, f.Reason
		}
	}
	return out, nil
}

// ownerRow is a row that changes the owners of an objective. user is the person whose page it belongs to.
func (b base) ownerRow(name string, user id.User, p ownership) change.Row {
	return change.Row{Kind: string(access.HandOverObjectives), Subject: name, Detail: "objective", User: user, Lock: "objective:" + string(p.Objective), Payload: payload(p),
		Action: change.Update, Before: b.ownerWords(p.Was), After: b.ownerWords(p.Want)}
}

// ownerWords names owners for people.
func (b base) ownerWords(owners []string) string {
	if len(owners) == 0 {
		return "nobody"
	}
	snap := b.dir.Current()
	words := make([]string, len(owners))
	for i, o := range owners {
		words[i] = "somebody who is gone"
		if u, ok := snap.User(id.User(o)); ok {
			words[i] = u.Name
		} else if t, ok := snap.Team(id.Team(o)); ok {
			words[i] = "the team " + t.Name
		}
	}
	return strings.Join(words, ", ")
}

// handedOver puts to in the place of from; where from is no owner, to becomes the only one.
func handedOver(owners []string, from, to id.User) []string {
	i := slices.Index(owners, string(from))
	if i < 0 {
		return []string{string(to)}
	}
	out := slices.DeleteFunc(slices.Clone(owners), func(o string) bool { return o == string(to) })
	out[slices.Index(out, string(from))] = string(to)
	return out
}

// HandOverObjectives is the recipe behind "Change owner" and "Hand over".
type HandOverObjectives struct{ base }

// Name is change.HandOverObjectives.
func (HandOverObjectives) Name() string { return change.HandOverObjectives }

// Plan answers one row for each objective.
func (r HandOverObjectives) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.HandOver
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	from, ok := r.dir.Current().View(a.Scope()).User(in.From)
	if !ok {
		return change.Plan{}, errNoPerson
	}
	question := access.Question{Act: access.HandOverObjectives, Rows: max(1, len(in.Objectives))}
	if r.set.Policy.Decide(a, question).Outcome == access.No { // the service says why; nothing is read for those who may not
		return change.Plan{Title: "Hand over objectives", Question: question}, nil
	}
	if err := r.successor(ctx, in.From, in.To); err != nil {
		return change.Plan{}, err
	}
	if len(in.Objectives) == 0 {
		return change.Plan{}, &fault.FieldError{Field: "objective", Message: "Choose at least one objective."}
	}
	owned, err := r.set.Lookups.FreshOwned(ctx, in.From)
	if err != nil {
		return change.Plan{}, unread(err)
	}
	p := change.Plan{Question: question}
	for _, o := range unique(in.Objectives) {
		row := r.handing(&owned, in.From, in.To, o)
		row.Pos = len(p.Rows) + 1
		p.Rows = append(p.Rows, row)
	}
	what := "the objective " + p.Rows[0].Subject
	if len(p.Rows) > 1 {
		what = fmt.Sprintf("%d objectives", len(p.Rows))
	}
	p.Title = "Hand over " + what + " of " + from.Name + " to " + r.ownerWords([]string{string(in.To)})
	return p, nil
}

var errNoPerson = fault.New(fault.NotFound, "There is no such person.")

// successor checks that somebody can take over from a person.
func (b base) successor(ctx context.Context, from, to id.User) error {
	switch {
	case to == "":
		return &fault.FieldError{Field: "to", Message: "Choose who takes over."}
	case to == from:
		return &fault.FieldError{Field: "to", Message: "Choose somebody else: this is the person who hands over."}
	}
	problem, err := b.cannotOwn(ctx, to)
	if err == nil && problem != "" {
		return &fault.FieldError{Field: "to", Message: problem}
	}
	return err
}

// handing plans that an objective passes from one person to another.
func (b base) handing(owned *directory.Owned, from, to id.User, of id.Objective) change.Row {
	objective, ok := owned.Objective(of)
	if !ok {
		row := b.ownerRow("Unknown objective", from, ownership{Objective: of, Through: from})
		row.Action, row.Note, row.Before, row.After = change.NotPossible, outOfSight, "", ""
		return row
	}
	row := b.ownerRow(objective.Title(), from, ownership{Objective: of, Through: from, Was: objective.Owners, Want: handedOver(objective.Owners, from, to)})
	if slices.Equal(objective.Owners, []string{string(to)}) {
		row.Action, row.Note, row.After = change.NothingToDo, "Is so already.", row.Before
	}
	if objective.Private {
		row.Flags = append(row.Flags, "private")
	}
	return row
}

// setConfidence sets the confidence of an objective (operation 37). Gtmhub shows it nowhere among the documented calls, so
// the answer of the call is the proof, and the old value is not known: it cannot be undone.
type setConfidence struct{ base }

// confidence is the payload of setConfidence.
type confidence struct {
	Objective id.Objective `json:"objective"`
	Through   id.User      `json:"through"`
	// Percent is 0 to 100.
	Percent int    `json:"percent"`
	Reason  string `json:"reason"`
}

func (setConfidence) Name() string        { return string(access.SetConfidence) }
func (setConfidence) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (setConfidence) Operation() int      { return 37 }
func (setConfidence) Repeatable() bool    { return true }

type confidenceSetter interface {
	SetObjectiveConfidence(ctx context.Context, objective id.Objective, c gtmhub.Confidence) error
}

func (k setConfidence) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	out := make([]change.Finding, len(rows))
	read := map[id.User]directory.Owned{}
	for i, row := range rows {
		p, err := decode[confidence](row)
		if err != nil {
			return nil, err
		}
		_, ok, err := k.through(ctx, read, ownership{Objective: p.Objective, Through: p.Through})
		if err != nil {
			return nil, err
		}
		if out[i] = goOn(access.Question{Act: access.SetConfidence, Rows: 1}); !ok {
			out[i] = change.Finding{State: change.RefusedRow, Reason: outOfSight}
		}
	}
	return out, nil
}

func (setConfidence) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[confidenceSetter](g)
	if err != nil {
		return nil, err
	}
	p, err := decode[confidence](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	if err := w.SetObjectiveConfidence(ctx, p.Objective, gtmhub.Confidence{Value: float64(p.Percent) / 100, Reason: p.Reason}); err != nil {
		return nil, outdatedCall(access.SetConfidence, err)
	}
	return []change.Outcome{{State: change.Done}}, nil
}

// Verify is asked after a conflict or a lost answer only, and can see nothing.
func (setConfidence) Verify(_ context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	for i := range rows {
		out[i].State = change.Unknown
		if after == change.AfterConflict {
			out[i] = change.Outcome{State: change.RefusedRow, Reason: sentences[access.SetConfidence].conflict}
		}
	}
	return out, nil
}

// SetConfidence is the recipe behind the form of one objective.
type SetConfidence struct{ base }

// Name is change.SetConfidence.
func (SetConfidence) Name() string { return change.SetConfidence }

// maxWhy is the longest reason of a confidence, in characters.
const maxWhy = 500

// Plan answers one row.
func (r SetConfidence) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Confidence
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	if _, ok := r.dir.Current().View(a.Scope()).User(in.User); !ok {
		return change.Plan{}, errNoPerson
	}
	plan := change.Plan{Title: "Set a confidence", Question: access.Question{Act: access.SetConfidence, Rows: 1}}
	if r.set.Policy.Decide(a, plan.Question).Outcome == access.No {
		return plan, nil
	}
	in.Reason = strings.TrimSpace(in.Reason)
	switch {
	case in.Percent < 0 || in.Percent > 100:
		return change.Plan{}, &fault.FieldError{Field: "percent", Message: "Give a whole number from 0 to 100."}
	case in.Reason == "":
		return change.Plan{}, &fault.FieldError{Field: "why", Message: "Say why. Gtmhub shows it beside the confidence."}
	case utf8.RuneCountInString(in.Reason) > maxWhy:
		return change.Plan{}, &fault.FieldError{Field: "why", Message: fmt.Sprintf("This may have at most %d characters.", maxWhy)}
	}
	owned, err := r.set.Lookups.Owned(ctx, in.User)
	if err != nil {
		return change.Plan{}, unread(err)
	}
	objective, ok := owned.Objective(in.Objective)
	if !ok {
		return change.Plan{}, fault.New(fault.NotFound, outOfSight)
	}
	value := strconv.Itoa(in.Percent) + " %"
	plan.Title = "Set the confidence of " + objective.Title() + " to " + value
	plan.Rows = []change.Row{{Pos: 1, Kind: string(access.SetConfidence), Subject: objective.Title(), Detail: "objective", User: in.User, Lock: "objective:" + string(in.Objective),
		Payload: payload(confidence{in.Objective, in.User, in.Percent, in.Reason}), Action: change.Update,
		Before: "not shown by Gtmhub", After: value + ": " + in.Reason, Flags: []string{"cannot be undone"}}}
	return plan, nil
}

// outdatedCall puts a failed call of an operation that the vendor calls outdated into the runner's words. An account may
// serve one of them and not the next, so being refused ends the row and not the run.
func outdatedCall(act access.Act, err error) error {
	failed := refusalOf(act, err)
	ce, ok := errors.AsType[*change.CallError](failed)
	if ok && ce.Class != change.Lost && ce.Class != change.NotDone && (errors.Is(err, gtmhub.ErrForbidden) || errors.Is(err, gtmhub.ErrNotFound)) {
		ce.Class, ce.Sentence = change.Refused, sentences[act].forbidden
	}
	return failed
}
