package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// All yields every entry that the filter chooses, oldest first, reading page by page: memory does not grow with the
// trail. Entries written meanwhile are part of it. After an error it ends.
func All(ctx context.Context, t Trail, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		f.OldestFirst, f.Limit = true, 500
		for {
			page, err := t.Entries(ctx, f)
			if err != nil {
				yield(Entry{}, fmt.Errorf("read the audit trail: %w", err))
				return
			}
			for i := range page {
				if !yield(page[i], nil) {
					return
				}
			}
			if len(page) < f.Limit {
				return
			}
			f.After = page[len(page)-1].Seq
		}
	}
}

// line is an entry as others get it: what was hashed, byte for byte, and what stands outside the chain.
type line struct {
	Seq       int64  `json:"seq"`
	Hash      string `json:"hash"`
	Previous  string `json:"previous"`
	Canonical string `json:"canonical"`
	Who       string `json:"who,omitempty"`
	About     string `json:"about,omitempty"`
	Request   int    `json:"request,omitempty"`
}

// WriteLine writes an entry as a line of JSON that anybody can verify: its hash is the SHA-256 of previous, a line break
// and canonical (docs/audit.md).
func WriteLine(w io.Writer, e *Entry) error {
	b, err := json.Marshal(line{e.Seq, e.Hash, e.Previous, string(e.Canonical()), e.Who.Name, e.TargetName, e.Number})
	if err != nil {
		return fmt.Errorf("write audit entry %d: %w", e.Seq, err)
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write audit entry %d: %w", e.Seq, err)
	}
	return nil
}
