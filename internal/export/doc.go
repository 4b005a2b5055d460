// Package export writes files that people open in a spreadsheet program.
//
// It is the only encoder for exports, so that no cell can ever be taken for a formula, whoever wrote its text: a CSV file
// marks such cells, a workbook has cells of text only. It does not choose what is exported. Start at [NewCSV] and [NewXLSX].
package export
