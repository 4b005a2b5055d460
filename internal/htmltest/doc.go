// Package htmltest reads HTML in tests: finding elements by selectors, and checks that every page must pass.
//
// It is imported by tests only. It reads what a browser would be given and runs no scripts and no styles, so whether
// something can be seen is for the browser tests, which find theirs by [Chromium]. Start with [Parse], then [Doc.MustOne] and [CheckPage].
package htmltest
