package handlers

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/web/templates/component"
)

// sendOn is the date on which a change shall start, as it is typed: both empty for at once.
type sendOn struct{ Day, Hour string }

// defaultHour is when a change starts on its day unless somebody chooses another hour.
const defaultHour = 9

// time reads the date in a zone. The sentence is what is wrong with it, empty if nothing is.
func (o sendOn) time(zone *time.Location, now time.Time) (t time.Time, wrong string) {
	if o.Day == "" {
		return time.Time{}, ""
	}
	day, err := time.ParseInLocation(time.DateOnly, o.Day, zone)
	hour, herr := strconv.Atoi(o.Hour)
	if o.Hour == "" {
		hour, herr = defaultHour, nil
	}
	if err != nil || herr != nil || hour < 0 || hour > 23 {
		return time.Time{}, "Write the date as year, month and day, such as " + now.In(zone).AddDate(0, 0, 7).Format(time.DateOnly) + ", or leave it empty."
	}
	t = time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, zone)
	switch {
	case !t.After(now):
		return t, "This date has passed. Choose a later one, or leave it empty to start at once."
	case t.Sub(now) > change.LongestPlan:
		return t, "This is more than a year ahead. Choose an earlier date."
	}
	return t, ""
}

// fields are the date and the hour for a form.
func (o sendOn) fields(zone *time.Location, now time.Time, wrong string) (component.FieldProps, component.SelectProps) {
	day := component.FieldProps{Name: "sendOn", Label: "Send on", Type: "date", Value: o.Day, Error: wrong, TestID: "send-on",
		Hint: "Leave it empty to start at once.", Min: now.In(zone).Format(time.DateOnly), Max: now.In(zone).Add(change.LongestPlan).Format(time.DateOnly)}
	hour := component.SelectProps{Name: "sendAt", Label: "At", Value: o.Hour, TestID: "send-at"}
	if hour.Value == "" {
		hour.Value = strconv.Itoa(defaultHour)
	}
	for h := range 24 {
		hour.Options = append(hour.Options, component.Option{Value: strconv.Itoa(h), Label: fmt.Sprintf("%02d:00", h)})
	}
	hour.Hint = "Times are in the zone " + zone.String() + "."
	return day, hour
}

// planned writes the date of a change: "1 Dec 2026, 09:00".
func (s *server) planned(t time.Time) string { return t.In(s.Zone).Format("2 Jan 2006, 15:04") }

// changesStart handles POST /changes/{id}/start: a scheduled change does not wait for its date.
func (s *server) changesStart(w http.ResponseWriter, r *http.Request) error {
	return s.steer(w, r, "It starts now.", func(c id.Change) error {
		return s.Changes.StartNow(r.Context(), actorFrom(r.Context()), c)
	})
}
