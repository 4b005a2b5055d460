package emulator

import (
	"net/http"
	"slices"
	"strings"
)

// announcement is an announcement as it is stored. The reactions are not shown: the documents have no field for them.
type announcement struct {
	base
	Type                 string   `json:"announcementType"`
	TargetID             string   `json:"announcementTargetId"`
	AuthorID             string   `json:"authorId"`
	Comment              string   `json:"comment"`
	DateCreated          string   `json:"dateCreated"`
	NotificationStrategy string   `json:"notificationStrategy"`
	Notify               []string `json:"notify"`
	Reactions            []string `json:"reactions,omitempty"` // ids of users
}

var announcementFields = newShape(nil,
	column[*announcement]{"announcementTargetId", func(_ *view, a *announcement) any { return a.TargetID }},
	column[*announcement]{"announcementType", func(_ *view, a *announcement) any { return a.Type }},
	column[*announcement]{"author", (*view).author},
	column[*announcement]{"authorId", func(_ *view, a *announcement) any { return a.AuthorID }},
	column[*announcement]{"comment", func(v *view, a *announcement) any { return v.text(a.Comment) }},
	column[*announcement]{"dateCreated", func(_ *view, a *announcement) any { return a.DateCreated }},
	column[*announcement]{"id", func(_ *view, a *announcement) any { return a.ID }},
	column[*announcement]{"notificationStrategy", func(_ *view, a *announcement) any { return a.NotificationStrategy }},
	column[*announcement]{"notify", func(_ *view, a *announcement) any { return a.Notify }},
)

func (v *view) author(a *announcement) any {
	u := v.s.users.get(a.AuthorID)
	if u == nil {
		return nil // deleted
	}
	return doc{
		{"accountId", v.s.account.ID}, {"dateCreated", u.DateCreated}, {"email", u.Email}, {"firstName", u.FirstName}, {"id", u.ID},
		{"language", u.Language}, {"lastName", u.LastName}, {"name", u.name()}, {"picture", ""},
	}
}

// announcements is operation 32.
func (c *call) announcements() (reply, error) {
	q, err := c.listQuery()
	if err != nil {
		return reply{}, err
	}
	return list(c, announcementFields, &c.s.posts, nil, q, nil), nil
}

// announcement is operation 33.
func (c *call) announcement() (reply, error) {
	a := c.s.posts.get(c.params[0])
	if a == nil {
		return reply{}, refuse(http.StatusNotFound, "announcement not found")
	}
	return c.showAnnouncement(http.StatusOK, a), nil
}

func (c *call) showAnnouncement(status int, a *announcement) reply {
	return reply{status: status, body: announcementFields.show(c.view, a)}
}

// editable gives a copy of the announcement of the path that becomes part of the change. No 404 is documented for
// operations 38 to 40.
func (c *call) editable() (*announcement, error) {
	a := c.s.posts.get(c.params[0])
	if a == nil {
		return nil, refuse(http.StatusBadRequest, "announcement not found")
	}
	copied := *a
	return &copied, nil
}

// createAnnouncement is operation 35. The request spells authorID, the answer authorId.
func (c *call) createAnnouncement() (reply, error) {
	var in struct {
		TargetID             string   `json:"announcementTargetId"`
		Type                 string   `json:"announcementType"`
		AuthorID             string   `json:"authorID"`
		Comment              string   `json:"comment"`
		NotificationStrategy string   `json:"notificationStrategy"`
		Notify               []string `json:"notify"`
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if strings.TrimSpace(in.Comment) == "" {
		return reply{}, refuse(http.StatusBadRequest, "comment is required")
	}
	if in.AuthorID == "" {
		in.AuthorID = c.actor.ID
	}
	if c.s.users.get(in.AuthorID) == nil {
		return reply{}, refuse(http.StatusBadRequest, "authorID: user not found")
	}
	a := &announcement{
		base: base{ID: c.tx.newID()}, Type: in.Type, TargetID: in.TargetID, AuthorID: in.AuthorID, Comment: in.Comment,
		DateCreated: c.tx.date(), NotificationStrategy: in.NotificationStrategy, Notify: in.Notify,
	}
	c.tx.rec.Announcements = append(c.tx.rec.Announcements, a)
	return c.showAnnouncement(http.StatusCreated, a), nil
}

// editAnnouncement is operation 38.
func (c *call) editAnnouncement() (reply, error) {
	var in struct {
		Comment string `json:"comment"`
	}
	if err := c.decode(&in); err != nil {
		return reply{}, err
	}
	if strings.TrimSpace(in.Comment) == "" {
		return reply{}, refuse(http.StatusBadRequest, "comment is required")
	}
	a, err := c.editable()
	if err != nil {
		return reply{}, err
	}
	a.Comment = in.Comment
	c.tx.rec.Announcements = append(c.tx.rec.Announcements, a)
	return c.showAnnouncement(http.StatusOK, a), nil
}

// deleteAnnouncement is operation 39.
func (c *call) deleteAnnouncement() (reply, error) {
	a, err := c.editable()
	if err != nil {
		return reply{}, err
	}
	c.tx.remove(a.ID)
	return noContent, nil
}

// removeReaction is operation 40. Where the caller has no reaction, nothing changes.
func (c *call) removeReaction() (reply, error) {
	a, err := c.editable()
	if err != nil {
		return reply{}, err
	}
	if slices.Contains(a.Reactions, c.actor.ID) {
		a.Reactions = slices.DeleteFunc(slices.Clone(a.Reactions), func(id string) bool { return id == c.actor.ID })
		c.tx.rec.Announcements = append(c.tx.rec.Announcements, a)
	}
	return c.showAnnouncement(http.StatusOK, a), nil
}
