package directory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gtmhub-portal/portal/internal/id"
)

// ledger holds the records behind the snapshot and decides which of two readings of a record is the younger. Readings
// overlap: one of everything takes minutes in a big account, and meanwhile a run reads again what it touched. So each
// reading takes a ticket before it starts, and a record is replaced only by a reading with a higher ticket. Where
// instances overwrite each other in the store all the same, the next complete reading puts it right.
type ledger struct {
	tickets *atomic.Uint64
	users   table[id.User, User]
	teams   table[id.Team, Team]
	roles   table[id.Role, Role]

	fetchedAt time.Time // of the last complete reading
	stale     bool      // the snapshot does not show the ledger yet
	version   int64     // of the store, up to which all is merged
	looked    uint64    // ticket taken when we last looked into the store
	unstored  bool      // the store may lack something
}

func newLedger() ledger {
	l := ledger{
		tickets: new(atomic.Uint64),
		users:   newTable[id.User, User](KindUser),
		teams:   newTable[id.Team, Team](KindTeam),
		roles:   newTable[id.Role, Role](KindRole),
	}
	l.looked = l.ticket()
	return l
}

// ticket is to be taken before reading. It needs no lock.
func (l *ledger) ticket() uint64 { return l.tickets.Add(1) }

// reading is what was read. With all set, records that are not in it do not exist any more; without, those in gone.
type reading struct {
	ticket                       uint64
	fetchedAt                    time.Time // when a complete reading began; zero for any other
	users                        []User
	teams                        []Team
	roles                        []Role
	goneUsers                    []id.User
	goneTeams                    []id.Team
	goneRoles                    []id.Role
	allUsers, allTeams, allRoles bool
}

func (r reading) isComplete() bool { return r.allUsers }

// merge takes a reading over and answers what it changed.
func (l *ledger) merge(r reading) []Record {
	changes := l.users.merge(r.ticket, r.users, r.goneUsers, r.allUsers, func(u User) id.User { return u.ID })
	changes = append(changes, l.teams.merge(r.ticket, r.teams, r.goneTeams, r.allTeams, func(t Team) id.Team { return t.ID })...)
	changes = append(changes, l.roles.merge(r.ticket, r.roles, r.goneRoles, r.allRoles, func(r Role) id.Role { return r.ID })...)
	l.stale = l.stale || len(changes) > 0
	if r.fetchedAt.After(l.fetchedAt) {
		l.fetchedAt = r.fetchedAt
	}
	return changes
}

// takeOver merges what other instances stored since we last looked. ticket is one from about the time when they read it.
func (l *ledger) takeOver(ctx context.Context, s Store, ticket uint64) error {
	records, version, fetchedAt, err := s.Since(ctx, l.version)
	if err != nil {
		return err
	}
	r, err := readingOf(records)
	if err != nil {
		return err
	}
	r.ticket, r.fetchedAt = ticket, fetchedAt
	l.merge(r)
	l.version, l.looked = version, l.ticket()
	return nil
}

// write stores the changes. After a complete reading it compares with all that the store has instead, so that the store
// is right again whatever happened.
func (l *ledger) write(ctx context.Context, s Store, changes []Record, complete bool) error {
	wasUnstored := l.unstored
	l.unstored = true
	if complete {
		records, _, _, err := s.LoadAll(ctx)
		if err != nil {
			return err
		}
		changes = l.differences(records)
	}
	version, err := s.Apply(ctx, changes, l.fetchedAt)
	if err != nil {
		return err
	}
	l.unstored = wasUnstored && !complete
	if version == l.version+1 { // else somebody else wrote in between, and the next look brings all of it
		l.version = version
	}
	return nil
}

// differences answers what makes the store's records equal to the ledger's.
func (l *ledger) differences(stored []Record) []Record {
	type key struct {
		kind Kind
		id   string
	}
	have := make(map[key][]byte, len(stored))
	for _, r := range stored {
		have[key{r.Kind, r.ID}] = r.Doc
	}
	var changes []Record
	for _, r := range slices.Concat(l.users.records(), l.teams.records(), l.roles.records()) {
		k := key{r.Kind, r.ID}
		if doc, ok := have[k]; !ok || !bytes.Equal(doc, r.Doc) {
			changes = append(changes, r)
		}
		delete(have, k)
	}
	for k := range have {
		changes = append(changes, Record{Kind: k.kind, ID: k.id, Deleted: true})
	}
	return changes
}

// table is the records of one kind.
type table[K ~string, V any] struct {
	kind    Kind
	rows    map[K]V
	floor   uint64       // ticket of the last reading of all
	younger map[K]uint64 // tickets of records, also gone ones, that were read on their own since
}

func newTable[K ~string, V any](k Kind) table[K, V] {
	return table[K, V]{kind: k, rows: map[K]V{}, younger: map[K]uint64{}}
}

func (t *table[K, V]) all() []V { return slices.Collect(maps.Values(t.rows)) }

// heardOf says whether a record exists, or was looked for in vain since the last reading of all.
func (t *table[K, V]) heardOf(k K) bool {
	_, exists := t.rows[k]
	_, looked := t.younger[k]
	return exists || looked
}

func (t *table[K, V]) merge(ticket uint64, rows []V, gone []K, all bool, key func(V) K) []Record {
	if ticket < t.floor {
		return nil
	}
	var changes []Record
	inReading := make(map[K]bool, len(rows))
	for _, v := range rows {
		k := key(v)
		inReading[k] = true
		if t.younger[k] >= ticket {
			continue
		}
		if !all {
			t.younger[k] = ticket
		}
		doc := encode(v)
		if old, ok := t.rows[k]; ok && bytes.Equal(doc, encode(old)) {
			continue
		}
		t.rows[k] = v
		changes = append(changes, Record{Kind: t.kind, ID: string(k), Doc: doc})
	}
	if all {
		gone = slices.Collect(maps.Keys(t.rows))
		t.floor = ticket
		maps.DeleteFunc(t.younger, func(_ K, other uint64) bool { return other <= ticket })
	}
	for _, k := range gone {
		if inReading[k] || t.younger[k] >= ticket {
			continue
		}
		if !all {
			t.younger[k] = ticket
		}
		if _, ok := t.rows[k]; ok {
			delete(t.rows, k)
			changes = append(changes, Record{Kind: t.kind, ID: string(k), Deleted: true})
		}
	}
	return changes
}

func (t *table[K, V]) records() []Record {
	out := make([]Record, 0, len(t.rows))
	for k, v := range t.rows {
		out = append(out, Record{Kind: t.kind, ID: string(k), Doc: encode(v)})
	}
	return out
}

// encode writes a record as the store keeps it. Equal records give equal bytes.
func encode(v any) []byte {
	doc, err := json.Marshal(v)
	if err != nil { // records are plain values
		panic(fmt.Sprintf("encode a record: %v", err))
	}
	return doc
}

// readingOf decodes stored records.
func readingOf(records []Record) (reading, error) {
	var r reading
	for _, rec := range records {
		var err error
		switch rec.Kind {
		case KindUser:
			r.users, r.goneUsers, err = decodeInto(r.users, r.goneUsers, rec)
		case KindTeam:
			r.teams, r.goneTeams, err = decodeInto(r.teams, r.goneTeams, rec)
		case KindRole:
			r.roles, r.goneRoles, err = decodeInto(r.roles, r.goneRoles, rec)
		default:
			err = fmt.Errorf("unknown kind %q", rec.Kind)
		}
		if err != nil {
			return reading{}, fmt.Errorf("stored record: %w", err)
		}
	}
	return r, nil
}

func decodeInto[K ~string, V any](rows []V, gone []K, rec Record) ([]V, []K, error) {
	if rec.Deleted {
		return rows, append(gone, K(rec.ID)), nil
	}
	var v V
	err := json.Unmarshal(rec.Doc, &v)
	return append(rows, v), gone, err
}
