// Package change is the one way to write to the Gtmhub account.
//
// Everything that alters the account is a [Change]: one or more ordered steps, each of one kind, each with its rows.
// [Service] takes an [Input], has the kind plan it against the directory, asks the policy, and either carries it out
// at once or has it wait for somebody else's decision. [Runner] carries out approved rows: claim, look, store the
// intent, one upstream call, read again, store the outcome. Rows are the durable queue; there is no other.
//
// What it refuses to do: write without an actor, write what the policy does not allow at the moment of writing, write
// a row that differs from what was decided, and repeat a call whose outcome is not known. It knows no Gtmhub call
// itself: the kinds do (package kinds), and they get something that can write only through a [Grant], which only the
// runner makes. Start at [Service] and [Runner]; the protocol is in ARCHITECTURE.md, "Life of a change".
package change
