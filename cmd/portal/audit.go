package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

// auditTrail is what the operator does with the audit trail.
func auditTrail(ctx context.Context, p program) error {
	acts := map[string]func(context.Context, program) error{"verify": auditVerify, "export": auditExport, "erase-name": auditErase}
	if len(p.args) == 0 || acts[p.args[0]] == nil {
		return fmt.Errorf("%w: say \"portal audit verify\", \"portal audit export\" or \"portal audit erase-name\"", errUsage)
	}
	act := acts[p.args[0]]
	p.args = p.args[1:]
	return act(ctx, p)
}

// auditVerify walks the whole chain.
func auditVerify(ctx context.Context, p program) error {
	f := p.flags("audit verify")
	noted := f.String("noted", "", "`SEQ:HASH` of an entry that was noted elsewhere: it must still be the same")
	if err := parse(f, p.args); err != nil {
		return err
	}
	seq, hash, err := notedEntry(*noted)
	if err != nil {
		return err
	}
	st, err := open(ctx, p, true)
	if err != nil {
		return err
	}
	defer st.Close()
	r, err := st.Audit().Verify(ctx)
	if err != nil {
		return err
	}
	if r.Broken != 0 {
		return fmt.Errorf("the audit trail was altered: %d entries are sound, entry %d is not (%s)", r.Sound, r.Broken, r.Why)
	}
	if seq > 0 {
		if err := compareNoted(ctx, st, r, seq, hash); err != nil {
			return err
		}
	}
	for _, s := range r.Segments {
		what := "sound"
		if s.Removed > 0 {
			what = fmt.Sprintf("removed, as entry %d says", s.Removed)
		}
		fmt.Fprintf(p.stdout, "  %s  entries %d to %d, %s\n", s.Month, s.First, s.Last, what)
	}
	fmt.Fprintf(p.stdout, "The audit trail is sound: %d entries.\n", r.Sound)
	if r.Last > 0 {
		fmt.Fprintf(p.stdout, "The last one is %d:%s\nNote it elsewhere; --noted compares it later.\n", r.Last, r.Hash)
	}
	return nil
}

func notedEntry(text string) (seq int64, hash string, err error) {
	if text == "" {
		return 0, "", nil
	}
	number, hash, _ := strings.Cut(text, ":")
	seq, err = strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 1 || hash == "" {
		return 0, "", fmt.Errorf("%w: --noted wants a number, a colon and a hash, as verify prints them", errUsage)
	}
	return seq, hash, nil
}

// compareNoted finds out whether the trail was rewritten as a whole since an entry was noted.
func compareNoted(ctx context.Context, st *store.Store, r audit.Report, seq int64, hash string) error {
	for _, s := range r.Segments {
		if s.Removed > 0 && seq < s.Last {
			return fmt.Errorf("entry %d was removed with the month %s, so it cannot be compared", seq, s.Month)
		}
		if s.Last == seq && s.Closes == hash {
			return nil
		}
	}
	found, err := st.Audit().Entries(ctx, audit.Filter{OldestFirst: true, After: seq - 1, Limit: 1})
	if err != nil {
		return err
	}
	if len(found) == 0 || found[0].Seq != seq || found[0].Hash != hash {
		return fmt.Errorf("the audit trail was rewritten: entry %d is not the one that was noted", seq)
	}
	return nil
}

// auditExport writes entries as lines of JSON that others can verify (docs/audit.md).
func auditExport(ctx context.Context, p program) error {
	f := p.flags("audit export")
	from := f.String("from", "", "first `day` to export, such as 2026-01-31 (UTC)")
	until := f.String("until", "", "last `day` to export")
	person := f.String("user", "", "only entries about this Gtmhub `user`")
	actor := f.String("actor", "", "only entries by this Gtmhub `user`")
	if err := parse(f, p.args); err != nil {
		return err
	}
	filter := audit.Filter{User: id.User(*person), Actor: id.User(*actor)}
	for _, d := range []struct {
		text string
		into *time.Time
		days int
	}{{*from, &filter.From, 0}, {*until, &filter.Until, 1}} {
		if d.text == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, d.text)
		if err != nil {
			return fmt.Errorf("%w: %q is not a day such as 2026-01-31", errUsage, d.text)
		}
		*d.into = day.AddDate(0, 0, d.days)
	}
	st, err := open(ctx, p, true)
	if err != nil {
		return err
	}
	defer st.Close()
	w := bufio.NewWriter(p.stdout)
	for e, err := range audit.All(ctx, st.Audit(), filter) {
		if err != nil {
			return err
		}
		if err := audit.WriteLine(w, &e); err != nil {
			return err
		}
	}
	return w.Flush()
}

// auditErase erases one person's names from the trail.
func auditErase(ctx context.Context, p program) error {
	f := p.flags("audit erase-name")
	person := f.String("user", "", "Gtmhub `user` whose names are erased")
	issuer := f.String("issuer", "", "`issuer` of the sign-in, for somebody without a Gtmhub user")
	subject := f.String("subject", "", "`subject` of the sign-in")
	reason := f.String("reason", "", "why, such as the number of a ticket; it stays in the trail, so name nobody")
	if err := parse(f, p.args); err != nil {
		return err
	}
	if (*person == "") == (*issuer == "" || *subject == "") || *reason == "" {
		return fmt.Errorf("%w: give --reason, and --user or both --issuer and --subject", errUsage)
	}
	if *person != "" {
		if _, err := id.ParseUser(*person); err != nil {
			return fmt.Errorf("%w: --user: %w", errUsage, err)
		}
	}
	st, err := open(ctx, p, true)
	if err != nil {
		return err
	}
	defer st.Close()
	n, err := st.Audit().EraseNames(ctx, audit.Whose{User: id.User(*person), Issuer: *issuer, Subject: *subject}, *reason, commandLine())
	if err != nil {
		return err
	}
	if n == 0 {
		return errors.New("the trail holds no name of this person; that it was looked for stands in the trail")
	}
	_, err = fmt.Fprintf(p.stdout, "%d names were erased. The entries stay, and so does the chain.\n", n)
	return err
}

// commandLine is the actor of commands: the account under which they run, as far as the system tells.
func commandLine() audit.Who {
	who := audit.Who{Kind: access.ByCommandLine}
	if u, err := user.Current(); err == nil {
		who.Subject = u.Username
	}
	return who
}
