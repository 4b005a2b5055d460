package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/audit"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/store"
)

var operator = audit.Who{Kind: access.ByCommandLine, Subject: "operator"}

const keep = audit.KeepDays * 24 * time.Hour

// unguard takes away what keeps the trail as it was written, as the owner of the database could.
func unguard(t *testing.T, s *store.Store) {
	t.Helper()
	drop := []string{`DROP TRIGGER audit_entry_no_update`, `DROP TRIGGER audit_entry_no_delete`, `DROP TRIGGER audit_segment_insert`,
		`DROP TRIGGER audit_segment_update`, `DROP TRIGGER audit_segment_delete`}
	if s.Dialect() == store.PostgreSQL {
		drop = []string{`DROP TRIGGER audit_entry_no_change ON audit_entry`, `DROP TRIGGER audit_segment_no_change ON audit_segment`}
	}
	for _, text := range drop {
		if err := s.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
}

// oldTrail appends 3 entries in each of n months, the last of them the present one.
func oldTrail(t *testing.T, s *store.Store, n int) {
	t.Helper()
	month := time.Date(time.Now().UTC().Year(), time.Now().UTC().Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 1-n, 0)
	for m := range n {
		for i := range 3 {
			err := s.AppendAt(t.Context(), month.AddDate(0, m, 0).Add(time.Duration(i)*time.Second), audit.Entry{Event: audit.SignedIn,
				Who: audit.Who{Kind: access.ByPerson, Subject: fmt.Sprint(m, ".", i), Name: "Ana Ferrari"}})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func report(t *testing.T, s *store.Store) audit.Report {
	t.Helper()
	r, err := s.Audit().Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOldMonthsGoAndTheRestIsSound(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		oldTrail(t, s, 18)
		r := report(t, s)
		if r.Broken != 0 || r.Sound != 18*3 || len(r.Segments) != 17 || r.Segments[4].First != 13 || r.Segments[4].Count != 3 {
			t.Fatalf("18 months: %+v", r)
		}
		if _, err := s.Audit().RemoveBefore(t.Context(), keep-time.Hour, operator); fault.KindOf(err) != fault.Invalid {
			t.Errorf("less than %d days: %v, want that it is refused", audit.KeepDays, err)
		}
		gone, err := s.Audit().RemoveBefore(t.Context(), keep, operator)
		if err != nil {
			t.Fatal(err)
		}
		// 400 days are 13 months and a few days: the first three or four of 18 are older.
		if len(gone) < 3 || len(gone) > 5 {
			t.Fatalf("%d months were removed: %+v", len(gone), gone)
		}
		r = report(t, s)
		left := int64(18*3 - 3*len(gone) + len(gone)) // each removal has its entry
		if r.Broken != 0 || r.Sound != left || r.Gone != int64(3*len(gone)) {
			t.Errorf("after the removal: %+v, want %d sound", r, left)
		}
		for table, want := range map[string]int64{"audit_entry": left, "audit_name": left - int64(len(gone))} {
			if n, err := s.Count(t.Context(), `SELECT COUNT(*) FROM `+table); err != nil || int64(n) != want {
				t.Errorf("%s has %d rows, %v, want %d", table, n, err, want)
			}
		}
		first, err := s.Audit().Entries(t.Context(), audit.Filter{OldestFirst: true, Limit: 1})
		if err != nil || len(first) != 1 || first[0].Previous != gone[len(gone)-1].Closes {
			t.Errorf("the first entry left is %+v, %v; it must follow the last checkpoint", first, err)
		}
		about, err := s.Audit().Entries(t.Context(), audit.Filter{Event: audit.MonthRemoved})
		if err != nil || len(about) != len(gone) || about[0].Who.Subject != "operator" {
			t.Errorf("entries about the removal: %+v, %v", about, err)
		}
		if again, err := s.Audit().RemoveBefore(t.Context(), keep, operator); err != nil || len(again) != 0 {
			t.Errorf("again: %v, %v", again, err)
		}
	})
}

// TestCheckpointsAreGuarded tries to get rid of entries by way of the checkpoints, with the guards in place.
func TestCheckpointsAreGuarded(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		oldTrail(t, s, 18)
		for _, text := range []string{
			`UPDATE audit_segment SET removed = 99 WHERE first_seq = 49`,               // too young
			`UPDATE audit_segment SET removed = 99, last_seq = 54 WHERE first_seq = 1`, // covers more than it did
			`UPDATE audit_segment SET ended = 1 WHERE first_seq = 49`,
			`DELETE FROM audit_segment`,
			`INSERT INTO audit_segment SELECT 52, 54, month, opens, closes, 1, 60 FROM audit_segment WHERE first_seq = 1`,
			`INSERT INTO audit_segment SELECT 52, 54, month, opens, closes, 1, 0 FROM audit_segment WHERE first_seq = 1`,
			`DELETE FROM audit_entry WHERE seq = 1`,
		} {
			if err := s.Exec(t.Context(), text); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v, want that it is append-only", text, err)
			}
		}
		if r := report(t, s); r.Broken != 0 || r.Sound != 54 {
			t.Errorf("the trail suffered: %+v", r)
		}
	})
}

// TestEveryAlterationIsFound alters every column of an entry and of a checkpoint, and removes every row, with the guards
// out of the way.
func TestEveryAlterationIsFound(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		oldTrail(t, s, 17)
		if _, err := s.Audit().RemoveBefore(t.Context(), keep, operator); err != nil {
			t.Fatal(err)
		}
		sound := report(t, s)
		if sound.Broken != 0 || sound.Gone == 0 {
			t.Fatalf("before: %+v", sound)
		}
		unguard(t, s)
		tried := 0
		// try alters, verifies and takes it back.
		try := func(what string, do, undo string) {
			t.Helper()
			tried++
			if err := s.Exec(t.Context(), do); err != nil {
				t.Fatalf("%s: %v", do, err)
			}
			if r := report(t, s); r.Broken == 0 {
				t.Errorf("%s is not found", what)
			}
			if err := s.Exec(t.Context(), undo); err != nil {
				t.Fatalf("%s: %v", undo, err)
			}
		}
		columns := map[string]string{}
		for _, c := range []string{"who_kind", "who_issuer", "who_subject", "who_user", "event", "change_id", "row_id", "act", "user_id", "team_id",
			"before_text", "after_text", "result", "plan_hash", "request_id", "hash"} {
			columns[c] = c + " || 'x'"
		}
		for _, c := range []string{"at", "operation", "version"} {
			columns[c] = c + " + 1"
		}
		for _, seq := range []int64{sound.Gone + 1, sound.Gone + 10, sound.Last} {
			for c, altered := range columns {
				at := fmt.Sprintf(" WHERE seq = %d", seq)
				for _, text := range []string{`DROP TABLE IF EXISTS kept`, `CREATE TABLE kept AS SELECT * FROM audit_entry` + at} {
					if err := s.Exec(t.Context(), text); err != nil {
						t.Fatal(err)
					}
				}
				try(fmt.Sprintf("column %s of entry %d", c, seq), `UPDATE audit_entry SET `+c+` = `+altered+at, `UPDATE audit_entry SET `+c+` = (SELECT `+c+` FROM kept)`+at)
			}
		}
		if err := s.Exec(t.Context(), `DELETE FROM audit_name`); err != nil {
			t.Fatal(err)
		}
		for seq := sound.Gone + 1; seq <= sound.Last; seq++ {
			at := fmt.Sprintf(" WHERE seq = %d", seq)
			for _, text := range []string{`DROP TABLE kept`, `CREATE TABLE kept AS SELECT * FROM audit_entry` + at} {
				if err := s.Exec(t.Context(), text); err != nil {
					t.Fatal(err)
				}
			}
			try(fmt.Sprint("removing entry ", seq), `DELETE FROM audit_entry`+at, `INSERT INTO audit_entry SELECT * FROM kept`)
		}
		for _, text := range []string{`DROP TABLE kept`, `CREATE TABLE kept AS SELECT * FROM audit_segment`} {
			if err := s.Exec(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		restore := `INSERT INTO audit_segment SELECT * FROM kept k WHERE NOT EXISTS (SELECT 1 FROM audit_segment s WHERE s.first_seq = k.first_seq)`
		for i, c := range sound.Segments {
			at := fmt.Sprintf(" WHERE first_seq = %d", c.First)
			try(fmt.Sprint("removing checkpoint ", i), `DELETE FROM audit_segment`+at, restore)
			for _, set := range []string{`opens = opens || 'x'`, `closes = closes || 'x'`, `last_seq = last_seq + 1`, `last_seq = last_seq - 1`} {
				column, _, _ := strings.Cut(set, " ")
				try(fmt.Sprint(set, " of checkpoint ", i), `UPDATE audit_segment SET `+set+at,
					`UPDATE audit_segment SET `+column+` = (SELECT k.`+column+` FROM kept k WHERE k.first_seq = audit_segment.first_seq)`+at)
			}
			if c.Removed == 0 { // a month that is there, taken away as if it had been too old
				try(fmt.Sprint("marking checkpoint ", i), `UPDATE audit_segment SET removed = 9999`+at, `UPDATE audit_segment SET removed = 0`+at)
			} else {
				try(fmt.Sprint("unmarking checkpoint ", i), `UPDATE audit_segment SET removed = 0`+at, fmt.Sprintf(`UPDATE audit_segment SET removed = %d`, c.Removed)+at)
			}
		}
		if r := report(t, s); !cmp.Equal(r, sound) {
			t.Errorf("afterwards:\n%s", cmp.Diff(sound, r))
		}
		t.Logf("%d alterations, all found", tried)
	})
}

func TestErasedNamesLeaveTheChain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		ana := change.Row{ID: id.NewRow(), Pos: 1, Kind: "create user", Subject: "Ana Ferrari", Action: change.Create, State: change.Done, Result: "u1"}
		c := change.Change{ID: id.NewChange(), Kind: "invite people", Title: "Invite Ana Ferrari", State: change.Finished, Version: 1, Hash: change.Hash(1, []change.Row{ana})}
		hr := audit.Who{Kind: access.ByPerson, Issuer: "https://id.example", Subject: "hr", User: "u9", Name: "Zhen Müller"}
		_, err := s.Changes().Create(t.Context(), c, []change.Row{ana}, nil, 0, audit.Entry{Who: hr, Event: audit.Submitted, TargetName: c.Title})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Audit().Append(t.Context(),
			audit.Entry{Who: hr, Event: audit.Intent, Change: c.ID, Row: ana.ID, TargetName: "Ana Ferrari"}, // before there was a user
			audit.Entry{Who: hr, Event: audit.Outcome, Change: c.ID, Row: ana.ID, User: "u1", TargetName: "Ana Ferrari"},
			audit.Entry{Who: hr, Event: audit.Outcome, User: "u2", TargetName: "Anand Ferrarisson"},
			audit.Entry{Who: hr, Event: audit.Submitted, Change: "other", TargetName: "Invite Ana Ferrari"}, // another person of that name
			audit.Entry{Who: audit.Who{Kind: access.ByPerson, Issuer: "https://id.example", Subject: "ana", User: "u1", Name: "Ana F."}, Event: audit.SignedIn, User: "u1"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Audit().EraseNames(t.Context(), audit.Whose{Issuer: "https://id.example"}, "x", operator); fault.KindOf(err) != fault.Invalid {
			t.Errorf("half a sign-in: %v", err)
		}
		n, err := s.Audit().EraseNames(t.Context(), audit.Whose{User: "u1"}, "ticket 17", operator)
		if err != nil || n != 4 {
			t.Errorf("%d names erased, %v, want 4", n, err)
		}
		all, err := s.Audit().Entries(t.Context(), audit.Filter{OldestFirst: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range all {
			got = append(got, e.Who.Name+"/"+e.TargetName)
		}
		want := []string{"Zhen Müller/", "Zhen Müller/", "Zhen Müller/", "Zhen Müller/Anand Ferrarisson", "Zhen Müller/Invite Ana Ferrari", "/", "/"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("names (-want +got):\n%s", d)
		}
		last := all[len(all)-1]
		if last.Event != audit.NamesErased || last.User != "u1" || last.Result != "ticket 17" || last.Before != "4 names" || last.Who.Subject != "operator" {
			t.Errorf("the entry about it: %+v", last)
		}
		n, err = s.Audit().EraseNames(t.Context(), audit.Whose{Issuer: hr.Issuer, Subject: hr.Subject}, "left", operator)
		if err != nil || n != 5 {
			t.Errorf("%d names of a sign-in erased, %v, want 5", n, err)
		}
		verify(t, s, 8, 0)
	})
}

// TestPersonalDataGoes deletes what a change held about people: the rows still count, and the hash that was decided can
// still be made.
func TestPersonalDataGoes(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		var rows []change.Row
		for i, st := range []change.RowState{change.Done, change.RefusedRow, change.Unknown} {
			rows = append(rows, change.Row{ID: id.NewRow(), Pos: i + 1, Kind: "create user", Subject: "Ana Ferrari", Detail: "ana@northwind.example",
				Payload: json.RawMessage(`{"email":"ana@northwind.example"}`), Lock: "person ana@northwind.example", Before: "Ana F.", After: "Ana Ferrari",
				Note: "Ana?", Reason: "Ana!", Action: change.Create, State: st, Flags: []string{"outside address"}})
		}
		make := func(title string, rows []change.Row) change.Change {
			c, err := s.Changes().Create(t.Context(), change.Change{ID: id.NewChange(), Kind: "invite people", Title: title, SourceName: "list.csv",
				State: change.Problems, Version: 3, Hash: change.Hash(3, rows)}, rows, &change.Source{Data: []byte("ana@northwind.example")}, 0)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		old := make("Invite Ana Ferrari", rows[:2])
		open := make("Invite 1 person", rows[2:])
		if n, err := s.Changes().DeletePayloads(t.Context(), time.Hour); err != nil || n != 0 {
			t.Errorf("too young: %d, %v", n, err)
		}
		if n, err := s.Changes().DeletePayloads(t.Context(), -time.Hour); err != nil || n != 1 {
			t.Fatalf("%d changes, %v, want the one without an open row", n, err)
		}
		got, err := s.Changes().Change(t.Context(), old.ID)
		if err != nil || got.Erased.IsZero() || got.Title != "Invite people" || got.Main()[change.Done] != 1 || got.Main()[change.RefusedRow] != 1 {
			t.Errorf("the change: %+v, %v", got, err)
		}
		left, _, err := s.Changes().Rows(t.Context(), old.ID, change.RowFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := json.Marshal(left); err != nil || bytes.Contains(bytes.ToLower(b), []byte("ana")) || left[0].Subject != change.ErasedName || left[0].Flags == nil {
			t.Errorf("rows: %s, %v", b, err)
		}
		if n, err := s.Count(t.Context(), `SELECT COUNT(*) FROM change_source`); err != nil || n != 1 {
			t.Errorf("%d files are left, %v, want that of the open change", n, err)
		}
		var digests []string
		for _, r := range left {
			d, err := s.Text(t.Context(), `SELECT digest FROM change_row WHERE id = '`+string(r.ID)+`'`)
			if err != nil {
				t.Fatal(err)
			}
			digests = append(digests, d)
		}
		if change.HashDigests(3, digests) != old.Hash {
			t.Error("the hash that was decided cannot be made any more")
		}
		if _, err := s.Changes().Retry(t.Context(), old.ID); fault.KindOf(err) != fault.Conflict {
			t.Errorf("try again: %v, want that it is too late", err)
		}
		if other, err := s.Changes().Change(t.Context(), open.ID); err != nil || !other.Erased.IsZero() {
			t.Errorf("a change with an open row was erased: %v", err)
		}
		about, err := s.Audit().Entries(t.Context(), audit.Filter{Event: audit.DetailsErased})
		if err != nil || len(about) != 1 || about[0].Change != old.ID || about[0].Result != "2 rows" || about[0].Number != old.Number {
			t.Errorf("the entry about it: %+v, %v", about, err)
		}
	})
}

func TestOncePerDay(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		take := func(name string, want bool) {
			t.Helper()
			if got, err := s.Audit().Today(t.Context(), name); err != nil || got != want {
				t.Errorf("%s: %v, %v, want %v", name, got, err, want)
			}
		}
		take("a", true)
		take("a", false)
		take("b", true)
		if err := s.Exec(t.Context(), `UPDATE daily SET day = '2026-01-31' WHERE name = 'a'`); err != nil {
			t.Fatal(err)
		}
		take("a", true)
		take("b", false)
	})
}

// TestAuditFilters is about what the page and the exports ask for.
func TestAuditFilters(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		for i, e := range []audit.Entry{
			{Who: audit.Who{User: "u1", Name: "Ana Ferrari"}, Event: audit.SignedIn, User: "u1"},
			{Who: audit.Who{User: "u2", Name: "Zhen Müller"}, Event: audit.Outcome, User: "u1", Team: "t1", TargetName: "Ana Ferrari"},
			{Who: audit.Who{User: "u1", Name: "Ana Ferrari"}, Event: audit.Outcome, User: "u3", Team: "t2", TargetName: "Li Wei"},
		} {
			if err := s.AppendAt(t.Context(), day.AddDate(0, 0, i), e); err != nil {
				t.Fatal(err)
			}
		}
		for _, tc := range []struct {
			name string
			f    audit.Filter
			want []int64
		}{
			{"who acted", audit.Filter{By: "ana"}, []int64{3, 1}},
			{"whom it was about", audit.Filter{About: "ANA"}, []int64{2}},
			{"either", audit.Filter{Text: "ferrari"}, []int64{3, 2, 1}},
			{"both", audit.Filter{By: "zhen", About: "ana"}, []int64{2}},
			{"umlaut", audit.Filter{By: "MÜLLER"}, []int64{2}},
			{"about a user", audit.Filter{User: "u1"}, []int64{2, 1}},
			{"by a user", audit.Filter{Actor: "u1"}, []int64{3, 1}},
			{"teams", audit.Filter{Of: []id.Team{"t1", "t9"}}, []int64{2}},
			{"no team", audit.Filter{Of: []id.Team{}}, nil},
			{"from", audit.Filter{From: day.AddDate(0, 0, 1)}, []int64{3, 2}},
			{"until", audit.Filter{Until: day.AddDate(0, 0, 1)}, []int64{1}},
			{"oldest first", audit.Filter{OldestFirst: true, After: 1}, []int64{2, 3}},
			{"cut to a view", audit.Filter{By: "ana", Teams: []id.Team{"t1"}}, nil},
		} {
			all, err := s.Audit().Entries(t.Context(), tc.f)
			var got []int64
			for _, e := range all {
				got = append(got, e.Seq)
			}
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("%s: %v, %v, want %v", tc.name, got, err, tc.want)
			}
		}
	})
}

// TestExportedLinesVerify checks an export as docs/audit.md tells others to: with nothing but SHA-256 and JSON.
func TestExportedLinesVerify(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *store.Store) {
		appendEntries(t, s, 1203) // more than two pages
		if err := s.Audit().Append(t.Context(), audit.Entry{Event: audit.Refused, Act: `<"ä\u2028&>`, Result: "line\nbreak"}); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		for e, err := range audit.All(t.Context(), s.Audit(), audit.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if err := audit.WriteLine(&out, &e); err != nil {
				t.Fatal(err)
			}
		}
		n, before := 0, ""
		for line := range strings.Lines(out.String()) {
			var l struct{ Hash, Previous, Canonical, Who string }
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(l.Previous + "\n" + l.Canonical))
			if hex.EncodeToString(sum[:]) != l.Hash || l.Previous != before {
				t.Fatalf("line %d does not verify: %s", n+1, line)
			}
			n, before = n+1, l.Hash
		}
		if n != 1204 {
			t.Errorf("%d lines, want 1204", n)
		}
	})
}
