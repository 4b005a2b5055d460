package handlers

import (
	"fmt"
	"net/http"

	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/export"
	"github.com/gtmhub-portal/portal/internal/fault"
)

// auditExport streams every entry that the filter of the page chooses, oldest first, to each. The memory that it takes
// does not grow with the trail. A mistake in the middle breaks the connection off, so that nobody takes half a file for
// the whole.
func (s *server) auditExport(w http.ResponseWriter, r *http.Request, contentType, name string, begin func() error, each func(*audit.Entry) error, end func() error) error {
	q, err := s.auditQuery(r)
	if err != nil {
		return err
	}
	for _, sentence := range q.bad {
		return fault.New(fault.Invalid, sentence)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	n := 0
	write := func() error {
		if err := begin(); err != nil {
			return err
		}
		if q.nothing {
			return end()
		}
		for e, err := range audit.All(r.Context(), s.Trail, q.filter) {
			if err != nil {
				return err
			}
			if n%exportPart == 0 {
				if err := s.moreTime(w); err != nil {
					return err
				}
			}
			if e.Change != "" && q.filter.Teams != nil {
				if err := s.nameChanges(r, q.known, []audit.Entry{e}); err != nil {
					return err
				}
				if q.known[e.Change] == nil {
					e.Number = 0 // a request that the person may not open
				}
			}
			if err := each(&e); err != nil {
				return err
			}
			n++
		}
		return end()
	}
	if err := write(); err != nil {
		if n == 0 {
			w.Header().Del("Content-Disposition")
			return err
		}
		s.Log.Warn("export of the audit trail broken off", "entries", n, "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// auditCSV handles GET /audit/export.csv: what the page shows, for a spreadsheet.
func (s *server) auditCSV(w http.ResponseWriter, r *http.Request) error {
	out := export.NewCSV(w, ',')
	view := s.view(r.Context())
	return s.auditExport(w, r, "text/csv; charset=utf-8", "audit.csv",
		func() error {
			return out.Write("Entry", "Time (UTC)", "What happened", "Remark", "Done by", "Done by (id)", "About", "About (user id)", "Team", "Request", "Call to Gtmhub", "Version", "Hash")
		},
		func(e *audit.Entry) error {
			sentence, detail := auditSentence(e, e.Number)
			team := string(e.Team)
			if t, ok := view.Team(e.Team); ok {
				team = t.Name
			}
			by := string(e.Who.User)
			if by == "" {
				by = e.Who.Subject
			}
			return out.Write(fmt.Sprint(e.Seq), e.At.UTC().Format("2006-01-02 15:04:05.000"), sentence, detail, whoActed(e), by, e.TargetName, string(e.User),
				team, numberOrNone(e.Number), operation(e.Operation), numberOrNone(e.Version), e.Hash)
		}, out.Flush)
}

func numberOrNone(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// auditLines handles GET /audit/export.jsonl: entries that others can verify (docs/audit.md).
func (s *server) auditLines(w http.ResponseWriter, r *http.Request) error {
	nothing := func() error { return nil }
	return s.auditExport(w, r, "application/jsonl; charset=utf-8", "audit.jsonl", nothing, func(e *audit.Entry) error { return audit.WriteLine(w, e) }, nothing)
}
