package handlers

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// reviewForm is the last step as it is sent.
type reviewForm struct {
	Version, Seen string
	// Decided says that somebody else decides; Blocked that rows are left behind.
	Decided bool
	Blocked bool
	On      sendOn
	Reason  string `form:"reason" validate:"required_if=Decided true,max=1000" message:"Say in up to 1000 characters why these people join, for the person who decides."`
	Without string `form:"without" validate:"required_if=Blocked true" message:"Some rows cannot be invited. Tick that they are left out, or go back and repair them."`
}

// inviteReview handles GET /invite/{draft}/review.
func (s *server) inviteReview(w http.ResponseWriter, r *http.Request) error {
	d, ready, err := s.readyDraft(w, r)
	if err != nil || !ready {
		return err
	}
	k, err := s.work(r.Context(), d)
	if err != nil {
		return err
	}
	if k.notCompared != "" || k.result.Usable() == 0 {
		return redirect(w, r, route.Draft(d.ID, "check")) // which says why
	}
	return s.reviewPage(w, r, http.StatusOK, k, reviewForm{Reason: d.Reason}, nil)
}

// inviteSubmit handles POST /invite/{draft}/review: 303 to the request, or the page again with what is missing.
//
// The draft is saved first: its version lets only one of two clicks through.
func (s *server) inviteSubmit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, ready, err := s.readyDraft(w, r)
	if err != nil {
		return s.gone(w, r, err)
	}
	if !ready {
		return nil
	}
	v, err := form(r)
	if err != nil {
		return err
	}
	f := reviewForm{Version: v.Get("version"), Seen: v.Get("seen"), Reason: strings.TrimSpace(strings.ReplaceAll(v.Get("reason"), "\r\n", "\n")), Without: v.Get("without"),
		On: sendOn{v.Get("sendOn"), v.Get("sendAt")}}
	again := func(status int, bad problems) error {
		if status == http.StatusConflict {
			if sent, ok := s.soonSent(r); ok {
				return redirect(w, r, route.Change(sent))
			}
		}
		k, err := s.work(ctx, d)
		if err != nil {
			return err
		}
		return s.reviewPage(w, r, status, k, f, bad)
	}
	if f.Version != strconv.Itoa(d.Version) {
		return again(http.StatusConflict, problems{elsewhere})
	}
	k, err := s.work(ctx, d)
	if err != nil {
		return err
	}
	if k.notCompared != "" {
		return fault.New(fault.Unavailable, k.notCompared)
	}
	d.Reason = cut(f.Reason, change.MaxReason)
	if err := s.save(ctx, &d); errors.Is(err, fault.Conflict) {
		if d, err = s.draftFrom(r); err != nil {
			return s.gone(w, r, err)
		}
		return again(http.StatusConflict, problems{elsewhere})
	} else if err != nil {
		return s.gone(w, r, err)
	}
	k.draft = d
	if f.Seen != k.seen() {
		return s.reviewPage(w, r, http.StatusConflict, k, f, problems{{Message: "The account has changed since you opened this page, so nothing was sent. Look at the new numbers, then send."}})
	}
	f.Decided, f.Blocked = k.preview.Verdict.Outcome == access.NeedsDecision, k.counts()[wordNotPossible] > 0
	when, wrong := f.On.time(s.Zone, s.Now())
	bad := check(f)
	if wrong != "" {
		bad = append(bad, component.Problem{Field: "sendOn", Message: wrong})
	}
	if len(bad) > 0 {
		return s.reviewPage(w, r, http.StatusUnprocessableEntity, k, f, bad)
	}
	format, err := json.Marshal(d.Format)
	if err != nil {
		return fmt.Errorf("write format: %w", err)
	}
	c, err := s.Changes.Submit(ctx, actorFrom(ctx), personFrom(ctx), change.Input{ID: id.Change(d.ID), Recipe: change.InvitePeople, Fields: change.Fields(k.invitations()), Reason: f.Reason,
		Source: &change.Source{Name: d.Name, Data: d.Data, Format: format}, NotBefore: when})
	if bad, ok := complaint(err); ok {
		return s.reviewPage(w, r, http.StatusUnprocessableEntity, k, f, bad)
	}
	if err != nil {
		return fmt.Errorf("submit invitations: %w", err)
	}
	// The request is safe. A draft that stays behind is a nuisance, not a fault to show.
	if err := s.Drafts.Delete(ctx, d.ID); err != nil {
		s.Log.Warn("delete the draft of a sent list", "err", err)
	}
	said := fmt.Sprintf("Request #%d was sent and waits for a decision.", c.Number)
	switch {
	case c.State == change.Scheduled:
		said = fmt.Sprintf("Request #%d is scheduled for %s.", c.Number, s.planned(c.Planned))
	case c.State.Ended():
		said = fmt.Sprintf("Request #%d is %s: %s.", c.Number, c.State.Word(), words(c.Main()))
	case c.Deciders == 0:
		said = fmt.Sprintf("Request #%d is being carried out.", c.Number)
	}
	if err := s.say(w, r, layout.ToastSuccess, said); err != nil {
		return err
	}
	return redirect(w, r, route.Change(c.ID))
}

// gone answers a click that met err: with the request, where another click on the same button has sent the list and thrown the draft away
// meanwhile.
func (s *server) gone(w http.ResponseWriter, r *http.Request, err error) error {
	if sent, ok := s.sent(r); ok && errors.Is(err, fault.NotFound) {
		return redirect(w, r, route.Change(sent))
	}
	return err
}

// sentError is the answer to somebody who comes back to a list that was sent: the way to its request.
type sentError struct{ request id.Change }

func (e *sentError) Error() string { return "the list was sent as " + string(e.request) }

// Unwrap makes it a list that is not there.
func (e *sentError) Unwrap() error { return errNoDraft }

// alreadySent answers a sentError.
func (s *server) alreadySent(w http.ResponseWriter, r *http.Request, e *sentError) error {
	if err := s.say(w, r, layout.ToastInfo, "This list was sent already. Here is its request; nothing was sent a second time."); err != nil {
		return err
	}
	return redirect(w, r, route.Change(e.request))
}

// sent finds the request that was made of this draft: it has the draft's id.
func (s *server) sent(r *http.Request) (id.Change, bool) {
	c, err := id.ParseChange(r.PathValue("draft"))
	if err != nil {
		return "", false
	}
	_, err = s.Changes.Show(r.Context(), actorFrom(r.Context()), c)
	return c, err == nil
}

// soonSent waits a moment for the request of another click on the same button, which has got ahead of this one.
func (s *server) soonSent(r *http.Request) (id.Change, bool) {
	for range 20 {
		if c, ok := s.sent(r); ok {
			return c, true
		}
		select {
		case <-r.Context().Done():
			return "", false
		case <-time.After(100 * time.Millisecond):
		}
	}
	return "", false
}

// cut shortens a text to at most n characters.
func cut(s string, n int) string {
	if letters := []rune(s); len(letters) > n {
		return string(letters[:n])
	}
	return s
}

// seen are the numbers that a person has looked at before sending.
func (k *worked) seen() string {
	var out []string
	counts := k.counts()
	for _, word := range inviteWords() {
		out = append(out, strconv.Itoa(counts[word]))
	}
	return strings.Join(append(out, strconv.Itoa(k.asked(access.GiveRole)), strconv.Itoa(k.asked(access.AddMember))), "-")
}

// asked counts the rows of the plan of one act that would be carried out.
func (k *worked) asked(act access.Act) int {
	n := 0
	for i := range k.preview.Rows {
		if row := &k.preview.Rows[i]; row.Kind == string(act) && (row.Action == change.Create || row.Action == change.Update) {
			n++
		}
	}
	return n
}

func (s *server) reviewPage(w http.ResponseWriter, r *http.Request, status int, k *worked, f reviewForm, bad problems) error {
	p := newInviteReviewProps(k, f, bad)
	l, err := s.licences(r.Context(), k.counts()[wordCreate], "")
	if err != nil {
		return err
	}
	p.Licences = licenceNote(actorFrom(r.Context()), l)
	p.SendOn, p.SendAt = f.On.fields(s.Zone, s.Now(), bad.of("sendOn"))
	if p.Frame, err = s.frame(w, r, route.Invite, layout.Props{Title: "Review and send", Subtitle: k.draft.Name, Crumbs: []layout.Crumb{{Label: "Invite people", URL: route.Invite}}}); err != nil {
		return err
	}
	return s.show(w, r, status, page.InviteReview(p))
}

func newInviteReviewProps(k *worked, f reviewForm, bad problems) page.InviteReviewProps {
	d, counts, verdict := k.draft, k.counts(), k.preview.Verdict
	check := route.Draft(d.ID, "check")
	v := rowsView{path: check}
	p := page.InviteReviewProps{Steps: inviteSteps(4, d.ID), Action: route.Draft(d.ID, "review"), BackURL: check, Version: strconv.Itoa(d.Version), Problems: bad, Seen: k.seen()}
	number := func(n int, label, word, testID string) {
		url := ""
		if word != "" && n > 0 {
			url = v.with(map[string]string{"show": word}) + "#people"
		}
		p.Numbers = append(p.Numbers, page.InviteNumber{Count: strconv.Itoa(n), Number: count(n), Label: label, URL: url, TestID: testID})
	}
	number(counts[wordCreate], "new users", wordCreate, "review-create")
	number(k.asked(access.AddMember), "additions to teams", "", "review-teams")
	number(k.asked(access.GiveRole), "roles given", "", "review-roles")
	if counts[wordUpdate] > 0 {
		number(counts[wordUpdate], "existing users", wordUpdate, "review-update")
	}
	number(counts[wordNothing], "already there", wordNothing, "review-there")
	number(counts[wordNotPossible], "not possible", wordNotPossible, "review-not-possible")
	number(counts[wordTakenOut], "taken out by you", wordTakenOut, "review-taken-out")

	decided := verdict.Outcome == access.NeedsDecision
	p.Facts = k.facts(verdict)
	n := k.wanted()
	switch {
	case verdict.Outcome == access.No:
		p.Forbidden = strings.TrimSpace(verdict.Sentence + " " + verdict.Help)
	case n == 0:
		p.Forbidden = "Nothing is left to do: everybody in this list is there already, not possible, or taken out."
	}
	p.Button = "Send request for " + people(n)
	if !decided {
		p.Button = "Invite " + people(n)
	}
	p.Reason = component.TextareaProps{Name: "reason", Label: "Reason", Value: f.Reason, Rows: 4, Required: decided, MaxLength: change.MaxReason, Error: bad.of("reason"), TestID: "invite-reason",
		Hint: "Stays with the request and in the audit trail"}
	if decided {
		p.Reason.Hint = "Why these people join, for the person who decides"
	}
	if blocked := counts[wordNotPossible]; blocked > 0 {
		p.Without = &component.CheckboxProps{Name: "without", Value: "yes", Label: fmt.Sprintf("Send without the %s that %s not possible", rowsOf(blocked), isAre(blocked)), Checked: f.Without == "yes",
			Hint: "They stay in the return file with the reason, to be corrected and sent later.", Error: bad.of("without"), TestID: "invite-without"}
	}
	return p
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// facts say who gets a mail, who has to agree and why, and what whoever decides looks at first.
func (k *worked) facts(verdict access.Verdict) []component.Definition {
	decided := verdict.Outcome == access.NeedsDecision
	mails, languages := 0, map[string]int{}
	flags := map[string]int{}
	var order []string
	for i := range k.lines {
		l := &k.lines[i]
		if l.word == wordCreate {
			mails++
			languages[l.person.Language]++
		}
		if l.word != wordCreate && l.word != wordUpdate {
			continue
		}
		for _, step := range l.steps {
			for _, flag := range step.Flags {
				if flags[flag] == 0 {
					order = append(order, flag)
				}
				flags[flag]++
			}
		}
	}
	when := "as soon as you send"
	if decided {
		when = "after the decision"
	}
	mail := component.Definition{Term: "Mails", Text: "Nobody gets a mail"}
	if mails > 0 {
		mail.Text = people(mails) + " get an invitation mail from Gtmhub, " + when
		if mails == 1 {
			mail.Text = "1 person gets an invitation mail from Gtmhub, " + when
		}
		var parts []string
		for _, code := range byCount(languages) {
			parts = append(parts, count(languages[code])+" in "+languageName(code))
		}
		mail.Origin = strings.Join(parts, ", ")
	}
	decision := component.Definition{Term: "Decision", Text: "No decision is needed", Origin: verdict.Sentence}
	if decided {
		decision.Text = "One other person has to agree"
		if verdict.Deciders > 1 {
			decision.Text = fmt.Sprintf("%d other people have to agree", verdict.Deciders)
		}
		decision.Origin = strings.TrimSpace(verdict.Sentence + " " + verdict.Help)
	}
	out := []component.Definition{mail, decision}
	if len(order) > 0 {
		var parts []string
		for _, flag := range order {
			parts = append(parts, count(flags[flag])+" × "+flag)
		}
		out = append(out, component.Definition{Term: "To look at", Content: component.Badges(parts, 12), Origin: "whoever decides sees these rows first"})
	}
	return append(out, component.Definition{Term: "Undo", Text: "An invitation cannot be taken back", Origin: "the mail is out; a user can be deactivated later"})
}

// byCount lists keys, the most frequent first.
func byCount(n map[string]int) []string {
	keys := slices.Sorted(maps.Keys(n))
	slices.SortStableFunc(keys, func(a, b string) int { return n[b] - n[a] })
	return keys
}
