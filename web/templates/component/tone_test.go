package component_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/web/templates/component"
)

func TestStatusFor(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]component.Tone{
		"active":                     component.ToneSuccess,
		"pending":                    component.ToneWarning,
		"inactive":                   component.ToneNeutral,
		"waiting":                    component.ToneNeutral,
		"in progress":                component.ToneInfo,
		"done":                       component.ToneSuccess,
		"nothing to do":              component.ToneNeutral,
		"not possible":               component.ToneDanger,
		"failed":                     component.ToneDanger,
		"failed (no such role)":      component.ToneDanger,
		"outcome unknown":            component.ToneWarning,
		"outcome unknown, looked up": component.ToneWarning,
		"needs a person":             component.ToneWarning,
		"held: changed since":        component.ToneWarning,
		"rejected":                   component.ToneDanger,
		"cancelled":                  component.ToneNeutral,
		"draft":                      component.ToneNeutral,
		"waiting for a decision":     component.ToneWarning,
		"approved":                   component.ToneInfo,
		"scheduled":                  component.ToneInfo,
		"running":                    component.ToneInfo,
		"paused":                     component.ToneWarning,
		"finished":                   component.ToneSuccess,
		"finished with problems":     component.ToneWarning,
		"returned with a question":   component.ToneWarning,
		"withdrawn":                  component.ToneNeutral,
		"lapsed":                     component.ToneNeutral,
		"no word of ours":            component.ToneNeutral,
		"":                           component.ToneNeutral,
	} {
		if got := component.StatusFor(word); got != want {
			t.Errorf("StatusFor(%q) = %d, want %d", word, got, want)
		}
	}
}

func TestStoredStatesHaveWords(t *testing.T) {
	t.Parallel()
	rows := map[component.RowState]string{
		"queued": "waiting", "checking": "in progress", "intent": "in progress", "done": "done",
		"nothing": "nothing to do", "blocked": "not possible", "refused": "failed", "unknown": "outcome unknown",
		"attention": "needs a person", "held": "held", "rejected": "rejected", "cancelled": "cancelled",
	}
	for state, want := range rows {
		d := render(t, component.RowPill(state))
		if got := d.MustOne(`[data-testid="row-state"]`).Text(); got != want {
			t.Errorf("row state %q is shown as %q, want %q", state, got, want)
		}
	}
	changes := map[component.ChangeState]string{"waiting": "waiting for a decision", "problems": "finished with problems", "paused": "paused", "returned": "returned with a question"}
	for state, want := range changes {
		d := render(t, component.ChangePill(state))
		if got := d.MustOne(`[data-testid="change-state"]`).Text(); got != want {
			t.Errorf("change state %q is shown as %q, want %q", state, got, want)
		}
	}
	if got := render(t, component.UserPill(component.UserPending)).MustOne(`[data-testid="user-status"]`).Attr("class"); got != "pill tint-warning" {
		t.Errorf("classes of a pending user = %q", got)
	}
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Ana Petrova":           "AP",
		"ana maria de la cruz":  "AC",
		"Madonna":               "M",
		"":                      "?",
		"  ":                    "?",
		"--- !":                 "?",
		"O’Neil, Sean":          "OS",
		"Jean-Luc":              "JL",
		"ana.petrova@north.com": "AC",
		"李 小龙":                  "李小",
		"Øystein Åse":           "ØÅ",
		"3M":                    "3",
	} {
		if got := component.Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1243: "1,243", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := component.Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestPageNumbers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		current, last int
		want          []int
	}{
		"nothing":           {1, 0, nil},
		"one_page":          {1, 1, nil},
		"two_pages":         {2, 2, []int{1, 2}},
		"first_of_many":     {1, 25, []int{1, 2, 0, 25}},
		"middle_of_many":    {12, 25, []int{1, 0, 11, 12, 13, 0, 25}},
		"last_of_many":      {25, 25, []int{1, 0, 24, 25}},
		"gap_of_one_filled": {4, 7, []int{1, 2, 3, 4, 5, 6, 7}},
		"gap_of_two":        {5, 9, []int{1, 0, 4, 5, 6, 0, 9}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, component.PageNumbers(tt.current, tt.last)); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
}
