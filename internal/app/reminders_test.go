package app_test

import (
	"testing"
	"time"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
)

// TestReminders wants one mail per person and interval, by one change a day, made by the schedule, and none before HR has
// switched it on.
func TestReminders(t *testing.T) {
	t.Parallel()
	j := newJob(t, handlertest.Options{})
	today := time.Now().UTC().Truncate(24 * time.Hour)
	remind := func(what string, at time.Time, want int) {
		t.Helper()
		mails := j.Emulator.Counts().Calls[10]
		n, err := j.App.Remind(t.Context(), at)
		if err != nil || n != want {
			t.Errorf("%s: reminded %d, %v; want %d", what, n, err, want)
		}
		if sent := j.Emulator.Counts().Calls[10] - mails; sent != want {
			t.Errorf("%s: %d mails, want %d", what, sent, want)
		}
	}
	hr, _ := j.person(handlertest.HR)
	set := func(r change.Reminders) {
		t.Helper()
		if err := j.App.Changes.SetReminders(t.Context(), hr, r); err != nil {
			t.Fatal(err)
		}
	}
	remind("switched off", today.Add(33*time.Hour), 0)
	set(change.Reminders{Days: 7, Most: 2})
	due := 0
	for _, u := range j.App.Directory.Current().Users() {
		if u.Remindable() && u.Invited.Before(today.Add((9-7*24)*time.Hour)) {
			due++
		}
	}
	if due == 0 {
		t.Fatal("nobody in the account has an old invitation")
	}
	remind("too early", today.Add(7*time.Hour), 0)
	remind("in the morning", today.Add(9*time.Hour), due)
	remind("again on the same day", today.Add(10*time.Hour), 0)
	remind("on the next day", today.Add(33*time.Hour), 0)

	auditor, _ := j.person(handlertest.HRApprover)
	list, _, err := j.App.Changes.List(t.Context(), auditor, change.Person{}, change.All, 1, 25)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d changes, %v", len(list), err)
	}
	if c := j.WaitFor(list[0].ID); c.Requester.Kind != access.BySchedule || c.State != change.Finished || c.Main()[change.Done] != due || c.Deciders != 0 {
		t.Errorf("%s by %s: %s %v", c.Title, c.Requester.Name, c.State, c.Main())
	}
	// A schedule may do nothing else.
	by := change.ReminderSchedule()
	if v := j.App.Changes.Verdict(by.Actor(), access.Question{Act: access.DeactivateUser, Users: []access.User{{ID: "x"}}, Rows: 1}); v.Outcome != access.No {
		t.Errorf("the schedule may deactivate: %+v", v)
	}
	if _, err := j.App.Notices.Derive(t.Context()); err != nil {
		t.Error(err)
	}
	lead, _ := j.person(handlertest.Lead)
	if err := j.App.Changes.SetReminders(t.Context(), lead, change.Reminders{}); err == nil {
		t.Error("a lead has switched reminders off")
	}
	set(change.Reminders{})
	remind("switched off again", today.Add(24*10*time.Hour), 0)
}
