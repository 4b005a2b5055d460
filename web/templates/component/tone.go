package component

// Tone is the colour of a badge, pill, alert or bar. Colour never stands alone: each part
// that takes a tone also shows a word or an icon.
type Tone uint8

// The tones, from silent to loud. The zero value is neutral.
const (
	ToneNeutral Tone = iota // no judgement: inactive, withdrawn, nothing to do
	ToneInfo                // under way or for information
	ToneSuccess             // done, active
	ToneWarning             // somebody should look
	ToneDanger              // failed, or cannot be undone
)

// class is the part of our own class names that stands for the tone (app.css).
func (t Tone) class() string {
	switch t {
	case ToneInfo:
		return "info"
	case ToneSuccess:
		return "success"
	case ToneWarning:
		return "warning"
	case ToneDanger:
		return "danger"
	}
	return "neutral"
}

// icon is the drawing that says the same as the colour.
func (t Tone) icon() Icon {
	switch t {
	case ToneSuccess:
		return IconCircleCheck
	case ToneWarning:
		return IconAlertTriangle
	case ToneDanger:
		return IconCircleX
	}
	return IconInfoCircle
}

// UserStatus is one of active, pending and inactive (design.md, section 2).
type UserStatus string

// The three states of a user. Pending outranks the other two.
const (
	UserActive   UserStatus = "active"
	UserPending  UserStatus = "pending"
	UserInactive UserStatus = "inactive"
)

// tone is the colour of the status.
func (s UserStatus) tone() Tone {
	switch s {
	case UserActive:
		return ToneSuccess
	case UserPending:
		return ToneWarning
	}
	return ToneNeutral
}

// RowState is the state of a row of a change, as stored. Convert from change.RowState.
type RowState string

// Word is the state in the words of the pages (design.md, section 3). An unknown state is
// shown as it is stored.
func (s RowState) Word() string {
	switch s {
	case "queued":
		return "waiting"
	case "checking", "intent":
		return "in progress"
	case "done":
		return "done"
	case "nothing":
		return "nothing to do"
	case "blocked":
		return "not possible"
	case "refused":
		return "failed"
	case "unknown":
		return "outcome unknown"
	case "attention":
		return "needs a person"
	}
	return string(s)
}

// Tone is the colour that goes with the state, for pills and for the parts of a bar.
func (s RowState) Tone() Tone {
	switch s {
	case "done":
		return ToneSuccess
	case "checking", "intent":
		return ToneInfo
	case "unknown", "attention", "held":
		return ToneWarning
	case "refused", "blocked", "rejected":
		return ToneDanger
	}
	return ToneNeutral
}

// ChangeState is the state of a change, as stored. Convert from change.State.
type ChangeState string

// Word is the state in the words of the pages.
func (s ChangeState) Word() string {
	switch s {
	case "waiting":
		return "waiting for a decision"
	case "problems":
		return "finished with problems"
	}
	return string(s)
}

// Tone is the colour that goes with the state.
func (s ChangeState) Tone() Tone {
	switch s {
	case "finished":
		return ToneSuccess
	case "approved", "scheduled", "running":
		return ToneInfo
	case "waiting", "paused", "returned", "problems":
		return ToneWarning
	case "rejected":
		return ToneDanger
	}
	return ToneNeutral
}
