package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// policyShow handles GET /settings/policy. With ?version= the form holds an older version, to go back to it.
func (s *server) policyShow(w http.ResponseWriter, r *http.Request) error {
	now, all, err := s.Changes.Policy(r.Context(), actorFrom(r.Context()))
	if err != nil {
		return err
	}
	shown := now
	if text := r.URL.Query().Get("version"); text != "" {
		old, ok := s.policyVersion(all, text)
		if !ok {
			return fault.New(fault.NotFound, "There is no such version.")
		}
		shown.Rules = old.Rules
	}
	return s.policyPage(w, r, http.StatusOK, policyForm{table: shown}, nil, nil)
}

// policyVersion finds a version by its number as it stands in an address; 0 is the one that came with the portal.
func (s *server) policyVersion(all []change.PolicyVersion, text string) (access.Policy, bool) {
	if text == "0" {
		return s.Changes.ShippedPolicy(), true
	}
	for _, v := range all {
		if strconv.Itoa(v.Number) == text {
			return access.Policy{Number: v.Number, Rules: v.Rules}, true
		}
	}
	return access.Policy{}, false
}

// policyForm is the table as somebody typed it. Its Number is the version from which it was made.
type policyForm struct {
	table access.Policy
	note  string
	// sizes are those as typed, where they are no numbers.
	sizes map[access.Line]string
}

// readPolicy reads the form. Every line must be there.
func readPolicy(v url.Values) (policyForm, problems, error) {
	f := policyForm{table: access.Policy{Rules: map[access.Line]access.Rule{}}, note: v.Get("note"), sizes: map[access.Line]string{}}
	var bad problems
	var err error
	if f.table.Number, err = strconv.Atoi(v.Get("from")); err != nil {
		return f, nil, fault.New(fault.Invalid, "The form is not complete, so nothing was done. Open the page again and repeat.")
	}
	for _, k := range access.Lines() {
		l := string(k.Line)
		answer, ok := access.ParseAnswer(v.Get("answer-" + l))
		if !ok {
			return f, nil, fault.New(fault.Invalid, "The form is not complete, so nothing was done. Open the page again and repeat.")
		}
		rule := access.Rule{Answer: answer}
		size, larger := strings.TrimSpace(v.Get("from-"+l)), v.Get("larger-"+l)
		if size != "" || larger != "" {
			rule.From, err = strconv.Atoi(size)
			switch rule.Larger, ok = access.ParseAnswer(larger); {
			case err != nil || rule.From < 1:
				f.sizes[k.Line], rule.From = size, 0
				bad = append(bad, component.Problem{Field: "from-" + l, Message: k.Name() + ": enter from how many on the second answer holds, or choose none."})
			case !ok:
				bad = append(bad, component.Problem{Field: "larger-" + l, Message: k.Name() + ": choose what holds from this number on, or leave the number empty."})
				f.sizes[k.Line], rule.From = size, 0
			}
		}
		f.table.Rules[k.Line] = rule
	}
	if len(bad) == 0 {
		for _, p := range f.table.Check() {
			field := "answer-" + string(p.Line)
			for _, k := range access.Lines() {
				if k.Line == p.Line {
					bad = append(bad, component.Problem{Field: field, Message: k.Name() + ": " + p.Message})
				}
			}
		}
	}
	return f, bad, nil
}

// policyChange handles POST /settings/policy: try the table on what was asked for lately, or store it.
func (s *server) policyChange(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := form(r)
	if err != nil {
		return err
	}
	f, bad, err := readPolicy(v)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		return s.policyPage(w, r, http.StatusUnprocessableEntity, f, bad, nil)
	}
	a := actorFrom(ctx)
	status := http.StatusOK
	if v.Get("do") == "save" {
		raised, err := s.Changes.SavePolicy(ctx, a, personFrom(ctx), f.table, f.note)
		if err == nil {
			text := fmt.Sprintf("The policy is stored as version %d.", f.table.Number+1)
			if raised > 0 {
				text += " It asks for more in " + count(raised) + " of the requests that wait; they follow it now."
			}
			if err := s.say(w, r, layout.ToastSuccess, text); err != nil {
				return err
			}
			return redirect(w, r, route.Policy)
		}
		more, ok := complaint(err)
		switch {
		case ok:
			bad, status = more, http.StatusUnprocessableEntity
		case errors.Is(err, fault.Conflict):
			bad, status = problems{{Message: fault.Message(err)}}, http.StatusConflict
		default:
			return err
		}
	}
	trial, err := s.Changes.TryPolicy(ctx, a, f.table)
	if err != nil {
		return err
	}
	return s.policyPage(w, r, status, f, bad, &trial)
}

func (s *server) policyPage(w http.ResponseWriter, r *http.Request, status int, f policyForm, bad problems, trial *change.Trial) error {
	ctx := r.Context()
	now, all, err := s.Changes.Policy(ctx, actorFrom(ctx))
	if err != nil {
		return err
	}
	p := page.PolicyProps{Floors: access.Floors(), From: strconv.Itoa(f.table.Number), Problems: component.ErrorSummaryProps{Problems: bad},
		About: component.AlertProps{Tone: component.ToneInfo, Title: "This holds since the portal was set up", TestID: "policy-about",
			Text: "A request that waits keeps what was asked for when it was made. When a new policy asks for more people, or others, that holds for it too: the stricter of the two counts. Approvals that were given stay. " +
				"What is decided is carried out; each row is asked about once more when it runs."}}
	if now.Number > 0 {
		p.About.Title = "Version " + strconv.Itoa(now.Number) + " holds"
	}
	may := actorFrom(ctx).May(access.PolicyChange)
	if may {
		p.Action = route.Policy
	}
	for _, k := range access.Lines() {
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Title != k.Group {
			p.Groups = append(p.Groups, page.PolicyGroup{Title: k.Group})
		}
		g := &p.Groups[len(p.Groups)-1]
		g.Lines = append(g.Lines, policyLine(k, f, now, bad))
	}
	if trial != nil {
		p.Trial = s.policyTrial(r, f, now, trial, bad)
	}
	p.History = s.policyHistory(all, now.Number, may)
	current, crumbs := route.Settings, []layout.Crumb{{Label: "Settings", URL: route.Settings}}
	if !actorFrom(ctx).May(access.SettingsManage) {
		current, crumbs = route.Policy, nil
	}
	if p.Frame, err = s.frame(w, r, current, layout.Props{Title: "Policy", Subtitle: "What happens at once, what somebody decides, and what is not allowed", Crumbs: crumbs}); err != nil {
		return err
	}
	return s.show(w, r, status, page.Policy(p))
}

func policyLine(k access.LineInfo, f policyForm, now access.Policy, bad problems) page.PolicyLine {
	rule := f.table.Rule(k.Line)
	l := page.PolicyLine{What: k.What, When: k.When, As: string(k.As), Unit: k.Unit, Words: rule.Words(k.Unit), Changed: rule != now.Rule(k.Line), TestID: "policy-" + string(k.Line)}
	var options []component.Option
	for _, a := range k.Answers() {
		options = append(options, component.Option{Value: a.Code(), Label: a.Words()})
	}
	name := "answer-" + string(k.Line)
	l.Answer = component.SelectProps{Name: name, Label: k.Name(), HideLabel: true, Value: rule.Answer.Code(), Options: options, Error: bad.of(name)}
	if k.Unit == "" {
		return l
	}
	size := f.sizes[k.Line]
	l.Larger = component.SelectProps{Name: "larger-" + string(k.Line), Label: k.Name() + ", for more", HideLabel: true, Options: options, Empty: "the same", Error: bad.of("larger-" + string(k.Line))}
	if rule.From > 0 {
		size = strconv.Itoa(rule.From)
	}
	if rule.From > 0 || size != "" && rule.Larger.Deciders > 0 {
		l.Larger.Value = rule.Larger.Code()
	}
	l.From = &component.FieldProps{Name: "from-" + string(k.Line), Label: k.Name() + ": from how many " + k.Unit + " on", Type: "number", Min: "1", Max: strconv.Itoa(access.MostRows), Value: size, Error: bad.of("from-" + string(k.Line))}
	return l
}

// mostTried is how many requests of each sort the trial lists.
const mostTried = 20

func (s *server) policyTrial(r *http.Request, f policyForm, now access.Policy, t *change.Trial, bad problems) *page.PolicyTrial {
	p := &page.PolicyTrial{Differs: policyDiffers(now, f.table)}
	p.Sentence = fmt.Sprintf("This would have decided %s of %s without a person; %s otherwise than you did.", count(len(t.Free)), plural(t.Decided, "request"), count(len(t.Otherwise)))
	if t.Decided == 0 {
		p.Sentence = "In the last 90 days nobody had to decide on anything, so there is nothing to compare with."
	}
	p.Facts = []component.Definition{
		{Term: "Decided by people", Text: plural(t.Decided, "request")},
		{Term: "Went ahead at once", Text: plural(t.Direct, "request"), Origin: count(len(t.Caught)) + " of them would have waited or been refused"},
		{Term: "More or other people", Text: plural(len(t.More), "request")},
		{Term: "Not allowed any more", Text: plural(len(t.Stopped), "request")},
	}
	if t.Unknown > 0 {
		p.Facts = append(p.Facts, component.Definition{Term: "Not known", Text: plural(t.Unknown, "request"), Origin: "made before the portal kept what a request met"})
	}
	if t.Capped {
		p.Facts = append(p.Facts, component.Definition{Term: "Looked at", Text: "the newest only", Origin: "there were more requests than are looked at"})
	}
	for _, l := range []struct {
		title, text, id string
		all             []change.Judged
	}{
		{"Otherwise than you did", "People took something out of these, and the table would have let them through; or they agreed, and the table would have refused.", "policy-otherwise", t.Otherwise},
		{"Without a person", "These waited for somebody and would have gone ahead at once.", "policy-free", t.Free},
		{"More or other people", "These would have needed more people, or others, than they did.", "policy-more", t.More},
		{"Not allowed any more", "These would have been refused.", "policy-stopped", t.Stopped},
		{"Would have waited", "These went ahead at once and would have waited for somebody, or been refused.", "policy-caught", t.Caught},
	} {
		if len(l.all) == 0 {
			continue
		}
		list := page.PolicyRequests{Title: l.title + " (" + count(len(l.all)) + ")", Text: l.text, TestID: l.id}
		for _, j := range l.all[:min(mostTried, len(l.all))] {
			list.Requests = append(list.Requests, page.PolicyRequest{Title: fmt.Sprintf("#%d %s", j.Number, j.Title), URL: route.Change(j.ID), State: j.State.Word(), Created: ago(s.Now(), j.Created)})
		}
		if more := len(l.all) - mostTried; more > 0 {
			list.More = "And " + count(more) + " more."
		}
		p.Lists = append(p.Lists, list)
	}
	if len(p.Differs) > 0 || f.table.Number != now.Number {
		p.Note = &component.TextareaProps{Name: "note", Label: "Why", Value: f.note, Rows: 2, MaxLength: change.MaxReason, Hint: "It stands in the history of the policy, for HR and auditors.", Error: bad.of("note"), TestID: "policy-note"}
		p.Confirm = s.confirmNotice(r, "store the policy", route.Policy)
	}
	return p
}

// policyDiffers are the lines in which two tables differ.
func policyDiffers(was, is access.Policy) []component.DiffProps {
	var out []component.DiffProps
	for _, k := range access.Lines() {
		if a, b := was.Rule(k.Line), is.Rule(k.Line); a != b {
			out = append(out, component.DiffProps{Field: k.Name(), Old: a.Words(k.Unit), New: b.Words(k.Unit)})
		}
	}
	return out
}

func (s *server) policyHistory(all []change.PolicyVersion, now int, may bool) []page.PolicyVersion {
	var out []page.PolicyVersion
	shipped := s.Changes.ShippedPolicy()
	add := func(number int, v page.PolicyVersion) {
		if may && number != now {
			v.BackURL = route.With(route.Policy, url.Values{"version": {strconv.Itoa(number)}})
		}
		if number == now {
			v.Title += ", holds now"
		}
		out = append(out, v)
	}
	for i, v := range all {
		before := shipped
		if i+1 < len(all) {
			before = access.Policy{Rules: all[i+1].Rules}
		}
		add(v.Number, page.PolicyVersion{Title: "Version " + strconv.Itoa(v.Number), By: v.By.Name, Note: v.Note, When: s.when(v.At), Changes: policyDiffers(before, access.Policy{Rules: v.Rules})})
	}
	add(0, page.PolicyVersion{Title: "As it came with the portal"})
	return out
}
