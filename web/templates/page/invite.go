package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// InviteStartProps is the first step of the invitation wizard: where the list comes from.
type InviteStartProps struct {
	Frame     layout.Props
	Steps     []component.Step
	Action    string
	SampleURL string
	// FileHint and TextHint say the limits before anything is sent.
	FileHint, TextHint string
	// Text is what was pasted and could not be used.
	Text     string
	Problems []component.Problem
	// FileError and TextError stand at their fields.
	FileError, TextError string
	Drafts               []InviteDraft
}

// InviteDraft is a list that the person has not sent yet.
type InviteDraft struct {
	Name, URL, DiscardURL string
	// Columns says what the list has, in a few words.
	Columns               string
	Changed, ChangedExact string
}

// InviteColumnsProps is the second step: what the columns mean.
type InviteColumnsProps struct {
	Frame    layout.Props
	Steps    []component.Step
	Action   string
	BackURL  string
	Version  string
	Problems []component.Problem
	// Summary says in a sentence what was recognised.
	Summary                     string
	Encoding, Separator, Header component.SelectProps
	// MustConfirm draws the box by which a person says that the letters of the samples are right.
	MustConfirm, Confirmed bool
	ConfirmLabel           string
	ConfirmError           string
	// Letters are values with letters that show whether the encoding is right.
	Letters []string
	Columns []InviteColumn
}

// InviteColumn is one column of the list.
type InviteColumn struct {
	Header  string
	Samples []string
	Used    bool
	Field   component.SelectProps
}

// InviteCheckProps is the third step: every row against the account.
type InviteCheckProps struct {
	Frame layout.Props
	Steps []component.Step
	// Action takes the POSTs of all repairs and leads back to the rows that are shown.
	Action, Version    string
	BackURL, ReviewURL string
	Problems           []component.Problem
	// NotCompared says why the rows could not be compared with the account; empty when they were.
	NotCompared string
	// Blockers keep people out, Warnings ask for a look, Infos tell what was done without asking.
	Blockers, Warnings, Infos []InviteGroup
	// MoreGroups says how many groups of problems are not shown yet; empty for none.
	MoreGroups string
	Repairs    []InviteRepair
	Counts     component.CountsBarProps
	Search     component.SearchBoxProps
	Filter     component.TabsProps
	Rows       []InviteRow
	Pager      component.PagerProps
	// Announce is read out after a search.
	Announce string
	// Empty says why there are no rows; empty when there are.
	Empty string
	// Next is the label of the way to the review; NextReason says why there is none yet.
	Next, NextReason string
}

// InviteGroup is one kind of problem in one or many rows, repaired at once.
type InviteGroup struct {
	Key, Message string
	// Where names column and rows; Advice says what was expected and what to do.
	Where, Advice string
	Count         int
	// ShowURL shows just these rows; empty when no row can be shown.
	ShowURL string
	// EditURL opens the row if there is one only; Fixes are values for its cell.
	EditURL string
	Row     string
	Fixes   []InviteFix
	// Choose lists values to choose for all rows; without options there is nothing to choose.
	Choose      component.SelectProps
	ChooseLabel string
	// DropLabel takes the rows out; empty when that makes no sense.
	DropLabel string
}

// InviteRepair is something that the person did to the list, and can undo.
type InviteRepair struct {
	Text, UndoLabel string
	Hidden          []component.Hidden
}

// InviteRow is one row of the list as it would be carried out.
type InviteRow struct {
	// ID is the id of its element, Number the row in the file, Position its number among the people.
	ID, Number, Position string
	Name, Email          string
	// Word is what would be done; Tone its colour.
	Word  string
	Tone  component.Tone
	Steps []component.DiffProps
	Notes []InviteNote
	Flags []string
	// Edited marks rows with cells that were changed here.
	Edited bool
	// EditURL opens the row as a form; empty for rows that were taken out, which can be put back.
	EditURL string
	Action  string
	Version string
	// Edit is the row as a form; nil when it is not being edited.
	Edit *InviteEdit
}

// InviteNote is a problem or remark about one row.
type InviteNote struct {
	Tone component.Tone
	Text string
	// Detail says column, found and expected.
	Detail string
	Fixes  []InviteFix
}

// InviteFix puts one value into one cell.
type InviteFix struct{ Label, Field, Value string }

// ToneClass is the class of the note's colour.
func (n InviteNote) ToneClass() string {
	switch n.Tone {
	case component.ToneDanger:
		return "invite-note-danger"
	case component.ToneWarning:
		return "invite-note-warning"
	default:
		return "invite-note-quiet"
	}
}

// Icon says the same as the colour.
func (n InviteNote) Icon() component.Icon {
	switch n.Tone {
	case component.ToneDanger:
		return component.IconCircleX
	case component.ToneWarning:
		return component.IconAlertTriangle
	default:
		return component.IconInfoCircle
	}
}

// InviteEdit is a row being edited in place.
type InviteEdit struct {
	Fields    []component.FieldProps
	CancelURL string
	// TeamNames, RoleNames and Languages are offered while typing.
	TeamNames, RoleNames, Languages []string
}

// inviteFragment keys the parts that htmx replaces.
type inviteFragment int

// InvitePeople is the table of the third step: what a search replaces.
const InvitePeople inviteFragment = iota

// InviteReviewProps is the fourth step: the whole, and sending it.
type InviteReviewProps struct {
	Frame    layout.Props
	Steps    []component.Step
	Action   string
	Version  string
	BackURL  string
	Problems []component.Problem
	Numbers  []InviteNumber
	// Facts say who gets a mail, who has to agree and why, and what whoever decides will look at first.
	Facts  []component.Definition
	Reason component.TextareaProps
	// Licences marks too few of them; nil when there are enough.
	Licences *component.AlertProps
	// SendOn and SendAt are the date on which it starts.
	SendOn component.FieldProps
	SendAt component.SelectProps
	// Without is the tick by which a person leaves blocked rows behind knowingly; nil when there are none.
	Without *component.CheckboxProps
	// Seen is what the numbers of this page are made of; sending compares it.
	Seen   string
	Button string
	// Forbidden says why it cannot be sent at all; empty when it can.
	Forbidden string
}

// InviteNumber is one number of the review.
type InviteNumber struct {
	// Count is for scripts, Number for reading.
	Count, Number, Label string
	// URL leads to the rows; empty for none.
	URL    string
	TestID string
}
