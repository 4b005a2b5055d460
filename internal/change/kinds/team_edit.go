package kinds

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// editTeam changes only the fields that are named (operation 28): avatar and colour stay.
type editTeam struct{ setTeam }

func (editTeam) Operation() int { return 28 }

type teamPatcher interface {
	PatchTeam(ctx context.Context, team id.Team, patch gtmhub.TeamPatch) error
}

func (k editTeam) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[teamPatcher](g)
	if err != nil {
		return nil, err
	}
	edit, err := decode[teamEdit](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	return nil, callError(w.PatchTeam(ctx, rows[0].Team, edit.To.patch()))
}

// Invert writes the old values back.
func (k editTeam) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	return k.invert(ctx, row, k.act)
}

// replaceTeam writes the whole record (operation 25). What is left out would be reset there, so the client reads the
// team and lays the new values over it; members, avatar and colour stay as they were read.
type replaceTeam struct{ setTeam }

func (replaceTeam) Operation() int { return 25 }

type teamReplacer interface {
	ReplaceTeam(ctx context.Context, team id.Team, patch gtmhub.TeamPatch) error
}

func (k replaceTeam) Apply(ctx context.Context, g change.Grant, rows []change.Row) ([]change.Outcome, error) {
	w, err := change.Open[teamReplacer](g)
	if err != nil {
		return nil, err
	}
	edit, err := decode[teamEdit](rows[0])
	if err != nil {
		return nil, notDone(err)
	}
	before, err := k.dir.ReadTeam(ctx, rows[0].Team)
	if err != nil {
		return nil, notDone(err)
	}
	if err := w.ReplaceTeam(ctx, rows[0].Team, edit.To.patch()); err != nil {
		return nil, callError(err)
	}
	after, err := k.dir.ReadTeam(ctx, rows[0].Team)
	if err != nil || !edit.To.same(after) {
		return nil, nil // Verify says so
	}
	return []change.Outcome{{State: change.Done, Result: string(after.ID), Reason: meanwhile(before.Members, after.Members)}}, nil
}

// Invert writes the old values back.
func (k replaceTeam) Invert(ctx context.Context, row change.Row) (change.Row, error) {
	return k.invert(ctx, row, k.act)
}

// EditTeam is the recipe behind the fields of a team's page, and ReplaceTeam behind the form with all of them.
type EditTeam struct {
	setTeam
	way string
}

// Name is change.EditTeam or change.ReplaceTeam.
func (r EditTeam) Name() string { return r.way }

// Plan takes the fields that differ from the team as it is now. A value that somebody else changed since the form was
// drawn is refused with the one that is there now, and never overwritten.
func (r EditTeam) Plan(ctx context.Context, a access.Actor, fields json.RawMessage) (change.Plan, error) {
	var in change.TeamEdit
	if err := json.Unmarshal(fields, &in); err != nil {
		return change.Plan{}, fault.Wrap(err, fault.Invalid, "The form could not be read.")
	}
	team, err := r.openTeam(ctx, a, in.Team)
	if err != nil {
		return change.Plan{}, err
	}
	if r.way == change.EditTeam {
		in.Parent, in.Manager = nil, nil
	}
	to := teamFields{Name: trimmed(in.Name), Description: trimmed(in.Description), Color: trimmed(in.Color), Avatar: trimmed(in.Avatar), Parent: in.Parent, Manager: in.Manager}
	if err := checkFields(to); err != nil {
		return change.Plan{}, err
	}
	for _, f := range []struct {
		field    string
		new, was **string
		now      string
	}{{"name", &to.Name, &in.Was.Name, team.Name}, {"description", &to.Description, &in.Was.Description, team.Description},
		{"color", &to.Color, &in.Was.Color, team.Color}, {"avatar", &to.Avatar, &in.Was.Avatar, team.Avatar}} {
		if *f.new == nil || **f.new == f.now || *f.was != nil && **f.new == **f.was {
			*f.new = nil // the same, or not touched by this person
			continue
		}
		if *f.was != nil && strings.TrimSpace(**f.was) != strings.TrimSpace(f.now) {
			return change.Plan{}, &fault.FieldError{Field: f.field, Message: fmt.Sprintf("Somebody else has changed this meanwhile. It was %q, it is now %q, you wrote %q. Nothing was overwritten; save again to have yours.", **f.was, f.now, **f.new)}
		}
	}
	if to.Parent != nil && *to.Parent == team.Parent {
		to.Parent = nil
	}
	if to.Manager != nil && *to.Manager == team.Manager {
		to.Manager = nil
	}
	if to.Parent != nil {
		if err := parentOf(a, *to.Parent); err != nil {
			return change.Plan{}, err
		}
	}
	return r.planTeams(ctx, a, []id.Team{in.Team}, "Change %s", func(t directory.Team) (change.Row, access.Question, error) {
		return r.row(ctx, t, to)
	})
}

func trimmed(s *string) *string {
	if s == nil {
		return nil
	}
	t := strings.TrimSpace(*s)
	return &t
}

// The longest texts of a team, in characters. Gtmhub names no bounds; these keep pages readable.
const (
	maxTeamName        = 200
	maxTeamDescription = 2000
)

var (
	colorForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	iconForm  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// checkFields refuses what no team may have. An empty colour or icon leaves the choice to Gtmhub.
func checkFields(f teamFields) error {
	switch {
	case f.Name != nil && *f.Name == "":
		return &fault.FieldError{Field: "name", Message: "A team needs a name."}
	case f.Name != nil && (utf8.RuneCountInString(*f.Name) > maxTeamName):
		return &fault.FieldError{Field: "name", Message: fmt.Sprintf("The name may have at most %d characters.", maxTeamName)}
	case f.Name != nil && hidden(*f.Name):
		return &fault.FieldError{Field: "name", Message: "The name has characters that cannot be seen. Type it anew."}
	case f.Description != nil && utf8.RuneCountInString(*f.Description) > maxTeamDescription:
		return &fault.FieldError{Field: "description", Message: fmt.Sprintf("The description may have at most %d characters.", maxTeamDescription)}
	case f.Color != nil && *f.Color != "" && !colorForm.MatchString(*f.Color):
		return &fault.FieldError{Field: "color", Message: "A colour looks like #2b6cb0: a hash and six digits or letters from a to f."}
	case f.Avatar != nil && *f.Avatar != "" && !iconForm.MatchString(*f.Avatar):
		return &fault.FieldError{Field: "avatar", Message: "The icon is the name of one of Gtmhub's icons, such as users_multiple-11."}
	}
	return nil
}

// hidden finds control characters and those that turn the direction of writing or cannot be seen.
func hidden(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == utf8.RuneError })
}
