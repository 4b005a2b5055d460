package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/htmltest"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/route"
)

// TestCorrectAndAskAgain rejects two of three people. One comes back in the return file and one on the page; each makes a
// version of its own, and who is done is left alone.
func TestCorrectAndAskAgain(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t)
	hr, approver := p.As(handlertest.HR), p.As(handlertest.HRApprover)
	file := "Mail;Vorname;Name\nana.neu@northwind.example;Ana;Neu\ncleo.neu@northwind.example;Cleo;Neu\nbo.neu@northwind.example;Bo;Neu\n"
	format, err := json.Marshal(joiners.Format{Encoding: joiners.UTF8, Separator: ';', HasHeader: true, Columns: []joiners.Column{
		{Index: 0, Header: "Mail", Field: joiners.FieldEmail}, {Index: 1, Header: "Vorname", Field: joiners.FieldFirstName}, {Index: 2, Header: "Name", Field: joiners.FieldLastName}}})
	if err != nil {
		t.Fatal(err)
	}
	c := submit(t, p, hr, change.Input{Recipe: change.InvitePeople, Reason: "Neue Kollegen.", Source: &change.Source{Name: "Neue.csv", Data: []byte(file), Format: format},
		Fields: change.Fields(change.Invitations{People: []change.Invitee{
			{Line: 1, Email: "ana.neu@northwind.example", FirstName: "Ana", LastName: "Neu"},
			{Line: 2, Email: "cleo.neu@northwind.example", FirstName: "Cleo", LastName: "Neu"},
			{Line: 3, Email: "bo.neu@northwind.example", FirstName: "Bo", LastName: "Neu"},
		}})})
	rows := map[string]string{}
	for _, row := range approver.Get(route.Change(c.ID)).Doc().Find(`[data-testid="row"]`) {
		for _, name := range []string{"Ana", "Cleo", "Bo"} {
			if strings.Contains(row.Text(), name+" Neu") {
				rows[name] = row.Attr("data-row")
			}
		}
	}
	decide := func(version string, reject ...string) {
		t.Helper()
		now, err := p.App.Store.Changes().Change(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		v := url.Values{"version": {version}, "hash": {now.Hash}, "do": {"approve"}, "reject": reject, "reason": {"Wrong address."}}
		if got := approver.Post(route.ChangeAct(c.ID, "decide"), v); got.Status != http.StatusSeeOther {
			t.Fatalf("version %s: %d %s", version, got.Status, got.Body)
		}
		p.WaitFor(c.ID)
	}
	decide("1", rows["Cleo"], rows["Bo"])
	again := hr.Get(route.ChangeCorrect(c.ID, "")).Doc()
	all := formOf(again, `form[data-testid="correct-form"]`)
	all.Del("person") // as if they were on another page
	all.Set("all", again.MustOne(`input[name="all"]`).Attr("value"))
	all.Set("note", "Once more.")
	if got := hr.Post(route.ChangeCorrect(c.ID, ""), all); got.Status != http.StatusSeeOther {
		t.Fatalf("all who are left: %d %s", got.Status, got.Body)
	}
	if now, err := p.App.Store.Changes().Change(t.Context(), c.ID); err != nil || now.Version != 2 || now.Main()[change.Queued] != 2 || now.Main()[change.Done] != 1 {
		t.Fatalf("all who are left: version %d, %v, %v", now.Version, now.Main(), err)
	}
	decide("2", rows["Cleo"], rows["Bo"])

	returned := hr.Get(route.ChangeReturn(c.ID)).Body
	upload := route.ChangeCorrect(c.ID, "") + "/file"
	done, _, err := p.App.Store.Changes().Rows(t.Context(), c.ID, change.RowFilter{Word: change.Done.Word()})
	if err != nil || len(done) != 1 || done[0].Result == "" {
		t.Fatalf("done: %v, %v", done, err)
	}
	ana := done[0].Result
	for _, tc := range []struct{ name, file, says string }{
		{"unchanged", returned, "No row of this file was changed"},
		{"not a return file", file, "has no row number"},
		{"somebody who is done", strings.Replace(returned, "ana.neu@", "anna.neu@", 1), "is done already"},
		{"an address twice", strings.NewReplacer("cleo.neu@", "one.neu@", "bo.neu@", "one.neu@").Replace(returned), "Row 3 of the list (Bo Neu) has the same address as row 2 (Cleo Neu)"},
		{"the address of somebody who is done", strings.Replace(returned, "bo.neu@", "ana.neu@", 1), "Row 3 of the list (Bo Neu) has the same address as row 1 (Ana Neu)"},
		{"rows that changed places", strings.NewReplacer(`cleo.neu@northwind.example";"Cleo"`, `bo.neu@northwind.example";"Bo"`, `bo.neu@northwind.example";"Bo"`, `cleo.neu@northwind.example";"Cleo"`).Replace(returned), "Rows have changed places"},
		{"another request: another person", strings.Replace(returned, `cleo.neu@northwind.example";"Cleo";"Neu"`, `kim.alt@northwind.example";"Kim";"Alt"`, 1), "return file of another request"},
		{"another request: most people", strings.NewReplacer(`cleo.neu@northwind.example";"Cleo"`, `kim.alt@northwind.example";"Kim"`, `bo.neu@northwind.example";"Bo"`, `lea.alt@northwind.example";"Lea"`).Replace(returned), "return file of another request"},
		{"another request: another account", strings.Replace(returned, ana, "5f0000000000000000000001", 1), "return file of another request"},
		{"an address that is none", strings.Replace(returned, "cleo.neu@northwind.example", "cleo.neu", 1), "Cleo Neu"},
	} {
		got := hr.Upload(upload, "file", "return.csv", []byte(tc.file), url.Values{"version": {"1"}})
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Doc().MustOne(`[data-testid="error-summary"]`).Text(), tc.says) {
			t.Errorf("%s: %d %s", tc.name, got.Status, got.Body)
		}
	}
	if got := p.As(handlertest.Lead).Upload(upload, "file", "return.csv", []byte(strings.Replace(returned, "cleo.neu@", "clea.neu@", 1)), nil); got.Status != http.StatusNotFound {
		t.Errorf("a stranger: %d", got.Status)
	}
	if got := hr.Upload(upload, "file", "return.csv", []byte(strings.Replace(returned, "cleo.neu@", "clea.neu@", 1)), url.Values{"version": {"1"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("upload: %d %s", got.Status, got.Body)
	}
	now, err := p.App.Store.Changes().Change(t.Context(), c.ID)
	if err != nil || now.Version != 3 || now.State != change.Waiting || now.Main().Total() != 3 || now.Main()[change.Done] != 1 || now.Main()[change.Queued] != 1 {
		t.Fatalf("version %d, %s, %v, %v", now.Version, now.State, now.Main(), err)
	}
	decide("3")

	correct := hr.Get(route.ChangeCorrect(c.ID, "")).Doc()
	htmltest.CheckPage(t, correct)
	if n := correct.Count(`[data-testid="correct-person"]`); n != 1 {
		t.Fatalf("%d people can be corrected, want Bo only", n)
	}
	form := formOf(correct, `form[data-testid="correct-form"]`)
	form.Set("email-"+rows["Bo"], "Clea.Neu@northwind.example")
	if got := hr.Post(route.ChangeCorrect(c.ID, ""), form); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "has the same address as row 2 (Cleo Neu)") {
		t.Errorf("the address of somebody done, on the page: %d %s", got.Status, got.Body)
	}
	form.Set("email-"+rows["Bo"], "bob.neu@northwind.example")
	if got := hr.Post(route.ChangeCorrect(c.ID, ""), form); got.Status != http.StatusSeeOther {
		t.Fatalf("page: %d %s", got.Status, got.Body)
	}
	decide("4")
	end := p.WaitFor(c.ID)
	if end.State != change.Finished || end.Main()[change.Done] != 3 {
		t.Errorf("%s, %v", end.State, end.Main())
	}
	after := hr.Get(route.ChangeReturn(c.ID)).Body
	for _, want := range []string{`"ana.neu@northwind.example";"Ana";"Neu";"done";`, `"cleo.neu@northwind.example";"Cleo";"Neu";"corrected to clea.neu@northwind.example: done";`,
		`"bo.neu@northwind.example";"Bo";"Neu";"corrected to bob.neu@northwind.example: done";`} {
		if !strings.Contains(after, want) {
			t.Errorf("no %s in the return file:\n%s", want, after)
		}
	}
	for email, n := range p.Emulator.Counts().Created {
		if n != 1 || email != "ana.neu@northwind.example" && email != "clea.neu@northwind.example" && email != "bob.neu@northwind.example" {
			t.Errorf("%s was invited %d times", email, n)
		}
	}
}
