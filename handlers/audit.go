package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

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
	{audit.Submitted, "Requests made"}, {audit.Approved, "Approvals"}, {audit.Rejected, "Rejections"}, {audit.Withdrawn, "Withdrawn"}, {audit.Lapsed, "Lapsed"},
	{audit.Started, "Runs started"}, {audit.Intent, "Calls to Gtmhub"}, {audit.Outcome, "Outcomes"}, {audit.Paused, "Paused"}, {audit.Resumed, "Resumed"},
	{audit.Cancelled, "Cancelled"}, {audit.Retried, "Tried again"}, {audit.Hastened, "Started early"}, {audit.Released, "Held rows released"}, {audit.Dropped, "Held rows dropped"}, {audit.Finished, "Runs finished"}, {audit.Refused, "Not allowed"},
	{audit.DeputyGiven, "Deputies named"}, {audit.DeputyEnded, "Deputies ended"},
	{audit.SignedIn, "Sign-ins"}, {audit.SignedOut, "Sign-outs"}, {audit.SignInDeny, "Refused sign-ins"}, {audit.SignInLink, "Linked sign-ins"},
	{audit.SessionEnded, "Ended sessions"},
}

// auditIndex handles GET /audit: who asked, who decided, what was called and what came back.
func (s *server) auditIndex(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := actorFrom(ctx)
	q := r.URL.Query()
	f := audit.Filter{Text: strings.TrimSpace(q.Get("q")), Limit: auditPage + 1}
	p := page.AuditProps{URL: route.Audit, Scope: "The whole trail"}
	if !a.HR && !a.Auditor {
		who := audit.WhoIs(a)
		f.Self, f.Teams = &who, []id.Team{}
		for t := range a.Leads {
			f.Teams = append(f.Teams, t)
		}
		slices.Sort(f.Teams)
		p.Scope = "What you did, and what concerns the teams that you lead"
	}
	if n, err := strconv.ParseInt(q.Get("before"), 10, 64); err == nil && n > 0 {
		f.Before = n
	}
	for _, e := range auditEvents {
		p.Events = append(p.Events, component.Option{Value: string(e.event), Label: e.label})
		if string(e.event) == q.Get("event") {
			f.Event, p.Event = e.event, string(e.event)
			p.Chips.Chips = append(p.Chips.Chips, component.Chip{Label: e.label, RemoveURL: query(r, map[string]string{"event": "", "before": ""})})
		}
	}
	known := changeNames{}
	found := true
	if p.Number = strings.TrimSpace(q.Get("change")); p.Number != "" {
		c, err := s.changeNamed(r, p.Number)
		switch {
		case errors.Is(err, fault.NotFound):
			found = false
		case err != nil:
			return err
		default:
			f.Change, p.Number = c.ID, strconv.Itoa(c.Number)
			known[c.ID] = &c
		}
		p.Chips.Chips = append(p.Chips.Chips, component.Chip{Label: "Request #" + strings.TrimPrefix(p.Number, "#"), RemoveURL: query(r, map[string]string{"change": "", "before": ""})})
	}
	if f.Text != "" {
		p.Chips.Chips = append(p.Chips.Chips, component.Chip{Label: "Name: " + f.Text, RemoveURL: query(r, map[string]string{"q": "", "before": ""})})
	}
	p.Chips.ClearURL = route.Audit
	var entries []audit.Entry
	if found {
		var err error
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
	if err := s.nameChanges(r, known, entries); err != nil {
		return err
	}
	view := s.view(ctx)
	for i := range entries {
		p.Entries = append(p.Entries, s.auditEntry(&entries[i], known, view))
	}
	p.Keep = []component.Hidden{{Name: "q", Value: f.Text}}
	p.Search = component.SearchBoxProps{Action: route.Audit, Value: f.Text, Label: "Search names of people", Target: "#audit-list", TestID: "search",
		Keep: []component.Hidden{{Name: "event", Value: p.Event}, {Name: "change", Value: p.Number}}}
	p.Empty = component.EmptyStateProps{Icon: component.IconHistory, Title: "Nothing has happened yet", Text: "Every request, decision, call and outcome appears here."}
	if len(p.Chips.Chips) > 0 || f.Before > 0 {
		p.Empty = component.EmptyStateProps{Icon: component.IconSearch, Title: "Nothing matches", Text: "Take a filter away, or start again with everything.",
			Action: component.LinkButton(component.LinkButtonProps{Label: "Show everything", URL: route.Audit})}
	}
	var err error
	if p.Frame, err = s.frame(w, r, route.Audit, layout.Props{Title: "Audit", Subtitle: "Who asked, who decided, what was called and what came back"}); err != nil {
		return err
	}
	var fragments []any
	if r.Header.Get("HX-Target") == "audit-list" {
		fragments = []any{page.AuditPart{}}
	}
	return s.show(w, r, http.StatusOK, page.Audit(p), fragments...)
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
		Event: string(e.Event), Call: operation(e.Operation), User: string(e.User)}
	c := known[e.Change]
	if c != nil {
		out.Change, out.ChangeURL = "#"+strconv.Itoa(c.Number), route.Change(c.ID)
	}
	out.Sentence, out.Detail = auditSentence(e, c)
	out.Icon, out.Tone = auditMark(e)
	if e.User != "" {
		if _, ok := view.User(e.User); ok {
			out.UserURL = route.User(e.User)
		}
	}
	return out
}

// auditSentence says what happened, and what came back or why. c is nil when the person may not see the change.
func auditSentence(e *audit.Entry, c *change.Change) (sentence, detail string) {
	who := e.Who.Name
	switch {
	case who != "" && e.Who.Kind == access.ByPerson:
	case e.Who.Kind == access.BySchedule:
		who = "The portal"
	case e.Who.Kind == access.ByCommandLine:
		who = "The command line"
	default:
		who = "Somebody whose name was erased"
	}
	request := "a request"
	if c != nil {
		request = "request #" + strconv.Itoa(c.Number)
	}
	target := e.TargetName
	if target == "" {
		target = "a person"
	}
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
		number := ""
		if c != nil {
			number = " (#" + strconv.Itoa(c.Number) + ")"
		}
		if c != nil && c.Deciders == 0 {
			return who + " made a change: " + e.After + number, c.RuleSentence
		}
		return who + " asked for: " + e.After + number, rulePart(c)
	case audit.Approved:
		detail = ""
		if e.Result != "" && !strings.HasPrefix(e.Result, "0 ") {
			detail = ", " + e.Result
		}
		return who + " approved " + request + version + detail, reasonOf(e, c)
	case audit.Rejected:
		return who + " rejected " + request + version, reasonOf(e, c)
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
	case audit.Hastened:
		return who + " started " + request + " before its date", e.Result
	case audit.Released:
		return who + " let a held row of " + request + " go on with what was there by then", e.Result
	case audit.Dropped:
		return who + " dropped a held row of " + request, e.Result
	case audit.DeputyGiven:
		return who + " made " + target + " a deputy: " + e.After, e.Result
	case audit.DeputyEnded:
		return who + " ended what " + target + " had as a deputy: " + e.Before, e.Result
	case audit.Intent:
		return fmt.Sprintf("Operation %d (%s) called for %s", e.Operation, operationNames[e.Operation], target), "For the request of " + who
	case audit.Outcome:
		return "Outcome for " + target + " (" + strings.ToLower(kindLabel(e.Act)) + "): " + e.After, e.Result
	case audit.Refused:
		return who + " tried something that is not allowed: " + e.Act, e.Result
	}
	return who + ": " + string(e.Event), e.Result
}

func rulePart(c *change.Change) string {
	if c == nil {
		return ""
	}
	return c.RuleSentence
}

func ifNamed(e *audit.Entry) string {
	if e.Who.Name == "" {
		return ""
	}
	return " for " + e.Who.Name
}

// reasonOf is what the person of a decision said.
func reasonOf(e *audit.Entry, c *change.Change) string {
	if c == nil {
		return ""
	}
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
