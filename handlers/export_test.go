package handlers

// OperationNames lets tests compare the names of the audit page with the operations there are.
var OperationNames = operationNames

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
