// Package trim reduces the vendor's style sheet to what the portal uses.
//
// The full sheet has about 635 kB; a page needs a tenth of it. [CSS] keeps a rule when all classes, elements and
// attributes of one of its selectors occur as words in our templates and Go files, and keeps a custom property when a
// kept rule reads it. Words are found by plain search ([Words]), so a class name must be written out somewhere in
// full: "bg-" + colour is not found, a switch that returns "bg-red-lt" is.
//
// The package is a build step and is not linked into the portal. [Generate] is where to start.
package trim
