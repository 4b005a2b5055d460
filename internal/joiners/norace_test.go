//go:build !race

package joiners_test

// slowdown is what the build costs in time: nothing. The goal is 2 s.
const slowdown = 1
