// Package handlers is the HTTP side of the portal: the route table, middleware, forms and view models, one file per
// resource.
//
// Every route is a row of the table in routes.go: pattern, permission, handler. The mux is built from it and refuses
// to be built with a row that declares no permission. Handlers read, validate, make at most one service call that
// changes something, and answer; they decide no rights and never talk to Gtmhub or the database. Start at [New].
package handlers
