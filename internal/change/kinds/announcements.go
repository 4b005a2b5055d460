package kinds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// The kinds about announcements, for accounts that still serve them.
type (
	// writeAnnouncement posts one (operation 35). There is no idempotency key, so it is never repeated before two looks, a
	// settle time apart, have not found it.
	writeAnnouncement struct{ base }
	// editAnnouncement changes the text of one (operation 38).
	editAnnouncement struct{ base }
	// removeAnnouncement deletes one (operation 39).
	removeAnnouncement struct{ base }
)

// notice is the payload of all three. An announcement that was removed can be posted again from it.
type notice struct {
	// ID is empty for one that is to be written.
	ID id.Announcement `json:"id,omitempty"`
	// Was is the text when it was planned, empty for one that is to be written; Text is the text that it shall have, empty
	// for one that is to be removed.
	Was  string `json:"was,omitempty"`
	Text string `json:"text,omitempty"`
	// The rest goes out as it is. What Type, Target and Strategy may be is not documented: they are those of an
	// announcement that is there.
	Author   id.User  `json:"author,omitempty"`
	Type     string   `json:"type,omitempty"`
	Target   string   `json:"target,omitempty"`
	Strategy string   `json:"strategy,omitempty"`
	Notify   []string `json:"notify,omitempty"`
}

func noticeOf(a directory.Announcement) notice {
	return notice{ID: a.ID, Was: a.Text, Author: a.Author, Type: a.Type, Target: a.Target, Strategy: a.Strategy, Notify: a.Notify}
}

func (writeAnnouncement) Name() string         { return string(access.WriteAnnouncement) }
func (editAnnouncement) Name() string          { return string(access.EditAnnouncement) }
func (removeAnnouncement) Name() string        { return string(access.RemoveAnnouncement) }
func (writeAnnouncement) Sizes() change.Sizes  { return change.Sizes{Look: 50, Call: 1} }
func (editAnnouncement) Sizes() change.Sizes   { return change.Sizes{Look: 50, Call: 1} }
func (removeAnnouncement) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (writeAnnouncement) Operation() int       { return 35 }
func (editAnnouncement) Operation() int        { return 38 }
func (removeAnnouncement) Operation() int      { return 39 }
func (writeAnnouncement) Repeatable() bool     { return false }
func (editAnnouncement) Repeatable() bool      { return true }
func (removeAnnouncement) Repeatable() bool    { return true }

type announcementWriter interface {
	CreateAnnouncement(ctx context.Context, a gtmhub.NewAnnouncement) (id.Announcement, error)
}

type announcementEditor interface {
	EditAnnouncement(ctx context.Context, a id.Announcement, text string) error
}

type announcementRemover interface {
	DeleteAnnouncement(ctx context.Context, a id.Announcement) error
}

// CreateAnnouncement is operation 35.
func (u *Upstream) CreateAnnouncement(ctx context.Context, a gtmhub.NewAnnouncement) (id.Announcement, error) {
	made, err := u.client.Announcements.Create(ctx, a) //nolint:staticcheck // deprecated without a successor
	if err != nil {
		return "", err
	}
	return id.Announcement(made.ID), nil
}

// EditAnnouncement is operation 38.
func (u *Upstream) EditAnnouncement(ctx context.Context, a id.Announcement, text string) error {
	_, err := u.client.Announcements.SetComment(ctx, gtmhub.ID(a), text) //nolint:staticcheck // deprecated without a successor
	return err
}

// DeleteAnnouncement is operation 39.
func (u *Upstream) DeleteAnnouncement(ctx context.Context, a id.Announcement) error {
	return u.client.Announcements.Delete(ctx, gtmhub.ID(a)) //nolint:staticcheck // deprecated without a successor
}

// posted reads all announcements once and calls f with the payload of each row and the announcement that it names, or nil.
func (b base) posted(ctx context.Context, rows []change.Row, f func(i int, n notice, all []directory.Announcement, a *directory.Announcement)) error {
	all, err := b.set.Lookups.StoredAnnouncements(ctx)
	if err != nil {
		return unread(err)
	}
	for i, row := range rows {
		n, err := decode[notice](row)
		if err != nil {
			return err
		}
		var found *directory.Announcement
		for j := range all {
			if all[j].ID == n.ID {
				found = &all[j]
			}
		}
		f(i, n, all, found)
	}
	return nil
}

// ours finds an announcement that an attempt of this row may have posted.
func ours(row change.Row, n notice, all []directory.Announcement) (id.Announcement, bool) {
	for _, a := range all {
		mine := n.Author == "" || a.Author == n.Author
		if a.Text == n.Text && mine && !row.IntentAt.IsZero() && a.Created.After(row.IntentAt.Add(-clockSkew)) {
			return a.ID, true
		}
	}
	return "", false
}

func (k writeAnnouncement) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	out := make([]change.Finding, len(rows))
	err := k.posted(ctx, rows, func(i int, n notice, all []directory.Announcement, _ *directory.Announcement) {
		out[i] = goOn(access.Question{Act: access.WriteAnnouncement, Rows: 1})
		if a, ok := ours(rows[i], n, all); ok && rows[i].Attempt > 0 {
			out[i] = change.Finding{State: change.Done, Reason: "Confirmed by looking it up.", Result: string(a)}
		}
	})
	return out, err
}

func (k editAnnouncement) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	out := make([]change.Finding, len(rows))
	err := k.posted(ctx, rows, func(i int, n notice, _ []directory.Announcement, a *directory.Announcement) {
		switch {
		case a == nil:
			out[i] = change.Finding{State: change.RefusedRow, Reason: noAnnouncement}
		case a.Text == n.Text:
			out[i] = already(rows[i], "Is so already.", "")
		case a.Text != n.Was:
			out[i] = change.Hold(short(a.Text))
		default:
			out[i] = goOn(access.Question{Act: access.EditAnnouncement, Rows: 1})
		}
	})
	return out, err
}

func (k removeAnnouncement) Look(ctx context.Context, _ access.Actor, rows []change.Row) ([]change.Finding, error) {
	out := make([]change.Finding, len(rows))
	err := k.posted(ctx, rows, func(i int, n notice, _ []directory.Announcement, a *directory.Announcement) {
		switch {
		case a == nil:
			out[i] = already(rows[i], "Is gone already.", "")
		case a.Text != n.Was:
			out[i] = change.Hold(short(a.Text))
		default:
			out[i] = goOn(access.Question{Act: access.RemoveAnnouncement, Rows: 1})
		}
	})
	return out, err
}

const noAnnouncement = "The announcement does not exist any more."

func (writeAnnouncement) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[announcementWriter](g)
	if err != nil {
		return nil, err
	}
	n, err := decode[notice](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	made, err := w.CreateAnnouncement(ctx, gtmhub.NewAnnouncement{Comment: n.Text, AuthorID: gtmhub.ID(n.Author), Type: n.Type, TargetID: gtmhub.ID(n.Target),
		NotificationStrategy: n.Strategy, Notify: n.Notify})
	if err != nil {
		return nil, outdatedCall(access.WriteAnnouncement, err)
	}
	return []change.Outcome{{State: change.Done, Result: string(made)}}, nil
}

func (editAnnouncement) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[announcementEditor](g)
	if err != nil {
		return nil, err
	}
	n, err := decode[notice](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	return nil, outdatedCall(access.EditAnnouncement, w.EditAnnouncement(ctx, n.ID, n.Text))
}

func (removeAnnouncement) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[announcementRemover](g)
	if err != nil {
		return nil, err
	}
	n, err := decode[notice](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	err = w.DeleteAnnouncement(ctx, n.ID)
	if errors.Is(err, gtmhub.ErrNotFound) {
		return nil, nil // gone already: reading again decides
	}
	return nil, outdatedCall(access.RemoveAnnouncement, err)
}

// unproven is the outcome of a row whose effect is not to be seen.
func unproven(act access.Act, after change.After) change.Outcome {
	switch after {
	case change.AfterLoss:
		return change.Outcome{State: change.Unknown}
	case change.AfterConflict:
		return change.Outcome{State: change.RefusedRow, Reason: sentences[act].conflict}
	default:
		return change.Outcome{State: change.Attention, Reason: "Gtmhub took the call, but does not show the change. Look at the announcements and try again."}
	}
}

func (k writeAnnouncement) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	err := k.posted(ctx, rows, func(i int, n notice, all []directory.Announcement, _ *directory.Announcement) {
		out[i] = unproven(access.WriteAnnouncement, after)
		if a, ok := ours(rows[i], n, all); ok {
			out[i] = change.Outcome{State: change.Done, Reason: "Confirmed by looking it up.", Result: string(a)}
		}
	})
	return out, err
}

func (k editAnnouncement) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	err := k.posted(ctx, rows, func(i int, n notice, _ []directory.Announcement, a *directory.Announcement) {
		switch {
		case a == nil:
			out[i] = change.Outcome{State: change.RefusedRow, Reason: noAnnouncement}
		case a.Text == n.Text:
			out[i].State = change.Done
		default:
			out[i] = unproven(access.EditAnnouncement, after)
		}
	})
	return out, err
}

func (k removeAnnouncement) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	out := make([]change.Outcome, len(rows))
	err := k.posted(ctx, rows, func(i int, _ notice, _ []directory.Announcement, a *directory.Announcement) {
		if out[i].State = change.Done; a != nil {
			out[i] = unproven(access.RemoveAnnouncement, after)
		}
	})
	return out, err
}

// Invert removes what was posted.
func (k writeAnnouncement) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	n, err := decode[notice](row)
	if err != nil {
		return change.Row{}, err
	}
	n.ID, n.Was, n.Text = id.Announcement(row.Result), n.Text, ""
	return k.backNotice(ctx, row, n)
}

// Invert gives it the old text back.
func (k editAnnouncement) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	n, err := decode[notice](row)
	if err != nil {
		return change.Row{}, err
	}
	n.Was, n.Text = n.Text, n.Was
	return k.backNotice(ctx, row, n)
}

// Invert posts it again. Its date and the reactions to it do not come back.
func (k removeAnnouncement) Invert(_ context.Context, row change.Row) (change.Row, error) {
	n, err := decode[notice](row)
	if err != nil {
		return change.Row{}, err
	}
	n.ID, n.Was, n.Text = "", "", n.Was
	out := noticeRow(access.WriteAnnouncement, n)
	out.User, out.Flags = row.User, []string{"posted anew: its date and the reactions do not come back"}
	return out, nil
}

func (b base) backNotice(ctx context.Context, row change.Row, n notice) (change.Row, error) {
	act := access.EditAnnouncement
	if n.Text == "" {
		act = access.RemoveAnnouncement
	}
	out := noticeRow(act, n)
	out.User = row.User
	a, ok, err := b.set.Lookups.Announcement(ctx, n.ID)
	switch {
	case err != nil:
		return change.Row{}, unread(err)
	case !ok && n.Text == "":
		out.Action, out.Note = change.NothingToDo, "Is gone already."
	case !ok:
		out.Action, out.Note = change.NotPossible, noAnnouncement
	case n.Text != "" && a.Text == n.Text:
		out.Action, out.Note = change.NothingToDo, "Is so already."
	case a.Text != n.Was:
		out.Action, out.Note = change.NotPossible, "Somebody has changed it since."
	}
	return out, nil
}

// noticeRow plans one row about an announcement.
func noticeRow(act access.Act, n notice) change.Row {
	row := change.Row{Kind: string(act), Detail: "announcement", Action: change.Update, Payload: payload(n), Lock: "announcement:" + string(n.ID),
		Subject: short(n.Was), Before: n.Was, After: n.Text}
	switch act {
	case access.WriteAnnouncement:
		row.Action, row.Lock, row.Subject = change.Create, "announcements: new", short(n.Text)
	case access.RemoveAnnouncement:
		row.After = "removed"
	}
	return row
}

// short is the beginning of a text, for titles.
func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= 60 {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:59])) + "…"
}

// ChangeAnnouncement is the recipe behind the forms of announcements.
type ChangeAnnouncement struct {
	base
	way string
}

// Name is change.WriteAnnouncement, change.EditAnnouncement or change.RemoveAnnouncement.
func (r ChangeAnnouncement) Name() string { return r.way }

// longestNotice is how long an announcement may be, in characters. Gtmhub names no bound.
const longestNotice = 5000

// Plan answers one row.
func (r ChangeAnnouncement) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.Announcement
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	act := access.Act(r.way)
	p := change.Plan{Title: "Change announcements", Question: access.Question{Act: act, Rows: 1}}
	if r.set.Policy.Decide(a, p.Question).Outcome == access.No { // the service says why; nothing is read for those who may not
		return p, nil
	}
	in.Text = strings.TrimSpace(strings.ReplaceAll(in.Text, "\r\n", "\n"))
	switch {
	case act == access.RemoveAnnouncement:
	case in.Text == "":
		return change.Plan{}, &fault.FieldError{Field: "text", Message: "Write what you want to announce."}
	case utf8.RuneCountInString(in.Text) > longestNotice:
		return change.Plan{}, &fault.FieldError{Field: "text", Message: fmt.Sprintf("An announcement may have at most %d characters.", longestNotice)}
	}
	row, err := r.row(ctx, a, act, in)
	if err != nil {
		return change.Plan{}, err
	}
	row.Pos = 1
	p.Title = strings.ToUpper(r.way[:1]) + r.way[1:] + ": " + row.Subject
	p.Rows = []change.Row{row}
	return p, nil
}

func (r ChangeAnnouncement) row(ctx context.Context, a access.Actor, act access.Act, in change.Announcement) (change.Row, error) {
	if act == access.WriteAnnouncement {
		all, err := r.set.Lookups.StoredAnnouncements(ctx)
		if err != nil {
			return change.Row{}, unread(err)
		}
		n := notice{Text: in.Text, Author: a.User}
		if len(all) > 0 { // to whom it goes is not documented, so it goes to whom the newest went
			n.Type, n.Target, n.Strategy = all[0].Type, all[0].Target, all[0].Strategy
		}
		row := noticeRow(act, n)
		row.User = a.User
		return row, nil
	}
	found, ok, err := r.set.Lookups.Announcement(ctx, in.ID)
	if err != nil {
		return change.Row{}, unread(err)
	}
	if !ok {
		return change.Row{}, fault.New(fault.NotFound, noAnnouncement)
	}
	n := noticeOf(found)
	if act == access.EditAnnouncement {
		n.Text = in.Text
		if in.Was != "" && in.Was != found.Text {
			return change.Row{}, &fault.FieldError{Field: "text", Message: "Somebody has changed this announcement since you opened it. Nothing was overwritten. It now says: " + found.Text}
		}
	}
	row := noticeRow(act, n)
	row.User = found.Author
	if act == access.EditAnnouncement && n.Text == found.Text {
		row.Action, row.Note = change.NothingToDo, "Is so already."
	}
	return row, nil
}
