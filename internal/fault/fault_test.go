package fault_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/gtmhub-portal/portal/internal/fault"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	for _, tc := range []struct {
		name    string
		err     error
		kind    fault.Kind
		status  int
		message string
	}{
		{"nil", nil, "", http.StatusInternalServerError, ""},
		{"no kind", cause, fault.Internal, http.StatusInternalServerError, ""},
		{"wrapped", fmt.Errorf("load: %w", fault.New(fault.NotFound, "There is none.")), fault.NotFound, http.StatusNotFound, "There is none."},
		{"with cause", fault.Wrap(cause, fault.Unavailable, "Try later."), fault.Unavailable, http.StatusServiceUnavailable, "Try later."},
		{"field", fmt.Errorf("form: %w", &fault.FieldError{Field: "reason", Message: "Say why."}), fault.Invalid, http.StatusUnprocessableEntity, "Say why."},
		{"bare kind", fmt.Errorf("x: %w", fault.Conflict), fault.Conflict, http.StatusConflict, ""},
		{"an internal message is never shown", fault.New(fault.Internal, "dial tcp 10.0.0.1"), fault.Internal, http.StatusInternalServerError, ""},
		{"outermost wins", fault.Wrap(fault.New(fault.NotFound, "Inner."), fault.Forbidden, "Outer."), fault.Forbidden, http.StatusForbidden, "Outer."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := fault.KindOf(tc.err); got != tc.kind {
				t.Errorf("kind %q, want %q", got, tc.kind)
			}
			if tc.kind != "" && (tc.kind.Status() != tc.status || (tc.kind != fault.Internal && !errors.Is(tc.err, tc.kind))) {
				t.Errorf("status %d, is %t", tc.kind.Status(), errors.Is(tc.err, tc.kind))
			}
			if got := fault.Message(tc.err); got != tc.message {
				t.Errorf("message %q, want %q", got, tc.message)
			}
		})
	}
	if !errors.Is(fault.Wrap(cause, fault.Full, "No room."), cause) {
		t.Error("the cause is lost")
	}
}
