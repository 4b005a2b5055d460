package kinds

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// The kinds of this file alter what Gtmhub ties to the caller. They are carried out with the token of the person who made
// the change, which is lent to the portal while that person waits for the page, and with no other.
type (
	// setOwnSettings changes how Gtmhub's pages look and work for a person (operation 14).
	setOwnSettings struct{ base }
	// takeBackReaction takes back a person's own reaction to an announcement (operation 40).
	takeBackReaction struct{ base }
)

// OwnTokens answers the token that the requester of a change lent for it.
type OwnTokens interface {
	Of(c id.Change) (token string, ok bool)
}

// ownSettings is the payload of setOwnSettings; only what differs is sent.
type ownSettings struct {
	Was directory.PersonalSettings `json:"was"`
	To  directory.PersonalSettings `json:"to"`
}

// reaction is the payload of takeBackReaction.
type reaction struct {
	ID id.Announcement `json:"id"`
}

func (setOwnSettings) Name() string          { return string(access.SetOwnSettings) }
func (setOwnSettings) Sizes() change.Sizes   { return change.Sizes{Look: 1, Call: 1} }
func (setOwnSettings) Operation() int        { return 14 }
func (setOwnSettings) Repeatable() bool      { return true }
func (takeBackReaction) Name() string        { return string(access.TakeBackReaction) }
func (takeBackReaction) Sizes() change.Sizes { return change.Sizes{Look: 1, Call: 1} }
func (takeBackReaction) Operation() int      { return 40 }
func (takeBackReaction) Repeatable() bool    { return true }

func (b base) ownKinds() []change.Kind { return []change.Kind{setOwnSettings{b}, takeBackReaction{b}} }
func (b base) ownRecipes() []change.Recipe {
	return []change.Recipe{OwnSettings{b}, TakeBackReaction{b}}
}

type ownSettingsWriter interface {
	SetOwnSettings(ctx context.Context, c id.Change, settings json.RawMessage) error
}

type reactionRemover interface {
	RemoveOwnReaction(ctx context.Context, c id.Change, a id.Announcement) error
}

// errNoOwnToken means that nothing was sent.
var errNoOwnToken = &change.CallError{Class: change.Refused, Sentence: notAtHand}

const notAtHand = "Gtmhub ties this to the person's own sign-in, which is at hand only while they wait for the page. Nothing was sent; do it once more from the page."

// own is a client with the token that the requester of the change lent for it; nil when it is not at hand.
func (u *Upstream) own(c id.Change) *gtmhub.Client {
	token, ok := u.tokens.Of(c)
	if !ok {
		return nil
	}
	return u.client.As(gtmhub.StaticToken(token))
}

// SetOwnSettings is operation 14, for whoever made the change and with their token.
func (u *Upstream) SetOwnSettings(ctx context.Context, c id.Change, settings json.RawMessage) error {
	client := u.own(c)
	if client == nil {
		return errNoOwnToken
	}
	return client.Users.UpdateOwnSettings(ctx, settings) //nolint:staticcheck // nothing replaces it for these settings
}

// RemoveOwnReaction is operation 40, likewise.
func (u *Upstream) RemoveOwnReaction(ctx context.Context, c id.Change, a id.Announcement) error {
	client := u.own(c)
	if client == nil {
		return errNoOwnToken
	}
	_, err := client.Announcements.RemoveReaction(ctx, gtmhub.ID(a)) //nolint:staticcheck // deprecated without a successor
	return err
}

// ownCall puts a failed call into words. What is refused to one person says nothing about the other rows, so it never
// stops a run.
func ownCall(act access.Act, err error) error {
	if err == nil || errors.Is(err, errNoOwnToken) {
		return err
	}
	failed := refusalOf(act, err)
	if ce, ok := errors.AsType[*change.CallError](failed); ok && ce.Class == change.Stop {
		ce.Class = change.Refused
		if errors.Is(err, gtmhub.ErrUnauthorized) {
			ce.Sentence = "Gtmhub does not take your sign-in any more. Nothing was sent; sign out, sign in again, and try once more."
		}
	}
	return failed
}

// otherInstance is how often a row is given back by instances to which nothing was lent, before it is refused: the one
// at which the person waits takes it meanwhile.
const otherInstance = 5

// lent is the finding for a row that is to go on: it needs the requester's own token.
func (b base) lent(a access.Actor, act access.Act, row change.Row) change.Finding {
	if _, ok := b.set.Own.Of(row.Change); !ok {
		if row.Attempt == 0 && row.Epoch < otherInstance {
			return change.Finding{State: change.Queued, Reason: "Waits for the person's own sign-in."}
		}
		return change.Finding{State: change.RefusedRow, Reason: notAtHand}
	}
	return goOn(ownQuestion(act, row.User, a))
}

func ownQuestion(act access.Act, u id.User, a access.Actor) access.Question {
	return access.Question{Act: act, Users: []access.User{{ID: u, Name: a.Name}}, Rows: 1}
}

// ownSetting is one of the settings, for comparing and for words.
type ownSetting struct {
	name, label string
	value       func(directory.PersonalSettings) any
}

var ownSettingList = []ownSetting{
	{"theme", "theme", func(s directory.PersonalSettings) any { return s.Theme }},
	{"showArchivedSessions", "past periods", func(s directory.PersonalSettings) any { return s.ShowArchivedSessions }},
	{"useScrollbars", "scrollbars", func(s directory.PersonalSettings) any { return s.UseScrollbars }},
	{"useDragMode", "moving by dragging", func(s directory.PersonalSettings) any { return s.UseDragMode }},
}

// differing are the settings that the row changes.
func (o ownSettings) differing() []ownSetting {
	var out []ownSetting
	for _, s := range ownSettingList {
		if s.value(o.Was) != s.value(o.To) {
			out = append(out, s)
		}
	}
	return out
}

// same says whether what the row changes has the values of want in now.
func (o ownSettings) same(now, want directory.PersonalSettings) bool {
	for _, s := range o.differing() {
		if s.value(now) != s.value(want) {
			return false
		}
	}
	return true
}

// words are the changed settings as people read them: "theme dark, scrollbars on".
func (o ownSettings) words(of directory.PersonalSettings) string {
	var out []string
	for _, s := range o.differing() {
		switch v := s.value(of).(type) {
		case bool:
			out = append(out, s.label+map[bool]string{true: " on", false: " off"}[v])
		case string:
			out = append(out, strings.TrimSpace(s.label+" "+v))
		}
	}
	return strings.Join(out, ", ")
}

// body is what is sent: the changed settings only.
func (o ownSettings) body() json.RawMessage {
	out := map[string]any{}
	for _, s := range o.differing() {
		out[s.name] = s.value(o.To)
	}
	return payload(out)
}

func (k setOwnSettings) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	o, err := decode[ownSettings](rows[0])
	if err != nil {
		return nil, err
	}
	now, err := k.set.Lookups.Personal(ctx, rows[0].User)
	switch {
	case err != nil:
		return nil, unread(err)
	case o.same(now.Settings, o.To):
		return []change.Finding{already(rows[0], "Is so already.", "")}, nil
	case !o.same(now.Settings, o.Was):
		return []change.Finding{{State: change.RefusedRow, Reason: settingsMoved}}, nil
	}
	return []change.Finding{k.lent(a, access.SetOwnSettings, rows[0])}, nil
}

const settingsMoved = "These settings have been changed in Gtmhub meanwhile. Nothing was overwritten; look at them again."

func (setOwnSettings) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[ownSettingsWriter](g)
	if err != nil {
		return nil, err
	}
	o, err := decode[ownSettings](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	return nil, ownCall(access.SetOwnSettings, w.SetOwnSettings(ctx, rows[0].Change, o.body()))
}

func (k setOwnSettings) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	for i, row := range rows {
		o, err := decode[ownSettings](row)
		if err != nil {
			return nil, err
		}
		now, err := k.set.Lookups.Personal(ctx, row.User)
		if err != nil {
			return nil, unread(err)
		}
		switch {
		case o.same(now.Settings, o.To):
			out[i].State = change.Done
		case after == change.AfterLoss:
			out[i].State = change.Unknown
		case after == change.AfterConflict:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: sentences[access.SetOwnSettings].conflict}
		default:
			out[i] = change.Outcome{State: change.Attention, Reason: "Gtmhub took the settings, but does not show them. Look at them in Gtmhub."}
		}
	}
	return out, nil
}

func (k takeBackReaction) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	n, err := decode[reaction](rows[0])
	if err != nil {
		return nil, err
	}
	if _, ok, err := k.set.Lookups.Announcement(ctx, n.ID); err != nil {
		return nil, unread(err)
	} else if !ok {
		return []change.Finding{{State: change.RefusedRow, Reason: noAnnouncement}}, nil
	}
	return []change.Finding{k.lent(a, access.TakeBackReaction, rows[0])}, nil
}

// Apply answers by itself: Gtmhub shows nobody's reactions, so there is nothing to read back.
func (takeBackReaction) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[reactionRemover](g)
	if err != nil {
		return nil, err
	}
	n, err := decode[reaction](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	if err := w.RemoveOwnReaction(ctx, rows[0].Change, n.ID); err != nil {
		return nil, ownCall(access.TakeBackReaction, err)
	}
	return []change.Outcome{{State: change.Done, Reason: "Gtmhub took it. Reactions are not to be seen from here."}}, nil
}

// Verify follows a conflict only, or a call whose answer was lost.
func (takeBackReaction) Verify(_ context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	for i := range rows {
		out[i] = unproven(access.TakeBackReaction, after)
	}
	return out, nil
}

// OwnSettings is the recipe behind the form of one's own settings. It plans for the actor alone.
type OwnSettings struct{ base }

// Name is change.OwnSettings.
func (OwnSettings) Name() string { return change.OwnSettings }

// Plan answers one row. A setting that has another value by now than the form showed is Conflict.
func (r OwnSettings) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Personal
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	p := change.Plan{Title: "Change my settings", Question: ownQuestion(access.SetOwnSettings, a.User, a)}
	if r.set.Policy.Decide(a, p.Question).Outcome == access.No {
		return p, nil
	}
	if theme := in.To.Theme; theme != in.Was.Theme && theme != "light" && theme != "dark" {
		return change.Plan{}, &fault.FieldError{Field: "theme", Message: "Choose one of the list."}
	}
	o := ownSettings{Was: directory.PersonalSettings(in.Was), To: directory.PersonalSettings(in.To)}
	row := change.Row{Pos: 1, Kind: string(access.SetOwnSettings), Subject: a.Name, Detail: "own settings", User: a.User, Payload: payload(o), Lock: "settings:" + string(a.User),
		Action: change.Update, Before: o.words(o.Was), After: o.words(o.To)}
	now, err := r.set.Lookups.Personal(ctx, a.User)
	switch {
	case err != nil:
		return change.Plan{}, unread(err)
	case o.same(now.Settings, o.To):
		row.Action, row.Note, row.Lock = change.NothingToDo, "Is so already.", ""
	case !o.same(now.Settings, o.Was):
		return change.Plan{}, fault.New(fault.Conflict, settingsMoved)
	}
	p.Rows = []change.Row{row}
	return p, nil
}

// TakeBackReaction is the recipe behind the button beside an announcement. It plans for the actor alone.
type TakeBackReaction struct{ base }

// Name is change.TakeBackReaction.
func (TakeBackReaction) Name() string { return change.TakeBackReaction }

// Plan answers one row.
func (r TakeBackReaction) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Announcement
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	p := change.Plan{Title: "Take back my reaction", Question: ownQuestion(access.TakeBackReaction, a.User, a)}
	if r.set.Policy.Decide(a, p.Question).Outcome == access.No {
		return p, nil
	}
	found, ok, err := r.set.Lookups.Announcement(ctx, in.ID)
	if err != nil {
		return change.Plan{}, unread(err)
	}
	if !ok {
		return change.Plan{}, fault.New(fault.NotFound, noAnnouncement)
	}
	p.Title += ": " + short(found.Text)
	p.Rows = []change.Row{{Pos: 1, Kind: string(access.TakeBackReaction), Subject: short(found.Text), Detail: "announcement", User: a.User, Payload: payload(reaction{in.ID}),
		Lock: "reaction:" + string(a.User) + ":" + string(in.ID), Action: change.Update, Before: "my reaction, if there is one", After: "none"}}
	return p, nil
}
