package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/joiners"
	"github.com/gtmhub-portal/portal/internal/store"
)

// day is when the tests about sign-ins and drafts take place: their times are the caller's.
var day = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// session number n of a person, made n minutes after the day began.
func session(subject string, n int) auth.Session {
	at := day.Add(time.Duration(n) * time.Minute)
	return auth.Session{Hash: auth.HashOf(fmt.Sprint(subject, n)), Provider: "dev", Issuer: "https://id.example", Subject: subject,
		CreatedAt: at, LastSeenAt: at, ExpiresAt: at.Add(auth.Absolute)}
}

func hashes(all []auth.Session) []auth.Hash {
	var out []auth.Hash
	for _, s := range all {
		out = append(out, s.Hash)
	}
	return out
}

func testSessions(t *testing.T, s *store.Store) {
	a := s.Auth()
	full := session("ana", 0)
	full.Email, full.EmailVerified, full.Name, full.Groups, full.User = "ana@northwind.example", true, "Ana", []string{"hr"}, "u1"
	full.AuthTime, full.UserAgent = day.Add(-time.Minute), "Browser/1.0"
	full.SessionID, full.Tokens, full.CheckedAt = "sid-1", []byte{1, 0, 2}, day
	full.Flashes = []auth.Flash{{Kind: "success", Text: "Hello <b>", LinkURL: "/teams", LinkLabel: "Teams"}}
	ok(t, "create", a.CreateSession(t.Context(), full, "", 3))
	got, err := a.SessionByHash(t.Context(), full.Hash)
	ok(t, "read", err)
	equal(t, "session", got, full)
	wantKind(t, "the same again", a.CreateSession(t.Context(), full, "", 3), fault.Conflict)
	_, err = a.SessionByHash(t.Context(), "nosuch")
	wantKind(t, "unknown", err, fault.NotFound)

	ok(t, "touch", a.TouchSession(t.Context(), full.Hash, day.Add(time.Hour)))
	ok(t, "touch back", a.TouchSession(t.Context(), full.Hash, day.Add(time.Minute)))
	ok(t, "touch what is gone", a.TouchSession(t.Context(), "nosuch", day))
	full.LastSeenAt = day.Add(time.Hour)
	saved := full
	saved.Flashes, saved.Groups, saved.Tokens, saved.CheckedAt = nil, nil, nil, day.Add(time.Hour)
	full.Flashes = nil
	saved.Subject, saved.Email, saved.User, saved.ExpiresAt = "eve", "eve@elsewhere.example", "u2", day.Add(1000*time.Hour)
	ok(t, "save", a.SaveSession(t.Context(), saved))
	got, err = a.SessionByHash(t.Context(), full.Hash)
	ok(t, "read", err)
	equal(t, "only flashes were saved", got, full)
	followed := saved
	followed.Groups, followed.Tokens, followed.CheckedAt = []string{"other"}, []byte{9}, day.Add(2*time.Hour)
	followed.Flashes = []auth.Flash{{Kind: "info", Text: "not this way"}}
	full.Groups, full.Tokens, full.CheckedAt = followed.Groups, followed.Tokens, followed.CheckedAt
	ok(t, "save groups", a.SaveFollowed(t.Context(), followed))
	got, err = a.SessionByHash(t.Context(), full.Hash)
	ok(t, "read", err)
	equal(t, "only groups, tokens and their time were saved", got, full)

	ok(t, "delete", a.DeleteSession(t.Context(), full.Hash))
	ok(t, "delete again", a.DeleteSession(t.Context(), full.Hash))
	wantKind(t, "save what is gone", a.SaveSession(t.Context(), full), fault.NotFound)
	wantKind(t, "save groups of what is gone", a.SaveFollowed(t.Context(), full), fault.NotFound)
	_, err = a.SessionByHash(t.Context(), full.Hash)
	wantKind(t, "it was not made anew", err, fault.NotFound)

	for n := range 5 {
		ok(t, "create", a.CreateSession(t.Context(), session("ana", n), "", 3))
	}
	ok(t, "create", a.CreateSession(t.Context(), session("ben", 9), "", 3))
	of, err := a.SessionsOf(t.Context(), full.Issuer, "ana")
	ok(t, "list", err)
	equal(t, "the newest three", hashes(of), hashes([]auth.Session{session("ana", 4), session("ana", 3), session("ana", 2)}))
	ok(t, "replace", a.CreateSession(t.Context(), session("ana", 5), session("ana", 3).Hash, 3))
	of, err = a.SessionsOf(t.Context(), full.Issuer, "ana")
	ok(t, "list", err)
	equal(t, "one replaced", hashes(of), hashes([]auth.Session{session("ana", 5), session("ana", 4), session("ana", 2)}))
	every, err := a.Sessions(t.Context(), "", 2)
	ok(t, "list all", err)
	equal(t, "the newest two of all", hashes(every), hashes([]auth.Session{session("ben", 9), session("ana", 5)}))

	n, err := a.DeleteExpiredSessions(t.Context(), day.Add(auth.Absolute+2*time.Minute), day)
	ok(t, "delete expired", err)
	equal(t, "past their end", n, 1)
	n, err = a.DeleteExpiredSessions(t.Context(), day, day.Add(4*time.Minute))
	ok(t, "delete idle", err)
	equal(t, "not seen", n, 1)
	n, err = a.DeleteSessionsOf(t.Context(), full.Issuer, "ana")
	ok(t, "delete all of a person", err)
	equal(t, "of the person", n, 1)
	every, err = a.Sessions(t.Context(), "", 10)
	ok(t, "list all", err)
	equal(t, "left", hashes(every), hashes([]auth.Session{session("ben", 9)}))
}

// testSessionsEnd ends sessions as providers, operators and deactivations do.
func testSessionsEnd(t *testing.T, s *store.Store) {
	a := s.Auth()
	add := func(subject string, n int, sid string, user id.User) auth.Session {
		x := session(subject, n)
		x.SessionID, x.User, x.Email, x.Name = sid, user, subject+"_X@northwind.example", "Name of "+subject
		ok(t, "create", a.CreateSession(t.Context(), x, "", 5))
		return x
	}
	all := map[string]auth.Session{"ana1": add("ana", 1, "s1", "u1"), "ana2": add("ana", 2, "s2", "u1"), "ben1": add("ben", 3, "s1", "u2"), "eve1": add("eve", 4, "", "")}
	left := func(what string, want ...string) {
		t.Helper()
		got, err := a.Sessions(t.Context(), "", 10)
		ok(t, "list", err)
		var hs []auth.Hash
		for _, w := range want {
			hs = append(hs, all[w].Hash)
		}
		equal(t, what, hashes(got), hs)
	}
	for _, tc := range []struct {
		find string
		want []auth.Hash
	}{
		{"ANA_x@", hashes([]auth.Session{all["ana2"], all["ana1"]})},
		{"name of BEN", hashes([]auth.Session{all["ben1"]})},
		{"%", nil},
		{"anaX", nil}, // the underscore is no wildcard
	} {
		got, err := a.Sessions(t.Context(), tc.find, 10)
		ok(t, "find", err)
		equal(t, "found by "+tc.find, hashes(got), tc.want)
	}
	users, err := a.SignedInUsers(t.Context())
	ok(t, "users", err)
	equal(t, "how many users", len(users), 2)
	const issuer = "https://id.example"
	end := func(what string, want int, issuer, subject, sid string) {
		t.Helper()
		n, err := a.DeleteSessionsAt(t.Context(), issuer, subject, sid)
		ok(t, what, err)
		equal(t, what, n, want)
	}
	end("nobody named", 0, issuer, "", "")
	end("another issuer", 0, "https://other.example", "ana", "")
	end("a session of somebody else", 0, issuer, "eve", "s1")
	left("all are there", "eve1", "ben1", "ana2", "ana1")
	end("one session of one person", 1, issuer, "ana", "s1")
	left("one is gone", "eve1", "ben1", "ana2")
	end("by session alone", 1, issuer, "", "s1")
	end("by person alone", 1, issuer, "ana", "")
	left("eve is left", "eve1")
	ended, err := a.DeleteSessionsOfUser(t.Context(), "")
	ok(t, "of nobody", err)
	equal(t, "ended", len(ended), 0)
	all["ben2"] = add("ben", 5, "s5", "u2")
	ended, err = a.DeleteSessionsOfUser(t.Context(), "u2")
	ok(t, "of a user", err)
	equal(t, "ended", hashes(ended), []auth.Hash{all["ben2"].Hash})
	left("eve is left", "eve1")

	errs := together(8, func(int) error { return a.UseLogoutToken(t.Context(), issuer, "jti", day) })
	equal(t, "one use", tally(errs), map[fault.Kind]int{"": 1, fault.Conflict: 7})
	ok(t, "the same id elsewhere", a.UseLogoutToken(t.Context(), "https://other.example", "jti", day.Add(time.Hour)))
	_, err = a.DeleteExpiredSessions(t.Context(), day, day.Add(-time.Hour))
	ok(t, "sweep", err)
	ok(t, "forgotten after it ran out", a.UseLogoutToken(t.Context(), issuer, "jti", day))
	wantKind(t, "the other one is remembered", a.UseLogoutToken(t.Context(), "https://other.example", "jti", day), fault.Conflict)
}

func testSessionsRace(t *testing.T, s *store.Store) {
	const keep = 3
	errs := together(8, func(i int) error {
		return s.Auth().CreateSession(t.Context(), session("ana", i), "", keep)
	})
	equal(t, "created", tally(errs), map[fault.Kind]int{"": 8})
	of, err := s.Auth().SessionsOf(t.Context(), "https://id.example", "ana")
	ok(t, "list", err)
	equal(t, "left", len(of), keep)

	// A session that ends while it is saved stays ended.
	errs = together(8, func(i int) error {
		if i == 0 {
			return s.Auth().DeleteSession(t.Context(), of[0].Hash)
		}
		_ = s.Auth().SaveSession(t.Context(), of[0]) // NotFound for those that come late
		return nil
	})
	equal(t, "errors", tally(errs), map[fault.Kind]int{"": 8})
	_, err = s.Auth().SessionByHash(t.Context(), of[0].Hash)
	wantKind(t, "ended", err, fault.NotFound)
}

func testPreLogins(t *testing.T, s *store.Store) {
	a := s.Auth()
	p := auth.PreLogin{State: auth.HashOf("state"), Browser: auth.HashOf("browser"), Provider: "dev", Nonce: "n", Verifier: "v", Return: "/teams?x=1",
		Fresh: true, CreatedAt: day, ExpiresAt: day.Add(10 * time.Minute)}
	ok(t, "create", a.CreatePreLogin(t.Context(), p))
	wantKind(t, "the same again", a.CreatePreLogin(t.Context(), p), fault.Conflict)
	taken := make(chan auth.PreLogin, 8)
	errs := together(8, func(int) error {
		got, err := a.TakePreLogin(t.Context(), p.State)
		if err == nil {
			taken <- got
		}
		return err
	})
	equal(t, "takers", tally(errs), map[fault.Kind]int{"": 1, fault.NotFound: 7})
	equal(t, "taken", <-taken, p)

	late := p
	late.State, late.ExpiresAt = auth.HashOf("late"), day.Add(time.Hour)
	ok(t, "create", a.CreatePreLogin(t.Context(), p))
	ok(t, "create", a.CreatePreLogin(t.Context(), late))
	n, err := a.DeleteExpiredPreLogins(t.Context(), p.ExpiresAt)
	ok(t, "delete expired", err)
	equal(t, "expired", n, 1)
	_, err = a.TakePreLogin(t.Context(), late.State)
	ok(t, "the other one is there", err)
}

func testIdentities(t *testing.T, s *store.Store) {
	a := s.Auth()
	ana := auth.Identity{Issuer: "https://id.example", Subject: "ana", User: "u1", Email: "ana@northwind.example", LinkedAt: day}
	_, err := a.IdentityOf(t.Context(), ana.Issuer, ana.Subject)
	wantKind(t, "before", err, fault.NotFound)
	ok(t, "link", a.LinkIdentity(t.Context(), ana))
	got, err := a.IdentityOf(t.Context(), ana.Issuer, ana.Subject)
	ok(t, "read", err)
	equal(t, "identity", got, ana)
	for _, tc := range []struct {
		name string
		i    auth.Identity
		kind fault.Kind
	}{
		{"the same person", auth.Identity{Issuer: ana.Issuer, Subject: "ana", User: "u2", Email: "two@northwind.example"}, fault.Conflict},
		{"the same user", auth.Identity{Issuer: ana.Issuer, Subject: "ben", User: "u1", Email: "two@northwind.example"}, fault.Conflict},
		{"the same address", auth.Identity{Issuer: ana.Issuer, Subject: "ben", User: "u2", Email: ana.Email}, fault.Conflict},
		{"the same subject elsewhere", auth.Identity{Issuer: "https://other.example", Subject: "ana", User: "u3", Email: "three@northwind.example"}, ""},
	} {
		wantKind(t, tc.name, a.LinkIdentity(t.Context(), tc.i), tc.kind)
	}
	for name, edit := range map[string]func(*auth.Identity, int){
		"people for one user":    func(i *auth.Identity, n int) { i.Subject, i.Email = fmt.Sprint("x", n), fmt.Sprint("x", n) },
		"users for one person":   func(i *auth.Identity, n int) { i.User, i.Email = id.User(fmt.Sprint("y", n)), fmt.Sprint("y", n) },
		"people for one address": func(i *auth.Identity, n int) { i.Subject, i.User = fmt.Sprint("z", n), id.User(fmt.Sprint("z", n)) },
	} {
		errs := together(8, func(n int) error {
			i := auth.Identity{Issuer: "https://id.example", Subject: name, User: id.User(name), Email: name}
			edit(&i, n)
			return a.LinkIdentity(t.Context(), i)
		})
		equal(t, name, tally(errs), map[fault.Kind]int{"": 1, fault.Conflict: 7})
	}
}

func testDrafts(t *testing.T, s *store.Store) {
	d := s.Drafts()
	draft := joiners.Draft{ID: id.NewDraft(), Owner: joiners.Owner{Issuer: "https://id.example", Subject: "ana"}, Name: "../joiners.csv",
		Data:   []byte("name;email\r\n\x00\xff"),
		Format: joiners.Format{Separator: ';', HasHeader: true, Columns: []joiners.Column{{Index: 0, Header: "name", Field: joiners.FieldEmail}}},
		Edits:  joiners.Edits{Drop: []int{2}, Cells: map[int]map[joiners.Field]string{1: {joiners.FieldEmail: "ä@b.example"}}},
		Reason: "New hires", Created: day, Updated: day, Version: 1}
	ok(t, "create", d.Create(t.Context(), draft))
	wantKind(t, "the same again", d.Create(t.Context(), draft), fault.Conflict)
	got, err := d.Get(t.Context(), draft.ID)
	ok(t, "get", err)
	equal(t, "draft", got, draft)
	_, err = d.Get(t.Context(), "nosuch")
	wantKind(t, "unknown", err, fault.NotFound)

	errs := together(8, func(i int) error {
		mine := draft
		mine.Reason, mine.Updated = fmt.Sprint("by ", i), day.Add(time.Hour)
		return d.Save(t.Context(), mine)
	})
	equal(t, "savers of one version", tally(errs), map[fault.Kind]int{"": 1, fault.Conflict: 7})
	got, err = d.Get(t.Context(), draft.ID)
	ok(t, "get", err)
	equal(t, "version", got.Version, 2)
	stolen := got
	stolen.Owner, stolen.Created, stolen.Data = joiners.Owner{Subject: "eve"}, day.Add(-time.Hour), nil
	ok(t, "save", d.Save(t.Context(), stolen))
	got, err = d.Get(t.Context(), draft.ID)
	ok(t, "get", err)
	stolen.Owner, stolen.Created, stolen.Version = draft.Owner, draft.Created, 3
	equal(t, "owner and creation stay", got, stolen, cmpopts.EquateEmpty())

	other := draft
	other.ID = id.NewDraft()
	ok(t, "create", d.Create(t.Context(), other))
	n, err := d.DeleteOlderThan(t.Context(), day.Add(time.Hour))
	ok(t, "delete old", err)
	equal(t, "old", n, 1)
	ok(t, "delete", d.Delete(t.Context(), draft.ID))
	ok(t, "delete again", d.Delete(t.Context(), draft.ID))
	wantKind(t, "save what is gone", d.Save(t.Context(), got), fault.NotFound)
}
