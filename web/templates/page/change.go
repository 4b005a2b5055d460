package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// ChangePart names a part of the page of a change that htmx asks for alone.
type ChangePart string

// The parts.
const (
	// ChangeRunPart holds state, sums and actions; it asks for itself while the change is carried out.
	ChangeRunPart ChangePart = "run"
	// ChangeRowsPart is the table of people with its pager.
	ChangeRowsPart ChangePart = "rows"
	// ChangeStoryPart is the time line.
	ChangeStoryPart ChangePart = "story"
)

// ChangeProps is the page of one change.
type ChangeProps struct {
	Frame layout.Props
	// Alert tells how the last act ended, over everything else; nil for none.
	Alert *component.AlertProps
	Run   ChangeRun
	Facts []component.Definition
	// Decision is the form of whoever may decide; nil for everybody else. WhyNot then says why not, while it waits.
	Decision *ChangeDecision
	// Question is what a decider asked, with the answer or the form for it; nil for none.
	Question *ChangeQuestion
	WhyNot   *component.AlertProps
	// Held are rows that wait for a person; nil for none.
	Held  *ChangeHeld
	Table ChangeTable
	Story []component.TimelineItem
	// Beside says that rows and time line travel beside the run part, in the answer to its polling.
	Beside bool
}

// ChangeRun is where the change stands.
type ChangeRun struct {
	State string
	// Note says why it is paused, rejected, cancelled or lapsed.
	Note     string
	NoteTone component.Tone
	// PollURL is asked again every two seconds; empty when nothing happens any more.
	PollURL string
	// Announce is read out when this part arrives in place of another one.
	Announce string
	// Notes stand below the note: rows that are held, or whose outcome is not known.
	Notes []component.AlertProps
	// Progress is drawn while it is carried out.
	Progress *component.ProgressProps
	MayClose string
	Steps    []ChangeStep
	Acts     []component.PostButtonProps
	// UndoURL leads to the page that says what can be taken back.
	UndoURL string
	// CorrectURL leads to the page that corrects people, CorrectLabel names it.
	CorrectURL, CorrectLabel string
	ReturnURL                string
	ReturnAdvice             string
}

// ChangeStep is the rows of one step by word; the numbers always add up to Total.
type ChangeStep struct {
	// Label is "People" for the main step, then "Roles" and "Teams".
	Label string
	Total int
	Parts []component.BarPart
	// Counts is drawn for the main step; Words for the others.
	Counts component.CountsBarProps
	Words  []StepWord
}

// StepWord is a number of rows of a further step.
type StepWord struct {
	Word   string
	Rows   int
	URL    string
	TestID string
}

// ChangeDecision is the form of whoever decides.
type ChangeDecision struct {
	// Intro says which version it is, and who has agreed; empty for the usual case.
	Intro  string
	Action string
	// Hidden carries version, hash and the ticks of rows that are not shown.
	Hidden []component.Hidden
	// Ready are reasons to choose from, Chosen the one that was, Reason the text as typed and its problem.
	Ready                         []component.Option
	Chosen, Reason, ReasonProblem string
	// Total can be decided, Ticked of them are ticked. ApproveLabel and RejectLabel carry the numbers.
	Total, Ticked             int
	ApproveLabel, RejectLabel string
	// Confirm asks for a fresh sign-in before anything is typed; nil when there is one.
	Confirm *component.AlertProps
	// Look lists what to look at before deciding, with how many people each.
	Look []component.BadgeProps
}

// ChangeTable is a page of rows.
type ChangeTable struct {
	// Search is the ordinary search form; while deciding its fields belong to the form of the decision instead.
	Search *component.SearchBoxProps
	// Deciding draws ticks, and the controls that keep them.
	Deciding *ChangeControls
	// State are hidden fields that say which rows are shown, for the polling.
	State   []component.Hidden
	Columns []string
	People  []ChangePerson
	Pager   component.PagerProps
	Empty   component.EmptyStateProps
	// Filter is a sentence such as "Shown: failed"; ClearURL shows all again.
	Filter, ClearURL string
}

// ChangeControls are the controls of the table while deciding. They send the decision's form, so that ticks are kept.
type ChangeControls struct {
	Query    string
	Words    []component.Option
	Word     string
	Sizes    []component.Option
	Size     string
	Position string
	// Previous and Next are the numbers of the pages beside, empty for none.
	Previous, Next string
}

// ChangePerson is one person of the table with everything that happens to them.
type ChangePerson struct {
	Cell component.UserCellProps
	// Row is the id of the main row. Tick draws a box to reject it, Ticked ticks it.
	Row          string
	Tick, Ticked bool
	Flags        []string
	// Acts has one entry per column.
	Acts [][]ChangeAct
}

// ChangeAct is one row: what was and what will be, and where it stands.
type ChangeAct struct {
	Old, New string
	State    string
	Reason   string
}
