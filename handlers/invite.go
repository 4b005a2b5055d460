package handlers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode"

	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// maxDrafts is how many unfinished lists one person may keep.
const maxDrafts = 20

// inviteStart handles GET /invite: where the list comes from, and lists that were not sent yet.
func (s *server) inviteStart(w http.ResponseWriter, r *http.Request) error {
	return s.startPage(w, r, http.StatusOK, page.InviteStartProps{})
}

func (s *server) startPage(w http.ResponseWriter, r *http.Request, status int, p page.InviteStartProps) error {
	drafts, err := s.Drafts.Of(r.Context(), ownerFrom(r.Context()))
	if err != nil {
		return err
	}
	p.Action, p.SampleURL = route.Invite, route.InviteSample
	p.Steps = inviteSteps(1, "")
	p.FileHint = fmt.Sprintf("CSV or text file, up to %d MB and %s people. From Excel: save as “CSV UTF-8”.", joiners.Limits.Bytes>>20, count(joiners.Limits.Rows))
	p.TextHint = "Rows copied from a spreadsheet, or addresses from a mail program."
	for _, d := range drafts {
		p.Drafts = append(p.Drafts, s.draftProps(d))
	}
	if p.Frame, err = s.frame(w, r, route.Invite, layout.Props{Title: "Invite people", Subtitle: "From a list to a request that is checked row by row"}); err != nil {
		return err
	}
	return s.show(w, r, status, page.InviteStart(p))
}

func (s *server) draftProps(d joiners.Draft) page.InviteDraft {
	var used []string
	for _, c := range d.Format.Columns {
		if c.Field != joiners.FieldNone {
			used = append(used, strings.ToLower(fieldLabel(c.Field)))
		}
	}
	step := "check"
	if d.Format.NeedsConfirm || d.Format.Validate() != nil {
		step = "columns"
	}
	return page.InviteDraft{Name: d.Name, URL: route.Draft(d.ID, step), DiscardURL: route.Draft(d.ID, "discard"), Columns: strings.Join(used, ", "),
		Changed: ago(s.Now(), d.Updated), ChangedExact: s.exact(d.Updated)}
}

// inviteTemplate handles GET /invite/template.csv: a list with the column names and one example.
func (s *server) inviteTemplate(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="invite-people.csv"`)
	return joiners.Template(w)
}

// inviteUpload handles POST /invite: 303 to the columns, or 413/422 with what is wrong with the list.
func (s *server) inviteUpload(w http.ResponseWriter, r *http.Request) error {
	up, err := readUpload(r)
	var bad page.InviteStartProps
	switch {
	case err == nil:
	case fault.KindOf(err) == fault.Internal:
		return err
	default:
		bad.FileError = fault.Message(err)
		bad.Problems = problems{{Field: "file", Message: bad.FileError}}
		return s.startPage(w, r, fault.KindOf(err).Status(), bad)
	}
	refuse := func(status int, message string) error {
		bad.Text = string(up.text)
		field := "file"
		if len(up.file) == 0 && len(up.text) > 0 {
			field, bad.TextError = "text", message
		} else {
			bad.FileError = message
		}
		bad.Problems = problems{{Field: field, Message: message}}
		return s.startPage(w, r, status, bad)
	}
	d := joiners.Draft{ID: id.NewDraft(), Owner: ownerFrom(r.Context()), Created: s.Now().UTC(), Updated: s.Now().UTC(), Version: 1}
	hasText := strings.TrimSpace(string(up.text)) != ""
	switch {
	case len(up.file) > 0 && hasText:
		return refuse(http.StatusUnprocessableEntity, "There is a file and also pasted text. Send one of them.")
	case len(up.file) > 0:
		d.Name, d.Data = up.name, up.file
	case hasText:
		d.Name, d.Data = "Pasted list of "+s.day(s.Now()), up.text
	case up.name != "":
		return refuse(http.StatusUnprocessableEntity, "The file is empty. Choose another one.")
	default:
		return refuse(http.StatusUnprocessableEntity, "Choose a file or paste a list first.")
	}
	d.Format = joiners.Detect(d.Data)
	list, err := joiners.Read(d.Data, d.Format)
	switch {
	case err != nil && fault.Message(err) != "":
		return refuse(fault.KindOf(err).Status(), fault.Message(err))
	case err != nil:
		return err
	case len(list.Rows) == 0:
		return refuse(http.StatusUnprocessableEntity, "There is nobody in this list: it has no row with a person. Choose another one.")
	}
	mine, err := s.Drafts.Of(r.Context(), d.Owner)
	if err != nil {
		return err
	}
	if len(mine) >= maxDrafts {
		return refuse(http.StatusUnprocessableEntity, fmt.Sprintf("You have %d lists that were not sent yet, and more are not kept. Send or discard one of them below.", len(mine)))
	}
	if err := s.Drafts.Create(r.Context(), d); err != nil {
		return err
	}
	return redirect(w, r, route.Draft(d.ID, "columns"))
}

// upload is what the first step sends: a file or pasted text.
type upload struct {
	name       string
	file, text []byte
}

// readUpload reads the form in a streaming way and keeps at most one byte more than the limit of a list of each field,
// so that the list itself is refused with the sentence about its limit. Errors are TooLarge, Invalid or the connection's.
func readUpload(r *http.Request) (upload, error) {
	var up upload
	parts, err := r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		v, err := form(r)
		if err != nil {
			return up, tooLarge(err)
		}
		up.text = []byte(v.Get("text"))
		return up, nil
	}
	if err != nil {
		return up, fault.Wrap(err, fault.Invalid, "The upload could not be read. Nothing was kept; please try again.")
	}
	for range 8 { // fields; the form has two
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return up, nil
		}
		if err != nil {
			return up, tooLarge(err)
		}
		content, err := io.ReadAll(io.LimitReader(part, int64(joiners.Limits.Bytes)+1))
		if err != nil {
			return up, tooLarge(err)
		}
		switch part.FormName() {
		case "file":
			up.name, up.file = fileName(part), content
		case "text":
			up.text = content
		}
		if len(content) > joiners.Limits.Bytes {
			return up, fault.Newf(fault.TooLarge, "This list is larger than %d MB, the limit. Nothing was kept. Split it into several files.", joiners.Limits.Bytes>>20)
		}
	}
	return up, fault.New(fault.Invalid, "The upload has more fields than the form. Nothing was kept; please try again.")
}

// tooLarge names the limit if it was met; anything else means that the upload broke off.
func tooLarge(err error) error {
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return fault.Wrap(err, fault.TooLarge, fmt.Sprintf("This list is larger than %d MB, the limit. Nothing was kept. Split it into several files.", joiners.Limits.Bytes>>20))
	}
	return fault.Wrap(err, fault.Invalid, "The upload broke off, so nothing was kept. Please try again.")
}

// fileName is the name of an uploaded file for display, at most 100 characters that can be seen.
func fileName(part *multipart.Part) string {
	name := strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(part.FileName(), ""))
	if letters := []rune(name); len(letters) > 100 {
		name = string(letters[:100])
	}
	if name == "" && part.FileName() != "" {
		return "list"
	}
	return name
}

// inviteDiscard handles POST /invite/{draft}/discard: 303 to the first step.
func (s *server) inviteDiscard(w http.ResponseWriter, r *http.Request) error {
	d, err := s.draftFrom(r)
	if err != nil {
		return err
	}
	if err := s.Drafts.Delete(r.Context(), d.ID); err != nil {
		return err
	}
	if err := s.say(w, r, layout.ToastSuccess, "The list “"+d.Name+"” was discarded. Nobody was invited."); err != nil {
		return err
	}
	return redirect(w, r, route.Invite)
}

func ownerFrom(ctx context.Context) joiners.Owner {
	me := personFrom(ctx)
	return joiners.Owner{Issuer: me.Issuer, Subject: me.Subject}
}

// errNoDraft is the answer for lists of others as well as for those that are gone.
var errNoDraft = fault.New(fault.NotFound, "There is no such list (any more). If you sent it, it is among your requests; if you discarded it, upload it again.")

// draftFrom loads the draft of the path for its owner.
func (s *server) draftFrom(r *http.Request) (joiners.Draft, error) {
	draft, err := id.ParseDraft(r.PathValue("draft"))
	if err != nil {
		return joiners.Draft{}, errNoDraft
	}
	d, err := s.Drafts.Get(r.Context(), draft)
	if errors.Is(err, fault.NotFound) {
		if sent, ok := s.sent(r); ok {
			return joiners.Draft{}, &sentError{sent}
		}
	}
	if errors.Is(err, fault.NotFound) || err == nil && d.Owner != ownerFrom(r.Context()) {
		return joiners.Draft{}, errNoDraft
	}
	if err != nil {
		return joiners.Draft{}, fmt.Errorf("load draft: %w", err)
	}
	return d, nil
}

// save stores the draft and counts its version on, as the store does.
func (s *server) save(ctx context.Context, d *joiners.Draft) error {
	d.Updated = s.Now().UTC()
	if err := s.Drafts.Save(ctx, *d); err != nil {
		return fmt.Errorf("save draft: %w", err)
	}
	d.Version++
	return nil
}

// elsewhere is the message when a list was changed in another window: what was sent is not taken over, and the page
// shows the list as it is now.
var elsewhere = component.Problem{Message: "This list was changed in another window meanwhile, so what you sent from here was not taken over. Below is the list as it is now."}

// inviteSteps are the steps of the wizard, with links back. draft is empty before there is one.
func inviteSteps[T ~string](current int, draft T) []component.Step {
	steps := []component.Step{{Label: "File"}, {Label: "Columns"}, {Label: "Check"}, {Label: "Review and send"}}
	for i, part := range []string{"", "columns", "check", "review"} {
		switch {
		case i+1 == current:
			steps[i].State = component.StepCurrent
		case i+1 < current:
			steps[i].State = component.StepDone
			steps[i].URL = route.Invite
			if part != "" {
				steps[i].URL = route.Draft(draft, part)
			}
		}
	}
	return steps
}

// fieldLabel is a field as people call it, in headings.
func fieldLabel(f joiners.Field) string {
	switch f {
	case joiners.FieldEmail:
		return "E-mail address"
	case joiners.FieldFirstName:
		return "First name"
	case joiners.FieldLastName:
		return "Last name"
	case joiners.FieldFullName:
		return "Full name"
	case joiners.FieldLanguage:
		return "Language"
	case joiners.FieldTeam:
		return "Team"
	case joiners.FieldRole:
		return "Role"
	default:
		return "Not used"
	}
}

// people writes a number of people.
func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return count(n) + " people"
}
