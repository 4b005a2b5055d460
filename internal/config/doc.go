// Package config reads the settings of the portal from the environment.
//
// Every setting is a variable whose name starts with PORTAL_. A secret may instead stand in a file that the variable
// with the suffix _FILE names. [Load] reports all problems at once, by the name of the variable; it never repeats a
// value, because a secret pasted into the wrong variable would end up in the log. docs/settings.md is made from the
// tags of [Config] ([Page]); a test compares the two.
//
// What it refuses to do: read the environment itself, know flags, and change after the start. Start at [Load].
package config

//go:generate go test -run ^TestPage$ . -update
