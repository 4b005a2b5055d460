package component

import (
	"strconv"
	"strings"
)

// barWidth is the width of a bar in the units of its picture.
const barWidth = 1000

// bar is one part as it is drawn.
type bar struct {
	x, width string
	tone     Tone
}

// bars lays the parts side by side. They fill the bar exactly, whatever the rounding.
func bars(parts []BarPart) []bar {
	total := 0
	for _, p := range parts {
		total += max(p.Count, 0)
	}
	if total == 0 {
		return nil
	}
	var out []bar
	sum := 0
	for _, p := range parts {
		if p.Count <= 0 {
			continue
		}
		from := sum * barWidth / total
		sum += p.Count
		to := sum * barWidth / total
		out = append(out, bar{x: strconv.Itoa(from), width: strconv.Itoa(to - from), tone: p.Tone})
	}
	return out
}

// partWords says the parts in words: "12 done, 3 failed".
func partWords(parts []BarPart) string {
	var words []string
	for _, p := range parts {
		if p.Count > 0 {
			words = append(words, strconv.Itoa(p.Count)+" "+p.Label)
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

func largest(rows []BarRow) int {
	n := 0
	for _, r := range rows {
		n = max(n, r.Count)
	}
	return n
}

// share is the length of a bar; a count above 0 is always visible.
func share(count, most int) int {
	if count <= 0 || most <= 0 {
		return 0
	}
	return max(count*barWidth/most, barWidth/100)
}
