package change

import (
	"context"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Drifted says whether the value now, in the words of Before, is neither the one that was decided on nor the one that a
// person has released the row with. Kinds hold such rows.
func (r *Row) Drifted(now string) bool {
	return now != r.Before && (!r.Released || now != r.Now)
}

// Hold is the finding for a drifted row.
func Hold(now string) Finding {
	return Finding{State: Held, Now: now, Reason: "It has changed since the decision, so nothing was done."}
}

// Held is how many rows of the change wait for a person because they have drifted.
func (c *Change) Held() int {
	n := 0
	for _, s := range c.Counts {
		n += s.Rows[Held]
	}
	return n
}

// Release lets held rows go on with the value that they met as their base. Rows are given with the Epoch that was shown,
// so that nobody releases what has drifted again; those that are not held any more are left alone. It returns how many
// went on.
func (s *Service) Release(ctx context.Context, a access.Actor, c id.Change, rows []Row) (int, error) {
	ch, err := s.Show(ctx, a, c)
	if err != nil {
		return 0, err
	}
	if v := access.MayRelease(a, ch.Facts()); v.Outcome == access.No {
		s.refused(ctx, a, c, "release", v)
		return 0, access.Refuse(v)
	}
	n, err := s.o.Store.Release(ctx, c, rows, heldEntries(a, &ch, rows, audit.Released)...)
	s.wake()
	return n, err
}

// Drop ends held rows without doing anything about them, for those who may release them, the requester and HR. It
// returns how many.
func (s *Service) Drop(ctx context.Context, a access.Actor, c id.Change, rows []Row) (int, error) {
	ch, err := s.Show(ctx, a, c)
	if err != nil {
		return 0, err
	}
	if access.MayRelease(a, ch.Facts()).Outcome == access.No {
		if _, err := s.steer(ctx, a, c); err != nil {
			return 0, err
		}
	}
	n, err := s.o.Store.Drop(ctx, c, rows, "Dropped by "+a.Name+": it had changed since the decision.", heldEntries(a, &ch, rows, audit.Dropped)...)
	s.wake()
	return n, err
}

func heldEntries(a access.Actor, c *Change, rows []Row, e audit.Event) []audit.Entry {
	out := make([]audit.Entry, len(rows))
	for i := range rows {
		out[i] = audit.Entry{Who: audit.WhoIs(a), Event: e, Change: c.ID, Row: rows[i].ID, Act: c.Kind}
	}
	return out
}
