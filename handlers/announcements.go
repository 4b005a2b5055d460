package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

const announcementsRetired = "The vendor has switched announcements off, and this account does not serve them any more. There is nothing to repair, and nothing of yours is lost."

// announcementsIndex handles GET /announcements. By its address the page opens everywhere; the navigation leads to it only
// where the account still answers.
func (s *server) announcementsIndex(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*freshFor)
	defer cancel()
	p := page.AnnouncementsProps{TryURL: route.Announcements}
	frame := layout.Props{Title: "Announcements", Subtitle: "What everybody sees in Gtmhub"}
	all, err := s.Lookups.Announcements(ctx)
	switch {
	case errors.Is(err, directory.ErrRetired):
		p.Problem, p.Retired = announcementsRetired, true
	case err != nil:
		p.Problem, _ = s.notRead("announcements", err)
	default:
		frame.Actions = component.LinkButton(component.LinkButtonProps{Label: "Write an announcement", URL: route.AnnouncementNew, Icon: component.IconPlus, Variant: component.ButtonPrimary, TestID: "announcement-new"})
	}
	view, own := s.view(r.Context()), s.mayOwn(actorFrom(r.Context())) && s.Auth.OwnToken(r) != ""
	for _, a := range all {
		row := page.AnnouncementRow{ID: string(a.ID), Text: a.Plain, Author: cmp.Or(a.AuthorName, "somebody who is gone"), Posted: component.When{Relative: s.day(a.Created), Exact: s.exact(a.Created)},
			EditURL: route.AnnouncementAct(a.ID, "edit"), RemoveURL: route.AnnouncementAct(a.ID, "remove")}
		if u, ok := view.User(a.Author); ok {
			row.Author, row.AuthorURL = u.Name, route.User(u.ID)
		}
		if own {
			row.ReactionURL = route.AnnouncementAct(a.ID, "reaction")
		}
		p.Rows = append(p.Rows, row)
	}
	if len(p.Rows) > 0 && !own {
		p.ReactionWhy = "Your own reaction to an announcement cannot be taken back here. " + ownWhy
	}
	if p.Frame, err = s.frame(w, r, route.Announcements, frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.Announcements(p))
}

// announcementOf reads the announcement of the address.
func (s *server) announcementOf(r *http.Request) (directory.Announcement, error) {
	none := fault.New(fault.NotFound, "There is no such announcement. It may have been removed.")
	of, err := id.ParseAnnouncement(r.PathValue("id"))
	if err != nil {
		return directory.Announcement{}, none
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*freshFor)
	defer cancel()
	a, ok, err := s.Lookups.Announcement(ctx, of)
	if err == nil && !ok {
		err = none
	}
	return a, err
}

// announcementNew handles GET /announcements/new.
func (s *server) announcementNew(w http.ResponseWriter, r *http.Request) error {
	return s.announcementPage(w, r, http.StatusOK, directory.Announcement{}, "", nil)
}

// announcementEdit handles GET /announcements/{id}/edit.
func (s *server) announcementEdit(w http.ResponseWriter, r *http.Request) error {
	a, err := s.announcementOf(r)
	if err != nil {
		return err
	}
	return s.announcementPage(w, r, http.StatusOK, a, a.Text, nil)
}

// announcementPage is the form of one announcement; of none when a has no id.
func (s *server) announcementPage(w http.ResponseWriter, r *http.Request, status int, a directory.Announcement, text string, wrong problems) error {
	p := page.AnnouncementProps{Action: route.Announcements, BackURL: route.Announcements, Send: "Post", Errors: component.ErrorSummaryProps{Title: "Nothing was posted", Problems: wrong},
		Text: component.TextareaProps{Name: "text", Label: "Text", Rows: 8, Required: true, Value: text, Error: wrong.of("text"), Hint: "Everybody in the account will see it.", TestID: "announcement-text"}}
	title := "Write an announcement"
	if a.ID != "" {
		title, p.Action, p.Send, p.Errors.Title = "Edit announcement", route.Announcement(a.ID), "Save", "Nothing was changed"
		p.Hidden = []component.Hidden{{Name: "was", Value: a.Text}}
		if strings.Contains(a.Text, "@[") {
			p.Text.Hint = "People who are mentioned look like @[name:address:id]. Leave these as they are, or take them out whole."
		}
	}
	var err error
	if p.Frame, err = s.frame(w, r, route.Announcements, layout.Props{Title: title, Crumbs: []layout.Crumb{{Label: "Announcements", URL: route.Announcements}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Announcement(p))
}

// announcementWrite handles POST /announcements.
func (s *server) announcementWrite(w http.ResponseWriter, r *http.Request) error {
	v, err := form(r)
	if err != nil {
		return err
	}
	in := change.Announcement{Text: v.Get("text")}
	c, err := s.submitAnnouncement(r, change.WriteAnnouncement, in)
	if wrong, ok := complaint(err); ok {
		return s.announcementPage(w, r, http.StatusUnprocessableEntity, directory.Announcement{}, in.Text, wrong)
	}
	if err != nil {
		return err
	}
	return s.afterChange(w, r, c, route.Announcements, "The announcement is posted.")
}

// announcementSave handles POST /announcements/{id}.
func (s *server) announcementSave(w http.ResponseWriter, r *http.Request) error {
	a, err := s.announcementOf(r)
	if err != nil {
		return err
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	in := change.Announcement{ID: a.ID, Text: v.Get("text"), Was: strings.ReplaceAll(v.Get("was"), "\r\n", "\n")}
	c, err := s.submitAnnouncement(r, change.EditAnnouncement, in)
	if wrong, ok := complaint(err); ok {
		return s.announcementPage(w, r, http.StatusUnprocessableEntity, a, in.Text, wrong)
	}
	if err != nil {
		return err
	}
	return s.afterChange(w, r, c, route.Announcements, "The announcement is changed.")
}

// announcementAsk handles GET /announcements/{id}/remove.
func (s *server) announcementAsk(w http.ResponseWriter, r *http.Request) error {
	a, err := s.announcementOf(r)
	if err != nil {
		return err
	}
	p := page.AnnouncementRemoveProps{Text: a.Text, Author: a.AuthorName, Action: route.AnnouncementAct(a.ID, "remove"), BackURL: route.Announcements}
	if p.Frame, err = s.frame(w, r, route.Announcements, layout.Props{Title: "Remove announcement", Crumbs: []layout.Crumb{{Label: "Announcements", URL: route.Announcements}}}); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, page.AnnouncementRemove(p))
}

// announcementRemove handles POST /announcements/{id}/remove.
func (s *server) announcementRemove(w http.ResponseWriter, r *http.Request) error {
	a, err := s.announcementOf(r)
	if err != nil {
		return err
	}
	c, err := s.submitAnnouncement(r, change.RemoveAnnouncement, change.Announcement{ID: a.ID})
	if err != nil {
		return err
	}
	return s.afterChange(w, r, c, route.Announcements, "The announcement is removed.")
}

func (s *server) submitAnnouncement(r *http.Request, recipe string, in change.Announcement) (change.Change, error) {
	c, err := s.submit(r, change.Input{Recipe: recipe, Fields: change.Fields(in)})
	if err != nil {
		return c, fmt.Errorf("%s: %w", recipe, err)
	}
	return c, nil
}
