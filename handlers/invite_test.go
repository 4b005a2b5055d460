package handlers_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
)

func joinersFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "internal", "joiners", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wizard walks one person through the invitation.
type wizard struct {
	*handlertest.Client
	portal *handlertest.Portal
	t      *testing.T
}

func newWizard(t *testing.T, p *handlertest.Portal, who handlertest.Viewpoint) wizard {
	return wizard{p.As(who), p, t}
}

// formOf is a form of a page as a browser would send it, without pressing a button.
func formOf(d *htmltest.Doc, selector string) url.Values {
	v := url.Values{}
	f := d.MustOne(selector)
	for _, n := range f.Find("input") {
		switch n.Attr("type") {
		case "checkbox", "radio":
			if n.HasAttr("checked") {
				v.Set(n.Attr("name"), n.Attr("value"))
			}
		case "file":
		default:
			v.Set(n.Attr("name"), n.Attr("value"))
		}
	}
	for _, n := range f.Find("textarea") {
		v.Set(n.Attr("name"), n.Text())
	}
	for _, n := range f.Find("select") {
		options := n.Find("option")
		v.Set(n.Attr("name"), options[0].Attr("value"))
		for _, o := range options {
			if o.HasAttr("selected") {
				v.Set(n.Attr("name"), o.Attr("value"))
			}
		}
	}
	return v
}

func (w wizard) page(path string) *htmltest.Doc {
	w.t.Helper()
	p := w.Get(path)
	if p.Status != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, p.Status, p.Doc().Text())
	}
	d := p.Doc()
	htmltest.CheckPage(w.t, d)
	return d
}

// upload sends a file and returns the address of its columns.
func (w wizard) upload(name string, data []byte) string {
	w.t.Helper()
	p := w.Upload("/invite", "file", name, data, nil)
	if p.Status != http.StatusSeeOther {
		w.t.Fatalf("upload of %s: %d %s", name, p.Status, p.Doc().Text())
	}
	return p.Location()
}

// check takes the columns as they were recognised and returns the address of the check.
func (w wizard) check(columns string) string {
	w.t.Helper()
	v := formOf(w.page(columns), "form[data-testid=invite-columns]")
	v.Set("do", "continue")
	v.Set("confirm", "yes")
	p := w.Post(columns, v)
	if p.Status != http.StatusSeeOther || !strings.HasSuffix(p.Location(), "/check") {
		w.t.Fatalf("columns: %d %s %s", p.Status, p.Location(), p.Doc().Text())
	}
	return p.Location()
}

func (w wizard) pasted(text string) string {
	w.t.Helper()
	p := w.Post("/invite", url.Values{"text": {text}})
	if p.Status != http.StatusSeeOther {
		w.t.Fatalf("paste: %d %s", p.Status, p.Doc().Text())
	}
	return w.check(p.Location())
}

// repair sends a repair of the check and returns the page that it leads to.
func (w wizard) repair(check string, set map[string]string) *htmltest.Doc {
	w.t.Helper()
	v := url.Values{"version": {strconv.Itoa(w.draft(check).Version)}}
	for k, value := range set {
		v.Set(k, value)
	}
	p := w.Post(check, v)
	if p.Status != http.StatusSeeOther {
		w.t.Fatalf("repair %v: %d %s", set, p.Status, p.Doc().Text())
	}
	to, _, _ := strings.Cut(p.Location(), "#")
	return w.page(to)
}

func (w wizard) draft(path string) joiners.Draft {
	w.t.Helper()
	d, err := w.portal.App.Store.Drafts().Get(w.t.Context(), id.Draft(strings.Split(path, "/")[2]))
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func inviteCounts(d *htmltest.Doc) map[string]string {
	out := map[string]string{}
	for _, n := range d.Find("[data-testid=counts] li") {
		out[strings.TrimPrefix(n.Attr("data-testid"), "count-")] = n.Attr("data-count")
	}
	return out
}

// group is the group of problems whose text holds some words.
func inviteGroup(t *testing.T, d *htmltest.Doc, words string) *htmltest.Node {
	t.Helper()
	for _, n := range d.Find("[data-testid=invite-group]") {
		if strings.Contains(n.Text(), words) {
			return n
		}
	}
	t.Fatalf("no problem says %q:\n%s", words, d.MustOne("main").Text())
	return nil
}

func TestInvite_recognises(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	for name, want := range map[string]struct {
		encoding, separator string
		fields              []string
		counts              map[string]string
		confirm             int
	}{
		"joiners-300.csv": {"utf-8", "comma", []string{"email", "firstName", "lastName", "language", "team", "role"}, map[string]string{"all": "300", "create": "300"}, 0},
		"joiners-hris-export.csv": {"windows-1252", "semicolon", []string{"", "email", "firstName", "lastName", "team", ""},
			map[string]string{"all": "40", "create": "40"}, 1},
		"joiners-messy.csv": {"utf-8-bom", "comma", []string{"email", "firstName", "lastName", "language", "team", "role"},
			map[string]string{"all": "61", "create": "49", "update": "1", "not-possible": "11"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWizard(t, p, handlertest.HR)
			columns := w.upload(name, joinersFile(t, name))
			d := w.page(columns)
			v := formOf(d, "form[data-testid=invite-columns]")
			if got := v.Get("encoding") + " " + v.Get("separator") + " " + v.Get("header"); got != want.encoding+" "+want.separator+" 1" {
				t.Errorf("read as %s", got)
			}
			var fields []string
			for i := range d.Find("[data-testid=invite-column]") {
				fields = append(fields, v.Get("column-"+strconv.Itoa(i)))
			}
			if diff := cmp.Diff(want.fields, fields); diff != "" {
				t.Errorf("columns (-want +got)\n%s", diff)
			}
			if got := d.Count("[data-testid=invite-confirm-encoding]"); got != want.confirm {
				t.Errorf("%d boxes to confirm the encoding", got)
			}
			check := w.check(columns)
			if diff := cmp.Diff(want.counts, inviteCounts(w.page(check))); diff != "" {
				t.Errorf("rows (-want +got)\n%s", diff)
			}
		})
	}
}

func TestInvite_names_each_fault(t *testing.T) {
	t.Parallel()
	w := newWizard(t, handlertest.New(t), handlertest.HR)
	d := w.page(w.check(w.upload("joiners-messy.csv", joinersFile(t, "joiners-messy.csv"))) + "?size=100")
	for _, fault := range []struct{ says, where, todo string }{
		{"wrong e-mail address", "Column “Email”, rows 11, 64", "correct the address"},
		{"same address for Amina Lambert, here it is for Eszter Fraser", "Column “Email”, row 5", "correct the address of one of them, or leave this row out"},
		{"no team “No Such Team”", "Column “Team”, row 15", "choose a team for all"},
		{"no role “Emperor”", "Column “Role”, row 17", "choose a role for all"},
		{"first name is missing", "Column “First name”, row 19", "enter the first name"},
		{"e-mail address is missing", "Column “Email”, row 21", "enter the address"},
		{"formula", "Column “First name”, row 23", "enter the name itself"},
		{"line break inside the name", "Column “Last name”, row 25", "join the lines by a space"},
		{"not an address of the company", "Column “Email”, row 27", "check that this person belongs to the company"},
		{"language “xx” is not known", "Column “Language”, row 29", "choose a language for all"},
		{"300 characters", "Column “First name”, row 31", "shorten the name"},
		{"never closed", "Row 64", "close the quotation mark"},
		{"Another name in Gtmhub: Aiko Akhtar", "Row 13", "check that this is meant"},
	} {
		text := inviteGroup(t, d, fault.says).Text()
		if !strings.Contains(text, fault.where) || !strings.Contains(text, fault.todo) {
			t.Errorf("%s: got %q", fault.says, text)
		}
	}
	if info := d.MustOne("[data-testid=invite-infos]").Text(); !strings.Contains(info, "Rows 33 to 34 of the file are empty") || !strings.Contains(info, "ola.ramirez@northwind.example") {
		t.Errorf("what was repaired without asking: %q", info)
	}
	if n := d.Count("[data-testid=invite-row]"); n != 61 {
		t.Errorf("%d rows in the table", n)
	}
	row := d.MustOne("[data-testid=invite-row][data-row=\"15\"]").Text()
	if !strings.Contains(row, "Row 15: column “Team”, found “No Such Team”, expected the name of a team") {
		t.Errorf("row 15 says %q", row)
	}
	if row := d.MustOne("[data-testid=invite-row][data-row=\"2\"]").Text(); !strings.Contains(row, "no user") || !strings.Contains(row, "new user, invited by mail, language en") || !strings.Contains(row, "member of Test Infra Maintainers") {
		t.Errorf("row 2 shows no old and new: %q", row)
	}
}

func TestInvite_refuses_what_is_no_list(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	rows := []byte("Email,First name,Last name\n" + strings.Repeat("a.b@northwind.example,A,B\n", joiners.Limits.Rows+1))
	for name, c := range map[string]struct {
		file   []byte
		text   string
		status int
		says   string
	}{
		"nothing":       {nil, "", http.StatusUnprocessableEntity, "Choose a file or paste a list first."},
		"only spaces":   {nil, " \n\t ", http.StatusUnprocessableEntity, "Choose a file or paste a list first."},
		"empty file":    {[]byte{}, "", http.StatusUnprocessableEntity, "The file is empty."},
		"both":          {[]byte("a@b.example"), "c@d.example", http.StatusUnprocessableEntity, "Send one of them."},
		"workbook":      {[]byte("PK\x03\x04rest"), "", http.StatusUnprocessableEntity, "save as CSV"},
		"web page":      {[]byte("<!doctype html><p>"), "", http.StatusUnprocessableEntity, "save as CSV"},
		"only a header": {[]byte("Email,First name,Last name\n"), "", http.StatusUnprocessableEntity, "nobody in this list"},
		"zero bytes":    {bytes.Repeat([]byte{0}, 999), "", http.StatusUnprocessableEntity, "Nothing was read"},
		"too many rows": {rows, "", http.StatusRequestEntityTooLarge, "more than 5000 people"},
		"too large":     {bytes.Repeat([]byte("x"), joiners.Limits.Bytes+1), "", http.StatusRequestEntityTooLarge, "larger than 2 MB"},
		"far too large": {bytes.Repeat([]byte("x"), joiners.Limits.Bytes+200<<10), "", http.StatusRequestEntityTooLarge, "larger than 2 MB"},
		"pasted web":    {nil, "<html>", http.StatusUnprocessableEntity, "save as CSV"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWizard(t, p, handlertest.HR)
			form := url.Values{}
			if c.text != "" {
				form.Set("text", c.text)
			}
			name := ""
			if c.file != nil {
				name = "list.csv"
			}
			got := w.Upload("/invite", "file", name, c.file, form)
			d := got.Doc()
			htmltest.CheckPage(t, d)
			if got.Status != c.status {
				t.Errorf("status %d", got.Status)
			}
			if text := d.MustOne("[data-testid=error-summary]").Text(); !strings.Contains(text, c.says) && !strings.Contains(strings.ReplaceAll(text, ",", ""), c.says) {
				t.Errorf("says %q", text)
			}
			if text := strings.TrimSpace(d.MustOne("[data-testid=invite-text]").Text()); text != strings.TrimSpace(c.text) {
				t.Errorf("the pasted text is now %q", text)
			}
		})
	}
}

func TestInvite_encoding_is_confirmed(t *testing.T) {
	t.Parallel()
	w := newWizard(t, handlertest.New(t), handlertest.HR)
	columns := w.upload("joiners-hris-export.csv", joinersFile(t, "joiners-hris-export.csv"))
	if p := w.Get(strings.Replace(columns, "/columns", "/check", 1)); p.Location() != columns {
		t.Errorf("the check opened before the encoding was confirmed: %d %s", p.Status, p.Location())
	}
	d := w.page(columns)
	var letters []string
	for _, n := range d.Find("[data-testid=invite-letters]") {
		letters = append(letters, n.Text())
	}
	if !slices.Contains(letters, "Wójcik") {
		t.Errorf("letters to look at: %v", letters)
	}
	v := formOf(d, "form[data-testid=invite-columns]")
	v.Set("do", "continue")
	p := w.Post(columns, v)
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Doc().MustOne("#confirm-error").Text(), "Look at the samples") {
		t.Errorf("without confirmation: %d", p.Status)
	}

	// Another encoding shows other letters and has to be confirmed anew.
	v.Set("encoding", "macintosh")
	v.Set("confirm", "yes")
	if p := w.Post(columns, v); p.Location() != columns {
		t.Fatalf("another encoding: %d %s", p.Status, p.Location())
	}
	d = w.page(columns)
	if d.MustOne("[data-testid=invite-confirm-encoding]").HasAttr("checked") {
		t.Error("the new encoding counts as confirmed")
	}
	if n := d.MustOne("#encoding option[selected]").Attr("value"); n != "macintosh" {
		t.Errorf("encoding %s", n)
	}
	if text := d.MustOne("main").Text(); strings.Contains(text, "Wójcik") {
		t.Error("the samples are those of the old encoding")
	}

	// One that does not fit is refused, and the list stays as it was.
	v = formOf(d, "form[data-testid=invite-columns]")
	v.Set("encoding", "utf-8")
	p = w.Post(columns, v)
	d = p.Doc()
	if p.Status != http.StatusUnprocessableEntity || !strings.Contains(d.MustOne("#encoding-error").Text(), "do not fit the encoding UTF-8") {
		t.Errorf("UTF-8: %d %s", p.Status, d.MustOne("main").Text())
	}
	if f := w.draft(columns).Format; f.Encoding != joiners.MacRoman || len(f.Columns) != 6 {
		t.Errorf("the list is kept as %s with %d columns", f.Encoding, len(f.Columns))
	}
}

func TestInvite_columns_are_chosen(t *testing.T) {
	t.Parallel()
	w := newWizard(t, handlertest.New(t), handlertest.HR)
	columns := w.upload("people.csv", []byte("Code;Who;Reach\n7;Ana Ferrari;ana.ferrari@northwind.example\n8;Bo Ek;bo.ek@northwind.example\n"))
	v := formOf(w.page(columns), "form[data-testid=invite-columns]")
	set := func(pairs ...string) url.Values {
		out := url.Values{}
		for k := range v {
			out.Set(k, v.Get(k))
		}
		out.Set("version", strconv.Itoa(w.draft(columns).Version))
		for i := 0; i < len(pairs); i += 2 {
			out.Set(pairs[i], pairs[i+1])
		}
		return out
	}
	for name, c := range map[string]struct {
		form   url.Values
		status int
		says   string
	}{
		"no address":       {set("do", "continue", "column-2", ""), http.StatusUnprocessableEntity, "No column is chosen for the e-mail address"},
		"address twice":    {set("do", "continue", "column-1", "email"), http.StatusUnprocessableEntity, "Two columns are chosen as e-mail address"},
		"no such meaning":  {set("do", "continue", "column-1", "password"), http.StatusUnprocessableEntity, "a meaning that does not exist"},
		"no such encoding": {set("encoding", "klingon"), http.StatusUnprocessableEntity, "This encoding is not known"},
		"no separator":     {set("separator", ""), http.StatusUnprocessableEntity, "The separator is missing"},
		"odd separator":    {set("separator", "dash"), http.StatusUnprocessableEntity, "This separator is not known"},
		"old version":      {set("version", "99", "column-0", "role"), http.StatusConflict, "changed in another window"},
	} {
		p := w.Post(columns, c.form)
		d := p.Doc()
		htmltest.CheckPage(t, d)
		if p.Status != c.status || !strings.Contains(d.MustOne("[data-testid=error-summary]").Text(), c.says) {
			t.Errorf("%s: %d %s", name, p.Status, d.MustOne("main").Text())
		}
	}
	if w.draft(columns).Version != 1 {
		t.Error("a refused form was saved")
	}

	// Without column names the header is one more row; as one cell per row there is one column.
	if p := w.Post(columns, set("header", "none")); p.Location() != columns {
		t.Fatalf("no header: %d", p.Status)
	}
	if text := w.page(columns).MustOne("[data-testid=invite-format]").Text(); !strings.Contains(text, "3 people in 3 columns, without column names") {
		t.Errorf("summary %q", text)
	}
	if p := w.Post(columns, set("header", "1", "separator", "none")); p.Location() != columns {
		t.Fatalf("no separator: %d", p.Status)
	}
	if n := w.page(columns).Count("[data-testid=invite-column]"); n != 1 {
		t.Errorf("%d columns", n)
	}
	if p := w.Post(columns, set("separator", "semicolon", "header", "1")); p.Location() != columns {
		t.Fatalf("semicolons again: %d", p.Status)
	}
	p := w.Post(columns, set("do", "continue", "column-0", "", "column-1", "fullName", "column-2", "email"))
	if !strings.HasSuffix(p.Location(), "/check") {
		t.Fatalf("continue: %d %s", p.Status, p.Doc().Text())
	}
	if text := w.page(p.Location()).MustOne("[data-testid=invite-table]").Text(); !strings.Contains(text, "Ana Ferrari") {
		t.Errorf("table %q", text)
	}
}

func TestInvite_repairs(t *testing.T) {
	t.Parallel()
	w := newWizard(t, handlertest.New(t), handlertest.HR)
	check := w.check(w.upload("joiners-messy.csv", joinersFile(t, "joiners-messy.csv")))
	key := func(words string) string { t.Helper(); return inviteGroup(t, w.page(check), words).Attr("data-group") }

	d := w.page(check)
	team := inviteGroup(t, d, "No Such Team")
	if team.Find("option[value=\"=Examples\"]") == nil || len(team.Find("option")) < 100 {
		t.Error("the teams cannot be chosen")
	}
	steps := []struct {
		name string
		set  func() map[string]string
		want map[string]string
	}{
		{"a team for all", func() map[string]string {
			return map[string]string{"do": "replace", "group": key("No Such Team"), "with": "=Examples"}
		}, map[string]string{"all": "61", "create": "50", "update": "1", "not-possible": "10"}},
		{"no role", func() map[string]string {
			return map[string]string{"do": "replace", "group": key("Emperor"), "with": "-"}
		}, map[string]string{"all": "61", "create": "51", "update": "1", "not-possible": "9"}},
		{"a language", func() map[string]string {
			return map[string]string{"do": "replace", "group": key("“xx”"), "with": "=de"}
		}, map[string]string{"all": "61", "create": "52", "update": "1", "not-possible": "8"}},
		{"the name that was guessed", func() map[string]string {
			return map[string]string{"fix": "Ricardo", "group": key("first name is missing")}
		}, map[string]string{"all": "61", "create": "53", "update": "1", "not-possible": "7"}},
		{"a row is taken out", func() map[string]string {
			return map[string]string{"do": "drop", "group": key("Amina Lambert")}
		}, map[string]string{"all": "61", "create": "53", "update": "1", "not-possible": "6", "taken-out": "1"}},
		{"two rows are taken out", func() map[string]string {
			return map[string]string{"do": "drop", "group": key("wrong e-mail address")}
		}, map[string]string{"all": "61", "create": "53", "update": "1", "not-possible": "4", "taken-out": "3"}},
		{"one comes back", func() map[string]string {
			return map[string]string{"do": "restore-row", "row": "4"}
		}, map[string]string{"all": "61", "create": "53", "update": "1", "not-possible": "5", "taken-out": "2"}},
		{"a choice is undone", func() map[string]string {
			return map[string]string{"do": "undo", "field": "team", "found": "No Such Team"}
		}, map[string]string{"all": "61", "create": "52", "update": "1", "not-possible": "6", "taken-out": "2"}},
		{"a good row is taken out", func() map[string]string {
			return map[string]string{"do": "drop-row", "row": "1"}
		}, map[string]string{"all": "61", "create": "51", "update": "1", "not-possible": "6", "taken-out": "3"}},
		{"all come back", func() map[string]string {
			return map[string]string{"do": "restore-all"}
		}, map[string]string{"all": "61", "create": "52", "update": "1", "not-possible": "8"}},
		{"edits are undone", func() map[string]string {
			return map[string]string{"do": "reset-all"}
		}, map[string]string{"all": "61", "create": "51", "update": "1", "not-possible": "9"}},
	}
	for _, step := range steps {
		if diff := cmp.Diff(step.want, inviteCounts(w.repair(check, step.set()))); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step.name, diff)
		}
	}
	if data := w.draft(check).Data; !bytes.Equal(data, joinersFile(t, "joiners-messy.csv")) {
		t.Error("the file itself was changed")
	}
}

func TestInvite_edits_a_row_in_place(t *testing.T) {
	t.Parallel()
	w := newWizard(t, handlertest.New(t), handlertest.HR)
	check := w.check(w.upload("joiners-messy.csv", joinersFile(t, "joiners-messy.csv")))
	var number string
	for _, n := range w.page(check + "?size=100").Find("[data-testid=invite-row]") {
		if n.Attr("data-row") == "25" { // the line break in the last name
			number = strings.TrimPrefix(n.Attr("id"), "row-")
		}
	}
	view := check + "?show=problems&edit=" + number
	d := w.page(view)
	v := formOf(d, "form[data-testid=invite-edit-form]")
	if v.Get("edit-lastName") != "Multi Line" || v.Get("edit-team") != "SIG Scalability PR Reviews" {
		t.Errorf("the form has %v", v)
	}
	action := d.MustOne("form[data-testid=invite-edit-form]").Attr("action")
	p := w.Post(action, v) // saved as it is shown, which is the repair
	if p.Status != http.StatusSeeOther || p.Location() != check+"?show=problems#row-"+number {
		t.Fatalf("saved: %d %s", p.Status, p.Location())
	}
	n, _ := strconv.Atoi(number)
	if diff := cmp.Diff(map[joiners.Field]string{joiners.FieldLastName: "Multi Line"}, w.draft(check).Edits.Cells[n]); diff != "" {
		t.Errorf("cells (-want +got)\n%s", diff)
	}
	row := w.page(check + "?q=maelle").MustOne("[data-testid=invite-row]")
	if row.Attr("data-word") != "create" || !strings.Contains(row.Text(), "edited") {
		t.Errorf("the row is %q", row.Text())
	}

	long := strings.Repeat("x", joiners.Limits.CellBytes+1)
	for name, set := range map[string]map[string]string{
		"too long":        {"do": "set", "field": "firstName", "row": "1", "value": long},
		"no such field":   {"do": "set", "field": "password", "row": "1", "value": "x"},
		"no such row":     {"do": "drop-row", "row": "62"},
		"row below one":   {"do": "drop-row", "row": "0"},
		"no number":       {"do": "drop-row", "row": "one"},
		"no such act":     {"do": "delete-everything"},
		"no such group":   {"do": "drop", "group": "abc"},
		"nothing chosen":  {"do": "replace", "group": inviteGroup(t, w.page(check), "No Such Team").Attr("data-group"), "with": ""},
		"no such team":    {"do": "replace", "group": inviteGroup(t, w.page(check), "No Such Team").Attr("data-group"), "with": "=Nowhere"},
		"fix without one": {"fix": "x", "group": "abc"},
	} {
		v := url.Values{"version": {strconv.Itoa(w.draft(check).Version)}}
		for k, value := range set {
			v.Set(k, value)
		}
		p := w.Post(check, v)
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, p.Status)
		}
		htmltest.CheckPage(t, p.Doc())
	}
	p = w.Post(check, url.Values{"version": {"1"}, "do": {"drop-row"}, "row": {"1"}})
	if p.Status != http.StatusConflict || !strings.Contains(p.Doc().MustOne("[data-testid=error-summary]").Text(), "another window") {
		t.Errorf("old version: %d", p.Status)
	}
	if len(w.draft(check).Edits.Drop) != 0 {
		t.Error("a form of an old version was taken over")
	}
}

func TestInvite_shows_part_of_the_rows(t *testing.T) {
	t.Parallel()
	w := newWizard(t, handlertest.New(t), handlertest.HR)
	check := w.check(w.upload("joiners-messy.csv", joinersFile(t, "joiners-messy.csv")))
	for query, want := range map[string]int{
		"": 50, "?page=2": 11, "?size=25": 25, "?size=25&page=3": 11, "?page=99": 11, "?size=7": 50, "?show=problems": 13, "?show=update": 1,
		"?show=not+possible": 11, "?q=AMINA": 3, "?q=nobody+at+all": 0, "?show=problems&q=amina": 1, "?group=nothing": 0,
	} {
		if n := w.page(check + query).Count("[data-testid=invite-row]"); n != want {
			t.Errorf("%q: %d rows, want %d", query, n, want)
		}
	}
	g := inviteGroup(t, w.page(check), "wrong e-mail address")
	show, _, _ := strings.Cut(g.MustOne("[data-testid=invite-group-show]").Attr("href"), "#")
	if n := w.page(show).Count("[data-testid=invite-row]"); n != 2 {
		t.Errorf("the group shows %d rows", n)
	}
	w.HTMX = true
	p := w.Get(check + "?q=amina")
	if d := p.Doc(); p.Status != http.StatusOK || d.Count("#people") != 1 || d.Count("h1") != 0 {
		t.Errorf("htmx gets more than the rows: %d", p.Status)
	}
}

func TestInvite_sends(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	w := newWizard(t, p, handlertest.HR)
	check := w.check(w.upload("joiners-messy.csv", joinersFile(t, "joiners-messy.csv")))
	w.repair(check, map[string]string{"do": "drop-row", "row": "1"})
	review := w.page(check).MustOne("a[data-testid=invite-continue]").Attr("href")
	d := w.page(review)
	for id, want := range map[string]string{"review-create": "48", "review-update": "1", "review-teams": "49", "review-roles": "48", "review-there": "0", "review-not-possible": "11", "review-taken-out": "1"} {
		if got := d.MustOne("[data-testid=" + id + "]").Attr("data-count"); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	if b := d.MustOne("[data-testid=invite-send]").Text(); b != "Send request for 49 people" {
		t.Errorf("the button says %q", b)
	}
	text := d.MustOne("main").Text()
	for _, says := range []string{"48 people get an invitation mail from Gtmhub, after the decision", "48 in English", "One other person has to agree", "Invitations of 2 or more people need a second person.", "outside address"} {
		if !strings.Contains(text, says) {
			t.Errorf("the review does not say %q: %s", says, text)
		}
	}

	form := formOf(d, "form[data-testid=invite-review]")
	form.Del("without")
	got := w.Post(review, form)
	d = got.Doc()
	htmltest.CheckPage(t, d)
	if got.Status != http.StatusUnprocessableEntity || d.Count("#reason-error") != 1 || d.Count("#without-error") != 1 {
		t.Fatalf("without reason and tick: %d %s", got.Status, d.Text())
	}
	form = formOf(d, "form[data-testid=invite-review]")
	form.Set("reason", "They start on 1 December.")
	if got = w.Post(review, form); got.Status != http.StatusUnprocessableEntity {
		t.Fatalf("without the tick: %d", got.Status)
	}
	d = w.page(review)
	form = formOf(d, "form[data-testid=invite-review]")
	if strings.TrimSpace(form.Get("reason")) != "They start on 1 December." {
		t.Errorf("the reason was lost: %q", form.Get("reason"))
	}
	form.Set("without", "yes")
	old := form.Get("seen")
	form.Set("seen", "300-0-0")
	if got = w.Post(review, form); got.Status != http.StatusConflict || !strings.Contains(got.Doc().MustOne("[data-testid=error-summary]").Text(), "nothing was sent") {
		t.Errorf("other numbers than seen: %d", got.Status)
	}
	form.Set("seen", old)
	if got = w.Post(review, form); got.Status != http.StatusConflict {
		t.Errorf("the same page twice: %d", got.Status)
	}
	form = formOf(w.page(review), "form[data-testid=invite-review]")
	form.Set("without", "yes")
	got = w.Post(review, form)
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Location(), "/changes/") {
		t.Fatalf("sent: %d %s %s", got.Status, got.Location(), got.Doc().Text())
	}
	if again := w.Post(review, form); again.Status != http.StatusSeeOther || again.Location() != got.Location() {
		t.Errorf("sent twice: %d %s, want the request that is there", again.Status, again.Location())
	}

	ctx := t.Context()
	c, err := p.App.Store.Changes().Change(ctx, id.Change(strings.TrimPrefix(got.Location(), "/changes/")))
	if err != nil {
		t.Fatal(err)
	}
	if c.State != change.Waiting || c.Reason != "They start on 1 December." || c.Title != "Invite 49 people" || c.SourceName != "joiners-messy.csv" || c.Main().Total() != 61 {
		t.Errorf("change %+v", c)
	}
	if diff := cmp.Diff(change.Counts{change.Queued: 48, change.Nothing: 1, change.Blocked: 12}, c.Main()); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
	rows, _, err := p.App.Store.Changes().Rows(ctx, c.ID, change.RowFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if row.Line != i+1 {
			t.Fatalf("row %d of the change is line %d", i, row.Line)
		}
	}
	if rows[0].Reason != "Taken out of the list by the requester." || rows[13].Reason != "There is no team “No Such Team”." {
		t.Errorf("reasons %q and %q", rows[0].Reason, rows[13].Reason)
	}
	if !slices.ContainsFunc(rows, func(r change.Row) bool {
		return r.Detail == "someone@other-company.example" && slices.Contains(r.Flags, "outside address")
	}) {
		t.Error("the outside address has no flag")
	}
	src, err := p.App.Store.Changes().Source(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	var format joiners.Format
	if err := json.Unmarshal(src.Format, &format); err != nil || format.Encoding != joiners.UTF8BOM || format.Columns[0].Field != joiners.FieldEmail {
		t.Errorf("format %s, %v", src.Format, err)
	}
	if !bytes.Equal(src.Data, joinersFile(t, "joiners-messy.csv")) || src.Name != "joiners-messy.csv" {
		t.Error("the file is not the one that was uploaded")
	}
	if _, err := p.App.Store.Drafts().Get(ctx, id.Draft(strings.Split(review, "/")[2])); !errors.Is(err, fault.NotFound) {
		t.Errorf("the draft is still there: %v", err)
	}
}

func TestInvite_of_one_person_by_HR_is_direct(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	w := newWizard(t, p, handlertest.HR)
	check := w.pasted("Ana Ferrari <ana.ferrari@northwind.example>")
	review := strings.Replace(check, "/check", "/review", 1)
	d := w.page(review)
	if b := d.MustOne("[data-testid=invite-send]").Text(); b != "Invite 1 person" {
		t.Errorf("the button says %q", b)
	}
	if d.Count("[data-testid=invite-without]") != 0 || d.MustOne("[data-testid=invite-reason]").HasAttr("required") {
		t.Error("a reason or a tick is asked for")
	}
	got := w.Post(review, formOf(d, "form[data-testid=invite-review]"))
	if got.Status != http.StatusSeeOther {
		t.Fatalf("sent: %d %s", got.Status, got.Doc().Text())
	}
	c := p.WaitFor(id.Change(strings.TrimPrefix(got.Location(), "/changes/")))
	if c.State != change.Finished || c.Main()[change.Done] != 1 {
		t.Errorf("state %s, %v", c.State, c.Main())
	}
}

func TestInvite_by_a_lead(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	w := newWizard(t, p, handlertest.Lead)
	own, foreign := "Website Maintainers", "Examples"
	check := w.pasted("Email,First name,Last name,Team,Role\n" +
		"a.one@northwind.example,A,One," + own + ",\n" +
		"b.two@northwind.example,B,Two," + foreign + ",\n" +
		"c.three@northwind.example,C,Three,,\n" +
		"d.four@northwind.example,D,Four," + own + ",Account Admin\n")
	d := w.page(check)
	if diff := cmp.Diff(map[string]string{"all": "4", "create": "1", "not-possible": "3"}, inviteCounts(d)); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
	unknown := inviteGroup(t, d, "There is no team “"+foreign+"”")
	var offered []string
	for _, o := range unknown.Find("option") {
		offered = append(offered, strings.TrimPrefix(o.Attr("value"), "="))
	}
	if diff := cmp.Diff([]string{"", own, "Website Milestone Maintainers"}, offered); diff != "" {
		t.Errorf("teams offered (-want +got)\n%s", diff)
	}
	if strings.Contains(w.Get(check).Body, "SIG Storage") {
		t.Error("the page names teams of others")
	}
	inviteGroup(t, d, "The role Account Admin can only be given by someone who holds it")
	noTeam := inviteGroup(t, d, "no such team was named")
	d = w.repair(check, map[string]string{"do": "replace", "group": noTeam.Attr("data-group"), "with": "=" + own})
	if got := inviteCounts(d)["create"]; got != "2" {
		t.Errorf("%s rows after a team was chosen", got)
	}
	review := w.page(strings.Replace(check, "/check", "/review", 1))
	if text := review.MustOne("main").Text(); !strings.Contains(text, "Invitations by a team lead are decided by HR or an approver.") {
		t.Errorf("the review says %q", text)
	}
}

func TestInvite_lists_are_private(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	w := newWizard(t, p, handlertest.HR)
	columns := w.upload("joiners-300.csv", joinersFile(t, "joiners-300.csv"))
	base := strings.TrimSuffix(columns, "/columns")
	for _, who := range []handlertest.Viewpoint{handlertest.HRApprover, handlertest.Lead} {
		c := p.As(who)
		for _, step := range []string{"/columns", "/check", "/review"} {
			if got := c.Get(base + step); got.Status != http.StatusNotFound {
				t.Errorf("%s reads %s: %d", who.Name, step, got.Status)
			}
			if got := c.Post(base+step, url.Values{"version": {"1"}}); got.Status != http.StatusNotFound {
				t.Errorf("%s writes %s: %d", who.Name, step, got.Status)
			}
		}
		if got := c.Post(base+"/discard", nil); got.Status != http.StatusNotFound {
			t.Errorf("%s discards: %d", who.Name, got.Status)
		}
		if d := c.Get("/invite").Doc(); d.Count("[data-testid=invite-draft]") != 0 {
			t.Errorf("%s sees the list", who.Name)
		}
	}
	for _, odd := range []string{"/invite/nothing/columns", "/invite/" + strings.Repeat("a", 99) + "/check", "/invite/a%2fb/review"} {
		if got := w.Get(odd); got.Status != http.StatusNotFound {
			t.Errorf("%s: %d", odd, got.Status)
		}
	}
	for _, who := range []handlertest.Viewpoint{handlertest.Employee, handlertest.Auditor, handlertest.Operator} {
		if got := p.As(who).Get("/invite"); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", who.Name, got.Status)
		}
	}
}

func TestInvite_unfinished_lists(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	w := newWizard(t, p, handlertest.HR)
	hris := w.upload("joiners-hris-export.csv", joinersFile(t, "joiners-hris-export.csv"))
	check := w.check(w.upload("joiners-300.csv", joinersFile(t, "joiners-300.csv")))
	d := w.page("/invite")
	var to []string
	for _, n := range d.Find("[data-testid=invite-resume]") {
		to = append(to, n.Attr("href"))
	}
	if diff := cmp.Diff([]string{check, hris}, to); diff != "" {
		t.Errorf("lists (-want +got)\n%s", diff)
	}
	if text := d.MustOne("[data-testid=invite-drafts]").Text(); !strings.Contains(text, "e-mail address, first name, last name, language, team, role") {
		t.Errorf("columns: %s", text)
	}
	if got := w.Post(strings.Replace(hris, "columns", "discard", 1), nil); got.Location() != "/invite" {
		t.Errorf("discard: %d", got.Status)
	}
	if n := w.page("/invite").Count("[data-testid=invite-draft]"); n != 1 {
		t.Errorf("%d lists", n)
	}
	for range 19 {
		w.upload("one.csv", []byte("a.b@northwind.example\n"))
	}
	if got := w.Upload("/invite", "file", "one.csv", []byte("a.b@northwind.example\n"), nil); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Doc().MustOne("[data-testid=error-summary]").Text(), "20 lists") {
		t.Errorf("one too many: %d", got.Status)
	}
}

func TestInvite_hostile_text_is_text(t *testing.T) {
	t.Parallel()
	w := newWizard(t, handlertest.New(t), handlertest.HR)
	evil := `"<script>alert(1)</script>"`
	p := w.Upload("/invite", "file", `..\../<img src=x>.csv`, []byte(`Email,`+evil+",First name,Last name,Team\n"+evil+`,`+evil+`,`+evil+`,"' onload=x",`+evil+"\n"), nil)
	columns := p.Location()
	check := w.check(columns)
	for _, path := range []string{columns, check, check + "?edit=1", check + "?q=%3Cscript%3E&show=%22%3E&group=%3Cb%3E", "/invite"} {
		got := w.Get(path)
		htmltest.CheckPage(t, got.Doc())
		if got.Status != http.StatusOK || strings.Contains(got.Body, "<script>alert") || strings.Contains(got.Body, "<img src=x") {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
	if d := w.page(check); d.Count("a[data-testid=invite-continue]") != 0 || !strings.Contains(d.MustOne("main").Text(), "Nobody in this list can be invited yet") {
		t.Error("the way on is open although nobody can be invited")
	}
	if got := w.Get(strings.Replace(check, "/check", "/review", 1)); got.Location() != check {
		t.Errorf("the review opens: %d", got.Status)
	}
}

func TestInvite_sample_file_is_a_list(t *testing.T) {
	t.Parallel()
	w := newWizard(t, handlertest.New(t), handlertest.HR)
	got := w.Get("/invite/template.csv")
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	w.check(w.upload("invite-people.csv", []byte(got.Body)))
}

func TestInvite_while_Gtmhub_does_not_answer(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	w := newWizard(t, p, handlertest.Lead)
	check := w.pasted("Email,First name,Last name,Team\na.one@northwind.example,A,One,Website Maintainers\n,B,Two,\n")
	if _, err := p.Emulator.AddFault(emulator.Fault{Effect: emulator.EffectStatus, Status: http.StatusServiceUnavailable}); err != nil {
		t.Fatal(err)
	}
	d := w.page(check)
	if diff := cmp.Diff(map[string]string{"all": "2", "not-compared": "1", "not-possible": "1"}, inviteCounts(d)); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
	if d.Count("[data-testid=invite-not-compared]") != 1 || d.Count("a[data-testid=invite-continue]") != 0 {
		t.Error("the page does not say that it must wait")
	}
	review := strings.Replace(check, "/check", "/review", 1)
	if got := w.Get(review); got.Location() != check {
		t.Errorf("the review opens: %d", got.Status)
	}
	v := url.Values{"version": {strconv.Itoa(w.draft(check).Version)}, "reason": {"x"}, "without": {"yes"}, "seen": {"0-0-0-1-0-1-0-0"}}
	if got := w.Post(review, v); got.Status != http.StatusServiceUnavailable {
		t.Errorf("sent: %d", got.Status)
	}
	if d := w.draft(check); len(d.Data) == 0 {
		t.Error("the list was lost")
	}
}
