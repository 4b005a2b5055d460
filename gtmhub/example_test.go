package gtmhub_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gtmhub-portal/portal/gtmhub"
)

// exampleAPI stands in for the API.
func exampleAPI() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v2/users", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"items":[{"id":"u1","name":"Ann Muller","isActive":true}],"totalCount":1}`)
	})
	mux.HandleFunc("POST /api/v1/users", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":"email is taken"}`, http.StatusConflict)
	})
	return httptest.NewServer(mux)
}

func Example() {
	api := exampleAPI()
	defer api.Close()
	client, err := gtmhub.New(gtmhub.Options{
		BaseURL:   api.URL + "/api", // https://app.gtmhub.com/api for a real account
		AccountID: "5be26318e5274a0007f17f61",
		Token:     gtmhub.StaticToken("secret"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()

	active := gtmhub.And(gtmhub.Is(gtmhub.UserIsActive, true), gtmhub.HasPrefix(gtmhub.UserLastName, "mu"))
	for user, err := range client.Users.All(ctx, gtmhub.UserListOptions{Filter: active}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.Name)
	}

	_, err = client.Invitations.Create(ctx, gtmhub.NewUser{Email: "ann@example.com"}, gtmhub.InviteOptions{})
	switch {
	case errors.Is(err, gtmhub.ErrConflict):
		fmt.Println("there is a user with this e-mail")
	case errors.Is(err, gtmhub.ErrUnknownOutcome):
		fmt.Println("look the e-mail up before trying again")
	}
	// Output:
	// Ann Muller
	// there is a user with this e-mail
}
