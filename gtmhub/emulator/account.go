package emulator

import (
	"bytes"
	"embed"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"
)

// Account is a company account in the neutral form of data/account.json: what an emulator starts from.
type Account struct {
	ID     string        `json:"accountId"`     // 24 hex digits; the value of the gtmhub-accountId header
	Name   string        `json:"accountName"`   // for people
	Domain string        `json:"accountDomain"` // for people
	Roles  []AccountRole `json:"roles"`
	Users  []AccountUser `json:"users"`
	Teams  []AccountTeam `json:"teams"`
}

// AccountRole is a role that can be given by hand. Team roles are derived from the teams.
type AccountRole struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// Permissions are Gtmhub's permission names. Empty means those that usually go with the name.
	Permissions []string `json:"permissions,omitempty"`
}

// AccountUser is a user of an account. InvitationPending means invited and never signed in; it outranks IsActive.
type AccountUser struct {
	ID                string    `json:"id"`
	Email             string    `json:"email"`
	FirstName         string    `json:"firstName"`
	LastName          string    `json:"lastName"`
	Language          string    `json:"language"`
	IsActive          bool      `json:"isActive"`
	InvitationPending bool      `json:"invitationPending"`
	DateCreated       time.Time `json:"dateCreated"`
	DateInvited       time.Time `json:"dateInvited,omitzero"`
	RoleIDs           []string  `json:"roleIds"`
}

// AccountTeam is a team of an account. ParentID is empty at the top of the tree, Manager if there is none.
type AccountTeam struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	ParentID    string    `json:"parentId,omitempty"`
	Manager     string    `json:"manager,omitempty"`
	Members     []string  `json:"members"`
	Color       string    `json:"color"`
	Avatar      string    `json:"avatar"`
	IsActive    bool      `json:"isActive"`
	DateCreated time.Time `json:"dateCreated"`
}

//go:embed data/account.json
var defaultAccount []byte

//go:embed data/joiners/*.csv
var joinerFiles embed.FS

// Joiners holds the lists of joiners that go with [DefaultAccount]: joiners-300.csv (clean),
// joiners-hris-export.csv (semicolons, Windows-1252) and joiners-messy.csv (every mistake that people make).
var Joiners fs.FS = mustSub(joinerFiles, "data/joiners")

func mustSub(f fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(f, dir)
	if err != nil {
		panic(err) // the directory name is a constant
	}
	return sub
}

// DefaultAccount returns a fresh copy of the built-in account: 1,276 users, 314 teams four levels deep, 5 roles.
func DefaultAccount() *Account {
	a, err := ParseAccount(bytes.NewReader(defaultAccount))
	if err != nil {
		panic(err) // the file is embedded, and a test reads it
	}
	return a
}

// ParseAccount reads an account in neutral form and checks it: unknown fields, malformed or repeated ids, repeated
// addresses (in any letter case), references to what is not there, and circles of teams are errors.
func ParseAccount(r io.Reader) (*Account, error) {
	var a Account
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return nil, fmt.Errorf("read account: %w", err)
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("check account: %w", err)
	}
	return &a, nil
}

// check lists everything that is wrong, at most 20 lines.
func (a *Account) check() error {
	var errs []error
	bad := func(format string, args ...any) {
		if len(errs) < 20 {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	seen := map[string]string{}
	claim := func(kind, id string) {
		if !isID(id) {
			bad("%s id %q is not 24 lower-case hex digits", kind, id)
		}
		if other, taken := seen[id]; taken {
			bad("%s id %s is taken by a %s", kind, id, other)
		}
		seen[id] = kind
	}
	claim("account", a.ID)
	for _, r := range a.Roles {
		claim("role", r.ID)
	}
	emails := map[string]bool{}
	for _, u := range a.Users {
		claim("user", u.ID)
		if key := strings.ToLower(u.Email); key == "" || emails[key] {
			bad("user %s has no address or one that is taken", u.ID)
		} else {
			emails[key] = true
		}
	}
	parents := map[string]string{}
	for _, t := range a.Teams {
		claim("team", t.ID)
		parents[t.ID] = t.ParentID
	}
	refer := func(from, kind, id string) {
		if seen[id] != kind {
			bad("%s refers to the %s %q, which is not there", from, kind, id)
		}
	}
	for _, u := range a.Users {
		for _, r := range u.RoleIDs {
			refer("user "+u.ID, "role", r)
		}
	}
	for _, t := range a.Teams {
		if t.ParentID != "" {
			refer("team "+t.ID, "team", t.ParentID)
		}
		if t.Manager != "" {
			refer("team "+t.ID, "user", t.Manager)
		}
		for _, m := range t.Members {
			refer("team "+t.ID, "user", m)
		}
		up, steps := t.ParentID, 0
		for ; up != "" && steps <= len(parents); steps++ {
			up = parents[up]
		}
		if up != "" {
			bad("team %s is in a circle of parents", t.ID)
		}
	}
	return errors.Join(errs...)
}

// isID says whether s is an id as Gtmhub makes them: 24 lower-case hex digits.
func isID(s string) bool {
	if len(s) != 24 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
