// Package directory is our copy of the account's users, teams and roles: pages and plans are drawn from it.
//
// A [Snapshot] is immutable and is swapped as a whole, so that one page never mixes two states. What an actor may read
// of it is decided in one place, [Snapshot.View]; only code that has checked the actor's rights itself reads the
// snapshot directly. [Directory] fills it from Gtmhub, keeps it in a [Store] for a warm start and for other instances,
// and says how old it is. It cannot write to Gtmhub. A failed reading keeps the old snapshot: nothing pretends to be
// empty. Start at [New] and [Directory.Current].
package directory
