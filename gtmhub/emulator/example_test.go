package emulator_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/gtmhub-portal/portal/gtmhub/emulator"
)

// A test starts an emulator, lets the second creation of a user fail after it took effect, and counts at the end.
func Example() {
	emu, err := emulator.New(emulator.Options{Account: emulator.Generate(100, 1), Token: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer emu.Close()
	server := httptest.NewServer(emu) // base URL for a client: server.URL + "/api"
	defer server.Close()
	if _, err := emu.AddFault(emulator.Fault{Operation: 6, Nth: 2, Effect: emulator.EffectDrop, After: true}); err != nil {
		fmt.Println(err)
		return
	}
	// ... the code under test calls the server ...
	fmt.Println(len(emu.Counts().Created), len(emu.Violations()))
	// Output: 0 0
}
