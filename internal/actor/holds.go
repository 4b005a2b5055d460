package actor

import (
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/change"
)

// Holds says whether one of the entries of a setting names the person, by address or by group.
func Holds(grant []string, p change.Person) bool { return holds(grant, p) }

// Addresses are the addresses that the settings name, each once and in their order; groups are left out.
func Addresses(grants ...[]string) []string {
	var out []string
	for _, g := range slices.Concat(grants...) {
		if !strings.HasPrefix(g, "group:") && !slices.Contains(out, fold(g)) {
			out = append(out, fold(g))
		}
	}
	return out
}
