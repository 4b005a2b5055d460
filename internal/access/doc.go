// Package access decides what an actor may see and do, and says why.
//
// It is pure: no I/O, no clock, no HTTP. Callers bring the facts (who acts, which team, how many rows), the package
// answers with a [Verdict]. The same functions draw the page, guard the service, guard the run and write the sentence
// that explains a refusal, so the four cannot disagree. It refuses whatever it was not told about: a missing fact is
// never a permission. Start at [Decide] for writes, [Actor.Scope] for lists and [Actor.May] for routes.
package access
