package access

import (
	"strings"

	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Refusal is the error of something that was not allowed: the rule, the fact that it met, who can help, and what the person can
// do instead. Its kind is fault.Forbidden.
type Refusal struct {
	Verdict
	// Instead is something near to it that the person may do or ask for; nil for nothing.
	Instead *Question
}

// Refuse is the error of a verdict that says no.
func Refuse(v Verdict) *Refusal { return &Refusal{Verdict: v} }

func (r *Refusal) Error() string { return r.Unwrap().Error() }

// Unwrap makes it a fault with a message for people.
func (r *Refusal) Unwrap() error {
	return fault.New(fault.Forbidden, strings.TrimSpace(r.Sentence+" "+r.Help))
}

// Explain refuses questions, of which at least one has no as its answer, and looks for what can be done instead.
func (p Policy) Explain(a Actor, v Verdict, questions ...Question) *Refusal {
	r := Refuse(v)
	for _, q := range questions {
		if p.Decide(a, q).Outcome != No {
			continue
		}
		if alt, ok := instead(a, q); ok && p.Decide(a, alt).Outcome != No {
			r.Instead = &alt
			break
		}
	}
	return r
}

// instead is the act nearest to one that is not allowed. Whether that is allowed is asked like anything else.
func instead(a Actor, q Question) (Question, bool) {
	switch q.Act {
	case DeleteTeam:
		q.Act = DeactivateTeam
	case ReplaceTeam:
		q.Act = EditTeam
	case DeleteUser:
		q.Act = DeactivateUser
	case AddMember: // who may add nobody may still ask to join
		if a.User == "" || len(q.Teams) != 1 || a.Member.Has(q.Teams[0].ID) {
			return q, false
		}
		q.Facts.People = []id.User{a.User}
	default:
		return q, false
	}
	return q, true
}
