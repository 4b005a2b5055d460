// Package export writes files that people open in a spreadsheet program.
//
// It is the only encoder for exports, so that no cell can ever be taken for a formula, whoever wrote its text.
// It does not choose what is exported. Start at [NewCSV].
package export
