// Package gtmhub is a typed client of the Gtmhub (Quantive Results) REST API: all 40 documented operations on users,
// teams, announcements, objectives and key results, and the list of roles.
//
// Start with [New] and the services of [Client]:
//
//	client, err := gtmhub.New(gtmhub.Options{
//		BaseURL:   "https://app.gtmhub.com/api",
//		AccountID: "5be26318e5274a0007f17f61",
//		Token:     gtmhub.StaticToken(token),
//	})
//	...
//	for user, err := range client.Users.All(ctx, gtmhub.UserListOptions{
//		Filter: gtmhub.And(gtmhub.Is(gtmhub.UserIsActive, true), gtmhub.HasPrefix(gtmhub.UserLastName, "mu")),
//	}) {
//		...
//	}
//
// # What it promises
//
// Reads are tried again, with growing waits, when the API is briefly unavailable. Writes are sent at most once, on a fresh
// connection; the error of a write tells apart what was refused, what never left ([ErrNotSent]) and what nobody can know
// ([ErrUnknownOutcome]). A client keeps one pace for all calls, pauses them all when the API asks for it, stops calling a
// group of endpoints that keeps failing, and keeps slots apart for long runs ([Client.Background]).
//
// Answers are foreign data: they are bounded in size and depth, a web page or a record without id is an error and never an
// empty result, and the client follows no redirect.
//
// # What it refuses to do
//
// It does not log, keeps no cache, reads no environment, and sends neither the token nor the query of a call anywhere but
// to the API. Error texts hold no ids, addresses or messages from the API; [APIError] has these in its fields.
//
// The package uses nothing of the program it lives in and can be used on its own.
package gtmhub
