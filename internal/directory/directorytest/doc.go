// Package directorytest helps tests that need a directory: a store in memory, snapshots from a few literals or from the
// emulator's own account, and a directory that reads a running emulator. Start at [Snapshot] or [New].
package directorytest
