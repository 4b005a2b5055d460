package component

import "strconv"

// Number writes a count with a narrow no-break space between thousands: 1 243.
func Number(n int) string {
	s := strconv.Itoa(n)
	neg := ""
	if n < 0 {
		neg, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return neg + s
}

func intString(n int) string { return strconv.Itoa(n) }
