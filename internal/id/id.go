// Package id has one string type per kind of record, so that a swapped pair does not compile.
//
// It is a leaf: every package but gtmhub may import it. Ids that come from outside go through a Parse function,
// which admits letters and digits only; the reference's own samples are not all 24 hex digits, so nothing more is
// demanded. An id that passed can never steer a request to another path. Start at [ParseUser].
package id

import (
	"crypto/rand"
	"errors"
	"strings"
)

// User is the id of a Gtmhub user.
type User string

// Team is the id of a Gtmhub team.
type Team string

// Role is the id of a Gtmhub role.
type Role string

// Objective is the id of an objective in Gtmhub.
type Objective string

// Announcement is the id of an announcement in Gtmhub.
type Announcement string

// Change is the id of a change of ours.
type Change string

// Row is the id of a row of a change.
type Row string

// Draft is the id of an unfinished list of joiners.
type Draft string

// Deputy is the id of what was given to a deputy.
type Deputy string

// ErrMalformed says that a text is no id.
var ErrMalformed = errors.New("malformed id")

// MaxLength is the longest id that is accepted, in bytes.
const MaxLength = 64

// Valid says whether s has 1 to MaxLength ASCII letters and digits and nothing else.
func Valid(s string) bool {
	if s == "" || len(s) > MaxLength {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func parse[T ~string](s string) (T, error) {
	if !Valid(s) {
		return "", ErrMalformed
	}
	return T(s), nil
}

// ParseUser admits a user id from outside; the error is ErrMalformed.
func ParseUser(s string) (User, error) { return parse[User](s) }

// ParseTeam admits a team id from outside; the error is ErrMalformed.
func ParseTeam(s string) (Team, error) { return parse[Team](s) }

// ParseRole admits a role id from outside; the error is ErrMalformed.
func ParseRole(s string) (Role, error) { return parse[Role](s) }

// ParseObjective admits the id of an objective from outside; the error is ErrMalformed.
func ParseObjective(s string) (Objective, error) { return parse[Objective](s) }

// ParseAnnouncement admits the id of an announcement from outside; the error is ErrMalformed.
func ParseAnnouncement(s string) (Announcement, error) { return parse[Announcement](s) }

// ParseChange admits a change id from outside; the error is ErrMalformed.
func ParseChange(s string) (Change, error) { return parse[Change](s) }

// ParseRow admits a row id from outside; the error is ErrMalformed.
func ParseRow(s string) (Row, error) { return parse[Row](s) }

// ParseDraft admits a draft id from outside; the error is ErrMalformed.
func ParseDraft(s string) (Draft, error) { return parse[Draft](s) }

// NewChange makes a random id of 128 bits.
func NewChange() Change { return Change(random()) }

// NewRow makes a random id of 128 bits.
func NewRow() Row { return Row(random()) }

// NewDraft makes a random id of 128 bits.
func NewDraft() Draft { return Draft(random()) }

// ParseDeputy admits the id of a deputy from outside; the error is ErrMalformed.
func ParseDeputy(s string) (Deputy, error) { return parse[Deputy](s) }

// NewDeputy makes a random id of 128 bits.
func NewDeputy() Deputy { return Deputy(random()) }

func random() string { return strings.ToLower(rand.Text()) }
