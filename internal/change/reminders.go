package change

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Reminders says when people with an open invitation are reminded of it. The zero value reminds nobody.
type Reminders struct {
	// Days is how many days lie between two mails about the invitation, whoever sent the last one; 0 turns reminders off.
	Days int `json:"days"`
	// Most is how many reminders one person gets.
	Most int `json:"most"`
}

// The bounds of Reminders that are on, and what the form proposes.
const (
	LeastReminderDays, MostReminderDays = 2, 90
	MostReminders                       = 10
	UsualReminderDays, UsualReminders   = 7, 3
)

// On says whether anybody is reminded.
func (r Reminders) On() bool { return r.Days > 0 && r.Most > 0 }

// String is what the audit trail says.
func (r Reminders) String() string {
	if !r.On() {
		return "off"
	}
	return fmt.Sprintf("every %d days, at most %d", r.Days, r.Most)
}

// Reminded is what one person got about an invitation.
type Reminded struct {
	// Times is how many reminders the schedule sent, those whose outcome nobody knows among them.
	Times int
	// Ago is how long ago the last mail went out, by schedule or by a person; 0 for none but the first.
	Ago time.Duration
}

// Next is when a person who was invited then is to be reminded next; false when no more.
func (r Reminders) Next(invited, now time.Time, got Reminded) (time.Time, bool) {
	if !r.On() || got.Times >= r.Most {
		return time.Time{}, false
	}
	last := invited
	if got.Ago > 0 {
		last = now.Add(-got.Ago)
	}
	return last.AddDate(0, 0, r.Days), true
}

// ReminderSchedule is who makes the changes that remind people. They are found by it again.
func ReminderSchedule() Person {
	return Person{Kind: access.BySchedule, Issuer: "portal", Subject: "reminders of invitations", Name: "Schedule of reminders"}
}

// Reminders is the setting as HR entered it.
func (s *Service) Reminders(ctx context.Context) (Reminders, error) {
	r, err := s.o.Store.Reminders(ctx)
	if err != nil {
		return r, fmt.Errorf("setting of reminders: %w", err)
	}
	return r, nil
}

// SetReminders stores the setting. Only HR may. Errors: a FieldError of "days" or "most".
func (s *Service) SetReminders(ctx context.Context, a access.Actor, r Reminders) error {
	switch {
	case !a.May(access.RemindersSet):
		return fault.New(fault.Forbidden, "Only HR sets the reminders of open invitations. Ask HR.")
	case r.Days == 0:
		r = Reminders{}
	case r.Days < LeastReminderDays || r.Days > MostReminderDays:
		return &fault.FieldError{Field: "days", Message: fmt.Sprintf("Enter %d to %d days.", LeastReminderDays, MostReminderDays)}
	case r.Most < 1 || r.Most > MostReminders:
		return &fault.FieldError{Field: "most", Message: fmt.Sprintf("Enter 1 to %d reminders.", MostReminders)}
	}
	before, err := s.Reminders(ctx)
	if err != nil {
		return err
	}
	err = s.o.Store.SetReminders(ctx, r, audit.Entry{Who: audit.WhoIs(a), Event: audit.SettingChanged, Act: "reminders of invitations", Before: before.String(), After: r.String()})
	if err != nil {
		return fmt.Errorf("store reminders: %w", err)
	}
	return nil
}

// Reminded answers what each of the users got about their invitation. Who is missing got nothing but the first mail.
func (s *Service) Reminded(ctx context.Context, users []id.User) (map[id.User]Reminded, error) {
	if len(users) == 0 {
		return nil, nil
	}
	kind := string(access.ResendInvitation)
	times, err := s.o.Store.TriedBy(ctx, ReminderSchedule(), kind, users)
	if err != nil {
		return nil, fmt.Errorf("count reminders: %w", err)
	}
	ago, err := s.o.Store.Tried(ctx, kind, users, time.Duration(MostReminderDays+1)*24*time.Hour)
	if err != nil {
		return nil, fmt.Errorf("last mails: %w", err)
	}
	out := map[id.User]Reminded{}
	for u, d := range ago {
		out[u] = Reminded{Ago: max(d, time.Millisecond)}
	}
	for u, n := range times {
		got := out[u]
		got.Times = n
		out[u] = got
	}
	return out, nil
}

// Remind makes and carries out the change that sends the invitation again to these users, once for a day
// ("2026-12-01"): asked again for the same day it answers what is there.
func (s *Service) Remind(ctx context.Context, day string, users []id.User) (Change, error) {
	by := ReminderSchedule()
	c, err := s.Submit(ctx, by.Actor(), by, Input{ID: id.Change("reminders" + strings.ReplaceAll(day, "-", "")), Recipe: ResendInvitations,
		Fields: Fields(People{Users: users}), Reason: "Reminder of an open invitation."})
	if err != nil {
		return c, fmt.Errorf("remind: %w", err)
	}
	return c, nil
}
