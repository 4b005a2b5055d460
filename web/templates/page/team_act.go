package page

import (
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// TeamChoices is the part of a page that follows the search for a team.
const TeamChoices fragmentKey = "team-choices"

// TeamActProps is the page before something is done to a team: old and new, who is concerned, and who decides.
type TeamActProps struct {
	Frame    layout.Props
	Problems component.ErrorSummaryProps
	// Impact is who and what is concerned.
	Impact []component.Definition
	Rows   []TeamActRow
	// More says how many rows are not shown.
	More string
	// MoreURL leads back to the choice, to choose another one too.
	MoreURL, MoreLabel string
	// Verdict says beforehand what the policy will say.
	Verdict component.AlertProps
	// Action takes the form; empty when there is nothing that the person could send.
	Action string
	Hidden []component.Hidden
	// AskReason draws the field for whoever decides.
	AskReason             bool
	Reason, ReasonProblem string
	// Confirm is the name to be typed before something is deleted; empty asks for nothing.
	Confirm, ConfirmProblem string
	Submit                  component.ButtonProps
	BackURL, BackLabel      string
}

// TeamActRow is one line of the plan.
type TeamActRow struct {
	Name, Old, New string
	Flags          []string
	Note           string
}

// TeamFormProps is the form of a new team, or of everything of one.
type TeamFormProps struct {
	Frame    layout.Props
	Problems component.ErrorSummaryProps
	Intro    *component.AlertProps
	Action   string
	Hidden   []component.Hidden
	Fields   TeamFields
	// Parents are the teams below which it can stand; nil when the parent is not chosen here.
	Parents   []component.Option
	Parent    string
	AskReason bool
	Reason    string
	Bad       map[string]string
	Submit    component.ButtonProps
	BackURL   string
	BackLabel string
}

// TeamFields are the values of a team's form.
type TeamFields struct {
	Name, Description, Color, Avatar string
}

// TeamPickProps is a page that finds a team or a person, for one who is to be the parent or the manager.
type TeamPickProps struct {
	Frame    layout.Props
	Intro    string
	Search   component.SearchBoxProps
	Choices  []TeamChoice
	More     bool
	Announce string
	Empty    component.EmptyStateProps
	// NotAllowed says why the person may not do this at all.
	NotAllowed         string
	BackURL, BackLabel string
}

// TeamChoice is a team or person that can be chosen.
type TeamChoice struct {
	ID, Name, Detail string
	// URL leads to the page before it is done; Note says why it cannot be chosen.
	URL, Note string
	Person    bool
}
