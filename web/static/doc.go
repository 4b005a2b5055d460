// Package static holds the style sheets, scripts, fonts and images of the portal and serves them.
//
// Every file is compiled into the program. Its address carries a hash of its content, so that browsers may keep it
// for a year and still see each new version at once. Start from [URL], which templates use, and [Handler], which the
// route table mounts at /static/.
//
// The package serves only the files named in it: no folder listing, nothing from disk, nothing that a user sent.
//
// tabler.css is generated: it is the vendor's style sheet reduced to the classes that our templates use. Run
// "go generate ./web/static" after using a new class; a test in package trim says when that was forgotten.
package static

//go:generate go run ./trim/trimcss
