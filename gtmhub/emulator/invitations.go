package emulator

import (
	"net/http"
	"strings"
)

// inviteUsers is operation 10. An unknown id refuses the whole call, so that no mail goes out by half.
func (c *call) inviteUsers() (reply, error) {
	ids, err := c.userList()
	if err != nil {
		return reply{}, err
	}
	for _, id := range ids {
		if c.s.users.get(id) == nil {
			return reply{}, refuse(http.StatusBadRequest, "user %s not found", id)
		}
	}
	for _, id := range ids {
		if c.s.users.get(id).DateInvited == "" {
			c.tx.user(id).DateInvited = c.tx.date()
		}
		c.send("invitation", c.s.users.get(id))
	}
	return noContent, nil
}

// send notes a mail and counts it.
func (c *call) send(kind string, u *user) {
	m := Mail{ID: c.tx.newID(), Kind: kind, To: u.Email, UserID: u.ID, Name: u.name(), Date: c.tx.date()}
	if c.tx.rec.Counts == nil {
		counts := newCounts()
		c.tx.rec.Counts = &counts
	}
	key := strings.ToLower(u.Email)
	switch kind {
	case "invitation":
		m.Subject = c.actor.name() + " invites you to " + c.s.account.Name + " on Gtmhub"
		c.tx.rec.Counts.Mails[key]++
	case "password":
		m.Subject = "Choose a new password for Gtmhub"
		c.tx.rec.Counts.PasswordMails[key]++
	}
	c.tx.rec.Mails = append(c.tx.rec.Mails, m)
}
