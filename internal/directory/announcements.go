package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/id"
)

type announcementReader interface {
	List(ctx context.Context, o gtmhub.AnnouncementListOptions) (*gtmhub.Page[gtmhub.Announcement], error)
	Get(ctx context.Context, id gtmhub.ID, formatting gtmhub.Formatting) (*gtmhub.Announcement, error)
}

// Announcement is a message to the account.
type Announcement struct {
	ID id.Announcement
	// Text is as Gtmhub stores it, with its markup for mentions; Plain is for reading, and only lists have it.
	Text, Plain string
	Author      id.User
	AuthorName  string
	// Created is UTC.
	Created time.Time
	// What follows is sent along unchanged when a removed announcement is written again.
	Type, Target, Strategy string
	Notify                 []string
}

// serving is whether the account answers with announcements, as last seen.
type serving struct {
	at time.Time
	is Serving
}

// Serving says whether an account answers with announcements.
type Serving string

// What is known about it.
const (
	Unasked Serving = ""
	Serves  Serving = "serves"
	Retired Serving = "retired"
)

// ServesAnnouncements is what was found out last; Unasked if nothing was. It never waits: what it answers is asked for
// anew in the background when it is older than some minutes.
func (l *Lookups) ServesAnnouncements() Serving {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if now.Sub(l.serving.at) > servingFor && now.Sub(l.probed) > probeEvery {
		l.probed = now
		go l.probe()
	}
	return l.serving.is
}

// probe asks once; saw remembers the answer.
func (l *Lookups) probe() {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	_, _ = l.list(ctx, gtmhub.MentionsMarkup) // what goes wrong is asked again later
}

// saw remembers an answer. Trouble that says nothing about the account is not remembered.
func (l *Lookups) saw(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.serving = serving{l.now(), Serves}
	case errors.Is(err, ErrRetired):
		l.serving = serving{l.now(), Retired}
	}
	return err
}

// Announcements reads all announcements, newest first (operation 32).
func (l *Lookups) Announcements(ctx context.Context) ([]Announcement, error) {
	stored, err := l.list(ctx, gtmhub.MentionsMarkup)
	if err != nil {
		return nil, err
	}
	shown, err := l.list(ctx, gtmhub.PlainText)
	if err != nil {
		return nil, err
	}
	plain := make(map[id.Announcement]string, len(shown))
	for _, a := range shown {
		plain[a.ID] = a.Text
	}
	for i, a := range stored {
		stored[i].Plain = cmp.Or(plain[a.ID], a.Text)
	}
	return stored, nil
}

// StoredAnnouncements is Announcements without the reading form of the texts, in one call.
func (l *Lookups) StoredAnnouncements(ctx context.Context) ([]Announcement, error) {
	return l.list(ctx, gtmhub.MentionsMarkup)
}

func (l *Lookups) list(ctx context.Context, formatting gtmhub.Formatting) ([]Announcement, error) {
	page, err := l.announcements.List(ctx, gtmhub.AnnouncementListOptions{Formatting: formatting}) //nolint:staticcheck // deprecated without a successor
	if err != nil {
		return nil, l.saw(fmt.Errorf("announcements: %w", outdated(err, "announcements")))
	}
	out := convert(page.Items, announcementFrom)
	slices.SortStableFunc(out, func(a, b Announcement) int { return b.Created.Compare(a.Created) })
	return out, l.saw(nil)
}

// Announcement reads one announcement (operation 33). ok is false if there is none, or none any more: a single one that is
// not there does not tell whether the account serves the others.
func (l *Lookups) Announcement(ctx context.Context, a id.Announcement) (found Announcement, ok bool, err error) {
	one, err := l.announcements.Get(ctx, gtmhub.ID(a), gtmhub.MentionsMarkup) //nolint:staticcheck // deprecated without a successor
	if errors.Is(err, gtmhub.ErrNotFound) || errors.Is(err, gtmhub.ErrInvalid) {
		return Announcement{}, false, nil
	}
	if err != nil {
		return Announcement{}, false, fmt.Errorf("announcement: %w", outdated(err, "announcements"))
	}
	return announcementFrom(*one), true, nil
}

func announcementFrom(a gtmhub.Announcement) Announcement {
	return Announcement{ID: id.Announcement(a.ID), Text: a.Comment, Author: id.User(a.AuthorID), AuthorName: cmp.Or(a.Author.Name, a.Author.Email),
		Created: a.DateCreated, Type: a.Type, Target: string(a.TargetID), Strategy: a.NotificationStrategy, Notify: a.Notify}
}
