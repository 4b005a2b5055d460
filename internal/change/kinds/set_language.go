package kinds

import (
	"context"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// setLanguage sets the language of Gtmhub's pages and mails for a person (operation 15).
type setLanguage struct{ base }

// newLanguage is the payload of setLanguage: codes such as "de".
type newLanguage struct {
	Language string `json:"language"`
	Was      string `json:"was"`
}

func (setLanguage) Name() string        { return string(access.SetLanguage) }
func (setLanguage) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (setLanguage) Operation() int      { return 15 }
func (setLanguage) Repeatable() bool    { return true }

type languageSetter interface {
	SetUserLanguage(ctx context.Context, user id.User, language string) error
}

func (k setLanguage) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookPeople(ctx, a, access.SetLanguage, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		l, err := decode[newLanguage](row)
		switch {
		case err != nil || u == nil:
			return goOn(access.Question{}), nil, err
		case u.Language == l.Language:
			return already(row, "Has this language already.", ""), nil, nil
		case row.Drifted(u.Language):
			return change.Hold(u.Language), nil, nil
		}
		return goOn(access.Question{}), nil, nil
	})
}

func (setLanguage) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[languageSetter](g)
	if err != nil {
		return nil, err
	}
	l, err := decode[newLanguage](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	return nil, refusalOf(access.SetLanguage, w.SetUserLanguage(ctx, rows[0].User, l.Language))
}

func (k setLanguage) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyPeople(ctx, access.SetLanguage, rows, after, func(row change.Row, u *directory.User) (bool, error) {
		l, err := decode[newLanguage](row)
		return u != nil && u.Language == l.Language, err
	})
}

// Invert sets the old language, unless somebody has set another one since.
func (k setLanguage) Invert(_ context.Context, row change.Row) (change.Row, error) {
	l, err := decode[newLanguage](row)
	if err != nil {
		return change.Row{}, err
	}
	return k.back(row, k.Name(), func(u *directory.User, out *change.Row) {
		out.Payload, out.Before, out.After = payload(newLanguage{Language: l.Was, Was: u.Language}), u.Language, l.Was
		switch {
		case l.Was == "":
			out.Action, out.Note = change.NotPossible, "There was no language before, and Gtmhub cannot take one away."
		case u.Language == l.Was:
			out.Action, out.Note = change.NothingToDo, "Has the old language already."
		case u.Language != l.Language:
			out.Action, out.Note = change.NotPossible, "Somebody has set another language since."
		}
	}), nil
}

func (b base) setLanguageRecipe() change.Recipe {
	return peopleRecipe{base: b, name: change.SetLanguage, act: access.SetLanguage,
		title: func(in change.People, who string) string { return "Set the language of " + who + " to " + in.Language },
		check: func(in change.People) error {
			if in.Language == "" || len(in.Language) > 20 {
				return &fault.FieldError{Field: "language", Message: "Choose a language."}
			}
			return nil
		},
		rows: func(in change.People, u *directory.User, _ bool, _ any) []change.Row {
			row := change.Row{Kind: string(access.SetLanguage), Payload: payload(newLanguage{in.Language, u.Language}), Action: change.Update, Before: u.Language, After: in.Language}
			if u.Language == in.Language {
				row.Action, row.Note = change.NothingToDo, "Has this language already."
			}
			return []change.Row{row}
		},
	}
}
