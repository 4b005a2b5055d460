package component

import "strings"

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

// class is the part of our own class names that stands for the tone (components.css).
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

// StatusFor is the tone of a word that says where a user, a row or a change stands. What
// follows a comma, colon or bracket ("held: changed since the decision") does not matter; an unknown word is neutral.
func StatusFor(word string) Tone {
	word, _, _ = strings.Cut(word, ",")
	word, _, _ = strings.Cut(word, ":")
	word, _, _ = strings.Cut(word, " (")
	switch strings.TrimSpace(word) {
	case "active", "done", "finished":
		return ToneSuccess
	case "in progress", "running", "approved", "scheduled":
		return ToneInfo
	case "pending", "waiting for a decision", "returned with a question", "paused", "finished with problems",
		"outcome unknown", "needs a person", "held":
		return ToneWarning
	case "failed", "not possible", "rejected":
		return ToneDanger
	}
	return ToneNeutral
}

// UserStatus is one of active, pending and inactive.
type UserStatus string

// The three states of a user. Pending outranks the other two.
const (
	UserActive   UserStatus = "active"
	UserPending  UserStatus = "pending"
	UserInactive UserStatus = "inactive"
)

// RowState is the state of a row of a change as it is stored; convert from change.RowState.
type RowState string

// Word is the state in the words of the pages. A word is its own word.
func (s RowState) Word() string {
	switch s {
	case "queued":
		return "waiting"
	case "checking", "intent":
		return "in progress"
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

// ChangeState is the state of a change as it is stored; convert from change.State.
type ChangeState string

// Word is the state in the words of the pages. A word is its own word.
func (s ChangeState) Word() string {
	switch s {
	case "waiting":
		return "waiting for a decision"
	case "returned":
		return "returned with a question"
	case "problems":
		return "finished with problems"
	}
	return string(s)
}
