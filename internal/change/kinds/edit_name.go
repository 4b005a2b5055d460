package kinds

import (
	"context"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// editName changes first and last name (operation 16). Only what differs is sent.
type editName struct{ base }

// newName is the payload of editName. An empty First or Last is not changed; the Was are those that the plan showed.
type newName struct {
	First    string `json:"first,omitempty"`
	Last     string `json:"last,omitempty"`
	WasFirst string `json:"wasFirst"`
	WasLast  string `json:"wasLast"`
}

func (editName) Name() string        { return string(access.EditName) }
func (editName) Sizes() change.Sizes { return change.Sizes{Look: 50, Call: 1} }
func (editName) Operation() int      { return 16 }
func (editName) Repeatable() bool    { return true }

type renamer interface {
	RenameUser(ctx context.Context, user id.User, first, last string) error
}

func (n newName) done(u *directory.User) bool {
	return (n.First == "" || u.FirstName == n.First) && (n.Last == "" || u.LastName == n.Last)
}

// Look holds people whose name is not the one decided on, in a part that is not edited too: the whole was shown.
func (k editName) Look(ctx context.Context, a access.Actor, rows []change.Row) ([]change.Finding, error) {
	return k.lookPeople(ctx, a, access.EditName, rows, func(row change.Row, u *directory.User) (change.Finding, []id.Role, error) {
		n, err := decode[newName](row)
		switch {
		case err != nil || u == nil:
			return goOn(access.Question{}), nil, err
		case n.done(u):
			return already(row, "Has this name already.", ""), nil, nil
		case row.Drifted(fullName(u.FirstName, u.LastName)):
			return change.Hold(fullName(u.FirstName, u.LastName)), nil, nil
		}
		return goOn(access.Question{}), nil, nil
	})
}

func (editName) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[renamer](g)
	if err != nil {
		return nil, err
	}
	n, err := decode[newName](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	return nil, refusalOf(access.EditName, w.RenameUser(ctx, rows[0].User, n.First, n.Last))
}

func (k editName) Verify(ctx context.Context, rows []change.Row, after change.After) ([]change.Outcome, error) {
	return k.verifyPeople(ctx, access.EditName, rows, after, func(row change.Row, u *directory.User) (bool, error) {
		n, err := decode[newName](row)
		return u != nil && n.done(u), err
	})
}

// Invert gives the old name back, unless somebody has changed it since.
func (k editName) Invert(_ context.Context, row change.Row) (change.Row, error) {
	n, err := decode[newName](row)
	if err != nil {
		return change.Row{}, err
	}
	return k.back(row, k.Name(), func(u *directory.User, out *change.Row) {
		undo := newName{First: n.WasFirst, Last: n.WasLast, WasFirst: u.FirstName, WasLast: u.LastName}
		if n.First == "" {
			undo.First = ""
		}
		if n.Last == "" {
			undo.Last = ""
		}
		out.Payload = payload(undo)
		out.Before, out.After = fullName(u.FirstName, u.LastName), fullName(n.WasFirst, n.WasLast)
		switch {
		case n.First != "" && n.WasFirst == "" || n.Last != "" && n.WasLast == "":
			out.Action, out.Note = change.NotPossible, "There was no such name before, and Gtmhub cannot empty one."
		case undo.done(u):
			out.Action, out.Note = change.NothingToDo, "Has the old name already."
		case !n.done(u):
			out.Action, out.Note = change.NotPossible, "Somebody has changed the name again since."
		}
	}), nil
}

func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

func (b base) editNameRecipe() change.Recipe {
	return peopleRecipe{base: b, name: change.EditName, act: access.EditName,
		title: func(_ change.People, who string) string { return "Change the name of " + who },
		check: func(in change.People) error {
			switch {
			case len(in.Users) > 1:
				return fault.New(fault.Invalid, "A name can be given to one person at a time only.")
			case in.FirstName == "" && in.LastName == "":
				return &fault.FieldError{Field: "first", Message: "Type a name."}
			}
			return nil
		},
		rows: func(in change.People, u *directory.User, _ bool, _ any) []change.Row {
			n := newName{First: in.FirstName, Last: in.LastName, WasFirst: u.FirstName, WasLast: u.LastName}
			if n.First == u.FirstName {
				n.First = ""
			}
			if n.Last == u.LastName {
				n.Last = ""
			}
			row := change.Row{Kind: string(access.EditName), Payload: payload(n), Action: change.Update, Before: fullName(u.FirstName, u.LastName)}
			first, last := u.FirstName, u.LastName
			if n.First != "" {
				first = n.First
			}
			if n.Last != "" {
				last = n.Last
			}
			row.After = fullName(first, last)
			if n.First == "" && n.Last == "" {
				row.Action, row.Note = change.NothingToDo, "Has this name already."
			}
			return []change.Row{row}
		},
	}
}
