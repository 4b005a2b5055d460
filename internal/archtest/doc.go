// Package archtest holds the tests about the code base as a whole: who imports whom, what templates may hold, where
// SQL is made, and who can write to Gtmhub.
//
// Each rule is a function over plain data with a test of its own that shows what it catches; the test of the code base
// then applies it to everything. A failure names the place and the rule. ARCHITECTURE.md lists the
// rules beside the invariants that they guard. Start at imports_test.go.
package archtest
