package handlers_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gtmhub-portal/portal/handlers/handlertest"
	"github.com/gtmhub-portal/portal/internal/change"
)

// TestInvite_clicked_six_times wants one request of one list, and every click to end at it.
func TestInvite_clicked_six_times(t *testing.T) {
	t.Parallel()
	p := handlertest.New(t, handlertest.Options{Manual: true})
	w := newWizard(t, p, handlertest.HR)
	review := strings.TrimSuffix(w.pasted("ann.one@northwind.example, Ann, One\nbo.two@northwind.example, Bo, Two"), "check") + "review"
	form := formOf(w.page(review), "form[data-testid=invite-review]")
	form.Set("reason", "twins")
	var wg sync.WaitGroup
	ends := make([]string, 6)
	for i := range ends {
		wg.Go(func() {
			got := p.As(handlertest.HR).Post(review, form)
			if got.Status == http.StatusSeeOther {
				ends[i] = got.Location()
			} else {
				ends[i] = http.StatusText(got.Status)
			}
		})
	}
	wg.Wait()
	for _, e := range ends {
		if e != ends[0] || !strings.HasPrefix(e, "/changes/") {
			t.Errorf("the clicks end at %v", ends)
			break
		}
	}
	for _, got := range []*handlertest.Page{p.As(handlertest.HR).Get(review), p.As(handlertest.HR).Post(strings.TrimSuffix(review, "review")+"columns", form)} {
		if got.Status != http.StatusSeeOther || got.Location() != ends[0] {
			t.Errorf("back to the list that was sent: %d to %q, want %q", got.Status, got.Location(), ends[0])
		}
	}
	if got := p.As(handlertest.Lead).Get(review).Status; got != http.StatusNotFound {
		t.Errorf("a stranger at the list that was sent: %d", got)
	}
	_, n, err := p.App.Store.Changes().Changes(t.Context(), change.Filter{})
	if err != nil || n != 1 {
		t.Errorf("%d requests, %v", n, err)
	}
}
