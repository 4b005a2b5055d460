package handlers

import (
	"maps"
	"slices"
)

// OperationNames lets tests compare the names of the audit page with the operations there are.
var OperationNames = operationNames

// FreshRoutes are the routes that ask for a fresh sign-in.
func FreshRoutes() []string { return slices.Sorted(maps.Keys(freshRoutes)) }

// Route is a row of the route table.
type Route struct{ Pattern, Permission string }

// Routes lets tests sweep the route table.
func Routes() []Route {
	var out []Route
	for _, e := range (&server{}).routes() {
		out = append(out, Route{e.pattern, string(e.permission)})
	}
	return out
}
