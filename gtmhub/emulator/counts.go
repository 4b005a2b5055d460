package emulator

import "maps"

// Counts says what an emulator was asked and what it did since its account was loaded or reset. With a state file it
// survives restarts; only reads since the last write are lost when the process is killed.
type Counts struct {
	// Calls counts requests per operation number, those that met a fault or were refused included. 41 is the list of roles.
	Calls map[int]int `json:"calls"`
	// Effects counts, per operation number, the writes that stored a record or sent a mail.
	Effects map[int]int `json:"effects"`
	// Created counts the users made per lower-case e-mail address: more than one means a double.
	Created map[string]int `json:"created"`
	// Mails counts the invitation mails per lower-case e-mail address.
	Mails map[string]int `json:"mails"`
	// PasswordMails counts the mails of operation 13 per lower-case e-mail address.
	PasswordMails map[string]int `json:"passwordMails"`
	// Violations counts calls that broke the documented form, since the process started or was reset.
	Violations int `json:"violations"`
}

func newCounts() Counts {
	return Counts{Calls: map[int]int{}, Effects: map[int]int{}, Created: map[string]int{}, Mails: map[string]int{}, PasswordMails: map[string]int{}}
}

func (c *Counts) add(d Counts) {
	addTo(c.Calls, d.Calls)
	addTo(c.Effects, d.Effects)
	addTo(c.Created, d.Created)
	addTo(c.Mails, d.Mails)
	addTo(c.PasswordMails, d.PasswordMails)
}

func (c Counts) clone() Counts {
	return Counts{
		Calls: maps.Clone(c.Calls), Effects: maps.Clone(c.Effects), Created: maps.Clone(c.Created),
		Mails: maps.Clone(c.Mails), PasswordMails: maps.Clone(c.PasswordMails), Violations: c.Violations,
	}
}

func addTo[K comparable](to, from map[K]int) {
	for k, n := range from {
		to[k] += n
	}
}

// Mail is a mail that a real account would have sent. The emulator only notes it.
type Mail struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"` // "invitation" or "password"
	To      string `json:"to"`   // the address as stored
	UserID  string `json:"userId"`
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Date    string `json:"date"` // RFC 3339, UTC
}
