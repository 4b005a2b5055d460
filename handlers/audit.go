package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// operationNames are the Gtmhub operations that the portal calls to write, by the number of docs/gtmhub-operations.md,
// in the words of the trail.
var operationNames = map[int]string{
	6:  "create user",
	7:  "activate users",
	8:  "deactivate users",
	9:  "delete users",
	10: "send invitations again",
	11: "set roles",
	12: "give role",
	13: "send password mail",
	14: "set own settings",
	15: "set language",
	16: "set name",
	17: "delete user",
	18: "take role",
	19: "take roles",
	22: "create team",
	23: "activate teams",
	24: "deactivate teams",
	25: "replace team",
	26: "set manager",
	27: "set members",
	28: "edit team",
	29: "delete team",
	30: "remove manager",
	31: "remove member",
	35: "write announcement",
	36: "change objective",
	37: "set confidence",
	38: "edit announcement",
	39: "remove announcement",
	40: "remove reaction",
}

// operation names a call: "6 create user".
func operation(n int) string {
	if n == 0 {
		return ""
	}
	return strings.TrimSpace(strconv.Itoa(n) + " " + operationNames[n])
}

// auditPage is how many entries a page shows.
const auditPage = 50

// auditEvents are the events that the filter offers, in the order of the life of a request.
var auditEvents = []struct {
	event audit.Event
	label string
}{
	{audit.Submitted, "Requests made"}, {audit.Approved, "Approvals"}, {audit.Rejected, "Rejections"}, {audit.Returned, "Sent back"}, {audit.Answered, "Answered"},
	{audit.Edited, "Lists corrected"}, {audit.Reminded, "Reminders"}, {audit.Escalated, "Asked of alternates"}, {audit.Withdrawn, "Withdrawn"}, {audit.Lapsed, "Lapsed"},
	{audit.Started, "Runs started"}, {audit.Intent, "Calls to Gtmhub"}, {audit.Outcome, "Outcomes"}, {audit.Paused, "Paused"}, {audit.Resumed, "Resumed"},
	{audit.Cancelled, "Cancelled"}, {audit.Retried, "Tried again"}, {audit.SettingChanged, "Settings"}, {audit.Hastened, "Started early"}, {audit.Released, "Held rows released"}, {audit.Dropped, "Held rows dropped"}, {audit.Finished, "Runs finished"}, {audit.Refused, "Not allowed"},
	{audit.Compared, "Looks for outside changes"}, {audit.DriftAccepted, "Outside changes accepted"}, {audit.DriftIgnored, "Outside changes ignored"}, {audit.DriftPutBack, "Outside changes put back"},
	{audit.DeputyGiven, "Deputies named"}, {audit.DeputyEnded, "Deputies ended"}, {audit.ChecklistDone, "Checklists"}, {audit.ChecklistOpen, "Checklists, opened again"},
	{audit.SignedIn, "Sign-ins"}, {audit.SignedOut, "Sign-outs"}, {audit.SignInDeny, "Refused sign-ins"}, {audit.SignInLink, "Linked sign-ins"},
	{audit.SessionEnded, "Ended sessions"},
	{audit.Checked, "Checks of the trail"}, {audit.MonthRemoved, "Old entries removed"}, {audit.NamesErased, "Names erased"}, {audit.DetailsErased, "Personal data deleted"},
}

// auditQuery is what the address of the audit page asks for.
type auditQuery struct {
	filter audit.Filter
	// nothing says that the address names a request that there is not: nothing matches.
	nothing bool
	// bad are mistakes by field.
	bad   map[string]string
	chips []component.Chip
	known changeNames
}

// auditQuery reads the address, cut to what the person may see. The page and the exports come from here.
func (s *server) auditQuery(r *http.Request) (auditQuery, error) {
	a := actorFrom(r.Context())
	v := r.URL.Query()
	q := auditQuery{filter: audit.Filter{Text: searchText(r), By: typed(v.Get("by")), About: typed(v.Get("about"))}, bad: map[string]string{}, known: changeNames{}}
	f := &q.filter
	if !a.HR && !a.Auditor {
		who := audit.WhoIs(a)
		f.Self, f.Teams = &who, []id.Team{}
		for t := range a.Leads {
			f.Teams = append(f.Teams, t)
		}
		slices.Sort(f.Teams)
	}
	chip := func(label string, names ...string) {
		without := map[string]string{"before": ""}
		for _, n := range names {
			without[n] = ""
		}
		q.chips = append(q.chips, component.Chip{Label: label, RemoveURL: query(r, without)})
	}
	if f.Text != "" {
		chip("Name: "+f.Text, "q")
	}
	if f.By != "" {
		chip("Done by: "+f.By, "by")
	}
	if f.About != "" {
		chip("About: "+f.About, "about")
	}
	for _, e := range auditEvents {
		if string(e.event) == v.Get("event") {
			f.Event = e.event
			chip(e.label, "event")
		}
	}
	view := s.view(r.Context())
	for _, p := range []struct {
		name, label string
		into        *id.User
	}{{"user", "About: ", &f.User}, {"actor", "Done by: ", &f.Actor}} {
		u, err := id.ParseUser(v.Get(p.name))
		if err != nil {
			continue
		}
		*p.into = u
		name := "one person"
		if found, ok := view.User(u); ok {
			name = found.Name
		}
		chip(p.label+name, p.name)
	}
	if t, err := id.ParseTeam(v.Get("team")); err == nil {
		f.Of = []id.Team{t}
		name := "one team"
		if found, ok := view.Team(t); ok {
			name = found.Name
		}
		chip("Team: "+name, "team")
	}
	for _, d := range []struct {
		name, label string
		into        *time.Time
		days        int
	}{{"from", "From ", &f.From, 0}, {"until", "Until ", &f.Until, 1}} {
		text := strings.TrimSpace(v.Get(d.name))
		if text == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, text, s.Zone)
		if err != nil {
			q.bad[d.name] = "Write the day as 2026-01-31."
			continue
		}
		*d.into = day.AddDate(0, 0, d.days)
		chip(d.label+day.Format("2 Jan 2006"), d.name)
	}
	if number := typed(v.Get("change")); number != "" {
		c, err := s.changeNamed(r, number)
		switch {
		case errors.Is(err, fault.NotFound):
			q.nothing = true
		case err != nil:
			return q, err
		default:
			f.Change, number = c.ID, strconv.Itoa(c.Number)
			q.known[c.ID] = &c
		}
		chip("Request #"+strings.TrimPrefix(number, "#"), "change")
	}
	return q, nil
}

// typed is a value of the address, cut to what a person types.
func typed(text string) string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, ""))
	return string([]rune(text)[:min(len([]rune(text)), 200)])
}

// auditIndex handles GET /audit: who asked, who decided, what was called and what came back.
func (s *server) auditIndex(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := s.auditQuery(r)
	if err != nil {
		return err
	}
	f := q.filter
	f.Limit = auditPage + 1
	p := page.AuditProps{Filters: s.auditFilters(r, &q), Scope: "The whole trail", Chips: component.ChipsProps{Chips: q.chips, ClearURL: route.Audit}}
	if f.Teams != nil {
		p.Scope = "What you did, and what concerns the teams that you lead"
	}
	if n, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64); err == nil && n > 0 {
		f.Before = n
	}
	var entries []audit.Entry
	if !q.nothing {
		if entries, err = s.Trail.Entries(ctx, f); err != nil {
			return fmt.Errorf("read the audit trail: %w", err)
		}
	}
	if len(entries) > auditPage {
		entries = entries[:auditPage]
		p.OlderURL = query(r, map[string]string{"before": strconv.FormatInt(entries[auditPage-1].Seq, 10)})
	}
	if f.Before > 0 {
		p.NewestURL = query(r, map[string]string{"before": ""})
	}
	if len(entries) > 0 {
		chosen := r.URL.Query()
		chosen.Del("before")
		p.CSVURL, p.LinesURL = route.With(route.AuditCSV, chosen), route.With(route.AuditLines, chosen)
	}
	if err := s.nameChanges(r, q.known, entries); err != nil {
		return err
	}
	view := s.view(ctx)
	for i := range entries {
		p.Entries = append(p.Entries, s.auditEntry(&entries[i], q.known, view))
	}
	p.Search = component.SearchBoxProps{Action: route.Audit, Value: f.Text, Label: "Search names of people", Target: "#audit-list", TestID: "search",
		Keep: hidden(r, auditFields...)}
	p.Empty = component.EmptyStateProps{Icon: component.IconHistory, Title: "Nothing has happened yet", Text: "Every request, decision, call and outcome appears here."}
	if len(q.chips) > 0 || f.Before > 0 {
		p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "Nothing matches", Text: "Take a filter away, or start again with everything.",
			Action: component.LinkButton(component.LinkButtonProps{Label: "Show everything", URL: route.Audit})}
	}
	if p.Frame, err = s.frame(w, r, route.Audit, layout.Props{Title: "Audit", Subtitle: "Who asked, who decided, what was called and what came back"}); err != nil {
		return err
	}
	var fragments []any
	if r.Header.Get("HX-Target") == "audit-list" {
		fragments = []any{page.AuditPart{}}
	}
	return s.show(w, r, http.StatusOK, page.Audit(p), fragments...)
}

// auditFields are the fields of the filter form, by their names in the address.
var auditFields = []string{"event", "by", "about", "team", "change", "from", "until", "user", "actor"}

func (s *server) auditFilters(r *http.Request, q *auditQuery) page.AuditFilters {
	v := r.URL.Query()
	p := page.AuditFilters{
		URL: route.Audit, Keep: hidden(r, "q", "user", "actor"), On: len(q.chips), Open: len(q.bad) > 0,
		Event:  component.SelectProps{Name: "event", Label: "What happened", Value: string(q.filter.Event), Empty: "Everything", TestID: "audit-event"},
		By:     component.FieldProps{Name: "by", Label: "Done by", Value: q.filter.By, Placeholder: "A name", Autocomplete: "off", MaxLength: 200, TestID: "audit-by"},
		About:  component.FieldProps{Name: "about", Label: "About", Value: q.filter.About, Placeholder: "A name", Autocomplete: "off", MaxLength: 200, TestID: "audit-about"},
		Team:   component.SelectProps{Name: "team", Label: "Team", Value: v.Get("team"), Empty: "Any team", TestID: "audit-team"},
		Number: component.FieldProps{Name: "change", Label: "Request", Value: typed(v.Get("change")), Placeholder: "#12", Autocomplete: "off", MaxLength: 40, TestID: "audit-change"},
		From:   component.FieldProps{Name: "from", Label: "From", Type: "date", Value: typed(v.Get("from")), Error: q.bad["from"], TestID: "audit-from"},
		Until:  component.FieldProps{Name: "until", Label: "To", Type: "date", Value: typed(v.Get("until")), Error: q.bad["until"], TestID: "audit-until"},
	}
	if q.filter.Text != "" {
		p.On-- // the search stands beside the filters
	}
	for _, e := range auditEvents {
		p.Event.Options = append(p.Event.Options, component.Option{Value: string(e.event), Label: e.label})
	}
	for _, t := range s.view(r.Context()).Teams() {
		p.Team.Options = append(p.Team.Options, component.Option{Value: string(t.ID), Label: t.Name})
	}
	return p
}

// changeNamed finds the request that the filter names by number ("12" or "#12") or id.
func (s *server) changeNamed(r *http.Request, text string) (change.Change, error) {
	text = strings.TrimPrefix(text, "#")
	a := actorFrom(r.Context())
	if n, err := strconv.Atoi(text); err == nil {
		return s.Changes.Numbered(r.Context(), a, n)
	}
	c, err := id.ParseChange(text)
	if err != nil {
		return change.Change{}, fault.Wrap(err, fault.NotFound, "There is no such request.")
	}
	return s.Changes.Show(r.Context(), a, c)
}

// changeNames are the changes of a page of the trail; nil for those that the person may not see.
type changeNames map[id.Change]*change.Change

// nameChanges loads the changes that the entries belong to.
func (s *server) nameChanges(r *http.Request, known changeNames, entries []audit.Entry) error {
	for i := range entries {
		c := entries[i].Change
		if _, ok := known[c]; ok || c == "" {
			continue
		}
		ch, err := s.Changes.Show(r.Context(), actorFrom(r.Context()), c)
		switch {
		case err == nil:
			known[c] = &ch
		case errors.Is(err, fault.NotFound):
			known[c] = nil
		default:
			return fmt.Errorf("change of an audit entry: %w", err)
		}
	}
	return nil
}

func (s *server) auditEntry(e *audit.Entry, known changeNames, view directory.View) page.AuditEntry {
	out := page.AuditEntry{Seq: strconv.FormatInt(e.Seq, 10), When: component.When{Exact: s.exact(e.At), ISO: e.At.UTC().Format("2006-01-02T15:04:05.000Z")},
		Event: string(e.Event), Call: operation(e.Operation)}
	c := known[e.Change]
	if c != nil {
		out.Change, out.ChangeURL = "#"+strconv.Itoa(c.Number), route.Change(c.ID)
	}
	number := 0
	if c != nil {
		number = c.Number
	}
	out.Sentence, out.Detail = auditSentence(e, number)
	if out.Detail == "" && c != nil {
		out.Detail = fromChange(e, c)
	}
	out.Icon, out.Tone = auditMark(e)
	if e.User != "" && !aboutSignIn(e.Event) {
		out.User = string(e.User)
		if u, ok := view.User(e.User); ok {
			out.User, out.UserURL = u.Name, route.User(e.User)
		}
	}
	return out
}

// aboutSignIn says whether the entry is about the one who acted.
func aboutSignIn(e audit.Event) bool {
	switch e {
	case audit.SignedIn, audit.SignedOut, audit.SignInDeny, audit.SignInLink:
		return true
	}
	return false
}

// fromChange is what the change adds to an entry: the rule of a submission, the words of a decision.
func fromChange(e *audit.Entry, c *change.Change) string {
	switch e.Event {
	case audit.Submitted:
		return c.RuleSentence
	case audit.Approved, audit.Rejected:
		return reasonOf(e, c)
	}
	return ""
}

// whoActed names the actor of an entry.
func whoActed(e *audit.Entry) string {
	switch {
	case e.Who.Kind == access.BySchedule:
		return "The portal"
	case e.Who.Kind == access.ByCommandLine:
		return "The command line"
	case e.Who.Name != "":
		return e.Who.Name
	}
	return "Somebody whose name was erased"
}

// auditSentence says what happened, and what came back. number is that of the request, 0 if the person may not see it.
func auditSentence(e *audit.Entry, number int) (sentence, detail string) {
	who := whoActed(e)
	request, behind := "a request", ""
	if number > 0 {
		request = "request #" + strconv.Itoa(number)
		behind = " (#" + strconv.Itoa(number) + ")"
	}
	target := cmp.Or(e.TargetName, "a person")
	version := ""
	if e.Version > 0 {
		version = ", version " + strconv.Itoa(e.Version)
	}
	switch e.Event {
	case audit.SignedIn:
		return who + " signed in", e.Result
	case audit.SignedOut:
		return who + " signed out", e.Result
	case audit.SignInDeny:
		return "A sign-in was refused" + ifNamed(e), e.Result
	case audit.SignInLink:
		return "The sign-in of " + who + " was linked to a Gtmhub user", e.Result
	case audit.SessionEnded:
		if e.User != "" && e.User != e.Who.User {
			return who + " ended the session of " + target, e.Result
		}
		return "A session of " + who + " was ended", e.Result
	case audit.Submitted:
		if e.After == "direct" {
			return who + " made a change: " + cmp.Or(e.TargetName, "its title was erased") + behind, ""
		}
		return who + " asked for: " + cmp.Or(e.TargetName, "its title was erased") + behind, ""
	case audit.Approved:
		if n, rest, _ := strings.Cut(e.Result, " "); n != "0" && n != "" {
			if n == "1" {
				rest = strings.Replace(rest, "rows", "row", 1)
			}
			version += ", " + n + " " + rest
		}
		return who + " approved " + request + version, ""
	case audit.Rejected:
		return who + " rejected " + request + version, ""
	case audit.Returned:
		return who + " sent " + request + version + " back with a question", ""
	case audit.Answered:
		return who + " answered the question about " + request, ""
	case audit.Edited:
		return who + " corrected " + request + version, e.Result
	case audit.Reminded:
		return "The people who decide were reminded of " + request, ""
	case audit.Escalated:
		return "The alternates were asked to decide on " + request, ""
	case audit.Withdrawn:
		return who + " withdrew " + request, e.Result
	case audit.Lapsed:
		return capital(request) + " lapsed: nobody decided in time", e.Result
	case audit.Started:
		return "The run of " + request + " started", e.Result
	case audit.Finished:
		return "The run of " + request + " finished", e.Result
	case audit.Paused:
		return who + " paused " + request, e.Result
	case audit.Resumed:
		return who + " let " + request + " go on", e.Result
	case audit.Cancelled:
		return who + " cancelled " + request, e.Result
	case audit.Retried:
		return who + " had the failed rows of " + request + " tried again", e.Result
	case audit.SettingChanged:
		return who + " changed the setting " + e.Act + " from " + e.Before + " to " + e.After, e.Result
	case audit.Hastened:
		return who + " started " + request + " before its date", e.Result
	case audit.Released:
		return who + " let a held row of " + request + " go on with what was there by then", e.Result
	case audit.Dropped:
		return who + " dropped a held row of " + request, e.Result
	case audit.Compared:
		if e.Result != "" {
			return "The account was looked at for the first time: later looks find what others change", ""
		}
		return "The account was compared with the last look: changes made outside of the portal: " + e.After, ""
	case audit.DriftAccepted:
		return who + " accepted what others did in Gtmhub: " + e.Act + ", " + target, ""
	case audit.DriftIgnored:
		return who + " ignored what others did in Gtmhub: " + e.Act + ", " + target, ""
	case audit.DriftPutBack:
		return who + " asked to put back what others did in Gtmhub: " + e.Act + ", " + target, ""
	case audit.DeputyGiven:
		return who + " made " + target + " a deputy: " + e.After, e.Result
	case audit.DeputyEnded:
		return who + " ended what " + target + " had as a deputy: " + e.Before, e.Result
	case audit.ChecklistDone:
		return who + " ticked on the checklist of " + request + ": " + e.Act, e.Result
	case audit.ChecklistOpen:
		return who + " opened again on the checklist of " + request + ": " + e.Act, e.Result
	case audit.Intent:
		return "Call to Gtmhub for " + target + ": " + operationNames[e.Operation], "For the request of " + who
	case audit.Outcome:
		return "Outcome for " + target + " (" + strings.ToLower(kindLabel(e.Act)) + "): " + e.After, e.Result
	case audit.Refused:
		return who + " tried something that is not allowed: " + e.Act, cmp.Or(refusals[e.Result], "Rule: "+e.Result)
	case audit.Checked:
		if e.After != "sound" {
			return "The audit trail was checked: something was altered", e.Result
		}
		return "The audit trail was checked: " + e.Before + ", nothing was altered", ""
	case audit.MonthRemoved:
		return "Entries " + e.Before + " of the audit trail, up to " + e.Act + ", were removed: they were too old", "By " + who
	case audit.NamesErased:
		return "The names of one person were erased from the audit trail: " + e.Before, e.Result
	case audit.DetailsErased:
		return "The personal data of " + request + " was deleted, 90 days after its end", e.Result
	}
	return who + ": " + string(e.Event), e.Result
}

// refusals say why something was not allowed, by the rule that said so. Rules that are not here say nothing to people.
var refusals = map[string]string{
	"decide: stale list":   "The list had changed since the page was drawn.",
	"decide: too late":     "Somebody else had decided, or it had lapsed.",
	"decide: foreign rows": "The ticks did not belong to this request.",
	"decide: own":          "Nobody decides on a request of their own.",
	"decide: edited":       "Nobody decides on a request that they edited.",
	"decide: rights":       "Only HR and approvers decide on requests.",
}

func ifNamed(e *audit.Entry) string {
	if e.Who.Name == "" {
		return ""
	}
	return " for " + e.Who.Name
}

// reasonOf is what the person of a decision said.
func reasonOf(e *audit.Entry, c *change.Change) string {
	for _, d := range c.Decisions {
		if d.Version == e.Version && d.By.Issuer == e.Who.Issuer && d.By.Subject == e.Who.Subject {
			return d.Reason
		}
	}
	return ""
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// auditMark is the drawing beside a sentence.
func auditMark(e *audit.Entry) (component.Icon, component.Tone) {
	switch e.Event {
	case audit.Submitted:
		return component.IconSend, component.ToneInfo
	case audit.Approved:
		return component.IconCheck, component.ToneSuccess
	case audit.Rejected:
		return component.IconX, component.ToneDanger
	case audit.Checked:
		if e.After == "sound" {
			return component.IconShield, component.ToneSuccess
		}
		return component.IconShield, component.ToneDanger
	case audit.Refused, audit.SignInDeny:
		return component.IconShield, component.ToneDanger
	case audit.Intent:
		return component.IconUpload, component.ToneInfo
	case audit.Outcome:
		return component.IconCircleCheck, component.StatusFor(e.After)
	case audit.Started, audit.Resumed, audit.Retried:
		return component.IconPlayerPlay, component.ToneInfo
	case audit.Paused:
		return component.IconPlayerPause, component.ToneWarning
	case audit.Finished:
		return component.IconCircleCheck, component.ToneSuccess
	case audit.SignedIn, audit.SignedOut, audit.SignInLink, audit.SessionEnded:
		return component.IconKey, component.ToneNeutral
	}
	return component.IconHistory, component.ToneNeutral
}
