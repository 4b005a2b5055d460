//go:build race

package joiners_test

// slowdown is what the race detector may cost in time; the goal of 2 s is for the program as it is delivered.
const slowdown = 20
