package joiners

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gtmhub-portal/portal/internal/directory"
)

const (
	maxSuggestions   = 3
	maxSuggestedFor  = 200 // different values; a hostile file must not buy a comparison for each of its cells
	maxCompareLength = 100 // characters
)

// suggester finds the names closest to an unknown one.
type suggester struct {
	names, folded []string
	asked         map[string][]string
}

func newSuggester(names []string) *suggester {
	s := &suggester{names: names, asked: map[string][]string{}}
	for _, n := range names {
		s.folded = append(s.folded, directory.Fold(n))
	}
	return s
}

// closest returns at most three names, the best first: those with few letters changed, or that hold all the words.
func (s *suggester) closest(value string) []string {
	key := directory.Fold(value)
	if known, ok := s.asked[key]; ok {
		return known
	}
	if len(s.asked) >= maxSuggestedFor || key == "" {
		return nil
	}
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	wanted := []rune(key)
	wanted = wanted[:min(len(wanted), maxCompareLength)]
	for i, f := range s.folded {
		name := []rune(f)
		name = name[:min(len(name), maxCompareLength)]
		d, near := distance(wanted, name), max(len(wanted), len(name))*2/5
		if strings.Contains(f, key) || strings.Contains(key, f) && len(f) > 3 {
			d = min(d, near)
		}
		if d <= near {
			found = append(found, candidate{s.names[i], d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var out []string
	for _, c := range found[:min(len(found), maxSuggestions)] {
		out = append(out, c.name)
	}
	s.asked[key] = out
	return out
}

// distance is the number of letters to insert, remove or change (Levenshtein).
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		before := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := before
			if x != y {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
