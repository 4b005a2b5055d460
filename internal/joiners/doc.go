// Package joiners reads lists of people as HR exports them: CSV with any usual separator and encoding, or pasted text.
//
// The way of a list: [Detect] proposes how the file is to be read (a [Format], which the person may correct),
// [Read] turns bytes into rows, and [Check] turns rows into people, with every problem named by row and column,
// what was found, what was expected and how to repair it. Repairs are kept apart from the file as [Edits], so
// that going back loses nothing. [ReturnFile] writes the same list again with an outcome for each row.
//
// The package refuses files over [Limits] before it spends memory on them. It does not know who is a user
// already, makes no changes and holds no state: a plan decides what happens to each person. Excel workbooks are refused with a way
// out. All functions are safe for concurrent use. Start at [Detect].
package joiners
