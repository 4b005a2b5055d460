// Package emulator is a stateful, strict emulator of the Gtmhub API: the 40 documented operations and the list of
// roles, on api/v1 and api/v2 exactly as listed, over an account that lives in memory and, if wished, in one file.
//
// It is the reference target of the portal: the demo, the training of HR staff and the tests run against it. Where
// the documents are silent it has one reading and, in [Readings], the other one. It can fail in every way in which a
// remote API fails ([Fault]). It counts what it was asked and what it did ([Counts]), and it notes every call that
// breaks the documented form ([Violation]), so that a test can demand that there were none.
//
// It shares no code with the client: it is an independent witness. It refuses to guess: unknown paths, methods,
// JSON fields and malformed ids are answered with an error. It does not know passwords, sign-in pages or SCIM.
//
// Start at [New]. An [Emulator] is an http.Handler for the API under any path prefix; [Emulator.Control] is a second
// handler, to be mounted on a loopback address of its own, with pages for people and JSON for tests.
package emulator
