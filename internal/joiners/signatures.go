package joiners

import (
	"io"

	"github.com/gtmhub-portal/portal/internal/fault"
)

var errUnwritten = fault.New(fault.Internal, "This part is being written.")

// Detect proposes how a file is to be read.
func Detect(data []byte) Format { return Format{} }

// Read turns a file into rows.
func Read(data []byte, f Format) (*List, error) { return nil, errUnwritten }

// Check turns rows into people.
func Check(l *List, f Format, e Edits, d Directory, o Options) *Result { return &Result{} }

// NormaliseEmail returns the one form of an address.
func NormaliseEmail(s string) (string, error) { return "", errUnwritten }

// CheckName returns the one form of a first or last name.
func CheckName(s string) (string, error) { return "", errUnwritten }

// Fold makes names comparable.
func Fold(s string) string { return s }

// ReturnFile writes the list again with an outcome for each row.
func ReturnFile(w io.Writer, data []byte, f Format, verdicts func(row int) Verdict) error { return errUnwritten }

// Template writes an empty list with one example.
func Template(w io.Writer) error { return errUnwritten }
