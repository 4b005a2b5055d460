package kinds

import (
	"context"
	"fmt"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/id"
)

// resendInvitation sends the invitation mail again (operation 10), sendPasswordMail the link to choose a new password
// (operation 13). Nothing of it can be read back, so neither is ever repeated by itself, one call carries one person, and
// one person gets the same mail at most once an hour. A lost answer stays unknown until a person looks.
type (
	resendInvitation struct{ base }
	sendPasswordMail struct{ base }
)

func (resendInvitation) Name() string        { return string(access.ResendInvitation) }
func (sendPasswordMail) Name() string        { return string(access.SendPasswordMail) }
func (resendInvitation) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (sendPasswordMail) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (resendInvitation) Operation() int      { return 10 }
func (sendPasswordMail) Operation() int      { return 13 }
func (resendInvitation) Repeatable() bool    { return false }
func (sendPasswordMail) Repeatable() bool    { return false }

type invitationSender interface {
	SendInvitation(ctx context.Context, user id.User) error
}

type passwordMailSender interface {
	SendPasswordEmail(ctx context.Context, user id.User) error
}

// cannotInvite says why the invitation mail makes no sense for a person, "" if it does.
func cannotInvite(u *directory.User) string {
	switch {
	case u.Status != directory.Pending:
		return "Has signed in already, so there is nothing to invite to."
	case u.Deactivated:
		return "The invitation was withdrawn. Activate the person first."
	}
	return ""
}

// cannotMail says why the password mail makes no sense for a person, "" if it does.
func cannotMail(u *directory.User) string {
	switch {
	case u.Deactivated:
		return "Is deactivated. Activate the person first."
	case u.Status == directory.Pending:
		return "Has never signed in, so there is no password yet. Send the invitation again instead."
	}
	return ""
}

// lookMail refuses people for whom the mail makes no sense or who got one within the hour.
func (b base) lookMail(ctx context.Context, a access.Actor, act access.Act, rows []change.Row, useless func(*directory.User) string) ([]change.Finding, error) {
	tried, err := b.tried(ctx, act, ids(rows))
	if err != nil {
		return nil, err
	}
	return b.lookPeople(ctx, a, act, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		if u == nil {
			return goOn(access.Question{}), nil, nil
		}
		if why := useless(u); why != "" {
			return change.Finding{State: change.RefusedRow, Reason: why}, nil, nil
		}
		if ago, ok := tried[u.ID]; ok {
			return change.Finding{State: change.RefusedRow, Reason: tooSoon(ago)}, nil, nil
		}
		return goOn(access.Question{}), nil, nil
	})
}

// tried answers how long ago the mail was last sent, or may have been, to each of the users within the hour.
func (b base) tried(ctx context.Context, act access.Act, users []id.User) (map[id.User]time.Duration, error) {
	if b.set.Tried == nil {
		return nil, nil
	}
	tried, err := b.set.Tried(ctx, string(act), users, oncePer)
	if err != nil {
		return nil, fmt.Errorf("look up earlier mails: %w", err)
	}
	return tried, nil
}

func tooSoon(ago time.Duration) string {
	minutes := max(1, int((oncePer-ago+time.Minute-1)/time.Minute))
	return fmt.Sprintf("This mail went to the person less than an hour ago, or may have. It can be sent again in %s.", count(minutes, "minute", "minutes"))
}

func (k resendInvitation) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookMail(ctx, a, access.ResendInvitation, rows, cannotInvite)
}

func (k sendPasswordMail) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookMail(ctx, a, access.SendPasswordMail, rows, cannotMail)
}

// sent is the outcome of a mail that Gtmhub took. Whether it arrived is not to be seen.
func sent(reason string) []change.Outcome {
	return []change.Outcome{{State: change.Done, Reason: reason}}
}

func (resendInvitation) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[invitationSender](g)
	if err != nil {
		return nil, err
	}
	if err := w.SendInvitation(ctx, rows[0].User); err != nil {
		return nil, refusalOf(access.ResendInvitation, err)
	}
	return sent(""), nil
}

func (k sendPasswordMail) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[passwordMailSender](g)
	if err != nil {
		return nil, err
	}
	if err := w.SendPasswordEmail(ctx, rows[0].User); err != nil {
		return nil, refusalOf(access.SendPasswordMail, err)
	}
	if u, ok := k.dir.Current().User(rows[0].User); ok && u.SSO {
		return sent("Gtmhub took the call, but sends no such mail to people who sign in with the company account."), nil
	}
	return sent(""), nil
}

// unreadable is what can be said about a mail afterwards.
func unreadable(act access.Act, rows []change.Row, after change.After) []change.Outcome {
	out := make([]change.Outcome, len(rows))
	for i := range out {
		out[i] = change.Outcome{State: change.Attention, Reason: "Outcome unknown: nobody can see whether this mail went out, so it is not sent again by itself. Ask the person before you send it again."}
		if after == change.AfterConflict {
			out[i] = change.Outcome{State: change.RefusedRow, Reason: sentences[act].conflict}
		}
	}
	return out
}

func (resendInvitation) Verify(_ context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return unreadable(access.ResendInvitation, rows, after), nil
}

func (sendPasswordMail) Verify(_ context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return unreadable(access.SendPasswordMail, rows, after), nil
}

const mailIsOut = "A mail that was sent cannot be called back."

// Invert says that there is no way back.
func (resendInvitation) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return cannot(row, mailIsOut), nil
}

// Invert says that there is no way back.
func (sendPasswordMail) Invert(_ context.Context, row change.Row) (change.Row, error) {
	return cannot(row, mailIsOut), nil
}

func (b base) mailRecipe(name string, act access.Act, title string, after string, useless func(*directory.User) string) change.Recipe {
	return peopleRecipe{base: b, name: name, act: act,
		title: func(_ change.People, who string) string { return title + who },
		prepare: func(ctx context.Context, in change.People) (any, error) {
			return b.tried(ctx, act, in.Users)
		},
		rows: func(_ change.People, u *directory.User, _ bool, prepared any) []change.Row {
			row := change.Row{Kind: string(act), Payload: payload(struct{}{}), Action: change.Update, Before: standing(u), After: after}
			if u.SSO && act == access.SendPasswordMail {
				row.Flags = append(row.Flags, "signs in with the company account: no mail will come")
			}
			tried, _ := prepared.(map[id.User]time.Duration)
			if ago, ok := tried[u.ID]; ok {
				row.Action, row.Note = change.NotPossible, tooSoon(ago)
			}
			if why := useless(u); why != "" {
				row.Action, row.Note = change.NotPossible, why
			}
			return []change.Row{row}
		},
	}
}

func (b base) resendRecipe() change.Recipe {
	return b.mailRecipe(change.ResendInvitations, access.ResendInvitation, "Send the invitation again to ", "gets the invitation mail again", cannotInvite)
}

func (b base) passwordMailRecipe() change.Recipe {
	return b.mailRecipe(change.SendPasswordMail, access.SendPasswordMail, "Send a password mail to ", "gets the link to choose a new password", cannotMail)
}
