package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// PeopleActProps is the page before something is done with one person or with all who are ticked.
type PeopleActProps struct {
	Frame layout.Props
	// Alert tells why it was not done; Confirm asks for a fresh sign-in; nil for none.
	Alert, Confirm *component.AlertProps
	Problems       []component.Problem
	// Empty is shown instead of all else when it has a title: nobody is ticked.
	Empty component.EmptyStateProps
	// ChooseURL takes the choice of Select or Field, which come first; both nil when there is nothing to choose.
	ChooseURL string
	Select    *component.SelectProps
	Field     *component.FieldProps
	// Impact is what the person holds.
	Impact []component.Definition
	// Verdict says who decides, or why it cannot be done; nil when it can be done at once.
	Verdict *component.AlertProps
	// Meaning says what it does and what cannot be undone.
	Meaning string
	Danger  bool
	Icon    component.Icon
	// Counts are the sums over Rows by what would be done.
	Counts component.CountsBarProps
	Rows   []PeopleActRow
	More   string
	// Action takes the form; empty while nothing can be done.
	Action string
	Hidden []component.Hidden
	Submit string
	// AskReason shows the field; Reason is what was typed, ReasonProblem why it came back.
	AskReason             bool
	Reason, ReasonProblem string
	// Typed must hold the name or the number of people; nil when that is not asked for.
	Typed   *component.FieldProps
	BackURL string
}

// PeopleActRow is what would be done with one person.
type PeopleActRow struct {
	Cell     component.UserCellProps
	Old, New string
	Flags    []string
	// Word is "will be done", "nothing to do" or "not possible".
	Word string
	Tone component.Tone
	Note string
}

// ProfileEdit is one section of a profile being edited in place.
type ProfileEdit struct {
	// Asks says beforehand that somebody decides; nil if nobody does.
	Asks *component.AlertProps
	// Section is "name", "language" or "settings".
	Section         string
	Action, BackURL string
	Hidden          []component.Hidden
	First, Last     component.FieldProps
	Language        component.SelectProps
	Theme           component.SelectProps
	Ticks           []component.CheckboxProps
	Problems        []component.Problem
	// Newer are values that somebody else has changed since the form was opened.
	Newer []Newer
}

// Newer is a value that differs from what the form had shown.
type Newer struct{ Field, Was, Now, Yours string }

// UserAct is something that can be done with a person.
type UserAct struct {
	Label, URL, TestID string
	Icon               component.Icon
	Danger             bool
	// Text says what it does; Why, if set, why it cannot be done now.
	Text, Why string
}

// UsersBulk is the form around the ticks of a list, with its bar of actions.
type UsersBulk struct {
	Action string
	// Back is the query of the list, List another list than that of users.
	Back, List string
	Bar        component.BulkBarProps
	// TooMany says why not everybody who matches can be ticked; empty for none.
	TooMany string
	// All is the label of the button that ticks everybody who matches; empty for none.
	All  string
	Acts []BulkAct
}

// BulkAct is a button of the bar.
type BulkAct struct {
	Value, Label string
	Danger       bool
}

// UsersView is a saved view.
type UsersView struct{ Name, URL string }

// PendingList is the part of the page of invitations that follows the search.
const PendingList fragmentKey = "pending-list"

// PendingProps are the invitations that nobody has used yet.
type PendingProps struct {
	Frame  layout.Props
	Total  int
	Search component.SearchBoxProps
	Rows   []PendingRow
	Bulk   *UsersBulk
	Export component.MenuProps
	Pager  component.PagerProps
	Empty  component.EmptyStateProps
	// MayAct shows the links of a row.
	MayAct bool
	// Reminders is how people are reminded, nil for those who may not set it. ShowReminders adds the column.
	Reminders     *RemindersProps
	ShowReminders bool
}

// RemindersProps is the setting of reminders, with its form.
type RemindersProps struct {
	// Sentence says how it is now.
	Sentence string
	// Due says how many people are next.
	Due        string
	Action     string
	Days, Most component.FieldProps
	Problems   []component.Problem
	// MayTurnOff says that reminders are on.
	MayTurnOff bool
}

// PendingRow is one open invitation.
type PendingRow struct {
	UserRow
	Waiting string
	// Reminded says what the person got so far, NextReminder when the next one goes out; both may be empty.
	Reminded, NextReminder                        string
	Withdrawn                                     bool
	ResendURL, WithdrawURL, CorrectURL, DeleteURL string
}
