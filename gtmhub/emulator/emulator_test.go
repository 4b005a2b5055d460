package emulator_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

const token = "service-token-of-the-tests"

// api is an emulator behind a server with an odd prefix, and a caller of it.
type api struct {
	t     *testing.T
	emu   *emulator.Emulator
	base  string
	token string
}

func start(t *testing.T, o emulator.Options) *api {
	t.Helper()
	if o.Token == "" {
		o.Token = token
	}
	emu, err := emulator.New(o)
	if err != nil {
		t.Fatalf("new emulator: %v", err)
	}
	server := httptest.NewServer(emu)
	t.Cleanup(func() {
		if err := emu.Close(); err != nil {
			t.Errorf("close emulator: %v", err)
		}
		server.Close()
	})
	return &api{t: t, emu: emu, base: server.URL + "/results/api", token: token}
}

// as gives a caller with another token.
func (a *api) as(token string) *api {
	b := *a
	b.token = token
	return &b
}

type answer struct {
	t      *testing.T
	status int
	header http.Header
	text   string
}

// do sends body (nil, a JSON text, or a value to marshal) and reads the whole answer.
func (a *api) do(method, path string, body any) answer {
	a.t.Helper()
	got, err := a.try(method, path, body)
	if err != nil {
		a.t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

func (a *api) try(method, path string, body any) (answer, error) {
	var in io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		in = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.base+path, in)
	if err != nil {
		return answer{}, err
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	req.Header.Set("gtmhub-accountId", a.emu.AccountID())
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{a.t, res.StatusCode, res.Header, string(text)}, err
}

// want demands a status and gives the answer back.
func (g answer) want(status int) answer {
	g.t.Helper()
	if g.status != status {
		g.t.Fatalf("status %d, want %d; body %.300s", g.status, status, g.text)
	}
	return g
}

// into decodes the body.
func into[T any](g answer) T {
	g.t.Helper()
	var v T
	if err := json.Unmarshal([]byte(g.text), &v); err != nil {
		g.t.Fatalf("decode %.300s: %v", g.text, err)
	}
	return v
}

type object = map[string]any

type page[T any] struct {
	Items      []T `json:"items"`
	TotalCount int `json:"totalCount"`
}

// Wire types of the tests: only what they look at.
type wireRole struct {
	ID, Name string
	Team     *struct{ ID string }
}

type wireUser struct {
	ID, Email, FirstName, LastName, Name, Language, ClientID, DateInvited string
	IsActive                                                              bool
	Roles                                                                 []wireRole
	TeamIDs                                                               []string `json:"teamIds"`
	Permissions                                                           []string
	Identities                                                            page[object]
	UserSettings                                                          object
}

type wireTeam struct {
	ID, Name, Description, Manager, ParentID, Avatar, Color string
	Members                                                 []string
	IsActive                                                *bool
}

func (a *api) user(id string) wireUser {
	a.t.Helper()
	return into[wireUser](a.do("GET", "/v1/users/"+id, nil).want(200))
}

func (a *api) team(id string) wireTeam {
	a.t.Helper()
	return into[wireTeam](a.do("GET", "/v1/teams/"+id, nil).want(200))
}

// users lists users with a filter.
func (a *api) users(filter string) page[wireUser] {
	a.t.Helper()
	return into[page[wireUser]](a.do("GET", "/v2/users?limit=1000&filter="+url.QueryEscape(filter), nil).want(200))
}

// clean fails the test if a call broke the documented form.
func (a *api) clean() {
	a.t.Helper()
	if v := a.emu.Violations(); len(v) > 0 {
		a.t.Errorf("violations: %+v", v)
	}
}

// small is an account that tests can overlook: an admin, a lead, a member, somebody pending, somebody inactive.
func small(t *testing.T) *emulator.Account {
	t.Helper()
	account, err := emulator.ParseAccount(strings.NewReader(smallAccount))
	if err != nil {
		t.Fatal(err)
	}
	return account
}

const (
	accountID    = "aaaaaaaaaaaaaaaaaaaaaaaa"
	adminRole    = "000000000000000000000a01"
	userRole     = "000000000000000000000a02"
	dataRole     = "000000000000000000000a03"
	ada          = "000000000000000000000b01" // admin
	lee          = "000000000000000000000b02" // manager of both teams
	mia          = "000000000000000000000b03" // member of both teams
	pen          = "000000000000000000000b04" // pending
	ina          = "000000000000000000000b05" // inactive
	topTeam      = "000000000000000000000c01"
	subTeam      = "000000000000000000000c02"
	nobody       = "0000000000000000000000ff"
	smallAccount = `{"accountId":"aaaaaaaaaaaaaaaaaaaaaaaa","accountName":"Small","accountDomain":"small.example","roles":[
{"id":"000000000000000000000a01","name":"Admin","description":""},{"id":"000000000000000000000a02","name":"User","description":""},
{"id":"000000000000000000000a03","name":"Data","description":""}],"users":[
{"id":"000000000000000000000b01","email":"Ada@small.example","firstName":"Ada","lastName":"Lovelace","language":"en","isActive":true,"invitationPending":false,"dateCreated":"2024-01-05T00:00:00Z","roleIds":["000000000000000000000a01"]},
{"id":"000000000000000000000b02","email":"lee@small.example","firstName":"Lee","lastName":"Müller","language":"de","isActive":true,"invitationPending":false,"dateCreated":"2024-01-04T00:00:00Z","roleIds":["000000000000000000000a02"]},
{"id":"000000000000000000000b03","email":"mia@small.example","firstName":"Mia","lastName":"Lee","language":"en","isActive":true,"invitationPending":false,"dateCreated":"2024-01-03T00:00:00Z","roleIds":["000000000000000000000a02","000000000000000000000a03"]},
{"id":"000000000000000000000b04","email":"pen@small.example","firstName":"Pen","lastName":"Ding","language":"en","isActive":false,"invitationPending":true,"dateCreated":"2024-01-02T00:00:00Z","roleIds":["000000000000000000000a02"]},
{"id":"000000000000000000000b05","email":"ina@small.example","firstName":"Ina","lastName":"Ctive","language":"en","isActive":false,"invitationPending":false,"dateCreated":"2024-01-01T00:00:00Z","roleIds":["000000000000000000000a02"]}],"teams":[
{"id":"000000000000000000000c01","name":"Top","description":"","manager":"000000000000000000000b02","members":["000000000000000000000b02","000000000000000000000b03"],"color":"#111111","avatar":"one","isActive":true,"dateCreated":"2024-01-01T00:00:00Z"},
{"id":"000000000000000000000c02","name":"Sub","description":"Asks @[Mia Lee:mia@small.example:000000000000000000000b03]","parentId":"000000000000000000000c01","manager":"000000000000000000000b02","members":["000000000000000000000b03","000000000000000000000b01"],"color":"#222222","avatar":"two","isActive":true,"dateCreated":"2024-01-02T00:00:00Z"}]}`
)

func TestDefaultAccount(t *testing.T) {
	t.Parallel()
	a := start(t, emulator.Options{})
	first := into[page[wireUser]](a.do("GET", "/v1/accounts/users", nil).want(200))
	if first.TotalCount != 1276 || len(first.Items) != 100 {
		t.Errorf("got %d users on the first page of %d, want 100 of 1276", len(first.Items), first.TotalCount)
	}
	teams := into[page[wireTeam]](a.do("GET", "/v2/teams?limit=1000", nil).want(200))
	if teams.TotalCount != 314 || len(teams.Items) != 314 {
		t.Errorf("got %d teams of %d, want 314 of 314", len(teams.Items), teams.TotalCount)
	}
	a.clean()
}

func TestRestartWithoutClose(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.jsonl")
	a := start(t, emulator.Options{Account: small(t), StateFile: file})
	made := into[wireUser](a.do("POST", "/v1/users", object{"email": "new@small.example", "firstName": "N", "lastName": "W"}).want(201))
	// No Close: the process was killed after the answer.
	b := start(t, emulator.Options{StateFile: file})
	if got := b.user(made.ID); got.Email != "new@small.example" {
		t.Errorf("after a restart the user is %+v", got)
	}
	if got := b.emu.Counts(); got.Created["new@small.example"] != 1 || got.Mails["new@small.example"] != 1 || got.Calls[6] != 1 {
		t.Errorf("after a restart the counters are %+v", got)
	}
	if got := len(b.emu.Mails()); got != 1 {
		t.Errorf("after a restart there are %d mails, want 1", got)
	}
}
