package gtmhub_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gtmhub-portal/portal/gtmhub"
)

// listing serves n users in pages, honouring skip and limit.
func listing(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		skip, _ := strconv.Atoi(r.URL.Query().Get("skip"))
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		items := []map[string]string{}
		for i := skip; i < min(n, skip+limit); i++ {
			items = append(items, map[string]string{"id": fmt.Sprintf("u%d", i)})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": items, "totalCount": n})
	}
}

// scripted answers one page after the other, then empty ones. A page is "total: id id".
func scripted(pages ...string) http.HandlerFunc {
	next := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		page := "0:"
		if next < len(pages) {
			page = pages[next]
		}
		next++
		total, ids, _ := strings.Cut(page, ":")
		var items []string
		for id := range strings.FieldsSeq(ids) {
			items = append(items, `{"id":"`+id+`"}`)
		}
		answer(200, `{"items":[`+strings.Join(items, ",")+`],"totalCount":`+total+`}`)(w, nil)
	}
}

func TestAllWalksPages(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler http.HandlerFunc
		want    string
		calls   int
		bad     bool
	}{
		"nothing":                        {scripted("0:"), "", 1, false},
		"one page":                       {scripted("2: a b"), "a b", 1, false},
		"several pages":                  {scripted("4: a b", "4: c d"), "a b c d", 2, false},
		"short pages":                    {scripted("3: a", "3: b", "3: c"), "a b c", 3, false},
		"paging ignored, all at once":    {scripted("3: a b c"), "a b c", 1, false},
		"item moved to the next page":    {scripted("5: a b", "5: b c", "5: d"), "a b c d", 3, false},
		"item doubled in a page":         {scripted("3: a a b"), "a b", 1, false},
		"list shrinks":                   {scripted("4: a b", "2:"), "a b", 2, false},
		"total unknown, ends empty":      {scripted("0: a b", "0: c", "0:"), "a b c", 3, false},
		"total unknown, page repeated":   {scripted("0: a b", "0: a b"), "a b", 2, false},
		"page repeated, records missing": {scripted("6: a b", "6: a b", "6: a b"), "a b", 2, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tt.handler)
			var got []string
			var last error
			for u, err := range newClient(t, options(s.URL)).Users.All(t.Context(), gtmhub.UserListOptions{}) {
				if err != nil {
					last = err
					continue
				}
				got = append(got, string(u.ID))
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
			if errors.Is(last, gtmhub.ErrBadAnswer) != tt.bad || !tt.bad && last != nil {
				t.Errorf("error = %v", last)
			}
			if n := len(s.exchanges()); n != tt.calls {
				t.Errorf("%d calls, want %d", n, tt.calls)
			}
		})
	}
}

func TestAllSortsCompletelyAndStopsWhenTold(t *testing.T) {
	t.Parallel()
	s := newServer(t, listing(250))
	c := newClient(t, options(s.URL))
	n := 0
	for _, err := range c.Users.All(t.Context(), gtmhub.UserListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 250 {
		t.Errorf("%d users, want 250", n)
	}
	for i, x := range s.exchanges() {
		want := map[string]string{"skip": strconv.Itoa(i * 100), "limit": "100", "take": "100", "sort": "dateCreated,_id"}
		for name, value := range want {
			if x.Query[name] != value {
				t.Errorf("page %d: %s = %q, want %q", i, name, x.Query[name], value)
			}
		}
		if strings.Contains(x.Query["fields"], "userSettings") || !strings.HasPrefix(x.Query["fields"], "id,email,") {
			t.Errorf("fields %q", x.Query["fields"])
		}
	}
	for range c.Teams.All(t.Context(), gtmhub.TeamListOptions{}) {
		break
	}
	if n := len(s.exchanges()); n != 4 {
		t.Errorf("%d calls, want 4", n)
	}
}

func TestAllEndsAtTheFirstError(t *testing.T) {
	t.Parallel()
	calls := 0
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if calls++; calls == 2 {
			answer(403, "")(w, r)
			return
		}
		listing(250)(w, r)
	})
	n, failures := 0, 0
	for _, err := range newClient(t, options(s.URL)).Users.All(t.Context(), gtmhub.UserListOptions{}) {
		n++
		if err != nil {
			failures++
			if !errors.Is(err, gtmhub.ErrForbidden) {
				t.Errorf("error = %v", err)
			}
		}
	}
	if n != 101 || failures != 1 {
		t.Errorf("%d pairs with %d errors, want 101 with 1", n, failures)
	}
}

func TestAllIsBounded(t *testing.T) {
	t.Parallel()
	i := 0
	s := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		i++
		scripted(fmt.Sprintf("9999999: u%d", i))(w, r)
	})
	var last error
	for _, err := range newClient(t, options(s.URL)).Users.All(t.Context(), gtmhub.UserListOptions{}) {
		last = err
	}
	if !errors.Is(last, gtmhub.ErrBadAnswer) {
		t.Errorf("endless list: %v", last)
	}
}

func TestPagesDecodeTolerantly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		n    int
		bad  bool
	}{
		"float count":        {`{"items":[{"id":"a"}],"totalCount":1.0,"more":{}}`, 1, false},
		"null items of none": {`{"items":null,"totalCount":0}`, 0, false},
		"no count":           {`{"items":[{"id":"a"}]}`, 1, false},
		"no items":           {`{"totalCount":0}`, 0, false},
		"negative count":     {`{"items":[],"totalCount":-1}`, 0, true},
		"null item":          {`{"items":[null],"totalCount":1}`, 0, true},
		"nothing at all":     {`{}`, 0, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := gtmhub.DecodeUsers([]byte(tt.body))
			if (err != nil) != tt.bad {
				t.Fatalf("error = %v", err)
			}
			if err == nil && len(page.Items) != tt.n {
				t.Errorf("%d items, want %d", len(page.Items), tt.n)
			}
		})
	}
}

func TestFindByEmail(t *testing.T) {
	t.Parallel()
	const people = `{"items":[{"id":"a1","email":"Ann@Example.com"},{"id":"b2","email":"bob@example.com"}],"totalCount":2}`
	tests := map[string]struct {
		handler http.HandlerFunc
		want    string
		calls   int
		kind    error
	}{
		"found":          {answer(200, `{"items":[{"id":"a1","email":"Ann@Example.com"}],"totalCount":1}`), "a1", 1, nil},
		"absent":         {answer(200, `{"items":[],"totalCount":0}`), "", 1, nil},
		"filter ignored": {answer(200, people), "a1", 2, nil},
		"filter refused": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("filter") {
				answer(400, `{"error":"bad filter"}`)(w, r)
				return
			}
			answer(200, people)(w, r)
		}, "a1", 2, nil},
		"both refused": {answer(400, ""), "", 2, gtmhub.ErrInvalid},
		"forbidden":    {answer(403, ""), "", 1, gtmhub.ErrForbidden},
		"web page":     {answer(200, "<html>"), "", 1, gtmhub.ErrBadAnswer},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tt.handler)
			users, err := newClient(t, options(s.URL)).Users.FindByEmail(t.Context(), " ann@example.com")
			if !errors.Is(err, tt.kind) || (err != nil) != (tt.kind != nil) {
				t.Fatalf("error = %v", err)
			}
			var got []string
			for _, u := range users {
				got = append(got, string(u.ID))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("found %v, want %q", got, tt.want)
			}
			seen := s.exchanges()
			if len(seen) != tt.calls {
				t.Errorf("%d calls, want %d", len(seen), tt.calls)
			}
			sameJSON(t, `{"$or":[{"email":{"$in":["ann@example.com"]}},{"email":{"$regex":"(?i)^ann@example\\.com$"}}]}`, seen[0].Query["filter"])
		})
	}
}

// lookups serves records for the $in of the filter, except ids that begin with x.
func lookups(field string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var filter map[string]map[string][]string
		if err := json.Unmarshal([]byte(r.URL.Query().Get("filter")), &filter); err != nil {
			answer(500, "")(w, r)
			return
		}
		var items []map[string]string
		for _, v := range filter[field]["$in"] {
			if !strings.HasPrefix(v, "x") && strings.ToLower(v) == v {
				items = append(items, map[string]string{"id": strings.NewReplacer("@", "", ".", "").Replace(v), "email": v})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": items, "totalCount": len(items)})
	}
}

func TestFindInBulk(t *testing.T) {
	t.Parallel()
	var wanted []gtmhub.ID
	var emails []string
	for i := range 230 {
		wanted = append(wanted, gtmhub.ID(fmt.Sprintf("u%d", i)))
		emails = append(emails, fmt.Sprintf("p%d@example.com", i))
	}
	wanted = append(wanted, "x1", "u1")
	emails = append(emails, "xavier@example.com", "P1@Example.com", " ")

	s := newServer(t, lookups("_id"))
	c := newClient(t, options(s.URL))
	users, err := c.Users.FindByIDs(t.Context(), wanted)
	if err != nil || len(users) != 230 || len(s.exchanges()) != 3 {
		t.Errorf("%d users by id in %d calls, error %v", len(users), len(s.exchanges()), err)
	}
	teams, err := c.Teams.FindByIDs(t.Context(), wanted)
	if err != nil || len(teams) != 230 || len(s.exchanges()) != 6 {
		t.Errorf("%d teams by id, error %v", len(teams), err)
	}
	s = newServer(t, lookups("email"))
	users, err = newClient(t, options(s.URL)).Users.FindByEmails(t.Context(), emails)
	if err != nil || len(users) != 230 || len(s.exchanges()) != 3 {
		t.Errorf("%d users by e-mail in %d calls, error %v", len(users), len(s.exchanges()), err)
	}

	for name, find := range map[string]func() (int, error){
		"ids":    func() (int, error) { u, err := c.Users.FindByIDs(t.Context(), nil); return len(u), err },
		"teams":  func() (int, error) { u, err := c.Teams.FindByIDs(t.Context(), nil); return len(u), err },
		"emails": func() (int, error) { u, err := c.Users.FindByEmails(t.Context(), nil); return len(u), err },
	} {
		if n, err := find(); n != 0 || err != nil {
			t.Errorf("no %s: %d, %v", name, n, err)
		}
	}
	if n := len(s.exchanges()); n != 3 {
		t.Errorf("looking for nothing made calls: %d", n)
	}
	broken := newServer(t, answer(500, ""))
	if _, err := newClient(t, options(broken.URL)).Users.FindByIDs(t.Context(), wanted); !errors.Is(err, gtmhub.ErrUnavailable) {
		t.Errorf("broken API: %v", err)
	}
}
