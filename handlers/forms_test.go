package handlers_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
)

// TestFormsRefuseTwoAnswers sends a field twice (parameter pollution): nothing may come of it.
func TestFormsRefuseTwoAnswers(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	w := newWizard(t, p, handlertest.HR)
	columns := w.Post("/invite", url.Values{"text": {"ann.one@northwind.example"}}).Location()
	form := formOf(w.page(columns), "form[data-testid=invite-columns]")
	form["do"] = []string{"read", "continue"}
	if got := w.Post(columns, form); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("two answers: %d to %s", got.Status, got.Location())
	}
	if _, n, err := p.App.Store.Changes().Changes(t.Context(), change.Filter{}); err != nil || n != 0 {
		t.Errorf("%d requests, %v", n, err)
	}
}
